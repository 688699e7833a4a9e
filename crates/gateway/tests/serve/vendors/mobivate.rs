//! Mobivate: three binds, 20 messages a second on each, routes by TLV.

use smpp::pdu::{Bind, Pdu, Sm};
use smpp::status;
use smpp::tlv::{self, Tlvs};
use sms::Address;

use super::{Esme, Kind, PASSWORD, Service, credentials, to_subscriber};

/// A customer's program that is bound as a transceiver.
#[track_caller]
fn bound(service: &Service) -> Esme {
    let mut esme = service.plain();
    assert_eq!(esme.bind("mobivate", PASSWORD), status::OK);
    esme
}

/// Shows MOB-191, MOB-192, MOB-194.
#[test]
fn three_binds_of_any_kind_and_system_type() {
    let service = Service::simulated("mobivate-binds", "");
    let binds = [
        (Kind::Transmitter, "CMT"),
        (Kind::Receiver, "CMT"),
        (Kind::Transceiver, "Logica"),
    ];
    let mut esmes: Vec<Esme> = binds
        .map(|(kind, system_type)| {
            let bind = Bind {
                system_type: system_type.as_bytes(),
                ..credentials("mobivate", PASSWORD)
            };
            let mut esme = service.plain();
            assert_eq!(esme.bind_as(kind, &bind), status::OK, "{kind:?}");
            esme
        })
        .into();
    let mut fourth = service.plain();
    assert_eq!(fourth.bind("mobivate", PASSWORD), status::RBINDFAIL);
    let id = esmes[0].submit(&to_subscriber(b"hello")).expect("taken");
    let receipt = esmes[1].delivered();
    assert_eq!(receipt.field("id"), id);
    esmes.remove(2).unbind();
    let mut next = service.plain();
    assert_eq!(next.bind("mobivate", PASSWORD), status::OK);
}

/// Shows MOB-195, C-5.
#[test]
fn each_bind_has_twenty_messages_a_second() {
    let service = Service::simulated("mobivate-rate", "");
    let mut esmes: Vec<Esme> = (0..3).map(|_| bound(&service)).collect();
    let request = Pdu::SubmitSm(Sm {
        registered_delivery: 0,
        ..to_subscriber(b"hello")
    });
    for esme in &mut esmes {
        let asked: Vec<u32> = (0..21).map(|_| esme.client.ask(&request)).collect();
        let answers = esme.statuses(&asked);
        assert_eq!(answers[..20], [status::OK; 20]);
        assert_eq!(answers[20], status::RTHROTTLED);
    }
}

/// Shows MOB-177, MOB-180, MOB-185, MOB-186.
#[test]
fn texts_and_sources_arrive_as_they_are() {
    let (service, mut carrier) = Service::with_carrier("mobivate-texts", "");
    let mut esme = bound(&service);
    let unicode = "Ω".repeat(70);
    let unicode: Vec<u8> = unicode.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (data_coding, text, source) in [
        (
            0,
            &b"hello"[..],
            Address {
                ton: 5,
                npi: 0,
                digits: b"Brand",
            },
        ),
        (8, &unicode, Address::international(b"447700900123")),
    ] {
        let sm = Sm {
            data_coding,
            source,
            ..to_subscriber(text)
        };
        assert!(esme.submit(&sm).is_ok(), "{sm:?}");
        let sent = carrier.takes("1");
        assert_eq!((sent.data_coding, &sent.text[..]), (data_coding, text));
        let digits = String::from_utf8_lossy(source.digits).into_owned();
        assert_eq!(sent.source, (source.ton, source.npi, digits));
    }
}

/// Shows MOB-178, MOB-184.
#[test]
fn ports_and_alerts_are_refused_however_they_are_asked_for() {
    let service = Service::simulated("mobivate-unsupported", "");
    let mut esme = bound(&service);
    let port = |tag| {
        let mut tlvs = Vec::new();
        tlv::put_u16(&mut tlvs, tag, 9200);
        tlvs
    };
    let mut flash = Vec::new();
    tlv::put_u8(&mut flash, 0x0005, 1);
    let mut alert = Vec::new();
    tlv::put_bytes(&mut alert, 0x130C, b"").expect("it fits");
    for tlvs in [port(0x020A), port(0x020B), flash, alert] {
        let sm = Sm {
            tlvs: Tlvs::parse(&tlvs).expect("sound"),
            ..to_subscriber(b"hello")
        };
        assert_eq!(esme.submit(&sm), Err(status::RSUBMITFAIL), "{tlvs:x?}");
    }
    for header in [
        &b"\x06\x05\x04\x23\xF0\x23\xF0hello"[..],
        b"\x04\x04\x02\xF0\xF0hello",
    ] {
        let sm = Sm {
            esm_class: 0x40,
            ..to_subscriber(header)
        };
        assert_eq!(esme.submit(&sm), Err(status::RSUBMITFAIL), "{header:x?}");
    }
    for data_coding in [0x10, 0x18, 0xF0] {
        let sm = Sm {
            data_coding,
            ..to_subscriber(b"hello!")
        };
        let told = esme.submit(&sm);
        assert_eq!(told, Err(status::RSUBMITFAIL), "{data_coding:#x}");
    }
}

/// Shows MOB-F2, C-13.
#[test]
fn credentials_may_be_longer_than_smpp_has_them() {
    let (name, password) = ("a".repeat(23), "b".repeat(28));
    let config = format!(
        "[[customer]]\nname = \"{name}\"\npassword = \"{password}\"\npreset = \"mobivate\"\n"
    );
    let service = Service::simulated("mobivate-long", &config);
    assert_eq!(service.plain().bind(&name, &password), status::OK);
}

/// Shows MOB-187, C-8.
#[test]
fn a_validity_period_has_no_effect() {
    let service = Service::simulated("mobivate-validity", "");
    let mut esme = bound(&service);
    // Long past: honoured, the message would be refused.
    let sm = Sm {
        validity_period: b"200101000000000+",
        ..to_subscriber(b"hello")
    };
    let id = esme.submit(&sm).expect("it is taken");
    let receipt = esme.delivered();
    assert_eq!(
        (receipt.field("id"), receipt.field("stat")),
        (&*id, "DELIVRD")
    );
}

/// Shows MOB-188, MOB-189, MOB-190, C-14.
#[test]
fn a_tlv_names_the_route() {
    let uuid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    let routes = [
        ("mglobal", "mglobal"),
        ("premium", "premium"),
        ("uuid", uuid),
    ];
    let (service, mut carriers) = Service::routed("mobivate-routes", "mobivate", routes);
    let mut esme = bound(&service);
    let named = |route: &[u8]| {
        let mut tlvs = Vec::new();
        tlv::put_bytes(&mut tlvs, 0x0203, route).expect("it fits");
        tlvs
    };
    for (tlvs, carrier) in [
        (Vec::new(), 0),
        (named(b"mglobal"), 0),
        (named(b"premium"), 1),
        // With the octet of a subaddress's type before it.
        (named(b"\xA0premium"), 1),
        (named(uuid.as_bytes()), 2),
    ] {
        let sm = Sm {
            tlvs: Tlvs::parse(&tlvs).expect("sound"),
            ..to_subscriber(b"hello")
        };
        assert!(esme.submit(&sm).is_ok(), "{tlvs:?}");
        carriers[carrier].takes("1");
    }
    let unknown = named(b"nobody's");
    let sm = Sm {
        tlvs: Tlvs::parse(&unknown).expect("sound"),
        ..to_subscriber(b"hello")
    };
    assert_eq!(esme.submit(&sm), Err(status::RSUBMITFAIL));
}
