//! The journal while it runs: append, read, snapshot, trim.

use std::{collections::VecDeque, io, path::Path};

use crate::{
    AppendError, Batches, ColdFiles, Damage, Disk, DiskError, DiskFile, FileDisk, OpenError,
    Options, Position, ReadError, Recovered, Room, Runs, Snapshot, SnapshotWriter,
    disk::While,
    error::is_full,
    format::{BatchHeader, FILE_HEADER, FileHeader, Kind, TEMPORARY},
    open,
    read::Part,
    room::Space,
    segment::{Mark, Marks, Tail, damage, peek},
    snapshot,
};

/// Zeros that are written at once behind the last batch when a batch reaches the file's end. A batch
/// that is written over them changes nothing but octets, and its sync need not wait for the file
/// system's own journal, which takes as long again. More at once makes that one append late.
const AHEAD_BYTES: usize = 128 << 10;

/// An append-only log of batches of records in one directory, which it owns: one per process and
/// directory. See the crate's documentation for what it promises.
pub struct Journal<D: Disk = FileDisk> {
    disk: D,
    _lock: D::Lock,
    segment_bytes: u64,
    /// What is written ahead, at most.
    zeros: Vec<u8>,
    /// Never empty, oldest first; the last one grows.
    segments: VecDeque<Segment>,
    /// The last segment's file.
    file: D::File,
    /// Where the next batch goes in it.
    next: Mark,
    /// How far zeros are written in it.
    ahead: u64,
    /// The checksum of the last batch.
    chain: u32,
    /// The positions of the snapshots that are kept, oldest first.
    generations: Vec<Position>,
    space: Space<D>,
    /// A write or a sync failed: nothing is known of the end of the file.
    closed: bool,
    /// The segment that [`Journal::read_at`] read last.
    read_file: Option<(Position, D::File)>,
}

/// A file of the journal.
pub(crate) struct Segment {
    pub(crate) header: FileHeader,
    /// Octets of it that are durable.
    pub(crate) end: u64,
    /// Empty as long as nothing was looked for in it.
    pub(crate) marks: Marks,
}

impl Segment {
    pub(crate) fn name(&self) -> String {
        Kind::Segment.name(self.header.position)
    }
}

/// Files that have lost their names. The disk takes their blocks back when this is dropped, at
/// some 10 ms for each 64 MiB: a thread that must not wait so long gives it to another one.
pub struct Removed<D: Disk = FileDisk> {
    files: Vec<D::File>,
    bytes: u64,
}

impl<D: Disk> Removed<D> {
    /// How many there are.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Octets that are in them.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn none() -> Removed<D> {
        Removed {
            files: Vec::new(),
            bytes: 0,
        }
    }

    fn remove(&mut self, disk: &D, name: &str) -> Result<(), DiskError> {
        let file = disk.open(name).while_doing("open", disk, name)?;
        let bytes = file.size().while_doing("read", disk, name)?;
        disk.remove(name).while_doing("remove", disk, name)?;
        self.files.push(file);
        self.bytes += bytes;
        Ok(())
    }
}

impl Journal {
    /// Takes the directory `dir`, which is made if it does not exist, and recovers what is in it.
    ///
    /// # Errors
    /// See [`OpenError`]; after one, nothing that was durable has been changed.
    ///
    /// # Panics
    /// When `options` contradict themselves: see [`Journal::open_on`].
    pub fn open(
        dir: impl AsRef<Path>,
        options: &Options,
    ) -> Result<(Journal, Recovered), OpenError> {
        Journal::open_on(FileDisk::new(dir.as_ref())?, options)
    }
}

impl<D: Disk> Journal<D> {
    /// As [`Journal::open`], on any disk.
    ///
    /// # Panics
    /// When mark 2 is above mark 1.
    pub fn open_on(disk: D, options: &Options) -> Result<(Journal<D>, Recovered<D>), OpenError> {
        assert!(
            options.room_scarce_bytes <= options.room_low_bytes,
            "mark 2 is above mark 1"
        );
        open::open(disk, options)
    }

