//! A simulated process: the engine thread with its gate and its journal. What the gateway does with threads and sockets is done
//! here with events and pipes, in the same order.

use std::collections::VecDeque;

use engine::{
    Amount, Command, Engine, Gate, Input, Inputs, Output, Outputs, Past, Position, Room, Step,
};
use journal::sim::SimDisk;
use sms::{Instant, Now, Wall};

use crate::env::{Env, Event, MS, NodeEvent, SECOND};
use crate::history::History;
use crate::plan::Plan;
use crate::planted::{self, Planted};
use crate::shell::Shell;
use crate::store::{Batch, Crash, DiskManner, FULL_RETRY, LOOK_INTERVAL, Store, Wrote};

/// Steps without an input in a row within one second: dispatch at a rate takes one for each message.
const WAKES_MAX: u32 = 300;

/// Octets that one batch of a small world may have.
const LONGEST_BATCH: u64 = 64 << 10;

/// Ends of messages that one run of a small world has.
const RUN_ROWS: usize = 50;

/// The longest sleep of the engine thread.
const PARK_MAX: u64 = SECOND;

pub(crate) struct Node {
    pub(crate) boot: u32,
    /// The origin of its monotonic clock.
    started: u64,
    plan: Plan,
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    pub(crate) shell: Shell,
    step: Step,
    gate: Gate,
    /// What the engine takes in its next step.
    inputs: Inputs,
    pending: Batch,
    given: usize,
    durable: Position,
    grown: u64,
    room: Room,
    wall: Wall,
    /// Batches for the I/O thread.
    mail: VecDeque<Outputs>,
    mail_set: bool,
    /// When the engine thread looks next.
    turn_at: Option<u64>,
    /// Which step was when, as long as it is not durable.
    steps: VecDeque<(Position, u64)>,
    /// What the node had heard before this time is durable.
    durable_until: u64,
    /// Steps without an input in this second.
    woken: (u64, u32),
    planted: Option<Planted>,
}

impl Node {
    /// Opens the journal and begins.
    pub(crate) fn start(
        env: &mut Env,
        boot: u32,
        disk: SimDisk,
        plan: &Plan,
        history: &mut History,
        planted: Option<Planted>,
    ) -> Result<Node, String> {
        let mut plan = plan.clone();
        if let Some(planted) = planted {
            planted::tamper_plan(planted, &mut plan);
        }
        let (store, engine, grown) = Store::open(disk, &plan.journal, planted)?;
        history.went_back_to(engine.position());
        history.compare("the recovered engine", &engine)?;
        let durable = engine.position();
        env.say(format_args!(
            "node: starts at position {} with {} messages",
            durable.0,
            engine.figures().messages
        ));
        let mut node = Node {
            boot,
            started: env.now,
            plan: plan.clone(),
            engine,
            store,
            shell: Shell::new(),
            step: Step::default(),
            gate: Gate::default(),
            inputs: Inputs::default(),
            pending: Batch::default(),
            given: 0,
            durable,
            grown,
            room: Room::Plenty,
            wall: Wall(0),
            mail: VecDeque::new(),
            mail_set: false,
            turn_at: None,
            steps: VecDeque::new(),
            durable_until: env.now,
            woken: (0, 0),
            planted,
        };
        let now = node.now(env);
        node.shell.apply(env, now, &plan);
        node.inputs.push(Input::Directory(plan.directory()));
        plan.credits().for_each(|credit| node.inputs.push(credit));
        node.follow(env);
        node.wake(env, MS / 10);
        node.schedule(env, LOOK_INTERVAL, NodeEvent::Look);
        Ok(node)
    }

    fn schedule(&self, env: &mut Env, delay: u64, event: NodeEvent) {
        let boot = self.boot;
        env.after(delay, Event::Node { boot, event });
    }

    /// Both clocks as this process reads them.
    pub(crate) fn now(&self, env: &Env) -> Now {
        Now {
            mono: self.mono(env.now),
            wall: env.wall(),
        }
    }

    fn mono(&self, at: u64) -> Instant {
        Instant(at - self.started + 1)
    }

    fn world_time(&self, at: Instant) -> u64 {
        (at.0 + self.started).saturating_sub(1)
    }

    /// The engine thread looks in `delay`, unless it looks earlier.
    pub(crate) fn wake(&mut self, env: &mut Env, delay: u64) {
        let at = env.now + delay;
        if self.turn_at.is_none_or(|turn| at < turn) {
            self.turn_at = Some(at);
            self.schedule(env, delay, NodeEvent::Turn);
        }
    }

