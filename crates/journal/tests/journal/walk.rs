//! Random walks: everything that can be asked of a journal, in any order and in any weather,
//! compared with a model that is a list.

use std::io::ErrorKind;

use journal::{
    AppendError, Journal, OpenError, Position, ReadError, Recovered,
    sim::{OperationKind, Random, SimDisk, Verdict},
};

use crate::common::{AMPLE, History, SMALL, blocks, check_snapshot, open, records, replay};

const CAPACITY: u64 = 256 << 10;

struct Walk {
    random: Random,
    disk: SimDisk,
    journal: Option<Journal<SimDisk>>,
    /// Everything that is durable, since the beginning.
    history: History,
    /// A batch of which it is not known.
    doubtful: Option<(Position, Vec<u8>)>,
    /// The newest snapshot that was finished.
    snapshot: Position,
    trimmed: Position,
}

/// `JOURNAL_WALKS=100000` in the environment walks that many.
#[test]
fn two_hundred_journals_do_what_a_list_does() {
    let walks = std::env::var("JOURNAL_WALKS").map_or(200, |n| n.parse().unwrap());
    for seed in 0..walks {
        let run = std::panic::catch_unwind(|| Walk::new(seed).run(300));
        assert!(run.is_ok(), "walk {seed} went astray");
    }
}

impl Walk {
    fn new(seed: u64) -> Walk {
        let disk = SimDisk::new(CAPACITY, seed);
        let (journal, _) = open(&disk);
        Walk {
            random: Random(seed),
            disk,
            journal: Some(journal),
            history: History::new(),
            doubtful: None,
            snapshot: Position(0),
            trimmed: Position(0),
        }
    }

    fn run(mut self, steps: usize) {
        for _ in 0..steps {
            match self.random.below(40) {
                0..=24 => self.append(),
                25..=26 => self.take_snapshot(),
                27..=28 => self.trim(),
                29 => self.read(),
                30..=31 => self.read_at(),
                32 => self
                    .disk
                    .set_capacity(CAPACITY / 2 + self.random.below(CAPACITY)),
                33..=34 => self.bad_weather(),
                35 => self.disk.clear_weather(),
                36 => self.fall_back(),
                37 => self.restart(false),
                38 => self.restart(true),
                _ => self.close(),
            }
            if self.journal.is_none() {
                let power_cut = self.random.below(2) == 0;
                self.restart(power_cut);
            }
        }
        self.disk.clear_weather();
        self.restart(true);
        self.read();
    }

    fn end(&self) -> Position {
        self.history.last().map_or(Position(0), |(last, _)| *last)
    }

    fn append(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        assert_eq!(
            journal.end(),
            self.history.last().map_or(Position(0), |(p, _)| *p)
        );
        // Several steps may share a batch.
        let last = Position(journal.end().0 + 1 + self.random.below(3));
        let records = records(last);
        match journal.append(last, &records) {
            Ok(_) => self.history.push((last, records)),
            Err(AppendError::Full(_)) => self.disk.set_capacity(AMPLE),
            Err(AppendError::Failed(_)) => {
                self.doubtful = Some((last, records));
                self.journal = None;
            }
            // A trimming could not be synced.
            Err(AppendError::Closed) => self.journal = None,
        }
    }

    fn take_snapshot(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let behind = self
            .history
            .partition_point(|(last, _)| *last <= self.snapshot);
        let candidates = &self.history[behind..];
        if candidates.is_empty() {
            return;
        }
        let (position, _) = candidates[self.random.below(candidates.len() as u64) as usize];
        let newer = journal.snapshot_writer(position);
        let Ok(mut writer) = newer else {
            return;
        };
        for block in blocks(position) {
            if writer.block(&block).is_err() {
                return;
            }
        }
        if let Ok(finished) = writer.finish() {
            let _ = journal.adopt(finished);
            self.snapshot = journal.covered();
        }
    }

    fn trim(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let upto = Position(self.random.below(journal.end().0 + 1));
        let _ = journal.trim(upto);
        self.trimmed = self.trimmed.max(upto);
    }

    fn read(&mut self) {
        let from = self.trimmed.max(self.snapshot);
        let Some(journal) = &self.journal else {
            return;
        };
        let behind = self.history.partition_point(|(last, _)| *last <= from);
        if self.disk.is_fair() {
            assert_eq!(replay(journal, from), self.history[behind..]);
        }
    }

