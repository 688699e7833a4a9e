//! The load generator against the message centre, over real sockets: the books have to balance, and each way to
//! misbehave has to show in them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::BytesMut;
use clap::Parser;
use smpp::Tolerance;
use smpp::frame::{self, Frame, Header};
use smpp::pdu::{self, Bind, Pdu, Sm, SmResp};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use sms::Address;

use super::client::Problem;
use super::reactor::Stopper;
use super::sink::{self, Behaviour, Sink};
use super::{listen, load, send};

#[derive(Parser)]
#[command(no_binary_name = true, args_override_self = true)]
struct SinkLine {
    #[command(flatten)]
    args: sink::Args,
}

#[derive(Parser)]
#[command(no_binary_name = true, args_override_self = true)]
struct LoadLine {
    #[command(flatten)]
    args: load::Args,
}

#[derive(Parser)]
#[command(no_binary_name = true, args_override_self = true)]
struct SendLine {
    #[command(flatten)]
    args: send::Args,
}

#[derive(Parser)]
#[command(no_binary_name = true, args_override_self = true)]
struct ListenLine {
    #[command(flatten)]
    args: listen::Args,
}

/// A message centre in a thread.
struct Centre {
    address: SocketAddr,
    stopper: Stopper,
    thread: JoinHandle<sink::Report>,
}

impl Centre {
    fn start(behaviour: Behaviour) -> Centre {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let sink = Sink::new(listener, behaviour).expect("a sink");
        let address = sink.local_addr().expect("an address");
        let (stopper, ear) = Stopper::new().expect("a pair");
        let run = move || sink.run(ear, None, |_| ()).expect("a run");
        Centre {
            address,
            stopper,
            thread: std::thread::spawn(run),
        }
    }

    /// With the flags of the command line; receipts come after 5 ms if nothing else is said.
    fn with(flags: &str) -> Centre {
        let line = format!("--receipt-delay 5ms {flags}");
        let words = SinkLine::try_parse_from(line.split_whitespace()).expect("flags");
        Centre::start(words.args.behaviour())
    }

    fn stop(self) -> sink::Report {
        drop(self.stopper);
        self.thread.join().expect("the sink does not panic")
    }

    /// One run of the generator against it.
    fn load(&self, flags: &str) -> load::Report {
        let line = format!("--connect {} --linger 30ms {flags}", self.address);
        let words = LoadLine::try_parse_from(line.split_whitespace()).expect("flags");
        let (_stopper, ear) = Stopper::new().expect("a pair");
        load::generate(&words.args, ear).expect("a run")
    }
}

impl Centre {
    /// Sends one message, or `lines` if there are any; what became of it.
    fn send(&self, flags: &[&str], lines: &str) -> Result<Vec<send::Outcome>, Problem> {
        let address = self.address.to_string();
        let words = ["--connect", &address]
            .into_iter()
            .chain(flags.iter().copied());
        let args = SendLine::try_parse_from(words).expect("flags").args;
        let lines = std::io::Cursor::new(lines.to_owned());
        let source = match args.to {
            Some(_) => args.source()?,
            None => send::Source::Lines(send::read_lines(lines)),
        };
        let mut outcomes = Vec::new();
        send::send(&args, source, &mut |outcome| outcomes.push(outcome.clone()))?;
        Ok(outcomes)
    }
}

fn receipts(report: &load::Report) -> &load::Receipts {
    report.receipts.as_ref().expect("receipts were asked for")
}

#[test]
fn a_generator_that_waits_for_room_leaves_the_processor_to_others() {
    let centre = Centre::with("--delay 20ms");
    let report = centre.load("--binds 1 --window 2 --rate 5000 --duration 300ms");
    centre.stop();
    assert!(report.is_exact());
    assert!(report.accepted <= 40, "{} in 15 turns", report.accepted);
    let lag = report.lag_ms.expect("under a rate");
    assert!(lag.max > 100.0, "it was behind: {lag}");
    assert!(report.own_cpu < 0.5, "it used {}", report.own_cpu);
}

