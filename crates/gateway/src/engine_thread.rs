//! The thread that owns the engine: takes what all threads posted, makes one step of it, and lets outputs out when what they
//! rest on is durable.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{
    CustomerId, Engine, Figures, Gate, Input, Inputs, Outputs, Party, Past, Position, Room,
    Standing, Step,
};
use journal::Journal;
use sms::{Now, Wall};

use crate::clock::{Clock, WallWatch};
use crate::cold::ColdThread;
use crate::common::Common;
use crate::history::{HistoryEnd, HistoryThread};
use crate::journal_thread::{Batch, JournalThread};
use crate::mailbox::{Inbox, lock};
use crate::metrics::EngineMetrics;
use crate::net::IoThread;
use crate::pulse::Pulse;
use crate::reports::Reports;
use crate::snapshot;

/// Octets of records that may be neither durable nor given back; beyond it the engine takes no inputs, the inboxes fill and
/// the sockets are not read.
const UNDURABLE_MAX: usize = 16 << 20;

/// The longest sleep; figures are published at least this often.
const PARK_MAX: Duration = Duration::from_secs(1);

/// How often the figures are published while there is work.
const FIGURES_INTERVAL: Duration = Duration::from_millis(100);

/// A jump of the wall clock that is told to the operator.
const CLOCK_JUMP_MS: u64 = 60_000;

/// What the engine thread shares with the others.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Set once: write what is pending and end.
    pub(crate) stop: AtomicBool,
    /// What the engine held when it last looked.
    pub(crate) figures: Mutex<Figures>,
    /// Those about whom an operator had decided then.
    pub(crate) standings: Mutex<Vec<(Party, Standing)>>,
    /// Operators that wait for what came of their commands.
    pub(crate) reports: Reports,
    pub(crate) pulse: Pulse,
}

/// The engine and everything its loop needs.
pub(crate) struct EngineThread {
    pub(crate) engine: Engine,
    pub(crate) clock: Clock,
    pub(crate) common: Arc<Common>,
    /// The control thread's, one per I/O thread in the order of their numbers, and that of the thread for waiting messages.
    pub(crate) inboxes: Vec<Arc<Inbox>>,
    /// By `Origin::io`.
    pub(crate) io: Vec<Arc<IoThread>>,
    pub(crate) journal: JournalThread,
    pub(crate) history: HistoryThread,
    pub(crate) cold: ColdThread,
    /// Octets in the journal behind the last snapshot.
    pub(crate) grown: u64,
    /// `snapshot_every` of the configuration.
    pub(crate) snapshot_every: Option<u64>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) metrics: Arc<EngineMetrics>,
    /// Batches that the I/O threads are done with, to be used again.
    pub(crate) spent: Arc<Mutex<Vec<Outputs>>>,
}

/// What the loop carries from one turn to the next.
struct Turn {
    inputs: Inputs,
    step: Step,
    gate: Gate,
    pending: Batch,
    /// Octets given to the journal and not yet durable, up to this position.
    given: (usize, Position),
    durable: Position,
    /// The step that is the next to be measured until it is durable, and when it was made.
    measured: Option<(Position, sms::Instant)>,
    /// For the history, when what is durable has been let out.
    past: Past,
    /// Octets written since the last snapshot.
    grown: u64,
    room: Room,
    wall: Wall,
    clock: WallWatch,
    figures_at: sms::Instant,
    /// Customers that are being called.
    unattended: BTreeSet<CustomerId>,
}

