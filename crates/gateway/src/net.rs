//! One I/O thread: its connections, what the engine tells them, and their timers.
//!
//! A connection lives and dies on the thread it was given to. Its task waits for the socket and moves octets
//! ([`Conn::turn`]); the thread's own task hands out what the engine decided and watches the deadlines of all.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use engine::{CustomerId, Input, Inputs, Origin, Output, Outputs};
use peer::customer::Customer;
use peer::{BindRefusal, Credentials};
use smpp::session::{CloseReason, Settings};
use sms::{Instant, Now};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};

use crate::binds::Bind;
use crate::called;
use crate::common::Common;
use crate::conn::{Bench, Conn, End, Patience, Peer, Reading, State, Told};
use crate::connect::{LinkPlan, Links};
use crate::listen::{Accepted, Guest, Place};
use crate::mailbox::{Inbox, Outbox, lock};
use crate::outbind::Calls;
use crate::proxy::{self, Heard};
use crate::pulse::Pulse;
use crate::session_log::SessionLog;
use crate::wire::Wire;

/// The most I/O threads there can be: `Origin::io` and the engine thread's table count on it.
pub(crate) const IO_THREADS_MAX: usize = 256;

/// Batches kept for the engine to fill again.
const SPENT_MAX: usize = 16;

/// Timers are set at least this far ahead, so that a deadline that stays in the past cannot spin.
const TIMER_STEP: Duration = Duration::from_millis(1);

/// How long a connection that was ended here may take to let go of what was written to it.
const LINGER: Duration = Duration::from_secs(1);

/// What other threads know of an I/O thread.
#[derive(Debug)]
pub(crate) struct IoThread {
    pub(crate) number: u16,
    pub(crate) inbox: Arc<Inbox>,
    outbox: Outbox<Mail>,
    /// Connections on it, of either side.
    pub(crate) connections: AtomicUsize,
    pub(crate) pulse: Pulse,
}

/// What comes to an I/O thread from outside.
#[derive(Debug)]
enum Mail {
    Outputs(Arc<Outputs>),
    Accepted(Box<Accepted>),
    Links(Vec<LinkPlan>),
    Unattended(BTreeSet<CustomerId>),
    Reloaded,
    Binds(oneshot::Sender<Vec<(Origin, Bind)>>),
    Kick(Vec<Origin>),
    AskedIfAlive,
    Drain,
    Stop,
}

impl IoThread {
    /// A thread that is still to be run.
    pub(crate) fn new(number: u16, inbox: Arc<Inbox>) -> IoThread {
        IoThread {
            number,
            inbox,
            outbox: Outbox::new(),
            connections: AtomicUsize::new(0),
            pulse: Pulse::default(),
        }
    }

    /// What the engine decided; what is for other threads is passed over.
    pub(crate) fn outputs(&self, outputs: Arc<Outputs>) {
        self.outbox.post(Mail::Outputs(outputs));
    }

    /// A new connection of a customer.
    pub(crate) fn accepted(&self, accepted: Accepted) {
        self.outbox.post(Mail::Accepted(Box::new(accepted)));
    }

    /// The carriers to be bound to from this thread, all of them; those that it has and are not named end.
    pub(crate) fn links(&self, plans: Vec<LinkPlan>) {
        self.outbox.post(Mail::Links(plans));
    }

    /// The customers to be called from this thread, all of them: something waits that they have no bind to receive with.
    pub(crate) fn unattended(&self, customers: BTreeSet<CustomerId>) {
        self.outbox.post(Mail::Unattended(customers));
    }

    /// There is another directory: customers' binds that it does not admit end.
    pub(crate) fn reloaded(&self) {
        self.outbox.post(Mail::Reloaded);
    }

    /// The binds on this thread, each with its place; asked for now, there when it has come round to it.
    pub(crate) fn binds(&self) -> oneshot::Receiver<Vec<(Origin, Bind)>> {
        let (answer, binds) = oneshot::channel();
        self.outbox.post(Mail::Binds(answer));
        binds
    }

    /// These sessions end in good order, those of them that still are.
    pub(crate) fn kick(&self, these: Vec<Origin>) {
        self.outbox.post(Mail::Kick(these));
    }

