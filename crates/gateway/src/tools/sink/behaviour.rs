//! What the message centre does with a message: the same table for `bindery sink`, by ratio and rate, and for the
//! simulated carrier of the demo, by the last four digits of the destination.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use smpp::status::{self, Status};
use sms::{Instant, State};

use super::ids::IdFormat;
use crate::tools::hash::mix;

/// Destinations that are being throttled at once; beyond that the oldest is forgotten.
const THROTTLED_MAX: usize = 10_000;

/// How a message centre behaves. The default takes everything, answers at once and delivers after a second.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    /// Who may bind; `None`: anybody.
    pub(crate) credentials: Option<(String, String)>,
    /// From a submit to its response.
    pub(crate) delay: Duration,
    /// Which receipts there are, for those who ask for them.
    pub(crate) receipts: Receipts,
    /// From a submit to its receipt.
    pub(crate) receipt_delay: Duration,
    /// Statuses that submits are refused with, each for a share of all.
    pub(crate) failures: Vec<(Status, f64)>,
    /// The share of submits that are never answered, though they are delivered.
    pub(crate) never_answer: f64,
    /// Submits a second above which `ESME_RTHROTTLED` is the answer.
    pub(crate) throttle_above: Option<u64>,
    /// How message ids are written.
    pub(crate) id_format: IdFormat,
    /// Send receipts in the odd forms that real carriers send.
    pub(crate) odd: bool,
    /// `deliver_sm` in flight on each bind.
    pub(crate) window: usize,
    /// Receipts and responses that may wait; beyond that `ESME_RMSGQFUL`.
    pub(crate) waiting_max: usize,
    /// Binds with this system_id play the demo's magic numbers.
    pub(crate) magic: Option<String>,
    /// Remember so many messages by their addresses and text, and count those that come again.
    pub(crate) duplicates_among: Option<usize>,
    /// Where owed receipts are written down, so that they outlive the process; `None`: they do not.
    pub(crate) memory: Option<PathBuf>,
    /// What ratios are drawn with.
    pub(crate) seed: u64,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            credentials: None,
            delay: Duration::ZERO,
            receipts: Receipts::Final,
            receipt_delay: Duration::from_secs(1),
            failures: Vec::new(),
            never_answer: 0.0,
            throttle_above: None,
            id_format: IdFormat::Decimal,
            odd: false,
            window: 1000,
            // Some 50 MB: the simulated carrier lives in the gateway's process.
            waiting_max: 500_000,
            magic: Some("sim-odd".to_owned()),
            duplicates_among: None,
            memory: None,
            seed: 1,
        }
    }
}

/// Which receipts a message gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Receipts {
    /// None, whoever asks.
    None,
    /// One, final.
    Final,
    /// One, final, before the response to the submit.
    Early,
    /// The final one, twice.
    Twice,
}

/// What becomes of one message.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Fate {
    /// After how long it is answered, and how; `None`: never.
    pub(crate) answer: Option<(Duration, Status)>,
    /// The receipt, if the message was taken and whoever sent it asks for one.
    pub(crate) outcome: Option<Outcome>,
    /// After how long the subscriber replies.
    pub(crate) reply: Option<Duration>,
}

/// What a receipt says, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    /// From the submit.
    pub(crate) after: Duration,
    pub(crate) state: State,
    /// Three digits.
    pub(crate) error: u16,
    pub(crate) copies: u8,
}

/// Decides, with what it remembers for that: chance, rate, and who was throttled.
pub(crate) struct Fates {
    chance: Chance,
    bucket: Option<Bucket>,
    throttled: BTreeMap<Vec<u8>, u8>,
}

impl Fates {
    pub(crate) fn new(behaviour: &Behaviour, now: Instant) -> Fates {
        Fates {
            chance: Chance(behaviour.seed),
            bucket: behaviour.throttle_above.map(|rate| Bucket::new(rate, now)),
            throttled: BTreeMap::new(),
        }
    }

