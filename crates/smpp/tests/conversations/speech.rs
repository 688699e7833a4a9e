//! PDUs and what sessions tell, as words.

use bytes::BytesMut;
use smpp::frame::{self, Frame};
use smpp::pdu::{
    self, AlertNotification, Bind, BindResp, CancelSm, DataSm, Destination, Destinations, Outbind,
    Pdu, QuerySm, QuerySmResp, ReplaceSm, Sm, SmResp, SubmitMulti,
};
use smpp::session::{BindKind, Event, Received};
use smpp::status::{self, Status};
use smpp::tlv::{self, Tlvs};
use smpp::{Tolerance, Version};

/// The words of one line after its mark: `name #sequence status key=value flag`.
pub(crate) struct Words<'a>(pub(crate) Vec<&'a str>);

impl<'a> Words<'a> {
    pub(crate) fn of(line: &'a str) -> Words<'a> {
        Words(line.split_whitespace().collect())
    }

    pub(crate) fn value(&self, key: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    fn text(&self, key: &str) -> &'a [u8] {
        self.value(key).unwrap_or_default().as_bytes()
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }

    pub(crate) fn sequence(&self) -> u32 {
        let digits = self.0.iter().find_map(|word| word.strip_prefix('#'));
        digits
            .expect("a #sequence")
            .parse()
            .expect("a sequence number")
    }

    pub(crate) fn status(&self) -> Status {
        self.0
            .iter()
            .find_map(|word| parse_status(word))
            .unwrap_or(status::OK)
    }

    fn address(&self, key: &str) -> sms::Address<'a> {
        sms::Address {
            ton: 1,
            npi: 1,
            digits: self.text(key),
        }
    }
}

fn parse_status(word: &str) -> Option<Status> {
    if word == "ok" {
        return Some(status::OK);
    }
    if let Some(digits) = word.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok().map(Status);
    }
    Status::ALL
        .iter()
        .copied()
        .find(|status| status.name().strip_prefix("ESME_") == Some(word))
}

fn status_word(status: Status) -> String {
    match status.name().strip_prefix("ESME_") {
        Some("ROK") => "ok".to_owned(),
        Some(name) => name.to_owned(),
        None => format!("{:#x}", status.0),
    }
}

pub(crate) fn parse_version(word: &str) -> Version {
    match word {
        "3.3" => Version::V33,
        "3.4" => Version::V34,
        "5.0" => Version::V50,
        _ => panic!("{word} is no version"),
    }
}

fn version_word(version: Version) -> &'static str {
    match version {
        Version::V33 => "3.3",
        Version::V34 => "3.4",
        Version::V50 => "5.0",
    }
}

pub(crate) fn parse_kind(word: &str) -> BindKind {
    match word {
        "receiver" => BindKind::Receiver,
        "transmitter" => BindKind::Transmitter,
        "transceiver" => BindKind::Transceiver,
        _ => panic!("{word} is no kind of bind"),
    }
}

pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        panic!("an odd number of digits");
    };
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a digit") as u8;
    pairs
        .iter()
        .map(|&[high, low]| digit(high) << 4 | digit(low))
        .collect()
}

/// Octets of the PDU that a line speaks of.
pub(crate) fn octets(line: &str) -> Vec<u8> {
    let words = Words::of(line);
    if words.0[0] == "hex" {
        return unhex(&words.0[1..].concat());
    }
    let mut out = BytesMut::new();
    with_pdu(&words, |pdu| {
        pdu::encode(pdu, words.status(), words.sequence(), &mut out)
    })
    .expect("a PDU that can be said");
    let mut out = out.to_vec();
    // Anything after the PDU, whether it may stand there or not.
    if let Some(extra) = words.value("extra") {
        out.extend(unhex(extra));
        let length = out.len() as u32;
        out[..4].copy_from_slice(&length.to_be_bytes());
    }
    out
}

