//! The runs themselves: what is in memory of the messages in one file.

use std::collections::{BTreeMap, BTreeSet};

use sms::Wall;

use super::queue::Queue;
use crate::entry::{Entry, Order, Stage};
use crate::record::{Cold, HourImage, Keys, Record, RunImage, Seconds};
use crate::sieve::Sieve;
use crate::{ConnectorId, CustomerId, EPOCH_MS, MessageKey, RunId, Wants};

use super::CLASSES;

/// Which queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) connector: ConnectorId,
    pub(crate) class: u8,
    pub(crate) customer: CustomerId,
}

/// Hours since 2025-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Hour(pub(crate) u32);

impl Hour {
    const MS: u64 = 3_600_000;

    pub(crate) fn of(at: Wall) -> Hour {
        let hours = at.0.saturating_sub(EPOCH_MS) / Hour::MS;
        Hour(u32::try_from(hours).unwrap_or(u32::MAX))
    }

    pub(crate) fn start(self) -> Wall {
        Wall(EPOCH_MS + u64::from(self.0) * Hour::MS)
    }
}

/// Where the messages of a run wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Shelf {
    /// In a queue.
    Queue(Place),
    /// For their times, which are in this hour.
    Hour(ConnectorId, Hour),
}

impl Shelf {
    pub(crate) fn connector(self) -> ConnectorId {
        match self {
            Shelf::Queue(place) => place.connector,
            Shelf::Hour(connector, _) => connector,
        }
    }
}

impl Entry {
    /// Where it waits.
    pub(super) fn shelf(&self) -> Option<Shelf> {
        let leg = self.leg()?;
        match leg.stage {
            Stage::Waiting => Some(Shelf::Queue(Place {
                connector: leg.connector,
                class: (usize::from(leg.priority) % CLASSES) as u8,
                customer: self.order.customer,
            })),
            Stage::Deferred => Some(Shelf::Hour(leg.connector, Hour::of(leg.at))),
            Stage::Sending | Stage::Sent => None,
        }
    }
}

/// Messages in one file.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) shelf: Shelf,
    pub(crate) count: u32,
    /// Whose they are; sorted.
    pub(super) shares: Vec<Share>,
    /// The least and the greatest key in it.
    pub(super) range: (MessageKey, MessageKey),
    /// When it has to be looked at, because the first of them expires.
    pub(crate) look: Seconds,
    /// When the first of them may be sent, if they wait for their times.
    pub(super) due: Wall,
    /// Which keys may be in it, if they are not one behind the other.
    pub(super) sieve: Sieve,
    /// Of the file, what does not count any more; sorted.
    pub(super) gone: Vec<MessageKey>,
}

/// What one customer has in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Share {
    pub(crate) customer: CustomerId,
    pub(crate) count: u32,
    /// How many of them want a receipt.
    pub(crate) owed: u32,
}

impl Share {
    const OCTETS: usize = 12;

    fn encode(self) -> [u8; Share::OCTETS] {
        let mut octets = [0; Share::OCTETS];
        let numbers = [self.customer.0, self.count, self.owed];
        for (place, number) in octets.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        octets
    }

    fn decode(octets: &[u8]) -> Share {
        let number = |at: usize| {
            let octets = octets.get(at..at + 4).and_then(|it| it.try_into().ok());
            u32::from_le_bytes(octets.unwrap_or_default())
        };
        Share {
            customer: CustomerId(number(0)),
            count: number(4),
            owed: number(8),
        }
    }

    pub(super) fn decode_all(octets: &[u8]) -> Vec<Share> {
        let shares = octets.chunks_exact(Share::OCTETS);
        shares.map(Share::decode).collect()
    }
}

impl Run {
    /// Whether this message of its file still waits in it.
    pub(crate) fn holds(&self, key: MessageKey) -> bool {
        self.gone.binary_search(&key).is_err()
    }

    /// Of each customer, how many wait in it.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (CustomerId, u32)> + '_ {
        self.shares
            .iter()
            .map(|share| (share.customer, share.count))
    }

    /// Whether a message of this customer may wait in it.
    pub(super) fn may_hold(&self, customer: CustomerId, key: MessageKey) -> bool {
        let (least, greatest) = self.range;
        (least..=greatest).contains(&key)
            && self.share(customer).is_some()
            && (matches!(self.shelf, Shelf::Queue(_)) || self.sieve.may_hold(key))
            && self.holds(key)
    }

    /// What a customer has in it.
    pub(super) fn share(&self, customer: CustomerId) -> Option<&Share> {
        let at = self
            .shares
            .binary_search_by_key(&customer, |it| it.customer);
        at.ok().map(|at| &self.shares[at])
    }

    pub(super) fn add(&mut self, order: &Order) {
        let shares = &mut self.shares;
        let at = shares.binary_search_by_key(&order.customer, |it| it.customer);
        let at = at.unwrap_or_else(|at| {
            let share = Share {
                customer: order.customer,
                count: 0,
                owed: 0,
            };
            shares.insert(at, share);
            at
        });
        shares[at].count += 1;
        shares[at].owed += u32::from(order.wants != Wants::NONE);
        self.count += 1;
        self.range = (self.range.0.min(order.key), self.range.1.max(order.key));
    }

    pub(super) fn take(&mut self, order: &Order) {
        let shares = &mut self.shares;
        if let Ok(at) = shares.binary_search_by_key(&order.customer, |it| it.customer) {
            shares[at].count -= 1;
            shares[at].owed -= u32::from(order.wants != Wants::NONE);
            if shares[at].count == 0 {
                shares.remove(at);
            }
        }
        self.count -= 1;
    }

    fn memory(&self) -> u64 {
        const RUN: u64 = 176;
        let shares = size_of::<Share>() * self.shares.capacity();
        RUN + (shares + 8 * self.gone.len() + self.sieve.octets().len()) as u64
    }
}

