//! Hostile days: bad weather from a seed, then calm, then the verdict.

use sim::{Planted, SHORT, storm};

/// Days that any change has to survive. `cargo xtask sim` lives through more.
#[test]
fn two_hundred_hostile_days_end_well() {
    let (mut accepted, mut cancelled) = (0, 0);
    for seed in 1..=200 {
        match storm(seed, SHORT, None) {
            Ok(summary) => {
                accepted += summary.accepted;
                cancelled += summary.cancelled;
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    assert!(
        accepted > 10_000,
        "only {accepted} messages were accepted: the days have become dull"
    );
    assert!(
        cancelled > 50,
        "only {cancelled} messages were cancelled: nobody had time for it"
    );
}

/// Seeds that found something once.
#[test]
fn days_that_once_went_wrong_end_well() {
    for line in include_str!("../seeds.txt").lines() {
        let Some(seed) = line
            .split_whitespace()
            .next()
            .filter(|word| !word.starts_with('#'))
        else {
            continue;
        };
        let seed = seed.parse().expect("a line begins with a seed");
        if let Err(failure) = storm(seed, SHORT, None) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_day() {
    for seed in 1..=20 {
        let digest = || storm(seed, SHORT, None).map(|summary| summary.digest).ok();
        assert_eq!(digest(), digest(), "seed {seed}");
    }
    let other = |seed| storm(seed, SHORT, None).map(|summary| summary.digest).ok();
    assert_ne!(other(1), other(2));
}

/// The oracle can fail: every fault that is planted into the process is found within so many days.
#[test]
fn planted_faults_are_found() {
    const DAYS: u64 = 200;
    let blind: Vec<Planted> = Planted::ALL
        .into_iter()
        .filter(|&planted| (1..=DAYS).all(|seed| storm(seed, SHORT, Some(planted)).is_ok()))
        .collect();
    assert!(blind.is_empty(), "nobody noticed {blind:?}");
}
