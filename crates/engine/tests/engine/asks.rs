//! What customers ask about their own messages, and want done with them.

use core::time::Duration;

use engine::{
    Answer, Cause, Connector, CustomerId, MessageKey, Refusal, RefusalClass, Replacement, Room,
    Told, Wants, Wish,
};
use sms::State;

use crate::world::{ALL, Bind, FINAL, World};

const MINUTE: Duration = Duration::from_secs(60);

fn stands(told: impl Into<Told>, state: State) -> Result<Answer, Refusal> {
    Ok(Answer::State {
        told: told.into(),
        state,
        cause: Cause::NONE,
        since: None,
    })
}

/// Asks for another text, and what `special` changes about that.
fn replace(
    world: &mut World,
    told: impl Into<Told>,
    special: impl FnOnce(&mut Replacement),
) -> Result<Answer, Refusal> {
    world.asked_as(told, |ask, inputs| {
        let mut new = Replacement {
            text: inputs.put(b"better"),
            wants: Wants::NONE,
            registered_delivery: 0,
            due: None,
            expires: None,
        };
        special(&mut new);
        ask.wish = Wish::Replace(new);
    })
}

/// Shows MTA-80.
#[test]
fn a_message_is_on_its_way_until_its_end_is_known() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let waiting = world.submit(customer, "4477", ALL);
    assert_eq!(
        world.ask(waiting, Wish::State),
        stands(waiting, State::Enroute)
    );
    let carrier = world.carrier(10);
    let sent = world.sent_one();
    assert_eq!(
        world.ask(waiting, Wish::State),
        stands(waiting, State::Enroute)
    );
    world.take(carrier, &sent, "a1");
    assert_eq!(
        world.ask(waiting, Wish::State),
        stands(waiting, State::Enroute)
    );
}

#[test]
fn a_message_that_waits_for_its_time_is_scheduled_and_one_that_is_tried_again_is_not() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let due = world.wall().plus(MINUTE);
    let scheduled = world
        .submitted_as(customer, "4477", |draft| draft.due = Some(due))
        .expect("accepted");
    assert_eq!(
        world.ask(scheduled, Wish::State),
        stands(scheduled, State::Scheduled)
    );
    let carrier = world.carrier(10);
    world.wait(2 * MINUTE);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    assert_eq!(
        world.ask(scheduled, Wish::State),
        stands(scheduled, State::Enroute)
    );
}

/// Shows MTA-77, MTA-82.
#[test]
fn a_cancelled_message_is_never_sent_and_its_receipt_says_so() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let (cancelled, silent, other) = (
        world.submit(customer, "4477", FINAL),
        world.submit(customer, "4478", Wants::NONE),
        world.submit(customer, "4479", Wants::NONE),
    );
    assert_eq!(world.ask(cancelled, Wish::Cancel), Ok(Answer::Cancelled));
    assert_eq!(world.ask(silent, Wish::Cancel), Ok(Answer::Cancelled));
    assert_eq!(world.news(), [(cancelled, State::Deleted)]);
    world.carrier(10);
    assert_eq!(world.sent_one().key, other);
}

/// Shows MTA-83.
#[test]
fn what_a_carrier_has_cannot_be_stopped_or_changed() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, "4477", FINAL);
    let sent = world.sent_one();
    assert_eq!(world.ask(key, Wish::Cancel), Err(Refusal::TooLate));
    world.take(carrier, &sent, "a1");
    assert_eq!(world.ask(key, Wish::Cancel), Err(Refusal::TooLate));
    assert_eq!(replace(&mut world, key, |_| ()), Err(Refusal::TooLate));
    world.receipt(carrier, "a1", "4477", State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn what_a_carrier_may_have_cannot_be_stopped_though_it_waits_to_be_sent_again() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(2));
    let first = world.submit(customer, "4477", FINAL);
    let second = world.submit(customer, "4478", FINAL);
    assert_eq!(world.sent().len(), 2);
    world.unbind(carrier);
    for key in [first, second] {
        assert_eq!(
            world.ask(key, Wish::Cancel),
            Err(Refusal::TooLate),
            "in doubt"
        );
    }
    world.carrier(1);
    assert_eq!(world.sent_one().key, first, "the window has room for one");
    assert_eq!(world.ask(second, Wish::Cancel), Err(Refusal::TooLate));
    assert_eq!(replace(&mut world, second, |_| ()), Err(Refusal::TooLate));
}

/// Shows MTA-81.
#[test]
fn another_customer_s_message_is_as_one_that_never_was() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let key = world.submit(customer, "4477", ALL);
    for wish in [Wish::State, Wish::Cancel] {
        let foreign = world.asked_as(key, |ask, _| {
            (ask.customer, ask.wish) = (CustomerId(2), wish);
        });
        assert_eq!(foreign, Err(Refusal::UnknownMessage));
        let never = MessageKey(key.0 + 1);
        assert_eq!(world.ask(never, wish), Err(Refusal::UnknownMessage));
    }
    assert_eq!(world.ask(key, Wish::State), stands(key, State::Enroute));
}

