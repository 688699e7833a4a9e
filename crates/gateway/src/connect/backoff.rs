//! How long to wait before a bind is tried again.

use std::time::Duration;

use smpp::status::{self, Status};

/// A bind that stood so long was a good one: the next failure is the first again.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// Answers of 0x0D in a row after which the carrier is taken at its word.
const BINDFAIL_MAX: u32 = 3;

/// How an attempt to bind ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// No bind came to stand, and the carrier did not say why.
    Unreached,
    /// The carrier refused the bind.
    Refused(Status),
    /// The bind stood so long.
    Stood(Duration),
}

impl Ended {
    /// Whether it stood so long that nothing was wrong with its place.
    pub(super) fn was_good(self) -> bool {
        matches!(self, Ended::Stood(time) if time >= GOOD_AFTER)
    }
}

/// How long to wait before the next attempt: 1 s by default, doubling to the cap, each 20 % more or less, so that many links do
/// not come back in step.
pub(crate) struct Backoff {
    /// Failures in a row.
    failures: u32,
    /// Of these, answers of 0x0D.
    bindfails: u32,
    random: u64,
}

/// A wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pause {
    pub(crate) wait: Duration,
    /// Somebody has to look at the configuration.
    pub(crate) alarm: bool,
}

impl Backoff {
    /// `seed`: not 0, and another one for each link.
    pub(crate) fn new(seed: u64) -> Backoff {
        Backoff {
            failures: 0,
            bindfails: 0,
            random: seed,
        }
    }

    /// The pause after an attempt that ended so: `first` after the first one, `cap` at most.
    pub(crate) fn after(&mut self, ended: Ended, first: Duration, cap: Duration) -> Pause {
        self.bindfails = match ended {
            Ended::Refused(status::RBINDFAIL) => self.bindfails + 1,
            Ended::Refused(_) | Ended::Stood(_) => 0,
            Ended::Unreached => self.bindfails,
        };
        let alarm = match ended {
            Ended::Refused(status::RBINDFAIL) => self.bindfails >= BINDFAIL_MAX,
            Ended::Refused(status::RINVPASWD | status::RINVSYSID | status::RINVSYSTYP) => true,
            Ended::Refused(_) | Ended::Unreached | Ended::Stood(_) => false,
        };
        if ended.was_good() {
            self.failures = 0;
        }
        // Doubled more than 16 times, it has long reached any cap.
        let doubled = first.saturating_mul(1 << self.failures.min(16)).min(cap);
        self.failures = self.failures.saturating_add(1);
        Pause {
            wait: self.jitter(if alarm { cap } else { doubled }),
            alarm,
        }
    }

    /// 20 % more or less.
    fn jitter(&mut self, wait: Duration) -> Duration {
        // xorshift64; good enough to keep links apart.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        wait * (800 + (self.random % 401) as u32) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(1);
    const CAP: Duration = Duration::from_secs(60);

    fn seconds(backoff: &mut Backoff, ended: Ended) -> (f64, bool) {
        let pause = backoff.after(ended, FIRST, CAP);
        (pause.wait.as_secs_f64(), pause.alarm)
    }

    #[track_caller]
    fn about(wait: f64, expected: f64) {
        assert!(
            (0.8 * expected..=1.2 * expected).contains(&wait),
            "{wait} s instead of {expected} s"
        );
    }

    /// Shows MTA-90.
    #[test]
    fn waits_double_from_one_second_to_the_cap() {
        let mut backoff = Backoff::new(7);
        for expected in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            about(seconds(&mut backoff, Ended::Unreached).0, expected);
        }
    }

    #[test]
    fn only_a_bind_that_stood_for_a_minute_begins_anew() {
        let mut backoff = Backoff::new(7);
        about(seconds(&mut backoff, Ended::Unreached).0, 1.0);
        about(
            seconds(&mut backoff, Ended::Stood(Duration::from_secs(59))).0,
            2.0,
        );
        about(seconds(&mut backoff, Ended::Stood(GOOD_AFTER)).0, 1.0);
    }

    #[test]
    fn wrong_credentials_wait_at_the_cap_and_raise_an_alarm() {
        for wrong in [status::RINVPASWD, status::RINVSYSID, status::RINVSYSTYP] {
            let (wait, alarm) = seconds(&mut Backoff::new(7), Ended::Refused(wrong));
            about(wait, 60.0);
            assert!(alarm);
        }
    }

    #[test]
    fn bindfail_is_believed_the_third_time_running() {
        let mut backoff = Backoff::new(7);
        let refused = Ended::Refused(status::RBINDFAIL);
        assert!(!seconds(&mut backoff, refused).1);
        assert!(!seconds(&mut backoff, Ended::Refused(status::RALYBND)).1);
        assert!(!seconds(&mut backoff, refused).1);
        assert!(!seconds(&mut backoff, refused).1);
        let (wait, alarm) = seconds(&mut backoff, refused);
        about(wait, 60.0);
        assert!(alarm);
    }

    #[test]
    fn links_do_not_come_back_in_step() {
        let (mut one, mut other) = (Backoff::new(1), Backoff::new(2));
        let waits = |backoff: &mut Backoff| {
            (0..6)
                .map(|_| backoff.after(Ended::Unreached, FIRST, CAP).wait)
                .collect::<Vec<_>>()
        };
        assert_ne!(waits(&mut one), waits(&mut other));
    }
}
