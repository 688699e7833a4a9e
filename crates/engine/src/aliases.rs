//! Names of messages for peers that have no room for a key.

use std::collections::BTreeMap;

use crate::entry::Order;
use crate::{CustomerId, Told};

/// Aliases that messages and receipts go by, and the last that each customer was told.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    last: BTreeMap<CustomerId, Told>,
    /// How many orders go by it: a message, and receipts on the way of the same.
    taken: BTreeMap<(CustomerId, Told), u32>,
}

impl Aliases {
    /// The next for a message of this customer; none that anything still goes by.
    pub(crate) fn next(&self, customer: CustomerId) -> Told {
        let mut next = Told::alias_after(self.last.get(&customer).copied());
        while self.taken.contains_key(&(customer, next)) {
            next = Told::alias_after(Some(next));
        }
        next
    }

    /// The customer was told this one now, if it is one.
    pub(crate) fn told(&mut self, customer: CustomerId, told: Told) {
        if told.alias().is_some() {
            self.last.insert(customer, told);
        }
    }

    /// One more goes by the order's alias, if it has one.
    pub(crate) fn take(&mut self, order: &Order) {
        if order.told.alias().is_some() {
            *self.taken.entry((order.customer, order.told)).or_default() += 1;
        }
    }

    /// One less goes by it.
    pub(crate) fn give_back(&mut self, order: &Order) {
        if order.told.alias().is_none() {
            return;
        }
        let name = (order.customer, order.told);
        if let Some(orders) = self.taken.get_mut(&name) {
            *orders -= 1;
            if *orders == 0 {
                self.taken.remove(&name);
            }
        }
    }

    /// The last of each customer.
    pub(crate) fn last(&self) -> impl Iterator<Item = (CustomerId, Told)> + '_ {
        self.last.iter().map(|(&customer, &told)| (customer, told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BindId, MessageKey, Wants, record::Seconds};

    #[test]
    fn an_alias_is_given_again_when_nothing_goes_by_it_any_more() {
        let mut aliases = Aliases::default();
        let (one, other) = (CustomerId(1), CustomerId(2));
        let order = |told| Order {
            key: MessageKey(1),
            told,
            customer: one,
            bind: BindId::NONE,
            wants: Wants::NONE,
            expires: Seconds(0),
        };
        let first = aliases.next(one);
        aliases.take(&order(first));
        aliases.take(&order(first));
        assert_eq!(aliases.next(other), first);
        let second = aliases.next(one);
        assert_ne!(second, first, "it is taken though it was not told yet");
        aliases.give_back(&order(first));
        assert_eq!(aliases.next(one), second);
        aliases.give_back(&order(first));
        assert_eq!(aliases.next(one), first);
        aliases.told(one, first);
        assert_eq!(aliases.next(one), second);
    }
}
