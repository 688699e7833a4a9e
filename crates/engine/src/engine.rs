//! The engine: one step takes what happened and says what to write down and what to do.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use sms::{Instant, Now, Wall};

use crate::entry::Stage;
use crate::fold::Fold;
use crate::hash;
use crate::live::{Bind, Live, Side, Timer};
use crate::record::{Reason, Record, Seconds};
use crate::{
    Balance, ColdDone, ColdTask, ConnectorId, Customer, CustomerId, Delivery, Directory, Ended,
    FinalOutcomes, Input, Inputs, Lapse, MessageKey, Origin, Output, Outputs, Party, Room, RunId,
    Standing,
};

/// Number of a step that wrote records, counted by the engine from 1. Durable when the journal says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

/// What one step produced.
#[derive(Default, Debug)]
pub struct Step {
    /// Records of this step, to be appended to the journal as a whole; empty if nothing changed.
    pub records: Vec<u8>,
    /// The last position that has records, this step's included.
    pub after: Position,
    /// Leave at once: they reveal nothing and cause nothing that a crash could take back.
    pub free: Outputs,
    /// Leave when `after` is durable ([`Gate`]).
    pub gated: Outputs,
    /// For the thread that keeps messages on the disk, at once and in this order.
    pub cold: Vec<ColdTask>,
}

impl Step {
    /// A receipt or an MO goes to this session when all that it tells of is durable.
    pub(crate) fn deliver(&mut self, to: Origin, token: u64, what: Delivery, body: &[u8]) {
        let body = self.gated.put(body);
        self.gated.push(Output::Deliver {
            to,
            token,
            what,
            body,
        });
    }

    /// Forgets everything, keeps the room.
    pub fn clear(&mut self) {
        self.records.clear();
        self.free.clear();
        self.gated.clear();
        self.cold.clear();
    }
}

/// The one gate: outputs wait here until their position is durable, and leave in order.
#[derive(Default, Debug)]
pub struct Gate {
    held: VecDeque<(Position, Outputs)>,
}

impl Gate {
    /// Holds a batch until `after` is durable.
    pub fn hold(&mut self, after: Position, outputs: Outputs) {
        if !outputs.is_bare() {
            self.held.push_back((after, outputs));
        }
    }

    /// The next batch that may leave now that everything up to `durable` is.
    pub fn pass(&mut self, durable: Position) -> Option<Outputs> {
        if self.held.front()?.0 > durable {
            return None;
        }
        self.held.pop_front().map(|(_, outputs)| outputs)
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

/// An engine that is being rebuilt from its journal: first the snapshot, then the records after it.
#[derive(Debug, Default)]
pub struct Recovery {
    partition: u16,
    fold: Fold,
}

impl Recovery {
    /// Starts empty, for `partition`.
    pub fn new(partition: u16) -> Recovery {
        Recovery {
            partition,
            fold: Fold::default(),
        }
    }

    /// Applies the records of a snapshot or of one or more steps.
    ///
    /// # Errors
    /// [`Unreadable`]: they were written by a newer version.
    pub fn apply(&mut self, mut records: &[u8]) -> Result<(), Unreadable> {
        while !records.is_empty() {
            let kind = records[0];
            let record = Record::decode(&mut records).ok_or(Unreadable { kind })?;
            self.fold.apply(&record);
        }
        Ok(())
    }

    /// Messages that ended by what was applied since this was last asked: the history may not have them.
    pub fn take_ended(&mut self) -> impl Iterator<Item = Ended> + '_ {
        self.fold.take_ended()
    }

    /// Has ends told in full from now on.
    pub fn tell_outcomes(&mut self) {
        self.fold.tell_outcomes(true);
    }

    /// The same ends in full. Whoever takes them clears it.
    pub fn outcomes(&mut self) -> &mut FinalOutcomes {
        self.fold.outcomes()
    }

    /// The engine, whose next step with records gets the position after `last`.
    pub fn finish(mut self, last: Position) -> Engine {
        drop(self.fold.take_ended());
        self.fold.outcomes().clear();
        let mut live = Live {
            wall: self.fold.newest().minted(),
            // Not those of just before the crash.
            references: (self.fold.newest().minted().0 / 1000) as u16,
            ..Live::default()
        };
        live.rebuild(&self.fold);
        Engine {
            partition: self.partition,
            position: last,
            directory: Arc::default(),
            fold: self.fold,
            live,
        }
    }
}

/// Takes the first record off `records`: what kind it is, and its octets. For whoever shows or examines a journal; `None` at the
/// end, or when a newer version wrote it.
pub fn next_record<'a>(records: &mut &'a [u8]) -> Option<(&'static str, &'a [u8])> {
    let before = *records;
    let kind = Record::decode(records)?.kind();
    Some((kind, &before[..before.len() - records.len()]))
}

