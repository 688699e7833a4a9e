//! What the engine promises, as sentences; each is named for the fault that it is about.

mod asked;
mod cold;
mod flood;
mod reloads;
mod schedule;

use std::time::Duration;

use engine::{Distribution, InDoubt, Target};
use sim::{Crash, Form, Ids, Plan, Reaction, Sms, Thanks, World};
use smpp::status;
use sms::State;

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A message that asks for a receipt.
fn to(destination: &str) -> Sms {
    Sms {
        source: b"Bindery".to_vec(),
        destination: destination.as_bytes().to_vec(),
        text: b"hello".to_vec(),
        registered_delivery: 1,
        ..Sms::default()
    }
}

/// A world at work, everybody bound.
fn world(plan: Plan) -> World {
    let mut world = World::new(1, plan);
    world.start();
    world.run(seconds(3));
    let bound = (0..world.plan().connectors.len()).all(|carrier| world.carrier_binds(carrier) > 0);
    world.expect("everybody is bound", bound && world.bind(0).1);
    world
}

fn small_world() -> World {
    world(Plan::new(1, 1))
}

#[test]
fn a_message_is_delivered_and_its_receipt_comes_back() {
    let mut world = small_world();
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(5));
    world.expect("it was taken on", world.answer(message) == Some(status::OK));
    world.expect("the carrier has it once", world.copies(message) == [0]);
    world.expect(
        "its customer knows",
        world.told(message) == [State::Delivered],
    );
    world.settle();
}

// ---- bind groups ----

/// Shows BUL-63.
#[test]
fn a_group_without_a_receiver_waits_over_a_crash_and_leaks_nothing() {
    let mut plan = Plan::new(1, 1);
    plan.customers[0].account.binding.groups = true;
    plan.customers[0].customer.receipts_to = Distribution::Last;
    let mut world = world(plan);
    let transmitter = world.add_member(0, "1", true, false);
    world.run(seconds(3));
    let message = world.submit(transmitter, to("447700900123"));
    world.run(seconds(60));
    world.expect("nobody is told", world.told(message).is_empty());
    world.crash(Crash::Kill);
    world.restart_in(seconds(1));
    world.run(seconds(60));
    world.expect("it waits", world.figures().deliveries == 1);
    world.add_member(0, "1", false, true);
    world.run(seconds(10));
    world.expect(
        "its group is told",
        world.told(message) == [State::Delivered],
    );
    world.settle();
}

// ---- receipts ----

#[test]
fn receipt_before_response() {
    let mut world = small_world();
    world.carrier(0).answer_delay = (2_000_000_000, 2_000_000_000);
    world.carrier(0).early = 1000;
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(5));
    world.expect(
        "it found its message",
        world.told(message) == [State::Delivered],
    );
    world.settle();
}

#[test]
fn two_receipts_before_the_response() {
    let mut world = small_world();
    world.carrier(0).answer_delay = (8_000_000_000, 8_000_000_000);
    world.carrier(0).early = 1000;
    world.carrier(0).intermediate = 1000;
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(12));
    world.expect(
        "the final one counts",
        world.told(message) == [State::Delivered],
    );
    world.settle();
}

#[test]
fn receipt_before_response_under_an_id_that_was_used_before() {
    let mut world = small_world();
    world.carrier(0).ids = Ids::Reused(1);
    let before = world.submit(0, to("447700900123"));
    world.run(seconds(5));
    world.expect(
        "the first is over",
        world.told(before) == [State::Delivered],
    );
    world.carrier(0).answer_delay = (2_000_000_000, 2_000_000_000);
    world.carrier(0).early = 1000;
    let message = world.submit(0, to("447700900456"));
    world.run(seconds(5));
    world.expect(
        "the second has its own",
        world.told(message) == [State::Delivered],
    );
    world.settle();
}

#[test]
fn carrier_id_reused() {
    let mut world = small_world();
    world.carrier(0).ids = Ids::Reused(1);
    world.carrier(0).receipt_delay = (1_000_000_000, 2_000_000_000);
    world.carrier(0).fates = vec![(1, Some(State::Delivered)), (1, Some(State::Undeliverable))];
    for n in 0..10 {
        world.submit(0, to(&format!("4477009001{n:02}")));
    }
    // The oracle knows which fate the carrier gave to which.
    world.settle();
}

