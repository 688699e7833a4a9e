//! Long messages: those that we cut, and those that customers cut themselves.

use sms::segment::Marking;
use sms::{Alphabet, Message, long};

use crate::accept::Taken;
use crate::engine::Turn;
use crate::money::Bill;
use crate::record::{Part, Record};
use crate::whole::PartReceipts;
use crate::{ConnectorId, Customer, Draft, LongMessages, MessageKey, Refusal, Route, Wants};

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
            let bill = self.bill(draft.customer, customer, body)?;
            self.take_in(draft, &Taken { bill, ..*taken }, body);
            return Ok(());
        }
        let total = u8::try_from(parts.len()).map_err(|_| Refusal::TooLong)?;
        if total > customer.parts_max {
            return Err(Refusal::TooLong);
        }
        self.check_room(draft, customer, u64::from(total))?;
        let bill = self.bill_parts(draft.customer, customer, total)?;
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
                bill,
                ..*taken
            };
            self.take_in(draft, &part, &body);
        }
        Ok(())
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
