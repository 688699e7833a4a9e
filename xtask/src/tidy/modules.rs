//! A Rust file that no `mod` names is compiled and tested by nobody, and stays green for ever.

use std::collections::BTreeMap;

use super::Problem;
use super::source::{Token, tokens};
use super::tree::Tree;

/// Words that name what somebody could not find a name for.
const EMPTY_NAMES: [&str; 6] = ["Manager", "Handler", "Helper", "Helpers", "Util", "Utils"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (krate, files) in by_crate(tree) {
        let declared: Vec<String> = files
            .values()
            .flat_map(|tokens| declarations(tokens))
            .collect();
        for (path, tokens) in &files {
            if !is_root(krate, path) && !declared.iter().any(|name| name == module(path)) {
                let what = format!(
                    "no `mod {};` names this file: add it, or remove the file",
                    module(path)
                );
                problems.push(Problem::new(path, 0, what));
            }
            problems.extend(empty_names(path, tokens));
        }
    }
    problems
}

/// The Rust files of each crate.
fn by_crate(tree: &Tree) -> BTreeMap<&str, BTreeMap<&str, Vec<Token>>> {
    let mut crates: BTreeMap<&str, BTreeMap<&str, Vec<Token>>> = BTreeMap::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".rs")) {
        let inside = ["/src/", "/tests/", "/benches/", "/fuzz_targets/"];
        let krate = inside
            .iter()
            .find_map(|d| path.find(d))
            .map_or("", |at| &path[..at]);
        crates.entry(krate).or_default().insert(path, tokens(text));
    }
    crates
}

/// The names after `mod`.
fn declarations(tokens: &[Token]) -> Vec<String> {
    let pairs = tokens.windows(2).filter(|pair| pair[0].text == "mod");
    pairs.map(|pair| pair[1].text.clone()).collect()
}

/// Files that cargo itself finds.
fn is_root(krate: &str, path: &str) -> bool {
    let inside = path[krate.len()..].trim_start_matches('/');
    let parts: Vec<&str> = inside.split('/').collect();
    match parts[..] {
        [name] => name == "build.rs",
        ["src", name] => matches!(name, "lib.rs" | "main.rs"),
        ["src", "bin", _] | ["tests" | "benches" | "examples" | "fuzz_targets", _] => true,
        ["tests" | "benches", _, name] => name == "main.rs",
        _ => false,
    }
}

/// The module's name: the file's, or the directory's if it is a `mod.rs`.
fn module(path: &str) -> &str {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    stem.rsplit('/').next().unwrap_or(stem)
}

fn empty_names(path: &str, tokens: &[Token]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for pair in tokens.windows(2) {
        let introduces = matches!(
            pair[0].text.as_str(),
            "struct" | "enum" | "trait" | "mod" | "type"
        );
        let name = pair[1].text.as_str();
        let is_empty = |word: &str| name.ends_with(word) || name == word.to_lowercase();
        if introduces && EMPTY_NAMES.iter().any(|word| is_empty(word)) {
            let what =
                format!("`{name}` does not say what it is: take the field's own word for it");
            problems.push(Problem::new(path, pair[1].line, what));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::super::tree::Tree;
    use super::check;

    #[test]
    fn a_file_that_nobody_compiles_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "mod used;\n// mod forgotten;"),
            ("crates/a/src/used.rs", ""),
            ("crates/a/src/forgotten.rs", ""),
            ("crates/b/src/lib.rs", "mod forgotten;"),
            ("crates/b/src/forgotten.rs", ""),
        ]);
        assert_eq!(places(&check(&tree)), ["crates/a/src/forgotten.rs:0"]);
    }

    #[test]
    fn what_cargo_finds_needs_no_name() {
        let tree = Tree::of(&[
            ("crates/a/src/main.rs", ""),
            ("crates/a/tests/one.rs", "mod script;"),
            ("crates/a/tests/two/main.rs", "mod talk;"),
            ("crates/a/tests/two/talk/mod.rs", ""),
            ("crates/a/tests/one/script.rs", ""),
            ("crates/a/benches/append.rs", ""),
            ("fuzz/fuzz_targets/frame.rs", ""),
        ]);
        assert_eq!(places(&check(&tree)), [""; 0]);
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let tree = Tree::of(&[(
            "crates/a/src/lib.rs",
            "struct BindManager;\nmod utils {}\nstruct Managed;",
        )]);
        assert_eq!(
            places(&check(&tree)),
            ["crates/a/src/lib.rs:1", "crates/a/src/lib.rs:2"]
        );
    }
}
