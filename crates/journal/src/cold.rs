//! Files of whole messages, in the journal's directory: what waits so long that it need not be in memory.
//!
//! A file is written once and durable before anything speaks of it; whoever speaks of it no longer removes it.
//!
//! ```text
//! file = header, batch      the header of a snapshot, see the module `format`; one batch with all octets
//! ```

use std::collections::BTreeSet;

use crate::{
    Damage, Disk, DiskError, DiskFile, FileDisk, OpenError, Position, SnapshotWriter,
    disk::While,
    format::{FILE_HEADER, FileHeader, Kind},
    runs::read_records,
    segment::read_header,
    snapshot,
};

/// The files, by their numbers.
#[derive(Clone)]
pub struct ColdFiles<D: Disk = FileDisk> {
    disk: D,
    identity: u64,
}

impl<D: Disk> ColdFiles<D> {
    pub(crate) fn new(disk: D, identity: u64) -> ColdFiles<D> {
        ColdFiles { disk, identity }
    }

    /// At start: removes every file but the `named`. Each of those has to be there.
    ///
    /// # Errors
    /// One is missing, is not as long as it was, or belongs to another journal; the error names it. What stands in a file is only
    /// checked when it is read.
    pub fn keep_only(&self, named: &BTreeSet<u64>) -> Result<(), OpenError> {
        for &number in named {
            self.open(number)?;
        }
        for name in self.disk.list().while_doing("list", &self.disk, "")? {
            let number = Kind::Cold.position(&name);
            if number.is_some_and(|number| !named.contains(&number.0)) {
                self.disk
                    .remove(&name)
                    .while_doing("remove", &self.disk, &name)?;
            }
        }
        Ok(())
    }

    /// Writes a file and makes it durable. After an error nothing may count on it; if it is there all the same, it goes at the next
    /// start.
    ///
    /// # Errors
    /// What the disk says.
    ///
    /// # Panics
    /// When `octets` is empty or longer than [`crate::BATCH_BYTES_MAX`].
    pub fn write(&self, number: u64, octets: &[u8]) -> Result<(), DiskError> {
        let position = Position(number);
        let disk = self.disk.clone();
        let mut writer = SnapshotWriter::new(disk, Kind::Cold, self.identity, position, 0)?;
        writer.block(octets)?;
        writer.finish_file().map(|_| ())
    }

    /// What was written.
    ///
    /// # Errors
    /// It is not there, or not what was written; the error names the file.
    pub fn read(&self, number: u64) -> Result<Vec<u8>, OpenError> {
        let (file, header) = self.open(number)?;
        let name = Kind::Cold.name(Position(number));
        let records = read_records(&file, &header, FILE_HEADER as u64);
        let records = records.while_doing("read", &self.disk, &name)?;
        records.ok_or_else(|| self.damaged(&name, "it is not what was written"))
    }

    /// Removes a file.
    ///
    /// # Errors
    /// What the disk says; the file is removed at the next start.
    pub fn remove(&self, number: u64) -> Result<(), DiskError> {
        let name = Kind::Cold.name(Position(number));
        self.disk
            .remove(&name)
            .while_doing("remove", &self.disk, &name)
    }

    /// The number of the file of this name; none: it is not the name of such a file.
    pub fn number(name: &str) -> Option<u64> {
        Kind::Cold.position(name).map(|position| position.0)
    }

    /// Gives a file another name, under which nobody looks for it. One that is not there stays so.
    ///
    /// # Errors
    /// What the disk says.
    pub fn set_aside(&self, number: u64) -> Result<(), OpenError> {
        let name = Kind::Cold.name(Position(number));
        let names = self.disk.list().while_doing("list", &self.disk, "")?;
        if names.contains(&name) {
            snapshot::set_aside(&self.disk, Kind::Cold, Position(number))?;
        }
        Ok(())
    }

    fn open(&self, number: u64) -> Result<(D::File, FileHeader), OpenError> {
        let disk = &self.disk;
        let name = Kind::Cold.name(Position(number));
        let file = disk.open(&name).while_doing("open", disk, &name)?;
        let header = read_header(disk, &file, Kind::Cold, &name)?;
        if header.identity != self.identity {
            return Err(OpenError::Foreign {
                file: disk.path(&name),
            });
        }
        if file.size().while_doing("read", disk, &name)? != header.length {
            return Err(self.damaged(&name, "it is not as long as its header says"));
        }
        Ok((file, header))
    }

    fn damaged(&self, name: &str, what: &'static str) -> OpenError {
        OpenError::Damaged(Damage {
            file: self.disk.path(name),
            offset: 0,
            what,
        })
    }
}
