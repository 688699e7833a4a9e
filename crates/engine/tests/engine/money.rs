//! What customers pay, what is given back, and how many they may send in a day. The world compares live and replayed state
//! after each step, so every test here shows as well that money survives a crash to the last digit.

use core::time::Duration;

use engine::{
    Amount, Answer, Cause, Command, Connector, InDoubt, MessageKey, Meter, Refusal, RefusalClass,
    Replacement, Report, Shortage, Wants, Wish,
};
use sms::State;

use crate::world::{CARRIER, CUSTOMER, FINAL, World};

const TO: &str = "447700900123";
const NO_MONEY: Result<MessageKey, Refusal> = Err(Refusal::NoCredit);
const ENOUGH: Result<MessageKey, Refusal> = Err(Refusal::OverDailyLimit);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A customer that is counted in some way, and pays one unit for a segment if it pays at all.
fn with(rules: Connector, change: impl FnOnce(&mut Meter)) -> World {
    let mut world = World::new(rules);
    meter(&mut world, change);
    world
}

fn prepaid(rules: Connector) -> World {
    with(rules, |meter| meter.price = Some(Amount(Amount::UNIT)))
}

fn meter(world: &mut World, change: impl FnOnce(&mut Meter)) {
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER);
        let customer = customer.expect("the customer");
        change(customer.meter.get_or_insert_default());
    });
}

/// Shows MTA-56.
#[test]
fn each_segment_that_leaves_costs_its_price() {
    let mut world = prepaid(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.topup(1, 10);
    world.submitted_text(bind, TO, "one").expect("accepted");
    world
        .submitted_text(bind, TO, &"x".repeat(161))
        .expect("accepted");
    assert_eq!(world.balance(), [10, 7, 3, 0]);
    for (sent, id) in world.sent().iter().zip(["1", "2"]) {
        world.take(carrier, sent, id);
    }
    assert_eq!(world.balance(), [10, 7, 0, 3]);
    world.receipt(carrier, "2", TO, State::Undeliverable);
    assert_eq!(
        world.balance(),
        [10, 7, 0, 3],
        "it left, whatever became of it"
    );
}

#[test]
fn a_message_that_is_rejected_for_want_of_credit_takes_no_other_s_place() {
    let mut world = prepaid(Connector::default());
    meter(&mut world, |meter| {
        meter.no_credit = Shortage::AcceptThenReject;
    });
    let bind = world.customer();
    world.topup(1, 1);
    let paid = world
        .submitted_as(bind, TO, |draft| draft.by_address = true)
        .expect("accepted");
    meter(&mut world, |meter| {
        meter.price = meter.price.map(|Amount(price)| Amount(2 * price));
    });
    world
        .submitted_as(bind, TO, |draft| {
            (draft.by_address, draft.replaces) = (true, true);
        })
        .expect("accepted, and rejected");
    world.carrier(10);
    assert_eq!(world.sent_one().key, paid);
}

#[test]
fn who_has_credit_for_one_message_can_replace_it() {
    let mut world = prepaid(Connector::default());
    let bind = world.customer();
    world.topup(1, 1);
    let replacing = |draft: &mut engine::Draft| (draft.by_address, draft.replaces) = (true, true);
    world.submitted_as(bind, TO, replacing).expect("paid");
    let second = world.submitted_as(bind, TO, replacing);
    let second = second.expect("the first gives its credit back");
    assert_eq!(world.balance(), [1, 0, 1, 0]);
    assert_eq!(world.submitted(bind, TO, FINAL), NO_MONEY);
    world.carrier(10);
    assert_eq!(world.sent_one().key, second);
}

#[test]
fn a_message_that_costs_more_than_is_left_is_refused_and_costs_nothing() {
    let mut world = prepaid(Connector::default());
    let bind = world.customer();
    assert_eq!(world.submitted(bind, TO, FINAL), NO_MONEY);
    world.topup(1, 2);
    assert_eq!(world.submitted_text(bind, TO, &"x".repeat(400)), NO_MONEY);
    world.submit(bind, TO, FINAL);
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), NO_MONEY);
    assert_eq!(world.balance(), [2, 0, 2, 0]);
    assert_eq!(world.figures().messages, 2);
}

#[test]
fn a_payment_counts_once_whoever_tells_of_it_again() {
    let mut world = prepaid(Connector::default());
    world.topup(1, 5);
    world.topup(1, 5);
    world.topup(3, 2);
    world.topup(2, 100);
    world.crash();
    world.topup(3, 2);
    assert_eq!(world.balance(), [7, 7, 0, 0]);
}

