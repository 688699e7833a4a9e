//! Receipts that wait, and docs/manual/receipts.md, command by command.

use serde_json::Value;
use smpp::command;
use smpp::status;

use crate::asks::{self, submitted};
use crate::carriers::{arrive, centre};
use crate::client::Client;
use crate::ctl::{bindery, run_page_with, said};
use crate::gateway::{Dir, Gateway};

const PAGE: &str = include_str!("../../../../docs/manual/receipts.md");
const TO: &str = "447700900123";

/// A list of receipts, as a script reads it.
#[track_caller]
fn listed(dir: &Dir, list: &str) -> Vec<Value> {
    let output = bindery(dir, &format!("ctl receipts {list} --json"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = said(&output);
    let line = |line| serde_json::from_str(line).expect("an object");
    said.lines()
        .filter(|line| !line.is_empty())
        .map(line)
        .collect()
}

#[test]
fn the_page_about_receipts_is_true() {
    let dir = Dir::new("manual-receipts");
    let (listener, url) = centre("window=5");
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    let message = submitted(&mut customer, TO);
    let sent = carrier.next_of(command::SUBMIT_SM);
    carrier.take(&sent, "42");
    // It says something else than it did when it took the message.
    assert_eq!(carrier.report("1000042", TO), status::OK);
    drop(customer);
    gateway.counted("bindery_binds{peer=\"demo\",side=\"customer\"}", 0);

    let unmatched = listed(&dir, "unmatched --carrier carrier1");
    let receipt = unmatched[0]["id"].as_str().expect("an id").to_owned();
    let words = [
        ("8345012345678905344", &receipt[..]),
        ("8345012345678901248", &message[..]),
    ];
    assert_eq!(run_page_with(&dir, PAGE, &words, |_| ()), 5);

    assert_eq!(listed(&dir, "unmatched"), Vec::<Value>::new());
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    asks::receipt(&mut customer, &message);
    let journey = said(&bindery(&dir, &format!("ctl message {message}")));
    assert!(journey.contains("by an operator"), "{journey}");
}

#[test]
fn a_script_is_told_that_its_list_is_cut() {
    let dir = Dir::new("receipts-cut");
    let (listener, url) = centre("window=5");
    let _gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    for id in 0..1002 {
        assert_eq!(carrier.report(&format!("{id}"), TO), status::OK);
    }
    let output = bindery(&dir, "ctl receipts unmatched --json");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        output
            .stdout
            .iter()
            .filter(|octet| **octet == b'\n')
            .count(),
        1000
    );
    assert_eq!(output.stderr, b"bindery: 2 more are not shown\n");
}

#[test]
fn a_receipt_that_no_message_fits_stays_where_it_is() {
    let dir = Dir::new("receipts-stay");
    let (listener, url) = centre("window=5");
    let _gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    assert_eq!(carrier.report("1000042", TO), status::OK);
    let receipt = listed(&dir, "unmatched")[0]["id"].clone();
    let receipt = receipt.as_str().expect("an id");
    for (order, code, why) in [
        (format!("rematch {receipt}"), 1, "no message fits"),
        (
            format!("rematch {receipt} --to 5"),
            2,
            "no message 5 waits for a receipt",
        ),
        (
            format!("rematch {receipt} --to five"),
            2,
            "five is no id of a message",
        ),
        ("rematch 7".to_owned(), 2, receipt),
        ("rematch seven".to_owned(), 2, receipt),
        (
            "unmatched --carrier carrier2".to_owned(),
            2,
            "did you mean carrier1?",
        ),
        ("parked --customer dmo".to_owned(), 2, "did you mean demo?"),
    ] {
        let output = bindery(&dir, &format!("ctl receipts {order}"));
        assert_eq!(output.status.code(), Some(code), "{order}: {output:?}");
        assert!(said(&output).contains(why), "{order}: {}", said(&output));
    }
    assert_eq!(listed(&dir, "unmatched").len(), 1);
}
