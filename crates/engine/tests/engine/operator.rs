//! What an operator sees of lanes, and does to them.

use core::time::Duration;

use engine::{
    Command, Connector, CustomerId, InDoubt, LaneMeasure, LaneReport, Measures, MessageKey,
    QueueReport, Report, Room,
};
use sms::State;

use crate::world::{Bind, CARRIER, CUSTOMER, FINAL, Sent, World};

const TO: &str = "447700900123";
const OTHER: CustomerId = CustomerId(2);

/// Two customers and one carrier.
fn world() -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers[&CUSTOMER].clone();
        directory.customers.insert(OTHER, customer);
    });
    world
}

fn submit(world: &mut World, bind: Bind, customer: CustomerId) -> MessageKey {
    let key = world.submitted_as(bind, TO, |draft| draft.customer = customer);
    key.expect("accepted")
}

fn hold(customer: Option<CustomerId>, held: bool) -> Command {
    Command::Hold {
        connector: CARRIER,
        customer,
        held,
    }
}

fn keys(sent: &[Sent]) -> Vec<MessageKey> {
    sent.iter().map(|sent| sent.key).collect()
}

fn lane(world: &mut World) -> LaneReport {
    match world.operate(Command::Lanes) {
        Report::Lanes { lanes, left_out: 0 } => lanes.into_iter().next().expect("one lane"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_held_lane_sends_nothing_until_it_is_released_also_after_a_crash() {
    let mut world = world();
    let (bind, _) = (world.customer(), world.carrier(10));
    let held = Report::Held { changed: true };
    assert_eq!(world.operate(hold(None, true)), held);
    let again = Report::Held { changed: false };
    assert_eq!(world.operate(hold(None, true)), again);
    let first = submit(&mut world, bind, CUSTOMER);
    assert_eq!(world.sent(), []);
    assert!(lane(&mut world).held);

    world.compact();
    world.crash();
    let (bind, _) = (world.customer(), world.carrier(10));
    let second = submit(&mut world, bind, OTHER);
    assert_eq!(world.sent(), []);
    assert_eq!(world.operate(hold(None, false)), held);
    assert_eq!(keys(&world.sent()), [first, second]);
    assert!(!lane(&mut world).held);
}

#[test]
fn a_customer_that_is_held_at_a_connector_is_passed_by_the_others() {
    let mut world = world();
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.operate(hold(Some(CUSTOMER), true));
    let held = [(); 3].map(|()| submit(&mut world, bind, CUSTOMER));
    let passing = submit(&mut world, bind, OTHER);
    let sent = world.sent_one();
    assert_eq!(sent.key, passing);
    world.take(carrier, &sent, "1");
    let reported = lane(&mut world);
    let queue = &reported.queues[0];
    assert_eq!((queue.customer, queue.held), (CUSTOMER, true));
    assert!(!reported.held);

    world.crash();
    let (bind, _) = (world.customer(), world.carrier(10));
    let passing = submit(&mut world, bind, OTHER);
    assert_eq!(keys(&world.sent()), [passing]);
    world.operate(hold(Some(CUSTOMER), false));
    assert_eq!(keys(&world.sent()), held);
}

#[test]
fn what_is_held_still_ends_with_its_validity() {
    let mut world = world();
    let (bind, _) = (world.customer(), world.carrier(10));
    world.operate(hold(None, true));
    world.submit(bind, TO, FINAL);
    world.wait(Duration::from_secs(24 * 3600 + 1));
    assert_eq!(world.told_one().state, State::Expired);
    world.operate(hold(None, false));
    assert_eq!(world.sent(), []);
}

#[test]
fn nothing_is_held_that_there_is_no_room_to_write_down() {
    let mut world = world();
    let (bind, _) = (world.customer(), world.carrier(10));
    world.room(Room::Out);
    assert_eq!(world.operate(hold(None, true)), Report::NoRoom);
    world.room(Room::Plenty);
    let key = submit(&mut world, bind, CUSTOMER);
    assert_eq!(keys(&world.sent()), [key]);
}

#[test]
fn a_lane_is_told_by_class_and_customer_with_its_parts_and_its_oldest() {
    let mut world = world();
    let bind = world.customer();
    let start = world.wall();
    for class in [0, 3] {
        let key = world.submitted_as(bind, TO, |draft| draft.priority = class);
        assert!(key.is_ok());
    }
    world.wait(Duration::from_secs(60));
    submit(&mut world, bind, CUSTOMER);
    submit(&mut world, bind, OTHER);
    let due = world.wall().plus(Duration::from_secs(60));
    let later = world.submitted_as(bind, TO, |draft| draft.due = Some(due));
    assert!(later.is_ok());

    let reported = lane(&mut world);
    let queue = |class, customer, messages, oldest| QueueReport {
        class,
        customer,
        held: false,
        messages,
        parts: messages,
        is_exact: true,
        oldest,
    };
    let minute = start.plus(Duration::from_secs(60));
    let queues = [
        queue(3, CUSTOMER, 1, start),
        queue(0, CUSTOMER, 2, start),
        queue(0, OTHER, 1, minute),
    ];
    assert_eq!(reported.queues, queues);
    assert_eq!((reported.later, reported.next_due), (1, Some(due)));
    assert_eq!((reported.binds, reported.sending), (0, 0));

    world.carrier(3);
    let reported = lane(&mut world);
    assert_eq!((reported.binds, reported.sending), (1, 3));
    assert_eq!(reported.queues.len(), 1);
}

#[test]
fn how_things_stand_is_told_at_once_and_what_was_done_when_it_is_durable() {
    let mut world = world();
    world.carrier(10);
    let questions = [
        Command::Lanes,
        Command::Connectors,
        Command::Customers,
        Command::Account(CUSTOMER),
    ];
    for question in questions {
        world.operate(question.clone());
        assert!(world.told_at_once, "{question:?}");
    }
    for held in [true, true, false] {
        world.operate(hold(None, held));
        assert!(!world.told_at_once, "held: {held}");
    }
}

fn measures(world: &mut World) -> Measures {
    match world.operate(Command::Measures) {
        Report::Measures(measures) => measures,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_oldest_of_a_lane_is_the_oldest_of_all_that_are_first_in_line() {
    let mut world = world();
    let bind = world.customer();
    let nothing = LaneMeasure {
        connector: CARRIER,
        oldest: None,
        resent: 0,
        unknown: 0,
    };
    assert_eq!(measures(&mut world).lanes, [nothing]);
    submit(&mut world, bind, OTHER);
    let oldest = Some(world.wall());
    world.wait(Duration::from_secs(60));
    let urgent = world.submitted_as(bind, TO, |draft| draft.priority = 3);
    assert!(urgent.is_ok());
    let waiting = LaneMeasure { oldest, ..nothing };
    assert_eq!(measures(&mut world).lanes, [waiting]);
    world.carrier(10);
    assert_eq!(world.sent().len(), 2);
    assert_eq!(measures(&mut world).lanes, [nothing]);
}

#[test]
fn what_a_carrier_may_have_twice_and_what_nobody_knows_is_counted() {
    let mut world = World::new(Connector {
        in_doubt: InDoubt::Resend,
        resend_max: 1,
        ..Connector::default()
    });
    let (bind, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.silence(carrier, &sent);
    world.wait(Duration::from_secs(3600));
    let again = world.sent_one();
    assert_eq!(again.key, key);
    let lanes = measures(&mut world).lanes;
    assert_eq!((lanes[0].resent, lanes[0].unknown), (1, 0));
    world.silence(carrier, &again);
    world.wait(Duration::from_secs(3600));
    assert_eq!(world.news(), [(key, State::Unknown)]);
    let lanes = measures(&mut world).lanes;
    assert_eq!((lanes[0].resent, lanes[0].unknown), (1, 1));
}

#[test]
fn memory_by_use_is_all_of_it() {
    let mut world = world();
    let bind = world.customer();
    for _ in 0..3 {
        world.submit(bind, TO, FINAL);
    }
    let memory = measures(&mut world).memory;
    assert!(memory.messages > 0);
    assert_eq!(memory.total(), world.figures().memory);
    let carrier = world.carrier(10);
    let sent = world.sent();
    world.take(carrier, &sent[0], "1");
    let memory = measures(&mut world).memory;
    assert!(memory.receipt_ids > 0, "{memory:?}");
    assert_eq!(memory.total(), world.figures().memory);
}
