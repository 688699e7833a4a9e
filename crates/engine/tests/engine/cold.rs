//! Queues so deep that most of what waits is on the disk.

use core::time::Duration;
use std::collections::VecDeque;

use engine::{
    Answer, Command, Connector, ConnectorId, CustomerId, MessageKey, Place, Refusal, RefusalClass,
    Report, Room, Selection, Told, Wants, Wish,
};
use sms::State;

use crate::world::{Bind, CARRIER, CUSTOMER, FINAL, World};

const TO: &str = "447700900123";
/// Of a lane so many wait in memory, so a block is of two messages.
const HOT: u64 = 8;
const DEEP: usize = 60;

/// So many messages of a lane wait in memory, and what is beyond them goes to the disk after so long.
fn keep_hot(world: &mut World, max: u64, time: Duration) {
    world.change(|directory| {
        directory.limits.lane_hot_max = max;
        directory.limits.lane_hot_for = time;
    });
}

/// A customer with a deep queue, of which most is on the disk.
fn deep(world: &mut World) -> (Bind, Vec<MessageKey>) {
    keep_hot(world, HOT, Duration::ZERO);
    let customer = world.customer();
    let keys = (0..DEEP).map(|_| world.submit(customer, TO, FINAL));
    let keys: Vec<_> = keys.collect();
    (customer, keys)
}

fn enroute(told: impl Into<Told>) -> Result<Answer, Refusal> {
    Ok(Answer::State {
        told: told.into(),
        state: State::Enroute,
        cause: engine::Cause::NONE,
        since: None,
    })
}

#[test]
fn a_deep_queue_waits_on_the_disk_and_leaves_in_its_order() {
    let mut shallow = World::new(Connector::default());
    let customer = shallow.customer();
    shallow.submit_many(customer, TO, DEEP);

    let mut world = World::new(Connector::default());
    let (_, keys) = deep(&mut world);
    let figures = world.figures();
    assert_eq!((figures.waiting, figures.messages), (60, 60));
    assert_eq!(world.files(), (26, 0));
    let hot = shallow.figures().memory * HOT / DEEP as u64;
    assert!(figures.memory < hot + 26 * 200, "{}", figures.memory);

    world.compact();
    world.crash();
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
    assert_eq!(world.files(), (0, 26));
    let figures = world.figures();
    assert_eq!((figures.waiting, figures.awaiting_receipt), (0, 60));
}

#[test]
fn what_is_sent_within_a_moment_never_goes_to_the_disk() {
    let mut world = World::new(Connector::default());
    keep_hot(&mut world, HOT, Duration::from_secs(2));
    let customer = world.customer();
    let burst: Vec<_> = (0..DEEP)
        .map(|_| world.submit(customer, TO, FINAL))
        .collect();
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), burst);
    assert_eq!(world.files(), (0, 0));
}

