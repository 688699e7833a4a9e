//! Things to do later.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use sms::Instant;

/// Takes things in any order and gives them back in order of time. Nearly all of them wait equally long, so they queue
/// up in order by themselves; only the others cost a heap.
pub(crate) struct Due<T> {
    usual: Duration,
    usually: VecDeque<(Instant, T)>,
    others: BinaryHeap<Reverse<Other<T>>>,
    pushed: u64,
}

struct Other<T> {
    at: Instant,
    order: u64,
    item: T,
}

impl<T> Due<T> {
    /// Empty; cheap for what waits `usual`.
    pub(crate) fn new(usual: Duration) -> Due<T> {
        Due {
            usual,
            usually: VecDeque::new(),
            others: BinaryHeap::new(),
            pushed: 0,
        }
    }

    /// Keeps `item` until `after` has passed since `now`, which never goes back from one call to the next.
    pub(crate) fn push(&mut self, now: Instant, after: Duration, item: T) {
        if after == self.usual {
            self.usually.push_back((now + after, item));
            return;
        }
        self.pushed += 1;
        self.others.push(Reverse(Other {
            at: now + after,
            order: self.pushed,
            item,
        }));
    }

    /// The next thing whose time has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<T> {
        let usual = self.usually.front().map(|(at, _)| *at);
        let other = self.others.peek().map(|Reverse(other)| other.at);
        match (usual, other) {
            (Some(usual), other) if usual <= now && other.is_none_or(|other| usual <= other) => {
                self.usually.pop_front().map(|(_, item)| item)
            }
            (_, Some(other)) if other <= now => self.others.pop().map(|Reverse(other)| other.item),
            _ => None,
        }
    }

    /// When the next thing is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        let usual = self.usually.front().map(|(at, _)| *at);
        let other = self.others.peek().map(|Reverse(other)| other.at);
        usual.into_iter().chain(other).min()
    }

    /// Everything and when it is due, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Instant, &T)> {
        let usually = self.usually.iter().map(|(at, item)| (*at, item));
        let others = self.others.iter().map(|Reverse(o)| (o.at, &o.item));
        usually.chain(others)
    }

    pub(crate) fn len(&self) -> usize {
        self.usually.len() + self.others.len()
    }
}

impl<T> Ord for Other<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl<T> PartialOrd for Other<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Other<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Other<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_first_comes_first_and_nothing_comes_early() {
        let second = Duration::from_secs(1);
        let mut due = Due::new(second);
        due.push(Instant(0), second * 60, "a minute");
        due.push(Instant(0), second, "a second");
        due.push(Instant(1), second, "a second and a bit");
        due.push(Instant(2), Duration::ZERO, "at once");
        assert_eq!(due.next(), Some(Instant(2)));
        assert_eq!(due.pop(Instant(1)), None);
        let all: Vec<&str> = std::iter::from_fn(|| due.pop(Instant(u64::MAX))).collect();
        assert_eq!(
            all,
            ["at once", "a second", "a second and a bit", "a minute"]
        );
        assert_eq!(due.len(), 0);
    }
}
