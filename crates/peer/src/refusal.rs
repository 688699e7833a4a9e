//! The one place where the engine's refusals become a command_status.

use engine::Refusal;
use smpp::status::{self, Status};

/// What was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// A customer's bind.
    Bind,
    /// A customer's message.
    Submit,
    /// The state of a customer's message.
    Query,
    /// That a customer's message is not sent.
    Cancel,
    /// That another is sent in its place.
    Replace,
    /// A carrier's receipt or MO.
    Deliver,
}

/// How a refusal of the engine is said to the peer that asked, in the words of SMPP 5.0; older peers get
/// [`Status::for_version`] of it.
pub fn command_status(refusal: Refusal, asked: Asked) -> Status {
    match asked {
        Asked::Bind => match refusal {
            Refusal::TooManyBinds
            | Refusal::NotAllowed
            | Refusal::NoRoute
            | Refusal::NoCredit
            | Refusal::OverDailyLimit
            | Refusal::Expired
            | Refusal::UnknownMessage
            | Refusal::TooLate
            | Refusal::TooLong => status::RBINDFAIL,
            Refusal::Throttled | Refusal::Paused => status::RTHROTTLED,
            Refusal::Full | Refusal::Draining | Refusal::Fault => status::RSYSERR,
        },
        Asked::Submit => match refusal {
            Refusal::Full => status::RMSGQFUL,
            Refusal::Throttled | Refusal::Paused => status::RTHROTTLED,
            Refusal::NoRoute
            | Refusal::NotAllowed
            | Refusal::TooManyBinds
            | Refusal::NoCredit
            | Refusal::OverDailyLimit
            | Refusal::UnknownMessage
            | Refusal::TooLate => status::RSUBMITFAIL,
            Refusal::Expired => status::RINVEXPIRY,
            Refusal::TooLong => status::RINVMSGLEN,
            Refusal::Draining | Refusal::Fault => status::RSYSERR,
        },
        Asked::Query => about_message(refusal, status::RQUERYFAIL),
        Asked::Cancel => about_message(refusal, status::RCANCELFAIL),
        Asked::Replace => about_message(refusal, status::RREPLACEFAIL),
        // A carrier tries again after 0x64, and gives up after 0x65 and 0x66 (SMPP 3.4, 5.1.3).
        Asked::Deliver => match refusal {
            Refusal::Full
            | Refusal::Throttled
            | Refusal::Paused
            | Refusal::Draining
            | Refusal::Fault
            | Refusal::TooManyBinds => status::RX_T_APPN,
            Refusal::NoRoute
            | Refusal::NotAllowed
            | Refusal::NoCredit
            | Refusal::OverDailyLimit
            | Refusal::UnknownMessage => status::RX_P_APPN,
            Refusal::TooLate | Refusal::Expired | Refusal::TooLong => status::RX_R_APPN,
        },
    }
}

/// A message that is unknown is never told apart from another customer's; every other reason has its own status, or `failed`.
fn about_message(refusal: Refusal, failed: Status) -> Status {
    match refusal {
        Refusal::UnknownMessage => status::RINVMSGID,
        Refusal::TooLate
        | Refusal::NotAllowed
        | Refusal::NoRoute
        | Refusal::NoCredit
        | Refusal::OverDailyLimit
        | Refusal::TooManyBinds => failed,
        Refusal::Expired => status::RINVEXPIRY,
        Refusal::TooLong => status::RINVMSGLEN,
        Refusal::Full => status::RMSGQFUL,
        Refusal::Throttled | Refusal::Paused => status::RTHROTTLED,
        Refusal::Draining | Refusal::Fault => status::RSYSERR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_status_for_whoever_asked() {
        for (refusal, bind, submit, deliver) in [
            (Refusal::Full, 0x08, 0x14, 0x64),
            (Refusal::Throttled, 0x58, 0x58, 0x64),
            (Refusal::Paused, 0x58, 0x58, 0x64),
            (Refusal::NoRoute, 0x0D, 0x45, 0x65),
            (Refusal::TooManyBinds, 0x0D, 0x45, 0x64),
            (Refusal::NotAllowed, 0x0D, 0x45, 0x65),
            (Refusal::NoCredit, 0x0D, 0x45, 0x65),
            (Refusal::OverDailyLimit, 0x0D, 0x45, 0x65),
            (Refusal::Expired, 0x0D, 0x62, 0x66),
            (Refusal::TooLong, 0x0D, 0x01, 0x66),
            (Refusal::Draining, 0x08, 0x08, 0x64),
            (Refusal::UnknownMessage, 0x0D, 0x45, 0x65),
            (Refusal::TooLate, 0x0D, 0x45, 0x66),
            (Refusal::Fault, 0x08, 0x08, 0x64),
        ] {
            let said = [Asked::Bind, Asked::Submit, Asked::Deliver]
                .map(|asked| command_status(refusal, asked).0);
            assert_eq!(said, [bind, submit, deliver], "{refusal:?}");
        }
    }

    #[test]
    fn what_is_asked_about_a_message_fails_with_the_status_of_its_operation() {
        for (refusal, query, cancel, replace) in [
            (Refusal::UnknownMessage, 0x0C, 0x0C, 0x0C),
            (Refusal::TooLate, 0x67, 0x11, 0x13),
            (Refusal::Full, 0x14, 0x14, 0x14),
            (Refusal::Expired, 0x62, 0x62, 0x62),
            (Refusal::Fault, 0x08, 0x08, 0x08),
        ] {
            let said = [Asked::Query, Asked::Cancel, Asked::Replace]
                .map(|asked| command_status(refusal, asked).0);
            assert_eq!(said, [query, cancel, replace], "{refusal:?}");
        }
    }
}
