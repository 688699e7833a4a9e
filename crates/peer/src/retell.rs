//! A text in another alphabet than the one it is kept in.

use sms::{Alphabet, Message, NotText, Reading};

/// How messages are kept that go from and to carriers: by the book. What a carrier means by its values is put right at its edge.
pub(crate) fn book() -> Reading {
    Reading::default()
}

/// The characters of a message that is kept by the book, without its user data header.
pub(crate) fn read(message: &Message<'_>, characters: &mut String) -> Result<(), NotText> {
    characters.clear();
    message.read(&book(), characters)
}

/// Appends the user data header as it came.
pub(crate) fn put_header(message: &Message<'_>, out: &mut Vec<u8>) {
    if let Ok((header, _)) = message.header() {
        out.extend_from_slice(&message.text[..header.octets()]);
    }
}

/// Appends the text with `?` for each character that `alphabet` lacks, or that takes octets which are not wanted.
pub(crate) fn put_legible(
    characters: &str,
    alphabet: Alphabet,
    wanted: impl Fn(&[u8]) -> bool,
    out: &mut Vec<u8>,
) {
    for character in characters.chars() {
        let start = out.len();
        let encoded = alphabet.encode(character.encode_utf8(&mut [0; 4]), out);
        if encoded.is_err() || !wanted(&out[start..]) {
            out.truncate(start);
            out.push(b'?');
        }
    }
}
