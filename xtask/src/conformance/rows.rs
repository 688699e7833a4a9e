//! The requirements as `docs/requirements.toml` lists them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::REQUIREMENTS;
use super::claims::Claim;
use crate::tidy::Problem;
use crate::tidy::tree::Tree;

/// The name of a row: `MTA-31`, or `BUL-F3` for a fact found beyond the manual. They sort as people count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Id {
    manual: String,
    is_fact: bool,
    number: u32,
}

impl FromStr for Id {
    type Err = ();

    fn from_str(text: &str) -> Result<Id, ()> {
        let (manual, rest) = text.split_once('-').ok_or(())?;
        if !["MOB", "MTA", "MES", "BUL", "C"].contains(&manual) {
            return Err(());
        }
        let digits = rest.strip_prefix('F').unwrap_or(rest);
        let is_number = digits.bytes().all(|octet| octet.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_number).ok_or(())?;
        Ok(Id {
            manual: manual.to_owned(),
            is_fact: rest != digits,
            number,
        })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = if self.is_fact { "F" } else { "" };
        write!(f, "{}-{fact}{}", self.manual, self.number)
    }
}

/// All rows of all manuals.
pub(super) struct Requirements {
    /// Open rows are errors.
    complete: bool,
    pub(super) manuals: Vec<Manual>,
}

/// The rows of one manual, in the order of their names.
pub(super) struct Manual {
    pub(super) title: String,
    pub(super) rows: BTreeMap<Id, Row>,
    /// Reasons for rows that are not there.
    stray: Vec<(String, usize)>,
}

pub(super) struct Row {
    pub(super) says: String,
    /// What shows it where no test can.
    pub(super) elsewhere: Option<String>,
    line: usize,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    complete: bool,
    manual: Vec<WrittenManual>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenManual {
    title: String,
    rows: BTreeMap<String, toml::Spanned<String>>,
    #[serde(default)]
    elsewhere: BTreeMap<String, toml::Spanned<String>>,
}

impl Requirements {
    pub(super) fn of(tree: &Tree) -> Result<Requirements, Problem> {
        let text = tree.text(REQUIREMENTS).unwrap_or_default();
        let line = |octet: usize| 1 + text[..octet].matches('\n').count();
        let written: Written = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| line(span.start));
            Problem::new(REQUIREMENTS, line, error.message())
        })?;
        let manuals = written.manual.into_iter().map(|manual| manual.read(line));
        Ok(Requirements {
            complete: written.complete,
            manuals: manuals.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn has(&self, id: &Id) -> bool {
        self.manuals
            .iter()
            .any(|manual| manual.rows.contains_key(id))
    }

    /// Reasons for rows that are not there, and rows that nothing shows.
    pub(super) fn problems(&self, claims: &[Claim]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for manual in &self.manuals {
            problems.extend(manual.stray.iter().map(|(name, line)| {
                let what = format!("{name} is shown elsewhere, but is no row of this manual");
                Problem::new(REQUIREMENTS, *line, what)
            }));
            let open = manual
                .rows
                .iter()
                .filter(|(id, row)| row.is_open(id, claims));
            problems.extend(open.filter(|_| self.complete).map(|(id, row)| {
                let what = format!(
                    "nothing shows {id}: write the test, or say under `elsewhere` what shows it"
                );
                Problem::new(REQUIREMENTS, row.line, what)
            }));
        }
        problems
    }
}

impl Row {
    /// Whether neither a test shows it nor anything else.
    pub(super) fn is_open(&self, id: &Id, claims: &[Claim]) -> bool {
        self.elsewhere.is_none() && !claims.iter().any(|claim| claim.id == *id)
    }
}

impl WrittenManual {
    fn read(mut self, line: impl Fn(usize) -> usize) -> Result<Manual, Problem> {
        let mut rows = BTreeMap::new();
        for (name, says) in self.rows {
            let id: Id = name.parse().map_err(|()| {
                let what = format!("{name:?} is no name of a row, such as MTA-31 or BUL-F3");
                Problem::new(REQUIREMENTS, line(says.span().start), what)
            })?;
            let row = Row {
                line: line(says.span().start),
                says: says.into_inner(),
                elsewhere: self.elsewhere.remove(&name).map(toml::Spanned::into_inner),
            };
            rows.insert(id, row);
        }
        let stray = self.elsewhere.into_iter();
        let stray = stray.map(|(name, why)| (name, line(why.span().start)));
        Ok(Manual {
            title: self.title,
            stray: stray.collect(),
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn names_are_read_and_sorted_as_people_count() {
        let names = ["BUL-2", "BUL-10", "BUL-F1", "C-3", "MTA-1"];
        let ids: Vec<Id> = names
            .iter()
            .map(|name| name.parse().expect("a name"))
            .collect();
        assert!(ids.is_sorted(), "{ids:?}");
        let shown: Vec<String> = ids.iter().map(Id::to_string).collect();
        assert_eq!(shown, names);
        for name in [
            "BUL", "BUL-", "BUL-x", "XYZ-1", "BUL-FF1", "MTA-+1", "mta-1", "MTA-1.",
        ] {
            assert!(name.parse::<Id>().is_err(), "{name}");
        }
    }
}
