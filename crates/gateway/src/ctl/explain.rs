//! `bindery ctl explain`.

use std::path::Path;

use super::{lines, table};
use crate::config;
use crate::explain::{Explained, Question, explain};
use crate::orders::{self, Done, Order, Refused};

const EXAMPLES: &str = "\
Examples:
  bindery ctl explain --from acme --to 447700900123
      Which route a message would take, and why not the others; and how it stands with its carriers
  bindery ctl explain --from acme --to 447700900123 --config bindery.toml
      The same by a configuration that no gateway needs to run with";

/// Why a message would go where it goes; with --config by that file alone, without the states of the carriers
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The customer, by its system_id
    #[arg(long, value_name = "CUSTOMER")]
    from: String,
    /// The destination as it travels: digits without +
    #[arg(long, value_name = "NUMBER")]
    to: String,
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
        let question = Question {
            from: self.from.clone(),
            to: self.to.clone(),
            route: self.route.clone(),
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
