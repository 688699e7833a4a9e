//! Why a message would go where it goes: the very routing of the engine, told step by step.

use directory::Directory;
use engine::{Command, LaneReport, Party, Report, RouteName, Selected, Standing, Verdict};
use peer::RouteSelector;
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
    /// Its source, as the customer writes it.
    pub(crate) source: Option<String>,
    /// Its service_type, by which some customers select a route.
    pub(crate) service_type: Option<String>,
}

/// What would become of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Explained {
    /// Each route of the customer, in the order of the configuration.
    pub(crate) routes: Vec<Judged>,
    /// Why it is refused.
    pub(crate) refused: Option<String>,
    /// The source that it travels with, if one was named.
    pub(crate) source: Option<String>,
    /// What else is to be known.
    pub(crate) notes: Vec<String>,
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
        let standings = self.standings().await?;
        let now = Now {
            lanes: &lanes,
            standings: &standings,
        };
        let directory = self.common.directory();
        explain(&directory, Some(now), question).map(Done::Explained)
    }

    /// How it stands with everybody: as the engine has it at this moment.
    async fn standings(&self) -> Result<Vec<(Party, Standing)>, Refused> {
        let mut standings = Vec::new();
        for command in [Command::Connectors, Command::Customers] {
            match self.engine(command).await? {
                Report::Connectors(all) => {
                    let all = all.iter();
                    standings.extend(all.map(|it| (Party::Connector(it.connector), it.standing)));
                }
                Report::Customers(all) => {
                    let all = all.iter();
                    standings.extend(all.map(|it| (Party::Customer(it.customer), it.standing)));
                }
                other => return Err(Refused::unexpected(&other)),
            }
        }
        Ok(standings)
    }
}

/// How things stand in a gateway that runs.
#[derive(Clone, Copy)]
pub(crate) struct Now<'a> {
    lanes: &'a [LaneReport],
    /// Those about whom an operator has decided.
    standings: &'a [(Party, Standing)],
}

impl Now<'_> {
    fn standing(&self, party: Party) -> Standing {
        let found = self.standings.iter().find(|(whose, _)| *whose == party);
        found.map_or(Standing::Open, |&(_, standing)| standing)
    }
}

/// Explains it by a directory, and by how it stands with the carriers, if that is known.
///
/// # Errors
/// There is no such customer, or the destination is no number.
pub(crate) fn explain(
    directory: &Directory,
    now: Option<Now<'_>>,
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
    let account = directory.accounts.iter().find(|it| it.customer == id);
    let by_service = account
        .is_some_and(|account| account.submitting.route_selector == RouteSelector::ServiceType);
    let mut notes = Vec::new();
    let service_type = question.service_type.as_deref();
    if service_type.is_some() && !by_service {
        notes.push(format!(
            "its service_type selects no route: {} has no route_selector = \"service_type\"",
            question.from
        ));
    }
    let selects = question.route.as_deref();
    let (to, name) = (
        question.to.as_bytes(),
        selects.or(service_type.filter(|_| by_service)),
    );
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
    let source = account.zip(question.source.as_deref());
    let source = source.map(|(account, source)| {
        let travels = account.submitting.addresses.source_of(source.as_bytes());
        travels.map(|source| String::from_utf8_lossy(source.digits).into_owned())
    });
    let standing = now.map_or(Standing::Open, |now| now.standing(Party::Customer(id)));
    let refused = if !customer.enabled || !customer.submits {
        Some("the customer may not submit: enabled = false".to_owned())
    } else if standing != Standing::Open {
        Some(format!(
            "an operator has {} its customer; `bindery ctl resume {}` ends that",
            decided(standing),
            question.from
        ))
    } else if let Some(Err(status)) = source {
        Some(format!("its source is answered with {}", status.name()))
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
        let lane = now.and_then(|now| now.lanes.iter().find(|it| it.connector == target.connector));
        let standing = now.map_or(Standing::Open, |now| {
            now.standing(Party::Connector(target.connector))
        });
        Choice {
            carrier: carrier.map_or_else(String::new, |it| it.profile.name.clone()),
            order: target.order,
            weight: target.weight,
            state: match rules {
                Some(rules) if !rules.enabled => "off".to_owned(),
                Some(rules) if rules.closing => "closing".to_owned(),
                Some(_) => lane.map_or_else(
                    || "unknown".to_owned(),
                    |lane| match standing {
                        Standing::Open => stands(lane),
                        standing => format!("{}, {}", decided(standing), stands(lane)),
                    },
                ),
                None => "gone".to_owned(),
            },
        }
    });
    Ok(Explained {
        routes: routes.collect(),
        refused,
        source: source.and_then(Result::ok),
        notes,
        held_seconds: taken.map_or(0, |route| route.delay.as_secs()),
        carriers: carriers.collect(),
    })
}

/// What an operator has done to it.
fn decided(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "opened",
        Standing::Draining => "drained",
        Standing::Paused => "paused",
    }
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
