//! What the log and the counters hear of one session. Never a text, a whole number or a password.

use std::net::SocketAddr;
use std::sync::Arc;

use directory::{Admitted, NotAdmitted};
use engine::{Delivery, Input, Inputs, Outcome, Output, Refusal};
use peer::{Account, Credentials, Note, Notes};
use smpp::Version;
use smpp::command;
use smpp::session::CloseReason;
use sms::Instant;

use crate::binds::Rate;
use crate::common::Denial;
use crate::conn::End;
use crate::metrics::{Metrics, PeerMeter};

/// Odd PDUs of one session that get a line each; more are only counted.
const ODD_LINES_MAX: u32 = 10;

/// The log of one session.
#[derive(Debug)]
pub(crate) struct SessionLog {
    remote: SocketAddr,
    metrics: Arc<Metrics>,
    /// Who it is, as soon as that is known.
    name: Option<String>,
    /// Who it said it is, while nobody has believed it; known only to those who watch.
    claimed: Option<String>,
    meter: Option<PeerMeter>,
    /// Since when the bind stands.
    bound: Option<Instant>,
    counted: bool,
    odd_lines: u32,
    last_error: Option<&'static str>,
    rate_in: Rate,
    rate_out: Rate,
    accepted: u64,
    sent: u64,
    taken: u64,
    receipts: u64,
}

impl SessionLog {
    /// The log of a connection that a customer made.
    pub(crate) fn customer(remote: SocketAddr, metrics: &Arc<Metrics>) -> SessionLog {
        tracing::debug!(%remote, "connection accepted");
        SessionLog {
            remote,
            metrics: metrics.clone(),
            name: None,
            claimed: None,
            meter: None,
            bound: None,
            counted: false,
            odd_lines: 0,
            last_error: None,
            rate_in: Rate::default(),
            rate_out: Rate::default(),
            accepted: 0,
            sent: 0,
            taken: 0,
            receipts: 0,
        }
    }

    /// The log of a connection to the carrier `name`.
    pub(crate) fn carrier(remote: SocketAddr, metrics: &Arc<Metrics>, name: &str) -> SessionLog {
        SessionLog {
            name: Some(name.to_owned()),
            meter: Some(metrics.peers.connector(name)),
            ..SessionLog::customer(remote, metrics)
        }
    }

