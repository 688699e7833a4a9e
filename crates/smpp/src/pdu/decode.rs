//! Octets to fields.

use sms::Address;

use super::field::{self, Field};
use super::{
    AlertNotification, Bind, BindResp, BroadcastSm, CancelBroadcastSm, CancelSm, DataSm,
    Destination, Destinations, Outbind, Pdu, QuerySm, QuerySmResp, ReplaceSm, Sm, SmResp,
    SubmitMulti, SubmitMultiResp, Unsuccessful, UnsuccessfulList,
};
use crate::command;
use crate::frame::Frame;
use crate::octets;
use crate::status::{self, Status};
use crate::tlv::{self, Tlvs};
use crate::warnings::{Malformed, Tolerance, Warnings};

/// Reads the body of a frame.
///
/// Requests are read as strictly as `tolerance` says; responses always tolerantly, since nothing can be answered to
/// them. The status of a request is not looked at.
///
/// # Errors
/// What to answer, and the field that is wrong: `ESME_RINVCMDID` for a `command_id` that no version defines,
/// `ESME_RINVCMDLEN` if the body ends too soon, else the field's own status.
pub fn decode<'a>(
    frame: &Frame<'a>,
    tolerance: Tolerance,
) -> Result<(Pdu<'a>, Warnings), Malformed> {
    let mut reader = Reader {
        rest: frame.body,
        warnings: Warnings::NONE,
        tolerant: tolerance == Tolerance::Tolerant || frame.header.command_id.is_response(),
        by_rules: tolerance == Tolerance::ByRules,
        fault: NO_FAULT,
    };
    let status = frame.header.status;
    match frame.header.command_id {
        command::SUBMIT_SM => reader.result(|reader| reader.sm().map(Pdu::SubmitSm)),
        command::DELIVER_SM => reader.result(|reader| reader.sm().map(Pdu::DeliverSm)),
        command::SUBMIT_SM_RESP => {
            reader.result(|reader| reader.submit_sm_resp(status).map(Pdu::SubmitSmResp))
        }
        command::DELIVER_SM_RESP => {
            reader.result(|reader| reader.sm_resp(status).map(Pdu::DeliverSmResp))
        }
        _ => reader.result(|reader| reader.rare(frame)),
    }
}

/// Takes fields off the front of a body. Never reads beyond it.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    warnings: Warnings,
    tolerant: bool,
    /// Takes the fields that the rules of a customer may ignore at any length.
    by_rules: bool,
    /// Set when a method returns `None`: an error in every result would make each field take the way through memory.
    fault: Malformed,
}

const NO_FAULT: Malformed = Malformed {
    status: status::OK,
    field: "",
};

// The PDUs.
impl<'a> Reader<'a> {
    /// Builds the result where the caller wants it; with the PDU in between it would be copied twice.
    #[inline(always)]
    fn result(
        &mut self,
        read: impl FnOnce(&mut Self) -> Option<Pdu<'a>>,
    ) -> Result<(Pdu<'a>, Warnings), Malformed> {
        match read(self) {
            Some(pdu) => Ok((pdu, self.warnings)),
            None => Err(self.fault),
        }
    }

