//! Moving and purging what waits for a connector: a block in a step, however much there is. The engine remembers nothing of it from
//! one block to the next; whoever ordered it orders the next one. What waits on the disk is a block for each file, and comes back into
//! memory if it is meant, to end there or to leave from there.

use core::time::Duration;
use std::collections::BTreeSet;

use sms::Wall;

use crate::engine::Turn;
use crate::entry::Entry;
use crate::fair::parts;
use crate::record::{Keys, Reason, Record};
use crate::slab::Slot;
use crate::{ConnectorId, CustomerId, LongMessages, MessageKey, Report, Room, RunId};

/// Messages that one block ends or moves.
const MOST: usize = 2048;

/// Places for messages that one block looks at.
const LOOKED_AT_MAX: usize = 16_384;

/// So long after a block nothing of its lane goes to the disk.
const REST: Duration = Duration::from_secs(10);

/// Which of the messages that wait for a connector are meant. Those that are being sent never are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// For whom they wait.
    pub connector: ConnectorId,
    /// Only messages of this customer; none: all.
    pub customer: Option<CustomerId>,
    /// Only messages to destinations that begin so; empty: all.
    pub prefix: Vec<u8>,
    /// Only messages that were accepted before: so those that come meanwhile are not meant.
    pub before: Wall,
}

/// How far a sweep has come. [`Place::default`] is its beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// The heads of the queues, so that what is moved keeps its order.
    #[default]
    Heads,
    /// What waits on the disk, in files behind this one.
    Disk(RunId),
    /// What stands behind those in the queues.
    Tails,
    /// All messages of whatever lane that are kept in memory behind this place: what is deferred is there, and what was left.
    All(u32),
}

/// What one block did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Messages that were moved or purged, or would be.
    pub done: u64,
    /// Messages that are meant and stay: a purged one may be with its carrier already, or another part of it; a moved one has parts
    /// that are, or is whole and too long for the other carrier.
    pub kept: u64,
    /// Where the next block begins; none: all were looked at.
    pub next: Option<Place>,
}

/// What is to be done with those that are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    /// They are only counted that would be purged.
    Count,
    /// They end as if their customers had cancelled them.
    Purge,
    /// They wait for another connector.
    Move(ConnectorId),
}

/// An order of an operator that waits for a file.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    pub(crate) ticket: u64,
    pub(crate) selection: Selection,
    pub(crate) act: Act,
}

impl Selection {
    pub(crate) fn means(&self, entry: &Entry) -> bool {
        let order = &entry.order;
        let is_here = entry
            .leg()
            .is_some_and(|leg| leg.connector == self.connector)
            && entry.is_in_lane();
        is_here
            && self.customer.is_none_or(|it| it == order.customer)
            && order.key.minted() < self.before
            && (self.prefix.is_empty() || entry.destination().starts_with(&self.prefix))
    }
}

