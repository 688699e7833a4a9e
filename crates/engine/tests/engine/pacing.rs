//! How a carrier is treated that refuses for now, is overrun, or does not answer.

use core::time::Duration;

use engine::{Connector, RefusalClass};
use sms::State;

use crate::world::{Bind, FINAL, Sent, World};

const TO: &str = "447700900123";
const SECOND: Duration = Duration::from_secs(1);

/// A message that the carrier refuses so: how long until it is sent again.
fn sent_again_after(rules: Connector, class: RefusalClass) -> Duration {
    let mut world = World::new(rules);
    let (customer, carrier) = (world.customer(), world.carrier(10));
    let key = world.submit(customer, TO, FINAL);
    let sent = world.sent_one();
    world.refuse(carrier, &sent, class);
    let mut waited = Duration::ZERO;
    while waited < 100 * SECOND {
        if let [again] = &world.sent()[..] {
            assert_eq!(again.key, key);
            return waited;
        }
        world.wait(SECOND);
        waited += SECOND;
    }
    panic!("it is never sent again");
}

#[test]
fn a_carrier_that_is_overrun_and_a_destination_that_is_busy_have_a_rest() {
    use RefusalClass::{DestinationBusy, LinkFault, Throttled};
    let usual = Connector::default;
    assert_eq!(sent_again_after(usual(), Throttled), SECOND);
    assert_eq!(sent_again_after(usual(), LinkFault), SECOND);
    assert_eq!(sent_again_after(usual(), DestinationBusy), 5 * SECOND);
    let patient = || Connector {
        throttle_wait: 7 * SECOND,
        busy_wait: 30 * SECOND,
        ..Connector::default()
    };
    assert_eq!(sent_again_after(patient(), Throttled), 7 * SECOND);
    assert_eq!(sent_again_after(patient(), LinkFault), 7 * SECOND);
    assert_eq!(sent_again_after(patient(), DestinationBusy), 30 * SECOND);
}

/// How many of a hundred messages go out in the second after a carrier without an agreed rate complained. It had twenty at once.
fn sent_after(complaint: impl FnOnce(&mut World, Bind, &[Sent])) -> usize {
    let mut world = World::new(Connector {
        throttle_wait: Duration::from_millis(100),
        ..Connector::default()
    });
    let (customer, carrier) = (world.customer(), world.carrier(1_000));
    for _ in 0..20 {
        world.submit(customer, TO, FINAL);
    }
    let first = world.sent();
    assert_eq!(first.len(), 20);
    complaint(&mut world, carrier, &first);
    for _ in 0..100 {
        world.submit(customer, TO, FINAL);
    }
    for _ in 0..100 {
        world.wait(Duration::from_millis(10));
    }
    world.sent().len()
}

#[test]
fn a_carrier_without_an_agreed_rate_is_slowed_by_what_it_was_sent() {
    let nothing = sent_after(|_, _, _| {});
    assert_eq!(nothing, 100);
    let refused = sent_after(|world, carrier, sent| {
        world.refuse(carrier, &sent[0], RefusalClass::Throttled);
    });
    assert!((8..=11).contains(&refused), "{refused} after RTHROTTLED");
    let congested = sent_after(|world, carrier, _| world.load(carrier, 100));
    assert!((9..=11).contains(&congested), "{congested} at 100");
    let nearly = sent_after(|world, carrier, _| world.load(carrier, 90));
    assert!((16..=19).contains(&nearly), "{nearly} at 90");
    let busy = sent_after(|world, carrier, _| world.load(carrier, 80));
    assert_eq!(busy, 100, "it likes to be as busy as that");
}

#[test]
fn a_vague_refusal_is_believed_after_as_many_tries_as_agreed() {
    for vague_tries in [1, 5] {
        let mut world = World::new(Connector {
            vague_tries,
            retry: vec![SECOND],
            ..Connector::default()
        });
        let (customer, carrier) = (world.customer(), world.carrier(10));
        let key = world.submit(customer, TO, FINAL);
        for left in (0..vague_tries).rev() {
            let sent = world.sent_one();
            world.refuse(carrier, &sent, RefusalClass::Vague);
            let told = if left == 0 {
                vec![(key, State::Rejected)]
            } else {
                vec![]
            };
            assert_eq!(world.news(), told, "{left} tries left of {vague_tries}");
            world.wait(SECOND);
        }
        assert_eq!(world.sent(), []);
    }
}

#[test]
fn what_stays_silent_is_sent_again_as_often_as_agreed() {
    for resend_max in [0, 3] {
        let mut world = World::new(Connector {
            resend_max,
            late_wait: SECOND,
            ..Connector::default()
        });
        let (customer, carrier) = (world.customer(), world.carrier(10));
        let key = world.submit(customer, TO, FINAL);
        for _ in 0..=resend_max {
            assert_eq!(world.news(), []);
            let sent = world.sent_one();
            world.silence(carrier, &sent);
            world.wait(SECOND);
        }
        assert_eq!(world.sent(), [], "{resend_max}");
        assert_eq!(world.news(), [(key, State::Unknown)], "{resend_max}");
    }
}
