//! Those who have not bound, and those who do not even speak SMPP.

use std::io::Read;
use std::net::TcpStream;

use smpp::status;

use crate::client::Client;
use crate::gateway::{Dir, Gateway, PATIENCE};

#[test]
fn http_on_the_smpp_port_is_closed_with_one_line() {
    let dir = Dir::new("http");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::connect(gateway.smpp);
    client.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.end();
    gateway.logged("HTTP on the plain SMPP port");
}

#[test]
fn tls_on_the_plain_port_is_closed_with_one_line() {
    let dir = Dir::new("tls-plain");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::connect(gateway.smpp);
    // The beginning of a ClientHello.
    client.write(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0]);
    client.end();
    gateway.logged("TLS on the plain SMPP port");
}

#[test]
fn smpp_without_tls_on_the_tls_port_is_closed_with_one_line() {
    let dir = Dir::new("plain-tls");
    let gateway = Gateway::start(&dir, "");
    let mut stream = TcpStream::connect(gateway.smpps).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    std::io::Write::write_all(
        &mut stream,
        &[0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1],
    )
    .expect("it is read");
    // What comes first is the alert.
    let _ = stream.read_to_end(&mut Vec::new());
    gateway.logged("TLS failed");
}

#[test]
fn whoever_does_not_bind_is_closed() {
    let dir = Dir::new("init");
    let gateway = Gateway::start(&dir, "gateway.session_init = \"1s\"");
    Client::connect(gateway.smpp).end();
}

#[test]
fn one_address_has_so_many_unbound_connections() {
    let dir = Dir::new("crowd");
    let config = "[gateway]\nunbound_per_address_max = 3\nloopback_exempt = false";
    let gateway = Gateway::start(&dir, config);
    let mut first: Vec<Client> = (0..3).map(|_| Client::connect(gateway.smpp)).collect();
    // Bound ones do not count.
    for client in &mut first {
        assert_eq!(client.bind("demo", "demopass"), status::OK);
    }
    let second: Vec<Client> = (0..3).map(|_| Client::connect(gateway.smpp)).collect();
    Client::connect(gateway.smpp).end();
    drop(second);
    assert_eq!(first[0].submitted("447700901234", "x"), status::OK);
}

#[test]
fn wrong_credentials_are_blocked_after_a_while() {
    let dir = Dir::new("block");
    let config =
        "[gateway]\nbind_failures_max = 2\nbind_failure_delay = \"0s\"\nloopback_exempt = false";
    let gateway = Gateway::start(&dir, config);
    for _ in 0..2 {
        let mut client = Client::connect(gateway.smpp);
        assert_eq!(client.bind("demo", "wrong"), status::RINVPASWD);
    }
    let mut client = Client::connect(gateway.smpp);
    assert_eq!(client.bind("demo", "demopass"), status::RBINDFAIL);
    assert_eq!(client.bind("load", "loadpass"), status::OK);
}

#[test]
fn running_out_of_descriptors_is_survived() {
    let dir = Dir::new("emfile");
    let gateway = Gateway::start_with_files(&dir, "", 64);
    let crowd: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(gateway.smpp).expect("the kernel takes it"))
        .collect();
    gateway.logged("no connection can be accepted");
    drop(crowd);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "x"), status::OK);
}
