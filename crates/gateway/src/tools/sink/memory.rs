//! What a message centre owes, written down so that it outlives the process: a carrier does not forget its receipts when
//! its customer's machine falls over, and the simulated one lives in that machine.
//!
//! A file of records, each with its length before it: something owed, or the number of something settled. Nothing is
//! synced: it has to survive the process, not the machine.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sms::{Address, State, Wall};

use super::receipt::{Number, Pending, Reply, What};

/// A file beyond this is written anew with what is still owed, in octets; and beyond four times what is owed.
const LONG: u64 = 64 << 20;

/// The file, and what is to be appended.
pub(crate) struct Memory {
    path: PathBuf,
    file: File,
    unwritten: Vec<u8>,
    length: u64,
    /// Length after it was last written anew.
    compact: u64,
}

/// Something owed, by name instead of by number of the account.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Owed {
    pub(crate) system_id: Vec<u8>,
    pub(crate) due: Wall,
    pub(crate) pending: Pending,
}

impl Memory {
    /// Reads what is owed, or begins with nothing; a record that was cut short is dropped.
    pub(crate) fn open(path: &Path) -> io::Result<(Memory, Vec<Owed>)> {
        let octets = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let owed = read(&octets);
        let mut memory = Memory {
            path: path.to_owned(),
            file: File::options()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(path)?,
            unwritten: Vec::new(),
            length: 0,
            compact: 0,
        };
        memory.rewrite(owed.iter().map(|o| (&o.system_id[..], o.due, &o.pending)))?;
        Ok((memory, owed))
    }

    /// Notes something owed.
    pub(crate) fn owe(&mut self, system_id: &[u8], due: Wall, pending: &Pending) {
        put(&mut self.unwritten, |out| {
            owed_record(out, system_id, due, pending);
        });
    }

    /// Notes that it is no more.
    pub(crate) fn settle(&mut self, number: u64) {
        put(&mut self.unwritten, |out| {
            out.push(SETTLED);
            out.extend_from_slice(&number.to_be_bytes());
        });
    }

    /// Hands everything noted to the system.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        if !self.unwritten.is_empty() {
            self.file.write_all(&self.unwritten)?;
            self.length += self.unwritten.len() as u64;
            self.unwritten.clear();
        }
        Ok(())
    }

    /// True if the file holds so much of the past that it is worth a [`Memory::rewrite`].
    pub(crate) fn is_long(&self) -> bool {
        self.length > LONG.max(4 * self.compact)
    }

    /// Replaces the file by one that holds only what is owed now.
    pub(crate) fn rewrite<'a>(
        &mut self,
        owed: impl Iterator<Item = (&'a [u8], Wall, &'a Pending)>,
    ) -> io::Result<()> {
        let mut octets = Vec::new();
        for (system_id, due, pending) in owed {
            put(&mut octets, |out| {
                owed_record(out, system_id, due, pending);
            });
        }
        let next = self.path.with_extension("new");
        fs::write(&next, &octets)?;
        fs::rename(&next, &self.path)?;
        self.file = File::options().append(true).open(&self.path)?;
        self.unwritten.clear();
        self.length = octets.len() as u64;
        self.compact = self.length;
        Ok(())
    }
}

const OWED_RECEIPT: u8 = 1;
const OWED_REPLY: u8 = 2;
const SETTLED: u8 = 3;

fn put(out: &mut Vec<u8>, record: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 2]);
    record(out);
    let length = (out.len() - start - 2) as u16;
    out[start..start + 2].copy_from_slice(&length.to_be_bytes());
}

fn owed_record(out: &mut Vec<u8>, system_id: &[u8], due: Wall, pending: &Pending) {
    out.push(match pending.what {
        What::Receipt { .. } => OWED_RECEIPT,
        What::Reply(_) => OWED_REPLY,
    });
    out.extend_from_slice(&pending.number.to_be_bytes());
    out.extend_from_slice(&due.0.to_be_bytes());
    text(out, system_id);
    for number in [&pending.source, &pending.destination] {
        let address = number.address();
        out.extend_from_slice(&[address.ton, address.npi]);
        text(out, address.digits);
    }
    match &pending.what {
        What::Receipt {
            state,
            error,
            copies,
            submitted,
        } => {
            out.extend_from_slice(&[*state as u8, *copies]);
            out.extend_from_slice(&error.to_be_bytes());
            out.extend_from_slice(&submitted.0.to_be_bytes());
        }
        What::Reply(reply) => {
            out.push(reply.data_coding);
            text(out, &reply.text);
        }
    }
}