/// Does something with the PDU that the first word names, with the fields that the others give.
pub(crate) fn with_pdu<T>(words: &Words<'_>, then: impl FnOnce(&Pdu<'_>) -> T) -> T {
    let mut version = Vec::new();
    if let Some(word) = words.value("version") {
        let octet = parse_version(word).interface_version();
        tlv::put_u8(&mut version, tlv::SC_INTERFACE_VERSION, octet);
    }
    let mut destinations = Vec::new();
    let destination = Destination::Address(words.address("destination"));
    let _ = Destinations::push(&mut destinations, &destination);
    then(&build(words, &version, &destinations))
}

fn build<'a>(words: &Words<'a>, version: &'a [u8], destinations: &'a [u8]) -> Pdu<'a> {
    let bind = Bind {
        system_id: words.text("system_id"),
        password: words.text("password"),
        interface_version: words
            .value("version")
            .map_or(0x34, |word| parse_version(word).interface_version()),
        ..Bind::default()
    };
    let tlvs = Tlvs::parse(version).expect("a good TLV");
    let body_present = !words.has("header_only") && words.status().is_ok();
    let bind_resp = BindResp {
        system_id: words.text("system_id"),
        tlvs,
        body_present,
    };
    let sm = Sm {
        source: words.address("source"),
        destination: words.address("destination"),
        short_message: words.text("text"),
        ..Sm::default()
    };
    let sm_resp = SmResp {
        message_id: words.text("message_id"),
        body_present,
        ..SmResp::default()
    };
    let message_id = words.text("message_id");
    match words.0[0] {
        "bind_receiver" => Pdu::BindReceiver(bind),
        "bind_transmitter" => Pdu::BindTransmitter(bind),
        "bind_transceiver" => Pdu::BindTransceiver(bind),
        "bind_receiver_resp" => Pdu::BindReceiverResp(bind_resp),
        "bind_transmitter_resp" => Pdu::BindTransmitterResp(bind_resp),
        "bind_transceiver_resp" => Pdu::BindTransceiverResp(bind_resp),
        "outbind" => Pdu::Outbind(Outbind {
            system_id: bind.system_id,
            ..Outbind::default()
        }),
        "unbind" => Pdu::Unbind(Tlvs::EMPTY),
        "unbind_resp" => Pdu::UnbindResp(Tlvs::EMPTY),
        "enquire_link" => Pdu::EnquireLink(Tlvs::EMPTY),
        "enquire_link_resp" => Pdu::EnquireLinkResp(Tlvs::EMPTY),
        "generic_nack" => Pdu::GenericNack(Tlvs::EMPTY),
        "alert_notification" => Pdu::AlertNotification(AlertNotification::default()),
        "submit_sm" => Pdu::SubmitSm(sm),
        "submit_sm_resp" => Pdu::SubmitSmResp(sm_resp),
        "deliver_sm" => Pdu::DeliverSm(sm),
        "deliver_sm_resp" => Pdu::DeliverSmResp(sm_resp),
        "data_sm" => Pdu::DataSm(DataSm {
            source: sm.source,
            destination: sm.destination,
            ..DataSm::default()
        }),
        "data_sm_resp" => Pdu::DataSmResp(sm_resp),
        "submit_multi" => Pdu::SubmitMulti(SubmitMulti {
            source: sm.source,
            destinations: Destinations::parse(destinations).expect("good destinations"),
            ..SubmitMulti::default()
        }),
        "query_sm_resp" => Pdu::QuerySmResp(QuerySmResp::default()),
        "query_sm" => Pdu::QuerySm(QuerySm {
            message_id,
            ..QuerySm::default()
        }),
        "cancel_sm" => Pdu::CancelSm(CancelSm {
            message_id,
            ..CancelSm::default()
        }),
        "replace_sm" => Pdu::ReplaceSm(ReplaceSm {
            message_id,
            ..ReplaceSm::default()
        }),
        name => panic!("{name} cannot be said yet"),
    }
}

