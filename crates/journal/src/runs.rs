//! Rows that are still asked for when the journal holds them no longer: the newest in memory, the
//! rest in immutable sorted files, the runs.
//!
//! A row belongs to a position of the journal, so it can be made again from the journal as long as
//! it is in no run. Nothing is written for a single row, and nothing is lost with the process: the
//! caller makes the rows behind [`Runs::position`] again at start, and adopts no snapshot beyond it.
//!
//! ```text
//! run   = header, fences, block*        the batches of a snapshot, see the module `format`
//! fences  the name of the first row of each block, and of the last row of all
//! block   1 024 rows, the last one fewer, sorted by name
//! ```

use std::collections::{BTreeMap, VecDeque};

use crate::{
    Damage, Disk, DiskError, DiskFile, FileDisk, OpenError, Position, ReadError, SnapshotWriter,
    disk::While,
    format::{BATCH_HEADER, FILE_HEADER, FileHeader, Kind},
    segment::{Mark, damage, peek, read_header},
    snapshot::set_aside,
};

/// Octets of a row's name. Rows are sorted by it, octet by octet, and no two have the same.
pub const NAME_BYTES: usize = 16;
/// Octets of a row: its name, and what it says.
pub const ROW_BYTES: usize = 32;
/// Rows of a block: the file is read in pieces of 32 KiB.
const BLOCK_ROWS: usize = 1024;

/// One row.
pub type Row = [u8; ROW_BYTES];
type Name = [u8; NAME_BYTES];
type Value = [u8; ROW_BYTES - NAME_BYTES];

/// Rows, found by the beginning of their name.
pub struct Runs<D: Disk = FileDisk> {
    disk: D,
    identity: u64,
    /// In no run yet.
    fresh: BTreeMap<Name, Value>,
    /// Oldest first.
    runs: VecDeque<Run>,
    position: Position,
}

/// A file of rows.
struct Run {
    /// Its `offset` is when it was written, in milliseconds since 1970.
    header: FileHeader,
    fences: Vec<Name>,
}

impl<D: Disk> Runs<D> {
    /// Reads what is in the directory of a journal that ends at `end`: also which runs were damaged
    /// and have been set aside.
    pub(crate) fn open(
        disk: D,
        identity: u64,
        end: Position,
    ) -> Result<(Runs<D>, Vec<Damage>), OpenError> {
        let mut runs = VecDeque::new();
        let mut damaged = Vec::new();
        for position in positions(&disk)? {
            match Run::open(&disk, identity, position, end) {
                Ok(run) => runs.push_back(run),
                Err(OpenError::Damaged(damage)) => {
                    set_aside(&disk, Kind::Run, position)?;
                    damaged.push(damage);
                }
                Err(other) => return Err(other),
            }
        }
        Ok((Runs::of(disk, identity, runs), damaged))
    }

