//! What waits for its time: how much of it is in memory, by the hour, and which of it can go to the disk.

use sms::Wall;

use super::Fold;
use super::cold::Block;
use super::runs::Hour;
use crate::{ConnectorId, RunId};

impl Fold {
    /// Lanes of which more than `max` wait in memory for their times, and how many.
    pub(crate) fn lanes_later_than(
        &self,
        max: u64,
    ) -> impl Iterator<Item = (ConnectorId, u64)> + '_ {
        let lanes = self.lanes.iter().map(|(&id, lane)| (id, lane.deferred()));
        lanes.filter(move |&(_, deferred)| deferred > max)
    }

    /// If more than `max` wait in memory for times from this hour on: the hour of the most of them, if they are not few.
    pub(crate) fn fullest_hour(
        &self,
        connector: ConnectorId,
        from: Hour,
        max: u64,
    ) -> Option<Hour> {
        /// Hours over which what waits may be spread and still goes to the disk: a few weeks.
        const SPREAD: u64 = 1024;
        let hours = self.lanes.get(&connector)?.hours(from);
        let (mut all, mut fullest) = (0, None);
        for (hour, count) in hours {
            all += count;
            fullest = fullest.max(Some((count, hour)));
        }
        let (count, hour) = fullest?;
        (all > max && count > max / SPREAD).then_some(hour)
    }

    /// What can go to the disk of what waits for an hour, at most `size` and some megabytes.
    pub(crate) fn block_of_hour(&self, connector: ConnectorId, hour: Hour, size: u64) -> Block {
        let mut block = Block::default();
        if let Some(lane) = self.lanes.get(&connector) {
            let waiting = lane.due_in(&self.entries, hour);
            let can_go = waiting.filter(|entry| self.can_go(entry));
            block.fill(can_go.take(size as usize));
        }
        block
    }

    /// Of each connector the runs of what waits for its time: when the first may be sent, those first.
    pub(crate) fn runs_later(
        &self,
    ) -> impl Iterator<Item = (ConnectorId, impl Iterator<Item = (Wall, RunId)>)> {
        self.cold.later()
    }

    /// How many messages of a lane are in memory and wait to be sent.
    pub(crate) fn in_memory(&self, connector: ConnectorId) -> u64 {
        let lane = self.lanes.get(&connector);
        lane.map_or(0, |lane| lane.hot() + lane.deferred())
    }

    /// How many wait for a time, and the first of these.
    pub(crate) fn later(&self, connector: ConnectorId) -> (u64, Option<Wall>) {
        let lane = self.lanes.get(&connector);
        let (count, first) = lane.map_or((0, None), |lane| lane.later());
        let on_disk = self.cold.first_due(connector);
        (count, first.into_iter().chain(on_disk).min())
    }
}
