//! A customer's session: what it asks becomes inputs of the engine, what the engine decides becomes its answers.

use std::sync::Arc;

use bytes::BytesMut;
use engine::{
    Answer, BindId, Delivery, Draft, Group, Input, Inputs, Origin, Outcome, Output, Outputs,
    Refusal, RefusalClass, Span,
};
use smpp::command::{self, CommandId};
use smpp::pdu::{AlertNotification, Outbind, Pdu, Sm, SmResp, SubmitMulti};
use smpp::session::{BindKind, Event, Received, RequestError, Role, Session, Settings};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use smpp::{Tolerance, Version};
use sms::{Address, Instant, Message, Now};

use crate::asking::{self, Asking};
use crate::delivery::{self, Pieces, Scratch};
use crate::flow::{note_response, note_unsaid};
use crate::multi::{self, Recipients, Unreached};
use crate::submission::{self, Bad, Submission};
use crate::told::MessageId;
use crate::{
    Account, Asked, BindRefusal, Calling, Credentials, Flow, Mismatch, Note, Notes, command_status,
    long,
};

/// One connection of a customer.
///
/// ```text
/// Open --bind--> Checking --authenticated--> Binding --Output::Bound--> Bound --unbind, end--> Over
///   ^--------------- refused ---------------------'
/// ```
#[derive(Debug)]
pub struct Customer {
    session: Session,
    at: Origin,
    phase: Phase,
    /// Told to end: no new bind, and the one that stands is on its way out.
    draining: bool,
    /// The field of a delivery that did not fit, until it is noted.
    unsaid: Option<&'static str>,
    scratch: Scratch,
    /// TLVs without those that do not travel, or without those that the peer does not know.
    filtered: Vec<u8>,
    /// The text of a part with the header that says so.
    text: Vec<u8>,
    /// Of requests to several destinations that are not answered: who will not get the message.
    unreached: Vec<(u32, Unreached)>,
    /// The rest of deliveries that go in parts.
    pieces: Pieces,
}

#[derive(Debug)]
enum Phase {
    /// No bind stands.
    Open,
    /// The shell looks the credentials up.
    Checking(Box<Credentials>),
    /// The engine looks at the limits.
    Binding {
        account: Arc<Account>,
        version: Version,
        group: Group,
    },
    /// The bind stands, or stood: answers that are owed still go out after an unbind.
    Bound {
        account: Arc<Account>,
        bind: BindId,
        group: Group,
        /// The engine knows that it ended.
        ended: bool,
    },
    /// The connection is gone.
    Over,
}

impl Customer {
    /// A connection that was just accepted. `at` names it; its `sequence` does not matter. The tolerance is no matter of
    /// `settings`: a customer's rules are known here.
    pub fn new(at: Origin, settings: Settings, now: Now) -> Customer {
        let settings = Settings {
            tolerance: Tolerance::ByRules,
            ..settings
        };
        Customer {
            session: Session::new(Role::MessageCentre, settings, now.mono),
            at,
            phase: Phase::Open,
            draining: false,
            unsaid: None,
            scratch: Scratch::default(),
            filtered: Vec::new(),
            text: Vec::new(),
            unreached: Vec::new(),
            pieces: Pieces::default(),
        }
    }

    /// A connection that we made to a customer for whom something waits: it is asked to bind over it (SMPP 3.4, 2.2.1).
    ///
    /// # Errors
    /// The system_id or the password is too long for the PDU.
    pub fn calling(
        at: Origin,
        settings: Settings,
        now: Now,
        outbind: &Outbind<'_>,
    ) -> Result<Customer, RequestError> {
        let mut customer = Customer::new(at, settings, now);
        customer.session.outbind(now.mono, outbind)?;
        Ok(customer)
    }

    /// Takes as many PDUs off the front of `octets` as it may.
    pub fn receive(
        &mut self,
        now: Now,
        octets: &mut &[u8],
        inputs: &mut Inputs,
        notes: &mut Notes,
    ) -> Flow {
        note_unsaid(&mut self.unsaid, notes);
        loop {
            let event = match self.session.receive(now.mono, octets) {
                Received::Event(event) => event,
                Received::Incomplete => return Flow::Incomplete,
                Received::Paused => return Flow::Paused,
                Received::Closed(reason) => return Flow::Closed(reason),
            };
            if let Some(flow) = self.event(now, &event, inputs, notes) {
                return flow;
            }
        }
    }

