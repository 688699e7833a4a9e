//! What happened to one message, told from the records of a journal.
//!
//! All records are gone through twice: the first time to [find](Journey::find) the keys that are meant, since an id of a carrier comes
//! later than what it names, the second time to [follow](Journey::follow) what happened to those.

use std::collections::{BTreeMap, BTreeSet};

use sms::{Message, State, Wall};

use crate::entry::{Image, ImageStand};
use crate::fold::decoded;
use crate::record::{Accepted, Cold, How, Record};
use crate::{ConnectorId, CustomerId, MessageKey};

/// Keys that a journey follows at most.
const KEYS_MAX: usize = 10_000;

/// What happened that is kept at most.
const STEPS_MAX: usize = 100_000;

/// By what a message is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sought {
    /// By any of these numbers: its key, or what its customer was told that it is called.
    Number(Vec<u64>),
    /// By what a carrier calls it, up to leading zeros, case, and whether a number is written in decimal or hexadecimal digits.
    CarrierId {
        /// As somebody wrote it.
        id: String,
        /// Only of this connector; none: of any.
        connector: Option<ConnectorId>,
    },
}

/// Something that happened to a message, or to a receipt of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Happened {
    /// The message that it is about.
    pub message: MessageKey,
    /// What it happened to: the message, or a receipt of it.
    pub key: MessageKey,
    /// When.
    pub at: Wall,
    /// Whether the record says when; else it was then or a little later.
    pub is_exact: bool,
    /// What, in one word or a few.
    pub what: &'static str,
    /// More about it, by names.
    pub facts: Vec<(&'static str, Fact)>,
}

/// Something that a record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Of whom.
    Customer(CustomerId),
    /// With whom.
    Connector(ConnectorId),
    /// How many, or which.
    Number(u64),
    /// When.
    Time(Wall),
    /// In words, or as a peer wrote it.
    Text(String),
    /// The octets of a message's text.
    Octets(Vec<u8>),
}

/// See the module.
#[derive(Debug)]
pub struct Journey {
    sought: Sought,
    /// What is followed, and the message that it is about.
    keys: BTreeMap<MessageKey, MessageKey>,
    /// Where those are that are on their way.
    places: BTreeMap<MessageKey, ConnectorId>,
    /// The latest time that a record told.
    clock: Wall,
    happened: Vec<Happened>,
    /// The beginning of one of them is among what happened.
    has_beginning: bool,
    /// Messages that the carrier meant has taken under the id sought.
    carried: BTreeSet<MessageKey>,
}

impl Journey {
    /// Nothing is known yet.
    pub fn new(sought: Sought) -> Journey {
        let numbers = match &sought {
            Sought::Number(numbers) => &numbers[..],
            Sought::CarrierId { .. } => &[],
        };
        let keys = numbers.iter().map(|&number| MessageKey(number));
        Journey {
            keys: keys.map(|key| (key, key)).collect(),
            places: BTreeMap::new(),
            clock: Wall(0),
            happened: Vec::new(),
            has_beginning: false,
            carried: BTreeSet::new(),
            sought,
        }
    }

    /// The first time: which keys are meant. Comes back with false when a newer version wrote the records.
    pub fn find(&mut self, mut records: &[u8]) -> bool {
        while !records.is_empty() {
            let Some(record) = Record::decode(&mut records) else {
                return false;
            };
            if self.keys.len() < KEYS_MAX {
                self.look(&record);
            }
        }
        true
    }

    /// The second time: what happened to them.
    pub fn follow(&mut self, mut records: &[u8]) {
        while let Some(record) = Record::decode(&mut records) {
            if self.happened.len() < STEPS_MAX {
                self.tell(&record);
            }
        }
    }

    /// Whether the beginning of a message that is meant was among the records; else it may be known from a snapshot.
    pub fn has_beginning(&self) -> bool {
        self.has_beginning
    }

    /// What happened, in the order of the journal.
    pub fn happened(self) -> Vec<Happened> {
        let Sought::CarrierId {
            connector: Some(_), ..
        } = self.sought
        else {
            return self.happened;
        };
        let happened = self.happened.into_iter();
        happened
            .filter(|it| self.carried.contains(&it.message))
            .collect()
    }

