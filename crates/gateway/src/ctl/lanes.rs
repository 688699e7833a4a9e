//! `bindery ctl lanes`.

use super::{lines, table, time};
use crate::lanes::{Held, Lane, Queue, Wanted};

const EXAMPLES: &str = "\
Examples:
  bindery ctl lanes
      What waits for each carrier, by class and customer
  bindery ctl lanes hold north --customer acme
      Send nothing of acme to north until it is released; the others go on
  bindery ctl lanes release north --customer acme";

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
    Hold(Whose),
    /// Send again what was held
    Release(Whose),
}

#[derive(clap::Args, Clone, Debug)]
struct Whose {
    /// The carrier, as its [[connector]] is called
    carrier: String,
    /// Only messages of this customer, by its system_id
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
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
    let is = if held.held { "held" } else { "sent" };
    let before = if held.changed { "" } else { ", as before" };
    format!("{whose} is {is}{before}")
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
        Lane { binds: 0, .. } => format!("no bind{doubt}"),
        Lane { sending, .. } => format!("{sending} in flight{doubt}"),
    }
}
