//! Carriers that differ from the book, as docs/carriers.md lists them.

use peer::{Habits, Numbering, Profile};
use smpp::Version;
use smpp::session::BindKind;
use sms::{Alphabet, State};

use crate::carrier::{bound, bound_with, profile};

fn with(habits: Habits) -> Profile {
    Profile {
        habits,
        ..profile()
    }
}

/// A receipt with this text, and what the engine hears of it.
#[track_caller]
fn receipt(habits: Habits, fields: &str, expected: &str) {
    bound_with(
        with(habits),
        &format!(
            "<- deliver_sm 7 from=1/1/447700900123 to=1/1/4477 {fields}
             => receipt 7 {expected}"
        ),
    );
}

#[test]
fn a_carrier_that_says_how_busy_it_is_is_heard_with_answers_and_refusals() {
    bound_with(
        Profile {
            version: Version::V50,
            ..profile()
        },
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="x"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="x"
        <- submit_sm_resp 2 ok id="17" load=95
        => loaded 95
        => sent 9 accepted id="17"
        engine send 10 #43 from=1/1/4477 to=1/1/4478 text="x"
        -> submit_sm 3 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="x"
        <- submit_sm_resp 3 0x58 load=100
        note peer refused 0x58
        => loaded 100
        => sent 10 refused Throttled 0x58
        engine send 11 #44 from=1/1/4477 to=1/1/4478 text="x"
        -> submit_sm 4 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="x"
        <- submit_sm_resp 4 ok id="18" load=79
        => sent 11 accepted id="18"
        "#,
    );
}

#[test]
fn receipts_are_read_however_carriers_write_them() {
    for (fields, expected) in [
        // With a user data header; in any order and letter case; without what nobody needs.
        (
            r#"esm=0x44 text="\x05\x00\x03\x07\x02\x01id:1 stat:DELIVRD err:000""#,
            r#"id="1" to=447700900123 DELIVRD err=000"#,
        ),
        (
            r#"esm=4 text="STAT:undeliv Err:0042 ID:ab-c_d Text:x""#,
            r#"id="ab-c_d" to=447700900123 UNDELIV err=042"#,
        ),
        // Dates of 12 and 14 digits, and one that is none.
        (
            r#"esm=4 text="id:1 done date:261121120100 stat:DELIVRD err:0""#,
            r#"id="1" to=447700900123 DELIVRD err=000 done=+60s"#,
        ),
        (
            r#"esm=4 text="id:1 done date:20261121120100 stat:DELIVRD err:0""#,
            r#"id="1" to=447700900123 DELIVRD err=000 done=+60s"#,
        ),
        (
            r#"esm=4 text="id:1 done date:0000000000 stat:FAILED""#,
            r#"id="1" to=447700900123 UNDELIV err=000"#,
        ),
        // Synonyms, and a word that is nobody's.
        (
            r#"esm=4 text="id:1 stat:ACKED""#,
            r#"id="1" to=447700900123 ENROUTE err=000"#,
        ),
        (
            r#"esm=4 text="id:1 stat:FINISHED err:X1""#,
            r#"id="1" to=447700900123 UNKNOWN err=0X1"#,
        ),
        // TLVs stand over the text, which fills the gaps; network_error_code may be three digits.
        (
            r#"esm=4 text="id:1 stat:DELIVRD" receipted="2""#,
            r#"id="2" to=447700900123 DELIVRD err=000"#,
        ),
        (
            r#"esm=4 text="id:1 stat:DELIVRD" state=5 network_error=hex:303432"#,
            r#"id="1" to=447700900123 UNDELIV err=042"#,
        ),
        // Vendors' TLVs.
        (
            r#"esm=4 text="id:1 stat:DELIVRD" vendor=hex:00"#,
            r#"id="1" to=447700900123 DELIVRD err=000"#,
        ),
        // All of it in message_payload.
        (
            r#"esm=4 payload="id:1 stat:DELIVRD""#,
            r#"id="1" to=447700900123 DELIVRD err=000"#,
        ),
    ] {
        receipt(Habits::default(), fields, expected);
    }
}

