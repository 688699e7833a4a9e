//! Receipts that match no message, or none yet.

use sms::{State, Wall};

use super::Fold;
use crate::entry::CarrierId;
use crate::record::{How, Record, Seconds};
use crate::{ConnectorId, MessageKey};

/// A receipt that matches no message, or none yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stray {
    pub(crate) connector: ConnectorId,
    pub(crate) id: CarrierId,
    pub(crate) destination: Box<[u8]>,
    pub(crate) state: State,
    pub(crate) err: [u8; 3],
    pub(crate) done: Wall,
    pub(crate) expires: Seconds,
    pub(crate) parked: bool,
}

impl Fold {
    pub(super) fn stray(&mut self, key: MessageKey, stray: Stray) {
        self.lane_mut(stray.connector).strays.insert(key);
        self.ids.insert_stray(stray.id.hash(stray.connector), key);
        self.strays.insert(key, stray);
    }

    pub(super) fn forget_stray(&mut self, key: MessageKey) -> Option<Stray> {
        let stray = self.strays.remove(&key)?;
        self.lane_mut(stray.connector).strays.remove(&key);
        self.ids.remove_stray(stray.id.hash(stray.connector), key);
        Some(stray)
    }
}

impl Stray {
    pub(super) fn record(&self, key: MessageKey) -> Record<'_> {
        Record::Receipt {
            key,
            connector: self.connector,
            of: None,
            how: How::None,
            state: self.state,
            err: self.err,
            done: self.done,
            expires: self.expires,
            parked: self.parked,
            id: self.id.octets(),
            destination: &self.destination,
        }
    }
}
