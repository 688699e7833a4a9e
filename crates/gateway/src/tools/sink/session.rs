//! What the message centre makes of each PDU, and when it sends its own.

use std::time::Duration;

use smpp::Tolerance;
use smpp::command::{self, CommandId};
use smpp::frame::Frame;
use smpp::pdu::{self, Bind, BindResp, DataSm, Destination, Pdu, Sm, SmResp, SubmitMulti};
use smpp::status::{self, Status};
use smpp::tlv::{self, Tlvs};
use smpp::{Malformed, Version};
use sms::Address;

use super::behaviour::Fate;
use super::receipt::{Number, Pending, Reply, What};
use super::reply::reversed;
use super::server::{Account, Owed, Phase, Sent, Sink};
use crate::tools::wire::OUTBOX_HIGH;

/// The name that the message centre gives itself.
const OWN_NAME: &[u8] = b"bindery-sink";

/// The bit of `registered_delivery` that asks for a receipt when delivered; with the next one, only for failures (SMPP 3.4, 5.2.17).
const RECEIPT_ASKED: u8 = 0x03;

/// A message as the message centre needs it.
struct Submitted<'a> {
    command: CommandId,
    source: Address<'a>,
    destination: Address<'a>,
    data_coding: u8,
    header: bool,
    registered_delivery: u8,
    text: &'a [u8],
}

impl Sink {
    /// Takes one PDU.
    pub(super) fn receive(&mut self, key: usize, frame: &Frame<'_>) {
        let command = frame.header.command_id;
        let sequence = frame.header.sequence;
        let (pdu, _) = match pdu::decode(frame, Tolerance::Strict) {
            Ok(decoded) => decoded,
            Err(malformed) => return self.complain(key, command, sequence, malformed),
        };
        match pdu {
            Pdu::SubmitSm(sm) if self.may_submit(key) => {
                self.submit(key, sequence, &Submitted::from_sm(&sm));
            }
            Pdu::DataSm(sm) if self.may_submit(key) => {
                self.submit(key, sequence, &Submitted::from_data_sm(&sm));
            }
            Pdu::SubmitMulti(sm) if self.may_submit(key) => self.submit_multi(key, sequence, &sm),
            Pdu::DeliverSmResp(_) | Pdu::DataSmResp(_) => {
                self.delivered(key, sequence, frame.header.status);
            }
            Pdu::GenericNack(_) => self.delivered(key, sequence, status::RINVCMDID),
            Pdu::EnquireLink(_) => {
                self.counters.enquire_links += 1;
                self.say(
                    key,
                    &Pdu::EnquireLinkResp(Tlvs::EMPTY),
                    status::OK,
                    sequence,
                );
            }
            Pdu::BindReceiver(bind) => self.bind(key, command, sequence, &bind),
            Pdu::BindTransmitter(bind) => self.bind(key, command, sequence, &bind),
            Pdu::BindTransceiver(bind) => self.bind(key, command, sequence, &bind),
            Pdu::Unbind(_) => self.unbind(key, sequence),
            _ if command.is_response() => {}
            _ => self.refuse(key, command, sequence, why_not(command)),
        }
    }

    fn complain(&mut self, key: usize, command: CommandId, sequence: u32, malformed: Malformed) {
        self.counters.malformed += 1;
        if !command.is_response() {
            self.refuse(key, command, sequence, malformed.status);
        }
    }

    /// Says no in the response of its type, or in a `generic_nack` if it has none.
    fn refuse(&mut self, key: usize, command: CommandId, sequence: u32, status: Status) {
        let pdu = Pdu::header_only_response(command).unwrap_or(Pdu::GenericNack(Tlvs::EMPTY));
        self.say(key, &pdu, status, sequence);
    }

    fn say(&mut self, key: usize, pdu: &Pdu<'_>, status: Status, sequence: u32) {
        if let Some(connection) = &mut self.connections[key] {
            pdu::encode(pdu, status, sequence, &mut connection.wire.outbox)
                .expect("all that is said here is short");
            self.touch(key);
        }
    }

    fn may_submit(&self, key: usize) -> bool {
        matches!(
            self.phase(key),
            Some(Phase::Bound {
                transmits: true,
                ..
            })
        )
    }

    fn phase(&self, key: usize) -> Option<Phase> {
        self.connections[key].as_ref().map(|c| c.phase)
    }

