//! What customers ask about their own messages, and want done with them: query_sm, cancel_sm, replace_sm.
//!
//! ```text
//! stage                 query               cancel            replace
//! Waiting, Deferred     ENROUTE, SCHEDULED  DELETED           another text
//! Sending, Sent         ENROUTE             too late          too late
//! ```
//! What may be with a carrier already counts as sent, though it waits to be sent again.

use sms::{Message, State};

use crate::engine::Turn;
use crate::entry::Entry;
use crate::named::Name;
use crate::record::{Reason, Record, Seconds};
use crate::{
    Answer, Ask, Cause, Customer, Draft, Inputs, LookUp, MessageKey, Output, Refusal, Replacement,
    Room, RouteName, RunId, Told, Wants, Wish,
};

/// Messages that one cancel_sm without an id stops, the newest first: one step is not to end a million.
const BY_ADDRESS_MAX: usize = 1000;

impl Turn<'_> {
    /// A customer wants something of its own messages. The answer tells what the journal must know first.
    pub(crate) fn ask(&mut self, ask: &Ask, inputs: &Inputs) {
        self.ask_beside(ask, inputs, &[]);
    }

    /// The same, when what is meant was not found in these runs.
    pub(crate) fn ask_beside(&mut self, ask: &Ask, inputs: &Inputs, searched: &[RunId]) {
        let origin = ask.origin;
        let keys = self.meant(ask, inputs);
        if let Some(told) = ask.told.filter(|_| keys.is_empty()) {
            if self.ask_cold(ask, told, inputs, searched) {
                return;
            }
            self.step.gated.past().lookups.push(LookUp {
                origin,
                customer: ask.customer,
                told,
                query: matches!(ask.wish, Wish::State),
            });
            return;
        }
        let answer = match ask.wish {
            _ if keys.is_empty() => Err(Refusal::UnknownMessage),
            Wish::State => self.state_of(ask, &keys),
            Wish::Cancel => self.cancel(&keys),
            Wish::Replace(ref replacement) => {
                self.replace(&keys, replacement, inputs.get(replacement.text))
            }
        };
        self.step.gated.push(match answer {
            Ok(answer) => Output::Answer { origin, answer },
            Err(refusal) => Output::Refused { origin, refusal },
        });
    }

    /// The message that gives way to a new one, if the customer wants that (SMPP 3.4, 5.2.18): the newest of the same
    /// addresses and service type that can still be stopped.
    pub(crate) fn replaced_by(&self, draft: &Draft, body: &[u8]) -> Option<MessageKey> {
        if !draft.replaces {
            return None;
        }
        let name = Name::of(draft.customer, &Message::decode(body)?);
        let mut known = self.fold.by_name(&name);
        let replaced = known.find(|entry| entry.is_in_hand() && !entry.order.is_part)?;
        Some(replaced.order.key)
    }

    /// The messages that have the name which the customer gives in place of an id: those that can still be stopped, or, to
    /// say that it is too late, one that cannot.
    fn meant_by_address(&self, ask: &Ask, inputs: &Inputs) -> Vec<MessageKey> {
        let name = Name {
            customer: ask.customer,
            service_type: inputs.get(ask.service_type),
            source: inputs.get(ask.source),
            destination: inputs.get(ask.destination),
        };
        let known = self.fold.by_name(&name);
        let in_hand = known.filter(|entry| entry.is_in_hand());
        let keys: Vec<_> = in_hand
            .take(BY_ADDRESS_MAX)
            .map(|entry| entry.order.key)
            .collect();
        if keys.is_empty() {
            let late = self.fold.by_name(&name).take(1);
            return late.map(|entry| entry.order.key).collect();
        }
        keys
    }

    /// The messages that the customer speaks of, those that have ended excepted.
    fn meant(&self, ask: &Ask, inputs: &Inputs) -> Vec<MessageKey> {
        let Some(told) = ask.told else {
            return self.meant_by_address(ask, inputs);
        };
        self.fold
            .unfinished(ask.customer, told)
            .filter(|entry| ask.suits(inputs, &entry.body))
            .map(|entry| entry.order.key)
            .collect()
    }

    fn state_of(&self, ask: &Ask, keys: &[MessageKey]) -> Result<Answer, Refusal> {
        let mut entries = keys.iter().filter_map(|&key| self.fold.entry(key));
        let told = ask.told.ok_or(Refusal::UnknownMessage)?;
        Ok(unfinished(told, entries.any(Entry::is_scheduled)))
    }

    fn cancel(&mut self, keys: &[MessageKey]) -> Result<Answer, Refusal> {
        if self.live.room == Room::Out {
            return Err(Refusal::Full);
        }
        let stopped = keys.iter().copied().filter(|&key| self.can_be_stopped(key));
        let stopped: Vec<_> = stopped.collect();
        for &key in &stopped {
            self.finish(key, Reason::Deleted);
        }
        if stopped.len() < keys.len() {
            Err(Refusal::TooLate)
        } else {
            Ok(Answer::Cancelled)
        }
    }

    /// Whether no carrier has any of it: a long message that began to leave is not cut off in the middle.
    pub(crate) fn can_be_stopped(&self, key: MessageKey) -> bool {
        let in_hand = |key| self.fold.entry(key).filter(|entry| entry.is_in_hand());
        in_hand(key).is_some_and(|entry| {
            let whole = self.fold.wholes().of(key);
            let whole = whole.filter(|whole| whole.told == entry.order.told);
            whole.is_none_or(|whole| {
                whole.is_ours() && whole.open.values().all(|&part| in_hand(part).is_some())
            })
        })
    }

    fn replace(
        &mut self,
        keys: &[MessageKey],
        new: &Replacement,
        text: &[u8],
    ) -> Result<Answer, Refusal> {
        let &[key] = keys else {
            return Err(Refusal::TooLate);
        };
        let entry = self.fold.entry(key).filter(|entry| entry.is_in_hand());
        let entry = entry.ok_or(Refusal::TooLate)?;
        let message = Message::decode(&entry.body).ok_or(Refusal::TooLate)?;
        let directory = self.directory;
        let customer = directory.customers.get(&entry.order.customer);
        let customer = customer.ok_or(Refusal::NotAllowed)?;
        let digits = message.destination.digits;
        let new = &Replacement {
            wants: customer.receipts.narrow(new.wants, digits),
            ..*new
        };
        self.check_room_to_replace(entry, new, customer)?;
        let due = self.new_due(entry, &message, new, customer);
        let expires = self.new_expiry(entry, new, customer, due)?;
        let connector = entry.leg().map(|leg| leg.connector);
        let mut body = Vec::new();
        Message {
            registered_delivery: new.registered_delivery,
            text,
            ..message
        }
        .encode(&mut body);
        body.extend_from_slice(&entry.body[message.encoded_len()..]);
        let bill = self.bill_again(key, customer, &body)?;
        self.record(&Record::Replaced {
            key,
            wants: new.wants,
            expires,
            due,
            body: &body,
        });
        self.pay(key, bill);
        if let Some(connector) = connector {
            self.live.touch_connector(connector);
        }
        Ok(Answer::Replaced)
    }

    /// The new text takes room, and so does a receipt that was not asked for before.
    fn check_room_to_replace(
        &self,
        entry: &Entry,
        new: &Replacement,
        customer: &Customer,
    ) -> Result<(), Refusal> {
        let account = self.fold.account_of(entry.order.customer);
        let new_receipt = entry.order.wants == Wants::NONE && new.wants != Wants::NONE;
        let full = self.live.room != Room::Plenty
            || self.memory() >= self.directory.limits.memory_max
            || (new_receipt && account.deliveries + account.owed >= customer.deliver_max);
        if full { Err(Refusal::Full) } else { Ok(()) }
    }

    /// When it may be sent: at the time that it has now; or at the new one, if it waits neither for another try nor for other parts
    /// and its route does not hold it longer.
    fn new_due(
        &self,
        entry: &Entry,
        message: &Message<'_>,
        new: &Replacement,
        customer: &Customer,
    ) -> Option<sms::Wall> {
        let leg = entry.leg()?;
        let now = self.now.wall;
        let old = Some(leg.at).filter(|&due| due > now);
        let whole = self.fold.wholes().of(entry.order.key);
        let is_held = whole.is_some_and(|whole| whole.held.is_some());
        if is_held {
            return Some(leg.at);
        }
        if new.due.is_none() || leg.attempt > 0 {
            return old;
        }
        let selected = RouteName::behind(message, &entry.body);
        let route = customer.route(selected, message.destination.digits);
        let held = route.map(|route| entry.order.key.minted().plus(route.delay));
        new.due.max(held).filter(|&due| due > now)
    }

    fn new_expiry(
        &self,
        entry: &Entry,
        new: &Replacement,
        customer: &Customer,
        due: Option<sms::Wall>,
    ) -> Result<Seconds, Refusal> {
        let start = due.unwrap_or(self.now.wall);
        let expires = match new.expires {
            Some(expires) => Seconds::from_wall(expires.min(start.plus(customer.validity_max))),
            None => entry.order.expires,
        };
        if expires.wall() <= start {
            Err(Refusal::Expired)
        } else {
            Ok(expires)
        }
    }
}

impl Ask {
    /// Whether a message has the addresses that are given along with its id.
    pub(crate) fn suits(&self, inputs: &Inputs, body: &[u8]) -> bool {
        let is = |said: &[u8], ours: &[u8]| said.is_empty() || said == ours;
        let (source, destination) = (inputs.get(self.source), inputs.get(self.destination));
        Message::decode(body).is_some_and(|message| {
            is(source, message.source.digits) && is(destination, message.destination.digits)
        })
    }
}

/// How a message stands that has not ended.
pub(crate) fn unfinished(told: Told, is_scheduled: bool) -> Answer {
    Answer::State {
        told,
        state: if is_scheduled {
            State::Scheduled
        } else {
            State::Enroute
        },
        cause: Cause::NONE,
        since: None,
    }
}
