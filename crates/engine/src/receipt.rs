//! Carriers' receipts, matched to their messages in every form that an id may take.

use sms::{State, Wall};

use crate::engine::Turn;
use crate::entry::{CarrierId, Leg, Order};
use crate::form::{Learned, ReceiptIds};
use crate::live::{Live, Side};
use crate::number::{TailHash, agree};
use crate::record::{How, Record, Seconds};
use crate::{
    BindId, CarrierReceipt, ConnectorId, Inputs, Lapse, MessageKey, Origin, Output, Refusal, Room,
};

/// A receipt as it came, and from whom.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) connector: ConnectorId,
    receipt: &'a CarrierReceipt,
    /// The carrier's id of the message, as written.
    id: &'a [u8],
    destination: &'a [u8],
}

/// What has to agree for a receipt to be about a message.
#[derive(Clone, Copy)]
pub(crate) struct Matching {
    pub(crate) ids: ReceiptIds,
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
        match self.find_for(id, said.id, said.destination) {
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

    pub(crate) fn connector_of(&self, bind: BindId) -> Option<ConnectorId> {
        match self.live.binds.get(bind)?.side {
            Side::Carrier { connector } => Some(connector),
            Side::Customer(_) => None,
        }
    }

    /// Whether the response to some message of this connector is open.
    pub(crate) fn has_open(&self, connector: ConnectorId) -> bool {
        let lane = self.fold.lane(connector);
        lane.is_some_and(|lane| lane.sending > 0)
    }

    pub(crate) fn matching(&self, connector: ConnectorId) -> Matching {
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
    pub(crate) fn find_for(
        &mut self,
        connector: ConnectorId,
        id: &[u8],
        destination: &[u8],
    ) -> Option<(MessageKey, How)> {
        let rules = self.matching(connector);
        let id = CarrierId::new(id);
        let mut known = self.fold.by_id(connector, &id).filter(|entry| {
            entry.leg().is_some_and(|leg| leg.id == id)
                && rules.believes(entry.destination(), destination)
        });
        if let Some(entry) = known.next() {
            self.live.learned(connector).found_as_written(&id);
            return Some((entry.order.key, How::Exact));
        }
        let learned = self.live.learned(connector);
        let (form, entry) = learned.forms(rules.ids).find_map(|form| {
            let mut known = self
                .fold
                .by_id(connector, &form.in_response(&id)?)
                .filter(|entry| agree(entry.destination(), destination));
            Some((form, known.next()?))
        })?;
        learned.found(form);
        Some((entry.order.key, How::Form))
    }

    /// Whether a message of that id ended not long ago: the carrier says the same again.
    pub(crate) fn is_repeat(
        &mut self,
        connector: ConnectorId,
        id: &CarrierId,
        destination: &[u8],
    ) -> bool {
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
    pub(crate) fn is_no_news(&self, order: &Order, state: State) -> bool {
        let wants = order.wants;
        // That a carrier has it is told when it takes it, by whatever it says later.
        let asked = wants.covers_on_the_way(state) && !wants.at_hand_over();
        !state.is_final() && (!asked || self.is_being_told(order, state))
    }

    /// The receipt is about `of`.
    fn heard(&mut self, said: &Said<'_>, of: MessageKey, how: How) {
        let Some(entry) = self.fold.entry(of) else {
            return;
        };
        let order = entry.order;
        let taken = entry.leg().and_then(Leg::taken);
        if self.is_no_news(&order, said.receipt.state) {
            return;
        }
        let key = self.mint();
        let expires = self.expiry(self.delivery_ttl(order.customer));
        self.record(&said.record(key, Some(of), how, self.now.wall, expires));
        if let Some(taken) = taken.filter(|_| said.receipt.state.is_final()) {
            self.took(of, taken, Lapse::ToReceipt);
        }
        self.ready(key);
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
}

impl Matching {
    /// Whether an id as written is the message's: unless the carrier rewrites numbers, it names the same destination or none.
    pub(crate) fn believes(self, ours: &[u8], theirs: &[u8]) -> bool {
        !self.check_destination || theirs.is_empty() || agree(ours, theirs)
    }
}

impl<'a> Said<'a> {
    /// What is written down of it. A date that the carrier does not tell is `now`.
    pub(crate) fn record(
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
    pub(crate) fn learned(&mut self, connector: ConnectorId) -> &mut Learned {
        &mut self.connectors.entry(connector).or_default().learned
    }
}