    fn bind(&mut self, key: usize, command: CommandId, sequence: u32, bind: &Bind<'_>) {
        if self.phase(key) != Some(Phase::Unbound) {
            return self.refuse(key, command, sequence, status::RALYBND);
        }
        if let Some(status) = self.bind_refusal(bind) {
            self.counters.binds_refused += 1;
            return self.refuse(key, command, sequence, status);
        }
        let account = self.account(bind.system_id);
        let receives = command != command::BIND_TRANSMITTER;
        let magic = self.behaviour.magic.as_deref().map(str::as_bytes);
        let phase = Phase::Bound {
            account,
            transmits: command != command::BIND_RECEIVER,
            receives,
            magic: magic == Some(bind.system_id),
        };
        let version = Version::from_interface_version(bind.interface_version);
        if let Some(connection) = &mut self.connections[key] {
            connection.phase = phase;
        }
        self.counters.binds += 1;
        self.counters.binds_accepted += 1;
        self.accept_bind(key, command, sequence, version);
        if receives {
            self.accounts[account].receivers.push(key);
            self.stir(account);
        }
    }

    fn bind_refusal(&self, bind: &Bind<'_>) -> Option<Status> {
        let (system_id, password) = self.behaviour.credentials.as_ref()?;
        if bind.system_id != system_id.as_bytes() {
            Some(status::RINVSYSID)
        } else if bind.password != password.as_bytes() {
            Some(status::RINVPASWD)
        } else {
            None
        }
    }

    fn accept_bind(&mut self, key: usize, command: CommandId, sequence: u32, version: Version) {
        let mut tlvs = Vec::new();
        if version >= Version::V34 {
            tlv::put_u8(
                &mut tlvs,
                tlv::SC_INTERFACE_VERSION,
                version.interface_version(),
            );
        }
        let resp = BindResp {
            system_id: OWN_NAME,
            tlvs: Tlvs::parse(&tlvs).unwrap_or_default(),
            body_present: true,
        };
        let pdu = match command {
            command::BIND_RECEIVER => Pdu::BindReceiverResp(resp),
            command::BIND_TRANSMITTER => Pdu::BindTransmitterResp(resp),
            _ => Pdu::BindTransceiverResp(resp),
        };
        self.say(key, &pdu, status::OK, sequence);
    }

    pub(super) fn account(&mut self, system_id: &[u8]) -> usize {
        if let Some(at) = self.accounts.iter().position(|a| a.system_id == system_id) {
            return at;
        }
        self.accounts.push(Account {
            system_id: system_id.to_vec(),
            receivers: Vec::new(),
            turn: 0,
            waiting: Default::default(),
            moved: false,
        });
        self.accounts.len() - 1
    }

    fn unbind(&mut self, key: usize, sequence: u32) {
        self.say(key, &Pdu::UnbindResp(Tlvs::EMPTY), status::OK, sequence);
        let Some(mut connection) = self.connections[key].take() else {
            return;
        };
        if let Phase::Bound { account, .. } = connection.phase {
            self.leave(key, account, &mut connection);
        }
        connection.phase = Phase::Closing;
        self.connections[key] = Some(connection);
    }

    #[inline]
    fn submit(&mut self, key: usize, sequence: u32, message: &Submitted<'_>) {
        self.counters.submits += 1;
        if let Some(duplicates) = &mut self.duplicates {
            duplicates.see(
                message.source.digits,
                message.destination.digits,
                message.text,
            );
        }
        let fate = self.fate(key, message.destination.digits);
        self.number += 1;
        let number = self.number;
        self.schedule_receipt(key, number, message, &fate);
        match fate.answer {
            None => self.counters.unanswered += 1,
            Some((after, status)) => {
                let after = after + self.hesitation(key);
                let owed = Owed {
                    connection: key,
                    generation: self.connections[key].as_ref().map_or(0, |c| c.generation),
                    command: message.command,
                    sequence,
                    status,
                    number,
                };
                if after.is_zero() {
                    self.answer(&owed);
                } else {
                    self.responses.push(self.now.mono, after, owed);
                }
            }
        }
    }

    /// One id and one answer for all its destinations.
    fn submit_multi(&mut self, key: usize, sequence: u32, sm: &SubmitMulti<'_>) {
        self.counters.submits += 1;
        self.number += 1;
        let number = self.number;
        for destination in sm.destinations.iter() {
            let Destination::Address(destination) = destination else {
                return self.refuse(key, command::SUBMIT_MULTI, sequence, status::RINVDLNAME);
            };
            let message = Submitted {
                command: command::SUBMIT_MULTI,
                source: sm.source,
                destination,
                data_coding: sm.data_coding,
                header: sm.esm_class & 0x40 != 0,
                registered_delivery: sm.registered_delivery,
                text: sm.short_message,
            };
            let fate = self.fate(key, destination.digits);
            self.schedule_receipt(key, number, &message, &fate);
        }
        let owed = Owed {
            connection: key,
            generation: self.connections[key].as_ref().map_or(0, |c| c.generation),
            command: command::SUBMIT_MULTI,
            sequence,
            status: status::OK,
            number,
        };
        let after = self.behaviour.delay;
        self.responses.push(self.now.mono, after, owed);
    }

