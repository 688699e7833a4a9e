//! A short message as it travels, and the form in which it is stored.

use crate::alphabet::{NotText, Reading};
use crate::udh::{self, Header, Malformed};
use crate::{Address, Alphabet};

/// Everything about a message that is relayed. Numeric fields are raw, so that what leaves is what came.
///
/// Times, states and who pays are not here: they belong to whoever keeps the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Message<'a> {
    /// Up to 5 octets without NUL (SMPP 3.4, 5.2.11); at most 255 are stored.
    pub service_type: &'a [u8],
    /// Who sends. At most 255 octets of it are stored.
    pub source: Address<'a>,
    /// Who receives. At most 255 octets of it are stored.
    pub destination: Address<'a>,
    /// Mode, type and features (SMPP 3.4, 5.2.12). 0x40: `text` starts with a user data header.
    pub esm_class: u8,
    /// GSM TP-PID.
    pub protocol_id: u8,
    /// 0 (lowest) to 3.
    pub priority: u8,
    /// What the sender wants to be told (SMPP 3.4, 5.2.17).
    pub registered_delivery: u8,
    /// Alphabet and class.
    pub data_coding: u8,
    /// `sm_default_msg_id`: number of a text that the message centre keeps; 0 for none.
    pub default_message_id: u8,
    /// `short_message` or `message_payload`, with the user data header if `esm_class & 0x40`.
    pub text: &'a [u8],
    /// The other TLVs in their wire form, already validated.
    pub tlvs: &'a [u8],
}

/// The bit of `esm_class` that announces a user data header (SMPP 3.4, 5.2.12).
pub const UDHI: u8 = 0x40;

/// Characters of a message that its receipt repeats (SMPP 3.4, appendix B).
pub const EXCERPT_CHARACTERS: usize = 20;

/// Octets of the stored form before its first variable field.
const HEAD: usize = 21;
/// Where in them the lengths of the text and of the TLVs are.
const LENGTHS: usize = 13;

