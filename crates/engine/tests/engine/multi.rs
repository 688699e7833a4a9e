//! One message to several destinations.

use engine::{Connector, Customer, Refusal, Route, Target, Wish};
use sms::{Address, Alphabet, Message, State};

use crate::world::{CARRIER, CUSTOMER, World};

/// A carrier for numbers that begin with 44.
fn world() -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let target = Target {
            connector: CARRIER,
            order: 0,
            weight: 1,
        };
        let route = Route {
            prefix: b"44".to_vec(),
            targets: vec![target],
            ..Route::default()
        };
        let customer = Customer {
            routes: vec![route],
            ..Customer::default()
        };
        directory.customers.insert(CUSTOMER, customer);
    });
    world
}

#[test]
fn each_destination_has_a_message_and_a_receipt_under_one_id() {
    let mut world = world();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let all = ["4477", "1555", "4478"];
    let (answer, unreached) = world.submitted_to_all(customer, &all, |_, _| ());
    let key = answer.expect("two of them are accepted");
    assert_eq!(unreached, [("1555".to_owned(), Refusal::NoRoute)]);
    let sent = world.sent();
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0].key, sent[1].key);
    for (sent, id) in sent.iter().zip(["a", "b"]) {
        world.take(carrier, sent, id);
    }
    world.compact();
    world.receipt(carrier, "b", "4478", State::Undeliverable);
    world.receipt(carrier, "a", "4477", State::Delivered);
    let told = world.told();
    let of = |told: &crate::world::Told| {
        let message = Message::decode(&told.body).expect("a whole message");
        (told.key, message.destination.to_string(), told.state)
    };
    assert_eq!(
        told.iter().map(of).collect::<Vec<_>>(),
        [
            (key, "4478".to_owned(), State::Undeliverable),
            (key, "4477".to_owned(), State::Delivered)
        ]
    );
    for told in &told {
        world.acknowledge(customer, told);
    }
    assert_eq!(world.figures().messages, 0);
}

#[test]
fn a_request_that_reaches_nobody_is_refused_as_its_first_destination_was() {
    let mut world = world();
    let customer = world.customer();
    let (answer, unreached) = world.submitted_to_all(customer, &["1555", "1666"], |_, _| ());
    assert_eq!((answer, unreached), (Err(Refusal::NoRoute), vec![]));
    assert_eq!(world.figures().messages, 0);
}

/// Shows C-19.
#[test]
fn each_destination_counts_for_the_rate() {
    let mut world = world();
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER);
        customer.expect("the customer").rate = Some(2);
    });
    let customer = world.customer();
    let (answer, unreached) =
        world.submitted_to_all(customer, &["4477", "4478", "4479"], |_, _| ());
    assert!(answer.is_ok());
    assert_eq!(unreached, [("4479".to_owned(), Refusal::Throttled)]);
}

#[test]
fn a_long_text_is_cut_for_each_destination_and_has_one_receipt_for_each() {
    let mut world = world();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let (answer, _) = world.submitted_to_all(customer, &["4477", "4478"], |draft, inputs| {
        draft.long = Some(Alphabet::Gsm7);
        draft.body = inputs.put_message(&Message {
            destination: Address::international(b"0"),
            text: &[b'x'; 200],
            ..Message::default()
        });
    });
    let key = answer.expect("accepted");
    let sent = world.sent();
    assert_eq!(sent.len(), 4);
    for (sent, id) in sent.iter().zip(["a", "b", "c", "d"]) {
        world.take(carrier, sent, id);
    }
    for (id, digits) in [("a", "4477"), ("d", "4478"), ("c", "4478"), ("b", "4477")] {
        world.receipt(carrier, id, digits, State::Delivered);
    }
    assert_eq!(
        world.news(),
        [(key, State::Delivered), (key, State::Delivered)]
    );
}

#[test]
fn the_one_id_means_all_that_wait() {
    let mut world = world();
    let customer = world.customer();
    let (answer, _) = world.submitted_to_all(customer, &["4477", "4478"], |_, _| ());
    let key = answer.expect("accepted");
    world.compact();
    world.crash();
    assert!(world.ask(key, Wish::Cancel).is_ok());
    assert_eq!(world.figures().waiting, 0);
}
