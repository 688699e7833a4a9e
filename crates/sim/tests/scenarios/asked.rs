//! Long texts, and what customers ask about their messages.

use sim::{Crash, Reaction, Reply, Sms, Wish};
use smpp::status;
use sms::State;

use super::{seconds, small_world, to};

// ---- long texts ----

/// A text of three short messages.
fn long_to(destination: &str) -> Sms {
    Sms {
        text: vec![b'x'; 400],
        ..to(destination)
    }
}

#[test]
fn a_long_text_leaves_in_parts_and_is_told_of_once() {
    let mut world = small_world();
    let message = world.submit(0, long_to("447700900123"));
    world.run(seconds(10));
    world.expect("three parts", world.copies(message) == [0, 0, 0]);
    world.expect("one end", world.told(message) == [State::Delivered]);
    world.ask(0, message, Wish::State);
    world.run(seconds(1));
    let delivered = state(State::Delivered, true);
    world.expect("one answer", world.replies(message) == [delivered]);
    world.settle();
}

/// The worst end of a part is the end of all, whatever the others came to and in which order.
#[test]
fn an_answer_about_parts_with_several_ends_is_what_the_receipt_says() {
    let mut world = small_world();
    world.script(
        0,
        [
            Reaction::Take,
            Reaction::Swallow,
            Reaction::Refuse(status::RINVDSTADR),
        ],
    );
    let message = world.submit(0, long_to("447700900123"));
    world.settle();
    world.expect("it is told", world.told(message) == [State::Rejected]);
    world.ask(0, message, Wish::State);
    world.run(seconds(1));
    let says = |state| matches!(world.replies(message)[..], [Reply::State { state: said, .. }] if said == state);
    world.expect("and answered", says(State::Rejected));
}

// ---- what customers ask ----

/// A reply to query_sm for a message that has ended well or been stopped, or that is on its way.
const fn state(state: State, ended: bool) -> Reply {
    Reply::State {
        state,
        error: 0,
        ended,
    }
}

/// Shows MTA-82.
#[test]
fn what_is_cancelled_is_never_sent_though_the_process_dies() {
    let mut world = small_world();
    let later = Sms {
        delay: Some(30),
        ..to("447700900123")
    };
    let message = world.submit(0, later);
    world.run(seconds(2));
    world.ask(0, message, Wish::Cancel);
    world.run(seconds(2));
    world.expect("it is", world.replies(message) == [Reply::Cancelled]);
    world.crash(Crash::PowerCut);
    world.restart_in(seconds(1));
    world.run(seconds(60));
    world.settle();
    world.expect("nobody got it", world.copies(message).is_empty());
    world.expect(
        "its customer knows",
        world.told(message) == [State::Deleted],
    );
}

#[test]
fn a_cancel_after_a_send_in_doubt_comes_too_late() {
    let mut world = small_world();
    world.script(0, [Reaction::TakeSilently]);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(1));
    world.cut_off(0);
    world.run(seconds(1));
    world.ask(0, message, Wish::Cancel);
    world.run(seconds(1));
    world.expect(
        "a carrier may have it",
        world.replies(message) == [Reply::Refused(status::RCANCELFAIL)],
    );
    world.settle();
}

#[test]
fn an_end_that_was_told_is_answered_after_a_crash_too() {
    let mut world = small_world();
    world.carrier(0).receipt_delay = (5_000_000_000, 5_000_000_000);
    let message = world.submit(0, to("447700900123"));
    world.run(seconds(2));
    world.ask(0, message, Wish::State);
    world.run(seconds(10));
    world.crash(Crash::Kill);
    world.restart_in(seconds(1));
    world.run(seconds(5));
    world.ask(0, message, Wish::State);
    world.run(seconds(2));
    world.expect(
        "first it is on its way, then delivered",
        world.replies(message) == [state(State::Enroute, false), state(State::Delivered, true)],
    );
    world.settle();
}
