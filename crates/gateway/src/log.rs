//! The log: structured lines on standard error, written by a thread of their own, so that nobody who does not read them can
//! stop a message.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use directory::LogFormat;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, reload};

/// Lines that may wait for standard error; more are dropped and counted.
const LINES_MAX: usize = 4096;

/// How long the end of the process waits for the last lines.
const FLUSH: Duration = Duration::from_secs(1);

static LINES: OnceLock<SyncSender<Line>> = OnceLock::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

enum Line {
    Text(Vec<u8>),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

/// The levels of the log, to be changed while it runs.
pub(crate) struct Levels {
    handle: reload::Handle<EnvFilter, Registry>,
}

/// Starts the log.
///
/// # Errors
/// A sentence when the filter is none, or the thread could not be started.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<Levels, String> {
    let (sender, receiver) = sync_channel(LINES_MAX);
    std::thread::Builder::new()
        .name("log".into())
        .spawn(move || write_lines(&receiver))
        .map_err(|error| format!("the log could not be started: {error}"))?;
    // A process has one log.
    let _ = LINES.set(sender);
    let (filter, handle) = reload::Layer::new(parse(filter)?);
    let layer = fmt::layer()
        .with_writer(Writer)
        .with_target(false)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(false);
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|error| format!("the log could not be started: {error}"))?;
    Ok(Levels { handle })
}

impl Levels {
    /// Changes what is logged from now on.
    ///
    /// # Errors
    /// A sentence when the filter is none.
    pub(crate) fn set(&self, filter: &str) -> Result<(), String> {
        let filter = parse(filter)?;
        self.handle
            .reload(filter)
            .map_err(|error| error.to_string())
    }
}

fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter).map_err(|error| format!("log = {filter:?}: {error}"))
}

/// Waits until everything that was logged is written, but not for ever.
pub(crate) fn flush() {
    let Some(lines) = LINES.get() else {
        return;
    };
    let (done, wait) = sync_channel(1);
    if lines.try_send(Line::Flush(done)).is_ok() {
        let _ = wait.recv_timeout(FLUSH);
    }
}

fn write_lines(lines: &Receiver<Line>) {
    let mut stderr = io::stderr();
    while let Ok(line) = lines.recv() {
        // There is nobody to tell that the log cannot be written.
        match line {
            Line::Text(text) => drop(stderr.write_all(&text)),
            Line::Flush(done) => drop(done.send(())),
        }
        let dropped = DROPPED.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            drop(writeln!(stderr, "{dropped} lines of the log were dropped"));
        }
    }
}

/// Gives each event, whole, to the thread that writes.
struct Writer;

struct Event(Vec<u8>);

impl MakeWriter<'_> for Writer {
    type Writer = Event;

    fn make_writer(&self) -> Event {
        Event(Vec::with_capacity(256))
    }
}

impl Write for Event {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let text = core::mem::take(&mut self.0);
        if let Some(lines) = LINES.get()
            && lines.try_send(Line::Text(text)).is_err()
        {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
}
