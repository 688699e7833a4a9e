//! Binds to carriers: as many sockets as were agreed, each of them bound again when it ends.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use directory::{Carrier, CarrierPlace, Host};
use smpp::status::{self, Status};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;

use crate::conn::{Conn, End, Peer};
use crate::net::Io;
use crate::session_log::SessionLog;
use crate::wire::Wire;

/// A bind that stood so long was a good one: the next failure is the first again.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// Answers of 0x0D in a row after which the carrier is taken at its word.
const BINDFAIL_MAX: u32 = 3;

/// One bind to a carrier that is to stand.
#[derive(Clone, Debug)]
pub(crate) struct LinkPlan {
    pub(crate) carrier: Arc<Carrier>,
    pub(crate) way: Way,
    /// Another one when the bind has to be made anew.
    pub(crate) generation: u64,
    /// Which of the carrier's binds of this kind, from 0.
    pub(crate) number: u16,
}

/// How a carrier is reached.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// It is the simulated one, in this process.
    Simulated(SocketAddr),
    /// Over the network, as it is.
    Plain,
    /// Over the network, in TLS.
    Tls(Arc<rustls::ClientConfig>),
}

/// The binds of one I/O thread.
#[derive(Default)]
pub(crate) struct Links {
    running: RefCell<Vec<Rc<Link>>>,
}

/// One bind, standing or on its way.
struct Link {
    plan: RefCell<LinkPlan>,
    ended: Cell<bool>,
    wake: Notify,
    conn: RefCell<Option<Rc<Conn>>>,
}

impl Links {
    /// Makes the binds those of `plans`: what fulfils one of them stays as it is, what is not named any more ends.
    pub(crate) fn plan(&self, io: &Rc<Io>, plans: Vec<LinkPlan>) {
        let mut running = self.running.borrow_mut();
        running.retain(|link| {
            let stays = plans.iter().any(|plan| plan.is_met_by(&link.plan.borrow()));
            if !stays {
                link.end();
                if let Some(conn) = &*link.conn.borrow() {
                    io.retire(conn);
                }
            }
            stays
        });
        for plan in plans {
            if let Some(link) = running
                .iter()
                .find(|link| plan.is_met_by(&link.plan.borrow()))
            {
                *link.plan.borrow_mut() = plan;
                continue;
            }
            let link = Rc::new(Link::new(plan));
            running.push(link.clone());
            tokio::task::spawn_local(keep(io.clone(), link));
        }
    }

    /// No bind is made any more; those that stand are somebody else's to end.
    pub(crate) fn end(&self) {
        for link in self.running.borrow_mut().drain(..) {
            link.end();
        }
    }
}

impl LinkPlan {
    /// Whether a bind that was made by another plan is what this one wants.
    fn is_met_by(&self, other: &LinkPlan) -> bool {
        let (own, its) = (&self.carrier.profile, &other.carrier.profile);
        own.connector == its.connector
            && own.kind == its.kind
            && self.number == other.number
            && self.generation == other.generation
    }
}

impl Link {
    fn new(plan: LinkPlan) -> Link {
        Link {
            plan: RefCell::new(plan),
            ended: Cell::new(false),
            wake: Notify::new(),
            conn: RefCell::new(None),
        }
    }

    fn end(&self) {
        self.ended.set(true);
        self.wake.notify_one();
    }
}

/// Keeps one bind standing until the link is ended.
async fn keep(io: Rc<Io>, link: Rc<Link>) {
    let mut backoff = {
        let plan = link.plan.borrow();
        let profile = &plan.carrier.profile;
        Backoff::new(io.common.seed((&profile.name, profile.kind, plan.number)))
    };
    for attempt in 0.. {
        let plan = link.plan.borrow().clone();
        let name = &plan.carrier.profile.name;
        let ended = tokio::select! {
            ended = bind(&io, &plan, &link, attempt) => ended,
            () = link.wake.notified() => return,
        };
        if link.ended.get() {
            return;
        }
        let pause = backoff.after(
            ended,
            plan.carrier.reconnect_min,
            plan.carrier.reconnect_max,
        );
        if pause.alarm {
            io.common
                .metrics
                .peers
                .connector(name)
                .credentials_rejected();
            tracing::error!(
                connector = name,
                "the carrier does not take our credentials: check system_id, password and system_type"
            );
        }
        let kind = plan.carrier.profile.kind;
        tracing::info!(connector = name, ?kind, bind = plan.number, wait = ?pause.wait, "next attempt");
        tokio::select! {
            () = tokio::time::sleep(pause.wait) => {}
            () = link.wake.notified() => return,
        }
    }
}

