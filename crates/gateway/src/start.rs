//! Everything that has to stand before the first message: listeners, the recovered engine, the threads.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use directory::{Carrier, CarrierPlace, CarrierTls, Directory, ListenerKind, ListenerTls};
use engine::{Engine, Inputs, Position, Recovery};
use journal::{ColdFiles, Journal, Recovered};
use peer::Profile;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::cold::{self, ColdThread};
use crate::common::Common;
use crate::connect::{LinkPlan, Way};
use crate::engine_thread::{EngineThread, Shared};
use crate::history::{self, HistoryEnd, HistoryThread, Kept};
use crate::journal_thread::JournalThread;
use crate::limits::Unbound;
use crate::listen;
use crate::mailbox::Inbox;
use crate::metrics::Metrics;
use crate::net::{IO_THREADS_MAX, IoThread};
use crate::open_files::OpenFiles;
use crate::outcome_log::OutcomeLog;
use crate::pulse::Watch;
use crate::systemd::LongStart;
use crate::tls::{self, CertificateFiles};

/// A gateway whose threads run, and that nobody is connected to yet.
pub(crate) struct Started {
    pub(crate) directory: Arc<Directory>,
    pub(crate) common: Arc<Common>,
    pub(crate) shared: Arc<Shared>,
    /// The control thread's way to the engine.
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) io: Vec<Arc<IoThread>>,
    pub(crate) io_handles: Vec<JoinHandle<()>>,
    pub(crate) engine_handle: JoinHandle<(Engine, Journal, HistoryEnd)>,
    /// Over all threads that messages need.
    pub(crate) watch: Watch,
    pub(crate) listeners: Vec<Listening>,
    /// Where the simulated carrier is, if there is one, and it.
    pub(crate) simulated: Option<(SocketAddr, TcpListener)>,
}

/// An open listener.
pub(crate) struct Listening {
    pub(crate) name: String,
    pub(crate) kind: ListenerKind,
    pub(crate) address: SocketAddr,
    pub(crate) socket: TcpListener,
    /// What it speaks TLS with from the next connection on, and where that comes from.
    pub(crate) tls: Option<(CertificateFiles, watch::Sender<Arc<rustls::ServerConfig>>)>,
}

/// Starts everything.
///
/// # Errors
/// A sentence for the operator: a port or the data directory is in use, the journal cannot be read.
pub(crate) fn start(directory: Arc<Directory>, given_up: &[PathBuf]) -> Result<Started, String> {
    let open_files = OpenFiles::raise();
    open_files.check(&directory, usize::from(io_threads(&directory)))?;
    let data_dir = directory.gateway.data_dir.clone();
    let (journal, recovered) = Journal::open(&data_dir, &journal_options(&directory))
        .map_err(|error| error.to_string())?;
    let listeners = open_listeners(&directory, &data_dir)?;
    let simulated = open_simulated(&directory)?;
    // What cannot be planned now is not found out later.
    let address = simulated.as_ref().map(|(address, _)| *address);
    link_plans(&directory, address, &Generations::new(), 1)?;
    let metrics = Arc::new(Metrics::new());
    let mut kept = Kept {
        runs: history::open(&journal)?,
        outcomes: OutcomeLog::open(directory.clone(), metrics.outcomes.clone()),
    };
    let engine = recover(&journal, recovered, &directory, &mut kept)?;
    let files = cold::open(&journal, &engine.0, &directory, given_up)?;

    let unbound = Arc::new(Unbound::default());
    let common = Arc::new(Common::new(
        Clock::start(),
        metrics,
        unbound,
        open_files,
        directory.clone(),
    ));
    let threads = io_threads(&directory);
    let (io, inbox, shared, engine_handle, watch) =
        start_engine(engine, (journal, kept, files), &common, threads)?;
    let io_handles = io
        .iter()
        .map(|thread| start_io(thread, &common))
        .collect::<Result<Vec<_>, String>>()?;
    Ok(Started {
        simulated,
        directory,
        common,
        shared,
        inbox,
        io,
        io_handles,
        engine_handle,
        watch,
        listeners,
    })
}

fn journal_options(directory: &Directory) -> journal::Options {
    let settings = &directory.gateway.journal;
    journal::Options {
        segment_bytes: settings.segment_bytes,
        reserve_bytes: settings.reserve_bytes,
        room_low_bytes: settings.disk_low_bytes,
        room_scarce_bytes: settings.disk_scarce_bytes,
        room_hysteresis_bytes: settings.disk_hysteresis_bytes,
    }
}

// ---- listeners ----

