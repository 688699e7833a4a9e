//! Sending to carriers: what waits in a lane goes out as window credit and pace allow.

use core::time::Duration;

use sms::Instant;

use crate::doubts::Doubt;
use crate::engine::Turn;
use crate::live::{Bind, Side};
use crate::number::Tail;
use crate::record::{Keys, Reason, Record};
use crate::{BindId, Connector, ConnectorId, InDoubt, MessageKey, Origin, Output, Party, Room};

impl Turn<'_> {
    /// Every connector that something changed for sends what it may.
    pub(crate) fn dispatch(&mut self) {
        while let Some(id) = self.live.dirty_connectors.pop() {
            if let Some(connector) = self.live.connectors.get_mut(&id) {
                connector.dirty = false;
            }
            let directory = self.directory;
            self.settle_parked(id);
            self.forget_closed(id);
            let Some(connector) = directory.connectors.get(&id) else {
                // Nobody will bind to it again.
                if self.live.informed {
                    self.settle_doubts(id, InDoubt::Fail, 0);
                    self.dissolve(id);
                }
                continue;
            };
            self.settle_doubts(id, connector.in_doubt, connector.resend_max);
            if connector.enabled && self.may_send_to(id) {
                self.send_waiting(id, connector);
            }
        }
    }

    pub(crate) fn may_send(&self) -> bool {
        !self.live.draining && self.live.room < Room::Scarce
    }

    fn may_send_to(&self, id: ConnectorId) -> bool {
        self.may_send() && !self.is_paused(Party::Connector(id)) && !self.fold.holds_all(id)
    }

    fn send_waiting(&mut self, id: ConnectorId, connector: &Connector) {
        let credit = self.credit(id, connector);
        if credit == 0 {
            return;
        }
        let Some(live) = self.live.connectors.get_mut(&id) else {
            return;
        };
        let customers = &self.directory.customers;
        let worth = |customer| {
            customers
                .get(&customer)
                .map_or(1, |customer| customer.weight)
        };
        let mut keys = live.shares.pick(self.fold, worth, id, credit);
        if self.drop_expired(&mut keys) {
            // Their places are for those behind them, but not in this step: there may be a million.
            let soon = self.now.mono + Duration::from_millis(1);
            self.live.wake_connector(id, soon);
        }
        if keys.is_empty() {
            return;
        }
        let mut sent = 0;
        for &key in &keys {
            let Some((to, token)) = self.fly(id, key) else {
                break;
            };
            let Some(entry) = self.fold.entry(key) else {
                break;
            };
            let body = self.step.gated.put(&entry.body);
            let expires = entry.order.expires.wall();
            self.step.gated.push(Output::Send {
                to,
                token,
                key,
                expires,
                body,
            });
            sent += 1;
        }
        self.record(&Record::Sending {
            connector: id,
            keys: Keys::Fresh(&keys[..sent]),
        });
        let more = self.fold.lane(id).is_some_and(|lane| !lane.is_empty());
        if more && self.room_on_binds(id) > 0 {
            self.wake_for_tokens(id, connector);
        }
    }

    /// More may have expired than one step ends, after a long outage for instance: those are not sent either. Whether there
    /// were any.
    fn drop_expired(&mut self, keys: &mut Vec<MessageKey>) -> bool {
        let now = self.now.wall;
        if self.fold.next_expiry().is_none_or(|first| first > now) {
            return false;
        }
        let expired = keys.extract_if(.., |key| {
            let entry = self.fold.entry(*key);
            entry.is_some_and(|entry| entry.order.expires.wall() <= now)
        });
        let expired: Vec<_> = expired.collect();
        for &key in &expired {
            self.finish(key, Reason::Expired);
        }
        !expired.is_empty()
    }

    /// How many may be sent now; if only time is lacking, the connector is woken when it has passed.
    fn credit(&mut self, id: ConnectorId, connector: &Connector) -> usize {
        let room = self.room_on_binds(id);
        let now = self.now.mono;
        let Some(live) = self.live.connectors.get_mut(&id) else {
            return 0;
        };
        if room == 0 {
            return 0;
        }
        if live.paused_until > now {
            let until = live.paused_until;
            self.live.wake_connector(id, until);
            return 0;
        }
        let Some(tokens) = live.bucket.fill(now, connector.rate) else {
            return room;
        };
        if tokens == 0 {
            self.wake_for_tokens(id, connector);
        }
        room.min(usize::try_from(tokens).unwrap_or(usize::MAX))
    }

    fn wake_for_tokens(&mut self, id: ConnectorId, connector: &Connector) {
        let live = self.live.connectors.get(&id);
        let Some(wait) = live.and_then(|live| live.bucket.wait(connector.rate)) else {
            return;
        };
        let at = self.now.mono + wait.max(Duration::from_millis(1));
        self.live.wake_connector(id, at);
    }

    /// Free places in the windows of a connector's binds.
    fn room_on_binds(&self, id: ConnectorId) -> usize {
        let Some(live) = self.live.connectors.get(&id) else {
            return 0;
        };
        let binds = live
            .binds
            .iter()
            .filter_map(|&bind| self.live.binds.get(bind));
        binds
            .filter(|bind| bind.has_room(self.now.mono))
            .map(|bind| bind.window - bind.flights.len())
            .sum()
    }

    /// A place in the window of a connector for a message that need not wait: `None` if it has to.
    pub(crate) fn take_off(&mut self, id: ConnectorId, key: MessageKey) -> Option<(Origin, u64)> {
        let directory = self.directory;
        let connector = directory
            .connectors
            .get(&id)
            .filter(|connector| connector.enabled && self.may_send_to(id))?;
        if self.credit(id, connector) == 0 {
            return None;
        }
        self.fly(id, key)
    }

    /// Takes a place in the window of the bind whose turn it is.
    fn fly(&mut self, id: ConnectorId, key: MessageKey) -> Option<(Origin, u64)> {
        let live = self.live.connectors.get_mut(&id)?;
        for _ in 0..live.binds.len() {
            live.turn = (live.turn + 1) % live.binds.len();
            let bind = self.live.binds.get_mut(live.binds[live.turn]);
            if let Some(bind) = bind.filter(|bind| bind.has_room(self.now.mono)) {
                live.sends += 1;
                live.bucket.spend(self.now.mono);
                return Some((bind.origin, bind.flights.start(key, live.sends)));
            }
        }
        None
    }

    /// A bind to a carrier stands.
    pub(crate) fn connected(
        &mut self,
        origin: Origin,
        connector: ConnectorId,
        transmits: bool,
        window: u16,
    ) {
        let side = Side::Carrier { connector };
        let bind = self.live.binds.insert(self.now.wall, origin, side, window);
        self.step.free.push(Output::Bound { origin, bind });
        let live = self.live.connectors.entry(connector).or_default();
        if transmits {
            live.binds.push(bind);
            // The answers to what is in doubt do not come over a new bind.
            live.doubts.stop_waiting();
        }
        self.live.touch_connector(connector);
    }

    /// A bind to a carrier is about to end: nothing is sent over it any more, and without another one its connector is not connected.
    pub(crate) fn retiring(&mut self, id: BindId) {
        if let Some(&Side::Carrier { connector }) = self.live.binds.get(id).map(|bind| &bind.side)
            && let Some(live) = self.live.connectors.get_mut(&connector)
        {
            let retiring = live.binds.extract_if(.., |other| *other == id);
            live.retiring.extend(retiring);
        }
    }

    /// A bind ended: nobody knows what became of what was in flight on it.
    pub(crate) fn unbound(&mut self, id: BindId) {
        let Some(bind) = self.live.binds.remove(id) else {
            return;
        };
        match bind.side {
            Side::Carrier { connector } => self.carrier_unbound(connector, &bind),
            Side::Customer(side) => self.customer_unbound(id, &bind.flights, side),
        }
    }

    fn carrier_unbound(&mut self, id: ConnectorId, bind: &Bind) {
        let now = self.now.mono;
        let live = self.live.connectors.entry(id).or_default();
        live.binds.retain(|&other| other != bind.id);
        live.retiring.retain(|&other| other != bind.id);
        let mut keys: Vec<_> = bind.flights.iter().map(|flight| flight.key).collect();
        keys.sort();
        let rules = self.directory.connectors.get(&id);
        let waited = now + rules.map_or(Duration::ZERO, |rules| rules.late_wait);
        let doubts = keys.into_iter().map(|key| self.doubt(key, now, waited));
        let doubts: Vec<_> = doubts.collect();
        self.live.doubt(id, doubts);
    }

    /// A message whose answer is not to be expected any more, but evidence may come until `waited`.
    pub(crate) fn doubt(&self, key: MessageKey, since: Instant, waited: Instant) -> Doubt {
        let entry = self.fold.entry(key);
        let number = entry.map_or_else(Tail::default, |entry| Tail::of(entry.destination()));
        Doubt {
            key,
            since,
            waited,
            number,
        }
    }

    /// Applies the connector's policy to what nobody knows the fate of.
    fn settle_doubts(&mut self, id: ConnectorId, policy: InDoubt, resend_max: u8) {
        let now = self.now.mono;
        let connected = self.live.is_connected(id) && self.may_send();
        let Some(live) = self.live.connectors.get_mut(&id) else {
            return;
        };
        if live.doubts.is_empty() {
            return;
        }
        let left = |key| {
            let expires = self.fold.entry(key).map(|entry| entry.order.expires.wall());
            let left = expires.map_or(0, |end| end.0.saturating_sub(self.now.wall.0));
            Duration::from_millis(left)
        };
        // After the end of its validity no carrier delivers it any more.
        let due = |doubt: &Doubt| match policy {
            InDoubt::Resend if connected => doubt.waited,
            InDoubt::Resend => now + left(doubt.key),
            InDoubt::Hold(span) => (doubt.since + span).min(now + left(doubt.key)),
            InDoubt::Fail => now,
        };
        let ripe = live.doubts.take_ripe(now, due);
        if !live.doubts.is_empty() {
            // It may have been woken for something else, and there is one wake for all.
            let next = live.doubts.due;
            self.live.wake_connector(id, next);
        }
        let resends = policy == InDoubt::Resend && connected;
        self.resolve(id, if resends { resend_max } else { 0 }, ripe);
    }

    /// Nothing is waited for any longer: what may still be sent again is, and was not as often as `resend_max`; of the rest nobody
    /// will know.
    fn resolve(&mut self, id: ConnectorId, resend_max: u8, ripe: Vec<Doubt>) {
        let mut again = Vec::new();
        let mut unknown = 0;
        for Doubt { key, .. } in ripe {
            let Some(entry) = self.fold.entry(key).filter(|entry| entry.is_sending()) else {
                continue;
            };
            let valid = entry.order.expires.wall() > self.now.wall;
            if valid && entry.leg().is_some_and(|leg| leg.doubts < resend_max) {
                again.push(key);
            } else {
                self.finish(key, Reason::Unknown);
                unknown += 1;
            }
        }
        if let Some(live) = self.live.connectors.get_mut(&id) {
            live.resent += again.len() as u64;
            live.unknown += unknown;
        }
        if !again.is_empty() {
            again.sort();
            self.record(&Record::Returned {
                connector: id,
                doubt: true,
                keys: Keys::Fresh(&again),
            });
        }
    }
}
