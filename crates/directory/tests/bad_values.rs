//! Every setting refuses what does not fit, and says what would: the cases and what is said are in `bad_values.txt`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use directory::Directory;

/// A case a line, `SECTION.KEY = VALUE` (`\n` for a new line), and indented under it what is said: `LINE:COLUMN: MESSAGE`.
const CASES: &str = include_str!("bad_values.txt");

/// A configuration in which nothing is wrong.
const SOUND: [(&str, &[(&str, &str)]); 7] = [
    ("gateway", &[]),
    (
        "listener",
        &[
            ("name", "\"l\""),
            ("kind", "\"smpp\""),
            ("addr", "\"127.0.0.1:0\""),
        ],
    ),
    ("customer", &[("name", "\"a\""), ("password", "\"secret\"")]),
    (
        "connector",
        &[
            ("name", "\"c\""),
            ("hosts", "\"smsc.example:2775\""),
            ("system_id", "\"us\""),
            ("password", "\"secret\""),
        ],
    ),
    ("route", &[("name", "\"r\""), ("targets", "[\"c\"]")]),
    ("number", &[("number", "\"12345\""), ("customer", "\"a\"")]),
    (
        "topup",
        &[("id", "1"), ("customer", "\"a\""), ("amount", "10")],
    ),
];

/// The sound configuration with one value in it, on line 2.
fn document(section: &str, key: &str, value: &str) -> String {
    let title = |section: &str| {
        if section == "gateway" {
            format!("[{section}]")
        } else {
            format!("[[{section}]]")
        }
    };
    let mut text = format!("{}\n{key} = {value}\n", title(section));
    let (first, others): (Vec<_>, Vec<_>) = SOUND.iter().partition(|(name, _)| *name == section);
    for &(name, rows) in first.into_iter().chain(others) {
        if name != section {
            let _ = writeln!(text, "{}", title(name));
        }
        // A password in a file or a variable stands instead of one in the text.
        let replaced = |other: &str| {
            name == section
                && (key == other
                    || ["password_file", "password_env"].contains(&key) && other == "password")
        };
        for (other, value) in rows.iter().filter(|(other, _)| !replaced(other)) {
            let _ = writeln!(text, "{other} = {value}");
        }
    }
    text
}

/// What is said of one case, a line each.
fn said(case: &str) -> Vec<String> {
    let (place, value) = case
        .split_once(" = ")
        .expect("a case is SECTION.KEY = VALUE");
    let (section, key) = place.split_once('.').expect("a case names its section");
    let value = value.replace("\\n", "\n");
    match Directory::parse("f", &document(section, key, &value)) {
        Ok(_) => vec!["nothing".to_owned()],
        Err(problems) => problems
            .iter()
            .map(|problem| problem.to_string()[2..].to_owned())
            .collect(),
    }
}

#[test]
fn the_sound_configuration_is_sound() {
    let text = document("gateway", "drain_timeout", "\"9s\"");
    Directory::parse("f", &text).unwrap_or_else(|problems| panic!("{problems}"));
}

/// Shows MOB-15, MOB-21, MOB-29.
#[test]
fn every_value_that_does_not_fit_is_told_what_would() {
    let mut actual = String::new();
    for case in CASES.lines().filter(|line| !line.starts_with(' ')) {
        let _ = writeln!(actual, "{case}");
        if case.is_empty() || case.starts_with('#') {
            continue;
        }
        for line in said(case) {
            let _ = writeln!(actual, "    {line}");
        }
    }
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad_values.txt");
        std::fs::write(path, &actual).expect("the file of cases can be written");
        return;
    }
    for (expected, actual) in CASES.lines().zip(actual.lines()) {
        assert_eq!(expected, actual);
    }
    assert_eq!(CASES.lines().count(), actual.lines().count());
}

/// Every setting, as `SECTION.KEY`, and what its value may be.
fn settings() -> Vec<(String, String)> {
    let reference = directory::reference();
    let mut section = String::new();
    let mut settings = Vec::new();
    for line in reference.lines() {
        if let Some(title) = line.strip_prefix("### `") {
            section = title.trim_matches(['[', ']', '`']).to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let mut columns = row.split(" | ");
            let key = columns.next().unwrap_or_default().trim_end_matches('`');
            let value = columns.next().unwrap_or_default();
            settings.push((format!("{section}.{key}"), value.to_owned()));
        }
    }
    assert!(settings.len() > 100, "{settings:?}");
    settings
}

#[test]
fn every_setting_has_a_value_that_does_not_fit() {
    let settings = settings().into_iter().map(|(place, _)| place);
    let settings: BTreeSet<String> = settings.collect();
    let cases = CASES.lines().filter_map(|line| line.split_once(" = "));
    let covered: BTreeSet<String> = cases.map(|(place, _)| place.to_owned()).collect();
    let missing: Vec<&String> = settings.difference(&covered).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Values of every kind, and of which settings they are one: those of which this is said.
const KINDS: [(&str, &[&str]); 9] = [
    ("true", &["true or false"]),
    ("-9000000000", &[]),
    ("9223372036854775807", &["a whole number of at least 1"]),
    ("1.5", &["a number such as"]),
    ("1979-05-27", &[]),
    ("[[]]", &[]),
    ("{ nonesuch = [] }", &[]),
    ("\"no\\u0007such\\u0007value\"", &["the path of"]),
    ("\"\"", &["a text of 0 to"]),
];

#[test]
fn every_setting_refuses_values_of_every_other_kind_and_says_where() {
    for (place, expected) in settings() {
        let key = place.split_once('.').expect("it has a section").1;
        for (value, fits) in KINDS {
            let said = said(&format!("{place} = {value}"));
            if fits.iter().any(|kind| expected.contains(kind)) {
                continue;
            }
            let column = format!("2:{}: ", key.len() + 4);
            let told = said.iter().any(|line| {
                // Of a list or a table the place is that of the element.
                let here = line.starts_with(&column) || value.starts_with(['[', '{']);
                let (what, change) = line.split_once("; ").unwrap_or_default();
                here && line.starts_with("2:") && what.contains(key) && !change.is_empty()
            });
            assert!(told, "{place} = {value}: {said:?}");
        }
    }
}
