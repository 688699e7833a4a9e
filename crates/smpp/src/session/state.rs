//! Who may send what, and when (SMPP 3.4, 2.2 and 2.3; 5.0, 2.3 and 2.4).

use core::fmt;

use crate::Version;
use crate::command::{self, CommandId};
use crate::status::{self, Status};

use super::CloseReason;

/// Which end of the connection a session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The server: customers bind to it.
    MessageCentre,
    /// The client: it binds to a carrier.
    Esme,
}

impl Role {
    /// The other end.
    pub fn peer(self) -> Role {
        match self {
            Role::MessageCentre => Role::Esme,
            Role::Esme => Role::MessageCentre,
        }
    }
}

/// What the ESME binds as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BindKind {
    /// It only receives: `BOUND_RX`.
    Receiver,
    /// It only submits: `BOUND_TX`.
    Transmitter,
    /// Both: `BOUND_TRX`.
    Transceiver,
}

impl BindKind {
    /// The bind with this command id.
    pub fn from_command(id: CommandId) -> Option<BindKind> {
        match id {
            command::BIND_RECEIVER => Some(BindKind::Receiver),
            command::BIND_TRANSMITTER => Some(BindKind::Transmitter),
            command::BIND_TRANSCEIVER => Some(BindKind::Transceiver),
            _ => None,
        }
    }

    /// The command id of this bind.
    pub fn command(self) -> CommandId {
        match self {
            BindKind::Receiver => command::BIND_RECEIVER,
            BindKind::Transmitter => command::BIND_TRANSMITTER,
            BindKind::Transceiver => command::BIND_TRANSCEIVER,
        }
    }

    /// The ESME may submit.
    pub fn transmits(self) -> bool {
        self != BindKind::Receiver
    }

    /// The ESME may be sent to.
    pub fn receives(self) -> bool {
        self != BindKind::Transmitter
    }
}

impl fmt::Display for BindKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BindKind::Receiver => "receiver",
            BindKind::Transmitter => "transmitter",
            BindKind::Transceiver => "transceiver",
        })
    }
}

/// Where a session stands: the diagram is at [`Session`](super::Session).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Connected; a bind is awaited.
    Open,
    /// The message centre has asked for a bind with `outbind`.
    Outbound,
    /// The bind was sent (ESME) or is being checked (message centre).
    Binding(BindKind),
    /// Traffic may flow.
    Bound(BindKind),
    /// We are about to unbind: nothing new is sent or read, what is owed on both sides is awaited.
    Draining(BindKind),
    /// We have sent `unbind`.
    Unbinding(BindKind),
    /// The peer has sent `unbind`; the responses that we owe go out before the answer.
    Leaving(BindKind),
    /// The peer's `unbind` is answered; responses that it owes may still come.
    Unbound,
    /// It is over.
    Closed(CloseReason),
}

impl State {
    /// What the ESME has bound as, while the bind stands.
    pub fn bind_kind(self) -> Option<BindKind> {
        match self {
            State::Bound(kind)
            | State::Draining(kind)
            | State::Unbinding(kind)
            | State::Leaving(kind) => Some(kind),
            State::Open
            | State::Outbound
            | State::Binding(_)
            | State::Unbound
            | State::Closed(_) => None,
        }
    }
}

/// What a request deserves before anybody looks into its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It is in order.
    Legal,
    /// Its own response, with this status.
    Refuse(Status),
    /// No version defines it, or not the one agreed on: `generic_nack`.
    Unknown,
    /// It has no response and may not be sent: nothing.
    Drop,
}

/// Judges a request from `sender` that arrives in `state` of a session that speaks `version`.
#[inline]
pub(super) fn judge(command: CommandId, sender: Role, state: State, version: Version) -> Verdict {
    match command {
        // SMPP 5.0 allows it in every state, and peers of every version send it early.
        command::ENQUIRE_LINK => Verdict::Legal,
        command::UNBIND => match state {
            State::Bound(_) | State::Draining(_) | State::Unbinding(_) => Verdict::Legal,
            _ => Verdict::Refuse(status::RINVBNDSTS),
        },
        command::BIND_RECEIVER | command::BIND_TRANSMITTER | command::BIND_TRANSCEIVER => {
            match (sender, state) {
                (Role::Esme, State::Open | State::Outbound) => Verdict::Legal,
                (Role::Esme, _) if state.bind_kind().is_some() => Verdict::Refuse(status::RALYBND),
                _ => Verdict::Refuse(status::RINVBNDSTS),
            }
        }
        // A message centre calls; that it connected to another is for the caller to know.
        command::OUTBIND if state == State::Open => Verdict::Legal,
        command::OUTBIND => Verdict::Drop,
        _ => judge_operation(command, sender, state, version),
    }
}