    /// Whoever submits faster than its receipts can be told is answered more slowly, as by any message centre that has its hands
    /// full: so what waits for it stays small.
    fn hesitation(&self, key: usize) -> Duration {
        if self.waiting(key) > WAITING_AT_EASE {
            HESITATION
        } else {
            Duration::ZERO
        }
    }

    /// What is to be said later: to anybody, and to this connection's account as soon as it has room.
    fn waiting(&self, key: usize) -> usize {
        let due = match self.phase(key) {
            Some(Phase::Bound { account, .. }) => self.accounts[account].waiting.len(),
            _ => 0,
        };
        self.receipts.len() + self.responses.len() + due
    }

    fn fate(&mut self, key: usize, destination: &[u8]) -> Fate {
        let magic = matches!(self.phase(key), Some(Phase::Bound { magic: true, .. }));
        if self.waiting(key) >= self.behaviour.waiting_max {
            return Fate::full();
        }
        if magic {
            self.fates
                .magic(&self.behaviour, self.now.mono, destination)
        } else {
            self.fates.ordinary(&self.behaviour, self.now.mono)
        }
    }

    #[inline]
    fn schedule_receipt(&mut self, key: usize, number: u64, message: &Submitted<'_>, fate: &Fate) {
        let Some(Phase::Bound { account, .. }) = self.phase(key) else {
            return;
        };
        let pending = |number, what| Pending {
            number,
            account: account as u32,
            source: Number::new(message.source),
            destination: Number::new(message.destination),
            what,
        };
        if let Some(outcome) = fate.outcome
            && message.registered_delivery & RECEIPT_ASKED != 0
        {
            let what = What::Receipt {
                state: outcome.state,
                error: outcome.error,
                copies: outcome.copies,
                submitted: self.now.wall,
            };
            let receipt = pending(number, what);
            self.owe(&receipt, outcome.after);
            if outcome.after.is_zero() {
                // Before the response, which is written next.
                self.accounts[account].waiting.push_back(receipt);
                self.deliver(account);
            } else {
                self.receipts.push(self.now.mono, outcome.after, receipt);
            }
        }
        if let Some(after) = fate.reply {
            let (data_coding, text) = reversed(message.data_coding, message.header, message.text);
            self.number += 1;
            let reply = Reply { data_coding, text };
            let reply = pending(self.number, What::Reply(Box::new(reply)));
            self.owe(&reply, after);
            self.receipts.push(self.now.mono, after, reply);
        }
    }

    #[inline]
    fn owe(&mut self, pending: &Pending, after: Duration) {
        if let Some(memory) = &mut self.memory {
            let system_id = &self.accounts[pending.account as usize].system_id;
            memory.owe(system_id, self.now.wall.plus(after), pending);
        }
    }

    /// Sends the responses whose time has come.
    pub(super) fn answer_due(&mut self) {
        while let Some(owed) = self.responses.pop(self.now.mono) {
            self.answer(&owed);
        }
    }

    #[inline]
    fn answer(&mut self, owed: &Owed) {
        let Some(connection) = &mut self.connections[owed.connection] else {
            return;
        };
        if connection.generation != owed.generation {
            return;
        }
        if !owed.status.is_ok() {
            self.counters.refuse(owed.status);
            return self.refuse(owed.connection, owed.command, owed.sequence, owed.status);
        }
        self.counters.accepted += 1;
        let id = self.behaviour.id_format.in_response(owed.number);
        let resp = SmResp {
            message_id: id.as_bytes(),
            tlvs: Tlvs::EMPTY,
            body_present: true,
        };
        let pdu = match owed.command {
            command::SUBMIT_SM => Pdu::SubmitSmResp(resp),
            command::DATA_SM => Pdu::DataSmResp(resp),
            _ => Pdu::SubmitMultiResp(pdu::SubmitMultiResp {
                message_id: resp.message_id,
                body_present: true,
                ..Default::default()
            }),
        };
        self.say(owed.connection, &pdu, status::OK, owed.sequence);
    }

    /// Sends the receipts and replies whose time has come, and those that have new room.
    pub(super) fn deliver_due(&mut self) {
        while let Some(pending) = self.receipts.pop(self.now.mono) {
            let account = pending.account as usize;
            self.accounts[account].waiting.push_back(pending);
            self.stir(account);
        }
        let mut moved = std::mem::take(&mut self.moved);
        for account in moved.drain(..) {
            self.accounts[account].moved = false;
            self.deliver(account);
        }
        self.moved = moved;
    }

