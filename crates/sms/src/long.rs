//! Long messages: what a text is over the air, and cutting it into parts that fit into one short message each.
//!
//! ```
//! use sms::segment::Marking;
//! use sms::{Alphabet, Message, long};
//!
//! let text = [b'x'; 161];
//! let message = Message { text: &text, ..Message::default() };
//! let parts = long::cut(&message, Alphabet::Gsm7, Marking::Udh8, 7)?;
//! let texts: Vec<_> = parts.iter().map(|part| Message::decode(part).expect("whole").text.len()).collect();
//! assert_eq!(texts, [6 + 153, 6 + 8]);
//! # Ok::<(), long::TooLong>(())
//! ```

use core::fmt;
use std::borrow::Cow;

use crate::alphabet::{Reading, message_class};
use crate::segment::{Marking, Split, capacity};
use crate::udh::{self, Concatenation, Header};
use crate::{Alphabet, Gsm, Message, UDHI};

/// The text would take more than 255 parts, or its user data header leaves no room for a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more than 255 short messages")
    }
}

impl core::error::Error for TooLong {}

/// A text as the air interface has it. There are GSM 7-bit, UCS-2 and octets only: a message centre writes the 8-bit alphabets in GSM
/// 7-bit with these `tables`, and a text with a character that GSM lacks in UCS-2.
pub fn on_air(alphabet: Alphabet, tables: Gsm, body: &[u8]) -> (Alphabet, Cow<'_, [u8]>) {
    match alphabet {
        Alphabet::Gsm7 | Alphabet::Ucs2 | Alphabet::Binary | Alphabet::Other => {
            return (alphabet, Cow::Borrowed(body));
        }
        Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Cyrillic | Alphabet::Hebrew => {}
    }
    let (mut text, mut octets) = (String::new(), Vec::new());
    Reading::default()
        .decode(alphabet, tables, body, &mut text)
        .expect("these alphabets are read");
    if tables.encode(&text, &mut octets).is_ok() {
        return (Alphabet::Gsm7, Cow::Owned(octets));
    }
    octets.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    (Alphabet::Ucs2, Cow::Owned(octets))
}

/// Whether `body`, the text behind `header`, is one short message over the air. `element` octets more are kept free for an element that the
/// header does not have yet: 0, or 5 for a mark of [`Marking::Udh8`].
#[inline]
pub fn fits(alphabet: Alphabet, header: &Header<'_>, element: usize, body: &[u8]) -> bool {
    let header_octets = match header.octets() {
        0 if element == 0 => 0,
        octets => octets.max(1) + element,
    };
    // The worst case is UCS-2, two octets a character.
    if 2 * body.len() <= capacity(Alphabet::Ucs2, header_octets) {
        return true;
    }
    let (alphabet, body) = on_air(alphabet, header.tables(), body);
    body.len() <= capacity(alphabet, header_octets)
}

/// Short messages that `message` takes over the air when it is cut with 8-bit references; a malformed header counts as text.
pub fn segments(message: &Message<'_>, alphabet: Alphabet) -> usize {
    let (header, body) = message
        .header()
        .unwrap_or((Header::default(), message.text));
    if fits(alphabet, &header, 0, body) {
        return 1;
    }
    let (alphabet, body) = on_air(alphabet, header.tables(), body);
    match Split::new(alphabet, header.octets(), Marking::Udh8) {
        Some(split) => split.count(&body),
        None => 1,
    }
}

