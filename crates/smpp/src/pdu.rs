//! Every PDU as borrowed fields, and the two ways between fields and octets.
//!
//! Numeric fields stay the octets that came, also when their value is reserved, so that relaying is byte-exact;
//! what a value means is for the layer above. Strings come without their NUL.

mod decode;
mod encode;
mod field;
mod fields;
mod list;

use core::fmt;

use sms::Address;

pub use decode::decode;
pub use encode::{Unencodable, encode};
pub use field::BindLimits;
pub use fields::Value;
pub use list::{Destination, Destinations, Unsuccessful, UnsuccessfulList};

use crate::Version;
use crate::command::{self, CommandId};
use crate::tlv::Tlvs;

/// One PDU of any kind, without its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each variant is the PDU of its name")]
pub enum Pdu<'a> {
    BindReceiver(Bind<'a>),
    BindReceiverResp(BindResp<'a>),
    BindTransmitter(Bind<'a>),
    BindTransmitterResp(BindResp<'a>),
    BindTransceiver(Bind<'a>),
    BindTransceiverResp(BindResp<'a>),
    Outbind(Outbind<'a>),
    Unbind(Tlvs<'a>),
    UnbindResp(Tlvs<'a>),
    EnquireLink(Tlvs<'a>),
    EnquireLinkResp(Tlvs<'a>),
    GenericNack(Tlvs<'a>),
    AlertNotification(AlertNotification<'a>),
    SubmitSm(Sm<'a>),
    SubmitSmResp(SmResp<'a>),
    DeliverSm(Sm<'a>),
    DeliverSmResp(SmResp<'a>),
    DataSm(DataSm<'a>),
    DataSmResp(SmResp<'a>),
    SubmitMulti(SubmitMulti<'a>),
    SubmitMultiResp(SubmitMultiResp<'a>),
    QuerySm(QuerySm<'a>),
    QuerySmResp(QuerySmResp<'a>),
    CancelSm(CancelSm<'a>),
    CancelSmResp(Tlvs<'a>),
    ReplaceSm(ReplaceSm<'a>),
    ReplaceSmResp(Tlvs<'a>),
    BroadcastSm(BroadcastSm<'a>),
    BroadcastSmResp(SmResp<'a>),
    QueryBroadcastSm(QuerySm<'a>),
    QueryBroadcastSmResp(SmResp<'a>),
    CancelBroadcastSm(CancelBroadcastSm<'a>),
    CancelBroadcastSmResp(Tlvs<'a>),
}

/// `bind_receiver`, `bind_transmitter`, `bind_transceiver` (SMPP 3.4, 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Bind<'a> {
    /// Who binds.
    pub system_id: &'a [u8],
    /// Its password; not shown by `Debug`.
    pub password: &'a [u8],
    /// What kind of system it is.
    pub system_type: &'a [u8],
    /// The version it speaks: see [`Version::from_interface_version`].
    pub interface_version: u8,
    /// TON of the addresses it serves.
    pub addr_ton: u8,
    /// NPI of the addresses it serves.
    pub addr_npi: u8,
    /// The addresses it serves, a UNIX regular expression.
    pub address_range: &'a [u8],
    /// None defined.
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for Bind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("system_type", &self.system_type.escape_ascii().to_string())
            .field("interface_version", &self.interface_version)
            .field("addr_ton", &self.addr_ton)
            .field("addr_npi", &self.addr_npi)
            .field(
                "address_range",
                &self.address_range.escape_ascii().to_string(),
            )
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

/// Response to a bind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BindResp<'a> {
    /// Who was bound to.
    pub system_id: &'a [u8],
    /// `sc_interface_version`.
    pub tlvs: Tlvs<'a>,
    /// False for a header alone, as an error response has it.
    pub body_present: bool,
}

/// `outbind` (SMPP 3.4, 4.1.7).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbind<'a> {
    /// Who asks to be bound to.
    pub system_id: &'a [u8],
    /// Its password; not shown by `Debug`.
    pub password: &'a [u8],
    /// None defined.
    pub tlvs: Tlvs<'a>,
}

impl fmt::Debug for Outbind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbind")
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

/// `alert_notification` (SMPP 3.4, 4.12).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AlertNotification<'a> {
    /// The handset that is reachable again.
    pub source: Address<'a>,
    /// Who asked to be told.
    pub esme: Address<'a>,
    /// `ms_availability_status`.
    pub tlvs: Tlvs<'a>,
}

/// `submit_sm` and `deliver_sm` (SMPP 3.4, 4.4.1, 4.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(
    missing_docs,
    reason = "the fields are the specification's, in its order"
)]
pub struct Sm<'a> {
    pub service_type: &'a [u8],
    pub source: Address<'a>,
    pub destination: Address<'a>,
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority_flag: u8,
    pub schedule_delivery_time: &'a [u8],
    pub validity_period: &'a [u8],
    pub registered_delivery: u8,
    pub replace_if_present_flag: u8,
    pub data_coding: u8,
    pub sm_default_msg_id: u8,
    /// At most 255 octets.
    pub short_message: &'a [u8],
    pub tlvs: Tlvs<'a>,
}

/// `submit_sm_resp`, `deliver_sm_resp`, `data_sm_resp`, `broadcast_sm_resp` and `query_broadcast_sm_resp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SmResp<'a> {
    /// Empty where it has no meaning, or was not sent.
    pub message_id: &'a [u8],
    /// Those of the response.
    pub tlvs: Tlvs<'a>,
    /// False for a header alone.
    pub body_present: bool,
}

/// `data_sm` (SMPP 3.4, 4.7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(
    missing_docs,
    reason = "the fields are the specification's, in its order"
)]
pub struct DataSm<'a> {
    pub service_type: &'a [u8],
    pub source: Address<'a>,
    pub destination: Address<'a>,
    pub esm_class: u8,
    pub registered_delivery: u8,
    pub data_coding: u8,
    /// The text is in `message_payload`.
    pub tlvs: Tlvs<'a>,
}

/// `submit_multi` (SMPP 3.4, 4.5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(
    missing_docs,
    reason = "the fields are the specification's, in its order"
)]
pub struct SubmitMulti<'a> {
    pub service_type: &'a [u8],
    pub source: Address<'a>,
    pub destinations: Destinations<'a>,
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority_flag: u8,
    pub schedule_delivery_time: &'a [u8],
    pub validity_period: &'a [u8],
    pub registered_delivery: u8,
    pub replace_if_present_flag: u8,
    pub data_coding: u8,
    pub sm_default_msg_id: u8,
    /// At most 255 octets.
    pub short_message: &'a [u8],
    pub tlvs: Tlvs<'a>,
}

/// `submit_multi_resp` (SMPP 3.4, 4.5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SubmitMultiResp<'a> {
    /// One for all destinations.
    pub message_id: &'a [u8],
    /// Who will not get it.
    pub unsuccessful: UnsuccessfulList<'a>,
    /// Those of the response.
    pub tlvs: Tlvs<'a>,
    /// False for a header alone.
    pub body_present: bool,
}

/// `query_sm` (SMPP 3.4, 4.8.1) and `query_broadcast_sm` (SMPP 5.0, 4.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QuerySm<'a> {
    /// Which message.
    pub message_id: &'a [u8],
    /// Its source, as it was submitted.
    pub source: Address<'a>,
    /// `user_message_reference` in `query_broadcast_sm`.
    pub tlvs: Tlvs<'a>,
}

/// `query_sm_resp` (SMPP 3.4, 4.8.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QuerySmResp<'a> {
    /// Which message.
    pub message_id: &'a [u8],
    /// When it came to its final state; empty before.
    pub final_date: &'a [u8],
    /// See [`sms::State`].
    pub message_state: u8,
    /// The network's own code.
    pub error_code: u8,
    /// None defined in 3.4, `congestion_state` in 5.0.
    pub tlvs: Tlvs<'a>,
    /// False for a header alone.
    pub body_present: bool,
}

/// `cancel_sm` (SMPP 3.4, 4.9.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CancelSm<'a> {
    /// Limits a cancel without id to messages of this type.
    pub service_type: &'a [u8],
    /// Which message; empty for all that the addresses match.
    pub message_id: &'a [u8],
    /// Its source, as it was submitted.
    pub source: Address<'a>,
    /// Its destination; may be empty if there is an id.
    pub destination: Address<'a>,
    /// None defined.
    pub tlvs: Tlvs<'a>,
}

/// `replace_sm` (SMPP 3.4, 4.10.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(
    missing_docs,
    reason = "the fields are the specification's, in its order"
)]
pub struct ReplaceSm<'a> {
    pub message_id: &'a [u8],
    pub source: Address<'a>,
    pub schedule_delivery_time: &'a [u8],
    pub validity_period: &'a [u8],
    pub registered_delivery: u8,
    pub sm_default_msg_id: u8,
    /// At most 255 octets.
    pub short_message: &'a [u8],
    /// `message_payload` in 5.0.
    pub tlvs: Tlvs<'a>,
}

/// `broadcast_sm` (SMPP 5.0, 4.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(
    missing_docs,
    reason = "the fields are the specification's, in its order"
)]
pub struct BroadcastSm<'a> {
    pub service_type: &'a [u8],
    pub source: Address<'a>,
    pub message_id: &'a [u8],
    pub priority_flag: u8,
    pub schedule_delivery_time: &'a [u8],
    pub validity_period: &'a [u8],
    pub replace_if_present_flag: u8,
    pub data_coding: u8,
    pub sm_default_msg_id: u8,
    /// Area, content type, repetition and interval; the text is in `message_payload`.
    pub tlvs: Tlvs<'a>,
}

/// `cancel_broadcast_sm` (SMPP 5.0, 4.6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CancelBroadcastSm<'a> {
    /// Limits a cancel without id to broadcasts of this type.
    pub service_type: &'a [u8],
    /// Which broadcast.
    pub message_id: &'a [u8],
    /// Its source, as it was submitted.
    pub source: Address<'a>,
    /// `broadcast_content_type`, `user_message_reference`.
    pub tlvs: Tlvs<'a>,
}

/// One arm for every PDU, by what holds its TLVs: `$body` for structs, `$header_only` for PDUs that have nothing else.
macro_rules! by_shape {
    ($pdu:expr, $body:ident => $then:expr, $header_only:ident => $else:expr) => {
        match $pdu {
            Pdu::BindReceiver($body)
            | Pdu::BindTransmitter($body)
            | Pdu::BindTransceiver($body) => $then,
            Pdu::BindReceiverResp($body)
            | Pdu::BindTransmitterResp($body)
            | Pdu::BindTransceiverResp($body) => $then,
            Pdu::Outbind($body) => $then,
            Pdu::AlertNotification($body) => $then,
            Pdu::SubmitSm($body) | Pdu::DeliverSm($body) => $then,
            Pdu::SubmitSmResp($body)
            | Pdu::DeliverSmResp($body)
            | Pdu::DataSmResp($body)
            | Pdu::BroadcastSmResp($body)
            | Pdu::QueryBroadcastSmResp($body) => $then,
            Pdu::DataSm($body) => $then,
            Pdu::SubmitMulti($body) => $then,
            Pdu::SubmitMultiResp($body) => $then,
            Pdu::QuerySm($body) | Pdu::QueryBroadcastSm($body) => $then,
            Pdu::QuerySmResp($body) => $then,
            Pdu::CancelSm($body) => $then,
            Pdu::ReplaceSm($body) => $then,
            Pdu::BroadcastSm($body) => $then,
            Pdu::CancelBroadcastSm($body) => $then,
            Pdu::Unbind($header_only)
            | Pdu::UnbindResp($header_only)
            | Pdu::EnquireLink($header_only)
            | Pdu::EnquireLinkResp($header_only)
            | Pdu::GenericNack($header_only)
            | Pdu::CancelSmResp($header_only)
            | Pdu::ReplaceSmResp($header_only)
            | Pdu::CancelBroadcastSmResp($header_only) => $else,
        }
    };
}
use by_shape;

impl<'a> Pdu<'a> {
    /// What goes into the header.
    pub fn command_id(&self) -> CommandId {
        match self {
            Pdu::BindReceiver(_) => command::BIND_RECEIVER,
            Pdu::BindReceiverResp(_) => command::BIND_RECEIVER_RESP,
            Pdu::BindTransmitter(_) => command::BIND_TRANSMITTER,
            Pdu::BindTransmitterResp(_) => command::BIND_TRANSMITTER_RESP,
            Pdu::BindTransceiver(_) => command::BIND_TRANSCEIVER,
            Pdu::BindTransceiverResp(_) => command::BIND_TRANSCEIVER_RESP,
            Pdu::Outbind(_) => command::OUTBIND,
            Pdu::Unbind(_) => command::UNBIND,
            Pdu::UnbindResp(_) => command::UNBIND_RESP,
            Pdu::EnquireLink(_) => command::ENQUIRE_LINK,
            Pdu::EnquireLinkResp(_) => command::ENQUIRE_LINK_RESP,
            Pdu::GenericNack(_) => command::GENERIC_NACK,
            Pdu::AlertNotification(_) => command::ALERT_NOTIFICATION,
            Pdu::SubmitSm(_) => command::SUBMIT_SM,
            Pdu::SubmitSmResp(_) => command::SUBMIT_SM_RESP,
            Pdu::DeliverSm(_) => command::DELIVER_SM,
            Pdu::DeliverSmResp(_) => command::DELIVER_SM_RESP,
            Pdu::DataSm(_) => command::DATA_SM,
            Pdu::DataSmResp(_) => command::DATA_SM_RESP,
            Pdu::SubmitMulti(_) => command::SUBMIT_MULTI,
            Pdu::SubmitMultiResp(_) => command::SUBMIT_MULTI_RESP,
            Pdu::QuerySm(_) => command::QUERY_SM,
            Pdu::QuerySmResp(_) => command::QUERY_SM_RESP,
            Pdu::CancelSm(_) => command::CANCEL_SM,
            Pdu::CancelSmResp(_) => command::CANCEL_SM_RESP,
            Pdu::ReplaceSm(_) => command::REPLACE_SM,
            Pdu::ReplaceSmResp(_) => command::REPLACE_SM_RESP,
            Pdu::BroadcastSm(_) => command::BROADCAST_SM,
            Pdu::BroadcastSmResp(_) => command::BROADCAST_SM_RESP,
            Pdu::QueryBroadcastSm(_) => command::QUERY_BROADCAST_SM,
            Pdu::QueryBroadcastSmResp(_) => command::QUERY_BROADCAST_SM_RESP,
            Pdu::CancelBroadcastSm(_) => command::CANCEL_BROADCAST_SM,
            Pdu::CancelBroadcastSmResp(_) => command::CANCEL_BROADCAST_SM_RESP,
        }
    }

    /// The response to a request with `id` as a header alone, which is how errors are said; `None` if it has no response.
    pub fn header_only_response(id: CommandId) -> Option<Pdu<'static>> {
        Some(match id {
            command::BIND_RECEIVER => Pdu::BindReceiverResp(BindResp::default()),
            command::BIND_TRANSMITTER => Pdu::BindTransmitterResp(BindResp::default()),
            command::BIND_TRANSCEIVER => Pdu::BindTransceiverResp(BindResp::default()),
            command::UNBIND => Pdu::UnbindResp(Tlvs::EMPTY),
            command::ENQUIRE_LINK => Pdu::EnquireLinkResp(Tlvs::EMPTY),
            command::SUBMIT_SM => Pdu::SubmitSmResp(SmResp::default()),
            command::DELIVER_SM => Pdu::DeliverSmResp(SmResp::default()),
            command::DATA_SM => Pdu::DataSmResp(SmResp::default()),
            command::SUBMIT_MULTI => Pdu::SubmitMultiResp(SubmitMultiResp::default()),
            command::QUERY_SM => Pdu::QuerySmResp(QuerySmResp::default()),
            command::CANCEL_SM => Pdu::CancelSmResp(Tlvs::EMPTY),
            command::REPLACE_SM => Pdu::ReplaceSmResp(Tlvs::EMPTY),
            command::BROADCAST_SM => Pdu::BroadcastSmResp(SmResp::default()),
            command::QUERY_BROADCAST_SM => Pdu::QueryBroadcastSmResp(SmResp::default()),
            command::CANCEL_BROADCAST_SM => Pdu::CancelBroadcastSmResp(Tlvs::EMPTY),
            _ => return None,
        })
    }

    /// The TLVs, whatever the PDU is.
    pub fn tlvs(&self) -> Tlvs<'a> {
        by_shape!(self, body => body.tlvs, tlvs => *tlvs)
    }

    /// The same PDU with other TLVs.
    #[must_use]
    pub fn with_tlvs(mut self, tlvs: Tlvs<'a>) -> Pdu<'a> {
        by_shape!(&mut self, body => body.tlvs = tlvs, own => *own = tlvs);
        self
    }

    /// The same PDU with the TLVs that a peer of `version` knows: none for 3.3, none of 5.0's own for 3.4. Vendor TLVs
    /// stay. `scratch` holds what is left if something must go; it is not touched otherwise.
    #[must_use]
    pub fn for_version(self, version: Version, scratch: &'a mut Vec<u8>) -> Pdu<'a> {
        match version {
            Version::V33 => self.with_tlvs(Tlvs::EMPTY),
            Version::V34 => self.with_tlvs(self.tlvs().without_5_0(scratch)),
            Version::V50 => self,
        }
    }
}
