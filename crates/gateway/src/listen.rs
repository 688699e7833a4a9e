//! Listeners: they accept, refuse those who are too many, and hand the rest to the I/O threads.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use directory::Directory;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::common::Common;
use crate::limits::{Crowded, Ticket};
use crate::net::IoThread;

/// Connections that the kernel keeps for us until they are accepted.
const BACKLOG: i32 = 4096;

/// How long accepting rests when the process has no descriptor left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Opens a listening socket; port 0 takes a free one.
///
/// # Errors
/// What the system says, such as that the port is busy.
pub(crate) fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A connection that a listener accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) socket: std::net::TcpStream,
    pub(crate) guest: Guest,
}

/// Who is at the other end of it, and what it was given.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) remote: SocketAddr,
    /// It speaks for somebody else, and says so first.
    pub(crate) proxy: bool,
    /// What to speak TLS with; none: plain.
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) ticket: Ticket,
    pub(crate) place: Place,
}

/// A connection's place on its thread, from before its socket is handed over until it is closed.
#[derive(Debug)]
pub(crate) struct Place {
    thread: Arc<IoThread>,
    common: Arc<Common>,
}

impl Place {
    pub(crate) fn on(thread: &Arc<IoThread>, common: &Arc<Common>) -> Place {
        thread.connections.fetch_add(1, Ordering::Relaxed);
        Place {
            thread: thread.clone(),
            common: common.clone(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.thread.connections.fetch_sub(1, Ordering::Relaxed);
        self.common.connection_ended.notify_one();
    }
}

/// What one listener does with those who connect.
pub(crate) struct Door {
    /// The listener's.
    pub(crate) name: String,
    /// With it, every connection has to begin with a handshake.
    pub(crate) tls: Option<watch::Receiver<Arc<rustls::ServerConfig>>>,
    pub(crate) common: Arc<Common>,
    pub(crate) threads: Vec<Arc<IoThread>>,
}

impl Door {
    /// Accepts until the task is dropped.
    pub(crate) async fn accept(self, listener: tokio::net::TcpListener) {
        let mut alarm = Alarm::default();
        loop {
            match listener.accept().await {
                Ok((socket, remote)) => {
                    let crowded = self.admit(socket, remote).err();
                    alarm.is_exhausted(crowded == Some(Crowded::OpenFiles));
                }
                Err(error) if is_exhausted(&error) => {
                    alarm.is_exhausted(true);
                    tracing::debug!(%error, "accept");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
                // The peer gave up before it was accepted.
                Err(error) => tracing::debug!(%error, "accept"),
            }
        }
    }

    fn admit(&self, socket: TcpStream, remote: SocketAddr) -> Result<(), Crowded> {
        let directory = self.common.directory();
        let listener = directory.listeners.iter().find(|l| l.name == self.name);
        let address = remote.ip().to_canonical();
        let proxy = listener.is_some_and(|l| l.proxy_from.iter().any(|net| net.contains(&address)));
        let ticket = self
            .place(&directory, (!proxy).then_some(address))
            .inspect_err(|crowded| self.common.turn_away(remote, *crowded))?;
        // Fails only on a socket that is gone already.
        let _ = socket.set_nodelay(true);
        let Ok(socket) = socket.into_std() else {
            return Ok(());
        };
        let least = self
            .threads
            .iter()
            .min_by_key(|thread| thread.connections.load(Ordering::Relaxed))
            .expect("there is at least one I/O thread");
        least.accepted(Accepted {
            socket,
            guest: Guest {
                remote,
                proxy,
                tls: self.tls.as_ref().map(|tls| tls.borrow().clone()),
                ticket,
                place: Place::on(least, &self.common),
            },
        });
        Ok(())
    }

    fn place(&self, directory: &Directory, address: Option<IpAddr>) -> Result<Ticket, Crowded> {
        let limits = &directory.gateway.connections;
        let connections: usize = self
            .threads
            .iter()
            .map(|thread| thread.connections.load(Ordering::Relaxed))
            .sum();
        let room = (self.common.open_files).for_connections(directory, self.threads.len());
        if connections >= room {
            return Err(Crowded::OpenFiles);
        }
        if connections >= limits.connections_max as usize {
            return Err(Crowded::Everywhere);
        }
        self.common.unbound.admit(address, limits)
    }
}

/// Tells once when descriptors run out, and once when there are some again.
#[derive(Default)]
struct Alarm {
    raised: bool,
}

impl Alarm {
    fn is_exhausted(&mut self, exhausted: bool) {
        if exhausted && !self.raised {
            tracing::error!(
                "no connection can be accepted until others end: the process may open no more files; raise LimitNOFILE= of the service"
            );
        }
        if self.raised && !exhausted {
            tracing::info!("connections are accepted again");
        }
        self.raised = exhausted;
    }
}

/// The process or the machine has no room for another socket.
fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        errno,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}