    /// Everything but the four PDUs that carry messages, kept out of their way.
    #[inline(never)]
    fn rare(&mut self, frame: &Frame<'a>) -> Option<Pdu<'a>> {
        let status = frame.header.status;
        Some(match frame.header.command_id {
            command::BIND_RECEIVER => Pdu::BindReceiver(self.bind()?),
            command::BIND_RECEIVER_RESP => Pdu::BindReceiverResp(self.bind_resp(status)?),
            command::BIND_TRANSMITTER => Pdu::BindTransmitter(self.bind()?),
            command::BIND_TRANSMITTER_RESP => Pdu::BindTransmitterResp(self.bind_resp(status)?),
            command::BIND_TRANSCEIVER => Pdu::BindTransceiver(self.bind()?),
            command::BIND_TRANSCEIVER_RESP => Pdu::BindTransceiverResp(self.bind_resp(status)?),
            command::OUTBIND => Pdu::Outbind(self.outbind()?),
            command::UNBIND => Pdu::Unbind(self.tlvs()?),
            command::UNBIND_RESP => Pdu::UnbindResp(self.tlvs()?),
            command::ENQUIRE_LINK => Pdu::EnquireLink(self.tlvs()?),
            command::ENQUIRE_LINK_RESP => Pdu::EnquireLinkResp(self.tlvs()?),
            command::GENERIC_NACK => Pdu::GenericNack(self.tlvs()?),
            command::ALERT_NOTIFICATION => Pdu::AlertNotification(self.alert_notification()?),
            command::DATA_SM => Pdu::DataSm(self.data_sm()?),
            command::DATA_SM_RESP => Pdu::DataSmResp(self.sm_resp(status)?),
            command::SUBMIT_MULTI => Pdu::SubmitMulti(self.submit_multi()?),
            command::SUBMIT_MULTI_RESP => Pdu::SubmitMultiResp(self.submit_multi_resp(status)?),
            command::QUERY_SM => Pdu::QuerySm(self.query_sm()?),
            command::QUERY_SM_RESP => Pdu::QuerySmResp(self.query_sm_resp(status)?),
            command::CANCEL_SM => Pdu::CancelSm(self.cancel_sm()?),
            command::CANCEL_SM_RESP => Pdu::CancelSmResp(self.tlvs()?),
            command::REPLACE_SM => Pdu::ReplaceSm(self.replace_sm()?),
            command::REPLACE_SM_RESP => Pdu::ReplaceSmResp(self.tlvs()?),
            command::BROADCAST_SM => Pdu::BroadcastSm(self.broadcast_sm()?),
            command::BROADCAST_SM_RESP => Pdu::BroadcastSmResp(self.sm_resp(status)?),
            command::QUERY_BROADCAST_SM => Pdu::QueryBroadcastSm(self.query_sm()?),
            command::QUERY_BROADCAST_SM_RESP => Pdu::QueryBroadcastSmResp(self.sm_resp(status)?),
            command::CANCEL_BROADCAST_SM => Pdu::CancelBroadcastSm(self.cancel_broadcast_sm()?),
            command::CANCEL_BROADCAST_SM_RESP => Pdu::CancelBroadcastSmResp(self.tlvs()?),
            _ => {
                return self.refuse(status::RINVCMDID, "command_id");
            }
        })
    }

    #[inline(always)]
    fn sm(&mut self) -> Option<Sm<'a>> {
        let service_type = self.cstr(&field::SERVICE_TYPE)?;
        let source = self.address(&field::SOURCE_ADDR)?;
        let destination = self.address(&field::DESTINATION_ADDR)?;
        let [esm_class, protocol_id, priority_flag] = self.octets("esm_class")?;
        let schedule_delivery_time = self.time(&field::SCHEDULE_DELIVERY_TIME)?;
        let validity_period = self.time(&field::VALIDITY_PERIOD)?;
        let [
            registered_delivery,
            replace_if_present_flag,
            data_coding,
            sm_default_msg_id,
            sm_length,
        ] = self.octets("registered_delivery")?;
        Some(Sm {
            service_type,
            source,
            destination,
            esm_class,
            protocol_id,
            priority_flag,
            schedule_delivery_time,
            validity_period,
            registered_delivery,
            replace_if_present_flag,
            data_coding,
            sm_default_msg_id,
            short_message: self.short_message(sm_length)?,
            tlvs: self.tlvs()?,
        })
    }

