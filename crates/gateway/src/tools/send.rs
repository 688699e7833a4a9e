//! `bindery send`: sends one message, or one for each line of standard input, and says what became of each.

mod message;
mod outcome;

use std::io::{BufRead, BufReader, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use smpp::session::BindKind;

use super::client::{Client, Problem, Target};
use super::parse;
use super::reactor::Stopper;
pub(crate) use message::sender;
use message::{Message, Order};
pub(crate) use outcome::Outcome;
use outcome::Tracker;

/// Lines that are read ahead of the sending.
const READ_AHEAD: usize = 1000;

/// While standard input is open it is looked at this often.
const LOOK: Duration = Duration::from_millis(10);

const EXAMPLES: &str = "\
Examples:
  bindery send --to 447700901234 \"Hello\"
      One message through the demo; waits for its receipt
  printf '447700901234\\tHello\\n447700905678\\tGood day\\n' | bindery send
      One message for each line: number, tab, text
  bindery send --to 447700901234 --from Bindery --no-receipt --json \"It's 5 \u{20ac}\"
      Ends as soon as it is accepted; prints JSON
  bindery send --connect smsc.example.com:2776 --tls --system-id me --password secret --to 447700901234 \"Hello\"
      Through another server, with TLS";

/// Send messages, and wait for their receipts.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The text; without --to, lines of number, tab and text are read from standard input
    #[arg(requires = "to")]
    pub(crate) text: Option<String>,
    /// Whom to send to, in international form
    #[arg(long, value_name = "NUMBER", requires = "text")]
    pub(crate) to: Option<String>,
    /// The sender: a number, or a name of at most 11 characters
    #[arg(long, value_name = "ADDRESS", default_value = "12345")]
    pub(crate) from: String,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Show on the screen at once and do not store it (message class 0)
    #[arg(long)]
    pub(crate) flash: bool,
    /// Do not ask for receipts
    #[arg(long)]
    pub(crate) no_receipt: bool,
    /// How long to wait for answers and receipts after the last message
    #[arg(long, value_name = "TIME", default_value = "75s", value_parser = parse::duration)]
    pub(crate) wait: Duration,
    /// Messages in flight
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) window: u16,
    /// One JSON object for each message
    #[arg(long)]
    pub(crate) json: bool,
}

/// Sends. Ends with 0 if every message came to a good end, 1 if not, 2 if there was no bind.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut printer = Printer::new(args);
    let result = args
        .source()
        .and_then(|source| send(args, source, &mut |outcome| printer.show(outcome)));
    printer.bar.finish_and_clear();
    match result {
        Ok(()) if printer.failed == 0 => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(problem) => {
            super::complain(&format!("bindery send: {problem}"));
            match problem {
                Problem::Ended(_) => ExitCode::FAILURE,
                _ => ExitCode::from(2),
            }
        }
    }
}

/// Sends everything there is, and tells `done` what became of each message.
pub(crate) fn send(
    args: &Args,
    mut source: Source,
    done: &mut dyn FnMut(&Outcome),
) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::Ended(error.to_string());
    let (_stopper, ear) = Stopper::with_signals().map_err(failed)?;
    let mut client = Client::bind(&args.target, BindKind::Transceiver, args.window, ear)?;
    let mut tracker = Tracker::new(!args.no_receipt);
    let mut end = None;
    loop {
        while tracker.has_room() {
            match source.next(args) {
                Next::Message(message) => tracker.add(message, client.now()),
                Next::Wrong(outcome) => done(&outcome),
                Next::Later => break,
                Next::End => {
                    end.get_or_insert(client.now() + args.wait);
                    break;
                }
            }
        }
        let now = client.now();
        tracker.submit(now, client.session());
        let late = client.stopped() || end.is_some_and(|end| now >= end);
        if late {
            tracker.give_up();
        }
        while let Some(outcome) = tracker.finished(now) {
            done(&outcome);
        }
        if end.is_some() && tracker.is_empty() || client.stopped() {
            break;
        }
        let wait = if end.is_some() { LOOK * 10 } else { LOOK };
        let result = client.turn(wait, &mut |session, event| {
            tracker.take(session, event);
            ControlFlow::Continue(())
        });
        if result.is_err() {
            tracker.give_up();
            while let Some(outcome) = tracker.finished(now) {
                done(&outcome);
            }
            return result;
        }
    }
    client.unbind();
    Ok(())
}

