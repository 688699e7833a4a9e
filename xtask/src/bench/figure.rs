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
        let with_unit = |text: String| match self.unit {
            "" => text,
            unit => format!("{text} {unit}"),
        };
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
            with_unit(number(self.measured)),
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
    let head = ["figure", "measured", "target", "met", "of target"].map(str::to_owned);
    let rows: Vec<[String; 5]> = figures.iter().map(Figure::row).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().chain([&head]);
            cells
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    let mut line = |row: &[String; 5]| {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
    };
    line(&head);
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    line(&rule.try_into().expect("as many as the head"));
    rows.iter().for_each(line);
    text
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
    fn the_median_is_a_value_that_was_measured() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 1.0);
        assert!(median(&[]).is_nan());
        assert_eq!(range(&[150.0, 50.0, 1000.0]), "50.0 .. 1 000");
    }
}
