//! Parts of messages from subscribers that wait for the others of their message, to be delivered as one.

use std::collections::{BTreeMap, BTreeSet};

use sms::Wall;

use super::Fold;
use crate::MessageKey;
use crate::entry::{Entry, Order, Stand};
use crate::record::{Keys, Record, Seconds};

/// Which parts wait, and until when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Apart {
    until: BTreeMap<MessageKey, Wall>,
    ends: BTreeSet<(Wall, MessageKey)>,
}

impl Apart {
    pub(super) fn wait(&mut self, key: MessageKey, until: Wall) {
        self.until.insert(key, until);
        self.ends.insert((until, key));
    }

    pub(super) fn end(&mut self, key: MessageKey) {
        if let Some(until) = self.until.remove(&key) {
            self.ends.remove(&(until, key));
        }
    }

    /// Whether this one waits for others.
    pub(crate) fn waits(&self, key: MessageKey) -> bool {
        self.until.contains_key(&key)
    }

    /// The one whose time is over first, and when.
    pub(crate) fn next_end(&self) -> Option<(Wall, MessageKey)> {
        self.ends.first().copied()
    }

    /// Those whose time is over at `now`.
    pub(crate) fn over(&self, now: Wall) -> impl Iterator<Item = MessageKey> + '_ {
        let ended = self.ends.iter().take_while(move |&&(end, _)| end <= now);
        ended.map(|&(_, key)| key)
    }

    /// Each, oldest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = MessageKey> + '_ {
        self.until.keys().copied()
    }

    /// Octets of memory: a node of two trees for each.
    pub(super) fn memory(&self) -> u64 {
        const PART: u64 = 64;
        PART * self.until.len() as u64
    }

    pub(super) fn snapshot(&self, write: &mut dyn FnMut(&Record<'_>)) {
        for (&key, &until) in &self.until {
            write(&Record::Apart { key, until });
        }
    }
}

impl Fold {
    /// One message stands for the parts that came of it.
    pub(super) fn joined(
        &mut self,
        parts: Keys<'_>,
        key: MessageKey,
        expires: Seconds,
        body: &[u8],
    ) {
        let mut whole = None;
        for part in parts.iter() {
            let Some(slot) = self.slot(part) else {
                continue;
            };
            let entry = &self.entries[slot];
            whole = whole.or(entry.delivery().map(|delivery| (entry.order, delivery)));
            self.stop_timer(slot);
            self.remove(slot);
        }
        let Some((order, delivery)) = whole else {
            return;
        };
        let order = Order {
            key,
            told: key.into(),
            ..order
        };
        let slot = self.insert(Entry::new(order, Stand::Delivery(delivery), body));
        self.start_timer(slot, expires);
    }

    /// Parts of messages from subscribers that wait for others.
    pub(crate) fn apart(&self) -> &Apart {
        &self.apart
    }
}
