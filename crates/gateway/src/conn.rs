//! One connection: a socket, what lies between, and the peer that speaks over it. The only place where octets move between a
//! socket and a session.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use directory::Admitted;
use engine::{Inputs, Origin, Output, Outputs};
use peer::carrier::Carrier;
use peer::customer::Customer;
use peer::{BindRefusal, Calling, Credentials, Flow, Notes};
use smpp::session::CloseReason;
use smpp::status::Status;
use sms::{Instant, Now};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use crate::called::Called;
use crate::limits::Ticket;
use crate::listen::Place;
use crate::session_log::SessionLog;
use crate::trace::{Direction, Line, Side, Taps};
use crate::wire::{Wire, Written};

/// Octets that one read takes from a socket at most.
pub(crate) const READ_OCTETS: usize = 64 << 10;

/// Room in the scratch buffer for a PDU of which a part came earlier: the largest `frame_max` that can be configured.
const PART_OCTETS: usize = 128 << 10;

/// Size of the scratch buffer that all connections of a thread share.
pub(crate) const SCRATCH_OCTETS: usize = PART_OCTETS + READ_OCTETS;

/// A buffer that grew beyond this is given back once it is empty, so that ten thousand idle binds stay small.
const KEEP_OCTETS: usize = 2 << 10;

/// A read with fewer inputs than this came from a peer that may be waiting for our ACK.
const FEW: usize = 4;

/// A session of either role.
#[derive(Debug)]
pub(crate) enum Peer {
    Customer(Box<Customer>),
    Carrier(Box<Carrier>),
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) socket: TcpStream,
    /// Its name on this thread; the sequence is not used.
    pub(crate) at: Origin,
    /// Wakes the task of this connection when there is something to do that the socket does not tell.
    pub(crate) wake: Notify,
    /// Whether it stands in the list of those to be written to after the batch at hand.
    pub(crate) dirty: Cell<bool>,
    pub(crate) state: RefCell<State>,
}

/// What changes about it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) wire: Wire,
    pub(crate) peer: Peer,
    /// What came and is not consumed, from `head` on.
    rest: Vec<u8>,
    head: usize,
    pub(crate) reading: Reading,
    /// Octets at the front of what is to be written that those who watch had the chance to see.
    shown: usize,
    /// Since when the socket takes nothing of what waits.
    blocked: Option<Instant>,
    /// The time for which a timer of this connection is set; it may be earlier than needed, never later.
    pub(crate) armed: Option<Instant>,
    /// How a customer proved who it is, as soon as it did.
    pub(crate) admitted: Option<Admitted>,
    /// Held while it counts as unbound.
    pub(crate) ticket: Option<Ticket>,
    /// Held while a carrier that called is spoken to.
    pub(crate) called: Option<Called>,
    /// Held until the socket is closed.
    pub(crate) place: Option<Place>,
    /// Told when the bind to a carrier stands.
    pub(crate) on_bound: Option<oneshot::Sender<()>>,
    pub(crate) log: SessionLog,
    patience: Patience,
    /// The first octets that came: they tell what a peer speaks that does not speak SMPP.
    first: Option<[u8; 4]>,
    /// What the socket or TLS said when it failed.
    fault: Option<Box<str>>,
}

/// How long a peer may keep us waiting below its session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For taking any of what is written to it.
    pub(crate) write_stall: Duration,
    /// When its TLS handshake has to be done.
    pub(crate) handshake_until: Instant,
}

/// Whether octets are taken from the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    Open,
    /// The session has no room for another request, or its bind is being checked.
    Paused,
    /// It is over.
    Over(End),
}

/// Why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// The session ended, or was ended.
    Session(CloseReason),
    /// A carrier refused the bind.
    BindRefused(Status),
    /// TLS failed: there is none, or it cannot be agreed on.
    Tls,
}

/// What a turn of the connection has to say to its thread.
#[derive(Debug)]
pub(crate) enum Told {
    /// A customer wants to bind.
    Authenticate(Box<Credentials>),
    /// A carrier wants us to bind.
    Called(Box<Calling>),
    /// The bind to the carrier stands.
    Bound(smpp::Version),
}

