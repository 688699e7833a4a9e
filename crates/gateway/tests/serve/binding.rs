//! Who may bind, as what, how often, and until when.

use std::net::IpAddr;

use smpp::command;
use smpp::pdu::{Bind, Pdu};
use smpp::session::BindKind;
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;

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

/// Shows MOB-41.
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
