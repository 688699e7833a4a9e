//! How it stands with connectors and customers, and what an operator decides about them.

use super::Report;
use crate::engine::Turn;
use crate::record::Record;
use crate::standing::{Party, Standing};
use crate::{ConnectorId, CustomerId};

/// How it stands with one connector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectorReport {
    /// Which.
    pub connector: ConnectorId,
    /// What an operator decided.
    pub standing: Standing,
    /// Messages that wait for it, those that wait for a time included.
    pub waiting: u64,
    /// Sent, and the response open.
    pub sending: u64,
    /// Of these: nobody knows, and the policy of the connector is awaited.
    pub in_doubt: u64,
    /// Receipts of it that match no message.
    pub unmatched: u64,
    /// Messages a second that it gets at most, after what it complained of; none: no limit.
    pub rate: Option<u64>,
}

/// How it stands with one customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CustomerReport {
    /// Which.
    pub customer: CustomerId,
    /// What an operator decided.
    pub standing: Standing,
    /// Receipts and messages from subscribers that wait for it.
    pub deliveries: u64,
    /// Messages that have not ended and of whose end it wants to hear.
    pub owed: u64,
}

impl Turn<'_> {
    pub(super) fn connectors(&self) -> Report {
        let connectors = self.directory.connectors.iter();
        let report = connectors.map(|(&connector, rules)| {
            let lane = self.fold.lane(connector);
            let live = self.live.connectors.get(&connector);
            let agreed = rules.rate;
            ConnectorReport {
                connector,
                standing: self.fold.standings.of(Party::Connector(connector)),
                waiting: lane.map_or(0, |lane| lane.waiting()),
                sending: lane.map_or(0, |lane| lane.sending),
                in_doubt: live.map_or(0, |live| live.doubts.len() as u64),
                unmatched: lane.map_or(0, |lane| lane.strays().0 as u64),
                rate: live.map_or(agreed.map(u64::from), |live| live.bucket.rate(agreed)),
            }
        });
        Report::Connectors(report.collect())
    }

    pub(super) fn customers(&self) -> Report {
        let customers = self.directory.customers.keys();
        let report = customers.map(|&customer| {
            let account = self.fold.account_of(customer);
            CustomerReport {
                customer,
                standing: self.fold.standings.of(Party::Customer(customer)),
                deliveries: account.deliveries,
                owed: account.owed,
            }
        });
        Report::Customers(report.collect())
    }

    pub(super) fn stand(&mut self, party: Party, standing: Standing) -> Report {
        let changed = self.fold.standings.of(party) != standing;
        if changed {
            self.record(&Record::Decided { party, standing });
            match party {
                Party::Connector(connector) => self.live.touch_connector(connector),
                Party::Customer(customer) => self.live.touch_customer(customer),
            }
        }
        Report::Stands { changed }
    }
}
