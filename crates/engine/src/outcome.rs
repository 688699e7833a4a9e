//! What became of a send: taken, refused for now or for good, or nobody knows.

use core::time::Duration;

use sms::{Message, State};

use crate::engine::Turn;
use crate::entry::CarrierId;
use crate::live::{Flight, MISCOUNT_REST, Side, Timer};
use crate::record::{How, Keys, Reason, Record};
use crate::{
    BindId, Connector, ConnectorId, Inputs, Lapse, MessageKey, Outcome, Output, RefusalClass,
    RouteName,
};

impl Turn<'_> {
    /// A carrier answered, or did not.
    pub(crate) fn sent(&mut self, bind: BindId, token: u64, outcome: Outcome, inputs: &Inputs) {
        let Some(Side::Carrier { connector: id }) =
            self.live.binds.get(bind).map(|bind| &bind.side)
        else {
            return;
        };
        let id = *id;
        if outcome == Outcome::Silent {
            self.silent(bind, token, id);
            return;
        }
        let Some(flight) = self.land(bind, token) else {
            return;
        };
        self.live.touch_connector(id);
        // A late answer may find that the message was given up, or is on its way a second time.
        if !self.fold.is_sending(flight.key) {
            return;
        }
        let fallback;
        let connector = match self.directory.connectors.get(&id) {
            Some(connector) => connector,
            None => {
                fallback = Connector::default();
                &fallback
            }
        };
        match outcome {
            Outcome::Accepted { id: span } => {
                self.taken(id, connector, flight.key, inputs.get(span));
            }
            Outcome::Refused { class, code } => {
                self.refused(id, connector, flight.key, class, code);
            }
            Outcome::Unsent => {
                self.give_back(id, flight.key);
                if let Some(bind) = self.live.binds.get_mut(bind) {
                    bind.paused_until = self.now.mono + MISCOUNT_REST;
                }
                self.live.wake_connector(id, self.now.mono + MISCOUNT_REST);
            }
            Outcome::Silent => {}
        }
    }

    /// A carrier says with an answer how loaded it is.
    pub(crate) fn loaded(&mut self, bind: BindId, load: u8) {
        let Some(&Side::Carrier { connector: id }) =
            self.live.binds.get(bind).map(|bind| &bind.side)
        else {
            return;
        };
        let agreed = self
            .directory
            .connectors
            .get(&id)
            .and_then(|connector| connector.rate);
        if let Some(live) = self.live.connectors.get_mut(&id) {
            live.bucket.loaded(self.now.mono, agreed, load);
        }
    }

    fn land(&mut self, bind: BindId, token: u64) -> Option<Flight> {
        self.live.binds.get_mut(bind)?.flights.end(token)
    }

    /// The carrier took it. Its receipt may be here already.
    pub(crate) fn taken(
        &mut self,
        id: ConnectorId,
        connector: &Connector,
        key: MessageKey,
        written: &[u8],
    ) {
        let Some(entry) = self.fold.entry(key) else {
            return;
        };
        let until = self.expiry_after(entry.order.expires.wall(), connector.receipt_wait);
        self.record(&Record::Sent {
            key,
            id: written,
            until,
            at: (key.is_sample() || self.directory.limits.outcomes).then_some(self.now.wall),
        });
        self.took(key, key.minted(), Lapse::ToCarrier);
        self.tell_hand_over(id, key, written);
        if !connector.receipts {
            self.finish(key, Reason::Carried);
            return;
        }
        let strays = self.fold.lane(id).map_or(0, |lane| lane.strays().0);
        if strays > 0 {
            self.match_strays(id, key, &CarrierId::new(written));
        }
    }

    /// To some customers it is the carrier's word on the message that it took it, and the last that they hear.
    fn tell_hand_over(&mut self, connector: ConnectorId, of: MessageKey, written: &[u8]) {
        let Some(order) = self.fold.entry(of).map(|entry| entry.order) else {
            return;
        };
        if !order.wants.at_hand_over() || self.fold.speaks_another_for(of) {
            return;
        }
        let key = self.mint();
        let expires = self.expiry(self.delivery_ttl(order.customer));
        self.record(&Record::Receipt {
            key,
            connector,
            of: Some(of),
            how: How::Exact,
            state: State::Enroute,
            err: *b"000",
            done: self.now.wall,
            expires,
            parked: false,
            id: written,
            destination: b"",
        });
        self.ready(key);
    }

    fn refused(
        &mut self,
        id: ConnectorId,
        connector: &Connector,
        key: MessageKey,
        class: RefusalClass,
        code: u32,
    ) {
        match class {
            RefusalClass::Permanent => self.finish(key, Reason::Refused(code)),
            RefusalClass::Temporary => self.try_later(id, connector, key),
            RefusalClass::Vague => {
                let tried = self.fold.leg(key).map_or(0, |leg| leg.attempt);
                if tried + 1 < connector.vague_tries {
                    self.try_later(id, connector, key);
                } else {
                    self.finish(key, Reason::Refused(code));
                }
            }
            RefusalClass::DestinationBusy => {
                let attempt = self.fold.leg(key).map_or(0, |leg| leg.attempt);
                self.record(&Record::Deferred {
                    key,
                    due: self.now.wall.plus(connector.busy_wait),
                    attempt,
                });
            }
            RefusalClass::Throttled => {
                self.give_back(id, key);
                // One window of refusals says the same thing once.
                let live = self.live.connectors.entry(id).or_default();
                if live.paused_until <= self.now.mono {
                    live.bucket.halve(self.now.mono, connector.rate);
                }
                self.live
                    .pause_connector(id, self.now.mono + connector.throttle_wait);
            }
            RefusalClass::LinkFault => {
                self.give_back(id, key);
                self.live
                    .pause_connector(id, self.now.mono + connector.throttle_wait);
            }
        }
    }

    /// Refused for now: later again, and after some tries with the next connector of the route.
    fn try_later(&mut self, id: ConnectorId, connector: &Connector, key: MessageKey) {
        let Some(leg) = self.fold.leg(key) else {
            return;
        };
        let attempt = leg.attempt.saturating_add(1);
        if attempt >= connector.failover_after
            && let Some(next) = self.other_target(id, key, |id| self.takes_messages(id))
            && self.move_on(key, next)
        {
            return;
        }
        let step = usize::from(attempt - 1).min(connector.retry.len().saturating_sub(1));
        let delay = connector.retry.get(step).copied();
        let delay = delay.unwrap_or(connector.busy_wait);
        self.record(&Record::Deferred {
            key,
            due: self.now.wall.plus(delay),
            attempt,
        });
    }

    /// Another connector of the message's route, one that suits.
    fn other_target(
        &self,
        current: ConnectorId,
        key: MessageKey,
        suits: impl Fn(ConnectorId) -> bool,
    ) -> Option<ConnectorId> {
        let entry = self.fold.entry(key)?;
        let customer = self.directory.customers.get(&entry.order.customer)?;
        let message = Message::decode(&entry.body)?;
        let selected = RouteName::behind(&message, &entry.body);
        let route = customer.route(selected, message.destination.digits)?;
        // Parts of one message draw alike.
        let head = self.fold.wholes().head(key).unwrap_or(key);
        self.target(route, head, |id| id != current && suits(id))
    }

    /// The connector was removed: what waits for it goes another way, or ends if there is none. A bounded number in one step, the
    /// rest in the next.
    pub(crate) fn dissolve(&mut self, id: ConnectorId) {
        const MOST: usize = 4096;
        let keys: Vec<_> = self.fold.waiting(id).take(MOST).collect();
        if keys.len() == MOST {
            let soon = self.now.mono + Duration::from_millis(1);
            self.live.wake_connector(id, soon);
        }
        for key in keys {
            let Some(connector) = self.other_target(id, key, |_| true) else {
                self.finish(key, Reason::NoRoute);
                continue;
            };
            self.record(&Record::Routed {
                key,
                connector,
                due: None,
            });
            self.live.touch_connector(connector);
        }
    }

    /// To the head of its lane, as if it had never been sent.
    fn give_back(&mut self, connector: ConnectorId, key: MessageKey) {
        self.record(&Record::Returned {
            connector,
            doubt: false,
            keys: Keys::Fresh(&[key]),
        });
    }

    /// No answer in time. Its place in the window stays taken, for the answer may still come.
    fn silent(&mut self, bind: BindId, token: u64, id: ConnectorId) {
        let wait = self
            .directory
            .connectors
            .get(&id)
            .map_or(Duration::ZERO, |connector| connector.late_wait);
        let Some(carrier) = self.live.binds.get_mut(bind) else {
            return;
        };
        if carrier.flights.mute(token).is_none() {
            return;
        }
        // Nothing can be sent over it any more, and nothing says that it lives.
        if carrier.flights.len() >= carrier.window && carrier.flights.are_all_silent() {
            let to = carrier.origin;
            self.step.free.push(Output::Close { to });
        }
        self.live
            .timers
            .set(self.now.mono + wait, Timer::Late { bind, token });
    }

    /// The late answer did not come either.
    pub(crate) fn too_late(&mut self, bind: BindId, token: u64) {
        let Some(flight) = self.land(bind, token) else {
            return;
        };
        match self.live.binds.get(bind).map(|bind| &bind.side) {
            Some(&Side::Carrier { connector }) => {
                let now = self.now.mono;
                let doubt = self.doubt(flight.key, now, now);
                self.live.doubt(connector, [doubt]);
            }
            Some(Side::Customer(_)) => self.live.room_on(bind),
            None => {}
        }
    }

    fn expiry_after(&self, end: sms::Wall, wait: Duration) -> crate::record::Seconds {
        crate::record::Seconds::from_wall(end.max(self.now.wall).plus(wait))
    }
}
