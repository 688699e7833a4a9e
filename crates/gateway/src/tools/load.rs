//! `bindery load`: a load generator that books every message. It binds, submits as fast as windows or a rate permit,
//! and says how fast and how late everything was, what is missing and what came twice.

mod drive;
mod ledger;
mod measure;
mod progress;
mod session;
mod template;

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bytes::BytesMut;
use smpp::Version;
use smpp::pdu::{self, Pdu};
use smpp::status;

use drive::{Bind, Load, Mode, Plan};
use measure::DiskSync;
#[cfg(test)]
pub(crate) use measure::Receipts;
pub(crate) use measure::Report;
use progress::Progress;
use template::{Content, Destinations, Template};

use super::parse;
use super::reactor::Stopper;
use super::tls::{TlsArgs, server_name};
use super::usage::raise_open_files;

/// Messages that are sent if neither a number nor a time is given.
const DURATION: Duration = Duration::from_secs(10);

/// How long one of several addresses may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Syncs that are timed for `--disk-sync`.
const DISK_SYNCS: usize = 200;

const EXAMPLES: &str = "\
Examples:
  bindery load
      10 s at full speed against the demo: 4 binds, window 100
  bindery load --binds 4 --window 1000 --duration 30s --receipts --json
      Benchmark with receipts; exit status 1 if anything is missing or double
  bindery load --rate 5000 --duration 1m --receipts --disk-sync bindery-data
      Latency at a given rate, beside what the disk itself takes
  bindery load --binds 20000 --idle --duration 1m --connect 127.0.0.1:2775 --connect [::1]:2775
      Many binds that do nothing, and how long each took; two addresses have twice as many ports
  bindery load --binds 1 --never-read --duration 10s
      A customer that stops reading
  bindery load --tls --ca bindery-data/tls/cert.pem --connect localhost:2776
      The same with TLS";

/// A load generator that books every message.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to; repeat it to spread the binds over several servers
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2775")]
    pub(crate) connect: Vec<String>,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Who binds
    #[arg(long, value_name = "ID", default_value = "load")]
    pub(crate) system_id: String,
    /// Its password
    #[arg(long, value_name = "WORD", default_value = "loadpass")]
    pub(crate) password: String,
    /// Its system_type
    #[arg(long, value_name = "WORD", default_value = "")]
    pub(crate) system_type: String,
    /// The version to bind with
    #[arg(long, value_enum, default_value_t = BindVersion::V34)]
    pub(crate) bind_version: BindVersion,
    /// Binds; with --bind-type tx+rx so many of each
    #[arg(long, value_name = "N", default_value = "4", value_parser = parse::count)]
    pub(crate) binds: u64,
    /// Kind of the binds
    #[arg(long, value_enum, default_value_t = BindType::Trx)]
    pub(crate) bind_type: BindType,
    /// Submits in flight on each bind
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) window: u32,
    /// Submits a second over all binds (default: as many as the windows permit)
    #[arg(long, value_name = "RATE", value_parser = parse::count)]
    pub(crate) rate: Option<u64>,
    /// Send for so long (default: 10 s, unless --count is given)
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) duration: Option<Duration>,
    /// Send so many messages
    #[arg(long, value_name = "N", value_parser = parse::count)]
    pub(crate) count: Option<u64>,
    /// Ask for receipts, and book them
    #[arg(long)]
    pub(crate) receipts: bool,
    /// The sender of all messages
    #[arg(long, value_name = "ADDRESS", default_value = "12345")]
    pub(crate) source: String,
    /// Destinations: digits, and a # for each digit that counts; the last four run from 1000 to 9999
    #[arg(long, value_name = "PATTERN", default_value = "4477########", value_parser = Destinations::parse)]
    destinations: Destinations,
    /// The text of all messages
    #[arg(long, value_name = "TEXT", conflicts_with = "length")]
    pub(crate) text: Option<String>,
    /// Instead of a text, so many characters (default: 40)
    #[arg(long, value_name = "N")]
    pub(crate) length: Option<usize>,
    /// How long to wait for responses and receipts after the last message
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse::duration)]
    pub(crate) drain_wait: Duration,
    /// How long to look for duplicates after everything has come
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = parse::duration)]
    pub(crate) linger: Duration,
    /// Bind, hold the binds, and send nothing
    #[arg(long, conflicts_with_all = ["rate", "count", "receipts", "never_read"])]
    pub(crate) idle: bool,
    /// Write submits without regard to the window, and read nothing after the bind
    #[arg(long, conflicts_with_all = ["rate", "receipts"])]
    pub(crate) never_read: bool,
    /// Bind again when a bind is lost, and go on
    #[arg(long)]
    pub(crate) reconnect: bool,
    /// Send enquire_link on a bind that was silent for so long
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse::duration)]
    pub(crate) enquire_link: Duration,
    /// Also time how long the disk of this directory takes for one sync
    #[arg(long, value_name = "DIR")]
    pub(crate) disk_sync: Option<PathBuf>,
    /// The result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The kind of the binds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum BindType {
    /// Transceivers
    Trx,
    /// Transmitters and as many receivers
    #[value(name = "tx+rx")]
    TxRx,
}

