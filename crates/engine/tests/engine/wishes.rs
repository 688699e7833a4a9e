//! Which receipts a customer gets of those it asks for.

use core::time::Duration;

use engine::{Cause, Connector, InDoubt, OnTheWay, ReceiptRules, Receipts, RefusalClass, Wants};
use sms::State;

use crate::world::{ALL, CUSTOMER, FINAL, World};

const COLOMBIAN: &str = "573001234567";
const BRITISH: &str = "447700900123";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A world whose customer gets receipts by these rules.
fn world(connector: Connector, receipts: ReceiptRules) -> World {
    let mut world = World::new(connector);
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.receipts = receipts;
    });
    world
}

fn by_prefix(connector: Connector, receipts: Receipts) -> World {
    world(
        connector,
        ReceiptRules {
            by_prefix: vec![(b"57".to_vec(), receipts)],
            ..ReceiptRules::default()
        },
    )
}

fn on_the_way(on_the_way: OnTheWay) -> World {
    world(
        Connector::default(),
        ReceiptRules {
            on_the_way,
            ..ReceiptRules::default()
        },
    )
}

/// Shows MES-29, MES-30, MES-31, C-7.
#[test]
fn where_handsets_tell_nothing_enroute_is_the_last_word() {
    for fate in [State::Delivered, State::Rejected, State::Expired] {
        let mut world = by_prefix(Connector::default(), Receipts::HandedOver);
        let (customer, carrier) = (world.customer(), world.carrier(10));
        let key = world.submit(customer, COLOMBIAN, ALL);
        let sent = world.sent_one();
        assert_eq!(world.news(), [], "nothing is known of it yet");
        world.take(carrier, &sent, "1");
        let told = world.told_one();
        assert_eq!(
            (told.key, told.state, told.is_last),
            (key, State::Enroute, true)
        );
        world.acknowledge(customer, &told);
        for state in [State::Enroute, State::Accepted, fate, fate] {
            world.receipt(carrier, "1", COLOMBIAN, state);
        }
        let figures = world.figures();
        assert_eq!(
            (world.news(), figures.messages, figures.unmatched),
            (vec![], 0, 0)
        );
    }
}

/// Shows MES-31.
#[test]
fn where_handsets_tell_nothing_the_carrier_s_refusal_is_told() {
    let mut world = by_prefix(Connector::default(), Receipts::HandedOver);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, COLOMBIAN, FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Permanent);
    let told = world.told_one();
    assert_eq!(
        (told.key, told.state, told.cause),
        (key, State::Rejected, Cause::Code(*b"008"))
    );
    world.acknowledge(customer, &told);
    assert_eq!(world.figures().messages, 0);
}

/// Shows MES-31.
#[test]
fn where_handsets_tell_nothing_a_message_that_no_carrier_had_ends_in_silence() {
    let mut world = by_prefix(Connector::default(), Receipts::HandedOver);
    let customer = world.customer();
    world.submit(customer, COLOMBIAN, FINAL);
    world.wait(2 * DAY);
    assert_eq!((world.news(), world.figures().messages), (vec![], 0));
}

#[test]
fn the_last_word_survives_a_crash_and_nothing_waits_for_ever() {
    let mut world = by_prefix(Connector::default(), Receipts::HandedOver);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, COLOMBIAN, FINAL, "1");
    world.crash();
    let customer = world.customer();
    let told = world.told_one();
    assert_eq!(
        (told.key, told.state, told.is_last),
        (key, State::Enroute, true)
    );
    world.acknowledge(customer, &told);
    assert_eq!(
        world.figures().messages,
        1,
        "the carrier's word is still awaited"
    );
    world.wait(3 * DAY);
    assert_eq!((world.news(), world.figures().messages), (vec![], 0));
}

#[test]
fn a_receipt_before_the_response_does_not_tell_more_than_the_last_word() {
    let mut world = by_prefix(Connector::default(), Receipts::HandedOver);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, COLOMBIAN, FINAL);
    let sent = world.sent_one();
    world.receipt(carrier, "1", COLOMBIAN, State::Delivered);
    world.take(carrier, &sent, "1");
    assert_eq!(world.news(), [(key, State::Enroute)]);
    assert_eq!(world.figures().unmatched, 0);
}

#[test]
fn a_receipt_that_settles_a_doubt_says_that_the_carrier_has_the_message() {
    let rules = Connector {
        in_doubt: InDoubt::Hold(DAY),
        ..Connector::default()
    };
    let mut world = by_prefix(rules, Receipts::HandedOver);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, COLOMBIAN, FINAL);
    world.sent_one();
    world.unbind(carrier);
    let carrier = world.carrier(10);
    world.receipt(carrier, "1", COLOMBIAN, State::Undeliverable);
    assert_eq!(world.news(), [(key, State::Enroute)]);
    assert_eq!(world.figures().unmatched, 0);
}

#[test]
fn a_carrier_without_receipts_hands_over_as_well() {
    let rules = Connector {
        receipts: false,
        ..Connector::default()
    };
    let mut world = by_prefix(rules, Receipts::HandedOver);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, COLOMBIAN, FINAL, "1");
    assert_eq!(world.news(), [(key, State::Enroute)]);
    let key = world.carried(customer, carrier, BRITISH, FINAL, "2");
    assert_eq!(world.news(), [(key, State::Accepted)]);
}

/// Shows MES-30.
#[test]
fn where_networks_send_no_receipts_none_is_made_and_elsewhere_all_are() {
    let mut world = by_prefix(Connector::default(), Receipts::None);
    // Room for receipts is no concern of messages that will have none.
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.deliver_max = 1;
    });
    let (customer, carrier) = (world.customer(), world.carrier(10));
    for id in ["1", "2"] {
        world.carried(customer, carrier, COLOMBIAN, ALL, id);
        world.receipt(carrier, id, COLOMBIAN, State::Delivered);
    }
    assert_eq!((world.news(), world.figures().messages), (vec![], 0));
    let key = world.carried(customer, carrier, BRITISH, FINAL, "3");
    world.receipt(carrier, "3", BRITISH, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

/// What a customer with this rule is told of a message that is on its way twice and then arrives.
fn told(rule: OnTheWay, wants: Wants) -> Vec<State> {
    let mut world = on_the_way(rule);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    world.carried(customer, carrier, BRITISH, wants, "1");
    let mut states = Vec::new();
    for state in [State::Enroute, State::Accepted, State::Delivered] {
        world.receipt(carrier, "1", BRITISH, state);
        for told in world.told() {
            states.push(told.state);
            world.acknowledge(customer, &told);
        }
    }
    assert_eq!(world.figures().messages, 0);
    states
}

/// Shows C-7, BUL-36, BUL-39, MTA-77.
#[test]
fn states_on_the_way_are_relayed_or_not_as_the_rule_says() {
    use State::{Accepted, Delivered, Enroute};
    assert_eq!(told(OnTheWay::Relay, ALL), [Enroute, Accepted, Delivered]);
    assert_eq!(told(OnTheWay::Relay, FINAL), [Delivered]);
    assert_eq!(told(OnTheWay::Suppress, ALL), [Delivered]);
    assert_eq!(told(OnTheWay::Accepted, FINAL), [Accepted, Delivered]);
    assert_eq!(told(OnTheWay::Accepted, Wants::NONE), []);
}
