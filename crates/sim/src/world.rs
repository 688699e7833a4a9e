//! A whole world from one seed: our process, its customers, its carriers, the wires between them and the disk beneath.
//!
//! A test speaks to it in sentences: `world.submit(..)`, `world.crash(..)`, `world.run(..)`, `world.expect(..)`.

use core::time::Duration;

use journal::sim::SimDisk;
use smpp::status::Status;
use sms::{State, Wall};

use crate::carrier::{Carrier, CarrierHabits, Reaction};
use crate::env::{Env, EsmeEvent, Event, MS, NodeEvent};
use crate::esme::{Esme, EsmeHabits};
use crate::history::History;
use crate::node::Node;
use crate::oracle::{Reply, Sms, Wish};
use crate::pipe::{End, PipeId, Who};
use crate::plan::Plan;
use crate::planted::Planted;
use crate::store::{Crash, DiskManner};
use crate::weather::Weather;

/// Octets that it takes to remember whose message a subscriber may answer.
const REMEMBERED: u64 = 56;

/// Octets of the disk when nothing fills it.
pub(crate) const DISK_OCTETS: u64 = 64 << 20;

/// Events of one world; a long day has a tenth of it.
const EVENTS_MAX: u64 = 2_000_000;

/// See the module's documentation.
pub struct World {
    pub(crate) env: Env,
    pub(crate) plan: Plan,
    pub(crate) node: Option<Node>,
    /// The disk, while no process has it.
    pub(crate) disk: SimDisk,
    pub(crate) history: History,
    pub(crate) esmes: Vec<Esme>,
    pub(crate) carriers: Vec<Carrier>,
    pub(crate) disk_manner: DiskManner,
    pub(crate) weather: Option<Weather>,
    pub(crate) boots: u32,
    /// The process dies as soon as a batch is on its way to the disk, and starts again after so many nanoseconds.
    pub(crate) dies_writing: Option<(Crash, u64)>,
    events: u64,
    planted: Option<Planted>,
}

/// A message of this world.
pub type Message = usize;

impl World {
    /// A world in which nothing has happened yet, with the carriers and customers of `plan`, one bind for each customer.
    pub fn new(seed: u64, plan: Plan) -> World {
        let mut env = Env::new(seed);
        env.oracle.agree(&plan);
        let disk = SimDisk::new(DISK_OCTETS, env.random.bits());
        let carriers = (0..plan.connectors.len()).map(Carrier::new).collect();
        let mut world = World {
            env,
            node: None,
            disk,
            history: History::default(),
            esmes: Vec::new(),
            carriers,
            disk_manner: DiskManner::fair(),
            weather: None,
            boots: 0,
            dies_writing: None,
            events: 0,
            planted: None,
            plan,
        };
        for customer in 0..world.plan.customers.len() {
            world.add_esme(customer, true, true);
        }
        world
    }

    /// One more bind of a customer: its number among all binds.
    pub fn add_esme(&mut self, customer: usize, transmits: bool, receives: bool) -> usize {
        let number = self.esmes.len();
        let mut esme = Esme::new(number, customer, transmits, receives);
        esme.connect_soon(&mut self.env);
        self.esmes.push(esme);
        number
    }

    /// One more bind of a customer, with this system_type; the customer has to have groups.
    pub fn add_member(
        &mut self,
        customer: usize,
        group: &'static str,
        transmits: bool,
        receives: bool,
    ) -> usize {
        let number = self.add_esme(customer, transmits, receives);
        self.esmes[number].group = group;
        number
    }

    /// Puts a fault into the process: the oracle has to find it.
    pub fn plant(&mut self, planted: Planted) {
        self.planted = Some(planted);
    }

    /// Starts the process.
    pub fn start(&mut self) {
        self.env.after(0, Event::Boot);
    }

