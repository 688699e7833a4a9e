//! Customers that pay, service by service (C-19): what their credit buys, and how they are told that there is none.

use smpp::pdu::{CancelSm, Pdu, Sm};
use smpp::status::{self, Status};
use sms::Address;

use super::{Carrier, Dir, Esme, Gateway, PASSWORD, Service, to_subscriber};
use crate::carriers;

/// A customer with each vendor's preset that pays, as the service would set it up.
const PREPAID: &str = "
    [[customer]]
    name = 'pay-mobivate'
    preset = 'mobivate'
    password = 'demopass'
    credits = 'prepaid'
    [[customer]]
    name = 'pay-mta'
    preset = 'mta'
    password = 'demopass'
    source_policy = 'any'
    credits = 'prepaid'
    [[topup]]
    id = 1
    customer = 'pay-mta'
    amount = 3
    [[customer]]
    name = 'pay-messangi'
    preset = 'messangi'
    password = 'demopass'
    credits = 'prepaid'
    [[customer]]
    name = 'pay-bulksms'
    preset = 'bulksms'
    password = 'demopass'
    credits = 'prepaid'
    [[customer]]
    name = 'cap-bulksms'
    preset = 'bulksms'
    password = 'demopass'
    daily_limit = 2
    [[customer]]
    name = 'pay-tangerine'
    preset = 'tangerine'
    password = 'demopass'
    credits = 'prepaid'
    trial_credits = 0
    [[customer]]
    name = 'cap-tangerine'
    preset = 'tangerine'
    password = 'demopass'
    daily_limit = 0
";

#[track_caller]
fn bound(service: &Service, customer: &str) -> Esme {
    let mut esme = service.tls();
    assert_eq!(esme.bind(customer, PASSWORD), status::OK);
    esme
}

/// Shows MOB-26, MOB-200, MTA-99, BUL-11, BUL-F2, C-19.
#[test]
fn the_first_message_without_credit_is_refused_with_the_service_s_own_status() {
    let service = Service::simulated("credits-refused", PREPAID);
    let silent = Sm {
        registered_delivery: 0,
        ..to_subscriber(b"hello")
    };
    for (customer, taken, refusal) in [
        ("pay-mobivate", 10, status::RSUBMITFAIL),
        ("pay-mta", 3, status::RSUBMITFAIL),
        ("pay-messangi", 0, status::RSUBMITFAIL),
        ("pay-bulksms", 5, Status(0x410)),
        ("cap-bulksms", 2, Status(0x412)),
    ] {
        let mut esme = bound(&service, customer);
        for number in 1..=taken {
            assert!(esme.submit(&silent).is_ok(), "{customer}: {number}");
        }
        for _ in 0..2 {
            assert_eq!(esme.submit(&silent), Err(refusal), "{customer}");
        }
    }
}

/// Shows BUL-F3, BUL-F5, C-19.
#[test]
fn tangerine_tells_it_by_a_receipt() {
    let service = Service::simulated("credits-receipt", PREPAID);
    for (customer, err) in [("pay-tangerine", "025"), ("cap-tangerine", "027")] {
        let mut esme = bound(&service, customer);
        let id = esme.submit(&to_subscriber(b"hello")).expect("it is taken");
        let receipt = esme.delivered();
        assert_eq!(receipt.field("id"), id);
        assert_eq!(
            (receipt.field("stat"), receipt.field("err")),
            ("REJECTD", err)
        );
        let state = receipt.tlvs().message_state();
        assert_eq!(state, Some(sms::State::Rejected), "{customer}");
    }
}

#[test]
fn what_is_left_after_a_kill_is_what_was_left_before_it() {
    let (listener, url) = carriers::centre("window=100");
    let dir = Dir::new("credits-kill");
    let service = Service {
        gateway: Gateway::start_with(&dir, PREPAID, &["--carrier", &url]),
        dir,
    };
    let mut carrier = Carrier::bound(&listener);
    let mut esme = bound(&service, "pay-mta");
    // Of three credits one is spent, one comes back, and one is held for a message that waits.
    esme.submit(&to_subscriber(b"spent")).expect("it is taken");
    carrier.takes("1");
    esme.submit(&to_subscriber(b"back")).expect("it is taken");
    carrier.refuses(status::RINVDSTADR);
    assert_eq!(esme.delivered().field("stat"), "REJECTD");
    let waits = Sm {
        destination: Address::international(b"12125550008"),
        ..to_subscriber(b"held")
    };
    let held = esme.submit(&waits).expect("it is taken");
    // What was paid is read again with the configuration, and is not paid again.
    let Service { dir, gateway } = service;
    gateway.kill();
    let service = Service {
        gateway: Gateway::start_with(&dir, PREPAID, &["--carrier", &url]),
        dir,
    };
    let _carrier = Carrier::bound(&listener);
    let mut esme = bound(&service, "pay-mta");
    esme.submit(&waits).expect("one credit is left");
    let refused = esme.submit(&to_subscriber(b"hello"));
    assert_eq!(refused, Err(status::RSUBMITFAIL));
    // Stopped before it left, a message costs nothing.
    let stop = Pdu::CancelSm(CancelSm {
        message_id: held.as_bytes(),
        ..CancelSm::default()
    });
    assert_eq!(esme.ask(&stop).header.status, status::OK);
    esme.submit(&to_subscriber(b"hello"))
        .expect("one credit is back");
    let refused = esme.submit(&to_subscriber(b"hello"));
    assert_eq!(refused, Err(status::RSUBMITFAIL));
}

/// Shows MTA-56.
#[test]
fn each_part_costs_one_credit() {
    let service = Service::simulated("credits-parts", PREPAID);
    let mut esme = bound(&service, "pay-mta");
    for text in [
        &b"\x05\0\x03\x07\x02\x01first"[..],
        b"\x05\0\x03\x07\x02\x02second",
    ] {
        let part = Sm {
            esm_class: 0x40,
            ..to_subscriber(text)
        };
        assert!(esme.submit(&part).is_ok());
    }
    assert!(esme.submit(&to_subscriber(b"the third")).is_ok());
    let refused = esme.submit(&to_subscriber(b"the fourth"));
    assert_eq!(refused, Err(status::RSUBMITFAIL));
}
