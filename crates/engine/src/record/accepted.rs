//! The record of a message that we took from a customer.

use sms::Wall;

use super::{Reader, Seconds, Writer};
use crate::replies::Talk;
use crate::whole::PartReceipts;
use crate::{BindId, ConnectorId, CustomerId, Group, MessageKey, Told, Wants};

/// We own a message of a customer and placed it with a connector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Accepted<'a> {
    pub(crate) key: MessageKey,
    /// What the customer was told that it is called.
    pub(crate) told: Told,
    pub(crate) customer: CustomerId,
    /// The bind it came over.
    pub(crate) bind: BindId,
    /// The group of that bind.
    pub(crate) group: Group,
    pub(crate) connector: ConnectorId,
    pub(crate) priority: u8,
    pub(crate) wants: Wants,
    pub(crate) expires: Seconds,
    /// Not to be sent before.
    pub(crate) due: Option<Wall>,
    /// It goes out as soon as this record is durable: [`Record::Sending`](super::Record::Sending) in the same breath.
    pub(crate) sending: bool,
    /// It is one of several that depend on each other.
    pub(crate) part: Option<Part>,
    /// It is the latest message of this talk: subscribers may answer it.
    pub(crate) talk: Option<Talk>,
    pub(crate) body: &'a [u8],
}

/// Which part of which long message something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    /// The part that came first, by which the long message is known.
    pub(crate) head: MessageKey,
    /// From 1 to `total`.
    pub(crate) number: u8,
    pub(crate) total: u8,
    pub(crate) receipts: PartReceipts,
    /// It waits for the other parts, at most until it is due.
    pub(crate) held: bool,
}

/// The bits of the first octet: what is so, and what is written down because it is not as usual.
mod flag {
    pub(super) const SENDING: u8 = 1;
    pub(super) const DUE: u8 = 2;
    pub(super) const TOLD: u8 = 4;
    pub(super) const GROUP: u8 = 8;
    pub(super) const PART: u8 = 16;
    pub(super) const TALK: u8 = 32;
    /// The talk has its check, which older journals do not know.
    pub(super) const CHECK: u8 = 64;
    /// A newer version may know more.
    pub(super) const KNOWN: u8 = SENDING | DUE | TOLD | GROUP | PART | TALK | CHECK;
}

impl<'a> Accepted<'a> {
    pub(super) fn encode(&self, w: &mut Writer<'_>) {
        let told = Some(self.told).filter(|&told| told != self.key.into());
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        let flags = bit(self.sending, flag::SENDING)
            | bit(self.due.is_some(), flag::DUE)
            | bit(told.is_some(), flag::TOLD)
            | bit(self.group != Group::default(), flag::GROUP)
            | bit(self.part.is_some(), flag::PART)
            | bit(self.talk.is_some(), flag::TALK)
            | bit(self.talk.is_some_and(Talk::is_checked), flag::CHECK);
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
        if self.group != Group::default() {
            w.bytes(&self.group.octets());
        }
        if let Some(part) = self.part {
            let held = u8::from(part.held);
            w.u64(part.head.0);
            w.bytes(&[part.number, part.total, part.receipts as u8, held]);
        }
        if let Some(talk) = self.talk {
            talk.encode(w);
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
            group: if has(flag::GROUP) {
                Group::from_octets(r.array()?)
            } else {
                Group::default()
            },
            sending: has(flag::SENDING),
            part: if has(flag::PART) {
                Some(Part::decode(r)?)
            } else {
                None
            },
            talk: if has(flag::TALK) {
                Some(Talk::decode(r, has(flag::CHECK))?)
            } else {
                None
            },
            body: r.long()?,
        })
    }
}

impl Part {
    fn decode(r: &mut Reader<'_, '_>) -> Option<Part> {
        let head = r.key()?;
        let [number, total, receipts, held] = r.array()?;
        Some(Part {
            head,
            number,
            total,
            receipts: PartReceipts::from_code(receipts)?,
            held: held != 0,
        })
    }
}
