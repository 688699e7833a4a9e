//! A clock that stands still while the session is not read.
//!
//! Whoever does not read cannot blame the peer for its silence. Every deadline that waits for the peer is therefore kept
//! on this clock, and a pause moves all of them at once, however many there are.

use core::time::Duration;

use sms::Instant;

/// A point on the session's own clock, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Tick(u64);

impl Tick {
    /// Later than every deadline.
    pub(super) const NEVER: Tick = Tick(u64::MAX);

    /// This point moved later by `by`.
    pub(super) fn plus(self, by: Duration) -> Tick {
        Tick((Instant(self.0) + by).0)
    }

    /// This point moved later by `by`; never if there is no such time.
    pub(super) fn plus_if(self, by: Option<Duration>) -> Tick {
        by.map_or(Tick::NEVER, |by| self.plus(by))
    }
}

/// The monotonic clock less all the time in which the session was not read.
#[derive(Debug)]
pub(super) struct Clock {
    unread: u64,
    paused: Option<Instant>,
}

impl Clock {
    pub(super) const fn new() -> Clock {
        Clock {
            unread: 0,
            paused: None,
        }
    }

    /// What this clock shows at `now`.
    #[inline]
    pub(super) fn at(&self, now: Instant) -> Tick {
        let shown = self.paused.map_or(now, |since| since.min(now));
        Tick(shown.0.saturating_sub(self.unread))
    }

    /// When this clock will show `tick`; `None` while it stands still, and for [`Tick::NEVER`].
    pub(super) fn when(&self, tick: Tick) -> Option<Instant> {
        if self.paused.is_some() || tick == Tick::NEVER {
            return None;
        }
        Some(Instant(tick.0.saturating_add(self.unread)))
    }

    pub(super) fn is_running(&self) -> bool {
        self.paused.is_none()
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.paused.get_or_insert(now);
    }

    #[inline]
    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(since) = self.paused.take() {
            self.unread += now.0.saturating_sub(since.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_moves_every_deadline_by_its_length() {
        let second = Duration::from_secs(1);
        let mut clock = Clock::new();
        let start = Instant(0) + second * 10;
        let due = clock.at(start).plus(second * 5);
        assert_eq!(clock.when(due), Some(start + second * 5));

        clock.pause(start + second);
        assert_eq!(clock.when(due), None);
        assert_eq!(clock.at(start + second * 60), clock.at(start + second));

        clock.resume(start + second * 100);
        assert_eq!(clock.when(due), Some(start + second * 104));
        assert!(clock.at(start + second * 103) < due);
        assert_eq!(clock.at(start + second * 104), due);
    }
}
