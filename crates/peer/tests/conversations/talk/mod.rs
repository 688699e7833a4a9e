//! Conversations as text.
//!
//! A script has stimuli, each followed by everything that happens because of it:
//!
//! ```text
//! <- PDU            the other side sends a PDU;  <-- PDU  likewise, with more glued to it
//! engine OUTPUT     the engine decided something
//! shell account     the credentials are those of the account;  shell refuses STATUS  they are not
//! shell drain       the process goes down;  shell disconnect  the connection is gone
//! shell retire      another bind takes the place of this one
//! +30s, +50ms       time passes
//!
//! flow ..  note ..  => INPUT of the engine  -> PDU to the other side
//! ```
//! The run writes the script anew, and both have to agree.

mod engine_words;
mod words;

use std::sync::Arc;
use std::time::Duration;

use engine::{Inputs, Origin, Output, Outputs};
use peer::carrier::Carrier;
use peer::customer::Customer;
use peer::{Account, Flow, Note, Notes, Profile};
use smpp::session::Settings;
use smpp::status::Status;
use sms::{Instant, Now, Wall};

/// 2026-11-21T12:00:00Z: when every conversation begins.
pub(crate) const START: Wall = Wall(1_795_262_400_000);

const AT: Origin = Origin {
    io: 1,
    slot: 2,
    generation: 3,
    sequence: 0,
};

/// Plays a conversation with a customer that has the account.
#[track_caller]
pub(crate) fn customer(account: Account, script: &str) {
    let now = start();
    let customer = Customer::new(AT, Settings::default(), now);
    Talk::new(Side::Customer(customer, Arc::new(account)), now).play(script);
}

/// Plays a conversation with a carrier of the profile. It starts with the bind.
#[track_caller]
pub(crate) fn carrier(profile: Profile, script: &str) {
    let now = start();
    let carrier = Carrier::new(AT, Arc::new(profile), now);
    Talk::new(Side::Carrier(carrier), now).play(script);
}

fn start() -> Now {
    Now {
        mono: Instant(1_000_000_000_000),
        wall: START,
    }
}

enum Side {
    Customer(Customer, Arc<Account>),
    Carrier(Carrier),
}

struct Talk {
    side: Side,
    now: Now,
    unread: Vec<u8>,
    inputs: Inputs,
    notes: Notes,
    transcript: Vec<String>,
}

impl Talk {
    fn new(side: Side, now: Now) -> Talk {
        Talk {
            side,
            now,
            unread: Vec::new(),
            inputs: Inputs::default(),
            notes: Notes::default(),
            transcript: Vec::new(),
        }
    }

    #[track_caller]
    fn play(mut self, script: &str) {
        let lines: Vec<&str> = script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        self.observe();
        for line in &lines {
            if self.stimulus(line) {
                self.observe();
            }
        }
        let (expected, played) = (lines.join("\n"), self.transcript.join("\n"));
        assert!(
            expected == played,
            "\n--- the script says\n{expected}\n--- it went\n{played}\n"
        );
    }

    /// Does what a line says, if it is a stimulus.
    fn stimulus(&mut self, line: &str) -> bool {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let time = verb.strip_prefix('+').map(duration);
        if time.is_none() && !matches!(verb, "<-" | "<--" | "engine" | "shell") {
            return false;
        }
        self.transcript.push(line.to_owned());
        match (verb, time) {
            (_, Some(time)) => self.pass(time),
            ("<-" | "<--", _) => {
                self.unread.extend(words::pdu_octets(rest));
                if verb == "<-" {
                    self.read();
                }
            }
            ("engine", _) => self.engine(rest),
            _ => self.shell(rest),
        }
        true
    }

    fn read(&mut self) {
        loop {
            let unread = std::mem::take(&mut self.unread);
            let mut octets = &unread[..];
            let (now, inputs, notes) = (self.now, &mut self.inputs, &mut self.notes);
            let flow = match &mut self.side {
                Side::Customer(customer, _) => customer.receive(now, &mut octets, inputs, notes),
                Side::Carrier(carrier) => carrier.receive(now, &mut octets, inputs, notes),
            };
            self.unread = octets.to_vec();
            let goes_on = matches!(flow, Flow::Bound(_));
            self.flow(&flow);
            if !goes_on {
                return;
            }
        }
    }

    fn engine(&mut self, rest: &str) {
        let mut batch = Outputs::default();
        engine_words::put_output(rest, AT, &mut batch);
        let outputs: Vec<Output> = batch.iter().copied().collect();
        for output in &outputs {
            match &mut self.side {
                Side::Customer(customer, _) => {
                    customer.output(self.now, output, &batch, &mut self.inputs);
                }
                Side::Carrier(carrier) => {
                    carrier.output(self.now, output, &batch, &mut self.inputs);
                }
            }
        }
        self.read_rest();
    }

