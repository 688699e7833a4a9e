//! The Gregorian calendar.

use super::{QUARTER_MS, Wall};

/// A date and a time of day, without zone. Any numbers may stand here; [`Civil::wall`] says whether they are a date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Civil {
    /// Year of our era.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59; there are no leap seconds on the wall clock.
    pub second: u8,
}

const FIRST_YEAR: u16 = 1970;
const LAST_YEAR: u16 = 9999;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const DAYS_IN_400_YEARS: u32 = 146_097;
/// From the first of March of the year 0.
const DAYS_TO_1970: u32 = 719_468;

impl Civil {
    /// The point in time if these are a date and a time of day of UTC, from 1970 to 9999.
    pub fn wall(self) -> Option<Wall> {
        self.wall_at(0)
    }

    /// The same for a clock that is `quarters` quarter hours ahead of UTC.
    pub(super) fn wall_at(self, quarters: i8) -> Option<Wall> {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        let a_date = (FIRST_YEAR..=LAST_YEAR).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        if !a_date || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let days = days_before_year(year) + days_before_month(year, month) + u64::from(day - 1);
        let seconds = (u64::from(hour) * 60 + u64::from(minute)) * 60 + u64::from(second);
        (days * DAY_MS + seconds * 1000)
            .checked_add_signed(i64::from(quarters) * -QUARTER_MS)
            .map(Wall)
    }

    /// This date moved later: first by years and months, ending in the last day of a month that is too short, then by days and by hours,
    /// minutes and seconds. `None` after the year 9999 or if this is no date.
    pub(super) fn later(
        self,
        years: u8,
        months: u8,
        days: u8,
        [hours, minutes, seconds]: [u8; 3],
    ) -> Option<Wall> {
        let month = u16::from(self.month) - 1 + u16::from(months);
        let (year, month) = (
            self.year + u16::from(years) + month / 12,
            (month % 12) as u8 + 1,
        );
        let moved = Civil {
            year,
            month,
            day: self.day.min(days_in_month(year, month)),
            ..self
        }
        .wall()?;
        let time = (u64::from(hours) * 60 + u64::from(minutes)) * 60 + u64::from(seconds);
        Some(Wall(moved.0 + u64::from(days) * DAY_MS + time * 1000))
    }

    pub(super) fn of(wall: Wall) -> Civil {
        const END_MS: u64 = days_before_year(LAST_YEAR + 1) * DAY_MS;
        let ms = wall.0.min(END_MS - 1);
        let (days, seconds) = ((ms / DAY_MS) as u32, (ms % DAY_MS / 1000) as u32);
        // Years are counted from March on, so that the leap day is the last of its year, and from a year that begins four
        // centuries (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
        let days = days + DAYS_TO_1970;
        let (century4, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // From March on five months have 153 days, three times over.
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5;
        let (month, next) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        Civil {
            year: (400 * century4 + year + next) as u16,
            month: month as u8,
            day: day as u8 + 1,
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
        }
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of `year`, which is not before.
const fn days_before_year(year: u16) -> u64 {
    const FIRST: u64 = FIRST_YEAR as u64;
    let year = year as u64;
    (year - FIRST) * 365 + leap_years_before(year) - leap_years_before(FIRST)
}

/// Leap years of our era before `year`.
const fn leap_years_before(year: u64) -> u64 {
    let last = year - 1;
    last / 4 - last / 100 + last / 400
}

/// Days from the first of the year to the first of `month`, 1 to 12.
fn days_before_month(year: u16, month: u8) -> u64 {
    const DAYS: [u16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap_day = month > 2 && is_leap(year);
    u64::from(DAYS[usize::from(month) - 1]) + u64::from(leap_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_thousand_years_has_its_date() {
        let mut date = Civil {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
        };
        let mut ms = 0;
        while date.year < 10_000 {
            assert_eq!(Wall(ms).civil(), date);
            assert_eq!(date.wall(), Some(Wall(ms)));
            date.day += 1;
            if date.day > days_in_month(date.year, date.month) {
                (date.day, date.month) = (1, date.month + 1);
            }
            if date.month > 12 {
                (date.month, date.year) = (1, date.year + 1);
            }
            ms += DAY_MS;
        }
        assert_eq!(date.wall(), None);
        let last = Civil {
            year: 9999,
            month: 12,
            day: 31,
            hour: 23,
            minute: 59,
            second: 59,
        };
        assert_eq!(Wall(ms).civil(), last);
        assert_eq!(Wall(u64::MAX).civil(), last);
    }

    #[test]
    fn known_moments_have_their_dates() {
        // Checked with date(1).
        for (ms, year, month, day, hour, minute, second) in [
            (951_782_400_000, 2000, 2, 29, 0, 0, 0),
            (1_000_000_000_999, 2001, 9, 9, 1, 46, 40),
            (4_107_542_399_000, 2100, 2, 28, 23, 59, 59),
            (4_107_542_400_000, 2100, 3, 1, 0, 0, 0),
        ] {
            assert_eq!(
                Wall(ms).civil(),
                Civil {
                    year,
                    month,
                    day,
                    hour,
                    minute,
                    second
                }
            );
        }
    }

    #[test]
    fn numbers_that_are_no_date_are_none() {
        let date = Civil {
            year: 2023,
            month: 2,
            day: 28,
            hour: 23,
            minute: 59,
            second: 59,
        };
        assert!(date.wall().is_some());
        for wrong in [
            Civil { year: 1969, ..date },
            Civil { month: 0, ..date },
            Civil { month: 13, ..date },
            Civil { day: 0, ..date },
            Civil { day: 29, ..date },
            Civil { hour: 24, ..date },
            Civil { minute: 60, ..date },
            Civil { second: 60, ..date },
        ] {
            assert_eq!(wrong.wall(), None, "{wrong:?}");
        }
    }
}
