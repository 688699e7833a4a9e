//! `bindery ctl`: what an operator sees and does while the gateway runs.

mod accounts;
mod explain;
mod lanes;
mod message;
mod names;
mod receipts;

pub(crate) use names::Names;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::binds::{Bind, Window};
use crate::lanes::Wanted;
use crate::orders::{self, Done, Order, Refused};
use crate::peers::{CarrierRow, CustomerRow, Standing, Traffic};
use crate::serve::{complain, say};
use crate::{config, exit};

const EXAMPLES: &str = "\
Examples:
  bindery ctl binds
      Every bind that stands, customers' first
  bindery ctl binds acme --json | jq .rate_in
      Those of one customer or carrier, one JSON object for each
  bindery ctl kick 0-17-3
      End one bind, by the id that the list shows; it answers what it owes and unbinds
  bindery ctl carriers
      Every carrier: how it stands, its binds, and what waits for it
  bindery ctl drain north
      Nothing new for this carrier, or from this customer, until `bindery ctl resume north`
Ends with 1 if the gateway does not run or refuses, with 2 if a name is wrong: then nothing was changed.";

/// See and change what the running gateway does.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// One JSON object a line instead of a table
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: Asked,
}

/// Which gateway is meant.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Place {
    /// The data directory of the gateway
    #[arg(
        long,
        visible_alias = "data",
        value_name = "DIR",
        default_value = "bindery-data",
        global = true
    )]
    data_dir: PathBuf,
    /// The gateway's configuration, which names its data directory
    #[arg(long, value_name = "FILE", global = true, conflicts_with = "data_dir")]
    config: Option<PathBuf>,
}

impl Place {
    /// The directory of its data.
    ///
    /// # Errors
    /// What is wrong in the configuration that should name it.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Refused> {
        match &self.config {
            None => Ok(self.data_dir.clone()),
            Some(file) => {
                config::data_dir(file).map_err(|problems| Refused::wrong(problems.to_string()))
            }
        }
    }
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Asked {
    #[command(flatten)]
    Ordered(What),
    Message(message::Args),
    Explain(explain::Args),
}

/// What the gateway is asked or told.
#[derive(clap::Subcommand, Clone, Debug)]
enum What {
    /// The binds that stand
    #[command(
        after_help = "Examples:\n  bindery ctl binds\n  bindery ctl binds acme --json | jq .rate_in"
    )]
    Binds {
        /// Only those of a customer (by its system_id) or a carrier, or the one with this id
        who: Option<String>,
    },
    /// End binds: each answers what it owes, and unbinds. The peer may bind again; a carrier's bind is made again
    #[command(
        after_help = "Examples:\n  bindery ctl kick acme\n  bindery ctl kick carrier/north\n  bindery ctl kick 0-17-3"
    )]
    Kick {
        /// The id of a bind, a customer's system_id, or a carrier; carrier/NAME if a customer has the same name
        who: String,
    },
    Lanes(lanes::Args),
    Receipts(receipts::Args),
    /// The customers: how it stands with each, and what waits for it
    #[command(
        after_help = "Examples:\n  bindery ctl customers\n  bindery ctl customers acme --json | jq .owed"
    )]
    Customers {
        /// Only this one, by its system_id
        who: Option<String>,
    },
    /// The carriers: how it stands with each, and what waits for it
    #[command(
        after_help = "Examples:\n  bindery ctl carriers\n  bindery ctl carriers north --json | jq .waiting"
    )]
    Carriers {
        /// Only this one
        who: Option<String>,
    },
    Credits(accounts::Credits),
    /// The limits of a customer as they count now, and how much of each is used
    #[command(after_help = "Examples:\n  bindery ctl limits acme")]
    Limits {
        /// The customer, by its system_id
        who: String,
    },
    /// Send a carrier nothing; or refuse a customer's messages for now and hold its receipts. Until it is resumed, over restarts
    #[command(
        after_help = "Examples:\n  bindery ctl pause north\n  bindery ctl pause customer/acme"
    )]
    Pause {
        /// A customer's system_id, or a carrier; carrier/NAME if a customer has the same name
        who: String,
    },
    /// Route nothing more to a carrier, or refuse a customer's messages for now; what there is goes on. Until it is resumed, over restarts
    #[command(
        after_help = "Examples:\n  bindery ctl drain north\n  bindery ctl drain customer/acme"
    )]
    Drain {
        /// A customer's system_id, or a carrier; carrier/NAME if a customer has the same name
        who: String,
    },
    /// Go on with a carrier or a customer that was paused or drained
    #[command(after_help = "Examples:\n  bindery ctl resume north")]
    Resume {
        /// A customer's system_id, or a carrier; carrier/NAME if a customer has the same name
        who: String,
    },
}

