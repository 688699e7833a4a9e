//! The page for operators about carriers does what it says: docs/manual/carriers.md, task by task, over real sockets.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use smpp::command;
use smpp::pdu::{Pdu, Sm};
use smpp::status;
use sms::Address;

use crate::carriers::arrive;
use crate::client::{Came, Client};
use crate::gateway::{Dir, Gateway};

const PAGE: &str = include_str!("../../../../docs/manual/carriers.md");

/// The configuration that the page has under a heading, with these ports of ours in place of its hosts.
#[track_caller]
pub(crate) fn task(heading: &str, hosts: &[(&str, &TcpListener)]) -> String {
    let (_, rest) = PAGE
        .split_once(&format!("\n## {heading}\n"))
        .expect("the heading");
    let (_, rest) = rest.split_once("```toml\n").expect("a section");
    let (text, _) = rest.split_once("```").expect("its end");
    let mut text = text.to_owned();
    for (host, listener) in hosts {
        assert!(text.contains(host), "{host} is not in {text}");
        let ours = listener.local_addr().expect("it has one").to_string();
        text = text.replace(host, &ours);
    }
    text
}

/// A message centre's port.
pub(crate) fn port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port")
}

#[test]
fn a_transmitter_and_a_receiver_are_one_carrier() {
    let dir = Dir::new("pair");
    let (out, back) = (port(), port());
    let config = task(
        "Transmitter and receiver",
        &[
            ("smsc.example.net:2775", &out),
            ("smsc.example.net:2776", &back),
        ],
    );
    let number = "\n[[number]]\nnumber = \"80888\"\ncustomer = \"demo\"\n";
    let gateway = Gateway::start(&dir, &(config + number));
    let (mut transmitter, bind) = arrive(&out);
    assert!(matches!(bind.pdu(), Pdu::BindTransmitter(_)), "{bind:?}");
    transmitter.accept_bind(&bind);
    let (mut receiver, bind) = arrive(&back);
    assert!(matches!(bind.pdu(), Pdu::BindReceiver(_)), "{bind:?}");
    receiver.accept_bind(&bind);
    gateway.logged("bound connector=");
    gateway.logged("bound connector=");

    // The answer comes over one, the receipt over the other.
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    let number = "447700901234";
    assert_eq!(customer.submitted(number, "one"), status::OK);
    let message = transmitter.next_of(command::SUBMIT_SM);
    transmitter.take(&message, "42");
    assert_eq!(receiver.report("42", number), status::OK);
    let receipt = customer.next_of(command::DELIVER_SM);
    customer.acknowledge(&receipt);

    // What subscribers write comes over the receiver too.
    let written = receiver.ask(&Pdu::DeliverSm(Sm {
        source: Address::international(number.as_bytes()),
        destination: Address::international(b"80888"),
        short_message: b"hello yourself",
        ..Sm::default()
    }));
    let answer = receiver.next_of(command::DELIVER_SM_RESP);
    assert_eq!(
        (answer.header.sequence, answer.header.status),
        (written, status::OK)
    );
    let brought = customer.next_of(command::DELIVER_SM);
    let Pdu::DeliverSm(sm) = brought.pdu() else {
        panic!("{brought:?}");
    };
    assert_eq!(sm.short_message, b"hello yourself");
    customer.acknowledge(&brought);

    // Without the receiver messages go out, and their receipts come when it is back.
    drop(receiver);
    assert_eq!(customer.submitted(number, "two"), status::OK);
    let message = transmitter.next_of(command::SUBMIT_SM);
    transmitter.take(&message, "43");
    let (mut receiver, bind) = arrive(&back);
    receiver.accept_bind(&bind);
    assert_eq!(receiver.report("43", number), status::OK);
    let receipt = customer.next_of(command::DELIVER_SM);
    customer.acknowledge(&receipt);

    // Without the transmitter they wait: nothing is asked of the receiver.
    drop(transmitter);
    gateway.logged("kind=Transmitter");
    assert_eq!(customer.submitted(number, "three"), status::OK);
    let (mut transmitter, bind) = arrive(&out);
    transmitter.accept_bind(&bind);
    let message = transmitter.next_of(command::SUBMIT_SM);
    transmitter.take(&message, "44");
    assert_eq!(receiver.report("44", number), status::OK);
    customer.next_of(command::DELIVER_SM);
}

/// A carrier that has an authority of its own, knows its clients by it, and is called as the page calls it.
struct PrivateCentre {
    tls: Arc<rustls::ServerConfig>,
}

impl PrivateCentre {
    /// Writes the files of the page into `dir`.
    fn new(dir: &Dir) -> PrivateCentre {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        let issue = |name: &str| {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new([name.to_owned()]).expect("parameters");
            (params.signed_by(&key, &issuer).expect("a certificate"), key)
        };
        let (own, own_key) = issue("smsc.example.net");
        let (client, client_key) = issue("gateway.example.org");
        dir.write("carrier-ca.pem", &authority.pem());
        dir.write("us.pem", &client.pem());
        dir.write("us-key.pem", &client_key.serialize_pem());

        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .expect("a verifier");
        let own_key = rustls::pki_types::PrivateKeyDer::try_from(own_key.serialize_der());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![own.der().clone()], own_key.expect("a key"))
            .expect("a certificate and its key");
        PrivateCentre { tls: Arc::new(tls) }
    }
}

