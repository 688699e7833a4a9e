//! Rot: octets that were durable and are not what was written.

use journal::{AppendError, Journal, OpenError, Position, sim::SimDisk};

use crate::common::{AMPLE, History, SMALL, append, open, replay, segments, try_replay};

/// A journal of a few segments with small batches, and what is in it.
fn small_journal() -> (SimDisk, History) {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    while segments(&disk).len() < 4 {
        append(&mut journal, 1, &mut history);
    }
    append(&mut journal, 3, &mut history);
    drop(journal);
    (disk, history)
}

/// The same with small batches at its end, and the zeros behind them that were written ahead: how many.
fn journal_with_zeros_ahead() -> (SimDisk, History, usize) {
    let (disk, mut history) = small_journal();
    let (mut journal, _) = open(&disk);
    while history.len() % 8 != 0 || segments(&disk).len() < 5 {
        let next = Position(journal.end().0 + 1);
        let records = vec![7; 60];
        journal.append(next, &records).unwrap();
        history.push((next, records));
    }
    drop(journal);
    let tail = segments(&disk).pop().unwrap();
    let bytes = disk.contents(&tail).unwrap();
    let zeros = bytes.iter().rev().take_while(|&&octet| octet == 0).count();
    assert!(zeros > 0, "there are none");
    (disk, history, zeros)
}

/// What the journal holds, or the message that it was refused with.
fn contents(disk: &SimDisk) -> Result<History, String> {
    let (mut journal, _) =
        Journal::open_on(disk.clone(), &SMALL).map_err(|error| error.to_string())?;
    let found = try_replay(&journal, Position(0)).map_err(|error| error.to_string())?;
    // Whatever was recovered goes on.
    let mut went_on = found.clone();
    append(&mut journal, 2, &mut went_on);
    assert_eq!(replay(&journal, Position(0)), went_on);
    Ok(found)
}

#[test]
fn a_tail_that_ends_anywhere_loses_only_what_is_not_whole() {
    let (disk, history) = small_journal();
    let tail = segments(&disk).pop().unwrap();
    let bytes = disk.contents(&tail).unwrap();
    let before: usize = history
        .iter()
        .position(|(position, _)| tail.starts_with(&format!("{:020}", position.0)))
        .unwrap();
    for length in 64..=bytes.len() {
        let disk = disk.fork();
        disk.put(&tail, &bytes[..length]);
        let mut whole = before;
        let mut end = 64;
        while whole < history.len() && end + 24 + history[whole].1.len() <= length {
            end += 24 + history[whole].1.len();
            whole += 1;
        }
        assert_eq!(
            contents(&disk).unwrap(),
            history[..whole],
            "cut to {length}"
        );
    }
    for length in 0..64 {
        let disk = disk.fork();
        disk.put(&tail, &bytes[..length]);
        let message = contents(&disk).unwrap_err();
        assert!(message.contains("shorter than its header"), "{message}");
    }
}

