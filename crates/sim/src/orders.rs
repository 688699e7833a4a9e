//! Operators: on some days they hold, move and purge what waits for carriers, pause, drain and resume customers and carriers, give and
//! take credit, and end binds. Nothing of it outlasts the day.

use engine::{Amount, Command, ConnectorId, CustomerId, Party, Place, Selection, Standing};

use crate::env::{Event, SECOND};
use crate::plan::{connector_id, customer_id};
use crate::random::Random;
use crate::world::World;

/// After how long it is looked again whether nothing that was ordered is left.
const PATIENCE: u64 = 5 * SECOND;

/// Whether there are operators that day.
pub(crate) fn has_operators(seed: u64) -> bool {
    matches!(seed % 11, 2 | 6 | 10)
}

/// Who can be meant.
struct Parties {
    customers: u64,
    connectors: u64,
    /// Those that pay.
    payers: Vec<CustomerId>,
}

impl Parties {
    fn customer(&self, random: &mut Random) -> CustomerId {
        customer_id(random.below(self.customers) as usize)
    }

    fn connector(&self, random: &mut Random) -> ConnectorId {
        connector_id(random.below(self.connectors) as usize)
    }

    /// What somebody comes upon.
    fn some_command(&self, random: &mut Random, selection: Selection) -> Option<Command> {
        let (connector, customer) = (selection.connector, self.customer(random));
        let from = Place::default();
        Some(match random.below(12) {
            0..3 => Command::Hold {
                connector,
                customer: selection.customer,
                held: random.chance(600),
            },
            3..7 => Command::Stand {
                party: if random.chance(500) {
                    Party::Customer(customer)
                } else {
                    Party::Connector(connector)
                },
                standing: *random.pick(&[
                    Standing::Paused,
                    Standing::Draining,
                    Standing::Open,
                    Standing::Open,
                ]),
            },
            7..9 => Command::Move {
                selection,
                from,
                to: self.connector(random),
            },
            9 => Command::Purge {
                selection,
                from,
                dry: random.chance(200),
            },
            10 if !self.payers.is_empty() => Command::Grant {
                customer: *random.pick(&self.payers),
                amount: Amount((random.below(20) as i64 - 5) * Amount::UNIT),
                note: "as agreed".to_owned(),
            },
            _ => return None,
        })
    }
}

impl World {
    /// An operator orders something.
    pub(crate) fn order_something(&mut self) {
        let plan = &self.plan;
        let customers = 0..plan.customers.len();
        let parties = Parties {
            customers: plan.customers.len() as u64,
            connectors: plan.connectors.len() as u64,
            payers: customers
                .filter(|&customer| plan.granted(customer).is_some())
                .map(customer_id)
                .collect(),
        };
        let before = self.env.wall();
        let weather = self.weather.as_mut();
        let Some(random) = weather.and_then(|weather| weather.ordering.as_mut()) else {
            return;
        };
        if !random.chance(250) {
            return;
        }
        let selection = Selection {
            connector: parties.connector(random),
            customer: random.chance(500).then(|| parties.customer(random)),
            prefix: match random.below(4) {
                digit @ 0..2 => format!("4479{digit}").into_bytes(),
                _ => Vec::new(),
            },
            before,
        };
        match parties.some_command(random, selection) {
            Some(command) => self.order(command),
            None => {
                let which = random.bits();
                self.kick(which);
            }
        }
    }

    /// An operator orders it. Without a process nobody hears of it.
    pub fn order(&mut self, command: Command) {
        self.env.say(format_args!("operator: orders {command:?}"));
        if let Some(node) = &mut self.node {
            let ticket = self.env.oracle.ordered(command.clone(), self.env.now);
            node.order(&mut self.env, ticket, command);
        }
    }

    fn kick(&mut self, which: u64) {
        self.env.say(format_args!("operator: ends a bind"));
        if let Some(node) = &mut self.node {
            node.kick(&mut self.env, which);
        }
    }

    /// Operators take back what they ordered, until it is certain that nothing is left of it.
    pub(crate) fn release_everything(&mut self) {
        let left = self.env.oracle.unreleased();
        if left.is_empty() {
            return;
        }
        for subject in left {
            self.order(subject.release());
        }
        self.env.after(PATIENCE, Event::Release);
    }
}
