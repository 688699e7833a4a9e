//! One TCP connection that speaks SMPP, in either role, without the connection: octets in, events out.

mod clock;
mod event;
mod inbound;
mod settings;
mod state;
mod timers;
mod window;

use std::collections::VecDeque;

use bytes::BytesMut;
use sms::Instant;

pub use event::{CloseReason, Counters, Event, Received, RequestError};
pub use settings::Settings;
pub use state::{BindKind, Role, State};

use crate::Version;
use crate::command::{self, CommandId};
use crate::frame::{self, HEADER_LENGTH, Header};
use crate::pdu::{self, Bind, BindResp, Outbind, Pdu};
use crate::status::{self, Status};
use crate::tlv::{self, Tlvs};

use clock::{Clock, Tick};
use state::{Verdict, judge, may_send};
use timers::Probe;
use window::Window;

/// The state of one connection, and everything that SMPP says about it: framing, who may send what and when, sequence
/// numbers, the windows of both directions, deadlines, keep-alive, bind and unbind.
///
/// ```text
///                     new
///                      │
///                  ┌───▼───┐  outbind   ┌──────────┐
///            ┌────▶│ Open  ├───────────▶│ Outbound │
///    refused │     └───┬───┘            └────┬─────┘
///            │         │ bind_*              │
///            │     ┌───▼─────┐               │
///            └─────┤ Binding │◀──────────────┘
///                  └───┬─────┘
///                      │ bind_*_resp ok
///                  ┌───▼───┐  unbind()  ┌──────────┐  nothing owed  ┌───────────┐
///                  │ Bound ├───────────▶│ Draining ├───────────────▶│ Unbinding │
///                  └───┬───┘            └──────────┘   or too long  └─────┬─────┘
///    the peer's unbind │                                                  │ unbind_resp
///                  ┌───▼─────┐  nothing owed  ┌─────────┐            ┌────▼───┐
///                  │ Leaving ├───────────────▶│ Unbound ├───────────▶│ Closed │◀── from every state:
///                  └─────────┘   or too long  └─────────┘            └────────┘    its deadline, a bad
///                                unbind_resp                                       length, close()
/// ```
///
/// The caller owns socket and clock. It hands in what it has read ([`receive`](Session::receive)), writes what
/// [`transmit`](Session::transmit) holds, and comes back at [`deadline`](Session::deadline) with
/// [`timeout`](Session::timeout). What needs no decision is answered here and not told: `enquire_link`, the answer to
/// `unbind`, everything unknown, malformed or out of place. Nothing blocks, and nothing is allocated per PDU.
///
/// Two rules keep a session from starving or wedging. Responses and keep-alive are never held up: only a *request* that
/// finds its window full, or its peer not reading our answers, stays unread. And while the session is not read, no
/// deadline that waits for the peer runs.
///
/// ```
/// use smpp::Version;
/// use smpp::pdu::{Bind, Pdu, Sm};
/// use smpp::session::{BindKind, Event, Received, Role, Session, Settings};
///
/// let now = sms::Instant(0);
/// let mut server = Session::new(Role::MessageCentre, Settings::default(), now);
/// let mut client = Session::new(Role::Esme, Settings::default(), now);
///
/// let bind = Bind { system_id: b"demo", interface_version: 0x34, ..Bind::default() };
/// client.bind(now, BindKind::Transceiver, &bind);
/// let octets = client.transmit().split();
/// let Received::Event(Event::Bind { .. }) = server.receive(now, &mut &octets[..]) else { panic!() };
/// server.accept_bind(now, Version::V34, b"centre");
/// let octets = server.transmit().split();
/// let Received::Event(Event::Bound { version, .. }) = client.receive(now, &mut &octets[..]) else { panic!() };
/// assert_eq!(version, Version::V34);
///
/// client.request(now, &Pdu::SubmitSm(Sm::default()), 42)?;
/// # Ok::<(), smpp::session::RequestError>(())
/// ```
#[derive(Debug)]
pub struct Session {
    role: Role,
    state: State,
    /// When the state ends by itself.
    state_until: Option<Instant>,
    version: Version,
    /// The latest time that the caller told.
    now: Instant,
    clock: Clock,
    /// When the last PDU came.
    heard: Tick,
    /// When the last PDU came or our last request went.
    active: Tick,
    /// When the first octet came of a PDU that is not complete; else [`Tick::NEVER`].
    partial: Tick,
    probe: Option<Probe>,
    /// Number of our last `enquire_link`.
    enquired: u32,
    /// Number of the bind or unbind that is being answered, by whichever side.
    handshake: u32,
    bind_refusals: u8,
    /// The caller knows that it is over.
    told: bool,
    window: Window,
    /// Requests of the peer that wait for our response.
    unanswered: usize,
    /// Those among them that are not the usual one, so that a refusal can name its type.
    unusual: VecDeque<(u32, CommandId)>,
    transmit: BytesMut,
    /// Octets of answers among those to be transmitted, at most.
    answers: usize,
    /// Requests that wait until `settle_until`, so that none is glued to the response to the bind.
    held: BytesMut,
    settle_until: Option<Instant>,
    counters: Counters,
    settings: Settings,
}

