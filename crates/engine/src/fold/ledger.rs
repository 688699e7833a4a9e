//! Who paid how much, and what is reserved for messages whose fate is open.
//!
//! ```text
//!             Charged                Sent, or a carrier's word of it, or given up in doubt
//! available ----------> reserved ------------------------------------------------------------> spent
//!     ^                    |
//!     '--------------------'  Done, and it never left
//! ```

use std::collections::BTreeMap;

use super::Fold;
use crate::hash::FixedMap;
use crate::money::{Charge, Day};
use crate::record::{Reason, Record};
use crate::slab::Slot;
use crate::{Amount, Balance, CustomerId, MessageKey};

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    purses: BTreeMap<CustomerId, Purse>,
    /// Segments of one customer that count for one day: today's, and what a zone that was changed leaves beside it.
    days: BTreeMap<(CustomerId, Day), u64>,
    /// What messages have reserved whose fate is open.
    open: FixedMap<MessageKey, Open>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Purse {
    balance: Balance,
    /// The last top-up that counted.
    topup: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    customer: CustomerId,
    charge: Charge,
}

/// The dates of two places on earth differ by at most so many days; older ones cannot come again.
const DAYS_KEPT: u32 = 2;

impl Ledger {
    /// The customer paid. Top-ups have rising numbers, and what a trial gives has none: nothing counts twice.
    pub(super) fn credit(&mut self, customer: CustomerId, topup: u64, amount: Amount) {
        if !self.is_new(customer, topup) {
            return;
        }
        let purse = self.purses.entry(customer).or_default();
        purse.topup = topup;
        let granted = &mut purse.balance.granted.0;
        *granted = granted.saturating_add(amount.0);
    }

    /// An operator gave the customer credit, or took some back.
    pub(super) fn grant(&mut self, customer: CustomerId, amount: Amount) {
        let granted = &mut self.purses.entry(customer).or_default().balance.granted.0;
        *granted = granted.saturating_add(amount.0);
    }

    /// Reserves what the message takes, in the place of what it took before.
    pub(super) fn reserve(&mut self, customer: CustomerId, key: MessageKey, charge: Charge) {
        self.refund(key);
        self.open.insert(key, Open { customer, charge });
        if charge.price.0 > 0 {
            let balance = &mut self.purses.entry(customer).or_default().balance;
            balance.reserved.0 += charge.price.0;
            assert!(
                balance.available().0 >= 0,
                "the credit of customer {} fell below zero",
                customer.0
            );
        }
        if let Some(day) = charge.day
            && !self.is_over(customer, day)
        {
            self.forget_before(customer, day);
            *self.days.entry((customer, day)).or_default() += u64::from(charge.segments);
        }
    }

    /// The message left: what it took is spent.
    pub(super) fn commit(&mut self, key: MessageKey) {
        if let Some(Open { customer, charge }) = self.settle(key)
            && let Some(purse) = self.purses.get_mut(&customer)
        {
            purse.balance.spent.0 += charge.price.0;
        }
    }

    /// It never left: what it took is there again.
    pub(super) fn refund(&mut self, key: MessageKey) {
        if let Some(Open { customer, charge }) = self.settle(key)
            && let Some(day) = charge.day
            && let Some(count) = self.days.get_mut(&(customer, day))
        {
            *count -= u64::from(charge.segments);
        }
    }

    /// The message reserves nothing any more.
    fn settle(&mut self, key: MessageKey) -> Option<Open> {
        let open = self.open.remove(&key)?;
        if let Some(purse) = self.purses.get_mut(&open.customer) {
            purse.balance.reserved.0 -= open.charge.price.0;
        }
        Some(open)
    }

    fn is_over(&self, customer: CustomerId, day: Day) -> bool {
        let all = (customer, Day(0))..=(customer, Day(u32::MAX));
        let newest = self.days.range(all).next_back();
        newest.is_some_and(|(&(_, newest), _)| day.0 + DAYS_KEPT < newest.0)
    }

    fn forget_before(&mut self, customer: CustomerId, day: Day) {
        let kept = Day(day.0.saturating_sub(DAYS_KEPT));
        while let Some((&old, _)) = self.days.range((customer, Day(0))..(customer, kept)).next() {
            self.days.remove(&old);
        }
    }