impl What {
    fn order(self) -> Order {
        let stand = |who, standing| Order::Stand { who, standing };
        match self {
            What::Binds { who } => Order::Binds { who },
            What::Kick { who } => Order::Kick { who },
            What::Lanes(args) => Order::Lanes(args.wanted()),
            What::Receipts(args) => Order::Receipts(args.wanted()),
            What::Customers { who } => Order::Customers { who },
            What::Carriers { who } => Order::Carriers { who },
            What::Credits(credits) => credits.order(),
            What::Limits { who } => Order::Limits { who },
            What::Pause { who } => stand(who, Standing::Paused),
            What::Drain { who } => stand(who, Standing::Draining),
            What::Resume { who } => stand(who, Standing::Open),
        }
    }
}

/// Gives the order and says what came of it.
pub(crate) fn run(args: &Args) -> ExitCode {
    ended(args.place.data_dir().and_then(|dir| outcome(args, &dir)))
}

/// Says what came of it, and how the process ends.
pub(crate) fn ended(outcome: Result<String, Refused>) -> ExitCode {
    match outcome {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(refused) => {
            complain(&refused.why);
            if refused.wrong {
                exit::wrong()
            } else {
                exit::refused()
            }
        }
    }
}

/// What is to be said.
fn outcome(args: &Args, data_dir: &Path) -> Result<String, Refused> {
    match &args.what {
        Asked::Ordered(what) => {
            let done = give(data_dir, what.clone().order())?;
            // The lines are for a program, and this is for whoever wrote it.
            if let n @ 1.. = left_out(&done)
                && args.json
            {
                complain(&format!("{n} more are not shown"));
            }
            Ok(text(&done, args.json))
        }
        Asked::Explain(explain) => explain.run(data_dir, args.place.config.as_deref(), args.json),
        Asked::Message(message) => {
            let names = Names::known(data_dir, args.place.config.as_deref());
            message.run(data_dir, &names, args.json)
        }
    }
}

/// Gives the order, and goes on with it until it is done.
fn give(data_dir: &Path, order: Order) -> Result<Done, Refused> {
    match order {
        Order::Lanes(Wanted::Sweep(sweep)) => lanes::sweep(data_dir, sweep).map(Done::Swept),
        order => orders::give(data_dir, order),
    }
}

/// Rows of a list that are not in it, since there are too many.
fn left_out(done: &Done) -> usize {
    match done {
        Done::Lanes { left_out, .. }
        | Done::Unmatched { left_out, .. }
        | Done::Parked { left_out, .. } => *left_out,
        Done::Binds(_) | Done::Kicked(_) | Done::Customers(_) | Done::Carriers(_) => 0,
        Done::Reloaded(_) | Done::Explained(_) | Done::Names(_) | Done::Overview(_) => 0,
        Done::Held(_) | Done::Matched(_) | Done::Swept(_) | Done::Stands(_) => 0,
        Done::Credit(_) | Done::Limits(_) => 0,
    }
}

fn text(done: &Done, json: bool) -> String {
    match done {
        Done::Binds(binds) | Done::Kicked(binds) if json => lines(binds),
        Done::Lanes { lanes, left_out } => lanes::list(lanes, *left_out, json),
        Done::Held(held) => lanes::held(held, json),
        Done::Unmatched { receipts, left_out } => receipts::unmatched(receipts, *left_out, json),
        Done::Parked { waiting, left_out } => receipts::parked(waiting, *left_out, json),
        Done::Matched(matched) => receipts::matched(matched, json),
        Done::Swept(swept) => lanes::swept(swept, json),
        Done::Credit(credit) => accounts::credit(credit, json),
        Done::Limits(limits) => accounts::limits(limits, json),
        Done::Customers(customers) if json => lines(customers),
        Done::Carriers(carriers) if json => lines(carriers),
        Done::Stands(stands) if json => lines(&[stands]),
        Done::Customers(customers) => table(&CUSTOMER_HEADS, customers.iter().map(customer_row)),
        Done::Carriers(carriers) => table(&CARRIER_HEADS, carriers.iter().map(carrier_row)),
        Done::Stands(stands) => {
            let (side, name) = (stands.side.word(), &stands.name);
            let before = if stands.changed { "" } else { ", as before" };
            format!("{side} {name} is {}{before}", stands.standing.word())
        }
        Done::Explained(explained) => lines(core::slice::from_ref(explained)),
        Done::Names(names) => lines(core::slice::from_ref(names)),
        Done::Overview(overview) => lines(core::slice::from_ref(overview)),
        Done::Reloaded(changes) => changes.clone(),
        Done::Binds(binds) if binds.is_empty() => "no bind stands".to_owned(),
        Done::Binds(binds) => table(&HEADS, binds.iter().map(row)),
        Done::Kicked(binds) => {
            let one = |bind: &Bind| {
                let (side, name) = (bind.side.word(), &bind.name);
                format!("{} of {side} {name} is told to unbind", bind.id)
            };
            binds.iter().map(one).collect::<Vec<_>>().join("\n")
        }
    }
}

