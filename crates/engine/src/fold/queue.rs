//! What one customer has waiting in one class of a lane, in its order.

use crate::entry::{Entry, LANE};
use crate::slab::{List, Slab, Slot};

/// Messages of one customer that wait for one connector in one class. Who joins and who leaves does so in constant time.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    list: List<LANE>,
}

/// Where to join a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Head,
    Tail,
}

impl Queue {
    pub(super) fn join(&mut self, entries: &mut Slab<Entry>, slot: Slot, end: End) {
        match end {
            End::Head => self.list.push_front(entries, slot),
            End::Tail => self.list.push_back(entries, slot),
        }
    }

    pub(super) fn leave(&mut self, entries: &mut Slab<Entry>, slot: Slot) {
        self.list.remove(entries, slot);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn len(&self) -> u64 {
        u64::from(self.list.len())
    }

    /// What may be sent, first in first.
    pub(super) fn waiting<'a>(&self, entries: &'a Slab<Entry>) -> Waiting<'a> {
        Waiting {
            entries,
            at: self.list.head(),
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
