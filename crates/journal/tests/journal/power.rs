//! Power cuts, kills and failed syncs at every point of a journal's life.

use journal::{
    AppendError, DiskError, Journal, OpenError, Position,
    sim::{OperationKind, Random, SimDisk, Verdict},
};

use crate::common::{AMPLE, History, SMALL, blocks, check_snapshot, open, records, replay};

/// What a life has been told to be durable.
#[derive(Default)]
struct Told {
    history: History,
    /// The batch whose append did not return `Ok`.
    doubtful: Option<(Position, Vec<u8>)>,
    snapshot: Position,
}

/// Everything that a journal does, in a fixed order, until the first error.
fn live(disk: &SimDisk, told: &mut Told) -> Result<(), String> {
    let (mut journal, _) =
        Journal::open_on(disk.clone(), &SMALL).map_err(|error| error.to_string())?;
    for round in 1..=5 {
        for _ in 0..6 {
            let next = Position(journal.end().0 + 1);
            told.doubtful = Some((next, records(next)));
            journal
                .append(next, &records(next))
                .map_err(|error| error.to_string())?;
            told.history.extend(told.doubtful.take());
        }
        let end = journal.end();
        snapshot(&mut journal, told).map_err(|error| error.to_string())?;
        if round % 2 == 0 {
            journal.trim(end).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn snapshot(journal: &mut Journal<SimDisk>, told: &mut Told) -> Result<(), DiskError> {
    let position = journal.end();
    let mut writer = journal
        .snapshot_writer(position)
        .map_err(|error| match error {
            journal::ReadError::Disk(error) => error,
            other => panic!("{other}"),
        })?;
    for block in blocks(position) {
        writer.block(&block)?;
    }
    let finished = writer.finish()?;
    let adopted = journal.adopt(finished).map(drop);
    told.snapshot = journal.covered();
    adopted
}

/// Everything that was told is there, and nothing that was never written.
fn check(disk: &SimDisk, told: &mut Told) {
    let (mut journal, mut recovered) = open(disk);
    check_snapshot(&mut recovered);
    let after = recovered.replay_after();
    assert!(
        after >= told.snapshot,
        "the snapshot at {} is lost",
        told.snapshot
    );
    if let Some(doubtful) = told.doubtful.take()
        && journal.end() == doubtful.0
    {
        told.history.push(doubtful);
    }
    let end = told.history.last().map_or(Position(0), |(last, _)| *last);
    assert_eq!(journal.end(), end);
    let behind = told.history.partition_point(|(last, _)| *last <= after);
    assert_eq!(replay(&journal, after), told.history[behind..]);
    let next = Position(end.0 + 1);
    journal.append(next, &records(next)).unwrap();
    told.history.push((next, records(next)));
}

/// A disk on which the operation of this number meets `verdict`.
fn disk_with(number: u64, verdict: Verdict) -> SimDisk {
    let disk = SimDisk::new(AMPLE, number);
    disk.set_weather(move |operation| match operation.number == number {
        true => verdict,
        false => Verdict::Proceed,
    });
    disk
}

fn operations_of_a_life() -> u64 {
    let disk = SimDisk::new(AMPLE, 0);
    live(&disk, &mut Told::default()).unwrap();
    disk.operations()
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_that_was_told() {
    for number in 0..operations_of_a_life() {
        for seed in 0..8 {
            let disk = disk_with(number, Verdict::PowerCut);
            let mut told = Told::default();
            live(&disk, &mut told).unwrap_err();
            let disk = disk.crash(seed);
            check(&disk, &mut told);
            // And what was recovered is durable, whatever the page cache had held.
            check(&disk.crash(seed + 1), &mut told);
        }
    }
}

#[test]
fn a_power_cut_during_recovery_loses_nothing_either() {
    let mut random = Random(7);
    for number in (0..operations_of_a_life()).step_by(3) {
        let disk = disk_with(number, Verdict::PowerCut);
        let mut told = Told::default();
        live(&disk, &mut told).unwrap_err();
        for seed in 0..12 {
            let disk = disk.fork().crash(seed);
            let cut = random.below(40);
            disk.set_weather(move |operation| match operation.number == cut {
                true => Verdict::PowerCut,
                false => Verdict::Proceed,
            });
            let opened = Journal::open_on(disk.clone(), &SMALL);
            assert!(matches!(opened, Ok(_) | Err(OpenError::Disk(_))));
            drop(opened);
            let disk = disk.crash(seed);
            disk.clear_weather();
            let mut told = Told {
                history: told.history.clone(),
                doubtful: told.doubtful.clone(),
                snapshot: told.snapshot,
            };
            check(&disk, &mut told);
        }
    }
}

#[test]
fn a_kill_at_any_operation_loses_nothing_even_if_the_power_fails_later() {
    for number in 0..operations_of_a_life() {
        for seed in 0..4 {
            let disk = disk_with(number, Verdict::Kill);
            let mut told = Told::default();
            live(&disk, &mut told).unwrap_err();
            let disk = disk.kill();
            check(&disk, &mut told);
            check(&disk.crash(seed), &mut told);
        }
    }
}

#[test]
fn a_failed_operation_is_reported_and_loses_nothing() {
    for number in 0..operations_of_a_life() {
        for seed in 0..4 {
            let disk = disk_with(number, Verdict::Fail(std::io::ErrorKind::Other));
            let mut told = Told::default();
            let lived = live(&disk, &mut told);
            disk.clear_weather();
            if lived.is_ok() {
                // A reserve that could not grow, or a disk that did not say how full it is.
                told.doubtful = None;
            }
            // The next process believes the page cache, in which a failed sync left pages that
            // look clean; only then does the power fail.
            let disk = disk.kill();
            check(&disk, &mut told);
            check(&disk.crash(seed), &mut told);
        }
    }
}

#[test]
fn after_a_failed_sync_nothing_is_tried_again() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    journal.append(Position(1), b"one").unwrap();
    disk.set_weather(|operation| match operation.kind {
        OperationKind::Sync => Verdict::Fail(std::io::ErrorKind::Other),
        _ => Verdict::Proceed,
    });
    let failed = journal.append(Position(2), b"two");
    assert!(matches!(failed, Err(AppendError::Failed(_))));
    disk.set_weather(|operation| match operation.kind {
        OperationKind::Write | OperationKind::Sync => panic!("{operation:?}"),
        _ => Verdict::Proceed,
    });
    for _ in 0..3 {
        let closed = journal.append(Position(2), b"two");
        assert!(matches!(closed, Err(AppendError::Closed)));
    }
    assert_eq!(journal.end(), Position(1));
}

#[test]
fn one_append_is_one_write_and_one_sync() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    // Now and then one writes ahead for those behind it.
    journal.append(Position(1), b"zero").unwrap();
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let log = std::rc::Rc::clone(&seen);
    disk.set_weather(move |operation| {
        log.borrow_mut().push(operation.kind);
        Verdict::Slow(1000)
    });
    journal.append(Position(2), b"one").unwrap();
    use OperationKind::{FreeSpace, Sync, Write};
    assert_eq!(*seen.borrow(), [Write, Sync, FreeSpace]);
    assert_eq!(disk.take_elapsed_ns(), 3000);
    assert_eq!(disk.unsynced_bytes("00000000000000000001.journal"), 0);
}
