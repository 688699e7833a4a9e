//! Messangi: SMPP 3.4 over TLS and nothing else.

use smpp::pdu::{Bind, Sm};
use smpp::status;
use sms::Address;

use super::{Esme, PASSWORD, SUBSCRIBER, Service, credentials, to_subscriber};

/// A customer's program that is bound as a transceiver.
#[track_caller]
fn bound(service: &Service) -> Esme {
    let mut esme = service.tls();
    assert_eq!(esme.bind("messangi", PASSWORD), status::OK);
    esme
}

/// Shows MES-4, MES-5, MES-6, C-6.
#[test]
fn it_speaks_3_4_alone() {
    let service = Service::simulated("messangi-versions", "");
    for (version, expected) in [
        (0x34, status::OK),
        (0x33, status::RBINDFAIL),
        (0x50, status::RBINDFAIL),
    ] {
        let bind = Bind {
            interface_version: version,
            ..credentials("messangi", PASSWORD)
        };
        let answer = service.tls().bind_as(super::Kind::Receiver, &bind);
        assert_eq!(answer, expected, "{version:#x}");
    }
}

/// Shows MES-36.
#[test]
fn credentials_count_as_they_were_issued() {
    let service = Service::simulated("messangi-letters", "");
    let mut esme = service.tls();
    assert_eq!(esme.bind("Messangi", PASSWORD), status::RINVSYSID);
    assert_eq!(esme.bind("messangi", "Demopass"), status::RINVPASWD);
    assert_eq!(esme.bind("messangi", PASSWORD), status::OK);
}

/// Shows MES-2, MES-17, MES-18, MES-29.
#[test]
fn answers_and_receipts_come_each_in_its_time() {
    let (service, mut carrier) = Service::with_carrier("messangi-asynchronous", "");
    let mut esme = bound(&service);
    let request = smpp::pdu::Pdu::SubmitSm(to_subscriber(b"hello"));
    let asked: Vec<u32> = (0..10).map(|_| esme.client.ask(&request)).collect();
    assert_eq!(esme.statuses(&asked), [status::OK; 10]);
    for number in 1..=10 {
        carrier.takes(&number.to_string());
    }
    // All were accepted, and none is delivered before the network says so.
    esme.hears_nothing();
    carrier.reports("7", "UNDELIV", "001");
    assert_eq!(esme.delivered().field("stat"), "UNDELIV");
    let alone = esme.submit(&to_subscriber(b"alone")).expect("taken");
    carrier.takes("11");
    carrier.reports("11", "DELIVRD", "000");
    assert_eq!(esme.delivered().field("id"), alone);
}

/// Shows MES-16.
#[test]
fn who_comes_back_at_once_is_taken() {
    let config = "[[customer]]\nname = \"messangi\"\npassword = \"demopass\"\npreset = \"messangi\"\nbinds_max = 1\n";
    let service = Service::simulated("messangi-again", config);
    for _ in 0..3 {
        let esme = bound(&service);
        service
            .gateway
            .counted("bindery_binds{peer=\"messangi\",side=\"customer\"}", 1);
        // The connection breaks without a word.
        drop(esme);
        service
            .gateway
            .counted("bindery_binds{peer=\"messangi\",side=\"customer\"}", 0);
    }
}

/// Shows MES-19, MES-20, C-2.
#[test]
fn data_coding_0_is_gsm_and_8_is_ucs2() {
    let (service, mut carrier) = Service::with_carrier("messangi-alphabets", "");
    let mut esme = bound(&service);
    // The euro sign of the extension table and the dollar of the default one; a star in UCS-2.
    for (data_coding, text) in [(0, &b"\x1B\x65 \x02"[..]), (8, b"\x26\x05")] {
        let sm = Sm {
            data_coding,
            ..to_subscriber(text)
        };
        assert!(esme.submit(&sm).is_ok(), "{data_coding}");
        let sent = carrier.takes("1");
        assert_eq!((sent.data_coding, &sent.text[..]), (data_coding, text));
    }
}

/// Shows MES-28.
#[test]
fn who_ordered_no_receipts_gets_none_however_they_are_asked_for() {
    let config = "
        [[customer]]
        name = 'silent'
        preset = 'messangi'
        password = 'demopass'
        registered_delivery = 'never'
    ";
    let (service, mut carrier) = Service::with_carrier("messangi-silent", config);
    let mut silent = service.tls();
    assert_eq!(silent.bind("silent", PASSWORD), status::OK);
    let mut ordered = bound(&service);
    for (esme, theirs) in [(&mut silent, "1"), (&mut ordered, "2")] {
        esme.submit(&to_subscriber(b"hello")).expect("it is taken");
        carrier.takes(theirs);
        carrier.reports(theirs, "DELIVRD", "000");
    }
    assert_eq!(ordered.delivered().field("stat"), "DELIVRD");
    silent.hears_nothing();
}

/// Shows MES-34.
#[test]
fn ton_and_npi_are_those_that_were_issued_where_that_was_agreed() {
    let config = "
        [[customer]]
        name = 'issued'
        preset = 'messangi'
        password = 'demopass'
        source_ton_npi = '0/0'
        destination_ton_npi = '1/1'
        rewrite_ton_npi = false
    ";
    let (service, mut carrier) = Service::with_carrier("messangi-issued", config);
    let mut esme = service.tls();
    assert_eq!(esme.bind("issued", PASSWORD), status::OK);
    let number = |ton, npi, digits| Address { ton, npi, digits };
    for (source, destination, told) in [
        ((0, 0), (1, 1), Ok(())),
        ((1, 0), (1, 1), Err(status::RINVSRCTON)),
        ((0, 1), (1, 1), Err(status::RINVSRCNPI)),
        ((0, 0), (2, 1), Err(status::RINVDSTTON)),
        ((0, 0), (1, 8), Err(status::RINVDSTNPI)),
    ] {
        let sm = Sm {
            source: number(source.0, source.1, b"890890"),
            destination: number(destination.0, destination.1, SUBSCRIBER),
            ..to_subscriber(b"hello")
        };
        assert_eq!(esme.submit(&sm).map(drop), told, "{sm:?}");
    }
    assert_eq!(carrier.takes("1").source, (0, 0, "890890".to_owned()));
    // Where nothing of the kind was agreed they are put right.
    let sm = Sm {
        source: number(2, 8, b"890890"),
        ..to_subscriber(b"hello")
    };
    bound(&service).submit(&sm).expect("it is taken");
    assert_eq!(carrier.takes("2").source, (1, 1, "890890".to_owned()));
}

/// Shows MES-15.
#[test]
fn a_receipt_that_is_not_answered_comes_again_and_is_counted() {
    let config = "
        [[customer]]
        name = 'slow'
        preset = 'messangi'
        password = 'demopass'
        response_timeout = '1s'
        delivery_retry = ['1s']
    ";
    let (service, mut carrier) = Service::with_carrier("messangi-unanswered", config);
    let mut esme = service.tls();
    assert_eq!(esme.bind("slow", PASSWORD), status::OK);
    let id = esme.submit(&to_subscriber(b"hello")).expect("taken");
    carrier.takes("1");
    carrier.reports("1", "DELIVRD", "000");
    esme.client.next_of(smpp::command::DELIVER_SM);
    assert_eq!(esme.delivered().field("id"), id);
    let silent = "bindery_requests_silent_total{peer=\"slow\",side=\"customer\"}";
    service.gateway.counted(silent, 1);
    esme.hears_nothing();
}
