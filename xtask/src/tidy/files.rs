//! What each file owes its reader: a size that can be read, a first sentence, and tests that do not sleep.

use super::Problem;
use super::source::tokens;
use super::tree::Tree;

const LINES_MAX: usize = 800;

/// Files that are one idea and longer, and why they are.
const LONG: [(&str, &str); 0] = [];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = stale(tree, &LONG);
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".rs")) {
        problems.extend(too_long(path, text, &LONG));
        problems.extend(silent(path, text));
        problems.extend(sleepy(path, text));
    }
    problems
}

fn too_long(path: &str, text: &str, allowed: &[(&str, &str)]) -> Option<Problem> {
    let lines = text.lines().count();
    let is_allowed = allowed.iter().any(|(file, _)| *file == path);
    let what = format!(
        "{lines} lines are more than {LINES_MAX}: split it by idea, or name the one idea in xtask/src/tidy/files.rs"
    );
    (lines > LINES_MAX && !is_allowed).then(|| Problem::new(path, 0, what))
}

/// Files that need their exception no more.
fn stale(tree: &Tree, allowed: &[(&str, &str)]) -> Vec<Problem> {
    let is_long = |path: &str| {
        tree.text(path)
            .is_some_and(|t| t.lines().count() > LINES_MAX)
    };
    let stale = allowed.iter().filter(|(path, _)| !is_long(path));
    let what =
        "is allowed to be long but is not: remove it from the list in xtask/src/tidy/files.rs";
    stale.map(|(path, _)| Problem::new(path, 0, what)).collect()
}

fn silent(path: &str, text: &str) -> Option<Problem> {
    let first = text
        .lines()
        .find(|line| !line.starts_with("#![") && !line.is_empty());
    let speaks = first.is_some_and(|line| line.starts_with("//! "));
    let what = "has no `//!` in its first line: say in a sentence what a reader finds here";
    (!speaks).then(|| Problem::new(path, 1, what))
}

/// In a test a sleep is too short on a busy machine and too long on a good one.
fn sleepy(path: &str, text: &str) -> Vec<Problem> {
    let tokens = tokens(text);
    let in_tests = path.contains("/tests/") || path.ends_with("/tests.rs");
    let marker = ["#", "[", "cfg", "(", "test", ")", "]"];
    let starts = |window: &[super::source::Token]| window.iter().map(|t| &t.text).eq(marker);
    let from = if in_tests {
        Some(0)
    } else {
        tokens.windows(marker.len()).position(starts)
    };
    let tail = from.map_or(&[][..], |from| &tokens[from..]);
    // A method of that name is a world's own time, which passes at once.
    let calls = tail.windows(3).filter(|three| {
        !matches!(three[0].text.as_str(), "." | "fn")
            && three[1].text == "sleep"
            && three[2].text == "("
    });
    let what = "a test sleeps: wait for what it waits for, with a limit on the wait";
    calls
        .map(|three| Problem::new(path, three[1].line, what))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::super::tree::Tree;
    use super::{LINES_MAX, check, sleepy, stale, too_long};

    #[test]
    fn a_long_file_is_found_unless_it_has_a_reason() {
        let long = "//! x\n".repeat(LINES_MAX + 1);
        assert!(too_long("a.rs", &long, &[]).is_some());
        assert!(too_long("a.rs", &long, &[("a.rs", "one idea")]).is_none());
        assert!(too_long("a.rs", &"x\n".repeat(LINES_MAX), &[]).is_none());
    }

    #[test]
    fn a_reason_that_is_needed_no_more_is_found() {
        let tree = Tree::of(&[("a.rs", "//! short")]);
        let found = stale(&tree, &[("a.rs", "one idea"), ("gone.rs", "one idea")]);
        assert_eq!(places(&found), ["a.rs:0", "gone.rs:0"]);
    }

    #[test]
    fn a_file_without_a_first_sentence_is_found() {
        let files = [
            ("a.rs", "use x;"),
            ("b.rs", "#![no_main]\n//! It speaks."),
            ("c.rs", ""),
        ];
        let problems = check(&Tree::of(&files));
        let found = places(&problems);
        assert!(found.contains(&"a.rs:1".to_owned()) && found.contains(&"c.rs:1".to_owned()));
        assert!(!found.contains(&"b.rs:1".to_owned()));
    }

    #[test]
    fn a_test_that_sleeps_is_found() {
        let text = "fn f() { sleep(x) }\n#[cfg(test)]\nmod tests {\n thread::sleep(x);\n world.sleep(x);\n}";
        assert_eq!(
            places(&sleepy("crates/a/src/b.rs", text)),
            ["crates/a/src/b.rs:4"]
        );
        assert_eq!(places(&sleepy("crates/a/tests/b.rs", text)).len(), 2);
    }
}
