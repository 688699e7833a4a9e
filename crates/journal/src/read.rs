//! Reading the journal in order, from any position to its end.

use std::collections::VecDeque;

use crate::{
    Disk, Position, ReadError,
    disk::While,
    format::{FileHeader, Kind},
    segment::{Mark, Scan, Step, damage},
};

/// One batch as it was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The last position before this batch.
    pub after: Position,
    /// The last position in this batch.
    pub last: Position,
    /// Octets of records in the journal before this batch, since its beginning.
    pub offset: u64,
    /// The records, as they were given to [`crate::Journal::append`].
    pub records: &'a [u8],
}

/// The batches that end behind a position, up to where the journal ended when this was made, in order, each
/// checked. It holds no part of the [`crate::Journal`], and may go to another thread while that
/// appends; the journal must not be trimmed past it.
///
/// ```text
/// while let Some(batch) = batches.next()? { .. }
/// ```
pub struct Batches<D: Disk> {
    disk: D,
    after: Position,
    scan: Option<(Part, Scan<D::File>)>,
    /// What is still to be opened.
    parts: VecDeque<Part>,
    /// Memory of the segment before.
    buffer: Vec<u8>,
    /// Somebody may be appending: what is behind the last whole batch is not there yet.
    living: bool,
}

/// A segment, as far as it is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) header: FileHeader,
    pub(crate) end: u64,
}

impl Part {
    fn name(&self) -> String {
        Kind::Segment.name(self.header.position)
    }
}

impl<D: Disk> Batches<D> {
    pub(crate) fn new(disk: D, after: Position, parts: VecDeque<Part>) -> Batches<D> {
        Batches {
            disk,
            after,
            scan: None,
            parts,
            buffer: Vec::new(),
            living: false,
        }
    }

    /// The same, when the last segment is written meanwhile.
    pub(crate) fn of_a_living_journal(self) -> Batches<D> {
        Batches {
            living: true,
            ..self
        }
    }

    /// The next batch, lent until the next call; `None` at the end.
    #[expect(
        clippy::should_implement_trait,
        reason = "an Iterator cannot lend from its own buffer"
    )]
    pub fn next(&mut self) -> Result<Option<Batch<'_>>, ReadError> {
        loop {
            if self.scan.is_none() && !self.open_next()? {
                return Ok(None);
            }
            if self.is_at_next_segment() {
                self.close_segment()?;
                continue;
            }
            let (part, scan) = self.scan.as_mut().expect("a scan is open");
            match scan.advance() {
                Ok(Step::Batch) if scan.next().after <= self.after => {}
                Ok(Step::Batch) => break,
                Ok(Step::End) if self.parts.is_empty() => self.close_segment()?,
                Ok(Step::End) => {
                    let what = "the file ends before the next one begins";
                    return Err(damage(&self.disk, &part.name(), scan.next(), what));
                }
                Ok(Step::Broken(_)) if self.living && self.parts.is_empty() => {
                    self.close_segment()?;
                }
                Ok(Step::Broken(what)) => {
                    return Err(damage(&self.disk, &part.name(), scan.next(), what));
                }
                Err(error) => {
                    let name = part.name();
                    return Err(error).while_doing("read", &self.disk, &name)?;
                }
            }
        }
        Ok(self.scan.as_ref().map(|(_, scan)| scan.batch()))
    }

    fn open_next(&mut self) -> Result<bool, ReadError> {
        let Some(part) = self.parts.pop_front() else {
            return Ok(false);
        };
        let name = part.name();
        let file = self
            .disk
            .open(&name)
            .while_doing("open", &self.disk, &name)?;
        let first = Mark::first(&part.header);
        let scan = Scan::new(file, &part.header, part.header.before, first, part.end)
            .with_buffer(std::mem::take(&mut self.buffer));
        self.scan = Some((part, scan));
        Ok(true)
    }

    /// A segment ends where the header of the next one says. What may be behind that in the file
    /// is what is left of a write that was taken back.
    fn is_at_next_segment(&self) -> bool {
        match (&self.scan, self.parts.front()) {
            (Some((_, scan)), Some(next)) => scan.next().offset == next.header.offset,
            (Some(_) | None, _) => false,
        }
    }

    /// The chain goes on in the next segment: a file between the two, or batches at the end of
    /// this one, would be missed here.
    fn close_segment(&mut self) -> Result<(), ReadError> {
        let Some((part, scan)) = self.scan.take() else {
            return Ok(());
        };
        if let Some(next) = self.parts.front()
            && scan.chain() != next.header.before
        {
            let what = "the next file does not follow this one";
            return Err(damage(&self.disk, &part.name(), scan.next(), what));
        }
        self.buffer = scan.into_buffer();
        Ok(())
    }
}
