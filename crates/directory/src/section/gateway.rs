//! `[gateway]`: this machine.

use core::time::Duration;
use std::path::PathBuf;

use crate::form::{self, Characters, Flag, octets, or_none, size, time, whole};
use crate::table::{Section, Setting, setting};

/// What holds for the whole process.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where the journal and everything else that lasts is kept; relative to the working directory of the process.
    pub data_dir: PathBuf,
    /// Limits of the engine.
    pub limits: engine::Limits,
    /// The journal's files and the marks of free disk space.
    pub journal: Journal,
    /// What is kept of messages that have ended.
    pub history: History,
    /// What is kept of them for the operator's books.
    pub outcome_log: OutcomeLog,
    /// Who may connect, and how often.
    pub connections: Connections,
    /// How long a drain may take in all before the process ends.
    pub drain_timeout: Duration,
    /// Threads for sockets; none: one less than there are processors, at least one.
    pub io_threads: Option<u16>,
    /// What is logged.
    pub log: Log,
    /// Those who watch the traffic may see texts and whole numbers.
    pub trace_texts: bool,
}

/// The journal's files and the marks of free disk space, in octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Journal {
    /// Size at which a new file is begun.
    pub segment_bytes: u64,
    /// The whole state is written down whenever the journal has grown by so much; `None`: that depends on the state.
    pub snapshot_bytes: Option<u64>,
    /// Kept for what is owed when the disk is full.
    pub reserve_bytes: u64,
    /// Mark 1: with less free space new messages are refused.
    pub disk_low_bytes: u64,
    /// Mark 2: with less free space nothing is sent.
    pub disk_scarce_bytes: u64,
    /// How far the free space must rise above a mark before it counts as passed again.
    pub disk_hysteresis_bytes: u64,
}

/// What is kept of messages that have ended, so that customers can ask for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct History {
    /// How long after its end a message is answered for.
    pub keep: Duration,
    /// Octets of files; beyond them the oldest go first.
    pub bytes_max: u64,
}

/// One line for each message that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutcomeLog {
    /// The directory of its files, relative to the working directory of the process; none: it is not kept.
    pub dir: Option<PathBuf>,
    /// Octets after which a file is put aside and compressed.
    pub file_bytes: u64,
    /// Time after which it is.
    pub file_age: Duration,
    /// Octets of compressed files; beyond them the oldest go first.
    pub bytes_max: u64,
    /// What is written of numbers.
    pub numbers: ShownNumbers,
}

/// What is written of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShownNumbers {
    /// All of it.
    All,
    /// Its last four digits.
    Last4,
    /// Nothing.
    None,
}

/// Who may connect, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connections {
    /// Connections of customers at once, bound or not.
    pub connections_max: u32,
    /// Connections without a bind at once, over all addresses.
    pub unbound_max: u32,
    /// Connections without a bind at once from one address.
    pub unbound_per_address_max: u32,
    /// Wrong credentials of one (address, system_id) before it is blocked.
    pub bind_failures_max: u32,
    /// How long it is blocked.
    pub bind_block: Duration,
    /// How long the answer to a bind with wrong credentials is held back.
    pub bind_failure_delay: Duration,
    /// Loopback addresses are exempt from the limits per address, from blocks and from delays.
    pub loopback_exempt: bool,
    /// Every refused bind is answered `ESME_RBINDFAIL`, whatever the cause.
    pub uniform_auth_error: bool,
    /// How long a connection may be without a bind.
    pub session_init: Duration,
    /// Refused binds on one connection before it is closed.
    pub bind_tries: u8,
    /// How long a PDU may take from its first octet to its last.
    pub partial_pdu: Duration,
    /// How long a peer may take nothing of what is written to it.
    pub write_stall: Duration,
    /// How long a TLS handshake may take.
    pub tls_handshake: Duration,
    /// The largest PDU before the bind, in octets.
    pub frame_unbound_max: u32,
    /// The largest PDU after the bind, in octets.
    pub frame_max: u32,
}