/// What every connection of a thread uses in its turn.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) scratch: Box<[u8]>,
    pub(crate) inputs: Inputs,
    pub(crate) notes: Notes,
    pub(crate) told: Vec<Told>,
    /// Those who watch.
    pub(crate) taps: Arc<Taps>,
}

impl Bench {
    pub(crate) fn new(taps: Arc<Taps>) -> Bench {
        Bench {
            scratch: vec![0; SCRATCH_OCTETS].into_boxed_slice(),
            inputs: Inputs::default(),
            notes: Notes::default(),
            told: Vec::new(),
            taps,
        }
    }
}

impl Conn {
    pub(crate) fn new(
        socket: TcpStream,
        at: Origin,
        wire: Wire,
        peer: Peer,
        log: SessionLog,
        patience: Patience,
    ) -> Conn {
        Conn {
            socket,
            at,
            wake: Notify::new(),
            dirty: Cell::new(false),
            state: RefCell::new(State {
                wire,
                peer,
                rest: Vec::new(),
                head: 0,
                reading: Reading::Open,
                shown: 0,
                blocked: None,
                armed: None,
                admitted: None,
                ticket: None,
                called: None,
                place: None,
                on_bound: None,
                log,
                patience,
                first: None,
                fault: None,
            }),
        }
    }

    /// Moves octets: offers what is left over to the session, reads once if it wants more, writes what it has to say. True
    /// when the socket may have more to read.
    pub(crate) fn turn(&self, now: Now, read: bool, bench: &mut Bench) -> bool {
        let state = &mut *self.state.borrow_mut();
        // A session may have come to an end without an octet: it is asked, unless new ones are to be read anyway.
        let asked = !read || state.reading == Reading::Paused;
        if asked && !matches!(state.reading, Reading::Over(_)) {
            state.offer_rest(&self.socket, now, bench);
        }
        let more = read && state.reading == Reading::Open && state.read(&self.socket, now, bench);
        state.write(&self.socket, now, &bench.taps);
        more
    }
}

impl State {
    fn offer_rest(&mut self, socket: &TcpStream, now: Now, bench: &mut Bench) {
        let rest = core::mem::take(&mut self.rest);
        let mut octets = &rest[self.head..];
        self.offer(socket, now, &mut octets, bench);
        self.head = rest.len() - octets.len();
        self.rest = rest;
    }

    /// Offers octets to the session; those who watch are shown the PDUs that it took, which it takes whole.
    fn offer(&mut self, socket: &TcpStream, now: Now, octets: &mut &[u8], bench: &mut Bench) {
        let offered = *octets;
        self.reading = offer(&mut self.peer, now, octets, bench);
        if bench.taps.any() {
            if let Some(Told::Authenticate(credentials)) = bench.told.last() {
                self.log.claims_to_be(&credentials.system_id);
            }
            let taken = &offered[..offered.len() - octets.len()];
            self.show(socket, now, Direction::FromPeer, (taken, &bench.taps));
        }
    }

    /// Shows whole PDUs to those who watch.
    fn show(
        &self,
        socket: &TcpStream,
        now: Now,
        direction: Direction,
        (octets, taps): (&[u8], &Taps),
    ) {
        let line = Line {
            side: match self.peer {
                Peer::Customer(_) => Side::Customer,
                Peer::Carrier(_) => Side::Carrier,
            },
            name: self.log.name(),
            peer: self.log.remote(),
            // It fails only where there is no connection any more.
            own: socket.local_addr().unwrap_or(self.log.remote()),
        };
        taps.show(now.wall, &line, direction, octets);
    }

