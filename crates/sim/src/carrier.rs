//! A simulated carrier. It is written against the codec alone, so that it can misbehave in every way that carriers do.

use std::collections::{BTreeMap, VecDeque};

use smpp::pdu::{BindResp, Pdu, Sm, SmResp};
use smpp::receipt;
use smpp::status::{self, Status};
use smpp::tlv::{self, Tlvs};
use sms::{Address, State, time};

use crate::env::{CarrierEvent, Env, Event, MS, SECOND};
use crate::oracle::{Mark, Said};
use crate::pipe::{End, PipeId};
use crate::wire::{Came, Wire, answer_keep_alive};

/// How long it waits for a deliver_sm_resp.
const PATIENCE: u64 = 20 * SECOND;
/// Unanswered deliver_sm on one bind.
const WINDOW: usize = 10;

/// What it does with a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// Takes it and says so.
    Take,
    /// Takes it and says so twice.
    TakeSayingTwice,
    /// Takes it and says so after so many seconds.
    TakeLate(u64),
    /// Takes it and never says so.
    TakeSilently,
    /// Neither takes it nor says anything.
    Swallow,
    /// Refuses it with this status.
    Refuse(Status),
    /// Leaves while it has the message.
    TakeAndUnbind,
}

/// How it writes ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ids {
    /// Decimal numbers.
    Decimal,
    /// Ten hexadecimal digits, zeros first.
    PaddedHex,
    /// Words that are no numbers.
    Words,
    /// Few numbers, again and again.
    Reused(u64),
}

/// How its receipts write the id of the response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The same octets.
    Same,
    /// In capitals.
    Capitals,
    /// The number without leading zeros.
    Stripped,
    /// Hexadecimal in the response, decimal here; or the reverse.
    OtherRadix,
}

/// Its habits.
#[derive(Clone, Debug)]
pub struct CarrierHabits {
    /// Nanoseconds before it answers.
    pub answer_delay: (u64, u64),
    /// What it does with messages, in proportion.
    pub reactions: Vec<(u32, Reaction)>,
    /// What becomes of messages that it took, in proportion; none: it never tells.
    pub fates: Vec<(u32, Option<State>)>,
    /// Nanoseconds from taking to the receipt.
    pub receipt_delay: (u64, u64),
    /// How ids are written.
    pub ids: Ids,
    /// How receipts write them.
    pub form: Form,
    /// Receipts as TLVs instead of text.
    pub tlv_receipts: bool,
    /// In a thousand: the receipt leaves before the response.
    pub early: u32,
    /// In a thousand: receipts that are sent twice.
    pub twice: u32,
    /// In a thousand: a state that is not final comes first.
    pub intermediate: u32,
    /// In a thousand: a receipt for a message that nobody knows.
    pub strays: u32,
    /// In a thousand: binds that are refused.
    pub unwilling: u32,
}

impl CarrierHabits {
    /// A good carrier.
    pub fn fair() -> CarrierHabits {
        CarrierHabits {
            answer_delay: (MS, 20 * MS),
            reactions: vec![(1, Reaction::Take)],
            fates: vec![(1, Some(State::Delivered))],
            receipt_delay: (100 * MS, 2 * SECOND),
            ids: Ids::Decimal,
            form: Form::Same,
            tlv_receipts: false,
            early: 0,
            twice: 0,
            intermediate: 0,
            strays: 0,
            unwilling: 0,
        }
    }
}

pub(crate) struct Carrier {
    number: usize,
    pub(crate) habits: CarrierHabits,
    /// What it does with the next messages, before its habits.
    pub(crate) script: VecDeque<Reaction>,
    binds: BTreeMap<PipeId, Bind>,
    ids: u64,
    reports: Vec<Report>,
    /// When the last messages were written to it.
    pace: VecDeque<u64>,
    sequence: u32,
}

struct Bind {
    wire: Wire,
    transmits: bool,
    receives: bool,
    bound: bool,
    leaving: bool,
    /// Messages that it has not answered, and when they were written.
    open: BTreeMap<u32, u64>,
    answers: Vec<Option<Answer>>,
    delivering: BTreeMap<u32, (u64, Report)>,
}

