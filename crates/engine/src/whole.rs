//! Long messages in parts: which parts belong together, and what became of them together.
//!
//! A part is a message as any other, with a key, a place in a lane and an end of its own. Only where something depends on all parts
//! of one message is there a [`Whole`], beside the messages. It is there from its first part on until its last one ends.

use std::collections::{BTreeMap, BTreeSet};

use sms::{State, Wall};

use crate::entry::Order;
use crate::record::{Part, Reader, Writer};
use crate::{Cause, MessageKey, Told, Wants};

/// Which receipts the parts of a long message have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PartReceipts {
    /// Each its own.
    #[default]
    PerPart = 0,
    /// One when all have ended, with the worst state.
    Joined = 1,
    /// The last part's alone.
    Last = 2,
}

impl PartReceipts {
    pub(crate) fn from_code(code: u8) -> Option<PartReceipts> {
        [Self::PerPart, Self::Joined, Self::Last]
            .into_iter()
            .find(|&receipts| receipts as u8 == code)
    }
}

/// All long messages whose parts depend on each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wholes {
    /// By the key of the part that came first.
    wholes: BTreeMap<MessageKey, Whole>,
    /// Of each part that has not ended, the part that came first.
    heads: BTreeMap<MessageKey, MessageKey>,
    /// When those that wait for their other parts do so no longer.
    ends: BTreeSet<(Wall, MessageKey)>,
    memory: u64,
}

/// One long message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Whole {
    /// What its first part was told that it is called: a joined receipt is about that.
    pub(crate) told: Told,
    pub(crate) total: u8,
    pub(crate) receipts: PartReceipts,
    /// Its parts are held until all are there, at most until then.
    pub(crate) held: Option<Wall>,
    /// Numbers of parts that came, a bit each.
    pub(crate) seen: [u64; 4],
    /// Parts that have not ended.
    pub(crate) open: BTreeMap<u8, MessageKey>,
    /// A part has ended that a carrier may have.
    pub(crate) has_left: bool,
    /// The receipts that were asked for with any of its parts: a joined one is the answer to all.
    pub(crate) wants: Wants,
    /// Its customer was told that the carrier has it, as the last word.
    pub(crate) is_told: bool,
    /// The worst end so far, with [`PartReceipts::Joined`].
    pub(crate) worst: Option<Fate>,
    /// The first part, when it has ended before the others: a joined receipt repeats its text.
    pub(crate) beginning: Option<Box<[u8]>>,
}

/// How a part ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fate {
    pub(crate) state: State,
    pub(crate) cause: Cause,
    pub(crate) done: Wall,
}

/// What the customer hears when a part ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Hears {
    /// Of this part.
    Part,
    /// Nothing yet.
    Nothing,
    /// Of the whole, under this name and if any part asked so, with the text of its beginning (none: that of this part).
    Whole {
        told: Told,
        wants: Wants,
        fate: Fate,
        beginning: Option<Box<[u8]>>,
    },
}

impl Whole {
    fn new(told: Told, part: &Part, held: Option<Wall>) -> Whole {
        Whole {
            told,
            total: part.total,
            receipts: part.receipts,
            held,
            seen: [0; 4],
            open: BTreeMap::new(),
            has_left: false,
            wants: Wants::NONE,
            is_told: false,
            worst: None,
            beginning: None,
        }
    }

    /// Whether the part of this number has come.
    pub(crate) fn has(&self, number: u8) -> bool {
        self.seen[usize::from(number) / 64] >> (number % 64) & 1 != 0
    }

    /// Whether all parts have come.
    pub(crate) fn is_complete(&self) -> bool {
        let seen: u32 = self.seen.iter().map(|bits| bits.count_ones()).sum();
        seen == u32::from(self.total)
    }

    /// Whether no part has ended.
    pub(crate) fn is_intact(&self) -> bool {
        let seen: u32 = self.seen.iter().map(|bits| bits.count_ones()).sum();
        seen as usize == self.open.len()
    }

    /// Whether no part has ended that a carrier may have.
    pub(crate) fn is_ours(&self) -> bool {
        // Older snapshots do not tell.
        !self.has_left || self.is_intact()
    }

    /// The worst end of those before and this one.
    fn worst(&self, fate: Fate) -> Fate {
        let before = self
            .worst
            .filter(|worst| severity(worst.state) > severity(fate.state));
        let worst = before.unwrap_or(fate);
        let done = self
            .worst
            .map_or(fate.done, |worst| worst.done.max(fate.done));
        Fate { done, ..worst }
    }

