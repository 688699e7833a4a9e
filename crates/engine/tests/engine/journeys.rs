//! What happened to one message is told from the journal.

use core::time::Duration;

use engine::{Command, Connector, ConnectorId, Happened, Journey, RefusalClass, Report, Sought};
use sms::State;

use crate::world::{CARRIER, FINAL, World};

const TO: &str = "447700900123";

/// What happened to whatever is sought.
fn journey(world: &World, sought: Sought) -> Vec<Happened> {
    let mut journey = Journey::new(sought);
    assert!(journey.find(world.journal()));
    journey.follow(world.journal());
    journey.happened()
}

fn by_id(world: &World, id: &str, connector: Option<ConnectorId>) -> Vec<&'static str> {
    let id = id.to_owned();
    let happened = journey(world, Sought::CarrierId { id, connector });
    happened.iter().map(|it| it.what).collect()
}

#[test]
fn the_way_of_a_message_is_told_from_its_acceptance_to_its_acknowledged_receipt() {
    let mut world = World::new(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(1));
    let key = world.submit(bind, TO, FINAL);
    let other = world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    let sent = world.sent_one();
    world.take(carrier, &sent, "other");
    world.wait(Duration::from_secs(6));
    let sent = world.sent_one();
    world.take(carrier, &sent, "00AB");
    world.receipt(carrier, "00AB", TO, State::Delivered);
    let told = world.told_one();
    world.acknowledge(bind, &told);

    let happened = journey(&world, Sought::Number(vec![key.0]));
    assert!(
        happened
            .iter()
            .all(|it| it.message == key && it.key != other)
    );
    let whole = [
        "accepted",
        "sending",
        "refused for now",
        "sending",
        "taken by the carrier",
        "receipt from the carrier",
        "ended",
    ];
    let what: Vec<_> = happened.iter().map(|it| it.what).collect();
    assert_eq!(what, whole);
    let times = happened.iter().map(|it| it.at);
    assert!(times.is_sorted());
    assert!(happened[0].is_exact && !happened[1].is_exact);

    // As the carrier writes it, and otherwise.
    for id in ["00AB", "ab", "171"] {
        assert_eq!(by_id(&world, id, Some(CARRIER)), whole, "{id}");
        assert_eq!(by_id(&world, id, None), whole, "{id}");
    }
    assert_eq!(by_id(&world, "AB", Some(ConnectorId(9))), [""; 0]);
    assert_eq!(by_id(&world, "AC", None), [""; 0]);
}

#[test]
fn a_receipt_that_came_early_belongs_to_its_message() {
    let mut world = World::new(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(1));
    let key = world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.receipt(carrier, "7", TO, State::Delivered);
    world.take(carrier, &sent, "7");
    let happened = journey(&world, Sought::Number(vec![key.0]));
    let what: Vec<_> = happened.iter().map(|it| it.what).collect();
    let whole = [
        "accepted",
        "sending",
        "receipt that may be early",
        "taken by the carrier",
        "receipt matched",
    ];
    assert_eq!(what, whole);
}

#[test]
fn what_the_journal_has_no_more_is_told_as_the_snapshot_has_it() {
    let mut world = World::new(Connector::default());
    let (bind, _) = (world.customer(), world.carrier(1));
    let key = world.submit(bind, TO, FINAL);
    world.compact();
    let happened = journey(&world, Sought::Number(vec![key.0]));
    assert_eq!(happened[0].what, "known from a snapshot");
    assert_eq!(journey(&world, Sought::Number(vec![key.0 + 1])), []);
}

#[test]
fn a_snapshot_knows_a_message_of_a_subscriber_as_one() {
    let mut world = World::new(Connector::default());
    let carrier = world.carrier(1);
    world.mo(carrier, "hello");
    let Report::Parked { waiting, .. } = world.operate(Command::Parked(None)) else {
        panic!("it is told what waits");
    };
    let key = waiting[0].key;
    world.compact();
    let happened = journey(&world, Sought::Number(vec![key.0]));
    assert_eq!(
        happened[0].what,
        "came from a subscriber, known from a snapshot"
    );
}
