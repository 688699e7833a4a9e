//! PDU boundaries. A frame is found from `command_length` alone and the body is decoded inside it, so whatever a
//! body holds, the next PDU starts where its sender meant it to.

use crate::command::CommandId;
use crate::status::Status;

/// Octets of every header.
pub const HEADER_LENGTH: usize = 16;

/// The largest PDU taken before a bind, in octets: no bind comes near it.
pub const CAP_UNBOUND: usize = 1024;

/// The largest PDU taken after a bind, in octets: above the largest legal one, a `submit_multi` of 71 747.
pub const CAP_BOUND: usize = 80 * 1024;

/// The four integers before every body (SMPP 3.4, 3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// `command_length`: octets of the whole PDU, this field included.
    pub length: u32,
    /// `command_id`.
    pub command_id: CommandId,
    /// `command_status`: zero in requests.
    pub status: Status,
    /// `sequence_number`: any value is echoed, though 1 to 0x7FFFFFFF are the legal ones.
    pub sequence: u32,
}

impl Header {
    /// Reads a header as it stands, whatever its length says.
    pub fn parse(octets: &[u8; HEADER_LENGTH]) -> Header {
        let [length, command_id, status, sequence] = words(octets);
        Header {
            length,
            command_id: CommandId(command_id),
            status: Status(status),
            sequence,
        }
    }

    /// The header on the wire.
    pub fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let mut octets = [0; HEADER_LENGTH];
        octets[..4].copy_from_slice(&self.length.to_be_bytes());
        octets[4..8].copy_from_slice(&self.command_id.0.to_be_bytes());
        octets[8..12].copy_from_slice(&self.status.0.to_be_bytes());
        octets[12..].copy_from_slice(&self.sequence.to_be_bytes());
        octets
    }
}

/// One whole PDU in a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// The first 16 octets.
    pub header: Header,
    /// All others.
    pub body: &'a [u8],
}

/// A `command_length` below 16 or above the cap: the stream is lost, nothing after it can be found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadLength {
    /// What `command_length` said.
    pub length: u32,
}

/// Takes one PDU off the front of `input`.
///
/// `Ok(None)` and `input` untouched while the PDU is not all there. The length is checked as soon as its four octets
/// have come, so an absurd one is never waited for.
///
/// # Errors
/// [`BadLength`] if the PDU would be shorter than a header or longer than `cap` octets; `input` is untouched.
#[inline]
pub fn split<'a>(input: &mut &'a [u8], cap: usize) -> Result<Option<Frame<'a>>, BadLength> {
    let Some(length) = input.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length);
    let octets = length as usize;
    if octets < HEADER_LENGTH || octets > cap {
        return Err(BadLength { length });
    }
    let Some((pdu, rest)) = input.split_at_checked(octets) else {
        return Ok(None);
    };
    let Some((header, body)) = pdu.split_first_chunk::<HEADER_LENGTH>() else {
        return Ok(None);
    };
    *input = rest;
    Ok(Some(Frame {
        header: Header::parse(header),
        body,
    }))
}

fn words(octets: &[u8; HEADER_LENGTH]) -> [u32; 4] {
    let all = u128::from_be_bytes(*octets);
    [96, 64, 32, 0].map(|shift| (all >> shift) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 9];

    #[test]
    fn a_header_goes_out_as_it_came_in() {
        let header = Header::parse(&ENQUIRE_LINK);
        assert_eq!(header.sequence, 9);
        assert_eq!(header.to_bytes(), ENQUIRE_LINK);
    }

    #[test]
    fn a_pdu_in_pieces_waits_for_its_last_octet() {
        for received in 0..16 {
            let mut input = &ENQUIRE_LINK[..received];
            assert_eq!(split(&mut input, CAP_UNBOUND), Ok(None));
            assert_eq!(input.len(), received);
        }
    }

    #[test]
    fn an_absurd_length_is_refused_from_its_four_octets() {
        for length in [0, 4, 15, 1025, 0x7FFF_FFFF, u32::MAX] {
            let octets = length.to_be_bytes();
            assert_eq!(
                split(&mut &octets[..], CAP_UNBOUND),
                Err(BadLength { length })
            );
        }
    }

    #[test]
    fn pdus_glued_together_come_one_by_one() {
        let stream = [ENQUIRE_LINK, ENQUIRE_LINK].concat();
        let mut input = &stream[..];
        let mut count = 0;
        while let Ok(Some(frame)) = split(&mut input, CAP_BOUND) {
            assert!(frame.body.is_empty());
            count += 1;
        }
        assert_eq!((count, input.len()), (2, 0));
    }
}
