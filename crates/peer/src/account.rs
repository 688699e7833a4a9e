//! What the edge knows of a customer: its protocol, its rules for submitting, and how it wants to be told.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::collections::BTreeSet;

use engine::{CustomerId, Group};
use smpp::Version;
use smpp::pdu::BindLimits;
use smpp::status::{self, Status};
use sms::Reading;

use crate::{Alphabets, Delivering, Operations, Statuses};

/// Everything that the edge needs of a customer. [`Default`] is the preset `default`.
///
/// Limits that hold over all binds of a customer (rate, number of binds, routes) are the engine's
/// ([`engine::Customer`]).
#[derive(Clone, Debug)]
pub struct Account {
    /// Its stable number.
    pub customer: CustomerId,
    /// What it binds as.
    pub system_id: String,
    /// Our `system_id` in the answer to its bind; at most 15 characters.
    pub answer_as: String,
    /// What it may bind with.
    pub binding: Binding,
    /// Keep-alive and deadlines of its sessions.
    pub session: SessionRules,
    /// What it may submit.
    pub submitting: Submitting,
    /// How it is told what became of its messages, and what subscribers wrote.
    pub delivering: Delivering,
}

/// What a customer may bind with.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The oldest version it may speak.
    pub version_min: Version,
    /// The newest version it may speak.
    pub version_max: Version,
    /// A version outside of these.
    pub mismatch: Mismatch,
    /// `bind_transmitter` is allowed.
    pub transmitter: bool,
    /// `bind_receiver` is allowed.
    pub receiver: bool,
    /// `bind_transceiver` is allowed.
    pub transceiver: bool,
    /// Its `system_type` names the group of the bind; anything but a number means group `0` (BUL-52, BUL-66). Off: all binds are
    /// in group `0` (C-12).
    pub groups: bool,
    /// The highest number that a bind group may have; a bind with a higher one is refused with `ESME_RINVSYSTYP` (BUL-F3).
    pub group_max: u64,
    /// The group `01` is the group `1`; else they are two (BUL-56).
    pub group_normalise: bool,
    /// How long the strings of its bind may be.
    pub fields: BindLimits,
    /// The values of `system_type` that its bind may have, or `ESME_RINVSYSTYP`; none: whatever it says.
    pub system_types: Vec<String>,
    /// A refused bind ends the connection; else another may be tried on it.
    pub refusal_closes: bool,
    /// What is answered when as many binds as agreed stand already: `ESME_RBINDFAIL`, or `ESME_RALYBND`.
    pub too_many: Status,
}

impl Binding {
    /// The group of a bind with this `system_type`, or what it is refused with.
    pub(crate) fn group(&self, system_type: &[u8]) -> Result<Group, Status> {
        if !self.groups {
            return Ok(Group::default());
        }
        let group = Group::new(system_type).unwrap_or_default();
        if group.number() > self.group_max {
            return Err(status::RINVSYSTYP);
        }
        Ok(if self.group_normalise {
            group.normalised()
        } else {
            group
        })
    }
}

/// What happens to a bind whose version the customer may not speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mismatch {
    /// It is refused with `ESME_RBINDFAIL`.
    Reject,
    /// A newer one becomes the newest allowed. One older than the oldest allowed is refused: nobody can be made to speak
    /// more than it knows.
    Downgrade,
}

/// Keep-alive and deadlines of a customer's sessions.
#[derive(Clone, Debug)]
pub struct SessionRules {
    /// Requests of the customer that may be unanswered, 1 to 65 535.
    pub window_in: u16,
    /// What a request beyond that is answered; none: the socket is not read until there is room.
    pub window_over: Option<Status>,
    /// Requests to the customer that may be unanswered, 1 to 65 535.
    pub window_out: u16,
    /// Idle time after which we send an enquire_link; none: never.
    pub enquire_link: Option<Duration>,
    /// How long an enquire_link may be unanswered before it counts as missed and is repeated.
    pub enquire_link_timeout: Duration,
    /// Whether a missed enquire_link ends the session.
    pub enquire_timeout_closes: bool,
    /// Nothing received for so long ends the session; none: never.
    pub inactivity: Option<Duration>,
    /// How long a deliver_sm may be unanswered before its fate counts as unknown.
    pub response_timeout: Duration,
}

