//! What can go wrong, whose fault it is, and the next step.

use std::{fmt, io, path::PathBuf};

use crate::Position;

/// The disk did not do what was asked of it: the machine's fault.
#[derive(Debug)]
pub struct DiskError {
    /// What was being done, to be read after "could not".
    pub doing: &'static str,
    /// To which file or directory.
    pub file: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not {} {}: {}",
            self.doing,
            self.file.display(),
            self.source
        )
    }
}

impl std::error::Error for DiskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl DiskError {
    /// Whether the disk, or the quota on it, is full.
    pub fn is_full(&self) -> bool {
        is_full(&self.source)
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Octets that were durable are no longer what was written: a failing disk, or a hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file that is damaged.
    pub file: PathBuf,
    /// The octet of the file at which reading stopped.
    pub offset: u64,
    /// What is wrong there.
    pub what: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is damaged at octet {}: {}",
            self.file.display(),
            self.offset,
            self.what
        )
    }
}

/// Why a journal was not opened. Nothing that was durable has been changed.
#[derive(Debug)]
pub enum OpenError {
    /// Another process uses the directory. The gateway exits with 2.
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// The process that holds it, if it could be read.
        pid: Option<u32>,
    },
    /// A file is of a format that this version does not know.
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format version.
        found: u32,
        /// The highest version that can be read.
        known: u32,
    },
    /// A checksum is wrong where acknowledged messages are.
    Damaged(Damage),
    /// Positions that were durable are in no sound file.
    Missing {
        /// The data directory.
        dir: PathBuf,
        /// The first position that is missing.
        first: Position,
        /// The last position that is missing.
        last: Position,
        /// The snapshots that would have held them, had they been sound.
        damaged: Vec<Damage>,
    },
    /// A file belongs to another journal.
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The disk failed.
    Disk(DiskError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Locked { dir, pid } => {
                write!(f, "the data directory {} is in use by ", dir.display())?;
                match pid {
                    Some(pid) => write!(f, "process {pid}")?,
                    None => write!(f, "another process")?,
                }
                write!(f, "; stop it first, or give this one its own directory")
            }
            OpenError::Newer { file, found, known } => write!(
                f,
                "{} has format version {found}, and this program reads up to {known}; \
                 start the version that wrote it, or a later one",
                file.display()
            ),
            OpenError::Damaged(damage) => write!(
                f,
                "{damage}; acknowledged messages are in it, so nothing was changed and nothing \
                 started: check the disk, and restore the file from a copy"
            ),
            OpenError::Missing {
                dir,
                first,
                last,
                damaged,
            } => {
                let dir = dir.display();
                write!(
                    f,
                    "positions {first} to {last} are in no sound file of {dir}"
                )?;
                for damage in damaged {
                    write!(f, "; {damage}")?;
                }
                write!(
                    f,
                    "; put the missing files back, or restore the whole directory from one copy"
                )
            }
            OpenError::Foreign { file } => write!(
                f,
                "{} belongs to another journal: move it out of the data directory",
                file.display()
            ),
            OpenError::Disk(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Disk(error) => Some(&error.source),
            OpenError::Locked { .. }
            | OpenError::Newer { .. }
            | OpenError::Damaged(_)
            | OpenError::Missing { .. }
            | OpenError::Foreign { .. } => None,
        }
    }
}

/// Why a batch is not durable.
#[derive(Debug)]
pub enum AppendError {
    /// The disk is full, and the reserve is used up. Nothing of the batch is in the file: hold it,
    /// make no further step, and append it again later. [`crate::Journal::room`] says when there
    /// is room.
    Full(DiskError),
    /// A write or a sync failed: it is not known what is on the disk. It must not be tried again,
    /// and this journal takes no further batch: send nothing more, close every session unanswered,
    /// and open the journal anew.
    Failed(DiskError),
    /// An earlier call failed. The next step is that of the earlier error.
    Closed,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppendError::Full(error) => write!(
                f,
                "the disk is full and the reserve is used up ({error}); make room, and what is \
                 held is written"
            ),
            AppendError::Failed(error) => write!(
                f,
                "{error}; it is not known what is on the disk, so this process must stop; \
                 check the disk and start again"
            ),
            AppendError::Closed => write!(f, "the journal failed earlier and takes nothing more"),
        }
    }
}

impl std::error::Error for AppendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AppendError::Full(error) | AppendError::Failed(error) => Some(&error.source),
            AppendError::Closed => None,
        }
    }
}

/// Why durable octets could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// They are no longer what was written.
    Damaged(Damage),
    /// They were trimmed, or were never written.
    NotHere {
        /// What was asked for: a position, or an offset in octets of records.
        asked: u64,
        /// The first that is here.
        first: u64,
        /// One past the last that is here.
        end: u64,
    },
    /// The disk failed.
    Disk(DiskError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Damaged(damage) => write!(
                f,
                "{damage}; acknowledged messages are in it: check the disk, and restore the file \
                 from a copy"
            ),
            ReadError::NotHere { asked, first, end } => write!(
                f,
                "{asked} is not in the journal, which holds {first} up to {end}"
            ),
            ReadError::Disk(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Disk(error) => Some(&error.source),
            ReadError::Damaged(_) | ReadError::NotHere { .. } => None,
        }
    }
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> OpenError {
        OpenError::Disk(error)
    }
}

impl From<DiskError> for ReadError {
    fn from(error: DiskError) -> ReadError {
        ReadError::Disk(error)
    }
}
