//! From a number and a text to the parts that travel.

use smpp::pdu::Sm;
use sms::Address;
use sms::alphabet::Alphabet;
use sms::segment::{Marking, PARTS, Split};
use sms::udh::{Concatenation, Writer};

use crate::tools::hash;

/// `esm_class` of a message with a user data header (SMPP 3.4, 5.2.12).
const HEADER: u8 = 0x40;

/// What all messages have in common.
pub(crate) struct Order<'a> {
    pub(crate) from: &'a str,
    pub(crate) receipt: bool,
    pub(crate) flash: bool,
}

/// A message, coded and divided.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Message {
    pub(crate) to: String,
    from: String,
    data_coding: u8,
    receipt: bool,
    parts: Vec<Vec<u8>>,
}

impl Order<'_> {
    /// # Errors
    /// A sentence that says what is wrong with the number, the sender or the text.
    pub(crate) fn message(&self, to: &str, text: &str) -> Result<Message, String> {
        let to = to.trim().trim_start_matches('+');
        if to.is_empty() || to.len() > 20 || !to.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(format!(
                "{to:?} is no number in international form, such as 447700901234"
            ));
        }
        if self.from.len() > 20 || !self.from.is_ascii() {
            return Err(format!("{:?} is too long for a sender", self.from));
        }
        let (alphabet, octets) = coded(text);
        let class = self.flash.then_some(0);
        let data_coding = alphabet.data_coding(class).ok_or("no such message class")?;
        let split = Split::new(alphabet, 0, Marking::Udh8).ok_or("no room for text")?;
        let total = split.count(&octets);
        if total > PARTS {
            return Err(format!(
                "the text needs {total} parts, and a message has at most {PARTS}"
            ));
        }
        let reference = reference(to, text);
        let marked = |(body, sequence): (&[u8], u8)| {
            let mut part = Vec::new();
            if total > 1 {
                let place = Concatenation {
                    reference,
                    wide: false,
                    total: total as u8,
                    sequence,
                };
                let header = Writer::new(&mut part).concatenation(place).map(|_| ());
                header.expect("one element is short");
            }
            part.extend_from_slice(body);
            part
        };
        Ok(Message {
            to: to.to_owned(),
            from: self.from.trim_start_matches('+').to_owned(),
            data_coding,
            receipt: self.receipt,
            parts: split.parts(&octets).zip(1..).map(marked).collect(),
        })
    }
}

impl Message {
    /// Number of parts, from 1.
    pub(crate) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The submit of one part, counted from 0.
    pub(crate) fn part(&self, part: usize) -> Sm<'_> {
        Sm {
            source: sender(&self.from),
            destination: Address {
                ton: 1,
                npi: 1,
                digits: self.to.as_bytes(),
            },
            esm_class: if self.parts.len() > 1 { HEADER } else { 0 },
            registered_delivery: u8::from(self.receipt),
            data_coding: self.data_coding,
            short_message: &self.parts[part],
            ..Sm::default()
        }
    }
}

/// GSM 7-bit if it has every character, else UCS-2.
fn coded(text: &str) -> (Alphabet, Vec<u8>) {
    let mut octets = Vec::new();
    if Alphabet::Gsm7.encode(text, &mut octets).is_ok() {
        return (Alphabet::Gsm7, octets);
    }
    let coded = Alphabet::Ucs2.encode(text, &mut octets);
    coded.expect("UTF-16 has every character");
    (Alphabet::Ucs2, octets)
}

/// What the parts of one message have in common; another text to the same number has another one, most probably.
fn reference(to: &str, text: &str) -> u16 {
    let both = hash::octets(text.as_bytes()) ^ hash::octets(to.as_bytes());
    (both & 0xFF) as u16
}

/// A name is alphanumeric, a short number is the network's, a long one international.
pub(crate) fn sender(from: &str) -> Address<'_> {
    let is_number = from.bytes().all(|octet| octet.is_ascii_digit());
    let (ton, npi) = match (is_number, from.len()) {
        (_, 0) => (0, 0),
        (false, _) => (5, 0),
        (true, 1..=6) => (3, 0),
        (true, _) => (1, 1),
    };
    Address {
        ton,
        npi,
        digits: from.as_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Order<'_> = Order {
        from: "Bindery",
        receipt: true,
        flash: false,
    };

    #[test]
    fn a_short_text_is_one_part_without_header() {
        let message = ORDER
            .message("+447700901234", "5 \u{20ac}")
            .expect("a message");
        assert_eq!(message.parts(), 1);
        let sm = message.part(0);
        assert_eq!((sm.esm_class, sm.data_coding), (0, 0));
        assert_eq!(sm.short_message, [b'5', b' ', 0x1B, 0x65]);
        assert_eq!(sm.destination.digits, b"447700901234");
        assert_eq!((sm.source.ton, sm.source.npi), (5, 0));
    }

    #[test]
    fn a_long_text_is_divided_and_its_parts_say_which_they_are() {
        let message = ORDER
            .message("447700901234", &"x".repeat(161))
            .expect("a message");
        assert_eq!(message.parts(), 2);
        let (first, second) = (message.part(0), message.part(1));
        assert_eq!(first.esm_class, 0x40);
        assert_eq!(
            (first.short_message.len(), second.short_message.len()),
            (159, 14)
        );
        assert_eq!(first.short_message[..3], [5, 0, 3]);
        assert_eq!(first.short_message[4..6], [2, 1]);
        assert_eq!(second.short_message[4..6], [2, 2]);
        assert_eq!(first.short_message[3], second.short_message[3]);
    }

    #[test]
    fn a_text_beyond_gsm_travels_as_ucs2_and_flash_has_its_class() {
        let message = ORDER.message("447700901234", "\u{436}").expect("a message");
        assert_eq!(message.part(0).data_coding, 8);
        assert_eq!(message.part(0).short_message, [0x04, 0x36]);
        let flash = Order {
            flash: true,
            ..ORDER
        };
        let message = flash.message("447700901234", "now").expect("a message");
        assert_eq!(message.part(0).data_coding, 0xF0);
    }

    #[test]
    fn what_cannot_be_sent_is_said_in_a_sentence() {
        for to in ["", "01632x", "123456789012345678901"] {
            let error = ORDER.message(to, "x").expect_err("no number");
            assert!(error.contains("international form"), "{error}");
        }
        let error = ORDER
            .message("447700901234", &"x".repeat(50_000))
            .expect_err("long");
        assert!(error.contains("at most 255"), "{error}");
    }
}
