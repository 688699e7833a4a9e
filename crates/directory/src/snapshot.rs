//! The snapshot: what the rest of the process gets to see of the configuration.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use engine::{ConnectorId, CustomerId};
use ipnet::IpNet;
use peer::Profile;

use crate::accounts::Accounts;
use crate::callers::Callers;
use crate::secret::Secret;
use crate::section::{Gateway, Host, ListenerKind, Settings};

/// Everything that the configuration says, checked: immutable, and replaced whole by a reload.
#[derive(Clone)]
pub struct Directory {
    /// This machine: data directory, limits, log.
    pub gateway: Gateway,
    /// Where we are connected to.
    pub listeners: Vec<Listener>,
    /// What the engine needs.
    pub engine: Arc<engine::Directory>,
    /// What customers paid, by rising numbers. The engine is told of all of it with each snapshot, and counts each once.
    pub topups: Vec<Topup>,
    /// Who may bind.
    pub accounts: Accounts,
    /// Carriers that may call us to be bound to.
    pub callers: Callers,
    /// Customers that are called when something waits for them, and how.
    pub outbinds: BTreeMap<CustomerId, Outbind>,
    /// Those that we bind to.
    pub carriers: Vec<Carrier>,
    /// What it was made from, for comparison.
    pub(crate) settings: Settings,
}

/// Where we are connected to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// What it is called.
    pub name: String,
    /// What it speaks.
    pub kind: ListenerKind,
    /// Where it listens; port 0: a free one.
    pub addr: Vec<SocketAddr>,
    /// What it shows of itself; only [`ListenerKind::Smpps`] has it.
    pub tls: Option<ListenerTls>,
    /// Those that say in a header of the PROXY protocol whom they speak for.
    pub proxy_from: Vec<IpNet>,
}

/// The certificate of a listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListenerTls {
    /// PEM files that could be opened when the configuration was read.
    Files {
        /// The certificate, and those above it.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// To be made once and kept in the data directory.
    SelfSigned,
}

/// How a customer is called that has no bind to receive with (SMPP 3.4, 2.2.1).
#[derive(Clone, Debug)]
pub struct Outbind {
    /// The customer's name.
    pub customer: String,
    /// Where it waits for us.
    pub host: Host,
    /// Who we are: at most 15 octets.
    pub system_id: String,
    /// What proves it: at most 8 octets; none: an empty one.
    pub password: Option<Secret>,
}

/// One that we bind to.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// How to speak to it; holds its number, its name and our credentials.
    pub profile: Arc<Profile>,
    /// Off: no binds are made.
    pub enabled: bool,
    /// Where it is.
    pub place: CarrierPlace,
    /// Binds to keep up.
    pub binds: u16,
    /// The preferred host of each bind is another one; off: the first is that of all.
    pub spread: bool,
    /// After how long a bind that does not stand at its preferred host tries that again; none: never.
    pub fail_back: Option<Duration>,
    /// How long a TCP connect may take.
    pub connect_timeout: Duration,
    /// Pause before the first new attempt; it doubles with each.
    pub reconnect_min: Duration,
    /// The longest pause.
    pub reconnect_max: Duration,
}

/// Where a carrier is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CarrierPlace {
    /// In this process: the built-in simulated carrier.
    Simulated,
    /// On the network.
    Network {
        /// Tried in turn; empty only where there are no binds to make.
        hosts: Vec<Host>,
        /// TLS, if it is spoken.
        tls: Option<CarrierTls>,
        /// Our own address to connect from.
        bind_from: Option<IpAddr>,
    },
}

/// How the carrier's certificate is checked, and ours shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CarrierTls {
    /// PEM file of the authorities that may vouch for it; none: those of the system.
    pub ca: Option<PathBuf>,
    /// PEM files of the certificate by which it knows us, and of its key.
    pub own: Option<(PathBuf, PathBuf)>,
    /// The name that its certificate must be for; none: the host's.
    pub server_name: Option<String>,
    /// Not checked at all.
    pub insecure: bool,
}

/// A payment of a customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Topup {
    /// Its number, from 1 on.
    pub number: u64,
    /// Who paid.
    pub customer: CustomerId,
    /// How much.
    pub amount: engine::Amount,
}

/// Names with their stable numbers, in the order of the configuration.
pub type Numbered<'a, Id> = Vec<(&'a str, Id)>;

impl Directory {
    /// The name of a customer, for logs. Looks through all of them.
    pub fn customer_name(&self, id: CustomerId) -> Option<&str> {
        self.customers()
            .find(|&(_, known)| known == id)
            .map(|(name, _)| name)
    }

    /// The customer called `name`. Looks through all of them.
    pub fn customer(&self, name: &str) -> Option<CustomerId> {
        self.customers()
            .find(|&(known, _)| known == name)
            .map(|(_, id)| id)
    }

    /// Customers and connectors with the numbers under which their messages are kept: what `bindery check` shows.
    pub fn numbers(&self) -> (Numbered<'_, CustomerId>, Numbered<'_, ConnectorId>) {
        (self.customers().collect(), self.connectors().collect())
    }

    /// Customers whose messages are counted, and how.
    pub fn counted(&self) -> Vec<(&str, String)> {
        let customers = self.settings.customers.iter();
        customers
            .filter_map(|customer| Some((customer.name.value.as_str(), customer.money.summary()?)))
            .collect()
    }

    /// The carrier behind a connector.
    pub fn carrier(&self, id: ConnectorId) -> Option<&Carrier> {
        self.carriers
            .iter()
            .find(|carrier| carrier.profile.connector == id)
    }

    /// The customers' names with the numbers under which their messages are kept.
    pub(crate) fn customers(&self) -> impl Iterator<Item = (&str, CustomerId)> {
        let customers = self.settings.customers.iter();
        customers.map(|customer| (customer.name.value.as_str(), CustomerId(customer.number())))
    }

    /// The connectors' names with the numbers under which their messages are kept.
    pub(crate) fn connectors(&self) -> impl Iterator<Item = (&str, ConnectorId)> {
        let connectors = self.settings.connectors.iter();
        connectors.map(|connector| {
            (
                connector.name.value.as_str(),
                ConnectorId(connector.number()),
            )
        })
    }
}

impl fmt::Debug for Directory {
    /// How many of each: there may be thousands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("gateway", &self.gateway)
            .field("listeners", &self.listeners)
            .field("accounts", &self.accounts.len())
            .field("carriers", &self.carriers)
            .finish_non_exhaustive()
    }
}
