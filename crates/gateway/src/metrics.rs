//! What the operator can count: everything under `/metrics`.

mod measures;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{Figures, Lapse, Room};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::binds::Side;
use crate::mailbox::lock;

pub(crate) use measures::{MeasureFamilies, measured};

/// The label of everything that one customer or one connector did.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Who {
    pub(crate) peer: String,
    /// `customer` or `connector`.
    pub(crate) side: &'static str,
}

impl Who {
    /// One customer or one connector.
    pub(crate) fn new(side: Side, name: &str) -> Who {
        Who {
            peer: name.to_owned(),
            side: match side {
                Side::Customer => "customer",
                Side::Carrier => "connector",
            },
        }
    }
}

/// The same, with how it went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct How {
    pub(crate) peer: String,
    pub(crate) side: &'static str,
    /// A command_status as the specification spells it, or a few words.
    pub(crate) status: String,
}

/// Why something was turned away before anybody knew who it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Why {
    pub(crate) reason: &'static str,
}

/// Who shows a certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
pub(crate) struct Holder {
    /// `listener` or `connector`.
    pub(crate) side: &'static str,
    pub(crate) name: String,
}

/// All metrics of the process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) peers: PeerFamilies,
    pub(crate) engine: Arc<EngineMetrics>,
    pub(crate) journal: Arc<JournalMetrics>,
    pub(crate) history: Arc<HistoryMetrics>,
    pub(crate) outcomes: Arc<OutcomeMetrics>,
    pub(crate) stages: StageMetrics,
    pub(crate) measures: MeasureFamilies,
    /// Connections that were closed before a bind.
    pub(crate) turned_away: Family<Why, Counter>,
    /// Connections without a bind.
    pub(crate) unbound: Gauge,
    /// When our certificates expire, in seconds since 1970.
    pub(crate) certificates: Family<Holder, Gauge>,
    /// `memory_max` of the configuration.
    pub(crate) memory_max: Gauge,
    figures: FigureGauges,
}

/// Metrics with the name of a customer or a connector.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerFamilies {
    binds: Family<Who, Gauge>,
    binds_wanted: Family<Who, Gauge>,
    accepted: Family<Who, Counter>,
    refused: Family<How, Counter>,
    sent: Family<Who, Counter>,
    taken: Family<Who, Counter>,
    peer_refused: Family<How, Counter>,
    silent: Family<Who, Counter>,
    late: Family<Who, Counter>,
    malformed: Family<Who, Counter>,
    overlooked: Family<Who, Counter>,
    receipts: Family<Who, Counter>,
    unreadable_receipts: Family<Who, Counter>,
    connects: Family<How, Counter>,
    credentials_rejected: Family<Who, Counter>,
    binds_ended: Family<How, Counter>,
    standing: Family<How, Gauge>,
    /// Not for Prometheus: a text has no place there.
    troubles: Arc<Mutex<HashMap<Who, String>>>,
}