/// An answer that it is going to give.
struct Answer {
    sequence: u32,
    status: Status,
    id: Vec<u8>,
    mark: Mark,
    again: bool,
}

/// Something to be told.
#[derive(Clone, Debug)]
struct Report {
    due: u64,
    what: What,
    repeats: u32,
}

#[derive(Clone, Debug)]
enum What {
    /// Of the copy of a message.
    Receipt {
        message: usize,
        copy: usize,
        id: Vec<u8>,
        state: State,
        error: u16,
    },
    Stray {
        id: Vec<u8>,
    },
    Mo(usize),
}

impl Carrier {
    pub(crate) fn new(number: usize) -> Carrier {
        Carrier {
            number,
            habits: CarrierHabits::fair(),
            script: VecDeque::new(),
            binds: BTreeMap::new(),
            // Every carrier begins to count elsewhere.
            ids: 1000 * (number as u64 + 1),
            reports: Vec::new(),
            pace: VecDeque::new(),
            sequence: 0,
        }
    }

    /// Whether it has nothing more to say.
    pub(crate) fn is_idle(&self) -> bool {
        self.reports.is_empty()
            && self
                .binds
                .values()
                .all(|bind| bind.delivering.is_empty() && bind.answers.iter().all(Option::is_none))
    }

    pub(crate) fn binds(&self) -> usize {
        self.binds.values().filter(|bind| bind.bound).count()
    }

    /// The pipes of the binds that stand.
    pub(crate) fn pipes(&self) -> Vec<PipeId> {
        self.binds.keys().copied().collect()
    }

    // ---- what happens to it ----

    pub(crate) fn stirs(&mut self, env: &mut Env, pipe: PipeId) {
        let mut bind = self.binds.remove(&pipe).unwrap_or_else(|| Bind {
            wire: Wire::new(pipe),
            transmits: false,
            receives: false,
            bound: false,
            leaving: false,
            open: BTreeMap::new(),
            answers: Vec::new(),
            delivering: BTreeMap::new(),
        });
        bind.wire.flush(env);
        let (came, over) = bind.wire.receive(env);
        for came in came {
            self.hears(env, &mut bind, &came);
        }
        if over {
            self.lose(env, bind);
            env.close(pipe, End::Peer);
        } else {
            self.binds.insert(pipe, bind);
        }
        self.report(env);
    }

    pub(crate) fn gone(&mut self, env: &mut Env, pipe: PipeId) {
        if let Some(bind) = self.binds.remove(&pipe) {
            self.lose(env, bind);
        }
        env.let_go(pipe, End::Peer);
    }

    /// What was not acknowledged is told again.
    fn lose(&mut self, env: &mut Env, bind: Bind) {
        for (_, (_, report)) in bind.delivering {
            let due = env.now + env.random.between(SECOND, 5 * SECOND);
            self.later(env, Report { due, ..report });
        }
    }

    pub(crate) fn happens(&mut self, env: &mut Env, event: &CarrierEvent) {
        match *event {
            CarrierEvent::Answer { pipe, answer } => self.answer(env, pipe, answer),
            CarrierEvent::Report => self.report(env),
        }
    }

    fn hears(&mut self, env: &mut Env, bind: &mut Bind, came: &Came) {
        let Some((header, pdu)) = came.read(env) else {
            return;
        };
        if answer_keep_alive(&mut bind.wire, env, header, &pdu) {
            return;
        }
        match &pdu {
            Pdu::BindTransceiver(_) | Pdu::BindTransmitter(_) | Pdu::BindReceiver(_) => {
                self.bind(env, bind, header.sequence, &pdu);
            }
            Pdu::SubmitSm(sm) => self.takes(env, bind, header.sequence, sm, came.written_at),
            Pdu::DeliverSmResp(_) => {
                self.acknowledged(env, bind, header.sequence, header.status);
            }
            Pdu::Unbind(_) => {
                let response = Pdu::UnbindResp(Tlvs::EMPTY);
                bind.wire
                    .send(env, &response, status::OK, header.sequence, None);
                bind.bound = false;
            }
            Pdu::UnbindResp(_) => bind.bound = false,
            other => env.violated(format!(
                "carrier{} was sent {}",
                self.number + 1,
                other.command_id().name()
            )),
        }
    }