    fn shell(&mut self, rest: &str) {
        let (now, inputs) = (self.now, &mut self.inputs);
        match (&mut self.side, rest.split_once(' ').unwrap_or((rest, ""))) {
            (Side::Customer(customer, account), ("account", _)) => {
                customer.authenticated(now, Ok(account.clone()), inputs);
            }
            (Side::Customer(customer, _), ("refuses", status)) => {
                let status = Status(words::number(status));
                customer.authenticated(now, Err(status.into()), inputs);
            }
            (Side::Customer(customer, _), ("drain", _)) => customer.drain(now),
            (Side::Carrier(carrier), ("drain", _)) => carrier.drain(now),
            (Side::Carrier(carrier), ("retire", _)) => carrier.retire(now, inputs),
            (Side::Customer(customer, _), ("disconnect", _)) => customer.ended(inputs),
            (Side::Carrier(carrier), ("disconnect", _)) => carrier.ended(inputs),
            _ => panic!("the shell cannot {rest}"),
        }
        self.read_rest();
    }

    /// What was left when reading stopped is offered again.
    fn read_rest(&mut self) {
        if !self.unread.is_empty() {
            self.read();
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(at) = self.deadline().filter(|&at| at <= end) {
            self.advance(at);
            let (now, inputs, notes) = (self.now, &mut self.inputs, &mut self.notes);
            let flow = match &mut self.side {
                Side::Customer(customer, _) => customer.timeout(now, inputs, notes),
                Side::Carrier(carrier) => carrier.timeout(now, inputs, notes),
            };
            let over = matches!(flow, Flow::Closed(_));
            self.flow(&flow);
            if over {
                break;
            }
        }
        self.advance(end);
    }

    fn advance(&mut self, to: Instant) {
        let passed = to.since(self.now.mono);
        self.now = Now {
            mono: to,
            wall: self.now.wall.plus(passed),
        };
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.side {
            Side::Customer(customer, _) => customer.deadline(),
            Side::Carrier(carrier) => carrier.deadline(),
        }
    }

    fn flow(&mut self, flow: &Flow) {
        let line = match flow {
            Flow::Incomplete => return,
            Flow::Paused => "flow paused".to_owned(),
            Flow::Authenticate(credentials) => format!(
                "flow authenticate {} {} {:?}",
                credentials.system_id().expect("text"),
                credentials.kind,
                credentials.version
            ),
            Flow::Called(calling) => format!("flow called {}", calling.system_id.escape_ascii()),
            Flow::Bound(version) => format!("flow bound {version:?}"),
            Flow::BindFailed(status) => format!("flow bind failed {:#04x}", status.0),
            Flow::Closed(reason) => format!("flow closed: {reason}"),
        };
        self.transcript.push(line);
    }

    /// Writes down everything that came of a stimulus.
    fn observe(&mut self) {
        for note in self.notes.drain() {
            self.transcript.push(note_line(&note));
        }
        for input in self.inputs.iter() {
            let line = engine_words::input_line(input, &self.inputs);
            self.transcript.push(format!("=> {line}"));
        }
        self.inputs.clear();
        let sent = match &mut self.side {
            Side::Customer(customer, _) => customer.transmit().split(),
            Side::Carrier(carrier) => carrier.transmit().split(),
        };
        for line in words::pdu_lines(&sent) {
            self.transcript.push(format!("-> {line}"));
        }
    }
}

fn note_line(note: &Note) -> String {
    match note {
        Note::Malformed {
            command,
            status,
            field,
        } => format!("note malformed {command} {:#04x} {field}", status.0),
        Note::Overlooked { command, warnings } => {
            format!("note overlooked {command} {warnings:?}")
        }
        Note::Refused {
            command,
            status,
            why,
        } => format!("note refused {command} {:#04x} {why}", status.0),
        Note::UnreadableReceipt { why } => format!("note unreadable receipt: {why}"),
        Note::PeerRefused { status } => format!("note peer refused {:#04x}", status.0),
        Note::Silent => "note silent".to_owned(),
        Note::Late => "note late".to_owned(),
        Note::Alert => "note alert".to_owned(),
        Note::Unencodable { field } => format!("note unencodable {field}"),
        Note::Unexpected { what } => format!("note unexpected {what}"),
    }
}

fn duration(text: &str) -> Duration {
    match text.strip_suffix("ms") {
        Some(ms) => Duration::from_millis(ms.parse().expect("milliseconds")),
        None => {
            let seconds = text.strip_suffix('s').expect("+3s or +3ms");
            Duration::from_secs(seconds.parse().expect("seconds"))
        }
    }
}
