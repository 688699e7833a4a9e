//! Everything at a glance, for `bindery top`: one answer of bounded size, however many there are of everything.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use crate::binds::Bind;
use crate::lanes::Lane;
use crate::mailbox::lock;
use crate::orders::{Desk, Refused};
use crate::peers::{CarrierRow, CustomerRow, Traffic};

/// The stages in the order of a message's way, and what they wait for most.
const STAGES: [&str; 5] = [
    "accepted_to_durable",
    "accepted_to_carrier",
    "carrier_to_receipt",
    "receipt_to_customer",
    "journal_append",
];

/// Rows of one list: those with the most to tell come first.
const ROWS_MAX: usize = 500;

/// How the gateway does at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Overview {
    /// Of the program that runs.
    pub(crate) version: String,
    /// For how long it has run, in seconds.
    pub(crate) up_seconds: u64,
    /// It is going down.
    pub(crate) draining: bool,
    /// Taken from all peers in a second, and sent to them, over about the last ten: messages and receipts.
    pub(crate) rate_in: f64,
    pub(crate) rate_out: f64,
    pub(crate) counts: Counts,
    pub(crate) stages: Vec<Stage>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) carriers: Vec<CarrierRow>,
    pub(crate) customers: Vec<CustomerRow>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) binds: Vec<Bind>,
    pub(crate) left_out: LeftOut,
}

/// How many there are of what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Messages known, in whatever state.
    pub(crate) messages: u64,
    /// Messages that wait for a carrier.
    pub(crate) waiting: u64,
    /// Sent, and the answer open.
    pub(crate) sending: u64,
    /// Of these: nobody knows.
    pub(crate) in_doubt: u64,
    /// Taken by a carrier, and the receipt open.
    pub(crate) awaiting_receipt: u64,
    /// Receipts and messages from subscribers that wait for customers.
    pub(crate) deliveries: u64,
    /// Receipts that match no message.
    pub(crate) unmatched: u64,
    /// Octets of memory that messages take, and may take.
    pub(crate) memory: u64,
    pub(crate) memory_max: u64,
    /// 0 enough, 1 below `disk_low`, 2 below `disk_scarce`, 3 none but the reserve.
    pub(crate) disk_level: u64,
}

/// How long a stage of the way took, since the start.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Stage {
    /// As `bindery_stage_seconds` has it, or `journal_append`.
    pub(crate) stage: String,
    /// How many were measured.
    pub(crate) count: u64,
    /// How many took at most so many seconds, shortest first.
    pub(crate) within: Vec<(f64, u64)>,
}

/// Something that goes wrong, and how often it has since the start.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// `customer` or `carrier`; nothing of one that nobody knows.
    pub(crate) side: String,
    pub(crate) name: String,
    /// In a few words, with the answer if one was given.
    pub(crate) what: String,
    pub(crate) count: u64,
}

/// How many of each list are not in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    pub(crate) carriers: usize,
    pub(crate) customers: usize,
    pub(crate) queues: usize,
    pub(crate) binds: usize,
    pub(crate) faults: usize,
}

impl Desk {
    /// How everything stands.
    pub(crate) async fn overview(&self) -> Result<Overview, Refused> {
        let binds = self.binds().await;
        let mut carriers = self.all_carriers(&binds).await?;
        let mut customers = self.all_customers(&binds).await?;
        let (mut lanes, mut queues) = self.list_lanes().await?;
        let mut binds: Vec<Bind> = binds.into_iter().map(|(_, bind)| bind).collect();
        let figures = *lock(&self.engine.figures);
        let text = self.common.metrics.text(figures);
        let seen = Seen::of(&text);
        let mut faults = seen.faults;
        carriers.sort_by_key(|it| rank(&it.traffic, it.waiting + it.sending, it.last_error()));
        customers.sort_by_key(|it| rank(&it.traffic, it.deliveries + it.owed, it.last_error()));
        binds.sort_by_key(|bind| rate(bind.rate_in + bind.rate_out));
        faults.sort_by(|a, b| (b.count, a).cmp(&(a.count, b)));
        queues += cut_lanes(&mut lanes);
        let sum = |of: fn(&Bind) -> f64| binds.iter().map(of).fold(0.0, |sum, rate| sum + rate);
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            up_seconds: self.common.clock.mono().0 / 1_000_000_000,
            draining: self.common.draining.load(Ordering::Relaxed),
            rate_in: sum(|bind| bind.rate_in),
            rate_out: sum(|bind| bind.rate_out),
            counts: Counts {
                messages: figures.messages,
                waiting: figures.waiting,
                sending: figures.sending,
                in_doubt: figures.in_doubt,
                awaiting_receipt: figures.awaiting_receipt,
                deliveries: figures.deliveries,
                unmatched: figures.unmatched,
                memory: figures.memory,
                memory_max: self.common.directory().engine.limits.memory_max,
                disk_level: seen.disk_level,
            },
            stages: seen.stages,
            left_out: LeftOut {
                carriers: cut(&mut carriers),
                customers: cut(&mut customers),
                queues,
                binds: cut(&mut binds),
                faults: cut(&mut faults),
            },
            faults,
            carriers,
            customers,
            lanes,
            binds,
        })
    }
}

