//! A PDU without what is nobody's business: the octets are overwritten where they stand, so that it can still be read.

use smpp::frame::Frame;
use smpp::pdu::{self, Pdu, Value};
use smpp::{Tolerance, tlv};
use sms::UDHI;

/// What stands in the place of what is hidden.
const HIDDEN: u8 = b'*';

/// Digits at the end of a number that are hidden.
const DIGITS_HIDDEN: usize = 4;

/// The TON of addresses that are letters: a sender's name, and nobody's number.
const ALPHANUMERIC: u8 = 5;

/// The octets of a PDU without its password and, unless `text`, without its text and the last digits of numbers. A body that
/// cannot be read is hidden whole.
pub(super) fn redacted(frame: &Frame<'_>, text: bool) -> Vec<u8> {
    let mut octets = frame.header.to_bytes().to_vec();
    let header = octets.len();
    octets.extend_from_slice(frame.body);
    let body = &mut octets[header..];
    match pdu::decode(frame, Tolerance::Tolerant) {
        Ok((pdu, _)) => {
            let mut hide = Hide {
                whole: frame.body,
                body,
            };
            hide.password(&pdu);
            if !text {
                hide.message(&pdu);
                hide.numbers(&pdu);
            }
        }
        Err(_) => body.fill(HIDDEN),
    }
    octets
}

struct Hide<'a, 'b> {
    /// The body as it came.
    whole: &'a [u8],
    /// The body as it is shown.
    body: &'b mut [u8],
}

impl Hide<'_, '_> {
    /// Overwrites a part of the body, from its octet `from` on.
    fn part(&mut self, part: &[u8], from: usize) {
        let at = (part.as_ptr() as usize).wrapping_sub(self.whole.as_ptr() as usize);
        let place = at.saturating_add(from)..at.saturating_add(part.len());
        // What the decoder made itself is not in the body.
        if let Some(octets) = self.body.get_mut(place) {
            octets.fill(HIDDEN);
        }
    }

    /// The password is the second C-octet string of a bind and of an outbind (SMPP 3.4, 4.1, 4.3.1).
    fn password(&mut self, pdu: &Pdu<'_>) {
        let mut has = false;
        pdu.fields(&mut |_, value| has |= matches!(value, Value::Secret(_)));
        if has {
            let mut strings = self.body.split_mut(|&octet| octet == 0);
            if let Some(password) = strings.nth(1) {
                password.fill(HIDDEN);
            }
        }
    }

    fn message(&mut self, pdu: &Pdu<'_>) {
        let (mut esm_class, mut message) = (0, None);
        pdu.fields(&mut |name, value| match (name, value) {
            ("esm_class", Value::Number(octet)) => esm_class = octet,
            (_, Value::Message(octets)) => message = Some(octets),
            _ => {}
        });
        for text in message
            .into_iter()
            .chain(pdu.tlvs().get(tlv::MESSAGE_PAYLOAD))
        {
            let shown = if is_receipt(pdu, esm_class) {
                before_quote(text)
            } else {
                before_text(esm_class, text)
            };
            self.part(text, shown.min(text.len()));
        }
    }

    fn numbers(&mut self, pdu: &Pdu<'_>) {
        let mut numbers = Vec::new();
        pdu.fields(&mut |_, value| {
            if let Value::Address(address) | Value::Unreached(address, _) = value
                && address.ton != ALPHANUMERIC
            {
                numbers.push(address.digits);
            }
        });
        let tlvs = pdu.tlvs().iter();
        numbers.extend(
            tlvs.filter(|tlv| tlv.tag == tlv::CALLBACK_NUM)
                .map(|tlv| tlv.value),
        );
        for digits in numbers {
            self.part(digits, digits.len().saturating_sub(DIGITS_HIDDEN));
        }
    }
}

/// Whether the text of a PDU is a receipt: only a deliver_sm can say so. What a customer submits under that name is its text.
fn is_receipt(pdu: &Pdu<'_>, esm_class: u8) -> bool {
    const KIND: u8 = 0x3C;
    const RECEIPT: [u8; 2] = [0x04, 0x20];
    matches!(pdu, Pdu::DeliverSm(_)) && RECEIPT.contains(&(esm_class & KIND))
}

