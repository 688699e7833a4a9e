//! The two counted lists: destinations of `submit_multi`, failures in `submit_multi_resp`.

use core::fmt;

use sms::Address;

use super::Unencodable;
use super::decode::Reader;
use super::encode::{Measure, Write, write_destination, write_unsuccessful};
use crate::status::{self, Status};
use crate::warnings::Malformed;

/// One receiver of a `submit_multi` (SMPP 3.4, 4.5.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination<'a> {
    /// `dest_flag` 1: a number.
    Address(Address<'a>),
    /// `dest_flag` 2: the name of a distribution list.
    List(&'a [u8]),
}

/// One destination that a `submit_multi` did not reach (SMPP 3.4, 4.5.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unsuccessful<'a> {
    /// Which.
    pub destination: Address<'a>,
    /// Why.
    pub status: Status,
}

const TOO_MANY: Malformed = Malformed {
    status: status::RINVNUMDESTS,
    field: "number_of_dests",
};

/// Count and octets of a list whose entries were checked.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Entries<'a> {
    count: u8,
    octets: &'a [u8],
}

macro_rules! list {
    ($(#[$doc:meta])* $List:ident of $Entry:ident, $read:ident, $write:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Default)]
        pub struct $List<'a>(Entries<'a>);

        impl<'a> $List<'a> {
            /// Reads entries that [`push`](Self::push) wrote.
            ///
            /// # Errors
            /// The status of the first bad field; `ESME_RINVNUMDESTS` for more than 255 entries.
            pub fn parse(octets: &'a [u8]) -> Result<Self, Malformed> {
                let mut reader = Reader::strict(octets);
                let mut count = 0_u8;
                while !reader.is_empty() {
                    reader.$read().ok_or_else(|| reader.fault())?;
                    count = count.checked_add(1).ok_or(TOO_MANY)?;
                }
                Ok($List(Entries { count, octets }))
            }

            /// Takes `count` entries off a reader.
            pub(super) fn read(reader: &mut Reader<'a>, count: u8) -> Option<Self> {
                let all = reader.rest();
                for _ in 0..count {
                    reader.$read()?;
                }
                let octets = &all[..all.len() - reader.rest().len()];
                Some($List(Entries { count, octets }))
            }

            /// Appends one entry in wire form.
            ///
            /// # Errors
            /// The field that is too long or holds a NUL; nothing is written.
            pub fn push(out: &mut Vec<u8>, entry: &$Entry<'_>) -> Result<(), Unencodable> {
                let mut measure = Measure::default();
                $write(entry, &mut measure);
                let start = out.len();
                out.resize(start + measure.finish()?, 0);
                $write(entry, &mut Write::new(&mut out[start..]));
                Ok(())
            }

            /// Number of entries.
            pub fn len(self) -> usize {
                usize::from(self.0.count)
            }

            /// True if there is none.
            pub fn is_empty(self) -> bool {
                self.0.count == 0
            }

            /// The entries in wire order.
            pub fn iter(self) -> impl Iterator<Item = $Entry<'a>> {
                let mut reader = Reader::tolerant(self.0.octets);
                core::iter::from_fn(move || {
                    if reader.is_empty() {
                        return None;
                    }
                    reader.$read()
                })
            }

            pub(super) fn count(self) -> u8 {
                self.0.count
            }

            pub(super) fn as_bytes(self) -> &'a [u8] {
                self.0.octets
            }
        }

        impl fmt::Debug for $List<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.iter()).finish()
            }
        }
    };
}

list! {
    /// The destinations of a `submit_multi`, at most 255.
    Destinations of Destination, destination, write_destination
}

list! {
    /// The failures in a `submit_multi_resp`, at most 255.
    UnsuccessfulList of Unsuccessful, unsuccessful, write_unsuccessful
}
