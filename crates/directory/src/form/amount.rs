//! Amounts of money or credits.

use core::ops::RangeInclusive;

use engine::Amount;

use super::{Form, Item, misfit};
use crate::problem::Reader;

/// An amount within a range.
pub(crate) struct Sum(RangeInclusive<Amount>);

/// An amount in `range`, which is in whole units.
pub(crate) fn amount(range: RangeInclusive<i64>) -> Sum {
    let units = |units: &i64| Amount(units * Amount::UNIT);
    Sum(units(range.start())..=units(range.end()))
}

impl Form<Amount> for Sum {
    fn expects(&self) -> String {
        let (least, most) = (self.0.start(), self.0.end());
        format!(
            "a number such as 10 or \"0.035\" from {least} to {most}, with four decimals at most"
        )
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Amount> {
        let whole = item.get_ref().as_integer();
        let whole = whole.and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
        let amount = match whole {
            Some(units) => units.checked_mul(Amount::UNIT).map(Amount),
            None => item.get_ref().as_str().and_then(decimal),
        };
        amount
            .filter(|amount| self.0.contains(amount))
            .or_else(|| misfit(self, key, item, reader))
    }

    fn write(&self, value: &Amount) -> String {
        let text = value.to_string();
        if text.contains('.') {
            format!("\"{text}\"")
        } else {
            text
        }
    }
}

/// An amount as it is written: digits, and up to four behind a point. No floating-point number: those have no exact tenths.
pub fn decimal(text: &str) -> Option<Amount> {
    let (units, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if units.is_empty() || !digits(units) || !(1..=4).contains(&rest.len()) || !digits(rest) {
        return None;
    }
    let rest: i64 = format!("{rest:0<4}").parse().ok()?;
    let units: i64 = units.parse().ok()?;
    Some(Amount(units.checked_mul(Amount::UNIT)?.checked_add(rest)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, amount) in [
            ("10", Some(100_000)),
            ("0.035", Some(350)),
            ("0.0001", Some(1)),
            ("1.5", Some(15_000)),
            ("0.00001", None),
            ("1.", None),
            (".5", None),
            ("-1", None),
            ("1,5", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(decimal(text), amount.map(Amount), "{text}");
        }
    }
}
