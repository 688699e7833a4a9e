//! One hostile day from a seed: bad weather, then calm, then the verdict.

use core::fmt;
use core::time::Duration;

use engine::{Amount, Distribution, Limits, LongMessages, PartReceipts};
use sms::Wall;

use crate::carrier::CarrierHabits;
use crate::oracle::{Sms, Wish};
use crate::orders::has_operators;
use crate::plan::Plan;
use crate::planted::Planted;
use crate::random::Random;
use crate::variety::{self, Variety};
use crate::weather::{self, Weather};
use crate::world::World;

/// How much happens in one day.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Messages that are submitted in bad weather, at most.
    pub messages: u32,
}

/// A day that went well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Messages that were submitted.
    pub submitted: usize,
    /// Of these, how many were taken on.
    pub accepted: usize,
    /// Of these, how many were cancelled before they were sent.
    pub cancelled: usize,
    /// How often the process started.
    pub starts: u32,
    /// A number that two equal days share: all events in words, and all records.
    pub digest: u64,
}

/// A day that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed that shows it.
    pub seed: u64,
    /// What is wrong.
    pub wrong: String,
    /// The last events.
    pub events: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure {
            seed,
            wrong,
            events,
        } = self;
        write!(
            f,
            "{events}seed {seed}: {wrong}\nto see all of it: cargo xtask sim --seed {seed}"
        )
    }
}

impl std::error::Error for Failure {}

/// The short form.
pub const SHORT: Size = Size { messages: 120 };
/// The long form.
pub const LONG: Size = Size { messages: 400 };

/// How long after the weather a message may still have been kept from being sent.
const GRACE_MS: u64 = 180_000;
/// How long it takes at most until everything is at rest: a refused delivery is tried again each hour. What a carrier took when it was
/// not in the configuration any more may have its receipt for a day after it expires.
fn rest_max(seed: u64) -> Duration {
    let hours = if reloads_in_full(seed) { 26 } else { 4 };
    Duration::from_secs(hours * 3600)
}

/// Lives through the day of `seed`.
///
/// # Errors
/// What the oracle found.
pub fn storm(seed: u64, size: Size, planted: Option<Planted>) -> Result<Summary, Failure> {
    let mut world = world(seed, size, planted);
    live(&mut world, seed).map_err(|wrong| Failure {
        seed,
        wrong,
        events: world.last_events(),
    })
}

/// The same, with every event in words.
pub fn told(
    seed: u64,
    size: Size,
    planted: Option<Planted>,
) -> (Vec<String>, Result<Summary, String>) {
    let mut world = world(seed, size, planted);
    world.env.trace.all = Some(Vec::new());
    let lived = live(&mut world, seed);
    (world.env.trace.all.take().unwrap_or_default(), lived)
}

fn world(seed: u64, size: Size, planted: Option<Planted>) -> World {
    let mut random = Random::new(seed);
    let mut plan = weather::plan(&mut random);
    distribute(&mut plan, seed);
    if has_pairs(seed) {
        pair(&mut plan, seed);
    }
    if has_long_texts(seed) {
        lengthen(&mut plan, seed);
    }
    variety::agree(&mut plan, seed);
    let messages = random.between(u64::from(size.messages / 4), u64::from(size.messages)) as u32;
    let mut weather = Weather::new(&mut random, messages, plan.clone(), Variety::of(seed));
    weather.lengthening = has_long_texts(seed).then(|| Random::new(seed));
    weather.asking = asks(seed).then(|| Random::new(seed));
    weather.ordering = has_operators(seed).then(|| Random::new(seed));
    weather.reloading = reloads_in_full(seed).then(|| Random::new(seed));
    let customers = plan.customers.len();
    let mut world = World::new(random.bits(), plan);
    for customer in 0..customers {
        match random.below(4) {
            0 if has_groups(seed) => drop(world.add_member(customer, "1", true, true)),
            0 => drop(world.add_esme(customer, true, true)),
            1 => drop(world.add_esme(customer, false, true)),
            2 => drop(world.add_esme(customer, true, false)),
            _ => {}
        }
    }
    if let Some(planted) = planted {
        world.plant(planted);
    }
    world.start();
    world.begin_weather(weather);
    world
}

/// Which binds get receipts and MO. It follows from the seed itself: one draw more would make another day of every seed that is kept.
fn distribute(plan: &mut Plan, seed: u64) {
    const ALL: [Distribution; 4] = [
        Distribution::SameSession,
        Distribution::RoundRobin,
        Distribution::First,
        Distribution::Last,
    ];
    for (customer, how) in plan.customers.iter_mut().zip((seed..).step_by(3)) {
        let how = ALL[how as usize % ALL.len()];
        (customer.customer.receipts_to, customer.customer.mo_to) = (how, how);
        customer.account.binding.groups = has_groups(seed);
    }
}

