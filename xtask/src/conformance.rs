//! `cargo xtask conformance`: `docs/conformance.md`, made from the requirements and the tests that show them.
//!
//! `docs/requirements.toml` lists what the manuals ask. A test that proves some of it says so with a line
//! `/// Shows MTA-31, BUL-45.` above its `#[test]`, a conversation in a text file with `# Shows MTA-94.` above its title.

mod claims;
mod document;
mod rows;

use std::fs;

use crate::shell::{self, Failure};
use crate::tidy::Problem;
use crate::tidy::tree::Tree;
use rows::Requirements;

const REQUIREMENTS: &str = "docs/requirements.toml";
const DOCUMENT: &str = "docs/conformance.md";

/// Check that docs/conformance.md says what the tests show, or write it
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the document instead of comparing it
    #[arg(long)]
    pub(crate) write: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let tree = Tree::load()?;
    let problems = check(&tree);
    for problem in &problems {
        shell::print(&problem.to_string());
    }
    if !problems.is_empty() {
        let what = format!("conformance: {} problems", problems.len());
        return Err(Failure::new(what));
    }
    let requirements =
        Requirements::of(&tree).map_err(|problem| Failure::new(problem.to_string()))?;
    let document = document::of(&requirements, &claims::find(&tree).0);
    if args.write {
        let written = fs::write(shell::root().join(DOCUMENT), document);
        return written.map_err(|error| Failure::new(format!("{DOCUMENT}: {error}")));
    }
    if tree.text(DOCUMENT) == Some(&document) {
        return Ok(());
    }
    let what = "is not what the tests show now: run `cargo xtask conformance --write`";
    Err(Failure::new(format!("{DOCUMENT}: {what}")))
}

/// What is wrong with the list of requirements and with the tests that name them.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    let requirements = match Requirements::of(tree) {
        Ok(requirements) => requirements,
        Err(problem) => return vec![problem],
    };
    let (claims, mut problems) = claims::find(tree);
    let unknown = claims.iter().filter(|claim| !requirements.has(&claim.id));
    problems.extend(unknown.map(|claim| {
        let what = format!("there is no {} in {REQUIREMENTS}", claim.id);
        Problem::new(&claim.path, claim.line, what)
    }));
    problems.extend(requirements.problems(&claims));
    problems
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::places;
    use crate::tidy::tree::Tree;

    const ROWS: &str = "complete = true\n[[manual]]\ntitle = \"One\"\n[manual.rows]\nMTA-1 = \"a\"\nMTA-2 = \"b\"\n[manual.elsewhere]\nMTA-2 = \"c\"\n";

    #[track_caller]
    fn found(rows: &str, test: &str, expect: &[&str]) {
        let tree = Tree::of(&[("docs/requirements.toml", rows), ("a/tests/b.rs", test)]);
        assert_eq!(places(&check(&tree)), expect);
    }

    #[test]
    fn a_row_is_shown_by_a_test_or_elsewhere() {
        let test = "/// A test.\n/// Shows MTA-1.\n#[test]\nfn one() {}";
        found(ROWS, test, &[]);
        found(ROWS, "", &["docs/requirements.toml:5"]);
        let open = ROWS.replace("complete = true", "complete = false");
        found(&open, "", &[]);
    }

    #[test]
    fn a_row_that_is_not_in_the_list_is_found() {
        let test = "/// Shows MTA-1, MTA-9.\n#[test]\nfn one() {}";
        found(ROWS, test, &["a/tests/b.rs:1"]);
    }

    #[test]
    fn a_reason_for_a_row_that_is_none_is_found() {
        let rows = ROWS.replace("MTA-2 = \"c\"", "MTA-3 = \"c\"");
        let test = "/// Shows MTA-1, MTA-2.\n#[test]\nfn one() {}";
        found(&rows, test, &["docs/requirements.toml:8"]);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_found() {
        found("complete = 1", "", &["docs/requirements.toml:1"]);
        found(
            &ROWS.replace("MTA-1", "MTX-1"),
            "",
            &["docs/requirements.toml:5"],
        );
    }
}
