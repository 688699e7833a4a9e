//! How long an answer takes at a rate that the machine has room for, from the time at which each message was due.

use super::figure::{Figure, median};
use super::gateway::{Gateway, Setup};
use super::load::{DiskSync, load};
use super::{Bench, Findings};
use crate::shell::Failure;

pub(super) fn run(bench: &Bench) -> Result<Findings, Failure> {
    let gateway = Gateway::with_carrier(bench, Setup::default(), 3.0)?;
    let words = format!(
        "--connect {} --binds 1 --window 10 --rate 5000 --duration 10s --disk-sync {}",
        gateway.smpp,
        gateway.directory.display()
    );
    let mut reports = Vec::new();
    for round in 1..=bench.rounds {
        bench.step("latency", &format!("round {round} of {}", bench.rounds));
        reports.push(load(bench, &words)?);
    }
    let metrics = gateway.metrics()?;
    gateway.end()?;

    let of = |value: &dyn Fn(&super::load::LoadReport) -> f64| {
        let values: Vec<f64> = reports.iter().map(value).collect();
        median(&values)
    };
    let mut figures = vec![
        Figure::told("response p50", of(&|report| report.response_ms.p50), "ms").at_most(1.0),
        Figure::told("response p99", of(&|report| report.response_ms.p99), "ms").at_most(2.5),
        Figure::told(
            "the disk's own fdatasync p99",
            of(&|report| report.disk_sync_ms.map_or(f64::NAN, |DiskSync { p99 }| p99)),
            "ms",
        ),
        Figure::told(
            "generator's lateness p99",
            of(&|report| report.lag_ms.map_or(f64::NAN, |lag| lag.p99)),
            "ms",
        ),
        Figure::told(
            "processor time of the generator",
            of(&|report| 100.0 * report.own_cpu),
            "%",
        ),
        Figure::told(
            "refused or unanswered",
            reports.iter().map(|report| report.wrong()).sum(),
            "",
        )
        .at_most(0.0),
    ];
    for share in [0.99, 0.999, 0.9999] {
        let what = format!("journal appends, p{} at most", 100.0 * share);
        figures.push(Figure::told(what, 1000.0 * quantile(&metrics, share), "ms"));
    }
    Ok(Findings {
        figures,
        notes: reports
            .iter()
            .flat_map(|report| report.warnings())
            .collect(),
    })
}

/// The upper bound of the bucket of the journal's histogram that holds this share of its appends, in seconds.
fn quantile(metrics: &str, share: f64) -> f64 {
    let buckets = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix("bindery_journal_append_seconds_bucket{le=\"")?;
        let (bound, count) = rest.split_once("\"} ")?;
        Some((bound.parse::<f64>().ok()?, count.parse::<f64>().ok()?))
    });
    let buckets: Vec<(f64, f64)> = buckets.collect();
    let all = buckets.last().map_or(0.0, |(_, count)| *count);
    let holding = buckets.iter().find(|(_, count)| *count >= share * all);
    holding.map_or(f64::NAN, |(bound, _)| *bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_bound_of_its_bucket() {
        let metrics = "\
bindery_journal_append_seconds_count 1000
bindery_journal_append_seconds_bucket{le=\"0.0002\"} 500
bindery_journal_append_seconds_bucket{le=\"0.0004\"} 990
bindery_journal_append_seconds_bucket{le=\"0.0008\"} 1000
bindery_journal_append_seconds_bucket{le=\"+Inf\"} 1000";
        assert_eq!(
            [0.5, 0.51, 0.999].map(|share| quantile(metrics, share)),
            [0.0002, 0.0004, 0.0008]
        );
        assert!(quantile("", 0.5).is_nan());
    }
}
