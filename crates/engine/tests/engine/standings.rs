//! What an operator decides about customers and connectors holds, and is not forgotten.

use engine::{
    Connector, ConnectorId, Customer, Directory, Party, Refusal, Route, Standing, Target,
};
use sms::State;

use crate::world::{CARRIER, CUSTOMER, FINAL, World};

const TO: &str = "447700900123";
const OTHER: ConnectorId = ConnectorId(2);

const THE_CARRIER: Party = Party::Connector(CARRIER);
const THE_CUSTOMER: Party = Party::Customer(CUSTOMER);

/// Two carriers, of which the second gets what the first does not.
fn two_carriers() -> World {
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
    let rules = Connector::default();
    World::of(Directory {
        customers: [(CUSTOMER, customer)].into(),
        connectors: [(CARRIER, rules.clone()), (OTHER, rules)].into(),
        ..Directory::default()
    })
}

#[test]
fn a_paused_carrier_gets_nothing_until_it_is_resumed_also_after_a_crash() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    world.carrier(10);
    world.decide(THE_CARRIER, Standing::Paused);
    let first = world.submit(customer, TO, FINAL);
    assert_eq!(world.sent(), []);
    assert_eq!(world.closed(), [], "its bind stays");

    world.compact();
    world.crash();
    world.carrier(10);
    let customer = world.customer();
    let second = world.submit(customer, TO, FINAL);
    assert_eq!(world.sent(), []);
    assert_eq!(world.standings(), [(THE_CARRIER, Standing::Paused)]);
    world.decide(THE_CARRIER, Standing::Open);
    let sent: Vec<_> = world.sent().iter().map(|sent| sent.key).collect();
    assert_eq!(sent, [first, second]);
    assert_eq!(world.standings(), []);
}

#[test]
fn what_would_wait_for_a_paused_carrier_goes_to_another_of_its_route() {
    let mut world = two_carriers();
    let customer = world.customer();
    let (a, b) = (world.carrier_of(CARRIER, 1), world.carrier_of(OTHER, 10));
    let in_flight = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (in_flight, a.slot()));
    let waiting = world.submit(customer, TO, FINAL);
    world.decide(THE_CARRIER, Standing::Paused);
    let other = world.submit(customer, TO, FINAL);
    let by_other = world.sent_one();
    assert_eq!((by_other.key, by_other.slot), (other, b.slot()));

    // What it had is settled, and what waits for it waits on.
    world.take(a, &sent, "id0");
    world.receipt(a, "id0", TO, State::Delivered);
    assert_eq!(world.news(), [(in_flight, State::Delivered)]);
    assert_eq!(world.sent(), []);
    world.decide(THE_CARRIER, Standing::Open);
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (waiting, a.slot()));
}

#[test]
fn a_carrier_that_is_drained_gets_what_waits_for_it_and_nothing_new() {
    let mut world = two_carriers();
    let customer = world.customer();
    let (a, b) = (world.carrier_of(CARRIER, 1), world.carrier_of(OTHER, 10));
    world.submit(customer, TO, FINAL);
    let first = world.sent_one();
    let waiting = world.submit(customer, TO, FINAL);
    world.decide(THE_CARRIER, Standing::Draining);
    let new = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (new, b.slot()));
    world.take(a, &first, "id0");
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (waiting, a.slot()));

    world.decide(Party::Connector(OTHER), Standing::Draining);
    assert_eq!(world.submitted(customer, TO, FINAL), Err(Refusal::NoRoute));
}

#[test]
fn nothing_comes_from_a_paused_customer_and_its_receipts_wait() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.decide(THE_CUSTOMER, Standing::Paused);
    assert_eq!(world.submitted(customer, TO, FINAL), Err(Refusal::Paused));
    world.take(carrier, &sent, "id0");
    world.receipt(carrier, "id0", TO, State::Delivered);
    world.mo(carrier, "hello");
    assert_eq!(world.told(), []);
    assert_eq!(world.brought(), []);

    world.crash();
    let customer = world.customer();
    assert_eq!(world.told(), []);
    world.decide(THE_CUSTOMER, Standing::Open);
    assert_eq!(world.news(), [(key, State::Delivered)]);
    let brought = world.brought_one();
    world.acknowledge_mo(customer, &brought);
    assert!(world.submitted(customer, TO, FINAL).is_ok());
}

#[test]
fn receipts_that_wait_with_a_bind_of_a_paused_customer_come_when_it_is_resumed() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.decide(THE_CUSTOMER, Standing::Paused);
    world.take(carrier, &sent, "id0");
    world.receipt(carrier, "id0", TO, State::Delivered);
    assert_eq!(world.told(), []);
    world.decide(THE_CUSTOMER, Standing::Open);
    let told = world.told_one();
    assert_eq!((told.key, told.slot), (key, customer.slot()));
}

#[test]
fn a_customer_that_is_drained_hears_of_what_it_sent_before() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.decide(THE_CUSTOMER, Standing::Draining);
    assert_eq!(world.submitted(customer, TO, FINAL), Err(Refusal::Paused));
    world.take(carrier, &sent, "id0");
    world.receipt(carrier, "id0", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}
