//! What happened to one message, and docs/manual/messages.md, command by command.

use crate::asks::{receipt, submitted};
use crate::client::Client;
use crate::ctl::{bindery, demo, run_page_with, said};
use crate::gateway::{Dir, Gateway};

const PAGE: &str = include_str!("../../../../docs/manual/messages.md");
const TO: &str = "447700901234";

/// A message that was delivered and whose receipt was acknowledged: its message_id.
fn delivered(gateway: &Gateway) -> String {
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let id = submitted(&mut client, TO);
    receipt(&mut client, &id);
    // Behind this answer the journal has the acknowledgement.
    submitted(&mut client, TO);
    id
}

/// What the carrier called it.
fn carrier_id(dir: &Dir, id: &str) -> String {
    let output = bindery(dir, &format!("ctl message {id} --json"));
    let said = said(&output);
    let (_, rest) = said
        .split_once("\"carrier_id\":\"")
        .expect("taken by a carrier");
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn the_page_about_messages_is_true() {
    let dir = Dir::new("manual-messages");
    let gateway = demo(&dir);
    let id = delivered(&gateway);
    let words = [
        ("8345012345678901248", &id[..]),
        ("17958532424370001", &carrier_id(&dir, &id)),
    ];
    let examples = run_page_with(&dir, PAGE, &words, |_| ());
    assert_eq!(examples, 5);
}

#[test]
fn a_message_is_found_when_no_gateway_runs() {
    let dir = Dir::new("message-offline");
    let gateway = demo(&dir);
    let id = delivered(&gateway);
    gateway.kill();
    let output = bindery(&dir, &format!("ctl message {id}"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = said(&output);
    assert!(told.contains("ended why=Acknowledged"), "{told}");
    // Nobody is there to say what it is called.
    assert!(told.contains("carrier=#"), "{told}");
    let hexadecimal = format!("{:016x}", id.parse::<u64>().expect("a number"));
    let again = bindery(&dir, &format!("ctl message {hexadecimal}"));
    assert_eq!(said(&again), told);
}

#[test]
fn what_is_no_id_or_no_journal_is_told() {
    let dir = Dir::new("message-wrong");
    let _gateway = demo(&dir);
    for (order, why) in [
        ("ctl message hello", "hello is no message_id"),
        ("ctl message +1", "+1 is no message_id"),
        ("ctl message 99 --carrier sim", "is called 99"),
    ] {
        let output = bindery(&dir, order);
        assert_eq!(output.status.code(), Some(2), "{order}: {output:?}");
        assert!(said(&output).contains(why), "{order}: {}", said(&output));
    }
    let nowhere = crate::gateway::run(&["ctl", "message", "99", "--data-dir", "/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(said(&nowhere).contains("name the data directory with --data-dir"));
}
