//! What goes into the engine and what comes out: batches of inputs and outputs with the octets they speak of in one arena each.

use std::sync::Arc;

use sms::udh::Concatenation;
use sms::{Address, Alphabet, Message, State, Wall};

use crate::{
    Amount, BindId, ColdDone, Command, ConnectorId, CustomerId, Directory, Group, MessageKey,
    Origin, Past, Report, RouteName, RunId, Told, Wants,
};

/// A piece of a batch's arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// The snapshot of who may do what, at start and at each reload.
    Directory(Arc<Directory>),
    /// A customer's bind was checked and may begin. Answered by [`Output::Bound`] or [`Output::Refused`].
    Bind {
        /// The bind request.
        origin: Origin,
        /// Who binds.
        customer: CustomerId,
        /// As what.
        kind: BindKind,
        /// With which of its other binds it belongs together.
        group: Group,
        /// Requests that may be outstanding towards the customer.
        window: u16,
    },
    /// A bind to a carrier stands. Answered by [`Output::Bound`].
    Connected {
        /// The session.
        origin: Origin,
        /// Whose carrier it is.
        connector: ConnectorId,
        /// BOUND_TX or BOUND_TRX: messages may be sent on it.
        transmits: bool,
        /// Requests that may be outstanding towards the carrier.
        window: u16,
    },
    /// Nothing more is to be sent over a bind to a carrier. What is in flight on it may still be answered, and what it brings is
    /// taken, until [`Input::Unbound`].
    Retiring(BindId),
    /// The peer of a bind was heard lately: the answer to [`Output::Probe`].
    Alive(BindId),
    /// A bind ended, for whatever reason; what was in flight on it has no answer.
    Unbound(BindId),
    /// A customer submits a message. Answered by [`Output::Accepted`] or [`Output::Refused`].
    Submit(Draft),
    /// A customer asks about messages of its own, or wants them otherwise. Answered by [`Output::Answer`] or
    /// [`Output::Refused`].
    Ask(Ask),
    /// What became of an [`Output::Send`].
    Sent {
        /// The bind it went over.
        bind: BindId,
        /// The token of the send.
        token: u64,
        /// What the carrier said.
        outcome: Outcome,
    },
    /// A carrier said with an answer how loaded it is. The connector is slowed before the carrier has to refuse.
    Loaded {
        /// The bind it was said on.
        bind: BindId,
        /// congestion_state, in percent: from 80 on it wants no more, at 100 it is congested (SMPP 5.0, 4.8.4.18).
        load: u8,
    },
    /// A carrier tells the state of a message. Answered by [`Output::Acknowledge`].
    Receipt {
        /// The carrier's request.
        origin: Origin,
        /// The bind it came over.
        bind: BindId,
        /// The receipt.
        receipt: CarrierReceipt,
    },
    /// A carrier brings a message from a subscriber. Answered by [`Output::Acknowledge`].
    Mo {
        /// The carrier's request.
        origin: Origin,
        /// The bind it came over.
        bind: BindId,
        /// The message ([`sms::Message::encode`]).
        body: Span,
    },
    /// A carrier says that a subscriber is back (alert_notification). Not answered; [`Output::Alert`] if somebody wants it.
    Alert {
        /// The bind it came over.
        bind: BindId,
        /// From the subscriber to whoever asked to be told ([`sms::Message::encode`]); without text.
        body: Span,
    },
    /// An [`Output::Alert`] could not be said: too much waits to be read by its customer already, or the session speaks SMPP 3.3.
    AlertDropped,
    /// What became of an [`Output::Deliver`].
    Delivered {
        /// The bind it went over.
        bind: BindId,
        /// The token of the delivery.
        token: u64,
        /// What the customer said.
        outcome: Outcome,
    },
    /// A customer paid.
    Credit {
        /// Who.
        customer: CustomerId,
        /// The number of the payment, from 1 on: one that is not greater than that of an earlier payment counts no more.
        topup: u64,
        /// How much; more than nothing.
        amount: Amount,
    },
    /// An operator wants something. Answered by [`Outputs::reports`].
    Operator {
        /// What the answer is told apart by.
        ticket: u64,
        /// What is wanted.
        command: Command,
    },
    /// A [`ColdTask`](crate::ColdTask) is done.
    Cold(ColdDone),
    /// How much room the journal has.
    Room(Room),
    /// The process is going down: nothing new is accepted or sent; what is in flight may still be settled.
    Drain,
}