    /// What becomes of an ordinary message.
    #[inline]
    pub(crate) fn ordinary(&mut self, behaviour: &Behaviour, now: Instant) -> Fate {
        if self.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
            return Fate::refused(behaviour.delay, status::RTHROTTLED);
        }
        if let Some(status) = self.failure(behaviour) {
            return Fate::refused(behaviour.delay, status);
        }
        let silent = behaviour.never_answer > 0.0 && self.chance.next() < behaviour.never_answer;
        let outcome = |after, copies| Outcome {
            after,
            state: State::Delivered,
            error: 0,
            copies,
        };
        Fate {
            answer: (!silent).then_some((behaviour.delay, status::OK)),
            outcome: match behaviour.receipts {
                Receipts::None => None,
                Receipts::Final => Some(outcome(behaviour.receipt_delay, 1)),
                Receipts::Early => Some(outcome(Duration::ZERO, 1)),
                Receipts::Twice => Some(outcome(behaviour.receipt_delay, 2)),
            },
            reply: None,
        }
    }

    /// What becomes of a message to `destination`, by its last four digits.
    pub(crate) fn magic(
        &mut self,
        behaviour: &Behaviour,
        now: Instant,
        destination: &[u8],
    ) -> Fate {
        let soon = behaviour.receipt_delay;
        let taken = |after, state, error| Fate {
            answer: Some((Duration::ZERO, status::OK)),
            outcome: Some(Outcome {
                after,
                state,
                error,
                copies: 1,
            }),
            reply: None,
        };
        let delivered = taken(soon, State::Delivered, 0);
        match destination.last_chunk::<4>() {
            Some(b"0001") => Fate::refused(Duration::ZERO, status::RINVDSTADR),
            Some(b"0002") => taken(soon, State::Undeliverable, 1),
            Some(b"0003") => taken(soon, State::Expired, 0),
            Some(b"0004") if self.throttles(destination) => {
                Fate::refused(Duration::ZERO, status::RTHROTTLED)
            }
            Some(b"0004") => delivered,
            Some(b"0005") => Fate {
                answer: None,
                outcome: None,
                reply: None,
            },
            Some(b"0006") => Fate {
                answer: Some((Duration::from_millis(50), status::OK)),
                ..taken(Duration::ZERO, State::Delivered, 0)
            },
            Some(b"0007") => taken(60 * soon, State::Delivered, 0),
            Some(b"0009") => Fate {
                reply: Some(2 * soon),
                ..delivered
            },
            _ => self.ordinary(behaviour, now),
        }
    }

    /// Twice for each destination.
    fn throttles(&mut self, destination: &[u8]) -> bool {
        if self.throttled.len() >= THROTTLED_MAX {
            self.throttled.pop_first();
        }
        let times = self.throttled.entry(destination.to_vec()).or_insert(0);
        *times += 1;
        let throttles = *times <= 2;
        if !throttles {
            self.throttled.remove(destination);
        }
        throttles
    }

    fn failure(&mut self, behaviour: &Behaviour) -> Option<Status> {
        if behaviour.failures.is_empty() {
            return None;
        }
        let mut drawn = self.chance.next();
        for &(status, share) in &behaviour.failures {
            if drawn < share {
                return Some(status);
            }
            drawn -= share;
        }
        None
    }
}

impl Fate {
    /// There is no room to remember what would be owed.
    pub(crate) fn full() -> Fate {
        Fate::refused(Duration::ZERO, status::RMSGQFUL)
    }

    fn refused(after: Duration, status: Status) -> Fate {
        Fate {
            answer: Some((after, status)),
            outcome: None,
            reply: None,
        }
    }
}

/// SplitMix64: the same seed draws the same.
pub(crate) struct Chance(u64);

impl Chance {
    /// From 0 to below 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (mix(self.0) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Lets a rate pass, and a tenth of a second's worth at once.
struct Bucket {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(per_second: u64, now: Instant) -> Bucket {
        let per_second = per_second as f64;
        Bucket {
            per_second,
            tokens: Bucket::depth(per_second),
            filled: now,
        }
    }

    fn depth(per_second: f64) -> f64 {
        (per_second / 10.0).max(1.0)
    }

