//! One `submit_sm`, encoded once and patched for each message: its sequence number and its destination.

use bytes::BytesMut;
use smpp::pdu::{self, Pdu, Sm};
use smpp::status;
use smpp::tlv::{self, Tlvs};

use crate::tools::send::sender;
use sms::Address;
use sms::alphabet::Alphabet;

/// The longest text that goes into `short_message`, in octets (SMPP 3.4, 5.2.22).
const SHORT_MESSAGE_MAX: usize = 254;

/// Numbers from one on the wire; the one above these is for `enquire_link` and `unbind`.
const SEQUENCES: u64 = 0x7FFF_FFFE;

/// Octets before the body's first field, and those of TON and NPI.
const HEADER: usize = 16;
const TON_NPI: usize = 2;

/// What all messages have in common.
pub(crate) struct Template {
    octets: Vec<u8>,
    digits_at: usize,
    pub(crate) destinations: Destinations,
}

/// What goes into the template.
pub(crate) struct Content<'a> {
    pub(crate) source: &'a str,
    pub(crate) destinations: Destinations,
    pub(crate) text: &'a str,
    pub(crate) receipt: bool,
}

impl Template {
    /// # Errors
    /// A sentence if an address or the text does not fit.
    pub(crate) fn new(content: Content<'_>) -> Result<Template, String> {
        let (data_coding, text) = coded(content.text)?;
        let mut tlvs = Vec::new();
        let in_payload = text.len() > SHORT_MESSAGE_MAX;
        if in_payload {
            tlv::put_bytes(&mut tlvs, tlv::MESSAGE_PAYLOAD, &text)
                .map_err(|_| "the text is too long for one message")?;
        }
        let first = content.destinations.number(0);
        let sm = Sm {
            source: sender(content.source),
            destination: Address {
                ton: 1,
                npi: 1,
                digits: &first,
            },
            registered_delivery: u8::from(content.receipt),
            data_coding,
            short_message: if in_payload { &[] } else { &text },
            tlvs: Tlvs::parse(&tlvs).map_err(|error| error.to_string())?,
            ..Sm::default()
        };
        let mut octets = BytesMut::new();
        pdu::encode(&Pdu::SubmitSm(sm), status::OK, 1, &mut octets)
            .map_err(|error| error.to_string())?;
        let before = HEADER + 1 + TON_NPI + content.source.len() + 1 + TON_NPI;
        Ok(Template {
            octets: octets.to_vec(),
            digits_at: before,
            destinations: content.destinations,
        })
    }

    /// Appends message `n`, counted from zero.
    #[inline]
    pub(crate) fn append(&self, n: u64, out: &mut BytesMut) {
        let start = out.len();
        out.extend_from_slice(&self.octets);
        let message = &mut out[start..];
        message[12..16].copy_from_slice(&sequence(n).to_be_bytes());
        let digits_end = self.digits_at + self.destinations.pattern.len();
        self.destinations
            .write(n, &mut message[self.digits_at..digits_end]);
    }
}

/// The sequence number of message `n`.
pub(crate) fn sequence(n: u64) -> u32 {
    (n % SEQUENCES) as u32 + 1
}

/// The message that was sent with this sequence number: the last of those if they have come round, of `sent` in all.
pub(crate) fn number(sequence: u32, sent: u64) -> Option<u64> {
    let last = sent.checked_sub(1)?;
    let wanted = u64::from(sequence).checked_sub(1)?;
    let back = (last % SEQUENCES + SEQUENCES - wanted % SEQUENCES) % SEQUENCES;
    last.checked_sub(back)
}

/// GSM 7-bit if it has every character, else UCS-2.
fn coded(text: &str) -> Result<(u8, Vec<u8>), String> {
    let mut octets = Vec::new();
    for (data_coding, alphabet) in [(0, Alphabet::Gsm7), (8, Alphabet::Ucs2)] {
        if alphabet.encode(text, &mut octets).is_ok() {
            return Ok((data_coding, octets));
        }
    }
    Err("the text has characters that no message can have".to_owned())
}

/// A pattern such as `4477########`, whose `#` count the messages.
///
/// The last four digits run from 1000 to 9999, because the demo gives the others a meaning.
#[derive(Clone, Debug)]
pub(crate) struct Destinations {
    pattern: Vec<u8>,
    counting: usize,
}

impl Destinations {
    /// # Errors
    /// A sentence if it is not digits followed by `#`, or too long.
    pub(crate) fn parse(pattern: &str) -> Result<Destinations, String> {
        let prefix = pattern.trim_end_matches('#');
        let counting = pattern.len() - prefix.len();
        let digits = prefix.bytes().all(|octet| octet.is_ascii_digit());
        if !digits || pattern.is_empty() || pattern.len() > 20 || counting > 17 {
            return Err(
                "give digits and then a # for each digit that counts, such as 4477########, at most 20 in all"
                    .to_owned(),
            );
        }
        Ok(Destinations {
            pattern: pattern.as_bytes().to_vec(),
            counting,
        })
    }

