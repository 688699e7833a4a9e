//! What a customer may submit, and what is made of it.

use engine::{PartReceipts, UnknownRoute};
use peer::{LongText, Operations, RouteSelector, TimeRule};
use smpp::command::{self, CommandId};
use sms::Alphabet;

use super::CustomerSettings;
use crate::form::{
    Characters, Choice, Flag, Form, Item, Keys, List, Pairs, Text, choice, list, octets, or_none,
    pairs, whole,
};
use crate::problem::Reader;
use crate::table::{Setting, setting};

#[rustfmt::skip] // A row of the table is a line or two.
pub(super) fn settings() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("operations", account.submitting.operations, Requests, NewBinds,
            "The requests it may send besides those that keep the session; any other is answered with `ESME_RINVCMDID`."),
        setting!("route_selector", account.submitting.route_selector, choice(SELECTORS), NewBinds,
            "What in a message is the `route_id` that it selects: nothing, the TLV dest_subaddress, or service_type. It does not travel on."),
        setting!("route_default", route_default, or_none("none", octets(1..=255, Characters::Ascii)), AtOnce,
            "The `route_id` of messages that select none. If no route of its has it, they go by the routes without one."),
        setting!("route_unknown", rules.route_unknown, choice(&[("refuse", UnknownRoute::Refuse), ("default", UnknownRoute::Default)]), AtOnce,
            "A message that selects a `route_id` which no route of its has: it is refused with `ESME_RSUBMITFAIL`, or goes as if it selected none."),
        setting!("data_coding_0", account.submitting.reading.zero, choice(ALPHABETS), NewBinds, "What its data_coding 0 means."),
        setting!("data_coding_1", account.submitting.reading.one, choice(ALPHABETS), NewBinds, "What its data_coding 1 means."),
        setting!("data_coding_3", account.submitting.reading.three, choice(ALPHABETS), NewBinds, "What its data_coding 3 means."),
        setting!("ucs2_mark", account.submitting.reading.little_endian_mark, Flag, NewBinds,
            "A UCS-2 text that begins with FF FE is little-endian; else the mark is a character as any other."),
        setting!("message_octets_max", account.submitting.message_octets_max, whole(1..=255), NewBinds,
            "Octets of `short_message`; more: `ESME_RINVMSGLEN`."),
        setting!("long_message", account.submitting.long_message, choice(&[("split", LongText::Split), ("refuse", LongText::Refuse)]), NewBinds,
            "A text that is too long for one short message, and no part of one: `split` cuts it into parts, `refuse` answers `ESME_RINVMSGLEN`, for the customer cuts itself."),
        setting!("parts_max", rules.parts_max, whole(2..=255), AtOnce,
            "Parts that one of its messages may be cut into; more: `ESME_RINVMSGLEN`."),
        setting!("split_receipts", rules.split_receipts, choice(PART_RECEIPTS), AtOnce,
            "The receipts of a message that we cut: `joined` is one when all parts have ended, with the worst state; `last` is that of the last part; `per_part` is one for each, all under the one `message_id`."),
        setting!("destinations_max", account.submitting.destinations_max, whole(1..=10_000), NewBinds,
            "Destinations of one submit_multi, distribution lists counted by their numbers; more: `ESME_RINVNUMDESTS`."),
        setting!("lists", account.submitting.lists, lists(), NewBinds,
            "Its distribution lists for submit_multi: the digits of the numbers, by the name of the list."),
        setting!("payload", account.submitting.payload, Flag, NewBinds, "`message_payload` is taken; else `ESME_RTLVNOTALLWD`."),
        setting!("empty_text", account.submitting.empty_text, Flag, NewBinds,
            "A message may have no text; else `ESME_RINVMSGLEN`."),
        setting!("strict_tlv", account.submitting.strict_tlv, Flag, NewBinds,
            "A known TLV of a wrong length is refused with `ESME_RINVTLVLEN`; else it travels as it is."),
        setting!("priority_max", account.submitting.priority_max, whole(0..=3), NewBinds,
            "The highest priority its messages get, whatever they ask for."),
        setting!("validity_period", account.submitting.validity, choice(RULES), NewBinds,
            "What is made of a `validity_period`: it counts, is not looked at, or the message is refused."),
        setting!("schedule", account.submitting.schedule, choice(RULES), NewBinds,
            "What is made of a `schedule_delivery_time`: it counts, is not looked at, or the message is refused."),
        setting!("strip_plus", account.submitting.addresses.strip_plus, Flag, NewBinds,
            "A leading `+` before digits is dropped from addresses."),
        setting!("strip_zeros", account.submitting.addresses.strip_zeros, Flag, NewBinds,
            "A leading `00` before digits is dropped from addresses."),
        setting!("rewrite_ton_npi", account.submitting.addresses.rewrite_ton_npi, Flag, NewBinds,
            "TON and NPI become 5/0 for letters and 1/1 for digits; else they stay as sent."),
        setting!("alphanumeric_max", account.submitting.addresses.alphanumeric_max, whole(0..=20), NewBinds,
            "Characters of a source with letters; more: `ESME_RINVSRCADR`. 0: digits only."),
        setting!("default_source", account.submitting.addresses.default_source, octets(0..=20, Characters::Ascii), NewBinds,
            "The source of a message that has none; empty: it stays without."),
    ]
}