    fn bind(&mut self, env: &mut Env, bind: &mut Bind, sequence: u32, pdu: &Pdu<'_>) {
        let body = BindResp {
            system_id: b"carrier",
            tlvs: Tlvs::EMPTY,
            body_present: true,
        };
        let response = match pdu {
            Pdu::BindTransmitter(_) => Pdu::BindTransmitterResp(body),
            Pdu::BindReceiver(_) => Pdu::BindReceiverResp(body),
            _ => Pdu::BindTransceiverResp(body),
        };
        if env.random.chance(self.habits.unwilling) {
            bind.wire
                .send(env, &response, status::RBINDFAIL, sequence, None);
            return;
        }
        bind.bound = true;
        bind.transmits = !matches!(pdu, Pdu::BindReceiver(_));
        bind.receives = !matches!(pdu, Pdu::BindTransmitter(_));
        bind.wire.send(env, &response, status::OK, sequence, None);
        env.say(format_args!(
            "carrier{}: bound on pipe {}",
            self.number + 1,
            bind.wire.pipe.0
        ));
    }

    // ---- messages ----

    fn takes(
        &mut self,
        env: &mut Env,
        bind: &mut Bind,
        sequence: u32,
        sm: &Sm<'_>,
        written_at: u64,
    ) {
        let pipe = bind.wire.pipe;
        if !bind.transmits {
            env.violated(format!(
                "carrier{} was sent a message on a receiver",
                self.number + 1
            ));
        }
        let disturbed = env.net.is_disturbed(pipe);
        bind.open.insert(sequence, written_at);
        self.check_window(env, bind, disturbed);
        self.check_pace(env, written_at, disturbed);
        let reaction = self
            .script
            .pop_front()
            .unwrap_or_else(|| env.random.weighted(&self.habits.reactions));
        let Some((message, copy)) = env.copy_arrived(self.number, pipe, sm, written_at) else {
            return;
        };
        let id = self.mint();
        env.say(format_args!(
            "carrier{}: gets m{message}, {reaction:?}, {}",
            self.number + 1,
            id.escape_ascii()
        ));
        let (said, status) = match reaction {
            Reaction::Refuse(status) => (Said::Refused(status), status),
            Reaction::Swallow => (Said::Nothing { has_it: false }, status::OK),
            Reaction::TakeSilently => (Said::Nothing { has_it: true }, status::OK),
            Reaction::Take
            | Reaction::TakeSayingTwice
            | Reaction::TakeLate(_)
            | Reaction::TakeAndUnbind => (Said::Taken, status::OK),
        };
        env.oracle.said(message, copy, said);
        let answered = !matches!(said, Said::Nothing { .. });
        let mut delay = env
            .random
            .between(self.habits.answer_delay.0, self.habits.answer_delay.1);
        if let Reaction::TakeLate(seconds) = reaction {
            delay += seconds * SECOND;
        }
        if answered {
            bind.answers.push(Some(Answer {
                sequence,
                status,
                id: if status.is_ok() {
                    id.clone()
                } else {
                    Vec::new()
                },
                mark: Mark::Answer { message, copy },
                again: reaction == Reaction::TakeSayingTwice,
            }));
            let (number, answer) = (self.number, bind.answers.len() - 1);
            let event = CarrierEvent::Answer { pipe, answer };
            env.after(delay, Event::Carrier(number, event));
        }
        if matches!(said, Said::Taken | Said::Nothing { has_it: true }) {
            self.decide_fate(env, message, copy, &id, delay);
        }
        if reaction == Reaction::TakeAndUnbind && !bind.leaving {
            bind.leaving = true;
            self.sequence += 1;
            let unbind = Pdu::Unbind(Tlvs::EMPTY);
            bind.wire
                .send(env, &unbind, status::OK, self.sequence, None);
        }
    }

