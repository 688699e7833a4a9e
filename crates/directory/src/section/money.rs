//! `[[customer]]`: what its messages cost, and how many it may send in a day; `[[topup]]`: what it paid.

use core::fmt;
use core::str::FromStr;

use engine::{Amount, Days, Meter, Shortage};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sms::{Reading, Wall};

use super::{CustomerSettings, Named};
use crate::form::{Form, Item, amount, at, choice, misfit, name, or_none, parsed, whole};
use crate::problem::{At, Reader};
use crate::table::{Section, Setting, setting};

/// What a customer's messages cost, and how many it may send in a day, as it is read.
#[derive(Clone)]
pub(crate) struct MoneySettings {
    prepaid: bool,
    segment_price: Amount,
    trial_credits: Amount,
    no_credit: Shortage,
    daily_limit: Option<u64>,
    daily_limit_zone: Zone,
    over_daily_limit: Shortage,
}

impl Default for MoneySettings {
    fn default() -> MoneySettings {
        MoneySettings {
            prepaid: false,
            segment_price: Amount(Amount::UNIT),
            trial_credits: Amount(0),
            no_credit: Shortage::Refuse,
            daily_limit: None,
            daily_limit_zone: Zone::default(),
            over_daily_limit: Shortage::Refuse,
        }
    }
}

impl MoneySettings {
    /// What the engine is to count; none: nothing.
    pub(crate) fn meter(&self, reading: Reading) -> Option<Meter> {
        (self.prepaid || self.daily_limit.is_some()).then(|| Meter {
            reading,
            price: self.prepaid.then_some(self.segment_price),
            trial: self.trial_credits,
            no_credit: self.no_credit,
            daily_limit: self.daily_limit,
            days: self.daily_limit_zone.days.clone(),
            over_daily_limit: self.over_daily_limit,
        })
    }

    /// What an operator wants to see of it at a glance; nothing if nothing is counted.
    pub(crate) fn summary(&self) -> Option<String> {
        let price = self
            .prepaid
            .then(|| format!("prepaid, {} a segment", self.segment_price));
        let limit = self
            .daily_limit
            .map(|limit| format!("{limit} segments a day ({})", self.daily_limit_zone));
        let words: Vec<String> = price.into_iter().chain(limit).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[rustfmt::skip] // A row of the table is a line or two.
pub(super) fn settings() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("credits", money.prepaid, choice(&[("unlimited", false), ("prepaid", true)]), AtOnce,
            "`prepaid`: each segment that leaves costs `segment_price` of what it paid (`[[topup]]`) or got as `trial_credits`; a message that never left is given back. Counts from the next message on."),
        setting!("segment_price", money.segment_price, amount(0..=1_000_000), AtOnce,
            "What a segment costs a prepaid customer. A segment is one short message over the air, so a long text costs several."),
        setting!("trial_credits", money.trial_credits, amount(0..=1_000_000_000), AtOnce,
            "Credit that a prepaid customer is given once, if it never had any."),
        setting!("no_credit", money.no_credit, choice(SHORTAGES), AtOnce,
            "A message that its credit is not enough for: `refuse` it (`statuses` has a name for the cause), or `accept_then_receipt`: it is accepted, costs nothing, goes nowhere, and its receipt says `REJECTD` (`receipt_err` has a name for the cause)."),
        setting!("daily_limit", money.daily_limit, or_none("unlimited", whole(0..=1_000_000_000_000)), AtOnce,
            "Segments that it may send in a day. Refused messages do not count, and those that never left are given back."),
        setting!("daily_limit_zone", money.daily_limit_zone, parsed("a time zone such as \"UTC\" or \"Europe/Berlin\""), AtOnce,
            "Where its days begin at midnight. Another zone moves only new messages."),
        setting!("over_daily_limit", money.over_daily_limit, choice(SHORTAGES), AtOnce,
            "The same for a message beyond its `daily_limit`."),
    ]
}

