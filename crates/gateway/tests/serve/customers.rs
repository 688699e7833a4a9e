//! Customers: binding, submitting, TLS.

use smpp::command;
use smpp::pdu::Pdu;
use smpp::status;
use smpp::tlv::Tlvs;

use crate::client::Client;
use crate::gateway::{Dir, Gateway};

const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 99];

#[test]
fn a_message_is_accepted_over_plain_and_over_tls() {
    let dir = Dir::new("accept");
    let gateway = Gateway::start(&dir, "");
    let mut plain = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(plain.submitted("447700901234", "hello"), status::OK);

    let cert = dir.path().join("data/tls/cert.pem");
    let mut tls = Client::connect_tls(gateway.smpps, &cert);
    assert_eq!(tls.bind("demo", "demopass"), status::OK);
    assert_eq!(tls.submitted("447700901234", "hello"), status::OK);
}

#[test]
fn the_key_of_the_certificate_that_was_made_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new("key");
    let _gateway = Gateway::start(&dir, "");
    let key = dir
        .path()
        .join("data/tls/key.pem")
        .metadata()
        .expect("a key");
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

/// Shows MTA-11.
#[test]
fn wrong_credentials_are_told_apart() {
    let dir = Dir::new("credentials");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::connect(gateway.smpp);
    assert_eq!(client.bind("nobody", "demopass"), status::RINVSYSID);
    assert_eq!(client.bind("demo", "wrong"), status::RINVPASWD);
    assert_eq!(client.bind("demo", "demopass"), status::OK);
}

/// Shows MTA-14, MES-38.
#[test]
fn passwords_and_whole_numbers_are_not_in_the_log() {
    let dir = Dir::new("secrets");
    let gateway = Gateway::start(&dir, "gateway.log = \"trace\"");
    let mut client = Client::connect(gateway.smpp);
    assert_eq!(client.bind("demo", "s3cr3t-w"), status::RINVPASWD);
    assert_eq!(client.bind("demo", "demopass"), status::OK);
    assert_eq!(client.submitted("447700901234", "confidential"), status::OK);
    client.ask(&Pdu::Unbind(Tlvs::EMPTY));
    let until_then = gateway.logged_until("peer unbound").join("\n");
    for secret in ["s3cr3t-w", "demopass", "447700901234", "confidential"] {
        assert!(!until_then.contains(secret), "{secret} is in\n{until_then}");
    }
}

#[test]
fn a_request_that_comes_in_pieces_is_one_request() {
    let dir = Dir::new("pieces");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    for octet in ENQUIRE_LINK {
        client.write(&[octet]);
    }
    let answer = client.next();
    assert_eq!(answer.header.command_id, command::ENQUIRE_LINK_RESP);
    assert_eq!(answer.header.sequence, 99);
}

/// Shows MES-12, MES-17, BUL-7.
#[test]
fn more_requests_than_the_window_are_all_answered() {
    let dir = Dir::new("window");
    let gateway = Gateway::start(&dir, NARROW);
    let mut client = Client::bound(gateway.smpp, "narrow", "narrow");
    let asked: Vec<u32> = (0..500)
        .map(|_| client.submit("447700901234", "x"))
        .collect();
    let mut answered: Vec<u32> = asked
        .iter()
        .map(|_| client.next_of(command::SUBMIT_SM_RESP).header.sequence)
        .collect();
    answered.sort_unstable();
    assert_eq!(answered, asked);
}

const NARROW: &str = r#"
[[customer]]
name = "narrow"
password = "narrow"
window = 2
"#;

#[test]
fn a_customer_that_takes_no_receipts_waits_alone() {
    let dir = Dir::new("lazy");
    let config = NARROW.replace(
        "window = 2",
        "window = 2\ndeliver_window = 1\ndeliver_max = 3",
    );
    let gateway = Gateway::start(&dir, &config);
    let mut lazy = Client::bound(gateway.smpp, "narrow", "narrow");
    for _ in 0..3 {
        assert_eq!(lazy.submitted("447700901234", "x"), status::OK);
    }
    // There would be no room for the receipt of another one.
    let sequence = lazy.submit("447700901234", "x");
    let mut refusal = lazy.next();
    let mut receipts = Vec::new();
    while refusal.header.command_id != command::SUBMIT_SM_RESP {
        receipts.push(refusal);
        refusal = lazy.next();
    }
    assert_eq!(refusal.header.sequence, sequence);
    assert_eq!(refusal.header.status, status::RMSGQFUL);

    let mut other = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(other.submitted("447700901234", "x"), status::OK);
    other.next_of(command::DELIVER_SM);
    // One receipt is out until it is answered, and then the next.
    for _ in 0..3 {
        if receipts.is_empty() {
            receipts.push(lazy.next_of(command::DELIVER_SM));
        }
        assert_eq!(receipts.len(), 1);
        lazy.acknowledge(&receipts.remove(0));
    }
    // Room again, as soon as it is written down.
    while lazy.submitted("447700901234", "x") != status::OK {}
}

#[test]
fn a_peer_that_never_reads_is_closed() {
    let dir = Dir::new("stall");
    let gateway = Gateway::start(&dir, "gateway.write_stall = \"1s\"");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    client.write_until_it_ends(&ENQUIRE_LINK.repeat(1000));
    gateway.logged("peer does not read");
}

#[test]
fn receipts_find_their_customers_over_several_io_threads() {
    let dir = Dir::new("threads");
    let gateway = Gateway::start(&dir, "gateway.io_threads = 3");
    let mut clients: Vec<Client> = (1..=6)
        .map(|n| Client::bound(gateway.smpp, &format!("demo{n}"), "demopass"))
        .collect();
    let told: Vec<Vec<u8>> = clients
        .iter_mut()
        .map(|client| {
            client.submit("447700901234", "hello");
            let answer = client.next_of(command::SUBMIT_SM_RESP);
            match answer.pdu() {
                Pdu::SubmitSmResp(response) => response.message_id.to_vec(),
                other => panic!("{other:?}"),
            }
        })
        .collect();
    for (client, id) in clients.iter_mut().zip(&told) {
        let receipt = client.next_of(command::DELIVER_SM);
        let Pdu::DeliverSm(sm) = receipt.pdu() else {
            panic!("{receipt:?}");
        };
        let text = String::from_utf8_lossy(sm.short_message).into_owned();
        let id = String::from_utf8_lossy(id);
        assert!(text.contains(&format!("id:{id} ")), "{id} is not in {text}");
        assert!(text.contains("stat:DELIVRD"), "{text}");
    }
}