    fn take(&mut self, now: Instant) -> bool {
        let new = now.since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + new).min(Bucket::depth(self.per_second));
        self.filled = now;
        let pass = self.tokens >= 1.0;
        if pass {
            self.tokens -= 1.0;
        }
        pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(digits: &str) -> Fate {
        let behaviour = Behaviour::default();
        Fates::new(&behaviour, Instant(0)).magic(&behaviour, Instant(0), digits.as_bytes())
    }

    #[test]
    fn the_last_four_digits_decide() {
        let receipt = |digits| fate(digits).outcome.map(|o| (o.state, o.error));
        assert_eq!(
            fate("447700900001").answer,
            Some((Duration::ZERO, status::RINVDSTADR))
        );
        assert_eq!(receipt("447700900001"), None);
        assert_eq!(receipt("447700900002"), Some((State::Undeliverable, 1)));
        assert_eq!(receipt("447700900003"), Some((State::Expired, 0)));
        assert_eq!(fate("447700900005").answer, None);
        assert_eq!(
            fate("447700900009").reply,
            Some(Duration::from_secs(2)),
            "a second after the receipt"
        );
        assert_eq!(receipt("447700901234"), Some((State::Delivered, 0)));
        assert_eq!(receipt("1"), Some((State::Delivered, 0)));
    }

    #[test]
    fn the_receipt_of_0007_takes_a_minute() {
        let outcome = fate("447700900007").outcome.expect("a receipt");
        assert_eq!(outcome.state, State::Delivered);
        assert_eq!(outcome.after, Duration::from_secs(60));
    }

    #[test]
    fn the_receipt_of_0006_overtakes_its_response() {
        let fate = fate("447700900006");
        assert_eq!(fate.outcome.map(|o| o.after), Some(Duration::ZERO));
        assert_eq!(fate.answer, Some((Duration::from_millis(50), status::OK)));
    }

    #[test]
    fn a_destination_is_throttled_twice_and_then_served() {
        let behaviour = Behaviour::default();
        let mut fates = Fates::new(&behaviour, Instant(0));
        let mut answer = |digits: &[u8]| {
            let fate = fates.magic(&behaviour, Instant(0), digits);
            fate.answer.map(|(_, status)| status)
        };
        for expected in [status::RTHROTTLED, status::RTHROTTLED, status::OK] {
            assert_eq!(answer(b"447700900004"), Some(expected));
        }
        assert_eq!(answer(b"447700910004"), Some(status::RTHROTTLED));
    }

    #[test]
    fn a_steady_rate_passes_and_twice_the_rate_is_refused_half_the_time() {
        let behaviour = Behaviour {
            throttle_above: Some(1000),
            ..Behaviour::default()
        };
        let passed = |per_second: u64| {
            let mut fates = Fates::new(&behaviour, Instant(0));
            let step = 1_000_000_000 / per_second;
            (0..per_second)
                .map(|n| fates.ordinary(&behaviour, Instant(n * step)))
                .filter(|fate| fate.outcome.is_some())
                .count()
        };
        assert_eq!(passed(1000), 1000);
        assert!((1000..=1101).contains(&passed(2000)), "{}", passed(2000));
    }

    #[test]
    fn shares_are_kept() {
        let behaviour = Behaviour {
            failures: vec![(status::RSYSERR, 0.1), (status::RMSGQFUL, 0.2)],
            never_answer: 0.5,
            ..Behaviour::default()
        };
        let mut fates = Fates::new(&behaviour, Instant(0));
        let all: Vec<Fate> = (0..10_000)
            .map(|_| fates.ordinary(&behaviour, Instant(0)))
            .collect();
        let count = |wanted: Option<Status>| {
            all.iter()
                .filter(|fate| fate.answer.map(|(_, status)| status) == wanted)
                .count()
        };
        assert!((900..1100).contains(&count(Some(status::RSYSERR))));
        assert!((1800..2200).contains(&count(Some(status::RMSGQFUL))));
        assert!((3200..3800).contains(&count(None)));
    }
}
