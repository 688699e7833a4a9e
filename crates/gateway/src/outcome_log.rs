//! The outcome log: one line of JSON for each message that ended, for the operator's books.
//!
//! The history thread writes what has passed the gate. A line is on the disk before the journal may forget what it tells; after a
//! crash the journal tells the rest again. So a line may come twice, and none is missing but for want of room: of all that is
//! written to a disk this stops first, says so, and goes on by itself.
//!
//! ```text
//!            setting                  no room, or no writing
//! Off <------------------> Open <-------------------------------> Stopped: what ends meanwhile is counted, not written
//! ```

mod files;
mod line;

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use directory::{Directory, OutcomeLog as Settings};
use engine::FinalOutcomes;

use self::files::{File, Shelf};
use self::line::Names;
use crate::metrics::OutcomeMetrics;

/// Lines are written when so many octets of them have gathered, or there are no more.
const CHUNK_OCTETS: usize = 256 << 10;

/// How long it stays stopped before it looks again.
const RETRY: Duration = Duration::from_secs(1);

/// Free space below which it does not begin again.
const RESUME_OCTETS: u64 = 8 << 20;

/// The log, whether it is kept or not.
#[derive(Debug)]
pub(crate) struct OutcomeLog {
    metrics: Arc<OutcomeMetrics>,
    directory: Arc<Directory>,
    settings: Settings,
    names: Names,
    file: Option<File>,
    shelf: Shelf,
    stopped: Option<Stopped>,
    /// Lines that are not written yet, and how many.
    lines: Vec<u8>,
    waiting: u64,
}

#[derive(Debug)]
struct Stopped {
    /// Ends since then that are in no file.
    missing: u64,
    retry: Instant,
}

impl OutcomeLog {
    /// As `directory` wants it. What is wrong with its place is said in the log, and no reason not to start.
    pub(crate) fn open(directory: Arc<Directory>, metrics: Arc<OutcomeMetrics>) -> OutcomeLog {
        let mut log = OutcomeLog {
            metrics,
            settings: directory.gateway.outcome_log.clone(),
            names: Names::of(&directory),
            directory,
            file: None,
            shelf: Shelf::default(),
            stopped: None,
            lines: Vec::new(),
            waiting: 0,
        };
        log.look(false);
        log
    }

    /// To be called now and then: follows the configuration and the room on the disk, and puts old files aside. `crowded`: the
    /// disk of the data directory has too little room for new messages.
    pub(crate) fn tend(&mut self, directory: &Arc<Directory>, crowded: bool) {
        if !Arc::ptr_eq(directory, &self.directory) {
            self.directory = directory.clone();
            self.names = Names::of(directory);
            let settings = directory.gateway.outcome_log.clone();
            if settings.dir != self.settings.dir {
                self.sync();
                self.file = None;
                self.resume();
            }
            self.settings = settings;
        }
        self.look(crowded);
        if let Some(dir) = &self.settings.dir {
            self.shelf.tidy(dir, self.settings.bytes_max);
        }
    }

    /// Writes a line for each. They are durable with the next [`sync`](OutcomeLog::sync).
    pub(crate) fn write(&mut self, outcomes: &FinalOutcomes) {
        if self.settings.dir.is_none() {
            return;
        }
        for outcome in outcomes.iter() {
            self.waiting += 1;
            if self.file.is_some() {
                line::write(
                    &outcome,
                    &self.names,
                    self.settings.numbers,
                    &mut self.lines,
                );
            }
            if self.lines.len() >= CHUNK_OCTETS {
                self.flush();
            }
        }
        self.flush();
    }

    /// Makes everything durable that was written. If the disk cannot, the log stops and says so; which of the lines since the last
    /// time are there is not known then, and they are not counted as missing.
    pub(crate) fn sync(&mut self) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.sync()
        {
            self.stop(&error.to_string());
        }
    }

    fn flush(&mut self) {
        let written = match &mut self.file {
            Some(file) => file.append(&self.lines).map_err(|error| error.to_string()),
            None => Err(String::new()),
        };
        self.lines.clear();
        let lines = core::mem::take(&mut self.waiting);
        if let Err(error) = written {
            if self.file.is_some() {
                self.stop(&error);
            }
            self.metrics.lost.inc_by(lines);
            if let Some(stopped) = &mut self.stopped {
                stopped.missing += lines;
            }
            return;
        }
        self.metrics.written.inc_by(lines);
        let full = |file: &File| file.octets() >= self.settings.file_bytes;
        if self.file.as_ref().is_some_and(full) {
            self.put_aside();
        }
    }

    /// Opens the file, or stops, as the configuration and the room have it.
    fn look(&mut self, crowded: bool) {
        let Some(dir) = self.settings.dir.clone() else {
            return;
        };
        let now = Instant::now();
        let waits = |stopped: &Stopped| now < stopped.retry;
        if self.file.is_none() && self.stopped.as_ref().is_some_and(waits) {
            return;
        }
        if crowded && on_one_disk(&dir, &self.directory.gateway.data_dir) {
            self.stop("the disk has too little room for new messages");
        } else if self.file.is_none() {
            match self.reopen(&dir) {
                Ok(()) => self.resume(),
                Err(error) => self.stop(&error),
            }
        } else {
            let old = |file: &File| file.octets() > 0 && file.age() >= self.settings.file_age;
            if self.file.as_ref().is_some_and(old) {
                self.put_aside();
            }
        }
    }

    fn reopen(&mut self, dir: &Path) -> Result<(), String> {
        let opened = File::open(dir).map_err(|error| error.to_string())?;
        let has_room = |stat: rustix::fs::StatVfs| {
            stat.f_bavail.saturating_mul(stat.f_frsize) >= RESUME_OCTETS
        };
        if self.stopped.is_some() && !rustix::fs::statvfs(dir).is_ok_and(has_room) {
            return Err("no room on its disk".to_owned());
        }
        self.file = Some(opened);
        self.shelf.look_again();
        Ok(())
    }

    fn put_aside(&mut self) {
        let Some(dir) = self.settings.dir.clone() else {
            return;
        };
        self.sync();
        let Some(file) = self.file.take() else {
            return;
        };
        match file.put_aside(&dir).and_then(|()| File::open(&dir)) {
            Ok(file) => {
                self.file = Some(file);
                self.shelf.look_again();
            }
            Err(error) => self.stop(&error.to_string()),
        }
    }

    fn stop(&mut self, why: &str) {
        self.file = None;
        let retry = Instant::now() + RETRY;
        if let Some(stopped) = &mut self.stopped {
            stopped.retry = retry;
            return;
        }
        let dir = self.settings.dir.as_deref().map(Path::display);
        tracing::error!(
            why,
            dir = dir.map(tracing::field::display),
            "the outcome log stops; messages go on. Make room, or correct outcome_log; it goes on by itself"
        );
        self.metrics.stopped.set(1);
        self.stopped = Some(Stopped { missing: 0, retry });
    }

    fn resume(&mut self) {
        self.metrics.stopped.set(0);
        if let Some(Stopped { missing, .. }) = self.stopped.take() {
            tracing::warn!(missing, "the outcome log goes on");
        }
    }
}

/// Whether two directories share their room; if nobody knows, they do not.
fn on_one_disk(one: &Path, other: &Path) -> bool {
    let disk = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
    let one = disk(one);
    one.is_some() && one == disk(other)
}
