//! Batches in a file: reading them at the disk's speed, finding one, and judging a file's end.

use std::{io, ops::Range};

use crate::{
    Batch, Damage, Disk, DiskFile, OpenError, Position, ReadError,
    disk::While,
    format::{BATCH_HEADER, BadHeader, BatchHeader, FILE_HEADER, FileHeader, Kind, VERSION},
};

/// Octets that are read at once: more than the second-level cache gains nothing.
const BUFFER_BYTES: usize = 1 << 20;
/// Octets of file between two marks of the index: a body is found within so many.
const STRIDE_BYTES: u64 = 64 << 10;

/// Reads the header of a file and refuses what is not ours to read.
pub(crate) fn read_header<D: Disk>(
    disk: &D,
    file: &D::File,
    kind: Kind,
    name: &str,
) -> Result<FileHeader, OpenError> {
    let mut bytes = [0; FILE_HEADER];
    let read = file
        .read_at(0, &mut bytes)
        .while_doing("read", disk, name)?;
    let damaged = |what| {
        Err(OpenError::Damaged(Damage {
            file: disk.path(name),
            offset: 0,
            what,
        }))
    };
    if read < FILE_HEADER {
        return damaged("the file is shorter than its header");
    }
    match FileHeader::decode(kind, &bytes) {
        Ok(header) if kind.position(name) == Some(header.position) => Ok(header),
        Ok(_) => damaged("the header names another position than the file's name"),
        Err(BadHeader::Checksum) => damaged("the checksum of the file's header is wrong"),
        Err(BadHeader::NotOurs) => damaged("the header is of another kind of file"),
        Err(BadHeader::Newer(found)) => Err(OpenError::Newer {
            file: disk.path(name),
            found,
            known: VERSION,
        }),
    }
}

/// Where a batch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The last position before it.
    pub(crate) after: Position,
    /// Octets of records before it, since the journal's beginning.
    pub(crate) offset: u64,
    /// Its octet in the file.
    pub(crate) at: u64,
}

impl Mark {
    /// Where the first batch of a segment begins.
    pub(crate) fn first(header: &FileHeader) -> Mark {
        Mark {
            after: Position(header.position.0.saturating_sub(1)),
            offset: header.offset,
            at: FILE_HEADER as u64,
        }
    }

    /// Where the batch behind this one begins.
    pub(crate) fn next(&self, batch: &BatchHeader) -> Mark {
        Mark {
            after: batch.last,
            offset: self.offset + u64::from(batch.length),
            at: self.at + batch.whole(),
        }
    }
}

/// A sparse index of a segment: some of its batches, in order. 24 octets for each 64 KiB.
#[derive(Debug, Default)]
pub(crate) struct Marks(Vec<Mark>);

