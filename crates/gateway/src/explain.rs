//! Why a message would go where it goes: the very routing of the engine, told step by step.

use directory::Directory;
use engine::{Command, LaneReport, Report, RouteName, Selected, Verdict};
use serde::{Deserialize, Serialize};

use crate::orders::{Desk, Done, Refused, meant};

/// The message in question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// As what its customer binds.
    pub(crate) from: String,
    /// Its destination as it travels: digits without `+`.
    pub(crate) to: String,
    /// The route that it selects by name.
    pub(crate) route: Option<String>,
}

/// What would become of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Explained {
    /// Each route of the customer, in the order of the configuration.
    pub(crate) routes: Vec<Judged>,
    /// Why it is refused.
    pub(crate) refused: Option<String>,
    /// Seconds that its route holds it before it is sent.
    pub(crate) held_seconds: u64,
    /// The carriers of its route, the first choice first.
    pub(crate) carriers: Vec<Choice>,
}

/// A route, and whether it fits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// What it takes.
    pub(crate) takes: String,
    /// Whether the message goes by it.
    pub(crate) taken: bool,
    /// Why, or why not.
    pub(crate) why: String,
}

/// A carrier that the message may go to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) carrier: String,
    /// Those of the least are tried first.
    pub(crate) order: u16,
    /// Its share among those of the same order.
    pub(crate) weight: u16,
    /// How it stands with it now; `unknown` if no gateway said so.
    pub(crate) state: String,
}

impl Desk {
    /// Explains it as things stand now.
    pub(crate) async fn explain(&self, question: &Question) -> Result<Done, Refused> {
        let lanes = match self.engine(Command::Lanes).await? {
            Report::Lanes { lanes, .. } => lanes,
            other => return Err(Refused::unexpected(&other)),
        };
        let directory = self.common.directory();
        explain(&directory, Some(&lanes), question).map(Done::Explained)
    }
}

/// Explains it by a directory, and by how it stands with the carriers, if that is known.
///
/// # Errors
/// There is no such customer, or the destination is no number.
pub(crate) fn explain(
    directory: &Directory,
    lanes: Option<&[LaneReport]>,
    question: &Question,
) -> Result<Explained, Refused> {
    let accounts = directory.accounts.iter();
    let accounts = accounts.map(|account| (account.system_id.as_str(), account.customer));
    let id = meant("customer", &question.from, &accounts.collect::<Vec<_>>())?;
    if question.to.is_empty() || !question.to.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Refused::wrong(format!(
            "{} is no number: give the digits of a destination as they travel, without +",
            question.to
        )));
    }
    let customer = directory.engine.customers.get(&id);
    let customer = customer.ok_or_else(|| Refused::wrong("the customer has no rules"))?;
    let (to, name) = (question.to.as_bytes(), question.route.as_deref());
    let selected = name.map(|name| RouteName::of(name.as_bytes()));
    let taken = customer.route(selected, to);
    let routes = customer
        .judged(selected, to)
        .map(|(route, verdict)| Judged {
            takes: takes(route, name),
            taken: taken.is_some_and(|taken| core::ptr::eq(taken, route)),
            why: why(
                verdict,
                taken.is_some_and(|taken| core::ptr::eq(taken, route)),
            )
            .to_owned(),
        });
    let refused = if !customer.enabled || !customer.submits {
        Some("the customer may not submit: enabled = false".to_owned())
    } else if taken.is_none() {
        Some("no route takes it".to_owned())
    } else {
        None
    };
    let mut carriers: Vec<_> = taken.into_iter().flat_map(|route| &route.targets).collect();
    carriers.sort_by_key(|target| (target.order, core::cmp::Reverse(target.weight)));
    let carriers = carriers.into_iter().map(|target| {
        let carrier = directory.carrier(target.connector);
        let rules = directory.engine.connectors.get(&target.connector);
        let lane = lanes.and_then(|all| all.iter().find(|it| it.connector == target.connector));
        Choice {
            carrier: carrier.map_or_else(String::new, |it| it.profile.name.clone()),
            order: target.order,
            weight: target.weight,
            state: match rules {
                Some(rules) if !rules.enabled => "off".to_owned(),
                Some(rules) if rules.closing => "closing".to_owned(),
                Some(_) => lane.map_or_else(|| "unknown".to_owned(), stands),
                None => "gone".to_owned(),
            },
        }
    });
    Ok(Explained {
        routes: routes.collect(),
        refused,
        held_seconds: taken.map_or(0, |route| route.delay.as_secs()),
        carriers: carriers.collect(),
    })
}

/// What a route takes.
fn takes(route: &engine::Route, name: Option<&str>) -> String {
    let named = name.map(|name| RouteName::of(name.as_bytes()));
    let selects = match (route.selected, name) {
        (Selected::Anything, _) => "whatever is selected".to_owned(),
        (Selected::Nothing, _) => "no route selected".to_owned(),
        (Selected::Name(own), Some(name)) if named == Some(own) => format!("route {name} selected"),
        (Selected::Name(_), _) => "another route selected".to_owned(),
    };
    let prefix = String::from_utf8_lossy(&route.prefix);
    let ending = route.ending;
    let ending = ending.map_or_else(String::new, |(low, high)| {
        format!(", ending {low:04} to {high:04}")
    });
    format!("{selects}, to {prefix}*{ending}")
}

fn why(verdict: Verdict, taken: bool) -> &'static str {
    match verdict {
        Verdict::Fits if taken => "fits, and is the most specific",
        Verdict::Fits => "fits, but another is more specific",
        Verdict::OtherName => "another route is selected",
        Verdict::OtherPrefix => "the number begins otherwise",
        Verdict::OtherEnding => "the number ends otherwise",
    }
}

/// How it stands with a carrier.
fn stands(lane: &LaneReport) -> String {
    let waiting: u64 = lane.queues.iter().map(|queue| queue.messages).sum();
    let held = if lane.held { "held, " } else { "" };
    match lane.binds {
        0 => format!("{held}no bind, {waiting} waiting"),
        binds => format!("{held}{binds} binds, {waiting} waiting"),
    }
}
