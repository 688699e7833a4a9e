//! The load generator's loop: binds, sends as fast as windows or the rate permit, waits for what is owed, unbinds.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use smpp::command::CommandId;
use smpp::frame;
use smpp::status::Status;
use sms::Instant;

use super::ledger::Ledger;
use super::measure::{Measures, Reading};
use super::template::Template;
use crate::clock::Clock;
use crate::tools::due::Due;
use crate::tools::reactor::{Reactor, Woken};
use crate::tools::usage::thread_cpu_time;
use crate::tools::wire::{READ_OCTETS, Wire};

/// Binds under way at once; a server that is asked for 20 000 at once would see connection attempts time out.
const BINDS_AT_ONCE: usize = 128;

/// More is not put into an outbox at once, so that a large window does not become a large memory.
const OUTBOX_FILL: usize = 256 * 1024;

/// Messages of a high rate are sent in groups this far apart: exact enough to measure with, rare enough to be cheap.
const RATE_STEP: Duration = Duration::from_micros(200);

/// Instead of the time of the next message under a rate, while no bind has room for it.
const WHEN_THERE_IS_ROOM: Instant = Instant(u64::MAX);

/// Up to this rate each message is sent by itself.
const RATE_SINGLE: f64 = 10_000.0;

/// How long the answers to `unbind` are waited for.
const UNBIND_WAIT: Duration = Duration::from_secs(2);

/// How long a connection and its bind may take.
const BIND_WAIT: Duration = Duration::from_secs(15);

/// A bind that was lost is tried again after this.
const RECONNECT_AFTER: Duration = Duration::from_millis(200);

/// What is to be done.
pub(crate) struct Plan {
    pub(crate) targets: Vec<SocketAddr>,
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// The kinds of the binds, one after another.
    pub(crate) binds: Vec<Bind>,
    pub(crate) template: Template,
    pub(crate) window: u32,
    /// Messages a second over all binds; `None`: as many as the windows permit.
    pub(crate) rate: Option<f64>,
    pub(crate) count: Option<u64>,
    pub(crate) duration: Option<Duration>,
    pub(crate) receipts: bool,
    /// How long responses and receipts are waited for after the last message.
    pub(crate) drain_wait: Duration,
    /// How long to look for what should not come, after all has come.
    pub(crate) linger: Duration,
    pub(crate) mode: Mode,
    pub(crate) reconnect: bool,
    pub(crate) enquire_link: Duration,
}

/// One bind request, encoded.
#[derive(Clone)]
pub(crate) struct Bind {
    pub(crate) pdu: Vec<u8>,
    pub(crate) transmits: bool,
}

/// What is done with the binds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Send,
    /// Held, and nothing sent.
    Idle,
    /// Submits are written, and nothing is read after the bind.
    NeverRead,
}

/// The generator and all its connections.
pub(crate) struct Load {
    pub(super) plan: Plan,
    pub(super) ledger: Ledger,
    pub(super) measures: Measures,
    pub(super) now: Instant,
    pub(super) connections: Vec<Connection>,
    pub(super) stage: Stage,
    /// Connections with something to write.
    dirty: Vec<usize>,
    /// Connections with room in their window.
    hungry: VecDeque<usize>,
    ready: VecDeque<usize>,
    /// Connections that are yet to be opened.
    unopened: VecDeque<usize>,
    reopen: Due<usize>,
    opening: usize,
    /// Whose turn it is under a rate, and when the next messages are sent.
    turn: usize,
    fill_at: Instant,
    cpu_at_start: Duration,
    buffer: Vec<u8>,
    reactor: Reactor,
    clock: Clock,
}

/// One bind.
pub(super) struct Connection {
    pub(super) wire: Option<Wire>,
    pub(super) phase: Phase,
    pub(super) transmits: bool,
    pub(super) in_flight: u32,
    pub(super) opened: Instant,
    pub(super) active: Instant,
    hungry: bool,
    scheduled: bool,
    dirty: bool,
}

/// How far a bind has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Closed,
    Connecting,
    Binding,
    Bound,
    Unbinding,
}

/// How far the whole has come, and when the stage ends at the latest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Binding,
    Sending {
        start: Instant,
    },
    Draining {
        until: Instant,
        quiet: Option<Instant>,
    },
    Unbinding {
        until: Instant,
    },
    Done,
}

