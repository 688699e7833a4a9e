//! Which message a subscriber answers: the latest that came to it from the number it writes to (BUL-F6, BUL-F16).

use core::hash::BuildHasherDefault;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use sms::Message;

use crate::hash::{self, FixedMap};
use crate::lendable::Lendable;
use crate::record::{Reader, Record, Writer};
use crate::{CustomerId, MessageKey, Told};

/// One of our numbers and a subscriber: what passes between them is one talk.
///
/// A customer chooses whom it writes to, and 64 bits leave it a good chance of a made-up number that meets the talk of somebody
/// else, whose answers it would get then. With the check it is 96 bits, while all destinations of up to 20 digits are less than 67:
/// as good as never there is such a number at all, so nothing about them need be secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Talk {
    pub(crate) pair: u64,
    /// Another 32 bits of both numbers; 0: an older journal does not know them.
    pub(crate) check: u32,
}

/// The latest message of a talk from our side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Latest {
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
/// from a name costs nothing here.
///
/// They are kept in eras: to remember one costs one place in a small table, to forget thousands costs next to nothing. A talk that
/// goes on stands in several eras, and in the newest of them is its latest message. That an era begins, and up to where talks are
/// forgotten, are facts of their own, for only the directory says how much there may be.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    eras: VecDeque<Era>,
    /// Talks of all eras.
    len: usize,
}

/// Talks whose latest message is from one stretch of time.
#[derive(Debug)]
struct Era {
    /// Its messages have this key or a later one, and earlier ones than those of the next era.
    since: MessageKey,
    /// The newest of its messages.
    last: MessageKey,
    talks: Lendable<FixedMap<u64, Known>>,
}

/// The latest message of a talk, in as few octets as it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    key: MessageKey,
    told: Told,
    customer: CustomerId,
    check: u32,
}

impl Known {
    fn latest(self) -> Latest {
        Latest {
            key: self.key,
            customer: self.customer,
            told: self.told,
        }
    }
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
        const CHECK: u64 = 0x5EED_0F7A_1C5E_C0DE;
        let hash = |seed| hash::octets(hash::octets(seed, ours), theirs);
        Talk {
            pair: hash(0),
            check: (hash(CHECK) as u32).max(1),
        }
    }

    /// Its check is known.
    pub(crate) fn is_checked(self) -> bool {
        self.check != 0
    }

    pub(crate) fn encode(self, w: &mut Writer<'_>) {
        w.u64(self.pair);
        if self.is_checked() {
            w.u32(self.check);
        }
    }

    pub(crate) fn decode(r: &mut Reader<'_, '_>, checked: bool) -> Option<Talk> {
        Some(Talk {
            pair: r.u64()?,
            check: if checked { r.u32()? } else { 0 },
        })
    }

    /// Whether this may be the talk that `known` is about.
    fn is(self, known: &Known) -> bool {
        known.check == self.check || known.check == 0
    }
}

impl Latest {
    pub(crate) fn encode(&self, w: &mut Writer<'_>) {
        w.u64(self.key.0);
        w.u32(self.customer.0);
        w.u64(self.told.0);
    }

    pub(crate) fn decode(r: &mut Reader<'_, '_>) -> Option<Latest> {
        Some(Latest {
            key: r.key()?,
            customer: CustomerId(r.u32()?),
            told: Told(r.u64()?),
        })
    }
}

impl Replies {
    /// Octets of memory for each talk: its place in a table that is between half and seven eighths full.
    const OCTETS: u64 = 56;
    /// So many eras share what there may be. With the default each of them fills a table of 16 384 places, which stays in the
    /// processor's cache while it is written.
    const ERAS: usize = 18;

    /// This is the latest message of its talk now. It may have been told before: a snapshot is ahead of some records.
    pub(crate) fn remember(&mut self, talk: Talk, latest: Latest) {
        let key = latest.key;
        if self.eras.is_empty() {
            self.begin(MessageKey(0));
        }
        let mut eras = self.eras.iter_mut().rev();
        let Some(era) = eras.find(|era| era.since <= key) else {
            return;
        };
        era.last = era.last.max(key);
        let latest = Known {
            key,
            told: latest.told,
            customer: latest.customer,
            check: talk.check,
        };
        match era.talks.own().entry(talk.pair) {
            Entry::Occupied(mut known) if known.get().key < key => {
                known.insert(latest);
            }
            Entry::Occupied(_) => (),
            Entry::Vacant(place) => {
                place.insert(latest);
                self.len += 1;
            }
        }
    }

