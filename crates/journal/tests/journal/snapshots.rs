//! Snapshots, their generations, and what may be trimmed.

use journal::{Journal, OpenError, Position, ReadError, sim::SimDisk};

use crate::common::{
    AMPLE, History, SMALL, append, blocks, check_snapshot, open, replay, segments, snapshot,
};

fn snapshots(disk: &SimDisk) -> Vec<String> {
    let mut names = disk.names();
    names.retain(|name| name.ends_with(".snapshot"));
    names
}

fn name(position: Position) -> String {
    format!("{:020}.snapshot", position.0)
}

#[test]
fn replay_is_the_snapshot_and_the_batches_behind_it() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 20, &mut history);
    let position = snapshot(&mut journal);
    let offset = journal.end_offset();
    append(&mut journal, 20, &mut history);
    drop(journal);

    let (journal, mut recovered) = open(&disk);
    assert_eq!(recovered.replay_after(), position);
    assert_eq!(recovered.snapshot.as_ref().unwrap().offset(), offset);
    check_snapshot(&mut recovered);
    assert_eq!(replay(&journal, position), history[20..]);
}

#[test]
fn a_snapshot_may_be_of_any_batch_that_was_read() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 50, &mut history);
    let offset: usize = history[..31].iter().map(|(_, records)| records.len()).sum();
    let mut writer = journal.snapshot_writer(Position(31)).unwrap();
    for block in blocks(Position(31)) {
        writer.block(&block).unwrap();
    }
    let finished = writer.finish().unwrap();
    journal.adopt(finished).unwrap();
    drop(journal);
    let (journal, recovered) = open(&disk);
    assert_eq!(recovered.snapshot.as_ref().unwrap().offset(), offset as u64);
    assert_eq!(replay(&journal, recovered.replay_after()), history[31..]);
}

/// What it covers may have to be kept elsewhere first: the ends of messages, for instance, which no replay tells again.
#[test]
fn a_snapshot_that_was_not_adopted_does_not_count() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 20, &mut history);
    let older = snapshot(&mut journal);
    append(&mut journal, 20, &mut history);
    let mut writer = journal.snapshot_writer(journal.end()).unwrap();
    writer.block(b"all of it").unwrap();
    let finished = writer.finish().unwrap();
    assert_eq!(finished.position(), Position(40));
    drop(journal);
    let disk = disk.crash(1);
    let (journal, mut recovered) = open(&disk);
    assert_eq!(recovered.replay_after(), older);
    check_snapshot(&mut recovered);
    assert_eq!(replay(&journal, older), history[20..]);
    assert_eq!(snapshots(&disk), [name(older)]);
    assert!(!disk.names().iter().any(|name| name.ends_with(".tmp")));
}

#[test]
#[should_panic(expected = "position 3 is inside a batch")]
fn a_snapshot_inside_a_batch_is_a_mistake() {
    let (mut journal, _) = open(&SimDisk::new(AMPLE, 1));
    journal.append(Position(2), b"one, two").unwrap();
    journal.append(Position(4), b"three, four").unwrap();
    journal.append(Position(5), b"five").unwrap();
    let _ = journal.snapshot_writer(Position(3));
}

#[test]
fn two_generations_are_kept() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut taken = Vec::new();
    for _ in 0..4 {
        append(&mut journal, 5, &mut History::new());
        taken.push(snapshot(&mut journal));
    }
    assert_eq!(snapshots(&disk), [name(taken[2]), name(taken[3])]);
}

#[test]
fn nothing_is_trimmed_that_the_generation_before_needs() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 30, &mut history);
    let older = snapshot(&mut journal);
    let bytes = journal.bytes();
    assert_eq!(journal.trim(journal.end()).unwrap().files(), 0);

    append(&mut journal, 30, &mut history);
    snapshot(&mut journal);
    let whole = segments(&disk);
    let before = journal.bytes();
    let trimmed = journal.trim(Position(u64::MAX)).unwrap();
    assert!(trimmed.files() > 0);
    assert!(bytes > trimmed.bytes());
    assert_eq!(journal.bytes(), before - trimmed.bytes());
    assert_eq!(segments(&disk), whole[trimmed.files()..]);
    assert_eq!(replay(&journal, older), history[30..]);
    let refused = journal.read(Position(0)).err().unwrap();
    assert!(matches!(refused, ReadError::NotHere { asked: 1, .. }));

    // The caller's own limit holds too.
    append(&mut journal, 30, &mut history);
    snapshot(&mut journal);
    assert_eq!(journal.trim(Position(31)).unwrap().files(), 0);
}

