//! What the files look like. Every integer is little-endian, every checksum is CRC-32C.
//!
//! ```text
//! 00000000000000000001.journal   a segment, named by the first position that it may hold
//! 00000000000000084512.snapshot  a snapshot, named by the last position that it covers
//! 00000000000000084512.run       rows that are still asked for, up to the position of its name
//! *.tmp                          a file that was never finished: removed at open
//! reserve                        the blocks that are kept for what is owed when the disk is full
//! lock                           locked while a process uses the directory; holds its process id
//! *.damaged                      a file that failed its checksum, kept for the curious
//!
//! segment  = header, batch*, zeros written ahead for the next batches
//! snapshot = header, batch*
//! run      = header, batch*
//!
//! header, 64 octets                          batch, 24 octets and its records
//!  0  magic, 8 octets                         0  length of the records, u32, never 0
//!  8  format version, u32                     4  checksum of the batch before (chain), u32
//! 12  checksum of the batch before, u32       8  last position, u64
//! 16  identity of the journal, u64           16  checksum of the records, u32
//! 24  position, u64                          20  checksum of the 20 octets above, u32
//! 32  offset, u64                            24  records, opaque
//! 40  length of the file, u64 (snapshot, run)
//! 48  zero
//! 60  checksum of the 60 octets above, u32
//! ```
//!
//! The checksum of a batch header is seeded with the header of its file, so that octets which a
//! peer chose can never pass for a batch: the seed hangs on the identity, which no peer knows.
//! The header keeps its size and the places of its magic, version and checksum in every version.
//!
//! A segment's `position` and `offset` are those of its first batch; its `before` is the chain's
//! end in the segment before it. A snapshot is batches numbered from 1 whose chain starts at 0
//! and ends at `before`; its `position` and `offset` are those of the journal that it covers. So is
//! a run, except that its `offset` is the time when it was written, in milliseconds since 1970.

use crate::Position;

/// Version of the formats in this file. A higher one is refused at open.
pub(crate) const VERSION: u32 = 1;
/// Octets of a file's header.
pub(crate) const FILE_HEADER: usize = 64;
/// Octets of a batch's header.
pub(crate) const BATCH_HEADER: usize = 24;
/// Most octets of records in one batch. The caller's own limit on what is not yet durable is far
/// below it; it exists so that a reader knows how much memory a batch can ask for.
pub const BATCH_BYTES_MAX: usize = 256 << 20;

/// Name of the file that is locked.
pub(crate) const LOCK: &str = "lock";
/// Name of the file that holds blocks in reserve.
pub(crate) const RESERVE: &str = "reserve";
/// Ending of a file that is being made.
pub(crate) const TEMPORARY: &str = ".tmp";
/// Ending of a snapshot that failed its checksum.
pub(crate) const DAMAGED: &str = ".damaged";

/// Which kind of file a header opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Segment,
    Snapshot,
    Run,
    Cold,
}

impl Kind {
    fn magic(self) -> &'static [u8; 8] {
        match self {
            Kind::Segment => b"BINDRYSG",
            Kind::Snapshot => b"BINDRYSN",
            Kind::Run => b"BINDRYRN",
            Kind::Cold => b"BINDRYCD",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Kind::Segment => ".journal",
            Kind::Snapshot => ".snapshot",
            Kind::Run => ".run",
            Kind::Cold => ".cold",
        }
    }

    /// The name of this kind of file at `position`; names sort as positions do.
    pub(crate) fn name(self, position: Position) -> String {
        format!("{:020}{}", position.0, self.ending())
    }

    /// The position in a name of this kind, `None` for any other name.
    pub(crate) fn position(self, name: &str) -> Option<Position> {
        let digits = name.strip_suffix(self.ending())?;
        let whole = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
        whole.then(|| digits.parse().ok().map(Position)).flatten()
    }
}

/// The first octets of a segment or of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) kind: Kind,
    /// Tells this journal from every other.
    pub(crate) identity: u64,
    pub(crate) position: Position,
    /// Octets of records since the journal's beginning.
    pub(crate) offset: u64,
    pub(crate) before: u32,
    /// Octets of the finished file; 0 in a segment, which grows.
    pub(crate) length: u64,
}

/// Why a header could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHeader {
    Checksum,
    NotOurs,
    Newer(u32),
}

impl FileHeader {
    pub(crate) fn encode(&self) -> [u8; FILE_HEADER] {
        let mut bytes = [0; FILE_HEADER];
        bytes[0..8].copy_from_slice(self.kind.magic());
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.before.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.identity.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.position.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.offset.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.length.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(kind: Kind, bytes: &[u8; FILE_HEADER]) -> Result<FileHeader, BadHeader> {
        if crc32c::crc32c(&bytes[..60]) != u32_at(bytes, 60) {
            return Err(BadHeader::Checksum);
        }
        if &bytes[..8] != kind.magic() {
            return Err(BadHeader::NotOurs);
        }
        match u32_at(bytes, 8) {
            VERSION => Ok(FileHeader {
                kind,
                identity: u64_at(bytes, 16),
                position: Position(u64_at(bytes, 24)),
                offset: u64_at(bytes, 32),
                before: u32_at(bytes, 12),
                length: u64_at(bytes, 40),
            }),
            other => Err(BadHeader::Newer(other)),
        }
    }

    /// What the checksums of this file's batch headers start from. `before` and `length` are left
    /// out: a snapshot knows them only when its last batch is written.
    pub(crate) fn seed(&self) -> u32 {
        let mut seed = crc32c::crc32c(self.kind.magic());
        for part in [self.identity, self.position.0, self.offset] {
            seed = crc32c::crc32c_append(seed, &part.to_le_bytes());
        }
        seed
    }
}

/// What stands before the records of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) length: u32,
    pub(crate) before: u32,
    pub(crate) last: Position,
    pub(crate) records: u32,
    /// Of this header: the link that the next batch repeats as its `before`.
    pub(crate) checksum: u32,
}

