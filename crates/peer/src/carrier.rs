//! A session to a carrier: what the engine sends becomes submit_sm, what the carrier says becomes inputs of the engine.

use std::sync::Arc;

use bytes::BytesMut;
use engine::{
    BindId, CarrierReceipt, Input, Inputs, LongMessages, Origin, Outcome, Output, Outputs, Refusal,
    RefusalClass,
};
use smpp::pdu::{AlertNotification, Bind, Pdu, Sm, SmResp, Unencodable};
use smpp::session::{Event, Received, RequestError, Role, Session, Settings};
use smpp::status::{self, Status};
use smpp::tlv::{self, Tlvs};
use smpp::{Tolerance, Version};
use sms::udh::Concatenation;
use sms::{Instant, Message, Now, UDHI, Wall, time};

use crate::delivery::{bare, checked};
use crate::flow::{note_response, note_unsaid};
use crate::report::{self, Report};
use crate::submission::{from_data_sm, travelling, understood};
use crate::{Asked, Flow, Note, Notes, Profile, address, command_status, long, refusal_class};

/// The low bits of registered_delivery: a receipt of success and of failure (SMPP 3.4, 5.2.17).
const FINAL_RECEIPT: u8 = 0x01;
const FINAL_RECEIPT_BITS: u8 = 0x03;

/// Its bits for acknowledgements by the user and for intermediate notifications.
const OTHER_NOTICES: u8 = 0x1C;

/// The least congestion_state that the engine has to know of (SMPP 5.0, 4.8.4.18).
const BUSY: u8 = 80;

/// One connection to a carrier.
///
/// ```text
/// Binding --Flow::Bound--> Registering --Output::Bound--> Bound --unbind, end--> Over
///    `--Flow::BindFailed
/// ```
#[derive(Debug)]
pub struct Carrier {
    session: Session,
    at: Origin,
    profile: Arc<Profile>,
    phase: Phase,
    /// It ends when nothing is in flight any more.
    retiring: bool,
    /// Unanswered requests that were data_sm; all others were deliver_sm.
    data_sms: Vec<u32>,
    /// The field of a message that did not fit, until it is noted.
    unsaid: Option<&'static str>,
    /// TLVs with the payload, or without those that do not travel.
    scratch: Vec<u8>,
    /// TLVs without those that the carrier does not know.
    filtered: Vec<u8>,
    /// The text of a part with the header that says so.
    text: Vec<u8>,
    /// A text in the alphabet that the carrier takes for its default, and its characters.
    retold: Vec<u8>,
    characters: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The carrier has not answered the bind.
    Binding,
    /// The engine has not named the bind: nothing is read before, since every input names it.
    Registering,
    /// Traffic flows; or did, and what is owed still goes out.
    Bound {
        bind: BindId,
        /// The engine knows that it ended.
        ended: bool,
    },
    /// The connection is gone.
    Over,
}

