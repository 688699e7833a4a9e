//! Mobile Text Alerts: TLS, SMPP 5.0 and 3.4, query and cancel.

use smpp::command::{self, CommandId};
use smpp::pdu::{Bind, CancelSm, DataSm, Pdu, QuerySm, ReplaceSm, Sm};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use sms::Address;

use super::operations::MULTI;
use super::{Esme, Kind, PASSWORD, SUBSCRIBER, Service, credentials, to_subscriber};

/// A customer's program that is bound as a transceiver.
#[track_caller]
fn bound(service: &Service) -> Esme {
    let mut esme = service.tls();
    assert_eq!(esme.bind("mta", PASSWORD), status::OK);
    esme
}

/// Shows MTA-1, MTA-5, MTA-8, MTA-10, MTA-15, MTA-22, MTA-33, MTA-57, MTA-59, MTA-88, MTA-120, MTA-121, MTA-122, MTA-92.
#[test]
fn the_quick_start_holds() {
    let service = Service::simulated("mta-quick-start", "");
    let mut esme = bound(&service);
    let id = esme.submit(&to_subscriber(b"hello")).expect("it is taken");
    assert!(!id.is_empty() && id.len() <= 64, "{id}");
    let asked = esme.ask(&Pdu::EnquireLink(Tlvs::EMPTY));
    assert_eq!(asked.header.command_id, command::ENQUIRE_LINK_RESP);
    let receipt = esme.delivered();
    assert_eq!(receipt.field("id"), id);
    assert_eq!(receipt.field("stat"), "DELIVRD");
    let told = receipt.tlvs().receipted_message_id();
    assert_eq!(told, Some(id.as_bytes()));
    let other = esme.submit(&to_subscriber(b"again")).expect("it is taken");
    assert_ne!(other, id);
    esme.unbind();
}

/// Shows MTA-9, MES-7, C-4.
#[test]
fn nothing_is_taken_without_tls() {
    let service = Service::simulated("mta-plain", "");
    for customer in ["mta", "messangi"] {
        assert_eq!(service.plain().bind(customer, PASSWORD), status::RBINDFAIL);
    }
    for customer in ["mobivate", "bulksms", "tangerine"] {
        assert_eq!(service.plain().bind(customer, PASSWORD), status::OK);
        assert_eq!(service.tls().bind(customer, PASSWORD), status::OK);
    }
}

/// Shows MTA-6, MTA-7, C-6.
#[test]
fn it_speaks_5_0_and_3_4() {
    let service = Service::simulated("mta-versions", "");
    for (asked, agreed) in [(0x50, Some(0x50)), (0x34, Some(0x34)), (0x33, None)] {
        let bind = Bind {
            interface_version: asked,
            ..credentials("mta", PASSWORD)
        };
        let answer = service.tls().ask(&Pdu::BindTransmitter(bind));
        let Pdu::BindTransmitterResp(response) = answer.pdu() else {
            panic!("{answer:?}");
        };
        let expected = agreed.map_or(status::RBINDFAIL, |_| status::OK);
        assert_eq!(answer.header.status, expected, "{asked:#x}");
        assert_eq!(response.tlvs.u8(0x0210), agreed, "{asked:#x}");
    }
}

/// Shows MTA-11.
#[test]
fn credentials_are_those_of_one_account() {
    let service = Service::simulated("mta-credentials", "");
    let mut esme = service.tls();
    assert_eq!(esme.bind("mta", "wrong"), status::RINVPASWD);
    assert_eq!(esme.bind("nobody", PASSWORD), status::RINVSYSID);
    assert_eq!(esme.bind("mta", PASSWORD), status::OK);
}

/// Shows MTA-16, MTA-17, MTA-18, MTA-19, MTA-23.
#[test]
fn a_transmitter_sends_and_a_receiver_hears() {
    let (service, mut carrier) = Service::with_carrier("mta-pair", "");
    let mut transmitter = service.tls();
    let bind = credentials("mta", PASSWORD);
    assert_eq!(transmitter.bind_as(Kind::Transmitter, &bind), status::OK);
    let id = transmitter.submit(&to_subscriber(b"hello")).expect("taken");
    carrier.takes("1");
    carrier.reports("1", "DELIVRD", "000");
    carrier.delivers(&reply(b"yes"));
    transmitter.hears_nothing();

    let mut receiver = service.tls();
    assert_eq!(receiver.bind_as(Kind::Receiver, &bind), status::OK);
    let mut came = [receiver.delivered(), receiver.delivered()];
    came.sort_by_key(|message| message.is_receipt());
    assert_eq!(came[0].said(), "yes");
    assert_eq!(came[1].field("id"), id);
    let refused = receiver.submit(&to_subscriber(b"hello"));
    assert_eq!(refused, Err(status::RINVBNDSTS));
    transmitter.hears_nothing();
}

