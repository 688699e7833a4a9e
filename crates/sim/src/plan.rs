//! Who there is and what was agreed with them: the configuration of a simulated process.

use core::time::Duration;
use std::sync::Arc;

use engine::{
    Amount, Connector, ConnectorId, Customer, CustomerId, Directory, Input, Limits, Route, Target,
};
use journal::Options;
use peer::{Account, Profile};
use smpp::session::BindKind;

/// The configuration.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Those who send us MT.
    pub customers: Vec<CustomerPlan>,
    /// Those we send MT to.
    pub connectors: Vec<ConnectorPlan>,
    /// What customers paid: by their place here, the number of the payment, and how much. The engine is told of all of it at each
    /// start and reload, as from a file.
    pub topups: Vec<(usize, u64, Amount)>,
    /// Limits of the machine.
    pub limits: Limits,
    /// Sizes of the journal.
    pub journal: Options,
    /// Octets of journal after which the state is written down.
    pub snapshot_every: u64,
    /// Octets of records that may be not durable.
    pub undurable_max: usize,
    /// How long a socket may take nothing of what is written to it.
    pub write_stall: Duration,
}

/// One customer: what the engine knows of it, and what the edge does.
#[derive(Clone, Debug)]
pub struct CustomerPlan {
    /// It is not in the configuration: it was removed, or is still to come.
    pub gone: bool,
    /// Limits and routes.
    pub customer: Customer,
    /// Protocol.
    pub account: Account,
}

/// One connector: what the engine knows of it, and what the edge does.
#[derive(Clone, Debug)]
pub struct ConnectorPlan {
    /// It is not in the configuration: it was removed, or is still to come.
    pub gone: bool,
    /// Rate, retries and doubts.
    pub connector: Connector,
    /// Protocol.
    pub profile: Profile,
    /// Binds that are to stand.
    pub binds: u16,
    /// Receivers that are to stand beside these, which then are transmitters; none: they are transceivers.
    pub receivers: u16,
    /// Another one when the binds have to be made anew.
    pub generation: u64,
    /// The first wait before the next attempt, and the longest.
    pub reconnect: (Duration, Duration),
}

impl Plan {
    /// So many customers whose messages go to all of so many carriers in equal shares; everything else as it comes.
    pub fn new(customers: usize, connectors: usize) -> Plan {
        let targets = (0..connectors).map(|number| Target {
            connector: connector_id(number),
            order: 0,
            weight: 1,
        });
        let route = Route {
            targets: targets.collect(),
            ..Route::default()
        };
        let customer = |number| CustomerPlan {
            gone: false,
            customer: Customer {
                routes: vec![route.clone()],
                ..Customer::default()
            },
            account: Account {
                customer: customer_id(number),
                system_id: format!("customer{}", number + 1),
                ..Account::default()
            },
        };
        let connector = |number| ConnectorPlan {
            gone: false,
            connector: Connector::default(),
            profile: Profile {
                connector: connector_id(number),
                name: format!("carrier{}", number + 1),
                system_id: "bindery".to_owned(),
                ..Profile::default()
            },
            binds: 1,
            receivers: 0,
            generation: 0,
            reconnect: (Duration::from_secs(1), Duration::from_secs(60)),
        };
        Plan {
            customers: (0..customers).map(customer).collect(),
            connectors: (0..connectors).map(connector).collect(),
            topups: Vec::new(),
            limits: Limits::default(),
            journal: Options {
                segment_bytes: 32 << 10,
                reserve_bytes: 32 << 10,
                room_low_bytes: 256 << 10,
                room_scarce_bytes: 96 << 10,
                room_hysteresis_bytes: 16 << 10,
            },
            snapshot_every: 64 << 10,
            undurable_max: 16 << 20,
            write_stall: Duration::from_secs(30),
        }
    }

    /// What a customer was granted by all of it; none: it does not pay.
    pub(crate) fn granted(&self, customer: usize) -> Option<Amount> {
        let meter = self.customers[customer].customer.meter.as_ref()?;
        meter.price?;
        let paid = self.topups.iter().filter(|(whose, ..)| *whose == customer);
        let paid: i64 = paid.map(|(.., amount)| amount.0).sum();
        Some(Amount(meter.trial.0 + paid))
    }

    /// What the engine is told of payments.
    pub(crate) fn credits(&self) -> impl Iterator<Item = Input> {
        let known = |&&(customer, ..): &&(usize, u64, Amount)| !self.customers[customer].gone;
        self.topups
            .iter()
            .filter(known)
            .map(|&(customer, topup, amount)| Input::Credit {
                customer: customer_id(customer),
                topup,
                amount,
            })
    }

    /// What the engine is told of it.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        let customers = self.customers.iter().enumerate();
        let customers = customers.filter(|(_, plan)| !plan.gone);
        let connectors = self.connectors.iter().enumerate();
        let connectors = connectors.filter(|(_, plan)| !plan.gone);
        Arc::new(Directory {
            customers: customers
                .clone()
                .map(|(number, plan)| (customer_id(number), plan.customer.clone()))
                .collect(),
            connectors: connectors
                .map(|(number, plan)| (connector_id(number), plan.connector.clone()))
                .collect(),
            numbers: customers
                .clone()
                .map(|(number, _)| (own_number(number), customer_id(number)))
                .collect(),
            limits: self.limits.clone(),
        })
    }
}

impl ConnectorPlan {
    /// The binds that are to stand: as what, and which of their kind.
    pub(crate) fn all_binds(&self) -> impl Iterator<Item = (BindKind, u16)> {
        let own = match self.receivers {
            0 => BindKind::Transceiver,
            _ => BindKind::Transmitter,
        };
        let (binds, receivers) = match self.gone || !self.connector.enabled {
            true => (0, 0),
            false => (self.binds, self.receivers),
        };
        let receivers = (0..receivers).map(|number| (BindKind::Receiver, number));
        (0..binds).map(move |number| (own, number)).chain(receivers)
    }
}

/// The identity of a customer by its place in the plan.
pub(crate) fn customer_id(number: usize) -> CustomerId {
    CustomerId(number as u32 + 1)
}

/// The identity of a connector by its place in the plan.
pub(crate) fn connector_id(number: usize) -> ConnectorId {
    ConnectorId(number as u32 + 1)
}

/// The number that subscribers write to when they mean this customer.
pub(crate) fn own_number(customer: usize) -> Vec<u8> {
    format!("8000{customer}").into_bytes()
}
