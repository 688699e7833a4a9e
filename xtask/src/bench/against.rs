//! This tree beside another build of `bindery`, round by round in turn: on a noisy machine only the ratio of two
//! neighbours means something.

use super::figure::{Comparison, Pair, comparison_table, comparisons};
use super::{Bench, Scenario};
use crate::shell::{self, Failure};

/// Measures `scenario` with both in `rounds` rounds, and gives each figure's medians and the median of its ratios.
pub(super) fn run(
    here: &Bench,
    there: &Bench,
    scenario: &Scenario,
    rounds: usize,
) -> Result<Vec<Comparison>, Failure> {
    let mut pairs = Vec::new();
    for round in 1..=rounds {
        here.step(scenario.name, &format!("pair {round} of {rounds}"));
        let measure = |bench| Ok((scenario.run)(bench)?.figures);
        // Who goes first changes, for the disk may remember the one before.
        let pair = if round % 2 == 1 {
            let there = measure(there)?;
            let here = measure(here)?;
            Pair { there, here }
        } else {
            let here = measure(here)?;
            let there = measure(there)?;
            Pair { there, here }
        };
        pairs.push(pair);
        // Each as it comes: whoever sees that it is enough may stop.
        if let Some(last) = pairs.last_chunk::<1>() {
            shell::complain(&comparison_table(&comparisons(last)));
        }
    }
    Ok(comparisons(&pairs))
}
