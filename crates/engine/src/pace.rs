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
///
/// The rate is the one that was agreed, or less while the carrier bears less. Where none was agreed there is no limit until the carrier
/// complains; then what was sent in a second takes its place, and is left behind when the carrier bears four times as much.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    /// Thousand-millionths of a token.
    nanotokens: u64,
    filled: Instant,
    /// Share of the whole rate that the carrier bears at present, in thousandths; 0: nothing is known of a limit below the agreed one.
    share: u32,
    /// The whole rate where none was agreed: what was sent in a second before the carrier complained.
    measured: u32,
    /// When it complained last.
    slowed: Instant,
    /// Until when its recovery was counted; ahead of now while it is not to recover.
    recovered: Instant,
    recent: Recent,
}

const TOKEN: u64 = 1_000_000_000;
const WHOLE: u32 = 1000;
const LEAST_SHARE: u32 = 50;
/// Of the whole rate, in thousandths, each [`RECOVERY_STEP`]: a twentieth a second.
const RECOVERY: u32 = 5;
const RECOVERY_STEP: Duration = Duration::from_millis(100);
/// Messages a second that a measured rate is at least: a few messages that happened to be sent say little of what a carrier bears.
const LEAST_MEASURED: u32 = 10;
/// The share of a measured rate from which on there is no limit again.
const UNLIMITED: u32 = 4 * WHOLE;
/// How long the answers to what is on its way may repeat a complaint, and how long one is heeded.
const COMPLAINT: Duration = Duration::from_secs(1);

impl Bucket {
    /// Whole tokens there are now; none: there is no limit.
    pub(crate) fn fill(&mut self, now: Instant, agreed: Option<u32>) -> Option<u64> {
        self.recover(now, agreed);
        let per_second = self.rate(agreed)?;
        let passed = now.since(self.filled);
        if self.filled == Instant(0) || passed > Duration::from_secs(3600) {
            self.filled = now;
            return Some(0);
        }
        let most = (per_second / 20).max(1) * TOKEN;
        let new = (passed.as_nanos() as u64).saturating_mul(per_second);
        self.nanotokens = self.nanotokens.saturating_add(new).min(most);
        self.filled = now;
        Some(self.nanotokens / TOKEN)
    }

    /// One was sent.
    #[inline]
    pub(crate) fn spend(&mut self, now: Instant) {
        self.nanotokens = self.nanotokens.saturating_sub(TOKEN);
        self.recent.count(now);
    }

    /// How long until there is a token; none: there is no limit.
    pub(crate) fn wait(&self, agreed: Option<u32>) -> Option<Duration> {
        let lacking = TOKEN.saturating_sub(self.nanotokens);
        let rate = self.rate(agreed)?;
        Some(Duration::from_nanos(lacking.div_ceil(rate).max(1)))
    }

    /// The carrier was overrun: half as fast from now on, creeping back at a twentieth a second.
    pub(crate) fn halve(&mut self, now: Instant, agreed: Option<u32>) {
        self.recover(now, agreed);
        self.slow(now, agreed, WHOLE / 2);
    }

    /// The carrier says how loaded it is (congestion_state: SMPP 5.0, 4.8.4.18), so that it is not overrun: from 80 on it is as busy as
    /// it likes to be, from 90 on nearly congested, at 100 congested. Answers that say less change nothing: the rate creeps back.
    pub(crate) fn loaded(&mut self, now: Instant, agreed: Option<u32>, load: u8) {
        let kept = match load {
            0..80 | 101.. => return,
            80..90 => WHOLE,
            90..100 => WHOLE * 9 / 10,
            100 => WHOLE / 2,
        };
        self.recover(now, agreed);
        if kept < WHOLE && now.since(self.slowed) >= COMPLAINT {
            self.slow(now, agreed, kept);
        }
        self.recovered = now + COMPLAINT;
    }

    fn slow(&mut self, now: Instant, agreed: Option<u32>, kept: u32) {
        let mut share = self.share(agreed);
        if agreed.is_none() {
            self.measured = self.recent.rate().max(LEAST_MEASURED);
            share = WHOLE;
        }
        self.share = (share * kept / WHOLE).max(LEAST_SHARE);
        self.slowed = now;
        self.recovered = now;
        self.filled = now;
        self.nanotokens = 0;
    }

    fn recover(&mut self, now: Instant, agreed: Option<u32>) {
        let end = if agreed.is_some() { WHOLE } else { UNLIMITED };
        while self.share > 0 && now.since(self.recovered) >= RECOVERY_STEP {
            self.recovered = self.recovered + RECOVERY_STEP;
            self.share += RECOVERY;
            if self.share >= end {
                self.share = 0;
            }
        }
    }

    /// Messages a second at most, as far as is known; none: there is no limit.
    pub(crate) fn rate(&self, agreed: Option<u32>) -> Option<u64> {
        let measured = (self.share > 0 && self.measured > 0).then_some(self.measured);
        let whole = agreed.or(measured)?;
        let share = u64::from(self.share(agreed));
        Some((u64::from(whole) * share / u64::from(WHOLE)).max(1))
    }

    fn share(&self, agreed: Option<u32>) -> u32 {
        match self.share {
            0 => WHOLE,
            // What was measured may have been passed.
            share if agreed.is_some() => share.min(WHOLE),
            share => share,
        }
    }
}

/// What was sent lately.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    /// When the running second began.
    since: Instant,
    /// Messages in it.
    count: u32,
    /// Messages in the one before.
    before: u32,
}

