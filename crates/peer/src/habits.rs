//! Where a carrier differs from the book in what it says and wants to hear. [`Default`] is the book.

use smpp::Version;
use sms::{Address, Alphabet, Message, State};

use crate::retell::{put_header, put_legible, read};

/// Octets of text that the air interface carries in one short message (3GPP 23.040, 9.2.3.24).
const AIR_OCTETS: usize = 140;

/// What is peculiar to a carrier.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The version that it speaks if its answer to the bind names none; none: the one that was asked for.
    pub version_if_untold: Option<Version>,
    /// What data_coding 0 means to it, in messages to it and from it.
    pub zero: Alphabet,
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
    #[inline]
    pub(crate) fn outgoing<'a>(
        &'a self,
        message: Message<'a>,
        characters: &mut String,
        text: &'a mut Vec<u8>,
    ) -> Message<'a> {
        let mut message = Message {
            source: self.source.of(message.source),
            destination: self.destination.of(message.destination),
            ..message
        };
        if let Some(service_type) = &self.service_type {
            message.service_type = service_type.as_bytes();
        }
        if message.data_coding == 0
            && self.zero != Alphabet::Gsm7
            && let Some(data_coding) = self.retell(&message, characters, text)
        {
            message.data_coding = data_coding;
            message.text = text;
        }
        message
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
        if wide && out.len() <= AIR_OCTETS {
            return Alphabet::Ucs2.data_coding(None);
        }
        out.truncate(header);
        put_legible(characters, self.zero, |_| true, out);
        Some(0)
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
