//! Bringing receipts and MO to customers, until they acknowledge them.

use core::time::Duration;

use sms::{Instant, State};

use crate::delivery_lane::{Kind, LaneName};
use crate::doubts::Doubt;
use crate::engine::Turn;
use crate::entry::{Entry, Order, Stage};
use crate::fold::Fold;
use crate::live::{Bind, CustomerSide, Flights, Live, Side, Timer};
use crate::number::Tail;
use crate::record::{Reason, Record};
use crate::{
    BindId, Customer, CustomerId, Delivery, Directory, Lapse, MessageKey, Outcome, Party,
    RefusalClass, Standing,
};

/// When a delivery is tried again whose customer says nothing of it.
const RETRY_LATER: Duration = Duration::from_secs(3600);
/// How long a late deliver_sm_resp is waited for.
const LATE_WAIT: Duration = Duration::from_secs(30);

impl Turn<'_> {
    /// A new bind of the group is a new chance for what was refused before.
    pub(crate) fn retry_now(&mut self, (id, group): LaneName) {
        let Some(live) = self.live.customers.get_mut(&id) else {
            return;
        };
        let resting = live.tries.iter().filter(|(_, tries)| tries.rest.is_some());
        let mut keys: Vec<_> = resting
            .map(|(&key, _)| key)
            .filter(|&key| {
                let entry = self.fold.entry(key);
                entry.is_none_or(|entry| entry.order.group == group)
            })
            .collect();
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
            self.live.enqueue_delivery(entry);
        }
    }

    /// What the bind had goes to others of its group, before what is ready there already and in the order of the keys; a delivery
    /// may come twice, but never not at all.
    pub(crate) fn customer_unbound(&mut self, id: BindId, flights: &Flights, side: CustomerSide) {
        let name = side.lane();
        // The silent ones are to be tried again anyway.
        let open = flights.iter().filter(|flight| !flight.silent);
        let mut keys: Vec<_> = open.map(|flight| flight.key).collect();
        keys.extend(side.ready);
        keys.sort();
        if let Some(live) = self.live.customers.get_mut(&name.0)
            && let Ok(place) = live.binds.binary_search(&id)
        {
            live.binds.remove(place);
        }
        let lane = self.live.touch_lane(name);
        lane.leave(id);
        for key in keys.into_iter().rev() {
            let delivery = self.fold.entry(key).and_then(Entry::delivery);
            if let Some(delivery) = delivery {
                lane.push_front(Kind::of(&delivery), key);
            }
        }
        self.place_left(name.0, id);
    }

    /// There is a new delivery. It may go to its customer, unless an earlier receipt of its message is still out.
    pub(crate) fn ready(&mut self, key: MessageKey) {
        let entry = self.fold.entry(key);
        if let Some(entry) = entry.filter(|entry| entry.delivery().is_some()) {
            self.live.new_delivery(entry);
        }
    }

    /// Whether the customer is about to be told this state of the message anyway. Messages to several destinations have one name.
    pub(crate) fn is_being_told(&self, order: &Order, state: State) -> bool {
        let live = self.live.customers.get(&order.customer);
        let keys = live.and_then(|live| live.turns.get(&order.told));
        let digits = self.fold.entry(order.key).map(Entry::destination);
        let keys = keys.into_iter().flatten();
        let entries = keys.filter_map(|&key| self.fold.entry(key));
        entries
            .filter(|entry| Some(entry.destination()) == digits)
            .filter_map(Entry::delivery)
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

    /// A delivery of this order expired: a lane that nobody fetches from does not keep the names of what is no more.
    pub(crate) fn drop_ended(&mut self, order: &Order) {
        let name = (order.customer, order.group);
        if let Some(lane) = self.live.delivery_lanes.get_mut(&name) {
            lane.drop_ended(|key| self.fold.entry(key).is_some());
            if lane.is_idle() {
                self.live.delivery_lanes.remove(&name);
            }
        }
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
                self.live.enqueue_delivery(next);
                return;
            }
            turns.pop_front();
        }
        if let Some(live) = self.live.customers.get_mut(&order.customer) {
            live.turns.remove(&order.told);
        }
    }

    /// Every bind and lane that something changed for gets what its windows allow.
    pub(crate) fn deliver(&mut self) {
        while let Some(bind) = self.live.dirty_binds.pop() {
            self.deliver_own(bind);
        }
        while let Some(lane) = self.live.dirty_lanes.pop() {
            self.deliver_shared(lane);
        }
    }

    /// What waits for this bind alone.
    fn deliver_own(&mut self, id: BindId) {
        let Turn {
            live, fold, step, ..
        } = self;
        let Some(bind) = live.binds.get_mut(id) else {
            return;
        };
        let room = bind.window.saturating_sub(bind.flights.len());
        let Bind {
            side: Side::Customer(side),
            flights,
            origin,
            ..
        } = bind
        else {
            return;
        };
        side.dirty = false;
        if fold.standings.of(Party::Customer(side.customer)) == Standing::Paused {
            return;
        }
        let waiting = core::iter::from_fn(|| side.ready.pop_front());
        let waiting = waiting.filter_map(|key| Some((key, fold.entry(key)?)));
        let waiting = waiting.filter_map(|(key, entry)| Some((key, entry, entry.delivery()?)));
        for (key, entry, what) in waiting.take(room) {
            let token = flights.start(key, 0);
            step.deliver(*origin, token, what, &entry.body);
        }
    }

    /// What waits for a customer and a group.
    fn deliver_shared(&mut self, name: LaneName) {
        let Turn {
            live,
            fold,
            step,
            directory,
            now,
            ..
        } = self;
        let Live {
            delivery_lanes,
            binds,
            ..
        } = &mut **live;
        let Some(lane) = delivery_lanes.get_mut(&name) else {
            return;
        };
        lane.dirty = false;
        let delivery = |key| fold.entry(key).and_then(Entry::delivery);
        let paused = fold.standings.of(Party::Customer(name.0)) == Standing::Paused;
        if let Some(customer) = directory.customers.get(&name.0).filter(|_| !paused) {
            while let Some((key, to)) =
                lane.next(customer, binds, now.mono, |key| delivery(key).is_some())
                && let Some((entry, bind)) = fold.entry(key).zip(binds.get_mut(to))
                && let Some(what) = entry.delivery()
            {
                let token = bind.flights.start(key, 0);
                step.deliver(bind.origin, token, what, &entry.body);
            }
        }
        if lane.is_idle() {
            delivery_lanes.remove(&name);
        }
    }

    /// A customer answered a delivery, or did not.
    pub(crate) fn delivered(&mut self, bind: BindId, token: u64, outcome: Outcome) {
        let Some(live) = self.live.binds.get_mut(bind) else {
            return;
        };
        let Side::Customer(CustomerSide { customer, .. }) = live.side else {
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
        self.live.room_on(bind);
        match outcome {
            Outcome::Accepted { .. } => {
                self.took(flight.key, flight.key.minted(), Lapse::ToCustomer);
                self.end_untold(flight.key, Reason::Acknowledged);
            }
            Outcome::Refused {
                class: RefusalClass::Permanent,
                ..
            } => {
                self.live.lost.refused += 1;
                self.end_untold(flight.key, Reason::RefusedByCustomer);
            }
            Outcome::Refused { .. } | Outcome::Unsent | Outcome::Silent => {
                self.deliver_later(customer, flight.key);
            }
        }
    }

    /// Ends a delivery, or a message of whose end its customer is not told.
    pub(crate) fn end_untold(&mut self, key: MessageKey, reason: Reason) {
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
        let retry = self.directory.customers.get(&customer);
        let retry = retry.map_or(&[][..], |customer| &customer.delivery_retry);
        let step = usize::from(tries.failed).min(retry.len().saturating_sub(1));
        let delay = retry.get(step).copied().unwrap_or(RETRY_LATER);
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
        self.enqueue_delivery(entry);
    }

    /// To the bind of the submit if that can receive and is to have it, else to any of the group.
    fn enqueue_delivery(&mut self, entry: &Entry) {
        let order = &entry.order;
        let side = self.binds.get_mut(order.bind).and_then(Bind::customer_side);
        if let Some(side) = side.filter(|side| side.keeps_own && side.customer == order.customer) {
            side.ready.push_back(order.key);
            if !core::mem::replace(&mut side.dirty, true) {
                self.dirty_binds.push(order.bind);
            }
        } else if let Some(delivery) = entry.delivery() {
            let lane = self.touch_lane((order.customer, order.group));
            lane.push_back(Kind::of(&delivery), order.key);
        }
    }

    /// The customers' rules are new: what waits for one bind alone goes to all of its group if it should not wait for it.
    pub(crate) fn redistribute(&mut self, directory: &Directory) {
        let lanes: Vec<_> = self.delivery_lanes.keys().copied().collect();
        for name in lanes {
            self.touch_lane(name);
        }
        let binds: Vec<_> = self.binds.iter().map(|bind| bind.id).collect();
        for id in binds {
            let Some(side) = self.binds.get_mut(id).and_then(Bind::customer_side) else {
                continue;
            };
            let customer = directory.customers.get(&side.customer);
            side.keeps_own = side.kind.receives() && customer.is_some_and(Customer::keeps_session);
            if !side.keeps_own && !side.ready.is_empty() {
                let (name, ready) = (side.lane(), core::mem::take(&mut side.ready));
                let lane = self.touch_lane(name);
                for key in ready.into_iter().rev() {
                    lane.push_front(Kind::Receipt, key);
                }
            }
        }
    }

    /// After a restart: everything that waits for a customer is ready, everything that was being sent is in doubt.
    pub(crate) fn rebuild(&mut self, fold: &Fold) {
        self.rebuild_wholes(fold);
        self.rebuild_mo_parts(fold);
        let mut deliveries = Vec::new();
        let mut doubts = Vec::new();
        for entry in fold.entries() {
            match entry.leg() {
                None if fold.apart().waits(entry.order.key) => {}
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
            let number = fold.entry(key).map_or(&[][..], Entry::destination);
            // The origin of the shell's clock is the start of the process.
            let doubt = Doubt {
                key,
                since: Instant(0),
                waited: Instant(0),
                number: Tail::of(number),
            };
            self.doubt(connector, [doubt]);
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
