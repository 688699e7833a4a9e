//! One message to several destinations (submit_multi).

use sms::Message;

use crate::engine::Turn;
use crate::traffic::addresses;
use crate::{Draft, Output, Refusal};

impl Turn<'_> {
    /// A customer submits one message to all of these. Each is a message of its own under the name of the first that we take; which
    /// ones we did not take is said before, and if that is all of them, the request is refused as the first was.
    pub(crate) fn submit_to_all(&mut self, draft: &Draft, body: &[u8], destinations: &[u8]) {
        let origin = draft.origin;
        let message = Message::decode(body).unwrap_or_default();
        let behind = body.get(message.encoded_len()..).unwrap_or_default();
        let (mut told, mut refused) = (None, Vec::new());
        let mut each = Vec::new();
        for destination in addresses(destinations) {
            each.clear();
            Message {
                destination,
                ..message
            }
            .encode(&mut each);
            each.extend_from_slice(behind);
            match self.admit(draft, &each, told) {
                Ok(name) => told = Some(name),
                Err(refusal) => refused.push((destination, refusal)),
            }
        }
        let Some(told) = told else {
            let refusal = refused
                .first()
                .map_or(Refusal::NoRoute, |&(_, first)| first);
            self.step.free.push(Output::Refused { origin, refusal });
            return;
        };
        for (destination, refusal) in refused {
            let destination = self.step.gated.put_address(destination);
            self.step.gated.push(Output::Unreached {
                origin,
                destination,
                refusal,
            });
        }
        self.step.gated.push(Output::Accepted { origin, told });
    }
}
