//! A world with bad weather for peer, engine, smpp and journal; development only.
//!
//! A process of ours as plain values (engine, gate, journal on a faulty disk, sessions), customers and carriers that misbehave,
//! wires that break, and two clocks, all of it moved by one queue of events and one seed. Nothing here is a thread or waits.
//!
//! [`World`] is for scenarios, written as sentences. [`storm()`] lives through one hostile day: bad weather from a seed, then calm,
//! in which everything has to come to rest; then the oracle judges from what the peers saw alone. [`Planted`] faults prove that it
//! can see.

mod carrier;
mod env;
mod esme;
mod history;
mod node;
mod oracle;
mod orders;
mod pipe;
mod plan;
mod planted;
mod random;
mod shell;
mod store;
mod storm;
mod variety;
mod weather;
mod wire;
mod world;

pub use carrier::{CarrierHabits, Form, Ids, Reaction};
pub use esme::{EsmeHabits, Thanks};
pub use oracle::{Reply, Sms, Wish};
pub use plan::{ConnectorPlan, CustomerPlan, Plan};
pub use planted::Planted;
pub use random::Random;
pub use store::Crash;
pub use storm::{Failure, LONG, SHORT, Size, Summary, storm, told};
pub use world::{Message, World};
