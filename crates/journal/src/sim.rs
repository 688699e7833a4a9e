//! A disk in memory that does only what a disk promises, and fails when it is told to.
//!
//! What was not synced is in the page cache: everybody sees it, [`SimDisk::kill`] leaves it there,
//! and [`SimDisk::crash`] keeps a part of it that the seed chooses, in sectors, in any order, as a
//! real disk may. Names are as volatile as octets until the directory is synced. A sync that fails
//! marks what it could not write as clean, as Linux does, so that a second sync of it is a lie.
//! Same calls, same seeds: same octets.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use crate::{Disk, DiskFile, LockError};

/// What a disk writes at once, or not at all.
const SECTOR: usize = 512;
/// What a file takes from the free space at once.
const BLOCK: u64 = 4096;

/// One simulated disk with one directory, as one process sees it. Clones are the same process.
#[derive(Clone)]
pub struct SimDisk {
    world: Rc<RefCell<World>>,
    /// A process that was killed can do nothing any more.
    process: u64,
}

/// What a process is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation<'a> {
    /// How many were before it, on this disk.
    pub number: u64,
    /// What it is.
    pub kind: OperationKind,
    /// The file's name when it was opened; for a rename the old one; for the directory "".
    pub name: &'a str,
    /// Octets to be read or written; for a truncation the length to be.
    pub bytes: u64,
}

/// The kinds of [`Operation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the functions of Disk and DiskFile")]
pub enum OperationKind {
    Lock,
    List,
    Create,
    Open,
    Rename,
    Remove,
    SyncDir,
    FreeSpace,
    Size,
    Read,
    Write,
    Truncate,
    Sync,
}

/// What becomes of an [`Operation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Proceed,
    /// It is done, and takes so many nanoseconds: [`SimDisk::take_elapsed_ns`].
    Slow(u64),
    /// It is not done. A sync that fails has written some of it, and forgets the rest.
    Fail(io::ErrorKind),
    /// A write stops after so many octets.
    Short(u64, io::ErrorKind),
    /// The process is killed before it; nothing that it has open works any more. The next one comes
    /// with [`SimDisk::kill`] or [`SimDisk::crash`].
    Kill,
    /// The power fails before it; nothing works until [`SimDisk::crash`].
    PowerCut,
}

type Weather = Box<dyn FnMut(&Operation<'_>) -> Verdict>;

struct World {
    process: u64,
    locked_by: Option<u64>,
    powerless: bool,
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    unsynced_names: Vec<NameChange>,
    capacity: u64,
    identity: u64,
    operations: u64,
    elapsed_ns: u64,
    weather: Option<Weather>,
    random: Random,
}

#[derive(Clone, Default)]
struct Inode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Clone)]
enum NameChange {
    Put(String, usize),
    Remove(String),
    Rename(String, String, usize),
}

impl SimDisk {
    /// An empty disk of `capacity` octets. `seed` decides what failed syncs leave behind.
    pub fn new(capacity: u64, seed: u64) -> SimDisk {
        let mut random = Random(seed);
        let world = World {
            process: 0,
            locked_by: None,
            powerless: false,
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            capacity,
            identity: random.next(),
            operations: 0,
            elapsed_ns: 0,
            weather: None,
            random,
        };
        SimDisk {
            world: Rc::new(RefCell::new(world)),
            process: 0,
        }
    }