impl Turn<'_> {
    /// Does a block of what an operator wants. `None`: it is reported when a file has been read.
    pub(crate) fn sweep(&mut self, sweep: Sweep, from: Place) -> Option<Report> {
        // What waits on the disk and what waits in memory stay where they are meanwhile.
        let until = self.now.mono + REST;
        self.live.cold.rest(sweep.selection.connector, until);
        let Sweep { selection, act, .. } = &sweep;
        let swept = match (from, *act) {
            (Place::Heads, Act::Count | Act::Purge) => {
                return self.sweep_disk(sweep, RunId(0));
            }
            (Place::Heads, Act::Move(to)) => self.move_heads(selection, to),
            (Place::Disk(behind), _) => return self.sweep_disk(sweep, behind),
            (Place::Tails, Act::Count | Act::Purge) => return self.sweep(sweep, Place::All(0)),
            (Place::Tails, Act::Move(to)) => self.move_tails(selection, to),
            (Place::All(start), act) => {
                let (meant, next) = self.meant_behind(selection, start);
                let swept = self.sweep_these(act, meant);
                Swept { next, ..swept }
            }
        };
        Some(Report::Swept(swept))
    }

    /// The next file in which some may be that are meant is to be read.
    fn sweep_disk(&mut self, sweep: Sweep, behind: RunId) -> Option<Report> {
        let selection = &sweep.selection;
        if let Act::Move(to) = sweep.act {
            // What has come back since stands before the next file.
            let swept = self.move_heads(selection, to);
            if swept.done > 0 {
                let next = Some(Place::Disk(behind));
                return Some(Report::Swept(Swept { next, ..swept }));
            }
        }
        let runs = self.fold.runs_of(selection.connector, selection.customer);
        let mut runs = runs.filter(|&(run, oldest)| run > behind && oldest < selection.before);
        let next = runs.next();
        drop(runs);
        let Some((run, _)) = next else {
            return self.sweep(sweep, Place::Tails);
        };
        self.read_for(run, sweep);
        None
    }

    /// A file was read, and what is meant of it is in memory, or was counted.
    pub(crate) fn swept_file(
        &mut self,
        sweep: &Sweep,
        run: RunId,
        meant: Vec<MessageKey>,
        kept: u64,
    ) {
        if self.live.room == Room::Out {
            // It went while the file was read: the order has to come again.
            return self.report(sweep.ticket, Report::NoRoom, true);
        }
        let swept = match sweep.act {
            Act::Count => Swept {
                done: meant.len() as u64,
                ..Swept::default()
            },
            act => self.sweep_these(act, meant),
        };
        let report = Report::Swept(Swept {
            kept: swept.kept + kept,
            next: Some(Place::Disk(run)),
            ..swept
        });
        self.report(sweep.ticket, report, sweep.act == Act::Count);
    }

    fn sweep_these(&mut self, act: Act, keys: Vec<MessageKey>) -> Swept {
        let mut swept = Swept::default();
        if let Act::Move(to) = act {
            return self.move_these(keys, to, true);
        }
        for key in keys {
            if !self.can_be_stopped(key) {
                swept.kept += 1;
                continue;
            }
            swept.done += 1;
            if act == Act::Purge {
                self.finish(key, Reason::Purged);
            }
        }
        swept
    }

    /// The first in line go on with another connector, behind what waits there.
    fn move_heads(&mut self, selection: &Selection, to: ConnectorId) -> Swept {
        let (meant, few) = self.first(selection, |entry| !entry.is_behind);
        let swept = self.move_these(meant, to, false);
        let is_last = few || swept.done == 0;
        Swept {
            // They are met again.
            kept: 0,
            next: Some(if is_last {
                Place::Disk(RunId(0))
            } else {
                Place::Heads
            }),
            ..swept
        }
    }

    /// So do those whose turn it is when all that is meant has left the files.
    fn move_tails(&mut self, selection: &Selection, to: ConnectorId) -> Swept {
        let (meant, few) = self.first(selection, |_| true);
        let swept = self.move_these(meant, to, true);
        let is_last = few || swept.done == 0;
        Swept {
            kept: 0,
            next: Some(if is_last { Place::All(0) } else { Place::Tails }),
            ..swept
        }
    }

    /// `all`: also those behind others that are on the disk.
    fn move_these(&mut self, keys: Vec<MessageKey>, to: ConnectorId, all: bool) -> Swept {
        let (mut moved, mut kept) = (Vec::new(), 0);
        let mut parts: BTreeSet<MessageKey> = BTreeSet::new();
        for key in keys {
            // A part goes with the first of its message.
            if parts.contains(&key) {
                continue;
            }
            let Some(keys) = self.together(key, to, all) else {
                kept += 1;
                continue;
            };
            if keys.len() > 1 {
                parts.extend(&keys);
            }
            moved.extend(keys);
        }
        if !moved.is_empty() {
            self.record(&Record::Moved {
                connector: to,
                keys: Keys::Fresh(&moved),
            });
            self.live.touch_connector(to);
        }
        Swept {
            done: moved.len() as u64,
            kept,
            next: None,
        }
    }

    /// The first of the queues that are meant and `suit`, and whether these are all.
    fn first(
        &self,
        selection: &Selection,
        suit: impl Fn(&Entry) -> bool,
    ) -> (Vec<MessageKey>, bool) {
        let entries = self.fold.queued_in_memory(selection.connector);
        let entries = entries.take(LOOKED_AT_MAX);
        let meant = entries.filter(|entry| suit(entry) && selection.means(entry));
        let meant: Vec<_> = meant.map(|entry| entry.order.key).take(MOST).collect();
        let few = meant.len() < MOST;
        (meant, few)
    }

    /// Some of those that are meant, wherever they stand in the lane, and where to go on.
    fn meant_behind(&self, selection: &Selection, start: u32) -> (Vec<MessageKey>, Option<Place>) {
        let mut meant = Vec::new();
        let mut next = None;
        for (looked_at, (slot, entry)) in self.fold.places_from(Slot(start)).enumerate() {
            if looked_at == LOOKED_AT_MAX || meant.len() == MOST {
                next = Some(Place::All(slot.0));
                break;
            }
            if let Some(entry) = entry.filter(|entry| selection.means(entry)) {
                meant.push(entry.order.key);
            }
        }
        (meant, next)
    }

    /// The message and those that have to go with it, if they can go to the connector: parts stay together.
    fn together(&self, key: MessageKey, to: ConnectorId, all: bool) -> Option<Vec<MessageKey>> {
        let can_leave = |entry: &&Entry| entry.is_in_lane() && (all || !entry.is_behind);
        let entry = self.fold.entry(key).filter(can_leave)?;
        if !self.fits(entry, to) {
            return None;
        }
        let Some(whole) = self.fold.wholes().of(key) else {
            return Some(vec![key]);
        };
        let waits = |part| self.fold.entry(part).filter(can_leave).is_some();
        let parts = whole.open.values().copied();
        let all_wait = whole.is_intact() && parts.clone().all(waits);
        all_wait.then(|| parts.collect())
    }

    /// Whether a connector takes the message as it is.
    fn fits(&self, entry: &Entry, to: ConnectorId) -> bool {
        let rules = self.directory.connectors.get(&to);
        rules.is_some_and(|rules| rules.long_messages == LongMessages::Payload || parts(entry) == 1)
    }

    /// Whether what is to be done can be done with a message that waits on the disk, where no part of another one is.
    pub(crate) fn can_sweep(&self, act: Act, entry: &Entry) -> bool {
        match act {
            Act::Count | Act::Purge => entry.is_in_hand(),
            Act::Move(to) => self.fits(entry, to),
        }
    }
}