/// A record in words, for whoever shows a journal; what cannot be read is an empty text. Octets of messages are in it.
pub fn describe_record(mut record: &[u8]) -> String {
    Record::decode(&mut record).map_or(String::new(), |record| format!("{record:?}"))
}

/// A record of the journal that this version does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable {
    /// The record's kind.
    pub kind: u8,
}

impl core::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "the journal holds a record of kind {}, which this version cannot read; start the version that wrote it",
            self.kind
        )
    }
}

impl core::error::Error for Unreadable {}

/// What an engine knew at one position: see [`Engine::state`].
#[derive(Debug)]
pub struct EngineState(Box<Fold>);

impl EngineState {
    /// All of it as records for [`Recovery::apply`], in pieces of some 256 KiB.
    pub fn snapshot(&self, write: &mut dyn FnMut(&[u8])) {
        write_down(&self.0, write);
    }

    /// See [`Engine::digest`].
    pub fn digest(&self) -> u64 {
        digest(&self.0)
    }
}

fn digest(fold: &Fold) -> u64 {
    let mut digest = 0;
    write_down(fold, &mut |piece| digest = hash::octets(digest, piece));
    digest
}

fn write_down(fold: &Fold, write: &mut dyn FnMut(&[u8])) {
    const PIECE: usize = 256 << 10;
    let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
    fold.snapshot(&mut |record| {
        record.encode(&mut piece);
        if piece.len() >= PIECE {
            write(&piece);
            piece.clear();
        }
    });
    write(&piece);
}

/// See the crate's documentation.
#[derive(Debug)]
pub struct Engine {
    partition: u16,
    position: Position,
    directory: Arc<Directory>,
    fold: Fold,
    live: Live,
}

impl Engine {
    /// Takes all inputs (leaves the batch empty) and fills `step`, which the caller cleared.
    pub fn step(&mut self, now: Now, inputs: &mut Inputs, step: &mut Step) {
        let mut items = inputs.items.iter();
        let mut turn = self.turn(now, step);
        while let Some(directory) = turn.take_until_reload(&mut items, inputs) {
            self.directory = Arc::clone(directory);
            turn = self.turn(now, step);
            turn.reloaded();
        }
        turn.run_timers();
        turn.dispatch();
        turn.deliver();
        turn.run_cold();
        inputs.clear();
        let past = step.gated.past();
        past.ended.extend(self.fold.take_ended());
        past.outcomes.append(self.fold.outcomes());
        self.position.0 += u64::from(!step.records.is_empty());
        step.after = self.position;
    }

    /// When to step at the latest though nothing came in.
    pub fn next_wake(&self, now: Now) -> Option<Instant> {
        let wall = now.wall.max(self.live.wall);
        let hold = self.fold.wholes().next_end().map(|(end, _)| end);
        let apart = self.fold.apart().next_end().map(|(end, _)| end);
        let cold = self.live.cold.next_look(&self.fold);
        let later = self.next_later(wall);
        let walls = [
            self.fold.next_due(),
            self.fold.next_expiry(),
            hold,
            apart,
            cold,
            later,
        ];
        let walls = walls.into_iter().flatten().min();
        let by_wall = walls.map(|at| now.mono + Duration::from_millis(at.0.saturating_sub(wall.0)));
        by_wall.into_iter().chain(self.live.timers.first()).min()
    }

    /// When something that waits for its time has to be read.
    fn next_later(&self, now: Wall) -> Option<Wall> {
        if self.live.draining || self.live.room >= Room::Scarce {
            return None;
        }
        let limits = &self.directory.limits;
        let next = self.live.cold.next_later(&self.fold, limits, now);
        next.map(|(at, _)| at)
    }

    /// The whole state as it is now, for whoever writes it down while the engine goes on: taking it costs next to nothing for each
    /// message, and until it is dropped the engine copies what it touches, a few hundred messages at a time.
    pub fn state(&mut self) -> EngineState {
        EngineState(Box::new(self.fold.lend()))
    }

