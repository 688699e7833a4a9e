//! The files of messages, and a disk that can be made to wait or to refuse.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use engine::{ColdDone, ColdTask, Input, Inputs, RunId};

use super::World;

#[derive(Default)]
pub(super) struct Disk {
    files: BTreeMap<RunId, Vec<u8>>,
    /// The numbers of all files since the process began.
    numbers: BTreeSet<RunId>,
    tasks: VecDeque<ColdTask>,
    stands_still: bool,
    is_full: bool,
    reads: usize,
}

impl Disk {
    pub(super) fn give(&mut self, tasks: &[ColdTask]) {
        self.tasks.extend(tasks.iter().cloned());
    }

    /// What has been done goes back to the engine.
    pub(super) fn answer(&mut self, inputs: &mut Inputs) {
        while !self.stands_still
            && let Some(task) = self.tasks.pop_front()
        {
            let input = match task {
                ColdTask::Write { run, images } => {
                    // The removal of another one may still be on its way to the disk.
                    assert!(self.numbers.insert(run), "{run:?} is a new number");
                    if !self.is_full {
                        self.files.insert(run, images);
                    }
                    let written = !self.is_full;
                    Input::Cold(ColdDone::Write { run, written })
                }
                ColdTask::Read { run } => {
                    self.reads += 1;
                    let images = inputs.put(&self.files[&run]);
                    Input::Cold(ColdDone::Read { run, images })
                }
            };
            inputs.push(input);
        }
    }

    pub(super) fn remove(&mut self, spent: &mut Vec<RunId>) {
        for run in spent.drain(..) {
            assert!(self.files.remove(&run).is_some(), "{run:?} was there");
        }
    }

    /// Of the files only those are kept that are `named`, and those are all there.
    pub(super) fn restart(&mut self, named: impl Iterator<Item = RunId>) {
        let named: Vec<RunId> = named.collect();
        self.tasks.clear();
        self.files.retain(|run, _| named.contains(run));
        assert_eq!(self.files.len(), named.len(), "every named file is there");
        self.numbers = named.into_iter().collect();
    }
}

impl World {
    /// The disk does nothing from now on.
    pub(crate) fn hold_disk(&mut self) {
        self.disk.stands_still = true;
    }

    /// The disk does what it was asked for.
    pub(crate) fn release_disk(&mut self) {
        self.disk.stands_still = false;
        self.step(&mut Inputs::default());
    }

    /// The process starts without one of the files that there are, and its operator has given it up.
    pub(crate) fn lose_file(&mut self) {
        self.crash();
        let (run, _) = self.disk.files.pop_first().expect("a file");
        self.give(|_| Input::Cold(ColdDone::Lost { run }));
    }

    /// Whether there is no room for another file.
    pub(crate) fn fill_disk(&mut self, is_full: bool) {
        self.disk.is_full = is_full;
    }

    /// Files of messages, and how often one was read.
    pub(crate) fn files(&self) -> (usize, usize) {
        (self.disk.files.len(), self.disk.reads)
    }
}
