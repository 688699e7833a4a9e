//! What is in a message, for people.

use std::fmt::Write as _;

use sms::alphabet::Reading;
use sms::gsm::Gsm;
use sms::{UDHI, udh};

/// The text in its alphabet and without its user data header, or in hexadecimal if it is no text.
pub(crate) fn readable(esm_class: u8, data_coding: u8, text: &[u8]) -> String {
    let header = (esm_class & UDHI != 0).then(|| udh::split(text));
    let (tables, body) = match header {
        Some(Ok((header, body))) => (header.tables(), body),
        _ => (Gsm::DEFAULT, text),
    };
    let reading = Reading::default();
    let mut out = String::new();
    match reading.decode(reading.alphabet(data_coding), tables, body, &mut out) {
        Ok(()) => out,
        Err(_) => hex(body),
    }
}

/// Two lower-case digits for each octet.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut hex, octet| {
        let _ = write!(hex, "{octet:02x}");
        hex
    })
}