/// The version of SMPP.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum BindVersion {
    /// SMPP 3.3
    #[value(name = "3.3")]
    V33,
    /// SMPP 3.4
    #[value(name = "3.4")]
    V34,
    /// SMPP 5.0
    #[value(name = "5.0")]
    V50,
}

/// Runs the generator. Ends with 0 if all that was accepted is accounted for exactly, 1 if not, 2 if it could not begin.
pub(crate) fn run(args: &Args) -> ExitCode {
    raise_open_files();
    match Stopper::with_signals() {
        Ok((_stopper, ear)) => match generate(args, ear) {
            Ok(report) => conclude(args, &report),
            Err(error) => {
                super::complain(&format!("bindery load: {error}"));
                ExitCode::from(2)
            }
        },
        Err(error) => {
            super::complain(&format!("bindery load: {error}"));
            ExitCode::from(2)
        }
    }
}

/// One run, until its end or the order to stop.
///
/// # Errors
/// A sentence, if it cannot begin.
pub(crate) fn generate(args: &Args, ear: std::os::unix::net::UnixStream) -> Result<Report, String> {
    let disk_sync = args.disk_sync.as_deref().map(disk_sync).transpose()?;
    let plan = args.plan()?;
    let mut progress = Progress::new(args.count, plan.duration);
    let load = Load::new(plan).map_err(|error| error.to_string())?;
    let (measures, ledger) = load
        .run(ear, |reading| progress.show(reading))
        .map_err(|error| error.to_string())?;
    progress.finish();
    let target = args.connect.join(", ");
    let mut report = Report::new(target, args.receipts, &measures, &ledger);
    report.disk_sync_ms = disk_sync;
    Ok(report)
}

