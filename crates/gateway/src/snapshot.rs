//! Snapshots: the whole state of the engine beside the journal, so that a start need not read all of it and old segments can go.
//!
//! The engine thread hands its state over in pieces, right after the batch whose end it is; a thread that lives as long as
//! the snapshot writes them down; the journal thread adopts it and trims.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use engine::Engine;
use journal::{DiskError, Journal, Position, Removed, Snapshot, SnapshotWriter};

/// A small state is written down each time the journal has grown by so much.
const EVERY_OCTETS: u64 = 512 << 20;

/// A state up to this size fits between the threads: the engine stops for no longer than it takes to encode it.
const SMALL_OCTETS: u64 = 64 << 20;

/// A large state makes the engine wait for the disk: it is written down less often.
const EVERY_OCTETS_LARGE: u64 = 4 << 30;

/// Pieces, of about a megabyte each, that may wait to be written.
const PIECES_MAX: usize = 96;

/// The pieces of a state, on their way to the disk.
pub(crate) type Pieces = Receiver<Vec<u8>>;

/// Where the engine thread puts the pieces.
pub(crate) struct Giver(SyncSender<Vec<u8>>);

/// Whether a snapshot is due when the journal has grown by `grown` octets since the last and the state takes `memory`.
pub(crate) fn is_due(grown: u64, memory: u64) -> bool {
    let every = if memory <= SMALL_OCTETS {
        EVERY_OCTETS
    } else {
        EVERY_OCTETS_LARGE
    };
    grown >= every
}

/// The two ends of the way.
pub(crate) fn way() -> (Giver, Pieces) {
    let (give, take) = sync_channel(PIECES_MAX);
    (Giver(give), take)
}

impl Giver {
    /// Hands over the state of `engine` as it is now. Waits for the disk if it is large.
    pub(crate) fn give(self, engine: &Engine) {
        let mut taken = true;
        engine.snapshot(&mut |piece| {
            // Nobody takes the pieces any more once the disk has failed.
            taken = taken && self.0.send(piece.to_vec()).is_ok();
        });
    }
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
        pieces: Pieces,
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
            .spawn(move || write(writer, &pieces));
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
    pieces: &Pieces,
) -> Result<Snapshot, DiskError> {
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        writer.block(&piece)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_state_is_written_down_more_often_than_a_large_one() {
        assert!(!is_due(EVERY_OCTETS - 1, 0));
        assert!(is_due(EVERY_OCTETS, SMALL_OCTETS));
        assert!(!is_due(EVERY_OCTETS, SMALL_OCTETS + 1));
        assert!(is_due(EVERY_OCTETS_LARGE, u64::MAX));
    }
}
