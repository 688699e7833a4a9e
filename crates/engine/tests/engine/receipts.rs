//! Carriers' receipts find their messages.

use core::time::Duration;

use engine::{Connector, IdForm, ReceiptIds};
use sms::State;

use crate::world::{ALL, FINAL, World};

const TO: &str = "447700900123";
const OTHER: &str = "447700900456";
const HOUR: Duration = Duration::from_secs(3600);

fn ids(receipt_ids: ReceiptIds) -> Connector {
    Connector {
        receipt_ids,
        ..Connector::default()
    }
}

/// Whether a receipt with the id `in_receipt` finds the message that the carrier took under `in_response`.
fn is_found(receipt_ids: ReceiptIds, in_response: &str, in_receipt: &str) -> bool {
    let mut world = World::new(ids(receipt_ids));
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, in_response);
    world.receipt(carrier, in_receipt, TO, State::Delivered);
    let found = world.news() == [(key, State::Delivered)];
    assert_eq!(world.figures().unmatched, u64::from(!found));

    // The same if the receipt is here first.
    let key = world.submit(customer, OTHER, FINAL);
    let sent = world.sent_one();
    world.receipt(carrier, in_receipt, OTHER, State::Delivered);
    world.take(carrier, &sent, in_response);
    assert_eq!(world.news() == [(key, State::Delivered)], found);
    found
}

#[test]
fn an_id_is_found_in_every_form_unless_the_profile_says_which() {
    use IdForm::{Decimal, Hex, Zeros};
    let pairs = [
        (Hex, "1234", "4D2"),
        (Hex, "1234", "000004d2"),
        (Decimal, "4d2", "1234"),
        (Decimal, "000004D2", "1234"),
        (Zeros, "1234", "0001234"),
        (Zeros, "0001234", "1234"),
    ];
    for (form, response, receipt) in pairs {
        assert!(is_found(ReceiptIds::Learned, response, receipt), "{form:?}");
        assert!(!is_found(ReceiptIds::Alike, response, receipt), "{form:?}");
        for stated in [Hex, Decimal, Zeros] {
            let found = is_found(ReceiptIds::Other(stated), response, receipt);
            assert_eq!(found, stated == form, "{response} {receipt} as {stated:?}");
        }
    }
    for rules in [ReceiptIds::Learned, ReceiptIds::Alike] {
        assert!(is_found(rules, "  Ab-7 ", "aB-7"), "{rules:?}");
        assert!(!is_found(rules, "ab-7", "ab-8"), "{rules:?}");
    }
}

#[test]
fn another_form_is_believed_only_if_the_destination_agrees() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    world.carried(customer, carrier, TO, FINAL, "1234");
    for destination in [OTHER, ""] {
        world.receipt(carrier, "4d2", destination, State::Delivered);
        assert_eq!(world.news(), [], "{destination:?}");
    }
}

#[test]
fn an_id_as_written_is_believed_without_a_destination_but_not_with_another() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "1234");
    world.receipt(carrier, "1234", OTHER, State::Delivered);
    assert_eq!(world.news(), []);
    world.receipt(carrier, "1234", "", State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn a_carrier_may_be_known_to_rewrite_numbers() {
    let mut world = World::new(Connector {
        check_destination: false,
        ..Connector::default()
    });
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "1234");
    world.receipt(carrier, "1234", OTHER, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
    world.receipt(carrier, "1234", OTHER, State::Delivered);
    assert_eq!(world.figures().unmatched, 0);
}

#[test]
fn of_several_messages_with_one_id_the_destination_decides_and_then_the_newest() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let first = world.carried(customer, carrier, TO, FINAL, "7");
    let second = world.carried(customer, carrier, OTHER, FINAL, "7");
    let third = world.carried(customer, carrier, OTHER, FINAL, "7");
    world.receipt(carrier, "7", TO, State::Delivered);
    assert_eq!(world.news(), [(first, State::Delivered)]);
    world.receipt(carrier, "7", "", State::Undeliverable);
    assert_eq!(world.news(), [(third, State::Undeliverable)]);
    world.receipt(carrier, "7", OTHER, State::Delivered);
    assert_eq!(world.news(), [(second, State::Delivered)]);
}