    pub(crate) fn assemble(
        (disk, lock): (D, D::Lock),
        options: &Options,
        segments: VecDeque<Segment>,
        (file, tail): (D::File, Tail),
        generations: Vec<Position>,
        space: Space<D>,
    ) -> Journal<D> {
        Journal {
            disk,
            _lock: lock,
            segment_bytes: options.segment_bytes,
            zeros: vec![0; AHEAD_BYTES.min(options.segment_bytes as usize / 4)],
            segments,
            file,
            next: tail.next,
            ahead: tail.next.at,
            chain: tail.chain,
            generations,
            space,
            closed: false,
            read_file: None,
        }
    }

    /// Makes `records`, those of the steps up to and with `last`, durable as one batch: one write,
    /// one fdatasync. When it returns `Ok` they are; after [`AppendError::Full`] the same call is
    /// made again later; after any other error it must not be.
    ///
    /// A disk that is full gets the reserve's blocks before it is reported as such.
    ///
    /// # Panics
    /// When `last` is not behind [`Journal::end`], or when `records` is empty or longer than
    /// [`crate::BATCH_BYTES_MAX`].
    pub fn append(&mut self, last: Position, records: &[u8]) -> Result<Room, AppendError> {
        assert!(last > self.end(), "position {last} was appended before");
        if self.closed {
            return Err(AppendError::Closed);
        }
        let mut appended = self.put(last, records);
        if matches!(appended, Err(AppendError::Full(_))) && self.space.release() {
            appended = self.put(last, records);
        }
        self.closed = matches!(appended, Err(AppendError::Failed(_)));
        appended.map(|()| self.room())
    }

    fn put(&mut self, last: Position, records: &[u8]) -> Result<(), AppendError> {
        let empty = self.next.at == FILE_HEADER as u64;
        if !empty && self.next.at + records.len() as u64 > self.segment_bytes {
            self.rotate()?;
        }
        if self.space.room() != Room::Ample {
            self.cut_ahead()?;
        }
        let segment = &self.segments[self.segments.len() - 1];
        let (header, bytes) = BatchHeader::seal(segment.header.seed(), self.chain, last, records);
        let written = self.file.write_at(self.next.at, [&bytes, records]);
        if let Err(source) = written {
            return Err(self.take_back(source));
        }
        let next = self.next.next(&header);
        if next.at > self.ahead {
            self.write_ahead(next.at, header.whole())?;
        }
        let segment = self.segments.back_mut().expect("a journal has a segment");
        self.file
            .sync()
            .while_doing("sync", &self.disk, &segment.name())
            .map_err(AppendError::Failed)?;
        segment.marks.note(self.next);
        segment.end = next.at;
        self.next = next;
        self.chain = header.checksum;
        Ok(())
    }

    /// Writes zeros behind a batch that ends at `end`, as far as the segment goes. A large batch
    /// needs none: what it costs to grow the file for it is little beside it. Nor does a disk that
    /// is getting full.
    fn write_ahead(&mut self, end: u64, batch: u64) -> Result<(), AppendError> {
        self.ahead = end;
        let length = self.segment_bytes.saturating_sub(end);
        let length = length.min(self.zeros.len() as u64);
        if length == 0 || batch >= length || self.space.room() != Room::Ample {
            return Ok(());
        }
        let zeros = &self.zeros[..length as usize];
        let written = match self.file.write_at(end, [zeros, &[]]) {
            Ok(()) => {
                self.ahead = end + length;
                Ok(())
            }
            // The batch itself had room.
            Err(error) if is_full(&error) => self.file.truncate(end),
            Err(error) => Err(error),
        };
        let name = self.segments[self.segments.len() - 1].name();
        written
            .while_doing("write ahead in", &self.disk, &name)
            .map_err(AppendError::Failed)
    }

    /// Gives back what was written ahead and not used.
    fn cut_ahead(&mut self) -> Result<(), AppendError> {
        if self.ahead <= self.next.at {
            return Ok(());
        }
        self.ahead = self.next.at;
        let name = self.segments[self.segments.len() - 1].name();
        let cut = self.file.truncate(self.next.at);
        cut.while_doing("cut", &self.disk, &name)
            .map_err(AppendError::Failed)
    }