    fn read_at(&mut self) {
        let all: Vec<u8> = self
            .history
            .iter()
            .flat_map(|(_, records)| records)
            .copied()
            .collect();
        let Some(journal) = &mut self.journal else {
            return;
        };
        let from = self.random.below(all.len() as u64 + 1) as usize;
        let length = self.random.below(all.len() as u64 - from as u64 + 1) as usize;
        let mut read = vec![0; length];
        match journal.read_at(from as u64, &mut read) {
            Ok(()) => assert_eq!(read, all[from..from + length]),
            Err(ReadError::NotHere { first, .. }) => assert!((from as u64) < first),
            Err(ReadError::Disk(_)) => assert!(!self.disk.is_fair()),
            Err(ReadError::Damaged(damage)) => panic!("{damage}"),
        }
    }

    /// From now on some operations fail, and at some point the power does.
    fn bad_weather(&mut self) {
        let mut random = Random(self.random.next());
        self.disk.set_weather(move |operation| {
            let fails = random.below(30) == 0;
            match operation.kind {
                _ if random.below(400) == 0 => Verdict::PowerCut,
                OperationKind::Write if fails && random.below(2) == 0 => {
                    Verdict::Short(random.below(operation.bytes + 1), ErrorKind::StorageFull)
                }
                OperationKind::Create if fails => Verdict::Fail(ErrorKind::StorageFull),
                // Octets that cannot be read are another test's: they look like damage.
                OperationKind::Read | OperationKind::Lock | OperationKind::List => Verdict::Proceed,
                _ if fails => Verdict::Fail(ErrorKind::Other),
                _ => Verdict::Proceed,
            }
        });
    }

    fn close(&mut self) {
        self.journal = None;
    }

    /// Ends the process or the power, and opens what is left, in the weather that there is.
    fn restart(&mut self, power_cut: bool) {
        // What a process that goes on had been told stays true only if it was told.
        self.disk = match power_cut || self.disk.is_powerless() {
            true => self.disk.crash(self.random.next()),
            false => self.disk.kill(),
        };
        self.journal = None;
        let (journal, recovered) = loop {
            match Journal::open_on(self.disk.clone(), &SMALL) {
                Ok(opened) => break opened,
                Err(OpenError::Disk(_)) => {
                    self.disk = match self.random.below(2) == 0 || self.disk.is_powerless() {
                        true => self.disk.crash(self.random.next()),
                        false => self.disk.kill(),
                    };
                    if self.random.below(4) == 0 {
                        self.disk.clear_weather();
                    }
                }
                Err(other) => panic!("{other}"),
            }
        };
        if let Some(doubtful) = self.doubtful.take()
            && journal.end() == doubtful.0
        {
            self.history.push(doubtful);
        }
        self.journal = Some(journal);
        self.check_recovered(recovered);
    }

    fn check_recovered(&mut self, mut recovered: Recovered<SimDisk>) {
        let journal = self.journal.as_ref().expect("it was just opened");
        assert_eq!(journal.end(), self.end());
        let after = recovered.replay_after();
        assert!(
            after >= self.snapshot,
            "the snapshot at {} is lost",
            self.snapshot
        );
        assert_eq!(recovered.damaged, []);
        self.snapshot = after;
        if self.disk.is_fair() {
            check_snapshot(&mut recovered);
            let behind = self.history.partition_point(|(last, _)| *last <= after);
            assert_eq!(replay(journal, after), self.history[behind..]);
        }
    }

    /// On a copy of the disk whose newest snapshot is damaged, the one before it does.
    fn fall_back(&mut self) {
        let disk = self.disk.fork();
        let mut names = disk.names();
        names.retain(|name| name.ends_with(".snapshot"));
        let Some(newest) = names.last() else {
            return;
        };
        disk.put(newest, b"rot");
        let opened = Journal::open_on(disk, &SMALL);
        let (journal, mut recovered) = opened.unwrap_or_else(|error| panic!("{error}"));
        check_snapshot(&mut recovered);
        let found = replay(&journal, recovered.replay_after());
        let skip = self.history.len() - found.len().min(self.history.len());
        assert_eq!(found, self.history[skip..]);
        assert!(newest > &format!("{:020}.snapshot", recovered.replay_after().0));
    }
}
