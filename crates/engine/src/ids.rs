//! Which messages a carrier's id may mean.

use std::collections::{BTreeMap, BTreeSet};

use crate::MessageKey;
use crate::entry::{IdHash, Leg};
use crate::hash::Sharded;
use crate::slab::Slot;

/// Messages besides the newest that are found under one id. A carrier that gives all of them the same id loses receipts of the
/// oldest; without a limit each of its receipts would search them all, and everybody would wait.
const OLDER_MAX: usize = 64;
/// Receipts without a message that are found under one id, the newest: for the same reason.
const STRAYS_MAX: usize = 64;

/// Carriers' ids of messages, and of receipts that wait for theirs.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    newest: Sharded<Slot>,
    /// Earlier messages under an id that came again.
    older: BTreeMap<IdHash, Vec<Slot>>,
    strays: BTreeSet<(IdHash, MessageKey)>,
}

impl Ids {
    /// What one id takes: a place of a table that is between half full and full.
    pub(crate) const OCTETS: u64 = 24;

    fn insert(&mut self, id: IdHash, slot: Slot) {
        if let Some(last) = self.newest.insert(id.0, slot) {
            let older = self.older.entry(id).or_default();
            if older.len() == OLDER_MAX {
                older.remove(0);
            }
            older.push(last);
        }
    }

    pub(crate) fn insert_leg(&mut self, leg: &Leg, slot: Slot) {
        if !leg.id.is_empty() {
            self.insert(leg.id.hash(leg.connector), slot);
        }
    }

    pub(crate) fn remove(&mut self, id: IdHash, slot: Slot) {
        let older = self.older.get_mut(&id);
        if self.newest.get(id.0) == Some(&slot) {
            match older.and_then(Vec::pop) {
                Some(next) => self.newest.insert(id.0, next),
                None => self.newest.remove(id.0),
            };
        } else if let Some(older) = older {
            older.retain(|&other| other != slot);
        }
        if self.older.get(&id).is_some_and(Vec::is_empty) {
            self.older.remove(&id);
        }
    }

    pub(crate) fn slots(&self, id: IdHash) -> impl Iterator<Item = Slot> + '_ {
        let older = self.older.get(&id).map_or(&[][..], Vec::as_slice);
        self.newest
            .get(id.0)
            .into_iter()
            .chain(older.iter().rev())
            .copied()
    }

    pub(crate) fn insert_stray(&mut self, id: IdHash, key: MessageKey) {
        self.strays.insert((id, key));
    }

    pub(crate) fn remove_stray(&mut self, id: IdHash, key: MessageKey) {
        self.strays.remove(&(id, key));
    }

    /// Newest first.
    pub(crate) fn strays(&self, id: IdHash) -> impl Iterator<Item = MessageKey> + '_ {
        let all = (id, MessageKey(0))..=(id, MessageKey(u64::MAX));
        let newest = self.strays.range(all).rev().take(STRAYS_MAX);
        newest.map(|&(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_with_one_id_for_everything_costs_no_more_than_any_other() {
        let mut ids = Ids::default();
        let id = IdHash(1);
        for slot in 0..100_000 {
            ids.insert(id, Slot(slot));
        }
        let found: Vec<_> = ids.slots(id).map(|slot| slot.0).collect();
        let newest_first: Vec<_> = (99_999 - OLDER_MAX as u32..=99_999).rev().collect();
        assert_eq!(found, newest_first);
        for slot in 0..100_000 {
            ids.remove(id, Slot(slot));
        }
        assert_eq!(ids.slots(id).count(), 0);
    }

    #[test]
    fn a_carrier_whose_receipts_all_have_one_id_costs_no_more_either() {
        let mut ids = Ids::default();
        let (id, other) = (IdHash(1), IdHash(2));
        ids.insert_stray(other, MessageKey(7));
        for key in 0..100_000 {
            ids.insert_stray(id, MessageKey(key));
        }
        let found: Vec<_> = ids.strays(id).map(|key| key.0).collect();
        let newest_first: Vec<_> = (100_000 - STRAYS_MAX as u64..100_000).rev().collect();
        assert_eq!(found, newest_first);
        for key in 0..100_000 {
            ids.remove_stray(id, MessageKey(key));
        }
        assert_eq!(ids.strays(id).count(), 0);
        assert_eq!(ids.strays(other).count(), 1);
    }
}
