//! How strictly a peer's PDUs are read, and what was overlooked.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign};

use crate::status::Status;

/// How a deviation in a request is taken. Responses are always read tolerantly: nothing can be answered to them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tolerance {
    /// Refuse with the field's own status.
    #[default]
    Strict,
    /// As strict, but a time or a `service_type` of a wrong length is taken with a [warning](Warnings): for customers, whose
    /// rules may say that the field does not count. Who reads so looks at these lengths.
    ByRules,
    /// Take what can be understood and count a [warning](Warnings): for carriers.
    Tolerant,
}

/// Why a body could not be read. The frame is whole, so only this PDU is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// What the specification answers for this field.
    pub status: Status,
    /// The field, as the specification spells it.
    pub field: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.status)
    }
}

impl core::error::Error for Malformed {}

/// What was accepted though the specification says otherwise: a set, to be counted per peer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Warnings(u32);

macro_rules! warnings {
    ($($name:ident = $bit:literal, $meaning:literal;)*) => {
        impl Warnings {
            $(
                #[doc = $meaning]
                pub const $name: Warnings = Warnings(1 << $bit);
            )*

            /// Every single warning with its name.
            pub const ALL: &[(Warnings, &'static str)] = &[$((Warnings::$name, stringify!($name))),*];
        }
    };
}

warnings! {
    TRAILING_OCTETS = 0, "One to three octets after the last field, too few for a TLV; dropped.";
    MISSING_NUL = 1, "The last string of the body ends with the body instead of a NUL.";
    BAD_TLV_TAIL = 2, "The TLV area breaks off; the TLVs before the break are kept.";
    TOO_MANY_TLVS = 3, "More than 255 TLVs; the first 255 are kept.";
    TLV_LENGTH = 4, "A known TLV has a length that the specification does not give it.";
    TLV_REPEATED = 5, "A TLV that may come once came again; getters give the first.";
    BODY_ON_ERROR = 6, "A bind or submit response has a body though its status is not zero (SMPP 3.4, 4.1.2, 4.4.2).";
    NO_BODY_ON_OK = 7, "A response of status zero has no body.";
    SHORT_BODY = 8, "An error response has only a part of its body.";
    STRAY_NUL = 9, "One NUL between the last field and the TLVs; dropped.";
    TIME_LENGTH = 10, "A time is neither empty nor 16 characters.";
    LONG_SERVICE_TYPE = 11, "`service_type` exceeds 5 characters.";
    LONG_SOURCE = 12, "`source_addr` exceeds its maximum.";
    LONG_DESTINATION = 13, "`destination_addr` or `esme_addr` exceeds its maximum.";
    LONG_MESSAGE_ID = 14, "`message_id` exceeds 64 characters.";
    LONG_SYSTEM_ID = 15, "`system_id` exceeds 15 characters.";
    LONG_PASSWORD = 16, "`password` exceeds 8 characters.";
    LONG_SYSTEM_TYPE = 17, "`system_type` exceeds 12 characters.";
    LONG_ADDRESS_RANGE = 18, "`address_range` exceeds 40 characters.";
    LONG_DL_NAME = 19, "`dl_name` exceeds 20 characters.";
}

impl Warnings {
    /// Nothing to warn of.
    pub const NONE: Warnings = Warnings(0);

    /// True if nothing was overlooked.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if all of `other` is here.
    pub fn contains(self, other: Warnings) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set as a number, for counters and records.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The single warnings of this set with their names.
    pub fn iter(self) -> impl Iterator<Item = (Warnings, &'static str)> {
        Warnings::ALL
            .iter()
            .copied()
            .filter(move |&(warning, _)| self.contains(warning))
    }
}

impl BitAnd for Warnings {
    type Output = Warnings;
    fn bitand(self, rhs: Warnings) -> Warnings {
        Warnings(self.0 & rhs.0)
    }
}

impl BitOr for Warnings {
    type Output = Warnings;
    fn bitor(self, rhs: Warnings) -> Warnings {
        Warnings(self.0 | rhs.0)
    }
}

impl BitOrAssign for Warnings {
    fn bitor_assign(&mut self, rhs: Warnings) {
        self.0 |= rhs.0;
    }
}

impl fmt::Debug for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|(_, name)| name))
            .finish()
    }
}
