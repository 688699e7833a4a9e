//! Carriers and customers come and go while their messages wait: docs/manual/reload.md, step by step on a running gateway.

use std::net::TcpListener;

use smpp::command;
use smpp::pdu::Pdu;
use smpp::status;

use crate::carriers::{arrive, centre};
use crate::client::{Came, Client};
use crate::gateway::{Dir, Gateway, run};

const PAGE: &str = include_str!("../../../../docs/manual/reload.md");
const TO: &str = "447700901234";

/// The configuration that stands under this heading, with carriers that the test plays.
#[track_caller]
fn step(heading: &str, old: &TcpListener, new: &TcpListener) -> String {
    let (_, rest) = PAGE
        .split_once(&format!("\n## {heading}\n"))
        .expect("the heading");
    let (_, rest) = rest.split_once("```toml\n").expect("a configuration");
    let (text, _) = rest.split_once("```").expect("its end");
    let address = |of: &TcpListener| of.local_addr().expect("it has one").to_string();
    text.replace("old.example.net:2775", &address(old))
        .replace("new.example.net:2775", &address(new))
}

/// The next message, and what it says.
#[track_caller]
fn message(carrier: &mut Client) -> (Came, String) {
    let came = carrier.next_of(command::SUBMIT_SM);
    let Pdu::SubmitSm(sm) = came.pdu() else {
        panic!("{came:?}");
    };
    let text = String::from_utf8_lossy(sm.short_message).into_owned();
    (came, text)
}

#[test]
fn the_page_about_reloads_is_true() {
    let dir = Dir::new("manual-reload");
    let ((first, _), (second, _)) = (centre(""), centre(""));
    let follow = |heading| {
        dir.write("bindery.toml", &step(heading, &first, &second));
        let data = dir.path().join("data").display().to_string();
        let reload = run(&["reload", "--data-dir", &data]);
        assert_eq!(reload.status.code(), Some(0), "{reload:?}");
    };

    let gateway = Gateway::start(&dir, &step("Begin", &first, &second));
    let (mut old, bind) = arrive(&first);
    old.accept_bind(&bind);
    gateway.logged("bound connector=\"old\"");
    let mut acme = Client::bound(gateway.smpp, "acme", "s3cr3t-1");
    let mut news = Client::bound(gateway.smpp, "news", "s3cr3t-2");
    for text in ["a1", "a2", "a3", "a4"] {
        assert_eq!(acme.submitted(TO, text), status::OK);
    }
    assert_eq!(news.submitted(TO, "n1"), status::OK);

    follow("Close the old carrier");
    news.end();
    let (mut new, bind) = arrive(&second);
    new.accept_bind(&bind);
    gateway.logged("bound connector=\"new\"");
    assert_eq!(acme.submitted(TO, "a5"), status::OK);
    let (came, text) = message(&mut new);
    assert_eq!(text, "a5");
    new.take(&came, "new-1");
    for expected in ["a1", "a2", "n1"] {
        let (came, text) = message(&mut old);
        assert_eq!(text, expected);
        old.take(&came, expected);
    }
    assert_eq!(old.report("a1", TO), status::OK);
    let receipt = acme.next_of(command::DELIVER_SM);
    acme.acknowledge(&receipt);

    // One message is unanswered and one waits.
    assert_eq!(message(&mut old).1, "a3");
    follow("Remove it");
    old.next_of(command::UNBIND);
    let (came, text) = message(&mut new);
    assert_eq!(text, "a4");
    new.take(&came, "new-2");
    assert_eq!(acme.submitted(TO, "a6"), status::OK);
    assert_eq!(message(&mut new).1, "a6");
}