/// Shows MOB-200.
#[test]
fn a_new_customer_sends_ten_for_nothing_and_the_eleventh_is_refused() {
    let mut world = prepaid(Connector::default());
    meter(&mut world, |meter| meter.trial = Amount(10 * Amount::UNIT));
    world.crash();
    let bind = world.customer();
    for _ in 0..10 {
        world.submit(bind, TO, FINAL);
    }
    assert_eq!(world.submitted(bind, TO, FINAL), NO_MONEY);
    assert_eq!(world.balance(), [10, 0, 10, 0]);
    world.topup(1, 1);
    world.submit(bind, TO, FINAL);
}

#[test]
fn who_paid_before_is_not_new() {
    let mut world = prepaid(Connector::default());
    world.topup(1, 1);
    meter(&mut world, |meter| meter.trial = Amount(10 * Amount::UNIT));
    assert_eq!(world.balance(), [1, 1, 0, 0]);
}

#[test]
fn what_never_left_is_given_back_once() {
    let mut world = prepaid(Connector {
        retry: vec![Duration::from_secs(1)],
        ..Connector::default()
    });
    let bind = world.customer();
    world.topup(1, 10);
    world.submit(bind, TO, FINAL);
    world.wait(DAY + Duration::from_secs(1));
    assert_eq!(world.balance(), [10, 10, 0, 0], "its validity ended");
    let carrier = world.carrier(10);
    world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    assert_eq!(world.balance(), [10, 9, 1, 0], "it is tried again");
    world.wait(Duration::from_secs(1));
    let again = world.sent_one();
    world.refuse(carrier, &again, RefusalClass::Permanent);
    assert_eq!(world.balance(), [10, 10, 0, 0]);
    world.crash();
    assert_eq!(world.balance(), [10, 10, 0, 0]);
}

#[test]
fn what_nobody_knows_the_fate_of_stays_reserved_and_is_spent_when_it_is_given_up() {
    let mut world = prepaid(Connector {
        in_doubt: InDoubt::Hold(Duration::from_secs(60)),
        ..Connector::default()
    });
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.topup(1, 1);
    world.submit(bind, TO, FINAL);
    let sent = world.sent_one();
    world.silence(carrier, &sent);
    world.wait(Duration::from_secs(59));
    assert_eq!(world.balance(), [1, 0, 1, 0]);
    world.wait(Duration::from_secs(60));
    assert_eq!(world.news(), [(sent.key, State::Unknown)]);
    assert_eq!(world.balance(), [1, 0, 0, 1]);
}