impl Carrier {
    /// A connection that was just made; the bind is the first thing to transmit. `at` names it; its `sequence` does not matter.
    pub fn new(at: Origin, profile: Arc<Profile>, now: Now) -> Carrier {
        let mut session = Session::new(Role::Esme, settings(&profile), now.mono);
        let (addr_ton, addr_npi, address_range) = &profile.address_range;
        let bind = Bind {
            system_id: profile.system_id.as_bytes(),
            password: profile.password.as_bytes(),
            system_type: profile.system_type.as_bytes(),
            interface_version: profile.version.interface_version(),
            addr_ton: *addr_ton,
            addr_npi: *addr_npi,
            address_range: address_range.as_bytes(),
            tlvs: Tlvs::EMPTY,
        };
        session.bind(now.mono, profile.kind, &bind);
        Carrier {
            session,
            at,
            profile,
            phase: Phase::Binding,
            retiring: false,
            data_sms: Vec::new(),
            unsaid: None,
            scratch: Vec::new(),
            filtered: Vec::new(),
            retold: Vec::new(),
            characters: String::new(),
            text: Vec::new(),
        }
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
            if self.phase == Phase::Registering {
                return Flow::Paused;
            }
            let event = match self.session.receive(now.mono, octets) {
                Received::Event(event) => event,
                Received::Incomplete => return Flow::Incomplete,
                Received::Paused => return Flow::Paused,
                Received::Closed(reason) => return Flow::Closed(reason),
            };
            if let Some(flow) = self.event(&event, inputs, notes) {
                return flow;
            }
            self.end_retired(now);
        }
    }

    /// Does what the engine decided; `batch` is where `output` came from.
    pub fn output(&mut self, now: Now, output: &Output, batch: &Outputs, inputs: &mut Inputs) {
        match *output {
            Output::Send {
                token,
                expires,
                body,
                ..
            } => self.send(now, token, expires, batch.get(body), inputs),
            Output::Acknowledge { origin, refusal } => self.acknowledge(origin.sequence, refusal),
            Output::Bound { bind, .. } => {
                if self.phase == Phase::Registering {
                    self.phase = Phase::Bound { bind, ended: false };
                } else {
                    // The connection ended while the engine made room for it.
                    inputs.push(Input::Unbound(bind));
                }
            }
            // The connector is unknown or switched off by now.
            Output::Refused { .. } | Output::Close { .. } => self.drain(now),
            Output::Accepted { .. }
            | Output::Answer { .. }
            | Output::Deliver { .. }
            | Output::Alert { .. }
            | Output::Probe { .. }
            | Output::Unreached { .. } => {
                unreachable!("the engine told a carrier what a customer has to know")
            }
        }
    }

    /// Lets deadlines pass. The shell calls it at [`deadline`](Carrier::deadline).
    pub fn timeout(&mut self, now: Now, inputs: &mut Inputs, notes: &mut Notes) -> Flow {
        note_unsaid(&mut self.unsaid, notes);
        while let Some(event) = self.session.timeout(now.mono) {
            if let Some(flow) = self.event(&event, inputs, notes) {
                return flow;
            }
        }
        self.end_retired(now);
        Flow::Incomplete
    }

    /// When to call [`timeout`](Carrier::timeout) at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.session.deadline()
    }

    /// Octets to be written; the shell takes from the front what the socket took.
    pub fn transmit(&mut self) -> &mut BytesMut {
        self.session.transmit()
    }

    /// The connection is gone. If [`Output::Bound`] is still to come, it has to be given to [`output`](Carrier::output) all the
    /// same, or answered with [`Input::Unbound`].
    pub fn ended(&mut self, inputs: &mut Inputs) {
        self.unbound(inputs);
        self.phase = Phase::Over;
    }

    /// Takes no more requests, unbinds when the responses that are owed have gone out, and then is [`Flow::Closed`].
    pub fn drain(&mut self, now: Now) {
        self.session.unbind(now.mono);
    }

    /// Ends the bind as soon as its carrier has answered what it has, or has had the time for it; the engine sends nothing more over
    /// it. Its receipts and messages are taken until then.
    pub fn retire(&mut self, now: Now, inputs: &mut Inputs) {
        match self.phase {
            Phase::Bound { bind, .. } => {
                self.retiring = true;
                inputs.push(Input::Retiring(bind));
                self.end_retired(now);
            }
            Phase::Binding | Phase::Registering => self.drain(now),
            Phase::Over => {}
        }
    }

    fn end_retired(&mut self, now: Now) {
        if self.retiring && self.session.outstanding() == self.session.silent() {
            self.session.unbind(now.mono);
        }
    }

    /// Whose connection it is.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    /// The session below: its state, version and counters.
    pub fn session(&self) -> &Session {
        &self.session
    }

    fn event(&mut self, event: &Event<'_>, inputs: &mut Inputs, notes: &mut Notes) -> Option<Flow> {
        match event {
            Event::Response {
                token,
                status,
                pdu,
                late,
            } => {
                note_response(*status, *late, notes);
                self.answered(*token, *status, pdu, inputs);
            }
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
                self.request(*sequence, pdu, inputs, notes);
            }
            Event::Expired { token } => {
                notes.push(Note::Silent);
                self.sent(*token, Outcome::Silent, inputs);
            }
            Event::Bound { version, .. } => {
                self.phase = Phase::Registering;
                inputs.push(Input::Connected {
                    origin: self.at,
                    connector: self.profile.connector,
                    transmits: self.profile.kind.transmits(),
                    window: self.profile.window,
                });
                return Some(Flow::Bound(*version));
            }
            Event::BindFailed(status) => return Some(Flow::BindFailed(*status)),
            // It may still answer what it has; the bind ends with the connection.
            Event::Unbound => {
                if let Phase::Bound { bind, .. } = self.phase {
                    inputs.push(Input::Retiring(bind));
                }
            }
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
            Event::Outbind(_) => notes.push(Note::Unexpected { what: "outbind" }),
            Event::Forgotten { .. } => {}
            Event::Bind { .. } => unreachable!("an ESME is not bound to"),
        }
        None
    }

    /// Sends a message; what cannot be sent is told at once.
    #[inline]
    fn send(&mut self, now: Now, token: u64, expires: Wall, body: &[u8], inputs: &mut Inputs) {
        let message = Message::decode(body).expect("the engine keeps messages whole");
        let version = self.session.version();
        let validity = time::absolute(expires, 0);
        let form = match version {
            // It has no TLVs.
            Version::V33 => LongMessages::Udh8,
            _ => self.profile.long_messages,
        };
        let habits = &self.profile.habits;
        let message = habits.outgoing(message, &mut self.characters, &mut self.retold);
        let sent = message
            .and_then(|message| {
                let (message, part) = long::for_carrier(message, form, &mut self.text);
                submit_sm(
                    &message,
                    part,
                    &validity,
                    &self.profile,
                    version,
                    &mut self.scratch,
                )
            })
            .map_err(RequestError::Unencodable)
            .and_then(|sm| {
                let pdu = Pdu::SubmitSm(sm).for_version(version, &mut self.filtered);
                self.session.request(now.mono, &pdu, token)
            });
        let outcome = match sent {
            Ok(_) => return,
            Err(RequestError::WindowFull | RequestError::NotBound) => Outcome::Unsent,
            Err(RequestError::Unencodable(unencodable)) => {
                self.unsaid = Some(unencodable.field);
                Outcome::Refused {
                    class: RefusalClass::Permanent,
                    code: status::RSUBMITFAIL.0,
                }
            }
        };
        self.sent(token, outcome, inputs);
    }

    #[inline]
    fn answered(&mut self, token: u64, status: Status, pdu: &Pdu<'_>, inputs: &mut Inputs) {
        self.loaded(pdu, inputs);
        let outcome = match pdu {
            Pdu::SubmitSmResp(response) if status.is_ok() => Outcome::Accepted {
                id: inputs.put(report::kept(response.message_id)),
            },
            _ => Outcome::Refused {
                class: refusal_class(status, &self.profile),
                code: status.0,
            },
        };
        self.sent(token, outcome, inputs);
    }

    /// The carrier may say with an answer, also with a refusal, that it is busy.
    #[inline]
    fn loaded(&mut self, pdu: &Pdu<'_>, inputs: &mut Inputs) {
        if let Phase::Bound { bind, .. } = self.phase
            && let Pdu::SubmitSmResp(response) = pdu
            && let Some(load) = response.tlvs.u8(tlv::CONGESTION_STATE)
            && load >= BUSY
        {
            inputs.push(Input::Loaded { bind, load });
        }
    }

    #[inline]
    fn sent(&mut self, token: u64, outcome: Outcome, inputs: &mut Inputs) {
        if let Phase::Bound { bind, .. } = self.phase {
            inputs.push(Input::Sent {
                bind,
                token,
                outcome,
            });
        }
    }

    fn request(&mut self, sequence: u32, pdu: &Pdu<'_>, inputs: &mut Inputs, notes: &mut Notes) {
        match pdu {
            Pdu::DeliverSm(sm) => self.deliver(sequence, sm, inputs, notes),
            Pdu::DataSm(data) => {
                self.data_sms.push(sequence);
                self.deliver(sequence, &from_data_sm(data), inputs, notes);
            }
            Pdu::AlertNotification(alert) => {
                notes.push(Note::Alert);
                self.alert(alert, inputs);
            }
            _ => {
                self.session.refuse(sequence, status::RINVCMDID);
                notes.push(Note::Refused {
                    command: pdu.command_id(),
                    status: status::RINVCMDID,
                    why: "operation not offered",
                });
            }
        }
    }

    /// A receipt or an MO. The carrier hears of it when it is ours ([`Output::Acknowledge`]).
    #[inline]
    fn deliver(&mut self, sequence: u32, sm: &Sm<'_>, inputs: &mut Inputs, notes: &mut Notes) {
        let Phase::Bound { bind, .. } = self.phase else {
            self.acknowledge(sequence, Some(Refusal::Draining));
            return;
        };
        let origin = Origin {
            sequence,
            ..self.at
        };
        if !report::is_receipt(sm, &self.profile) {
            let message = self.profile.habits.incoming(mo(sm, &mut self.scratch));
            // A header of the sender's own says it better.
            let part = long::sar(sm.tlvs).filter(|_| sm.esm_class & UDHI == 0);
            let message = long::with_header(message, part, &mut self.text);
            let body = inputs.put_message(&message);
            inputs.push(Input::Mo { origin, bind, body });
            return;
        }
        match Report::read(sm, &self.profile, &mut self.scratch) {
            Ok(report) => {
                let receipt = CarrierReceipt {
                    id: inputs.put(report.id),
                    destination: inputs.put(report.destination),
                    state: report.state,
                    err: report.err,
                    done: report.done,
                };
                inputs.push(Input::Receipt {
                    origin,
                    bind,
                    receipt,
                });
            }
            Err(why) => {
                // Refused, it would come again for ever.
                notes.push(Note::UnreadableReceipt { why });
                self.acknowledge(sequence, None);
            }
        }
    }

    /// A subscriber is back.
    fn alert(&mut self, alert: &AlertNotification<'_>, inputs: &mut Inputs) {
        if let Phase::Bound { bind, .. } = self.phase {
            let message = self.profile.habits.incoming(Message {
                source: address::from_carrier(alert.source),
                destination: address::from_carrier(alert.esme),
                tlvs: alert.tlvs.as_bytes(),
                ..Message::default()
            });
            let body = inputs.put_message(&message);
            inputs.push(Input::Alert { bind, body });
        }
    }

    #[inline]
    fn acknowledge(&mut self, sequence: u32, refusal: Option<Refusal>) {
        let status = refusal.map_or(status::OK, |refusal| {
            command_status(refusal, Asked::Deliver)
        });
        // SMPP 3.4, 4.6.2: message_id is unused, and sent as one NUL, after errors too.
        let body = SmResp {
            message_id: b"",
            tlvs: Tlvs::EMPTY,
            body_present: true,
        };
        let place = self.data_sms.iter().position(|&taken| taken == sequence);
        let response = match place {
            Some(place) => {
                self.data_sms.swap_remove(place);
                Pdu::DataSmResp(body)
            }
            None => Pdu::DeliverSmResp(body),
        };
        self.session.respond(sequence, status, &response);
    }

    /// Tells the engine once that the bind ended.
    fn unbound(&mut self, inputs: &mut Inputs) {
        if let Phase::Bound { bind, ended } = &mut self.phase
            && !*ended
        {
            *ended = true;
            inputs.push(Input::Unbound(*bind));
        }
    }
}