impl Args {
    fn order(&self) -> Order<'_> {
        Order {
            from: &self.from,
            receipt: !self.no_receipt,
            flash: self.flash,
        }
    }

    /// The message on the command line, or the lines of standard input.
    pub(crate) fn source(&self) -> Result<Source, Problem> {
        let Some((to, text)) = self.to.as_ref().zip(self.text.as_ref()) else {
            if std::io::stdin().is_terminal() {
                super::complain(
                    "Reading lines of number, tab and text; end with Ctrl-D. To send one message: bindery send --to NUMBER TEXT",
                );
            }
            return Ok(Source::Lines(read_lines(BufReader::new(std::io::stdin()))));
        };
        let message = self.order().message(to, text).map_err(Problem::Asked)?;
        Ok(Source::One(Some(message)))
    }
}

/// Where messages come from.
pub(crate) enum Source {
    /// The command line.
    One(Option<Message>),
    /// Lines with their numbers.
    Lines(Receiver<(u64, String)>),
}

enum Next {
    Message(Message),
    /// A line that cannot be sent.
    Wrong(Outcome),
    /// Nothing yet.
    Later,
    End,
}

impl Source {
    fn next(&mut self, args: &Args) -> Next {
        let lines = match self {
            Source::One(message) => {
                return message.take().map_or(Next::End, Next::Message);
            }
            Source::Lines(lines) => lines,
        };
        let (number, line) = match lines.try_recv() {
            Ok(line) => line,
            Err(TryRecvError::Empty) => return Next::Later,
            Err(TryRecvError::Disconnected) => return Next::End,
        };
        let (to, text) = line.split_once('\t').unwrap_or((&line, ""));
        let result = match line.contains('\t') {
            true => args.order().message(to, text),
            false => Err("there is no tab between number and text".to_owned()),
        };
        match result {
            Ok(message) => Next::Message(message),
            Err(why) => Next::Wrong(Outcome::not_sent(to, format!("line {number}: {why}"))),
        }
    }
}

/// Reads lines in a thread of its own, because a file cannot be waited for together with a socket on every system.
pub(crate) fn read_lines(lines: impl BufRead + Send + 'static) -> Receiver<(u64, String)> {
    let (send, receive) = sync_channel(READ_AHEAD);
    std::thread::spawn(move || {
        for (number, line) in (1..).zip(lines.lines()) {
            let Ok(line) = line else { return };
            if !line.trim().is_empty() && send.send((number, line)).is_err() {
                return;
            }
        }
    });
    receive
}

/// Prints outcomes as they come.
struct Printer {
    json: bool,
    first: bool,
    failed: u64,
    bar: ProgressBar,
}

impl Printer {
    fn new(args: &Args) -> Printer {
        let many = args.to.is_none() && std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            None,
            if many {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        let style = ProgressStyle::with_template("{spinner} {pos} done  {per_sec}  {msg}");
        bar.set_style(style.expect("a template that is part of the program"));
        Printer {
            json: args.json,
            first: true,
            failed: 0,
            bar,
        }
    }

    fn show(&mut self, outcome: &Outcome) {
        self.failed += u64::from(!outcome.good);
        self.bar.inc(1);
        if self.failed > 0 {
            self.bar.set_message(format!("{} failed", self.failed));
        }
        let header = std::mem::take(&mut self.first) && !self.json;
        self.bar.suspend(|| {
            if header {
                super::print(outcome::HEADER);
            }
            super::print(&match self.json {
                true => serde_json::to_string(outcome).expect("text and numbers"),
                false => outcome.to_string(),
            });
        });
    }
}