/// Answers that may wait for a peer that does not read, in octets, besides [`ANSWER_OCTETS`] for each of its requests.
const ANSWERS_SLACK: usize = 64 * 1024;

/// A response with a `message_id` of 64 characters and some TLVs.
const ANSWER_OCTETS: usize = 128;

// What the caller does.
impl Session {
    /// A connection that has just been made.
    pub fn new(role: Role, settings: Settings, now: Instant) -> Session {
        let clock = Clock::new();
        let start = clock.at(now);
        Session {
            role,
            state: State::Open,
            state_until: Some(now + settings.session_init),
            version: Version::V34,
            now,
            clock,
            heard: start,
            active: start,
            partial: Tick::NEVER,
            probe: None,
            enquired: 0,
            handshake: 0,
            bind_refusals: 0,
            told: false,
            window: Window::new(),
            unanswered: 0,
            unusual: VecDeque::new(),
            transmit: BytesMut::new(),
            answers: 0,
            held: BytesMut::new(),
            settle_until: None,
            counters: Counters::default(),
            settings,
        }
    }

    /// Changes what may change at any time; above all the limits, when it is known who binds.
    pub fn configure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
    }

    /// Takes PDUs off the front of `input` up to the first one that concerns the caller.
    ///
    /// To be called again until it is not an event, then with more octets after what is left of these.
    #[inline]
    pub fn receive<'a>(&mut self, now: Instant, input: &mut &'a [u8]) -> Received<'a> {
        self.now = now;
        loop {
            match self.state {
                State::Closed(reason) => return self.end(reason),
                State::Binding(_) if self.role == Role::MessageCentre => return self.pause(),
                _ => {}
            }
            let mut rest = *input;
            let frame = match frame::split(&mut rest, self.frame_cap()) {
                Ok(Some(frame)) => frame,
                Ok(None) => return self.await_octets(input.is_empty()),
                Err(_) => {
                    self.lose_stream();
                    continue;
                }
            };
            let command = frame.header.command_id;
            let event = if command.is_response() {
                *input = rest;
                self.hear();
                self.take_response(&frame)
            } else {
                let mut verdict = judge(command, self.role.peer(), self.state, self.version);
                if let Some(status) = self.settings.window_over
                    && self.overruns(command, verdict)
                {
                    verdict = Verdict::Refuse(status);
                }
                if self.must_wait(command, verdict) {
                    return self.pause();
                }
                *input = rest;
                self.hear();
                self.take_request(&frame, verdict)
            };
            if let Some(event) = event {
                return Received::Event(event);
            }
        }
    }

    /// ESME: asks to be bound, in [`State::Open`] or [`State::Outbound`]. Answered by [`Event::Bound`] or
    /// [`Event::BindFailed`]. A bind that cannot be encoded closes the session.
    pub fn bind(&mut self, now: Instant, kind: BindKind, bind: &Bind<'_>) {
        self.now = now;
        if !matches!(self.state, State::Open | State::Outbound) {
            return;
        }
        let pdu = match kind {
            BindKind::Receiver => Pdu::BindReceiver(*bind),
            BindKind::Transmitter => Pdu::BindTransmitter(*bind),
            BindKind::Transceiver => Pdu::BindTransceiver(*bind),
        };
        self.handshake = self.window.number();
        if pdu::encode(&pdu, status::OK, self.handshake, &mut self.transmit).is_err() {
            self.close(CloseReason::Local);
            return;
        }
        self.counters.pdus_out += 1;
        self.version = asked_version(kind, bind);
        self.enter(State::Binding(kind), self.settings.bind_timeout);
    }

    /// Message centre: asks the ESME to bind, on a connection that we made to it.
    ///
    /// # Errors
    /// [`RequestError::NotBound`] if it is not [`State::Open`], or a field that is too long.
    pub fn outbind(&mut self, now: Instant, outbind: &Outbind<'_>) -> Result<(), RequestError> {
        self.now = now;
        if self.state != State::Open {
            return Err(RequestError::NotBound);
        }
        let sequence = self.window.number();
        pdu::encode(
            &Pdu::Outbind(*outbind),
            status::OK,
            sequence,
            &mut self.transmit,
        )
        .map_err(RequestError::Unencodable)?;
        self.counters.pdus_out += 1;
        self.enter(State::Outbound, self.settings.session_init);
        Ok(())
    }

    /// Message centre: grants the bind that [`Event::Bind`] told of, if it is still waited for. The version is the
    /// lower one of this and what the ESME asked for. A `system_id` that does not fit is sent as an empty one.
    pub fn accept_bind(&mut self, now: Instant, version: Version, system_id: &[u8]) {
        self.now = now;
        let (Role::MessageCentre, State::Binding(kind)) = (self.role, self.state) else {
            return;
        };
        let knows_tlvs = self.version > Version::V33;
        self.version = self.version.min(version);
        let [high, low] = tlv::SC_INTERFACE_VERSION.to_be_bytes();
        let octets = [high, low, 0, 1, self.version.interface_version()];
        let tlvs = if knows_tlvs {
            Tlvs::parse(&octets).unwrap_or_default()
        } else {
            Tlvs::EMPTY
        };
        let response = |system_id| {
            let response = BindResp {
                system_id,
                tlvs,
                body_present: true,
            };
            match kind {
                BindKind::Receiver => Pdu::BindReceiverResp(response),
                BindKind::Transmitter => Pdu::BindTransmitterResp(response),
                BindKind::Transceiver => Pdu::BindTransceiverResp(response),
            }
        };
        let to = self.handshake;
        if pdu::encode(&response(system_id), status::OK, to, &mut self.transmit).is_err() {
            // An empty system_id always fits.
            let _ = pdu::encode(&response(b""), status::OK, to, &mut self.transmit);
        }
        self.counters.pdus_out += 1;
        if !self.settings.bind_settle.is_zero() {
            self.settle_until = Some(now + self.settings.bind_settle);
        }
        self.enter_bound(kind);
    }

    /// Message centre: refuses the bind that [`Event::Bind`] told of, if it is still waited for. The ESME may try again
    /// until the session-init timer ends, or its tries are used up.
    pub fn refuse_bind(&mut self, now: Instant, status: Status) {
        self.now = now;
        let (Role::MessageCentre, State::Binding(kind)) = (self.role, self.state) else {
            return;
        };
        self.state = State::Open;
        self.answer(self.handshake, kind.command(), status);
        self.count_bind_refusal();
    }

    /// Sends a request of ours. `token` comes back with what became of it: exactly one of [`Event::Response`],
    /// [`Event::Expired`] (after which a late response may still come) and [`Event::Closed`]. An `alert_notification`
    /// has no response: its token is never seen again.
    ///
    /// # Errors
    /// Why it was not sent; nothing has changed then.
    #[inline]
    pub fn request(
        &mut self,
        now: Instant,
        pdu: &Pdu<'_>,
        token: u64,
    ) -> Result<u32, RequestError> {
        self.now = now;
        let command = pdu.command_id();
        let State::Bound(kind) = self.state else {
            return Err(RequestError::NotBound);
        };
        if !may_send(self.role, kind, command) || command.since() > Some(self.version) {
            return Err(RequestError::NotBound);
        }
        if !has_response(command) {
            let sequence = self.window.number();
            self.send(pdu, sequence)?;
            return Ok(sequence);
        }
        if self.window.taken() >= usize::from(self.settings.window_out) {
            return Err(RequestError::WindowFull);
        }
        let sequence = self.window.vacant();
        self.send(pdu, sequence)?;
        self.active = self.clock.at(now);
        self.window.take(sequence, command, token, self.active);
        Ok(sequence)
    }

    /// Answers a request of the peer, which frees a slot of its window. `to` is the sequence of [`Event::Request`]. A
    /// status that the peer's version does not know becomes the nearest that it does; a response that cannot be encoded
    /// becomes `ESME_RSYSERR`.
    #[inline]
    pub fn respond(&mut self, to: u32, status: Status, pdu: &Pdu<'_>) {
        let response = pdu.command_id();
        if self.may_answer() {
            let status = status.for_version(self.version);
            let before = self.transmit.len();
            if pdu::encode(pdu, status, to, &mut self.transmit).is_ok() {
                self.counters.pdus_out += 1;
                self.answers += self.transmit.len() - before;
            } else {
                self.answer(to, response, status::RSYSERR);
            }
        }
        if response != self.usual_request().response() {
            self.take_unusual(to);
        }
        self.free_slot();
    }

    /// Answers a request of the peer with an error in the response of its type: a header alone, or, for `deliver_sm` and
    /// `data_sm`, with an empty `message_id`. Frees a slot of its window.
    pub fn refuse(&mut self, to: u32, status: Status) {
        let command = self.take_unusual(to).unwrap_or(self.usual_request());
        if self.may_answer() {
            self.answer(to, command, status);
        }
        self.free_slot();
    }

    /// Ends the bind in good order: takes no more requests, waits until nothing is owed by either side (at most
    /// `drain_timeout`), sends `unbind` and waits for its answer (at most `unbind_timeout`). Closes at once what is not
    /// bound.
    pub fn unbind(&mut self, now: Instant) {
        self.now = now;
        match self.state {
            State::Bound(kind) => {
                self.release_held();
                self.enter(State::Draining(kind), self.settings.drain_timeout);
                self.settle_up();
            }
            State::Open | State::Outbound | State::Binding(_) => self.close(CloseReason::Local),
            State::Draining(_)
            | State::Unbinding(_)
            | State::Leaving(_)
            | State::Unbound
            | State::Closed(_) => {}
        }
    }

    /// Ends the session here and now, for a reason that the caller knows: the connection is gone, or has to go.
    /// [`Event::Closed`] still comes, once, unless the session had ended before.
    pub fn close(&mut self, why: CloseReason) {
        if matches!(self.state, State::Closed(_)) {
            return;
        }
        self.state = State::Closed(why);
        self.state_until = None;
        self.window = Window::new();
        self.unanswered = 0;
        self.unusual = VecDeque::new();
        self.held = BytesMut::new();
        self.settle_until = None;
    }

    /// The octets to be written. The caller takes from the front what the connection took, and
    /// [closes](Session::close) a session whose connection takes nothing for too long: only it can see that.
    #[inline]
    pub fn transmit(&mut self) -> &mut BytesMut {
        &mut self.transmit
    }
}