    /// Asks `weather` about every operation from now on.
    pub fn set_weather(&self, weather: impl FnMut(&Operation<'_>) -> Verdict + 'static) {
        self.world.borrow_mut().weather = Some(Box::new(weather));
    }

    /// Everything works again, as long as there is power.
    pub fn clear_weather(&self) {
        self.world.borrow_mut().weather = None;
    }

    /// Changes the size of the disk.
    pub fn set_capacity(&self, capacity: u64) {
        self.world.borrow_mut().capacity = capacity;
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.world.borrow().operations
    }

    /// Nanoseconds that operations took since the last call.
    pub fn take_elapsed_ns(&self) -> u64 {
        std::mem::take(&mut self.world.borrow_mut().elapsed_ns)
    }

    /// Kills the process, as kill -9 does: its page cache stays. The disk as the next process
    /// sees it.
    pub fn kill(&self) -> SimDisk {
        let mut world = self.world.borrow_mut();
        world.process += 1;
        world.locked_by = None;
        SimDisk {
            world: Rc::clone(&self.world),
            process: world.process,
        }
    }

    /// Cuts the power: of what was not synced, `seed` chooses what is left. The disk as the first
    /// process after the reboot sees it.
    pub fn crash(&self, seed: u64) -> SimDisk {
        let rebooted = self.kill();
        self.world.borrow_mut().lose_unsynced(&mut Random(seed));
        rebooted
    }

    /// A disk of its own with the same octets and names, durable or not; nobody has opened it.
    pub fn fork(&self) -> SimDisk {
        let world = self.world.borrow();
        let copy = World {
            process: 0,
            locked_by: None,
            powerless: false,
            inodes: world.inodes.clone(),
            names: world.names.clone(),
            durable_names: world.durable_names.clone(),
            unsynced_names: world.unsynced_names.clone(),
            capacity: world.capacity,
            identity: world.identity,
            operations: 0,
            elapsed_ns: 0,
            weather: None,
            random: Random(world.random.0),
        };
        SimDisk {
            world: Rc::new(RefCell::new(copy)),
            process: 0,
        }
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.world.borrow().names.keys().cloned().collect()
    }

    /// The octets of a file, `None` when there is none of that name.
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let world = self.world.borrow();
        let inode = *world.names.get(name)?;
        Some(world.inodes[inode].seen.clone())
    }

    /// Puts a file with these octets, durably: rot, or a hand.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut world = self.world.borrow_mut();
        let inode = world.inodes.len();
        world.inodes.push(Inode {
            seen: bytes.to_vec(),
            durable: bytes.to_vec(),
            unsynced: Vec::new(),
        });
        world.names.insert(name.to_owned(), inode);
        world.durable_names.insert(name.to_owned(), inode);
    }

    /// Takes a file away, durably.
    pub fn take(&self, name: &str) {
        let mut world = self.world.borrow_mut();
        world.names.remove(name);
        world.durable_names.remove(name);
    }

    /// Whether the power has failed.
    pub fn is_powerless(&self) -> bool {
        self.world.borrow().powerless
    }

    /// Whether nothing is made to fail: there is power, and no weather.
    pub fn is_fair(&self) -> bool {
        let world = self.world.borrow();
        !world.powerless && world.weather.is_none()
    }

    /// Octets of a file that would be lost if the power failed now, at the worst.
    pub fn unsynced_bytes(&self, name: &str) -> u64 {
        let world = self.world.borrow();
        let Some(&inode) = world.names.get(name) else {
            return 0;
        };
        let changes = world.inodes[inode].unsynced.iter();
        changes
            .map(|change| match change {
                Change::Write { bytes, .. } => bytes.len() as u64,
                Change::Truncate(_) => 0,
            })
            .sum()
    }

    /// Asks the weather; the octets that a write may write, or the error.
    fn begin(&self, kind: OperationKind, name: &str, bytes: u64) -> io::Result<Option<Short>> {
        let mut world = self.world.borrow_mut();
        if world.powerless || self.process != world.process {
            return Err(io::Error::other("this process is dead"));
        }
        let operation = Operation {
            number: world.operations,
            kind,
            name,
            bytes,
        };
        world.operations += 1;
        let verdict = match &mut world.weather {
            Some(weather) => weather(&operation),
            None => Verdict::Proceed,
        };
        match verdict {
            Verdict::Proceed => Ok(None),
            Verdict::Slow(ns) => {
                world.elapsed_ns += ns;
                Ok(None)
            }
            Verdict::Fail(error) => Err(error.into()),
            Verdict::Short(bytes, error) => Ok(Some(Short { bytes, error })),
            Verdict::Kill => {
                world.process += 1;
                Err(io::Error::other("this process was killed"))
            }
            Verdict::PowerCut => {
                world.powerless = true;
                Err(io::Error::other("the power failed"))
            }
        }
    }

    fn file(&self, name: &str, inode: usize) -> SimFile {
        SimFile {
            disk: self.clone(),
            name: name.to_owned(),
            inode,
        }
    }
}