    #[inline(always)]
    fn submit_sm_resp(&mut self, status: Status) -> Option<SmResp<'a>> {
        self.warn_of_body_on_error(status);
        self.sm_resp(status)
    }

    #[inline(always)]
    fn sm_resp(&mut self, status: Status) -> Option<SmResp<'a>> {
        if !self.body_present(status) {
            return Some(SmResp::default());
        }
        Some(SmResp {
            message_id: self.last_cstr(&field::MESSAGE_ID)?,
            tlvs: self.tlvs()?,
            body_present: true,
        })
    }

    fn bind(&mut self) -> Option<Bind<'a>> {
        let system_id = self.cstr(&field::SYSTEM_ID)?;
        let password = self.cstr(&field::PASSWORD)?;
        let system_type = self.cstr(&field::SYSTEM_TYPE)?;
        let [interface_version, addr_ton, addr_npi] = self.octets("interface_version")?;
        Some(Bind {
            system_id,
            password,
            system_type,
            interface_version,
            addr_ton,
            addr_npi,
            address_range: self.last_cstr(&field::ADDRESS_RANGE)?,
            tlvs: self.tlvs()?,
        })
    }

    fn bind_resp(&mut self, status: Status) -> Option<BindResp<'a>> {
        self.warn_of_body_on_error(status);
        if !self.body_present(status) {
            return Some(BindResp::default());
        }
        Some(BindResp {
            system_id: self.last_cstr(&field::SYSTEM_ID)?,
            tlvs: self.tlvs()?,
            body_present: true,
        })
    }

    fn outbind(&mut self) -> Option<Outbind<'a>> {
        Some(Outbind {
            system_id: self.cstr(&field::SYSTEM_ID)?,
            password: self.last_cstr(&field::PASSWORD)?,
            tlvs: self.tlvs()?,
        })
    }

    fn alert_notification(&mut self) -> Option<AlertNotification<'a>> {
        Some(AlertNotification {
            source: self.address(&field::WIDE_SOURCE_ADDR)?,
            esme: self.last_address(&field::ESME_ADDR)?,
            tlvs: self.tlvs()?,
        })
    }

    fn data_sm(&mut self) -> Option<DataSm<'a>> {
        let service_type = self.cstr(&field::SERVICE_TYPE)?;
        let source = self.address(&field::WIDE_SOURCE_ADDR)?;
        let destination = self.address(&field::WIDE_DESTINATION_ADDR)?;
        let [esm_class, registered_delivery, data_coding] = self.octets("esm_class")?;
        Some(DataSm {
            service_type,
            source,
            destination,
            esm_class,
            registered_delivery,
            data_coding,
            tlvs: self.tlvs()?,
        })
    }

    fn submit_multi(&mut self) -> Option<SubmitMulti<'a>> {
        let service_type = self.cstr(&field::SERVICE_TYPE)?;
        let source = self.address(&field::SOURCE_ADDR)?;
        let [number_of_dests] = self.octets("number_of_dests")?;
        if number_of_dests == 0 {
            return self.refuse(status::RINVNUMDESTS, "number_of_dests");
        }
        let destinations = Destinations::read(self, number_of_dests)?;
        let [esm_class, protocol_id, priority_flag] = self.octets("esm_class")?;
        let schedule_delivery_time = self.time(&field::SCHEDULE_DELIVERY_TIME)?;
        let validity_period = self.time(&field::VALIDITY_PERIOD)?;
        let [
            registered_delivery,
            replace_if_present_flag,
            data_coding,
            sm_default_msg_id,
            sm_length,
        ] = self.octets("registered_delivery")?;
        Some(SubmitMulti {
            service_type,
            source,
            destinations,
            esm_class,
            protocol_id,
            priority_flag,
            schedule_delivery_time,
            validity_period,
            registered_delivery,
            replace_if_present_flag,
            data_coding,
            sm_default_msg_id,
            short_message: self.short_message(sm_length)?,
            tlvs: self.tlvs()?,
        })
    }

    fn submit_multi_resp(&mut self, status: Status) -> Option<SubmitMultiResp<'a>> {
        self.warn_of_body_on_error(status);
        if !self.body_present(status) {
            return Some(SubmitMultiResp::default());
        }
        let message_id = self.last_cstr(&field::MESSAGE_ID)?;
        let unsuccessful = self.unless_short(status, |reader| {
            let [no_unsuccess] = reader.octets("no_unsuccess")?;
            UnsuccessfulList::read(reader, no_unsuccess)
        })?;
        Some(SubmitMultiResp {
            message_id,
            unsuccessful,
            tlvs: self.tlvs()?,
            body_present: true,
        })
    }

    fn query_sm(&mut self) -> Option<QuerySm<'a>> {
        Some(QuerySm {
            message_id: self.cstr(&field::MESSAGE_ID)?,
            source: self.last_address(&field::SOURCE_ADDR)?,
            tlvs: self.tlvs()?,
        })
    }

    fn query_sm_resp(&mut self, status: Status) -> Option<QuerySmResp<'a>> {
        if !self.body_present(status) {
            return Some(QuerySmResp::default());
        }
        let message_id = self.last_cstr(&field::MESSAGE_ID)?;
        let (final_date, [message_state, error_code]) = self.unless_short(status, |reader| {
            let final_date = reader.time(&field::FINAL_DATE)?;
            Some((final_date, reader.octets("message_state")?))
        })?;
        Some(QuerySmResp {
            message_id,
            final_date,
            message_state,
            error_code,
            tlvs: self.tlvs()?,
            body_present: true,
        })
    }

    fn cancel_sm(&mut self) -> Option<CancelSm<'a>> {
        Some(CancelSm {
            service_type: self.cstr(&field::SERVICE_TYPE)?,
            message_id: self.cstr(&field::MESSAGE_ID)?,
            source: self.address(&field::SOURCE_ADDR)?,
            destination: self.last_address(&field::DESTINATION_ADDR)?,
            tlvs: self.tlvs()?,
        })
    }

    fn replace_sm(&mut self) -> Option<ReplaceSm<'a>> {
        let message_id = self.cstr(&field::MESSAGE_ID)?;
        let source = self.address(&field::SOURCE_ADDR)?;
        let schedule_delivery_time = self.time(&field::SCHEDULE_DELIVERY_TIME)?;
        let validity_period = self.time(&field::VALIDITY_PERIOD)?;
        let [registered_delivery, sm_default_msg_id, sm_length] =
            self.octets("registered_delivery")?;
        Some(ReplaceSm {
            message_id,
            source,
            schedule_delivery_time,
            validity_period,
            registered_delivery,
            sm_default_msg_id,
            short_message: self.short_message(sm_length)?,
            tlvs: self.tlvs()?,
        })
    }

    fn broadcast_sm(&mut self) -> Option<BroadcastSm<'a>> {
        let service_type = self.cstr(&field::SERVICE_TYPE)?;
        let source = self.address(&field::SOURCE_ADDR)?;
        let message_id = self.cstr(&field::MESSAGE_ID)?;
        let [priority_flag] = self.octets("priority_flag")?;
        let schedule_delivery_time = self.time(&field::SCHEDULE_DELIVERY_TIME)?;
        let validity_period = self.time(&field::VALIDITY_PERIOD)?;
        let [replace_if_present_flag, data_coding, sm_default_msg_id] =
            self.octets("replace_if_present_flag")?;
        Some(BroadcastSm {
            service_type,
            source,
            message_id,
            priority_flag,
            schedule_delivery_time,
            validity_period,
            replace_if_present_flag,
            data_coding,
            sm_default_msg_id,
            tlvs: self.tlvs()?,
        })
    }

    fn cancel_broadcast_sm(&mut self) -> Option<CancelBroadcastSm<'a>> {
        Some(CancelBroadcastSm {
            service_type: self.cstr(&field::SERVICE_TYPE)?,
            message_id: self.cstr(&field::MESSAGE_ID)?,
            source: self.last_address(&field::SOURCE_ADDR)?,
            tlvs: self.tlvs()?,
        })
    }
}

