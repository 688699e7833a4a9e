//! Who sends and who receives.

use core::fmt;

/// One end of a message: a number or a name, with what the sender says it is.
///
/// The octets are kept as they came, so that relaying is byte-exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Address<'a> {
    /// Type of number (SMPP 3.4, 5.2.5): 0 unknown, 1 international, 2 national, 3 network, 4 subscriber, 5 alphanumeric, 6 abbreviated.
    pub ton: u8,
    /// Numbering plan (SMPP 3.4, 5.2.6): 0 unknown, 1 E.164, and others that no network uses for short messages.
    pub npi: u8,
    /// Digits or letters, without a terminating NUL; empty if the sender left it out.
    pub digits: &'a [u8],
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.digits.escape_ascii())
    }
}
