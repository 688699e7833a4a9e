//! Whose message a carrier gets next when several customers wait for it.

use core::time::Duration;
use std::collections::BTreeMap;

use engine::{Connector, ConnectorId, CustomerId, Directory, MessageKey, RefusalClass};
use sms::State;

use crate::world::{Bind, CARRIER, CUSTOMER, FINAL, World};

const TO: &str = "447700900123";

/// A carrier, customers `a`, `b`, `c` and `d` of it, and whose message is whose.
struct Lane {
    world: World,
    bind: Bind,
    owners: BTreeMap<MessageKey, char>,
}

impl Lane {
    fn new(rules: Connector) -> Lane {
        let mut world = World::new(rules);
        world.change(|directory| {
            for name in 'b'..='d' {
                let customer = directory.customers[&CUSTOMER].clone();
                directory.customers.insert(customer_of(name), customer);
            }
        });
        let bind = world.customer();
        Lane {
            world,
            bind,
            owners: BTreeMap::new(),
        }
    }

    /// The customer submits so many messages of a class.
    fn submit(&mut self, name: char, count: usize, class: u8) {
        for _ in 0..count {
            let key = self.world.submitted_as(self.bind, TO, |draft| {
                draft.customer = customer_of(name);
                draft.priority = class;
            });
            self.owners.insert(key.expect("accepted"), name);
        }
    }

    /// The customer submits a text that its carrier will cut.
    fn submit_text(&mut self, name: char, octets: usize) {
        let text = "x".repeat(octets);
        let key = self
            .world
            .submitted_text_of(customer_of(name), self.bind, TO, &text);
        self.owners.insert(key.expect("accepted"), name);
    }

    /// Whose messages the carrier takes, one after the other, at most so many.
    fn taken(&mut self, carrier: Bind, most: usize) -> String {
        let mut names = String::new();
        while names.len() < most {
            let sent = self.world.sent();
            let [one] = &sent[..] else {
                assert!(sent.is_empty(), "more than the window: {sent:?}");
                break;
            };
            names.push(self.owners[&one.key]);
            self.world.take(carrier, one, &format!("id{}", one.token));
        }
        names
    }
}

fn customer_of(name: char) -> CustomerId {
    CustomerId(CUSTOMER.0 + u32::from(name) - u32::from('a'))
}

#[test]
fn one_message_does_not_wait_behind_a_flood_of_another_customer() {
    let mut lane = Lane::new(Connector::default());
    lane.world.submit_many(lane.bind, TO, 100_000);
    lane.submit('b', 1, 0);
    let single = *lane.owners.keys().next().expect("one");
    let carrier = lane.world.carrier(1);
    let mut before = 0;
    loop {
        let sent = lane.world.sent_one();
        if sent.key == single {
            break;
        }
        before += 1;
        assert!(before <= 1, "the other customer had its turn");
        lane.world.take(carrier, &sent, &format!("id{before}"));
    }
}

#[test]
fn customers_who_wait_take_turns_and_each_keeps_its_own_order() {
    let mut lane = Lane::new(Connector::default());
    lane.submit('a', 6, 0);
    lane.submit('b', 2, 0);
    lane.submit('c', 3, 0);
    let carrier = lane.world.carrier(1);
    let mut order = Vec::new();
    let mut names = String::new();
    for number in 0..11 {
        let sent = lane.world.sent_one();
        names.push(lane.owners[&sent.key]);
        order.push((lane.owners[&sent.key], sent.key));
        lane.world.take(carrier, &sent, &format!("id{number}"));
    }
    assert_eq!(names, "abcabcacaaa");
    let mut by_customer = order.clone();
    by_customer.sort();
    order.sort_by_key(|&(name, _)| name);
    assert_eq!(order, by_customer);
}

#[test]
fn who_begins_late_waits_for_one_message_of_each_of_the_others() {
    let mut lane = Lane::new(Connector::default());
    for name in ['a', 'c', 'd'] {
        lane.submit(name, 20, 0);
    }
    let carrier = lane.world.carrier(1);
    assert_eq!(lane.taken(carrier, 7), "acdacda");
    lane.submit('b', 1, 0);
    let next = lane.taken(carrier, 4);
    assert!(next.contains('b'), "{next}");
}

#[test]
fn a_class_has_its_share_and_in_it_each_customer_has_its_own() {
    let mut lane = Lane::new(Connector::default());
    lane.submit('a', 40, 3);
    lane.submit('a', 40, 0);
    lane.submit('b', 40, 3);
    lane.submit('c', 40, 2);
    let carrier = lane.world.carrier(1);
    let names = lane.taken(carrier, 26);
    let share = |name| names.matches(name).count();
    // Of 13: eight of class 3, four of class 2 and one of class 0.
    assert_eq!((share('b'), share('c')), (8, 8), "{names}");
    assert_eq!(share('a'), 8 + 2, "{names}");
}

