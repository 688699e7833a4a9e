//! Who sends and who receives.

use core::fmt;

/// One end of a message: a number or a name, with what the sender says it is.
///
/// The octets are kept as they came, so that relaying is byte-exact; [`Address::normalised`] gives the form that is compared and routed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Address<'a> {
    /// Type of number (SMPP 3.4, 5.2.5): 0 unknown, 1 international, 2 national, 3 network, 4 subscriber, 5 alphanumeric, 6 abbreviated.
    pub ton: u8,
    /// Numbering plan (SMPP 3.4, 5.2.6): 0 unknown, 1 E.164, and others that no network uses for short messages.
    pub npi: u8,
    /// Digits or letters, without a terminating NUL; empty if the sender left it out.
    pub digits: &'a [u8],
}

/// Most digits of a number (ITU-T E.164).
pub const NUMBER_DIGITS: usize = 15;

/// Most characters of an alphanumeric sender: 77 bits of seven octets on the air interface (3GPP 23.040, 9.1.2.5).
pub const NAME_CHARACTERS: usize = 11;

/// What an address is by its octets, whatever its type of number says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Kind {
    /// Left out.
    Empty,
    /// 1 to 15 digits: a short code or a number.
    Number,
    /// 1 to 11 printable characters, not all of them digits.
    Name,
    /// Too long, or with control characters.
    Neither,
}

impl<'a> Address<'a> {
    /// An international number, TON 1 and NPI 1.
    pub fn international(digits: &'a [u8]) -> Address<'a> {
        Address {
            ton: 1,
            npi: 1,
            digits,
        }
    }

    /// An alphanumeric sender, TON 5 and NPI 0.
    pub fn name(characters: &'a [u8]) -> Address<'a> {
        Address {
            ton: 5,
            npi: 0,
            digits: characters,
        }
    }

    /// What the octets are. A leading `+` makes a name; [`normalised`](Self::normalised) takes it off numbers.
    pub fn kind(&self) -> Kind {
        let length = self.digits.len();
        if length == 0 {
            Kind::Empty
        } else if self.digits.iter().all(u8::is_ascii_digit) {
            if length <= NUMBER_DIGITS {
                Kind::Number
            } else {
                Kind::Neither
            }
        } else if length <= NAME_CHARACTERS
            && self
                .digits
                .iter()
                .all(|&octet| octet >= b' ' && octet != 0x7F)
        {
            Kind::Name
        } else {
            Kind::Neither
        }
    }

    /// The form in which addresses are compared and sent: a number without its leading `+` or `00` and with TON 1, NPI 1; anything with
    /// another character unchanged with TON 5, NPI 0. What is empty stays as it is.
    pub fn normalised(self) -> Address<'a> {
        let number = |digits: &&[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let stripped = self
            .digits
            .strip_prefix(b"+")
            .or(self.digits.strip_prefix(b"00"))
            .filter(number);
        match stripped.or(Some(self.digits).filter(number)) {
            Some(digits) => Address::international(digits),
            None if self.digits.is_empty() => self,
            None => Address::name(self.digits),
        }
    }

    /// True for a number that a subscriber can have anywhere: 7 to 15 digits, the first not 0 (ITU-T E.164; the shortest in use have 7).
    /// Short codes and national numbers are none.
    pub fn is_e164(&self) -> bool {
        self.kind() == Kind::Number && self.digits.len() >= 7 && self.digits[0] != b'0'
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.digits.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(digits: &str) -> Address<'_> {
        Address {
            ton: 2,
            npi: 8,
            digits: digits.as_bytes(),
        }
    }

    #[test]
    fn numbers_lose_their_prefix_and_names_keep_their_letters() {
        for (written, normal) in [
            ("447700900123", Address::international(b"447700900123")),
            ("+447700900123", Address::international(b"447700900123")),
            ("00447700900123", Address::international(b"447700900123")),
            ("890890", Address::international(b"890890")),
            ("07700900123", Address::international(b"07700900123")),
            ("00", Address::international(b"00")),
            ("0", Address::international(b"0")),
            ("Bindery", Address::name(b"Bindery")),
            ("00Seven", Address::name(b"00Seven")),
            ("+", Address::name(b"+")),
            ("1-800", Address::name(b"1-800")),
            ("", raw("")),
        ] {
            assert_eq!(raw(written).normalised(), normal, "{written}");
            assert_eq!(normal.normalised(), normal, "{written}");
        }
    }

    #[test]
    fn kinds_have_their_limits() {
        for (written, kind) in [
            ("", Kind::Empty),
            ("1", Kind::Number),
            ("123456789012345", Kind::Number),
            ("1234567890123456", Kind::Neither),
            ("Elevenchars", Kind::Name),
            ("Twelve chars", Kind::Neither),
            ("a\tb", Kind::Neither),
            ("Z\u{fc}rich", Kind::Name),
        ] {
            assert_eq!(raw(written).kind(), kind, "{written}");
        }
    }

    #[test]
    fn only_international_numbers_are_e164() {
        for (written, is) in [
            ("2907", false),
            ("2901234", true),
            ("447700900123", true),
            ("123456789012345", true),
            ("1234567890123456", false),
            ("07700900123", false),
            ("+447700900123", false),
            ("letters", false),
            ("12", false),
            ("", false),
        ] {
            assert_eq!(raw(written).is_e164(), is, "{written}");
        }
    }

    #[test]
    fn what_is_shown_has_no_control_characters() {
        assert_eq!(Address::name(b"A\x00\xFC").to_string(), r"A\x00\xfc");
    }
}