    /// What came of the credentials that [`Flow::Authenticate`] gave out: the account that they belong to, or how to refuse them.
    /// The rest is refused here: `ESME_RBINDFAIL` for a version or a kind of bind that the account may not have, and each
    /// field that is longer than the account allows with its own status.
    pub fn authenticated(
        &mut self,
        now: Now,
        verdict: Result<Arc<Account>, BindRefusal>,
        inputs: &mut Inputs,
    ) {
        let Phase::Checking(credentials) = &self.phase else {
            return; // The connection ended meanwhile.
        };
        let admitted = if self.draining {
            Err(BindRefusal::from(command_status(
                Refusal::Draining,
                Asked::Bind,
            )))
        } else {
            verdict.and_then(|account| {
                let version = agreed_version(credentials, &account);
                let group = account.binding.group(&credentials.system_type);
                match version.and_then(|version| Ok((version, group?))) {
                    Ok((version, group)) => Ok((version, group, account)),
                    Err(status) => Err(BindRefusal {
                        status,
                        closes: account.binding.refusal_closes,
                    }),
                }
            })
        };
        match admitted {
            Ok((version, group, account)) => {
                inputs.push(Input::Bind {
                    origin: self.at,
                    customer: account.customer,
                    kind: kind_of(credentials.kind),
                    group,
                    window: account.session.window_out,
                });
                self.session
                    .configure(|settings| configure(settings, &account));
                self.phase = Phase::Binding {
                    account,
                    version,
                    group,
                };
            }
            Err(refusal) => {
                self.phase = Phase::Open;
                self.session
                    .configure(|settings| settings.close_on_bind_failure = refusal.closes);
                self.session.refuse_bind(now.mono, refusal.status);
            }
        }
    }

    /// Does what the engine decided; `batch` is where `output` came from.
    pub fn output(&mut self, now: Now, output: &Output, batch: &Outputs, inputs: &mut Inputs) {
        match *output {
            Output::Accepted { origin, told } => {
                if let Phase::Bound { account, .. } = &self.phase {
                    let id = MessageId::new(told, account.delivering.message_id);
                    self.respond(origin.sequence, id.as_bytes());
                }
            }
            Output::Deliver {
                token, what, body, ..
            } => self.deliver(now, token, what, batch.get(body), inputs),
            Output::Alert { body, .. } => self.alert(now, batch.get(body), inputs),
            Output::Unreached {
                origin,
                destination,
                refusal,
            } => {
                let status = match self.account() {
                    Some(account) => account.submitting.statuses.of_refusal(refusal),
                    None => command_status(refusal, Asked::Submit),
                };
                let status = status.for_version(self.session.version());
                let mut all = self.unreached.iter_mut();
                if let Some((_, unreached)) = all.find(|(of, _)| *of == origin.sequence) {
                    unreached.push(batch.address(destination), status);
                }
            }
            Output::Answer { origin, answer } => self.answered(origin.sequence, answer),
            Output::Refused { origin, refusal } => self.refused(now, origin.sequence, refusal),
            Output::Bound { bind, .. } => self.bound(now, bind, inputs),
            Output::Probe { .. } => self.probe(now, inputs),
            Output::Close { .. } => self.drain(now),
            Output::Send { .. } | Output::Acknowledge { .. } => {
                unreachable!("the engine told a customer what a carrier has to know")
            }
        }
    }

    /// Lets deadlines pass. The shell calls it at [`deadline`](Customer::deadline).
    pub fn timeout(&mut self, now: Now, inputs: &mut Inputs, notes: &mut Notes) -> Flow {
        note_unsaid(&mut self.unsaid, notes);
        while let Some(event) = self.session.timeout(now.mono) {
            if let Some(flow) = self.event(now, &event, inputs, notes) {
                return flow;
            }
        }
        Flow::Incomplete
    }

