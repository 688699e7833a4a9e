//! The journal thread and the snapshot's thread of a simulated process: one batch at a time, and each takes its time.

use std::collections::{BTreeSet, VecDeque};

use engine::{ColdDone, ColdTask, Engine, EngineState, Input, Inputs, Position, Recovery, RunId};
use journal::sim::{Operation, OperationKind, SimDisk, Verdict};
use journal::{AppendError, ColdFiles, Journal, Options, Room, Runs, Snapshot, SnapshotWriter};

use crate::env::{Env, MS, SECOND};
use crate::planted::{self, Planted};

/// How long a batch that did not fit waits before it is tried again.
pub(crate) const FULL_RETRY: u64 = 200 * MS;

/// How often an idle journal looks at the free space.
pub(crate) const LOOK_INTERVAL: u64 = SECOND;

/// Records of whole steps, up to `last`.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<u8>,
    pub(crate) last: Position,
    /// The whole state right after it, to be kept as a snapshot.
    pub(crate) state: Option<EngineState>,
}

/// The disk's moods, which last.
#[derive(Clone, Debug)]
pub(crate) struct DiskManner {
    /// Nanoseconds that one batch takes.
    pub(crate) latency: (u64, u64),
    /// Batches in a thousand whose sync fails.
    pub(crate) failing: u32,
}

impl DiskManner {
    pub(crate) fn fair() -> DiskManner {
        DiskManner {
            latency: (MS / 5, MS),
            failing: 0,
        }
    }
}

/// How the process dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crash {
    /// kill -9: the page cache stays.
    Kill,
    /// The power fails: what was not synced is gone, or partly there.
    PowerCut,
}

/// The journal and what is being written to it.
pub(crate) struct Store {
    pub(crate) disk: SimDisk,
    journal: Journal<SimDisk>,
    /// What became of messages that the engine has forgotten.
    pub(crate) runs: Runs<SimDisk>,
    /// Given to the journal thread, and not yet durable.
    pub(crate) writing: Option<Batch>,
    snapshot: Option<Writing>,
    /// Messages that wait on the disk.
    files: ColdFiles<SimDisk>,
    /// What is to be done with them, in this order.
    pub(crate) cold: VecDeque<ColdTask>,
    room: Room,
    planted: Option<Planted>,
}

enum Writing {
    Begun {
        writer: SnapshotWriter<SimDisk>,
        state: EngineState,
    },
    Written(Snapshot),
    Failed,
}

/// What came of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrote {
    Durable {
        last: Position,
        /// A snapshot is being written from now on.
        snapshot: bool,
    },
    /// There was no room: again in a while.
    Held,
    /// The process must end.
    Failed,
}

impl Store {
    /// Opens what is on the disk: the store, and the engine that its journal tells of.
    pub(crate) fn open(
        disk: SimDisk,
        options: &Options,
        planted: Option<Planted>,
    ) -> Result<(Store, Engine, u64), String> {
        let (journal, recovered) =
            Journal::open_on(disk.clone(), options).map_err(|error| error.to_string())?;
        let (mut runs, damaged) = journal.runs().map_err(|error| error.to_string())?;
        if let Some(damage) = damaged.first() {
            return Err(format!("a part of the history was set aside: {damage}"));
        }
        let (engine, grown) = recover(&journal, recovered, &mut runs)?;
        let files = journal.cold_files();
        let named: BTreeSet<u64> = engine.runs().map(|run| run.0).collect();
        files
            .keep_only(&named)
            .map_err(|error| format!("waiting messages are gone: {error}"))?;
        let mut store = Store {
            disk,
            journal,
            runs,
            writing: None,
            snapshot: None,
            files,
            cold: VecDeque::new(),
            room: Room::Ample,
            planted,
        };
        store.look();
        Ok((store, engine, grown))
    }

    pub(crate) fn room(&self) -> Room {
        self.room
    }

