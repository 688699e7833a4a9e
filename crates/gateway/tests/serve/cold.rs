//! So much waits for a carrier that most of it waits on the disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use smpp::command;
use smpp::pdu::{Pdu, ReplaceSm, Sm};
use smpp::status;
use sms::Address;

use crate::asks::{cancel, receipt};
use crate::client::Client;
use crate::ctl::{bindery, said};
use crate::gateway::{Dir, Gateway, PATIENCE, run};

/// Of a lane 40 messages wait in memory, and 10 at a time go to the disk.
const CONFIG: &str = "[gateway]\nlane_hot_max = 40\nlane_hot_for = \"0s\"";
const DEEP: usize = 300;

/// What the customer submits waits, most of it on the disk; the ids that it was told.
fn deep(dir: &Dir) -> (Gateway, BTreeSet<String>) {
    let gateway = Gateway::start(dir, CONFIG);
    let held = bindery(dir, "ctl lanes hold sim --customer demo");
    assert!(held.status.success(), "{}", said(&held));
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let ids = (0..DEEP).map(|_| {
        client.submit("33612345678", "hello");
        let came = client.next_of(command::SUBMIT_SM_RESP);
        assert_eq!(came.header.status, status::OK);
        match came.pdu() {
            Pdu::SubmitSmResp(response) => String::from_utf8_lossy(response.message_id).into(),
            other => panic!("{other:?}"),
        }
    });
    let ids: BTreeSet<String> = ids.collect();
    assert_eq!(ids.len(), DEEP);
    let until = Instant::now() + PATIENCE;
    while files(dir).len() < 20 {
        assert!(Instant::now() < until, "only {:?}", files(dir));
    }
    (gateway, ids)
}

fn files(dir: &Dir) -> Vec<PathBuf> {
    let all = fs::read_dir(dir.path().join("data")).expect("the data directory");
    let paths = all.map(|file| file.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "cold"))
        .collect()
}

#[test]
fn what_waits_on_the_disk_is_sent_after_a_kill_and_once() {
    let dir = Dir::new("cold-kill");
    let (gateway, mut ids) = deep(&dir);
    gateway.kill();
    let gateway = Gateway::start(&dir, CONFIG);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let freed = bindery(&dir, "ctl lanes release sim --customer demo");
    assert!(freed.status.success(), "{}", said(&freed));
    for _ in 0..DEEP {
        let receipt = client.next_of(command::DELIVER_SM);
        client.acknowledge(&receipt);
        let Pdu::DeliverSm(sm) = receipt.pdu() else {
            unreachable!("it was waited for");
        };
        let text = String::from_utf8_lossy(sm.short_message).into_owned();
        let id = text
            .strip_prefix("id:")
            .and_then(|text| text.split(' ').next());
        assert!(ids.remove(id.expect("an id")), "{text}");
        assert!(text.contains("stat:DELIVRD"), "{text}");
    }
    gateway.counted("bindery_messages_waiting", 0);
    let until = Instant::now() + PATIENCE;
    while !files(&dir).is_empty() {
        assert!(Instant::now() < until, "{:?} are left", files(&dir));
    }
}

#[test]
fn without_a_file_of_waiting_messages_nothing_starts() {
    let dir = Dir::new("cold-missing");
    let (gateway, _) = deep(&dir);
    gateway.kill();
    let config = dir.path().join("bindery.toml").display().to_string();
    let data = dir.path().join("data").display().to_string();
    let lost = files(&dir);
    for file in &lost {
        fs::remove_file(file).expect("it is there");
    }
    let output = run(&["serve", "--demo", "--config", &config, "--data-dir", &data]);
    assert!(!output.status.success());
    let told = said(&output);
    let named = lost
        .iter()
        .any(|file| told.contains(&file.display().to_string()));
    assert!(named && told.contains("put it back"), "{told}");
}

/// Five hours from when it is said.
const LATER: &[u8] = b"000000050000000R";

