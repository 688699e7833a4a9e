//! What a carrier brings: receipts, matched to their messages in every form an id may take, and messages from subscribers.

use sms::{Message, State, Wall};

use crate::engine::Turn;
use crate::entry::{CarrierId, Order};
use crate::form::{Learned, ReceiptIds};
use crate::live::{Live, Side};
use crate::number::{TailHash, agree};
use crate::record::{How, Reason, Record, Seconds};
use crate::{
    BindId, CarrierReceipt, ConnectorId, Inputs, MessageKey, Origin, Output, Refusal, Room, Wants,
};

/// A receipt as it came, and from whom.
#[derive(Clone, Copy)]
struct Said<'a> {
    connector: ConnectorId,
    receipt: &'a CarrierReceipt,
    /// The carrier's id of the message, as written.
    id: &'a [u8],
    destination: &'a [u8],
}

/// What has to agree for a receipt to be about a message.
#[derive(Clone, Copy)]
struct Matching {
    ids: ReceiptIds,
    check_destination: bool,
}

impl Turn<'_> {
    /// A carrier tells the state of a message. It is acknowledged when it is ours to keep, matched or not.
    pub(crate) fn receipt(
        &mut self,
        origin: Origin,
        bind: BindId,
        receipt: &CarrierReceipt,
        inputs: &Inputs,
    ) {
        let Some(id) = self.connector_of(bind) else {
            return;
        };
        if self.live.room == Room::Out {
            self.step.free.push(Output::Acknowledge {
                origin,
                refusal: Some(Refusal::Full),
            });
            return;
        }
        let said = Said {
            connector: id,
            receipt,
            id: inputs.get(receipt.id),
            destination: inputs.get(receipt.destination),
        };
        match self.find(&said) {
            Some((of, how)) => self.heard(&said, of, how),
            // While responses are open it may be about one of those, whose id was in use before.
            None if !self.has_open(id)
                && self.is_repeat(id, &CarrierId::new(said.id), said.destination) => {}
            None => self.keep_stray(&said),
        }
        self.step.gated.push(Output::Acknowledge {
            origin,
            refusal: None,
        });
    }

    fn connector_of(&self, bind: BindId) -> Option<ConnectorId> {
        match self.live.binds.get(bind)?.side {
            Side::Carrier { connector } => Some(connector),
            Side::Customer { .. } => None,
        }
    }

    /// Whether the response to some message of this connector is open.
    fn has_open(&self, connector: ConnectorId) -> bool {
        let lane = self.fold.lane(connector);
        lane.is_some_and(|lane| lane.sending > 0)
    }

    fn matching(&self, connector: ConnectorId) -> Matching {
        let rules = self.directory.connectors.get(&connector);
        rules.map_or(
            Matching {
                ids: ReceiptIds::default(),
                check_destination: true,
            },
            |rules| Matching {
                ids: rules.receipt_ids,
                check_destination: rules.check_destination,
            },
        )
    }

    /// The message that a carrier's id means: as written, else in another form, if the destination agrees; the newest of several.
    fn find(&mut self, said: &Said<'_>) -> Option<(MessageKey, How)> {
        let rules = self.matching(said.connector);
        let id = CarrierId::new(said.id);
        let mut known = self.fold.by_id(said.connector, &id).filter(|entry| {
            entry.leg().is_some_and(|leg| leg.id == id)
                && rules.believes(entry.destination(), said.destination)
        });
        if let Some(entry) = known.next() {
            self.live.learned(said.connector).found_as_written(&id);
            return Some((entry.order.key, How::Exact));
        }
        let learned = self.live.learned(said.connector);
        let (form, entry) = learned.forms(rules.ids).find_map(|form| {
            let mut known = self
                .fold
                .by_id(said.connector, &form.in_response(&id)?)
                .filter(|entry| agree(entry.destination(), said.destination));
            Some((form, known.next()?))
        })?;
        learned.found(form);
        Some((entry.order.key, How::Form))
    }

    /// Whether a message of that id ended not long ago: the carrier says the same again.
    fn is_repeat(&mut self, connector: ConnectorId, id: &CarrierId, destination: &[u8]) -> bool {
        let Matching {
            ids,
            check_destination,
        } = self.matching(connector);
        let Some(lane) = self.fold.lane(connector) else {
            return false;
        };
        let named = (!destination.is_empty()).then(|| TailHash::of(destination));
        if lane
            .closed
            .contains(id.hash(connector), named.filter(|_| check_destination))
        {
            return true;
        }
        let mut forms = self.live.learned(connector).forms(ids);
        named.is_some()
            && forms.any(|form| {
                let id = form.in_response(id);
                id.is_some_and(|id| lane.closed.contains(id.hash(connector), named))
            })
    }

    /// Whether the customer hears nothing new by this state: ENROUTE, ACCEPTED and UNKNOWN close nothing; if the customer did not
    /// ask for them, or is being told already, they change nothing either.
    fn is_no_news(&self, order: &Order, state: State) -> bool {
        let asked = order.wants.0 & Wants::INTERMEDIATE.0 != 0;
        !state.is_final() && (!asked || self.is_being_told(order, state))
    }

    /// The receipt is about `of`.
    fn heard(&mut self, said: &Said<'_>, of: MessageKey, how: How) {
        let Some(order) = self.fold.entry(of).map(|entry| entry.order) else {
            return;
        };
        if self.is_no_news(&order, said.receipt.state) {
            return;
        }
        let key = self.mint();
        let expires = self.expiry(self.delivery_ttl(order.customer));
        self.record(&said.record(key, Some(of), how, self.now.wall, expires));
        self.ready(key);
    }

    /// No message has this id. While responses are open it may be early; else it may settle a doubt; else it is kept and shown.
    fn keep_stray(&mut self, said: &Said<'_>) {
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
        let doubts = self
            .live
            .connectors
            .get(&connector)
            .map(|live| &live.doubts);
        let in_doubt = doubts
            .into_iter()
            .flatten()
            .filter_map(|doubt| self.fold.entry(doubt.key));
        let mut fitting = in_doubt
            .filter(|entry| entry.is_sending() && agree(entry.destination(), &stray.destination));
        let of = fitting
            .next()
            .filter(|_| fitting.next().is_none())
            .map(|entry| (entry.order.key, entry.order.customer));
        let rules = self.directory.connectors.get(&connector);
        if let Some((of, _)) = of
            && (stray.state.is_final() || rules.is_some())
        {
            let live = self.live.connectors.entry(connector).or_default();
            live.doubts.retain(|doubt| doubt.key != of);
        }
        if let Some((of, _)) = of
            && let Some(rules) = rules.filter(|_| !stray.state.is_final())
        {
            // It ends nothing, but it says that the carrier has the message, and under which id.
            self.taken(connector, rules, of, stray.id.octets());
        }
        // That may have matched it already.
        if self.fold.stray_of(key).is_none() {
            return;
        }
        let (how, of, ttl) = match of {
            Some((of, customer)) => (How::InDoubt, Some(of), self.delivery_ttl(customer)),
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

    /// Ids of ended messages that are too old or too many are not remembered any longer.
    pub(crate) fn forget_closed(&mut self, connector: ConnectorId) {
        let (most, now) = (self.directory.limits.closed_max, self.now.wall);
        while let Some(upto) = self
            .fold
            .lane(connector)
            .and_then(|lane| lane.closed.overdue(most, now))
        {
            self.record(&Record::Forgotten { connector, upto });
        }
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

    /// A subscriber sent a message: it goes to the customer whose number it was sent to.
    pub(crate) fn mo(&mut self, origin: Origin, bind: BindId, body: &[u8]) {
        let refusal = self.take_mo(bind, body).err();
        self.step
            .gated
            .push(Output::Acknowledge { origin, refusal });
    }

    fn take_mo(&mut self, bind: BindId, body: &[u8]) -> Result<(), Refusal> {
        let directory = self.directory;
        let connector = self.connector_of(bind).ok_or(Refusal::NotAllowed)?;
        let message = Message::decode(body).ok_or(Refusal::NoRoute)?;
        let id = *directory
            .numbers
            .get(message.destination.digits)
            .ok_or(Refusal::NoRoute)?;
        let customer = directory.customers.get(&id).ok_or(Refusal::NoRoute)?;
        let account = self.fold.account_of(id);
        if self.live.room != Room::Plenty
            || account.deliveries + account.owed >= customer.deliver_max
        {
            return Err(Refusal::Full);
        }
        let key = self.mint();
        let expires = self.expiry(customer.delivery_ttl);
        self.record(&Record::Arrived {
            key,
            customer: id,
            connector,
            expires,
            body,
        });
        self.ready(key);
        Ok(())
    }
}

impl Matching {
    /// Whether an id as written is the message's: unless the carrier rewrites numbers, it names the same destination or none.
    fn believes(self, ours: &[u8], theirs: &[u8]) -> bool {
        !self.check_destination || theirs.is_empty() || agree(ours, theirs)
    }
}

impl<'a> Said<'a> {
    /// What is written down of it. A date that the carrier does not tell is `now`.
    fn record(
        &self,
        key: MessageKey,
        of: Option<MessageKey>,
        how: How,
        now: Wall,
        expires: Seconds,
    ) -> Record<'a> {
        Record::Receipt {
            key,
            connector: self.connector,
            of,
            how,
            state: self.receipt.state,
            err: self.receipt.err,
            done: self.receipt.done.unwrap_or(now),
            expires,
            parked: false,
            id: self.id,
            destination: self.destination,
        }
    }
}

impl Live {
    fn learned(&mut self, connector: ConnectorId) -> &mut Learned {
        &mut self.connectors.entry(connector).or_default().learned
    }
}