#[test]
fn ids_in_every_form() {
    for (ids, form) in [
        (Ids::PaddedHex, Form::OtherRadix),
        (Ids::Decimal, Form::OtherRadix),
        (Ids::PaddedHex, Form::Stripped),
        (Ids::PaddedHex, Form::Capitals),
        (Ids::Words, Form::Capitals),
    ] {
        let mut world = small_world();
        world.carrier(0).ids = ids;
        world.carrier(0).form = form;
        let message = world.submit(0, to("447700900123"));
        world.run(seconds(5));
        let told = world.told(message);
        world.expect(
            &format!("{ids:?} is found as {form:?}"),
            told == [State::Delivered],
        );
    }
}

#[test]
fn unmatched_receipts_are_acknowledged_and_kept() {
    let mut world = small_world();
    world.carrier(0).strays = 1000;
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(10));
    world.expect("its own came", world.told(message) == [State::Delivered]);
    world.expect("the other is kept", world.figures().unmatched == 1);
    world.run(seconds(73 * 3600));
    world.expect("for three days", world.figures().unmatched == 0);
    world.settle();
}

#[test]
fn a_parked_receipt_whose_time_is_over_wakes_nobody() {
    let mut plan = Plan::new(1, 1);
    plan.limits.unmatched_keep = seconds(1);
    let mut world = world(plan);
    world.carrier(0).strays = 1000;
    world.script(0, [Reaction::TakeLate(20)]);
    world.submit(0, to("447700900123"));
    world.run(seconds(40));
    world.expect("nobody was", true);
    world.settle();
}

#[test]
fn repeated_receipts_are_acknowledged_and_dropped() {
    let mut world = small_world();
    world.carrier(0).twice = 1000;
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(30));
    world.expect(
        "it was told once",
        world.told(message) == [State::Delivered],
    );
    world.expect("nothing is kept", world.figures().unmatched == 0);
    world.settle();
}

// ---- doubts ----

#[test]
fn late_response_settles() {
    let mut world = small_world();
    world.script(0, [Reaction::TakeLate(45)]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(90));
    world.expect("it was not sent again", world.copies(message) == [0]);
    world.settle();
}

#[test]
fn response_that_never_comes_is_asked_for_again_once() {
    let mut world = small_world();
    world.script(0, [Reaction::Swallow; 2]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(300));
    world.expect(
        "it was sent twice and no more",
        world.copies(message) == [0, 0],
    );
    world.settle();
}

#[test]
fn crash_between_send_and_response() {
    for (policy, copies, fate) in [
        (InDoubt::Resend, 2, State::Delivered),
        (InDoubt::Fail, 1, State::Unknown),
        (InDoubt::Hold(seconds(10)), 1, State::Unknown),
    ] {
        let mut plan = Plan::new(1, 1);
        plan.connectors[0].connector.in_doubt = policy;
        let mut world = world(plan);
        world.script(0, [Reaction::Swallow]);
        let message = world.submit(0, to("447700900123"));
        world.run(seconds(1));
        world.expect("it is with the carrier", world.copies(message) == [0]);
        world.crash(Crash::PowerCut);
        world.restart_in(seconds(1));
        world.run(seconds(60));
        let so = world.copies(message).len() == copies && world.told(message) == [fate];
        world.expect(&format!("{policy:?} holds"), so);
        world.settle();
    }
}

#[test]
fn held_then_unknown() {
    let mut plan = Plan::new(1, 1);
    plan.connectors[0].connector.in_doubt = InDoubt::Hold(seconds(100));
    let mut world = world(plan);
    world.script(0, [Reaction::Swallow]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(150));
    world.expect("it is held", world.told(message).is_empty());
    world.run(seconds(30));
    world.expect("then given up", world.told(message) == [State::Unknown]);
    world.settle();
}

#[test]
fn held_in_doubt_at_a_connector_that_is_woken_for_something_else() {
    let mut plan = Plan::new(1, 1);
    plan.connectors[0].connector.in_doubt = InDoubt::Hold(seconds(20));
    let mut world = world(plan);
    world.script(0, [Reaction::Swallow]);
    let held = world.submit(0, to("447700900123"));
    world.run(Duration::from_millis(59_500));
    // The connector pauses for a second; meanwhile the doubt begins.
    world.script(0, [Reaction::Refuse(status::RTHROTTLED)]);
    let other = world.submit(0, to("447700900456"));
    world.run(seconds(40));
    world.expect(
        "the other was delivered",
        world.told(other) == [State::Delivered],
    );
    world.expect("the doubt has ended", world.told(held) == [State::Unknown]);
    world.settle();
}

