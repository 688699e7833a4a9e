//! What a customer asks about its own messages and wants done with them, in SMPP: query_sm, cancel_sm and replace_sm, and
//! the answers to them.

use engine::{Answer, Ask, Cause, CustomerId, Inputs, Origin, Replacement, Told, Wants, Wish};
use smpp::Version;
use smpp::pdu::{CancelSm, Pdu, QuerySm, QuerySmResp, ReplaceSm, Sm};
use smpp::status;
use smpp::tlv::Tlvs;
use sms::{Address, State, Wall, time};

use crate::delivery::{err_number, known_to};
use crate::submission::{self, Bad};
use crate::told::MessageId;
use crate::{Account, address};

/// A request about messages, within the rules of its customer.
pub(crate) struct Asking<'a> {
    /// None: the addresses and the service type say it.
    told: Option<Told>,
    service_type: &'a [u8],
    source: &'a [u8],
    destination: &'a [u8],
    wish: Want<'a>,
}

enum Want<'a> {
    State,
    Cancel,
    Replace(New<'a>),
}

/// What replace_sm puts in the place of what was submitted.
struct New<'a> {
    text: &'a [u8],
    registered_delivery: u8,
    due: Option<Wall>,
    expires: Option<Wall>,
}

impl<'a> Asking<'a> {
    /// Reads a request by the rules of `account`.
    pub(crate) fn read(pdu: &Pdu<'a>, account: &'a Account, now: Wall) -> Result<Asking<'a>, Bad> {
        match pdu {
            Pdu::QuerySm(query) => Asking::query(query, account),
            Pdu::CancelSm(cancel) => Asking::cancel(cancel, account),
            Pdu::ReplaceSm(replace) => Asking::replace(replace, account, now),
            _ => Err(bad(status::RINVCMDID, "operation not offered")),
        }
    }

    fn query(query: &QuerySm<'a>, account: &'a Account) -> Result<Asking<'a>, Bad> {
        Ok(Asking {
            told: Some(told(query.message_id, account)?),
            service_type: b"",
            source: source(query.source, account)?,
            destination: b"",
            wish: Want::State,
        })
    }

    fn cancel(cancel: &CancelSm<'a>, account: &'a Account) -> Result<Asking<'a>, Bad> {
        if cancel.message_id.is_empty() && account.submitting.find_by_address {
            let rules = &account.submitting.addresses;
            return Ok(Asking {
                told: None,
                service_type: submission::service_type(cancel.service_type, &account.submitting)?.1,
                source: address::source(cancel.source, rules)?.digits,
                destination: address::destination(cancel.destination, rules)?.digits,
                wish: Want::Cancel,
            });
        }
        Ok(Asking {
            told: Some(told(cancel.message_id, account)?),
            service_type: b"",
            source: source(cancel.source, account)?,
            destination: destination(cancel.destination, account)?,
            wish: Want::Cancel,
        })
    }

    fn replace(
        replace: &ReplaceSm<'a>,
        account: &'a Account,
        now: Wall,
    ) -> Result<Asking<'a>, Bad> {
        let times = submission::Times::read(
            replace.schedule_delivery_time,
            replace.validity_period,
            account,
            now,
        )?;
        if replace.sm_default_msg_id != 0 {
            return Err(bad(status::RINVDFTMSGID, "sm_default_msg_id"));
        }
        let sm = Sm {
            short_message: replace.short_message,
            tlvs: replace.tlvs,
            ..Sm::default()
        };
        let payload = submission::payload(&sm, account)?;
        Ok(Asking {
            told: Some(told(replace.message_id, account)?),
            service_type: b"",
            source: source(replace.source, account)?,
            destination: b"",
            wish: Want::Replace(New {
                text: submission::text(&sm, payload, account)?,
                registered_delivery: submission::registered_delivery(
                    replace.registered_delivery,
                    &account.submitting,
                ),
                due: times.due,
                expires: times.expires,
            }),
        })
    }

    /// As an input of the engine; its octets go into `inputs`.
    pub(crate) fn put(&self, origin: Origin, customer: CustomerId, inputs: &mut Inputs) -> Ask {
        Ask {
            origin,
            customer,
            told: self.told,
            source: inputs.put(self.source),
            destination: inputs.put(self.destination),
            service_type: inputs.put(self.service_type),
            wish: match &self.wish {
                Want::State => Wish::State,
                Want::Cancel => Wish::Cancel,
                Want::Replace(new) => Wish::Replace(Replacement {
                    text: inputs.put(new.text),
                    wants: Wants::from_registered_delivery(new.registered_delivery),
                    registered_delivery: new.registered_delivery,
                    due: new.due,
                    expires: new.expires,
                }),
            },
        }
    }
}

