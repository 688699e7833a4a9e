//! The journal: an append-only record log in segment files, with group commit.
//!
//! The records are the caller's, opaque octets here; a [`Position`] is the caller's too, and counts
//! up. One [`Journal::append`] makes one batch of them durable with one write and one fdatasync,
//! all of it or nothing; while it waits for the disk the caller gathers the next. A snapshot holds
//! the caller's state at a position, so that recovery is the last snapshot and the batches behind
//! it, and older segments can be trimmed.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use journal::{Journal, Options, Position};
//! # fn apply(_: Position, _: &[u8]) -> Result<(), Box<dyn std::error::Error>> { Ok(()) }
//!
//! let (mut journal, recovered) = Journal::open("bindery-data", &Options::default())?;
//! recovered.replay(&journal, apply)?; // the last snapshot, and the batches behind it
//! let next = Position(journal.end().0 + 1);
//! journal.append(next, b"records of one step")?; // durable when it returns
//! # Ok(()) }
//! ```
//!
//! # What it promises
//! * What [`Journal::append`] has acknowledged is there after a crash, a kill and a power cut.
//! * A batch is there whole or not at all. Only the last one can be torn, because only one is ever
//!   unsynced; a torn one is cut at open. A wrong checksum before it is damage, and refuses to open.
//! * A failed sync is never tried again: the kernel forgets what it could not write.
//! * A full disk loses nothing and stops nothing that is owed: see [`Room`].
//! * Nothing here starts a thread or waits for anything but the disk. The caller gives the journal
//!   a thread of its own.
//!
//! The files are described in the source of the module `format`. The disk is a trait, [`Disk`], so
//! that a simulation can put a faulty one beneath (feature `sim`).

mod cold;
mod disk;
mod error;
mod format;
mod journal;
mod latency;
mod look;
mod open;
mod read;
mod room;
mod runs;
mod segment;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod snapshot;

use std::fmt;

pub use cold::ColdFiles;
pub use disk::{Disk, DiskFile, FileDisk, FileLock, LockError};
pub use error::{AppendError, Damage, DiskError, OpenError, ReadError};
pub use format::BATCH_BYTES_MAX;
pub use journal::{Journal, Removed};
pub use latency::{SyncLatency, disk_sync_latency};
pub use look::Look;
pub use open::{Cut, Recovered};
pub use read::{Batch, Batches};
pub use room::Room;
pub use runs::{NAME_BYTES, ROW_BYTES, Row, Runs};
pub use snapshot::{Snapshot, SnapshotReader, SnapshotWriter};

/// The number of a step of the engine, from 1 on. What a step recorded is durable when the journal
/// has reached its position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Sizes, all in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment is closed before it grows above this; a batch that is larger has one to itself.
    pub segment_bytes: u64,
    /// Blocks that are kept for what is owed when the disk is full. 0: none.
    pub reserve_bytes: u64,
    /// Mark 1: with less free space than this, new messages are to be refused. Above it there must
    /// be room for a snapshot, without which nothing can be trimmed.
    pub room_low_bytes: u64,
    /// Mark 2: with less free space than this, nothing is to be dispatched.
    pub room_scarce_bytes: u64,
    /// How far above a mark the free space must rise before the mark counts as passed again.
    pub room_hysteresis_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: 64 << 20,
            reserve_bytes: 64 << 20,
            room_low_bytes: 512 << 20,
            room_scarce_bytes: 128 << 20,
            room_hysteresis_bytes: 64 << 20,
        }
    }
}