/// What a subscriber answers.
fn reply(text: &[u8]) -> Sm<'_> {
    Sm {
        source: Address::international(SUBSCRIBER),
        destination: Address::international(b"12025550100"),
        short_message: text,
        ..Sm::default()
    }
}

/// Shows MTA-1, MTA-60, MTA-61, MTA-62, MTA-78.
#[test]
fn a_reply_says_who_wrote_what_to_whom() {
    let (service, mut carrier) = Service::with_carrier("mta-reply", "");
    let mut esme = bound(&service);
    for (data_coding, text) in [(1, &b"yes"[..]), (3, b"s\xED"), (8, b"\x66\x2F\0!")] {
        carrier.delivers(&Sm {
            data_coding,
            ..reply(text)
        });
        let came = esme.delivered();
        assert_eq!(came.source, (1, 1, "12125551234".to_owned()));
        assert_eq!(came.destination, (1, 1, "12025550100".to_owned()));
        assert_eq!(came.esm_class, 0);
        assert_eq!((came.data_coding, &came.text[..]), (data_coding, text));
    }
}

/// Shows MTA-21, MTA-25, MTA-26, MTA-31, MTA-95, MTA-108, C-10.
#[test]
fn operations_that_are_not_on_the_list_are_refused_and_the_session_goes_on() {
    let service = Service::simulated("mta-operations", "");
    let mut esme = bound(&service);
    let data = Pdu::DataSm(DataSm {
        destination: Address::international(SUBSCRIBER),
        ..DataSm::default()
    });
    assert_eq!(esme.ask(&data).header.status, status::RINVCMDID);
    let replace = Pdu::ReplaceSm(ReplaceSm::default());
    assert_eq!(esme.ask(&replace).header.status, status::RINVCMDID);
    let sequence = esme.client.ask_octets(command::SUBMIT_MULTI, MULTI);
    assert_eq!(esme.answer_to(sequence).header.status, status::RINVCMDID);
    let sequence = esme.client.ask_octets(CommandId(0x99), b"");
    let answer = esme.answer_to(sequence);
    assert_eq!(answer.header.command_id, command::GENERIC_NACK);
    assert_eq!(answer.header.status, status::RINVCMDID);
    assert!(esme.submit(&to_subscriber(b"hello")).is_ok());
}

/// Shows MTA-34, MTA-35, MTA-36, MTA-37, MTA-39, MTA-40.
#[test]
fn addresses_may_be_written_in_every_usual_way() {
    let (service, mut carrier) = Service::with_carrier("mta-addresses", "");
    let mut esme = bound(&service);
    let number = |ton, npi, digits| Address { ton, npi, digits };
    for (source, destination) in [
        (number(1, 1, b"12025550100"), number(1, 1, SUBSCRIBER)),
        (number(0, 1, b"12025550100"), number(1, 1, b"+12125551234")),
        (number(1, 1, b"+12025550100"), number(1, 1, SUBSCRIBER)),
        (number(0, 0, b""), number(1, 1, SUBSCRIBER)),
    ] {
        let sm = Sm {
            source,
            destination,
            ..to_subscriber(b"hello")
        };
        assert!(esme.submit(&sm).is_ok(), "{sm:?}");
        let sent = carrier.takes("1");
        assert_eq!(sent.source, (1, 1, "12025550100".to_owned()));
        assert_eq!(sent.destination, (1, 1, "12125551234".to_owned()));
    }
}

/// Shows MTA-93, MTA-107, C-23, MTA-91.
#[test]
fn what_it_does_not_offer_has_its_status() {
    let service = Service::simulated("mta-refusals", "");
    let mut esme = bound(&service);
    let scheduled = Sm {
        schedule_delivery_time: b"301231120000000+",
        ..to_subscriber(b"hello")
    };
    assert_eq!(esme.submit(&scheduled), Err(status::RINVSCHED));
    let empty = to_subscriber(b"");
    assert_eq!(esme.submit(&empty), Err(status::RINVMSGLEN));
}

/// Shows MTA-96, MTA-103.
#[test]
fn it_binds_once_a_session_and_five_times_in_all() {
    let service = Service::simulated("mta-binds", "");
    let mut esmes: Vec<Esme> = (0..5).map(|_| bound(&service)).collect();
    assert_eq!(esmes[0].bind("mta", PASSWORD), status::RALYBND);
    let mut sixth = service.tls();
    assert_eq!(sixth.bind("mta", PASSWORD), status::RBINDFAIL);
    esmes.pop().expect("the fifth").unbind();
    assert_eq!(sixth.bind("mta", PASSWORD), status::OK);
    assert!(esmes[0].submit(&to_subscriber(b"hello")).is_ok());
}