    pub(crate) fn image(&self) -> WholeImage<'_> {
        WholeImage {
            told: self.told,
            total: self.total,
            receipts: self.receipts,
            held: self.held,
            seen: self.seen,
            has_left: self.has_left,
            wants: self.wants,
            is_told: self.is_told,
            worst: self.worst,
            beginning: self.beginning.as_deref(),
        }
    }

    fn memory(&self) -> u64 {
        /// A node of each of three trees for a part, one of two for the whole, as an allocator rounds them.
        const PART: u64 = 64;
        let beginning = self
            .beginning
            .as_ref()
            .map_or(0, |body| body.len() as u64 + 16);
        size_of::<Whole>() as u64 + PART * (1 + self.open.len() as u64) + beginning
    }
}

/// Which of two ends is worse news.
pub(crate) fn severity(state: State) -> u8 {
    match state {
        State::Delivered => 0,
        State::Accepted => 1,
        State::Scheduled | State::Enroute => 2,
        State::Unknown => 3,
        State::Skipped | State::Deleted => 4,
        State::Expired => 5,
        State::Undeliverable => 6,
        State::Rejected => 7,
    }
}

impl Wholes {
    /// A part is ours; `held`: its long message waits for the others, at most until then.
    pub(crate) fn join(&mut self, order: &Order, part: &Part, due: Option<Wall>) {
        let Order {
            key, told, wants, ..
        } = *order;
        let held = due.filter(|_| part.held);
        let whole = self.wholes.entry(part.head).or_insert_with(|| {
            self.ends.extend(held.map(|end| (end, part.head)));
            let whole = Whole::new(told, part, held);
            self.memory += whole.memory();
            whole
        });
        self.memory -= whole.memory();
        whole.wants = whole.wants.and(wants);
        whole.seen[usize::from(part.number) / 64] |= 1 << (part.number % 64);
        whole.open.insert(part.number, key);
        self.memory += whole.memory();
        self.heads.insert(key, part.head);
    }

    /// The parts wait for each other no longer.
    pub(crate) fn release(&mut self, head: MessageKey) -> Vec<MessageKey> {
        let Some(whole) = self.wholes.get_mut(&head) else {
            return Vec::new();
        };
        if let Some(end) = whole.held.take() {
            self.ends.remove(&(end, head));
        }
        whole.open.values().copied().collect()
    }

    /// The customer of this part heard its last word of the whole.
    pub(crate) fn tell(&mut self, key: MessageKey) {
        let whole = self.heads.get(&key);
        if let Some(whole) = whole.and_then(|head| self.wholes.get_mut(head)) {
            whole.is_told = true;
        }
    }

    /// A part has ended; `left`: a carrier may have it.
    pub(crate) fn end(&mut self, key: MessageKey, left: bool, fate: Fate, body: &[u8]) -> Hears {
        let Some(head) = self.heads.remove(&key) else {
            return Hears::Part;
        };
        let Some(whole) = self.wholes.get_mut(&head) else {
            return Hears::Part;
        };
        self.memory -= whole.memory();
        whole.has_left |= left;
        let number = whole
            .open
            .iter()
            .find(|&(_, &open)| open == key)
            .map(|(&number, _)| number);
        number.map(|number| whole.open.remove(&number));
        let joined = whole.receipts == PartReceipts::Joined;
        if joined {
            whole.worst = Some(whole.worst(fate));
        }
        if whole.open.is_empty() {
            let whole = self.wholes.remove(&head);
            let Some(Whole {
                told,
                wants,
                worst,
                beginning,
                held,
                ..
            }) = whole
            else {
                return Hears::Part;
            };
            if let Some(end) = held {
                self.ends.remove(&(end, head));
            }
            return match worst {
                Some(fate) => Hears::Whole {
                    told,
                    wants,
                    fate,
                    beginning,
                },
                None => Hears::Part,
            };
        }
        if joined && number == Some(1) {
            whole.beginning = Some(body.into());
        }
        self.memory += whole.memory();
        if joined { Hears::Nothing } else { Hears::Part }
    }

    /// The state that the customer would hear of if this part came to `state` now; none: nothing yet.
    pub(crate) fn would_hear(&self, key: MessageKey, state: State) -> Option<State> {
        let Some(whole) = self
            .of(key)
            .filter(|whole| whole.receipts == PartReceipts::Joined)
        else {
            return Some(state);
        };
        let fate = Fate {
            state,
            cause: Cause::NONE,
            done: Wall(0),
        };
        (whole.open.len() == 1).then(|| whole.worst(fate).state)
    }

