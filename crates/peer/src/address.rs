//! What is made of the addresses that a peer writes.

use smpp::status::{self, Status};
use sms::Address;

use crate::{AddressRules, SourcePolicy};

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
    if !is_ton(sent.ton) {
        return Err(bad(status::RINVSRCTON, "source_addr_ton"));
    }
    if !is_npi(sent.npi) {
        return Err(bad(status::RINVSRCNPI, "source_addr_npi"));
    }
    let default = Address {
        digits: rules.default_source.as_bytes(),
        ..sent
    };
    if sent.digits.is_empty() || rules.source_policy == SourcePolicy::Default {
        return match (default.digits, rules.source_policy) {
            (b"", SourcePolicy::Own) => Err(BAD_SOURCE),
            (b"", _) => Ok(sent),
            _ => legal_source(default, rules),
        };
    }
    if let Some(issued) = rules.source_ton_npi {
        if sent.ton != issued.ton {
            return Err(bad(status::RINVSRCTON, "source_addr_ton"));
        }
        if sent.npi != issued.npi {
            return Err(bad(status::RINVSRCNPI, "source_addr_npi"));
        }
    }
    let source = legal_source(sent, rules)?;
    match rules.source_policy {
        SourcePolicy::Any | SourcePolicy::Default => Ok(source),
        SourcePolicy::Own | SourcePolicy::OwnOrDefault if is_own(source, rules) => Ok(source),
        SourcePolicy::Own => Err(BAD_SOURCE),
        SourcePolicy::OwnOrDefault => legal_source(default, rules),
    }
}

impl AddressRules {
    /// The source with which a message that names this one travels, in the TON and NPI that were issued for it if any were.
    ///
    /// # Errors
    /// What a submit_sm with it is answered.
    pub fn source_of<'a>(&'a self, digits: &'a [u8]) -> Result<Address<'a>, Status> {
        let issued = self.source_ton_npi;
        let (ton, npi) = issued.map_or((0, 0), |issued| (issued.ton, issued.npi));
        let sent = Address { ton, npi, digits };
        source(sent, self).map_err(|bad| bad.status)
    }

    /// Whether the source that stands for a missing one is within these rules itself, or there is none.
    pub fn default_source_fits(&self) -> bool {
        let default = Address {
            digits: self.default_source.as_bytes(),
            ..Address::default()
        };
        default.digits.is_empty() || legal_source(default, self).is_ok()
    }
}

const BAD_SOURCE: BadAddress = bad(status::RINVSRCADR, "source_addr");

/// A source that can be sent: a number or a name.
#[inline]
fn legal_source<'a>(sent: Address<'a>, rules: &AddressRules) -> Result<Address<'a>, BadAddress> {
    if let Some(number) = number(sent.digits, rules) {
        let longest = CHARACTERS_MAX.min(usize::from(rules.source_digits_max));
        return if (1..=longest).contains(&number.len()) {
            Ok(rewritten(sent, Address::international(number), rules))
        } else {
            Err(BAD_SOURCE)
        };
    }
    // A control character would shift fields or colour somebody's log.
    let legible = sent
        .digits
        .iter()
        .all(|&octet| octet >= b' ' && octet != 0x7F);
    if !legible || sent.digits.len() > usize::from(rules.alphanumeric_max) {
        return Err(BAD_SOURCE);
    }
    Ok(rewritten(sent, Address::name(sent.digits), rules))
}

fn is_own(source: Address<'_>, rules: &AddressRules) -> bool {
    fn bare(source: &[u8]) -> &[u8] {
        source.strip_prefix(b"+").unwrap_or(source)
    }
    let source = bare(source.digits);
    rules.own_sources.contain(source) || source == bare(rules.default_source.as_bytes())
}

