//! Messages that come twice, found in bounded memory.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::tools::hash::{Fold, Ready};

/// Remembers the last messages by a hash of their addresses and text, 64 bits each: among ten million, the chance that
/// two different ones look alike is one in 400 000.
pub(crate) struct Duplicates {
    among: usize,
    seen: HashSet<u64, BuildHasherDefault<Ready>>,
    order: VecDeque<u64>,
    found: u64,
}

impl Duplicates {
    pub(crate) fn new(among: usize) -> Duplicates {
        Duplicates {
            among,
            seen: HashSet::default(),
            order: VecDeque::new(),
            found: 0,
        }
    }

    /// Counts the message if it was here before.
    pub(crate) fn see(&mut self, source: &[u8], destination: &[u8], text: &[u8]) {
        let mut hasher = Fold::default();
        (source, destination, text).hash(&mut hasher);
        let hash = hasher.finish();
        if !self.seen.insert(hash) {
            self.found += 1;
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > self.among
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
    }

    pub(crate) fn found(&self) -> u64 {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_counts_as_duplicate_while_it_is_remembered() {
        let mut duplicates = Duplicates::new(2);
        for text in ["one", "two", "one", "three", "one"] {
            duplicates.see(b"1", b"2", text.as_bytes());
        }
        // "one" was the oldest of two when "three" came.
        assert_eq!(duplicates.found(), 1);
        assert_eq!((duplicates.seen.len(), duplicates.order.len()), (2, 2));
    }

    #[test]
    fn the_same_octets_divided_otherwise_are_another_message() {
        let mut duplicates = Duplicates::new(10);
        duplicates.see(b"12", b"3", b"text");
        duplicates.see(b"1", b"23", b"text");
        duplicates.see(b"1", b"23", b"text\0");
        assert_eq!(duplicates.found(), 0);
    }
}