#[test]
fn a_carrier_may_have_words_of_its_own() {
    let habits = Habits {
        states: vec![
            ("Finished".to_owned(), State::Delivered),
            ("ACCEPTD".to_owned(), State::Undeliverable),
        ],
        ..Habits::default()
    };
    for (fields, expected) in [
        ("FINISHED", "DELIVRD"),
        ("acceptd", "UNDELIV"),
        ("EXPIRED", "EXPIRED"),
    ] {
        receipt(
            habits.clone(),
            &format!("esm=4 text=\"id:1 stat:{fields}\""),
            &format!("id=\"1\" to=447700900123 {expected} err=000"),
        );
    }
    receipt(
        habits,
        "esm=4 text=\"id:1 stat:FINISHED\" state=5",
        "id=\"1\" to=447700900123 UNDELIV err=000",
    );
}

#[test]
fn an_unmarked_receipt_is_one_only_where_that_is_known() {
    let text = "text=\"id:1 sub:001 stat:DELIVRD err:000\"";
    let habits = Habits {
        unmarked_receipts: true,
        ..Habits::default()
    };
    receipt(habits, text, "id=\"1\" to=447700900123 DELIVRD err=000");
    bound(&format!(
        "<- deliver_sm 7 from=1/1/447700900123 to=1/1/4477 {text}
         => mo 7 from=1/1/447700900123 to=1/1/4477 {text}"
    ));
}

#[test]
fn addresses_and_the_service_type_are_what_the_carrier_wants() {
    let habits = Habits {
        service_type: Some("BILL7".to_owned()),
        source: Numbering {
            ton: Some(3),
            npi: None,
        },
        destination: Numbering {
            ton: None,
            npi: Some(0),
        },
        ..Habits::default()
    };
    bound_with(
        with(habits),
        r#"
        engine send 9 #42 type=CMT from=1/1/4477 to=1/1/4478 text="x"
        -> submit_sm 2 type=BILL7 from=3/1/4477 to=1/0/4478 until=261122120000000+ rd=0x1 text="x"
        "#,
    );
}

#[test]
fn a_carrier_s_default_alphabet_is_told_from_the_book_s() {
    let habits = Habits {
        zero: Alphabet::Latin1,
        ..Habits::default()
    };
    let script = r#"
        # @ and e with an accent.
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="\x00\x05"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="@\xe9"
        # The euro sign is not in Latin-1.
        engine send 10 #43 from=1/1/4477 to=1/1/4478 text="\x1be"
        -> submit_sm 3 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 dcs=0x8 text=" \xac"
        # What is no text of the default alphabet stays.
        engine send 11 #44 from=1/1/4477 to=1/1/4478 dcs=0x4 text="\x00\x05"
        -> submit_sm 4 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 dcs=0x4 text="\x00\x05"
        <- deliver_sm 7 from=1/1/4478 to=1/1/4477 text="\xe9"
        => mo 7 from=1/1/4478 to=1/1/4477 dcs=0x3 text="\xe9"
    "#;
    bound_with(with(habits), script);
}

#[test]
fn a_long_text_that_the_default_alphabet_lacks_keeps_its_length() {
    let habits = Habits {
        zero: Alphabet::Ascii,
        ..Habits::default()
    };
    let (septets, letters) = ("a".repeat(99), "a".repeat(99));
    bound_with(
        with(habits),
        &format!(
            r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="\x05{septets}"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="?{letters}"
        "#
        ),
    );
}

/// What becomes of messages to a carrier that takes these alphabets. In `script`, `{to}` and `{until}` stand for what is the same in all.
#[track_caller]
fn written_for(alphabets: &[Alphabet], script: &str) {
    let habits = Habits {
        alphabets: alphabets.iter().copied().collect(),
        ..Habits::default()
    };
    let script = script.replace("{to}", "from=1/1/4477 to=1/1/4478");
    let script = script.replace("{until}", "until=261122120000000+");
    bound_with(with(habits), &script);
}

