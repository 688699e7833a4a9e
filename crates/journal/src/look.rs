//! Reading the directory of a journal that another process may be using: nothing is locked, changed or set aside.

use std::path::Path;

use crate::{
    Batches, Disk, FileDisk, OpenError, Position, Runs, SnapshotReader,
    open::{Names, load_segments},
    read::Part,
};

/// What was in the directory of a journal when it was looked at. The process that uses it may remove files meanwhile: reading then
/// fails as for a file that is not there, and looking again helps.
pub struct Look {
    disk: FileDisk,
    segments: Vec<Part>,
    snapshots: Vec<Position>,
}

impl Look {
    /// Looks into the directory at `dir`.
    ///
    /// # Errors
    /// It is no directory of a journal, or cannot be read.
    pub fn at(dir: &Path) -> Result<Look, OpenError> {
        let disk = FileDisk::at(dir);
        let names = Names::read(&disk)?;
        let segments = load_segments(&disk, &names.segments)?;
        if segments.is_empty() {
            return Err(OpenError::Missing {
                dir: disk.path(""),
                first: Position(1),
                last: Position(1),
                damaged: Vec::new(),
            });
        }
        let segments = segments.iter().map(|segment| Part {
            header: segment.header,
            end: segment.end,
        });
        Ok(Look {
            segments: segments.collect(),
            snapshots: names.snapshots,
            disk,
        })
    }

    /// All batches that are still there, up to the last whole one.
    pub fn batches(&self) -> Batches<FileDisk> {
        let parts = self.segments.iter().copied().collect();
        Batches::new(self.disk.clone(), Position(0), parts).of_a_living_journal()
    }

    /// The oldest snapshot: it knows what the records before the first segment said. `None`: those are all there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn snapshot(&self) -> Result<Option<SnapshotReader<FileDisk>>, OpenError> {
        let open = |position| SnapshotReader::open(&self.disk, self.identity(), position);
        self.snapshots.first().copied().map(open).transpose()
    }

    /// The rows that outlive the journal's records, as far as they are sound.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn runs(&self) -> Result<Runs<FileDisk>, OpenError> {
        Runs::look(self.disk.clone(), self.identity())
    }

    fn identity(&self) -> u64 {
        self.segments[0].header.identity
    }
}
