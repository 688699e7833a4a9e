//! Which receipts a customer gets: those that it asks for, less what its rules keep from it.

use sms::State;

/// The receipts that a customer is to have of one message: what it asked for in registered_delivery (SMPP 3.4, 5.2.17), as
/// [`ReceiptRules`] have left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wants(pub u8);

impl Wants {
    /// None at all.
    pub const NONE: Wants = Wants(0);
    /// When the message was delivered.
    pub const SUCCESS: Wants = Wants(1);
    /// When it was not.
    pub const FAILURE: Wants = Wants(2);
    /// Also of states that are not final.
    pub const INTERMEDIATE: Wants = Wants(4);
    /// For the customer the message has ended when a carrier has it: see [`Receipts::HandedOver`].
    const HANDED_OVER: Wants = Wants(8);
    /// Of the states that are not final, ACCEPTED.
    const ACCEPTED: Wants = Wants(16);

    /// Reads the bits of registered_delivery.
    pub fn from_registered_delivery(octet: u8) -> Wants {
        let final_receipt = match octet & 0x03 {
            0 => Wants::NONE,
            1 => Wants(Wants::SUCCESS.0 | Wants::FAILURE.0),
            2 => Wants::FAILURE,
            _ => Wants::SUCCESS,
        };
        let intermediate = if octet & 0x10 == 0 {
            0
        } else {
            Wants::INTERMEDIATE.0
        };
        Wants(final_receipt.0 | intermediate)
    }

    /// Whether there is to be a receipt for `state`, in which the message ends.
    pub fn covers(self, state: State) -> bool {
        if self.at_hand_over() {
            return state == State::Rejected && self.has(Wants::FAILURE);
        }
        let bit = match state {
            State::Delivered | State::Accepted => Wants::SUCCESS,
            State::Scheduled | State::Enroute => Wants::INTERMEDIATE,
            State::Expired
            | State::Deleted
            | State::Undeliverable
            | State::Unknown
            | State::Rejected
            | State::Skipped => Wants::FAILURE,
        };
        self.has(bit)
    }

    /// Whether there is to be a receipt for `state` though the message goes on.
    pub(crate) fn covers_on_the_way(self, state: State) -> bool {
        self.has(Wants::INTERMEDIATE)
            || state == State::Accepted && self.has(Wants::ACCEPTED)
            || state == State::Enroute && self.at_hand_over() && self.has(Wants::SUCCESS)
    }

    /// Whether there may be several receipts of the message.
    pub(crate) fn may_be_several(self) -> bool {
        self.has(Wants(Wants::INTERMEDIATE.0 | Wants::ACCEPTED.0))
    }

    /// Whether the message has ended for the customer when a carrier has it.
    pub(crate) fn at_hand_over(self) -> bool {
        self.has(Wants::HANDED_OVER)
    }

    fn has(self, bits: Wants) -> bool {
        self.0 & bits.0 != 0
    }

    pub(crate) fn and(self, bits: Wants) -> Wants {
        Wants(self.0 | bits.0)
    }

    fn only(self, bits: Wants) -> Wants {
        Wants(self.0 & bits.0)
    }
}

/// What a customer gets of the receipts that it asks for. [`Default`]: all of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReceiptRules {
    /// Receipts of states that are not final.
    pub on_the_way: OnTheWay,
    /// Destinations with rules of their own, by the digits that they begin with; the longest that fits holds.
    pub by_prefix: Vec<(Vec<u8>, Receipts)>,
}

/// What a customer gets of the receipts that tell of a message on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnTheWay {
    /// Those that it asks for with bit 4 of registered_delivery.
    #[default]
    Relay,
    /// Only ACCEPTED, with every message that asks for a receipt.
    Accepted,
    /// None.
    Suppress,
}

/// What a customer gets of the receipts for some destinations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Receipts {
    /// Those that it asks for.
    #[default]
    AsAsked,
    /// None: the networks there send none.
    None,
    /// ENROUTE when the carrier has the message, or REJECTED when it does not take it; nothing else, and nothing after.
    HandedOver,
}

