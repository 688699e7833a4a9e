//! Bind groups, and which bind of a group gets what is for it (BUL-49 to BUL-79).

use core::time::Duration;

use engine::{Connector, Distribution, MessageKey};
use sms::State;

use crate::world::{Bind, CUSTOMER, FINAL, World};

const TO: &str = "447700900123";

/// A customer whose receipts and MO go to the last bind of the group, and its carrier.
fn last_wins() -> (World, Bind) {
    distributing(Distribution::Last)
}

fn distributing(how: Distribution) -> (World, Bind) {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("known");
        (customer.receipts_to, customer.mo_to) = (how, how);
    });
    let carrier = world.carrier(1000);
    (world, carrier)
}

/// The bind submits a message that is delivered: its key. The receipt is on its way, or waits.
fn delivered(world: &mut World, from: Bind, carrier: Bind, id: &str) -> MessageKey {
    let key = world.carried(from, carrier, TO, FINAL, id);
    world.receipt(carrier, id, TO, State::Delivered);
    key
}

/// The one bind that is told of a message of `from`; it acknowledges.
#[track_caller]
fn told_at(world: &mut World, from: Bind, carrier: Bind, all: &[Bind]) -> Bind {
    delivered(world, from, carrier, "a");
    let told = world.told_one();
    let bind = *all
        .iter()
        .find(|bind| bind.slot() == told.slot)
        .expect("one of them");
    world.acknowledge(bind, &told);
    bind
}

/// The one bind that gets an MO; it acknowledges.
#[track_caller]
fn brought_at(world: &mut World, carrier: Bind, all: &[Bind]) -> Bind {
    world.mo(carrier, "hello");
    let brought = world.brought_one();
    let bind = *all
        .iter()
        .find(|bind| bind.slot() == brought.slot)
        .expect("one of them");
    world.acknowledge_mo(bind, &brought);
    bind
}

/// Shows BUL-49, BUL-50, BUL-55, BUL-57, BUL-60.
#[test]
fn example_1_receipts_stay_in_the_group_of_their_transmitter() {
    let (mut world, carrier) = last_wins();
    let (a, b) = (
        world.transmitting_member("0"),
        world.transmitting_member("0"),
    );
    let (c, d) = (
        world.transmitting_member("1"),
        world.transmitting_member("1"),
    );
    let (e, f) = (world.member("0"), world.member("1"));
    let all = [a, b, c, d, e, f];
    for (from, to) in [(a, e), (c, f), (b, e), (d, f)] {
        assert_eq!(told_at(&mut world, from, carrier, &all), to);
    }
}

/// Shows BUL-62, BUL-69, BUL-70, BUL-71, BUL-72.
#[test]
fn example_2_transceivers_get_what_is_for_their_group_and_transmitters_nothing() {
    let (mut world, carrier) = last_wins();
    let (a, b) = (
        world.transmitting_member("0"),
        world.transmitting_member("1"),
    );
    let (c, d) = (world.member("0"), world.member("1"));
    let all = [a, b, c, d];
    for (from, to) in [(a, c), (c, c), (b, d), (d, d)] {
        assert_eq!(told_at(&mut world, from, carrier, &all), to);
    }
    assert_eq!(brought_at(&mut world, carrier, &all), c);
}

/// Shows BUL-73, BUL-74, BUL-75, BUL-76.
#[test]
fn the_last_of_a_group_gets_everything_of_the_group_and_nothing_of_another() {
    let (mut world, carrier) = last_wins();
    let (a, c) = (
        world.transmitting_member("0"),
        world.transmitting_member("1"),
    );
    let (e, f) = (world.member("0"), world.member("1"));
    let all = [a, c, e, f];
    assert_eq!(told_at(&mut world, a, carrier, &all), e);
    assert_eq!(brought_at(&mut world, carrier, &all), e);
    let g = world.member("0");
    let all = [a, c, e, f, g];
    for number in 0..100 {
        delivered(&mut world, a, carrier, &format!("a{number}"));
        world.mo(carrier, "hello");
    }
    let told: Vec<_> = world.told().iter().map(|told| told.slot).collect();
    let brought: Vec<_> = world.brought().iter().map(|mo| mo.slot).collect();
    assert_eq!((told, brought), (vec![g.slot(); 100], vec![g.slot(); 100]));
    assert_eq!(told_at(&mut world, c, carrier, &all), f);
}

/// Shows BUL-77.
#[test]
fn who_binds_again_is_the_last_again() {
    let (mut world, carrier) = last_wins();
    let (a, e) = (world.transmitting_member("0"), world.member("0"));
    let g = world.member("0");
    assert_eq!(told_at(&mut world, a, carrier, &[e, g]), g);
    world.unbind(e);
    assert_eq!(told_at(&mut world, a, carrier, &[g]), g);
    let e = world.member("0");
    assert_eq!(told_at(&mut world, a, carrier, &[e, g]), e);
    assert_eq!(brought_at(&mut world, carrier, &[e, g]), e);
}