    fn read(&mut self, socket: &TcpStream, now: Now, bench: &mut Bench) -> bool {
        let mut scratch = core::mem::take(&mut bench.scratch);
        let kept = self.rest.len() - self.head;
        scratch[..kept].copy_from_slice(&self.rest[self.head..]);
        let room = (kept + READ_OCTETS).min(scratch.len());
        let read = match self.wire.read(socket, &mut scratch[kept..room]) {
            Ok(0) => Err(End::Session(CloseReason::Disconnected)),
            Ok(n) => Ok(n),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                bench.scratch = scratch;
                return false;
            }
            Err(error) => Err(self.fail(&error)),
        };
        let more = match read {
            Ok(n) => {
                let before = bench.inputs.len();
                let mut octets = &scratch[..kept + n];
                self.first = self.first.or_else(|| octets.first_chunk().copied());
                self.offer(socket, now, &mut octets, bench);
                self.keep(octets);
                if bench.inputs.len() - before < FEW {
                    acknowledge_soon(socket);
                }
                kept + n == room
            }
            Err(end) => {
                self.reading = Reading::Over(end);
                false
            }
        };
        bench.scratch = scratch;
        more
    }

    /// Keeps what the session left for later.
    fn keep(&mut self, octets: &[u8]) {
        self.rest.clear();
        self.head = 0;
        if octets.is_empty() {
            if self.rest.capacity() > KEEP_OCTETS {
                self.rest = Vec::new();
            }
            return;
        }
        self.rest.extend_from_slice(octets);
    }

    /// Writes what the session has to say, as far as the socket takes it.
    pub(crate) fn write(&mut self, socket: &TcpStream, now: Now, taps: &Taps) {
        if taps.any() {
            let transmit = core::mem::take(self.peer.transmit());
            self.show(
                socket,
                now,
                Direction::ToPeer,
                (transmit.get(self.shown..).unwrap_or_default(), taps),
            );
            *self.peer.transmit() = transmit;
        }
        let now = now.mono;
        let transmit = self.peer.transmit();
        let before = transmit.len();
        match self.wire.write(socket, transmit) {
            Ok(Written::All) => self.blocked = None,
            Ok(Written::Blocked) if transmit.len() < before => self.blocked = Some(now),
            Ok(Written::Blocked) => self.blocked = self.blocked.or(Some(now)),
            Err(error) => {
                let end = self.fail(&error);
                self.end(end);
            }
        }
        let transmit = self.peer.transmit();
        self.shown = transmit.len();
        if transmit.is_empty() && before > KEEP_OCTETS {
            *transmit = BytesMut::new();
        }
    }

    /// What an error of the socket ends it with.
    fn fail(&mut self, error: &std::io::Error) -> End {
        self.fault = Some(error.to_string().into());
        if error.kind() == ErrorKind::InvalidData {
            End::Tls
        } else {
            End::Session(CloseReason::Transport)
        }
    }

    /// A customer was believed, or not.
    pub(crate) fn verdict(
        &mut self,
        now: Now,
        verdict: Result<Admitted, BindRefusal>,
        inputs: &mut Inputs,
    ) {
        let Peer::Customer(customer) = &mut self.peer else {
            unreachable!("only customers say who they are");
        };
        let verdict = verdict.map(|admitted| {
            let account = admitted.account.clone();
            self.admitted = Some(admitted);
            account
        });
        customer.authenticated(now, verdict, inputs);
    }

    /// Does what the engine decided.
    pub(crate) fn output(
        &mut self,
        now: Now,
        output: &Output,
        batch: &Outputs,
        inputs: &mut Inputs,
    ) {
        self.peer.output(now, output, batch, inputs);
        if let (Output::Bound { .. }, Peer::Customer(customer)) = (output, &self.peer)
            && let Some(account) = customer.account()
        {
            self.ticket = None;
            self.log
                .customer_bound(account, customer.session().version(), now.mono);
        }
        self.log.output(output);
    }

    /// Lets the log know how it ended.
    pub(crate) fn told_end(&mut self, end: End, now: Instant) {
        self.log.count(now);
        let wire = if self.wire.is_tls() { "TLS" } else { "plain" };
        self.log.ended(end, wire, self.first, self.fault.as_deref());
    }

    /// Lets the session and the write-stall timer know the time.
    pub(crate) fn timeout(&mut self, now: Now, bench: &mut Bench) {
        let passed = |at: Option<Instant>| at.is_some_and(|at| at <= now.mono);
        if passed(self.stalled_until()) {
            self.end(End::Session(CloseReason::WriteStall));
            return;
        }
        if passed(self.handshake_until()) {
            self.fault = Some("no handshake in time".into());
            self.end(End::Tls);
            return;
        }
        let flow = self.peer.timeout(now, &mut bench.inputs, &mut bench.notes);
        if let Some(end) = ended(&flow) {
            self.end(end);
        }
    }

    /// When it has to be looked at, at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let all = [
            self.peer.deadline(),
            self.stalled_until(),
            self.handshake_until(),
        ];
        all.into_iter().flatten().min()
    }

    fn stalled_until(&self) -> Option<Instant> {
        self.blocked.map(|since| since + self.patience.write_stall)
    }

    fn handshake_until(&self) -> Option<Instant> {
        self.wire
            .is_handshaking()
            .then_some(self.patience.handshake_until)
    }

    /// Whether octets wait for the socket to take them.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Ends it, unless it has ended already.
    pub(crate) fn end(&mut self, end: End) {
        if !matches!(self.reading, Reading::Over(_)) {
            self.reading = Reading::Over(end);
        }
    }
}

