//! `bindery ctl receipts`.

use super::{lines, table, time};
use crate::receipts::{Matched, Parked, Unmatched, Wanted};

const EXAMPLES: &str = "\
Examples:
  bindery ctl receipts unmatched
      Receipts of carriers that belong to no message, newest first
  bindery ctl receipts rematch 8345012345678905344
      Look for its message again, after a change of receipt_ids or check_destination and a reload
  bindery ctl receipts rematch 8345012345678905344 --to 8345012345678901248
      It is about this message, because you know
  bindery ctl receipts parked --customer acme
      Receipts and messages from subscribers that wait for acme to bind";

/// Receipts that belong to no message, and those that wait for customers that are not there
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum What {
    /// Receipts of carriers that belong to no message, or to none yet, newest first
    #[command(
        after_help = "Examples:\n  bindery ctl receipts unmatched --carrier north --json | jq -r .id"
    )]
    Unmatched {
        /// Only those of this carrier
        #[arg(long, value_name = "NAME")]
        carrier: Option<String>,
    },
    /// Receipts and messages from subscribers that wait for customers without a bind that receives
    #[command(after_help = "Examples:\n  bindery ctl receipts parked --customer acme")]
    Parked {
        /// Only those for this customer, by its system_id
        #[arg(long, value_name = "NAME")]
        customer: Option<String>,
    },
    /// Look again for the message of a receipt, by the configuration as it is now; its customer is told
    #[command(
        after_help = "Examples:\n  bindery ctl receipts rematch 8345012345678905344\n  bindery ctl receipts rematch 8345012345678905344 --to 8345012345678901248"
    )]
    Rematch {
        /// The receipt, by the id in the list
        receipt: String,
        /// The message that it is about, by our number of it: as `bindery ctl message` shows it behind the time
        #[arg(long, value_name = "MESSAGE")]
        to: Option<String>,
    },
}

impl Args {
    pub(super) fn wanted(self) -> Wanted {
        match self.what {
            What::Unmatched { carrier } => Wanted::Unmatched { carrier },
            What::Parked { customer } => Wanted::Parked { customer },
            What::Rematch { receipt, to } => Wanted::Rematch { receipt, to },
        }
    }
}

pub(super) fn unmatched(receipts: &[Unmatched], left_out: usize, json: bool) -> String {
    if json {
        return lines(receipts);
    }
    if receipts.is_empty() {
        return "no receipt is without its message".to_owned();
    }
    let heads = [
        "ID",
        "CARRIER",
        "CARRIER ID",
        "DESTINATION",
        "STATE",
        "ERR",
        "AGE",
        "WAITS",
    ];
    let row = |receipt: &Unmatched| {
        let forgotten = time(receipt.forgotten_seconds);
        let waits = match receipt.early {
            true => "for an answer of the carrier".to_owned(),
            false => format!("{forgotten} more"),
        };
        [
            receipt.id.clone(),
            receipt.carrier.clone(),
            receipt.carrier_id.clone(),
            receipt.destination.clone(),
            receipt.state.clone(),
            receipt.err.clone(),
            time(receipt.seconds),
            waits,
        ]
    };
    table(&heads, receipts.iter().map(row)) + &more(left_out, "older ones")
}

pub(super) fn parked(waiting: &[Parked], left_out: usize, json: bool) -> String {
    if json {
        return lines(waiting);
    }
    if waiting.is_empty() {
        return "nothing waits for a customer that is not there".to_owned();
    }
    let heads = ["ID", "CUSTOMER", "KIND", "STATE", "AGE", "EXPIRES IN"];
    let row = |it: &Parked| {
        [
            it.id.clone(),
            it.customer.clone(),
            it.kind.clone(),
            it.state.clone().unwrap_or_else(|| "-".to_owned()),
            time(it.seconds),
            time(it.expires_seconds),
        ]
    };
    table(&heads, waiting.iter().map(row)) + &more(left_out, "more")
}

pub(super) fn matched(matched: &Matched, json: bool) -> String {
    if json {
        return lines(core::slice::from_ref(matched));
    }
    let Matched {
        receipt,
        message,
        no_news,
    } = matched;
    if *no_news {
        return format!(
            "receipt {receipt} is about message {message}, whose customer hears nothing new by it: it is forgotten"
        );
    }
    format!("receipt {receipt} is about message {message}: its customer is told")
}

/// Says that so many of them are left out.
fn more(left_out: usize, which: &str) -> String {
    match left_out {
        0 => String::new(),
        n => format!("\n{n} {which} are not shown"),
    }
}
