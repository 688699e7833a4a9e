//! Binds that do nothing: what each takes of the gateway's memory, and how fast they all come.

use std::time::Duration;

use super::figure::Figure;
use super::gateway::{Gateway, Setup};
use super::load::Load;
use super::{Bench, Findings, wait_until};
use crate::shell::Failure;

const BINDS: f64 = 10_000.0;

/// How long they may take in all; the promise is much less.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the binds are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Tls,
}

pub(super) fn run(bench: &Bench, kind: Kind) -> Result<Findings, Failure> {
    let gateway = Gateway::with_carrier(bench, Setup::default(), 3.0)?;
    let before = gateway.memory()?;
    let (words, kib_max) = match kind {
        Kind::Plain => (format!("--connect {}", gateway.smpp), 8.0),
        Kind::Tls => (
            format!("--connect {} --tls --insecure", gateway.smpps),
            32.0,
        ),
    };
    let load = Load::start(
        bench,
        &format!("{words} --idle --duration 5s --binds {BINDS}"),
    )?;
    wait_until("all are bound", PATIENCE, || {
        Ok(gateway.sum("bindery_binds{", "side=\"customer\"")? >= BINDS)
    })?;
    // A handshake needs memory that the bind does not; what is left when all is quiet counts.
    std::thread::sleep(Duration::from_secs(2));
    let bound = gateway.sum("bindery_binds{", "side=\"customer\"")?;
    let memory = gateway.memory()?;
    let report = load.report()?;
    gateway.end()?;
    let kib = (memory - before) / BINDS / 1024.0;
    Ok(Findings {
        figures: vec![
            Figure::told("bound at the same time", bound, "binds").at_least(BINDS),
            Figure::told("memory of the gateway", kib, "KiB/bind").at_most(kib_max),
            Figure::told("until all were bound", report.bind_seconds, "s").at_most(10.0),
        ],
        notes: report.warnings(),
    })
}
