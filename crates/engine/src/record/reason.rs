//! Why messages, deliveries and unmatched receipts end.

use sms::State;

use crate::Cause;

/// Why something ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// A delivery: the customer acknowledged it.
    Acknowledged,
    /// A delivery: the customer refused it for good.
    RefusedByCustomer,
    /// A message: the carrier refused it for good, with this command_status.
    Refused(u32),
    /// Its time ran out.
    Expired,
    /// No route takes it any more.
    NoRoute,
    /// Sent, never answered, given up.
    Unknown,
    /// Taken by the carrier, and no receipt came in time.
    NoReceipt,
    /// Taken by a carrier that sends no receipts.
    Carried,
    /// An unmatched receipt that was kept long enough.
    Forgotten,
    /// Accepted, though the customer's credit was not enough for it.
    NoCredit,
    /// Accepted, though the customer had sent as many that day as agreed.
    OverDailyLimit,
    /// A message: its customer does not want it sent any more.
    Deleted,
    /// A message: an operator does not want it sent.
    Purged,
    /// A part whose others did not come in time.
    Incomplete,
}

impl Reason {
    /// What the customer is told of a message that ended so.
    pub(crate) fn state(self) -> State {
        match self {
            Reason::Refused(_) | Reason::NoCredit | Reason::OverDailyLimit => State::Rejected,
            Reason::Expired => State::Expired,
            Reason::NoRoute | Reason::RefusedByCustomer => State::Undeliverable,
            Reason::Unknown | Reason::NoReceipt | Reason::Forgotten => State::Unknown,
            Reason::Carried => State::Accepted,
            Reason::Deleted | Reason::Purged => State::Deleted,
            Reason::Incomplete => State::Undeliverable,
            Reason::Acknowledged => State::Delivered,
        }
    }

    /// What the receipt's err is made from: a carrier's refusal is its command_status in three decimal digits.
    pub(crate) fn cause(self) -> Cause {
        match self {
            Reason::Refused(status) => {
                let digit = |unit: u32| b'0' + (status / unit % 10) as u8;
                Cause::Code([digit(100), digit(10), digit(1)])
            }
            Reason::NoRoute => Cause::NoRoute,
            Reason::NoCredit => Cause::NoCredit,
            Reason::OverDailyLimit => Cause::OverDailyLimit,
            Reason::Acknowledged
            | Reason::RefusedByCustomer
            | Reason::Expired
            | Reason::Unknown
            | Reason::NoReceipt
            | Reason::Carried
            | Reason::Forgotten
            | Reason::Deleted
            | Reason::Purged
            | Reason::Incomplete => Cause::NONE,
        }
    }

    pub(super) fn code(self) -> (u8, u32) {
        match self {
            Reason::Acknowledged => (0, 0),
            Reason::RefusedByCustomer => (1, 0),
            Reason::Refused(status) => (2, status),
            Reason::Expired => (3, 0),
            Reason::NoRoute => (4, 0),
            Reason::Unknown => (5, 0),
            Reason::NoReceipt => (6, 0),
            Reason::Carried => (7, 0),
            Reason::Forgotten => (8, 0),
            Reason::NoCredit => (9, 0),
            Reason::OverDailyLimit => (10, 0),
            Reason::Deleted => (20, 0),
            Reason::Purged => (21, 0),
            Reason::Incomplete => (40, 0),
        }
    }

    pub(super) fn from_code(code: u8, status: u32) -> Option<Reason> {
        Some(match code {
            0 => Reason::Acknowledged,
            1 => Reason::RefusedByCustomer,
            2 => Reason::Refused(status),
            3 => Reason::Expired,
            4 => Reason::NoRoute,
            5 => Reason::Unknown,
            6 => Reason::NoReceipt,
            7 => Reason::Carried,
            8 => Reason::Forgotten,
            9 => Reason::NoCredit,
            10 => Reason::OverDailyLimit,
            20 => Reason::Deleted,
            21 => Reason::Purged,
            40 => Reason::Incomplete,
            _ => return None,
        })
    }
}
