//! What becomes of messages between the sending and the last receipt.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use smpp::pdu::{Pdu, SmResp};
use smpp::receipt;
use smpp::session::{Event, RequestError, Session};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use sms::{Instant, State};

use super::message::Message;
use crate::tools::due::Due;

/// Messages that are under way at once; more are not read from the input.
const UNDER_WAY_MAX: usize = 10_000;

/// Receipts that came before their response.
const EARLY_MAX: usize = 1_000;

/// After a refusal for want of room or pace it is tried again, so often and after so long.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

/// The head of the table.
pub(crate) const HEADER: &str = "TO                RESULT      AFTER  PARTS  ID";

/// What became of one message.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) to: String,
    /// `DELIVRD` and the other words of receipts; `accepted` without a receipt; otherwise why there is none.
    pub(crate) result: String,
    /// The network's code in the receipt.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) err: String,
    pub(crate) parts: usize,
    /// Of its parts.
    pub(crate) ids: Vec<String>,
    pub(crate) seconds: f64,
    /// Delivered, or accepted if no receipt was asked for.
    pub(crate) good: bool,
}

/// Messages that are under way.
pub(crate) struct Tracker {
    receipts: bool,
    next: u64,
    messages: BTreeMap<u64, Entry>,
    /// Parts that are to be submitted.
    queue: VecDeque<Part>,
    /// Parts that are to be submitted again.
    again: Due<Part>,
    by_id: BTreeMap<Vec<u8>, Part>,
    early: BTreeMap<Vec<u8>, (State, String)>,
    /// Messages whose last part has ended.
    done: VecDeque<u64>,
    now: Instant,
}

/// One part of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Part {
    message: u64,
    part: u8,
}

struct Entry {
    message: Message,
    since: Instant,
    ids: Vec<Option<String>>,
    /// Of each part.
    ends: Vec<Option<End>>,
    /// Parts that have not ended.
    open: usize,
    tries: u32,
}

/// How one part ended; the later, the worse.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum End {
    Delivered,
    Accepted,
    Otherwise { word: String, err: String },
}

impl Tracker {
    pub(crate) fn new(receipts: bool) -> Tracker {
        Tracker {
            receipts,
            next: 0,
            messages: BTreeMap::new(),
            queue: VecDeque::new(),
            again: Due::new(PAUSE),
            by_id: BTreeMap::new(),
            early: BTreeMap::new(),
            done: VecDeque::new(),
            now: Instant(0),
        }
    }

