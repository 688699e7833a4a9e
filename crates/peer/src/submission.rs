//! What a customer's submit_sm or data_sm means, or which field of it is wrong.

mod coding;
mod fields;
mod tlvs;

use engine::{RouteName, Wants};
use smpp::pdu::{DataSm, Sm};
use smpp::status::{self, Status};
use sms::udh::Concatenation;
use sms::{Alphabet, Message, UDHI, Wall, time, udh};

use crate::address::{self, BadAddress};
use crate::{Account, RouteSelector, Rule, Submitting, long};

pub(crate) use fields::registered_delivery;
pub(crate) use tlvs::{payload, travelling, understood};

use fields::Fields;
use tlvs::Extras;

/// A message within the rules of its customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Submission<'a> {
    pub(crate) message: Message<'a>,
    /// The route that it selects.
    pub(crate) route: Option<RouteName>,
    /// Lane class.
    pub(crate) priority: u8,
    pub(crate) wants: Wants,
    pub(crate) due: Option<Wall>,
    pub(crate) expires: Option<Wall>,
    /// The text is too long for one short message, and in this alphabet.
    pub(crate) long: Option<Alphabet>,
    /// TLVs said that it is this part of a long message.
    pub(crate) part: Option<Concatenation>,
}

/// Why a request is refused: its answer, and the field or rule for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bad {
    pub(crate) status: Status,
    pub(crate) why: &'static str,
}

impl From<BadAddress> for Bad {
    fn from(bad: BadAddress) -> Bad {
        Bad {
            status: bad.status,
            why: bad.field,
        }
    }
}

const fn bad(status: Status, why: &'static str) -> Bad {
    Bad { status, why }
}

/// A data_sm in the words of submit_sm and deliver_sm: what it does not have is 0 or empty (SMPP 3.4, 4.7.1).
pub(crate) fn from_data_sm<'a>(data: &DataSm<'a>) -> Sm<'a> {
    Sm {
        service_type: data.service_type,
        source: data.source,
        destination: data.destination,
        esm_class: data.esm_class,
        registered_delivery: data.registered_delivery,
        data_coding: data.data_coding,
        tlvs: data.tlvs,
        ..Sm::default()
    }
}

impl<'a> Submission<'a> {
    /// Reads a request by the rules of `account`. `scratch` takes TLVs of which some do not travel.
    #[inline]
    pub(crate) fn read(
        sm: &Sm<'a>,
        account: &'a Account,
        now: Wall,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Submission<'a>, Bad> {
        let rules = &account.submitting;
        let (selected, service_type) = service_type(sm.service_type, rules)?;
        let source = address::source(sm.source, &rules.addresses)?;
        let destination = address::destination(sm.destination, &rules.addresses)?;
        let fields = Fields::read(sm, rules)?;
        let times = Times::read(sm.schedule_delivery_time, sm.validity_period, account, now)?;
        let mut extras = Extras::default();
        if !sm.tlvs.is_empty() {
            extras = Extras::read(sm, account, scratch)?;
        }
        let mut message = Message {
            service_type,
            source,
            destination,
            esm_class: sm.esm_class,
            protocol_id: fields.protocol_id,
            priority: fields.priority,
            registered_delivery: fields.registered_delivery,
            data_coding: sm.data_coding,
            default_message_id: 0,
            text: text(sm, extras.payload, account)?,
            tlvs: extras.travelling,
        };
        let part = extras.part.is_some();
        let data_coding = coding::data_coding(&message, part, rules)?;
        let long = long::measure(&message, part, rules)?;
        if long.is_some_and(|alphabet| !rules.part_alphabets.allow(alphabet)) {
            return Err(bad(status::RINVDCS, "data_coding of a long message"));
        }
        message.data_coding = data_coding;
        Ok(Submission {
            message,
            long,
            part: extras.part,
            route: selected.or(extras.route),
            priority: fields.priority.min(rules.priority_max),
            wants: Wants::from_registered_delivery(fields.registered_delivery),
            due: times.due,
            // SMPP 3.4, 5.3.2.31: it supersedes validity_period.
            expires: extras
                .time_to_live
                .map_or(times.expires, |live| Some(now.plus(live))),
        })
    }
}

/// The route that a service_type selects, and what of it belongs to the message. What selects a route may be of any length: an
/// unknown route has its own rule.
#[inline]
pub(crate) fn service_type<'a>(
    sent: &'a [u8],
    rules: &Submitting,
) -> Result<(Option<RouteName>, &'a [u8]), Bad> {
    match rules.route_selector {
        RouteSelector::ServiceType => Ok((named(sent), b"")),
        RouteSelector::None | RouteSelector::DestSubaddress => {
            if sent.len() > SERVICE_TYPE_MAX {
                return Err(bad(status::RINVSERTYP, "service_type"));
            }
            Ok((None, sent))
        }
    }
}

/// The route of this name; an empty one selects none.
fn named(name: &[u8]) -> Option<RouteName> {
    (!name.is_empty()).then(|| RouteName::of(name))
}

/// Characters of a service_type (SMPP 3.4, 5.2.11).
const SERVICE_TYPE_MAX: usize = 5;

/// When a message may be sent, by its own fields; none: that is not said.
pub(crate) struct Times {
    /// Not before.
    pub(crate) due: Option<Wall>,
    /// Not after.
    pub(crate) expires: Option<Wall>,
}

impl Times {
    #[inline]
    pub(crate) fn read(
        schedule: &[u8],
        validity: &[u8],
        account: &Account,
        now: Wall,
    ) -> Result<Times, Bad> {
        let rules = &account.submitting;
        Ok(Times {
            due: moment(schedule, rules.schedule, now)
                .ok_or(bad(status::RINVSCHED, "schedule_delivery_time"))?,
            expires: moment(validity, rules.validity, now)
                .filter(|end| *end != Some(now)) // A relative period of nothing.
                .ok_or(bad(status::RINVEXPIRY, "validity_period"))?,
        })
    }
}

/// A time field by its rule: `Some(None)` if it does not count, `None` if it is refused.
#[inline]
fn moment(field: &[u8], rule: Rule, now: Wall) -> Option<Option<Wall>> {
    if field.is_empty() || rule == Rule::Ignore {
        return Some(None);
    }
    match rule {
        Rule::Refuse => None,
        Rule::Honour | Rule::Ignore => time::parse_time(field, now).ok(),
    }
}

/// The text, wherever it is.
#[inline]
pub(crate) fn text<'a>(
    sm: &Sm<'a>,
    payload: Option<&'a [u8]>,
    account: &Account,
) -> Result<&'a [u8], Bad> {
    let rules = &account.submitting;
    let text = match payload {
        None => sm.short_message,
        Some(_) if !sm.short_message.is_empty() => {
            return Err(bad(status::RINVMSGLEN, "short_message and message_payload"));
        }
        Some(payload) => payload,
    };
    if sm.short_message.len() > usize::from(rules.message_octets_max) {
        return Err(bad(status::RINVMSGLEN, "short_message"));
    }
    if text.is_empty() && !rules.empty_text {
        return Err(bad(status::RINVMSGLEN, "short_message"));
    }
    if sm.esm_class & UDHI != 0 && udh::split(text).is_err() {
        return Err(bad(status::RINVESMCLASS, "user data header"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
