//! `[[route]]` and `[[number]]`: where messages go, and where those of subscribers go.

use core::time::Duration;

use super::Named;
use crate::form::{self, Characters, Form, Item, at, list, name, octets, or_none, time, whole};
use crate::problem::{At, Reader};
use crate::table::{self, Rows, Section, Setting, setting};

/// Whose messages a route takes.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) enum Customers {
    /// Everybody's.
    #[default]
    All,
    /// Those of the named ones.
    Named(Vec<At<String>>),
}

/// A connector that a route may use.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct TargetSettings {
    pub(crate) connector: At<String>,
    pub(crate) order: u16,
    pub(crate) weight: u16,
}

/// `[[route]]` as it is read.
#[derive(Clone, Default)]
pub(crate) struct RouteSettings {
    pub(crate) name: At<String>,
    pub(crate) customers: Customers,
    pub(crate) except: Vec<At<String>>,
    /// The name by which messages select it; `*`: it takes them whatever they select.
    pub(crate) route_id: Option<At<String>>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) ending: Option<(u16, u16)>,
    pub(crate) delay: Duration,
    pub(crate) targets: Vec<TargetSettings>,
}

impl Section for RouteSettings {
    const KEY: &'static str = "route";
    const MANY: bool = true;
    const ABOUT: &'static str = "Where messages go. Of the routes that take a message the one with `ending` counts before those without, then one that does not take messages whatever they select, then the longest prefix, then the one that names the customer. Two that are equal in all this are a problem.";

    #[rustfmt::skip] // A row of the table is a line or two.
    fn settings() -> Vec<Setting<RouteSettings>> {
        vec![
            setting!("name", name, at(name()), AtOnce, "What it is called.", required),
            setting!("customers", customers, Whose, AtOnce,
                "Whose messages it takes. A route that names a customer stands before one for `*`."),
            setting!("except", except, list(0..=10_000, at(name())), AtOnce, "Whose messages it does not take."),
            setting!("route_id", route_id, or_none("none", at(octets(1..=255, Characters::Ascii))), AtOnce,
                "It takes messages that select this id, by their customer's `route_selector` or `route_default`; `\"*\"`: whatever they select; `\"none\"`: those that select nothing. Several routes may have one id."),
            setting!("prefix", prefixes, list(0..=10_000, octets(1..=20, Characters::Digits)), AtOnce,
                "Beginnings of the destinations it takes; the longest that matches counts. An empty list: all destinations."),
            setting!("ending", ending, or_none("any", Ending), AtOnce,
                "Last four digits of the destinations it takes; counts before any prefix."),
            setting!("delay", delay, time("0s", "7d"), AtOnce, "How long messages are held before they are sent."),
            setting!("targets", targets, list(1..=64, TargetForm), AtOnce,
                "The connectors, tried in order. `{ connector = \"a\", order = 0, weight = 2 }`: those of the same order share by weight; weight 0 only when no other is left. Without `order` the place in the list counts.", required),
        ]
    }
}

impl Named for RouteSettings {
    fn name(&self) -> &At<String> {
        &self.name
    }
}

/// `"*"`, or a list of names.
struct Whose;

impl Form<Customers> for Whose {
    fn expects(&self) -> String {
        "\"*\" for all, or a list of customers' names".to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Customers> {
        match item.get_ref().as_str() {
            Some("*") => Some(Customers::All),
            Some(_) => form::misfit(self, key, item, reader),
            None if item.get_ref().is_array() => list(1..=10_000, at(name()))
                .read(key, item, reader)
                .map(Customers::Named),
            None => form::misfit(self, key, item, reader),
        }
    }

    fn write(&self, value: &Customers) -> String {
        match value {
            Customers::All => "\"*\"".to_owned(),
            Customers::Named(names) => list(0..=10_000, at(name())).write(names),
        }
    }
}

/// Four digits, or two times four as a range.
struct Ending;

impl Form<(u16, u16)> for Ending {
    fn expects(&self) -> String {
        "four digits such as \"0008\" or a range such as \"0001-0007\"".to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<(u16, u16)> {
        let four = |text: &str| {
            let legal = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
            legal.then(|| text.parse::<u16>().ok())?
        };
        let range = |text: &str| {
            let (low, high) = text.split_once('-').unwrap_or((text, text));
            four(low).zip(four(high)).filter(|(low, high)| low <= high)
        };
        let text = item.get_ref().as_str();
        text.and_then(range)
            .or_else(|| form::misfit(self, key, item, reader))
    }

    fn write(&self, &(low, high): &(u16, u16)) -> String {
        if low == high {
            format!("\"{low:04}\"")
        } else {
            format!("\"{low:04}-{high:04}\"")
        }
    }
}

/// A connector's name, or a table with its name, order and weight.
struct TargetForm;

impl Form<TargetSettings> for TargetForm {
    fn expects(&self) -> String {
        "a connector's name or a table such as { connector = \"a\", order = 0, weight = 2 }"
            .to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<TargetSettings> {
        if item.get_ref().is_str() {
            let connector = at(name()).read(key, item, reader)?;
            return Some(TargetSettings {
                connector,
                order: BY_PLACE,
                weight: 1,
            });
        }
        let Some(table) = table::as_table(item) else {
            return form::misfit(self, key, item, reader);
        };
        let before = reader.complaints();
        let mut target = Target::default();
        Rows::new().read(&mut target, table, &item.span(), reader);
        (reader.complaints() == before).then_some(TargetSettings {
            connector: target.connector,
            order: target.order.unwrap_or(BY_PLACE),
            weight: target.weight,
        })
    }

    fn write(&self, value: &TargetSettings) -> String {
        let TargetSettings {
            connector,
            order,
            weight,
        } = value;
        let name = &connector.value;
        if *order == BY_PLACE {
            return format!("{{ connector = {name:?}, weight = {weight} }}");
        }
        format!("{{ connector = {name:?}, order = {order}, weight = {weight} }}")
    }
}

/// The order of a target that does not say its own: its place in the list.
pub(crate) const BY_PLACE: u16 = u16::MAX;

/// One target that is written as a table.
struct Target {
    connector: At<String>,
    order: Option<u16>,
    weight: u16,
}

impl Default for Target {
    fn default() -> Target {
        Target {
            connector: At::default(),
            order: None,
            weight: 1,
        }
    }
}

impl Section for Target {
    const KEY: &'static str = "targets";
    const MANY: bool = false;
    const ABOUT: &'static str = "One of the `targets` of a route.";

