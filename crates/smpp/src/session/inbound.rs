//! What a PDU of the peer means, and what is answered to it here.

use crate::Malformed;
use crate::command::{self, CommandId};
use crate::frame::{Frame, Header};
use crate::pdu::{self, BindResp, Pdu};
use crate::status::{self, Status};
use crate::tlv::Tlvs;

use super::state::Verdict;
use super::{BindKind, CloseReason, Event, Role, Session, State};
use super::{asked_version, has_response, oldest_version, takes_slot};

// Requests of the peer.
impl Session {
    #[inline]
    pub(super) fn take_request<'a>(
        &mut self,
        frame: &Frame<'a>,
        verdict: Verdict,
    ) -> Option<Event<'a>> {
        let Header {
            command_id,
            sequence,
            ..
        } = frame.header;
        if verdict != Verdict::Legal {
            self.refuse_unread(command_id, sequence, verdict);
            return None;
        }
        let (pdu, warnings) = match pdu::decode(frame, self.settings.tolerance) {
            Ok(decoded) => decoded,
            Err(malformed) => return Some(self.refuse_malformed(&frame.header, malformed)),
        };
        self.counters.warnings += u64::from(!warnings.is_empty());
        match pdu {
            Pdu::EnquireLink(_) => self.answer(sequence, command_id, status::OK),
            Pdu::Unbind(_) => return self.take_unbind(sequence),
            Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind) => {
                let kind = BindKind::from_command(command_id)?;
                self.state = State::Binding(kind);
                self.handshake = sequence;
                self.version = asked_version(kind, &bind);
                return Some(Event::Bind {
                    kind,
                    sequence,
                    version: self.version,
                    bind,
                    warnings,
                });
            }
            Pdu::Outbind(outbind) => {
                if self.role == Role::Esme {
                    self.enter(State::Outbound, self.settings.session_init);
                }
                return Some(Event::Outbind(outbind));
            }
            _ => {
                if takes_slot(command_id) {
                    self.unanswered += 1;
                    if command_id != self.usual_request() {
                        self.unusual.push_back((sequence, command_id));
                    }
                }
                return Some(Event::Request {
                    sequence,
                    pdu,
                    warnings,
                });
            }
        }
        None
    }

    #[cold]
    fn refuse_unread(&mut self, command: CommandId, sequence: u32, verdict: Verdict) {
        self.counters.out_of_place += 1;
        match verdict {
            Verdict::Refuse(status) => self.answer(sequence, command, status),
            Verdict::Unknown => self.answer(sequence, command::GENERIC_NACK, status::RINVCMDID),
            Verdict::Drop | Verdict::Legal => {}
        }
    }

    #[cold]
    fn refuse_malformed<'a>(&mut self, header: &Header, malformed: Malformed) -> Event<'a> {
        let command = header.command_id;
        let status = self.status_of(command, malformed.status);
        self.counters.malformed += 1;
        if has_response(command) {
            self.answer(header.sequence, command, status);
        }
        if BindKind::from_command(command).is_some() {
            self.count_bind_refusal();
        }
        Event::Malformed {
            command,
            sequence: header.sequence,
            status,
            field: malformed.field,
        }
    }

    /// What the peer is told in the answer to a request that cannot be read, if the specification says `status`.
    fn status_of(&self, command: CommandId, status: Status) -> Status {
        if self.settings.not_offered.contains(&command) {
            return status::RINVCMDID;
        }
        let submits = [command::SUBMIT_SM, command::SUBMIT_MULTI, command::DATA_SM];
        if !submits.contains(&command) {
            return status;
        }
        let mut others = self.settings.submit_statuses.iter();
        others
            .find(|(known, _)| *known == status)
            .map_or(status, |&(_, said)| said)
    }

    /// The peer leaves. Both sides may do so at once; then both are answered.
    fn take_unbind<'a>(&mut self, sequence: u32) -> Option<Event<'a>> {
        let (State::Bound(kind) | State::Draining(kind)) = self.state else {
            self.answer(sequence, command::UNBIND, status::OK);
            return None;
        };
        self.release_held();
        self.handshake = sequence;
        self.enter(State::Leaving(kind), self.settings.drain_timeout);
        self.settle_up();
        Some(Event::Unbound)
    }
}

