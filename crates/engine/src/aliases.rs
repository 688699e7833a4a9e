//! Names of messages that are not their own key: for peers that have no room for one, and of several messages that go by one name.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::Order;
use crate::{CustomerId, MessageKey, Told};

/// Names other than their own key that messages and receipts go by, and the last alias that each customer was told.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    last: BTreeMap<CustomerId, Told>,
    /// The keys of all that go by one: messages, and receipts on the way of those that have an alias.
    taken: BTreeSet<(CustomerId, Told, MessageKey)>,
}

impl Aliases {
    /// The next for a message of this customer; none that anything still goes by.
    pub(crate) fn next(&self, customer: CustomerId) -> Told {
        let mut next = Told::alias_after(self.last.get(&customer).copied());
        while self.keys(customer, next).next().is_some() {
            next = Told::alias_after(Some(next));
        }
        next
    }

    /// What each customer was told last, without what is taken.
    pub(crate) fn lend(&self) -> Aliases {
        Aliases {
            last: self.last.clone(),
            taken: BTreeSet::new(),
        }
    }

    /// The customer was told this one now, if it is one.
    pub(crate) fn told(&mut self, customer: CustomerId, told: Told) {
        if told.alias().is_some() {
            self.last.insert(customer, told);
        }
    }

    /// One more goes by the order's name, unless that is its key.
    pub(crate) fn take(&mut self, order: &Order) {
        if has_other_name(order) {
            self.taken.insert((order.customer, order.told, order.key));
        }
    }

    /// One less goes by it.
    pub(crate) fn give_back(&mut self, order: &Order) {
        if has_other_name(order) {
            self.taken.remove(&(order.customer, order.told, order.key));
        }
    }

    /// What goes by this name of the customer without being called so, oldest first.
    pub(crate) fn keys(
        &self,
        customer: CustomerId,
        told: Told,
    ) -> impl Iterator<Item = MessageKey> + '_ {
        let named = |key| (customer, told, MessageKey(key));
        let all = self.taken.range(named(0)..=named(u64::MAX));
        all.map(|&(.., key)| key)
    }

    /// The last of each customer.
    pub(crate) fn last(&self) -> impl Iterator<Item = (CustomerId, Told)> + '_ {
        self.last.iter().map(|(&customer, &told)| (customer, told))
    }
}

/// Receipts have keys of their own, and are not found by their name.
fn has_other_name(order: &Order) -> bool {
    order.told.alias().is_some() || order.is_part && order.told != order.key.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BindId, Wants, record::Seconds};

    #[test]
    fn an_alias_is_given_again_when_nothing_goes_by_it_any_more() {
        let mut aliases = Aliases::default();
        let (one, other) = (CustomerId(1), CustomerId(2));
        let order = |told, key| Order {
            key: MessageKey(key),
            told,
            customer: one,
            bind: BindId::NONE,
            group: Default::default(),
            wants: Wants::NONE,
            is_part: false,
            expires: Seconds(0),
        };
        let first = aliases.next(one);
        aliases.take(&order(first, 1));
        aliases.take(&order(first, 2));
        let keys: Vec<_> = aliases.keys(one, first).map(|key| key.0).collect();
        assert_eq!(keys, [1, 2]);
        assert_eq!(aliases.keys(other, first).count(), 0);
        assert_eq!(aliases.next(other), first);
        let second = aliases.next(one);
        assert_ne!(second, first, "it is taken though it was not told yet");
        aliases.give_back(&order(first, 2));
        assert_eq!(aliases.next(one), second);
        aliases.give_back(&order(first, 1));
        assert_eq!(aliases.next(one), first);
        aliases.told(one, first);
        assert_eq!(aliases.next(one), second);
    }
}