/// As what a customer is bound (SMPP 3.4, 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BindKind {
    /// BOUND_TX: it submits.
    Transmitter,
    /// BOUND_RX: receipts and MO may be sent on it.
    Receiver,
    /// BOUND_TRX: both.
    Transceiver,
}

impl BindKind {
    /// Receipts and MO may be sent on it.
    pub fn receives(self) -> bool {
        self != BindKind::Transmitter
    }
}

/// What the room on the disk still allows. Higher is worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Room {
    /// Everything.
    #[default]
    Plenty,
    /// New messages are refused; what we own goes on.
    Low,
    /// Nothing is sent to carriers either; what they still tell of what they have is taken.
    Scarce,
    /// Carriers' receipts are refused too, to come again; only what is owed is written down.
    Out,
}

/// A message that a customer submits, as the edge understood it: within the rules of its preset, not yet accepted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft {
    /// The request to answer.
    pub origin: Origin,
    /// The bind it came over, or [`BindId::NONE`].
    pub bind: BindId,
    /// Whose message it is.
    pub customer: CustomerId,
    /// The group of that bind: receipts do not leave it.
    pub group: Group,
    /// Lane class: 0 lowest to 3 highest.
    pub priority: u8,
    /// Which receipts the customer wants.
    pub wants: Wants,
    /// The peer has room for an alias only (SMPP 3.3).
    pub alias: bool,
    /// Not to be sent before (schedule_delivery_time).
    pub due: Option<Wall>,
    /// Not to be sent after (validity_period); none: the customer's default.
    pub expires: Option<Wall>,
    /// The text, in this alphabet, is too long for one short message: it is cut into parts, or left whole, as the carriers of its
    /// route want it.
    pub long: Option<Alphabet>,
    /// It is this part of a long message that its customer cut.
    pub part: Option<Concatenation>,
    /// To each of these ([`Inputs::put_addresses`]) instead of the destination in the body; empty: to that.
    pub to_all: Span,
    /// It is also found by its addresses and service type, as long as it has not ended.
    pub by_address: bool,
    /// The newest that is found by the same and can still be stopped gives way to it.
    pub replaces: bool,
    /// The message ([`sms::Message::encode`]).
    pub body: Span,
}

/// What a customer wants of messages that it submitted (query_sm, cancel_sm, replace_sm).
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The request to answer.
    pub origin: Origin,
    /// Who asks: a message of another customer is as one that never was.
    pub customer: CustomerId,
    /// What the message is called; none: all that have exactly these addresses and this service type.
    pub told: Option<Told>,
    /// Digits of its source; with an id, empty: whatever they are.
    pub source: Span,
    /// Digits of its destination; with an id, empty: whatever they are.
    pub destination: Span,
    /// Its service type, if there is no id.
    pub service_type: Span,
    /// What is wanted.
    pub wish: Wish,
}

/// What is wanted of a message.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    /// To know where it stands.
    State,
    /// That it is not sent. Of several that one id names, whatever still can be stopped is stopped; it is granted if that
    /// was all of them.
    Cancel,
    /// That another is sent in its place. Never granted for several messages under one id: they are parts of one, or one
    /// for many.
    Replace(Replacement),
}

