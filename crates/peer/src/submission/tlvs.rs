//! What the TLVs of a request say, and those of them that travel on.

use core::time::Duration;

use engine::RouteName;
use smpp::pdu::Sm;
use smpp::status;
use smpp::tlv::{self, Tlvs};
use sms::UDHI;
use sms::udh::Concatenation;

use super::{Bad, bad, coding, named};
use crate::{Account, RouteSelector, Rule, Submitting, long};

/// What the TLVs of a request say, and those of them that travel on.
#[derive(Default)]
pub(super) struct Extras<'a> {
    pub(super) payload: Option<&'a [u8]>,
    pub(super) time_to_live: Option<Duration>,
    pub(super) route: Option<RouteName>,
    pub(super) part: Option<Concatenation>,
    pub(super) travelling: &'a [u8],
}

impl<'a> Extras<'a> {
    pub(super) fn read(
        sm: &Sm<'a>,
        account: &Account,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Extras<'a>, Bad> {
        let (tlvs, rules) = (sm.tlvs, &account.submitting);
        // The name of a route has the length that it has.
        let is_route = |tag: u16| {
            tag == tlv::DEST_SUBADDRESS && rules.route_selector == RouteSelector::DestSubaddress
        };
        if rules.strict_tlv && tlvs.bad_lengths().any(|tag| !is_route(tag)) {
            return Err(bad(status::RINVTLVLEN, "tlv"));
        }
        let ours = |tag: u16| understood(tag) || is_route(tag) || coding::is_stripped(tag, rules);
        if rules.other_tlvs == Rule::Refuse && tlvs.iter().any(|tlv| !ours(tlv.tag)) {
            return Err(bad(status::RTLVNOTALLWD, "tlv"));
        }
        let payload = payload(sm, account)?;
        let part = part(tlvs, rules)?;
        coding::check_tlvs(tlvs, rules)?;
        let time_to_live = tlvs
            .integer(tlv::QOS_TIME_TO_LIVE)
            .filter(|&seconds| seconds > 0 && rules.validity == Rule::Honour)
            .map(|seconds| Duration::from_secs(u64::from(seconds)));
        let has_header = sm.esm_class & UDHI != 0;
        Ok(Extras {
            payload,
            time_to_live,
            route: tlvs
                .iter()
                .find(|tlv| is_route(tlv.tag))
                .and_then(|tlv| route(tlv.value)),
            // A header of the sender's own says it better.
            part: part.filter(|_| !has_header),
            travelling: match rules.other_tlvs {
                Rule::Honour => travelling(tlvs, ours, scratch),
                Rule::Ignore | Rule::Refuse => &[],
            },
        })
    }
}

/// The text in `message_payload`, if there is one.
pub(crate) fn payload<'a>(sm: &Sm<'a>, account: &Account) -> Result<Option<&'a [u8]>, Bad> {
    const REFUSED: Bad = bad(status::RTLVNOTALLWD, "message_payload");
    let mut payloads = sm.tlvs.iter().filter(|tlv| tlv.tag == tlv::MESSAGE_PAYLOAD);
    let Some(payload) = payloads.next() else {
        return Ok(None);
    };
    match account.submitting.payload {
        Rule::Honour if payloads.next().is_none() => Ok(Some(payload.value)),
        Rule::Honour | Rule::Refuse => Err(REFUSED),
        // What was to be sent is in what is not looked at.
        Rule::Ignore if sm.short_message.is_empty() => {
            Err(bad(status::RINVMSGLEN, "message_payload is not looked at"))
        }
        Rule::Ignore => Ok(None),
    }
}

/// The part that sar TLVs say a message is, by the customer's rules.
fn part(tlvs: Tlvs<'_>, rules: &Submitting) -> Result<Option<Concatenation>, Bad> {
    match rules.sar {
        Rule::Ignore => Ok(None),
        Rule::Refuse if tlvs.iter().any(|tlv| is_sar(tlv.tag)) => {
            Err(bad(status::RTLVNOTALLWD, "sar_msg_ref_num"))
        }
        Rule::Honour | Rule::Refuse => {
            check_sar(tlvs)?;
            Ok(long::sar(tlvs))
        }
    }
}

/// A part beyond the last is refused; of an incomplete triplet nothing is believed (SMPP 3.4, 5.3.2.22 to 24).
fn check_sar(tlvs: Tlvs<'_>) -> Result<(), Bad> {
    let complete = tlvs.u16(tlv::SAR_MSG_REF_NUM).is_some()
        && tlvs.u8(tlv::SAR_TOTAL_SEGMENTS).is_some()
        && tlvs.u8(tlv::SAR_SEGMENT_SEQNUM).is_some();
    if complete && tlvs.sar().is_none() {
        return Err(bad(status::RINVTLVVAL, "sar_segment_seqnum"));
    }
    Ok(())
}

/// The route in a dest_subaddress: its name, behind a subaddress type octet or not (SMPP 3.4, 5.3.2.16), with a NUL or not.
fn route(value: &[u8]) -> Option<RouteName> {
    let name = match value {
        [0x80..=0xFF, name @ ..] => name,
        name => name,
    };
    named(name.strip_suffix(b"\0").unwrap_or(name))
}

/// Whether this TLV said all that it has to say to us, whoever sent it. Which part a message is travels in its user data header.
pub(crate) fn understood(tag: u16) -> bool {
    matches!(tag, tlv::MESSAGE_PAYLOAD | tlv::QOS_TIME_TO_LIVE) || is_sar(tag)
}

fn is_sar(tag: u16) -> bool {
    matches!(
        tag,
        tlv::SAR_MSG_REF_NUM | tlv::SAR_TOTAL_SEGMENTS | tlv::SAR_SEGMENT_SEQNUM
    )
}

/// The TLVs less those that stay here; copied to `scratch` only if some do.
pub(crate) fn travelling<'a>(
    tlvs: Tlvs<'a>,
    stays: impl Fn(u16) -> bool,
    scratch: &'a mut Vec<u8>,
) -> &'a [u8] {
    if !tlvs.iter().any(|tlv| stays(tlv.tag)) {
        return tlvs.as_bytes();
    }
    scratch.clear();
    for tlv in tlvs.iter().filter(|tlv| !stays(tlv.tag)) {
        scratch.extend_from_slice(&tlv.tag.to_be_bytes());
        // It came in a length of 16 bits.
        scratch.extend_from_slice(&(tlv.value.len() as u16).to_be_bytes());
        scratch.extend_from_slice(tlv.value);
    }
    scratch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tlvs_travel_less_those_that_were_understood() {
        const VENDOR: &[u8] = b"\x14\0\0\x03abc";
        const SAR: &[u8] = b"\x02\x0C\0\x02\0\x07\x02\x0E\0\x01\x02\x02\x0F\0\x01\x01";
        const PAYLOAD: &[u8] = b"\x04\x24\0\x02hi";
        const LIVES_A_MINUTE: &[u8] = b"\0\x17\0\x04\0\0\0\x3C";
        let travels = |sent: &[&[u8]]| {
            let mut scratch = Vec::new();
            let sent = sent.concat();
            let tlvs = Tlvs::parse(&sent).expect("well-formed");
            travelling(tlvs, understood, &mut scratch).to_vec()
        };
        assert_eq!(travels(&[VENDOR]), VENDOR);
        assert_eq!(travels(&[PAYLOAD, SAR, LIVES_A_MINUTE, VENDOR]), VENDOR);
        assert_eq!(travels(&[]), b"");
    }
}