    /// Has an account looked at at the end of this turn.
    pub(super) fn stir(&mut self, account: usize) {
        if !self.accounts[account].moved {
            self.accounts[account].moved = true;
            self.moved.push(account);
        }
    }

    /// Sends what waits for an account, to its receivers in turn, as far as their windows have room.
    fn deliver(&mut self, account: usize) {
        while !self.accounts[account].waiting.is_empty() {
            let Some(key) = self.receiver_with_room(account) else {
                return;
            };
            let Some(pending) = self.accounts[account].waiting.pop_front() else {
                return;
            };
            let Some(connection) = &mut self.connections[key] else {
                continue;
            };
            let sequence = connection.oldest + connection.outstanding.len() as u32;
            let outbox = &mut connection.wire.outbox;
            self.writer.write(&pending, self.now.wall, sequence, outbox);
            let at = self.now.mono;
            if matches!(pending.what, What::Receipt { .. }) {
                self.counters.receipts_sent += 1;
            }
            connection.outstanding.push_back(Some(Sent { pending, at }));
            self.touch(key);
        }
    }

    fn receiver_with_room(&mut self, account: usize) -> Option<usize> {
        let account = &mut self.accounts[account];
        let count = account.receivers.len();
        for step in 0..count {
            let turn = (account.turn + step) % count;
            let key = account.receivers[turn];
            let room = self.connections[key].as_ref().is_some_and(|connection| {
                connection.outstanding.len() < self.behaviour.window
                    && connection.wire.outbox.len() < OUTBOX_HIGH
            });
            if room {
                account.turn = turn;
                return Some(key);
            }
        }
        None
    }

    /// Takes the answer to a receipt or reply.
    fn delivered(&mut self, key: usize, sequence: u32, status: Status) {
        let Some(connection) = &mut self.connections[key] else {
            return;
        };
        let Phase::Bound { account, .. } = connection.phase else {
            return;
        };
        let at = sequence.wrapping_sub(connection.oldest) as usize;
        let Some(sent) = connection.outstanding.get_mut(at).and_then(Option::take) else {
            return;
        };
        connection.skip_answered();
        let mut pending = sent.pending;
        let again = match &mut pending.what {
            What::Receipt { .. } if !status.is_ok() => {
                self.counters.receipts_refused += 1;
                true
            }
            What::Receipt { copies, .. } => {
                self.counters.receipts_taken += 1;
                *copies -= 1;
                *copies > 0
            }
            What::Reply(_) => {
                self.counters.replies_taken += u64::from(status.is_ok());
                !status.is_ok()
            }
        };
        if !again && let Some(memory) = &mut self.memory {
            memory.settle(pending.number);
        }
        if again && status.is_ok() {
            self.accounts[account].waiting.push_back(pending);
        } else if again {
            let after = REPEAT_AFTER;
            self.receipts.push(self.now.mono, after, pending);
        }
        if !self.accounts[account].waiting.is_empty() {
            self.stir(account);
        }
    }
}

/// With more than this to be said later, each submit is answered so much later: some 50 MB of memory, and with two thousand
/// submits in flight still 400 000 a second.
const WAITING_AT_EASE: usize = 240_000;
const HESITATION: Duration = Duration::from_millis(5);

/// A receipt that was refused is sent again after this.
const REPEAT_AFTER: Duration = Duration::from_secs(5);

/// The status for what a message centre of this kind does not do, or not on this bind.
fn why_not(command: CommandId) -> Status {
    match command {
        command::SUBMIT_SM | command::DATA_SM | command::SUBMIT_MULTI => status::RINVBNDSTS,
        command::QUERY_SM => status::RQUERYFAIL,
        command::CANCEL_SM => status::RCANCELFAIL,
        command::REPLACE_SM => status::RREPLACEFAIL,
        _ => status::RINVCMDID,
    }
}

impl<'a> Submitted<'a> {
    #[inline]
    fn from_sm(sm: &Sm<'a>) -> Submitted<'a> {
        Submitted {
            command: command::SUBMIT_SM,
            source: sm.source,
            destination: sm.destination,
            data_coding: sm.data_coding,
            header: sm.esm_class & 0x40 != 0,
            registered_delivery: sm.registered_delivery,
            text: match sm.tlvs.is_empty() {
                true => sm.short_message,
                false => sm.tlvs.message_payload().unwrap_or(sm.short_message),
            },
        }
    }

    fn from_data_sm(sm: &DataSm<'a>) -> Submitted<'a> {
        Submitted {
            command: command::DATA_SM,
            source: sm.source,
            destination: sm.destination,
            data_coding: sm.data_coding,
            header: sm.esm_class & 0x40 != 0,
            registered_delivery: sm.registered_delivery,
            text: sm.tlvs.message_payload().unwrap_or_default(),
        }
    }
}
