//! A gateway at work: signals, orders, reload, and the way down.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use directory::{Directory, ListenerKind};
use engine::{Engine, Input, Inputs};
use journal::Journal;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::certificates::Certificates;
use crate::connect::LinkPlan;
use crate::control::{self, View};
use crate::listen::Door;
use crate::log::Levels;
use crate::orders::{Desk, Reload};
use crate::serve::{self, Args};
use crate::snapshot::adopt;
use crate::start::{Generations, Started, certificate, link_plans};
use crate::tls::{CertificateFiles, server_config};
use crate::tools::carrier::simulated_carrier;
use crate::tools::sink::Behaviour;
use crate::{config, exit, systemd, trace, welcome};

/// The process ends within this time after SIGTERM, whatever happens.
const DOWN_MAX: Duration = Duration::from_millis(9500);

/// Of that, kept for what comes after the sessions have ended.
const AFTER_DRAIN: Duration = Duration::from_millis(1500);

/// How often it is looked whether all threads live, and the service manager told so.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How often it is looked whether the engine thread has ended.
const GLANCE: Duration = Duration::from_millis(2);

/// A gateway at work.
pub(crate) struct Running {
    args: Args,
    levels: Levels,
    started: Started,
    simulated: Option<SocketAddr>,
    generations: Generations,
    certificates: Certificates,
    /// Tasks that accept connections of customers: they end when a drain begins.
    doors: JoinSet<()>,
    /// All others: they end with the process.
    tasks: JoinSet<()>,
}

/// What wakes the control thread.
enum Event {
    Down,
    Reload(Option<Reload>),
    Heartbeat,
}