/// Shows MTA-100, MTA-104, MTA-105, C-5.
#[test]
fn the_rate_is_that_of_all_sessions_together() {
    let service = Service::simulated("mta-rate", "");
    let mut one = bound(&service);
    let mut other = bound(&service);
    let request = Pdu::SubmitSm(Sm {
        registered_delivery: 0,
        ..to_subscriber(b"hello")
    });
    let sessions = [&mut one, &mut other];
    let asked = sessions.map(|esme| (0..60).map(|_| esme.client.ask(&request)).collect());
    let [first, second]: [Vec<u32>; 2] = asked;
    let mut answers = one.statuses(&first);
    answers.extend(other.statuses(&second));
    let taken = answers.iter().filter(|told| **told == status::OK).count();
    let throttled = answers.iter().filter(|told| **told == status::RTHROTTLED);
    assert_eq!((taken, throttled.count()), (100, 20));
    // The pause that the manual advises, in the only way that a test has to wait.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(2);
    while one.submit(&to_subscriber(b"again")) == Err(status::RTHROTTLED) {
        assert!(
            std::time::Instant::now() < until,
            "it is throttled for ever"
        );
    }
}

/// Shows MTA-59, C-3.
#[test]
fn a_receipt_comes_to_the_session_that_submitted_as_long_as_it_is_there() {
    let (service, mut carrier) = Service::with_carrier("mta-sessions", "");
    let mut sessions = [bound(&service), bound(&service), bound(&service)];
    for (turn, number) in [1, 0, 2, 1].into_iter().zip(1..) {
        let id = sessions[turn]
            .submit(&to_subscriber(b"hello"))
            .expect("taken");
        let theirs = format!("{number}");
        carrier.takes(&theirs);
        carrier.reports(&theirs, "DELIVRD", "000");
        assert_eq!(sessions[turn].delivered().field("id"), id);
    }
    for session in &mut sessions {
        session.hears_nothing();
    }
    // One that is gone leaves what it is owed to the oldest of the others.
    let [mut first, second, mut third] = sessions;
    let mut second = second;
    let id = second.submit(&to_subscriber(b"hello")).expect("taken");
    carrier.takes("gone");
    second.unbind();
    carrier.reports("gone", "DELIVRD", "000");
    assert_eq!(first.delivered().field("id"), id);
    third.hears_nothing();
}

/// Shows MTA-24, MTA-64.
#[test]
fn what_is_refused_comes_again_whatever_the_status_and_what_is_acknowledged_never() {
    let config = "
        [[customer]]
        name = 'again'
        preset = 'mta'
        password = 'demopass'
        source_policy = 'any'
        delivery_retry = ['1s']
    ";
    let (service, mut carrier) = Service::with_carrier("mta-again", config);
    let mut esme = service.tls();
    assert_eq!(esme.bind("again", PASSWORD), status::OK);
    let id = esme.submit(&to_subscriber(b"hello")).expect("taken");
    carrier.takes("1");
    carrier.reports("1", "DELIVRD", "000");
    // The second is final elsewhere: here every refusal is one for now.
    for refusal in [status::RX_T_APPN, status::RX_P_APPN, status::RSYSERR] {
        assert_eq!(esme.refuses(refusal).field("id"), id);
    }
    assert_eq!(esme.delivered().field("id"), id);
    // Behind it comes the next, and nothing of the first.
    let next = esme.submit(&to_subscriber(b"hello")).expect("taken");
    carrier.takes("2");
    carrier.reports("2", "DELIVRD", "000");
    assert_eq!(esme.delivered().field("id"), next);
    esme.hears_nothing();
}

/// Asks for the state of a message: the state, and whether it has the date of its end.
#[track_caller]
fn query(esme: &mut Esme, id: &str) -> Result<(u8, bool), Status> {
    let answer = esme.ask(&Pdu::QuerySm(QuerySm {
        message_id: id.as_bytes(),
        ..QuerySm::default()
    }));
    let Pdu::QuerySmResp(told) = answer.pdu() else {
        panic!("{answer:?}");
    };
    match answer.header.status {
        status::OK => {
            assert_eq!(told.message_id, id.as_bytes());
            Ok((told.message_state, !told.final_date.is_empty()))
        }
        refused => Err(refused),
    }
}

