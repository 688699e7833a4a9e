//! What an operator sees of lanes and does to them, and docs/manual/lanes.md, command by command.

use smpp::command;
use smpp::pdu::Pdu;
use smpp::status;

use crate::client::Client;
use crate::ctl::{bindery, demo, run_page, said};
use crate::gateway::Dir;

const PAGE: &str = include_str!("../../../../docs/manual/lanes.md");
const TO: &str = "447700901234";

#[test]
fn the_page_about_lanes_is_true() {
    let dir = Dir::new("manual-lanes");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let examples = run_page(&dir, PAGE, |command| {
        if command == "ctl lanes hold sim --customer demo" {
            for to in [TO, "33612345678", TO] {
                assert_eq!(client.submitted(to, "hello"), status::OK);
            }
        }
    });
    assert_eq!(examples, 8);
    let receipts = [(); 3].map(|()| {
        let receipt = client.next_of(command::DELIVER_SM);
        client.acknowledge(&receipt);
        match receipt.pdu() {
            Pdu::DeliverSm(sm) => String::from_utf8_lossy(sm.short_message).into_owned(),
            other => panic!("{other:?}"),
        }
    });
    for (state, count) in [("DELETED", 2), ("DELIVRD", 1)] {
        let found = receipts.iter().filter(|text| text.contains(state));
        assert_eq!(found.count(), count, "{receipts:?}");
    }
}

#[test]
fn a_lane_that_is_wrongly_named_is_not_touched() {
    let dir = Dir::new("lanes-wrong");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    for (order, why) in [
        (
            "ctl lanes hold simm",
            "simm is no carrier; did you mean sim?",
        ),
        (
            "ctl lanes hold sim --customer dmo",
            "dmo is no customer; did you mean demo?",
        ),
        ("ctl lanes move sim sim", "they wait for sim already"),
        (
            "ctl lanes purge sim --customer dmo",
            "dmo is no customer; did you mean demo?",
        ),
        (
            "ctl lanes purge sim --older-than yesterday",
            "invalid value 'yesterday' for '--older-than <TIME>'",
        ),
        ("ctl lanes hodl sim", "a similar subcommand exists: 'hold'"),
    ] {
        let output = bindery(&dir, order);
        assert_eq!(output.status.code(), Some(2), "{order}: {output:?}");
        assert!(said(&output).contains(why), "{order}: {}", said(&output));
    }
    assert_eq!(client.submitted(TO, "hello"), status::OK);
    client.next_of(command::DELIVER_SM);
}
