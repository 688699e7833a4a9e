//! What an operator wants to know of the engine, and to have done by it. What was done is told past the gate: nobody hears of a deed
//! that a crash could take back. How things stand is told at once, for an operator looks when the disk hangs, and a crash makes it old
//! news, no more. No command takes longer than a step may take, however much waits.

use std::collections::BTreeSet;

mod account;
mod measures;
mod parties;
mod receipts;

use sms::Wall;

use crate::engine::Turn;
use crate::fair::parts;
use crate::fold::{self, CLASSES, Waiting};
use crate::record::Record;
use crate::sweep::{Act, Sweep};
use crate::{
    Amount, Balance, ConnectorId, CustomerId, MessageKey, Party, Place, Room, Selection, Standing,
    Swept,
};

pub use account::AccountReport;
pub use measures::{LaneMeasure, Measures};
pub use parties::{ConnectorReport, CustomerReport};
pub use receipts::{ParkedReport, Rematched, StrayReport};

/// Messages that are looked at in all lanes to tell how many parts wait.
const LOOKED_AT_MAX: usize = 16_384;

/// Queues that are reported.
const QUEUES_MAX: usize = 10_000;

/// What an operator wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// To know what waits for carriers: [`Report::Lanes`].
    Lanes,
    /// That what waits for a connector is not sent, or is sent again: [`Report::Held`]. It stays so after a restart.
    Hold {
        /// Whose lane.
        connector: ConnectorId,
        /// Only messages of this customer; none: all.
        customer: Option<CustomerId>,
        /// Held, or no longer.
        held: bool,
    },
    /// A block of what waits ends as if it had been cancelled: [`Report::Swept`].
    Purge {
        /// What is meant.
        selection: Selection,
        /// Where the block begins.
        from: Place,
        /// Only count.
        dry: bool,
    },
    /// A block of what waits goes on with another connector: [`Report::Swept`].
    Move {
        /// What is meant.
        selection: Selection,
        /// Where the block begins.
        from: Place,
        /// Which other; nothing is moved to one that is not known.
        to: ConnectorId,
    },
    /// To know how it stands with the connectors: [`Report::Connectors`].
    Connectors,
    /// To know how it stands with the customers: [`Report::Customers`].
    Customers,
    /// To know what one customer has and uses: [`Report::Account`].
    Account(CustomerId),
    /// To know what is measured now and then: [`Report::Measures`].
    Measures,
    /// That a customer has more credit, or less: [`Report::Account`] after it, or [`Report::OutOfRange`].
    Grant {
        /// Who.
        customer: CustomerId,
        /// How much more; below zero: less.
        amount: Amount,
        /// Why, in the operator's words; cut to 200 octets.
        note: String,
    },
    /// To know which receipts belong to no message, of one carrier or of all: [`Report::Unmatched`].
    Unmatched(Option<ConnectorId>),
    /// To know what waits for customers that are not there, for one or for all: [`Report::Parked`].
    Parked(Option<CustomerId>),
    /// That the message of a receipt is looked for again: [`Report::Rematched`].
    Rematch {
        /// The receipt.
        receipt: MessageKey,
        /// Its message; none: the one that fits by the rules as they are now.
        to: Option<MessageKey>,
    },
    /// That it stands so with somebody: [`Report::Stands`]. It stays so after a restart.
    Stand {
        /// With whom.
        party: Party,
        /// How.
        standing: Standing,
    },
}