    fn look(&mut self, record: &Record<'_>) {
        match *record {
            Record::Accepted(ref accepted) if self.is_number(accepted.told.0) => {
                self.add(accepted.key, accepted.key);
            }
            Record::Entry(ref image) if self.is_number(image.order.told.0) => {
                self.add(image.order.key, image.order.key);
            }
            Record::Sent { key, id, .. } if self.is_id(id) => self.add(key, key),
            Record::Receipt { key, of, id, .. } => match of {
                Some(of) if self.is_id(id) || self.keys.contains_key(&of) => {
                    self.add(of, of);
                    self.add(key, of);
                }
                None if self.is_id(id) => self.add(key, key),
                Some(_) | None => {}
            },
            Record::Matched {
                key, of: Some(of), ..
            } if self.keys.contains_key(&of) || self.keys.contains_key(&key) => {
                self.add(of, of);
                self.keys.insert(key, of);
            }
            Record::Done {
                key,
                receipt: Some(receipt),
                ..
            } => {
                if let Some(&message) = self.keys.get(&key) {
                    self.add(receipt, message);
                }
            }
            Record::Joined { parts, key, .. } => {
                if let Some(part) = parts.iter().find(|part| self.keys.contains_key(part)) {
                    self.add(key, part);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, key: MessageKey, message: MessageKey) {
        self.keys.entry(key).or_insert(message);
    }

    fn is_number(&self, number: u64) -> bool {
        matches!(&self.sought, Sought::Number(numbers) if numbers.contains(&number))
    }

    fn is_id(&self, id: &[u8]) -> bool {
        match &self.sought {
            Sought::Number(_) => false,
            Sought::CarrierId { id: sought, .. } => is_same_id(sought, id),
        }
    }

    fn tell(&mut self, record: &Record<'_>) {
        match *record {
            Record::Accepted(ref accepted) => self.accepted(accepted),
            Record::Arrived {
                key,
                customer,
                connector,
                expires,
                body,
                ..
            } => {
                self.clock = self.clock.max(key.minted());
                let mut facts = vec![
                    ("customer", Fact::Customer(customer)),
                    ("carrier", Fact::Connector(connector)),
                    ("expires", Fact::Time(expires.wall())),
                ];
                facts.extend(of_body(body));
                self.has_beginning |= self.keys.contains_key(&key);
                self.happens(key, Some(key.minted()), "came from a subscriber", facts);
            }
            Record::Entry(ref image) => self.stands(image),
            Record::Sending { connector, keys } => {
                for key in keys.iter() {
                    self.happens(key, None, "sending", vec![carrier(connector)]);
                }
            }
            Record::Sent { key, id, until, at } => {
                let place = self.places.get(&key).copied();
                if self.is_id(id) && self.wants(place) {
                    self.carried.insert(key);
                }
                let mut facts: Vec<_> = place.map(carrier).into_iter().collect();
                facts.push(("carrier_id", text(id)));
                facts.push(("receipt_until", Fact::Time(until.wall())));
                self.happens(key, at, "taken by the carrier", facts);
            }
            Record::Receipt { .. } => self.receipt(record),
            Record::Matched { key, of, how, .. } => {
                let mut facts = vec![("how", Fact::Text(matched(how).to_owned()))];
                facts.extend(of.map(|of| ("message", Fact::Number(of.0))));
                let what = if of.is_some() {
                    "receipt matched"
                } else {
                    "receipt matches nothing"
                };
                self.happens(key, None, what, facts);
            }
            Record::Done { .. } => self.done(record),
            _ => self.goes_on(record),
        }
    }

    /// What lies between the beginning and the end.
    fn goes_on(&mut self, record: &Record<'_>) {
        match *record {
            Record::Returned {
                connector,
                doubt,
                keys,
            } => {
                let what = if doubt {
                    "sent again, for nobody knows"
                } else {
                    "back to the head of its lane"
                };
                for key in keys.iter() {
                    self.happens(key, None, what, vec![carrier(connector)]);
                }
            }
            Record::Deferred { key, due, attempt } => {
                let facts = vec![
                    ("due", Fact::Time(due)),
                    ("attempt", Fact::Number(attempt.into())),
                ];
                self.happens(key, None, "refused for now", facts);
            }
            Record::Routed {
                key,
                connector,
                due,
            } => {
                self.place(key, connector);
                let mut facts = vec![carrier(connector)];
                facts.extend(due.map(|due| ("due", Fact::Time(due))));
                self.happens(key, None, "goes to another carrier", facts);
            }
            Record::Moved { connector, keys } => {
                for key in keys.iter() {
                    self.place(key, connector);
                    self.happens(key, None, "moved by an operator", vec![carrier(connector)]);
                }
            }
            Record::Replaced {
                key, expires, body, ..
            } => {
                let mut facts = vec![("expires", Fact::Time(expires.wall()))];
                facts.extend(of_body(body));
                self.happens(key, None, "replaced by its customer", facts);
            }
            Record::Charged { key, charge } => {
                let facts = vec![("segments", Fact::Number(charge.segments.into()))];
                self.happens(key, None, "charged", facts);
            }
            Record::Released { head, due } => {
                let facts = due.map(|due| ("due", Fact::Time(due)));
                let facts = facts.into_iter().collect();
                self.happens(head, None, "its parts wait no longer", facts);
            }
            Record::Apart { key, until } => {
                let facts = vec![("until", Fact::Time(until))];
                self.happens(key, None, "waits for other parts", facts);
            }
            Record::Joined { parts, key, .. } => {
                let count = parts.iter().count() as u64;
                let facts = vec![("parts", Fact::Number(count))];
                self.happens(key, Some(key.minted()), "joined from parts", facts);
            }
            Record::Alone { parts } => {
                for key in parts.iter() {
                    self.happens(key, None, "waits for no other part", Vec::new());
                }
            }
            Record::Cold(Cold::Frozen { keys, .. }) => {
                for key in keys.iter() {
                    self.happens(key, None, "waits on the disk", Vec::new());
                }
            }
            Record::Cold(Cold::Thawed { images, .. } | Cold::Recalled { images, .. }) => {
                for image in decoded(images) {
                    self.happens(image.order.key, None, "back from the disk", Vec::new());
                }
            }
            // Told elsewhere, or about no message.
            Record::Cold(Cold::Run(_) | Cold::Hour(_) | Cold::Lost { .. })
            | Record::Accepted(_)
            | Record::Arrived { .. }
            | Record::Entry(_)
            | Record::Sending { .. }
            | Record::Sent { .. }
            | Record::Receipt { .. }
            | Record::Matched { .. }
            | Record::Done { .. }
            | Record::Due { .. }
            | Record::Named { .. }
            | Record::Credit { .. }
            | Record::Latest { .. }
            | Record::Era { .. }
            | Record::Outdated { .. }
            | Record::Newest { .. }
            | Record::Whole { .. }
            | Record::OpenPart { .. }
            | Record::Alias { .. }
            | Record::Purse { .. }
            | Record::Counted { .. }
            | Record::Closed { .. }
            | Record::Decided { .. }
            | Record::Granted(_)
            | Record::Held { .. }
            | Record::Forgotten { .. } => {}
        }
    }

    fn accepted(&mut self, accepted: &Accepted<'_>) {
        let key = accepted.key;
        self.clock = self.clock.max(key.minted());
        if !self.keys.contains_key(&key) {
            return;
        }
        self.has_beginning = true;
        self.place(key, accepted.connector);
        let mut facts = vec![
            ("message_id", told(accepted.told)),
            ("customer", Fact::Customer(accepted.customer)),
            carrier(accepted.connector),
            ("class", Fact::Number(accepted.priority.into())),
            ("expires", Fact::Time(accepted.expires.wall())),
        ];
        facts.extend(accepted.due.map(|due| ("due", Fact::Time(due))));
        if let Some(part) = accepted.part {
            let of = format!("{} of {}", part.number, part.total);
            facts.push(("part", Fact::Text(of)));
        }
        facts.extend(of_body(accepted.body));
        self.happens(key, Some(key.minted()), "accepted", facts);
        if accepted.sending {
            self.happens(key, None, "sending", vec![carrier(accepted.connector)]);
        }
    }

    /// Its beginning is gone from the journal; a snapshot knows how it stood.
    fn stands(&mut self, image: &Image<'_>) {
        let key = image.order.key;
        let mut facts = vec![
            ("message_id", told(image.order.told)),
            ("customer", Fact::Customer(image.order.customer)),
        ];
        let mut what = "known from a snapshot";
        match image.stand {
            ImageStand::Leg { connector, id, .. } => {
                self.place(key, connector);
                if self.is_id(id) && self.wants(Some(connector)) {
                    self.carried.insert(key);
                }
                facts.push(carrier(connector));
                facts.push(("carrier_id", text(id)));
            }
            ImageStand::Receipt { state, .. } => facts.push(("state", state_of(state))),
            ImageStand::Mo { .. } => what = "came from a subscriber, known from a snapshot",
        }
        facts.push(("expires", Fact::Time(image.order.expires.wall())));
        facts.extend(of_body(image.body));
        self.happens(key, Some(key.minted()), what, facts);
    }

    fn receipt(&mut self, record: &Record<'_>) {
        let Record::Receipt {
            key,
            connector,
            of,
            how,
            state,
            err,
            done,
            parked,
            id,
            ..
        } = *record
        else {
            return;
        };
        self.clock = self.clock.max(key.minted());
        if self.is_id(id) && self.wants(Some(connector)) {
            self.carried.insert(of.unwrap_or(key));
        }
        let mut facts = vec![
            carrier(connector),
            ("carrier_id", text(id)),
            ("state", state_of(state)),
            ("err", text(&err)),
            ("done", Fact::Time(done)),
        ];
        let what = match (of, parked) {
            (Some(_), _) => {
                facts.push(("how", Fact::Text(matched(how).to_owned())));
                "receipt from the carrier"
            }
            (None, true) => "receipt that may be early",
            (None, false) => "receipt that matches nothing",
        };
        self.happens(key, Some(key.minted()), what, facts);
    }

    fn done(&mut self, record: &Record<'_>) {
        let Record::Done {
            key,
            reason,
            at,
            receipt,
            ..
        } = *record
        else {
            return;
        };
        self.clock = self.clock.max(at);
        let mut facts = vec![
            ("why", Fact::Text(format!("{reason:?}"))),
            ("state", state_of(reason.state())),
        ];
        facts.extend(receipt.map(|key| ("receipt", Fact::Number(key.0))));
        self.happens(key, Some(at), "ended", facts);
    }

    fn place(&mut self, key: MessageKey, connector: ConnectorId) {
        if self.keys.contains_key(&key) {
            self.places.insert(key, connector);
        }
    }

    fn wants(&self, place: Option<ConnectorId>) -> bool {
        match self.sought {
            Sought::CarrierId {
                connector: Some(connector),
                ..
            } => place == Some(connector),
            Sought::CarrierId { .. } | Sought::Number(_) => true,
        }
    }

    fn happens(
        &mut self,
        key: MessageKey,
        at: Option<Wall>,
        what: &'static str,
        facts: Vec<(&'static str, Fact)>,
    ) {
        if let Some(&message) = self.keys.get(&key) {
            self.happened.push(Happened {
                message,
                key,
                at: at.unwrap_or(self.clock),
                is_exact: at.is_some(),
                what,
                facts,
            });
        }
    }
}

fn carrier(connector: ConnectorId) -> (&'static str, Fact) {
    ("carrier", Fact::Connector(connector))
}

fn told(told: crate::Told) -> Fact {
    Fact::Text(match told.alias() {
        Some(alias) => format!("{alias:08X}"),
        None => told.0.to_string(),
    })
}

fn text(octets: &[u8]) -> Fact {
    Fact::Text(String::from_utf8_lossy(octets).into_owned())
}

fn state_of(state: State) -> Fact {
    Fact::Text(format!("{state:?}").to_uppercase())
}

fn matched(how: How) -> &'static str {
    match how {
        How::None => "not",
        How::Exact => "by its id",
        How::Form => "by its id in another form",
        How::InDoubt => "by its destination, the only one in doubt",
        How::ByHand => "by an operator",
    }
}

/// From whom to whom, and the text.
fn of_body(body: &[u8]) -> impl Iterator<Item = (&'static str, Fact)> {
    let message = Message::decode(body);
    message.into_iter().flat_map(|message| {
        [
            ("source", text(message.source.digits)),
            ("destination", text(message.destination.digits)),
            ("data_coding", Fact::Number(message.data_coding.into())),
            ("text", Fact::Octets(message.text.to_vec())),
        ]
    })
}

/// Whether a carrier's id may be written so.
fn is_same_id(sought: &str, id: &[u8]) -> bool {
    let Ok(id) = core::str::from_utf8(id) else {
        return false;
    };
    let bare = |text: &str| text.trim_start_matches('0').to_ascii_lowercase();
    let number = |text: &str, radix| u64::from_str_radix(text, radix).ok();
    let same = |one: Option<u64>, other: Option<u64>| one.is_some() && one == other;
    !id.is_empty()
        && (bare(sought) == bare(id)
            || same(number(sought, 10), number(id, 16))
            || same(number(sought, 16), number(id, 10)))
}
