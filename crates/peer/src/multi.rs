//! One message to several destinations: what a customer's submit_multi names, and who will not get it.

use std::collections::BTreeSet;

use smpp::Version;
use smpp::pdu::{Destination, Sm, SubmitMulti, SubmitMultiResp, Unsuccessful, UnsuccessfulList};
use smpp::status::{self, Status};
use smpp::tlv::Tlvs;
use sms::Address;

use crate::submission::Bad;
use crate::{Account, address};

/// The destinations of one request.
#[derive(Debug)]
pub(crate) struct Recipients<'a> {
    /// Within the rules of the customer, each once; at least one.
    pub(crate) to: Vec<Address<'a>>,
    /// The others.
    pub(crate) unreached: Unreached,
}

/// Who will not get the message of one request, and why; as many as the answer has room for (SMPP 3.4, 4.5.2).
#[derive(Default, Debug)]
pub(crate) struct Unreached {
    entries: Vec<u8>,
    count: u8,
}

impl<'a> Recipients<'a> {
    /// Reads the destinations by the rules of `account`, with its distribution lists in place of their names.
    ///
    /// # Errors
    /// `ESME_RINVNUMDESTS` for none, for more than agreed, or than `version` allows; the status of the first that is wrong if
    /// all are.
    pub(crate) fn read(
        multi: &SubmitMulti<'a>,
        account: &'a Account,
        version: Version,
    ) -> Result<Self, Bad> {
        // SMPP 3.4, 5.2.24; SMPP 5.0, 4.7.18.
        let most = if version < Version::V50 { 254 } else { 255 };
        const NUMBER: Bad = Bad {
            status: status::RINVNUMDESTS,
            why: "number_of_dests",
        };
        if multi.destinations.len() > most {
            return Err(NUMBER);
        }
        let rules = &account.submitting;
        let (mut to, mut seen) = (Vec::new(), BTreeSet::new());
        let mut unreached = Unreached::default();
        let mut first = None;
        let mut miss = |destination, status| {
            first.get_or_insert(status);
            unreached.push(destination, rules.statuses.of_status(status));
        };
        for destination in multi.destinations.iter() {
            let listed = match destination {
                Destination::Address(sent) => {
                    match address::destination(sent, &rules.addresses) {
                        Ok(normal) if seen.insert(normal.digits) => to.push(normal),
                        Ok(_) => {}
                        Err(bad) => miss(sent, bad.status),
                    }
                    continue;
                }
                Destination::List(name) => rules.list(name).ok_or(name),
            };
            match listed {
                Ok(numbers) => {
                    let numbers = numbers.iter().map(|number| number.as_bytes());
                    let new = numbers.filter(|number| seen.insert(number));
                    to.extend(new.map(Address::international));
                }
                Err(digits) => {
                    let name = Address {
                        digits,
                        ..Address::default()
                    };
                    miss(name, status::RINVDLNAME);
                }
            }
        }
        if to.len() > usize::from(rules.destinations_max) {
            return Err(NUMBER);
        }
        if to.is_empty() {
            return Err(first.map_or(NUMBER, |status| Bad {
                status,
                why: "destinations",
            }));
        }
        Ok(Recipients { to, unreached })
    }
}

impl Unreached {
    /// One more. A name that fits into no answer is left out of it.
    pub(crate) fn push(&mut self, destination: Address<'_>, status: Status) {
        let entry = Unsuccessful {
            destination,
            status,
        };
        if self.count < u8::MAX && UnsuccessfulList::push(&mut self.entries, &entry).is_ok() {
            self.count += 1;
        }
    }

    /// The answer to the request, whose messages go by this id.
    pub(crate) fn response<'a>(&'a self, message_id: &'a [u8]) -> SubmitMultiResp<'a> {
        SubmitMultiResp {
            message_id,
            unsuccessful: UnsuccessfulList::parse(&self.entries).expect("as it was written"),
            tlvs: Tlvs::EMPTY,
            body_present: true,
        }
    }
}

/// The request in the words of a submit_sm to one of its destinations.
pub(crate) fn as_submit_sm<'a>(multi: &SubmitMulti<'a>, destination: Address<'a>) -> Sm<'a> {
    Sm {
        service_type: multi.service_type,
        source: multi.source,
        destination,
        esm_class: multi.esm_class,
        protocol_id: multi.protocol_id,
        priority_flag: multi.priority_flag,
        schedule_delivery_time: multi.schedule_delivery_time,
        validity_period: multi.validity_period,
        registered_delivery: multi.registered_delivery,
        replace_if_present_flag: multi.replace_if_present_flag,
        data_coding: multi.data_coding,
        sm_default_msg_id: multi.sm_default_msg_id,
        short_message: multi.short_message,
        tlvs: multi.tlvs,
    }
}
