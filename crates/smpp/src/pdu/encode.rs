//! Fields to octets. Each layout is written down once and run twice: to measure and check, then to write.

use core::fmt;

use bytes::BytesMut;
use sms::Address;

use super::field::{self, Field};
use super::{
    AlertNotification, Bind, BindResp, BroadcastSm, CancelBroadcastSm, CancelSm, DataSm,
    Destination, Outbind, Pdu, QuerySm, QuerySmResp, ReplaceSm, Sm, SmResp, SubmitMulti,
    SubmitMultiResp, Unsuccessful, by_shape,
};
use crate::frame::{HEADER_LENGTH, Header};
use crate::octets::nuls;
use crate::status::Status;
use crate::tlv::Tlvs;

/// A field that cannot be said on the wire: too long, or text with a NUL in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unencodable {
    /// The field, as the specification spells it.
    pub field: &'static str,
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not fit its field", self.field)
    }
}

impl core::error::Error for Unencodable {}

/// Appends one PDU with its header.
///
/// Responses with `body_present` false are a header alone. `status` is zero in requests.
///
/// # Errors
/// The first field that is too long for the specification or holds a NUL that would shift the fields after it; bind
/// strings may have 64 characters. `out` is untouched then.
pub fn encode(
    pdu: &Pdu<'_>,
    status: Status,
    sequence: u32,
    out: &mut BytesMut,
) -> Result<(), Unencodable> {
    let header = Header {
        length: 0,
        command_id: pdu.command_id(),
        status,
        sequence,
    };
    by_shape!(pdu, body => append(header, body, out), tlvs => append(header, tlvs, out))
}

/// Measures, then writes: a PDU that cannot be said leaves no half of itself.
#[inline]
fn append(mut header: Header, body: &impl Layout, out: &mut BytesMut) -> Result<(), Unencodable> {
    let mut measure = Measure::default();
    body.write(&mut measure);
    let length = HEADER_LENGTH + measure.finish()?;
    header.length = u32::try_from(length).map_err(|_| Unencodable {
        field: "command_length",
    })?;
    let start = out.len();
    out.resize(start + length, 0);
    let mut write = Write::new(&mut out[start..]);
    write.octets(&header.to_bytes());
    body.write(&mut write);
    Ok(())
}

/// The order of a body's fields.
trait Layout {
    fn write(&self, sink: &mut impl Sink);
}

/// Takes the fields of a body one after another.
pub(super) trait Sink {
    fn octets(&mut self, octets: &[u8]);
    fn cstr(&mut self, field: &Field, text: &[u8]);
    fn time(&mut self, field: &Field, time: &[u8]);
    /// A length or count that must fit one octet, and what it counts.
    fn counted(&mut self, name: &'static str, octets: &[u8]);
    /// Notes that something cannot be said.
    fn refuse(&mut self, name: &'static str);

    fn address(&mut self, field: &Field, address: &Address<'_>) {
        self.octets(&[address.ton, address.npi]);
        self.cstr(field, address.digits);
    }
}

/// The pass that counts octets and finds what cannot be said.
#[derive(Default)]
pub(super) struct Measure {
    length: usize,
    fault: Option<&'static str>,
}

impl Measure {
    pub(super) fn finish(self) -> Result<usize, Unencodable> {
        match self.fault {
            None => Ok(self.length),
            Some(field) => Err(Unencodable { field }),
        }
    }
}

impl Sink for Measure {
    #[inline]
    fn octets(&mut self, octets: &[u8]) {
        self.length += octets.len();
    }

    #[inline]
    fn cstr(&mut self, field: &Field, text: &[u8]) {
        self.length += text.len() + 1;
        if text.len() >= field.hard_max || has_nul(text) {
            self.refuse(field.name);
        }
    }

    #[inline]
    fn time(&mut self, field: &Field, time: &[u8]) {
        self.cstr(field, time);
        if !matches!(time.len(), 0 | 16) {
            self.refuse(field.name);
        }
    }

    #[inline]
    fn counted(&mut self, name: &'static str, octets: &[u8]) {
        self.length += 1 + octets.len();
        if octets.len() > usize::from(u8::MAX) {
            self.refuse(name);
        }
    }

    #[cold]
    fn refuse(&mut self, name: &'static str) {
        self.fault.get_or_insert(name);
    }
}

/// The pass that writes, into zeroed octets of the measured length.
pub(super) struct Write<'o> {
    rest: &'o mut [u8],
}

impl<'o> Write<'o> {
    pub(super) fn new(octets: &'o mut [u8]) -> Write<'o> {
        Write { rest: octets }
    }

    #[inline]
    fn skip_nul(&mut self) {
        self.rest = &mut core::mem::take(&mut self.rest)[1..];
    }
}

impl Sink for Write<'_> {
    #[inline]
    fn octets(&mut self, octets: &[u8]) {
        let (here, rest) = core::mem::take(&mut self.rest).split_at_mut(octets.len());
        here.copy_from_slice(octets);
        self.rest = rest;
    }

