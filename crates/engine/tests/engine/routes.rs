//! Which carrier a message goes to.

use core::time::Duration;

use engine::{
    Connector, ConnectorId, Customer, Directory, Refusal, RefusalClass, Route, RouteName, Selected,
    Target, UnknownRoute,
};
use sms::State;

use crate::world::{CUSTOMER, FINAL, World};

const TO: &str = "447700900123";
const A: ConnectorId = ConnectorId(1);
const B: ConnectorId = ConnectorId(2);

fn target(connector: ConnectorId, order: u16, weight: u16) -> Target {
    Target {
        connector,
        order,
        weight,
    }
}

fn route(prefix: &str, targets: &[Target]) -> Route {
    Route {
        prefix: prefix.as_bytes().to_vec(),
        targets: targets.to_vec(),
        ..Route::default()
    }
}

fn world(routes: Vec<Route>) -> World {
    let customer = Customer {
        routes,
        ..Customer::default()
    };
    let rules = Connector {
        retry: vec![Duration::from_secs(5)],
        ..Connector::default()
    };
    World::of(Directory {
        customers: [(CUSTOMER, customer)].into(),
        connectors: [(A, rules.clone()), (B, rules)].into(),
        ..Directory::default()
    })
}

#[test]
fn the_longest_prefix_decides_and_without_any_there_is_no_route() {
    let mut world = world(vec![
        route("44", &[target(A, 0, 1)]),
        route("4477", &[target(B, 0, 1)]),
    ]);
    let customer = world.customer();
    let (a, b) = (world.carrier_of(A, 10), world.carrier_of(B, 10));
    world.submit(customer, "4420000000", FINAL);
    assert_eq!(world.sent_one().slot, a.slot());
    world.submit(customer, TO, FINAL);
    assert_eq!(world.sent_one().slot, b.slot());
    let nowhere = world.submitted(customer, "15550000", FINAL);
    assert_eq!(nowhere, Err(Refusal::NoRoute));
}

fn named(name: &str, route: Route) -> Route {
    Route {
        selected: Selected::Name(RouteName::of(name.as_bytes())),
        ..route
    }
}

/// Shows MOB-188, MOB-189, BUL-20.
#[test]
fn a_message_goes_by_the_route_that_it_selects_and_within_it_by_its_destination() {
    let mut world = world(vec![
        route("", &[target(A, 0, 1)]),
        named("premium", route("44", &[target(B, 0, 1)])),
    ]);
    let customer = world.customer();
    let (a, b) = (world.carrier_of(A, 10), world.carrier_of(B, 10));
    let premium = RouteName::of(b"premium");
    world.submitted_by(customer, TO, premium).expect("taken");
    assert_eq!(world.sent_one().slot, b.slot());
    world.submit(customer, TO, FINAL);
    assert_eq!(world.sent_one().slot, a.slot());
    let elsewhere = world.submitted_by(customer, "15550000", premium);
    assert_eq!(elsewhere, Err(Refusal::NoRoute));
}

/// Shows MOB-189, BUL-21, BUL-22, C-14.
#[test]
fn an_unknown_route_is_refused_or_the_default_as_the_customer_has_it() {
    let mut world = world(vec![
        named("1", route("", &[target(A, 0, 1)])),
        named("2", route("", &[target(B, 0, 1)])),
    ]);
    let customer = world.customer();
    let b = world.carrier_of(B, 10);
    let unknown = RouteName::of(b"9");
    let none = world.submitted(customer, TO, FINAL);
    assert_eq!(none, Err(Refusal::NoRoute), "there is no default");
    world.change(|directory| {
        let rules = directory.customers.get_mut(&CUSTOMER).expect("there");
        rules.route_default = Some(RouteName::of(b"2"));
    });
    world.submit(customer, TO, FINAL);
    assert_eq!(world.sent_one().slot, b.slot());
    let refused = world.submitted_by(customer, TO, unknown);
    assert_eq!(refused, Err(Refusal::NoRoute));
    world.change(|directory| {
        let rules = directory.customers.get_mut(&CUSTOMER).expect("there");
        rules.route_unknown = UnknownRoute::Default;
    });
    world.submitted_by(customer, TO, unknown).expect("taken");
    assert_eq!(world.sent_one().slot, b.slot());
}

