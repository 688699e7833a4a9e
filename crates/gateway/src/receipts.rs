//! Receipts that wait, as an operator sees them: those of carriers that belong to no message, and those of customers that are not there.

use engine::{Command, Delivery, MessageKey, ParkedReport, Rematched, Report, StrayReport};
use serde::{Deserialize, Serialize};
use sms::{State, Wall};

use crate::orders::{Desk, Done, Refused};

/// What an operator wants of receipts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Wanted {
    /// To see those that belong to no message: all, or those of one carrier.
    Unmatched { carrier: Option<String> },
    /// To see what waits for customers that are not there: all, or for one.
    Parked { customer: Option<String> },
    /// That the message of one is looked for again.
    Rematch {
        /// Its id, as the list has it.
        receipt: String,
        /// The id of its message; none: the one that fits by the rules as they are now.
        to: Option<String>,
    },
}

/// A receipt of a carrier that belongs to no message, or to none yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Unmatched {
    /// What it can be matched by; our key of it.
    pub(crate) id: String,
    pub(crate) carrier: String,
    /// The carrier's id of the message, as written.
    pub(crate) carrier_id: String,
    /// Digits; empty if the carrier did not say.
    pub(crate) destination: String,
    /// What it tells, such as `DELIVERED`.
    pub(crate) state: String,
    /// The carrier's code.
    pub(crate) err: String,
    /// For how long it has been here.
    pub(crate) seconds: u64,
    /// Answers of the carrier are open, one of which may give a message this id.
    pub(crate) early: bool,
    /// When it is forgotten, in seconds from now.
    pub(crate) forgotten_seconds: u64,
}

/// Something that waits for a customer that is not there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Parked {
    /// Our key of it.
    pub(crate) id: String,
    pub(crate) customer: String,
    /// `receipt`, or `mo`: a message from a subscriber.
    pub(crate) kind: String,
    /// Of a receipt: what it tells, such as `DELIVERED`.
    pub(crate) state: Option<String>,
    /// For how long it has been here.
    pub(crate) seconds: u64,
    /// When it expires, in seconds from now.
    pub(crate) expires_seconds: u64,
}

/// A receipt that was matched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Matched {
    pub(crate) receipt: String,
    /// Our key of its message.
    pub(crate) message: String,
    /// Its customer hears nothing new by it: it is forgotten.
    pub(crate) no_news: bool,
}

impl Desk {
    /// Does what an operator wants of receipts.
    pub(crate) async fn obey_receipts(&self, wanted: Wanted) -> Result<Done, Refused> {
        match wanted {
            Wanted::Unmatched { carrier } => {
                let connector = carrier.map(|name| self.connector(&name)).transpose()?;
                let (receipts, left_out) = self.unmatched(Command::Unmatched(connector)).await?;
                let now = self.common.clock.now().wall;
                let shown = receipts.iter().map(|it| self.shown_unmatched(it, now));
                Ok(Done::Unmatched {
                    receipts: shown.collect(),
                    left_out,
                })
            }
            Wanted::Parked { customer } => {
                let customer = customer.map(|name| self.customer(&name)).transpose()?;
                match self.engine(Command::Parked(customer)).await? {
                    Report::Parked { waiting, left_out } => {
                        let now = self.common.clock.now().wall;
                        let shown = waiting.iter().map(|it| self.shown_parked(it, now));
                        Ok(Done::Parked {
                            waiting: shown.collect(),
                            left_out,
                        })
                    }
                    other => Err(Refused::unexpected(&other)),
                }
            }
            Wanted::Rematch { receipt, to } => self.rematch(receipt, to).await,
        }
    }

    async fn unmatched(&self, command: Command) -> Result<(Vec<StrayReport>, usize), Refused> {
        match self.engine(command).await? {
            Report::Unmatched { receipts, left_out } => Ok((receipts, left_out)),
            other => Err(Refused::unexpected(&other)),
        }
    }

    async fn rematch(&self, receipt: String, to: Option<String>) -> Result<Done, Refused> {
        let (receipts, _) = self.unmatched(Command::Unmatched(None)).await?;
        let Some(key) = key(&receipt) else {
            return Err(no_receipt(&receipt, &receipts));
        };
        let wanted = to.as_deref().map(|to| {
            self::key(to).ok_or_else(|| {
                Refused::wrong(format!(
                    "{to} is no id of a message: give the number that `bindery ctl message` shows behind the time"
                ))
            })
        });
        let command = Command::Rematch {
            receipt: key,
            to: wanted.transpose()?,
        };
        let (message, no_news) = match self.engine(command).await? {
            Report::Rematched(Rematched::To(message)) => (message, false),
            Report::Rematched(Rematched::NoNews(message)) => (message, true),
            Report::Rematched(Rematched::NoReceipt) => return Err(no_receipt(&receipt, &receipts)),
            Report::Rematched(Rematched::NoMessage) => {
                return Err(Refused::not_now(format!(
                    "no message fits receipt {receipt}: none of its carrier has that id and destination, in any form that \
                     receipt_ids lets; name the message with --to if you know it"
                )));
            }
            Report::Rematched(Rematched::NotSent(message)) => {
                let message = message.0;
                return Err(Refused::wrong(format!(
                    "no message {message} waits for a receipt of that carrier; `bindery ctl message {message}` says what \
                     became of it"
                )));
            }
            other => return Err(Refused::unexpected(&other)),
        };
        let message = message.0.to_string();
        tracing::info!(
            receipt,
            message,
            no_news,
            "an operator has matched a receipt"
        );
        Ok(Done::Matched(Matched {
            receipt,
            message,
            no_news,
        }))
    }

    fn shown_unmatched(&self, receipt: &StrayReport, now: Wall) -> Unmatched {
        Unmatched {
            id: receipt.key.0.to_string(),
            carrier: self.connector_name(receipt.connector),
            carrier_id: text(&receipt.id),
            destination: text(&receipt.destination),
            state: word(receipt.state),
            err: text(&receipt.err),
            seconds: seconds(receipt.key.minted(), now),
            early: receipt.is_early,
            forgotten_seconds: seconds(now, receipt.expires),
        }
    }

    fn shown_parked(&self, waiting: &ParkedReport, now: Wall) -> Parked {
        let (kind, state, since) = match waiting.delivery {
            Delivery::Mo { .. } => ("mo", None, waiting.key.minted()),
            Delivery::Receipt { state, done, .. } => ("receipt", Some(state), done),
        };
        Parked {
            id: waiting.key.0.to_string(),
            customer: self.customer_name(waiting.customer),
            kind: kind.to_owned(),
            state: state.map(word),
            seconds: seconds(since, now),
            expires_seconds: seconds(now, waiting.expires),
        }
    }
}

/// The key that an id in a list means.
fn key(id: &str) -> Option<MessageKey> {
    id.parse().ok().map(MessageKey)
}

fn no_receipt(id: &str, receipts: &[StrayReport]) -> Refused {
    if receipts.is_empty() {
        return Refused::wrong(format!(
            "{id} is no receipt without a message: there is none at all"
        ));
    }
    let known: Vec<String> = receipts.iter().map(|it| it.key.0.to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let instead = directory::nearest(id, &known);
    Refused::wrong(format!("{id} is no receipt without a message; {instead}"))
}

/// What a peer wrote, without what would move the cursor of whoever reads it.
fn text(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

/// Whole seconds from one time to a later one.
fn seconds(from: Wall, to: Wall) -> u64 {
    to.0.saturating_sub(from.0) / 1000
}

/// A state as `bindery ctl message` writes it.
fn word(state: State) -> String {
    format!("{state:?}").to_uppercase()
}
