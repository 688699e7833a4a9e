//! The fold as records, and back.

use super::queue::End;
use super::{Fold, shares_name};
use crate::entry::{Entry, Image, Stage};
use crate::record::Record;

impl Fold {
    /// Everything as records that make an equal fold: lanes in their order, the rest by key.
    pub(crate) fn snapshot(&self, write: &mut dyn FnMut(&Record<'_>)) {
        write(&Record::Newest { key: self.newest });
        for (customer, last) in self.aliases.last() {
            write(&Record::Alias { customer, last });
        }
        self.snapshot_wholes(write);
        for (&connector, lane) in &self.lanes {
            lane.closed.each(|generation, id, number| {
                write(&Record::Closed {
                    connector,
                    generation,
                    id,
                    number,
                });
            });
            for entry in lane.all(&self.entries) {
                write(&Record::Entry(Image::of(entry)));
            }
        }
        let mut others: Vec<&Entry> = self.entries().filter(|entry| !entry.is_in_lane()).collect();
        others.sort_by_key(|entry| entry.order.key);
        for entry in others {
            write(&Record::Entry(Image::of(entry)));
        }
        self.apart.snapshot(write);
        for key in self.named.all() {
            write(&Record::Named { key });
        }
        for (key, stray) in self.strays() {
            write(&stray.record(key));
        }
        self.holds.snapshot(write);
        self.ledger.snapshot(write);
        self.replies.snapshot(write);
    }

    /// One entry of a snapshot.
    pub(super) fn restore(&mut self, image: &Image<'_>) {
        let mut entry = image.entry();
        let key = entry.order.key;
        entry.order.is_part = entry.leg().is_some()
            && (shares_name(key, entry.order.told)
                || self.wholes.len() > 0 && self.wholes.head(key).is_some());
        let expires = entry.order.expires;
        let slot = self.insert(entry);
        let Some(leg) = self.entries[slot].leg() else {
            self.start_timer(slot, expires);
            return;
        };
        let due = leg.due;
        match leg.stage {
            Stage::Waiting => self.enqueue(slot, None, End::Tail),
            Stage::Deferred => self.enqueue(slot, Some(due), End::Tail),
            Stage::Sending => self.send(slot),
            Stage::Sent => {
                self.sent += 1;
                self.ids.insert_leg(leg, slot);
                self.start_timer(slot, expires);
            }
        }
    }
}
