//! BulkSMS, the older service: bind groups, routing groups, a preset of refusals.

use smpp::pdu::{Bind, Sm};
use smpp::status::{self, Status};
use smpp::tlv;
use sms::Address;

use super::{Carrier, Esme, Kind, PASSWORD, SUBSCRIBER, Service, credentials, to_subscriber};

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

/// Shows BUL-12, BUL-13, BUL-14.
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

/// Shows BUL-17, BUL-26, BUL-32, BUL-38.
#[test]
fn other_parameters_have_no_effect() {
    let (service, mut carrier) = Service::with_carrier("bulksms-tlvs", "");
    let mut esme = bound(&service);
    let mut tlvs = Vec::new();
    tlv::put_u16(&mut tlvs, 0x0204, 7);
    tlv::put_u8(&mut tlvs, 0x0426, 1);
    tlv::put_u8(&mut tlvs, 0x1500, 1);
    // They would make it the first of three parts.
    tlv::put_u16(&mut tlvs, 0x020C, 7);
    tlv::put_u8(&mut tlvs, 0x020E, 3);
    tlv::put_u8(&mut tlvs, 0x020F, 1);
    let sm = Sm {
        tlvs: tlv::Tlvs::parse(&tlvs).expect("sound"),
        ..to_subscriber(b"hello")
    };
    let first = esme.submit(&sm).expect("it is taken");
    let second = esme.submit(&sm).expect("it is taken again");
    assert_ne!(first, second);
    for id in ["1", "2"] {
        let sent = carrier.takes(id);
        assert!(sent.tlvs().is_empty());
        assert_eq!((sent.esm_class, sent.said()), (0, "hello"));
    }
    for id in ["1", "2"] {
        carrier.reports(id, "DELIVRD", "000");
        let receipt = esme.delivered();
        assert_eq!(receipt.tlvs().u16(0x0204), None, "it is not told again");
    }
    // A text that stands in a TLV is none.
    let mut payload = Vec::new();
    tlv::put_bytes(&mut payload, 0x0424, &[b'x'; 200]).expect("it fits");
    let sm = Sm {
        tlvs: tlv::Tlvs::parse(&payload).expect("sound"),
        ..to_subscriber(b"")
    };
    assert_eq!(esme.submit(&sm), Err(status::RINVMSGLEN));
    let long = to_subscriber(&[b'x'; 161]);
    assert_eq!(esme.submit(&long), Err(status::RINVMSGLEN));
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

/// A service whose subscribers' messages to 27111 are for `bulksms`.
fn with_number(name: &str) -> (Service, Carrier) {
    let number = "[[number]]\nnumber = \"27111\"\ncustomer = \"bulksms\"\n";
    Service::with_carrier(name, number)
}

/// What a subscriber writes to that number.
fn from_subscriber(text: &[u8]) -> Sm<'_> {
    Sm {
        source: Address::international(SUBSCRIBER),
        destination: Address::international(b"27111"),
        short_message: text,
        ..Sm::default()
    }
}

#[track_caller]
fn bind_to(service: &Service, kind: Kind, group: &str) -> (Esme, Status) {
    let bind = Bind {
        system_type: group.as_bytes(),
        ..credentials("bulksms", PASSWORD)
    };
    let mut esme = service.plain();
    let answer = esme.bind_as(kind, &bind);
    (esme, answer)
}

#[track_caller]
fn joined(service: &Service, kind: Kind, group: &str) -> Esme {
    let (esme, answer) = bind_to(service, kind, group);
    assert_eq!(answer, status::OK, "{group}");
    esme
}

/// A message is submitted by one, and the carrier says that it was delivered: its message_id.
#[track_caller]
fn delivered(esme: &mut Esme, carrier: &mut Carrier) -> String {
    let id = esme.submit(&to_subscriber(b"hello")).expect("it is taken");
    carrier.takes(&id);
    carrier.reports(&id, "DELIVRD", "000");
    id
}

