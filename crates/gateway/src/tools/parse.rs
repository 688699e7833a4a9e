//! What the tools read from their command line beyond plain numbers and text.

use std::time::Duration;

/// A time such as `250us`, `20ms`, `1.5s`, `2m`, `1h`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "us" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("give a time such as 250us, 20ms, 5s, 2m or 1h".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "give a time such as 20ms or 5s".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}

/// Octets as `500kB`, `10MB`, `1GiB`; a bare number is octets.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err("give a size such as 500kB, 10MB or 1GiB".to_owned()),
    };
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(scale))
        .filter(|&size| size > 0)
        .ok_or_else(|| "give a size such as 500kB, 10MB or 1GiB".to_owned())
}

/// A share of all: `0.05` or `5%`.
pub(crate) fn ratio(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number * scale)) => Ok(number * scale),
        _ => Err("give a share from 0 to 1, or from 0% to 100%".to_owned()),
    }
}

/// A number such as `1500`, `20k`, `1.5M`.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    let (number, scale) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1e3),
        Some((at, 'M' | 'm')) => (&text[..at], 1e6),
        _ => (text, 1.0),
    };
    let number = number.replace('_', "");
    if scale == 1.0 {
        return number
            .parse()
            .map_err(|_| "give a number such as 1500, 20k or 1M".to_owned());
    }
    match number.parse::<f64>() {
        Ok(number) if number >= 0.0 && number * scale < 1e15 => Ok((number * scale).round() as u64),
        _ => Err("give a number such as 1500, 20k or 1M".to_owned()),
    }
}

/// A status as `0x58`, `88` or by its name, `RTHROTTLED` or `ESME_RTHROTTLED`.
pub(crate) fn status(text: &str) -> Result<smpp::status::Status, String> {
    use smpp::status::Status;
    let number = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    };
    if let Ok(number) = number {
        return Ok(Status(number));
    }
    let name = text.to_ascii_uppercase();
    Status::ALL
        .iter()
        .copied()
        .find(|known| known.name() == name || known.name().strip_prefix("ESME_") == Some(&name))
        .ok_or_else(|| format!("no status is called {text}; give a number such as 0x58"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        assert!(duration("soon").is_err());
        assert!(duration("5 parsecs").is_err());
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        assert_eq!(size("10MB"), Ok(10_000_000));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert_eq!(size("77"), Ok(77));
        for wrong in ["", "0", "MB", "1.5MB", "9 parsecs", "99999999999GB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_and_numbers_are_read_as_people_write_them() {
        assert_eq!(ratio("5%"), Ok(0.05));
        assert_eq!(ratio("1"), Ok(1.0));
        assert!(ratio("2").is_err());
        assert_eq!(count("1.5M"), Ok(1_500_000));
        assert_eq!(count("20k"), Ok(20_000));
        assert_eq!(count("1_000"), Ok(1000));
        assert!(count("many").is_err());
    }

    #[test]
    fn a_status_has_a_number_and_two_names() {
        for text in ["0x58", "88", "RTHROTTLED", "esme_rthrottled"] {
            assert_eq!(status(text), Ok(smpp::status::RTHROTTLED));
        }
        assert!(status("RNONE").is_err());
    }
}
