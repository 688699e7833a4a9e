//! `[[connector]]`: where a carrier differs from what most do.

use engine::{LongMessages, RefusalClass};
use smpp::status::Status;
use sms::{Alphabet, State};

use super::submitting::AlphabetSet;
use super::{ConnectorSettings, VERSIONS};
use crate::form::{Characters, Choice, Flag, Keys, Pairs, choice, octets, or_none, pairs, whole};
use crate::table::{Setting, setting};

#[rustfmt::skip] // A row of the table is a line or two.
pub(super) fn settings() -> Vec<Setting<ConnectorSettings>> {
    vec![
        setting!("ask_receipts", profile.ask_receipts, Flag, Reconnect,
            "Every message asks for a receipt, whether its sender did or not."),
        setting!("send_validity", profile.send_validity, Flag, Reconnect,
            "The end of validity goes along; else the carrier's own default holds."),
        setting!("short_message_max", profile.short_message_max, whole(0..=255), Reconnect,
            "Octets of text that go as `short_message`; longer ones as `message_payload`."),
        setting!("long_messages", profile.long_messages, choice(LONG_MESSAGES), Reconnect,
            "How messages that are too long for one short message are sent to it: in parts with a user data header of an 8-bit (`udh8`) or a 16-bit reference (`udh16`), in parts with `sar_` TLVs (`sar`), or whole as `message_payload` (`payload`). They are cut so that every connector of the route can take them, whole only if all want that."),
        setting!("default_data_coding", profile.default_data_coding, or_none("same", whole(0..=255)), Reconnect,
            "What data_coding 0 becomes on the way to it."),
        setting!("version_if_untold", profile.habits.version_if_untold, or_none("same", choice(VERSIONS)), Reconnect,
            "The version that it speaks if its answer to the bind names none; `same`: the one that we ask for. A transceiver is never 3.3."),
        setting!("data_coding_0", profile.habits.zero, choice(ALPHABETS), Reconnect,
            "What data_coding 0 means to it. A text that is kept in GSM 7-bit is written anew in this alphabet; what that lacks goes in UCS-2 if the text is short enough, else as `?`. Messages from it are told apart accordingly."),
        setting!("alphabets", profile.habits.alphabets, AlphabetSet, Reconnect,
            "The alphabets that it takes. A text in another one is written in the first of these that has all its characters, in the order of the default; else in `gsm7` with letters that look alike. What cannot be said is refused for good. `data_coding_0` stands over it for texts that are kept in GSM 7-bit."),
        setting!("service_type", profile.habits.service_type, or_none("same", octets(0..=5, Characters::Ascii)), Reconnect,
            "`service_type` of every message to it."),
        setting!("source_ton", profile.habits.source.ton, or_none("same", whole(0..=255)), Reconnect, "`source_addr_ton` of every message to it."),
        setting!("source_npi", profile.habits.source.npi, or_none("same", whole(0..=255)), Reconnect, "`source_addr_npi` of every message to it."),
        setting!("destination_ton", profile.habits.destination.ton, or_none("same", whole(0..=255)), Reconnect, "`dest_addr_ton` of every message to it."),
        setting!("destination_npi", profile.habits.destination.npi, or_none("same", whole(0..=255)), Reconnect, "`dest_addr_npi` of every message to it."),
        setting!("mo_destination", profile.habits.mo_destination, or_none("same", octets(1..=20, Characters::Digits)), Reconnect,
            "The number that its subscribers' messages are for, whatever they say."),
        setting!("receipt_states", profile.habits.states, receipt_states(), Reconnect,
            "Words after `stat:` that are its own, or that it means otherwise, and the word of the state that each means. A message_state TLV stands over them."),
        setting!("unmarked_receipts", profile.habits.unmarked_receipts, Flag, Reconnect,
            "A message from it whose text looks like a receipt is one, though neither `esm_class` nor a TLV says so. Subscribers can forge receipts then."),
        setting!("receipt_offset_quarters", profile.receipt_offset_quarters, whole(-48..=48), Reconnect,
            "Offset of the dates in its receipts from UTC, in quarter hours east."),
        setting!("refusals", profile.refusals, refusals(), Reconnect,
            "What its refusals mean where it differs from the usual, by command_status. `vague` is tried `vague_tries` times in all, `temporary` until its validity ends."),
    ]
}

/// The words for how long messages are sent.
const LONG_MESSAGES: &[(&str, LongMessages)] = &[
    ("udh8", LongMessages::Udh8),
    ("udh16", LongMessages::Udh16),
    ("sar", LongMessages::Sar),
    ("payload", LongMessages::Payload),
];

/// The words for alphabets that can be somebody's default.
const ALPHABETS: &[(&str, Alphabet)] = &[
    ("gsm7", Alphabet::Gsm7),
    ("ascii", Alphabet::Ascii),
    ("latin1", Alphabet::Latin1),
    ("ucs2", Alphabet::Ucs2),
];

/// The words of states.
const STATES: &[(&str, State)] = &[
    ("SCHEDLD", State::Scheduled),
    ("ENROUTE", State::Enroute),
    ("DELIVRD", State::Delivered),
    ("EXPIRED", State::Expired),
    ("DELETED", State::Deleted),
    ("UNDELIV", State::Undeliverable),
    ("ACCEPTD", State::Accepted),
    ("UNKNOWN", State::Unknown),
    ("REJECTD", State::Rejected),
    ("SKIPPED", State::Skipped),
];

/// A table from a carrier's word to the state that it means.
fn receipt_states() -> Pairs<String, Choice<State>> {
    let word = |word: &str| {
        let fits = (1..=32).contains(&word.len()) && word.bytes().all(|c| c.is_ascii_graphic());
        fits.then(|| word.to_owned())
    };
    let keys = Keys {
        called: "word of a receipt",
        expects: "1 to 32 printable ASCII characters without blanks",
        example: "FINISHED = \"DELIVRD\"",
        read: word,
        write: |word| format!("{word:?}"),
    };
    pairs(keys, choice(STATES))
}

/// A table from command_status to class.
fn refusals() -> Pairs<Status, Choice<RefusalClass>> {
    let keys = Keys {
        called: "command_status",
        expects: "a number such as 69 or 0x45 from 1 to 0xFFFFFFFF",
        example: "0x45 = \"temporary\"",
        read: status,
        write: |status| format!("{:#04x}", status.0),
    };
    pairs(keys, choice(CLASSES))
}

const CLASSES: &[(&str, RefusalClass)] = &[
    ("temporary", RefusalClass::Temporary),
    ("vague", RefusalClass::Vague),
    ("throttled", RefusalClass::Throttled),
    ("busy", RefusalClass::DestinationBusy),
    ("link", RefusalClass::LinkFault),
    ("permanent", RefusalClass::Permanent),
];

/// A command_status as a decimal or hexadecimal number.
fn status(text: &str) -> Option<Status> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    };
    number.ok().filter(|&number| number != 0).map(Status)
}
