//! A section of the configuration as a list of its settings: one row says everything about a setting, and reading, defaults,
//! documentation and comparison all come from the row.

use core::ops::Range;
use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::form::{Form, Item};
use crate::problem::Reader;
use crate::section;

/// When a changed setting counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// At once, for everything that comes after.
    AtOnce,
    /// For connections and binds made from then on; those that stand keep what they have.
    NewBinds,
    /// The connector's binds are ended in good order and made anew.
    Reconnect,
    /// Only when the process starts again.
    Restart,
}

impl Effect {
    /// As the manual says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Effect::AtOnce => "at once",
            Effect::NewBinds => "new binds",
            Effect::Reconnect => "reconnect",
            Effect::Restart => "restart",
        }
    }
}

/// One setting of the section that is read into a `T`.
pub(crate) struct Setting<T> {
    pub(crate) key: &'static str,
    pub(crate) about: &'static str,
    pub(crate) effect: Effect,
    pub(crate) required: bool,
    spot: Box<dyn Spot<T>>,
}

/// A setting with its place in `T` and its form, whatever its type.
trait Spot<T> {
    fn expects(&self) -> String;
    fn read(&self, into: &mut T, key: &str, item: &Item<'_>, reader: &mut Reader);
    fn write(&self, from: &T) -> String;
    fn same(&self, one: &T, other: &T) -> bool;
}

struct Lens<T, V, F> {
    form: F,
    get: fn(&T) -> &V,
    place: fn(&mut T) -> &mut V,
}

impl<T, V: PartialEq, F: Form<V>> Spot<T> for Lens<T, V, F> {
    fn expects(&self) -> String {
        self.form.expects()
    }

    fn read(&self, into: &mut T, key: &str, item: &Item<'_>, reader: &mut Reader) {
        if let Some(value) = self.form.read(key, item, reader) {
            *(self.place)(into) = value;
        }
    }

    fn write(&self, from: &T) -> String {
        self.form.write((self.get)(from))
    }

    fn same(&self, one: &T, other: &T) -> bool {
        (self.get)(one) == (self.get)(other)
    }
}

/// The way to a value in `T`, to look at it and to change it.
type Access<T, V> = (fn(&T) -> &V, fn(&mut T) -> &mut V);

impl<T: 'static> Setting<T> {
    pub(crate) fn new<V: PartialEq + 'static, F: Form<V> + 'static>(
        key: &'static str,
        form: F,
        (get, place): Access<T, V>,
        effect: Effect,
        about: &'static str,
    ) -> Setting<T> {
        let spot = Box::new(Lens { form, get, place });
        Setting {
            key,
            about,
            effect,
            required: false,
            spot,
        }
    }

    /// The same setting, which cannot be left out.
    pub(crate) fn required(mut self) -> Setting<T> {
        self.required = true;
        self
    }

    /// What may be written.
    pub(crate) fn expects(&self) -> String {
        self.spot.expects()
    }

    /// The value in `from`, as it would be written; empty if there is none.
    pub(crate) fn write(&self, from: &T) -> String {
        self.spot.write(from)
    }
}

/// One row of a section: key, place in the struct, form, when a change counts, what it is.
macro_rules! setting {
    ($key:literal, $($place:tt).+, $form:expr, $effect:ident, $about:literal, required) => {
        $crate::table::Setting::required(setting!($key, $($place).+, $form, $effect, $about))
    };
    ($key:literal, $($place:tt).+, $form:expr, $effect:ident, $about:literal $(,)?) => {
        $crate::table::Setting::new(
            $key,
            $form,
            (|from| &from.$($place).+, |into| &mut into.$($place).+),
            $crate::table::Effect::$effect,
            $about,
        )
    };
}
pub(crate) use setting;

/// What the sections have in common.
pub(crate) trait Section: Default + 'static {
    /// The key of the section in the file.
    const KEY: &'static str;
    /// Whether it may stand several times, as `[[KEY]]`.
    const MANY: bool;
    /// What it is, for the manual.
    const ABOUT: &'static str;

    /// All settings of it.
    fn settings() -> Vec<Setting<Self>>;

    /// The section as it is spoken of.
    fn title() -> String {
        if Self::MANY {
            format!("[[{}]]", Self::KEY)
        } else {
            format!("[{}]", Self::KEY)
        }
    }
}

