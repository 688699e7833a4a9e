//! What waits for a carrier is moved to another, or purged, a block in a step.

use core::time::Duration;

use engine::{
    Amount, Command, Connector, ConnectorId, CustomerId, Directory, LongMessages, MessageKey,
    Meter, Place, RefusalClass, Report, Room, Selection, Swept,
};
use sms::State;

use crate::world::{CARRIER, CUSTOMER, FINAL, Sent, World};

const TO: &str = "447700900123";
const OTHER: ConnectorId = ConnectorId(2);

/// A carrier to which all messages go, and another.
fn world() -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory: &mut Directory| {
        directory.connectors.insert(OTHER, Connector::default());
    });
    world
}

/// All that waits for the carrier now.
fn all(world: &World) -> Selection {
    Selection {
        connector: CARRIER,
        customer: None,
        prefix: Vec::new(),
        before: world.wall().plus(Duration::from_secs(1)),
    }
}

/// Gives the order block by block. What was done in all, and in how many blocks.
fn sweep(world: &mut World, block: impl Fn(Place) -> Command) -> (Swept, usize) {
    let mut all = Swept::default();
    let mut from = Some(Place::default());
    let mut blocks = 0;
    while let Some(place) = from {
        let Report::Swept(swept) = world.operate(block(place)) else {
            panic!("not swept");
        };
        (all.done, all.kept) = (all.done + swept.done, all.kept + swept.kept);
        from = swept.next;
        blocks += 1;
    }
    (all, blocks)
}

fn purge(world: &mut World, selection: &Selection, dry: bool) -> (u64, u64) {
    let (swept, _) = sweep(world, |from| Command::Purge {
        selection: selection.clone(),
        from,
        dry,
    });
    (swept.done, swept.kept)
}

fn move_to(world: &mut World, selection: &Selection, to: ConnectorId) -> (u64, u64) {
    let (swept, _) = sweep(world, |from| Command::Move {
        selection: selection.clone(),
        from,
        to,
    });
    (swept.done, swept.kept)
}

fn hold(held: bool) -> Command {
    Command::Hold {
        connector: CARRIER,
        customer: None,
        held,
    }
}

fn keys(sent: &[Sent]) -> Vec<MessageKey> {
    sent.iter().map(|sent| sent.key).collect()
}

#[test]
fn what_is_purged_ends_deleted_with_its_receipt_and_its_money_back() {
    let mut world = world();
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("a customer");
        customer.meter = Some(Meter {
            price: Some(Amount(Amount::UNIT)),
            ..Meter::default()
        });
    });
    world.topup(1, 10);
    let bind = world.customer();
    world.submit(bind, TO, FINAL);
    assert_eq!(world.balance(), [10, 9, 1, 0]);
    let selection = all(&world);
    assert_eq!(purge(&mut world, &selection, true), (1, 0));
    assert_eq!(world.balance(), [10, 9, 1, 0]);
    assert_eq!(purge(&mut world, &selection, false), (1, 0));
    assert_eq!(world.told_one().state, State::Deleted);
    assert_eq!(world.balance(), [10, 10, 0, 0]);
    world.carrier(10);
    assert_eq!(world.sent(), []);
    assert_eq!(purge(&mut world, &selection, false), (0, 0));
}

#[test]
fn only_what_the_filter_means_is_purged() {
    let mut world = world();
    world.change(|directory| {
        let customer = directory.customers[&CUSTOMER].clone();
        directory.customers.insert(CustomerId(2), customer);
    });
    let bind = world.customer();
    let theirs = world.submitted_as(bind, TO, |draft| draft.customer = CustomerId(2));
    let elsewhere = world.submit(bind, "33612345678", FINAL);
    world.submit(bind, TO, FINAL);
    let due = world.wall().plus(Duration::from_secs(3600));
    let later = world.submitted_as(bind, TO, |draft| draft.due = Some(due));
    assert!(later.is_ok());
    world.wait(Duration::from_secs(60));
    let young = world.submit(bind, TO, FINAL);
    let selection = Selection {
        customer: Some(CUSTOMER),
        prefix: b"4477".to_vec(),
        before: world.wall(),
        ..all(&world)
    };
    assert_eq!(purge(&mut world, &selection, false), (2, 0));
    world.carrier(10);
    let left = keys(&world.sent());
    assert_eq!(left.len(), 3);
    for key in [theirs.expect("accepted"), elsewhere, young] {
        assert!(left.contains(&key), "{key:?} of {left:?}");
    }
}

