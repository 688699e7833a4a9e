//! BulkSMS, the older service: bind groups, routing groups, a preset of refusals.

use smpp::pdu::Sm;
use smpp::status;

use super::{Esme, Kind, PASSWORD, Service, credentials, to_subscriber};

/// A customer's program that is bound as a transceiver.
#[track_caller]
fn bound(service: &Service) -> Esme {
    let mut esme = service.plain();
    assert_eq!(esme.bind("bulksms", PASSWORD), status::OK);
    esme
}

/// Shows BUL-6, BUL-9, BUL-58.
#[test]
fn ten_binds_of_any_kind() {
    let service = Service::simulated("bulksms-binds", "");
    let kinds = [Kind::Transmitter, Kind::Receiver, Kind::Transceiver];
    let bind = credentials("bulksms", PASSWORD);
    let mut esmes: Vec<Esme> = Vec::new();
    for kind in kinds.into_iter().cycle().take(10) {
        let mut esme = service.plain();
        assert_eq!(esme.bind_as(kind, &bind), status::OK, "{kind:?}");
        esmes.push(esme);
    }
    let mut eleventh = service.plain();
    assert_eq!(eleventh.bind("bulksms", PASSWORD), status::RBINDFAIL);
    esmes.pop().expect("the tenth").unbind();
    assert_eq!(bound(&service).bind("bulksms", PASSWORD), status::RALYBND);
}

/// Shows BUL-4, C-13.
#[test]
fn a_password_of_nine_characters_cannot_bind() {
    let service = Service::simulated("bulksms-password", "");
    assert_eq!(
        service.plain().bind("bulksms", "demopass9"),
        status::RINVPASWD
    );
    bound(&service);
}

/// Shows BUL-12, BUL-13, BUL-14, BUL-40.
#[test]
fn single_messages_arrive_as_they_are() {
    let (service, mut carrier) = Service::with_carrier("bulksms-single", "");
    let mut esme = bound(&service);
    for (data_coding, text) in [
        (0, vec![b'x'; 160]),
        (4, vec![0x5A; 140]),
        (8, vec![4; 140]),
    ] {
        let sm = Sm {
            data_coding,
            ..to_subscriber(&text)
        };
        assert!(esme.submit(&sm).is_ok(), "{data_coding}");
        assert_eq!(carrier.takes("1").text, text, "{data_coding}");
    }
}

/// Shows BUL-35, BUL-36.
#[test]
fn receipts_come_when_they_are_asked_for() {
    let (service, mut carrier) = Service::with_carrier("bulksms-receipts", "");
    let mut esme = bound(&service);
    let silent = Sm {
        registered_delivery: 0,
        ..to_subscriber(b"hello")
    };
    esme.submit(&silent).expect("it is taken");
    let asked = esme.submit(&to_subscriber(b"hello")).expect("it is taken");
    carrier.takes("1");
    carrier.takes("2");
    carrier.reports("1", "DELIVRD", "000");
    carrier.reports("2", "DELIVRD", "000");
    assert_eq!(esme.delivered().field("id"), asked);
    esme.hears_nothing();
}

/// Shows BUL-20, BUL-21, BUL-22, BUL-23, BUL-F12, C-14.
#[test]
fn service_type_selects_the_routing_group() {
    let groups = [("group-1", "1"), ("group-2", "2"), ("group-3", "3")];
    let (service, mut carriers) = Service::routed("bulksms-routes", "bulksms", groups);
    let mut esme = bound(&service);
    for (service_type, group) in [
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("", 2),
        ("9", 2),
        ("CMT", 2),
        ("12", 2),
    ] {
        let sm = Sm {
            service_type: service_type.as_bytes(),
            ..to_subscriber(b"hello")
        };
        assert!(esme.submit(&sm).is_ok(), "{service_type}");
        carriers[group - 1].takes("1");
    }
}