    /// After a write for which there was no room: cuts what came of it, durably, so that never more
    /// than one batch lies unsynced behind the last good one.
    fn take_back(&mut self, source: io::Error) -> AppendError {
        self.ahead = self.next.at;
        let name = self.segments[self.segments.len() - 1].name();
        let full = is_full(&source);
        let error = DiskError {
            doing: "write",
            file: self.disk.path(&name),
            source,
        };
        if !full {
            return AppendError::Failed(error);
        }
        let cut = self
            .file
            .truncate(self.next.at)
            .and_then(|()| self.file.sync());
        match cut.while_doing("cut", &self.disk, &name) {
            Ok(()) => AppendError::Full(error),
            Err(error) => AppendError::Failed(error),
        }
    }

    /// Begins a new segment. The one before it is whole and synced; zeros that are left in it may
    /// come back after a crash and harm nobody.
    fn rotate(&mut self) -> Result<(), AppendError> {
        self.cut_ahead()?;
        let header = FileHeader {
            position: Position(self.next.after.0 + 1),
            offset: self.next.offset,
            before: self.chain,
            ..self.segments[0].header
        };
        let (segment, file) = create_segment(&self.disk, header)?;
        self.segments.push_back(segment);
        self.file = file;
        self.next = Mark::first(&header);
        self.ahead = self.next.at;
        Ok(())
    }

    /// The last durable position; 0 in a new journal.
    pub fn end(&self) -> Position {
        self.next.after
    }

    /// The position of the newest snapshot; 0 if there is none.
    pub fn covered(&self) -> Position {
        self.generations.last().copied().unwrap_or_default()
    }

    /// Octets of records that were ever appended.
    pub fn end_offset(&self) -> u64 {
        self.next.offset
    }