    /// The other end.
    pub(crate) fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// Who it is, or says it is.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref().or(self.claimed.as_deref())
    }

    /// A customer says who it is.
    pub(crate) fn claims_to_be(&mut self, system_id: &[u8]) {
        self.claimed = String::from_utf8(system_id.to_vec()).ok();
    }

    /// Whose bind stands here, and since when.
    pub(crate) fn bound(&self) -> Option<(&str, Instant)> {
        let standing = self.name.as_deref().filter(|_| self.counted);
        standing.zip(self.bound)
    }

    /// Messages and receipts in a second, over about the last ten: those taken from the peer, and those sent to it.
    pub(crate) fn rates(&self, now: Instant) -> (f64, f64) {
        (self.rate_in.per_second(now), self.rate_out.per_second(now))
    }

    /// What last went wrong between the peer and us.
    pub(crate) fn last_error(&self) -> Option<&'static str> {
        self.last_error
    }

    /// Since when the bind stands.
    pub(crate) fn bound_since(&self) -> Option<Instant> {
        self.bound
    }

    /// A customer said who it is, and was believed or not.
    pub(crate) fn asked_to_bind(
        &mut self,
        credentials: &Credentials,
        verdict: &Result<Admitted, Denial>,
    ) {
        if let Err(denial) = verdict {
            let system_id = credentials.system_id.escape_ascii();
            self.metrics.turn_away("bind refused");
            tracing::warn!(remote = %self.remote, %system_id, reason = %denial.why, "bind refused");
        }
    }

    /// The directory changed and does not admit this customer from here any more.
    pub(crate) fn not_admitted_any_more(&self, why: NotAdmitted) {
        tracing::info!(customer = self.name, remote = %self.remote, reason = %why, "bind ended by a reload");
    }

    /// An operator wants it to end.
    pub(crate) fn kicked(&self) {
        tracing::info!(peer = self.name, remote = %self.remote, "bind ended by an operator");
    }

    /// A customer's bind stands.
    pub(crate) fn customer_bound(&mut self, account: &Account, version: Version, now: Instant) {
        self.bound = Some(now);
        self.name = Some(account.system_id.clone());
        self.stands(self.metrics.peers.customer(&account.system_id));
        tracing::info!(customer = account.system_id, remote = %self.remote, ?version, "bound");
    }

    /// The bind to a carrier stands.
    pub(crate) fn carrier_bound(&mut self, version: Version, now: Instant) {
        self.bound = Some(now);
        if let Some(meter) = self.meter.take() {
            meter.connect("bound");
            self.stands(meter);
        }
        tracing::info!(connector = self.name, remote = %self.remote, ?version, "bound");
    }

    fn stands(&mut self, meter: PeerMeter) {
        meter.binds.inc();
        self.counted = true;
        self.meter = Some(meter);
    }

    /// The engine decided something for this session.
    #[inline]
    pub(crate) fn output(&mut self, output: &Output) {
        match output {
            Output::Accepted { .. } | Output::Acknowledge { refusal: None, .. } => {
                self.accepted += 1;
            }
            Output::Send { .. } => self.sent += 1,
            Output::Deliver { what, .. } => {
                self.sent += 1;
                self.receipts += u64::from(matches!(what, Delivery::Receipt { .. }));
            }
            Output::Refused { refusal, .. }
            | Output::Acknowledge {
                refusal: Some(refusal),
                ..
            } => self.refused(*refusal),
            Output::Answer { .. }
            | Output::Alert { .. }
            | Output::Unreached { .. }
            | Output::Bound { .. }
            | Output::Probe { .. }
            | Output::Close { .. } => {}
        }
    }

    fn refused(&mut self, refusal: Refusal) {
        self.last_error = Some(word(refusal));
        match &mut self.meter {
            Some(meter) => meter.refused(word(refusal)),
            None => {
                self.metrics.turn_away(word(refusal));
                tracing::warn!(remote = %self.remote, reason = word(refusal), "bind refused");
            }
        }
    }

    /// What the session has for the engine.
    #[inline]
    pub(crate) fn inputs(&mut self, inputs: &Inputs) {
        for input in inputs.iter() {
            match input {
                Input::Sent { outcome, .. } | Input::Delivered { outcome, .. } => {
                    self.taken += u64::from(matches!(outcome, Outcome::Accepted { .. }));
                }
                Input::Receipt { .. } => self.receipts += 1,
                Input::Directory(_)
                | Input::Bind { .. }
                | Input::Connected { .. }
                | Input::Loaded { .. }
                | Input::Alive(_)
                | Input::Retiring(_)
                | Input::Unbound(_)
                | Input::Submit(_)
                | Input::Ask(_)
                | Input::Mo { .. }
                | Input::Alert { .. }
                | Input::AlertDropped
                | Input::Credit { .. }
                | Input::Operator { .. }
                | Input::Cold(_)
                | Input::Room(_)
                | Input::Drain => {}
            }
        }
    }

    /// Brings the counters up to date; once per turn, not per message.
    #[inline]
    pub(crate) fn count(&mut self, now: Instant) {
        let Some(meter) = &self.meter else {
            return;
        };
        if self.accepted > 0 {
            self.rate_in.add(now, self.accepted);
            meter.accepted.inc_by(core::mem::take(&mut self.accepted));
        }
        if self.sent > 0 {
            self.rate_out.add(now, self.sent);
            meter.sent.inc_by(core::mem::take(&mut self.sent));
        }
        if self.taken > 0 {
            meter.taken.inc_by(core::mem::take(&mut self.taken));
        }
        if self.receipts > 0 {
            meter.receipts.inc_by(core::mem::take(&mut self.receipts));
        }
    }

    /// What the session noted.
    #[inline]
    pub(crate) fn notes(&mut self, notes: &mut Notes) {
        if notes.is_empty() {
            return;
        }
        for note in notes.drain() {
            self.note(note);
        }
        let dropped = notes.take_dropped();
        if dropped > 0 {
            tracing::warn!(peer = self.name, remote = %self.remote, dropped, "more went wrong than is told one by one");
        }
    }

    fn note(&mut self, note: Note) {
        self.last_error = error(note).or(self.last_error);
        if let Some(meter) = &mut self.meter {
            count_note(meter, note);
        }
        let peer = self.name.as_deref();
        let remote = self.remote;
        match note {
            Note::Malformed {
                command,
                status,
                field,
            } => {
                if self.odd_line() {
                    let (command, status) = (command.name(), status.name());
                    tracing::warn!(peer = self.name, %remote, command, field, status, "a PDU could not be read");
                }
            }
            Note::Unexpected { what } => {
                if self.odd_line() {
                    tracing::warn!(peer = self.name, %remote, what, "unexpected");
                }
            }
            Note::UnreadableReceipt { why } => {
                if self.odd_line() {
                    tracing::warn!(peer = self.name, %remote, why, "a receipt could not be read");
                }
            }
            Note::Unencodable { field } => {
                tracing::warn!(peer, %remote, field, "a message does not fit into a PDU");
            }
            Note::Refused {
                command,
                status,
                why,
            } => {
                let (command, status) = (command.name(), status.name());
                tracing::debug!(peer, %remote, command, why, status, "refused");
            }
            Note::PeerRefused { status } => {
                tracing::debug!(peer, %remote, status = status.name(), "refused by the peer");
            }
            Note::Overlooked { .. } | Note::Silent | Note::Late | Note::Alert => {
                tracing::debug!(peer, %remote, ?note, "noted");
            }
        }
    }

    /// Whether something odd still gets a line of its own.
    fn odd_line(&mut self) -> bool {
        self.odd_lines += 1;
        if self.odd_lines == ODD_LINES_MAX + 1 {
            tracing::warn!(peer = self.name, remote = %self.remote, "more of the kind is counted, not told");
        }
        self.odd_lines <= ODD_LINES_MAX
    }

    /// The session is over. `wire` names what was spoken below, `first` are the first octets that came.
    pub(crate) fn ended(
        &mut self,
        end: End,
        wire: &str,
        first: Option<[u8; 4]>,
        fault: Option<&str>,
    ) {
        let remote = self.remote;
        let stood = core::mem::take(&mut self.counted);
        if stood && let Some(meter) = &self.meter {
            meter.ended(&ended_because(end));
        }
        if let (Some(meter), Some(error)) = (&self.meter, self.last_error) {
            meter.trouble(error);
        }
        let name = self.name.as_deref();
        match end {
            End::BindRefused(status) => {
                tracing::warn!(connector = name, %remote, status = status.name(), "bind refused");
            }
            End::Tls => {
                self.metrics.turn_away("tls");
                tracing::warn!(peer = name, %remote, fault, "TLS failed");
            }
            End::Session(reason) => match (foreign(wire, first), reason) {
                (Some(protocol), CloseReason::BadLength) if !stood => {
                    self.metrics.turn_away("not smpp");
                    tracing::warn!(%remote, "{protocol} on the {wire} SMPP port");
                }
                _ if stood || name.is_some() => {
                    tracing::info!(peer = name, %remote, %reason, fault, "unbound");
                }
                _ => {
                    self.metrics.turn_away("no bind");
                    tracing::debug!(%remote, %reason, fault, "connection ended without a bind");
                }
            },
        }
    }
}