/// What came of a [`Command`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// What waits for each connector that there is, or that still has something.
    Lanes {
        /// By connector.
        lanes: Vec<LaneReport>,
        /// Queues that are not among them, since there are too many.
        left_out: usize,
    },
    /// The lane is held, or no longer. Whether that is news.
    Held {
        /// It was not so before.
        changed: bool,
    },
    /// A block was moved or purged.
    Swept(Swept),
    /// Those that the directory names, by their numbers.
    Connectors(Vec<ConnectorReport>),
    /// Those that the directory names, by their numbers.
    Customers(Vec<CustomerReport>),
    /// What one customer has and uses.
    Account(AccountReport),
    /// What is measured now and then.
    Measures(Measures),
    /// Nothing was done: no more can be taken than is available, and no more had than can be counted.
    OutOfRange(Balance),
    /// Receipts that belong to no message, newest first.
    Unmatched {
        /// At most a thousand.
        receipts: Vec<StrayReport>,
        /// How many more there are.
        left_out: usize,
    },
    /// What waits for customers that are not there, by customer, oldest first.
    Parked {
        /// At most a thousand.
        waiting: Vec<ParkedReport>,
        /// How many more there are.
        left_out: usize,
    },
    /// What came of it.
    Rematched(Rematched),
    /// It stands so. Whether that is news.
    Stands {
        /// It was not so before.
        changed: bool,
    },
    /// Nothing was done: the disk has only room for what is owed already.
    NoRoom,
}

/// What waits for one connector.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaneReport {
    /// Which.
    pub connector: ConnectorId,
    /// An operator holds all of it.
    pub held: bool,
    /// What an operator decided about the connector.
    pub standing: Standing,
    /// Binds that messages can be sent on.
    pub binds: usize,
    /// Sent, and the response open.
    pub sending: u64,
    /// Of these: nobody knows, and the policy of the connector is awaited.
    pub in_doubt: u64,
    /// What may be sent now, highest class first.
    pub queues: Vec<QueueReport>,
    /// Messages that wait for a time.
    pub later: u64,
    /// The first of these times.
    pub next_due: Option<Wall>,
}

/// What one customer has waiting in one class of a lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueReport {
    /// 0 lowest to 3 highest.
    pub class: u8,
    /// Whose.
    pub customer: CustomerId,
    /// An operator holds it, or all of the lane.
    pub held: bool,
    /// How many messages.
    pub messages: u64,
    /// How many short messages the carrier will make of them: exact if `is_exact`, else judged by the first of them; if all of
    /// them are on the disk, one for each.
    pub parts: u64,
    /// See `parts`.
    pub is_exact: bool,
    /// When the first in line was accepted.
    pub oldest: Wall,
}

impl Command {
    /// Whether it only looks.
    fn is_question(&self) -> bool {
        match self {
            Command::Lanes
            | Command::Connectors
            | Command::Customers
            | Command::Account(_)
            | Command::Unmatched(_)
            | Command::Parked(_)
            | Command::Measures => true,
            Command::Hold { .. }
            | Command::Purge { .. }
            | Command::Rematch { .. }
            | Command::Move { .. }
            | Command::Grant { .. }
            | Command::Stand { .. } => false,
        }
    }
}

