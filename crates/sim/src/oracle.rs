//! What the peers saw of every message, and whether that may be.
//!
//! The oracle knows nothing of the inside of our process but what it agreed with whom, when it died and what was durable then.

mod answered;
mod asked;
mod judge;
mod long;
mod orders;
mod turns;

use std::collections::BTreeMap;

use engine::{InDoubt, PartReceipts};
use smpp::pdu::Sm;
use smpp::receipt;
use smpp::status::{self, Status};
use sms::udh::{self, Concatenation};
use sms::{State, UDHI, Wall};

use crate::env::Env;
use crate::esme::Thanks;
use crate::pipe::PipeId;
use crate::plan::{Plan, connector_id, own_number};
use crate::variety;

use asked::Asked;
pub use asked::{Reply, Wish};
use long::Piece;
use orders::Orders;

/// A message as it is submitted.
#[derive(Clone, Debug, Default)]
pub struct Sms {
    /// Who sends: digits or a name.
    pub source: Vec<u8>,
    /// Who receives: digits.
    pub destination: Vec<u8>,
    /// What it says. The world puts a number before it.
    pub text: Vec<u8>,
    /// Which receipts are wanted.
    pub registered_delivery: u8,
    /// The class that it asks for.
    pub priority: u8,
    /// Seconds that it is worth delivering; none: as long as the customer's messages are by default.
    pub validity: Option<u64>,
    /// Seconds before it may be sent.
    pub delay: Option<u64>,
    /// Which part of a longer message it is, if its customer cut it.
    pub part: Option<Concatenation>,
    /// The name of the route that it selects, in its dest_subaddress.
    pub route: Option<&'static str>,
}

/// A message in the words of submit_sm.
pub(crate) struct Submission {
    pub(crate) source: Vec<u8>,
    pub(crate) destination: Vec<u8>,
    /// Octets, with the user data header if there is one.
    pub(crate) text: Vec<u8>,
    pub(crate) esm_class: u8,
    pub(crate) route: Option<&'static str>,
    pub(crate) registered_delivery: u8,
    pub(crate) priority: u8,
    pub(crate) validity: Vec<u8>,
    pub(crate) due: Vec<u8>,
}

/// What our process knows as soon as it has read certain octets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// A carrier's answer to a copy of a message.
    Answer { message: usize, copy: usize },
    /// A customer's answer to the telling of a message's fate.
    Thanks { message: usize, told: usize },
    /// A customer's answer to a message of a subscriber.
    MoThanks { mo: usize, brought: usize },
}

/// What a carrier says to a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    Taken,
    Refused(Status),
    Nothing { has_it: bool },
}

/// The network's code, as a customer reads it beside a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Code {
    /// The `err` of a receipt; none: it is no number.
    Number(Option<u16>),
    /// In the one octet of query_sm_resp, where 255 is every number that has no room.
    Octet(u8),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Moment {
    pub(crate) at: u64,
    pub(crate) wall: Wall,
}

/// Everything that the peers saw of one message.
struct Story {
    customer: usize,
    /// The bind group that it was submitted in.
    group: &'static str,
    sms: Sms,
    submitted: Option<Moment>,
    answer: Option<(Status, Vec<u8>, u64)>,
    /// How often it left our process for a carrier.
    sends: usize,
    copies: Vec<Copy>,
    told: Vec<Told>,
    /// The id that receipts named, if the answer did not come.
    id: Option<Vec<u8>>,
    doubts: u32,
    asked: Vec<Asked>,
    /// What it was cut from.
    head: Option<usize>,
    /// What was cut from it, by the number of the part.
    parts: BTreeMap<u8, usize>,
}

/// What one carrier got.
#[derive(Debug)]
struct Copy {
    connector: usize,
    pipe: PipeId,
    /// How many copies of any message came before it.
    serial: u64,
    written_at: u64,
    at: u64,
    disturbed: bool,
    said: Said,
    heard: Option<Moment>,
    reports: Vec<Report>,
}

/// What a carrier told of it.
#[derive(Debug)]
struct Report {
    state: State,
    error: u16,
    at: u64,
    acknowledged: Option<Moment>,
}

/// What its customer was told.
#[derive(Debug)]
struct Told {
    when: Moment,
    state: State,
    /// Whether nothing else can be told after it.
    closes: bool,
    thanked: bool,
    /// It said that it wants to hear nothing more of it.
    refused: bool,
    thanks_heard: Option<Moment>,
    written_at: u64,
}