struct Short {
    bytes: u64,
    error: io::ErrorKind,
}

/// Releases the directory when dropped.
pub struct SimLock(SimDisk);

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut world = self.0.world.borrow_mut();
        if world.locked_by == Some(self.0.process) {
            world.locked_by = None;
        }
    }
}

impl Disk for SimDisk {
    type File = SimFile;
    type Lock = SimLock;

    fn lock(&self) -> Result<SimLock, LockError> {
        self.begin(OperationKind::Lock, "", 0)
            .map_err(LockError::Disk)?;
        let mut world = self.world.borrow_mut();
        match world.locked_by {
            Some(process) => Err(LockError::Held {
                pid: u32::try_from(process).ok(),
            }),
            None => {
                world.locked_by = Some(self.process);
                Ok(SimLock(self.clone()))
            }
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.begin(OperationKind::List, "", 0)?;
        Ok(self.names())
    }

    fn create(&self, name: &str) -> io::Result<SimFile> {
        self.begin(OperationKind::Create, name, 0)?;
        let mut world = self.world.borrow_mut();
        let inode = match world.names.get(name) {
            Some(&inode) => {
                world.inodes[inode].change(Change::Truncate(0));
                inode
            }
            None => {
                let inode = world.inodes.len();
                world.inodes.push(Inode::default());
                world.rename_unsynced(NameChange::Put(name.to_owned(), inode));
                inode
            }
        };
        Ok(self.file(name, inode))
    }

    fn open(&self, name: &str) -> io::Result<SimFile> {
        self.begin(OperationKind::Open, name, 0)?;
        let inode = self.world.borrow().inode(name)?;
        Ok(self.file(name, inode))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.begin(OperationKind::Rename, from, 0)?;
        let mut world = self.world.borrow_mut();
        let inode = world.inode(from)?;
        world.rename_unsynced(NameChange::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.begin(OperationKind::Remove, name, 0)?;
        let mut world = self.world.borrow_mut();
        world.inode(name)?;
        world.rename_unsynced(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.begin(OperationKind::SyncDir, "", 0)?;
        let mut world = self.world.borrow_mut();
        for change in std::mem::take(&mut world.unsynced_names) {
            change.apply(&mut world.durable_names);
        }
        Ok(())
    }

    fn free_space(&self) -> io::Result<u64> {
        self.begin(OperationKind::FreeSpace, "", 0)?;
        let world = self.world.borrow();
        Ok(world.capacity.saturating_sub(world.used()))
    }

    fn new_identity(&self) -> u64 {
        self.world.borrow().identity
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new("/simulated").join(name)
    }
}

/// An open file of a [`SimDisk`].
pub struct SimFile {
    disk: SimDisk,
    name: String,
    inode: usize,
}

impl SimFile {
    fn begin(&self, kind: OperationKind, bytes: u64) -> io::Result<Option<Short>> {
        self.disk.begin(kind, &self.name, bytes)
    }
}

impl DiskFile for SimFile {
    fn size(&self) -> io::Result<u64> {
        self.begin(OperationKind::Size, 0)?;
        Ok(self.disk.world.borrow().inodes[self.inode].seen.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.begin(OperationKind::Read, into.len() as u64)?;
        let world = self.disk.world.borrow();
        let seen = &world.inodes[self.inode].seen;
        let from = index(offset).min(seen.len());
        let length = into.len().min(seen.len() - from);
        into[..length].copy_from_slice(&seen[from..from + length]);
        Ok(length)
    }

    fn write_at(&self, offset: u64, slices: [&[u8]; 2]) -> io::Result<()> {
        let mut bytes = slices.concat();
        let short = self.begin(OperationKind::Write, bytes.len() as u64)?;
        let mut world = self.disk.world.borrow_mut();
        let room = world.room_behind(self.inode, offset);
        let mut done = Ok(());
        if (bytes.len() as u64) > room {
            bytes.truncate(index(room));
            done = Err(io::ErrorKind::StorageFull.into());
        }
        if let Some(Short { bytes: n, error }) = short {
            bytes.truncate(index(n));
            done = Err(error.into());
        }
        if !bytes.is_empty() {
            world.inodes[self.inode].change(Change::Write {
                offset: index(offset),
                bytes,
            });
        }
        done
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.begin(OperationKind::Truncate, length)?;
        let mut world = self.disk.world.borrow_mut();
        world.inodes[self.inode].change(Change::Truncate(index(length)));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let begun = self.begin(OperationKind::Sync, 0);
        let world = &mut *self.disk.world.borrow_mut();
        let inode = &mut world.inodes[self.inode];
        match begun {
            Ok(_) => {
                for change in std::mem::take(&mut inode.unsynced) {
                    change.apply(&mut inode.durable);
                }
                Ok(())
            }
            Err(error) if !world.powerless && self.disk.process == world.process => {
                inode.write_some(&mut world.random);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}

impl World {
    fn inode(&self, name: &str) -> io::Result<usize> {
        let inode = self.names.get(name).copied();
        inode.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename_unsynced(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.unsynced_names.push(change);
    }

    fn used(&self) -> u64 {
        self.names
            .values()
            .map(|&inode| blocks(self.inodes[inode].seen.len() as u64))
            .sum()
    }

    /// Octets that can be written to a file from `offset` on.
    fn room_behind(&self, inode: usize, offset: u64) -> u64 {
        let own = blocks(self.inodes[inode].seen.len() as u64);
        let free = self.capacity.saturating_sub(self.used());
        (own + free / BLOCK * BLOCK).saturating_sub(offset)
    }

    fn lose_unsynced(&mut self, random: &mut Random) {
        self.powerless = false;
        for inode in &mut self.inodes {
            inode.write_some(random);
            inode.seen.clone_from(&inode.durable);
        }
        for change in std::mem::take(&mut self.unsynced_names) {
            if random.below(2) == 0 {
                change.apply(&mut self.durable_names);
            }
        }
        self.names.clone_from(&self.durable_names);
    }
}

impl Inode {
    fn change(&mut self, change: Change) {
        change.clone().apply(&mut self.seen);
        self.unsynced.push(change);
    }

    /// Makes a part of what is unsynced durable and forgets the rest.
    fn write_some(&mut self, random: &mut Random) {
        let all = std::mem::take(&mut self.unsynced);
        let habit = random.below(4);
        for change in all {
            match (habit, change) {
                (0, _) => {}
                (1, change) => change.apply(&mut self.durable),
                (2, Change::Write { offset, mut bytes }) => {
                    bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
                    Change::Write { offset, bytes }.apply(&mut self.durable);
                }
                (_, Change::Write { offset, bytes }) => {
                    write_sectors(&mut self.durable, offset, &bytes, random);
                }
                (_, change @ Change::Truncate(_)) => {
                    if random.below(2) == 0 {
                        change.apply(&mut self.durable);
                    }
                }
            }
        }
        // The length can be durable before the octets are: they read as zero.
        if random.below(4) == 0 && self.durable.len() < self.seen.len() {
            self.durable.resize(self.seen.len(), 0);
        }
    }
}

fn write_sectors(durable: &mut Vec<u8>, offset: usize, bytes: &[u8], random: &mut Random) {
    let mut done = 0;
    while done < bytes.len() {
        let at = offset + done;
        let length = (SECTOR - at % SECTOR).min(bytes.len() - done);
        if random.below(2) == 0 {
            let bytes = bytes[done..done + length].to_vec();
            Change::Write { offset: at, bytes }.apply(durable);
        }
        done += length;
    }
}

impl Change {
    fn apply(self, file: &mut Vec<u8>) {
        match self {
            Change::Write { bytes, .. } if bytes.is_empty() => {}
            Change::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[offset..end].copy_from_slice(&bytes);
            }
            Change::Truncate(length) => file.resize(length, 0),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            NameChange::Put(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
            NameChange::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

fn blocks(length: u64) -> u64 {
    length.div_ceil(BLOCK) * BLOCK
}

fn index(octets: u64) -> usize {
    usize::try_from(octets).unwrap_or(usize::MAX)
}

/// SplitMix64: small, and the same everywhere.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    /// Any number.
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, and is no Iterator"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
