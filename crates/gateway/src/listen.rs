//! Listeners: they accept, refuse those who are too many, and hand the rest to the I/O threads.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::common::Common;
use crate::limits::{Crowded, Ticket};
use crate::net::{Accepted, IoThread, Place};

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

/// Accepts until the task is dropped. With `tls`, every connection has to begin with a handshake.
pub(crate) async fn accept(
    listener: tokio::net::TcpListener,
    tls: Option<watch::Receiver<Arc<rustls::ServerConfig>>>,
    common: Arc<Common>,
    threads: Vec<Arc<IoThread>>,
) {
    let mut alarm = Alarm::default();
    loop {
        match listener.accept().await {
            Ok((socket, remote)) => {
                let tls = tls.as_ref().map(|tls| tls.borrow().clone());
                let crowded = admit(&common, &threads, socket, remote, tls).err();
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

fn admit(
    common: &Arc<Common>,
    threads: &[Arc<IoThread>],
    socket: TcpStream,
    remote: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> Result<(), Crowded> {
    let ticket = place(common, threads, remote).inspect_err(|crowded| {
        let reason = match crowded {
            Crowded::Address => "too many connections of one address",
            Crowded::Everywhere => "too many connections",
            Crowded::OpenFiles => "too many open files",
        };
        common.metrics.turn_away(reason);
        tracing::debug!(%remote, reason, "connection refused");
    })?;
    // Fails only on a socket that is gone already.
    let _ = socket.set_nodelay(true);
    let Ok(socket) = socket.into_std() else {
        return Ok(());
    };
    let least = threads
        .iter()
        .min_by_key(|thread| thread.connections.load(Ordering::Relaxed))
        .expect("there is at least one I/O thread");
    least.accepted(Accepted {
        socket,
        remote,
        tls,
        ticket,
        place: Place::on(least, common),
    });
    Ok(())
}

fn place(
    common: &Common,
    threads: &[Arc<IoThread>],
    remote: SocketAddr,
) -> Result<Ticket, Crowded> {
    let directory = common.directory();
    let limits = &directory.gateway.connections;
    let connections: usize = threads
        .iter()
        .map(|thread| thread.connections.load(Ordering::Relaxed))
        .sum();
    if connections >= common.open_files.for_connections(&directory, threads.len()) {
        return Err(Crowded::OpenFiles);
    }
    if connections >= limits.connections_max as usize {
        return Err(Crowded::Everywhere);
    }
    common.unbound.admit(remote.ip(), limits)
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