/// What is new about a message that is replaced.
#[derive(Clone, Copy, Debug)]
pub struct Replacement {
    /// The whole text, in the alphabet of the old one.
    pub text: Span,
    /// The receipts wanted from now on, also as the octet it was read from.
    pub wants: Wants,
    /// `registered_delivery` as it was sent.
    pub registered_delivery: u8,
    /// Not to be sent before; none: as it was.
    pub due: Option<Wall>,
    /// Not to be sent after; none: as it was.
    pub expires: Option<Wall>,
}

/// What became of something that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Taken; the carrier's id of it (empty from customers and from carriers that forget it).
    Accepted {
        /// The id as the carrier wrote it; at most 255 octets.
        id: Span,
    },
    /// Not taken.
    Refused {
        /// What that means for the message.
        class: RefusalClass,
        /// The peer's command_status, for the journey and the receipt's err.
        code: u32,
    },
    /// Sent, and no answer in time, or the bind ended first: nobody knows.
    Silent,
    /// It never left: the bind was gone or its window full.
    Unsent,
}

/// What a peer's refusal means for the message. The table from command_status is the connector's profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefusalClass {
    /// Try again later.
    Temporary,
    /// For now or for good, it does not say which: try again later, three times in all.
    Vague,
    /// Too fast: the connector pauses, the message keeps its attempt.
    Throttled,
    /// Too much for this destination: it waits a little.
    DestinationBusy,
    /// The link is in trouble, not the message.
    LinkFault,
    /// Never.
    Permanent,
}

/// A receipt as a carrier sent it.
#[derive(Clone, Copy, Debug)]
pub struct CarrierReceipt {
    /// The carrier's id of the message, as written; at most 255 octets.
    pub id: Span,
    /// The destination of the message the receipt is about (the receipt's own source address), digits only, at most 255.
    pub destination: Span,
    /// What became of it; a word that is not known is `Unknown`.
    pub state: State,
    /// The carrier's error, as written in the text (`err:`), or the number of network_error_code.
    pub err: [u8; 3],
    /// The carrier's done date if it could be read.
    pub done: Option<Wall>,
}

/// Something to be done outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// The bind may begin: its name from now on.
    Bound {
        /// The bind request.
        origin: Origin,
        /// Its name.
        bind: BindId,
    },
    /// We own the message.
    Accepted {
        /// The submit.
        origin: Origin,
        /// Whose text is the customer's message_id.
        told: Told,
    },
    /// What a customer asked for is so.
    Answer {
        /// The request.
        origin: Origin,
        /// What is so.
        answer: Answer,
    },
    /// Of several destinations of one request this one will not get it. Comes before the [`Output::Accepted`] for those that will.
    Unreached {
        /// The submit.
        origin: Origin,
        /// Which ([`Outputs::address`]).
        destination: Span,
        /// Why.
        refusal: Refusal,
    },
    /// We did not take it.
    Refused {
        /// The request.
        origin: Origin,
        /// Why.
        refusal: Refusal,
    },
    /// To a carrier.
    Send {
        /// The session.
        to: Origin,
        /// To be named in [`Input::Sent`].
        token: u64,
        /// The message.
        key: MessageKey,
        /// Until when it is worth delivering.
        expires: Wall,
        /// The message ([`sms::Message::encode`]).
        body: Span,
    },
    /// A receipt or an MO, to a customer.
    Deliver {
        /// The session.
        to: Origin,
        /// To be named in [`Input::Delivered`].
        token: u64,
        /// What it is.
        what: Delivery,
        /// MO: the message. Receipt: the message it is about ([`sms::Message::encode`]).
        body: Span,
    },
    /// A subscriber is back, to a customer. Nothing is kept of it, and nothing comes back.
    Alert {
        /// The session.
        to: Origin,
        /// From the subscriber to the customer's number ([`sms::Message::encode`]); without text.
        body: Span,
    },
    /// We own the carrier's receipt or MO (`None`), or did not take it.
    Acknowledge {
        /// The carrier's request.
        origin: Origin,
        /// Why we did not.
        refusal: Option<Refusal>,
    },
    /// Another bind of this customer waits for a place. If nothing was heard on this session lately, it is to be asked and ended
    /// within [`crate::PROBE`] unless its peer answers; else [`Input::Alive`] says so at once.
    Probe {
        /// The session.
        to: Origin,
    },
    /// This session has to end.
    Close {
        /// The session.
        to: Origin,
    },
}

