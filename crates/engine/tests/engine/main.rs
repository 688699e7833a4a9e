//! The engine between customers and carriers that the test plays: sentences in, what the peers would see out.

mod deliveries;
mod receipts;
mod sends;
mod world;
