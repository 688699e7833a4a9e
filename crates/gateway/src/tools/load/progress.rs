//! The line that shows how far the generator is, if a person is there to see it.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::measure::{Reading, grouped};

/// A bar over messages or over time.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    count: Option<u64>,
    answered: u64,
    seconds: f64,
    rate: f64,
}

impl Progress {
    pub(crate) fn new(count: Option<u64>, duration: Option<Duration>) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let length = count.or(duration.map(|duration| duration.as_millis() as u64));
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix:9} [{bar:30}] {msg}");
            bar.set_style(
                style
                    .expect("a template that is part of the program")
                    .progress_chars("=> "),
            );
            bar
        });
        Progress {
            bar,
            count,
            answered: 0,
            seconds: 0.0,
            rate: 0.0,
        }
    }

    pub(crate) fn show(&mut self, reading: &Reading<'_>) {
        let Some(bar) = &self.bar else { return };
        let counts = reading.ledger.counts();
        let passed = reading.seconds - self.seconds;
        if passed > 0.0 {
            let new = (counts.answered - self.answered) as f64 / passed;
            // Half of the old one, so that the eye can follow.
            self.rate = if self.rate == 0.0 {
                new
            } else {
                (self.rate + new) / 2.0
            };
            self.answered = counts.answered;
            self.seconds = reading.seconds;
        }
        bar.set_prefix(reading.stage);
        if reading.seconds > 0.0 {
            bar.set_position(match self.count {
                Some(_) => counts.answered,
                None => (reading.seconds * 1000.0) as u64,
            });
        }
        bar.set_message(format!(
            "{}/s  accepted {}  refused {}  receipts {}  p99 {:.1} ms",
            grouped(self.rate as u64),
            grouped(counts.accepted),
            grouped(counts.answered - counts.accepted),
            grouped(counts.receipted),
            reading.measures.response_p99_ms(),
        ));
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
