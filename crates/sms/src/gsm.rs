//! The GSM 7-bit alphabet (3GPP 23.038): default, extension and national tables, and the packing of septets.
//!
//! In SMPP the text of data_coding 0 is *unpacked*: one septet per octet. [`Gsm::encode`] and [`Gsm::decode`] speak that form;
//! [`pack`] and [`unpack`] turn it into the eight-in-seven form of the air interface and back.

mod national;

use core::fmt;

use crate::alphabet::Alphabet;
use crate::segment::capacity;

/// Announces that the next septet is to be read in the single shift table.
pub const ESC: u8 = 0x1B;

/// Septets in one short message without user data header.
pub const SEPTETS: usize = 160;

/// A language with tables of its own (23.038, 6.2.1.2.4). The number is the language identifier in the user data header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
#[repr(u8)]
pub enum Language {
    /// The default alphabet, or the default extension table.
    #[default]
    Default = 0,
    /// Both tables.
    Turkish = 1,
    /// A single shift table only; the locking table is the default alphabet.
    Spanish = 2,
    /// Both tables, as all that follow.
    Portuguese = 3,
    /// Bengali, also for Assamese.
    Bengali = 4,
    /// Gujarati.
    Gujarati = 5,
    /// Hindi.
    Hindi = 6,
    /// Kannada.
    Kannada = 7,
    /// Malayalam.
    Malayalam = 8,
    /// Oriya (Odia).
    Oriya = 9,
    /// Punjabi.
    Punjabi = 10,
    /// Tamil.
    Tamil = 11,
    /// Telugu.
    Telugu = 12,
    /// Urdu.
    Urdu = 13,
}

impl Language {
    /// Every language, in order of identifier.
    pub const ALL: [Language; 14] = [
        Language::Default,
        Language::Turkish,
        Language::Spanish,
        Language::Portuguese,
        Language::Bengali,
        Language::Gujarati,
        Language::Hindi,
        Language::Kannada,
        Language::Malayalam,
        Language::Oriya,
        Language::Punjabi,
        Language::Tamil,
        Language::Telugu,
        Language::Urdu,
    ];

    /// The language with this identifier; `None` for one that no edition of the standard has given out.
    pub fn from_u8(id: u8) -> Option<Language> {
        Language::ALL.get(usize::from(id)).copied()
    }
}

/// The pair of tables that a text is written in. The two shifts are independent of each other (23.038, 6.2.1.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Gsm {
    /// Whose table stands in for the default alphabet.
    pub locking: Language,
    /// Whose table is meant after [`ESC`].
    pub single: Language,
}

/// A character that the tables do not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unencodable {
    /// The first such character.
    pub character: char,
    /// Where it starts in the text, in octets.
    pub offset: usize,
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "character {:?} at octet {} is not in the alphabet",
            self.character, self.offset
        )
    }
}

impl core::error::Error for Unencodable {}

impl Gsm {
    /// The default alphabet with its extension table: what every handset knows.
    pub const DEFAULT: Gsm = Gsm {
        locking: Language::Default,
        single: Language::Default,
    };

