//! Binds to carriers: as many sockets as were agreed, each of them bound again when it ends.

mod backoff;
mod dial;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use directory::{Carrier, CarrierPlace};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

pub(crate) use self::backoff::{Backoff, Ended};
use self::dial::Reached;
pub(crate) use self::dial::connect_host;
use crate::conn::{Conn, End, Peer};
use crate::net::Io;
use crate::session_log::SessionLog;
use crate::wire::Wire;

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
    /// Its plan has other settings now.
    replanned: Notify,
    /// Its connections: one, or two while it moves to another host.
    conns: RefCell<Vec<Rc<Conn>>>,
}

/// A connection of a link, on its way to a bind or with one.
struct Attempt {
    conn: Rc<Conn>,
    /// Which of the carrier's hosts, from 0.
    host: usize,
    /// Told when the bind stands.
    bound: oneshot::Receiver<()>,
    /// Moves its octets until it ends: a task of its own, so that it ends in good order though the link ends first.
    task: JoinHandle<Ended>,
}

impl Links {
    /// Makes the binds those of `plans`: what fulfils one of them stays as it is, what is not named any more ends.
    pub(crate) fn plan(&self, io: &Rc<Io>, plans: Vec<LinkPlan>) {
        let mut running = self.running.borrow_mut();
        running.retain(|link| {
            let stays = plans.iter().any(|plan| plan.is_met_by(&link.plan.borrow()));
            if !stays {
                link.end();
                for conn in &*link.conns.borrow() {
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
                link.replanned.notify_one();
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

    /// How many hosts the carrier has; at least one.
    fn hosts(&self) -> usize {
        match &self.carrier.place {
            CarrierPlace::Network { hosts, .. } => hosts.len(),
            CarrierPlace::Simulated => 1,
        }
    }

    /// The preferred host of this bind, from 0.
    fn home(&self) -> usize {
        if self.carrier.spread {
            usize::from(self.number) % self.hosts()
        } else {
            0
        }
    }
}

impl Link {
    fn new(plan: LinkPlan) -> Link {
        Link {
            plan: RefCell::new(plan),
            ended: Cell::new(false),
            wake: Notify::new(),
            replanned: Notify::new(),
            conns: RefCell::default(),
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
    // Failures in a row: after each the next host is the first to be tried.
    let mut failures = 0;
    loop {
        let plan = link.plan.borrow().clone();
        let name = &plan.carrier.profile.name;
        let ended = tokio::select! {
            ended = bind(&io, &plan, &link, plan.home() + failures) => ended,
            () = link.wake.notified() => return,
        };
        if link.ended.get() {
            return;
        }
        failures = if ended.was_good() { 0 } else { failures + 1 };
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

/// One bind, from the connection to its end. Host number `first` is tried first; the bind may move to its preferred one meanwhile.
async fn bind(io: &Rc<Io>, plan: &LinkPlan, link: &Rc<Link>, first: usize) -> Ended {
    let name = &plan.carrier.profile.name;
    let meter = io.common.metrics.peers.connector(name);
    let reached = match dial::any(plan, first % plan.hosts()).await {
        Ok(reached) => reached,
        Err(error) => {
            tracing::warn!(connector = name, %error, "no connection");
            meter.connect("no connection");
            meter.trouble(format!("no connection: {error}"));
            return Ended::Unreached;
        }
    };
    let mut standing = match attempt(io, plan, link, reached) {
        Ok(attempt) => attempt,
        Err(error) => {
            tracing::error!(connector = name, error, "TLS could not begin");
            return Ended::Unreached;
        }
    };
    let ended = loop {
        tokio::select! {
            ended = &mut standing.task => break ended.unwrap_or(Ended::Unreached),
            () = time_to_go_home(link, standing.host) => {}
            () = link.replanned.notified() => continue,
        }
        if let Some(home) = go_home(io, plan, link).await {
            io.retire(&standing.conn);
            standing = home;
            tracing::info!(
                connector = name,
                bind = plan.number,
                "back at the preferred host"
            );
        }
    };
    if let Ended::Refused(status) = ended {
        meter.connect(status.name());
        meter.trouble(status.name());
    }
    ended
}

/// Begins to bind over a connection.
///
/// # Errors
/// A sentence: TLS cannot begin.
fn attempt(
    io: &Rc<Io>,
    plan: &LinkPlan,
    link: &Rc<Link>,
    reached: Reached,
) -> Result<Attempt, String> {
    let wire = wire(plan, &reached.name)?;
    let profile = plan.carrier.profile.clone();
    let log = SessionLog::carrier(reached.remote, &io.common.metrics, &profile.name);
    let conn = io.open(reached.socket, wire, log, |at, now| {
        Peer::Carrier(Box::new(peer::carrier::Carrier::new(at, profile, now)))
    });
    let (tell, bound) = oneshot::channel();
    {
        let state = &mut *conn.state.borrow_mut();
        (state.place, state.on_bound) = (Some(io.place()), Some(tell));
    }
    link.conns.borrow_mut().push(conn.clone());
    if link.ended.get() {
        io.retire(&conn);
    }
    let task = tokio::task::spawn_local(stand(io.clone(), link.clone(), conn.clone()));
    Ok(Attempt {
        conn,
        host: reached.host,
        bound,
        task,
    })
}

/// Moves the octets of a connection until it ends.
async fn stand(io: Rc<Io>, link: Rc<Link>, conn: Rc<Conn>) -> Ended {
    let end = io.drive(&conn).await;
    let others = |other: &Rc<Conn>| !Rc::ptr_eq(other, &conn);
    link.conns.borrow_mut().retain(others);
    match (end, conn.state.borrow().log.bound_since()) {
        (End::BindRefused(status), _) => Ended::Refused(status),
        (_, Some(since)) => Ended::Stood(io.common.clock.mono().since(since)),
        (_, None) => Ended::Unreached,
    }
}

/// Waits until a bind that stands at number `host` is to try its preferred one again; for ever if that is the one, or if it is to
/// stay.
async fn time_to_go_home(link: &Link, host: usize) {
    let after = {
        let plan = link.plan.borrow();
        let away = host != plan.home();
        plan.carrier.fail_back.filter(|_| away)
    };
    match after {
        Some(after) => tokio::time::sleep(after).await,
        None => core::future::pending().await,
    }
}

/// Another bind, which stands at the preferred host; `None`: there is none to be had.
async fn go_home(io: &Rc<Io>, plan: &LinkPlan, link: &Rc<Link>) -> Option<Attempt> {
    let name = &plan.carrier.profile.name;
    let meter = io.common.metrics.peers.connector(name);
    let reached = dial::one(plan, plan.home()).await;
    let begun = reached
        .map_err(|error| error.to_string())
        .and_then(|reached| attempt(io, plan, link, reached));
    let mut home = match begun {
        Ok(attempt) => attempt,
        Err(error) => {
            tracing::info!(connector = name, error, "the preferred host is not back");
            meter.connect("no connection");
            return None;
        }
    };
    tokio::select! {
        Ok(()) = &mut home.bound => Some(home),
        ended = &mut home.task => {
            tracing::info!(connector = name, ?ended, "the preferred host gives no bind");
            if let Ok(Ended::Refused(status)) = ended {
                meter.connect(status.name());
            }
            None
        }
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