// Entries of lists.
impl<'a> Reader<'a> {
    pub(super) fn strict(octets: &'a [u8]) -> Reader<'a> {
        Reader {
            rest: octets,
            warnings: Warnings::NONE,
            tolerant: false,
            by_rules: false,
            fault: NO_FAULT,
        }
    }

    pub(super) fn tolerant(octets: &'a [u8]) -> Reader<'a> {
        Reader {
            tolerant: true,
            ..Reader::strict(octets)
        }
    }

    pub(super) fn destination(&mut self) -> Option<Destination<'a>> {
        match self.octets("dest_flag")? {
            [1] => Some(Destination::Address(
                self.address(&field::DESTINATION_ADDR)?,
            )),
            [2] => Some(Destination::List(self.cstr(&field::DL_NAME)?)),
            _ => self.refuse(status::RINVDESTFLAG, "dest_flag"),
        }
    }

    pub(super) fn unsuccessful(&mut self) -> Option<Unsuccessful<'a>> {
        Some(Unsuccessful {
            destination: self.address(&field::DESTINATION_ADDR)?,
            status: Status(u32::from_be_bytes(self.octets("error_status_code")?)),
        })
    }

    /// Why the last method returned `None`.
    pub(super) fn fault(&self) -> Malformed {
        self.fault
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

// Fields.
impl<'a> Reader<'a> {
    #[inline]
    fn octets<const N: usize>(&mut self, name: &'static str) -> Option<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((octets, rest)) => {
                self.rest = rest;
                Some(*octets)
            }
            None => self.refuse(status::RINVCMDLEN, name),
        }
    }