fn open_listeners(directory: &Directory, data_dir: &Path) -> Result<Vec<Listening>, String> {
    let mut open = Vec::new();
    for listener in &directory.listeners {
        let files = match &listener.tls {
            Some(tls) => Some(certificate(tls, data_dir)?),
            None => None,
        };
        for &address in &listener.addr {
            let socket = match listen::open(address) {
                Ok(socket) => socket,
                Err(error) if is_missing_loopback(address, &error) => {
                    tracing::warn!(%address, %error, "not listened on: this machine has no such address");
                    continue;
                }
                Err(error) => return Err(format!("cannot listen on {address}: {error}")),
            };
            let tls = match &files {
                Some(files) => Some((
                    files.clone(),
                    watch::Sender::new(tls::server_config(files)?),
                )),
                None => None,
            };
            open.push(Listening {
                name: listener.name.clone(),
                kind: listener.kind,
                address: socket.local_addr().map_err(|error| error.to_string())?,
                socket,
                tls,
            });
        }
    }
    Ok(open)
}

/// Where the certificate of a listener is.
///
/// # Errors
/// A sentence for the operator: none can be made.
pub(crate) fn certificate(tls: &ListenerTls, data_dir: &Path) -> Result<CertificateFiles, String> {
    match tls {
        ListenerTls::Files { cert, key } => Ok(CertificateFiles {
            chain: cert.clone(),
            key: key.clone(),
        }),
        ListenerTls::SelfSigned => CertificateFiles::self_signed(data_dir),
    }
}

/// A machine without IPv6 has no `::1`; that is no reason not to start.
fn is_missing_loopback(address: SocketAddr, error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    let missing = matches!(errno, Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT));
    missing && address.is_ipv6() && address.ip().is_loopback()
}

// ---- recovery ----

/// The engine as the journal tells it, and the octets of records that were read behind the snapshot.
fn recover(
    journal: &Journal,
    recovered: Recovered,
    directory: &Directory,
    kept: &mut Kept,
) -> Result<(Engine, u64), String> {
    let started = std::time::Instant::now();
    let mut start = LongStart::default();
    let mut recovery = Recovery::new(0);
    if directory.engine.limits.outcomes {
        recovery.tell_outcomes();
    }
    if let Some(cut) = &recovered.cut {
        tracing::warn!(
            ?cut,
            "a torn write was cut from the end of the journal; nothing acknowledged was in it"
        );
    }
    for damage in &recovered.damaged {
        tracing::error!(%damage, "a snapshot was set aside; look at the disk");
    }
    let read = recovered
        .replay(journal, |position, records| {
            start.goes_on();
            recovery.apply(records)?;
            Ok(kept.replay(position, &mut recovery)?)
        })
        .map_err(|error| error.to_string())?;
    let engine = recovery.finish(Position(journal.end().0));
    let messages = engine.figures().messages;
    tracing::info!(messages, octets = read, took = ?started.elapsed(), "recovered");
    Ok((engine, read))
}

// ---- threads ----

type EngineParts = (
    Vec<Arc<IoThread>>,
    Arc<Inbox>,
    Arc<Shared>,
    JoinHandle<(Engine, Journal, HistoryEnd)>,
    Watch,
);

fn start_engine(
    (engine, grown): (Engine, u64),
    (journal, kept, (files, mut lost)): (Journal, Kept, (ColdFiles, Inputs)),
    common: &Arc<Common>,
    threads: u16,
) -> Result<EngineParts, String> {
    // The engine thread is the one that the inboxes wake, so it has to be there before they are.
    let (give, take) = std::sync::mpsc::channel::<EngineThread>();
    let handle = spawn("engine", move || {
        let thread = take.recv().expect("given below");
        thread.run()
    })?;
    let waker = handle.thread().clone();
    let inboxes: Vec<Arc<Inbox>> = (0..=threads + 1)
        .map(|_| Arc::new(Inbox::new(waker.clone())))
        .collect();
    // The control thread's is emptied first: a directory comes before those whom it lets in.
    let own = inboxes[0].clone();
    let io: Vec<Arc<IoThread>> = (0..threads)
        .zip(&inboxes[1..])
        .map(|(number, inbox)| Arc::new(IoThread::new(number, inbox.clone())))
        .collect();
    let durable = engine.position();
    let no_thread = |error| format!("no thread could be started: {error}");
    let last = inboxes[inboxes.len() - 1].clone();
    last.post(&mut lost);
    let cold = ColdThread::start(files, last).map_err(no_thread)?;
    let history = HistoryThread::start(kept, durable, common, io.clone(), waker.clone())
        .map_err(no_thread)?;
    let metrics = common.metrics.journal.clone();
    let journal =
        JournalThread::start(journal, durable, waker, history.end(), metrics).map_err(no_thread)?;
    let shared = Arc::new(Shared::default());
    let mut watch = Watch::default();
    let now = std::time::Instant::now();
    watch.add("engine", shared.pulse.clone(), now);
    watch.add("journal", journal.pulse(), now);
    watch.add("history", history.pulse(), now);
    watch.add("cold", cold.pulse(), now);
    for io in &io {
        watch.add(format!("io-{}", io.number), io.pulse.clone(), now);
    }
    let thread = EngineThread {
        engine,
        clock: common.clock,
        common: common.clone(),
        inboxes,
        io: io.clone(),
        journal,
        history,
        cold,
        grown,
        snapshot_every: common.directory().gateway.journal.snapshot_bytes,
        shared: shared.clone(),
        metrics: common.metrics.engine.clone(),
        spent: common.spent.clone(),
    };
    give.send(thread).expect("it waits for it");
    Ok((io, own, shared, handle, watch))
}