    fn check_window(&self, env: &mut Env, bind: &Bind, disturbed: bool) {
        let facts = env.oracle.connector(self.number);
        let forgotten = facts.patience.saturating_sub(SECOND);
        let open = bind
            .open
            .values()
            .filter(|&&written| env.now.saturating_sub(written) < forgotten);
        let (open, window) = (open.count(), facts.window);
        if open > window && !disturbed {
            env.violated(format!(
                "carrier{} has {open} unanswered messages on one bind, agreed are {window}",
                self.number + 1
            ));
        }
    }

    fn check_pace(&mut self, env: &mut Env, written_at: u64, disturbed: bool) {
        let facts = env.oracle.connector(self.number);
        let Some(rate) = facts.rate else { return };
        if disturbed {
            self.pace.clear();
            return;
        }
        // Binds bring them in another order than that in which they were written.
        let place = self.pace.partition_point(|&at| at <= written_at);
        self.pace.insert(place, written_at);
        let old = self
            .pace
            .partition_point(|&at| at + 2 * SECOND < written_at);
        self.pace.drain(..old);
        let within_a_second = |end: usize| {
            let begin = self.pace[end].saturating_sub(SECOND);
            end + 1 - self.pace.partition_point(|&at| at < begin)
        };
        let ends = place..self.pace.partition_point(|&at| at <= written_at + SECOND);
        let most = ends.map(within_a_second).max().unwrap_or(0);
        // What was decided while the disk wrote one batch and then the next leaves all at once.
        let allowed = rate * (SECOND + 2 * env.oracle.slowest_disk) / SECOND;
        let allowed = allowed + rate / 20 + 2;
        if most as u64 > allowed {
            env.violated(format!(
                "carrier{} got {most} messages in a second, agreed are {rate}",
                self.number + 1
            ));
        }
    }

    fn mint(&mut self) -> Vec<u8> {
        self.ids += 1;
        let number = self.ids;
        match self.habits.ids {
            Ids::Decimal => number.to_string(),
            Ids::PaddedHex => format!("{number:010x}"),
            Ids::Words => format!("msg-{number:x}-{}", self.number),
            Ids::Reused(few) => (number % few).to_string(),
        }
        .into_bytes()
    }

    fn answer(&mut self, env: &mut Env, pipe: PipeId, answer: usize) {
        let Some(bind) = self.binds.get_mut(&pipe) else {
            return;
        };
        let Some(answer) = bind.answers[answer].take() else {
            return;
        };
        bind.open.remove(&answer.sequence);
        let body = SmResp {
            message_id: &answer.id,
            tlvs: Tlvs::EMPTY,
            body_present: answer.status.is_ok(),
        };
        let response = Pdu::SubmitSmResp(body);
        let mark = Some(answer.mark);
        bind.wire
            .send(env, &response, answer.status, answer.sequence, mark);
        if answer.again {
            bind.wire
                .send(env, &response, answer.status, answer.sequence, None);
        }
    }

    // ---- receipts ----

    fn decide_fate(&mut self, env: &mut Env, message: usize, copy: usize, id: &[u8], answers: u64) {
        if env.random.chance(self.habits.strays) {
            let id = format!("nobody{}", self.ids).into_bytes();
            let due = env.now + env.random.between(0, 3 * SECOND);
            self.later(env, Report::new(due, What::Stray { id }));
        }
        let Some(fate) = env.random.weighted(&self.habits.fates) else {
            return;
        };
        let (low, high) = self.habits.receipt_delay;
        let mut due = env.now + answers + MS + env.random.between(low, high);
        if env.random.chance(self.habits.early) {
            due = env.now + env.random.below(answers.max(1));
        }
        let receipt = |state, error| What::Receipt {
            message,
            copy,
            id: id.to_vec(),
            state,
            error,
        };
        let error = if fate == State::Delivered {
            0
        } else {
            env.random.between(1, 999) as u16
        };
        if env.random.chance(self.habits.intermediate) {
            let state = *env.random.pick(&[State::Enroute, State::Unknown]);
            self.later(env, Report::new(due, receipt(state, 0)));
            due += env.random.between(0, 2 * SECOND);
        }
        let mut report = Report::new(due, receipt(fate, error));
        report.repeats = u32::from(env.random.chance(self.habits.twice));
        self.later(env, report);
    }