    /// Messages from this one on belong to an era of their own.
    pub(crate) fn begin(&mut self, since: MessageKey) {
        let last = self.eras.back();
        if last.is_some_and(|last| last.since >= since) {
            return;
        }
        // It will be about as large as the one before.
        let room = last.map_or(0, |last| last.talks.len());
        self.eras.push_back(Era {
            since,
            last: since,
            talks: Lendable::Own(FixedMap::with_capacity_and_hasher(
                room,
                BuildHasherDefault::default(),
            )),
        });
    }

    /// Talks whose latest message is this one or an older one are forgotten.
    pub(crate) fn forget(&mut self, upto: MessageKey) {
        while let Some(era) = self.eras.pop_front_if(|era| era.last <= upto) {
            self.len -= era.talks.len();
        }
        if let Some(era) = self.eras.front_mut().filter(|era| era.since <= upto) {
            let before = era.talks.len();
            era.talks.own().retain(|_, latest| latest.key > upto);
            self.len -= before - era.talks.len();
        }
    }

    /// Whether a message may join the newest era, when there may be `most` talks and none need be known from before `since`.
    #[inline]
    pub(crate) fn has_room(&self, most: usize, since: MessageKey) -> bool {
        let newest = self.eras.back();
        newest.is_some_and(|era| era.talks.len() < share(most) && era.since >= since)
    }

    /// Up to where talks are to be forgotten before an era begins, if any are. To be asked again until it says none.
    pub(crate) fn overdue(&self, most: usize, since: MessageKey) -> Option<MessageKey> {
        let oldest = self.eras.front()?;
        (oldest.last < since || self.len + share(most) > most).then_some(oldest.last)
    }

    pub(crate) fn get(&self, talk: Talk) -> Option<Latest> {
        let mut eras = self.eras.iter().rev();
        let known = eras.find_map(|era| era.talks.get(&talk.pair));
        known
            .filter(|known| talk.is(known))
            .map(|known| known.latest())
    }

    /// The same talks, to be read as they are now.
    pub(crate) fn lend(&mut self) -> Replies {
        let eras = self.eras.iter_mut().map(|era| Era {
            since: era.since,
            last: era.last,
            talks: era.talks.lend(),
        });
        Replies {
            eras: eras.collect(),
            len: self.len,
        }
    }