impl Turn<'_> {
    /// Does what an operator wants.
    pub(crate) fn operate(&mut self, ticket: u64, command: &Command) {
        let report = match *command {
            Command::Lanes => self.lanes(),
            Command::Connectors => self.connectors(),
            Command::Customers => self.customers(),
            Command::Account(customer) => self.account(customer),
            Command::Unmatched(connector) => self.unmatched(connector),
            Command::Parked(customer) => self.parked(customer),
            Command::Measures => self.measures(),
            _ if self.live.room == Room::Out => Report::NoRoom,
            Command::Rematch { receipt, to } => Report::Rematched(self.rematch(receipt, to)),
            Command::Stand { party, standing } => self.stand(party, standing),
            Command::Grant {
                customer,
                amount,
                ref note,
            } => self.grant_by_hand(customer, amount, note),
            Command::Hold {
                connector,
                customer,
                held,
            } => self.hold(connector, customer, held),
            Command::Purge {
                ref selection,
                from,
                dry,
            } => {
                let act = if dry { Act::Count } else { Act::Purge };
                return self.begin_sweep(ticket, selection, from, act);
            }
            Command::Move {
                ref selection,
                from,
                to,
            } => return self.begin_sweep(ticket, selection, from, Act::Move(to)),
        };
        self.report(ticket, report, command.is_question());
    }

    fn begin_sweep(&mut self, ticket: u64, selection: &Selection, from: Place, act: Act) {
        let sweep = Sweep {
            ticket,
            selection: selection.clone(),
            act,
        };
        if let Some(report) = self.sweep(sweep, from) {
            self.report(ticket, report, act == Act::Count);
        }
    }

    /// Tells an operator what came of its command; `is_question`: nothing was written for it.
    pub(crate) fn report(&mut self, ticket: u64, report: Report, is_question: bool) {
        // If nothing was written, to wait for the disk to say so would be to wait for the trouble itself.
        let told = if is_question || report == Report::NoRoom {
            &mut self.step.free
        } else {
            &mut self.step.gated
        };
        told.reports().push((ticket, report));
    }

    fn lanes(&self) -> Report {
        let mut room = QUEUES_MAX;
        let mut left_out = 0;
        let here = self.directory.connectors.keys().copied();
        let connectors: BTreeSet<_> = here.chain(self.fold.connectors()).collect();
        let count: usize = connectors.iter().map(|&id| self.fold.queued(id)).sum();
        let looked_at = (LOOKED_AT_MAX / count.clamp(1, QUEUES_MAX)).max(1);
        let lanes = connectors.into_iter().map(|id| {
            let all = self.queues(id, looked_at);
            let queues: Vec<_> = all.take(room).collect();
            room -= queues.len();
            left_out += self.fold.queued(id) - queues.len();
            self.lane_report(id, queues)
        });
        Report::Lanes {
            lanes: lanes.collect(),
            left_out,
        }
    }

    fn lane_report(&self, connector: ConnectorId, queues: Vec<QueueReport>) -> LaneReport {
        let lane = self.fold.lane(connector);
        let live = self.live.connectors.get(&connector);
        let (later, next_due) = self.fold.later(connector);
        LaneReport {
            connector,
            held: self.fold.holds_all(connector),
            standing: self.fold.standings.of(Party::Connector(connector)),
            binds: live.map_or(0, |live| live.binds.len()),
            sending: lane.map_or(0, |lane| lane.sending),
            in_doubt: live.map_or(0, |live| live.doubts.len() as u64),
            queues,
            later,
            next_due,
        }
    }

    /// The queues of a lane, highest class first, whose parts are told by the first `looked_at` messages.
    fn queues(
        &self,
        connector: ConnectorId,
        looked_at: usize,
    ) -> impl Iterator<Item = QueueReport> {
        let classes = (0..CLASSES).rev();
        let queues = classes.flat_map(move |class| {
            let queues = self.fold.queues(connector, class, CustomerId::default());
            queues.map(move |(customer, messages, waiting)| (class, customer, messages, waiting))
        });
        queues.filter_map(move |(class, customer, messages, waiting)| {
            let oldest = self.first_in_line(connector, class, customer, &waiting)?;
            let (mut seen, mut counted) = (0, 0);
            for entry in waiting.take(looked_at) {
                seen += 1;
                counted += parts(entry);
            }
            Some(QueueReport {
                class: class as u8,
                customer,
                held: self.fold.holds(connector, customer),
                messages,
                parts: match seen {
                    0 => messages,
                    _ => (u128::from(counted) * u128::from(messages) / u128::from(seen)) as u64,
                },
                is_exact: seen == messages,
                oldest,
            })
        })
    }

    /// When the first message of a queue was accepted.
    fn first_in_line(
        &self,
        connector: ConnectorId,
        class: usize,
        customer: CustomerId,
        waiting: &Waiting<'_>,
    ) -> Option<Wall> {
        let first = waiting.head().map(|entry| entry.order.key);
        let first = first.or_else(|| {
            self.fold.first_on_disk(fold::Place {
                connector,
                class: class as u8,
                customer,
            })
        });
        Some(first?.minted())
    }

    fn hold(&mut self, connector: ConnectorId, customer: Option<CustomerId>, held: bool) -> Report {
        let is_held = self.fold.is_held(connector, customer);
        let changed = is_held != held;
        if changed {
            self.record(&Record::Held {
                connector,
                customer,
                held,
            });
            self.live.touch_connector(connector);
        }
        Report::Held { changed }
    }
}