#[test]
fn a_damaged_snapshot_falls_back_to_the_one_before() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 30, &mut history);
    let older = snapshot(&mut journal);
    append(&mut journal, 30, &mut history);
    let newer = snapshot(&mut journal);
    journal.trim(newer).unwrap();
    append(&mut journal, 5, &mut history);
    drop(journal);

    let bytes = disk.contents(&name(newer)).unwrap();
    let flipped = (0..bytes.len()).map(|at| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        bytes
    });
    let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    for damaged in flipped.chain(cut) {
        let disk = disk.fork();
        disk.put(&name(newer), &damaged);
        let (mut journal, mut recovered) = open(&disk);
        assert_eq!(recovered.replay_after(), older);
        assert!(recovered.damaged[0].file.ends_with(name(newer)));
        check_snapshot(&mut recovered);
        assert_eq!(replay(&journal, older), history[30..]);
        // The damaged one counts for nothing any more.
        assert_eq!(snapshots(&disk), [name(older)]);
        let mut history = history.clone();
        append(&mut journal, 30, &mut history);
        snapshot(&mut journal);
        journal.trim(journal.end()).unwrap();
        assert_eq!(replay(&journal, older), history[30..]);
    }
}

#[test]
fn without_a_sound_snapshot_a_whole_journal_is_enough_and_a_trimmed_one_is_refused() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 30, &mut history);
    snapshot(&mut journal);
    append(&mut journal, 30, &mut history);
    snapshot(&mut journal);

    let damage_all = |disk: &SimDisk| {
        for name in snapshots(disk) {
            disk.put(&name, b"rot");
        }
    };
    let whole = disk.fork();
    damage_all(&whole);
    let (recovered_journal, recovered) = open(&whole);
    assert_eq!(recovered.damaged.len(), 2);
    assert_eq!(recovered.replay_after(), Position(0));
    assert_eq!(replay(&recovered_journal, Position(0)), history);

    journal.trim(journal.end()).unwrap();
    drop(journal);
    damage_all(&disk);
    let before = disk.names();
    let refused = Journal::open_on(disk.clone(), &SMALL).err().unwrap();
    let OpenError::Missing { first, damaged, .. } = &refused else {
        panic!("{refused}");
    };
    assert_eq!((*first, damaged.len()), (Position(1), 2));
    assert_eq!(disk.names(), before, "a refusal changes nothing");
}

#[test]
fn a_snapshot_ahead_of_the_journal_is_refused() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    append(&mut journal, 60, &mut History::new());
    let end = snapshot(&mut journal);
    drop(journal);
    let last = segments(&disk).pop().unwrap();
    let lost = disk.fork();
    lost.take(&last);
    let refused = Journal::open_on(lost, &SMALL).err().unwrap();
    assert!(matches!(refused, OpenError::Missing { last, .. } if last == end));

    for name in segments(&disk) {
        disk.take(&name);
    }
    let refused = Journal::open_on(disk, &SMALL).err().unwrap();
    assert!(matches!(refused, OpenError::Missing { last, .. } if last == end));
}

#[test]
fn an_unfinished_snapshot_leaves_nothing() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    append(&mut journal, 3, &mut History::new());
    let before = disk.names();
    let mut writer = journal.snapshot_writer(Position(3)).unwrap();
    writer.block(b"half of it").unwrap();
    drop(writer);
    assert_eq!(disk.names(), before);

    let mut writer = journal.snapshot_writer(Position(3)).unwrap();
    writer.block(b"half of it").unwrap();
    let disk = disk.kill();
    drop(writer);
    assert_ne!(disk.names(), before, "a dead process removes nothing");
    open(&disk);
    assert_eq!(disk.names(), before);
}

#[test]
fn what_is_read_goes_on_while_the_journal_does() {
    let (mut journal, _) = open(&SimDisk::new(AMPLE, 1));
    let mut history = History::new();
    append(&mut journal, 30, &mut history);
    let mut batches = journal.read(Position(10)).unwrap();
    append(&mut journal, 30, &mut History::new());
    for (position, records) in &history[10..] {
        let batch = batches.next().unwrap().unwrap();
        assert_eq!((batch.last, batch.records), (*position, &records[..]));
    }
    assert_eq!(batches.next().unwrap(), None);
}

#[test]
fn octets_are_read_back_by_their_offset() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 60, &mut history);
    let all: Vec<u8> = history
        .iter()
        .flat_map(|(_, records)| records)
        .copied()
        .collect();
    let check = |journal: &mut Journal<SimDisk>| {
        for from in (0..all.len()).step_by(7) {
            let mut read = vec![0; 300.min(all.len() - from)];
            journal.read_at(from as u64, &mut read).unwrap();
            assert_eq!(read, all[from..from + read.len()]);
        }
        let beyond = journal.read_at(all.len() as u64 - 1, &mut [0; 2]);
        assert!(matches!(beyond, Err(ReadError::NotHere { .. })));
    };
    check(&mut journal);
    drop(journal);
    check(&mut open(&disk).0);
}
