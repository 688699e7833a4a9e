//! Bad weather from a seed: who there is, how badly everybody behaves, and what breaks when.

use core::time::Duration;

use engine::{Amount, InDoubt, Meter, Route, Target};
use smpp::status;
use sms::State;
use sms::udh::Concatenation;

use crate::carrier::{CarrierHabits, Form, Ids, Reaction};
use crate::env::{Event, MS, SECOND};
use crate::esme::{EsmeHabits, Thanks};
use crate::oracle::{Sms, Wish};
use crate::pipe::Manner;
use crate::plan::{Plan, connector_id};
use crate::random::Random;
use crate::store::{Crash, DiskManner};
use crate::variety::Variety;
use crate::world::World;

/// Kinds of trouble. Each seed has about half of them: together they would hide each other.
#[derive(Clone, Copy, Debug)]
struct Troubles {
    wires: bool,
    resets: bool,
    holes: bool,
    stalls: bool,
    crashes: bool,
    power_cuts: bool,
    slow_disk: bool,
    failing_disk: bool,
    full_disk: bool,
    bad_carriers: bool,
    bad_customers: bool,
    reloads: bool,
    jumps: bool,
    doors: bool,
}

/// What is still to come.
pub(crate) struct Weather {
    until: u64,
    troubles: Troubles,
    messages: u32,
    /// Nanoseconds from one change to the next, on average.
    pause: u64,
    whole: Plan,
    /// What customers ask, and when, if they do: of its own, so that days without it stay what they are.
    pub(crate) asking: Option<Random>,
    /// What reloads change, where they do not only switch off; of its own as well.
    pub(crate) reloading: Option<Random>,
    /// What operators order, and when; of its own as well.
    pub(crate) ordering: Option<Random>,
    /// Which texts are long that day, if any are; of its own as well.
    pub(crate) lengthening: Option<Random>,
    /// How messages differ that day.
    pub(crate) variety: Variety,
}

impl Weather {
    pub(crate) fn new(
        random: &mut Random,
        messages: u32,
        whole: Plan,
        variety: Variety,
    ) -> Weather {
        let mut some = || random.chance(500);
        let troubles = Troubles {
            wires: some(),
            resets: some(),
            holes: some(),
            stalls: some(),
            crashes: some(),
            power_cuts: some(),
            slow_disk: some(),
            failing_disk: some(),
            full_disk: some(),
            bad_carriers: some(),
            bad_customers: some(),
            reloads: some(),
            jumps: some(),
            doors: some(),
        };
        let lasts = random.between(20, 200) * SECOND;
        Weather {
            until: lasts,
            troubles,
            messages,
            pause: lasts / u64::from(messages).max(1) * 2,
            whole,
            asking: None,
            reloading: None,
            ordering: None,
            lengthening: None,
            variety,
        }
    }

    pub(crate) fn until(&self) -> u64 {
        self.until
    }
}

