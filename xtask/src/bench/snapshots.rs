//! Answers while the state of a million messages that wait in memory is written down again and again, beside answers of a gateway
//! that has as many and writes nothing down.

use super::away::Away;
use super::figure::{Figure, median, range};
use super::gateway::{Gateway, Setup, Sink};
use super::load::load;
use super::{Bench, Findings};
use crate::shell::Failure;

const MESSAGES: u64 = 1_000_000;

/// All of them wait in memory.
const ROOM: &str = "lane_hot_max = 10_000_000\nmemory_max = \"1 GiB\"\n";

/// One snapshot follows the other; else the journal has to grow by more than it does here.
const BUSY: &str = "snapshot_every = \"1 MiB\"\n";
const QUIET: &str = "snapshot_every = \"1 TiB\"\n";

/// p50 and p99 in milliseconds, without snapshots and with them.
struct Round {
    quiet: (f64, f64),
    busy: (f64, f64),
}

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let here = Sink::start(bench, "")?;
    let away = Away::listen()?;
    let mut notes = Vec::new();
    let mut begin = |name: &str, snapshots: &str| {
        let bench = Bench {
            scratch: bench.scratch.join(name),
            ..bench.clone()
        };
        let setup = Setup {
            carrier: Some(here.url(2)),
            config: away.config(&format!("{ROOM}{snapshots}")),
        };
        let gateway = Gateway::with_carrier(&bench, setup, 2.0)?;
        bench.step("snapshots", "a million messages for a carrier that is away");
        let filled = load(&bench, &away.words(&gateway.smpp, MESSAGES))?;
        notes.extend(filled.warnings());
        Ok::<Gateway, Failure>(gateway)
    };
    let quiet = begin("quiet", QUIET)?;
    let busy = begin("busy", BUSY)?;

    let before = busy.snapshots()?;
    let mut rounds = Vec::new();
    for round in 1..=bench.rounds {
        bench.step("snapshots", &format!("round {round} of {}", bench.rounds));
        let first = round.is_multiple_of(2);
        let early = latency(bench, if first { &quiet } else { &busy })?;
        let late = latency(bench, if first { &busy } else { &quiet })?;
        let (quiet, busy) = if first { (early, late) } else { (late, early) };
        rounds.push(Round { quiet, busy });
    }
    let written = busy.snapshots()? - before;
    quiet.end()?;
    busy.end()?;
    here.end()?;

    let of = |value: fn(&Round) -> f64| -> Vec<f64> { rounds.iter().map(value).collect() };
    let told = |what: &str, value| Figure::told(what, median(&of(value)), "ms");
    let ratios = of(|round| round.busy.1 / round.quiet.1);
    notes.push(format!(
        "p99 with to p99 without, round by round: {}.",
        range(&ratios)
    ));
    Ok(Findings {
        figures: vec![
            told("response p50 without snapshots", |round| round.quiet.0),
            told("response p50 while they are made", |round| round.busy.0),
            told("response p99 without snapshots", |round| round.quiet.1),
            told("response p99 while they are made", |round| round.busy.1),
            Figure::told("p99 with to p99 without", median(&ratios), "").at_most(1.1),
            Figure::told("snapshots meanwhile", written, "").at_least(bench.rounds as f64),
        ],
        notes,
    })
}

/// As in the scenario `latency`: 5 000 messages a second on one bind with window 10, to the carrier that is there.
fn latency(bench: &Bench, gateway: &Gateway) -> Result<(f64, f64), Failure> {
    let words = format!(
        "--connect {} --binds 1 --window 10 --rate 5000 --duration 8s",
        gateway.smpp
    );
    let report = load(bench, &words)?;
    if report.wrong() > 0.0 {
        return Err(Failure::new(report.warnings().join(" ")));
    }
    Ok((report.response_ms.p50, report.response_ms.p99))
}
