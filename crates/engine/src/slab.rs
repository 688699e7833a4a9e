//! Storage for many entries: chunks that never move, and lists that run through the entries.

use core::ops::{Index, IndexMut};

use crate::lendable::Lendable;

/// Small enough that to copy a chunk for its reader is no pause.
const CHUNK_BITS: u32 = 8;
const CHUNK: usize = 1 << CHUNK_BITS;

/// The place of an entry in a [`Slab`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    /// No entry.
    pub(crate) const NONE: Slot = Slot(u32::MAX);
}

/// Entries in chunks of 256: growing copies nothing, so it causes no pause; a freed slot is used again first.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    chunks: Vec<Lendable<Vec<Option<T>>>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab {
            chunks: Vec::new(),
            free: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Clone> Slab<T> {
    /// The same entries in the same slots, to be read as they are now. Copies none of them.
    pub(crate) fn lend(&mut self) -> Slab<T> {
        Slab {
            chunks: self.chunks.iter_mut().map(Lendable::lend).collect(),
            free: Vec::new(),
            len: self.len,
        }
    }

    pub(crate) fn insert(&mut self, value: T) -> Slot {
        self.len += 1;
        if let Some(slot) = self.free.pop() {
            let chunk = self.chunks[(slot >> CHUNK_BITS) as usize].own();
            chunk[slot as usize & (CHUNK - 1)] = Some(value);
            return Slot(slot);
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            let chunk = Vec::with_capacity(CHUNK);
            self.chunks.push(Lendable::Own(chunk));
        }
        let chunk = self.chunks.len() - 1;
        self.chunks[chunk].own().push(Some(value));
        Slot(((chunk << CHUNK_BITS) + self.chunks[chunk].len() - 1) as u32)
    }

    /// Takes the entry out. Its slot may be given to another at once.
    pub(crate) fn remove(&mut self, slot: Slot) -> T {
        self.len -= 1;
        self.free.push(slot.0);
        let chunk = self.chunks[(slot.0 >> CHUNK_BITS) as usize].own();
        chunk[slot.0 as usize & (CHUNK - 1)]
            .take()
            .expect("the slot is taken")
    }
}

impl<T> Slab<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).flatten()
    }

    /// Every place from `start` on, and what is there.
    pub(crate) fn iter_from(&self, start: Slot) -> impl Iterator<Item = (Slot, Option<&T>)> {
        let (first, within) = (start.0 >> CHUNK_BITS, start.0 as usize & (CHUNK - 1));
        let chunks = (first..).zip(self.chunks.iter().skip(first as usize));
        chunks.flat_map(move |(chunk, entries)| {
            let skipped = if chunk == first { within } else { 0 };
            let entries = (0..).zip(entries.iter()).skip(skipped);
            entries.map(move |(n, entry)| (Slot(chunk << CHUNK_BITS | n), entry.as_ref()))
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl<T> Index<Slot> for Slab<T> {
    type Output = T;
    #[inline]
    fn index(&self, slot: Slot) -> &T {
        self.chunks[(slot.0 >> CHUNK_BITS) as usize][slot.0 as usize & (CHUNK - 1)]
            .as_ref()
            .expect("the slot is taken")
    }
}

impl<T: Clone> IndexMut<Slot> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        let chunk = self.chunks[(slot.0 >> CHUNK_BITS) as usize].own();
        chunk[slot.0 as usize & (CHUNK - 1)]
            .as_mut()
            .expect("the slot is taken")
    }
}

/// The neighbours of an entry in one list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Links {
    prev: Slot,
    next: Slot,
}

impl Links {
    pub(crate) fn next(&self) -> Slot {
        self.next
    }

    /// In no list.
    pub(crate) const NONE: Links = Links {
        prev: Slot::NONE,
        next: Slot::NONE,
    };
}

/// An entry that can stand in one list of each `WHICH`.
pub(crate) trait Linked<const WHICH: usize> {
    fn links(&mut self) -> &mut Links;
    fn next(&self) -> Slot;
}

/// A list through entries of a slab: first in, first out, and any entry can leave in constant time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct List<const WHICH: usize> {
    head: Slot,
    tail: Slot,
    len: u32,
}

impl<const WHICH: usize> Default for List<WHICH> {
    fn default() -> Self {
        List {
            head: Slot::NONE,
            tail: Slot::NONE,
            len: 0,
        }
    }
}

impl<const WHICH: usize> List<WHICH> {
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The first, or [`Slot::NONE`].
    pub(crate) fn head(&self) -> Slot {
        self.head
    }

    pub(crate) fn push_back<T: Linked<WHICH> + Clone>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        *slab[slot].links() = Links {
            prev: self.tail,
            next: Slot::NONE,
        };
        match self.tail {
            Slot::NONE => self.head = slot,
            tail => slab[tail].links().next = slot,
        }
        self.tail = slot;
        self.len += 1;
    }

    pub(crate) fn push_front<T: Linked<WHICH> + Clone>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        *slab[slot].links() = Links {
            prev: Slot::NONE,
            next: self.head,
        };
        match self.head {
            Slot::NONE => self.tail = slot,
            head => slab[head].links().prev = slot,
        }
        self.head = slot;
        self.len += 1;
    }

    pub(crate) fn remove<T: Linked<WHICH> + Clone>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        let Links { prev, next } = core::mem::replace(slab[slot].links(), Links::NONE);
        match prev {
            Slot::NONE => self.head = next,
            prev => slab[prev].links().next = next,
        }
        match next {
            Slot::NONE => self.tail = prev,
            next => slab[next].links().prev = prev,
        }
        self.len -= 1;
    }

    /// From the head on.
    pub(crate) fn iter<'a, T: Linked<WHICH>>(
        &self,
        slab: &'a Slab<T>,
    ) -> impl Iterator<Item = Slot> + use<'a, T, WHICH> {
        let mut at = self.head;
        core::iter::from_fn(move || {
            let slot = at;
            if slot == Slot::NONE {
                return None;
            }
            at = slab[slot].next();
            Some(slot)
        })
    }
}
