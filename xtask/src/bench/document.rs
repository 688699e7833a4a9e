//! Figures in a document: each scenario has its place between two markers, and everything else stays as it is.

use std::path::Path;

use super::Entry;
use super::figure::table;
use crate::shell::Failure;

/// Writes one scenario's figures into its place.
pub(super) fn write(document: &Path, entry: &Entry) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("{}: {error}", document.display()));
    let text = std::fs::read_to_string(document).map_err(failed)?;
    let written = replaced(&text, entry.name, &body(entry)).ok_or_else(|| {
        let [begin, end] = markers(entry.name);
        Failure::new(format!(
            "{} has no place for figures: a line {begin} and a line {end}",
            document.display()
        ))
    })?;
    std::fs::write(document, written).map_err(failed)
}

fn body(entry: &Entry) -> String {
    let mut text = format!("`{}`\n\n{}", entry.command, table(&entry.findings.figures));
    for note in &entry.findings.notes {
        text += &format!("\n* {note}");
    }
    if !entry.findings.notes.is_empty() {
        text.push('\n');
    }
    text += &format!("\nMeasured on {}.\n", entry.machine);
    text
}

fn markers(name: &str) -> [String; 2] {
    [
        format!("<!-- figures: {name} -->"),
        "<!-- end of figures -->".to_owned(),
    ]
}

/// The text with another body between the markers of `name`; none if they are not there.
fn replaced(text: &str, name: &str, body: &str) -> Option<String> {
    let [begin, end] = markers(name);
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{body}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
head
<!-- figures: a -->
old a
<!-- end of figures -->
between
<!-- figures: b -->
<!-- end of figures -->
foot";

    #[test]
    fn only_what_stands_between_its_own_markers_is_replaced() {
        let once = replaced(TEXT, "b", "new b\n").expect("it has a place");
        let twice = replaced(&once, "a", "new a\n").expect("it has a place");
        assert_eq!(
            twice,
            "head\n<!-- figures: a -->\nnew a\n<!-- end of figures -->\nbetween\n\
             <!-- figures: b -->\nnew b\n<!-- end of figures -->\nfoot"
        );
        assert_eq!(replaced(&twice, "a", "new a\n"), Some(twice.clone()));
    }

    #[test]
    fn a_scenario_without_a_place_is_told_apart() {
        assert_eq!(replaced(TEXT, "c", "x"), None);
        assert_eq!(replaced("<!-- figures: c -->", "c", "x"), None);
    }
}