/// Cuts a message whose text is too long for one short message into parts, in their stored form ([`Message::encode`]): each has the header
/// of the message and the element that says which part it is; the text is as it is over the air ([`on_air`]), with the `data_coding` for it.
/// Empty if the message fits as it is. [`Marking::Sar`] leaves the room of [`Marking::Udh16`], and is marked so.
///
/// # Errors
/// [`TooLong`]. A message that is a part itself, or whose header is malformed, is not to be cut.
pub fn cut(
    message: &Message<'_>,
    alphabet: Alphabet,
    marking: Marking,
    reference: u16,
) -> Result<Vec<Vec<u8>>, TooLong> {
    let (header, body) = message.header().map_err(|udh::Malformed| TooLong)?;
    let (alphabet_on_air, body) = on_air(alphabet, header.tables(), body);
    let split = Split::new(alphabet_on_air, header.octets(), marking).ok_or(TooLong)?;
    let total = split.count(&body);
    if total == 1 {
        return Ok(Vec::new());
    }
    let total = u8::try_from(total).map_err(|_| TooLong)?;
    let data_coding = if alphabet_on_air == alphabet {
        message.data_coding
    } else {
        alphabet_on_air
            .data_coding(message_class(message.data_coding))
            .expect("GSM 7-bit and UCS-2 have every class")
    };
    let wide = marking != Marking::Udh8;
    let reference = if wide { reference } else { reference & 0xFF };
    let mut parts = Vec::with_capacity(usize::from(total));
    let mut text = Vec::new();
    for (sequence, piece) in (1..=total).zip(split.parts(&body)) {
        text.clear();
        let part = Concatenation {
            reference,
            wide,
            total,
            sequence,
        };
        udh::Writer::new(&mut text)
            .concatenation(part)
            .and_then(|writer| writer.repeat(&header))
            .map_err(|udh::TooLong| TooLong)?;
        text.extend_from_slice(piece);
        let part = Message {
            esm_class: message.esm_class | UDHI,
            data_coding,
            text: &text,
            ..*message
        };
        let mut stored = Vec::with_capacity(part.encoded_len());
        part.encode(&mut stored);
        parts.push(stored);
    }
    Ok(parts)
}

/// The message without its user data header, in its stored form ([`Message::encode`]); without a text if the header is malformed.
pub fn without_header(message: &Message<'_>) -> Vec<u8> {
    let (_, text) = message.header().unwrap_or_default();
    let bare = Message {
        esm_class: message.esm_class & !UDHI,
        text,
        ..*message
    };
    let mut stored = Vec::with_capacity(bare.encoded_len());
    bare.encode(&mut stored);
    stored
}

