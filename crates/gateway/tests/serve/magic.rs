//! The demo's magic numbers, each as its table says.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use smpp::pdu::Pdu;
use smpp::status;

use crate::client::{self, Client};
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

/// A customer who keeps what comes while it waits for an answer.
struct Customer {
    client: Client,
    came: VecDeque<Came>,
}

impl Customer {
    fn bound(gateway: &Gateway, system_id: &str, password: &str) -> Customer {
        Customer {
            client: Client::bound(gateway.smpp, system_id, password),
            came: VecDeque::new(),
        }
    }

    /// Submits a message and gives back its message_id.
    #[track_caller]
    fn submit(&mut self, to: &str, text: &str) -> String {
        self.client.submit(to, text);
        loop {
            let answer = self.client.next();
            let Pdu::SubmitSmResp(response) = answer.pdu() else {
                self.take(&answer);
                continue;
            };
            assert_eq!(answer.header.status, status::OK, "{to}");
            return String::from_utf8_lossy(response.message_id).into_owned();
        }
    }

    /// The next that comes, or came.
    #[track_caller]
    fn next(&mut self) -> Came {
        loop {
            if let Some(came) = self.came.pop_front() {
                return came;
            }
            let request = self.client.next();
            self.take(&request);
        }
    }

    /// A delivery is acknowledged and kept.
    fn take(&mut self, request: &client::Came) {
        let Pdu::DeliverSm(sm) = request.pdu() else {
            panic!("{request:?}");
        };
        self.client.acknowledge(request);
        let text = String::from_utf8_lossy(sm.short_message).into_owned();
        if sm.esm_class & 0x3C == 0 {
            let from = String::from_utf8_lossy(sm.source.digits).into_owned();
            self.came.push_back(Came::Reply { from, text });
            return;
        }
        let field = |name: &str| {
            let rest = text.split(name).nth(1).expect("the field");
            rest.split(' ').next().unwrap_or_default()
        };
        let told = receipt(field("id:"), field("stat:"), field("err:"));
        self.came.push_back(told);
    }
}

#[test]
fn each_ending_ends_as_the_table_says() {
    let dir = Dir::new("magic");
    let gateway = Gateway::start(&dir, "");
    let mut customer = Customer::bound(&gateway, "demo", "demopass");
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
        let id = customer.submit(&format!("{PREFIX}{ending}"), "stressed");
        expected.push(receipt(&id, stat, err));
    }
    // These have a minute before anything is heard of them.
    for ending in ["0005", "0007", "0008"] {
        customer.submit(&format!("{PREFIX}{ending}"), "x");
    }
    expected.push(Came::Reply {
        from: format!("{PREFIX}0009"),
        text: "desserts".to_owned(),
    });
    for _ in 0..expected.len() {
        let came = customer.next();
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
    let mut customer = Customer::bound(&gateway, "load", "loadpass");
    let mut expected: Vec<Came> = (1..=9)
        .map(|ending| customer.submit(&format!("{PREFIX}000{ending}"), "x"))
        .map(|id| receipt(&id, "DELIVRD", "000"))
        .collect();
    for _ in 0..expected.len() {
        let came = customer.next();
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
    let mut customer = Customer::bound(&gateway, "demo", "demopass");
    let submitted = Instant::now();
    let id = customer.submit(&format!("{PREFIX}0005"), "x");
    assert_eq!(customer.next(), receipt(&id, "UNKNOWN", "000"));
    assert!(submitted.elapsed() >= Duration::from_secs(2));
    let silent = "bindery_requests_silent_total{peer=\"sim-odd\",side=\"connector\"}";
    gateway.counted(silent, 1);
}

#[test]
fn a_held_message_is_sent_when_its_time_has_come() {
    let dir = Dir::new("magic-0008");
    let gateway = Gateway::start(&dir, HASTE);
    let mut customer = Customer::bound(&gateway, "demo", "demopass");
    let submitted = Instant::now();
    let id = customer.submit(&format!("{PREFIX}0008"), "x");
    assert_eq!(customer.next(), receipt(&id, "DELIVRD", "000"));
    // One second held, one until the simulated carrier's receipt.
    assert!(submitted.elapsed() >= Duration::from_secs(2));
}