    /// The whole state as records for [`Recovery::apply`], in pieces of some 256 KiB.
    pub fn snapshot(&self, write: &mut dyn FnMut(&[u8])) {
        write_down(&self.fold, write);
    }

    /// A number that two engines share when they know the same: for the proof that replay and life agree.
    pub fn digest(&self) -> u64 {
        digest(&self.fold)
    }

    /// The last position that has records.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The time at which it believes it is: the latest that it was given or that a message of its journal has.
    pub fn wall(&self) -> Wall {
        self.live.wall
    }

    /// Octets of memory that messages take: of its figures the one that costs nothing to know.
    pub fn memory(&self) -> u64 {
        self.fold.memory() + self.live.cold.memory()
    }

    /// What the customers paid and spent, those who ever paid, by their numbers.
    pub fn balances(&self) -> impl Iterator<Item = (CustomerId, Balance)> + '_ {
        self.fold.ledger.balances()
    }

    /// The files of messages that it may ask for: each has to be there, and no other is needed.
    pub fn runs(&self) -> impl Iterator<Item = RunId> + '_ {
        self.fold.runs()
    }

    /// For which connector the messages in a file wait, and how many of which customers there are. `None`: it needs no such file.
    pub fn run(&self, run: RunId) -> Option<(ConnectorId, Vec<(CustomerId, u32)>)> {
        let run = self.fold.run(run)?;
        Some((run.shelf.connector(), run.counts().collect()))
    }

    /// Those about whom an operator has decided, and how they stand.
    pub fn standings(&self) -> impl Iterator<Item = (Party, Standing)> + '_ {
        self.fold.standings.iter()
    }

    /// Whether receipts or messages from subscribers wait for this customer, which may have them, and none of its binds is one that
    /// gets them.
    pub fn is_unattended(&self, customer: CustomerId) -> bool {
        if self.fold.standings.of(Party::Customer(customer)) == Standing::Paused {
            return false;
        }
        let lanes = &self.live.delivery_lanes;
        lanes
            .range((customer, crate::Group::default())..)
            .take_while(|((whose, _), _)| *whose == customer)
            .any(|(_, lane)| lane.is_unattended())
    }

    /// What it holds right now.
    pub fn figures(&self) -> Figures {
        Figures {
            in_doubt: self
                .live
                .connectors
                .values()
                .map(|c| c.doubts.len() as u64)
                .sum(),
            deliveries_expired: self.live.lost.expired,
            deliveries_refused: self.live.lost.refused,
            alerts_dropped: self.live.lost.alerts,
            memory: self.memory(),
            ..self.fold.figures()
        }
    }

    fn turn<'a>(&'a mut self, now: Now, step: &'a mut Step) -> Turn<'a> {
        self.live.wall = self.live.wall.max(now.wall);
        let now = Now {
            wall: self.live.wall,
            ..now
        };
        Turn {
            now,
            partition: self.partition,
            directory: &self.directory,
            fold: &mut self.fold,
            live: &mut self.live,
            step,
        }
    }
}

/// What the engine holds right now.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Messages known, in whatever state.
    pub messages: u64,
    /// Waiting for a carrier.
    pub waiting: u64,
    /// Sent, response outstanding.
    pub sending: u64,
    /// Of these: nobody knows, and the policy of the connector is awaited.
    pub in_doubt: u64,
    /// Taken by a carrier, receipt outstanding.
    pub awaiting_receipt: u64,
    /// Receipts and MO that wait for customers.
    pub deliveries: u64,
    /// Receipts and MO that no customer fetched in time, since the start.
    pub deliveries_expired: u64,
    /// Receipts and MO that their customers refused for good, since the start.
    pub deliveries_refused: u64,
    /// Alerts of carriers that nobody was sent, since the start.
    pub alerts_dropped: u64,
    /// Receipts that match no message.
    pub unmatched: u64,
    /// Octets of memory that messages take.
    pub memory: u64,
}

/// Octets of memory that messages take, by what they are for.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Messages, receipts and MO themselves.
    pub messages: u64,
    /// Ids of carriers, by which receipts find their messages.
    pub receipt_ids: u64,
    /// What is reserved of credits and daily limits.
    pub charges: u64,
    /// What parts of long messages have in common, and parts that wait for others.
    pub long_messages: u64,
    /// To whom a subscriber's answer goes.
    pub replies: u64,
    /// Addresses, by which messages are found whose ids customers may leave out.
    pub names: u64,
    /// What is known of the files of waiting messages.
    pub files: u64,
}

