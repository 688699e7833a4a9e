//! Whose a message from a subscriber is.

use core::time::Duration;

use engine::{Connector, Customer, CustomerId, MessageKey, Number, Refusal};

use crate::world::{Bind, CUSTOMER, NUMBER, World};

const OTHER: CustomerId = CustomerId(2);
const SUBSCRIBER: &str = "447700900123";

/// Two customers, a bind of each, and a carrier.
fn two() -> (World, [Bind; 2], Bind) {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let routes = directory.customers[&CUSTOMER].routes.clone();
        let customer = Customer {
            routes,
            ..Customer::default()
        };
        directory.customers.insert(OTHER, customer);
    });
    let binds = binds(&mut world);
    let carrier = world.carrier(1000);
    (world, binds, carrier)
}

fn binds(world: &mut World) -> [Bind; 2] {
    [CUSTOMER, OTHER].map(|customer| world.bind_of(customer))
}

/// Which of the binds gets what the subscriber writes, and of what message it is told to be the answer.
#[track_caller]
fn answered(
    world: &mut World,
    binds: [Bind; 2],
    carrier: Bind,
    text: &str,
) -> (usize, Option<MessageKey>) {
    world.mo(carrier, text);
    let brought = world.brought_one();
    let at = binds.iter().position(|bind| bind.slot() == brought.slot);
    let at = at.expect("one of them");
    world.acknowledge_mo(binds[at], &brought);
    (at, brought.answers)
}

/// Shows BUL-F6, BUL-F16.
#[test]
fn an_answer_goes_to_whoever_wrote_last_from_that_number_and_names_that_message() {
    let (mut world, binds, carrier) = two();
    assert_eq!(
        answered(&mut world, binds, carrier, "first"),
        (0, None),
        "the number is his"
    );
    world.submit_from(OTHER, NUMBER, SUBSCRIBER);
    let latest = world.submit_from(OTHER, NUMBER, SUBSCRIBER);
    world.submit_from(CUSTOMER, NUMBER, "447700900999");
    assert_eq!(
        answered(&mut world, binds, carrier, "yes"),
        (1, Some(latest))
    );
    let own = world.submit_from(CUSTOMER, NUMBER, SUBSCRIBER);
    assert_eq!(answered(&mut world, binds, carrier, "no"), (0, Some(own)));
}

/// Shows BUL-F16.
#[test]
fn a_message_from_another_source_is_not_answered() {
    let (mut world, binds, carrier) = two();
    world.submit_from(OTHER, "Bindery", SUBSCRIBER);
    world.submit_from(OTHER, "80889", SUBSCRIBER);
    assert_eq!(answered(&mut world, binds, carrier, "yes"), (0, None));
    let refused = world.mo_to(carrier, "80889", "yes");
    assert_eq!(refused, Some(Refusal::NoRoute), "nobody can write to it");
}

#[test]
fn what_is_answered_outlives_the_process_and_its_journal() {
    let (mut world, _, _) = two();
    let latest = world.submit_from(OTHER, NUMBER, SUBSCRIBER);
    world.compact();
    world.crash();
    let carrier = world.carrier(10);
    world.mo(carrier, "yes");
    world.compact();
    world.crash();
    assert_eq!(world.brought(), []);
    binds(&mut world);
    assert_eq!(world.brought_one().answers, Some(latest));
}

#[test]
fn after_a_week_nobody_answers() {
    let (mut world, binds, carrier) = two();
    let latest = world.submit_from(OTHER, NUMBER, SUBSCRIBER);
    world.wait(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(
        answered(&mut world, binds, carrier, "yes"),
        (1, Some(latest))
    );
    world.wait(Duration::from_secs(1));
    assert_eq!(answered(&mut world, binds, carrier, "yes"), (0, None));
}

#[test]
fn of_too_many_the_latest_are_known() {
    let (mut world, binds, carrier) = two();
    world.change(|directory| directory.limits.replies_max = 3);
    let before = world.figures().memory;
    let mut subscribers = ["447700900123", "2", "3", "4"].iter().cycle();
    for _ in 0..9 {
        let to = subscribers.next().expect("it goes on for ever");
        world.submit_from(OTHER, NUMBER, to);
    }
    assert_eq!(
        answered(&mut world, binds, carrier, "yes").0,
        1,
        "it was the last"
    );
    for to in ["2", "3", "4"] {
        world.submit_from(OTHER, NUMBER, to);
    }
    assert_eq!(
        answered(&mut world, binds, carrier, "yes").0,
        0,
        "forgotten"
    );
    assert!(world.figures().memory > before);
}

#[test]
fn the_first_word_says_whose_a_message_is_that_answers_nothing() {
    let (mut world, binds, carrier) = two();
    world.change(|directory| {
        let number = Number {
            customer: CUSTOMER,
            keywords: [("join".to_owned(), OTHER)].into(),
        };
        directory.numbers.insert(NUMBER.into(), number);
    });
    for (text, at) in [("JOIN us", 1), ("leave", 0), ("", 0)] {
        assert_eq!(
            answered(&mut world, binds, carrier, text),
            (at, None),
            "{text:?}"
        );
    }
    let own = world.submit_from(CUSTOMER, NUMBER, SUBSCRIBER);
    assert_eq!(answered(&mut world, binds, carrier, "join"), (0, Some(own)));
}

#[test]
fn who_takes_no_messages_of_subscribers_gets_no_answers_either() {
    let (mut world, binds, carrier) = two();
    world.submit_from(OTHER, NUMBER, SUBSCRIBER);
    world.change(|directory| {
        directory.customers.get_mut(&OTHER).expect("known").mo = false;
    });
    assert_eq!(answered(&mut world, binds, carrier, "yes"), (0, None));
}
