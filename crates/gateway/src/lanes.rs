//! What waits for carriers, as an operator sees it, and what an operator does about it.

use std::collections::BTreeMap;

use engine::{Command, ConnectorId, CustomerId, LaneReport, QueueReport, Report};
use serde::{Deserialize, Serialize};
use sms::Wall;

use crate::orders::{Desk, Done, Refused};
use crate::peers::Standing;
use crate::sweeps::Sweep;

/// What an operator wants of lanes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Wanted {
    /// To see them.
    List,
    /// That what waits for a carrier is not sent, or is sent again.
    Hold {
        carrier: String,
        /// Only messages of this customer; none: all.
        customer: Option<String>,
        held: bool,
    },
    /// That what waits is purged or moved.
    Sweep(Sweep),
}

/// What waits for one carrier, at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Lane {
    pub(crate) carrier: String,
    /// An operator holds all of it.
    pub(crate) held: bool,
    /// What an operator decided about the carrier.
    pub(crate) standing: Standing,
    /// Binds that messages can be sent on.
    pub(crate) binds: usize,
    /// Messages that were sent and not answered.
    pub(crate) sending: u64,
    /// Of these: nobody knows whether the carrier has them.
    pub(crate) in_doubt: u64,
    /// What may be sent now, highest class first.
    pub(crate) queues: Vec<Queue>,
    /// Messages that wait for a time: scheduled ones, and those that are to be tried again.
    pub(crate) later: u64,
    /// When the first of these is due, in seconds from now.
    pub(crate) next_due_seconds: Option<u64>,
}

/// What one customer has waiting in one class of a lane.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Queue {
    /// 0 lowest to 3 highest.
    pub(crate) class: u8,
    pub(crate) customer: String,
    pub(crate) held: bool,
    pub(crate) messages: u64,
    /// Short messages that the carrier will make of them.
    pub(crate) parts: u64,
    /// Whether `parts` was counted; else it is judged by the first messages.
    pub(crate) parts_exact: bool,
    /// How long ago the first in line was accepted.
    pub(crate) oldest_seconds: u64,
}

/// A lane that is held, or no longer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) carrier: String,
    /// Only messages of this customer; none: all.
    pub(crate) customer: Option<String>,
    pub(crate) held: bool,
    /// It was not so before.
    pub(crate) changed: bool,
}

impl Desk {
    /// Does what an operator wants of lanes.
    pub(crate) async fn obey_lanes(&self, wanted: Wanted) -> Result<Done, Refused> {
        match wanted {
            Wanted::List => {
                let (lanes, left_out) = self.list_lanes().await?;
                Ok(Done::Lanes { lanes, left_out })
            }
            Wanted::Hold {
                carrier,
                customer,
                held,
            } => {
                let connector = self.connector(&carrier)?;
                let customer = customer.map(|name| self.customer(&name)).transpose()?;
                self.hold(connector, customer, held).await
            }
            Wanted::Sweep(sweep) => self.sweep(sweep).await,
        }
    }

    /// What waits for carriers, and how many queues are left out since there are too many.
    pub(crate) async fn list_lanes(&self) -> Result<(Vec<Lane>, usize), Refused> {
        match self.engine(Command::Lanes).await? {
            Report::Lanes { lanes, left_out } => {
                let directory = self.common.directory();
                let shown = Shown {
                    now: self.common.clock.now().wall,
                    customers: (directory.accounts.iter())
                        .map(|account| (account.customer, account.system_id.as_str()))
                        .collect(),
                };
                let lanes = lanes.iter().map(|lane| {
                    let carrier = self.connector_name(lane.connector);
                    shown.lane(carrier, lane)
                });
                let mut lanes: Vec<Lane> = lanes.collect();
                lanes.sort_by(|a, b| a.carrier.cmp(&b.carrier));
                Ok((lanes, left_out))
            }
            other => Err(Refused::unexpected(&other)),
        }
    }

    async fn hold(
        &self,
        connector: ConnectorId,
        customer: Option<CustomerId>,
        held: bool,
    ) -> Result<Done, Refused> {
        let hold = Command::Hold {
            connector,
            customer,
            held,
        };
        match self.engine(hold).await? {
            Report::Held { changed } => {
                let (carrier, customer) = self.names(connector, customer);
                if changed {
                    tracing::info!(
                        carrier,
                        customer,
                        held,
                        "an operator held or released a lane"
                    );
                }
                Ok(Done::Held(Held {
                    carrier,
                    customer,
                    held,
                    changed,
                }))
            }
            other => Err(Refused::unexpected(&other)),
        }
    }

    fn names(
        &self,
        connector: ConnectorId,
        customer: Option<CustomerId>,
    ) -> (String, Option<String>) {
        let customer = customer.map(|id| self.customer_name(id));
        (self.connector_name(connector), customer)
    }
}

/// What it takes to show what the engine reports.
struct Shown<'a> {
    now: Wall,
    customers: BTreeMap<CustomerId, &'a str>,
}

impl Shown<'_> {
    fn lane(&self, carrier: String, lane: &LaneReport) -> Lane {
        let queues = lane.queues.iter().map(|queue| self.queue(queue));
        Lane {
            carrier,
            held: lane.held,
            standing: lane.standing.into(),
            binds: lane.binds,
            sending: lane.sending,
            in_doubt: lane.in_doubt,
            queues: queues.collect(),
            later: lane.later,
            next_due_seconds: lane.next_due.map(|due| seconds(self.now, due)),
        }
    }

    fn queue(&self, queue: &QueueReport) -> Queue {
        let customer = self.customers.get(&queue.customer);
        Queue {
            class: queue.class,
            customer: customer.map_or_else(
                || format!("#{}", queue.customer.0),
                |&customer| customer.to_owned(),
            ),
            held: queue.held,
            messages: queue.messages,
            parts: queue.parts,
            parts_exact: queue.is_exact,
            oldest_seconds: seconds(queue.oldest, self.now),
        }
    }
}

/// Whole seconds from one time to a later one.
fn seconds(from: Wall, to: Wall) -> u64 {
    to.0.saturating_sub(from.0) / 1000
}
