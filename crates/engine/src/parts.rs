//! Long messages: those that we cut, and those that customers cut themselves.

use sms::segment::Marking;
use sms::udh::Concatenation;
use sms::{Alphabet, Message, Wall, long};

use crate::accept::Taken;
use crate::engine::Turn;
use crate::fold::Fold;
use crate::live::Live;
use crate::money::Bill;
use crate::record::{Part, Reason, Record};
use crate::whole::{PartReceipts, Whole};
use crate::{
    ConnectorId, Customer, CustomerId, Draft, Incomplete, LongMessages, MessageKey, Refusal, Route,
    Wants,
};

impl Turn<'_> {
    /// A message that is too long for one short message is ours, in as many parts as it takes. They are cut so that every carrier of
    /// the route can take them: whichever of them the parts move to, they need not be cut again.
    pub(crate) fn take_long(
        &mut self,
        draft: &Draft,
        customer: &Customer,
        taken: &Taken<'_>,
        alphabet: Alphabet,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let message = Message::decode(body).ok_or(Refusal::NoRoute)?;
        let behind = &body[message.encoded_len()..];
        let parts = match self.marking(taken.route) {
            Some(marking) => {
                self.live.references = self.live.references.wrapping_add(1);
                long::cut(&message, alphabet, marking, self.live.references)
                    .map_err(|long::TooLong| Refusal::TooLong)?
            }
            None => Vec::new(),
        };
        if parts.is_empty() {
            let bill = self.bill(draft.customer, customer, taken.replaced, body)?;
            self.take_in(draft, &Taken { bill, ..*taken }, body);
            return Ok(());
        }
        let total = u8::try_from(parts.len()).map_err(|_| Refusal::TooLong)?;
        if total > customer.parts_max {
            return Err(Refusal::TooLong);
        }
        self.check_room(draft, customer, u64::from(total))?;
        let bill = self.bill_parts(draft.customer, customer, taken.replaced, total)?;
        if let Bill::Lacks(_) = bill {
            // It goes nowhere, so it need not be cut.
            self.take_in(draft, &Taken { bill, ..*taken }, body);
            return Ok(());
        }
        let receipts = customer.split_receipts;
        for (number, mut body) in (1..=total).zip(parts) {
            body.extend_from_slice(behind);
            let part = Part {
                head: taken.key,
                number,
                total,
                receipts,
                held: false,
            };
            let part = Taken {
                key: if number == 1 { taken.key } else { self.mint() },
                wants: wants(draft.wants, &part),
                part: Some(part),
                talk: taken.talk.filter(|_| number == 1),
                replaced: taken.replaced.filter(|_| number == 1),
                bill,
                ..*taken
            };
            self.take_in(draft, &part, &body);
        }
        Ok(())
    }

    /// A part of a message that its customer cut is ours. Where parts depend on each other, it goes the way of those before it, and
    /// waits for the others if its customer wants that.
    pub(crate) fn take_part(
        &mut self,
        draft: &Draft,
        customer: &Customer,
        taken: &Taken<'_>,
        mark: Concatenation,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let bill = self.bill(draft.customer, customer, taken.replaced, body)?;
        let receipts = customer.multipart_receipts;
        let mut part = Part {
            head: taken.key,
            number: mark.sequence,
            total: mark.total,
            receipts,
            held: customer.hold_parts.is_some(),
        };
        let taken = Taken {
            wants: wants(draft.wants, &part),
            bill,
            ..*taken
        };
        let depends =
            part.held || receipts == PartReceipts::Joined || taken.route.targets.len() > 1;
        if !depends || matches!(bill, Bill::Lacks(_)) {
            self.take_in(draft, &taken, body);
            return Ok(());
        }
        let name = PartName::of(draft.customer, mark, body).ok_or(Refusal::NoRoute)?;
        // What is missing does not hurry the others: they do not go before their time.
        let wait = customer.hold_parts.map(|span| self.now.wall.plus(span));
        let mut held = wait.map(|end| taken.due.map_or(end, |due| end.max(due)));
        let mut connector = taken.connector;
        match self.open_whole(&name, &part) {
            Some((head, whole)) => {
                (part.head, held) = (head, whole.held);
                let other = whole.open.values().find_map(|&other| self.fold.leg(other));
                connector = other.map_or(connector, |other| other.connector);
            }
            None => self.name_whole(name, taken.key),
        }
        let part = Taken {
            connector,
            due: held.or(taken.due),
            part: Some(part),
            ..taken
        };
        self.take_in(draft, &part, body);
        self.release_complete(part.part.map_or(taken.key, |part| part.head), taken.due);
        Ok(())
    }

    /// The long message of that name that lacks this part, and waits or not as its customer has it now. References come again: of two
    /// parts of one number the second begins another message.
    fn open_whole(&self, name: &PartName, part: &Part) -> Option<(MessageKey, &Whole)> {
        let head = *self.live.wholes.get(name)?;
        let whole = self.fold.wholes().get(head)?;
        let lacks = !whole.has(part.number) && whole.held.is_some() == part.held;
        lacks.then_some((head, whole))
    }

    /// The first part of a long message has come. Names of those that are over are forgotten when they are most.
    fn name_whole(&mut self, name: PartName, head: MessageKey) {
        const FEW: usize = 64;
        self.live.wholes.insert(name, head);
        let known = self.fold.wholes();
        if self.live.wholes.len() > 2 * known.len() + FEW {
            // The new one is not in the fold yet.
            let open = |_: &PartName, other: &mut MessageKey| {
                *other == head || known.get(*other).is_some()
            };
            self.live.wholes.retain(open);
        }
    }

    /// All parts that were held for each other go, or are due then, if they are all there.
    fn release_complete(&mut self, head: MessageKey, due: Option<Wall>) {
        let whole = self.fold.wholes().get(head);
        if whole.is_some_and(|whole| whole.held.is_some() && whole.is_complete()) {
            self.release(head, due);
        }
    }

    fn release(&mut self, head: MessageKey, due: Option<Wall>) -> Vec<MessageKey> {
        let whole = self.fold.wholes().get(head);
        let parts: Vec<_> =
            whole.map_or_else(Vec::new, |whole| whole.open.values().copied().collect());
        self.record(&Record::Released { head, due });
        for &part in &parts {
            if let Some(connector) = self.fold.leg(part).map(|leg| leg.connector) {
                self.live.touch_connector(connector);
            }
        }
        parts
    }

    /// What was held long enough goes without the parts that did not come, or not at all; a bounded number in one step, the rest in
    /// the next.
    pub(crate) fn run_holds(&mut self) {
        const MOST: usize = 64;
        for _ in 0..MOST {
            let next = self.fold.wholes().next_end();
            let Some((_, head)) = next.filter(|&(end, _)| end <= self.now.wall) else {
                return;
            };
            for part in self.release(head, None) {
                if self.incomplete(part) == Incomplete::Reject {
                    self.finish(part, Reason::Incomplete);
                }
            }
        }
    }

    fn incomplete(&self, part: MessageKey) -> Incomplete {
        let entry = self.fold.entry(part);
        let customer = entry.and_then(|entry| self.directory.customers.get(&entry.order.customer));
        customer.map_or(Incomplete::Send, |customer| customer.incomplete)
    }

    /// How the parts of a message are marked that takes this route; `None`: all its carriers take it whole. A part with an 8-bit
    /// reference has one character more than carriers have room for that want a wider one, so one of those decides for all.
    fn marking(&self, route: &Route) -> Option<Marking> {
        let forms = route.targets.iter().filter_map(|target| {
            let connector = self.directory.connectors.get(&target.connector)?;
            Some(connector.long_messages)
        });
        forms
            .filter_map(marking)
            .max_by_key(|&marking| marking == Marking::Udh16)
    }

    /// Where a message goes that its connector refused too often. Parts stay together: all go, or none if the carrier has one.
    pub(crate) fn move_on(&mut self, key: MessageKey, connector: ConnectorId) -> bool {
        let together = match self.fold.wholes().of(key) {
            None => vec![key],
            Some(whole) => {
                let others = whole.open.values().copied();
                let here = |&other: &MessageKey| {
                    let entry = self.fold.entry(other);
                    other == key || entry.is_some_and(|entry| entry.is_in_lane())
                };
                if !whole.is_intact() || !others.clone().all(|other| here(&other)) {
                    return false;
                }
                others.collect()
            }
        };
        for key in together {
            self.record(&Record::Routed {
                key,
                connector,
                due: None,
            });
        }
        self.live.touch_connector(connector);
        true
    }
}

