//! Time as the core sees it: plain values that the shell reads from its clocks and hands in; and the forms in which peers write it.

mod civil;

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

pub use civil::Civil;

/// A point on the monotonic clock: nanoseconds since an origin that the shell chose. Never goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// Time passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, rhs: Duration) -> Instant {
        Instant(
            self.0
                .saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, rhs: Duration) -> Instant {
        Instant(
            self.0
                .saturating_sub(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

/// A point on the wall clock: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Wall(pub u64);

impl Wall {
    /// This point moved later by `by`, to whole milliseconds.
    pub fn plus(self, by: Duration) -> Wall {
        Wall(
            self.0
                .saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
        )
    }
}

impl Wall {
    /// Date and time in UTC, of seconds begun. Times after the year 9999 are its last second.
    pub fn civil(self) -> Civil {
        Civil::of(self)
    }

    /// What a clock shows that is `quarters` quarter hours ahead of UTC; not before 1970.
    fn offset(self, quarters: i8) -> Wall {
        Wall(
            self.0
                .saturating_add_signed(i64::from(quarters) * QUARTER_MS),
        )
    }
}

/// Milliseconds of a quarter hour.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// Both clocks, read together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// For deadlines and intervals.
    pub mono: Instant,
    /// For everything that outlives the process: due times, expiry, dates in receipts.
    pub wall: Wall,
}

/// A time field that is none of the forms of SMPP 3.4, 7.1.1. The field's own status says so to the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadTime;

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time as SMPP writes it")
    }
}

impl core::error::Error for BadTime {}

/// Reads `schedule_delivery_time` or `validity_period`: 16 characters, absolute (`YYMMDDhhmmsstnnp`) or relative to `now` (`...000R`).
/// Empty is `None`: at once, or the default validity.
///
/// Absolute years are 2000 to 2099, tenths are dropped. Relative years and months follow the calendar: a month from 31 January is the last
/// day of February. Relative amounts may be any two digits; tenths and quarter hours are ignored in them.
///
/// # Errors
/// [`BadTime`] for another length, a character that is no digit, an impossible date, or an offset over 12 hours.
pub fn parse_time(field: &[u8], now: Wall) -> Result<Option<Wall>, BadTime> {
    if field.is_empty() {
        return Ok(None);
    }
    let (amounts, sign) = field.split_last_chunk::<1>().ok_or(BadTime)?;
    let digits: &[u8; 15] = amounts.try_into().map_err(|_| BadTime)?;
    let [year, month, day, hour, minute, second] = pairs(&digits[..12]).ok_or(BadTime)?;
    let [_tenths, tens, ones] = decimals(&digits[12..]).ok_or(BadTime)?;
    let quarters = (tens * 10 + ones) as i8;
    let offset = match sign {
        b"R" => {
            return now
                .civil()
                .later(year, month, day, [hour, minute, second])
                .map(Some)
                .ok_or(BadTime);
        }
        b"+" if quarters <= QUARTERS_MAX => quarters,
        b"-" if quarters <= QUARTERS_MAX => -quarters,
        _ => return Err(BadTime),
    };
    let local = Civil {
        year: 2000 + u16::from(year),
        month,
        day,
        hour,
        minute,
        second,
    };
    local.wall_at(offset).map(Some).ok_or(BadTime)
}

/// Reads a date that a message centre reports: `YYMMDDhhmm`, with seconds, with a year of four digits, or absolute as in [`parse_time`].
/// All but the last are local to an offset of `quarters` quarter hours from UTC. `None` if it is no date, such as ten zeros.
///
/// Two-digit years 38 to 99 are of the 20th century (SMPP 3.4, appendix C).
pub fn parse_date(date: &[u8], quarters: i8) -> Option<Wall> {
    let two_digits = |year: u8| {
        if year < 38 {
            2000 + u16::from(year)
        } else {
            1900 + u16::from(year)
        }
    };
    let civil = match date.len() {
        10 => {
            let [year, month, day, hour, minute] = pairs(date)?;
            Civil {
                year: two_digits(year),
                month,
                day,
                hour,
                minute,
                second: 0,
            }
        }
        12 => {
            let [year, month, day, hour, minute, second] = pairs(date)?;
            Civil {
                year: two_digits(year),
                month,
                day,
                hour,
                minute,
                second,
            }
        }
        14 => {
            let [century, year, month, day, hour, minute, second] = pairs(date)?;
            Civil {
                year: 100 * u16::from(century) + u16::from(year),
                month,
                day,
                hour,
                minute,
                second,
            }
        }
        16 if date[15] != b'R' => return parse_time(date, Wall(0)).ok().flatten(),
        _ => return None,
    };
    civil.wall_at(quarters)
}

/// Writes an absolute time, `YYMMDDhhmmsstnnp`, local to an offset of `quarters` quarter hours from UTC, at most 48 either way. UTC ends in
/// `000+`.
pub fn absolute(at: Wall, quarters: i8) -> [u8; 16] {
    let mut out = *b"000000000000000+";
    let quarters = quarters.clamp(-QUARTERS_MAX, QUARTERS_MAX);
    put_pairs(&mut out, &local_pairs(at, quarters));
    put_pairs(&mut out[13..], &[quarters.unsigned_abs()]);
    if quarters < 0 {
        out[15] = b'-';
    }
    out
}

/// Writes the date of a receipt, `YYMMDDhhmm`, local to an offset of `quarters` quarter hours from UTC.
pub fn receipt_date(at: Wall, quarters: i8) -> [u8; 10] {
    let mut out = [0; 10];
    put_pairs(&mut out, &local_pairs(at, quarters)[..5]);
    out
}

