//! Faults that are put into our process on purpose, at its seams: the proof that the oracle can see.

use core::time::Duration;

use engine::{
    Amount, Answer, Ask, CarrierReceipt, Command, CustomerId, Draft, Input, Inputs, Outcome,
    Output, Outputs, Refusal, Span, Standing, Step,
};

use sms::State;

use crate::plan::Plan;

/// One fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// Everything leaves at once, durable or not.
    AnsweredBeforeDurable,
    /// A carrier's receipt is acknowledged before it is durable.
    AcknowledgedBeforeDurable,
    /// The journal does not learn what is being sent.
    SendingNotRecorded,
    /// The journal does not learn what has ended.
    DoneLost,
    /// The journal does not learn of some messages.
    AcceptedLost,
    /// A failed sync is taken for a good one.
    SyncErrorIgnored,
    /// A segment is removed though the snapshot that replaces it does not stand.
    SegmentGoneTooEarly,
    /// Some answers of carriers never free their place.
    SlotLeaked,
    /// Receipts are matched by their id alone.
    DestinationIgnored,
    /// Some messages are booked to another customer.
    WrongCustomer,
    /// Some messages are sent twice.
    SentTwice,
    /// Some messages go out with the text of another.
    TextsSwapped,
    /// Some messages overtake others.
    OrderReversed,
    /// The agreed rate is not kept.
    RateIgnored,
    /// What a customer refuses for now is not tried again.
    DeliveryGivenUp,
    /// Some refusals for now count as acceptance.
    RefusalTakenForYes,
    /// What a carrier refuses is given back, and paid back as well.
    RefundedTwice,
    /// What a carrier refuses for good is not given back.
    NeverRefunded,
    /// A cancel that comes too late is answered as if it came in time.
    CancelledTooLate,
    /// Who asks is told that everything was delivered that has ended.
    AnswersEmbellished,
    /// One customer's messages go before all others.
    TurnsIgnored,
    /// What a message selects is not looked at.
    RouteIgnored,
    /// Whose message a subscriber answers is forgotten at once.
    AnswersStray,
    /// A day has no end.
    DayIgnored,
    /// Lanes are not held.
    HoldIgnored,
    /// Nobody is paused or drained.
    StandingIgnored,
    /// Moves and purges are of everything that waits for the carrier.
    SelectionIgnored,
    /// Credit that is given by hand counts twice.
    GrantedTwice,
    /// What waited on the disk comes back in the wrong order.
    RunReversed,
    /// A file of waiting messages is removed before it is durable that they are back in memory.
    RunGoneTooEarly,
    /// The journal does not learn that what waited on the disk is back in memory.
    ThawLost,
}

impl Planted {
    /// All that hostile days find. So much seldom waits there that files are written and come back: scenarios of deep queues find
    /// [`Planted::RunReversed`] and [`Planted::RunGoneTooEarly`].
    pub const ALL: [Planted; 29] = [
        Planted::AnsweredBeforeDurable,
        Planted::AcknowledgedBeforeDurable,
        Planted::SendingNotRecorded,
        Planted::DoneLost,
        Planted::AcceptedLost,
        Planted::SyncErrorIgnored,
        Planted::SegmentGoneTooEarly,
        Planted::SlotLeaked,
        Planted::DestinationIgnored,
        Planted::WrongCustomer,
        Planted::SentTwice,
        Planted::TextsSwapped,
        Planted::OrderReversed,
        Planted::RateIgnored,
        Planted::DeliveryGivenUp,
        Planted::RefusalTakenForYes,
        Planted::RefundedTwice,
        Planted::NeverRefunded,
        Planted::CancelledTooLate,
        Planted::AnswersEmbellished,
        Planted::TurnsIgnored,
        Planted::RouteIgnored,
        Planted::AnswersStray,
        Planted::DayIgnored,
        Planted::HoldIgnored,
        Planted::StandingIgnored,
        Planted::SelectionIgnored,
        Planted::GrantedTwice,
        Planted::ThawLost,
    ];
}

