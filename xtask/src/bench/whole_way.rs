//! The whole way at a given rate: customer, journal, carrier, receipt, journal, customer.

use std::time::Duration;

use super::figure::Figure;
use super::gateway::{Gateway, Setup, Sink};
use super::load::{Load, load};
use super::{Bench, Findings, wait_until};
use crate::shell::{self, Failure};

/// A little more than is promised, because the mean counts until the last answer.
const OFFERED: u32 = 100_500;

/// The promise.
const TARGET: f64 = 100_000.0;

/// Where the messages go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Into the simulated carrier in the gateway's process.
    Simulated,
    /// Over a socket to a process of its own.
    Sink,
}

pub(super) fn run(bench: &Bench, carrier: Carrier) -> Result<Findings, Failure> {
    let sink = match carrier {
        Carrier::Simulated => None,
        Carrier::Sink => Some(Sink::start(bench, "")?),
    };
    let setup = Setup {
        carrier: sink.as_ref().map(|sink| sink.url(2)),
        ..Setup::default()
    };
    // The simulated carrier has a connector for the magic numbers besides.
    let gateway = Gateway::with_carrier(bench, setup, if sink.is_some() { 2.0 } else { 3.0 })?;
    let words = |duration: &str| {
        let address = &gateway.smpp;
        format!(
            "--connect {address} --binds 4 --window 1000 --rate {OFFERED} --duration {duration} --receipts"
        )
    };
    let before = gateway.processor_time()?;
    let report = load(bench, &words(&bench.seconds(60)))?;
    let processor = gateway.processor_time()?.saturating_sub(before);
    let memory = gateway.memory()?;
    let calls = system_calls(bench, &gateway, &words("6s"))?;
    gateway.end()?;

    let receipts = report.receipts.as_ref().expect("it was asked for them");
    let per_message = processor.as_secs_f64() * 1e6 / report.accepted as f64;
    let mut figures = vec![
        Figure::told("accepted, carried and receipted", report.rate_mean, "/s").at_least(TARGET),
        Figure::told("slowest second", report.rate_min, "/s"),
        Figure::told("lost or doubled", report.wrong(), "").at_most(0.0),
        Figure::told("response p50", report.response_ms.p50, "ms"),
        Figure::told("response p99", report.response_ms.p99, "ms"),
        Figure::told(
            "receipt p50, 1 s of it the carrier's",
            receipts.latency_ms.p50,
            "ms",
        ),
        Figure::told("receipt p99", receipts.latency_ms.p99, "ms"),
        Figure::told("processor time of the gateway", per_message, "µs/message"),
        Figure::told("memory of the gateway", memory / f64::from(1 << 20), "MiB"),
        Figure::told(
            "processor time of the generator",
            100.0 * report.own_cpu,
            "%",
        ),
    ];
    let mut notes = report.warnings();
    match calls {
        Some(calls) => figures.push(Figure::told(
            "system calls of the gateway",
            calls,
            "/message",
        )),
        None => notes.push(
            "System calls were not counted: that takes `perf` and its permission.".to_owned(),
        ),
    }
    if let Some(sink) = sink {
        let carried = sink.end()?;
        let untaken = carried.accepted.abs_diff(carried.receipts_taken) as f64;
        figures
            .push(Figure::told("receipts that the gateway did not take", untaken, "").at_most(0.0));
        let share = 100.0 * carried.own_cpu_seconds * 1e6 / carried.accepted as f64 / 100.0;
        figures.push(Figure::told(
            "processor time of the carrier",
            share,
            "µs/message",
        ));
    } else {
        notes.push(
            "The processor time of the gateway includes that of the simulated carrier.".to_owned(),
        );
    }
    Ok(Findings { figures, notes })
}

/// System calls of the gateway for each message, in a run of its own: counting them costs time.
fn system_calls(bench: &Bench, gateway: &Gateway, words: &str) -> Result<Option<f64>, Failure> {
    let load = Load::start(bench, words)?;
    let accepted = || gateway.sum("bindery_requests_accepted_total{", "side=\"customer\"");
    let begin = accepted()?;
    wait_until("messages flow", Duration::from_secs(5), || {
        Ok(accepted()? > begin)
    })?;
    let before = accepted()?;
    let pid = gateway.pid().to_string();
    let counted = shell::program("perf")
        .args([
            "stat",
            "-x",
            ",",
            "-e",
            "raw_syscalls:sys_enter",
            "-p",
            &pid,
        ])
        .args(["--", "sleep", "3"])
        .output();
    let messages = accepted()? - before;
    load.report()?;
    // Without perf, or without its permission, the figure is left out.
    let counted = counted.ok().filter(|output| output.status.success());
    let text = counted.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    let calls = text.and_then(|text| text.split(',').next()?.trim().parse::<f64>().ok());
    Ok(calls.map(|calls| calls / messages))
}