/// What we sent, in words.
pub(crate) fn say_frame(frame: &Frame<'_>) -> String {
    let id = frame.header.command_id;
    let mut said = format!("{} #{}", id.name(), frame.header.sequence);
    if id.is_response() {
        said += &format!(" {}", status_word(frame.header.status));
    }
    said += &format!(" length={}", frame.header.length);
    let (pdu, _) = pdu::decode(frame, Tolerance::Tolerant).expect("we send what can be read");
    said + &say_fields(&pdu)
}

fn say_fields(pdu: &Pdu<'_>) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    match pdu {
        Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind) => {
            format!(
                " system_id={} version={}",
                text(bind.system_id),
                version_word(Version::from_interface_version(bind.interface_version))
            )
        }
        Pdu::BindReceiverResp(response)
        | Pdu::BindTransmitterResp(response)
        | Pdu::BindTransceiverResp(response) => {
            let version = response
                .tlvs
                .sc_interface_version()
                .map_or("untold", version_word);
            format!(" system_id={} version={version}", text(response.system_id))
        }
        Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => format!(
            " source={} destination={} text={}",
            text(sm.source.digits),
            text(sm.destination.digits),
            text(sm.short_message)
        ),
        Pdu::SubmitSmResp(response) | Pdu::DeliverSmResp(response) | Pdu::DataSmResp(response) => {
            format!(" message_id={}", text(response.message_id))
        }
        Pdu::Outbind(outbind) => format!(" system_id={}", text(outbind.system_id)),
        _ => String::new(),
    }
}

/// What the caller is told, in words.
pub(crate) fn say_event(event: &Event<'_>) -> String {
    match event {
        Event::Bind {
            kind,
            sequence,
            version,
            bind,
            warnings,
        } => {
            let odd = if warnings.is_empty() { "" } else { " odd" };
            let version = version_word(*version);
            format!(
                "bind {kind} #{sequence} {version} system_id={}{odd}",
                String::from_utf8_lossy(bind.system_id)
            )
        }
        Event::Outbind(outbind) => format!("outbind{}", say_fields(&Pdu::Outbind(*outbind))),
        Event::Bound { version, system_id } => {
            format!(
                "bound {} system_id={}",
                version_word(*version),
                String::from_utf8_lossy(system_id)
            )
        }
        Event::BindFailed(status) => format!("bind_failed {}", status_word(*status)),
        Event::Request {
            sequence,
            pdu,
            warnings,
        } => {
            let odd = if warnings.is_empty() { "" } else { " odd" };
            format!(
                "request {} #{sequence}{}{odd}",
                pdu.command_id(),
                say_fields(pdu)
            )
        }
        Event::Response {
            token,
            status,
            pdu,
            late,
        } => {
            let late = if *late { " late" } else { "" };
            format!(
                "response {token} {} {}{}{late}",
                status_word(*status),
                pdu.command_id(),
                say_fields(pdu)
            )
        }
        Event::Expired { token } => format!("expired {token}"),
        Event::Forgotten { token } => format!("forgotten {token}"),
        Event::Malformed {
            command,
            sequence,
            status,
            field,
        } => {
            format!(
                "malformed {command} #{sequence} {} {field}",
                status_word(*status)
            )
        }
        Event::Unbound => "unbound".to_owned(),
        Event::Closed(reason) => format!("closed {reason:?}"),
    }
}

/// What stops the reading, in words.
pub(crate) fn say_stop(received: &Received<'_>) -> Option<&'static str> {
    match received {
        Received::Paused => Some("paused"),
        Received::Event(_) | Received::Incomplete | Received::Closed(_) => None,
    }
}

/// All PDUs in some octets, in words.
pub(crate) fn say_all(mut octets: &[u8]) -> Vec<String> {
    let mut said = Vec::new();
    while let Some(frame) =
        frame::split(&mut octets, frame::CAP_BOUND).expect("we send good lengths")
    {
        said.push(say_frame(&frame));
    }
    assert!(octets.is_empty(), "we send whole PDUs");
    said
}
