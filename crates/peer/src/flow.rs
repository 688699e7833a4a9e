//! What a peer tells the shell: how to go on, who wants to bind, and what the log and the counters should hear.

use core::fmt;

use smpp::command::CommandId;
use smpp::pdu::Bind;
use smpp::session::{BindKind, CloseReason};
use smpp::status::Status;
use smpp::{Version, Warnings};

/// How the shell goes on after it has handed octets or the time to a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flow {
    /// All that was there is consumed but for a part of a PDU: read more.
    Incomplete,
    /// Do not read. Offer what is left again after the next output for this peer, and after octets were written.
    Paused,
    /// Customers: look these up and call [`authenticated`](crate::customer::Customer::authenticated); then offer what is
    /// left of the input again.
    Authenticate(Box<Credentials>),
    /// Customers: it is no customer but a carrier that wants us to bind to it. Put a [`Carrier`](crate::carrier::Carrier) in its
    /// place if it is one of ours; else close the connection.
    Called(Box<Calling>),
    /// Carriers: the bind stands. Offer what is left of the input again.
    Bound(Version),
    /// Carriers: the bind was refused. Close the connection and choose when to try again.
    BindFailed(Status),
    /// The session is over: write what `transmit` still holds, call `ended`, close the connection.
    Closed(CloseReason),
}

/// What a customer's bind says of itself, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who it claims to be; at most 64 octets.
    pub system_id: Vec<u8>,
    /// What should prove it; at most 64 octets, and not shown by `Debug`.
    pub password: Vec<u8>,
    /// What kind of system it calls itself; at most 64 octets.
    pub system_type: Vec<u8>,
    /// The numbers it says it serves, a UNIX regular expression; at most 64 octets.
    pub address_range: Vec<u8>,
    /// As what it wants to be bound.
    pub kind: BindKind,
    /// The version that it asks for.
    pub version: Version,
}

/// What an outbind says of the message centre that sent it, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Calling {
    /// Who it claims to be; at most 64 octets.
    pub system_id: Vec<u8>,
    /// What should prove it; at most 64 octets, and not shown by `Debug`.
    pub password: Vec<u8>,
}

impl fmt::Debug for Calling {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling")
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}

impl Credentials {
    pub(crate) fn new(kind: BindKind, version: Version, bind: &Bind<'_>) -> Credentials {
        Credentials {
            system_id: bind.system_id.to_vec(),
            password: bind.password.to_vec(),
            system_type: bind.system_type.to_vec(),
            address_range: bind.address_range.to_vec(),
            kind,
            version,
        }
    }

    /// The bind that they came in, as far as limits of its strings are concerned.
    pub(crate) fn bind(&self) -> Bind<'_> {
        Bind {
            system_id: &self.system_id,
            password: &self.password,
            system_type: &self.system_type,
            interface_version: self.version.interface_version(),
            address_range: &self.address_range,
            ..Bind::default()
        }
    }

    /// `system_id` as text; `None` if it is none, which no account has.
    pub fn system_id(&self) -> Option<&str> {
        core::str::from_utf8(&self.system_id).ok()
    }
}

impl fmt::Debug for Credentials {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("kind", &self.kind)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// How a bind is refused whose credentials were not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BindRefusal {
    /// The answer.
    pub status: Status,
    /// Whether it ends the connection; else another bind may be tried on it.
    pub closes: bool,
}

impl From<Status> for BindRefusal {
    /// The usual one: the connection stays.
    fn from(status: Status) -> BindRefusal {
        BindRefusal {
            status,
            closes: false,
        }
    }
}

/// Something for the log and the counters. Never holds a text, an address or a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Note {
    /// A PDU of the peer could not be read; a request was answered with `status`.
    Malformed {
        /// What it was.
        command: CommandId,
        /// What its field is answered with.
        status: Status,
        /// The field, as the specification spells it.
        field: &'static str,
    },
    /// Something was overlooked in a PDU of the peer.
    Overlooked {
        /// What it was.
        command: CommandId,
        /// What was overlooked.
        warnings: Warnings,
    },
    /// A request of the peer was read and refused here, before the engine saw it.
    Refused {
        /// What it was.
        command: CommandId,
        /// What it was answered with.
        status: Status,
        /// What is wrong: a field as the specification spells it, or a few words.
        why: &'static str,
    },
    /// A carrier's message looks like a receipt and says of no message what became of it; it was acknowledged.
    UnreadableReceipt {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The peer refused one of our requests.
    PeerRefused {
        /// How.
        status: Status,
    },
    /// One of our requests was not answered in time.
    Silent,
    /// One of our requests was answered after that.
    Late,
    /// A message, receipt or MO of ours could not be said in SMPP, and was refused in the peer's name.
    Unencodable {
        /// The field that does not fit.
        field: &'static str,
    },
    /// `alert_notification` of a carrier: a subscriber whom it could not reach is back.
    Alert,
    /// The peer asked for something that makes no sense on this connection; it was not answered.
    Unexpected {
        /// What it was.
        what: &'static str,
    },
}

/// What a peer noted since the shell last looked; the shell drains it. Beyond [`Notes::LIMIT`] notes are only counted.
#[derive(Default, Debug)]
pub struct Notes {
    items: Vec<Note>,
    dropped: u64,
}

impl Notes {
    /// Notes kept between two looks of the shell.
    pub const LIMIT: usize = 256;

    /// Adds one.
    pub fn push(&mut self, note: Note) {
        if self.items.len() < Notes::LIMIT {
            self.items.push(note);
        } else {
            self.dropped += 1;
        }
    }

    /// Takes all, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = Note> {
        self.items.drain(..)
    }

    /// How many were dropped since this was last asked.
    pub fn take_dropped(&mut self) -> u64 {
        core::mem::take(&mut self.dropped)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// What the log hears of an answer to one of our requests.
pub(crate) fn note_response(status: Status, late: bool, notes: &mut Notes) {
    if late {
        notes.push(Note::Late);
    }
    if !status.is_ok() {
        notes.push(Note::PeerRefused { status });
    }
}

/// What the log hears of a message that could not be said; [`Output`](engine::Output)s come without a place for notes.
pub(crate) fn note_unsaid(unsaid: &mut Option<&'static str>, notes: &mut Notes) {
    if let Some(field) = unsaid.take() {
        notes.push(Note::Unencodable { field });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_notes_is_counted_and_not_kept() {
        let mut notes = Notes::default();
        for _ in 0..Notes::LIMIT + 7 {
            notes.push(Note::Silent);
        }
        assert_eq!(notes.drain().count(), Notes::LIMIT);
        assert_eq!((notes.take_dropped(), notes.take_dropped()), (7, 0));
        assert!(notes.is_empty());
    }

    #[test]
    fn credentials_are_shown_without_the_password() {
        let credentials = Credentials::new(
            BindKind::Transceiver,
            Version::V34,
            &Bind {
                system_id: b"demo\x1b[2J",
                password: b"s3cr3t",
                ..Bind::default()
            },
        );
        let shown = format!("{credentials:?}");
        assert!(
            !shown.contains("s3cr3t") && !shown.contains('\x1b'),
            "{shown}"
        );
    }
}
