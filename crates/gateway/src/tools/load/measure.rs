//! What the load generator measures, and what it makes of that.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use smpp::status::Status;
use sms::{Instant, State};

use super::ledger::Ledger;
use crate::tools::usage::LIMIT;

/// Seconds of a run that are kept one by one.
const SECONDS_MAX: usize = 24 * 3600;

/// The longest latency that is told from longer ones, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// Counted and timed while the generator runs.
pub(crate) struct Measures {
    bind: Histogram<u64>,
    response: Histogram<u64>,
    receipt: Histogram<u64>,
    lag: Histogram<u64>,
    binding: Duration,
    /// When the sending began.
    binds: u64,
    start: Instant,
    last_answer: Instant,
    sending: Duration,
    cpu: Duration,
    /// Accepted messages of each second from the start.
    seconds: Vec<u64>,
    refused: BTreeMap<u32, u64>,
    bind_refused: BTreeMap<u32, u64>,
    connect_errors: BTreeMap<String, u64>,
    receipt_states: BTreeMap<&'static str, u64>,
    pub(super) disconnects: u64,
    pub(super) unbound_by_peer: u64,
    pub(super) malformed: u64,
    /// Subscribers' messages.
    pub(super) messages: u64,
    pub(super) octets_written: u64,
}

/// How things stand, for the progress line.
pub(crate) struct Reading<'a> {
    pub(crate) measures: &'a Measures,
    pub(crate) ledger: &'a Ledger,
    /// Since the sending began.
    pub(crate) seconds: f64,
    pub(crate) stage: &'static str,
}

impl Default for Measures {
    fn default() -> Measures {
        let histogram = || {
            let built = Histogram::new_with_bounds(1, LONGEST, 3);
            built.expect("bounds that the crate documents")
        };
        Measures {
            bind: histogram(),
            response: histogram(),
            receipt: histogram(),
            lag: histogram(),
            binding: Duration::ZERO,
            binds: 0,
            start: Instant(0),
            last_answer: Instant(0),
            sending: Duration::ZERO,
            cpu: Duration::ZERO,
            seconds: Vec::new(),
            refused: BTreeMap::new(),
            bind_refused: BTreeMap::new(),
            connect_errors: BTreeMap::new(),
            receipt_states: BTreeMap::new(),
            disconnects: 0,
            unbound_by_peer: 0,
            malformed: 0,
            messages: 0,
            octets_written: 0,
        }
    }
}

impl Measures {
    pub(super) fn bound(&mut self, took: Duration) {
        self.bind.saturating_record(took.as_micros() as u64);
    }

    /// The time since the clock began.
    pub(super) fn binding_ended(&mut self, now: Instant) {
        self.binding = now.since(Instant(0));
        self.binds = self.bind.len();
    }

    pub(super) fn bind_refused(&mut self, status: Status) {
        *self.bind_refused.entry(status.0).or_default() += 1;
    }

    pub(super) fn connect_error(&mut self, error: &io::Error) {
        *self.connect_errors.entry(error.to_string()).or_default() += 1;
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.start = now;
        self.last_answer = now;
    }

    pub(super) fn sent_all(&mut self, took: Duration, cpu: Duration) {
        self.sending = took;
        self.cpu = cpu;
    }

    pub(super) fn lag(&mut self, lag: Duration) {
        self.lag.saturating_record(lag.as_micros() as u64);
    }

    #[inline]
    pub(super) fn answered(&mut self, now: Instant, micros: u64, status: Status) {
        self.response.saturating_record(micros);
        self.last_answer = now;
        if !status.is_ok() {
            *self.refused.entry(status.0).or_default() += 1;
            return;
        }
        let second = ((now.0 - self.start.0) / 1_000_000_000) as usize;
        if second >= self.seconds.len() && second < SECONDS_MAX {
            self.seconds.resize(second + 1, 0);
        }
        if let Some(count) = self.seconds.get_mut(second) {
            *count += 1;
        }
    }

    pub(super) fn receipted(&mut self, micros: u64) {
        self.receipt.saturating_record(micros);
    }