/// All octets of a receipt but what it quotes.
fn before_quote(receipt: &[u8]) -> usize {
    const QUOTES: &[u8] = b"text:";
    let quotes = |window: &[u8]| window.eq_ignore_ascii_case(QUOTES);
    let at = receipt.windows(QUOTES.len()).position(quotes);
    at.map_or(receipt.len(), |at| at + QUOTES.len())
}

/// Octets at the front of a text that say nothing of it: a user data header.
fn before_text(esm_class: u8, text: &[u8]) -> usize {
    match text.first() {
        Some(&length) if esm_class & UDHI != 0 => usize::from(length) + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use smpp::frame::{self, CAP_BOUND};
    use smpp::pdu::{Bind, Sm};
    use smpp::status;
    use sms::Address;

    use super::*;

    /// The body as it is shown.
    fn body(pdu: &Pdu<'_>, text: bool) -> String {
        let mut octets = BytesMut::new();
        pdu::encode(pdu, status::OK, 7, &mut octets).expect("it fits");
        shown_body(&octets, text)
    }

    fn shown_body(octets: &[u8], text: bool) -> String {
        let frame = frame::split(&mut &octets[..], CAP_BOUND);
        let frame = frame.expect("a length").expect("a whole PDU");
        let redacted = redacted(&frame, text);
        assert_eq!(redacted.len(), octets.len());
        assert_eq!(redacted[..16], octets[..16], "the header stays");
        redacted[16..].escape_ascii().to_string()
    }

    fn sm(esm_class: u8, text: &[u8]) -> Sm<'_> {
        Sm {
            source: Address::name(b"Bindery"),
            destination: Address::international(b"447700901234"),
            esm_class,
            short_message: text,
            ..Sm::default()
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let bind = Pdu::BindTransceiver(Bind {
            system_id: b"demo",
            password: b"demopass",
            system_type: b"VMA",
            ..Bind::default()
        });
        for text in [false, true] {
            let body = body(&bind, text);
            assert!(body.starts_with("demo\\x00********\\x00VMA\\x00"), "{body}");
        }
    }

    #[test]
    fn texts_and_the_last_digits_are_hidden_unless_they_are_wanted() {
        let submit = Pdu::SubmitSm(sm(0, b"a secret"));
        let hidden = body(&submit, false);
        assert!(hidden.contains("44770090****\\x00"), "{hidden}");
        assert!(
            hidden.contains("Bindery"),
            "a name is nobody's number: {hidden}"
        );
        assert!(hidden.ends_with("\\x08********"), "{hidden}");
        let shown = body(&submit, true);
        assert!(
            shown.contains("447700901234") && shown.ends_with("a secret"),
            "{shown}"
        );
    }

    #[test]
    fn a_text_that_is_submitted_as_a_receipt_is_hidden() {
        let submit = body(&Pdu::SubmitSm(sm(4, b"id:7 is your code")), false);
        assert!(submit.ends_with("\\x11*****************"), "{submit}");
    }

    #[test]
    fn what_is_no_text_stays() {
        let part = body(
            &Pdu::SubmitSm(sm(0x40, b"\x05\x00\x03\x07\x02\x01part")),
            false,
        );
        assert!(
            part.ends_with("\\x05\\x00\\x03\\x07\\x02\\x01****"),
            "{part}"
        );
        let receipt = body(
            &Pdu::DeliverSm(sm(4, b"id:77 stat:DELIVRD err:000 Text:secret")),
            false,
        );
        assert!(
            receipt.ends_with("id:77 stat:DELIVRD err:000 Text:******"),
            "{receipt}"
        );
    }

    #[test]
    fn a_payload_and_what_cannot_be_read_are_hidden_too() {
        let mut octets = BytesMut::new();
        let submit = Pdu::SubmitSm(sm(0, b""));
        pdu::encode(&submit, status::OK, 7, &mut octets).expect("it fits");
        octets.extend_from_slice(b"\x04\x24\x00\x06secret\x03\x81\x00\x07\x00\x00\x001234");
        let length = u32::try_from(octets.len()).expect("short");
        octets[..4].copy_from_slice(&length.to_be_bytes());
        let payload = shown_body(&octets, false);
        assert!(
            payload.ends_with("\\x04$\\x00\\x06******\\x03\\x81\\x00\\x07\\x00\\x00\\x00****"),
            "{payload}"
        );
        // A submit_sm whose service_type does not end.
        let bad = [0, 0, 0, 18, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 98, b'C', b'M'];
        assert_eq!(shown_body(&bad, true), "**");
    }
}
