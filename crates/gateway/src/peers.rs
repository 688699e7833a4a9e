//! Orders about customers and carriers: how it stands with them, and how it is to.

use std::collections::BTreeMap;

use directory::Directory;
use engine::{Command, ConnectorReport, CustomerReport, Origin, Party, Report};
use serde::{Deserialize, Serialize};

use crate::binds::{Bind, Side};
use crate::metrics::Who;
use crate::orders::{Desk, Done, Refused};

/// What an operator decides about a customer or a carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Standing {
    /// As the configuration has it.
    Open,
    /// Nothing new; what there is goes on.
    Draining,
    /// Nothing new, and nothing is sent to it.
    Paused,
}

/// What was decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Stands {
    pub(crate) side: Side,
    pub(crate) name: String,
    pub(crate) standing: Standing,
    /// It was not so before.
    pub(crate) changed: bool,
}

/// One customer, at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct CustomerRow {
    pub(crate) name: String,
    /// `open`, `off` (by the configuration), or what an operator decided: `draining`, `paused`.
    pub(crate) state: String,
    pub(crate) binds: u32,
    /// As many as there may be.
    pub(crate) binds_max: u32,
    /// Receipts and messages from subscribers that wait for it.
    pub(crate) deliveries: u64,
    /// Messages that have not ended and of whose end it wants to hear.
    pub(crate) owed: u64,
    #[serde(flatten)]
    pub(crate) traffic: Traffic,
}

/// One carrier, at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct CarrierRow {
    pub(crate) name: String,
    /// `open`, `closing` or `off` (by the configuration), or what an operator decided: `draining`, `paused`.
    pub(crate) state: String,
    pub(crate) binds: u32,
    /// As many as are to stand.
    pub(crate) binds_wanted: u32,
    /// Messages that wait for it.
    pub(crate) waiting: u64,
    /// Messages that it has not answered.
    pub(crate) sending: u64,
    /// Of these: nobody knows.
    pub(crate) in_doubt: u64,
    /// Receipts of it that match no message.
    pub(crate) unmatched: u64,
    /// Messages a second that it gets at most, after what it complained of; none: no limit.
    pub(crate) rate_max: Option<u64>,
    #[serde(flatten)]
    pub(crate) traffic: Traffic,
}

/// What goes on between a peer and us, over all its binds.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Traffic {
    /// Messages and receipts taken from the peer in a second, over about the last ten.
    pub(crate) rate_in: f64,
    /// Messages and receipts sent to the peer in a second, over about the last ten.
    pub(crate) rate_out: f64,
    /// What last went wrong between us: a command_status as the specification spells it, or a few words.
    pub(crate) last_error: Option<String>,
}

impl Standing {
    /// As it stands in the lists.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Draining => "draining",
            Standing::Paused => "paused",
        }
    }
}

impl From<Standing> for engine::Standing {
    fn from(standing: Standing) -> engine::Standing {
        match standing {
            Standing::Open => engine::Standing::Open,
            Standing::Draining => engine::Standing::Draining,
            Standing::Paused => engine::Standing::Paused,
        }
    }
}

impl From<engine::Standing> for Standing {
    fn from(standing: engine::Standing) -> Standing {
        match standing {
            engine::Standing::Open => Standing::Open,
            engine::Standing::Draining => Standing::Draining,
            engine::Standing::Paused => Standing::Paused,
        }
    }
}

/// A customer or a carrier that an order names.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Named {
    side: Side,
    name: String,
    party: Party,
}

/// Binds and traffic of each peer.
type Totals = BTreeMap<(Side, String), (u32, Traffic)>;

impl Desk {
    /// Tells how it stands with the customers: all, or one.
    pub(crate) async fn customers(&self, who: Option<&str>) -> Result<Done, Refused> {
        let named = self.of_side(Side::Customer, who)?;
        let binds = self.binds().await;
        self.customer_rows(named, &binds).await.map(Done::Customers)
    }

    /// All customers, whose binds are among these.
    pub(crate) async fn all_customers(
        &self,
        binds: &[(Origin, Bind)],
    ) -> Result<Vec<CustomerRow>, Refused> {
        let named = self.of_side(Side::Customer, None)?;
        self.customer_rows(named, binds).await
    }

