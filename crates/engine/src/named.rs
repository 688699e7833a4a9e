//! Messages that are also found by their addresses, for customers that may leave the id out.

use std::collections::{BTreeMap, BTreeSet};

use sms::Message;

use crate::hash;
use crate::{CustomerId, MessageKey};

/// By what a message is found without its id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Name<'a> {
    pub(crate) customer: CustomerId,
    pub(crate) service_type: &'a [u8],
    pub(crate) source: &'a [u8],
    pub(crate) destination: &'a [u8],
}

/// Unfinished messages of such customers. Two names of one hash are told apart by whoever asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    keys: BTreeSet<(u64, MessageKey)>,
    names: BTreeMap<MessageKey, u64>,
}

impl<'a> Name<'a> {
    pub(crate) fn of(customer: CustomerId, message: &Message<'a>) -> Name<'a> {
        Name {
            customer,
            service_type: message.service_type,
            source: message.source.digits,
            destination: message.destination.digits,
        }
    }

    fn hash(&self) -> u64 {
        let parts = [self.service_type, self.source, self.destination];
        let seed = u64::from(self.customer.0);
        parts.into_iter().fold(seed, hash::octets)
    }
}

impl Named {
    /// Octets that one message takes: a place in each of two trees.
    const OCTETS: u64 = 56;

    pub(crate) fn insert(&mut self, key: MessageKey, name: &Name<'_>) {
        let hash = name.hash();
        self.keys.insert((hash, key));
        self.names.insert(key, hash);
    }

    /// The message has ended; most have never been here.
    pub(crate) fn remove(&mut self, key: MessageKey) {
        if let Some(hash) = self.names.remove(&key) {
            self.keys.remove(&(hash, key));
        }
    }

    /// Whether this message is found by its addresses.
    pub(crate) fn has(&self, key: MessageKey) -> bool {
        self.names.contains_key(&key)
    }

    /// Messages that may have this name, oldest first.
    pub(crate) fn keys(&self, name: &Name<'_>) -> impl DoubleEndedIterator<Item = MessageKey> + '_ {
        let hash = name.hash();
        let all = (hash, MessageKey(0))..=(hash, MessageKey(u64::MAX));
        self.keys.range(all).map(|&(_, key)| key)
    }

    /// Every message that is here, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = MessageKey> + '_ {
        self.names.keys().copied()
    }

    pub(crate) fn memory(&self) -> u64 {
        self.names.len() as u64 * Self::OCTETS
    }
}
