//! An engine, its journal in memory, and the clock in the test's hand.
//!
//! Whatever the engine writes down is durable at once. After each step a second engine is made from the journal and a third from
//! a snapshot: they have to know the same.

mod ask;
mod binds;
mod cold;
mod several;
mod subscribers;

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{
    Amount, Answer, Balance, BindId, CarrierReceipt, Cause, Command, Connector, ConnectorId,
    Customer, CustomerId, Delivery, Directory, Draft, EPOCH_MS, Engine, Figures, FinalOutcomes,
    Group, Input, Inputs, Lapse, MessageKey, Origin, Outcome, Output, Outputs, Party, Position,
    ROW_OCTETS, Recovery, Refusal, RefusalClass, Report, Room, Route, RouteName, Span, Standing,
    Step, Target, Wants,
};
use sms::{Address, Instant, Message, Now, State, Wall};

pub(crate) use subscribers::Brought;

pub(crate) const CUSTOMER: CustomerId = CustomerId(1);
/// What subscribers write to when they mean the customer.
pub(crate) const NUMBER: &str = "80888";
pub(crate) const CARRIER: ConnectorId = ConnectorId(1);
pub(crate) const ALL: Wants = Wants(7);
pub(crate) const FINAL: Wants = Wants(3);

/// A bind of either side, as its session would know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bind {
    id: BindId,
    slot: u32,
    group: Group,
}

/// A message on its way to a carrier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    pub(crate) slot: u32,
    pub(crate) token: u64,
    pub(crate) key: MessageKey,
    pub(crate) esm_class: u8,
    pub(crate) text: Vec<u8>,
}

/// A receipt on its way to a customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) slot: u32,
    pub(crate) token: u64,
    pub(crate) key: MessageKey,
    pub(crate) state: State,
    pub(crate) is_last: bool,
    pub(crate) cause: Cause,
    /// The message it is about, in its stored form.
    pub(crate) body: Vec<u8>,
}

pub(crate) struct World {
    engine: Engine,
    directory: Directory,
    now: Now,
    journal: Vec<u8>,
    slots: u32,
    /// Deliveries that may be unanswered on one bind of the customer.
    pub(crate) window: u16,
    sent: Vec<Sent>,
    told: Vec<Told>,
    brought: Vec<Brought>,
    alerted: Vec<u32>,
    bound: Option<BindId>,
    names: BTreeMap<u32, BindId>,
    /// Sessions that were asked whether they live.
    probed: Vec<u32>,
    /// Sessions that do not say that they do.
    dead: Vec<u32>,
    accepted: Option<Result<MessageKey, Refusal>>,
    unreached: Vec<(String, Refusal)>,
    aliases: Vec<u32>,
    answered: Option<Answer>,
    history: Vec<[u8; ROW_OCTETS]>,
    outcomes: FinalOutcomes,
    /// How long stages took of those that are measured.
    pub(crate) lapses: Vec<Lapse>,
    acknowledged: Option<Option<Refusal>>,
    closed: Vec<u32>,
    reported: Option<Report>,
    /// The report of the last step did not wait for the journal.
    pub(crate) told_at_once: bool,
    disk: cold::Disk,
}

impl World {
    /// One customer and one carrier, the carrier with rules of its own.
    pub(crate) fn new(rules: Connector) -> World {
        let target = Target {
            connector: CARRIER,
            order: 0,
            weight: 1,
        };
        let customer = Customer {
            routes: vec![Route {
                targets: vec![target],
                ..Route::default()
            }],
            ..Customer::default()
        };
        World::of(Directory {
            customers: [(CUSTOMER, customer)].into(),
            connectors: [(CARRIER, rules)].into(),
            numbers: [(NUMBER.as_bytes().to_vec(), CUSTOMER)]
                .into_iter()
                .collect(),
            ..Directory::default()
        })
    }

    pub(crate) fn of(directory: Directory) -> World {
        let mut world = World {
            engine: Recovery::new(0).finish(Position(0)),
            directory,
            now: Now {
                mono: Instant(1_000_000_000),
                wall: Wall(EPOCH_MS + 1_000_000),
            },
            journal: Vec::new(),
            slots: 0,
            window: 1000,
            sent: Vec::new(),
            told: Vec::new(),
            brought: Vec::new(),
            alerted: Vec::new(),
            bound: None,
            names: BTreeMap::new(),
            probed: Vec::new(),
            dead: Vec::new(),
            accepted: None,
            unreached: Vec::new(),
            aliases: Vec::new(),
            answered: None,
            history: Vec::new(),
            outcomes: FinalOutcomes::default(),
            lapses: Vec::new(),
            acknowledged: None,
            closed: Vec::new(),
            reported: None,
            told_at_once: false,
            disk: cold::Disk::default(),
        };
        world.reload();
        world
    }

