//! Receipts on their way to customers.

use core::time::Duration;

use engine::{Connector, RefusalClass};
use sms::State;

use crate::world::{ALL, FINAL, World};

const TO: &str = "447700900123";

#[test]
fn a_later_state_waits_for_the_acknowledgement_of_the_earlier_one() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, ALL, "a1");
    world.receipt(carrier, "a1", TO, State::Enroute);
    world.receipt(carrier, "a1", TO, State::Accepted);
    world.receipt(carrier, "a1", TO, State::Delivered);
    for state in [State::Enroute, State::Accepted, State::Delivered] {
        let told = world.told_one();
        assert_eq!((told.key, told.state), (key, state));
        world.acknowledge(customer, &told);
    }
    assert_eq!(world.news(), []);
    assert_eq!(world.figures().messages, 0);
}

#[test]
fn other_messages_do_not_wait() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let first = world.carried(customer, carrier, TO, ALL, "a1");
    let second = world.carried(customer, carrier, TO, ALL, "a2");
    world.receipt(carrier, "a1", TO, State::Enroute);
    world.receipt(carrier, "a2", TO, State::Enroute);
    assert_eq!(
        world.news(),
        [(first, State::Enroute), (second, State::Enroute)]
    );
}

#[test]
fn states_keep_their_order_when_the_earlier_one_is_refused_for_now() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, ALL, "a1");
    world.receipt(carrier, "a1", TO, State::Enroute);
    world.receipt(carrier, "a1", TO, State::Delivered);
    let told = world.told_one();
    world.decline(customer, &told, RefusalClass::Temporary);
    assert_eq!(world.news(), []);
    world.wait(Duration::from_secs(5));
    let told = world.told_one();
    assert_eq!((told.key, told.state), (key, State::Enroute));
    world.acknowledge(customer, &told);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn states_keep_their_order_over_a_lost_bind_and_a_crash() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, ALL, "a1");
    world.receipt(carrier, "a1", TO, State::Enroute);
    world.receipt(carrier, "a1", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Enroute)]);
    world.unbind(customer);
    world.customer();
    assert_eq!(world.news(), [(key, State::Enroute)]);
    world.crash();
    let customer = world.customer();
    let told = world.told_one();
    assert_eq!((told.key, told.state), (key, State::Enroute));
    world.acknowledge(customer, &told);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn a_receipt_that_expires_unacknowledged_lets_the_next_one_go() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, ALL, "a1");
    world.receipt(carrier, "a1", TO, State::Enroute);
    world.wait(Duration::from_secs(3600));
    world.receipt(carrier, "a1", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Enroute)]);
    world.wait(Duration::from_secs(71 * 3600));
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn a_state_that_waits_to_be_told_is_not_told_twice() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, ALL, "a1");
    for _ in 0..50 {
        world.receipt(carrier, "a1", TO, State::Enroute);
    }
    assert_eq!(world.figures().deliveries, 1);
    world.receipt(carrier, "a1", TO, State::Delivered);
    let told = world.told_one();
    world.acknowledge(customer, &told);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn who_asks_for_the_end_alone_hears_the_end_alone() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "a1");
    for state in [State::Enroute, State::Accepted, State::Unknown] {
        world.receipt(carrier, "a1", TO, state);
    }
    assert_eq!(world.news(), []);
    world.receipt(carrier, "a1", TO, State::Undeliverable);
    assert_eq!(world.news(), [(key, State::Undeliverable)]);
}

#[test]
fn a_receipt_goes_to_the_bind_of_the_submit_and_if_that_is_gone_to_another() {
    let mut world = World::new(Connector::default());
    let carrier = world.carrier(10);
    let (first, second) = (world.customer(), world.customer());
    world.carried(second, carrier, TO, FINAL, "a1");
    world.receipt(carrier, "a1", TO, State::Delivered);
    let told = world.told_one();
    assert_eq!(told.slot, second.slot());
    world.unbind(second);
    assert_eq!(world.told_one().slot, first.slot());
}

#[test]
fn what_a_transmitter_submitted_is_told_to_a_receiver_when_there_is_one() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.transmitter(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "a1");
    world.receipt(carrier, "a1", TO, State::Delivered);
    assert_eq!(world.news(), []);
    let receiver = world.customer();
    let told = world.told_one();
    assert_eq!((told.key, told.slot), (key, receiver.slot()));
}
