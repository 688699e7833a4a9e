//! What is made of the addresses that a peer writes.

use smpp::status::{self, Status};
use sms::Address;

use crate::AddressRules;

/// Characters of `source_addr` and `destination_addr` in submit_sm and deliver_sm (SMPP 3.4, 4.4.1). data_sm has room for 64,
/// which nobody else could be sent.
const CHARACTERS_MAX: usize = 20;

/// Why an address is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BadAddress {
    pub(crate) status: Status,
    pub(crate) field: &'static str,
}

const fn bad(status: Status, field: &'static str) -> BadAddress {
    BadAddress { status, field }
}

/// The source of a customer's message: digits, a name, or nothing.
#[inline]
pub(crate) fn source<'a>(
    sent: Address<'a>,
    rules: &'a AddressRules,
) -> Result<Address<'a>, BadAddress> {
    const BAD: BadAddress = bad(status::RINVSRCADR, "source_addr");
    if !is_ton(sent.ton) {
        return Err(bad(status::RINVSRCTON, "source_addr_ton"));
    }
    if !is_npi(sent.npi) {
        return Err(bad(status::RINVSRCNPI, "source_addr_npi"));
    }
    let digits = if sent.digits.is_empty() {
        rules.default_source.as_bytes()
    } else {
        sent.digits
    };
    if digits.is_empty() {
        return Ok(sent);
    }
    if let Some(number) = number(digits, rules) {
        return if number.is_empty() || number.len() > CHARACTERS_MAX {
            Err(BAD)
        } else {
            Ok(rewritten(sent, Address::international(number), rules))
        };
    }
    // A control character would shift fields or colour somebody's log.
    let legible = digits.iter().all(|&octet| octet >= b' ' && octet != 0x7F);
    if !legible || digits.len() > usize::from(rules.alphanumeric_max) {
        return Err(BAD);
    }
    Ok(rewritten(sent, Address::name(digits), rules))
}

/// The destination of a customer's message: digits.
#[inline]
pub(crate) fn destination<'a>(
    sent: Address<'a>,
    rules: &AddressRules,
) -> Result<Address<'a>, BadAddress> {
    if !is_ton(sent.ton) {
        return Err(bad(status::RINVDSTTON, "dest_addr_ton"));
    }
    if !is_npi(sent.npi) {
        return Err(bad(status::RINVDSTNPI, "dest_addr_npi"));
    }
    match number(sent.digits, rules) {
        Some(number) if !number.is_empty() && number.len() <= CHARACTERS_MAX => {
            Ok(rewritten(sent, Address::international(number), rules))
        }
        Some(_) | None => Err(bad(status::RINVDSTADR, "destination_addr")),
    }
}

/// An address as a carrier writes it in a receipt or an MO: digits lose their `+` or `00`, everything else stays.
pub(crate) fn from_carrier(sent: Address<'_>) -> Address<'_> {
    let normal = sent.normalised();
    if normal.digits.len() == sent.digits.len() {
        sent
    } else {
        normal
    }
}

/// The digits of a number without what the rules strip; `None` if it is not a number.
#[inline]
fn number<'a>(digits: &'a [u8], rules: &AddressRules) -> Option<&'a [u8]> {
    let bare = match digits.strip_prefix(b"+") {
        Some(rest) if rules.strip_plus => rest,
        _ => digits,
    };
    if !is_digits(bare) {
        return None;
    }
    match bare.strip_prefix(b"00") {
        Some(rest) if rules.strip_zeros => Some(rest),
        _ => Some(bare),
    }
}

/// What was sent, less what was stripped; with the TON and NPI of what it is, if the rules say so.
#[inline]
fn rewritten<'a>(sent: Address<'_>, normal: Address<'a>, rules: &AddressRules) -> Address<'a> {
    if rules.rewrite_ton_npi {
        return normal;
    }
    Address {
        ton: sent.ton,
        npi: sent.npi,
        ..normal
    }
}

fn is_digits(octets: &[u8]) -> bool {
    octets.iter().all(u8::is_ascii_digit)
}

/// SMPP 3.4, 5.2.5; what is left out is reserved.
fn is_ton(ton: u8) -> bool {
    ton <= 6
}

