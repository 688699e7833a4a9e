//! What a customer may submit, and what is made of it.

use engine::{Incomplete, PartReceipts, Refusal, UnknownRoute};
use peer::{
    Alphabets, ClassRule, LongText, Operations, RegisteredDelivery, RouteSelector, Rule,
    SourcePolicy, Sources, StatusOf, Statuses, Unoffered,
};
use smpp::command::{self, CommandId};
use smpp::status::Status;
use sms::Alphabet;

use super::CustomerSettings;
use crate::form::{
    Characters, Choice, Flag, Form, Item, Keys, List, Pairs, Text, Whole, choice, list, octets,
    or_none, pairs, parsed, time, whole,
};
use crate::problem::Reader;
use crate::table::{Setting, setting};

#[rustfmt::skip] // A row of the table is a line or two.
pub(super) fn settings() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("operations", account.submitting.operations, Requests, NewBinds,
            "The requests it may send besides those that keep the session; any other is answered with `ESME_RINVCMDID`. Those of cell broadcast (SMPP 5.0) are not offered to anybody. With `alert_notification` it is sent those of carriers whose `esme_addr` is a number of its own."),
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
        setting!("multipart_receipts", rules.multipart_receipts, choice(PART_RECEIPTS), AtOnce,
            "The receipts of a message that the customer cut itself, as in `split_receipts`; `joined` is about the part that came first and needs `hold_parts`."),
        setting!("hold_parts", rules.hold_parts, or_none("never", time("1s", "24h")), AtOnce,
            "How long the parts of a message that the customer cut itself are held for each other, so that none is sent before all are there; `never`: each goes when it comes."),
        setting!("incomplete", rules.incomplete, choice(&[("send", Incomplete::Send), ("reject", Incomplete::Reject)]), AtOnce,
            "What becomes of held parts whose others did not come in time: they are sent without them, or end as UNDELIV."),
        setting!("destinations_max", account.submitting.destinations_max, whole(1..=10_000), NewBinds,
            "Destinations of one submit_multi, distribution lists counted by their numbers; more: `ESME_RINVNUMDESTS`."),
        setting!("lists", account.submitting.lists, lists(), NewBinds,
            "Its distribution lists for submit_multi: the digits of the numbers, by the name of the list."),
        setting!("alphabets", account.submitting.alphabets, AlphabetSet, NewBinds,
            "Alphabets of messages that are no part of a longer one; others are refused with `ESME_RINVDCS`. `other` is text that is not read here."),
        setting!("part_alphabets", account.submitting.part_alphabets, AlphabetSet, NewBinds,
            "Alphabets of parts, and of messages that are cut into some; others are refused with `ESME_RINVDCS`."),
        setting!("message_class", account.submitting.message_class, choice(CLASSES), NewBinds,
            "What is made of message classes: they travel (`keep`), do not (`strip`), are refused with `ESME_RINVDCS`, are refused if they are flash (`refuse_flash`), or become class 2 (`sim`)."),
        setting!("ports", account.submitting.ports, Flag, NewBinds,
            "Application ports are taken, in a user data header and in TLVs; else `ESME_RSUBMITFAIL`."),
        setting!("sar", account.submitting.sar, choice(RULES), NewBinds,
            "What is made of the sar TLVs, which mark a part: they count, are not looked at, or the message is refused with `ESME_RTLVNOTALLWD`."),
        setting!("payload", account.submitting.payload, choice(RULES), NewBinds,
            "What is made of `message_payload`: it is the text, is not looked at (a message that has no other text is refused with `ESME_RINVMSGLEN`), or the message is refused with `ESME_RTLVNOTALLWD`."),
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
        setting!("priority", account.submitting.priority, choice(RULES), NewBinds,
            "What is made of a `priority_flag` other than 0: it counts, is not looked at, or the message is refused with `ESME_RINVPRTFLG`."),
        setting!("protocol_id", account.submitting.protocol_id, choice(RULES), NewBinds,
            "What is made of a `protocol_id` other than 0: it travels, is not looked at, or the message is refused with `ESME_RSUBMITFAIL`."),
        setting!("find_by_address", account.submitting.find_by_address, Flag, NewBinds,
            "Messages that wait are also found by source, destination and service type: `cancel_sm` may leave the id out and stops all of them, and a message whose `replace_if_present_flag` is 1 takes the place of the newest."),
        setting!("replace_if_present", account.submitting.replace_if_present, choice(UNOFFERED), NewBinds,
            "A message whose `replace_if_present_flag` is not 0: the flag is not looked at, or the message is refused with `ESME_RINVSUBREP`. 1 counts with `find_by_address`."),
        setting!("default_message", account.submitting.default_message, choice(UNOFFERED), NewBinds,
            "A message whose `sm_default_msg_id` is not 0: the number is not looked at, or the message is refused with `ESME_RINVDFTMSGID`."),
        setting!("registered_delivery", account.submitting.registered_delivery, choice(REGISTERED_DELIVERY), NewBinds,
            "What its `registered_delivery` means: what the specification says; one final receipt for every value but 0 (`any_is_final`); or nothing (`never`: it has no receipts)."),
        setting!("other_tlvs", account.submitting.other_tlvs, choice(RULES), NewBinds,
            "What is made of TLVs that say nothing to this gateway: they travel, are not looked at, or the message is refused with `ESME_RTLVNOTALLWD`."),
        setting!("statuses", account.submitting.statuses, StatusTable, NewBinds,
            "What stands in the answers to its submits in place of a status of the specification, or of a decision of this gateway."),
        setting!("strip_plus", account.submitting.addresses.strip_plus, Flag, NewBinds,
            "A leading `+` before digits is dropped from addresses."),
        setting!("strip_zeros", account.submitting.addresses.strip_zeros, Flag, NewBinds,
            "A leading `00` before digits is dropped from addresses."),
        setting!("rewrite_ton_npi", account.submitting.addresses.rewrite_ton_npi, Flag, NewBinds,
            "TON and NPI become 5/0 for letters and 1/1 for digits; else they stay as sent."),
        setting!("alphanumeric_max", account.submitting.addresses.alphanumeric_max, whole(0..=20), NewBinds,
            "Characters of a source with letters; more: `ESME_RINVSRCADR`. 0: digits only."),
        setting!("source_digits_max", account.submitting.addresses.source_digits_max, whole(1..=20), NewBinds,
            "Digits of a source without letters; more: `ESME_RINVSRCADR`."),
        setting!("destination_digits_min", account.submitting.addresses.destination_digits_min, whole(1..=20), NewBinds,
            "Digits of a destination; fewer: `ESME_RINVDSTADR`."),
        setting!("destination_digits_max", account.submitting.addresses.destination_digits_max, whole(1..=20), NewBinds,
            "Digits of a destination; more: `ESME_RINVDSTADR`."),
        setting!("source_ton_npi", account.submitting.addresses.source_ton_npi, or_none("any", parsed("TON and NPI such as \"1/1\"")), NewBinds,
            "The TON and NPI that its sources have to be sent with; others: `ESME_RINVSRCTON`, `ESME_RINVSRCNPI`."),
        setting!("destination_ton_npi", account.submitting.addresses.destination_ton_npi, or_none("any", parsed("TON and NPI such as \"1/1\"")), NewBinds,
            "The TON and NPI that its destinations have to be sent with; others: `ESME_RINVDSTTON`, `ESME_RINVDSTNPI`."),
        setting!("source_policy", account.submitting.addresses.source_policy, choice(SOURCE_POLICIES), NewBinds,
            "Which sources it may send from: `any`; its `own` (`own_sources` and `default_source`), others are refused with `ESME_RINVSRCADR`; `own_or_default`, where others become `default_source`; or `default`, where all do."),
        setting!("own_sources", account.submitting.addresses.own_sources, Own, NewBinds,
            "Numbers and names of its own, besides `default_source`."),
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
    ("alert_notification", command::ALERT_NOTIFICATION),
];

