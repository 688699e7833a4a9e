//! Who of a lane sends next: classes by their weights, and in a class one customer after the other.
//!
//! ```text
//! lane of a connector                                        in 15 turns of the classes
//!   class 3   [alice: a a a a a a ..]  [bob: b]    8 turns   a b a a a a a a
//!   class 2   [carol: c c c ..]                    4         c c c c
//!   class 1   [alice: a a ..]                      2         a a
//!   class 0   [dave: d d d ..]                     1         d
//! ```
//! In a class it is deficit round robin: a customer's turn is worth as many parts as its weight, one for most, and a message that
//! costs more waits until its customer has saved up for it. So nobody waits for more than one turn of each other customer, however
//! many messages those have. What is saved and whose turn it is nobody writes down: after a crash all begin alike.

use core::iter::Peekable;
use std::collections::{BTreeMap, VecDeque};

use sms::segment::capacity;
use sms::{Message, Reading};

use crate::entry::Entry;
use crate::fold::{CLASSES, Fold, Waiting};
use crate::{ConnectorId, CustomerId, MessageKey};

/// Shares of the classes of a lane, lowest first: none is ever starved.
const WEIGHTS: [i64; CLASSES] = [1, 2, 4, 8];

/// How the turns in one lane stand.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    classes: [Class; CLASSES],
}

#[derive(Debug, Default)]
struct Class {
    /// Parts that it is behind its weight, in 1 / (sum of the weights); negative: ahead.
    behind: i64,
    /// Whose turn was the last.
    last: CustomerId,
    /// Parts that those have saved who wait with a message of several.
    saved: BTreeMap<CustomerId, u64>,
}

impl Shares {
    /// The next `credit` messages of a lane, or as many as wait: by smooth weighted round robin over the classes, by deficit round
    /// robin over the customers of a class, first in first of one customer. `worth`: the parts of one turn of a customer.
    pub(crate) fn pick(
        &mut self,
        fold: &Fold,
        worth: impl Fn(CustomerId) -> u16,
        connector: ConnectorId,
        credit: usize,
    ) -> Vec<MessageKey> {
        let mut number = 0;
        let mut rounds = self.classes.each_mut().map(|class| {
            let queues = fold.queues(connector, number, class.last);
            let queues = queues
                .filter(|(customer, _, waiting)| {
                    !waiting.is_empty() && !fold.holds(connector, *customer)
                })
                .map(|(customer, _, waiting)| (customer, worth(customer), waiting));
            number += 1;
            Round::new(class, queues)
        });
        let mut keys = Vec::with_capacity(credit.min(4096));
        while keys.len() < credit {
            let Some(chosen) = choose(&mut rounds) else {
                break;
            };
            if let Some((key, cost)) = rounds[chosen].next() {
                keys.push(key);
                charge(&mut rounds, chosen, cost);
            }
        }
        rounds.into_iter().for_each(Round::end);
        keys
    }
}

/// The class that is the furthest behind its weight; of several alike the highest. `None`: nothing waits.
fn choose<'a, I: Queues<'a>>(rounds: &mut [Round<'a, '_, I>; CLASSES]) -> Option<usize> {
    let mut chosen = None;
    for (class, round) in rounds.iter_mut().enumerate() {
        if round.is_empty() {
            round.class.behind = 0;
            continue;
        }
        let behind = round.class.behind + WEIGHTS[class];
        if chosen.is_none_or(|(most, _)| behind >= most) {
            chosen = Some((behind, class));
        }
    }
    chosen.map(|(_, class)| class)
}

/// One class has sent what costs so many parts, for which the others fall behind.
fn charge<'a, I: Queues<'a>>(rounds: &mut [Round<'a, '_, I>; CLASSES], sent: usize, cost: u64) {
    let cost = cost.cast_signed();
    let mut total = 0;
    for (class, round) in rounds.iter_mut().enumerate() {
        if class == sent || !round.is_empty() {
            round.class.behind += WEIGHTS[class] * cost;
            total += WEIGHTS[class];
        }
    }
    rounds[sent].class.behind -= total * cost;
}

