//! Receipts without a message: parked while they may only be early, matched when their message turns up, and else kept and shown.

use sms::State;

use crate::engine::Turn;
use crate::entry::{CarrierId, Order};
use crate::number::agree;
use crate::receipt::Said;
use crate::record::{How, Reason, Record};
use crate::{ConnectorId, MessageKey};

impl Turn<'_> {
    /// No message has this id. While responses are open it may be early; else it may settle a doubt; else it is kept and shown.
    pub(crate) fn keep_stray(&mut self, said: &Said<'_>) {
        let (connector, limits) = (said.connector, &self.directory.limits);
        let key = self.mint();
        let expires = self.expiry(limits.unmatched_keep);
        let mut record = said.record(key, None, How::None, self.now.wall, expires);
        let open = self.has_open(connector);
        if let Record::Receipt { parked, .. } = &mut record {
            *parked = open;
        }
        self.record(&record);
        if open {
            let live = self.live.connectors.entry(connector).or_default();
            live.parked.push_back((live.sends, key));
            // What is open may all be in doubt, with no response to wait for.
            self.live.touch_connector(connector);
        }
        let (strays, oldest) = self
            .fold
            .lane(connector)
            .map_or((0, None), |lane| lane.strays());
        if let Some(oldest) = oldest.filter(|_| strays > limits.unmatched_max) {
            self.finish_stray(oldest);
        }
    }

    /// The message got its id: receipts may have been here before, in the order of their coming.
    pub(crate) fn match_strays(&mut self, connector: ConnectorId, of: MessageKey, id: &CarrierId) {
        while let Some(order) = self.fold.entry(of).map(|entry| entry.order)
            && let Some((key, state, how)) = self.find_stray(connector, of, id)
        {
            if self.is_no_news(&order, state) {
                self.finish_stray(key);
                continue;
            }
            let expires = self.expiry(self.delivery_ttl(order.customer));
            let of = Some(of);
            self.record(&Record::Matched {
                key,
                of,
                how,
                expires,
            });
            self.ready(key);
        }
    }

    /// The oldest receipt that may be about the message.
    fn find_stray(
        &mut self,
        connector: ConnectorId,
        of: MessageKey,
        id: &CarrierId,
    ) -> Option<(MessageKey, State, How)> {
        let rules = self.matching(connector);
        let ours = self.fold.entry(of)?.destination();
        let known = self
            .fold
            .strays_by_id(connector, id)
            .filter(|(_, stray)| stray.id == *id && rules.believes(ours, &stray.destination));
        if let Some((key, stray)) = known.last() {
            self.live.learned(connector).found_as_written(id);
            return Some((key, stray.state, How::Exact));
        }
        let learned = self.live.learned(connector);
        let (form, (key, stray)) = learned.forms(rules.ids).find_map(|form| {
            let known = self
                .fold
                .strays_by_id(connector, &form.in_receipt(id)?)
                .filter(|(_, stray)| agree(ours, &stray.destination));
            Some((form, known.last()?))
        })?;
        learned.found(form);
        Some((key, stray.state, How::Form))
    }

    /// Parked receipts whose message is not among the open responses any more are unmatched, unless one doubt fits.
    pub(crate) fn settle_parked(&mut self, connector: ConnectorId) {
        let Some(live) = self
            .live
            .connectors
            .get(&connector)
            .filter(|live| !live.parked.is_empty())
        else {
            return;
        };
        let flights = live
            .binds
            .iter()
            .chain(&live.retiring)
            .filter_map(|&bind| self.live.binds.get(bind))
            .flat_map(|bind| bind.flights.iter());
        let oldest = flights
            .map(|flight| flight.number)
            .min()
            .unwrap_or(u64::MAX);
        while let Some(live) = self.live.connectors.get_mut(&connector)
            && let Some(&(barrier, key)) = live.parked.front()
            && barrier < oldest
        {
            live.parked.pop_front();
            self.settle_stray(connector, key);
        }
    }

    /// Evidence beats policy: a receipt without a message, for the destination of exactly one message in doubt, is about that one.
    fn settle_stray(&mut self, connector: ConnectorId, key: MessageKey) {
        let Some(stray) = self.fold.stray_of(key).cloned() else {
            return;
        };
        // Its message may have ended while it was parked, by another receipt of the kind.
        if self.is_repeat(connector, &stray.id, &stray.destination) {
            self.finish_stray(key);
            return;
        }
        let of = self.only_doubt(connector, &stray.destination);
        let rules = self.directory.connectors.get(&connector);
        if let Some(order) = of
            && (stray.state.is_final() || rules.is_some())
        {
            let live = self.live.connectors.entry(connector).or_default();
            live.doubts.remove(order.key);
        }
        if let Some(order) = of
            && let Some(rules) =
                rules.filter(|_| !stray.state.is_final() || order.wants.at_hand_over())
        {
            // It ends nothing, but it says that the carrier has the message, and under which id.
            self.taken(connector, rules, order.key, stray.id.octets());
        }
        // That may have matched it already.
        if self.fold.stray_of(key).is_none() {
            return;
        }
        let (how, of, ttl) = match of {
            Some(order) => {
                let ttl = self.delivery_ttl(order.customer);
                (How::InDoubt, Some(order.key), ttl)
            }
            None => (How::None, None, self.directory.limits.unmatched_keep),
        };
        let expires = self.expiry(ttl);
        self.record(&Record::Matched {
            key,
            of,
            how,
            expires,
        });
        if of.is_some() {
            self.ready(key);
        }
    }

    /// The message in doubt for this destination, if there is exactly one.
    fn only_doubt(&self, connector: ConnectorId, destination: &[u8]) -> Option<Order> {
        let doubts = &self.live.connectors.get(&connector)?.doubts;
        let mut fitting = doubts
            .for_number(destination)
            .filter_map(|key| self.fold.entry(key))
            .filter(|entry| entry.is_sending());
        let only = fitting.next()?;
        fitting.next().is_none().then_some(only.order)
    }

    /// An unmatched receipt was kept long enough.
    pub(crate) fn finish_stray(&mut self, key: MessageKey) {
        let (reason, at) = (Reason::Forgotten, self.now.wall);
        let expires = self.expiry(core::time::Duration::ZERO);
        self.record(&Record::Done {
            key,
            reason,
            at,
            receipt: None,
            expires,
        });
    }
}
