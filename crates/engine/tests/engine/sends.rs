//! What becomes of messages that were sent to carriers.

use core::time::Duration;

use engine::{Connector, InDoubt, RefusalClass};
use sms::State;

use crate::world::{CARRIER, FINAL, World};

const TO: &str = "447700900123";
const OTHER: &str = "447700900456";
const LATE_WAIT: Duration = Duration::from_secs(30);

fn rules() -> Connector {
    Connector {
        late_wait: LATE_WAIT,
        ..Connector::default()
    }
}

/// The carrier's messages in doubt are held so long.
fn holding(hold: Duration) -> World {
    World::new(Connector {
        in_doubt: InDoubt::Hold(hold),
        ..rules()
    })
}

/// What the carrier refuses for now is tried again after these.
fn trying_again(retry: Vec<Duration>) -> World {
    World::new(Connector { retry, ..rules() })
}

#[test]
fn a_late_answer_settles_the_message_and_frees_its_slot_once() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(2));
    let first = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.silence(carrier, &sent);
    world.submit(customer, TO, FINAL);
    world.submit(customer, TO, FINAL);
    let second = world.sent_one();
    world.take(carrier, &sent, "1");
    world.take(carrier, &sent, "1");
    let third = world.sent_one();
    world.take(carrier, &second, "2");
    world.take(carrier, &third, "3");
    world.wait(2 * LATE_WAIT);
    assert_eq!(world.sent(), [], "nothing is sent twice");
    world.receipt(carrier, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(first, State::Delivered)]);
}

#[test]
fn a_bind_whose_whole_window_is_silent_is_closed() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(2));
    world.submit(customer, TO, FINAL);
    world.submit(customer, OTHER, FINAL);
    let sent = world.sent();
    world.silence(carrier, &sent[0]);
    assert_eq!(world.closed(), []);
    world.silence(carrier, &sent[1]);
    assert_eq!(world.closed(), [carrier.slot()]);
}

#[test]
fn an_answered_slot_keeps_the_bind() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(2));
    for _ in 0..3 {
        world.submit(customer, TO, FINAL);
    }
    let sent = world.sent();
    world.silence(carrier, &sent[0]);
    world.take(carrier, &sent[1], "1");
    let third = world.sent_one();
    assert_eq!(world.closed(), []);
    world.silence(carrier, &third);
    assert_eq!(world.closed(), [carrier.slot()]);
}

#[test]
fn what_stays_silent_is_sent_again_once_and_then_unknown() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.silence(carrier, &sent);
    world.wait(LATE_WAIT - Duration::from_millis(1));
    assert_eq!(world.sent(), []);
    world.wait(Duration::from_millis(1));
    let again = world.sent_one();
    assert_eq!(again.key, key);
    world.silence(carrier, &again);
    world.wait(LATE_WAIT);
    assert_eq!(world.sent(), []);
    assert_eq!(world.news(), [(key, State::Unknown)]);
}

#[test]
fn what_was_in_flight_when_a_bind_ended_is_sent_again_after_the_reconnect() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    world.sent_one();
    world.unbind(carrier);
    world.wait(Duration::from_secs(600));
    assert_eq!(world.sent(), []);
    assert_eq!(world.figures().in_doubt, 1);
    world.carrier(10);
    assert_eq!(world.sent_one().key, key);
}

#[test]
fn what_is_in_doubt_at_a_carrier_that_never_comes_back_ends_with_its_validity() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let expires = world.wall().plus(Duration::from_secs(3600));
    let key = world.submitted_as(customer, TO, |draft| {
        draft.wants = FINAL;
        draft.expires = Some(expires);
    });
    world.sent_one();
    world.unbind(carrier);
    world.wait(Duration::from_secs(3599));
    assert_eq!(world.news(), []);
    world.wait(Duration::from_secs(2));
    assert_eq!(world.news(), [(key.expect("accepted"), State::Unknown)]);
}

