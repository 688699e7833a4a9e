//! The record of a message that we took from a customer.

use sms::Wall;

use super::{Reader, Seconds, Writer};
use crate::{BindId, ConnectorId, CustomerId, MessageKey, Told, Wants};

/// We own a message of a customer and placed it with a connector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Accepted<'a> {
    pub(crate) key: MessageKey,
    /// What the customer was told that it is called.
    pub(crate) told: Told,
    pub(crate) customer: CustomerId,
    /// The bind it came over.
    pub(crate) bind: BindId,
    pub(crate) connector: ConnectorId,
    pub(crate) priority: u8,
    pub(crate) wants: Wants,
    pub(crate) expires: Seconds,
    /// Not to be sent before.
    pub(crate) due: Option<Wall>,
    /// It goes out as soon as this record is durable: [`Record::Sending`](super::Record::Sending) in the same breath.
    pub(crate) sending: bool,
    pub(crate) body: &'a [u8],
}

/// The bits of the first octet: what is so, and what is written down because it is not as usual.
mod flag {
    pub(super) const SENDING: u8 = 1;
    pub(super) const DUE: u8 = 2;
    pub(super) const TOLD: u8 = 4;
    /// A newer version may know more.
    pub(super) const KNOWN: u8 = SENDING | DUE | TOLD;
}

impl<'a> Accepted<'a> {
    pub(super) fn encode(&self, w: &mut Writer<'_>) {
        let told = Some(self.told).filter(|&told| told != self.key.into());
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        let flags = bit(self.sending, flag::SENDING)
            | bit(self.due.is_some(), flag::DUE)
            | bit(told.is_some(), flag::TOLD);
        w.0.reserve(64 + self.body.len());
        w.bytes(&[flags, self.priority, self.wants.0]);
        w.u64(self.key.0);
        w.u64(self.bind.0);
        w.u32(self.customer.0);
        w.u32(self.connector.0);
        w.u32(self.expires.0);
        if let Some(due) = self.due {
            w.u64(due.0);
        }
        if let Some(told) = told {
            w.u64(told.0);
        }
        w.long(self.body);
    }

    pub(super) fn decode(r: &mut Reader<'_, 'a>) -> Option<Accepted<'a>> {
        let [flags, priority, wants] = r.array()?;
        if flags & !flag::KNOWN != 0 {
            return None;
        }
        let has = |bit: u8| flags & bit != 0;
        let key = r.key()?;
        Some(Accepted {
            key,
            bind: BindId(r.u64()?),
            customer: CustomerId(r.u32()?),
            connector: ConnectorId(r.u32()?),
            priority,
            wants: Wants(wants),
            expires: Seconds(r.u32()?),
            due: if has(flag::DUE) {
                Some(Wall(r.u64()?))
            } else {
                None
            },
            told: if has(flag::TOLD) {
                Told(r.u64()?)
            } else {
                key.into()
            },
            sending: has(flag::SENDING),
            body: r.long()?,
        })
    }
}
