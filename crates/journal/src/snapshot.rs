//! Snapshots: the caller's state at one position, so that replay need not begin at the beginning.
//! Two generations are kept; a damaged newest one falls back to the one before it.

use crate::{
    Damage, Disk, DiskError, DiskFile, OpenError, Position, ReadError,
    disk::While,
    format::{BatchHeader, DAMAGED, FILE_HEADER, FileHeader, Kind, TEMPORARY},
    segment::{Mark, Scan, Step, damage, read_header},
};

/// Generations that are kept.
pub(crate) const GENERATIONS: usize = 2;
/// Octets that are written between two syncs: one sync of the whole would make the appends that
/// run beside it wait for as long as it takes.
const SYNC_EVERY_BYTES: u64 = 8 << 20;

/// Writes a snapshot, beside a journal that goes on appending; it may be on another thread.
///
/// Nothing is seen of it before it is adopted; dropped or failed, it leaves nothing.
/// A failure does not touch the journal: try again later, from the beginning.
pub struct SnapshotWriter<D: Disk> {
    disk: D,
    file: D::File,
    temporary: String,
    header: FileHeader,
    /// The number of the block that was written last.
    block: u64,
    at: u64,
    unsynced: u64,
    finished: bool,
}

/// A finished snapshot, for [`crate::Journal::adopt`]. The next open removes one that was not adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the journal keeps its segments until it has adopted the snapshot"]
pub struct Snapshot {
    pub(crate) position: Position,
    pub(crate) bytes: u64,
}

impl Snapshot {
    /// The last position that it covers.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Octets of its file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl<D: Disk> SnapshotWriter<D> {
    pub(crate) fn new(
        disk: D,
        kind: Kind,
        identity: u64,
        position: Position,
        offset: u64,
    ) -> Result<SnapshotWriter<D>, DiskError> {
        let temporary = kind.name(position) + TEMPORARY;
        let file = disk
            .create(&temporary)
            .while_doing("create", &disk, &temporary)?;
        let header = FileHeader {
            kind,
            identity,
            position,
            offset,
            before: 0,
            length: 0,
        };
        Ok(SnapshotWriter {
            disk,
            file,
            temporary,
            header,
            block: 0,
            at: FILE_HEADER as u64,
            unsynced: 0,
            finished: false,
        })
    }

