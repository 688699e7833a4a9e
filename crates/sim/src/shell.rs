//! The I/O thread of a simulated process: its connections, and the links to carriers that it keeps up.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{CustomerId, Input, Inputs, Origin, Output, Outputs};
use peer::carrier::Carrier;
use peer::customer::Customer;
use peer::{Account, Credentials, Flow, Notes, Profile};
use smpp::session::{BindKind, Settings};
use smpp::status::{self, Status};
use sms::{Instant, Now};

use crate::env::{Env, MS, NodeEvent, SECOND};
use crate::pipe::{End, PipeId, Who};
use crate::plan::{ConnectorPlan, CustomerPlan, Plan};

/// Octets that one read takes at most.
const READ_OCTETS: usize = 64 << 10;
/// A timer is set no closer than this.
const TIMER_STEP: Duration = Duration::from_millis(1);
/// A bind that stood so long was a good one: the next failure is the first again.
const GOOD_AFTER: u64 = 60 * SECOND;
/// How long wrong credentials wait for their answer.
const DENIAL_DELAY: u64 = SECOND;

pub(crate) struct Shell {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_pipe: BTreeMap<PipeId, u32>,
    dirty: Vec<u32>,
    links: Vec<Link>,
    plans: u64,
    draining: bool,
    accounts: BTreeMap<Vec<u8>, Arc<Account>>,
    write_stall: Duration,
    /// For the engine.
    pub(crate) inputs: Inputs,
    notes: Notes,
    /// Timers that are to be set.
    pub(crate) timers: Vec<(Instant, u32, u32)>,
    /// What is to happen later.
    pub(crate) later: Vec<(u64, NodeEvent)>,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    conn: Option<Conn>,
}

struct Conn {
    pipe: PipeId,
    at: Origin,
    peer: Peer,
    link: Option<usize>,
    /// What came and is not consumed.
    rest: Vec<u8>,
    consumed: u64,
    eof: bool,
    reading: Reading,
    blocked: Option<Instant>,
    armed: Option<Instant>,
    dirty: bool,
    bound_since: Option<u64>,
}

