//! Customers, credentials, carriers and routes: the typed snapshot and the file it is read from.
//!
//! A configuration is one or more TOML files, merged, and the flags of the command line over them ([`Options`]). It is read once
//! and whole: either there is a [`Directory`] in which nothing is wrong any more, or there are [`Problems`], all of them, each
//! with its place and with what to change. A reload reads everything again and compares ([`Directory::changes_to`]).
//!
//! A customer begins from a preset, which is data (`presets.toml`), and its own section stands over that ([`presets()`]).
//!
//! Every setting is one row of a table: its key, its form, its place in the snapshot, when a change of it counts, and a
//! sentence about it. Reading, defaults, complaints, comparison and the manual ([`reference()`]) come from the row.

mod accounts;
mod callers;
mod carrier_url;
mod changes;
mod compile;
mod file;
mod form;
mod manual;
mod number;
mod options;
mod presets;
mod problem;
mod secret;
mod section;
mod snapshot;
mod table;
mod unit;

pub use accounts::{Accounts, Admitted, Attempt, NotAdmitted};
pub use callers::{Call, Caller, Callers, NotCalled};
pub use changes::{Change, Changes, Kind};
pub use form::decimal;
pub use ipnet::IpNet;
pub use manual::reference;
pub use options::{DEMO, Options};
pub use presets::presets;
pub use problem::{Problem, Problems};
pub use secret::Secret;
pub use section::{
    Connections, Gateway, History, Host, Journal, ListenerKind, Log, LogFormat, OutcomeLog,
    ShownNumbers,
};
pub use snapshot::{
    Carrier, CarrierPlace, CarrierTls, Directory, Listener, ListenerTls, Numbered, Outbind, Topup,
};
pub use table::{Effect, nearest};