#[test]
fn a_default_that_no_route_has_is_no_default() {
    let mut world = world(vec![route("", &[target(A, 0, 1)])]);
    world.change(|directory| {
        let rules = directory.customers.get_mut(&CUSTOMER).expect("there");
        rules.route_default = Some(RouteName::of(b"2"));
    });
    let customer = world.customer();
    let a = world.carrier_of(A, 10);
    world.submit(customer, TO, FINAL);
    assert_eq!(world.sent_one().slot, a.slot());
}

#[test]
fn a_route_for_anything_stands_behind_the_selected_one_unless_it_names_the_ending() {
    let anything = |route: Route| Route {
        selected: Selected::Anything,
        ..route
    };
    let mut world = world(vec![
        anything(route("44", &[target(A, 0, 1)])),
        named("premium", route("", &[target(B, 0, 1)])),
        anything(Route {
            ending: Some((8, 8)),
            ..route("", &[target(A, 0, 1)])
        }),
    ]);
    let customer = world.customer();
    let (a, b) = (world.carrier_of(A, 10), world.carrier_of(B, 10));
    let premium = RouteName::of(b"premium");
    for (to, carrier) in [(TO, b), ("447700900008", a)] {
        world.submitted_by(customer, to, premium).expect("taken");
        assert_eq!(world.sent_one().slot, carrier.slot());
    }
    world.submit(customer, TO, FINAL);
    assert_eq!(world.sent_one().slot, a.slot());
}

#[test]
fn a_message_keeps_to_its_route_when_a_carrier_fails_and_after_a_crash() {
    let mut world = world(vec![
        named("premium", route("", &[target(A, 0, 1), target(B, 1, 1)])),
        route("", &[target(A, 0, 1)]),
    ]);
    let customer = world.customer();
    let key = world.submitted_by(customer, TO, RouteName::of(b"premium"));
    world.crash_and(|directory| {
        directory.connectors.remove(&A);
    });
    let b = world.carrier_of(B, 10);
    let sent = world.sent_one();
    assert_eq!((Ok(sent.key), sent.slot), (key, b.slot()));
}

#[test]
fn the_first_of_a_route_is_taken_and_if_it_is_not_there_the_next() {
    let mut world = world(vec![route("", &[target(A, 0, 1), target(B, 1, 1)])]);
    let customer = world.customer();
    let (a, b) = (world.carrier_of(A, 10), world.carrier_of(B, 10));
    world.submit(customer, TO, FINAL);
    assert_eq!(world.sent_one().slot, a.slot());
    world.unbind(a);
    world.submit(customer, TO, FINAL);
    assert_eq!(world.sent_one().slot, b.slot());
}

#[test]
fn after_three_temporary_refusals_the_next_carrier_is_tried() {
    let mut world = world(vec![route("", &[target(A, 0, 1), target(B, 1, 1)])]);
    let customer = world.customer();
    let (a, b) = (world.carrier_of(A, 10), world.carrier_of(B, 10));
    let key = world.submit(customer, TO, FINAL);
    for _ in 0..3 {
        let sent = world.sent_one();
        assert_eq!(sent.slot, a.slot());
        world.refuse(a, &sent, RefusalClass::Temporary);
        world.wait(Duration::from_secs(5));
    }
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (key, b.slot()));
    world.take(b, &sent, "1");
    world.receipt(b, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn weights_share_and_a_weight_of_none_is_the_last_resort() {
    let mut world = world(vec![route("", &[target(A, 0, 3), target(B, 0, 1)])]);
    let customer = world.customer();
    let (a, _) = (world.carrier_of(A, 1000), world.carrier_of(B, 1000));
    for _ in 0..400 {
        world.submit(customer, TO, FINAL);
    }
    let to_a = world
        .sent()
        .iter()
        .filter(|sent| sent.slot == a.slot())
        .count();
    assert!((260..=340).contains(&to_a), "{to_a} of 400 instead of 300");

    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("there");
        customer.routes = vec![route("", &[target(A, 0, 0), target(B, 0, 1)])];
    });
    for _ in 0..50 {
        world.submit(customer, TO, FINAL);
        assert_ne!(world.sent_one().slot, a.slot());
    }
}

