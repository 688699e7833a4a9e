//! A simulated customer's bind. It is written against the codec alone, so that it can misbehave in every way that customers do.

use std::collections::{BTreeMap, VecDeque};

use smpp::pdu::{Bind, CancelSm, Pdu, QuerySm, Sm, SmResp};
use smpp::status::{self, Status};
use smpp::tlv::{self, Tlvs};
use sms::{Address, State};

use crate::env::{Env, EsmeEvent, Event, MS, SECOND};
use crate::oracle::{Mark, Reply, Wish};
use crate::pipe::{End, PipeId};
use crate::wire::{Came, Wire, answer_keep_alive};

/// How long it waits for an answer before it hangs up.
const PATIENCE: u64 = 90 * SECOND;

/// Octets of short_message (SMPP 3.4, 5.2.22).
const SHORT_MESSAGE_MAX: usize = 254;

/// What it does with a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thanks {
    /// Acknowledges it.
    Ok,
    /// Acknowledges it twice.
    Twice,
    /// Acknowledges it after so many seconds.
    Late(u64),
    /// Says nothing.
    Never,
    /// Refuses it with this status.
    Refuse(Status),
}

impl Thanks {
    /// Whether it says that it has the delivery, sooner or later.
    pub(crate) fn is_ok(self) -> bool {
        matches!(self, Thanks::Ok | Thanks::Twice | Thanks::Late(_))
    }
}

/// Its habits.
#[derive(Clone, Debug)]
pub struct EsmeHabits {
    /// Unanswered submit_sm; more than agreed is its own fault.
    pub window: usize,
    /// What it does with deliveries, in proportion.
    pub thanks: Vec<(u32, Thanks)>,
    /// Nanoseconds before it answers.
    pub answer_delay: (u64, u64),
    /// It reads nothing.
    pub deaf: bool,
}

impl EsmeHabits {
    /// A good customer.
    pub fn fair() -> EsmeHabits {
        EsmeHabits {
            window: 10,
            thanks: vec![(1, Thanks::Ok)],
            answer_delay: (MS / 10, 5 * MS),
            deaf: false,
        }
    }
}

pub(crate) struct Esme {
    number: usize,
    pub(crate) customer: usize,
    /// Its system_type, which names its group where the customer has groups.
    pub(crate) group: &'static str,
    pub(crate) habits: EsmeHabits,
    receives: bool,
    transmits: bool,
    /// What waits to be sent.
    queue: VecDeque<Errand>,
    line: Option<Line>,
    connecting: bool,
    pub(crate) wants_line: bool,
    failures: u32,
    /// How the last bind was answered.
    pub(crate) bind_status: Option<Status>,
}

struct Line {
    wire: Wire,
    bound: bool,
    leaving: bool,
    sequence: u32,
    /// Requests without an answer, and since when.
    open: BTreeMap<u32, (Errand, u64)>,
    answers: Vec<Option<Answer>>,
    /// Deliveries that it has not answered, and when they were written.
    delivered: BTreeMap<u32, u64>,
}

/// A request that it makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Errand {
    /// Submits this message.
    Submit(usize),
    /// Asks about a message that it submitted: which of all requests about it this is.
    Ask { message: usize, number: usize },
}

struct Answer {
    sequence: u32,
    status: Status,
    mark: Option<Mark>,
    again: bool,
}

