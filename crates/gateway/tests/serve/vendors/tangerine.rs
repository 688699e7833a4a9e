//! BulkSMS, the present service.

use smpp::pdu::Sm;
use smpp::status;
use sms::Address;

use super::{PASSWORD, SUBSCRIBER, Service, to_subscriber};

/// Shows BUL-F1.
#[test]
fn it_is_served_with_and_without_tls() {
    let service = Service::simulated("tangerine-ports", "");
    for mut esme in [service.plain(), service.tls()] {
        assert_eq!(esme.bind("tangerine", PASSWORD), status::OK);
        assert!(esme.submit(&to_subscriber(b"hello")).is_ok());
    }
}

/// Shows BUL-F6, BUL-F7, BUL-F16.
#[test]
fn a_reply_names_the_last_message_that_it_may_answer() {
    let (service, mut carrier) = Service::with_carrier("tangerine-replies", "");
    let mut esme = service.plain();
    assert_eq!(esme.bind("tangerine", PASSWORD), status::OK);
    let mut last = String::new();
    for _ in 0..2 {
        let silent = Sm {
            registered_delivery: 0,
            ..to_subscriber(b"yes or no?")
        };
        last = esme.submit(&silent).expect("it is taken");
        let sent = carrier.takes(&last);
        assert_eq!((sent.source.0, sent.source.1), (1, 1));
        assert_eq!((sent.destination.0, sent.destination.1), (1, 1));
    }
    carrier.delivers(&Sm {
        source: Address::international(SUBSCRIBER),
        destination: Address::international(b"12025550100"),
        short_message: b"yes",
        ..Sm::default()
    });
    let reply = esme.delivered();
    assert_eq!(reply.said(), "yes");
    assert_eq!(reply.tlvs().cstr(0x1400), Some(last.as_bytes()));
}

/// Shows BUL-F3.
#[test]
fn parts_leave_when_all_of_their_message_are_there() {
    let (service, mut carrier) = Service::with_carrier("tangerine-parts", "");
    let mut esme = service.plain();
    assert_eq!(esme.bind("tangerine", PASSWORD), status::OK);
    let part = |text: &'static [u8]| Sm {
        esm_class: 0x40,
        data_coding: 8,
        registered_delivery: 0,
        ..to_subscriber(text)
    };
    esme.submit(&part(b"\x05\0\x03\x07\x02\x02\x26\x06"))
        .expect("it is taken");
    // One that is submitted behind it and needs nobody overtakes it.
    let whole = Sm {
        protocol_id: 0x40,
        ..to_subscriber(b"whole")
    };
    esme.submit(&whole).expect("it is taken");
    let sent = carrier.takes("1");
    assert_eq!((sent.said(), sent.protocol_id), ("whole", 0x40));
    esme.submit(&part(b"\x05\0\x03\x07\x02\x01\x26\x05"))
        .expect("it is taken");
    for (theirs, number, character) in [("2", 1, 0x05), ("3", 2, 0x06)] {
        let sent = carrier.takes(theirs);
        assert_eq!((sent.esm_class & 0x40, sent.data_coding), (0x40, 8));
        assert_eq!(sent.text[4..], [2, number, 0x26, character]);
    }
}