/// Who there is in a world of bad weather.
pub(crate) fn plan(random: &mut Random) -> Plan {
    let customers = random.between(1, 3) as usize;
    let connectors = random.between(1, 3) as usize;
    let mut plan = Plan::new(customers, connectors);
    plan.write_stall = Duration::from_secs(10);
    plan.snapshot_every = random.between(2, 32) << 10;
    plan.undurable_max = 1usize << random.between(11, 20);
    plan.journal.segment_bytes = random.between(4, 32) << 10;
    plan.limits.unmatched_keep = Duration::from_secs(2 * 3600);
    // Early receipts count among them until their messages have ids.
    plan.limits.unmatched_max = random.between(150, 300) as usize;
    if random.chance(200) {
        plan.limits.messages_max = random.between(60, 150);
    }
    // Most worlds keep next to nothing that waits in memory. No chance of its own: it would give old seeds other worlds.
    if !plan.limits.unmatched_max.is_multiple_of(4) {
        plan.limits.lane_hot_max = plan.limits.unmatched_max as u64 / 4 % 12 + 1;
        plan.limits.lane_hot_for = Duration::from_secs(plan.limits.unmatched_max as u64 / 48 % 3);
    }
    for customer in &mut plan.customers {
        customer.customer.validity = Duration::from_secs(random.between(60, 600));
        customer.customer.deliver_max = random.between(60, 500);
        customer.account.session.window_in = random.between(1, 20) as u16;
        customer.account.session.window_out = random.between(1, 20) as u16;
        customer.account.session.response_timeout = Duration::from_secs(random.between(10, 30));
        customer.customer.routes = routes(random, connectors);
    }
    for number in 0..customers {
        if random.chance(400) {
            plan.customers[number].customer.meter = Some(Meter {
                price: Some(Amount(Amount::UNIT)),
                trial: Amount(random.between(1, 30) as i64 * Amount::UNIT),
                ..Meter::default()
            });
            let paid = Amount(random.between(1, 60) as i64 * Amount::UNIT);
            plan.topups.push((number, 1, paid));
        }
    }
    for connector in &mut plan.connectors {
        let doubt = [
            InDoubt::Resend,
            InDoubt::Resend,
            InDoubt::Hold(Duration::from_secs(20)),
            InDoubt::Fail,
        ];
        connector.connector.in_doubt = *random.pick(&doubt);
        connector.connector.receipts = !random.chance(100);
        connector.connector.receipt_wait = Duration::from_secs(random.between(60, 180));
        connector.connector.late_wait = Duration::from_secs(random.between(5, 30));
        connector.connector.retry = [1, 2, 5, 10].map(Duration::from_secs).to_vec();
        connector.connector.failover_after = random.between(1, 3) as u8;
        if random.chance(300) {
            connector.connector.rate = Some(random.between(5, 50) as u32);
        }
        connector.profile.late_wait = connector.connector.late_wait;
        connector.profile.response_timeout = Duration::from_secs(random.between(5, 30));
        connector.profile.window = random.between(1, 20) as u16;
        connector.binds = random.between(1, 2) as u16;
        connector.reconnect = (Duration::from_secs(1), Duration::from_secs(10));
    }
    plan
}

fn routes(random: &mut Random, connectors: usize) -> Vec<Route> {
    let mut route = |prefix: &[u8]| Route {
        prefix: prefix.to_vec(),
        targets: (0..connectors)
            .map(|number| Target {
                connector: connector_id(number),
                order: random.below(2) as u16,
                weight: random.between(0, 3) as u16,
            })
            .collect(),
        ..Route::default()
    };
    vec![route(b""), route(b"44791"), route(b"447912")]
}

fn bad_carrier(random: &mut Random) -> CarrierHabits {
    let mut some = |most: u64| random.below(most + 1) as u32;
    let reactions = vec![
        (60, Reaction::Take),
        (some(4), Reaction::TakeSayingTwice),
        (some(4), Reaction::TakeLate(8)),
        (some(4), Reaction::TakeLate(40)),
        (some(4), Reaction::TakeLate(70)),
        (some(4), Reaction::TakeSilently),
        (some(4), Reaction::Swallow),
        (some(10), Reaction::Refuse(status::RTHROTTLED)),
        (some(10), Reaction::Refuse(status::RMSGQFUL)),
        (some(10), Reaction::Refuse(status::RSYSERR)),
        (some(3), Reaction::Refuse(status::RINVBNDSTS)),
        (some(6), Reaction::Refuse(status::RINVDSTADR)),
        (some(2), Reaction::TakeAndUnbind),
    ];
    let fates = vec![
        (50, Some(State::Delivered)),
        (some(20), Some(State::Undeliverable)),
        (some(10), Some(State::Rejected)),
        (some(10), Some(State::Expired)),
        (some(5), Some(State::Deleted)),
        (some(10), None),
    ];
    let (early, twice, intermediate, strays, unwilling) =
        (some(500), some(300), some(300), some(200), some(300));
    let slow = random.between(0, 3) * SECOND;
    let (low, high) = (random.below(SECOND), random.between(SECOND, 40 * SECOND));
    CarrierHabits {
        answer_delay: (MS, 20 * MS + slow),
        reactions,
        fates,
        receipt_delay: (low, high),
        ids: *random.pick(&[
            Ids::Decimal,
            Ids::PaddedHex,
            Ids::Words,
            Ids::Reused(5),
            Ids::Reused(40),
        ]),
        form: *random.pick(&[Form::Same, Form::Capitals, Form::Stripped, Form::OtherRadix]),
        tlv_receipts: random.chance(300),
        early,
        twice,
        intermediate,
        strays,
        unwilling,
    }
}

