//! What customers and carriers are called, for what is read without the gateway.

use std::collections::BTreeMap;
use std::path::Path;

use engine::{ConnectorId, CustomerId};
use serde::{Deserialize, Serialize};

use crate::config;
use crate::orders::{self, Done, Order, Refused};

/// Numbers and names; empty if neither a configuration nor a gateway could say.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Names {
    /// As what each binds.
    customers: BTreeMap<u32, String>,
    carriers: BTreeMap<u32, String>,
}

impl Names {
    /// Of everybody in a directory.
    pub(crate) fn of(directory: &directory::Directory) -> Names {
        let (_, carriers) = directory.numbers();
        let carriers = carriers.into_iter();
        let accounts = directory.accounts.iter();
        Names {
            customers: accounts
                .map(|account| (account.customer.0, account.system_id.clone()))
                .collect(),
            carriers: carriers.map(|(name, id)| (id.0, name.to_owned())).collect(),
        }
    }

    /// As the configuration has them, or the gateway that runs; of neither: none.
    pub(super) fn known(data_dir: &Path, config: Option<&Path>) -> Names {
        let configured = config.and_then(|file| config::directory(file).ok());
        if let Some(directory) = configured {
            return Names::of(&directory);
        }
        match orders::give(data_dir, Order::Names) {
            Ok(Done::Names(names)) => names,
            Ok(_) | Err(_) => Names::default(),
        }
    }

    /// The carrier of this name.
    pub(super) fn carrier(&self, name: &str) -> Result<ConnectorId, Refused> {
        if self.carriers.is_empty() {
            return Err(Refused::wrong(
                "no gateway runs there that knows its carriers: name its configuration with --config",
            ));
        }
        let carriers = self.carriers.iter();
        let carriers: Vec<_> = carriers
            .map(|(&id, name)| (name.as_str(), ConnectorId(id)))
            .collect();
        orders::meant("carrier", name, &carriers)
    }

    /// As what a customer binds; one that is not known by its number.
    pub(super) fn customer_name(&self, id: CustomerId) -> String {
        let name = self.customers.get(&id.0).cloned();
        name.unwrap_or_else(|| format!("#{}", id.0))
    }

    /// What a carrier is called; one that is not known by its number.
    pub(super) fn carrier_name(&self, id: ConnectorId) -> String {
        let name = self.carriers.get(&id.0).cloned();
        name.unwrap_or_else(|| format!("#{}", id.0))
    }
}