/// What is logged, to standard error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// Levels as `tracing` filters write them, such as `info` or `info,bindery::serve=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Gateway {
    fn default() -> Gateway {
        Gateway {
            data_dir: PathBuf::from("bindery-data"),
            limits: engine::Limits::default(),
            journal: Journal::default(),
            history: History::default(),
            outcome_log: OutcomeLog::default(),
            connections: Connections::default(),
            drain_timeout: Duration::from_secs(8),
            io_threads: None,
            log: Log::default(),
            trace_texts: false,
        }
    }
}

impl Default for Journal {
    fn default() -> Journal {
        Journal {
            segment_bytes: 64 << 20,
            snapshot_bytes: None,
            reserve_bytes: 64 << 20,
            disk_low_bytes: 512 << 20,
            disk_scarce_bytes: 128 << 20,
            disk_hysteresis_bytes: 64 << 20,
        }
    }
}

impl Default for History {
    fn default() -> History {
        History {
            keep: Duration::from_secs(72 * 3600),
            bytes_max: 4 << 30,
        }
    }
}

impl Default for OutcomeLog {
    fn default() -> OutcomeLog {
        OutcomeLog {
            dir: None,
            file_bytes: 64 << 20,
            file_age: Duration::from_secs(24 * 3600),
            bytes_max: 8 << 30,
            numbers: ShownNumbers::Last4,
        }
    }
}

