//! What one message costs at the edge: a batch of [`BATCH`] goes each way in one round, and nothing is allocated once the
//! buffers have their size.
//!
//! `cargo bench -p peer`

use std::sync::Arc;

use bytes::BytesMut;
use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use engine::{BindId, CustomerId, Delivery, Inputs, MessageKey, Origin, Output, Outputs, Span};
use peer::carrier::Carrier;
use peer::customer::Customer;
use peer::{Account, Flow, Notes, Profile};
use smpp::Version;
use smpp::pdu::{self, Bind, BindResp, Pdu, Sm, SmResp};
use smpp::session::Settings;
use smpp::status;
use smpp::tlv::Tlvs;
use sms::{Address, Instant, Message, Now, State, Wall};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const BATCH: u32 = 100;
const NOW: Now = Now {
    mono: Instant(1_000_000_000_000),
    wall: Wall(1_795_262_400_000),
};
const LATER: Now = Now {
    mono: Instant(1_001_000_000_000),
    wall: Wall(1_795_262_401_000),
};
const KEY: MessageKey = MessageKey(249_108_103_168_000_001);
const TEXT: &[u8] =
    b"Your code is 123456. It is valid for five minutes; do not tell it to anybody.";
const RECEIPT: &[u8] = b"id:0123456789 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:Your code is 123456";

fn main() {
    divan::main();
}

/// Submissions become inputs.
#[divan::bench]
fn customer_submit(bencher: Bencher<'_, '_>) {
    let stream = submissions();
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| {
            // One round before the measured one, so that buffers have their size.
            let (mut customer, mut inputs, mut notes) =
                (customer(), Inputs::default(), Notes::default());
            customer.receive(NOW, &mut &stream[..], &mut inputs, &mut notes);
            inputs.clear();
            (customer, inputs, notes)
        })
        .bench_local_refs(|(customer, inputs, notes)| {
            let flow = customer.receive(LATER, &mut &stream[..], inputs, notes);
            assert_eq!(flow, Flow::Incomplete);
            assert_eq!(inputs.len(), BATCH as usize);
            inputs.clear();
        });
}

/// Submissions become inputs, and are answered.
#[divan::bench]
fn customer_submit_and_respond(bencher: Bencher<'_, '_>) {
    let stream = submissions();
    let mut customer = customer();
    let mut inputs = Inputs::default();
    let mut notes = Notes::default();
    let accepted: Vec<Output> = (1..=BATCH)
        .map(|sequence| Output::Accepted {
            origin: Origin {
                sequence,
                ..Origin::default()
            },
            told: MessageKey(KEY.0 + u64::from(sequence)).into(),
        })
        .collect();
    let batch = Outputs::default();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        customer.receive(NOW, &mut &stream[..], &mut inputs, &mut notes);
        inputs.clear();
        for output in &accepted {
            customer.output(NOW, output, &batch, &mut inputs);
        }
        customer.transmit().clear();
    });
}

/// Receipts go out, and are answered.
#[divan::bench]
fn customer_receipt_and_response(bencher: Bencher<'_, '_>) {
    let mut customer = customer();
    let mut inputs = Inputs::default();
    let mut notes = Notes::default();
    let mut batch = Outputs::default();
    let body = put_message(&mut batch);
    let deliver = Output::Deliver {
        to: Origin::default(),
        token: 9,
        what: Delivery::Receipt {
            told: KEY.into(),
            state: State::Delivered,
            is_last: true,
            cause: engine::Cause::NONE,
            submitted: NOW.wall,
            done: LATER.wall,
        },
        body,
    };
    let mut answers = BytesMut::new();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for _ in 0..BATCH {
            customer.output(LATER, &deliver, &batch, &mut inputs);
        }
        answers.clear();
        answer(customer.transmit(), &mut answers);
        customer.receive(LATER, &mut &answers[..], &mut inputs, &mut notes);
        assert_eq!(inputs.len(), BATCH as usize);
        inputs.clear();
    });
}

/// Messages go to a carrier, and are answered.
#[divan::bench]
fn carrier_send_and_response(bencher: Bencher<'_, '_>) {
    let mut carrier = carrier();
    let mut inputs = Inputs::default();
    let mut notes = Notes::default();
    let mut batch = Outputs::default();
    let body = put_message(&mut batch);
    let send = Output::Send {
        to: Origin::default(),
        token: 9,
        key: KEY,
        expires: Wall(NOW.wall.0 + 86_400_000),
        body,
    };
    let mut answers = BytesMut::new();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for _ in 0..BATCH {
            carrier.output(NOW, &send, &batch, &mut inputs);
        }
        answers.clear();
        answer(carrier.transmit(), &mut answers);
        carrier.receive(NOW, &mut &answers[..], &mut inputs, &mut notes);
        assert_eq!(inputs.len(), BATCH as usize);
        inputs.clear();
    });
}

