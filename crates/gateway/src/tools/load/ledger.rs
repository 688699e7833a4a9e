//! Which messages were sent, answered and receipted: exactly, in thirteen octets for each message of a block that is
//! still open and none for blocks that are done.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use sms::Instant;

use crate::tools::hash::Ready;

/// Messages of one block.
const BLOCK: usize = 1 << 16;

/// Receipts under ids that no response has told yet; beyond that they count as unknown.
const EARLY_MAX: usize = 1_000_000;

const ANSWERED: u8 = 1;
const RECEIPTED: u8 = 2;
/// Answered, but not accepted: no receipt is to come.
const REFUSED: u8 = 4;

/// The books.
pub(crate) struct Ledger {
    receipts: bool,
    by_id: Option<ById>,
    /// By number; `None`: all its messages are done.
    blocks: Vec<Option<Box<Block>>>,
    sent: u64,
    counts: Counts,
}

/// What the books come to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) answered: u64,
    pub(crate) accepted: u64,
    /// Responses to nothing, or a second time.
    pub(crate) responses_unmatched: u64,
    /// Accepted messages with their final receipt.
    pub(crate) receipted: u64,
    /// Final receipts after the first.
    pub(crate) duplicate: u64,
    /// Receipts for no message of ours, or under another id than the response gave.
    pub(crate) unknown: u64,
    /// Receipts that came before the response.
    pub(crate) early: u64,
    /// Receipts for messages that were refused.
    pub(crate) of_refused: u64,
}

/// Finds messages by their id, if destinations do not tell them apart.
#[derive(Default)]
struct ById {
    numbers: HashMap<u64, u64, BuildHasherDefault<Ready>>,
    /// Receipts that wait for a response to tell whose they are.
    early: HashMap<u64, Instant, BuildHasherDefault<Ready>>,
}

struct Block {
    open: u32,
    states: Vec<u8>,
    /// When each was sent, in microseconds; comes round after 71 minutes.
    sent: Vec<u32>,
    /// Hashes of the message ids; 0: not known yet. Empty if there are no receipts.
    ids: Vec<u64>,
}

impl Ledger {
    /// `receipts`: each message is to get one. `by_id`: destinations do not tell messages apart.
    pub(crate) fn new(receipts: bool, by_id: bool) -> Ledger {
        Ledger {
            receipts,
            by_id: (receipts && by_id).then(ById::default),
            blocks: Vec::new(),
            sent: 0,
            counts: Counts::default(),
        }
    }