fn marking(form: LongMessages) -> Option<Marking> {
    match form {
        LongMessages::Udh8 => Some(Marking::Udh8),
        LongMessages::Udh16 | LongMessages::Sar => Some(Marking::Udh16),
        LongMessages::Payload => None,
    }
}

/// The receipts that a part has of those that its long message wants.
fn wants(all: Wants, part: &Part) -> Wants {
    match part.receipts {
        PartReceipts::Last if part.number != part.total => Wants::NONE,
        PartReceipts::PerPart | PartReceipts::Joined | PartReceipts::Last => all,
    }
}

/// What all parts of a long message have in common: the customer, both addresses, the reference and the number of parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct PartName(Box<[u8]>);

impl PartName {
    /// The name of the long message that this is a part of; `None` if it cannot be read.
    pub(crate) fn of(customer: CustomerId, mark: Concatenation, body: &[u8]) -> Option<PartName> {
        let message = Message::decode(body)?;
        let (source, destination) = (message.source.digits, message.destination.digits);
        let mut name = Vec::with_capacity(16 + source.len() + destination.len());
        name.extend_from_slice(&customer.0.to_le_bytes());
        name.extend_from_slice(&mark.reference.to_le_bytes());
        name.extend_from_slice(&[u8::from(mark.wide), mark.total]);
        // No address has this octet.
        name.extend_from_slice(source);
        name.push(0);
        name.extend_from_slice(destination);
        Some(PartName(name.into()))
    }
}

impl Live {
    /// After a restart: the parts that are still to come find the others.
    pub(crate) fn rebuild_wholes(&mut self, fold: &Fold) {
        for (head, whole) in fold.wholes().iter() {
            let entry = whole.open.values().find_map(|&part| fold.entry(part));
            let name = entry.and_then(|entry| {
                let message = Message::decode(&entry.body)?;
                let (header, _) = message.header().ok()?;
                PartName::of(entry.order.customer, header.concatenation()?, &entry.body)
            });
            self.wholes.extend(name.map(|name| (name, head)));
        }
    }
}