/// Tampers with what goes into the engine.
pub(crate) fn tamper_inputs(planted: Planted, inputs: &mut Inputs) {
    if inputs.is_empty() {
        return;
    }
    let mut tampered = Inputs::default();
    for input in inputs.iter() {
        if planted == Planted::RefundedTwice
            && let Input::Sent {
                token,
                outcome: Outcome::Refused { .. },
                ..
            } = *input
        {
            tampered.push(Input::Credit {
                customer: CustomerId(1),
                topup: 3 + token,
                amount: Amount(Amount::UNIT),
            });
        }
        let input = match *input {
            Input::Sent { token, .. }
                if planted == Planted::SlotLeaked && (token >> 32).is_multiple_of(16) =>
            {
                continue;
            }
            Input::Sent {
                bind,
                token,
                outcome: Outcome::Refused { .. },
            } if planted == Planted::RefusalTakenForYes => Input::Sent {
                bind,
                token,
                outcome: Outcome::Accepted {
                    id: tampered.put(b"yes"),
                },
            },
            Input::Sent {
                bind,
                token,
                outcome: Outcome::Accepted { id },
            } => Input::Sent {
                bind,
                token,
                outcome: Outcome::Accepted {
                    id: tampered.put(inputs.get(id)),
                },
            },
            Input::Delivered {
                bind,
                token,
                outcome: Outcome::Refused { .. },
            } if planted == Planted::DeliveryGivenUp => Input::Delivered {
                bind,
                token,
                outcome: Outcome::Accepted {
                    id: Span::default(),
                },
            },
            Input::Submit(draft) => {
                let octets = inputs.get(draft.body);
                let body_is_odd = octets.len() % 2 == 1;
                let body = tampered.put(octets);
                let other = planted == Planted::WrongCustomer && body_is_odd;
                let customer = if other {
                    CustomerId(draft.customer.0 % 2 + 1)
                } else {
                    draft.customer
                };
                let first = planted == Planted::TurnsIgnored && customer == CustomerId(1);
                let priority = if first { 3 } else { draft.priority };
                Input::Submit(Draft {
                    body,
                    customer,
                    priority,
                    ..draft
                })
            }
            Input::Ask(ref ask) => Input::Ask(Ask {
                source: tampered.put(inputs.get(ask.source)),
                destination: tampered.put(inputs.get(ask.destination)),
                service_type: tampered.put(inputs.get(ask.service_type)),
                ..*ask
            }),
            Input::Mo { origin, bind, body } => Input::Mo {
                origin,
                bind,
                body: tampered.put(inputs.get(body)),
            },
            Input::Receipt {
                origin,
                bind,
                receipt,
            } => {
                let id = tampered.put(inputs.get(receipt.id));
                let destination = if planted == Planted::DestinationIgnored {
                    Span::default()
                } else {
                    tampered.put(inputs.get(receipt.destination))
                };
                let receipt = CarrierReceipt {
                    id,
                    destination,
                    ..receipt
                };
                Input::Receipt {
                    origin,
                    bind,
                    receipt,
                }
            }
            ref other => other.clone(),
        };
        tampered.push(input);
    }
    *inputs = tampered;
}

/// Tampers with what operators order.
pub(crate) fn tamper_order(planted: Planted, command: &mut Command) {
    match (planted, command) {
        (Planted::HoldIgnored, Command::Hold { held, .. }) => *held = false,
        (Planted::StandingIgnored, Command::Stand { standing, .. }) => *standing = Standing::Open,
        (
            Planted::SelectionIgnored,
            Command::Purge { selection, .. } | Command::Move { selection, .. },
        ) => {
            selection.customer = None;
            selection.prefix.clear();
        }
        (Planted::GrantedTwice, Command::Grant { amount, .. }) => amount.0 *= 2,
        _ => {}
    }
}

/// Tampers with the configuration.
pub(crate) fn tamper_plan(planted: Planted, plan: &mut Plan) {
    let customers = plan.customers.iter_mut().map(|plan| &mut plan.customer);
    match planted {
        Planted::RateIgnored => {
            for plan in &mut plan.connectors {
                plan.connector.rate = None;
            }
        }
        Planted::RouteIgnored => {
            for customer in customers {
                let all = customer.routes[0].targets.clone();
                for route in &mut customer.routes {
                    route.targets.clone_from(&all);
                }
            }
        }
        Planted::AnswersStray => plan.limits.replies_keep = Duration::ZERO,
        Planted::DayIgnored => {
            for meter in customers.filter_map(|customer| customer.meter.as_mut()) {
                meter.daily_limit = None;
            }
        }
        _ => {}
    }
}