    /// Messages sent so far: the number of the next one.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    pub(crate) fn counts(&self) -> Counts {
        let waiting = self.by_id.as_ref().map_or(0, |by_id| by_id.early.len());
        Counts {
            unknown: self.counts.unknown + waiting as u64,
            ..self.counts
        }
    }

    /// Messages that were not answered yet.
    pub(crate) fn unanswered(&self) -> u64 {
        self.sent - self.counts.answered
    }

    /// Accepted messages whose receipt did not come yet.
    pub(crate) fn receipts_missing(&self) -> u64 {
        match self.receipts {
            true => self.counts.accepted - self.counts.receipted,
            false => 0,
        }
    }

    /// Enters one message; its number.
    #[inline]
    pub(crate) fn send(&mut self, at: Instant) -> u64 {
        let n = self.sent;
        let slot = n as usize % BLOCK;
        if slot == 0 {
            self.blocks.push(Some(Box::new(Block::new(self.receipts))));
        }
        self.sent += 1;
        if let Some(Some(block)) = self.blocks.last_mut() {
            block.sent[slot] = micros(at);
        }
        n
    }

    /// Enters the response to message `n`: the hash of its id, or `None` if it was refused. How long it took in
    /// microseconds, if it was the first.
    #[inline]
    pub(crate) fn answer(&mut self, n: u64, now: Instant, id: Option<u64>) -> Option<u64> {
        let (number, slot) = place(n);
        let block = match self.blocks.get_mut(number) {
            Some(Some(block)) if n < self.sent && block.states[slot] & ANSWERED == 0 => block,
            _ => {
                self.counts.responses_unmatched += 1;
                return None;
            }
        };
        let took = micros(now).wrapping_sub(block.sent[slot]);
        let receipted = block.states[slot] & RECEIPTED != 0;
        block.states[slot] |= ANSWERED;
        self.counts.answered += 1;
        let done = match id {
            None => {
                block.states[slot] |= REFUSED;
                self.counts.of_refused += u64::from(receipted);
                true
            }
            Some(id) => {
                self.counts.accepted += 1;
                !self.receipts || self.learn_id(n, id, receipted)
            }
        };
        if done {
            self.finish(number);
        }
        Some(u64::from(took))
    }

    /// Puts the id beside its message; true if its receipt was here before.
    fn learn_id(&mut self, n: u64, id: u64, receipted: bool) -> bool {
        let (number, slot) = place(n);
        let Some(Some(block)) = self.blocks.get_mut(number) else {
            return false;
        };
        let mut confirmed = receipted && block.ids[slot] == id;
        if receipted && !confirmed {
            // What came early was of another message.
            self.counts.unknown += 1;
            self.counts.early -= 1;
            block.states[slot] &= !RECEIPTED;
        }
        block.ids[slot] = id;
        if let Some(by_id) = &mut self.by_id {
            by_id.numbers.insert(id, n);
            if by_id.early.remove(&id).is_some() {
                block.states[slot] |= RECEIPTED;
                self.counts.early += 1;
                confirmed = true;
            }
        }
        self.counts.receipted += u64::from(confirmed);
        confirmed
    }

    /// Enters a final receipt under the hash of its id; `told` is the message that its address tells. How long after the
    /// sending it came in microseconds, if it was the first.
    #[inline]
    pub(crate) fn receipt(&mut self, told: Option<u64>, id: u64, now: Instant) -> Option<u64> {
        let found = match &self.by_id {
            Some(by_id) => by_id.numbers.get(&id).copied(),
            None => told,
        };
        let Some(n) = found.filter(|n| *n < self.sent) else {
            self.unknown(id, now);
            return None;
        };
        let (number, slot) = place(n);
        let Some(Some(block)) = self.blocks.get_mut(number) else {
            // All of the block are done, so this one had its receipt or was refused.
            self.counts.duplicate += 1;
            return None;
        };
        let state = block.states[slot];
        if state & REFUSED != 0 {
            self.counts.of_refused += 1;
            return None;
        }
        if block.ids[slot] != 0 && block.ids[slot] != id {
            self.counts.unknown += 1;
            return None;
        }
        if state & RECEIPTED != 0 {
            self.counts.duplicate += 1;
            return None;
        }
        block.ids[slot] = id;
        block.states[slot] |= RECEIPTED;
        let took = micros(now).wrapping_sub(block.sent[slot]);
        if state & ANSWERED == 0 {
            self.counts.early += 1;
        } else {
            self.counts.receipted += 1;
            self.finish(number);
        }
        Some(u64::from(took))
    }

    fn unknown(&mut self, id: u64, now: Instant) {
        match &mut self.by_id {
            Some(by_id) if by_id.early.len() < EARLY_MAX => {
                if by_id.early.insert(id, now).is_some() {
                    self.counts.duplicate += 1;
                }
            }
            _ => self.counts.unknown += 1,
        }
    }

    fn finish(&mut self, number: usize) {
        let slot = &mut self.blocks[number];
        if let Some(block) = slot {
            block.open -= 1;
            if block.open == 0 {
                *slot = None;
            }
        }
    }
}

impl Block {
    fn new(receipts: bool) -> Block {
        Block {
            open: BLOCK as u32,
            states: vec![0; BLOCK],
            sent: vec![0; BLOCK],
            ids: vec![0; if receipts { BLOCK } else { 0 }],
        }
    }
}

fn micros(at: Instant) -> u32 {
    (at.0 / 1000) as u32
}

