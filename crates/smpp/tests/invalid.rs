//! Malformed, misplaced and unmatched PDUs: what a session does with them (`vectors/pdu-invalid.jsonl`).
//!
//! Each vector names a state, octets, and the reactions that conform. Some of them are for the application above the
//! session to give, so a small one stands here; it looks into a message no deeper than the vectors ask.

use std::time::Duration;

use serde_json::Value;
use smpp::frame::{self, Frame, Header};
use smpp::pdu::{self, Bind, BindLimits, Pdu, Sm, SmResp};
use smpp::session::{BindKind, CloseReason, Event, Received, Role, Session, Settings};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use smpp::{Tolerance, Version};
use sms::Instant;

const VECTORS: &str = include_str!("vectors/pdu-invalid.jsonl");
const NOW: Instant = Instant(1_000_000_000);

#[test]
fn every_bad_pdu_meets_a_reaction_that_conforms_and_the_session_stays_healthy() {
    let mut count = 0;
    for line in VECTORS.lines() {
        let vector: Value = serde_json::from_str(line).expect("a line is a JSON object");
        let name = vector["name"].as_str().expect("a name");
        let mut world = World::in_state(&vector);
        world.hear(&octets(&vector["hex"]));
        if name.ends_with("-then-eof") {
            world.session.close(CloseReason::Disconnected);
        }
        let replies = world.replies();
        let reactions = [&vector["expect"]].into_iter().chain(alternatives(&vector));
        assert!(
            reactions
                .into_iter()
                .any(|reaction| world.shows(reaction, &replies)),
            "{name}: answered {replies:?}, closed {}\nexpected {}",
            world.closed,
            vector["expect"]
        );
        world.prove_health(&vector, name);
        count += 1;
    }
    assert_eq!(count, 119);
}

#[test]
fn the_second_pdu_of_a_segment_is_answered_after_the_first() {
    let vector = named("inv-two-pdus-one-bad-one-good");
    let mut world = World::in_state(&vector);
    world.hear(&octets(&vector["hex"]));
    let replies: Vec<(&str, u32)> = world
        .replies()
        .iter()
        .map(|reply| (reply.command_id.name(), reply.sequence))
        .collect();
    assert_eq!(replies, [("generic_nack", 5), ("enquire_link_resp", 6)]);
}

#[test]
fn what_settles_a_request_and_what_does_not() {
    for (name, settled) in [
        ("inv-deliver_sm_resp-wrong-sequence", 0),
        ("inv-duplicate-deliver_sm_resp", 1),
        ("inv-deliver_sm_resp-body-missing-status-0", 1),
        ("inv-client-submit_sm_resp-message_id-100-chars", 1),
        ("inv-client-submit_sm_resp-ok-no-body", 1),
    ] {
        let vector = named(name);
        let mut world = World::in_state(&vector);
        world.hear(&octets(&vector["hex"]));
        assert_eq!(world.responses, settled, "{name}");
    }
}

/// A session, its connection and the application above it.
struct World {
    session: Session,
    input: Vec<u8>,
    now: Instant,
    responses: usize,
    closed: bool,
}

impl World {
    fn in_state(vector: &Value) -> World {
        let text = |key: &str| vector[key].as_str().unwrap_or_default();
        let (role, tolerance) = match text("role") {
            "server" => (Role::MessageCentre, Tolerance::Strict),
            "client" => (Role::Esme, Tolerance::Tolerant),
            other => panic!("{other} is no role"),
        };
        let settings = Settings {
            tolerance,
            bind_settle: Duration::ZERO,
            ..Settings::default()
        };
        let mut world = World {
            session: Session::new(role, settings, NOW),
            input: Vec::new(),
            now: NOW,
            responses: 0,
            closed: false,
        };
        let version = match text("version") {
            "5.0" => Version::V50,
            _ => Version::V34,
        };
        match text("session_state") {
            "OPEN" => {}
            "BOUND_TX" => world.bind(BindKind::Transmitter, version),
            "BOUND_RX" => world.bind(BindKind::Receiver, version),
            "BOUND_TRX" => world.bind(BindKind::Transceiver, version),
            "UNBOUND" => {
                world.bind(BindKind::Transceiver, version);
                world.request(1);
                world.hear(&said(&Pdu::Unbind(Tlvs::EMPTY), status::OK, 2));
            }
            other => panic!("{other} is no state"),
        }
        match text("precondition") {
            "" => {}
            "server has sent deliver_sm sequence_number=7" => world.request(7),
            "client has sent submit_sm sequence_number=3" => world.request(3),
            "client has sent bind_transceiver sequence_number=1" => {
                world
                    .session
                    .bind(NOW, BindKind::Transceiver, &bind(version));
            }
            other => panic!("{other} cannot be arranged"),
        }
        world.session.transmit().clear();
        world.responses = 0;
        world
    }