/// Whether customers have bind groups that day.
fn has_groups(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

/// Whether customers ask about their messages and cancel some that day.
fn asks(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

/// Whether texts that day may be too long for one short message.
fn has_long_texts(seed: u64) -> bool {
    matches!(seed % 5, 1 | 2)
}

/// Whether carriers have transmitters and receivers apart that day.
fn has_pairs(seed: u64) -> bool {
    seed % 9 == 5
}

/// Whether reloads add, close, remove and rebind that day, and do not only switch off.
fn reloads_in_full(seed: u64) -> bool {
    seed % 7 == 3
}

/// Whether one customer floods its carriers in the end.
fn has_flood(seed: u64) -> bool {
    seed % 4 == 1
}

/// Every other carrier gets one or two receivers.
fn pair(plan: &mut Plan, seed: u64) {
    for connector in plan.connectors.iter_mut().step_by(2) {
        connector.receivers = 1 + u16::from(seed.is_multiple_of(2));
    }
}

/// How each carrier takes long texts, and what each customer hears of them.
fn lengthen(plan: &mut Plan, seed: u64) {
    const FORMS: [LongMessages; 4] = [
        LongMessages::Udh8,
        LongMessages::Udh16,
        LongMessages::Sar,
        LongMessages::Payload,
    ];
    const RECEIPTS: [PartReceipts; 2] = [PartReceipts::Joined, PartReceipts::Last];
    for (connector, turn) in plan.connectors.iter_mut().zip(seed as usize..) {
        connector.connector.long_messages = FORMS[turn % FORMS.len()];
        connector.profile.long_messages = connector.connector.long_messages;
    }
    for (customer, turn) in plan.customers.iter_mut().zip(seed as usize..) {
        customer.customer.split_receipts = RECEIPTS[turn % RECEIPTS.len()];
        let holds = turn.is_multiple_of(3);
        customer.customer.hold_parts = holds.then(|| Duration::from_secs(20));
    }
}

fn live(world: &mut World, seed: u64) -> Result<Summary, String> {
    let until = world.weather.as_ref().map_or(0, Weather::until);
    world.run(Duration::from_nanos(until));
    world.begin_calm();
    let calm_since = Wall(world.wall().0 + GRACE_MS);
    world.come_to_rest(rest_max(seed))?;
    pay_again(world);
    let first = second_wave(world, seed);
    world.come_to_rest(rest_max(seed))?;
    world.judge(calm_since)?;
    world.env.oracle.judge_days(first)?;
    world.env.oracle.judge_fair(first)?;
    ask_about_everything(world);
    world.come_to_rest(rest_max(seed))?;
    world.env.oracle.judge_answers()?;
    let (submitted, accepted) = world.env.oracle.count();
    let records = world.history.octets().iter();
    let records = records.fold(0u64, |hash, &octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    Ok(Summary {
        submitted,
        accepted,
        cancelled: world.env.oracle.cancelled(),
        starts: world.boots,
        digest: world.env.trace.hash() ^ records,
    })
}

/// Everybody has the means for what is to come.
fn pay_again(world: &mut World) {
    let mut plan = world.plan().clone();
    let payers: Vec<usize> = plan.topups.iter().map(|&(customer, ..)| customer).collect();
    for customer in payers {
        plan.topups.push((customer, 2, Amount(1000 * Amount::UNIT)));
    }
    variety::begin_day(&mut plan);
    // Whose turn it is can only be judged where something is there to take it: two messages in memory are not enough.
    plan.limits.lane_hot_max = Limits::default().lane_hot_max;
    world.reload(&plan);
}

/// Everybody submits once more, now that all is well; on some days one of them more than its carriers take at once.
fn second_wave(world: &mut World, seed: u64) -> usize {
    let flood = has_flood(seed) && world.plan().limits.messages_max > 1000;
    world.run(Duration::from_secs(100));
    for carrier in &mut world.carriers {
        carrier.habits.receipt_delay = CarrierHabits::fair().receipt_delay;
    }
    let first = world.env.oracle.next_number();
    for esme in 0..world.esmes.len() {
        if !world.esmes[esme].can_submit() {
            continue;
        }
        let count = if flood && esme == 0 { 40 } else { 8 };
        for n in 0..count {
            let number = world.env.oracle.next_number();
            let sms = Sms {
                source: b"12345".to_vec(),
                destination: format!("4479{}{number:07}", number % 4).into_bytes(),
                text: b"in fair weather".to_vec(),
                registered_delivery: 1,
                priority: n % 2,
                ..Sms::default()
            };
            world.submit(esme, sms);
        }
    }
    first
}

/// Every customer asks what became of each of its messages.
fn ask_about_everything(world: &mut World) {
    for customer in 0..world.plan().customers.len() {
        let known: Vec<_> = world.env.oracle.known_to(customer).collect();
        for message in known {
            world.ask_anywhere(message, customer, Wish::State);
        }
    }
}
