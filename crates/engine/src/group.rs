//! Bind groups: which of a customer's binds belong together.

use core::fmt;

/// The name of a bind group: 1 to 13 digits, of which zeros at the front count (BUL-54, BUL-56).
///
/// Binds of one customer that name no group are in group `0`, the [`Default`]. Receipts stay in the group of their message, and
/// messages from subscribers are for group `0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Group([u8; 6]);

/// The number takes the low bits; the zeros before it the four above.
const NUMBER_BITS: u32 = 44;

impl Group {
    /// Digits that a name may have.
    pub const DIGITS_MAX: usize = 13;
    /// The highest number that a name may be.
    pub const NUMBER_MAX: u64 = 9_999_999_999_999;

    /// The group of this name; none if it is empty, too long, or has anything but digits.
    pub fn new(name: &[u8]) -> Option<Group> {
        if name.len() > Group::DIGITS_MAX {
            return None;
        }
        let (last, before) = name.split_last()?;
        let zeros = before.iter().take_while(|&&digit| digit == b'0').count();
        let digits = before[zeros..].iter().chain([last]);
        let number = digits.copied().try_fold(0, |number, digit| {
            let value = u64::from(digit.wrapping_sub(b'0'));
            (value < 10).then_some(number * 10 + value)
        })?;
        Some(Group::packed((zeros as u64) << NUMBER_BITS | number))
    }

    /// The same number without zeros at the front.
    pub fn normalised(self) -> Group {
        Group::packed(self.number())
    }

    /// The number that the name is.
    pub fn number(self) -> u64 {
        self.unpacked() & ((1 << NUMBER_BITS) - 1)
    }

    pub(crate) fn from_octets(octets: [u8; 6]) -> Group {
        Group(octets)
    }

    pub(crate) fn octets(self) -> [u8; 6] {
        self.0
    }

    fn packed(bits: u64) -> Group {
        let [a, b, c, d, e, f, ..] = bits.to_le_bytes();
        Group([a, b, c, d, e, f])
    }

    fn unpacked(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..self.unpacked() >> NUMBER_BITS {
            f.write_str("0")?;
        }
        write!(f, "{}", self.number())
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows BUL-54, BUL-56.
    #[test]
    fn a_name_is_kept_digit_by_digit() {
        for name in ["0", "1", "01", "00", "10", "0000000000000", "0000000000001"] {
            let group = Group::new(name.as_bytes()).expect("digits");
            assert_eq!(group.to_string(), name);
        }
        assert_eq!(Group::new(b"0"), Some(Group::default()));
        assert_ne!(Group::new(b"01"), Group::new(b"1"));
        let longest = Group::new(b"9999999999999").expect("13 digits");
        assert_eq!(longest.number(), 9_999_999_999_999);
        assert_eq!(longest.to_string(), "9999999999999");
    }

    #[test]
    fn what_is_no_number_is_no_name() {
        for name in [
            "",
            "Logica",
            "VMS",
            "1a",
            "a1",
            "-1",
            "+1",
            " 1",
            "12345678901234",
        ] {
            assert_eq!(Group::new(name.as_bytes()), None, "{name:?}");
        }
    }

    #[test]
    fn normalised_names_have_no_zeros_at_the_front() {
        let normalised =
            |name: &str| Group::new(name.as_bytes()).map(|group| group.normalised().to_string());
        assert_eq!(normalised("007"), Some("7".to_owned()));
        assert_eq!(normalised("000"), Some("0".to_owned()));
        assert_eq!(normalised("70"), Some("70".to_owned()));
    }
}
