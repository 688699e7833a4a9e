//! Where messages wait for a carrier, and in which order they leave.

use core::time::Duration;

use engine::{Connector, MessageKey, Refusal, RefusalClass};
use sms::State;

use crate::world::{FINAL, Sent, World};

const TO: &str = "447700900123";

fn keys(sent: &[Sent]) -> Vec<MessageKey> {
    sent.iter().map(|sent| sent.key).collect()
}

#[test]
fn messages_leave_in_the_order_of_their_coming() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let submitted: Vec<_> = (0..20).map(|_| world.submit(customer, TO, FINAL)).collect();
    let carrier = world.carrier(1);
    assert_eq!(world.drain(carrier), submitted);
}

#[test]
fn higher_classes_get_more_and_none_is_starved() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let mut classes = Vec::new();
    for class in 0..4 {
        for _ in 0..30 {
            let key = world.submitted_as(customer, TO, |draft| draft.priority = class);
            classes.push((key.expect("accepted"), usize::from(class)));
        }
    }
    let carrier = world.carrier(1);
    let order = world.drain(carrier);
    let mut first = [0; 4];
    for key in &order[..30] {
        let class = classes.iter().find(|(known, _)| known == key);
        first[class.expect("one of them").1] += 1;
    }
    assert_eq!(first, [2, 4, 8, 16]);
    assert_eq!(order.len(), 120);
}

#[test]
fn a_scheduled_message_waits_for_its_time_and_no_other_waits_with_it() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let due = world.wall().plus(Duration::from_secs(60));
    let later = world.submitted_as(customer, TO, |draft| draft.due = Some(due));
    let now = world.submit(customer, TO, FINAL);
    assert_eq!(keys(&world.sent()), [now]);
    world.wait(Duration::from_millis(59_999));
    assert_eq!(world.sent(), []);
    world.wait(Duration::from_millis(1));
    assert_eq!(keys(&world.sent()), [later.expect("accepted")]);
    assert_eq!(carrier.slot(), 2);
}

#[test]
fn a_message_whose_validity_ends_while_it_waits_is_not_sent() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let expires = world.wall().plus(Duration::from_secs(60));
    let key = world.submitted_as(customer, TO, |draft| {
        draft.expires = Some(expires);
        draft.wants = FINAL;
    });
    world.wait(Duration::from_secs(61));
    assert_eq!(world.news(), [(key.expect("accepted"), State::Expired)]);
    world.carrier(10);
    assert_eq!(world.sent(), []);
    let past = world.wall();
    let late = world.submitted_as(customer, TO, |draft| draft.expires = Some(past));
    assert_eq!(late, Err(Refusal::Expired));
}

/// Shows BUL-34, C-8.
#[test]
fn a_validity_beyond_the_customer_s_longest_ends_with_that() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let longest = engine::Customer::default().validity_max;
    let expires = world.wall().plus(2 * longest);
    let key = world.submitted_as(customer, TO, |draft| {
        draft.expires = Some(expires);
        draft.wants = FINAL;
    });
    world.wait(longest - Duration::from_secs(1));
    assert_eq!(world.news(), []);
    world.wait(Duration::from_secs(2));
    assert_eq!(world.news(), [(key.expect("accepted"), State::Expired)]);
}

#[test]
fn after_a_long_outage_nothing_that_has_expired_is_sent() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    world.submit_many(customer, TO, 10_000);
    world.suspend(Duration::from_secs(25 * 3600));
    let fresh = world.submit(customer, TO, FINAL);
    world.carrier(65_535);
    let mut sent = keys(&world.sent());
    world.wait(Duration::from_secs(1));
    sent.extend(keys(&world.sent()));
    assert_eq!(sent, [fresh]);
    assert_eq!(world.figures().messages, 1);
}

#[test]
fn what_has_expired_at_the_head_of_a_lane_does_not_hold_up_the_rest() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    world.submit_many(customer, TO, 10_000);
    world.suspend(Duration::from_secs(25 * 3600));
    let fresh = world.submit(customer, TO, FINAL);
    // A window that has room for a few of those that one step does not end.
    world.carrier(10);
    world.wait(Duration::from_secs(1));
    assert_eq!(keys(&world.sent()), [fresh]);
}

#[test]
fn however_much_has_expired_one_step_ends_a_part_of_it() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    world.submit_many(customer, TO, 20_000);
    world.suspend(Duration::from_secs(25 * 3600));
    world.carrier(10);
    let left = world.figures().messages;
    assert!((10_000..20_000).contains(&left), "{left} are left");
    world.wait(Duration::from_secs(1));
    assert_eq!(world.figures().messages, 0);
}

#[test]
fn a_carrier_gets_no_more_than_its_rate() {
    let mut world = World::new(Connector {
        rate: Some(10),
        ..Connector::default()
    });
    let customer = world.customer();
    for _ in 0..100 {
        world.submit(customer, TO, FINAL);
    }
    world.carrier(100);
    let mut each_second = Vec::new();
    for _ in 0..5 {
        world.wait(Duration::from_secs(1));
        each_second.push(world.sent().len());
    }
    assert!(
        each_second.iter().all(|&sent| sent <= 10),
        "{each_second:?}"
    );
    assert!(each_second.iter().sum::<usize>() >= 48, "{each_second:?}");
}

#[test]
fn a_throttled_message_is_sent_again_a_second_later_before_those_behind_it() {
    let mut world = World::new(Connector::default());
    let customer = world.customer();
    let submitted: Vec<_> = (0..3).map(|_| world.submit(customer, TO, FINAL)).collect();
    let carrier = world.carrier(1);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::Throttled);
    world.wait(Duration::from_millis(999));
    assert_eq!(world.sent(), []);
    world.wait(Duration::from_millis(1));
    let mut again = world.drain(carrier);
    assert_eq!(again, [submitted[0]]);
    // Slower than before.
    for _ in 0..2 {
        world.wait(Duration::from_millis(200));
        again.extend(world.drain(carrier));
    }
    assert_eq!(again, submitted);
}

#[test]
fn a_busy_destination_is_left_alone_and_no_other_waits_with_it() {
    let mut world = World::new(Connector::default());
    let (customer, carrier) = (world.customer(), world.carrier(1));
    let busy = world.submit(customer, TO, FINAL);
    let other = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, RefusalClass::DestinationBusy);
    assert_eq!(world.drain(carrier), [other]);
    world.wait(Duration::from_secs(5));
    assert_eq!(world.drain(carrier), [busy]);
}
