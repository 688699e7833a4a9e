//! How fast: what a customer may send us, and what we may send a carrier.

use core::time::Duration;
use std::collections::VecDeque;

use sms::Instant;

/// Within this time at most `rate` messages are taken: a second less 4 % for the jitter of networks.
const SPAN: Duration = Duration::from_millis(960);
/// Above this rate times are kept in cells of [`CELL`] instead of one by one.
const EXACT_MAX: u32 = 1000;
const CELL: Duration = Duration::from_millis(10);

/// A limit on what is taken in: of any `rate` + 1 messages in a row the last is at least 960 ms after the first, so that a steady
/// sender with jitter is never refused and a burst above the rate always is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    /// When, and how many, oldest first.
    taken: VecDeque<(Instant, u32)>,
    total: u32,
}

impl Pace {
    /// Whether one more may be taken now.
    pub(crate) fn allows(&mut self, now: Instant, rate: u32) -> bool {
        while let Some(&(at, count)) = self.taken.front()
            && now.since(at) >= SPAN
        {
            self.total -= count;
            self.taken.pop_front();
        }
        self.total < rate
    }

    /// One was taken.
    pub(crate) fn take(&mut self, now: Instant, rate: u32) {
        self.total += 1;
        match self.taken.back_mut() {
            Some((at, count)) if rate > EXACT_MAX && now.since(*at) < CELL => *count += 1,
            _ => self.taken.push_back((now, 1)),
        }
    }
}

/// A limit on what is sent: tokens that come at a rate, never more than a twentieth of a second's at once, none at the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    /// Thousand-millionths of a token.
    nanotokens: u64,
    filled: Instant,
    /// Share of the agreed rate that the carrier bears at present, in thousandths; 0 means 1000.
    cut: u32,
    /// Until when the carrier's recovery was counted.
    recovered: Instant,
}

const TOKEN: u64 = 1_000_000_000;
const LEAST_SHARE: u32 = 50;
/// Of the agreed rate, in thousandths, each [`RECOVERY_STEP`]: a twentieth a second.
const RECOVERY: u32 = 5;
const RECOVERY_STEP: Duration = Duration::from_millis(100);

impl Bucket {
    /// Whole tokens there are now.
    pub(crate) fn fill(&mut self, now: Instant, rate: u32) -> u64 {
        let passed = now.since(self.filled);
        if self.filled == Instant(0) || passed > Duration::from_secs(3600) {
            self.filled = now;
            return 0;
        }
        self.recover(now);
        let per_second = self.rate(rate);
        let most = (per_second / 20).max(1) * TOKEN;
        let new = (passed.as_nanos() as u64).saturating_mul(per_second);
        self.nanotokens = self.nanotokens.saturating_add(new).min(most);
        self.filled = now;
        self.nanotokens / TOKEN
    }

    pub(crate) fn spend(&mut self, tokens: u64) {
        self.nanotokens = self.nanotokens.saturating_sub(tokens * TOKEN);
    }

    /// How long until there is a token.
    pub(crate) fn wait(&self, rate: u32) -> Duration {
        let lacking = TOKEN.saturating_sub(self.nanotokens);
        Duration::from_nanos(lacking.div_ceil(self.rate(rate)).max(1))
    }

    /// The carrier was overrun: half as fast from now on, creeping back at a twentieth a second.
    pub(crate) fn halve(&mut self, now: Instant) {
        self.recovered = now;
        let share = if self.cut == 0 { 1000 } else { self.cut };
        self.cut = (share / 2).max(LEAST_SHARE);
        self.nanotokens = 0;
    }

    fn recover(&mut self, now: Instant) {
        while (1..1000).contains(&self.cut) && now.since(self.recovered) >= RECOVERY_STEP {
            self.cut = (self.cut + RECOVERY).min(1000);
            self.recovered = self.recovered + RECOVERY_STEP;
        }
    }

