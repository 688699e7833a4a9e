//! The few things that a journal asks of a disk, and the real one.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, IoSlice, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{DiskError, OpenError, format};

/// One directory, flat, as the journal sees it. Clones name the same directory.
///
/// Nothing is durable before a sync: not octets, not a file's length, not a name.
pub trait Disk: Clone {
    /// An open file.
    type File: DiskFile;
    /// Releases the directory when dropped.
    type Lock;

    /// Takes the directory for this process.
    fn lock(&self) -> Result<Self::Lock, LockError>;
    /// The names in the directory, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new, empty file; one of that name is emptied.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// An existing file, to be read and written.
    fn open(&self, name: &str) -> io::Result<Self::File>;
    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a name.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes names durable.
    fn sync_dir(&self) -> io::Result<()>;
    /// Octets that this process may still write.
    fn free_space(&self) -> io::Result<u64>;
    /// A number that no other journal has; asked once in the life of a journal.
    fn new_identity(&self) -> u64;
    /// How a name is called in a message to people.
    fn path(&self, name: &str) -> PathBuf;
}

/// A file of a [`Disk`].
pub trait DiskFile {
    /// Its length in octets.
    fn size(&self) -> io::Result<u64>;
    /// Reads what is at `offset` into `into`; fewer octets only at the file's end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Writes two slices, one after the other, at `offset`. After an error any part of them, in
    /// any order, may be in the file.
    fn write_at(&self, offset: u64, slices: [&[u8]; 2]) -> io::Result<()>;
    /// Cuts the file to `length` octets.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Makes octets and length durable (fdatasync). After an error nothing is known of what was
    /// written since the last sync, and a second call proves nothing.
    fn sync(&self) -> io::Result<()>;
}

/// Why a directory was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another process has it.
    Held {
        /// Its id, if it could be read.
        pid: Option<u32>,
    },
    /// It could not be found out.
    Disk(io::Error),
}

/// Puts what was being done, and to what, beside an error.
pub(crate) trait While<T> {
    fn while_doing<D: Disk>(
        self,
        doing: &'static str,
        disk: &D,
        name: &str,
    ) -> Result<T, DiskError>;
}

impl<T> While<T> for io::Result<T> {
    fn while_doing<D: Disk>(
        self,
        doing: &'static str,
        disk: &D,
        name: &str,
    ) -> Result<T, DiskError> {
        self.map_err(|source| DiskError {
            doing,
            file: disk.path(name),
            source,
        })
    }
}

/// A directory of the operating system. Its files can be read by their owner alone: they hold
/// messages.
#[derive(Clone, Debug)]
pub struct FileDisk {
    dir: Arc<Path>,
}

impl FileDisk {
    /// The directory at `dir`, which is made when it does not exist.
    pub fn new(dir: &Path) -> Result<FileDisk, OpenError> {
        make_dir(dir).map_err(|source| DiskError {
            doing: "make the data directory",
            file: dir.to_owned(),
            source,
        })?;
        Ok(FileDisk::at(dir))
    }

    /// The directory at `dir`, which must exist.
    pub(crate) fn at(dir: &Path) -> FileDisk {
        FileDisk { dir: dir.into() }
    }

    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(0o600);
        options
    }
}

/// Makes a directory durably: a directory whose own name is lost takes everything in it along.
fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    make_dir(parent)?;
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::open(parent)?.sync_all()
}

/// The lock of a [`FileDisk`]; the operating system releases it when the process ends, however it
/// ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl Disk for FileDisk {
    type File = File;
    type Lock = FileLock;

    fn lock(&self) -> Result<FileLock, LockError> {
        let mut file = FileDisk::options()
            .create(true)
            .truncate(false)
            .open(self.path(format::LOCK))
            .map_err(LockError::Disk)?;
        match file.try_lock() {
            Ok(()) => {
                // On a full disk there may be no room for the number: the lock holds all the same,
                // and its message is only less precise.
                let _ = write_pid(&mut file);
                Ok(FileLock { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Held {
                pid: read_pid(&mut file),
            }),
            Err(TryLockError::Error(error)) => Err(LockError::Disk(error)),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.dir)?
            .filter_map(|entry| match entry {
                // A name that is not UTF-8 is none of ours.
                Ok(entry) => entry.file_name().into_string().ok().map(Ok),
                Err(error) => Some(Err(error)),
            })
            .collect()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        FileDisk::options()
            .create(true)
            .truncate(true)
            .open(self.path(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        FileDisk::options().open(self.path(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }

    fn free_space(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&*self.dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn new_identity(&self) -> u64 {
        // The standard library seeds its hash maps from the operating system's randomness.
        RandomState::new().build_hasher().finish()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Ten digits in one place, so that the next process overwrites them without needing room.
fn write_pid(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    writeln!(file, "{:10}", std::process::id())
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

impl DiskFile for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < into.len() {
            match FileExt::read_at(self, &mut into[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, offset: u64, slices: [&[u8]; 2]) -> io::Result<()> {
        let mut slices = slices.map(IoSlice::new);
        let mut left = &mut slices[..];
        let mut offset = offset;
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match rustix::io::pwritev(self, left, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    IoSlice::advance_slices(&mut left, n);
                    offset += n as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
