//! `bindery ctl lanes`.

use std::path::Path;
use std::time::Duration;

use super::{lines, table, time};
use crate::lanes::{Held, Lane, Queue, Wanted};
use crate::orders::{self, Done, Order, Refused};
use crate::peers::Standing;
use crate::sweeps::{Act, Sweep, Swept};
use crate::tools::parse;

const EXAMPLES: &str = "\
Examples:
  bindery ctl lanes
      What waits for each carrier, by class and customer
  bindery ctl lanes hold north --customer acme
      Send nothing of acme to north until it is released; the others go on
  bindery ctl lanes release north --customer acme
  bindery ctl lanes purge north --customer acme --older-than 1h --dry-run
      How many messages that would end; without --dry-run they do
  bindery ctl lanes move north south
      Send over south what waits for north";

/// What waits for carriers; without a subcommand it is listed
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum What {
    /// Send nothing of what waits for a carrier until it is released, also after a restart. Messages are still taken for it, and
    /// what they wait counts towards their validity
    #[command(
        after_help = "Examples:\n  bindery ctl lanes hold north\n  bindery ctl lanes hold north --customer acme"
    )]
    Hold(Whose),
    /// Send again what was held
    #[command(after_help = "Examples:\n  bindery ctl lanes release north --customer acme")]
    Release(Whose),
    /// End what waits for a carrier, as if its customers had cancelled it: receipts say DELETED, and what was reserved of their
    /// credit comes back. What the carrier may have already stays
    #[command(
        after_help = "Examples:\n  bindery ctl lanes purge north --customer acme --prefix 4477 --dry-run\n  bindery ctl lanes purge north --older-than 2h"
    )]
    Purge {
        #[command(flatten)]
        which: Which,
        /// Only say how many there are
        #[arg(long)]
        dry_run: bool,
    },
    /// Let what waits for a carrier wait for another one, behind what waits there. Later messages still go where their routes say
    #[command(
        after_help = "Examples:\n  bindery ctl lanes move north south\n  bindery ctl lanes move north south --customer acme"
    )]
    Move {
        #[command(flatten)]
        which: Which,
        /// The other carrier
        to: String,
    },
}

#[derive(clap::Args, Clone, Debug)]
struct Whose {
    /// The carrier, by the name of its connector
    carrier: String,
    /// Only messages of this customer, by its system_id
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
}

#[derive(clap::Args, Clone, Debug)]
struct Which {
    /// The carrier that they wait for, by the name of its connector
    carrier: String,
    /// Only messages of this customer, by its system_id
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
    /// Only messages to numbers that begin so
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,
    /// Only messages that were accepted longer ago, such as 90s or 2h
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    older_than: Option<Duration>,
}

impl Which {
    fn sweep(self, act: Act) -> Wanted {
        Wanted::Sweep(Sweep {
            act,
            carrier: self.carrier,
            customer: self.customer,
            prefix: self.prefix,
            older_than_seconds: self.older_than.map(whole_seconds),
            rest: None,
        })
    }
}

/// Never less than what was said: none is meant that is not old enough.
fn whole_seconds(age: Duration) -> u64 {
    age.as_secs()
        .saturating_add(u64::from(age.subsec_nanos() > 0))
}

impl Args {
    /// What is ordered.
    pub(super) fn wanted(self) -> Wanted {
        let hold = |Whose { carrier, customer }, held| Wanted::Hold {
            carrier,
            customer,
            held,
        };
        match self.what {
            None => Wanted::List,
            Some(What::Hold(whose)) => hold(whose, true),
            Some(What::Release(whose)) => hold(whose, false),
            Some(What::Purge { which, dry_run }) => {
                which.sweep(if dry_run { Act::Count } else { Act::Purge })
            }
            Some(What::Move { which, to }) => which.sweep(Act::Move { to }),
        }
    }
}

const HEADS: [&str; 7] = [
    "CARRIER", "CLASS", "CUSTOMER", "MESSAGES", "PARTS", "OLDEST", "STATE",
];

/// The lanes: for people a table, for programs an object a lane.
pub(super) fn list(lanes: &[Lane], left_out: usize, json: bool) -> String {
    if json {
        return lines(lanes);
    }
    let mut text = table(&HEADS, lanes.iter().flat_map(rows));
    if left_out > 0 {
        text += &format!("\n{left_out} more queues are not shown");
    }
    text
}

