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

#[test]
fn an_unanswered_receipt_is_tried_again_after_five_seconds_and_keeps_its_slot() {
    let mut world = World::new(Connector::default());
    world.window = 2;
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "a1");
    world.carried(customer, carrier, TO, FINAL, "a2");
    world.carried(customer, carrier, TO, FINAL, "a3");
    world.receipt(carrier, "a1", TO, State::Delivered);
    let told = world.told_one();
    world.ignore(customer, &told);
    world.wait(Duration::from_millis(4_999));
    assert_eq!(world.news(), []);
    world.wait(Duration::from_millis(1));
    let again = world.told_one();
    assert_eq!(again.key, key);
    // One slot for each time it was sent.
    world.receipt(carrier, "a2", TO, State::Delivered);
    assert_eq!(world.news(), []);
    // The late answer settles it; that of the second time then says nothing new.
    world.acknowledge(customer, &told);
    assert_eq!(world.news().len(), 1);
    world.acknowledge(customer, &again);
    world.receipt(carrier, "a3", TO, State::Delivered);
    assert_eq!(world.news().len(), 1);
    assert_eq!(world.figures().deliveries, 2);
    world.wait(Duration::from_secs(120));
    assert_eq!(world.news(), []);
}

#[test]
fn a_receipt_that_was_tried_early_rests_its_whole_time_when_that_fails_too() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "a1");
    world.receipt(carrier, "a1", TO, State::Delivered);
    let told = world.told_one();
    world.decline(customer, &told, RefusalClass::Temporary);
    // A new bind is a new chance.
    let other = world.customer();
    let told = world.told_one();
    let bind = if told.slot == other.slot() {
        other
    } else {
        customer
    };
    world.decline(bind, &told, RefusalClass::Temporary);
    world.wait(Duration::from_millis(29_999));
    assert_eq!(world.news(), []);
    world.wait(Duration::from_millis(1));
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn a_slot_whose_answer_never_comes_is_free_again_in_the_end() {
    let mut world = World::new(Connector::default());
    world.window = 1;
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "a1");
    world.receipt(carrier, "a1", TO, State::Delivered);
    let told = world.told_one();
    world.ignore(customer, &told);
    world.wait(Duration::from_millis(29_999));
    assert_eq!(world.news(), []);
    world.wait(Duration::from_millis(1));
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn a_lost_bind_does_not_double_what_is_to_be_tried_again() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "a1");
    world.receipt(carrier, "a1", TO, State::Delivered);
    let told = world.told_one();
    world.ignore(customer, &told);
    world.unbind(customer);
    world.customer();
    assert_eq!(world.news(), [(key, State::Delivered)]);
    world.wait(Duration::from_secs(60));
    assert_eq!(world.news(), []);
}

#[test]
fn a_peer_with_short_ids_is_told_the_same_alias_twice_and_no_other_message_has_it() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let submit = |world: &mut World, id: &str| {
        let taken = world.submitted_as(customer, TO, |draft| {
            (draft.wants, draft.alias) = (FINAL, true);
        });
        assert!(taken.is_ok());
        let sent = world.sent_one();
        world.take(carrier, &sent, id);
        world.aliases()
    };
    assert_eq!(submit(&mut world, "a1"), [0x1000_0000]);
    assert_eq!(submit(&mut world, "a2"), [0x1000_0001]);
    world.receipt(carrier, "a2", TO, State::Delivered);
    world.receipt(carrier, "a1", TO, State::Delivered);
    assert_eq!(world.aliases(), [0x1000_0001, 0x1000_0000]);
    world.crash();
    let (_, carrier) = (world.customer(), world.carrier(10));
    let customer = world.customer();
    assert_eq!(
        world.aliases(),
        [0x1000_0001, 0x1000_0000],
        "told again after the crash"
    );
    let taken = world.submitted_as(customer, TO, |draft| draft.alias = true);
    assert!(taken.is_ok());
    assert_eq!(world.aliases(), [0x1000_0002]);
    let sent = world.sent_one();
    world.take(carrier, &sent, "a3");
}