impl Esme {
    pub(crate) fn new(number: usize, customer: usize, transmits: bool, receives: bool) -> Esme {
        Esme {
            number,
            customer,
            group: "",
            habits: EsmeHabits::fair(),
            receives,
            transmits,
            queue: VecDeque::new(),
            line: None,
            connecting: false,
            wants_line: true,
            failures: 0,
            bind_status: None,
        }
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.bound)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.line.as_ref().is_none_or(|line| line.open.is_empty())
    }

    pub(crate) fn can_submit(&self) -> bool {
        self.transmits
    }

    pub(crate) fn pipe(&self) -> Option<PipeId> {
        self.line.as_ref().map(|line| line.wire.pipe)
    }

    /// It wants to submit this.
    pub(crate) fn submit(&mut self, env: &mut Env, message: usize) {
        self.run_errand(env, Errand::Submit(message));
    }

    /// It wants something of a message that it submitted.
    pub(crate) fn ask(&mut self, env: &mut Env, message: usize, wish: Wish) {
        let number = env.oracle.wish(message, wish);
        self.run_errand(env, Errand::Ask { message, number });
    }

    fn run_errand(&mut self, env: &mut Env, errand: Errand) {
        self.queue.push_back(errand);
        let number = self.number;
        env.after(0, Event::Esme(number, EsmeEvent::Submit));
    }

    /// Makes sure that it comes to have a bind.
    pub(crate) fn connect_soon(&mut self, env: &mut Env) {
        if self.line.is_some() || !self.wants_line || core::mem::replace(&mut self.connecting, true)
        {
            return;
        }
        let wait = ((100 * MS) << self.failures.min(5)).min(3 * SECOND);
        self.failures += 1;
        let wait = wait * env.random.between(800, 1200) / 1000;
        let number = self.number;
        env.after(wait, Event::Esme(number, EsmeEvent::Connect));
    }

    /// Its connection stands, or could not be made.
    pub(crate) fn connected(&mut self, env: &mut Env, pipe: Option<PipeId>) {
        self.connecting = false;
        let Some(pipe) = pipe else {
            self.connect_soon(env);
            return;
        };
        let mut line = Line {
            wire: Wire::new(pipe),
            bound: false,
            leaving: false,
            sequence: 1,
            open: BTreeMap::new(),
            answers: Vec::new(),
            delivered: BTreeMap::new(),
        };
        let system_id = format!("customer{}", self.customer + 1);
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: b"secret",
            system_type: self.group.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        };
        let pdu = match (self.transmits, self.receives) {
            (true, true) => Pdu::BindTransceiver(bind),
            (true, false) => Pdu::BindTransmitter(bind),
            _ => Pdu::BindReceiver(bind),
        };
        line.wire.send(env, &pdu, status::OK, 1, None);
        self.line = Some(line);
        self.watch(env);
    }

    fn watch(&mut self, env: &mut Env) {
        if let Some(pipe) = self.pipe() {
            let number = self.number;
            env.after(PATIENCE, Event::Esme(number, EsmeEvent::Watch(pipe)));
        }
    }

    pub(crate) fn happens(&mut self, env: &mut Env, event: &EsmeEvent) {
        match *event {
            EsmeEvent::Submit => self.send(env),
            EsmeEvent::Answer { pipe, answer } => self.answer(env, pipe, answer),
            EsmeEvent::Watch(pipe) => self.look(env, pipe),
            EsmeEvent::Connect => {}
        }
    }

    pub(crate) fn stirs(&mut self, env: &mut Env, pipe: PipeId) {
        if self.pipe() != Some(pipe) {
            return;
        }
        let Some(mut line) = self.line.take() else {
            return;
        };
        line.wire.flush(env);
        if self.habits.deaf {
            self.line = Some(line);
            return;
        }
        let (came, over) = line.wire.receive(env);
        for came in came {
            self.hears(env, &mut line, &came);
        }
        self.line = Some(line);
        if over {
            self.hang_up(env);
        } else {
            self.send(env);
        }
    }

    pub(crate) fn gone(&mut self, env: &mut Env, pipe: PipeId) {
        env.let_go(pipe, End::Peer);
        if self.pipe() == Some(pipe) {
            self.line = None;
            self.connect_soon(env);
        }
    }

    /// Closes its connection. What was not answered stays so.
    pub(crate) fn hang_up(&mut self, env: &mut Env) {
        if let Some(line) = self.line.take() {
            env.close(line.wire.pipe, End::Peer);
        }
        self.connect_soon(env);
    }

    /// Unbinds in good order.
    pub(crate) fn unbind(&mut self, env: &mut Env) {
        if let Some(line) = self
            .line
            .as_mut()
            .filter(|line| line.bound && !line.leaving)
        {
            line.leaving = true;
            line.sequence += 1;
            let unbind = Pdu::Unbind(Tlvs::EMPTY);
            line.wire
                .send(env, &unbind, status::OK, line.sequence, None);
        }
    }

    /// Sends a PDU that nobody can read.
    pub(crate) fn babble(&mut self, env: &mut Env) {
        if let Some(line) = self.line.as_mut().filter(|line| line.bound) {
            let octets = [
                0, 0, 0, 20, 0, 0, 0x0F, 0xF0, 0, 0, 0, 0, 0, 0, 0xFF, 1, 1, 2, 3, 4,
            ];
            line.wire.send_octets(env, &octets);
        }
    }

    fn look(&mut self, env: &mut Env, pipe: PipeId) {
        if self.pipe() != Some(pipe) {
            return;
        }
        let Some(line) = &self.line else { return };
        let lost = line
            .open
            .values()
            .any(|&(_, since)| since + PATIENCE <= env.now);
        if lost || !line.bound {
            self.hang_up(env);
        } else {
            self.watch(env);
        }
    }

    // ---- messages ----

    fn send(&mut self, env: &mut Env) {
        let Some(line) = self
            .line
            .as_mut()
            .filter(|line| line.bound && !line.leaving)
        else {
            return;
        };
        while line.open.len() < self.habits.window {
            let Some(errand) = self.queue.pop_front() else {
                return;
            };
            line.sequence += 1;
            line.open.insert(line.sequence, (errand, env.now));
            match errand {
                Errand::Submit(message) => {
                    env.say(format_args!("esme{}: submits m{message}", self.number + 1));
                    line.submit(env, message);
                }
                Errand::Ask { message, number } => line.ask(env, message, number),
            }
        }
    }

    fn hears(&mut self, env: &mut Env, line: &mut Line, came: &Came) {
        let Some((header, pdu)) = came.read(env) else {
            return;
        };
        if answer_keep_alive(&mut line.wire, env, header, &pdu) {
            return;
        }
        match &pdu {
            Pdu::BindTransceiverResp(_)
            | Pdu::BindTransmitterResp(_)
            | Pdu::BindReceiverResp(_) => {
                self.bind_status = Some(header.status);
                line.bound = header.status.is_ok();
                if line.bound {
                    self.failures = 0;
                }
                env.say(format_args!(
                    "esme{}: bind is answered {:?}",
                    self.number + 1,
                    header.status
                ));
            }
            Pdu::SubmitSmResp(response) => {
                if let Some((Errand::Submit(message), _)) = line.open.remove(&header.sequence) {
                    env.answered(message, header.status, response.message_id);
                } else {
                    env.violated(format!("esme{} got an answer to nothing", self.number + 1));
                }
            }
            Pdu::QuerySmResp(_) | Pdu::CancelSmResp(_) => {
                if let Some((Errand::Ask { message, number }, _)) =
                    line.open.remove(&header.sequence)
                {
                    let (reply, id) = reply(header.status, &pdu);
                    env.replied(message, number, reply, id);
                } else {
                    env.violated(format!("esme{} got an answer to nothing", self.number + 1));
                }
            }
            Pdu::DeliverSm(sm) => self.delivery(env, line, header.sequence, sm, came.written_at),
            Pdu::Unbind(_) => {
                let response = Pdu::UnbindResp(Tlvs::EMPTY);
                line.wire
                    .send(env, &response, status::OK, header.sequence, None);
                line.bound = false;
            }
            Pdu::UnbindResp(_) => line.bound = false,
            // To what it babbled.
            Pdu::GenericNack(_) => {}
            other => env.violated(format!(
                "esme{} was sent {}",
                self.number + 1,
                other.command_id().name()
            )),
        }
    }

    fn delivery(
        &mut self,
        env: &mut Env,
        line: &mut Line,
        sequence: u32,
        sm: &Sm<'_>,
        written_at: u64,
    ) {
        let pipe = line.wire.pipe;
        line.delivered.insert(sequence, written_at);
        let facts = env.oracle.customer(self.customer);
        let open = line
            .delivered
            .values()
            .filter(|&&written| env.now.saturating_sub(written) < facts.patience - SECOND)
            .count();
        if open > facts.window && !env.net.is_disturbed(pipe) {
            env.violated(format!(
                "esme{} has {open} unanswered deliveries, agreed are {}",
                self.number + 1,
                facts.window
            ));
        }
        let thanks = env.random.weighted(&self.habits.thanks);
        let Some(mark) = env.delivered(self.customer, sm, written_at, thanks) else {
            return;
        };
        let group = env.oracle.group_of(mark);
        if group != self.group {
            let number = self.number + 1;
            env.violated(format!(
                "esme{number} of group {:?} is told something of group {group:?}",
                self.group
            ));
        }
        let mut delay = env
            .random
            .between(self.habits.answer_delay.0, self.habits.answer_delay.1);
        let status = match thanks {
            Thanks::Never => return,
            Thanks::Refuse(status) => status,
            Thanks::Late(seconds) => {
                delay += seconds * SECOND;
                status::OK
            }
            Thanks::Ok | Thanks::Twice => status::OK,
        };
        line.answers.push(Some(Answer {
            sequence,
            status,
            mark: Some(mark),
            again: thanks == Thanks::Twice,
        }));
        let (number, answer) = (self.number, line.answers.len() - 1);
        env.after(
            delay,
            Event::Esme(number, EsmeEvent::Answer { pipe, answer }),
        );
    }

    fn answer(&mut self, env: &mut Env, pipe: PipeId, answer: usize) {
        let Some(line) = self.line.as_mut().filter(|line| line.wire.pipe == pipe) else {
            return;
        };
        let Some(answer) = line.answers[answer].take() else {
            return;
        };
        line.delivered.remove(&answer.sequence);
        // Who leaves is not listened to any more: it will be told again.
        let mark = answer.mark.filter(|_| !line.leaving);
        let response = Pdu::DeliverSmResp(SmResp {
            body_present: true,
            ..SmResp::default()
        });
        line.wire
            .send(env, &response, answer.status, answer.sequence, mark);
        if answer.again {
            line.wire
                .send(env, &response, answer.status, answer.sequence, None);
        }
    }
}