/// Tampers with what goes to the journal, and with what leaves how.
pub(crate) fn tamper_step(planted: Planted, step: &mut Step) {
    match planted {
        Planted::SendingNotRecorded
        | Planted::DoneLost
        | Planted::AcceptedLost
        | Planted::ThawLost
        | Planted::NeverRefunded => {
            let records = core::mem::take(&mut step.records);
            let mut rest = &records[..];
            while let Some((kind, octets)) = engine::next_record(&mut rest) {
                keep(planted, kind, octets, &mut step.records);
            }
        }
        Planted::AcknowledgedBeforeDurable => {
            let gated = core::mem::take(&mut step.gated);
            for output in gated.iter() {
                let early = matches!(output, Output::Acknowledge { .. });
                let to = if early {
                    &mut step.free
                } else {
                    &mut step.gated
                };
                copy(output, &gated, to);
            }
        }
        _ => {}
    }
}

/// What stands in a file of waiting messages, the last first.
pub(crate) fn reversed(mut images: &[u8]) -> Vec<u8> {
    let all = core::iter::from_fn(|| engine::next_in_file(&mut images));
    let all: Vec<&[u8]> = all.collect();
    all.into_iter().rev().flatten().copied().collect()
}

fn keep(planted: Planted, kind: &str, octets: &[u8], out: &mut Vec<u8>) {
    match (planted, kind) {
        (Planted::SendingNotRecorded, "Sending")
        | (Planted::DoneLost, "Done")
        | (Planted::ThawLost, "Thawed") => {}
        (Planted::SendingNotRecorded, "Accepted") => {
            let start = out.len();
            out.extend_from_slice(octets);
            // The flag that says so.
            out[start + 1] &= !1;
        }
        (Planted::NeverRefunded, "Done") => {
            let start = out.len();
            out.extend_from_slice(octets);
            // The reason: a refusal for good becomes a fate that nobody knows.
            if out[start + 1] == 2 {
                out[start + 1] = 5;
            }
        }
        (Planted::AcceptedLost, "Accepted") if octets[4].is_multiple_of(4) => {}
        _ => out.extend_from_slice(octets),
    }
}

/// Tampers with what leaves.
pub(crate) fn tamper_outputs(planted: Planted, outputs: &mut Outputs) {
    let batch = core::mem::take(outputs);
    let all: Vec<Output> = batch.iter().copied().collect();
    let sends: Vec<usize> = (0..all.len())
        .filter(|&place| matches!(all[place], Output::Send { .. }))
        .collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    if planted == Planted::OrderReversed {
        for (&place, &other) in sends.iter().zip(sends.iter().rev()) {
            order[place] = other;
        }
    }
    for place in order {
        let mut output = all[place];
        match &mut output {
            Output::Send { body, .. } if planted == Planted::TextsSwapped && sends.len() > 2 => {
                if let Output::Send { body: other, .. } = all[sends[0]] {
                    *body = other;
                }
            }
            Output::Refused {
                origin,
                refusal: Refusal::TooLate,
            } if planted == Planted::CancelledTooLate => {
                output = Output::Answer {
                    origin: *origin,
                    answer: Answer::Cancelled,
                };
            }
            Output::Answer {
                answer:
                    Answer::State {
                        state,
                        since: Some(_),
                        ..
                    },
                ..
            } if planted == Planted::AnswersEmbellished => *state = State::Delivered,
            Output::Send { key, .. }
                if planted == Planted::SentTwice && key.0.is_multiple_of(8) =>
            {
                copy(&output, &batch, outputs);
            }
            _ => {}
        }
        copy(&output, &batch, outputs);
    }
}

fn copy(output: &Output, from: &Outputs, to: &mut Outputs) {
    let mut output = *output;
    match &mut output {
        Output::Send { body, .. } | Output::Deliver { body, .. } | Output::Alert { body, .. } => {
            *body = to.put(from.get(*body));
        }
        Output::Bound { .. }
        | Output::Accepted { .. }
        | Output::Answer { .. }
        | Output::Unreached { .. }
        | Output::Refused { .. }
        | Output::Acknowledge { .. }
        | Output::Probe { .. }
        | Output::Close { .. } => {}
    }
    to.push(output);
}