/// At most 255 octets with their number before them; a system_id has 64, an address 20, a text 160.
fn text(out: &mut Vec<u8>, octets: &[u8]) {
    let octets = &octets[..octets.len().min(255)];
    out.push(octets.len() as u8);
    out.extend_from_slice(octets);
}

/// What is owed according to a file, in order of number.
fn read(mut octets: &[u8]) -> Vec<Owed> {
    let mut owed = BTreeMap::new();
    while let Some((length, rest)) = octets.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((record, rest)) = rest.split_at_checked(length) else {
            break;
        };
        octets = rest;
        let mut reader = Reader(record);
        match reader.u8() {
            Some(SETTLED) => {
                reader.u64().map(|number| owed.remove(&number));
            }
            Some(kind) => {
                if let Some(entry) = reader.owed(kind) {
                    owed.insert(entry.pending.number, entry);
                }
            }
            None => {}
        }
    }
    owed.into_values().collect()
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn owed(&mut self, kind: u8) -> Option<Owed> {
        let number = self.u64()?;
        let due = Wall(self.u64()?);
        let system_id = self.text()?.to_vec();
        let source = self.number()?;
        let destination = self.number()?;
        let what = match kind {
            OWED_RECEIPT => What::Receipt {
                state: State::from_u8(self.u8()?)?,
                copies: self.u8()?.max(1),
                error: u16::from_be_bytes(*self.take()?),
                submitted: Wall(self.u64()?),
            },
            OWED_REPLY => What::Reply(Box::new(Reply {
                data_coding: self.u8()?,
                text: self.text()?.to_vec(),
            })),
            _ => return None,
        };
        let pending = Pending {
            number,
            account: 0,
            source,
            destination,
            what,
        };
        Some(Owed {
            system_id,
            due,
            pending,
        })
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[octet]| *octet)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(|octets| u64::from_be_bytes(*octets))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u8()?);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn number(&mut self) -> Option<Number> {
        let [ton, npi] = *self.take()?;
        let digits = self.text()?;
        Some(Number::new(Address { ton, npi, digits }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(number: u64, what: What) -> Pending {
        let address = |digits| {
            Number::new(Address {
                ton: 1,
                npi: 1,
                digits,
            })
        };
        Pending {
            number,
            account: 0,
            source: address(b"12345"),
            destination: address(b"447700901234"),
            what,
        }
    }

    fn receipt(number: u64) -> Pending {
        let what = What::Receipt {
            state: State::Undeliverable,
            error: 11,
            copies: 2,
            submitted: Wall(99),
        };
        pending(number, what)
    }

    fn file() -> PathBuf {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        std::env::temp_dir().join(format!("bindery-memory-{}-{number}", std::process::id()))
    }

    #[test]
    fn what_is_owed_comes_back_and_what_is_settled_does_not() {
        let path = file();
        let reply = Reply {
            data_coding: 8,
            text: vec![0, 1, 2],
        };
        let reply = pending(3, What::Reply(Box::new(reply)));
        let (mut memory, owed) = Memory::open(&path).expect("a file");
        assert!(owed.is_empty());
        for pending in [&receipt(1), &receipt(2), &reply] {
            memory.owe(b"sim", Wall(7), pending);
        }
        memory.settle(2);
        memory.write().expect("written");
        drop(memory);
        for _ in 0..2 {
            let (_, owed) = Memory::open(&path).expect("a file");
            let back: Vec<&Pending> = owed.iter().map(|owed| &owed.pending).collect();
            assert_eq!(back, [&receipt(1), &reply]);
            assert!(
                owed.iter()
                    .all(|o| o.system_id == b"sim" && o.due == Wall(7))
            );
        }
        fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_record_that_was_cut_short_is_dropped() {
        let mut octets = Vec::new();
        put(&mut octets, |out| {
            owed_record(out, b"sim", Wall(7), &receipt(1));
        });
        let whole = octets.len();
        put(&mut octets, |out| {
            owed_record(out, b"sim", Wall(7), &receipt(2));
        });
        for end in whole..octets.len() {
            assert_eq!(read(&octets[..end]).len(), 1, "{end}");
        }
        assert_eq!(read(&octets).len(), 2);
    }
}