/// The submit_sm of a message to a carrier that speaks `version`.
#[inline]
fn submit_sm<'a>(
    message: &Message<'a>,
    part: Option<Concatenation>,
    validity: &'a [u8; 16],
    profile: &Profile,
    version: Version,
    scratch: &'a mut Vec<u8>,
) -> Result<Sm<'a>, Unencodable> {
    let mut sm = Sm {
        registered_delivery: registered_delivery(message.registered_delivery, profile),
        data_coding: match profile.default_data_coding {
            Some(other) if message.data_coding == 0 => other,
            _ => message.data_coding,
        },
        sm_default_msg_id: message.default_message_id,
        ..bare(message)
    };
    if profile.send_validity {
        sm.validity_period = validity;
    }
    let tlvs = if message.text.len() <= usize::from(profile.short_message_max) {
        sm.short_message = message.text;
        with_part(message, part, scratch)
    } else if version == Version::V33 {
        return Err(Unencodable {
            field: "short_message",
        });
    } else {
        with_payload(message, part, scratch)?
    };
    sm.tlvs = checked(tlvs)?;
    Ok(sm)
}

/// The TLVs of a message, and those that say which part it is.
fn with_part<'a>(
    message: &Message<'a>,
    part: Option<Concatenation>,
    out: &'a mut Vec<u8>,
) -> &'a [u8] {
    let Some(part) = part else {
        return message.tlvs;
    };
    out.clear();
    out.extend_from_slice(message.tlvs);
    long::put_sar(out, part);
    out
}

