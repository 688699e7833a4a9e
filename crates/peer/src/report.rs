//! What a carrier's receipt says, whatever way it says it.

use smpp::pdu::Sm;
use smpp::receipt;
use sms::{State, UDHI, Wall, time, udh};

use crate::Profile;
use crate::address;

/// Octets that are kept of a carrier's id, as many as SMPP allows it. Of a longer one the beginning is kept, from response and
/// receipt alike, and the destination tells those apart that begin alike.
const ID_MAX: usize = 64;

/// Digits of the longest number that SMPP can write.
const DIGITS_MAX: usize = 20;

/// What a receipt says of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Report<'a> {
    /// The carrier's id of the message, as written and as far as it is kept.
    pub(crate) id: &'a [u8],
    /// The number that the message went to, in digits; empty if the carrier says none.
    pub(crate) destination: &'a [u8],
    pub(crate) state: State,
    pub(crate) err: [u8; 3],
    pub(crate) done: Option<Wall>,
}

/// Whether a deliver_sm is a receipt: by its esm_class, by receipted_message_id, or by its text if the carrier marks nothing.
pub(crate) fn is_receipt(sm: &Sm<'_>, profile: &Profile) -> bool {
    receipt::is_receipt(sm.esm_class, &sm.tlvs)
        || profile.habits.unmarked_receipts && receipt::looks_like_receipt(whole_text(sm))
}

impl<'a> Report<'a> {
    /// Reads a receipt. What TLVs and text both say is taken from the TLVs. `scratch` takes a text that came in 16-bit characters.
    ///
    /// # Errors
    /// A few words for the log if it does not say of which message it speaks, or not what became of it.
    pub(crate) fn read(
        sm: &Sm<'a>,
        profile: &Profile,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Report<'a>, &'static str> {
        let said = receipt::read(octets(sm, scratch), &sm.tlvs).ok_or("neither id nor state")?;
        if said.id.is_empty() {
            return Err("no message id");
        }
        // A word that is nobody's is Unknown; no word at all says nothing.
        let own = match sm.tlvs.message_state() {
            Some(_) => None,
            None => profile.habits.state(said.stat),
        };
        let state = match own.or(said.state) {
            Some(state) => state,
            None if said.stat.is_empty() => return Err("no state"),
            None => State::Unknown,
        };
        Ok(Report {
            id: kept(said.id),
            destination: destination(sm),
            state,
            err: err(sm, said.err),
            done: time::parse_date(said.done_date, profile.receipt_offset_quarters),
        })
    }
}

/// What is kept of a carrier's id.
pub(crate) fn kept(id: &[u8]) -> &[u8] {
    &id[..id.len().min(ID_MAX)]
}

/// The number that the message went to: the source of its receipt, unless that is a name, or longer than any number.
fn destination<'a>(sm: &Sm<'a>) -> &'a [u8] {
    let digits = address::from_carrier(sm.source).digits;
    if digits.len() <= DIGITS_MAX && digits.iter().all(u8::is_ascii_digit) {
        digits
    } else {
        b""
    }
}

/// The text without user data header, one octet a character.
fn octets<'a>(sm: &Sm<'a>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let text = whole_text(sm);
    let body = if sm.esm_class & UDHI == 0 {
        text
    } else {
        udh::split(text).map_or(text, |(_, body)| body)
    };
    receipt::narrow(body, scratch)
}

/// message_payload, or short_message if there is none: carriers that send both mean the first (SMPP 5.0, 4.8.4.36).
pub(crate) fn whole_text<'a>(sm: &Sm<'a>) -> &'a [u8] {
    sm.tlvs.message_payload().unwrap_or(sm.short_message)
}

