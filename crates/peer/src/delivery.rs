//! The deliver_sm that tells a customer what became of its message, or what a subscriber wrote.

use engine::Delivery;
use smpp::Version;
use smpp::pdu::{Sm, Unencodable};
use smpp::receipt;
use smpp::tlv::{self, Tlvs};
use sms::{Alphabet, Message, State, UDHI, Wall, time, translit};

use crate::Account;
use crate::told::MessageId;

/// Characters of the message that a receipt repeats (SMPP 3.4, appendix B).
const EXCERPT_CHARACTERS: usize = 20;

/// esm_class of a receipt for a state that is final, and of one that is not (SMPP 3.4, 5.2.12).
const RECEIPT: u8 = 0x04;
const INTERMEDIATE: u8 = 0x20;

/// network_error_code: whose code it is (SMPP 3.4, 5.3.2.31).
const GSM_NETWORK: u8 = 3;

/// Room for what is put together for one delivery.
#[derive(Default, Debug)]
pub(crate) struct Scratch {
    text: Vec<u8>,
    tlvs: Vec<u8>,
    characters: String,
    excerpt: Vec<u8>,
}

impl Scratch {
    /// Gives back what one long message took.
    pub(crate) fn rest(&mut self) {
        rest(&mut self.tlvs);
    }
}

/// Gives back what one long message took: ten thousand sessions may be waiting for their next.
#[inline]
pub(crate) fn rest(buffer: &mut Vec<u8>) {
    const KEPT: usize = 4096;
    if buffer.capacity() > KEPT {
        *buffer = Vec::new();
    }
}

/// The deliver_sm of `what` to a peer of `version`.
#[inline]
pub(crate) fn deliver_sm<'a>(
    what: Delivery,
    message: &Message<'a>,
    account: &Account,
    version: Version,
    scratch: &'a mut Scratch,
) -> Result<Sm<'a>, Unencodable> {
    match what {
        Delivery::Mo => mo(message, version, scratch),
        Delivery::Receipt {
            told,
            state,
            err,
            submitted,
            done,
        } => {
            let told = Receipt {
                id: MessageId::new(told, account.delivering.message_id),
                state: known_to(state, version),
                err,
                submitted,
                done,
            };
            told.deliver_sm(message, account, version, scratch)
        }
    }
}

/// A message from a subscriber, with its text in the place that has room for it.
fn mo<'a>(
    message: &Message<'a>,
    version: Version,
    scratch: &'a mut Scratch,
) -> Result<Sm<'a>, Unencodable> {
    let room = if version >= Version::V50 { 255 } else { 254 };
    let mut sm = Sm {
        service_type: message.service_type,
        source: message.source,
        destination: message.destination,
        esm_class: message.esm_class,
        protocol_id: message.protocol_id,
        priority_flag: message.priority,
        registered_delivery: message.registered_delivery,
        data_coding: message.data_coding,
        ..Sm::default()
    };
    let tlvs = if message.text.len() <= room {
        sm.short_message = message.text;
        message.tlvs
    } else if version == Version::V33 {
        return Err(Unencodable {
            field: "short_message",
        });
    } else {
        with_payload(message, &mut scratch.tlvs)?
    };
    sm.tlvs = checked(tlvs)?;
    Ok(sm)
}

/// The TLVs of a message with its text after them.
pub(crate) fn with_payload<'a>(
    message: &Message<'_>,
    out: &'a mut Vec<u8>,
) -> Result<&'a [u8], Unencodable> {
    out.clear();
    out.extend_from_slice(message.tlvs);
    tlv::put_bytes(out, tlv::MESSAGE_PAYLOAD, message.text)?;
    Ok(out)
}

/// TLVs as they are stored: they were valid when they came.
pub(crate) fn checked(tlvs: &[u8]) -> Result<Tlvs<'_>, Unencodable> {
    Tlvs::parse(tlvs).map_err(|malformed| Unencodable {
        field: malformed.field,
    })
}

/// A receipt in the words of one peer.
struct Receipt {
    id: MessageId,
    state: State,
    err: [u8; 3],
    submitted: Wall,
    done: Wall,
}