#[derive(Debug)]
struct Mo {
    customer: usize,
    source: Vec<u8>,
    destination: Vec<u8>,
    text: Vec<u8>,
    acknowledged: bool,
    refused: bool,
    /// How often its carrier said it: whoever says it again sends another.
    offered: u32,
    brought: Vec<Brought>,
}

/// A subscriber's message as its customer got it.
#[derive(Debug)]
struct Brought {
    written_at: u64,
    thanked: bool,
    thanks_heard: Option<Moment>,
}

/// What was agreed with a carrier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectorFacts {
    pub(crate) window: usize,
    pub(crate) rate: Option<u64>,
    /// Nanoseconds until the place of an unanswered message is free again.
    pub(crate) patience: u64,
    in_doubt: InDoubt,
    receipts: bool,
    /// Messages that select the route of this day may go to it.
    is_selected: bool,
    receipt_wait_ms: u64,
}

/// What was agreed with a customer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CustomerFacts {
    pub(crate) window: usize,
    pub(crate) patience: u64,
    validity_ms: u64,
    split_receipts: PartReceipts,
    daily_limit: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Oracle {
    stories: Vec<Story>,
    mos: Vec<Mo>,
    by_id: BTreeMap<(usize, Vec<u8>), usize>,
    /// Copies that ever came to a carrier.
    copies: u64,
    connectors: Vec<ConnectorFacts>,
    customers: Vec<CustomerFacts>,
    /// What was heard from the first to the second of these times was forgotten.
    crashes: Vec<(u64, u64)>,
    /// Of messages that ended before nobody need know how: there was no room for their history.
    history_from: u64,
    orders: Orders,
    violations: Vec<String>,
    /// The longest that the disk has taken for a batch.
    pub(crate) slowest_disk: u64,
}

impl Oracle {
    /// What was agreed; it may not change within one world.
    pub(crate) fn agree(&mut self, agreed: &Plan) {
        let nanos = |span: core::time::Duration| span.as_nanos() as u64;
        let millis = |span: core::time::Duration| span.as_millis() as u64;
        self.connectors = agreed
            .connectors
            .iter()
            .map(|plan| ConnectorFacts {
                window: usize::from(plan.profile.window),
                rate: plan.connector.rate.map(u64::from),
                patience: nanos(plan.profile.response_timeout + plan.connector.late_wait),
                in_doubt: plan.connector.in_doubt,
                receipts: plan.connector.receipts,
                is_selected: variety::is_selected(agreed, plan.profile.connector),
                receipt_wait_ms: millis(plan.connector.receipt_wait),
            })
            .collect();
        self.customers = agreed
            .customers
            .iter()
            .map(|plan| CustomerFacts {
                window: usize::from(plan.account.session.window_out),
                patience: nanos(plan.account.session.response_timeout) + 30 * crate::env::SECOND,
                validity_ms: millis(plan.customer.validity),
                split_receipts: plan.customer.split_receipts,
                daily_limit: plan
                    .customer
                    .meter
                    .as_ref()
                    .and_then(|meter| meter.daily_limit),
            })
            .collect();
    }

    pub(crate) fn connector(&self, number: usize) -> ConnectorFacts {
        self.connectors[number]
    }

    pub(crate) fn customer(&self, number: usize) -> CustomerFacts {
        self.customers[number]
    }

    pub(crate) fn violated(&mut self, words: String) {
        self.violations.push(words);
    }

    pub(crate) fn violation(&self) -> Option<&str> {
        self.violations.first().map(String::as_str)
    }

    /// A new message; its number.
    pub(crate) fn write(&mut self, customer: usize, mut sms: Sms) -> usize {
        let number = self.stories.len();
        let mut text = format!("m{number} ").into_bytes();
        text.append(&mut sms.text);
        sms.text = text;
        self.stories.push(Story::new(customer, "", sms));
        number
    }

    /// The message is submitted over a bind of this group.
    pub(crate) fn submitted_in(&mut self, message: usize, group: &'static str) {
        self.stories[message].group = group;
    }

