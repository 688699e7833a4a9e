//! Long messages and their parts, as customers send them and as carriers get them.

use engine::LongMessages;
use peer::{LongText, Profile};
use smpp::Version;

use crate::carrier::{bound_with, profile};
use crate::customer::{account, bound, transceiver};

/// A text of a user data header and `count` times `octet`, quoted.
fn with_header(header: &str, count: usize, octet: &str) -> String {
    format!("\"{header}{}\"", octet.repeat(count))
}

const FIRST_OF_TWO: &str = r"\x05\x00\x03\x07\x02\x01";
const FIRST_OF_TWO_WIDE: &str = r"\x06\x08\x04\x12\x07\x02\x01";

/// A submit_sm and what is made of it: the words of the input, or the status and the reason in the log.
fn submitted(long_message: LongText, sent: &str, came: Result<&str, &str>) {
    let mut account = account();
    account.submitting.long_message = long_message;
    let outcome = match came {
        Ok(input) => format!("=> submit 2 bind=5 {input}"),
        Err(refused) => {
            let status = refused.split(' ').next().expect("a status");
            format!("note refused submit_sm {refused}\n-> submit_sm_resp 2 {status}")
        }
    };
    let script = format!("<- submit_sm 2 from=1/1/4477 to=1/1/4478 {sent}\n{outcome}\n");
    bound(account, "transceiver", Version::V34, &script);
}

/// Shows MTA-51, C-18.
#[test]
fn a_customer_that_cuts_for_itself_is_refused_more_than_one_short_message() {
    let long = "from=1/1/4477 to=1/1/4478";
    for (sent, refused) in [
        ("dcs=1 text=160*x", None),
        ("dcs=1 text=161*x", Some("0x01 long message")),
        ("dcs=8 text=140*x", None),
        ("dcs=8 text=142*x", Some("0x01 long message")),
        ("payload=300*x", Some("0x01 long message")),
    ] {
        let taken = format!("{long} {}", sent.replace("dcs=", "dcs=0x"));
        submitted(
            LongText::Refuse,
            sent,
            refused.map_or(Ok(taken.as_str()), Err),
        );
    }
    submitted(
        LongText::Split,
        "dcs=1 text=161*x",
        Ok(&format!("long=Ascii {long} dcs=0x1 text=161*x")),
    );
    submitted(
        LongText::Split,
        "payload=300*x",
        Ok(&format!("long=Gsm7 {long} text=300*x")),
    );
}

/// Shows MTA-48, C-28.
#[test]
fn latin_letters_are_160_in_one_short_message_if_gsm_has_them() {
    let letters = |octet: &str, count: usize| octet.repeat(count);
    let text = |octets: &str| format!("dcs=3 text=hex:{octets}");
    let took =
        |quoted: &str, long: &str| format!("{long}from=1/1/4477 to=1/1/4478 dcs=0x3 text={quoted}");
    submitted(
        LongText::Refuse,
        &text(&letters("e9", 160)),
        Ok(&took("160*\u{e9}", "")),
    );
    // GSM has no such letter: it is more than one short message, and nothing that the customer could have counted.
    for rule in [LongText::Refuse, LongText::Split] {
        submitted(
            rule,
            &text(&letters("e3", 160)),
            Ok(&took("160*\u{e3}", "long=Latin1 ")),
        );
    }
    submitted(
        LongText::Refuse,
        &text(&letters("e3", 161)),
        Err("0x01 long message"),
    );
}

/// Shows MTA-52, MTA-53, MTA-54, MTA-55.
#[test]
fn each_part_is_a_message_of_its_own_and_has_to_fit() {
    for (header, room) in [(FIRST_OF_TWO, 153), (FIRST_OF_TWO_WIDE, 152)] {
        let fits = with_header(header, room, "x");
        submitted(
            LongText::Refuse,
            &format!("esm=0x40 text={fits}"),
            Ok(&format!(
                "part=1/2 from=1/1/4477 to=1/1/4478 esm=0x40 text={fits}"
            )),
        );
        let beyond = with_header(header, room + 1, "x");
        for rule in [LongText::Refuse, LongText::Split] {
            submitted(
                rule,
                &format!("esm=0x40 text={beyond}"),
                Err("0x01 part of a long message"),
            );
        }
        // Without its bit the header is text.
        submitted(
            LongText::Refuse,
            &format!("dcs=4 text={}", with_header(header, 10, "x")),
            Ok(&format!(
                "from=1/1/4477 to=1/1/4478 dcs=0x4 text={}",
                with_header(header, 10, "x")
            )),
        );
    }
    let octets = with_header(FIRST_OF_TWO, 134, r"\xaa");
    submitted(
        LongText::Refuse,
        &format!("dcs=4 esm=0x40 text={octets}"),
        Ok(&format!(
            "part=1/2 from=1/1/4477 to=1/1/4478 esm=0x40 dcs=0x4 text={octets}"
        )),
    );
    let letters = with_header(FIRST_OF_TWO, 67, r"\x04\xaa");
    submitted(
        LongText::Refuse,
        &format!("dcs=8 esm=0x40 text={letters}"),
        Ok(&format!(
            "part=1/2 from=1/1/4477 to=1/1/4478 esm=0x40 dcs=0x8 text={letters}"
        )),
    );
}

