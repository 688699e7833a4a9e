//! Long messages: cut into parts that stay together, and heard of as the customer wants it.

use core::time::Duration;
use std::collections::BTreeSet;

use engine::{
    Answer, Connector, ConnectorId, Customer, Directory, Incomplete, LongMessages, MessageKey,
    PartReceipts, Refusal, RefusalClass, Route, Target, Wish,
};
use sms::{Message, State};

use crate::world::{CARRIER, CUSTOMER, FINAL, Sent, World};

const OTHER: ConnectorId = ConnectorId(2);

/// A customer whose route has two carriers, the second for when the first fails.
fn two_carriers(first: LongMessages, second: LongMessages) -> World {
    let target = |connector, order| Target {
        connector,
        order,
        weight: 1,
    };
    let customer = Customer {
        routes: vec![Route {
            targets: vec![target(CARRIER, 0), target(OTHER, 1)],
            ..Route::default()
        }],
        ..Customer::default()
    };
    let rules = |long_messages| Connector {
        long_messages,
        failover_after: 1,
        retry: vec![Duration::from_secs(5)],
        ..Connector::default()
    };
    World::of(Directory {
        customers: [(CUSTOMER, customer)].into(),
        connectors: [(CARRIER, rules(first)), (OTHER, rules(second))].into(),
        ..Directory::default()
    })
}

/// Which part of how many each is, and the octets of text in it.
fn parts(sent: &[Sent]) -> Vec<(u8, u8, usize)> {
    let part = |sent: &Sent| {
        let message = Message {
            esm_class: sent.esm_class,
            text: &sent.text,
            ..Message::default()
        };
        let (header, body) = message.header().expect("well formed");
        let part = header.concatenation();
        let (number, total) = part.map_or((1, 1), |part| (part.sequence, part.total));
        (number, total, body.len())
    };
    sent.iter().map(part).collect()
}

/// A text of three parts.
const TEXT: [u8; 320] = [b'x'; 320];

/// Shows C-26.
#[test]
fn a_long_text_is_parts_under_one_id_and_heard_of_when_all_have_ended() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world
        .submitted_long(customer, "4477", &TEXT)
        .expect("accepted");
    let sent = world.sent();
    assert_eq!(parts(&sent), [(1, 3, 153), (2, 3, 153), (3, 3, 14)]);
    assert_eq!(sent[0].key, key);
    for (sent, id) in sent.iter().zip(["a", "b", "c"]) {
        world.take(carrier, sent, id);
    }
    world.receipt(carrier, "b", "4477", State::Undeliverable);
    world.receipt(carrier, "a", "4477", State::Delivered);
    assert_eq!(world.news(), []);
    world.compact();
    world.crash();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    world.receipt(carrier, "c", "4477", State::Delivered);
    let told = world.told_one();
    assert_eq!((told.key, told.state), (key, State::Undeliverable));
    world.acknowledge(customer, &told);
    assert_eq!(world.figures().messages, 0);
    assert_eq!(world.figures().memory, 0);
}

#[test]
fn a_joined_receipt_repeats_the_first_part() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let mut text = TEXT.to_vec();
    text[..5].copy_from_slice(b"hello");
    world
        .submitted_long(customer, "4477", &text)
        .expect("accepted");
    for (sent, id) in world.sent().iter().zip(["a", "b", "c"]) {
        world.take(carrier, sent, id);
    }
    for id in ["a", "b", "c"] {
        world.receipt(carrier, id, "4477", State::Delivered);
    }
    let told = world.told_one();
    let message = Message::decode(&told.body).expect("stored whole");
    let (_, body) = message.header().expect("well formed");
    assert!(body.starts_with(b"hello"));
}

