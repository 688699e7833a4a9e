//! As many messages as the windows permit, with their receipts: what two builds are compared by, for it takes seconds.

use super::figure::{Figure, median, range};
use super::gateway::{Gateway, Setup};
use super::load::load;
use super::{Bench, Findings, proc};
use crate::shell::Failure;

const MESSAGES: u32 = 600_000;

/// Binds of the gateway to its simulated carriers.
const CARRIER_BINDS: f64 = 3.0;

/// Who sends: what a number sent may be answered, so the engine remembers whom it wrote to.
const SENDERS: [(&str, &str); 2] = [("name", "Bindery"), ("number", "12345")];

/// One round of one sender.
struct Round {
    rate: f64,
    processor_micros: f64,
    engine_micros: f64,
    wrong: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    let mut rounds = SENDERS.map(|_| Vec::new());
    for round in 1..=bench.rounds {
        bench.step("full-speed", &format!("round {round} of {}", bench.rounds));
        for ((_, sender), rounds) in SENDERS.iter().zip(&mut rounds) {
            rounds.push(measure(bench, sender, &mut findings.notes)?);
        }
    }
    for ((kind, _), rounds) in SENDERS.iter().zip(&rounds) {
        let of = |value: fn(&Round) -> f64| -> Vec<f64> { rounds.iter().map(value).collect() };
        let told = |what: &str, value, unit| {
            Figure::told(format!("{what}, sender a {kind}"), median(&of(value)), unit)
        };
        findings.figures.extend([
            told("accepted durably", |round| round.rate, "/s"),
            told(
                "processor time of the gateway",
                |round| round.processor_micros,
                "µs/message",
            ),
            told(
                "of it the engine's thread",
                |round| round.engine_micros,
                "µs/message",
            ),
            told("lost or doubled", |round| round.wrong, "").at_most(0.0),
        ]);
        let rates = range(&of(|round| round.rate));
        findings.notes.push(format!(
            "Accepted a second, sender a {kind}, round by round: {rates}."
        ));
    }
    findings.notes.push(
        "The processor time of the gateway includes that of the simulated carrier.".to_owned(),
    );
    Ok(findings)
}

fn measure(bench: &Bench, sender: &str, notes: &mut Vec<String>) -> Result<Round, Failure> {
    let gateway = Gateway::with_carrier(bench, Setup::default(), CARRIER_BINDS)?;
    let address = &gateway.smpp;
    let engine = || proc::thread_time(gateway.pid(), "engine");
    let before = (gateway.processor_time()?, engine()?);
    let report = load(
        bench,
        &format!(
            "--connect {address} --binds 4 --window 1000 --count {MESSAGES} --source {sender} --receipts"
        ),
    )?;
    notes.extend(report.warnings());
    let after = (gateway.processor_time()?, engine()?);
    gateway.end()?;
    let micros = |before: std::time::Duration, after: std::time::Duration| {
        after.saturating_sub(before).as_secs_f64() * 1e6 / f64::from(MESSAGES)
    };
    Ok(Round {
        rate: report.rate_mean,
        processor_micros: micros(before.0, after.0),
        engine_micros: micros(before.1, after.1),
        wrong: report.wrong(),
    })
}
