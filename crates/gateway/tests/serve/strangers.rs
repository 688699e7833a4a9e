//! Those who have not bound, and those who do not even speak SMPP.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use smpp::{command, status};

use crate::client::Client;
use crate::gateway::{Dir, Gateway, PATIENCE};

/// The stranger is counted, and nothing more is said of it than this.
fn one_line_of_it(gateway: &Gateway, line: &str, reason: &str) {
    let before = gateway.logged_until(line);
    gateway.counted(&turned_away(reason), 1);
    gateway.signal("TERM");
    let after = gateway.logged_until("draining");
    let lines = before.iter().chain(&after);
    // The simulated carriers are bound to as well.
    let told: Vec<_> = lines
        .filter(|line| line.contains("remote=") && !line.contains("connector="))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
}

fn turned_away(reason: &str) -> String {
    format!("bindery_connections_turned_away_total{{reason=\"{reason}\"}}")
}

#[test]
fn http_on_the_smpp_port_is_closed_with_one_line() {
    let dir = Dir::new("http");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::connect(gateway.smpp);
    client.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.end();
    one_line_of_it(&gateway, "HTTP on the plain SMPP port", "not smpp");
}

#[test]
fn tls_on_the_plain_port_is_closed_with_one_line() {
    let dir = Dir::new("tls-plain");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::connect(gateway.smpp);
    // The beginning of a ClientHello.
    client.write(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0]);
    client.end();
    one_line_of_it(&gateway, "TLS on the plain SMPP port", "not smpp");
}

/// Shows MTA-9, MES-7.
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
    one_line_of_it(&gateway, "TLS failed", "tls");
}

#[test]
fn whoever_does_not_bind_is_closed() {
    let dir = Dir::new("init");
    let gateway = Gateway::start(&dir, "gateway.session_init = \"1s\"");
    Client::connect(gateway.smpp).end();
}

