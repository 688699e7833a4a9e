//! What operators ordered, and what each order permits and forbids from then on. An order holds when its report has come, until another
//! is given about the same; one whose report is missing may have been carried out, and need not have been.

use std::collections::BTreeSet;

use engine::{Amount, Command, ConnectorId, CustomerId, Party, Report, Selection, Standing, Swept};
use sms::State;

use super::{Oracle, Story};
use crate::env::{Env, MS};
use crate::plan::{connector_id, customer_id};

/// What is on its way from the engine thread to a socket when an order is reported may still leave.
const UNDER_WAY: u64 = MS;

/// One order.
struct Given {
    command: Command,
    at: u64,
    /// When it was reported to be done, if it was.
    done: Option<u64>,
    /// It was reported to be refused.
    refused: bool,
}

/// All of them; their numbers are the tickets.
#[derive(Default)]
pub(super) struct Orders(Vec<Given>);

/// What an order is about that stands until the next about the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Subject {
    Lane(ConnectorId, Option<CustomerId>),
    Party(Party),
}

impl Subject {
    fn of(command: &Command) -> Option<Subject> {
        match *command {
            Command::Hold {
                connector,
                customer,
                ..
            } => Some(Subject::Lane(connector, customer)),
            Command::Stand { party, .. } => Some(Subject::Party(party)),
            _ => None,
        }
    }

    /// The order after which nothing is left of earlier ones about it.
    pub(crate) fn release(self) -> Command {
        match self {
            Subject::Lane(connector, customer) => Command::Hold {
                connector,
                customer,
                held: false,
            },
            Subject::Party(party) => Command::Stand {
                party,
                standing: Standing::Open,
            },
        }
    }
}

impl Orders {
    /// The last order about it, if it is certain that it is in force: since when.
    fn in_force(&self, subject: Subject, now: u64) -> Option<(&Command, u64)> {
        let about = |given: &&Given| Subject::of(&given.command) == Some(subject);
        let last = self.0.iter().rev().find(about)?;
        let since = last.done?;
        (since + UNDER_WAY < now).then_some((&last.command, since))
    }

    fn stands(&self, party: Party, now: u64) -> (Standing, u64) {
        match self.in_force(Subject::Party(party), now) {
            Some((&Command::Stand { standing, .. }, since)) => (standing, since),
            _ => (Standing::Open, 0),
        }
    }

    fn holds(&self, connector: ConnectorId, customer: CustomerId, now: u64) -> bool {
        let held = |customer| {
            let order = self.in_force(Subject::Lane(connector, customer), now);
            matches!(order, Some((Command::Hold { held: true, .. }, _)))
        };
        held(None) || held(Some(customer))
    }
}

impl Oracle {
    /// An operator orders something; the ticket.
    pub(crate) fn ordered(&mut self, command: Command, at: u64) -> u64 {
        self.orders.0.push(Given {
            command,
            at,
            done: None,
            refused: false,
        });
        self.orders.0.len() as u64 - 1
    }

    /// What is not certain to be as if nothing had ever been ordered about it.
    pub(crate) fn unreleased(&self) -> Vec<Subject> {
        let given = self.orders.0.iter();
        let subjects: BTreeSet<_> = given
            .filter_map(|given| Subject::of(&given.command))
            .collect();
        let is_released = |subject: Subject| {
            let order = self.orders.in_force(subject, u64::MAX);
            order.is_some_and(|(command, _)| *command == subject.release())
        };
        let left = subjects.into_iter().filter(|&it| !is_released(it));
        left.collect()
    }

