//! Recovery: from whatever a crash left in the directory to a journal that can be read and
//! appended to.

use crate::{
    AppendError, Damage, Disk, DiskError, DiskFile, FileDisk, LockError, OpenError, Options,
    Position, SnapshotReader,
    disk::While,
    format::{FileHeader, Kind, TEMPORARY},
    journal::{Journal, Segment, create_segment},
    room::Space,
    segment::{Marks, Tail, examine_tail, read_header},
    snapshot,
};

/// What was found at open.
pub struct Recovered<D: Disk = FileDisk> {
    /// The newest sound snapshot; replay begins with it. `None`: replay begins at the beginning.
    pub snapshot: Option<SnapshotReader<D>>,
    /// The torn write that was cut from the end, if there was one. None of it had been
    /// acknowledged.
    pub cut: Option<Cut>,
    /// Newer snapshots that failed their checksum and were renamed; the disk should be looked at.
    pub damaged: Vec<Damage>,
}

impl<D: Disk> Recovered<D> {
    /// The position behind which [`Journal::read`] goes on from the snapshot.
    pub fn replay_after(&self) -> Position {
        self.snapshot
            .as_ref()
            .map_or(Position(0), SnapshotReader::position)
    }

    /// Gives `apply` all that makes the state, with the position that it ends at: the blocks of the snapshot, then the records
    /// of each batch of `journal` behind it. How many octets of records were behind the snapshot.
    ///
    /// # Errors
    /// [`ReadError`](crate::ReadError), or what `apply` says: then it is not called again.
    pub fn replay(
        self,
        journal: &Journal<D>,
        mut apply: impl FnMut(Position, &[u8]) -> Result<(), Box<dyn std::error::Error>>,
    ) -> Result<u64, Box<dyn std::error::Error>> {
        let after = self.replay_after();
        if let Some(mut snapshot) = self.snapshot {
            while let Some(block) = snapshot.next()? {
                apply(after, block)?;
            }
        }
        let mut batches = journal.read(after)?;
        let mut octets = 0;
        while let Some(batch) = batches.next()? {
            octets += batch.records.len() as u64;
            apply(batch.last, batch.records)?;
        }
        Ok(octets)
    }
}

/// A torn write at the end of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// From where on, and what was wrong with it.
    pub at: Damage,
    /// Octets that were cut.
    pub bytes: u64,
}

/// Opens the journal on `disk`. The order is such that a refusal has changed nothing that was
/// durable, and that nothing is believed before it has been synced again: after a kill the page
/// cache still shows octets and names that never reached the disk.
pub(crate) fn open<D: Disk>(
    disk: D,
    options: &Options,
) -> Result<(Journal<D>, Recovered<D>), OpenError> {
    let lock = lock(&disk)?;
    let names = Names::read(&disk)?;
    let mut segments = load_segments(&disk, &names.segments)?;
    if segments.is_empty() {
        segments.push(begin(&disk, &names.snapshots)?);
    }
    let (tail, cut) = settle_tail(&disk, &mut segments)?;
    disk.sync_dir()
        .while_doing("sync the data directory", &disk, "")?;

    let first = segments[0].header;
    let found = snapshot::find(&disk, first.identity, &names.snapshots)?;
    check_reach(&disk, first.position, tail.next.after, &found)?;
    tidy(&disk, &found)?;

    let generations = found.generations;
    let oldest = generations.len().saturating_sub(snapshot::GENERATIONS);
    let name = segments[segments.len() - 1].name();
    let file = disk.open(&name).while_doing("open", &disk, &name)?;
    let space = Space::open(&disk, options)?;
    let journal = Journal::assemble(
        (disk, lock),
        options,
        segments.into(),
        (file, tail),
        generations[oldest..].to_vec(),
        space,
    );
    let recovered = Recovered {
        snapshot: found.newest,
        cut,
        damaged: found
            .damaged
            .into_iter()
            .map(|(_, damage)| damage)
            .collect(),
    };
    Ok((journal, recovered))
}

fn lock<D: Disk>(disk: &D) -> Result<D::Lock, OpenError> {
    disk.lock().map_err(|error| match error {
        LockError::Held { pid } => OpenError::Locked {
            dir: disk.path(""),
            pid,
        },
        LockError::Disk(source) => OpenError::Disk(DiskError {
            doing: "lock",
            file: disk.path(crate::format::LOCK),
            source,
        }),
    })
}

/// The names that are ours, sorted by position.
pub(crate) struct Names {
    pub(crate) segments: Vec<Position>,
    pub(crate) snapshots: Vec<Position>,
}

impl Names {
    pub(crate) fn read<D: Disk>(disk: &D) -> Result<Names, DiskError> {
        let all = disk.list().while_doing("list", disk, "")?;
        let of = |kind: Kind| {
            let mut found: Vec<_> = all.iter().filter_map(|name| kind.position(name)).collect();
            found.sort_unstable();
            found
        };
        Ok(Names {
            segments: of(Kind::Segment),
            snapshots: of(Kind::Snapshot),
        })
    }
}

/// Reads every segment's header and sees that each fits behind the one before it. Their batches
/// are checked when they are read.
pub(crate) fn load_segments<D: Disk>(
    disk: &D,
    positions: &[Position],
) -> Result<Vec<Segment>, OpenError> {
    let mut segments: Vec<Segment> = Vec::with_capacity(positions.len());
    for &position in positions {
        let name = Kind::Segment.name(position);
        let file = disk.open(&name).while_doing("open", disk, &name)?;
        let header = read_header(disk, &file, Kind::Segment, &name)?;
        if let Some(before) = segments.last() {
            check_neighbours(disk, before, &header)?;
        }
        segments.push(Segment {
            header,
            end: file.size().while_doing("read", disk, &name)?,
            marks: Marks::default(),
        });
    }
    Ok(segments)
}

