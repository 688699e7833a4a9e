//! The golden vectors, answered by a customer's session: what is malformed, illegal or odd gets the reaction that its vector
//! expects, and the session lives on.

use std::sync::Arc;

use engine::{BindId, CustomerId, Input, Inputs, MessageKey, Origin, Output, Outputs};
use peer::carrier::Carrier;
use peer::customer::Customer;
use peer::{Account, Flow, Notes, Profile};
use serde_json::Value;
use smpp::Version;
use smpp::frame::{self, CAP_BOUND, Header};
use smpp::session::Settings;
use smpp::status::{self, Status};
use sms::{Instant, Now, Wall};

const INVALID: &str = include_str!("../../smpp/tests/vectors/pdu-invalid.jsonl");
const VALID: &str = include_str!("../../smpp/tests/vectors/pdu.jsonl");

const NOW: Now = Now {
    mono: Instant(1_000_000_000_000),
    wall: Wall(1_795_262_400_000),
};

/// Requests that are not offered yet, and so are not looked into.
const NOT_OFFERED: [&str; 7] = [
    "query_sm_resp",
    "cancel_sm_resp",
    "replace_sm_resp",
    "submit_multi_resp",
    "broadcast_sm_resp",
    "query_broadcast_sm_resp",
    "cancel_broadcast_sm_resp",
];

/// A session with a shell that knows one account and an engine that takes every message.
struct Server {
    customer: Customer,
    inputs: Inputs,
    notes: Notes,
    sent: Vec<u8>,
    closed: bool,
}

impl Server {
    fn open() -> Server {
        Server {
            customer: Customer::new(Origin::default(), Settings::default(), NOW),
            inputs: Inputs::default(),
            notes: Notes::default(),
            sent: Vec::new(),
            closed: false,
        }
    }

    /// In the state that a vector names.
    fn in_state(state: &str, version: Version) -> Server {
        let bind = match state {
            "OPEN" => return Server::open(),
            "BOUND_RX" => 1,
            "BOUND_TX" => 2,
            _ => 9,
        };
        let mut server = Server::open();
        // smppclient1, s3cr3t08, and the version.
        server.hear(&octets(&format!(
            "0000002a000000{bind:02x}0000000000000001736d7070636c69656e74310073336372337430380000{:02x}000000",
            version.interface_version()
        )));
        assert_eq!(replies(&server.sent)[0].status, status::OK);
        if state == "UNBOUND" {
            server.hear(&octets("00000010000000060000000000000002"));
        }
        server.sent.clear();
        server
    }

    fn hear(&mut self, mut octets: &[u8]) {
        loop {
            let (inputs, notes) = (&mut self.inputs, &mut self.notes);
            match self.customer.receive(NOW, &mut octets, inputs, notes) {
                Flow::Incomplete | Flow::Paused => break,
                // No carrier of ours calls.
                Flow::Closed(_) | Flow::Called(_) => {
                    self.closed = true;
                    break;
                }
                Flow::Authenticate(credentials) => {
                    let verdict = match (&credentials.system_id[..], &credentials.password[..]) {
                        (b"smppclient1", b"s3cr3t08") => Ok(account()),
                        (b"smppclient1", _) => Err(status::RINVPASWD.into()),
                        _ => Err(status::RINVSYSID.into()),
                    };
                    self.customer.authenticated(NOW, verdict, &mut self.inputs);
                }
                Flow::Bound(_) | Flow::BindFailed(_) => unreachable!("a customer binds to us"),
            }
            self.decide();
        }
        self.decide();
        self.sent
            .extend_from_slice(&self.customer.transmit().split());
    }

    /// The engine's part.
    fn decide(&mut self) {
        let outputs: Vec<Output> = self
            .inputs
            .iter()
            .filter_map(|input| match input {
                Input::Bind { origin, .. } => Some(Output::Bound {
                    origin: *origin,
                    bind: BindId(5),
                }),
                Input::Submit(draft) => Some(Output::Accepted {
                    origin: draft.origin,
                    told: MessageKey(42).into(),
                }),
                _ => None,
            })
            .collect();
        self.inputs.clear();
        for output in &outputs {
            let batch = Outputs::default();
            self.customer.output(NOW, output, &batch, &mut self.inputs);
        }
    }

    /// Whether an enquire_link is answered.
    fn is_healthy(&mut self) -> bool {
        self.sent.clear();
        self.hear(&octets("00000010000000150000000000000063"));
        replies(&self.sent)
            .iter()
            .any(|reply| reply.command_id.name() == "enquire_link_resp" && reply.sequence == 99)
    }
}

fn account() -> Arc<Account> {
    Arc::new(Account {
        customer: CustomerId(7),
        system_id: "smppclient1".to_owned(),
        ..Account::default()
    })
}