#[test]
fn every_message_is_answered_and_receipted_exactly_once() {
    let centre = Centre::with("--check-duplicates 100k");
    let report = centre.load("--count 20000 --window 200 --receipts");
    assert!(report.is_exact(), "{report}");
    assert_eq!((report.binds, report.accepted), (4, 20_000));
    assert_eq!(receipts(&report).received, 20_000);
    let seen = centre.stop();
    assert_eq!(seen.counters.submits, 20_000);
    assert_eq!(seen.counters.receipts_taken, 20_000);
    assert_eq!(seen.duplicates, Some(0));
    assert_eq!((seen.counters.binds, seen.counters.connections), (0, 0));
}

#[test]
fn transmitters_get_their_receipts_through_receivers() {
    let centre = Centre::with("");
    let report = centre.load("--count 2000 --binds 2 --bind-type tx+rx --receipts");
    assert!(report.is_exact(), "{report}");
    assert_eq!(report.binds, 4);
}

#[test]
fn messages_to_one_number_are_told_apart_by_their_ids() {
    let centre = Centre::with("--id-format uuid --check-duplicates 10k");
    let report = centre.load("--count 1000 --destinations 447700900123 --receipts");
    assert!(report.is_exact(), "{report}");
    assert_eq!(centre.stop().duplicates, Some(999));
}

#[test]
fn receipts_that_come_twice_are_counted() {
    let centre = Centre::with("--receipts twice");
    let report = centre.load("--count 1000 --receipts --linger 500ms");
    let receipts = receipts(&report);
    assert_eq!((receipts.received, receipts.duplicate), (1000, 1000));
    assert!(!report.is_exact());
}

#[test]
fn receipts_that_come_before_the_response_are_matched() {
    let centre = Centre::with("--receipts early");
    let report = centre.load("--count 1000 --binds 1 --receipts");
    assert!(report.is_exact(), "{report}");
    assert_eq!(receipts(&report).early, 1000);
}

#[test]
fn receipts_that_never_come_are_missing() {
    let centre = Centre::with("--receipts none");
    let report = centre.load("--count 100 --receipts --drain-wait 50ms");
    assert_eq!(receipts(&report).missing, 100);
}

#[test]
fn the_odd_receipts_of_real_carriers_are_understood() {
    let centre = Centre::with("--odd");
    let report = centre.load("--count 1000 --receipts");
    assert!(report.is_exact(), "{report}");
}

#[test]
fn ids_that_differ_between_response_and_receipt_are_noticed() {
    for format in ["hex-response-decimal-receipt", "zero-padded"] {
        let centre = Centre::with(&format!("--id-format {format}"));
        let report = centre.load("--count 100 --receipts --drain-wait 100ms");
        let receipts = receipts(&report);
        assert_eq!((receipts.received, receipts.unknown), (0, 100), "{format}");
    }
}

#[test]
fn refusals_are_counted_by_status_and_want_no_receipt() {
    let centre = Centre::with("--fail-ratio RSYSERR=10% --fail-ratio 0x14=20%");
    let report = centre.load("--count 1000 --receipts");
    let refused: u64 = report.refused.values().sum();
    assert_eq!(report.refused.len(), 2);
    assert_eq!(report.accepted + refused, 1000);
    assert_eq!(receipts(&report).received, report.accepted);
    assert_eq!(
        centre.stop().counters.refused.values().sum::<u64>(),
        refused
    );
}

#[test]
fn submits_above_the_rate_are_throttled() {
    let centre = Centre::with("--throttle-above 1000");
    let report = centre.load("--count 2000");
    assert!(
        report
            .refused
            .keys()
            .any(|status| status.contains("RTHROTTLED"))
    );
}

#[test]
fn submits_that_are_never_answered_are_told_from_lost_ones() {
    let centre = Centre::with("--never-answer 50%");
    let report = centre.load("--count 100 --receipts --drain-wait 100ms");
    let silent = centre.stop().counters.unanswered;
    assert!(silent > 0);
    assert_eq!(report.unanswered, silent);
    assert_eq!(receipts(&report).missing, 0);
}

#[test]
fn a_delayed_answer_shows_as_latency() {
    let centre = Centre::with("--delay 20ms");
    let report = centre.load("--count 100");
    assert!(report.response_ms.p50 >= 20.0, "{report}");
}

