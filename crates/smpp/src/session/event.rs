//! What a session tells its caller.

use core::fmt;

use crate::command::CommandId;
use crate::pdu::{Bind, Outbind, Pdu, Unencodable};
use crate::status::Status;
use crate::{Version, Warnings};

use super::BindKind;

/// What [`Session::receive`](super::Session::receive) made of its input.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Received<'a> {
    /// Something for the caller.
    Event(Event<'a>),
    /// What is left of the input is nothing, or a part of a PDU: read more.
    Incomplete,
    /// Do not read: a bind is being checked, or the next PDU is a request for which there is no room. Call again after
    /// a [`respond`](super::Session::respond), after the bind is answered, or after octets were written.
    Paused,
    /// The session is over. Write what [`transmit`](super::Session::transmit) still holds, then close the connection.
    Closed(CloseReason),
}

/// Something that the caller has to know. Handle it before writing: an answer that the session gave by itself may only
/// leave after its consequences.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event<'a> {
    /// Message centre: the ESME asks to be bound. To be answered with [`accept_bind`](super::Session::accept_bind) or
    /// [`refuse_bind`](super::Session::refuse_bind); nothing is read before.
    Bind {
        /// As what.
        kind: BindKind,
        /// Its number; the answer finds it by itself.
        sequence: u32,
        /// The version that it asks for.
        version: Version,
        /// All its fields, read up to 64 octets each.
        bind: Bind<'a>,
        /// Fields that exceed the specification, above all.
        warnings: Warnings,
    },
    /// ESME: the message centre asks to be bound to. To be answered with [`bind`](super::Session::bind), or not at all. Message
    /// centre: who connected is one itself, and wants a session of an ESME in the place of this one.
    Outbind(Outbind<'a>),
    /// ESME: the bind stands.
    Bound {
        /// The version to speak.
        version: Version,
        /// The message centre's.
        system_id: &'a [u8],
    },
    /// ESME: the bind was refused. The connection still stands, so another may be tried.
    BindFailed(Status),
    /// A request of the peer, within its window and legal here. To be answered with
    /// [`respond`](super::Session::respond) or [`refuse`](super::Session::refuse), `alert_notification` excepted.
    Request {
        /// Names it in the answer.
        sequence: u32,
        /// What it asks.
        pdu: Pdu<'a>,
        /// What was overlooked in it.
        warnings: Warnings,
    },
    /// One of our requests was answered.
    Response {
        /// Which.
        token: u64,
        /// How. Never zero in a `generic_nack`.
        status: Status,
        /// The response of its type, or `generic_nack`.
        pdu: Pdu<'a>,
        /// It came after [`Event::Expired`].
        late: bool,
    },
    /// One of our requests was not answered in time: its outcome is unknown. Its slot stays taken.
    Expired {
        /// Which.
        token: u64,
    },
    /// The response to an expired request is no longer awaited: its slot is free.
    Forgotten {
        /// Which.
        token: u64,
    },
    /// A request whose body could not be read; it was answered with `status`. (A response that cannot be read settles its
    /// request all the same, as if it had no body: to lose it would make the outcome unknown.)
    Malformed {
        /// What it was.
        command: CommandId,
        /// Its number.
        sequence: u32,
        /// What its field is answered with.
        status: Status,
        /// The field, as the specification spells it.
        field: &'static str,
    },
    /// The peer unbinds: no more requests in either direction. The session answers when no response is owed to it.
    Unbound,
    /// The session is over: told once, whatever ended it. Requests that were outstanding have an unknown outcome.
    Closed(CloseReason),
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum CloseReason {
    /// We unbound and the peer agreed.
    Unbound,
    /// The peer unbound.
    PeerUnbound,
    /// We unbound and the peer did not answer.
    UnbindUnanswered,
    /// Nobody bound in time.
    SessionInit,
    /// The message centre did not answer our bind.
    BindUnanswered,
    /// The bind was refused as often as it may be.
    BindRefused,
    /// A `command_length` that cannot be: the stream is lost.
    BadLength,
    /// The rest of a PDU did not come.
    PartialPdu,
    /// Nothing came for too long.
    Inactivity,
    /// An `enquire_link` was not answered, and that was to close the session.
    EnquireLink,
    /// The peer closed the connection (told by the caller).
    Disconnected,
    /// The connection failed (told by the caller).
    Transport,
    /// The peer does not read what we write (told by the caller).
    WriteStall,
    /// Our own decision (told by the caller).
    Local,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Unbound => "unbound",
            CloseReason::PeerUnbound => "peer unbound",
            CloseReason::UnbindUnanswered => "unbind unanswered",
            CloseReason::SessionInit => "no bind in time",
            CloseReason::BindUnanswered => "bind unanswered",
            CloseReason::BindRefused => "bind refused",
            CloseReason::BadLength => "bad command_length",
            CloseReason::PartialPdu => "incomplete PDU",
            CloseReason::Inactivity => "inactivity",
            CloseReason::EnquireLink => "enquire_link unanswered",
            CloseReason::Disconnected => "disconnected",
            CloseReason::Transport => "transport failed",
            CloseReason::WriteStall => "peer does not read",
            CloseReason::Local => "closed here",
        })
    }
}

/// Why a request was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestError {
    /// All slots are taken: wait for a response.
    WindowFull,
    /// Not on this bind: none stands, it does not carry this operation our way, or its version does not know it.
    NotBound,
    /// A field does not fit its place in the PDU.
    Unencodable(Unencodable),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestError::WindowFull => f.write_str("window full"),
            RequestError::NotBound => f.write_str("not possible on this bind"),
            RequestError::Unencodable(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RequestError {}

/// What a session has seen, for the operator.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counters {
    /// PDUs received.
    pub pdus_in: u64,
    /// PDUs sent.
    pub pdus_out: u64,
    /// PDUs whose body could not be read.
    pub malformed: u64,
    /// PDUs in which something was overlooked.
    pub warnings: u64,
    /// Requests that were refused without looking into them: unknown, not legal in their state, or beyond the window.
    pub out_of_place: u64,
    /// Responses that answer nothing.
    pub unmatched: u64,
    /// Requests that were not answered in time.
    pub expired: u64,
    /// Responses that came after that.
    pub late: u64,
    /// `enquire_link`s that went unanswered.
    pub misses: u64,
}
