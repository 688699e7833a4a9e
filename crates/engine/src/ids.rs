//! Which messages a carrier's id may mean.

use std::collections::BTreeMap;

use crate::MessageKey;
use crate::entry::{IdHash, Leg};
use crate::hash::Sharded;
use crate::slab::Slot;

/// Messages besides the newest that are found under one id. A carrier that gives all of them the same id loses receipts of the
/// oldest; without a limit each of its receipts would search them all, and everybody would wait.
const OLDER_MAX: usize = 64;

/// Carriers' ids of messages, and of receipts that wait for theirs.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    newest: Sharded<Slot>,
    /// Earlier messages under an id that came again.
    older: BTreeMap<IdHash, Vec<Slot>>,
    pub(crate) strays: BTreeMap<IdHash, Vec<MessageKey>>,
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
        self.strays.entry(id).or_default().push(key);
    }

    pub(crate) fn remove_stray(&mut self, id: IdHash, key: MessageKey) {
        let Some(keys) = self.strays.get_mut(&id) else {
            return;
        };
        keys.retain(|&other| other != key);
        if keys.is_empty() {
            self.strays.remove(&id);
        }
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
}
