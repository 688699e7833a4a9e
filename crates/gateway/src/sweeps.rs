//! Purging and moving what waits for a carrier: the engine does it in blocks, an order does some of them, and whoever gave it goes on
//! until nothing is left, so that no order takes long.

use std::time::{Duration, Instant};

use engine::{Command, ConnectorId, Place, Report, RunId, Selection};
use serde::{Deserialize, Serialize};
use sms::Wall;

use crate::orders::{Desk, Done, Refused};

/// How long one order goes on with blocks.
const SPAN: Duration = Duration::from_secs(1);

/// What is to be done with messages that wait.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Act {
    /// They are only counted that would be purged.
    Count,
    /// They end as if their customers had cancelled them.
    Purge,
    /// They wait for another carrier.
    Move { to: String },
}

/// What is to be done with which messages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sweep {
    pub(crate) act: Act,
    /// For which carrier they wait.
    pub(crate) carrier: String,
    /// Only messages of this customer.
    pub(crate) customer: Option<String>,
    /// Only messages to destinations that begin with these digits.
    pub(crate) prefix: Option<String>,
    /// Only messages that were accepted longer ago than this.
    pub(crate) older_than_seconds: Option<u64>,
    /// To go on with; none: from the beginning.
    pub(crate) rest: Option<Rest>,
}

/// Where to go on with a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rest {
    /// Of the first order, in milliseconds since 1970: messages accepted later are not meant.
    before: u64,
    place: Spot,
}

/// A [`Place`] as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spot {
    Heads,
    Disk(u64),
    Tails,
    All(u32),
}

impl Spot {
    fn of(place: Place) -> Spot {
        match place {
            Place::Heads => Spot::Heads,
            Place::Disk(run) => Spot::Disk(run.0),
            Place::Tails => Spot::Tails,
            Place::All(place) => Spot::All(place),
        }
    }

    fn place(self) -> Place {
        match self {
            Spot::Heads => Place::Heads,
            Spot::Disk(run) => Place::Disk(RunId(run)),
            Spot::Tails => Place::Tails,
            Spot::All(place) => Place::All(place),
        }
    }
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Swept {
    pub(crate) act: Act,
    pub(crate) carrier: String,
    /// Messages that were purged or moved, or would be.
    pub(crate) messages: u64,
    /// Messages that are meant and stay.
    pub(crate) kept: u64,
    /// There may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rest: Option<Rest>,
}

/// Whether destinations can begin so. One that they cannot begin with would mean nothing, an empty one everything.
fn is_prefix(prefix: &str) -> Result<(), Refused> {
    let why = if prefix.is_empty() {
        "it is empty: leave --prefix out to mean all".to_owned()
    } else if prefix.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(());
    } else {
        format!(
            "{prefix} is no prefix: give the first digits of destinations as they travel, without +"
        )
    };
    Err(Refused::wrong(why))
}

/// When messages were accepted that are so old; before all of them if it is longer ago than there is time.
fn before(now: Wall, seconds: u64) -> u64 {
    now.0.saturating_sub(seconds.saturating_mul(1000))
}

impl Desk {
    /// Purges or moves what waits, for about as long as an order may take.
    pub(crate) async fn sweep(&self, sweep: Sweep) -> Result<Done, Refused> {
        let connector = self.connector(&sweep.carrier)?;
        let to = match &sweep.act {
            Act::Count | Act::Purge => None,
            Act::Move { to } => Some(self.target(connector, to)?),
        };
        if let Some(prefix) = &sweep.prefix {
            is_prefix(prefix)?;
        }
        let customer = sweep.customer.as_deref();
        let now = self.common.clock.now().wall;
        let rest = sweep.rest.unwrap_or(Rest {
            before: before(now, sweep.older_than_seconds.unwrap_or_default()),
            place: Spot::Heads,
        });
        let selection = Selection {
            connector,
            customer: customer.map(|name| self.customer(name)).transpose()?,
            prefix: sweep.prefix.clone().unwrap_or_default().into_bytes(),
            before: Wall(rest.before),
        };
        let mut swept = Swept {
            act: sweep.act.clone(),
            carrier: sweep.carrier.clone(),
            messages: 0,
            kept: 0,
            rest: Some(rest),
        };
        let until = Instant::now() + SPAN;
        while let Some(rest) = swept.rest
            && Instant::now() < until
        {
            self.block(&selection, rest, to, &mut swept).await?;
        }
        if sweep.act != Act::Count && swept.messages > 0 {
            let Swept { messages, kept, .. } = swept;
            tracing::info!(?sweep, messages, kept, "an operator swept a lane");
        }
        Ok(Done::Swept(swept))
    }

    /// One block of it, and where to go on.
    async fn block(
        &self,
        selection: &Selection,
        rest: Rest,
        to: Option<ConnectorId>,
        swept: &mut Swept,
    ) -> Result<(), Refused> {
        let selection = selection.clone();
        let from = rest.place.place();
        let command = match to {
            Some(to) => Command::Move {
                selection,
                from,
                to,
            },
            None => Command::Purge {
                selection,
                from,
                dry: swept.act == Act::Count,
            },
        };
        match self.engine(command).await? {
            Report::Swept(block) => {
                swept.messages += block.done;
                swept.kept += block.kept;
                swept.rest = block.next.map(|next| Rest {
                    place: Spot::of(next),
                    ..rest
                });
                Ok(())
            }
            other => Err(Refused::unexpected(&other)),
        }
    }

    /// Where messages may be moved to.
    fn target(&self, from: ConnectorId, to: &str) -> Result<ConnectorId, Refused> {
        let connector = self.connector(to)?;
        if connector == from {
            return Err(Refused::wrong(format!("they wait for {to} already")));
        }
        let directory = self.common.directory();
        let rules = directory.engine.connectors.get(&connector);
        if rules.is_none_or(|rules| !rules.enabled || rules.closing) {
            return Err(Refused::wrong(format!(
                "{to} takes nothing new: its [[connector]] has enabled = false or closing = true"
            )));
        }
        Ok(connector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_age_is_so_great_that_it_means_messages_of_just_now() {
        let now = Wall(1_800_000_000_000);
        assert_eq!(before(now, 0), now.0);
        assert_eq!(before(now, 3600), now.0 - 3_600_000);
        // In milliseconds these would be 384, and one second less than nothing.
        for seconds in [18_446_744_073_709_552, u64::MAX] {
            assert_eq!(before(now, seconds), 0);
        }
    }
}