/// Cancels a message by its id alone.
#[track_caller]
fn cancel(esme: &mut Esme, id: &str) -> Status {
    let cancel = CancelSm {
        message_id: id.as_bytes(),
        ..CancelSm::default()
    };
    esme.ask(&Pdu::CancelSm(cancel)).header.status
}

const ENROUTE: u8 = 1;
const DELIVERED: u8 = 2;
const DELETED: u8 = 4;

/// A message to somebody with this ending of the demo.
fn to_ending(ending: &[u8]) -> Sm<'_> {
    Sm {
        destination: Address::international(ending),
        ..to_subscriber(b"hello")
    }
}

/// Shows MTA-25, MTA-26, MTA-33, MTA-77, MTA-80, MTA-82, MTA-84.
#[test]
fn a_message_that_waits_can_be_cancelled_by_its_id() {
    let service = Service::simulated("mta-cancel", "");
    let mut esme = bound(&service);
    let id = esme.submit(&to_ending(b"12125550008")).expect("taken");
    assert_eq!(query(&mut esme, &id), Ok((ENROUTE, false)));
    assert_eq!(cancel(&mut esme, &id), status::OK);
    let receipt = esme.delivered();
    assert_eq!(
        (receipt.field("id"), receipt.field("stat")),
        (&*id, "DELETED")
    );
    assert_eq!(query(&mut esme, &id), Ok((DELETED, true)));
    assert_eq!(cancel(&mut esme, &id), status::RCANCELFAIL);
}

/// Shows MTA-80, MTA-83.
#[test]
fn what_has_gone_to_the_carrier_cannot_be_cancelled() {
    let (service, mut carrier) = Service::with_carrier("mta-too-late", "");
    let mut esme = bound(&service);
    let id = esme.submit(&to_subscriber(b"hello")).expect("taken");
    carrier.takes("1");
    assert_eq!(cancel(&mut esme, &id), status::RCANCELFAIL);
    assert_eq!(query(&mut esme, &id), Ok((ENROUTE, false)));
    carrier.reports("1", "DELIVRD", "000");
    assert_eq!(esme.delivered().field("stat"), "DELIVRD");
    assert_eq!(query(&mut esme, &id), Ok((DELIVERED, true)));
    assert_eq!(cancel(&mut esme, &id), status::RCANCELFAIL);
}

/// Shows MTA-12, MTA-81.
#[test]
fn an_id_of_somebody_else_is_as_good_as_none() {
    let service = Service::simulated("mta-foreign", "");
    let mut other = service.plain();
    assert_eq!(other.bind("demo", PASSWORD), status::OK);
    let foreign = other.submit(&to_ending(b"12125550008")).expect("taken");
    let mut esme = bound(&service);
    for id in [&*foreign, "1", "nonsense"] {
        assert_eq!(query(&mut esme, id), Err(status::RINVMSGID), "{id}");
        assert_eq!(cancel(&mut esme, id), status::RINVMSGID, "{id}");
    }
}

/// Shows MTA-65, MTA-73, MTA-74, MTA-76, MTA-77.
#[test]
fn every_end_has_its_receipt() {
    let (service, mut carrier) = Service::with_carrier("mta-ends", "");
    let mut esme = bound(&service);
    for (number, (stat, err)) in (1..).zip([
        ("DELIVRD", "000"),
        ("EXPIRED", "003"),
        ("DELETED", "000"),
        ("UNDELIV", "001"),
        ("REJECTD", "011"),
    ]) {
        let id = esme.submit(&to_subscriber(b"hello")).expect("taken");
        let theirs = format!("{number}");
        carrier.takes(&theirs);
        carrier.reports(&theirs, stat, err);
        let receipt = esme.delivered();
        assert_eq!(receipt.field("id"), id);
        assert_eq!((receipt.field("stat"), receipt.field("err")), (stat, err));
        let delivered = if stat == "DELIVRD" { "001" } else { "000" };
        assert_eq!(receipt.field("dlvrd"), delivered);
    }
}

/// Shows MTA-45, MTA-79.
#[test]
fn without_being_asked_no_receipt_comes() {
    let (service, mut carrier) = Service::with_carrier("mta-silent", "");
    let mut esme = bound(&service);
    let silent = Sm {
        registered_delivery: 0,
        ..to_subscriber(b"hello")
    };
    esme.submit(&silent).expect("it is taken");
    let asked = esme.submit(&to_subscriber(b"hello")).expect("it is taken");
    for id in ["1", "2"] {
        carrier.takes(id);
    }
    for id in ["1", "2"] {
        carrier.reports(id, "DELIVRD", "000");
    }
    assert_eq!(esme.delivered().field("id"), asked);
    esme.hears_nothing();
}

