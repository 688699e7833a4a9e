//! What subscribers write in parts, as customers want it.

use core::time::Duration;

use engine::{Connector, MoParts};

use crate::world::{Bind, CUSTOMER, World};

/// A customer that gets parts so, and its bind and that of a carrier.
fn world(parts: MoParts) -> (World, Bind, Bind) {
    let mut world = World::new(Connector::default());
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.mo_multipart = parts;
        customer.mo_join_wait = Duration::from_secs(60);
    });
    let (customer, carrier) = (world.customer(), world.carrier(10));
    (world, customer, carrier)
}

fn texts(world: &mut World) -> Vec<String> {
    world.brought().into_iter().map(|mo| mo.text).collect()
}

/// A part as it came, with its header.
fn part(number: u8, total: u8, text: &str) -> String {
    let header = [5, 0, 3, 9, total, number].map(char::from);
    header.iter().collect::<String>() + text
}

/// Shows BUL-42, C-27.
#[test]
fn parts_come_as_they_were_received_or_separate_or_not_at_all() {
    for (wanted, got) in [
        (
            MoParts::AsReceived,
            vec![part(2, 2, "world"), part(1, 2, "hello ")],
        ),
        (
            MoParts::Separate,
            vec!["world".to_owned(), "hello ".to_owned()],
        ),
        (MoParts::Drop, vec![]),
    ] {
        let (mut world, _, carrier) = world(wanted);
        world.mo_part(carrier, (2, 2), "world");
        world.mo_part(carrier, (1, 2), "hello ");
        world.mo(carrier, "STOP");
        let got: Vec<String> = got.into_iter().chain(["STOP".to_owned()]).collect();
        assert_eq!(texts(&mut world), got, "{wanted:?}");
    }
}

#[test]
fn parts_are_one_message_when_all_are_there() {
    let (mut world, _, carrier) = world(MoParts::Join);
    world.mo_part(carrier, (3, 3), "!");
    world.mo_part(carrier, (1, 3), "hello ");
    world.mo(carrier, "STOP");
    assert_eq!(texts(&mut world), ["STOP"]);
    world.compact();
    world.crash();
    let (customer, carrier) = (world.customer(), world.carrier(10));
    assert_eq!(texts(&mut world), ["STOP"], "it was not acknowledged");
    // The carrier did not hear that we have it.
    world.mo_part(carrier, (1, 3), "hello ");
    world.mo_part(carrier, (2, 3), "world");
    let brought = world.brought_one();
    assert_eq!(brought.text, "hello world!");
    world.acknowledge_mo(customer, &brought);
    assert_eq!(world.figures().messages, 1);
}

#[test]
fn parts_whose_others_do_not_come_are_not_kept_back() {
    let (mut world, _, carrier) = world(MoParts::Join);
    world.mo_part(carrier, (2, 3), "world");
    world.wait(Duration::from_secs(59));
    assert_eq!(texts(&mut world), Vec::<String>::new());
    world.wait(Duration::from_secs(2));
    assert_eq!(texts(&mut world), [part(2, 3, "world")]);
    // What comes now waits for others again.
    world.mo_part(carrier, (1, 3), "hello ");
    assert_eq!(texts(&mut world), Vec::<String>::new());
    world.wait(Duration::from_secs(61));
    assert_eq!(texts(&mut world), [part(1, 3, "hello ")]);
}

#[test]
fn a_number_that_comes_again_with_another_text_begins_another_message() {
    let (mut world, _, carrier) = world(MoParts::Join);
    world.mo_part(carrier, (1, 2), "old");
    world.mo_part(carrier, (1, 2), "new ");
    assert_eq!(texts(&mut world), [part(1, 2, "old")]);
    world.mo_part(carrier, (2, 2), "text");
    assert_eq!(texts(&mut world), ["new text"]);
}

#[test]
fn a_part_that_waits_longer_for_others_than_it_may_for_its_customer_comes_all_the_same() {
    let (mut world, _, carrier) = world(MoParts::Join);
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER).expect("it is there");
        customer.mo_ttl = Duration::from_secs(30);
    });
    world.mo_part(carrier, (1, 2), "hello ");
    world.wait(Duration::from_secs(61));
    assert_eq!(texts(&mut world), [part(1, 2, "hello ")]);
}
