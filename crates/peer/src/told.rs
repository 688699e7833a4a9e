//! The text of a message key that one customer is told: `message_id`.

use engine::MessageKey;
use smpp::Version;

use crate::MessageIdForm;

/// The longest is a u64 in decimal.
const LENGTH_MAX: usize = 20;

/// A `message_id`, without heap.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    octets: [u8; LENGTH_MAX],
    start: usize,
}

impl Told {
    /// `key` as a peer of `version` is told it: in the account's form, or, since a 3.3 peer has room for 8 hexadecimal digits
    /// (SMPP 3.3, 5.2.1.1), as those.
    #[inline]
    pub(crate) fn new(key: MessageKey, form: MessageIdForm, version: Version) -> Told {
        match (version, form) {
            (Version::V33, _) => hexadecimal(u64::from(short(key)), 8, b"0123456789ABCDEF"),
            (Version::V34 | Version::V50, MessageIdForm::Decimal) => decimal(key.0),
            (Version::V34 | Version::V50, MessageIdForm::Hex) => {
                hexadecimal(key.0, 16, b"0123456789abcdef")
            }
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.octets[self.start..]
    }
}

/// A key in 32 bits, the first digit not 0. Keys of one node differ in it for 16 minutes of traffic, whatever its rate.
fn short(key: MessageKey) -> u32 {
    const FIRST: u64 = 0x1000_0000;
    const MANY: u64 = 0xF000_0000;
    // Time and sequence; the partition between them is the same for all that one customer gets.
    let (time, sequence) = (key.0 >> 22, key.0 & 0xFFF);
    ((time << 12 | sequence) % MANY + FIRST) as u32
}

#[inline]
fn decimal(mut number: u64) -> Told {
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
    Told { octets, start }
}

fn hexadecimal(number: u64, digits: usize, letters: &[u8; 16]) -> Told {
    let mut octets = [0; LENGTH_MAX];
    for (place, octet) in octets.iter_mut().rev().take(digits).enumerate() {
        *octet = letters[(number >> (4 * place) & 0xF) as usize];
    }
    Told {
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

    fn told(key: u64, form: MessageIdForm, version: Version) -> String {
        let told = Told::new(MessageKey(key), form, version);
        String::from_utf8(told.as_bytes().to_vec()).expect("digits")
    }

    #[test]
    fn decimal_ids_are_the_key_without_padding() {
        for key in [0, 7, 10, 99, 100, 12_345, 249_108_103_168_000_001, u64::MAX] {
            assert_eq!(
                told(key, MessageIdForm::Decimal, Version::V34),
                key.to_string()
            );
        }
    }

    #[test]
    fn hexadecimal_ids_have_16_small_digits() {
        assert_eq!(
            told(0x0BAD_CAFE, MessageIdForm::Hex, Version::V50),
            "000000000badcafe"
        );
    }

    #[test]
    fn a_3_3_bind_gets_8_large_digits_and_never_a_leading_zero() {
        let mut last = String::new();
        for key in (0..1000u64).map(|n| (n << 22) | 0x5000 | (n % 5)) {
            let id = told(key, MessageIdForm::Decimal, Version::V33);
            assert_eq!(id.len(), 8);
            assert!(!id.starts_with('0') && id != last, "{id} after {last}");
            assert!(
                id.bytes()
                    .all(|c| c.is_ascii_digit() || (b'A'..=b'F').contains(&c))
            );
            last = id;
        }
    }
}
