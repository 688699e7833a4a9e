//! Alphabets by `data_coding`, and turning their octets into text and back.

use core::fmt;

use crate::gsm::{Gsm, Unencodable};

/// How the octets of a text are to be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Alphabet {
    /// GSM 7-bit, unpacked; with the national tables that the user data header names.
    Gsm7,
    /// IA5 / ASCII, one character per octet.
    Ascii,
    /// ISO-8859-1.
    Latin1,
    /// ISO-8859-5.
    Cyrillic,
    /// ISO-8859-8.
    Hebrew,
    /// UTF-16, big-endian. SMPP says UCS-2, handsets send and show surrogate pairs.
    Ucs2,
    /// No text: octets for an application.
    Binary,
    /// Text that is relayed but not read here: JIS, KS C 5601, compressed or reserved codings.
    Other,
}

/// How a peer reads the three values of `data_coding` that peers read differently, and whether its byte order marks count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Value 0, "the message centre's default".
    pub zero: Alphabet,
    /// Value 1, by the book IA5; some mean GSM 7-bit.
    pub one: Alphabet,
    /// Value 3, by the book ISO-8859-1.
    pub three: Alphabet,
    /// A UCS-2 text that starts with FF FE is little-endian. Otherwise the mark is a character as any other.
    pub little_endian_mark: bool,
}

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            zero: Alphabet::Gsm7,
            one: Alphabet::Ascii,
            three: Alphabet::Latin1,
            little_endian_mark: false,
        }
    }
}

impl Reading {
    /// The alphabet of a message with this `data_coding`.
    ///
    /// 0x00 to 0x0F are SMPP's own list (SMPP 3.4, 5.2.19); from 0x10 the groups of 3GPP 23.038, 4 are read, though SMPP reserves those
    /// below 0xC0, since message centres use them.
    pub fn alphabet(&self, data_coding: u8) -> Alphabet {
        match data_coding {
            0x00 => self.zero,
            0x01 => self.one,
            0x03 => self.three,
            0x02 | 0x04 => Alphabet::Binary,
            0x06 => Alphabet::Cyrillic,
            0x07 => Alphabet::Hebrew,
            0x08 => Alphabet::Ucs2,
            0x05 | 0x09..=0x0F => Alphabet::Other,
            0x10..=0x7F if data_coding & 0x20 != 0 => Alphabet::Other, // compressed
            0x10..=0x7F => match data_coding >> 2 & 3 {
                0 => Alphabet::Gsm7,
                1 => Alphabet::Binary,
                2 => Alphabet::Ucs2,
                _ => Alphabet::Other,
            },
            0x80..=0xBF => Alphabet::Other,
            0xC0..=0xDF => Alphabet::Gsm7,
            0xE0..=0xEF => Alphabet::Ucs2,
            0xF0..=0xFF if data_coding & 4 != 0 => Alphabet::Binary,
            0xF0..=0xFF => Alphabet::Gsm7,
        }
    }

    /// Appends the text of `octets` in the given alphabet; `tables` are those that the user data header names.
    ///
    /// Lenient, since a text has to be shown whatever it holds: what has no meaning is U+FFFD or as [`Gsm::decode`] says.
    ///
    /// # Errors
    /// [`NotText`] for [`Alphabet::Binary`] and [`Alphabet::Other`].
    pub fn decode(
        &self,
        alphabet: Alphabet,
        tables: Gsm,
        octets: &[u8],
        out: &mut String,
    ) -> Result<(), NotText> {
        match alphabet {
            Alphabet::Gsm7 => tables.decode(octets, out),
            Alphabet::Ascii => out.extend(octets.iter().map(|&octet| ascii(octet))),
            Alphabet::Latin1 => out.extend(octets.iter().map(|&octet| char::from(octet))),
            Alphabet::Cyrillic => out.extend(octets.iter().map(|&octet| cyrillic(octet))),
            Alphabet::Hebrew => out.extend(octets.iter().map(|&octet| hebrew(octet))),
            Alphabet::Ucs2 if self.little_endian_mark && octets.starts_with(&[0xFF, 0xFE]) => {
                decode_utf16(&octets[2..], u16::from_le_bytes, out);
            }
            Alphabet::Ucs2 => decode_utf16(
                octets.strip_prefix(&[0xFE, 0xFF]).unwrap_or(octets),
                u16::from_be_bytes,
                out,
            ),
            Alphabet::Binary | Alphabet::Other => return Err(NotText),
        }
        Ok(())
    }
}

/// The octets are no text, or text in an alphabet that is not read here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotText;

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not text in a known alphabet")
    }
}

impl core::error::Error for NotText {}

