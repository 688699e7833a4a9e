//! PDUs as words: `submit_sm 2 from=5/0/Bindery to=1/1/4477 text="hello" rd=1`.

use bytes::BytesMut;
use smpp::command::{self, CommandId};
use smpp::frame::{self, Frame};
use smpp::pdu::{
    self, Bind, BindResp, DataSm, Destination, Destinations, Pdu, QuerySm, Sm, SmResp, SubmitMulti,
};
use smpp::status::{self, Status};
use smpp::tlv::{self, Tlvs};
use smpp::{Tolerance, frame::CAP_BOUND};
use sms::Address;

/// What a TLV's value looks like in words.
#[derive(Clone, Copy)]
enum Form {
    Text,
    TextWithNul,
    Number(usize),
    Octets,
}

const TLVS: &[(&str, u16, Form)] = &[
    ("payload", tlv::MESSAGE_PAYLOAD, Form::Text),
    ("receipted", tlv::RECEIPTED_MESSAGE_ID, Form::TextWithNul),
    ("state", tlv::MESSAGE_STATE, Form::Number(1)),
    ("network_error", tlv::NETWORK_ERROR_CODE, Form::Octets),
    ("reference", tlv::USER_MESSAGE_REFERENCE, Form::Number(2)),
    ("sc_version", tlv::SC_INTERFACE_VERSION, Form::Octets),
    ("availability", tlv::MS_AVAILABILITY_STATUS, Form::Number(1)),
    ("load", tlv::CONGESTION_STATE, Form::Number(1)),
    ("lives", tlv::QOS_TIME_TO_LIVE, Form::Number(4)),
    ("billing", tlv::BILLING_IDENTIFICATION, Form::Octets),
    ("sar", tlv::SAR_MSG_REF_NUM, Form::Number(2)),
    ("sar_total", tlv::SAR_TOTAL_SEGMENTS, Form::Number(1)),
    ("sar_number", tlv::SAR_SEGMENT_SEQNUM, Form::Number(1)),
    ("vendor", 0x1400, Form::Octets),
];

/// `key=value` words, in order.
pub(super) struct Words(Vec<(String, Vec<u8>)>);

impl Words {
    pub(super) fn new(text: &str) -> Words {
        let mut words = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = word_end(rest);
            let (word, after) = rest.split_at(end);
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            words.push((key.to_owned(), value_octets(value)));
            rest = after.trim_start();
        }
        Words(words)
    }

    pub(super) fn text(&self, key: &str) -> &[u8] {
        self.find(key).unwrap_or(b"")
    }

    /// The destinations of a submit_multi: `to=1/1/4477` and `list=staff`, as often as they stand there.
    fn destinations(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in &self.0 {
            let destination = match key.as_str() {
                "to" => Destination::Address(address(value)),
                "list" => Destination::List(value),
                _ => continue,
            };
            Destinations::push(&mut out, &destination).expect("fits");
        }
        out
    }

    pub(super) fn number(&self, key: &str) -> u8 {
        self.find(key)
            .map_or(0, |value| number(text(value)).try_into().expect("an octet"))
    }

    pub(super) fn address(&self, key: &str) -> Address<'_> {
        self.find(key).map_or_else(Address::default, address)
    }

    pub(super) fn tlvs(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in &self.0 {
            if let Some(&(_, tag, form)) = TLVS.iter().find(|(name, ..)| name == key) {
                let value = match form {
                    Form::Text | Form::Octets => value.clone(),
                    Form::TextWithNul => [value, &b"\0"[..]].concat(),
                    Form::Number(octets) => {
                        number(text(value)).to_be_bytes()[4 - octets..].to_vec()
                    }
                };
                tlv::put_bytes(&mut out, tag, &value).expect("fits");
            }
        }
        out
    }

    fn find(&self, key: &str) -> Option<&[u8]> {
        let word = self.0.iter().find(|(name, _)| name == key);
        word.map(|(_, value)| &value[..])
    }
}

/// `TON/NPI/digits`.
pub(super) fn address(value: &[u8]) -> Address<'_> {
    let mut parts = value.splitn(3, |&octet| octet == b'/');
    let mut octet = || {
        text(parts.next().expect("ton/npi/digits"))
            .parse()
            .expect("an octet")
    };
    let (ton, npi) = (octet(), octet());
    Address {
        ton,
        npi,
        digits: parts.next().expect("ton/npi/digits"),
    }
}

