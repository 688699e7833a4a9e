//! So much waits that most of it waits on the disk.

use std::time::Duration;

use sim::{Crash, Message, Plan, Planted, World};

use crate::{seconds, to, world};

/// A customer and a carrier; of what waits for the carrier 20 messages wait in memory, and 5 go to the disk at a time.
fn deep() -> Plan {
    let mut plan = Plan::new(1, 1);
    plan.limits.lane_hot_max = 20;
    plan.limits.lane_hot_for = Duration::ZERO;
    plan.connectors[0].profile.window = 3;
    plan
}

/// The carrier is away, and what its customer submits meanwhile waits.
fn outage() -> (World, Vec<Message>) {
    let mut world = World::new(1, deep());
    let messages = queue(&mut world);
    world.expect("all wait", world.figures().waiting == 300);
    (world, messages)
}

/// Starts a world whose carrier is away, and submits 300 messages in it.
fn queue(world: &mut World) -> Vec<Message> {
    world.open_door(0, false);
    world.start();
    world.run(seconds(3));
    let messages = (0..300).map(|n| world.submit(0, to(&format!("447700900{n:03}"))));
    let messages = messages.collect();
    world.run(seconds(30));
    messages
}

/// Everything was sent once, and in its order.
fn all_sent_in_order(world: &World, messages: &[Message]) {
    let mut last = Duration::ZERO;
    for &message in messages {
        let [at] = world.arrivals(message)[..] else {
            panic!("{message:?} arrived {:?}", world.arrivals(message));
        };
        world.expect("they are in their order", at >= last);
        last = at;
    }
}

#[test]
fn an_outage_waits_on_the_disk_and_ends_in_order() {
    let (mut world, messages) = outage();
    let memory = world.figures().memory;
    world.expect("little of it is in memory", memory < 300 * 100);
    world.open_door(0, true);
    world.settle();
    all_sent_in_order(&world, &messages);
}

#[test]
fn a_crash_in_an_outage_loses_nothing_and_changes_no_order() {
    for how in [Crash::Kill, Crash::PowerCut] {
        let (mut world, messages) = outage();
        world.crash(how);
        world.restart_in(seconds(1));
        world.run(seconds(5));
        world.open_door(0, true);
        world.settle();
        all_sent_in_order(&world, &messages);
    }
}

#[test]
fn a_crash_while_messages_go_to_the_disk_or_come_back_loses_nothing() {
    for at in 0..40 {
        for how in [Crash::Kill, Crash::PowerCut] {
            let mut world = world(deep());
            world.open_door(0, false);
            world.cut_off(0);
            for n in 0..100 {
                world.submit(0, to(&format!("447700900{n:03}")));
            }
            let goes = at % 2 == 0;
            if !goes {
                world.run(seconds(10));
            }
            world.open_door(0, true);
            world.run(Duration::from_millis(60 * at));
            world.crash(how);
            world.restart_in(seconds(1));
            world.settle();
        }
    }
}

#[test]
fn without_room_on_the_disk_what_is_there_comes_back() {
    let (mut world, messages) = outage();
    world.leave_free(0);
    world.run(seconds(10));
    world.open_door(0, true);
    world.run(seconds(10));
    world.make_room();
    world.settle();
    all_sent_in_order(&world, &messages);
}

/// An outage that most of its messages wait through on the disk, and a crash while they come back.
fn outage_with(planted: Planted, left: u64) {
    let mut world = World::new(1, deep());
    world.plant(planted);
    let messages = queue(&mut world);
    world.slow_disk(Duration::from_millis(20), Duration::from_millis(30));
    world.open_door(0, true);
    while world.figures().waiting > left {
        world.run(Duration::from_micros(100));
    }
    world.crash(Crash::Kill);
    world.restart_in(seconds(1));
    world.settle();
    all_sent_in_order(&world, &messages);
}

#[test]
#[should_panic(expected = "order")]
fn the_oracle_sees_that_a_file_comes_back_in_the_wrong_order() {
    outage_with(Planted::RunReversed, 150);
}

#[test]
#[should_panic(expected = "waiting messages are gone")]
fn a_file_that_is_gone_too_early_is_missed_at_the_next_start() {
    // The crash has to come between the removal and the sync.
    for left in 100..200 {
        outage_with(Planted::RunGoneTooEarly, left);
    }
}

#[test]
#[should_panic(expected = "waiting messages are gone")]
fn a_file_whose_return_the_journal_has_not_learned_is_missed_at_the_next_start() {
    outage_with(Planted::ThawLost, 150);
}
