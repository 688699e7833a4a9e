//! The document itself.

use std::fmt::Write as _;

use super::claims::Claim;
use super::rows::{Id, Manual, Requirements, Row};

const HEAD: &str = "\
# Conformance

What the manuals of four SMPP services ask of an SMPP server, row by row, and the tests that show it. Which manual counts for a
customer is chosen by `preset` in its section ([configuration.md](configuration.md)).

Made by `cargo xtask conformance --write` from [requirements.toml](requirements.toml) and from the tests; `cargo xtask lint`
fails when it is not what they say. `pass`: CI runs every test that is named here (`cargo xtask test`). `open`: nothing shows
it yet. Rows that no test of the server can show name what does.
";

/// `docs/conformance.md`.
pub(super) fn of(requirements: &Requirements, claims: &[Claim]) -> String {
    let mut document = HEAD.to_owned();
    let all = requirements.manuals.iter().flat_map(|manual| &manual.rows);
    let rows = all.clone().count();
    let open = all
        .clone()
        .filter(|(id, row)| row.is_open(id, claims))
        .count();
    let shown = all
        .filter(|(id, _)| shown_by(id, claims).next().is_some())
        .count();
    let elsewhere = rows - shown - open;
    let _ = write!(
        document,
        "\n{rows} rows: {shown} shown by tests, {elsewhere} shown elsewhere, {open} open.\n"
    );
    for manual in &requirements.manuals {
        section(&mut document, manual, claims);
    }
    document
}

fn section(document: &mut String, manual: &Manual, claims: &[Claim]) {
    let _ = write!(
        document,
        "\n## {}\n\n| row | what it asks | result | shown by |\n|---|---|---|---|\n",
        manual.title
    );
    for (id, row) in &manual.rows {
        let (result, shown) = verdict(id, row, claims);
        let _ = writeln!(document, "| {id} | {} | {result} | {shown} |", row.says);
    }
}

fn verdict(id: &Id, row: &Row, claims: &[Claim]) -> (&'static str, String) {
    let tests: Vec<String> = shown_by(id, claims).map(link).collect();
    match &row.elsewhere {
        _ if !tests.is_empty() => ("pass", tests.join("<br>")),
        Some(elsewhere) => ("elsewhere", elsewhere.clone()),
        None => ("open", String::new()),
    }
}

fn shown_by<'a>(id: &'a Id, claims: &'a [Claim]) -> impl Iterator<Item = &'a Claim> {
    claims.iter().filter(move |claim| claim.id == *id)
}

/// A test by its name, and the way to it from the document's directory.
fn link(claim: &Claim) -> String {
    format!("[{}](../{})", claim.test, claim.path)
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::conformance::claims;
    use crate::conformance::rows::Requirements;
    use crate::tidy::tree::Tree;

    #[test]
    fn every_row_has_its_result() {
        let rows = "complete = false\n[[manual]]\ntitle = \"One\"\n[manual.rows]\nMTA-2 = \"a\"\nMTA-10 = \"b\"\nMTA-3 = \"c\"\n[manual.elsewhere]\nMTA-3 = \"A page.\"\n";
        let test = "/// Shows MTA-2.\n#[test]\nfn one() {}\n/// Shows MTA-2.\n#[test]\nfn two() {}";
        let tree = Tree::of(&[("docs/requirements.toml", rows), ("a/b.rs", test)]);
        let requirements = Requirements::of(&tree).expect("it can be read");
        let document = of(&requirements, &claims::find(&tree).0);
        let (_, rest) = document.split_once("3 rows").expect("the count");
        assert_eq!(
            rest,
            ": 1 shown by tests, 1 shown elsewhere, 1 open.\n\n## One\n\n\
             | row | what it asks | result | shown by |\n|---|---|---|---|\n\
             | MTA-2 | a | pass | [one](../a/b.rs)<br>[two](../a/b.rs) |\n\
             | MTA-3 | c | elsewhere | A page. |\n\
             | MTA-10 | b | open |  |\n"
        );
    }
}
