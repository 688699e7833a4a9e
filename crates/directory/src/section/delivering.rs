//! `[[customer]]`: how it is told what became of its messages, and what subscribers wrote.

use engine::{Cause, OnTheWay, Receipts};
use peer::{ErrMap, ErrOf, MessageIdForm, MoAlphabet, ReceiptText, ReceiptTlvs};
use sms::State;

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
        setting!("message_id", account.delivering.message_id, choice(MESSAGE_IDS), NewBinds,
            "How `message_id` is written in answers: without padding, or as 16 lower-case hexadecimal digits."),
        setting!("receipt_message_id", account.delivering.receipts.message_id, or_none("alike", choice(MESSAGE_IDS)), NewBinds,
            "How it is written in receipts, if not `alike`."),
        setting!("receipt_text", account.delivering.receipts.text, choice(TEXTS), NewBinds,
            "The text of SMPP 3.4, appendix B, in receipts: with the first 20 characters of the message as `excerpt`, with nothing of it (`empty`), or none. Without TLVs it is there in any case."),
        setting!("receipt_tlvs", account.delivering.receipts.tlvs, Tlvs, NewBinds,
            "TLVs of receipts to binds of 3.4 and up: receipted_message_id, message_state, and network_error_code where `err` is a number."),
        setting!("receipt_offset_quarters", account.delivering.receipts.offset_quarters, whole(-48..=48), NewBinds,
            "Offset of the dates in receipts from UTC, in quarter hours east."),
        setting!("receipt_seconds", account.delivering.receipts.seconds, Flag, NewBinds,
            "The dates in receipts are `YYMMDDhhmmss`; else `YYMMDDhhmm`."),
        setting!("receipt_err", account.delivering.receipts.err, Errs, NewBinds,
            "What stands in the `err` of receipts in place of the carrier's three characters: by `no_route`, `no_credit`, `over_daily_limit` or the carrier's code, else by the word of the state. What is not named stays; without a carrier's code it is 000."),
        setting!("receipts_on_the_way", rules.receipts.on_the_way, choice(ON_THE_WAY), AtOnce,
            "Receipts of states that are not final: `relay` those that it asks for with bit 4 of `registered_delivery`; only ACCEPTD, with every message that asks for a receipt (`accepted`); or `suppress` all."),
        setting!("receipts_by_prefix", rules.receipts.by_prefix, by_prefix(), AtOnce,
            "Receipts for destinations that begin so, the longest that fits: those `asked` for; `none`, where networks send none; or, where nothing is told of handsets, ENROUTE as the last word when the carrier has the message and REJECTD when it does not take it (`handed_over`)."),
        setting!("mo_alphabet", account.delivering.mo_alphabet, choice(MO_ALPHABETS), NewBinds,
            "Characters of messages of subscribers: as the handset sent them (`received`); the same unless it means something else by that data_coding, then in its default alphabet, Latin-1 or UCS-2, whichever has all of them (`readable`); or the basic ones of GSM 03.38 without Greek, `?` for every other (`gsm_basic_no_greek`)."),
        setting!("permanent_refusals", account.delivering.permanent_refusals, Flag, NewBinds,
            "`ESME_RX_P_APPN` and `ESME_RX_R_APPN` end a delivery; else it is tried again after every status but 0."),
    ]
}

/// The words for how `message_id` is written.
const MESSAGE_IDS: &[(&str, MessageIdForm)] = &[
    ("decimal", MessageIdForm::Decimal),
    ("hex", MessageIdForm::Hex),
];

/// The words for how much text a receipt has.
const TEXTS: &[(&str, ReceiptText)] = &[
    ("excerpt", ReceiptText::Excerpt),
    ("empty", ReceiptText::Empty),
    ("none", ReceiptText::None),
];

/// The words for the characters of messages of subscribers.
const MO_ALPHABETS: &[(&str, MoAlphabet)] = &[
    ("received", MoAlphabet::AsReceived),
    ("readable", MoAlphabet::Readable),
    ("gsm_basic_no_greek", MoAlphabet::GsmBasic),
];

/// The words for what is told of a message on its way.
const ON_THE_WAY: &[(&str, OnTheWay)] = &[
    ("relay", OnTheWay::Relay),
    ("accepted", OnTheWay::Accepted),
    ("suppress", OnTheWay::Suppress),
];

/// The words for what is told of messages to some destinations.
const RECEIPTS: &[(&str, Receipts)] = &[
    ("asked", Receipts::AsAsked),
    ("none", Receipts::None),
    ("handed_over", Receipts::HandedOver),
];

