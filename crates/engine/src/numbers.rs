//! The numbers that subscribers write to, and whose they are.

use std::collections::BTreeMap;

use sms::{Message, Reading};

use crate::CustomerId;

/// All of them, looked up by the number as carriers send it.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    numbers: BTreeMap<Vec<u8>, Number>,
    /// The bit of each number's last two digits: most sources of messages are known by it to be none of these.
    endings: u128,
}

/// Who gets what is written to one number.
#[derive(Clone, Debug, Default)]
pub struct Number {
    /// Whoever no keyword names.
    pub customer: CustomerId,
    /// Customers by the first word, in lower case.
    pub keywords: BTreeMap<String, CustomerId>,
}

impl Numbers {
    /// Adds a number, or changes it.
    pub fn insert(&mut self, digits: Vec<u8>, number: Number) {
        self.endings |= ending(&digits);
        self.numbers.insert(digits, number);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Whether subscribers can write to this number.
    #[inline]
    pub(crate) fn contain(&self, digits: &[u8]) -> bool {
        self.endings & ending(digits) != 0 && self.numbers.contains_key(digits)
    }

    /// Whose a message to one of the numbers is, by its first word or the number alone.
    pub fn owner(&self, message: &Message<'_>) -> Option<CustomerId> {
        let number = self.numbers.get(message.destination.digits)?;
        if number.keywords.is_empty() {
            return Some(number.customer);
        }
        let mut text = String::new();
        // What is no text has no first word. Carriers' messages are kept by the book.
        let _ = message.read(&Reading::default(), &mut text);
        let word = text
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let meant = number.keywords.get(&word);
        Some(meant.copied().unwrap_or(number.customer))
    }
}

/// Numbers without keywords.
impl FromIterator<(Vec<u8>, CustomerId)> for Numbers {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, CustomerId)>>(all: I) -> Numbers {
        let mut numbers = Numbers::default();
        for (digits, customer) in all {
            let keywords = BTreeMap::new();
            numbers.insert(digits, Number { customer, keywords });
        }
        numbers
    }
}

/// One bit by the last two digits, or by whatever stands there.
#[inline]
fn ending(digits: &[u8]) -> u128 {
    let value = |back: usize| {
        let place = digits.len().checked_sub(back);
        place.map_or(0, |place| u32::from(digits[place].wrapping_sub(b'0')))
    };
    1 << ((value(1) + 10 * value(2)) % 128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sms::Address;

    #[test]
    fn a_number_is_known_by_all_of_its_digits() {
        let numbers: Numbers = ["80888", "8", "12025550100", "short-code"]
            .into_iter()
            .zip(1..)
            .map(|(digits, id)| (digits.as_bytes().to_vec(), CustomerId(id)))
            .collect();
        for known in ["80888", "8", "12025550100", "short-code"] {
            assert!(numbers.contain(known.as_bytes()), "{known}");
        }
        for other in ["", "0", "08", "80889", "8088", "Bindery", "112025550100"] {
            assert!(!numbers.contain(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn the_first_word_may_say_whose_it_is() {
        let mut numbers = Numbers::default();
        let keywords = [
            ("join".to_owned(), CustomerId(2)),
            ("äh".to_owned(), CustomerId(3)),
        ];
        let number = Number {
            customer: CustomerId(1),
            keywords: keywords.into(),
        };
        numbers.insert(b"80888".to_vec(), number);
        let owner = |data_coding, text: &[u8]| {
            numbers.owner(&Message {
                destination: Address::international(b"80888"),
                data_coding,
                text,
                ..Message::default()
            })
        };
        for text in ["join", "JOIN", "  Join now", "join\r\nnow"] {
            assert_eq!(owner(1, text.as_bytes()), Some(CustomerId(2)), "{text:?}");
        }
        for text in ["", "joining", "I join", "jo in"] {
            assert_eq!(owner(1, text.as_bytes()), Some(CustomerId(1)), "{text:?}");
        }
        let ucs2: Vec<u8> = "ÄH so".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(owner(8, &ucs2), Some(CustomerId(3)));
        assert_eq!(
            owner(8, &ucs2[..3]),
            Some(CustomerId(1)),
            "half a character is no word"
        );
    }
}
