//! What the tests of this crate share.

use std::path::PathBuf;

use journal::{
    Disk, Journal, Options, Position, ReadError, Recovered,
    sim::{Random, SimDisk},
};

/// Sizes at which a test sees everything happen.
pub(crate) const SMALL: Options = Options {
    segment_bytes: 1024,
    reserve_bytes: 16 << 10,
    room_low_bytes: 64 << 10,
    room_scarce_bytes: 32 << 10,
    room_hysteresis_bytes: 16 << 10,
};

/// More than any test fills.
pub(crate) const AMPLE: u64 = 16 << 20;

/// What was appended at each position.
pub(crate) type History = Vec<(Position, Vec<u8>)>;

/// An empty directory for the test of this name.
pub(crate) fn directory(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Opens a simulated disk that has nothing wrong with it.
pub(crate) fn open(disk: &SimDisk) -> (Journal<SimDisk>, Recovered<SimDisk>) {
    Journal::open_on(disk.clone(), &SMALL).unwrap_or_else(|error| panic!("{error}"))
}

/// Records for a position: other ones for each, of any small size.
pub(crate) fn records(position: Position) -> Vec<u8> {
    let mut random = Random(position.0);
    let length = match random.below(8) {
        0 => 1500,
        1..=3 => 1 + random.below(400),
        _ => 1 + random.below(60),
    };
    (0..length).map(|_| random.next() as u8).collect()
}

/// Appends the next `n` positions.
pub(crate) fn append<D: Disk>(journal: &mut Journal<D>, n: u64, history: &mut History) {
    for _ in 0..n {
        let next = Position(journal.end().0 + 1);
        journal.append(next, &records(next)).unwrap();
        history.push((next, records(next)));
    }
}

/// Every batch behind `after`; they follow one another.
pub(crate) fn try_replay<D: Disk>(
    journal: &Journal<D>,
    after: Position,
) -> Result<History, ReadError> {
    let mut found = History::new();
    let mut batches = journal.read(after)?;
    let mut expected = None;
    while let Some(batch) = batches.next()? {
        if let Some(expected) = expected {
            assert_eq!((batch.after, batch.offset), expected, "a gap");
        }
        expected = Some((batch.last, batch.offset + batch.records.len() as u64));
        found.push((batch.last, batch.records.to_vec()));
    }
    Ok(found)
}

/// As [`try_replay`], where nothing is wrong.
pub(crate) fn replay<D: Disk>(journal: &Journal<D>, after: Position) -> History {
    try_replay(journal, after).unwrap_or_else(|error| panic!("{error}"))
}

/// The blocks of the snapshot at a position.
pub(crate) fn blocks(position: Position) -> Vec<Vec<u8>> {
    let mut random = Random(position.0 ^ 0x5A5A);
    (0..1 + random.below(4))
        .map(|_| vec![random.next() as u8; 1 + random.below(300) as usize])
        .collect()
}

/// Takes a snapshot of everything that was appended.
pub(crate) fn snapshot<D: Disk>(journal: &mut Journal<D>) -> Position {
    let position = journal.end();
    let mut writer = journal.snapshot_writer(position).unwrap();
    for block in blocks(position) {
        writer.block(&block).unwrap();
    }
    let finished = writer.finish().unwrap();
    assert_eq!(finished.position(), position);
    journal.adopt(finished).unwrap();
    position
}

/// Reads the recovered snapshot, which must be what was written for its position.
pub(crate) fn check_snapshot<D: Disk>(recovered: &mut Recovered<D>) {
    if let Some(snapshot) = &mut recovered.snapshot {
        let mut found = Vec::new();
        while let Some(block) = snapshot.next().unwrap() {
            found.push(block.to_vec());
        }
        assert_eq!(found, blocks(snapshot.position()));
    }
}

/// The names of the segments, oldest first.
pub(crate) fn segments(disk: &SimDisk) -> Vec<String> {
    let mut names = disk.names();
    names.retain(|name| name.ends_with(".journal"));
    names
}