impl Memory {
    /// All of it.
    pub fn total(self) -> u64 {
        let Memory {
            messages,
            receipt_ids,
            charges,
            long_messages,
            replies,
            names,
            files,
        } = self;
        messages + receipt_ids + charges + long_messages + replies + names + files
    }
}

/// One step under one directory: it looks at the fold and at what is live, decides, and writes down what it decided. The parts
/// of a step are `accept`, `dispatch`, `outcome`, `receipt` and `deliver`, in the order of a message's way.
pub(crate) struct Turn<'a> {
    pub(crate) now: Now,
    partition: u16,
    pub(crate) directory: &'a Directory,
    /// To be changed by [`Turn::record`] alone.
    pub(crate) fold: &'a mut Fold,
    pub(crate) live: &'a mut Live,
    pub(crate) step: &'a mut Step,
}

impl<'a> Turn<'a> {
    /// Takes inputs up to and including the next directory, which it gives back: the rest is for a turn under that one.
    fn take_until_reload<'i>(
        &mut self,
        items: &mut core::slice::Iter<'i, Input>,
        inputs: &Inputs,
    ) -> Option<&'i Arc<Directory>> {
        for input in items {
            match *input {
                Input::Directory(ref directory) => return Some(directory),
                Input::Submit(ref draft) => self.submit(draft, inputs),
                Input::Ask(ref ask) => self.ask(ask, inputs),
                Input::Sent {
                    bind,
                    token,
                    outcome,
                } => self.sent(bind, token, outcome, inputs),
                Input::Loaded { bind, load } => self.loaded(bind, load),
                Input::Receipt {
                    origin,
                    bind,
                    ref receipt,
                } => self.receipt(origin, bind, receipt, inputs),
                Input::Mo { origin, bind, body } => self.mo(origin, bind, inputs.get(body)),
                Input::Alert { bind, body } => self.alert(bind, inputs.get(body)),
                Input::AlertDropped => self.live.lost.alerts += 1,
                Input::Delivered {
                    bind,
                    token,
                    outcome,
                } => self.delivered(bind, token, outcome),
                Input::Bind {
                    origin,
                    customer,
                    kind,
                    group,
                    window,
                } => self.bind(origin, (customer, group), kind, window),
                Input::Connected {
                    origin,
                    connector,
                    transmits,
                    window,
                } => self.connected(origin, connector, transmits, window),
                Input::Alive(bind) => self.alive(bind),
                Input::Retiring(bind) => self.retiring(bind),
                Input::Unbound(bind) => self.unbound(bind),
                Input::Credit {
                    customer,
                    topup,
                    amount,
                } => self.grant(customer, topup, amount),
                Input::Operator {
                    ticket,
                    ref command,
                } => self.operate(ticket, command),
                Input::Cold(ColdDone::Write { run, written }) => self.frozen(run, written),
                Input::Cold(ColdDone::Lost { run }) => self.lost(run),
                Input::Cold(ColdDone::Read { run, images }) => self.thawed(run, inputs.get(images)),
                Input::Room(room) => {
                    self.live.room = room;
                    self.live.cold.look_anew();
                    self.touch_all();
                }
                Input::Drain => self.live.draining = true,
            }
        }
        None
    }

    /// Writes the fact down, and makes it true.
    pub(crate) fn record(&mut self, record: &Record<'_>) {
        record.encode(&mut self.step.records);
        self.fold.apply(record);
    }

    /// A message came to the end of a stage of its way that began at `since`: some of them are measured.
    pub(crate) fn took(&mut self, key: MessageKey, since: Wall, lapse: fn(u64) -> Lapse) {
        if key.is_sample() {
            let span = self.now.wall.0.saturating_sub(since.0);
            self.step.gated.past().lapses.push(lapse(span));
        }
    }

    /// Octets of memory that messages take, and the questions about those on the disk.
    pub(crate) fn memory(&self) -> u64 {
        self.fold.memory() + self.live.cold.memory()
    }

    /// A key that no message had before.
    pub(crate) fn mint(&self) -> MessageKey {
        MessageKey::after(self.fold.newest(), self.now.wall, self.partition)
    }

    /// When something that may take `span` from now is over.
    pub(crate) fn expiry(&self, span: Duration) -> Seconds {
        Seconds::from_wall(self.now.wall.plus(span))
    }

    /// Ends a message; its customer hears of it if it asked for that.
    pub(crate) fn finish(&mut self, key: MessageKey, reason: Reason) {
        let Some(entry) = self.fold.entry(key) else {
            return;
        };
        let order = entry.order;
        let was_delivery = entry.leg().is_none();
        let wanted = !was_delivery
            && !self.fold.was_told(entry)
            && self.fold.would_tell(&order, reason.state());
        let receipt = wanted.then(|| self.mint());
        let expires = self.expiry(self.delivery_ttl(order.customer));
        self.record(&Record::Done {
            key,
            reason,
            at: self.now.wall,
            receipt,
            expires,
        });
        match receipt {
            Some(receipt) => self.ready(receipt),
            None => {
                self.delivery_over(&order);
                if was_delivery {
                    self.live.lost.expired += 1;
                    self.drop_ended(&order);
                }
            }
        }
    }

    /// How long receipts wait for a customer.
    pub(crate) fn delivery_ttl(&self, customer: CustomerId) -> Duration {
        let customer = self.directory.customers.get(&customer);
        customer.map_or_else(
            || Customer::default().delivery_ttl,
            |customer| customer.delivery_ttl,
        )
    }

    /// The directory is new: who may not be here any more is sent away, and everything is looked at again.
    fn reloaded(&mut self) {
        let directory = self.directory;
        self.live.informed = true;
        self.live.cold.look_anew();
        self.fold.tell_outcomes(directory.limits.outcomes);
        let gone = |bind: &&Bind| match bind.side {
            Side::Customer(ref side) => !directory
                .customers
                .get(&side.customer)
                .is_some_and(|c| c.enabled),
            Side::Carrier { connector } => !directory
                .connectors
                .get(&connector)
                .is_some_and(|c| c.enabled),
        };
        for bind in self.live.binds.iter().filter(gone) {
            self.step.free.push(Output::Close { to: bind.origin });
        }
        self.grant_trials();
        // Removed ones may have been removed while the process was down.
        let gone = self
            .fold
            .connectors()
            .filter(|id| !directory.connectors.contains_key(id));
        for id in gone {
            self.live.touch_connector(id);
        }
        self.touch_all();
    }

    fn touch_all(&mut self) {
        // What is in doubt may have another policy now, or may be sent again.
        for connector in self.live.connectors.values_mut() {
            connector.doubts.reconsider();
        }
        let connectors: Vec<_> = self.live.connectors.keys().copied().collect();
        connectors
            .into_iter()
            .for_each(|id| self.live.touch_connector(id));
        self.live.redistribute(self.directory);
    }

    fn run_timers(&mut self) {
        while let Some(timer) = self.live.timers.pop(self.now.mono) {
            match timer {
                Timer::Late { bind, token } => self.too_late(bind, token),
                Timer::Wake { connector } => {
                    if let Some(live) = self.live.connectors.get_mut(&connector) {
                        live.wake = live.wake.filter(|&wake| wake > self.now.mono);
                    }
                    self.live.touch_connector(connector);
                }
                Timer::Retry { customer, key } => self.retry(customer, key),
                Timer::Newcomer { customer, origin } => self.waited_enough(customer, origin),
            }
        }
        self.run_holds();
        self.run_apart();
        self.run_due();
        self.run_expiry();
    }

    /// Deferred messages whose time has come may be sent; held parts only once it was decided what becomes of them.
    fn run_due(&mut self) {
        let held = self.fold.wholes().next_end();
        let before = held.map(|(end, _)| Wall(end.0.saturating_sub(1)));
        let upto = before.unwrap_or(self.now.wall).min(self.now.wall);
        while let Some(connector) = self.fold.due(upto) {
            self.record(&Record::Due { connector, upto });
            self.live.touch_connector(connector);
        }
    }

    /// What is not wanted any more ends; a bounded number in one step, the rest in the next.
    fn run_expiry(&mut self) {
        const MOST: usize = 4096;
        let mut keys = Vec::new();
        self.fold.expired(self.now.wall, MOST, &mut keys);
        for key in keys {
            let sent = self
                .fold
                .leg(key)
                .is_some_and(|leg| leg.stage == Stage::Sent);
            self.finish(
                key,
                if sent {
                    Reason::NoReceipt
                } else {
                    Reason::Expired
                },
            );
        }
        for _ in 0..MOST {
            let Some(key) = self.fold.expired_stray(self.now.wall) else {
                break;
            };
            self.finish_stray(key);
        }
    }
}
