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
            | Refusal::Expired => status::RBINDFAIL,
            Refusal::Throttled => status::RTHROTTLED,
            Refusal::Full | Refusal::Draining => status::RSYSERR,
        },
        Asked::Submit => match refusal {
            Refusal::Full => status::RMSGQFUL,
            Refusal::Throttled => status::RTHROTTLED,
            Refusal::NoRoute
            | Refusal::NotAllowed
            | Refusal::TooManyBinds
            | Refusal::NoCredit
            | Refusal::OverDailyLimit => status::RSUBMITFAIL,
            Refusal::Expired => status::RINVEXPIRY,
            Refusal::Draining => status::RSYSERR,
        },
        // A carrier tries again after 0x64, and gives up after 0x65 and 0x66 (SMPP 3.4, 5.1.3).
        Asked::Deliver => match refusal {
            Refusal::Full | Refusal::Throttled | Refusal::Draining | Refusal::TooManyBinds => {
                status::RX_T_APPN
            }
            Refusal::NoRoute
            | Refusal::NotAllowed
            | Refusal::NoCredit
            | Refusal::OverDailyLimit => status::RX_P_APPN,
            Refusal::Expired => status::RX_R_APPN,
        },
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
            (Refusal::NoRoute, 0x0D, 0x45, 0x65),
            (Refusal::TooManyBinds, 0x0D, 0x45, 0x64),
            (Refusal::NotAllowed, 0x0D, 0x45, 0x65),
            (Refusal::NoCredit, 0x0D, 0x45, 0x65),
            (Refusal::OverDailyLimit, 0x0D, 0x45, 0x65),
            (Refusal::Expired, 0x0D, 0x62, 0x66),
            (Refusal::Draining, 0x08, 0x08, 0x64),
        ] {
            let said = [Asked::Bind, Asked::Submit, Asked::Deliver]
                .map(|asked| command_status(refusal, asked).0);
            assert_eq!(said, [bind, submit, deliver], "{refusal:?}");
        }
    }
}
