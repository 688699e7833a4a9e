//! Long messages in the fold: what becomes of their parts together.

use sms::{State, Wall};

use super::queue::End;
use super::{Count, Fold};
use crate::entry::{Entry, Order};
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
        let left = !entry.is_in_hand();
        let heard = match self.wholes.end(entry.order.key, left, fate, &entry.body) {
            Hears::Part => Some(fate),
            Hears::Nothing => None,
            Hears::Whole {
                told,
                wants,
                fate,
                beginning,
            } => {
                self.memory -= entry.memory();
                entry.order.told = told;
                let asked = entry.order.wants.and(wants);
                if let Some(beginning) = beginning {
                    entry.body = beginning;
                }
                self.memory += entry.memory();
                self.account(slot, Count::Less);
                self.entries[slot].order.wants = asked;
                self.account(slot, Count::More);
                Some(fate)
            }
        };
        self.aliases.take(&self.entries[slot].order);
        heard
    }

    /// Whether its customer is told anything if this message ends in `state`.
    pub(crate) fn would_tell(&self, order: &Order, state: State) -> bool {
        let state = if order.is_part {
            self.wholes.would_hear(order.key, state)
        } else {
            Some(state)
        };
        let joined = self.joined_whole(order);
        let order = Order {
            wants: joined.map_or(order.wants, |whole| order.wants.and(whole.wants)),
            ..*order
        };
        state.is_some_and(|state| order.carried(true, state, Cause::NONE, Wall(0)).is_some())
    }

    /// Whether the customer heard all that it will hear when the carrier took this message, or the part that speaks for it.
    pub(crate) fn was_told(&self, entry: &Entry) -> bool {
        let joined = self.joined_whole(&entry.order);
        joined.map_or_else(|| entry.was_told(), |whole| whole.is_told)
    }

    fn joined_whole(&self, order: &Order) -> Option<&Whole> {
        let whole = self.wholes.of(order.key).filter(|_| order.is_part)?;
        (whole.receipts == PartReceipts::Joined).then_some(whole)
    }

    /// Whether the customer hears of this part only with the whole: another part came first, or one was refused.
    pub(crate) fn speaks_another_for(&self, key: MessageKey) -> bool {
        let whole = self.wholes.of(key);
        let joined = whole.filter(|whole| whole.receipts == PartReceipts::Joined);
        let refused = |whole: &Whole| {
            whole
                .worst
                .is_some_and(|worst| worst.state == State::Rejected)
        };
        joined.is_some_and(|whole| self.wholes.head(key) != Some(key) || refused(whole))
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