/// Shows C-26.
#[test]
fn receipts_of_parts_are_as_the_customer_has_them() {
    for (receipts, heard) in [
        (
            PartReceipts::PerPart,
            vec![State::Delivered, State::Expired],
        ),
        (PartReceipts::Last, vec![State::Expired]),
        (PartReceipts::Joined, vec![State::Expired]),
    ] {
        let mut world = World::new(Connector::default());
        world.change(|directory| {
            let customer = directory.customers.get_mut(&CUSTOMER);
            customer.expect("the customer").split_receipts = receipts;
        });
        let (customer, carrier) = (world.customer(), world.carrier(10));
        let key = world
            .submitted_long(customer, "4477", &TEXT[..200])
            .expect("accepted");
        for (sent, id) in world.sent().iter().zip(["a", "b"]) {
            world.take(carrier, sent, id);
        }
        world.receipt(carrier, "a", "4477", State::Delivered);
        world.receipt(carrier, "b", "4477", State::Expired);
        let told = world.told();
        let states: Vec<State> = told.iter().map(|told| told.state).collect();
        let names: BTreeSet<MessageKey> = told.iter().map(|told| told.key).collect();
        assert_eq!((states, names), (heard, [key].into()), "{receipts:?}");
        for told in &told {
            world.acknowledge(customer, told);
        }
        assert_eq!(world.figures().messages, 0);
    }
}

#[test]
fn a_part_that_no_receipt_tells_of_ends_with_the_others() {
    let mut world = World::new(Connector {
        receipt_wait: Duration::from_secs(3600),
        ..Connector::default()
    });
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world
        .submitted_long(customer, "4477", &TEXT[..200])
        .expect("accepted");
    for (sent, id) in world.sent().iter().zip(["a", "b"]) {
        world.take(carrier, sent, id);
    }
    world.receipt(carrier, "a", "4477", State::Delivered);
    world.wait(Duration::from_secs(26 * 3600));
    assert_eq!(world.news(), [(key, State::Unknown)]);
}

#[test]
fn parts_are_cut_so_that_every_carrier_of_the_route_can_take_them() {
    use LongMessages::{Payload, Sar, Udh8, Udh16};
    for (first, second, cut) in [
        (Udh8, Udh8, vec![(1, 2, 153), (2, 2, 47)]),
        (Udh8, Payload, vec![(1, 2, 153), (2, 2, 47)]),
        (Udh8, Udh16, vec![(1, 2, 152), (2, 2, 48)]),
        (Payload, Sar, vec![(1, 2, 152), (2, 2, 48)]),
        (Payload, Payload, vec![(1, 1, 200)]),
    ] {
        let mut world = two_carriers(first, second);
        let customer = world.customer();
        world.carrier(10);
        world
            .submitted_long(customer, "4477", &TEXT[..200])
            .expect("accepted");
        assert_eq!(parts(&world.sent()), cut, "{first:?}, {second:?}");
    }
}

#[test]
fn parts_move_to_another_carrier_together() {
    let mut world = two_carriers(LongMessages::Udh8, LongMessages::Udh8);
    let customer = world.customer();
    let (first, second) = (world.carrier(1), world.carrier_of(OTHER, 10));
    world
        .submitted_long(customer, "4477", &TEXT)
        .expect("accepted");
    let sent = world.sent_one();
    assert_eq!(sent.slot, first.slot());
    world.refuse(first, &sent, RefusalClass::Temporary);
    let sent = world.sent();
    assert_eq!(parts(&sent), [(1, 3, 153), (2, 3, 153), (3, 3, 14)]);
    assert!(sent.iter().all(|sent| sent.slot == second.slot()));
}

#[test]
fn a_part_stays_with_the_carrier_that_has_another_of_its_message() {
    let mut world = two_carriers(LongMessages::Udh8, LongMessages::Udh8);
    let customer = world.customer();
    let (first, second) = (world.carrier(1), world.carrier_of(OTHER, 10));
    world
        .submitted_long(customer, "4477", &TEXT[..200])
        .expect("accepted");
    let sent = world.sent_one();
    world.take(first, &sent, "a");
    let sent = world.sent_one();
    world.refuse(first, &sent, RefusalClass::Temporary);
    assert_eq!(world.sent(), []);
    world.wait(Duration::from_secs(6));
    let again = world.sent_one();
    assert_eq!((again.key, again.slot), (sent.key, first.slot()));
    assert_ne!(again.slot, second.slot());
}

