//! Messages from subscribers in parts, as their customer wants them.

use core::time::Duration;

use sms::udh::Concatenation;
use sms::{Message, UDHI, long};

use crate::engine::Turn;
use crate::fold::Fold;
use crate::live::Live;
use crate::parts::PartName;
use crate::record::{Keys, Record};
use crate::{CustomerId, MessageKey};

/// What a customer gets of a message that came in parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MoParts {
    /// Each part as it came.
    #[default]
    AsReceived,
    /// One message, when all parts are there; each as it came if that takes too long.
    Join,
    /// Each part as a message of its own, without its header.
    Separate,
    /// Nothing.
    Drop,
}

/// Which part of a long message this is, by its header.
pub(crate) fn part_of(message: &Message<'_>) -> Option<Concatenation> {
    if message.esm_class & UDHI == 0 {
        return None;
    }
    let (header, _) = message.header().ok()?;
    header.concatenation().filter(|part| part.total > 1)
}

impl Turn<'_> {
    /// Whether the very same part waits already: its carrier did not hear that we have it.
    pub(crate) fn is_waiting_twin(
        &self,
        customer: CustomerId,
        part: Concatenation,
        body: &[u8],
    ) -> bool {
        let name = PartName::of(customer, part, body);
        let waiting =
            name.and_then(|name| self.live.mo_parts.get(&name)?.get(&part.sequence).copied());
        waiting.is_some_and(|key| self.is_apart(key, |twin| twin == body))
    }

    fn is_apart(&self, key: MessageKey, is: impl Fn(&[u8]) -> bool) -> bool {
        self.fold.apart().waits(key) && self.fold.entry(key).is_some_and(|entry| is(&entry.body))
    }

    /// A part that just arrived waits for the others of its message; when all are there, they are one. A part of a number that waits
    /// already begins another message, and those before it come as they are.
    pub(crate) fn wait_for_parts(
        &mut self,
        customer: CustomerId,
        key: MessageKey,
        part: Concatenation,
        body: &[u8],
        wait: Duration,
    ) {
        let Some(name) = PartName::of(customer, part, body) else {
            self.ready(key);
            return;
        };
        let until = self.now.wall.plus(wait);
        self.record(&Record::Apart { key, until });
        let mut parts = self.live.mo_parts.remove(&name).unwrap_or_default();
        parts.retain(|_, part| self.fold.apart().waits(*part));
        if parts.contains_key(&part.sequence) {
            self.come_alone(&parts.values().copied().collect::<Vec<_>>());
            parts.clear();
        }
        parts.insert(part.sequence, key);
        if parts.len() == usize::from(part.total) {
            self.join(customer, &parts.into_values().collect::<Vec<_>>());
        } else {
            self.live.mo_parts.insert(name, parts);
        }
    }

    /// All parts are there: one message, or each alone if they do not fit together.
    fn join(&mut self, customer: CustomerId, parts: &[MessageKey]) {
        let entries = parts.iter().filter_map(|&part| self.fold.entry(part));
        let messages: Vec<_> = entries
            .filter_map(|entry| Message::decode(&entry.body))
            .collect();
        let Some(body) = long::join(&messages) else {
            self.come_alone(parts);
            return;
        };
        let ttl = self
            .directory
            .customers
            .get(&customer)
            .map(|rules| rules.mo_ttl);
        let key = self.mint();
        let expires = self.expiry(ttl.unwrap_or_default());
        self.record(&Record::Joined {
            parts: Keys::Fresh(parts),
            key,
            expires,
            body: &body,
        });
        self.ready(key);
    }

    /// These wait for no others: they come as they are.
    fn come_alone(&mut self, parts: &[MessageKey]) {
        self.record(&Record::Alone {
            parts: Keys::Fresh(parts),
        });
        for &part in parts {
            self.ready(part);
        }
    }

    /// What waited long enough comes as it is; a bounded number in one step, the rest in the next.
    pub(crate) fn run_apart(&mut self) {
        const MOST: usize = 4096;
        let now = self.now.wall;
        if self
            .fold
            .apart()
            .next_end()
            .is_none_or(|(end, _)| end > now)
        {
            return;
        }
        let over = self.fold.apart().over(now).take(MOST);
        let parts: Vec<_> = over.collect();
        self.come_alone(&parts);
        let apart = self.fold.apart();
        self.live
            .mo_parts
            .retain(|_, parts| parts.values().any(|&part| apart.waits(part)));
    }
}

impl Live {
    /// After a restart: the parts that are still to come find the others.
    pub(crate) fn rebuild_mo_parts(&mut self, fold: &Fold) {
        for key in fold.apart().keys() {
            let Some(entry) = fold.entry(key) else {
                continue;
            };
            let part = Message::decode(&entry.body).and_then(|message| part_of(&message));
            let Some(part) = part else { continue };
            if let Some(name) = PartName::of(entry.order.customer, part, &entry.body) {
                self.mo_parts
                    .entry(name)
                    .or_default()
                    .insert(part.sequence, key);
            }
        }
    }
}