fn judge_operation(command: CommandId, sender: Role, state: State, version: Version) -> Verdict {
    let Some(since) = command.since() else {
        return Verdict::Unknown;
    };
    let bound = state.bind_kind();
    // 5.0's own PDUs are unknown on older binds. What 3.4 brought is taken from anybody: who sends it speaks it.
    if bound.is_some() && since == Version::V50 && version < Version::V50 {
        return Verdict::Unknown;
    }
    let legal = bound.is_some_and(|kind| may_send(sender, kind, command));
    match state {
        State::Bound(_) | State::Draining(_) if legal => Verdict::Legal,
        _ if command == command::ALERT_NOTIFICATION => Verdict::Drop,
        // It was sent before our unbind arrived: a refusal that makes the peer try again elsewhere.
        State::Unbinding(_) if legal => Verdict::Refuse(match sender {
            Role::Esme => status::RSYSERR,
            Role::MessageCentre => status::RX_T_APPN,
        }),
        _ => Verdict::Refuse(status::RINVBNDSTS),
    }
}

/// Whether `sender` may send this operation on a bind of this kind: the table of SMPP 3.4, 2.3 with `replace_sm` on
/// transceivers, and of 5.0, 2.4.
#[inline]
pub(super) fn may_send(sender: Role, kind: BindKind, command: CommandId) -> bool {
    match (sender, command) {
        (
            Role::Esme,
            command::SUBMIT_SM
            | command::SUBMIT_MULTI
            | command::DATA_SM
            | command::QUERY_SM
            | command::CANCEL_SM
            | command::REPLACE_SM
            | command::BROADCAST_SM
            | command::QUERY_BROADCAST_SM
            | command::CANCEL_BROADCAST_SM,
        ) => kind.transmits(),
        (
            Role::MessageCentre,
            command::DELIVER_SM | command::DATA_SM | command::ALERT_NOTIFICATION,
        ) => kind.receives(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [BindKind; 3] = [
        BindKind::Transmitter,
        BindKind::Receiver,
        BindKind::Transceiver,
    ];

    /// One row of the table: who may send it in BOUND_TX, BOUND_RX, BOUND_TRX (E the ESME, M the message centre).
    fn row(command: CommandId) -> [String; 3] {
        KINDS.map(|kind| {
            let mut who = String::new();
            for (sender, letter) in [(Role::Esme, 'E'), (Role::MessageCentre, 'M')] {
                if may_send(sender, kind, command) {
                    who.push(letter);
                }
            }
            who
        })
    }

    #[test]
    fn the_table_of_operations_is_that_of_the_specification() {
        use command::*;
        for submission in [
            SUBMIT_SM,
            SUBMIT_MULTI,
            QUERY_SM,
            CANCEL_SM,
            REPLACE_SM,
            BROADCAST_SM,
            QUERY_BROADCAST_SM,
            CANCEL_BROADCAST_SM,
        ] {
            assert_eq!(row(submission), ["E", "", "E"], "{submission}");
        }
        assert_eq!(row(DATA_SM), ["E", "M", "EM"]);
        assert_eq!(row(DELIVER_SM), ["", "M", "M"]);
        assert_eq!(row(ALERT_NOTIFICATION), ["", "M", "M"]);
        for other in [BIND_RECEIVER, OUTBIND, SUBMIT_SM_RESP, GENERIC_NACK] {
            assert_eq!(row(other), ["", "", ""], "{other}");
        }
    }

    #[test]
    fn every_request_of_the_specification_has_a_verdict_that_can_be_answered() {
        let states = [State::Open, State::Outbound, State::Unbound]
            .into_iter()
            .chain(KINDS.map(State::Bound));
        for state in states {
            for &command in CommandId::ALL.iter().filter(|id| !id.is_response()) {
                for sender in [Role::Esme, Role::MessageCentre] {
                    let verdict = judge(command, sender, state, Version::V50);
                    let has_response = command.response().since().is_some();
                    match verdict {
                        Verdict::Refuse(_) => assert!(has_response, "{command} in {state:?}"),
                        Verdict::Drop => assert!(!has_response, "{command} in {state:?}"),
                        Verdict::Unknown => panic!("{command} is known"),
                        Verdict::Legal => {}
                    }
                }
            }
        }
    }

    #[test]
    fn a_second_bind_is_told_that_the_session_is_bound() {
        for kind in KINDS {
            let verdict = judge(
                kind.command(),
                Role::Esme,
                State::Bound(BindKind::Receiver),
                Version::V34,
            );
            assert_eq!(verdict, Verdict::Refuse(status::RALYBND));
        }
    }

    #[test]
    fn what_5_0_brought_is_unknown_on_an_older_bind() {
        let bound = State::Bound(BindKind::Transceiver);
        for (version, verdict) in [
            (Version::V34, Verdict::Unknown),
            (Version::V50, Verdict::Legal),
        ] {
            assert_eq!(
                judge(command::BROADCAST_SM, Role::Esme, bound, version),
                verdict
            );
        }
        assert_eq!(
            judge(command::DATA_SM, Role::Esme, bound, Version::V33),
            Verdict::Legal
        );
    }
}
