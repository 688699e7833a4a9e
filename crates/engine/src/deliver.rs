//! Bringing receipts and MO to customers, until they acknowledge them.

use core::time::Duration;

use sms::{Instant, State};

use crate::engine::Turn;
use crate::entry::{Entry, Order, Stage};
use crate::fold::Fold;
use crate::live::{Bind, Live, Side, Timer};
use crate::record::{Reason, Record};
use crate::{BindId, CustomerId, Delivery, MessageKey, Origin, Outcome, Output, RefusalClass};

/// After the first, second.. failure; the last one repeats until the delivery expires.
const RETRY: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(3600),
];
/// How long a late deliver_sm_resp is waited for.
const LATE_WAIT: Duration = Duration::from_secs(30);

impl Turn<'_> {
    /// A new bind is a new chance for what was refused before.
    pub(crate) fn retry_now(&mut self, id: CustomerId) {
        let Some(live) = self.live.customers.get_mut(&id) else {
            return;
        };
        let resting = live.tries.iter().filter(|(_, tries)| tries.rest.is_some());
        let mut keys: Vec<_> = resting.map(|(&key, _)| key).collect();
        keys.sort();
        for key in keys {
            self.retry(id, key);
        }
    }

    /// A delivery that rests has rested enough.
    pub(crate) fn retry(&mut self, id: CustomerId, key: MessageKey) {
        let live = self.live.customers.get_mut(&id);
        let tries = live.and_then(|live| live.tries.get_mut(&key));
        let Some(rest) = tries.and_then(|tries| tries.rest.take()) else {
            return;
        };
        self.live.timers.cancel(rest);
        if let Some(entry) = self.fold.entry(key) {
            self.live.enqueue_delivery(&entry.order);
        }
    }

    pub(crate) fn customer_unbound(&mut self, id: CustomerId, bind: Bind) {
        // The silent ones are to be tried again anyway.
        let open = bind.flights.iter().filter(|flight| !flight.silent);
        let mut keys: Vec<_> = open.map(|flight| flight.key).collect();
        if let Side::Customer { ready, .. } = bind.side {
            keys.extend(ready);
        }
        let Some(live) = self.live.customers.get_mut(&id) else {
            return;
        };
        live.binds.retain(|&other| other != bind.id);
        // Before what is ready already, in the order of their keys; a delivery may come twice, but never not at all.
        keys.sort();
        for key in keys.into_iter().rev() {
            live.ready.push_front(key);
        }
        self.live.touch_customer(id);
    }

    /// There is a new delivery. It may go to its customer, unless an earlier receipt of its message is still out.
    pub(crate) fn ready(&mut self, key: MessageKey) {
        let entry = self.fold.entry(key);
        if let Some(entry) = entry.filter(|entry| entry.delivery().is_some()) {
            self.live.new_delivery(entry);
        }
    }

    /// Whether the customer is about to be told this state of the message anyway.
    pub(crate) fn is_being_told(&self, order: &Order, state: State) -> bool {
        let live = self.live.customers.get(&order.customer);
        let keys = live.and_then(|live| live.turns.get(&order.told));
        keys.into_iter()
            .flatten()
            .filter_map(|&key| self.fold.entry(key)?.delivery())
            .any(|delivery| matches!(delivery, Delivery::Receipt { state: told, .. } if told == state))
    }

    /// The delivery of `order` is over: it is not tried again, and the next receipt of the message has its turn.
    pub(crate) fn delivery_over(&mut self, order: &Order) {
        let live = self.live.customers.get_mut(&order.customer);
        let live = live.filter(|live| !live.tries.is_empty());
        let tries = live.and_then(|live| live.tries.remove(&order.key));
        if let Some(rest) = tries.and_then(|tries| tries.rest) {
            self.live.timers.cancel(rest);
        }
        self.next_turn(order);
    }

    fn next_turn(&mut self, order: &Order) {
        if !takes_turns(order) {
            return;
        }
        let live = self.live.customers.get_mut(&order.customer);
        let Some(turns) = live.and_then(|live| live.turns.get_mut(&order.told)) else {
            return;
        };
        if turns.front() != Some(&order.key) {
            // It expired while it waited; nobody is to wait for it.
            turns.retain(|&key| key != order.key);
            return;
        }
        turns.pop_front();
        while let Some(&key) = turns.front() {
            if let Some(next) = self.fold.entry(key) {
                self.live.enqueue_delivery(&next.order);
                return;
            }
            turns.pop_front();
        }
        if let Some(live) = self.live.customers.get_mut(&order.customer) {
            live.turns.remove(&order.told);
        }
    }

    /// Every customer that something changed for gets what its windows allow.
    pub(crate) fn deliver(&mut self) {
        while let Some(id) = self.live.dirty_customers.pop() {
            let Some(live) = self.live.customers.get_mut(&id) else {
                continue;
            };
            live.dirty = false;
            let binds = live.binds.clone();
            for bind in binds {
                while let Some((key, to, token)) = self.next_delivery(id, bind) {
                    let Some(entry) = self.fold.entry(key) else {
                        continue;
                    };
                    let Some(what) = entry.delivery() else {
                        continue;
                    };
                    let body = self.step.gated.put(&entry.body);
                    self.step.gated.push(Output::Deliver {
                        to,
                        token,
                        what,
                        body,
                    });
                }
            }
        }
    }

    /// The next delivery for a bind: its own first, then the customer's.
    fn next_delivery(&mut self, id: CustomerId, bind: BindId) -> Option<(MessageKey, Origin, u64)> {
        let any = &mut self.live.customers.get_mut(&id)?.ready;
        let bind = self
            .live
            .binds
            .get_mut(bind)
            .filter(|bind| bind.has_room(self.now.mono))?;
        let Side::Customer {
            kind, ready: own, ..
        } = &mut bind.side
        else {
            return None;
        };
        if !kind.receives() {
            return None;
        }
        let waits = |key: &MessageKey| {
            self.fold
                .entry(*key)
                .is_some_and(|entry| entry.delivery().is_some())
        };
        let mut next = || own.pop_front().or_else(|| any.pop_front());
        let key = core::iter::from_fn(&mut next).find(waits)?;
        Some((key, bind.origin, bind.flights.start(key, 0)))
    }

    /// A customer answered a delivery, or did not.
    pub(crate) fn delivered(&mut self, bind: BindId, token: u64, outcome: Outcome) {
        let Some(live) = self.live.binds.get_mut(bind) else {
            return;
        };
        let Side::Customer { customer, .. } = live.side else {
            return;
        };
        if outcome == Outcome::Silent {
            // Its place in the window stays taken, for the answer may still come; meanwhile it is tried again elsewhere in it.
            if let Some(key) = live.flights.mute(token) {
                self.live
                    .timers
                    .set(self.now.mono + LATE_WAIT, Timer::Late { bind, token });
                self.deliver_later(customer, key);
            }
            return;
        }
        let Some(flight) = live.flights.end(token) else {
            return;
        };
        self.live.touch_customer(customer);
        match outcome {
            Outcome::Accepted { .. } => {
                self.end_delivery(flight.key, Reason::Acknowledged);
            }
            Outcome::Refused {
                class: RefusalClass::Permanent,
                ..
            } => {
                self.end_delivery(flight.key, Reason::RefusedByCustomer);
            }
            Outcome::Refused { .. } | Outcome::Unsent | Outcome::Silent => {
                self.deliver_later(customer, flight.key);
            }
        }
    }

    fn end_delivery(&mut self, key: MessageKey, reason: Reason) {
        let Some(order) = self.fold.entry(key).map(|entry| entry.order) else {
            return;
        };
        let at = self.now.wall;
        let expires = self.expiry(Duration::ZERO);
        self.record(&Record::Done {
            key,
            reason,
            at,
            receipt: None,
            expires,
        });
        self.delivery_over(&order);
    }

    /// The delivery failed: it rests, and is tried again.
    fn deliver_later(&mut self, customer: CustomerId, key: MessageKey) {
        if self.fold.entry(key).is_none() {
            // It expired meanwhile, or another answer to it came first.
            return;
        }
        let live = self.live.customers.entry(customer).or_default();
        let tries = live.tries.entry(key).or_default();
        let delay = RETRY[usize::from(tries.failed).min(RETRY.len() - 1)];
        let timer = Timer::Retry { customer, key };
        let rest = self.live.timers.set(self.now.mono + delay, timer);
        let before = tries.rest.replace(rest);
        tries.failed = tries.failed.saturating_add(1);
        if let Some(before) = before {
            self.live.timers.cancel(before);
        }
    }
}