fn place(n: u64) -> (usize, usize) {
    (n as usize / BLOCK, n as usize % BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1_000_000);
    const LATER: Instant = Instant(3_000_000);

    fn sent(messages: u64, by_id: bool) -> Ledger {
        let mut ledger = Ledger::new(true, by_id);
        for _ in 0..messages {
            ledger.send(NOW);
        }
        ledger
    }

    #[test]
    fn a_message_is_answered_and_receipted_once() {
        let mut ledger = sent(1, false);
        assert_eq!(ledger.unanswered(), 1);
        assert_eq!(ledger.answer(0, LATER, Some(77)), Some(2000));
        assert_eq!((ledger.unanswered(), ledger.receipts_missing()), (0, 1));
        assert_eq!(ledger.receipt(Some(0), 77, LATER), Some(2000));
        assert_eq!(ledger.receipts_missing(), 0);
        assert_eq!(ledger.answer(0, LATER, Some(77)), None);
        assert_eq!(ledger.receipt(Some(0), 77, LATER), None);
        let counts = ledger.counts();
        assert_eq!((counts.responses_unmatched, counts.duplicate), (1, 1));
    }

    #[test]
    fn receipt_before_response() {
        for by_id in [false, true] {
            let mut ledger = sent(1, by_id);
            ledger.receipt(Some(0), 77, LATER);
            assert_eq!(ledger.counts().receipted, 0);
            ledger.answer(0, LATER, Some(77));
            let counts = ledger.counts();
            assert_eq!((counts.receipted, counts.early, counts.unknown), (1, 1, 0));
            ledger.receipt(Some(0), 77, LATER);
            assert_eq!(ledger.counts().duplicate, 1);
        }
    }

    #[test]
    fn a_receipt_under_another_id_is_not_taken_for_ours() {
        let mut ledger = sent(2, false);
        ledger.answer(0, LATER, Some(77));
        ledger.receipt(Some(0), 78, LATER);
        ledger.receipt(Some(1), 79, LATER);
        ledger.answer(1, LATER, Some(80));
        ledger.receipt(None, 81, LATER);
        ledger.receipt(Some(9), 81, LATER);
        assert_eq!(ledger.counts().unknown, 4);
        assert_eq!(ledger.receipts_missing(), 2);
    }

    #[test]
    fn what_was_refused_wants_no_receipt() {
        let mut ledger = sent(1, false);
        ledger.answer(0, LATER, None);
        assert_eq!((ledger.unanswered(), ledger.receipts_missing()), (0, 0));
        ledger.receipt(Some(0), 77, LATER);
        assert_eq!(ledger.counts().of_refused, 1);
    }

    #[test]
    fn a_block_that_is_done_takes_no_memory_and_still_knows_its_duplicates() {
        let messages = BLOCK as u64 + 1;
        let mut ledger = sent(messages, false);
        for n in 0..messages {
            ledger.answer(n, LATER, Some(n + 1));
            ledger.receipt(Some(n), n + 1, LATER);
        }
        assert!(ledger.blocks[0].is_none() && ledger.blocks[1].is_some());
        ledger.receipt(Some(5), 6, LATER);
        ledger.answer(5, LATER, Some(6));
        let counts = ledger.counts();
        assert_eq!((counts.duplicate, counts.responses_unmatched), (1, 1));
        assert_eq!(counts.receipted, messages);
    }

    #[test]
    fn messages_to_one_number_are_told_apart_by_their_ids() {
        let mut ledger = sent(2, true);
        ledger.answer(0, LATER, Some(70));
        ledger.answer(1, LATER, Some(71));
        ledger.receipt(Some(1), 70, LATER);
        ledger.receipt(Some(1), 70, LATER);
        ledger.receipt(Some(1), 99, LATER);
        let counts = ledger.counts();
        assert_eq!(
            (counts.receipted, counts.duplicate, counts.unknown),
            (1, 1, 1)
        );
        assert_eq!(ledger.receipts_missing(), 1);
    }
}
