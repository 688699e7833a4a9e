//! Tagged values after the mandatory fields (SMPP 3.4, 5.3; 5.0, 4.8).
//!
//! A PDU's TLVs stay one region of wire octets, checked once: order, repetitions, unknown and vendor tags survive
//! relaying as they came. Getters read leniently, because what carriers send in them varies.

mod tags;

use core::fmt;

pub use tags::*;

use crate::Version;
use crate::pdu::Unencodable;
use crate::status;
use crate::warnings::{Malformed, Warnings};

/// TLVs read from one PDU; the rest of a flood of empty ones is not looked at.
pub const COUNT_MAX: usize = 255;

/// Octets of tag and length.
const TLV_HEADER: usize = 4;

/// One TLV.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tlv<'a> {
    /// What the value is.
    pub tag: u16,
    /// The octets, at most 65 535.
    pub value: &'a [u8],
}

/// All TLVs of a PDU in wire form, every length checked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    /// No TLVs.
    pub const EMPTY: Tlvs<'static> = Tlvs(&[]);

    /// Checks a region of wire octets.
    ///
    /// # Errors
    /// `ESME_RINVTLVSTREAM` if a TLV reaches beyond the end, one to three octets are left over, or there are more than
    /// [`COUNT_MAX`].
    pub fn parse(octets: &'a [u8]) -> Result<Tlvs<'a>, Malformed> {
        let scan = scan(octets);
        if scan.stop.is_empty() {
            Ok(scan.tlvs)
        } else {
            Err(Malformed {
                status: status::RINVTLVSTREAM,
                field: "tlv",
            })
        }
    }

    /// The region, to be relayed or stored.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// True if there is none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The TLVs in wire order.
    pub fn iter(self) -> Iter<'a> {
        Iter(self.0)
    }

    /// The value of the first TLV with this tag.
    pub fn get(self, tag: u16) -> Option<&'a [u8]> {
        self.iter().find(|tlv| tlv.tag == tag).map(|tlv| tlv.value)
    }

    /// The first TLV with this tag as a big-endian integer of one to four octets, whatever the specification gives it.
    pub fn integer(self, tag: u16) -> Option<u32> {
        let value = self.get(tag)?;
        if value.is_empty() || value.len() > 4 {
            return None;
        }
        Some(
            value
                .iter()
                .fold(0, |sum, &octet| sum << 8 | u32::from(octet)),
        )
    }

    /// [`integer`](Tlvs::integer) if it fits one octet.
    pub fn u8(self, tag: u16) -> Option<u8> {
        self.integer(tag)?.try_into().ok()
    }

    /// [`integer`](Tlvs::integer) if it fits two octets.
    pub fn u16(self, tag: u16) -> Option<u16> {
        self.integer(tag)?.try_into().ok()
    }

    /// The first TLV with this tag as text: up to its NUL, or all of it if the sender left the NUL out.
    pub fn cstr(self, tag: u16) -> Option<&'a [u8]> {
        self.get(tag)?.split(|&octet| octet == 0).next()
    }

    /// `receipted_message_id`, if it is not empty.
    pub fn receipted_message_id(self) -> Option<&'a [u8]> {
        self.cstr(RECEIPTED_MESSAGE_ID).filter(|id| !id.is_empty())
    }

    /// `message_state` as a known state.
    pub fn message_state(self) -> Option<sms::State> {
        sms::State::from_u8(self.u8(MESSAGE_STATE)?)
    }

    /// `network_error_code`: type and code in three octets, or, from some carriers, the code alone as three digits or
    /// as two octets.
    pub fn network_error_code(self) -> Option<NetworkError> {
        match *self.get(NETWORK_ERROR_CODE)? {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_digit) => {
                let digit = |octet: u8| u16::from(octet - b'0');
                Some(NetworkError {
                    network: NetworkError::UNSAID,
                    code: digit(a) * 100 + digit(b) * 10 + digit(c),
                })
            }
            [network, high, low] => Some(NetworkError {
                network,
                code: u16::from_be_bytes([high, low]),
            }),
            [high, low] => Some(NetworkError {
                network: NetworkError::UNSAID,
                code: u16::from_be_bytes([high, low]),
            }),
            _ => None,
        }
    }

    /// `message_payload`.
    pub fn message_payload(self) -> Option<&'a [u8]> {
        self.get(MESSAGE_PAYLOAD)
    }

    /// The three `sar_` TLVs; `None` unless all are there and the part exists (SMPP 3.4, 5.3.2.22).
    pub fn sar(self) -> Option<Sar> {
        let sar = Sar {
            reference: self.u16(SAR_MSG_REF_NUM)?,
            total: self.u8(SAR_TOTAL_SEGMENTS)?,
            number: self.u8(SAR_SEGMENT_SEQNUM)?,
        };
        (1..=sar.total).contains(&sar.number).then_some(sar)
    }

    /// `sc_interface_version`.
    pub fn sc_interface_version(self) -> Option<Version> {
        self.u8(SC_INTERFACE_VERSION)
            .map(Version::from_interface_version)
    }

    /// Those that SMPP 3.4 has, and those of vendors; copied to `scratch` only if some must go.
    pub(crate) fn without_5_0(self, scratch: &'a mut Vec<u8>) -> Tlvs<'a> {
        let newer = |tlv: &Tlv<'_>| since(tlv.tag) == Some(Version::V50);
        if !self.iter().any(|tlv| newer(&tlv)) {
            return self;
        }
        scratch.clear();
        for tlv in self.iter().filter(|tlv| !newer(tlv)) {
            put_header(scratch, tlv.tag, tlv.value.len() as u16);
            scratch.extend_from_slice(tlv.value);
        }
        Tlvs(scratch)
    }

    /// The tags of the TLVs whose length the specification does not give them.
    pub fn bad_lengths(self) -> impl Iterator<Item = u16> + use<'a> {
        self.iter()
            .filter(|tlv| known(tlv.tag).is_some_and(|(_, known)| !known.fits(tlv.value.len())))
            .map(|tlv| tlv.tag)
    }
}

