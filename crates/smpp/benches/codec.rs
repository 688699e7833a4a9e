//! What one PDU costs. Aims: `submit_sm` of 160 characters decoded in 40 ns and 700 instructions, a response in 10 ns,
//! encoding 25 ns, receipt text 200 ns, nothing allocated.

use bytes::BytesMut;
use divan::{Bencher, black_box};
use smpp::frame::{self, Frame};
use smpp::pdu::{Pdu, Sm, SmResp, decode, encode};
use smpp::status;
use smpp::tlv::{self, Tlvs};
use smpp::{Tolerance, receipt};
use sms::Address;

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

const RECEIPT: &[u8] = b"id:1234567890123456789 sub:001 dlvrd:001 submit date:2611211200 \
    done date:2611211201 stat:DELIVRD err:000 text:The quick brown fox ";

fn main() {
    divan::main();
}

#[divan::bench]
fn decode_submit_sm(bencher: Bencher<'_, '_>) {
    decoding(bencher, &submit_sm());
}

#[divan::bench]
fn decode_submit_sm_with_tlvs(bencher: Bencher<'_, '_>) {
    let tlvs = some_tlvs();
    let tlvs = Tlvs::parse(&tlvs).expect("TLVs");
    decoding(bencher, &submit_sm().with_tlvs(tlvs));
}

#[divan::bench]
fn decode_receipt(bencher: Bencher<'_, '_>) {
    decoding(bencher, &deliver_sm());
}

#[divan::bench]
fn decode_submit_sm_resp(bencher: Bencher<'_, '_>) {
    decoding(bencher, &submit_sm_resp());
}

#[divan::bench]
fn encode_submit_sm(bencher: Bencher<'_, '_>) {
    encoding(bencher, &submit_sm());
}

#[divan::bench]
fn encode_receipt(bencher: Bencher<'_, '_>) {
    encoding(bencher, &deliver_sm());
}

#[divan::bench]
fn encode_submit_sm_resp(bencher: Bencher<'_, '_>) {
    encoding(bencher, &submit_sm_resp());
}

#[divan::bench]
fn parse_receipt_text(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| receipt::parse(black_box(RECEIPT)));
}

#[divan::bench]
fn write_receipt_text(bencher: Bencher<'_, '_>) {
    let fields = receipt::Fields {
        id: b"1234567890123456789",
        sub: 1,
        dlvrd: 1,
        submit_date: b"2611211200",
        done_date: b"2611211201",
        stat: b"DELIVRD",
        err: b"000",
        text: "The quick brown fox jumps over the lazy dog",
    };
    let mut out = Vec::with_capacity(256);
    bencher.bench_local(|| {
        out.clear();
        receipt::write(&mut out, black_box(&fields));
        out.len()
    });
}

/// 64 KiB as one read brings it: submissions, receipts and responses in turn.
#[divan::bench]
fn split_and_decode_64_kib(bencher: Bencher<'_, '_>) {
    let mut stream = BytesMut::new();
    while stream.len() < 64 * 1024 {
        for pdu in [submit_sm(), deliver_sm(), submit_sm_resp()] {
            encode(&pdu, status::OK, 1, &mut stream).expect("encodable");
        }
    }
    let count = divan::counter::BytesCount::new(stream.len());
    bencher.counter(count).bench_local(|| {
        let mut input = black_box(&stream[..]);
        let mut octets = 0;
        while let Ok(Some(frame)) = frame::split(&mut input, frame::CAP_BOUND) {
            let (pdu, _) = decode(&frame, Tolerance::Tolerant).expect("decodable");
            octets += match &pdu {
                Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => sm.short_message.len(),
                _ => 0,
            };
        }
        octets
    });
}

fn decoding(bencher: Bencher<'_, '_>, pdu: &Pdu<'_>) {
    let mut wire = BytesMut::new();
    encode(pdu, status::OK, 7, &mut wire).expect("encodable");
    bencher.bench_local(|| {
        let frame: Frame<'_> = frame::split(&mut black_box(&wire[..]), frame::CAP_BOUND)
            .expect("a good length")
            .expect("a whole PDU");
        black_box(decode(&frame, Tolerance::Strict)).is_ok()
    });
}

fn encoding(bencher: Bencher<'_, '_>, pdu: &Pdu<'_>) {
    let mut out = BytesMut::with_capacity(1024);
    bencher.bench_local(|| {
        out.clear();
        encode(black_box(pdu), status::OK, 7, &mut out).is_ok()
    });
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
        validity_period: b"000001000000000R",
        registered_delivery: 1,
        short_message: &[b'x'; 160],
        ..Sm::default()
    })
}

fn deliver_sm() -> Pdu<'static> {
    Pdu::DeliverSm(Sm {
        source: Address {
            ton: 1,
            npi: 1,
            digits: b"447700900123",
        },
        destination: Address {
            ton: 5,
            npi: 0,
            digits: b"Bindery",
        },
        esm_class: 4,
        short_message: RECEIPT,
        tlvs: Tlvs::parse(some_tlvs().leak()).expect("TLVs"),
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

fn some_tlvs() -> Vec<u8> {
    let mut out = Vec::new();
    tlv::put_cstr(&mut out, tlv::RECEIPTED_MESSAGE_ID, b"1234567890123456789").expect("short");
    tlv::put_u8(&mut out, tlv::MESSAGE_STATE, 2);
    tlv::put_bytes(&mut out, tlv::NETWORK_ERROR_CODE, &[3, 0, 0]).expect("short");
    out
}
