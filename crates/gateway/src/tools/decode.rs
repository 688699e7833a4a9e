//! `bindery decode`: octets of SMPP as a person reads them, from hexadecimal digits or from a capture of a network.

mod capture;
mod shown;
mod stream;

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use smpp::frame;

pub(crate) use capture::time;
pub(crate) use shown::{Shown, Way};

const EXAMPLES: &str = "\
Examples:
  bindery decode 00000010000000150000000000000009
      One PDU; several may stand behind each other
  bindery decode < pdus.txt
      Hexadecimal digits from a file or another program; spaces, colons and 0x do not matter
  bindery decode --pcap trace.pcapng
      Every PDU in a capture, on whatever port; what is inside TLS cannot be read
  bindery decode --pcap trace.pcap --json | jq 'select(.status == \"ESME_RTHROTTLED\")'
      One JSON object for each PDU
Passwords are never shown. Exit status 1 means that something could not be read.";

/// Show what PDUs say.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// PDUs in hexadecimal; without them they are read from standard input
    #[arg(value_name = "HEX", conflicts_with = "pcap")]
    hex: Vec<String>,
    /// A capture: pcap or pcapng, Ethernet, Linux cooked or raw IP
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// One JSON object for each PDU
    #[arg(long)]
    json: bool,
    /// Leave the texts of messages out
    #[arg(long)]
    hide_text: bool,
}

/// Decodes. Ends with 0, or 1 if some octets are no PDU, or 2 if nothing could be read at all.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut show = |shown: Shown| {
        let shown = match args.hide_text {
            true => shown.without_text(),
            false => shown,
        };
        super::print(&match args.json {
            true => serde_json::to_string(&shown).expect("text and numbers"),
            false => shown.paragraph(),
        });
    };
    let result = match &args.pcap {
        Some(path) => File::open(path)
            .map_err(|error| error.to_string())
            .and_then(|file| capture::read(file, &mut show))
            .map_err(|error| format!("{}: {error}", path.display())),
        None => digits(args).and_then(|octets| read_octets(&octets, &mut show)),
    };
    match result {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(trouble)) => {
            super::complain(&format!("bindery decode: {trouble}"));
            ExitCode::FAILURE
        }
        Err(problem) => {
            super::complain(&format!("bindery decode: {problem}"));
            ExitCode::from(2)
        }
    }
}

/// What could not be read, if anything.
type Trouble = Option<String>;

/// The octets that the digits on the command line or on standard input stand for.
fn digits(args: &Args) -> Result<Vec<u8>, String> {
    let mut text = args.hex.concat();
    if args.hex.is_empty() {
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| format!("standard input: {error}"))?;
    }
    octets(&text)
}

/// Octets from hexadecimal digits, in pairs, with what people put between them.
pub(crate) fn octets(text: &str) -> Result<Vec<u8>, String> {
    const BETWEEN: [char; 4] = [':', ',', '-', '_'];
    let text = text.replace("0x", "");
    let mut octets = Vec::new();
    let mut high = None;
    for letter in text.chars() {
        let Some(digit) = letter.to_digit(16) else {
            if letter.is_whitespace() || BETWEEN.contains(&letter) {
                continue;
            }
            return Err(format!(
                "{letter:?} is no hexadecimal digit; give PDUs as hexadecimal digits, or a capture with --pcap"
            ));
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) => octets.push((high << 4 | digit) as u8),
        }
    }
    match high {
        None if octets.is_empty() => Err("nothing to decode; give hexadecimal digits".to_owned()),
        None => Ok(octets),
        Some(_) => Err("an odd number of hexadecimal digits; one is missing".to_owned()),
    }
}

/// Shows all PDUs in `octets`, and says what is left of them.
fn read_octets(mut octets: &[u8], show: &mut dyn FnMut(Shown)) -> Result<Trouble, String> {
    let whole = octets.len();
    loop {
        let at = whole - octets.len();
        match frame::split(&mut octets, frame::CAP_BOUND) {
            Ok(Some(frame)) => show(Shown::of(&frame, Way::default())),
            Ok(None) if octets.is_empty() => return Ok(None),
            Ok(None) => {
                let (missing, len) = (missing(octets), octets.len());
                return Ok(Some(format!(
                    "the {len} octets from octet {at} on are the beginning of a PDU; {missing} are missing"
                )));
            }
            Err(bad) => {
                return Ok(Some(format!(
                    "octet {at}: a command_length of {} is none; nothing behind it can be read",
                    bad.length
                )));
            }
        }
    }
}

/// Octets that the PDU at the front of `octets` lacks.
fn missing(octets: &[u8]) -> usize {
    let length = octets.first_chunk().map_or(frame::HEADER_LENGTH, |length| {
        u32::from_be_bytes(*length) as usize
    });
    length.saturating_sub(octets.len())
}

/// The PDUs in a capture, as they are shown to people.
#[cfg(test)]
pub(crate) fn paragraphs(capture: &[u8]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let file = std::io::Cursor::new(capture.to_vec());
    capture::read(file, &mut |shown| all.push(shown.paragraph()))?;
    Ok(all)
}

#[cfg(test)]
mod tests;
