//! What is measured now and then and costs a walk: never kept for it, and never on a message's way.

use std::collections::BTreeSet;

use sms::Wall;

use super::{QUEUES_MAX, Report};
use crate::engine::Turn;
use crate::fold::CLASSES;
use crate::{Balance, ConnectorId, CustomerId, Memory};

/// How old what waits is, what customers have, what may have arrived twice, and what takes memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measures {
    /// By connector: those that the directory names, and those that still have something.
    pub lanes: Vec<LaneMeasure>,
    /// Of those who ever paid.
    pub balances: Vec<(CustomerId, Balance)>,
    /// Octets, by what they are for.
    pub memory: Memory,
}

/// How it stands with one connector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaneMeasure {
    /// Which.
    pub connector: ConnectorId,
    /// When the oldest of those that are first in line was accepted; none: nothing waits that might be sent now.
    pub oldest: Option<Wall>,
    /// Messages that were sent again, since the start, though the carrier may have had them: it may have delivered them twice.
    pub resent: u64,
    /// Messages that ended, since the start, without anybody knowing whether the carrier had them.
    pub unknown: u64,
}

impl Turn<'_> {
    pub(super) fn measures(&self) -> Report {
        let here = self.directory.connectors.keys().copied();
        let connectors: BTreeSet<_> = here.chain(self.fold.connectors()).collect();
        let mut room = QUEUES_MAX;
        let lanes = connectors.into_iter().map(|connector| {
            let live = self.live.connectors.get(&connector);
            LaneMeasure {
                connector,
                oldest: self.oldest(connector, &mut room),
                resent: live.map_or(0, |live| live.resent),
                unknown: live.map_or(0, |live| live.unknown),
            }
        });
        Report::Measures(Measures {
            lanes: lanes.collect(),
            balances: self.fold.ledger.balances().collect(),
            memory: self.fold.memory_by_use(),
        })
    }

    /// Of the messages that are first in line the oldest, in as many queues as there is `room` for.
    fn oldest(&self, connector: ConnectorId, room: &mut usize) -> Option<Wall> {
        let classes = (0..CLASSES).rev();
        let queues = classes.flat_map(|class| {
            let queues = self.fold.queues(connector, class, CustomerId::default());
            queues.map(move |(customer, _, waiting)| (class, customer, waiting))
        });
        let queues = queues.take(*room).inspect(|_| *room -= 1);
        queues
            .filter_map(|(class, customer, waiting)| {
                self.first_in_line(connector, class, customer, &waiting)
            })
            .min()
    }
}
