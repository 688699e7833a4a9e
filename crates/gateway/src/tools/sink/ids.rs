//! How a message centre writes its message ids, in the response and in the receipt: carriers do not always agree with
//! themselves.

use std::io::Write;

use crate::tools::hash::mix;

/// A way to write ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum IdFormat {
    /// `17672256000000042`
    Decimal,
    /// `3ec8a1f0b2a02a`, lower case
    Hex,
    /// Upper-case hex in the response, the same number in decimal in the receipt
    HexResponseDecimalReceipt,
    /// `550e8400-e29b-41d4-a716-446655440000`
    Uuid,
    /// 20 digits with leading zeros in the response, without them in the receipt
    ZeroPadded,
}

/// The longest id, in octets.
const LONGEST: usize = 40;

/// An id as it is written, at most 40 characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdText {
    octets: [u8; LONGEST],
    length: u8,
}

impl IdText {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

impl IdFormat {
    /// The id in the response to a submit.
    pub(crate) fn in_response(self, number: u64) -> IdText {
        match self {
            IdFormat::Decimal => decimal(number),
            IdFormat::Hex => text(format_args!("{number:x}")),
            IdFormat::HexResponseDecimalReceipt => text(format_args!("{number:X}")),
            IdFormat::Uuid => uuid(number),
            IdFormat::ZeroPadded => text(format_args!("{number:020}")),
        }
    }

    /// The id in a receipt.
    pub(crate) fn in_receipt(self, number: u64) -> IdText {
        match self {
            IdFormat::HexResponseDecimalReceipt | IdFormat::ZeroPadded => decimal(number),
            IdFormat::Decimal | IdFormat::Hex | IdFormat::Uuid => self.in_response(number),
        }
    }
}

/// Written by hand, because every response has one.
fn decimal(mut number: u64) -> IdText {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    let digits = &digits[at..];
    let mut octets = [0; LONGEST];
    octets[..digits.len()].copy_from_slice(digits);
    IdText {
        octets,
        length: digits.len() as u8,
    }
}

fn uuid(number: u64) -> IdText {
    let (high, low) = (mix(number), mix(!number));
    text(format_args!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        low >> 48 & 0x3FFF | 0x8000,
        low & 0xFFFF_FFFF_FFFF
    ))
}

fn text(written: std::fmt::Arguments<'_>) -> IdText {
    let mut octets = [0; LONGEST];
    let mut rest = &mut octets[..];
    rest.write_fmt(written).expect("40 octets hold every id");
    let length = (LONGEST - rest.len()) as u8;
    IdText { octets, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_says_the_same_number_its_own_way() {
        let both = |format: IdFormat| {
            let say = |id: IdText| String::from_utf8(id.as_bytes().to_vec()).expect("ASCII");
            (
                say(format.in_response(48_879)),
                say(format.in_receipt(48_879)),
            )
        };
        let same = |id: &str| (id.to_owned(), id.to_owned());
        assert_eq!(both(IdFormat::Decimal), same("48879"));
        assert_eq!(both(IdFormat::Hex), same("beef"));
        assert_eq!(
            both(IdFormat::HexResponseDecimalReceipt),
            ("BEEF".to_owned(), "48879".to_owned())
        );
        assert_eq!(
            both(IdFormat::ZeroPadded),
            ("00000000000000048879".to_owned(), "48879".to_owned())
        );
        let (uuid, again) = both(IdFormat::Uuid);
        assert_eq!((uuid.len(), &uuid), (36, &again));
    }

    #[test]
    fn the_smallest_and_the_largest_number_fit() {
        assert_eq!(decimal(0).as_bytes(), b"0");
        assert_eq!(decimal(u64::MAX).as_bytes(), b"18446744073709551615");
    }
}
