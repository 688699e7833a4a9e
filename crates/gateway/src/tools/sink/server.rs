//! The message centre itself: all its connections, in one thread.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use smpp::frame;
use smpp::status::Status;
use sms::{Instant, Now, Wall};

use super::behaviour::{Behaviour, Fates};
use super::duplicates::Duplicates;
use super::memory::{Memory, Owed as Remembered};
use super::receipt::{Pending, Writer};
use super::report::{Counters, Report};
use crate::clock::Clock;
use crate::tools::due::Due;
use crate::tools::reactor::{Reactor, Woken};
use crate::tools::usage::thread_cpu_time;
use crate::tools::wire::{OUTBOX_HIGH, READ_OCTETS, Wire};

/// The listener's key; connections are numbered from 1.
const LISTENER: usize = 0;

/// Connections beyond this are closed at once.
const CONNECTIONS_MAX: usize = 50_000;

/// Receipts may be late by this, so that those of one moment leave together.
const RECEIPT_SLACK: Duration = Duration::from_micros(500);

/// A receipt that is not answered for so long is sent again.
const DELIVER_TIMEOUT: Duration = Duration::from_secs(30);

/// A message centre, ready to run.
pub(crate) struct Sink {
    pub(super) behaviour: Behaviour,
    pub(super) fates: Fates,
    pub(super) writer: Writer,
    pub(super) now: Now,
    pub(super) connections: Vec<Option<Connection>>,
    pub(super) accounts: Vec<Account>,
    /// Responses that are delayed.
    pub(super) responses: Due<Owed>,
    /// Receipts and replies whose time has not come.
    pub(super) receipts: Due<Pending>,
    pub(super) counters: Counters,
    pub(super) duplicates: Option<Duplicates>,
    pub(super) memory: Option<Memory>,
    /// Of the next message.
    pub(super) number: u64,
    /// Connections with something to write.
    dirty: Vec<usize>,
    /// Accounts with something to send, or with new room for it.
    pub(super) moved: Vec<usize>,
    free: Vec<usize>,
    generation: u32,
    ready: VecDeque<usize>,
    buffer: Vec<u8>,
    listener: mio::net::TcpListener,
    reactor: Reactor,
    clock: Clock,
}

/// One connection, from accept to close.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) phase: Phase,
    /// Tells it from others that had or will have its number.
    pub(super) generation: u32,
    /// Receipts and replies that are not answered yet, by sequence number from `oldest` on; `None`: answered before those before it.
    pub(super) outstanding: VecDeque<Option<Sent>>,
    pub(super) oldest: u32,
    scheduled: bool,
    dirty: bool,
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Unbound,
    Bound {
        account: usize,
        transmits: bool,
        receives: bool,
        /// Of an account that plays the magic numbers.
        magic: bool,
    },
    /// Closed as soon as all is written.
    Closing,
}

/// Something sent and when.
pub(super) struct Sent {
    pub(super) pending: Pending,
    pub(super) at: Instant,
}

/// All binds of one system_id share what is to be sent to it.
pub(super) struct Account {
    pub(super) system_id: Vec<u8>,
    /// Connections that receive.
    pub(super) receivers: Vec<usize>,
    /// Whose turn it is among them.
    pub(super) turn: usize,
    pub(super) waiting: VecDeque<Pending>,
    pub(super) moved: bool,
}

/// A response that is delayed.
#[derive(Clone, Copy)]
pub(super) struct Owed {
    pub(super) connection: usize,
    pub(super) generation: u32,
    pub(super) command: smpp::command::CommandId,
    pub(super) sequence: u32,
    pub(super) status: Status,
    pub(super) number: u64,
}

