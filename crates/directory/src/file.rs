//! From the text of configuration files to [`Settings`]: syntax, sections, and the merging of one file over another.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeTable;

use crate::form::Item;
use crate::problem::Reader;
use crate::section::{
    ConnectorSettings, CustomerSettings, GatewaySettings, ListenerSettings, Named, NumberSettings,
    RouteSettings, Settings, TopupSettings, Written,
};
use crate::table::{self, Rows, Section, as_table};

/// Reads the file called `name` over what `settings` hold: sections of the same name replace, `[gateway]` key by key. Paths in it
/// are relative to `directory`.
pub(crate) fn read(
    settings: &mut Settings,
    name: &str,
    text: &str,
    directory: &Path,
    reader: &mut Reader,
) {
    reader.begin(name, text);
    let before = reader.complaints();
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        reader.set_unparsed();
        let span = error.span().unwrap_or(0..0);
        let what = format!(
            "this is not TOML: {}",
            error.message().lines().next().unwrap_or("").trim()
        );
        reader.complain(&span, what, "correct the syntax");
    }
    let syntax = reader.lines_from(before);
    let after_syntax = reader.complaints();
    sections(settings, document.get_ref(), directory, reader);
    // What the parser made of a broken line would only be complained of again.
    reader.forget_on_lines(after_syntax, &syntax);
}

fn sections(
    settings: &mut Settings,
    document: &DeTable<'_>,
    directory: &Path,
    reader: &mut Reader,
) {
    for (key, item) in document {
        match key.get_ref().as_ref() {
            GatewaySettings::KEY => gateway(&mut settings.gateway, item, reader),
            ListenerSettings::KEY => named(&mut settings.listeners, item, directory, reader),
            CustomerSettings::KEY => named(&mut settings.customers, item, directory, reader),
            ConnectorSettings::KEY => named(&mut settings.connectors, item, directory, reader),
            RouteSettings::KEY => named(&mut settings.routes, item, directory, reader),
            NumberSettings::KEY => named(&mut settings.numbers, item, directory, reader),
            TopupSettings::KEY => named(&mut settings.topups, item, directory, reader),
            unknown => {
                let known = [
                    "connector",
                    "customer",
                    "gateway",
                    "listener",
                    "number",
                    "route",
                    "topup",
                ];
                let what = format!("{unknown} is no section");
                reader.complain(&key.span(), what, table::nearest(unknown, &known));
            }
        }
    }
}

fn gateway(settings: &mut GatewaySettings, item: &Item<'_>, reader: &mut Reader) {
    let Some(table) = as_table(item) else {
        reader.complain(&item.span(), "gateway is not a section", "write [gateway]");
        return;
    };
    Rows::new().read(settings, table, &item.span(), reader);
    let journal = settings.gateway.journal;
    if journal.disk_scarce_bytes >= journal.disk_low_bytes {
        let key = if table.contains_key("disk_scarce") {
            "disk_scarce"
        } else {
            "disk_low"
        };
        let span = table
            .get(key)
            .map_or_else(|| item.span(), |value| value.span());
        reader.complain(
            &span,
            "disk_scarce is not less than disk_low",
            "make it less",
        );
    }
}

/// Reads all sections of one kind and puts them over those of the same name.
fn named<T: Named>(all: &mut Vec<T>, item: &Item<'_>, directory: &Path, reader: &mut Reader) {
    let Some(items) = item.get_ref().as_array() else {
        let what = format!("{} is not a list of sections", T::KEY);
        reader.complain(&item.span(), what, format!("write {}", T::title()));
        return;
    };
    let rows = Rows::new();
    let presets = T::presets();
    let mut fresh: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        let Some(table) = as_table(item) else {
            let what = format!("an element of {} is not a section", T::KEY);
            reader.complain(&item.span(), what, format!("write {}", T::title()));
            continue;
        };
        let mut section = beginning(table, &presets);
        rows.read(&mut section, table, &item.span(), reader);
        section.settle(
            &Written {
                table,
                header: item.span(),
                directory,
            },
            reader,
        );
        fresh.push(section);
    }
    complain_of_twins(&fresh, reader);
    put_over(all, fresh);
}

/// What a section is before its own keys count: the preset that it names, or the defaults.
fn beginning<T: Named>(table: &DeTable<'_>, presets: &[(String, T)]) -> T {
    let named = table.get("preset").and_then(|item| item.get_ref().as_str());
    let preset = presets
        .iter()
        .find(|(name, _)| Some(name.as_str()) == named);
    preset.map_or_else(T::default, |(_, preset)| preset.clone())
}

/// Puts `fresh` behind `all`, or in the place of what has the same name.
///
/// Nameless ones were complained of, and stay so that nobody is told that what they stand for is missing.
fn put_over<T: Named>(all: &mut Vec<T>, fresh: Vec<T>) {
    let named = all.iter().enumerate();
    let mut places: BTreeMap<String, usize> = named
        .map(|(n, section)| (section.name().value.clone(), n))
        .collect();
    for section in fresh {
        let name = section.name().value.clone();
        match places.get(&name).filter(|_| !name.is_empty()) {
            Some(&place) => all[place] = section,
            None => {
                places.insert(name, all.len());
                all.push(section);
            }
        }
    }
}

/// Complains of names that stand twice in one file, where the second would silently replace the first.
fn complain_of_twins<T: Named>(sections: &[T], reader: &mut Reader) {
    let mut seen: BTreeMap<&str, &T> = BTreeMap::new();
    for section in sections
        .iter()
        .filter(|section| !section.name().value.is_empty())
    {
        let name = section.name();
        if let Some(first) = seen.insert(&name.value, section) {
            let what = format!(
                "{} {:?} stands at {} already",
                T::title(),
                name.value,
                reader.name(first.name().place)
            );
            reader.complain_at(name.place, what, format!("give another {}", T::NAME));
        }
    }
}