#[test]
fn every_malformed_or_misplaced_pdu_has_the_reaction_that_its_vector_expects() {
    let mut wrong = Vec::new();
    for vector in vectors(INVALID) {
        // What depends on an earlier deliver_sm is told in the conversations, and an end of file is the shell's to see.
        let at_end = text(&vector, "name").ends_with("-then-eof");
        if vector["role"] != "server" || !vector["precondition"].is_null() || at_end {
            continue;
        }
        let state = vector["session_state"].as_str().expect("a state");
        let version = version(&vector);
        let mut server = Server::in_state(state, version);
        server.hear(&octets(text(&vector, "hex")));
        let said = replies(&server.sent);
        let expect = &vector["expect"];
        let reactions = [expect].into_iter().chain(list(&expect["alternatives"]));
        let as_expected = reactions
            .clone()
            .any(|reaction| is_reaction(reaction, &said, server.closed, version));
        let not_offered = said.iter().any(|reply| {
            NOT_OFFERED.contains(&reply.command_id.name()) && reply.status == status::RINVCMDID
        });
        let lives_on = !server.closed && state != "UNBOUND" && text(expect, "connection") == "stay";
        let healthy = !lives_on || server.is_healthy();
        if !(as_expected || not_offered) || !healthy {
            wrong.push(format!(
                "{}: {said:?}, closed: {}, healthy: {healthy}; expected {expect}",
                vector["name"], server.closed
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_valid_pdu_of_any_kind_breaks_a_customer_s_or_a_carrier_s_session() {
    for vector in vectors(VALID) {
        let pdu = octets(text(&vector, "hex"));
        let mut server = Server::in_state("BOUND_TRX", version(&vector));
        server.hear(&pdu);
        // A bind or unbind changes the state; everything else leaves the session as it was.
        let stays = vector["category"] != "session";
        assert!(!stays || server.is_healthy(), "{}", vector["name"]);

        let mut carrier = bound_carrier();
        let (mut inputs, mut notes) = (Inputs::default(), Notes::default());
        carrier.receive(NOW, &mut &pdu[..], &mut inputs, &mut notes);
        carrier.transmit().clear();
        let enquire_link = octets("00000010000000150000000000000063");
        carrier.receive(NOW, &mut &enquire_link[..], &mut inputs, &mut notes);
        let said = replies(carrier.transmit());
        assert!(!stays || !said.is_empty(), "{}", vector["name"]);
    }
}

#[test]
fn no_pdu_with_octets_changed_by_chance_breaks_a_session() {
    let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = move |below: usize| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        (chance >> 16) as usize % below
    };
    for vector in vectors(VALID).filter(|vector| vector["category"] != "session") {
        let whole = octets(text(&vector, "hex"));
        let mut server = Server::in_state("BOUND_TRX", version(&vector));
        let mut carrier = bound_carrier();
        for _ in 0..20 {
            let mut pdu = whole.clone();
            for _ in 0..=draw(3) {
                // The length stays, or everything after it would be lost; so does the command.
                let place = 8 + draw(pdu.len() - 8);
                pdu[place] = draw(256) as u8;
            }
            server.hear(&pdu);
            let (mut inputs, mut notes) = (Inputs::default(), Notes::default());
            carrier.receive(NOW, &mut &pdu[..], &mut inputs, &mut notes);
            acknowledge(&mut carrier, &mut inputs);
        }
        assert!(server.is_healthy(), "{}", vector["name"]);
        assert_eq!(carrier.session().unanswered(), 0, "{}", vector["name"]);
    }
}

/// The engine's part: everything is taken.
fn acknowledge(carrier: &mut Carrier, inputs: &mut Inputs) {
    let origins: Vec<Origin> = inputs
        .iter()
        .filter_map(|input| match input {
            Input::Receipt { origin, .. } | Input::Mo { origin, .. } => Some(*origin),
            _ => None,
        })
        .collect();
    for origin in origins {
        let output = Output::Acknowledge {
            origin,
            refusal: None,
        };
        carrier.output(NOW, &output, &Outputs::default(), inputs);
    }
}

fn bound_carrier() -> Carrier {
    let mut carrier = Carrier::new(Origin::default(), Arc::new(Profile::default()), NOW);
    let (mut inputs, mut notes) = (Inputs::default(), Notes::default());
    let bound = octets("00000015800000090000000000000001736d736300");
    carrier.receive(NOW, &mut &bound[..], &mut inputs, &mut notes);
    let bound = Output::Bound {
        origin: Origin::default(),
        bind: BindId(5),
    };
    carrier.output(NOW, &bound, &Outputs::default(), &mut inputs);
    carrier.transmit().clear();
    carrier
}

/// Whether what was said and done is this reaction.
fn is_reaction(reaction: &Value, said: &[Header], closed: bool, version: Version) -> bool {
    let connection = match text(reaction, "connection") {
        "stay" => !closed,
        "close" => closed,
        _ => true,
    };
    let reply = &reaction["reply"];
    let answered = if reply.is_null() {
        said.is_empty()
    } else {
        said.iter().any(|header| {
            let sequence = &reply["sequence_number"];
            let sequence_fits = match sequence {
                Value::Null => true,
                Value::Array(any) => any.iter().any(|one| *one == header.sequence),
                one => *one == header.sequence,
            };
            header.command_id.name() == text(reply, "command")
                && sequence_fits
                && list(&reply["command_status"])
                    .any(|status| told(status, version) == header.status)
        })
    };
    connection && answered
}

/// A status as a session of this version is told it.
fn told(status: &Value, version: Version) -> Status {
    Status(status.as_u64().expect("a status") as u32).for_version(version)
}

/// The version of the session that a vector needs.
fn version(vector: &Value) -> Version {
    match text(vector, "version") {
        "5.0" => Version::V50,
        _ => Version::V34,
    }
}

fn vectors(lines: &str) -> impl Iterator<Item = Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a vector"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> + Clone {
    value.as_array().map_or(&[][..], Vec::as_slice).iter()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

fn replies(mut stream: &[u8]) -> Vec<Header> {
    let mut headers = Vec::new();
    while let Some(frame) = frame::split(&mut stream, CAP_BOUND).expect("our own frames") {
        headers.push(frame.header);
    }
    headers
}

fn octets(hex: &str) -> Vec<u8> {
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16).expect("hexadecimal") as u8;
    pairs
        .iter()
        .map(|&[high, low]| digit(high) << 4 | digit(low))
        .collect()
}