#[test]
fn held_and_settled_by_its_receipt() {
    let mut plan = Plan::new(1, 1);
    plan.connectors[0].connector.in_doubt = InDoubt::Hold(seconds(100));
    let mut world = world(plan);
    world.carrier(0).receipt_delay = (90_000_000_000, 90_000_000_000);
    world.script(0, [Reaction::TakeSilently]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(100));
    world.expect(
        "the evidence counts",
        world.told(message) == [State::Delivered],
    );
    world.settle();
}

#[test]
fn answers_after_an_unbind_count() {
    let mut world = small_world();
    world.carrier(0).answer_delay = (1_000_000_000, 1_000_000_000);
    world.script(0, [Reaction::Take, Reaction::TakeAndUnbind]);
    let first = world.submit(0, to("447700900123"));
    let second = world.submit(0, to("447700900456"));
    world.run(seconds(30));
    world.expect("the first was sent once", world.copies(first) == [0]);
    world.expect("so was the second", world.copies(second) == [0]);
    world.settle();
}

// ---- refusals and routes ----

#[test]
fn throttled_twice_then_delivered() {
    let mut world = small_world();
    let throttled = Reaction::Refuse(status::RTHROTTLED);
    world.script(0, [throttled, throttled]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(10));
    world.expect(
        "the third time it was taken",
        world.copies(message) == [0, 0, 0],
    );
    let arrivals = world.arrivals(message);
    let waited = arrivals
        .windows(2)
        .all(|pair| pair[1] - pair[0] >= seconds(1));
    world.expect("the connector paused each time", waited);
    world.settle();
}

#[test]
fn failover_after_three_refusals() {
    let mut plan = Plan::new(1, 2);
    plan.customers[0].customer.routes[0].targets[1].order = 1;
    let mut world = world(plan);
    world.script(0, [Reaction::Refuse(status::RSYSERR); 3]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(120));
    world.expect(
        "the fourth try went elsewhere",
        world.copies(message) == [0, 0, 0, 1],
    );
    world.expect(
        "and was delivered",
        world.told(message) == [State::Delivered],
    );
    world.settle();
}

#[test]
fn refused_for_good_is_told_with_the_carriers_status() {
    let mut world = small_world();
    world.script(0, [Reaction::Refuse(status::RINVDSTADR)]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(5));
    world.expect("it was", world.told(message) == [State::Rejected]);
    world.settle();
}

#[test]
fn routes_by_prefix_weight_and_order() {
    let mut plan = Plan::new(1, 3);
    let targets = |those: &[(usize, u16, u16)]| -> Vec<Target> {
        let target = |&(carrier, order, weight): &(usize, u16, u16)| Target {
            connector: plan.connectors[carrier].profile.connector,
            order,
            weight,
        };
        those.iter().map(target).collect()
    };
    let (shared, own) = (targets(&[(0, 0, 3), (1, 0, 1)]), targets(&[(2, 0, 1)]));
    let mut routes = vec![plan.customers[0].customer.routes[0].clone(); 2];
    routes[0].targets = shared;
    (routes[1].prefix, routes[1].targets) = (b"4479".to_vec(), own);
    plan.customers[0].customer.routes = routes;
    let mut world = world(plan);
    let special: Vec<_> = (0..10)
        .map(|n| world.submit(0, to(&format!("4479009000{n:02}"))))
        .collect();
    let common: Vec<_> = (0..200)
        .map(|n| world.submit(0, to(&format!("447700900{n:03}"))))
        .collect();
    world.run(seconds(30));
    let third = special.iter().all(|&message| world.copies(message) == [2]);
    world.expect("the longer prefix wins", third);
    let first = common
        .iter()
        .filter(|&&message| world.copies(message) == [0])
        .count();
    world.expect(
        &format!("{first} of 200 went to three quarters"),
        (130..=170).contains(&first),
    );
    world.settle();
}

#[test]
fn a_carrier_that_is_not_connected_is_passed_over() {
    let mut plan = Plan::new(1, 2);
    plan.customers[0].customer.routes[0].targets[1].order = 1;
    let mut world = world(plan);
    world.open_door(0, false);
    world.cut_off(0);
    world.run(seconds(1));
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(5));
    world.expect("the second has it", world.copies(message) == [1]);
    world.open_door(0, true);
    world.settle();
}