#[test]
fn what_a_carrier_may_have_is_not_purged() {
    let mut world = world();
    let (bind, carrier) = (world.customer(), world.carrier(1));
    let flying = world.submit(bind, TO, FINAL);
    world.submit(bind, TO, FINAL);
    let selection = all(&world);
    // The first is in flight, the second waits.
    assert_eq!(purge(&mut world, &selection, false), (1, 0));
    assert_eq!(keys(&world.sent()), [flying]);
    // It is lost with its bind: the carrier may have it, and it is kept to be sent again.
    world.unbind(carrier);
    world.operate(hold(true));
    world.carrier(1);
    world.wait(Duration::from_secs(60));
    assert_eq!(purge(&mut world, &selection, false), (0, 1));
    world.operate(hold(false));
    assert_eq!(keys(&world.sent()), [flying]);
}

#[test]
fn a_lane_is_purged_in_blocks_and_what_came_meanwhile_stays() {
    const COUNT: usize = 5_000;
    let mut world = world();
    let bind = world.customer();
    world.submit_many(bind, TO, COUNT);
    world.wait(Duration::from_secs(2));
    let selection = Selection {
        before: world.wall(),
        ..all(&world)
    };
    world.submit_many(bind, TO, 1);
    let (swept, blocks) = sweep(&mut world, |from| Command::Purge {
        selection: selection.clone(),
        from,
        dry: false,
    });
    assert_eq!(swept.done, COUNT as u64);
    assert_eq!(blocks, 3);
    assert_eq!(world.figures().messages, 1);
}

#[test]
fn what_is_moved_keeps_its_order_and_its_time() {
    let mut world = world();
    let bind = world.customer();
    let moved = [(); 5].map(|()| world.submit(bind, TO, FINAL));
    let due = world.wall().plus(Duration::from_secs(60));
    let later = world.submitted_as(bind, TO, |draft| draft.due = Some(due));
    let selection = all(&world);
    assert_eq!(move_to(&mut world, &selection, OTHER), (6, 0));
    world.carrier(10);
    assert_eq!(world.sent(), []);
    let other = world.carrier_of(OTHER, 1);
    assert_eq!(world.drain(other), moved);
    world.wait(Duration::from_secs(61));
    assert_eq!(keys(&world.sent()), [later.expect("accepted")]);
}

#[test]
fn parts_stay_together_when_they_are_moved() {
    let mut world = world();
    let bind = world.customer();
    let text = "0123456789".repeat(40);
    world
        .submitted_long(bind, TO, text.as_bytes())
        .expect("accepted in three parts");
    world.carrier(1);
    // One of the parts is in flight: the others stay.
    let selection = all(&world);
    assert_eq!(move_to(&mut world, &selection, OTHER), (0, 2));

    world
        .submitted_long(bind, TO, text.as_bytes())
        .expect("accepted");
    let selection = all(&world);
    assert_eq!(move_to(&mut world, &selection, OTHER), (3, 2));
    world.carrier_of(OTHER, 10);
    assert_eq!(world.sent().len(), 1 + 3);
}

#[test]
fn a_long_message_that_is_left_whole_stays_with_carriers_that_take_it() {
    let mut world = world();
    world.change(|directory| {
        let carrier = directory.connectors.get_mut(&CARRIER).expect("a carrier");
        carrier.long_messages = LongMessages::Payload;
    });
    let bind = world.customer();
    let text = "0123456789".repeat(40);
    world
        .submitted_long(bind, TO, text.as_bytes())
        .expect("accepted whole");
    let selection = all(&world);
    assert_eq!(move_to(&mut world, &selection, OTHER), (0, 1));
    world.change(|directory| {
        let other = directory.connectors.get_mut(&OTHER).expect("another");
        other.long_messages = LongMessages::Payload;
    });
    assert_eq!(move_to(&mut world, &selection, OTHER), (1, 0));
    world.carrier_of(OTHER, 10);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn what_was_refused_before_begins_anew_where_it_is_moved() {
    let mut world = world();
    let (bind, carrier) = (world.customer(), world.carrier(1));
    let key = world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    let selection = all(&world);
    assert_eq!(move_to(&mut world, &selection, OTHER), (1, 0));
    world.carrier_of(OTHER, 1);
    world.wait(Duration::from_secs(6));
    assert_eq!(keys(&world.sent()), [key]);
}

#[test]
fn nothing_is_swept_to_nowhere_or_without_room() {
    let mut world = world();
    let bind = world.customer();
    world.submit(bind, TO, FINAL);
    let selection = all(&world);
    assert_eq!(move_to(&mut world, &selection, ConnectorId(9)), (0, 1));
    world.room(Room::Out);
    let refused = world.operate(Command::Purge {
        selection,
        from: Place::default(),
        dry: false,
    });
    assert_eq!(refused, Report::NoRoom);
}