impl BatchHeader {
    /// The header of `records`, ready to be written before them.
    ///
    /// # Panics
    /// When `records` is empty or longer than [`BATCH_BYTES_MAX`].
    pub(crate) fn seal(
        seed: u32,
        before: u32,
        last: Position,
        records: &[u8],
    ) -> (BatchHeader, [u8; BATCH_HEADER]) {
        assert!(!records.is_empty(), "a batch without records");
        assert!(records.len() <= BATCH_BYTES_MAX, "a batch above the limit");
        let length = u32::try_from(records.len()).expect("the limit fits in 32 bits");
        let checksum = crc32c::crc32c(records);
        let mut bytes = [0; BATCH_HEADER];
        bytes[0..4].copy_from_slice(&length.to_le_bytes());
        bytes[4..8].copy_from_slice(&before.to_le_bytes());
        bytes[8..16].copy_from_slice(&last.0.to_le_bytes());
        bytes[16..20].copy_from_slice(&checksum.to_le_bytes());
        let link = crc32c::crc32c_append(seed, &bytes[..20]);
        bytes[20..].copy_from_slice(&link.to_le_bytes());
        let header = BatchHeader {
            length,
            before,
            last,
            records: checksum,
            checksum: link,
        };
        (header, bytes)
    }

    /// `None` when these octets are no batch header of this file.
    pub(crate) fn decode(seed: u32, bytes: &[u8; BATCH_HEADER]) -> Option<BatchHeader> {
        let length = u32_at(bytes, 0);
        // The cheap test first: the search for batches behind a damaged one asks at every octet.
        if length == 0 || length as usize > BATCH_BYTES_MAX {
            return None;
        }
        let checksum = u32_at(bytes, 20);
        (crc32c::crc32c_append(seed, &bytes[..20]) == checksum).then(|| BatchHeader {
            length,
            before: u32_at(bytes, 4),
            last: Position(u64_at(bytes, 8)),
            records: u32_at(bytes, 16),
            checksum,
        })
    }

    /// Octets of the batch with its header.
    pub(crate) fn whole(&self) -> u64 {
        BATCH_HEADER as u64 + u64::from(self.length)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four octets"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight octets"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> FileHeader {
        FileHeader {
            kind: Kind::Segment,
            identity: 0x0123_4567_89AB_CDEF,
            position: Position(42),
            offset: 4_711,
            before: 0xDEAD_BEEF,
            length: 0,
        }
    }

    #[test]
    fn a_file_header_is_read_as_it_was_written() {
        let bytes = header().encode();
        assert_eq!(FileHeader::decode(Kind::Segment, &bytes), Ok(header()));
        assert_eq!(
            FileHeader::decode(Kind::Snapshot, &bytes),
            Err(BadHeader::NotOurs)
        );
    }

    #[test]
    fn the_layout_of_version_1_does_not_move() {
        let (_, batch) = BatchHeader::seal(header().seed(), 7, Position(43), b"records");
        assert_eq!(
            hex(&header().encode()),
            "42494e445259534701000000efbeaddeefcdab89674523012a00000000000000\
             67120000000000000000000000000000000000000000000000000000bb0e2532"
        );
        assert_eq!(
            hex(&batch),
            "07000000070000002b00000000000000b0148524e2e10e80"
        );
    }

    #[test]
    fn a_higher_version_is_told_from_damage() {
        let mut bytes = header().encode();
        bytes[8] = 2;
        assert_eq!(
            FileHeader::decode(Kind::Segment, &bytes),
            Err(BadHeader::Checksum)
        );
        let checksum = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(
            FileHeader::decode(Kind::Segment, &bytes),
            Err(BadHeader::Newer(2))
        );
    }

    #[test]
    fn a_batch_of_another_file_is_not_taken_for_ours() {
        let (sealed, bytes) = BatchHeader::seal(header().seed(), 7, Position(43), b"records");
        assert_eq!(BatchHeader::decode(header().seed(), &bytes), Some(sealed));
        let other = FileHeader {
            identity: 1,
            ..header()
        };
        assert_eq!(BatchHeader::decode(other.seed(), &bytes), None);
    }

    #[test]
    fn names_sort_as_positions_do() {
        let name = Kind::Segment.name(Position(84_512));
        assert_eq!(name, "00000000000000084512.journal");
        assert_eq!(Kind::Segment.position(&name), Some(Position(84_512)));
        assert_eq!(Kind::Snapshot.position(&name), None);
        assert_eq!(Kind::Segment.position("84512.journal"), None);
        assert_eq!(Kind::Segment.position("+0000000000000084512.journal"), None);
        assert_eq!(
            Kind::Segment.position("99999999999999999999.journal"),
            None,
            "above 64 bits"
        );
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }
}