impl EngineThread {
    /// Runs until [`Shared::stop`] is set and everything is durable. The journal comes back, the engine as it then is, and how
    /// far its history goes.
    pub(crate) fn run(mut self) -> (Engine, Journal, HistoryEnd) {
        let mut turn = Turn {
            inputs: Inputs::default(),
            step: Step::default(),
            gate: Gate::default(),
            pending: Batch::default(),
            given: (0, Position(0)),
            durable: self.journal.durable(),
            measured: None,
            past: Past::default(),
            grown: self.grown,
            room: Room::Plenty,
            wall: Wall(0),
            clock: WallWatch::default(),
            figures_at: sms::Instant(0),
            unattended: BTreeSet::new(),
        };
        loop {
            self.shared.pulse.beat();
            // Read before the inboxes: what was posted before the stop is taken.
            let stop = self.shared.stop.load(Ordering::Acquire);
            let worked = self.turn(&mut turn);
            if worked {
                continue;
            }
            if stop && turn.pending.records.is_empty() && turn.gate.is_empty() {
                break;
            }
            self.park(&turn);
        }
        let (journal, end) = (self.journal.close(), self.history.end());
        self.history.close();
        self.cold.close();
        (self.engine, journal, end)
    }

    /// One round; false when there was nothing to do.
    fn turn(&mut self, turn: &mut Turn) -> bool {
        let stepped = self.step(turn);
        let given = self.write(turn);
        let passed = self.pass(turn);
        stepped || given || passed
    }

    fn step(&mut self, turn: &mut Turn) -> bool {
        let undurable = turn.undurable();
        self.metrics
            .undurable
            .set(i64::try_from(undurable).unwrap_or(i64::MAX));
        if self.is_held(turn) {
            return false;
        }
        let now = self.now(turn);
        let room = room(self.journal.room());
        if room != turn.room {
            turn.room = room;
            self.metrics.room(room);
            self.history.crowd(room > Room::Plenty);
            turn.inputs.push(Input::Room(room));
        }
        for inbox in &self.inboxes {
            inbox.take(&mut turn.inputs);
        }
        let due = self.engine.next_wake(now).is_some_and(|at| at <= now.mono);
        if turn.inputs.is_empty() && !due {
            self.publish(turn, now.mono);
            return false;
        }
        self.metrics.stepped(turn.inputs.len());
        self.engine.step(now, &mut turn.inputs, &mut turn.step);
        turn.pending.records.extend_from_slice(&turn.step.records);
        turn.pending.last = turn.step.after;
        if !turn.step.records.is_empty() {
            turn.measured.get_or_insert((turn.step.after, now.mono));
        }
        let mut free = core::mem::replace(&mut turn.step.free, self.fresh());
        self.shared.reports.tell(free.reports());
        self.post(free);
        let gated = core::mem::replace(&mut turn.step.gated, self.fresh());
        turn.gate.hold(turn.step.after, gated);
        self.cold.give(&mut turn.step.cold);
        turn.step.clear();
        self.publish(turn, now.mono);
        true
    }

    /// Whether no step is to be made before the journal or the history has caught up.
    fn is_held(&self, turn: &Turn) -> bool {
        turn.undurable() > UNDURABLE_MAX || self.history.is_behind()
    }

    /// Both clocks; the wall clock as the engine sees it never goes back.
    fn now(&self, turn: &mut Turn) -> Now {
        let now = self.clock.now();
        if turn.wall.0 > 0 && now.wall.0 > turn.wall.0 + CLOCK_JUMP_MS {
            let seconds = (now.wall.0 - turn.wall.0) / 1000;
            tracing::warn!(
                seconds,
                "the clock of this machine jumped forward, or the machine slept"
            );
        }
        turn.wall = turn.wall.max(now.wall);
        Now {
            wall: turn.wall,
            ..now
        }
    }

    /// For the engine time never goes back: with a clock that was ahead and is right again it stands still, and nothing expires.
    fn watch_clock(&self, turn: &mut Turn) {
        let now = self.clock.now().wall;
        let behind = Duration::from_millis(self.engine.wall().0.saturating_sub(now.0));
        self.metrics.clock_behind(behind);
        turn.clock.is_behind(behind);
    }

    /// Hands the journal everything that gathered while it was writing; now and then, the whole state along with it.
    fn write(&mut self, turn: &mut Turn) -> bool {
        if turn.pending.records.is_empty() {
            return false;
        }
        let given = (turn.pending.records.len(), turn.pending.last);
        let interval = snapshot::interval(self.snapshot_every, self.engine.memory());
        let wanted = turn.grown >= interval && self.journal.takes_state();
        turn.pending.state = wanted.then(|| self.engine.state());
        if !self.journal.give(&mut turn.pending) {
            return false;
        }
        turn.given = given;
        turn.grown += given.0 as u64;
        if wanted {
            turn.grown = 0;
            self.history.want(given.1);
        }
        true
    }

