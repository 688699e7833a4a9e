//! Carriers that call: they connect to us and send outbind, and we bind over that connection.

use smpp::command;
use smpp::pdu::{Outbind, Pdu};
use smpp::status;
use smpp::tlv::Tlvs;

use crate::client::Client;
use crate::connectors::task;
use crate::gateway::{Dir, Gateway};

/// The configuration of the operators' page, for a carrier on this machine.
fn page() -> String {
    task("A carrier that calls", &[]).replace("192.0.2.0/24", "127.0.0.1/32")
}

fn call(centre: &mut Client, system_id: &str, password: &str) {
    centre.ask(&Pdu::Outbind(Outbind {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        tlvs: Tlvs::EMPTY,
    }));
}

/// Takes the bind that answers a call.
#[track_caller]
fn bound_to(centre: &mut Client) {
    let bind = centre.next();
    let Pdu::BindTransceiver(asked) = bind.pdu() else {
        panic!("{bind:?}");
    };
    assert_eq!(
        (asked.system_id, asked.password),
        (&b"us"[..], &b"secret"[..])
    );
    centre.accept_bind(&bind);
}

#[test]
fn a_carrier_that_calls_is_bound_to() {
    let dir = Dir::new("called");
    let gateway = Gateway::start(&dir, &page());
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    let number = "447700901234";
    assert_eq!(customer.submitted(number, "waits"), status::OK);

    let mut centre = Client::connect(gateway.smpp);
    call(&mut centre, "smsc", "theirs");
    bound_to(&mut centre);
    let message = centre.next_of(command::SUBMIT_SM);
    centre.take(&message, "42");
    assert_eq!(centre.report("42", number), status::OK);
    let receipt = customer.next_of(command::DELIVER_SM);
    customer.acknowledge(&receipt);
    gateway.logged("called by the carrier");

    // It hangs up and calls again.
    drop(centre);
    assert_eq!(customer.submitted(number, "again"), status::OK);
    let mut centre = Client::connect(gateway.smpp);
    call(&mut centre, "smsc", "theirs");
    bound_to(&mut centre);
    let message = centre.next_of(command::SUBMIT_SM);
    centre.take(&message, "43");
}

#[test]
fn whoever_calls_without_being_expected_is_hung_up_on() {
    let dir = Dir::new("called-strangers");
    let config = page().replace("binds = 0", "binds = 0\noutbind_max = 1");
    let gateway = Gateway::start(&dir, &config);
    for (system_id, password) in [("smsc", "wrong"), ("other", "theirs")] {
        let mut stranger = Client::connect(gateway.smpp);
        call(&mut stranger, system_id, password);
        stranger.end();
        gateway.logged("outbind refused");
    }
    let mut far = Client::connect_from("127.0.0.2".parse().expect("an address"), gateway.smpp);
    call(&mut far, "smsc", "theirs");
    far.end();
    gateway.logged("no connector has its address in outbind_from");

    let mut centre = Client::connect(gateway.smpp);
    call(&mut centre, "smsc", "theirs");
    bound_to(&mut centre);
    let mut second = Client::connect(gateway.smpp);
    call(&mut second, "smsc", "theirs");
    second.end();
    gateway.logged("outbind_max");
}

#[test]
fn a_carrier_of_tls_calls_over_tls_and_a_reload_hangs_up() {
    let dir = Dir::new("called-tls");
    let config = page().replace("binds = 0", "binds = 0\ntls = true");
    let gateway = Gateway::start(&dir, &config);
    let mut plain = Client::connect(gateway.smpp);
    call(&mut plain, "smsc", "theirs");
    plain.end();
    gateway.logged("its connector has tls");

    let cert = dir.path().join("data/tls/cert.pem");
    let mut centre = Client::connect_tls(gateway.smpps, &cert);
    call(&mut centre, "smsc", "theirs");
    bound_to(&mut centre);
    gateway.logged("bound connector=");

    // It may not call in these words any more.
    dir.write("bindery.toml", &config.replace("theirs", "others"));
    gateway.signal("HUP");
    let unbind = centre.next_of(command::UNBIND);
    centre.send(
        &Pdu::UnbindResp(Tlvs::EMPTY),
        status::OK,
        unbind.header.sequence,
    );
    centre.end();
}
