//! A table from keys of one kind to values of one form: `{ 0x45 = "temporary" }`.

use super::{Form, Item, misfit};
use crate::problem::Reader;
use crate::table;

/// What the keys of a table are.
pub(crate) struct Keys<K: 'static> {
    /// What one is, to follow "is no".
    pub(crate) called: &'static str,
    /// What one may be, to follow "give".
    pub(crate) expects: &'static str,
    /// One that stands for the others in an example.
    pub(crate) example: &'static str,
    /// Reads one; none: it is not one.
    pub(crate) read: fn(&str) -> Option<K>,
    /// Writes one as it stands in a file.
    pub(crate) write: fn(&K) -> String,
}

/// A table from keys to values, at most [`Pairs::MOST`] of them.
pub(crate) struct Pairs<K: 'static, F> {
    keys: Keys<K>,
    form: F,
}

/// A table from `keys` to values of `form`.
pub(crate) fn pairs<K, F>(keys: Keys<K>, form: F) -> Pairs<K, F> {
    Pairs { keys, form }
}

impl<K, F> Pairs<K, F> {
    /// Each is looked at for each message that it may be about.
    const MOST: usize = 1000;
}

impl<K, V, F: Form<V>> Form<Vec<(K, V)>> for Pairs<K, F> {
    fn expects(&self) -> String {
        let (example, values) = (self.keys.example, self.form.expects());
        format!("a table such as {{ {example} }}, each {values}")
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Vec<(K, V)>> {
        let Some(table) = table::as_table(item) else {
            return misfit(self, key, item, reader);
        };
        if table.len() > Self::MOST {
            let what = format!("{key} has {} rows", table.len());
            reader.complain(&item.span(), what, format!("give at most {}", Self::MOST));
            return None;
        }
        let rows: Vec<_> = table
            .iter()
            .map(|(name, value)| {
                let read = (self.keys.read)(name.get_ref());
                if read.is_none() {
                    let what = format!("{} in {key} is no {}", name.get_ref(), self.keys.called);
                    reader.complain(&name.span(), what, format!("give {}", self.keys.expects));
                }
                let label = format!("{} in {key}", name.get_ref());
                read.zip(self.form.read(&label, value, reader))
            })
            .collect();
        rows.into_iter().collect()
    }

    fn write(&self, rows: &Vec<(K, V)>) -> String {
        if rows.is_empty() {
            return "{}".to_owned();
        }
        let rows: Vec<String> = rows
            .iter()
            .map(|(key, value)| format!("{} = {}", (self.keys.write)(key), self.form.write(value)))
            .collect();
        format!("{{ {} }}", rows.join(", "))
    }
}