    /// Lets out what has become durable.
    fn pass(&mut self, turn: &mut Turn) -> bool {
        let durable = self.journal.durable();
        if durable >= turn.given.1 {
            turn.given.0 = 0;
        }
        let moved = durable != turn.durable;
        turn.durable = durable;
        if let Some((_, since)) = turn.measured.take_if(|(step, _)| *step <= durable) {
            let took = self.clock.now().mono.since(since);
            self.common.metrics.stages.durable(took);
        }
        while let Some(mut outputs) = turn.gate.pass(durable) {
            turn.past.append(outputs.past());
            self.cold.remove(outputs.spent());
            self.shared.reports.tell(outputs.reports());
            self.post(outputs);
        }
        if moved || !turn.past.is_empty() {
            self.history.give(&mut turn.past, durable);
        }
        moved
    }

    /// Gives a batch to every I/O thread that finds something in it.
    fn post(&self, outputs: Outputs) {
        if outputs.is_empty() {
            self.keep(outputs);
            return;
        }
        self.metrics.posted(outputs.len());
        let outputs = Arc::new(outputs);
        if let [io] = &self.io[..] {
            io.outputs(outputs);
            return;
        }
        let mut wanted = [false; crate::net::IO_THREADS_MAX];
        for output in outputs.iter() {
            wanted[usize::from(output.to().io)] = true;
        }
        for (io, _) in self.io.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
            io.outputs(outputs.clone());
        }
    }

    fn fresh(&self) -> Outputs {
        lock(&self.spent).pop().unwrap_or_default()
    }

    fn keep(&self, outputs: Outputs) {
        lock(&self.spent).push(outputs);
    }

    fn publish(&self, turn: &mut Turn, now: sms::Instant) {
        if now.since(turn.figures_at) >= FIGURES_INTERVAL {
            turn.figures_at = now;
            *lock(&self.shared.figures) = self.engine.figures();
            self.watch_clock(turn);
            *lock(&self.shared.standings) = self.engine.standings().collect();
            self.have_called(turn);
        }
    }

    /// Lets the I/O threads know for whom something waits that nobody is there to receive, each for its share of the customers.
    fn have_called(&self, turn: &mut Turn) {
        let directory = self.common.directory();
        let customers = directory.outbinds.keys().copied();
        let unattended = customers.filter(|&customer| self.engine.is_unattended(customer));
        let unattended: BTreeSet<CustomerId> = unattended.collect();
        if unattended == turn.unattended {
            return;
        }
        for (number, io) in self.io.iter().enumerate() {
            let share = |customer: &CustomerId| customer.0 as usize % self.io.len() == number;
            io.unattended(unattended.iter().copied().filter(share).collect());
        }
        turn.unattended = unattended;
    }

    /// Sleeps until somebody posts, the journal is done, or the engine has something due.
    fn park(&self, turn: &Turn) {
        let now = Now {
            wall: turn.wall,
            ..self.clock.now()
        };
        // While it waits for the journal or the history nothing can be done for what is due; both wake it.
        let due = self.engine.next_wake(now).filter(|_| !self.is_held(turn));
        let wait = due.map_or(PARK_MAX, |at| at.since(now.mono).min(PARK_MAX));
        if !wait.is_zero() {
            std::thread::park_timeout(wait);
        }
    }
}

impl Turn {
    /// Octets of records that are not durable.
    fn undurable(&self) -> usize {
        self.pending.records.len() + self.given.0
    }
}

/// The journal's levels as the engine knows them.
fn room(room: journal::Room) -> Room {
    match room {
        journal::Room::Ample => Room::Plenty,
        journal::Room::Low => Room::Low,
        journal::Room::Scarce => Room::Scarce,
        journal::Room::Reserve => Room::Out,
    }
}