impl Marks {
    /// Takes note of a batch unless one close before it is noted already.
    pub(crate) fn note(&mut self, mark: Mark) {
        match self.0.last() {
            Some(last) if mark.at < last.at + STRIDE_BYTES => {}
            Some(_) | None => self.0.push(mark),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The noted batch nearest before the record octet at `offset`.
    pub(crate) fn before_offset(&self, offset: u64) -> Option<Mark> {
        self.before(|mark| mark.offset <= offset)
    }

    /// The noted batch nearest before the end of `position`.
    pub(crate) fn before_position(&self, position: Position) -> Option<Mark> {
        self.before(|mark| mark.after < position)
    }

    fn before(&self, holds: impl Fn(&Mark) -> bool) -> Option<Mark> {
        let behind = self.0.partition_point(holds);
        behind.checked_sub(1).map(|at| self.0[at])
    }
}

/// The header of the batch that begins at `at`, of which `end` octets are in the file; its records
/// are neither read nor checked.
pub(crate) fn peek<F: DiskFile>(
    file: &F,
    seed: u32,
    at: u64,
    end: u64,
) -> io::Result<Option<BatchHeader>> {
    let mut bytes = [0; BATCH_HEADER];
    if at + BATCH_HEADER as u64 > end || file.read_at(at, &mut bytes)? < BATCH_HEADER {
        return Ok(None);
    }
    Ok(BatchHeader::decode(seed, &bytes).filter(|header| at + header.whole() <= end))
}

/// Reads a file's batches in order and checks every octet. The records are lent from one buffer.
pub(crate) struct Scan<F> {
    file: F,
    seed: u32,
    /// One past the last octet to be read.
    end: u64,
    /// The checksum that the next batch must name as the one before it.
    chain: u32,
    next: Mark,
    /// The batch that was read last, and where its records are in the buffer.
    current: Mark,
    records: Range<usize>,
    buffer: Vec<u8>,
    /// `buffer[start..filled]` is the file from `next.at` on.
    start: usize,
    filled: usize,
}

/// What a step of a [`Scan`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A sound batch: [`Scan::batch`].
    Batch,
    /// The end, right behind a batch.
    End,
    /// No sound batch, and why.
    Broken(&'static str),
}

impl<F: DiskFile> Scan<F> {
    /// From the first batch behind `header` to the octet `end`. `chain` is what the first batch
    /// has before it.
    pub(crate) fn new(file: F, header: &FileHeader, chain: u32, first: Mark, end: u64) -> Scan<F> {
        Scan {
            file,
            seed: header.seed(),
            end,
            chain,
            next: first,
            current: first,
            records: 0..0,
            buffer: Vec::new(),
            start: 0,
            filled: 0,
        }
    }

    /// Goes back to `first`, where it began.
    pub(crate) fn rewind(&mut self, first: Mark, chain: u32) {
        self.next = first;
        self.chain = chain;
        self.start = 0;
        self.filled = 0;
    }

    /// Uses the memory of another scan.
    pub(crate) fn with_buffer(mut self, buffer: Vec<u8>) -> Scan<F> {
        self.buffer = buffer;
        self
    }

    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    pub(crate) fn advance(&mut self) -> io::Result<Step> {
        let left = self.end - self.next.at;
        if left == 0 {
            return Ok(Step::End);
        }
        if left < BATCH_HEADER as u64 {
            return Ok(Step::Broken("the file ends inside a batch's header"));
        }
        self.fill(BATCH_HEADER)?;
        let bytes = self.buffer[self.start..][..BATCH_HEADER]
            .try_into()
            .expect("as long as a header");
        let Some(header) = BatchHeader::decode(self.seed, bytes) else {
            return Ok(Step::Broken("the checksum of a batch's header is wrong"));
        };
        if header.before != self.chain {
            return Ok(Step::Broken("a batch does not follow the one before it"));
        }
        if header.whole() > left {
            return Ok(Step::Broken("the file ends inside a batch"));
        }
        let length = header.length as usize;
        self.fill(BATCH_HEADER + length)?;
        let records = self.start + BATCH_HEADER..self.start + BATCH_HEADER + length;
        if crc32c::crc32c(&self.buffer[records.clone()]) != header.records {
            return Ok(Step::Broken("the checksum of a batch's records is wrong"));
        }
        self.start = records.end;
        self.records = records;
        self.current = self.next;
        self.next = self.next.next(&header);
        self.chain = header.checksum;
        Ok(Step::Batch)
    }

    /// The batch that the last step found.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch {
            after: self.current.after,
            last: self.next.after,
            offset: self.current.offset,
            records: &self.buffer[self.records.clone()],
        }
    }

    /// Where the next batch begins, or would.
    pub(crate) fn next(&self) -> Mark {
        self.next
    }

    /// Where the batch begins that the last step found.
    pub(crate) fn current(&self) -> Mark {
        self.current
    }

    pub(crate) fn chain(&self) -> u32 {
        self.chain
    }

