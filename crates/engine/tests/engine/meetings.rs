//! Where one thing that a customer may ask for meets another.

use core::time::Duration;

use engine::{
    Connector, Incomplete, OnTheWay, PartReceipts, ReceiptRules, Receipts, Refusal, RefusalClass,
    Replacement, Wants, Wish,
};
use sms::State;

use crate::world::{CUSTOMER, FINAL, World};

/// A customer whose parts have one receipt, and to whom the message has ended when a carrier has it.
fn joined_at_hand_over() -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.split_receipts = PartReceipts::Joined;
        customer.receipts = ReceiptRules {
            by_prefix: vec![(b"57".to_vec(), Receipts::HandedOver)],
            ..ReceiptRules::default()
        };
    });
    world
}

/// A customer whose parts wait for each other for a minute, and are not sent without each other.
fn holding() -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.hold_parts = Some(Duration::from_secs(60));
        customer.incomplete = Incomplete::Reject;
    });
    world
}

#[test]
fn a_part_that_is_refused_is_told_of_though_another_was_taken() {
    for refused in [0, 1] {
        for taken_first in [true, false] {
            let mut world = joined_at_hand_over();
            let (customer, carrier) = (world.customer(), world.carrier(10));
            let key = world
                .submitted_long(customer, "5730", &[b'x'; 200])
                .expect("accepted");
            let sent = world.sent();
            let taken = &sent[1 - refused];
            if taken_first {
                world.take(carrier, taken, "a");
            }
            world.refuse(carrier, &sent[refused], RefusalClass::Permanent);
            if !taken_first {
                world.take(carrier, taken, "a");
            }
            world.compact();
            world.crash();
            let (_, carrier) = (world.customer(), world.carrier(10));
            world.receipt(carrier, "a", "5730", State::Delivered);
            // Where the word that the carrier has it was the last one, it stays so.
            let word = if refused == 1 && taken_first {
                State::Enroute
            } else {
                State::Rejected
            };
            assert_eq!(world.news(), [(key, word)], "{refused}, {taken_first}");
        }
    }
}

#[test]
fn a_joined_receipt_comes_for_whichever_part_it_was_asked_with() {
    for last in ["a", "b"] {
        let mut world = World::new(Connector::default());
        world.change(|directory| {
            let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
            customer.multipart_receipts = PartReceipts::Joined;
        });
        let (customer, carrier) = (world.customer(), world.carrier(10));
        let key = world.submit_part_as(customer, "4477", (1, 2), |draft| draft.wants = Wants::NONE);
        world.submit_part(customer, "4477", (2, 2));
        for (sent, id) in world.sent().iter().zip(["a", "b"]) {
            world.take(carrier, sent, id);
        }
        world.compact();
        world.crash();
        let (customer, carrier) = (world.customer(), world.carrier(10));
        let first = if last == "a" { "b" } else { "a" };
        world.receipt(carrier, first, "4477", State::Delivered);
        world.receipt(carrier, last, "4477", State::Delivered);
        let told = world.told_one();
        assert_eq!((told.key, told.state), (key, State::Delivered));
        world.acknowledge(customer, &told);
        assert_eq!(world.figures().messages, 0);
    }
}

#[test]
fn of_many_that_are_incomplete_at_once_none_is_sent() {
    let mut world = holding();
    let customer = world.customer();
    for number in 0..200 {
        world.submit_part(customer, &format!("4477{number}"), (1, 2));
    }
    world.carrier(1000);
    world.wait(Duration::from_secs(61));
    assert_eq!(world.sent(), []);
    assert_eq!(world.news().len(), 200);
}

#[test]
fn parts_that_are_scheduled_are_not_sent_before_because_others_are_missing() {
    let mut world = holding();
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.incomplete = Incomplete::Send;
    });
    let customer = world.customer();
    world.carrier(10);
    let due = world.wall().plus(Duration::from_secs(3600));
    world.submit_part_as(customer, "4477", (1, 2), |draft| draft.due = Some(due));
    world.wait(Duration::from_secs(3500));
    assert_eq!(world.sent(), []);
    world.wait(Duration::from_secs(101));
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn a_part_that_is_replaced_still_waits_for_the_others() {
    let mut world = holding();
    let customer = world.customer();
    world.carrier(10);
    let key = world.submit_part(customer, "4477", (1, 2));
    let due = world.wall().plus(Duration::from_secs(10));
    let answer = world.asked_as(key, |ask, inputs| {
        ask.wish = Wish::Replace(Replacement {
            text: inputs.put(&[5, 0, 3, 7, 2, 1, b'y']),
            wants: FINAL,
            registered_delivery: 1,
            due: Some(due),
            expires: None,
        });
    });
    assert!(answer.is_ok());
    world.wait(Duration::from_secs(30));
    assert_eq!(world.sent(), []);
    world.submit_part(customer, "4477", (2, 2));
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn a_long_message_of_which_a_part_has_left_is_not_cut_off() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(1));
    let key = world
        .submitted_long(customer, "4477", &[b'x'; 320])
        .expect("accepted");
    for id in ["a", "b", "c"] {
        let answer = world.ask(key, Wish::Cancel);
        assert_eq!(answer, Err(Refusal::TooLate), "{id}");
        let sent = world.sent_one();
        world.take(carrier, &sent, id);
        world.receipt(carrier, id, "4477", State::Delivered);
    }
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn a_message_to_several_takes_the_place_of_the_one_before_to_each() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    for digits in ["4477", "4478", "4479"] {
        world
            .submitted_as(customer, digits, |draft| draft.by_address = true)
            .expect("accepted");
    }
    let (answer, _) = world.submitted_to_all(customer, &["4477", "4478"], |draft, _| {
        (draft.by_address, draft.replaces) = (true, true);
    });
    assert!(answer.is_ok());
    world.carrier(10);
    assert_eq!(world.sent().len(), 3, "one to each destination");
}

#[test]
fn each_destination_of_one_message_hears_that_it_was_accepted() {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.receipts.on_the_way = OnTheWay::Accepted;
    });
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let (answer, _) = world.submitted_to_all(customer, &["4477", "4478"], |_, _| ());
    let key = answer.expect("accepted");
    for (sent, id) in world.sent().iter().zip(["a", "b"]) {
        world.take(carrier, sent, id);
    }
    for (id, digits) in [("a", "4477"), ("b", "4478"), ("b", "4478")] {
        world.receipt(carrier, id, digits, State::Accepted);
    }
    let mut heard = Vec::new();
    loop {
        let told = world.told();
        if told.is_empty() {
            break;
        }
        for told in told {
            heard.push((told.key, told.state));
            world.acknowledge(customer, &told);
        }
    }
    assert_eq!(heard, [(key, State::Accepted); 2]);
}