#[test]
fn a_customer_of_more_weight_has_longer_turns_from_now_on() {
    let mut lane = Lane::new(Connector::default());
    lane.submit('a', 12, 0);
    lane.submit('b', 12, 0);
    let carrier = lane.world.carrier(1);
    assert_eq!(lane.taken(carrier, 4), "abab");
    lane.world.change(|directory| {
        let customer = directory.customers.get_mut(&customer_of('a'));
        customer.expect("it is there").weight = 3;
    });
    // What is in the window already went by the rules before.
    assert_eq!(lane.taken(carrier, 9), "abaaabaaa");
}

#[test]
fn a_long_text_that_is_sent_whole_costs_as_many_turns_as_it_has_parts() {
    let mut lane = Lane::new(Connector::default());
    for _ in 0..3 {
        lane.submit_text('a', 4 * 153);
    }
    lane.submit('b', 20, 0);
    let carrier = lane.world.carrier(1);
    assert_eq!(lane.taken(carrier, 15), "bbbabbbbabbbbab");
}

#[test]
fn a_long_text_waits_for_nobody_who_has_nothing_to_send() {
    let mut lane = Lane::new(Connector::default());
    lane.submit_text('a', 4 * 153);
    lane.submit('a', 1, 0);
    let carrier = lane.world.carrier(1);
    assert_eq!(lane.taken(carrier, 10), "aa");
    assert_eq!(lane.world.figures().waiting, 0);
}

#[test]
fn a_throttled_connector_is_shared_alike() {
    let mut lane = Lane::new(Connector {
        rate: Some(50),
        ..Connector::default()
    });
    lane.submit('a', 90, 0);
    for name in ['b', 'c'] {
        lane.submit(name, 30, 0);
    }
    let carrier = lane.world.carrier(10);
    let mut names = String::new();
    let mut refused = 0;
    while names.len() < 60 {
        for sent in lane.world.sent() {
            if sent.token % 7 == 3 && refused < 5 {
                refused += 1;
                lane.world.refuse(carrier, &sent, RefusalClass::Throttled);
                continue;
            }
            names.push(lane.owners[&sent.key]);
            lane.world
                .take(carrier, &sent, &format!("id{}", sent.token));
        }
        lane.world.wait(Duration::from_millis(500));
    }
    assert!(refused > 0, "it is throttled now and then");
    for name in ['a', 'b', 'c'] {
        let share = names[..60].matches(name).count();
        assert!((18..=22).contains(&share), "{name} has {share}: {names}");
    }
}

/// However often the carrier says that it has too much: the message has failed at nothing.
#[test]
fn throttling_counts_as_no_attempt() {
    let mut world = World::new(Connector {
        failover_after: 2,
        vague_tries: 2,
        ..Connector::default()
    });
    let customer = world.customer();
    let key = world.submit(customer, TO, FINAL);
    let carrier = world.carrier(1);
    for _ in 0..20 {
        let sent = world.sent_one();
        assert_eq!(sent.key, key);
        world.refuse(carrier, &sent, RefusalClass::Throttled);
        world.wait(Duration::from_secs(60));
    }
    // The first temporary refusal is the first attempt: it is tried again after the first delay.
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    world.wait(Duration::from_secs(5));
    let sent = world.sent_one();
    world.take(carrier, &sent, "id");
    world.receipt(carrier, "id", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

/// What comes due stands behind what its own customer has waiting, and beside what the others have.
#[test]
fn a_deferred_message_comes_back_into_the_queue_of_its_customer() {
    let mut lane = Lane::new(Connector::default());
    let due = lane.world.wall().plus(Duration::from_secs(60));
    let key = lane.world.submitted_as(lane.bind, TO, |draft| {
        draft.customer = customer_of('b');
        draft.due = Some(due);
    });
    lane.owners.insert(key.expect("accepted"), 'B');
    lane.submit('a', 5, 0);
    lane.submit('b', 2, 0);
    lane.world.wait(Duration::from_secs(60));
    let carrier = lane.world.carrier(1);
    assert_eq!(lane.taken(carrier, 10), "ababaBaa");
}

/// Nobody binds to a connector that is no more; what waits there takes its turns where it goes on.
#[test]
fn fairness_holds_where_a_removed_connector_s_messages_go_on() {
    const OTHER: ConnectorId = ConnectorId(2);
    let mut lane = Lane::new(Connector::default());
    lane.submit('a', 4, 0);
    lane.submit('b', 2, 0);
    lane.world.change(|directory: &mut Directory| {
        directory.connectors.remove(&CARRIER);
        directory.connectors.insert(OTHER, Connector::default());
        for customer in directory.customers.values_mut() {
            customer.routes[0].targets[0].connector = OTHER;
        }
    });
    let carrier = lane.world.carrier_of(OTHER, 1);
    assert_eq!(lane.taken(carrier, 10), "ababaa");
}