/// The metrics of one customer or one connector, looked up once per bind.
#[derive(Clone, Debug)]
pub(crate) struct PeerMeter {
    who: Who,
    families: PeerFamilies,
    /// Those of `families` that this bind has met, by their status: a storm of refusals looks nothing up.
    refused: Vec<(&'static str, Counter)>,
    pub(crate) binds: Gauge,
    pub(crate) accepted: Counter,
    pub(crate) sent: Counter,
    pub(crate) taken: Counter,
    pub(crate) silent: Counter,
    pub(crate) late: Counter,
    pub(crate) malformed: Counter,
    pub(crate) overlooked: Counter,
    pub(crate) receipts: Counter,
    pub(crate) unreadable_receipts: Counter,
}

/// How the engine thread is doing.
#[derive(Debug)]
pub(crate) struct EngineMetrics {
    pub(crate) undurable: Gauge,
    disk: Gauge,
    clock_behind: Gauge,
    steps: Histogram,
    posts: Histogram,
}

/// How the journal is doing.
#[derive(Debug)]
pub(crate) struct JournalMetrics {
    append: Histogram,
    octets: Counter,
}

/// What is kept of messages that have ended.
#[derive(Debug, Default)]
pub(crate) struct HistoryMetrics {
    pub(crate) octets: Gauge,
    pub(crate) lookups: Counter,
    pub(crate) lost: Counter,
}

/// How long messages take from one point of their way to the next.
#[derive(Clone, Debug)]
pub(crate) struct StageMetrics {
    to_disk: Histogram,
    to_carrier: Histogram,
    to_receipt: Histogram,
    to_customer: Histogram,
}

/// The label of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

/// How the outcome log is doing.
#[derive(Debug, Default)]
pub(crate) struct OutcomeMetrics {
    pub(crate) written: Counter,
    pub(crate) lost: Counter,
    pub(crate) stopped: Gauge,
}

#[derive(Debug, Default)]
struct FigureGauges {
    messages: Gauge,
    waiting: Gauge,
    sending: Gauge,
    in_doubt: Gauge,
    awaiting_receipt: Gauge,
    deliveries: Gauge,
    deliveries_expired: Counter,
    deliveries_refused: Counter,
    alerts_dropped: Counter,
    unmatched: Gauge,
    memory: Gauge,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("bindery");
        let peers = PeerFamilies::default();
        peers.register(&mut registry);
        let engine = Arc::new(EngineMetrics::register(&mut registry));
        let journal = Arc::new(JournalMetrics::register(&mut registry));
        let history = Arc::new(HistoryMetrics::register(&mut registry));
        let outcomes = Arc::new(OutcomeMetrics::register(&mut registry));
        let stages = StageMetrics::register(&mut registry);
        let figures = FigureGauges::default();
        figures.register(&mut registry);
        let measures = MeasureFamilies::default();
        measures.register(&mut registry);
        let turned_away = Family::default();
        registry.register(
            "connections_turned_away",
            "Connections that were closed before a bind",
            turned_away.clone(),
        );
        let unbound = Gauge::default();
        registry.register(
            "connections_unbound",
            "Connections without a bind, as far as they are limited",
            unbound.clone(),
        );
        let certificates = Family::default();
        registry.register_with_unit(
            "certificate_expires_timestamp",
            "When a certificate of ours expires, in seconds since 1970",
            Unit::Seconds,
            certificates.clone(),
        );
        let memory_max = Gauge::default();
        registry.register(
            "messages_memory_max_bytes",
            "Memory that messages may take: memory_max",
            memory_max.clone(),
        );
        Metrics {
            registry,
            peers,
            engine,
            journal,
            history,
            outcomes,
            stages,
            measures,
            turned_away,
            unbound,
            certificates,
            memory_max,
            figures,
        }
    }

    /// The text that Prometheus reads, with the engine's figures as they are now.
    pub(crate) fn text(&self, figures: Figures) -> String {
        self.figures.set(figures);
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// A connection that was closed before a bind.
    pub(crate) fn turn_away(&self, reason: &'static str) {
        self.turned_away.get_or_create(&Why { reason }).inc();
    }
}

impl PeerFamilies {
    fn register(&self, registry: &mut Registry) {
        let mut counter = |name: &str, help: &str, family: &Family<Who, Counter>| {
            registry.register(name, help, family.clone());
        };
        counter(
            "requests_accepted",
            "Messages taken from customers; receipts and MO taken from carriers",
            &self.accepted,
        );
        counter(
            "requests_sent",
            "Messages sent to carriers; receipts and MO sent to customers",
            &self.sent,
        );
        counter(
            "requests_taken",
            "Requests of ours that the peer took",
            &self.taken,
        );
        counter(
            "requests_silent",
            "Requests of ours without an answer in time",
            &self.silent,
        );
        counter(
            "responses_late",
            "Answers that came after their time",
            &self.late,
        );
        counter(
            "pdus_malformed",
            "PDUs that could not be read",
            &self.malformed,
        );
        counter(
            "pdus_overlooked",
            "PDUs in which something was overlooked",
            &self.overlooked,
        );
        counter(
            "receipts",
            "Receipts that came from carriers; receipts sent to customers",
            &self.receipts,
        );
        counter(
            "receipts_unreadable",
            "Messages of carriers that look like receipts and say nothing",
            &self.unreadable_receipts,
        );
        counter(
            "credentials_rejected",
            "Times that a carrier made clear that it does not take our credentials: somebody has to look",
            &self.credentials_rejected,
        );
        registry.register("binds", "Binds that stand", self.binds.clone());
        registry.register(
            "binds_wanted",
            "Binds that are to stand with a connector, by the configuration as it is now",
            self.binds_wanted.clone(),
        );
        registry.register(
            "standing",
            "1 for each customer and connector that an operator has paused or drains",
            self.standing.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests of the peer that were refused, by what they were answered with",
            self.refused.clone(),
        );
        registry.register(
            "requests_peer_refused",
            "Requests of ours that the peer refused, by its answer",
            self.peer_refused.clone(),
        );
        registry.register(
            "binds_ended",
            "Binds that stood and ended, by why",
            self.binds_ended.clone(),
        );
        registry.register(
            "connects",
            "Attempts to bind to a carrier, by how they ended",
            self.connects.clone(),
        );
    }

