//! How many files and sockets the process may have open, and how many of them are left for connections.
//!
//! A crowd of customers must not take the descriptor that the journal needs for its next file: the process would have to end.

use directory::{CarrierPlace, Directory, ListenerKind};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::http_door;

/// Kept for what is not counted below: journal, snapshots, history, orders, files that are read at a reload, lookups of names.
const KEPT: u64 = 64;

/// A listener is known to the process that opened it and to the runtime that accepts.
const PER_LISTENER: u64 = 2;

/// What the runtime of one thread holds, rounded up: epoll, its wakers, the sockets of signals.
const PER_THREAD: u64 = 8;

/// The limit of open files that holds for the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenFiles {
    max: u64,
}

impl OpenFiles {
    /// Raises the limit as far as the system allows at all, and says what it then is.
    pub(crate) fn raise() -> OpenFiles {
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where it is refused, what holds is read below.
        let _ = setrlimit(Resource::Nofile, limit);
        OpenFiles {
            max: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
        }
    }

    /// How many connections there may be, of customers and carriers together, when `threads` serve them. Zero: the limit is
    /// too low for anybody to connect.
    pub(crate) fn for_connections(self, directory: &Directory, threads: usize) -> usize {
        let left = self.max.saturating_sub(kept(directory, threads));
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// # Errors
    /// A sentence for the operator: too few for the process to do anything. Warns when customers get less than is configured.
    pub(crate) fn check(self, directory: &Directory, threads: usize) -> Result<(), String> {
        let max = self.max;
        let room = self.for_connections(directory, threads);
        if room == 0 {
            let least = kept(directory, threads) + 1;
            return Err(format!(
                "the system allows this process {max} open files, and it needs {least}: raise the hard limit (ulimit -Hn, or LimitNOFILE= of the service)"
            ));
        }
        let wanted = directory.gateway.connections.connections_max;
        if room < wanted as usize {
            tracing::warn!(
                open_files = max,
                "room for {room} connections, not for {wanted} as in connections_max: raise LimitNOFILE= of the service, or lower connections_max"
            );
        }
        Ok(())
    }
}

/// What others may not take. Carriers have a place of their own each: they come back when customers have filled the rest.
fn kept(directory: &Directory, threads: usize) -> u64 {
    let carriers = directory.carriers.iter().map(|carrier| {
        let sockets = match &carrier.place {
            // Both ends of the connection are in this process.
            CarrierPlace::Simulated => 2,
            // It stands at one host while it binds at another.
            CarrierPlace::Network { hosts, .. } if hosts.len() > 1 => 2,
            CarrierPlace::Network { .. } => 1,
        };
        u64::from(carrier.binds) * sockets
    });
    let listeners = directory.listeners.iter().map(|listener| {
        let visitors = match listener.kind {
            ListenerKind::Http => http_door::CONNECTIONS_MAX as u64,
            ListenerKind::Smpp | ListenerKind::Smpps => 0,
        };
        listener.addr.len() as u64 * (PER_LISTENER + visitors)
    });
    KEPT + PER_THREAD * threads as u64 + carriers.sum::<u64>() + listeners.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_process_needs_itself_is_not_for_connections() {
        let text = "[[listener]]\nname = \"plain\"\nkind = \"smpp\"\naddr = [\"127.0.0.1:0\"]";
        let directory = Directory::parse("small.toml", text).expect("a directory");
        let room = |max| OpenFiles { max }.for_connections(&directory, 2);
        assert_eq!(room(1000), 1000 - 64 - 2 * 8 - 2);
        assert_eq!(room(80), 0);
        let refusal = OpenFiles { max: 80 }.check(&directory, 2);
        assert!(refusal.expect_err("too few").contains("needs 83"));
    }
}