#[test]
fn more_parts_than_agreed_are_refused_and_cost_nothing() {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER);
        customer.expect("the customer").parts_max = 2;
    });
    let customer = world.customer();
    assert_eq!(
        world.submitted_long(customer, "4477", &TEXT),
        Err(Refusal::TooLong)
    );
    assert_eq!(world.figures().messages, 0);
    assert!(world.submitted_long(customer, "4477", &TEXT[..306]).is_ok());
    assert_eq!(world.figures().messages, 2);
}

#[test]
fn all_parts_have_room_or_none_is_taken() {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER);
        customer.expect("the customer").deliver_max = 2;
    });
    let customer = world.customer();
    assert_eq!(
        world.submitted_long(customer, "4477", &TEXT),
        Err(Refusal::Full)
    );
    assert!(world.submitted_long(customer, "4477", &TEXT[..200]).is_ok());
    assert_eq!(world.figures().messages, 2);
}

/// The one name of a long message means all its parts.
#[test]
fn a_long_message_that_waits_is_cancelled_as_one() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let key = world
        .submitted_long(customer, "4477", &TEXT)
        .expect("accepted");
    assert_eq!(world.figures().waiting, 3);
    world.compact();
    assert_eq!(world.ask(key, Wish::Cancel), Ok(Answer::Cancelled));
    assert_eq!(world.figures().waiting, 0);
    assert_eq!(world.news(), [(key, State::Deleted)]);
    let told = world.ask(key, Wish::Cancel);
    assert_eq!(told, Err(Refusal::TooLate), "it has ended");
    world.unbind(customer);
}

/// No carrier has any of them, whichever goes first, and a part that left stands in the way of the others.
#[test]
fn held_parts_are_cancelled_one_by_one_in_any_order() {
    for order in [[1, 2], [2, 1]] {
        let mut world = holding(Incomplete::Reject, PartReceipts::PerPart);
        let customer = world.customer();
        let parts = [1, 2].map(|number| world.submit_part(customer, "4477", (number, 3)));
        for number in order {
            let told = parts[number - 1];
            assert_eq!(
                world.ask(told, Wish::Cancel),
                Ok(Answer::Cancelled),
                "{order:?}"
            );
            world.compact();
            world.crash();
        }
        assert_eq!(world.figures().waiting, 0);
    }
}

/// A customer whose parts wait for each other for a minute.
fn holding(incomplete: Incomplete, receipts: PartReceipts) -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.hold_parts = Some(Duration::from_secs(60));
        (customer.incomplete, customer.multipart_receipts) = (incomplete, receipts);
    });
    world
}

/// Which part of how many each is.
fn numbers(sent: &[Sent]) -> Vec<(u8, u8)> {
    let parts = parts(sent);
    parts
        .iter()
        .map(|&(number, total, _)| (number, total))
        .collect()
}

/// Shows BUL-F3.
#[test]
fn held_parts_go_in_order_when_all_are_there() {
    let mut world = holding(Incomplete::Reject, PartReceipts::PerPart);
    let customer = world.customer();
    for number in [3, 1] {
        world.submit_part(customer, "4477", (number, 3));
    }
    assert_eq!(world.sent(), []);
    world.compact();
    world.crash();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    world.wait(Duration::from_secs(59));
    assert_eq!(world.sent(), []);
    world.submit_part(customer, "4477", (2, 3));
    let sent = world.sent();
    assert_eq!(numbers(&sent), [(1, 3), (2, 3), (3, 3)]);
    for (sent, id) in sent.iter().zip(["a", "b", "c"]) {
        world.take(carrier, sent, id);
        world.receipt(carrier, id, "4477", State::Delivered);
    }
    let told: BTreeSet<MessageKey> = world.told().iter().map(|told| told.key).collect();
    let keys: BTreeSet<MessageKey> = sent.iter().map(|sent| sent.key).collect();
    assert_eq!(told, keys, "each part has a receipt of its own");
}

