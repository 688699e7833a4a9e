//! The one place where clocks are read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sms::{Instant, Now, Wall};

/// Reads both clocks of the machine. All threads share one origin, so that their monotonic times compare.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: std::time::Instant,
}

impl Clock {
    /// A clock whose monotonic time begins now.
    pub(crate) fn start() -> Clock {
        Clock {
            origin: std::time::Instant::now(),
        }
    }

    /// Both clocks. The wall clock may have gone back since the last call: whoever minds keeps the greatest.
    pub(crate) fn now(&self) -> Now {
        Now {
            mono: self.mono(),
            wall: wall(),
        }
    }

    /// The monotonic clock alone.
    pub(crate) fn mono(&self) -> Instant {
        Instant(nanos(self.origin.elapsed()))
    }

    /// The same point in time as the standard library's clock tells it, for timers.
    pub(crate) fn std(&self, at: Instant) -> std::time::Instant {
        self.origin + Duration::from_nanos(at.0)
    }
}

fn wall() -> Wall {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Wall(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