    fn bind(&mut self, kind: BindKind, version: Version) {
        let bind = bind(version);
        match self.session.role() {
            Role::MessageCentre => {
                let pdu = match kind {
                    BindKind::Receiver => Pdu::BindReceiver(bind),
                    BindKind::Transmitter => Pdu::BindTransmitter(bind),
                    BindKind::Transceiver => Pdu::BindTransceiver(bind),
                };
                self.hear(&said(&pdu, status::OK, 1));
            }
            Role::Esme => {
                self.session.bind(NOW, kind, &bind);
                let response =
                    Pdu::header_only_response(kind.command()).expect("binds are answered");
                self.hear(&said(&response, status::OK, 1));
            }
        }
        assert!(self.session.is_bound());
    }

    /// Sends requests until the one with this number is outstanding; those before it are answered.
    fn request(&mut self, sequence: u32) {
        let sm = Sm::default();
        let (pdu, response) = match self.session.role() {
            Role::MessageCentre => (Pdu::DeliverSm(sm), Pdu::DeliverSmResp(SmResp::default())),
            Role::Esme => (Pdu::SubmitSm(sm), Pdu::SubmitSmResp(SmResp::default())),
        };
        loop {
            let number = self
                .session
                .request(NOW, &pdu, 0)
                .expect("room in the window");
            if number == sequence {
                return;
            }
            self.hear(&said(&response, status::OK, number));
        }
    }

    fn hear(&mut self, octets: &[u8]) {
        self.input.extend(octets);
        let input = std::mem::take(&mut self.input);
        let mut rest = &input[..];
        loop {
            match self.session.receive(self.now, &mut rest) {
                Received::Event(event) => self.answer(&event),
                Received::Incomplete | Received::Closed(_) => break,
                Received::Paused => panic!("the application answers at once"),
            }
        }
        self.input = rest.to_vec();
    }

    /// What an application does.
    fn answer(&mut self, event: &Event<'_>) {
        match event {
            Event::Bind { version, bind, .. } => match bind.check(&BindLimits::SPECIFICATION) {
                Ok(()) => self.session.accept_bind(self.now, *version, b"bindery"),
                Err(bad) => self.session.refuse_bind(self.now, bad.status),
            },
            Event::BindFailed(_) => self.session.close(CloseReason::Local),
            Event::Request { sequence, pdu, .. } => match judge(pdu) {
                Status(0) => self.session.respond(*sequence, status::OK, &taken(pdu)),
                status => self.session.refuse(*sequence, status),
            },
            Event::Response { .. } => self.responses += 1,
            Event::Closed(_) => self.closed = true,
            Event::Bound { .. }
            | Event::Outbind(_)
            | Event::Expired { .. }
            | Event::Forgotten { .. }
            | Event::Malformed { .. }
            | Event::Unbound => {}
        }
    }

    /// All that was answered since the last time.
    fn replies(&mut self) -> Vec<Header> {
        self.hear(&[]);
        let octets = self.session.transmit().split();
        let mut rest = &octets[..];
        let mut replies = Vec::new();
        while let Some(frame) =
            frame::split(&mut rest, frame::CAP_BOUND).expect("our lengths are right")
        {
            assert_readable(&frame);
            replies.push(frame.header);
        }
        replies
    }

    fn shows(&self, reaction: &Value, replies: &[Header]) -> bool {
        let reply = &reaction["reply"];
        let answered = match replies.first() {
            None => reply.is_null(),
            Some(first) => {
                reply["command"] == first.command_id.name()
                    && holds(&reply["command_status"], first.status.0)
                    && holds(&reply["sequence_number"], first.sequence)
            }
        };
        let connection = match reaction["connection"].as_str() {
            Some("stay" | "close-after-inactivity") => !self.closed,
            Some("close") => self.closed,
            Some("any") => true,
            other => panic!("{other:?} is no fate of a connection"),
        };
        answered && connection
    }

