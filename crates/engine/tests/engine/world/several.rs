//! Messages that are several: long ones, parts, and one to many.

use engine::{Draft, Input, Inputs, MessageKey, Refusal};
use sms::udh::Concatenation;
use sms::{Address, Alphabet, Message, UDHI};

use super::{Bind, FINAL, NUMBER, World, draft};

impl World {
    /// The customer submits a text of GSM 7-bit that is too long for one short message.
    pub(crate) fn submitted_long(
        &mut self,
        bind: Bind,
        digits: &str,
        text: &[u8],
    ) -> Result<MessageKey, Refusal> {
        let origin = self.origin();
        self.give(|inputs| {
            let message = Message {
                destination: Address::international(digits.as_bytes()),
                text,
                ..Message::default()
            };
            Input::Submit(Draft {
                long: Some(Alphabet::Gsm7),
                wants: FINAL,
                body: inputs.put_message(&message),
                ..draft(origin, bind, digits, &mut Inputs::default())
            })
        });
        self.accepted.take().expect("an answer")
    }

    /// The customer submits a part of a message that it cut itself.
    #[track_caller]
    pub(crate) fn submit_part(&mut self, bind: Bind, digits: &str, number: (u8, u8)) -> MessageKey {
        self.submit_part_as(bind, digits, number, |_| ())
    }

    /// The customer submits a part that is special in some way.
    #[track_caller]
    pub(crate) fn submit_part_as(
        &mut self,
        bind: Bind,
        digits: &str,
        (sequence, total): (u8, u8),
        special: impl FnOnce(&mut Draft),
    ) -> MessageKey {
        let origin = self.origin();
        let part = Concatenation {
            reference: 7,
            wide: false,
            total,
            sequence,
        };
        self.give(|inputs| {
            let text = [5, 0, 3, 7, total, sequence, b'x'];
            let message = Message {
                destination: Address::international(digits.as_bytes()),
                esm_class: UDHI,
                text: &text,
                ..Message::default()
            };
            let mut draft = Draft {
                part: Some(part),
                wants: FINAL,
                body: inputs.put_message(&message),
                ..draft(origin, bind, digits, &mut Inputs::default())
            };
            special(&mut draft);
            Input::Submit(draft)
        });
        let answer = self.accepted.take().expect("an answer");
        answer.expect("the part is accepted")
    }

    /// The customer submits a message to several; which of them will not get it is said too.
    pub(crate) fn submitted_to_all(
        &mut self,
        bind: Bind,
        destinations: &[&str],
        special: impl FnOnce(&mut Draft, &mut Inputs),
    ) -> (Result<MessageKey, Refusal>, Vec<(String, Refusal)>) {
        let origin = self.origin();
        self.give(|inputs| {
            let all = destinations.iter().map(|digits| digits.as_bytes());
            let mut draft = Draft {
                wants: FINAL,
                to_all: inputs.put_addresses(all.map(Address::international)),
                ..draft(origin, bind, "0", inputs)
            };
            special(&mut draft, inputs);
            Input::Submit(draft)
        });
        let unreached = core::mem::take(&mut self.unreached);
        (self.accepted.take().expect("an answer"), unreached)
    }

    /// A subscriber writes a part of a longer message to the customer; it is acknowledged.
    #[track_caller]
    pub(crate) fn mo_part(&mut self, bind: Bind, (sequence, total): (u8, u8), text: &str) {
        let origin = self.origin();
        let mut octets = vec![5, 0, 3, 9, total, sequence];
        octets.extend_from_slice(text.as_bytes());
        let message = Message {
            source: Address::international(b"447700900123"),
            destination: Address::international(NUMBER.as_bytes()),
            esm_class: UDHI,
            text: &octets,
            ..Message::default()
        };
        self.give(|inputs| Input::Mo {
            origin,
            bind: bind.id,
            body: inputs.put_message(&message),
        });
        let answer = self.acknowledged.take().expect("an answer");
        assert_eq!(answer, None, "acknowledged");
    }
}