    /// The metrics of one customer.
    pub(crate) fn customer(&self, system_id: &str) -> PeerMeter {
        self.meter(Who::new(Side::Customer, system_id))
    }

    /// The metrics of one connector.
    pub(crate) fn connector(&self, name: &str) -> PeerMeter {
        self.meter(Who::new(Side::Carrier, name))
    }

    /// So many binds are to stand with these, and with nobody else.
    pub(crate) fn want(&self, those: impl IntoIterator<Item = (Who, i64)>) {
        self.binds_wanted.clear();
        for (who, binds) in those {
            self.binds_wanted.get_or_create(&who).set(binds);
        }
    }

    /// These are paused or drained, and nobody else.
    pub(crate) fn stand(&self, those: impl IntoIterator<Item = (Who, &'static str)>) {
        self.standing.clear();
        for (Who { peer, side }, status) in those {
            let status = status.to_owned();
            let how = How { peer, side, status };
            self.standing.get_or_create(&how).set(1);
        }
    }

    /// What last went wrong with one, on a bind that stands no more or that never stood.
    pub(crate) fn last_trouble(&self, who: &Who) -> Option<String> {
        lock(&self.troubles).get(who).cloned()
    }

    fn meter(&self, who: Who) -> PeerMeter {
        let counter = |family: &Family<Who, Counter>| family.get_or_create_owned(&who);
        PeerMeter {
            binds: self.binds.get_or_create_owned(&who),
            accepted: counter(&self.accepted),
            sent: counter(&self.sent),
            taken: counter(&self.taken),
            silent: counter(&self.silent),
            late: counter(&self.late),
            malformed: counter(&self.malformed),
            overlooked: counter(&self.overlooked),
            receipts: counter(&self.receipts),
            unreadable_receipts: counter(&self.unreadable_receipts),
            families: self.clone(),
            refused: Vec::new(),
            who,
        }
    }
}

impl PeerMeter {
    /// A request of the peer was refused.
    pub(crate) fn refused(&mut self, status: &'static str) {
        if let Some((_, counter)) = self.refused.iter().find(|(met, _)| *met == status) {
            counter.inc();
            return;
        }
        let counter = self.families.refused.get_or_create_owned(&self.how(status));
        counter.inc();
        self.refused.push((status, counter));
    }

    /// The peer refused a request of ours.
    pub(crate) fn peer_refused(&self, status: &str) {
        self.families
            .peer_refused
            .get_or_create(&self.how(status))
            .inc();
    }

    /// Something went wrong between the peer and us that is to be known when the bind is gone.
    pub(crate) fn trouble(&self, what: impl Into<String>) {
        lock(&self.families.troubles).insert(self.who.clone(), what.into());
    }

    /// An attempt to bind to the carrier ended.
    pub(crate) fn connect(&self, how: &str) {
        self.families.connects.get_or_create(&self.how(how)).inc();
    }

    /// A bind that stood has ended.
    pub(crate) fn ended(&self, why: &str) {
        self.binds.dec();
        self.families
            .binds_ended
            .get_or_create(&self.how(why))
            .inc();
    }

