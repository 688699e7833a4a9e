//! Where a carrier differs from the book in what it says and wants to hear. [`Default`] is the book.

use smpp::Version;
use smpp::pdu::Unencodable;
use sms::alphabet::message_class;
use sms::translit::{Change, transliterate};
use sms::{Address, Alphabet, Message, NotText, State, UDHI, long};

use crate::Alphabets;
use crate::retell::{book, put_header, put_legible, read};

/// Octets of text that the air interface carries in one short message (3GPP 23.040, 9.2.3.24).
const AIR_OCTETS: usize = 140;

/// What is peculiar to a carrier.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The version that it speaks if its answer to the bind names none; none: the one that was asked for.
    pub version_if_untold: Option<Version>,
    /// What data_coding 0 means to it, in messages to it and from it.
    pub zero: Alphabet,
    /// The alphabets that it takes; a text in another one is written anew.
    pub alphabets: Alphabets,
    /// The service_type of every message to it, at most 5 characters; none: the message's own.
    pub service_type: Option<String>,
    /// What sources and destinations of messages to it have as TON and NPI.
    pub source: Numbering,
    /// See `source`.
    pub destination: Numbering,
    /// The number that its subscribers' messages are for, whatever they say; none: the one that they say.
    pub mo_destination: Option<String>,
    /// Words after `stat:` that are its own, or that it means otherwise, in any letter case.
    pub states: Vec<(String, State)>,
    /// A message whose text looks like a receipt is one, though nothing marks it.
    pub unmarked_receipts: bool,
}

/// TON and NPI of an address; none: as the message has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Numbering {
    /// Type of number.
    pub ton: Option<u8>,
    /// Numbering plan.
    pub npi: Option<u8>,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            version_if_untold: None,
            zero: Alphabet::Gsm7,
            alphabets: Alphabets::default(),
            service_type: None,
            source: Numbering::default(),
            destination: Numbering::default(),
            mo_destination: None,
            states: Vec::new(),
            unmarked_receipts: false,
        }
    }
}

impl Habits {
    /// A message as the carrier wants it. `text` and `characters` take a text that has to be written anew.
    ///
    /// # Errors
    /// Its text cannot be said in the alphabets that the carrier takes.
    #[inline]
    pub(crate) fn outgoing<'a>(
        &'a self,
        message: Message<'a>,
        characters: &mut String,
        text: &'a mut Vec<u8>,
    ) -> Result<Message<'a>, Unencodable> {
        let mut message = Message {
            source: self.source.of(message.source),
            destination: self.destination.of(message.destination),
            ..message
        };
        if let Some(service_type) = &self.service_type {
            message.service_type = service_type.as_bytes();
        }
        if message.data_coding == 0 && self.zero != Alphabet::Gsm7 {
            if let Some(data_coding) = self.retell(&message, characters, text) {
                message.data_coding = data_coding;
                message.text = text;
            }
        } else if !self.alphabets.allow(message.alphabet(&book())) {
            message.data_coding = self.respell(&message, characters, text)?;
            message.text = text;
        }
        Ok(message)
    }

    /// Writes the text in the alphabet that 0 means to the carrier; in UCS-2 if that lacks a character and the text is short
    /// enough, else with `?` for what it lacks. Says with which data_coding; none: it is no text.
    fn retell(
        &self,
        message: &Message<'_>,
        characters: &mut String,
        out: &mut Vec<u8>,
    ) -> Option<u8> {
        read(message, characters).ok()?;
        out.clear();
        put_header(message, out);
        let header = out.len();
        if self.zero.encode(characters, out).is_ok() {
            return Some(0);
        }
        let wide = Alphabet::Ucs2.encode(characters, out).is_ok();
        if wide && out.len() <= AIR_OCTETS && self.alphabets.allow(Alphabet::Ucs2) {
            return Alphabet::Ucs2.data_coding(None);
        }
        out.truncate(header);
        put_legible(characters, self.zero, |_| true, out);
        Some(0)
    }

    /// Writes the text in the first alphabet of the carrier that has all its characters and makes no part too long; failing that in
    /// GSM 7-bit with letters that look alike. Says with which data_coding.
    fn respell(
        &self,
        message: &Message<'_>,
        characters: &mut String,
        out: &mut Vec<u8>,
    ) -> Result<u8, Unencodable> {
        const LACKING: Unencodable = Unencodable {
            field: "data_coding",
        };
        read(message, characters).map_err(|NotText| LACKING)?;
        let (header, body) = message.header().map_err(|_| LACKING)?;
        // A text that goes whole is cut by the carrier. A header tells of a part, or is for an application, and neither is cut.
        let whole = message.esm_class & UDHI == 0
            && !long::fits(message.alphabet(&book()), &header, 0, body);
        let class = message_class(message.data_coding);
        out.clear();
        put_header(message, out);
        let start = out.len();
        let mut write = |alphabet: Alphabet, text: &str| {
            out.truncate(start);
            let data_coding = self.data_coding(alphabet, class)?;
            let written = match alphabet {
                Alphabet::Gsm7 => header.tables().encode(text, out),
                _ => alphabet.encode(text, out),
            };
            written.ok()?;
            (whole || long::fits(alphabet, &header, 0, &out[start..])).then_some(data_coding)
        };
        let as_it_is = self
            .alphabets
            .iter()
            .find_map(|alphabet| write(alphabet, characters));
        let alike = || {
            let text = transliterate(characters, Change::Letters)?;
            write(Alphabet::Gsm7, &text)
        };
        let gsm = self.alphabets.allow(Alphabet::Gsm7);
        as_it_is
            .or_else(|| gsm.then(alike).flatten())
            .ok_or(LACKING)
    }

    /// The data_coding that means this alphabet to the carrier, with a message class if there is one.
    fn data_coding(&self, alphabet: Alphabet, class: Option<u8>) -> Option<u8> {
        match (alphabet, class) {
            (alphabet, None) if alphabet == self.zero => Some(0),
            // Its value means something else here.
            (Alphabet::Gsm7, None) => None,
            _ => alphabet.data_coding(class),
        }
    }

    /// A message of a subscriber as the carrier means it.
    pub(crate) fn incoming<'a>(&'a self, message: Message<'a>) -> Message<'a> {
        let mut message = message;
        if message.data_coding == 0
            && let Some(data_coding) = self.zero.data_coding(None)
        {
            message.data_coding = data_coding;
        }
        if let Some(number) = &self.mo_destination {
            message.destination.digits = number.as_bytes();
        }
        message
    }

    /// What the carrier means by a word after `stat:`; none: what everybody means.
    pub(crate) fn state(&self, word: &[u8]) -> Option<State> {
        let named = |known: &str| word.eq_ignore_ascii_case(known.as_bytes());
        let own = self.states.iter().find(|(known, _)| named(known));
        own.map(|&(_, state)| state)
    }
}

impl Numbering {
    fn of(self, address: Address<'_>) -> Address<'_> {
        Address {
            ton: self.ton.unwrap_or(address.ton),
            npi: self.npi.unwrap_or(address.npi),
            ..address
        }
    }
}