    /// It gives a sign of life; from itself it may have no reason to wake.
    pub(crate) fn ask_if_alive(&self) {
        self.outbox.post(Mail::AskedIfAlive);
    }

    /// Every session stops taking requests, answers what it owes and unbinds; no carrier is bound to any more.
    pub(crate) fn drain(&self) {
        self.outbox.post(Mail::Drain);
    }

    /// The thread ends, whatever it has.
    pub(crate) fn stop(&self) {
        self.outbox.post(Mail::Stop);
    }

    /// The thread itself; returns after [`stop`](IoThread::stop).
    pub(crate) fn run(self: &Arc<IoThread>, runtime: Runtime, common: &Arc<Common>) {
        let io = Rc::new(Io::new(self.clone(), common.clone()));
        tokio::task::LocalSet::new().block_on(&runtime, io.run());
        // A lookup of a name that hangs is not waited for.
        runtime.shutdown_background();
    }
}

/// The thread's own side.
pub(crate) struct Io {
    thread: Arc<IoThread>,
    pub(crate) common: Arc<Common>,
    table: RefCell<Table>,
    bench: RefCell<Bench>,
    /// Connections that the batch at hand has given something to write.
    dirty: RefCell<Vec<Rc<Conn>>>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    timers_moved: Notify,
    /// The engine has taken what filled the inbox.
    room: Notify,
    links: Links,
    pub(crate) calls: Calls,
    draining: Cell<bool>,
}

#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    conn: Option<Rc<Conn>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: Instant,
    slot: u32,
    generation: u32,
}

impl Io {
    fn new(thread: Arc<IoThread>, common: Arc<Common>) -> Io {
        Io {
            thread,
            table: RefCell::default(),
            bench: RefCell::new(Bench::new(common.taps.clone())),
            common,
            dirty: RefCell::default(),
            timers: RefCell::default(),
            timers_moved: Notify::new(),
            room: Notify::new(),
            links: Links::default(),
            calls: Calls::default(),
            draining: Cell::new(false),
        }
    }