struct Signals {
    term: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Running {
    pub(crate) fn new(args: Args, levels: Levels, started: Started) -> Running {
        Running {
            args,
            levels,
            started,
            simulated: None,
            generations: Generations::new(),
            certificates: Certificates::default(),
            doors: JoinSet::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Serves until SIGTERM or SIGINT, then goes down in good order.
    pub(crate) fn run(mut self) -> ExitCode {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.unwrap_or_else(|error| exit::machine_failed(&error));
        let down = runtime
            .block_on(self.serve())
            .unwrap_or_else(|error| exit::machine_failed(&error));
        // The tasks end with the runtime; a lookup of a name that hangs is not waited for.
        self.tasks.detach_all();
        runtime.shutdown_background();
        stop(self.started, down);
        ExitCode::SUCCESS
    }

    /// Until everybody has gone. Comes back with the time at which going down began.
    async fn serve(&mut self) -> std::io::Result<Instant> {
        let mut signals = Signals::new()?;
        let (give, mut reloads) = mpsc::channel(1);
        self.begin(give)?;
        self.hold_certificates();
        self.say_ready();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            let event = tokio::select! {
                event = signals.next() => event,
                Some(reload) = reloads.recv() => Event::Reload(Some(reload)),
                _ = heartbeat.tick() => Event::Heartbeat,
            };
            match event {
                Event::Down => break,
                Event::Reload(ordered) => {
                    let outcome = self.reload();
                    if let Some(Reload(told)) = ordered {
                        // Whoever asked may have gone.
                        let _ = told.send(outcome);
                    }
                }
                Event::Heartbeat => {
                    self.show_life();
                    self.certificates.look(SystemTime::now());
                }
            }
        }
        let down = Instant::now();
        self.drain(&mut signals).await;
        Ok(down)
    }

    // ---- beginning ----

    /// The engine hears who may do what, carriers are bound to, and the doors open.
    fn begin(&mut self, reloads: mpsc::Sender<Reload>) -> std::io::Result<()> {
        let data_dir = self.started.directory.gateway.data_dir.clone();
        self.tell_directory(&self.started.directory);
        if let Some((address, listener)) = self.started.simulated.take() {
            self.simulated = Some(address);
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let behaviour = Behaviour {
                memory: Some(data_dir.join("simulated-carrier")),
                ..Behaviour::default()
            };
            self.tasks.spawn(async move {
                if let Err(error) = simulated_carrier(listener, behaviour).await {
                    tracing::error!(%error, "the simulated carrier has ended");
                }
            });
        }
        match self.link_plans(&self.started.directory, &self.generations) {
            Ok(plans) => self.link(plans),
            Err(error) => tracing::error!(error, "no carrier is bound to"),
        }
        for n in 0..self.started.listeners.len() {
            self.open_door(n)?;
        }
        match control::open_socket(&data_dir) {
            Ok(socket) => {
                let desk = Desk {
                    common: self.started.common.clone(),
                    io: self.started.io.clone(),
                    engine: self.started.shared.clone(),
                    inbox: self.started.inbox.clone(),
                    reloads,
                };
                self.tasks.spawn(desk.serve(socket));
            }
            Err(error) => {
                tracing::warn!(%error, "no socket for orders; SIGHUP still reloads");
            }
        }
        match control::open_at(&data_dir.join(trace::SOCKET)) {
            Ok(socket) => {
                let common = self.started.common.clone();
                self.tasks.spawn(trace::serve(socket, common));
            }
            Err(error) => tracing::warn!(%error, "no socket for traces"),
        }
        Ok(())
    }

    fn open_door(&mut self, n: usize) -> std::io::Result<()> {
        let listening = &self.started.listeners[n];
        let socket = listening.socket.try_clone()?;
        let common = self.started.common.clone();
        if listening.kind == ListenerKind::Http {
            let view = View {
                common,
                engine: self.started.shared.clone(),
                inbox: self.started.inbox.clone(),
            };
            self.tasks.spawn(async move {
                if let Err(error) = control::http(socket, view).await {
                    tracing::error!(%error, "HTTP has ended");
                }
            });
            return Ok(());
        }
        let door = Door {
            name: listening.name.clone(),
            tls: listening.tls.as_ref().map(|(_, tls)| tls.subscribe()),
            common,
            threads: self.started.io.clone(),
        };
        let listener = tokio::net::TcpListener::from_std(socket)?;
        self.doors.spawn(door.accept(listener));
        Ok(())
    }

    fn say_ready(&self) {
        let mut line = String::from("bindery ready");
        for (name, kind) in [
            ("smpp", ListenerKind::Smpp),
            ("smpps", ListenerKind::Smpps),
            ("http", ListenerKind::Http),
        ] {
            if let Some(address) = self.address(kind) {
                line += &format!(" {name}={address}");
            }
        }
        serve::say(&line);
        if self.args.demo {
            self.welcome();
        }
        systemd::ready("serving");
    }

    /// Behind the line for programs, which read no further; the log is kept free of it.
    fn welcome(&self) {
        // As it is called from here, if it is below.
        let program = std::env::args_os().next().map(PathBuf::from);
        let here = std::env::current_dir().unwrap_or_default();
        let program = program.unwrap_or_else(|| "bindery".into());
        let program = program.strip_prefix(here).unwrap_or(&program);
        serve::say(&welcome::text(
            &program.display().to_string(),
            self.address(ListenerKind::Smpp),
            self.address(ListenerKind::Http),
            &self.started.directory.gateway.data_dir,
        ));
    }

    /// Where the first listener of a kind is.
    fn address(&self, kind: ListenerKind) -> Option<SocketAddr> {
        let first = self.started.listeners.iter().find(|l| l.kind == kind);
        first.map(|listener| listener.address)
    }

    /// The engine hears who may do what, and what was paid: it knows itself which payments are new.
    fn tell_directory(&self, directory: &Directory) {
        let mut inputs = Inputs::default();
        inputs.push(Input::Directory(directory.engine.clone()));
        for topup in &directory.topups {
            inputs.push(Input::Credit {
                customer: topup.customer,
                topup: topup.number,
                amount: topup.amount,
            });
        }
        self.started.inbox.post(&mut inputs);
    }

    fn tell_engine(&self, input: Input) {
        let mut inputs = Inputs::default();
        inputs.push(input);
        self.started.inbox.post(&mut inputs);
    }

    fn link(&self, plans: Vec<Vec<LinkPlan>>) {
        for (io, plans) in self.started.io.iter().zip(plans) {
            io.links(plans);
        }
    }

    /// Tells the service manager that we live, if every thread that messages need has shown it.
    fn show_life(&mut self) {
        if self.started.watch.all_live(Instant::now()) {
            systemd::alive();
        }
        for io in &self.started.io {
            io.ask_if_alive();
        }
    }

    // ---- reload ----

    /// Reads the configuration again and applies it, whole or not at all. Binds stay.
    fn reload(&mut self) -> Result<String, String> {
        systemd::reloading();
        let outcome = self.apply_configuration();
        match &outcome {
            Ok(done) => {
                tracing::info!("{done}");
                systemd::ready(&format!("serving; last reload: {done}"));
            }
            Err(problems) => {
                for problem in problems.lines() {
                    tracing::error!("{problem}");
                }
                tracing::error!("the configuration was not applied: nothing has changed");
                systemd::ready(
                    "serving; the last reload changed nothing, for the configuration is wrong: see the log",
                );
            }
        }
        outcome
    }

    fn apply_configuration(&mut self) -> Result<String, String> {
        // Everything that can fail comes first.
        let directory = config::load(&self.args).map_err(|problems| problems.to_string())?;
        let changes = self.started.directory.changes_to(&directory);
        let mut generations = self.generations.clone();
        for name in changes.reconnect() {
            *generations.entry(name.to_owned()).or_default() += 1;
        }
        let plans = self.link_plans(&directory, &generations)?;
        let certificates = self.certificates_in(&directory)?;
        self.levels.set(&directory.gateway.log.filter)?;

        let listeners = self.started.listeners.iter_mut();
        let listeners = listeners.filter_map(|listening| listening.tls.as_mut());
        for ((held, tls), (files, config)) in listeners.zip(certificates) {
            *held = files;
            tls.send_replace(config);
        }
        self.tell_directory(&directory);
        self.started.common.replace(directory.clone());
        for io in &self.started.io {
            io.reloaded();
        }
        self.started.directory = directory;
        self.generations = generations;
        self.link(plans);
        self.hold_certificates();
        Ok(changes.to_string())
    }

    /// What the listeners with TLS are to show from the next connection on, in their order: read anew, for a renewed
    /// certificate mostly has the name of the old one.
    fn certificates_in(
        &self,
        directory: &Directory,
    ) -> Result<Vec<(CertificateFiles, Arc<rustls::ServerConfig>)>, String> {
        let data_dir = &self.started.directory.gateway.data_dir;
        let mut certificates = Vec::new();
        for listening in &self.started.listeners {
            let Some((files, _)) = &listening.tls else {
                continue;
            };
            // A listener that is gone from the configuration stays until the restart, and so does its certificate.
            let listener = directory
                .listeners
                .iter()
                .find(|l| l.name == listening.name);
            let files = match listener.and_then(|listener| listener.tls.as_ref()) {
                Some(tls) => certificate(tls, data_dir)?,
                None => files.clone(),
            };
            let config = server_config(&files)?;
            certificates.push((files, config));
        }
        Ok(certificates)
    }

    /// Looks when the certificates that we show now expire.
    fn hold_certificates(&mut self) {
        let started = &self.started;
        self.certificates = Certificates::of(&started.listeners, &started.directory);
        self.certificates.publish(&started.common.metrics);
        self.certificates.look(SystemTime::now());
    }

    fn link_plans(
        &self,
        directory: &Directory,
        generations: &Generations,
    ) -> Result<Vec<Vec<LinkPlan>>, String> {
        link_plans(
            directory,
            self.simulated,
            generations,
            self.started.io.len(),
        )
    }

    // ---- the way down ----

    /// Nothing new begins; sessions answer what they owe and unbind. Comes back when all have, or when the time is up.
    async fn drain(&mut self, signals: &mut Signals) {
        let started = &self.started;
        systemd::stopping();
        tracing::info!("draining");
        started.common.draining.store(true, Ordering::Relaxed);
        self.doors.shutdown().await;
        self.tell_engine(Input::Drain);
        for io in &started.io {
            io.drain();
        }
        let time = started
            .directory
            .gateway
            .drain_timeout
            .min(DOWN_MAX - AFTER_DRAIN);
        let up = tokio::time::sleep(time);
        tokio::pin!(up);
        loop {
            let open: usize = started
                .io
                .iter()
                .map(|io| io.connections.load(Ordering::Relaxed))
                .sum();
            if open == 0 {
                return;
            }
            tokio::select! {
                () = started.common.connection_ended.notified() => {}
                () = &mut up => {
                    tracing::warn!(open, "the time for draining is up");
                    return;
                }
                event = signals.next() => if matches!(event, Event::Down) {
                    tracing::warn!(open, "told again to end: not waiting any longer");
                    return;
                },
            }
        }
    }
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.term.recv() => Event::Down,
            _ = self.interrupt.recv() => Event::Down,
            _ = self.hangup.recv() => Event::Reload(None),
        }
    }
}