impl Alphabet {
    /// Appends `text` in this alphabet, GSM 7-bit with the default tables; on an error `out` is as it was.
    ///
    /// # Errors
    /// The first character that the alphabet does not have; for [`Alphabet::Binary`] and [`Alphabet::Other`] that is the first of all.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let octet: fn(char) -> Option<u8> = match self {
            Alphabet::Gsm7 => return Gsm::DEFAULT.encode(text, out),
            Alphabet::Ucs2 => {
                out.reserve(2 * text.len());
                out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
                return Ok(());
            }
            Alphabet::Ascii => |character| u8::try_from(character).ok().filter(u8::is_ascii),
            Alphabet::Latin1 => |character| u8::try_from(character).ok(),
            Alphabet::Cyrillic => {
                |character| (0..=0xFF).find(|&octet| cyrillic(octet) == character)
            }
            Alphabet::Hebrew => |character| (0..=0xFF).find(|&octet| hebrew(octet) == character),
            Alphabet::Binary | Alphabet::Other => |_| None,
        };
        let start = out.len();
        for (offset, character) in text.char_indices() {
            match octet(character).filter(|_| character != char::REPLACEMENT_CHARACTER) {
                Some(octet) => out.push(octet),
                None => {
                    out.truncate(start);
                    return Err(Unencodable { character, offset });
                }
            }
        }
        Ok(())
    }

    /// The `data_coding` for a text in this alphabet with this message class; `None` if there is no such value.
    ///
    /// GSM has classes only for 7-bit, 8-bit and UCS-2 (3GPP 23.038, 4).
    pub fn data_coding(self, class: Option<u8>) -> Option<u8> {
        match (self, class) {
            (Alphabet::Gsm7, None) => Some(0x00),
            (Alphabet::Ascii, None) => Some(0x01),
            (Alphabet::Latin1, None) => Some(0x03),
            (Alphabet::Binary, None) => Some(0x04),
            (Alphabet::Cyrillic, None) => Some(0x06),
            (Alphabet::Hebrew, None) => Some(0x07),
            (Alphabet::Ucs2, None) => Some(0x08),
            (Alphabet::Gsm7, Some(class @ 0..=3)) => Some(0xF0 | class),
            (Alphabet::Binary, Some(class @ 0..=3)) => Some(0xF4 | class),
            (Alphabet::Ucs2, Some(class @ 0..=3)) => Some(0x18 | class),
            _ => None,
        }
    }
}

/// Message class of a `data_coding`, if it names one: 0 flash, 1 mobile equipment, 2 SIM, 3 terminal equipment.
pub fn message_class(data_coding: u8) -> Option<u8> {
    match data_coding {
        0x10..=0x7F if data_coding & 0x10 != 0 => Some(data_coding & 3),
        0xF0..=0xFF => Some(data_coding & 3),
        _ => None,
    }
}