impl Load {
    pub(crate) fn new(plan: Plan) -> io::Result<Load> {
        let by_id = plan.template.destinations.capacity() < plan.count.unwrap_or(10_000);
        let connection = |bind: &Bind| Connection {
            wire: None,
            phase: Phase::Closed,
            transmits: bind.transmits,
            in_flight: 0,
            opened: Instant(0),
            active: Instant(0),
            hungry: false,
            scheduled: false,
            dirty: false,
        };
        let clock = Clock::start();
        Ok(Load {
            ledger: Ledger::new(plan.receipts, by_id),
            measures: Measures::default(),
            now: clock.mono(),
            connections: plan.binds.iter().map(connection).collect(),
            stage: Stage::Binding,
            dirty: Vec::new(),
            hungry: VecDeque::new(),
            ready: VecDeque::new(),
            unopened: (0..plan.binds.len()).collect(),
            reopen: Due::new(RECONNECT_AFTER),
            opening: 0,
            turn: 0,
            fill_at: Instant(0),
            cpu_at_start: Duration::ZERO,
            buffer: vec![0; READ_OCTETS],
            reactor: Reactor::new()?,
            clock,
            plan,
        })
    }

    /// Runs to the end of the plan. The first order from the other end of `ear` ends the sending, the second the
    /// waiting; `progress` is told several times a second how things stand.
    ///
    /// # Errors
    /// Those of the readiness machinery; what fails on a connection is counted.
    pub(crate) fn run(
        mut self,
        ear: UnixStream,
        mut progress: impl FnMut(&Reading<'_>),
    ) -> io::Result<(Measures, Ledger)> {
        const PROGRESS: Duration = Duration::from_millis(125);
        self.reactor.stop_by(ear)?;
        let mut woken = Vec::new();
        let mut report_at = self.now + PROGRESS;
        while self.stage != Stage::Done {
            let timeout = self.timeout(report_at);
            self.reactor.wait(Some(timeout), &mut woken)?;
            self.now = self.clock.mono();
            for event in woken.drain(..) {
                self.wake(event);
            }
            self.serve_ready();
            self.open_some();
            self.fill();
            self.flush();
            self.advance();
            if self.now >= report_at {
                report_at = self.now + PROGRESS;
                self.look_after();
                progress(&self.reading());
            }
        }
        Ok((self.measures, self.ledger))
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            measures: &self.measures,
            ledger: &self.ledger,
            seconds: match self.stage {
                Stage::Sending { start } => self.now.since(start).as_secs_f64(),
                _ => 0.0,
            },
            stage: match self.stage {
                Stage::Binding => "binding",
                Stage::Sending { .. } => "sending",
                Stage::Draining { .. } => "waiting",
                Stage::Unbinding { .. } | Stage::Done => "unbinding",
            },
        }
    }

    fn timeout(&self, report_at: Instant) -> Duration {
        let to_open = !self.unopened.is_empty() && self.opening < BINDS_AT_ONCE;
        let to_fill = !self.hungry.is_empty() && self.plan.rate.is_none();
        if !self.ready.is_empty() || to_open || to_fill {
            return Duration::ZERO;
        }
        let mut next = report_at;
        if matches!(self.stage, Stage::Sending { .. }) && self.plan.rate.is_some() {
            next = next.min(self.fill_at);
        }
        next.since(self.clock.mono())
    }

    // Connections

    /// Opens as many connections as may be under way at once.
    fn open_some(&mut self) {
        if matches!(self.stage, Stage::Unbinding { .. } | Stage::Done) {
            return;
        }
        while let Some(key) = self.reopen.pop(self.now) {
            self.unopened.push_back(key);
        }
        while self.opening < BINDS_AT_ONCE {
            let Some(key) = self.unopened.pop_front() else {
                return;
            };
            self.opening += 1;
            self.connections[key].opened = self.now;
            if let Err(error) = self.open(key) {
                self.measures.connect_error(&error);
                self.opened(key, false);
            }
        }
    }

    fn open(&mut self, key: usize) -> io::Result<()> {
        let target = self.plan.targets[key % self.plan.targets.len()];
        let mut stream = mio::net::TcpStream::connect(target)?;
        self.reactor.add(&mut stream, key)?;
        let wire = match &self.plan.tls {
            None => Wire::plain(stream),
            Some((config, name)) => {
                let connection = ClientConnection::new(Arc::clone(config), name.clone())
                    .map_err(io::Error::other)?;
                Wire::tls(stream, connection)
            }
        };
        self.connections[key].wire = Some(wire);
        self.connections[key].phase = Phase::Connecting;
        Ok(())
    }

