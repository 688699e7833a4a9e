//! Routes: which connectors a message may go to, by what it selects and by its destination.

use core::num::NonZeroU32;
use core::time::Duration;

use sms::Message;

use crate::{ConnectorId, Customer, MessageKey, hash};

/// The name of a route that messages select, as a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct RouteName(NonZeroU32);

/// Which messages a route takes, by what they select.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Selected {
    /// Those that select nothing.
    #[default]
    Nothing,
    /// Those that select this name, or whose customer has it as default.
    Name(RouteName),
    /// All, whatever they select.
    Anything,
}

/// What becomes of a message that selects a name which no route of its customer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnknownRoute {
    /// [`crate::Refusal::NoRoute`].
    Refuse,
    /// It goes as if it selected nothing.
    Default,
}

/// Where messages to some destinations go.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// Messages that select so.
    pub selected: Selected,
    /// Destinations that begin so; empty: all.
    pub prefix: Vec<u8>,
    /// Destinations that end with four digits in this range (inclusive); none: all. More specific than any name or prefix.
    pub ending: Option<(u16, u16)>,
    /// Held this long before sending.
    pub delay: Duration,
    /// Tried in this order; those of equal `order` share by weight.
    pub targets: Vec<Target>,
}

/// A connector that a route may use.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The connector.
    pub connector: ConnectorId,
    /// Least first.
    pub order: u16,
    /// Share among those of equal order; 0: only when no other is left.
    pub weight: u16,
}

impl RouteName {
    /// The number of a name of any length: the same on every machine and for ever, since messages keep it. Two names with one
    /// number are a problem that the directory is refused for.
    pub fn of(name: &[u8]) -> RouteName {
        let [a, b, c, d, ..] = hash::octets(0, name).to_le_bytes();
        RouteName(NonZeroU32::new(u32::from_le_bytes([a, b, c, d])).unwrap_or(NonZeroU32::MIN))
    }

    /// Writes the name down behind a message's stored form. A message that selects nothing costs nothing.
    pub(crate) fn put(self, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.0.get().to_le_bytes());
    }

    /// The name behind the stored form of `message` in `body`.
    pub(crate) fn behind(message: &Message<'_>, body: &[u8]) -> Option<RouteName> {
        let name = body.get(message.encoded_len()..)?.try_into().ok()?;
        NonZeroU32::new(u32::from_le_bytes(name)).map(RouteName)
    }
}

impl Customer {
    /// The most specific route for a message to `destination`: an ending before a name, a name before none, a longer prefix
    /// before a shorter, the last of equals.
    pub fn route(&self, selected: Option<RouteName>, destination: &[u8]) -> Option<&Route> {
        let name = self.name(selected)?;
        let judged = Judged::new(name, destination);
        let routes = self.routes.iter();
        routes
            .filter(|route| judged.verdict(route) == Verdict::Fits)
            .max_by_key(|route| route.specificity())
    }

    /// Each route with whether it fits a message, as [`route`](Customer::route) looks at them. None, if the message selects a name
    /// that none of them has and is refused for it.
    pub fn judged(
        &self,
        selected: Option<RouteName>,
        destination: &[u8],
    ) -> impl Iterator<Item = (&Route, Verdict)> {
        let name = self.name(selected);
        let judged = name.map(|name| Judged::new(name, destination));
        let routes = self.routes.iter();
        routes.filter_map(move |route| Some((route, judged.as_ref()?.verdict(route))))
    }

    /// The name by which a message goes that selects `selected`; `None` outside: it goes nowhere, inside: by none.
    fn name(&self, selected: Option<RouteName>) -> Option<Option<RouteName>> {
        let known = |&name: &RouteName| {
            let named = Selected::Name(name);
            self.routes.iter().any(|route| route.selected == named)
        };
        match (selected, self.route_unknown) {
            (Some(name), _) if known(&name) => Some(selected),
            (Some(_), UnknownRoute::Refuse) => None,
            (Some(_), UnknownRoute::Default) | (None, _) => Some(self.route_default.filter(known)),
        }
    }
}

/// Whether a route fits a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It does; the most specific of those is taken.
    Fits,
    /// The message selects another name, or one at all.
    OtherName,
    /// The destination begins otherwise.
    OtherPrefix,
    /// The destination ends otherwise.
    OtherEnding,
}

/// A message that routes are looked at for.
struct Judged<'a> {
    name: Option<RouteName>,
    destination: &'a [u8],
    ending: Option<u16>,
}

impl<'a> Judged<'a> {
    fn new(name: Option<RouteName>, destination: &'a [u8]) -> Judged<'a> {
        Judged {
            name,
            destination,
            ending: last_four(destination),
        }
    }

    fn verdict(&self, route: &Route) -> Verdict {
        let ends = |(low, high)| self.ending.is_some_and(|e| (low..=high).contains(&e));
        if !route.selected.takes(self.name) {
            Verdict::OtherName
        } else if !self.destination.starts_with(&route.prefix) {
            Verdict::OtherPrefix
        } else if !route.ending.is_none_or(ends) {
            Verdict::OtherEnding
        } else {
            Verdict::Fits
        }
    }
}

impl Selected {
    fn takes(self, name: Option<RouteName>) -> bool {
        match self {
            Selected::Nothing => name.is_none(),
            Selected::Name(own) => name == Some(own),
            Selected::Anything => true,
        }
    }
}

impl Route {
    fn specificity(&self) -> (bool, bool, usize) {
        (
            self.ending.is_some(),
            self.selected != Selected::Anything,
            self.prefix.len(),
        )
    }

    /// The targets in the order in which `key` tries them: by `order`, and within one order a weighted draw by the key.
    pub fn targets(&self, key: MessageKey) -> impl Iterator<Item = Target> {
        let mut drawn: Vec<(u16, u64, Target)> = self
            .targets
            .iter()
            .map(|&target| (target.order, draw(key, target), target))
            .collect();
        drawn.sort_by_key(|&(order, draw, _)| (order, draw));
        drawn.into_iter().map(|(_, _, target)| target)
    }
}

/// Weighted rendezvous: the target with the least draw wins in proportion to its weight.
fn draw(key: MessageKey, target: Target) -> u64 {
    if target.weight == 0 {
        return u64::MAX;
    }
    let hash = hash::mix(key.0 ^ (u64::from(target.connector.0) << 40));
    let uniform = ((hash >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
    (-uniform.ln() / f64::from(target.weight) * (1u64 << 40) as f64) as u64
}

fn last_four(destination: &[u8]) -> Option<u16> {
    let tail = destination.get(destination.len().checked_sub(4)?..)?;
    tail.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_names_never_change() {
        // They are in the journals of installations.
        assert_eq!(RouteName::of(b"mglobal").0.get(), 703_674_785);
        let uuid = RouteName::of(b"6f9619ff-8b86-d011-b42d-00cf4fc964ff");
        assert_eq!(uuid.0.get(), 3_669_536_404);
    }

    #[test]
    fn a_name_behind_a_message_is_found_again_and_none_where_there_is_none() {
        let message = Message {
            text: b"hello",
            ..Message::default()
        };
        let mut body = Vec::new();
        message.encode(&mut body);
        assert_eq!(RouteName::behind(&message, &body), None);
        let premium = RouteName::of(b"premium");
        premium.put(&mut body);
        assert_eq!(RouteName::behind(&message, &body), Some(premium));
        assert_eq!(Message::decode(&body), Some(message));
    }
}