/// Shows MTA-51, MTA-52, MTA-53, MTA-54, MTA-55, C-18.
#[test]
fn the_client_divides_long_texts() {
    let (service, mut carrier) = Service::with_carrier("mta-parts", "");
    let mut esme = bound(&service);
    assert_eq!(
        esme.submit(&to_subscriber(&[b'x'; 161])),
        Err(status::RINVMSGLEN)
    );
    let mut ids = Vec::new();
    for (header, characters) in [
        (&b"\x05\0\x03\x07\x03"[..], 153),
        (b"\x06\x08\x04\x01\x07\x03", 152),
    ] {
        for number in 1..=3 {
            let text = [header, &[number], &vec![b'x'; characters]].concat();
            let part = Sm {
                esm_class: 0x40,
                ..to_subscriber(&text)
            };
            ids.push(esme.submit(&part).expect("it is taken"));
            let sent = carrier.takes("1");
            assert_eq!((sent.esm_class & 0x40, sent.text), (0x40, text));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    // Without the mark the same octets are text, whatever is made of it.
    assert!(
        esme.submit(&to_subscriber(b"\x05\0\x03\x07\x03\x01x"))
            .is_ok()
    );
    for (data_coding, octets, told) in [
        (1, 154, Err(status::RINVMSGLEN)),
        (8, 134, Ok(())),
        (8, 136, Err(status::RINVMSGLEN)),
    ] {
        let text = [&b"\x05\0\x03\x08\x02\x01"[..], &vec![b'x'; octets]].concat();
        let part = Sm {
            esm_class: 0x40,
            data_coding,
            ..to_subscriber(&text)
        };
        let taken = esme.submit(&part).map(drop);
        assert_eq!(taken, told, "{octets} octets of {data_coding}");
    }
}

/// Shows MTA-41, MTA-97, MTA-98, C-1.
#[test]
fn bad_addresses_have_the_statuses_of_its_table() {
    let service = Service::simulated("mta-bad-addresses", "");
    let mut esme = bound(&service);
    let mut other = service.plain();
    assert_eq!(other.bind("demo", PASSWORD), status::OK);
    let to = |digits| Sm {
        destination: Address::international(digits),
        ..to_subscriber(b"hello")
    };
    for digits in [&b""[..], b"letters"] {
        assert_eq!(esme.submit(&to(digits)), Err(Status(0x0E)));
        assert_eq!(other.submit(&to(digits)), Err(status::RINVDSTADR));
    }
    // Too short and too long for a number.
    for digits in [&b"12"[..], b"1212555123456789"] {
        assert_eq!(esme.submit(&to(digits)), Err(Status(0x0E)));
    }
    let sm = Sm {
        source: Address::international(b"TwelveLetter"),
        ..to_subscriber(b"hello")
    };
    assert_eq!(esme.submit(&sm), Err(Status(0x0D)));
    assert_eq!(other.submit(&sm), Err(status::RINVSRCADR));
    // In the answer to a bind these numbers mean what they mean everywhere.
    assert_eq!(service.tls().bind("mta", "wrong"), status::RINVPASWD);
}

/// Shows MTA-32, MTA-36, MTA-37, MTA-38, MES-33, C-22.
#[test]
fn sources_are_the_account_s_own_where_its_policy_says_so() {
    let config = "
        [[customer]]
        name = 'own'
        preset = 'mta'
        tls_only = false
        password = 'demopass'
        default_source = '12025550100'
        own_sources = ['12025550101']
    ";
    let (service, mut carrier) = Service::with_carrier("mta-sources", config);
    let from = |digits| Sm {
        source: Address::international(digits),
        ..to_subscriber(b"hello")
    };
    for (customer, source, sent) in [
        ("own", &b""[..], Ok("12025550100")),
        ("own", b"12025550100", Ok("12025550100")),
        ("own", b"12025550101", Ok("12025550101")),
        ("own", b"12025550102", Err(Status(0x0D))),
        ("messangi", b"", Ok("890890")),
        ("mobivate", b"12025550102", Ok("12025550102")),
        ("demo", b"12025550102", Ok("12025550102")),
    ] {
        let mut esme = service.tls();
        assert_eq!(esme.bind(customer, PASSWORD), status::OK);
        match (esme.submit(&from(source)), sent) {
            (Ok(_), Ok(sent)) => assert_eq!(carrier.takes("1").source.2, sent, "{customer}"),
            (told, sent) => assert_eq!(told.err(), sent.err(), "{customer}"),
        }
    }
}