/// One attempt, from the connection to its end.
async fn bind(io: &Rc<Io>, plan: &LinkPlan, link: &Rc<Link>, attempt: usize) -> Ended {
    let name = &plan.carrier.profile.name;
    let meter = io.common.metrics.peers.connector(name);
    match connect(plan, attempt + usize::from(plan.number)).await {
        Ok((socket, remote, host)) => {
            let (io, plan, link) = (io.clone(), plan.clone(), link.clone());
            // A task of its own: it ends in good order though the link is ended first.
            let stand = async move { stand(&io, &plan, &link, socket, remote, &host).await };
            let ended = tokio::task::spawn_local(stand).await;
            let ended = ended.unwrap_or(Ended::Unreached);
            if let Ended::Refused(status) = ended {
                meter.connect(status.name());
            }
            ended
        }
        Err(error) => {
            tracing::warn!(connector = name, %error, "no connection");
            meter.connect("no connection");
            Ended::Unreached
        }
    }
}

/// Connects to the first address that answers: the carrier's hosts in turn, another one first at each attempt. Names are
/// looked up each time.
async fn connect(plan: &LinkPlan, attempt: usize) -> io::Result<(TcpStream, SocketAddr, String)> {
    let timeout = plan.carrier.connect_timeout;
    if let Way::Simulated(remote) = plan.way {
        let socket = connect_address(remote, None, timeout).await?;
        return Ok((socket, remote, String::new()));
    }
    let CarrierPlace::Network {
        hosts, bind_from, ..
    } = &plan.carrier.place
    else {
        unreachable!("only the simulated one is not on the network");
    };
    let mut last = io::Error::new(ErrorKind::NotFound, "no host is configured");
    for n in 0..hosts.len() {
        let host = &hosts[(attempt + n) % hosts.len()];
        match connect_host(host, *bind_from, timeout).await {
            Ok((socket, remote)) => return Ok((socket, remote, host.name.clone())),
            Err(error) => last = io::Error::new(error.kind(), format!("{host}: {error}")),
        }
    }
    Err(last)
}

