//! What a customer that sends all it can and never reads does to another one.

use std::time::Duration;

use super::figure::{Figure, median, range};
use super::gateway::{Gateway, Setup};
use super::load::{Load, load};
use super::{Bench, Findings, wait_until};
use crate::shell::Failure;

/// As in `accept`: nothing is to be refused for want of room.
const CONFIG: &str = "[gateway]\nmemory_max = \"8 GiB\"\nmessages_max = 100_000_000\n";

/// How long the gateway may take to have enough of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// One customer at full rate, without the other one and with it.
struct Pair {
    alone: f64,
    beside: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    let mut pairs = Vec::new();
    for round in 1..=bench.rounds {
        bench.step("lazy", &format!("round {round} of {}", bench.rounds));
        let setup = Setup {
            config: CONFIG.to_owned(),
            ..Setup::default()
        };
        let gateway = Gateway::with_carrier(bench, setup, 3.0)?;
        // The first is the second's warm-up in every other round.
        let pair = if round % 2 == 0 {
            let alone = busy(bench, &gateway, &mut findings.notes)?;
            let beside = beside(bench, &gateway, &mut findings.notes)?;
            Pair { alone, beside }
        } else {
            let beside = beside(bench, &gateway, &mut findings.notes)?;
            let alone = busy(bench, &gateway, &mut findings.notes)?;
            Pair { alone, beside }
        };
        gateway.end()?;
        pairs.push(pair);
    }
    let of = |value: fn(&Pair) -> f64| -> Vec<f64> { pairs.iter().map(value).collect() };
    let loss = of(|pair| 100.0 * (1.0 - pair.beside / pair.alone));
    findings.figures = vec![
        Figure::told("alone", median(&of(|pair| pair.alone)), "/s"),
        Figure::told(
            "beside one that never reads",
            median(&of(|pair| pair.beside)),
            "/s",
        ),
        Figure::told("lost by it", median(&loss), "%").at_most(10.0),
    ];
    let loss = range(&loss);
    findings
        .notes
        .push(format!("Lost, round by round: {loss} %."));
    Ok(findings)
}

/// The customer at full rate.
fn busy(bench: &Bench, gateway: &Gateway, notes: &mut Vec<String>) -> Result<f64, Failure> {
    let address = &gateway.smpp;
    let words = format!(
        "--connect {address} --system-id demo1 --password demopass --binds 4 --window 100 --duration 4s"
    );
    let report = load(bench, &words)?;
    notes.extend(report.warnings());
    gateway.drain()?;
    Ok(report.rate_mean)
}

/// The same beside one that never reads, after that one's first flood has been taken: its window is full, its sockets are
/// full, and it wants to send more.
fn beside(bench: &Bench, gateway: &Gateway, notes: &mut Vec<String>) -> Result<f64, Failure> {
    let address = &gateway.smpp;
    let lazy = Load::start(
        bench,
        &format!("--connect {address} --binds 1 --never-read --duration 20s"),
    )?;
    let taken = || gateway.sum("bindery_requests_accepted_total{", "peer=\"load\"");
    let mut before = 0.0;
    wait_until("the lazy one is stuck", PATIENCE, || {
        std::thread::sleep(Duration::from_millis(300));
        let now = taken()?;
        let stuck = now > 0.0 && now == before;
        before = now;
        Ok(stuck)
    })?;
    gateway.drain()?;
    let rate = busy(bench, gateway, notes)?;
    if gateway.sum("bindery_binds{", "peer=\"load\"")? != 1.0 {
        notes.push("The lazy one was not bound any more at the end.".to_owned());
    }
    drop(lazy);
    wait_until("the lazy one is gone", PATIENCE, || {
        Ok(gateway.sum("bindery_binds{", "peer=\"load\"")? == 0.0)
    })?;
    Ok(rate)
}
