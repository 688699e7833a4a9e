//! Messages from subscribers: whose they are, and that they wait for them.

use sms::Message;

use crate::engine::Turn;
use crate::record::Record;
use crate::{BindId, Origin, Output, Refusal, Room};

impl Turn<'_> {
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
        let customer = directory.customers.get(&id);
        let customer = customer.filter(|customer| customer.mo);
        let customer = customer.ok_or(Refusal::NoRoute)?;
        let account = self.fold.account_of(id);
        if self.live.room != Room::Plenty
            || account.deliveries + account.owed >= customer.deliver_max
        {
            return Err(Refusal::Full);
        }
        let key = self.mint();
        let expires = self.expiry(customer.mo_ttl);
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
