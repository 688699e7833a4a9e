//! Much is scheduled, and most of it waits on the disk for its time.

use std::time::Duration;

use sim::{Crash, Message, Plan, Sms, World};

use crate::{seconds, to, world};

const DAY: u64 = 24 * 3600;

/// Of what waits for its time 20 messages wait in memory.
fn plan() -> Plan {
    let mut plan = Plan::new(1, 1);
    plan.limits.lane_hot_max = 20;
    plan
}

/// Messages for every ten minutes of a day from tomorrow on, accepted in another order; each with when it is due.
fn schedule(world: &mut World) -> Vec<(u64, Message)> {
    let mut all = Vec::new();
    for n in 0..144 {
        let delay = DAY + 600 * (n * 55 % 144);
        let due = world.wall().0 / 1000 + delay;
        let sms = Sms {
            delay: Some(delay),
            ..to(&format!("447700900{n:03}"))
        };
        all.push((due, world.submit(0, sms)));
        world.run(Duration::from_millis(10));
    }
    world.run(seconds(5));
    let figures = world.figures();
    world.expect("all wait", figures.waiting == 144);
    world.expect("little of it is in memory", figures.memory < 144 * 150);
    all
}

/// Nothing is with the carrier before its time, and everything once.
fn all_sent_at_their_times(world: &mut World, mut all: Vec<(u64, Message)>) {
    all.sort();
    for &(due, message) in &all {
        let wall = world.wall().0 / 1000;
        world.run(seconds(due.saturating_sub(wall + 5)));
        world.expect("it waits for its time", world.copies(message).is_empty());
        world.run(seconds(20));
        world.expect("it was sent at its time", world.copies(message) == [0]);
    }
    world.settle();
    world.expect("each was sent once", {
        let arrived = |&(_, message): &(u64, Message)| world.arrivals(message).len() == 1;
        all.iter().all(arrived)
    });
}

#[test]
fn a_schedule_waits_on_the_disk_and_leaves_at_its_times() {
    let mut world = world(plan());
    let all = schedule(&mut world);
    all_sent_at_their_times(&mut world, all);
}

#[test]
fn a_crash_loses_nothing_of_a_schedule() {
    for how in [Crash::Kill, Crash::PowerCut] {
        let mut world = world(plan());
        let all = schedule(&mut world);
        world.crash(how);
        world.restart_in(seconds(1));
        // Another one while some of it comes back.
        world.run(seconds(DAY - 3500));
        world.crash(how);
        world.restart_in(seconds(1));
        world.run(seconds(10));
        all_sent_at_their_times(&mut world, all);
    }
}