    pub(crate) fn happens(
        &mut self,
        env: &mut Env,
        event: &NodeEvent,
        manner: &DiskManner,
        history: &mut History,
    ) -> Result<(), Died> {
        match *event {
            NodeEvent::Turn => self.turn(env, manner, history),
            NodeEvent::Mail => self.take_mail(env),
            NodeEvent::Written | NodeEvent::WriteAgain => return self.written(env, manner),
            NodeEvent::SnapshotWritten => self.store.write_snapshot(),
            NodeEvent::ColdDone => {
                if let Err(error) = self.store.do_cold(&mut self.inputs) {
                    env.violated(error);
                }
                self.wake(env, MS / 10);
            }
            NodeEvent::Look => {
                if self.store.look() {
                    let room = self.store.room();
                    env.say(format_args!("node: room on the disk is {room:?}"));
                    self.wake(env, MS / 10);
                }
                self.schedule(env, LOOK_INTERVAL, NodeEvent::Look);
            }
            NodeEvent::Timer { .. }
            | NodeEvent::Accept(_)
            | NodeEvent::Connect { .. }
            | NodeEvent::Verdict { .. } => {
                let now = self.now(env);
                self.shell.happens(env, now, event);
                self.follow(env);
            }
        }
        Ok(())
    }

    /// What the I/O thread found goes to the engine; its timers are set.
    pub(crate) fn follow(&mut self, env: &mut Env) {
        if let Some(planted) = self.planted {
            planted::tamper_inputs(planted, &mut self.shell.inputs);
        }
        if !self.shell.inputs.is_empty() {
            self.inputs.append(&mut self.shell.inputs);
            let delay = env.random.between(MS / 1000, MS / 5);
            self.wake(env, delay);
        }
        for (at, slot, generation) in core::mem::take(&mut self.shell.timers) {
            let delay = self.world_time(at).saturating_sub(env.now);
            self.schedule(env, delay, NodeEvent::Timer { slot, generation });
        }
        for (delay, event) in core::mem::take(&mut self.shell.later) {
            self.schedule(env, delay, event);
        }
    }

    // ---- the engine thread ----

    fn turn(&mut self, env: &mut Env, manner: &DiskManner, history: &mut History) {
        if self.turn_at.is_none_or(|at| at > env.now) {
            return; // An earlier one was here.
        }
        self.turn_at = None;
        self.step(env, history);
        self.write(env, manner);
        self.pass(env);
        self.park(env);
    }

    fn step(&mut self, env: &mut Env, history: &mut History) {
        if self.undurable() > self.plan.undurable_max {
            return;
        }
        let now = self.now(env);
        self.wall = self.wall.max(now.wall);
        let now = Now {
            wall: self.wall,
            ..now
        };
        let room = room(self.store.room());
        if room != self.room {
            self.room = room;
            self.inputs.push(Input::Room(room));
        }
        let due = self.engine.next_wake(now).is_some_and(|at| at <= now.mono);
        if self.inputs.is_empty() && !due {
            return;
        }
        self.check_restlessness(env, due && self.inputs.is_empty());
        for input in self.inputs.iter() {
            env.trace.detail(env.now, format_args!("<- {input:?}"));
        }
        self.engine.step(now, &mut self.inputs, &mut self.step);
        let mut records = &self.step.records[..];
        while let Some((_, octets)) = engine::next_record(&mut records) {
            let words = engine::describe_record(octets);
            env.trace.detail(env.now, format_args!("== {words}"));
        }
        if !self.step.records.is_empty() {
            history.add(self.step.after, &self.step.records);
            self.steps.push_back((self.step.after, env.now));
        }
        if let Some(planted) = self.planted {
            planted::tamper_step(planted, &mut self.step);
        }
        self.pending.records.extend_from_slice(&self.step.records);
        self.pending.last = self.step.after;
        let free = core::mem::take(&mut self.step.free);
        self.post(env, free);
        let mut gated = core::mem::take(&mut self.step.gated);
        if self.planted == Some(Planted::RunGoneTooEarly) {
            self.store.remove_cold(gated.spent());
            gated.spent().clear();
        }
        if self.planted == Some(Planted::AnsweredBeforeDurable) {
            self.post(env, gated);
        } else {
            self.gate.hold(self.step.after, gated);
        }
        for task in self.step.cold.drain(..) {
            self.store.cold.push_back(task);
            let latency = env.random.between(MS, 100 * MS);
            let (boot, event) = (self.boot, NodeEvent::ColdDone);
            env.after(latency, Event::Node { boot, event });
        }
        self.step.clear();
        self.check_bounds(env);
    }

    /// A step for nothing is one too many when it is the hundredth.
    fn check_restlessness(&mut self, env: &mut Env, woken: bool) {
        let second = env.now / SECOND;
        if !woken || self.woken.0 != second {
            self.woken = (second, 0);
        }
        self.woken.1 += u32::from(woken);
        if self.woken.1 > WAKES_MAX {
            env.violated("the engine wants to be woken again and again".to_owned());
        }
    }