    /// Appends `text` as unpacked septets; on an error `out` is as it was.
    ///
    /// # Errors
    /// The first character that is in neither table.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), Unencodable> {
        let locking = &LOCKING[self.locking as usize];
        let single = &SINGLE[self.single as usize];
        let start = out.len();
        // No character is written in more septets than twice its octets of UTF-8.
        out.resize(start + 2 * text.len(), 0);
        let mut end = start;
        for (offset, character) in text.char_indices() {
            let mut code = locking.code(character);
            if code == NO_CODE {
                code = single.code(character);
                if code == NO_CODE {
                    out.truncate(start);
                    return Err(Unencodable { character, offset });
                }
                out[end] = ESC;
                end += 1;
            }
            out[end] = code;
            end += 1;
        }
        out.truncate(end);
        Ok(())
    }

    /// Septets that `text` takes, escapes included; `None` if it has a character that is in neither table.
    pub fn septets(self, text: &str) -> Option<usize> {
        let locking = &LOCKING[self.locking as usize];
        let single = &SINGLE[self.single as usize];
        let mut septets = 0;
        for character in text.chars() {
            septets += match (locking.code(character), single.code(character)) {
                (NO_CODE, NO_CODE) => return None,
                (NO_CODE, _) => 2,
                _ => 1,
            };
        }
        Some(septets)
    }

    /// Appends the text that the unpacked `septets` stand for. Never fails: what has no meaning is shown as 23.038 says.
    ///
    /// An escape before a code that the single shift table leaves open shows the character of the locking table at that code, a double or
    /// trailing escape shows a space, an open code of a locking table too, and an octet above 0x7F is U+FFFD.
    pub fn decode(self, septets: &[u8], out: &mut String) {
        let locking = &LOCKING[self.locking as usize].chars;
        let single = &SINGLE[self.single as usize].chars;
        out.reserve(septets.len());
        let mut septets = septets.iter().copied();
        while let Some(septet) = septets.next() {
            if septet != ESC {
                out.push(shown(locking, septet));
                continue;
            }
            match septets.next() {
                None | Some(ESC) => out.push(' '),
                Some(code) => match single.get(usize::from(code)) {
                    Some(&unit) if unit != NO_CHAR => out.push(shown(single, code)),
                    _ => out.push(shown(locking, code)),
                },
            }
        }
    }

    /// The text of unpacked septets of the default alphabet if each of them stands where ASCII has its character, as those of most
    /// texts do.
    pub fn as_ascii(septets: &[u8]) -> Option<&str> {
        let chars = &LOCKING[Language::Default as usize].chars;
        let alike = |&octet: &u8| chars.get(usize::from(octet)) == Some(&u16::from(octet));
        let text = core::str::from_utf8(septets).ok()?;
        septets.iter().all(alike).then_some(text)
    }

    /// The tables with which `text` takes the fewest short messages: the default ones if they suffice, otherwise those of one of the
    /// `permitted` languages, as single shift, as locking shift or as both, in this order if they are equal. `None` if the text must go
    /// as UCS-2.
    pub fn choose(text: &str, permitted: &[Language]) -> Option<Gsm> {
        if Gsm::DEFAULT.septets(text).is_some() {
            return Some(Gsm::DEFAULT);
        }
        permitted
            .iter()
            .flat_map(|&language| {
                [
                    (Language::Default, language),
                    (language, Language::Default),
                    (language, language),
                ]
                .map(|(locking, single)| Gsm { locking, single })
            })
            .filter_map(|tables| Some((tables.messages(tables.septets(text)?), tables)))
            .min_by_key(|(messages, _)| *messages)
            .map(|(_, tables)| tables)
    }

    /// Short messages that so many septets take, each with the names of the tables; torn pairs left out of account.
    fn messages(self, septets: usize) -> usize {
        let header = 1 + self.header_octets();
        if septets <= capacity(Alphabet::Gsm7, header) {
            1
        } else {
            septets.div_ceil(capacity(Alphabet::Gsm7, header + 5))
        }
    }

    /// Octets of the elements that name the tables in a user data header, without its length octet: 0, 3 or 6.
    pub fn header_octets(self) -> usize {
        3 * (usize::from(self.locking != Language::Default)
            + usize::from(self.single != Language::Default))
    }
}