    /// Octets of the segments that are kept.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end).sum()
    }

    /// The batches that end behind `after`, up to the last durable one. The first of them begins
    /// right behind `after` if that is the end of a batch or of a snapshot.
    ///
    /// # Errors
    /// [`ReadError::NotHere`] when what follows `after` was trimmed or is not durable.
    pub fn read(&self, after: Position) -> Result<Batches<D>, ReadError> {
        let first = self.segments[0].header.position;
        if after.0 + 1 < first.0 || after > self.end() {
            return Err(ReadError::NotHere {
                asked: after.0 + 1,
                first: first.0,
                end: self.end().0 + 1,
            });
        }
        let behind = self
            .segments
            .partition_point(|segment| segment.header.position.0 <= after.0 + 1);
        let parts = self
            .segments
            .range(behind - 1..)
            .map(|segment| Part {
                header: segment.header,
                end: segment.end,
            })
            .collect();
        Ok(Batches::new(self.disk.clone(), after, parts))
    }

    /// Fills `into` with the octets of records from `offset` on, counted from the journal's
    /// beginning. They were checked when the journal was written or replayed, and are not again.
    ///
    /// # Errors
    /// [`ReadError::NotHere`] when a part of them was trimmed or is not durable.
    pub fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        let first = self.segments[0].header.offset;
        if offset < first || offset.saturating_add(into.len() as u64) > self.end_offset() {
            return Err(ReadError::NotHere {
                asked: offset,
                first,
                end: self.end_offset(),
            });
        }
        let mut filled = 0;
        while filled < into.len() {
            filled += self.read_piece(offset + filled as u64, &mut into[filled..])?;
        }
        Ok(())
    }

    /// Fills the start of `into` from the one batch that holds `offset`.
    fn read_piece(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, ReadError> {
        let behind = self
            .segments
            .partition_point(|segment| segment.header.offset <= offset);
        let segment = behind - 1;
        self.index(segment)?;
        let near = self.segments[segment].marks.before_offset(offset);
        let (mark, batch) = self.walk(segment, near, |mark, batch| {
            mark.next(batch).offset > offset
        })?;
        let skip = offset - mark.offset;
        let length = into.len().min((u64::from(batch.length) - skip) as usize);
        let at = mark.at + (batch.whole() - u64::from(batch.length)) + skip;
        let name = self.segments[segment].name();
        let file = self.file_of(segment)?;
        let read = file.read_at(at, &mut into[..length]);
        let read = read.while_doing("read", &self.disk, &name)?;
        if read < length {
            return Err(damage(
                &self.disk,
                &name,
                mark,
                "the file is shorter than it was",
            ));
        }
        Ok(length)
    }

    /// Has the marks of a segment from before this process was started.
    fn index(&mut self, segment: usize) -> Result<(), ReadError> {
        if !self.segments[segment].marks.is_empty() {
            return Ok(());
        }
        let end = match self.segments.get(segment + 1) {
            Some(next) => next.header.offset,
            None => self.end_offset(),
        };
        let mut marks = Marks::default();
        self.walk(segment, None, |mark, batch| {
            marks.note(*mark);
            mark.next(batch).offset == end
        })?;
        self.segments[segment].marks = marks;
        Ok(())
    }

    /// Goes from header to header, from `near` or else from the segment's first batch, to the first
    /// batch that is `wanted`.
    fn walk(
        &mut self,
        segment: usize,
        near: Option<Mark>,
        mut wanted: impl FnMut(&Mark, &BatchHeader) -> bool,
    ) -> Result<(Mark, BatchHeader), ReadError> {
        let Segment { header, end, .. } = self.segments[segment];
        let name = Kind::Segment.name(header.position);
        let disk = self.disk.clone();
        let file = self.file_of(segment)?;
        let mut mark = near.unwrap_or_else(|| Mark::first(&header));
        loop {
            let found = peek(file, header.seed(), mark.at, end);
            match found.while_doing("read", &disk, &name)? {
                Some(batch) if wanted(&mark, &batch) => return Ok((mark, batch)),
                Some(batch) => mark = mark.next(&batch),
                None => {
                    let what = "a batch's header is not what was written";
                    return Err(damage(&disk, &name, mark, what));
                }
            }
        }
    }

    fn file_of(&mut self, segment: usize) -> Result<&D::File, DiskError> {
        if segment + 1 == self.segments.len() {
            return Ok(&self.file);
        }
        let position = self.segments[segment].header.position;
        let open = match self.read_file.take() {
            Some((of, file)) if of == position => file,
            Some(_) | None => {
                let name = Kind::Segment.name(position);
                let file = self.disk.open(&name);
                file.while_doing("open", &self.disk, &name)?
            }
        };
        Ok(&self.read_file.insert((position, open)).1)
    }

    /// Begins a snapshot of the caller's state right after `position`, which is the end of a durable
    /// batch behind the newest snapshot: [`Journal::end`], or the `last` of a batch that was read.
    ///
    /// # Panics
    /// When `position` is not the end of a batch that is kept, or a newer snapshot is.
    pub fn snapshot_writer(&mut self, position: Position) -> Result<SnapshotWriter<D>, ReadError> {
        let newest = self.covered();
        assert!(position > newest, "the snapshot at {newest} is newer");
        assert!(position <= self.end(), "position {position} is not durable");
        let offset = self.offset_behind(position)?;
        let identity = self.segments[0].header.identity;
        let disk = self.disk.clone();
        Ok(SnapshotWriter::new(
            disk,
            Kind::Snapshot,
            identity,
            position,
            offset,
        )?)
    }

    /// Rows in the same directory that outlive the journal's records; and which files of them were
    /// damaged and have been set aside.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn runs(&self) -> Result<(Runs<D>, Vec<Damage>), OpenError> {
        let identity = self.segments[0].header.identity;
        Runs::open(self.disk.clone(), identity, self.end())
    }

    /// Files of whole messages in the same directory.
    pub fn cold_files(&self) -> ColdFiles<D> {
        ColdFiles::new(self.disk.clone(), self.segments[0].header.identity)
    }

    fn offset_behind(&mut self, position: Position) -> Result<u64, ReadError> {
        if position == self.end() {
            return Ok(self.end_offset());
        }
        let behind = self
            .segments
            .partition_point(|segment| segment.header.position <= position);
        let segment = behind.checked_sub(1).expect("the position was trimmed");
        self.index(segment)?;
        let near = self.segments[segment].marks.before_position(position);
        let (mark, batch) = self.walk(segment, near, |_, batch| batch.last >= position)?;
        assert!(
            batch.last == position,
            "position {position} is inside a batch"
        );
        Ok(mark.next(&batch).offset)
    }

    /// Takes a finished snapshot as the newest, and removes those that are older than the one
    /// before it. What only the records told that it covers, such as the rows of [`Journal::runs`], has to be durable before: no
    /// replay tells it again.
    ///
    /// # Errors
    /// When it could not be named, it does not count. When an old one could not be removed, the new one counts all the same, and
    /// the old one is removed at the next open.
    pub fn adopt(&mut self, snapshot: Snapshot) -> Result<Removed<D>, DiskError> {
        assert!(self.generations.last() < Some(&snapshot.position));
        snapshot.name(&self.disk)?;
        self.generations.push(snapshot.position);
        let mut removed = Removed::none();
        while self.generations.len() > snapshot::GENERATIONS {
            let name = Kind::Snapshot.name(self.generations.remove(0));
            removed.remove(&self.disk, &name)?;
        }
        Ok(removed)
    }

    /// Removes the oldest segments, as long as all that they hold is at or before `upto`, and is
    /// not needed to replay from the snapshot before the newest. Oldest first, each durably, so that
    /// a crash leaves no hole.
    ///
    /// # Errors
    /// When a file could not be removed, it stays. When the removal could not be synced, the journal
    /// is closed, as after any failed sync: it takes no batch and removes nothing more.
    pub fn trim(&mut self, upto: Position) -> Result<Removed<D>, DiskError> {
        let mut removed = Removed::none();
        if self.closed {
            // The next removal could reach the disk before one that was not synced.
            return Ok(removed);
        }
        let upto = upto.min(self.replayed_by_every_generation());
        while self.segments.len() > 1 && self.segments[1].header.position.0 <= upto.0 + 1 {
            let name = self.segments[0].name();
            removed.remove(&self.disk, &name)?;
            self.segments.pop_front();
            self.read_file = None;
            if let Err(source) = self.disk.sync_dir() {
                self.closed = true;
                return Err(source).while_doing("sync the directory of", &self.disk, &name);
            }
        }
        Ok(removed)
    }

    /// Nothing up to this is needed to replay; 0 until there are two snapshots.
    fn replayed_by_every_generation(&self) -> Position {
        match self.generations[..] {
            [oldest, _, ..] => oldest,
            [] | [_] => Position(0),
        }
    }

    /// Looks how much room the disk has; [`Journal::append`] does so too. When there is room again
    /// after the reserve was given up, each look makes a piece of it anew.
    pub fn room(&mut self) -> Room {
        // The reserve's own failure to grow is no failure of the journal.
        match self.space.look(&self.disk) {
            Ok(room) => room,
            Err(_) => self.space.room(),
        }
    }

    /// Gives up the reserve before the disk is full, for a shutdown that has much to write. False
    /// when it is gone already.
    pub fn release_reserve(&mut self) -> bool {
        self.space.release()
    }
}

