//! What became of messages, told in full while somebody keeps it: alike by the living engine and by its journal.

use core::time::Duration;

use engine::{Connector, FinalOutcome, FinalOutcomes, Lapse, RefusalClass};
use sms::{State, Wall};

use crate::world::{FINAL, World};

const TO: &str = "447700900123";

fn world() -> World {
    let mut world = World::new(Connector::default());
    world.change(|directory| directory.limits.outcomes = true);
    world
}

/// To whom, with what id, the state and why; then the seconds from `since` to when it was sent and when it ended, and the part.
fn words(outcome: &FinalOutcome<'_>, since: Wall) -> String {
    let facts = &outcome.facts;
    let seconds = |at: Wall| (at.0 - since.0) / 1000;
    let octets = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    format!(
        "{} {:?} {} {:?}, sent {:?}, done {}, part {:?}, refused {}, sent again {}",
        octets(outcome.destination),
        octets(outcome.carrier_id),
        facts.state.word(),
        facts.ending,
        facts.sent.map(seconds),
        seconds(facts.done),
        facts.part,
        facts.refusals,
        facts.doubts,
    )
}

fn all(outcomes: &FinalOutcomes, since: Wall) -> Vec<String> {
    let words = outcomes.iter().map(|outcome| words(&outcome, since));
    words.collect()
}

/// What was told is this, and the journal tells the same.
#[track_caller]
fn expect(world: &mut World, since: Wall, expected: &[&str]) {
    let (told, replayed) = world.outcomes();
    assert_eq!(all(&told, since), expected);
    assert_eq!(all(&replayed, since), expected, "replayed");
}

#[test]
fn a_receipt_ends_a_message_and_all_of_it_is_told() {
    let mut world = world();
    let since = world.wall();
    let (bind, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.wait(Duration::from_secs(2));
    world.take(carrier, &sent, "AB1");
    world.wait(Duration::from_secs(3));
    world.receipt(carrier, "AB1", TO, State::Undeliverable);
    let (told, _) = world.outcomes();
    let told: Vec<_> = told.iter().collect();
    let [outcome] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((outcome.facts.key, outcome.facts.told), (key, key.into()));
    let (sent, done) = (outcome.facts.sent.expect("taken"), outcome.facts.done);
    assert_eq!(((sent.0 - since.0) / 1000, done), (2, world.wall()));
    assert_eq!(outcome.carrier_id, b"ab1");
    assert_eq!(outcome.facts.state, State::Undeliverable);
}

#[test]
fn each_way_to_end_is_told_with_its_reason() {
    let mut world = world();
    let since = world.wall();
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.submit(bind, "4471", FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Permanent);
    world.submit(bind, "4472", FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    world.unbind(carrier);
    world.submit(bind, "4473", FINAL);
    world.wait(Duration::from_secs(25 * 3600));
    expect(
        &mut world,
        since,
        &[
            "4471 \"\" REJECTD Refused(8), sent None, done 0, part None, refused 0, sent again 0",
            "4473 \"\" EXPIRED Expired, sent None, done 86400, part None, refused 0, sent again 0",
            "4472 \"\" EXPIRED Expired, sent None, done 86400, part None, refused 1, sent again 0",
        ],
    );
}

#[test]
fn parts_end_one_by_one() {
    let mut world = world();
    let since = world.wall();
    let (bind, carrier) = (world.customer(), world.carrier(10));
    let text = "0123456789".repeat(30);
    world
        .submitted_long(bind, TO, text.as_bytes())
        .expect("accepted");
    for (number, sent) in world.sent().iter().enumerate() {
        world.take(carrier, sent, &format!("id{number}"));
    }
    world.receipt(carrier, "id1", TO, State::Delivered);
    world.receipt(carrier, "id0", TO, State::Delivered);
    let line = |id, part| {
        format!(
            "{TO} {id:?} DELIVRD Receipt([48, 48, 48]), sent Some(0), done 0, part Some(({part}, 2)), refused 0, sent again 0"
        )
    };
    let expected = [line("id1", 2), line("id0", 1)];
    expect(&mut world, since, &[&expected[0], &expected[1]]);
}

#[test]
fn when_it_was_sent_is_known_after_a_crash_and_from_a_snapshot() {
    let mut world = world();
    let since = world.wall();
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.take(carrier, &sent, "1");
    world.compact();
    world.crash();
    let carrier = world.carrier(10);
    world.wait(Duration::from_secs(7));
    world.receipt(carrier, "1", TO, State::Delivered);
    let line = format!(
        "{TO} \"1\" DELIVRD Receipt([48, 48, 48]), sent Some(0), done 7, part None, refused 0, sent again 0"
    );
    expect(&mut world, since, &[&line]);
}

#[test]
fn nothing_is_told_to_nobody_and_nothing_more_written_for_it() {
    let mut quiet = World::new(Connector::default());
    let mut lengths = Vec::new();
    for world in [&mut quiet, &mut world()] {
        let (bind, carrier) = (world.customer(), world.carrier(10));
        // The first message of a millisecond is measured; the second is not.
        world.submit_many(bind, TO, 2);
        for (id, sent) in world.sent().iter().enumerate() {
            let before = world.written();
            world.take(carrier, sent, &id.to_string());
            lengths.push(world.written() - before);
        }
        world.receipt(carrier, "1", TO, State::Delivered);
    }
    let at = 8;
    let [measured, plain, ..] = lengths[..] else {
        panic!("{lengths:?}");
    };
    assert_eq!(lengths, [plain + at, plain, plain + at, plain + at]);
    assert_eq!(measured, plain + at);
    assert!(quiet.outcomes().0.is_empty());
}

#[test]
fn stages_are_measured_of_the_first_in_a_millisecond() {
    let mut world = World::new(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.submit(bind, TO, FINAL);
    world.submit(bind, TO, FINAL);
    let sent = world.sent();
    world.wait(Duration::from_secs(1));
    world.take(carrier, &sent[0], "1");
    world.take(carrier, &sent[1], "2");
    world.wait(Duration::from_secs(3));
    world.receipt(carrier, "1", TO, State::Delivered);
    world.receipt(carrier, "2", TO, State::Delivered);
    let told = world.told();
    world.wait(Duration::from_secs(5));
    for told in &told {
        world.acknowledge(bind, told);
    }
    let expected = [
        Lapse::ToCarrier(1000),
        Lapse::ToReceipt(3000),
        Lapse::ToCustomer(5000),
    ];
    assert_eq!(world.lapses, expected);
}
