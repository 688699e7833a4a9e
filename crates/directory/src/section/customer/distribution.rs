//! Which binds of a customer get receipts and MO, how long these wait, and when they are tried again.

use engine::{Distribution, MoParts};

use super::CustomerSettings;
use crate::form::{choice, list, or_none, time, whole};
use crate::table::{Setting, setting};

#[rustfmt::skip] // A row of the table is a line or two.
pub(super) fn settings() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("receipts_to", rules.receipts_to, choice(RECEIPTS_TO), AtOnce,
            "Which receiver-capable bind of a group gets its receipts: that of the message or else the oldest with room, each in turn, the `first` that bound alone, or the `last` alone."),
        setting!("mo_to", rules.mo_to, choice(MO_TO), AtOnce,
            "Which receiver-capable bind of group `0` gets MO: the oldest with room, each in turn, the `first` that bound alone, or the `last` alone."),
        setting!("delivery_ttl", rules.delivery_ttl, time("1 min", "30d"), AtOnce, "How long receipts wait for it."),
        setting!("mo_multipart", rules.mo_multipart, choice(MO_PARTS), AtOnce,
            "A message from a subscriber that came in parts: `as_received`, each with its user data header; `join`, one message when all are there (a bind of 3.3, which has no message_payload, gets more than 254 octets in parts of ours); `separate`, each as a message of its own without a header; or `drop`, nothing."),
        setting!("mo_join_wait", rules.mo_join_wait, time("1s", "24h"), AtOnce,
            "How long parts wait for each other to be joined; then each comes as it was received."),
        setting!("mo_ttl", rules.mo_ttl, time("1 min", "30d"), AtOnce, "How long MO wait for it."),
        setting!("mo_link_tlv", account.delivering.mo_link_tlv, or_none("none", whole(0x1400..=0x3FFF)), NewBinds,
            "The tag of a TLV in an MO that holds the message_id of the customer's message that it answers: the latest to that subscriber from that number."),
        setting!("delivery_retry", rules.delivery_retry, list(1..=20, time("1s", "24h")), AtOnce,
            "Pauses before the second, third.. try of a receipt or MO that was refused for now or not answered; the last one repeats. A new bind of the group is a try as well."),
    ]
}

const RECEIPTS_TO: &[(&str, Distribution)] = &[
    ("same_session_else_any", Distribution::SameSession),
    ("round_robin", Distribution::RoundRobin),
    ("first", Distribution::First),
    ("last", Distribution::Last),
];

const MO_TO: &[(&str, Distribution)] = &[
    ("any", Distribution::SameSession),
    ("round_robin", Distribution::RoundRobin),
    ("first", Distribution::First),
    ("last", Distribution::Last),
];

const MO_PARTS: &[(&str, MoParts)] = &[
    ("as_received", MoParts::AsReceived),
    ("join", MoParts::Join),
    ("separate", MoParts::Separate),
    ("drop", MoParts::Drop),
];
