//! An ESME or a message centre that does what the test says, one PDU at a time.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use bytes::BytesMut;
use smpp::Tolerance;
use smpp::command::{self, CommandId};
use smpp::frame::{self, Frame, Header};
use smpp::pdu::{self, Bind, BindResp, Pdu, QuerySm, Sm, SmResp};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use sms::Address;
use socket2::{Domain, Socket, Type};

use crate::gateway::PATIENCE;

/// One end of a connection.
pub(crate) struct Client {
    stream: Stream,
    sequence: u32,
    unread: Vec<u8>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, TcpStream>>),
    TlsCentre(Box<rustls::StreamOwned<rustls::ServerConnection, TcpStream>>),
}

/// A PDU that came.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) header: Header,
    body: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(to: SocketAddr) -> Client {
        Client::over(TcpStream::connect(to).expect("a connection"))
    }

    /// Connects from this address of ours.
    pub(crate) fn connect_from(from: IpAddr, to: SocketAddr) -> Client {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).expect("a socket");
        let from = SocketAddr::new(from, 0);
        socket.bind(&from.into()).expect("an address of ours");
        socket.connect(&to.into()).expect("a connection");
        Client::over(socket.into())
    }

    /// Waits for somebody who connects to us.
    pub(crate) fn accept(listener: &TcpListener) -> Client {
        Client::over(listener.accept().expect("a connection").0)
    }

    /// The same with TLS; the error is that of the handshake.
    pub(crate) fn accept_tls(
        listener: &TcpListener,
        config: &Arc<rustls::ServerConfig>,
    ) -> std::io::Result<Client> {
        let mut plain = listener.accept().expect("a connection").0;
        plain.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut tls = rustls::ServerConnection::new(config.clone()).expect("TLS");
        while tls.is_handshaking() {
            tls.complete_io(&mut plain)?;
        }
        Ok(Client {
            stream: Stream::TlsCentre(Box::new(rustls::StreamOwned::new(tls, plain))),
            sequence: 0,
            unread: Vec::new(),
        })
    }

    /// Connects with TLS, trusting the certificate in `cert`.
    pub(crate) fn connect_tls(to: SocketAddr, cert: &std::path::Path) -> Client {
        Client::connect_tls_as(to, cert, &to.ip().to_string())
    }

    /// The same to who is called `name`.
    pub(crate) fn connect_tls_as(to: SocketAddr, cert: &std::path::Path, name: &str) -> Client {
        use rustls::pki_types::pem::PemObject;
        let cert = rustls::pki_types::CertificateDer::from_pem_file(cert).expect("a certificate");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(cert).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = name.to_owned().try_into().expect("a name");
        let tls = rustls::ClientConnection::new(Arc::new(config), name).expect("TLS");
        let plain = TcpStream::connect(to).expect("a connection");
        plain.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Client {
            stream: Stream::Tls(Box::new(rustls::StreamOwned::new(tls, plain))),
            sequence: 0,
            unread: Vec::new(),
        }
    }

    fn over(stream: TcpStream) -> Client {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        Client {
            stream: Stream::Plain(stream),
            sequence: 0,
            unread: Vec::new(),
        }
    }

    /// Connects and binds as a transceiver.
    #[track_caller]
    pub(crate) fn bound(to: SocketAddr, system_id: &str, password: &str) -> Client {
        let mut client = Client::connect(to);
        assert_eq!(client.bind(system_id, password), status::OK);
        client
    }

    /// Connects and binds as soon as there is a place: those who have just gone may still be counted.
    #[track_caller]
    pub(crate) fn bound_at_last(to: SocketAddr, system_id: &str, password: &str) -> Client {
        let bind = Pdu::BindTransceiver(Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        });
        let mut octets = BytesMut::new();
        pdu::encode(&bind, status::OK, 1, &mut octets).expect("it fits");
        let until = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < until {
            let mut client = Client::connect(to);
            client.sequence = 1;
            if client.try_write(&octets).is_ok()
                && let Some(answer) = client.next_or_end()
            {
                assert_eq!(answer.header.status, status::OK);
                return client;
            }
        }
        panic!("there is no place");
    }

    /// Binds as a transceiver and says how that was answered.
    #[track_caller]
    pub(crate) fn bind(&mut self, system_id: &str, password: &str) -> Status {
        self.ask(&Pdu::BindTransceiver(Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        }));
        self.next().header.status
    }

    /// Sends a message; its sequence_number.
    pub(crate) fn submit(&mut self, to: &str, text: &str) -> u32 {
        self.ask(&Pdu::SubmitSm(Sm {
            source: Address {
                ton: 1,
                npi: 1,
                digits: b"12345",
            },
            destination: Address {
                ton: 1,
                npi: 1,
                digits: to.as_bytes(),
            },
            registered_delivery: 1,
            short_message: text.as_bytes(),
            ..Sm::default()
        }))
    }

    /// Sends a message and says how that was answered.
    #[track_caller]
    pub(crate) fn submitted(&mut self, to: &str, text: &str) -> Status {
        let sequence = self.submit(to, text);
        let answer = self.next();
        assert_eq!(answer.header.sequence, sequence, "{answer:?}");
        answer.header.status
    }

    /// Asks for the state of a message and says how that was answered.
    #[track_caller]
    pub(crate) fn query(&mut self, message_id: &str) -> Status {
        self.ask(&Pdu::QuerySm(QuerySm {
            message_id: message_id.as_bytes(),
            ..QuerySm::default()
        }));
        self.next_of(command::QUERY_SM_RESP).header.status
    }

    /// Sends a request; its sequence_number.
    pub(crate) fn ask(&mut self, pdu: &Pdu<'_>) -> u32 {
        self.sequence += 1;
        self.send(pdu, status::OK, self.sequence);
        self.sequence
    }

    /// Sends a request whose body is these octets; its sequence_number.
    pub(crate) fn ask_octets(&mut self, command: CommandId, body: &[u8]) -> u32 {
        self.sequence += 1;
        let length = u32::try_from(16 + body.len()).expect("short");
        for word in [length, command.0, 0, self.sequence] {
            self.write(&word.to_be_bytes());
        }
        self.write(body);
        self.sequence
    }

    /// Sends any PDU.
    pub(crate) fn send(&mut self, pdu: &Pdu<'_>, status: Status, sequence: u32) {
        let mut octets = BytesMut::new();
        pdu::encode(pdu, status, sequence, &mut octets).expect("it fits");
        self.write(&octets);
    }

    /// Answers a bind as a message centre would.
    pub(crate) fn accept_bind(&mut self, request: &Came) {
        let answer = BindResp {
            system_id: b"smsc",
            tlvs: Tlvs::EMPTY,
            body_present: true,
        };
        let answer = match request.pdu() {
            Pdu::BindTransmitter(_) => Pdu::BindTransmitterResp(answer),
            Pdu::BindReceiver(_) => Pdu::BindReceiverResp(answer),
            Pdu::BindTransceiver(_) => Pdu::BindTransceiverResp(answer),
            other => panic!("no bind: {other:?}"),
        };
        self.send(&answer, status::OK, request.header.sequence);
    }

    /// Answers a message as a message centre would.
    pub(crate) fn take(&mut self, request: &Came, id: &str) {
        let answer = Pdu::SubmitSmResp(SmResp {
            message_id: id.as_bytes(),
            tlvs: Tlvs::EMPTY,
            body_present: true,
        });
        self.send(&answer, status::OK, request.header.sequence);
    }

    /// Tells as a message centre would that a message arrived, and says how that was answered.
    #[track_caller]
    pub(crate) fn report(&mut self, id: &str, to: &str) -> Status {
        let text = format!("id:{id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:");
        let sequence = self.ask(&Pdu::DeliverSm(Sm {
            source: Address::international(to.as_bytes()),
            esm_class: 0x04,
            short_message: text.as_bytes(),
            ..Sm::default()
        }));
        let answer = self.next_of(command::DELIVER_SM_RESP);
        assert_eq!(answer.header.sequence, sequence, "{answer:?}");
        answer.header.status
    }

    /// Takes a delivery as a customer would.
    pub(crate) fn acknowledge(&mut self, request: &Came) {
        let answer = Pdu::DeliverSmResp(SmResp {
            message_id: b"",
            tlvs: Tlvs::EMPTY,
            body_present: true,
        });
        self.send(&answer, status::OK, request.header.sequence);
    }

    pub(crate) fn write(&mut self, octets: &[u8]) {
        self.try_write(octets).expect("it is read");
    }

    /// Writes, if the other end is believed and there.
    pub(crate) fn try_write(&mut self, octets: &[u8]) -> std::io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(octets),
            Stream::Tls(stream) => stream.write_all(octets),
            Stream::TlsCentre(stream) => stream.write_all(octets),
        }
    }

    /// Writes the same again and again, and reads nothing, until the other end has had enough.
    pub(crate) fn write_until_it_ends(&mut self, octets: &[u8]) {
        let Stream::Plain(stream) = &mut self.stream else {
            panic!("only plain");
        };
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        loop {
            match stream.write_all(octets) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("it neither reads nor ends")
                }
                Err(_) => return,
            }
        }
    }

    /// Writes one octet each `pause`, until the other end has had enough.
    pub(crate) fn write_slowly_until_it_ends(&mut self, octet: u8, pause: std::time::Duration) {
        let Stream::Plain(stream) = &mut self.stream else {
            panic!("only plain");
        };
        stream.set_read_timeout(Some(pause)).expect("a timeout");
        let until = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < until {
            match stream.read(&mut [0; 64]) {
                Ok(0) => return,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
                // What it says before it ends does not matter here.
                Ok(_) | Err(_) => {}
            }
            if stream.write_all(&[octet]).is_err() {
                return;
            }
        }
        panic!("it does not end");
    }

    /// The next PDU that comes.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Came {
        self.next_or_end().expect("a PDU, not the end")
    }

    /// The next PDU of a kind; others are passed over.
    #[track_caller]
    pub(crate) fn next_of(&mut self, command: CommandId) -> Came {
        loop {
            let came = self.next();
            if came.header.command_id == command {
                return came;
            }
        }
    }

    /// Waits for the end of the connection, whatever comes before it.
    #[track_caller]
    pub(crate) fn end(&mut self) {
        while self.next_or_end().is_some() {}
    }

    fn next_or_end(&mut self) -> Option<Came> {
        loop {
            let mut octets = self.unread.as_slice();
            if let Some(frame) = frame::split(&mut octets, frame::CAP_BOUND).expect("a length") {
                let came = Came {
                    header: frame.header,
                    body: frame.body.to_vec(),
                };
                let used = self.unread.len() - octets.len();
                self.unread.drain(..used);
                return Some(came);
            }
            let mut buffer = [0; 4096];
            let read = match &mut self.stream {
                Stream::Plain(stream) => stream.read(&mut buffer),
                Stream::Tls(stream) => stream.read(&mut buffer),
                Stream::TlsCentre(stream) => stream.read(&mut buffer),
            };
            match read {
                Ok(0) => return None,
                Ok(n) => self.unread.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }
}

impl Came {
    /// What it says.
    pub(crate) fn pdu(&self) -> Pdu<'_> {
        let frame = Frame {
            header: self.header,
            body: &self.body,
        };
        pdu::decode(&frame, Tolerance::Strict)
            .expect("it can be read")
            .0
    }
}