#[test]
fn a_lost_bind_s_messages_wait_for_evidence_before_they_go_over_another() {
    let mut world = World::new(rules());
    let customer = world.customer();
    let (one, other) = (world.carrier(1), world.carrier(1));
    let keys = [
        world.submit(customer, TO, FINAL),
        world.submit(customer, OTHER, FINAL),
    ];
    let sent = world.sent();
    let (lost, kept) = if sent[0].slot == one.slot() {
        (one, other)
    } else {
        (other, one)
    };
    world.take(kept, &sent[1], "2");
    world.unbind(lost);
    assert_eq!(world.sent(), []);
    // Nothing else is open: it can only be about the one in doubt.
    world.receipt(kept, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(keys[0], State::Delivered)]);
    world.wait(2 * LATE_WAIT);
    assert_eq!(world.sent(), []);
    assert_eq!(world.figures().in_doubt, 0);
}

#[test]
fn a_state_that_ends_nothing_still_shows_that_the_carrier_has_what_is_in_doubt() {
    let mut world = World::new(rules());
    let customer = world.customer();
    let (one, other) = (world.carrier(1), world.carrier(1));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    let (lost, kept) = if sent.slot == one.slot() {
        (one, other)
    } else {
        (other, one)
    };
    world.unbind(lost);
    world.receipt(kept, "1", TO, State::Enroute);
    assert_eq!(world.figures().in_doubt, 0);
    assert_eq!(world.figures().awaiting_receipt, 1);
    world.wait(2 * LATE_WAIT);
    assert_eq!(world.sent(), []);
    world.receipt(kept, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
}

#[test]
fn without_evidence_they_go_over_another_after_the_late_wait() {
    let mut world = World::new(rules());
    let customer = world.customer();
    let (one, other) = (world.carrier(1), world.carrier(1));
    let key = world.submit(customer, TO, FINAL);
    let lost = if world.sent_one().slot == one.slot() {
        one
    } else {
        other
    };
    world.unbind(lost);
    world.wait(LATE_WAIT - Duration::from_millis(1));
    assert_eq!(world.sent(), []);
    world.wait(Duration::from_millis(1));
    assert_eq!(world.sent_one().key, key);
}

#[test]
fn held_in_doubt_it_ends_unknown_when_its_time_is_over() {
    let hold = Duration::from_secs(50);
    let mut world = holding(hold);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.silence(carrier, &sent);
    world.wait(LATE_WAIT + hold - Duration::from_millis(1));
    assert_eq!((world.sent(), world.news()), (vec![], vec![]));
    world.wait(Duration::from_millis(1));
    assert_eq!(world.news(), [(key, State::Unknown)]);
}

#[test]
fn a_carrier_that_is_woken_for_something_else_does_not_forget_what_it_holds() {
    let hold = Duration::from_secs(50);
    let mut world = holding(hold);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let held = world.sent_one();
    world.silence(carrier, &held);
    // A throttled message wakes the carrier a moment after the other is in doubt.
    world.wait(LATE_WAIT - Duration::from_millis(500));
    world.submit(customer, OTHER, FINAL);
    let throttled = world.sent_one();
    world.refuse(carrier, &throttled, RefusalClass::Throttled);
    world.wait(Duration::from_secs(2));
    let again = world.sent_one();
    world.take(carrier, &again, "1");
    world.wait(hold);
    assert_eq!(world.news(), [(key, State::Unknown)]);
}

#[test]
fn it_is_held_no_longer_than_its_validity() {
    let mut world = holding(Duration::from_secs(3600));
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let expires = world.wall().plus(Duration::from_secs(120));
    let key = world.submitted_as(customer, TO, |draft| {
        draft.wants = FINAL;
        draft.expires = Some(expires);
    });
    let sent = world.sent_one();
    world.silence(carrier, &sent);
    world.wait(Duration::from_secs(119));
    assert_eq!(world.news(), []);
    world.wait(Duration::from_secs(2));
    assert_eq!(world.news(), [(key.expect("accepted"), State::Unknown)]);
}

#[test]
fn what_is_in_doubt_at_a_removed_carrier_ends_unknown() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    world.sent_one();
    world.change(|directory| {
        directory.connectors.remove(&CARRIER);
    });
    assert_eq!(world.closed(), [carrier.slot()]);
    world.unbind(carrier);
    assert_eq!(world.news(), [(key, State::Unknown)]);
}