#[test]
fn a_copy_that_was_sent_without_an_answer_may_have_left_though_the_next_is_refused() {
    let mut world = prepaid(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.topup(1, 1);
    world.submit(bind, TO, FINAL);
    world.unbind(carrier);
    let carrier = world.carrier(10);
    world.wait(Duration::from_secs(60));
    let again = world.sent().pop().expect("the second copy");
    world.refuse(carrier, &again, RefusalClass::Permanent);
    assert_eq!(world.balance(), [1, 0, 0, 1]);
}

#[test]
fn a_receipt_is_as_good_as_an_answer() {
    let mut world = prepaid(Connector {
        in_doubt: InDoubt::Hold(DAY),
        ..Connector::default()
    });
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.topup(1, 1);
    let key = world.submit(bind, TO, FINAL);
    world.unbind(carrier);
    let carrier = world.carrier(10);
    assert_eq!(world.balance(), [1, 0, 1, 0]);
    world.receipt(carrier, "77", TO, State::Rejected);
    assert_eq!(world.news(), [(key, State::Rejected)]);
    assert_eq!(world.balance(), [1, 0, 0, 1], "the carrier had it");
}

#[test]
fn a_price_counts_from_the_next_message_on_and_each_gets_back_what_it_cost() {
    let mut world = prepaid(Connector::default());
    let bind = world.customer();
    world.topup(1, 10);
    world.submit(bind, TO, FINAL);
    meter(&mut world, |meter| {
        meter.price = Some(Amount(4 * Amount::UNIT));
    });
    world.submit(bind, TO, FINAL);
    meter(&mut world, |meter| meter.price = None);
    world.submit(bind, TO, FINAL);
    assert_eq!(world.balance(), [10, 5, 5, 0]);
    world.wait(DAY + Duration::from_secs(1));
    assert_eq!(world.balance(), [10, 10, 0, 0]);
}

#[test]
fn a_customer_may_be_told_by_a_receipt_that_its_means_are_gone() {
    let mut world = prepaid(Connector::default());
    meter(&mut world, |meter| {
        meter.no_credit = Shortage::AcceptThenReject;
        meter.over_daily_limit = Shortage::AcceptThenReject;
    });
    let (bind, _carrier) = (world.customer(), world.carrier(10));
    let poor = world.submit(bind, TO, FINAL);
    let told = world.told_one();
    assert_eq!(
        (told.key, told.state, told.cause),
        (poor, State::Rejected, Cause::NoCredit)
    );
    world.topup(1, 10);
    meter(&mut world, |meter| meter.daily_limit = Some(0));
    let busy = world.submit(bind, TO, FINAL);
    let told = world.told_one();
    assert_eq!(
        (told.key, told.state, told.cause),
        (busy, State::Rejected, Cause::OverDailyLimit)
    );
    world.submit(bind, TO, Wants::NONE);
    assert_eq!((world.told(), world.sent()), (vec![], vec![]));
    assert_eq!(world.balance(), [10, 10, 0, 0]);
    assert_eq!(world.figures().waiting, 0);
}

/// Shows MOB-26.
#[test]
fn beyond_its_daily_limit_a_customer_is_refused_and_refused_ones_do_not_count() {
    let mut world = with(Connector::default(), |meter| meter.daily_limit = Some(5));
    let bind = world.customer();
    for _ in 0..5 {
        world.submit(bind, TO, FINAL);
    }
    for _ in 0..3 {
        assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    }
    world.crash();
    let bind = world.customer();
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    // More counts from the next message on, and so does less.
    meter(&mut world, |meter| meter.daily_limit = Some(6));
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    meter(&mut world, |meter| meter.daily_limit = Some(1));
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    meter(&mut world, |meter| meter.daily_limit = None);
    world.submit(bind, TO, FINAL);
}

/// Shows MOB-28.
#[test]
fn a_message_counts_for_the_day_it_was_accepted_on() {
    let mut world = with(Connector::default(), |meter| meter.daily_limit = Some(1));
    let bind = world.customer();
    let midnight = DAY - Duration::from_millis(world.wall().0 % DAY.as_millis() as u64);
    world.wait(midnight - Duration::from_secs(1));
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    world.wait(Duration::from_secs(2));
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
}

#[test]
fn another_zone_moves_only_new_messages() {
    let mut world = with(Connector::default(), |meter| meter.daily_limit = Some(1));
    let bind = world.customer();
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    meter(&mut world, |meter| meter.days.offset = -12 * 3600);
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    meter(&mut world, |meter| meter.days.offset = 0);
    assert_eq!(
        world.submitted(bind, TO, FINAL),
        ENOUGH,
        "what counted counts"
    );
}

#[test]
fn a_day_counts_segments_and_gives_back_what_never_left() {
    let mut world = with(Connector::default(), |meter| meter.daily_limit = Some(3));
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world
        .submitted_text(bind, TO, &"x".repeat(161))
        .expect("two of three");
    assert_eq!(world.submitted_text(bind, TO, &"x".repeat(161)), ENOUGH);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Permanent);
    world
        .submitted_text(bind, TO, &"x".repeat(161))
        .expect("two of three again");
    let sent = world.sent_one();
    world.take(carrier, &sent, "1");
    assert_eq!(world.submitted_text(bind, TO, &"x".repeat(161)), ENOUGH);
    world.submit(bind, TO, FINAL);
}

#[test]
fn both_hold_at_once_and_the_first_that_is_reached_is_told() {
    let mut world = prepaid(Connector::default());
    let bind = world.customer();
    meter(&mut world, |meter| meter.daily_limit = Some(2));
    world.topup(1, 1);
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), NO_MONEY);
    world.topup(2, 5);
    world.submit(bind, TO, FINAL);
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    assert_eq!(world.balance(), [6, 4, 2, 0]);
}

/// Shows MOB-27.
#[test]
fn without_limits_nothing_is_counted() {
    let mut world = World::new(Connector::default());
    let bind = world.customer();
    world.submit_many(bind, TO, 10_000);
    assert_eq!(world.figures().waiting, 10_000);
    assert_eq!(world.balance(), [0, 0, 0, 0]);
}

#[test]
fn a_message_that_goes_another_way_costs_what_it_cost() {
    let mut world = prepaid(Connector::default());
    let bind = world.customer();
    world.topup(1, 1);
    world.submit(bind, TO, FINAL);
    world.change(|directory| drop(directory.connectors.remove(&CARRIER)));
    assert_eq!(world.balance(), [1, 1, 0, 0], "no way is left");
}

fn replaced(world: &mut World, key: MessageKey, text: &str) -> Result<Answer, Refusal> {
    world.asked_as(key, |ask, inputs| {
        ask.wish = Wish::Replace(Replacement {
            text: inputs.put(text.as_bytes()),
            wants: FINAL,
            registered_delivery: 1,
            due: None,
            expires: None,
        });
    })
}