/// The answer to an [`Ask`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The message stands so.
    State {
        /// What it is called.
        told: Told,
        /// The least advanced state of all that are called so. [`State::Scheduled`]: it waits for its time.
        state: State,
        /// Why.
        cause: Cause,
        /// When it came to that state, if that is its last.
        since: Option<Wall>,
    },
    /// It will not be sent.
    Cancelled,
    /// The new one will be sent instead.
    Replaced,
}

/// What is delivered to a customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// A message from a subscriber.
    Mo {
        /// The customer's message that it answers, if one is known.
        answers: Option<Told>,
    },
    /// What became of the customer's own message.
    Receipt {
        /// What the customer was told that it is called.
        told: Told,
        /// Its state.
        state: State,
        /// The customer hears no more of it: it has ended, or counts as ended for the customer.
        is_last: bool,
        /// Why.
        cause: Cause,
        /// When it was accepted.
        submitted: Wall,
        /// When it came to its state.
        done: Wall,
    },
}

/// Why a message came to its state: what the err of its receipt is made from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The carrier's code, or the network's: three letters or digits, zeros if there is none.
    Code([u8; 3]),
    /// No route took it any more.
    NoRoute,
    /// The customer could not pay for it.
    NoCredit,
    /// It was beyond what the customer may send in a day.
    OverDailyLimit,
}

impl Cause {
    /// The state says it all.
    pub const NONE: Cause = Cause::Code(*b"000");

    /// As it is kept: a code of a carrier never has a NUL.
    pub(crate) fn octets(self) -> [u8; 3] {
        match self {
            Cause::Code(code) => code,
            Cause::NoRoute => [0, 0, 1],
            Cause::NoCredit => [0, 0, 2],
            Cause::OverDailyLimit => [0, 0, 3],
        }
    }

    pub(crate) fn from_octets(octets: [u8; 3]) -> Cause {
        match octets {
            [0, 0, 1] => Cause::NoRoute,
            [0, 0, 2] => Cause::NoCredit,
            [0, 0, 3] => Cause::OverDailyLimit,
            code => Cause::Code(code),
        }
    }
}

/// Why we did not take a message, a bind or a receipt. One function turns it into a command_status (`peer`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No room: memory, disk, or this customer's undelivered receipts.
    Full,
    /// Faster than agreed.
    Throttled,
    /// An operator lets nothing in from this customer for now.
    Paused,
    /// No route takes it.
    NoRoute,
    /// As many binds as agreed stand already.
    TooManyBinds,
    /// The customer is unknown or switched off by now.
    NotAllowed,
    /// The customer's credit is not enough for it.
    NoCredit,
    /// The customer has sent as much as it may in a day.
    OverDailyLimit,
    /// validity_period lies before the time it could be sent.
    Expired,
    /// More parts than agreed, or than there can be.
    TooLong,
    /// Going down.
    Draining,
    /// The customer has no message that is called so, or none any more.
    UnknownMessage,
    /// The message cannot be stopped or changed any more.
    TooLate,
    /// Something of ours is broken: the history cannot be read.
    Fault,
}

/// Inputs on their way to the engine.
#[derive(Default, Debug)]
pub struct Inputs {
    pub(crate) items: Vec<Input>,
    arena: Vec<u8>,
}

impl Inputs {
    /// Adds one.
    pub fn push(&mut self, input: Input) {
        self.items.push(input);
    }

