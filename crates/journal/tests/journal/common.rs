//! What the tests of this crate share.

use std::path::PathBuf;

use journal::{Disk, Journal, Options, Position};

/// Sizes at which a test sees everything happen.
pub(crate) const SMALL: Options = Options {
    segment_bytes: 1024,
    reserve_bytes: 16 << 10,
    room_low_bytes: 64 << 10,
    room_scarce_bytes: 32 << 10,
    room_hysteresis_bytes: 16 << 10,
};

/// An empty directory for the test of this name.
pub(crate) fn directory(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Every batch behind `after`, and that they follow one another.
pub(crate) fn replay<D: Disk>(journal: &Journal<D>, after: Position) -> Vec<(Position, Vec<u8>)> {
    let mut found = Vec::new();
    let mut batches = journal.read(after).unwrap();
    let mut expected = None;
    while let Some(batch) = batches.next().unwrap() {
        if let Some(expected) = expected {
            assert_eq!((batch.after, batch.offset), expected, "batches have a gap");
        }
        expected = Some((batch.last, batch.offset + batch.records.len() as u64));
        found.push((batch.last, batch.records.to_vec()));
    }
    found
}