impl Recent {
    #[inline]
    fn count(&mut self, now: Instant) {
        if now.since(self.since) >= Duration::from_secs(1) {
            self.before = self.count;
            self.count = 0;
            self.since = now;
        }
        self.count += 1;
    }

    /// Messages a second.
    fn rate(&self) -> u32 {
        self.count.max(self.before)
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
            let now = Instant((10_000 + ms) * MS);
            let tokens = bucket.fill(now, Some(100)).expect("a limit");
            sent += tokens;
            (0..tokens).for_each(|_| bucket.spend(now));
        }
        assert!(
            (195..=200).contains(&sent),
            "{sent} in two seconds at 100/s"
        );
    }

    /// What goes out in the second after `from`, in milliseconds, if there is always something to be sent and at most `most` in a
    /// millisecond.
    fn sent_in_a_second(bucket: &mut Bucket, agreed: Option<u32>, from: u64, most: u64) -> u64 {
        (0..1_000)
            .map(|ms| {
                let now = Instant((from + ms) * MS);
                let tokens = bucket.fill(now, agreed).unwrap_or(most).min(most);
                (0..tokens).for_each(|_| bucket.spend(now));
                tokens
            })
            .sum()
    }

    #[test]
    fn a_throttled_connector_goes_on_at_half_the_rate_and_creeps_back() {
        let (mut bucket, agreed) = (Bucket::default(), Some(1_000));
        sent_in_a_second(&mut bucket, agreed, 1_000, 100);
        bucket.halve(Instant(2_000 * MS), agreed);
        let halved = sent_in_a_second(&mut bucket, agreed, 2_000, 100);
        assert!((450..600).contains(&halved), "{halved}/s after halving");
        let later = (3..20).map(|s| sent_in_a_second(&mut bucket, agreed, s * 1_000, 100));
        let later = later.last();
        assert!(
            later.is_some_and(|rate| (990..=1_000).contains(&rate)),
            "{later:?}/s after recovery"
        );
    }

    #[test]
    fn without_an_agreed_rate_the_one_that_overran_the_carrier_is_halved_and_passed_again() {
        let mut bucket = Bucket::default();
        let free = sent_in_a_second(&mut bucket, None, 1_000, 2);
        assert_eq!(free, 2_000, "nobody limits it");
        bucket.halve(Instant(2_000 * MS), None);
        let halved = sent_in_a_second(&mut bucket, None, 2_000, 2);
        assert!((950..1_150).contains(&halved), "{halved}/s after halving");
        let mut later = (3..90).map(|s| sent_in_a_second(&mut bucket, None, s * 1_000, 100));
        let tenth = later.nth(9);
        assert!(
            tenth.is_some_and(|rate| (1_950..2_200).contains(&rate)),
            "{tenth:?}/s when it has crept back"
        );
        assert_eq!(later.last(), Some(100_000), "nobody limits it any more");
    }

    #[test]
    fn a_carrier_that_complains_again_and_again_is_found_out_whatever_was_sent_at_first() {
        let (mut bucket, bears) = (Bucket::default(), 50);
        let mut rates = Vec::new();
        for second in 1..60 {
            let sent = sent_in_a_second(&mut bucket, None, second * 1_000, 10);
            if sent > bears {
                bucket.halve(Instant((second + 1) * 1_000 * MS), None);
            }
            rates.push(sent);
        }
        assert_eq!(rates[0], 10_000);
        let settled = &rates[20..];
        assert!(
            settled.iter().all(|rate| (20..=70).contains(rate)),
            "{settled:?}"
        );
    }

    #[test]
    fn few_messages_say_little_of_what_a_carrier_bears() {
        let mut bucket = Bucket::default();
        bucket.spend(Instant(1_000 * MS));
        bucket.halve(Instant(1_010 * MS), None);
        let sent = sent_in_a_second(&mut bucket, None, 1_010, 10);
        assert!((4..=6).contains(&sent), "{sent}");
    }

    #[test]
    fn a_loaded_carrier_is_sent_less_once_a_second_and_no_more_until_it_says_so() {
        for agreed in [Some(1_000), None] {
            for (load, expected) in [
                (0, 1_000),
                (79, 1_000),
                (80, 1_000),
                (90, 900),
                (99, 900),
                (100, 500),
                (101, 1_000),
            ] {
                let mut bucket = Bucket::default();
                sent_in_a_second(&mut bucket, agreed, 1_000, 1);
                // Every answer to what is on its way says it.
                for answer in 0..10 {
                    bucket.loaded(Instant((2_000 + answer) * MS), agreed, load);
                }
                let sent = sent_in_a_second(&mut bucket, agreed, 2_010, 1);
                assert!(
                    (expected - 60..=expected + 10).contains(&sent),
                    "{sent}/s at {load} with {agreed:?}"
                );
            }
        }
    }

    #[test]
    fn a_carrier_that_is_as_busy_as_it_likes_is_sent_no_more_than_now() {
        let (mut bucket, agreed) = (Bucket::default(), Some(1_000));
        sent_in_a_second(&mut bucket, agreed, 1_000, 100);
        bucket.halve(Instant(2_000 * MS), agreed);
        let mut rates = (2..12).map(|second| {
            bucket.loaded(Instant(second * 1_000 * MS), agreed, 85);
            sent_in_a_second(&mut bucket, agreed, second * 1_000, 100)
        });
        assert!(rates.all(|rate| (450..=510).contains(&rate)));
        let freed = (12..25).map(|second| {
            bucket.loaded(Instant(second * 1_000 * MS), agreed, 40);
            sent_in_a_second(&mut bucket, agreed, second * 1_000, 100)
        });
        assert!(freed.last().is_some_and(|rate| rate >= 990));
    }
}