const fn bad(status: status::Status, why: &'static str) -> Bad {
    Bad { status, why }
}

fn told(message_id: &[u8], account: &Account) -> Result<Told, Bad> {
    let delivering = &account.delivering;
    MessageId::read(message_id, delivering.message_id)
        .or_else(|| MessageId::read(message_id, delivering.receipt_id()))
        .ok_or(bad(status::RINVMSGID, "message_id"))
}

/// The digits that a message's source must have: what a submit with this source would have made of it. None: any will do.
fn source<'a>(sent: Address<'a>, account: &'a Account) -> Result<&'a [u8], Bad> {
    if sent.digits.is_empty() {
        return Ok(b"");
    }
    Ok(address::source(sent, &account.submitting.addresses)?.digits)
}

fn destination<'a>(sent: Address<'a>, account: &Account) -> Result<&'a [u8], Bad> {
    if sent.digits.is_empty() {
        return Ok(b"");
    }
    Ok(address::destination(sent, &account.submitting.addresses)?.digits)
}

/// An answer of the engine as it is said.
pub(crate) enum Said {
    State {
        id: MessageId,
        state: u8,
        error: u8,
        final_date: Option<[u8; 16]>,
    },
    Cancelled,
    Replaced,
}

impl Said {
    pub(crate) fn new(answer: Answer, account: &Account, version: Version) -> Said {
        match answer {
            Answer::State {
                told,
                state,
                cause,
                since,
            } => Said::State {
                id: MessageId::new(told, account.delivering.message_id),
                state: known_to(state, version) as u8,
                error: error_code(account, state, cause),
                final_date: since.map(|at| time::absolute(at, 0)),
            },
            Answer::Cancelled => Said::Cancelled,
            Answer::Replaced => Said::Replaced,
        }
    }

    pub(crate) fn pdu(&self) -> Pdu<'_> {
        match self {
            Said::State {
                id,
                state,
                error,
                final_date,
            } => Pdu::QuerySmResp(QuerySmResp {
                message_id: id.as_bytes(),
                final_date: final_date.as_ref().map_or(b"", |date| &date[..]),
                message_state: *state,
                error_code: *error,
                tlvs: Tlvs::EMPTY,
                body_present: true,
            }),
            Said::Cancelled => Pdu::CancelSmResp(Tlvs::EMPTY),
            Said::Replaced => Pdu::ReplaceSmResp(Tlvs::EMPTY),
        }
    }
}

/// The err of the message's receipt in one octet (SMPP 3.4, 4.8.2): 0 if it is no number, 255 if it is a larger one.
fn error_code(account: &Account, state: State, cause: Cause) -> u8 {
    err_number(account, state, cause).map_or(0, |number| u8::try_from(number).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_number_of_one_octet_or_nothing() {
        for (err, code) in [
            (b"000", 0),
            (b"011", 11),
            (b"255", 255),
            (b"256", 255),
            (b"0A1", 0),
        ] {
            let cause = Cause::Code(*err);
            let error = error_code(&Account::default(), State::Rejected, cause);
            assert_eq!(error, code, "{}", err.escape_ascii());
        }
    }
}
