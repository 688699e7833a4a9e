//! Which message a subscriber answers: the latest that came to it from the number it writes to (BUL-F6, BUL-F16).

use std::collections::BTreeMap;

use sms::Message;

use crate::hash;
use crate::record::{Reader, Writer};
use crate::{CustomerId, MessageKey, Told};

/// One of our numbers and a subscriber: what passes between them is one talk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Talk(u64);

/// The latest message of a talk from our side, as a fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Latest {
    pub(crate) talk: Talk,
    pub(crate) key: MessageKey,
    /// Who sent it.
    pub(crate) customer: CustomerId,
    /// What it was told that it is called.
    pub(crate) told: Told,
}

/// The latest message of each talk. It is part of the fold, not of what is live, because a subscriber answers hours later, and
/// the process may have been started again meanwhile.
///
/// Only messages from numbers of the directory are remembered: nobody can write back to any other source. So the plain message
/// from a name costs nothing here. What is too old or too much is forgotten as a fact of its own, the oldest first, for only the
/// directory says how much there may be.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    latest: BTreeMap<Talk, Latest>,
    by_age: BTreeMap<MessageKey, Talk>,
}

impl Talk {
    /// Of a message that we send.
    pub(crate) fn opened_by(message: &Message<'_>) -> Talk {
        Talk::between(message.source.digits, message.destination.digits)
    }

    /// Of a message from a subscriber.
    pub(crate) fn answered_by(message: &Message<'_>) -> Talk {
        Talk::between(message.destination.digits, message.source.digits)
    }

    fn between(ours: &[u8], theirs: &[u8]) -> Talk {
        Talk(hash::octets(hash::octets(0, ours), theirs))
    }
}

impl Latest {
    pub(crate) fn encode(&self, w: &mut Writer<'_>) {
        w.u64(self.talk.0);
        w.u64(self.key.0);
        w.u32(self.customer.0);
        w.u64(self.told.0);
    }

    pub(crate) fn decode(r: &mut Reader<'_, '_>) -> Option<Latest> {
        Some(Latest {
            talk: Talk(r.u64()?),
            key: r.key()?,
            customer: CustomerId(r.u32()?),
            told: Told(r.u64()?),
        })
    }
}

impl Replies {
    /// Octets of memory for each talk: its places in the two maps, which are two thirds full on average.
    const OCTETS: u64 = 96;

    /// This is the latest message of its talk now.
    pub(crate) fn remember(&mut self, latest: Latest) {
        if let Some(earlier) = self.latest.insert(latest.talk, latest) {
            self.by_age.remove(&earlier.key);
        }
        self.by_age.insert(latest.key, latest.talk);
    }

    /// Talks whose latest message is this one or an older one are forgotten.
    pub(crate) fn forget(&mut self, upto: MessageKey) {
        while let Some(oldest) = self
            .by_age
            .first_entry()
            .filter(|oldest| *oldest.key() <= upto)
        {
            self.latest.remove(&oldest.remove());
        }
    }

    /// Up to where talks are to be forgotten so that there are room for more and none from before `since`, if any are: when there
    /// are `most`, a part of them at once, so that it is seldom written down.
    pub(crate) fn overdue(&self, most: usize, since: MessageKey) -> Option<MessageKey> {
        const PART: usize = 64;
        if self.by_age.len() >= most {
            return self.by_age.keys().nth(most / PART).copied();
        }
        let old = self.by_age.range(..since).map(|(&key, _)| key);
        old.take(PART).last()
    }

    pub(crate) fn get(&self, talk: Talk) -> Option<&Latest> {
        self.latest.get(&talk)
    }

    /// Each, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Latest> {
        self.by_age
            .values()
            .filter_map(|talk| self.latest.get(talk))
    }

    /// Octets of memory.
    pub(crate) fn memory(&self) -> u64 {
        self.latest.len() as u64 * Replies::OCTETS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latest(talk: u64, key: u64) -> Latest {
        Latest {
            talk: Talk(talk),
            key: MessageKey(key),
            customer: CustomerId(1),
            told: MessageKey(key).into(),
        }
    }

    fn talks(replies: &Replies) -> Vec<u64> {
        replies.iter().map(|latest| latest.talk.0).collect()
    }

    #[test]
    fn a_talk_is_as_old_as_its_latest_message() {
        let mut replies = Replies::default();
        for (talk, key) in [(1, 10), (2, 20), (1, 30)] {
            replies.remember(latest(talk, key));
        }
        assert_eq!(talks(&replies), [2, 1]);
        replies.forget(MessageKey(20));
        assert_eq!(talks(&replies), [1]);
        assert_eq!(
            replies.get(Talk(1)).map(|latest| latest.key),
            Some(MessageKey(30))
        );
        assert_eq!(replies.memory(), Replies::OCTETS);
    }

    #[test]
    fn there_are_never_more_than_there_may_be() {
        let mut replies = Replies::default();
        let most = 1000;
        for key in 1..=5000 {
            while let Some(upto) = replies.overdue(most, MessageKey(0)) {
                replies.forget(upto);
            }
            replies.remember(latest(key, key));
            assert!(replies.latest.len() <= most);
        }
        assert_eq!(talks(&replies).last(), Some(&5000));
        assert!(replies.latest.len() > most * 9 / 10);
    }
}
