//! The forms that values of the configuration have: how each is read, how it is written, and what is said when it does not fit.

mod amount;
mod pairs;

use core::fmt::Display;
use core::ops::RangeInclusive;
use core::str::FromStr;
use core::time::Duration;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use crate::problem::{At, Reader};
use crate::unit;

pub(crate) use amount::amount;
pub use amount::decimal;
pub(crate) use pairs::{Keys, Pairs, pairs};

/// A value as it stands in a file.
pub(crate) type Item<'a> = Spanned<DeValue<'a>>;

/// One form of a value. Reading complains by itself, as `KEY is FOUND; give EXPECTED`.
pub(crate) trait Form<V> {
    /// What may be written, to follow "give".
    fn expects(&self) -> String;
    /// The value, or nothing after a complaint.
    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<V>;
    /// The value as it would be written in a file.
    fn write(&self, value: &V) -> String;
}

/// What stands there instead of what was expected.
pub(crate) fn found(item: &Item<'_>) -> String {
    match item.get_ref() {
        DeValue::String(text) if text.chars().count() > 40 => {
            let start: String = text.chars().take(37).collect();
            format!("the text {start:?}..")
        }
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Complains that `key` is what stands there, and says what the form expects.
pub(crate) fn misfit<V>(
    form: &impl Form<V>,
    key: &str,
    item: &Item<'_>,
    reader: &mut Reader,
) -> Option<V> {
    let what = format!("{key} is {}", found(item));
    reader.complain(&item.span(), what, format!("give {}", form.expects()));
    None
}

fn text<'a>(item: &'a Item<'_>) -> Option<&'a str> {
    item.get_ref().as_str()
}

pub(crate) fn quoted(text: impl Display) -> String {
    format!("{:?}", text.to_string())
}

/// The words joined as `a, b or c`.
pub(crate) fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// `true` or `false`.
pub(crate) struct Flag;

impl Form<bool> for Flag {
    fn expects(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<bool> {
        item.get_ref()
            .as_bool()
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// A whole number within a range.
pub(crate) struct Whole<N>(RangeInclusive<N>);

/// A whole number from `range`.
pub(crate) fn whole<N>(range: RangeInclusive<N>) -> Whole<N> {
    Whole(range)
}

impl<N: Copy + Display + PartialOrd + TryFrom<i128>> Form<N> for Whole<N> {
    fn expects(&self) -> String {
        format!(
            "a whole number from {} to {}",
            grouped(self.0.start()),
            grouped(self.0.end())
        )
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<N> {
        let number = item.get_ref().as_integer();
        number
            .and_then(|number| i128::from_str_radix(number.as_str(), number.radix()).ok())
            .and_then(|number| N::try_from(number).ok())
            .filter(|number| self.0.contains(number))
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &N) -> String {
        grouped(value)
    }
}

/// A number with its digits in threes once there are five, as files may have it.
fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let threes = digits.as_bytes().rchunks(3).rev();
    let threes: Vec<_> = threes.map(String::from_utf8_lossy).collect();
    threes.join("_")
}

/// A length of time within a range, as text with its unit.
pub(crate) struct Time(RangeInclusive<Duration>);

/// A time from `least` to `most`, both as they would be written in a file.
pub(crate) fn time(least: &str, most: &str) -> Time {
    let bound =
        |text| unit::duration(text).expect("the bounds of a setting are written in our own source");
    Time(bound(least)..=bound(most))
}

impl Form<Duration> for Time {
    fn expects(&self) -> String {
        let (least, most) = (
            unit::write_duration(*self.0.start()),
            unit::write_duration(*self.0.end()),
        );
        format!("a time with its unit from \"{least}\" to \"{most}\"")
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Duration> {
        text(item)
            .and_then(unit::duration)
            .filter(|time| self.0.contains(time))
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &Duration) -> String {
        quoted(unit::write_duration(*value))
    }
}

/// A number of octets within a range, as text with its unit.
pub(crate) struct Size(RangeInclusive<u64>);

/// A size from `least` to `most`, both as they would be written in a file.
pub(crate) fn size(least: &str, most: &str) -> Size {
    let bound =
        |text| unit::size(text).expect("the bounds of a setting are written in our own source");
    Size(bound(least)..=bound(most))
}

impl<N: Copy + TryFrom<u64> + TryInto<u64>> Form<N> for Size {
    fn expects(&self) -> String {
        let (least, most) = (
            unit::write_size(*self.0.start()),
            unit::write_size(*self.0.end()),
        );
        format!("a size with its unit from \"{least}\" to \"{most}\"")
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<N> {
        text(item)
            .and_then(unit::size)
            .filter(|size| self.0.contains(size))
            .and_then(|size| N::try_from(size).ok())
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &N) -> String {
        quoted(unit::write_size((*value).try_into().unwrap_or(u64::MAX)))
    }
}

/// One word of several.
pub(crate) struct Choice<V: 'static>(&'static [(&'static str, V)]);

/// One of `words`, each with what it means.
pub(crate) fn choice<V>(words: &'static [(&'static str, V)]) -> Choice<V> {
    Choice(words)
}

impl<V: Clone + PartialEq> Form<V> for Choice<V> {
    fn expects(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(word, _)| quoted(word)).collect();
        either(&words)
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<V> {
        let known = text(item).and_then(|text| self.0.iter().find(|(word, _)| *word == text));
        known
            .map(|(_, value)| value.clone())
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &V) -> String {
        let known = self.0.iter().find(|(_, known)| known == value);
        quoted(known.map_or("?", |(word, _)| word))
    }
}

/// Text with limits on its length and its characters.
pub(crate) struct Text {
    octets: RangeInclusive<usize>,
    characters: Characters,
}

/// Which characters a text may have.
#[derive(Clone, Copy)]
pub(crate) enum Characters {
    /// Anything but control characters.
    Printable,
    /// Letters, digits, `-`, `_` and `.`: what names are made of.
    Name,
    /// Printable ASCII: what SMPP fields are made of.
    Ascii,
    /// Printable ASCII without blanks.
    Word,
    /// Decimal digits.
    Digits,
}

/// Text of as many octets as `octets` says.
pub(crate) fn octets(octets: RangeInclusive<usize>, characters: Characters) -> Text {
    Text { octets, characters }
}

/// The name of a section: what its other name is replaced by, and what messages call it.
pub(crate) fn name() -> Text {
    octets(1..=64, Characters::Name)
}

impl Characters {
    fn allow(self, c: char) -> bool {
        match self {
            Characters::Printable => !c.is_control(),
            Characters::Name => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
            Characters::Ascii => (' '..='~').contains(&c),
            Characters::Word => c.is_ascii_graphic(),
            Characters::Digits => c.is_ascii_digit(),
        }
    }

    fn called(self) -> &'static str {
        match self {
            Characters::Printable => "octets without control characters",
            Characters::Name => "ASCII letters, digits, '-', '_' or '.'",
            Characters::Ascii => "printable ASCII characters",
            Characters::Word => "printable ASCII characters without blanks",
            Characters::Digits => "digits",
        }
    }
}

impl Form<String> for Text {
    fn expects(&self) -> String {
        let (least, most) = (self.octets.start(), self.octets.end());
        format!("a text of {least} to {most} {}", self.characters.called())
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<String> {
        text(item)
            .filter(|text| self.octets.contains(&text.len()))
            .filter(|text| text.chars().all(|c| self.characters.allow(c)))
            .map(str::to_owned)
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &String) -> String {
        quoted(value)
    }
}

impl Form<Vec<u8>> for Text {
    fn expects(&self) -> String {
        Form::<String>::expects(self)
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Vec<u8>> {
        Form::<String>::read(self, key, item, reader).map(String::into_bytes)
    }

    fn write(&self, value: &Vec<u8>) -> String {
        quoted(String::from_utf8_lossy(value))
    }
}

/// The path of a file or directory.
pub(crate) struct Place;

impl Form<PathBuf> for Place {
    fn expects(&self) -> String {
        "the path of a file or directory".to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<PathBuf> {
        text(item)
            .filter(|text| !text.is_empty() && !text.contains('\0'))
            .map(PathBuf::from)
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &PathBuf) -> String {
        quoted(value.display())
    }
}

/// Text that a type of its own parses.
pub(crate) struct Parsed(&'static str);

/// Text that the type parses; `called` says what it is, to follow "give".
pub(crate) fn parsed(called: &'static str) -> Parsed {
    Parsed(called)
}

impl<V: FromStr + Display> Form<V> for Parsed {
    fn expects(&self) -> String {
        self.0.to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<V> {
        text(item)
            .and_then(|text| text.parse().ok())
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &V) -> String {
        quoted(value)
    }
}

/// A value that need not be: none is written as a word, and is what stands where the key is missing and no default says otherwise.
pub(crate) struct Optional<F>(&'static str, F);

/// `form`, or `word` for none.
pub(crate) fn or_none<F>(word: &'static str, form: F) -> Optional<F> {
    Optional(word, form)
}

impl<V, F: Form<V>> Form<Option<V>> for Optional<F> {
    fn expects(&self) -> String {
        format!("{}, or \"{}\"", self.1.expects(), self.0)
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Option<V>> {
        if text(item) == Some(self.0) {
            return Some(None);
        }
        let before = reader.complaints();
        let value = self.1.read(key, item, reader);
        if value.is_none() {
            reader.amend(before, |change| format!("{change}, or \"{}\"", self.0));
        }
        value.map(Some)
    }

    fn write(&self, value: &Option<V>) -> String {
        value
            .as_ref()
            .map_or_else(|| quoted(self.0), |value| self.1.write(value))
    }
}

/// A list.
pub(crate) struct List<F> {
    form: F,
    lengths: RangeInclusive<usize>,
}

/// A list of as many values as `lengths` says.
pub(crate) fn list<F>(lengths: RangeInclusive<usize>, form: F) -> List<F> {
    List { form, lengths }
}

impl<V, F: Form<V>> Form<Vec<V>> for List<F> {
    fn expects(&self) -> String {
        let (least, most) = (self.lengths.start(), self.lengths.end());
        format!("a list of {least} to {most}, each {}", self.form.expects())
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Vec<V>> {
        let Some(items) = item.get_ref().as_array() else {
            return misfit(self, key, item, reader);
        };
        if !self.lengths.contains(&items.len()) {
            let what = format!("{key} is a list of {}", items.len());
            reader.complain(&item.span(), what, format!("give {}", self.expects()));
            return None;
        }
        let element = format!("an element of {key}");
        let values: Vec<Option<V>> = items
            .iter()
            .map(|item| self.form.read(&element, item, reader))
            .collect();
        values.into_iter().collect()
    }

    fn write(&self, values: &Vec<V>) -> String {
        let values: Vec<String> = values.iter().map(|value| self.form.write(value)).collect();
        format!("[{}]", values.join(", "))
    }
}

/// A list, where a single value may stand without the brackets.
pub(crate) struct Several<F>(List<F>);

/// One value of `form`, or a list of up to `most`.
pub(crate) fn several<F>(most: usize, form: F) -> Several<F> {
    Several(list(1..=most, form))
}

impl<V, F: Form<V>> Form<Vec<V>> for Several<F> {
    fn expects(&self) -> String {
        format!(
            "{}, or a list of up to {}",
            self.0.form.expects(),
            self.0.lengths.end()
        )
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Vec<V>> {
        if item.get_ref().is_array() {
            return self.0.read(key, item, reader);
        }
        self.0.form.read(key, item, reader).map(|value| vec![value])
    }

    fn write(&self, values: &Vec<V>) -> String {
        if values.is_empty() {
            return String::new(); // Cannot be written: it stands for what is not given.
        }
        self.0.write(values)
    }
}

/// Any form, with the place where the value stands.
pub(crate) struct Located<F>(F);

/// `form`, with its place.
pub(crate) fn at<F>(form: F) -> Located<F> {
    Located(form)
}

impl<V, F: Form<V>> Form<At<V>> for Located<F> {
    fn expects(&self) -> String {
        self.0.expects()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<At<V>> {
        let place = reader.place(&item.span());
        let value = self.0.read(key, item, reader)?;
        Some(At { value, place })
    }

    fn write(&self, value: &At<V>) -> String {
        self.0.write(&value.value)
    }
}

/// A value that another key of the same section may give instead, or nobody.
pub(crate) struct Given<F>(F);

/// `form`; nothing when the key is missing.
pub(crate) fn given<F>(form: F) -> Given<F> {
    Given(form)
}

impl<V, F: Form<V>> Form<Option<V>> for Given<F> {
    fn expects(&self) -> String {
        self.0.expects()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Option<V>> {
        self.0.read(key, item, reader).map(Some)
    }

    fn write(&self, value: &Option<V>) -> String {
        value
            .as_ref()
            .map_or_else(String::new, |value| self.0.write(value))
    }
}
