//! `bindery listen`: binds as receiver and prints what comes, receipts and messages alike.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use smpp::pdu::{Pdu, SmResp};
use smpp::receipt;
use smpp::session::{BindKind, Event, Session};
use smpp::status;
use smpp::tlv::Tlvs;
use sms::{Address, UDHI, udh};

use super::client::{Client, Problem, Target};
use super::parse;
use super::reactor::Stopper;
use super::text;
use crate::clock::Clock;

/// Without anything to do it is looked around this often.
const LOOK: Duration = Duration::from_secs(1);

const EXAMPLES: &str = "\
Examples:
  bindery listen
      Everything for the demo's account, until Ctrl-C
  bindery listen --json --count 10
      Ten messages or receipts as JSON lines
  bindery listen --connect smsc.example.com:2776 --tls --system-id me --password secret --duration 1h
      Another server, with TLS, for an hour
To see one come: bindery send --to 447700900009 \"hello\" (the demo's subscriber replies)";

/// Print messages and receipts as they come.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Bind as a transceiver, for servers that permit no receivers
    #[arg(long)]
    pub(crate) trx: bool,
    /// Stop after so many
    #[arg(long, value_name = "N", value_parser = parse::count)]
    pub(crate) count: Option<u64>,
    /// Stop after so long
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) duration: Option<Duration>,
    /// One JSON object for each
    #[arg(long)]
    pub(crate) json: bool,
}

/// What came.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Arrival {
    /// UTC.
    pub(crate) time: String,
    /// `message` or `receipt`.
    pub(crate) kind: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    /// The word of a receipt.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) err: String,
    /// Which part of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<(u8, u8)>,
    /// Hexadecimal, if it is no text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
}

/// Listens. Ends with 0 when it was told to or has seen enough, 1 if the connection ended, 2 if there was no bind.
pub(crate) fn run(args: &Args) -> ExitCode {
    let json = args.json;
    let result = listen(args, &mut |arrival| {
        super::print(&match json {
            true => serde_json::to_string(arrival).expect("text and numbers"),
            false => arrival.line(),
        });
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            super::complain(&format!("bindery listen: {problem}"));
            match problem {
                Problem::Ended(_) => ExitCode::FAILURE,
                _ => ExitCode::from(2),
            }
        }
    }
}

/// Binds, and tells `show` what comes.
pub(crate) fn listen(args: &Args, show: &mut dyn FnMut(&Arrival)) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::Ended(error.to_string());
    let (_stopper, ear) = Stopper::with_signals().map_err(failed)?;
    let kind = match args.trx {
        true => BindKind::Transceiver,
        false => BindKind::Receiver,
    };
    let mut client = Client::bind(&args.target, kind, 1, ear)?;
    if !args.json {
        let target = &args.target;
        super::complain(&format!(
            "Listening as {} at {}; Ctrl-C ends it.",
            target.system_id, target.connect
        ));
    }
    let clock = Clock::start();
    let end = args.duration.map(|duration| client.now() + duration);
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 && !client.stopped() && end.is_none_or(|end| client.now() < end) {
        let wait = end.map_or(LOOK, |end| end.since(client.now()).min(LOOK));
        client.turn(wait, &mut |session, event| {
            if let Event::Request { sequence, pdu, .. } = event
                && let Some(mut arrival) = take(session, sequence, &pdu)
            {
                arrival.time = time(&clock);
                show(&arrival);
                left -= 1;
            }
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })?;
    }
    client.unbind();
    Ok(())
}

/// Answers a request; what it brought.
fn take(session: &mut Session, sequence: u32, pdu: &Pdu<'_>) -> Option<Arrival> {
    let response = SmResp {
        body_present: true,
        ..SmResp::default()
    };
    match pdu {
        Pdu::DeliverSm(sm) => {
            session.respond(sequence, status::OK, &Pdu::DeliverSmResp(response));
            let text = sm.tlvs.message_payload().unwrap_or(sm.short_message);
            let told = (sm.esm_class, sm.data_coding, text, sm.tlvs);
            Some(Arrival::new(sm.source, sm.destination, told))
        }
        Pdu::DataSm(sm) => {
            session.respond(sequence, status::OK, &Pdu::DataSmResp(response));
            let text = sm.tlvs.message_payload().unwrap_or_default();
            let told = (sm.esm_class, sm.data_coding, text, sm.tlvs);
            Some(Arrival::new(sm.source, sm.destination, told))
        }
        // It has no response.
        Pdu::AlertNotification(_) => None,
        _ => {
            session.refuse(sequence, status::RINVCMDID);
            None
        }
    }
}