fn start_io(thread: &Arc<IoThread>, common: &Arc<Common>) -> Result<JoinHandle<()>, String> {
    // Here, before anybody may connect: a crowd could take the descriptors that it needs.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no thread could be started: {error}"))?;
    let (thread, common) = (thread.clone(), common.clone());
    spawn(&format!("io-{}", thread.number), move || {
        thread.run(runtime, &common);
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, String> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| format!("no thread could be started: {error}"))
}

fn io_threads(directory: &Directory) -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = directory
        .gateway
        .io_threads
        .map_or_else(|| cores.saturating_sub(1), usize::from);
    u16::try_from(wanted.clamp(1, IO_THREADS_MAX)).expect("it is at most that")
}

// ---- carriers ----

/// Opens the simulated carrier's port, if a connector wants it.
fn open_simulated(directory: &Directory) -> Result<Option<(SocketAddr, TcpListener)>, String> {
    let simulated = |carrier: &Carrier| carrier.place == CarrierPlace::Simulated;
    if !directory.carriers.iter().any(simulated) {
        return Ok(None);
    }
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let open = listen::open(any).and_then(|listener| Ok((listener.local_addr()?, listener)));
    open.map(Some)
        .map_err(|error| format!("the simulated carrier cannot listen: {error}"))
}

/// How often the binds of a connector, by its name, had to be made anew because of a reload.
pub(crate) type Generations = BTreeMap<String, u64>;

/// The binds that are to stand, by I/O thread.
///
/// # Errors
/// A sentence for the operator: certificates that cannot be read.
pub(crate) fn link_plans(
    directory: &Directory,
    simulated: Option<SocketAddr>,
    generations: &Generations,
    threads: usize,
) -> Result<Vec<Vec<LinkPlan>>, String> {
    let mut plans = vec![Vec::new(); threads];
    let mut next = 0;
    for carrier in directory.carriers.iter().filter(|carrier| carrier.enabled) {
        let mut carrier = carrier.clone();
        let way = match &carrier.place {
            CarrierPlace::Simulated => {
                let address = simulated.ok_or_else(|| {
                    let name = &carrier.profile.name;
                    format!("connector {name}: the simulated carrier starts with the process: restart it")
                })?;
                carrier.profile = Arc::new(under_own_name(&carrier.profile));
                Way::Simulated(address)
            }
            CarrierPlace::Network { tls: None, .. } => Way::Plain,
            CarrierPlace::Network { tls: Some(tls), .. } => Way::Tls(
                tls::client_config(tls.ca.as_deref(), tls.insecure, own_certificate(tls))
                    .map_err(|error| format!("connector {}: {error}", carrier.profile.name))?,
            ),
        };
        let carrier = Arc::new(carrier);
        for number in 0..carrier.binds {
            plans[next % threads].push(LinkPlan {
                carrier: carrier.clone(),
                way: way.clone(),
                generation: generations.get(&carrier.profile.name).copied().unwrap_or(0),
                number,
            });
            next += 1;
        }
    }
    Ok(plans)
}

fn own_certificate(tls: &CarrierTls) -> Option<CertificateFiles> {
    let (chain, key) = tls.own.clone()?;
    Some(CertificateFiles { chain, key })
}

/// The simulated carrier tells its customers apart by system_id, and plays the magic numbers for one of them.
fn under_own_name(profile: &Profile) -> Profile {
    Profile {
        system_id: profile.name.clone(),
        ..profile.clone()
    }
}