    #[inline(always)]
    fn address(&mut self, field: &Field) -> Option<Address<'a>> {
        let [ton, npi] = self.octets(field.name)?;
        let digits = self.cstr(field)?;
        Some(Address { ton, npi, digits })
    }

    fn last_address(&mut self, field: &Field) -> Option<Address<'a>> {
        let [ton, npi] = self.octets(field.name)?;
        let digits = self.last_cstr(field)?;
        Some(Address { ton, npi, digits })
    }

    #[inline(always)]
    fn cstr(&mut self, field: &Field) -> Option<&'a [u8]> {
        match octets::position(self.rest, 0) {
            Some(length) if length < field.max => Some(self.take_cstr(length)),
            Some(length) => self.long_cstr(field, length),
            None => self.unterminated(field),
        }
    }

    /// The last mandatory field of a body: some senders leave its NUL out.
    #[inline(always)]
    fn last_cstr(&mut self, field: &Field) -> Option<&'a [u8]> {
        match octets::position(self.rest, 0) {
            Some(length) if length < field.max => Some(self.take_cstr(length)),
            Some(length) => self.long_cstr(field, length),
            None => self.open_cstr(field),
        }
    }

    #[cold]
    fn open_cstr(&mut self, field: &Field) -> Option<&'a [u8]> {
        if !self.tolerant || self.rest.is_empty() {
            return self.unterminated(field);
        }
        self.warnings |= Warnings::MISSING_NUL;
        if self.rest.len() >= field.max {
            self.warnings |= field.long;
        }
        Some(core::mem::take(&mut self.rest))
    }

    #[inline(always)]
    fn time(&mut self, field: &Field) -> Option<&'a [u8]> {
        match octets::position(self.rest, 0) {
            Some(length @ (0 | 16)) => Some(self.take_cstr(length)),
            Some(length) => self.odd_time(field, length),
            None => self.unterminated(field),
        }
    }

    #[cold]
    fn odd_time(&mut self, field: &Field, length: usize) -> Option<&'a [u8]> {
        if !self.tolerant && !self.by_rules {
            return self.refuse(field.status, field.name);
        }
        self.warnings |= Warnings::TIME_LENGTH;
        Some(self.take_cstr(length))
    }

    #[cold]
    fn long_cstr(&mut self, field: &Field, length: usize) -> Option<&'a [u8]> {
        let ruled = self.by_rules && field.long == Warnings::LONG_SERVICE_TYPE;
        if !self.tolerant && !ruled && length >= field.hard_max {
            return self.refuse(field.status, field.name);
        }
        self.warnings |= field.long;
        Some(self.take_cstr(length))
    }

    #[cold]
    fn unterminated<T>(&mut self, field: &Field) -> Option<T> {
        if self.rest.is_empty() {
            self.refuse(status::RINVCMDLEN, field.name)
        } else {
            self.refuse(field.status, field.name)
        }
    }

    /// Takes `length` octets and the NUL that follows them.
    #[inline(always)]
    fn take_cstr(&mut self, length: usize) -> &'a [u8] {
        let (value, rest) = self.rest.split_at(length);
        self.rest = &rest[1..];
        value
    }

    #[inline]
    fn short_message(&mut self, sm_length: u8) -> Option<&'a [u8]> {
        match self.rest.split_at_checked(usize::from(sm_length)) {
            Some((message, rest)) => {
                self.rest = rest;
                Some(message)
            }
            None => self.refuse(status::RINVMSGLEN, "sm_length"),
        }
    }

    #[inline(always)]
    fn tlvs(&mut self) -> Option<Tlvs<'a>> {
        if self.rest.is_empty() {
            return Some(Tlvs::EMPTY);
        }
        self.some_tlvs()
    }

    fn some_tlvs(&mut self) -> Option<Tlvs<'a>> {
        let area = core::mem::take(&mut self.rest);
        let scan = tlv::scan(area);
        self.warnings |= scan.odd;
        if scan.stop.is_empty() {
            Some(scan.tlvs)
        } else {
            self.broken_tlvs(area, &scan)
        }
    }

    #[cold]
    fn broken_tlvs(&mut self, area: &'a [u8], scan: &tlv::Scan<'a>) -> Option<Tlvs<'a>> {
        if !self.tolerant {
            return self.refuse(status::RINVTLVSTREAM, "tlv");
        }
        // A sender that counts a NUL into the text but not into sm_length puts it before the TLVs.
        if let ([0, after @ ..], true) = (area, scan.tlvs.is_empty())
            && let Ok(tlvs) = Tlvs::parse(after)
            && !tlvs.is_empty()
        {
            self.warnings |= Warnings::STRAY_NUL;
            return Some(tlvs);
        }
        self.warnings |= scan.stop;
        Some(scan.tlvs)
    }
}

// Responses.
impl Reader<'_> {
    /// False for a header alone, which is an ordinary way to say an error (SMPP 3.4, 4.4.2) and tolerated without one.
    #[inline]
    fn body_present(&mut self, status: Status) -> bool {
        if self.rest.is_empty() && status.is_ok() {
            self.warnings |= Warnings::NO_BODY_ON_OK;
        }
        !self.rest.is_empty()
    }

    #[inline]
    fn warn_of_body_on_error(&mut self, status: Status) {
        if !status.is_ok() && !self.rest.is_empty() {
            self.warnings |= Warnings::BODY_ON_ERROR;
        }
    }

    /// Reads fields after the first of a response; an error response may end before them.
    fn unless_short<T: Default>(
        &mut self,
        status: Status,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.rest.is_empty() && !status.is_ok() {
            self.warnings |= Warnings::SHORT_BODY;
            return Some(T::default());
        }
        read(self)
    }
}

impl Reader<'_> {
    #[cold]
    fn refuse<T>(&mut self, status: Status, field: &'static str) -> Option<T> {
        self.fault = Malformed { status, field };
        None
    }
}
