//! The customers with the presets of other services, from outside: real sockets and TLS, row by row of their manuals. What a
//! row says is in docs/conformance.md.

mod alphabets;
mod bulksms;
mod credits;
mod messangi;
mod mobivate;
mod mta;
mod operations;
mod receipts;
mod subscribers;
mod tangerine;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::TcpListener;

use smpp::command;
use smpp::pdu::{Bind, Pdu, Sm, SmResp};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use sms::Address;

use crate::carriers;
use crate::client::{Came, Client};
use crate::gateway::{Dir, Gateway};

/// The password of every vendor customer of the demo.
const PASSWORD: &str = "demopass";
/// Where nothing out of the ordinary happens to a message.
const SUBSCRIBER: &[u8] = b"12125551234";

/// A running gateway.
struct Service {
    dir: Dir,
    gateway: Gateway,
}

impl Service {
    /// The demo with `config` over it, and its simulated carrier.
    fn simulated(name: &str, config: &str) -> Service {
        let dir = Dir::new(name);
        let gateway = Gateway::start(&dir, config);
        Service { dir, gateway }
    }

    /// The demo with `config` over it, and the carrier that the test plays.
    fn with_carrier(name: &str, config: &str) -> (Service, Carrier) {
        let (listener, url) = carriers::centre("window=100");
        let dir = Dir::new(name);
        let gateway = Gateway::start_with(&dir, config, &["--carrier", &url]);
        (Service { dir, gateway }, Carrier::bound(&listener))
    }

    /// The demo, where each of these routes of `customer`, by name and route_id, leads to a carrier of its own.
    fn routed<const N: usize>(
        name: &str,
        customer: &str,
        routes: [(&str, &str); N],
    ) -> (Service, [Carrier; N]) {
        let listeners = routes.map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let mut config = String::new();
        for (listener, (route, id)) in listeners.iter().zip(routes) {
            let address = listener.local_addr().expect("it has one");
            let _ = write!(
                config,
                "[[connector]]\nname = \"to-{route}\"\nhosts = [\"{address}\"]\nsystem_id = \"us\"\npassword = \"secret\"\n\
                 [[route]]\nname = \"{route}\"\ncustomers = [\"{customer}\"]\nroute_id = \"{id}\"\ntargets = [\"to-{route}\"]\n"
            );
        }
        let service = Service::simulated(name, &config);
        (service, listeners.each_ref().map(Carrier::bound))
    }

    /// A connection without TLS.
    fn plain(&self) -> Esme {
        Esme::over(Client::connect(self.gateway.smpp))
    }

    /// A connection with TLS.
    fn tls(&self) -> Esme {
        let cert = self.dir.path().join("data/tls/cert.pem");
        Esme::over(Client::connect_tls(self.gateway.smpps, &cert))
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Transmitter,
    Receiver,
    Transceiver,
}

/// A customer's program. What is delivered to it while it waits for an answer is acknowledged and kept.
struct Esme {
    client: Client,
    came: VecDeque<Message>,
}

impl Esme {
    fn over(client: Client) -> Esme {
        Esme {
            client,
            came: VecDeque::new(),
        }
    }

    /// Binds with SMPP 3.4 as a transceiver: the status of the answer.
    #[track_caller]
    fn bind(&mut self, system_id: &str, password: &str) -> Status {
        self.bind_as(Kind::Transceiver, &credentials(system_id, password))
    }

    #[track_caller]
    fn bind_as(&mut self, kind: Kind, bind: &Bind<'_>) -> Status {
        self.ask(&match kind {
            Kind::Transmitter => Pdu::BindTransmitter(*bind),
            Kind::Receiver => Pdu::BindReceiver(*bind),
            Kind::Transceiver => Pdu::BindTransceiver(*bind),
        })
        .header
        .status
    }

    /// Sends a request and waits for its answer.
    #[track_caller]
    fn ask(&mut self, request: &Pdu<'_>) -> Came {
        let sequence = self.client.ask(request);
        self.answer_to(sequence)
    }

    /// The statuses of the answers to these requests, which come in any order; in the order of the requests.
    #[track_caller]
    fn statuses(&mut self, requests: &[u32]) -> Vec<Status> {
        let mut answers: Vec<Came> = Vec::new();
        while answers.len() < requests.len() {
            let came = self.client.next();
            match came.header.command_id {
                command::DELIVER_SM => self.take(&came),
                _ => answers.push(came),
            }
        }
        answers.sort_by_key(|came| came.header.sequence);
        let sequences: Vec<u32> = answers.iter().map(|came| came.header.sequence).collect();
        assert_eq!(sequences, requests);
        answers.iter().map(|came| came.header.status).collect()
    }

    #[track_caller]
    fn answer_to(&mut self, sequence: u32) -> Came {
        loop {
            let came = self.client.next();
            if came.header.command_id != command::DELIVER_SM {
                assert_eq!(came.header.sequence, sequence, "{came:?}");
                return came;
            }
            self.take(&came);
        }
    }

    /// Submits a message: its message_id, or why not.
    #[track_caller]
    fn submit(&mut self, sm: &Sm<'_>) -> Result<String, Status> {
        let answer = self.ask(&Pdu::SubmitSm(*sm));
        let Pdu::SubmitSmResp(SmResp { message_id, .. }) = answer.pdu() else {
            panic!("{answer:?}");
        };
        match answer.header.status {
            status::OK => Ok(String::from_utf8_lossy(message_id).into_owned()),
            refused => Err(refused),
        }
    }