    fn check_bounds(&self, env: &mut Env) {
        for (customer, balance) in self.engine.balances() {
            let place = customer.0 as usize - 1;
            let by_hand = env.oracle.granted_by_hand(place).last().copied();
            let granted = self.plan.granted(place);
            let granted = granted.map(|all| Amount(all.0 + by_hand.unwrap_or(0)));
            let parts = [balance.available(), balance.reserved, balance.spent];
            if parts.iter().any(|part| part.0 < 0)
                || granted.is_none_or(|all| balance.granted > all)
            {
                env.violated(format!(
                    "customer{} was granted {granted:?} and has {balance:?}",
                    customer.0
                ));
            }
        }
        let figures = self.engine.figures();
        let limits = &self.plan.limits;
        // What is known already may turn into receipts of its own; only new messages are refused.
        if figures.messages > limits.messages_max + 64 {
            env.violated(format!("{} messages are known", figures.messages));
        }
        let unmatched = (limits.unmatched_max * self.plan.connectors.len()) as u64;
        if figures.unmatched > unmatched {
            env.violated(format!("{} unmatched receipts are kept", figures.unmatched));
        }
    }

    fn write(&mut self, env: &mut Env, manner: &DiskManner) {
        if self.pending.records.is_empty() || self.store.writing.is_some() {
            return;
        }
        let mut batch = core::mem::take(&mut self.pending);
        self.pending.last = batch.last;
        self.given = batch.records.len();
        self.grown += self.given as u64;
        if self.grown >= self.plan.snapshot_every && self.store.takes_state() {
            self.grown = 0;
            batch.state = Some(self.engine.state());
        }
        self.store.writing = Some(batch);
        let latency = env.random.between(manner.latency.0, manner.latency.1);
        self.schedule(env, latency, NodeEvent::Written);
    }

    fn written(&mut self, env: &mut Env, manner: &DiskManner) -> Result<(), Died> {
        let fails = env.random.chance(manner.failing);
        match self.store.write(fails) {
            Wrote::Durable { last, snapshot } => {
                self.given = 0;
                self.durable = last;
                while let Some(&(position, at)) = self.steps.front()
                    && position <= last
                {
                    self.durable_until = at;
                    self.steps.pop_front();
                }
                if snapshot {
                    env.say(format_args!("node: writes a snapshot at {}", last.0));
                    let latency = env.random.between(MS, 200 * MS);
                    self.schedule(env, latency, NodeEvent::SnapshotWritten);
                }
                let delay = env.random.between(MS / 1000, MS / 20);
                self.wake(env, delay);
                Ok(())
            }
            Wrote::Held => {
                env.say(format_args!("node: the disk is full, a batch is held"));
                self.schedule(env, FULL_RETRY, NodeEvent::WriteAgain);
                Ok(())
            }
            Wrote::Failed => {
                env.say(format_args!("node: a sync failed, the process ends"));
                Err(Died)
            }
        }
    }

    fn pass(&mut self, env: &mut Env) {
        let mut past = Past::default();
        while let Some(mut outputs) = self.gate.pass(self.durable) {
            past.append(outputs.past());
            self.store.remove_cold(outputs.spent());
            self.post(env, outputs);
        }
        self.look_up(env, &past);
    }

    /// The history takes what has ended and answers what the engine could not.
    fn look_up(&mut self, env: &mut Env, past: &Past) {
        for end in &past.ended {
            self.store.runs.add(&end.row());
        }
        let mut answers = Outputs::default();
        for lookup in &past.lookups {
            let rows = self.store.runs.find(&lookup.beginning());
            match rows {
                Ok(rows) => answers.push(lookup.answer(&rows)),
                Err(error) => env.violated(format!("the history cannot be read: {error}")),
            }
        }
        self.post(env, answers);
        let full = self.store.runs.fresh() >= RUN_ROWS;
        if full || self.store.waits_for_history() {
            let now = env.wall().0;
            if !self.store.write_history(self.durable, now) {
                env.say(format_args!(
                    "node: no room for the history, it is forgotten"
                ));
                env.oracle.history_forgotten(env.now);
            }
        }
    }

    fn post(&mut self, env: &mut Env, mut outputs: Outputs) {
        for (ticket, report) in core::mem::take(outputs.reports()) {
            if let Some(next) = env.reported(ticket, &report) {
                self.order(env, ticket, next);
            }
        }
        if outputs.is_empty() {
            return;
        }
        self.mail.push_back(outputs);
        if !core::mem::replace(&mut self.mail_set, true) {
            let delay = env.random.between(MS / 1000, MS / 10);
            self.schedule(env, delay, NodeEvent::Mail);
        }
    }