/// Reads UTF-16; a lone surrogate is U+FFFD and an odd last octet is dropped.
fn decode_utf16(octets: &[u8], unit: fn([u8; 2]) -> u16, out: &mut String) {
    let (units, _odd) = octets.as_chunks::<2>();
    out.reserve(units.len());
    let characters = char::decode_utf16(units.iter().map(|&pair| unit(pair)));
    out.extend(characters.map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

fn ascii(octet: u8) -> char {
    if octet.is_ascii() {
        char::from(octet)
    } else {
        char::REPLACEMENT_CHARACTER
    }
}

/// ISO-8859-5: the letters keep the order of Unicode's block, shifted.
fn cyrillic(octet: u8) -> char {
    match octet {
        0x00..=0xA0 | 0xAD => char::from(octet),
        0xF0 => '№',
        0xFD => '§',
        0xA1..=0xFF => shifted(octet, 0xA0, 0x0400),
    }
}

/// ISO-8859-8: Latin-1 with some signs moved and the letters at 0xE0.
fn hebrew(octet: u8) -> char {
    match octet {
        0xA1 | 0xBF..=0xDE | 0xFB | 0xFC | 0xFF => char::REPLACEMENT_CHARACTER,
        0xAA => '×',
        0xBA => '÷',
        0xDF => '‗',
        0xE0..=0xFA => shifted(octet, 0xE0, 0x05D0),
        0xFD => '\u{200E}',
        0xFE => '\u{200F}',
        0x00..=0xBE => char::from(octet),
    }
}

fn shifted(octet: u8, from: u8, to: u32) -> char {
    char::from_u32(to + u32::from(octet - from)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(reading: Reading, alphabet: Alphabet, octets: &[u8]) -> String {
        let mut out = String::new();
        reading
            .decode(alphabet, Gsm::DEFAULT, octets, &mut out)
            .expect("text");
        out
    }

    #[test]
    fn data_coding_names_the_alphabet() {
        let reading = Reading::default();
        for (values, alphabet) in [
            (
                &[0x00, 0x10, 0x13, 0x50, 0xC0, 0xC8, 0xD3, 0xDF, 0xF0, 0xF3][..],
                Alphabet::Gsm7,
            ),
            (&[0x01], Alphabet::Ascii),
            (&[0x03], Alphabet::Latin1),
            (
                &[0x02, 0x04, 0x14, 0x15, 0x16, 0xF4, 0xF5, 0xF6, 0xF7],
                Alphabet::Binary,
            ),
            (&[0x06], Alphabet::Cyrillic),
            (&[0x07], Alphabet::Hebrew),
            (&[0x08, 0x18, 0x1B, 0x58, 0xE0, 0xE8, 0xEF], Alphabet::Ucs2),
            (
                &[
                    0x05, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x1C, 0x20, 0x30, 0x80, 0xBF,
                ],
                Alphabet::Other,
            ),
        ] {
            for &value in values {
                assert_eq!(reading.alphabet(value), alphabet, "{value:02x}");
            }
        }
        let mta = Reading {
            zero: Alphabet::Ascii,
            one: Alphabet::Gsm7,
            ..reading
        };
        assert_eq!(
            (mta.alphabet(0), mta.alphabet(1), mta.alphabet(0xF0)),
            (Alphabet::Ascii, Alphabet::Gsm7, Alphabet::Gsm7)
        );
    }

    #[test]
    fn message_classes_are_read_and_written() {
        for (value, class) in [
            (0x00, None),
            (0x08, None),
            (0x10, Some(0)),
            (0x18, Some(0)),
            (0x52, Some(2)),
            (0xF0, Some(0)),
            (0xF5, Some(1)),
            (0xC1, None),
        ] {
            assert_eq!(message_class(value), class, "{value:02x}");
        }
        for alphabet in [Alphabet::Gsm7, Alphabet::Ucs2, Alphabet::Binary] {
            for class in [None, Some(0), Some(1), Some(2), Some(3)] {
                let value = alphabet.data_coding(class).expect("GSM has it");
                assert_eq!(
                    (Reading::default().alphabet(value), message_class(value)),
                    (alphabet, class)
                );
            }
        }
        assert_eq!(Alphabet::Latin1.data_coding(Some(0)), None);
        assert_eq!(Alphabet::Gsm7.data_coding(Some(4)), None);
    }

    #[test]
    fn ucs2_survives_marks_lone_surrogates_and_odd_octets() {
        let plain = Reading::default();
        let marked = Reading {
            little_endian_mark: true,
            ..plain
        };
        for (reading, octets, shown) in [
            (plain, &[0xFE, 0xFF, 0x00, 0x41][..], "A"),
            (plain, &[0xFF, 0xFE, 0x41, 0x00], "\u{FFFE}\u{4100}"),
            (marked, &[0xFF, 0xFE, 0x41, 0x00], "A"),
            (marked, &[0x00, 0x41], "A"),
            (plain, &[0xD8, 0x3D, 0xDE, 0x00], "😀"),
            (plain, &[0xD8, 0x3D, 0x00, 0x41], "\u{FFFD}A"),
            (plain, &[0xDE, 0x00, 0x00, 0x41, 0x00], "\u{FFFD}A"),
        ] {
            assert_eq!(
                text(reading, Alphabet::Ucs2, octets),
                shown,
                "{octets:02x?}"
            );
        }
    }

    #[test]
    fn one_octet_alphabets_come_back() {
        for alphabet in [
            Alphabet::Ascii,
            Alphabet::Latin1,
            Alphabet::Cyrillic,
            Alphabet::Hebrew,
        ] {
            for octet in 0..=0xFF {
                let shown = text(Reading::default(), alphabet, &[octet]);
                let mut back = Vec::new();
                match alphabet.encode(&shown, &mut back) {
                    Ok(()) => assert_eq!(back, [octet], "{alphabet:?} {shown}"),
                    Err(_) => assert_eq!(shown, "\u{FFFD}", "{alphabet:?} {octet:02x}"),
                }
            }
        }
        assert_eq!(
            text(
                Reading::default(),
                Alphabet::Cyrillic,
                b"\xBF\xE0\xD8\xD2\xD5\xE2 \xA1\xF1\xF0\xFF"
            ),
            "Привет Ёё№џ"
        );
        assert_eq!(
            text(Reading::default(), Alphabet::Hebrew, b"\xF9\xEC\xE5\xED"),
            "שלום"
        );
    }

    #[test]
    fn binary_is_no_text() {
        let mut out = String::new();
        assert_eq!(
            Reading::default().decode(Alphabet::Binary, Gsm::DEFAULT, b"x", &mut out),
            Err(NotText)
        );
        assert!(Alphabet::Binary.encode("x", &mut Vec::new()).is_err());
    }

    #[test]
    fn a_character_outside_leaves_the_buffer_as_it_was() {
        let mut out = b"kept".to_vec();
        assert_eq!(
            Alphabet::Latin1.encode("aé€", &mut out),
            Err(Unencodable {
                character: '€',
                offset: 3
            })
        );
        assert_eq!(
            Alphabet::Ascii.encode("aé", &mut out),
            Err(Unencodable {
                character: 'é',
                offset: 1
            })
        );
        assert_eq!(out, b"kept");
    }
}