/// Shows BUL-78, BUL-79, MTA-89.
#[test]
fn the_last_that_still_stands_takes_over_with_what_was_not_acknowledged() {
    let (mut world, carrier) = last_wins();
    let a = world.transmitting_member("0");
    let (d, e, g) = (world.member("0"), world.member("0"), world.member("0"));
    let open = delivered(&mut world, a, carrier, "a1");
    world.mo(carrier, "open");
    assert_eq!(world.told_one().slot, g.slot());
    assert_eq!(world.brought_one().slot, g.slot());
    world.unbind(g);
    let (told, brought) = (world.told_one(), world.brought_one());
    assert_eq!((told.key, told.slot), (open, e.slot()));
    assert_eq!((brought.text.as_str(), brought.slot), ("open", e.slot()));
    world.acknowledge(e, &told);
    world.acknowledge_mo(e, &brought);
    assert_eq!(told_at(&mut world, a, carrier, &[d, e]), e);
    assert_eq!(world.figures().messages, 0, "and nothing comes again");
}

/// Shows BUL-79.
#[test]
fn what_the_older_one_has_in_flight_it_may_finish() {
    let (mut world, carrier) = last_wins();
    let (a, e) = (world.transmitting_member("0"), world.member("0"));
    delivered(&mut world, a, carrier, "a1");
    let told = world.told_one();
    let g = world.member("0");
    assert_eq!(
        world.news(),
        [],
        "it is not told twice while it may be acknowledged"
    );
    world.ignore(e, &told);
    world.wait(Duration::from_secs(5));
    let again = world.told_one();
    assert_eq!((again.key, again.slot), (told.key, g.slot()));
    world.acknowledge(e, &told);
    assert_eq!(world.figures().messages, 0);
}

/// Shows BUL-63, MTA-17.
#[test]
fn a_group_without_a_receiver_waits_and_leaks_nothing() {
    let (mut world, carrier) = last_wins();
    let (transmitter, other) = (world.transmitting_member("1"), world.member("0"));
    let key = delivered(&mut world, transmitter, carrier, "a1");
    world.wait(Duration::from_secs(60));
    assert_eq!(world.news(), []);
    world.unbind(other);
    world.member("0");
    assert_eq!(world.news(), []);
    let receiver = world.member("1");
    let told = world.told_one();
    assert_eq!((told.key, told.slot), (key, receiver.slot()));
}

/// Shows BUL-63.
#[test]
fn the_group_of_a_message_outlives_the_process() {
    let (mut world, carrier) = last_wins();
    let sender = world.transmitting_member("0042");
    let early = delivered(&mut world, sender, carrier, "a1");
    let late = world.carried(sender, carrier, TO, FINAL, "a2");
    world.crash();
    let carrier = world.carrier(10);
    world.member("0");
    world.member("42");
    world.receipt(carrier, "a2", TO, State::Delivered);
    assert_eq!(world.news(), []);
    world.member("0042");
    let keys: Vec<_> = world.news().iter().map(|&(key, _)| key).collect();
    assert_eq!(keys, [early, late]);
}

/// Shows BUL-64, BUL-65.
#[test]
fn messages_from_subscribers_wait_for_group_0_and_expire_there() {
    let (mut world, carrier) = last_wins();
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("known");
        customer.mo_ttl = Duration::from_secs(600);
    });
    world.member("1");
    world.mo(carrier, "too early");
    world.wait(Duration::from_secs(599));
    world.mo(carrier, "in time");
    world.wait(Duration::from_secs(2));
    assert_eq!(world.brought(), []);
    let figures = world.figures();
    assert_eq!((figures.deliveries, figures.deliveries_expired), (1, 1));
    let receiver = world.member("0");
    let brought = world.brought_one();
    assert_eq!(
        (brought.text.as_str(), brought.slot),
        ("in time", receiver.slot())
    );
}

/// Shows BUL-61.
#[test]
fn there_may_be_as_many_groups_as_binds() {
    let (mut world, carrier) = last_wins();
    let members: Vec<_> = (0..10)
        .map(|group: u32| world.member(&group.to_string()))
        .collect();
    for &member in &members {
        assert_eq!(told_at(&mut world, member, carrier, &members), member);
    }
}

/// Shows BUL-58, BUL-59.
#[test]
fn the_limit_of_binds_is_over_all_groups() {
    let (mut world, _) = last_wins();
    let first = world.member("0");
    for group in 1..10 {
        world.member(&group.to_string());
    }
    assert!(world.customer_or_refusal().is_err());
    world.unbind(first);
    assert!(world.customer_or_refusal().is_ok());
    world.change(|directory| {
        directory
            .customers
            .get_mut(&CUSTOMER)
            .expect("known")
            .binds_max = 11;
    });
    assert!(world.customer_or_refusal().is_ok());
}