/// Where the first word ends: at a space that is not within quotes.
fn word_end(text: &str) -> usize {
    let mut quoted = false;
    for (place, octet) in text.bytes().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            b' ' if !quoted => return place,
            _ => {}
        }
    }
    text.len()
}

/// `"text\x00"`, `hex:0102`, `N*x` (N times x) or the characters themselves.
fn value_octets(value: &str) -> Vec<u8> {
    if let Some(hex) = value.strip_prefix("hex:") {
        return octets(hex);
    }
    if let Some((count, what)) = value.split_once('*') {
        return what.as_bytes().repeat(count.parse().expect("a count"));
    }
    let mut out = Vec::new();
    let mut rest = value.trim_matches('"').bytes();
    while let Some(octet) = rest.next() {
        if octet != b'\\' {
            out.push(octet);
            continue;
        }
        assert_eq!(rest.next(), Some(b'x'), "only \\x00 is known: {value}");
        let digits = [rest.next(), rest.next()].map(|digit| digit.expect("two digits"));
        out.extend(octets(text(&digits)));
    }
    out
}

fn octets(hex: &str) -> Vec<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16).expect("hexadecimal") as u8;
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        panic!("an odd number of digits: {hex}");
    };
    pairs
        .iter()
        .map(|&[high, low]| digit(high) << 4 | digit(low))
        .collect()
}

fn text(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).expect("text")
}

pub(super) fn number(text: &str) -> u32 {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).expect("hexadecimal"),
        None => text.parse().expect("a number"),
    }
}

/// The octets of a PDU in words; `raw` and its octets in hexadecimal.
pub(super) fn pdu_octets(line: &str) -> Vec<u8> {
    if let Some(hex) = line.strip_prefix("raw ") {
        return octets(&hex.replace(' ', ""));
    }
    let mut parts = line.splitn(3, ' ');
    let name = parts.next().expect("a name");
    let sequence = number(parts.next().expect("a sequence number"));
    let mut rest = parts.next().unwrap_or("");
    let id = *CommandId::ALL
        .iter()
        .find(|id| id.name() == name)
        .unwrap_or_else(|| panic!("no PDU is called {name}"));
    let mut status = status::OK;
    if id.is_response() {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        status = Status(if word == "ok" { 0 } else { number(word) });
        rest = after;
    }
    let words = Words::new(rest);
    let (tlvs, destinations) = (words.tlvs(), words.destinations());
    let tlvs = Tlvs::parse(&tlvs).expect("well-formed TLVs");
    let body_present = (status.is_ok() || !tlvs.is_empty()) && words.find("header").is_none();
    let mut out = BytesMut::new();
    pdu::encode(
        &pdu(id, &words, &destinations, tlvs, body_present),
        status,
        sequence,
        &mut out,
    )
    .expect("a PDU that can be said");
    out.to_vec()
}