#[test]
fn a_full_message_centre_says_so() {
    let centre = Centre::with("--waiting-max 10 --receipt-delay 1s");
    let report = centre.load("--count 100 --receipts --drain-wait 0s");
    assert_eq!(report.refused.values().sum::<u64>(), 90, "{report}");
}

#[test]
fn a_rate_is_kept() {
    let centre = Centre::with("");
    let report = centre.load("--rate 2000 --count 400");
    assert!(report.is_exact(), "{report}");
    assert!(report.lag_ms.is_some());
    assert!((0.19..2.0).contains(&report.seconds), "{report}");
}

#[test]
fn idle_binds_are_held_and_timed() {
    let centre = Centre::with("");
    let report = centre.load("--binds 200 --idle --duration 50ms");
    assert_eq!((report.binds, report.submitted), (200, 0));
    assert!(report.bind_ms.max > 0.0);
    assert_eq!(centre.stop().counters.binds_accepted, 200);
}

#[test]
fn a_customer_that_stops_reading_does_not_hold_the_others_up() {
    let centre = Centre::with("");
    let deaf = centre.load("--binds 1 --never-read --duration 100ms");
    assert!(deaf.octets_written > 0);
    assert!(centre.load("--count 1000 --receipts").is_exact());
}

#[test]
fn a_wrong_password_is_refused_and_said() {
    let centre = Centre::with("--system-id me --password secret");
    let report = centre.load("--count 1 --system-id me --password wrong --binds 1");
    assert_eq!(report.binds, 0);
    assert!(
        report
            .bind_refused
            .keys()
            .all(|status| status.contains("RINVPASWD"))
    );
    assert!(
        centre
            .load("--count 1 --system-id me --password secret")
            .is_exact()
    );
}

#[test]
fn the_generator_says_where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let line = format!("--connect {address} --count 1 --binds 2");
    let words = LoadLine::try_parse_from(line.split_whitespace()).expect("flags");
    let (_stopper, ear) = Stopper::new().expect("a pair");
    let report = load::generate(&words.args, ear).expect("a run");
    assert_eq!(report.connect_errors.values().sum::<u64>(), 2);
}

#[test]
fn a_message_is_sent_and_its_receipt_waited_for() {
    let centre = Centre::with("");
    let outcomes = centre.send(&["--to", "447700901234", "Hello"], "");
    let outcomes = outcomes.expect("a bind");
    assert_eq!(outcomes.len(), 1);
    assert_eq!(
        (&outcomes[0].result[..], outcomes[0].ids.len()),
        ("DELIVRD", 1)
    );
    assert!(outcomes[0].good);
}

#[test]
fn a_long_message_is_delivered_when_all_its_parts_are() {
    let centre = Centre::with("--receipts early");
    let text = "\u{436}".repeat(100);
    let outcomes = centre.send(&["--to", "447700901234", &text], "");
    let outcome = &outcomes.expect("a bind")[0];
    assert_eq!((outcome.parts, outcome.ids.len()), (2, 2));
    assert!(outcome.good);
}

#[test]
fn lines_are_sent_one_by_one_and_bad_ones_are_named() {
    let centre = Centre::with("");
    let lines = "447700901234\tHello\nno tab\n\nx\ty\n447700901235\tGood day\n";
    let outcomes = centre.send(&["--no-receipt"], lines).expect("a bind");
    let results: Vec<&str> = outcomes.iter().map(|o| &o.result[..]).collect();
    let count = |wanted: &str| results.iter().filter(|r| r.starts_with(wanted)).count();
    assert_eq!(
        (
            count("accepted"),
            count("line 2: there is no tab"),
            count("line 4: ")
        ),
        (2, 1, 1)
    );
}

#[test]
fn a_refused_message_says_with_what() {
    let centre = Centre::with("--fail-ratio RINVDSTADR=100%");
    let outcomes = centre
        .send(&["--to", "447700901234", "Hello"], "")
        .expect("a bind");
    assert_eq!(outcomes[0].result, "refused: ESME_RINVDSTADR (0x0b)");
    assert!(!outcomes[0].good);
}

