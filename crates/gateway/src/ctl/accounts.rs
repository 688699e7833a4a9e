//! `bindery ctl credits` and `bindery ctl limits`.

use super::{lines, table};
use crate::accounts::{Credit, Grant, Limit};
use crate::orders::Order;

const EXAMPLES: &str = "\
Examples:
  bindery ctl credits acme
      What acme paid, and what became of it
  bindery ctl credits acme add 250 --note 'invoice 4711'
      It has 250 more, at once; written in the journal, so that it is never lost
  bindery ctl credits acme take 12.5 --note 'typing error'";

/// What a customer paid and what became of it; or give it credit, or take some back
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Credits {
    /// The customer, by its system_id
    customer: String,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum What {
    /// Give it so much more
    #[command(after_help = "Examples:\n  bindery ctl credits acme add 250 --note 'invoice 4711'")]
    Add(Much),
    /// Take so much back, of what is available
    #[command(after_help = "Examples:\n  bindery ctl credits acme take 12.5 --note 'typing error'")]
    Take(Much),
}

#[derive(clap::Args, Clone, Debug)]
struct Much {
    /// Digits, with up to four behind a point
    amount: String,
    /// Why: it stands in the journal and in the log
    #[arg(long, default_value = "")]
    note: String,
}

impl Credits {
    pub(super) fn order(self) -> Order {
        let (much, take) = match self.what {
            None => return Order::Credits { who: self.customer },
            Some(What::Add(much)) => (much, false),
            Some(What::Take(much)) => (much, true),
        };
        Order::Grant(Grant {
            customer: self.customer,
            amount: much.amount,
            take,
            note: much.note,
        })
    }
}

pub(super) fn credit(credit: &Credit, json: bool) -> String {
    if json {
        return lines(&[credit]);
    }
    let heads = ["CUSTOMER", "AVAILABLE", "RESERVED", "SPENT", "GRANTED"];
    let row = [
        &credit.customer,
        &credit.available,
        &credit.reserved,
        &credit.spent,
        &credit.granted,
    ];
    let table = table(&heads, core::iter::once(row.map(Clone::clone)));
    if credit.free {
        format!("{table}\nits messages cost nothing: credits = \"unlimited\"")
    } else {
        table
    }
}

pub(super) fn limits(limits: &[Limit], json: bool) -> String {
    if json {
        return lines(limits);
    }
    let row = |limit: &Limit| {
        let max = limit.max.map(|max| max.to_string());
        let full = limit.max.filter(|max| *max > 0.0);
        let full = full.map(|max| format!("{:.0}%", 100.0 * limit.used / max));
        let used = (limit.used * 10.0).round() / 10.0;
        [
            limit.limit.clone(),
            used.to_string(),
            max.unwrap_or_else(|| "-".to_owned()),
            full.unwrap_or_else(|| "-".to_owned()),
        ]
    };
    table(&["LIMIT", "USED", "MAX", "FULL"], limits.iter().map(row))
}