fn pdu<'a>(
    id: CommandId,
    words: &'a Words,
    destinations: &'a [u8],
    tlvs: Tlvs<'a>,
    body_present: bool,
) -> Pdu<'a> {
    let bind = Bind {
        system_id: words.text("system_id"),
        password: words.text("password"),
        system_type: words.text("system_type"),
        interface_version: words.number("version"),
        tlvs,
        ..Bind::default()
    };
    let bind_resp = BindResp {
        system_id: words.text("system_id"),
        tlvs,
        body_present,
    };
    let response = SmResp {
        message_id: words.text("id"),
        tlvs,
        body_present,
    };
    match id {
        command::BIND_RECEIVER => Pdu::BindReceiver(bind),
        command::BIND_TRANSMITTER => Pdu::BindTransmitter(bind),
        command::BIND_TRANSCEIVER => Pdu::BindTransceiver(bind),
        command::BIND_RECEIVER_RESP => Pdu::BindReceiverResp(bind_resp),
        command::BIND_TRANSMITTER_RESP => Pdu::BindTransmitterResp(bind_resp),
        command::BIND_TRANSCEIVER_RESP => Pdu::BindTransceiverResp(bind_resp),
        command::SUBMIT_SM => Pdu::SubmitSm(sm(words, tlvs)),
        command::DELIVER_SM => Pdu::DeliverSm(sm(words, tlvs)),
        command::DATA_SM => Pdu::DataSm(data_sm(words, tlvs)),
        command::SUBMIT_SM_RESP => Pdu::SubmitSmResp(response),
        command::DELIVER_SM_RESP => Pdu::DeliverSmResp(response),
        command::DATA_SM_RESP => Pdu::DataSmResp(response),
        command::UNBIND => Pdu::Unbind(tlvs),
        command::UNBIND_RESP => Pdu::UnbindResp(tlvs),
        command::ENQUIRE_LINK => Pdu::EnquireLink(tlvs),
        command::ENQUIRE_LINK_RESP => Pdu::EnquireLinkResp(tlvs),
        command::GENERIC_NACK => Pdu::GenericNack(tlvs),
        command::QUERY_SM => Pdu::QuerySm(QuerySm {
            message_id: words.text("id"),
            source: words.address("from"),
            tlvs,
        }),
        command::CANCEL_SM => Pdu::CancelSm(pdu::CancelSm {
            service_type: words.text("type"),
            message_id: words.text("id"),
            source: words.address("from"),
            destination: words.address("to"),
            tlvs,
        }),
        command::REPLACE_SM => Pdu::ReplaceSm(pdu::ReplaceSm {
            message_id: words.text("id"),
            source: words.address("from"),
            schedule_delivery_time: words.text("at"),
            validity_period: words.text("until"),
            registered_delivery: words.number("rd"),
            sm_default_msg_id: words.number("default"),
            short_message: words.text("text"),
            tlvs,
        }),
        command::SUBMIT_MULTI => Pdu::SubmitMulti(submit_multi(words, destinations, tlvs)),
        command::BROADCAST_SM => Pdu::BroadcastSm(pdu::BroadcastSm::default()),
        command::QUERY_BROADCAST_SM => Pdu::QueryBroadcastSm(QuerySm::default()),
        command::CANCEL_BROADCAST_SM => Pdu::CancelBroadcastSm(pdu::CancelBroadcastSm::default()),
        command::ALERT_NOTIFICATION => Pdu::AlertNotification(pdu::AlertNotification {
            source: words.address("from"),
            esme: words.address("to"),
            tlvs,
        }),
        command::OUTBIND => Pdu::Outbind(pdu::Outbind::default()),
        other => panic!("nobody in these conversations says {other}"),
    }
}

fn submit_multi<'a>(words: &'a Words, destinations: &'a [u8], tlvs: Tlvs<'a>) -> SubmitMulti<'a> {
    SubmitMulti {
        source: words.address("from"),
        destinations: Destinations::parse(destinations).expect("as they were written"),
        esm_class: words.number("esm"),
        registered_delivery: words.number("rd"),
        data_coding: words.number("dcs"),
        short_message: words.text("text"),
        tlvs,
        ..SubmitMulti::default()
    }
}

fn sm<'a>(words: &'a Words, tlvs: Tlvs<'a>) -> Sm<'a> {
    Sm {
        service_type: words.text("type"),
        source: words.address("from"),
        destination: words.address("to"),
        esm_class: words.number("esm"),
        protocol_id: words.number("pid"),
        priority_flag: words.number("priority"),
        schedule_delivery_time: words.text("at"),
        validity_period: words.text("until"),
        registered_delivery: words.number("rd"),
        replace_if_present_flag: words.number("replace"),
        data_coding: words.number("dcs"),
        sm_default_msg_id: words.number("default"),
        short_message: words.text("text"),
        tlvs,
    }
}

fn data_sm<'a>(words: &'a Words, tlvs: Tlvs<'a>) -> DataSm<'a> {
    DataSm {
        service_type: words.text("type"),
        source: words.address("from"),
        destination: words.address("to"),
        esm_class: words.number("esm"),
        registered_delivery: words.number("rd"),
        data_coding: words.number("dcs"),
        tlvs,
    }
}

/// The PDUs in a stream, each in words.
pub(super) fn pdu_lines(mut stream: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while !stream.is_empty() {
        let frame = frame::split(&mut stream, CAP_BOUND)
            .expect("a frame")
            .expect("a whole frame");
        lines.push(pdu_line(&frame));
    }
    lines
}