/// Shows BUL-10, BUL-49, BUL-51, BUL-52, BUL-53, BUL-54, BUL-55, BUL-56, BUL-61, BUL-62, BUL-67, BUL-68, C-12.
#[test]
fn a_bind_names_its_group_by_its_system_type() {
    let (service, mut carrier) = with_number("bulksms-groups");
    let groups = ["", "1", "01", "2", "3", "4", "5", "6", "7", "9999999999999"];
    let mut esmes: Vec<Esme> = groups
        .iter()
        .map(|group| joined(&service, Kind::Transceiver, group))
        .collect();
    // Each is a group of its own, and the first is the one that needs no name.
    for esme in &mut esmes {
        let id = delivered(esme, &mut carrier);
        assert_eq!(esme.delivered().field("id"), id);
    }
    carrier.delivers(&from_subscriber(b"yes"));
    assert_eq!(esmes[0].delivered().said(), "yes");
    for esme in &mut esmes {
        esme.hears_nothing();
    }
    esmes.remove(1).unbind();
    let mut word = joined(&service, Kind::Receiver, "Logica");
    carrier.delivers(&from_subscriber(b"no"));
    assert_eq!(word.delivered().said(), "no");
}

/// Shows BUL-50, BUL-57, BUL-60, BUL-64, BUL-73, BUL-74, BUL-75, BUL-76, BUL-77, BUL-78, C-3.
#[test]
fn example_1_with_its_newcomer() {
    let (service, mut carrier) = with_number("bulksms-example-1");
    let mut a = joined(&service, Kind::Transmitter, "0");
    let mut b = joined(&service, Kind::Transmitter, "0");
    let mut c = joined(&service, Kind::Transmitter, "1");
    let mut d = joined(&service, Kind::Transmitter, "1");
    let mut e = joined(&service, Kind::Receiver, "0");
    let mut f = joined(&service, Kind::Receiver, "1");
    for sender in [&mut a, &mut b] {
        let id = delivered(sender, &mut carrier);
        assert_eq!(e.delivered().field("id"), id);
    }
    for sender in [&mut c, &mut d] {
        let id = delivered(sender, &mut carrier);
        assert_eq!(f.delivered().field("id"), id);
    }
    carrier.delivers(&from_subscriber(b"to E"));
    assert_eq!(e.delivered().said(), "to E");

    let mut g = joined(&service, Kind::Receiver, "0");
    for sender in [&mut a, &mut b] {
        for _ in 0..5 {
            let id = delivered(sender, &mut carrier);
            assert_eq!(g.delivered().field("id"), id);
        }
    }
    carrier.delivers(&from_subscriber(b"to G"));
    assert_eq!(g.delivered().said(), "to G");
    let id = delivered(&mut c, &mut carrier);
    assert_eq!(f.delivered().field("id"), id);
    e.hears_nothing();

    e.unbind();
    let mut e = joined(&service, Kind::Receiver, "0");
    let id = delivered(&mut a, &mut carrier);
    assert_eq!(e.delivered().field("id"), id);
    g.hears_nothing();

    e.unbind();
    let id = delivered(&mut a, &mut carrier);
    assert_eq!(g.delivered().field("id"), id);
    f.hears_nothing();
}

/// Shows BUL-69, BUL-70, BUL-71, BUL-72.
#[test]
fn example_2() {
    let (service, mut carrier) = with_number("bulksms-example-2");
    let mut a = joined(&service, Kind::Transmitter, "0");
    let mut b = joined(&service, Kind::Transmitter, "1");
    let mut c = joined(&service, Kind::Transceiver, "0");
    let mut d = joined(&service, Kind::Transceiver, "1");
    for (sender, receiver) in [(&mut a, &mut c), (&mut b, &mut d)] {
        let id = delivered(sender, &mut carrier);
        assert_eq!(receiver.delivered().field("id"), id);
        let id = delivered(receiver, &mut carrier);
        assert_eq!(receiver.delivered().field("id"), id);
    }
    carrier.delivers(&from_subscriber(b"yes"));
    assert_eq!(c.delivered().said(), "yes");
    for esme in [&mut a, &mut b, &mut c, &mut d] {
        esme.hears_nothing();
    }
}

/// Shows BUL-63, BUL-65.
#[test]
fn what_a_group_without_a_receiver_is_owed_waits_for_one() {
    let (service, mut carrier) = with_number("bulksms-waiting");
    let mut sender = joined(&service, Kind::Transmitter, "1");
    let mut zero = joined(&service, Kind::Receiver, "0");
    let id = delivered(&mut sender, &mut carrier);
    zero.hears_nothing();
    let mut one = joined(&service, Kind::Receiver, "1");
    assert_eq!(one.delivered().field("id"), id);
    zero.unbind();
    carrier.delivers(&from_subscriber(b"anybody?"));
    one.hears_nothing();
    let mut zero = joined(&service, Kind::Receiver, "0");
    assert_eq!(zero.delivered().said(), "anybody?");
}

