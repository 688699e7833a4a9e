//! What the message centre saw.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use smpp::status::Status;

/// Counted from the start, except for those that say what stands now.
#[derive(Clone, Default, Debug, Serialize)]
pub(crate) struct Counters {
    /// Connections that stand now.
    pub(crate) connections: u64,
    /// Binds that stand now.
    pub(crate) binds: u64,
    /// Binds that were accepted.
    pub(crate) binds_accepted: u64,
    /// Binds that were refused.
    pub(crate) binds_refused: u64,
    /// Connections that could not be accepted.
    pub(crate) accept_errors: u64,
    /// `submit_sm`, `submit_multi` and `data_sm`.
    pub(crate) submits: u64,
    /// Submits answered with `ESME_ROK`.
    pub(crate) accepted: u64,
    /// Submits answered otherwise, by status.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Submits that were taken and never answered, on purpose.
    pub(crate) unanswered: u64,
    /// Receipts sent, repetitions included.
    pub(crate) receipts_sent: u64,
    /// Receipts that the peer took.
    pub(crate) receipts_taken: u64,
    /// Receipts that the peer refused; they are sent again.
    pub(crate) receipts_refused: u64,
    /// Receipts that the peer did not answer in time; they are sent again.
    pub(crate) receipts_unanswered: u64,
    /// Subscribers' replies that the peer took.
    pub(crate) replies_taken: u64,
    /// `enquire_link` received.
    pub(crate) enquire_links: u64,
    /// PDUs that could not be read, or were not legal.
    pub(crate) malformed: u64,
    /// What is owed could not be written down any more.
    pub(crate) memory_failed: bool,
}

impl Counters {
    /// Counts a refused submit.
    pub(crate) fn refuse(&mut self, status: Status) {
        match self.refused.get_mut(status.name()) {
            Some(count) => *count += 1,
            None => {
                self.refused.insert(status.name().to_owned(), 1);
            }
        }
    }
}

/// How things stand.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Since the start.
    pub(crate) seconds: f64,
    #[serde(flatten)]
    pub(crate) counters: Counters,
    /// Receipts and replies whose time has not come, or for which there is no bind or no room.
    pub(crate) receipts_waiting: u64,
    /// Receipts and replies sent and not answered yet.
    pub(crate) receipts_outstanding: u64,
    /// Messages that came again; absent if nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duplicates: Option<u64>,
    /// Processor time of this tool's thread.
    pub(crate) own_cpu_seconds: f64,
}

/// The difference between two reports, as a line.
pub(crate) struct Line<'a> {
    pub(crate) before: Option<&'a Report>,
    pub(crate) now: &'a Report,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = &self.now.counters;
        let seconds = self.now.seconds - self.before.map_or(0.0, |before| before.seconds);
        let rate = |count: fn(&Counters) -> u64| {
            let before = self.before.map_or(0, |before| count(&before.counters));
            (count(now) - before) as f64 / seconds.max(1e-9)
        };
        let cpu =
            self.now.own_cpu_seconds - self.before.map_or(0.0, |before| before.own_cpu_seconds);
        write!(
            f,
            "{:6.0} s  binds {}  submits {:.0}/s  receipts {:.0}/s  waiting {}  refused {}  cpu {:.0} %",
            self.now.seconds,
            now.binds,
            rate(|counters| counters.submits),
            rate(|counters| counters.receipts_taken),
            self.now.receipts_waiting + self.now.receipts_outstanding,
            now.refused.values().sum::<u64>(),
            100.0 * cpu / seconds.max(1e-9),
        )
    }
}
