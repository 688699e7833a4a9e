//! What a subscriber answers: the text that came, backwards, character by character.

use sms::alphabet::{Alphabet, Reading};
use sms::gsm::Gsm;
use sms::segment::capacity;
use sms::udh;

/// The `data_coding` and octets of the answer to a text, cut to what one message holds.
///
/// What is no text comes back as it was. A user data header is not answered, so a part of a long message is answered by itself.
pub(crate) fn reversed(data_coding: u8, header: bool, text: &[u8]) -> (u8, Vec<u8>) {
    let (tables, body) = match header.then(|| udh::split(text)) {
        Some(Ok((header, body))) => (header.tables(), body),
        _ => (Gsm::DEFAULT, text),
    };
    let reading = Reading::default();
    let alphabet = reading.alphabet(data_coding);
    let mut characters = String::new();
    if reading
        .decode(alphabet, tables, body, &mut characters)
        .is_err()
    {
        return (data_coding, cut(alphabet, body.to_vec()));
    }
    let backwards: String = characters.chars().rev().collect();
    let mut octets = Vec::new();
    let (data_coding, alphabet) = match alphabet.encode(&backwards, &mut octets) {
        Ok(()) => (data_coding, alphabet),
        // Characters of a national table, which the answer does not name.
        Err(_) => {
            let coded = Alphabet::Ucs2.encode(&backwards, &mut octets);
            coded.expect("UTF-16 has every character");
            (0x08, Alphabet::Ucs2)
        }
    };
    (data_coding, cut(alphabet, octets))
}

fn cut(alphabet: Alphabet, mut octets: Vec<u8>) -> Vec<u8> {
    octets.truncate(capacity(alphabet, 0));
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gsm_text_comes_back_by_characters_and_not_by_octets() {
        // "a" and the euro sign, which takes two septets.
        assert_eq!(
            reversed(0, false, &[b'a', 0x1B, 0x65]),
            (0, vec![0x1B, 0x65, b'a'])
        );
    }

    #[test]
    fn a_surrogate_pair_stays_in_order() {
        let mut text = Vec::new();
        Alphabet::Ucs2
            .encode("x\u{1F600}", &mut text)
            .expect("UTF-16");
        let mut expected = Vec::new();
        Alphabet::Ucs2
            .encode("\u{1F600}x", &mut expected)
            .expect("UTF-16");
        assert_eq!(reversed(8, false, &text), (8, expected));
    }

    #[test]
    fn a_header_is_not_answered_and_binary_is_not_turned() {
        let text = [5, 0, 3, 7, 2, 1, b'a', b'b'];
        assert_eq!(reversed(0, true, &text), (0, b"ba".to_vec()));
        assert_eq!(reversed(4, false, &[1, 2, 3]), (4, vec![1, 2, 3]));
    }
}
