//! What an operator has decided about a customer or a connector: it stands until the operator decides otherwise, also over a
//! restart, and beside whatever the configuration says.

use std::collections::BTreeMap;

use crate::engine::Turn;
use crate::{ConnectorId, CustomerId};

/// Whom an operator decides about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Party {
    /// Who sends us MT.
    Customer(CustomerId),
    /// Whom we send MT to.
    Connector(ConnectorId),
}

/// How it stands with a party.
///
/// ```text
/// Open <---> Draining <---> Paused <---> Open
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Standing {
    /// As the configuration has it.
    #[default]
    Open = 0,
    /// Nothing new: a customer's messages are refused for now, a connector is not routed to. What there is goes on.
    Draining = 1,
    /// Nothing new from a customer, and nothing to it. To a connector nothing either: what is routed to it waits there, unless
    /// its route has another that sends.
    Paused = 2,
}

impl Party {
    /// As it is written: on which side it is, and its number.
    pub(crate) fn code(self) -> (u8, u32) {
        match self {
            Party::Customer(id) => (0, id.0),
            Party::Connector(id) => (1, id.0),
        }
    }

    pub(crate) fn from_code(side: u8, id: u32) -> Option<Party> {
        match side {
            0 => Some(Party::Customer(CustomerId(id))),
            1 => Some(Party::Connector(ConnectorId(id))),
            _ => None,
        }
    }
}

impl Standing {
    pub(crate) fn from_code(code: u8) -> Option<Standing> {
        [Standing::Open, Standing::Draining, Standing::Paused]
            .into_iter()
            .find(|&standing| standing as u8 == code)
    }
}

/// Those who do not stand open; mostly nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standings(BTreeMap<Party, Standing>);

impl Standings {
    #[inline]
    pub(crate) fn of(&self, party: Party) -> Standing {
        if self.0.is_empty() {
            return Standing::Open;
        }
        self.0.get(&party).copied().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, party: Party, standing: Standing) {
        match standing {
            Standing::Open => self.0.remove(&party),
            Standing::Draining | Standing::Paused => self.0.insert(party, standing),
        };
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Party, Standing)> + '_ {
        self.0.iter().map(|(&party, &standing)| (party, standing))
    }
}

impl Turn<'_> {
    /// Whether an operator lets nothing out to it.
    #[inline]
    pub(crate) fn is_paused(&self, party: Party) -> bool {
        self.fold.standings.of(party) == Standing::Paused
    }

    /// Whether some bind to the carrier can take messages, and may have them.
    pub(crate) fn takes_messages(&self, connector: ConnectorId) -> bool {
        self.live.is_connected(connector) && !self.is_paused(Party::Connector(connector))
    }
}