#[test]
fn a_learned_form_is_kept_to_until_an_id_comes_as_written() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    for id in 1000..1020 {
        world.carried(customer, carrier, TO, FINAL, &id.to_string());
        world.receipt(carrier, &format!("{id:x}"), TO, State::Delivered);
        assert_eq!(world.news().len(), 1, "{id}");
    }
    // Of the other direction it would be a coincidence.
    let key = world.carried(customer, carrier, TO, FINAL, "4d2");
    world.receipt(carrier, "1234", TO, State::Delivered);
    assert_eq!(world.news(), []);
    world.receipt(carrier, "4d2", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
    let key = world.carried(customer, carrier, TO, FINAL, "4d3");
    world.receipt(carrier, "1235", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn every_receipt_that_comes_before_the_response_waits_for_it() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, ALL);
    let sent = world.sent_one();
    world.receipt(carrier, "77", TO, State::Enroute);
    world.receipt(carrier, "77", TO, State::Delivered);
    world.receipt(carrier, "77", TO, State::Delivered);
    assert_eq!(world.news(), []);
    world.take(carrier, &sent, "77");
    let told = world.told_one();
    assert_eq!((told.key, told.state), (key, State::Enroute));
    world.acknowledge(customer, &told);
    assert_eq!(world.news(), [(key, State::Delivered)]);
    assert_eq!(world.figures().unmatched, 0);
}

#[test]
fn a_receipt_that_was_not_early_is_kept_as_unmatched() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.receipt(carrier, "78", TO, State::Delivered);
    world.take(carrier, &sent, "77");
    assert_eq!((world.news(), world.figures().unmatched), (vec![], 1));
    world.wait(72 * HOUR);
    assert_eq!(world.figures().unmatched, 0);
}

#[test]
fn unmatched_receipts_have_a_limit_and_the_oldest_leave_first() {
    let mut world = World::new(Connector::default());
    world.change(|directory| directory.limits.unmatched_max = 3);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    for id in ["1", "2", "3", "4", "5"] {
        world.receipt(carrier, id, TO, State::Delivered);
    }
    assert_eq!(world.figures().unmatched, 3);
    world.carried(customer, carrier, TO, FINAL, "2");
    assert_eq!(world.news(), []);
    let key = world.carried(customer, carrier, TO, FINAL, "3");
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn a_receipt_that_comes_again_within_a_day_changes_nothing() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "1234");
    world.receipt(carrier, "4d2", TO, State::Delivered);
    let told = world.told_one();
    assert_eq!((told.key, told.state), (key, State::Delivered));
    world.acknowledge(customer, &told);
    world.wait(23 * HOUR);
    world.crash();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    for (id, destination) in [("4d2", TO), ("1234", TO), ("1234", "")] {
        world.receipt(carrier, id, destination, State::Delivered);
        assert_eq!(
            (world.news(), world.figures().unmatched),
            (vec![], 0),
            "{id}"
        );
    }
    world.wait(3 * HOUR);
    // Something has to happen for it to be forgotten.
    world.carried(customer, carrier, OTHER, FINAL, "99");
    world.receipt(carrier, "1234", TO, State::Delivered);
    assert_eq!(world.figures().unmatched, 1);
}

#[test]
fn an_early_receipt_of_an_id_that_is_used_again_is_not_taken_for_a_repeat() {
    for digits in [TO, OTHER] {
        let mut world = World::new(Connector::default());
        let (customer, carrier) = (world.customer(), world.carrier(10));
        world.carried(customer, carrier, TO, FINAL, "7");
        world.receipt(carrier, "7", TO, State::Delivered);
        world.told_one();
        let key = world.submit(customer, digits, FINAL);
        let sent = world.sent_one();
        world.receipt(carrier, "7", digits, State::Undeliverable);
        world.take(carrier, &sent, "7");
        assert_eq!(world.news(), [(key, State::Undeliverable)], "{digits}");
    }
}

#[test]
fn a_repeat_that_might_have_been_early_is_forgotten_when_it_was_not() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    world.carried(customer, carrier, TO, FINAL, "7");
    world.receipt(carrier, "7", TO, State::Delivered);
    world.told_one();
    world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.receipt(carrier, "7", TO, State::Delivered);
    world.take(carrier, &sent, "8");
    assert_eq!((world.news(), world.figures().unmatched), (vec![], 0));
}