#[test]
fn a_message_without_receipt_ends_when_the_wait_does() {
    let centre = Centre::with("--receipts none");
    let flags = ["--wait", "50ms", "--to", "447700901234", "Hello"];
    let outcomes = centre.send(&flags, "").expect("a bind");
    assert_eq!(outcomes[0].result, "no receipt");
}

#[test]
fn a_refused_bind_says_what_to_check() {
    let centre = Centre::with("--system-id me --password secret");
    let problem = centre
        .send(&["--to", "447700901234", "x"], "")
        .expect_err("refused");
    assert!(
        problem.to_string().contains("Check --system-id"),
        "{problem}"
    );
    let flags = ["--system-id", "me", "--to", "447700901234", "x"];
    let problem = centre.send(&flags, "").expect_err("refused");
    assert!(
        problem.to_string().contains("Check --password"),
        "{problem}"
    );
}

#[test]
fn the_listener_shows_the_receipt_and_the_reply() {
    let centre = Centre::start(quick());
    let mut transmitter = Hand::bind(centre.address, "sim-odd");
    let flags = format!(
        "--connect {} --system-id sim-odd --count 2 --duration 10s --json",
        centre.address
    );
    let words = ListenLine::try_parse_from(flags.split_whitespace()).expect("flags");
    transmitter.submit("447700900009", b"hello");
    transmitter.answer();
    // What was sent there and not answered goes to the listener.
    drop(transmitter);
    let mut arrivals = Vec::new();
    listen::listen(&words.args, &mut |arrival| arrivals.push(arrival.clone())).expect("a bind");
    let kinds: Vec<&str> = arrivals.iter().map(|arrival| arrival.kind).collect();
    assert_eq!(kinds, ["receipt", "message"]);
    assert_eq!(
        (&arrivals[0].state[..], &arrivals[1].text[..]),
        ("DELIVRD", "olleh")
    );
}

/// A peer by hand, one PDU at a time.
struct Hand {
    stream: TcpStream,
    received: Vec<u8>,
    sequence: u32,
}

impl Hand {
    fn bind(address: SocketAddr, system_id: &str) -> Hand {
        let stream = TcpStream::connect(address).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a timeout");
        let mut hand = Hand {
            stream,
            received: Vec::new(),
            sequence: 0,
        };
        let bind = Bind {
            system_id: system_id.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        };
        hand.send(&Pdu::BindTransceiver(bind));
        let (header, _) = hand.next();
        assert_eq!(header.status, status::OK);
        hand
    }

    fn send(&mut self, pdu: &Pdu<'_>) -> u32 {
        self.sequence += 1;
        let mut out = BytesMut::new();
        pdu::encode(pdu, status::OK, self.sequence, &mut out).expect("a PDU");
        self.stream.write_all(&out).expect("a write");
        self.sequence
    }

    fn submit(&mut self, destination: &str, text: &[u8]) -> u32 {
        self.send(&Pdu::SubmitSm(Sm {
            source: number("12345"),
            destination: number(destination),
            registered_delivery: 1,
            short_message: text,
            ..Sm::default()
        }))
    }

    fn take(&mut self, sequence: u32) {
        let mut out = BytesMut::new();
        let response = SmResp {
            body_present: true,
            ..SmResp::default()
        };
        pdu::encode(
            &Pdu::DeliverSmResp(response),
            status::OK,
            sequence,
            &mut out,
        )
        .expect("a PDU");
        self.stream.write_all(&out).expect("a write");
    }

    /// The next PDU: its header and its body.
    fn next(&mut self) -> (Header, Vec<u8>) {
        loop {
            let mut input = &self.received[..];
            if let Some(frame) = frame::split(&mut input, frame::CAP_BOUND).expect("a length") {
                let next = (frame.header, frame.body.to_vec());
                self.received = input.to_vec();
                return next;
            }
            let mut octets = [0; 4096];
            let count = self.stream.read(&mut octets).expect("a PDU in time");
            assert!(count > 0, "closed");
            self.received.extend_from_slice(&octets[..count]);
        }
    }

    /// The next PDU is the answer to a submit: its status and message id.
    fn answer(&mut self) -> (Status, Vec<u8>) {
        let (header, body) = self.next();
        assert_eq!(header.command_id, smpp::command::SUBMIT_SM_RESP);
        let id = body.split(|octet| *octet == 0).next().unwrap_or_default();
        (header.status, id.to_vec())
    }

