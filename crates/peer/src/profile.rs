//! What the edge knows of a carrier: how to bind to it, and where it deviates.

use core::fmt;
use core::time::Duration;

use engine::{ConnectorId, LongMessages, RefusalClass};
use smpp::Version;
use smpp::session::BindKind;
use smpp::status::{self, Status};

use crate::Habits;

/// A carrier's deviations and preferences: everything that [`carrier::Carrier`](crate::carrier::Carrier) needs of one.
#[derive(Clone)]
pub struct Profile {
    /// Its stable number.
    pub connector: ConnectorId,
    /// What operators call it.
    pub name: String,
    /// Who we are to it; at most 15 characters.
    pub system_id: String,
    /// What proves it; at most 8 characters by the specification, 64 by habit.
    pub password: String,
    /// `system_type` of the bind; at most 12 characters.
    pub system_type: String,
    /// `interface_version` of the bind: the version we want to speak.
    pub version: Version,
    /// Which bind.
    pub kind: BindKind,
    /// TON, NPI and pattern of `address_range`; at most 40 characters.
    pub address_range: (u8, u8, String),
    /// Requests to the carrier that may be unanswered, 1 to 65 535.
    pub window: u16,
    /// Requests of the carrier that may be unanswered, 1 to 65 535; beyond it the socket is not read.
    pub window_in: u16,
    /// How long the bind may be unanswered.
    pub bind_timeout: Duration,
    /// How long a submit_sm may be unanswered before its fate counts as unknown.
    pub response_timeout: Duration,
    /// How long after that a late answer is still waited for; its place in the window stays taken.
    pub late_wait: Duration,
    /// Idle time after which we send an enquire_link; none: never.
    pub enquire_link: Option<Duration>,
    /// How long an enquire_link may be unanswered.
    pub enquire_link_timeout: Duration,
    /// Whether a missed enquire_link ends the session.
    pub enquire_timeout_closes: bool,
    /// Nothing received for so long ends the session; none: never.
    pub inactivity: Option<Duration>,
    /// Every message asks for a receipt, whether its sender did or not.
    pub ask_receipts: bool,
    /// The end of validity goes along as an absolute time in UTC; else the carrier's own default holds.
    pub send_validity: bool,
    /// Octets of text that still go as `short_message`, up to 255; longer ones as `message_payload`.
    pub short_message_max: u8,
    /// How it wants the parts of long messages marked; the engine cuts them by the same.
    pub long_messages: LongMessages,
    /// What data_coding becomes on the way out when it is 0; none: it stays.
    pub default_data_coding: Option<u8>,
    /// Offset of the dates in its receipts from UTC, in quarter hours east, -48 to 48.
    pub receipt_offset_quarters: i8,
    /// What is peculiar to it in what it says and wants to hear.
    pub habits: Habits,
    /// What refusals mean where the carrier differs from [`refusal_class`]; the first that names the status holds.
    pub refusals: Vec<(Status, RefusalClass)>,
}

impl Default for Profile {
    fn default() -> Profile {
        Profile {
            connector: ConnectorId::default(),
            name: String::new(),
            system_id: String::new(),
            password: String::new(),
            system_type: String::new(),
            version: Version::V34,
            kind: BindKind::Transceiver,
            address_range: (0, 0, String::new()),
            window: 10,
            window_in: 100,
            bind_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(30),
            late_wait: Duration::from_secs(30),
            enquire_link: Some(Duration::from_secs(30)),
            enquire_link_timeout: Duration::from_secs(10),
            enquire_timeout_closes: true,
            inactivity: Some(Duration::from_secs(120)),
            ask_receipts: true,
            send_validity: true,
            short_message_max: 254,
            long_messages: LongMessages::default(),
            default_data_coding: None,
            receipt_offset_quarters: 0,
            habits: Habits::default(),
            refusals: Vec::new(),
        }
    }
}

impl fmt::Debug for Profile {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("connector", &self.connector)
            .field("name", &self.name)
            .field("system_id", &self.system_id)
            .field("version", &self.version)
            .field("kind", &self.kind)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

/// What a carrier's refusal of a message means for the message.
///
/// Without an override in the profile: retry later on the same link 0x58, 0x14, 0x08, 0x64, 0x102; trouble of the link 0x04,
/// 0x05, 0x0D, 0x0E, 0x0F; policy of this gateway 0xFE and 0xFF vague; everything else, vendors' codes included,
/// permanent (SMPP 3.4, 5.1.3).
pub fn refusal_class(status: Status, profile: &Profile) -> RefusalClass {
    profile
        .refusals
        .iter()
        .find(|(special, _)| *special == status)
        .map_or_else(|| usual_class(status), |&(_, class)| class)
}

fn usual_class(refused: Status) -> RefusalClass {
    match refused {
        status::RTHROTTLED => RefusalClass::Throttled,
        status::RMSGQFUL => RefusalClass::DestinationBusy,
        status::RSYSERR | status::RX_T_APPN | status::RSERTYPUNAVAIL => RefusalClass::Temporary,
        status::RDELIVERYFAILURE | status::RUNKNOWNERR => RefusalClass::Vague,
        status::RINVBNDSTS
        | status::RALYBND
        | status::RBINDFAIL
        | status::RINVPASWD
        | status::RINVSYSID => RefusalClass::LinkFault,
        Status(_) => RefusalClass::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_mean_what_the_retry_classes_say() {
        use RefusalClass::{DestinationBusy, LinkFault, Permanent, Temporary, Throttled, Vague};
        let profile = Profile::default();
        for (code, class) in [
            (0x58, Throttled),
            (0x14, DestinationBusy),
            (0x08, Temporary),
            (0x64, Temporary),
            (0x102, Temporary),
            (0xFE, Vague),
            (0xFF, Vague),
            (0x04, LinkFault),
            (0x05, LinkFault),
            (0x0D, LinkFault),
            (0x0E, LinkFault),
            (0x0F, LinkFault),
            (0x45, Permanent),
            (0x0B, Permanent),
            (0x01, Permanent),
            (0x65, Permanent),
            (0x400, Permanent),
            (0xFFFF_FFFF, Permanent),
        ] {
            assert_eq!(refusal_class(Status(code), &profile), class, "{code:#x}");
        }
    }

    #[test]
    fn a_carrier_may_mean_something_else_by_its_refusal() {
        let profile = Profile {
            refusals: vec![(Status(0x45), RefusalClass::Temporary)],
            ..Profile::default()
        };
        assert_eq!(
            refusal_class(Status(0x45), &profile),
            RefusalClass::Temporary
        );
        assert_eq!(
            refusal_class(Status(0x0B), &profile),
            RefusalClass::Permanent
        );
    }

    #[test]
    fn a_profile_is_shown_without_its_password() {
        let profile = Profile {
            password: "s3cr3t".to_owned(),
            ..Profile::default()
        };
        assert!(!format!("{profile:?}").contains("s3cr3t"));
    }
}