fn conclude(args: &Args, report: &Report) -> ExitCode {
    if args.json {
        let json = serde_json::to_string_pretty(report);
        super::print(&json.expect("numbers and names"));
    } else {
        super::print(&report.to_string());
    }
    if report.binds == 0 {
        super::complain(&args.advice(report));
        return ExitCode::from(2);
    }
    let held = args.idle || args.never_read;
    let bound = report.bind_refused.is_empty() && report.connect_errors.is_empty();
    match (held && bound) || (!held && report.is_exact()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn disk_sync(directory: &Path) -> Result<DiskSync, String> {
    let latency = journal::disk_sync_latency(directory, DISK_SYNCS)
        .map_err(|error| format!("cannot time the disk of {}: {error}", directory.display()))?;
    let millis = |share| latency.quantile(share).as_secs_f64() * 1000.0;
    Ok(DiskSync {
        p50: millis(0.5),
        p99: millis(0.99),
    })
}

impl Args {
    fn plan(&self) -> Result<Plan, String> {
        let text = match (&self.text, self.length) {
            (Some(text), _) => text.clone(),
            (None, length) => filler(length.unwrap_or(40)),
        };
        let template = Template::new(Content {
            source: &self.source,
            destinations: self.destinations.clone(),
            text: &text,
            receipt: self.receipts,
        })?;
        let tls = match self.tls.config()? {
            Some(config) => Some((config, server_name(&self.connect[0])?)),
            None => None,
        };
        let forever = self.duration.is_none() && (self.count.is_some() || self.idle);
        Ok(Plan {
            targets: self.targets()?,
            tls,
            binds: self.bind_requests()?,
            template,
            window: self.window.max(1),
            rate: self.rate.map(|rate| rate.max(1) as f64),
            count: self.count,
            duration: (!forever).then(|| self.duration.unwrap_or(DURATION)),
            receipts: self.receipts,
            drain_wait: self.drain_wait,
            linger: if self.receipts {
                self.linger
            } else {
                Duration::ZERO
            },
            mode: match (self.idle, self.never_read) {
                (true, _) => Mode::Idle,
                (_, true) => Mode::NeverRead,
                (false, false) => Mode::Send,
            },
            reconnect: self.reconnect,
            enquire_link: self.enquire_link,
        })
    }

    fn targets(&self) -> Result<Vec<SocketAddr>, String> {
        let resolve = |target: &String| {
            let found: Vec<SocketAddr> = target
                .to_socket_addrs()
                .map_err(|error| format!("{target} is no HOST:PORT to connect to: {error}"))?
                .collect();
            // A name such as localhost has an address of each family, and the server may listen on one of them only.
            let answers = |address: &&SocketAddr| {
                found.len() == 1 || TcpStream::connect_timeout(address, PROBE_TIMEOUT).is_ok()
            };
            let first = found.iter().find(answers).or(found.first());
            first
                .copied()
                .ok_or_else(|| format!("{target} has no address"))
        };
        self.connect.iter().map(resolve).collect()
    }

    fn bind_requests(&self) -> Result<Vec<Bind>, String> {
        let version = match self.bind_version {
            BindVersion::V33 => Version::V33,
            BindVersion::V34 => Version::V34,
            BindVersion::V50 => Version::V50,
        };
        let bind = pdu::Bind {
            system_id: self.system_id.as_bytes(),
            password: self.password.as_bytes(),
            system_type: self.system_type.as_bytes(),
            interface_version: version.interface_version(),
            ..pdu::Bind::default()
        };
        let request = |pdu: Pdu<'_>, transmits| {
            let mut out = BytesMut::new();
            pdu::encode(&pdu, status::OK, 1, &mut out).map_err(|error| error.to_string())?;
            Ok::<Bind, String>(Bind {
                pdu: out.to_vec(),
                transmits,
            })
        };
        let kinds = match self.bind_type {
            BindType::Trx => vec![request(Pdu::BindTransceiver(bind), true)?],
            BindType::TxRx => vec![
                request(Pdu::BindTransmitter(bind), true)?,
                request(Pdu::BindReceiver(bind), false)?,
            ],
        };
        let count = self.binds.max(1) as usize * kinds.len();
        Ok(kinds.into_iter().cycle().take(count).collect())
    }

    /// The next step when nothing could be bound.
    fn advice(&self, report: &Report) -> String {
        let target = &report.target;
        let system_id = &self.system_id;
        match report.bind_refused.keys().next() {
            Some(status) => format!(
                "bindery load: {target} refused to bind {system_id}: {status}\n  Check --system-id and --password, and how many binds the account may have."
            ),
            None => format!(
                "bindery load: nothing to bind to at {target}\n  Is the gateway running? Start it with: bindery serve --demo"
            ),
        }
    }
}

/// Text of the given length that every alphabet has.
fn filler(length: usize) -> String {
    let words = "The quick brown fox jumps over the lazy dog. ";
    words.chars().cycle().take(length).collect()
}