/// Shows BUL-79.
#[test]
fn what_was_not_acknowledged_goes_to_the_next() {
    let (service, mut carrier) = with_number("bulksms-unacknowledged");
    let mut sender = joined(&service, Kind::Transmitter, "0");
    let mut first = joined(&service, Kind::Receiver, "0");
    let id = delivered(&mut sender, &mut carrier);
    // It reads the receipt, says nothing, and is gone.
    first.client.next_of(smpp::command::DELIVER_SM);
    drop(first);
    let mut next = joined(&service, Kind::Receiver, "0");
    assert_eq!(next.delivered().field("id"), id);
}

/// Shows BUL-27, BUL-29, BUL-31.
#[test]
fn what_is_limited_to_the_default_is_not_relayed() {
    let (service, mut carrier) = Service::with_carrier("bulksms-defaults", "");
    let mut esme = bound(&service);
    let plain = to_subscriber(b"hello");
    for sm in [
        Sm {
            protocol_id: 0x40,
            ..plain
        },
        Sm {
            priority_flag: 3,
            ..plain
        },
        Sm {
            replace_if_present_flag: 1,
            ..plain
        },
        Sm {
            sm_default_msg_id: 9,
            ..plain
        },
    ] {
        assert!(esme.submit(&sm).is_ok(), "{sm:?}");
        let sent = carrier.takes("1");
        assert_eq!((sent.protocol_id, sent.priority), (0, 0), "{sm:?}");
        assert_eq!(sent.text, b"hello");
    }
}

/// Shows BUL-28, BUL-30, C-23.
#[test]
fn nothing_is_delayed() {
    let service = Service::simulated("bulksms-schedule", "");
    let mut esme = bound(&service);
    let scheduled = Sm {
        schedule_delivery_time: b"000000010000000R",
        ..to_subscriber(b"hello")
    };
    assert_eq!(esme.submit(&scheduled), Err(status::RINVSCHED));
}

/// Shows BUL-36, BUL-37, C-9.
#[test]
fn any_wish_for_a_receipt_is_one_for_the_final_one() {
    let (service, mut carrier) = Service::with_carrier("bulksms-wishes", "");
    let mut esme = bound(&service);
    let mut other = service.plain();
    assert_eq!(other.bind("demo", PASSWORD), status::OK);
    let wishing = |registered_delivery| Sm {
        registered_delivery,
        ..to_subscriber(b"hello")
    };
    for wish in [0x01, 0x02, 0x03, 0x10, 0x11] {
        for stat in ["DELIVRD", "UNDELIV"] {
            let id = esme.submit(&wishing(wish)).expect("it is taken");
            carrier.takes(&id);
            carrier.reports(&id, "ENROUTE", "000");
            carrier.reports(&id, stat, "000");
            let receipt = esme.delivered();
            assert_eq!((receipt.field("id"), receipt.field("stat")), (&*id, stat));
            esme.hears_nothing();
        }
    }
    // In the specification 2 asks for failures alone.
    let id = other.submit(&wishing(0x02)).expect("it is taken");
    carrier.takes(&id);
    carrier.reports(&id, "DELIVRD", "000");
    other.hears_nothing();
}

/// Shows BUL-33, BUL-34, C-8.
#[test]
fn a_validity_of_more_than_21_days_is_no_error() {
    let service = Service::simulated("bulksms-validity", "");
    let mut esme = bound(&service);
    for validity_period in [&b"000020000000000R"[..], b"000022000000000R"] {
        let sm = Sm {
            validity_period,
            ..to_subscriber(b"hello")
        };
        let id = esme.submit(&sm).expect("it is taken");
        let receipt = esme.delivered();
        assert_eq!(
            (receipt.field("id"), receipt.field("stat")),
            (&*id, "DELIVRD")
        );
    }
}

/// Shows BUL-25.
#[test]
fn an_account_can_be_repliable_by_default() {
    let config = "
        [[customer]]
        name = 'repliable'
        preset = 'bulksms'
        password = 'demopass'
        source_policy = 'default'
        default_source = '27111'
        [[number]]
        number = '27111'
        customer = 'repliable'
    ";
    let (service, mut carrier) = Service::with_carrier("bulksms-repliable", config);
    let mut esme = service.plain();
    assert_eq!(esme.bind("repliable", PASSWORD), status::OK);
    let id = esme.submit(&to_subscriber(b"hello")).expect("it is taken");
    assert_eq!(carrier.takes(&id).source, (1, 1, "27111".to_owned()));
    carrier.delivers(&from_subscriber(b"yes"));
    assert_eq!(esme.delivered().said(), "yes");
}
