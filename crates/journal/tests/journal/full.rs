//! A full disk: nothing is lost, what is owed goes on, and room makes it whole again.

use std::{io::ErrorKind, path::PathBuf, process::Command};

use journal::{
    AppendError, Journal, Options, Position, Room,
    sim::{OperationKind, SimDisk, Verdict},
};

use crate::common::{AMPLE, History, SMALL, append, directory, open, records, replay, snapshot};

const CAPACITY: u64 = 256 << 10;

/// Appends until the disk gives no more; the levels that were seen, in order.
fn fill(journal: &mut Journal<SimDisk>, history: &mut History) -> Vec<Room> {
    let mut seen = vec![Room::Ample];
    loop {
        let next = Position(journal.end().0 + 1);
        match journal.append(next, &[7; 900]) {
            Ok(room) => {
                history.push((next, vec![7; 900]));
                if seen.last() != Some(&room) {
                    seen.push(room);
                }
            }
            Err(AppendError::Full(error)) => {
                assert!(error.is_full());
                return seen;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn the_levels_are_passed_in_order_and_then_the_reserve_is_used() {
    let disk = SimDisk::new(CAPACITY, 1);
    let (mut journal, _) = open(&disk);
    let seen = fill(&mut journal, &mut History::new());
    assert_eq!(seen, [Room::Ample, Room::Low, Room::Scarce, Room::Reserve]);
}

#[test]
fn a_batch_for_which_there_is_no_room_is_held_and_appended_later() {
    let disk = SimDisk::new(CAPACITY, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    fill(&mut journal, &mut history);
    let next = Position(journal.end().0 + 1);
    for _ in 0..3 {
        let held = journal.append(next, &[7; 900]);
        assert!(matches!(held, Err(AppendError::Full(_))));
    }
    assert_eq!(replay(&journal, Position(0)), history);
    disk.set_capacity(CAPACITY + (64 << 10));
    journal.append(next, &[7; 900]).unwrap();
    history.push((next, vec![7; 900]));
    assert_eq!(replay(&journal, Position(0)), history);
}

#[test]
fn the_reserve_is_made_anew_and_messages_are_taken_again_when_there_is_room() {
    let disk = SimDisk::new(CAPACITY, 1);
    let (mut journal, _) = open(&disk);
    fill(&mut journal, &mut History::new());
    let reserve = || disk.contents("reserve").unwrap().len() as u64;
    assert_eq!(reserve(), 0);
    let grow = |spare: u64| disk.set_capacity(CAPACITY + spare);

    // The reserve, mark 2 and its hysteresis: one block short of them, then reached.
    let needed = SMALL.reserve_bytes + SMALL.room_scarce_bytes + SMALL.room_hysteresis_bytes;
    grow(needed - 4096);
    assert_eq!((journal.room(), reserve()), (Room::Reserve, 0));
    grow(needed);
    assert_eq!(
        (journal.room(), reserve()),
        (Room::Low, SMALL.reserve_bytes)
    );

    let needed = SMALL.reserve_bytes + SMALL.room_low_bytes + SMALL.room_hysteresis_bytes;
    grow(needed - 4096);
    assert_eq!(journal.room(), Room::Low);
    grow(needed);
    assert_eq!(journal.room(), Room::Ample);
    grow(needed - 4096);
    assert_eq!(journal.room(), Room::Ample, "it does not flutter");
}

#[test]
fn trimming_makes_room() {
    let disk = SimDisk::new(CAPACITY, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    for _ in 0..2 {
        append(&mut journal, 10, &mut history);
        snapshot(&mut journal);
    }
    fill(&mut journal, &mut history);
    disk.set_capacity(CAPACITY + (16 << 10));
    for _ in 0..2 {
        let next = Position(journal.end().0 + 1);
        journal.append(next, b"owed").unwrap();
        snapshot(&mut journal);
    }
    journal.trim(journal.end()).unwrap();
    assert_eq!(journal.room(), Room::Ample);
}

#[test]
fn a_journal_opens_on_a_full_disk_and_says_so() {
    let disk = SimDisk::new(CAPACITY, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    fill(&mut journal, &mut history);
    drop(journal);
    for seed in 0..4 {
        let disk = disk.fork().crash(seed);
        let (mut journal, _) = open(&disk);
        assert_eq!(journal.room(), Room::Reserve);
        assert_eq!(replay(&journal, Position(0)), history);
        let next = Position(journal.end().0 + 1);
        let held = journal.append(next, &[7; 5000]);
        assert!(matches!(held, Err(AppendError::Full(_))));
    }
}

#[test]
fn no_room_at_any_write_of_a_life_holds_one_batch_and_loses_none() {
    for number in 0..200 {
        for part in [0, 1, 30, 500] {
            let disk = SimDisk::new(AMPLE, 1);
            let options = Options {
                reserve_bytes: 0,
                ..SMALL
            };
            let (mut journal, _) = Journal::open_on(disk.clone(), &options).unwrap();
            let first = disk.operations();
            disk.set_weather(move |operation| match operation.kind {
                _ if operation.number != first + number => Verdict::Proceed,
                OperationKind::Write => Verdict::Short(part, ErrorKind::StorageFull),
                OperationKind::Create | OperationKind::Rename => {
                    Verdict::Fail(ErrorKind::StorageFull)
                }
                _ => Verdict::Proceed,
            });
            let mut history = History::new();
            for position in (1..=30).map(Position) {
                let records = records(position);
                match journal.append(position, &records) {
                    Ok(_) => {}
                    Err(AppendError::Full(_)) => {
                        // More steps have come meanwhile: now the segment is too small.
                        let records = [records, vec![1; 1000]].concat();
                        journal.append(position, &records).unwrap();
                        history.push((position, records));
                        continue;
                    }
                    Err(other) => panic!("{other}"),
                }
                history.push((position, records));
            }
            assert_eq!(replay(&journal, Position(0)), history);
            for seed in 0..2 {
                let disk = disk.fork().crash(seed);
                let (journal, recovered) = open(&disk);
                assert_eq!(recovered.cut, None, "everything was acknowledged");
                assert_eq!(replay(&journal, Position(0)), history);
            }
        }
    }
}

#[test]
fn what_was_taken_back_does_not_come_back_behind_a_torn_batch() {
    for seed in 0..200 {
        let disk = SimDisk::new(AMPLE, 1);
        let options = Options {
            segment_bytes: 1 << 20,
            reserve_bytes: 0,
            ..SMALL
        };
        let (mut journal, _) = Journal::open_on(disk.clone(), &options).unwrap();
        journal.append(Position(1), b"one").unwrap();
        disk.set_weather(|operation| match operation.kind {
            OperationKind::Write => Verdict::Short(4000, ErrorKind::StorageFull),
            _ => Verdict::Proceed,
        });
        let held = journal.append(Position(2), &[2; 5000]);
        assert!(matches!(held, Err(AppendError::Full(_))));
        disk.set_weather(|operation| match operation.kind {
            OperationKind::Sync => Verdict::PowerCut,
            _ => Verdict::Proceed,
        });
        let lost = journal.append(Position(2), &[2; 2000]);
        assert!(matches!(lost, Err(AppendError::Failed(_))));
        let disk = disk.crash(seed);
        disk.clear_weather();
        let (journal, _) = open(&disk);
        let mut history = vec![(Position(1), b"one".to_vec())];
        if journal.end() == Position(2) {
            history.push((Position(2), vec![2; 2000]));
        }
        assert_eq!(replay(&journal, Position(0)), history);
    }
}

#[test]
fn a_disk_that_is_getting_full_has_no_zeros_ahead() {
    let disk = SimDisk::new(CAPACITY, 1);
    let (mut journal, _) = open(&disk);
    let length = || disk.contents("00000000000000000001.journal").unwrap().len();
    journal.append(Position(1), b"one").unwrap();
    let data = 64 + 24 + 3;
    assert!(length() > data);
    disk.set_capacity(SMALL.reserve_bytes + SMALL.room_low_bytes);
    assert_eq!(journal.room(), Room::Low);
    journal.append(Position(2), b"two").unwrap();
    assert_eq!(length(), data + 24 + 3);
}

#[test]
fn no_room_at_a_sync_is_as_fatal_as_any_failed_sync() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    disk.set_weather(|operation| match operation.kind {
        OperationKind::Sync => Verdict::Fail(ErrorKind::StorageFull),
        _ => Verdict::Proceed,
    });
    let failed = journal.append(Position(1), b"one");
    assert!(matches!(failed, Err(AppendError::Failed(_))));
    let closed = journal.append(Position(1), b"one");
    assert!(matches!(closed, Err(AppendError::Closed)));
}

#[test]
fn a_snapshot_for_which_there_is_no_room_gives_its_blocks_back() {
    let disk = SimDisk::new(CAPACITY, 1);
    let (mut journal, _) = open(&disk);
    append(&mut journal, 3, &mut History::new());
    let before = disk.names();
    let mut writer = journal.snapshot_writer(Position(3)).unwrap();
    let error = loop {
        if let Err(error) = writer.block(&[1; 10_000]) {
            break error;
        }
    };
    assert!(error.is_full());
    drop(writer);
    assert_eq!(disk.names(), before);
    assert_eq!(
        journal.append(Position(4), b"goes on").unwrap(),
        Room::Ample
    );
}

/// A file system of its own, gone with the value.
struct Tmpfs(PathBuf);

impl Tmpfs {
    /// `None` where mounting is not permitted.
    fn mount(name: &str, megabytes: u32) -> Option<Tmpfs> {
        let dir = directory(name);
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&dir)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Tmpfs(dir))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "a skipped test must not look like a passed one"
)]
fn a_real_file_system_of_8_mib_is_filled_and_loses_nothing() {
    let Some(tmpfs) = Tmpfs::mount("tmpfs", 8) else {
        eprintln!("SKIPPED: mounting a tmpfs needs root");
        return;
    };
    let options = Options {
        segment_bytes: 256 << 10,
        reserve_bytes: 1 << 20,
        room_low_bytes: 3 << 20,
        room_scarce_bytes: 1 << 20,
        room_hysteresis_bytes: 256 << 10,
    };
    let dir = tmpfs.0.join("data");
    let (mut journal, _) = Journal::open(&dir, &options).unwrap();
    let mut levels = vec![journal.room()];
    let mut refused = 0;
    while refused < 3 {
        let next = Position(journal.end().0 + 1);
        match journal.append(next, &[next.0 as u8; 30_000]) {
            Ok(room) if levels.last() != Some(&room) => levels.push(room),
            Ok(_) => {}
            Err(AppendError::Full(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    use Room::{Ample, Low, Reserve, Scarce};
    assert_eq!(levels, [Ample, Low, Scarce, Reserve]);
    let end = journal.end();
    drop(journal);

    let (mut journal, recovered) = Journal::open(&dir, &options).unwrap();
    assert_eq!(recovered.cut, None);
    assert_eq!((journal.end(), journal.room()), (end, Reserve));
    for (position, records) in replay(&journal, Position(0)) {
        assert_eq!(records, [position.0 as u8; 30_000]);
    }
    let grown = Command::new("mount")
        .args(["-o", "remount,size=16m"])
        .arg(&tmpfs.0)
        .status();
    assert!(grown.unwrap().success());
    let next = Position(end.0 + 1);
    assert!(matches!(journal.append(next, &[1; 30_000]), Ok(Ample)));
    assert_eq!(dir.join("reserve").metadata().unwrap().len(), 1 << 20);
    drop(journal);
}
