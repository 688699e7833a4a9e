//! Writing a text in characters that GSM 7-bit has, so that it fits where UCS-2 would take twice the room.

use crate::alphabet::Alphabet;
use crate::gsm::Gsm;

/// How much may change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Change {
    /// Signs that readers take for the same: typographic quotes, dashes, spaces, full-width forms, characters without width.
    Signs,
    /// Letters too: accents that GSM lacks are dropped, Greek becomes capitals. Words stay legible and are no longer spelt right.
    Letters,
}

/// `text` in characters of the default alphabet and its extension; `None` if any character has no such form, since a text half replaced is
/// worth less than one in UCS-2.
pub fn transliterate(text: &str, change: Change) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if Gsm::DEFAULT
            .septets(character.encode_utf8(&mut [0; 4]))
            .is_some()
        {
            out.push(character);
        } else {
            out.push_str(replacement(character, change)?);
        }
    }
    Some(out)
}

/// Appends the first `characters` characters of `text` in `alphabet`, as the text of a receipt needs them: control characters are spaces,
/// what the alphabet lacks is replaced as by [`transliterate`], and what has no form is `?`.
pub fn excerpt(text: &str, characters: usize, alphabet: Alphabet, out: &mut Vec<u8>) {
    let plain = plain_start(text, characters, alphabet);
    out.extend_from_slice(plain.as_bytes());
    let mut left = characters - plain.len();
    for character in text[plain.len()..].chars() {
        if left == 0 {
            return;
        }
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        quote(character, alphabet, &mut left, out);
    }
}

/// As much of the first `characters` characters as is in `alphabet` what it is in UTF-8. Most receipts have no other text.
fn plain_start(text: &str, characters: usize, alphabet: Alphabet) -> &str {
    if alphabet != Alphabet::Ascii {
        return "";
    }
    let mut octets = text.bytes().take(characters);
    let plain = octets.position(|octet| !matches!(octet, b' '..=b'~'));
    &text[..plain.unwrap_or(text.len().min(characters))]
}

/// Appends `character` or its replacement, at most `left` characters.
fn quote(character: char, alphabet: Alphabet, left: &mut usize, out: &mut Vec<u8>) {
    let mut utf8 = [0; 4];
    let as_is = character.encode_utf8(&mut utf8);
    if *left == 0 {
        return;
    }
    if alphabet.encode(as_is, out).is_ok() {
        *left -= 1;
    } else if let Some(form) =
        replacement(character, Change::Letters).or_else(|| found(&PLAIN, character))
    {
        // A form has GSM characters only, those have ASCII forms if any, and ASCII has none: this ends.
        form.chars()
            .for_each(|character| quote(character, alphabet, left, out));
    } else if alphabet.encode("?", out).is_ok() {
        *left -= 1;
    }
}

/// What stands for `character`, which is not in the default alphabet; `None` if nothing does.
fn replacement(character: char, change: Change) -> Option<&'static str> {
    let sign = found(&SIGNS, character).or_else(|| full_width(character));
    match change {
        Change::Signs => sign,
        Change::Letters if matches!(character, '\u{300}'..='\u{36F}') => Some(""), // combining marks
        Change::Letters => sign.or_else(|| found(&LETTERS, character)),
    }
}