// What the caller may ask.
impl Session {
    /// Which end this is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The version that is spoken; while unbound the one that was asked for last, or 3.4.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Requests may be sent.
    pub fn is_bound(&self) -> bool {
        matches!(self.state, State::Bound(_))
    }

    /// Bound, and the ESME may submit.
    pub fn can_transmit(&self) -> bool {
        matches!(self.state, State::Bound(kind) if kind.transmits())
    }

    /// Bound, and the ESME may be sent to.
    pub fn can_receive(&self) -> bool {
        matches!(self.state, State::Bound(kind) if kind.receives())
    }

    /// Slots of our window that are taken, by [`silent`](Session::silent) requests too.
    pub fn outstanding(&self) -> usize {
        self.window.taken()
    }

    /// Requests of ours that were given up, but keep their slots for a late response.
    pub fn silent(&self) -> usize {
        self.window.silent()
    }

    /// Requests of the peer that wait for our response.
    pub fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Which request of the peer waits for our response under this sequence number.
    #[inline]
    pub fn owed(&self, to: u32) -> CommandId {
        let unusual = self.unusual.iter().find(|&&(number, _)| number == to);
        unusual.map_or(self.usual_request(), |&(_, command)| command)
    }

    /// What it has seen.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

// Reading, in general.
impl Session {
    fn frame_cap(&self) -> usize {
        match self.state {
            State::Open | State::Outbound | State::Binding(_) => self.settings.frame_cap_unbound,
            _ => self.settings.frame_cap_bound,
        }
    }