/// `esm_class`, `data_coding`, text and TLVs.
type Told<'a> = (u8, u8, &'a [u8], Tlvs<'a>);

impl Arrival {
    fn new(source: Address<'_>, destination: Address<'_>, told: Told<'_>) -> Arrival {
        let (esm_class, data_coding, text, tlvs) = told;
        let name = |address: Address<'_>| String::from_utf8_lossy(address.digits).into_owned();
        let arrival = Arrival {
            kind: "message",
            from: name(source),
            to: name(destination),
            ..Arrival::default()
        };
        let receipt = receipt::is_receipt(esm_class, &tlvs)
            .then(|| receipt::read(text, &tlvs))
            .flatten();
        if let Some(receipt) = receipt {
            let word = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
            let state = receipt.state.map(|state| state.word().to_owned());
            return Arrival {
                kind: "receipt",
                id: word(receipt.id),
                state: state.unwrap_or_else(|| word(receipt.stat)),
                err: word(receipt.err),
                ..arrival
            };
        }
        let header = (esm_class & UDHI != 0).then(|| udh::split(text));
        let place = match header {
            Some(Ok((header, _))) => header.concatenation(),
            _ => None,
        };
        Arrival {
            part: place.map(|place| (place.sequence, place.total)),
            text: text::readable(esm_class, data_coding, text),
            ..arrival
        }
    }

    /// For people.
    fn line(&self) -> String {
        let mut line = format!("{}  {}  {} > {}", self.time, self.kind, self.from, self.to);
        if self.kind == "receipt" {
            let _ = write!(line, "  {}  {}", self.id, self.state);
            if !matches!(self.err.as_str(), "" | "000") {
                let _ = write!(line, "  err {}", self.err);
            }
            return line;
        }
        if let Some((part, total)) = self.part {
            let _ = write!(line, "  part {part} of {total}");
        }
        // A text may hold what would move the cursor of the terminal.
        let shown = self.text.replace(char::is_control, " ");
        let _ = write!(line, "  {shown}");
        line
    }
}

fn time(clock: &Clock) -> String {
    let now = clock.now().wall.civil();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        now.year, now.month, now.day, now.hour, now.minute, now.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Address<'_> = Address {
        ton: 1,
        npi: 1,
        digits: b"447700901234",
    };

    #[test]
    fn a_receipt_is_told_from_a_message() {
        let text = b"id:42 sub:001 dlvrd:000 submit date:2601010000 done date:2601010000 stat:UNDELIV err:001 text:";
        let receipt = Arrival::new(HERE, HERE, (0x04, 0, text, Tlvs::EMPTY));
        assert_eq!(
            (receipt.kind, &receipt.id[..], &receipt.state[..]),
            ("receipt", "42", "UNDELIV")
        );
        assert!(receipt.line().ends_with("42  UNDELIV  err 001"));
        let message = Arrival::new(HERE, HERE, (0, 0, text, Tlvs::EMPTY));
        assert_eq!(message.kind, "message");
    }

    #[test]
    fn a_text_is_read_in_its_alphabet_and_what_is_none_is_shown_in_hex() {
        let text = |data_coding, octets| {
            Arrival::new(HERE, HERE, (0, data_coding, octets, Tlvs::EMPTY)).text
        };
        assert_eq!(text(0, &[0x1B, 0x65]), "\u{20ac}");
        assert_eq!(text(8, &[0x04, 0x36]), "\u{436}");
        assert_eq!(text(4, &[1, 0xAB]), "01ab");
    }

    #[test]
    fn a_part_says_which_it_is_and_cannot_move_the_cursor() {
        let octets = [5, 0, 3, 9, 3, 2, b'h', b'i', 0x0A];
        let part = Arrival::new(HERE, HERE, (0x40, 0, &octets, Tlvs::EMPTY));
        assert_eq!((part.part, &part.text[..]), (Some((2, 3)), "hi\n"));
        assert!(part.line().ends_with("part 2 of 3  hi "));
    }
}
