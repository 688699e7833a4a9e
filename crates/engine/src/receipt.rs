//! What a carrier brings: receipts, matched to their messages in every form an id may take, and messages from subscribers.

use sms::{Message, Wall};

use crate::engine::Turn;
use crate::entry::{CarrierId, Entry, Stage};
use crate::live::Side;
use crate::record::{How, Reason, Record};
use crate::{
    BindId, CarrierReceipt, ConnectorId, Inputs, MessageKey, Origin, Output, Refusal, Room, Wants,
};

/// Numbers agree when their last digits do, up to this many: carriers add and drop prefixes.
const SIGNIFICANT_DIGITS: usize = 8;

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
        let written = inputs.get(receipt.id);
        let destination = inputs.get(receipt.destination);
        let carrier_id = CarrierId::new(written);
        match self.find(id, &carrier_id, destination) {
            Some((of, how)) => self.heard(id, of, how, receipt, written, destination),
            None if self.fold.is_closed(id, &carrier_id) => {}
            None => self.keep_stray(id, receipt, written, destination),
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

    /// The message that a carrier's id means: as written, else in another form, if the destination agrees.
    fn find(
        &self,
        connector: ConnectorId,
        id: &CarrierId,
        destination: &[u8],
    ) -> Option<(MessageKey, How)> {
        let agreeing = |id: &CarrierId, exact: bool| {
            self.fold
                .by_id(connector, id)
                .filter(|entry| agree(entry.destination(), destination))
                .find(|entry| !exact || entry.leg().is_some_and(|leg| leg.id == *id))
                .map(|entry| entry.order.key)
        };
        let exact = agreeing(id, true).map(|key| (key, How::Exact));
        exact.or_else(|| {
            let other = || id.other_forms().find_map(|form| agreeing(&form, false));
            agreeing(id, false)
                .or_else(other)
                .map(|key| (key, How::Form))
        })
    }

    /// The receipt is about `of`.
    fn heard(
        &mut self,
        connector: ConnectorId,
        of: MessageKey,
        how: How,
        receipt: &CarrierReceipt,
        id: &[u8],
        destination: &[u8],
    ) {
        let Some(order) = self.fold.entry(of).map(|entry| entry.order) else {
            return;
        };
        // ENROUTE, ACCEPTED and UNKNOWN close nothing; if the customer did not ask for them they change nothing either. A carrier
        // that repeats one before it was told adds nothing.
        if !receipt.state.is_final()
            && (order.wants.0 & Wants::INTERMEDIATE.0 == 0
                || self.is_being_told(&order, receipt.state))
        {
            return;
        }
        let key = self.mint();
        let expires = self.expiry(self.delivery_ttl(order.customer));
        let (state, err, done) = (receipt.state, receipt.err, self.done(receipt));
        let (of, parked) = (Some(of), false);
        self.record(&Record::Receipt {
            key,
            connector,
            of,
            how,
            state,
            err,
            done,
            expires,
            parked,
            id,
            destination,
        });
        self.ready(key);
    }

    fn done(&self, receipt: &CarrierReceipt) -> Wall {
        receipt.done.unwrap_or(self.now.wall)
    }

    /// No message has this id. While responses are open it may be early; else it may settle a doubt; else it is kept and shown.
    fn keep_stray(
        &mut self,
        connector: ConnectorId,
        receipt: &CarrierReceipt,
        id: &[u8],
        destination: &[u8],
    ) {
        let directory = self.directory;
        let key = self.mint();
        let (state, err, done) = (receipt.state, receipt.err, self.done(receipt));
        let expires = self.expiry(directory.limits.unmatched_keep);
        let open = self
            .fold
            .lane(connector)
            .is_some_and(|lane| lane.sending > 0);
        let (of, how, parked) = (None, How::None, open);
        self.record(&Record::Receipt {
            key,
            connector,
            of,
            how,
            state,
            err,
            done,
            expires,
            parked,
            id,
            destination,
        });
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
        if let Some(oldest) = oldest.filter(|_| strays > directory.limits.unmatched_max) {
            self.finish_stray(oldest);
        }
    }

    /// The message got its id: a receipt may have been here before.
    pub(crate) fn match_stray(&mut self, connector: ConnectorId, of: MessageKey, id: &CarrierId) {
        let Some(entry) = self.fold.entry(of) else {
            return;
        };
        let (destination, customer) = (entry.destination(), entry.order.customer);
        let among = |id: &CarrierId, exact: bool| {
            self.fold
                .strays_by_id(connector, id)
                .filter(|(_, stray)| agree(destination, &stray.destination))
                .find(|(_, stray)| !exact || stray.id == *id)
                .map(|(key, _)| key)
        };
        let exact = among(id, true).map(|key| (key, How::Exact));
        let found = exact.or_else(|| {
            let other = || id.other_forms().find_map(|form| among(&form, false));
            among(id, false).or_else(other).map(|key| (key, How::Form))
        });
        if let Some((key, how)) = found {
            let expires = self.expiry(self.delivery_ttl(customer));
            self.record(&Record::Matched {
                key,
                of: Some(of),
                how,
                expires,
            });
            self.ready(key);
        }
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
        let Some((_, stray)) = self.fold.strays().find(|&(other, _)| other == key) else {
            return;
        };
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
            .filter(|entry| is_sending(entry) && agree(entry.destination(), &stray.destination));
        let of = fitting
            .next()
            .filter(|_| fitting.next().is_none())
            .map(|entry| (entry.order.key, entry.order.customer));
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

fn is_sending(entry: &Entry) -> bool {
    entry.leg().is_some_and(|leg| leg.stage == Stage::Sending)
}

/// Whether two numbers can be the same subscriber's; a carrier that names none is believed.
fn agree(ours: &[u8], theirs: &[u8]) -> bool {
    let digits = |number: &[u8]| {
        number
            .iter()
            .rev()
            .copied()
            .filter(u8::is_ascii_digit)
            .take(SIGNIFICANT_DIGITS)
            .collect::<Tail>()
    };
    let (ours, theirs) = (digits(ours), digits(theirs));
    let common = ours.len.min(theirs.len);
    theirs.len == 0 || (common > 0 && ours.octets[..common] == theirs.octets[..common])
}

/// The last digits of a number, last first.
#[derive(Default)]
struct Tail {
    octets: [u8; SIGNIFICANT_DIGITS],
    len: usize,
}

impl FromIterator<u8> for Tail {
    fn from_iter<T: IntoIterator<Item = u8>>(digits: T) -> Tail {
        let mut tail = Tail::default();
        for digit in digits {
            tail.octets[tail.len] = digit;
            tail.len += 1;
        }
        tail
    }
}