fn bad_esme(random: &mut Random) -> EsmeHabits {
    let mut some = |most: u64| random.below(most + 1) as u32;
    let thanks = vec![
        (50, Thanks::Ok),
        (some(5), Thanks::Twice),
        (some(5), Thanks::Late(5)),
        (some(5), Thanks::Late(45)),
        (some(5), Thanks::Never),
        (some(10), Thanks::Refuse(status::RX_T_APPN)),
        (some(10), Thanks::Refuse(status::RSYSERR)),
        (some(5), Thanks::Refuse(status::RX_P_APPN)),
    ];
    EsmeHabits {
        window: random.between(1, 60) as usize,
        thanks,
        answer_delay: (MS, random.between(MS, SECOND)),
        deaf: false,
    }
}

impl World {
    /// Bad weather begins.
    pub(crate) fn begin_weather(&mut self, weather: Weather) {
        let troubles = weather.troubles;
        self.env.say(format_args!("weather: {troubles:?}"));
        let random = &mut self.env.random;
        if troubles.bad_carriers {
            for carrier in &mut self.carriers {
                carrier.habits = bad_carrier(random);
                let parts = weather.lengthening.is_some();
                if parts && matches!(carrier.habits.ids, Ids::Reused(_)) {
                    // Of two parts to one number that have one id nobody can say which a receipt is about.
                    carrier.habits.ids = Ids::Words;
                }
            }
        }
        if troubles.bad_customers {
            for esme in &mut self.esmes {
                esme.habits = bad_esme(random);
            }
        }
        if troubles.wires {
            self.env.net.manner = Manner {
                delay: (MS / 10, random.between(MS, 300 * MS)),
                pieces: random.between(1, 6),
                room: 1 << random.between(8, 16),
            };
        }
        if troubles.slow_disk {
            let most = random.between(1, 2000);
            self.slow_disk(Duration::from_micros(100), Duration::from_millis(most));
        }
        if troubles.failing_disk {
            self.disk_manner.failing = 2;
        }
        self.weather = Some(weather);
        self.env.after(SECOND, Event::Weather);
    }

    /// One thing happens, and the next is planned.
    pub(crate) fn change_weather(&mut self) {
        let Some(weather) = &self.weather else { return };
        let (troubles, until, pause) = (weather.troubles, weather.until, weather.pause);
        self.submit_some();
        self.ask_some();
        self.answer_some();
        self.order_something();
        if self.env.random.chance(300) {
            self.break_something(troubles);
        }
        let wait = self.env.random.between(0, 2 * pause);
        if self.env.now + wait < until {
            self.env.after(wait, Event::Weather);
        }
    }

    fn submit_some(&mut self) {
        let Some(weather) = &mut self.weather else {
            return;
        };
        let random = &mut self.env.random;
        let burst = if random.chance(100) { 20 } else { 2 };
        let burst = random.between(0, burst).min(u64::from(weather.messages)) as u32;
        weather.messages -= burst;
        for _ in 0..burst {
            let sms = self.some_sms();
            let sms = self.vary(sms);
            let pieces = self.lengthen(sms);
            self.submit_anywhere(pieces);
        }
        if self.env.random.chance(50) {
            let customer = self.env.random.below(self.plan.customers.len() as u64) as usize;
            let carrier = self.env.random.below(self.carriers.len() as u64) as usize;
            self.write_to(customer, carrier);
        }
    }

