//! What the decoding of one submit_sm costs: time and allocations by the codec's own benchmark, instructions by valgrind.

use std::path::Path;

use super::figure::Figure;
use super::{Bench, Findings};
use crate::shell::{self, Failure};

const BENCHMARK: &str = "codec::decode_submit_sm";

/// Decodings of the two runs whose instructions are subtracted.
const FEW: u64 = 1_000;
const MANY: u64 = 1_001_000;

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let built = shell::output(shell::cargo().args([
        "bench",
        "--package",
        "smpp",
        "--bench",
        "codec",
        "--no-run",
        "--message-format=json",
    ]))?;
    let program = executable(&built).ok_or_else(|| Failure::new("cargo built no benchmark"))?;
    let table = shell::output(shell::program(&program).args(["--bench", "--exact", BENCHMARK]))?;
    let nanoseconds =
        median(&table).ok_or_else(|| Failure::new(format!("no figure in:\n{table}")))?;
    // The profiler adds rows only if something was allocated.
    let allocations = f64::from(u8::from(table.contains("alloc:")));
    let mut figures = vec![
        Figure::told("time, median", nanoseconds, "ns").at_most(40.0),
        Figure::told("allocations", allocations, "").at_most(0.0),
    ];
    let mut notes = Vec::new();
    match instructions(bench, &program)? {
        Some(count) => figures.push(Figure::told("instructions", count, "").at_most(700.0)),
        None => notes.push("Instructions were not counted: that takes `valgrind`.".to_owned()),
    }
    Ok(Findings { figures, notes })
}

/// The path of what cargo built, from its messages.
fn executable(messages: &str) -> Option<String> {
    messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(str::to_owned)
    })
}

/// The median in the benchmark's row: the third of its figures, in nanoseconds.
fn median(table: &str) -> Option<f64> {
    let row = table
        .lines()
        .find(|line| line.contains("decode_submit_sm"))?;
    let cell = row.split('│').nth(2)?;
    let (value, unit) = cell.trim().split_once(' ')?;
    let factor = match unit {
        "ps" => 0.001,
        "ns" => 1.0,
        "µs" => 1000.0,
        _ => return None,
    };
    Some(value.parse::<f64>().ok()? * factor)
}

/// Instructions of one decoding: the difference of two runs, so that what surrounds the loop falls out.
fn instructions(bench: &Bench, program: &str) -> Result<Option<f64>, Failure> {
    let here = shell::program("valgrind").arg("--version").output();
    if here.is_err() {
        return Ok(None);
    }
    let few = counted(&bench.scratch, program, FEW)?;
    let many = counted(&bench.scratch, program, MANY)?;
    Ok(Some((many - few) / (MANY - FEW) as f64))
}

fn counted(scratch: &Path, program: &str, decodings: u64) -> Result<f64, Failure> {
    let out = scratch.join("callgrind.out");
    shell::output(
        shell::program("valgrind")
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(program)
            .args(["--bench", "--exact", BENCHMARK, "--sample-count", "1"])
            .args(["--sample-size", &decodings.to_string()]),
    )?;
    let text = std::fs::read_to_string(&out).map_err(|error| Failure::new(error.to_string()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    total
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| Failure::new("valgrind counted nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_read_from_the_benchmarks_row() {
        let table = "\
codec                fastest       │ slowest       │ median        │ mean          │ samples │ iters
╰─ decode_submit_sm  18.21 ns      │ 51.03 ns      │ 18.46 ns      │ 19.02 ns      │ 100     │ 102400";
        assert_eq!(median(table), Some(18.46));
        assert_eq!(median(&table.replace("18.46 ns", "1.5 µs")), Some(1500.0));
        assert_eq!(median("nothing"), None);
    }

    #[test]
    fn the_last_executable_is_the_benchmark() {
        let messages = "{\"executable\":null}\n{\"executable\":\"target/codec\"}\n{\"reason\":\"build-finished\"}";
        assert_eq!(executable(messages).as_deref(), Some("target/codec"));
        assert_eq!(executable("not json"), None);
    }
}
