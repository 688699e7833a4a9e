//! The core is a value: no async, thread, clock or I/O in it. Clippy bans the types (`clippy-core.toml`); what is a keyword
//! or a module is found here.

use super::Problem;
use super::source::{Token, paths};
use super::tree::Tree;

/// The crates that the simulator must be able to run a whole day of in a second.
pub(super) const CORE: [&str; 4] = ["sms", "smpp", "engine", "peer"];

/// What no core crate may name, and what to do instead.
const FORBIDDEN: [(&str, &str); 8] = [
    ("std::env", "take what it says as an argument"),
    ("std::fs", "let the caller read it and pass the octets"),
    (
        "std::io",
        "take and give octets; sockets and files are the gateway's",
    ),
    (
        "std::net",
        "addresses and sockets are the gateway's; pass what they mean",
    ),
    ("std::os", "the operating system is the gateway's"),
    (
        "std::process",
        "return an error; the gateway decides whether to stop",
    ),
    ("std::thread", "the caller chooses the thread"),
    (
        "std::sync",
        "one writer owns the state; only Arc may be shared",
    ),
];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in CORE {
        let directory = format!("crates/{name}/src");
        for (path, tokens) in tree.rust(&directory) {
            problems.extend(keywords(path, &tokens));
            problems.extend(modules(path, &tokens));
        }
        problems.extend(clippy(tree, name));
    }
    problems
}

fn keywords<'a>(path: &'a str, tokens: &'a [Token]) -> impl Iterator<Item = Problem> + 'a {
    let found = tokens
        .iter()
        .filter(|t| t.text == "async" || t.text == "await");
    found.map(move |token| {
        let what = format!(
            "`{}` in the core: make it a call with the time as an argument",
            token.text
        );
        Problem::new(path, token.line, what)
    })
}

fn modules(path: &str, tokens: &[Token]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (line, found) in paths(tokens, "std") {
        let forbidden = FORBIDDEN.iter().find(|(name, _)| {
            let rest = found.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        });
        let allowed = found.starts_with("std::sync::Arc") || found == "std::sync::Weak";
        if let Some((name, instead)) = forbidden.filter(|_| !allowed) {
            problems.push(Problem::new(
                path,
                line,
                format!("`{name}` in the core: {instead}"),
            ));
        }
    }
    problems
}

/// Clippy reads the nearest `clippy.toml`: each core crate has the bans of the core there.
fn clippy(tree: &Tree, name: &str) -> Option<Problem> {
    let path = format!("crates/{name}/clippy.toml");
    let bans = tree.text("clippy-core.toml");
    let same = bans.is_some() && tree.text(&path) == bans;
    let what =
        "must be a link to ../../clippy-core.toml, where clippy finds what the core may not use";
    (!same).then(|| Problem::new(&path, 0, what))
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::super::tree::Tree;
    use super::{CORE, check};

    /// A tree with one file of a core crate and the bans in place.
    fn planted(text: &str) -> Vec<String> {
        let bans: Vec<_> = CORE
            .iter()
            .map(|c| format!("crates/{c}/clippy.toml"))
            .collect();
        let mut files = vec![
            ("clippy-core.toml", "x"),
            ("crates/engine/src/lib.rs", text),
        ];
        files.extend(bans.iter().map(|path| (path.as_str(), "x")));
        places(&check(&Tree::of(&files)))
    }

    #[test]
    fn async_is_found() {
        let lines = planted("fn a() {}\nasync fn b() { c().await }");
        assert_eq!(lines, ["crates/engine/src/lib.rs:2"; 2]);
    }

    #[test]
    fn every_forbidden_module_is_found() {
        for module in ["env", "fs", "io", "net", "os", "process", "thread"] {
            let plain = planted(&format!("use std::{module}::X;"));
            assert_eq!(plain, ["crates/engine/src/lib.rs:1"], "{module}");
            let grouped = planted(&format!("use std::{{\n fmt,\n {module},\n}};"));
            assert_eq!(grouped, ["crates/engine/src/lib.rs:3"], "{module}");
        }
        assert_eq!(planted("let x = std::sync::Mutex::new(1);").len(), 1);
    }

    #[test]
    fn words_that_only_look_alike_are_not() {
        let text = "// async, std::fs\nuse std::sync::Arc;\nuse std::time::Duration;\nlet asynchronous = \"await\";";
        assert!(planted(text).is_empty());
    }

    #[test]
    fn a_core_crate_without_bans_is_found() {
        let problems = check(&Tree::of(&[("clippy-core.toml", "x")]));
        assert_eq!(places(&problems).len(), CORE.len());
    }
}
