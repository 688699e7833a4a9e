//! The demo's magic numbers, each as its table says.

use std::time::{Duration, Instant};

use smpp::command;
use smpp::pdu::Pdu;
use smpp::status;

use crate::client::Client;
use crate::gateway::{Dir, Gateway};

/// Of every number here; the ending follows.
const PREFIX: &str = "44770090";

/// What came to the customer: a receipt, or a message from a subscriber.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Came {
    Receipt {
        id: String,
        stat: String,
        err: String,
    },
    Reply {
        from: String,
        text: String,
    },
}

fn receipt(id: &str, stat: &str, err: &str) -> Came {
    let [id, stat, err] = [id, stat, err].map(str::to_owned);
    Came::Receipt { id, stat, err }
}

/// Submits a message and gives back its message_id.
#[track_caller]
fn submit(client: &mut Client, to: &str, text: &str) -> String {
    client.submit(to, text);
    let answer = client.next_of(command::SUBMIT_SM_RESP);
    assert_eq!(answer.header.status, status::OK, "{to}");
    match answer.pdu() {
        Pdu::SubmitSmResp(response) => String::from_utf8_lossy(response.message_id).into_owned(),
        other => panic!("{other:?}"),
    }
}

/// The next that comes, acknowledged.
fn next(client: &mut Client) -> Came {
    let came = client.next_of(command::DELIVER_SM);
    client.acknowledge(&came);
    let Pdu::DeliverSm(sm) = came.pdu() else {
        panic!("{came:?}");
    };
    let text = String::from_utf8_lossy(sm.short_message).into_owned();
    if sm.esm_class & 0x3C == 0 {
        let from = String::from_utf8_lossy(sm.source.digits).into_owned();
        return Came::Reply { from, text };
    }
    let field = |name: &str| {
        let rest = text.split(name).nth(1).expect("the field");
        rest.split(' ').next().unwrap_or_default().to_owned()
    };
    Came::Receipt {
        id: field("id:"),
        stat: field("stat:"),
        err: field("err:"),
    }
}

#[test]
fn each_ending_ends_as_the_table_says() {
    let dir = Dir::new("magic");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let submitted = Instant::now();
    let mut expected = Vec::new();
    for (ending, stat, err) in [
        ("0001", "REJECTD", "011"),
        ("0002", "UNDELIV", "001"),
        ("0003", "EXPIRED", "000"),
        ("0004", "DELIVRD", "000"),
        ("0006", "DELIVRD", "000"),
        ("0009", "DELIVRD", "000"),
        ("1234", "DELIVRD", "000"),
        ("0010", "DELIVRD", "000"),
    ] {
        let id = submit(&mut client, &format!("{PREFIX}{ending}"), "stressed");
        expected.push(receipt(&id, stat, err));
    }
    // These have a minute before anything is heard of them.
    for ending in ["0005", "0007", "0008"] {
        submit(&mut client, &format!("{PREFIX}{ending}"), "x");
    }
    expected.push(Came::Reply {
        from: format!("{PREFIX}0009"),
        text: "desserts".to_owned(),
    });
    for _ in 0..expected.len() {
        let came = next(&mut client);
        let place = expected.iter().position(|expected| *expected == came);
        expected.remove(place.unwrap_or_else(|| panic!("{came:?} is none of {expected:?}")));
    }
    let took = submitted.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn the_load_tools_customer_has_no_magic_numbers() {
    let dir = Dir::new("no-magic");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "load", "loadpass");
    let mut expected: Vec<Came> = (1..=9)
        .map(|ending| submit(&mut client, &format!("{PREFIX}000{ending}"), "x"))
        .map(|id| receipt(&id, "DELIVRD", "000"))
        .collect();
    for _ in 0..expected.len() {
        let came = next(&mut client);
        assert!(expected.contains(&came), "{came:?}");
        expected.retain(|expected| *expected != came);
    }
}

/// The demo's slow endings with the minute made short; the figures of the demo itself are in the directory's tests.
const HASTE: &str = r#"
[[connector]]
name = "sim-odd"
simulated = true
response_timeout = "1s"
late_wait = "0s"
in_doubt = "hold 1s"

[[route]]
name = "held"
ending = "0008"
delay = "1s"
targets = ["sim-odd"]
"#;

#[test]
fn a_message_that_nobody_answers_ends_unknown() {
    let dir = Dir::new("magic-0005");
    let gateway = Gateway::start(&dir, HASTE);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let submitted = Instant::now();
    let id = submit(&mut client, &format!("{PREFIX}0005"), "x");
    assert_eq!(next(&mut client), receipt(&id, "UNKNOWN", "000"));
    assert!(submitted.elapsed() >= Duration::from_secs(2));
    let silent = "bindery_requests_silent_total{peer=\"sim-odd\",side=\"connector\"}";
    gateway.counted(silent, 1);
}

#[test]
fn a_held_message_is_sent_when_its_time_has_come() {
    let dir = Dir::new("magic-0008");
    let gateway = Gateway::start(&dir, HASTE);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let submitted = Instant::now();
    let id = submit(&mut client, &format!("{PREFIX}0008"), "x");
    assert_eq!(next(&mut client), receipt(&id, "DELIVRD", "000"));
    // One second held, one until the simulated carrier's receipt.
    assert!(submitted.elapsed() >= Duration::from_secs(2));
}