/// What a customer may submit, and what is made of it.
#[derive(Clone, Debug)]
pub struct Submitting {
    /// The requests it may send; every other one is answered as what it is, with `ESME_RINVCMDID`.
    pub operations: Operations,
    /// What in a message is the name of the route that it selects.
    pub route_selector: RouteSelector,
    /// What is made of addresses.
    pub addresses: AddressRules,
    /// What the values of data_coding mean that customers read differently.
    pub reading: Reading,
    /// Octets of `short_message`, up to 255; more: `ESME_RINVMSGLEN`.
    pub message_octets_max: u8,
    /// A text that is too long for one short message and no part of a longer one.
    pub long_message: LongText,
    /// Destinations of one submit_multi, distribution lists counted by their numbers; more: `ESME_RINVNUMDESTS`.
    pub destinations_max: u16,
    /// Its distribution lists: a name, and digits of numbers.
    pub lists: Vec<(String, Vec<String>)>,
    /// Alphabets of messages that are no part of a longer one; others are `ESME_RINVDCS`.
    pub alphabets: Alphabets,
    /// Alphabets of parts, and of messages that are cut into some; others are `ESME_RINVDCS`.
    pub part_alphabets: Alphabets,
    /// What is made of message classes.
    pub message_class: ClassRule,
    /// Application ports are taken, in a user data header and in TLVs; else `ESME_RSUBMITFAIL`.
    pub ports: bool,
    /// What is made of the sar TLVs, which mark a part; refused with `ESME_RTLVNOTALLWD`.
    pub sar: Rule,
    /// What is made of `message_payload`; refused with `ESME_RTLVNOTALLWD`.
    pub payload: Rule,
    /// A message may have no text; else `ESME_RINVMSGLEN`.
    pub empty_text: bool,
    /// A known TLV of a wrong length is `ESME_RINVTLVLEN`; else it travels as it is.
    pub strict_tlv: bool,
    /// The highest lane class its messages get, 0 to 3, whatever they ask for.
    pub priority_max: u8,
    /// What is made of `validity_period`.
    pub validity: Rule,
    /// What is made of `schedule_delivery_time`.
    pub schedule: Rule,
    /// What is made of `priority_flag`.
    pub priority: Rule,
    /// What is made of `protocol_id`; refused with `ESME_RSUBMITFAIL`.
    pub protocol_id: Rule,
    /// Its messages are also found by source, destination and service type while they wait: `cancel_sm` may leave the id out,
    /// and `replace_if_present_flag` counts.
    pub find_by_address: bool,
    /// What is made of `replace_if_present_flag` without `find_by_address`.
    pub replace_if_present: Unoffered,
    /// What is made of `sm_default_msg_id`.
    pub default_message: Unoffered,
    /// What is made of `registered_delivery`.
    pub registered_delivery: RegisteredDelivery,
    /// What is made of TLVs that say nothing to us: they travel, do not, or are refused with `ESME_RTLVNOTALLWD`.
    pub other_tlvs: Rule,
    /// What its manual has in place of the specification's statuses.
    pub statuses: Statuses,
}

/// What in a message is the name of the route that it selects ([`engine::RouteName`]). It is ours, and does not travel on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteSelector {
    /// Nothing: all messages go alike.
    None,
    /// The octets of the TLV dest_subaddress, of any length (Mobivate's manual); a subaddress type octet before them is tolerated.
    DestSubaddress,
    /// service_type (the manual of BulkSMS).
    ServiceType,
}

/// What is made of the addresses of a submitted message.
#[derive(Clone, Debug)]
pub struct AddressRules {
    /// A leading `+` before digits is dropped.
    pub strip_plus: bool,
    /// A leading `00` before digits is dropped.
    pub strip_zeros: bool,
    /// TON and NPI become 5/0 for letters and 1/1 for digits; else they stay as sent.
    pub rewrite_ton_npi: bool,
    /// Characters of a source with letters; more: `ESME_RINVSRCADR`.
    pub alphanumeric_max: u8,
    /// Digits of a source without letters; more: `ESME_RINVSRCADR`.
    pub source_digits_max: u8,
    /// Digits of a destination; fewer: `ESME_RINVDSTADR`.
    pub destination_digits_min: u8,
    /// Digits of a destination; more: `ESME_RINVDSTADR`.
    pub destination_digits_max: u8,
    /// The TON and NPI that sources have to be sent with; none: any that there are.
    pub source_ton_npi: Option<TonNpi>,
    /// The TON and NPI that destinations have to be sent with; none: any that there are.
    pub destination_ton_npi: Option<TonNpi>,
    /// Which sources it may send from.
    pub source_policy: SourcePolicy,
    /// Its own sources, besides the default.
    pub own_sources: Sources,
    /// The source of a message that has none; empty: it stays without.
    pub default_source: String,
}

/// What is made of a text that is too long for one short message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LongText {
    /// It is cut into parts, as the carrier wants it.
    Split,
    /// It is refused with `ESME_RINVMSGLEN`: the customer cuts its texts itself.
    Refuse,
}

/// What is made of something that a message carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// It counts; one that cannot be read is refused with the field's status.
    Honour,
    /// It is not looked at.
    Ignore,
    /// A message that has one is refused with the field's status.
    Refuse,
}

/// What is made of the class that a data_coding gives a message (3GPP 23.038, 4), and of TLVs that do the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClassRule {
    /// It travels.
    Keep,
    /// It does not.
    Strip,
    /// A message that has one is refused with `ESME_RINVDCS`.
    Refuse,
    /// A message of class 0, flash, is refused with `ESME_RINVDCS`; the others keep theirs.
    RefuseFlash,
    /// Every message gets class 2, SIM, as far as its alphabet has classes.
    Sim,
}

/// What is made of something that is offered to nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unoffered {
    /// It is not looked at.
    Ignore,
    /// A message that has one is refused with the field's status.
    Refuse,
}