    #[rustfmt::skip] // A row of the table is a line or two.
    fn settings() -> Vec<Setting<Target>> {
        vec![
            setting!("connector", connector, at(name()), AtOnce, "Name of the connector.", required),
            setting!("order", order, form::given(whole(0..=1000)), AtOnce, "Least first."),
            setting!("weight", weight, whole(0..=10_000), AtOnce, "Share among those of equal order."),
        ]
    }

    fn title() -> String {
        "a target".to_owned()
    }
}

/// `[[number]]` as it is read.
#[derive(Clone, Default)]
pub(crate) struct NumberSettings {
    pub(crate) number: At<String>,
    pub(crate) customer: At<String>,
    pub(crate) keywords: Vec<Keyword>,
}

/// One of the keywords of a number.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Keyword {
    pub(crate) keyword: String,
    pub(crate) customer: At<String>,
}

impl Section for Keyword {
    const KEY: &'static str = "keywords";
    const MANY: bool = false;
    const ABOUT: &'static str = "One of the `keywords` of a number.";

    #[rustfmt::skip] // A row of the table is a line or two.
    fn settings() -> Vec<Setting<Keyword>> {
        vec![
            setting!("keyword", keyword, octets(1..=64, Characters::Printable), AtOnce, "The first word, whatever its case.", required),
            setting!("customer", customer, at(name()), AtOnce, "Who gets what begins with it.", required),
        ]
    }

    fn title() -> String {
        "a keyword".to_owned()
    }
}

/// A table with a word and a customer.
struct KeywordForm;

impl Form<Keyword> for KeywordForm {
    fn expects(&self) -> String {
        "a table such as { keyword = \"join\", customer = \"a\" }".to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Keyword> {
        let Some(table) = table::as_table(item) else {
            return form::misfit(self, key, item, reader);
        };
        let before = reader.complaints();
        let mut keyword = Keyword::default();
        Rows::new().read(&mut keyword, table, &item.span(), reader);
        if keyword.keyword.contains(char::is_whitespace) {
            let what = format!("the keyword {:?} is more than one word", keyword.keyword);
            reader.complain(&item.span(), what, "give the first word alone");
        }
        (reader.complaints() == before).then_some(keyword)
    }

    fn write(&self, Keyword { keyword, customer }: &Keyword) -> String {
        format!(
            "{{ keyword = {keyword:?}, customer = {:?} }}",
            customer.value
        )
    }
}

impl Section for NumberSettings {
    const KEY: &'static str = "number";
    const MANY: bool = true;
    const ABOUT: &'static str = "Who gets what subscribers write to a number.";

    #[rustfmt::skip] // A row of the table is a line or two.
    fn settings() -> Vec<Setting<NumberSettings>> {
        vec![
            setting!("number", number, at(octets(1..=20, Characters::Name)), AtOnce,
                "A number that subscribers write to, as carriers send it: digits without `+`, or a short code.", required),
            setting!("customer", customer, at(name()), AtOnce,
                "Who gets what they write, unless it answers a message of another customer or begins with one of the `keywords`.", required),
            setting!("keywords", keywords, list(0..=10_000, KeywordForm), AtOnce,
                "Other customers by the first word of the text: `{ keyword = \"join\", customer = \"a\" }`."),
        ]
    }
}

impl Named for NumberSettings {
    const NAME: &'static str = "number";

    fn name(&self) -> &At<String> {
        &self.number
    }
}
