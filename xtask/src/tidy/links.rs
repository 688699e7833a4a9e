//! Links lead somewhere: those of Markdown files, and every `docs/` path that any file names.

use super::Problem;
use super::tree::Tree;

/// This file, whose tests hold broken links.
const PLANTED: &str = "xtask/src/tidy/links.rs";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| *path != PLANTED) {
        for (number, line) in (1..).zip(text.lines()) {
            let mut broken = mentions(tree, line);
            if path.ends_with(".md") {
                broken.extend(links(tree, path, line));
            }
            broken.dedup();
            for target in broken {
                let what = format!("`{target}` does not exist: name what does, or write it");
                problems.push(Problem::new(path, number, what));
            }
        }
    }
    problems.extend(decisions(tree));
    problems
}

/// Paths below `docs/` that are named and not there.
fn mentions(tree: &Tree, line: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (at, _) in line.match_indices("docs/") {
        let before = line[..at].chars().next_back();
        let own = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
        if before.is_some_and(own) {
            continue;
        }
        let rest = &line[at..];
        let end = rest.find(|c| !own(c)).unwrap_or(rest.len());
        let path = rest[..end].trim_end_matches(['.', '/']);
        let is_pattern = path.contains("NNNN") || rest[end..].starts_with(['*', '<', '{']);
        if !is_pattern && !tree.holds(path) {
            broken.push(path.to_owned());
        }
    }
    broken
}

/// Targets of Markdown links that are relative and not there.
fn links(tree: &Tree, file: &str, line: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (at, _) in line.match_indices("](") {
        let Some((target, _)) = line[at + 2..].split_once(')') else {
            continue;
        };
        let path = target.split('#').next().unwrap_or_default();
        if !path.is_empty() && !path.contains("://") && !tree.holds(&resolve(file, path)) {
            broken.push(path.to_owned());
        }
    }
    broken
}

/// The path from the root of what `file` calls `path`.
fn resolve(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Decisions are found by their number, so each number is there once.
fn decisions(tree: &Tree) -> Vec<Problem> {
    let directory = "docs/decisions";
    let mut problems = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (path, text) in tree.below(directory, ".md") {
        let name = &path[directory.len() + 1..];
        let number = name.split('-').next().unwrap_or_default();
        let is_number = number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit());
        if !is_number || seen.contains(&number) {
            let what = "a decision is named NNNN-title.md, with a number of its own";
            problems.push(Problem::new(path, 0, what));
        }
        if text.lines().count() > 40 {
            let what =
                "a decision has at most 40 lines: context, choice, cost, when to look at it again";
            problems.push(Problem::new(path, 0, what));
        }
        seen.push(number);
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::super::tree::Tree;
    use super::check;

    #[test]
    fn a_link_to_nothing_is_found() {
        let tree = Tree::of(&[
            (
                "README.md",
                "[a](docs/there.md) [b](docs/gone.md)\n[c](other.md#x) [d](#here) [e](https://x.org/y)",
            ),
            (
                "docs/there.md",
                "[up](../README.md) [gone](../gone.md)\n[dir](../docs)",
            ),
        ]);
        assert_eq!(
            places(&check(&tree)),
            ["README.md:1", "README.md:2", "docs/there.md:1"]
        );
    }

    #[test]
    fn a_path_in_the_code_that_is_not_there_is_found() {
        let text = "//! See `docs/there.md`.\n//! See docs/gone.md.\n// docs/decisions/NNNN-title.md, target/docs/x.md";
        let tree = Tree::of(&[("crates/a/src/lib.rs", text), ("docs/there.md", "")]);
        assert_eq!(places(&check(&tree)), ["crates/a/src/lib.rs:2"]);
    }

    #[test]
    fn a_decision_that_cannot_be_found_by_its_number_is_found() {
        let long = "x\n".repeat(41);
        let tree = Tree::of(&[
            ("docs/decisions/0001-one.md", "x"),
            ("docs/decisions/0001-two.md", "x"),
            ("docs/decisions/0002-long.md", &long),
            ("docs/decisions/three.md", "x"),
        ]);
        let expect =
            ["0001-two", "0002-long", "three"].map(|name| format!("docs/decisions/{name}.md:0"));
        assert_eq!(places(&check(&tree)), expect);
    }
}