impl Peer {
    fn output(&mut self, now: Now, output: &Output, batch: &Outputs, inputs: &mut Inputs) {
        match self {
            Peer::Customer(customer) => customer.output(now, output, batch, inputs),
            Peer::Carrier(carrier) => carrier.output(now, output, batch, inputs),
        }
    }

    /// The socket is gone.
    pub(crate) fn ended(&mut self, inputs: &mut Inputs) {
        match self {
            Peer::Customer(customer) => customer.ended(inputs),
            Peer::Carrier(carrier) => carrier.ended(inputs),
        }
    }

    /// Takes no more requests, answers what it owes, unbinds.
    pub(crate) fn drain(&mut self, now: Now) {
        match self {
            Peer::Customer(customer) => customer.drain(now),
            Peer::Carrier(carrier) => carrier.drain(now),
        }
    }

    /// Ends a bind to a carrier when nothing is in flight on it any more; a customer's as [`drain`](Peer::drain) does.
    pub(crate) fn retire(&mut self, now: Now, inputs: &mut Inputs) {
        match self {
            Peer::Customer(customer) => customer.drain(now),
            Peer::Carrier(carrier) => carrier.retire(now, inputs),
        }
    }

    fn receive(&mut self, now: Now, octets: &mut &[u8], bench: &mut Bench) -> Flow {
        let (inputs, notes) = (&mut bench.inputs, &mut bench.notes);
        match self {
            Peer::Customer(customer) => customer.receive(now, octets, inputs, notes),
            Peer::Carrier(carrier) => carrier.receive(now, octets, inputs, notes),
        }
    }

    fn timeout(&mut self, now: Now, inputs: &mut Inputs, notes: &mut Notes) -> Flow {
        match self {
            Peer::Customer(customer) => customer.timeout(now, inputs, notes),
            Peer::Carrier(carrier) => carrier.timeout(now, inputs, notes),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Peer::Customer(customer) => customer.deadline(),
            Peer::Carrier(carrier) => carrier.deadline(),
        }
    }

    fn transmit(&mut self) -> &mut BytesMut {
        match self {
            Peer::Customer(customer) => customer.transmit(),
            Peer::Carrier(carrier) => carrier.transmit(),
        }
    }
}

/// Gives the session octets until it wants more, wants a pause or ends.
fn offer(peer: &mut Peer, now: Now, octets: &mut &[u8], bench: &mut Bench) -> Reading {
    loop {
        match peer.receive(now, octets, bench) {
            Flow::Incomplete => return Reading::Open,
            Flow::Paused => return Reading::Paused,
            Flow::Authenticate(credentials) => {
                bench.told.push(Told::Authenticate(credentials));
                return Reading::Paused;
            }
            Flow::Called(calling) => {
                bench.told.push(Told::Called(calling));
                return Reading::Paused;
            }
            Flow::Bound(version) => bench.told.push(Told::Bound(version)),
            Flow::BindFailed(status) => return Reading::Over(End::BindRefused(status)),
            Flow::Closed(reason) => return Reading::Over(End::Session(reason)),
        }
    }
}

/// What of a flow outside of reading matters.
fn ended(flow: &Flow) -> Option<End> {
    match flow {
        Flow::Closed(reason) => Some(End::Session(*reason)),
        Flow::BindFailed(status) => Some(End::BindRefused(*status)),
        Flow::Incomplete
        | Flow::Paused
        | Flow::Authenticate(_)
        | Flow::Called(_)
        | Flow::Bound(_) => None,
    }
}

/// Peers that leave Nagle's algorithm on wait for the ACK of each small PDU; the kernel forgets the option by itself.
fn acknowledge_soon(socket: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = socket.set_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}
