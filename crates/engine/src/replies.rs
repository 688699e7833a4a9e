//! Which message a subscriber answers: the latest that came to it from the number it writes to (BUL-F6, BUL-F16).

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use sms::Message;

use crate::hash::{self, Sharded};
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
    latest: Sharded<Latest>,
    /// Talks known.
    len: usize,
    /// Talks by their messages, oldest first; of a talk that has a later message too the earlier ones count for nothing.
    by_age: VecDeque<(MessageKey, Talk)>,
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
    /// Octets of memory for each talk: its place in the map, which is two thirds full on average, and in the order of age.
    const OCTETS: u64 = 80;

    /// This is the latest message of its talk now.
    pub(crate) fn remember(&mut self, latest: Latest) {
        let Latest { talk, key, .. } = latest;
        match self.latest.entry(talk.0) {
            Entry::Occupied(known) if known.get().key >= key => return,
            Entry::Occupied(mut known) => {
                known.insert(latest);
            }
            Entry::Vacant(place) => {
                place.insert(latest);
                self.len += 1;
            }
        }
        if self.by_age.back().is_none_or(|&(last, _)| last < key) {
            self.by_age.push_back((key, talk));
        } else {
            // A record that a snapshot was ahead of.
            let place = self.by_age.partition_point(|&(earlier, _)| earlier < key);
            self.by_age.insert(place, (key, talk));
        }
        if self.by_age.len() > 2 * self.len + 64 {
            self.by_age
                .retain(|&(key, talk)| is_latest(&self.latest, key, talk));
        }
    }

    /// Talks whose latest message is this one or an older one are forgotten.
    pub(crate) fn forget(&mut self, upto: MessageKey) {
        while let Some((key, talk)) = self.by_age.pop_front_if(|(key, _)| *key <= upto) {
            if let Entry::Occupied(known) = self.latest.entry(talk.0)
                && known.get().key == key
            {
                known.remove();
                self.len -= 1;
            }
        }
    }

    /// Up to where talks are to be forgotten so that there are room for more and none from before `since`, if any are: when there
    /// are `most`, a part of them at once, so that it is seldom written down. To be asked again until it says none.
    pub(crate) fn overdue(&self, most: usize, since: MessageKey) -> Option<MessageKey> {
        const PART: usize = 64;
        if self.len >= most {
            return self.by_age.get(most / PART).map(|&(key, _)| key);
        }
        if self.by_age.front()?.0 >= since {
            return None;
        }
        let old = self.by_age.iter().take_while(|(key, _)| *key < since);
        old.take(PART).last().map(|&(key, _)| key)
    }

    pub(crate) fn get(&self, talk: Talk) -> Option<&Latest> {
        self.latest.get(talk.0)
    }

    /// Each, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Latest> {
        let latest = |&(key, talk): &(MessageKey, Talk)| {
            let known = self.latest.get(talk.0);
            known.filter(|latest| latest.key == key)
        };
        self.by_age.iter().filter_map(latest)
    }

    /// Octets of memory.
    pub(crate) fn memory(&self) -> u64 {
        self.len as u64 * Replies::OCTETS
    }
}

fn is_latest(latest: &Sharded<Latest>, key: MessageKey, talk: Talk) -> bool {
    latest.get(talk.0).is_some_and(|latest| latest.key == key)
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
    fn a_talk_that_goes_on_takes_no_more_room_than_another() {
        let mut replies = Replies::default();
        for key in 1..=5000 {
            replies.remember(latest(7, key));
            assert!(replies.by_age.len() <= 2 + 64);
        }
        assert_eq!((talks(&replies), replies.len), (vec![7], 1));
    }

    #[test]
    fn what_is_told_again_changes_nothing() {
        let mut replies = Replies::default();
        for (talk, key) in [(1, 10), (2, 20), (1, 30), (1, 10), (3, 25), (2, 20)] {
            replies.remember(latest(talk, key));
        }
        assert_eq!((talks(&replies), replies.len), (vec![2, 3, 1], 3));
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
            assert!(replies.len <= most && replies.by_age.len() <= 2 * most + 64);
        }
        assert_eq!(talks(&replies).last(), Some(&5000));
        assert!(replies.len > most * 9 / 10);
    }
}
