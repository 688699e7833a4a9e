//! Conversations between the gateway and its peers, with the engine's part read out from the script.

mod alerts;
mod asking;
mod carrier;
mod carrier_habits;
mod customer;
mod fields;
mod groups;
mod long;
mod mo;
mod multi;
mod receipts;
mod statuses;
mod talk;
