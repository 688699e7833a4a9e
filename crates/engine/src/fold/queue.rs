//! What one customer has waiting in one class of a lane, in its order.
//!
//! ```text
//! sent from here --> head: a b c | runs: d..k, l..s | tail: t u v <-- new ones join here
//! ```
//! A queue that is not deep is all head. See [`cold`](super::cold) for the runs.

use std::collections::VecDeque;

use crate::RunId;
use crate::entry::{Entry, LANE};
use crate::slab::{List, Slab, Slot};

/// Messages of one customer that wait for one connector in one class. Who joins and who leaves does so in constant time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    head: List<LANE>,
    /// On the disk, first in first. None of them is empty.
    runs: VecDeque<RunId>,
    /// How many stand in the runs.
    cold: u64,
    /// Behind the runs; empty if there are none.
    tail: List<LANE>,
}

/// Where to join a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Head,
    /// Behind the head, before the runs.
    Gap,
    Tail,
}

impl Queue {
    pub(super) fn join(&mut self, entries: &mut Slab<Entry>, slot: Slot, end: End) {
        match end {
            End::Head => self.head.push_front(entries, slot),
            End::Tail if !self.runs.is_empty() => {
                entries[slot].is_behind = true;
                self.tail.push_back(entries, slot);
            }
            End::Gap | End::Tail => self.head.push_back(entries, slot),
        }
    }

    pub(super) fn leave(&mut self, entries: &mut Slab<Entry>, slot: Slot) {
        if core::mem::take(&mut entries[slot].is_behind) {
            self.tail.remove(entries, slot);
        } else {
            self.head.remove(entries, slot);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.runs.is_empty()
    }

    pub(super) fn len(&self) -> u64 {
        u64::from(self.head.len()) + self.cold + u64::from(self.tail.len())
    }

    /// What may be sent, first in first.
    pub(super) fn waiting<'a>(&self, entries: &'a Slab<Entry>) -> Waiting<'a> {
        Waiting {
            entries,
            at: self.head.head(),
        }
    }

    /// What stands behind the runs.
    pub(super) fn behind<'a>(&self, entries: &'a Slab<Entry>) -> Waiting<'a> {
        Waiting {
            entries,
            at: self.tail.head(),
        }
    }

    pub(super) fn runs(&self) -> &VecDeque<RunId> {
        &self.runs
    }

    /// How many stand before the runs, and how many behind them.
    pub(super) fn hot(&self) -> (u64, u64) {
        (u64::from(self.head.len()), u64::from(self.tail.len()))
    }

    /// A run of `count` messages is the last from now on; the last of them is still at `last`.
    pub(super) fn add_run(
        &mut self,
        entries: &mut Slab<Entry>,
        run: RunId,
        count: u32,
        last: Slot,
    ) {
        if self.runs.is_empty() {
            let mut at = entries[last].lane.next();
            while at != Slot::NONE {
                let next = entries[at].lane.next();
                self.head.remove(entries, at);
                entries[at].is_behind = true;
                self.tail.push_back(entries, at);
                at = next;
            }
        }
        self.restore_run(run, count);
    }

    /// The same, of one whose messages stand in no list.
    pub(super) fn restore_run(&mut self, run: RunId, count: u32) {
        self.runs.push_back(run);
        self.cold += u64::from(count);
    }

    /// So many are in none of the runs any more.
    pub(super) fn warm(&mut self, count: u32) {
        self.cold -= u64::from(count);
    }

    /// The run is no more. Behind the last of them there is no tail.
    pub(super) fn remove_run(&mut self, entries: &mut Slab<Entry>, run: RunId) {
        self.runs.retain(|&other| other != run);
        while self.runs.is_empty() && !self.tail.is_empty() {
            let first = self.tail.head();
            self.leave(entries, first);
            self.head.push_back(entries, first);
        }
    }
}

/// The messages of a queue, first in first.
#[derive(Clone, Debug)]
pub(crate) struct Waiting<'a> {
    entries: &'a Slab<Entry>,
    at: Slot,
}

impl<'a> Waiting<'a> {
    /// The next one, without going on.
    pub(crate) fn head(&self) -> Option<&'a Entry> {
        (self.at != Slot::NONE).then(|| &self.entries[self.at])
    }

    /// Whether none is left: costs less than to look at the next one.
    pub(crate) fn is_empty(&self) -> bool {
        self.at == Slot::NONE
    }
}

impl<'a> Iterator for Waiting<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        let head = self.head()?;
        self.at = head.lane.next();
        Some(head)
    }
}
