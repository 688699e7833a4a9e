//! Receipt text: `id:.. sub:001 dlvrd:001 submit date:.. done date:.. stat:DELIVRD err:000 text:..`
//!
//! SMPP 3.4, appendix B calls the format vendor specific and gives an example, which everybody copied with variations.
//! So the reader takes labels in any order and letter case, with any of them missing and unknown ones between, and
//! values of any length; the writer writes the example.

use sms::{Alphabet, Receipt, State, translit};

use crate::octets;
use crate::tlv::{self, Tlvs};

/// Characters of the message that a receipt repeats.
const TEXT_MAX: usize = 20;

/// True if a `deliver_sm` or `data_sm` is a receipt: final, intermediate, or marked by its TLV alone.
///
/// Acknowledgements by the user (0x08, 0x10) are messages, not receipts.
pub fn is_receipt(esm_class: u8, tlvs: &Tlvs<'_>) -> bool {
    // SMPP 3.4, 5.2.12; the mode, UDHI and reply path bits do not matter.
    matches!(esm_class & 0x3C, 0x04 | 0x20) || tlvs.get(tlv::RECEIPTED_MESSAGE_ID).is_some()
}

/// True if a text is a receipt by its looks: it begins with `id:` and has a `stat:`. For carriers that mark nothing.
pub fn looks_like_receipt(text: &[u8]) -> bool {
    text.first_chunk::<3>()
        .is_some_and(|start| start.eq_ignore_ascii_case(b"id:"))
        && parse(text).is_some_and(|receipt| !receipt.stat.is_empty())
}

/// Reads receipt text; `None` if it has neither an `id` nor a `stat`.
///
/// Everything after the first `text:` is text, whatever labels it holds. Of a label that comes twice the first counts.
/// A `stat` that nobody knows leaves `state` empty and its word in `stat`. One octet per character: see [`narrow`].
pub fn parse(text: &[u8]) -> Option<Receipt<'_>> {
    let mut receipt = Receipt::default();
    let mut rest = text;
    let mut label = Label::Unknown;
    let mut at_start = true;
    loop {
        let next = next_label(rest, at_start);
        let end = next.as_ref().map_or(rest.len(), |next| next.start);
        label.fill(&mut receipt, trim(&rest[..end]));
        let Some(next) = next else { break };
        rest = &rest[next.end..];
        if next.label == Label::Text {
            receipt.text = trim_nuls(rest);
            break;
        }
        label = next.label;
        at_start = false;
    }
    receipt.state = State::from_word(receipt.stat);
    (!receipt.id.is_empty() || !receipt.stat.is_empty()).then_some(receipt)
}

/// Text and TLVs together: `receipted_message_id` and `message_state` stand over the text, which fills the gaps.
/// `None` if neither has an id or a state.
pub fn read<'a>(text: &'a [u8], tlvs: &Tlvs<'a>) -> Option<Receipt<'a>> {
    let id = tlvs.receipted_message_id();
    let state = tlvs.message_state();
    let said = parse(text);
    if said.is_none() && id.is_none() && state.is_none() {
        return None;
    }
    let mut receipt = said.unwrap_or_default();
    receipt.id = id.unwrap_or(receipt.id);
    receipt.state = state.or(receipt.state);
    Some(receipt)
}

/// Receipt text as one octet per character. Some carriers send receipts in UCS-2, which shows in the first character;
/// such text is narrowed into `scratch`, with `?` for what is not Latin-1. Other text comes back as it is.
pub fn narrow<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let (pairs, odd) = text.as_chunks::<2>();
    match text {
        [0, first, ..] if *first != 0 && odd.is_empty() => {
            scratch.clear();
            scratch.extend(pairs.iter().map(|&[high, low]| match high {
                0 => low,
                _ => b'?',
            }));
            scratch
        }
        _ => text,
    }
}

