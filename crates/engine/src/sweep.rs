//! Moving and purging what waits for a connector: a block in a step, however much there is. The engine remembers nothing of it from
//! one block to the next; whoever ordered it orders the next one.

use std::collections::BTreeSet;

use sms::Wall;

use crate::engine::Turn;
use crate::entry::{Entry, Stage};
use crate::fair::parts;
use crate::fold::CLASSES;
use crate::record::{Keys, Reason, Record};
use crate::slab::Slot;
use crate::{ConnectorId, CustomerId, LongMessages, MessageKey, Report};

/// Messages that one block ends or moves.
const MOST: usize = 2048;

/// Places for messages that one block looks at.
const LOOKED_AT_MAX: usize = 16_384;

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
    /// All messages of whatever lane that are kept in memory behind this place: what is deferred is there, and what was left.
    All(u32),
}

/// What one block did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Messages that were moved or purged, or would be.
    pub done: u64,
    /// Messages that are meant and stay: a purged one may be with its carrier already, or another part of it; a moved one has parts
    /// that are, is whole and too long for the other carrier, or stands behind others that are on the disk.
    pub kept: u64,
    /// With the last block: messages that wait on the disk, of which some are meant. They stay too, and can be swept when they have come back.
    pub on_disk: u64,
    /// Where the next block begins; none: all were looked at.
    pub next: Option<Place>,
}

impl Selection {
    fn means(&self, entry: &Entry) -> bool {
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
    /// Ends messages as if their customers had cancelled them; with `dry` none, but says how many.
    pub(crate) fn purge(&mut self, selection: &Selection, from: Place, dry: bool) -> Report {
        let (meant, next) = self.meant_behind(selection, from);
        let mut swept = Swept {
            on_disk: self.left_on_disk(selection, next),
            next,
            ..Swept::default()
        };
        for key in meant {
            if !self.can_be_stopped(key) {
                swept.kept += 1;
                continue;
            }
            swept.done += 1;
            if !dry {
                self.finish(key, Reason::Purged);
            }
        }
        Report::Swept(swept)
    }

    /// Messages go on with another connector, behind what waits there.
    pub(crate) fn move_to(
        &mut self,
        selection: &Selection,
        from: Place,
        to: ConnectorId,
    ) -> Report {
        let (meant, mut next) = match from {
            Place::Heads => (self.heads(selection), Some(Place::Heads)),
            Place::All(_) => self.meant_behind(selection, from),
        };
        let few = meant.len() < MOST;
        let (mut moved, mut kept) = (Vec::new(), 0);
        let mut parts: BTreeSet<MessageKey> = BTreeSet::new();
        for key in meant {
            // A part goes with the first of its message.
            if parts.contains(&key) {
                continue;
            }
            let Some(keys) = self.together(key, to) else {
                kept += 1;
                continue;
            };
            if keys.len() > 1 {
                parts.extend(&keys);
            }
            moved.extend(keys);
        }
        if from == Place::Heads {
            // They are met again.
            kept = 0;
            next = Some(if few || moved.is_empty() {
                Place::All(0)
            } else {
                Place::Heads
            });
        }
        if !moved.is_empty() {
            self.record(&Record::Moved {
                connector: to,
                keys: Keys::Fresh(&moved),
            });
            self.live.touch_connector(to);
        }
        Report::Swept(Swept {
            done: moved.len() as u64,
            kept,
            on_disk: self.left_on_disk(selection, next),
            next,
        })
    }

    /// After the last block: how many of those that may be meant it did not meet.
    fn left_on_disk(&self, selection: &Selection, next: Option<Place>) -> u64 {
        match next {
            Some(_) => 0,
            None => self
                .fold
                .on_disk(selection.connector, selection.customer, selection.before),
        }
    }

    /// The first in line.
    fn heads(&self, selection: &Selection) -> Vec<MessageKey> {
        let connector = selection.connector;
        let queues = (0..CLASSES)
            .rev()
            .flat_map(|class| self.fold.queues(connector, class, CustomerId::default()));
        let queues = queues.filter(|&(whose, ..)| selection.customer.is_none_or(|it| it == whose));
        let entries = queues.flat_map(|(.., waiting)| waiting).take(LOOKED_AT_MAX);
        let meant = entries.filter(|entry| selection.means(entry));
        meant.map(|entry| entry.order.key).take(MOST).collect()
    }

    /// Some of those that are meant, wherever they stand in the lane, and where to go on.
    fn meant_behind(&self, selection: &Selection, from: Place) -> (Vec<MessageKey>, Option<Place>) {
        let start = match from {
            Place::Heads => 0,
            Place::All(start) => start,
        };
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
    fn together(&self, key: MessageKey, to: ConnectorId) -> Option<Vec<MessageKey>> {
        let can_leave = |entry: &&Entry| entry.is_in_lane() && !entry.is_behind;
        let entry = self.fold.entry(key).filter(can_leave)?;
        let rules = self.directory.connectors.get(&to)?;
        let fits = rules.long_messages == LongMessages::Payload || parts(entry) == 1;
        if !fits {
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
}

impl Entry {
    /// When it may be sent, if it waits for a time.
    pub(crate) fn due(&self) -> Option<Wall> {
        let leg = self.leg()?;
        (leg.stage == Stage::Deferred).then_some(leg.at)
    }
}
