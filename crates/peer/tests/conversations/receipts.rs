//! How receipts look to customers.

use engine::Cause;
use peer::{Account, ErrMap, ErrOf, MessageIdForm, ReceiptForm, ReceiptText, ReceiptTlvs};
use smpp::Version;
use sms::State;

use crate::customer::{account, bound, transceiver};

/// What a receiver with these receipts is delivered for `receipt`, from 80888 to 4478 with the text `hello`.
#[track_caller]
fn receipt(form: ReceiptForm, receipt: &str, expected: &str) {
    let mut account = account();
    account.delivering.receipts = form;
    delivered(account, receipt, expected);
}

#[track_caller]
fn delivered(account: Account, receipt: &str, expected: &str) {
    bound(
        account,
        "receiver",
        Version::V34,
        &format!(
            "engine deliver 9 receipt {receipt} from=1/1/80888 to=1/1/4478 text=\"hello\"
             -> deliver_sm 1 from=1/1/4478 to=1/1/80888 {expected}"
        ),
    );
}

/// Shows MTA-67, MTA-68, MTA-69, MTA-70, MTA-71, MTA-72, MTA-74, MES-22.
#[test]
fn a_receipt_has_the_labels_of_the_specification_in_their_order() {
    for (state, err, dlvrd, number) in [("DELIVRD", "000", "001", 2), ("UNDELIV", "011", "000", 5)]
    {
        receipt(
            ReceiptForm::default(),
            &format!("#249108103168000001 {state} {err}"),
            &format!(
                "esm=0x4 text=\"id:249108103168000001 sub:001 dlvrd:{dlvrd} submit date:2611211200 done date:2611211201 stat:{state} err:{err} text:hello\" receipted=\"249108103168000001\" state={number} network_error=hex:0300{:02x}",
                err.parse::<u8>().expect("a number")
            ),
        );
    }
}

/// Shows MTA-77, MTA-79.
#[test]
fn every_state_has_its_word_and_marks_a_receipt() {
    for (state, esm) in [
        ("DELIVRD", 0x04),
        ("EXPIRED", 0x04),
        ("DELETED", 0x04),
        ("UNDELIV", 0x04),
        ("ACCEPTD", 0x04),
        ("UNKNOWN", 0x04),
        ("REJECTD", 0x04),
        ("ENROUTE", 0x20),
        // The last that there is to hear.
        ("ENROUTE!", 0x04),
    ] {
        let stat = state.trim_end_matches('!');
        let dlvrd = u8::from(state == "DELIVRD");
        let form = ReceiptForm {
            tlvs: ReceiptTlvs::NONE,
            ..ReceiptForm::default()
        };
        receipt(
            form,
            &format!("#1 {state} 000"),
            &format!(
                "esm={esm:#x} text=\"id:1 sub:001 dlvrd:00{dlvrd} submit date:2611211200 done date:2611211201 stat:{stat} err:000 text:hello\""
            ),
        );
    }
}

/// Shows BUL-F4, C-21.
#[test]
fn dates_are_in_the_account_s_zone_and_may_have_seconds() {
    let tlvs = ReceiptTlvs::NONE;
    let cases = [
        // GMT+2; a zone with quarter hours; one that is behind.
        (8, false, "2611211400", "2611211401"),
        (23, true, "261121174500", "261121174600"),
        (-48, false, "2611210000", "2611210001"),
    ];
    for (offset_quarters, seconds, submitted, done) in cases {
        receipt(
            ReceiptForm {
                offset_quarters,
                seconds,
                tlvs,
                ..ReceiptForm::default()
            },
            "#1 DELIVRD 000",
            &format!(
                "esm=0x4 text=\"id:1 sub:001 dlvrd:001 submit date:{submitted} done date:{done} stat:DELIVRD err:000 text:hello\""
            ),
        );
    }
}

