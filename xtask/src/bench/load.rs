//! One run of `bindery load`, and what it says of itself.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::Stdio;

use serde::Deserialize;

use super::{Bench, Process};
use crate::shell::Failure;

/// The result as `bindery load --json` prints it, as far as it is needed here.
#[derive(Debug, Deserialize)]
pub(super) struct LoadReport {
    pub(super) bind_refused: BTreeMap<String, u64>,
    pub(super) connect_errors: BTreeMap<String, u64>,
    pub(super) bind_seconds: f64,
    pub(super) disconnects: u64,
    pub(super) submitted: u64,
    pub(super) accepted: u64,
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) unanswered: u64,
    pub(super) responses_unmatched: u64,
    pub(super) rate_mean: f64,
    pub(super) rate_min: f64,
    pub(super) response_ms: Latency,
    pub(super) lag_ms: Option<Latency>,
    pub(super) receipts: Option<Receipts>,
    pub(super) own_cpu: f64,
    pub(super) limited_by_self: bool,
    pub(super) disk_sync_ms: Option<DiskSync>,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct DiskSync {
    pub(super) p99: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Receipts {
    pub(super) missing: u64,
    pub(super) duplicate: u64,
    pub(super) unknown: u64,
    pub(super) of_refused: u64,
    pub(super) latency_ms: Latency,
}

/// A generator at work.
pub(super) struct Load {
    process: Process,
    words: String,
}

impl Load {
    /// Starts it with these words, as on the command line.
    pub(super) fn start(bench: &Bench, words: &str) -> Result<Load, Failure> {
        let mut command = bench.bindery("load");
        command.args(words.split(' ')).arg("--json");
        // Its standard error is ours: a person sees its progress.
        let process = Process::start(command.stderr(Stdio::inherit()))?;
        Ok(Load {
            process,
            words: words.to_owned(),
        })
    }

    /// Waits for its end.
    pub(super) fn report(mut self) -> Result<LoadReport, Failure> {
        let mut text = String::new();
        let out = self.process.child.stdout.take().expect("piped");
        let mut out = std::io::BufReader::new(out);
        let failed = |what: String| Failure::new(format!("bindery load {}: {what}", self.words));
        out.read_to_string(&mut text)
            .map_err(|error| failed(error.to_string()))?;
        // The exit status says whether everything was exact, and so does the report.
        let _ = self.process.child.wait();
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
    }
}

/// Runs the generator to its end.
pub(super) fn load(bench: &Bench, words: &str) -> Result<LoadReport, Failure> {
    Load::start(bench, words)?.report()
}

impl LoadReport {
    /// Messages that something is wrong with: refused, not answered, answered twice; with receipts, also those that were
    /// missing, came twice or came for nothing.
    pub(super) fn wrong(&self) -> f64 {
        let receipts = self.receipts.as_ref().map_or(0, |receipts| {
            receipts.missing + receipts.duplicate + receipts.unknown + receipts.of_refused
        });
        let answers = self.submitted - self.accepted + self.responses_unmatched;
        (answers + receipts) as f64
    }

    /// The sentences that a reader needs before believing the figures.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (what, count) in self.bind_refused.iter().chain(&self.connect_errors) {
            warnings.push(format!("{count} binds failed: {what}."));
        }
        for (status, count) in &self.refused {
            warnings.push(format!("{count} messages were refused with {status}."));
        }
        if self.unanswered > 0 {
            let unanswered = self.unanswered;
            warnings.push(format!("{unanswered} messages were not answered."));
        }
        if self.disconnects > 0 {
            let lost = self.disconnects;
            warnings.push(format!("{lost} connections were lost."));
        }
        if self.limited_by_self {
            let percent = 100.0 * self.own_cpu;
            warnings.push(format!(
                "The load generator was the limit: it used {percent:.0} % of one processor."
            ));
        }
        warnings
    }
}