impl<'a> Message<'a> {
    /// Appends the stored form: a head of 21 octets with the numbers and lengths, then the variable fields end to end.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let service_type = short(self.service_type);
        let source = short(self.source.digits);
        let destination = short(self.destination.digits);
        let text = length(self.text);
        let tlvs = length(self.tlvs);
        let head: [u8; HEAD] = [
            service_type.len() as u8,
            self.source.ton,
            self.source.npi,
            source.len() as u8,
            self.destination.ton,
            self.destination.npi,
            destination.len() as u8,
            self.esm_class,
            self.protocol_id,
            self.priority,
            self.registered_delivery,
            self.data_coding,
            self.default_message_id,
            text[0],
            text[1],
            text[2],
            text[3],
            tlvs[0],
            tlvs[1],
            tlvs[2],
            tlvs[3],
        ];
        out.reserve(self.encoded_len());
        out.extend_from_slice(&head);
        out.extend_from_slice(service_type);
        out.extend_from_slice(source);
        out.extend_from_slice(destination);
        out.extend_from_slice(self.text);
        out.extend_from_slice(self.tlvs);
    }

    /// Reads the stored form from the front of `bytes`; what follows is the caller's, and [`encoded_len`](Self::encoded_len) says
    /// where it starts. `None` if `bytes` ends too early.
    pub fn decode(bytes: &'a [u8]) -> Option<Message<'a>> {
        let (head, mut rest) = bytes.split_first_chunk::<HEAD>()?;
        let mut take = |length: usize| -> Option<&'a [u8]> {
            let (field, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(field)
        };
        let &[
            service_type,
            source_ton,
            source_npi,
            source,
            destination_ton,
            destination_npi,
            destination,
            esm_class,
            protocol_id,
            priority,
            registered_delivery,
            data_coding,
            default_message_id,
            x0,
            x1,
            x2,
            x3,
            t0,
            t1,
            t2,
            t3,
        ] = head;
        Some(Message {
            service_type: take(usize::from(service_type))?,
            source: Address {
                ton: source_ton,
                npi: source_npi,
                digits: take(usize::from(source))?,
            },
            destination: Address {
                ton: destination_ton,
                npi: destination_npi,
                digits: take(usize::from(destination))?,
            },
            esm_class,
            protocol_id,
            priority,
            registered_delivery,
            data_coding,
            default_message_id,
            text: take(u32::from_le_bytes([x0, x1, x2, x3]) as usize)?,
            tlvs: take(u32::from_le_bytes([t0, t1, t2, t3]) as usize)?,
        })
    }

    /// The user data header, empty if there is none, and the text behind it.
    ///
    /// # Errors
    /// [`Malformed`] if a header is announced and its lengths are wrong.
    pub fn header(&self) -> Result<(Header<'a>, &'a [u8]), Malformed> {
        if self.esm_class & UDHI == 0 {
            Ok((Header::default(), self.text))
        } else {
            udh::split(self.text)
        }
    }

    /// The alphabet that the text is in, to a peer with this reading.
    pub fn alphabet(&self, reading: &Reading) -> Alphabet {
        reading.alphabet(self.data_coding)
    }

    /// Appends the text behind the header, as characters.
    ///
    /// # Errors
    /// [`NotText`] if it is binary, in an alphabet that is not read here, or behind a malformed header.
    pub fn read(&self, reading: &Reading, out: &mut String) -> Result<(), NotText> {
        let (header, body) = self.header().map_err(|Malformed| NotText)?;
        reading.decode(self.alphabet(reading), header.tables(), body, out)
    }

    /// As much of it as its receipt speaks of: everything but the TLVs, and of the text the header and whatever may be needed to
    /// read its first [`EXCERPT_CHARACTERS`]. The excerpt of an excerpt is the same.
    pub fn excerpt(&self) -> Message<'a> {
        let header = match self.text {
            [length, ..] if self.esm_class & UDHI != 0 => 1 + usize::from(*length),
            _ => 0,
        };
        // A surrogate pair; peers may read any data_coding as UTF-16.
        const LONGEST: usize = 4;
        let octets = header + LONGEST * EXCERPT_CHARACTERS;
        Message {
            text: &self.text[..octets.min(self.text.len())],
            tlvs: &[],
            ..*self
        }
    }

    /// Cuts the stored form of a message to that of its [`excerpt`](Self::excerpt), unless that would not be shorter by `worth` octets
    /// or `stored` ends too early.
    pub fn cut_to_excerpt(stored: &mut Box<[u8]>, worth: usize) {
        let Some(message) = Message::decode(stored) else {
            return;
        };
        let excerpt = message.excerpt();
        let octets = excerpt.encoded_len();
        if octets + worth > stored.len() {
            return;
        }
        let (text, tlvs) = (length(excerpt.text), length(excerpt.tlvs));
        // What an excerpt lacks is all at the end, so nothing has to be moved.
        let mut cut = core::mem::take(stored).into_vec();
        cut.truncate(octets);
        let (text_at, tlvs_at) = cut[LENGTHS..HEAD].split_at_mut(4);
        text_at.copy_from_slice(&text);
        tlvs_at.copy_from_slice(&tlvs);
        *stored = cut.into_boxed_slice();
    }

    /// Octets that [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        HEAD + short(self.service_type).len()
            + short(self.source.digits).len()
            + short(self.destination.digits).len()
            + self.text.len()
            + self.tlvs.len()
    }
}

/// What is stored of a field whose length has one octet. SMPP's longest is 20; longer ones come only from broken peers.
fn short(field: &[u8]) -> &[u8] {
    &field[..field.len().min(255)]
}

