//! What the checks look at: the repository's files as text.

use std::collections::BTreeMap;
use std::fs;

use super::source::{self, Token};
use crate::shell::{self, Failure};

/// The files of the repository by their path from its root. Files that are not text are there with no text.
#[derive(Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// The files that are in git or would be added to it.
    pub(crate) fn load() -> Result<Tree, Failure> {
        // The clone may belong to somebody else than who runs this.
        let list = [
            "-c",
            "safe.directory=*",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = shell::output(shell::program("git").args(list))?;
        let mut files = BTreeMap::new();
        for path in listed.lines() {
            // A file that was removed but not yet committed is still listed.
            if let Ok(octets) = fs::read(shell::root().join(path)) {
                let text = String::from_utf8(octets).unwrap_or_default();
                files.insert(path.to_owned(), text);
            }
        }
        Ok(Tree { files })
    }

    /// A tree of these files, to plant violations in.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let own = |&(path, text): &(&str, &str)| (path.to_owned(), text.to_owned());
        Tree {
            files: files.iter().map(own).collect(),
        }
    }

    /// All files: path and text.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter();
        files.map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files below a directory whose name ends with `end`.
    pub(crate) fn below<'a>(
        &'a self,
        directory: &'a str,
        end: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let inside = move |path: &str| {
            let rest = path.strip_prefix(directory);
            rest.is_some_and(|rest| rest.starts_with('/')) && path.ends_with(end)
        };
        self.files().filter(move |(path, _)| inside(path))
    }

    /// The Rust files below a directory, as words and signs.
    pub(super) fn rust<'a>(
        &'a self,
        directory: &'a str,
    ) -> impl Iterator<Item = (&'a str, Vec<Token>)> {
        let files = self.below(directory, ".rs");
        files.map(|(path, text)| (path, source::tokens(text)))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is such a file or directory.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let next = self.files.range(below.clone()..).next();
        path.is_empty()
            || self.files.contains_key(path)
            || next.is_some_and(|(path, _)| path.starts_with(&below))
    }
}