impl ReceiptRules {
    /// Whether every receipt comes as it is asked for.
    #[inline]
    pub(crate) fn are_plain(&self) -> bool {
        self.on_the_way == OnTheWay::Relay && self.by_prefix.is_empty()
    }

    /// What is left of what was asked for with a message to `destination`.
    pub(crate) fn narrow(&self, asked: Wants, destination: &[u8]) -> Wants {
        let ending = asked.only(Wants::SUCCESS.and(Wants::FAILURE));
        let fitting = self
            .by_prefix
            .iter()
            .filter(|(prefix, _)| destination.starts_with(prefix))
            .max_by_key(|(prefix, _)| prefix.len());
        match fitting.map_or(Receipts::AsAsked, |&(_, receipts)| receipts) {
            Receipts::None => Wants::NONE,
            Receipts::HandedOver if ending == Wants::NONE => Wants::NONE,
            Receipts::HandedOver => ending.and(Wants::HANDED_OVER),
            Receipts::AsAsked => match self.on_the_way {
                OnTheWay::Relay => asked,
                OnTheWay::Suppress => ending,
                OnTheWay::Accepted if asked == Wants::NONE => Wants::NONE,
                OnTheWay::Accepted => ending.and(Wants::ACCEPTED),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINAL: Wants = Wants(3);

    fn narrow(on_the_way: OnTheWay, octet: u8, destination: &str) -> Wants {
        let rules = ReceiptRules {
            on_the_way,
            by_prefix: vec![
                (b"57".to_vec(), Receipts::HandedOver),
                (b"5799".to_vec(), Receipts::None),
                (b"57991".to_vec(), Receipts::AsAsked),
            ],
        };
        let asked = Wants::from_registered_delivery(octet);
        rules.narrow(asked, destination.as_bytes())
    }

    #[test]
    fn the_longest_prefix_says_what_is_left() {
        let at = |destination| narrow(OnTheWay::Relay, 0x11, destination);
        assert_eq!(at("44770"), Wants(7));
        assert_eq!(at("57300"), FINAL.and(Wants::HANDED_OVER));
        assert_eq!(at("57992"), Wants::NONE);
        assert_eq!(at("579912"), Wants(7));
        assert_eq!(narrow(OnTheWay::Relay, 0x10, "57300"), Wants::NONE);
    }

    #[test]
    fn what_is_on_the_way_is_told_as_the_rules_say() {
        for (on_the_way, octet, expected) in [
            (OnTheWay::Relay, 0x01, FINAL),
            (OnTheWay::Relay, 0x10, Wants::INTERMEDIATE),
            (OnTheWay::Suppress, 0x11, FINAL),
            (OnTheWay::Suppress, 0x10, Wants::NONE),
            (OnTheWay::Accepted, 0x00, Wants::NONE),
            (OnTheWay::Accepted, 0x01, FINAL.and(Wants::ACCEPTED)),
            (
                OnTheWay::Accepted,
                0x12,
                Wants::FAILURE.and(Wants::ACCEPTED),
            ),
        ] {
            assert_eq!(narrow(on_the_way, octet, "44770"), expected);
        }
    }

    #[test]
    fn each_wish_covers_its_states() {
        let on_the_way = |wants: Wants| {
            let told = State::ALL.into_iter();
            told.filter(|&state| !state.is_final() && wants.covers_on_the_way(state))
                .collect::<Vec<_>>()
        };
        let at_the_end = |wants: Wants| {
            let told = State::ALL.into_iter();
            told.filter(|&state| wants.covers(state))
                .collect::<Vec<_>>()
        };
        assert_eq!(on_the_way(FINAL), []);
        assert_eq!(on_the_way(FINAL.and(Wants::ACCEPTED)), [State::Accepted]);
        assert_eq!(on_the_way(Wants(7)).len(), 4);
        let colombian = FINAL.and(Wants::HANDED_OVER);
        assert_eq!(on_the_way(colombian), [State::Enroute]);
        assert_eq!(at_the_end(colombian), [State::Rejected]);
        let failures = Wants::FAILURE.and(Wants::HANDED_OVER);
        assert_eq!(on_the_way(failures), []);
        assert_eq!(at_the_end(failures), [State::Rejected]);
    }
}