impl<'a> IntoIterator for Tlvs<'a> {
    type Item = Tlv<'a>;
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Tlvs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|tlv| (name(tlv.tag), tlv.value)))
            .finish()
    }
}

/// TLVs in wire order.
#[derive(Clone, Debug)]
pub struct Iter<'a>(&'a [u8]);

impl<'a> Iterator for Iter<'a> {
    type Item = Tlv<'a>;

    #[inline]
    fn next(&mut self) -> Option<Tlv<'a>> {
        let (tlv, rest) = split_first(self.0)?;
        self.0 = rest;
        Some(tlv)
    }
}

/// `network_error_code`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NetworkError {
    /// 1 ANSI-136, 2 IS-95, 3 GSM, 4 to 8 in SMPP 5.0; [`UNSAID`](NetworkError::UNSAID).
    pub network: u8,
    /// The network's own code.
    pub code: u16,
}

impl NetworkError {
    /// The carrier sent a code without a network.
    pub const UNSAID: u8 = 0;
}

/// Which part of a long message this is, said in TLVs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sar {
    /// The same for all parts.
    pub reference: u16,
    /// Number of parts.
    pub total: u8,
    /// This part, from 1.
    pub number: u8,
}

/// The name of a tag in the specification; `vendor` for 0x1400 to 0x3FFF, else `reserved`.
pub fn name(tag: u16) -> &'static str {
    match known(tag) {
        Some((_, known)) => known.name,
        None if (0x1400..=0x3FFF).contains(&tag) => "vendor",
        None => "reserved",
    }
}

/// The first version that has this tag; `None` for vendor and reserved tags.
pub fn since(tag: u16) -> Option<Version> {
    known(tag).map(|(_, known)| known.since)
}