    async fn customer_rows(
        &self,
        named: Vec<Named>,
        binds: &[(Origin, Bind)],
    ) -> Result<Vec<CustomerRow>, Refused> {
        let customers = match self.engine(Command::Customers).await? {
            Report::Customers(customers) => customers,
            other => return Err(Refused::unexpected(&other)),
        };
        let seen = customers
            .iter()
            .map(|it| (Party::Customer(it.customer), it));
        let seen: BTreeMap<Party, &CustomerReport> = seen.collect();
        let directory = self.common.directory();
        let mut totals = totals(binds);
        let row = |named: Named| {
            let report = seen.get(&named.party)?;
            let rules = directory.engine.customers.get(&report.customer)?;
            let state = match report.standing {
                _ if !rules.enabled => "off",
                standing => Standing::from(standing).word(),
            };
            let (binds, traffic) = self.of(&mut totals, &named);
            Some(CustomerRow {
                name: named.name,
                state: state.to_owned(),
                binds,
                binds_max: rules.binds_max,
                deliveries: report.deliveries,
                owed: report.owed,
                traffic,
            })
        };
        Ok(named.into_iter().filter_map(row).collect())
    }

    /// Tells how it stands with the carriers: all, or one.
    pub(crate) async fn carriers(&self, who: Option<&str>) -> Result<Done, Refused> {
        let named = self.of_side(Side::Carrier, who)?;
        let binds = self.binds().await;
        self.carrier_rows(named, &binds).await.map(Done::Carriers)
    }

    /// All carriers, whose binds are among these.
    pub(crate) async fn all_carriers(
        &self,
        binds: &[(Origin, Bind)],
    ) -> Result<Vec<CarrierRow>, Refused> {
        let named = self.of_side(Side::Carrier, None)?;
        self.carrier_rows(named, binds).await
    }

    async fn carrier_rows(
        &self,
        named: Vec<Named>,
        binds: &[(Origin, Bind)],
    ) -> Result<Vec<CarrierRow>, Refused> {
        let connectors = match self.engine(Command::Connectors).await? {
            Report::Connectors(connectors) => connectors,
            other => return Err(Refused::unexpected(&other)),
        };
        let seen = connectors
            .iter()
            .map(|it| (Party::Connector(it.connector), it));
        let seen: BTreeMap<Party, &ConnectorReport> = seen.collect();
        let directory = self.common.directory();
        let mut totals = totals(binds);
        let row = |named: Named| {
            let report = seen.get(&named.party)?;
            let rules = directory.engine.connectors.get(&report.connector)?;
            let state = match Standing::from(report.standing) {
                _ if !rules.enabled => "off",
                Standing::Open if rules.closing => "closing",
                standing => standing.word(),
            };
            let plans = directory.carriers.iter();
            let plans = plans.filter(|it| it.enabled && it.profile.connector == report.connector);
            let (binds, traffic) = self.of(&mut totals, &named);
            Some(CarrierRow {
                name: named.name,
                state: state.to_owned(),
                binds,
                binds_wanted: plans.map(|plan| u32::from(plan.binds)).sum(),
                waiting: report.waiting,
                sending: report.sending,
                in_doubt: report.in_doubt,
                unmatched: report.unmatched,
                rate_max: report.rate,
                traffic,
            })
        };
        Ok(named.into_iter().filter_map(row).collect())
    }

    /// Decides how it stands with a customer or a carrier.
    pub(crate) async fn stand(&self, who: &str, standing: Standing) -> Result<Done, Refused> {
        let Named { side, name, party } = self.one(who)?;
        let stand = Command::Stand {
            party,
            standing: standing.into(),
        };
        let changed = match self.engine(stand).await? {
            Report::Stands { changed } => changed,
            other => return Err(Refused::unexpected(&other)),
        };
        let (whom, how) = (side.word(), standing.word());
        tracing::info!(side = whom, name, standing = how, "an operator has decided");
        Ok(Done::Stands(Stands {
            side,
            name,
            standing,
            changed,
        }))
    }