    /// Brings a message of a subscriber.
    pub(crate) fn bring(&mut self, env: &mut Env, mo: usize) {
        self.later(env, Report::new(env.now, What::Mo(mo)));
    }

    /// Tells of a message that it has told of, or not, whatever its habits are.
    pub(crate) fn tell(
        &mut self,
        env: &mut Env,
        message: usize,
        copy: usize,
        id: &str,
        state: State,
    ) {
        let what = What::Receipt {
            message,
            copy,
            id: id.as_bytes().to_vec(),
            state,
            error: 0,
        };
        self.later(env, Report::new(env.now, what));
    }

    fn later(&mut self, env: &mut Env, report: Report) {
        let number = self.number;
        env.at(report.due, Event::Carrier(number, CarrierEvent::Report));
        self.reports.push(report);
    }

    /// Sends what is due over the binds that have room.
    fn report(&mut self, env: &mut Env) {
        self.lose_patience(env);
        let mut waiting = core::mem::take(&mut self.reports);
        waiting.retain(|report| {
            if report.due > env.now {
                return true;
            }
            let able: Vec<PipeId> = self
                .binds
                .iter()
                .filter(|(_, bind)| {
                    bind.bound && bind.receives && !bind.leaving && bind.delivering.len() < WINDOW
                })
                .map(|(&pipe, _)| pipe)
                .collect();
            if able.is_empty() {
                return true;
            }
            let pipe = *env.random.pick(&able);
            self.sequence += 1;
            let sequence = self.sequence;
            if let Some(bind) = self.binds.get_mut(&pipe) {
                bind.delivering.insert(sequence, (env.now, report.clone()));
                say(&self.habits, env, &mut bind.wire, sequence, &report.what);
            }
            false
        });
        self.reports.append(&mut waiting);
        let stuck = self.reports.iter().any(|report| report.due <= env.now);
        if stuck {
            let number = self.number;
            env.after(SECOND, Event::Carrier(number, CarrierEvent::Report));
        }
    }

    /// What is not acknowledged in time is told again.
    fn lose_patience(&mut self, env: &mut Env) {
        let mut again = Vec::new();
        for bind in self.binds.values_mut() {
            let late: Vec<u32> = bind
                .delivering
                .iter()
                .filter(|(_, (since, _))| since + PATIENCE <= env.now)
                .map(|(&sequence, _)| sequence)
                .collect();
            again.extend(late.iter().filter_map(|late| bind.delivering.remove(late)));
        }
        for (_, report) in again {
            self.later(env, report);
        }
    }

    fn acknowledged(&mut self, env: &mut Env, bind: &mut Bind, sequence: u32, status: Status) {
        let Some((_, mut report)) = bind.delivering.remove(&sequence) else {
            return; // It had lost patience.
        };
        match (&report.what, status) {
            (_, status::OK) => {}
            (_, status::RX_T_APPN | status::RSYSERR) => {
                report.due = env.now + 2 * SECOND;
                self.later(env, report);
                return;
            }
            (What::Mo(mo), status::RX_P_APPN) => {
                env.oracle.mo_refused(*mo);
                return;
            }
            (what, status) => {
                env.violated(format!(
                    "carrier{}: {what} was answered with {status:?}",
                    self.number + 1
                ));
                return;
            }
        }
        match report.what {
            What::Receipt {
                message,
                copy,
                state,
                ..
            } => {
                let when = env.moment();
                env.oracle.acknowledged(message, copy, state, when);
            }
            What::Mo(mo) => env.oracle.mo_acknowledged(mo),
            What::Stray { .. } => {}
        }
        if report.repeats > 0 {
            report.repeats -= 1;
            report.due = env.now + env.random.between(0, 10 * SECOND);
            self.later(env, report);
        }
    }
}