    /// Says how the opening of a connection ended.
    pub(super) fn opened(&mut self, key: usize, bound: bool) {
        self.opening -= 1;
        if bound {
            let took = self.now.since(self.connections[key].opened);
            self.measures.bound(took);
            self.connections[key].phase = Phase::Bound;
            self.feed(key);
        } else {
            self.drop_wire(key);
            if self.plan.reconnect {
                self.reopen.push(self.now, RECONNECT_AFTER, key);
            }
        }
    }

    fn wake(&mut self, event: Woken) {
        let Some(connection) = self.connections.get_mut(event.key) else {
            return;
        };
        let Some(wire) = &mut connection.wire else {
            return;
        };
        wire.wake(event.readable, event.writable);
        if connection.phase == Phase::Connecting {
            self.connected(event.key);
        }
        self.touch(event.key);
        self.schedule(event.key);
    }

    /// Finds out whether an attempt to connect has come to something, and binds if it did.
    fn connected(&mut self, key: usize) {
        let Some(wire) = &mut self.connections[key].wire else {
            return;
        };
        let socket = wire.socket();
        let failed = socket.take_error().unwrap_or_else(Some);
        if let Some(error) = failed {
            self.measures.connect_error(&error);
            return self.opened(key, false);
        }
        if socket.peer_addr().is_err() {
            return;
        }
        // Without it the measure is of Nagle's algorithm; a socket that refuses it is about to fail anyway.
        let _ = socket.set_nodelay(true);
        wire.outbox.extend_from_slice(&self.plan.binds[key].pdu);
        self.connections[key].phase = Phase::Binding;
    }

    fn schedule(&mut self, key: usize) {
        let connection = &mut self.connections[key];
        let deaf = self.plan.mode == Mode::NeverRead && connection.phase == Phase::Bound;
        if let Some(wire) = &connection.wire
            && wire.readable
            && !deaf
            && !connection.scheduled
            && connection.phase != Phase::Connecting
        {
            connection.scheduled = true;
            self.ready.push_back(key);
        }
    }

    fn serve_ready(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..self.ready.len() {
            let Some(key) = self.ready.pop_front() else {
                break;
            };
            self.connections[key].scheduled = false;
            let Some(wire) = &mut self.connections[key].wire else {
                continue;
            };
            match wire.read(&mut buffer) {
                Ok(octets) => self.digest(key, octets),
                Err(error) => self.lost(key, &error),
            }
            self.schedule(key);
        }
        self.buffer = buffer;
    }

    fn digest(&mut self, key: usize, mut octets: &[u8]) {
        // One clock read for all that came together.
        self.now = self.clock.mono();
        loop {
            match frame::split(&mut octets, frame::CAP_BOUND) {
                Ok(Some(frame)) => self.receive(key, &frame),
                Ok(None) => break,
                Err(bad) => {
                    let what = format!("command_length {}", bad.length);
                    return self.lost(key, &io::Error::other(what));
                }
            }
        }
        if let Some(wire) = &mut self.connections[key].wire {
            wire.keep(octets);
        }
        self.feed(key);
    }

    /// A connection that ended though nobody asked for it.
    pub(super) fn lost(&mut self, key: usize, error: &io::Error) {
        match self.connections[key].phase {
            Phase::Closed => {}
            Phase::Connecting | Phase::Binding => {
                self.measures.connect_error(error);
                self.opened(key, false);
            }
            Phase::Unbinding => self.drop_wire(key),
            Phase::Bound => {
                self.measures.disconnects += 1;
                self.drop_wire(key);
                if self.plan.reconnect {
                    self.reopen.push(self.now, RECONNECT_AFTER, key);
                }
            }
        }
    }

    pub(super) fn drop_wire(&mut self, key: usize) {
        let connection = &mut self.connections[key];
        connection.phase = Phase::Closed;
        connection.in_flight = 0;
        if let Some(wire) = connection.wire.take() {
            wire.close(&self.reactor);
        }
    }

    // Writing

