//! Long messages in the fold: what becomes of their parts together.

use sms::{State, Wall};

use super::{End, Fold};
use crate::entry::Order;
use crate::record::Record;
use crate::slab::Slot;
use crate::whole::{Fate, Hears, Whole, Wholes};
use crate::{Cause, MessageKey, PartReceipts};

impl Fold {
    /// The parts of a long message wait for each other no longer: each stands in its lane, in their order, or is due then.
    pub(super) fn release(&mut self, head: MessageKey, due: Option<Wall>) {
        for key in self.wholes.release(head) {
            let Some(slot) = self.slot(key) else { continue };
            if self.entries[slot].is_in_lane() {
                self.leave(slot);
                self.enqueue(slot, due, End::Tail);
            }
        }
    }

    /// A part of a long message ends: what its customer may hear of, if anything. Of the whole it hears under the name and with the
    /// text of its beginning.
    pub(super) fn end_part(&mut self, slot: Slot, fate: Fate) -> Option<Fate> {
        let entry = &mut self.entries[slot];
        self.aliases.give_back(&entry.order);
        entry.order.is_part = false;
        let heard = match self.wholes.end(entry.order.key, fate, &entry.body) {
            Hears::Part => Some(fate),
            Hears::Nothing => None,
            Hears::Whole {
                told,
                fate,
                beginning,
            } => {
                self.memory -= entry.memory();
                entry.order.told = told;
                if let Some(beginning) = beginning {
                    entry.body = beginning;
                }
                self.memory += entry.memory();
                Some(fate)
            }
        };
        self.aliases.take(&entry.order);
        heard
    }

    /// Whether its customer is told anything if this message ends in `state`.
    pub(crate) fn would_tell(&self, order: &Order, state: State) -> bool {
        let state = if order.is_part {
            self.wholes.would_hear(order.key, state)
        } else {
            Some(state)
        };
        state.is_some_and(|state| order.carried(true, state, Cause::NONE, Wall(0)).is_some())
    }

    /// Whether the customer hears of this part only with the whole, of which another part came first.
    pub(crate) fn speaks_another_for(&self, key: MessageKey) -> bool {
        let joined = |whole: &Whole| whole.receipts == PartReceipts::Joined;
        self.wholes.of(key).is_some_and(joined) && self.wholes.head(key) != Some(key)
    }

    /// Long messages whose parts depend on each other.
    pub(crate) fn wholes(&self) -> &Wholes {
        &self.wholes
    }

    /// Long messages before their parts, so that these know what they are.
    pub(super) fn snapshot_wholes(&self, write: &mut dyn FnMut(&Record<'_>)) {
        for (head, whole) in self.wholes.iter() {
            let image = whole.image();
            write(&Record::Whole { head, whole: image });
            for (&number, &key) in &whole.open {
                write(&Record::OpenPart { head, number, key });
            }
        }
    }
}
