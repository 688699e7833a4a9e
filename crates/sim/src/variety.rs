//! What a day has besides bad weather: messages that select a route, messages that subscribers answer, and customers that may send
//! only so many in a day.
//!
//! Which days have what follows from their seeds, and chance has a stream of its own: days without it stay what they are.

use engine::{ConnectorId, Meter, Route, RouteName, Selected, Target};
use peer::RouteSelector;

use crate::oracle::Sms;
use crate::plan::{Plan, connector_id, own_number};
use crate::random::Random;
use crate::world::World;

/// The name of the route that messages select.
pub(crate) const SELECTED: &str = "some";

/// How messages of one day differ.
pub(crate) struct Variety {
    random: Random,
    select: bool,
    are_answered: bool,
}

impl Variety {
    /// Whether subscribers answer that day.
    pub(crate) fn has_answers(&self) -> bool {
        self.are_answered
    }

    pub(crate) fn of(seed: u64) -> Variety {
        Variety {
            random: Random::new(seed),
            select: has_selection(seed),
            are_answered: has_answers(seed),
        }
    }
}

fn has_selection(seed: u64) -> bool {
    seed % 4 == 3
}

fn has_answers(seed: u64) -> bool {
    matches!(seed % 6, 2 | 5)
}

fn has_daily_limits(seed: u64) -> bool {
    seed % 5 == 4
}

/// What is agreed with customers on such a day.
pub(crate) fn agree(plan: &mut Plan, seed: u64) {
    let some = plan.connectors.len().div_ceil(2);
    for (customer, turn) in plan.customers.iter_mut().zip(seed..) {
        if has_selection(seed) {
            customer.account.submitting.route_selector = RouteSelector::DestSubaddress;
            let targets = (0..some).map(|number| Target {
                connector: connector_id(number),
                order: 0,
                weight: 1,
            });
            customer.customer.routes.push(Route {
                selected: Selected::Name(RouteName::of(SELECTED.as_bytes())),
                targets: targets.collect(),
                ..Route::default()
            });
        }
        if has_daily_limits(seed) {
            let meter = &mut customer.customer.meter;
            meter.get_or_insert_with(Meter::default).daily_limit = Some(5 + turn % 40);
        }
    }
}

/// Whether messages that select the route of the day may go to this connector.
pub(crate) fn is_selected(plan: &Plan, connector: ConnectorId) -> bool {
    let routes = plan.customers.iter().flat_map(|plan| &plan.customer.routes);
    routes
        .filter(|route| route.selected != Selected::Nothing)
        .any(|route| {
            route
                .targets
                .iter()
                .any(|target| target.connector == connector)
        })
}

/// Nobody is near the end of its day any more.
pub(crate) fn begin_day(plan: &mut Plan) {
    let meters = plan.customers.iter_mut();
    for meter in meters.filter_map(|plan| plan.customer.meter.as_mut()) {
        meter.daily_limit = meter.daily_limit.map(|_| u64::MAX);
    }
}

impl World {
    /// Makes some messages select a route, and others come from a number that subscribers write to: whose it is does not matter.
    pub(crate) fn vary(&mut self, sms: Sms) -> Sms {
        let customers = self.plan().customers.len() as u64;
        let Some(weather) = &mut self.weather else {
            return sms;
        };
        let Variety {
            random,
            select,
            are_answered,
        } = &mut weather.variety;
        let route = (*select && random.chance(500)).then_some(SELECTED);
        let source = if *are_answered && random.chance(500) {
            own_number(random.below(customers) as usize)
        } else {
            sms.source
        };
        Sms {
            route,
            source,
            ..sms
        }
    }

    /// A subscriber answers one of the latest messages, over some carrier.
    pub(crate) fn answer_some(&mut self) {
        let Some(weather) = &mut self.weather else {
            return;
        };
        let Variety {
            random,
            are_answered,
            ..
        } = &mut weather.variety;
        if !*are_answered || !random.chance(300) {
            return;
        }
        let latest: Vec<_> = self.env.oracle.answerable().rev().take(10).collect();
        if !latest.is_empty() {
            let message = *random.pick(&latest);
            let carrier = random.below(self.carriers.len() as u64) as usize;
            let mo = self.env.oracle.answer_to(message);
            self.carriers[carrier].bring(&mut self.env, mo);
        }
    }
}