/// The length of a long field. A frame is at most 80 KiB, so `u32` is ample; a text of 4 GiB is a bug of ours.
fn length(field: &[u8]) -> [u8; 4] {
    u32::try_from(field.len())
        .expect("a message field under 4 GiB")
        .to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typical() -> Message<'static> {
        Message {
            service_type: b"CMT",
            source: Address {
                ton: 5,
                npi: 0,
                digits: b"Bindery",
            },
            destination: Address {
                ton: 1,
                npi: 1,
                digits: b"447700900123",
            },
            esm_class: 0x40,
            protocol_id: 1,
            priority: 2,
            registered_delivery: 3,
            data_coding: 8,
            default_message_id: 4,
            text: &[5, 0, 3, 1, 2, 1, 0, b'h', 0, b'i'],
            tlvs: &[2, 4, 0, 2, 0, 7],
        }
    }

    #[test]
    fn stored_form_gives_the_message_back() {
        for message in [typical(), Message::default()] {
            let mut stored = Vec::new();
            message.encode(&mut stored);
            assert_eq!(stored.len(), message.encoded_len());
            assert_eq!(Message::decode(&stored), Some(message));
            stored.extend_from_slice(b"what the caller keeps behind it");
            assert_eq!(Message::decode(&stored), Some(message));
        }
    }

    #[test]
    fn text_is_read_behind_its_header_with_the_tables_that_it_names() {
        let turkish = Message {
            esm_class: UDHI,
            text: &[3, 0x24, 1, 1, 0x1B, 0x73],
            ..Message::default()
        };
        let mut text = String::new();
        assert_eq!(turkish.read(&Reading::default(), &mut text), Ok(()));
        assert_eq!(text, "ş");
        assert_eq!(
            Message {
                text: &[9],
                ..turkish
            }
            .read(&Reading::default(), &mut text),
            Err(NotText)
        );
        assert_eq!(
            Message {
                esm_class: 0,
                text: b"plain",
                ..turkish
            }
            .header(),
            Ok((Header::default(), &b"plain"[..]))
        );
    }

    #[test]
    fn an_excerpt_reads_like_the_beginning_of_the_message() {
        let emoji: Vec<u8> = "😀"
            .repeat(70)
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let header = [5, 0, 3, 1, 2, 1];
        // The left brace is two septets in GSM.
        for (data_coding, unit, read) in [
            (0, &b"a"[..], "a"),
            (0, b"\x1B\x28", "{"),
            (8, &emoji[..4], "😀"),
        ] {
            for header in [&[][..], &header] {
                let text = [header, &unit.repeat(90)].concat();
                let message = Message {
                    esm_class: if header.is_empty() { 0 } else { UDHI },
                    data_coding,
                    text: &text,
                    ..typical()
                };
                let excerpt = message.excerpt();
                assert_eq!(excerpt.text.len(), header.len() + 80);
                assert_eq!(excerpt.excerpt(), excerpt);
                let mut characters = String::new();
                assert_eq!(excerpt.read(&Reading::default(), &mut characters), Ok(()));
                assert!(characters.starts_with(&read.repeat(EXCERPT_CHARACTERS)));
                assert_eq!(excerpt.destination, message.destination);
                assert_eq!(excerpt.tlvs, b"");
            }
        }
    }

    #[test]
    fn the_stored_form_is_cut_to_that_of_the_excerpt() {
        let message = Message {
            esm_class: 0,
            text: &[b'x'; 160],
            ..typical()
        };
        let (mut stored, mut cut) = (Vec::new(), Vec::new());
        message.encode(&mut stored);
        stored.extend_from_slice(b"what the caller keeps behind it");
        message.excerpt().encode(&mut cut);
        let freed = stored.len() - cut.len();
        let excerpt = |octets: &[u8], worth| {
            let mut stored: Box<[u8]> = octets.into();
            Message::cut_to_excerpt(&mut stored, worth);
            stored
        };
        assert_eq!(*excerpt(&stored, freed), cut);
        assert_eq!(*excerpt(&stored, freed + 1), stored);
        assert_eq!(*excerpt(&cut, 1), cut);
        assert_eq!(*excerpt(&stored[..40], 0), stored[..40]);
    }

    #[test]
    fn an_excerpt_of_a_short_text_or_of_a_broken_header_is_all_of_it() {
        for text in [&b""[..], b"hi", &[200, b'h', b'i']] {
            let message = Message {
                esm_class: UDHI,
                text,
                ..typical()
            };
            assert_eq!(message.excerpt().text, text);
        }
    }

    #[test]
    fn stored_form_costs_less_than_30_octets() {
        assert_eq!(typical().encoded_len() - (3 + 7 + 12 + 10 + 6), 21);
    }

    #[test]
    fn every_truncation_is_noticed() {
        let mut stored = Vec::new();
        typical().encode(&mut stored);
        for end in 0..stored.len() {
            assert_eq!(Message::decode(&stored[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_payload_of_64_kib_fits_and_an_absurd_address_is_cut() {
        let long = vec![b'x'; 65_535];
        let message = Message {
            source: Address {
                ton: 1,
                npi: 1,
                digits: &long,
            },
            text: &long,
            tlvs: &long,
            ..Message::default()
        };
        let mut stored = Vec::new();
        message.encode(&mut stored);
        assert_eq!(stored.len(), message.encoded_len());
        let back = Message::decode(&stored).expect("complete");
        assert_eq!(
            (back.source.digits.len(), back.text.len(), back.tlvs.len()),
            (255, 65_535, 65_535)
        );
    }
}