fn pdu_line(frame: &Frame<'_>) -> String {
    let header = frame.header;
    let (pdu, warnings) = pdu::decode(frame, Tolerance::Tolerant).expect("a body");
    assert!(warnings.is_empty(), "we sent {pdu:?} with {warnings:?}");
    let mut line = format!("{} {}", header.command_id, header.sequence);
    if header.command_id.is_response() {
        line += &match header.status {
            status::OK => " ok".to_owned(),
            status => format!(" {:#04x}", status.0),
        };
    }
    match pdu {
        Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => line += &sm_words(&sm),
        Pdu::AlertNotification(alert) => line += &address_words(alert.source, alert.esme),
        Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind) => {
            line += &format!(
                " system_id={} password={} version={:#x}",
                bind.system_id.escape_ascii(),
                bind.password.escape_ascii(),
                bind.interface_version
            );
        }
        Pdu::BindReceiverResp(response)
        | Pdu::BindTransmitterResp(response)
        | Pdu::BindTransceiverResp(response)
            if response.body_present =>
        {
            line += &format!(" system_id={}", response.system_id.escape_ascii());
        }
        Pdu::SubmitMultiResp(response) if response.body_present => {
            line += &format!(" id=\"{}\"", response.message_id.escape_ascii());
            for missed in response.unsuccessful.iter() {
                let Address { ton, npi, .. } = missed.destination;
                let status = missed.status.0;
                line += &format!(" missed={ton}/{npi}/{}:{status:#04x}", missed.destination);
            }
        }
        Pdu::SubmitSmResp(response) | Pdu::DeliverSmResp(response) | Pdu::DataSmResp(response)
            if response.body_present =>
        {
            line += &format!(" id=\"{}\"", response.message_id.escape_ascii());
        }
        Pdu::QuerySmResp(response) if response.body_present => {
            let [id, date] = [response.message_id, response.final_date].map(<[u8]>::escape_ascii);
            let (state, error) = (response.message_state, response.error_code);
            line += &format!(" id=\"{id}\" date={date} state={state} error={error}");
        }
        _ => {}
    }
    line + &tlv_words(pdu.tlvs())
}

fn sm_words(sm: &Sm<'_>) -> String {
    let mut line = String::new();
    if !sm.service_type.is_empty() {
        line += &format!(" type={}", sm.service_type.escape_ascii());
    }
    line += &address_words(sm.source, sm.destination);
    line += &numbers(&[
        ("esm", sm.esm_class),
        ("pid", sm.protocol_id),
        ("priority", sm.priority_flag),
    ]);
    for (name, time) in [
        ("at", sm.schedule_delivery_time),
        ("until", sm.validity_period),
    ] {
        if !time.is_empty() {
            line += &format!(" {name}={}", time.escape_ascii());
        }
    }
    line += &numbers(&[
        ("rd", sm.registered_delivery),
        ("replace", sm.replace_if_present_flag),
        ("dcs", sm.data_coding),
        ("default", sm.sm_default_msg_id),
    ]);
    line + &text_words("text", sm.short_message)
}

pub(super) fn address_words(source: Address<'_>, destination: Address<'_>) -> String {
    let words = |address: Address<'_>| format!("{}/{}/{address}", address.ton, address.npi);
    format!(" from={} to={}", words(source), words(destination))
}

/// Those that are not 0.
pub(super) fn numbers(fields: &[(&str, u8)]) -> String {
    fields
        .iter()
        .filter(|(_, value)| *value != 0)
        .map(|(name, value)| format!(" {name}={value:#x}"))
        .collect()
}

/// A text, or how long it is and of what if it is long and monotonous.
pub(super) fn text_words(name: &str, text: &[u8]) -> String {
    match text {
        [] => String::new(),
        [first, ..] if text.len() > 100 && text.iter().all(|octet| octet == first) => {
            format!(" {name}={}*{}", text.len(), char::from(*first))
        }
        _ => format!(" {name}=\"{}\"", text.escape_ascii()),
    }
}

pub(super) fn tlv_words(tlvs: Tlvs<'_>) -> String {
    tlvs.iter()
        .map(|tlv| {
            let Some(&(name, _, form)) = TLVS.iter().find(|(_, tag, _)| *tag == tlv.tag) else {
                return format!(" {:#06x}={}", tlv.tag, hex(tlv.value));
            };
            match form {
                Form::Text => text_words(name, tlv.value),
                Form::TextWithNul => {
                    let text = tlv.value.strip_suffix(b"\0").expect("a NUL");
                    text_words(name, text)
                }
                Form::Number(octets) => {
                    assert_eq!(tlv.value.len(), octets, "{name}");
                    let value = tlv
                        .value
                        .iter()
                        .fold(0, |sum, &octet| sum << 8 | u64::from(octet));
                    format!(" {name}={value}")
                }
                Form::Octets => format!(" {name}={}", hex(tlv.value)),
            }
        })
        .collect()
}

fn hex(octets: &[u8]) -> String {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("hex:{digits}")
}
