//! What one customer has and uses, and the credit that an operator gives it.

use super::Report;
use crate::engine::Turn;
use crate::record::{Granted, Record};
use crate::{Amount, Balance, BindKind, CustomerId};

/// Octets of an operator's note that are kept.
const NOTE_MAX: usize = 200;

/// What one customer has and uses right now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountReport {
    /// What it paid, and what became of it; none: it never paid.
    pub balance: Option<Balance>,
    /// Segments that count for its day, if they are counted.
    pub segments: Option<u64>,
    /// Transmitters, receivers and transceivers that stand.
    pub binds: [u32; 3],
    /// Receipts and messages from subscribers that wait for it.
    pub deliveries: u64,
    /// Messages that have not ended and of whose end it wants to hear.
    pub owed: u64,
}

impl Turn<'_> {
    pub(super) fn account(&self, customer: CustomerId) -> Report {
        let account = self.fold.account_of(customer);
        let rules = self.directory.customers.get(&customer);
        let meter = rules.and_then(|rules| rules.meter.as_ref());
        let day = meter
            .filter(|meter| meter.daily_limit.is_some())
            .map(|meter| meter.days.day(self.now.wall));
        Report::Account(AccountReport {
            balance: self.fold.ledger.balance(customer),
            segments: day.map(|day| self.fold.ledger.counted(customer, day)),
            binds: self.binds_by_kind(customer),
            deliveries: account.deliveries,
            owed: account.owed,
        })
    }

    fn binds_by_kind(&self, customer: CustomerId) -> [u32; 3] {
        let mut binds = [0; 3];
        let live = self.live.customers.get(&customer);
        let names = live.into_iter().flat_map(|live| &live.binds);
        let standing = names.filter_map(|&bind| self.live.binds.get(bind));
        for kind in standing.filter_map(|bind| bind.kind()) {
            binds[match kind {
                BindKind::Transmitter => 0,
                BindKind::Receiver => 1,
                BindKind::Transceiver => 2,
            }] += 1;
        }
        binds
    }

    /// Gives credit, or takes some back: of what is neither spent nor reserved.
    pub(super) fn grant_by_hand(
        &mut self,
        customer: CustomerId,
        amount: Amount,
        note: &str,
    ) -> Report {
        let balance = self.fold.ledger.balance(customer).unwrap_or_default();
        let after = balance.granted.0.checked_add(amount.0);
        if after.is_none() || balance.available().0.saturating_add(amount.0) < 0 {
            return Report::OutOfRange(balance);
        }
        let note = &note.as_bytes()[..note.floor_char_boundary(NOTE_MAX)];
        self.record(&Record::Granted(Granted {
            customer,
            amount,
            at: self.now.wall,
            note,
        }));
        self.account(customer)
    }
}