    /// The next PDU is a `deliver_sm`: its sequence number, source, id in the TLV, word and text.
    fn message(&mut self) -> Message {
        let (header, body) = self.next();
        let frame = Frame {
            header,
            body: &body,
        };
        let (pdu, _) = pdu::decode(&frame, Tolerance::Strict).expect("a body");
        let Pdu::DeliverSm(sm) = pdu else {
            panic!("{pdu:?}")
        };
        let receipt = smpp::receipt::read(sm.short_message, &sm.tlvs).unwrap_or_default();
        Message {
            sequence: header.sequence,
            source: sm.source.digits.to_vec(),
            id: receipt.id.to_vec(),
            word: String::from_utf8_lossy(receipt.stat).into_owned(),
            err: String::from_utf8_lossy(receipt.err).into_owned(),
            text: sm.short_message.to_vec(),
        }
    }
}

struct Message {
    sequence: u32,
    source: Vec<u8>,
    id: Vec<u8>,
    word: String,
    err: String,
    text: Vec<u8>,
}

fn number(digits: &str) -> Address<'_> {
    Address {
        ton: 1,
        npi: 1,
        digits: digits.as_bytes(),
    }
}

fn quick() -> Behaviour {
    Behaviour {
        receipt_delay: Duration::from_millis(10),
        ..Behaviour::default()
    }
}

#[test]
fn a_receipt_that_was_not_taken_comes_again_on_the_next_bind() {
    let centre = Centre::start(quick());
    let mut first = Hand::bind(centre.address, "me");
    first.submit("447700901234", b"hello");
    let (_, id) = first.answer();
    assert_eq!(first.message().id, id);
    drop(first);
    let mut second = Hand::bind(centre.address, "me");
    let receipt = second.message();
    assert_eq!(receipt.id, id);
    second.take(receipt.sequence);
    second.send(&Pdu::Unbind(Tlvs::EMPTY));
    assert_eq!(second.next().0.command_id, smpp::command::UNBIND_RESP);
    assert_eq!(centre.stop().counters.receipts_taken, 1);
}

#[test]
fn receipts_outlive_the_process_that_owes_them() {
    let file = format!("bindery-tools-memory-{}", std::process::id());
    let remembering = Behaviour {
        memory: Some(std::env::temp_dir().join(file)),
        ..quick()
    };
    let centre = Centre::start(remembering.clone());
    let mut hand = Hand::bind(centre.address, "me");
    hand.submit("447700901234", b"taken");
    hand.answer();
    let taken = hand.message();
    hand.take(taken.sequence);
    hand.submit("447700905678", b"owed");
    let (_, id) = hand.answer();
    drop(hand);
    centre.stop();
    let centre = Centre::start(remembering.clone());
    let mut hand = Hand::bind(centre.address, "me");
    let receipt = hand.message();
    assert_eq!(receipt.id, id);
    hand.take(receipt.sequence);
    hand.send(&Pdu::Unbind(Tlvs::EMPTY));
    hand.next();
    assert_eq!(centre.stop().counters.receipts_taken, 1);
    std::fs::remove_file(remembering.memory.expect("a path")).expect("removed");
}

#[test]
fn the_magic_numbers_play_their_parts_on_sim_odd_alone() {
    let centre = Centre::start(quick());
    let mut odd = Hand::bind(centre.address, "sim-odd");
    odd.submit("447700900001", b"");
    assert_eq!(odd.answer().0, status::RINVDSTADR);
    for (destination, word, err) in [
        ("447700900002", "UNDELIV", "001"),
        ("447700900003", "EXPIRED", "000"),
        ("447700901234", "DELIVRD", "000"),
    ] {
        odd.submit(destination, b"");
        let (status, id) = odd.answer();
        let receipt = odd.message();
        assert_eq!(status, status::OK);
        assert_eq!(
            (receipt.id, receipt.word, receipt.err),
            (id, word.to_owned(), err.to_owned())
        );
        odd.take(receipt.sequence);
    }
    let mut plain = Hand::bind(centre.address, "sim");
    plain.submit("447700900001", b"");
    assert_eq!(plain.answer().0, status::OK);
}

