//! Messages of subscribers, as customers read them.

use peer::{Account, MoAlphabet};
use smpp::Version;
use sms::Alphabet;

use crate::customer::{account, bound};

/// What a receiver is delivered of a message with these fields.
#[track_caller]
fn delivered(account: Account, fields: &str, expected: &str) {
    bound(
        account,
        "receiver",
        Version::V34,
        &format!(
            "engine deliver 9 mo from=1/1/4478 to=1/1/80888 {fields}
             -> deliver_sm 1 from=1/1/4478 to=1/1/80888 {expected}"
        ),
    );
}

fn with(mo_alphabet: MoAlphabet) -> Account {
    let mut account = account();
    account.delivering.mo_alphabet = mo_alphabet;
    account
}

/// Shows MTA-60, MTA-61, MTA-62, MTA-78, BUL-40.
#[test]
fn a_message_comes_from_the_subscriber_to_the_number_as_it_was_written() {
    for fields in [
        r#"text="hello""#,
        r#"dcs=0x3 text="\xe9""#,
        r#"dcs=0x8 text="\x00h\x00i""#,
        r#"dcs=0x4 text="\x01\xff""#,
    ] {
        delivered(account(), fields, fields);
    }
}

/// Shows BUL-41, C-27.
#[test]
fn what_is_not_basic_gsm_or_is_greek_is_a_question_mark() {
    for (fields, expected) in [
        // Omega, the euro sign and braces among basic characters, in GSM; 0x11 is the underscore.
        (
            r#"text="a\x15\x1be\x1b(\x1b)\x11\x02""#,
            r#"text="a????\x11\x02""#,
        ),
        // The same in UCS-2, and a letter that GSM lacks.
        (
            r#"dcs=8 text="\x00a\x03\xa9\x20\xac\x00{\x01\x42\x00@""#,
            r#"text="a????\x00""#,
        ),
        // A part of several: each comes alone.
        (
            r#"esm=0x40 text="\x05\x00\x03\x07\x02\x01hi\x10""#,
            r#"text="hi?""#,
        ),
        // What is no text is not guessed at.
        (r#"dcs=0x4 text="\x01\x10""#, r#"dcs=0x4 text="\x01\x10""#),
    ] {
        delivered(with(MoAlphabet::GsmBasic), fields, expected);
    }
}

/// Shows MTA-62, C-27.
#[test]
fn a_customer_that_reads_a_value_otherwise_gets_the_text_in_what_it_reads() {
    let mut account = with(MoAlphabet::Readable);
    account.submitting.reading.zero = Alphabet::Ascii;
    for (fields, expected) in [
        // @ is 0 in GSM and 0x40 in ASCII.
        (r#"text="a\x00b""#, r#"text="a@b""#),
        // e with an accent is in Latin-1, and the euro sign in UCS-2.
        (r#"text="\x05""#, r#"dcs=0x3 text="\xe9""#),
        (r#"text="\x1be""#, r#"dcs=0x8 text=" \xac""#),
        (
            r#"esm=0x40 text="\x05\x00\x03\x07\x02\x01a\x00""#,
            r#"esm=0x40 text="\x05\x00\x03\x07\x02\x01a@""#,
        ),
        (r#"dcs=0x3 text="\xe9""#, r#"dcs=0x3 text="\xe9""#),
    ] {
        delivered(account.clone(), fields, expected);
    }
    account.delivering.mo_alphabet = MoAlphabet::AsReceived;
    delivered(account, r#"text="a\x00b""#, r#"text="a\x00b""#);
}

/// Parts of a user data header and `count` times `octet`, quoted, of the message of this reference.
fn part(reference: u8, total: u8, number: u8, count: usize, octet: &str) -> String {
    let text = octet.repeat(count);
    format!("\"\\x05\\x00\\x03\\x{reference:02x}\\x{total:02x}\\x{number:02x}{text}\"")
}

/// A receiver of version 3.3, to which there is no message_payload.
fn without_payload(account: Account, script: &str) {
    bound(account, "receiver", Version::V33, script);
}

#[test]
fn a_long_message_reaches_a_peer_of_3_3_in_parts_that_follow_each_other() {
    let [first, second] =
        [(1, 153), (2, 102)].map(|(number, count)| part(1, 2, number, count, "x"));
    let next = part(2, 2, 1, 153, "y");
    let addresses = "from=1/1/4478 to=1/1/80888";
    without_payload(
        account(),
        &format!(
            "
            engine deliver 9 mo {addresses} text=255*x
            -> deliver_sm 1 {addresses} esm=0x40 text={first}
            engine deliver 10 mo {addresses} text=\"STOP\"
            -> deliver_sm 2 {addresses} text=\"STOP\"
            <- deliver_sm_resp 1 0
            -> deliver_sm 3 {addresses} esm=0x40 text={second}
            engine deliver 11 mo {addresses} text=255*y
            -> deliver_sm 4 {addresses} esm=0x40 text={next}
            <- deliver_sm_resp 3 0
            => delivered 9 accepted id=\"\"
            <- deliver_sm_resp 2 0
            => delivered 10 accepted id=\"\"
            "
        ),
    );
}

#[test]
fn a_part_that_is_refused_is_the_last() {
    let addresses = "from=1/1/4478 to=1/1/80888";
    let first = part(1, 2, 1, 134, "x");
    without_payload(
        account(),
        &format!(
            "
            engine deliver 9 mo {addresses} dcs=4 text=255*x
            -> deliver_sm 1 {addresses} esm=0x40 dcs=0x4 text={first}
            <- deliver_sm_resp 1 0x64
            note peer refused 0x64
            => delivered 9 refused Temporary 0x64
            "
        ),
    );
}

#[test]
fn a_message_is_cut_as_its_customer_reads_it() {
    let addresses = "from=1/1/4478 to=1/1/80888";
    // In UCS-2 it takes more room than in the octets that came: 128 characters, one of them the euro sign.
    let mut account = account();
    account.submitting.reading.zero = Alphabet::Ascii;
    let first = part(1, 2, 1, 67, r"\x00\xe8");
    without_payload(
        account.clone(),
        &format!(
            "
            engine deliver 9 mo {addresses} text=hex:{}1b65
            -> deliver_sm 1 {addresses} esm=0x40 dcs=0x8 text={first}
            ",
            "04".repeat(127),
        ),
    );
    // Who gets basic characters gets no header either.
    account.delivering.mo_alphabet = MoAlphabet::GsmBasic;
    without_payload(
        account,
        &format!(
            "
            engine deliver 9 mo {addresses} text=255*x
            -> deliver_sm 1 {addresses} text=153*x
            <- deliver_sm_resp 1 0
            -> deliver_sm 2 {addresses} text=102*x
            <- deliver_sm_resp 2 0
            => delivered 9 accepted id=\"\"
            "
        ),
    );
}

#[test]
fn a_part_without_room_for_its_letters_comes_in_letters_that_look_alike() {
    let addresses = "from=1/1/4478 to=1/1/80888";
    let mut account = account();
    account.submitting.reading.zero = Alphabet::Ascii;
    // In UCS-2 it takes more than 254 octets, and ASCII has neither e with an accent nor Omega nor the euro sign.
    let header = r"\x05\x00\x03\x07\x02\x01";
    let letters = "x".repeat(143);
    without_payload(
        account.clone(),
        &format!(
            r#"
            engine deliver 9 mo {addresses} esm=0x40 text="{header}{letters}\x05\x15\x1be"
            -> deliver_sm 1 {addresses} esm=0x40 text="{header}{letters}e?EUR"
            <- deliver_sm_resp 1 0
            => delivered 9 accepted id=""
            "#
        ),
    );
    // Where there is room, nothing is lost.
    without_payload(
        account.clone(),
        &format!(
            r#"
            engine deliver 9 mo {addresses} esm=0x40 text="{header}x\x1be"
            -> deliver_sm 1 {addresses} esm=0x40 dcs=0x8 text="{header}\x00x \xac"
            "#
        ),
    );
}
