//! Ids of messages that ended not long ago, so that a receipt that comes again is known.

use std::collections::VecDeque;

use sms::Wall;

use crate::entry::IdHash;
use crate::hash::FixedMap;
use crate::lendable::Lendable;
use crate::number::TailHash;

/// How long they are remembered at least, if there are not too many of them: receipts come again for a day.
const HOURS: u32 = 24;
/// A generation holds at least so many before the next begins within the same hour (a table of 32 768 places is full then)..
const GENERATION_MIN: usize = 28_672;
/// ..and at least this part of all, so that there are never many generations.
const GENERATION_SHARE: usize = 10;

/// The ids in generations: to remember one costs one place in a table, to forget thousands costs next to nothing.
///
/// When a generation begins follows from what was put in; that one is forgotten is a fact of its own, for only the directory
/// says how many there may be.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    generations: VecDeque<Generation>,
    len: usize,
}

#[derive(Debug)]
struct Generation {
    name: GenerationName,
    /// The number that each message went to, of several of one id the last.
    ids: Lendable<FixedMap<u64, TailHash>>,
}

/// A generation of one connector: its serial number, and the hour since 1970 in which it began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct GenerationName {
    pub(crate) serial: u32,
    pub(crate) hour: u32,
}

impl Closed {
    /// The message of this id, sent to this number, ended at `at`.
    pub(crate) fn insert(&mut self, id: IdHash, number: TailHash, at: Wall) {
        let hour = hour(at);
        let full = GENERATION_MIN.max(self.len / GENERATION_SHARE);
        let name = match self.generations.back() {
            None => GenerationName { serial: 0, hour },
            Some(last) if last.name.hour < hour || last.ids.len() >= full => GenerationName {
                serial: last.name.serial.wrapping_add(1),
                hour: hour.max(last.name.hour),
            },
            Some(last) => last.name,
        };
        self.restore(name, id, number);
    }

    /// The same ids, to be read as they are now.
    pub(crate) fn lend(&mut self) -> Closed {
        let generations = self.generations.iter_mut().map(|generation| Generation {
            name: generation.name,
            ids: generation.ids.lend(),
        });
        Closed {
            generations: generations.collect(),
            len: self.len,
        }
    }

    /// Puts an id into the generation it was in.
    pub(crate) fn restore(&mut self, name: GenerationName, id: IdHash, number: TailHash) {
        if self.generations.back().is_none_or(|last| last.name != name) {
            let ids = Lendable::default();
            self.generations.push_back(Generation { name, ids });
        }
        if let Some(last) = self.generations.back_mut() {
            let known = last.ids.own().insert(id.0, number);
            self.len += usize::from(known.is_none());
        }
    }

    /// The oldest generation, if it is to be forgotten: its time is over, or there are more ids than `most`.
    pub(crate) fn overdue(&self, most: usize, now: Wall) -> Option<GenerationName> {
        let oldest = self.generations.front()?.name;
        // What ended in the last minute of its hour is a day old only when the next hour of the next day begins.
        let over = oldest.hour + HOURS < hour(now) || self.len > most;
        over.then_some(oldest)
    }

    /// This generation and all before it are forgotten.
    pub(crate) fn forget(&mut self, upto: GenerationName) {
        while let Some(oldest) = self.generations.pop_front_if(|oldest| oldest.name <= upto) {
            self.len -= oldest.ids.len();
        }
    }

    /// Whether a message of that id ended not long ago; with a `number`, one that went there.
    pub(crate) fn contains(&self, id: IdHash, number: Option<TailHash>) -> bool {
        let numbers = self
            .generations
            .iter()
            .filter_map(|generation| generation.ids.get(&id.0));
        numbers
            .into_iter()
            .any(|known| number.is_none_or(|number| number == *known))
    }

    /// Everything, in an order that depends on nothing but the contents.
    pub(crate) fn each(&self, mut put: impl FnMut(GenerationName, IdHash, TailHash)) {
        for generation in &self.generations {
            let ids = generation.ids.iter();
            let mut ids: Vec<_> = ids.map(|(&id, &number)| (id, number)).collect();
            ids.sort_unstable();
            for (id, number) in ids {
                put(generation.name, IdHash(id), number);
            }
        }
    }
}

fn hour(at: Wall) -> u32 {
    u32::try_from(at.0 / 3_600_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const NUMBER: TailHash = TailHash(7);

    fn at(hour: u64) -> Wall {
        Wall(1_000 * 24 * HOUR_MS + hour * HOUR_MS)
    }

    /// Forgets as the engine would.
    fn tidy(closed: &mut Closed, most: usize, now: Wall) {
        while let Some(name) = closed.overdue(most, now) {
            closed.forget(name);
        }
    }

    #[test]
    fn an_id_is_known_for_a_day_and_forgotten_within_the_next_hour() {
        let mut closed = Closed::default();
        let last_moment = Wall(at(1).0 - 1);
        closed.insert(IdHash(1), NUMBER, last_moment);
        tidy(&mut closed, 100, Wall(last_moment.0 + 24 * HOUR_MS));
        assert!(closed.contains(IdHash(1), None));
        tidy(&mut closed, 100, Wall(last_moment.0 + 25 * HOUR_MS));
        assert!(!closed.contains(IdHash(1), None));
        assert_eq!(closed.len, 0);
    }

    #[test]
    fn of_too_many_the_newest_are_known() {
        let mut closed = Closed::default();
        let most = 100_000;
        for id in 0..1_000_000 {
            closed.insert(IdHash(id), NUMBER, at(0));
            tidy(&mut closed, most, at(0));
            assert!(closed.len <= most);
        }
        for id in 1_000_000 - (most - GENERATION_MIN) as u64..1_000_000 {
            assert!(closed.contains(IdHash(id), Some(NUMBER)), "{id}");
        }
        assert!(closed.generations.len() <= 5);
    }

    #[test]
    fn there_are_few_generations_however_many_ids_there_are() {
        let mut closed = Closed::default();
        for id in 0..3_000_000 {
            closed.insert(IdHash(id), NUMBER, at(id / 1_000_000));
        }
        assert!(
            closed.generations.len() < 60,
            "{}",
            closed.generations.len()
        );
    }

    #[test]
    fn an_id_of_another_number_is_another_message() {
        let mut closed = Closed::default();
        closed.insert(IdHash(1), NUMBER, at(0));
        assert!(closed.contains(IdHash(1), Some(NUMBER)));
        assert!(!closed.contains(IdHash(1), Some(TailHash(8))));
    }

    #[test]
    fn what_was_written_down_makes_the_same_again() {
        let mut closed = Closed::default();
        for id in 0..70_000 {
            closed.insert(IdHash(crate::hash::mix(id)), NUMBER, at(id / 50_000));
        }
        let mut again = Closed::default();
        closed.each(|name, id, number| again.restore(name, id, number));
        let list = |closed: &Closed| {
            let mut list = Vec::new();
            closed.each(|name, id, number| list.push((name, id, number)));
            list
        };
        assert_eq!(list(&closed), list(&again));
        assert_eq!((closed.len, closed.generations.len()), (again.len, 3));
    }
}
