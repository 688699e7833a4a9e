//! A figure, what was promised, and how both are shown.

use std::fmt::Write as _;

use serde::Serialize;

/// Something measured, in its unit.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) what: String,
    pub(super) measured: f64,
    pub(super) unit: &'static str,
    /// None: told, because it explains the others.
    pub(super) target: Option<Target>,
}

/// What was promised.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    pub(super) fn told(what: impl Into<String>, measured: f64, unit: &'static str) -> Figure {
        Figure {
            what: what.into(),
            measured,
            unit,
            target: None,
        }
    }

    pub(super) fn at_least(self, target: f64) -> Figure {
        Figure {
            target: Some(Target::AtLeast(target)),
            ..self
        }
    }

    pub(super) fn at_most(self, target: f64) -> Figure {
        Figure {
            target: Some(Target::AtMost(target)),
            ..self
        }
    }

    pub(super) fn is_missed(&self) -> bool {
        match self.target {
            None => false,
            Some(Target::AtLeast(target)) => self.measured < target,
            Some(Target::AtMost(target)) => self.measured > target,
        }
    }

    /// The row of the table.
    fn row(&self) -> [String; 5] {
        let (target, ratio) = match self.target {
            None => (String::new(), None),
            Some(Target::AtLeast(at)) => (format!("at least {}", number(at)), Some(at)),
            Some(Target::AtMost(at)) => (format!("at most {}", number(at)), Some(at)),
        };
        let met = match (self.target, self.is_missed()) {
            (None, _) => "",
            (Some(_), false) => "yes",
            (Some(_), true) => "NO",
        };
        let ratio = ratio.filter(|target| *target != 0.0);
        [
            self.what.clone(),
            with_unit(number(self.measured), self.unit),
            target,
            met.to_owned(),
            ratio.map_or_else(String::new, |target| {
                format!("{:.2}", self.measured / target)
            }),
        ]
    }
}

/// The figures as a table that is text and Markdown at once.
pub(super) fn table(figures: &[Figure]) -> String {
    aligned(
        ["figure", "measured", "target", "met", "of target"],
        &figures.iter().map(Figure::row).collect::<Vec<_>>(),
    )
}

fn with_unit(text: String, unit: &str) -> String {
    match unit {
        "" => text,
        unit => format!("{text} {unit}"),
    }
}

fn aligned<const COLUMNS: usize>(head: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let head = head.map(str::to_owned);
    let widths: [usize; COLUMNS] = core::array::from_fn(|column| {
        let cells = rows.iter().chain([&head]);
        cells
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    let mut text = String::new();
    let mut line = |row: &[String; COLUMNS]| {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
    };
    line(&head);
    line(&widths.map(|width| "-".repeat(width)));
    rows.iter().for_each(line);
    text
}

/// One figure of two builds.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    what: String,
    unit: &'static str,
    /// The medians of the other build and of this one.
    there: f64,
    here: f64,
    /// The median of the ratios of each round, here / there. NaN where nothing is compared with nothing.
    ratio: f64,
}

/// The figures of one round of both builds, in the same order.
pub(super) struct Pair {
    pub(super) there: Vec<Figure>,
    pub(super) here: Vec<Figure>,
}

/// What each figure is in both, from those of each round.
pub(super) fn comparisons(rounds: &[Pair]) -> Vec<Comparison> {
    let Some(first) = rounds.first() else {
        return Vec::new();
    };
    let compared = first.here.iter().enumerate().map(|(at, figure)| {
        let column = |of: fn(f64, f64) -> f64| -> f64 {
            let both = rounds
                .iter()
                .map(|Pair { there, here }| of(there[at].measured, here[at].measured));
            median(&both.collect::<Vec<f64>>())
        };
        Comparison {
            what: figure.what.clone(),
            unit: figure.unit,
            there: column(|there, _| there),
            here: column(|_, here| here),
            ratio: column(|there, here| here / there),
        }
    });
    compared.collect()
}

/// Comparisons as a table that is text and Markdown at once.
pub(super) fn comparison_table(comparisons: &[Comparison]) -> String {
    let rows = comparisons.iter().map(|row| {
        let ratio = match row.ratio {
            ratio if ratio.is_finite() => format!("{ratio:.2}"),
            _ => String::new(),
        };
        [
            row.what.clone(),
            with_unit(number(row.there), row.unit),
            with_unit(number(row.here), row.unit),
            ratio,
        ]
    });
    aligned(
        ["figure", "there", "here", "ratio"],
        &rows.collect::<Vec<_>>(),
    )
}

/// A number with as many digits as mean something, its thousands apart.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => grouped(value.round() as u64),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// The middle of some measurements; of two middles, the lower one.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count => sorted[(count - 1) / 2],
    }
}

/// The least and the most, for a note.
pub(super) fn range(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} .. {}", number(least), number(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_at_its_target_is_met() {
        for (figure, missed) in [
            (Figure::told("a", 10.0, "").at_least(10.0), false),
            (Figure::told("a", 9.9, "").at_least(10.0), true),
            (Figure::told("a", 10.0, "").at_most(10.0), false),
            (Figure::told("a", 10.1, "").at_most(10.0), true),
            (Figure::told("a", f64::MAX, ""), false),
        ] {
            assert_eq!(figure.is_missed(), missed, "{figure:?}");
        }
    }

    #[test]
    fn the_table_is_aligned_and_says_what_was_missed() {
        let figures = [
            Figure::told("rate", 1_234_567.0, "/s").at_least(1_000_000.0),
            Figure::told("memory", 9.0, "KiB").at_most(8.0),
            Figure::told("lost", 0.0, "").at_most(0.0),
        ];
        let expected = "\
| figure | measured     | target             | met | of target |
| ------ | ------------ | ------------------ | --- | --------- |
| rate   | 1 234 567 /s | at least 1 000 000 | yes | 1.23      |
| memory | 9.00 KiB     | at most 8.00       | NO  | 1.12      |
| lost   | 0            | at most 0          | yes |           |
";
        assert_eq!(table(&figures), expected);
    }

    #[test]
    fn two_builds_are_compared_by_the_ratios_of_neighbours() {
        let rate = |value| {
            vec![
                Figure::told("rate", value, "/s"),
                Figure::told("lost", 0.0, ""),
            ]
        };
        // The machine was twice as fast in the second round, and stumbled once in the third.
        let rounds = [(100.0, 90.0), (200.0, 180.0), (100.0, 20.0)].map(|(there, here)| Pair {
            there: rate(there),
            here: rate(here),
        });
        let expected = "\
| figure | there  | here    | ratio |
| ------ | ------ | ------- | ----- |
| rate   | 100 /s | 90.0 /s | 0.90  |
| lost   | 0      | 0       |       |
";
        assert_eq!(comparison_table(&comparisons(&rounds)), expected);
        assert!(comparisons(&[]).is_empty());
    }

    #[test]
    fn the_median_is_a_value_that_was_measured() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 1.0);
        assert!(median(&[]).is_nan());
        assert_eq!(range(&[150.0, 50.0, 1000.0]), "50.0 .. 1 000");
    }
}