/// Ends the threads, the engine's last: what it holds becomes durable first.
fn stop(started: Started, down: Instant) {
    let deadline = down + DOWN_MAX;
    started.shared.stop.store(true, Ordering::Release);
    started.inbox.wake();
    while !started.engine_handle.is_finished() {
        if Instant::now() >= deadline {
            tracing::error!(
                "the journal takes nothing: ended without its last records, which were not acknowledged"
            );
            return;
        }
        std::thread::sleep(GLANCE);
    }
    for io in &started.io {
        io.stop();
    }
    for handle in started.io_handles {
        // A panic there has ended the process.
        let _ = handle.join();
    }
    if let Ok((engine, journal, history)) = started.engine_handle.join() {
        if !history.covers(engine.position()) {
            tracing::warn!("no snapshot: the history has to be made from the journal again");
            return;
        }
        match snapshot(&engine, journal, deadline) {
            Ok(true) => {}
            Ok(false) => tracing::info!("no time for a snapshot: the next start reads the journal"),
            Err(error) => tracing::warn!(
                error,
                "no snapshot was written: the next start reads the journal"
            ),
        }
    }
    tracing::info!("ended");
}

/// Writes down the whole state, so that the next start need not read the journal. False when there was no time for it.
fn snapshot(engine: &Engine, mut journal: Journal, deadline: Instant) -> Result<bool, String> {
    let position = journal.end();
    if position == journal.covered() {
        return Ok(true); // Nothing has happened since the last one, or ever.
    }
    let mut writer = journal
        .snapshot_writer(position)
        .map_err(|error| error.to_string())?;
    let mut outcome = Ok(true);
    engine.snapshot(&mut |block| {
        if Instant::now() >= deadline {
            outcome = Ok(false);
        }
        if outcome == Ok(true)
            && !block.is_empty()
            && let Err(error) = writer.block(block)
        {
            outcome = Err(error.to_string());
        }
    });
    if outcome != Ok(true) {
        return outcome;
    }
    let snapshot = writer.finish().map_err(|error| error.to_string())?;
    adopt(&mut journal, snapshot).map_err(|error| error.to_string())?;
    Ok(true)
}
