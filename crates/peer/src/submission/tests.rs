//! What becomes of submits by the rules of their customers.

use super::*;
use crate::{Alphabets, ClassRule, LongText, RegisteredDelivery, Unoffered};
use smpp::tlv::Tlvs;
use sms::Address;

/// 2026-11-21T12:00:00Z.
const NOW: Wall = Wall(1_795_262_400_000);

fn hello() -> Sm<'static> {
    Sm {
        source: Address {
            ton: 5,
            npi: 0,
            digits: b"Bindery",
        },
        destination: Address {
            ton: 1,
            npi: 1,
            digits: b"447700900123",
        },
        short_message: b"hello",
        ..Sm::default()
    }
}

/// The status that a message is refused with, and what the log hears; 0 if it is not.
fn refusal(sm: &Sm<'_>, account: &Account) -> (u32, &'static str) {
    match Submission::read(sm, account, NOW, &mut Vec::new()) {
        Ok(_) => (0, ""),
        Err(bad) => (bad.status.0, bad.why),
    }
}

fn check(change: impl FnOnce(&mut Sm<'static>), status: u32, why: &str) {
    let mut sm = hello();
    change(&mut sm);
    assert_eq!(refusal(&sm, &Account::default()), (status, why));
}

fn tlvs(octets: &'static [u8]) -> Tlvs<'static> {
    Tlvs::parse(octets).expect("well-formed TLVs")
}

#[test]
fn esm_class_of_a_receipt_or_of_transaction_mode_is_refused() {
    check(|sm| sm.esm_class = 0x04, 0x43, "esm_class");
    check(|sm| sm.esm_class = 0x20, 0x43, "esm_class");
    check(
        |sm| sm.esm_class = 0x02,
        0x43,
        "esm_class: transaction mode",
    );
    for taken in [0x00, 0x01, 0x03, 0x08, 0x10, 0x80, 0x83] {
        check(|sm| sm.esm_class = taken, 0, "");
    }
}

#[test]
fn reserved_numbers_have_the_status_of_their_field() {
    check(|sm| sm.priority_flag = 4, 0x06, "priority_flag");
    check(
        |sm| sm.replace_if_present_flag = 2,
        0x54,
        "replace_if_present_flag",
    );
    check(
        |sm| sm.replace_if_present_flag = 1,
        0x42,
        "replace_if_present_flag",
    );
    check(|sm| sm.sm_default_msg_id = 77, 0x63, "sm_default_msg_id");
    for reserved in [0x0B, 0x0C, 0x0F, 0x80, 0xBF] {
        check(|sm| sm.data_coding = reserved, 0x104, "data_coding");
    }
    for taken in [0x00, 0x08, 0x0E, 0x10, 0x18, 0xC8, 0xF5] {
        check(|sm| sm.data_coding = taken, 0, "");
    }
}

#[test]
fn reserved_bits_of_registered_delivery_are_ignored() {
    check(|sm| sm.registered_delivery = 0xE0, 0, "");
}

/// What becomes of a message by these rules.
fn made(
    sm: &Sm<'static>,
    rules: impl FnOnce(&mut Submitting),
    look: impl FnOnce(&Submission<'_>),
) -> u32 {
    let mut account = Account::default();
    rules(&mut account.submitting);
    match Submission::read(sm, &account, NOW, &mut Vec::new()) {
        Ok(submission) => {
            look(&submission);
            0
        }
        Err(bad) => bad.status.0,
    }
}

/// Shows BUL-29, BUL-27, BUL-31.
#[test]
fn what_a_manual_does_not_offer_is_not_looked_at_or_refused_with_its_field_s_status() {
    let sm = Sm {
        priority_flag: 3,
        protocol_id: 0x40,
        replace_if_present_flag: 1,
        sm_default_msg_id: 7,
        ..hello()
    };
    let ignoring = |rules: &mut Submitting| {
        rules.priority = Rule::Ignore;
        rules.protocol_id = Rule::Ignore;
        rules.replace_if_present = Unoffered::Ignore;
        rules.default_message = Unoffered::Ignore;
    };
    let taken = made(&sm, ignoring, |submission| {
        let message = submission.message;
        assert_eq!(submission.priority, 0);
        assert_eq!((message.priority, message.protocol_id), (0, 0));
        assert_eq!(message.default_message_id, 0);
    });
    assert_eq!(taken, 0);
    let refused = |but: fn(&mut Submitting)| {
        let rules = |rules: &mut Submitting| {
            ignoring(rules);
            but(rules);
        };
        made(&sm, rules, |_| ())
    };
    assert_eq!(refused(|rules| rules.priority = Rule::Refuse), 0x06);
    assert_eq!(refused(|rules| rules.protocol_id = Rule::Refuse), 0x45);
    assert_eq!(
        refused(|rules| rules.replace_if_present = Unoffered::Refuse),
        0x42
    );
    assert_eq!(
        refused(|rules| rules.default_message = Unoffered::Refuse),
        0x63
    );
    let honoured = |rules: &mut Submitting| {
        ignoring(rules);
        rules.priority = Rule::Honour;
        rules.protocol_id = Rule::Honour;
    };
    made(&sm, honoured, |submission| {
        let message = submission.message;
        assert_eq!((message.priority, message.protocol_id), (3, 0x40));
    });
}

/// Shows BUL-32, BUL-38, BUL-26.
#[test]
fn other_tlvs_travel_or_do_not_or_are_refused() {
    // A vendor's, user_message_reference, more_messages_to_send, dest_network_id.
    for sent in [
        &b"\x15\0\0\x03abc"[..],
        b"\x02\x04\0\x02\0\x07",
        b"\x04\x26\0\x01\x01",
        b"\x06\x0E\0\x072021234",
    ] {
        let sm = Sm {
            tlvs: tlvs(sent),
            ..hello()
        };
        for (rule, status, travels) in [
            (Rule::Honour, 0, sent),
            (Rule::Ignore, 0, b""),
            (Rule::Refuse, 0xC1, b""),
        ] {
            let said = made(
                &sm,
                |rules| rules.other_tlvs = rule,
                |submission| assert_eq!(submission.message.tlvs, travels),
            );
            assert_eq!(said, status, "{rule:?}");
        }
    }
}

/// Shows BUL-35, BUL-36, BUL-37, C-9, MES-28, MTA-44, MTA-45.
#[test]
fn registered_delivery_means_what_the_account_s_manual_says() {
    const FINAL: u8 = Wants::SUCCESS.0 | Wants::FAILURE.0;
    const INTERMEDIATE: u8 = FINAL | Wants::INTERMEDIATE.0;
    for (sent, specification, any_is_final) in [
        (0x00, 0, 0),
        (0x01, FINAL, FINAL),
        (0x02, Wants::FAILURE.0, FINAL),
        (0x03, Wants::SUCCESS.0, FINAL),
        (0x11, INTERMEDIATE, FINAL),
    ] {
        let sm = Sm {
            registered_delivery: sent,
            ..hello()
        };
        for (meaning, wants) in [
            (RegisteredDelivery::Specification, specification),
            (RegisteredDelivery::AnyIsFinal, any_is_final),
            (RegisteredDelivery::Never, 0),
        ] {
            let status = made(
                &sm,
                |rules| rules.registered_delivery = meaning,
                |submission| {
                    assert_eq!(submission.wants, Wants(wants), "{meaning:?} {sent:#x}");
                },
            );
            assert_eq!(status, 0);
        }
    }
}

/// The data_coding that a message travels with, or the status of its refusal.
type Coded = Result<u8, u32>;

/// By the alphabet of each data_coding, single and as a part with a header: what it travels as, or the status of its refusal.
#[track_caller]
fn coded(rules: &Submitting, cases: &[(u8, Coded, Coded)]) {
    for &(data_coding, single, part) in cases {
        for (esm_class, short_message, expected) in [
            (0, &b"\0h"[..], single),
            (UDHI, b"\x05\0\x03\x07\x02\x01\0h", part),
        ] {
            let sm = Sm {
                data_coding,
                esm_class,
                short_message,
                ..hello()
            };
            let mut coded = 0;
            let status = made(
                &sm,
                |own| own.clone_from(rules),
                |submission| coded = submission.message.data_coding,
            );
            let outcome = if status == 0 { Ok(coded) } else { Err(status) };
            assert_eq!(outcome, expected, "{data_coding:#x} {esm_class:#x}");
        }
    }
}

fn set(alphabets: &[Alphabet]) -> Alphabets {
    alphabets.iter().copied().collect()
}

const NO_CODING: Coded = Err(0x104);

/// Shows MTA-42, MTA-43, MTA-46, MTA-47, MTA-50, C-2, C-11.
#[test]
fn three_alphabets_and_0_is_ascii_for_mta() {
    let allowed = set(&[Alphabet::Ascii, Alphabet::Latin1, Alphabet::Ucs2]);
    let mut rules = Account::default().submitting;
    rules.reading.zero = Alphabet::Ascii;
    (rules.alphabets, rules.part_alphabets) = (allowed, allowed);
    rules.message_class = ClassRule::Refuse;
    coded(
        &rules,
        &[
            (0x00, Ok(0x01), Ok(0x01)),
            (0x01, Ok(0x01), Ok(0x01)),
            (0x03, Ok(0x03), Ok(0x03)),
            (0x08, Ok(0x08), Ok(0x08)),
            (0x02, NO_CODING, NO_CODING),
            (0x04, NO_CODING, NO_CODING),
            (0x06, NO_CODING, NO_CODING),
            (0x10, NO_CODING, NO_CODING),
            (0x18, NO_CODING, NO_CODING),
            (0xF0, NO_CODING, NO_CODING),
        ],
    );
}

/// Shows MES-19, MES-20, MOB-177, MOB-180, MOB-181, MOB-182, MOB-183, MOB-184, C-11.
#[test]
fn text_of_7_bits_and_ucs2_but_no_binary_and_no_flash_for_mobivate() {
    let allowed = set(&[Alphabet::Gsm7, Alphabet::Ascii, Alphabet::Ucs2]);
    let mut rules = Account::default().submitting;
    (rules.alphabets, rules.part_alphabets) = (allowed, allowed);
    rules.message_class = ClassRule::RefuseFlash;
    coded(
        &rules,
        &[
            (0x00, Ok(0x00), Ok(0x00)),
            (0x08, Ok(0x08), Ok(0x08)),
            (0xF1, Ok(0xF1), Ok(0xF1)),
            (0x02, NO_CODING, NO_CODING),
            (0x04, NO_CODING, NO_CODING),
            (0xF4, NO_CODING, NO_CODING),
            (0x10, NO_CODING, NO_CODING),
            (0x18, NO_CODING, NO_CODING),
            (0xF0, NO_CODING, NO_CODING),
        ],
    );
}

/// Shows BUL-12, BUL-13, BUL-14, BUL-15, BUL-16, BUL-18, BUL-19, C-11.
#[test]
fn one_message_of_8_or_16_bits_parts_of_7_and_class_2_for_bulksms() {
    let mut rules = Account::default().submitting;
    rules.alphabets = set(&[Alphabet::Gsm7, Alphabet::Ucs2, Alphabet::Binary]);
    rules.part_alphabets = set(&[Alphabet::Gsm7]);
    rules.message_class = ClassRule::Sim;
    coded(
        &rules,
        &[
            (0x00, Ok(0xF2), Ok(0xF2)),
            (0x02, Ok(0xF6), NO_CODING),
            (0x04, Ok(0xF6), NO_CODING),
            (0x08, Ok(0x1A), NO_CODING),
            (0x12, Ok(0xF2), Ok(0xF2)),
            (0xF2, Ok(0xF2), Ok(0xF2)),
            (0x10, Ok(0xF2), Ok(0xF2)),
            (0xF0, Ok(0xF2), Ok(0xF2)),
            (0xF1, Ok(0xF2), Ok(0xF2)),
            (0xF3, Ok(0xF2), Ok(0xF2)),
        ],
    );
}

/// Shows MTA-49.
#[test]
fn ucs2_is_70_units_and_an_emoji_is_two_of_them_that_arrive_whole() {
    const CHINESE_AND_EMOJI: [u8; 140] = {
        let mut text = [0x4E; 140];
        [text[136], text[137], text[138], text[139]] = [0xD8, 0x3D, 0xDE, 0x00];
        text
    };
    let mta = |rules: &mut Submitting| {
        rules.long_message = LongText::Refuse;
        rules.alphabets = set(&[Alphabet::Ascii, Alphabet::Latin1, Alphabet::Ucs2]);
    };
    let sm = Sm {
        data_coding: 0x08,
        short_message: &CHINESE_AND_EMOJI,
        ..hello()
    };
    let status = made(&sm, mta, |submission| {
        assert_eq!(submission.message.text, CHINESE_AND_EMOJI);
        assert_eq!(submission.message.data_coding, 0x08);
    });
    assert_eq!(status, 0);
    let sm = Sm {
        short_message: &[0x4E; 142],
        ..sm
    };
    assert_eq!(made(&sm, mta, |_| ()), 0x01);
}

#[test]
fn a_class_can_be_taken_from_a_message_and_its_alphabet_stays() {
    let mut rules = Account::default().submitting;
    rules.message_class = ClassRule::Strip;
    coded(
        &rules,
        &[
            (0x10, Ok(0x00), Ok(0x00)),
            (0xF0, Ok(0x00), Ok(0x00)),
            (0x18, Ok(0x08), Ok(0x08)),
            (0xF5, Ok(0x04), Ok(0x04)),
            (0x08, Ok(0x08), Ok(0x08)),
        ],
    );
}

#[test]
fn a_message_that_would_be_cut_has_to_be_in_an_alphabet_of_parts() {
    let sm = Sm {
        data_coding: 0x08,
        short_message: &[0; 142],
        ..hello()
    };
    let only_7_bits = |rules: &mut Submitting| {
        rules.part_alphabets = set(&[Alphabet::Gsm7]);
    };
    assert_eq!(made(&sm, |_| (), |_| ()), 0);
    assert_eq!(made(&sm, only_7_bits, |_| ()), 0x104);
}

/// Shows MOB-178, MOB-184.
#[test]
fn ports_and_flash_are_refused_wherever_they_are_asked_for() {
    let refused = |sm: &Sm<'static>| {
        let mobivate = |rules: &mut Submitting| {
            rules.ports = false;
            rules.message_class = ClassRule::RefuseFlash;
        };
        assert_eq!(made(sm, |_| (), |_| ()), 0, "the default preset takes it");
        made(sm, mobivate, |_| ())
    };
    for header in [
        &b"\x04\x04\x02\x01\x02hi"[..],
        b"\x06\x05\x04\x0B\x84\0\0hi",
    ] {
        let sm = Sm {
            esm_class: UDHI,
            short_message: header,
            ..hello()
        };
        assert_eq!(refused(&sm), 0x45);
    }
    for asking in [
        &b"\x02\x0A\0\x02\x0B\x84"[..],
        b"\x02\x0B\0\x02\x0B\x84",
        b"\0\x05\0\x01\x01",
        b"\x13\x0C\0\0",
    ] {
        let sm = Sm {
            tlvs: tlvs(asking),
            ..hello()
        };
        assert_eq!(refused(&sm), 0x45, "{asking:02x?}");
    }
}

/// Shows BUL-17, C-18.
#[test]
fn parts_and_texts_in_tlvs_count_are_not_looked_at_or_refused() {
    const SAR: &[u8] = b"\x02\x0C\0\x02\0\x07\x02\x0E\0\x01\x02\x02\x0F\0\x01\x01";
    const PAYLOAD: &[u8] = b"\x04\x24\0\x02hi";
    let sm = |short_message: &'static [u8], sent: &'static [u8]| Sm {
        short_message,
        tlvs: tlvs(sent),
        ..hello()
    };
    for (rule, sar, payload, both) in [
        (Rule::Honour, (0, true), (0, &b"hi"[..]), 0x01),
        (Rule::Ignore, (0, false), (0x01, b""), 0),
        (Rule::Refuse, (0xC1, false), (0xC1, b""), 0xC1),
    ] {
        let rules = |rules: &mut Submitting| (rules.sar, rules.payload) = (rule, rule);
        let (mut is_part, mut text) = (false, Vec::new());
        let status = made(&sm(b"part", SAR), rules, |submission| {
            is_part = submission.part.is_some();
            assert_eq!(submission.message.tlvs, b"");
        });
        assert_eq!((status, is_part), sar, "{rule:?}");
        let status = made(&sm(b"", PAYLOAD), rules, |submission| {
            text = submission.message.text.to_vec();
        });
        assert_eq!((status, &text[..]), payload, "{rule:?}");
        assert_eq!(
            made(&sm(b"hello", PAYLOAD), rules, |_| ()),
            both,
            "{rule:?}"
        );
    }
}

#[test]
fn a_time_that_is_none_has_the_status_of_its_field() {
    check(
        |sm| sm.schedule_delivery_time = b"260230000000000+",
        0x61,
        "schedule_delivery_time",
    );
    check(
        |sm| sm.schedule_delivery_time = b"261121120000049+",
        0x61,
        "schedule_delivery_time",
    );
    check(
        |sm| sm.validity_period = b"2611a1120000000+",
        0x62,
        "validity_period",
    );
    check(
        |sm| sm.validity_period = b"000000000000000R",
        0x62,
        "validity_period",
    );
}

/// Shows MOB-187, MTA-107, BUL-28, BUL-30, BUL-33, C-8, C-23.
#[test]
fn times_count_from_now_or_are_ignored_or_refused_as_the_account_says() {
    let mut account = Account::default();
    let sm = Sm {
        schedule_delivery_time: b"261121140000004+",
        validity_period: b"000002000000000R",
        ..hello()
    };
    let mut scratch = Vec::new();
    let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
    let hours = |n: u64| Some(Wall(NOW.0 + n * 3_600_000));
    assert_eq!((submission.due, submission.expires), (hours(1), hours(48)));

    account.submitting.schedule = Rule::Ignore;
    account.submitting.validity = Rule::Ignore;
    let mut scratch = Vec::new();
    let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
    assert_eq!((submission.due, submission.expires), (None, None));

    account.submitting.validity = Rule::Refuse;
    assert_eq!(refusal(&sm, &account), (0x62, "validity_period"));
    account.submitting.schedule = Rule::Refuse;
    assert_eq!(refusal(&sm, &account), (0x61, "schedule_delivery_time"));
    assert_eq!(refusal(&hello(), &account), (0, ""));
}

#[test]
fn a_time_to_live_counts_only_where_a_validity_does() {
    let sm = Sm {
        tlvs: tlvs(b"\0\x17\0\x04\0\0\0\x3C"),
        ..hello()
    };
    let in_a_minute = Some(Wall(NOW.0 + 60_000));
    for (rule, expires) in [(Rule::Honour, in_a_minute), (Rule::Ignore, None)] {
        let mut until = None;
        let read = |submission: &Submission<'_>| until = submission.expires;
        assert_eq!(made(&sm, |rules| rules.validity = rule, read), 0);
        assert_eq!(until, expires, "{rule:?}");
    }
}

#[test]
fn a_text_in_both_places_or_twice_in_one_is_refused() {
    check(
        |sm| sm.tlvs = tlvs(b"\x04\x24\0\x02hi"),
        0x01,
        "short_message and message_payload",
    );
    check(
        |sm| {
            sm.short_message = b"";
            sm.tlvs = tlvs(b"\x04\x24\0\x02hi\x04\x24\0\x02ho");
        },
        0xC1,
        "message_payload",
    );
}

#[test]
fn an_account_may_allow_less_text() {
    let mut account = Account::default();
    account.submitting.message_octets_max = 254;
    account.submitting.payload = Rule::Refuse;
    account.submitting.empty_text = false;
    let long = [b'x'; 255];
    for (short_message, payload, refused) in [
        (&long[..], Tlvs::EMPTY, (0x01, "short_message")),
        (&long[..254], Tlvs::EMPTY, (0, "")),
        (b"", Tlvs::EMPTY, (0x01, "short_message")),
        (b"", tlvs(b"\x04\x24\0\x02hi"), (0xC1, "message_payload")),
    ] {
        let sm = Sm {
            short_message,
            tlvs: payload,
            ..hello()
        };
        assert_eq!(refusal(&sm, &account), refused);
        assert_eq!(
            refusal(&sm, &Account::default()),
            (0, ""),
            "the default preset takes it"
        );
    }
}

#[test]
fn a_header_beyond_its_text_is_refused_and_one_without_text_taken() {
    let with_header = |text: &'static [u8]| {
        move |sm: &mut Sm<'static>| {
            sm.esm_class = UDHI;
            sm.short_message = text;
        }
    };
    check(with_header(b"\x20\x00\x03"), 0x43, "user data header");
    check(
        with_header(b"\x04\x00\x09\x01\x02hi"),
        0x43,
        "user data header",
    );
    check(with_header(b""), 0x43, "user data header");
    check(with_header(b"\x05\x00\x03\x07\x02\x01"), 0, "");
}