/// SMPP 3.4, 5.2.6; what is left out is reserved.
fn is_npi(npi: u8) -> bool {
    matches!(npi, 0 | 1 | 3 | 4 | 6 | 8 | 9 | 10 | 14 | 18)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(ton: u8, npi: u8, digits: &str) -> Address<'_> {
        Address {
            ton,
            npi,
            digits: digits.as_bytes(),
        }
    }

    #[test]
    fn numbers_lose_their_prefix_and_get_the_ton_of_what_they_are() {
        let rules = AddressRules::default();
        for (sent, kept) in [
            (address(0, 0, "447700900123"), address(1, 1, "447700900123")),
            (
                address(1, 1, "+447700900123"),
                address(1, 1, "447700900123"),
            ),
            (
                address(2, 8, "00447700900123"),
                address(1, 1, "447700900123"),
            ),
            (
                address(0, 0, "+00447700900123"),
                address(1, 1, "447700900123"),
            ),
            (address(5, 0, "80888"), address(1, 1, "80888")),
        ] {
            assert_eq!(source(sent, &rules), Ok(kept));
            assert_eq!(destination(sent, &rules), Ok(kept));
        }
    }

    #[test]
    fn a_name_is_a_source_and_never_a_destination() {
        let rules = AddressRules::default();
        assert_eq!(
            source(address(1, 1, "Bindery 24h"), &rules),
            Ok(address(5, 0, "Bindery 24h"))
        );
        assert_eq!(
            destination(address(5, 0, "Bindery"), &rules),
            Err(bad(status::RINVDSTADR, "destination_addr"))
        );
    }

    #[test]
    fn each_bad_address_has_the_status_of_its_field() {
        let rules = AddressRules::default();
        for (sent, as_source, as_destination) in [
            (address(7, 1, "1"), 0x48, 0x50),
            (address(255, 1, "1"), 0x48, 0x50),
            (address(1, 2, "1"), 0x49, 0x51),
            (address(1, 7, "1"), 0x49, 0x51),
            (address(0, 0, "+"), 0x0A, 0x0B),
            (address(0, 0, "00"), 0x0A, 0x0B),
            (address(0, 0, "++4477"), 0, 0x0B),
            (address(5, 0, "TwelveLetter"), 0x0A, 0x0B),
            (address(5, 0, "Bind\x1bery"), 0x0A, 0x0B),
            (address(1, 1, "123456789012345678901"), 0x0A, 0x0B),
            (address(0, 0, ""), 0, 0x0B),
        ] {
            let status = |outcome: Result<Address<'_>, BadAddress>| {
                outcome.map_or_else(|bad| bad.status.0, |_| 0)
            };
            assert_eq!(status(source(sent, &rules)), as_source, "{sent:?}");
            assert_eq!(
                status(destination(sent, &rules)),
                as_destination,
                "{sent:?}"
            );
        }
    }

    #[test]
    fn rules_that_are_off_leave_the_address_as_sent() {
        let rules = AddressRules {
            strip_plus: false,
            strip_zeros: false,
            rewrite_ton_npi: false,
            ..AddressRules::default()
        };
        let sent = address(2, 8, "0044770");
        assert_eq!(destination(sent, &rules), Ok(sent));
        assert!(destination(address(1, 1, "+44770"), &rules).is_err());
    }

    #[test]
    fn a_message_without_source_gets_the_account_s_own() {
        let rules = AddressRules {
            default_source: "890890".to_owned(),
            ..AddressRules::default()
        };
        assert_eq!(
            source(address(0, 0, ""), &rules),
            Ok(address(1, 1, "890890"))
        );
    }

    #[test]
    fn a_carrier_s_number_is_brought_to_digits_and_its_names_stay() {
        for (sent, kept) in [
            (
                address(1, 1, "+447700900123"),
                address(1, 1, "447700900123"),
            ),
            (
                address(0, 0, "00447700900123"),
                address(1, 1, "447700900123"),
            ),
            (address(2, 1, "7700900123"), address(2, 1, "7700900123")),
            (address(5, 0, "Bindery"), address(5, 0, "Bindery")),
            (address(0, 0, "00"), address(0, 0, "00")),
            (address(0, 0, ""), address(0, 0, "")),
        ] {
            assert_eq!(from_carrier(sent), kept);
        }
    }
}
