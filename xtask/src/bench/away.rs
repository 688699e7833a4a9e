//! A carrier that takes the connection and never answers the bind: what is for its numbers waits.

use std::net::{SocketAddr, TcpListener};

use crate::shell::Failure;

/// It, at a free port.
pub(super) struct Away {
    _socket: TcpListener,
    pub(super) address: SocketAddr,
}

impl Away {
    pub(super) fn listen() -> Result<Away, Failure> {
        let failed = |error: std::io::Error| Failure::new(error.to_string());
        let socket = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Away {
            _socket: socket,
            address,
        })
    }

    /// A configuration with a connector of its own for numbers that begin with 4478, and these lines for the gateway.
    pub(super) fn config(&self, gateway: &str) -> String {
        let address = self.address;
        format!(
            r#"
[gateway]
messages_max = 100_000_000
{gateway}
[[connector]]
name = "away"
hosts = ["{address}"]
system_id = "bindery"
password = "secret"
window = 1000
binds = 2

[[route]]
name = "away"
prefix = ["4478"]
targets = ["away"]
"#
        )
    }

    /// What the load generator is told to send so many messages there, or to another carrier.
    pub(super) fn words(&self, gateway: &str, count: u64) -> String {
        words(gateway, "4478########", count)
    }
}

/// As fast as a gateway takes them.
pub(super) fn words(gateway: &str, destinations: &str, count: u64) -> String {
    format!(
        "--connect {gateway} --binds 4 --window 1000 --length 160 --destinations {destinations} --count {count}"
    )
}