#[test]
fn another_text_reserves_the_difference_at_the_price_that_was_agreed() {
    let mut world = prepaid(Connector::default());
    let bind = world.customer();
    world.topup(1, 3);
    let key = world.submit(bind, TO, FINAL);
    meter(&mut world, |meter| {
        meter.price = Some(Amount(100 * Amount::UNIT));
    });
    let (two, four) = ("x".repeat(161), "x".repeat(500));
    assert_eq!(replaced(&mut world, key, &two), Ok(Answer::Replaced));
    assert_eq!(world.balance(), [3, 1, 2, 0]);
    assert_eq!(replaced(&mut world, key, &four), Err(Refusal::NoCredit));
    assert_eq!(world.balance(), [3, 1, 2, 0]);
    assert_eq!(replaced(&mut world, key, "short"), Ok(Answer::Replaced));
    assert_eq!(world.balance(), [3, 2, 1, 0]);
    let carrier = world.carrier(1);
    let sent = world.sent_one();
    world.take(carrier, &sent, "1");
    assert_eq!(world.balance(), [3, 2, 0, 1]);
}

#[test]
fn another_text_counts_for_the_day_of_the_first() {
    let mut world = with(Connector::default(), |meter| meter.daily_limit = Some(3));
    let bind = world.customer();
    let key = world.submit(bind, TO, FINAL);
    world.submit(bind, TO, FINAL);
    let two = "x".repeat(161);
    assert_eq!(replaced(&mut world, key, &two), Ok(Answer::Replaced));
    assert_eq!(world.submitted(bind, TO, FINAL), ENOUGH);
    let three = "x".repeat(307);
    assert_eq!(
        replaced(&mut world, key, &three),
        Err(Refusal::OverDailyLimit)
    );
    meter(&mut world, |meter| meter.daily_limit = Some(1));
    assert_eq!(replaced(&mut world, key, "short"), Ok(Answer::Replaced));
}

#[test]
fn a_message_that_is_cancelled_is_given_back() {
    let mut world = prepaid(Connector::default());
    let bind = world.customer();
    world.topup(1, 1);
    let key = world.submit(bind, TO, FINAL);
    assert_eq!(world.ask(key, Wish::Cancel), Ok(Answer::Cancelled));
    assert_eq!(world.balance(), [1, 1, 0, 0]);
}

/// Shows MTA-56.
#[test]
fn parts_that_are_cut_here_are_paid_one_by_one_and_taken_all_or_none() {
    let mut world = prepaid(Connector::default());
    let (bind, carrier) = (world.customer(), world.carrier(10));
    world.topup(1, 5);
    let long = |world: &mut World| world.submitted_long(bind, TO, &[b'x'; 400]);
    long(&mut world).expect("three parts");
    assert_eq!(world.balance(), [5, 2, 3, 0]);
    assert_eq!(long(&mut world), NO_MONEY);
    let parts = world.sent();
    assert_eq!(parts.len(), 3);
    world.take(carrier, &parts[0], "1");
    world.refuse(carrier, &parts[1], RefusalClass::Permanent);
    world.take(carrier, &parts[2], "3");
    assert_eq!(world.balance(), [5, 3, 0, 2]);
}

/// An operator gives the customer so many units, or takes them back.
fn grant(world: &mut World, units: i64) -> Report {
    world.operate(Command::Grant {
        customer: CUSTOMER,
        amount: Amount(units * Amount::UNIT),
        note: "a gift".to_owned(),
    })
}

#[test]
fn credit_by_hand_counts_once_and_stands_in_the_way_of_no_payment() {
    let mut world = prepaid(Connector::default());
    world.topup(1, 2);
    assert!(matches!(grant(&mut world, 3), Report::Account(_)));
    assert_eq!(world.balance(), [5, 5, 0, 0]);
    world.topup(2, 4);
    assert_eq!(world.balance(), [9, 9, 0, 0]);
    world.compact();
    world.crash();
    assert_eq!(world.balance(), [9, 9, 0, 0]);
}

#[test]
fn no_more_is_taken_back_than_is_available() {
    let mut world = prepaid(Connector::default());
    let customer = world.customer();
    world.topup(1, 3);
    world.submit(customer, TO, FINAL);
    assert!(matches!(grant(&mut world, -3), Report::OutOfRange(_)));
    assert_eq!(world.balance(), [3, 2, 1, 0]);
    assert!(matches!(grant(&mut world, -2), Report::Account(_)));
    assert_eq!(world.balance(), [1, 0, 1, 0]);
}
