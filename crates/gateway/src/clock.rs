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

/// So far behind a time that was seen before, the wall clock is told of.
const FAR_BEHIND: Duration = Duration::from_secs(60);

/// Tells the operator when the wall clock goes back far, and when it has caught up.
#[derive(Debug, Default)]
pub(crate) struct WallWatch {
    far_behind: bool,
}

impl WallWatch {
    /// The clock is so far behind the latest time that messages were given.
    pub(crate) fn is_behind(&mut self, behind: Duration) {
        let before = std::mem::replace(&mut self.far_behind, behind >= FAR_BEHIND);
        match (before, self.far_behind) {
            (false, true) => tracing::error!(
                seconds = behind.as_secs(),
                "the clock of this machine went back, or was ahead before: nothing expires and nothing that is scheduled is sent until it has caught up; set it right"
            ),
            (true, false) => tracing::info!("the clock of this machine has caught up"),
            (true, true) | (false, false) => {}
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_back_is_told_of_until_it_has_caught_up() {
        let mut watch = WallWatch::default();
        for (behind, far) in [
            (Duration::ZERO, false),
            (FAR_BEHIND - Duration::from_millis(1), false),
            (FAR_BEHIND, true),
            (Duration::from_secs(365 * 86_400), true),
            (Duration::from_secs(1), false),
        ] {
            watch.is_behind(behind);
            assert_eq!(watch.far_behind, far, "{behind:?}");
        }
    }
}
