//! The requests that we sent and the peer has not answered.
//!
//! A ring indexed by sequence number finds a request in one step, and a list through the slots keeps them in the order of
//! sending, which is the order of their deadlines because all wait equally long. The ring is at most half full, so a
//! request that is never answered costs later ones a skipped sequence number once a lap, and nothing else.

use crate::command::CommandId;

use super::clock::Tick;

/// The largest sequence number (SMPP 3.4, 5.1.4).
const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// Slots of the first ring: a slow session never needs more.
const FIRST_RING: usize = 8;

/// No slot.
const NONE: u32 = u32::MAX;

/// Outstanding requests, and the sequence numbers of everything that we send.
#[derive(Debug)]
pub(super) struct Window {
    /// A power of two long, or empty.
    slots: Vec<Slot>,
    next_sequence: u32,
    taken: u32,
    silent: u32,
    oldest: u32,
    newest: u32,
    /// The oldest one that is not silent: from here on the list waits for its response deadline.
    waiting: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    token: u64,
    sent: Tick,
    /// 0 in a free slot.
    sequence: u32,
    older: u32,
    newer: u32,
    /// Ids of requests fit 16 bits.
    command: u16,
    silent: bool,
}

const FREE: Slot = Slot {
    token: 0,
    sent: Tick::NEVER,
    sequence: 0,
    older: NONE,
    newer: NONE,
    command: 0,
    silent: false,
};

/// A request that was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Settled {
    pub(super) token: u64,
    /// It had been given up by then.
    pub(super) late: bool,
}

impl Window {
    pub(super) const fn new() -> Window {
        Window {
            slots: Vec::new(),
            next_sequence: 1,
            taken: 0,
            silent: 0,
            oldest: NONE,
            newest: NONE,
            waiting: NONE,
        }
    }

    /// Requests outstanding, silent ones included.
    pub(super) fn taken(&self) -> usize {
        self.taken as usize
    }

    /// Requests whose response deadline has passed.
    pub(super) fn silent(&self) -> usize {
        self.silent as usize
    }

    /// The number for a PDU that takes no slot.
    pub(super) fn number(&mut self) -> u32 {
        while !self.slots.is_empty()
            && self.slots[self.place(self.next_sequence)].sequence == self.next_sequence
        {
            self.next_sequence = after(self.next_sequence);
        }
        let number = self.next_sequence;
        self.next_sequence = after(number);
        number
    }

    /// The number that the next [`take`](Window::take) has to use.
    pub(super) fn vacant(&mut self) -> u32 {
        if (self.taken as usize + 1) * 2 > self.slots.len() {
            self.grow();
        }
        while self.slots[self.place(self.next_sequence)].sequence != 0 {
            self.next_sequence = after(self.next_sequence);
        }
        self.next_sequence
    }

    /// Puts a request into the slot of its number, which [`vacant`](Window::vacant) has just named.
    pub(super) fn take(&mut self, sequence: u32, command: CommandId, token: u64, sent: Tick) {
        let place = self.place(sequence);
        assert!(
            self.slots[place].sequence == 0,
            "two requests in one slot of the window"
        );
        self.slots[place] = Slot {
            token,
            sent,
            sequence,
            older: self.newest,
            newer: NONE,
            command: command.0 as u16,
            silent: false,
        };
        let place = place as u32;
        match self.newest {
            NONE => self.oldest = place,
            newest => self.slots[newest as usize].newer = place,
        }
        self.newest = place;
        if self.waiting == NONE {
            self.waiting = place;
        }
        self.taken += 1;
        self.next_sequence = after(sequence);
    }

    /// Frees the slot of the request that a response of type `response` answers; `None` (a `generic_nack`) fits every
    /// request.
    pub(super) fn settle(&mut self, sequence: u32, response: Option<CommandId>) -> Option<Settled> {
        if self.slots.is_empty() || sequence == 0 {
            return None;
        }
        let place = self.place(sequence);
        let slot = &self.slots[place];
        let fits = response.is_none_or(|id| id == CommandId(u32::from(slot.command)).response());
        if slot.sequence != sequence || !fits {
            return None;
        }
        Some(self.free(place))
    }

    /// When the request that is next to reach its response deadline was sent.
    pub(super) fn first_waiting(&self) -> Option<Tick> {
        self.slots.get(self.waiting as usize).map(|slot| slot.sent)
    }

    /// When the silent request that is next to be forgotten was sent.
    pub(super) fn first_silent(&self) -> Option<Tick> {
        if self.silent == 0 {
            return None;
        }
        self.slots.get(self.oldest as usize).map(|slot| slot.sent)
    }

    /// Gives up the [first waiting](Window::first_waiting) request; its slot stays taken.
    pub(super) fn fall_silent(&mut self) -> Option<u64> {
        let slot = self.slots.get_mut(self.waiting as usize)?;
        slot.silent = true;
        self.waiting = slot.newer;
        self.silent += 1;
        Some(slot.token)
    }

    /// Frees the slot of the [first silent](Window::first_silent) request: nobody waits for it any more.
    pub(super) fn forget(&mut self) -> Option<u64> {
        if self.silent == 0 {
            return None;
        }
        Some(self.free(self.oldest as usize).token)
    }

    /// Gives the memory back if nothing is outstanding.
    pub(super) fn rest(&mut self) {
        if self.taken == 0 {
            self.slots = Vec::new();
        }
    }

