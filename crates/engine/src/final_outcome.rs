//! What became of messages, in full: for whoever keeps the operator's books.
//!
//! The history needs a row for each end, and that is told always. This is told beside it, through the same gate, only while
//! somebody wants it ([`Limits::outcomes`](crate::Limits::outcomes)): to the others an end costs no more for it.

use sms::{State, Wall};

use crate::record::Reason;
use crate::{ConnectorId, CustomerId, MessageKey, Told};

/// The end of a message of a customer, in full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FinalOutcome<'a> {
    /// Who sent it: digits or letters, as they were accepted.
    pub source: &'a [u8],
    /// Who was to have it.
    pub destination: &'a [u8],
    /// What its carrier called it, trimmed and in lower case; empty: no carrier gave it a name.
    pub carrier_id: &'a [u8],
    /// Everything else.
    pub facts: Facts,
}

/// What is known of the end of a message beside its addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Whose it was.
    pub customer: CustomerId,
    /// What its customer was told that it is called; the parts of one long message may be called alike.
    pub told: Told,
    /// Itself; it was accepted when this was minted.
    pub key: MessageKey,
    /// The connector that it was last with.
    pub connector: ConnectorId,
    /// Its last state.
    pub state: State,
    /// Why it ended.
    pub ending: Ending,
    /// When the carrier took it; none: it did not, or that was not written down.
    pub sent: Option<Wall>,
    /// When it ended: as its carrier says, if it does.
    pub done: Wall,
    /// Its number among the parts of a long message, from 1, and how many they are.
    pub part: Option<(u8, u8)>,
    /// How often its last carrier refused it for now.
    pub refusals: u8,
    /// How often it was sent again because nobody knew.
    pub doubts: u8,
}

/// Why a message ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The carrier's receipt says so, with this error.
    Receipt([u8; 3]),
    /// The carrier refused it for good, with this command_status.
    Refused(u32),
    /// Its validity ended first.
    Expired,
    /// No route takes it any more.
    NoRoute,
    /// Sent, never answered, given up.
    Unanswered,
    /// Taken by the carrier, and no receipt came in time.
    NoReceipt,
    /// Taken by a carrier that sends no receipts.
    Taken,
    /// Accepted, though the customer's credit was not enough for it.
    NoCredit,
    /// Accepted, though the customer had sent as many that day as agreed.
    OverDailyLimit,
    /// Its customer cancelled or replaced it.
    Cancelled,
    /// A part whose others did not come in time.
    Incomplete,
    /// An operator took it out of its lane for good.
    Purged,
}

impl Ending {
    /// How a message ends for this reason; `None`: no message does.
    pub(crate) fn of(reason: Reason) -> Option<Ending> {
        Some(match reason {
            Reason::Refused(status) => Ending::Refused(status),
            Reason::Expired => Ending::Expired,
            Reason::NoRoute => Ending::NoRoute,
            Reason::Unknown => Ending::Unanswered,
            Reason::NoReceipt => Ending::NoReceipt,
            Reason::Carried => Ending::Taken,
            Reason::NoCredit => Ending::NoCredit,
            Reason::OverDailyLimit => Ending::OverDailyLimit,
            Reason::Deleted => Ending::Cancelled,
            Reason::Incomplete => Ending::Incomplete,
            Reason::Purged => Ending::Purged,
            Reason::Acknowledged | Reason::RefusedByCustomer | Reason::Forgotten => return None,
        })
    }
}

/// Ends in the order of the journal.
#[derive(Default, Debug)]
pub struct FinalOutcomes {
    ends: Vec<End>,
    /// The addresses and ids of all, one after the other.
    octets: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    facts: Facts,
    source: u8,
    destination: u8,
    carrier_id: u8,
}

impl FinalOutcomes {
    /// Adds one; of an address or id at most 255 octets.
    pub fn push(&mut self, outcome: &FinalOutcome<'_>) {
        let mut put = |octets: &[u8]| {
            let length = u8::try_from(octets.len()).unwrap_or(u8::MAX);
            self.octets.extend_from_slice(&octets[..length.into()]);
            length
        };
        self.ends.push(End {
            source: put(outcome.source),
            destination: put(outcome.destination),
            carrier_id: put(outcome.carrier_id),
            facts: outcome.facts,
        });
    }

    /// Takes everything out of `other`, behind what is here.
    pub fn append(&mut self, other: &mut FinalOutcomes) {
        self.ends.append(&mut other.ends);
        self.octets.append(&mut other.octets);
    }

    /// Each in order.
    pub fn iter(&self) -> impl Iterator<Item = FinalOutcome<'_>> {
        let mut rest = self.octets.as_slice();
        self.ends.iter().map(move |end| {
            let mut take = |length: u8| {
                let (octets, after) = rest.split_at(length.into());
                rest = after;
                octets
            };
            FinalOutcome {
                source: take(end.source),
                destination: take(end.destination),
                carrier_id: take(end.carrier_id),
                facts: end.facts,
            }
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets everything, keeps the room.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.octets.clear();
    }
}
