//! A message from a subscriber, in characters that the customer reads.

use engine::Told;
use smpp::pdu::{Sm, Unencodable};
use smpp::{Version, tlv};
use sms::segment::Marking;
use sms::{Alphabet, Message, NotText, Reading, UDHI, long, translit};

use super::{Scratch, bare, checked};
use crate::delivering::MoAlphabet;
use crate::retell::{book, put_header, put_legible, read};
use crate::told::MessageId;
use crate::{Account, long as parts};

/// Octets of a short_message (SMPP 3.4, 5.2.21).
const SHORT_MESSAGE_MAX: usize = 254;

/// The deliver_sm of a message, with its text in the place that has room for it and the name of the message that it answers.
pub(super) fn deliver_sm<'a>(
    message: &Message<'a>,
    answers: Option<Told>,
    account: &Account,
    version: Version,
    scratch: &'a mut Scratch,
) -> Result<Sm<'a>, Unencodable> {
    let Scratch {
        text,
        tlvs,
        characters,
        ..
    } = scratch;
    let message = &retold(message, account, version, characters, text);
    let room = if version >= Version::V50 {
        255
    } else {
        SHORT_MESSAGE_MAX
    };
    let mut sm = bare(message);
    tlvs.clear();
    tlvs.extend_from_slice(message.tlvs);
    if message.text.len() <= room {
        sm.short_message = message.text;
    } else if version == Version::V33 {
        return Err(Unencodable {
            field: "short_message",
        });
    } else {
        tlv::put_bytes(tlvs, tlv::MESSAGE_PAYLOAD, message.text)?;
    }
    if let Some((told, tag)) = answers.zip(account.delivering.mo_link_tlv)
        && version > Version::V33
    {
        let id = MessageId::new(told, account.delivering.message_id);
        tlv::put_cstr(tlvs, tag, id.as_bytes())?;
    }
    sm.tlvs = checked(tlvs)?;
    Ok(sm)
}

/// The parts, in their stored form, of a message that has no room in a deliver_sm of 3.3, which has no message_payload, as the account
/// wants its text. None: it has room, or it cannot be cut because it is a part itself or its header is malformed.
pub(super) fn cut(
    message: &Message<'_>,
    account: &Account,
    reference: u8,
    scratch: &mut Scratch,
) -> Vec<Vec<u8>> {
    let Scratch {
        characters, text, ..
    } = scratch;
    let message = &retold(message, account, Version::V33, characters, text);
    if message.text.len() <= SHORT_MESSAGE_MAX || parts::part(message).is_some() {
        return Vec::new();
    }
    let wanted = account.delivering.mo_alphabet;
    let alphabet = match wanted {
        MoAlphabet::Readable => message.alphabet(&account.submitting.reading),
        MoAlphabet::AsReceived | MoAlphabet::GsmBasic => message.alphabet(&book()),
    };
    // The customer's own octets: what they would be over the air does not matter any more.
    let alphabet = match alphabet {
        Alphabet::Gsm7 | Alphabet::Ucs2 => alphabet,
        _ => Alphabet::Binary,
    };
    let cut = long::cut(message, alphabet, Marking::Udh8, reference.into());
    let mut cut = cut.unwrap_or_default();
    if wanted == MoAlphabet::GsmBasic {
        for part in &mut cut {
            let marked = Message::decode(part).expect("it was just cut");
            *part = long::without_header(&marked);
        }
    }
    cut
}

/// The deliver_sm of a part that [`cut`] made.
pub(super) fn part_sm<'a>(part: &Message<'a>) -> Sm<'a> {
    Sm {
        short_message: part.text,
        ..bare(part)
    }
}

/// The message as the account wants its text.
fn retold<'a>(
    message: &Message<'a>,
    account: &Account,
    version: Version,
    characters: &mut String,
    text: &'a mut Vec<u8>,
) -> Message<'a> {
    let Some(mut data_coding) = retell(message, account, characters, text) else {
        return *message;
    };
    // A part has its number already and cannot be cut: rather a few letters are lost than all of it.
    if version == Version::V33
        && text.len() > SHORT_MESSAGE_MAX
        && parts::part(message).is_some()
        && let Some(shorter) = alike(message, &account.submitting.reading, characters, text)
    {
        data_coding = shorter;
    }
    Message {
        data_coding,
        text,
        esm_class: match account.delivering.mo_alphabet {
            MoAlphabet::GsmBasic => message.esm_class & !UDHI,
            MoAlphabet::AsReceived | MoAlphabet::Readable => message.esm_class,
        },
        ..*message
    }
}

/// Writes the text anew as the account wants it, and says with which data_coding; none: it can be read as it is, or is no text.
fn retell(
    message: &Message<'_>,
    account: &Account,
    characters: &mut String,
    out: &mut Vec<u8>,
) -> Option<u8> {
    match account.delivering.mo_alphabet {
        MoAlphabet::AsReceived => None,
        MoAlphabet::Readable => readable(message, &account.submitting.reading, characters, out),
        MoAlphabet::GsmBasic => gsm_basic(message, characters, out).ok(),
    }
}

/// What a customer reads, as a rule: its default, Latin-1, UCS-2.
const CODINGS: [u8; 3] = [0, 3, 8];

/// The text in the first alphabet that has all of it among those the customer reads, if it would read another text as it is.
fn readable(
    message: &Message<'_>,
    reading: &Reading,
    characters: &mut String,
    out: &mut Vec<u8>,
) -> Option<u8> {
    if message.alphabet(reading) == message.alphabet(&book()) {
        return None;
    }
    read(message, characters).ok()?;
    CODINGS.into_iter().find(|&data_coding| {
        out.clear();
        put_header(message, out);
        let alphabet = reading.alphabet(data_coding);
        alphabet.encode(characters, out).is_ok()
    })
}

/// The text in the first alphabet in which it has room, with what the alphabet lacks as letters that look alike, or as `?`.
fn alike(
    message: &Message<'_>,
    reading: &Reading,
    characters: &mut String,
    out: &mut Vec<u8>,
) -> Option<u8> {
    read(message, characters).ok()?;
    CODINGS.into_iter().find(|&data_coding| {
        out.clear();
        put_header(message, out);
        let alphabet = reading.alphabet(data_coding);
        for character in characters.chars() {
            let mut letter = [0; 4];
            let letter = character.encode_utf8(&mut letter);
            if alphabet.encode(letter, out).is_err() {
                translit::excerpt(letter, ALIKE_MAX, alphabet, out);
            }
        }
        out.len() <= SHORT_MESSAGE_MAX
    })
}

/// Characters that stand for one at most, such as `EUR`.
const ALIKE_MAX: usize = 8;

/// The text in the basic characters of GSM 03.38 without the Greek ones, and `?` for every other.
fn gsm_basic(
    message: &Message<'_>,
    characters: &mut String,
    out: &mut Vec<u8>,
) -> Result<u8, NotText> {
    read(message, characters)?;
    out.clear();
    let is_basic = |octets: &[u8]| matches!(octets, [code] if !is_greek(*code));
    put_legible(characters, Alphabet::Gsm7, is_basic, out);
    Ok(0)
}

/// Delta, and Phi to Xi; 0x11 is the underscore (3GPP 23.038, 6.2.1).
fn is_greek(code: u8) -> bool {
    matches!(code, 0x10 | 0x12..=0x1A)
}