#[test]
fn a_receipt_of_another_carrier_is_about_another_message() {
    let mut world = world(vec![
        route("44", &[target(A, 0, 1)]),
        route("45", &[target(B, 0, 1)]),
    ]);
    let customer = world.customer();
    let (a, b) = (world.carrier_of(A, 10), world.carrier_of(B, 10));
    let key = world.carried(customer, a, TO, FINAL, "7");
    world.receipt(b, "7", TO, State::Undeliverable);
    assert_eq!(world.news(), []);
    world.receipt(a, "7", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn what_waits_for_a_removed_carrier_goes_another_way_or_ends() {
    let mut world = world(vec![
        route("44", &[target(A, 0, 1), target(B, 1, 1)]),
        route("45", &[target(A, 0, 1)]),
    ]);
    let customer = world.customer();
    let elsewhere = world.submit(customer, TO, FINAL);
    let nowhere = world.submit(customer, "4512345678", FINAL);
    world.crash();
    world.customer();
    let b = world.carrier_of(B, 10);
    assert_eq!(world.sent(), []);
    world.change(|directory| {
        directory.connectors.remove(&A);
    });
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (elsewhere, b.slot()));
    assert_eq!(world.news(), [(nowhere, State::Undeliverable)]);
}

#[test]
fn a_carrier_that_was_removed_while_nobody_looked_is_missed_at_the_start() {
    let mut world = world(vec![route("", &[target(A, 0, 1), target(B, 1, 1)])]);
    let customer = world.customer();
    let keys: Vec<_> = (0..3).map(|_| world.submit(customer, TO, FINAL)).collect();
    world.crash_and(|directory| {
        directory.connectors.remove(&A);
    });
    world.carrier_of(B, 10);
    let sent: Vec<_> = world.sent().iter().map(|sent| sent.key).collect();
    assert_eq!(sent, keys);
}

#[test]
fn a_long_lane_dissolves_in_steps() {
    let mut world = world(vec![route("", &[target(A, 0, 1), target(B, 1, 1)])]);
    let customer = world.customer();
    world.submit_many(customer, TO, 10_000);
    world.change(|directory| {
        directory.connectors.remove(&A);
    });
    world.carrier_of(B, 65_535);
    assert!(world.sent().len() < 10_000);
    world.wait(Duration::from_millis(10));
    assert_eq!(world.figures().sending, 10_000);
}

#[test]
fn a_closing_carrier_gets_what_waits_for_it_and_nothing_new() {
    let mut world = world(vec![route("", &[target(A, 0, 1), target(B, 1, 1)])]);
    let (customer, a) = (world.customer(), world.carrier_of(A, 1));
    let before: Vec<_> = (0..3).map(|_| world.submit(customer, TO, FINAL)).collect();
    let first = world.sent_one();
    world.change(|directory| {
        let connector = directory.connectors.get_mut(&A);
        connector.expect("it is there").closing = true;
    });
    assert_eq!(world.closed(), [], "its bind stays");
    let b = world.carrier_of(B, 10);
    let after = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (after, b.slot()));

    world.take(a, &first, "id0");
    for (number, &key) in before.iter().enumerate().skip(1) {
        let sent = world.sent_one();
        assert_eq!((sent.key, sent.slot), (key, a.slot()));
        world.take(a, &sent, &format!("id{number}"));
    }
    for (number, &key) in before.iter().enumerate() {
        world.receipt(a, &format!("id{number}"), TO, State::Delivered);
        assert_eq!(world.news(), [(key, State::Delivered)]);
    }
    world.change(|directory| {
        directory.connectors.remove(&A);
    });
    assert_eq!(
        world.figures().messages,
        4,
        "three receipts and one that went elsewhere"
    );
}

#[test]
fn what_a_closing_carrier_refuses_for_now_goes_on_with_another() {
    let mut world = world(vec![route("", &[target(A, 0, 1), target(B, 1, 1)])]);
    world.change(|directory| {
        let connector = directory.connectors.get_mut(&A);
        connector.expect("it is there").failover_after = 1;
    });
    let (customer, a) = (world.customer(), world.carrier_of(A, 1));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.change(|directory| {
        let connector = directory.connectors.get_mut(&A);
        connector.expect("it is there").closing = true;
    });
    let b = world.carrier_of(B, 10);
    world.refuse(a, &sent, RefusalClass::Temporary);
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (key, b.slot()));
}
