//! What a customer's messages cost, and how many it may send in a day.

use core::fmt;

use sms::{Message, Reading, Wall, long};

use crate::engine::Turn;
use crate::record::{Reason, Record};
use crate::{Customer, CustomerId, MessageKey, Refusal};

/// Money, or whatever else a customer pays with: whole ten-thousandths of the unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Amount(pub i64);

impl Amount {
    /// Ten-thousandths in one unit.
    pub const UNIT: i64 = 10_000;
}

impl fmt::Display for Amount {
    /// The least digits that say it: `12`, `0.035`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (units, rest) = (
            self.0.unsigned_abs() / Self::UNIT as u64,
            self.0.unsigned_abs() % Self::UNIT as u64,
        );
        if rest == 0 {
            return write!(f, "{sign}{units}");
        }
        let digits = format!("{rest:04}");
        write!(f, "{sign}{units}.{}", digits.trim_end_matches('0'))
    }
}

/// What a customer paid, and what became of it. At every step it is granted = available + reserved + spent, and none of them is
/// below zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Balance {
    /// Its top-ups and its trial.
    pub granted: Amount,
    /// For messages that wait or are being sent.
    pub reserved: Amount,
    /// For messages that left.
    pub spent: Amount,
}

impl Balance {
    /// What new messages may cost.
    pub fn available(self) -> Amount {
        Amount(self.granted.0 - self.reserved.0 - self.spent.0)
    }
}

/// How a customer's messages are counted: what it pays for them, and how many it may send in a day. A customer without one is
/// not counted at all.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// How its texts are read when their segments are counted.
    pub reading: Reading,
    /// What a segment costs, taken from its credit; none: nothing.
    pub price: Option<Amount>,
    /// Credit that it is given once, when it is first seen to pay.
    pub trial: Amount,
    /// What happens to a message that its credit is not enough for.
    pub no_credit: Shortage,
    /// Segments a day; none: unlimited.
    pub daily_limit: Option<u64>,
    /// Where its days begin.
    pub days: Days,
    /// What happens to a message beyond them.
    pub over_daily_limit: Shortage,
}

/// What happens to a message that a customer has no means for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shortage {
    /// It is refused.
    #[default]
    Refuse,
    /// It is accepted, costs nothing, goes nowhere, and its receipt says that it was rejected.
    AcceptThenReject,
}

/// Where days begin: the offset from UTC as it changes over time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Days {
    /// Seconds east of UTC before the first shift.
    pub offset: i32,
    /// From when on it is another one, oldest first.
    pub shifts: Vec<(Wall, i32)>,
}

/// A day in somebody's zone: its number since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Day(pub(crate) u32);

impl Days {
    /// The day of `at`.
    pub(crate) fn day(&self, at: Wall) -> Day {
        const DAY: i64 = 24 * 3600;
        let before = self.shifts.partition_point(|&(from, _)| from <= at);
        let offset = before
            .checked_sub(1)
            .map_or(self.offset, |last| self.shifts[last].1);
        let seconds = (at.0 / 1000) as i64 + i64::from(offset);
        Day(u32::try_from(seconds.div_euclid(DAY)).unwrap_or(0))
    }
}

/// What one message takes of its customer's means until it is known whether it left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Charge {
    pub(crate) price: Amount,
    pub(crate) segments: u16,
    /// The day that it counts for; none: no day.
    pub(crate) day: Option<Day>,
}

/// What is to be paid for a message that is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bill {
    /// Nothing is counted.
    Free,
    /// This is reserved.
    Takes(Charge),
    /// Its customer lacks this, and is told by a receipt.
    Lacks(Lack),
}

/// What a customer lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lack {
    Credit,
    Day,
}

impl Lack {
    fn refusal(self) -> Refusal {
        match self {
            Lack::Credit => Refusal::NoCredit,
            Lack::Day => Refusal::OverDailyLimit,
        }
    }

    fn reason(self) -> Reason {
        match self {
            Lack::Credit => Reason::NoCredit,
            Lack::Day => Reason::OverDailyLimit,
        }
    }
}

impl Charge {
    /// What this takes that `other` does not give back.
    fn beyond(self, other: Charge) -> Charge {
        let same_day = if self.day == other.day {
            other.segments
        } else {
            0
        };
        Charge {
            price: Amount(self.price.0.saturating_sub(other.price.0).max(0)),
            segments: self.segments.saturating_sub(same_day),
            day: self.day,
        }
    }
}

impl Meter {
    /// What a message takes that is accepted at `now`.
    fn charge(&self, message: &Message<'_>, now: Wall) -> Charge {
        self.charge_for(self.segments(message), now)
    }

    fn segments(&self, message: &Message<'_>) -> u16 {
        let segments = long::segments(message, message.alphabet(&self.reading));
        u16::try_from(segments).unwrap_or(u16::MAX)
    }

    /// What so many segments take that are accepted at `now`.
    fn charge_for(&self, segments: u16, now: Wall) -> Charge {
        let price = self.price.unwrap_or_default();
        Charge {
            price: Amount(price.0.saturating_mul(i64::from(segments))),
            segments,
            day: self.daily_limit.map(|_| self.days.day(now)),
        }
    }

    fn on(&self, lack: Lack) -> Shortage {
        match lack {
            Lack::Credit => self.no_credit,
            Lack::Day => self.over_daily_limit,
        }
    }
}

