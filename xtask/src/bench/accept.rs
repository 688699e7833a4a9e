//! Durable accept at full speed: each answer after its fdatasync, the carrier connected, the queue allowed to grow and then
//! carried to the last message; beside what the same generator gets from a sink that does nothing but answer.

use super::figure::{Figure, median, range};
use super::gateway::{Gateway, Setup, Sink};
use super::load::load;
use super::{Bench, Findings};
use crate::shell::Failure;

/// The demo's own limits are those of a laptop: its queue is full after 1.2 million messages, and refuses the rest.
const CONFIG: &str = "[gateway]\nmemory_max = \"8 GiB\"\nmessages_max = 100_000_000\n";

/// One round.
struct Round {
    bare: f64,
    rate: f64,
    p50: f64,
    p99: f64,
    wrong: f64,
    lost: f64,
    waiting: f64,
    drained: f64,
    processor_micros: f64,
    generator: f64,
}

pub(super) fn run(bench: &Bench, window: u32, target: f64) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    let mut rounds = Vec::new();
    for round in 1..=bench.rounds {
        bench.step("accept", &format!("round {round} of {}", bench.rounds));
        let bare = bare(bench, window)?;
        let round = measure(bench, window, bare, &mut findings.notes)?;
        rounds.push(round);
    }
    let of = |value: fn(&Round) -> f64| -> Vec<f64> { rounds.iter().map(value).collect() };
    let told = |what, value, unit| Figure::told(what, median(&of(value)), unit);
    let sum = |value| of(value).iter().sum::<f64>();
    findings.figures = vec![
        told("accepted durably", |round| round.rate, "/s").at_least(target),
        told("a bare sink with the same load", |round| round.bare, "/s"),
        told(
            "share of the bare sink",
            |round| round.rate / round.bare,
            "",
        )
        .at_least(0.1),
        Figure::told("refused or unanswered", sum(|round| round.wrong), "").at_most(0.0),
        Figure::told("accepted and not carried", sum(|round| round.lost), "").at_most(0.0),
        told("response p50", |round| round.p50, "ms"),
        told("response p99", |round| round.p99, "ms"),
        told("waiting at the end", |round| round.waiting, "messages"),
        told("until all were carried", |round| round.drained, "s"),
        told(
            "processor time of the gateway, whole way",
            |round| round.processor_micros,
            "µs/message",
        ),
        told(
            "processor time of the generator",
            |round| 100.0 * round.generator,
            "%",
        ),
    ];
    let rates = range(&of(|round| round.rate));
    findings
        .notes
        .push(format!("Accepted a second, round by round: {rates}."));
    findings.notes.push(
        "`memory_max` and `messages_max` are raised over the demo's, so that the queue may grow."
            .to_owned(),
    );
    Ok(findings)
}

/// What the generator gets from a sink that only answers.
fn bare(bench: &Bench, window: u32) -> Result<f64, Failure> {
    let sink = Sink::start(bench, "--receipts none")?;
    let address = &sink.smpp;
    let duration = bench.seconds(3);
    let words = format!("--connect {address} --binds 4 --window {window} --duration {duration}");
    let report = load(bench, &words)?;
    sink.end()?;
    Ok(report.rate_mean)
}

fn measure(
    bench: &Bench,
    window: u32,
    bare: f64,
    notes: &mut Vec<String>,
) -> Result<Round, Failure> {
    let carrier = Sink::start(bench, "")?;
    let setup = Setup {
        carrier: Some(carrier.url(2)),
        config: CONFIG.to_owned(),
    };
    let gateway = Gateway::with_carrier(bench, setup, 2.0)?;
    let address = &gateway.smpp;
    let duration = bench.seconds(10);
    let words = format!("--connect {address} --binds 4 --window {window} --duration {duration}");
    let report = load(bench, &words)?;
    notes.extend(report.warnings());
    let waiting = gateway.metric("bindery_messages_waiting")?;
    let drained = gateway.drain()?;
    let processor = gateway.processor_time()?;
    gateway.end()?;
    let carried = carrier.end()?.accepted;
    Ok(Round {
        bare,
        rate: report.rate_mean,
        p50: report.response_ms.p50,
        p99: report.response_ms.p99,
        wrong: report.wrong(),
        lost: report.accepted.abs_diff(carried) as f64,
        waiting,
        drained: drained.as_secs_f64(),
        processor_micros: processor.as_secs_f64() * 1e6 / report.accepted as f64,
        generator: report.own_cpu,
    })
}