#[test]
fn a_carrier_may_know_us_by_our_certificate() {
    let dir = Dir::new("mutual-tls");
    let centre = PrivateCentre::new(&dir);
    let listener = port();
    let config = task("Mutual TLS", &[("192.0.2.20:3550", &listener)]);
    let gateway = Gateway::start(&dir, &config);
    let mut carrier = Client::accept_tls(&listener, &centre.tls).expect("both are known");
    let bind = carrier.next();
    carrier.accept_bind(&bind);
    gateway.logged("bound connector=");
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(customer.submitted("447700901234", "hello"), status::OK);
    let message = carrier.next_of(command::SUBMIT_SM);
    carrier.take(&message, "42");

    // Without it the carrier turns us away.
    let own = |line: &&str| line.starts_with("cert") || line.starts_with("key");
    let anonymous: Vec<&str> = config.lines().filter(|line| !own(line)).collect();
    dir.write("bindery.toml", &anonymous.join("\n"));
    gateway.signal("HUP");
    let refused = Client::accept_tls(&listener, &centre.tls).err();
    let refused = refused.expect("nobody without a certificate").to_string();
    assert!(refused.contains("no certificates"), "{refused}");
}

#[test]
fn a_carrier_with_another_name_in_its_certificate_is_not_spoken_to() {
    let dir = Dir::new("server-name");
    let centre = PrivateCentre::new(&dir);
    let listener = port();
    let config = task("Mutual TLS", &[("192.0.2.20:3550", &listener)]);
    let config = config.replace("\"smsc.example.net\"", "\"smsc.example.org\"");
    let gateway = Gateway::start(&dir, &config);
    let refused = Client::accept_tls(&listener, &centre.tls).err();
    assert!(
        refused.is_some(),
        "the gateway does not take it for another"
    );
    gateway.logged("next attempt");
}

/// The state that a receipt to a customer tells.
#[track_caller]
fn told(receipt: &Came) -> String {
    let Pdu::DeliverSm(sm) = receipt.pdu() else {
        panic!("{receipt:?}");
    };
    let text = String::from_utf8_lossy(sm.short_message).into_owned();
    let state = text.split_once("stat:").and_then(|(_, rest)| rest.get(..7));
    state.expect("a state").to_owned()
}

#[test]
fn a_message_that_was_never_answered_is_not_sent_twice_where_that_would_do_harm() {
    let dir = Dir::new("in-doubt");
    let listener = port();
    let config = task(
        "A message that was never answered",
        &[("smsc.example.net:2775", &listener)],
    );
    let gateway = Gateway::start(&dir, &config);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(customer.submitted("447700901234", "once"), status::OK);
    carrier.next_of(command::SUBMIT_SM);
    drop(carrier);
    let receipt = customer.next_of(command::DELIVER_SM);
    assert_eq!(told(&receipt), "UNKNOWN");
    customer.acknowledge(&receipt);
    // What comes next is the next message.
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    assert_eq!(customer.submitted("447700901234", "two"), status::OK);
    let message = carrier.next_of(command::SUBMIT_SM);
    let Pdu::SubmitSm(sm) = message.pdu() else {
        panic!("{message:?}");
    };
    assert_eq!(sm.short_message, b"two");
}

#[test]
fn a_receipt_that_does_not_come_is_waited_for_until_its_time_is_over() {
    let dir = Dir::new("receipt-wait");
    let listener = port();
    let config = task(
        "A receipt that does not come",
        &[("smsc.example.net:2775", &listener)],
    );
    let gateway = Gateway::start(&dir, &config.replace("2h", "1s"));
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    customer.ask(&Pdu::SubmitSm(Sm {
        destination: Address::international(b"447700901234"),
        registered_delivery: 1,
        validity_period: b"000000000001000R",
        short_message: b"for a second",
        ..Sm::default()
    }));
    let answer = customer.next_of(command::SUBMIT_SM_RESP);
    assert_eq!(answer.header.status, status::OK);
    let message = carrier.next_of(command::SUBMIT_SM);
    carrier.take(&message, "42");
    let receipt = customer.next_of(command::DELIVER_SM);
    assert_eq!(told(&receipt), "UNKNOWN");
    customer.acknowledge(&receipt);
    assert_eq!(carrier.report("42", "447700901234"), status::OK);
    // It came too late: the next thing that the customer hears is of the next message.
    customer.submit("447700901234", "another");
    let answer = customer.next_of(command::SUBMIT_SM_RESP);
    let Pdu::SubmitSmResp(taken) = answer.pdu() else {
        panic!("{answer:?}");
    };
    let message = carrier.next_of(command::SUBMIT_SM);
    carrier.take(&message, "43");
    assert_eq!(carrier.report("43", "447700901234"), status::OK);
    let receipt = customer.next_of(command::DELIVER_SM);
    let Pdu::DeliverSm(sm) = receipt.pdu() else {
        panic!("{receipt:?}");
    };
    assert!(
        sm.short_message
            .starts_with(&[b"id:", taken.message_id].concat())
    );
}

#[test]
fn a_carrier_comes_back_when_a_crowd_of_customers_has_all_that_they_may_have() {
    let dir = Dir::new("crowded-out");
    let listener = port();
    let config = task("Several hosts", &[("smsc-a.example.net:2775", &listener)]);
    let config = format!("{config}\n[gateway]\nsession_init = \"5 min\"\n");
    let gateway = Gateway::start_with_files(&dir, &config, 400);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    let crowd: Vec<TcpStream> = (0..600)
        .map(|_| TcpStream::connect(gateway.smpp).expect("the kernel takes it"))
        .collect();
    gateway.logged("no connection can be accepted");
    drop(carrier);
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    gateway.logged("bound connector=\"two-sites\"");
    drop(crowd);
}