const HEADS: [&str; 12] = [
    "ID",
    "SIDE",
    "NAME",
    "KIND",
    "SMPP",
    "ADDRESS",
    "STANDS",
    "OURS",
    "THEIRS",
    "IN/S",
    "OUT/S",
    "LAST ERROR",
];

fn row(bind: &Bind) -> [String; 12] {
    let smpp = if bind.tls {
        format!("{} TLS", bind.version)
    } else {
        bind.version.clone()
    };
    let window = |window: Window| format!("{}/{}", window.used, window.size);
    [
        bind.id.clone(),
        bind.side.word().to_owned(),
        bind.name.clone(),
        bind.kind.clone(),
        smpp,
        bind.address.to_string(),
        time(bind.seconds),
        window(bind.ours),
        window(bind.theirs),
        format!("{:.1}", bind.rate_in),
        format!("{:.1}", bind.rate_out),
        bind.last_error.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

const CUSTOMER_HEADS: [&str; 8] = [
    "CUSTOMER",
    "STATE",
    "BINDS",
    "TO DELIVER",
    "OWED",
    "IN/S",
    "OUT/S",
    "LAST ERROR",
];

fn customer_row(customer: &CustomerRow) -> [String; 8] {
    let [rate_in, rate_out, error] = traffic(&customer.traffic);
    [
        customer.name.clone(),
        customer.state.clone(),
        format!("{}/{}", customer.binds, customer.binds_max),
        customer.deliveries.to_string(),
        customer.owed.to_string(),
        rate_in,
        rate_out,
        error,
    ]
}

const CARRIER_HEADS: [&str; 11] = [
    "CARRIER",
    "STATE",
    "BINDS",
    "WAITING",
    "SENDING",
    "IN DOUBT",
    "UNMATCHED",
    "MAX/S",
    "IN/S",
    "OUT/S",
    "LAST ERROR",
];

fn carrier_row(carrier: &CarrierRow) -> [String; 11] {
    let [rate_in, rate_out, error] = traffic(&carrier.traffic);
    let rate = carrier.rate_max.map(|rate| rate.to_string());
    [
        carrier.name.clone(),
        carrier.state.clone(),
        format!("{}/{}", carrier.binds, carrier.binds_wanted),
        carrier.waiting.to_string(),
        carrier.sending.to_string(),
        carrier.in_doubt.to_string(),
        carrier.unmatched.to_string(),
        rate.unwrap_or_else(|| "-".to_owned()),
        rate_in,
        rate_out,
        error,
    ]
}

fn traffic(traffic: &Traffic) -> [String; 3] {
    let error = traffic.last_error.clone();
    [
        format!("{:.1}", traffic.rate_in),
        format!("{:.1}", traffic.rate_out),
        error.unwrap_or_else(|| "-".to_owned()),
    ]
}

/// A length of time in its two largest units.
pub(crate) fn time(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{}s", seconds % 60),
        (0, _, _) => format!("{hours}h{}m", minutes % 60),
        (_, _, _) => format!("{days}d{}h", hours % 24),
    }
}

fn lines<T: Serialize>(rows: &[T]) -> String {
    let line = |row| serde_json::to_string(row).expect("text and numbers");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Columns as wide as what stands in them.
pub(crate) fn table<const N: usize>(
    heads: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let heads = heads.map(str::to_owned);
    let rows: Vec<[String; N]> = core::iter::once(heads).chain(rows).collect();
    let width = |n: usize| rows.iter().map(|row| row[n].chars().count()).max();
    let widths: Vec<usize> = (0..N).filter_map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_two_largest_units() {
        for (seconds, text) in [(9, "9s"), (69, "1m9s"), (3660, "1h1m"), (90_000, "1d1h")] {
            assert_eq!(time(seconds), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "-"], ["long", "x"]].map(|row| row.map(str::to_owned));
        let text = table(&["ID", "LAST"], rows.into_iter());
        assert_eq!(text, "ID    LAST\na     -\nlong  x");
    }
}