/// Shows MTA-84.
#[test]
fn addresses_that_are_given_have_to_be_the_message_s() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let key = world.submit(customer, "4477", ALL);
    let mut cancel_to = |digits: &[u8]| {
        world.asked_as(key, |ask, inputs| {
            ask.destination = inputs.put(digits);
            ask.wish = Wish::Cancel;
        })
    };
    assert_eq!(cancel_to(b"4478"), Err(Refusal::UnknownMessage));
    assert_eq!(cancel_to(b"4477"), Ok(Answer::Cancelled));
}

#[test]
fn an_alias_names_its_message() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    for _ in 0..2 {
        let submitted = world.submitted_as(customer, "4477", |draft| {
            (draft.alias, draft.wants) = (true, FINAL);
        });
        assert!(submitted.is_ok());
    }
    let aliases = world.aliases();
    let [first, second] = [0, 1].map(|n| Told::from_alias(aliases[n]).expect("an alias"));
    assert_eq!(world.ask(second, Wish::Cancel), Ok(Answer::Cancelled));
    assert_eq!(world.ask(first, Wish::State), stands(first, State::Enroute));
    world.told();
    assert_eq!(world.aliases(), [aliases[1]], "whose receipt was told");
    world.crash();
    assert_eq!(world.ask(first, Wish::Cancel), Ok(Answer::Cancelled));
}

#[test]
fn a_replaced_message_keeps_its_place_and_its_name() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let first = world.submit(customer, "4477", Wants::NONE);
    let second = world.submit(customer, "4478", Wants::NONE);
    let replaced = replace(&mut world, first, |new| new.wants = FINAL);
    assert_eq!(replaced, Ok(Answer::Replaced));
    let carrier = world.carrier(10);
    let sent = world.sent();
    let texts: Vec<_> = sent.iter().map(|sent| (sent.key, &sent.text[..])).collect();
    assert_eq!(texts, [(first, &b"better"[..]), (second, b"hello")]);
    world.take(carrier, &sent[0], "a1");
    world.receipt(carrier, "a1", "4477", State::Delivered);
    assert_eq!(
        world.news(),
        [(first, State::Delivered)],
        "it is wanted now"
    );
}

#[test]
fn a_replacement_may_move_the_times() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    world.carrier(10);
    let at = |world: &World, minutes: u32| Some(world.wall().plus(minutes * MINUTE));
    let due = at(&world, 10);
    let key = world
        .submitted_as(customer, "4477", |draft| draft.due = due)
        .expect("accepted");
    let (sooner, expired) = (at(&world, 5), at(&world, 4));
    let contradicting = replace(&mut world, key, |new| {
        (new.due, new.expires) = (sooner, expired);
    });
    assert_eq!(contradicting, Err(Refusal::Expired));
    let moved = replace(&mut world, key, |new| new.due = sooner);
    assert_eq!(moved, Ok(Answer::Replaced));
    world.wait(4 * MINUTE);
    assert_eq!(world.sent(), []);
    world.wait(2 * MINUTE);
    assert_eq!(world.sent_one().text, b"better");
}

#[test]
fn a_replacement_ends_when_its_own_validity_does() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let key = world.submit(customer, "4477", FINAL);
    let soon = world.wall().plus(MINUTE);
    let replaced = replace(&mut world, key, |new| {
        (new.expires, new.wants) = (Some(soon), FINAL);
    });
    assert_eq!(replaced, Ok(Answer::Replaced));
    world.wait(2 * MINUTE);
    assert_eq!(world.news(), [(key, State::Expired)]);
}

#[test]
fn a_full_disk_takes_no_new_text_and_still_stops_what_is_not_wanted() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let key = world.submit(customer, "4477", FINAL);
    world.room(Room::Low);
    assert_eq!(replace(&mut world, key, |_| ()), Err(Refusal::Full));
    world.room(Room::Out);
    assert_eq!(world.ask(key, Wish::Cancel), Err(Refusal::Full));
    world.room(Room::Scarce);
    assert_eq!(world.ask(key, Wish::Cancel), Ok(Answer::Cancelled));
}

