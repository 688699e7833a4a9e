//! Ten million messages that wait for a carrier: what they take of memory and disk, what they take from the traffic to another
//! carrier, how long it takes to have them back after kill -9, and how fast they go once their carrier is there.

use std::time::{Duration, Instant};

use super::away::{Away, words};
use super::figure::{Figure, median, range};
use super::gateway::{Gateway, Setup, Sink};
use super::load::load;
use super::{Bench, Findings, wait_until};
use crate::shell::Failure;

const MESSAGES: f64 = 1e7;

/// Messages of one measurement of the traffic beside them.
const BESIDE: u64 = 1_000_000;

/// How long those may take, and all ten million once their carrier is there.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the process may take: the demo's own limit of `memory_max` stays below it.
const MEMORY_MIB: f64 = 512.0;
const MIB: f64 = 1_048_576.0;

/// The traffic to a carrier that is there, without a deep queue beside it and with one.
struct Pair {
    empty: f64,
    deep: f64,
}

/// What a recovery took.
struct Recovery {
    ready: f64,
    accepting: f64,
    lost: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let here = Sink::start(bench, "")?;
    let away = Away::listen()?;
    let setup = || Setup {
        carrier: Some(here.url(2)),
        config: away.config(""),
    };
    let beside = Bench {
        scratch: bench.scratch.join("empty"),
        ..bench.clone()
    };
    let empty = Gateway::with_carrier(&beside, setup(), 2.0)?;
    let mut deep = Gateway::with_carrier(bench, setup(), 2.0)?;

    let before = deep.memory()?;
    bench.step("deep", "ten million messages for a carrier that is away");
    let filled = load(bench, &away.words(&deep.smpp, MESSAGES as u64))?;
    let (memory, peak, disk) = (deep.memory()?, deep.memory_peak()?, deep.disk()?);
    let mut notes = filled.warnings();

    let mut pairs = Vec::new();
    for round in 1..=bench.rounds {
        bench.step("deep", &format!("traffic {round} of {}", bench.rounds));
        pairs.push(pair(bench, (&empty, &deep), round)?);
    }
    empty.end()?;
    let peak = peak.max(deep.memory_peak()?);

    let mut recoveries = Vec::new();
    for round in 1..=bench.rounds {
        bench.step("deep", &format!("recovery {round} of {}", bench.rounds));
        let (again, recovery) = recover(bench, deep, (round - 1) as f64)?;
        deep = again;
        recoveries.push(recovery);
    }

    bench.step("deep", "the carrier is there");
    let (rate, twice_or_never) = carry(bench, &deep, away, bench.rounds as f64)?;
    deep.end()?;
    here.end()?;

    let share = |pair: &Pair| pair.deep / pair.empty;
    let shares: Vec<f64> = pairs.iter().map(share).collect();
    let rates = |of: fn(&Pair) -> f64| median(&pairs.iter().map(of).collect::<Vec<f64>>());
    let took = |of: fn(&Recovery) -> f64| median(&recoveries.iter().map(of).collect::<Vec<f64>>());
    let lost: f64 = recoveries.iter().map(|recovery| recovery.lost).sum();
    let told = Figure::told;
    notes.push(format!(
        "Share of the empty one, round by round: {}.",
        range(&shares)
    ));
    Ok(Findings {
        figures: vec![
            told("accepted while they were queued", filled.rate_mean, "/s"),
            told("memory of the gateway at most", peak / MIB, "MiB").at_most(MEMORY_MIB),
            told(
                "memory of the gateway",
                (memory - before) / MESSAGES,
                "octets/message",
            ),
            told("files of the gateway", disk / MESSAGES, "octets/message"),
            told("carried beside them", rates(|pair| pair.deep), "/s"),
            told(
                "carried by an empty gateway",
                rates(|pair| pair.empty),
                "/s",
            ),
            told("share of the empty one", median(&shares), "").at_least(0.9),
            told("from kill -9 until ready", took(|it| it.ready), "s").at_most(20.0),
            told(
                "from kill -9 until the next message was accepted",
                took(|it| it.accepting),
                "s",
            )
            .at_most(20.0),
            told("lost or doubled by the recoveries", lost, "").at_most(0.0),
            told("carried once their carrier is there", rate, "/s"),
            told("carried twice or never", twice_or_never, "").at_most(0.0),
        ],
        notes,
    })
}

/// Both gateways, each first in every other round.
fn pair(bench: &Bench, both: (&Gateway, &Gateway), round: usize) -> Result<Pair, Failure> {
    let (empty, deep) = both;
    if round.is_multiple_of(2) {
        let empty = traffic(bench, empty)?;
        let deep = traffic(bench, deep)?;
        Ok(Pair { empty, deep })
    } else {
        let deep = traffic(bench, deep)?;
        let empty = traffic(bench, empty)?;
        Ok(Pair { empty, deep })
    }
}

/// Messages a second on their way to the carrier that is there, from the first submit until that carrier took the last.
fn traffic(bench: &Bench, gateway: &Gateway) -> Result<f64, Failure> {
    let taken = || gateway.sum("bindery_requests_taken_total{", "peer=\"carrier1\"");
    let before = taken()?;
    let begin = Instant::now();
    let report = load(bench, &words(&gateway.smpp, "4477########", BESIDE))?;
    wait_until(
        "all messages beside the queue are carried",
        PATIENCE,
        || Ok(taken()? - before >= report.accepted as f64),
    )?;
    if report.wrong() > 0.0 {
        return Err(Failure::new(report.warnings().join(" ")));
    }
    Ok(report.accepted as f64 / begin.elapsed().as_secs_f64())
}

/// SIGKILL, and all of it again; `more` messages than at first wait by then.
fn recover(bench: &Bench, gateway: Gateway, more: f64) -> Result<(Gateway, Recovery), Failure> {
    let begin = Instant::now();
    let gateway = gateway.kill_and_reopen(bench)?;
    let ready = gateway.ready_after.as_secs_f64();
    let one = format!(
        "--connect {} --binds 1 --destinations 4478######## --count 1",
        gateway.smpp
    );
    if load(bench, &one)?.accepted != 1 {
        return Err(Failure::new("nothing is accepted after a recovery"));
    }
    let accepting = begin.elapsed().as_secs_f64();
    let found = || gateway.metric("bindery_messages_waiting");
    wait_until("the engine has told what it holds", PATIENCE, || {
        Ok(found()? > 0.0)
    })?;
    let lost = (MESSAGES + more + 1.0 - found()?).abs();
    let recovery = Recovery {
        ready,
        accepting,
        lost,
    };
    Ok((gateway, recovery))
}

/// The carrier is there at last: messages a second from the first that it takes, and how many it was given twice or never.
fn carry(bench: &Bench, gateway: &Gateway, away: Away, more: f64) -> Result<(f64, f64), Failure> {
    let address = away.address.to_string();
    drop(away);
    let carrier = Sink::listening(bench, &address, "")?;
    let taken = || gateway.sum("bindery_requests_taken_total{", "peer=\"away\"");
    wait_until("the carrier is bound to", PATIENCE, || Ok(taken()? > 0.0))?;
    let (first, begin) = (taken()?, Instant::now());
    let all = MESSAGES + more;
    wait_until("all of the queue is carried", PATIENCE, || {
        Ok(taken()? >= all)
    })?;
    let rate = (taken()? - first) / begin.elapsed().as_secs_f64();
    let carried = carrier.end()?.accepted as f64;
    Ok((rate, (carried - all).abs()))
}