    /// How many different numbers there are.
    pub(crate) fn capacity(&self) -> u64 {
        match self.counting {
            counting @ 4.. => 9000 * 10_u64.pow(counting as u32 - 4),
            counting => 10_u64.pow(counting as u32),
        }
    }

    /// The destination of message `n`.
    pub(crate) fn number(&self, n: u64) -> Vec<u8> {
        let mut digits = self.pattern.clone();
        self.write(n, &mut digits);
        digits
    }

    #[inline]
    fn write(&self, n: u64, digits: &mut [u8]) {
        let mut rest = n % self.capacity();
        if self.counting >= 4 {
            rest = rest / 9000 * 10_000 + 1000 + rest % 9000;
        }
        let first = digits.len() - self.counting;
        for digit in digits[first..].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    /// The message that this was the destination of: the last of those if they have come round, of `sent` in all.
    #[inline]
    pub(crate) fn find(&self, digits: &[u8], sent: u64) -> Option<u64> {
        let prefix = self.pattern.len() - self.counting;
        if digits.len() != self.pattern.len() || digits[..prefix] != self.pattern[..prefix] {
            return None;
        }
        let mut value = 0;
        for digit in &digits[prefix..] {
            value = value * 10 + u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        }
        if self.counting >= 4 {
            value = value / 10_000 * 9000 + (value % 10_000).checked_sub(1000)?;
        }
        let capacity = self.capacity();
        let last = sent.checked_sub(1)?;
        last.checked_sub((last % capacity + capacity - value) % capacity)
    }
}

#[cfg(test)]
mod tests {
    use smpp::Tolerance;
    use smpp::frame;

    use super::*;

    #[test]
    fn each_message_has_its_own_sequence_and_destination() {
        let content = Content {
            source: "12345",
            destinations: Destinations::parse("4477######").expect("a pattern"),
            text: "hello",
            receipt: true,
        };
        let template = Template::new(content).expect("it fits");
        let mut out = BytesMut::new();
        for n in [0, 9001] {
            template.append(n, &mut out);
        }
        let mut input = &out[..];
        for (sequence, destination) in [(1, b"4477001000"), (9002, b"4477011001")] {
            let frame = frame::split(&mut input, frame::CAP_BOUND)
                .expect("a length")
                .expect("a PDU");
            assert_eq!(frame.header.sequence, sequence);
            let (pdu, _) = pdu::decode(&frame, Tolerance::Strict).expect("a body");
            let Pdu::SubmitSm(sm) = pdu else {
                panic!("{pdu:?}")
            };
            assert_eq!(sm.destination.digits, destination);
            assert_eq!(sm.short_message, b"hello");
            assert_eq!(sm.registered_delivery, 1);
        }
    }

    #[test]
    fn a_long_text_travels_as_payload_and_a_foreign_one_as_ucs2() {
        let (data_coding, text) = coded(&"\u{416}".repeat(200)).expect("text");
        assert_eq!((data_coding, text.len()), (8, 400));
        let content = Content {
            source: "Bindery",
            destinations: Destinations::parse("447700900123").expect("a number"),
            text: &"x".repeat(300),
            receipt: false,
        };
        let template = Template::new(content).expect("it fits");
        assert!(template.octets.len() > 300);
    }

    #[test]
    fn numbers_are_found_again_also_after_they_came_round() {
        let destinations = Destinations::parse("44#####").expect("a pattern");
        assert_eq!(destinations.capacity(), 90_000);
        for (n, sent) in [
            (0, 1),
            (8999, 9000),
            (89_999, 90_000),
            (90_000, 90_001),
            (100_000, 150_000),
        ] {
            let digits = destinations.number(n);
            assert_eq!(destinations.find(&digits, sent), Some(n));
        }
        assert_eq!(destinations.find(b"4400999", 10), None, "below 1000");
        assert_eq!(destinations.find(b"4501000", 10), None, "another prefix");
        assert_eq!(
            destinations.find(&destinations.number(7), 5),
            None,
            "not sent yet"
        );
    }

    #[test]
    fn sequence_numbers_come_round() {
        assert_eq!(number(sequence(5), 6), Some(5));
        let n = SEQUENCES + 3;
        assert_eq!(sequence(n), 4);
        assert_eq!(number(4, n + 1), Some(n));
        assert_eq!(number(4, 3), None);
        assert_eq!(number(0, 3), None);
    }

    #[test]
    fn a_pattern_is_digits_and_then_what_counts() {
        for wrong in ["", "44#1", "+44##", "123456789012345678901"] {
            assert!(Destinations::parse(wrong).is_err(), "{wrong}");
        }
    }
}