/// The carrier's error in three characters: the network's code where it says something, else the text's, right-aligned.
fn err(sm: &Sm<'_>, text: &[u8]) -> [u8; 3] {
    if let Some(error) = sm.tlvs.network_error_code()
        && (1..=999).contains(&error.code)
    {
        let digit = |place: u16| b'0' + (error.code / place % 10) as u8;
        return [digit(100), digit(10), digit(1)];
    }
    let mut err = *b"000";
    let legible = text.iter().filter(|octet| octet.is_ascii_alphanumeric());
    for (place, octet) in err.iter_mut().rev().zip(legible.rev()) {
        *place = *octet;
    }
    err
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpp::tlv::Tlvs;
    use sms::Address;

    const PLAIN: &[u8] =
        b"id:0123 sub:001 dlvrd:001 submit date:2611211159 done date:2611211200 stat:DELIVRD err:000 text:hi";

    fn read<'a>(
        text: &'a [u8],
        tlvs: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<Report<'a>, &'static str> {
        let sm = Sm {
            source: Address {
                ton: 1,
                npi: 1,
                digits: b"+447700900123",
            },
            esm_class: 0x04,
            short_message: text,
            tlvs: Tlvs::parse(tlvs).expect("well-formed TLVs"),
            ..Sm::default()
        };
        Report::read(&sm, &Profile::default(), scratch)
    }

    fn check(text: &str, tlvs: &[u8], expected: Result<(&str, State, &str), &'static str>) {
        let mut scratch = Vec::new();
        let report = read(text.as_bytes(), tlvs, &mut scratch);
        let report = report.map(|report| {
            (
                String::from_utf8_lossy(report.id).into_owned(),
                report.state,
                String::from_utf8_lossy(&report.err).into_owned(),
            )
        });
        let expected = expected.map(|(id, state, err)| (id.to_owned(), state, err.to_owned()));
        assert_eq!(report, expected, "{text}");
    }

    #[test]
    fn a_plain_receipt_says_all() {
        let mut scratch = Vec::new();
        assert_eq!(
            read(PLAIN, b"", &mut scratch),
            Ok(Report {
                id: b"0123",
                destination: b"447700900123",
                state: State::Delivered,
                err: *b"000",
                done: Some(Wall(1_795_262_400_000)),
            })
        );
    }

    #[test]
    fn tlvs_stand_over_the_text_and_the_text_fills_the_gaps() {
        let text = "id:7 stat:UNDELIV err:005 done date:0000000000";
        check(text, b"", Ok(("7", State::Undeliverable, "005")));
        check(
            text,
            b"\0\x1E\0\x03ab\0",
            Ok(("ab", State::Undeliverable, "005")),
        );
        check(
            text,
            b"\0\x1E\0\x02ab\x04\x27\0\x01\x02",
            Ok(("ab", State::Delivered, "005")),
        );
        check(
            text,
            b"\x04\x23\0\x03\x03\0\x0B",
            Ok(("7", State::Undeliverable, "011")),
        );
    }

    #[test]
    fn tlvs_alone_are_a_receipt() {
        check(
            "",
            b"\0\x1E\0\x03ab\0\x04\x27\0\x01\x05",
            Ok(("ab", State::Undeliverable, "000")),
        );
    }

    #[test]
    fn errors_of_every_kind_become_three_characters() {
        for (err, three) in [
            ("1", "001"),
            ("0", "000"),
            ("0000", "000"),
            ("0042", "042"),
            ("0A1", "0A1"),
            ("EC-27", "C27"),
            ("", "000"),
        ] {
            check(
                &format!("id:7 stat:REJECTD err:{err}"),
                b"",
                Ok(("7", State::Rejected, three)),
            );
        }
    }

    #[test]
    fn a_network_code_of_nothing_or_too_much_leaves_the_text_s_error() {
        for tlvs in [b"\x04\x23\0\x03\x03\0\0", b"\x04\x23\0\x03\x03\xFF\xFF"] {
            check(
                "id:7 stat:UNDELIV err:005",
                tlvs,
                Ok(("7", State::Undeliverable, "005")),
            );
        }
    }

    #[test]
    fn a_word_that_is_nobody_s_is_unknown_and_none_is_no_receipt() {
        check(
            "id:7 stat:LOST err:000",
            b"",
            Ok(("7", State::Unknown, "000")),
        );
        check("id:7 err:000", b"", Err("no state"));
        check("stat:DELIVRD err:000", b"", Err("no message id"));
        check("delivered, thanks", b"", Err("neither id nor state"));
        check("", b"", Err("neither id nor state"));
    }

    #[test]
    fn a_receipt_in_16_bit_characters_is_read() {
        let wide: Vec<u8> = PLAIN.iter().flat_map(|&octet| [0, octet]).collect();
        let mut scratch = Vec::new();
        let report = read(&wide, b"", &mut scratch).expect("legible");
        assert_eq!((report.id, report.state), (&b"0123"[..], State::Delivered));
    }

    #[test]
    fn what_is_longer_than_any_number_is_none() {
        for (digits, destination) in [(20, &[b'4'; 20][..]), (21, b""), (70_000, b"")] {
            let number = vec![b'4'; digits];
            let sm = Sm {
                source: Address::international(&number),
                esm_class: 0x04,
                short_message: b"id:7 stat:DELIVRD",
                ..Sm::default()
            };
            let mut scratch = Vec::new();
            let report = Report::read(&sm, &Profile::default(), &mut scratch).expect("legible");
            assert_eq!(report.destination, destination, "{digits} digits");
        }
    }

    #[test]
    fn dates_are_in_the_time_of_the_carrier() {
        let profile = Profile {
            receipt_offset_quarters: 22, // India
            ..Profile::default()
        };
        let sm = Sm {
            esm_class: 0x04,
            short_message: b"id:7 stat:DELIVRD done date:2611211730",
            ..Sm::default()
        };
        let mut scratch = Vec::new();
        let report = Report::read(&sm, &profile, &mut scratch).expect("legible");
        assert_eq!(report.done, Some(Wall(1_795_262_400_000)));
    }
}