#[test]
fn a_segment_before_the_tail_that_ends_early_is_refused() {
    let (disk, _) = small_journal();
    for name in &segments(&disk)[..3] {
        let bytes = disk.contents(name).unwrap();
        for length in 0..bytes.len() {
            let disk = disk.fork();
            disk.put(name, &bytes[..length]);
            let message = contents(&disk).unwrap_err();
            assert!(message.contains(name), "{message}");
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_or_in_the_last_batch() {
    let (disk, history) = small_journal();
    flip_every_bit(&disk, &history, 0);
    let (disk, history, zeros) = journal_with_zeros_ahead();
    flip_every_bit(&disk, &history, zeros);
}

/// `zeros` octets at the end of the last segment are none of a batch.
fn flip_every_bit(disk: &SimDisk, history: &History, zeros: usize) {
    let names = segments(disk);
    let last_batch = 24 + history.last().unwrap().1.len();
    for name in &names {
        let mut bytes = disk.contents(name).unwrap();
        let (may_be_torn, end) = match name == names.last().unwrap() {
            true => (bytes.len() - zeros - last_batch, bytes.len() - zeros),
            false => (bytes.len(), bytes.len()),
        };
        for bit in 0..bytes.len() * 8 {
            let disk = disk.fork();
            bytes[bit / 8] ^= 1 << (bit % 8);
            disk.put(name, &bytes);
            bytes[bit / 8] ^= 1 << (bit % 8);
            match contents(&disk) {
                Ok(found) => {
                    assert!(bit / 8 >= may_be_torn, "bit {bit} of {name} went unseen");
                    let lost = usize::from(bit / 8 < end);
                    assert_eq!(found, history[..history.len() - lost]);
                }
                Err(message) => {
                    assert!(bit / 8 < may_be_torn, "bit {bit} of {name}: {message}");
                    assert!(message.contains("damaged"), "{message}");
                }
            }
        }
    }
}

#[test]
fn zeros_written_ahead_are_no_torn_write() {
    let (disk, history, _) = journal_with_zeros_ahead();
    let (journal, recovered) = open(&disk);
    assert_eq!(recovered.cut, None);
    assert_eq!(replay(&journal, Position(0)), history);
}

#[test]
fn zeros_at_the_end_of_the_last_records_do_not_hide_that_the_batch_before_is_damaged() {
    let disk = SimDisk::new(AMPLE, 1);
    let (mut journal, _) = open(&disk);
    journal.append(Position(1), &[1; 50]).unwrap();
    journal.append(Position(2), &[0; 50]).unwrap();
    drop(journal);
    let name = segments(&disk).pop().unwrap();
    let mut bytes = disk.contents(&name).unwrap();
    // The length in the header of the first batch, and an octet of its records.
    for at in [64, 64 + 24] {
        bytes[at] ^= 1;
        disk.put(&name, &bytes);
        bytes[at] ^= 1;
        let message = contents(&disk).unwrap_err();
        assert!(message.contains("damaged"), "{message}");
    }
}

#[test]
fn a_batch_that_is_cut_out_or_comes_twice_is_refused() {
    let (disk, history) = small_journal();
    let name = &segments(&disk)[0];
    let bytes = disk.contents(name).unwrap();
    let first = 64..64 + 24 + history[0].1.len();
    let without = [&bytes[..first.start], &bytes[first.end..]].concat();
    let twice = [&bytes[..first.end], &bytes[first.start..]].concat();
    for changed in [without, twice] {
        let disk = disk.fork();
        disk.put(name, &changed);
        let message = contents(&disk).unwrap_err();
        assert!(message.contains("does not follow"), "{message}");
    }
}

#[test]
fn a_missing_segment_is_refused() {
    let (disk, _) = small_journal();
    for name in &segments(&disk)[..3] {
        let disk = disk.fork();
        disk.take(name);
        let message = contents(&disk).unwrap_err();
        assert!(
            message.contains("is missing") || message.contains("in no sound file"),
            "{message}"
        );
    }
}

#[test]
fn a_segment_of_another_journal_is_refused() {
    let (disk, _) = small_journal();
    let other = SimDisk::new(AMPLE, 2);
    let (mut journal, _) = open(&other);
    while segments(&other).len() < 4 {
        append(&mut journal, 1, &mut History::new());
    }
    let name = segments(&other).pop().unwrap();
    disk.put(&name, &other.contents(&name).unwrap());
    let refused = Journal::open_on(disk, &SMALL);
    assert!(matches!(refused, Err(OpenError::Foreign { file }) if file.ends_with(name)));
}

#[test]
fn a_format_from_the_future_is_named() {
    let (disk, _) = small_journal();
    let name = &segments(&disk)[0];
    let mut bytes = disk.contents(name).unwrap();
    bytes[8] = 9;
    let checksum = crc32c::crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
    disk.put(name, &bytes);
    let message = contents(&disk).unwrap_err();
    assert!(
        message.contains("format version 9, and this program reads up to 1"),
        "{message}"
    );
}

#[test]
fn records_that_look_like_a_batch_do_not_hide_a_torn_one() {
    let disk = SimDisk::new(AMPLE, 3);
    let (mut journal, _) = open(&disk);
    let mut history = History::new();
    append(&mut journal, 2, &mut history);
    drop(journal);
    // What a peer could know: another journal, with the same first batches.
    let other = SimDisk::new(AMPLE, 4);
    let (mut journal, _) = open(&other);
    append(&mut journal, 3, &mut History::new());
    let name = segments(&other).pop().unwrap();
    let mut foreign = other.contents(&name).unwrap();
    foreign.push(0);
    let (mut journal, _) = open(&disk);
    journal.append(Position(3), &foreign).unwrap();
    drop(journal);

    let mut bytes = disk.contents(&name).unwrap();
    let length = bytes.len();
    bytes.truncate(length - 1);
    disk.put(&name, &bytes);
    assert_eq!(contents(&disk).unwrap(), history);
}

#[test]
fn a_batch_that_was_changed_while_the_journal_runs_is_not_handed_out() {
    let (disk, _) = small_journal();
    let (mut journal, _) = open(&disk);
    let name = &segments(&disk)[1];
    let mut bytes = disk.contents(name).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    disk.put(name, &bytes);
    let error = try_replay(&journal, Position(0)).unwrap_err();
    assert!(error.to_string().contains(name), "{error}");
    let next = Position(journal.end().0 + 1);
    let appended = journal.append(next, b"records");
    assert!(!matches!(appended, Err(AppendError::Closed)));
}
