//! What became of messages that the engine has forgotten: a thread of its own keeps it, and answers what the fold cannot.
//!
//! It is given what has passed the gate, in order: so an answer never tells what is not durable, and never misses an end
//! that the engine knew. It writes now and then, and only whole runs; after a crash the journal tells the rest again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use engine::{FinalOutcomes, LookUp, Output, Outputs, Past, Position, Recovery, Refusal};
use journal::{Journal, Runs};

use crate::common::Common;
use crate::mailbox::lock;
use crate::metrics::HistoryMetrics;
use crate::net::{IO_THREADS_MAX, IoThread};
use crate::outcome_log::OutcomeLog;
use crate::pulse::Pulse;

/// Rows that are written as one run: 4 MiB, and some 10 MiB of memory until then.
const RUN_ROWS: usize = 128 << 10;

/// Ends that may wait for the thread before the engine takes no more inputs; one in full takes the room of several.
const WAITING_MAX: usize = 1 << 20;
const IN_FULL: usize = 4;

/// Questions that may wait for the thread; to those beyond, the answer is that they came too fast.
const LOOKUPS_MAX: usize = 4096;

/// The thread sleeps until so many ends wait, or a question, or for a second.
const WAKE_ROWS: usize = 4096;
const PARK_MAX: Duration = Duration::from_secs(1);

/// The engine thread's end of the history thread.
#[derive(Debug)]
pub(crate) struct HistoryThread {
    desk: Arc<Desk>,
    thread: JoinHandle<()>,
}

/// How far the history is on the disk. No snapshot beyond may be adopted: what it covers is told by no journal any more.
#[derive(Clone, Debug)]
pub(crate) struct HistoryEnd(Arc<Desk>);

/// Where the threads meet.
#[derive(Debug)]
struct Desk {
    waiting: Mutex<Waiting>,
    given: Condvar,
    written: AtomicU64,
    /// Too much waits.
    behind: AtomicBool,
    pulse: Pulse,
}

#[derive(Default, Debug)]
struct Waiting {
    past: Past,
    /// Every end up to here has been given.
    upto: Position,
    /// The rows up to here are to be written as soon as they have been given.
    wanted: Position,
    /// There is little room on the disk.
    crowded: bool,
    closed: bool,
}

/// What is kept of messages that have ended.
pub(crate) struct Kept {
    /// A row for each, for those who ask.
    pub(crate) runs: Runs,
    /// A line for each, for the operator's books.
    pub(crate) outcomes: OutcomeLog,
}

impl Kept {
    /// Keeps the ends that the journal tells at start; those of `position`, which is the end of a batch.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn replay(
        &mut self,
        position: journal::Position,
        recovery: &mut Recovery,
    ) -> Result<(), journal::DiskError> {
        if position <= self.runs.position() {
            recovery.take_ended().for_each(drop);
            recovery.outcomes().clear();
            return Ok(());
        }
        for end in recovery.take_ended() {
            self.runs.add(&end.row());
        }
        self.outcomes.write(recovery.outcomes());
        recovery.outcomes().clear();
        if self.runs.fresh() >= RUN_ROWS {
            self.write(position)?;
        }
        Ok(())
    }

    /// Makes everything up to `upto` durable: the lines first, for a row says that its line was written.
    fn write(&mut self, upto: journal::Position) -> Result<(), journal::DiskError> {
        self.outcomes.sync();
        self.runs.write(upto, now())
    }
}

/// Opens the history of a journal.
///
/// # Errors
/// A sentence for the operator.
pub(crate) fn open(journal: &Journal) -> Result<Runs, String> {
    let (runs, damaged) = journal.runs().map_err(|error| error.to_string())?;
    for damage in &damaged {
        tracing::error!(%damage, "a part of the history was set aside; look at the disk");
    }
    Ok(runs)
}

