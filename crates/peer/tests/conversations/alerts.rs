//! Customers hear that a subscriber is back.

use smpp::Version;

use crate::customer::{account, bound, transceiver};

#[test]
fn an_alert_of_a_carrier_is_passed_on_as_it_came() {
    transceiver(
        "
        engine alerts 1 from=1/1/4478 to=0/0/80888 availability=0
        -> alert_notification 1 from=1/1/4478 to=0/0/80888 availability=0
        ",
    );
}

#[test]
fn a_3_3_bind_cannot_be_told_of_an_alert() {
    bound(
        account(),
        "receiver",
        Version::V33,
        "
        engine alerts 1 from=1/1/4478 to=0/0/80888
        => alert dropped
        ",
    );
}

#[test]
fn alerts_do_not_pile_up_for_whoever_does_not_read() {
    // A header, and two addresses that end in a NUL.
    let octets = 16 + (2 + 4 + 1) + (2 + 5 + 1);
    let fit = (16 << 10) / octets + 1;
    let said = (1..=fit)
        .map(|n| format!("-> alert_notification {n} from=1/1/4478 to=0/0/80888\n"))
        .collect::<String>();
    let asked = fit + 2;
    transceiver(&format!(
        "engine alerts {asked} from=1/1/4478 to=0/0/80888
        => alert dropped
        => alert dropped
        {said}"
    ));
}