/// What a receipt says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fields<'a> {
    /// The `message_id` that the receiver was told.
    pub id: &'a [u8],
    /// Messages submitted; shown as at most 999.
    pub sub: u16,
    /// Messages delivered; shown as at most 999.
    pub dlvrd: u16,
    /// When it was submitted: `YYMMDDhhmm`.
    pub submit_date: &'a [u8],
    /// When it came to its state: `YYMMDDhhmm`.
    pub done_date: &'a [u8],
    /// The word of the state: [`State::word`].
    pub stat: &'a [u8],
    /// Three characters; `000` if empty.
    pub err: &'a [u8],
    /// The message; its first 20 characters are repeated, transliterated, with `?` for what ASCII lacks or has at another
    /// place than GSM 03.38: so the text reads the same however `data_coding` 0 is understood.
    pub text: &'a str,
}

/// Appends the text of SMPP 3.4, appendix B, for `data_coding` 0.
pub fn write(out: &mut Vec<u8>, fields: &Fields<'_>) {
    let err = match fields.err {
        [] => b"000",
        err => err,
    };
    for part in [
        b"id:",
        fields.id,
        b" sub:",
        &three_digits(fields.sub),
        b" dlvrd:",
        &three_digits(fields.dlvrd),
        b" submit date:",
        fields.submit_date,
        b" done date:",
        fields.done_date,
        b" stat:",
        fields.stat,
        b" err:",
        err,
        b" text:",
    ] {
        out.extend_from_slice(part);
    }
    let text = out.len();
    translit::excerpt(fields.text, TEXT_MAX, Alphabet::Ascii, out);
    for octet in &mut out[text..] {
        if matches!(octet, b'$' | b'@' | b'['..=b'`' | b'{'..=b'~') {
            *octet = b'?';
        }
    }
}

fn three_digits(number: u16) -> [u8; 3] {
    let number = number.min(999);
    [100, 10, 1].map(|place| b'0' + (number / place % 10) as u8)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Id,
    Sub,
    Dlvrd,
    SubmitDate,
    DoneDate,
    Stat,
    Err,
    Text,
    /// Some vendor's, or the text before the first label.
    Unknown,
}

impl Label {
    /// The label that a word before a colon is; `None` if it cannot be one.
    fn of(word: &[u8]) -> Option<Label> {
        // A length that is known in advance makes the letters small in one instruction or two.
        let mut small = [0; 16];
        if let Some(name) = small.get_mut(..word.len()) {
            name.copy_from_slice(word);
            small.make_ascii_lowercase();
            match &small[..word.len()] {
                b"id" => return Some(Label::Id),
                b"sub" => return Some(Label::Sub),
                b"dlvrd" => return Some(Label::Dlvrd),
                b"submitdate" | b"submit_date" => return Some(Label::SubmitDate),
                b"donedate" | b"done_date" => return Some(Label::DoneDate),
                b"stat" => return Some(Label::Stat),
                b"err" => return Some(Label::Err),
                b"text" => return Some(Label::Text),
                _ => {}
            }
        }
        let letters = word.first()?.is_ascii_alphabetic()
            && word
                .iter()
                .all(|&octet| octet.is_ascii_alphanumeric() || octet == b'_');
        letters.then_some(Label::Unknown)
    }

    /// Keeps a value if its field is still empty.
    fn fill<'a>(self, receipt: &mut Receipt<'a>, value: &'a [u8]) {
        let (field, value) = match self {
            Label::Id => (&mut receipt.id, first_word(value)),
            Label::Sub => (&mut receipt.sub, first_word(value)),
            Label::Dlvrd => (&mut receipt.dlvrd, first_word(value)),
            Label::SubmitDate => (&mut receipt.submit_date, value),
            Label::DoneDate => (&mut receipt.done_date, value),
            Label::Stat => (&mut receipt.stat, first_word(value)),
            Label::Err => (&mut receipt.err, first_word(value)),
            Label::Text | Label::Unknown => return,
        };
        if field.is_empty() {
            *field = value;
        }
    }
}

/// A label in a text: from its first letter to behind its colon.
struct Found {
    label: Label,
    start: usize,
    end: usize,
}