#[test]
fn what_has_waited_for_long_goes_to_the_disk_though_nothing_else_happens() {
    let mut world = World::new(Connector::default());
    keep_hot(&mut world, HOT, Duration::from_secs(2));
    let customer = world.customer();
    let keys: Vec<_> = (0..DEEP)
        .map(|_| world.submit(customer, TO, FINAL))
        .collect();
    world.wait(Duration::from_secs(1));
    assert_eq!(world.files(), (0, 0));
    world.wait(Duration::from_secs(2));
    assert_eq!(world.files(), (26, 0));
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn while_memory_is_short_deep_queues_go_to_the_disk_at_once() {
    let mut world = World::new(Connector::default());
    keep_hot(&mut world, HOT, Duration::from_secs(3600));
    let customer = world.customer();
    world.submit_many(customer, TO, DEEP);
    assert_eq!(world.files(), (0, 0));
    let memory = world.figures().memory;
    world.change(|directory| directory.limits.memory_max = 2 * memory);
    world.submit(customer, TO, FINAL);
    assert!(world.files().0 > 0);
}

#[test]
fn what_comes_while_others_are_on_the_disk_leaves_behind_them() {
    let mut world = World::new(Connector::default());
    let (customer, mut keys) = deep(&mut world);
    let carrier = world.carrier(1);
    let mut sent = Vec::new();
    for number in 0..100 {
        let one = world.sent_one();
        sent.push(one.key);
        world.take(carrier, &one, &format!("a{number}"));
        keys.push(world.submit(customer, TO, FINAL));
    }
    sent.extend(world.drain(carrier));
    assert_eq!(sent, keys);
    assert_eq!(world.files().0, 0);
}

/// All that waits for the carrier.
fn all(world: &World) -> Selection {
    Selection {
        connector: CARRIER,
        customer: None,
        prefix: Vec::new(),
        before: world.wall().plus(Duration::from_secs(1)),
    }
}

/// One order over all blocks, and what it did.
fn sweep(world: &mut World, block: impl Fn(Place) -> Command) -> (u64, u64) {
    let (mut done, mut kept, mut from) = (0, 0, Place::default());
    loop {
        let Report::Swept(swept) = world.operate(block(from)) else {
            panic!("not swept");
        };
        (done, kept) = (done + swept.done, kept + swept.kept);
        match swept.next {
            Some(next) => from = next,
            None => return (done, kept),
        }
    }
}

fn purge(world: &mut World, selection: &Selection, dry: bool) -> (u64, u64) {
    sweep(world, |from| Command::Purge {
        selection: selection.clone(),
        from,
        dry,
    })
}

/// Another connector, to which everything is moved that is meant.
fn move_away(world: &mut World, selection: &Selection) -> (u64, u64) {
    sweep(world, |from| Command::Move {
        selection: selection.clone(),
        from,
        to: OTHER,
    })
}

const OTHER: ConnectorId = ConnectorId(2);

#[test]
fn what_waits_on_the_disk_is_purged_too() {
    let mut world = World::new(Connector::default());
    let (customer, keys) = deep(&mut world);
    let selection = all(&world);
    assert_eq!(purge(&mut world, &selection, true), (DEEP as u64, 0));
    assert_eq!(world.figures().waiting, DEEP as u64);
    assert_eq!(purge(&mut world, &selection, false), (DEEP as u64, 0));
    let mut ended = Vec::new();
    while ended.len() < DEEP {
        for told in world.told() {
            assert_eq!(told.state, State::Deleted);
            world.acknowledge(customer, &told);
            ended.push(told.key);
        }
    }
    ended.sort();
    assert_eq!(ended, keys);
    assert_eq!((world.figures().messages, world.files().0), (0, 0));
    world.crash();
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), []);
}

#[test]
fn what_waits_on_the_disk_is_moved_in_its_order() {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        directory.connectors.insert(OTHER, Connector::default());
    });
    let (customer, keys) = deep(&mut world);
    let selection = all(&world);
    assert_eq!(move_away(&mut world, &selection), (DEEP as u64, 0));
    let last = world.submit(customer, TO, FINAL);
    world.compact();
    world.crash();
    let other = world.carrier_of(OTHER, 1);
    assert_eq!(world.drain(other), keys);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), [last]);
    assert_eq!(world.files().0, 0);
}

