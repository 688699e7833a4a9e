//! One bind as a customer, for the tools that people use by hand: a session, a connection, and errors that say what to do next.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use rustls::ClientConnection;
use smpp::pdu::Bind;
use smpp::session::{BindKind, CloseReason, Event, Received, Role, Session, Settings};
use smpp::status::{self, Status};
use smpp::{Tolerance, Version};
use sms::Instant;

use super::reactor::Reactor;
use super::tls::{TlsArgs, server_name};
use super::wire::{READ_OCTETS, Wire};
use crate::clock::Clock;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The only connection's key.
const ONLY: usize = 0;

/// Where to bind, and as whom.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Target {
    /// Where to
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2775")]
    pub(crate) connect: String,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Who binds
    #[arg(long, value_name = "ID", default_value = "demo")]
    pub(crate) system_id: String,
    /// Its password
    #[arg(long, value_name = "WORD", default_value = "demopass")]
    pub(crate) password: String,
    /// Its system_type
    #[arg(long, value_name = "WORD", default_value = "")]
    pub(crate) system_type: String,
}

/// Why there is no bind, or no more.
#[derive(Debug)]
pub(crate) enum Problem {
    /// What was asked for makes no sense.
    Asked(String),
    /// Nothing answers there.
    Connect { target: String, error: io::Error },
    /// It answers, and says no.
    Refused { system_id: String, status: Status },
    /// The connection ended.
    Ended(String),
}

/// A bind that stands.
pub(crate) struct Client {
    session: Session,
    wire: Wire,
    /// What was read and not digested yet.
    input: BytesMut,
    buffer: Vec<u8>,
    reactor: Reactor,
    clock: Clock,
}

impl Client {
    /// Connects and binds; `ear` ends every wait when its other end is written to or dropped.
    ///
    /// # Errors
    /// What a person has to know of it.
    pub(crate) fn bind(
        target: &Target,
        kind: BindKind,
        window: u16,
        ear: UnixStream,
    ) -> Result<Client, Problem> {
        let failed = |error| Problem::Connect {
            target: target.connect.clone(),
            error,
        };
        let mut reactor = Reactor::new().map_err(failed)?;
        reactor.stop_by(ear).map_err(failed)?;
        let addresses: Vec<SocketAddr> = target
            .connect
            .to_socket_addrs()
            .map_err(|error| Problem::Asked(format!("{}: {error}", target.connect)))?
            .collect();
        let tls = target.tls.config().map_err(Problem::Asked)?;
        let name = server_name(&target.connect).map_err(Problem::Asked)?;
        let socket = connect(&mut reactor, &addresses).map_err(failed)?;
        let wire = match tls {
            None => Wire::plain(socket),
            Some(config) => {
                let connection = ClientConnection::new(config, name);
                let connection = connection.map_err(|error| failed(io::Error::other(error)))?;
                Wire::tls(socket, connection)
            }
        };
        let clock = Clock::start();
        let settings = Settings {
            window_out: window,
            tolerance: Tolerance::Tolerant,
            ..Settings::default()
        };
        let mut client = Client {
            session: Session::new(Role::Esme, settings, clock.mono()),
            wire,
            input: BytesMut::new(),
            buffer: vec![0; READ_OCTETS],
            reactor,
            clock,
        };
        // The socket is connected, so it can be written to.
        client.wire.wake(true, true);
        client.request_bind(target, kind)?;
        Ok(client)
    }

