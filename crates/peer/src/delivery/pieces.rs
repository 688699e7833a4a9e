//! Messages that go to a peer of 3.3 in parts, for it knows no message_payload.

use std::vec;

use sms::Message;

use super::{Scratch, mo};
use crate::Account;

/// What is still to be said of messages that are said in parts. The parts of one go one after another, each when the one before it
/// is acknowledged: so the whole takes one place in the window, and is acknowledged when its last part is.
#[derive(Default, Debug)]
pub(crate) struct Pieces {
    /// By the token of the delivery. As many as the window has places, and nearly always none.
    rest: Vec<(u64, vec::IntoIter<Vec<u8>>)>,
    /// What the parts of the last one have in common.
    reference: u8,
}

impl Pieces {
    /// Cuts a message of a subscriber if it has to be cut, and gives its first part; it becomes [`next`](Pieces::next)'s to give the
    /// others.
    pub(crate) fn cut(
        &mut self,
        token: u64,
        message: &Message<'_>,
        account: &Account,
        scratch: &mut Scratch,
    ) -> Option<Vec<u8>> {
        let reference = self.reference.wrapping_add(1);
        let mut parts = mo::cut(message, account, reference, scratch).into_iter();
        let first = parts.next()?;
        self.reference = reference;
        self.rest.push((token, parts));
        Some(first)
    }

    /// The part behind the one that was acknowledged; none: that was all.
    pub(crate) fn next(&mut self, token: u64) -> Option<Vec<u8>> {
        let place = self.place(token)?;
        let next = self.rest[place].1.next();
        if next.is_none() {
            self.rest.swap_remove(place);
        }
        next
    }

    /// The others are not said: the peer did not want the one before, or it is too late.
    pub(crate) fn give_up(&mut self, token: u64) {
        if let Some(place) = self.place(token) {
            self.rest.swap_remove(place);
        }
    }

    fn place(&self, token: u64) -> Option<usize> {
        self.rest.iter().position(|&(of, _)| of == token)
    }
}