impl Sink {
    /// Listens with `listener`, in whatever mode it is.
    pub(crate) fn new(listener: TcpListener, behaviour: Behaviour) -> io::Result<Sink> {
        listener.set_nonblocking(true)?;
        let mut listener = mio::net::TcpListener::from_std(listener);
        let reactor = Reactor::new()?;
        reactor.add(&mut listener, LISTENER)?;
        let clock = Clock::start();
        let now = clock.now();
        let (memory, owed) = match &behaviour.memory {
            Some(path) => {
                let (memory, owed) = Memory::open(path)?;
                (Some(memory), owed)
            }
            None => (None, Vec::new()),
        };
        let mut sink = Sink {
            fates: Fates::new(&behaviour, now.mono),
            writer: Writer::new(behaviour.id_format, behaviour.odd),
            now,
            connections: vec![None],
            accounts: Vec::new(),
            responses: Due::new(behaviour.delay),
            receipts: Due::new(behaviour.receipt_delay),
            counters: Counters::default(),
            duplicates: behaviour.duplicates_among.map(Duplicates::new),
            memory,
            // Ten million a second cannot be exceeded, so no id comes again after a restart.
            number: now.wall.0 * 10_000,
            dirty: Vec::new(),
            moved: Vec::new(),
            free: Vec::new(),
            generation: 0,
            ready: VecDeque::new(),
            buffer: vec![0; READ_OCTETS],
            behaviour,
            listener,
            reactor,
            clock,
        };
        sink.recall(owed);
        Ok(sink)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves for `duration`, or until the other end of `ear` is written to or dropped; `every_second` is told how things stand.
    ///
    /// # Errors
    /// Those of the readiness machinery; a connection that fails is closed and counted.
    pub(crate) fn run(
        mut self,
        ear: UnixStream,
        duration: Option<Duration>,
        mut every_second: impl FnMut(&Report),
    ) -> io::Result<Report> {
        self.reactor.stop_by(ear)?;
        let mut woken = Vec::new();
        let mut tick = self.now.mono + Duration::from_secs(1);
        let end = duration.map(|duration| self.now.mono + duration);
        while !self.reactor.stopped() && end.is_none_or(|end| self.now.mono < end) {
            let timeout = self.timeout(end.map_or(tick, |end| end.min(tick)));
            self.reactor.wait(Some(timeout), &mut woken)?;
            self.now = self.clock.now();
            for event in woken.drain(..) {
                self.wake(event);
            }
            self.serve_ready();
            self.answer_due();
            self.deliver_due();
            self.remember();
            self.flush();
            if self.now.mono >= tick {
                tick = self.now.mono + Duration::from_secs(1);
                self.accept();
                self.repeat_unanswered();
                every_second(&self.report());
            }
        }
        Ok(self.report())
    }

    fn timeout(&self, tick: Instant) -> Duration {
        if !self.ready.is_empty() {
            return Duration::ZERO;
        }
        let receipts = self.receipts.next().map(|at| at + RECEIPT_SLACK);
        let due = [self.responses.next(), receipts, Some(tick)];
        let next = due.into_iter().flatten().min().unwrap_or(tick);
        next.since(self.clock.mono())
    }

    fn wake(&mut self, event: Woken) {
        if event.key == LISTENER {
            return self.accept();
        }
        let Some(connection) = self.connections.get_mut(event.key).and_then(Option::as_mut) else {
            return;
        };
        connection.wire.wake(event.readable, event.writable);
        if event.writable {
            self.touch(event.key);
        }
        self.schedule(event.key);
    }

    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.welcome(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Out of descriptors, or a peer that is gone again: those who wait are accepted a moment later.
                Err(_) => {
                    self.counters.accept_errors += 1;
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, mut stream: mio::net::TcpStream) {
        let key = match self.free.pop() {
            Some(key) => key,
            None if self.connections.len() > CONNECTIONS_MAX => return,
            None => {
                self.connections.push(None);
                self.connections.len() - 1
            }
        };
        // A socket that is already broken says so at the first read.
        let _ = stream.set_nodelay(true);
        if self.reactor.add(&mut stream, key).is_err() {
            self.free.push(key);
            self.counters.accept_errors += 1;
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        self.counters.connections += 1;
        self.connections[key] = Some(Connection {
            wire: Wire::plain(stream),
            phase: Phase::Unbound,
            generation: self.generation,
            outstanding: VecDeque::new(),
            oldest: 1,
            scheduled: false,
            dirty: false,
        });
    }

    /// Puts a connection that can be read into the queue of those.
    fn schedule(&mut self, key: usize) {
        if let Some(connection) = &mut self.connections[key]
            && connection.wire.readable
            && !connection.scheduled
            && connection.wire.outbox.len() < OUTBOX_HIGH
        {
            connection.scheduled = true;
            self.ready.push_back(key);
        }
    }

    /// Reads once from each connection that can be read, so that none keeps the others waiting.
    fn serve_ready(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..self.ready.len() {
            let Some(key) = self.ready.pop_front() else {
                break;
            };
            let Some(connection) = &mut self.connections[key] else {
                continue;
            };
            connection.scheduled = false;
            match connection.wire.read(&mut buffer) {
                Ok(octets) => self.digest(key, octets),
                Err(_) => self.close(key),
            }
            self.schedule(key);
        }
        self.buffer = buffer;
    }

    fn digest(&mut self, key: usize, mut octets: &[u8]) {
        loop {
            let Some(connection) = &mut self.connections[key] else {
                return;
            };
            let cap = match connection.phase {
                Phase::Unbound => frame::CAP_UNBOUND,
                Phase::Bound { .. } => frame::CAP_BOUND,
                Phase::Closing => return,
            };
            match frame::split(&mut octets, cap) {
                Ok(Some(frame)) => self.receive(key, &frame),
                Ok(None) => return connection.wire.keep(octets),
                Err(_) => {
                    self.counters.malformed += 1;
                    return self.close(key);
                }
            }
        }
    }

    /// Has what is in the outbox written at the end of this turn.
    pub(super) fn touch(&mut self, key: usize) {
        if let Some(connection) = &mut self.connections[key]
            && !connection.dirty
        {
            connection.dirty = true;
            self.dirty.push(key);
        }
    }

    fn flush(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for key in dirty.drain(..) {
            let Some(connection) = &mut self.connections[key] else {
                continue;
            };
            connection.dirty = false;
            let written = connection.wire.flush();
            let finished = connection.phase == Phase::Closing && connection.wire.outbox.is_empty();
            if written.is_err() || finished {
                self.close(key);
            } else {
                self.schedule(key);
            }
        }
        self.dirty = dirty;
    }

    /// What was sent there and not answered goes to another bind, or waits for one.
    pub(super) fn close(&mut self, key: usize) {
        let Some(mut connection) = self.connections[key].take() else {
            return;
        };
        if let Phase::Bound { account, .. } = connection.phase {
            self.leave(key, account, &mut connection);
        }
        connection.wire.close(&self.reactor);
        self.counters.connections -= 1;
        self.free.push(key);
    }

    /// Takes a bind out of its account.
    pub(super) fn leave(&mut self, key: usize, account: usize, connection: &mut Connection) {
        self.counters.binds -= 1;
        let owner = &mut self.accounts[account];
        owner.receivers.retain(|&receiver| receiver != key);
        for sent in connection.outstanding.drain(..).rev().flatten() {
            owner.waiting.push_front(sent.pending);
        }
        self.stir(account);
    }

    fn repeat_unanswered(&mut self) {
        for key in 1..self.connections.len() {
            let Some(connection) = &mut self.connections[key] else {
                continue;
            };
            let Phase::Bound { account, .. } = connection.phase else {
                continue;
            };
            let owner = &mut self.accounts[account];
            while let Some(Some(sent)) = connection.outstanding.front()
                && self.now.mono.since(sent.at) > DELIVER_TIMEOUT
            {
                self.counters.receipts_unanswered += 1;
                let sent = connection.outstanding.pop_front().flatten();
                owner.waiting.extend(sent.map(|sent| sent.pending));
                connection.oldest += 1;
                connection.skip_answered();
            }
            self.stir(account);
        }
        self.deliver_due();
        self.flush();
    }

    /// Takes over what was owed when the process before this one ended.
    fn recall(&mut self, owed: Vec<Remembered>) {
        for mut owed in owed {
            owed.pending.account = self.account(&owed.system_id) as u32;
            let after = Duration::from_millis(owed.due.0.saturating_sub(self.now.wall.0));
            self.receipts.push(self.now.mono, after, owed.pending);
        }
    }

    /// Writes down what is owed before anybody is told that it is. A memory that fails is given up: the messages
    /// themselves are in nobody's danger, only their receipts.
    fn remember(&mut self) {
        let Some(mut memory) = self.memory.take() else {
            return;
        };
        let result = match memory.is_long() {
            true => memory.rewrite(self.owed()),
            false => memory.write(),
        };
        match result {
            Ok(()) => self.memory = Some(memory),
            Err(_) => self.counters.memory_failed = true,
        }
    }

    /// All receipts and replies that are owed, with the owner's name and the time they are due.
    fn owed(&self) -> impl Iterator<Item = (&[u8], Wall, &Pending)> {
        let name = |pending: &Pending| &self.accounts[pending.account as usize].system_id[..];
        let now = self.now;
        let later = self.receipts.iter().map(move |(at, pending)| {
            let due = now.wall.plus(at.since(now.mono));
            (name(pending), due, pending)
        });
        let waiting = self.accounts.iter().flat_map(|account| &account.waiting);
        let sent = self
            .connections
            .iter()
            .flatten()
            .flat_map(|connection| connection.outstanding.iter().flatten())
            .map(|sent| &sent.pending);
        let at_once = waiting.chain(sent);
        later.chain(at_once.map(move |pending| (name(pending), now.wall, pending)))
    }

    /// Everything counted so far, and what waits now.
    pub(crate) fn report(&self) -> Report {
        let waiting: usize = self.accounts.iter().map(|a| a.waiting.len()).sum();
        let outstanding: usize = self
            .connections
            .iter()
            .flatten()
            .map(|connection| connection.outstanding.len())
            .sum();
        Report {
            seconds: self.now.mono.0 as f64 / 1e9,
            counters: self.counters.clone(),
            receipts_waiting: (self.receipts.len() + waiting) as u64,
            receipts_outstanding: outstanding as u64,
            duplicates: self.duplicates.as_ref().map(Duplicates::found),
            own_cpu_seconds: thread_cpu_time().as_secs_f64(),
        }
    }
}

impl Connection {
    /// Takes off what was answered before those before it.
    pub(super) fn skip_answered(&mut self) {
        while let Some(None) = self.outstanding.front() {
            self.outstanding.pop_front();
            self.oldest += 1;
        }
    }
}
