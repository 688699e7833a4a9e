//! `bindery trace`: what a peer says and hears at this moment, from the running gateway.

mod pcapng;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use smpp::frame;

use super::decode::{Shown, Way, octets, time};
use super::parse;
use crate::exit;
use crate::trace::{Ended, Passed, SOCKET, Said, Wish};

const EXAMPLES: &str = "\
Examples:
  bindery trace --customer demo
      Every PDU of a customer for a minute, also of one whose binds are refused
  bindery trace --number 447700901234 --for 10m
      Messages to, from and about a number, on both sides of the gateway, and the answers to them
  bindery trace --carrier north --write north.pcapng
      For Wireshark, or for bindery decode --pcap; also what went through TLS
  bindery trace --bind 192.0.2.7:51312 --json | jq 'select(.status == \"ESME_RTHROTTLED\")'
      One bind, by the address that the log calls remote, as one JSON object for each PDU
Texts and the last digits of numbers are hidden unless you say --text and the configuration says trace_texts = true.
Passwords are never shown. Traffic is never held up: what comes too fast is left out, and counted at the end.";

/// Watch what peers say and hear.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The data directory of the gateway
    #[arg(long, value_name = "DIR", default_value = "bindery-data")]
    data_dir: PathBuf,
    /// Only this customer, by its system_id
    #[arg(long, value_name = "NAME", conflicts_with = "carrier")]
    customer: Option<String>,
    /// Only this connector
    #[arg(long, value_name = "NAME")]
    carrier: Option<String>,
    /// Only the bind from, or to, this address
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<SocketAddr>,
    /// Only what has an address that ends in these digits, and the answers to it
    #[arg(long, value_name = "DIGITS", value_parser = number)]
    number: Option<String>,
    /// For how long, at most 24h
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = parse::duration)]
    time: Duration,
    /// How much at most, in octets of PDUs
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = parse::size)]
    max: u64,
    /// Texts and whole numbers too; the configuration has to allow it
    #[arg(long)]
    text: bool,
    /// One JSON object for each PDU
    #[arg(long, conflicts_with = "write")]
    json: bool,
    /// Into a file in the form pcapng instead
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// A number, or how it ends.
fn number(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    match digits.len() {
        1..=20 if digits.bytes().all(|octet| octet.is_ascii_digit()) => Ok(digits.to_owned()),
        _ => Err("give a number in digits, or its last digits".to_owned()),
    }
}

/// Watches. Ends with 0, or with 2 if nothing could be watched or written.
pub(crate) fn run(args: &Args) -> ExitCode {
    match watch(args) {
        Ok(ended) => {
            super::complain(&ended_line(&ended));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            super::complain(&format!("bindery trace: {problem}"));
            exit::cannot_start()
        }
    }
}

fn watch(args: &Args) -> Result<Ended, String> {
    let path = args.data_dir.join(SOCKET);
    let unreachable = |error: io::Error| {
        let path = path.display();
        format!("no gateway answers at {path}: {error}; name its data directory with --data-dir")
    };
    let mut stream = UnixStream::connect(&path).map_err(unreachable)?;
    let wish = serde_json::to_string(&args.wish()).expect("text and numbers");
    stream
        .write_all(format!("{wish}\n").as_bytes())
        .map_err(unreachable)?;
    let mut lines = BufReader::new(stream).lines();
    let mut next = || match lines.next() {
        Some(Ok(line)) => serde_json::from_str(&line).map_err(|error| error.to_string()),
        Some(Err(error)) => Err(unreachable(error)),
        None => Err("the gateway has gone".to_owned()),
    };
    match next()? {
        Said::Begun => {}
        Said::Refused(why) => return Err(why),
        Said::Pdu(_) | Said::Ended(_) => return Err("the gateway is of another version".to_owned()),
    }
    // Only what will be written may take the place of an earlier file.
    let mut show = Show::new(args)?;
    super::complain(&format!("watching for {:?}; Ctrl-C ends it", args.time));
    loop {
        match next()? {
            Said::Pdu(passed) => show.pdu(&passed)?,
            Said::Ended(ended) => return Ok(ended),
            Said::Begun | Said::Refused(_) => {}
        }
    }
}

impl Args {
    fn wish(&self) -> Wish {
        Wish {
            customer: self.customer.clone(),
            carrier: self.carrier.clone(),
            bind: self.bind,
            number: self.number.clone(),
            text: self.text,
            time: self.time,
            octets: self.max,
        }
    }
}

fn ended_line(ended: &Ended) -> String {
    let Ended { why, pdus, dropped } = ended;
    let dropped = match dropped {
        0 => String::new(),
        n => {
            format!("; {n} times something was left out, because it came faster than it was taken")
        }
    };
    format!("{pdus} PDUs; ended because {why}{dropped}")
}

/// Where the PDUs go.
enum Show {
    Paragraphs,
    Json,
    Capture(PathBuf, pcapng::Capture<BufWriter<File>>),
}

impl Show {
    fn new(args: &Args) -> Result<Show, String> {
        let Some(path) = &args.write else {
            return Ok(if args.json {
                Show::Json
            } else {
                Show::Paragraphs
            });
        };
        File::create(path)
            .and_then(|file| pcapng::Capture::new(BufWriter::new(file)))
            .map(|capture| Show::Capture(path.clone(), capture))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    fn pdu(&mut self, passed: &Passed) -> Result<(), String> {
        let octets = octets(&passed.octets)?;
        if let Show::Capture(path, capture) = self {
            return capture
                .pdu(passed.at, passed.from, passed.to, &octets)
                .map_err(|error| format!("{}: {error}", path.display()));
        }
        let Ok(Some(frame)) = frame::split(&mut &octets[..], usize::MAX) else {
            return Err("the gateway is of another version".to_owned());
        };
        let way = Way {
            time: Some(time(passed.at / 1000, passed.at % 1000 * 1000)),
            peer: passed.peer.clone(),
            from: Some(passed.from),
            to: Some(passed.to),
        };
        let shown = Shown::of(&frame, way);
        super::print(&match self {
            Show::Json => serde_json::to_string(&shown).expect("text and numbers"),
            _ => shown.paragraph(),
        });
        Ok(())
    }
}
