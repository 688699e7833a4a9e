//! Snapshots: the whole state of the engine beside the journal, so that a start need not read all of it and old segments can go.
//!
//! The engine thread takes its state right after the batch whose end it is, and goes on; a thread that lives as long as the
//! snapshot writes it down; the journal thread adopts it and trims.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::EngineState;
use journal::{DiskError, Journal, Position, Removed, Snapshot, SnapshotWriter};

/// A small state is written down each time the journal has grown by so much.
const EVERY_OCTETS: u64 = 512 << 20;

/// A large one when the journal has grown by so many times what it takes of memory, so that most of what is written are records.
const EVERY_STATES: u64 = 2;

/// Of the disk and of a processor a snapshot takes this part of the time, for the journal's syncs wait behind its own: a piece, and so
/// many times as long nothing.
const REST: u32 = 9;

/// Whoever has something to do for a message goes first (setpriority(2)).
const LOWEST_PRIORITY: i32 = 19;

/// However long a piece took: a disk that hangs delays a snapshot enough.
const REST_MAX: Duration = Duration::from_millis(50);

/// By how much the journal grows between two snapshots of a state that takes so much memory, if `snapshot_every` does not say.
pub(crate) fn interval(set: Option<u64>, memory: u64) -> u64 {
    set.unwrap_or(EVERY_OCTETS.max(EVERY_STATES.saturating_mul(memory)))
}

/// A snapshot that is being written.
#[derive(Debug)]
pub(crate) struct Writing {
    position: Position,
    thread: JoinHandle<Result<Snapshot, DiskError>>,
}

impl Writing {
    /// Begins to write down the state at `position`, which has just become durable. `None` when it cannot: the next one may.
    pub(crate) fn begin(
        journal: &mut Journal,
        position: Position,
        state: EngineState,
    ) -> Option<Writing> {
        let writer = match journal.snapshot_writer(position) {
            Ok(writer) => writer,
            Err(error) => {
                tracing::warn!(%error, "no snapshot");
                return None;
            }
        };
        let thread = std::thread::Builder::new()
            .name("snapshot".into())
            .spawn(move || write(writer, &state));
        match thread {
            Ok(thread) => Some(Writing { position, thread }),
            Err(error) => {
                tracing::warn!(%error, "no snapshot");
                None
            }
        }
    }

    /// The end of what it covers.
    pub(crate) fn position(&self) -> engine::Position {
        engine::Position(self.position.0)
    }

    /// Whether it has ended, well or not.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Makes the journal take it as the newest, and give up what it replaces.
    pub(crate) fn adopt(self, journal: &mut Journal) {
        // A panic there has ended the process.
        let Ok(written) = self.thread.join() else {
            return;
        };
        match written.and_then(|snapshot| adopt(journal, snapshot)) {
            // Freeing blocks takes the disk a while: not on this thread.
            Ok(removed) => drop(std::thread::spawn(move || drop(removed))),
            Err(error) => tracing::warn!(%error, "no snapshot; the journal keeps its segments"),
        }
    }
}

/// Makes the journal take a snapshot as the newest; what it replaces is freed when it is dropped.
///
/// # Errors
/// What the disk says.
pub(crate) fn adopt(journal: &mut Journal, snapshot: Snapshot) -> Result<[Removed; 2], DiskError> {
    let older = journal.adopt(snapshot)?;
    let segments = journal.trim(snapshot.position())?;
    let (files, octets) = (segments.files(), segments.bytes());
    tracing::info!(
        octets = snapshot.bytes(),
        trimmed_files = files,
        trimmed_octets = octets,
        "snapshot written"
    );
    Ok([older, segments])
}

fn write(
    mut writer: SnapshotWriter<journal::FileDisk>,
    state: &EngineState,
) -> Result<Snapshot, DiskError> {
    // With Linux it is the thread's; with any other the snapshot is written all the same.
    let _ = rustix::process::setpriority_process(None, LOWEST_PRIORITY);
    let mut written = Ok(());
    let mut begin = Instant::now();
    state.snapshot(&mut |piece| {
        if written.is_ok() && !piece.is_empty() {
            written = writer.block(piece).and_then(|()| writer.sync());
            std::thread::sleep((begin.elapsed() * REST).min(REST_MAX));
            begin = Instant::now();
        }
    });
    written?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_state_is_written_down_more_often_than_a_large_one() {
        assert_eq!(interval(None, 0), EVERY_OCTETS);
        assert_eq!(interval(None, EVERY_OCTETS), 2 * EVERY_OCTETS);
        assert_eq!(interval(None, u64::MAX), u64::MAX);
        assert_eq!(interval(Some(7), EVERY_OCTETS), 7);
    }
}