/// The destination of a customer's message: digits.
#[inline]
pub(crate) fn destination<'a>(
    sent: Address<'a>,
    rules: &AddressRules,
) -> Result<Address<'a>, BadAddress> {
    const BAD_TON: BadAddress = bad(status::RINVDSTTON, "dest_addr_ton");
    const BAD_NPI: BadAddress = bad(status::RINVDSTNPI, "dest_addr_npi");
    let (ton, npi) = match rules.destination_ton_npi {
        None => (is_ton(sent.ton), is_npi(sent.npi)),
        Some(issued) => (sent.ton == issued.ton, sent.npi == issued.npi),
    };
    if !ton {
        return Err(BAD_TON);
    }
    if !npi {
        return Err(BAD_NPI);
    }
    let (least, most) = (rules.destination_digits_min, rules.destination_digits_max);
    let lengths = usize::from(least)..=CHARACTERS_MAX.min(usize::from(most));
    match number(sent.digits, rules) {
        Some(number) if lengths.contains(&number.len()) => {
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
    use crate::TonNpi;

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

    /// Whom a message of this source is from by these rules, or the status of its refusal.
    fn from(sent: Address<'_>, rules: &AddressRules) -> Result<String, u32> {
        source(sent, rules)
            .map(|source| String::from_utf8_lossy(source.digits).into_owned())
            .map_err(|bad| bad.status.0)
    }

    fn rules(source_policy: SourcePolicy) -> AddressRules {
        AddressRules {
            source_policy,
            own_sources: ["+12025550101", "Brand"].into_iter().collect(),
            default_source: "12025550100".to_owned(),
            ..AddressRules::default()
        }
    }

    /// Shows MTA-36, MTA-37, MTA-38, MES-33, C-22.
    #[test]
    fn a_source_is_its_own_or_anybody_s_or_the_default_as_the_policy_says() {
        const DEFAULT: &str = "12025550100";
        let taken = |source: &str| Ok(source.to_owned());
        for (policy, empty, own, name, foreign) in [
            (
                SourcePolicy::Any,
                taken(DEFAULT),
                taken("12025550101"),
                taken("Brand"),
                taken("447700900999"),
            ),
            (
                SourcePolicy::Own,
                taken(DEFAULT),
                taken("12025550101"),
                taken("Brand"),
                Err(0x0A),
            ),
            (
                SourcePolicy::OwnOrDefault,
                taken(DEFAULT),
                taken("12025550101"),
                taken("Brand"),
                taken(DEFAULT),
            ),
            (
                SourcePolicy::Default,
                taken(DEFAULT),
                taken(DEFAULT),
                taken(DEFAULT),
                taken(DEFAULT),
            ),
        ] {
            let rules = rules(policy);
            assert_eq!(from(address(0, 0, ""), &rules), empty, "{policy:?}");
            assert_eq!(
                from(address(1, 1, "+12025550101"), &rules),
                own,
                "{policy:?}"
            );
            assert_eq!(from(address(5, 0, "Brand"), &rules), name, "{policy:?}");
            assert_eq!(
                from(address(1, 1, "447700900999"), &rules),
                foreign,
                "{policy:?}"
            );
            assert_eq!(
                from(address(1, 1, DEFAULT), &rules),
                taken(DEFAULT),
                "{policy:?}"
            );
        }
    }

    #[test]
    fn whoever_has_only_its_own_sources_and_no_default_has_to_name_one() {
        let rules = AddressRules {
            default_source: String::new(),
            ..rules(SourcePolicy::Own)
        };
        assert_eq!(from(address(0, 0, ""), &rules), Err(0x0A));
    }

    /// Shows MOB-112, MOB-113, MOB-185, MOB-186, BUL-F7.
    #[test]
    fn a_source_is_a_name_of_11_characters_or_a_number_of_as_many_digits_as_agreed() {
        let rules = AddressRules {
            source_digits_max: 15,
            ..AddressRules::default()
        };
        for (sent, kept) in [
            (
                address(5, 0, "ElevenChars"),
                Ok(address(5, 0, "ElevenChars")),
            ),
            (address(5, 0, "TwelveLetter"), Err(BAD_SOURCE)),
            (
                address(1, 1, "447700900123456"),
                Ok(address(1, 1, "447700900123456")),
            ),
            (address(1, 1, "4477009001234567"), Err(BAD_SOURCE)),
        ] {
            assert_eq!(source(sent, &rules), kept, "{sent:?}");
        }
    }

    /// Shows MTA-34, MTA-35, MTA-39, MES-34.
    #[test]
    fn ton_and_npi_are_rewritten_or_have_to_be_those_that_were_issued() {
        let rewriting = AddressRules::default();
        for ton in [0, 1] {
            assert_eq!(
                source(address(ton, 1, "12025550100"), &rewriting),
                Ok(address(1, 1, "12025550100"))
            );
        }
        let issued = Some(TonNpi { ton: 1, npi: 1 });
        let enforcing = AddressRules {
            source_ton_npi: issued,
            destination_ton_npi: issued,
            ..AddressRules::default()
        };
        for (ton, npi, as_source, as_destination) in [
            (1, 1, 0, 0),
            (0, 1, 0x48, 0x50),
            (1, 0, 0x49, 0x51),
            (5, 0, 0x48, 0x50),
        ] {
            let sent = address(ton, npi, "890890");
            let status = |outcome: Result<Address<'_>, BadAddress>| {
                outcome.map_or_else(|bad| bad.status.0, |_| 0)
            };
            assert_eq!(status(source(sent, &enforcing)), as_source, "{ton}/{npi}");
            assert_eq!(
                status(destination(sent, &enforcing)),
                as_destination,
                "{ton}/{npi}"
            );
        }
    }

    /// Shows MTA-40, MTA-41.
    #[test]
    fn a_destination_is_a_number_of_as_many_digits_as_agreed_with_and_without_plus() {
        let rules = AddressRules {
            destination_digits_min: 7,
            destination_digits_max: 15,
            ..AddressRules::default()
        };
        let number = Ok(address(1, 1, "12125551234"));
        assert_eq!(destination(address(1, 1, "+12125551234"), &rules), number);
        assert_eq!(destination(address(1, 1, "12125551234"), &rules), number);
        for wrong in ["12", "letters", "+121255", "1234567890123456", ""] {
            let refused = destination(address(1, 1, wrong), &rules).map_err(|bad| bad.status);
            assert_eq!(refused, Err(status::RINVDSTADR), "{wrong}");
        }
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