    /// The bind group that may be told of it.
    pub(crate) fn group_of(&self, mark: Mark) -> &'static str {
        match mark {
            Mark::Answer { message, .. } | Mark::Thanks { message, .. } => {
                self.stories[message].group
            }
            Mark::MoThanks { .. } => "",
        }
    }

    /// A new message of a subscriber to a customer; its number.
    pub(crate) fn write_mo(&mut self, customer: usize) -> usize {
        let source = format!("4477009{:05}", self.mos.len());
        self.push_mo(customer, source.into_bytes(), own_number(customer))
    }

    fn push_mo(&mut self, customer: usize, source: Vec<u8>, destination: Vec<u8>) -> usize {
        let number = self.mos.len();
        self.mos.push(Mo {
            customer,
            source,
            destination,
            text: format!("o{number} hello").into_bytes(),
            acknowledged: false,
            refused: false,
            offered: 0,
            brought: Vec::new(),
        });
        number
    }

    /// A carrier says a subscriber's message: its source, destination and text.
    pub(crate) fn mo(&mut self, number: usize) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let mo = &mut self.mos[number];
        mo.offered += 1;
        (mo.source.clone(), mo.destination.clone(), mo.text.clone())
    }

    pub(crate) fn mo_acknowledged(&mut self, number: usize) {
        self.mos[number].acknowledged = true;
    }

    pub(crate) fn mo_refused(&mut self, number: usize) {
        self.mos[number].refused = true;
    }

    /// Source and destination.
    pub(crate) fn addresses(&self, message: usize) -> (Vec<u8>, Vec<u8>) {
        let sms = &self.stories[message].sms;
        (sms.source.clone(), sms.destination.clone())
    }

    pub(crate) fn said(&mut self, message: usize, copy: usize, said: Said) {
        self.stories[message].copies[copy].said = said;
    }

    pub(crate) fn reported(
        &mut self,
        message: usize,
        copy: usize,
        state: State,
        error: u16,
        at: u64,
    ) {
        let reports = &mut self.stories[message].copies[copy].reports;
        if !reports.iter().any(|report| report.state == state) {
            reports.push(Report {
                state,
                error,
                at,
                acknowledged: None,
            });
        }
    }

    /// A carrier's receipt is ours now.
    pub(crate) fn acknowledged(&mut self, message: usize, copy: usize, state: State, when: Moment) {
        let reports = &mut self.stories[message].copies[copy].reports;
        for report in reports.iter_mut().filter(|report| report.state == state) {
            report.acknowledged = report.acknowledged.or(Some(when));
        }
    }

    /// Our process has read octets that say this.
    pub(crate) fn heard(&mut self, mark: Mark, now: Moment) {
        match mark {
            Mark::Answer { message, copy } => {
                let copy = &mut self.stories[message].copies[copy];
                copy.heard = copy.heard.or(Some(now));
            }
            Mark::Thanks { message, told } => {
                let told = &mut self.stories[message].told[told];
                told.thanks_heard = told.thanks_heard.or(Some(now));
            }
            Mark::MoThanks { mo, brought } => {
                let brought = &mut self.mos[mo].brought[brought];
                brought.thanks_heard = brought.thanks_heard.or(Some(now));
            }
        }
    }

    pub(crate) fn crashed(&mut self, durable_until: u64, now: u64) {
        self.crashes.push((durable_until, now));
    }

    /// Whether what was heard then is known to this day.
    fn lasts(&self, heard: u64) -> bool {
        !self
            .crashes
            .iter()
            .any(|&(until, at)| until <= heard && heard <= at)
    }

    /// How many messages there are, and how many of them were taken on.
    pub(crate) fn count(&self) -> (usize, usize) {
        let accepted = self.stories.iter().filter(|story| story.is_accepted());
        let written = self.stories.iter().filter(|story| story.head.is_none());
        (written.count(), accepted.count())
    }

    /// The number of the next message.
    pub(crate) fn next_number(&self) -> usize {
        self.stories.len()
    }
}

impl Story {
    fn new(customer: usize, group: &'static str, sms: Sms) -> Story {
        Story {
            customer,
            group,
            sms,
            submitted: None,
            answer: None,
            sends: 0,
            copies: Vec::new(),
            told: Vec::new(),
            id: None,
            doubts: 0,
            asked: Vec::new(),
            head: None,
            parts: BTreeMap::new(),
        }
    }
}

/// Everything about one message on a few lines.
impl core::fmt::Display for Story {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Sms {
            destination,
            registered_delivery,
            priority,
            validity,
            delay,
            ..
        } = &self.sms;
        write!(
            f,
            "to {}, registered_delivery {registered_delivery:#x}, priority {priority}, validity {validity:?}, delay {delay:?}, \
             submitted {:?}",
            destination.escape_ascii(),
            self.submitted
        )?;
        if let Some((status, id, at)) = &self.answer {
            write!(f, "\n  answered {status:?} {} at {at}", id.escape_ascii())?;
        }
        for copy in &self.copies {
            write!(f, "\n  {copy:?}")?;
        }
        for told in &self.told {
            write!(f, "\n  {told:?}")?;
        }
        for asked in &self.asked {
            write!(f, "\n  {asked:?}")?;
        }
        Ok(())
    }
}

