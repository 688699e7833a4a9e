//! Messages from subscribers: whose they are, and that they wait for them; and that a subscriber is back, which waits for nobody.

use sms::{Message, Wall, long};

use crate::engine::Turn;
use crate::mo_parts;
use crate::record::Record;
use crate::replies::{Latest, Talk};
use crate::{
    BindId, BindKind, CustomerId, MessageKey, MoParts, Origin, Output, Party, Refusal, Room,
};

impl Turn<'_> {
    /// A subscriber sent a message: it goes to the customer that wrote to it last from that number, or else to the one whose number
    /// it is.
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
        let takes = |id: &CustomerId| {
            let customer = directory.customers.get(id);
            customer.is_some_and(|customer| customer.mo)
        };
        let answered = self
            .answered(&message)
            .filter(|latest| takes(&latest.customer));
        let id = match answered {
            Some(latest) => latest.customer,
            None => directory.numbers.owner(&message).ok_or(Refusal::NoRoute)?,
        };
        let customer = directory.customers.get(&id).filter(|_| takes(&id));
        let customer = customer.ok_or(Refusal::NoRoute)?;
        let part = mo_parts::part_of(&message);
        let separate;
        let body = match (part, customer.mo_multipart) {
            (Some(_), MoParts::Drop) => return Ok(()),
            (Some(part), MoParts::Join) if self.is_waiting_twin(id, part, body) => return Ok(()),
            (Some(_), MoParts::Separate) => {
                separate = long::without_header(&message);
                &separate[..]
            }
            _ => body,
        };
        let account = self.fold.account_of(id);
        if self.live.room != Room::Plenty
            || account.deliveries + account.owed >= customer.deliver_max
        {
            return Err(Refusal::Full);
        }
        let key = self.mint();
        // Parts wait for each other before they wait for the customer.
        let apart = match (part, customer.mo_multipart) {
            (Some(_), MoParts::Join) => customer.mo_join_wait,
            _ => core::time::Duration::ZERO,
        };
        let expires = self.expiry(customer.mo_ttl + apart);
        self.record(&Record::Arrived {
            key,
            customer: id,
            connector,
            expires,
            // An alias may name another message by the time that it is told.
            answers: answered
                .map(|latest| latest.told)
                .filter(|told| told.key().is_some()),
            body,
        });
        match (part, customer.mo_multipart) {
            (Some(part), MoParts::Join) => {
                self.wait_for_parts(id, key, part, body, customer.mo_join_wait);
            }
            _ => self.ready(key),
        }
        Ok(())
    }

    /// A subscriber is back. The customer whose number asked to be told hears of it if it listens: it helps now or never, so nothing
    /// is written down, and without a session that can receive it is dropped (SMPP 3.4, 4.12).
    pub(crate) fn alert(&mut self, bind: BindId, body: &[u8]) {
        let Some(to) = self.listener(bind, body) else {
            self.live.lost.alerts += 1;
            return;
        };
        // Behind the answer to the bind, if that is still held.
        let body = self.step.gated.put(body);
        self.step.gated.push(Output::Alert { to, body });
    }

    /// The oldest session of the customer that wants this alert and can receive it.
    fn listener(&self, bind: BindId, body: &[u8]) -> Option<Origin> {
        self.connector_of(bind)?;
        let id = self.directory.numbers.owner(&Message::decode(body)?)?;
        let customer = self.directory.customers.get(&id);
        customer.filter(|customer| customer.enabled && customer.alerts)?;
        if self.is_paused(Party::Customer(id)) {
            return None;
        }
        let binds = self.live.customers.get(&id)?.binds.iter();
        binds
            .filter_map(|&bind| self.live.binds.get(bind))
            .find(|bind| bind.kind().is_some_and(BindKind::receives))
            .map(|bind| bind.origin)
    }

    /// What a subscriber answers: the latest message that it got from this number, if that was not too long ago.
    fn answered(&self, message: &Message<'_>) -> Option<Latest> {
        let latest = self.fold.replies().get(Talk::answered_by(message))?;
        let age = self.now.wall.0.saturating_sub(latest.key.minted().0);
        let keep = self.directory.limits.replies_keep;
        (u128::from(age) <= keep.as_millis()).then_some(latest)
    }

    /// The talk that an answer to the message would belong to, if it is from a number that subscribers write to.
    #[inline]
    pub(crate) fn opened(&self, message: &Message<'_>) -> Option<Talk> {
        let answerable = self.directory.numbers.contain(message.source.digits);
        answerable.then(|| Talk::opened_by(message))
    }

    /// There is to be room to remember who can be answered from `key` on.
    #[inline]
    pub(crate) fn make_room_for_talk(&mut self, key: MessageKey) {
        let limits = &self.directory.limits;
        let keep = u64::try_from(limits.replies_keep.as_millis()).unwrap_or(u64::MAX);
        let since = MessageKey::earliest(Wall(self.now.wall.0.saturating_sub(keep)));
        if !self.fold.replies().has_room(limits.replies_max, since) {
            self.begin_era(key, since);
        }
    }

    #[cold]
    fn begin_era(&mut self, key: MessageKey, since: MessageKey) {
        let most = self.directory.limits.replies_max;
        while let Some(upto) = self.fold.replies().overdue(most, since) {
            self.record(&Record::Outdated { upto });
        }
        self.record(&Record::Era { since: key });
    }
}