#[test]
fn a_schedule_waits_on_the_disk_and_stays_in_the_hands_of_its_customer_after_a_kill() {
    let dir = Dir::new("cold-schedule");
    let gateway = Gateway::start(&dir, CONFIG);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let address = |digits: &'static [u8]| Address {
        ton: 1,
        npi: 1,
        digits,
    };
    let ids = (0..2000).map(|_| {
        client.ask(&Pdu::SubmitSm(Sm {
            source: address(b"12345"),
            destination: address(b"33612345678"),
            schedule_delivery_time: LATER,
            registered_delivery: 1,
            short_message: b"hello",
            ..Sm::default()
        }));
        let came = client.next_of(command::SUBMIT_SM_RESP);
        match came.pdu() {
            Pdu::SubmitSmResp(response) => String::from_utf8_lossy(response.message_id).into(),
            other => panic!("{other:?}"),
        }
    });
    let ids: Vec<String> = ids.collect();
    let until = Instant::now() + PATIENCE;
    while files(&dir).len() < 100 {
        assert!(Instant::now() < until, "only {}", files(&dir).len());
    }
    gateway.kill();

    let gateway = Gateway::start(&dir, CONFIG);
    gateway.counted("bindery_messages_waiting", 2000);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let listed = said(&bindery(&dir, "ctl lanes"));
    assert!(
        listed.contains("later") && listed.contains("2000"),
        "{listed}"
    );
    let (one, other) = (&ids[700], &ids[701]);
    assert_eq!(client.query(one), status::OK);
    assert_eq!(cancel(&mut client, one), status::OK);
    assert!(receipt(&mut client, one).contains("stat:DELETED"));
    client.ask(&Pdu::ReplaceSm(ReplaceSm {
        message_id: other.as_bytes(),
        schedule_delivery_time: b"000000000001000R",
        registered_delivery: 1,
        short_message: b"now",
        ..ReplaceSm::default()
    }));
    let answer = client.next_of(command::REPLACE_SM_RESP);
    assert_eq!(answer.header.status, status::OK);
    let text = receipt(&mut client, other);
    assert!(
        text.contains("stat:DELIVRD") && text.ends_with("text:now"),
        "{text}"
    );
    gateway.counted("bindery_messages_waiting", 1998);
}

#[test]
fn a_damaged_file_of_waiting_messages_is_given_up_by_name_and_all_others_are_sent() {
    let dir = Dir::new("cold-damaged");
    let (gateway, _) = deep(&dir);
    gateway.kill();
    let mut all = files(&dir);
    all.sort();
    // The third is read long before the last one.
    let (damaged, sound) = (&all[2], all[all.len() - 1].display().to_string());
    let mut octets = fs::read(damaged).expect("it is there");
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(damaged, octets).expect("it can be written");
    let name = damaged.display().to_string();

    let gateway = Gateway::start(&dir, CONFIG);
    // It may end before it answers.
    bindery(&dir, "ctl lanes release sim --customer demo");
    let told = gateway.logged("cannot be used");
    assert!(told.contains("--give-up"), "{told}");
    gateway.logged(&name);
    assert_eq!(gateway.ended().code(), Some(3));

    let config = dir.path().join("bindery.toml").display().to_string();
    let data = dir.path().join("data").display().to_string();
    let start = ["serve", "--demo", "--config", &config, "--data-dir", &data];
    let refused = run(&[&start[..], &["--give-up", &sound]].concat());
    assert!(said(&refused).contains("not damaged"), "{}", said(&refused));

    let gateway = Gateway::start_with(&dir, CONFIG, &["--give-up", &name]);
    let told = gateway.logged("messages are lost");
    assert!(
        told.contains("messages=10") && told.contains("demo"),
        "{told}"
    );
    gateway.counted("bindery_messages_waiting", 0);
    assert!(!damaged.exists());
    gateway.kill();
    // Who has the order in a unit is not kept from starting.
    let gateway = Gateway::start_with(&dir, CONFIG, &["--give-up", &name]);
    gateway.logged("no message waits in the file");
}
