//! What still goes on when the disk fills.

use core::time::Duration;

use engine::{Connector, Refusal, Room};
use sms::State;

use crate::world::{FINAL, World};

const TO: &str = "447700900123";

#[test]
fn with_little_room_only_new_messages_are_refused() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(1));
    let first = world.submit(customer, TO, FINAL);
    let second = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.room(Room::Low);
    assert_eq!(world.submitted(customer, TO, FINAL), Err(Refusal::Full));
    world.take(carrier, &sent, "1");
    assert_eq!(world.sent_one().key, second);
    world.receipt(carrier, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(first, State::Delivered)]);
}

#[test]
fn with_less_nothing_is_sent_but_what_carriers_tell_is_taken() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(1));
    let first = world.submit(customer, TO, FINAL);
    let second = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.room(Room::Scarce);
    world.take(carrier, &sent, "1");
    assert_eq!(world.sent(), []);
    world.receipt(carrier, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(first, State::Delivered)]);
    world.room(Room::Plenty);
    assert_eq!(world.sent_one().key, second);
}

#[test]
fn without_any_receipts_have_to_come_again_and_outcomes_are_still_written() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(1));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.room(Room::Out);
    world.take(carrier, &sent, "1");
    let answer = world.receipt_answered(carrier, "1", TO, State::Delivered);
    assert_eq!((answer, world.news()), (Some(Refusal::Full), vec![]));
    world.room(Room::Plenty);
    world.receipt(carrier, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn what_is_in_doubt_is_sent_again_when_there_is_room_again() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(1));
    let key = world.submit(customer, TO, FINAL);
    world.sent_one();
    world.room(Room::Scarce);
    world.unbind(carrier);
    world.carrier(1);
    world.wait(Duration::from_secs(60));
    assert_eq!(world.sent(), []);
    world.room(Room::Plenty);
    assert_eq!(world.sent_one().key, key);
}
