//! What subscribers write, as each service's customers read it (C-27).

use smpp::pdu::Sm;
use smpp::status;
use sms::Address;

use super::{Carrier, Esme, Message, PASSWORD, SUBSCRIBER, Service};

const CUSTOMERS: [(&str, &str); 5] = [
    ("mobivate", "27111"),
    ("mta", "27112"),
    ("messangi", "27113"),
    ("bulksms", "27114"),
    ("tangerine", "27115"),
];

/// A service where each customer has a number of its own, and its programs.
fn served(name: &str) -> (Service, Carrier, [Esme; 5]) {
    let number = |(customer, number)| {
        format!("[[number]]\nnumber = \"{number}\"\ncustomer = \"{customer}\"\n")
    };
    let config = CUSTOMERS.map(number).concat();
    let (service, carrier) = Service::with_carrier(name, &config);
    let esmes = CUSTOMERS.map(|(customer, _)| {
        let mut esme = service.tls();
        assert_eq!(esme.bind(customer, PASSWORD), status::OK, "{customer}");
        esme
    });
    (service, carrier, esmes)
}

/// What a subscriber writes to this number.
fn to<'a>(number: &'a str, data_coding: u8, text: &'a [u8]) -> Sm<'a> {
    Sm {
        source: Address::international(SUBSCRIBER),
        destination: Address::international(number.as_bytes()),
        data_coding,
        short_message: text,
        ..Sm::default()
    }
}

/// What is read: UDHI or not, data_coding, octets.
fn read(message: &Message) -> (bool, u8, &[u8]) {
    assert_eq!(message.esm_class & 0x3C, 0, "it is no receipt");
    let marked = message.esm_class & 0x40 != 0;
    (marked, message.data_coding, &message.text)
}

/// Shows BUL-40, BUL-41, BUL-F3, MTA-62, MTA-78, C-27.
#[test]
fn a_text_comes_in_the_alphabet_that_its_customer_reads() {
    let (_service, mut carrier, mut esmes) = served("subscribers-texts");
    // The sign @ and the dollar of GSM, the euro sign of its extension table, braces, and a Greek letter.
    let signs = &b"\0\x02\x1B\x65\x1B\x28\x1B\x29\x15"[..];
    let in_ucs2 = &b"\0@\0$\x20\xAC\0{\0}\x03\xA9"[..];
    let basic = &b"\0\x02????"[..];
    for ((_, number), (esme, read_as)) in CUSTOMERS.iter().zip(esmes.iter_mut().zip([
        [(0, signs), (8, in_ucs2)],
        // Its 0 is ASCII, which has no euro sign and no Greek.
        [(8, in_ucs2), (8, in_ucs2)],
        [(0, signs), (8, in_ucs2)],
        [(0, basic), (0, basic)],
        [(0, signs), (8, in_ucs2)],
    ])) {
        let written = [(0, signs), (8, in_ucs2)];
        for ((data_coding, text), expected) in written.into_iter().zip(read_as) {
            carrier.delivers(&to(number, data_coding, text));
            let came = esme.delivered();
            assert_eq!(read(&came), (false, expected.0, expected.1), "{number}");
        }
        carrier.delivers(&to(number, 0, b"hello"));
        assert_eq!(read(&esme.delivered()), (false, 0, &b"hello"[..]));
        esme.hears_nothing();
    }
}

/// Shows BUL-42, BUL-F3, C-27.
#[test]
fn parts_come_as_they_are_or_joined_or_each_for_itself() {
    let (_service, mut carrier, mut esmes) = served("subscribers-parts");
    let first = &b"\x05\0\x03\x07\x02\x01first "[..];
    let second = &b"\x05\0\x03\x07\x02\x02second"[..];
    let as_they_are = &[(true, 0, first), (true, 0, second)][..];
    let joined = &[(false, 0, &b"first second"[..])][..];
    let each = &[(false, 0, &b"first "[..]), (false, 0, b"second")][..];
    let read_as = [joined, as_they_are, as_they_are, each, as_they_are];
    for (((_, number), esme), read_as) in CUSTOMERS.iter().zip(&mut esmes).zip(read_as) {
        for text in [first, second] {
            carrier.delivers(&Sm {
                esm_class: 0x40,
                ..to(number, 0, text)
            });
        }
        for expected in read_as {
            assert_eq!(read(&esme.delivered()), *expected, "{number}");
        }
        esme.hears_nothing();
    }
}