/// Shows C-3.
#[test]
fn receipts_go_to_the_session_of_their_message_or_all_to_the_last() {
    for how in [Distribution::SameSession, Distribution::Last] {
        let (mut world, carrier) = distributing(how);
        let (first, second) = (world.customer(), world.customer());
        let expected = if how == Distribution::Last {
            second
        } else {
            first
        };
        assert_eq!(
            told_at(&mut world, first, carrier, &[first, second]),
            expected
        );
    }
}

#[test]
fn the_first_bind_gets_all_until_it_ends() {
    let (mut world, carrier) = distributing(Distribution::First);
    world.window = 1;
    let (first, second) = (world.customer(), world.customer());
    delivered(&mut world, second, carrier, "a1");
    delivered(&mut world, second, carrier, "a2");
    assert_eq!(
        world.told_one().slot,
        first.slot(),
        "the other one waits for it"
    );
    world.unbind(first);
    assert_eq!(world.told_one().slot, second.slot());
}

#[test]
fn each_bind_has_its_turn_and_a_full_one_is_passed_over() {
    let (mut world, carrier) = distributing(Distribution::RoundRobin);
    world.window = 2;
    let binds = [world.customer(), world.customer(), world.customer()];
    let slots = |world: &mut World| -> Vec<_> {
        world
            .told()
            .iter()
            .map(|told| told.slot - binds[0].slot())
            .collect()
    };
    for number in 0..5 {
        delivered(&mut world, binds[0], carrier, &format!("a{number}"));
    }
    let told = world.told();
    let at: Vec<_> = told
        .iter()
        .map(|told| told.slot - binds[0].slot())
        .collect();
    assert_eq!(at, [0, 1, 2, 0, 1]);
    delivered(&mut world, binds[0], carrier, "a5");
    delivered(&mut world, binds[0], carrier, "a6");
    assert_eq!(slots(&mut world), [2], "and the last one waits");
    world.acknowledge(binds[1], &told[1]);
    assert_eq!(slots(&mut world), [1]);
    delivered(&mut world, binds[0], carrier, "a7");
    world.acknowledge(binds[0], &told[0]);
    assert_eq!(slots(&mut world), [0]);
}

#[test]
fn a_full_session_holds_back_only_its_own() {
    let (mut world, carrier) = distributing(Distribution::SameSession);
    world.window = 1;
    let (first, second) = (world.customer(), world.customer());
    let gone = world.transmitter();
    delivered(&mut world, first, carrier, "a1");
    delivered(&mut world, first, carrier, "a2");
    delivered(&mut world, gone, carrier, "a3");
    let slots: Vec<_> = world.told().iter().map(|told| told.slot).collect();
    assert_eq!(slots, [first.slot(), second.slot()]);
}

#[test]
fn receipts_and_messages_of_subscribers_do_not_hold_back_each_other() {
    let (mut world, carrier) = distributing(Distribution::RoundRobin);
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("known");
        customer.mo_to = Distribution::Last;
    });
    world.window = 1;
    let (first, last) = (world.customer(), world.customer());
    world.mo(carrier, "one");
    world.mo(carrier, "two");
    assert_eq!(world.brought_one().slot, last.slot());
    delivered(&mut world, last, carrier, "a1");
    assert_eq!(world.told_one().slot, first.slot());
}

#[test]
fn a_new_policy_counts_for_what_waits() {
    let (mut world, carrier) = distributing(Distribution::SameSession);
    world.window = 1;
    let (first, last) = (world.customer(), world.customer());
    delivered(&mut world, first, carrier, "a1");
    let second = delivered(&mut world, first, carrier, "a2");
    assert_eq!(world.told_one().slot, first.slot());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("known");
        customer.receipts_to = Distribution::Last;
    });
    let told = world.told_one();
    assert_eq!((told.key, told.slot), (second, last.slot()));
}

#[test]
fn each_customer_has_its_own_times_of_trying_again() {
    let (mut world, carrier) = last_wins();
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("known");
        customer.delivery_retry = vec![Duration::from_secs(1), Duration::from_secs(7)];
    });
    let bind = world.customer();
    delivered(&mut world, bind, carrier, "a1");
    for seconds in [1, 7, 7] {
        let told = world.told_one();
        world.ignore(bind, &told);
        world.wait(Duration::from_millis(seconds * 1000 - 1));
        assert_eq!(world.news(), []);
        world.wait(Duration::from_millis(1));
    }
    assert_eq!(world.news().len(), 1);
}