/// Writes the date of a receipt with seconds, `YYMMDDhhmmss`, local to an offset of `quarters` quarter hours from UTC.
pub fn receipt_date_seconds(at: Wall, quarters: i8) -> [u8; 12] {
    let mut out = [0; 12];
    put_pairs(&mut out, &local_pairs(at, quarters));
    out
}

/// Offsets reach 12 hours either way (SMPP 3.4, 7.1.1).
const QUARTERS_MAX: i8 = 48;

/// The numbers of a date, as they are written.
fn local_pairs(at: Wall, quarters: i8) -> [u8; 6] {
    let local = at.offset(quarters).civil();
    [
        (local.year % 100) as u8,
        local.month,
        local.day,
        local.hour,
        local.minute,
        local.second,
    ]
}

/// Writes each number as two digits, from the front of `out` on.
fn put_pairs(out: &mut [u8], numbers: &[u8]) {
    for (pair, number) in out.as_chunks_mut::<2>().0.iter_mut().zip(numbers) {
        *pair = [b'0' + number / 10, b'0' + number % 10];
    }
}

/// The `N` numbers of two digits that `field` consists of.
fn pairs<const N: usize>(field: &[u8]) -> Option<[u8; N]> {
    let mut numbers = [0; N];
    let (field, rest) = field.as_chunks::<2>();
    if field.len() != N || !rest.is_empty() {
        return None;
    }
    for (number, pair) in numbers.iter_mut().zip(field) {
        let [tens, ones] = decimals(pair)?;
        *number = tens * 10 + ones;
    }
    Some(numbers)
}

/// The values of the `N` digits that `field` consists of.
fn decimals<const N: usize>(field: &[u8]) -> Option<[u8; N]> {
    let digits: [u8; N] = field.try_into().ok()?;
    digits
        .iter()
        .all(u8::is_ascii_digit)
        .then(|| digits.map(|digit| digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-02-29T23:59:58Z.
    const LEAP: Wall = Wall(1_709_251_198_000);

    fn read(field: &str) -> Result<Option<Wall>, BadTime> {
        parse_time(field.as_bytes(), LEAP)
    }

    #[test]
    fn absolute_times_are_local_to_their_offset() {
        for (field, seconds) in [
            ("240229235958000+", 0),
            ("240301015958008+", 0), // two hours ahead
            ("240229185958020-", 0), // five hours behind
            ("240229235958900+", 0), // tenths dropped
            ("240301000000000+", 2),
            ("240301115958048+", 0), // the largest offset
        ] {
            assert_eq!(
                read(field),
                Ok(Some(LEAP.plus(Duration::from_secs(seconds)))),
                "{field}"
            );
        }
        assert_eq!(read(""), Ok(None));
    }

    #[test]
    fn relative_times_follow_the_calendar() {
        for (field, absolute) in [
            ("000000000000000R", "240229235958000+"),
            ("000000000010000R", "240301000008000+"),
            ("000000010203000R", "240301010201000+"),
            ("010000000000000R", "250228235958000+"), // a year from 29 February
            ("000100000000000R", "240329235958000+"),
            ("001300000000000R", "250329235958000+"),
            ("000099000000000R", "240607235958000+"),
            ("070605040302100R", "310904040300000+"), // tenths ignored
            ("000001000000048R", "240301235958000+"), // quarters ignored
        ] {
            assert_eq!(read(field), read(absolute), "{field}");
        }
        let end_of_january = Civil {
            year: 2026,
            month: 1,
            day: 31,
            hour: 12,
            minute: 0,
            second: 0,
        };
        let later = parse_time(b"000100000000000R", end_of_january.wall().expect("a date"));
        assert_eq!(later, read("260228120000000+"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for field in [
            "0",
            "240229235958",
            "24022923595800+",
            "2402292359580000+",
            "24022923595800a+",
            "2402292359a8000+",
            "240229235958000",
            "240229235958000*",
            "240229235958000r",
            "240230000000000+",
            "230229000000000+",
            "241301000000000+",
            "240001000000000+",
            "240100000000000+",
            "240101240000000+",
            "240101006000000+",
            "240101000060000+",
            "240101000000049+",
            "+40101000000000+",
        ] {
            assert_eq!(read(field), Err(BadTime), "{field}");
        }
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        for quarters in [-48, -20, -1, 0, 1, 8, 22, 48] {
            let written = absolute(LEAP, quarters);
            assert_eq!(parse_time(&written, Wall(0)), Ok(Some(LEAP)), "{quarters}");
            assert_eq!(parse_date(&written, 3), Some(LEAP), "its own offset counts");
            assert_eq!(
                parse_date(&receipt_date_seconds(LEAP, quarters), quarters),
                Some(LEAP),
                "{quarters}"
            );
            assert_eq!(
                parse_date(&receipt_date(LEAP, quarters), quarters),
                Some(Wall(LEAP.0 - 58_000)),
                "{quarters}"
            );
        }
        assert_eq!(&absolute(LEAP, 0), b"240229235958000+");
        assert_eq!(&absolute(LEAP, -20), b"240229185958020-");
        assert_eq!(&receipt_date(LEAP, 8), b"2403010159");
        assert_eq!(&receipt_date_seconds(LEAP, 0), b"240229235958");
    }

    #[test]
    fn reported_dates_come_in_four_lengths_and_some_are_none() {
        assert_eq!(parse_date(b"20240229235958", 0), Some(LEAP));
        assert_eq!(
            parse_date(b"9902282359", 0),
            parse_date(b"19990228235900", 0)
        );
        assert!(parse_date(b"9902282359", 0).is_some());
        for none in [
            "",
            "0000000000",
            "000000000000",
            "240229",
            "24-02-2923",
            "6902282359",
            "240229235958000R",
            "2402302359",
        ] {
            assert_eq!(parse_date(none.as_bytes(), 0), None, "{none}");
        }
    }
}
