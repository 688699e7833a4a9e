//! How the engine's decisions are said in SMPP, to customers and to carriers; sans-io.

mod account;
mod refusal;

pub use account::{
    Account, AddressRules, Binding, Delivering, MessageIdForm, Mismatch, SessionRules, Submitting,
    TimeRule,
};
pub use refusal::{Asked, command_status};
