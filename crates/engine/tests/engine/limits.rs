//! What a customer may do, and where full begins.

use core::time::Duration;

use engine::{BindKind, Connector, Customer, Directory, Group, Refusal, Wants};
use sms::State;

use crate::world::{CUSTOMER, FINAL, World};

const TO: &str = "447700900123";

fn with(change: impl FnOnce(&mut Customer)) -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| change(customer(directory)));
    world
}

fn customer(directory: &mut Directory) -> &mut Customer {
    directory
        .customers
        .get_mut(&CUSTOMER)
        .expect("the customer")
}

#[test]
fn a_bind_has_its_rate_and_another_has_its_own() {
    let mut world = with(|customer| customer.rate_per_bind = Some(20));
    let (first, second) = (world.customer(), world.customer());
    for _ in 0..20 {
        world.submit(first, TO, FINAL);
    }
    assert_eq!(world.submitted(first, TO, FINAL), Err(Refusal::Throttled));
    world.submit(second, TO, FINAL);
    world.wait(Duration::from_millis(959));
    assert_eq!(world.submitted(first, TO, FINAL), Err(Refusal::Throttled));
    world.wait(Duration::from_millis(1));
    world.submit(first, TO, FINAL);
}

#[test]
fn a_customer_has_its_rate_over_all_binds() {
    let mut world = with(|customer| customer.rate = Some(20));
    let (first, second) = (world.customer(), world.customer());
    for _ in 0..10 {
        world.submit(first, TO, FINAL);
        world.submit(second, TO, FINAL);
    }
    assert_eq!(world.submitted(first, TO, FINAL), Err(Refusal::Throttled));
    assert_eq!(world.submitted(second, TO, FINAL), Err(Refusal::Throttled));
}

#[test]
fn a_customer_has_so_many_binds_and_a_place_that_is_left_is_free_at_once() {
    let mut world = with(|customer| customer.binds_max = 2);
    let first = world.customer();
    world.customer();
    let third = world.customer_or_refusal();
    assert_eq!(third, Err(Refusal::TooManyBinds));
    world.unbind(first);
    world.customer();
}

/// Shows MES-16.
#[test]
fn the_place_of_a_bind_that_does_not_live_is_given_to_the_next() {
    let mut world = with(|customer| customer.binds_max = 2);
    let dead = world.customer();
    world.customer();
    world.cut_off(dead);
    world.knock(Group::default(), BindKind::Receiver);
    assert_eq!(
        world.let_in(Group::default()),
        None,
        "the dead one may still answer"
    );
    // One at a time: the next is refused while the first waits.
    assert_eq!(world.customer_or_refusal(), Err(Refusal::TooManyBinds));
    world.unbind(dead);
    assert!(matches!(world.let_in(Group::default()), Some(Ok(_))));
    assert_eq!(world.customer_or_refusal(), Err(Refusal::TooManyBinds));
}

#[test]
fn who_waits_for_a_place_is_refused_in_the_end_or_when_the_last_one_lives() {
    let mut world = with(|customer| customer.binds_max = 1);
    let quiet = world.customer();
    assert_eq!(world.customer_or_refusal(), Err(Refusal::TooManyBinds));
    world.cut_off(quiet);
    world.knock(Group::default(), BindKind::Transceiver);
    world.wait(engine::PROBE);
    assert_eq!(world.let_in(Group::default()), None);
    world.wait(Duration::from_secs(1));
    assert_eq!(
        world.let_in(Group::default()),
        Some(Err(Refusal::TooManyBinds))
    );
}

/// Shows MES-37.
#[test]
fn each_kind_of_bind_has_a_limit_of_its_own() {
    let mut world = with(|customer| {
        customer.kinds_max.transceivers = Some(2);
        customer.kinds_max.transmitters = Some(0);
    });
    let first = world.customer();
    world.customer();
    let transmitter = world.customer_bind(BindKind::Transmitter);
    assert_eq!(transmitter, Err(Refusal::TooManyBinds));
    assert_eq!(world.customer_or_refusal(), Err(Refusal::TooManyBinds));
    assert!(world.customer_bind(BindKind::Receiver).is_ok());
    world.unbind(first);
    world.customer();
}