    /// Whether a request has to stay unread.
    #[inline]
    fn must_wait(&mut self, command: CommandId, verdict: Verdict) -> bool {
        self.answers = self.answers.min(self.transmit.len());
        let window = usize::from(self.settings.window_in);
        if self.answers > ANSWERS_SLACK + ANSWER_OCTETS * window {
            return true;
        }
        let has_room = self.unanswered < window && !matches!(self.state, State::Draining(_));
        verdict == Verdict::Legal && takes_slot(command) && !has_room
    }

    /// Whether a request is one more than the peer may have unanswered.
    fn overruns(&self, command: CommandId, verdict: Verdict) -> bool {
        self.is_bound()
            && verdict == Verdict::Legal
            && takes_slot(command)
            && self.unanswered >= usize::from(self.settings.window_in)
    }

    fn pause<'a>(&mut self) -> Received<'a> {
        self.clock.pause(self.now);
        Received::Paused
    }

    fn await_octets<'a>(&mut self, nothing_left: bool) -> Received<'a> {
        self.clock.resume(self.now);
        if nothing_left {
            self.partial = Tick::NEVER;
        } else if self.partial == Tick::NEVER {
            self.partial = self.clock.at(self.now);
        }
        Received::Incomplete
    }

    /// A whole PDU has come: whatever it is, the peer lives.
    #[inline]
    fn hear(&mut self) {
        self.clock.resume(self.now);
        self.heard = self.clock.at(self.now);
        self.active = self.heard;
        self.partial = Tick::NEVER;
        self.probe = None;
        self.counters.pdus_in += 1;
    }