/// Why a bind that stood ended, in the words of the log.
fn ended_because(end: End) -> String {
    match end {
        End::Session(reason) => reason.to_string(),
        End::BindRefused(status) => status.name().to_owned(),
        End::Tls => "TLS failed".to_owned(),
    }
}

/// What the counters hear of a note.
fn count_note(meter: &mut PeerMeter, note: Note) {
    match note {
        Note::Malformed { .. } => {
            meter.malformed.inc();
        }
        Note::Overlooked { .. } => {
            meter.overlooked.inc();
        }
        Note::Refused {
            command, status, ..
        } => {
            if command != command::ENQUIRE_LINK {
                meter.refused(status.name());
            }
        }
        Note::UnreadableReceipt { .. } => {
            meter.unreadable_receipts.inc();
        }
        Note::PeerRefused { status } => meter.peer_refused(status.name()),
        Note::Silent => {
            meter.silent.inc();
        }
        Note::Late => {
            meter.late.inc();
        }
        Note::Unencodable { .. } | Note::Alert | Note::Unexpected { .. } => {}
    }
}

/// What a note says went wrong, for the operator.
fn error(note: Note) -> Option<&'static str> {
    match note {
        Note::Malformed { status, .. } | Note::PeerRefused { status } => Some(status.name()),
        Note::Refused {
            command, status, ..
        } => (command != command::ENQUIRE_LINK).then_some(status.name()),
        Note::UnreadableReceipt { .. } => Some("unreadable receipt"),
        Note::Unencodable { .. } => Some("a message does not fit into a PDU"),
        Note::Silent => Some("no answer in time"),
        Note::Unexpected { what } => Some(what),
        Note::Overlooked { .. } | Note::Late | Note::Alert => None,
    }
}

/// What else than SMPP the first octets are.
fn foreign(wire: &str, first: Option<[u8; 4]>) -> Option<&'static str> {
    match &first? {
        [0x16, 0x03, _, _] if wire == "plain" => Some("TLS"),
        b"GET " | b"POST" | b"HEAD" | b"PUT " | b"OPTI" | b"DELE" | b"PATC" | b"CONN" | b"PRI " => {
            Some("HTTP")
        }
        _ => None,
    }
}

/// A refusal of the engine in a word, for the counters.
fn word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Full => "full",
        Refusal::Throttled => "throttled",
        Refusal::Paused => "paused",
        Refusal::NoRoute => "no route",
        Refusal::TooManyBinds => "too many binds",
        Refusal::NotAllowed => "not allowed",
        Refusal::NoCredit => "no credit",
        Refusal::OverDailyLimit => "over the daily limit",
        Refusal::Expired => "expired",
        Refusal::TooLong => "text too long",
        Refusal::Draining => "draining",
        Refusal::UnknownMessage => "unknown message",
        Refusal::TooLate => "too late",
        Refusal::Fault => "fault",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_smpp_is_named() {
        assert_eq!(foreign("plain", Some(*b"GET ")), Some("HTTP"));
        assert_eq!(foreign("plain", Some([0x16, 3, 1, 2])), Some("TLS"));
        assert_eq!(foreign("TLS", Some([0x16, 3, 1, 2])), None);
        assert_eq!(foreign("plain", Some([0, 0, 0, 47])), None);
        assert_eq!(foreign("plain", None), None);
    }
}