    /// False while so much is under way that no more should be read.
    pub(crate) fn has_room(&self) -> bool {
        self.messages.len() < UNDER_WAY_MAX
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn add(&mut self, message: Message, now: Instant) {
        let number = self.next;
        self.next += 1;
        let parts = message.parts();
        for part in 0..parts {
            self.queue.push_back(Part {
                message: number,
                part: part as u8,
            });
        }
        let entry = Entry {
            message,
            since: now,
            ids: vec![None; parts],
            ends: vec![None; parts],
            open: parts,
            tries: 0,
        };
        self.messages.insert(number, entry);
    }

    /// Submits as much as the window takes.
    pub(crate) fn submit(&mut self, now: Instant, session: &mut Session) {
        self.now = now;
        while let Some(part) = self.again.pop(now) {
            self.queue.push_back(part);
        }
        while let Some(&part) = self.queue.front() {
            let Some(entry) = self.messages.get(&part.message) else {
                self.queue.pop_front();
                continue;
            };
            let pdu = Pdu::SubmitSm(entry.message.part(usize::from(part.part)));
            match session.request(now, &pdu, part.token()) {
                Ok(_) => {
                    self.queue.pop_front();
                }
                Err(RequestError::WindowFull | RequestError::NotBound) => return,
                Err(RequestError::Unencodable(error)) => {
                    self.queue.pop_front();
                    self.end(part, End::otherwise(&error.to_string()));
                }
            }
        }
    }

    /// Takes what the session has to say.
    pub(crate) fn take(&mut self, session: &mut Session, event: Event<'_>) {
        match event {
            Event::Response {
                token, status, pdu, ..
            } => self.answered(Part::from_token(token), status, &pdu),
            Event::Expired { token } => {
                self.end(Part::from_token(token), End::otherwise("no answer"));
            }
            Event::Request { sequence, pdu, .. } => self.requested(session, sequence, &pdu),
            // The connection's own affairs, which the client sees to.
            _ => {}
        }
    }

    fn answered(&mut self, part: Part, status: Status, pdu: &Pdu<'_>) {
        let Some(entry) = self.messages.get_mut(&part.message) else {
            return;
        };
        let later = matches!(status, status::RTHROTTLED | status::RMSGQFUL);
        if later && entry.tries < TRIES {
            entry.tries += 1;
            return self.again.push(self.now, PAUSE, part);
        }
        let message_id = match pdu {
            Pdu::SubmitSmResp(SmResp { message_id, .. }) if status.is_ok() => *message_id,
            _ => return self.end(part, End::otherwise(&format!("refused: {status}"))),
        };
        let id = String::from_utf8_lossy(message_id).into_owned();
        entry.ids[usize::from(part.part)] = Some(id);
        if !self.receipts {
            return self.end(part, End::Accepted);
        }
        match self.early.remove(message_id) {
            Some((state, err)) => self.end(part, End::of(state, err)),
            None => {
                self.by_id.insert(message_id.to_vec(), part);
            }
        }
    }

    fn requested(&mut self, session: &mut Session, sequence: u32, pdu: &Pdu<'_>) {
        let response = SmResp {
            body_present: true,
            ..SmResp::default()
        };
        match pdu {
            Pdu::DeliverSm(sm) => {
                self.delivered(sm.esm_class, sm.short_message, &sm.tlvs);
                session.respond(sequence, status::OK, &Pdu::DeliverSmResp(response));
            }
            Pdu::DataSm(sm) => {
                self.delivered(sm.esm_class, &[], &sm.tlvs);
                session.respond(sequence, status::OK, &Pdu::DataSmResp(response));
            }
            _ => session.refuse(sequence, status::RINVCMDID),
        }
    }

    fn delivered(&mut self, esm_class: u8, text: &[u8], tlvs: &Tlvs<'_>) {
        if !receipt::is_receipt(esm_class, tlvs) {
            return;
        }
        let text = tlvs.message_payload().unwrap_or(text);
        let Some(receipt) = receipt::read(text, tlvs) else {
            return;
        };
        let state = receipt.state.unwrap_or(State::Unknown);
        if matches!(state, State::Enroute | State::Scheduled) {
            return;
        }
        let err = String::from_utf8_lossy(receipt.err).into_owned();
        match self.by_id.remove(receipt.id) {
            Some(part) => self.end(part, End::of(state, err)),
            None if self.early.len() < EARLY_MAX => {
                self.early.insert(receipt.id.to_vec(), (state, err));
            }
            // The account has more users than this one, and these receipts are theirs.
            None => {}
        }
    }

    fn end(&mut self, part: Part, end: End) {
        let Some(entry) = self.messages.get_mut(&part.message) else {
            return;
        };
        let place = &mut entry.ends[usize::from(part.part)];
        if place.is_some() {
            return;
        }
        *place = Some(end);
        entry.open -= 1;
        if entry.open == 0 {
            self.done.push_back(part.message);
        }
    }

    /// Ends everything that has not ended.
    pub(crate) fn give_up(&mut self) {
        self.queue.clear();
        for (number, entry) in &mut self.messages {
            if entry.open == 0 {
                continue;
            }
            for (end, id) in entry.ends.iter_mut().zip(&entry.ids) {
                let word = if id.is_some() {
                    "no receipt"
                } else {
                    "no answer"
                };
                end.get_or_insert_with(|| End::otherwise(word));
            }
            entry.open = 0;
            self.done.push_back(*number);
        }
    }

    /// A message that has come to its end.
    pub(crate) fn finished(&mut self, now: Instant) -> Option<Outcome> {
        let entry = self.messages.remove(&self.done.pop_front()?)?;
        Some(entry.outcome(now))
    }
}

impl Entry {
    /// The worst of its parts speaks for all.
    fn outcome(self, now: Instant) -> Outcome {
        let worst = self.ends.into_iter().flatten().max();
        let (result, err, good) = match worst {
            Some(End::Delivered) => ("DELIVRD".to_owned(), String::new(), true),
            Some(End::Accepted) => ("accepted".to_owned(), String::new(), true),
            Some(End::Otherwise { word, err }) => (word, err, false),
            None => ("nothing to send".to_owned(), String::new(), false),
        };
        Outcome {
            parts: self.message.parts(),
            to: self.message.to,
            result,
            err,
            ids: self.ids.into_iter().flatten().collect(),
            seconds: now.since(self.since).as_secs_f64(),
            good,
        }
    }
}

impl End {
    fn of(state: State, err: String) -> End {
        match state {
            State::Delivered => End::Delivered,
            _ => End::Otherwise {
                word: state.word().to_owned(),
                err,
            },
        }
    }

    fn otherwise(word: &str) -> End {
        End::Otherwise {
            word: word.to_owned(),
            err: String::new(),
        }
    }
}

impl Part {
    /// A message has at most 255 parts, so the lowest octet has room for which.
    fn token(self) -> u64 {
        self.message << 8 | u64::from(self.part)
    }

    fn from_token(token: u64) -> Part {
        Part {
            message: token >> 8,
            part: token as u8,
        }
    }
}

impl Outcome {
    /// For what never was a message.
    pub(crate) fn not_sent(to: &str, why: String) -> Outcome {
        Outcome {
            to: to.to_owned(),
            result: why,
            err: String::new(),
            parts: 0,
            ids: Vec::new(),
            seconds: 0.0,
            good: false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut result = self.result.clone();
        if !matches!(self.err.as_str(), "" | "000") {
            result.push_str(" err ");
            result.push_str(&self.err);
        }
        write!(
            f,
            "{:<16}  {result:<10}  {:>4.1}s  {:>5}  {}",
            self.to,
            self.seconds,
            self.parts,
            self.ids.join(" ")
        )
    }
}
