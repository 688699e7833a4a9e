//! Who may bind, as what, how often, and until when.

use std::net::IpAddr;

use smpp::command::{self, CommandId};
use smpp::pdu::{Bind, BroadcastSm, CancelBroadcastSm, Pdu, QuerySm, Sm};
use smpp::session::BindKind;
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use sms::Address;

use crate::carriers;
use crate::client::Client;
use crate::gateway::{Dir, Gateway, run};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

/// Binds in this version as this, and says how that was answered and which version was agreed on.
#[track_caller]
fn bind_as(client: &mut Client, kind: BindKind, bind: Bind<'_>) -> (Status, Option<u8>) {
    let bind = Bind {
        interface_version: bind.interface_version.max(0x33),
        ..bind
    };
    client.ask(&match kind {
        BindKind::Receiver => Pdu::BindReceiver(bind),
        BindKind::Transmitter => Pdu::BindTransmitter(bind),
        BindKind::Transceiver => Pdu::BindTransceiver(bind),
    });
    let answer = client.next();
    let agreed = match answer.pdu() {
        Pdu::BindReceiverResp(resp)
        | Pdu::BindTransmitterResp(resp)
        | Pdu::BindTransceiverResp(resp) => resp.tlvs.sc_interface_version(),
        other => panic!("{other:?}"),
    };
    (
        answer.header.status,
        agreed.map(|version| version.interface_version()),
    )
}

fn credentials<'a>(system_id: &'a str, password: &'a str) -> Bind<'a> {
    Bind {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        interface_version: 0x34,
        ..Bind::default()
    }
}