    /// Somebody asks about one of the latest messages, or wants it stopped.
    fn ask_some(&mut self) {
        let weather = self.weather.as_mut();
        let Some(asking) = weather.and_then(|weather| weather.asking.as_mut()) else {
            return;
        };
        if !asking.chance(600) {
            return;
        }
        let customer = asking.below(self.plan.customers.len() as u64) as usize;
        let requests = [
            (Wish::State, false),
            (Wish::Cancel, false),
            (Wish::Cancel, true),
        ];
        let (wish, in_time) = *asking.pick(&requests);
        let oracle = &self.env.oracle;
        let known = oracle.known_to(customer).rev();
        let latest: Vec<_> = known
            .filter(|&message| !in_time || oracle.was_never_sent(message))
            .take(asking.between(1, 20) as usize)
            .collect();
        if !latest.is_empty() {
            let message = *asking.pick(&latest);
            self.ask_anywhere(message, customer, wish);
        }
    }

    /// Asks over the bind of the customer that comes next.
    pub(crate) fn ask_anywhere(&mut self, message: usize, customer: usize, wish: Wish) {
        let able: Vec<usize> = (0..self.esmes.len())
            .filter(|&esme| self.esmes[esme].customer == customer)
            .filter(|&esme| self.esmes[esme].can_submit())
            .collect();
        self.ask(able[message % able.len()], message, wish);
    }

    /// Makes some messages too long for one short message, and others parts that their customer cut: in any order, and some are
    /// missing.
    fn lengthen(&mut self, sms: Sms) -> Vec<Sms> {
        let reference = (self.env.oracle.next_number() % 256) as u16;
        let weather = self.weather.as_mut();
        let Some(random) = weather.and_then(|weather| weather.lengthening.as_mut()) else {
            return vec![sms];
        };
        let letter = b'a' + random.below(26) as u8;
        match random.below(10) {
            0..3 => {
                let text = vec![letter; random.between(161, 600) as usize];
                vec![Sms { text, ..sms }]
            }
            3..5 => {
                let total = random.between(2, 4) as u8;
                let mut pieces: Vec<Sms> = (1..=total)
                    .map(|sequence| Sms {
                        part: Some(Concatenation {
                            reference,
                            wide: false,
                            total,
                            sequence,
                        }),
                        text: vec![letter; random.between(1, 140) as usize],
                        ..sms.clone()
                    })
                    .collect();
                pieces.rotate_left(random.below(total.into()) as usize);
                if random.chance(200) {
                    pieces.pop();
                }
                pieces
            }
            _ => vec![sms],
        }
    }

    /// Submits these over one bind.
    fn submit_anywhere(&mut self, pieces: Vec<Sms>) {
        let able: Vec<usize> = (0..self.esmes.len())
            .filter(|&esme| self.esmes[esme].can_submit())
            .collect();
        let esme = *self.env.random.pick(&able);
        for sms in pieces {
            self.submit(esme, sms);
        }
    }

    fn some_sms(&mut self) -> Sms {
        let number = self.env.oracle.next_number();
        let random = &mut self.env.random;
        let length = random.below(150) as usize;
        Sms {
            source: if random.chance(200) {
                b"Bindery".to_vec()
            } else {
                format!("4420{:06}", random.below(1_000_000)).into_bytes()
            },
            destination: format!("4479{}{number:07}", random.below(4)).into_bytes(),
            text: vec![b'a' + random.below(26) as u8; length],
            registered_delivery: random.weighted(&[(70, 1), (10, 0), (5, 2), (5, 3), (10, 0x11)]),
            priority: random.below(4) as u8,
            validity: random.chance(300).then(|| random.between(5, 600)),
            delay: random.chance(50).then(|| random.between(1, 60)),
            part: None,
            route: None,
        }
    }

