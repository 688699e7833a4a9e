//! That a subscriber is back: who hears of it.

use engine::{BindKind, Connector};

use crate::world::{Bind, CUSTOMER, NUMBER, World};

/// A customer with two sessions that receive, and one that does not and is the oldest.
fn three() -> (World, Bind, [Bind; 2]) {
    let mut world = World::new(Connector::default());
    let carrier = world.carrier(1000);
    world.transmitter();
    let mut receiver = || world.customer_bind(BindKind::Receiver).expect("a bind");
    let receivers = [receiver(), receiver()];
    (world, carrier, receivers)
}

#[test]
fn the_oldest_session_that_can_receive_hears_of_it() {
    let (mut world, carrier, [older, newer]) = three();
    assert_eq!(world.alert(carrier, NUMBER), [older.slot()]);
    world.unbind(older);
    assert_eq!(world.alert(carrier, NUMBER), [newer.slot()]);
    assert_eq!(world.figures().alerts_dropped, 0);
}

#[test]
fn whoever_is_not_there_never_hears_of_it() {
    let (mut world, carrier, receivers) = three();
    for bind in receivers {
        world.unbind(bind);
    }
    assert_eq!(world.alert(carrier, NUMBER), []);
    assert_eq!(world.figures().alerts_dropped, 1);
    world.customer_bind(BindKind::Receiver).expect("a bind");
    assert_eq!(world.alerted(), [], "it did not wait");
}

/// Shows BUL-47.
#[test]
fn nobody_hears_of_it_whose_number_it_is_not_or_who_does_not_want_to() {
    let (mut world, carrier, _) = three();
    assert_eq!(world.alert(carrier, "80889"), []);
    world.change(|directory| {
        let customer = directory.customers.get_mut(&CUSTOMER);
        customer.expect("it is there").alerts = false;
    });
    assert_eq!(world.alert(carrier, NUMBER), []);
    assert_eq!(world.figures().alerts_dropped, 2);
}

#[test]
fn an_alert_that_could_not_be_said_is_counted() {
    let (mut world, ..) = three();
    world.alert_dropped();
    assert_eq!(world.figures().alerts_dropped, 1);
}
