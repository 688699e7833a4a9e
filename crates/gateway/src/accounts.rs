//! What one customer has and may use, and the credit that an operator gives it.

use std::fmt::Display;

use engine::{AccountReport, Amount, Balance, Command, CustomerId, Report};
use serde::{Deserialize, Serialize};

use crate::orders::{Desk, Done, Refused};

/// What a customer paid and what became of it, each written out: `12.5`. It is granted = available + reserved + spent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Credit {
    pub(crate) customer: String,
    /// What new messages may cost.
    pub(crate) available: String,
    /// For messages that wait or are being sent.
    pub(crate) reserved: String,
    /// For messages that left.
    pub(crate) spent: String,
    /// All that it paid or was given.
    pub(crate) granted: String,
    /// Its messages cost nothing now, whatever it has.
    pub(crate) free: bool,
}

/// Credit that is given, or taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    pub(crate) customer: String,
    /// `12.5`: more than nothing.
    pub(crate) amount: String,
    /// It is taken back.
    pub(crate) take: bool,
    /// Why, for whoever reads the journal and the log.
    pub(crate) note: String,
}

/// One limit of a customer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Limit {
    pub(crate) limit: String,
    /// How much of it is used now.
    pub(crate) used: f64,
    /// None: there is no limit.
    pub(crate) max: Option<f64>,
}

impl Desk {
    /// What a customer paid, and what became of it.
    pub(crate) async fn credits(&self, who: &str) -> Result<Done, Refused> {
        let customer = self.customer(who)?;
        let report = self.account(customer).await?;
        Ok(self.credit(who, customer, &report))
    }

    /// Gives a customer credit, or takes some back.
    pub(crate) async fn grant(&self, grant: Grant) -> Result<Done, Refused> {
        let who = &grant.customer;
        let customer = self.customer(who)?;
        let amount = directory::decimal(&grant.amount).filter(|amount| amount.0 > 0);
        let amount = amount.ok_or_else(|| {
            Refused::wrong(format!(
                "{} is no amount: give digits, with up to four behind a point, and more than 0",
                grant.amount
            ))
        })?;
        if self.is_free(customer) {
            return Err(Refused::not_now(format!(
                "{who} pays nothing: give it credits = \"prepaid\" first"
            )));
        }
        let command = Command::Grant {
            customer,
            amount: if grant.take {
                Amount(-amount.0)
            } else {
                amount
            },
            note: grant.note.clone(),
        };
        match self.engine(command).await? {
            Report::Account(report) => {
                let (note, take) = (grant.note, grant.take);
                tracing::info!(customer = who, %amount, take, note, "an operator has changed a credit");
                Ok(self.credit(who, customer, &report))
            }
            Report::OutOfRange(balance) => Err(Refused::not_now(out_of_range(
                who, balance, amount, grant.take,
            ))),
            other => Err(Refused::unexpected(&other)),
        }
    }

    /// The limits of a customer as they count now, and how much of each is used.
    pub(crate) async fn limits(&self, who: &str) -> Result<Done, Refused> {
        let customer = self.customer(who)?;
        let report = self.account(customer).await?;
        let binds = self.binds().await.into_iter().map(|(_, bind)| bind);
        let rates = binds.filter(|bind| bind.is(&format!("customer/{who}")));
        let rates: Vec<f64> = rates.map(|bind| bind.rate_in).collect();
        let directory = self.common.directory();
        let rules = directory.engine.customers.get(&customer);
        let rules = rules.ok_or_else(|| Refused::wrong(format!("{who} is no customer")))?;
        let limit = |limit: &str, used: f64, max: Option<f64>| Limit {
            limit: limit.to_owned(),
            used,
            max,
        };
        let [transmitters, receivers, transceivers] = report.binds.map(f64::from);
        let binds = transmitters + receivers + transceivers;
        let most = rates.iter().copied().fold(0.0, f64::max);
        let deliveries = (report.deliveries + report.owed) as f64;
        let mut limits = vec![
            limit("binds_max", binds, Some(rules.binds_max.into())),
            limit(
                "transmitters_max",
                transmitters,
                rules.kinds_max.transmitters.map(f64::from),
            ),
            limit(
                "receivers_max",
                receivers,
                rules.kinds_max.receivers.map(f64::from),
            ),
            limit(
                "transceivers_max",
                transceivers,
                rules.kinds_max.transceivers.map(f64::from),
            ),
            limit(
                "rate",
                rates.iter().fold(0.0, |sum, rate| sum + rate),
                rules.rate.map(f64::from),
            ),
            limit("rate_per_bind", most, rules.rate_per_bind.map(f64::from)),
            limit("deliver_max", deliveries, Some(rules.deliver_max as f64)),
        ];
        let meter = rules.meter.as_ref();
        let daily = meter.and_then(|meter| meter.daily_limit);
        limits.push(limit(
            "daily_limit",
            report.segments.unwrap_or_default() as f64,
            daily.map(|daily| daily as f64),
        ));
        if !self.is_free(customer) {
            let balance = report.balance.unwrap_or_default();
            let used = Amount(balance.granted.0 - balance.available().0);
            limits.push(limit("credits", units(used), Some(units(balance.granted))));
        }
        Ok(Done::Limits(limits))
    }

    async fn account(&self, customer: CustomerId) -> Result<AccountReport, Refused> {
        match self.engine(Command::Account(customer)).await? {
            Report::Account(report) => Ok(report),
            other => Err(Refused::unexpected(&other)),
        }
    }

    fn credit(&self, who: &str, customer: CustomerId, report: &AccountReport) -> Done {
        let balance = report.balance.unwrap_or_default();
        Done::Credit(Credit {
            customer: who.to_owned(),
            available: balance.available().to_string(),
            reserved: balance.reserved.to_string(),
            spent: balance.spent.to_string(),
            granted: balance.granted.to_string(),
            free: self.is_free(customer),
        })
    }

    /// Whether its messages cost nothing.
    fn is_free(&self, customer: CustomerId) -> bool {
        let directory = self.common.directory();
        let rules = directory.engine.customers.get(&customer);
        let meter = rules.and_then(|rules| rules.meter.as_ref());
        meter.is_none_or(|meter| meter.price.is_none())
    }
}

pub(crate) fn units(amount: Amount) -> f64 {
    amount.0 as f64 / Amount::UNIT as f64
}

fn out_of_range(who: &str, balance: Balance, amount: impl Display, take: bool) -> String {
    if take {
        let available = balance.available();
        format!("{amount} cannot be taken from {who}: {available} is available")
    } else {
        format!("{who} cannot have {amount} more: it is too much to be counted")
    }
}