impl core::fmt::Display for What {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            What::Receipt {
                message,
                copy,
                id,
                state,
                error,
            } => {
                let id = id.escape_ascii();
                write!(
                    f,
                    "that m{message} (copy {copy}, {id}) is {state:?}, err {error}"
                )
            }
            What::Stray { id } => write!(f, "something of {}", id.escape_ascii()),
            What::Mo(number) => write!(f, "o{number}"),
        }
    }
}

impl Report {
    fn new(due: u64, what: What) -> Report {
        Report {
            due,
            what,
            repeats: 0,
        }
    }
}

fn say(habits: &CarrierHabits, env: &mut Env, wire: &mut Wire, sequence: u32, what: &What) {
    let (mut text, mut tlvs) = (Vec::new(), Vec::new());
    let mut sm = Sm {
        esm_class: 0x04,
        ..Sm::default()
    };
    let (source, destination);
    match what {
        What::Mo(mo) => {
            let told = env.oracle.mo(*mo);
            (source, destination) = (told.0, told.1);
            text = told.2;
            sm.esm_class = 0;
        }
        What::Stray { id } => {
            (source, destination) = (b"99900099".to_vec(), b"1".to_vec());
            put_text(&mut text, id, State::Delivered, 0, env);
        }
        What::Receipt {
            message,
            copy,
            id,
            state,
            error,
        } => {
            env.oracle
                .reported(*message, *copy, *state, *error, env.now);
            let addresses = env.oracle.addresses(*message);
            (source, destination) = (addresses.1, addresses.0);
            let id = in_form(id, habits.form);
            if habits.tlv_receipts {
                let _ = tlv::put_cstr(&mut tlvs, tlv::RECEIPTED_MESSAGE_ID, &id);
                tlv::put_u8(&mut tlvs, tlv::MESSAGE_STATE, *state as u8);
                let code = error.to_be_bytes();
                let _ = tlv::put_bytes(&mut tlvs, tlv::NETWORK_ERROR_CODE, &[3, code[0], code[1]]);
            } else {
                put_text(&mut text, &id, *state, *error, env);
            }
        }
    }
    sm.source = Address::international(&source);
    sm.destination = Address::international(&destination);
    sm.short_message = &text;
    sm.tlvs = Tlvs::parse(&tlvs).unwrap_or_default();
    env.say(format_args!("carrier: says {what}"));
    wire.send(env, &Pdu::DeliverSm(sm), status::OK, sequence, None);
}

fn put_text(text: &mut Vec<u8>, id: &[u8], state: State, error: u16, env: &Env) {
    let date = time::receipt_date(env.wall(), 0);
    receipt::write(
        text,
        &receipt::Fields {
            id,
            sub: 1,
            dlvrd: u16::from(state == State::Delivered),
            submit_date: &date,
            done_date: &date,
            stat: state.word().as_bytes(),
            err: format!("{error:03}").as_bytes(),
            text: "",
        },
    );
}

fn in_form(id: &[u8], form: Form) -> Vec<u8> {
    let text = String::from_utf8_lossy(id);
    match form {
        Form::Same => text.into_owned(),
        Form::Capitals => text.to_uppercase(),
        Form::Stripped => match text.trim_start_matches('0') {
            "" => text.into_owned(),
            stripped => stripped.to_owned(),
        },
        Form::OtherRadix if text.len() == 10 => {
            u64::from_str_radix(&text, 16).map_or(text.into_owned(), |number| number.to_string())
        }
        Form::OtherRadix => text
            .parse::<u64>()
            .map_or(text.clone().into_owned(), |number| format!("{number:X}")),
    }
    .into_bytes()
}
