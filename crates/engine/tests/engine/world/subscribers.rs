//! What subscribers write, and what they may answer.

use engine::{BindKind, CustomerId, Draft, Group, Input, MessageKey, Outcome, Refusal, Span};
use sms::{Address, Message};

use super::{Bind, NUMBER, World};

/// A message of a subscriber on its way to a customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Brought {
    pub(crate) slot: u32,
    pub(crate) token: u64,
    pub(crate) text: String,
    /// The message that it answers.
    pub(crate) answers: Option<MessageKey>,
}

impl World {
    /// A transceiver of a customer, who need not be [`CUSTOMER`](super::CUSTOMER).
    #[track_caller]
    pub(crate) fn bind_of(&mut self, customer: CustomerId) -> Bind {
        self.slots += 1;
        let (origin, window, group) = (self.origin(), self.window, Group::default());
        self.give(|_| Input::Bind {
            origin,
            customer,
            kind: BindKind::Transceiver,
            group,
            window,
        });
        let answer = self.let_in(group).expect("an answer");
        answer.expect("the customer's bind is accepted")
    }

    /// A customer submits a message from this source, and it is accepted.
    #[track_caller]
    pub(crate) fn submit_from(
        &mut self,
        customer: CustomerId,
        source: &str,
        digits: &str,
    ) -> MessageKey {
        let origin = self.origin();
        let message = Message {
            source: Address::international(source.as_bytes()),
            destination: Address::international(digits.as_bytes()),
            text: b"hello",
            ..Message::default()
        };
        self.give(|inputs| {
            Input::Submit(Draft {
                origin,
                customer,
                body: inputs.put_message(&message),
                ..Draft::default()
            })
        });
        let answer = self.accepted.take().expect("an answer");
        answer.expect("the message is accepted")
    }

    /// A subscriber writes to the customer; it is acknowledged.
    #[track_caller]
    pub(crate) fn mo(&mut self, bind: Bind, text: &str) {
        let answer = self.mo_to(bind, NUMBER, text);
        assert_eq!(answer, None, "acknowledged");
    }

    /// A subscriber writes to a number: why that was refused, if it was.
    pub(crate) fn mo_to(&mut self, bind: Bind, number: &str, text: &str) -> Option<Refusal> {
        self.mo_from(bind, "447700900123", number, text)
    }

    pub(crate) fn mo_from(
        &mut self,
        bind: Bind,
        source: &str,
        number: &str,
        text: &str,
    ) -> Option<Refusal> {
        let origin = self.origin();
        let message = Message {
            source: Address::international(source.as_bytes()),
            destination: Address::international(number.as_bytes()),
            text: text.as_bytes(),
            ..Message::default()
        };
        self.give(|inputs| Input::Mo {
            origin,
            bind: bind.id,
            body: inputs.put_message(&message),
        });
        self.acknowledged.take().expect("an answer")
    }

    /// The messages of subscribers that have been sent to customers and not been asked for yet.
    pub(crate) fn brought(&mut self) -> Vec<Brought> {
        core::mem::take(&mut self.brought)
    }

    /// The one that has been sent.
    #[track_caller]
    pub(crate) fn brought_one(&mut self) -> Brought {
        let mut brought = self.brought();
        assert_eq!(brought.len(), 1, "{brought:?}");
        brought.remove(0)
    }

    /// A subscriber is back for whom this number waits: the sessions that hear of it.
    pub(crate) fn alert(&mut self, bind: Bind, number: &str) -> Vec<u32> {
        let message = Message {
            source: Address::international(b"447700900123"),
            destination: Address::international(number.as_bytes()),
            ..Message::default()
        };
        self.give(|inputs| Input::Alert {
            bind: bind.id,
            body: inputs.put_message(&message),
        });
        self.alerted()
    }

    /// The sessions that heard of it and have not been asked for yet.
    pub(crate) fn alerted(&mut self) -> Vec<u32> {
        core::mem::take(&mut self.alerted)
    }

    /// A session could not say that a subscriber is back.
    pub(crate) fn alert_dropped(&mut self) {
        self.give(|_| Input::AlertDropped);
    }

    pub(crate) fn acknowledge_mo(&mut self, bind: Bind, brought: &Brought) {
        self.answer_delivery(
            bind,
            brought.token,
            Outcome::Accepted {
                id: Span::default(),
            },
        );
    }
}
