//! What waits for its time: how much of it is in memory, by the hour, and which of it can go to the disk.

use core::cmp::Reverse;

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

    /// If more than `max` wait in memory for times from this hour on: the fullest hour of which something can go to the disk and, at
    /// most `size` and some megabytes, what does.
    pub(crate) fn block_of_hour(
        &self,
        connector: ConnectorId,
        from: Hour,
        (max, size): (u64, u64),
    ) -> Option<(Hour, Block)> {
        /// Hours over which what waits may be spread and still goes to the disk: a few weeks.
        const SPREAD: u64 = 1024;
        let lane = self.lanes.get(&connector)?;
        let mut hours: Vec<_> = lane.hours(from).collect();
        if hours.iter().map(|&(_, count)| count).sum::<u64>() <= max {
            return None;
        }
        hours.retain(|&(_, count)| count > max / SPREAD);
        hours.sort_unstable_by_key(|&(hour, count)| Reverse((count, hour)));
        // An hour of what has to stay in memory keeps no other one there.
        hours.into_iter().find_map(|(hour, _)| {
            let waiting = lane.due_in(&self.entries, hour);
            let can_go = waiting.filter(|entry| self.can_go(entry));
            let mut block = Block::default();
            block.fill(can_go.take(size as usize));
            (!block.keys.is_empty()).then_some((hour, block))
        })
    }

    /// Of each connector the runs of what waits for its time: when the first may be sent, those first.
    pub(crate) fn runs_later(
        &self,
    ) -> impl Iterator<Item = (ConnectorId, impl Iterator<Item = (Wall, RunId)>)> {
        self.cold.later()
    }

    /// How many messages of a lane are in memory and wait to be sent, at the latest in the hour of `upto`.
    pub(crate) fn in_memory(&self, connector: ConnectorId, upto: Wall) -> u64 {
        let lane = self.lanes.get(&connector);
        lane.map_or(0, |lane| lane.hot() + lane.deferred_upto(Hour::of(upto)))
    }

    /// How many wait for a time, and the first of these.
    pub(crate) fn later(&self, connector: ConnectorId) -> (u64, Option<Wall>) {
        let lane = self.lanes.get(&connector);
        let (count, first) = lane.map_or((0, None), |lane| lane.later());
        let on_disk = self.cold.first_due(connector);
        (count, first.into_iter().chain(on_disk).min())
    }
}