    /// An open connection answers the next `enquire_link`; one that waits for the rest of a PDU ends in time.
    fn prove_health(&mut self, vector: &Value, name: &str) {
        if self.closed {
            return;
        }
        if vector["expect"]["connection"] == "close-after-inactivity" {
            self.now = NOW + Duration::from_secs(120);
            while let Some(event) = self.session.timeout(self.now) {
                self.answer(&event);
            }
            assert!(self.closed, "{name}: still open");
            return;
        }
        self.hear(&said(&Pdu::EnquireLink(Tlvs::EMPTY), status::OK, 4711));
        let replies = self.replies();
        let answered = matches!(
            replies[..],
            [Header {
                status: status::OK,
                sequence: 4711,
                ..
            }]
        );
        assert!(
            answered,
            "{name}: then answered {replies:?} to an enquire_link"
        );
    }
}

/// What a message centre checks of a message, here only as far as the vectors go.
fn judge(pdu: &Pdu<'_>) -> Status {
    match pdu {
        Pdu::SubmitSm(sm) => judge_message(sm),
        Pdu::QuerySm(_) | Pdu::ReplaceSm(_) | Pdu::CancelSm(_) => status::RINVMSGID,
        Pdu::BroadcastSm(_) => status::RBCASTFAIL,
        _ => status::OK,
    }
}

fn judge_message(sm: &Sm<'_>) -> Status {
    let now = sms::Wall(1_700_000_000_000);
    if sm.destination.ton == 1 && !sm.destination.digits.iter().all(u8::is_ascii_digit) {
        return status::RINVDSTADR;
    }
    if sms::time::parse_time(sm.schedule_delivery_time, now).is_err() {
        return status::RINVSCHED;
    }
    if sms::time::parse_time(sm.validity_period, now).is_err() {
        return status::RINVEXPIRY;
    }
    if !sm.short_message.is_empty() && sm.tlvs.message_payload().is_some() {
        return status::RINVMSGLEN;
    }
    status::OK
}

/// The response that takes a request.
fn taken(pdu: &Pdu<'_>) -> Pdu<'static> {
    let response = SmResp {
        message_id: b"1",
        body_present: true,
        ..SmResp::default()
    };
    match pdu {
        Pdu::SubmitSm(_) => Pdu::SubmitSmResp(response),
        Pdu::DataSm(_) => Pdu::DataSmResp(response),
        Pdu::DeliverSm(_) => Pdu::DeliverSmResp(SmResp {
            message_id: b"",
            ..response
        }),
        other => Pdu::header_only_response(other.command_id()).expect("a request with a response"),
    }
}

fn bind(version: Version) -> Bind<'static> {
    Bind {
        system_id: b"smppclient1",
        password: b"s3cr3t08",
        interface_version: version.interface_version(),
        ..Bind::default()
    }
}

fn said(pdu: &Pdu<'_>, status: Status, sequence: u32) -> Vec<u8> {
    let mut out = bytes::BytesMut::new();
    pdu::encode(pdu, status, sequence, &mut out).expect("a PDU that can be said");
    out.to_vec()
}

fn assert_readable(frame: &Frame<'_>) {
    pdu::decode(frame, Tolerance::Strict).expect("we send what can be read");
}

fn named(name: &str) -> Value {
    let mut vectors = VECTORS
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is a JSON object"));
    vectors
        .find(|vector: &Value| vector["name"] == name)
        .expect("a vector of this name")
}

fn alternatives(vector: &Value) -> impl Iterator<Item = &Value> {
    vector["expect"]["alternatives"]
        .as_array()
        .into_iter()
        .flatten()
}

/// Whether a number is the one that is expected, or one of those; null means any.
fn holds(expected: &Value, number: u32) -> bool {
    match expected {
        Value::Null => true,
        Value::Array(several) => several.iter().any(|one| one == number),
        one => one == number,
    }
}

fn octets(hex: &Value) -> Vec<u8> {
    let (pairs, []) = hex.as_str().expect("digits").as_bytes().as_chunks::<2>() else {
        panic!("an odd number of digits");
    };
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a digit") as u8;
    pairs
        .iter()
        .map(|&[high, low]| digit(high) << 4 | digit(low))
        .collect()
}
