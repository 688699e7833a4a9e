//! Tells a service manager how we are (sd_notify): ready, alive, stopping.

use std::os::unix::net::UnixDatagram;

/// Sends `state` to the socket that the service manager named; without one, nothing happens.
pub(crate) fn notify(state: &str) {
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
