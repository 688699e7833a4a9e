//! What became of messages that have ended: told to whoever keeps it, and asked of it.
//!
//! The engine forgets a message with its last receipt, and its customer may ask for days. So each end passes the gate as a
//! row for the history, and so does each question that the fold cannot answer: behind the rows that it may be about.

use sms::{State, Wall};

use crate::whole::severity;
use crate::{Answer, Cause, CustomerId, FinalOutcomes, MessageKey, Origin, Output, Refusal, Told};

/// Octets of a row.
pub const ROW_OCTETS: usize = 32;
/// Octets with which all rows begin that are about what one customer was told is called so.
pub const ROW_BEGINNING: usize = 12;

/// The end of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Whose it was.
    pub customer: CustomerId,
    /// What its customer was told that it is called; others may be called so too.
    pub told: Told,
    /// Itself.
    pub key: MessageKey,
    /// Its last state.
    pub state: State,
    /// Why.
    pub cause: Cause,
    /// When it came to it.
    pub at: Wall,
}

/// How long a message took from one point of its way to the next, in milliseconds. Told of the first message of each
/// millisecond and of every 64th after it: of all while there are few, at no cost while there are many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lapse {
    /// From when it was accepted until a carrier took it.
    ToCarrier(u64),
    /// From then until the carrier's last receipt.
    ToReceipt(u64),
    /// From the receipt, or the message of a subscriber, until the customer acknowledged it.
    ToCustomer(u64),
}

/// A question about a message that the fold does not know: it has ended, or never was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LookUp {
    /// The request to answer.
    pub origin: Origin,
    /// Who asks.
    pub customer: CustomerId,
    /// What the message is called.
    pub told: Told,
    /// Its state is asked for; else it is to be changed, which comes too late.
    pub query: bool,
}

/// What is for the history, in the order of the journal: all ends, then all questions.
#[derive(Default, Debug)]
pub struct Past {
    /// Messages that ended.
    pub ended: Vec<Ended>,
    /// Questions about ended messages.
    pub lookups: Vec<LookUp>,
    /// The ends again, in full, while that is wanted.
    pub outcomes: FinalOutcomes,
    /// How long stages of some messages took.
    pub lapses: Vec<Lapse>,
}

impl Past {
    /// Takes everything out of `other`, behind what is here.
    pub fn append(&mut self, other: &mut Past) {
        self.ended.append(&mut other.ended);
        self.lookups.append(&mut other.lookups);
        self.outcomes.append(&mut other.outcomes);
        self.lapses.append(&mut other.lapses);
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.ended.is_empty() && self.lookups.is_empty() && self.lapses.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.ended.clear();
        self.lookups.clear();
        self.outcomes.clear();
        self.lapses.clear();
    }
}

impl Ended {
    /// As a row: rows of one name are neighbours when they are sorted, and a repeated row is the same.
    pub fn row(&self) -> [u8; ROW_OCTETS] {
        let mut row = [0; ROW_OCTETS];
        row[..ROW_BEGINNING].copy_from_slice(&beginning(self.customer, self.told));
        // What differs between messages of one name, which were made one after the other.
        row[12..16].copy_from_slice(&(self.key.0 as u32).to_be_bytes());
        row[16..24].copy_from_slice(&self.at.0.to_be_bytes());
        row[24] = self.state as u8;
        row[25..28].copy_from_slice(&self.cause.octets());
        row
    }
}

/// The end of a message as the history has it, for whoever shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PastEnd {
    /// Whose it was.
    pub customer: CustomerId,
    /// Its last state.
    pub state: State,
    /// When it came to it.
    pub at: Wall,
}

impl PastEnd {
    /// With what the rows begin about messages of any customer that is told of them by this number.
    pub fn beginning(told: u64) -> [u8; 8] {
        told.to_be_bytes()
    }

    /// What a row says; `None` if it is none.
    pub fn read(row: &[u8; ROW_OCTETS]) -> Option<PastEnd> {
        Some(PastEnd {
            customer: CustomerId(u32::from_be_bytes(row[8..12].try_into().ok()?)),
            state: State::from_u8(row[24])?,
            at: Wall(u64::from_be_bytes(row[16..24].try_into().ok()?)),
        })
    }
}