#[test]
fn held_parts_whose_others_do_not_come_are_sent_or_not() {
    for incomplete in [Incomplete::Send, Incomplete::Reject] {
        let mut world = holding(incomplete, PartReceipts::PerPart);
        let customer = world.customer();
        world.carrier(10);
        let keys = [2, 1].map(|number| world.submit_part(customer, "4477", (number, 3)));
        world.wait(Duration::from_secs(61));
        match incomplete {
            Incomplete::Send => assert_eq!(numbers(&world.sent()), [(1, 3), (2, 3)]),
            Incomplete::Reject => {
                assert_eq!(world.sent(), []);
                let ended = [keys[1], keys[0]].map(|key| (key, State::Undeliverable));
                assert_eq!(world.news(), ended);
            }
        }
        // What comes now is another message.
        world.submit_part(customer, "4477", (3, 3));
        assert_eq!(world.sent(), []);
    }
}

#[test]
fn a_part_whose_number_has_come_begins_another_message() {
    let mut world = holding(Incomplete::Send, PartReceipts::PerPart);
    let customer = world.customer();
    world.carrier(10);
    world.submit_part(customer, "4477", (1, 2));
    world.submit_part(customer, "4477", (1, 2));
    world.submit_part(customer, "4477", (2, 2));
    assert_eq!(numbers(&world.sent()), [(1, 2), (2, 2)]);
    world.submit_part(customer, "4478", (2, 2));
    assert_eq!(world.sent(), [], "another destination, another message");
    world.wait(Duration::from_secs(61));
    assert_eq!(numbers(&world.sent()), [(1, 2), (2, 2)]);
}

/// Shows C-26.
#[test]
fn parts_that_a_customer_cut_may_have_one_receipt_about_the_first_that_came() {
    let mut world = holding(Incomplete::Send, PartReceipts::Joined);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let first = world.submit_part(customer, "4477", (2, 2));
    world.submit_part(customer, "4477", (1, 2));
    for (sent, id) in world.sent().iter().zip(["a", "b"]) {
        world.take(carrier, sent, id);
    }
    world.receipt(carrier, "b", "4477", State::Expired);
    assert_eq!(world.news(), []);
    world.receipt(carrier, "a", "4477", State::Delivered);
    assert_eq!(world.news(), [(first, State::Expired)]);

    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.multipart_receipts = PartReceipts::Last;
    });
    world.submit_part(customer, "4477", (1, 2));
    let last = world.submit_part(customer, "4477", (2, 2));
    for (sent, id) in world.sent().iter().zip(["c", "d"]) {
        world.take(carrier, sent, id);
        world.receipt(carrier, id, "4477", State::Delivered);
    }
    assert_eq!(world.news(), [(last, State::Delivered)]);
}

#[test]
fn parts_that_a_customer_cut_go_to_one_carrier() {
    let mut world = two_carriers(LongMessages::Udh8, LongMessages::Udh8);
    let customer = world.customer();
    let (first, second) = (world.carrier(2), world.carrier_of(OTHER, 10));
    world.submit_part(customer, "4477", (1, 3));
    world.submit_part(customer, "4477", (2, 3));
    let sent = world.sent();
    assert!(sent.iter().all(|sent| sent.slot == first.slot()));
    world.take(first, &sent[0], "a");
    // The carrier of the others is gone for now, and this one has to wait for it.
    world.unbind(first);
    world.submit_part(customer, "4477", (3, 3));
    assert_eq!(world.sent(), []);
    world.submit(customer, "4477", FINAL);
    assert_eq!(world.sent_one().slot, second.slot());
    let again = world.carrier(10);
    let sent = world.sent();
    assert!(sent.iter().all(|sent| sent.slot == again.slot()));
    assert!(numbers(&sent).contains(&(3, 3)));
}
