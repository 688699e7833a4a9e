//! The whole program with real sockets: `bindery serve` as operators start it and as peers meet it.

mod asks;
mod binding;
mod capture;
mod carriers;
mod client;
mod connectors;
mod ctl;
mod customers;
mod disk;
mod fairness;
mod gateway;
mod hosts;
mod interop;
mod kill;
mod lanes;
mod life;
mod magic;
mod manual;
mod metrics;
mod outbind;
mod outcomes;
mod reload;
mod service;
mod strangers;
mod trace;
mod vendors;