#[test]
fn a_crash_puts_exactly_what_was_open_in_doubt() {
    let mut world = World::new(rules());
    let (customer, carrier) = (world.customer(), world.carrier(2));
    let taken = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.take(carrier, &sent, "1");
    let open = world.submit(customer, TO, FINAL);
    let also_open = world.submit(customer, OTHER, FINAL);
    let waiting = world.submit(customer, OTHER, FINAL);
    world.crash();
    assert_eq!(world.figures().in_doubt, 2);
    world.customer();
    let carrier = world.carrier(10);
    let again: Vec<_> = world.sent().iter().map(|sent| sent.key).collect();
    assert_eq!(again, [open, also_open, waiting]);
    world.receipt(carrier, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(taken, State::Delivered)]);
}

#[test]
fn a_vague_refusal_is_believed_the_third_time() {
    let mut world = trying_again(vec![Duration::from_secs(5)]);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    for _ in 0..2 {
        let sent = world.sent_one();
        world.refuse(carrier, &sent, RefusalClass::Vague);
        assert_eq!(world.news(), []);
        world.wait(Duration::from_secs(5));
    }
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Vague);
    assert_eq!(world.news(), [(key, State::Rejected)]);
    assert_eq!(world.sent(), []);
}

#[test]
fn a_retry_without_delay_does_not_wait_for_another() {
    let mut world = trying_again(vec![Duration::ZERO]);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Temporary);
    assert_eq!(world.sent_one().key, key);
}

#[test]
fn a_temporary_refusal_is_tried_again_until_the_validity_ends() {
    let mut world = trying_again(vec![Duration::from_secs(5), Duration::from_secs(1800)]);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let mut tries = 0;
    for _ in 0..60 {
        for sent in world.sent() {
            tries += 1;
            world.refuse(carrier, &sent, RefusalClass::Temporary);
        }
        world.wait(Duration::from_secs(1800));
    }
    assert_eq!(
        tries, 48,
        "at first, after 5 s, and each half hour of the day"
    );
    assert_eq!(world.news(), [(key, State::Expired)]);
}

#[test]
fn over_a_retiring_bind_answers_and_receipts_come_and_nothing_goes() {
    let mut world = World::new(rules());
    let (customer, old) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let open = world.sent_one();
    world.retire(old);
    let waiting = world.submit(customer, OTHER, FINAL);
    assert_eq!(world.sent(), [], "there is no other bind");
    let new = world.carrier(10);
    let sent = world.sent_one();
    assert_eq!((sent.key, sent.slot), (waiting, new.slot()));
    world.take(new, &sent, "2");
    world.take(old, &open, "1");
    world.receipt(old, "1", TO, State::Delivered);
    assert_eq!(world.news(), [(key, State::Delivered)]);
    world.unbind(old);
    assert_eq!(world.figures().in_doubt, 0);
    assert_eq!(world.sent(), [], "nothing again");
}

#[test]
fn an_early_receipt_waits_for_the_answer_over_a_retiring_bind() {
    let mut world = holding(Duration::from_secs(3600));
    let (customer, gone) = (world.customer(), world.carrier(10));
    world.submit(customer, TO, FINAL);
    world.sent_one();
    world.unbind(gone);
    assert_eq!(world.figures().in_doubt, 1, "for the same number");
    let old = world.carrier(10);
    let key = world.submit(customer, TO, FINAL);
    let open = world.sent_one();
    world.retire(old);
    world.receipt(old, "1", TO, State::Delivered);
    world.wait(Duration::from_secs(1));
    assert_eq!(world.news(), [], "it is not about the one in doubt");
    world.take(old, &open, "1");
    assert_eq!(world.news(), [(key, State::Delivered)]);
}
