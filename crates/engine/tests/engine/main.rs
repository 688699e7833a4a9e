//! The engine between customers and carriers that the test plays: sentences in, what the peers would see out.

mod alerts;
mod asks;
mod cold;
mod deliveries;
mod excerpts;
mod fairness;
mod final_outcomes;
mod groups;
mod lanes;
mod limits;
mod meetings;
mod mo_parts;
mod money;
mod multi;
mod operator;
mod pacing;
mod parts;
mod receipts;
mod replies;
mod room;
mod routes;
mod sends;
mod standings;
mod sweeps;
mod wishes;
mod world;
