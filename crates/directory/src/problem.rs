//! What is wrong in a configuration: where, and what to change.

use core::fmt;
use core::ops::Range;
use std::sync::Arc;

/// One thing that is wrong in the configuration.
///
/// Displayed as `FILE:LINE:COLUMN: what is wrong; what to change`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Problem {
    /// Which of the sources, in the order in which they were read; problems sort by it.
    order: u16,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The file as it was named, `demo` for what is built in, or the flag of the command line.
    pub file: Arc<str>,
    /// What is wrong. Never holds a secret.
    pub what: String,
    /// What to change.
    pub change: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            file,
            line,
            column,
            what,
            change,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: {what}; {change}")
    }
}

/// Everything that is wrong in a configuration, in the order of the files and the places in them. Never empty when it is an error.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Problems {}

/// A place in a source: which one, and where it begins in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Place {
    source: u16,
    offset: usize,
}

/// A value and where it was written, for complaints that need the whole configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct At<V> {
    pub(crate) value: V,
    pub(crate) place: Place,
}

/// The same value written elsewhere is the same.
impl<V: PartialEq> PartialEq for At<V> {
    fn eq(&self, other: &At<V>) -> bool {
        self.value == other.value
    }
}

/// What is being read, and the complaints so far.
#[derive(Default)]
pub(crate) struct Reader {
    sources: Vec<(Arc<str>, String)>,
    problems: Problems,
    unparsed: bool,
}

impl Reader {
    /// Begins the source called `name`; the places that follow are in it. The text stays known for line numbers.
    pub(crate) fn begin(&mut self, name: &str, text: &str) {
        self.sources.push((name.into(), text.to_owned()));
    }

    /// The place of an octet range of the current source.
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        Place {
            source: u16::try_from(self.sources.len().saturating_sub(1)).unwrap_or(u16::MAX),
            offset: span.start,
        }
    }

    /// Notes that something in the current source is wrong.
    pub(crate) fn complain(
        &mut self,
        span: &Range<usize>,
        what: impl Into<String>,
        change: impl Into<String>,
    ) {
        let place = self.place(span);
        self.complain_at(place, what, change);
    }

    /// Notes that something anywhere is wrong.
    pub(crate) fn complain_at(
        &mut self,
        place: Place,
        what: impl Into<String>,
        change: impl Into<String>,
    ) {
        let (file, line, column) = self.locate(place);
        self.problems.0.push(Problem {
            order: place.source,
            line,
            column,
            file,
            what: what.into(),
            change: change.into(),
        });
    }

    /// Changes what to change in the complaints from number `first` on.
    pub(crate) fn amend(&mut self, first: usize, change: impl Fn(&str) -> String) {
        for problem in self.problems.0.iter_mut().skip(first) {
            problem.change = change(&problem.change);
        }
    }

    /// `FILE:LINE` of a place, to point at it from another one.
    pub(crate) fn name(&self, place: Place) -> String {
        let (file, line, _) = self.locate(place);
        format!("{file}:{line}")
    }

    /// Notes that the current source is not TOML.
    pub(crate) fn set_unparsed(&mut self) {
        self.unparsed = true;
    }

    /// Whether a source was not TOML.
    pub(crate) fn unparsed(&self) -> bool {
        self.unparsed
    }

    /// Whether anything was wrong so far.
    pub(crate) fn complained(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Drops complaints of the current source, from number `first` on, that stand on one of `lines`.
    pub(crate) fn forget_on_lines(&mut self, first: usize, lines: &[u32]) {
        let mut n = 0;
        self.problems.0.retain(|problem| {
            n += 1;
            n <= first || !lines.contains(&problem.line)
        });
    }

    /// The lines of the complaints from number `first` on.
    pub(crate) fn lines_from(&self, first: usize) -> Vec<u32> {
        let from = self.problems.0.iter().skip(first);
        from.map(|problem| problem.line).collect()
    }

    /// How many complaints there are.
    pub(crate) fn complaints(&self) -> usize {
        self.problems.len()
    }

    /// All complaints, in the order of the places, each once.
    pub(crate) fn finish(self) -> Problems {
        let mut problems = self.problems;
        problems.0.sort();
        problems.0.dedup();
        problems
    }

    fn locate(&self, place: Place) -> (Arc<str>, u32, u32) {
        let Some((file, text)) = self.sources.get(usize::from(place.source)) else {
            return ("configuration".into(), 1, 1);
        };
        let before = text.get(..place.offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (file.clone(), small(line), small(column))
    }
}