    pub(crate) fn octets(&self) -> u64 {
        self.journal.bytes()
    }

    /// Whether a snapshot may be given along with the next batch.
    pub(crate) fn takes_state(&self) -> bool {
        self.room <= Room::Low && self.snapshot.is_none()
    }

    /// Looks at the free space; whether the level has changed.
    pub(crate) fn look(&mut self) -> bool {
        let room = self.journal.room();
        core::mem::replace(&mut self.room, room) != room
    }

    /// The disk has done its work for the batch at hand.
    pub(crate) fn write(&mut self, fails: bool) -> Wrote {
        let Some(batch) = &mut self.writing else {
            return Wrote::Held;
        };
        if fails {
            self.disk.set_weather(|operation| match operation.kind {
                OperationKind::Sync => Verdict::Fail(std::io::ErrorKind::Other),
                _ => Verdict::Proceed,
            });
        }
        let appended = self
            .journal
            .append(journal::Position(batch.last.0), &batch.records);
        self.disk.clear_weather();
        match appended {
            Ok(room) => self.room = room,
            Err(AppendError::Full(_)) => {
                // No snapshot can be written.
                batch.state = None;
                self.look();
                return Wrote::Held;
            }
            Err(AppendError::Failed(_) | AppendError::Closed) => {
                if self.planted != Some(Planted::SyncErrorIgnored) {
                    return Wrote::Failed;
                }
            }
        }
        let last = batch.last;
        let state = batch.state.take();
        self.writing = None;
        let snapshot = self.keep(last, state);
        Wrote::Durable { last, snapshot }
    }

    /// Ends the snapshot that has been written, and begins one if there is one to write.
    fn keep(&mut self, last: Position, state: Option<EngineState>) -> bool {
        let covered = |writing: &mut Writing| match writing {
            Writing::Begun { .. } => false,
            // No journal tells any more what it covers.
            Writing::Written(snapshot) => snapshot.position() <= self.runs.position(),
            Writing::Failed => true,
        };
        if let Some(Writing::Written(snapshot)) = self.snapshot.take_if(covered) {
            // What could not be removed is removed at the next start.
            let _ = self.journal.adopt(snapshot);
            let _ = self.journal.trim(snapshot.position());
        }
        let Some(state) = state else { return false };
        if self.journal.end().0 != last.0 || self.snapshot.is_some() {
            return false;
        }
        let Ok(writer) = self.journal.snapshot_writer(journal::Position(last.0)) else {
            return false;
        };
        self.snapshot = Some(Writing::Begun { writer, state });
        true
    }

    /// Whether a snapshot waits for the history to be written down.
    pub(crate) fn waits_for_history(&self) -> bool {
        self.snapshot.is_some()
    }

    /// Everything up to `upto` has been given to the history: it is written down. Whether there was room; else it is forgotten.
    pub(crate) fn write_history(&mut self, upto: Position, now: u64) -> bool {
        let upto = journal::Position(upto.0);
        let written = self.runs.write(upto, now).is_ok();
        if !written {
            self.runs.forget(upto);
        }
        written
    }

    /// The disk has done its work for the file of messages at hand: what the engine is told.
    pub(crate) fn do_cold(&mut self, inputs: &mut Inputs) -> Result<(), String> {
        let Some(task) = self.cold.pop_front() else {
            return Ok(());
        };
        let done = match task {
            ColdTask::Write { run, images } => ColdDone::Write {
                run,
                written: self.files.write(run.0, &images).is_ok(),
            },
            ColdTask::Read { run } => {
                let images = self.files.read(run.0);
                let mut images = images.map_err(|error| error.to_string())?;
                if self.planted == Some(Planted::RunReversed) {
                    images = planted::reversed(&images);
                }
                let images = inputs.put(&images);
                ColdDone::Read { run, images }
            }
        };
        inputs.push(Input::Cold(done));
        Ok(())
    }

