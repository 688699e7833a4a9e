//! What one message costs on its whole way, part by part, in instructions and allocations.

use super::benchmark::{Benchmark, allocations};
use super::figure::Figure;
use super::{Bench, Findings};
use crate::shell::Failure;

/// Iterations of the two runs whose instructions are subtracted.
const RUNS: [u64; 2] = [20, 120];

/// A part of the way, and the benchmark that goes it with so many messages at once.
struct Part {
    what: &'static str,
    package: &'static str,
    bench: &'static str,
    name: &'static str,
    messages: f64,
}

const fn edge(what: &'static str, name: &'static str) -> Part {
    Part {
        what,
        package: "peer",
        bench: "hot_path",
        name,
        messages: 100.0,
    }
}

/// A tenth more than was measured last.
const INSTRUCTIONS_MAX: f64 = 26_500.0;

const PARTS: [Part; 5] = [
    edge(
        "taken from a customer and answered",
        "hot_path::customer_submit_and_respond",
    ),
    Part {
        what: "decided and recorded, from its acceptance to its end",
        package: "engine",
        bench: "step",
        name: "step::whole_way::0",
        messages: 500.0,
    },
    edge(
        "sent to a carrier and answered",
        "hot_path::carrier_send_and_response",
    ),
    edge(
        "its receipt taken and acknowledged",
        "hot_path::carrier_receipt_and_acknowledge",
    ),
    edge(
        "its receipt delivered and answered",
        "hot_path::customer_receipt_and_response",
    ),
];

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let mut figures = Vec::new();
    let (mut instructions, mut allocated) = (0.0, 0.0);
    for part in PARTS {
        let benchmark = Benchmark::build(part.package, part.bench, part.name)?;
        allocated += allocations(&benchmark.table()?) / part.messages;
        let Some(counted) = benchmark.instructions(&bench.scratch, RUNS)? else {
            return Err(Failure::new(
                "instructions are counted by `valgrind`: install it",
            ));
        };
        let counted = (counted / part.messages).round();
        figures.push(Figure::told(part.what, counted, ""));
        instructions += counted;
    }
    figures.push(Figure::told("together", instructions, "instructions").at_most(INSTRUCTIONS_MAX));
    figures.push(Figure::told("allocations", allocated, "").at_most(2.2));
    Ok(Findings {
        figures,
        notes: Vec::new(),
    })
}
