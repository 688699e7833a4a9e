//! The fold as records, and back.

use super::queue::End;
use super::{Fold, shares_name};
use crate::entry::{Entry, Image, Order, Stage};
use crate::record::Record;

impl Fold {
    /// The same fold, to be read as it is now by [`Fold::snapshot`] and by nothing else. What there may be millions of is lent, the
    /// rest copied.
    pub(crate) fn lend(&mut self) -> Fold {
        let lanes = self.lanes.iter_mut();
        Fold {
            newest: self.newest,
            entries: self.entries.lend(),
            lanes: lanes.map(|(&id, lane)| (id, lane.lend())).collect(),
            cold: self.cold.clone(),
            aliases: self.aliases.lend(),
            wholes: self.wholes.clone(),
            apart: self.apart.clone(),
            named: self.named.clone(),
            strays: self.strays.clone(),
            holds: self.holds.clone(),
            ledger: self.ledger.clone(),
            replies: self.replies.lend(),
            standings: self.standings.clone(),
            ..Fold::default()
        }
    }

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
            for (_, _, queue) in lane.queues() {
                for entry in queue.waiting(&self.entries) {
                    write(&Record::Entry(Image::of(entry)));
                }
                self.cold.snapshot(queue, write);
                for entry in queue.behind(&self.entries) {
                    write(&Record::Entry(Image::of(entry)));
                }
            }
            for entry in lane.later_in_memory(&self.entries) {
                write(&Record::Entry(Image::of(entry)));
            }
        }
        self.cold.snapshot_later(write);
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
        for (party, standing) in self.standings.iter() {
            write(&Record::Decided { party, standing });
        }
    }

    /// Whether a message is one of several.
    pub(super) fn is_part(&self, order: &Order) -> bool {
        shares_name(order.key, order.told)
            || self.wholes.len() > 0 && self.wholes.head(order.key).is_some()
    }

    /// One entry of a snapshot.
    pub(super) fn restore(&mut self, image: &Image<'_>) {
        let mut entry = image.entry();
        entry.order.is_part = entry.leg().is_some() && self.is_part(&entry.order);
        let expires = entry.order.expires;
        let slot = self.insert(entry);
        let Some(leg) = self.entries[slot].leg() else {
            self.start_timer(slot, expires);
            return;
        };
        let at = leg.at;
        match leg.stage {
            Stage::Waiting => self.enqueue(slot, None, End::Tail),
            Stage::Deferred => self.enqueue(slot, Some(at), End::Tail),
            Stage::Sending => self.send(slot),
            Stage::Sent => {
                self.sent += 1;
                self.ids.insert_leg(leg, slot);
                self.start_timer(slot, expires);
            }
        }
    }
}
