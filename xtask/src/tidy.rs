//! `cargo xtask tidy`: the invariants of the house that neither the compiler nor clippy can check. Each check is a function
//! from the repository's files to problems, has its own file, and is tested with planted violations.

mod bridge;
mod crates;
mod files;
mod links;
mod modules;
mod packages;
mod purity;
mod source;
pub(crate) mod tree;
mod words;

use std::fmt;

use crate::conformance;
use crate::shell::{self, Failure};
use tree::Tree;

/// Check the invariants that neither the compiler nor clippy can check
#[derive(clap::Args)]
pub(crate) struct Args {}

/// What is wrong, and what to do about it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Problem {
    path: String,
    /// 0: the file as a whole.
    line: usize,
    what: String,
}

type Check = fn(&Tree) -> Vec<Problem>;

/// All checks of the files, by the name that is printed.
const CHECKS: [(&str, Check); 8] = [
    ("purity", purity::check),
    ("crates", crates::check),
    ("bridge", bridge::check),
    ("modules", modules::check),
    ("files", files::check),
    ("links", links::check),
    ("words", words::check),
    ("conformance", conformance::check),
];

pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    let tree = Tree::load()?;
    let mut problems = Vec::new();
    for (name, check) in CHECKS {
        problems.extend(check(&tree).into_iter().map(|problem| (name, problem)));
    }
    let found = packages::check(&tree)?;
    problems.extend(found.into_iter().map(|problem| ("packages", problem)));
    for (name, problem) in &problems {
        shell::print(&format!("{problem} [{name}]"));
    }
    match problems.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!("tidy: {count} problems"))),
    }
}

impl Problem {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Problem {
        Problem {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Where the problems are, and the first words of each: what the tests of the checks compare.
#[cfg(test)]
pub(crate) fn places(problems: &[Problem]) -> Vec<String> {
    let place = |problem: &Problem| format!("{}:{}", problem.path, problem.line);
    problems.iter().map(place).collect()
}
