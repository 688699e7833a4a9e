//! Receipts that no message was found for, and what an operator does about them.

use engine::{
    Command, Connector, Delivery, MessageKey, ReceiptIds, Rematched, Report, StrayReport,
};
use sms::State;

use crate::world::{CARRIER, CUSTOMER, FINAL, World};

const TO: &str = "447700900123";
const OTHER: &str = "447700900456";

fn alike() -> World {
    World::new(Connector {
        receipt_ids: ReceiptIds::Alike,
        ..Connector::default()
    })
}

fn unmatched(world: &mut World) -> Vec<StrayReport> {
    match world.operate(Command::Unmatched(Some(CARRIER))) {
        Report::Unmatched {
            receipts,
            left_out: 0,
        } => receipts,
        other => panic!("{other:?}"),
    }
}

fn rematch(world: &mut World, receipt: MessageKey, to: Option<MessageKey>) -> Rematched {
    match world.operate(Command::Rematch { receipt, to }) {
        Report::Rematched(rematched) => rematched,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_receipt_finds_its_message_once_the_rules_let_it() {
    let mut world = alike();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "1234");
    world.receipt(carrier, "4d2", TO, State::Delivered);
    let [stray] = &unmatched(&mut world)[..] else {
        panic!("one");
    };
    assert_eq!(
        (&stray.id[..], &stray.destination[..]),
        (&b"4d2"[..], TO.as_bytes())
    );
    assert_eq!((stray.state, stray.is_early), (State::Delivered, false));
    let receipt = stray.key;
    assert_eq!(rematch(&mut world, receipt, None), Rematched::NoMessage);

    world.change(|directory| {
        let rules = directory.connectors.get_mut(&CARRIER).expect("it is there");
        rules.receipt_ids = ReceiptIds::Learned;
    });
    assert_eq!(world.news(), []);
    assert_eq!(rematch(&mut world, receipt, None), Rematched::To(key));
    assert_eq!(world.news(), [(key, State::Delivered)]);
    assert_eq!(unmatched(&mut world), []);
    assert_eq!(rematch(&mut world, receipt, None), Rematched::NoReceipt);
}

#[test]
fn an_operator_who_knows_the_message_needs_no_rule_and_a_crash_undoes_nothing() {
    let mut world = alike();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "1234");
    world.receipt(carrier, "lost", OTHER, State::Undeliverable);
    let receipt = unmatched(&mut world)[0].key;
    let nobody = MessageKey(key.0 + 1);
    assert_eq!(
        rematch(&mut world, receipt, Some(nobody)),
        Rematched::NotSent(nobody)
    );
    assert_eq!(unmatched(&mut world).len(), 1);
    assert_eq!(rematch(&mut world, receipt, Some(key)), Rematched::To(key));
    world.crash();
    world.customer();
    assert_eq!(world.news(), [(key, State::Undeliverable)]);
    assert_eq!(unmatched(&mut world), []);
}

#[test]
fn a_message_that_has_not_been_sent_has_no_receipt() {
    let mut world = alike();
    let customer = world.customer();
    let carrier = world.carrier(1);
    world.submit(customer, TO, FINAL);
    world.receipt(carrier, "early", TO, State::Delivered);
    let stray = unmatched(&mut world)[0].clone();
    assert!(stray.is_early, "an answer is open");
    let waits = world.submit(customer, OTHER, FINAL);
    assert_eq!(
        rematch(&mut world, stray.key, Some(waits)),
        Rematched::NotSent(waits)
    );
    assert_eq!(unmatched(&mut world).len(), 1);
}

#[test]
fn a_state_on_the_way_that_the_customer_did_not_ask_for_is_forgotten() {
    let mut world = alike();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "1234");
    world.receipt(carrier, "lost", TO, State::Enroute);
    let receipt = unmatched(&mut world)[0].key;
    assert_eq!(
        rematch(&mut world, receipt, Some(key)),
        Rematched::NoNews(key)
    );
    assert_eq!(world.news(), []);
    assert_eq!(unmatched(&mut world), []);
}

#[test]
fn what_waits_for_a_customer_that_is_not_there_is_listed() {
    let mut world = alike();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.carried(customer, carrier, TO, FINAL, "1234");
    let parked = |world: &mut World| match world.operate(Command::Parked(Some(CUSTOMER))) {
        Report::Parked {
            waiting,
            left_out: 0,
        } => waiting,
        other => panic!("{other:?}"),
    };
    world.unbind(customer);
    world.receipt(carrier, "1234", TO, State::Delivered);
    let [waiting] = &parked(&mut world)[..] else {
        panic!("one");
    };
    assert_eq!(waiting.customer, CUSTOMER);
    assert!(
        matches!(
            waiting.delivery,
            Delivery::Receipt {
                state: State::Delivered,
                ..
            }
        ),
        "{waiting:?}"
    );
    world.customer();
    assert_eq!(parked(&mut world), []);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}