    /// Nothing after a wrong length can be found. Who has not bound may not even speak SMPP, and is not answered.
    fn lose_stream(&mut self) {
        if self.state.bind_kind().is_some() {
            self.answer(0, command::GENERIC_NACK, status::RINVCMDLEN);
        }
        self.close(CloseReason::BadLength);
    }

    fn end<'a>(&mut self, reason: CloseReason) -> Received<'a> {
        if self.told {
            return Received::Closed(reason);
        }
        self.told = true;
        Received::Event(Event::Closed(reason))
    }
}

// From one state to the next.
impl Session {
    fn enter(&mut self, state: State, lasts: core::time::Duration) {
        self.state = state;
        self.state_until = Some(self.now + lasts);
    }

    fn enter_bound(&mut self, kind: BindKind) {
        self.state = State::Bound(kind);
        self.state_until = None;
        self.clock.resume(self.now);
        self.heard = self.clock.at(self.now);
        self.active = self.heard;
    }

    fn count_bind_refusal(&mut self) {
        self.bind_refusals = self.bind_refusals.saturating_add(1);
        if self.settings.close_on_bind_failure || self.bind_refusals >= self.settings.bind_tries {
            self.close(CloseReason::BindRefused);
        }
    }

    /// Goes on with an unbind, ours or the peer's, as soon as nothing is owed any more.
    fn settle_up(&mut self) {
        let awaited = self.window.taken() - self.window.silent();
        match self.state {
            State::Draining(_) if self.unanswered + awaited == 0 => self.send_unbind(),
            State::Leaving(_) if self.unanswered == 0 => self.answer_unbind(),
            State::Unbound if awaited == 0 => self.close(CloseReason::PeerUnbound),
            _ => {}
        }
    }

    fn send_unbind(&mut self) {
        let State::Draining(kind) = self.state else {
            return;
        };
        self.handshake = self.window.number();
        self.header(command::UNBIND, status::OK, self.handshake, &[]);
        self.enter(State::Unbinding(kind), self.settings.unbind_timeout);
    }

