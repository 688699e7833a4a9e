//! Which crate may use which: the arrows of the architecture, as a table.

use toml::{Table, Value};

use super::Problem;
use super::tree::Tree;

/// A crate, and what it may use.
struct Row {
    path: &'static str,
    /// Crates of this repository, in tests too.
    uses: &'static [&'static str],
    /// External crates outside of tests, for the crates where each one is a decision.
    external: Option<&'static [&'static str]>,
}

const EXTERNAL_MAX: usize = 3;

const TABLE: [Row; 9] = [
    row("crates/sms", &[], Some(&[])),
    row("crates/smpp", &["sms"], Some(&["bytes"])),
    row("crates/engine", &["sms"], Some(&[])),
    row("crates/peer", &["sms", "smpp", "engine"], Some(&["bytes"])),
    row("crates/journal", &["journal"], Some(&["crc32c", "rustix"])),
    row("crates/directory", &["sms", "smpp", "engine", "peer"], None),
    row(
        "crates/sim",
        &["sms", "smpp", "engine", "peer", "journal"],
        None,
    ),
    row(
        "crates/gateway",
        &["sms", "smpp", "engine", "peer", "journal", "directory"],
        None,
    ),
    row("xtask", &["sim"], None),
];

const fn row(
    path: &'static str,
    uses: &'static [&'static str],
    external: Option<&'static [&'static str]>,
) -> Row {
    Row {
        path,
        uses,
        external,
    }
}

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = unlisted(tree);
    for row in &TABLE {
        let path = format!("{}/Cargo.toml", row.path);
        let Some(text) = tree.text(&path) else {
            continue;
        };
        match text.parse::<Table>() {
            Ok(manifest) => problems.extend(arrows(&path, row, &manifest)),
            Err(error) => problems.push(Problem::new(&path, 0, error.to_string())),
        }
    }
    problems
}

/// Crates that the table does not know.
fn unlisted(tree: &Tree) -> Vec<Problem> {
    let manifests = tree.below("crates", "/Cargo.toml");
    let known = |path: &str| {
        TABLE
            .iter()
            .any(|row| path == format!("{}/Cargo.toml", row.path))
    };
    let what =
        "a new crate: add its row to the table in xtask/src/tidy/crates.rs and to ARCHITECTURE.md";
    let unknown = manifests.filter(|(path, _)| !known(path));
    unknown
        .map(|(path, _)| Problem::new(path, 0, what))
        .collect()
}

fn arrows(path: &str, row: &Row, manifest: &Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
        let Some(Value::Table(dependencies)) = manifest.get(section) else {
            continue;
        };
        for name in dependencies.keys() {
            let what = if is_ours(name) {
                (!row.uses.contains(&name.as_str())).then(|| {
                    format!("[{section}] names `{name}`, but no arrow leads there: see ARCHITECTURE.md, and move what needs it")
                })
            } else if section == "dev-dependencies" {
                None
            } else {
                let refused = row
                    .external
                    .is_some_and(|list| !list.contains(&name.as_str()));
                refused.then(|| {
                    format!(
                        "[{section}] names `{name}`: do without it, or add it to the row in xtask/src/tidy/crates.rs \
                         (at most {EXTERNAL_MAX}) with a decision in docs/decisions"
                    )
                })
            };
            problems.extend(what.map(|what| Problem::new(path, 0, what)));
        }
    }
    problems
}

fn is_ours(name: &str) -> bool {
    let last = |row: &Row| row.path.rsplit('/').next() == Some(name);
    TABLE.iter().any(last)
}

#[cfg(test)]
mod tests {
    use super::super::purity::CORE;
    use super::super::tree::Tree;
    use super::{EXTERNAL_MAX, TABLE, check};

    #[track_caller]
    fn planted(path: &str, manifest: &str, expect: &[&str]) {
        let problems = check(&Tree::of(&[(path, manifest)]));
        let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(all.len(), expect.len(), "{all:?}");
        for (problem, expect) in all.iter().zip(expect) {
            assert!(problem.contains(expect), "{problem}");
        }
    }

    #[test]
    fn the_engine_may_not_know_smpp_not_even_in_tests() {
        let path = "crates/engine/Cargo.toml";
        planted(path, "[dependencies]\nsmpp.workspace = true", &["`smpp`"]);
        planted(
            path,
            "[dev-dependencies]\nsmpp = { path = \"../smpp\" }",
            &["`smpp`"],
        );
        planted(path, "[dependencies]\nsms.workspace = true", &[]);
    }

    #[test]
    fn nobody_may_use_the_gateway() {
        planted(
            "crates/sim/Cargo.toml",
            "[dependencies]\ngateway = \"1\"",
            &["`gateway`"],
        );
    }

    #[test]
    fn an_external_crate_in_the_core_is_a_decision() {
        let path = "crates/smpp/Cargo.toml";
        planted(
            path,
            "[dependencies]\nbytes = \"1\"\nrand = \"1\"",
            &["`rand`"],
        );
        planted(path, "[dev-dependencies]\nrand = \"1\"", &[]);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        planted(
            "crates/new/Cargo.toml",
            "",
            &["crates/new/Cargo.toml: a new crate"],
        );
    }

    #[test]
    fn the_table_keeps_its_own_rule() {
        for row in &TABLE {
            let core = CORE.iter().any(|name| row.path == format!("crates/{name}"));
            assert!(
                !core || row.external.is_some_and(|list| list.len() <= EXTERNAL_MAX),
                "{}",
                row.path
            );
        }
    }
}