/// Shows MTA-25, MTA-80, MTA-83.
#[test]
fn the_end_of_a_message_is_told_when_the_engine_has_long_forgotten_it() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let mut end = |digits: &str, wants: Wants, state: State| {
        let id = format!("a{digits}");
        let key = world.carried(customer, carrier, digits, wants, &id);
        world.receipt(carrier, &id, digits, state);
        let done = Some(world.wall());
        for told in world.told() {
            world.acknowledge(customer, &told);
        }
        let stands = Ok(Answer::State {
            told: key.into(),
            state,
            cause: Cause::NONE,
            since: done,
        });
        assert_eq!(world.ask(key, Wish::State), stands);
        assert_eq!(world.ask(key, Wish::Cancel), Err(Refusal::TooLate));
        assert_eq!(replace(&mut world, key, |_| ()), Err(Refusal::TooLate));
    };
    end("4477", Wants::NONE, State::Delivered);
    end("4478", FINAL, State::Undeliverable);
    assert_eq!(world.figures().messages, 0);
}

#[test]
fn a_receipt_that_still_waits_for_its_customer_hides_no_end() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.transmitter(), world.carrier(10));
    let key = world.carried(customer, carrier, "4477", FINAL, "a1");
    world.receipt(carrier, "a1", "4477", State::Delivered);
    world.crash();
    assert_eq!(world.figures().deliveries, 1);
    assert!(matches!(
        world.ask(key, Wish::State),
        Ok(Answer::State {
            state: State::Delivered,
            since: Some(_),
            ..
        })
    ));
}

/// A message that is also found by its addresses.
#[track_caller]
fn named(world: &mut World, customer: Bind, digits: &str) -> MessageKey {
    world
        .submitted_as(customer, digits, |draft| {
            (draft.by_address, draft.wants) = (true, FINAL);
        })
        .expect("accepted")
}

fn cancel_to(world: &mut World, digits: &str) -> Result<Answer, Refusal> {
    world.asked_as(MessageKey(0), |ask, inputs| {
        (ask.told, ask.wish) = (None, Wish::Cancel);
        ask.destination = inputs.put(digits.as_bytes());
    })
}

#[test]
fn a_cancel_without_an_id_stops_all_that_wait_between_the_same_addresses() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let (first, second) = (
        named(&mut world, customer, "4477"),
        named(&mut world, customer, "4477"),
    );
    named(&mut world, customer, "4478");
    world.submit(customer, "4479", FINAL);
    world.crash();
    let customer = world.customer();
    for unknown in ["4479", "447"] {
        let answer = cancel_to(&mut world, unknown);
        assert_eq!(answer, Err(Refusal::UnknownMessage), "{unknown}");
    }
    assert_eq!(cancel_to(&mut world, "4477"), Ok(Answer::Cancelled));
    let mut news = world.news();
    news.sort_by_key(|&(key, _)| key);
    assert_eq!(news, [(first, State::Deleted), (second, State::Deleted)]);
    assert_eq!(cancel_to(&mut world, "4477"), Err(Refusal::UnknownMessage));
    world.carrier(10);
    assert_eq!(world.sent().len(), 2, "the others");
    assert_eq!(cancel_to(&mut world, "4478"), Err(Refusal::TooLate));
    world.unbind(customer);
}

#[test]
fn a_message_may_take_the_place_of_the_one_before_which_ends_without_a_receipt() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let old = named(&mut world, customer, "4477");
    let other = named(&mut world, customer, "4478");
    let new = world
        .submitted_as(customer, "4477", |draft| {
            (draft.by_address, draft.replaces) = (true, true);
        })
        .expect("accepted");
    assert_eq!(world.news(), []);
    assert!(matches!(
        world.ask(old, Wish::State),
        Ok(Answer::State {
            state: State::Deleted,
            ..
        })
    ));
    world.carrier(10);
    let sent: Vec<_> = world.sent().iter().map(|sent| sent.key).collect();
    assert_eq!(sent, [other, new]);
    let again = world.submitted_as(customer, "4477", |draft| draft.replaces = true);
    assert!(again.is_ok(), "the one before is with the carrier");
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn of_very_many_between_the_same_addresses_the_newest_are_looked_at() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    world.carrier(2000);
    let due = world.wall().plus(Duration::from_secs(3600));
    let old = world
        .submitted_as(customer, "4477", |draft| {
            (draft.by_address, draft.due) = (true, Some(due));
        })
        .expect("accepted");
    world.submit_many_as(customer, "4477", 999, |draft| draft.by_address = true);
    assert_eq!(cancel_to(&mut world, "4477"), Ok(Answer::Cancelled));
    let again = world
        .submitted_as(customer, "4477", |draft| {
            (draft.by_address, draft.due) = (true, Some(due));
        })
        .expect("accepted");
    world.submit_many_as(customer, "4477", 1000, |draft| draft.by_address = true);
    assert_eq!(cancel_to(&mut world, "4477"), Err(Refusal::TooLate));
    assert_eq!(world.ask(old, Wish::Cancel), Err(Refusal::TooLate));
    assert_eq!(world.ask(again, Wish::Cancel), Ok(Answer::Cancelled));
}