    /// The next message or receipt that is delivered, or was.
    #[track_caller]
    fn delivered(&mut self) -> Message {
        while self.came.is_empty() {
            let came = self.client.next_of(command::DELIVER_SM);
            self.take(&came);
        }
        self.came.pop_front().expect("one came")
    }

    /// Refuses the next message or receipt that is delivered.
    #[track_caller]
    fn refuses(&mut self, refusal: Status) -> Message {
        let came = self.client.next_of(command::DELIVER_SM);
        let answer = Pdu::DeliverSmResp(SmResp::default());
        self.client.send(&answer, refusal, came.header.sequence);
        Message::of(&came)
    }

    /// Nothing was delivered that nobody waited for. To be asked when whatever could be delivered has been.
    #[track_caller]
    fn hears_nothing(&mut self) {
        let answer = self.ask(&Pdu::EnquireLink(Tlvs::EMPTY));
        assert_eq!(answer.header.command_id, command::ENQUIRE_LINK_RESP);
        assert!(self.came.is_empty(), "{:?}", self.came);
    }

    #[track_caller]
    fn take(&mut self, came: &Came) {
        self.client.acknowledge(came);
        self.came.push_back(Message::of(came));
    }

    /// Unbinds, and waits for the end of the connection.
    #[track_caller]
    fn unbind(mut self) {
        let answer = self.ask(&Pdu::Unbind(Tlvs::EMPTY));
        assert_eq!(answer.header.status, status::OK);
        self.client.end();
    }
}

/// The message centre that the test plays.
struct Carrier {
    client: Client,
}

impl Carrier {
    fn bound(listener: &TcpListener) -> Carrier {
        let (mut client, bind) = carriers::arrive(listener);
        client.accept_bind(&bind);
        Carrier { client }
    }

    /// Takes the next message under this id.
    #[track_caller]
    fn takes(&mut self, id: &str) -> Message {
        let came = self.client.next_of(command::SUBMIT_SM);
        self.client.take(&came, id);
        Message::of(&came)
    }

    /// Refuses the next message.
    #[track_caller]
    fn refuses(&mut self, refusal: Status) {
        let came = self.client.next_of(command::SUBMIT_SM);
        let answer = Pdu::SubmitSmResp(SmResp::default());
        self.client.send(&answer, refusal, came.header.sequence);
    }

    /// Tells what became of the message with this id.
    #[track_caller]
    fn reports(&mut self, id: &str, stat: &str, err: &str) {
        let text = format!("id:{id} sub:001 dlvrd:001 stat:{stat} err:{err} text:");
        let receipt = Sm {
            source: Address::international(SUBSCRIBER),
            destination: Address::international(b"12025550100"),
            esm_class: 0x04,
            short_message: text.as_bytes(),
            ..Sm::default()
        };
        self.delivers(&receipt);
    }

    /// Brings a message of a subscriber.
    #[track_caller]
    fn delivers(&mut self, sm: &Sm<'_>) {
        let sequence = self.client.ask(&Pdu::DeliverSm(*sm));
        let answer = self.client.next_of(command::DELIVER_SM_RESP);
        assert_eq!(answer.header.sequence, sequence, "{answer:?}");
        assert_eq!(answer.header.status, status::OK, "{answer:?}");
    }
}

/// A submit_sm or deliver_sm that came.
#[derive(Debug)]
struct Message {
    source: (u8, u8, String),
    destination: (u8, u8, String),
    esm_class: u8,
    protocol_id: u8,
    priority: u8,
    data_coding: u8,
    text: Vec<u8>,
    tlvs: Vec<u8>,
}

impl Message {
    #[track_caller]
    fn of(came: &Came) -> Message {
        let (Pdu::DeliverSm(sm) | Pdu::SubmitSm(sm)) = came.pdu() else {
            panic!("{came:?}");
        };
        let address = |address: Address<'_>| {
            let digits = String::from_utf8_lossy(address.digits).into_owned();
            (address.ton, address.npi, digits)
        };
        Message {
            source: address(sm.source),
            destination: address(sm.destination),
            esm_class: sm.esm_class,
            protocol_id: sm.protocol_id,
            priority: sm.priority_flag,
            data_coding: sm.data_coding,
            text: sm.short_message.to_vec(),
            tlvs: sm.tlvs.as_bytes().to_vec(),
        }
    }

    fn tlvs(&self) -> Tlvs<'_> {
        Tlvs::parse(&self.tlvs).expect("they were read")
    }

    fn is_receipt(&self) -> bool {
        matches!(self.esm_class & 0x3C, 0x04 | 0x20)
    }

    /// The text as ASCII.
    #[track_caller]
    fn said(&self) -> &str {
        std::str::from_utf8(&self.text).expect("a text")
    }

    /// What a receipt says of `name`, up to the next space.
    #[track_caller]
    fn field(&self, name: &str) -> &str {
        assert!(self.is_receipt(), "{self:?}");
        let start = format!("{name}:");
        let (_, rest) = self.said().split_once(&start).expect("the field");
        rest.split(' ').next().unwrap_or_default()
    }
}

/// A bind with SMPP 3.4.
fn credentials<'a>(system_id: &'a str, password: &'a str) -> Bind<'a> {
    Bind {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        interface_version: 0x34,
        ..Bind::default()
    }
}

/// A short message to somebody, with a receipt.
fn to_subscriber(text: &[u8]) -> Sm<'_> {
    Sm {
        source: Address::international(b"12025550100"),
        destination: Address::international(SUBSCRIBER),
        registered_delivery: 1,
        short_message: text,
        ..Sm::default()
    }
}