/// All runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    runs: BTreeMap<RunId, Run>,
    looks: BTreeSet<(Seconds, RunId)>,
    /// Those of messages that wait for their times, by when the first of them may be sent.
    later: BTreeMap<ConnectorId, BTreeSet<(Wall, RunId)>>,
    /// Queues whose next run is wanted in memory, as far as it is known here.
    pub(super) wanting: BTreeSet<Place>,
    messages: u64,
    memory: u64,
}

impl Runs {
    /// Whether so little stands before the runs of a queue that the next of them should come.
    pub(super) fn is_low(&self, queue: &Queue) -> bool {
        let next = queue.runs().front().and_then(|run| self.runs.get(run));
        next.is_some_and(|run| queue.hot().0 < u64::from(run.count))
    }

    pub(super) fn want(&mut self, place: Place) {
        self.wanting.insert(place);
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Octets of memory.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    pub(super) fn get(&self, id: RunId) -> Option<&Run> {
        self.runs.get(&id)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (RunId, &Run)> {
        self.runs.iter().map(|(&id, run)| (id, run))
    }

    pub(super) fn looks(&self) -> impl Iterator<Item = (Seconds, RunId)> {
        self.looks.iter().copied()
    }

    /// Of each connector the runs of what waits for its time, the first to be sent first.
    pub(super) fn later(
        &self,
    ) -> impl Iterator<Item = (ConnectorId, impl Iterator<Item = (Wall, RunId)>)> {
        let later = self.later.iter();
        later.map(|(&connector, runs)| (connector, runs.iter().copied()))
    }

    /// When the first may be sent of those of a connector that wait on the disk for their times.
    pub(super) fn first_due(&self, connector: ConnectorId) -> Option<Wall> {
        let &(due, _) = self.later.get(&connector)?.first()?;
        Some(due)
    }

    /// The runs of a queue, in their order.
    pub(super) fn snapshot(&self, queue: &Queue, write: &mut dyn FnMut(&Record<'_>)) {
        for id in queue.runs() {
            let run = &self.runs[id];
            let Shelf::Queue(place) = run.shelf else {
                continue;
            };
            write(&Record::Cold(Cold::Run(RunImage {
                run: *id,
                place,
                count: run.count,
                owed: run.share(place.customer).map_or(0, |share| share.owed),
                range: run.range,
                look: run.look,
                gone: Keys::Fresh(&run.gone),
            })));
        }
    }

    /// The runs of what waits for its time.
    pub(super) fn snapshot_later(&self, write: &mut dyn FnMut(&Record<'_>)) {
        for (&connector, runs) in &self.later {
            for &(due, id) in runs {
                let run = &self.runs[&id];
                let shares: Vec<_> = run.shares.iter().flat_map(|it| it.encode()).collect();
                write(&Record::Cold(Cold::Hour(HourImage {
                    run: id,
                    connector,
                    due,
                    range: run.range,
                    look: run.look,
                    shares: &shares,
                    sieve: run.sieve.octets(),
                    gone: Keys::Fresh(&run.gone),
                })));
            }
        }
    }

    pub(super) fn insert(&mut self, id: RunId, run: Run) {
        self.looks.insert((run.look, id));
        if let Shelf::Hour(connector, _) = run.shelf {
            self.later
                .entry(connector)
                .or_default()
                .insert((run.due, id));
        }
        self.messages += u64::from(run.count);
        self.memory += run.memory();
        self.runs.insert(id, run);
    }

    pub(super) fn remove(&mut self, id: RunId) -> Option<Run> {
        let run = self.runs.remove(&id)?;
        self.looks.remove(&(run.look, id));
        if let Shelf::Hour(connector, _) = run.shelf
            && let Some(runs) = self.later.get_mut(&connector)
        {
            runs.remove(&(run.due, id));
            if runs.is_empty() {
                self.later.remove(&connector);
            }
        }
        self.messages -= u64::from(run.count);
        self.memory -= run.memory();
        Some(run)
    }
}