// Responses of the peer. None of them is ever answered.
impl Session {
    #[inline]
    pub(super) fn take_response<'a>(&mut self, frame: &Frame<'a>) -> Option<Event<'a>> {
        match frame.header.command_id {
            command::SUBMIT_SM_RESP | command::DELIVER_SM_RESP => self.settle(frame),
            _ => self.take_unusual_response(frame),
        }
    }

    #[inline(never)]
    fn take_unusual_response<'a>(&mut self, frame: &Frame<'a>) -> Option<Event<'a>> {
        let Header {
            command_id,
            sequence,
            ..
        } = frame.header;
        // A generic_nack stands for every response.
        let is = |request: CommandId| {
            command_id == request.response() || command_id == command::GENERIC_NACK
        };
        match self.state {
            State::Binding(kind) if sequence == self.handshake && is(kind.command()) => {
                Some(self.take_bind_response(kind, frame))
            }
            State::Unbinding(_) if sequence == self.handshake && is(command::UNBIND) => {
                self.close(CloseReason::Unbound);
                None
            }
            _ if sequence == self.enquired && sequence != 0 && is(command::ENQUIRE_LINK) => None,
            _ => self.settle(frame),
        }
    }

    fn take_bind_response<'a>(&mut self, kind: BindKind, frame: &Frame<'a>) -> Event<'a> {
        let status = failure_if_nack(frame);
        if !status.is_ok() {
            self.enter(State::Open, self.settings.session_init);
            return Event::BindFailed(status);
        }
        let response = match self.read_response(frame) {
            Pdu::BindReceiverResp(response)
            | Pdu::BindTransmitterResp(response)
            | Pdu::BindTransceiverResp(response) => response,
            _ => BindResp::default(),
        };
        let told = response.tlvs.sc_interface_version();
        let theirs = told.or(self.settings.version_if_untold);
        let agreed = theirs.map_or(self.version, |theirs| theirs.min(self.version));
        self.version = agreed.max(oldest_version(kind));
        self.enter_bound(kind);
        Event::Bound {
            version: self.version,
            system_id: response.system_id,
        }
    }

    #[inline]
    fn settle<'a>(&mut self, frame: &Frame<'a>) -> Option<Event<'a>> {
        let command = frame.header.command_id;
        let of_type = (command != command::GENERIC_NACK).then_some(command);
        let Some(settled) = self.window.settle(frame.header.sequence, of_type) else {
            self.counters.unmatched += 1;
            return None;
        };
        self.counters.late += u64::from(settled.late);
        let pdu = self.read_response(frame);
        if !self.is_bound() {
            self.settle_up();
        }
        Some(Event::Response {
            token: settled.token,
            status: failure_if_nack(frame),
            pdu,
            late: settled.late,
        })
    }

    /// A response that cannot be read still says its status.
    #[inline]
    fn read_response<'a>(&mut self, frame: &Frame<'a>) -> Pdu<'a> {
        match pdu::decode(frame, self.settings.tolerance) {
            Ok((pdu, warnings)) => {
                self.counters.warnings += u64::from(!warnings.is_empty());
                pdu
            }
            Err(_) => {
                self.counters.malformed += 1;
                let request = CommandId(frame.header.command_id.0 & 0x7FFF_FFFF);
                Pdu::header_only_response(request).unwrap_or(Pdu::GenericNack(Tlvs::EMPTY))
            }
        }
    }
}

/// The status of a response. A `generic_nack` is a failure even if it says zero.
#[inline]
fn failure_if_nack(frame: &Frame<'_>) -> Status {
    let Header {
        command_id, status, ..
    } = frame.header;
    if command_id == command::GENERIC_NACK && status.is_ok() {
        return status::RUNKNOWNERR;
    }
    status
}
