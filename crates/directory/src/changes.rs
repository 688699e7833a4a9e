//! What a reload would change.

use core::fmt;
use std::collections::BTreeMap;

use crate::section::{ConnectorSettings, GatewaySettings, Named};
use crate::snapshot::Directory;
use crate::table::{Effect, Rows, Section};

/// What differs between two snapshots.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes(Vec<Change>);

/// One section that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Its section, such as `customer`.
    pub section: &'static str,
    /// Its name; empty for `gateway`.
    pub name: String,
    /// What became of it.
    pub kind: Kind,
    /// What it takes until all of it counts.
    pub effect: Effect,
}

/// What became of a section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// These keys have other values.
    Changed(Vec<&'static str>),
    /// It is a payment that does not count: it was counted as it was, or its customer has one of this greater number.
    Void(u64),
}

impl Directory {
    /// What differs in `new`. Customers, connectors, routes, numbers and top-ups count without a restart, whatever is added, removed or
    /// changed; listeners do not, their certificates excepted. Removed customers and connectors keep what waits for them.
    pub fn changes_to(&self, new: &Directory) -> Changes {
        let (old, new) = (&self.settings, &new.settings);
        let mut changes = Vec::new();
        let keys = Rows::new().changed(&old.gateway, &new.gateway);
        push_changed(&mut changes, GatewaySettings::KEY, "", keys);
        compare(
            &mut changes,
            &old.listeners,
            &new.listeners,
            Effect::Restart,
        );
        compare(&mut changes, &old.customers, &new.customers, Effect::AtOnce);
        compare(
            &mut changes,
            &old.connectors,
            &new.connectors,
            Effect::AtOnce,
        );
        compare(&mut changes, &old.routes, &new.routes, Effect::AtOnce);
        compare(&mut changes, &old.numbers, &new.numbers, Effect::AtOnce);
        let before = changes.len();
        compare(&mut changes, &old.topups, &new.topups, Effect::AtOnce);
        for change in &mut changes[before..] {
            let topup = new.topups.iter().find(|new| new.id.value == change.name);
            if let Some(greatest) = topup.and_then(|topup| topup.overtaken_by(&old.topups)) {
                change.kind = Kind::Void(greatest);
            }
        }
        Changes(changes)
    }
}

/// Compares the sections of one kind; `whole` is the effect of one that comes or goes.
fn compare<T: Named>(changes: &mut Vec<Change>, old: &[T], new: &[T], whole: Effect) {
    let by_name = |all: &'_ [T]| -> BTreeMap<String, usize> {
        all.iter()
            .enumerate()
            .map(|(n, section)| (section.name().value.clone(), n))
            .collect()
    };
    let rows = Rows::new();
    let (before, after) = (by_name(old), by_name(new));
    for (name, &n) in &before {
        match after.get(name) {
            Some(&m) => {
                let mut keys = rows.changed(&old[n], &new[m]);
                let outside = old[n].changed_outside(&new[m]);
                keys.extend(outside.filter(|(key, _)| keys.iter().all(|(known, _)| known != key)));
                push_changed(changes, T::KEY, name, keys);
            }
            None => push(changes, T::KEY, name, Kind::Removed, whole),
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        push(changes, T::KEY, name, Kind::Added, whole);
    }
}

fn push_changed(
    changes: &mut Vec<Change>,
    section: &'static str,
    name: &str,
    keys: Vec<(&'static str, Effect)>,
) {
    if let Some(effect) = keys.iter().map(|(_, effect)| *effect).max() {
        let keys = keys.into_iter().map(|(key, _)| key).collect();
        push(changes, section, name, Kind::Changed(keys), effect);
    }
}

fn push(changes: &mut Vec<Change>, section: &'static str, name: &str, kind: Kind, effect: Effect) {
    changes.push(Change {
        section,
        name: name.to_owned(),
        kind,
        effect,
    });
}

impl Changes {
    /// The sections that differ: gateway, listeners, customers, connectors, routes, numbers, top-ups.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.0.iter()
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes that do not count before the process starts again. All others can be applied while it runs.
    pub fn need_restart(&self) -> impl Iterator<Item = &Change> {
        self.iter()
            .filter(|change| change.effect == Effect::Restart)
    }

    /// The names of the connectors whose binds are to be ended and made anew.
    pub fn reconnect(&self) -> impl Iterator<Item = &str> {
        let connectors = self
            .iter()
            .filter(|change| change.section == ConnectorSettings::KEY);
        connectors
            .filter(|change| change.effect == Effect::Reconnect)
            .map(|change| change.name.as_str())
    }
}

impl fmt::Display for Changes {
    /// One line for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, change) in self.iter().enumerate() {
            let separator = if n == 0 { "" } else { "\n" };
            write!(f, "{separator}{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    /// As in `customer acme: rate, window changed (new binds)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change {
            section,
            name,
            kind,
            effect,
        } = self;
        let space = if name.is_empty() { "" } else { " " };
        write!(f, "{section}{space}{name}: ")?;
        match kind {
            Kind::Added => write!(f, "added")?,
            Kind::Removed => write!(f, "removed")?,
            Kind::Changed(keys) => write!(f, "{} changed", keys.join(", "))?,
            Kind::Void(greatest) => {
                return write!(
                    f,
                    "does not count: its customer has topup {greatest} already, so a new one needs a number greater than that"
                );
            }
        }
        write!(f, " ({})", effect.word())
    }
}
