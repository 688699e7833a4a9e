//! An operator gave a customer credit, or took some back.

use sms::Wall;

use super::{Reader, Writer};
use crate::{Amount, CustomerId};

/// It has no number, as payments in the configuration have: an operator's order is carried out once, when it is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Granted<'a> {
    pub(crate) customer: CustomerId,
    /// Below zero: taken back.
    pub(crate) amount: Amount,
    pub(crate) at: Wall,
    /// The operator's own words, for whoever reads the journal.
    pub(crate) note: &'a [u8],
}

impl<'a> Granted<'a> {
    pub(super) fn encode(&self, kind: u8, w: &mut Writer<'_>) {
        w.bytes(&[kind]);
        w.u32(self.customer.0);
        w.amount(self.amount);
        w.u64(self.at.0);
        w.short(self.note);
    }

    pub(super) fn decode(r: &mut Reader<'_, 'a>) -> Option<Granted<'a>> {
        Some(Granted {
            customer: CustomerId(r.u32()?),
            amount: r.amount()?,
            at: Wall(r.u64()?),
            note: r.short()?,
        })
    }
}