#[test]
fn a_part_beyond_the_last_is_refused_and_half_a_triplet_ignored() {
    let sar = b"\x02\x0C\0\x02\0\x07\x02\x0E\0\x01\x02\x02\x0F\0\x01\x03";
    check(|sm| sm.tlvs = tlvs(sar), 0xC4, "sar_segment_seqnum");
    check(|sm| sm.tlvs = tlvs(&sar[..11]), 0, "");
}

#[test]
fn a_tlv_of_odd_length_is_refused_only_by_a_strict_account() {
    let sm = Sm {
        tlvs: tlvs(b"\x02\x04\0\x01\x07"),
        ..hello()
    };
    let mut account = Account::default();
    assert_eq!(refusal(&sm, &account), (0, ""));
    account.submitting.strict_tlv = true;
    assert_eq!(refusal(&sm, &account), (0xC2, "tlv"));
}

fn selected(sm: &Sm<'_>, selector: RouteSelector) -> Option<RouteName> {
    let mut account = Account::default();
    account.submitting.route_selector = selector;
    let mut scratch = Vec::new();
    let submission = Submission::read(sm, &account, NOW, &mut scratch).expect("in order");
    submission.route
}

/// Shows MOB-188, MOB-189, MOB-190.
#[test]
fn dest_subaddress_selects_a_route_of_any_length_with_and_without_its_type() {
    const UUID: &[u8; 40] = b"\x02\x03\0\x246f9619ff-8b86-d011-b42d-00cf4fc964ff";
    let uuid = RouteName::of(&UUID[4..]);
    for (sent, name) in [
        (
            &b"\x02\x03\0\x07mglobal"[..],
            Some(RouteName::of(b"mglobal")),
        ),
        (UUID, Some(uuid)),
        (
            b"\x02\x03\0\x08\xA0mglobal",
            Some(RouteName::of(b"mglobal")),
        ),
        (b"\x02\x03\0\x08mglobal\0", Some(RouteName::of(b"mglobal"))),
        (b"\x02\x03\0\x01x", Some(RouteName::of(b"x"))),
        (b"\x02\x03\0\0", None),
        (b"", None),
    ] {
        let sm = Sm {
            tlvs: tlvs(sent),
            ..hello()
        };
        assert_eq!(selected(&sm, RouteSelector::DestSubaddress), name);
        assert_eq!(selected(&sm, RouteSelector::None), None);
    }
}