impl HistoryThread {
    /// Starts the thread. `kept` has every end up to `upto`; `engine` is unparked when it need not wait for the history any more.
    pub(crate) fn start(
        kept: Kept,
        upto: Position,
        common: &Arc<Common>,
        io: Vec<Arc<IoThread>>,
        engine: Thread,
    ) -> std::io::Result<HistoryThread> {
        let desk = Arc::new(Desk {
            waiting: Mutex::new(Waiting {
                upto,
                ..Waiting::default()
            }),
            given: Condvar::new(),
            written: AtomicU64::new(kept.runs.position().0),
            behind: AtomicBool::new(false),
            pulse: Pulse::default(),
        });
        let keeper = Keeper {
            kept,
            desk: desk.clone(),
            common: common.clone(),
            metrics: common.metrics.history.clone(),
            io,
            engine,
        };
        let thread = std::thread::Builder::new()
            .name("history".into())
            .spawn(move || keeper.run())?;
        Ok(HistoryThread { desk, thread })
    }

    /// Its signs of life.
    pub(crate) fn pulse(&self) -> Pulse {
        self.desk.pulse.clone()
    }

    /// How far it is on the disk, for whoever adopts snapshots.
    pub(crate) fn end(&self) -> HistoryEnd {
        HistoryEnd(self.desk.clone())
    }

    /// There is little room on the disk, or enough again: what is old has to go, and books are not kept meanwhile.
    pub(crate) fn crowd(&self, crowded: bool) {
        lock(&self.desk.waiting).crowded = crowded;
    }

    /// Gives it everything that has passed the gate; `upto` is durable. Leaves `past` empty.
    pub(crate) fn give(&self, past: &mut Past, upto: Position) {
        let wake = {
            let mut waiting = lock(&self.desk.waiting);
            waiting.past.append(past);
            waiting.upto = upto;
            let ends = waiting.past.ended.len() + IN_FULL * waiting.past.outcomes.len();
            self.desk
                .behind
                .store(ends > WAITING_MAX, Ordering::Relaxed);
            waiting.is_worth_waking()
        };
        if wake {
            self.desk.given.notify_one();
        }
    }

    /// A snapshot of the state at `position` is being written: what it covers has to be on the disk soon.
    pub(crate) fn want(&self, position: Position) {
        lock(&self.desk.waiting).wanted = position;
    }

    /// Whether the engine is to take no inputs before the thread has caught up.
    pub(crate) fn is_behind(&self) -> bool {
        self.desk.behind.load(Ordering::Relaxed)
    }

    /// Writes what it has, and ends.
    pub(crate) fn close(self) {
        lock(&self.desk.waiting).closed = true;
        self.desk.given.notify_one();
        // A panic there has ended the process.
        let _ = self.thread.join();
    }
}

impl HistoryEnd {
    /// Whether every end up to `position` is on the disk.
    pub(crate) fn covers(&self, position: Position) -> bool {
        self.0.written.load(Ordering::Acquire) >= position.0
    }
}

impl Waiting {
    fn is_worth_waking(&self) -> bool {
        self.closed || !self.past.lookups.is_empty() || self.past.ended.len() >= WAKE_ROWS
    }

    fn take(&mut self) -> Waiting {
        Waiting {
            past: core::mem::take(&mut self.past),
            ..*self
        }
    }
}

/// What the thread owns.
struct Keeper {
    kept: Kept,
    desk: Arc<Desk>,
    common: Arc<Common>,
    metrics: Arc<HistoryMetrics>,
    io: Vec<Arc<IoThread>>,
    engine: Thread,
}

impl Keeper {
    fn run(mut self) {
        loop {
            let Waiting {
                past,
                upto,
                wanted,
                crowded,
                closed,
            } = self.next();
            self.desk.pulse.beat();
            for end in &past.ended {
                self.kept.runs.add(&end.row());
            }
            self.keep_books(&past.outcomes, crowded);
            self.common.metrics.stages.lapsed(&past.lapses);
            self.answer(&past.lookups);
            let due = self.kept.runs.fresh() >= RUN_ROWS || closed;
            let wanted = upto >= wanted && wanted.0 > self.kept.runs.position().0;
            if due || wanted {
                self.write(journal::Position(upto.0));
            }
            self.trim(crowded);
            if closed {
                return;
            }
        }
    }