/// Connects to the first address of a host that answers.
pub(crate) async fn connect_host(
    host: &Host,
    from: Option<IpAddr>,
    timeout: Duration,
) -> io::Result<(TcpStream, SocketAddr)> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for remote in tokio::net::lookup_host((host.name.as_str(), host.port)).await? {
        match connect_address(remote, from, timeout).await {
            Ok(socket) => return Ok((socket, remote)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_address(
    remote: SocketAddr,
    from: Option<IpAddr>,
    timeout: Duration,
) -> io::Result<TcpStream> {
    let socket = if remote.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_nodelay(true)?;
    if let Some(address) = from {
        socket.bind(SocketAddr::new(address, 0))?;
    }
    let connected = tokio::time::timeout(timeout, socket.connect(remote)).await;
    connected.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

/// Binds over a connection and stays until it ends.
async fn stand(
    io: &Rc<Io>,
    plan: &LinkPlan,
    link: &Link,
    socket: TcpStream,
    remote: SocketAddr,
    host: &str,
) -> Ended {
    let wire = match wire(plan, host) {
        Ok(wire) => wire,
        Err(error) => {
            tracing::error!(
                connector = plan.carrier.profile.name,
                error,
                "TLS could not begin"
            );
            return Ended::Unreached;
        }
    };
    let profile = plan.carrier.profile.clone();
    let log = SessionLog::carrier(remote, &io.common.metrics, &profile.name);
    let conn = io.open(socket, wire, log, |at, now| {
        Peer::Carrier(Box::new(peer::carrier::Carrier::new(at, profile, now)))
    });
    conn.state.borrow_mut().place = Some(io.place());
    *link.conn.borrow_mut() = Some(conn.clone());
    if link.ended.get() {
        io.retire(&conn);
    }
    let end = io.drive(&conn).await;
    *link.conn.borrow_mut() = None;
    match (end, conn.state.borrow().log.bound_since()) {
        (End::BindRefused(status), _) => Ended::Refused(status),
        (_, Some(since)) => Ended::Stood(io.common.clock.mono().since(since)),
        (_, None) => Ended::Unreached,
    }
}

fn wire(plan: &LinkPlan, host: &str) -> Result<Wire, String> {
    let Way::Tls(config) = &plan.way else {
        return Ok(Wire::Plain);
    };
    let named = match &plan.carrier.place {
        CarrierPlace::Network { tls: Some(tls), .. } => tls.server_name.as_deref(),
        CarrierPlace::Network { tls: None, .. } | CarrierPlace::Simulated => None,
    };
    let name = named.unwrap_or(host).to_owned();
    let name = rustls::pki_types::ServerName::try_from(name.clone())
        .map_err(|_| format!("{name} is no name that a certificate can bear"))?;
    let connection = rustls::ClientConnection::new(config.clone(), name);
    connection.map(Wire::tls).map_err(|error| error.to_string())
}

/// How an attempt to bind ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// No bind came to stand, and the carrier did not say why.
    Unreached,
    /// The carrier refused the bind.
    Refused(Status),
    /// The bind stood so long.
    Stood(Duration),
}

/// How long to wait before the next attempt: 1 s by default, doubling to the cap, each 20 % more or less, so that many links do
/// not come back in step.
pub(crate) struct Backoff {
    /// Failures in a row.
    failures: u32,
    /// Of these, answers of 0x0D.
    bindfails: u32,
    random: u64,
}

/// A wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pause {
    pub(crate) wait: Duration,
    /// Somebody has to look at the configuration.
    alarm: bool,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Backoff {
        Backoff {
            failures: 0,
            bindfails: 0,
            random: seed,
        }
    }

    pub(crate) fn after(&mut self, ended: Ended, first: Duration, cap: Duration) -> Pause {
        self.bindfails = match ended {
            Ended::Refused(status::RBINDFAIL) => self.bindfails + 1,
            Ended::Refused(_) | Ended::Stood(_) => 0,
            Ended::Unreached => self.bindfails,
        };
        let alarm = match ended {
            Ended::Refused(status::RBINDFAIL) => self.bindfails >= BINDFAIL_MAX,
            Ended::Refused(status::RINVPASWD | status::RINVSYSID | status::RINVSYSTYP) => true,
            Ended::Refused(_) | Ended::Unreached | Ended::Stood(_) => false,
        };
        if matches!(ended, Ended::Stood(time) if time >= GOOD_AFTER) {
            self.failures = 0;
        }
        // Doubled more than 16 times, it has long reached any cap.
        let doubled = first.saturating_mul(1 << self.failures.min(16)).min(cap);
        self.failures = self.failures.saturating_add(1);
        Pause {
            wait: self.jitter(if alarm { cap } else { doubled }),
            alarm,
        }
    }

    /// 20 % more or less.
    fn jitter(&mut self, wait: Duration) -> Duration {
        // xorshift64; good enough to keep links apart.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        wait * (800 + (self.random % 401) as u32) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(1);
    const CAP: Duration = Duration::from_secs(60);

    fn seconds(backoff: &mut Backoff, ended: Ended) -> (f64, bool) {
        let pause = backoff.after(ended, FIRST, CAP);
        (pause.wait.as_secs_f64(), pause.alarm)
    }

    #[track_caller]
    fn about(wait: f64, expected: f64) {
        assert!(
            (0.8 * expected..=1.2 * expected).contains(&wait),
            "{wait} s instead of {expected} s"
        );
    }

    /// Shows MTA-90.
    #[test]
    fn waits_double_from_one_second_to_the_cap() {
        let mut backoff = Backoff::new(7);
        for expected in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            about(seconds(&mut backoff, Ended::Unreached).0, expected);
        }
    }

    #[test]
    fn only_a_bind_that_stood_for_a_minute_begins_anew() {
        let mut backoff = Backoff::new(7);
        about(seconds(&mut backoff, Ended::Unreached).0, 1.0);
        about(
            seconds(&mut backoff, Ended::Stood(Duration::from_secs(59))).0,
            2.0,
        );
        about(seconds(&mut backoff, Ended::Stood(GOOD_AFTER)).0, 1.0);
    }

    #[test]
    fn wrong_credentials_wait_at_the_cap_and_raise_an_alarm() {
        for wrong in [status::RINVPASWD, status::RINVSYSID, status::RINVSYSTYP] {
            let (wait, alarm) = seconds(&mut Backoff::new(7), Ended::Refused(wrong));
            about(wait, 60.0);
            assert!(alarm);
        }
    }

    #[test]
    fn bindfail_is_believed_the_third_time_running() {
        let mut backoff = Backoff::new(7);
        let refused = Ended::Refused(status::RBINDFAIL);
        assert!(!seconds(&mut backoff, refused).1);
        assert!(!seconds(&mut backoff, Ended::Refused(status::RALYBND)).1);
        assert!(!seconds(&mut backoff, refused).1);
        assert!(!seconds(&mut backoff, refused).1);
        let (wait, alarm) = seconds(&mut backoff, refused);
        about(wait, 60.0);
        assert!(alarm);
    }

    #[test]
    fn links_do_not_come_back_in_step() {
        let (mut one, mut other) = (Backoff::new(1), Backoff::new(2));
        let waits = |backoff: &mut Backoff| {
            (0..6)
                .map(|_| backoff.after(Ended::Unreached, FIRST, CAP).wait)
                .collect::<Vec<_>>()
        };
        assert_ne!(waits(&mut one), waits(&mut other));
    }
}