    #[inline]
    fn cstr(&mut self, _: &Field, text: &[u8]) {
        // Half of all strings are empty, and copying nothing still costs a call.
        if !text.is_empty() {
            self.octets(text);
        }
        self.skip_nul();
    }

    #[inline]
    fn time(&mut self, field: &Field, time: &[u8]) {
        self.cstr(field, time);
    }

    #[inline]
    fn counted(&mut self, _: &'static str, octets: &[u8]) {
        self.octets(&[octets.len() as u8]);
        self.octets(octets);
    }

    fn refuse(&mut self, _: &'static str) {}
}

impl Layout for Sm<'_> {
    #[inline]
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SERVICE_TYPE, self.service_type);
        sink.address(&field::SOURCE_ADDR, &self.source);
        sink.address(&field::DESTINATION_ADDR, &self.destination);
        sink.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        sink.time(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time);
        sink.time(&field::VALIDITY_PERIOD, self.validity_period);
        sink.octets(&[
            self.registered_delivery,
            self.replace_if_present_flag,
            self.data_coding,
            self.sm_default_msg_id,
        ]);
        sink.counted("short_message", self.short_message);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for SmResp<'_> {
    #[inline]
    fn write(&self, sink: &mut impl Sink) {
        if self.body_present {
            sink.cstr(&field::MESSAGE_ID, self.message_id);
            sink.octets(self.tlvs.as_bytes());
        } else if !self.message_id.is_empty() {
            sink.refuse("message_id");
        } else {
            nothing_more(self.tlvs, sink);
        }
    }
}

/// A PDU that is a header and perhaps TLVs.
impl Layout for Tlvs<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.octets(self.as_bytes());
    }
}

impl Layout for Bind<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SYSTEM_ID, self.system_id);
        sink.cstr(&field::PASSWORD, self.password);
        sink.cstr(&field::SYSTEM_TYPE, self.system_type);
        sink.octets(&[self.interface_version, self.addr_ton, self.addr_npi]);
        sink.cstr(&field::ADDRESS_RANGE, self.address_range);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for BindResp<'_> {
    fn write(&self, sink: &mut impl Sink) {
        if self.body_present {
            sink.cstr(&field::SYSTEM_ID, self.system_id);
            sink.octets(self.tlvs.as_bytes());
        } else {
            nothing_more(self.tlvs, sink);
        }
    }
}

impl Layout for Outbind<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SYSTEM_ID, self.system_id);
        sink.cstr(&field::PASSWORD, self.password);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for AlertNotification<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.address(&field::WIDE_SOURCE_ADDR, &self.source);
        sink.address(&field::ESME_ADDR, &self.esme);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for DataSm<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SERVICE_TYPE, self.service_type);
        sink.address(&field::WIDE_SOURCE_ADDR, &self.source);
        sink.address(&field::WIDE_DESTINATION_ADDR, &self.destination);
        sink.octets(&[self.esm_class, self.registered_delivery, self.data_coding]);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for SubmitMulti<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SERVICE_TYPE, self.service_type);
        sink.address(&field::SOURCE_ADDR, &self.source);
        if self.destinations.is_empty() {
            sink.refuse("number_of_dests");
        }
        sink.octets(&[self.destinations.count()]);
        sink.octets(self.destinations.as_bytes());
        sink.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        sink.time(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time);
        sink.time(&field::VALIDITY_PERIOD, self.validity_period);
        sink.octets(&[
            self.registered_delivery,
            self.replace_if_present_flag,
            self.data_coding,
            self.sm_default_msg_id,
        ]);
        sink.counted("short_message", self.short_message);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for SubmitMultiResp<'_> {
    fn write(&self, sink: &mut impl Sink) {
        if self.body_present {
            sink.cstr(&field::MESSAGE_ID, self.message_id);
            sink.octets(&[self.unsuccessful.count()]);
            sink.octets(self.unsuccessful.as_bytes());
            sink.octets(self.tlvs.as_bytes());
        } else {
            nothing_more(self.tlvs, sink);
        }
    }
}

