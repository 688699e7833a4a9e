//! The thread that writes: one append and one fdatasync per batch, while the next batch gathers in the engine thread.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use engine::{EngineState, Position};
use journal::{AppendError, Journal, Room};

use crate::history::HistoryEnd;
use crate::mailbox::lock;
use crate::metrics::JournalMetrics;
use crate::pulse::Pulse;
use crate::snapshot::Writing;

/// How long a batch that did not fit on the disk waits before it is tried again.
const FULL_RETRY: Duration = Duration::from_millis(200);

/// Room that a batch's buffer keeps, so that one stall of the disk is not remembered for ever.
const BUFFER_KEPT: usize = 2 << 20;

/// How often an idle journal looks at the free space.
const ROOM_INTERVAL: Duration = Duration::from_secs(1);

/// Records of whole steps, up to `last`.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<u8>,
    pub(crate) last: Position,
    /// The whole state right after it, to be kept as a snapshot.
    pub(crate) state: Option<EngineState>,
}

/// The engine thread's end of the journal thread.
#[derive(Debug)]
pub(crate) struct JournalThread {
    desk: Arc<Desk>,
    thread: JoinHandle<Journal>,
}

/// Where the two threads meet.
#[derive(Debug)]
struct Desk {
    slot: Mutex<Slot>,
    given: Condvar,
    /// Everything up to here is durable.
    durable: AtomicU64,
    room: AtomicU8,
    /// A snapshot is being written.
    snapshotting: AtomicBool,
    pulse: Pulse,
}

#[derive(Debug)]
enum Slot {
    /// Nothing to do; the buffer of the last batch, for the next.
    Idle(Vec<u8>),
    Given(Batch),
    /// The journal thread is at it.
    Writing,
    /// The engine thread is gone: write what was given and end.
    Closed(Option<Batch>),
}

impl JournalThread {
    /// Starts the thread. `engine` is unparked whenever a batch has become durable or the room has changed.
    pub(crate) fn start(
        mut journal: Journal,
        durable: Position,
        engine: Thread,
        history: HistoryEnd,
        metrics: Arc<JournalMetrics>,
    ) -> std::io::Result<JournalThread> {
        let desk = Arc::new(Desk {
            slot: Mutex::new(Slot::Idle(Vec::new())),
            given: Condvar::new(),
            durable: AtomicU64::new(durable.0),
            room: AtomicU8::new(room_level(journal.room())),
            snapshotting: AtomicBool::new(false),
            pulse: Pulse::default(),
        });
        let writer = Writer {
            journal,
            desk: desk.clone(),
            engine,
            history,
            metrics,
            snapshot: None,
        };
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.run())?;
        Ok(JournalThread { desk, thread })
    }

    /// Its signs of life; a disk that hangs is none.
    pub(crate) fn pulse(&self) -> Pulse {
        self.desk.pulse.clone()
    }

    /// Everything up to here is durable.
    pub(crate) fn durable(&self) -> Position {
        Position(self.desk.durable.load(Ordering::Acquire))
    }

    /// What the free space of the disk allows.
    pub(crate) fn room(&self) -> Room {
        room_of(self.desk.room.load(Ordering::Relaxed))
    }

    /// Whether a batch would be taken now, and a snapshot along with it: none is being written, and there is room for one.
    pub(crate) fn takes_state(&self) -> bool {
        self.room() <= Room::Low
            && !self.desk.snapshotting.load(Ordering::Relaxed)
            && matches!(*lock(&self.desk.slot), Slot::Idle(_))
    }

    /// Hands over the whole batch if the thread is idle, and takes an empty buffer in exchange; false when it is busy.
    pub(crate) fn give(&self, batch: &mut Batch) -> bool {
        let mut slot = lock(&self.desk.slot);
        let Slot::Idle(buffer) = &mut *slot else {
            return false;
        };
        let buffer = core::mem::take(buffer);
        let records = core::mem::replace(&mut batch.records, buffer);
        *slot = Slot::Given(Batch {
            records,
            last: batch.last,
            state: batch.state.take(),
        });
        drop(slot);
        self.desk.given.notify_one();
        true
    }

    /// Writes what was given and ends; the journal comes back.
    pub(crate) fn close(self) -> Journal {
        {
            let mut slot = lock(&self.desk.slot);
            let given = match core::mem::replace(&mut *slot, Slot::Closed(None)) {
                Slot::Given(batch) => Some(batch),
                Slot::Idle(_) | Slot::Writing | Slot::Closed(_) => None,
            };
            *slot = Slot::Closed(given);
        }
        self.desk.given.notify_one();
        self.thread
            .join()
            .expect("a panic there has ended the process")
    }
}