    fn rate(&self, rate: u32) -> u64 {
        let share = if self.cut == 0 {
            1000
        } else {
            u64::from(self.cut)
        };
        (u64::from(rate) * share / 1000).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Shows MOB-195.
    #[test]
    fn twenty_one_at_once_and_the_twenty_first_is_refused() {
        let mut pace = Pace::default();
        let now = Instant(5_000 * MS);
        for _ in 0..20 {
            assert!(pace.allows(now, 20));
            pace.take(now, 20);
        }
        assert!(!pace.allows(now, 20));
        assert!(pace.allows(now + Duration::from_millis(960), 20));
    }

    #[test]
    fn a_steady_sender_with_jitter_is_never_refused() {
        for rate in [20, 100, 5_000] {
            let mut pace = Pace::default();
            let gap = 1_000 * MS / u64::from(rate);
            for n in 0..u64::from(rate) * 3 {
                let jitter = crate::hash::mix(n) % (gap.min(20 * MS));
                let now = Instant(1_000 * MS + n * gap + jitter);
                assert!(pace.allows(now, rate), "message {n} at {rate}/s");
                pace.take(now, rate);
            }
        }
    }

    /// Times at which somebody sends in bursts and pauses, faster than `rate` on average; the same for the same seed.
    fn arrivals(seed: u64, count: u64, rate: u32) -> impl Iterator<Item = Instant> {
        let mut now = 5_000 * MS;
        let longest = 1_600 * MS / u64::from(rate);
        (0..count).map(move |n| {
            let random = crate::hash::mix(seed << 32 | n);
            let burst = random.is_multiple_of(4);
            now += if burst { 0 } else { random % longest };
            Instant(now)
        })
    }

    #[test]
    fn a_message_is_taken_if_the_last_but_rate_is_old_enough_and_only_then() {
        for seed in 0..40 {
            let rate = [1, 2, 7, 20, 1_000][seed as usize % 5];
            let (mut pace, mut taken) = (Pace::default(), Vec::new());
            for now in arrivals(seed, 3_000, rate) {
                let before = taken.len().checked_sub(rate as usize);
                let old = before.is_none_or(|nth| now.since(taken[nth]) >= SPAN);
                assert_eq!(pace.allows(now, rate), old, "at {now:?} with {rate}/s");
                if old {
                    pace.take(now, rate);
                    taken.push(now);
                }
            }
            assert!(taken.len() < 3_000 && taken.len() > 100, "{rate}/s");
        }
    }

    #[test]
    fn above_a_thousand_a_second_cells_are_at_most_ten_milliseconds_generous_and_never_strict() {
        for seed in 0..10 {
            let rate = 5_000;
            let (mut pace, mut taken) = (Pace::default(), Vec::new());
            for now in arrivals(seed, 30_000, rate) {
                let before = taken.len().checked_sub(rate as usize);
                let age = before.map_or(SPAN, |nth| now.since(taken[nth]));
                let allowed = pace.allows(now, rate);
                assert!(allowed || age < SPAN, "strict at {now:?}");
                assert!(!allowed || age + CELL > SPAN, "generous at {now:?}");
                if allowed {
                    pace.take(now, rate);
                    taken.push(now);
                }
            }
            assert!(taken.len() < 30_000);
            assert!(pace.taken.len() <= 97, "memory is bounded by cells");
        }
    }

    #[test]
    fn another_rate_counts_from_the_next_message_on() {
        let mut pace = Pace::default();
        let now = Instant(5_000 * MS);
        for _ in 0..20 {
            pace.take(now, 20);
        }
        assert!(!pace.allows(now, 20));
        assert!(pace.allows(now, 21), "a higher one at once");
        assert!(!pace.allows(now, 10));
        assert!(pace.allows(now + SPAN, 10));
    }

    #[test]
    fn a_bucket_starts_empty_and_keeps_its_rate() {
        let mut bucket = Bucket::default();
        let mut sent = 0;
        for ms in 0..=2_000 {
            let tokens = bucket.fill(Instant((10_000 + ms) * MS), 100);
            sent += tokens;
            bucket.spend(tokens);
        }
        assert!(
            (195..=200).contains(&sent),
            "{sent} in two seconds at 100/s"
        );
    }

    #[test]
    fn a_throttled_connector_goes_on_at_half_the_rate_and_creeps_back() {
        let mut bucket = Bucket::default();
        let rate_over = |bucket: &mut Bucket, from: u64| {
            let mut sent = 0;
            for ms in 0..1_000 {
                let tokens = bucket.fill(Instant((from + ms) * MS), 1_000);
                sent += tokens;
                bucket.spend(tokens);
            }
            sent
        };
        rate_over(&mut bucket, 1_000);
        bucket.halve(Instant(2_000 * MS));
        let halved = rate_over(&mut bucket, 2_000);
        assert!((450..600).contains(&halved), "{halved}/s after halving");
        let later = (3..20).map(|s| rate_over(&mut bucket, s * 1_000)).last();
        assert!(
            later.is_some_and(|rate| rate >= 990),
            "{later:?}/s after recovery"
        );
    }
}