#[test]
fn a_bind_that_comes_octet_by_octet_does_not_outlast_the_timer() {
    let dir = Dir::new("loris");
    let gateway = Gateway::start(&dir, "gateway.session_init = \"1s\"");
    let mut client = Client::connect(gateway.smpp);
    // A bind_transceiver of 200 octets: each comes in time for a timer that begins anew.
    let began = Instant::now();
    client.write(&[0, 0, 0, 200, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1]);
    client.write_slowly_until_it_ends(b'x', Duration::from_millis(100));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_pdu_that_does_not_end_ends_its_session_and_no_other() {
    let dir = Dir::new("part");
    let gateway = Gateway::start(&dir, "gateway.partial_pdu = \"1s\"");
    let mut other = Client::bound(gateway.smpp, "demo", "demopass");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    client.write(&[0, 0, 0, 60, 0, 0, 0, 4]);
    client.end();
    assert_eq!(other.submitted("447700901234", "x"), status::OK);
}

#[test]
fn a_pdu_of_the_largest_size_that_can_be_configured_is_read() {
    const LARGEST: u32 = 128 << 10;
    let dir = Dir::new("large");
    let gateway = Gateway::start(&dir, "gateway.frame_max = \"128 KiB\"");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let mut unknown = vec![0; LARGEST as usize];
    unknown[..4].copy_from_slice(&LARGEST.to_be_bytes());
    unknown[4..8].copy_from_slice(&[0, 0, 0x0F, 0xFF]);
    unknown[15] = 9;
    client.write(&unknown);
    let nack = client.next_of(command::GENERIC_NACK).header;
    assert_eq!((nack.status, nack.sequence), (status::RINVCMDID, 9));
    assert_eq!(client.submitted("447700901234", "x"), status::OK);
}

#[test]
fn so_many_connections_are_unbound_at_once_whoever_they_are() {
    let dir = Dir::new("total");
    let gateway = Gateway::start(&dir, "gateway.unbound_max = 3");
    let first: Vec<Client> = (0..3).map(|_| Client::connect(gateway.smpp)).collect();
    Client::connect(gateway.smpp).end();
    gateway.counted(&turned_away("too many connections"), 1);
    drop(first);
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
    let reason = turned_away("too many connections of one address");
    gateway.counted(&reason, 1);
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
fn a_crowd_leaves_the_journal_the_descriptors_that_it_needs() {
    let dir = Dir::new("emfile");
    let config = "[gateway]\njournal_segment = \"1 MiB\"\nsession_init = \"5 min\"";
    let gateway = Gateway::start_with_files(&dir, config, 400);
    let mut client = Client::bound(gateway.smpp, "load", "loadpass");
    let crowd: Vec<TcpStream> = (0..600)
        .map(|_| TcpStream::connect(gateway.smpp).expect("the kernel takes it"))
        .collect();
    gateway.logged("no connection can be accepted");

    // So many records that the journal has to begin new files.
    let text = "x".repeat(200);
    for n in 0..5000 {
        client.submit(&format!("44770090{:04}", 1000 + n), &text);
    }
    for _ in 0..5000 {
        let answer = client.next_of(command::SUBMIT_SM_RESP);
        assert_eq!(answer.header.status, status::OK);
    }
    let files = fs::read_dir(dir.path().join("data")).expect("the journal");
    let names = files.map(|file| file.expect("a file").file_name());
    let segments = names.filter(|name| name.to_string_lossy().ends_with(".journal"));
    assert!(segments.count() > 1, "the journal has one file");

    drop(crowd);
    Client::bound_at_last(gateway.smpp, "demo", "demopass");
    gateway.logged("connections are accepted again");
}

#[test]
fn a_limit_of_open_files_that_leaves_no_room_for_customers_is_refused_at_the_start() {
    let dir = Dir::new("files");
    let output = Gateway::refused_with_files(&dir, 100);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("allows this process 100 open files"),
        "{said}"
    );
    assert!(said.contains("LimitNOFILE="), "{said}");
}

/// What a load balancer puts first for a customer at this address.
fn proxied(from: [u8; 4]) -> Vec<u8> {
    let fixed = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C";
    [&fixed[..], &from, &[10, 0, 0, 1], &[0x1F, 0x90, 0x0A, 0xD7]].concat()
}

/// The listener of the page for operators, and a customer who may come from one network alone.
fn balanced() -> String {
    let page = include_str!("../../../../docs/manual/running.md");
    let (_, rest) = page
        .split_once("\n## Behind a load balancer\n")
        .expect("the heading");
    let (_, rest) = rest.split_once("```toml\n").expect("a listener");
    let (listener, _) = rest.split_once("```").expect("its end");
    format!(
        r#"{listener}
[[customer]]
name = "near"
system_id = "near"
password = "nearpass"
allow = ["192.0.2.0/24"]
"#
    )
}

/// Connects as the load balancer.
fn balancer(gateway: &Gateway, first: &[u8]) -> Client {
    let mut client = Client::connect_from([127, 0, 0, 2].into(), gateway.smpp);
    client.write(first);
    client
}

#[test]
fn behind_a_load_balancer_a_customer_has_the_address_that_it_comes_from() {
    let dir = Dir::new("balancer");
    let gateway = Gateway::start(&dir, &balanced());
    let mut there = balancer(&gateway, &proxied([192, 0, 2, 7]));
    assert_eq!(there.bind("near", "nearpass"), status::OK);
    gateway.logged("192.0.2.7:8080");
    assert_eq!(there.submitted("447700901234", "x"), status::OK);
    let mut elsewhere = balancer(&gateway, &proxied([198, 51, 100, 7]));
    assert_ne!(elsewhere.bind("near", "nearpass"), status::OK);
}

#[test]
fn a_load_balancer_has_to_say_for_whom_it_speaks_and_nobody_else_may() {
    let dir = Dir::new("liar");
    let gateway = Gateway::start(&dir, &balanced());
    balancer(&gateway, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").end();
    gateway.logged("did not say for whom it speaks");
    gateway.counted(&turned_away("no PROXY header"), 1);
    // Whoever is not trusted is what it is, and the header is no SMPP.
    let mut liar = Client::connect(gateway.smpp);
    liar.write(&proxied([192, 0, 2, 7]));
    liar.end();
    let mut direct = Client::connect(gateway.smpp);
    assert_ne!(direct.bind("near", "nearpass"), status::OK);
    assert_eq!(
        Client::connect(gateway.smpp).bind("demo", "demopass"),
        status::OK
    );
}