impl Line {
    fn submit(&mut self, env: &mut Env, message: usize) {
        let told = env.submitted(message);
        let long = told.text.len() > SHORT_MESSAGE_MAX;
        let mut tlvs = Vec::new();
        if long {
            let _ = tlv::put_bytes(&mut tlvs, tlv::MESSAGE_PAYLOAD, &told.text);
        }
        if let Some(route) = told.route {
            let _ = tlv::put_bytes(&mut tlvs, tlv::DEST_SUBADDRESS, route.as_bytes());
        }
        let sm = Sm {
            source: source_of(&told.source),
            destination: Address::international(&told.destination),
            priority_flag: told.priority,
            registered_delivery: told.registered_delivery,
            validity_period: &told.validity,
            schedule_delivery_time: &told.due,
            esm_class: told.esm_class,
            short_message: if long { b"" } else { &told.text },
            tlvs: Tlvs::parse(&tlvs).unwrap_or_default(),
            ..Sm::default()
        };
        self.request(env, &Pdu::SubmitSm(sm));
    }

    fn ask(&mut self, env: &mut Env, message: usize, number: usize) {
        let Some(asked) = env.asks(message, number) else {
            self.open.remove(&self.sequence);
            return;
        };
        let pdu = match asked.wish {
            Wish::State => Pdu::QuerySm(QuerySm {
                message_id: &asked.id,
                source: source_of(&asked.source),
                ..QuerySm::default()
            }),
            Wish::Cancel => Pdu::CancelSm(CancelSm {
                message_id: &asked.id,
                source: source_of(&asked.source),
                destination: Address::international(&asked.destination),
                ..CancelSm::default()
            }),
        };
        self.request(env, &pdu);
    }

    fn request(&mut self, env: &mut Env, pdu: &Pdu<'_>) {
        self.wire.send(env, pdu, status::OK, self.sequence, None);
    }
}

/// What the answer to a request says, and the id that it names.
fn reply<'a>(status: Status, pdu: &Pdu<'a>) -> (Reply, Option<&'a [u8]>) {
    match pdu {
        _ if !status.is_ok() => (Reply::Refused(status), None),
        Pdu::QuerySmResp(said) => {
            let reply = Reply::State {
                state: State::from_u8(said.message_state).unwrap_or(State::Unknown),
                error: said.error_code,
                ended: !said.final_date.is_empty(),
            };
            (reply, Some(said.message_id))
        }
        _ => (Reply::Cancelled, None),
    }
}

fn source_of(source: &[u8]) -> Address<'_> {
    if source.iter().all(u8::is_ascii_digit) {
        Address::international(source)
    } else {
        Address::name(source)
    }
}