    fn answer_unbind(&mut self) {
        self.answer(self.handshake, command::UNBIND, status::OK);
        self.enter(State::Unbound, self.settings.unbind_timeout);
        self.settle_up();
    }
}

// The peer's requests that wait for the caller.
impl Session {
    /// The request that nearly all are, in this role.
    #[inline]
    fn usual_request(&self) -> CommandId {
        match self.role {
            Role::MessageCentre => command::SUBMIT_SM,
            Role::Esme => command::DELIVER_SM,
        }
    }

    /// The type of a request that is answered now, if it is not the usual one. Answers come roughly in the order of the
    /// requests, so the search ends soon.
    fn take_unusual(&mut self, sequence: u32) -> Option<CommandId> {
        let place = self
            .unusual
            .iter()
            .position(|&(number, _)| number == sequence)?;
        self.unusual.remove(place).map(|(_, command)| command)
    }

    /// A response still has a reader.
    #[inline]
    fn may_answer(&self) -> bool {
        self.state.bind_kind().is_some()
    }

    #[inline]
    fn free_slot(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        if !self.is_bound() {
            self.settle_up();
        }
    }
}

// Writing.
impl Session {
    /// A request of ours, behind the pause after the bind.
    #[inline]
    fn send(&mut self, pdu: &Pdu<'_>, sequence: u32) -> Result<(), RequestError> {
        let settling = match self.settle_until {
            Some(until) => !self.settled(until),
            None => false,
        };
        let out = if settling {
            &mut self.held
        } else {
            &mut self.transmit
        };
        pdu::encode(pdu, status::OK, sequence, out).map_err(RequestError::Unencodable)?;
        self.counters.pdus_out += 1;
        Ok(())
    }

    /// Ends the pause after the bind, if its time is over and the response to the bind has left; after twice the time
    /// in any case, as a busy session may never be seen with nothing to transmit.
    fn settled(&mut self, until: Instant) -> bool {
        let left = self.transmit.is_empty() || self.now >= until + self.settings.bind_settle;
        if self.now < until || !left {
            return false;
        }
        self.release_held();
        true
    }

    fn release_held(&mut self) {
        self.settle_until = None;
        if !self.held.is_empty() {
            let held = core::mem::take(&mut self.held);
            self.transmit.extend_from_slice(&held);
        }
    }

    /// Answers without a message: what needs no decision, and every error.
    ///
    /// Errors of binds and submissions are headers alone (SMPP 3.4, 4.1.2 and 4.4.2); those of `deliver_sm` and
    /// `data_sm` have an empty `message_id`, as there are peers that always read one.
    fn answer(&mut self, to: u32, command: CommandId, status: Status) {
        let response = command.response();
        let body: &[u8] = match response {
            command::DELIVER_SM_RESP | command::DATA_SM_RESP => &[0],
            _ => &[],
        };
        self.header(response, status.for_version(self.version), to, body);
        self.answers += HEADER_LENGTH + body.len();
    }

    fn header(&mut self, command_id: CommandId, status: Status, sequence: u32, body: &[u8]) {
        let header = Header {
            length: (HEADER_LENGTH + body.len()) as u32,
            command_id,
            status,
            sequence,
        };
        self.transmit.extend_from_slice(&header.to_bytes());
        self.transmit.extend_from_slice(body);
        self.counters.pdus_out += 1;
    }
}

/// The version that a bind asks for. Who binds as a transceiver knows 3.4, whatever it says.
fn asked_version(kind: BindKind, bind: &Bind<'_>) -> Version {
    Version::from_interface_version(bind.interface_version).max(oldest_version(kind))
}

fn oldest_version(kind: BindKind) -> Version {
    match kind {
        BindKind::Receiver | BindKind::Transmitter => Version::V33,
        BindKind::Transceiver => Version::V34,
    }
}

#[inline]
fn has_response(command: CommandId) -> bool {
    !matches!(
        command,
        command::ALERT_NOTIFICATION | command::OUTBIND | command::GENERIC_NACK
    )
}

/// Whether a legal request waits for the caller's response.
#[inline]
fn takes_slot(command: CommandId) -> bool {
    has_response(command)
        && !matches!(
            command,
            command::ENQUIRE_LINK
                | command::UNBIND
                | command::BIND_RECEIVER
                | command::BIND_TRANSMITTER
                | command::BIND_TRANSCEIVER
        )
}