impl Default for Connections {
    fn default() -> Connections {
        Connections {
            connections_max: 50_000,
            unbound_max: 1000,
            unbound_per_address_max: 50,
            bind_failures_max: 5,
            bind_block: Duration::from_secs(60),
            bind_failure_delay: Duration::from_secs(1),
            loopback_exempt: false,
            uniform_auth_error: false,
            session_init: Duration::from_secs(10),
            bind_tries: 3,
            partial_pdu: Duration::from_secs(30),
            write_stall: Duration::from_secs(30),
            tls_handshake: Duration::from_secs(10),
            frame_unbound_max: 1 << 10,
            frame_max: 80 << 10,
        }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// The section: [`Gateway`] as it is read.
#[derive(Clone, Default)]
pub(crate) struct GatewaySettings {
    pub(crate) gateway: Gateway,
}

impl Section for GatewaySettings {
    const KEY: &'static str = "gateway";
    const MANY: bool = false;
    const ABOUT: &'static str =
        "The process and its machine. Stands once; a later file changes single keys.";

    fn settings() -> Vec<Setting<GatewaySettings>> {
        let mut all = machine();
        all.extend(disk());
        all.extend(outcome_log());
        all.extend(connections());
        all.extend(deadlines());
        all
    }
}

#[rustfmt::skip] // A row of the table is a line or two.
fn machine() -> Vec<Setting<GatewaySettings>> {
    vec![
        setting!("data_dir", gateway.data_dir, form::Place, Restart,
            "Directory of the journal and of everything else that lasts. Made if it is missing; relative to the working directory of the process."),
        setting!("io_threads", gateway.io_threads, or_none("auto", whole(1..=256)), Restart,
            "Threads for sockets. `auto`: one less than there are processors, at least one."),
        setting!("lane_hot_max", gateway.limits.lane_hot_max, whole(4..=100_000_000), AtOnce,
            "Messages that wait for one connector in memory. Of deeper queues whole blocks of a quarter of it wait on the disk, and come back before it is their turn. As many more may wait in memory for a time hours away, and others do so on the disk."),
        setting!("lane_hot_for", gateway.limits.lane_hot_for, time("0s", "1h"), AtOnce,
            "How long messages of deeper queues wait in memory before they go to the disk: what is sent within that time never does. With half of `memory_max` in use they go at once."),
        setting!("memory_max", gateway.limits.memory_max, size("16 MiB", "1 TiB"), AtOnce,
            "Memory that messages may take together; beyond it new ones are refused with `ESME_RMSGQFUL`."),
        setting!("messages_max", gateway.limits.messages_max, whole(1_000..=1_000_000_000), AtOnce,
            "Messages that may be known at once, in whatever state; beyond it new ones are refused with `ESME_RMSGQFUL`."),
        setting!("replies_max", gateway.limits.replies_max, whole(1_000..=10_000_000), AtOnce,
            "Pairs of a subscriber and one of the `[[number]]`s for which the latest message is remembered, so that an answer goes to the customer that sent it; the oldest are forgotten first."),
        setting!("replies_keep", gateway.limits.replies_keep, time("1 min", "90d"), AtOnce,
            "How long after that message an answer is one to it; later ones go to the number's customer."),
        setting!("unmatched_max", gateway.limits.unmatched_max, whole(1_000..=10_000_000), AtOnce,
            "Receipts of one connector that match no message and are kept, and those that may be early; the oldest leave first."),
        setting!("unmatched_keep", gateway.limits.unmatched_keep, time("1 min", "30d"), AtOnce,
            "How long receipts that match no message are kept."),
        setting!("closed_max", gateway.limits.closed_max, whole(100_000..=100_000_000), AtOnce,
            "Carriers' ids of ended messages that are remembered for each connector, so that a receipt that comes again is known; about 20 octets each. They are forgotten after a day, and beyond this number the oldest first."),
        setting!("drain_timeout", gateway.drain_timeout, time("1s", "10 min"), AtOnce,
            "How long a drain (SIGTERM) may take in all before the process ends."),
        setting!("log", gateway.log.filter, octets(1..=1000, Characters::Ascii), AtOnce,
            "What is logged to standard error: `error`, `warn`, `info`, `debug` or `trace`, also by module as in `info,bindery=debug`."),
        setting!("log_format", gateway.log.format, form::choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]), Restart,
            "A line of the log is `text` for people or one `json` object."),
        setting!("trace_texts", gateway.trace_texts, Flag, AtOnce,
            "`bindery trace --text` may show the texts of messages and whole numbers. Passwords are never shown."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn disk() -> Vec<Setting<GatewaySettings>> {
    vec![
        setting!("journal_segment", gateway.journal.segment_bytes, size("1 MiB", "4 GiB"), Restart,
            "Size at which the journal begins a new file."),
        setting!("snapshot_every", gateway.journal.snapshot_bytes, or_none("auto", size("1 MiB", "1 TiB")), Restart,
            "Growth of the journal after which the whole state is written down beside the traffic, so that older files can go; a start reads the last state and what came after it. `auto`: 512 MiB, or twice the memory that messages take if that is more."),
        setting!("journal_reserve", gateway.journal.reserve_bytes, size("0 B", "64 GiB"), Restart,
            "Disk space held back for what is owed (outcomes, receipts) when the disk is full."),
        setting!("disk_low", gateway.journal.disk_low_bytes, size("1 MiB", "1 TiB"), Restart,
            "With less free disk space than this, new messages are refused with `ESME_RMSGQFUL`; outcomes go on."),
        setting!("disk_scarce", gateway.journal.disk_scarce_bytes, size("1 MiB", "1 TiB"), Restart,
            "With less free disk space than this, nothing is sent to carriers either. Their receipts are refused, to come again, only when the disk is full and the reserve is in use. Less than `disk_low`."),
        setting!("disk_hysteresis", gateway.journal.disk_hysteresis_bytes, size("0 B", "64 GiB"), Restart,
            "How far the free space must rise above a mark before the mark counts as passed again."),
        setting!("history_keep", gateway.history.keep, time("1h", "30d"), AtOnce,
            "How long after its end query_sm tells what became of a message. 32 octets of disk for each."),
        setting!("history_max", gateway.history.bytes_max, size("8 MiB", "1 TiB"), AtOnce,
            "Disk space for what became of messages; beyond it the oldest is forgotten first. It is given up when the disk gets full."),
    ]
}

/// The words for what is written of numbers.
const SHOWN_NUMBERS: &[(&str, ShownNumbers)] = &[
    ("all", ShownNumbers::All),
    ("last4", ShownNumbers::Last4),
    ("none", ShownNumbers::None),
];

#[rustfmt::skip] // A row of the table is a line or two.
fn outcome_log() -> Vec<Setting<GatewaySettings>> {
    vec![
        setting!("outcome_log", gateway.outcome_log.dir, or_none("off", form::Place), AtOnce,
            "Directory of the outcome log: one JSON line for each message that ended, for your books (docs/manual/outcomes.md). Made if it is missing; relative to the working directory of the process."),
        setting!("outcome_log_file", gateway.outcome_log.file_bytes, size("1 MiB", "64 GiB"), AtOnce,
            "Size at which its file is put aside and compressed, and a new one begun."),
        setting!("outcome_log_age", gateway.outcome_log.file_age, time("1 min", "31d"), AtOnce,
            "Age at which it is."),
        setting!("outcome_log_max", gateway.outcome_log.bytes_max, size("1 MiB", "64 TiB"), AtOnce,
            "Disk space for compressed files; beyond it the oldest are removed."),
        setting!("outcome_log_numbers", gateway.outcome_log.numbers, form::choice(SHOWN_NUMBERS), AtOnce,
            "What it shows of numbers: `all` digits, the `last4`, or `none`. Names of letters are shown unless it is `none`."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn connections() -> Vec<Setting<GatewaySettings>> {
    vec![
        setting!("connections_max", gateway.connections.connections_max, whole(1..=1_000_000), AtOnce,
            "SMPP connections of customers at once, bound or not; more are closed at once. Never more than the open files that the system allows the process, less what it needs itself: the log says so at the start."),
        setting!("unbound_max", gateway.connections.unbound_max, whole(1..=1_000_000), AtOnce,
            "Connections without a bind at once, over all addresses."),
        setting!("unbound_per_address_max", gateway.connections.unbound_per_address_max, whole(1..=1_000_000), AtOnce,
            "Connections without a bind at once from one address. Bound ones do not count."),
        setting!("bind_failures_max", gateway.connections.bind_failures_max, whole(1..=1000), AtOnce,
            "Wrong credentials of one address and system_id before it is blocked. A good bind clears the count."),
        setting!("bind_block", gateway.connections.bind_block, time("0s", "24h"), AtOnce, "How long it is blocked."),
        setting!("bind_failure_delay", gateway.connections.bind_failure_delay, time("0s", "1 min"), AtOnce,
            "How long the answer to wrong credentials is held back."),
        setting!("loopback_exempt", gateway.connections.loopback_exempt, Flag, AtOnce,
            "Loopback addresses are exempt from the limit per address, from blocks and from delays."),
        setting!("uniform_auth_error", gateway.connections.uniform_auth_error, Flag, AtOnce,
            "Every refused bind is answered `ESME_RBINDFAIL`, so that nobody learns which system_ids exist. Recommended on the internet; else `ESME_RINVSYSID`, `ESME_RINVPASWD` and so on."),
        setting!("bind_tries", gateway.connections.bind_tries, whole(1..=100), NewBinds,
            "Refused binds on one connection before it is closed."),
        setting!("frame_unbound_max", gateway.connections.frame_unbound_max, size("64 B", "128 KiB"), NewBinds,
            "The largest PDU before the bind."),
        setting!("frame_max", gateway.connections.frame_max, size("1 KiB", "128 KiB"), NewBinds,
            "The largest PDU after the bind. The largest legal submit_multi has 71 747 octets."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn deadlines() -> Vec<Setting<GatewaySettings>> {
    vec![
        setting!("session_init", gateway.connections.session_init, time("1s", "5 min"), NewBinds,
            "How long a connection may be without a bind."),
        setting!("partial_pdu", gateway.connections.partial_pdu, time("1s", "5 min"), NewBinds,
            "How long a PDU may take from its first octet to its last."),
        setting!("write_stall", gateway.connections.write_stall, time("1s", "10 min"), NewBinds,
            "How long a peer may take nothing of what is written to it before its connection is closed."),
        setting!("tls_handshake", gateway.connections.tls_handshake, time("1s", "1 min"), NewBinds,
            "How long a TLS handshake may take, in either direction."),
    ]
}
