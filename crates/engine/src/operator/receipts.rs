//! Receipts that wait: those of carriers that no message was found for, and those of customers of whom nobody is there to receive.

use sms::{State, Wall};

use crate::engine::Turn;
use crate::entry::{Leg, Stage};
use crate::fold::Stray;
use crate::operator::Report;
use crate::record::{How, Record};
use crate::{ConnectorId, CustomerId, Delivery, Lapse, MessageKey};

/// Receipts that one report tells of; those left out are counted.
const SHOWN_MAX: usize = 1000;

/// A receipt of a carrier that belongs to no message, or to none yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StrayReport {
    /// Its own key.
    pub key: MessageKey,
    /// Whose it is.
    pub connector: ConnectorId,
    /// The carrier's id of the message, as written.
    pub id: Vec<u8>,
    /// Digits; empty if the carrier did not say.
    pub destination: Vec<u8>,
    /// What it tells.
    pub state: State,
    /// The carrier's code.
    pub err: [u8; 3],
    /// When the message came to that state.
    pub done: Wall,
    /// Answers of the carrier are open, one of which may give a message this id.
    pub is_early: bool,
    /// When it is forgotten.
    pub expires: Wall,
}

/// Something that waits for a customer of whom no bind stands that could receive it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParkedReport {
    /// Its key.
    pub key: MessageKey,
    /// For whom.
    pub customer: CustomerId,
    /// A receipt or a message from a subscriber.
    pub delivery: Delivery,
    /// Until when it waits.
    pub expires: Wall,
}

/// What came of matching a receipt anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rematched {
    /// It tells its message's customer now.
    To(MessageKey),
    /// It is about this message, whose customer would hear nothing new: the receipt is forgotten.
    NoNews(MessageKey),
    /// Nothing was done: there is no such receipt.
    NoReceipt,
    /// Nothing was done: no message of that carrier fits.
    NoMessage,
    /// Nothing was done: this message does not wait for a receipt of that carrier.
    NotSent(MessageKey),
}

impl Turn<'_> {
    /// The newest receipts without a message, of one carrier or of all.
    pub(super) fn unmatched(&self, connector: Option<ConnectorId>) -> Report {
        let told = |(key, stray): (MessageKey, &Stray)| StrayReport {
            key,
            connector: stray.connector,
            id: stray.id.octets().to_vec(),
            destination: stray.destination.to_vec(),
            state: stray.state,
            err: stray.err,
            done: stray.done,
            is_early: stray.parked,
            expires: stray.expires.wall(),
        };
        let (receipts, all): (Vec<_>, usize) = match connector {
            None => {
                let newest = self.fold.strays().rev().take(SHOWN_MAX);
                (newest.map(told).collect(), self.fold.strays().len())
            }
            Some(connector) => {
                let newest = self.fold.strays_of(connector).take(SHOWN_MAX);
                let lane = self.fold.lane(connector);
                (
                    newest.map(told).collect(),
                    lane.map_or(0, |lane| lane.strays().0),
                )
            }
        };
        let left_out = all - receipts.len();
        Report::Unmatched { receipts, left_out }
    }

    /// What waits for customers of whom nobody is there to receive it, of one or of all, by customer in the order of its coming.
    pub(super) fn parked(&self, customer: Option<CustomerId>) -> Report {
        let first = (customer.unwrap_or_default(), crate::Group::default());
        let lanes = self.live.delivery_lanes.range(first..);
        let lanes = lanes
            .take_while(|((whose, _), _)| customer.is_none_or(|customer| customer == *whose))
            .filter(|(_, lane)| lane.is_unattended());
        let (mut waiting, mut left_out) = (Vec::new(), 0);
        for ((customer, _), lane) in lanes {
            let room = SHOWN_MAX - waiting.len();
            let entries = lane.waiting().take(room).filter_map(|key| {
                let entry = self.fold.entry(key)?;
                Some(ParkedReport {
                    key,
                    customer: *customer,
                    delivery: entry.delivery()?,
                    expires: entry.order.expires.wall(),
                })
            });
            waiting.extend(entries);
            left_out += lane.waiting().len().saturating_sub(room);
        }
        Report::Parked { waiting, left_out }
    }

    /// Looks again for the message of a receipt, by the rules as they are now, or takes the one that an operator knows it to be.
    pub(super) fn rematch(&mut self, key: MessageKey, to: Option<MessageKey>) -> Rematched {
        let Some(stray) = self.fold.stray_of(key).cloned() else {
            return Rematched::NoReceipt;
        };
        let (connector, id) = (stray.connector, stray.id.octets());
        let found = match to {
            Some(to) => Some((to, How::ByHand)),
            None => self.find_for(connector, id, &stray.destination),
        };
        let Some((of, how)) = found else {
            return Rematched::NoMessage;
        };
        let entry = self.fold.entry(of);
        let sent = |leg: &Leg| leg.connector == connector && leg.stage == Stage::Sent;
        let Some(entry) = entry.filter(|entry| entry.leg().is_some_and(sent)) else {
            return Rematched::NotSent(of);
        };
        let (order, taken) = (entry.order, entry.leg().and_then(Leg::taken));
        if self.is_no_news(&order, stray.state) {
            self.finish_stray(key);
            return Rematched::NoNews(of);
        }
        let expires = self.expiry(self.delivery_ttl(order.customer));
        self.record(&Record::Matched {
            key,
            of: Some(of),
            how,
            expires,
        });
        if let Some(taken) = taken.filter(|_| stray.state.is_final()) {
            self.took(of, taken, Lapse::ToReceipt);
        }
        self.ready(key);
        Rematched::To(of)
    }
}
