//! `bindery sink`: a fast message centre to test against, and the simulated carrier of the demo. It takes every bind,
//! answers, sends receipts, and misbehaves as asked.

mod behaviour;
mod duplicates;
mod ids;
mod memory;
mod receipt;
mod reply;
mod report;
mod server;
mod session;

use std::io;
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use smpp::status::Status;

pub(crate) use behaviour::{Behaviour, Receipts};
pub(crate) use ids::IdFormat;
pub(crate) use report::Line;
pub(crate) use report::Report;
pub(crate) use server::Sink;

use super::parse;
use super::reactor::Stopper;
use super::usage::raise_open_files;

const EXAMPLES: &str = "\
Examples:
  bindery sink
      Takes everybody on 127.0.0.1:2790, answers at once, delivers after 1 s
  bindery serve --demo --carrier smpp://any:any@127.0.0.1:2790?window=1000
      Makes it the gateway's carrier
  bindery sink --delay 80ms --receipt-delay 5s --fail-ratio RSYSERR=1% --fail-ratio 0x0B=0.5%
      A slow carrier that refuses some
  bindery sink --throttle-above 100 --id-format hex-response-decimal-receipt --odd
      A strict carrier with its own ideas of the specification
  bindery sink --never-answer 0.1% --receipts twice --check-duplicates 10M --stats --json
      Loses answers, repeats receipts, and counts what comes twice";

/// A fast message centre to test against.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one and says which
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2790")]
    pub(crate) listen: String,
    /// Take only this system_id, with --password (default: anybody)
    #[arg(long, value_name = "ID", requires = "password")]
    pub(crate) system_id: Option<String>,
    /// The password that goes with --system-id
    #[arg(long, value_name = "WORD", requires = "system_id")]
    pub(crate) password: Option<String>,
    /// Time from a submit to its response
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = parse::duration)]
    pub(crate) delay: Duration,
    /// Which receipts to send to those who ask
    #[arg(long, value_enum, default_value_t = Receipts::Final)]
    pub(crate) receipts: Receipts,
    /// Time from a submit to its receipt
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse::duration)]
    pub(crate) receipt_delay: Duration,
    /// Refuse a share of submits with a status, such as RSYSERR=1% (repeatable)
    #[arg(long, value_name = "STATUS=SHARE", value_parser = status_share)]
    pub(crate) fail_ratio: Vec<(Status, f64)>,
    /// Never answer this share of submits, though they are delivered
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse::ratio)]
    pub(crate) never_answer: f64,
    /// Answer RTHROTTLED above this many submits a second
    #[arg(long, value_name = "RATE", value_parser = parse::count)]
    pub(crate) throttle_above: Option<u64>,
    /// How message ids are written
    #[arg(long, value_enum, default_value_t = IdFormat::Decimal)]
    pub(crate) id_format: IdFormat,
    /// Send receipts in the odd forms of real carriers, ten of them in turn
    #[arg(long)]
    pub(crate) odd: bool,
    /// Receipts in flight on each bind
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) window: usize,
    /// Receipts that may wait; beyond that RMSGQFUL
    #[arg(long, value_name = "N", default_value = "4M", value_parser = parse::count)]
    pub(crate) waiting_max: u64,
    /// Count messages that come twice, among the last N
    #[arg(long, value_name = "N", value_parser = parse::count)]
    pub(crate) check_duplicates: Option<u64>,
    /// Play the magic numbers of the demo for binds with this system_id
    #[arg(long, value_name = "ID")]
    pub(crate) magic: Option<String>,
    /// What shares are drawn with; the same seed draws the same
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Stop after this time (default: when told to)
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) duration: Option<Duration>,
    /// A line every second
    #[arg(long)]
    pub(crate) stats: bool,
    /// The totals as JSON at the end
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the sink until SIGINT, SIGTERM or `--duration`. Ends with 2 if it cannot listen.
pub(crate) fn run(args: &Args) -> ExitCode {
    raise_open_files();
    match serve(args) {
        Ok(report) => {
            super::print(&summary(args.json, &report));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let address = &args.listen;
            super::complain(&format!(
                "bindery sink: cannot listen on {address}: {error}\n  Is another sink running? Choose another address with --listen HOST:PORT."
            ));
            ExitCode::from(2)
        }
    }
}

fn serve(args: &Args) -> io::Result<Report> {
    let listener = TcpListener::bind(&args.listen)?;
    let sink = Sink::new(listener, args.behaviour())?;
    super::print(&format!("bindery sink ready smpp={}", sink.local_addr()?));
    let (_stopper, ear) = Stopper::with_signals()?;
    let mut before: Option<Report> = None;
    sink.run(ear, args.duration, |now| {
        if args.stats {
            let line = Line {
                before: before.as_ref(),
                now,
            };
            super::complain(&line.to_string());
        }
        before = Some(now.clone());
    })
}

fn summary(json: bool, report: &Report) -> String {
    if json {
        return serde_json::to_string(report).expect("numbers and names");
    }
    Line {
        before: None,
        now: report,
    }
    .to_string()
}

impl Args {
    /// The same as a behaviour.
    pub(crate) fn behaviour(&self) -> Behaviour {
        Behaviour {
            credentials: self.system_id.clone().zip(self.password.clone()),
            delay: self.delay,
            receipts: self.receipts,
            receipt_delay: self.receipt_delay,
            failures: self.fail_ratio.clone(),
            never_answer: self.never_answer,
            throttle_above: self.throttle_above,
            id_format: self.id_format,
            odd: self.odd,
            window: self.window.max(1),
            waiting_max: self.waiting_max as usize,
            magic: self.magic.clone(),
            duplicates_among: self.check_duplicates.map(|among| among.max(1) as usize),
            memory: None,
            seed: self.seed,
        }
    }
}

fn status_share(text: &str) -> Result<(Status, f64), String> {
    let (status, share) = text
        .split_once('=')
        .ok_or("give a status and a share, such as RSYSERR=1%")?;
    Ok((parse::status(status)?, parse::ratio(share)?))
}
