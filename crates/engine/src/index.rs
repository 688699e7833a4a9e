//! Where the entry of each key is.

use core::cell::Cell;

use crate::MessageKey;
use crate::hash::Sharded;
use crate::slab::Slot;

/// A map from keys to slots. Keys are minted one after the other, so those of one millisecond stand side by side in a page,
/// and whoever comes next is found where the processor has just looked: at full load a lookup waits for no memory.
#[derive(Debug)]
pub(crate) struct Index {
    pages: Sharded<Page>,
    /// The last answer: whoever decides, writes down and makes true asks for the same key again and again.
    last: Cell<(MessageKey, Slot)>,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            pages: Sharded::default(),
            last: Cell::new(NOTHING),
        }
    }
}

const NOTHING: (MessageKey, Slot) = (MessageKey(0), Slot::NONE);

/// The keys of one millisecond (and partition), by their sequence.
#[derive(Debug)]
enum Page {
    /// At a thousand messages a second and less most pages are this: as small as an entry of a plain map.
    One {
        sequence: u16,
        slot: Slot,
    },
    Many(Box<Many>),
}

#[derive(Debug)]
struct Many {
    /// [`Slot::NONE`] where there is none.
    slots: Vec<Slot>,
    taken: u32,
}

impl Index {
    #[inline]
    pub(crate) fn get(&self, key: MessageKey) -> Option<Slot> {
        let (last, slot) = self.last.get();
        if last == key && slot != Slot::NONE {
            return Some(slot);
        }
        self.find(key)
    }

    fn find(&self, key: MessageKey) -> Option<Slot> {
        let slot = match self.pages.get(key.page())? {
            &Page::One { sequence, slot } => (sequence == key.sequence()).then_some(slot),
            Page::Many(many) => many.get(key.sequence()),
        }?;
        self.last.set((key, slot));
        Some(slot)
    }

    /// Adds a key that is not in it.
    pub(crate) fn insert(&mut self, key: MessageKey, slot: Slot) {
        let sequence = key.sequence();
        let page = self.pages.entry(key.page());
        page.and_modify(|page| page.insert(sequence, slot))
            .or_insert(Page::One { sequence, slot });
        self.last.set((key, slot));
    }

    /// Takes out a key that is in it.
    pub(crate) fn remove(&mut self, key: MessageKey) {
        self.last.set(NOTHING);
        let left = match self.pages.get_mut(key.page()) {
            Some(Page::Many(many)) => many.remove(key.sequence()),
            Some(Page::One { .. }) | None => 0,
        };
        if left == 0 {
            self.pages.remove(key.page());
        }
    }
}

impl Page {
    fn insert(&mut self, sequence: u16, slot: Slot) {
        match self {
            Page::Many(many) => many.insert(sequence, slot),
            &mut Page::One {
                sequence: first,
                slot: at,
            } => {
                let mut many = Box::new(Many {
                    slots: Vec::new(),
                    taken: 0,
                });
                many.insert(first, at);
                many.insert(sequence, slot);
                *self = Page::Many(many);
            }
        }
    }
}

impl Many {
    fn get(&self, sequence: u16) -> Option<Slot> {
        let slot = *self.slots.get(usize::from(sequence))?;
        (slot != Slot::NONE).then_some(slot)
    }

    fn insert(&mut self, sequence: u16, slot: Slot) {
        let place = usize::from(sequence);
        if place >= self.slots.len() {
            self.slots.resize(place + 1, Slot::NONE);
        }
        self.slots[place] = slot;
        self.taken += 1;
    }

    /// How many are left.
    fn remove(&mut self, sequence: u16) -> u32 {
        self.slots[usize::from(sequence)] = Slot::NONE;
        self.taken -= 1;
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix;
    use std::collections::BTreeMap;

    #[test]
    fn it_holds_what_a_plain_map_holds() {
        let mut index = Index::default();
        let mut plain = BTreeMap::new();
        for step in 0..20_000 {
            // Some milliseconds with one key, some with many, and keys that come back after they left.
            let key = MessageKey(((mix(step) % 40) << 22) | (mix(step + 1) % 60));
            if plain.remove(&key).is_some() {
                index.remove(key);
            } else {
                let slot = Slot(step as u32);
                plain.insert(key, slot);
                index.insert(key, slot);
            }
            assert_eq!(index.get(key), plain.get(&key).copied());
            let asked = MessageKey(((mix(step + 2) % 40) << 22) | (mix(step + 3) % 60));
            assert_eq!(index.get(asked), plain.get(&asked).copied());
            assert_eq!(index.get(key), plain.get(&key).copied());
        }
        assert!(!plain.is_empty());
        for &key in plain.keys() {
            index.remove(key);
        }
        assert!(index.pages.is_empty(), "no page stays behind");
    }
}