/// The rows of a section, made once for all sections of the kind.
pub(crate) struct Rows<T>(Vec<Setting<T>>);

impl<T: Section> Rows<T> {
    pub(crate) fn new() -> Rows<T> {
        Rows(T::settings())
    }

    /// Fills `into` from a table. Complains of unknown and missing keys and of values that do not fit.
    pub(crate) fn read(
        &self,
        into: &mut T,
        table: &DeTable<'_>,
        header: &Range<usize>,
        reader: &mut Reader,
    ) {
        self.fill(into, table, reader);
        for setting in self.0.iter().filter(|setting| setting.required) {
            if !table.contains_key(setting.key) {
                let what = format!("{} has no {}", T::title(), setting.key);
                let change = format!("add {}: {}", setting.key, setting.expects());
                reader.complain(header, what, change);
            }
        }
    }

    /// Fills `into` from a table that need not be whole. Complains of unknown keys and of values that do not fit.
    pub(crate) fn fill(&self, into: &mut T, table: &DeTable<'_>, reader: &mut Reader) {
        for (key, item) in table {
            match self.0.iter().find(|setting| setting.key == key.get_ref()) {
                Some(setting) => setting.spot.read(into, setting.key, item, reader),
                None => unknown_key(&self.0, key, reader),
            }
        }
    }

    /// The keys whose values differ.
    pub(crate) fn changed(&self, one: &T, other: &T) -> Vec<(&'static str, Effect)> {
        let differing = self
            .0
            .iter()
            .filter(|setting| !setting.spot.same(one, other));
        differing
            .map(|setting| (setting.key, setting.effect))
            .collect()
    }
}

fn unknown_key<T: Section>(
    settings: &[Setting<T>],
    key: &Spanned<Cow<'_, str>>,
    reader: &mut Reader,
) {
    let known: Vec<&str> = settings.iter().map(|setting| setting.key).collect();
    let what = format!("{} is no key of {}", key.get_ref(), T::title());
    let homes = section::homes(key.get_ref());
    let change = match meant(key.get_ref(), &known) {
        Some(word) => format!("did you mean {word}?"),
        None if homes.is_empty() => nearest(key.get_ref(), &known),
        None => format!("it belongs to {}", homes.join(" or ")),
    };
    reader.complain(&key.span(), what, change);
}

/// What to change when `wrong` is none of `known`: the one that was meant, or all of them, as many as a person reads.
pub fn nearest(wrong: &str, known: &[&str]) -> String {
    match meant(wrong, known) {
        Some(word) => format!("did you mean {word}?"),
        None => format!("use one of {}", listed(known)),
    }
}

/// What goes by several names, here and elsewhere.
const ALSO_CALLED: [&[&str]; 3] = [
    &["rate", "tps", "throughput"],
    &["hosts", "host", "addr", "address", "listen", "bind_address"],
    &["customer", "esme", "account", "client", "user"],
];

/// The word that was probably meant by `wrong`.
fn meant<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |word: &&str| strsim::damerau_levenshtein(wrong, word);
    let nearest = known.iter().copied().min_by_key(distance)?;
    if distance(&nearest) <= (nearest.len() / 3).max(1) {
        return Some(nearest);
    }
    let names = ALSO_CALLED
        .into_iter()
        .find(|names| names.contains(&wrong))?;
    known.iter().copied().find(|word| names.contains(word))
}

/// The words, cut to what a person reads.
fn listed(words: &[&str]) -> String {
    const SHOWN: usize = 60;
    let mut words = words.to_vec();
    words.sort_unstable();
    let more = words.len().saturating_sub(SHOWN);
    words.truncate(SHOWN);
    let list = words.join(", ");
    if more == 0 {
        list
    } else {
        format!("{list} and {more} more")
    }
}

/// The table that `item` is.
pub(crate) fn as_table<'a, 'b>(item: &'a Item<'b>) -> Option<&'a DeTable<'b>> {
    match item.get_ref() {
        DeValue::Table(table) => Some(table),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_) => None,
    }
}