impl Layout for QuerySm<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::MESSAGE_ID, self.message_id);
        sink.address(&field::SOURCE_ADDR, &self.source);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for QuerySmResp<'_> {
    fn write(&self, sink: &mut impl Sink) {
        if self.body_present {
            sink.cstr(&field::MESSAGE_ID, self.message_id);
            sink.time(&field::FINAL_DATE, self.final_date);
            sink.octets(&[self.message_state, self.error_code]);
            sink.octets(self.tlvs.as_bytes());
        } else {
            nothing_more(self.tlvs, sink);
        }
    }
}

impl Layout for CancelSm<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SERVICE_TYPE, self.service_type);
        sink.cstr(&field::MESSAGE_ID, self.message_id);
        sink.address(&field::SOURCE_ADDR, &self.source);
        sink.address(&field::DESTINATION_ADDR, &self.destination);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for ReplaceSm<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::MESSAGE_ID, self.message_id);
        sink.address(&field::SOURCE_ADDR, &self.source);
        sink.time(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time);
        sink.time(&field::VALIDITY_PERIOD, self.validity_period);
        sink.octets(&[self.registered_delivery, self.sm_default_msg_id]);
        sink.counted("short_message", self.short_message);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for BroadcastSm<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SERVICE_TYPE, self.service_type);
        sink.address(&field::SOURCE_ADDR, &self.source);
        sink.cstr(&field::MESSAGE_ID, self.message_id);
        sink.octets(&[self.priority_flag]);
        sink.time(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time);
        sink.time(&field::VALIDITY_PERIOD, self.validity_period);
        sink.octets(&[
            self.replace_if_present_flag,
            self.data_coding,
            self.sm_default_msg_id,
        ]);
        sink.octets(self.tlvs.as_bytes());
    }
}

impl Layout for CancelBroadcastSm<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.cstr(&field::SERVICE_TYPE, self.service_type);
        sink.cstr(&field::MESSAGE_ID, self.message_id);
        sink.address(&field::SOURCE_ADDR, &self.source);
        sink.octets(self.tlvs.as_bytes());
    }
}

/// After a header alone no TLV can follow: it would be read as the body (SMPP 3.4, 3.2.4).
fn nothing_more(tlvs: Tlvs<'_>, sink: &mut impl Sink) {
    if !tlvs.is_empty() {
        sink.refuse("tlv");
    }
}

pub(super) fn write_destination(destination: &Destination<'_>, sink: &mut impl Sink) {
    match destination {
        Destination::Address(address) => {
            sink.octets(&[1]);
            sink.address(&field::DESTINATION_ADDR, address);
        }
        Destination::List(name) => {
            sink.octets(&[2]);
            sink.cstr(&field::DL_NAME, name);
        }
    }
}

pub(super) fn write_unsuccessful(entry: &Unsuccessful<'_>, sink: &mut impl Sink) {
    sink.address(&field::DESTINATION_ADDR, &entry.destination);
    sink.octets(&entry.status.0.to_be_bytes());
}

/// True if there is a NUL in `text`. Eight octets at a time like `octets::position`, but no NUL is
/// to be expected, so the end is read as one word that overlaps the word before.
#[inline]
fn has_nul(text: &[u8]) -> bool {
    let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) else {
        return text.contains(&0);
    };
    let ends = u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << 32;
    if text.len() <= 8 {
        return nuls(ends) != 0;
    }
    let (words, _) = text.as_chunks::<8>();
    let found = |word: &[u8; 8]| nuls(u64::from_le_bytes(*word)) != 0;
    words.iter().any(found) || text.last_chunk().is_some_and(found)
}

#[cfg(test)]
mod tests {
    use super::has_nul;

    #[test]
    fn a_nul_is_found_at_every_place() {
        for length in 0..40 {
            let mut text = vec![0x80; length];
            assert!(!has_nul(&text));
            for at in 0..length {
                text.fill(1);
                text[at] = 0;
                assert!(has_nul(&text), "{at} of {length}");
            }
        }
    }
}