// ---- time ----

#[test]
fn validity_ends_while_the_carrier_is_away() {
    let mut world = small_world();
    world.open_door(0, false);
    world.cut_off(0);
    world.run(seconds(1));
    let message = world.submit(
        0,
        Sms {
            validity: Some(60),
            ..to("447700900123")
        },
    );
    world.run(seconds(50));
    world.expect("it waits", world.told(message).is_empty());
    world.run(seconds(15));
    world.expect("then it expires", world.told(message) == [State::Expired]);
    world.open_door(0, true);
    world.settle();
    world.expect("and is never sent", world.copies(message).is_empty());
}

#[test]
fn what_is_in_doubt_until_its_validity_ends_does_not_hold_up_those_behind_it() {
    let mut plan = Plan::new(1, 1);
    plan.connectors[0].profile.window = 1;
    let mut world = world(plan);
    world.script(0, [Reaction::Swallow]);
    let brief = Sms {
        validity: Some(40),
        ..to("447700900123")
    };
    let doubtful = world.submit(0, brief);
    let behind = world.submit(0, to("447700900456"));
    world.run(seconds(1));
    world.crash(Crash::Kill);
    world.restart_in(seconds(60));
    world.run(seconds(70));
    world.expect(
        "nobody knows of the first",
        world.told(doubtful) == [State::Unknown],
    );
    world.expect("the second was sent", world.copies(behind) == [0]);
    world.settle();
}

#[test]
fn scheduled_messages_wait_for_their_time() {
    let mut world = small_world();
    let message = world.submit(
        0,
        Sms {
            delay: Some(60),
            ..to("447700900123")
        },
    );
    world.run(seconds(55));
    world.expect("not yet", world.copies(message).is_empty());
    world.crash(Crash::Kill);
    world.restart_in(seconds(1));
    world.run(seconds(20));
    world.expect("now, once", world.copies(message) == [0]);
    world.settle();
}

#[test]
fn priorities_are_never_starved() {
    let mut plan = Plan::new(1, 1);
    plan.connectors[0].connector.rate = Some(20);
    let mut world = world(plan);
    let urgent = |n| Sms {
        priority: 3,
        ..to(&format!("447700900{n:03}"))
    };
    let messages: Vec<_> = (0..400).map(|n| world.submit(0, urgent(n))).collect();
    let patient = world.submit(0, to("447911123456"));
    world.run(seconds(12));
    let sent = messages
        .iter()
        .filter(|&&message| !world.copies(message).is_empty())
        .count();
    world.expect("urgent ones still wait", sent < 400);
    world.expect("the patient one went", world.copies(patient) == [0]);
    world.settle();
}

// ---- customers ----

#[test]
fn lazy_customer_stops_only_himself() {
    let mut plan = Plan::new(2, 1);
    plan.customers[0].customer.deliver_max = 5;
    let mut world = world(plan);
    world.esme(0).thanks = vec![(1, Thanks::Never)];
    let lazy: Vec<_> = (0..10)
        .map(|n| world.submit(0, to(&format!("44770090000{n}"))))
        .collect();
    world.run(seconds(20));
    let taken = lazy
        .iter()
        .filter(|&&message| world.answer(message) == Some(status::OK));
    world.expect("he gets no more than fits", taken.count() == 5);
    world.expect(
        "the others are refused with RMSGQFUL",
        world.answer(lazy[9]) == Some(status::RMSGQFUL),
    );
    let other = world.submit(1, to("447700900123"));
    world.run(seconds(5));
    world.expect(
        "the other customer is served",
        world.told(other) == [State::Delivered],
    );
    world.esme(0).thanks = vec![(1, Thanks::Ok)];
    world.settle();
}

#[test]
fn delivery_refused_for_now_comes_again() {
    let mut world = small_world();
    world.esme(0).thanks = vec![(1, Thanks::Refuse(status::RX_T_APPN))];
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(4));
    world.expect("it was refused", world.told(message) == [State::Delivered]);
    world.esme(0).thanks = vec![(1, Thanks::Ok)];
    world.run(seconds(10));
    world.expect(
        "and comes again",
        world.told(message) == [State::Delivered; 2],
    );
    world.settle();
}