    // ---- time ----

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let until = self.env.now + span.as_nanos() as u64;
        self.run_until(until);
        self.env.now = self.env.now.max(until);
    }

    pub(crate) fn run_until(&mut self, until: u64) {
        while self.env.oracle.violation().is_none()
            && let Some(event) = self.env.next(until)
        {
            self.events += 1;
            if self.events == EVENTS_MAX {
                self.env
                    .violated("everybody is busy, and nothing comes of it".to_owned());
            }
            self.happens(event);
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrive(pipe, end) => {
                if self.env.arrive(pipe, end) {
                    self.stirs(pipe, end);
                }
            }
            Event::Writable(pipe, end) => self.stirs(pipe, end),
            Event::Gone(pipe, end) => self.gone(pipe, end),
            Event::Node { boot, event } => self.in_node(boot, &event),
            Event::Boot => self.boot(),
            Event::Esme(number, EsmeEvent::Connect) => self.connect_esme(number),
            Event::Esme(number, event) => self.esmes[number].happens(&mut self.env, &event),
            Event::Carrier(number, event) => self.carriers[number].happens(&mut self.env, &event),
            Event::Weather => self.change_weather(),
            Event::Release => self.release_everything(),
            Event::Crash(how, down) => {
                self.crash(how);
                self.restart_in(Duration::from_nanos(down));
            }
        }
    }

    fn stirs(&mut self, pipe: PipeId, end: End) {
        let env = &mut self.env;
        match (end, env.net.who(pipe)) {
            (End::Peer, Who::Esme(number)) => self.esmes[number].stirs(env, pipe),
            (End::Peer, Who::Carrier(number)) => self.carriers[number].stirs(env, pipe),
            (End::Node, _) => {
                if let Some(node) = &mut self.node {
                    let now = node.now(env);
                    node.shell.stirs(env, now, pipe);
                    node.follow(env);
                }
            }
        }
    }

    fn gone(&mut self, pipe: PipeId, end: End) {
        let env = &mut self.env;
        if env.net.has_let_go(pipe, end) {
            return;
        }
        match (end, env.net.who(pipe)) {
            (End::Peer, Who::Esme(number)) => self.esmes[number].gone(env, pipe),
            (End::Peer, Who::Carrier(number)) => self.carriers[number].gone(env, pipe),
            (End::Node, _) => {
                if let Some(node) = &mut self.node {
                    let now = node.now(env);
                    node.shell.gone(env, now, pipe);
                    node.follow(env);
                }
            }
        }
    }

    fn connect_esme(&mut self, number: usize) {
        let esme = &mut self.esmes[number];
        let pipe = self.node.as_ref().map(|node| {
            let pipe = self.env.open(Who::Esme(number));
            let event = NodeEvent::Accept(pipe);
            let boot = node.boot;
            self.env.after(MS / 10, Event::Node { boot, event });
            pipe
        });
        esme.connected(&mut self.env, pipe);
    }

    fn in_node(&mut self, boot: u32, event: &NodeEvent) {
        let Some(node) = self.node.as_mut().filter(|node| node.boot == boot) else {
            if let NodeEvent::Accept(pipe) = *event {
                self.env.abandon(pipe, true);
            }
            return;
        };
        let happened = node.happens(&mut self.env, event, &self.disk_manner, &mut self.history);
        if node.store.writing.is_some()
            && let Some((how, down)) = self.dies_writing.take()
        {
            // Before anybody hears of it, or right after.
            let soon = *self.env.random.pick(&[MS, 40 * MS]);
            let soon = self.env.random.between(0, soon);
            self.env.after(soon, Event::Crash(how, down));
        }
        if happened.is_err() {
            self.crash(Crash::Kill);
            self.restart_in(Duration::from_millis(500));
        }
    }

    fn boot(&mut self) {
        if self.node.is_some() {
            return;
        }
        self.boots += 1;
        let (boot, disk, planted) = (self.boots, self.disk.clone(), self.planted);
        let history = &mut self.history;
        match Node::start(&mut self.env, boot, disk, &self.plan, history, planted) {
            Ok(node) => self.node = Some(node),
            Err(error) => self
                .env
                .violated(format!("the process cannot start: {error}")),
        }
    }

    // ---- what a test, or the weather, does ----

    /// Submits a message over a bind, as soon as that can.
    pub fn submit(&mut self, esme: usize, sms: Sms) -> Message {
        let customer = self.esmes[esme].customer;
        let message = self.env.oracle.write(customer, sms);
        let group = self.esmes[esme].group;
        self.env.oracle.submitted_in(message, group);
        self.esmes[esme].submit(&mut self.env, message);
        message
    }

    /// Asks about a message over a bind of the customer that submitted it, as soon as that can; it has to know the id by then.
    pub fn ask(&mut self, esme: usize, message: Message, wish: Wish) {
        self.esmes[esme].ask(&mut self.env, message, wish);
    }

    /// A subscriber writes to a customer, through this carrier.
    pub fn write_to(&mut self, customer: usize, carrier: usize) {
        let mo = self.env.oracle.write_mo(customer);
        self.carriers[carrier].bring(&mut self.env, mo);
    }

    /// Makes a carrier tell the state of a message's first copy, under an id of the test's choice.
    pub fn tell(&mut self, carrier: usize, message: Message, id: &str, state: State) {
        self.carriers[carrier].tell(&mut self.env, message, 0, id, state);
    }

    /// What a carrier does with the next messages, before its habits hold.
    pub fn script(&mut self, carrier: usize, reactions: impl IntoIterator<Item = Reaction>) {
        self.carriers[carrier].script.extend(reactions);
    }

    /// A carrier's habits.
    pub fn carrier(&mut self, carrier: usize) -> &mut CarrierHabits {
        &mut self.carriers[carrier].habits
    }

    /// A customer's habits on one bind.
    pub fn esme(&mut self, esme: usize) -> &mut EsmeHabits {
        &mut self.esmes[esme].habits
    }

    /// What it has not read it reads now.
    pub fn listen_again(&mut self, esme: usize) {
        self.esmes[esme].habits.deaf = false;
        if let Some(pipe) = self.esmes[esme].pipe() {
            self.stirs(pipe, End::Peer);
        }
    }

    /// The process dies. Nobody starts it again.
    pub fn crash(&mut self, how: Crash) {
        if let Some(node) = self.node.take() {
            self.env.say(format_args!("node: dies, {how:?}"));
            // In the middle of things, when there is most to compare.
            if let Err(wrong) = self.history.compare("the engine that dies", &node.engine) {
                self.env.violated(wrong);
            }
            self.disk = node.crash(&mut self.env, how);
        }
    }

    /// The process starts again after a while.
    pub fn restart_in(&mut self, span: Duration) {
        self.env.after(span.as_nanos() as u64, Event::Boot);
    }

    /// The process is told to go down, and dies after `span` at the latest, as a service manager does it.
    pub fn stop_in(&mut self, span: Duration) {
        self.env.say(format_args!("node: is told to go down"));
        if let Some(node) = &mut self.node {
            node.drain(&mut self.env);
        }
        self.run(span);
        self.crash(Crash::Kill);
    }

    /// Another configuration, now.
    pub fn reload(&mut self, plan: &Plan) {
        self.plan = plan.clone();
        self.env.say(format_args!("node: reloads"));
        if let Some(node) = &mut self.node {
            node.reload(&mut self.env, plan);
        }
    }

    /// The configuration that holds.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A carrier can, or cannot, be connected to from now on. Binds that stand are not touched.
    pub fn open_door(&mut self, carrier: usize, open: bool) {
        if open {
            self.env.net.shut.remove(&carrier);
        } else {
            self.env.net.shut.insert(carrier);
        }
    }

    /// All connections of a carrier break.
    pub fn cut_off(&mut self, carrier: usize) {
        for pipe in self.carriers[carrier].pipes() {
            self.env.reset(pipe);
        }
    }

    /// The wall clock jumps forward.
    pub fn jump(&mut self, span: Duration) {
        self.env.jumped += span.as_millis() as u64;
    }

    /// Leaves so many octets free on the disk.
    pub fn leave_free(&mut self, octets: u64) {
        let used = self.used_octets();
        self.this_disk().set_capacity(used + octets);
    }

    /// Octets of the disk that are taken.
    fn used_octets(&self) -> u64 {
        let disk = self.this_disk();
        let names = disk.names();
        let contents = names.iter().filter_map(|name| disk.contents(name));
        contents
            .map(|octets| (octets.len() as u64).next_multiple_of(4096))
            .sum()
    }

    /// The disk has all its room.
    pub fn make_room(&mut self) {
        self.this_disk().set_capacity(DISK_OCTETS);
    }

    fn this_disk(&self) -> &SimDisk {
        match &self.node {
            Some(node) => &node.store.disk,
            None => &self.disk,
        }
    }

    /// How long the disk takes for each batch, at least and at most.
    pub fn slow_disk(&mut self, least: Duration, most: Duration) {
        self.disk_manner.latency = (least.as_nanos() as u64, most.as_nanos() as u64);
        let slowest = &mut self.env.oracle.slowest_disk;
        *slowest = (*slowest).max(most.as_nanos() as u64);
    }

    // ---- what a test asks ----

    /// How the submit_sm was answered.
    pub fn answer(&self, message: Message) -> Option<Status> {
        self.env.answer_of(message)
    }

    /// The carriers that got it, in order, by their numbers.
    pub fn copies(&self, message: Message) -> Vec<usize> {
        self.env.copies_of(message)
    }

    /// What its customer was told, in order.
    pub fn told(&self, message: Message) -> Vec<State> {
        self.env.told_of(message)
    }

    /// What was answered to those who asked about it, in the order of their requests.
    pub fn replies(&self, message: Message) -> Vec<Reply> {
        self.env.replies_about(message)
    }

    /// When its copies came, since the world began.
    pub fn arrivals(&self, message: Message) -> Vec<Duration> {
        let arrivals = self.env.arrivals_of(message);
        arrivals.into_iter().map(Duration::from_nanos).collect()
    }

    /// What the engine holds; nothing while there is none.
    pub fn figures(&self) -> engine::Figures {
        let node = self.node.as_ref();
        node.map_or_else(Default::default, |node| node.engine.figures())
    }

    /// How the last bind over this ESME was answered, and whether it stands.
    pub fn bind(&self, esme: usize) -> (Option<Status>, bool) {
        let esme = &self.esmes[esme];
        (esme.bind_status, esme.is_bound())
    }

    /// Binds of this carrier that stand.
    pub fn carrier_binds(&self, carrier: usize) -> usize {
        self.carriers[carrier].binds()
    }

    /// The wall clock.
    pub fn wall(&self) -> Wall {
        self.env.wall()
    }

    /// # Panics
    /// When it is not so, or when anything else went wrong before, with the last events in words.
    #[track_caller]
    pub fn expect(&self, what: &str, so: bool) {
        if let Some(violation) = self.env.oracle.violation() {
            panic!("{violation}\n{}", self.last_events());
        }
        assert!(so, "not so: {what}\n{}", self.last_events());
    }

    /// Waits until everything is at rest, and lets the oracle judge.
    ///
    /// # Panics
    /// When it finds something, with the last events in words.
    #[track_caller]
    pub fn settle(&mut self) {
        let calm = self.wall();
        if let Err(wrong) = self.come_to_rest(Duration::from_secs(3 * 3600)) {
            panic!("{wrong}\n{}", self.last_events());
        }
        if let Err(wrong) = self.judge(calm) {
            panic!("{wrong}\n{}", self.last_events());
        }
    }

    /// The same where all peers were good all the time, which the oracle judges more strictly.
    ///
    /// # Panics
    /// When it finds something, with the last events in words.
    #[track_caller]
    pub fn settle_fairly(&mut self) {
        self.settle();
        if let Err(wrong) = self.env.oracle.judge_fair(0) {
            panic!("{wrong}\n{}", self.last_events());
        }
    }

    pub(crate) fn last_events(&self) -> String {
        let mut text = String::new();
        for line in self.env.trace.last() {
            text += line;
            text.push('\n');
        }
        text
    }

    // ---- the end ----

    /// Runs until nobody owes anybody anything.
    pub(crate) fn come_to_rest(&mut self, most: Duration) -> Result<(), String> {
        let until = self.env.now + most.as_nanos() as u64;
        let mut step = MS * 100;
        loop {
            self.run(Duration::from_nanos(step));
            if let Some(violation) = self.env.oracle.violation() {
                return Err(violation.to_owned());
            }
            if self.is_at_rest() {
                return Ok(());
            }
            if self.env.now >= until {
                return Err(format!("nothing comes to rest: {:?}", self.figures()));
            }
            step = (step * 2).min(10_000 * MS);
        }
    }

    fn is_at_rest(&self) -> bool {
        let node = self.node.as_ref();
        node.is_some_and(|node| node.owes_nothing() && node.is_idle())
            && self.carriers.iter().all(Carrier::is_idle)
            && self.esmes.iter().all(Esme::is_idle)
    }

    /// What everybody saw, and what the journal says.
    pub(crate) fn judge(&self, calm_since: Wall) -> Result<(), String> {
        self.env.oracle.judge(calm_since)?;
        let Some(node) = &self.node else {
            return Err("there is no process".to_owned());
        };
        if node.journal_is_too_long() {
            return Err("the journal is longer than its snapshots need".to_owned());
        }
        let figures = node.engine.figures();
        // What may still be answered is remembered.
        if figures.memory > REMEMBERED * self.env.oracle.remembered_max() as u64 {
            return Err(format!("nothing is left, and takes memory: {figures:?}"));
        }
        for (customer, balance) in node.engine.balances() {
            let customer = customer.0 as usize - 1;
            let granted = self.plan.granted(customer).unwrap_or_default();
            self.env.oracle.judge_money(customer, granted, balance)?;
        }
        self.history.compare("the live engine", &node.engine)?;
        self.history.compare("snapshot and tail", &node.reread()?)
    }
}