    /// Files of messages that are not needed any more.
    pub(crate) fn remove_cold(&self, runs: &[RunId]) {
        for run in runs {
            // What could not be removed is removed at the next start.
            let _ = self.files.remove(run.0);
        }
    }

    fn lose_first_segment(&self) {
        let names = self.disk.names();
        let mut segments = names.iter().filter(|name| name.ends_with(".journal"));
        if let (Some(first), Some(_)) = (segments.next(), segments.next()) {
            self.disk.take(first);
        }
    }

    /// The disk has done its work for the snapshot.
    pub(crate) fn write_snapshot(&mut self) {
        if let Some(Writing::Begun { writer, state }) = self.snapshot.take() {
            if self.planted == Some(Planted::SegmentGoneTooEarly) {
                self.lose_first_segment();
                self.snapshot = Some(Writing::Failed);
                return;
            }
            let written = write_down(writer, &state);
            self.snapshot = Some(written.map_or(Writing::Failed, Writing::Written));
        }
    }

    /// The process dies, in the middle of whatever it does. The disk as the next one finds it.
    pub(crate) fn crash(mut self, env: &mut Env, how: Crash) -> SimDisk {
        // The operations of what is in flight come to be done up to some point.
        let point = env.random.below(8);
        let first = self.disk.operations();
        let verdict = match how {
            Crash::Kill => Verdict::Kill,
            Crash::PowerCut => Verdict::PowerCut,
        };
        self.disk.set_weather(move |operation: &Operation<'_>| {
            if operation.number >= first + point {
                verdict
            } else {
                Verdict::Proceed
            }
        });
        if env.random.chance(500)
            && let Some(Writing::Begun { writer, state }) = self.snapshot.take()
        {
            let _ = write_down(writer, &state);
        }
        if env.random.chance(500)
            && let Some(ColdTask::Write { run, images }) = self.cold.pop_front()
        {
            let _ = self.files.write(run.0, &images);
        }
        if let Some(batch) = self.writing.take() {
            let _ = self
                .journal
                .append(journal::Position(batch.last.0), &batch.records);
        }
        self.disk.clear_weather();
        match how {
            Crash::Kill => self.disk.kill(),
            Crash::PowerCut => self.disk.crash(env.random.bits()),
        }
    }

    /// The engine as the next process would find it if this one ended now.
    pub(crate) fn reread(&self, options: &Options) -> Result<Engine, String> {
        let copy = self.disk.fork();
        let (journal, recovered) =
            Journal::open_on(copy, options).map_err(|error| error.to_string())?;
        let (mut runs, _) = journal.runs().map_err(|error| error.to_string())?;
        recover(&journal, recovered, &mut runs).map(|(engine, _)| engine)
    }
}

fn write_down(
    mut writer: SnapshotWriter<SimDisk>,
    state: &EngineState,
) -> Result<Snapshot, journal::DiskError> {
    let mut written = Ok(());
    state.snapshot(&mut |piece| {
        if written.is_ok() && !piece.is_empty() {
            written = writer.block(piece);
        }
    });
    written?;
    writer.finish()
}

/// The engine as the journal tells it, and the octets behind the snapshot.
fn recover(
    journal: &Journal<SimDisk>,
    recovered: journal::Recovered<SimDisk>,
    runs: &mut Runs<SimDisk>,
) -> Result<(Engine, u64), String> {
    let mut recovery = Recovery::new(0);
    if let Some(damage) = recovered.damaged.first() {
        return Err(format!("a snapshot was set aside: {damage}"));
    }
    let read = recovered
        .replay(journal, |position, records| {
            recovery.apply(records)?;
            let fresh = position > runs.position();
            for end in recovery.take_ended().filter(|_| fresh) {
                runs.add(&end.row());
            }
            Ok(())
        })
        .map_err(|error| error.to_string())?;
    Ok((recovery.finish(Position(journal.end().0)), read))
}
