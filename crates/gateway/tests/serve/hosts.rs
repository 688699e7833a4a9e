//! A carrier with several hosts: which one a bind goes to, and how it comes back. The configurations are those of
//! docs/manual/carriers.md.

use std::net::{SocketAddr, TcpListener};

use smpp::command;
use smpp::pdu::{BindResp, Pdu};
use smpp::status;
use smpp::tlv::Tlvs;

use crate::carriers::arrive;
use crate::client::{Came, Client};
use crate::connectors::{port, task};
use crate::gateway::{Dir, Gateway};

const TO: &str = "447700901234";
const SITES: [&str; 2] = ["smsc-a.example.net:2775", "smsc-b.example.net:2775"];

/// What the page says about several hosts, with two ports of ours. It goes back after a second.
fn two_sites(first: &TcpListener, second: &TcpListener) -> String {
    let config = task("Several hosts", &[(SITES[0], first), (SITES[1], second)]);
    config.replace("5 min", "1s")
}

fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("it has one")
}

/// Takes a bind as the carrier does.
fn bound(listener: &TcpListener) -> Client {
    let (mut carrier, bind) = arrive(listener);
    carrier.accept_bind(&bind);
    carrier
}

fn refuse(carrier: &mut Client, bind: &Came) {
    let answer = Pdu::BindTransceiverResp(BindResp {
        system_id: b"",
        tlvs: Tlvs::EMPTY,
        body_present: false,
    });
    carrier.send(&answer, status::RBINDFAIL, bind.header.sequence);
    carrier.end();
}

#[test]
fn the_second_host_stands_in_for_the_first_until_that_is_back() {
    let dir = Dir::new("failover");
    let (first, second) = (port(), port());
    let config = two_sites(&first, &second).replace("[[route]]", "window = 1\n\n[[route]]");
    let gateway = Gateway::start(&dir, &config);
    let mut a = bound(&first);
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(customer.submitted(TO, "to the first"), status::OK);
    let message = a.next_of(command::SUBMIT_SM);
    a.take(&message, "a1");

    let home = address(&first);
    drop((first, a));
    let mut b = bound(&second);
    assert_eq!(customer.submitted(TO, "to the second"), status::OK);
    let in_flight = b.next_of(command::SUBMIT_SM);

    let first = TcpListener::bind(home).expect("the same port");
    let mut a = bound(&first);
    gateway.logged("back at the preferred host");
    // What is in flight at the second is not cut off, and what comes now goes to the first.
    assert_eq!(customer.submitted(TO, "to the first again"), status::OK);
    let message = a.next_of(command::SUBMIT_SM);
    a.take(&message, "a2");
    assert_eq!(b.report("a1", TO), status::OK);
    let receipt = customer.next_of(command::DELIVER_SM);
    customer.acknowledge(&receipt);
    b.take(&in_flight, "b1");
    let unbind = b.next_of(command::UNBIND);
    let answer = Pdu::UnbindResp(Tlvs::EMPTY);
    b.send(&answer, status::OK, unbind.header.sequence);
    b.end();
    for id in ["b1", "a2"] {
        assert_eq!(a.report(id, TO), status::OK);
        let receipt = customer.next_of(command::DELIVER_SM);
        customer.acknowledge(&receipt);
    }
    second.set_nonblocking(true).expect("an option");
    assert!(second.accept().is_err(), "nobody wants the second any more");
}

#[test]
fn a_host_that_refuses_the_bind_is_passed_over_and_tried_again_without_harm() {
    let dir = Dir::new("refusing-host");
    let (first, second) = (port(), port());
    let gateway = Gateway::start(&dir, &two_sites(&first, &second));
    let (mut a, bind) = arrive(&first);
    refuse(&mut a, &bind);
    let mut b = bound(&second);
    let (mut a, bind) = arrive(&first);
    refuse(&mut a, &bind);
    gateway.logged("the preferred host gives no bind");
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(customer.submitted(TO, "still there"), status::OK);
    let message = b.next_of(command::SUBMIT_SM);
    b.take(&message, "b1");
}

#[test]
fn a_bind_that_is_not_to_go_back_stays() {
    let dir = Dir::new("no-fail-back");
    let (first, second) = (port(), port());
    let gateway = Gateway::start(&dir, &two_sites(&first, &second).replace("1s", "never"));
    let (mut a, bind) = arrive(&first);
    refuse(&mut a, &bind);
    let mut b = bound(&second);
    gateway.logged("bound connector=\"two-sites\"");
    // The setting counts at once, for the bind that stands.
    dir.write("bindery.toml", &two_sites(&first, &second));
    gateway.signal("HUP");
    let _a = bound(&first);
    b.next_of(command::UNBIND);
}

#[test]
fn hosts_that_are_alike_have_a_bind_each() {
    let dir = Dir::new("spread");
    let (first, second) = (port(), port());
    let sites = [(SITES[0], &first), (SITES[1], &second)];
    let config = task("Hosts that share the load", &sites);
    let gateway = Gateway::start(&dir, &config);
    let _carriers = (bound(&first), bound(&second));
    for _ in 0..2 {
        gateway.logged("bound connector=\"both\"");
    }
    for listener in [&first, &second] {
        listener.set_nonblocking(true).expect("an option");
        assert!(listener.accept().is_err(), "a second bind at one host");
    }
}

#[test]
fn it_connects_from_the_address_that_it_is_to_have() {
    let dir = Dir::new("bind-from");
    let listener = port();
    let config = task(
        "An address to connect from",
        &[("smsc.example.net:2775", &listener)],
    );
    let _gateway = Gateway::start(&dir, &config.replace("192.0.2.7", "127.0.0.9"));
    let (_, from) = listener.accept().expect("a connection");
    assert_eq!(from.ip().to_string(), "127.0.0.9");
}

#[test]
fn all_addresses_of_a_name_are_tried() {
    let dir = Dir::new("name");
    // Where the name has an address of IPv6 too, nobody listens there.
    let listener = port();
    let name = format!("localhost:{}", address(&listener).port());
    let config = two_sites(&listener, &listener).replace(&address(&listener).to_string(), &name);
    let _gateway = Gateway::start(&dir, &config);
    bound(&listener);
}
