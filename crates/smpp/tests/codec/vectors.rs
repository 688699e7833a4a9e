//! Reads the golden vectors: JSON lines with hexadecimal octets.

use serde_json::Value;
use smpp::frame::{self, Frame};

/// Valid PDUs with their fields.
pub(crate) const VALID: &str = include_str!("../vectors/pdu.jsonl");
/// Malformed PDUs with the reactions that are right.
pub(crate) const INVALID: &str = include_str!("../vectors/pdu-invalid.jsonl");

pub(crate) fn lines(file: &str) -> impl Iterator<Item = Value> {
    file.lines()
        .map(|line| serde_json::from_str(line).expect("a line is a JSON object"))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

pub(crate) fn octets(value: &Value) -> Vec<u8> {
    let (pairs, []) = text(value).as_bytes().as_chunks::<2>() else {
        panic!("an odd number of digits");
    };
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a digit") as u8;
    pairs
        .iter()
        .map(|&[high, low]| digit(high) << 4 | digit(low))
        .collect()
}

/// A number as `0x..` text.
pub(crate) fn hex(value: &Value) -> u32 {
    let digits = text(value).strip_prefix("0x").expect("0x");
    u32::from_str_radix(digits, 16).expect("hexadecimal digits")
}

/// The first PDU of some octets.
pub(crate) fn split_one(mut wire: &[u8]) -> Frame<'_> {
    frame::split(&mut wire, frame::CAP_BOUND)
        .expect("a good length")
        .expect("a whole PDU")
}