    /// Reads what is in the directory of a journal that another process uses, and leaves out what is damaged.
    pub(crate) fn look(disk: D, identity: u64) -> Result<Runs<D>, OpenError> {
        let mut runs = VecDeque::new();
        for position in positions(&disk)? {
            match Run::open(&disk, identity, position, Position(u64::MAX)) {
                Ok(run) => runs.push_back(run),
                Err(OpenError::Damaged(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(Runs::of(disk, identity, runs))
    }

    fn of(disk: D, identity: u64, runs: VecDeque<Run>) -> Runs<D> {
        let newest = runs.back().map(|run| run.header.position);
        Runs {
            disk,
            identity,
            fresh: BTreeMap::new(),
            runs,
            position: newest.unwrap_or_default(),
        }
    }

    /// Rows up to here are on the disk; those behind it have to be made again after a crash.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Adds a row of a position behind [`position`](Runs::position); one of the same name is replaced.
    pub fn add(&mut self, row: &Row) {
        let (name, value) = row.split_at(NAME_BYTES);
        let part = "a row is a name and a value";
        self.fresh
            .insert(name.try_into().expect(part), value.try_into().expect(part));
    }

    /// Rows that are in memory alone.
    pub fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// Octets of the files.
    pub fn bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.header.length).sum()
    }

    /// Makes every row durable: those of the positions up to and with `position`, which must all have
    /// been added. `now` is what [`trim`](Runs::trim) judges them by, in milliseconds since 1970.
    ///
    /// # Errors
    /// What the disk says; the rows stay in memory, and it may be tried again.
    ///
    /// # Panics
    /// When there are rows and `position` is not behind [`position`](Runs::position).
    pub fn write(&mut self, position: Position, now: u64) -> Result<(), DiskError> {
        if !self.fresh.is_empty() {
            assert!(
                position > self.position,
                "rows of {position} are on the disk"
            );
            let run = self.write_run(position, now)?;
            self.runs.push_back(run);
            self.fresh.clear();
        }
        self.position = self.position.max(position);
        Ok(())
    }

    /// Gives up every row that is in memory alone, as if those up to `position` had been written: there
    /// is no room for them.
    pub fn forget(&mut self, position: Position) {
        self.fresh.clear();
        self.position = self.position.max(position);
    }

    fn write_run(&self, position: Position, now: u64) -> Result<Run, DiskError> {
        let firsts = self.fresh.keys().step_by(BLOCK_ROWS);
        let fences: Vec<Name> = firsts
            .chain(self.fresh.keys().next_back())
            .copied()
            .collect();
        let disk = self.disk.clone();
        let mut writer = SnapshotWriter::new(disk, Kind::Run, self.identity, position, now)?;
        writer.block(fences.as_flattened())?;
        let mut block = Vec::with_capacity(BLOCK_ROWS * ROW_BYTES);
        for (name, value) in &self.fresh {
            block.extend_from_slice(name);
            block.extend_from_slice(value);
            if block.len() == BLOCK_ROWS * ROW_BYTES {
                writer.block(&block)?;
                block.clear();
            }
        }
        if !block.is_empty() {
            writer.block(&block)?;
        }
        let header = writer.finish_file()?;
        Ok(Run { header, fences })
    }

    /// Removes runs that were written before `since` (milliseconds since 1970), and then the oldest
    /// until the files have at most `bytes_max` octets.
    ///
    /// # Errors
    /// What the disk says.
    pub fn trim(&mut self, since: u64, bytes_max: u64) -> Result<(), DiskError> {
        let mut bytes = self.bytes();
        while let Some(oldest) = self.runs.front()
            && (oldest.header.offset < since || bytes > bytes_max)
        {
            bytes -= oldest.header.length;
            let name = Kind::Run.name(oldest.header.position);
            self.disk
                .remove(&name)
                .while_doing("remove", &self.disk, &name)?;
            self.runs.pop_front();
        }
        Ok(())
    }

    /// Every row whose name begins with `beginning`, in no order that means anything.
    ///
    /// # Errors
    /// A run that cannot be read, or is damaged.
    pub fn find(&self, beginning: &[u8]) -> Result<Vec<Row>, ReadError> {
        let [mut least, mut greatest] = [[0; NAME_BYTES], [0xFF; NAME_BYTES]];
        least[..beginning.len()].copy_from_slice(beginning);
        greatest[..beginning.len()].copy_from_slice(beginning);
        let fresh = self.fresh.range(least..=greatest);
        let mut found: Vec<Row> = fresh.map(|(name, value)| row(name, value)).collect();
        for run in &self.runs {
            for number in run.blocks(&least, &greatest) {
                let block = self.read_block(run, number)?;
                let rows = block.as_chunks::<ROW_BYTES>().0.iter();
                found.extend(rows.filter(|row| row.starts_with(beginning)));
            }
        }
        Ok(found)
    }

    fn read_block(&self, run: &Run, number: usize) -> Result<Vec<u8>, ReadError> {
        let name = Kind::Run.name(run.header.position);
        let file = self
            .disk
            .open(&name)
            .while_doing("open", &self.disk, &name)?;
        let at = run.first_block() + (number * (BATCH_HEADER + BLOCK_ROWS * ROW_BYTES)) as u64;
        let records = read_records(&file, &run.header, at);
        let records = records.while_doing("read", &self.disk, &name)?;
        records.ok_or_else(|| {
            let mark = Mark {
                at,
                ..Mark::first(&run.header)
            };
            damage(&self.disk, &name, mark, "a block is not what was written")
        })
    }
}

impl Run {
    fn open<D: Disk>(
        disk: &D,
        identity: u64,
        position: Position,
        end: Position,
    ) -> Result<Run, OpenError> {
        let name = Kind::Run.name(position);
        let file = disk.open(&name).while_doing("open", disk, &name)?;
        let header = read_header(disk, &file, Kind::Run, &name)?;
        let size = file.size().while_doing("read", disk, &name)?;
        let damaged = |what| {
            let file = disk.path(&name);
            Err(OpenError::Damaged(Damage {
                file,
                offset: 0,
                what,
            }))
        };
        if header.identity != identity {
            return Err(OpenError::Foreign {
                file: disk.path(&name),
            });
        }
        if size != header.length {
            return damaged("it is not as long as its header says");
        }
        if position > end {
            return damaged("it knows more than the journal");
        }
        let fences = read_records(&file, &header, FILE_HEADER as u64);
        let Some(fences) = fences.while_doing("read", disk, &name)? else {
            return damaged("its fences are not what was written");
        };
        let fences = fences.as_chunks().0.to_vec();
        Ok(Run { header, fences })
    }

    /// Where the first block begins.
    fn first_block(&self) -> u64 {
        (FILE_HEADER + BATCH_HEADER + self.fences.len() * NAME_BYTES) as u64
    }

    /// Blocks that may hold names from `least` to `greatest`.
    fn blocks(&self, least: &Name, greatest: &Name) -> std::ops::Range<usize> {
        let Some((last, firsts)) = self.fences.split_last() else {
            return 0..0;
        };
        if least > last {
            return 0..0;
        }
        let begin = firsts.partition_point(|first| first <= least);
        let end = firsts.partition_point(|first| first <= greatest);
        begin.saturating_sub(1)..end
    }
}

/// Of the runs of a directory, oldest first.
fn positions<D: Disk>(disk: &D) -> Result<Vec<Position>, OpenError> {
    let names = disk.list().while_doing("list", disk, "")?;
    let positions = names.iter().filter_map(|name| Kind::Run.position(name));
    let mut positions: Vec<_> = positions.collect();
    positions.sort_unstable();
    Ok(positions)
}

/// The records of the batch at `at` of a finished file; `None` if they are not what was written.
pub(crate) fn read_records<F: DiskFile>(
    file: &F,
    header: &FileHeader,
    at: u64,
) -> std::io::Result<Option<Vec<u8>>> {
    let Some(batch) = peek(file, header.seed(), at, header.length)? else {
        return Ok(None);
    };
    let mut records = vec![0; batch.length as usize];
    let read = file.read_at(at + BATCH_HEADER as u64, &mut records)?;
    let sound = read == records.len() && crc32c::crc32c(&records) == batch.records;
    Ok(sound.then_some(records))
}

fn row(name: &Name, value: &Value) -> Row {
    let mut row = [0; ROW_BYTES];
    row[..NAME_BYTES].copy_from_slice(name);
    row[NAME_BYTES..].copy_from_slice(value);
    row
}
