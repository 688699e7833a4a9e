//! What all threads share. Nothing here is business state: that is the engine's alone.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use directory::{Admitted, Attempt, Directory, NotAdmitted};
use engine::Outputs;
use peer::{BindRefusal, Credentials};
use smpp::status;
use tokio::sync::Notify;

use crate::called::Lines;
use crate::clock::Clock;
use crate::limits::{Crowded, Failures, Unbound};
use crate::metrics::Metrics;
use crate::open_files::OpenFiles;
use crate::trace::Taps;

/// What all threads share.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) unbound: Arc<Unbound>,
    pub(crate) failures: Failures,
    pub(crate) open_files: OpenFiles,
    /// Binds to carriers that called us.
    pub(crate) lines: Lines,
    /// Those who watch what peers say and hear.
    pub(crate) taps: Arc<Taps>,
    /// Going down: `/healthz` says so.
    pub(crate) draining: AtomicBool,
    /// Told whenever a connection is gone.
    pub(crate) connection_ended: Notify,
    /// Batches that the I/O threads are done with, for the engine to fill again.
    pub(crate) spent: Arc<Mutex<Vec<Outputs>>>,
    directory: RwLock<Arc<Directory>>,
    seed: RandomState,
}

/// Why a bind is refused before the engine sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Denied {
    /// The directory does not let it in.
    NotAdmitted(NotAdmitted),
    /// Wrong credentials too often: nothing was looked at.
    Blocked,
}

/// What is said to a bind that is refused here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Denial {
    pub(crate) why: Denied,
    pub(crate) refusal: BindRefusal,
    /// How long the answer is held back.
    pub(crate) delay: Duration,
}

impl Common {
    pub(crate) fn new(
        clock: Clock,
        metrics: Arc<Metrics>,
        unbound: Arc<Unbound>,
        open_files: OpenFiles,
        directory: Arc<Directory>,
    ) -> Common {
        Common {
            clock,
            metrics,
            unbound,
            failures: Failures::default(),
            open_files,
            lines: Lines::default(),
            taps: Arc::default(),
            draining: AtomicBool::new(false),
            connection_ended: Notify::new(),
            spent: Arc::default(),
            directory: RwLock::new(directory),
            seed: RandomState::new(),
        }
    }

    /// Who may do what, as it is now.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        let directory = self.directory.read();
        directory
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// From now on this one counts.
    pub(crate) fn replace(&self, directory: Arc<Directory>) {
        let held = self.directory.write();
        *held.unwrap_or_else(std::sync::PoisonError::into_inner) = directory;
    }

    /// A connection was closed because there are too many.
    pub(crate) fn turn_away(&self, remote: SocketAddr, crowded: Crowded) {
        let reason = match crowded {
            Crowded::Address => "too many connections of one address",
            Crowded::Everywhere => "too many connections",
            Crowded::OpenFiles => "too many open files",
        };
        self.metrics.turn_away(reason);
        tracing::debug!(%remote, reason, "connection refused");
    }

    /// Whether the process is going down.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Another number for each link and each start of the process.
    pub(crate) fn seed(&self, link: impl Hash) -> u64 {
        self.seed.hash_one(link) | 1
    }

    /// Whose bind this is, or why it is refused. `secure` says whether it came over TLS.
    pub(crate) fn authenticate(
        &self,
        credentials: &Credentials,
        remote: SocketAddr,
        secure: bool,
    ) -> Result<Admitted, Denial> {
        let directory = self.directory();
        let limits = &directory.gateway.connections;
        let (address, who) = (remote.ip(), credentials.system_id.as_slice());
        let exempt = limits.loopback_exempt && address.to_canonical().is_loopback();
        let now = self.clock.mono();
        if !exempt && self.failures.blocks(address, who, now, limits) {
            return Err(Denial {
                why: Denied::Blocked,
                refusal: status::RBINDFAIL.into(),
                delay: limits.bind_failure_delay,
            });
        }
        let attempt = Attempt {
            system_id: who,
            password: &credentials.password,
            from: address,
            tls: secure,
        };
        let denial = |why, delay| Denial {
            why: Denied::NotAdmitted(why),
            refusal: directory.accounts.refusal(&attempt, why),
            delay,
        };
        let admitted = directory.accounts.admit(&attempt);
        if exempt {
            return admitted.map_err(|why| denial(why, Duration::ZERO));
        }
        match admitted {
            Ok(admitted) => {
                self.failures.right(address, who);
                Ok(admitted)
            }
            Err(why) => {
                if why.wrong_credentials() {
                    self.failures.wrong(address, who, now, limits);
                }
                Err(denial(why, limits.bind_failure_delay))
            }
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::NotAdmitted(why) => why.fmt(f),
            Denied::Blocked => f.write_str("wrong credentials too often"),
        }
    }
}