    fn break_something(&mut self, troubles: Troubles) {
        let random = &mut self.env.random;
        let kinds: [(bool, Trouble); 14] = [
            (troubles.resets, Trouble::Reset),
            (troubles.holes, Trouble::Hole),
            (troubles.stalls, Trouble::Stall),
            (troubles.crashes, Trouble::Kill),
            (troubles.crashes, Trouble::Restart),
            (troubles.power_cuts, Trouble::PowerCut),
            (troubles.full_disk, Trouble::FullDisk),
            (troubles.full_disk, Trouble::RoomAgain),
            (troubles.reloads, Trouble::Reload),
            (troubles.jumps, Trouble::Jump),
            (troubles.doors, Trouble::Doors),
            (troubles.bad_customers, Trouble::Unbind),
            (troubles.bad_customers, Trouble::Deafness),
            (troubles.bad_customers, Trouble::Babble),
        ];
        let weights = kinds.map(|(on, trouble)| (u32::from(on), trouble));
        if weights.iter().all(|&(weight, _)| weight == 0) {
            return;
        }
        match random.weighted(&weights) {
            Trouble::Reset => self.on_some_pipe(|world, pipe| world.env.reset(pipe)),
            Trouble::Hole => self.on_some_pipe(|world, pipe| world.env.swallow(pipe)),
            Trouble::Stall => self.on_some_pipe(|world, pipe| {
                let lasts = world.env.random.between(SECOND, 20 * SECOND);
                let until = world.env.now + lasts;
                world.env.stall(pipe, until);
            }),
            Trouble::Kill => self.crash_soon(Crash::Kill),
            Trouble::Restart => self.restart_in_order(),
            Trouble::PowerCut => self.crash_soon(Crash::PowerCut),
            Trouble::FullDisk => {
                let octets = self.env.random.below(300 << 10);
                self.env.say(format_args!("disk: {octets} octets are free"));
                self.leave_free(octets);
            }
            Trouble::RoomAgain => self.make_room(),
            Trouble::Reload => self.reload_something(),
            Trouble::Jump => {
                let seconds = self.env.random.between(1, 120);
                self.env.say(format_args!("clock: jumps {seconds} s"));
                self.jump(Duration::from_secs(seconds));
            }
            Trouble::Doors => {
                let carrier = self.env.random.below(self.carriers.len() as u64) as usize;
                let open = self.env.random.chance(500);
                self.open_door(carrier, open);
            }
            Trouble::Unbind => {
                let esme = self.some_esme();
                self.esmes[esme].unbind(&mut self.env);
            }
            Trouble::Deafness => {
                let esme = self.some_esme();
                if self.esmes[esme].habits.deaf {
                    self.listen_again(esme);
                } else {
                    self.esmes[esme].habits.deaf = true;
                }
            }
            Trouble::Babble => {
                let esme = self.some_esme();
                self.esmes[esme].babble(&mut self.env);
            }
        }
    }

    fn some_esme(&mut self) -> usize {
        self.env.random.below(self.esmes.len() as u64) as usize
    }

    fn on_some_pipe(&mut self, what: impl FnOnce(&mut World, crate::pipe::PipeId)) {
        let standing = self.env.net.standing();
        if standing.is_empty() {
            return;
        }
        let pipe = *self.env.random.pick(&standing);
        self.env.say(format_args!("wire: pipe {} suffers", pipe.0));
        what(self, pipe);
    }

    /// In the middle of whatever happens now.
    fn crash_soon(&mut self, how: Crash) {
        let random = &mut self.env.random;
        let down = random.between(50, 8000) * MS;
        let soon = random.between(0, 20) * random.between(0, 2) * MS;
        if random.chance(500) {
            self.dies_writing = Some((how, down));
            return;
        }
        self.env.after(soon, Event::Crash(how, down));
    }

    /// As an operator does it.
    fn restart_in_order(&mut self) {
        self.env.say(format_args!("node: is told to go down"));
        if let Some(node) = &mut self.node {
            node.drain(&mut self.env);
        }
        let random = &mut self.env.random;
        let (soon, down) = (random.between(0, 8000) * MS, random.between(50, 2000) * MS);
        self.env.after(soon, Event::Crash(Crash::Kill, down));
    }

