//! Messages of one connector that were sent and whose fate nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use sms::Instant;

use crate::MessageKey;
use crate::number::{TAIL_DIGITS, Tail};

/// What is in doubt, found by its key and by the number it is for: thousands may be, and a receipt that matches nothing is held
/// against them.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    by_key: BTreeMap<MessageKey, Doubt>,
    by_number: BTreeSet<(Tail, MessageKey)>,
    /// Those that nothing was decided about yet.
    fresh: Vec<MessageKey>,
    /// Nothing is to be decided about the others before.
    pub(crate) due: Instant,
}

/// A message whose fate nobody knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    pub(crate) key: MessageKey,
    pub(crate) since: Instant,
    /// When the answer, or a receipt that tells the same, is not waited for any longer.
    pub(crate) waited: Instant,
    /// The number it is for.
    pub(crate) number: Tail,
}

impl Doubts {
    pub(crate) fn insert(&mut self, doubt: Doubt) {
        self.remove(doubt.key);
        self.by_number.insert((doubt.number, doubt.key));
        self.fresh.push(doubt.key);
        self.by_key.insert(doubt.key, doubt);
    }

    pub(crate) fn remove(&mut self, key: MessageKey) {
        if let Some(doubt) = self.by_key.remove(&key) {
            self.by_number.remove(&(doubt.number, key));
        }
    }

    /// Takes out what `due` says is to be decided by `now`; the rest is not looked at again before it is due.
    pub(crate) fn take_ripe(
        &mut self,
        now: Instant,
        due: impl Fn(&Doubt) -> Instant,
    ) -> Vec<Doubt> {
        let fresh = core::mem::take(&mut self.fresh);
        let all = now >= self.due;
        let looked_at: Vec<Doubt> = if all {
            self.by_key.values().copied().collect()
        } else {
            let known = fresh.iter().filter_map(|key| self.by_key.get(key));
            known.copied().collect()
        };
        let (ripe, unripe): (Vec<_>, Vec<_>) =
            looked_at.into_iter().partition(|doubt| due(doubt) <= now);
        for doubt in &ripe {
            self.remove(doubt.key);
        }
        let next = unripe.iter().map(due).min();
        let others = Some(self.due).filter(|_| !all);
        self.due = next.into_iter().chain(others).min().unwrap_or_default();
        ripe
    }

    /// Everything is to be looked at again: a new bind stands, or the rules are new.
    pub(crate) fn reconsider(&mut self) {
        self.due = Instant(0);
    }

    /// Answers are not waited for any longer.
    pub(crate) fn stop_waiting(&mut self) {
        for doubt in self.by_key.values_mut() {
            doubt.waited = doubt.since;
        }
        self.reconsider();
    }

    /// Those for numbers that agree with `digits`.
    pub(crate) fn for_number(&self, digits: &[u8]) -> impl Iterator<Item = MessageKey> {
        let tail = Tail::of(digits);
        let shorter = (1..tail.len()).map(move |len| tail.cut(len));
        let shorter = shorter.flat_map(|tail| self.numbered(tail, tail));
        // A number without digits agrees with none.
        let longer = (!tail.is_empty()).then(|| self.numbered(tail, tail.last_longer()));
        shorter.chain(longer.into_iter().flatten())
    }

    fn numbered(&self, from: Tail, to: Tail) -> impl Iterator<Item = MessageKey> {
        let range = (from, MessageKey(0))..=(to, MessageKey(u64::MAX));
        self.by_number.range(range).map(|&(_, key)| key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }
}

const _: () = assert!(TAIL_DIGITS == size_of::<Tail>(), "a tail is its digits");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::agree;

    fn doubts(numbers: &[&str]) -> Doubts {
        let mut doubts = Doubts::default();
        for (key, number) in (1..).zip(numbers) {
            doubts.insert(Doubt {
                key: MessageKey(key),
                since: Instant(key),
                waited: Instant(10 * key),
                number: Tail::of(number.as_bytes()),
            });
        }
        doubts
    }

    #[test]
    fn numbers_are_found_as_far_as_they_agree() {
        let numbers = [
            "447700900123",
            "07700900123",
            "900123",
            "123",
            "3",
            "",
            "447700900124",
            "12300900123",
            "447700900",
        ];
        let doubts = doubts(&numbers);
        for asked in numbers.into_iter().chain(["99900123", "0123", "23", "555"]) {
            let mut found: Vec<u64> = doubts
                .for_number(asked.as_bytes())
                .map(|key| key.0)
                .collect();
            found.sort_unstable();
            let expected: Vec<u64> = (1..)
                .zip(numbers)
                .filter(|(_, number)| agree(number.as_bytes(), asked.as_bytes()))
                .map(|(key, _)| key)
                .collect();
            assert_eq!(found, expected, "{asked}");
        }
    }

    #[test]
    fn what_is_removed_is_found_no_more() {
        let mut doubts = doubts(&["123", "123"]);
        doubts.remove(MessageKey(1));
        doubts.remove(MessageKey(9));
        let found: Vec<_> = doubts.for_number(b"123").collect();
        assert_eq!((found, doubts.len()), (vec![MessageKey(2)], 1));
    }

    #[test]
    fn only_what_is_due_or_new_is_looked_at() {
        let mut doubts = doubts(&["1", "2", "3"]);
        let looked_at = core::cell::Cell::new(0);
        let waited = |doubt: &Doubt| {
            looked_at.set(looked_at.get() + 1);
            doubt.waited
        };
        assert_eq!(doubts.take_ripe(Instant(10), waited).len(), 1);
        assert_eq!((doubts.due, looked_at.take()), (Instant(20), 5));
        assert_eq!(doubts.take_ripe(Instant(19), waited).len(), 0);
        assert_eq!((doubts.due, looked_at.take()), (Instant(20), 0));
        doubts.insert(Doubt {
            key: MessageKey(4),
            since: Instant(4),
            waited: Instant(15),
            number: Tail::of(b"4"),
        });
        assert_eq!(doubts.take_ripe(Instant(12), waited).len(), 0);
        assert_eq!((doubts.due, looked_at.take()), (Instant(15), 2));
        doubts.stop_waiting();
        assert_eq!(doubts.take_ripe(Instant(12), waited).len(), 3);
        assert!(doubts.is_empty());
    }
}