/// The TLVs of a message with its text after them, and those that say which part it is.
fn with_payload<'a>(
    message: &Message<'_>,
    part: Option<Concatenation>,
    out: &'a mut Vec<u8>,
) -> Result<&'a [u8], Unencodable> {
    out.clear();
    out.extend_from_slice(message.tlvs);
    tlv::put_bytes(out, tlv::MESSAGE_PAYLOAD, message.text)?;
    if let Some(part) = part {
        long::put_sar(out, part);
    }
    Ok(out)
}

/// What the customer wants to hear, with the receipt that we want for ourselves.
fn registered_delivery(wanted: u8, profile: &Profile) -> u8 {
    if profile.ask_receipts {
        wanted & OTHER_NOTICES | FINAL_RECEIPT
    } else {
        wanted & !FINAL_RECEIPT_BITS & OTHER_NOTICES
    }
}

/// The message that a subscriber wrote.
fn mo<'a>(sm: &Sm<'a>, scratch: &'a mut Vec<u8>) -> Message<'a> {
    Message {
        service_type: sm.service_type,
        source: address::from_carrier(sm.source),
        destination: address::from_carrier(sm.destination),
        esm_class: sm.esm_class,
        protocol_id: sm.protocol_id,
        priority: sm.priority_flag,
        registered_delivery: sm.registered_delivery,
        data_coding: sm.data_coding,
        default_message_id: sm.sm_default_msg_id,
        text: report::whole_text(sm),
        tlvs: travelling(sm.tlvs, understood, scratch),
    }
}

fn settings(profile: &Profile) -> Settings {
    Settings {
        window_in: profile.window_in,
        window_out: profile.window,
        bind_timeout: profile.bind_timeout,
        bind_tries: 1,
        enquire_link_interval: profile.enquire_link,
        enquire_link_timeout: profile.enquire_link_timeout,
        enquire_timeout_closes: profile.enquire_timeout_closes,
        inactivity: profile.inactivity,
        response_timeout: profile.response_timeout,
        late_wait: profile.late_wait,
        tolerance: Tolerance::Tolerant,
        version_if_untold: profile.habits.version_if_untold,
        ..Settings::default()
    }
}