    /// The one that `who` names, by name or by side and name (`carrier/north`).
    fn one(&self, who: &str) -> Result<Named, Refused> {
        let all = parties(&self.common.directory());
        let is = |named: &&Named| {
            named.name == who || format!("{}/{}", named.side.word(), named.name) == who
        };
        let mut found = all.iter().filter(is);
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one.clone()),
            (Some(_), Some(_)) => Err(Refused::wrong(format!(
                "{who} is a customer and a carrier: say customer/{who} or carrier/{who}"
            ))),
            (None, _) => {
                let known: Vec<&str> = all.iter().map(|named| named.name.as_str()).collect();
                let instead = directory::nearest(who, &known);
                Err(Refused::wrong(format!(
                    "{who} is no customer and no carrier; {instead}"
                )))
            }
        }
    }

    /// All of one side by name, or the one that `who` names.
    fn of_side(&self, side: Side, who: Option<&str>) -> Result<Vec<Named>, Refused> {
        let mut all = parties(&self.common.directory());
        all.retain(|named| named.side == side);
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let Some(who) = who else {
            return Ok(all);
        };
        match all.iter().find(|named| named.name == who) {
            Some(one) => Ok(vec![one.clone()]),
            None => {
                let known: Vec<&str> = all.iter().map(|named| named.name.as_str()).collect();
                let (side, instead) = (side.word(), directory::nearest(who, &known));
                Err(Refused::wrong(format!("{who} is no {side}; {instead}")))
            }
        }
    }

    /// Binds and traffic of one peer; its last error also if the bind on which it happened stands no more.
    fn of(&self, totals: &mut Totals, named: &Named) -> (u32, Traffic) {
        let known = totals.remove(&(named.side, named.name.clone()));
        let (binds, mut traffic) = known.unwrap_or_default();
        let peers = &self.common.metrics.peers;
        let before = || peers.last_trouble(&Who::new(named.side, &named.name));
        traffic.last_error = traffic.last_error.or_else(before);
        (binds, traffic)
    }
}

fn totals(binds: &[(Origin, Bind)]) -> Totals {
    let mut totals = Totals::new();
    for (_, bind) in binds {
        let (binds, traffic) = totals.entry((bind.side, bind.name.clone())).or_default();
        *binds += 1;
        traffic.rate_in += bind.rate_in;
        traffic.rate_out += bind.rate_out;
        traffic.last_error = bind.last_error.clone().or(traffic.last_error.take());
    }
    totals
}

/// Who is paused or drained, for the metrics.
pub(crate) fn named(
    directory: &Directory,
    standings: &[(Party, engine::Standing)],
) -> Vec<(Who, &'static str)> {
    if standings.is_empty() {
        return Vec::new();
    }
    let standings: BTreeMap<Party, _> = standings.iter().copied().collect();
    let stand = |named: &Named| {
        let standing = Standing::from(*standings.get(&named.party)?);
        Some((Who::new(named.side, &named.name), standing.word()))
    };
    parties(directory).iter().filter_map(stand).collect()
}

/// How many binds are to stand with each carrier, for the metrics.
pub(crate) fn wanted(directory: &Directory) -> impl Iterator<Item = (Who, i64)> {
    let mut wanted = BTreeMap::new();
    for plan in directory.carriers.iter().filter(|plan| plan.enabled) {
        *wanted.entry(plan.profile.name.as_str()).or_default() += i64::from(plan.binds);
    }
    let wanted = wanted.into_iter();
    wanted.map(|(name, binds)| (Who::new(Side::Carrier, name), binds))
}

/// All customers and carriers. One of each may have the same name.
fn parties(directory: &Directory) -> Vec<Named> {
    let customers = directory.accounts.iter().map(|account| Named {
        side: Side::Customer,
        name: account.system_id.clone(),
        party: Party::Customer(account.customer),
    });
    let carriers = directory.carriers.iter().map(|carrier| Named {
        side: Side::Carrier,
        name: carrier.profile.name.clone(),
        party: Party::Connector(carrier.profile.connector),
    });
    let mut all: Vec<Named> = customers.chain(carriers).collect();
    // A carrier with receivers of its own stands there twice, one behind the other.
    all.dedup();
    all
}
