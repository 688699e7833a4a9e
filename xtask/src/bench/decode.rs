//! What the decoding of one submit_sm costs: time and allocations by the codec's own benchmark, instructions by valgrind.

use super::benchmark::{Benchmark, allocations};
use super::figure::Figure;
use super::{Bench, Findings};
use crate::shell::Failure;

/// Decodings of the two runs whose instructions are subtracted.
const RUNS: [u64; 2] = [1_000, 1_001_000];

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let benchmark = Benchmark::build("smpp", "codec", "codec::decode_submit_sm")?;
    let table = benchmark.table()?;
    let nanoseconds =
        median(&table).ok_or_else(|| Failure::new(format!("no figure in:\n{table}")))?;
    let mut figures = vec![
        Figure::told("time, median", nanoseconds, "ns").at_most(40.0),
        Figure::told("allocations", allocations(&table), "").at_most(0.0),
    ];
    let mut notes = Vec::new();
    match benchmark.instructions(&bench.scratch, RUNS)? {
        Some(count) => figures.push(Figure::told("instructions", count, "").at_most(700.0)),
        None => notes.push("Instructions were not counted: that takes `valgrind`.".to_owned()),
    }
    Ok(Findings { figures, notes })
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
}
