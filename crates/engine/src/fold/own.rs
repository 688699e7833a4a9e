//! Messages as their customers speak of them: by what they were told, to be stopped or replaced.

use sms::{Message, Wall};

use super::queue::End;
use super::{Count, Fold};
use crate::entry::{Entry, Stage};
use crate::named::Name;
use crate::record::Seconds;
use crate::{CustomerId, Ended, MessageKey, Told, Wants};

impl Fold {
    /// The customer put another text in the place of a message that waits.
    pub(super) fn replaced(
        &mut self,
        key: MessageKey,
        wants: Wants,
        expires: Seconds,
        due: Option<Wall>,
        body: &[u8],
    ) {
        let Some(slot) = self.slot(key) else { return };
        self.account(slot, Count::Less);
        let entry = &mut self.entries[slot];
        self.memory -= entry.memory();
        (entry.body, entry.order.wants) = (body.into(), wants);
        self.memory += entry.memory();
        let stays = due.is_none() && entry.leg().is_some_and(|leg| leg.stage == Stage::Waiting);
        self.account(slot, Count::More);
        if stays {
            self.stop_timer(slot);
            self.start_timer(slot, expires);
        } else if self.leave(slot).is_some() {
            self.entries[slot].order.expires = expires;
            self.enqueue(slot, due, End::Tail);
        }
    }

    /// The message is also found by its addresses from now on.
    pub(super) fn name(&mut self, key: MessageKey) {
        let Some(slot) = self.slot(key) else { return };
        let entry = &self.entries[slot];
        if let Some(message) = Message::decode(&entry.body).filter(|_| entry.leg().is_some()) {
            let name = Name::of(entry.order.customer, &message);
            self.named.insert(key, &name);
        }
    }

    /// Unfinished messages that have this name, newest first. Of very many the oldest are not looked at: most of them are with a
    /// carrier, and each message that may take the place of another asks.
    pub(crate) fn by_name<'a>(&'a self, name: &'a Name<'_>) -> impl Iterator<Item = &'a Entry> {
        const LOOKED_AT_MAX: usize = 1000;
        let entries = self
            .named
            .keys(name)
            .rev()
            .take(LOOKED_AT_MAX)
            .filter_map(|key| self.entry(key));
        entries.filter(move |entry| {
            let message = Message::decode(&entry.body);
            message.is_some_and(|message| Name::of(entry.order.customer, &message) == *name)
        })
    }

    /// Messages that have ended since this was last asked.
    pub(crate) fn take_ended(&mut self) -> std::vec::Drain<'_, Ended> {
        self.ended.drain(..)
    }

    /// Messages that the customer was told are called so and whose end is still to come, oldest first.
    pub(crate) fn unfinished(
        &self,
        customer: CustomerId,
        told: Told,
    ) -> impl Iterator<Item = &Entry> {
        told.key()
            .into_iter()
            .chain(self.aliases.keys(customer, told))
            .filter_map(|key| self.entry(key))
            .filter(move |entry| {
                let order = &entry.order;
                (order.customer, order.told) == (customer, told) && entry.leg().is_some()
            })
    }
}

impl Entry {
    /// Whether it can still be stopped or changed: it waits, and no carrier may have it already.
    pub(crate) fn is_in_hand(&self) -> bool {
        self.is_in_lane() && self.leg().is_some_and(|leg| leg.doubts == 0)
    }

    /// Whether it waits for its own time, not for another try.
    pub(crate) fn is_scheduled(&self) -> bool {
        self.leg()
            .is_some_and(|leg| leg.stage == Stage::Deferred && leg.attempt == 0 && leg.doubts == 0)
    }
}