    /// Waits until there is something worth doing.
    fn next(&self) -> Waiting {
        let waiting = lock(&self.desk.waiting);
        let wait = self
            .desk
            .given
            .wait_timeout_while(waiting, PARK_MAX, |waiting| !waiting.is_worth_waking());
        let (mut waiting, _) = wait.unwrap_or_else(PoisonError::into_inner);
        if self.desk.behind.swap(false, Ordering::Relaxed) {
            self.engine.unpark();
        }
        waiting.take()
    }

    fn keep_books(&mut self, ended: &FinalOutcomes, crowded: bool) {
        let outcomes = &mut self.kept.outcomes;
        outcomes.tend(&self.common.directory(), crowded);
        outcomes.write(ended);
    }

    fn answer(&self, lookups: &[LookUp]) {
        if lookups.is_empty() {
            return;
        }
        self.metrics.lookups.inc_by(lookups.len() as u64);
        let mut answers = Outputs::default();
        let mut wanted = [false; IO_THREADS_MAX];
        for (number, lookup) in lookups.iter().enumerate() {
            // Thousands of answers from a slow disk take long, and are no thread that stands still.
            self.desk.pulse.beat();
            let refused = |refusal| Output::Refused {
                origin: lookup.origin,
                refusal,
            };
            let answer = if number >= LOOKUPS_MAX {
                refused(Refusal::Throttled)
            } else {
                let rows = self.kept.runs.find(&lookup.beginning());
                rows.map_or_else(
                    |error| {
                        tracing::error!(%error, "the history cannot be read");
                        refused(Refusal::Fault)
                    },
                    |rows| lookup.answer(&rows),
                )
            };
            wanted[usize::from(lookup.origin.io)] = true;
            answers.push(answer);
        }
        let answers = Arc::new(answers);
        for (io, _) in self.io.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
            io.outputs(answers.clone());
        }
    }

    /// Writes the rows that are in memory alone. On a full disk the oldest give way, and at last these themselves: messages
    /// come before their history.
    fn write(&mut self, upto: journal::Position) {
        loop {
            match self.kept.write(upto) {
                Ok(()) => break,
                Err(error) if error.is_full() && self.kept.runs.bytes() > 0 => self.drop_oldest(),
                Err(error) if error.is_full() => {
                    let rows = self.kept.runs.fresh();
                    tracing::error!(%error, rows, "no room for the history of these messages");
                    self.metrics.lost.inc_by(rows as u64);
                    self.kept.runs.forget(upto);
                    break;
                }
                Err(error) => crate::exit::machine_failed(&error),
            }
        }
        let written = self.kept.runs.position().0;
        self.desk.written.store(written, Ordering::Release);
    }

    /// Removes what is too old or too much; while new messages are refused for want of room, one run more at a time.
    fn trim(&mut self, crowded: bool) {
        let limits = self.common.directory().gateway.history;
        let keep = u64::try_from(limits.keep.as_millis()).unwrap_or(u64::MAX);
        let since = now().saturating_sub(keep);
        if let Err(error) = self.kept.runs.trim(since, limits.bytes_max) {
            tracing::warn!(%error, "old history is kept");
        }
        if crowded && self.kept.runs.bytes() > 0 {
            self.drop_oldest();
        }
        let octets = i64::try_from(self.kept.runs.bytes()).unwrap_or(i64::MAX);
        self.metrics.octets.set(octets);
    }

    fn drop_oldest(&mut self) {
        let less = self.kept.runs.bytes() - 1;
        if let Err(error) = self.kept.runs.trim(0, less) {
            crate::exit::machine_failed(&error);
        }
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.as_millis() as u64)
}