    /// The number of this part, from 1, and how many they are.
    pub(crate) fn part(&self, key: MessageKey) -> Option<(u8, u8)> {
        let whole = self.of(key)?;
        let mut open = whole.open.iter();
        let (&number, _) = open.find(|&(_, &open)| open == key)?;
        Some((number, whole.total))
    }

    /// The long message that a part belongs to.
    pub(crate) fn of(&self, key: MessageKey) -> Option<&Whole> {
        self.wholes.get(self.heads.get(&key)?)
    }

    /// The long message whose first part had this key.
    pub(crate) fn get(&self, head: MessageKey) -> Option<&Whole> {
        self.wholes.get(&head)
    }

    /// Of those that wait for their other parts, the one that waits the least longer, and until when.
    pub(crate) fn next_end(&self) -> Option<(Wall, MessageKey)> {
        self.ends.first().copied()
    }

    /// The part that came first of those that `key` belongs to.
    pub(crate) fn head(&self, key: MessageKey) -> Option<MessageKey> {
        self.heads.get(&key).copied()
    }

    /// Each, by its first part.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MessageKey, &Whole)> {
        self.wholes.iter().map(|(&head, whole)| (head, whole))
    }

    pub(crate) fn len(&self) -> usize {
        self.wholes.len()
    }

    /// Octets of memory.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// One of a snapshot; its parts follow.
    pub(crate) fn restore(&mut self, head: MessageKey, image: &WholeImage<'_>) {
        let whole = Whole {
            told: image.told,
            total: image.total,
            receipts: image.receipts,
            held: image.held,
            seen: image.seen,
            open: BTreeMap::new(),
            has_left: image.has_left,
            wants: image.wants,
            is_told: image.is_told,
            worst: image.worst,
            beginning: image.beginning.map(Box::from),
        };
        self.ends.extend(whole.held.map(|end| (end, head)));
        self.memory += whole.memory();
        self.wholes.insert(head, whole);
    }

    /// A part of a snapshot that has not ended.
    pub(crate) fn restore_part(&mut self, head: MessageKey, number: u8, key: MessageKey) {
        let Some(whole) = self.wholes.get_mut(&head) else {
            return;
        };
        self.memory -= whole.memory();
        whole.open.insert(number, key);
        self.memory += whole.memory();
        self.heads.insert(key, head);
    }
}

/// A long message as a snapshot has it, without its parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WholeImage<'a> {
    told: Told,
    total: u8,
    receipts: PartReceipts,
    held: Option<Wall>,
    seen: [u64; 4],
    has_left: bool,
    wants: Wants,
    is_told: bool,
    worst: Option<Fate>,
    beginning: Option<&'a [u8]>,
}

impl<'a> WholeImage<'a> {
    pub(crate) fn encode(&self, w: &mut Writer<'_>) {
        let (worst, beginning) = (self.worst.is_some(), self.beginning.is_some());
        w.bytes(&[
            self.total,
            self.receipts as u8,
            u8::from(worst) | u8::from(self.is_told) << 1 | u8::from(!self.has_left) << 2,
            u8::from(beginning) | self.wants.0 << 1,
        ]);
        w.u64(self.told.0);
        w.u64(self.held.map_or(0, |end| end.0));
        self.seen.iter().for_each(|&bits| w.u64(bits));
        if let Some(Fate { state, cause, done }) = self.worst {
            let [c0, c1, c2] = cause.octets();
            w.bytes(&[state as u8, c0, c1, c2]);
            w.u64(done.0);
        }
        if let Some(beginning) = self.beginning {
            w.long(beginning);
        }
    }

    pub(crate) fn decode(r: &mut Reader<'_, 'a>) -> Option<WholeImage<'a>> {
        let [total, receipts, ended, rest] = r.array()?;
        let (worst, is_told, has_left) = (ended & 1, ended & 2 != 0, ended & 4 == 0);
        let (beginning, wants) = (rest & 1, Wants(rest >> 1));
        let receipts = PartReceipts::from_code(receipts)?;
        let told = Told(r.u64()?);
        let held = Some(Wall(r.u64()?)).filter(|end| end.0 != 0);
        let seen = [r.u64()?, r.u64()?, r.u64()?, r.u64()?];
        let worst = if worst == 0 {
            None
        } else {
            let [state, c0, c1, c2] = r.array()?;
            Some(Fate {
                state: State::from_u8(state)?,
                cause: Cause::from_octets([c0, c1, c2]),
                done: Wall(r.u64()?),
            })
        };
        let beginning = if beginning == 0 {
            None
        } else {
            Some(r.long()?)
        };
        Some(WholeImage {
            told,
            total,
            receipts,
            held,
            seen,
            has_left,
            wants,
            is_told,
            worst,
            beginning,
        })
    }
}
