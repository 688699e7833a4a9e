//! From the hosts of a carrier to a connection. Names are looked up at each connect.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use directory::{CarrierPlace, Host};
use tokio::net::{TcpSocket, TcpStream};

use super::{LinkPlan, Way};

/// A connection to a carrier.
pub(super) struct Reached {
    pub(super) socket: TcpStream,
    pub(super) remote: SocketAddr,
    /// Its host as configured; empty for the simulated one.
    pub(super) name: String,
    /// Which of the carrier's hosts, from 0.
    pub(super) host: usize,
}

/// Connects to the first host that answers: number `first`, then those behind it, then those before it.
///
/// # Errors
/// What the last one said, with its name.
pub(super) async fn any(plan: &LinkPlan, first: usize) -> io::Result<Reached> {
    let hosts = plan.hosts();
    let mut last = io::Error::new(ErrorKind::NotFound, "no host is configured");
    for n in 0..hosts {
        match one(plan, (first + n) % hosts).await {
            Ok(reached) => return Ok(reached),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Connects to host number `host` of the carrier: to the first of its addresses that answers.
///
/// # Errors
/// What the last address said, with the host.
pub(super) async fn one(plan: &LinkPlan, host: usize) -> io::Result<Reached> {
    let timeout = plan.carrier.connect_timeout;
    let (socket, remote, name) = match (&plan.way, &plan.carrier.place) {
        (&Way::Simulated(remote), _) => {
            let socket = connect_address(remote, None, timeout).await?;
            (socket, remote, String::new())
        }
        (
            Way::Plain | Way::Tls(_),
            CarrierPlace::Network {
                hosts, bind_from, ..
            },
        ) => {
            let at = &hosts[host];
            let (socket, remote) = connect_host(at, *bind_from, timeout)
                .await
                .map_err(|error| io::Error::new(error.kind(), format!("{at}: {error}")))?;
            (socket, remote, at.name.clone())
        }
        (Way::Plain | Way::Tls(_), CarrierPlace::Simulated) => {
            unreachable!("only the simulated one is not on the network")
        }
    };
    Ok(Reached {
        socket,
        remote,
        name,
        host,
    })
}

/// Connects to the first address of a host that answers within `timeout`, from an address of ours if one is given: then only
/// addresses of its family are tried.
///
/// # Errors
/// What the last address said.
pub(crate) async fn connect_host(
    host: &Host,
    from: Option<IpAddr>,
    timeout: Duration,
) -> io::Result<(TcpStream, SocketAddr)> {
    let addresses = tokio::net::lookup_host((host.name.as_str(), host.port));
    let addresses = tokio::time::timeout(timeout, addresses)
        .await
        .map_err(|_| io::Error::new(ErrorKind::TimedOut, "the name was not found in time"))??;
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for remote in addresses {
        if from.is_some_and(|from| from.is_ipv4() != remote.is_ipv4()) {
            last = io::Error::new(
                ErrorKind::AddrNotAvailable,
                "the name has no address of the family of bind_from",
            );
            continue;
        }
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