    /// Somebody is switched off, or everybody on.
    fn reload_something(&mut self) {
        let Some(weather) = &mut self.weather else {
            return;
        };
        if let Some(random) = &mut weather.reloading {
            change(random, &mut weather.whole);
            let mut plan = weather.whole.clone();
            take_away(random, &mut plan, weather.variety.has_answers());
            self.reload(&plan);
            return;
        }
        let mut plan = weather.whole.clone();
        let random = &mut self.env.random;
        if random.chance(600) {
            if random.chance(300) {
                let customer = random.below(plan.customers.len() as u64) as usize;
                plan.customers[customer].customer.enabled = false;
            } else {
                let connector = random.below(plan.connectors.len() as u64) as usize;
                plan.connectors[connector].connector.enabled = false;
            }
        }
        self.reload(&plan);
    }

    /// The weather is over: everybody behaves, and there is room.
    pub(crate) fn begin_calm(&mut self) {
        self.env.say(format_args!("weather: calm"));
        let Some(weather) = self.weather.take() else {
            return;
        };
        self.dies_writing = None;
        self.env.net.manner = Manner::fair();
        self.env.net.shut.clear();
        self.env.end_silence();
        self.disk_manner = DiskManner::fair();
        self.make_room();
        for carrier in &mut self.carriers {
            let (ids, form) = (carrier.habits.ids, carrier.habits.form);
            carrier.habits = CarrierHabits {
                ids,
                form,
                ..CarrierHabits::fair()
            };
        }
        for esme in 0..self.esmes.len() {
            self.esmes[esme].habits = EsmeHabits::fair();
            self.listen_again(esme);
        }
        self.reload(&weather.whole);
        self.restart_in(Duration::from_secs(1));
        self.env.after(2 * SECOND, Event::Release);
    }
}

/// What a reload leaves changed for ever: some binds, whose binds are made anew, and which carrier is tried first.
fn change(random: &mut Random, plan: &mut Plan) {
    let connector = random.below(plan.connectors.len() as u64) as usize;
    let connector = &mut plan.connectors[connector];
    match random.below(4) {
        0 => connector.generation += 1,
        1 => connector.binds = 3 - connector.binds,
        2 => {
            let connectors = plan.connectors.len();
            let customer = random.below(plan.customers.len() as u64) as usize;
            let routes = routes(random, connectors);
            let own = &mut plan.customers[customer].customer.routes;
            own.splice(..routes.len(), routes);
        }
        _ => {}
    }
}

/// What is not there, or not as it was, until the next reload. With `answers` all customers stay: their numbers would go with them, and
/// who is answered depends on those.
fn take_away(random: &mut Random, plan: &mut Plan, answers: bool) {
    let customer = random.below(plan.customers.len() as u64) as usize;
    let connector = random.below(plan.connectors.len() as u64) as usize;
    match random.below(6) {
        0 if !answers => plan.customers[customer].gone = true,
        1 => plan.customers[customer].customer.enabled = false,
        2 => plan.connectors[connector].connector.enabled = false,
        3 => plan.connectors[connector].connector.closing = true,
        // Without another one what waits for it would have no way.
        4 if has_another_way(plan, connector) => plan.connectors[connector].gone = true,
        _ => {}
    }
}

/// Whether each route leads somewhere without this connector.
fn has_another_way(plan: &Plan, connector: usize) -> bool {
    let gone = connector_id(connector);
    let mut routes = plan.customers.iter().flat_map(|plan| &plan.customer.routes);
    routes.all(|route| route.targets.iter().any(|target| target.connector != gone))
}

#[derive(Clone, Copy)]
enum Trouble {
    Reset,
    Hole,
    Stall,
    Kill,
    Restart,
    PowerCut,
    FullDisk,
    RoomAgain,
    Reload,
    Jump,
    Doors,
    Unbind,
    Deafness,
    Babble,
}
