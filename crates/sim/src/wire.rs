//! A peer's end of a connection: PDUs in and out, without a session, so that it may do what no session would.

use bytes::BytesMut;
use smpp::Tolerance;
use smpp::frame::{self, Header};
use smpp::pdu::{self, Pdu};
use smpp::status::Status;
use smpp::tlv::Tlvs;

use crate::env::Env;
use crate::oracle::Mark;
use crate::pipe::{End, PipeId};

/// One end.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) pipe: PipeId,
    out: BytesMut,
    /// Octets ever given to [`Wire::send`].
    queued: u64,
    rest: Vec<u8>,
    consumed: u64,
}

/// One PDU that came, and when it was written.
pub(crate) struct Came {
    octets: Vec<u8>,
    pub(crate) written_at: u64,
}

impl Wire {
    pub(crate) fn new(pipe: PipeId) -> Wire {
        Wire {
            pipe,
            out: BytesMut::new(),
            queued: 0,
            rest: Vec::new(),
            consumed: 0,
        }
    }

    /// Says something; `mark` is what our process knows when it has read it.
    pub(crate) fn send(
        &mut self,
        env: &mut Env,
        pdu: &Pdu<'_>,
        status: Status,
        sequence: u32,
        mark: Option<Mark>,
    ) {
        let before = self.out.len();
        if let Err(error) = pdu::encode(pdu, status, sequence, &mut self.out) {
            env.violated(format!(
                "a peer of this world cannot say what it wants: {error}"
            ));
            return;
        }
        self.queued += (self.out.len() - before) as u64;
        if let Some(mark) = mark {
            env.mark(self.pipe, End::Peer, self.queued, mark);
        }
        self.flush(env);
    }

    /// Sends octets that may be anything.
    pub(crate) fn send_octets(&mut self, env: &mut Env, octets: &[u8]) {
        self.out.extend_from_slice(octets);
        self.queued += octets.len() as u64;
        self.flush(env);
    }

    pub(crate) fn flush(&mut self, env: &mut Env) {
        if !self.out.is_empty() {
            let taken = env.write(self.pipe, End::Peer, &self.out);
            let _ = self.out.split_to(taken);
        }
    }

    /// Every whole PDU that has come, and whether nothing more comes.
    pub(crate) fn receive(&mut self, env: &mut Env) -> (Vec<Came>, bool) {
        let (octets, over) = env.read(self.pipe, End::Peer, usize::MAX);
        self.rest.extend_from_slice(&octets);
        let rest = core::mem::take(&mut self.rest);
        let mut left = &rest[..];
        let mut came = Vec::new();
        loop {
            let before = left;
            match frame::split(&mut left, frame::CAP_BOUND) {
                Ok(Some(_)) => {
                    let octets = &before[..before.len() - left.len()];
                    self.consumed += octets.len() as u64;
                    let written_at = env.written_at(self.pipe, End::Peer, self.consumed);
                    came.push(Came {
                        octets: octets.to_vec(),
                        written_at,
                    });
                }
                Ok(None) => break,
                Err(bad) => {
                    env.violated(format!("our process sent a PDU of length {}", bad.length));
                    break;
                }
            }
        }
        self.rest = left.to_vec();
        (came, over)
    }
}

impl Came {
    /// What it says, or why it cannot be read, which is our process's fault.
    pub(crate) fn read(&self, env: &mut Env) -> Option<(Header, Pdu<'_>)> {
        let frame = frame::split(&mut &self.octets[..], frame::CAP_BOUND);
        let Ok(Some(frame)) = frame else { return None };
        match pdu::decode(&frame, Tolerance::Strict) {
            Ok((pdu, _)) => Some((frame.header, pdu)),
            Err(malformed) => {
                env.violated(format!(
                    "our process sent a {} with a bad {}",
                    frame.header.command_id.name(),
                    malformed.field
                ));
                None
            }
        }
    }
}

/// What every peer answers without thinking; true if that was it.
pub(crate) fn answer_keep_alive(
    wire: &mut Wire,
    env: &mut Env,
    header: Header,
    pdu: &Pdu<'_>,
) -> bool {
    match pdu {
        Pdu::EnquireLink(_) => {
            let response = Pdu::EnquireLinkResp(Tlvs::EMPTY);
            wire.send(env, &response, smpp::status::OK, header.sequence, None);
            true
        }
        Pdu::EnquireLinkResp(_) => true,
        _ => false,
    }
}
