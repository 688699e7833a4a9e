//! The journal on the real disk.

use crate::common::{SMALL, directory, replay};
use journal::{
    Batches, Journal, Look, OpenError, Position, Removed, Room, SnapshotReader, SnapshotWriter,
    disk_sync_latency,
};

#[test]
fn what_was_appended_is_there_when_it_is_opened_again() {
    let dir = directory("opened_again");
    let (mut journal, recovered) = Journal::open(&dir, &SMALL).unwrap();
    assert!(recovered.snapshot.is_none());
    assert_eq!(journal.end(), Position(0));
    for position in 1..=100 {
        journal
            .append(Position(position), &[position as u8; 100])
            .unwrap();
    }
    drop(journal);

    let (journal, recovered) = Journal::open(&dir, &SMALL).unwrap();
    assert_eq!(recovered.cut, None);
    assert_eq!(journal.end(), Position(100));
    assert_eq!(journal.end_offset(), 10_000);
    let batches = replay(&journal, Position(0));
    assert_eq!(batches.len(), 100);
    assert_eq!(batches[41], (Position(42), vec![42; 100]));
}

#[test]
fn files_can_be_read_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = directory("permissions").join("new");
    drop(Journal::open(&dir, &SMALL).unwrap());
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for entry in dir.read_dir().unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_reserve_of_the_asked_size_is_there() {
    let dir = directory("reserve");
    let (mut journal, _) = Journal::open(&dir, &SMALL).unwrap();
    assert_eq!(journal.room(), Room::Ample);
    let reserve = dir.join("reserve").metadata().unwrap();
    assert_eq!(reserve.len(), SMALL.reserve_bytes);
    assert!(journal.release_reserve());
    assert_eq!(dir.join("reserve").metadata().unwrap().len(), 0);
    assert!(!journal.release_reserve(), "there is only one");
    assert_eq!(journal.room(), Room::Ample, "this disk has room");
    assert_eq!(
        dir.join("reserve").metadata().unwrap().len(),
        SMALL.reserve_bytes,
        "so it was made anew"
    );
}

#[test]
fn the_directory_is_taken_once_in_a_process() {
    let dir = directory("taken_once");
    let journal = Journal::open(&dir, &SMALL).unwrap();
    let Err(OpenError::Locked { pid, .. }) = Journal::open(&dir, &SMALL) else {
        panic!("opened twice");
    };
    assert_eq!(pid, Some(std::process::id()));
    drop(journal);
    Journal::open(&dir, &SMALL).unwrap();
}

#[test]
fn every_part_may_go_to_a_thread_of_its_own() {
    fn may_go<T: Send + 'static>() {}
    may_go::<Journal>();
    may_go::<Batches<journal::FileDisk>>();
    may_go::<SnapshotReader<journal::FileDisk>>();
    may_go::<SnapshotWriter<journal::FileDisk>>();
    may_go::<Removed>();
}

#[test]
fn the_latency_of_the_disk_is_measured_and_nothing_is_left_behind() {
    let dir = directory("latency");
    let latency = disk_sync_latency(&dir, 20).unwrap();
    assert!(latency.quantile(0.0) <= latency.quantile(0.5));
    assert!(latency.quantile(0.99) <= latency.quantile(1.0));
    assert!(latency.to_string().ends_with("of 20 syncs"), "{latency}");
    assert_eq!(dir.read_dir().unwrap().count(), 0);
}

#[test]
fn an_onlooker_reads_what_is_there_while_it_is_written_and_changes_nothing() {
    let dir = directory("onlooker");
    let (mut journal, _) = Journal::open(&dir, &SMALL).unwrap();
    for position in 1..=100 {
        journal
            .append(Position(position), &[position as u8; 100])
            .unwrap();
    }
    let seen = || {
        let mut batches = Look::at(&dir).unwrap().batches();
        let mut seen = Vec::new();
        while let Some(batch) = batches.next().unwrap() {
            seen.push((batch.last, batch.records.to_vec()));
        }
        seen
    };
    assert_eq!(seen(), replay(&journal, Position(0)));
    assert!(Look::at(&dir).unwrap().snapshot().unwrap().is_none());

    // A batch that is half written is not there yet.
    let last = std::fs::read_dir(&dir)
        .unwrap()
        .map(|it| it.unwrap().path());
    let last = last.filter(|path| path.extension().is_some_and(|it| it == "journal"));
    let last = last.max().unwrap();
    let before = std::fs::read(&last).unwrap();
    let whole = before.iter().rposition(|&octet| octet != 0).unwrap() + 1;
    std::fs::write(&last, &before[..whole - 10]).unwrap();
    assert_eq!(seen().len(), 99);
    assert_eq!(std::fs::read(&last).unwrap().len(), whole - 10);
    std::fs::write(&last, before).unwrap();

    let mut writer = journal.snapshot_writer(Position(100)).unwrap();
    writer.block(b"all of it").unwrap();
    let snapshot = writer.finish().unwrap();
    journal.adopt(snapshot).unwrap();
    let mut snapshot = Look::at(&dir).unwrap().snapshot().unwrap().unwrap();
    assert_eq!(snapshot.next().unwrap(), Some(&b"all of it"[..]));
    assert!(matches!(
        Look::at(&dir.join("nothing")).err(),
        Some(OpenError::Disk(_))
    ));
}
