//! What may be sent in which alphabet, whole and in parts, service by service (C-2, C-11), and what leaves.

use smpp::pdu::Sm;
use smpp::status::{self, Status};
use sms::alphabet::message_class;
use sms::{Gsm, Reading};

use super::{Esme, Message, PASSWORD, Service, to_subscriber};

/// A program of this customer, over TLS, which everybody may use.
#[track_caller]
fn bound(service: &Service, customer: &str) -> Esme {
    let mut esme = service.tls();
    assert_eq!(esme.bind(customer, PASSWORD), status::OK);
    esme
}

/// What a handset behind a carrier by the book shows.
fn shown(sent: &Message) -> String {
    let reading = Reading::default();
    let mut text = String::new();
    let alphabet = reading.alphabet(sent.data_coding);
    let read = reading.decode(alphabet, Gsm::default(), &sent.text, &mut text);
    read.expect("a text");
    text
}

/// Shows MTA-42, MTA-43, MTA-47, MTA-48, MTA-49, MTA-50, C-2, C-28.
#[test]
fn every_sign_arrives_as_what_it_was() {
    let (service, mut carrier) = Service::with_carrier("alphabets-signs", "");
    let mut mta = bound(&service, "mta");
    let mut demo = bound(&service, "demo");
    let signs = "@$_[]{}^~|\\ and the rest";
    let latin: Vec<u8> = [0xE9, 0xF1, 0xFC].repeat(53);
    let latin_text = "éñü".repeat(53);
    let smile: Vec<u8> = "汉字 سلام 😀"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    for (data_coding, text, expected) in [
        (0, signs.as_bytes(), signs),
        (1, signs.as_bytes(), signs),
        (3, &latin, &latin_text),
        (8, &smile, "汉字 سلام 😀"),
    ] {
        let sm = Sm {
            data_coding,
            ..to_subscriber(text)
        };
        mta.submit(&sm).expect("it is taken");
        assert_eq!(shown(&carrier.takes("1")), expected, "{data_coding}");
    }
    // The same octets are other signs in GSM.
    demo.submit(&to_subscriber(b"\x00\x24@"))
        .expect("it is taken");
    assert_eq!(shown(&carrier.takes("1")), "@¤¡");
}

/// Shows MOB-178, MOB-179, MOB-180, MOB-181, MOB-182, MOB-183, MOB-184, MTA-46, BUL-15, BUL-16, BUL-19, BUL-F3, C-11.
#[test]
fn alphabets_and_classes_are_those_of_the_manuals() {
    let service = Service::simulated("alphabets-allowed", "");
    const SUBMIT_FAILED: Status = status::RSUBMITFAIL;
    const BAD_BODY: Status = Status(0x401);
    let taken = None;
    let refused = Some(SUBMIT_FAILED);
    for (data_coding, is_part, [mobivate, mta, messangi, bulksms, tangerine]) in [
        (0x00, false, [taken; 5]),
        (0x00, true, [taken; 5]),
        (0x01, false, [taken; 5]),
        (
            0x03,
            false,
            [refused, taken, refused, Some(BAD_BODY), Some(BAD_BODY)],
        ),
        (0x04, false, [refused, refused, refused, taken, taken]),
        (
            0x04,
            true,
            [refused, refused, refused, Some(BAD_BODY), Some(BAD_BODY)],
        ),
        (0x08, false, [taken; 5]),
        (0x08, true, [taken, taken, taken, Some(BAD_BODY), taken]),
        (0x10, false, [refused, refused, taken, taken, taken]),
        (0xF5, false, [refused, refused, refused, taken, taken]),
    ] {
        for (customer, expected) in [
            ("mobivate", mobivate),
            ("mta", mta),
            ("messangi", messangi),
            ("bulksms", bulksms),
            ("tangerine", tangerine),
        ] {
            let text: &[u8] = match is_part {
                true => b"\x05\0\x03\x07\x02\x01\0a\0b",
                false => b"\0a\0b",
            };
            let sm = Sm {
                esm_class: if is_part { 0x40 } else { 0 },
                data_coding,
                ..to_subscriber(text)
            };
            let mut esme = bound(&service, customer);
            let told = esme.submit(&sm).err();
            assert_eq!(told, expected, "{customer} {data_coding:#x} {is_part}");
        }
    }
}

/// Shows BUL-18, BUL-19, BUL-F3.
#[test]
fn classes_become_2_or_stay() {
    let (service, mut carrier) = Service::with_carrier("alphabets-classes", "");
    for (customer, sent, leaves) in [
        ("bulksms", 0x00, Some(2)),
        ("bulksms", 0x10, Some(2)),
        ("bulksms", 0xF0, Some(2)),
        ("bulksms", 0xF3, Some(2)),
        ("bulksms", 0x12, Some(2)),
        ("tangerine", 0x10, Some(0)),
        ("tangerine", 0xF3, Some(3)),
        ("tangerine", 0x00, None),
    ] {
        let sm = Sm {
            data_coding: sent,
            ..to_subscriber(b"hello")
        };
        bound(&service, customer).submit(&sm).expect("it is taken");
        let class = message_class(carrier.takes("1").data_coding);
        assert_eq!(class, leaves, "{customer} {sent:#x}");
    }
}

/// Shows MOB-115, MOB-116, MOB-117, MOB-179, MOB-181, C-18.
#[test]
fn a_long_text_is_cut_where_one_short_message_ends() {
    let (service, mut carrier) = Service::with_carrier("alphabets-long", "");
    let mut esme = bound(&service, "mobivate");
    let unicode = |characters| [0x26, 0x05].repeat(characters);
    for (data_coding, text, parts) in [
        (0, vec![b'x'; 160], &[160][..]),
        (0, vec![b'x'; 161], &[153, 8]),
        (8, unicode(70), &[140]),
        (8, unicode(71), &[134, 8]),
    ] {
        let sm = Sm {
            data_coding,
            ..to_subscriber(&text)
        };
        esme.submit(&sm).expect("it is taken");
        let mut arrived = Vec::new();
        for &octets in parts {
            let sent = carrier.takes("1");
            let header = sent.text.len() - octets;
            let marked = sent.esm_class & 0x40 != 0;
            assert_eq!(
                (marked, header),
                (parts.len() > 1, if marked { 6 } else { 0 })
            );
            arrived.extend_from_slice(&sent.text[header..]);
        }
        assert_eq!(arrived, text);
    }
}
