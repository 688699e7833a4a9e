//! Rows that outlive the journal's records.

use journal::sim::{OperationKind, Random, SimDisk, Verdict};
use journal::{Journal, NAME_BYTES, Options, Position, ROW_BYTES, Row, Runs};

const DISK: u64 = 64 << 20;

fn row(name: u64, value: u8) -> Row {
    let mut row = [value; ROW_BYTES];
    row[..NAME_BYTES].fill(0);
    row[..8].copy_from_slice(&name.to_be_bytes());
    row
}

/// A journal whose positions up to 100 are durable, and its rows.
fn open(disk: &SimDisk) -> (Journal<SimDisk>, Runs<SimDisk>) {
    let options = Options {
        reserve_bytes: 0,
        ..Options::default()
    };
    let (mut journal, _) = Journal::open_on(disk.clone(), &options).expect("a sound journal");
    if journal.end() == Position(0) {
        journal.append(Position(100), b"x").expect("room");
    }
    let (runs, damaged) = journal.runs().expect("sound runs");
    assert_eq!(damaged, []);
    (journal, runs)
}

fn values(runs: &Runs<SimDisk>, name: u64) -> Vec<u8> {
    let found = runs.find(&name.to_be_bytes()).expect("sound runs");
    found.iter().map(|row| row[ROW_BYTES - 1]).collect()
}

#[test]
fn a_row_is_found_while_it_is_fresh_and_when_it_is_in_a_run() {
    let disk = SimDisk::new(DISK, 1);
    let (journal, mut runs) = open(&disk);
    runs.add(&row(7, 1));
    runs.add(&row(8, 2));
    assert_eq!((values(&runs, 7), values(&runs, 9)), (vec![1], vec![]));
    runs.write(Position(1), 0).expect("room");
    runs.add(&row(9, 3));
    assert_eq!((runs.fresh(), runs.position()), (1, Position(1)));
    for name in 7..=9 {
        assert_eq!(values(&runs, name).len(), 1, "{name}");
    }
    drop((journal, runs));
    let (_journal, runs) = open(&disk.kill());
    assert_eq!(runs.position(), Position(1));
    assert_eq!(values(&runs, 8), [2]);
    assert_eq!(
        values(&runs, 9),
        [],
        "it has to be made again from the journal"
    );
}

#[test]
fn rows_with_the_same_beginning_are_found_across_blocks_and_runs() {
    let disk = SimDisk::new(DISK, 1);
    let (_journal, mut runs) = open(&disk);
    let part = |name: u64, part: u32| {
        let mut row = row(name, 1);
        row[8..12].copy_from_slice(&part.to_be_bytes());
        row
    };
    for position in 1..=2 {
        for name in [1, 2, 3] {
            for number in 0..2000 {
                runs.add(&part(name, position * 10_000 + number));
            }
        }
        runs.write(Position(u64::from(position)), 0).expect("room");
    }
    for name in 0..=4 {
        let all = if (1..=3).contains(&name) { 4000 } else { 0 };
        assert_eq!(values(&runs, name).len(), all, "{name}");
    }
}

#[test]
fn every_row_of_many_runs_is_found_and_nothing_else() {
    let disk = SimDisk::new(DISK, 1);
    let (_journal, mut runs) = open(&disk);
    let mut random = Random(7);
    let mut known = std::collections::BTreeMap::new();
    for position in 1..=10 {
        for _ in 0..random.below(3000) {
            let name = random.below(1 << 20) * 2;
            known.entry(name).or_insert_with(|| {
                runs.add(&row(name, position as u8));
                position as u8
            });
        }
        runs.write(Position(position), 0).expect("room");
    }
    for (&name, &value) in known.iter().step_by(37) {
        assert_eq!(values(&runs, name), [value]);
        assert_eq!(values(&runs, name + 1), []);
    }
}

#[test]
fn the_oldest_runs_are_removed_by_time_and_by_size() {
    let disk = SimDisk::new(DISK, 1);
    let (_journal, mut runs) = open(&disk);
    for position in 1..=4 {
        runs.add(&row(position, 1));
        runs.write(Position(position), position * 1000)
            .expect("room");
    }
    let one = runs.bytes() / 4;
    runs.trim(2000, u64::MAX).expect("removed");
    assert_eq!((values(&runs, 1).len(), values(&runs, 2).len()), (0, 1));
    runs.trim(0, 2 * one).expect("removed");
    assert_eq!((values(&runs, 2).len(), values(&runs, 3).len()), (0, 1));
    let names = disk.names();
    let files = names.iter().filter(|name| name.ends_with(".run")).count();
    assert_eq!(files, 2);
}

#[test]
fn wherever_the_power_fails_a_run_is_there_whole_or_not_at_all() {
    for cut in 0..12 {
        let disk = SimDisk::new(DISK, cut);
        let (journal, mut runs) = open(&disk);
        for name in 0..3000 {
            runs.add(&row(name, 1));
        }
        let first = disk.operations();
        disk.set_weather(move |operation| {
            if operation.number >= first + cut {
                Verdict::PowerCut
            } else {
                Verdict::Proceed
            }
        });
        let written = runs.write(Position(1), 0).is_ok();
        drop((journal, runs));
        disk.clear_weather();
        let (_journal, runs) = open(&disk.crash(cut));
        let whole = runs.position() == Position(1);
        assert!(whole || !written, "cut at {cut}");
        for name in [0, 1500, 2999] {
            assert_eq!(
                values(&runs, name).len(),
                usize::from(whole),
                "cut at {cut}"
            );
        }
        let unfinished = disk.names().iter().any(|name| name.ends_with(".tmp"));
        assert!(!unfinished, "cut at {cut}");
    }
}

#[test]
fn a_full_disk_leaves_the_rows_where_they_are() {
    let disk = SimDisk::new(DISK, 1);
    let (_journal, mut runs) = open(&disk);
    runs.add(&row(7, 1));
    disk.set_weather(|operation| match operation.kind {
        OperationKind::Write => Verdict::Fail(std::io::ErrorKind::StorageFull),
        _ => Verdict::Proceed,
    });
    let error = runs.write(Position(1), 0).expect_err("no room");
    assert!(error.is_full());
    disk.clear_weather();
    assert_eq!((values(&runs, 7), runs.position()), (vec![1], Position(0)));
    runs.write(Position(1), 0).expect("room");
    assert_eq!(values(&runs, 7), [1]);
}

#[test]
fn damage_is_seen_where_it_is_read_and_a_damaged_head_is_set_aside() {
    let disk = SimDisk::new(DISK, 1);
    let (journal, mut runs) = open(&disk);
    for name in 0..3000 {
        runs.add(&row(name, 1));
    }
    runs.write(Position(1), 0).expect("room");
    let name = "00000000000000000001.run";
    let mut octets = disk.contents(name).expect("the run");
    let last = octets.len() - 1;
    octets[last] ^= 1;
    disk.put(name, &octets);
    assert!(runs.find(&2999_u64.to_be_bytes()).is_err());
    assert_eq!(values(&runs, 0), [1], "another block");
    octets[100] ^= 1;
    disk.put(name, &octets);
    drop((journal, runs));
    let options = Options {
        reserve_bytes: 0,
        ..Options::default()
    };
    let (journal, _) = Journal::open_on(disk.kill(), &options).expect("a sound journal");
    let (runs, damaged) = journal.runs().expect("the rest");
    assert_eq!((runs.position(), damaged.len()), (Position(0), 1));
    assert!(disk.names().contains(&format!("{name}.damaged")));
}
