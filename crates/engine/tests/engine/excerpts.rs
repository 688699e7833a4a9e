//! A message that no carrier will be given again takes the room of its receipt, not of its text.

use core::time::Duration;

use engine::{Connector, RefusalClass};
use sms::{Message, State};

use crate::world::World;

const TO: &str = "447700900123";
/// Octets that a message takes without its body, and those of the beginning that is kept of its text.
const ENTRY_OCTETS: u64 = 200;
const EXCERPT_OCTETS: usize = 80;

#[test]
fn what_a_carrier_took_waits_for_its_receipt_without_its_text() {
    let text = "0123456789".repeat(6500);
    let mut world = World::new(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(10));
    let key = world.submitted_text(bind, TO, &text).expect("accepted");
    assert!(world.figures().memory > 65_000);
    let sent = world.sent_one();
    world.take(carrier, &sent, "1");
    assert!(world.figures().memory < ENTRY_OCTETS + 140);

    world.compact();
    world.crash();
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.receipt(carrier, "1", TO, State::Delivered);
    let told = world.told_one();
    assert_eq!((told.key, told.state), (key, State::Delivered));
    let message = Message::decode(&told.body).expect("a whole message");
    assert_eq!(message.destination.digits, TO.as_bytes());
    assert_eq!(message.text, &text.as_bytes()[..EXCERPT_OCTETS]);
    world.acknowledge(bind, &told);
    assert_eq!(world.figures().messages, 0);
}

#[test]
fn a_receipt_of_a_message_that_never_left_waits_without_its_text() {
    let text = "0123456789".repeat(6500);
    let mut world = World::new(Connector::default());
    let bind = world.customer();
    let key = world.submitted_text(bind, TO, &text).expect("accepted");
    world.unbind(bind);
    world.wait(Duration::from_secs(25 * 3600));
    assert_eq!(world.figures().deliveries, 1);
    assert!(world.figures().memory < ENTRY_OCTETS + 140);

    let bind = world.customer();
    let told = world.told_one();
    assert_eq!((told.key, told.state), (key, State::Expired));
    let message = Message::decode(&told.body).expect("a whole message");
    assert_eq!(message.text, &text.as_bytes()[..EXCERPT_OCTETS]);
    world.acknowledge(bind, &told);
    assert_eq!(world.figures().memory, 0);
}

#[test]
fn what_may_be_sent_again_keeps_its_text() {
    let text = "0123456789".repeat(16);
    let mut world = World::new(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.submitted_text(bind, TO, &text).expect("accepted");
    let waiting = world.figures().memory;
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    assert_eq!(world.figures().memory, waiting);
}
