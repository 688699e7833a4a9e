//! Tells a service manager how we are (sd_notify): ready, alive, reloading, stopping.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// How much longer a start may take, each time that the manager is asked for more time.
const START_MORE: Duration = Duration::from_secs(60);

/// How long we wait before we ask again.
const START_ASKS: Duration = Duration::from_secs(10);

/// A start that takes long and goes on: the manager would end it after a while, and the next one would be as long.
#[derive(Debug, Default)]
pub(crate) struct LongStart {
    asked: Option<Instant>,
}

impl LongStart {
    /// To be called at every step: asks the manager for more time now and then.
    pub(crate) fn goes_on(&mut self) {
        if self.asked.is_none_or(|asked| asked.elapsed() >= START_ASKS) {
            self.asked = Some(Instant::now());
            notify(&format!("EXTEND_TIMEOUT_USEC={}", START_MORE.as_micros()));
        }
    }
}

/// We serve, with the configuration that `status` tells of; also the end of a reload, whether something was changed or not.
pub(crate) fn ready(status: &str) {
    // A line of its own would be another word to the manager.
    let status = status.lines().next().unwrap_or_default();
    notify(&format!("READY=1\nSTATUS={status}"));
}

/// All threads live.
pub(crate) fn alive() {
    notify("WATCHDOG=1");
}

/// The configuration is being read. The time tells the manager which of its wishes this is the answer to.
pub(crate) fn reloading() {
    let now = clock_gettime(ClockId::Monotonic);
    let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
    notify(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
}

/// Nothing new begins.
pub(crate) fn stopping() {
    notify("STOPPING=1\nSTATUS=draining");
}

/// Sends `state` to the socket that the service manager named; without one, nothing happens.
fn notify(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    // A manager that does not listen misses nothing that we could repeat.
    let _ = UnixDatagram::unbound().and_then(|socket| {
        socket.set_nonblocking(true)?;
        match path.to_str().and_then(|path| path.strip_prefix('@')) {
            Some(name) => {
                use std::os::linux::net::SocketAddrExt;
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
                socket.send_to_addr(state.as_bytes(), &address)
            }
            None => socket.send_to(state.as_bytes(), &path),
        }
    });
}