    /// Everything as records: first what is settled, then what is open. To be applied when the messages are there.
    pub(super) fn snapshot(&self, write: &mut dyn FnMut(&Record<'_>)) {
        let mut settled = self.days.clone();
        let mut open: Vec<_> = self.open.iter().collect();
        open.sort_by_key(|&(&key, _)| key);
        for (_, Open { customer, charge }) in &open {
            if let Some(day) = charge.day
                && let Some(count) = settled.get_mut(&(*customer, day))
            {
                *count -= u64::from(charge.segments);
            }
        }
        for (&customer, purse) in &self.purses {
            write(&Record::Purse {
                customer,
                topup: purse.topup,
                granted: purse.balance.granted,
                spent: purse.balance.spent,
            });
        }
        for (&(customer, day), &segments) in &settled {
            write(&Record::Counted {
                customer,
                day,
                segments,
            });
        }
        for (&key, Open { charge, .. }) in open {
            write(&Record::Charged {
                key,
                charge: *charge,
            });
        }
    }

    /// From a snapshot: what a customer was granted and spent.
    pub(super) fn restore_purse(
        &mut self,
        customer: CustomerId,
        topup: u64,
        granted: Amount,
        spent: Amount,
    ) {
        let balance = Balance {
            granted,
            spent,
            reserved: Amount(0),
        };
        self.purses.insert(customer, Purse { balance, topup });
    }

    /// From a snapshot: what settled messages count for a day.
    pub(super) fn restore_day(&mut self, customer: CustomerId, day: Day, segments: u64) {
        self.days.insert((customer, day), segments);
    }

    /// None: nothing was ever paid.
    pub(crate) fn balance(&self, customer: CustomerId) -> Option<Balance> {
        self.purses.get(&customer).map(|purse| purse.balance)
    }

    pub(crate) fn balances(&self) -> impl Iterator<Item = (CustomerId, Balance)> + '_ {
        let purses = self.purses.iter();
        purses.map(|(&customer, purse)| (customer, purse.balance))
    }

    /// Whether a payment has not counted yet.
    pub(crate) fn is_new(&self, customer: CustomerId, topup: u64) -> bool {
        let known = self.purses.get(&customer);
        known.is_none_or(|purse| topup > purse.topup)
    }

    /// Whether a customer can pay so much.
    pub(crate) fn affords(&self, customer: CustomerId, price: Amount) -> bool {
        let available = self
            .balance(customer)
            .map_or(Amount(0), |balance| balance.available());
        price <= available
    }

    /// What a message has reserved.
    pub(crate) fn open(&self, key: MessageKey) -> Option<Charge> {
        self.open.get(&key).map(|open| open.charge)
    }

    /// Segments that count for this day.
    pub(crate) fn counted(&self, customer: CustomerId, day: Day) -> u64 {
        self.days.get(&(customer, day)).copied().unwrap_or(0)
    }

    /// Octets of memory.
    pub(crate) fn memory(&self) -> u64 {
        const OCTETS: usize = 2 * size_of::<(MessageKey, Open)>();
        (self.open.len() * OCTETS) as u64
    }
}

impl Fold {
    /// The message takes this of its customer's means.
    pub(super) fn charge(&mut self, key: MessageKey, charge: Charge) {
        let Some(slot) = self.slot(key) else { return };
        let entry = &mut self.entries[slot];
        entry.charged = true;
        let customer = entry.order.customer;
        self.ledger.reserve(customer, key, charge);
    }

    /// A carrier has the message.
    pub(super) fn commit(&mut self, slot: Slot) {
        let entry = &mut self.entries[slot];
        if core::mem::take(&mut entry.charged) {
            self.ledger.commit(entry.order.key);
        }
    }

    /// The message ends. What it took is given back only if no carrier can have it.
    pub(super) fn settle(&mut self, slot: Slot, reason: Reason) {
        let entry = &mut self.entries[slot];
        if !core::mem::take(&mut entry.charged) {
            return;
        }
        let key = entry.order.key;
        if reason == Reason::Unknown || entry.leg().is_some_and(|leg| leg.doubts > 0) {
            self.ledger.commit(key);
        } else {
            self.ledger.refund(key);
        }
    }
}
