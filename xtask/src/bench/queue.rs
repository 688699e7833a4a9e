//! A million messages that wait for a carrier: what each takes of memory, and how long it takes to have them back after
//! kill -9.

use std::time::Instant;

use super::away::Away;
use super::figure::{Figure, median};
use super::gateway::{Gateway, Setup};
use super::load::load;
use super::{Bench, Findings};
use crate::shell::Failure;

const MESSAGES: f64 = 1e6;

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let away = Away::listen()?;
    let setup = Setup {
        carrier: Some(format!("smpp://bindery:secret@{}", away.address)),
        ..Setup::default()
    };
    let mut gateway = Gateway::start(bench, setup)?;
    let before = gateway.memory()?;
    let words = format!(
        "--connect {} --binds 4 --window 1000 --length 160",
        gateway.smpp
    );
    let report = load(bench, &format!("{words} --count {MESSAGES}"))?;
    let memory = gateway.memory()?;

    let (mut ready, mut accepting, mut recovered, mut memory_again) =
        (vec![], vec![], vec![], vec![]);
    for round in 1..=bench.rounds {
        bench.step("queue", &format!("recovery {round} of {}", bench.rounds));
        let begin = Instant::now();
        gateway = gateway.kill_and_reopen(bench)?;
        ready.push(gateway.ready_after.as_secs_f64());
        let one = format!("--connect {} --binds 1 --count 1", gateway.smpp);
        let again = load(bench, &one)?;
        accepting.push(begin.elapsed().as_secs_f64());
        if again.accepted != 1 {
            return Err(Failure::new("nothing is accepted after a recovery"));
        }
        memory_again.push((gateway.memory()? - before) / MESSAGES);
        let earlier = (round - 1) as f64;
        recovered.push(gateway.metric("bindery_messages_waiting")? - 1.0 - earlier);
    }
    gateway.end()?;
    let lost = recovered.iter().map(|found| (MESSAGES - found).abs()).sum();
    Ok(Findings {
        figures: vec![
            Figure::told(
                "memory of the gateway",
                (memory - before) / MESSAGES,
                "octets/message",
            )
            .at_most(200.0),
            Figure::told(
                "the same after recovery",
                median(&memory_again),
                "octets/message",
            )
            .at_most(200.0),
            Figure::told("from kill -9 until ready", median(&ready), "s").at_most(3.0),
            Figure::told(
                "from kill -9 until the next message was accepted",
                median(&accepting),
                "s",
            )
            .at_most(3.0),
            Figure::told("lost or doubled by the recoveries", lost, "").at_most(0.0),
            Figure::told("accepted meanwhile", report.rate_mean, "/s"),
        ],
        notes: report.warnings(),
    })
}
