//! `bindery ctl explain`.

use std::path::Path;

use super::{Names, lines, message, table};
use crate::config;
use crate::explain::{Explained, Question, explain};
use crate::orders::{self, Done, Order, Refused};

const EXAMPLES: &str = "\
Examples:
  bindery ctl explain --from acme --to 447700900123
      Which route a message would take, and why not the others; and how it stands with its carriers
  bindery ctl explain --message 8345012345678901248
      Where that message, which was accepted before, would go now
  bindery ctl explain --from acme --to 447700900123 --source Shop --service-type VIP
      Whether it may have that source, and whether its service_type selects a route
  bindery ctl explain --from acme --to 447700900123 --config bindery.toml
      The same by a configuration that no gateway needs to run with";

/// Why a message would go where it goes; with --config by that file alone, without the states of the carriers
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The customer, by its system_id
    #[arg(long, value_name = "CUSTOMER", required_unless_present = "message")]
    from: Option<String>,
    /// The destination as it travels: digits without +
    #[arg(long, value_name = "NUMBER", required_unless_present = "message")]
    to: Option<String>,
    /// A message that was accepted, by its message_id: its customer and its destination, and the route_id if you say which
    #[arg(long, value_name = "MESSAGE_ID", conflicts_with_all = ["from", "to"])]
    message: Option<String>,
    /// Its source, as the customer writes it
    #[arg(long, value_name = "ADDRESS")]
    source: Option<String>,
    /// Its service_type
    #[arg(long, value_name = "WORD", conflicts_with = "route")]
    service_type: Option<String>,
    /// The route_id that it selects
    #[arg(long, value_name = "ROUTE_ID")]
    route: Option<String>,
}

const HEADS: [&str; 3] = ["", "ROUTE TAKES", "WHY"];
const CARRIER_HEADS: [&str; 4] = ["CARRIER", "ORDER", "WEIGHT", "STATE"];

impl Args {
    /// What would become of the message, and why.
    ///
    /// # Errors
    /// A name or the number is wrong, or neither a configuration nor a gateway is there.
    pub(super) fn run(
        &self,
        data_dir: &Path,
        config: Option<&Path>,
        json: bool,
    ) -> Result<String, Refused> {
        let (from, to) = match &self.message {
            Some(id) => message::parties(id, data_dir, &Names::known(data_dir, config))?,
            None => (
                self.from.clone().unwrap_or_default(),
                self.to.clone().unwrap_or_default(),
            ),
        };
        let question = Question {
            from,
            to,
            route: self.route.clone(),
            source: self.source.clone(),
            service_type: self.service_type.clone(),
        };
        let explained = match config {
            Some(file) => {
                let directory = config::directory(file);
                let directory = directory.map_err(|problems| Refused::wrong(problems.to_string()));
                explain(&directory?, None, &question)?
            }
            None => match orders::give(data_dir, Order::Explain(question))? {
                Done::Explained(explained) => explained,
                _ => return Err(Refused::not_now("the gateway answered something else")),
            },
        };
        if json {
            return Ok(lines(&[explained]));
        }
        Ok(text(&explained))
    }
}

fn text(explained: &Explained) -> String {
    let routes = explained.routes.iter().map(|route| {
        let mark = if route.taken { "->" } else { "" };
        [mark.to_owned(), route.takes.clone(), route.why.clone()]
    });
    let mut text = table(&HEADS, routes);
    for note in &explained.notes {
        text += &format!("\nNote: {note}.");
    }
    if let Some(source) = &explained.source {
        text += &format!("\nIts source travels as {source}.");
    }
    if let Some(why) = &explained.refused {
        return text + &format!("\nIt is refused: {why}.");
    }
    if explained.held_seconds > 0 {
        let seconds = explained.held_seconds;
        text += &format!("\nIt is held for {seconds} s before it is sent.");
    }
    let carriers = explained.carriers.iter().map(|choice| {
        [
            choice.carrier.clone(),
            choice.order.to_string(),
            choice.weight.to_string(),
            choice.state.clone(),
        ]
    });
    text + "\n" + &table(&CARRIER_HEADS, carriers)
}
