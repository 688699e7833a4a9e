//! What the crates' own benchmarks count: instructions by valgrind, allocations by the benchmarks themselves. Unlike times these are
//! the same on a busy machine.

use std::path::Path;

use crate::shell::{self, Failure};

/// A benchmark of a crate.
pub(super) struct Benchmark {
    program: String,
    name: &'static str,
}

impl Benchmark {
    /// Builds the benchmark `name` of the program `bench` of `package`.
    pub(super) fn build(
        package: &str,
        bench: &str,
        name: &'static str,
    ) -> Result<Benchmark, Failure> {
        let built = shell::output(shell::cargo().args([
            "bench",
            "--package",
            package,
            "--bench",
            bench,
            "--no-run",
            "--message-format=json",
        ]))?;
        let program = executable(&built).ok_or_else(|| Failure::new("cargo built no benchmark"))?;
        Ok(Benchmark { program, name })
    }

    /// The table that it prints.
    pub(super) fn table(&self) -> Result<String, Failure> {
        shell::output(shell::program(&self.program).args(["--bench", "--exact", self.name]))
    }

    /// Instructions of one iteration: the difference of two runs of so many, so that what surrounds the loop falls out. `None`:
    /// there is no valgrind here.
    pub(super) fn instructions(
        &self,
        scratch: &Path,
        [few, many]: [u64; 2],
    ) -> Result<Option<f64>, Failure> {
        let here = shell::program("valgrind").arg("--version").output();
        if here.is_err() {
            return Ok(None);
        }
        let [less, more] = [self.counted(scratch, few)?, self.counted(scratch, many)?];
        Ok(Some((more - less) / (many - few) as f64))
    }

    fn counted(&self, scratch: &Path, iterations: u64) -> Result<f64, Failure> {
        let out = scratch.join("callgrind.out");
        shell::output(
            shell::program("valgrind")
                .args(["--quiet", "--tool=callgrind"])
                .arg(format!("--callgrind-out-file={}", out.display()))
                .arg(&self.program)
                .args(["--bench", "--exact", self.name, "--sample-count", "1"])
                .args(["--sample-size", &iterations.to_string()]),
        )?;
        let text =
            std::fs::read_to_string(&out).map_err(|error| Failure::new(error.to_string()))?;
        let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
        total
            .and_then(|total| total.trim().parse().ok())
            .ok_or_else(|| Failure::new("valgrind counted nothing"))
    }
}

/// Allocations of one iteration in the table of a benchmark, the median; the row is there only if something was allocated.
pub(super) fn allocations(table: &str) -> f64 {
    let mut rows = table.lines().map(cells);
    let is_count = |row: &Vec<&str>| {
        row.first()
            .is_some_and(|cell| cell.ends_with("alloc:") && !cell.contains("max"))
    };
    let found = rows.find(is_count).and_then(|_| rows.next());
    let median = found.and_then(|row| row.get(2)?.parse().ok());
    median.unwrap_or(0.0)
}

/// The cells of a row of a table, without the lines of its tree.
fn cells(row: &str) -> Vec<&str> {
    let row = row.trim_start_matches(['│', '├', '╰', '─', ' ']);
    row.split('│').map(str::trim).collect()
}

/// The path of what cargo built, from its messages.
fn executable(messages: &str) -> Option<String> {
    messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_are_read_from_the_rows_below_the_benchmark() {
        let table = "\
step          fastest       │ slowest       │ median        │ mean          │ samples │ iters
╰─ whole_way                │               │               │               │         │
   ╰─ 0       562.9 µs      │ 59.84 ms      │ 660.7 µs      │ 20.35 ms      │ 3       │ 3
              max alloc:    │               │               │               │         │
                511         │ 745           │ 538           │ 598           │         │
              alloc:        │               │               │               │         │
                2035        │ 2289          │ 2067          │ 2130          │         │
                205 KB      │ 775.1 KB      │ 242.7 KB      │ 407.6 KB      │         │";
        assert_eq!(allocations(table), 2067.0);
        assert_eq!(allocations("nothing"), 0.0);
    }

    #[test]
    fn the_last_executable_is_the_benchmark() {
        let messages = "{\"executable\":null}\n{\"executable\":\"target/codec\"}\n{\"reason\":\"build-finished\"}";
        assert_eq!(executable(messages).as_deref(), Some("target/codec"));
        assert_eq!(executable("not json"), None);
    }
}