    /// Copies octets into the arena for an input that is pushed next.
    pub fn put(&mut self, octets: &[u8]) -> Span {
        put(&mut self.arena, octets)
    }

    /// Encodes a message into the arena for an input that is pushed next.
    pub fn put_message(&mut self, message: &Message<'_>) -> Span {
        put_message(&mut self.arena, message)
    }

    /// Encodes a message that selects a route by its name into the arena, for a [`Draft`] that is pushed next. The name stays with
    /// the message, behind its stored form: it decides again when the first connector of the route fails.
    pub fn put_message_by(&mut self, message: &Message<'_>, route: RouteName) -> Span {
        let mut span = put_message(&mut self.arena, message);
        route.put(&mut self.arena);
        span.len = self.arena.len() as u32 - span.start;
        span
    }

    /// Encodes addresses into the arena for a [`Draft`] that is pushed next.
    pub fn put_addresses<'a>(&mut self, addresses: impl IntoIterator<Item = Address<'a>>) -> Span {
        let start = self.arena.len();
        for address in addresses {
            put_address(&mut self.arena, address);
        }
        Span {
            start: start as u32,
            len: (self.arena.len() - start) as u32,
        }
    }

    /// The octets of a span of this batch.
    pub fn get(&self, span: Span) -> &[u8] {
        get(&self.arena, span)
    }

    /// Each in order. For tests.
    #[doc(hidden)]
    pub fn iter(&self) -> impl Iterator<Item = &Input> {
        self.items.iter()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Octets in the arena.
    pub fn octets(&self) -> usize {
        self.arena.len()
    }

    /// Takes everything out of `other`, after what is here.
    pub fn append(&mut self, other: &mut Inputs) {
        if self.is_empty() {
            core::mem::swap(self, other);
            other.clear();
            return;
        }
        let shift = self.arena.len() as u32;
        self.arena.append(&mut other.arena);
        self.items
            .extend(other.items.drain(..).map(|input| shifted(input, shift)));
    }

    /// Forgets everything, keeps the room.
    pub fn clear(&mut self) {
        self.items.clear();
        self.arena.clear();
    }
}

fn shifted(mut input: Input, shift: u32) -> Input {
    match &mut input {
        Input::Submit(draft) => {
            draft.body.start += shift;
            draft.to_all.start += shift;
        }
        Input::Ask(ask) => {
            for span in [&mut ask.source, &mut ask.destination, &mut ask.service_type] {
                span.start += shift;
            }
            if let Wish::Replace(replacement) = &mut ask.wish {
                replacement.text.start += shift;
            }
        }
        Input::Mo { body, .. }
        | Input::Alert { body, .. }
        | Input::Cold(ColdDone::Read { images: body, .. }) => {
            body.start += shift;
        }
        Input::Receipt { receipt, .. } => {
            receipt.id.start += shift;
            receipt.destination.start += shift;
        }
        Input::Sent { outcome, .. } | Input::Delivered { outcome, .. } => {
            if let Outcome::Accepted { id } = outcome {
                id.start += shift;
            }
        }
        Input::Directory(_)
        | Input::Bind { .. }
        | Input::Connected { .. }
        | Input::Loaded { .. }
        | Input::Alive(_)
        | Input::Retiring(_)
        | Input::Unbound(_)
        | Input::AlertDropped
        | Input::Credit { .. }
        | Input::Operator { .. }
        | Input::Cold(_)
        | Input::Room(_)
        | Input::Drain => {}
    }
    input
}

/// Outputs that leave together.
#[derive(Default, Debug)]
pub struct Outputs {
    items: Vec<Output>,
    arena: Vec<u8>,
    past: Past,
    reports: Vec<(u64, Report)>,
    spent: Vec<RunId>,
}

impl Outputs {
    /// Each in order.
    pub fn iter(&self) -> impl Iterator<Item = &Output> {
        self.items.iter()
    }

