//! Words that would tie the repository to one machine or one registry.

use super::Problem;
use super::tree::Tree;

/// In pieces, so that this file does not hold them.
const FORBIDDEN: [(&str, &str); 12] = [
    (concat!("crates", ".io"), REGISTRY),
    (concat!("docs", ".rs"), REGISTRY),
    (concat!("npmjs", ".org"), REGISTRY),
    (concat!("npmjs", ".com"), REGISTRY),
    (concat!("pypi", ".org"), REGISTRY),
    (concat!("python", "hosted.org"), REGISTRY),
    (concat!("deb.", "debian.org"), REGISTRY),
    (concat!("/ro", "ot/"), MACHINE),
    (concat!("/ho", "me/"), MACHINE),
    (concat!("/Us", "ers/"), MACHINE),
    (concat!("/wo", "rk/"), MACHINE),
    (concat!("C:", "\\"), MACHINE),
];

const REGISTRY: &str =
    "names a registry: name the package alone, whoever builds has a mirror of their own";
const MACHINE: &str = "is a path of one machine: make it relative, or take it as an argument";

/// What cargo itself writes.
const WRITTEN_BY_TOOLS: &str = "Cargo.lock";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let ours = |path: &str| path.rsplit('/').next() != Some(WRITTEN_BY_TOOLS);
    for (path, text) in tree.files().filter(|(path, _)| ours(path)) {
        for (number, line) in (1..).zip(text.lines()) {
            for (word, why) in FORBIDDEN.iter().filter(|(word, _)| line.contains(word)) {
                problems.push(Problem::new(path, number, format!("`{word}` {why}")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::super::tree::Tree;
    use super::{FORBIDDEN, check};

    #[test]
    fn every_word_is_found_wherever_it_stands() {
        for (word, _) in FORBIDDEN {
            let text = format!("first line\nsee {word}x");
            let tree = Tree::of(&[("a/b.toml", &text), ("a/Cargo.lock", &text)]);
            assert_eq!(places(&check(&tree)), ["a/b.toml:2"], "{word}");
        }
    }
}