    /// The carrier does not take our credentials; it is no passing trouble.
    pub(crate) fn credentials_rejected(&self) {
        self.families
            .credentials_rejected
            .get_or_create(&self.who)
            .inc();
    }

    fn how(&self, status: &str) -> How {
        How {
            peer: self.who.peer.clone(),
            side: self.who.side,
            status: status.to_owned(),
        }
    }
}

impl EngineMetrics {
    fn register(registry: &mut Registry) -> EngineMetrics {
        let metrics = EngineMetrics {
            undurable: Gauge::default(),
            disk: Gauge::default(),
            clock_behind: Gauge::default(),
            steps: Histogram::new(exponential_buckets(1.0, 4.0, 9)),
            posts: Histogram::new(exponential_buckets(1.0, 4.0, 9)),
        };
        registry.register_with_unit(
            "undurable",
            "Records that are not durable yet",
            Unit::Bytes,
            metrics.undurable.clone(),
        );
        registry.register(
            "disk_level",
            "Room on the disk: 0 enough, 1 below disk_low, 2 below disk_scarce, 3 none but the reserve",
            metrics.disk.clone(),
        );
        registry.register_with_unit(
            "clock_behind",
            "How far the clock of the machine is behind the latest time that messages were given: until then nothing expires",
            Unit::Seconds,
            metrics.clock_behind.clone(),
        );
        registry.register("step_inputs", "Inputs of one step", metrics.steps.clone());
        registry.register(
            "batch_outputs",
            "Outputs that left together",
            metrics.posts.clone(),
        );
        metrics
    }

    /// The disk has more or less room than before.
    pub(crate) fn room(&self, room: Room) {
        self.disk.set(match room {
            Room::Plenty => 0,
            Room::Low => 1,
            Room::Scarce => 2,
            Room::Out => 3,
        });
    }

    /// The wall clock is so far behind the engine's.
    pub(crate) fn clock_behind(&self, behind: Duration) {
        let seconds = i64::try_from(behind.as_secs());
        self.clock_behind.set(seconds.unwrap_or(i64::MAX));
    }

    /// A step took so many inputs.
    pub(crate) fn stepped(&self, inputs: usize) {
        self.steps.observe(inputs as f64);
    }

    /// So many outputs left together.
    pub(crate) fn posted(&self, outputs: usize) {
        self.posts.observe(outputs as f64);
    }
}

impl JournalMetrics {
    fn register(registry: &mut Registry) -> JournalMetrics {
        let metrics = JournalMetrics {
            append: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            octets: Counter::default(),
        };
        registry.register_with_unit(
            "journal_append",
            "Time to write a batch and make it durable",
            Unit::Seconds,
            metrics.append.clone(),
        );
        registry.register_with_unit(
            "journal_records",
            "Records written",
            Unit::Bytes,
            metrics.octets.clone(),
        );
        metrics
    }

    /// A batch became durable.
    pub(crate) fn appended(&self, took: Duration, octets: usize) {
        self.append.observe(took.as_secs_f64());
        self.octets.inc_by(octets as u64);
    }
}

impl HistoryMetrics {
    fn register(registry: &mut Registry) -> HistoryMetrics {
        let metrics = HistoryMetrics::default();
        registry.register_with_unit(
            "history",
            "Files that tell what became of messages which have ended",
            Unit::Bytes,
            metrics.octets.clone(),
        );
        registry.register(
            "history_lookups",
            "Questions about messages which have ended, or never were",
            metrics.lookups.clone(),
        );
        registry.register(
            "history_lost",
            "Messages whose end was not kept for want of room on the disk",
            metrics.lost.clone(),
        );
        metrics
    }
}

impl StageMetrics {
    fn register(registry: &mut Registry) -> StageMetrics {
        // From a quarter of a millisecond to some hours.
        let empty = || Histogram::new(exponential_buckets(0.000_25, 4.0, 14));
        let stages =
            Family::<Stage, Histogram, _>::new_with_constructor(empty as fn() -> Histogram);
        let stage = |stage| stages.get_or_create_owned(&Stage { stage });
        let metrics = StageMetrics {
            to_disk: stage("accepted_to_durable"),
            to_carrier: stage("accepted_to_carrier"),
            to_receipt: stage("carrier_to_receipt"),
            to_customer: stage("receipt_to_customer"),
        };
        registry.register_with_unit(
            "stage",
            "Time of a message in a stage of its way, measured of some: until the journal has its step, until its carrier takes it, until the carrier's last receipt, until the customer has that",
            Unit::Seconds,
            stages,
        );
        metrics
    }