    /// The octets of a span of this batch.
    pub fn get(&self, span: Span) -> &[u8] {
        get(&self.arena, span)
    }

    /// The address in a span of this batch.
    pub fn address(&self, span: Span) -> Address<'_> {
        addresses(self.get(span)).next().unwrap_or_default()
    }

    /// Encodes an address for an output that is pushed next. For the engine, and for tests that speak for it.
    #[doc(hidden)]
    pub fn put_address(&mut self, address: Address<'_>) -> Span {
        let start = self.arena.len();
        put_address(&mut self.arena, address);
        Span {
            start: start as u32,
            len: (self.arena.len() - start) as u32,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What leaves with them for operators: the tickets of what they wanted, and what came of it. Whoever lets them out takes it.
    pub fn reports(&mut self) -> &mut Vec<(u64, Report)> {
        &mut self.reports
    }

    /// Whether nothing at all leaves with them.
    pub(crate) fn is_bare(&self) -> bool {
        let past = self.past.is_empty();
        self.items.is_empty() && past && self.reports.is_empty() && self.spent.is_empty()
    }

    /// Files of messages that nobody needs any more, and that are to be removed. Whoever lets them out takes it.
    pub fn spent(&mut self) -> &mut Vec<RunId> {
        &mut self.spent
    }

    /// What leaves with them for the history. Whoever lets them out takes it.
    pub fn past(&mut self) -> &mut Past {
        &mut self.past
    }

    /// Forgets everything, keeps the room.
    pub fn clear(&mut self) {
        self.items.clear();
        self.arena.clear();
        self.past.clear();
        self.reports.clear();
        self.spent.clear();
    }

    /// Adds one. For the engine, and for tests that speak for it.
    #[doc(hidden)]
    pub fn push(&mut self, output: Output) {
        self.items.push(output);
    }

    /// Copies octets into the arena for an output that is pushed next.
    #[doc(hidden)]
    pub fn put(&mut self, octets: &[u8]) -> Span {
        put(&mut self.arena, octets)
    }
}

impl Output {
    /// The session it is for.
    pub fn to(&self) -> Origin {
        match *self {
            Output::Bound { origin, .. }
            | Output::Accepted { origin, .. }
            | Output::Unreached { origin, .. }
            | Output::Answer { origin, .. }
            | Output::Refused { origin, .. }
            | Output::Acknowledge { origin, .. } => origin,
            Output::Send { to, .. }
            | Output::Deliver { to, .. }
            | Output::Alert { to, .. }
            | Output::Probe { to }
            | Output::Close { to } => to,
        }
    }
}

fn put(arena: &mut Vec<u8>, octets: &[u8]) -> Span {
    let start = arena.len() as u32;
    arena.extend_from_slice(octets);
    Span {
        start,
        len: octets.len() as u32,
    }
}

fn put_message(arena: &mut Vec<u8>, message: &Message<'_>) -> Span {
    let start = arena.len();
    message.encode(arena);
    Span {
        start: start as u32,
        len: (arena.len() - start) as u32,
    }
}

fn get(arena: &[u8], span: Span) -> &[u8] {
    &arena[span.start as usize..(span.start + span.len) as usize]
}

fn put_address(arena: &mut Vec<u8>, address: Address<'_>) {
    let length = u8::try_from(address.digits.len()).expect("addresses are capped at the edge");
    arena.extend_from_slice(&[address.ton, address.npi, length]);
    arena.extend_from_slice(address.digits);
}

/// The addresses that [`Inputs::put_addresses`] put one after the other.
pub fn addresses(mut octets: &[u8]) -> impl Iterator<Item = Address<'_>> {
    core::iter::from_fn(move || {
        let (&[ton, npi, length], rest) = octets.split_first_chunk()?;
        let (digits, rest) = rest.split_at_checked(usize::from(length))?;
        octets = rest;
        Some(Address { ton, npi, digits })
    })
}
