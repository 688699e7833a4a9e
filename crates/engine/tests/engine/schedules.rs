//! Messages that wait for times far off: most of them on the disk, by the hour.

use core::time::Duration;

use engine::{
    Answer, Cause, Command, Connector, ConnectorId, CustomerId, MessageKey, Refusal, Report, Told,
    Wish,
};
use sms::{State, Wall};

use crate::world::{Bind, CARRIER, CUSTOMER, FINAL, World};

const TO: &str = "447700900123";
/// So many wait in memory for times of a lane, so a file has two at most.
const HOT: u64 = 8;
const MANY: u64 = 60;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn world() -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| directory.limits.lane_hot_max = HOT);
    world
}

fn schedule(world: &mut World, bind: Bind, due: Wall) -> MessageKey {
    let key = world.submitted_as(bind, TO, |draft| {
        draft.wants = FINAL;
        draft.due = Some(due);
    });
    key.expect("accepted")
}

/// One message every half an hour of the days to come, accepted in another order than that of their times; in the latter.
fn spread(world: &mut World, bind: Bind) -> Vec<(Wall, MessageKey)> {
    let start = world.wall().plus(DAY);
    let all = (0..MANY).map(|n| {
        let due = start.plus(Duration::from_secs(1800 * (n * 37 % MANY)));
        (due, schedule(world, bind, due))
    });
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

const OTHER_CUSTOMER: CustomerId = CustomerId(2);

/// Messages of another customer, all of which have to stay in memory, in a queue or until they are due.
fn stay_in_memory(world: &mut World, bind: Bind, due: Option<Wall>) -> Vec<MessageKey> {
    world.change(|directory| {
        let customer = directory.customers[&CUSTOMER].clone();
        directory.customers.insert(OTHER_CUSTOMER, customer);
    });
    let expires = world.wall().plus(6 * DAY);
    let all = (0..5 * HOT).map(|_| {
        let key = world.submitted_as(bind, TO, |draft| {
            draft.customer = OTHER_CUSTOMER;
            draft.alias = true;
            draft.due = due;
            draft.expires = Some(expires);
        });
        key.expect("accepted")
    });
    all.collect()
}

/// Each is sent as soon as it is due, whatever else waits.
#[track_caller]
fn sent_in_time(world: &mut World, all: &[(Wall, MessageKey)]) {
    let carrier = world.carrier(1);
    for &(due, key) in all {
        let wait = due.0.saturating_sub(world.wall().0);
        world.wait(Duration::from_millis(wait));
        assert_eq!(world.drain(carrier), [key]);
    }
}

/// Lets time pass and the carrier take what comes, one answer after the other: when each was sent.
fn sent_until(world: &mut World, carrier: Bind, end: Wall) -> Vec<(Wall, MessageKey)> {
    let mut all = Vec::new();
    while world.wall() < end {
        for sent in world.sent() {
            world.take(carrier, &sent, &sent.key.to_string());
            all.push((world.wall(), sent.key));
        }
        world.wait(Duration::from_secs(10));
    }
    all
}

fn state(told: impl Into<Told>, state: State) -> Result<Answer, Refusal> {
    Ok(Answer::State {
        told: told.into(),
        state,
        cause: Cause::NONE,
        since: None,
    })
}

#[test]
fn what_is_scheduled_waits_on_the_disk_and_leaves_at_its_time() {
    let mut world = world();
    let bind = world.customer();
    let all = spread(&mut world, bind);
    let (files, _) = world.files();
    let figures = world.figures();
    assert_eq!((figures.waiting, figures.messages), (MANY, MANY));
    assert!(files > 20, "{files} files");
    world.compact();
    world.crash();
    assert_eq!(world.figures().waiting, MANY);
    let Report::Lanes { lanes, .. } = world.operate(Command::Lanes) else {
        panic!("no lanes");
    };
    assert_eq!((lanes[0].later, lanes[0].next_due), (MANY, Some(all[0].0)));

    let carrier = world.carrier(1);
    let end = all[all.len() - 1].0.plus(HOUR);
    let sent = sent_until(&mut world, carrier, end);
    let keys = |all: &[(Wall, MessageKey)]| all.iter().map(|&(_, key)| key).collect::<Vec<_>>();
    assert_eq!(keys(&sent), keys(&all));
    for (&(at, _), &(due, _)) in sent.iter().zip(&all) {
        assert!(at >= due && at < due.plus(Duration::from_secs(20)));
    }
    let (files, _) = world.files();
    assert_eq!((files, world.figures().waiting), (0, 0));
}

#[test]
fn an_hour_that_has_to_stay_in_memory_keeps_no_other_one_there() {
    let mut world = world();
    let bind = world.customer();
    let due = world.wall().plus(5 * DAY);
    stay_in_memory(&mut world, bind, Some(due));
    let all = spread(&mut world, bind);
    assert!(world.files().0 > 20, "{} files", world.files().0);
    sent_in_time(&mut world, &all);
}

#[test]
fn what_stays_in_memory_for_a_later_time_does_not_delay_a_schedule() {
    let mut world = world();
    let bind = world.customer();
    let all = spread(&mut world, bind);
    let due = world.wall().plus(5 * DAY);
    stay_in_memory(&mut world, bind, Some(due));
    sent_in_time(&mut world, &all);
}

#[test]
fn a_queue_that_stays_in_memory_does_not_delay_the_schedule_of_another_customer() {
    let mut world = world();
    world.change(|directory| directory.limits.lane_hot_for = Duration::ZERO);
    let bind = world.customer();
    let all = spread(&mut world, bind);
    let stay = stay_in_memory(&mut world, bind, None);
    world.operate(Command::Hold {
        connector: CARRIER,
        customer: Some(OTHER_CUSTOMER),
        held: true,
    });
    sent_in_time(&mut world, &all);
    assert_eq!(world.figures().waiting, stay.len() as u64);
}

#[test]
fn what_is_due_in_the_same_second_leaves_in_the_order_in_which_it_came() {
    let mut world = world();
    let bind = world.customer();
    let due = world.wall().plus(DAY);
    let mut keys: Vec<_> = (0..20).map(|_| schedule(&mut world, bind, due)).collect();
    assert!(world.files().0 > 5);
    world.wait(DAY - Duration::from_secs(1800));
    assert_eq!(world.files().0, 0, "they are back before their time");
    keys.push(schedule(&mut world, bind, due));
    world.wait(HOUR);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn as_many_as_one_likes_may_be_due_at_once() {
    let mut world = world();
    world.change(|directory| directory.limits.lane_hot_max = 64);
    let bind = world.customer();
    let due = world.wall().plus(DAY);
    let keys: Vec<_> = (0..2000).map(|_| schedule(&mut world, bind, due)).collect();
    let per_message = |world: &World| world.figures().memory / 2000;
    assert!(per_message(&world) < 60, "{}", per_message(&world));
    world.wait(DAY + HOUR);
    // Their carrier is away: all are due, and few are in memory.
    assert_eq!(world.figures().waiting, 2000);
    assert!(per_message(&world) < 100, "{}", per_message(&world));
    let carrier = world.carrier(1);
    let mut sent = world.drain(carrier);
    sent.sort();
    assert_eq!(sent, keys);
}

#[test]
fn what_is_scheduled_on_the_disk_can_be_asked_about_changed_and_cancelled() {
    let mut world = world();
    let bind = world.customer();
    let all = spread(&mut world, bind);
    for &(_, key) in &all {
        assert_eq!(world.ask(key, Wish::State), state(key, State::Scheduled));
    }
    let (_, cancelled) = all[30];
    assert_eq!(world.ask(cancelled, Wish::Cancel), Ok(Answer::Cancelled));
    assert_eq!(world.news(), [(cancelled, State::Deleted)]);
    let nobody = MessageKey(all[30].1.0 - 1 + (1 << 11));
    assert!(all.iter().all(|&(_, key)| key != nobody));
    assert_eq!(world.ask(nobody, Wish::State), Err(Refusal::UnknownMessage));
    world.compact();
    world.crash();
    let carrier = world.carrier(1);
    let end = all[all.len() - 1].0.plus(HOUR);
    let sent = sent_until(&mut world, carrier, end);
    assert_eq!(sent.len(), all.len() - 1);
    assert!(sent.iter().all(|&(_, key)| key != cancelled));
}

#[test]
fn a_crash_while_a_schedule_goes_to_the_disk_or_comes_back_loses_nothing() {
    for back in [false, true] {
        let mut world = world();
        if !back {
            world.hold_disk();
        }
        let bind = world.customer();
        let all = spread(&mut world, bind);
        if back {
            world.hold_disk();
            world.wait(DAY);
        }
        world.crash();
        world.release_disk();
        let carrier = world.carrier(1);
        let end = all[all.len() - 1].0.plus(HOUR);
        assert_eq!(sent_until(&mut world, carrier, end).len(), all.len());
        assert_eq!(world.files().0, 0);
    }
}

#[test]
fn a_schedule_of_a_connector_that_was_removed_goes_another_way_at_its_time() {
    const OTHER: ConnectorId = ConnectorId(2);
    let mut world = world();
    let bind = world.customer();
    let all = spread(&mut world, bind);
    world.change(|directory| {
        directory.connectors.clear();
        directory.connectors.insert(OTHER, Connector::default());
        let customer = directory.customers.get_mut(&CUSTOMER).expect("a customer");
        for route in &mut customer.routes {
            for target in &mut route.targets {
                target.connector = OTHER;
            }
        }
    });
    let carrier = world.carrier_of(OTHER, 1);
    let end = all[all.len() - 1].0.plus(HOUR);
    assert_eq!(sent_until(&mut world, carrier, end).len(), all.len());
    assert_eq!(world.files().0, 0);
}