/// A list of sources.
struct Own;

impl Own {
    fn list() -> List<Text> {
        list(0..=10_000, octets(1..=21, Characters::Ascii))
    }
}

impl Form<Sources> for Own {
    fn expects(&self) -> String {
        Form::<Vec<String>>::expects(&Own::list())
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Sources> {
        let sources: Vec<String> = Own::list().read(key, item, reader)?;
        Some(sources.iter().map(String::as_str).collect())
    }

    fn write(&self, value: &Sources) -> String {
        let sources: Vec<Vec<u8>> = value.iter().map(<[u8]>::to_vec).collect();
        Own::list().write(&sources)
    }
}

/// A table of statuses.
struct StatusTable;

impl StatusTable {
    fn table() -> Pairs<StatusOf, Whole<u32>> {
        let keys = Keys {
            called: "status or decision",
            expects: "\"no_route\", \"no_credit\", \"over_daily_limit\", \"draining\" or the name of a status such as RINVDSTADR",
            example: "RINVDSTADR = 14",
            read: status_of,
            write: write_status_of,
        };
        pairs(keys, whole(1..=0x4FF))
    }
}

impl Form<Statuses> for StatusTable {
    fn expects(&self) -> String {
        StatusTable::table().expects()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Statuses> {
        let rows = StatusTable::table().read(key, item, reader)?;
        let rows = rows.into_iter().map(|(of, said)| (of, Status(said)));
        Some(Statuses::new(rows))
    }

    fn write(&self, value: &Statuses) -> String {
        let rows = value.rows().map(|(of, said)| (of, said.0));
        StatusTable::table().write(&rows.collect())
    }
}

/// The words for decisions of this gateway.
const DECISIONS: &[(&str, Refusal)] = &[
    ("no_route", Refusal::NoRoute),
    ("no_credit", Refusal::NoCredit),
    ("over_daily_limit", Refusal::OverDailyLimit),
    ("draining", Refusal::Draining),
];

/// A decision, or a status by its name without `ESME_`.
fn status_of(word: &str) -> Option<StatusOf> {
    if let Some(&(_, refusal)) = DECISIONS.iter().find(|(known, _)| *known == word) {
        return Some(StatusOf::Refusal(refusal));
    }
    let named = |status: &&Status| status.name().strip_prefix("ESME_") == Some(word);
    let status = Status::ALL.iter().find(named)?;
    Some(StatusOf::Status(*status)).filter(|_| !status.is_ok())
}

fn write_status_of(of: &StatusOf) -> String {
    match of {
        StatusOf::Status(status) => status.name().trim_start_matches("ESME_").to_owned(),
        StatusOf::Refusal(refusal) => {
            let known = DECISIONS.iter().find(|(_, known)| known == refusal);
            known.map_or("?", |(word, _)| word).to_owned()
        }
    }
}

/// The words for what is made of something that nobody is offered.
const UNOFFERED: &[(&str, Unoffered)] =
    &[("ignore", Unoffered::Ignore), ("refuse", Unoffered::Refuse)];

/// The words for what registered_delivery means.
const REGISTERED_DELIVERY: &[(&str, RegisteredDelivery)] = &[
    ("specification", RegisteredDelivery::Specification),
    ("any_is_final", RegisteredDelivery::AnyIsFinal),
    ("never", RegisteredDelivery::Never),
];

/// The words for whose sources a customer may use.
const SOURCE_POLICIES: &[(&str, SourcePolicy)] = &[
    ("any", SourcePolicy::Any),
    ("own", SourcePolicy::Own),
    ("own_or_default", SourcePolicy::OwnOrDefault),
    ("default", SourcePolicy::Default),
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

/// A list of alphabets.
pub(super) struct AlphabetSet;

impl AlphabetSet {
    fn list() -> List<Choice<Alphabet>> {
        list(1..=SETS.len(), choice(SETS))
    }
}

impl Form<Alphabets> for AlphabetSet {
    fn expects(&self) -> String {
        AlphabetSet::list().expects()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Alphabets> {
        let alphabets = AlphabetSet::list().read(key, item, reader)?;
        Some(alphabets.into_iter().collect())
    }

    fn write(&self, value: &Alphabets) -> String {
        AlphabetSet::list().write(&value.iter().collect())
    }
}

/// The words for the alphabets of a set.
const SETS: &[(&str, Alphabet)] = &[
    ("gsm7", Alphabet::Gsm7),
    ("ascii", Alphabet::Ascii),
    ("latin1", Alphabet::Latin1),
    ("cyrillic", Alphabet::Cyrillic),
    ("hebrew", Alphabet::Hebrew),
    ("ucs2", Alphabet::Ucs2),
    ("binary", Alphabet::Binary),
    ("other", Alphabet::Other),
];

/// The words for what is made of message classes.
const CLASSES: &[(&str, ClassRule)] = &[
    ("keep", ClassRule::Keep),
    ("strip", ClassRule::Strip),
    ("refuse", ClassRule::Refuse),
    ("refuse_flash", ClassRule::RefuseFlash),
    ("sim", ClassRule::Sim),
];

/// The words for the receipts of a message in parts.
const PART_RECEIPTS: &[(&str, PartReceipts)] = &[
    ("per_part", PartReceipts::PerPart),
    ("joined", PartReceipts::Joined),
    ("last", PartReceipts::Last),
];

/// The words for what is made of a time in a message.
const RULES: &[(&str, Rule)] = &[
    ("honour", Rule::Honour),
    ("ignore", Rule::Ignore),
    ("refuse", Rule::Refuse),
];

/// The words for what selects a route.
const SELECTORS: &[(&str, RouteSelector)] = &[
    ("none", RouteSelector::None),
    ("dest_subaddress", RouteSelector::DestSubaddress),
    ("service_type", RouteSelector::ServiceType),
];
