//! What the load generator makes of each PDU.

use smpp::command::{self, CommandId};
use smpp::frame::{self, Frame, Header};
use smpp::pdu::{self, Pdu};
use smpp::receipt;
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use smpp::{Tolerance, Warnings};
use sms::State;

use super::drive::{Load, Phase};
use super::template;
use crate::tools::hash;

impl Load {
    /// Takes one PDU.
    #[inline]
    pub(super) fn receive(&mut self, key: usize, frame: &Frame<'_>) {
        match frame.header.command_id {
            command::SUBMIT_SM_RESP => self.answered(key, frame),
            command::DELIVER_SM | command::DATA_SM => self.delivered(key, frame),
            _ => self.rare(key, frame),
        }
    }

    #[inline]
    fn answered(&mut self, key: usize, frame: &Frame<'_>) {
        let connection = &mut self.connections[key];
        connection.in_flight = connection.in_flight.saturating_sub(1);
        let status = frame.header.status;
        let id = status.is_ok().then(|| hash::octets(cstr(frame.body)));
        let number = template::number(frame.header.sequence, self.ledger.sent());
        let n = number.unwrap_or(u64::MAX);
        if let Some(micros) = self.ledger.answer(n, self.now, id) {
            self.measures.answered(self.now, micros, status);
        }
    }

    /// Books a receipt, counts anything else, and takes both.
    #[inline]
    fn delivered(&mut self, key: usize, frame: &Frame<'_>) {
        match pdu::decode(frame, Tolerance::Tolerant) {
            Ok((Pdu::DeliverSm(sm), _)) => {
                self.message(sm.source.digits, sm.esm_class, sm.short_message, &sm.tlvs);
            }
            Ok((Pdu::DataSm(sm), _)) => {
                self.message(sm.source.digits, sm.esm_class, &[], &sm.tlvs);
            }
            Ok(_) | Err(_) => self.measures.malformed += 1,
        }
        let response = frame.header.command_id.response();
        self.take(key, response, frame.header.sequence);
    }

    #[inline]
    fn message(&mut self, source: &[u8], esm_class: u8, text: &[u8], tlvs: &Tlvs<'_>) {
        if !receipt::is_receipt(esm_class, tlvs) {
            self.measures.messages += 1;
            return;
        }
        // Both TLVs say all; only without them the text has to be read.
        let (id, state) = match (tlvs.receipted_message_id(), tlvs.message_state()) {
            (Some(id), Some(state)) => (id, Some(state)),
            _ => {
                let text = tlvs.message_payload().unwrap_or(text);
                let receipt = receipt::read(text, tlvs).unwrap_or_default();
                (receipt.id, receipt.state)
            }
        };
        self.measures.receipt_state(state);
        if matches!(state, Some(State::Enroute | State::Scheduled)) {
            return;
        }
        let sent = self.ledger.sent();
        let told = self.plan.template.destinations.find(source, sent);
        if let Some(micros) = self.ledger.receipt(told, hash::octets(id), self.now) {
            self.measures.receipted(micros);
        }
    }

    /// Answers a message: a response with an empty message_id (SMPP 3.4, 4.6.2).
    #[inline]
    fn take(&mut self, key: usize, command_id: CommandId, sequence: u32) {
        let mut octets = [0; frame::HEADER_LENGTH + 1];
        let header = Header {
            length: octets.len() as u32,
            command_id,
            status: status::OK,
            sequence,
        };
        octets[..frame::HEADER_LENGTH].copy_from_slice(&header.to_bytes());
        self.write(key, &octets);
    }

    #[cold]
    fn rare(&mut self, key: usize, frame: &Frame<'_>) {
        let Header {
            command_id,
            status,
            sequence,
            ..
        } = frame.header;
        match command_id {
            command::BIND_TRANSCEIVER_RESP
            | command::BIND_TRANSMITTER_RESP
            | command::BIND_RECEIVER_RESP => self.bind_answered(key, status),
            // A refusal of whatever has this number: a submit, as all else is taken by every server.
            command::GENERIC_NACK => self.answered(key, frame),
            command::ENQUIRE_LINK => self.respond(key, command::ENQUIRE_LINK_RESP, sequence),
            command::UNBIND => {
                self.respond(key, command::UNBIND_RESP, sequence);
                self.measures.unbound_by_peer +=
                    u64::from(self.connections[key].phase == Phase::Bound);
            }
            command::UNBIND_RESP => self.drop_wire(key),
            _ => {
                let decoded = pdu::decode(frame, Tolerance::Tolerant);
                let fine = decoded.is_ok_and(|(_, warnings)| warnings == Warnings::NONE);
                self.measures.malformed += u64::from(!fine);
            }
        }
    }

    fn bind_answered(&mut self, key: usize, status: Status) {
        if self.connections[key].phase != Phase::Binding {
            return;
        }
        if !status.is_ok() {
            self.measures.bind_refused(status);
        }
        self.opened(key, status.is_ok());
    }

    fn respond(&mut self, key: usize, command_id: CommandId, sequence: u32) {
        let header = Header {
            length: frame::HEADER_LENGTH as u32,
            command_id,
            status: status::OK,
            sequence,
        };
        self.write(key, &header.to_bytes());
    }
}

/// The text before the first NUL.
#[inline]
fn cstr(body: &[u8]) -> &[u8] {
    let end = body.iter().position(|octet| *octet == 0);
    &body[..end.unwrap_or(body.len())]
}