/// Appends `septets` packed: septet k occupies bits 7k to 7k + 6 of a stream that starts after `fill` zero bits, lowest bits first.
///
/// Bits 7 of the input are ignored; unused bits of the last octet are 0. `fill` is [`Header::fill_bits`](crate::udh::Header::fill_bits)
/// behind a user data header and 0 without one.
pub fn pack(septets: &[u8], fill: u8, out: &mut Vec<u8>) {
    let mut bits = u32::from(fill);
    let mut pending: u32 = 0;
    out.reserve((usize::from(fill) + septets.len() * 7).div_ceil(8));
    for &septet in septets {
        pending |= u32::from(septet & 0x7F) << bits;
        bits += 7;
        while bits >= 8 {
            out.push(pending as u8);
            pending >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        out.push(pending as u8);
    }
}

/// Appends the septets that `octets` hold after `fill` bits.
///
/// With `count` (the air interface's TP-UDL) exactly so many are read, or as many as there are. Without it, as in SMPP, seven spare bits
/// at the end look like a further septet: one trailing `@` or CR that they make is dropped.
pub fn unpack(octets: &[u8], fill: u8, count: Option<usize>, out: &mut Vec<u8>) {
    let fill = usize::from(fill);
    let bits = (octets.len() * 8).saturating_sub(fill);
    let whole = bits / 7;
    let wanted = count.map_or(whole, |count| count.min(whole));
    let start = out.len();
    out.reserve(wanted);
    for k in 0..wanted {
        let bit = fill + 7 * k;
        let low = u16::from(octets[bit / 8]);
        let high = octets.get(bit / 8 + 1).map_or(0, |&octet| u16::from(octet));
        out.push(((low | high << 8) >> (bit % 8)) as u8 & 0x7F);
    }
    let spare_bits_make_one = count.is_none() && bits.is_multiple_of(7) && out.len() > start;
    if spare_bits_make_one && matches!(out.last(), Some(0x00 | 0x0D)) {
        out.pop();
    }
}

/// The character at `code`, a space where there is none.
fn shown(chars: &[u16; 128], code: u8) -> char {
    match chars.get(usize::from(code)) {
        None => char::REPLACEMENT_CHARACTER,
        Some(&NO_CHAR) => ' ',
        Some(&unit) => char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// No table has a character at this code. NUL itself is in no table.
const NO_CHAR: u16 = 0;
/// The character is not in this table.
const NO_CODE: u8 = 0xFF;

/// One table in both directions.
struct Table {
    /// Characters by code, [`NO_CHAR`] where there is none; all are in the basic plane.
    chars: [u16; 128],
    /// Codes of the characters below U+0100, [`NO_CODE`] where there is none.
    low: [u8; 256],
    /// The other characters in ascending order with their codes; the first `high_len` count.
    high: [(u16, u8); 128],
    high_len: usize,
}

impl Table {
    const fn new(chars: [u16; 128]) -> Table {
        let mut table = Table {
            chars,
            low: [NO_CODE; 256],
            high: [(0, 0); 128],
            high_len: 0,
        };
        let mut code = 0;
        while code < 128 {
            let unit = chars[code];
            if unit >= 0x100 {
                table.insert_high(unit, code as u8);
            } else if unit != NO_CHAR && table.low[unit as usize] == NO_CODE {
                // A character that stands twice (U+00A1 in the Indic tables) is written with its first code.
                table.low[unit as usize] = code as u8;
            }
            code += 1;
        }
        table
    }

    const fn insert_high(&mut self, unit: u16, code: u8) {
        let mut at = self.high_len;
        while at > 0 && self.high[at - 1].0 > unit {
            self.high[at] = self.high[at - 1];
            at -= 1;
        }
        self.high[at] = (unit, code);
        self.high_len += 1;
    }

    #[inline]
    fn code(&self, character: char) -> u8 {
        let scalar = u32::from(character);
        match self.low.get(scalar as usize) {
            Some(&code) => code,
            None => self.high_code(scalar),
        }
    }

    fn high_code(&self, scalar: u32) -> u8 {
        let high = &self.high[..self.high_len];
        high.binary_search_by_key(&scalar, |&(unit, _)| u32::from(unit))
            .map_or(NO_CODE, |at| high[at].1)
    }
}

static LOCKING: [Table; 14] = {
    let mut tables = [const { Table::new([NO_CHAR; 128]) }; 14];
    let mut id = 0;
    while id < 14 {
        tables[id] = Table::new(national::locking(Language::ALL[id]));
        id += 1;
    }
    tables
};

static SINGLE: [Table; 14] = {
    let mut tables = [const { Table::new([NO_CHAR; 128]) }; 14];
    let mut id = 0;
    while id < 14 {
        tables[id] = Table::new(national::single(Language::ALL[id]));
        id += 1;
    }
    tables
};

/// 23.038, 6.2.1.
const DEFAULT_CHARS: [u16; 128] = {
    let mut chars = [NO_CHAR; 128];
    let mut code = 0;
    while code < 128 {
        chars[code] = DEFAULT_ROWS[code / 16][code % 16] as u16;
        code += 1;
    }
    chars
};

/// Sixteen codes a row; NUL stands for the escape, which is no character.
#[rustfmt::skip]
const DEFAULT_ROWS: [[char; 16]; 8] = [
    ['@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å'],
    ['Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\0', 'Æ', 'æ', 'ß', 'É'],
    [' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/'],
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?'],
    ['¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O'],
    ['P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§'],
    ['¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o'],
    ['p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à'],
];

/// 23.038, 6.2.1.1.
const EXTENSION_CHARS: [u16; 128] = {
    let mut chars = [NO_CHAR; 128];
    chars[0x0A] = 0x0C;
    chars[0x14] = '^' as u16;
    chars[0x28] = '{' as u16;
    chars[0x29] = '}' as u16;
    chars[0x2F] = '\\' as u16;
    chars[0x3C] = '[' as u16;
    chars[0x3D] = '~' as u16;
    chars[0x3E] = ']' as u16;
    chars[0x40] = '|' as u16;
    chars[0x65] = '€' as u16;
    chars
};

#[cfg(test)]
mod tests {
    use super::*;

    fn septets(tables: Gsm, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        tables.encode(text, &mut out).expect("encodable");
        out
    }

    fn text(tables: Gsm, septets: &[u8]) -> String {
        let mut out = String::new();
        tables.decode(septets, &mut out);
        out
    }

    #[test]
    fn every_code_of_every_table_comes_back() {
        for locking in Language::ALL {
            for single in Language::ALL {
                let tables = Gsm { locking, single };
                for (table, shift) in [
                    (&LOCKING[locking as usize], &[][..]),
                    (&SINGLE[single as usize], &[ESC][..]),
                ] {
                    for code in 0u8..128 {
                        if code == ESC || table.chars[usize::from(code)] == NO_CHAR {
                            continue;
                        }
                        let octets = [shift, &[code]].concat();
                        let shown = text(tables, &octets);
                        assert_eq!(shown.chars().count(), 1);
                        assert_eq!(
                            text(tables, &septets(tables, &shown)),
                            shown,
                            "{tables:?} {octets:02x?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_default_alphabet_has_127_characters_and_the_extension_ten() {
        let count = |table: &Table| table.chars.iter().filter(|&&unit| unit != NO_CHAR).count();
        assert_eq!(count(&LOCKING[0]), 127);
        assert_eq!(count(&SINGLE[0]), 10);
        assert_eq!(LOCKING[2].chars, LOCKING[0].chars, "Spanish locks nothing");
    }

    #[test]
    fn every_single_shift_table_keeps_the_default_extensions() {
        for table in &SINGLE {
            for (code, &unit) in EXTENSION_CHARS.iter().enumerate() {
                assert!(unit == NO_CHAR || table.chars[code] == unit, "{code:02x}");
            }
        }
    }

    #[test]
    fn national_scripts_stand_in_their_own_unicode_blocks() {
        let blocks = [
            (Language::Bengali, 0x0980),
            (Language::Gujarati, 0x0A80),
            (Language::Hindi, 0x0900),
            (Language::Kannada, 0x0C80),
            (Language::Malayalam, 0x0D00),
            (Language::Oriya, 0x0B00),
            (Language::Punjabi, 0x0A00),
            (Language::Tamil, 0x0B80),
            (Language::Telugu, 0x0C00),
        ];
        for (language, block) in blocks {
            for table in [&LOCKING[language as usize], &SINGLE[language as usize]] {
                for &(unit, _) in &table.high[..table.high_len] {
                    let known = (block..block + 0x80).contains(&unit)
                        || [0x0964, 0x0965, 0x20AC].contains(&unit);
                    assert!(known, "{language:?} {unit:04x}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_meaning_is_shown_and_never_fails() {
        for (octets, shown) in [
            (&[0x1B, 0x41][..], "A"), // not in the extension table: the default character
            (&[0x41, 0x1B], "A "),    // a trailing escape
            (&[0x1B, 0x1B, 0x41], " A"), // reserved for a further extension
            (&[0x1B, 0x0D], "\r"),    // the control character of the single shift tables
            (&[0x80, 0x1B, 0xFF], "\u{FFFD}\u{FFFD}"),
        ] {
            assert_eq!(text(Gsm::DEFAULT, octets), shown, "{octets:02x?}");
        }
        let bengali = Gsm {
            locking: Language::Bengali,
            single: Language::Default,
        };
        assert_eq!(
            text(bengali, &[0x0C]),
            " ",
            "an open code of a locking table"
        );
    }

    #[test]
    fn the_first_character_outside_is_named_and_the_buffer_kept() {
        let mut out = b"kept".to_vec();
        let error = Gsm::DEFAULT
            .encode("é€ç", &mut out)
            .expect_err("small c cedilla is not in the table");
        assert_eq!(
            error,
            Unencodable {
                character: 'ç',
                offset: 5
            }
        );
        assert_eq!(out, b"kept");
        assert_eq!(Gsm::DEFAULT.septets("é€"), Some(3));
        assert_eq!(Gsm::DEFAULT.septets("ç"), None);
        assert_eq!(Gsm::DEFAULT.septets("\0"), None);
    }

    #[test]
    fn national_tables_are_chosen_by_cost_and_only_when_needed() {
        use Language::{Hindi, Portuguese, Spanish, Turkish};
        let all = [Turkish, Spanish, Portuguese, Hindi];
        let tables = |locking, single| Some(Gsm { locking, single });
        assert_eq!(
            Gsm::choose("plain €", &all),
            tables(Language::Default, Language::Default)
        );
        assert_eq!(
            Gsm::choose("ıspanak", &all),
            tables(Language::Default, Turkish)
        );
        assert_eq!(
            Gsm::choose(&"ışığın ışığı ".repeat(11), &all),
            tables(Turkish, Language::Default)
        );
        assert_eq!(
            Gsm::choose("señor, ¿dónde está?", &all),
            tables(Language::Default, Spanish)
        );
        assert_eq!(Gsm::choose("नमस्ते", &all), tables(Hindi, Language::Default));
        assert_eq!(Gsm::choose("नमस्ते ABC", &all), tables(Hindi, Hindi));
        assert_eq!(Gsm::choose("नमस्ते", &[Turkish]), None);
        assert_eq!(Gsm::choose("漢字", &all), None);
    }

    #[test]
    fn seven_spare_bits_make_no_character() {
        for last in [b"7 chars", b"7 char\0"] {
            let mut packed = Vec::new();
            pack(last, 0, &mut packed);
            let mut back = Vec::new();
            unpack(&packed, 0, None, &mut back);
            assert_eq!(back, last);
        }
        let mut packed = Vec::new();
        pack(b"7 chars\r", 0, &mut packed);
        let mut back = Vec::new();
        unpack(&packed, 0, None, &mut back);
        assert_eq!(back, b"7 chars", "a CR put there as padding");
        back.clear();
        unpack(&packed, 0, Some(8), &mut back);
        assert_eq!(back, b"7 chars\r", "a CR that the count vouches for");
    }

    #[test]
    fn unpacking_less_than_was_promised_is_harmless() {
        let mut back = Vec::new();
        unpack(&[], 6, Some(20), &mut back);
        unpack(&[0xFF], 6, Some(20), &mut back);
        assert_eq!(back, b"");
        unpack(&[0xFF, 0x00], 1, Some(20), &mut back);
        assert_eq!(back, [0x7F, 0x00]);
    }

    #[test]
    fn what_is_taken_for_ascii_is_what_it_would_be_read_as() {
        for septet in 0..=0xFF {
            let octets = [b'a', septet];
            let shown = text(Gsm::DEFAULT, &octets);
            let alike = shown.as_bytes() == octets;
            assert_eq!(
                Gsm::as_ascii(&octets),
                alike.then_some(&*shown),
                "{septet:02x}"
            );
        }
        assert_eq!(Gsm::as_ascii(b""), Some(""));
    }
}