impl Receipt {
    /// source is the original destination, and the reverse (SMPP 3.4, appendix B).
    fn deliver_sm<'a>(
        &self,
        message: &Message<'a>,
        account: &Account,
        version: Version,
        scratch: &'a mut Scratch,
    ) -> Result<Sm<'a>, Unencodable> {
        let rules = &account.delivering;
        let with_tlvs = rules.receipt_tlvs && version > Version::V33;
        let Scratch {
            text,
            tlvs,
            characters,
            excerpt,
        } = scratch;
        text.clear();
        tlvs.clear();
        if rules.receipt_text || !with_tlvs {
            beginning(message, account, characters);
            self.put_text(plain(characters, excerpt), text);
        }
        if with_tlvs {
            self.put_tlvs(tlvs)?;
        }
        Ok(Sm {
            source: message.destination,
            destination: message.source,
            esm_class: match self.state {
                State::Scheduled | State::Enroute => INTERMEDIATE,
                State::Delivered
                | State::Expired
                | State::Deleted
                | State::Undeliverable
                | State::Accepted
                | State::Unknown
                | State::Rejected
                | State::Skipped => RECEIPT,
            },
            short_message: text,
            tlvs: checked(tlvs)?,
            ..Sm::default()
        })
    }

    fn put_text(&self, beginning: &str, out: &mut Vec<u8>) {
        receipt::write(
            out,
            &receipt::Fields {
                id: self.id.as_bytes(),
                sub: 1,
                dlvrd: u16::from(self.state == State::Delivered),
                submit_date: &time::receipt_date(self.submitted, 0),
                done_date: &time::receipt_date(self.done, 0),
                stat: self.state.word().as_bytes(),
                err: &self.err,
                text: beginning,
            },
        );
    }

    fn put_tlvs(&self, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        tlv::put_cstr(out, tlv::RECEIPTED_MESSAGE_ID, self.id.as_bytes())?;
        tlv::put_u8(out, tlv::MESSAGE_STATE, self.state as u8);
        // Letters in err are some carrier's own and no network's code.
        if self.err.iter().all(u8::is_ascii_digit) {
            let code = self
                .err
                .iter()
                .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
            let [high, low] = code.to_be_bytes();
            tlv::put_bytes(out, tlv::NETWORK_ERROR_CODE, &[GSM_NETWORK, high, low])?;
        }
        Ok(())
    }
}

/// The state as a peer of `version` knows it: 0 and 9 are 5.0's own (SMPP 5.0, 4.7.15).
fn known_to(state: State, version: Version) -> State {
    match state {
        State::Scheduled if version < Version::V50 => State::Enroute,
        State::Skipped if version < Version::V50 => State::Rejected,
        known => known,
    }
}

/// The first characters of the message, and perhaps some more; none if it is not text.
fn beginning(message: &Message<'_>, account: &Account, out: &mut String) {
    let reading = &account.submitting.reading;
    let header = match message.text {
        [length, ..] if message.esm_class & UDHI != 0 => 1 + usize::from(*length),
        _ => 0,
    };
    // A surrogate pair, or a septet behind an escape.
    let longest = match message.alphabet(reading) {
        Alphabet::Ucs2 => 4,
        _ => 2,
    };
    let octets = header + longest * EXCERPT_CHARACTERS;
    let cut = Message {
        text: &message.text[..octets.min(message.text.len())],
        ..*message
    };
    out.clear();
    if cut.read(reading, out).is_err() {
        out.clear();
    }
}

/// The characters of a receipt's text in ASCII, as near as may be: a receipt is read by programs that know no other.
fn plain<'a>(characters: &'a str, excerpt: &'a mut Vec<u8>) -> &'a str {
    if characters.is_ascii() {
        return characters;
    }
    excerpt.clear();
    translit::excerpt(characters, EXCERPT_CHARACTERS, Alphabet::Ascii, excerpt);
    core::str::from_utf8(excerpt).expect("ASCII is UTF-8")
}
