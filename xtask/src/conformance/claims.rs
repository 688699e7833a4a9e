//! What tests say that they show: `/// Shows MTA-31, BUL-45.` above a `#[test]`, `# Shows MTA-94.` above the title of a
//! conversation.

use super::rows::Id;
use crate::tidy::Problem;
use crate::tidy::tree::Tree;

/// Ignored tests are run by `cargo xtask test` if they are in this module, and by nobody elsewhere.
const IGNORED_BUT_RUN: &str = "crates/gateway/tests/serve/interop";

/// One test that shows one row.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Claim {
    pub(super) id: Id,
    pub(super) path: String,
    /// The test's name, or the title of the conversation.
    pub(super) test: String,
    /// Where it says so.
    pub(super) line: usize,
}

/// All claims of all tests, and what is wrong with how they are made.
pub(super) fn find(tree: &Tree) -> (Vec<Claim>, Vec<Problem>) {
    let mut claims = Vec::new();
    let mut problems = Vec::new();
    for (path, text) in tree.files() {
        let found = match path.rsplit('.').next() {
            Some("rs") => claimed(path, text, "/// Shows ", rust_test),
            Some("txt") if path.contains("/tests/") => {
                claimed(path, text, "# Shows ", conversation)
            }
            _ => continue,
        };
        claims.extend(found.0);
        problems.extend(found.1);
    }
    claims.sort();
    (claims, problems)
}

/// The test that a claim stands above: its name, or what is wrong. Given the path and the lines that follow.
type Test = fn(&str, &[&str]) -> Result<String, &'static str>;

fn claimed(path: &str, text: &str, marker: &str, test: Test) -> (Vec<Claim>, Vec<Problem>) {
    let mut claims = Vec::new();
    let mut problems = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(words) = line.strip_prefix(marker).filter(|words| names_a_row(words)) else {
            continue;
        };
        let found = ids(words).and_then(|ids| Ok((ids, test(path, &lines[at + 1..])?)));
        match found {
            Ok((ids, test)) => claims.extend(ids.into_iter().map(|id| Claim {
                id,
                path: path.to_owned(),
                test: test.clone(),
                line: at + 1,
            })),
            Err(what) => problems.push(Problem::new(path, at + 1, what)),
        }
    }
    (claims, problems)
}

/// Other sentences begin with this word as well.
fn names_a_row(words: &str) -> bool {
    let first = words.split([' ', ',', '.']).next();
    first.is_some_and(|first| first.parse::<Id>().is_ok())
}

fn ids(words: &str) -> Result<Vec<Id>, &'static str> {
    let form = "write `Shows MTA-31, BUL-45.`: names, commas, a full stop, on one line";
    let names = words.strip_suffix('.').ok_or(form)?;
    let ids = names.split(", ").map(str::parse);
    ids.collect::<Result<_, ()>>().map_err(|()| form)
}

/// Between a claim and the function there are comments and attributes, one of which makes it a test.
fn rust_test(path: &str, lines: &[&str]) -> Result<String, &'static str> {
    let is_between = |line: &&&str| line.starts_with("//") || line.starts_with("#[");
    let between: Vec<&str> = lines.iter().take_while(is_between).copied().collect();
    let has = |attribute: &str| between.iter().any(|line| line.starts_with(attribute));
    if !has("#[test]") && !has("#[tokio::test") {
        return Err("does not stand above a test");
    }
    if has("#[ignore") && !path.starts_with(IGNORED_BUT_RUN) {
        return Err("the test is ignored, so it shows nothing");
    }
    let function = lines.get(between.len()).copied().unwrap_or_default();
    let signature = function.strip_prefix("async ").unwrap_or(function);
    let name = signature
        .strip_prefix("fn ")
        .and_then(|rest| rest.split('(').next());
    name.map(str::to_owned).ok_or("does not stand above a test")
}

fn conversation(_: &str, lines: &[&str]) -> Result<String, &'static str> {
    let title = lines.first().and_then(|line| line.strip_prefix("== "));
    title
        .map(str::to_owned)
        .ok_or("does not stand above the title of a conversation")
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::tidy::places;
    use crate::tidy::tree::Tree;

    #[track_caller]
    fn check(path: &str, text: &str, shown: &[&str], wrong: &[usize]) {
        let (claims, problems) = find(&Tree::of(&[(path, text)]));
        let claims = claims
            .iter()
            .map(|claim| format!("{} {}", claim.id, claim.test));
        assert_eq!(claims.collect::<Vec<_>>(), shown);
        let wrong: Vec<_> = wrong.iter().map(|line| format!("{path}:{line}")).collect();
        assert_eq!(places(&problems), wrong);
    }

    #[test]
    fn tests_say_what_they_show() {
        let text = "/// Shows MTA-2, BUL-F3.\n#[test]\n#[expect(x)]\nfn one() {}\n\n/// More.\n///\n/// Shows MTA-1.\n/// Shows MTA-9.\n#[tokio::test]\nasync fn two(x in y) {}\n";
        let shown = ["BUL-F3 one", "MTA-1 two", "MTA-2 one", "MTA-9 two"];
        check("a/src/b.rs", text, &shown, &[]);
    }

    #[test]
    fn what_is_no_claim_is_passed_over() {
        check("a/src/b.rs", "/// Shows what came.\nfn show() {}", &[], &[]);
        check("a/notes.txt", "# Shows MTA-1.", &[], &[]);
    }

    #[test]
    fn claims_of_another_form_and_of_no_test_are_found() {
        let text = [
            "/// Shows MTA-1\n#[test]\nfn a() {}",
            "/// Shows MTA-1 and MTA-2.\n#[test]\nfn b() {}",
            "/// Shows MTA-1.\nfn c() {}",
            "/// Shows MTA-1.\n\n#[test]\nfn d() {}",
        ];
        check("a/src/b.rs", &text.join("\n"), &[], &[1, 4, 7, 9]);
    }

    #[test]
    fn an_ignored_test_shows_something_only_if_it_is_run() {
        let text = "/// Shows MTA-1.\n#[test]\n#[ignore = \"needs a thing\"]\nfn one() {}";
        check("crates/gateway/tests/serve/life.rs", text, &[], &[1]);
        let run = "crates/gateway/tests/serve/interop/vendors.rs";
        check(run, text, &["MTA-1 one"], &[]);
    }

    #[test]
    fn conversations_say_what_they_show() {
        let text = "# Shows MTA-94.\n== A length that cannot be\nbound esme\n# Shows MTA-95.\nbound esme\n";
        let shown = ["MTA-94 A length that cannot be"];
        check("a/tests/conversations/b.txt", text, &shown, &[4]);
    }
}
