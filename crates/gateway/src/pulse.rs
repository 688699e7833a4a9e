//! Whether the threads turn that every message needs. Who answers for the process to a service manager asks here first: a
//! control thread that lives proves nothing about the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A thread that shows no sign of life for so long is told of in the log.
const SILENCE_TOLD: Duration = Duration::from_secs(5);

/// One thread's signs of life.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulse(Arc<AtomicBool>);

impl Pulse {
    /// A sign of life. Each thread gives one at least every second, also when nothing happens.
    pub(crate) fn beat(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Those who are watched.
#[derive(Debug, Default)]
pub(crate) struct Watch(Vec<Watched>);

#[derive(Debug)]
struct Watched {
    thread: String,
    pulse: Pulse,
    /// Has shown a sign of life since all had.
    lives: bool,
    heard: Instant,
    silent: bool,
}

impl Watch {
    /// Watches one more thread from `now` on.
    pub(crate) fn add(&mut self, thread: impl Into<String>, pulse: Pulse, now: Instant) {
        self.0.push(Watched {
            thread: thread.into(),
            pulse,
            lives: false,
            heard: now,
            silent: false,
        });
    }

    /// Whether each of them has shown a sign of life since this was last true.
    pub(crate) fn all_live(&mut self, now: Instant) -> bool {
        for watched in &mut self.0 {
            watched.look(now);
        }
        let all = self.0.iter().all(|watched| watched.lives);
        if all {
            for watched in &mut self.0 {
                watched.lives = false;
            }
        }
        all
    }
}

impl Watched {
    fn look(&mut self, now: Instant) {
        let thread = &self.thread;
        if self.pulse.0.swap(false, Ordering::Relaxed) {
            (self.lives, self.heard) = (true, now);
            if std::mem::take(&mut self.silent) {
                tracing::warn!(thread, "shows signs of life again");
            }
            return;
        }
        if !self.silent && now.duration_since(self.heard) >= SILENCE_TOLD {
            self.silent = true;
            tracing::error!(
                thread,
                "shows no sign of life: the service manager is not told that we live; look whether the disk hangs"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_live_only_when_each_has_shown_it_anew() {
        let now = Instant::now();
        let (engine, journal) = (Pulse::default(), Pulse::default());
        let mut watch = Watch::default();
        watch.add("engine", engine.clone(), now);
        watch.add("journal", journal.clone(), now);
        assert!(!watch.all_live(now));
        engine.beat();
        assert!(!watch.all_live(now));
        journal.beat();
        // The engine's sign has not been used up by the look in between.
        assert!(watch.all_live(now));
        assert!(!watch.all_live(now));
        journal.beat();
        assert!(!watch.all_live(now));
    }

    #[test]
    fn who_is_silent_is_told_of_once() {
        let now = Instant::now();
        let pulse = Pulse::default();
        let mut watch = Watch::default();
        watch.add("engine", pulse.clone(), now);
        watch.all_live(now + SILENCE_TOLD - Duration::from_millis(1));
        assert!(!watch.0[0].silent);
        watch.all_live(now + SILENCE_TOLD);
        assert!(watch.0[0].silent);
        pulse.beat();
        assert!(watch.all_live(now + SILENCE_TOLD));
        assert!(!watch.0[0].silent);
    }
}
