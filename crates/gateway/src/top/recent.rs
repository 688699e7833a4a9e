//! What happened lately: the gateway counts from its start, and whoever watches wants to know of the last minute.

use std::collections::VecDeque;
use std::time::Duration;

use crate::overview::{Fault, Overview, Stage};

/// How far back it goes.
const SPAN: Duration = Duration::from_secs(60);

/// What was counted at some moments of the last minute.
#[derive(Debug, Default)]
pub(super) struct Recent {
    seen: VecDeque<Counted>,
    /// Of the gateway when it was last seen.
    up_seconds: u64,
}

#[derive(Debug)]
struct Counted {
    at: Duration,
    stages: Vec<Stage>,
    faults: Vec<Fault>,
}

impl Recent {
    /// A gateway that runs for less long than before is another, which counts from nothing.
    pub(super) fn take(&mut self, at: Duration, overview: &Overview) {
        if overview.up_seconds < self.up_seconds {
            self.seen.clear();
        }
        self.up_seconds = overview.up_seconds;
        // What is a minute old is what the minute is counted from.
        while self.seen.get(1).is_some_and(|next| at - next.at >= SPAN) {
            self.seen.pop_front();
        }
        self.seen.push_back(Counted {
            at,
            stages: overview.stages.clone(),
            faults: overview.faults.clone(),
        });
    }

    /// How far back `lately` goes; none while there is no past to compare with.
    pub(super) fn span(&self) -> Option<Duration> {
        let (first, last) = (self.seen.front()?, self.seen.back()?);
        (self.seen.len() > 1).then_some(last.at - first.at)
    }

    /// What was measured lately; all there is while there is no past.
    pub(super) fn stages(&self) -> Vec<Stage> {
        let (Some(first), Some(last)) = (self.seen.front(), self.seen.back()) else {
            return Vec::new();
        };
        if self.span().is_none() {
            return last.stages.clone();
        }
        let since = |stage: &Stage| {
            let before = first.stages.iter().find(|it| it.stage == stage.stage);
            let before = |le: f64| {
                let within = before?.within.iter().find(|(at, _)| *at == le);
                within.map(|&(_, count)| count)
            };
            let within = stage.within.iter();
            let within = within
                .map(|&(le, count)| (le, count.saturating_sub(before(le).unwrap_or_default())));
            let counted = first.stages.iter().find(|it| it.stage == stage.stage);
            Stage {
                stage: stage.stage.clone(),
                count: (stage.count).saturating_sub(counted.map_or(0, |it| it.count)),
                within: within.collect(),
            }
        };
        last.stages.iter().map(since).collect()
    }

    /// How often it went wrong lately; none while that cannot be told.
    pub(super) fn faults(&self, fault: &Fault) -> Option<u64> {
        let first = self.seen.front().filter(|_| self.span().is_some())?;
        let same =
            |it: &&Fault| (&it.side, &it.name, &it.what) == (&fault.side, &fault.name, &fault.what);
        let before = first.faults.iter().find(same);
        Some(fault.count.saturating_sub(before.map_or(0, |it| it.count)))
    }
}

impl Stage {
    /// A time that so much of all took at most, in seconds: as exact as the limits that are counted by. None if nothing was
    /// measured, or if it is longer than the last limit.
    pub(crate) fn within_quantile(&self, share: f64) -> Option<f64> {
        let wanted = (self.count as f64 * share).ceil();
        let mut limits = self.within.iter();
        let limit = limits.find(|(_, count)| self.count > 0 && *count as f64 >= wanted);
        limit.map(|&(le, _)| le)
    }
}
