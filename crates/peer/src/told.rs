//! The text of what one customer is told that its message is called: `message_id`.

use engine::{MessageKey, Told};

use crate::MessageIdForm;

/// What a customer with this form was told that a message is called, for whoever speaks of it elsewhere.
pub fn message_id(told: Told, form: MessageIdForm) -> String {
    String::from_utf8_lossy(MessageId::new(told, form).as_bytes()).into_owned()
}

/// The longest is a u64 in decimal.
const LENGTH_MAX: usize = 20;

/// A `message_id`, without heap.
#[derive(Clone, Copy)]
pub(crate) struct MessageId {
    octets: [u8; LENGTH_MAX],
    start: usize,
}

impl MessageId {
    /// A key in the account's form; an alias as the 8 hexadecimal digits that SMPP 3.3, 5.2.1.1, has room for, whoever is told it.
    #[inline]
    pub(crate) fn new(told: Told, form: MessageIdForm) -> MessageId {
        match (told.key(), form) {
            (None, _) => {
                let alias = told.alias().unwrap_or_default();
                hexadecimal(u64::from(alias), 8, b"0123456789ABCDEF")
            }
            (Some(key), MessageIdForm::Decimal) => decimal(key.0),
            (Some(key), MessageIdForm::Hex) => hexadecimal(key.0, 16, b"0123456789abcdef"),
        }
    }

    /// What a customer calls a message, in the account's form or as an alias; `None` if no message can be called so.
    pub(crate) fn read(text: &[u8], form: MessageIdForm) -> Option<Told> {
        let text = core::str::from_utf8(text).ok()?;
        // from_str_radix would take a sign.
        if !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return None;
        }
        let alias = || Told::from_alias(u32::from_str_radix(text, 16).ok()?);
        if let Some(alias) = (text.len() == 8).then(alias).flatten() {
            return Some(alias);
        }
        let radix = match form {
            // None is written so; the hexadecimal ones of the customer's receipts are.
            MessageIdForm::Decimal if text.len() > 1 && text.starts_with('0') => return None,
            MessageIdForm::Decimal => 10,
            MessageIdForm::Hex => 16,
        };
        let key = Told::from(MessageKey(u64::from_str_radix(text, radix).ok()?));
        key.key().is_some().then_some(key)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.octets[self.start..]
    }
}

#[inline]
fn decimal(mut number: u64) -> MessageId {
    let mut octets = [0; LENGTH_MAX];
    let mut start = LENGTH_MAX;
    while number >= 100 {
        let pair = PAIRS[(number % 100) as usize];
        number /= 100;
        start -= 2;
        octets[start..start + 2].copy_from_slice(&pair);
    }
    let [tens, ones] = PAIRS[number as usize];
    start -= 1;
    octets[start] = ones;
    if number >= 10 {
        start -= 1;
        octets[start] = tens;
    }
    MessageId { octets, start }
}

fn hexadecimal(number: u64, digits: usize, letters: &[u8; 16]) -> MessageId {
    let mut octets = [0; LENGTH_MAX];
    for (place, octet) in octets.iter_mut().rev().take(digits).enumerate() {
        *octet = letters[(number >> (4 * place) & 0xF) as usize];
    }
    MessageId {
        octets,
        start: LENGTH_MAX - digits,
    }
}

/// "00" to "99": two digits a division.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: u64, form: MessageIdForm) -> String {
        let id = MessageId::new(MessageKey(key).into(), form);
        String::from_utf8(id.as_bytes().to_vec()).expect("digits")
    }

    #[test]
    fn decimal_ids_are_the_key_without_padding() {
        for key in [0, 7, 10, 99, 100, 12_345, 249_108_103_168_000_001, u64::MAX] {
            assert_eq!(text(key, MessageIdForm::Decimal), key.to_string());
        }
    }

    #[test]
    fn hexadecimal_ids_have_16_small_digits() {
        assert_eq!(text(0x0BAD_CAFE, MessageIdForm::Hex), "000000000badcafe");
    }

    #[test]
    fn an_alias_has_8_large_digits_in_every_form() {
        for form in [MessageIdForm::Decimal, MessageIdForm::Hex] {
            assert_eq!(text(0x9BAD_CAFE, form), "9BADCAFE");
        }
    }

    #[test]
    fn an_id_in_hexadecimal_that_has_no_letters_is_not_taken_for_a_decimal_one() {
        let key = Told::from(MessageKey(0x0380_1234_5678_9012));
        let id = MessageId::new(key, MessageIdForm::Hex);
        assert_eq!(MessageId::read(id.as_bytes(), MessageIdForm::Decimal), None);
        assert_eq!(
            MessageId::read(id.as_bytes(), MessageIdForm::Hex),
            Some(key)
        );
    }

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        let key = Told::from(MessageKey(249_108_103_168_000_001));
        let alias = Told::from_alias(0x9BAD_CAFE).expect("large enough");
        for form in [MessageIdForm::Decimal, MessageIdForm::Hex] {
            for told in [key, alias] {
                let id = MessageId::new(told, form);
                assert_eq!(MessageId::read(id.as_bytes(), form), Some(told));
            }
            assert_eq!(MessageId::read(b"9badcafe", form), Some(alias));
            for nonsense in ["", "+1", "-1", "hello", "99999999999999999999999", "1 "] {
                assert_eq!(
                    MessageId::read(nonsense.as_bytes(), form),
                    None,
                    "{nonsense}"
                );
            }
        }
    }
}