    fn request_bind(&mut self, target: &Target, kind: BindKind) -> Result<(), Problem> {
        let bind = Bind {
            system_id: target.system_id.as_bytes(),
            password: target.password.as_bytes(),
            system_type: target.system_type.as_bytes(),
            interface_version: Version::V34.interface_version(),
            ..Bind::default()
        };
        self.session.bind(self.clock.mono(), kind, &bind);
        let mut verdict = None;
        while verdict.is_none() {
            self.turn(CONNECT_TIMEOUT, &mut |_, event| match event {
                Event::Bound { .. } => {
                    verdict = Some(Ok(()));
                    ControlFlow::Break(())
                }
                Event::BindFailed(status) => {
                    verdict = Some(Err(Problem::Refused {
                        system_id: target.system_id.clone(),
                        status,
                    }));
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            })?;
            if self.reactor.stopped() {
                return Err(Problem::Ended("interrupted".to_owned()));
            }
        }
        verdict.unwrap_or(Ok(()))
    }

    /// The session, to make requests with; they leave at the next turn.
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The session's time.
    pub(crate) fn now(&self) -> Instant {
        self.clock.mono()
    }

    /// True once somebody has asked for the end.
    pub(crate) fn stopped(&self) -> bool {
        self.reactor.stopped()
    }

    /// Writes what is to be written, waits for at most `wait`, and hands on what came, until `handle` says that it is enough.
    ///
    /// # Errors
    /// [`Problem::Ended`] when the connection is no more.
    pub(crate) fn turn(
        &mut self,
        wait: Duration,
        handle: &mut dyn FnMut(&mut Session, Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), Problem> {
        self.digest(handle)?;
        self.write()?;
        let now = self.clock.mono();
        let deadline = self.session.deadline().map(|at| at.since(now));
        let wait = deadline.unwrap_or(wait).min(wait);
        let wait = if self.wire.readable {
            Duration::ZERO
        } else {
            wait
        };
        let mut woken = Vec::new();
        self.reactor
            .wait(Some(wait), &mut woken)
            .map_err(|error| Problem::Ended(error.to_string()))?;
        for event in woken {
            self.wire.wake(event.readable, event.writable);
        }
        if self.wire.readable {
            let octets = self
                .wire
                .read(&mut self.buffer)
                .map_err(|error| ended(&error))?;
            self.input.extend_from_slice(octets);
        }
        self.digest(handle)?;
        let now = self.clock.mono();
        while let Some(event) = self.session.timeout(now) {
            if let Event::Closed(reason) = event {
                return Err(closed(reason));
            }
            if handle(&mut self.session, event).is_break() {
                break;
            }
        }
        self.write()
    }

    fn digest(
        &mut self,
        handle: &mut dyn FnMut(&mut Session, Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), Problem> {
        let now = self.clock.mono();
        let mut rest = &self.input[..];
        let result = loop {
            match self.session.receive(now, &mut rest) {
                Received::Event(Event::Closed(reason)) | Received::Closed(reason) => {
                    break Err(closed(reason));
                }
                Received::Event(event) => {
                    if handle(&mut self.session, event).is_break() {
                        break Ok(());
                    }
                }
                Received::Incomplete | Received::Paused => break Ok(()),
            }
        };
        let used = self.input.len() - rest.len();
        self.input.advance(used);
        result
    }

    fn write(&mut self) -> Result<(), Problem> {
        let transmit = self.session.transmit();
        self.wire.outbox.extend_from_slice(transmit);
        transmit.clear();
        self.wire.flush().map_err(|error| ended(&error))
    }

    /// Unbinds, and waits a moment for the answer.
    pub(crate) fn unbind(mut self) {
        self.session.unbind(self.clock.mono());
        let patience = self.clock.mono() + Duration::from_secs(2);
        // Whatever ends it now is the end that was wanted.
        while self.clock.mono() < patience
            && self
                .turn(Duration::from_millis(200), &mut |_, _| {
                    ControlFlow::Continue(())
                })
                .is_ok()
        {}
        self.wire.close(&self.reactor);
    }
}

/// The first of the addresses that answers.
fn connect(reactor: &mut Reactor, addresses: &[SocketAddr]) -> io::Result<mio::net::TcpStream> {
    let mut last = io::ErrorKind::NotFound.into();
    for address in addresses {
        match connect_one(reactor, *address) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect_one(reactor: &mut Reactor, address: SocketAddr) -> io::Result<mio::net::TcpStream> {
    let stream = std::net::TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut socket = mio::net::TcpStream::from_std(stream);
    reactor.add(&mut socket, ONLY)?;
    Ok(socket)
}

fn closed(reason: CloseReason) -> Problem {
    Problem::Ended(reason.to_string())
}

fn ended(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Problem::Ended("the server closed the connection".to_owned())
        }
        _ => Problem::Ended(error.to_string()),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Asked(what) => f.write_str(what),
            Problem::Connect { target, error } => write!(
                f,
                "cannot connect to {target}: {error}\n  Is the gateway running? Start it with: bindery serve --demo"
            ),
            Problem::Refused { system_id, status } => write!(
                f,
                "the server refused to bind {system_id}: {status}\n  {}",
                advice(*status)
            ),
            Problem::Ended(why) => write!(
                f,
                "the connection ended: {why}\n  The server's log says more; its address is --connect."
            ),
        }
    }
}

/// What to do about a refused bind.
fn advice(refusal: Status) -> &'static str {
    match refusal {
        status::RINVPASWD => "Check --password.",
        status::RINVSYSID => "Check --system-id: the server does not know it.",
        status::RALYBND => {
            "Another program is bound under this name; unbind it, or use another account."
        }
        status::RTHROTTLED => "Too many binds in a short time; wait a minute.",
        _ => {
            "Check --system-id and --password, whether this address may use the account, and how many binds it may have."
        }
    }
}
