//! Lanes that an operator holds: what waits in them is not sent until they are released.

use std::collections::{BTreeMap, BTreeSet};

use super::Fold;
use crate::record::Record;
use crate::{ConnectorId, CustomerId};

/// What is held at each connector; there is none where nothing is.
#[derive(Clone, Debug, Default)]
pub(super) struct Holds {
    lanes: BTreeMap<ConnectorId, Hold>,
}

/// What is held at one connector.
#[derive(Clone, Debug, Default)]
struct Hold {
    all: bool,
    customers: BTreeSet<CustomerId>,
}

impl Holds {
    /// From now on the messages of a customer, or of none: all, are held or not.
    pub(super) fn set(&mut self, connector: ConnectorId, customer: Option<CustomerId>, held: bool) {
        let hold = self.lanes.entry(connector).or_default();
        match (customer, held) {
            (None, held) => hold.all = held,
            (Some(customer), true) => drop(hold.customers.insert(customer)),
            (Some(customer), false) => drop(hold.customers.remove(&customer)),
        }
        if !hold.all && hold.customers.is_empty() {
            self.lanes.remove(&connector);
        }
    }

    pub(super) fn snapshot(&self, write: &mut dyn FnMut(&Record<'_>)) {
        for (&connector, hold) in &self.lanes {
            let all = hold.all.then_some(None);
            let customers = hold.customers.iter().copied().map(Some);
            for customer in all.into_iter().chain(customers) {
                let held = true;
                write(&Record::Held {
                    connector,
                    customer,
                    held,
                });
            }
        }
    }
}

impl Fold {
    /// Whether just this is held: the messages of a customer, or of none: all.
    pub(crate) fn is_held(&self, connector: ConnectorId, customer: Option<CustomerId>) -> bool {
        let hold = self.holds.lanes.get(&connector);
        hold.is_some_and(|hold| match customer {
            None => hold.all,
            Some(customer) => hold.customers.contains(&customer),
        })
    }

    /// Whether nothing is sent to this connector.
    pub(crate) fn holds_all(&self, connector: ConnectorId) -> bool {
        let hold = self.holds.lanes.get(&connector);
        hold.is_some_and(|hold| hold.all)
    }

    /// Whether nothing of this customer is sent to this connector.
    pub(crate) fn holds(&self, connector: ConnectorId, customer: CustomerId) -> bool {
        let hold = self.holds.lanes.get(&connector);
        hold.is_some_and(|hold| hold.all || hold.customers.contains(&customer))
    }
}