    /// What forbids that a message leaves for a carrier now.
    pub(super) fn forbids_sending(
        &self,
        connector: usize,
        story: &Story,
        now: u64,
    ) -> Option<&'static str> {
        let to = connector_id(connector);
        let (standing, since) = self.orders.stands(Party::Connector(to), now);
        let head = story.head.map_or(story, |head| &self.stories[head]);
        let is_new = head
            .submitted
            .is_some_and(|submitted| submitted.at > since + UNDER_WAY);
        if self.orders.holds(to, customer_id(story.customer), now) {
            Some("an operator holds it")
        } else if standing == Standing::Paused {
            Some("an operator has paused the carrier")
        } else if standing == Standing::Draining && is_new && !self.may_be_moved(story, to) {
            Some("an operator lets nothing new go to the carrier")
        } else if self.is_purged(head) {
            Some("its customer was told that an operator has purged it")
        } else {
            None
        }
    }

    /// Whether an operator lets nothing out to a customer.
    fn is_paused(&self, customer: CustomerId, now: u64) -> bool {
        let (standing, _) = self.orders.stands(Party::Customer(customer), now);
        standing == Standing::Paused
    }

    /// Whether a customer's message that was submitted at `submitted`, and is answered now, had to be refused.
    pub(super) fn had_to_refuse(&self, customer: usize, submitted: u64, now: u64) -> bool {
        let party = Party::Customer(customer_id(customer));
        let (standing, since) = self.orders.stands(party, now);
        standing != Standing::Open && submitted > since + UNDER_WAY
    }

    /// Whether an order to purge may have meant the message.
    pub(super) fn may_be_purged(&self, story: &Story) -> bool {
        self.was_meant(story, |command| match command {
            Command::Purge {
                selection,
                dry: false,
                ..
            } => Some(selection),
            _ => None,
        })
    }

    /// Whether an order to move may have meant the message.
    pub(super) fn may_be_moved(&self, story: &Story, connector: ConnectorId) -> bool {
        self.was_meant(story, |command| match command {
            Command::Move { selection, to, .. } if *to == connector => Some(selection),
            _ => None,
        })
    }

    fn was_meant<'a>(
        &'a self,
        story: &Story,
        selection: impl Fn(&'a Command) -> Option<&'a Selection>,
    ) -> bool {
        let orders = self.orders.0.iter().rev();
        let Some(submitted) = story.submitted else {
            return false;
        };
        let mut meant = orders
            .take_while(|given| given.at > submitted.at)
            .filter_map(|given| selection(&given.command));
        meant.any(|it| {
            let is_whose = it
                .customer
                .is_none_or(|it| it == customer_id(story.customer));
            is_whose && story.sms.destination.starts_with(&it.prefix) && submitted.wall < it.before
        })
    }

    /// Whether its customer was told that it is not sent, and no carrier said so.
    fn is_purged(&self, story: &Story) -> bool {
        let by_carrier = |story: &Story| {
            let mut reports = story.copies.iter().flat_map(|copy| &copy.reports);
            reports.any(|report| report.state == State::Deleted)
        };
        let mut told = story.told.iter();
        told.any(|told| told.closes && told.state == State::Deleted)
            && !self.family(story).any(by_carrier)
            && !self.siblings(story).any(by_carrier)
    }

    /// What a customer may have been granted by hand, at least and at most.
    pub(crate) fn granted_by_hand(&self, customer: usize) -> BTreeSet<i64> {
        let mut sums = BTreeSet::from([0]);
        for given in self.orders.0.iter().filter(|given| !given.refused) {
            let Command::Grant {
                customer: whose,
                amount: Amount(amount),
                ..
            } = given.command
            else {
                continue;
            };
            if whose != customer_id(customer) {
                continue;
            }
            let with = sums.iter().map(|sum| sum + amount).collect();
            if given.done.is_some() {
                sums = with;
            } else {
                sums.extend(with);
            }
        }
        sums
    }
}

impl Env {
    /// An order has its report: what is to be ordered next under the same ticket, if that is only a part of what was wanted.
    pub(crate) fn reported(&mut self, ticket: u64, report: &Report) -> Option<Command> {
        self.say(format_args!("operator: {ticket}: {report:?}"));
        let now = self.now;
        let given = self.oracle.orders.0.get_mut(ticket as usize)?;
        if matches!(report, Report::NoRoom | Report::OutOfRange(_)) {
            given.refused = true;
            return None;
        }
        let Report::Swept(Swept {
            next: Some(place), ..
        }) = *report
        else {
            given.done = Some(now);
            return None;
        };
        let mut next = given.command.clone();
        if let Command::Purge { from, .. } | Command::Move { from, .. } = &mut next {
            *from = place;
        }
        Some(next)
    }

    /// A message in its stored form leaves our process for a carrier; whether it arrives is another matter.
    pub(crate) fn leaves(&mut self, connector: Option<usize>, body: &[u8]) {
        let now = self.now;
        let Some(number) = self.oracle.left(body) else {
            return;
        };
        let oracle = &self.oracle;
        let forbids = |to| oracle.forbids_sending(to, &oracle.stories[number], now);
        if let Some(why) = connector.and_then(forbids) {
            self.violated(format!("m{number} leaves for a carrier, but {why}"));
        }
    }

    /// Something leaves our process for a customer.
    pub(crate) fn is_brought(&mut self, customer: CustomerId) {
        if self.oracle.is_paused(customer, self.now) {
            self.violated(format!(
                "customer{} is paused, and something is brought to it",
                customer.0
            ));
        }
    }
}
