//! How the engine's decisions are said in SMPP, to customers and to carriers; sans-io.
//!
//! [`customer::Customer`] and [`carrier::Carrier`] each drive one [`smpp::session::Session`]: octets and
//! [`engine::Output`]s go in, octets and [`engine::Input`]s come out. They read no clock and open no socket; the gateway
//! and the simulator are their shells.

mod account;
mod address;
mod alphabets;
mod asking;
pub mod carrier;
pub mod customer;
mod delivering;
mod delivery;
mod flow;
mod habits;
mod long;
mod multi;
mod operations;
mod profile;
mod refusal;
mod report;
mod retell;
mod statuses;
mod submission;
mod told;

pub use account::{
    Account, AddressRules, Binding, ClassRule, LongText, Mismatch, RegisteredDelivery,
    RouteSelector, Rule, SessionRules, SourcePolicy, Sources, Submitting, TonNpi, Unoffered,
};
pub use alphabets::Alphabets;
pub use delivering::{
    Delivering, ErrMap, ErrOf, MessageIdForm, MoAlphabet, ReceiptForm, ReceiptText, ReceiptTlvs,
};
pub use flow::{BindRefusal, Calling, Credentials, Flow, Note, Notes};
pub use habits::{Habits, Numbering};
pub use operations::Operations;
pub use profile::{Profile, refusal_class};
pub use refusal::{Asked, command_status};
pub use statuses::{StatusOf, Statuses};
pub use told::message_id;