/// What is made of `registered_delivery`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegisteredDelivery {
    /// What SMPP 3.4, 5.2.17, says.
    Specification,
    /// Every value but 0 asks for one final receipt, of success or failure.
    AnyIsFinal,
    /// It is not looked at: the customer has no receipts.
    Never,
}

/// Whose numbers and names a customer may send from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourcePolicy {
    /// Any.
    Any,
    /// Its own; others are refused with `ESME_RINVSRCADR`.
    Own,
    /// Its own; others become its default.
    OwnOrDefault,
    /// Its default, whatever it writes.
    Default,
}

/// Type of number and numbering plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TonNpi {
    /// SMPP 3.4, 5.2.5.
    pub ton: u8,
    /// SMPP 3.4, 5.2.6.
    pub npi: u8,
}

/// Sources in the form in which they are compared: digits without `+`, names as they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sources(BTreeSet<Box<[u8]>>);

impl Sources {
    /// Each once, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|source| &**source)
    }

    pub(crate) fn contain(&self, source: &[u8]) -> bool {
        self.0.contains(source)
    }
}

impl<'a> FromIterator<&'a str> for Sources {
    fn from_iter<I: IntoIterator<Item = &'a str>>(sources: I) -> Sources {
        let bare = |source: &'a str| source.strip_prefix('+').unwrap_or(source).as_bytes().into();
        Sources(sources.into_iter().map(bare).collect())
    }
}

impl FromStr for TonNpi {
    type Err = ();

    /// Reads `TON/NPI` such as `1/1`.
    fn from_str(text: &str) -> Result<TonNpi, ()> {
        let (ton, npi) = text.split_once('/').ok_or(())?;
        let number = |text: &str| text.parse().map_err(|_| ());
        Ok(TonNpi {
            ton: number(ton)?,
            npi: number(npi)?,
        })
    }
}

impl fmt::Display for TonNpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ton, self.npi)
    }
}

impl Default for Account {
    fn default() -> Account {
        Account {
            customer: CustomerId::default(),
            system_id: String::new(),
            answer_as: "bindery".to_owned(),
            binding: Binding::default(),
            session: SessionRules::default(),
            submitting: Submitting::default(),
            delivering: Delivering::default(),
        }
    }
}

impl Default for Binding {
    fn default() -> Binding {
        Binding {
            version_min: Version::V33,
            version_max: Version::V50,
            mismatch: Mismatch::Downgrade,
            transmitter: true,
            receiver: true,
            transceiver: true,
            groups: false,
            group_max: Group::NUMBER_MAX,
            group_normalise: false,
            fields: BindLimits::SPECIFICATION,
            system_types: Vec::new(),
            refusal_closes: false,
            too_many: status::RBINDFAIL,
        }
    }
}

impl Default for SessionRules {
    fn default() -> SessionRules {
        SessionRules {
            window_in: 10,
            window_over: None,
            window_out: 10,
            enquire_link: Some(Duration::from_secs(30)),
            enquire_link_timeout: Duration::from_secs(10),
            enquire_timeout_closes: false,
            inactivity: Some(Duration::from_secs(120)),
            response_timeout: Duration::from_secs(30),
        }
    }
}

impl Submitting {
    /// The numbers of a distribution list.
    pub(crate) fn list(&self, name: &[u8]) -> Option<&[String]> {
        let mut lists = self.lists.iter();
        lists
            .find(|(known, _)| known.as_bytes() == name)
            .map(|(_, numbers)| &numbers[..])
    }
}

impl Default for Submitting {
    fn default() -> Submitting {
        Submitting {
            operations: Operations::default(),
            route_selector: RouteSelector::None,
            addresses: AddressRules::default(),
            reading: Reading::default(),
            message_octets_max: 255,
            long_message: LongText::Split,
            destinations_max: 1000,
            lists: Vec::new(),
            alphabets: Alphabets::default(),
            part_alphabets: Alphabets::default(),
            message_class: ClassRule::Keep,
            ports: true,
            sar: Rule::Honour,
            payload: Rule::Honour,
            empty_text: true,
            strict_tlv: false,
            priority_max: 3,
            validity: Rule::Honour,
            schedule: Rule::Honour,
            priority: Rule::Honour,
            protocol_id: Rule::Honour,
            find_by_address: false,
            replace_if_present: Unoffered::Refuse,
            default_message: Unoffered::Refuse,
            registered_delivery: RegisteredDelivery::Specification,
            other_tlvs: Rule::Honour,
            statuses: Statuses::default(),
        }
    }
}

impl Default for AddressRules {
    fn default() -> AddressRules {
        AddressRules {
            strip_plus: true,
            strip_zeros: true,
            rewrite_ton_npi: true,
            alphanumeric_max: 11,
            source_digits_max: 20,
            destination_digits_min: 1,
            destination_digits_max: 20,
            source_ton_npi: None,
            destination_ton_npi: None,
            source_policy: SourcePolicy::Any,
            own_sources: Sources::default(),
            default_source: String::new(),
        }
    }
}