/// Appends an octet.
pub fn put_u8(out: &mut Vec<u8>, tag: u16, value: u8) {
    put_short(out, tag, &[value]);
}

/// Appends two octets, big-endian.
pub fn put_u16(out: &mut Vec<u8>, tag: u16, value: u16) {
    put_short(out, tag, &value.to_be_bytes());
}

/// Appends four octets, big-endian.
pub fn put_u32(out: &mut Vec<u8>, tag: u16, value: u32) {
    put_short(out, tag, &value.to_be_bytes());
}

/// Appends text with a NUL.
///
/// # Errors
/// [`Unencodable`] with the tag's name if the text holds a NUL or exceeds 65 534 octets; nothing is written.
pub fn put_cstr(out: &mut Vec<u8>, tag: u16, text: &[u8]) -> Result<(), Unencodable> {
    let fits = u16::try_from(text.len() + 1).ok();
    let (Some(length), false) = (fits, text.contains(&0)) else {
        return Err(Unencodable { field: name(tag) });
    };
    put_header(out, tag, length);
    out.extend_from_slice(text);
    out.push(0);
    Ok(())
}

/// Appends octets as they are.
///
/// # Errors
/// [`Unencodable`] with the tag's name above 65 535 octets; nothing is written.
pub fn put_bytes(out: &mut Vec<u8>, tag: u16, value: &[u8]) -> Result<(), Unencodable> {
    let Ok(length) = u16::try_from(value.len()) else {
        return Err(Unencodable { field: name(tag) });
    };
    put_header(out, tag, length);
    out.extend_from_slice(value);
    Ok(())
}

fn put_short(out: &mut Vec<u8>, tag: u16, value: &[u8]) {
    put_header(out, tag, value.len() as u16);
    out.extend_from_slice(value);
}

fn put_header(out: &mut Vec<u8>, tag: u16, length: u16) {
    out.extend_from_slice(&tag.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
}

/// What one walk over a TLV area found.
pub(crate) struct Scan<'a> {
    /// The valid ones.
    pub(crate) tlvs: Tlvs<'a>,
    /// Why the walk ended before the area did: [`Warnings::NONE`] if it did not.
    pub(crate) stop: Warnings,
    /// What is odd about the valid ones.
    pub(crate) odd: Warnings,
}

/// Walks over a TLV area as far as it is one.
#[inline]
pub(crate) fn scan(area: &[u8]) -> Scan<'_> {
    let mut rest = area;
    let mut stop = Warnings::NONE;
    let mut odd = Warnings::NONE;
    let mut seen = 0_u64;
    let mut count = 0;
    while !rest.is_empty() {
        let Some((tlv, after)) = split_first(rest) else {
            stop = if rest.len() < TLV_HEADER {
                Warnings::TRAILING_OCTETS
            } else {
                Warnings::BAD_TLV_TAIL
            };
            break;
        };
        if count == COUNT_MAX {
            stop = Warnings::TOO_MANY_TLVS;
            break;
        }
        if let Some((row, known)) = known(tlv.tag) {
            if !known.fits(tlv.value.len()) {
                odd |= Warnings::TLV_LENGTH;
            }
            if seen & 1 << row != 0 && !known.repeats {
                odd |= Warnings::TLV_REPEATED;
            }
            seen |= 1 << row;
        }
        count += 1;
        rest = after;
    }
    Scan {
        tlvs: Tlvs(&area[..area.len() - rest.len()]),
        stop,
        odd,
    }
}

#[inline]
fn split_first(octets: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (&[t0, t1, l0, l1], rest) = octets.split_first_chunk::<TLV_HEADER>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let (value, rest) = rest.split_at_checked(length)?;
    let tag = u16::from_be_bytes([t0, t1]);
    Some((Tlv { tag, value }, rest))
}

impl Known {
    #[inline]
    fn fits(&self, length: usize) -> bool {
        (usize::from(self.shortest)..=usize::from(self.longest)).contains(&length)
    }
}