/// A list of requests.
struct Requests;

impl Requests {
    fn list() -> List<Choice<CommandId>> {
        list(1..=OPERATIONS.len(), choice(OPERATIONS))
    }
}

impl Form<Operations> for Requests {
    fn expects(&self) -> String {
        Requests::list().expects()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Operations> {
        let requests = Requests::list().read(key, item, reader)?;
        Some(requests.into_iter().collect())
    }

    fn write(&self, value: &Operations) -> String {
        Requests::list().write(&value.iter().collect())
    }
}

/// The words for requests.
const OPERATIONS: &[(&str, CommandId)] = &[
    ("submit_sm", command::SUBMIT_SM),
    ("submit_multi", command::SUBMIT_MULTI),
    ("data_sm", command::DATA_SM),
    ("query_sm", command::QUERY_SM),
    ("cancel_sm", command::CANCEL_SM),
    ("replace_sm", command::REPLACE_SM),
];

/// The words for alphabets.
const ALPHABETS: &[(&str, Alphabet)] = &[
    ("gsm7", Alphabet::Gsm7),
    ("ascii", Alphabet::Ascii),
    ("latin1", Alphabet::Latin1),
    ("ucs2", Alphabet::Ucs2),
    ("binary", Alphabet::Binary),
];

/// Distribution lists: a name of up to 20 characters has room in a submit_multi.
fn lists() -> Pairs<String, List<Text>> {
    let keys = Keys {
        called: "name of a list",
        expects: "a name of 1 to 20 letters, digits, `-` and `_`",
        example: "staff = [\"447700900123\"]",
        read: |word| {
            let legible = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
            let fits = (1..=20).contains(&word.len()) && word.bytes().all(legible);
            fits.then(|| word.to_owned())
        },
        write: String::clone,
    };
    pairs(keys, list(1..=10_000, octets(1..=20, Characters::Digits)))
}

/// The words for the receipts of a message in parts.
const PART_RECEIPTS: &[(&str, PartReceipts)] = &[
    ("per_part", PartReceipts::PerPart),
    ("joined", PartReceipts::Joined),
    ("last", PartReceipts::Last),
];

/// The words for what is made of a time in a message.
const RULES: &[(&str, TimeRule)] = &[
    ("honour", TimeRule::Honour),
    ("ignore", TimeRule::Ignore),
    ("refuse", TimeRule::Refuse),
];

/// The words for what selects a route.
const SELECTORS: &[(&str, RouteSelector)] = &[
    ("none", RouteSelector::None),
    ("dest_subaddress", RouteSelector::DestSubaddress),
    ("service_type", RouteSelector::ServiceType),
];