#[test]
fn a_text_is_written_in_an_alphabet_that_its_carrier_takes() {
    let script = r#"
        engine send 9 #42 {to} dcs=0x3 text="\xe9@"
        -> submit_sm 2 {to} {until} rd=0x1 text="\x05\x00"
        engine send 10 #43 {to} dcs=0x1 text="@{"
        -> submit_sm 3 {to} {until} rd=0x1 text="\x00\x1b("
        # A letter that GSM lacks.
        engine send 11 #44 {to} dcs=0x3 text="\xe3"
        -> submit_sm 4 {to} {until} rd=0x1 dcs=0x8 text="\x00\xe3"
        # What it takes stays.
        engine send 12 #45 {to} dcs=0x8 text="\x00a"
        -> submit_sm 5 {to} {until} rd=0x1 dcs=0x8 text="\x00a"
        # Octets cannot be said in letters.
        engine send 13 #46 {to} dcs=0x4 text="\x01"
        => sent 13 refused Permanent 0x45
        <- enquire_link 7
        note unencodable data_coding
        -> enquire_link_resp 7 ok
    "#;
    written_for(&[Alphabet::Gsm7, Alphabet::Ucs2], script);
}

#[test]
fn a_text_in_16_bit_characters_goes_in_gsm_where_that_is_all_with_fewer_accents_if_need_be() {
    let script = r#"
        engine send 9 #42 {to} dcs=0x8 text="\x00\xe9"
        -> submit_sm 2 {to} {until} rd=0x1 text="\x05"
        engine send 10 #43 {to} dcs=0x8 text="\x00\xe3"
        -> submit_sm 3 {to} {until} rd=0x1 text="a"
        # Flash stays flash.
        engine send 11 #44 {to} dcs=0x18 text="\x00a"
        -> submit_sm 4 {to} {until} rd=0x1 dcs=0xf0 text="a"
        engine send 12 #45 {to} dcs=0x8 text="\x4e\x2d"
        => sent 12 refused Permanent 0x45
    "#;
    written_for(&[Alphabet::Gsm7], script);
}

#[test]
fn a_part_that_fits_no_longer_loses_accents_or_is_refused() {
    let (letters, wide) = ("a".repeat(99), r"\x00a".repeat(99));
    let script = format!(
        r#"
        engine send 9 #42 {{to}} esm=0x40 dcs=0x3 text="\x05\x00\x03\x07\x02\x01\xe3{letters}"
        -> submit_sm 2 {{to}} esm=0x40 {{until}} rd=0x1 text="\x05\x00\x03\x07\x02\x01a{letters}"
        engine send 10 #43 {{to}} esm=0x40 dcs=0x6 text="\x05\x00\x03\x07\x02\x02\xbf{letters}"
        => sent 10 refused Permanent 0x45
        # A text that is no part goes whole, however long it gets.
        engine send 11 #44 {{to}} dcs=0x3 text="\xe3{letters}"
        -> submit_sm 3 {{to}} {{until}} rd=0x1 dcs=0x8 text="\x00\xe3{wide}"
    "#
    );
    written_for(&[Alphabet::Gsm7, Alphabet::Ucs2], &script);
}

#[test]
fn a_carrier_that_takes_latin_1_alone_for_its_default_gets_it_as_0() {
    let habits = Habits {
        zero: Alphabet::Latin1,
        alphabets: [Alphabet::Latin1].into_iter().collect(),
        ..Habits::default()
    };
    let script = r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 dcs=0x8 text="\x00\xe3"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="\xe3"
        # The euro sign is not in Latin-1.
        engine send 10 #43 from=1/1/4477 to=1/1/4478 text="\x1be"
        -> submit_sm 3 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="?"
    "#;
    bound_with(with(habits), script);
}

#[test]
fn a_carrier_that_tells_no_version_may_be_known_for_an_older_one() {
    let habits = Habits {
        version_if_untold: Some(Version::V33),
        ..Habits::default()
    };
    crate::talk::carrier(
        Profile {
            kind: BindKind::Transmitter,
            ..with(habits)
        },
        r#"
        -> bind_transmitter 1 system_id=bindery password=secret version=0x34
        <- bind_transmitter_resp 1 ok system_id=smsc
        flow bound V33
        flow paused
        => connected connector=3 transmits=true window=10
        engine bound 5
        # It is sent no TLV.
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="x" vendor=hex:616263
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="x"
        "#,
    );
}

#[test]
fn subscribers_messages_may_be_for_one_number_whatever_they_say() {
    let habits = Habits {
        mo_destination: Some("12345".to_owned()),
        ..Habits::default()
    };
    bound_with(
        with(habits),
        r#"
        <- deliver_sm 7 from=1/1/4478 to=1/1/999 text="x"
        => mo 7 from=1/1/4478 to=1/1/12345 text="x"
        "#,
    );
}