struct Writer {
    journal: Journal,
    desk: Arc<Desk>,
    engine: Thread,
    history: HistoryEnd,
    metrics: Arc<JournalMetrics>,
    snapshot: Option<Writing>,
}

impl Writer {
    fn run(mut self) -> Journal {
        while let Some(mut batch) = self.next() {
            self.write(&mut batch);
            let mut slot = lock(&self.desk.slot);
            if let Slot::Writing = *slot {
                let mut buffer = batch.records;
                buffer.clear();
                buffer.shrink_to(BUFFER_KEPT);
                *slot = Slot::Idle(buffer);
            }
            drop(slot);
            self.desk.durable.store(batch.last.0, Ordering::Release);
            self.engine.unpark();
            self.keep(batch.last, batch.state);
        }
        self.journal
    }

    /// Waits for a batch; looks at the disk now and then meanwhile.
    fn next(&mut self) -> Option<Batch> {
        let mut slot = lock(&self.desk.slot);
        loop {
            self.desk.pulse.beat();
            match &mut *slot {
                Slot::Given(batch) => {
                    let batch = core::mem::take(batch);
                    *slot = Slot::Writing;
                    return Some(batch);
                }
                Slot::Closed(batch) => return batch.take(),
                Slot::Idle(_) | Slot::Writing => {}
            }
            let (woken, waited) = self
                .desk
                .given
                .wait_timeout(slot, ROOM_INTERVAL)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            slot = woken;
            if waited.timed_out() {
                drop(slot);
                self.look();
                slot = lock(&self.desk.slot);
            }
        }
    }

    /// One batch; holds it while the disk is full. Any other failure ends the process: what is on the disk is then unknown,
    /// and nothing that was not answered may be answered any more.
    fn write(&mut self, batch: &mut Batch) {
        let started = Instant::now();
        let mut held = false;
        loop {
            match self
                .journal
                .append(journal::Position(batch.last.0), &batch.records)
            {
                Ok(room) => {
                    self.tell_room(room);
                    break;
                }
                Err(AppendError::Full(error)) => {
                    if !held {
                        tracing::error!(%error, "the disk is full: nothing is accepted until there is room");
                    }
                    held = true;
                    // No snapshot can be written, and what the engine has lent costs it copies.
                    batch.state = None;
                    self.desk.pulse.beat();
                    self.look();
                    std::thread::park_timeout(FULL_RETRY);
                }
                Err(error @ (AppendError::Failed(_) | AppendError::Closed)) => {
                    crate::exit::machine_failed(&error);
                }
            }
        }
        self.metrics
            .appended(started.elapsed(), batch.records.len());
    }

    /// Begins a snapshot if there is one to write, and ends the one that has been written.
    fn keep(&mut self, position: Position, state: Option<EngineState>) {
        // What a snapshot covers is told by no journal any more, so it has to be in the history before.
        let history = &self.history;
        if let Some(written) = self
            .snapshot
            .take_if(|writing| writing.is_finished() && history.covers(writing.position()))
        {
            written.adopt(&mut self.journal);
        }
        if let Some(state) = state {
            let position = journal::Position(position.0);
            self.snapshot = Writing::begin(&mut self.journal, position, state);
        }
        self.desk
            .snapshotting
            .store(self.snapshot.is_some(), Ordering::Relaxed);
    }

    fn look(&mut self) {
        let room = self.journal.room();
        self.tell_room(room);
    }

    fn tell_room(&self, room: Room) {
        let level = room_level(room);
        let before = self.desk.room.swap(level, Ordering::Relaxed);
        if before != level {
            tracing::warn!(?room, "free space of the data directory");
            self.engine.unpark();
        }
    }
}

fn room_level(room: Room) -> u8 {
    match room {
        Room::Ample => 0,
        Room::Low => 1,
        Room::Scarce => 2,
        Room::Reserve => 3,
    }
}

fn room_of(level: u8) -> Room {
    match level {
        0 => Room::Ample,
        1 => Room::Low,
        2 => Room::Scarce,
        _ => Room::Reserve,
    }
}