fn check_neighbours<D: Disk>(
    disk: &D,
    before: &Segment,
    header: &FileHeader,
) -> Result<(), OpenError> {
    if header.identity != before.header.identity {
        return Err(OpenError::Foreign {
            file: disk.path(&Kind::Segment.name(header.position)),
        });
    }
    // Batches have headers, so a file always holds fewer octets of records than its length.
    if header.offset.saturating_sub(before.header.offset) >= before.end {
        return Err(OpenError::Damaged(Damage {
            file: disk.path(&before.name()),
            offset: before.end,
            what: "the file ends before the next one begins: it was cut short, or a file between \
                   the two is missing",
        }));
    }
    Ok(())
}

/// The first segment of a new journal.
fn begin<D: Disk>(disk: &D, snapshots: &[Position]) -> Result<Segment, OpenError> {
    if let Some(&last) = snapshots.last() {
        // The last segment is never trimmed, so it was taken away.
        return Err(OpenError::Missing {
            dir: disk.path(""),
            first: Position(1),
            last,
            damaged: Vec::new(),
        });
    }
    let header = FileHeader {
        kind: Kind::Segment,
        identity: disk.new_identity(),
        position: Position(1),
        offset: 0,
        before: 0,
        length: 0,
    };
    match create_segment(disk, header) {
        Ok((segment, _)) => Ok(segment),
        Err(AppendError::Full(error) | AppendError::Failed(error)) => Err(OpenError::Disk(error)),
        Err(AppendError::Closed) => unreachable!("only an open journal can be closed"),
    }
}

/// Cuts a torn write from the last segment and makes what is left durable.
fn settle_tail<D: Disk>(
    disk: &D,
    segments: &mut [Segment],
) -> Result<(Tail, Option<Cut>), OpenError> {
    let segment = segments.last_mut().expect("a journal has a segment");
    let name = segment.name();
    let mut tail = examine_tail(disk, &segment.header, &name)?;
    let file = disk.open(&name).while_doing("open", disk, &name)?;
    let cut = tail.torn.map(|torn| Cut {
        at: Damage {
            file: disk.path(&name),
            offset: tail.next.at,
            what: torn.what,
        },
        bytes: torn.bytes,
    });
    // Also when nothing seems to be behind the end: a cut whose sync failed may be in the page
    // cache alone. So may zeros that were written ahead.
    file.truncate(tail.next.at)
        .while_doing("cut", disk, &name)?;
    if let (None, Some(at)) = (&cut, tail.last_batch) {
        write_again(&file, at, tail.next.at).while_doing("write", disk, &name)?;
    }
    file.sync().while_doing("sync", disk, &name)?;
    segment.end = tail.next.at;
    segment.marks = std::mem::take(&mut tail.marks);
    Ok((tail, cut))
}

/// Writes the last batch over itself. If the process before this one stopped because its sync
/// failed, the kernel has marked these pages clean although they never reached the disk, and a sync
/// alone would do nothing; it is the only batch that can be in that state.
fn write_again<F: DiskFile>(file: &F, at: u64, end: u64) -> std::io::Result<()> {
    let mut bytes = vec![0; usize::try_from(end - at).expect("a batch fits in memory")];
    if file.read_at(at, &mut bytes)? < bytes.len() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    file.write_at(at, [&bytes, &[]])
}

/// Sees that the journal begins where the snapshot ends, or before, and ends behind it.
fn check_reach<D: Disk>(
    disk: &D,
    first: Position,
    end: Position,
    found: &snapshot::Found<D>,
) -> Result<(), OpenError> {
    let covered = found.generations.last().copied().unwrap_or_default();
    let missing = |first, last| {
        Err(OpenError::Missing {
            dir: disk.path(""),
            first,
            last,
            damaged: found.damaged.iter().map(|(_, d)| d.clone()).collect(),
        })
    };
    if first.0 > covered.0 + 1 {
        return missing(Position(covered.0 + 1), Position(first.0 - 1));
    }
    if end < covered {
        return missing(Position(end.0 + 1), covered);
    }
    Ok(())
}

/// Removes what a crash left behind, now that nothing can refuse any more.
fn tidy<D: Disk>(disk: &D, found: &snapshot::Found<D>) -> Result<(), DiskError> {
    for name in disk.list().while_doing("list", disk, "")? {
        if is_unfinished(&name) {
            disk.remove(&name).while_doing("remove", disk, &name)?;
        }
    }
    for (position, _) in &found.damaged {
        snapshot::set_aside(disk, Kind::Snapshot, *position)?;
    }
    let generations = &found.generations;
    let old = generations.len().saturating_sub(snapshot::GENERATIONS);
    for &position in &generations[..old] {
        let name = Kind::Snapshot.name(position);
        disk.remove(&name).while_doing("remove", disk, &name)?;
    }
    Ok(())
}

fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(TEMPORARY).is_some_and(|name| {
        [Kind::Segment, Kind::Snapshot, Kind::Run, Kind::Cold]
            .into_iter()
            .any(|kind| kind.position(name).is_some())
    })
}