impl Turn<'_> {
    /// What a message of a customer takes, or why it cannot be taken; what the one gives back that it replaces is there for it.
    #[inline]
    pub(crate) fn bill(
        &self,
        id: CustomerId,
        customer: &Customer,
        replaced: Option<MessageKey>,
        body: &[u8],
    ) -> Result<Bill, Refusal> {
        match &customer.meter {
            None => Ok(Bill::Free),
            Some(meter) => self.metered(id, meter, replaced, body),
        }
    }

    fn metered(
        &self,
        id: CustomerId,
        meter: &Meter,
        replaced: Option<MessageKey>,
        body: &[u8],
    ) -> Result<Bill, Refusal> {
        let message = Message::decode(body).ok_or(Refusal::NoRoute)?;
        let charge = meter.charge(&message, self.now.wall);
        self.afforded(id, meter, replaced, charge)
    }

    /// What a message takes that is accepted already and gets another text: the price of its segments and its day are those that it
    /// was accepted with.
    pub(crate) fn bill_again(
        &self,
        key: MessageKey,
        customer: &Customer,
        body: &[u8],
    ) -> Result<Bill, Refusal> {
        let (Some(old), Some(meter)) = (self.fold.ledger.open(key), &customer.meter) else {
            return Ok(Bill::Free);
        };
        let id = self.fold.entry(key).map(|entry| entry.order.customer);
        let id = id.ok_or(Refusal::UnknownMessage)?;
        let message = Message::decode(body).ok_or(Refusal::NoRoute)?;
        let segments = meter.segments(&message);
        let price = old.price.0 / i64::from(old.segments.max(1)) * i64::from(segments);
        let new = Charge {
            price: Amount(price),
            segments,
            day: old.day,
        };
        match self.lack(id, meter, new.beyond(old)) {
            None => Ok(Bill::Takes(new)),
            Some(lack) => Err(lack.refusal()),
        }
    }

    fn afforded(
        &self,
        id: CustomerId,
        meter: &Meter,
        replaced: Option<MessageKey>,
        charge: Charge,
    ) -> Result<Bill, Refusal> {
        let returned = replaced.and_then(|key| self.fold.ledger.open(key));
        let more = returned.map_or(charge, |returned| charge.beyond(returned));
        let Some(lack) = self.lack(id, meter, more) else {
            return Ok(Bill::Takes(charge));
        };
        match meter.on(lack) {
            Shortage::Refuse => Err(lack.refusal()),
            Shortage::AcceptThenReject => Ok(Bill::Lacks(lack)),
        }
    }

    /// What a customer lacks for this; what takes no more segments is never beyond its day.
    fn lack(&self, id: CustomerId, meter: &Meter, charge: Charge) -> Option<Lack> {
        let ledger = &self.fold.ledger;
        let over = |limit| {
            let counted = charge.day.map_or(0, |day| ledger.counted(id, day));
            charge.segments > 0 && counted + u64::from(charge.segments) > limit
        };
        if meter.daily_limit.is_some_and(over) {
            Some(Lack::Day)
        } else if !ledger.affords(id, charge.price) {
            Some(Lack::Credit)
        } else {
            None
        }
    }

    /// What each of so many parts of one message takes, all of them or none.
    pub(crate) fn bill_parts(
        &self,
        id: CustomerId,
        customer: &Customer,
        replaced: Option<MessageKey>,
        parts: u8,
    ) -> Result<Bill, Refusal> {
        let Some(meter) = &customer.meter else {
            return Ok(Bill::Free);
        };
        let all = meter.charge_for(u16::from(parts), self.now.wall);
        match self.afforded(id, meter, replaced, all)? {
            Bill::Takes(_) => Ok(Bill::Takes(meter.charge_for(1, self.now.wall))),
            lacks => Ok(lacks),
        }
    }

    /// Writes down what an accepted message takes; one whose customer lacks it ends here.
    #[inline]
    pub(crate) fn pay(&mut self, key: MessageKey, bill: Bill) {
        match bill {
            Bill::Free => {}
            Bill::Takes(charge) => self.record(&Record::Charged { key, charge }),
            Bill::Lacks(lack) => self.finish(key, lack.reason()),
        }
    }

    /// A customer paid.
    pub(crate) fn grant(&mut self, customer: CustomerId, topup: u64, amount: Amount) {
        if self.fold.ledger.is_new(customer, topup) {
            self.record(&Record::Credit {
                customer,
                topup,
                amount,
            });
        }
    }

    /// Those who pay and have never been seen before get their trial.
    pub(crate) fn grant_trials(&mut self) {
        const TRIAL: u64 = 0;
        for (&id, customer) in &self.directory.customers {
            let pays = customer
                .meter
                .as_ref()
                .filter(|meter| meter.price.is_some());
            if let Some(trial) = pays.map(|meter| meter.trial).filter(|trial| trial.0 > 0) {
                self.grant(id, TRIAL, trial);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_the_digits_that_they_need() {
        for (amount, written) in [
            (0, "0"),
            (10_000, "1"),
            (350, "0.035"),
            (-350, "-0.035"),
            (1_234_567, "123.4567"),
            (1, "0.0001"),
        ] {
            assert_eq!(Amount(amount).to_string(), written);
        }
    }

    /// Shows MOB-28.
    #[test]
    fn a_day_begins_at_midnight_of_its_zone_and_has_23_hours_when_the_clocks_go_forward() {
        let at = |hours: u64| Wall(1_774_569_600_000 + hours * 3_600_000); // 2026-03-27T00:00:00Z
        let utc = Days::default();
        assert_eq!(utc.day(Wall(at(0).0 - 1)).0 + 1, utc.day(at(0)).0);
        // Berlin: one hour east of UTC until 2026-03-29T01:00:00Z, then two.
        let berlin = Days {
            offset: 3600,
            shifts: vec![(at(49), 7200)],
        };
        let begins: Vec<u64> = (0..96)
            .filter(|&hour| berlin.day(at(hour)) != berlin.day(Wall(at(hour).0 - 1)))
            .collect();
        assert_eq!(begins, [23, 47, 70, 94]);
    }
}