/// Receipts come from a carrier, and are acknowledged.
#[divan::bench]
fn carrier_receipt_and_acknowledge(bencher: Bencher<'_, '_>) {
    let mut stream = BytesMut::new();
    for sequence in 1..=BATCH {
        let receipt = Pdu::DeliverSm(Sm {
            source: number(),
            destination: name(),
            esm_class: 4,
            short_message: RECEIPT,
            ..Sm::default()
        });
        pdu::encode(&receipt, status::OK, sequence, &mut stream).expect("fits");
    }
    let acknowledge: Vec<Output> = (1..=BATCH)
        .map(|sequence| Output::Acknowledge {
            origin: Origin {
                sequence,
                ..Origin::default()
            },
            refusal: None,
        })
        .collect();
    let mut carrier = carrier();
    let mut inputs = Inputs::default();
    let mut notes = Notes::default();
    let batch = Outputs::default();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        carrier.receive(NOW, &mut &stream[..], &mut inputs, &mut notes);
        assert_eq!(inputs.len(), BATCH as usize);
        inputs.clear();
        for output in &acknowledge {
            carrier.output(NOW, output, &batch, &mut inputs);
        }
        carrier.transmit().clear();
    });
}

fn submissions() -> BytesMut {
    let mut stream = BytesMut::new();
    for sequence in 1..=BATCH {
        let submit = Pdu::SubmitSm(Sm {
            source: name(),
            destination: number(),
            registered_delivery: 1,
            short_message: TEXT,
            ..Sm::default()
        });
        pdu::encode(&submit, status::OK, sequence, &mut stream).expect("fits");
    }
    stream
}

/// Answers every request in the stream, and takes it.
fn answer(stream: &mut BytesMut, out: &mut BytesMut) {
    let mut rest = &stream[..];
    while let Some(frame) =
        smpp::frame::split(&mut rest, smpp::frame::CAP_BOUND).expect("our own frames")
    {
        let body = SmResp {
            message_id: b"0123456789",
            tlvs: Tlvs::EMPTY,
            body_present: true,
        };
        let response = match frame.header.command_id {
            smpp::command::SUBMIT_SM => Pdu::SubmitSmResp(body),
            _ => Pdu::DeliverSmResp(SmResp {
                message_id: b"",
                ..body
            }),
        };
        pdu::encode(&response, status::OK, frame.header.sequence, out).expect("fits");
    }
    stream.clear();
}

fn put_message(batch: &mut Outputs) -> Span {
    let mut octets = Vec::new();
    let message = Message {
        source: name(),
        destination: number(),
        registered_delivery: 1,
        text: TEXT,
        ..Message::default()
    };
    message.encode(&mut octets);
    batch.put(&octets)
}

fn name() -> Address<'static> {
    Address {
        ton: 5,
        npi: 0,
        digits: b"Bindery",
    }
}

fn number() -> Address<'static> {
    Address {
        ton: 1,
        npi: 1,
        digits: b"447700900123",
    }
}

/// A customer with a bind and a wide window.
fn customer() -> Customer {
    let mut account = Account {
        customer: CustomerId(7),
        ..Account::default()
    };
    account.session.window_in = u16::MAX;
    account.session.window_out = u16::MAX;
    let mut customer = Customer::new(Origin::default(), Settings::default(), NOW);
    let mut stream = BytesMut::new();
    let bind = Pdu::BindTransceiver(Bind {
        system_id: b"demo",
        interface_version: Version::V34.interface_version(),
        ..Bind::default()
    });
    pdu::encode(&bind, status::OK, 1, &mut stream).expect("fits");
    let (mut inputs, mut notes) = (Inputs::default(), Notes::default());
    customer.receive(NOW, &mut &stream[..], &mut inputs, &mut notes);
    customer.authenticated(NOW, Ok(Arc::new(account)), &mut inputs);
    let bound = Output::Bound {
        origin: Origin::default(),
        bind: BindId(5),
    };
    customer.output(NOW, &bound, &Outputs::default(), &mut inputs);
    customer.transmit().clear();
    // Requests wait a moment after the response to the bind.
    customer.timeout(LATER, &mut inputs, &mut notes);
    customer
}

/// A carrier with a bind and a wide window.
fn carrier() -> Carrier {
    let profile = Profile {
        window: u16::MAX,
        window_in: u16::MAX,
        ..Profile::default()
    };
    let mut carrier = Carrier::new(Origin::default(), Arc::new(profile), NOW);
    carrier.transmit().clear();
    let mut stream = BytesMut::new();
    let bound = Pdu::BindTransceiverResp(BindResp {
        system_id: b"smsc",
        tlvs: Tlvs::EMPTY,
        body_present: true,
    });
    pdu::encode(&bound, status::OK, 1, &mut stream).expect("fits");
    let (mut inputs, mut notes) = (Inputs::default(), Notes::default());
    carrier.receive(NOW, &mut &stream[..], &mut inputs, &mut notes);
    let bound = Output::Bound {
        origin: Origin::default(),
        bind: BindId(5),
    };
    carrier.output(NOW, &bound, &Outputs::default(), &mut inputs);
    carrier
}