    /// Everything as records, in an order that depends on nothing but the contents.
    pub(crate) fn snapshot(&self, write: &mut dyn FnMut(&Record<'_>)) {
        for era in &self.eras {
            write(&Record::Era { since: era.since });
            let talks = era.talks.iter();
            let mut talks: Vec<_> = talks.map(|(&talk, latest)| (latest.key, talk)).collect();
            talks.sort_unstable();
            for (_, pair) in talks {
                let known = era.talks[&pair];
                let check = known.check;
                let (talk, latest) = (Talk { pair, check }, known.latest());
                write(&Record::Latest { talk, latest });
            }
        }
    }

    /// Octets of memory.
    pub(crate) fn memory(&self) -> u64 {
        self.len as u64 * Replies::OCTETS
    }
}

/// How many talks one era may have when there may be `most`.
fn share(most: usize) -> usize {
    (most / Replies::ERAS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remember(replies: &mut Replies, talk: u64, key: u64) {
        let latest = Latest {
            key: MessageKey(key),
            customer: CustomerId(1),
            told: MessageKey(key).into(),
        };
        replies.remember(unchecked(talk), latest);
    }

    fn unchecked(pair: u64) -> Talk {
        Talk { pair, check: 0 }
    }

    /// Remembers as the engine would.
    fn live(replies: &mut Replies, most: usize, talk: u64, key: u64) {
        let since = MessageKey(0);
        if !replies.has_room(most, since) {
            while let Some(upto) = replies.overdue(most, since) {
                replies.forget(upto);
            }
            replies.begin(MessageKey(key));
        }
        remember(replies, talk, key);
    }

    fn key(replies: &Replies, talk: u64) -> Option<u64> {
        replies.get(unchecked(talk)).map(|latest| latest.key.0)
    }

    /// Each fact of a snapshot.
    fn facts(replies: &Replies) -> Vec<String> {
        let mut facts = Vec::new();
        replies.snapshot(&mut |record| facts.push(format!("{record:?}")));
        facts
    }

    #[test]
    fn a_talk_is_as_old_as_its_latest_message() {
        let mut replies = Replies::default();
        for (talk, key) in [(1, 10), (2, 20), (1, 30)] {
            remember(&mut replies, talk, key);
        }
        replies.forget(MessageKey(20));
        assert_eq!((key(&replies, 1), key(&replies, 2)), (Some(30), None));
        assert_eq!(replies.memory(), Replies::OCTETS);
        replies.forget(MessageKey(30));
        assert_eq!((key(&replies, 1), replies.memory()), (None, 0));
    }

    #[test]
    fn of_two_eras_the_newer_has_the_latest_message() {
        let mut replies = Replies::default();
        for (talk, key) in [(1, 10), (2, 20), (1, 30), (3, 40)] {
            live(&mut replies, 40, talk, key);
        }
        assert_eq!((key(&replies, 1), replies.len), (Some(30), 4));
        replies.forget(MessageKey(20));
        assert_eq!((key(&replies, 1), key(&replies, 2)), (Some(30), None));
    }

    #[test]
    fn a_talk_that_goes_on_takes_no_more_room_than_another() {
        let mut replies = Replies::default();
        for key in 1..=5000 {
            live(&mut replies, 1000, 7, key);
        }
        assert_eq!((key(&replies, 7), replies.len), (Some(5000), 1));
    }

    #[test]
    fn what_is_told_again_changes_nothing() {
        let told = [(1, 10), (2, 20), (1, 30), (3, 40), (4, 50)];
        let mut replies = Replies::default();
        for (talk, key) in told {
            live(&mut replies, 40, talk, key);
        }
        let once = facts(&replies);
        for (talk, key) in told {
            replies.begin(MessageKey(key));
            remember(&mut replies, talk, key);
        }
        assert_eq!((facts(&replies), replies.len), (once, 5));
    }

    #[test]
    fn there_are_never_more_than_there_may_be() {
        for most in [1, 3, 1000] {
            let mut replies = Replies::default();
            for key in 1..=5000 {
                live(&mut replies, most, key, key);
                assert!(replies.len <= most);
            }
            let least = most - most / 10;
            let latest = 5001 - least as u64..=5000;
            assert!(
                latest.clone().all(|talk| key(&replies, talk) == Some(talk)),
                "{most}"
            );
        }
    }

    #[test]
    fn what_is_too_old_goes_when_an_era_begins() {
        let mut replies = Replies::default();
        live(&mut replies, 1000, 1, 10);
        assert!(replies.has_room(1000, MessageKey(10)));
        assert!(
            !replies.has_room(1000, MessageKey(11)),
            "it began too long ago"
        );
        assert_eq!(replies.overdue(1000, MessageKey(10)), None);
        assert_eq!(replies.overdue(1000, MessageKey(11)), Some(MessageKey(10)));
    }

    #[test]
    fn journals_without_eras_are_read() {
        let mut octets = vec![51];
        for word in [7_u64, 10] {
            octets.extend(word.to_le_bytes());
        }
        octets.extend(2_u32.to_le_bytes());
        octets.extend(9_u64.to_le_bytes());
        let latest = Latest {
            key: MessageKey(10),
            customer: CustomerId(2),
            told: MessageKey(9).into(),
        };
        let talk = unchecked(7);
        let written = Record::decode(&mut &octets[..]);
        assert_eq!(written, Some(Record::Latest { talk, latest }));
        let mut replies = Replies::default();
        replies.remember(talk, latest);
        remember(&mut replies, 8, 20);
        assert_eq!(replies.get(talk), Some(latest));
        assert_eq!(replies.get(Talk { check: 9, ..talk }), Some(latest));
        // Without eras a part of a table is forgotten.
        replies.forget(MessageKey(15));
        assert_eq!((replies.get(talk), key(&replies, 8)), (None, Some(20)));
    }

    #[test]
    fn a_number_made_to_meet_another_talk_gets_no_answer_of_it() {
        let theirs = Talk::between(b"4477009001", b"4917012345678");
        let made = Talk {
            check: theirs.check ^ 2,
            ..theirs
        };
        let latest = Latest {
            key: MessageKey(10),
            customer: CustomerId(2),
            told: MessageKey(10).into(),
        };
        let mut replies = Replies::default();
        replies.remember(made, latest);
        assert_eq!(replies.get(theirs), None);
        assert_eq!(replies.get(made), Some(latest));
        let mut written = Vec::new();
        replies.snapshot(&mut |record| record.encode(&mut written));
        let mut recovered = Replies::default();
        let mut rest = &written[..];
        while !rest.is_empty() {
            match Record::decode(&mut rest) {
                Some(Record::Era { since }) => recovered.begin(since),
                Some(Record::Latest { talk, latest }) => recovered.remember(talk, latest),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(recovered.get(theirs), None);
        assert_eq!(recovered.get(made), Some(latest));
    }

    #[test]
    fn the_check_depends_on_either_number_and_on_nothing_that_the_pair_depends_on() {
        let talks = [("44770", "49170"), ("44771", "49170"), ("44770", "49171")];
        let talks = talks.map(|(ours, theirs)| Talk::between(ours.as_bytes(), theirs.as_bytes()));
        for (n, talk) in talks.iter().enumerate() {
            assert!(talks[..n].iter().all(|other| other.check != talk.check));
            assert_ne!(talk.check, talk.pair as u32);
        }
    }
}