impl LookUp {
    /// With what the rows begin that answer it.
    pub fn beginning(&self) -> [u8; ROW_BEGINNING] {
        beginning(self.customer, self.told)
    }

    /// The answer that these rows give. Of several messages of one name it is the worst end, as in a receipt about all of them, at
    /// the time when the last of them ended.
    pub fn answer(&self, rows: &[[u8; ROW_OCTETS]]) -> Output {
        let origin = self.origin;
        let ends = rows.iter().filter_map(|row| {
            let at = Wall(u64::from_be_bytes(row[16..24].try_into().ok()?));
            let cause = Cause::from_octets(row[25..28].try_into().ok()?);
            Some((State::from_u8(row[24])?, cause, at))
        });
        let since = ends.clone().map(|(.., at)| at).max();
        match ends.max_by_key(|&(state, _, at)| (severity(state), at)) {
            None => Output::Refused {
                origin,
                refusal: Refusal::UnknownMessage,
            },
            Some(_) if !self.query => Output::Refused {
                origin,
                refusal: Refusal::TooLate,
            },
            Some((state, cause, _)) => Output::Answer {
                origin,
                answer: Answer::State {
                    told: self.told,
                    state,
                    cause,
                    since,
                },
            },
        }
    }
}

/// The newest names are the greatest, so that rows which are written together lie together.
fn beginning(customer: CustomerId, told: Told) -> [u8; ROW_BEGINNING] {
    let mut beginning = [0; ROW_BEGINNING];
    beginning[..8].copy_from_slice(&told.0.to_be_bytes());
    beginning[8..].copy_from_slice(&customer.0.to_be_bytes());
    beginning
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKUP: LookUp = LookUp {
        origin: Origin {
            io: 1,
            slot: 2,
            generation: 3,
            sequence: 4,
        },
        customer: CustomerId(7),
        told: Told(9),
        query: true,
    };

    fn ended(key: u64, state: State, at: u64) -> Ended {
        Ended {
            customer: LOOKUP.customer,
            told: LOOKUP.told,
            key: MessageKey(key),
            state,
            cause: Cause::Code(*b"012"),
            at: Wall(at),
        }
    }

    fn state(rows: &[[u8; ROW_OCTETS]]) -> (State, Option<Wall>) {
        match LOOKUP.answer(rows) {
            Output::Answer {
                answer: Answer::State { state, since, .. },
                ..
            } => (state, since),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_row_answers_what_it_was_made_of() {
        let row = ended(9, State::Undeliverable, 1_795_262_400_000).row();
        assert!(row.starts_with(&LOOKUP.beginning()));
        let answer = Answer::State {
            told: LOOKUP.told,
            state: State::Undeliverable,
            cause: Cause::Code(*b"012"),
            since: Some(Wall(1_795_262_400_000)),
        };
        let origin = LOOKUP.origin;
        assert_eq!(LOOKUP.answer(&[row]), Output::Answer { origin, answer });
    }

    #[test]
    fn without_a_row_the_message_never_was_and_with_one_it_is_too_late() {
        let refused = |lookup: LookUp, rows: &[[u8; ROW_OCTETS]]| match lookup.answer(rows) {
            Output::Refused { refusal, .. } => refusal,
            other => panic!("{other:?}"),
        };
        let change = LookUp {
            query: false,
            ..LOOKUP
        };
        let row = ended(9, State::Delivered, 1).row();
        assert_eq!(refused(LOOKUP, &[]), Refusal::UnknownMessage);
        assert_eq!(refused(change, &[]), Refusal::UnknownMessage);
        assert_eq!(refused(change, &[row]), Refusal::TooLate);
    }

    #[test]
    fn of_several_the_worst_answers_as_their_receipt_does() {
        let delivered = ended(9, State::Delivered, 5).row();
        let expired = ended(10, State::Expired, 3).row();
        assert_ne!(delivered[..16], expired[..16]);
        assert_eq!(
            state(&[delivered, expired]),
            (State::Expired, Some(Wall(5)))
        );
        let rejected = ended(11, State::Rejected, 2).row();
        assert_eq!(
            state(&[delivered, expired, rejected]),
            (State::Rejected, Some(Wall(5)))
        );
        assert_eq!(state(&[delivered]), (State::Delivered, Some(Wall(5))));
    }
}