/// Shows MTA-76, BUL-F5, C-21.
#[test]
fn err_is_what_the_account_s_map_says_the_cause_before_the_state() {
    let rows = [
        (ErrOf::State(State::Expired), "053"),
        (ErrOf::State(State::Undeliverable), "050"),
        (ErrOf::Cause(Cause::NoRoute), "031"),
        (ErrOf::Cause(Cause::NoCredit), "025"),
        (ErrOf::Cause(Cause::OverDailyLimit), "027"),
        (ErrOf::Cause(Cause::Code(*b"0A1")), "handset-off"),
        (ErrOf::State(State::Rejected), "99999"),
    ];
    let err = ErrMap::new(rows.map(|(of, err)| (of, err.into())));
    for (told, state, mapped, network_error) in [
        ("EXPIRED 000", 3, "053", " network_error=hex:030035"),
        ("UNDELIV 044", 5, "050", " network_error=hex:030032"),
        ("UNDELIV no_route", 5, "031", " network_error=hex:03001f"),
        ("REJECTD no_credit", 8, "025", " network_error=hex:030019"),
        (
            "REJECTD over_daily_limit",
            8,
            "027",
            " network_error=hex:03001b",
        ),
        // Free text has no network's code, nor has a number that is too large for one.
        ("UNDELIV 0A1", 5, "handset-off", ""),
        ("REJECTD 011", 8, "99999", ""),
        // What the map does not name stays.
        ("DELETED 027", 4, "027", " network_error=hex:03001b"),
    ] {
        let stat = &told[..7];
        receipt(
            ReceiptForm {
                err: err.clone(),
                ..ReceiptForm::default()
            },
            &format!("#1 {told}"),
            &format!(
                "esm=0x4 text=\"id:1 sub:001 dlvrd:000 submit date:2611211200 done date:2611211201 stat:{stat} err:{mapped} text:hello\" receipted=\"1\" state={state}{network_error}"
            ),
        );
    }
}

#[test]
fn without_a_map_a_decision_of_the_gateway_has_zeros() {
    receipt(
        ReceiptForm::default(),
        "#1 UNDELIV no_route",
        "esm=0x4 text=\"id:1 sub:001 dlvrd:000 submit date:2611211200 done date:2611211201 stat:UNDELIV err:000 text:hello\" receipted=\"1\" state=5 network_error=hex:030000",
    );
}

/// Shows MTA-58, C-15.
#[test]
fn the_id_in_receipts_is_that_of_the_answer_or_in_a_form_of_its_own() {
    use MessageIdForm::{Decimal, Hex};
    for (answer, own, id) in [
        (Decimal, None, "195951310"),
        (Hex, None, "000000000badface"),
        // Hexadecimal in the answer and decimal in receipts, as some carriers have it.
        (Hex, Some(Decimal), "195951310"),
        (Decimal, Some(Hex), "000000000badface"),
    ] {
        let mut account = account();
        account.delivering.message_id = answer;
        account.delivering.receipts.message_id = own;
        delivered(
            account,
            "#195951310 DELIVRD 000",
            &format!(
                "esm=0x4 text=\"id:{id} sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:hello\" receipted=\"{id}\" state=2 network_error=hex:030000"
            ),
        );
    }
}

/// Shows C-21.
#[test]
fn each_tlv_comes_or_not_by_itself() {
    for (tlvs, expected) in [
        (
            ReceiptTlvs {
                message_id: true,
                ..ReceiptTlvs::NONE
            },
            "receipted=\"1\"",
        ),
        (
            ReceiptTlvs {
                state: true,
                ..ReceiptTlvs::NONE
            },
            "state=2",
        ),
        (
            ReceiptTlvs {
                network_error: true,
                ..ReceiptTlvs::NONE
            },
            "network_error=hex:030000",
        ),
        (
            ReceiptTlvs {
                network_error: false,
                ..ReceiptTlvs::ALL
            },
            "receipted=\"1\" state=2",
        ),
    ] {
        receipt(
            ReceiptForm {
                tlvs,
                text: ReceiptText::None,
                ..ReceiptForm::default()
            },
            "#1 DELIVRD 000",
            &format!("esm=0x4 {expected}"),
        );
    }
}