/// What is held now, or no longer.
pub(super) fn held(held: &Held, json: bool) -> String {
    if json {
        return lines(core::slice::from_ref(held));
    }
    let whose = match &held.customer {
        Some(customer) => format!("what {customer} sends to {}", held.carrier),
        None => format!("what waits for {}", held.carrier),
    };
    let is = if held.held { "held" } else { "released" };
    let before = if held.changed { "" } else { ", as before" };
    format!("{whose} is {is}{before}")
}

/// Purges or moves, order by order, until all is done.
///
/// # Errors
/// Why it did not go on; what was done before stays so.
pub(super) fn sweep(data_dir: &Path, mut sweep: Sweep) -> Result<Swept, Refused> {
    let (mut messages, mut kept) = (0, 0);
    loop {
        let order = Order::Lanes(Wanted::Sweep(sweep.clone()));
        let Done::Swept(swept) = orders::give(data_dir, order)? else {
            return Err(Refused::not_now("the gateway answered something else"));
        };
        messages += swept.messages;
        kept += swept.kept;
        sweep.rest = swept.rest;
        if sweep.rest.is_none() {
            return Ok(Swept {
                messages,
                kept,
                ..swept
            });
        }
    }
}

/// What was purged or moved.
pub(super) fn swept(swept: &Swept, json: bool) -> String {
    if json {
        return lines(core::slice::from_ref(swept));
    }
    let Swept {
        carrier,
        messages,
        kept,
        ..
    } = swept;
    let (done, stay) = match &swept.act {
        Act::Count => (
            "would be purged".to_owned(),
            "stay, for their carrier may have them",
        ),
        Act::Purge => (
            "are purged".to_owned(),
            "stay, for their carrier may have them",
        ),
        Act::Move { to } => (
            format!("wait for {to} now"),
            "stay: of some another part has left, others are too long for one message of that carrier",
        ),
    };
    let mut text = format!("{messages} that waited for {carrier} {done}");
    if *kept > 0 {
        text += &format!("; {kept} {stay}");
    }
    text
}

/// The queues of a lane, what waits for a time, or that nothing waits.
fn rows(lane: &Lane) -> Vec<[String; 7]> {
    let none = || "-".to_owned();
    let state = state(lane);
    let mut rows: Vec<_> = lane.queues.iter().map(|it| row(lane, it)).collect();
    if lane.later > 0 {
        let due = lane.next_due_seconds.unwrap_or_default();
        rows.push([
            lane.carrier.clone(),
            "later".to_owned(),
            none(),
            lane.later.to_string(),
            none(),
            format!("due in {}", time(due)),
            state.clone(),
        ]);
    }
    if rows.is_empty() {
        let zero = || "0".to_owned();
        let carrier = lane.carrier.clone();
        rows.push([carrier, none(), none(), zero(), zero(), none(), state]);
    }
    rows
}

fn row(lane: &Lane, queue: &Queue) -> [String; 7] {
    let about = if queue.parts_exact { "" } else { "~" };
    [
        lane.carrier.clone(),
        queue.class.to_string(),
        queue.customer.clone(),
        queue.messages.to_string(),
        format!("{about}{}", queue.parts),
        time(queue.oldest_seconds),
        if queue.held {
            "held".to_owned()
        } else {
            state(lane)
        },
    ]
}

/// What a lane does, or why it does not.
fn state(lane: &Lane) -> String {
    let doubt = match lane.in_doubt {
        0 => String::new(),
        n => format!(", {n} in doubt"),
    };
    match lane {
        Lane { held: true, .. } => format!("held{doubt}"),
        Lane {
            standing: Standing::Paused,
            ..
        } => format!("paused{doubt}"),
        Lane { binds: 0, .. } => format!("no bind{doubt}"),
        Lane { sending, .. } => format!("{sending} in flight{doubt}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_does_not_make_an_age_mean_everything() {
        let ages = [0, 1, 999, 1000, 1001].map(Duration::from_millis);
        assert_eq!(ages.map(whole_seconds), [0, 1, 1, 1, 2]);
    }
}