/// The first label of a text. A word counts only after a blank, or at the very start of the text: in `id:a:b` there is
/// one label.
fn next_label(text: &[u8], at_start: bool) -> Option<Found> {
    let mut behind = 0;
    // A receipt has few colons, and a label is short: it is read back from its colon.
    while let Some(length) = octets::position(&text[behind..], b':') {
        let colon = behind + length;
        let blank = text[behind..colon]
            .iter()
            .rposition(|&octet| is_blank(octet));
        let start = match blank {
            Some(blank) => Some(behind + blank + 1),
            None => (at_start && behind == 0).then_some(0),
        };
        behind = colon + 1;
        let Some((start, label)) =
            start.and_then(|start| Some((start, Label::of(&text[start..colon])?)))
        else {
            continue;
        };
        let mut found = Found {
            label,
            start,
            end: behind,
        };
        if text[start..colon].eq_ignore_ascii_case(b"date") {
            found.join_date(text);
        }
        return Some(found);
    }
    None
}

impl Found {
    /// `submit date` and `done date` are one label each.
    fn join_date(&mut self, text: &[u8]) {
        let before = text[..self.start].trim_ascii_end();
        for (first, label) in [
            (b"submit".as_slice(), Label::SubmitDate),
            (b"done", Label::DoneDate),
        ] {
            let Some(start) = before.len().checked_sub(first.len()) else {
                continue;
            };
            if before[start..].eq_ignore_ascii_case(first) {
                self.label = label;
                self.start = start;
            }
        }
    }
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | 0)
}

fn first_word(value: &[u8]) -> &[u8] {
    value
        .iter()
        .position(|&octet| is_blank(octet))
        .map_or(value, |end| &value[..end])
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value
        && is_blank(*first)
    {
        value = rest;
    }
    while let [rest @ .., last] = value
        && is_blank(*last)
    {
        value = rest;
    }
    value
}