    /// Has at least `need` octets in the buffer, which the file must have.
    fn fill(&mut self, need: usize) -> io::Result<()> {
        if self.filled - self.start >= need {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        let at = self.next.at + self.filled as u64;
        let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
        let wanted = need.max(BUFFER_BYTES.min(self.filled + left));
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let room = left.min(self.buffer.len() - self.filled);
        let read = self
            .file
            .read_at(at, &mut self.buffer[self.filled..][..room])?;
        self.filled += read;
        if self.filled < need {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// The end of the journal, as found in its last segment.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) marks: Marks,
    /// Where the next batch goes: the length that the file should have.
    pub(crate) next: Mark,
    pub(crate) chain: u32,
    /// Where the last sound batch begins.
    pub(crate) last_batch: Option<u64>,
    /// What is behind `next` and is no batch; `None` when nothing is behind it, or zeros written ahead.
    pub(crate) torn: Option<Torn>,
}

/// A write that was not finished.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Torn {
    pub(crate) what: &'static str,
    /// Its octets, up to the last one that is not zero.
    pub(crate) bytes: u64,
}

/// Reads the whole last segment. What is not a sound batch at its end is a torn write, for only
/// one batch is ever unsynced; what is not a sound batch before another one is damage.
pub(crate) fn examine_tail<D: Disk>(
    disk: &D,
    header: &FileHeader,
    name: &str,
) -> Result<Tail, OpenError> {
    let file = disk.open(name).while_doing("open", disk, name)?;
    let end = file.size().while_doing("read", disk, name)?;
    let mut scan = Scan::new(file, header, header.before, Mark::first(header), end);
    let mut marks = Marks::default();
    let mut last_batch = None;
    let broken = loop {
        match scan.advance().while_doing("read", disk, name)? {
            Step::Batch => {
                marks.note(scan.current());
                last_batch = Some(scan.current().at);
            }
            Step::End => break None,
            Step::Broken(why) => break Some(why),
        }
    };
    let next = scan.next();
    let written = written_end(&scan.file, next.at, end).while_doing("read", disk, name)?;
    let torn = broken.filter(|_| written > next.at).map(|what| Torn {
        what,
        bytes: written - next.at,
    });
    if let Some(Torn { what, .. }) = torn
        && batch_behind(&scan.file, header.seed(), next, written..end)
            .while_doing("read", disk, name)?
    {
        return Err(OpenError::Damaged(Damage {
            file: disk.path(name),
            offset: next.at,
            what,
        }));
    }
    Ok(Tail {
        marks,
        next,
        chain: scan.chain(),
        last_batch,
        torn,
    })
}

/// One past the last octet from `at` on that is not zero; `at` if all are.
fn written_end<F: DiskFile>(file: &F, at: u64, end: u64) -> io::Result<u64> {
    let mut window = vec![0; BUFFER_BYTES.min(usize::try_from(end - at).unwrap_or(BUFFER_BYTES))];
    let mut from = at;
    let mut written = at;
    while from < end {
        let read = file.read_at(from, &mut window)?;
        if read == 0 {
            break;
        }
        if let Some(last) = window[..read].iter().rposition(|&octet| octet != 0) {
            written = from + last as u64 + 1;
        }
        from += read as u64;
    }
    Ok(written)
}

/// Whether something that was written later is behind the broken batch at `broken`: then the
/// broken one had been synced, for nothing is written before that. The file ends at `zeros.end`,
/// and nothing but zeros is in it from `zeros.start` on: zeros written ahead, or the last records'.
fn batch_behind<F: DiskFile>(
    file: &F,
    seed: u32,
    broken: Mark,
    zeros: Range<u64>,
) -> io::Result<bool> {
    let end = zeros.end;
    if let Some(header) = peek(file, seed, broken.at, end)?
        && broken.at + header.whole() < zeros.start
    {
        return Ok(true);
    }
    // Its header is no help, so a later batch can begin at any octet.
    let left = usize::try_from(end - broken.at).unwrap_or(BUFFER_BYTES);
    let mut window = vec![0; BUFFER_BYTES.min(left)];
    let mut at = broken.at + 1;
    while at + (BATCH_HEADER as u64) < end {
        let read = file.read_at(at, &mut window)?;
        if read < BATCH_HEADER {
            return Ok(false);
        }
        for (i, bytes) in window[..read].windows(BATCH_HEADER).enumerate() {
            let bytes = bytes.try_into().expect("as long as a header");
            if let Some(header) = BatchHeader::decode(seed, bytes)
                && header.last > broken.after
                && records_are_sound(file, at + i as u64, end, &header)?
            {
                return Ok(true);
            }
        }
        at += (read - BATCH_HEADER + 1) as u64;
    }
    Ok(false)
}

fn records_are_sound<F: DiskFile>(
    file: &F,
    at: u64,
    end: u64,
    header: &BatchHeader,
) -> io::Result<bool> {
    if at + header.whole() > end {
        return Ok(false);
    }
    let mut records = vec![0; header.length as usize];
    let read = file.read_at(at + BATCH_HEADER as u64, &mut records)?;
    Ok(read == records.len() && crc32c::crc32c(&records) == header.records)
}

/// The damage that a scan of a finished file met.
pub(crate) fn damage<D: Disk>(disk: &D, name: &str, at: Mark, what: &'static str) -> ReadError {
    ReadError::Damaged(Damage {
        file: disk.path(name),
        offset: at.at,
        what,
    })
}