#[test]
fn a_subscribers_message_reaches_its_customer() {
    let mut world = world(Plan::new(2, 1));
    world.write_to(1, 0);
    world.run(seconds(1));
    world.crash(Crash::Kill);
    world.restart_in(seconds(1));
    // The oracle knows whose it is, and that it was acknowledged.
    world.settle();
}

#[test]
fn binds_beyond_the_agreed_number_are_refused() {
    let mut plan = Plan::new(1, 1);
    plan.customers[0].customer.binds_max = 1;
    let mut world = world(plan);
    let second = world.add_esme(0, true, true);
    world.run(seconds(1));
    world.expect(
        "it is",
        world.bind(second) == (Some(status::RBINDFAIL), false),
    );
}

// ---- the machine ----

#[test]
fn disk_full_refuses_then_resumes() {
    let mut world = small_world();
    world.leave_free(200 << 10);
    world.run(seconds(2));
    let refused = world.submit(0, to("447700900123"));
    world.run(seconds(1));
    world.expect(
        "it was refused",
        world.answer(refused) == Some(status::RMSGQFUL),
    );
    world.make_room();
    world.run(seconds(2));
    let taken = world.submit(0, to("447700900123"));
    world.run(seconds(5));
    world.expect("now it is taken", world.answer(taken) == Some(status::OK));
    world.settle();
    world.expect(
        "the refused one was never sent",
        world.copies(refused).is_empty(),
    );
}

#[test]
fn a_disk_without_room_loses_nothing_that_is_owed() {
    let mut world = small_world();
    world.carrier(0).receipt_delay = (10_000_000_000, 20_000_000_000);
    for n in 0..20 {
        world.submit(0, to(&format!("4477009000{n:02}")));
    }
    world.run(seconds(2));
    world.leave_free(0);
    world.run(seconds(60));
    world.make_room();
    world.settle();
}

#[test]
fn a_crash_at_any_time_loses_nothing() {
    for at in 0..60 {
        for how in [Crash::Kill, Crash::PowerCut] {
            let mut world = small_world();
            world.slow_disk(Duration::from_millis(1), Duration::from_millis(3));
            for n in 0..5 {
                world.submit(0, to(&format!("4477009000{n:02}")));
            }
            world.run(Duration::from_micros(400 * at));
            world.crash(how);
            world.restart_in(seconds(1));
            world.settle();
        }
    }
}

#[test]
fn a_process_that_goes_down_in_order_leaves_no_doubt() {
    let mut plan = Plan::new(1, 1);
    plan.connectors[0].connector.in_doubt = InDoubt::Fail;
    plan.connectors[0].profile.window = 3;
    let mut world = world(plan);
    world.carrier(0).answer_delay = (1_000_000_000, 1_000_000_000);
    let messages: Vec<_> = (0..9)
        .map(|n| world.submit(0, to(&format!("44770090000{n}"))))
        .collect();
    world.run(Duration::from_millis(1500));
    world.stop_in(seconds(8));
    world.restart_in(seconds(1));
    world.settle();
    for message in messages {
        world.expect("it was sent once", world.copies(message) == [0]);
        world.expect("and delivered", world.told(message) == [State::Delivered]);
    }
}

#[test]
fn reload_while_messages_wait() {
    let mut world = small_world();
    let whole = world.plan().clone();
    let mut without = whole.clone();
    without.connectors[0].connector.enabled = false;
    world.carrier(0).answer_delay = (500_000_000, 500_000_000);
    let messages: Vec<_> = (0..30)
        .map(|n| world.submit(0, to(&format!("4477009000{n:02}"))))
        .collect();
    world.run(Duration::from_millis(700));
    world.reload(&without);
    world.run(seconds(30));
    let sent = |world: &World| {
        messages
            .iter()
            .filter(|&&message| !world.copies(message).is_empty())
            .count()
    };
    let before = sent(&world);
    world.expect("some were sent, some wait", (1..30).contains(&before));
    world.run(seconds(30));
    world.expect(
        "nothing goes to who is switched off",
        sent(&world) == before,
    );
    world.reload(&whole);
    world.settle();
    world.expect(
        "then all went",
        messages
            .iter()
            .filter(|&&message| world.answer(message) == Some(status::OK))
            .all(|&message| world.copies(message) == [0]),
    );
}
