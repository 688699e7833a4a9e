//! The presets: named sets of customer settings, which are data (`presets.toml`) and read by the rows of `[[customer]]`.

use core::fmt::Write as _;

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeTable;

use crate::form::{Form, Item, either, misfit, quoted};
use crate::problem::{Problems, Reader};
use crate::section::CustomerSettings;
use crate::table::{Rows, Section as _, as_table};

/// The name of a table as it stands in the file.
type Key<'a> = Spanned<Cow<'a, str>>;

/// What the presets are.
const PRESETS: &str = include_str!("../presets.toml");

/// The preset of a customer that names none.
pub(crate) const DEFAULT: &str = "default";

/// What every preset leaves to the customer's own section: who it is.
const OF_THE_CUSTOMER: [&str; 10] = [
    "name",
    "id",
    "preset",
    "system_id",
    "password",
    "password_file",
    "password_env",
    "outbind",
    "outbind_system_id",
    "outbind_password",
];

/// The name of a preset.
pub(crate) struct PresetName {
    known: Vec<String>,
}

/// The name of any preset that there is.
pub(crate) fn preset_name() -> PresetName {
    let document = DeTable::parse_recoverable(PRESETS).0.into_inner();
    let names = in_order(&document).map(|(name, _)| name.get_ref().to_string());
    PresetName {
        known: names.collect(),
    }
}

impl Form<String> for PresetName {
    fn expects(&self) -> String {
        either(&self.known.iter().map(quoted).collect::<Vec<String>>())
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<String> {
        let text = item.get_ref().as_str();
        let known = self.known.iter().find(|name| Some(name.as_str()) == text);
        known.cloned().or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &String) -> String {
        quoted(value)
    }
}

/// Every preset with the customer that it makes of an empty section, in the order of `presets.toml`.
pub(crate) fn all() -> Vec<(String, CustomerSettings)> {
    read(PRESETS).unwrap_or_else(|problems| panic!("a test reads presets.toml: {problems}"))
}

/// All customer settings with their value in every preset, as a table in Markdown. What differs from `default` is in bold.
pub fn presets() -> String {
    let presets = all();
    let mut out = String::from("| key |");
    for (name, _) in &presets {
        let _ = write!(out, " {name} |");
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(presets.len()));
    let plain = CustomerSettings::default();
    let settings = CustomerSettings::settings();
    for setting in settings
        .iter()
        .filter(|setting| !OF_THE_CUSTOMER.contains(&setting.key))
    {
        let _ = write!(out, "| `{}` |", setting.key);
        for (_, preset) in &presets {
            let value = setting.write(preset);
            let bold = if value == setting.write(&plain) {
                ""
            } else {
                "**"
            };
            let _ = write!(out, " {bold}`{value}`{bold} |");
        }
        out.push('\n');
    }
    out
}

/// Reads presets, or says all that is wrong with them.
fn read(text: &str) -> Result<Vec<(String, CustomerSettings)>, Problems> {
    let mut reader = Reader::default();
    reader.begin("presets.toml", text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        reader.complain(
            &error.span().unwrap_or(0..0),
            error.message(),
            "correct the syntax",
        );
    }
    let rows = Rows::new();
    let mut presets = Vec::new();
    for (name, item) in in_order(document.get_ref()) {
        let mut preset = CustomerSettings::default();
        match as_table(item) {
            Some(table) => {
                rows.fill(&mut preset, table, &mut reader);
                complain_of_identity(table, &mut reader);
            }
            None => reader.complain(&item.span(), "this is no preset", "write it as a table"),
        }
        preset.preset = name.get_ref().to_string();
        presets.push((preset.preset.clone(), preset));
    }
    if reader.complained() {
        return Err(reader.finish());
    }
    Ok(presets)
}

/// The tables as they stand in the file.
fn in_order<'a, 'b>(
    document: &'a DeTable<'b>,
) -> impl Iterator<Item = (&'a Key<'b>, &'a Item<'b>)> {
    let mut tables: Vec<_> = document.iter().collect();
    tables.sort_by_key(|(name, _)| name.span().start);
    tables.into_iter()
}

fn complain_of_identity(table: &DeTable<'_>, reader: &mut Reader) {
    for (key, _) in table {
        if OF_THE_CUSTOMER.contains(&key.get_ref().as_ref()) {
            let what = format!("{} says who a customer is", key.get_ref());
            reader.complain(&key.span(), what, "leave it to the customer's section");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_sound_and_begins_a_customer() {
        let presets = read(PRESETS).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(presets[0].0, DEFAULT);
        for (name, _) in &presets {
            let customer =
                format!("[[customer]]\nname = 'a'\npassword = 'secret'\npreset = '{name}'");
            let listener = "[[listener]]\nname = 'l'\nkind = 'smpp'\naddr = '127.0.0.1:0'";
            crate::Directory::parse("f", &format!("{customer}\n{listener}"))
                .unwrap_or_else(|problems| panic!("{name}: {problems}"));
        }
    }

    #[test]
    fn the_preset_default_is_the_default_of_every_setting() {
        let presets = all();
        let differing = Rows::new().changed(&presets[0].1, &CustomerSettings::default());
        assert_eq!(differing, []);
    }

    #[test]
    fn a_customers_own_section_stands_over_its_preset_wherever_the_key_is_written() {
        let text = "[[customer]]\nname = 'a'\npassword = 'secret'\nrate_per_bind = 30\npreset = 'mobivate'\nwindow = 20\n";
        let listener = "[[listener]]\nname = 'l'\nkind = 'smpp'\naddr = '127.0.0.1:0'";
        let directory = crate::Directory::parse("f", &format!("{text}{listener}"))
            .unwrap_or_else(|problems| panic!("{problems}"));
        let customer = &directory.settings.customers[0];
        assert_eq!(customer.rules.rate_per_bind, Some(30));
        assert_eq!(customer.account.session.window_in, 20);
        assert_eq!(customer.rules.binds_max, 3, "the preset's own");
    }

    #[test]
    fn what_is_wrong_in_a_preset_is_told_with_its_place() {
        let text = "[odd]\nwindow = 0\nname = 'x'\ncolour = 'red'\n";
        let problems = read(text).err().expect("three things are wrong");
        let lines: Vec<u32> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 4], "{problems}");
    }
}