#[test]
fn who_may_not_submit_is_bound_all_the_same_and_may_at_the_next_word() {
    let mut world = with(|customer| customer.submits = false);
    let bind = world.customer();
    world.carrier(10);
    assert_eq!(world.submitted(bind, TO, FINAL), Err(Refusal::NotAllowed));
    world.change(|directory| customer(directory).submits = true);
    world.submit(bind, TO, FINAL);
}

#[test]
fn room_for_each_receipt_is_kept_free_and_a_lazy_customer_stops_only_itself() {
    let mut world = with(|customer| customer.deliver_max = 3);
    let (bind, carrier) = (world.customer(), world.carrier(10));
    for id in ["1", "2", "3"] {
        world.carried(bind, carrier, TO, FINAL, id);
    }
    assert_eq!(world.submitted(bind, TO, FINAL), Err(Refusal::Full));
    // Without a receipt there is nothing to keep room for.
    assert!(world.submitted(bind, TO, Wants::NONE).is_ok());
    for id in ["1", "2", "3"] {
        world.receipt(carrier, id, TO, State::Delivered);
    }
    let told = world.told();
    assert_eq!(world.submitted(bind, TO, FINAL), Err(Refusal::Full));
    world.acknowledge(bind, &told[0]);
    world.submit(bind, TO, FINAL);
}

#[test]
fn beyond_so_many_messages_or_octets_new_ones_are_refused() {
    let mut world = World::new(Connector::default());
    let bind = world.customer();
    world.change(|directory| directory.limits.messages_max = 2);
    world.submit(bind, TO, FINAL);
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), Err(Refusal::Full));
    let memory = world.figures().memory;
    world.change(|directory| {
        directory.limits.messages_max = 100;
        directory.limits.memory_max = memory;
    });
    assert_eq!(world.submitted(bind, TO, FINAL), Err(Refusal::Full));
    world.change(|directory| directory.limits.memory_max = memory + 1);
    world.submit(bind, TO, FINAL);
}

#[test]
fn a_customer_that_is_removed_or_switched_off_has_no_binds_and_submits_nothing() {
    let mut world = World::new(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(10));
    let waiting = world.submit(bind, TO, Wants::NONE);
    world.change(|directory| customer(directory).enabled = false);
    assert_eq!(world.closed(), [bind.slot()]);
    assert_eq!(world.submitted(bind, TO, FINAL), Err(Refusal::NotAllowed));
    assert_eq!(world.customer_or_refusal(), Err(Refusal::NotAllowed));
    // What it submitted before goes on.
    let sent = world.sent_one();
    assert_eq!(sent.key, waiting);
    world.take(carrier, &sent, "1");
    world.change(|directory| directory.customers.clear());
    assert_eq!(world.customer_or_refusal(), Err(Refusal::NotAllowed));
    world.receipt(carrier, "1", TO, State::Delivered);
    assert_eq!(world.figures().messages, 0);
}

#[test]
fn both_rates_hold_at_once_and_change_without_a_bind_being_lost() {
    let mut world = with(|customer| {
        customer.rate_per_bind = Some(2);
        customer.rate = Some(3);
    });
    let (first, second) = (world.customer(), world.customer());
    world.submit(first, TO, FINAL);
    world.submit(first, TO, FINAL);
    assert_eq!(world.submitted(first, TO, FINAL), Err(Refusal::Throttled));
    world.submit(second, TO, FINAL);
    assert_eq!(world.submitted(second, TO, FINAL), Err(Refusal::Throttled));
    world.change(|directory| customer(directory).rate = Some(4));
    world.submit(second, TO, FINAL);
    assert_eq!(world.submitted(second, TO, FINAL), Err(Refusal::Throttled));
    world.change(|directory| {
        let customer = customer(directory);
        (customer.rate, customer.rate_per_bind) = (None, None);
    });
    world.submit(second, TO, FINAL);
    assert_eq!(world.closed(), [0; 0]);
}