/// A table from the first digits of destinations to what is told of messages there.
fn by_prefix() -> Pairs<Vec<u8>, Choice<Receipts>> {
    let digits = |prefix: &str| {
        let fits = (1..=20).contains(&prefix.len()) && prefix.bytes().all(|d| d.is_ascii_digit());
        fits.then(|| prefix.as_bytes().to_vec())
    };
    let keys = Keys {
        called: "prefix",
        expects: "1 to 20 digits",
        example: "57 = \"handed_over\"",
        read: digits,
        write: |prefix| String::from_utf8_lossy(prefix).into_owned(),
    };
    pairs(keys, choice(RECEIPTS))
}

/// A list of the TLVs of receipts.
struct Tlvs;

/// A TLV of receipts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tlv {
    MessageId,
    State,
    NetworkError,
}

/// The words for them, in the order of their place in a receipt.
const TLVS: &[(&str, Tlv)] = &[
    ("message_id", Tlv::MessageId),
    ("state", Tlv::State),
    ("network_error", Tlv::NetworkError),
];

impl Tlvs {
    fn list() -> List<Choice<Tlv>> {
        list(0..=TLVS.len(), choice(TLVS))
    }
}

impl Form<ReceiptTlvs> for Tlvs {
    fn expects(&self) -> String {
        Tlvs::list().expects()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<ReceiptTlvs> {
        let named = Tlvs::list().read(key, item, reader)?;
        Some(ReceiptTlvs {
            message_id: named.contains(&Tlv::MessageId),
            state: named.contains(&Tlv::State),
            network_error: named.contains(&Tlv::NetworkError),
        })
    }

    fn write(&self, value: &ReceiptTlvs) -> String {
        let has = |tlv: &Tlv| match tlv {
            Tlv::MessageId => value.message_id,
            Tlv::State => value.state,
            Tlv::NetworkError => value.network_error,
        };
        let named = TLVS.iter().map(|&(_, tlv)| tlv).filter(has);
        Tlvs::list().write(&named.collect())
    }
}

/// A table of what stands in the err of receipts.
struct Errs;

impl Errs {
    fn table() -> Pairs<ErrOf, Text> {
        let keys = Keys {
            called: "reason",
            expects: "\"no_route\", \"no_credit\", \"over_daily_limit\", three letters or digits of a carrier, or the word of a state such as EXPIRED",
            example: "EXPIRED = \"053\"",
            read: err_of,
            write: write_err_of,
        };
        pairs(keys, octets(1..=16, Characters::Word))
    }
}

impl Form<ErrMap> for Errs {
    fn expects(&self) -> String {
        Form::<Vec<(ErrOf, String)>>::expects(&Errs::table())
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<ErrMap> {
        let rows: Vec<(ErrOf, String)> = Errs::table().read(key, item, reader)?;
        Some(ErrMap::new(
            rows.into_iter().map(|(of, err)| (of, err.into())),
        ))
    }

    fn write(&self, value: &ErrMap) -> String {
        let rows: Vec<(ErrOf, String)> =
            value.rows().map(|(of, err)| (of, err.to_owned())).collect();
        Errs::table().write(&rows)
    }
}

/// The words for decisions of this gateway.
const CAUSES: &[(&str, Cause)] = &[
    ("no_route", Cause::NoRoute),
    ("no_credit", Cause::NoCredit),
    ("over_daily_limit", Cause::OverDailyLimit),
];

fn err_of(word: &str) -> Option<ErrOf> {
    if let Some(&(_, cause)) = CAUSES.iter().find(|(known, _)| *known == word) {
        return Some(ErrOf::Cause(cause));
    }
    if let Some(state) = State::ALL.into_iter().find(|state| state.word() == word) {
        return Some(ErrOf::State(state));
    }
    let code = <[u8; 3]>::try_from(word.as_bytes()).ok()?;
    let legible = code.iter().all(u8::is_ascii_alphanumeric);
    legible.then_some(ErrOf::Cause(Cause::Code(code)))
}

fn write_err_of(of: &ErrOf) -> String {
    match of {
        ErrOf::State(state) => state.word().to_owned(),
        ErrOf::Cause(Cause::Code(code)) => String::from_utf8_lossy(code).into_owned(),
        ErrOf::Cause(cause @ (Cause::NoRoute | Cause::NoCredit | Cause::OverDailyLimit)) => {
            let known = CAUSES.iter().find(|(_, known)| known == cause);
            known.map_or("?", |(word, _)| word).to_owned()
        }
    }
}