/// The words for what happens to a message that a customer has no means for.
const SHORTAGES: &[(&str, Shortage)] = &[
    ("refuse", Shortage::Refuse),
    ("accept_then_receipt", Shortage::AcceptThenReject),
];

/// A time zone by its name in the database of zones that is part of the program.
#[derive(Clone)]
struct Zone {
    name: String,
    days: Days,
}

impl Default for Zone {
    fn default() -> Zone {
        Zone {
            name: "UTC".to_owned(),
            days: Days::default(),
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name == other.name
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Zone {
    type Err = jiff::Error;

    fn from_str(name: &str) -> Result<Zone, jiff::Error> {
        let zone = TimeZone::get(name)?;
        Ok(Zone {
            name: name.to_owned(),
            days: days(&zone),
        })
    }
}

/// The shifts of a zone in the years that a process may see; rules of zones change more often than that.
fn days(zone: &TimeZone) -> Days {
    const SHIFTS: usize = 64;
    let start =
        Timestamp::from_millisecond(engine::EPOCH_MS as i64).unwrap_or(Timestamp::UNIX_EPOCH);
    let shifts = zone.following(start).take(SHIFTS).filter_map(|shift| {
        let from = u64::try_from(shift.timestamp().as_millisecond()).ok()?;
        Some((Wall(from), shift.offset().seconds()))
    });
    Days {
        offset: zone.to_offset(start).seconds(),
        shifts: shifts.collect(),
    }
}

/// `[[topup]]` as it is read.
#[derive(Clone, Default)]
pub(crate) struct TopupSettings {
    pub(crate) id: At<String>,
    pub(crate) customer: At<String>,
    pub(crate) amount: Amount,
}

impl Section for TopupSettings {
    const KEY: &'static str = "topup";
    const MANY: bool = true;
    const ABOUT: &'static str = "What prepaid customers paid. Each counts once, however often it is read, and stays counted when it is taken out. One whose `id` is not greater than that of an earlier one of its customer does not count; a reload says so.";

    #[rustfmt::skip] // A row of the table is a line or two.
    fn settings() -> Vec<Setting<TopupSettings>> {
        vec![
            setting!("id", id, at(Serial), AtOnce, "Its number, greater than those before.", required),
            setting!("customer", customer, at(name()), AtOnce, "Who paid.", required),
            setting!("amount", amount, amount(0..=1_000_000_000), AtOnce, "How much.", required),
        ]
    }
}

impl Named for TopupSettings {
    const NAME: &'static str = "id";

    fn name(&self) -> &At<String> {
        &self.id
    }
}

impl TopupSettings {
    pub(crate) fn number(&self) -> u64 {
        self.id.value.parse().unwrap_or(0)
    }

    /// The greatest number that its customer had before, if that is not below its own: then it does not count.
    pub(crate) fn overtaken_by(&self, before: &[TopupSettings]) -> Option<u64> {
        let same = before.iter().filter(|old| old.customer == self.customer);
        let greatest = same.map(TopupSettings::number).max();
        greatest.filter(|&greatest| greatest >= self.number())
    }
}

/// A number by which a section is known.
struct Serial;

impl Form<String> for Serial {
    fn expects(&self) -> String {
        "a whole number of at least 1".to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<String> {
        let number = item.get_ref().as_integer();
        number
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|&number| number >= 1)
            .map(|number| number.to_string())
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &String) -> String {
        value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_name_and_has_its_shifts() {
        let berlin: Zone = "Europe/Berlin".parse().expect("a zone");
        assert_eq!(berlin.days.offset, 3600);
        // 2025-03-30T01:00:00Z.
        assert_eq!(berlin.days.shifts[0], (Wall(1_743_296_400_000), 7200));
        assert_eq!(berlin.days.shifts.len(), 64);
        let utc: Zone = "UTC".parse().expect("a zone");
        assert_eq!(utc.days, Days::default());
        assert!("Europe/Bonn".parse::<Zone>().is_err());
    }
}
