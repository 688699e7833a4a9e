//! A receipt in the words of one customer.

use engine::Cause;
use smpp::Version;
use smpp::pdu::{Sm, Unencodable};
use smpp::{receipt, tlv};
use sms::gsm::Gsm;
use sms::{Alphabet, EXCERPT_CHARACTERS, Message, Reading, State, UDHI, Wall, time, translit};

use super::{Scratch, checked};
use crate::Account;
use crate::delivering::{ReceiptForm, ReceiptText, ReceiptTlvs};
use crate::told::MessageId;

/// esm_class of a receipt after which there is none, and of one on the way (SMPP 3.4, 5.2.12).
const RECEIPT: u8 = 0x04;
const INTERMEDIATE: u8 = 0x20;

/// network_error_code: whose code it is (SMPP 3.4, 5.3.2.31).
const GSM_NETWORK: u8 = 3;

/// What a receipt tells.
pub(super) struct Receipt {
    pub(super) id: MessageId,
    /// As the peer's version knows it.
    pub(super) state: State,
    /// Nothing more will be told of the message.
    pub(super) is_last: bool,
    pub(super) cause: Cause,
    pub(super) submitted: Wall,
    pub(super) done: Wall,
}

impl Receipt {
    /// source is the original destination, and the reverse (SMPP 3.4, appendix B).
    pub(super) fn deliver_sm<'a>(
        &self,
        message: &Message<'a>,
        account: &Account,
        version: Version,
        scratch: &'a mut Scratch,
    ) -> Result<Sm<'a>, Unencodable> {
        let form = &account.delivering.receipts;
        let with = if version > Version::V33 {
            form.tlvs
        } else {
            ReceiptTlvs::NONE
        };
        let Scratch {
            text,
            tlvs,
            characters,
            excerpt,
        } = scratch;
        text.clear();
        tlvs.clear();
        let code = code(self.cause);
        let err = match form.err.err(self.state, self.cause) {
            Some(mapped) => mapped.as_bytes(),
            None => &code,
        };
        if form.text != ReceiptText::None || with == ReceiptTlvs::NONE {
            characters.clear();
            if form.text != ReceiptText::Empty {
                beginning(message, account, characters);
            }
            self.put_text(form, err, plain(characters, excerpt), text);
        }
        self.put_tlvs(with, err, tlvs)?;
        Ok(Sm {
            source: message.destination,
            destination: message.source,
            esm_class: if self.is_last { RECEIPT } else { INTERMEDIATE },
            short_message: text,
            tlvs: checked(tlvs)?,
            ..Sm::default()
        })
    }

    fn put_text(&self, form: &ReceiptForm, err: &[u8], beginning: &str, out: &mut Vec<u8>) {
        let [submitted, done] = [self.submitted, self.done]
            .map(|at| time::receipt_date_seconds(at, form.offset_quarters));
        let digits = if form.seconds { 12 } else { 10 };
        receipt::write(
            out,
            &receipt::Fields {
                id: self.id.as_bytes(),
                sub: 1,
                dlvrd: u16::from(self.state == State::Delivered),
                submit_date: &submitted[..digits],
                done_date: &done[..digits],
                stat: self.state.word().as_bytes(),
                err,
                text: beginning,
            },
        );
    }

    fn put_tlvs(
        &self,
        with: ReceiptTlvs,
        err: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Unencodable> {
        if with.message_id {
            tlv::put_cstr(out, tlv::RECEIPTED_MESSAGE_ID, self.id.as_bytes())?;
        }
        if with.state {
            tlv::put_u8(out, tlv::MESSAGE_STATE, self.state as u8);
        }
        if with.network_error
            && let Some(code) = number(err)
        {
            let [high, low] = code.to_be_bytes();
            tlv::put_bytes(out, tlv::NETWORK_ERROR_CODE, &[GSM_NETWORK, high, low])?;
        }
        Ok(())
    }
}

/// What stands in the err of a receipt of this account, as a number; none: it is no number.
pub(crate) fn err_number(account: &Account, state: State, cause: Cause) -> Option<u16> {
    let mapped = account.delivering.receipts.err.err(state, cause);
    mapped.map_or_else(|| number(&code(cause)), |err| number(err.as_bytes()))
}

/// The err of a receipt where the account's map says nothing.
fn code(cause: Cause) -> [u8; 3] {
    match cause {
        Cause::Code(code) => code,
        Cause::NoRoute | Cause::NoCredit | Cause::OverDailyLimit => *b"000",
    }
}

/// An err that is a number. Letters are some carrier's own and no network's code.
fn number(err: &[u8]) -> Option<u16> {
    err.iter().try_fold(0, |number: u16, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The state as a peer of `version` knows it: 0 and 9 are 5.0's own (SMPP 5.0, 4.7.15).
pub(crate) fn known_to(state: State, version: Version) -> State {
    match state {
        State::Scheduled if version < Version::V50 => State::Enroute,
        State::Skipped if version < Version::V50 => State::Rejected,
        known => known,
    }
}

/// The first characters of the message, and perhaps some more; none if it is not text.
fn beginning(message: &Message<'_>, account: &Account, out: &mut String) {
    // A message says by the specification what it means; the mark is in the text.
    let reading = &Reading {
        little_endian_mark: account.submitting.reading.little_endian_mark,
        ..Reading::default()
    };
    out.clear();
    if let Some(beginning) = plain_beginning(message, reading) {
        out.push_str(beginning);
        return;
    }
    if message.excerpt().read(reading, out).is_err() {
        out.clear();
    }
}

/// The first characters of a message that are stored as they are shown, which those of most messages are.
fn plain_beginning<'a>(message: &Message<'a>, reading: &Reading) -> Option<&'a str> {
    if message.esm_class & UDHI != 0 || message.alphabet(reading) != Alphabet::Gsm7 {
        return None;
    }
    let octets = message.text.len().min(EXCERPT_CHARACTERS);
    Gsm::as_ascii(&message.text[..octets])
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
