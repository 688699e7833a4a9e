//! What one PDU costs with everything that a session does for it. Aims: `submit_sm` of 160 characters received (framed,
//! decoded, admitted, told) in 60 ns, answered in 30 ns, nothing allocated.

use bytes::BytesMut;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use smpp::Version;
use smpp::pdu::{self, Bind, Pdu, Sm, SmResp};
use smpp::session::{BindKind, Event, Received, Role, Session, Settings};
use smpp::status;
use sms::{Address, Instant};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

const NOW: Instant = Instant(1_000_000_000);

/// PDUs to a measurement: a read of 64 KiB holds some 250.
const PDUS: u32 = 250;

fn main() {
    divan::main();
}

/// Message centre: a read full of `submit_sm`.
#[divan::bench]
fn receive_submit_sm(bencher: Bencher<'_, '_>) {
    let stream = stream(2, &submit_sm());
    bencher
        .counter(ItemsCount::new(PDUS))
        .with_inputs(message_centre)
        .bench_local_refs(|session| drain(session, &stream));
}

/// Message centre: their responses.
#[divan::bench]
fn respond_submit_sm_resp(bencher: Bencher<'_, '_>) {
    let stream = stream(2, &submit_sm());
    bencher
        .counter(ItemsCount::new(PDUS))
        .with_inputs(|| {
            let mut session = message_centre();
            drain(&mut session, &stream);
            session.transmit().reserve(64 * 1024);
            session
        })
        .bench_local_refs(|session| {
            for sequence in 2..2 + PDUS {
                session.respond(sequence, status::OK, black_box(&submit_sm_resp()));
            }
        });
}

/// ESME: as many `submit_sm` out.
#[divan::bench]
fn request_submit_sm(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(PDUS))
        .with_inputs(esme)
        .bench_local_refs(ask);
}

/// ESME: their responses in.
#[divan::bench]
fn receive_submit_sm_resp(bencher: Bencher<'_, '_>) {
    let stream = stream(2 + PDUS, &submit_sm_resp());
    bencher
        .counter(ItemsCount::new(PDUS))
        .with_inputs(|| {
            let mut session = esme();
            ask(&mut session);
            session
        })
        .bench_local_refs(|session| drain(session, &stream));
}

/// What a shell asks after each batch.
#[divan::bench]
fn deadline(bencher: Bencher<'_, '_>) {
    let mut session = esme();
    ask(&mut session);
    bencher.bench_local(|| black_box(&session).deadline());
}

fn ask(session: &mut Session) {
    for token in 0..u64::from(PDUS) {
        let sent = session.request(NOW, black_box(&submit_sm()), token);
        assert!(sent.is_ok());
    }
}

fn drain(session: &mut Session, stream: &[u8]) {
    let mut input = stream;
    let mut count = 0;
    while let Received::Event(event) = session.receive(NOW, &mut input) {
        match black_box(event) {
            Event::Request { .. } | Event::Response { .. } => count += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(count, PDUS);
}

fn message_centre() -> Session {
    let mut session = Session::new(Role::MessageCentre, settings(), NOW);
    let bind = Pdu::BindTransceiver(Bind {
        interface_version: 0x34,
        ..Bind::default()
    });
    let mut octets = BytesMut::new();
    pdu::encode(&bind, status::OK, 1, &mut octets).expect("a bind");
    let _ = session.receive(NOW, &mut &octets[..]);
    session.accept_bind(NOW, Version::V34, b"centre");
    session.transmit().clear();
    session
}

/// Its window has been as full as it will be, and is empty.
fn esme() -> Session {
    let mut session = Session::new(Role::Esme, settings(), NOW);
    session.bind(NOW, BindKind::Transceiver, &Bind::default());
    let response = Pdu::header_only_response(BindKind::Transceiver.command()).expect("a response");
    let mut octets = BytesMut::new();
    pdu::encode(&response, status::OK, 1, &mut octets).expect("a response");
    let _ = session.receive(NOW, &mut &octets[..]);
    ask(&mut session);
    drain(&mut session, &stream(2, &submit_sm_resp()));
    session.transmit().clear();
    session
}

fn settings() -> Settings {
    Settings {
        window_in: u16::MAX,
        window_out: u16::MAX,
        bind_settle: std::time::Duration::ZERO,
        ..Settings::default()
    }
}

fn stream(first: u32, pdu: &Pdu<'_>) -> BytesMut {
    let mut octets = BytesMut::new();
    for sequence in first..first + PDUS {
        pdu::encode(pdu, status::OK, sequence, &mut octets).expect("a PDU that can be said");
    }
    octets
}

fn submit_sm() -> Pdu<'static> {
    Pdu::SubmitSm(Sm {
        source: Address {
            ton: 5,
            npi: 0,
            digits: b"Bindery",
        },
        destination: Address {
            ton: 1,
            npi: 1,
            digits: b"447700900123",
        },
        registered_delivery: 1,
        short_message: &[b'x'; 160],
        ..Sm::default()
    })
}

fn submit_sm_resp() -> Pdu<'static> {
    Pdu::SubmitSmResp(SmResp {
        message_id: b"1234567890123456789",
        body_present: true,
        ..SmResp::default()
    })
}