    /// The customer pays.
    pub(crate) fn topup(&mut self, number: u64, units: i64) {
        self.give(|_| Input::Credit {
            customer: CUSTOMER,
            topup: number,
            amount: Amount(units * Amount::UNIT),
        });
    }

    /// What the customer was granted, and of that what is available, reserved and spent, in whole units.
    pub(crate) fn balance(&self) -> [i64; 4] {
        let known = self.engine.balances().find(|&(id, _)| id == CUSTOMER);
        let balance = known.map_or(Balance::default(), |(_, balance)| balance);
        let parts = [balance.available(), balance.reserved, balance.spent];
        assert!(parts.iter().all(|part| part.0 >= 0), "{balance:?}");
        [balance.granted, parts[0], parts[1], parts[2]].map(|amount| amount.0 / Amount::UNIT)
    }

    /// An operator decides about somebody.
    pub(crate) fn decide(&mut self, party: Party, standing: Standing) {
        let report = self.operate(Command::Stand { party, standing });
        assert!(matches!(report, Report::Stands { changed: true }));
    }

    /// About whom an operator has decided.
    pub(crate) fn standings(&self) -> Vec<(Party, Standing)> {
        self.engine.standings().collect()
    }

    /// Changes who may do what.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Directory)) {
        change(&mut self.directory);
        self.reload();
    }

    /// An operator wants something.
    pub(crate) fn operate(&mut self, command: Command) -> Report {
        self.order(command);
        self.reported().expect("a report")
    }

    /// The same, when it may take more than a step.
    pub(crate) fn order(&mut self, command: Command) {
        self.give(|_| Input::Operator { ticket: 7, command });
    }

    /// What the operator was told.
    pub(crate) fn reported(&mut self) -> Option<Report> {
        self.reported.take()
    }

    /// The disk has this much room.
    pub(crate) fn room(&mut self, room: Room) {
        self.give(|_| Input::Room(room));
    }

    /// All that was written down.
    pub(crate) fn journal(&self) -> &[u8] {
        &self.journal
    }

    fn reload(&mut self) {
        let directory = Arc::new(self.directory.clone());
        self.give(|_| Input::Directory(directory));
    }

    // ---- the process ----

    /// A snapshot takes the place of the journal.
    pub(crate) fn compact(&mut self) {
        self.journal.clear();
        let journal = &mut self.journal;
        self.engine
            .snapshot(&mut |piece| journal.extend_from_slice(piece));
        assert_eq!(self.recovered().digest(), self.engine.digest());
    }

    /// The process is killed and started again: nothing is left but the journal.
    pub(crate) fn crash(&mut self) {
        self.crash_and(|_| ());
    }

    /// The same, and meanwhile somebody changed who may do what.
    pub(crate) fn crash_and(&mut self, change: impl FnOnce(&mut Directory)) {
        change(&mut self.directory);
        self.engine = self.recovered();
        self.disk.restart(self.engine.runs());
        self.sent.clear();
        self.told.clear();
        self.brought.clear();
        self.reload();
    }

    // ---- messages ----

    /// The customer submits a message to `digits`, and it is accepted.
    #[track_caller]
    pub(crate) fn submit(&mut self, bind: Bind, digits: &str, wants: Wants) -> MessageKey {
        self.submitted(bind, digits, wants)
            .expect("the message is accepted")
    }

    /// So many messages at once; they want no receipts.
    pub(crate) fn submit_many(&mut self, bind: Bind, digits: &str, count: usize) {
        self.submit_many_as(bind, digits, count, |_| ());
    }

    /// So many messages at once that are special in some way.
    pub(crate) fn submit_many_as(
        &mut self,
        bind: Bind,
        digits: &str,
        count: usize,
        special: impl Fn(&mut Draft),
    ) {
        let origin = self.origin();
        let mut inputs = Inputs::default();
        for _ in 0..count {
            let mut draft = draft(origin, bind, digits, &mut inputs);
            special(&mut draft);
            inputs.push(Input::Submit(draft));
        }
        self.step(&mut inputs);
    }

    pub(crate) fn submitted(
        &mut self,
        bind: Bind,
        digits: &str,
        wants: Wants,
    ) -> Result<MessageKey, Refusal> {
        self.submitted_as(bind, digits, |draft| draft.wants = wants)
    }

    /// The customer submits a message that is special in some way.
    pub(crate) fn submitted_as(
        &mut self,
        bind: Bind,
        digits: &str,
        special: impl FnOnce(&mut Draft),
    ) -> Result<MessageKey, Refusal> {
        let origin = self.origin();
        self.give(|inputs| {
            let mut draft = draft(origin, bind, digits, inputs);
            special(&mut draft);
            Input::Submit(draft)
        });
        self.accepted.take().expect("an answer")
    }

    /// The customer submits a text; it wants a receipt.
    pub(crate) fn submitted_text(
        &mut self,
        bind: Bind,
        digits: &str,
        text: &str,
    ) -> Result<MessageKey, Refusal> {
        self.submitted_text_of(CUSTOMER, bind, digits, text)
    }

    /// The same of any customer.
    pub(crate) fn submitted_text_of(
        &mut self,
        customer: CustomerId,
        bind: Bind,
        digits: &str,
        text: &str,
    ) -> Result<MessageKey, Refusal> {
        let origin = self.origin();
        self.give(|inputs| {
            let mut draft = draft(origin, bind, digits, inputs);
            (draft.customer, draft.wants) = (customer, FINAL);
            draft.body = inputs.put_message(&Message {
                text: text.as_bytes(),
                ..message(digits)
            });
            Input::Submit(draft)
        });
        self.accepted.take().expect("an answer")
    }

    /// The customer submits a message that selects a route.
    pub(crate) fn submitted_by(
        &mut self,
        bind: Bind,
        digits: &str,
        route: RouteName,
    ) -> Result<MessageKey, Refusal> {
        let origin = self.origin();
        self.give(|inputs| {
            let mut draft = draft(origin, bind, digits, inputs);
            draft.body = inputs.put_message_by(&message(digits), route);
            Input::Submit(draft)
        });
        self.accepted.take().expect("an answer")
    }

    /// Aliases that the customer has been told since it was last asked.
    pub(crate) fn aliases(&mut self) -> Vec<u32> {
        core::mem::take(&mut self.aliases)
    }

    /// What has been sent to carriers and not been asked for yet.
    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        core::mem::take(&mut self.sent)
    }

    /// The one message that has been sent.
    #[track_caller]
    pub(crate) fn sent_one(&mut self) -> Sent {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }

    /// The carrier takes it under this id.
    pub(crate) fn take(&mut self, bind: Bind, sent: &Sent, id: &str) {
        let token = sent.token;
        self.give(|inputs| Input::Sent {
            bind: bind.id,
            token,
            outcome: Outcome::Accepted {
                id: inputs.put(id.as_bytes()),
            },
        });
    }

    /// Takes all that is sent over a window of one, one after the other, and gives the keys in their order.
    pub(crate) fn drain(&mut self, carrier: Bind) -> Vec<MessageKey> {
        let mut order = Vec::new();
        loop {
            let sent = self.sent();
            let [one] = &sent[..] else {
                assert!(sent.is_empty(), "more than the window: {sent:?}");
                return order;
            };
            order.push(one.key);
            self.take(carrier, one, &format!("id{}", order.len()));
        }
    }

    pub(crate) fn refuse(&mut self, bind: Bind, sent: &Sent, class: RefusalClass) {
        self.outcome(bind, sent, Outcome::Refused { class, code: 8 });
    }

    /// The carrier says how loaded it is.
    pub(crate) fn load(&mut self, bind: Bind, load: u8) {
        self.give(|_| Input::Loaded {
            bind: bind.id,
            load,
        });
    }

    /// No answer came in time.
    pub(crate) fn silence(&mut self, bind: Bind, sent: &Sent) {
        self.outcome(bind, sent, Outcome::Silent);
    }

    fn outcome(&mut self, bind: Bind, sent: &Sent, outcome: Outcome) {
        let token = sent.token;
        self.give(|_| Input::Sent {
            bind: bind.id,
            token,
            outcome,
        });
    }

    /// A message all the way to the carrier, which calls it `id`.
    #[track_caller]
    pub(crate) fn carried(
        &mut self,
        customer: Bind,
        carrier: Bind,
        digits: &str,
        wants: Wants,
        id: &str,
    ) -> MessageKey {
        let key = self.submit(customer, digits, wants);
        let sent = self.sent_one();
        self.take(carrier, &sent, id);
        key
    }

    // ---- receipts ----

    /// The carrier tells a state; it is acknowledged.
    #[track_caller]
    pub(crate) fn receipt(&mut self, bind: Bind, id: &str, digits: &str, state: State) {
        let answer = self.receipt_answered(bind, id, digits, state);
        assert_eq!(answer, None, "acknowledged");
    }

    /// The carrier tells a state: why it was refused, if it was.
    pub(crate) fn receipt_answered(
        &mut self,
        bind: Bind,
        id: &str,
        digits: &str,
        state: State,
    ) -> Option<Refusal> {
        let origin = self.origin();
        self.give(|inputs| Input::Receipt {
            origin,
            bind: bind.id,
            receipt: CarrierReceipt {
                id: inputs.put(id.as_bytes()),
                destination: inputs.put(digits.as_bytes()),
                state,
                err: *b"000",
                done: None,
            },
        });
        self.acknowledged.take().expect("an answer")
    }

    // ---- on the way to customers ----

    /// The receipts that have been sent to customers and not been asked for yet.
    pub(crate) fn told(&mut self) -> Vec<Told> {
        core::mem::take(&mut self.told)
    }

    /// The one receipt that has been sent.
    #[track_caller]
    pub(crate) fn told_one(&mut self) -> Told {
        let mut told = self.told();
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }

    /// What the customers have been told since last asked: of which message, and what.
    pub(crate) fn news(&mut self) -> Vec<(MessageKey, State)> {
        self.told()
            .iter()
            .map(|told| (told.key, told.state))
            .collect()
    }

    pub(crate) fn acknowledge(&mut self, bind: Bind, told: &Told) {
        self.answer_delivery(
            bind,
            told.token,
            Outcome::Accepted {
                id: Span::default(),
            },
        );
    }

    /// No answer came in time.
    pub(crate) fn ignore(&mut self, bind: Bind, told: &Told) {
        self.answer_delivery(bind, told.token, Outcome::Silent);
    }

    pub(crate) fn decline(&mut self, bind: Bind, told: &Told, class: RefusalClass) {
        self.answer_delivery(bind, told.token, Outcome::Refused { class, code: 8 });
    }

    fn answer_delivery(&mut self, bind: Bind, token: u64, outcome: Outcome) {
        self.give(|_| Input::Delivered {
            bind: bind.id,
            token,
            outcome,
        });
    }

    // ---- the machine ----

    /// Time passes; the engine is woken whenever it wants to be.
    pub(crate) fn wait(&mut self, span: Duration) {
        let end = self.now.mono + span;
        while let Some(at) = self.engine.next_wake(self.now).filter(|&at| at <= end) {
            // A wall clock of milliseconds may be a little behind what it was asked for.
            self.pass(at.since(self.now.mono).max(Duration::from_millis(1)));
            self.step(&mut Inputs::default());
        }
        self.pass(end.since(self.now.mono));
        self.step(&mut Inputs::default());
    }

    /// The machine is suspended: time passes, and the engine is not asked meanwhile.
    pub(crate) fn suspend(&mut self, span: Duration) {
        self.pass(span);
    }

    fn pass(&mut self, span: Duration) {
        self.now.mono = self.now.mono + span;
        let since = self.now.mono.0 / 1_000_000;
        self.now.wall = Wall(EPOCH_MS + 999_000 + since);
    }

    pub(crate) fn wall(&self) -> Wall {
        self.now.wall
    }

    pub(crate) fn figures(&self) -> Figures {
        self.engine.figures()
    }

    /// Slots of sessions that the engine wants to end.
    pub(crate) fn closed(&mut self) -> Vec<u32> {
        core::mem::take(&mut self.closed)
    }

    fn origin(&self) -> Origin {
        Origin {
            slot: self.slots,
            ..Origin::default()
        }
    }

    fn give(&mut self, input: impl FnOnce(&mut Inputs) -> Input) {
        let mut inputs = Inputs::default();
        let input = input(&mut inputs);
        inputs.push(input);
        self.step(&mut inputs);
    }

    fn step(&mut self, inputs: &mut Inputs) {
        let mut step = Step::default();
        let (before, state) = (self.engine.digest(), self.engine.state());
        self.engine.step(self.now, inputs, &mut step);
        assert_eq!(state.digest(), before, "a state stays as it was taken");
        drop(state);
        self.journal.extend_from_slice(&step.records);
        assert_eq!(
            self.recovered().digest(),
            self.engine.digest(),
            "replay knows the same"
        );
        assert_eq!(
            self.restored().digest(),
            self.engine.digest(),
            "a snapshot knows the same"
        );
        self.look(&step.free);
        self.look(&step.gated);
        self.look_up(step.gated.past());
        self.told_at_once = !step.free.reports().is_empty();
        let free = step.free.reports().drain(..);
        for (ticket, report) in free.chain(step.gated.reports().drain(..)) {
            assert_eq!(ticket, 7);
            self.reported = Some(report);
        }
        self.disk.remove(step.gated.spent());
        self.disk.give(&step.cold);
        let mut alive = Inputs::default();
        for slot in self.probed.drain(..) {
            if !self.dead.contains(&slot) {
                alive.push(Input::Alive(self.names[&slot]));
            }
        }
        self.disk.answer(&mut alive);
        if !alive.is_empty() {
            self.step(&mut alive);
        }
    }

    /// Octets of the journal.
    pub(crate) fn written(&self) -> usize {
        self.journal.len()
    }

    /// Ends that were told in full, and the same as the journal alone tells them.
    pub(crate) fn outcomes(&mut self) -> (FinalOutcomes, FinalOutcomes) {
        let mut recovery = Recovery::new(0);
        recovery.tell_outcomes();
        recovery.apply(&self.journal).expect("our own records");
        let replayed = core::mem::take(recovery.outcomes());
        (core::mem::take(&mut self.outcomes), replayed)
    }

    fn recovered(&self) -> Engine {
        let mut recovery = Recovery::new(0);
        recovery.apply(&self.journal).expect("our own records");
        recovery.finish(self.engine.position())
    }

    fn restored(&self) -> Engine {
        let mut recovery = Recovery::new(0);
        self.engine
            .snapshot(&mut |piece| recovery.apply(piece).expect("our own records"));
        recovery.finish(self.engine.position())
    }

    fn look(&mut self, outputs: &Outputs) {
        for output in outputs.iter() {
            match *output {
                Output::Bound { origin, bind } => {
                    self.bound = Some(bind);
                    self.names.insert(origin.slot, bind);
                }
                Output::Accepted { told, .. } => {
                    self.accepted = Some(Ok(named(told, &mut self.aliases)));
                }
                Output::Answer { answer, .. } => self.answered = Some(answer),
                Output::Unreached {
                    destination,
                    refusal,
                    ..
                } => {
                    let digits = outputs.address(destination).to_string();
                    self.unreached.push((digits, refusal));
                }
                Output::Refused { refusal, .. } => self.accepted = Some(Err(refusal)),
                Output::Send {
                    to,
                    token,
                    key,
                    body,
                    ..
                } => {
                    let message = Message::decode(outputs.get(body)).expect("a whole message");
                    self.sent.push(Sent {
                        slot: to.slot,
                        token,
                        key,
                        esm_class: message.esm_class,
                        text: message.text.to_vec(),
                    });
                }
                Output::Deliver {
                    to,
                    token,
                    what,
                    body,
                } => match what {
                    Delivery::Receipt {
                        told,
                        state,
                        is_last,
                        cause,
                        ..
                    } => self.told.push(Told {
                        slot: to.slot,
                        token,
                        key: named(told, &mut self.aliases),
                        state,
                        is_last,
                        cause,
                        body: outputs.get(body).to_vec(),
                    }),
                    Delivery::Mo { answers } => {
                        let message = Message::decode(outputs.get(body)).expect("a whole message");
                        self.brought.push(Brought {
                            slot: to.slot,
                            token,
                            text: String::from_utf8_lossy(message.text).into_owned(),
                            answers: answers.and_then(engine::Told::key),
                        });
                    }
                },
                Output::Alert { to, .. } => self.alerted.push(to.slot),
                Output::Acknowledge { refusal, .. } => self.acknowledged = Some(refusal),
                Output::Probe { to } => self.probed.push(to.slot),
                Output::Close { to } => self.closed.push(to.slot),
            }
        }
    }
}

/// The key that the customer is told; of an alias it is a note, and the key is nobody's.
fn named(told: engine::Told, aliases: &mut Vec<u32>) -> MessageKey {
    aliases.extend(told.alias());
    told.key().unwrap_or_default()
}

fn named_group(name: &str) -> Group {
    Group::new(name.as_bytes()).expect("a group is a number")
}

impl Bind {
    pub(crate) fn slot(self) -> u32 {
        self.slot
    }
}

fn draft(origin: Origin, bind: Bind, digits: &str, inputs: &mut Inputs) -> Draft {
    Draft {
        origin,
        bind: bind.id,
        group: bind.group,
        customer: CUSTOMER,
        body: inputs.put_message(&message(digits)),
        ..Draft::default()
    }
}

fn message(digits: &str) -> Message<'_> {
    Message {
        destination: Address::international(digits.as_bytes()),
        text: b"hello",
        ..Message::default()
    }
}
