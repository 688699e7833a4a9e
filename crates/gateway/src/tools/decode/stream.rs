//! One direction of a TCP connection, put together from its segments, and the PDUs in it.

use std::collections::BTreeMap;

use smpp::command::CommandId;
use smpp::frame::{self, Frame, HEADER_LENGTH, Header};

/// Octets behind a gap that are kept in the hope that the gap is filled; more, and what is missing was not captured.
const AHEAD_MAX: usize = 256 * 1024;

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Stream {
    /// The sequence number of the octet after those in `octets`.
    next: Option<u32>,
    /// Segments that came early, by how far ahead of the first octet of the connection that was seen they are.
    early: BTreeMap<u32, Vec<u8>>,
    /// In order, and not yet read.
    octets: Vec<u8>,
    /// A PDU begins at the front of `octets`.
    aligned: bool,
    /// Octets that are lost between PDUs that were read.
    pub(super) lost: u64,
    /// It has had a PDU: what is lost in it is lost SMPP.
    pub(super) is_smpp: bool,
}

impl Stream {
    /// A connection begins, with `sequence` before its first octet.
    pub(super) fn begin(&mut self, sequence: u32) {
        *self = Stream {
            next: Some(sequence.wrapping_add(1)),
            aligned: true,
            ..Stream::default()
        };
    }

    /// Takes a segment and gives the PDUs that are whole now to `each`.
    pub(super) fn segment(
        &mut self,
        sequence: u32,
        payload: &[u8],
        each: &mut dyn FnMut(&Frame<'_>),
    ) {
        let next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next);
        if ahead == 0 {
            self.append(payload);
        } else if ahead < 1 << 31 {
            self.early.insert(sequence, payload.to_vec());
            if self.early.values().map(Vec::len).sum::<usize>() > AHEAD_MAX {
                self.skip_gap();
            }
        } else {
            // It came again, perhaps with something new at its end.
            let known = next.wrapping_sub(sequence) as usize;
            self.append(payload.get(known..).unwrap_or_default());
        }
        self.take_early();
        self.read(each);
    }

    fn append(&mut self, payload: &[u8]) {
        self.octets.extend_from_slice(payload);
        let next = self.next.unwrap_or_default();
        self.next = Some(next.wrapping_add(payload.len() as u32));
    }

    /// Takes what came early as far as there is no gap.
    fn take_early(&mut self) {
        let next = |stream: &Stream| {
            let next = stream.next.unwrap_or_default();
            let reached = |&&sequence: &&u32| next.wrapping_sub(sequence) < 1 << 31;
            stream.early.keys().find(reached).copied()
        };
        while let Some(sequence) = next(self) {
            let payload = self.early.remove(&sequence).unwrap_or_default();
            let known = self.next.unwrap_or_default().wrapping_sub(sequence) as usize;
            self.append(payload.get(known..).unwrap_or_default());
        }
    }

    /// What is missing before the next early segment was not captured: goes on there, in the middle of some PDU.
    fn skip_gap(&mut self) {
        let next = self.next.unwrap_or_default();
        let nearest = self
            .early
            .keys()
            .copied()
            .min_by_key(|sequence| sequence.wrapping_sub(next));
        if let Some(sequence) = nearest {
            self.lost += u64::from(sequence.wrapping_sub(next)) + self.octets.len() as u64;
            self.octets.clear();
            self.aligned = false;
            self.next = Some(sequence);
        }
    }

    fn read(&mut self, each: &mut dyn FnMut(&Frame<'_>)) {
        let mut rest = &self.octets[..];
        loop {
            if !self.aligned {
                let before = rest.len();
                let found = find(&mut rest);
                self.lost += (before - rest.len()) as u64;
                if !found {
                    break;
                }
                self.aligned = true;
            }
            if rest.first_chunk().is_some_and(|header| !plausible(header)) {
                self.aligned = false;
                rest = &rest[1..];
                self.lost += 1;
                continue;
            }
            match frame::split(&mut rest, frame::CAP_BOUND) {
                Ok(Some(frame)) => {
                    self.is_smpp = true;
                    each(&frame);
                }
                _ => break,
            }
        }
        let read = self.octets.len() - rest.len();
        self.octets.drain(..read);
    }
}

/// Drops what is before the next header of a PDU; false if there is none yet.
fn find(octets: &mut &[u8]) -> bool {
    let begins = octets
        .windows(HEADER_LENGTH)
        .position(|header| header.first_chunk().is_some_and(plausible));
    match begins {
        Some(at) => *octets = &octets[at..],
        None => *octets = &octets[octets.len().saturating_sub(HEADER_LENGTH - 1)..],
    }
    begins.is_some()
}

/// Whether these octets begin a PDU. What is no SMPP does so once in many million octets.
fn plausible(octets: &[u8; HEADER_LENGTH]) -> bool {
    let header = Header::parse(octets);
    (HEADER_LENGTH..=frame::CAP_BOUND).contains(&(header.length as usize))
        && CommandId::ALL.contains(&header.command_id)
        && (header.command_id.is_response() || header.status.is_ok())
}