    /// Has what is in the outbox written at the end of this turn.
    pub(super) fn touch(&mut self, key: usize) {
        let connection = &mut self.connections[key];
        if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(key);
        }
    }

    /// Notes that a connection may have room for messages.
    fn feed(&mut self, key: usize) {
        let unlimited = self.plan.mode == Mode::NeverRead;
        let connection = &mut self.connections[key];
        if connection.phase == Phase::Bound
            && connection.transmits
            && (unlimited || connection.in_flight < self.plan.window)
            && matches!(self.stage, Stage::Binding | Stage::Sending { .. })
        {
            if self.fill_at == WHEN_THERE_IS_ROOM {
                self.fill_at = self.now;
            }
            if !connection.hungry {
                connection.hungry = true;
                self.hungry.push_back(key);
            }
        }
    }

    /// Sends as many messages as windows, rate and count permit.
    fn fill(&mut self) {
        let Stage::Sending { start } = self.stage else {
            return;
        };
        if self.plan.mode == Mode::Idle {
            self.hungry.clear();
            return;
        }
        let sent = self.ledger.sent();
        let mut budget = self.plan.count.map_or(u64::MAX, |count| count - sent);
        match self.plan.rate {
            Some(_) if self.now < self.fill_at => {}
            Some(rate) => {
                let due = (self.now.since(start).as_secs_f64() * rate) as u64 + 1;
                budget = budget.min(due.saturating_sub(sent));
                let fitted = self.fill_in_turn(budget, start, rate);
                let next = scheduled(start, rate, self.ledger.sent());
                let grouped = rate > RATE_SINGLE;
                self.fill_at = match (fitted, grouped) {
                    // To look again and again would take the processor from those who are waited for.
                    (false, _) => WHEN_THERE_IS_ROOM,
                    (true, true) => next.max(self.now + RATE_STEP),
                    (true, false) => next,
                };
            }
            None => self.fill_windows(budget),
        }
    }

    fn fill_windows(&mut self, mut budget: u64) {
        let unlimited = self.plan.mode == Mode::NeverRead;
        let window = match unlimited {
            true => u32::MAX,
            false => self.plan.window,
        };
        let now = self.clock.mono();
        for _ in 0..self.hungry.len() {
            let Some(key) = self.hungry.pop_front() else {
                break;
            };
            let connection = &mut self.connections[key];
            connection.hungry = false;
            let Some(wire) = &mut connection.wire else {
                continue;
            };
            if connection.phase != Phase::Bound {
                continue;
            }
            let before = connection.in_flight;
            while connection.in_flight < window && budget > 0 && wire.outbox.len() < OUTBOX_FILL {
                let n = self.ledger.send(now);
                self.plan.template.append(n, &mut wire.outbox);
                connection.in_flight += 1;
                budget -= 1;
            }
            if connection.in_flight != before {
                connection.active = now;
                self.touch(key);
            }
        }
    }

    /// One message for each bind with room, round and round, each with the time at which it was due: a late answer to
    /// one makes those behind it look late too, as it does to customers. False if no bind has room for all that are due.
    fn fill_in_turn(&mut self, mut budget: u64, start: Instant, rate: f64) -> bool {
        let binds = self.connections.len();
        let mut refused = 0;
        while budget > 0 && refused < binds {
            let key = self.turn;
            self.turn = (self.turn + 1) % binds;
            let connection = &mut self.connections[key];
            let room = connection.transmits
                && connection.phase == Phase::Bound
                && connection.in_flight < self.plan.window;
            let Some(wire) = connection.wire.as_mut().filter(|_| room) else {
                refused += 1;
                continue;
            };
            refused = 0;
            let due = scheduled(start, rate, self.ledger.sent());
            self.measures.lag(self.now.since(due));
            let n = self.ledger.send(due);
            self.plan.template.append(n, &mut wire.outbox);
            connection.in_flight += 1;
            connection.active = self.now;
            budget -= 1;
            self.touch(key);
        }
        budget == 0
    }

    fn flush(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for key in dirty.drain(..) {
            let connection = &mut self.connections[key];
            connection.dirty = false;
            if connection.phase == Phase::Connecting {
                continue;
            }
            let Some(wire) = &mut connection.wire else {
                continue;
            };
            let before = wire.outbox.len();
            let result = wire.flush();
            let empty = wire.outbox.is_empty();
            self.measures.octets_written += (before - wire.outbox.len()) as u64;
            if let Err(error) = result {
                self.lost(key, &error);
            } else if empty {
                self.feed(key);
            }
        }
        self.dirty = dirty;
    }

    // Stages

    /// Goes on to the next stage when this one is at its end.
    fn advance(&mut self) {
        let stop = self.reactor.stopped();
        if stop {
            self.reactor.resume();
        }
        match self.stage {
            Stage::Binding if stop => self.unbind_all(),
            Stage::Binding if self.opening == 0 && self.unopened.is_empty() => self.start(),
            Stage::Sending { start } if stop || self.sending_ends(start) => self.drain(start),
            Stage::Draining { until, quiet } => self.drained(stop, until, quiet),
            Stage::Unbinding { until } => {
                let open = self.connections.iter().any(|c| c.phase != Phase::Closed);
                if stop || !open || self.now >= until {
                    for key in 0..self.connections.len() {
                        self.drop_wire(key);
                    }
                    self.stage = Stage::Done;
                }
            }
            Stage::Binding | Stage::Sending { .. } | Stage::Done => {}
        }
    }

    fn start(&mut self) {
        self.measures.binding_ended(self.now);
        let bound = self.connections.iter().any(|c| c.phase == Phase::Bound);
        if !bound && !self.plan.reconnect {
            self.stage = Stage::Done;
            return;
        }
        self.cpu_at_start = thread_cpu_time();
        self.stage = Stage::Sending { start: self.now };
        self.measures.start(self.now);
        for key in 0..self.connections.len() {
            self.feed(key);
        }
    }

    fn sending_ends(&self, start: Instant) -> bool {
        let all_gone = self.connections.iter().all(|c| c.phase == Phase::Closed);
        self.plan
            .count
            .is_some_and(|count| self.ledger.sent() >= count)
            || self
                .plan
                .duration
                .is_some_and(|duration| self.now.since(start) >= duration)
            || (all_gone && !self.plan.reconnect)
    }

    fn drain(&mut self, start: Instant) {
        let cpu = thread_cpu_time().saturating_sub(self.cpu_at_start);
        self.measures.sent_all(self.now.since(start), cpu);
        self.hungry.clear();
        if self.plan.mode == Mode::NeverRead {
            return self.unbind_all();
        }
        self.stage = Stage::Draining {
            until: self.now + self.plan.drain_wait,
            quiet: None,
        };
    }

    fn drained(&mut self, stop: bool, until: Instant, quiet: Option<Instant>) {
        // What was sent on a connection that is lost is never answered: nobody waits for it.
        let awaited: u64 = self
            .connections
            .iter()
            .map(|c| u64::from(c.in_flight))
            .sum();
        let owed = awaited + self.ledger.receipts_missing();
        let gone = self.connections.iter().all(|c| c.phase == Phase::Closed);
        let hopeless = stop || self.now >= until || (gone && !self.plan.reconnect);
        match quiet {
            _ if hopeless => self.unbind_all(),
            None if owed == 0 => {
                let quiet = Some(self.now + self.plan.linger);
                self.stage = Stage::Draining { until, quiet };
            }
            Some(end) if self.now >= end => self.unbind_all(),
            None | Some(_) => {}
        }
    }

    fn unbind_all(&mut self) {
        let until = self.now + UNBIND_WAIT;
        self.stage = Stage::Unbinding { until };
        for key in 0..self.connections.len() {
            match self.connections[key].phase {
                Phase::Bound if self.plan.mode != Mode::NeverRead => {
                    self.connections[key].phase = Phase::Unbinding;
                    self.send_control(key, smpp::command::UNBIND);
                }
                _ => self.drop_wire(key),
            }
        }
        self.flush();
    }

    /// What is not urgent: keeps idle binds alive, and gives up on binds that are not answered.
    fn look_after(&mut self) {
        for key in 0..self.connections.len() {
            let connection = &self.connections[key];
            match connection.phase {
                Phase::Connecting | Phase::Binding
                    if self.now.since(connection.opened) >= BIND_WAIT =>
                {
                    self.lost(key, &io::ErrorKind::TimedOut.into());
                }
                Phase::Bound
                    if self.now.since(connection.active) >= self.plan.enquire_link
                        && self.plan.mode != Mode::NeverRead =>
                {
                    self.connections[key].active = self.now;
                    self.send_control(key, smpp::command::ENQUIRE_LINK);
                }
                Phase::Closed
                | Phase::Connecting
                | Phase::Binding
                | Phase::Bound
                | Phase::Unbinding => {}
            }
        }
    }

    /// Appends a PDU that is a header alone.
    pub(super) fn send_control(&mut self, key: usize, command: CommandId) {
        let header = frame::Header {
            length: frame::HEADER_LENGTH as u32,
            command_id: command,
            status: Status(0),
            sequence: 0x7FFF_FFFF,
        };
        self.write(key, &header.to_bytes());
    }

    /// Has octets written at the end of this turn, if the connection still stands.
    pub(super) fn write(&mut self, key: usize, octets: &[u8]) {
        if let Some(wire) = &mut self.connections[key].wire {
            wire.outbox.extend_from_slice(octets);
            self.touch(key);
        }
    }
}

/// When message `n` is due.
fn scheduled(start: Instant, rate: f64, n: u64) -> Instant {
    start + Duration::from_secs_f64(n as f64 / rate)
}
