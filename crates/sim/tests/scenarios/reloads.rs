//! Customers, connectors and routes come, change, close and go while their messages wait.

use std::time::Duration;

use engine::{Connector, Route};
use sim::{Crash, Message, Plan, World};
use smpp::status;
use sms::State;

use crate::{seconds, to, world};

/// Two customers; their messages go to the first of two carriers that is there. The carriers take a second to answer, one message
/// at a time.
fn plan() -> Plan {
    let mut plan = Plan::new(2, 2);
    for customer in &mut plan.customers {
        for (order, target) in (0..).zip(&mut customer.customer.routes[0].targets) {
            target.order = order;
        }
    }
    for connector in &mut plan.connectors {
        connector.profile.window = 1;
        connector.connector = Connector {
            late_wait: connector.profile.late_wait,
            ..Connector::default()
        };
    }
    plan
}

fn slow(plan: Plan) -> World {
    let mut world = world(plan);
    for carrier in 0..2 {
        world.carrier(carrier).answer_delay = (1_000_000_000, 1_000_000_000);
    }
    world
}

/// So many messages of a customer, all accepted.
fn waiting(world: &mut World, esme: usize, count: usize) -> Vec<Message> {
    let messages: Vec<_> = (0..count)
        .map(|n| world.submit(esme, to(&format!("4477009000{n:02}"))))
        .collect();
    world.run(Duration::from_millis(500));
    let accepted = |message: &Message| world.answer(*message) == Some(status::OK);
    world.expect("they are accepted", messages.iter().all(accepted));
    messages
}

/// Which carriers had them, message by message.
fn sent(world: &World, messages: &[Message]) -> Vec<Vec<usize>> {
    messages.iter().map(|&one| world.copies(one)).collect()
}

#[test]
fn a_closing_connector_empties_itself_and_can_go() {
    let whole = plan();
    let mut closing = whole.clone();
    closing.connectors[0].connector.closing = true;
    let mut without = whole.clone();
    without.connectors[0].gone = true;

    let mut world = slow(whole);
    let before = waiting(&mut world, 0, 5);
    world.reload(&closing);
    let after = waiting(&mut world, 0, 5);
    world.run(seconds(10));
    world.expect(
        "what waited went to the closing one",
        sent(&world, &before) == [[0]; 5],
    );
    world.expect(
        "what came later went to the other",
        sent(&world, &after) == [[1]; 5],
    );
    world.reload(&without);
    world.run(seconds(10));
    world.expect("its bind is gone", world.carrier_binds(0) == 0);
    for message in before.into_iter().chain(after) {
        world.expect("delivered", world.told(message) == [State::Delivered]);
    }
    world.settle();
}

#[test]
fn what_waits_for_a_removed_connector_goes_another_way_once() {
    let whole = plan();
    let mut without = whole.clone();
    without.connectors[0].gone = true;
    let mut world = slow(whole.clone());
    let messages = waiting(&mut world, 0, 6);
    world.run(seconds(2));
    world.reload(&without);
    world.run(seconds(20));
    let sent = sent(&world, &messages);
    world.expect("each went one way", sent.iter().all(|went| went.len() == 1));
    let other_way = sent.iter().filter(|went| **went == [1]).count();
    world.expect("some were still waiting", (2..6).contains(&other_way));
    world.crash(Crash::Kill);
    world.restart_in(seconds(1));
    world.run(seconds(5));
    world.expect("after a crash too", self::sent(&world, &messages) == sent);
    // What it still owes comes when it is back.
    world.reload(&whole);
    world.settle();
}

#[test]
fn what_a_removed_customer_sent_goes_on_and_its_receipts_wait_for_it() {
    let whole = plan();
    let mut without = whole.clone();
    without.customers[1].gone = true;
    let mut world = slow(whole.clone());
    let messages = waiting(&mut world, 1, 4);
    world.reload(&without);
    world.run(seconds(10));
    world.expect("it is not bound any more", !world.bind(1).1);
    world.expect("all went", sent(&world, &messages) == [[0]; 4]);
    world.expect(
        "nobody else is told",
        messages.iter().all(|&one| world.told(one).len() <= 1),
    );
    world.reload(&whole);
    world.run(seconds(120));
    for message in messages {
        world.expect(
            "it is told when it is back",
            world.told(message) == [State::Delivered],
        );
    }
    world.settle();
}

#[test]
fn who_is_added_is_served_and_a_changed_route_counts_for_what_comes() {
    let whole = plan();
    let mut small = whole.clone();
    small.customers[1].gone = true;
    small.connectors[1].gone = true;
    let mut turned = whole.clone();
    for customer in &mut turned.customers {
        let old = &customer.customer.routes[0];
        let targets = old.targets.iter().copied();
        customer.customer.routes = vec![Route {
            targets: targets.filter(|target| target.connector.0 == 2).collect(),
            ..old.clone()
        }];
    }
    let mut world = World::new(1, small);
    world.start();
    world.run(seconds(3));
    world.expect("the second is not known", !world.bind(1).1);
    let first = waiting(&mut world, 0, 2);
    world.reload(&turned);
    world.run(seconds(90));
    world.expect("it is bound", world.bind(1).1);
    let second = waiting(&mut world, 1, 2);
    world.run(seconds(10));
    world.expect("by the old route", sent(&world, &first) == [[0]; 2]);
    world.expect("by the new one", sent(&world, &second) == [[1]; 2]);
    world.settle();
}

#[test]
fn binds_that_are_made_anew_cut_off_nothing() {
    let whole = plan();
    let mut anew = whole.clone();
    anew.connectors[0].generation = 1;
    let mut world = slow(whole);
    world.carrier(0).answer_delay = (7_000_000_000, 7_000_000_000);
    let messages = waiting(&mut world, 0, 3);
    world.reload(&anew);
    world.run(seconds(40));
    world.expect("each went once", sent(&world, &messages) == [[0]; 3]);
    for message in messages {
        world.expect("delivered", world.told(message) == [State::Delivered]);
    }
    world.settle();
}