    /// Whether the process is going down: nothing new begins.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    async fn run(self: Rc<Io>) {
        let pass_on_room = {
            let io = self.clone();
            async move {
                loop {
                    io.thread.inbox.room().await;
                    io.room.notify_waiters();
                }
            }
        };
        tokio::task::spawn_local(pass_on_room);
        let mut mail = Vec::new();
        loop {
            self.wait().await;
            self.thread.outbox.take(&mut mail);
            for mail in mail.drain(..) {
                match mail {
                    Mail::Outputs(outputs) => self.apply(outputs),
                    Mail::Accepted(accepted) => self.accept(*accepted),
                    Mail::Links(plans) => self.links.plan(&self, plans),
                    Mail::Unattended(customers) => self.calls.call(&self, customers),
                    Mail::Reloaded => self.judge_again(),
                    Mail::Binds(answer) => self.tell_binds(answer),
                    Mail::Kick(these) => self.kick(&these),
                    Mail::AskedIfAlive => self.thread.pulse.beat(),
                    Mail::Drain => self.drain(),
                    Mail::Stop => return,
                }
            }
            self.expire();
            self.write_dirty();
            // The sockets have their turn before the next batch, however fast batches come.
            tokio::task::yield_now().await;
        }
    }

    /// Waits for mail or for the next timer.
    async fn wait(&self) {
        loop {
            let next = self.timers.borrow().peek().map(|Reverse(timer)| timer.at);
            let due = async {
                match next {
                    Some(at) => tokio::time::sleep_until(self.common.clock.std(at).into()).await,
                    None => core::future::pending().await,
                }
            };
            tokio::select! {
                () = self.thread.outbox.arrived() => return,
                () = due => return,
                () = self.timers_moved.notified() => {}
            }
        }
    }

    // ---- connections ----

    fn accept(self: &Rc<Io>, accepted: Accepted) {
        let Accepted { socket, guest } = accepted;
        let Ok(mut socket) = TcpStream::from_std(socket) else {
            return;
        };
        let io = self.clone();
        tokio::task::spawn_local(async move {
            if let Some(guest) = io.introduce(&mut socket, guest).await {
                io.attend(socket, guest).await;
            }
        });
    }

    /// Finds out who it is, if somebody else speaks for them. None: it is over.
    async fn introduce(&self, socket: &mut TcpStream, mut guest: Guest) -> Option<Guest> {
        if !guest.proxy {
            return Some(guest);
        }
        let proxy = guest.remote;
        match proxy::hear(socket).await {
            Ok(Heard::Itself) => {}
            Ok(Heard::Nothing) => return None,
            Ok(Heard::For(remote)) => {
                guest.remote = remote;
                drop(guest.ticket);
                let limits = self.common.directory().gateway.connections;
                let ticket = self.common.unbound.admit(Some(remote.ip()), &limits);
                let ticket = ticket.inspect_err(|crowded| self.common.turn_away(remote, *crowded));
                guest.ticket = ticket.ok()?;
            }
            Err(error) => {
                self.common.metrics.turn_away("no PROXY header");
                tracing::warn!(%proxy, error, "closed: a load balancer did not say for whom it speaks; set it to send the PROXY protocol, version 2, or take its address out of proxy_from");
                return None;
            }
        }
        Some(guest)
    }

    async fn attend(self: &Rc<Io>, socket: TcpStream, guest: Guest) {
        let Guest {
            remote,
            tls,
            ticket,
            place,
            ..
        } = guest;
        if self.is_draining() {
            return;
        }
        let wire = match tls.map(rustls::ServerConnection::new).transpose() {
            Ok(None) => Wire::Plain,
            Ok(Some(connection)) => Wire::tls(connection),
            Err(error) => {
                tracing::error!(%error, "TLS could not begin");
                return;
            }
        };
        let log = SessionLog::customer(remote, &self.common.metrics);
        let settings = self.customer_settings();
        let conn = self.open(socket, wire, log, |at, now| {
            Peer::Customer(Box::new(Customer::new(at, settings, now)))
        });
        {
            let state = &mut *conn.state.borrow_mut();
            (state.ticket, state.place) = (Some(ticket), Some(place));
        }
        self.drive(&conn).await;
    }

    /// How a session with somebody begins who has not said who it is.
    pub(crate) fn customer_settings(&self) -> Settings {
        let limits = self.common.directory().gateway.connections;
        Settings {
            session_init: limits.session_init,
            bind_tries: limits.bind_tries,
            partial_pdu: limits.partial_pdu,
            frame_cap_unbound: limits.frame_unbound_max as usize,
            frame_cap_bound: limits.frame_max as usize,
            ..Settings::default()
        }
    }

    /// A place for a connection of ours to somebody.
    pub(crate) fn place(&self) -> Place {
        Place::on(&self.thread, &self.common)
    }

    /// Gives a connection its name on this thread. [`drive`](Io::drive) has to be called next.
    pub(crate) fn open(
        &self,
        socket: TcpStream,
        wire: Wire,
        log: SessionLog,
        peer: impl FnOnce(Origin, Now) -> Peer,
    ) -> Rc<Conn> {
        let table = &mut *self.table.borrow_mut();
        let slot = table.free.pop().unwrap_or_else(|| {
            table.slots.push(Slot::default());
            u32::try_from(table.slots.len() - 1).expect("fewer sockets than that")
        });
        let entry = &mut table.slots[slot as usize];
        let at = Origin {
            io: self.thread.number,
            slot,
            generation: entry.generation,
            sequence: 0,
        };
        let now = self.common.clock.now();
        let limits = self.common.directory().gateway.connections;
        let patience = Patience {
            write_stall: limits.write_stall,
            handshake_until: now.mono + limits.tls_handshake,
        };
        let conn = Rc::new(Conn::new(socket, at, wire, peer(at, now), log, patience));
        entry.conn = Some(conn.clone());
        conn
    }

    /// Moves the octets of one connection until it ends.
    pub(crate) async fn drive(self: &Rc<Io>, conn: &Rc<Conn>) -> End {
        let mut more = self.turn(conn, true);
        let end = loop {
            if let Reading::Over(end) = conn.state.borrow().reading {
                break end;
            }
            if more {
                // A peer that sends without end does not keep the others waiting.
                tokio::task::yield_now().await;
            } else {
                self.something_to_do(conn).await;
            }
            more = self.turn(conn, !self.thread.inbox.is_full());
        };
        self.close(conn, end).await;
        end
    }

    /// Waits until a turn of the connection can move something.
    async fn something_to_do(&self, conn: &Conn) {
        let (open, blocked) = {
            let state = conn.state.borrow();
            (state.reading == Reading::Open, state.is_blocked())
        };
        // The engine is behind: the socket stays unread, and the peer's window fills.
        let held = open && self.thread.inbox.is_full();
        tokio::select! {
            () = ready(&conn.socket, interest(open && !held, blocked)) => {}
            () = conn.wake.notified() => {}
            () = self.room.notified(), if held => {}
        }
    }

    /// One turn of a connection and all that follows from it. True when there may be more to read.
    fn turn(self: &Rc<Io>, conn: &Rc<Conn>, read: bool) -> bool {
        let now = self.common.clock.now();
        let bench = &mut *self.bench.borrow_mut();
        let more = conn.turn(now, read, bench);
        self.follow(conn, now, bench);
        more
    }

    /// What a connection's turn means for the thread.
    fn follow(self: &Rc<Io>, conn: &Rc<Conn>, now: Now, bench: &mut Bench) {
        let state = &mut *conn.state.borrow_mut();
        for told in bench.told.drain(..) {
            match told {
                Told::Authenticate(credentials) => {
                    self.authenticate(conn, state, now, &credentials, &mut bench.inputs);
                }
                Told::Called(calling) => {
                    called::answer(&self.common, state, now, (conn.at, &calling));
                    // It has the bind to write, or has to end.
                    conn.wake.notify_one();
                }
                Told::Bound(version) => {
                    state.log.carrier_bound(version, now.mono);
                    if let Some(tell) = state.on_bound.take() {
                        // Only a bind that takes the place of another is waited for.
                        let _ = tell.send(());
                    }
                }
            }
        }
        state.log.notes(&mut bench.notes);
        state.log.inputs(&bench.inputs);
        state.log.count(now.mono);
        self.thread.inbox.post(&mut bench.inputs);
        let at = state.deadline().map(|at| at.max(now.mono + TIMER_STEP));
        self.arm(conn.at, at, &mut state.armed);
    }

    fn authenticate(
        self: &Rc<Io>,
        conn: &Rc<Conn>,
        state: &mut State,
        now: Now,
        credentials: &Credentials,
        inputs: &mut Inputs,
    ) {
        let secure = state.wire.is_tls();
        let verdict = self
            .common
            .authenticate(credentials, state.log.remote(), secure);
        state.log.asked_to_bind(credentials, &verdict);
        match verdict {
            Err(denial) if !denial.delay.is_zero() => {
                // A socket that its peer has left is not kept for an answer that nobody reads.
                let (io, conn) = (self.clone(), Rc::downgrade(conn));
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(denial.delay).await;
                    if let Some(conn) = conn.upgrade() {
                        io.refuse(&conn, denial.refusal);
                    }
                });
            }
            verdict => {
                let verdict = verdict.map_err(|denial| denial.refusal);
                state.verdict(now, verdict, inputs);
                // What it sent after the bind has to be offered again.
                conn.wake.notify_one();
            }
        }
    }

    /// Gives the answer that was held back, if there is still somebody to hear it.
    fn refuse(&self, conn: &Rc<Conn>, refusal: BindRefusal) {
        let now = self.common.clock.now();
        let bench = &mut *self.bench.borrow_mut();
        conn.state
            .borrow_mut()
            .verdict(now, Err(refusal), &mut bench.inputs);
        self.thread.inbox.post(&mut bench.inputs);
        conn.wake.notify_one();
    }

    /// Writes what is left, tells everybody that it is over, and frees the place.
    async fn close(&self, conn: &Rc<Conn>, end: End) {
        {
            let bench = &mut *self.bench.borrow_mut();
            let state = &mut *conn.state.borrow_mut();
            state.peer.ended(&mut bench.inputs);
            self.thread.inbox.post(&mut bench.inputs);
            state.ticket = None;
            state.told_end(end, self.common.clock.mono());
        }
        if !matches!(
            end,
            End::Session(CloseReason::Transport | CloseReason::WriteStall)
        ) {
            // What ends the session, such as unbind_resp, is to arrive: a close with octets unread would destroy it.
            let _ = tokio::time::timeout(LINGER, self.linger(conn)).await;
        }
        let table = &mut *self.table.borrow_mut();
        let slot = &mut table.slots[conn.at.slot as usize];
        slot.conn = None;
        slot.generation = slot.generation.wrapping_add(1);
        table.free.push(conn.at.slot);
    }

    async fn linger(&self, conn: &Rc<Conn>) {
        while {
            let state = &mut *conn.state.borrow_mut();
            state.write(&conn.socket, self.common.clock.now(), &self.common.taps);
            state.is_blocked()
        } {
            ready(&conn.socket, Some(Interest::WRITABLE)).await;
        }
        conn.state.borrow_mut().wire.end(&conn.socket);
        loop {
            ready(&conn.socket, Some(Interest::READABLE)).await;
            let scratch = &mut self.bench.borrow_mut().scratch;
            match conn.socket.try_read(scratch) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    // ---- the engine's decisions ----

    fn apply(&self, outputs: Arc<Outputs>) {
        let now = self.common.clock.now();
        {
            let table = &*self.table.borrow();
            let bench = &mut *self.bench.borrow_mut();
            let dirty = &mut *self.dirty.borrow_mut();
            for output in outputs.iter() {
                let to = output.to();
                if to.io != self.thread.number {
                    continue;
                }
                let Some(conn) = table.find(to) else {
                    // The connection ended while the engine made room for it.
                    if let Output::Bound { bind, .. } = *output {
                        bench.inputs.push(Input::Unbound(bind));
                    }
                    continue;
                };
                conn.state
                    .borrow_mut()
                    .output(now, output, &outputs, &mut bench.inputs);
                if !conn.dirty.replace(true) {
                    dirty.push(conn.clone());
                }
            }
            self.thread.inbox.post(&mut bench.inputs);
        }
        self.give_back(outputs);
    }

    /// The last thread to be done with a batch gives its room back to the engine.
    fn give_back(&self, outputs: Arc<Outputs>) {
        if let Some(mut outputs) = Arc::into_inner(outputs) {
            outputs.clear();
            let mut spent = lock(&self.common.spent);
            if spent.len() < SPENT_MAX {
                spent.push(outputs);
            }
        }
    }

    /// One write for each connection that the batches had something for.
    fn write_dirty(self: &Rc<Io>) {
        let mut dirty = core::mem::take(&mut *self.dirty.borrow_mut());
        for conn in dirty.drain(..) {
            conn.dirty.set(false);
            let before = conn.state.borrow().reading;
            self.turn(&conn, false);
            let state = conn.state.borrow();
            // Its task waits for the socket: it has to look again if it now reads, writes or ends.
            let over = matches!(state.reading, Reading::Over(_));
            if over || state.reading != before || state.is_blocked() {
                conn.wake.notify_one();
            }
        }
        *self.dirty.borrow_mut() = dirty;
    }

    fn drain(&self) {
        self.draining.set(true);
        self.links.end();
        let now = self.common.clock.now();
        let conns: Vec<Rc<Conn>> = self.table.borrow().conns().cloned().collect();
        for conn in conns {
            self.drain_one(&conn, now);
        }
    }

    /// Ends the binds that the directory as it is now would not let in.
    fn judge_again(&self) {
        let directory = self.common.directory();
        let now = self.common.clock.now();
        let conns: Vec<Rc<Conn>> = self.table.borrow().conns().cloned().collect();
        for conn in conns {
            let state = conn.state.borrow();
            let verdict = match &state.admitted {
                Some(admitted) => directory.accounts.admits_still(admitted),
                None => Ok(()),
            };
            let called = state.called.as_ref();
            let hangs_up = called.is_some_and(|called| !called.may_stay(&directory, &state));
            if let Err(why) = verdict {
                state.log.not_admitted_any_more(why);
            } else if !hangs_up {
                continue;
            }
            drop(state);
            self.drain_one(&conn, now);
        }
    }

    fn tell_binds(&self, answer: oneshot::Sender<Vec<(Origin, Bind)>>) {
        let now = self.common.clock.mono();
        let table = self.table.borrow();
        let bind = |conn: &Rc<Conn>| {
            let at = conn.at;
            let id = format!("{}-{}-{}", at.io, at.slot, at.generation);
            Some((at, Bind::of(id, &conn.state.borrow(), now)?))
        };
        // Whoever asked may have gone.
        let _ = answer.send(table.conns().filter_map(bind).collect());
    }

    fn kick(&self, these: &[Origin]) {
        let now = self.common.clock.now();
        for &at in these {
            let found = self.table.borrow().find(at).cloned();
            if let Some(conn) = found {
                conn.state.borrow().log.kicked();
                self.drain_one(&conn, now);
            }
        }
    }

    /// A bind to a carrier that is not wanted any more ends when nothing is in flight on it.
    pub(crate) fn retire(&self, conn: &Rc<Conn>) {
        let bench = &mut *self.bench.borrow_mut();
        let now = self.common.clock.now();
        conn.state.borrow_mut().peer.retire(now, &mut bench.inputs);
        self.thread.inbox.post(&mut bench.inputs);
        self.mark(conn);
        conn.wake.notify_one();
    }

    /// This session takes no more requests, answers what it owes and unbinds.
    fn drain_one(&self, conn: &Rc<Conn>, now: Now) {
        conn.state.borrow_mut().peer.drain(now);
        self.mark(conn);
    }

    /// The connection has something to write, or to look at, after this batch.
    fn mark(&self, conn: &Rc<Conn>) {
        if !conn.dirty.replace(true) {
            self.dirty.borrow_mut().push(conn.clone());
        }
    }

    // ---- deadlines ----

    /// Sets a timer for a connection unless an earlier one is set already: then that one looks again.
    fn arm(&self, at: Origin, deadline: Option<Instant>, armed: &mut Option<Instant>) {
        let Some(deadline) = deadline else {
            return;
        };
        if armed.is_some_and(|armed| armed <= deadline) {
            return;
        }
        *armed = Some(deadline);
        let mut timers = self.timers.borrow_mut();
        let first = timers
            .peek()
            .is_none_or(|Reverse(timer)| deadline < timer.at);
        timers.push(Reverse(Timer {
            at: deadline,
            slot: at.slot,
            generation: at.generation,
        }));
        if first {
            self.timers_moved.notify_one();
        }
    }

    /// Tells every connection whose time has come.
    fn expire(self: &Rc<Io>) {
        let now = self.common.clock.now();
        while let Some(conn) = self.next_due(now.mono) {
            let bench = &mut *self.bench.borrow_mut();
            {
                let state = &mut *conn.state.borrow_mut();
                if state.armed.is_some_and(|armed| armed <= now.mono) {
                    state.armed = None;
                }
                if state.deadline().is_some_and(|at| at <= now.mono) {
                    state.timeout(now, bench);
                    self.mark(&conn);
                }
            }
            self.follow(&conn, now, bench);
        }
    }

    /// The next connection whose timer has run out. A timer of a connection that is gone is nobody's.
    fn next_due(&self, now: Instant) -> Option<Rc<Conn>> {
        let mut timers = self.timers.borrow_mut();
        while timers.peek().is_some_and(|Reverse(timer)| timer.at <= now) {
            let Reverse(timer) = timers.pop()?;
            let at = Origin {
                slot: timer.slot,
                generation: timer.generation,
                ..Origin::default()
            };
            if let Some(conn) = self.table.borrow().find(at) {
                return Some(conn.clone());
            }
        }
        None
    }
}

impl Table {
    fn find(&self, at: Origin) -> Option<&Rc<Conn>> {
        let slot = self.slots.get(at.slot as usize)?;
        slot.conn
            .as_ref()
            .filter(|_| slot.generation == at.generation)
    }

    fn conns(&self) -> impl Iterator<Item = &Rc<Conn>> {
        self.slots.iter().filter_map(|slot| slot.conn.as_ref())
    }
}

fn interest(read: bool, write: bool) -> Option<Interest> {
    match (read, write) {
        (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
        (true, false) => Some(Interest::READABLE),
        (false, true) => Some(Interest::WRITABLE),
        (false, false) => None,
    }
}

/// Waits until the socket can do one of these; for ever if none is wanted. What is wrong with it the next read or write tells.
async fn ready(socket: &TcpStream, interest: Option<Interest>) {
    match interest {
        Some(interest) => {
            let _ = socket.ready(interest).await;
        }
        None => core::future::pending().await,
    }
}