    fn place(&self, sequence: u32) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }

    fn free(&mut self, place: usize) -> Settled {
        let slot = core::mem::replace(&mut self.slots[place], FREE);
        match slot.older {
            NONE => self.oldest = slot.newer,
            older => self.slots[older as usize].newer = slot.newer,
        }
        match slot.newer {
            NONE => self.newest = slot.older,
            newer => self.slots[newer as usize].older = slot.older,
        }
        if self.waiting == place as u32 {
            self.waiting = slot.newer;
        }
        self.taken -= 1;
        self.silent -= u32::from(slot.silent);
        Settled {
            token: slot.token,
            late: slot.silent,
        }
    }

    /// Doubles the ring. Numbers that differed in it differ in the larger one too.
    fn grow(&mut self) {
        let length = (self.slots.len() * 2).max(FIRST_RING);
        let old = core::mem::replace(&mut self.slots, vec![FREE; length]);
        let mut from = core::mem::replace(&mut self.oldest, NONE);
        let mut older = NONE;
        self.waiting = NONE;
        while from != NONE {
            let slot = old[from as usize];
            let place = self.place(slot.sequence);
            self.slots[place] = Slot {
                older,
                newer: NONE,
                ..slot
            };
            match older {
                NONE => self.oldest = place as u32,
                older => self.slots[older as usize].newer = place as u32,
            }
            if !slot.silent && self.waiting == NONE {
                self.waiting = place as u32;
            }
            older = place as u32;
            from = slot.newer;
        }
        self.newest = older;
    }
}

fn after(sequence: u32) -> u32 {
    if sequence == SEQUENCE_MAX {
        1
    } else {
        sequence + 1
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use sms::Instant;

    use super::super::clock::Clock;
    use super::*;
    use crate::command::{DELIVER_SM_RESP, SUBMIT_SM, SUBMIT_SM_RESP};

    fn tick(seconds: u64) -> Tick {
        Clock::new().at(Instant(0) + Duration::from_secs(seconds))
    }

    fn send(window: &mut Window, token: u64) -> u32 {
        let sequence = window.vacant();
        window.take(sequence, SUBMIT_SM, token, tick(token));
        sequence
    }

    fn answer(window: &mut Window, sequence: u32) -> Option<u64> {
        window
            .settle(sequence, Some(SUBMIT_SM_RESP))
            .map(|settled| settled.token)
    }

    #[test]
    fn responses_in_any_order_find_their_requests() {
        let mut window = Window::new();
        let sequences: Vec<u32> = (1..=100).map(|token| send(&mut window, token)).collect();
        assert_eq!(sequences, (1..=100).collect::<Vec<u32>>());
        for &sequence in sequences.iter().rev() {
            assert_eq!(answer(&mut window, sequence), Some(u64::from(sequence)));
        }
        assert_eq!(window.taken(), 0);
    }

    #[test]
    fn a_response_settles_once_and_only_its_own_type() {
        let mut window = Window::new();
        let sequence = send(&mut window, 7);
        assert_eq!(window.settle(sequence, Some(DELIVER_SM_RESP)), None);
        assert_eq!(answer(&mut window, sequence + 8), None);
        assert_eq!(answer(&mut window, 0), None);
        assert_eq!(answer(&mut window, sequence), Some(7));
        assert_eq!(answer(&mut window, sequence), None);
        assert_eq!(window.settle(sequence, None), None);
    }

    #[test]
    fn a_request_that_is_never_answered_keeps_its_number_for_itself() {
        let mut window = Window::new();
        let stuck = send(&mut window, 1);
        for token in 2..1000 {
            let sequence = send(&mut window, token);
            assert_ne!(sequence, stuck);
            assert_eq!(answer(&mut window, sequence), Some(token));
        }
        assert_eq!(answer(&mut window, stuck), Some(1));
        assert_eq!(window.slots.len(), FIRST_RING);
    }

    #[test]
    fn sequence_numbers_wrap_to_one() {
        let mut window = Window::new();
        window.next_sequence = SEQUENCE_MAX - 1;
        assert_eq!(send(&mut window, 1), SEQUENCE_MAX - 1);
        assert_eq!(window.number(), SEQUENCE_MAX);
        assert_eq!(send(&mut window, 2), 1);
        assert_eq!(window.number(), 2);
    }

    #[test]
    fn a_number_in_use_is_not_given_to_a_pdu_without_a_slot() {
        let mut window = Window::new();
        let sequence = send(&mut window, 1);
        window.next_sequence = sequence;
        assert_eq!(window.number(), sequence + 1);
    }

    #[test]
    fn requests_fall_silent_in_the_order_of_sending_and_still_settle_late() {
        let mut window = Window::new();
        for token in 1..=20 {
            send(&mut window, token);
        }
        assert_eq!(answer(&mut window, 1), Some(1));
        assert_eq!(window.first_waiting(), Some(tick(2)));
        assert_eq!(window.fall_silent(), Some(2));
        assert_eq!(window.fall_silent(), Some(3));
        assert_eq!(window.first_waiting(), Some(tick(4)));
        assert_eq!((window.taken(), window.silent()), (19, 2));

        let late = Settled {
            token: 2,
            late: true,
        };
        assert_eq!(window.settle(2, Some(SUBMIT_SM_RESP)), Some(late));
        assert_eq!(window.first_silent(), Some(tick(3)));
        assert_eq!(window.forget(), Some(3));
        assert_eq!((window.first_silent(), window.forget()), (None, None));
        assert_eq!((window.taken(), window.silent()), (17, 0));
        for token in 21..=60 {
            send(&mut window, token);
        }
        assert_eq!(window.first_waiting(), Some(tick(4)));
    }

    #[test]
    fn an_idle_window_has_no_memory() {
        let mut window = Window::new();
        let sequence = send(&mut window, 1);
        window.rest();
        assert_eq!(window.slots.len(), FIRST_RING);
        answer(&mut window, sequence);
        window.rest();
        assert_eq!(window.slots.capacity(), 0);
        assert_eq!(send(&mut window, 2), sequence + 1);
    }
}
