//! One customer floods a carrier, and the others do not wait for it.

use sim::{Crash, Message, Plan, Planted, Sms, World};

use crate::{seconds, to, world};

/// Two customers of one carrier that takes 20 messages a second, 5 of them unanswered.
fn narrow() -> Plan {
    let mut plan = Plan::new(2, 1);
    plan.connectors[0].connector.rate = Some(20);
    plan.connectors[0].profile.window = 5;
    plan
}

/// The first customer floods the carrier: what it takes in a minute and more.
fn flood(world: &mut World) -> Vec<Message> {
    let flood = (0..1500).map(|_| world.submit(0, quiet())).collect();
    world.run(seconds(10));
    flood
}

/// A message that asks for nothing.
fn quiet() -> Sms {
    Sms {
        registered_delivery: 0,
        ..to("447700900123")
    }
}

#[test]
fn a_flood_of_one_customer_delays_no_message_of_another() {
    let mut world = world(narrow());
    let flood = flood(&mut world);
    for _ in 0..10 {
        let single = world.submit(1, to("447700900456"));
        world.run(seconds(1));
        world.expect("it is with the carrier", world.copies(single) == [0]);
    }
    let last = flood.last().expect("a flood");
    world.expect("the flood goes on", world.copies(*last).is_empty());
    world.settle_fairly();
}

#[test]
fn two_who_flood_have_half_each() {
    let mut world = world(narrow());
    let first: Vec<_> = (0..600).map(|_| world.submit(0, quiet())).collect();
    let second: Vec<_> = (0..600).map(|_| world.submit(1, quiet())).collect();
    world.run(seconds(20));
    let sent = |messages: &[Message]| {
        let sent = messages
            .iter()
            .filter(|one| !world.copies(**one).is_empty());
        sent.count()
    };
    let (first, second) = (sent(&first), sent(&second));
    world.expect("they have what they can", first + second >= 380);
    world.expect("half each", first.abs_diff(second) <= 10);
    world.settle_fairly();
}

#[test]
fn whose_turn_it_is_is_soon_right_again_after_a_crash() {
    let mut world = world(narrow());
    flood(&mut world);
    world.crash(Crash::Kill);
    world.restart_in(seconds(1));
    world.run(seconds(15));
    world.expect("it is back", world.carrier_binds(0) == 1 && world.bind(1).1);
    let single = world.submit(1, to("447700900456"));
    world.run(seconds(1));
    world.expect("it is with the carrier", world.copies(single) == [0]);
    world.settle();
}

#[test]
#[should_panic(expected = "would be fair")]
fn the_oracle_sees_that_turns_are_ignored() {
    let mut world = World::new(1, narrow());
    world.plant(Planted::TurnsIgnored);
    world.start();
    world.run(seconds(3));
    flood(&mut world);
    for _ in 0..10 {
        world.submit(1, quiet());
    }
    world.settle_fairly();
}