/// Makes a segment that is whole or not there: its header is durable before it has its name, and
/// its name before it has a batch. So a bad header is never a torn one.
pub(crate) fn create_segment<D: Disk>(
    disk: &D,
    header: FileHeader,
) -> Result<(Segment, D::File), AppendError> {
    let name = Kind::Segment.name(header.position);
    let temporary = name.clone() + TEMPORARY;
    let made = disk
        .create(&temporary)
        .and_then(|file| file.write_at(0, [&header.encode(), &[]]).map(|()| file))
        .while_doing("create", disk, &temporary);
    let file = made.map_err(|error| no_segment(disk, &temporary, error))?;
    file.sync()
        .while_doing("sync", disk, &temporary)
        .map_err(AppendError::Failed)?;
    disk.rename(&temporary, &name)
        .while_doing("rename", disk, &temporary)
        .map_err(|error| no_segment(disk, &temporary, error))?;
    disk.sync_dir()
        .while_doing("sync the directory of", disk, &name)
        .map_err(AppendError::Failed)?;
    let segment = Segment {
        header,
        end: FILE_HEADER as u64,
        marks: Marks::default(),
    };
    Ok((segment, file))
}

fn no_segment<D: Disk>(disk: &D, temporary: &str, error: DiskError) -> AppendError {
    if !error.is_full() {
        return AppendError::Failed(error);
    }
    // What is left of it is overwritten by the next try, and removed at the next open.
    let _ = disk.remove(temporary);
    AppendError::Full(error)
}