fn found(table: &[(char, &'static str)], character: char) -> Option<&'static str> {
    table
        .binary_search_by_key(&character, |&(from, _)| from)
        .ok()
        .map(|at| table[at].1)
}

/// Full-width forms repeat ASCII in its order; GSM has no grave accent.
fn full_width(character: char) -> Option<&'static str> {
    const ASCII: &str = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_'abcdefghijklmnopqrstuvwxyz{|}~";
    let at = u32::from(character).checked_sub(0xFF01)? as usize;
    ASCII.get(at..=at)
}

/// Signs that a reader takes for the GSM ones, in order of code point. Those of no width vanish.
#[rustfmt::skip]
static SIGNS: [(char, &str); 122] = [
    ('\u{9}', " "), ('\u{B}', "\n"), ('`', "'"), ('\u{85}', "\n"), ('\u{A0}', " "), ('¦', "|"), ('©', "(C)"), ('ª', "a"), ('«', "\""),
    ('\u{AD}', ""), ('®', "(R)"), ('°', "o"), ('²', "2"), ('³', "3"), ('´', "'"), ('µ', "u"), ('·', "."), ('¹', "1"), ('º', "o"),
    ('»', "\""), ('¼', "1/4"), ('½', "1/2"), ('¾', "3/4"), ('×', "x"), ('÷', "/"), ('Ĳ', "IJ"), ('ĳ', "ij"), ('ʹ', "'"), ('ʻ', "'"),
    ('ʼ', "'"), ('ˈ', "'"), ('\u{1680}', " "), ('\u{2000}', " "), ('\u{2001}', " "), ('\u{2002}', " "), ('\u{2003}', " "),
    ('\u{2004}', " "), ('\u{2005}', " "), ('\u{2006}', " "), ('\u{2007}', " "), ('\u{2008}', " "), ('\u{2009}', " "), ('\u{200A}', " "),
    ('\u{200B}', ""), ('\u{200C}', ""), ('\u{200D}', ""), ('\u{200E}', ""), ('\u{200F}', ""), ('\u{2010}', "-"), ('\u{2011}', "-"),
    ('\u{2012}', "-"), ('\u{2013}', "-"), ('\u{2014}', "-"), ('\u{2015}', "-"), ('‘', "'"), ('’', "'"), ('‚', "'"), ('‛', "'"),
    ('“', "\""), ('”', "\""), ('„', "\""), ('‟', "\""), ('•', "*"), ('‣', "*"), ('‥', ".."), ('…', "..."), ('\u{2028}', "\n"),
    ('\u{2029}', "\n"), ('\u{202A}', ""), ('\u{202B}', ""), ('\u{202C}', ""), ('\u{202D}', ""), ('\u{202E}', ""), ('\u{202F}', " "),
    ('′', "'"), ('″', "\""), ('‹', "<"), ('›', ">"), ('‼', "!!"), ('\u{2043}', "-"), ('⁄', "/"), ('⁇', "??"), ('⁈', "?!"), ('⁉', "!?"),
    ('\u{205F}', " "), ('\u{2060}', ""), ('\u{2061}', ""), ('\u{2062}', ""), ('\u{2063}', ""), ('\u{2064}', ""), ('\u{2066}', ""),
    ('\u{2067}', ""), ('\u{2068}', ""), ('\u{2069}', ""), ('₤', "£"), ('№', "No"), ('℠', "(SM)"), ('™', "(TM)"), ('Ω', "Ω"), ('←', "<-"),
    ('→', "->"), ('⇒', "=>"), ('∆', "Δ"), ('∏', "Π"), ('∑', "Σ"), ('\u{2212}', "-"), ('∕', "/"), ('∙', "*"), ('≈', "~"), ('≠', "!="),
    ('≤', "<="), ('≥', ">="), ('●', "*"), ('\u{3000}', " "), ('ﬀ', "ff"), ('ﬁ', "fi"), ('ﬂ', "fl"), ('ﬃ', "ffi"), ('ﬄ', "ffl"),
    ('\u{FE0E}', ""), ('\u{FE0F}', ""), ('\u{FEFF}', ""),
];

/// Letters without the accent that GSM lacks, and Greek in the capitals and lookalikes that GSM has, in order of code point.
#[rustfmt::skip]
static LETTERS: [(char, &str); 549] = [
    ('À', "A"), ('Á', "A"), ('Â', "A"), ('Ã', "A"), ('È', "E"), ('Ê', "E"), ('Ë', "E"), ('Ì', "I"), ('Í', "I"), ('Î', "I"), ('Ï', "I"),
    ('Ð', "D"), ('Ò', "O"), ('Ó', "O"), ('Ô', "O"), ('Õ', "O"), ('Ù', "U"), ('Ú', "U"), ('Û', "U"), ('Ý', "Y"), ('Þ', "Th"), ('á', "a"),
    ('â', "a"), ('ã', "a"), ('ç', "c"), ('ê', "e"), ('ë', "e"), ('í', "i"), ('î', "i"), ('ï', "i"), ('ð', "d"), ('ó', "o"), ('ô', "o"),
    ('õ', "o"), ('ú', "u"), ('û', "u"), ('ý', "y"), ('þ', "th"), ('ÿ', "y"), ('Ā', "A"), ('ā', "a"), ('Ă', "A"), ('ă', "a"), ('Ą', "A"),
    ('ą', "a"), ('Ć', "C"), ('ć', "c"), ('Ĉ', "C"), ('ĉ', "c"), ('Ċ', "C"), ('ċ', "c"), ('Č', "C"), ('č', "c"), ('Ď', "D"), ('ď', "d"),
    ('Đ', "D"), ('đ', "d"), ('Ē', "E"), ('ē', "e"), ('Ĕ', "E"), ('ĕ', "e"), ('Ė', "E"), ('ė', "e"), ('Ę', "E"), ('ę', "e"), ('Ě', "E"),
    ('ě', "e"), ('Ĝ', "G"), ('ĝ', "g"), ('Ğ', "G"), ('ğ', "g"), ('Ġ', "G"), ('ġ', "g"), ('Ģ', "G"), ('ģ', "g"), ('Ĥ', "H"), ('ĥ', "h"),
    ('Ħ', "H"), ('ħ', "h"), ('Ĩ', "I"), ('ĩ', "i"), ('Ī', "I"), ('ī', "i"), ('Ĭ', "I"), ('ĭ', "i"), ('Į', "I"), ('į', "i"), ('İ', "I"),
    ('ı', "i"), ('Ĵ', "J"), ('ĵ', "j"), ('Ķ', "K"), ('ķ', "k"), ('ĸ', "k"), ('Ĺ', "L"), ('ĺ', "l"), ('Ļ', "L"), ('ļ', "l"), ('Ľ', "L"),
    ('ľ', "l"), ('Ŀ', "L"), ('ŀ', "l"), ('Ł', "L"), ('ł', "l"), ('Ń', "N"), ('ń', "n"), ('Ņ', "N"), ('ņ', "n"), ('Ň', "N"), ('ň', "n"),
    ('ŉ', "'n"), ('Ŋ', "N"), ('ŋ', "n"), ('Ō', "O"), ('ō', "o"), ('Ŏ', "O"), ('ŏ', "o"), ('Ő', "O"), ('ő', "o"), ('Œ', "OE"), ('œ', "oe"),
    ('Ŕ', "R"), ('ŕ', "r"), ('Ŗ', "R"), ('ŗ', "r"), ('Ř', "R"), ('ř', "r"), ('Ś', "S"), ('ś', "s"), ('Ŝ', "S"), ('ŝ', "s"), ('Ş', "S"),
    ('ş', "s"), ('Š', "S"), ('š', "s"), ('Ţ', "T"), ('ţ', "t"), ('Ť', "T"), ('ť', "t"), ('Ŧ', "T"), ('ŧ', "t"), ('Ũ', "U"), ('ũ', "u"),
    ('Ū', "U"), ('ū', "u"), ('Ŭ', "U"), ('ŭ', "u"), ('Ů', "U"), ('ů', "u"), ('Ű', "U"), ('ű', "u"), ('Ų', "U"), ('ų', "u"), ('Ŵ', "W"),
    ('ŵ', "w"), ('Ŷ', "Y"), ('ŷ', "y"), ('Ÿ', "Y"), ('Ź', "Z"), ('ź', "z"), ('Ż', "Z"), ('ż', "z"), ('Ž', "Z"), ('ž', "z"), ('ſ', "s"),
    ('Ɖ', "D"), ('Ə', "E"), ('ƒ', "f"), ('Ǎ', "A"), ('ǎ', "a"), ('Ǐ', "I"), ('ǐ', "i"), ('Ǒ', "O"), ('ǒ', "o"), ('Ǔ', "U"), ('ǔ', "u"),
    ('Ǖ', "Ü"), ('ǖ', "ü"), ('Ǘ', "Ü"), ('ǘ', "ü"), ('Ǚ', "Ü"), ('ǚ', "ü"), ('Ǜ', "Ü"), ('ǜ', "ü"), ('Ǧ', "G"), ('ǧ', "g"), ('Ǩ', "K"),
    ('ǩ', "k"), ('Ǫ', "O"), ('ǫ', "o"), ('Ǭ', "O"), ('ǭ', "o"), ('Ǹ', "N"), ('ǹ', "n"), ('Ǻ', "Å"), ('ǻ', "å"), ('Ǽ', "Æ"), ('ǽ', "æ"),
    ('Ǿ', "Ø"), ('ǿ', "ø"), ('Ȁ', "A"), ('ȁ', "a"), ('Ȃ', "A"), ('ȃ', "a"), ('Ȅ', "E"), ('ȅ', "e"), ('Ȇ', "E"), ('ȇ', "e"), ('Ȉ', "I"),
    ('ȉ', "i"), ('Ȋ', "I"), ('ȋ', "i"), ('Ȍ', "O"), ('ȍ', "o"), ('Ȏ', "O"), ('ȏ', "o"), ('Ȑ', "R"), ('ȑ', "r"), ('Ȓ', "R"), ('ȓ', "r"),
    ('Ȕ', "U"), ('ȕ', "u"), ('Ȗ', "U"), ('ȗ', "u"), ('Ș', "S"), ('ș', "s"), ('Ț', "T"), ('ț', "t"), ('Ȟ', "H"), ('ȟ', "h"), ('Ȧ', "A"),
    ('ȧ', "a"), ('Ȩ', "E"), ('ȩ', "e"), ('Ȫ', "Ö"), ('ȫ', "ö"), ('Ȭ', "O"), ('ȭ', "o"), ('Ȯ', "O"), ('ȯ', "o"), ('Ȱ', "O"), ('ȱ', "o"),
    ('Ȳ', "Y"), ('ȳ', "y"), ('ə', "e"), ('Ά', "A"), ('Έ', "E"), ('Ή', "H"), ('Ί', "I"), ('Ό', "O"), ('Ύ', "Y"), ('Ώ', "Ω"), ('ΐ', "I"),
    ('Α', "A"), ('Β', "B"), ('Ε', "E"), ('Ζ', "Z"), ('Η', "H"), ('Ι', "I"), ('Κ', "K"), ('Μ', "M"), ('Ν', "N"), ('Ο', "O"), ('Ρ', "P"),
    ('Τ', "T"), ('Υ', "Y"), ('Χ', "X"), ('Ϊ', "I"), ('Ϋ', "Y"), ('ά', "A"), ('έ', "E"), ('ή', "H"), ('ί', "I"), ('ΰ', "Y"), ('α', "A"),
    ('β', "B"), ('γ', "Γ"), ('δ', "Δ"), ('ε', "E"), ('ζ', "Z"), ('η', "H"), ('θ', "Θ"), ('ι', "I"), ('κ', "K"), ('λ', "Λ"), ('μ', "M"),
    ('ν', "N"), ('ξ', "Ξ"), ('ο', "O"), ('π', "Π"), ('ρ', "P"), ('ς', "Σ"), ('σ', "Σ"), ('τ', "T"), ('υ', "Y"), ('φ', "Φ"), ('χ', "X"),
    ('ψ', "Ψ"), ('ω', "Ω"), ('ϊ', "I"), ('ϋ', "Y"), ('ό', "O"), ('ύ', "Y"), ('ώ', "Ω"), ('Ḁ', "A"), ('ḁ', "a"), ('Ḃ', "B"), ('ḃ', "b"),
    ('Ḅ', "B"), ('ḅ', "b"), ('Ḇ', "B"), ('ḇ', "b"), ('Ḉ', "Ç"), ('ḉ', "c"), ('Ḋ', "D"), ('ḋ', "d"), ('Ḍ', "D"), ('ḍ', "d"), ('Ḏ', "D"),
    ('ḏ', "d"), ('Ḑ', "D"), ('ḑ', "d"), ('Ḓ', "D"), ('ḓ', "d"), ('Ḕ', "E"), ('ḕ', "e"), ('Ḗ', "E"), ('ḗ', "e"), ('Ḙ', "E"), ('ḙ', "e"),
    ('Ḛ', "E"), ('ḛ', "e"), ('Ḝ', "E"), ('ḝ', "e"), ('Ḟ', "F"), ('ḟ', "f"), ('Ḡ', "G"), ('ḡ', "g"), ('Ḣ', "H"), ('ḣ', "h"), ('Ḥ', "H"),
    ('ḥ', "h"), ('Ḧ', "H"), ('ḧ', "h"), ('Ḩ', "H"), ('ḩ', "h"), ('Ḫ', "H"), ('ḫ', "h"), ('Ḭ', "I"), ('ḭ', "i"), ('Ḯ', "I"), ('ḯ', "i"),
    ('Ḱ', "K"), ('ḱ', "k"), ('Ḳ', "K"), ('ḳ', "k"), ('Ḵ', "K"), ('ḵ', "k"), ('Ḷ', "L"), ('ḷ', "l"), ('Ḹ', "L"), ('ḹ', "l"), ('Ḻ', "L"),
    ('ḻ', "l"), ('Ḽ', "L"), ('ḽ', "l"), ('Ḿ', "M"), ('ḿ', "m"), ('Ṁ', "M"), ('ṁ', "m"), ('Ṃ', "M"), ('ṃ', "m"), ('Ṅ', "N"), ('ṅ', "n"),
    ('Ṇ', "N"), ('ṇ', "n"), ('Ṉ', "N"), ('ṉ', "n"), ('Ṋ', "N"), ('ṋ', "n"), ('Ṍ', "O"), ('ṍ', "o"), ('Ṏ', "O"), ('ṏ', "o"), ('Ṑ', "O"),
    ('ṑ', "o"), ('Ṓ', "O"), ('ṓ', "o"), ('Ṕ', "P"), ('ṕ', "p"), ('Ṗ', "P"), ('ṗ', "p"), ('Ṙ', "R"), ('ṙ', "r"), ('Ṛ', "R"), ('ṛ', "r"),
    ('Ṝ', "R"), ('ṝ', "r"), ('Ṟ', "R"), ('ṟ', "r"), ('Ṡ', "S"), ('ṡ', "s"), ('Ṣ', "S"), ('ṣ', "s"), ('Ṥ', "S"), ('ṥ', "s"), ('Ṧ', "S"),
    ('ṧ', "s"), ('Ṩ', "S"), ('ṩ', "s"), ('Ṫ', "T"), ('ṫ', "t"), ('Ṭ', "T"), ('ṭ', "t"), ('Ṯ', "T"), ('ṯ', "t"), ('Ṱ', "T"), ('ṱ', "t"),
    ('Ṳ', "U"), ('ṳ', "u"), ('Ṵ', "U"), ('ṵ', "u"), ('Ṷ', "U"), ('ṷ', "u"), ('Ṹ', "U"), ('ṹ', "u"), ('Ṻ', "U"), ('ṻ', "u"), ('Ṽ', "V"),
    ('ṽ', "v"), ('Ṿ', "V"), ('ṿ', "v"), ('Ẁ', "W"), ('ẁ', "w"), ('Ẃ', "W"), ('ẃ', "w"), ('Ẅ', "W"), ('ẅ', "w"), ('Ẇ', "W"), ('ẇ', "w"),
    ('Ẉ', "W"), ('ẉ', "w"), ('Ẋ', "X"), ('ẋ', "x"), ('Ẍ', "X"), ('ẍ', "x"), ('Ẏ', "Y"), ('ẏ', "y"), ('Ẑ', "Z"), ('ẑ', "z"), ('Ẓ', "Z"),
    ('ẓ', "z"), ('Ẕ', "Z"), ('ẕ', "z"), ('ẖ', "h"), ('ẗ', "t"), ('ẘ', "w"), ('ẙ', "y"), ('ẞ', "SS"), ('Ạ', "A"), ('ạ', "a"), ('Ả', "A"),
    ('ả', "a"), ('Ấ', "A"), ('ấ', "a"), ('Ầ', "A"), ('ầ', "a"), ('Ẩ', "A"), ('ẩ', "a"), ('Ẫ', "A"), ('ẫ', "a"), ('Ậ', "A"), ('ậ', "a"),
    ('Ắ', "A"), ('ắ', "a"), ('Ằ', "A"), ('ằ', "a"), ('Ẳ', "A"), ('ẳ', "a"), ('Ẵ', "A"), ('ẵ', "a"), ('Ặ', "A"), ('ặ', "a"), ('Ẹ', "E"),
    ('ẹ', "e"), ('Ẻ', "E"), ('ẻ', "e"), ('Ẽ', "E"), ('ẽ', "e"), ('Ế', "E"), ('ế', "e"), ('Ề', "E"), ('ề', "e"), ('Ể', "E"), ('ể', "e"),
    ('Ễ', "E"), ('ễ', "e"), ('Ệ', "E"), ('ệ', "e"), ('Ỉ', "I"), ('ỉ', "i"), ('Ị', "I"), ('ị', "i"), ('Ọ', "O"), ('ọ', "o"), ('Ỏ', "O"),
    ('ỏ', "o"), ('Ố', "O"), ('ố', "o"), ('Ồ', "O"), ('ồ', "o"), ('Ổ', "O"), ('ổ', "o"), ('Ỗ', "O"), ('ỗ', "o"), ('Ộ', "O"), ('ộ', "o"),
    ('Ớ', "O"), ('ớ', "o"), ('Ờ', "O"), ('ờ', "o"), ('Ở', "O"), ('ở', "o"), ('Ỡ', "O"), ('ỡ', "o"), ('Ợ', "O"), ('ợ', "o"), ('Ụ', "U"),
    ('ụ', "u"), ('Ủ', "U"), ('ủ', "u"), ('Ứ', "U"), ('ứ', "u"), ('Ừ', "U"), ('ừ', "u"), ('Ử', "U"), ('ử', "u"), ('Ữ', "U"), ('ữ', "u"),
    ('Ự', "U"), ('ự', "u"), ('Ỳ', "Y"), ('ỳ', "y"), ('Ỵ', "Y"), ('ỵ', "y"), ('Ỷ', "Y"), ('ỷ', "y"), ('Ỹ', "Y"), ('ỹ', "y"),
];

/// ASCII for letters of the default alphabet, where a peer reads ASCII; in order of code point.
#[rustfmt::skip]
static PLAIN: [(char, &str); 25] = [
    ('£', "GBP"), ('Ä', "A"), ('Å', "A"), ('Æ', "AE"), ('Ç', "C"), ('É', "E"), ('Ñ', "N"), ('Ö', "O"), ('Ø', "O"), ('Ü', "U"), ('ß', "ss"), ('à', "a"),
    ('ä', "a"), ('å', "a"), ('æ', "ae"), ('è', "e"), ('é', "e"), ('ì', "i"), ('ñ', "n"), ('ò', "o"), ('ö', "o"), ('ø', "o"), ('ù', "u"),
    ('ü', "u"), ('€', "EUR"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_wholly_gsm() {
        for table in [&SIGNS[..], &LETTERS[..]] {
            assert!(table.is_sorted_by_key(|&(from, _)| from));
            for &(from, to) in table {
                assert_eq!(
                    Gsm::DEFAULT.septets(from.encode_utf8(&mut [0; 4])),
                    None,
                    "{from} needs no replacement"
                );
                assert!(Gsm::DEFAULT.septets(to).is_some(), "{from} -> {to}");
            }
        }
        assert!(
            LETTERS
                .iter()
                .all(|(letter, _)| SIGNS.iter().all(|(sign, _)| sign != letter))
        );
    }

    #[test]
    fn signs_change_for_signs() {
        let signs = |text| transliterate(text, Change::Signs);
        assert_eq!(signs("“It’s – well…”"), Some("\"It's - well...\"".into()));
        assert_eq!(signs("100\u{A0}000\u{202F}€"), Some("100 000 €".into()));
        assert_eq!(signs("no\u{200B}width\u{FEFF}"), Some("nowidth".into()));
        assert_eq!(signs("ＡＢＣ！｀～"), Some("ABC!'~".into()));
        assert_eq!(
            signs("already GSM: äñÇ {€}\n"),
            Some("already GSM: äñÇ {€}\n".into())
        );
        assert_eq!(signs("ação"), None, "an accent is no sign");
    }

    #[test]
    fn letters_lose_only_what_gsm_lacks() {
        let letters = |text| transliterate(text, Change::Letters);
        assert_eq!(
            letters("São João, ação, Łódź, Œuvre, İstanbul"),
            Some("Sao Joao, acao, Lodz, OEuvre, Istanbul".into())
        );
        assert_eq!(letters("ǻ ḯ ǖ"), Some("å i ü".into()));
        assert_eq!(letters("Καλημέρα κόσμε"), Some("KAΛHMEPA KOΣME".into()));
        assert_eq!(letters("cafe\u{301}"), Some("cafe".into()));
        assert_eq!(letters("“schöne” Größe"), Some("\"schöne\" Größe".into()));
    }

    #[test]
    fn one_character_without_a_form_leaves_the_whole_text_to_ucs2() {
        for text in ["ok 😀", "“漢”", "Привет", "\u{0}"] {
            assert_eq!(transliterate(text, Change::Letters), None, "{text}");
        }
    }

    #[test]
    fn a_receipt_quotes_twenty_characters_whatever_they_are() {
        let quoted = |text, alphabet| {
            let mut out = Vec::new();
            excerpt(text, 20, alphabet, &mut out);
            out
        };
        assert_eq!(
            quoted("“Hi”\r\n漢字😀 done", Alphabet::Ascii),
            b"\"Hi\"  ??? done"
        );
        assert_eq!(quoted("É\u{200B}tat: ação", Alphabet::Ascii), b"Etat: acao");
        assert_eq!(quoted("É@", Alphabet::Gsm7), [0x1F, 0x00]);
        assert_eq!(quoted("É@", Alphabet::Latin1), [0xC9, b'@']);
        assert_eq!(
            quoted("0123456789012345678…", Alphabet::Ascii),
            b"0123456789012345678."
        );
        assert_eq!(
            quoted("01234567890123456789 and more", Alphabet::Ascii).len(),
            20
        );
        assert_eq!(quoted("binary", Alphabet::Binary), b"");
    }
}