/// Who hears of states on the way hears of one at a time, so that the last one heard is the last one there was.
fn takes_turns(order: &Order) -> bool {
    order.wants.may_be_several()
}

impl Live {
    fn new_delivery(&mut self, entry: &Entry) {
        let order = &entry.order;
        if takes_turns(order) && matches!(entry.delivery(), Some(Delivery::Receipt { .. })) {
            let customer = self.customers.entry(order.customer).or_default();
            let turns = customer.turns.entry(order.told).or_default();
            turns.push_back(order.key);
            if turns.len() > 1 {
                return;
            }
        }
        self.enqueue_delivery(order);
    }

    /// To the bind of the submit, if that can receive, else to any.
    fn enqueue_delivery(&mut self, order: &Order) {
        let bind = self.binds.get_mut(order.bind).map(|bind| &mut bind.side);
        let queue = match bind {
            Some(Side::Customer {
                customer,
                kind,
                ready,
                ..
            }) if *customer == order.customer && kind.receives() => ready,
            _ => &mut self.customers.entry(order.customer).or_default().ready,
        };
        queue.push_back(order.key);
        self.touch_customer(order.customer);
    }

    /// After a restart: everything that waits for a customer is ready, everything that was being sent is in doubt.
    pub(crate) fn rebuild(&mut self, fold: &Fold) {
        let mut deliveries = Vec::new();
        let mut doubts = Vec::new();
        for entry in fold.entries() {
            match entry.leg() {
                None => deliveries.push(entry),
                Some(leg) if leg.stage == Stage::Sending => {
                    doubts.push((entry.order.key, leg.connector));
                }
                Some(_) => {}
            }
        }
        deliveries.sort_by_key(|entry| entry.order.key);
        doubts.sort();
        for delivery in deliveries {
            self.new_delivery(delivery);
        }
        for (key, connector) in doubts {
            // The origin of the shell's clock is the start of the process.
            self.doubt(connector, [key], Instant(0), Instant(0));
        }
        for (key, stray) in fold.strays().filter(|(_, stray)| stray.parked) {
            self.connectors
                .entry(stray.connector)
                .or_default()
                .parked
                .push_back((0, key));
        }
    }
}