#[test]
fn a_receipt_may_say_nothing_of_the_message() {
    receipt(
        ReceiptForm {
            text: ReceiptText::Empty,
            tlvs: ReceiptTlvs::NONE,
            ..ReceiptForm::default()
        },
        "#1 DELIVRD 000",
        "esm=0x4 text=\"id:1 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:\"",
    );
}

#[test]
fn intermediate_receipts_and_the_states_of_5_0_are_said_in_the_peer_s_words() {
    transceiver(
        r#"
        engine deliver 8 receipt #1 SCHEDLD 000 from=1/1/80888 to=1/1/4478 dcs=8 text="\x00h\x00i"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 esm=0x20 text="id:1 sub:001 dlvrd:000 submit date:2611211200 done date:2611211201 stat:ENROUTE err:000 text:hi" receipted="1" state=1 network_error=hex:030000
        engine deliver 9 receipt #1 SKIPPED 0A1 from=1/1/80888 to=1/1/4478 dcs=4 text="\x01\x02"
        -> deliver_sm 2 from=1/1/4478 to=1/1/80888 esm=0x4 text="id:1 sub:001 dlvrd:000 submit date:2611211200 done date:2611211201 stat:REJECTD err:0A1 text:" receipted="1" state=8
        "#,
    );
    bound(
        account(),
        "transceiver",
        Version::V50,
        r#"
        engine deliver 9 receipt #1 SKIPPED 001 from=1/1/80888 to=1/1/4478 esm=0x40 text="\x05\x00\x03\x07\x02\x01a longer text than a receipt repeats"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 esm=0x4 text="id:1 sub:001 dlvrd:000 submit date:2611211200 done date:2611211201 stat:SKIPPED err:001 text:a longer text than a" receipted="1" state=9 network_error=hex:030001
        "#,
    );
}

/// Shows MTA-75.
#[test]
fn a_receipt_repeats_the_message_in_letters_that_every_program_knows() {
    let mut account = account();
    account.delivering.receipts.tlvs = ReceiptTlvs::NONE;
    let script = |fields: &str, text: &str| {
        format!(
            "engine deliver 9 receipt #1 DELIVRD 000 from=1/1/80888 to=1/1/4478 {fields}
             -> deliver_sm 1 from=1/1/4478 to=1/1/80888 esm=0x4 text=\"id:1 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:{text}\""
        )
    };
    for (fields, text) in [
        // “ne”… in UCS-2; a line break; 19, 20 and 21 characters; é and @ of GSM; the same in Latin-1.
        (
            r#"dcs=8 text="\x20\x1c\x00n\x00e\x20\x1d\x20\x26""#,
            r#"\"ne\"..."#,
        ),
        (r#"text="a\x0ab""#, "a b"),
        (r#"text="1234567890123456789""#, "1234567890123456789"),
        (r#"text="12345678901234567890""#, "12345678901234567890"),
        (r#"text="123456789012345678901""#, "12345678901234567890"),
        (r#"text="\x05 \x00""#, "e ?"),
        (r#"dcs=3 text="\xe9 @""#, "e ?"),
    ] {
        bound(
            account.clone(),
            "receiver",
            Version::V34,
            &script(fields, text),
        );
    }
}

#[test]
fn a_receipt_that_would_say_nothing_says_all_in_its_text() {
    receipt(
        ReceiptForm {
            text: ReceiptText::None,
            tlvs: ReceiptTlvs::NONE,
            ..ReceiptForm::default()
        },
        "#1 DELIVRD 000",
        "esm=0x4 text=\"id:1 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:hello\"",
    );
}