    /// Adds octets, which come back in one piece from [`SnapshotReader::next`]. One write per call:
    /// some 64 KiB and more are worth one.
    ///
    /// # Panics
    /// When `bytes` is empty or longer than [`crate::BATCH_BYTES_MAX`].
    pub fn block(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.block += 1;
        let number = Position(self.block);
        let (sealed, header) =
            BatchHeader::seal(self.header.seed(), self.header.before, number, bytes);
        self.file.write_at(self.at, [&header, bytes]).while_doing(
            "write",
            &self.disk,
            &self.temporary,
        )?;
        self.header.before = sealed.checksum;
        self.at += sealed.whole();
        self.unsynced += sealed.whole();
        if self.unsynced >= SYNC_EVERY_BYTES {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes what was written durable. Its name, without which it does not count, it gets from [`crate::Journal::adopt`].
    pub fn finish(mut self) -> Result<Snapshot, DiskError> {
        self.seal()?;
        // From now on it is there until it is adopted, or until the next open.
        self.finished = true;
        Ok(Snapshot {
            position: self.header.position,
            bytes: self.header.length,
        })
    }

    /// Makes any file that is made in this way durable, under its name: its header.
    pub(crate) fn finish_file(mut self) -> Result<FileHeader, DiskError> {
        self.seal()?;
        give_name(&self.disk, self.header.kind, self.header.position)?;
        self.finished = true;
        Ok(self.header)
    }

    /// All of it is durable, but for its name.
    fn seal(&mut self) -> Result<(), DiskError> {
        self.header.length = self.at;
        self.file
            .write_at(0, [&self.header.encode(), &[]])
            .while_doing("write", &self.disk, &self.temporary)?;
        self.sync()
    }

    /// Makes durable what there is so far, for whoever does not want much to gather until [`SnapshotWriter::finish`] does.
    ///
    /// # Errors
    /// What the disk says: the snapshot cannot be finished.
    pub fn sync(&mut self) -> Result<(), DiskError> {
        self.unsynced = 0;
        self.file
            .sync()
            .while_doing("sync", &self.disk, &self.temporary)
    }
}

impl<D: Disk> Drop for SnapshotWriter<D> {
    fn drop(&mut self) {
        if !self.finished {
            // Its blocks are wanted back at once on a full disk; what is missed here is removed at
            // the next open.
            let _ = self.disk.remove(&self.temporary);
        }
    }
}

impl Snapshot {
    /// Gives it its name, by which recovery finds it.
    pub(crate) fn name<D: Disk>(self, disk: &D) -> Result<(), DiskError> {
        give_name(disk, Kind::Snapshot, self.position)
    }
}

/// A file that is durable is durable under its name.
fn give_name<D: Disk>(disk: &D, kind: Kind, position: Position) -> Result<(), DiskError> {
    let name = kind.name(position);
    let temporary = name.clone() + TEMPORARY;
    disk.rename(&temporary, &name)
        .while_doing("rename", disk, &temporary)?;
    disk.sync_dir()
        .while_doing("sync the directory of", disk, &name)
}

/// Reads the snapshot from which recovery begins; all of it was checked when the journal was
/// opened.
pub struct SnapshotReader<D: Disk> {
    disk: D,
    header: FileHeader,
    scan: Scan<D::File>,
}

/// Where the first block of a snapshot begins.
const FIRST: Mark = Mark {
    after: Position(0),
    offset: 0,
    at: FILE_HEADER as u64,
};

impl<D: Disk> SnapshotReader<D> {
    /// Reads a snapshot to its end, and goes back to its beginning.
    pub(crate) fn open(
        disk: &D,
        identity: u64,
        position: Position,
    ) -> Result<SnapshotReader<D>, OpenError> {
        let name = Kind::Snapshot.name(position);
        let file = disk.open(&name).while_doing("open", disk, &name)?;
        let size = file.size().while_doing("read", disk, &name)?;
        // A sector that cannot be read is the commonest damage there is.
        let damaged = |offset, what| {
            let file = disk.path(&name);
            OpenError::Damaged(Damage { file, offset, what })
        };
        let header = match read_header(disk, &file, Kind::Snapshot, &name) {
            Err(OpenError::Disk(_)) => Err(damaged(0, "it cannot be read")),
            other => other,
        }?;
        if header.identity != identity {
            return Err(OpenError::Foreign {
                file: disk.path(&name),
            });
        }
        if size != header.length {
            return Err(damaged(size, "it is not as long as its header says"));
        }
        let mut reader = SnapshotReader {
            disk: disk.clone(),
            header,
            scan: Scan::new(file, &header, 0, FIRST, size),
        };
        loop {
            match reader.next() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(ReadError::Damaged(damage)) => return Err(OpenError::Damaged(damage)),
                Err(ReadError::Disk(_) | ReadError::NotHere { .. }) => {
                    return Err(damaged(reader.scan.next().at, "it cannot be read"));
                }
            }
        }
        reader.scan.rewind(FIRST, 0);
        Ok(reader)
    }

    /// The last position that it covers: replay goes on behind it.
    pub fn position(&self) -> Position {
        self.header.position
    }

    /// Octets of records in the journal up to its position, since the beginning.
    pub fn offset(&self) -> u64 {
        self.header.offset
    }

    /// The next block as it was written, lent until the next call; `None` at the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "an Iterator cannot lend from its own buffer"
    )]
    pub fn next(&mut self) -> Result<Option<&[u8]>, ReadError> {
        let what = match self.scan.advance() {
            Ok(Step::Batch) => return Ok(Some(self.scan.batch().records)),
            Ok(Step::End) if self.scan.chain() == self.header.before => return Ok(None),
            Ok(Step::End) => "the last blocks are missing",
            Ok(Step::Broken(what)) => what,
            Err(source) => return Err(source).while_doing("read", &self.disk, &self.name())?,
        };
        Err(damage(&self.disk, &self.name(), self.scan.next(), what))
    }

    fn name(&self) -> String {
        Kind::Snapshot.name(self.header.position)
    }
}

/// The snapshots of a directory, as found at open.
pub(crate) struct Found<D: Disk> {
    /// The newest that is sound.
    pub(crate) newest: Option<SnapshotReader<D>>,
    /// The positions of that one and of older ones, oldest first.
    pub(crate) generations: Vec<Position>,
    /// What is wrong with those that are newer.
    pub(crate) damaged: Vec<(Position, Damage)>,
}

/// Finds the newest sound snapshot among `positions`, which are sorted. Changes nothing.
pub(crate) fn find<D: Disk>(
    disk: &D,
    identity: u64,
    positions: &[Position],
) -> Result<Found<D>, OpenError> {
    let mut generations = positions.to_vec();
    let mut damaged = Vec::new();
    while let Some(&position) = generations.last() {
        let damage = match SnapshotReader::open(disk, identity, position) {
            Ok(newest) => {
                return Ok(Found {
                    newest: Some(newest),
                    generations,
                    damaged,
                });
            }
            Err(OpenError::Damaged(damage)) => damage,
            Err(other) => return Err(other),
        };
        damaged.push((position, damage));
        generations.pop();
    }
    Ok(Found {
        newest: None,
        generations,
        damaged,
    })
}

/// Renames what failed its checksum, so that it is never again taken for a sound file.
pub(crate) fn set_aside<D: Disk>(
    disk: &D,
    kind: Kind,
    position: Position,
) -> Result<(), DiskError> {
    let name = kind.name(position);
    disk.rename(&name, &format!("{name}{DAMAGED}"))
        .while_doing("rename", disk, &name)
}