impl CarrierRow {
    fn last_error(&self) -> bool {
        self.traffic.last_error.is_some()
    }
}

impl CustomerRow {
    fn last_error(&self) -> bool {
        self.traffic.last_error.is_some()
    }
}

type Rank = (core::cmp::Reverse<u64>, core::cmp::Reverse<u64>, bool);

/// The busiest first, then those with the most that waits, then those that had trouble; of the same, by name as they came.
fn rank(traffic: &Traffic, waiting: u64, trouble: bool) -> Rank {
    let rate = rate(traffic.rate_in + traffic.rate_out);
    (rate, core::cmp::Reverse(waiting), !trouble)
}

fn rate(rate: f64) -> core::cmp::Reverse<u64> {
    core::cmp::Reverse(rate.round() as u64)
}

/// Keeps the first rows; how many are left out.
fn cut<T>(rows: &mut Vec<T>) -> usize {
    let left_out = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    left_out
}

/// Keeps the queues of the lanes in which most waits; how many queues are left out.
fn cut_lanes(lanes: &mut Vec<Lane>) -> usize {
    let waiting = |lane: &Lane| {
        let queues = lane.queues.iter().map(|queue| queue.messages);
        lane.later + queues.sum::<u64>()
    };
    lanes.sort_by_key(|lane| core::cmp::Reverse(waiting(lane)));
    lanes.truncate(ROWS_MAX);
    let (mut room, mut left_out) = (ROWS_MAX, 0);
    for lane in lanes {
        left_out += lane.queues.len().saturating_sub(room);
        lane.queues.truncate(room);
        room -= lane.queues.len();
    }
    left_out
}

/// What is read from the text of `/metrics`: it has no other way out of its registry, and so here is counted what is counted there.
#[derive(Debug, Default)]
struct Seen {
    stages: Vec<Stage>,
    faults: Vec<Fault>,
    disk_level: u64,
}

impl Seen {
    fn of(text: &str) -> Seen {
        let mut seen = Seen::default();
        for sample in text.lines().filter_map(Sample::of) {
            seen.take(&sample);
        }
        let place = |stage: &Stage| STAGES.iter().position(|name| *name == stage.stage);
        seen.stages.sort_by_key(place);
        seen
    }

    fn take(&mut self, sample: &Sample<'_>) {
        let what = match sample.name {
            "bindery_stage_seconds_bucket" => {
                let stage = sample.label("stage").unwrap_or_default();
                return self.bucket(stage, sample);
            }
            "bindery_journal_append_seconds_bucket" => {
                return self.bucket("journal_append", sample);
            }
            "bindery_disk_level" => {
                self.disk_level = sample.value as u64;
                return;
            }
            "bindery_requests_refused_total" => "we refused",
            "bindery_requests_peer_refused_total" => "it refused",
            "bindery_requests_silent_total" => "no answer in time",
            "bindery_pdus_malformed_total" => "malformed PDU",
            "bindery_receipts_unreadable_total" => "unreadable receipt",
            "bindery_connects_total" => "bind attempt",
            "bindery_binds_ended_total" => "bind ended",
            "bindery_connections_turned_away_total" => "turned away",
            _ => return,
        };
        let how = sample.label("status").or(sample.label("reason"));
        // What ended well is no fault; a carrier that unbinds is one.
        let well = matches!(
            (what, sample.label("side"), how),
            ("bind attempt", _, Some("bound"))
                | ("bind ended", _, Some("unbound"))
                | ("bind ended", Some("customer"), Some("peer unbound"))
        );
        if sample.value == 0.0 || well {
            return;
        }
        self.faults.push(Fault {
            side: match sample.label("side") {
                Some("connector") => "carrier".to_owned(),
                side => side.unwrap_or_default().to_owned(),
            },
            name: sample.label("peer").unwrap_or_default().to_owned(),
            what: how.map_or_else(|| what.to_owned(), |how| format!("{what}: {how}")),
            count: sample.value as u64,
        });
    }

