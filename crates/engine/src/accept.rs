//! Taking a message from a customer: limits, route, place.

use sms::Message;

use crate::engine::Turn;
use crate::money::Bill;
use crate::record::{Accepted, Part, Reason, Record, Seconds};
use crate::replies::Talk;
use crate::{
    ConnectorId, Customer, Draft, Inputs, MessageKey, Output, Party, ReceiptRules, Refusal, Room,
    Route, RouteName, Standing, Told, Wants,
};

/// Where a message goes first, and when.
struct Place<'d> {
    route: &'d Route,
    connector: ConnectorId,
    due: Option<sms::Wall>,
}

/// What was decided of a message that we take.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'d> {
    pub(crate) key: MessageKey,
    pub(crate) told: Told,
    pub(crate) route: &'d Route,
    pub(crate) connector: ConnectorId,
    pub(crate) due: Option<sms::Wall>,
    pub(crate) expires: Seconds,
    pub(crate) wants: Wants,
    pub(crate) part: Option<Part>,
    /// Subscribers may answer it.
    pub(crate) talk: Option<Talk>,
    /// The message whose place it takes.
    pub(crate) replaced: Option<MessageKey>,
    pub(crate) bill: Bill,
}

impl Turn<'_> {
    /// A customer submits a message: it is ours, or it is refused and nothing is written.
    pub(crate) fn submit(&mut self, draft: &Draft, inputs: &Inputs) {
        let (origin, body) = (draft.origin, inputs.get(draft.body));
        if !draft.to_all.is_empty() {
            self.submit_to_all(draft, body, inputs.get(draft.to_all));
            return;
        }
        match self.admit(draft, body, None) {
            Ok(told) => self.step.gated.push(Output::Accepted { origin, told }),
            Err(refusal) => self.step.free.push(Output::Refused { origin, refusal }),
        }
    }

    /// Takes a message under a name that its customer knows already, or a new one.
    pub(crate) fn admit(
        &mut self,
        draft: &Draft,
        body: &[u8],
        told: Option<Told>,
    ) -> Result<Told, Refusal> {
        let directory = self.directory;
        let customer = directory
            .customers
            .get(&draft.customer)
            .filter(|customer| customer.enabled && customer.submits);
        let customer = customer.ok_or(Refusal::NotAllowed)?;
        if self.fold.standings.of(Party::Customer(draft.customer)) != Standing::Open {
            return Err(Refusal::Paused);
        }
        let message = Message::decode(body).ok_or(Refusal::NoRoute)?;
        let narrowed;
        let draft = if customer.receipts.are_plain() {
            draft
        } else {
            narrowed = narrowed_by(&customer.receipts, draft, &message);
            &narrowed
        };
        self.check_room(draft, customer, 1)?;
        self.check_pace(draft, customer)?;

        let key = self.mint();
        let place = self.place(draft, customer, key, &message, body)?;
        let expires = self.validity(draft, customer, &place)?;
        let told = match told {
            Some(told) => told,
            None if draft.alias => self.fold.next_alias(draft.customer),
            None => key.into(),
        };
        let mut taken = Taken {
            key,
            told,
            route: place.route,
            connector: place.connector,
            due: place.due,
            expires,
            wants: draft.wants,
            part: None,
            talk: self.opened(&message),
            replaced: self.replaced_by(draft, body),
            bill: Bill::Free,
        };
        match (draft.long, draft.part) {
            (Some(alphabet), _) => self.take_long(draft, customer, &taken, alphabet, body)?,
            (None, Some(part)) => self.take_part(draft, customer, &taken, part, body)?,
            (None, None) => {
                taken.bill = self.bill(draft.customer, customer, taken.replaced, body)?;
                self.take_in(draft, &taken, body);
            }
        }
        self.count_pace(draft, customer);
        Ok(told)
    }

    /// A message is ours: it goes out at once if it need not wait.
    pub(crate) fn take_in(&mut self, draft: &Draft, taken: &Taken<'_>, body: &[u8]) {
        let &Taken {
            key,
            connector,
            due,
            expires,
            bill,
            ..
        } = taken;
        // What is accepted only to be rejected takes no other's place. The other's credit is back before this takes its own.
        if let Some(replaced) = taken.replaced.filter(|_| !matches!(bill, Bill::Lacks(_))) {
            self.end_untold(replaced, Reason::Deleted);
        }
        let idle = !matches!(bill, Bill::Lacks(_))
            && due.is_none()
            && self.fold.lane(connector).is_none_or(|lane| lane.is_empty())
            && !self.fold.holds(connector, draft.customer);
        let flight = if idle {
            self.take_off(connector, key)
        } else {
            None
        };
        if taken.talk.is_some() {
            self.make_room_for_talk(key);
        }
        self.record(&Record::Accepted(Accepted {
            key,
            told: taken.told,
            customer: draft.customer,
            bind: draft.bind,
            group: draft.group,
            connector,
            priority: draft.priority,
            wants: taken.wants,
            expires,
            due,
            sending: flight.is_some(),
            part: taken.part,
            talk: taken.talk,
            body,
        }));
        if draft.by_address {
            self.record(&Record::Named { key });
        }
        self.pay(key, bill);
        match flight {
            Some((to, token)) => {
                let body = self.step.gated.put(body);
                self.step.gated.push(Output::Send {
                    to,
                    token,
                    key,
                    expires: expires.wall(),
                    body,
                });
            }
            None => self.live.touch_connector(connector),
        }
    }

    /// Whether there is room for so many messages. Full means: this machine's memory or disk, or the receipts that this customer does
    /// not fetch.
    pub(crate) fn check_room(
        &self,
        draft: &Draft,
        customer: &Customer,
        messages: u64,
    ) -> Result<(), Refusal> {
        if self.live.draining {
            return Err(Refusal::Draining);
        }
        let limits = &self.directory.limits;
        let account = self.fold.account_of(draft.customer);
        let full = self.live.room != Room::Plenty
            || self.fold.len() + messages > limits.messages_max
            || self.memory() >= limits.memory_max
            // Room for its receipt is reserved with the message, so that a receipt always fits.
            || (draft.wants != Wants::NONE
                && account.deliveries + account.owed + messages > customer.deliver_max);
        if full { Err(Refusal::Full) } else { Ok(()) }
    }

    fn check_pace(&mut self, draft: &Draft, customer: &Customer) -> Result<(), Refusal> {
        let now = self.now.mono;
        if let Some(rate) = customer.rate_per_bind
            && let Some(bind) = self.live.binds.get_mut(draft.bind)
            && let Some(side) = bind.customer_side()
            && !side.pace.allows(now, rate)
        {
            return Err(Refusal::Throttled);
        }
        if let Some(rate) = customer.rate
            && !self
                .live
                .customers
                .entry(draft.customer)
                .or_default()
                .pace
                .allows(now, rate)
        {
            return Err(Refusal::Throttled);
        }
        Ok(())
    }

    /// Only what was accepted counts.
    fn count_pace(&mut self, draft: &Draft, customer: &Customer) {
        let now = self.now.mono;
        if let Some(rate) = customer.rate_per_bind
            && let Some(bind) = self.live.binds.get_mut(draft.bind)
            && let Some(side) = bind.customer_side()
        {
            side.pace.take(now, rate);
        }
        if let Some(rate) = customer.rate {
            self.live
                .customers
                .entry(draft.customer)
                .or_default()
                .pace
                .take(now, rate);
        }
    }

    fn place<'d>(
        &self,
        draft: &Draft,
        customer: &'d Customer,
        key: MessageKey,
        message: &Message<'_>,
        body: &[u8],
    ) -> Result<Place<'d>, Refusal> {
        let selected = RouteName::behind(message, body);
        let route = customer
            .route(selected, message.destination.digits)
            .ok_or(Refusal::NoRoute)?;
        let connector = self.target(route, key, |_| true).ok_or(Refusal::NoRoute)?;
        let held = (!route.delay.is_zero()).then(|| self.now.wall.plus(route.delay));
        let due = draft.due.filter(|&due| due > self.now.wall).max(held);
        Ok(Place {
            route,
            connector,
            due,
        })
    }

    /// The connector that a route gives to `key` among those that are open and `suit`; one that takes
    /// messages now, if there is one.
    pub(crate) fn target(
        &self,
        route: &Route,
        key: MessageKey,
        suit: impl Fn(ConnectorId) -> bool,
    ) -> Option<ConnectorId> {
        let open = |&id: &ConnectorId| {
            suit(id)
                && self.fold.standings.of(Party::Connector(id)) != Standing::Draining
                && self
                    .directory
                    .connectors
                    .get(&id)
                    .is_some_and(|connector| connector.enabled && !connector.closing)
        };
        if let [only] = route.targets[..] {
            return Some(only.connector).filter(open);
        }
        let mut open = route
            .targets(key)
            .map(|target| target.connector)
            .filter(open);
        let first = open.next()?;
        if self.takes_messages(first) {
            return Some(first);
        }
        Some(open.find(|&id| self.takes_messages(id)).unwrap_or(first))
    }

    fn validity(
        &self,
        draft: &Draft,
        customer: &Customer,
        place: &Place<'_>,
    ) -> Result<Seconds, Refusal> {
        let start = place.due.unwrap_or(self.now.wall);
        let longest = start.plus(customer.validity_max);
        let expires = draft
            .expires
            .unwrap_or(start.plus(customer.validity))
            .min(longest);
        if expires <= start {
            Err(Refusal::Expired)
        } else {
            Ok(Seconds::from_wall(expires))
        }
    }
}

/// The same, with the receipts that there will be of those that are asked for.
fn narrowed_by(rules: &ReceiptRules, draft: &Draft, message: &Message<'_>) -> Draft {
    Draft {
        wants: rules.narrow(draft.wants, message.destination.digits),
        ..*draft
    }
}
