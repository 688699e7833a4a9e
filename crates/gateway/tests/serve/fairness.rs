//! Whose message a carrier gets next: docs/manual/fairness.md on a running gateway, by the order in which messages come.

use smpp::command;
use smpp::pdu::Pdu;
use smpp::status;

use crate::carriers::{arrive, centre};
use crate::client::Client;
use crate::gateway::{Dir, Gateway};

const PAGE: &str = include_str!("../../../../docs/manual/fairness.md");
const TO: &str = "447700901234";

/// Takes the next so many messages; their texts in the order of their coming.
fn taken(carrier: &mut Client, count: usize) -> Vec<String> {
    let take = |number| {
        let message = carrier.next_of(command::SUBMIT_SM);
        let Pdu::SubmitSm(sm) = message.pdu() else {
            panic!("{message:?}");
        };
        let text = String::from_utf8_lossy(sm.short_message).into_owned();
        carrier.take(&message, &format!("{text}-{number}"));
        text
    };
    (0..count).map(take).collect()
}

/// Submits so many messages and waits until all are accepted.
fn flood(customer: &mut Client, count: usize, text: impl Fn(usize) -> String) {
    for number in 0..count {
        customer.submit(TO, &text(number));
    }
    for _ in 0..count {
        let answer = customer.next_of(command::SUBMIT_SM_RESP);
        assert_eq!(answer.header.status, status::OK);
    }
}

#[test]
fn a_flood_of_one_customer_does_not_hold_up_another() {
    const WINDOW: usize = 4;
    let dir = Dir::new("flood");
    let (listener, url) = centre("window=4&tps=500");
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    gateway.logged("bound connector=");

    let mut many = Client::bound(gateway.smpp, "demo", "demopass");
    flood(&mut many, 400, |number| format!("flood {number}"));
    let mut one = Client::bound(gateway.smpp, "demo1", "demopass");
    assert_eq!(one.submitted(TO, "single"), status::OK);

    let mut texts = taken(&mut carrier, 401);
    let place = texts.iter().position(|text| text == "single");
    let place = place.expect("it came");
    // What was in the window already, and one turn of the other.
    assert!(place <= WINDOW + 1, "it came as number {place}");
    texts.remove(place);
    let expected: Vec<String> = (0..400).map(|number| format!("flood {number}")).collect();
    assert_eq!(texts, expected, "the flood keeps its order");
}

#[test]
fn the_page_about_fairness_is_true_of_weights() {
    let (_, rest) = PAGE.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let dir = Dir::new("weights");
    let (listener, url) = centre("window=1");
    let gateway = Gateway::start_with(&dir, example, &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    gateway.logged("bound connector=");

    let mut acme = Client::bound(gateway.smpp, "acme", "s3cr3t-1");
    let mut news = Client::bound(gateway.smpp, "news", "s3cr3t-2");
    flood(&mut acme, 40, |_| "acme".to_owned());
    flood(&mut news, 40, |_| "news".to_owned());
    let texts = taken(&mut carrier, 33);
    // The first was in the window before anybody else waited.
    let of_acme = texts[1..].iter().filter(|text| *text == "acme").count();
    assert_eq!(of_acme, 24, "three quarters of 32: {texts:?}");
}