/// Joins parts, given in their order, into one message in its stored form ([`Message::encode`]): their texts end to end, behind what the
/// header of the first says beside which part it is. `None` if there are none, a header is malformed, or they are not in one alphabet.
pub fn join(parts: &[Message<'_>]) -> Option<Vec<u8>> {
    let first = parts.first()?;
    let (header, _) = first.header().ok()?;
    let mut text = Vec::new();
    udh::Writer::new(&mut text).repeat(&header).ok()?;
    let has_header = !text.is_empty();
    for part in parts {
        if part.data_coding != first.data_coding {
            return None;
        }
        text.extend_from_slice(part.header().ok()?.1);
    }
    let whole = Message {
        esm_class: if has_header {
            first.esm_class | UDHI
        } else {
            first.esm_class & !UDHI
        },
        text: &text,
        ..*first
    };
    let mut stored = Vec::with_capacity(whole.encoded_len());
    whole.encode(&mut stored);
    Some(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(data_coding: u8, text: &[u8], marking: Marking) -> Vec<(u8, usize)> {
        let message = Message {
            data_coding,
            text,
            ..Message::default()
        };
        let alphabet = message.alphabet(&Reading::default());
        let parts = cut(&message, alphabet, marking, 0x1234).expect("not too long");
        let lengths = parts.iter().map(|part| {
            let part = Message::decode(part).expect("stored whole");
            let (_, body) = part.header().expect("well formed");
            (part.data_coding, body.len())
        });
        lengths.collect()
    }

    #[test]
    fn a_text_of_one_short_message_is_not_cut() {
        assert_eq!(lengths(0, &[b'x'; 160], Marking::Udh8), []);
        assert_eq!(lengths(3, &[0xE9; 160], Marking::Udh8), []);
        assert_eq!(lengths(8, &[0x04; 140], Marking::Udh8), []);
        assert_eq!(lengths(4, &[0xFF; 140], Marking::Udh8), []);
    }

    #[test]
    fn parts_have_the_room_that_their_mark_leaves() {
        assert_eq!(lengths(0, &[b'x'; 161], Marking::Udh8), [(0, 153), (0, 8)]);
        assert_eq!(lengths(0, &[b'x'; 161], Marking::Sar), [(0, 152), (0, 9)]);
        assert_eq!(lengths(8, &[0x04; 142], Marking::Udh8), [(8, 134), (8, 8)]);
        assert_eq!(
            lengths(8, &[0x04; 142], Marking::Udh16),
            [(8, 132), (8, 10)]
        );
        assert_eq!(lengths(4, &[0xFF; 141], Marking::Udh8), [(4, 134), (4, 7)]);
    }

    #[test]
    fn latin_letters_count_as_what_they_are_over_the_air() {
        // e-acute is in GSM 7-bit, a-tilde is not: two octets each.
        assert_eq!(lengths(3, &[0xE9; 161], Marking::Udh8), [(0, 153), (0, 8)]);
        assert_eq!(lengths(3, &[0xE3; 71], Marking::Udh8), [(8, 134), (8, 8)]);
        // A bracket of ASCII is two septets.
        assert_eq!(lengths(1, &[b'['; 81], Marking::Udh8), [(0, 152), (0, 10)]);
        let count = |data_coding, text: &[u8]| {
            let message = Message {
                data_coding,
                text,
                ..Message::default()
            };
            segments(&message, message.alphabet(&Reading::default()))
        };
        assert_eq!(count(3, &[0xE9; 160]), 1);
        assert_eq!(count(3, &[0xE3; 160]), 3);
        assert_eq!(count(3, &[0xE3; 70]), 1);
        assert_eq!(count(0, &[b'x'; 307]), 3);
    }

    #[test]
    fn a_class_stays_when_the_alphabet_changes() {
        let message = Message {
            data_coding: 0xF0,
            text: &[b'x'; 161],
            ..Message::default()
        };
        let parts = cut(&message, Alphabet::Latin1, Marking::Udh8, 0).expect("two parts");
        let codings: Vec<u8> = parts
            .iter()
            .filter_map(|part| Some(Message::decode(part)?.data_coding))
            .collect();
        assert_eq!(codings, [0xF0, 0xF0]);
    }

    #[test]
    fn each_part_repeats_the_header_and_says_which_it_is() {
        let mut text = vec![6, 5, 4, 0x0B, 0x84, 0x23, 0xF0];
        text.extend_from_slice(&[0xAA; 134]);
        let message = Message {
            data_coding: 4,
            esm_class: UDHI,
            text: &text,
            ..Message::default()
        };
        let parts = cut(&message, Alphabet::Binary, Marking::Udh16, 0x1234).expect("two parts");
        let told = parts.iter().map(|part| {
            let part = Message::decode(part).expect("stored whole");
            let (header, body) = part.header().expect("well formed");
            let part = header.concatenation().expect("a part");
            (
                part.reference,
                part.sequence,
                part.total,
                header.ports().is_some(),
                body.len(),
            )
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [(0x1234, 1, 2, true, 127), (0x1234, 2, 2, true, 7)]
        );
    }

    #[test]
    fn more_than_255_parts_are_too_long() {
        let text = vec![b'x'; 255 * 153 + 1];
        let message = Message {
            text: &text[1..],
            ..Message::default()
        };
        assert_eq!(
            cut(&message, Alphabet::Gsm7, Marking::Udh8, 0).map(|parts| parts.len()),
            Ok(255)
        );
        let message = Message {
            text: &text,
            ..Message::default()
        };
        assert_eq!(
            cut(&message, Alphabet::Gsm7, Marking::Udh8, 0),
            Err(TooLong)
        );
    }

    #[test]
    fn a_part_with_its_mark_has_less_room() {
        let none = Header::default();
        assert!(fits(Alphabet::Gsm7, &none, 0, &[b'x'; 160]));
        assert!(fits(Alphabet::Gsm7, &none, 5, &[b'x'; 153]));
        assert!(!fits(Alphabet::Gsm7, &none, 5, &[b'x'; 154]));
        let (header, _) = udh::split(&[5, 0, 3, 1, 2, 1]).expect("well formed");
        assert!(fits(Alphabet::Gsm7, &header, 0, &[b'x'; 153]));
        assert!(!fits(Alphabet::Gsm7, &header, 0, &[b'x'; 154]));
        assert!(!fits(Alphabet::Latin1, &header, 0, &[0xE3; 68]));
        assert!(fits(Alphabet::Latin1, &header, 0, &[0xE3; 67]));
    }
}