#[track_caller]
fn reload(dir: &Dir, config: &str) {
    dir.write("bindery.toml", config);
    let data = dir.path().join("data").display().to_string();
    let output = run(&["reload", "--data-dir", &data]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// Shows MOB-22, MOB-23, MOB-24, MES-26.
#[test]
fn a_narrowed_list_of_addresses_ends_the_binds_from_elsewhere() {
    let dir = Dir::new("narrow");
    let with = |allow: &str| {
        format!("[[customer]]\nname = 'near'\npassword = 'secret'\nallow = [{allow}]\n")
    };
    let gateway = Gateway::start(&dir, &with("'0.0.0.0/0'"));
    let bound = |from| {
        let mut client = Client::connect_from(from, gateway.smpp);
        assert_eq!(client.bind("near", "secret"), status::OK);
        client
    };
    let (mut here, mut there) = (bound(HERE), bound(THERE));
    reload(&dir, &with("'127.0.0.2/32'"));
    here.next_of(command::UNBIND);
    assert_eq!(there.submitted("447700901234", "x"), status::OK);
    let mut again = Client::connect_from(HERE, gateway.smpp);
    assert_eq!(again.bind("near", "secret"), status::RBINDFAIL);
    assert!(
        gateway
            .logged("bind refused")
            .contains("address not allowed")
    );
}

/// Shows MOB-37.
#[test]
fn a_rotation_kicks_only_whom_it_shall_and_tls_only_ends_what_is_plain() {
    let dir = Dir::new("rotate");
    let with = |password: &str, more: &str| {
        format!("[[customer]]\nname = 'near'\npassword = '{password}'\n{more}\n")
    };
    let gateway = Gateway::start(&dir, &with("first", ""));
    let mut first = Client::bound(gateway.smpp, "near", "first");
    reload(&dir, &with("second", ""));
    assert_eq!(first.submitted("447700901234", "x"), status::OK);
    let mut second = Client::bound(gateway.smpp, "near", "second");

    reload(&dir, &with("second", "rotation_kicks = true"));
    first.next_of(command::UNBIND);
    assert_eq!(second.submitted("447700901234", "x"), status::OK);
    reload(&dir, &with("third", "rotation_kicks = true"));
    second.next_of(command::UNBIND);

    let mut third = Client::bound(gateway.smpp, "near", "third");
    let cert = dir.path().join("data/tls/cert.pem");
    let mut secure = Client::connect_tls(gateway.smpps, &cert);
    assert_eq!(secure.bind("near", "third"), status::OK);
    reload(&dir, &with("third", "tls_only = true"));
    third.next_of(command::UNBIND);
    assert_eq!(secure.submitted("447700901234", "x"), status::OK);
}

/// Shows MOB-16, MOB-18, MOB-19, MTA-2, BUL-1, BUL-2.
#[test]
fn a_customer_that_is_switched_off_is_gone_at_once_and_comes_back_as_it_was() {
    let dir = Dir::new("switch");
    let with = |enabled: bool| {
        format!("[[customer]]\nname = 'near'\npassword = 'secret'\nenabled = {enabled}\n")
    };
    let gateway = Gateway::start(&dir, &with(true));
    let mut bound: Vec<Client> = (0..3)
        .map(|_| Client::bound(gateway.smpp, "near", "secret"))
        .collect();
    assert_eq!(bound[0].submitted("447700900007", "x"), status::OK);
    reload(&dir, &with(false));
    for client in &mut bound {
        let unbind = client.next_of(command::UNBIND);
        client.send(
            &Pdu::UnbindResp(Tlvs::EMPTY),
            status::OK,
            unbind.header.sequence,
        );
        client.end();
    }
    let mut client = Client::connect(gateway.smpp);
    assert_eq!(client.bind("near", "secret"), status::RBINDFAIL);
    reload(&dir, &with(true));
    assert_eq!(client.bind("near", "secret"), status::OK);
}

/// Shows MOB-40, MOB-41.
#[test]
fn the_permission_to_submit_comes_and_goes_without_another_bind() {
    let dir = Dir::new("submit");
    let with = |submit: bool| {
        format!("[[customer]]\nname = 'near'\npassword = 'secret'\nsubmit = {submit}\n")
    };
    let gateway = Gateway::start(&dir, &with(false));
    let mut client = Client::bound(gateway.smpp, "near", "secret");
    assert_eq!(client.submitted("447700901234", "x"), status::RSUBMITFAIL);
    reload(&dir, &with(true));
    assert_eq!(client.submitted("447700901234", "x"), status::OK);
    client.next_of(command::DELIVER_SM);
}

/// Shows MOB-191, MOB-192, MOB-194, MOB-42.
#[test]
fn mobivate_has_three_binds_of_any_kind_and_any_system_type() {
    let dir = Dir::new("mobivate");
    let gateway = Gateway::start(&dir, "");
    let bind = |kind, system_type: &'static [u8]| {
        let mut client = Client::connect(gateway.smpp);
        let bind = Bind {
            system_type,
            ..credentials("mobivate", "demopass")
        };
        let (status, _) = bind_as(&mut client, kind, bind);
        (client, status)
    };
    let (mut transmitter, first) = bind(BindKind::Transmitter, b"CMT");
    let (mut receiver, second) = bind(BindKind::Receiver, b"");
    let (_transceiver, third) = bind(BindKind::Transceiver, b"VMS");
    assert_eq!([first, second, third], [status::OK; 3]);
    let (mut fourth, answer) = bind(BindKind::Receiver, b"CMT");
    assert_eq!(answer, status::RBINDFAIL);
    fourth.end();
    assert_eq!(transmitter.submitted("447700901234", "x"), status::OK);
    transmitter.ask(&Pdu::Unbind(Tlvs::EMPTY));
    transmitter.end();
    assert_eq!(bind(BindKind::Transceiver, b"CMT").1, status::OK);
    receiver.ask(&Pdu::EnquireLink(Tlvs::EMPTY));
    receiver.next_of(command::ENQUIRE_LINK_RESP);
}

/// Shows MOB-191.
#[test]
fn a_system_type_can_be_demanded() {
    let dir = Dir::new("system-type");
    let config = "[[customer]]\nname = 'near'\npassword = 'secret'\nsystem_types = ['CMT']\n";
    let gateway = Gateway::start(&dir, config);
    let mut client = Client::connect(gateway.smpp);
    for (system_type, told) in [("cmt", status::RINVSYSTYP), ("CMT", status::OK)] {
        let bind = Bind {
            system_type: system_type.as_bytes(),
            ..credentials("near", "secret")
        };
        let (status, _) = bind_as(&mut client, BindKind::Transceiver, bind);
        assert_eq!(status, told, "{system_type}");
    }
}

/// The demo's certificate, which it makes for itself.
fn secure(dir: &Dir, gateway: &Gateway) -> Client {
    Client::connect_tls(gateway.smpps, &dir.path().join("data/tls/cert.pem"))
}

fn asking(version: u8, credentials: Bind<'_>) -> Bind<'_> {
    Bind {
        interface_version: version,
        ..credentials
    }
}

/// Shows MTA-6, MTA-7, MTA-8, MTA-9, MTA-11, MTA-103, C-4, C-6.
#[test]
fn mta_is_bound_over_tls_in_5_0_and_3_4_and_five_times() {
    let dir = Dir::new("mta");
    let gateway = Gateway::start(&dir, "");
    let mta = credentials("mta", "demopass");
    let mut plain = Client::connect(gateway.smpp);
    assert_eq!(plain.bind("mta", "demopass"), status::RBINDFAIL);

    let mut bound = Vec::new();
    for (kind, version) in [
        (BindKind::Transceiver, 0x50),
        (BindKind::Transceiver, 0x34),
        (BindKind::Receiver, 0x34),
        (BindKind::Transmitter, 0x50),
        (BindKind::Transmitter, 0x34),
    ] {
        let mut client = secure(&dir, &gateway);
        let answer = bind_as(&mut client, kind, asking(version, mta));
        assert_eq!(answer, (status::OK, Some(version)), "{kind} {version:#x}");
        bound.push(client);
    }
    let mut sixth = secure(&dir, &gateway);
    let answer = bind_as(&mut sixth, BindKind::Receiver, mta);
    assert_eq!(answer, (status::RBINDFAIL, None));
    let answer = bind_as(&mut sixth, BindKind::Receiver, asking(0x33, mta));
    assert_eq!(answer, (status::RBINDFAIL, None));
    let wrong = credentials("mta", "wrong");
    assert_eq!(
        bind_as(&mut sixth, BindKind::Receiver, wrong).0,
        status::RINVPASWD
    );
}

/// Shows MES-4, MES-5, MES-6, MES-7, MES-24, MES-35, MES-36, MES-37, C-5, C-6.
#[test]
fn messangi_is_bound_over_tls_in_3_4_and_with_two_transceivers() {
    let dir = Dir::new("messangi");
    let gateway = Gateway::start(&dir, "");
    let messangi = credentials("messangi", "demopass");
    let mut plain = Client::connect(gateway.smpp);
    assert_eq!(plain.bind("messangi", "demopass"), status::RBINDFAIL);
    let bind = |kind, bind| {
        let mut client = secure(&dir, &gateway);
        let answer = bind_as(&mut client, kind, bind);
        (client, answer)
    };
    for version in [0x33, 0x50] {
        let (_, answer) = bind(BindKind::Transmitter, asking(version, messangi));
        assert_eq!(answer, (status::RBINDFAIL, None), "{version:#x}");
    }
    for (system_id, password, told) in [
        ("Messangi", "demopass", status::RINVSYSID),
        ("messangi", "Demopass", status::RINVPASWD),
    ] {
        let (_, answer) = bind(BindKind::Transceiver, credentials(system_id, password));
        assert_eq!(answer.0, told, "{system_id} {password}");
    }
    let first = bind(BindKind::Transceiver, messangi);
    let second = bind(BindKind::Transceiver, messangi);
    assert_eq!([first.1, second.1], [(status::OK, Some(0x34)); 2]);
    let (_, third) = bind(BindKind::Transceiver, messangi);
    assert_eq!(third.0, status::RBINDFAIL);
    let (_transmitter, transmitter) = bind(BindKind::Transmitter, messangi);
    let (_receiver, receiver) = bind(BindKind::Receiver, messangi);
    assert_eq!([transmitter.0, receiver.0], [status::OK; 2]);
}

/// Shows MES-32, MES-33.
#[test]
fn messangi_sends_from_its_source_when_a_message_has_none() {
    let dir = Dir::new("source");
    let gateway = Gateway::start(&dir, "");
    let mut client = secure(&dir, &gateway);
    assert_eq!(client.bind("messangi", "demopass"), status::OK);
    client.ask(&Pdu::SubmitSm(Sm {
        destination: Address::international(b"447700900009"),
        short_message: b"abc",
        ..Sm::default()
    }));
    assert_eq!(
        client.next_of(command::SUBMIT_SM_RESP).header.status,
        status::OK
    );
    // The subscriber answers to where it came from.
    let reply = client.next_of(command::DELIVER_SM);
    let Pdu::DeliverSm(sm) = reply.pdu() else {
        panic!("{reply:?}");
    };
    assert_eq!(sm.destination.digits, b"890890");
    assert_eq!(sm.short_message, b"cba");
}

/// Shows BUL-4, BUL-5, BUL-6, BUL-9, BUL-58.
#[test]
fn bulksms_has_ten_binds_of_all_kinds_and_no_password_of_nine_characters() {
    let dir = Dir::new("bulksms");
    let gateway = Gateway::start(&dir, "");
    let bulksms = credentials("bulksms", "demopass");
    let kinds = [
        BindKind::Transmitter,
        BindKind::Receiver,
        BindKind::Transceiver,
    ];
    let bind = |kind, bind| {
        let mut client = Client::connect(gateway.smpp);
        let answer = bind_as(&mut client, kind, bind);
        (client, answer.0)
    };
    let mut bound: Vec<Client> = (0..10)
        .map(|n| {
            let (client, answer) = bind(kinds[n % 3], bulksms);
            assert_eq!(answer, status::OK, "{n}");
            client
        })
        .collect();
    let (mut eleventh, answer) = bind(BindKind::Transceiver, bulksms);
    assert_eq!(answer, status::RBINDFAIL);
    eleventh.end();
    bound[0].ask(&Pdu::Unbind(Tlvs::EMPTY));
    bound[0].end();
    assert_eq!(bind(BindKind::Transceiver, bulksms).1, status::OK);

    let (mut long, answer) = bind(BindKind::Transceiver, credentials("bulksms", "demopass9"));
    assert_eq!(answer, status::RINVPASWD);
    long.end();
}

/// Shows MTA-12, MTA-16, MTA-17, MTA-18.
#[test]
fn what_comes_for_a_customer_waits_for_its_receiver_and_never_comes_to_a_transmitter_or_another() {
    let dir = Dir::new("receiver");
    let gateway = Gateway::start(&dir, "");
    let bind = |kind| {
        let mut client = Client::connect(gateway.smpp);
        let answer = bind_as(&mut client, kind, credentials("demo", "demopass"));
        assert_eq!(answer.0, status::OK, "{kind}");
        client
    };
    let mut other = Client::bound(gateway.smpp, "demo1", "demopass");
    let mut transmitter = bind(BindKind::Transmitter);
    assert_eq!(transmitter.submitted("447700900009", "abc"), status::OK);
    let mut receiver = bind(BindKind::Receiver);
    let came = [
        receiver.next_of(command::DELIVER_SM),
        receiver.next_of(command::DELIVER_SM),
    ];
    let texts = came.each_ref().map(|came| match came.pdu() {
        Pdu::DeliverSm(sm) => String::from_utf8_lossy(sm.short_message).into_owned(),
        other => panic!("{other:?}"),
    });
    assert!(
        texts.iter().any(|text| text.contains("stat:DELIVRD")),
        "{texts:?}"
    );
    assert!(texts.iter().any(|text| text == "cba"), "{texts:?}");
    // Had anything come to them, it would come before this answer.
    for client in [&mut transmitter, &mut other] {
        client.ask(&Pdu::EnquireLink(Tlvs::EMPTY));
        assert_eq!(client.next().header.command_id, command::ENQUIRE_LINK_RESP);
    }
}

/// Shows MTA-15, BUL-8.
#[test]
fn a_transceiver_submits_one_by_one_and_receives() {
    let dir = Dir::new("transceiver");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "bulksms", "demopass");
    for _ in 0..3 {
        client.submit("447700901234", "x");
        let answer = client.next_of(command::SUBMIT_SM_RESP);
        assert_eq!(answer.header.status, status::OK);
        let receipt = client.next_of(command::DELIVER_SM);
        client.acknowledge(&receipt);
    }
}

/// Shows MTA-89, MES-16.
#[test]
fn a_connection_that_breaks_frees_its_bind_and_what_it_did_not_acknowledge_comes_again() {
    let dir = Dir::new("broken");
    let config = "[[customer]]\nname = 'near'\npassword = 'secret'\nbinds_max = 1\n";
    let gateway = Gateway::start(&dir, config);
    let mut first = Client::bound(gateway.smpp, "near", "secret");
    assert_eq!(first.submitted("447700901234", "x"), status::OK);
    let receipt = first.next_of(command::DELIVER_SM);
    drop(first);
    gateway.logged("unbound");
    let mut second = Client::bound(gateway.smpp, "near", "secret");
    let again = second.next_of(command::DELIVER_SM);
    let text = |came: &crate::client::Came| match came.pdu() {
        Pdu::DeliverSm(sm) => sm.short_message.to_vec(),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(&again), text(&receipt));
}

/// Shows MES-16.
#[test]
fn a_client_that_comes_back_gets_the_place_of_its_old_connection_that_is_dead() {
    let dir = Dir::new("stale");
    let config = "[[customer]]\nname = 'near'\npassword = 'secret'\nbinds_max = 1\nenquire_link = '1s'\nenquire_link_timeout = '1s'\n";
    let gateway = Gateway::start(&dir, config);
    let mut dead = Client::bound(gateway.smpp, "near", "secret");
    let mut early = Client::connect(gateway.smpp);
    assert_eq!(early.bind("near", "secret"), status::RBINDFAIL);
    // It is asked twice, and does not answer.
    for _ in 0..2 {
        dead.next_of(command::ENQUIRE_LINK);
    }
    let mut again = Client::bound(gateway.smpp, "near", "secret");
    dead.end();
    assert_eq!(again.submitted("447700901234", "x"), status::OK);
}

/// Shows MOB-18.
#[test]
fn what_a_customer_sent_before_it_was_switched_off_goes_on_and_its_receipt_waits() {
    let dir = Dir::new("switch-underway");
    let (listener, url) = carriers::centre("window=1");
    let with = |enabled: bool| {
        format!("[[customer]]\nname = 'near'\npassword = 'secret'\nenabled = {enabled}\n")
    };
    let gateway = Gateway::start_with(&dir, &with(true), &["--carrier", &url]);
    let (mut carrier, bind) = carriers::arrive(&listener);
    carrier.accept_bind(&bind);
    let mut bound: Vec<Client> = (0..3)
        .map(|_| Client::bound(gateway.smpp, "near", "secret"))
        .collect();
    // One is with the carrier, which has not answered, and two wait behind it.
    for client in &mut bound {
        assert_eq!(client.submitted("447700901234", "x"), status::OK);
    }
    let first = carrier.next_of(command::SUBMIT_SM);
    reload(&dir, &with(false));
    for client in &mut bound {
        client.next_of(command::UNBIND);
    }
    drop(bound);
    carrier.take(&first, "1");
    for id in ["2", "3"] {
        let next = carrier.next_of(command::SUBMIT_SM);
        carrier.take(&next, id);
    }
    for id in ["1", "2", "3"] {
        assert_eq!(carrier.report(id, "447700901234"), status::OK);
    }
    reload(&dir, &with(true));
    let mut client = Client::bound(gateway.smpp, "near", "secret");
    for _ in 0..3 {
        let receipt = client.next_of(command::DELIVER_SM);
        client.acknowledge(&receipt);
    }
}

/// Shows MTA-106.
#[test]
fn limits_change_under_a_bind_that_stands() {
    let dir = Dir::new("limits-change");
    let with =
        |limits: &str| format!("[[customer]]\nname = 'near'\npassword = 'secret'\n{limits}\n");
    let gateway = Gateway::start(&dir, &with(""));
    let mut client = Client::bound(gateway.smpp, "near", "secret");
    let mut told = |limits: &str| {
        reload(&dir, &with(limits));
        // At once, so that a slow machine makes no pause between them. A refusal may overtake.
        let mut answers = [(); 2]
            .map(|()| client.submit("447700901234", "x"))
            .map(|_| client.next_of(command::SUBMIT_SM_RESP).header);
        answers.sort_by_key(|answer| answer.sequence);
        answers.map(|answer| answer.status)
    };
    let (taken, throttled, failed) = (status::OK, status::RTHROTTLED, status::RSUBMITFAIL);
    assert_eq!(told(""), [taken, taken]);
    for limit in ["rate = 1", "rate_per_bind = 1"] {
        assert_eq!(told(limit), [taken, throttled], "{limit}");
        assert_eq!(told(""), [taken, taken], "without {limit}");
    }
    // What was sent before there was a limit does not count.
    assert_eq!(told("daily_limit = 1"), [taken, failed]);
    assert_eq!(told("daily_limit = 2"), [taken, failed]);
    assert_eq!(told("daily_limit = 1000"), [taken, taken]);
    let prepaid = "credits = 'prepaid'";
    assert_eq!(told(prepaid), [failed, failed]);
    let topup = "[[topup]]\nid = 1\ncustomer = 'near'\namount = 1\n";
    assert_eq!(told(&format!("{prepaid}\n{topup}")), [taken, failed]);
    assert_eq!(told(&format!("{prepaid}\n{topup}")), [failed, failed]);
    assert_eq!(told(topup), [taken, taken]);
}

/// Shows MTA-106, BUL-59.
#[test]
fn a_limit_of_binds_changes_at_run_time_and_no_bind_is_lost() {
    let dir = Dir::new("raise");
    let with = |most: u32| {
        format!("[[customer]]\nname = 'near'\npassword = 'secret'\nbinds_max = {most}\n")
    };
    let gateway = Gateway::start(&dir, &with(1));
    let mut first = Client::bound(gateway.smpp, "near", "secret");
    let mut second = Client::connect(gateway.smpp);
    assert_eq!(second.bind("near", "secret"), status::RBINDFAIL);
    reload(&dir, &with(2));
    assert_eq!(second.bind("near", "secret"), status::OK);
    reload(&dir, &with(1));
    for client in [&mut first, &mut second] {
        assert_eq!(client.submitted("447700901234", "x"), status::OK);
        client.next_of(command::DELIVER_SM);
    }
}

/// Shows MES-9, MES-10, MES-25.
#[test]
fn only_the_kinds_of_bind_that_were_agreed_stand() {
    let dir = Dir::new("kinds");
    let config = "[[customer]]\nname = 'near'\npassword = 'secret'\nbind_transceiver = false\nbind_receiver = false\n";
    let gateway = Gateway::start(&dir, config);
    for (kind, told) in [
        (BindKind::Transceiver, status::RBINDFAIL),
        (BindKind::Receiver, status::RBINDFAIL),
        (BindKind::Transmitter, status::OK),
    ] {
        let mut client = Client::connect(gateway.smpp);
        let answer = bind_as(&mut client, kind, credentials("near", "secret"));
        assert_eq!(answer.0, told, "{kind}");
    }
}

/// Shows MES-11, MES-27.
#[test]
fn who_only_sends_gets_nothing_from_subscribers_and_who_only_receives_sends_nothing() {
    let dir = Dir::new("service");
    let config = "
[[customer]]
name = 'sends'
password = 'secret'
mo = false
[[customer]]
name = 'receives'
password = 'secret'
submit = false
[[number]]
number = '12345'
customer = 'sends'
";
    let gateway = Gateway::start(&dir, config);
    let mut sends = Client::bound(gateway.smpp, "sends", "secret");
    assert_eq!(sends.submitted("447700900009", "abc"), status::OK);
    // The subscriber's answer to 12345 is nobody's.
    gateway.counted(
        "bindery_requests_refused_total{peer=\"sim-odd\",side=\"connector\",status=\"no route\"}",
        1,
    );
    let mut receives = Client::bound(gateway.smpp, "receives", "secret");
    assert_eq!(receives.submitted("447700901234", "x"), status::RSUBMITFAIL);
}

/// Shows MTA-4.
#[test]
fn the_certificate_is_that_of_the_host_name() {
    let dir = Dir::new("certificate");
    let made = rcgen::generate_simple_self_signed(["smpp.example.com".to_owned()]);
    let made = made.expect("a certificate");
    let cert = dir.write("cert.pem", &made.cert.pem());
    dir.write("key.pem", &made.signing_key.serialize_pem());
    let config = "[[listener]]\nname = 'smpps'\nkind = 'smpps'\naddr = '127.0.0.1:0'\ncert = 'cert.pem'\nkey = 'key.pem'\n";
    let gateway = Gateway::start(&dir, config);
    let mut client = Client::connect_tls_as(gateway.smpps, &cert, "smpp.example.com");
    assert_eq!(client.bind("mta", "demopass"), status::OK);
    let mut other = Client::connect_tls_as(gateway.smpps, &cert, "smpp.example.org");
    assert!(
        other.try_write(&[0; 16]).is_err(),
        "another name is not believed"
    );
}

#[test]
fn cell_broadcast_is_refused_by_every_preset_and_the_session_goes_on() {
    let dir = Dir::new("broadcast");
    let presets = [
        ("default", 0x50, None),
        ("mobivate", 0x50, None),
        ("mta", 0x50, None),
        // What 3.4 does not know has no response of its own.
        ("messangi", 0x34, Some(command::GENERIC_NACK)),
        ("bulksms", 0x34, Some(command::GENERIC_NACK)),
        ("tangerine", 0x34, Some(command::GENERIC_NACK)),
    ];
    let customer = |(preset, ..): (&str, u8, Option<CommandId>)| {
        format!(
            "[[customer]]\nname = '{preset}'\npassword = 'secret'\npreset = '{preset}'\ntls_only = false\n"
        )
    };
    let gateway = Gateway::start(&dir, &presets.map(customer).concat());
    for (preset, interface_version, instead) in presets {
        let mut client = Client::connect(gateway.smpp);
        let bind = Bind {
            interface_version,
            ..credentials(preset, "secret")
        };
        let bound = bind_as(&mut client, BindKind::Transceiver, bind);
        assert_eq!(bound, (status::OK, Some(interface_version)), "{preset}");
        for request in [
            Pdu::BroadcastSm(BroadcastSm::default()),
            Pdu::QueryBroadcastSm(QuerySm::default()),
            Pdu::CancelBroadcastSm(CancelBroadcastSm::default()),
        ] {
            let sequence = client.ask(&request);
            let answer = client.next().header;
            let told = instead.unwrap_or(request.command_id().response());
            assert_eq!(answer.command_id, told, "{preset}");
            assert_eq!(answer.status, status::RINVCMDID, "{preset}");
            assert_eq!(answer.sequence, sequence, "{preset}");
        }
        client.ask(&Pdu::EnquireLink(Tlvs::EMPTY));
        let alive = client.next().header;
        assert_eq!(alive.command_id, command::ENQUIRE_LINK_RESP, "{preset}");
    }
}