    #[inline]
    pub(super) fn receipt_state(&mut self, state: Option<State>) {
        let word = state.map_or("unknown word", State::word);
        match self.receipt_states.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                self.receipt_states.insert(word, 1);
            }
        }
    }

    /// The 99th percentile of response times so far, in milliseconds.
    pub(crate) fn response_p99_ms(&self) -> f64 {
        self.response.value_at_quantile(0.99) as f64 / 1000.0
    }
}

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) target: String,
    /// Those that stood when the sending began.
    pub(crate) binds: u64,
    pub(crate) bind_refused: BTreeMap<String, u64>,
    pub(crate) connect_errors: BTreeMap<String, u64>,
    pub(crate) bind_seconds: f64,
    pub(crate) bind_ms: Latency,
    pub(crate) disconnects: u64,
    pub(crate) unbound_by_peer: u64,
    /// From the first message to the last response.
    pub(crate) seconds: f64,
    pub(crate) submitted: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) unanswered: u64,
    pub(crate) responses_unmatched: u64,
    /// Accepted a second, over all.
    pub(crate) rate_mean: f64,
    /// The slowest and the fastest whole second, and all of them.
    pub(crate) rate_min: u64,
    pub(crate) rate_max: u64,
    pub(crate) per_second: Vec<u64>,
    /// From the sending to the response; under a rate, from when the message was due.
    pub(crate) response_ms: Latency,
    /// How late messages were sent under a rate: what of the latencies is the generator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lag_ms: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipts: Option<Receipts>,
    /// Subscribers' messages.
    pub(crate) mo: u64,
    pub(crate) malformed: u64,
    pub(crate) octets_written: u64,
    /// Share of one processor while sending.
    pub(crate) own_cpu: f64,
    /// The generator itself was probably the limit.
    pub(crate) limited_by_self: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disk_sync_ms: Option<DiskSync>,
}

/// What became of receipts. Exactly once: `missing`, `duplicate` and `unknown` are zero.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Receipts {
    pub(crate) expected: u64,
    pub(crate) received: u64,
    pub(crate) missing: u64,
    pub(crate) duplicate: u64,
    pub(crate) unknown: u64,
    pub(crate) of_refused: u64,
    /// Came before the response.
    pub(crate) early: u64,
    pub(crate) by_state: BTreeMap<&'static str, u64>,
    /// From the sending to the receipt.
    pub(crate) latency_ms: Latency,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Latency {
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// What the disk under the journal takes for one sync, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct DiskSync {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Report {
    pub(crate) fn new(
        target: String,
        receipts: bool,
        measures: &Measures,
        ledger: &Ledger,
    ) -> Report {
        let counts = ledger.counts();
        let seconds = measures.last_answer.since(measures.start).as_secs_f64();
        // The first second has the start and the last one the end in it.
        let whole = match measures.seconds.as_slice() {
            [_, whole @ .., _] => whole,
            _ => &[],
        };
        let own_cpu = share(measures.cpu, measures.sending);
        Report {
            target,
            binds: measures.binds,
            bind_refused: by_name(&measures.bind_refused),
            connect_errors: measures.connect_errors.clone(),
            bind_seconds: measures.binding.as_secs_f64(),
            bind_ms: Latency::of(&measures.bind),
            disconnects: measures.disconnects,
            unbound_by_peer: measures.unbound_by_peer,
            seconds,
            submitted: ledger.sent(),
            accepted: counts.accepted,
            refused: by_name(&measures.refused),
            unanswered: ledger.unanswered(),
            responses_unmatched: counts.responses_unmatched,
            rate_mean: counts.accepted as f64 / seconds.max(1e-9),
            rate_min: whole.iter().copied().min().unwrap_or_default(),
            rate_max: whole.iter().copied().max().unwrap_or_default(),
            per_second: measures.seconds.clone(),
            response_ms: Latency::of(&measures.response),
            lag_ms: (!measures.lag.is_empty()).then(|| Latency::of(&measures.lag)),
            receipts: receipts.then(|| Receipts {
                expected: counts.accepted,
                received: counts.receipted,
                missing: ledger.receipts_missing(),
                duplicate: counts.duplicate,
                unknown: counts.unknown,
                of_refused: counts.of_refused,
                early: counts.early,
                by_state: measures.receipt_states.clone(),
                latency_ms: Latency::of(&measures.receipt),
            }),
            mo: measures.messages,
            malformed: measures.malformed,
            octets_written: measures.octets_written,
            own_cpu,
            limited_by_self: own_cpu > LIMIT,
            disk_sync_ms: None,
        }
    }

    /// True if everything that was sent was accepted, answered once, and receipted once if that was asked for.
    pub(crate) fn is_exact(&self) -> bool {
        let receipts = self.receipts.as_ref().is_none_or(|receipts| {
            receipts.missing + receipts.duplicate + receipts.unknown + receipts.of_refused == 0
        });
        receipts && self.accepted == self.submitted && self.responses_unmatched == 0
    }
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Latency {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        Latency {
            mean: histogram.mean() / 1000.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max() as f64 / 1000.0,
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {}  p90 {}  p99 {}  p99.9 {}  max {}",
            Millis(self.p50),
            Millis(self.p90),
            Millis(self.p99),
            Millis(self.p999),
            Millis(self.max)
        )
    }
}