enum Peer {
    Customer(Box<Customer>),
    Carrier(Box<Carrier>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reading {
    Open,
    Paused,
    Over,
}

/// One bind to a carrier that is to stand.
struct Link {
    connector: usize,
    kind: BindKind,
    number: u16,
    generation: u64,
    profile: Arc<Profile>,
    reconnect: (Duration, Duration),
    /// Which of all plans it was made by: attempts of an earlier one are nobody's.
    plan: u64,
    ended: bool,
    slot: Option<u32>,
    failures: u32,
}

impl Shell {
    pub(crate) fn new() -> Shell {
        Shell {
            slots: Vec::new(),
            free: Vec::new(),
            by_pipe: BTreeMap::new(),
            dirty: Vec::new(),
            links: Vec::new(),
            plans: 0,
            draining: false,
            accounts: BTreeMap::new(),
            write_stall: Duration::from_secs(30),
            inputs: Inputs::default(),
            notes: Notes::default(),
            timers: Vec::new(),
            later: Vec::new(),
        }
    }

    /// Makes accounts and links those of `plan`: a link that is wanted still stays as it is.
    pub(crate) fn apply(&mut self, env: &mut Env, now: Now, plan: &Plan) {
        if self.draining {
            return;
        }
        self.write_stall = plan.write_stall;
        let known = |plan: &&CustomerPlan| plan.customer.enabled && !plan.gone;
        let accounts = plan.customers.iter().filter(known);
        self.accounts = accounts
            .map(|plan| {
                let system_id = plan.account.system_id.clone().into_bytes();
                (system_id, Arc::new(plan.account.clone()))
            })
            .collect();
        self.plans += 1;
        for link in 0..self.links.len() {
            let Link {
                connector,
                kind,
                number,
                generation,
                ended,
                ..
            } = self.links[link];
            let wanted = &plan.connectors[connector];
            let stays = wanted.generation == generation
                && wanted.all_binds().any(|bind| bind == (kind, number));
            if !ended && !stays {
                self.end_link(env, now, link);
            }
        }
        for (connector, wanted) in plan.connectors.iter().enumerate() {
            for bind in wanted.all_binds() {
                let stands = |link: &Link| {
                    !link.ended && link.connector == connector && (link.kind, link.number) == bind
                };
                if !self.links.iter().any(stands) {
                    self.begin_link(connector, bind, wanted);
                }
            }
        }
    }

    fn begin_link(
        &mut self,
        connector: usize,
        (kind, number): (BindKind, u16),
        wanted: &ConnectorPlan,
    ) {
        self.links.push(Link {
            connector,
            kind,
            number,
            generation: wanted.generation,
            profile: Arc::new(Profile {
                kind,
                ..wanted.profile.clone()
            }),
            reconnect: wanted.reconnect,
            plan: self.plans,
            ended: false,
            slot: None,
            failures: 0,
        });
        let link = self.links.len() - 1;
        let plan = self.plans;
        self.later.push((MS, NodeEvent::Connect { link, plan }));
    }

    fn end_link(&mut self, env: &mut Env, now: Now, link: usize) {
        self.links[link].ended = true;
        env.say(format_args!(
            "node: ends its link to carrier{}",
            self.links[link].connector + 1
        ));
        let Some(slot) = self.links[link].slot else {
            return;
        };
        if let Some(conn) = &mut self.slots[slot as usize].conn {
            if let Peer::Carrier(carrier) = &mut conn.peer {
                carrier.retire(now, &mut self.inputs);
            }
            self.mark(slot);
        }
    }

    /// Nothing new begins; sessions answer what they owe and unbind.
    pub(crate) fn drain(&mut self, env: &mut Env, now: Now) {
        self.draining = true;
        for link in &mut self.links {
            link.ended = true;
        }
        for slot in 0..self.slots.len() as u32 {
            if let Some(conn) = &mut self.slots[slot as usize].conn {
                conn.peer.drain(now);
                self.mark(slot);
            }
        }
        self.write_dirty(env, now);
    }

    /// An operator ends one of the binds; it may be made again at once.
    pub(crate) fn kick(&mut self, env: &mut Env, now: Now, which: u64) {
        let taken = |slot: &u32| self.slots[*slot as usize].conn.is_some();
        let slots: Vec<u32> = (0..self.slots.len() as u32).filter(taken).collect();
        if slots.is_empty() {
            return;
        }
        let slot = slots[(which % slots.len() as u64) as usize];
        if let Some(conn) = &mut self.slots[slot as usize].conn {
            conn.peer.drain(now);
            self.mark(slot);
        }
        self.write_dirty(env, now);
    }

    pub(crate) fn happens(&mut self, env: &mut Env, now: Now, event: &NodeEvent) {
        match *event {
            NodeEvent::Timer { slot, generation } => self.expire(env, now, slot, generation),
            NodeEvent::Accept(pipe) => self.accept(env, now, pipe),
            NodeEvent::Connect { link, plan } => self.connect(env, now, link, plan),
            NodeEvent::Verdict { slot, generation } => {
                if self.find(slot, generation).is_some() {
                    self.decide(now, slot, Err(status::RINVPASWD));
                    self.turn(env, now, slot, false);
                }
            }
            NodeEvent::Turn
            | NodeEvent::Mail
            | NodeEvent::Written
            | NodeEvent::WriteAgain
            | NodeEvent::Look
            | NodeEvent::SnapshotWritten
            | NodeEvent::ColdDone => {}
        }
    }

    pub(crate) fn pipes(&self) -> Vec<PipeId> {
        self.by_pipe.keys().copied().collect()
    }

    // ---- connections ----

    fn accept(&mut self, env: &mut Env, now: Now, pipe: PipeId) {
        if self.draining {
            env.abandon(pipe, true);
            return;
        }
        self.open(env, now, pipe, None, |at| {
            let customer = Customer::new(at, Settings::default(), now);
            Peer::Customer(Box::new(customer))
        });
    }

    fn connect(&mut self, env: &mut Env, now: Now, link: usize, plan: u64) {
        let Link {
            connector,
            plan: made_by,
            ended,
            ref profile,
            ..
        } = self.links[link];
        if ended || plan != made_by {
            return;
        }
        let profile = profile.clone();
        if env.net.shut.contains(&connector) {
            self.link_failed(env, link);
            return;
        }
        let pipe = env.open(Who::Carrier(connector));
        env.say(format_args!(
            "node: connects to carrier{} as pipe {}",
            connector + 1,
            pipe.0
        ));
        let slot = self.open(env, now, pipe, Some(link), |at| {
            Peer::Carrier(Box::new(Carrier::new(at, profile, now)))
        });
        self.links[link].slot = slot;
    }

    fn link_failed(&mut self, env: &mut Env, link: usize) {
        let number = link;
        let link = &mut self.links[number];
        link.slot = None;
        if link.ended {
            return;
        }
        let (first, cap) = link.reconnect;
        let wait = first.saturating_mul(1 << link.failures.min(16)).min(cap);
        link.failures = link.failures.saturating_add(1);
        let wait = wait.as_nanos() as u64 * env.random.between(800, 1200) / 1000;
        let plan = link.plan;
        self.later
            .push((wait, NodeEvent::Connect { link: number, plan }));
    }

    /// Gives a connection its place.
    fn open(
        &mut self,
        env: &mut Env,
        now: Now,
        pipe: PipeId,
        link: Option<usize>,
        peer: impl FnOnce(Origin) -> Peer,
    ) -> Option<u32> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let generation = self.slots[slot as usize].generation;
        let at = Origin {
            io: 0,
            slot,
            generation,
            sequence: 0,
        };
        self.slots[slot as usize].conn = Some(Conn {
            pipe,
            at,
            peer: peer(at),
            link,
            rest: Vec::new(),
            consumed: 0,
            eof: false,
            reading: Reading::Open,
            blocked: None,
            armed: None,
            dirty: false,
            bound_since: None,
        });
        self.by_pipe.insert(pipe, slot);
        self.turn(env, now, slot, true);
        self.slots[slot as usize].conn.as_ref().map(|_| slot)
    }

    /// Octets have come, or room to write.
    pub(crate) fn stirs(&mut self, env: &mut Env, now: Now, pipe: PipeId) {
        if let Some(&slot) = self.by_pipe.get(&pipe) {
            self.turn(env, now, slot, true);
        }
    }

    /// The connection has failed.
    pub(crate) fn gone(&mut self, env: &mut Env, now: Now, pipe: PipeId) {
        if let Some(&slot) = self.by_pipe.get(&pipe) {
            if let Some(conn) = &mut self.slots[slot as usize].conn {
                conn.reading = Reading::Over;
            }
            self.close(env, now, slot, false);
        }
    }

    /// Moves octets: offers what is left over, reads if the session wants more, writes what it has to say.
    fn turn(&mut self, env: &mut Env, now: Now, slot: u32, read: bool) {
        let Some(mut conn) = self.slots[slot as usize].conn.take() else {
            return;
        };
        if conn.reading != Reading::Over && (!read || conn.reading == Reading::Paused) {
            self.offer(env, now, slot, &mut conn);
        }
        while read && conn.reading == Reading::Open {
            let (octets, over) = env.read(conn.pipe, End::Node, READ_OCTETS);
            if octets.is_empty() {
                if over {
                    conn.eof = true;
                    conn.reading = Reading::Over;
                }
                break;
            }
            conn.rest.extend_from_slice(&octets);
            self.offer(env, now, slot, &mut conn);
        }
        conn.write(env, now.mono);
        let over = conn.reading == Reading::Over;
        self.slots[slot as usize].conn = Some(conn);
        if over {
            self.close(env, now, slot, true);
        } else {
            self.arm(now, slot);
        }
    }

    /// Gives the session octets until it wants more, wants a pause or ends.
    fn offer(&mut self, env: &mut Env, now: Now, slot: u32, conn: &mut Conn) {
        let rest = core::mem::take(&mut conn.rest);
        let mut octets = &rest[..];
        loop {
            let flow = match &mut conn.peer {
                Peer::Customer(customer) => {
                    customer.receive(now, &mut octets, &mut self.inputs, &mut self.notes)
                }
                Peer::Carrier(carrier) => {
                    carrier.receive(now, &mut octets, &mut self.inputs, &mut self.notes)
                }
            };
            conn.reading = match flow {
                Flow::Incomplete => Reading::Open,
                Flow::Paused => Reading::Paused,
                Flow::Authenticate(credentials) => {
                    if self.authenticate(now, slot, conn, &credentials) {
                        continue;
                    }
                    Reading::Paused
                }
                Flow::Bound(_) => {
                    conn.bound_since = Some(env.now);
                    continue;
                }
                // No carrier of this world calls.
                Flow::Called(_) | Flow::BindFailed(_) | Flow::Closed(_) => Reading::Over,
            };
            break;
        }
        conn.consumed += (rest.len() - octets.len()) as u64;
        conn.rest = octets.to_vec();
        env.consumed(conn.pipe, End::Node, conn.consumed);
    }

    /// Whether there is a verdict at once.
    fn authenticate(
        &mut self,
        now: Now,
        slot: u32,
        conn: &mut Conn,
        credentials: &Credentials,
    ) -> bool {
        let account = self.accounts.get(&credentials.system_id).cloned();
        let Some(account) = account else {
            let generation = conn.at.generation;
            self.later
                .push((DENIAL_DELAY, NodeEvent::Verdict { slot, generation }));
            return false;
        };
        if let Peer::Customer(customer) = &mut conn.peer {
            customer.authenticated(now, Ok(account), &mut self.inputs);
        }
        true
    }

    fn decide(&mut self, now: Now, slot: u32, verdict: Result<Arc<Account>, Status>) {
        if let Some(conn) = &mut self.slots[slot as usize].conn
            && let Peer::Customer(customer) = &mut conn.peer
        {
            customer.authenticated(now, verdict.map_err(Into::into), &mut self.inputs);
        }
    }

    fn find(&mut self, slot: u32, generation: u32) -> Option<&mut Conn> {
        let held = self.slots.get_mut(slot as usize)?;
        held.conn.as_mut().filter(|_| held.generation == generation)
    }

    /// Writes what is left, tells everybody that it is over, and frees the place.
    fn close(&mut self, env: &mut Env, now: Now, slot: u32, in_order: bool) {
        let held = &mut self.slots[slot as usize];
        let Some(mut conn) = held.conn.take() else {
            return;
        };
        held.generation = held.generation.wrapping_add(1);
        self.free.push(slot);
        self.by_pipe.remove(&conn.pipe);
        conn.peer.ended(&mut self.inputs);
        if in_order {
            conn.write(env, now.mono);
        }
        env.close(conn.pipe, End::Node);
        env.say(format_args!("node: pipe {} is closed", conn.pipe.0));
        if let Some(link) = conn.link {
            let stood = conn.bound_since.map_or(0, |since| env.now - since);
            if stood >= GOOD_AFTER {
                self.links[link].failures = 0;
            }
            self.link_failed(env, link);
        }
    }

    // ---- the engine's decisions ----

    /// The carrier at the other end of a connection, by its place in the plan.
    pub(crate) fn carrier_at(&self, at: Origin) -> Option<usize> {
        let link = self.conn_at(at)?.link?;
        Some(self.links[link].connector)
    }

    /// The customer at the other end of a connection.
    pub(crate) fn customer_at(&self, at: Origin) -> Option<CustomerId> {
        match &self.conn_at(at)?.peer {
            Peer::Customer(customer) => customer.account().map(|account| account.customer),
            Peer::Carrier(_) => None,
        }
    }

    fn conn_at(&self, at: Origin) -> Option<&Conn> {
        let held = self.slots.get(at.slot as usize)?;
        held.conn
            .as_ref()
            .filter(|_| held.generation == at.generation)
    }

    pub(crate) fn output(&mut self, now: Now, output: &Output, batch: &Outputs) {
        let to = output.to();
        let held = self.slots.get_mut(to.slot as usize);
        let conn = held
            .filter(|held| held.generation == to.generation)
            .and_then(|held| held.conn.as_mut());
        let Some(conn) = conn else {
            // The connection ended while the engine made room for it.
            if let Output::Bound { bind, .. } = *output {
                self.inputs.push(Input::Unbound(bind));
            }
            return;
        };
        match &mut conn.peer {
            Peer::Customer(customer) => customer.output(now, output, batch, &mut self.inputs),
            Peer::Carrier(carrier) => carrier.output(now, output, batch, &mut self.inputs),
        }
        self.mark(to.slot);
    }

    fn mark(&mut self, slot: u32) {
        if let Some(conn) = &mut self.slots[slot as usize].conn
            && !core::mem::replace(&mut conn.dirty, true)
        {
            self.dirty.push(slot);
        }
    }

    /// One write for each connection that the batches had something for.
    pub(crate) fn write_dirty(&mut self, env: &mut Env, now: Now) {
        for slot in core::mem::take(&mut self.dirty) {
            let Some(conn) = &mut self.slots[slot as usize].conn else {
                continue;
            };
            conn.dirty = false;
            let paused = conn.reading == Reading::Paused;
            // What was left unread while it paused is read in its own turn.
            self.turn(env, now, slot, false);
            let reads = self.slots[slot as usize]
                .conn
                .as_ref()
                .is_some_and(|conn| conn.reading == Reading::Open);
            if paused && reads {
                self.turn(env, now, slot, true);
            }
        }
    }

    // ---- deadlines ----

    fn arm(&mut self, now: Now, slot: u32) {
        let stall = self.write_stall;
        let Some(conn) = &mut self.slots[slot as usize].conn else {
            return;
        };
        let Some(deadline) = conn.deadline(stall) else {
            return;
        };
        let deadline = deadline.max(now.mono + TIMER_STEP);
        if conn.armed.is_some_and(|armed| armed <= deadline) {
            return;
        }
        conn.armed = Some(deadline);
        self.timers.push((deadline, slot, conn.at.generation));
    }

    fn expire(&mut self, env: &mut Env, now: Now, slot: u32, generation: u32) {
        let stall = self.write_stall;
        let Some(conn) = self.find(slot, generation) else {
            return;
        };
        if conn.armed.is_some_and(|armed| armed <= now.mono) {
            conn.armed = None;
        }
        if conn.deadline(stall).is_none_or(|at| at > now.mono) {
            self.arm(now, slot);
            return;
        }
        if conn.blocked.is_some_and(|since| since + stall <= now.mono) {
            conn.reading = Reading::Over;
            self.close(env, now, slot, false);
            return;
        }
        let Some(mut conn) = self.slots[slot as usize].conn.take() else {
            return;
        };
        let flow = match &mut conn.peer {
            Peer::Customer(customer) => customer.timeout(now, &mut self.inputs, &mut self.notes),
            Peer::Carrier(carrier) => carrier.timeout(now, &mut self.inputs, &mut self.notes),
        };
        if let Flow::Closed(reason) = &flow {
            env.say(format_args!("node: pipe {} ends: {reason:?}", conn.pipe.0));
        }
        if matches!(flow, Flow::Closed(_) | Flow::BindFailed(_)) {
            conn.reading = Reading::Over;
        }
        self.slots[slot as usize].conn = Some(conn);
        self.turn(env, now, slot, false);
    }
}

impl Conn {
    /// Writes as far as the socket takes it.
    fn write(&mut self, env: &mut Env, now: Instant) {
        let transmit = match &mut self.peer {
            Peer::Customer(customer) => customer.transmit(),
            Peer::Carrier(carrier) => carrier.transmit(),
        };
        if transmit.is_empty() {
            self.blocked = None;
            return;
        }
        let taken = env.write(self.pipe, End::Node, transmit);
        let _ = transmit.split_to(taken);
        self.blocked = match (transmit.is_empty(), taken) {
            (true, _) => None,
            (false, 0) => self.blocked.or(Some(now)),
            (false, _) => Some(now),
        };
    }

    fn deadline(&self, write_stall: Duration) -> Option<Instant> {
        let session = match &self.peer {
            Peer::Customer(customer) => customer.deadline(),
            Peer::Carrier(carrier) => carrier.deadline(),
        };
        let stalled = self.blocked.map(|since| since + write_stall);
        session.into_iter().chain(stalled).min()
    }
}

impl Peer {
    fn drain(&mut self, now: Now) {
        match self {
            Peer::Customer(customer) => customer.drain(now),
            Peer::Carrier(carrier) => carrier.drain(now),
        }
    }

    fn ended(&mut self, inputs: &mut Inputs) {
        match self {
            Peer::Customer(customer) => customer.ended(inputs),
            Peer::Carrier(carrier) => carrier.ended(inputs),
        }
    }
}