    /// When to call [`timeout`](Customer::timeout) at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.session.deadline()
    }

    /// Octets to be written; the shell takes from the front what the socket took.
    pub fn transmit(&mut self) -> &mut BytesMut {
        self.session.transmit()
    }

    /// The connection is gone. If [`Output::Bound`] is still to come, it has to be given to [`output`](Customer::output) all the
    /// same, or answered with [`Input::Unbound`].
    pub fn ended(&mut self, inputs: &mut Inputs) {
        self.unbound(inputs);
        self.phase = Phase::Over;
    }

    /// Takes no more requests, unbinds when the responses that are owed have gone out, and then is [`Flow::Closed`].
    pub fn drain(&mut self, now: Now) {
        self.draining = true;
        self.session.unbind(now.mono);
    }

    /// Whose connection it is, as soon as that is proven.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.phase {
            Phase::Binding { account, .. } | Phase::Bound { account, .. } => Some(account),
            Phase::Open | Phase::Checking(_) | Phase::Over => None,
        }
    }

    /// The session below: its state, version and counters.
    pub fn session(&self) -> &Session {
        &self.session
    }

    fn event(
        &mut self,
        now: Now,
        event: &Event<'_>,
        inputs: &mut Inputs,
        notes: &mut Notes,
    ) -> Option<Flow> {
        match event {
            Event::Request {
                sequence,
                pdu,
                warnings,
            } => {
                if !warnings.is_empty() {
                    notes.push(Note::Overlooked {
                        command: pdu.command_id(),
                        warnings: *warnings,
                    });
                }
                self.request(now, *sequence, pdu, inputs, notes);
            }
            Event::Response {
                token,
                status,
                late,
                ..
            } => {
                note_response(*status, *late, notes);
                self.answered_delivery(now, *token, *status, inputs);
            }
            Event::Expired { token } => {
                notes.push(Note::Silent);
                self.delivered(*token, Outcome::Silent, inputs);
            }
            Event::Bind {
                kind,
                version,
                bind,
                ..
            } => {
                let credentials = Box::new(Credentials::new(*kind, *version, bind));
                self.phase = Phase::Checking(credentials.clone());
                return Some(Flow::Authenticate(credentials));
            }
            // The slot is free before unbind_resp is written.
            Event::Unbound => self.unbound(inputs),
            Event::Malformed {
                command,
                status,
                field,
                ..
            } => notes.push(Note::Malformed {
                command: *command,
                status: *status,
                field,
            }),
            Event::Closed(reason) => return Some(Flow::Closed(*reason)),
            Event::Forgotten { token } => self.pieces.give_up(*token),
            Event::Outbind(outbind) => {
                return Some(Flow::Called(Box::new(Calling {
                    system_id: outbind.system_id.to_vec(),
                    password: outbind.password.to_vec(),
                })));
            }
            Event::Bound { .. } | Event::BindFailed(_) => {
                unreachable!("a message centre does not bind")
            }
        }
        None
    }

    #[inline]
    fn request(
        &mut self,
        now: Now,
        sequence: u32,
        pdu: &Pdu<'_>,
        inputs: &mut Inputs,
        notes: &mut Notes,
    ) {
        let command = pdu.command_id();
        let refused = match pdu {
            _ if !self.may(command) => Err(Bad {
                status: status::RINVCMDID,
                why: "operation not allowed",
            }),
            Pdu::SubmitSm(sm) => self.submit(now, sequence, sm, &[], inputs),
            Pdu::DataSm(data) => {
                self.submit(now, sequence, &submission::from_data_sm(data), &[], inputs)
            }
            Pdu::SubmitMulti(multi) => self.submit_multi(now, sequence, multi, inputs),
            Pdu::QuerySm(_) | Pdu::CancelSm(_) | Pdu::ReplaceSm(_) => {
                self.ask(now, sequence, pdu, inputs)
            }
            _ => Err(Bad {
                status: status::RINVCMDID,
                why: "operation not offered",
            }),
        };
        if let Err(bad) = refused {
            let status = self.in_its_words(command, bad.status);
            self.session.refuse(sequence, status);
            notes.push(Note::Refused {
                command,
                status,
                why: bad.why,
            });
        }
    }

    /// Whether the customer may send this request at all.
    #[inline]
    fn may(&self, command: CommandId) -> bool {
        self.account()
            .is_none_or(|account| account.submitting.operations.allow(command))
    }

    /// A status as the customer's manual has it: another than the specification's only in the answers to submits.
    fn in_its_words(&self, command: CommandId, status: Status) -> Status {
        let submits = [command::SUBMIT_SM, command::SUBMIT_MULTI, command::DATA_SM];
        match self.account() {
            Some(account) if submits.contains(&command) => {
                account.submitting.statuses.of_status(status)
            }
            _ => status,
        }
    }

    /// Submits to the destination of the message, or to all of these if there are any.
    #[inline]
    fn submit(
        &mut self,
        now: Now,
        sequence: u32,
        sm: &Sm<'_>,
        to_all: &[Address<'_>],
        inputs: &mut Inputs,
    ) -> Result<(), Bad> {
        let Phase::Bound {
            account,
            bind,
            group,
            ..
        } = &self.phase
        else {
            return Err(NOT_BOUND);
        };
        let submission = Submission::read(sm, account, now.wall, &mut self.filtered)?;
        let message = long::with_header(submission.message, submission.part, &mut self.text);
        let body = match submission.route {
            None => inputs.put_message(&message),
            Some(name) => inputs.put_message_by(&message, name),
        };
        let draft = Draft {
            origin: Origin {
                sequence,
                ..self.at
            },
            bind: *bind,
            group: *group,
            customer: account.customer,
            priority: submission.priority,
            wants: submission.wants,
            alias: self.session.version() == Version::V33,
            due: submission.due,
            expires: submission.expires,
            long: submission.long,
            part: long::part(&message),
            by_address: account.submitting.find_by_address,
            replaces: account.submitting.find_by_address && sm.replace_if_present_flag == 1,
            to_all: inputs.put_addresses(to_all.iter().copied()),
            body,
        };
        inputs.push(Input::Submit(draft));
        delivery::rest(&mut self.filtered);
        Ok(())
    }

    /// Submits to several destinations; who will not get it is said when the engine has answered.
    fn submit_multi(
        &mut self,
        now: Now,
        sequence: u32,
        multi: &SubmitMulti<'_>,
        inputs: &mut Inputs,
    ) -> Result<(), Bad> {
        let Phase::Bound { account, .. } = &self.phase else {
            return Err(NOT_BOUND);
        };
        let account = Arc::clone(account);
        let version = self.session.version();
        let Recipients { to, unreached } = Recipients::read(multi, &account, version)?;
        let sm = multi::as_submit_sm(multi, to[0]);
        self.submit(now, sequence, &sm, &to, inputs)?;
        self.unreached.push((sequence, unreached));
        Ok(())
    }

    /// Who will not get what was submitted to several, in the request of this number.
    fn take_unreached(&mut self, sequence: u32) -> Unreached {
        let place = self.unreached.iter().position(|&(of, _)| of == sequence);
        place.map_or_else(Unreached::default, |place| {
            self.unreached.swap_remove(place).1
        })
    }

    /// Asks the engine about messages of the customer, or to change them.
    fn ask(&self, now: Now, sequence: u32, pdu: &Pdu<'_>, inputs: &mut Inputs) -> Result<(), Bad> {
        let Phase::Bound { account, .. } = &self.phase else {
            return Err(NOT_BOUND);
        };
        let asking = Asking::read(pdu, account, now.wall)?;
        let origin = Origin {
            sequence,
            ..self.at
        };
        let ask = asking.put(origin, account.customer, inputs);
        inputs.push(Input::Ask(ask));
        Ok(())
    }

    /// Answers a submission that the engine took.
    #[inline]
    fn respond(&mut self, sequence: u32, message_id: &[u8]) {
        let request = self.session.owed(sequence);
        if request == command::SUBMIT_MULTI {
            let unreached = self.take_unreached(sequence);
            let response = Pdu::SubmitMultiResp(unreached.response(message_id));
            self.session.respond(sequence, status::OK, &response);
            return;
        }
        let response = SmResp {
            message_id,
            tlvs: Tlvs::EMPTY,
            body_present: true,
        };
        let response = if request == command::DATA_SM {
            Pdu::DataSmResp(response)
        } else {
            Pdu::SubmitSmResp(response)
        };
        self.session.respond(sequence, status::OK, &response);
    }

    /// Answers what the customer asked about its messages.
    fn answered(&mut self, sequence: u32, answer: Answer) {
        let Phase::Bound { account, .. } = &self.phase else {
            return;
        };
        let said = asking::Said::new(answer, account, self.session.version());
        self.session.respond(sequence, status::OK, &said.pdu());
    }

    fn refused(&mut self, now: Now, sequence: u32, refusal: Refusal) {
        if let Phase::Binding { account, .. } = &self.phase {
            let status = match refusal {
                Refusal::TooManyBinds => account.binding.too_many,
                _ => command_status(refusal, Asked::Bind),
            };
            self.phase = Phase::Open;
            self.session.refuse_bind(now.mono, status);
            return;
        }
        let status = match (self.session.owed(sequence), self.account()) {
            (command::QUERY_SM, _) => command_status(refusal, Asked::Query),
            (command::CANCEL_SM, _) => command_status(refusal, Asked::Cancel),
            (command::REPLACE_SM, _) => command_status(refusal, Asked::Replace),
            (_, Some(account)) => account.submitting.statuses.of_refusal(refusal),
            (_, None) => command_status(refusal, Asked::Submit),
        };
        self.take_unreached(sequence);
        self.session.refuse(sequence, status);
    }

    fn bound(&mut self, now: Now, bind: BindId, inputs: &mut Inputs) {
        let phase = core::mem::replace(&mut self.phase, Phase::Open);
        let Phase::Binding {
            account,
            version,
            group,
        } = phase
        else {
            // The connection ended while the engine decided.
            self.phase = phase;
            inputs.push(Input::Unbound(bind));
            return;
        };
        if self.draining {
            inputs.push(Input::Unbound(bind));
            self.session
                .refuse_bind(now.mono, command_status(Refusal::Draining, Asked::Bind));
            return;
        }
        self.session
            .accept_bind(now.mono, version, account.answer_as.as_bytes());
        self.phase = Phase::Bound {
            account,
            bind,
            group,
            ended: false,
        };
    }

    /// Another bind waits for the place of this one.
    fn probe(&mut self, now: Now, inputs: &mut Inputs) {
        if self.session.is_silent(now.mono) {
            self.session.probe(now.mono, engine::PROBE);
        } else if let Phase::Bound { bind, .. } = &self.phase {
            inputs.push(Input::Alive(*bind));
        }
    }

    /// Tells the engine once that the bind ended.
    fn unbound(&mut self, inputs: &mut Inputs) {
        if let Phase::Bound { bind, ended, .. } = &mut self.phase
            && !*ended
        {
            *ended = true;
            inputs.push(Input::Unbound(*bind));
        }
    }

    /// Sends a receipt or an MO; what cannot be sent is told at once.
    fn deliver(&mut self, now: Now, token: u64, what: Delivery, body: &[u8], inputs: &mut Inputs) {
        let message = Message::decode(body).expect("the engine keeps messages whole");
        let Phase::Bound { account, .. } = &self.phase else {
            return; // The engine was told that the bind ended.
        };
        let version = self.session.version();
        if version == Version::V33
            && matches!(what, Delivery::Mo { .. })
            && let Some(part) = self.pieces.cut(token, &message, account, &mut self.scratch)
        {
            self.deliver_part(now, token, &part, inputs);
            return;
        }
        let sent = delivery::deliver_sm(what, &message, account, version, &mut self.scratch)
            .map_err(RequestError::Unencodable)
            .and_then(|sm| {
                let pdu = Pdu::DeliverSm(sm).for_version(version, &mut self.filtered);
                self.session.request(now.mono, &pdu, token)
            });
        self.scratch.rest();
        delivery::rest(&mut self.filtered);
        self.sent(token, sent, inputs);
    }

    /// Sends one of the parts that a delivery was cut into.
    fn deliver_part(&mut self, now: Now, token: u64, part: &[u8], inputs: &mut Inputs) {
        let part = Message::decode(part).expect("parts are cut whole");
        let pdu = Pdu::DeliverSm(delivery::part_sm(&part));
        let sent = self.session.request(now.mono, &pdu, token);
        self.sent(token, sent, inputs);
    }

    /// Tells the engine of a delivery that could not be sent.
    fn sent(&mut self, token: u64, sent: Result<u32, RequestError>, inputs: &mut Inputs) {
        let outcome = match sent {
            Ok(_) => return,
            Err(RequestError::WindowFull | RequestError::NotBound) => Outcome::Unsent,
            Err(RequestError::Unencodable(unencodable)) => {
                self.unsaid = Some(unencodable.field);
                Outcome::Refused {
                    class: RefusalClass::Permanent,
                    code: status::RX_P_APPN.0,
                }
            }
        };
        self.pieces.give_up(token);
        self.delivered(token, outcome, inputs);
    }

    /// Tells that a subscriber is back, or tells the engine that this could not be said.
    fn alert(&mut self, now: Now, body: &[u8], inputs: &mut Inputs) {
        let message = Message::decode(body).expect("the engine keeps messages whole");
        let crowded = self.session.transmit().len() > ALERT_BEHIND_MAX;
        let version = self.session.version();
        let said = delivery::checked(message.tlvs).ok().filter(|_| !crowded);
        let said = said.and_then(|tlvs| {
            let alert = Pdu::AlertNotification(AlertNotification {
                source: message.source,
                esme: message.destination,
                tlvs,
            });
            let pdu = alert.for_version(version, &mut self.filtered);
            self.session.request(now.mono, &pdu, UNANSWERED).ok()
        });
        if said.is_none() {
            inputs.push(Input::AlertDropped);
        }
    }

    /// The customer answered a delivery. Of one in parts it has the whole when it has the last.
    fn answered_delivery(&mut self, now: Now, token: u64, status: Status, inputs: &mut Inputs) {
        if !status.is_ok() {
            self.pieces.give_up(token);
        } else if let Some(part) = self.pieces.next(token) {
            self.deliver_part(now, token, &part, inputs);
            return;
        }
        self.delivered(token, self.delivery_outcome(status), inputs);
    }

    fn delivered(&mut self, token: u64, outcome: Outcome, inputs: &mut Inputs) {
        if let Phase::Bound { bind, .. } = &self.phase {
            inputs.push(Input::Delivered {
                bind: *bind,
                token,
                outcome,
            });
        }
    }

    fn delivery_outcome(&self, status: Status) -> Outcome {
        if status.is_ok() {
            return Outcome::Accepted {
                id: Span::default(),
            };
        }
        let permanent = matches!(status, status::RX_P_APPN | status::RX_R_APPN)
            && self
                .account()
                .is_some_and(|account| account.delivering.permanent_refusals);
        Outcome::Refused {
            class: if permanent {
                RefusalClass::Permanent
            } else {
                RefusalClass::Temporary
            },
            code: status.0,
        }
    }
}