/// A time with as many digits as mean something.
struct Millis(f64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms if ms < 10.0 => write!(f, "{ms:.2} ms"),
            ms if ms < 1000.0 => write!(f, "{ms:.0} ms"),
            ms => write!(f, "{:.2} s", ms / 1000.0),
        }
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, value: &str| {
            write!(f, "\n  {name:<14}{value}")
        };
        write!(f, "{}", self.target)?;
        row(
            f,
            "binds",
            &format!(
                "{} in {:.2} s ({})",
                self.binds, self.bind_seconds, self.bind_ms
            ),
        )?;
        for (what, count) in self.bind_refused.iter().chain(&self.connect_errors) {
            row(f, "not bound", &format!("{count} x {what}"))?;
        }
        if self.disconnects + self.unbound_by_peer > 0 {
            let lost = format!(
                "{} dropped, {} unbound by the server",
                self.disconnects, self.unbound_by_peer
            );
            row(f, "lost", &lost)?;
        }
        if self.submitted == 0 {
            return Ok(());
        }
        row(f, "submitted", &self.submitted_row())?;
        for (status, count) in &self.refused {
            row(f, "refused", &format!("{} x {status}", grouped(*count)))?;
        }
        if self.accepted > 0 {
            row(f, "rate", &self.rate_row())?;
            row(f, "response", &self.response_ms.to_string())?;
        } else {
            let written = format!("{} octets", grouped(self.octets_written));
            row(f, "written", &written)?;
        }
        if let Some(lag) = &self.lag_ms {
            row(f, "own lateness", &lag.to_string())?;
        }
        if let Some(receipts) = &self.receipts {
            row(f, "receipts", &receipts.counts_row())?;
            row(f, "", &receipts.latency_ms.to_string())?;
        }
        if let Some(disk) = &self.disk_sync_ms {
            let times = format!("p50 {}  p99 {}", Millis(disk.p50), Millis(disk.p99));
            row(f, "disk sync", &times)?;
        }
        row(f, "own cpu", &self.cpu_row())
    }
}

impl Report {
    fn submitted_row(&self) -> String {
        let mut text = format!(
            "{}  accepted {}",
            grouped(self.submitted),
            grouped(self.accepted)
        );
        if self.unanswered > 0 {
            let _ = write!(text, "  unanswered {}", grouped(self.unanswered));
        }
        if self.responses_unmatched > 0 {
            let _ = write!(
                text,
                "  answered twice {}",
                grouped(self.responses_unmatched)
            );
        }
        text
    }

    fn rate_row(&self) -> String {
        let mut text = format!("{}/s", grouped(self.rate_mean as u64));
        if self.rate_max > 0 {
            let _ = write!(
                text,
                "  slowest second {}  fastest {}",
                grouped(self.rate_min),
                grouped(self.rate_max)
            );
        }
        text
    }

    fn cpu_row(&self) -> String {
        let mut text = format!("{:.0} % of one processor", 100.0 * self.own_cpu);
        if self.limited_by_self {
            text.push_str("  WARNING: the generator itself is the limit");
        }
        text
    }
}

impl Receipts {
    fn counts_row(&self) -> String {
        format!(
            "{} of {}  missing {}  duplicate {}  unknown {}  early {}",
            grouped(self.received),
            grouped(self.expected),
            grouped(self.missing),
            grouped(self.duplicate),
            grouped(self.unknown),
            grouped(self.early)
        )
    }
}

fn by_name(statuses: &BTreeMap<u32, u64>) -> BTreeMap<String, u64> {
    statuses
        .iter()
        .map(|(&status, &count)| (Status(status).to_string(), count))
        .collect()
}

fn share(part: Duration, whole: Duration) -> f64 {
    part.as_secs_f64() / whole.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_for_people() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1 000"),
            (12_345_678, "12 345 678"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn the_generator_says_when_it_was_the_limit_itself() {
        for (busy, warns) in [(0.89, false), (0.95, true)] {
            let mut measures = Measures::default();
            let second = Duration::from_secs(1);
            measures.sent_all(second, second.mul_f64(busy));
            let mut ledger = Ledger::new(false, false);
            ledger.send(Instant(0));
            let report = Report::new("x".to_owned(), false, &measures, &ledger);
            assert_eq!(report.limited_by_self, warns);
            let text = report.to_string();
            assert!(text.contains(&format!("{:.0} % of one processor", 100.0 * busy)));
            assert_eq!(text.contains("WARNING"), warns, "{text}");
        }
    }

    #[test]
    fn the_seconds_at_both_ends_do_not_count_as_slowest() {
        let mut measures = Measures::default();
        for (second, count) in [(0, 5), (1, 100), (2, 90), (3, 1)] {
            for _ in 0..count {
                measures.answered(Instant(second * 1_000_000_000), 10, Status(0));
            }
        }
        let report = Report::new("x".to_owned(), false, &measures, &Ledger::new(false, false));
        assert_eq!((report.rate_min, report.rate_max), (90, 100));
        assert_eq!(report.per_second, [5, 100, 90, 1]);
    }
}
