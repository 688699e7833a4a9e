//! What is told of ends in full. It is no part of the state: whether somebody listens changes nothing here.

use sms::{Message, State, Wall};

use super::Fold;
use crate::final_outcome::{Ending, Facts, FinalOutcome, FinalOutcomes};
use crate::slab::Slot;

impl Fold {
    /// From now on ends are told in full, or not.
    pub(crate) fn tell_outcomes(&mut self, wanted: bool) {
        self.tells_outcomes = wanted;
    }

    /// Ends since this was last asked.
    pub(crate) fn outcomes(&mut self) -> &mut FinalOutcomes {
        &mut self.outcomes
    }

    /// The message in `slot` is about to end so; what is no message is not told of.
    pub(super) fn tell_outcome(
        &mut self,
        slot: Slot,
        ending: Option<Ending>,
        state: State,
        done: Wall,
    ) {
        if !self.tells_outcomes {
            return;
        }
        let entry = &self.entries[slot];
        let (Some(leg), Some(ending)) = (entry.leg(), ending) else {
            return;
        };
        let message = Message::decode(&entry.body).unwrap_or_default();
        let order = &entry.order;
        self.outcomes.push(&FinalOutcome {
            source: message.source.digits,
            destination: message.destination.digits,
            carrier_id: leg.id.octets(),
            facts: Facts {
                customer: order.customer,
                told: order.told,
                key: order.key,
                connector: leg.connector,
                state,
                ending,
                sent: leg.taken(),
                done,
                part: self.wholes.part(order.key),
                refusals: leg.attempt,
                doubts: leg.doubts,
            },
        });
    }
}