    /// A step became durable so long after it was made.
    pub(crate) fn durable(&self, took: Duration) {
        self.to_disk.observe(took.as_secs_f64());
    }

    /// Stages of some messages ended.
    pub(crate) fn lapsed(&self, lapses: &[Lapse]) {
        for &lapse in lapses {
            let (histogram, millis) = match lapse {
                Lapse::ToCarrier(millis) => (&self.to_carrier, millis),
                Lapse::ToReceipt(millis) => (&self.to_receipt, millis),
                Lapse::ToCustomer(millis) => (&self.to_customer, millis),
            };
            histogram.observe(Duration::from_millis(millis).as_secs_f64());
        }
    }
}

impl OutcomeMetrics {
    fn register(registry: &mut Registry) -> OutcomeMetrics {
        let metrics = OutcomeMetrics::default();
        registry.register(
            "outcomes_written",
            "Lines of the outcome log",
            metrics.written.clone(),
        );
        registry.register(
            "outcomes_lost",
            "Messages whose end is not in the outcome log, because it could not be written",
            metrics.lost.clone(),
        );
        registry.register(
            "outcome_log_stopped",
            "1: the outcome log is wanted and cannot be written",
            metrics.stopped.clone(),
        );
        metrics
    }
}

impl FigureGauges {
    fn register(&self, registry: &mut Registry) {
        let mut gauge = |name: &str, help: &str, gauge: &Gauge| {
            registry.register(name, help, gauge.clone());
        };
        gauge(
            "messages",
            "Messages known, in whatever state",
            &self.messages,
        );
        gauge(
            "messages_waiting",
            "Messages that wait for a carrier",
            &self.waiting,
        );
        gauge(
            "messages_sending",
            "Messages sent, answer outstanding",
            &self.sending,
        );
        gauge(
            "messages_in_doubt",
            "Of these, messages that nobody knows the fate of",
            &self.in_doubt,
        );
        gauge(
            "messages_awaiting_receipt",
            "Messages taken by a carrier, receipt outstanding",
            &self.awaiting_receipt,
        );
        gauge(
            "deliveries_waiting",
            "Receipts and MO that wait for customers",
            &self.deliveries,
        );
        gauge(
            "receipts_unmatched",
            "Receipts that match no message, or none yet",
            &self.unmatched,
        );
        gauge(
            "messages_memory_bytes",
            "Memory that messages take",
            &self.memory,
        );
        registry.register(
            "deliveries_expired",
            "Receipts and MO that no customer fetched in time",
            self.deliveries_expired.clone(),
        );
        registry.register(
            "deliveries_refused",
            "Receipts and MO that their customers refused for good",
            self.deliveries_refused.clone(),
        );
        registry.register(
            "alerts_dropped",
            "Alerts of carriers that nobody was sent: no session could take them, or nobody wants them",
            self.alerts_dropped.clone(),
        );
    }

    fn set(&self, figures: Figures) {
        let set = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.messages, figures.messages);
        set(&self.waiting, figures.waiting);
        set(&self.sending, figures.sending);
        set(&self.in_doubt, figures.in_doubt);
        set(&self.awaiting_receipt, figures.awaiting_receipt);
        set(&self.deliveries, figures.deliveries);
        set(&self.unmatched, figures.unmatched);
        set(&self.memory, figures.memory);
        let count = |counter: &Counter, value| counter.inner().store(value, Ordering::Relaxed);
        count(&self.deliveries_expired, figures.deliveries_expired);
        count(&self.deliveries_refused, figures.deliveries_refused);
        count(&self.alerts_dropped, figures.alerts_dropped);
    }
}

#[cfg(test)]
mod tests;
