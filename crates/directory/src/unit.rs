//! Times and sizes as people write them: `"30s"`, `"2 min"`, `"1h 30min"`, `"64 MiB"`.

use core::time::Duration;

/// Milliseconds in the units of time, longest first; the first name of each is the one that is written.
const TIMES: [(&[&str], u64); 5] = [
    (&["d", "day", "days"], 86_400_000),
    (&["h", "hour", "hours"], 3_600_000),
    (&["min", "m", "minute", "minutes"], 60_000),
    (&["s", "sec", "second", "seconds"], 1000),
    (&["ms"], 1),
];

/// Octets in the units of size, largest first; the binary ones are written, the decimal ones read as well.
const SIZES: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
];

/// A time: one or more whole numbers, each with its unit, longest first or in any order.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut ms: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, unit, behind) = number_and_unit(rest)?;
        let (_, factor) = TIMES.iter().find(|(names, _)| names.contains(&unit))?;
        ms = ms.checked_add(number.checked_mul(*factor)?)?;
        rest = behind;
    }
    Some(Duration::from_millis(ms))
}

/// A size: one whole number with its unit.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, unit, behind) = number_and_unit(text.trim())?;
    let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit)?;
    behind.is_empty().then(|| number.checked_mul(*factor))?
}

/// Splits `"2 min 5s"` into 2, `min` and `5s`.
fn number_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number = text[..digits].parse().ok()?;
    let rest = text[digits..].trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    Some((number, &rest[..end], rest[end..].trim_start()))
}

/// The shortest writing of a time in whole units.
pub(crate) fn write_duration(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    if ms == 0 {
        return "0s".to_owned();
    }
    let whole = TIMES.iter().find(|(_, factor)| ms.is_multiple_of(*factor));
    let (names, factor) = whole.unwrap_or(&TIMES[4]);
    // "24h" and "72h" are how validities are spoken of; whole weeks read better in days.
    if names[0] == "d" && ms / factor < 7 {
        return format!("{}h", ms / 3_600_000);
    }
    let space = if names[0] == "min" { " " } else { "" };
    format!("{}{space}{}", ms / factor, names[0])
}

/// The shortest writing of a size in whole binary units.
pub(crate) fn write_size(octets: u64) -> String {
    let whole = SIZES
        .iter()
        .take(5)
        .find(|(_, factor)| octets != 0 && octets.is_multiple_of(*factor));
    let (name, factor) = whole.unwrap_or(&SIZES[4]);
    format!("{} {name}", octets / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let cases = [
            ("30s", 30_000),
            ("30 s", 30_000),
            ("2 min", 120_000),
            ("2m", 120_000),
            ("1h 30min", 5_400_000),
            ("1h30min", 5_400_000),
            ("24h", 86_400_000),
            ("7 days", 604_800_000),
            ("250ms", 250),
            ("0s", 0),
        ];
        for (text, ms) in cases {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "",
            " ",
            "30",
            "s",
            "-1s",
            "1.5h",
            "1 fortnight",
            "30s!",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let cases = [
            ("64 MiB", 64 << 20),
            ("64MiB", 64 << 20),
            ("80 KiB", 80 << 10),
            ("1 GB", 1_000_000_000),
            ("17 B", 17),
        ];
        for (text, octets) in cases {
            assert_eq!(size(text), Some(octets), "{text}");
        }
        for text in [
            "",
            "64",
            "64 MIB",
            "64 MiB 1 B",
            "-1 B",
            "18446744073709551615 TiB",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for ms in [
            0,
            1,
            250,
            1000,
            30_000,
            60_000,
            90_000,
            3_600_000,
            86_400_000,
            259_200_000,
            604_800_000,
        ] {
            let time = Duration::from_millis(ms);
            assert_eq!(duration(&write_duration(time)), Some(time));
        }
        for octets in [0, 1, 1023, 1 << 10, 80 << 10, 64 << 20, 3 << 30, 1 << 40] {
            assert_eq!(size(&write_size(octets)), Some(octets));
        }
        assert_eq!(write_duration(Duration::from_secs(120)), "2 min");
        assert_eq!(write_size(64 << 20), "64 MiB");
    }
}