    fn park(&mut self, env: &mut Env) {
        let now = Now {
            wall: self.wall.max(env.wall()),
            mono: self.mono(env.now),
        };
        let due = self
            .engine
            .next_wake(now)
            .filter(|_| self.undurable() <= self.plan.undurable_max);
        let wait = due.map_or(PARK_MAX, |at| {
            self.world_time(at).saturating_sub(env.now).min(PARK_MAX)
        });
        // What is due already waits for the journal, which wakes the thread.
        self.wake(env, wait.max(MS / 100));
    }

    fn undurable(&self) -> usize {
        self.pending.records.len() + self.given
    }

    fn take_mail(&mut self, env: &mut Env) {
        self.mail_set = false;
        let now = self.now(env);
        while let Some(mut outputs) = self.mail.pop_front() {
            if let Some(planted) = self.planted {
                planted::tamper_outputs(planted, &mut outputs);
            }
            for output in outputs.iter() {
                env.trace.detail(env.now, format_args!("-> {output:?}"));
                match *output {
                    Output::Send { to, body, .. } => {
                        env.leaves(self.shell.carrier_at(to), outputs.get(body));
                    }
                    Output::Deliver { to, .. } => {
                        if let Some(customer) = self.shell.customer_at(to) {
                            env.is_brought(customer);
                        }
                    }
                    _ => {}
                }
                self.shell.output(now, output, &outputs);
            }
        }
        self.shell.write_dirty(env, now);
        self.follow(env);
    }

    // ---- from outside ----

    /// Another configuration holds from now on.
    pub(crate) fn reload(&mut self, env: &mut Env, plan: &Plan) {
        self.plan = plan.clone();
        if let Some(planted) = self.planted {
            planted::tamper_plan(planted, &mut self.plan);
        }
        self.inputs.push(Input::Directory(self.plan.directory()));
        for credit in self.plan.credits() {
            self.inputs.push(credit);
        }
        let now = self.now(env);
        self.shell.apply(env, now, plan);
        self.shell.write_dirty(env, now);
        self.follow(env);
        self.wake(env, MS / 100);
    }

    /// An operator orders something.
    pub(crate) fn order(&mut self, env: &mut Env, ticket: u64, mut command: Command) {
        if let Some(planted) = self.planted {
            planted::tamper_order(planted, &mut command);
        }
        self.inputs.push(Input::Operator { ticket, command });
        self.wake(env, MS / 100);
    }

    /// An operator ends a bind.
    pub(crate) fn kick(&mut self, env: &mut Env, which: u64) {
        let now = self.now(env);
        self.shell.kick(env, now, which);
        self.follow(env);
    }

    /// The process is told to go down: whoever told it waits a while.
    pub(crate) fn drain(&mut self, env: &mut Env) {
        self.inputs.push(Input::Drain);
        let now = self.now(env);
        self.shell.drain(env, now);
        self.follow(env);
        self.wake(env, MS / 100);
    }

    /// The process dies. The disk that it leaves.
    pub(crate) fn crash(self, env: &mut Env, how: Crash) -> SimDisk {
        let soon = how == Crash::Kill;
        for pipe in self.shell.pipes() {
            env.abandon(pipe, soon);
        }
        let until = self.durable_until;
        env.oracle.crashed(until, env.now);
        self.store.crash(env, how)
    }

    /// Whether nothing is on its way inside.
    pub(crate) fn is_idle(&self) -> bool {
        self.gate.is_empty()
            && self.mail.is_empty()
            && self.inputs.is_empty()
            && self.store.cold.is_empty()
            && self.pending.records.is_empty()
            && self.store.writing.is_none()
    }

    /// Whether the journal keeps more than two snapshots and what came after them.
    pub(crate) fn journal_is_too_long(&self) -> bool {
        let Plan {
            snapshot_every,
            journal,
            ..
        } = &self.plan;
        self.store.octets() > 3 * (snapshot_every + journal.segment_bytes) + LONGEST_BATCH
    }

    /// Whether nothing waits that the engine has taken on.
    pub(crate) fn owes_nothing(&self) -> bool {
        self.engine.figures().messages == 0
    }

    /// The engine as a restart would find it.
    pub(crate) fn reread(&self) -> Result<Engine, String> {
        self.store.reread(&self.plan.journal)
    }
}

/// The machine failed the process, and it has ended itself.
#[derive(Debug)]
pub(crate) struct Died;

/// The journal's levels as the engine knows them.
fn room(room: journal::Room) -> Room {
    match room {
        journal::Room::Ample => Room::Plenty,
        journal::Room::Low => Room::Low,
        journal::Room::Scarce => Room::Scarce,
        journal::Room::Reserve => Room::Out,
    }
}