    fn bucket(&mut self, name: &str, sample: &Sample<'_>) {
        let count = sample.value as u64;
        let known = self.stages.iter().position(|stage| stage.stage == name);
        let at = known.unwrap_or_else(|| {
            self.stages.push(Stage {
                stage: name.to_owned(),
                count: 0,
                within: Vec::new(),
            });
            self.stages.len() - 1
        });
        match sample.label("le").and_then(|le| le.parse::<f64>().ok()) {
            Some(le) if le.is_finite() => self.stages[at].within.push((le, count)),
            _ => self.stages[at].count = count,
        }
    }
}

/// One line of the text.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, &'a str)>,
    value: f64,
}

impl<'a> Sample<'a> {
    /// None of a comment. No label that is read here has a quotation mark or a backslash in it; one that has is read as far as
    /// that.
    fn of(line: &'a str) -> Option<Sample<'a>> {
        let (series, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let mut rest = labels;
        let mut labels = Vec::new();
        while let Some((label, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"')?;
            labels.push((label, value));
            rest = after.trim_start_matches(',');
        }
        Some(Sample {
            name,
            labels,
            value: value.parse().ok()?,
        })
    }

    fn label(&self, label: &str) -> Option<&'a str> {
        let found = self.labels.iter().find(|(name, _)| *name == label);
        found.map(|&(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use engine::Figures;

    use super::*;
    use crate::lanes::Queue;
    use crate::metrics::Metrics;
    use crate::peers::Standing;

    fn lane(carrier: &str, queues: usize, messages: u64) -> Lane {
        let queue = Queue {
            class: 1,
            customer: "acme".to_owned(),
            held: false,
            messages,
            parts: messages,
            parts_exact: true,
            oldest_seconds: 0,
        };
        Lane {
            carrier: carrier.to_owned(),
            held: false,
            standing: Standing::Open,
            binds: 1,
            sending: 0,
            in_doubt: 0,
            queues: vec![queue; queues],
            later: 0,
            next_due_seconds: None,
        }
    }

    #[test]
    fn the_lane_in_which_most_waits_is_not_left_out_for_the_name_of_its_carrier() {
        let mut lanes = vec![
            lane("alpha", 600, 1),
            lane("beta", 0, 0),
            lane("zeta", 1, 5000),
        ];
        assert_eq!(cut_lanes(&mut lanes), 101);
        let kept = lanes.iter().map(|it| (&it.carrier[..], it.queues.len()));
        let kept: Vec<_> = kept.collect();
        assert_eq!(kept, [("zeta", 1), ("alpha", 499), ("beta", 0)]);
    }

    /// Whatever becomes of the names in `/metrics`: what is shown is still found there.
    #[test]
    fn faults_and_times_are_read_from_what_is_counted() {
        let metrics = Metrics::new();
        let mut demo = metrics.peers.customer("demo");
        demo.refused("ESME_RTHROTTLED");
        demo.malformed.inc_by(2);
        demo.ended("peer unbound");
        let north = metrics.peers.connector("north");
        north.silent.inc();
        north.connect("bound");
        north.connect("no connection");
        north.ended("unbound");
        north.ended("peer unbound");
        metrics.turn_away("too many");
        metrics.stages.durable(Duration::from_millis(2));
        metrics.journal.appended(Duration::from_micros(120), 1);
        metrics.engine.room(engine::Room::Scarce);
        let seen = Seen::of(&metrics.text(Figures::default()));
        let fault = |side: &str, name: &str, what: &str, count| Fault {
            side: side.to_owned(),
            name: name.to_owned(),
            what: what.to_owned(),
            count,
        };
        let mut faults = seen.faults;
        faults.sort();
        let expected = [
            fault("", "", "turned away: too many", 1),
            fault("carrier", "north", "bind attempt: no connection", 1),
            fault("carrier", "north", "bind ended: peer unbound", 1),
            fault("carrier", "north", "no answer in time", 1),
            fault("customer", "demo", "malformed PDU", 2),
            fault("customer", "demo", "we refused: ESME_RTHROTTLED", 1),
        ];
        assert_eq!(faults, expected);
        assert_eq!(seen.disk_level, 2);
        let stage = |name: &str| {
            let found = seen.stages.iter().find(|stage| stage.stage == name);
            found.expect("it is measured").clone()
        };
        let to_disk = stage("accepted_to_durable");
        assert_eq!(to_disk.count, 1);
        assert_eq!(to_disk.within[..3], [(0.00025, 0), (0.001, 0), (0.004, 1)]);
        assert_eq!(stage("journal_append").count, 1);
        assert_eq!(stage("carrier_to_receipt").count, 0);
    }
}