/// Octets that may wait to be written when an alert is to be said: no window holds alerts back from a peer that does not read.
const ALERT_BEHIND_MAX: usize = 16 << 10;

/// The token of what has no response.
const UNANSWERED: u64 = 0;

/// A request that comes when no bind stands. The session lets none through.
const NOT_BOUND: Bad = Bad {
    status: status::RINVBNDSTS,
    why: "not bound",
};

/// The version that a customer and we speak from now on, or why it may not bind at all.
fn agreed_version(credentials: &Credentials, account: &Account) -> Result<Version, Status> {
    let rules = &account.binding;
    credentials
        .bind()
        .check(&rules.fields)
        .map_err(|malformed| malformed.status)?;
    let types = &rules.system_types;
    let called = credentials.system_type.as_slice();
    if !types.is_empty() && types.iter().all(|known| known.as_bytes() != called) {
        return Err(status::RINVSYSTYP);
    }
    let kind_allowed = match credentials.kind {
        BindKind::Receiver => rules.receiver,
        BindKind::Transmitter => rules.transmitter,
        BindKind::Transceiver => rules.transceiver,
    };
    // Whoever sends bind_transceiver speaks 3.4, whatever it says: 3.3 has no such bind.
    let asked = match (credentials.kind, credentials.version) {
        (BindKind::Transceiver, Version::V33) => Version::V34,
        (_, version) => version,
    };
    let too_new = asked > rules.version_max;
    let refused = asked < rules.version_min || too_new && rules.mismatch == Mismatch::Reject;
    if !kind_allowed || refused {
        return Err(status::RBINDFAIL);
    }
    Ok(asked.min(rules.version_max))
}

fn kind_of(kind: BindKind) -> engine::BindKind {
    match kind {
        BindKind::Transmitter => engine::BindKind::Transmitter,
        BindKind::Receiver => engine::BindKind::Receiver,
        BindKind::Transceiver => engine::BindKind::Transceiver,
    }
}

fn configure(settings: &mut Settings, account: &Account) {
    settings.close_on_bind_failure = account.binding.refusal_closes;
    let rules = &account.session;
    settings.window_in = rules.window_in;
    settings.window_over = rules.window_over;
    settings.window_out = rules.window_out;
    settings.enquire_link_interval = rules.enquire_link;
    settings.enquire_link_timeout = rules.enquire_link_timeout;
    settings.enquire_timeout_closes = rules.enquire_timeout_closes;
    settings.inactivity = rules.inactivity;
    settings.response_timeout = rules.response_timeout;
    settings.not_offered = account.submitting.operations.others().collect();
    settings.submit_statuses = account.submitting.statuses.instead().collect();
}