impl Env {
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            at: self.now,
            wall: self.wall(),
        }
    }

    /// A customer submits; the message in its words.
    pub(crate) fn submitted(&mut self, message: usize) -> Submission {
        let moment = self.moment();
        let story = &mut self.oracle.stories[message];
        story.submitted = Some(moment);
        let sms = &story.sms;
        let relative = |seconds: Option<u64>| {
            seconds.map_or(Vec::new(), |seconds| {
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                format!(
                    "0000{:02}{:02}{:02}{:02}000R",
                    hours / 24,
                    hours % 24,
                    minutes,
                    seconds % 60
                )
                .into_bytes()
            })
        };
        let mut text = Vec::new();
        if let Some(part) = sms.part {
            let written = udh::Writer::new(&mut text).concatenation(part).is_ok();
            assert!(written, "one element fits");
        }
        let esm_class = if text.is_empty() { 0 } else { UDHI };
        text.extend_from_slice(&sms.text);
        Submission {
            source: sms.source.clone(),
            destination: sms.destination.clone(),
            text,
            esm_class,
            route: sms.route,
            registered_delivery: sms.registered_delivery,
            priority: sms.priority,
            validity: relative(sms.validity),
            due: relative(sms.delay),
        }
    }

    /// A customer has its answer.
    pub(crate) fn answered(&mut self, message: usize, status: Status, id: &[u8]) {
        let now = self.now;
        self.say(format_args!(
            "esme: m{message} is answered {status:?} {}",
            id.escape_ascii()
        ));
        let story = &mut self.oracle.stories[message];
        story.answer = Some((status, id.to_vec(), now));
        let known = story.id.clone();
        if !status.is_ok() {
            if !story.copies.is_empty() {
                self.violated(format!("m{message} was refused and sent all the same"));
            }
            return;
        }
        let submitted = self.oracle.stories[message].submitted;
        let submitted = submitted.map_or(0, |submitted| submitted.at);
        let customer = self.oracle.stories[message].customer;
        if self.oracle.had_to_refuse(customer, submitted, now) {
            self.violated(format!(
                "m{message} was taken on though customer{} may submit nothing",
                customer + 1
            ));
        }
        if known.is_some_and(|known| known != id) {
            self.violated(format!("m{message} got another id than its receipt says"));
        }
        let key = (self.oracle.stories[message].customer, id.to_vec());
        if let Some(other) = self.oracle.by_id.insert(key, message) {
            self.violated(format!("m{message} and m{other} have one id"));
        }
    }

    /// A carrier got a message: which, and which copy of it.
    pub(crate) fn copy_arrived(
        &mut self,
        connector: usize,
        pipe: PipeId,
        sm: &Sm<'_>,
        written_at: u64,
    ) -> Option<(usize, usize)> {
        let place = Piece::read(sm)
            .and_then(|piece| Some((piece, self.oracle.place(piece, sm.destination.digits)?)));
        let Some((piece, message)) = place else {
            self.violated(format!(
                "carrier{} got a message that nobody wrote",
                connector + 1
            ));
            return None;
        };
        let disturbed = self.net.is_disturbed(pipe);
        let moment = self.moment();
        let oracle = &mut self.oracle;
        let story = &oracle.stories[message];
        let head = story.head.map_or(story, |head| &oracle.stories[head]);
        let wrong = if head.submitted.is_none() {
            Some("it was not submitted")
        } else if head
            .answer
            .as_ref()
            .is_some_and(|(status, ..)| !status.is_ok())
        {
            Some("its customer was told that it was refused")
        } else if head.is_cancelled() {
            Some("its customer was told that it is cancelled")
        } else if story.sms.route.is_some()
            && !oracle.connectors[connector].is_selected
            && !oracle.may_be_moved(story, connector_id(connector))
        {
            Some("it selected another route")
        } else if story.sms.text != piece.text || !piece.is_part(story.sms.part) {
            Some("its text is another")
        } else if story.sms.source != sm.source.digits
            || story.sms.destination != sm.destination.digits
        {
            Some("its addresses are others")
        } else {
            None
        };
        let again = oracle.resent_without_reason(message, written_at);
        let serial = oracle.copies;
        oracle.copies += 1;
        let story = &mut oracle.stories[message];
        story.copies.push(Copy {
            connector,
            pipe,
            serial,
            written_at,
            at: moment.at,
            disturbed,
            said: Said::Nothing { has_it: false },
            heard: None,
            reports: Vec::new(),
        });
        let copy = story.copies.len() - 1;
        if let Some(wrong) = wrong {
            self.violated(format!(
                "carrier{} got m{message}, but {wrong}",
                connector + 1
            ));
        }
        if let Err(why) = again {
            self.violated(format!(
                "carrier{} got m{message} again: {why}",
                connector + 1
            ));
        }
        Some((message, copy))
    }

    /// A customer got a deliver_sm: what our process knows when it reads the answer.
    pub(crate) fn delivered(
        &mut self,
        customer: usize,
        sm: &Sm<'_>,
        written_at: u64,
        thanks: Thanks,
    ) -> Option<Mark> {
        if sm.esm_class & 0x3C == 0 {
            return self.mo_delivered(customer, sm, written_at, thanks);
        }
        let said = receipt::read(sm.short_message, &sm.tlvs);
        let Some((said, state)) = said.and_then(|said| Some((said, said.state?))) else {
            self.violated(format!("customer{} got an illegible receipt", customer + 1));
            return None;
        };
        let named = number_of(said.text, b'm').filter(|&number| number < self.oracle.stories.len());
        let Some(message) = named.or_else(|| self.oracle.long_message_to(sm.source.digits)) else {
            self.violated(format!("customer{} got a receipt of nothing", customer + 1));
            return None;
        };
        self.say(format_args!(
            "customer{}: is told that m{message} is {state:?}, {thanks:?}",
            customer + 1
        ));
        let error = core::str::from_utf8(said.err)
            .ok()
            .and_then(|err| err.parse().ok());
        let moment = self.moment();
        let oracle = &mut self.oracle;
        let mut wrong = oracle.wrong_telling(message, customer, state, error, moment, written_at);
        let story = &mut oracle.stories[message];
        let known = story
            .answer
            .as_ref()
            .map(|(_, id, _)| id)
            .or(story.id.as_ref());
        if known.is_some_and(|known| known != said.id) {
            wrong = Some("it names another id".to_owned());
        }
        if story.sms.source != sm.destination.digits || story.sms.destination != sm.source.digits {
            wrong = Some("its addresses are others".to_owned());
        }
        story.id = Some(said.id.to_vec());
        story.told.push(Told {
            when: moment,
            state,
            closes: state.is_final() || story.sms.registered_delivery & 0x10 == 0,
            thanked: thanks.is_ok(),
            refused: matches!(
                thanks,
                Thanks::Refuse(status::RX_P_APPN | status::RX_R_APPN)
            ),
            thanks_heard: None,
            written_at,
        });
        let told = story.told.len() - 1;
        if let Some(wrong) = wrong {
            self.violated(format!(
                "customer{} is told that m{message} is {state:?}, but {wrong}",
                customer + 1
            ));
        }
        Some(Mark::Thanks { message, told })
    }

    fn mo_delivered(
        &mut self,
        customer: usize,
        sm: &Sm<'_>,
        written_at: u64,
        thanks: Thanks,
    ) -> Option<Mark> {
        let number = number_of(sm.short_message, b'o');
        let Some(number) = number.filter(|&number| number < self.oracle.mos.len()) else {
            self.violated(format!(
                "customer{} got a message that nobody wrote",
                customer + 1
            ));
            return None;
        };
        let known = self.oracle.mo_was_thanked_for(number, written_at);
        let mo = &mut self.oracle.mos[number];
        mo.brought.push(Brought {
            written_at,
            thanked: thanks.is_ok(),
            thanks_heard: None,
        });
        let brought = mo.brought.len() - 1;
        let right = mo.customer == customer
            && mo.text == sm.short_message
            && mo.source == sm.source.digits
            && mo.destination == sm.destination.digits;
        if !right {
            self.violated(format!("customer{} got a wrong MO", customer + 1));
        }
        if known {
            self.violated(format!(
                "customer{} got o{number} again though its thanks were heard",
                customer + 1
            ));
        }
        Some(Mark::MoThanks {
            mo: number,
            brought,
        })
    }
}

/// The number that the world put before a text.
fn number_of(text: &[u8], letter: u8) -> Option<usize> {
    let (first, rest) = text.split_first()?;
    let digits = rest
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let number = core::str::from_utf8(&rest[..digits]).ok()?;
    number.parse().ok().filter(|_| *first == letter)
}