/// Shows BUL-20, BUL-21, BUL-23.
#[test]
fn service_type_selects_a_route_and_does_not_travel() {
    let sm = |service_type: &'static [u8]| Sm {
        service_type,
        ..hello()
    };
    let mut account = Account::default();
    account.submitting.route_selector = RouteSelector::ServiceType;
    for (service_type, name) in [
        (&b"1"[..], Some(RouteName::of(b"1"))),
        (b"3", Some(RouteName::of(b"3"))),
        (b"", None),
    ] {
        let (sm, mut scratch) = (sm(service_type), Vec::new());
        let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
        assert_eq!(submission.route, name);
        assert_eq!(submission.message.service_type, b"");
    }
    assert_eq!(selected(&sm(b"1"), RouteSelector::None), None);
}

#[test]
fn the_route_s_name_has_the_length_that_it_has_even_for_a_strict_account() {
    let mut account = Account::default();
    account.submitting.strict_tlv = true;
    let sm = Sm {
        tlvs: tlvs(b"\x02\x03\0\x01x"),
        ..hello()
    };
    assert_eq!(refusal(&sm, &account), (0xC2, "tlv"));
    account.submitting.route_selector = RouteSelector::DestSubaddress;
    assert_eq!(refusal(&sm, &account), (0, ""));
}

#[test]
fn a_data_sm_is_a_message_with_its_text_in_the_payload() {
    let data = DataSm {
        service_type: b"CMT",
        source: hello().source,
        destination: hello().destination,
        registered_delivery: 1,
        tlvs: tlvs(b"\x04\x24\0\x02hi\0\x17\0\x04\0\0\0\x3C"),
        ..DataSm::default()
    };
    let (account, mut scratch) = (Account::default(), Vec::new());
    let sm = from_data_sm(&data);
    let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
    assert_eq!(submission.message.text, b"hi");
    assert_eq!(submission.message.tlvs, b"");
    assert_eq!(submission.expires, Some(Wall(NOW.0 + 60_000)));
    assert_eq!(submission.wants, Wants::from_registered_delivery(1));
}

#[test]
fn priority_is_a_lane_class_up_to_the_account_s_highest() {
    let mut account = Account::default();
    account.submitting.priority_max = 1;
    let sm = Sm {
        priority_flag: 3,
        ..hello()
    };
    let mut scratch = Vec::new();
    let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
    assert_eq!((submission.priority, submission.message.priority), (1, 3));
}