/// The queues of a class and what a turn of each is worth, from the one on whose turn is next.
trait Queues<'a>: Iterator<Item = (CustomerId, u16, Waiting<'a>)> {}

impl<'a, I: Iterator<Item = (CustomerId, u16, Waiting<'a>)>> Queues<'a> for I {}

/// The turns of one class while messages are picked. Of many customers only those are looked at whose turn comes.
struct Round<'a, 'c, I: Queues<'a>> {
    class: &'c mut Class,
    /// Who had no turn yet.
    first: Peekable<I>,
    /// The others, in the order of their turns.
    again: VecDeque<Place<'a>>,
    /// Whose turn it is, if it may send more in it.
    current: Option<Place<'a>>,
}

/// A customer, what its turns are worth, what it has waiting, and the parts that it has saved.
struct Place<'a> {
    customer: CustomerId,
    worth: u16,
    waiting: Waiting<'a>,
    saved: u64,
}

impl<'a, 'c, I: Queues<'a>> Round<'a, 'c, I> {
    fn new(class: &'c mut Class, queues: I) -> Round<'a, 'c, I> {
        let mut first = queues.peekable();
        if first.peek().is_none() {
            class.saved.clear();
        }
        Round {
            class,
            first,
            again: VecDeque::new(),
            current: None,
        }
    }

    fn is_empty(&mut self) -> bool {
        self.current.is_none() && self.again.is_empty() && self.first.peek().is_none()
    }

    /// The next message of the class and the parts that it costs. `None`: nothing is left.
    fn next(&mut self) -> Option<(MessageKey, u64)> {
        loop {
            let mut place = self.place()?;
            let Some(head) = place.waiting.head() else {
                continue;
            };
            let cost = parts(head);
            if place.saved < cost {
                place.saved += u64::from(place.worth.max(1));
            }
            let pays = place.saved >= cost;
            if pays {
                place.saved -= cost;
                place.waiting.next();
            }
            self.put_back(place);
            if pays {
                return Some((head.order.key, cost));
            }
        }
    }

    /// Whose turn it is.
    fn place(&mut self) -> Option<Place<'a>> {
        self.current
            .take()
            .or_else(|| {
                let (customer, worth, waiting) = self.first.next()?;
                let saved = self.class.saved.remove(&customer).unwrap_or_default();
                Some(Place {
                    customer,
                    worth,
                    waiting,
                    saved,
                })
            })
            .or_else(|| self.again.pop_front())
    }

    /// Its turn goes on if it can pay for another message, else it comes again after the others. Who has nothing waiting saves nothing.
    fn put_back(&mut self, place: Place<'a>) {
        if place.waiting.is_empty() {
            self.class.last = place.customer;
            return;
        }
        let goes_on = place.saved > 0
            && place
                .waiting
                .head()
                .is_some_and(|next| parts(next) <= place.saved);
        if goes_on {
            self.current = Some(place);
        } else {
            self.class.last = place.customer;
            self.again.push_back(place);
        }
    }

    /// Keeps what is saved until the next time.
    fn end(self) {
        let places = self.again.into_iter().chain(self.current);
        let saved = places.filter(|place| place.saved > 0);
        let saved = saved.map(|place| (place.customer, place.saved));
        self.class.saved.extend(saved);
    }
}

/// What a message costs: the short messages that the carrier will make of it. It is told by the length alone, for it is asked again in
/// every turn.
pub(crate) fn parts(entry: &Entry) -> u64 {
    /// Octets of the user data header of a part.
    const HEADER: usize = 6;
    let Some(message) = Message::decode(&entry.body) else {
        return 1;
    };
    let (alphabet, octets) = (message.alphabet(&Reading::default()), message.text.len());
    if octets <= capacity(alphabet, 0) {
        return 1;
    }
    octets.div_ceil(capacity(alphabet, HEADER)) as u64
}
