//! One PDU as it is shown: in a paragraph, or as a JSON object.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::Serialize;
use smpp::frame::Frame;
use smpp::pdu::{self, Pdu, Value};
use smpp::status::Status;
use smpp::{Tolerance, tlv};
use sms::Address;
use sms::alphabet::Reading;

use crate::tools::text;

/// Where and when a PDU went by, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Way {
    /// UTC, with microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<String>,
    /// The customer or the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<SocketAddr>,
}

/// One PDU.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    way: Way,
    /// Its name, or its number if it has none.
    command: String,
    sequence: u32,
    /// The name of the status, or its number if it has none.
    status: String,
    /// Octets, header and all.
    length: u32,
    fields: Vec<Line>,
    tlvs: Vec<Line>,
    /// The text of the message in its alphabet, or in hexadecimal if it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What was overlooked to read it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    /// Why its body could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A field or a TLV.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    name: String,
    value: String,
}

impl Shown {
    pub(crate) fn of(frame: &Frame<'_>, way: Way) -> Shown {
        let header = frame.header;
        let mut shown = Shown {
            way,
            command: named(header.command_id.name(), header.command_id.0),
            sequence: header.sequence,
            status: status(header.status),
            length: header.length,
            ..Shown::default()
        };
        match pdu::decode(frame, Tolerance::Tolerant) {
            Ok((pdu, warnings)) => {
                shown.read(&pdu);
                shown.warnings = pdu_warnings(warnings);
            }
            Err(malformed) => {
                shown.error = Some(malformed.to_string());
                shown.fields.push(line("body", text::hex(frame.body)));
            }
        }
        shown
    }

    fn read(&mut self, pdu: &Pdu<'_>) {
        let fields = &mut self.fields;
        let (mut esm_class, mut data_coding, mut body) = (0, 0, None);
        pdu.fields(&mut |name, value| {
            match (name, value) {
                ("esm_class", Value::Number(octet)) => esm_class = octet,
                ("data_coding", Value::Number(octet)) => data_coding = octet,
                (_, Value::Message(octets)) => body = Some(octets),
                _ => {}
            }
            fields.push(line(name, field(name, value)));
        });
        let payload = pdu.tlvs().get(tlv::MESSAGE_PAYLOAD);
        self.tlvs = pdu
            .tlvs()
            .iter()
            .map(|tlv| {
                let name = format!("{} 0x{:04x}", tlv::name(tlv.tag), tlv.tag);
                line(&name, tlv_value(tlv.tag, tlv.value))
            })
            .collect();
        self.text = payload
            .or(body)
            .filter(|text| !text.is_empty())
            .map(|octets| text::readable(esm_class, data_coding, octets));
    }

    /// The same without what the message says.
    pub(crate) fn without_text(mut self) -> Shown {
        const HIDDEN: &str = "hidden";
        let message = |line: &&mut Line| {
            line.name == "short_message" || line.name.starts_with("message_payload")
        };
        let lines = self.fields.iter_mut().chain(&mut self.tlvs);
        for line in lines.filter(message) {
            HIDDEN.clone_into(&mut line.value);
        }
        if let Some(text) = &mut self.text {
            HIDDEN.clone_into(text);
        }
        if self.error.is_some() {
            self.fields.clear();
        }
        self
    }

    /// For people: a line that says what it is, and a line for each thing in it.
    pub(crate) fn paragraph(&self) -> String {
        let mut out = String::new();
        if let Some(time) = &self.way.time {
            let _ = write!(out, "{time}  ");
        }
        if let Some(peer) = &self.way.peer {
            let _ = write!(out, "{}  ", peer.escape_default());
        }
        if let (Some(from), Some(to)) = (self.way.from, self.way.to) {
            let _ = write!(out, "{from} > {to}  ");
        }
        let _ = write!(out, "{} #{}", self.command, self.sequence);
        if self.status != "ESME_ROK" || self.command.ends_with("_resp") {
            let _ = write!(out, "  {}", self.status);
        }
        let _ = write!(out, "  {} octets", self.length);
        for Line { name, value } in self.fields.iter().chain(&self.tlvs) {
            let value = if value.is_empty() { "-" } else { value };
            let _ = write!(out, "\n  {name:<30} {value}");
        }
        if let Some(text) = &self.text {
            // A text may hold what would move the cursor of the terminal.
            let text = text.replace(char::is_control, " ");
            let _ = write!(out, "\n  {:<30} {text}", "text");
        }
        for warning in &self.warnings {
            let _ = write!(out, "\n  {:<30} {warning}", "overlooked");
        }
        if let Some(error) = &self.error {
            let _ = write!(out, "\n  {:<30} {error}", "cannot be read");
        }
        out
    }
}

fn line(name: &str, value: String) -> Line {
    Line {
        name: name.to_owned(),
        value,
    }
}

fn pdu_warnings(warnings: smpp::Warnings) -> Vec<&'static str> {
    let all = smpp::Warnings::ALL.iter();
    all.filter(|&&(warning, _)| warnings.contains(warning))
        .map(|&(_, name)| name)
        .collect()
}

/// A name, or the number where the specifications have none.
fn named(name: &str, number: u32) -> String {
    match name {
        "vendor" | "reserved" => format!("{name} 0x{number:08x}"),
        name => name.to_owned(),
    }
}

fn status(status: Status) -> String {
    named(status.name(), status.0)
}

fn field(name: &str, value: Value<'_>) -> String {
    match value {
        Value::Text(octets) => printable(octets),
        Value::Number(octet) => number(name, octet),
        Value::Address(of) => address(of),
        Value::Unreached(of, why) => format!("{} {}", address(of), status(why)),
        Value::Message(octets) => text::hex(octets),
        Value::Secret(length) => format!("{length} characters, not shown"),
    }
}

/// A number, and what it means where that is no secret of one peer.
fn number(name: &str, octet: u8) -> String {
    let meaning = match name {
        "data_coding" => Some(format!("{:?}", Reading::default().alphabet(octet))),
        "message_state" => sms::State::from_u8(octet).map(|state| state.word().to_owned()),
        _ => None,
    };
    match meaning {
        Some(meaning) => format!("0x{octet:02x} {meaning}"),
        None => format!("0x{octet:02x}"),
    }
}

fn address(address: Address<'_>) -> String {
    let Address { ton, npi, digits } = address;
    format!("{ton}/{npi} {}", printable(digits))
}

fn tlv_value(tag: u16, value: &[u8]) -> String {
    match tag {
        tlv::RECEIPTED_MESSAGE_ID | tlv::ADDITIONAL_STATUS_INFO_TEXT => {
            printable(value.split(|&octet| octet == 0).next().unwrap_or_default())
        }
        tlv::MESSAGE_STATE => match *value {
            [octet] => number("message_state", octet),
            _ => text::hex(value),
        },
        _ => text::hex(value),
    }
}

/// Text of a peer in one line, whatever is in it.
fn printable(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}