#[test]
fn throttled_numbers_are_served_at_the_third_try_and_silent_ones_never() {
    let centre = Centre::start(quick());
    let mut odd = Hand::bind(centre.address, "sim-odd");
    odd.submit("447700900005", b"");
    for expected in [status::RTHROTTLED, status::RTHROTTLED, status::OK] {
        odd.submit("447700900004", b"");
        assert_eq!(odd.answer().0, expected);
    }
    assert_eq!(odd.message().word, "DELIVRD");
    drop(odd);
    assert_eq!(centre.stop().counters.unanswered, 1);
}

#[test]
fn receipt_before_response() {
    let centre = Centre::start(quick());
    let mut odd = Hand::bind(centre.address, "sim-odd");
    odd.submit("447700900006", b"");
    let receipt = odd.message();
    let (status, id) = odd.answer();
    assert_eq!((status, receipt.id), (status::OK, id));
}

#[test]
fn the_subscriber_replies_with_the_text_reversed() {
    let centre = Centre::start(quick());
    let mut odd = Hand::bind(centre.address, "sim-odd");
    odd.submit("447700900009", b"hello");
    odd.answer();
    assert_eq!(odd.message().word, "DELIVRD");
    let reply = odd.message();
    assert_eq!(
        (&reply.source[..], &reply.text[..]),
        (&b"447700900009"[..], &b"olleh"[..])
    );
}

#[tokio::test]
async fn the_simulated_carrier_ends_with_its_future() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let carrier = super::carrier::simulated_carrier(listener, quick());
    let talk = tokio::task::spawn_blocking(move || {
        let mut hand = Hand::bind(address, "sim");
        hand.submit("447700901234", b"hello");
        hand.answer().0
    });
    tokio::select! {
        ended = carrier => panic!("{ended:?}"),
        status = talk => assert_eq!(status.expect("a talk"), status::OK),
    }
}

/// A message centre behind TLS that says yes to everything; and the file with its certificate.
fn tls_centre() -> (SocketAddr, std::path::PathBuf) {
    use rustls::pki_types::PrivateKeyDer;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let file = format!("bindery-tools-tls-{}.pem", std::process::id());
    let file = std::env::temp_dir().join(file);
    std::fs::write(&file, made.cert.pem()).expect("written");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).expect("a connection");
            let stream = stream.expect("a stream");
            std::thread::spawn(move || answer_all(rustls::StreamOwned::new(connection, stream)));
        }
    });
    (address, file)
}

fn answer_all(mut stream: impl Read + Write) {
    let mut received = Vec::new();
    let mut octets = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut octets) {
        received.extend_from_slice(&octets[..count]);
        let mut input = &received[..];
        let mut out = Vec::new();
        while let Ok(Some(frame)) = frame::split(&mut input, frame::CAP_BOUND) {
            let header = Header {
                length: 18,
                command_id: frame.header.command_id.response(),
                ..frame.header
            };
            out.extend_from_slice(&header.to_bytes());
            out.extend_from_slice(b"7\0");
        }
        received = input.to_vec();
        if stream.write_all(&out).is_err() {
            return;
        }
    }
}

#[test]
fn the_generator_and_the_sender_speak_tls() {
    let (address, file) = tls_centre();
    let ca = file.display();
    let target = format!("--connect localhost:{} --tls", address.port());
    let line = format!("{target} --ca {ca} --binds 2 --count 20000 --window 1000");
    let words = LoadLine::try_parse_from(line.split_whitespace()).expect("flags");
    let (_stopper, ear) = Stopper::new().expect("a pair");
    let report = load::generate(&words.args, ear).expect("a run");
    assert!(report.is_exact(), "{report}");
    let line = format!("{target} --insecure --no-receipt --to 447700901234 Hello");
    let args = SendLine::try_parse_from(line.split_whitespace())
        .expect("flags")
        .args;
    let source = args.source().expect("a message");
    let mut good = 0;
    send::send(&args, source, &mut |outcome| {
        good += u32::from(outcome.good);
    })
    .expect("a bind");
    assert_eq!(good, 1);
    std::fs::remove_file(file).expect("removed");
}