fn trim_nuls(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., 0] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receipt as its fields in order, `-` for empty ones.
    fn shown(text: &str) -> String {
        let Some(r) = parse(text.as_bytes()) else {
            return "none".to_owned();
        };
        let state = r.state.map_or("-", State::word);
        let fields = [r.id, r.sub, r.dlvrd, r.submit_date, r.done_date, r.stat]
            .into_iter()
            .chain([r.err, r.text])
            .map(|field| match field {
                [] => "-".to_owned(),
                _ => field.escape_ascii().to_string(),
            });
        fields.collect::<Vec<_>>().join("|") + "=" + state
    }

    #[test]
    fn every_variation_of_the_example_is_read() {
        for (text, expected) in [
            (
                "id:1 sub:1 dlvrd:0 submit date:2611211200 done date:2611211201 stat:undeliv err:0000 text:x",
                "1|1|0|2611211200|2611211201|undeliv|0000|x=UNDELIV",
            ),
            (
                "ID:1 SUB:001 DLVRD:001 SUBMIT DATE:2611211200 DONE DATE:2611211201 STAT:DELIVRD ERR:0A1 TEXT:",
                "1|001|001|2611211200|2611211201|DELIVRD|0A1|-=DELIVRD",
            ),
            ("id:1 stat:DELIVRD", "1|-|-|-|-|DELIVRD|-|-=DELIVRD"),
            (
                "stat:EXPIRED err:7 id:a.b-c_d",
                "a.b-c_d|-|-|-|-|EXPIRED|7|-=EXPIRED",
            ),
            (
                "id:1 submit_date:20261121120000 donedate:0000000000 stat:FAILED",
                "1|-|-|20261121120000|0000000000|FAILED|-|-=UNDELIV",
            ),
            (
                "id: 1 stat: REJECTD err: 12 mccmnc:310410 text: t",
                "1|-|-|-|-|REJECTD|12| t=REJECTD",
            ),
            (
                "id:1 stat:LOST err:000 mccmnc:310410",
                "1|-|-|-|-|LOST|000|-=-",
            ),
            (
                "id:a:b stat:DELIVRD\r\n\0",
                "a:b|-|-|-|-|DELIVRD|-|-=DELIVRD",
            ),
            (
                "id:1 stat:DELIVRD text:id:2 stat:EXPIRED\0",
                "1|-|-|-|-|DELIVRD|-|id:2 stat:EXPIRED=DELIVRD",
            ),
            (
                "id:1 id:2 stat:DELIVRD Hello there",
                "1|-|-|-|-|DELIVRD|-|-=DELIVRD",
            ),
            (
                "Receipt: id:1\nstat:ENROUTE done date:2026-11-21 12:00:05 err:1",
                "1|-|-|-|2026-11-21 12:00:05|ENROUTE|1|-=ENROUTE",
            ),
            ("00,2611211201,2611211200,000,4477,4478,99", "none"),
            ("", "none"),
            (" : :: text:", "none"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_marked_messages_are_receipts() {
        let mut octets = Vec::new();
        tlv::put_bytes(&mut octets, tlv::RECEIPTED_MESSAGE_ID, b"1").unwrap();
        let tlvs = Tlvs::parse(&octets).unwrap();
        for (esm_class, yes) in [
            (0x00, false),
            (0x04, true),
            (0x44, true),
            (0x87, true),
            (0x08, false),
            (0x10, false),
            (0x18, false),
            (0x20, true),
        ] {
            assert_eq!(is_receipt(esm_class, &Tlvs::EMPTY), yes, "{esm_class:#x}");
            assert!(is_receipt(esm_class, &tlvs));
        }
        assert!(looks_like_receipt(b"ID:1 STAT:DELIVRD"));
        assert!(!looks_like_receipt(b"my id:1 stat:DELIVRD"));
        assert!(!looks_like_receipt(b"id:1, please"));
    }

    #[test]
    fn tlvs_stand_over_the_text() {
        let mut octets = Vec::new();
        tlv::put_cstr(&mut octets, tlv::RECEIPTED_MESSAGE_ID, b"AB").unwrap();
        tlv::put_u8(&mut octets, tlv::MESSAGE_STATE, 5);
        let tlvs = Tlvs::parse(&octets).unwrap();
        let receipt = read(b"id:171 stat:DELIVRD err:006", &tlvs).unwrap();
        assert_eq!(receipt.id, b"AB");
        assert_eq!(receipt.state, Some(State::Undeliverable));
        assert_eq!((receipt.stat, receipt.err), (&b"DELIVRD"[..], &b"006"[..]));
        assert_eq!(read(b"", &tlvs).unwrap().id, b"AB");
        assert_eq!(read(b"hello", &Tlvs::EMPTY), None);
    }

    #[test]
    fn a_receipt_in_ucs2_is_read_like_any_other() {
        let wide: Vec<u8> = "id:7 stat:DELIVRD text:\u{416}"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let mut scratch = Vec::new();
        let receipt = parse(narrow(&wide, &mut scratch)).unwrap();
        assert_eq!((receipt.id, receipt.text), (&b"7"[..], &b"?"[..]));
        assert_eq!(narrow(b"id:7", &mut Vec::new()), b"id:7");
    }

    #[test]
    fn what_is_written_is_the_example_and_reads_back() {
        let fields = Fields {
            id: b"0123456789",
            sub: 1,
            dlvrd: 1234,
            submit_date: b"2611211200",
            done_date: b"2611211201",
            stat: State::Delivered.word().as_bytes(),
            err: b"",
            text: "Caf\u{e9} @5$\n{\u{1F600}} 789012345678",
        };
        let mut out = Vec::new();
        write(&mut out, &fields);
        assert_eq!(
            out.escape_ascii().to_string(),
            "id:0123456789 sub:001 dlvrd:999 submit date:2611211200 done date:2611211201 \
             stat:DELIVRD err:000 text:Cafe ?5? ??? 7890123"
        );
        let receipt = parse(&out).unwrap();
        assert_eq!(receipt.id, fields.id);
        assert_eq!(receipt.done_date, fields.done_date);
        assert_eq!(receipt.text.len(), 20);
    }
}