#[test]
fn of_what_waits_on_the_disk_only_that_is_swept_which_is_meant() {
    const ELSEWHERE: &str = "33612345678";
    for moves in [false, true] {
        let mut world = World::new(Connector::default());
        world.change(|directory| {
            directory.connectors.insert(OTHER, Connector::default());
            directory.limits.lane_hot_max = HOT;
        });
        let customer = world.customer();
        let keys = (0..DEEP).map(|n| {
            let to = if n % 3 == 0 { TO } else { ELSEWHERE };
            (world.submit(customer, to, Wants::NONE), to)
        });
        let keys: Vec<_> = keys.collect();
        let of = |to| keys.iter().filter(move |it| it.1 == to).map(|it| it.0);
        let selection = Selection {
            prefix: b"4477".to_vec(),
            ..all(&world)
        };
        let count = DEEP.div_ceil(3) as u64;
        if moves {
            assert_eq!(move_away(&mut world, &selection), (count, 0));
            let other = world.carrier_of(OTHER, 1);
            assert_eq!(world.drain(other), of(TO).collect::<Vec<_>>());
        } else {
            assert_eq!(purge(&mut world, &selection, false), (count, 0));
        }
        assert_eq!(world.figures().waiting, DEEP as u64 - count);
        let carrier = world.carrier(1);
        assert_eq!(world.drain(carrier), of(ELSEWHERE).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_goes_to_the_disk_while_an_operator_sweeps() {
    let mut world = World::new(Connector::default());
    world.hold_disk();
    let (customer, _) = deep(&mut world);
    let selection = Selection {
        prefix: b"33".to_vec(),
        ..all(&world)
    };
    assert_eq!(purge(&mut world, &selection, true), (0, 0));
    // The block that was on its way is not there any more, and no other one goes.
    world.release_disk();
    world.submit_many(customer, TO, DEEP);
    assert_eq!(world.files(), (0, 0));
    world.wait(Duration::from_secs(11));
    world.submit_many(customer, TO, 1);
    assert!(world.files().0 > 0);
}

#[test]
fn a_message_that_is_sent_while_its_block_is_written_is_sent_once() {
    let mut world = World::new(Connector::default());
    world.hold_disk();
    let (_, keys) = deep(&mut world);
    let carrier = world.carrier(7);
    let mut flying: VecDeque<_> = world.sent().into();
    let mut taken = Vec::new();
    for number in 0..7 {
        let sent = flying.pop_front().expect("a window of seven");
        if number == 5 {
            world.refuse(carrier, &sent, RefusalClass::Throttled);
        } else {
            world.take(carrier, &sent, &sent.key.to_string());
            taken.push(sent.key);
        }
        flying.extend(world.sent());
    }
    world.release_disk();
    while taken.len() < DEEP {
        world.wait(Duration::from_secs(2));
        flying.extend(world.sent());
        assert!(!flying.is_empty(), "only {} were sent", taken.len());
        while let Some(sent) = flying.pop_front() {
            world.take(carrier, &sent, &sent.key.to_string());
            taken.push(sent.key);
        }
    }
    taken.sort();
    assert_eq!(taken, keys);
    assert_eq!(world.files().0, 0);
}

#[test]
fn a_crash_before_the_record_of_a_file_loses_nothing() {
    let mut world = World::new(Connector::default());
    world.hold_disk();
    let (_, keys) = deep(&mut world);
    world.crash();
    world.release_disk();
    assert!(world.files().0 > 0);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

/// The file of the old one is removed when its record is durable, which may be after the new one was written.
#[test]
fn a_new_file_never_has_the_number_of_one_that_was_read_before() {
    let mut world = World::new(Connector::default());
    let (_, keys) = deep(&mut world);
    world.crash();
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
    assert_eq!(world.files().0, 0);
    world.unbind(carrier);
    let (_, keys) = deep(&mut world);
    assert!(world.files().0 > 0);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn without_room_for_files_a_queue_waits_in_memory() {
    let mut world = World::new(Connector::default());
    world.fill_disk(true);
    let (customer, mut keys) = deep(&mut world);
    assert_eq!(world.files(), (0, 0));
    world.fill_disk(false);
    keys.extend((0..4).map(|_| world.submit(customer, TO, FINAL)));
    assert!(world.files().0 > 0);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn with_room_for_files_again_a_queue_goes_to_the_disk_though_nothing_else_comes() {
    let mut world = World::new(Connector::default());
    world.fill_disk(true);
    let (_, keys) = deep(&mut world);
    world.room(Room::Low);
    world.fill_disk(false);
    world.room(Room::Plenty);
    assert!(world.files().0 > 0);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn under_a_new_limit_goes_what_could_not_go_before() {
    let mut world = World::new(Connector::default());
    keep_hot(&mut world, 36, Duration::ZERO);
    another_customer(&mut world);
    let bind = world.customer();
    world.submit_many(bind, TO, 20);
    for _ in 20..37 {
        let key = world.submitted_as(bind, TO, |draft| draft.customer = CustomerId(2));
        key.expect("accepted");
    }
    assert_eq!(world.files(), (0, 0), "no queue is deep");
    keep_hot(&mut world, HOT, Duration::ZERO);
    assert!(world.files().0 > 0);
}

fn another_customer(world: &mut World) {
    world.change(|directory| {
        let customer = directory.customers[&CUSTOMER].clone();
        directory.customers.insert(CustomerId(2), customer);
    });
}

#[test]
fn a_purge_for_which_the_room_is_gone_says_so() {
    let mut world = World::new(Connector::default());
    let (_, keys) = deep(&mut world);
    let order = Command::Purge {
        selection: all(&world),
        from: Place::default(),
        dry: false,
    };
    world.hold_disk();
    world.order(order);
    assert_eq!(world.reported(), None, "a file is being read");
    world.room(Room::Out);
    world.release_disk();
    assert_eq!(world.reported(), Some(Report::NoRoom));
    world.room(Room::Plenty);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn a_queue_that_has_to_stay_in_memory_keeps_no_other_one_there() {
    let mut world = World::new(Connector::default());
    keep_hot(&mut world, HOT, Duration::ZERO);
    another_customer(&mut world);
    let bind = world.customer();
    for _ in 0..2 * DEEP {
        let key = world.submitted_as(bind, TO, |draft| {
            (draft.customer, draft.alias) = (CustomerId(2), true);
        });
        key.expect("accepted");
    }
    assert_eq!(world.files(), (0, 0));
    world.submit_many(bind, TO, DEEP);
    assert!(world.files().0 > 20, "{} files", world.files().0);
}

#[test]
fn what_expires_on_the_disk_is_never_sent_and_its_customer_hears_of_it() {
    let mut world = World::new(Connector::default());
    keep_hot(&mut world, HOT, Duration::ZERO);
    let customer = world.customer();
    let early = world.wall().plus(Duration::from_secs(3600));
    let mut kept = Vec::new();
    let mut ended = Vec::new();
    for number in 0..DEEP {
        let key = world.submitted_as(customer, TO, |draft| {
            draft.wants = FINAL;
            if number % 3 == 0 {
                draft.expires = Some(early);
            }
        });
        let keys = if number % 3 == 0 {
            &mut ended
        } else {
            &mut kept
        };
        keys.push(key.expect("accepted"));
    }
    world.compact();
    world.crash();
    world.wait(Duration::from_secs(3601));
    let mut told = Vec::new();
    let customer = world.customer();
    for receipt in world.told() {
        assert_eq!(receipt.state, State::Expired);
        world.acknowledge(customer, &receipt);
        told.push(receipt.key);
    }
    told.sort();
    assert_eq!(told, ended);
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), kept);
    assert_eq!(world.files().0, 0);
}

#[test]
fn a_run_of_many_ends_is_not_read_for_each_of_them() {
    let mut world = World::new(Connector::default());
    keep_hot(&mut world, 32, Duration::ZERO);
    let customer = world.customer();
    for number in 0..100 {
        let ends = world.wall().plus(Duration::from_secs(3600 + number));
        let key = world.submitted_as(customer, TO, |draft| draft.expires = Some(ends));
        key.expect("accepted");
    }
    let (files, _) = world.files();
    world.wait(Duration::from_secs(4000));
    assert_eq!(world.figures().messages, 0);
    let (left, reads) = world.files();
    assert_eq!(left, 0);
    assert!(reads <= 2 * files, "{reads} reads of {files} files");
}

#[test]
fn a_message_on_the_disk_can_be_asked_about_without_losing_its_place() {
    let mut world = World::new(Connector::default());
    let (_, keys) = deep(&mut world);
    for &key in &keys {
        assert_eq!(world.ask(key, Wish::State), enroute(key));
    }
    let nobody = MessageKey(keys[30].0 - 1 + (1 << 11));
    assert!(!keys.contains(&nobody));
    assert_eq!(world.ask(nobody, Wish::State), Err(Refusal::UnknownMessage));
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn who_asks_much_holds_no_queue_up() {
    let mut world = World::new(Connector::default());
    let (_, keys) = deep(&mut world);
    world.hold_disk();
    // One of each run; eight files are read for questions at once.
    let runs = keys[4..44].iter().step_by(2);
    let answers = runs.map(|&key| world.ask_at_once(key, |_, _| ()));
    let answers: Vec<_> = answers.collect();
    let waiting = answers.iter().filter(|answer| answer.is_none()).count();
    assert_eq!(waiting, 8);
    let refused = answers.iter().flatten();
    assert!({ refused }.all(|answer| *answer == Err(Refusal::Throttled)));
    let (_, before) = world.files();
    let carrier = world.carrier(4);
    let sent = world.sent();
    for one in &sent {
        world.take(carrier, one, &one.key.to_string());
    }
    world.release_disk();
    assert!(world.files().1 > before + 8, "the next run was read too");
}

#[test]
fn a_message_on_the_disk_can_be_cancelled() {
    let mut world = World::new(Connector::default());
    let (_, mut keys) = deep(&mut world);
    for _ in 0..2 {
        let cancelled = keys.remove(30);
        assert_eq!(world.ask(cancelled, Wish::Cancel), Ok(Answer::Cancelled));
        assert_eq!(world.news(), [(cancelled, State::Deleted)]);
    }
    world.compact();
    world.crash();
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), keys);
}

#[test]
fn what_waits_on_the_disk_for_a_connector_that_was_removed_ends() {
    let mut world = World::new(Connector::default());
    let (_, keys) = deep(&mut world);
    world.change(|directory| directory.connectors.clear());
    world.wait(Duration::from_secs(1));
    let mut ended: Vec<_> = world.news();
    ended.sort_by_key(|&(key, _)| key);
    let all: Vec<_> = keys
        .iter()
        .map(|&key| (key, State::Undeliverable))
        .collect();
    assert_eq!(ended, all);
    assert_eq!(world.files().0, 0);
}

#[test]
fn room_for_the_receipts_of_what_is_on_the_disk_stays_reserved() {
    let mut world = World::new(Connector::default());
    let (customer, _) = deep(&mut world);
    let limit = |world: &mut World| {
        world.change(|directory| {
            let customers = directory.customers.values_mut();
            customers.for_each(|customer| customer.deliver_max = DEEP as u64);
        });
    };
    limit(&mut world);
    assert_eq!(
        world.submitted(customer, TO, FINAL),
        Err(Refusal::Full),
        "sixty receipts are owed"
    );
    world.compact();
    world.crash();
    let customer = world.customer();
    assert_eq!(world.submitted(customer, TO, FINAL), Err(Refusal::Full));
    world.submit(customer, TO, Wants::NONE);
}

#[test]
fn a_file_that_is_given_up_costs_what_is_in_it_and_nothing_else() {
    let mut world = World::new(Connector::default());
    let (_, keys) = deep(&mut world);
    world.lose_file();
    let figures = world.figures();
    assert_eq!((figures.waiting, figures.messages), (58, 58));
    world.compact();
    world.crash();
    let carrier = world.carrier(1);
    let sent = world.drain(carrier);
    // The first file is the one that comes next in the queue, behind what stands in memory.
    let head = keys.iter().zip(&sent).take_while(|(a, b)| a == b).count();
    assert_eq!(sent, [&keys[..head], &keys[head + 2..]].concat());
    // Of the others the receipts are owed, of the lost ones no more.
    world.change(|directory| {
        let customers = directory.customers.values_mut();
        customers.for_each(|customer| customer.deliver_max = DEEP as u64 - 1);
    });
    let customer = world.customer();
    world.submit(customer, TO, FINAL);
    assert_eq!(world.submitted(customer, TO, FINAL), Err(Refusal::Full));
}