#[test]
fn a_part_that_tlvs_mark_travels_with_a_header() {
    submitted(
        LongText::Refuse,
        "text=\"hi\" sar=7 sar_total=2 sar_number=1 vendor=hex:616263",
        Ok(&format!(
            "part=1/2 from=1/1/4477 to=1/1/4478 esm=0x40 text={} vendor=hex:616263",
            with_header(FIRST_OF_TWO, 1, "hi")
        )),
    );
    submitted(
        LongText::Refuse,
        &format!(
            "text={} sar=4615 sar_total=2 sar_number=1",
            with_header("", 153, "x")
        ),
        Ok(&format!(
            "part=1/2 from=1/1/4477 to=1/1/4478 esm=0x40 text={}",
            with_header(FIRST_OF_TWO_WIDE, 153, "x")
        )),
    );
    submitted(
        LongText::Split,
        &format!(
            "text={} sar=7 sar_total=2 sar_number=1",
            with_header("", 154, "x")
        ),
        Err("0x01 part of a long message"),
    );
    // The only part is the whole message.
    submitted(
        LongText::Refuse,
        "text=\"hi\" sar=7 sar_total=1 sar_number=1",
        Ok("from=1/1/4477 to=1/1/4478 text=\"hi\""),
    );
    transceiver(&format!(
        "
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 esm=0x40 text={part} sar=9 sar_total=3 sar_number=1
        => submit 2 bind=5 part=1/2 from=1/1/4477 to=1/1/4478 esm=0x40 text={part}
        ",
        part = with_header(FIRST_OF_TWO, 1, "hi"),
    ));
}

/// What a carrier of this form gets of a part.
fn sent(form: LongMessages, version: Version, part: &str, gets: &str) {
    let profile = Profile {
        long_messages: form,
        version,
        ..profile()
    };
    bound_with(
        profile,
        &format!(
            "
            engine send 9 #42 from=1/1/4477 to=1/1/4478 {part}
            -> submit_sm 2 from=1/1/4477 to=1/1/4478 {gets}
            "
        ),
    );
}

#[test]
fn a_carrier_gets_parts_in_its_form() {
    let times = "until=261122120000000+ rd=0x1";
    let two = with_header(FIRST_OF_TWO, 1, "hi");
    let part = format!("esm=0x40 text={two} vendor=hex:616263");
    let as_is = format!("esm=0x40 {times} text={two} vendor=hex:616263");
    for form in [
        LongMessages::Udh8,
        LongMessages::Udh16,
        LongMessages::Payload,
    ] {
        sent(form, Version::V34, &part, &as_is);
    }
    sent(
        LongMessages::Sar,
        Version::V34,
        &part,
        &format!("{times} text=\"hi\" vendor=hex:616263 sar=7 sar_total=2 sar_number=1"),
    );
    // What is not a part, or says more in its header than that, stays as it is.
    let ports = with_header(r"\x06\x05\x04\x0b\x84#\xf0", 1, "hi");
    let more = with_header(r"\x0b\x05\x04\x0b\x84#\xf0\x00\x03\x07\x02\x01", 1, "hi");
    for text in [ports, more] {
        let part = format!("esm=0x40 text={text}");
        let as_is = format!("esm=0x40 {times} text={text}");
        sent(LongMessages::Sar, Version::V34, &part, &as_is);
    }
}

#[test]
fn a_part_that_goes_as_payload_still_says_which_part_it_is() {
    let profile = Profile {
        long_messages: LongMessages::Sar,
        short_message_max: 1,
        ..profile()
    };
    bound_with(
        profile,
        &format!(
            "
            engine send 9 #42 from=1/1/4477 to=1/1/4478 esm=0x40 text={} vendor=hex:616263
            -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 vendor=hex:616263 payload=\"hi\" sar=7 sar_total=2 sar_number=1
            ",
            with_header(FIRST_OF_TWO, 1, "hi")
        ),
    );
}

#[test]
fn a_wide_reference_gives_way_to_text_that_needs_its_room() {
    let times = "until=261122120000000+ rd=0x1";
    let part = |header: &str, count: usize| with_header(header, count, "x");
    for form in [LongMessages::Udh8, LongMessages::Udh16] {
        sent(
            form,
            Version::V34,
            &format!("esm=0x40 text={}", part(FIRST_OF_TWO_WIDE, 153)),
            &format!("esm=0x40 {times} text={}", part(FIRST_OF_TWO, 153)),
        );
        sent(
            form,
            Version::V34,
            &format!("esm=0x40 text={}", part(FIRST_OF_TWO_WIDE, 152)),
            &format!("esm=0x40 {times} text={}", part(FIRST_OF_TWO_WIDE, 152)),
        );
    }
}

#[test]
fn a_part_that_a_subscriber_wrote_comes_with_a_header() {
    bound_with(
        profile(),
        &format!(
            "
            <- deliver_sm 7 from=1/1/4478 to=1/1/80888 text=\"hi\" sar=7 sar_total=2 sar_number=1
            => mo 7 from=1/1/4478 to=1/1/80888 esm=0x40 text={}
            ",
            with_header(FIRST_OF_TWO, 1, "hi")
        ),
    );
}
