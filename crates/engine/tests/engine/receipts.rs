//! Carriers' receipts find their messages.

use engine::Connector;
use sms::State;

use crate::world::{FINAL, World};

const TO: &str = "447700900123";

#[test]
fn a_receipt_that_comes_before_the_response_waits_for_it() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.receipt(carrier, "77", TO, State::Delivered);
    assert_eq!(world.news(), []);
    world.take(carrier, &sent, "77");
    assert_eq!(world.news(), [(key, State::Delivered)]);
    assert_eq!(world.figures().unmatched, 0);
}
