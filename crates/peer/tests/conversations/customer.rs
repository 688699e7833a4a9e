//! Conversations with customers.

use engine::CustomerId;
use peer::{Account, MessageIdForm, Mismatch};
use smpp::status;
use smpp::{Version, command};

pub(crate) fn account() -> Account {
    Account {
        customer: CustomerId(7),
        system_id: "demo".to_owned(),
        ..Account::default()
    }
}

/// A conversation that begins with a bind of this kind and version.
#[track_caller]
pub(crate) fn bound(account: Account, kind: &str, version: Version, script: &str) {
    let octet = version.interface_version();
    let window = account.session.window_out;
    let sc_version = if version >= Version::V34 {
        format!(" sc_version=hex:{octet:02x}")
    } else {
        String::new()
    };
    let begin = format!(
        "<- bind_{kind} 1 system_id=demo password=secret version={octet:#x}
         flow authenticate demo {kind} {version:?}
         shell account
         => bind customer=7 {kind} window={window}
         engine bound 5
         -> bind_{kind}_resp 1 ok system_id=bindery{sc_version}
         +50ms
        "
    );
    crate::talk::customer(account, &(begin + script));
}

#[track_caller]
pub(crate) fn transceiver(script: &str) {
    bound(account(), "transceiver", Version::V34, script);
}

/// Shows MOB-176, MTA-44, MTA-58, MTA-66, MTA-67, MTA-68, MTA-69, MTA-70, MTA-71, MTA-72, MTA-75, MTA-79, MES-22.
#[test]
fn a_message_is_submitted_accepted_and_receipted() {
    transceiver(
        r#"
        <- submit_sm 2 from=0/0/Bindery to=0/0/+447700900123 text="hello" rd=1
        => submit 2 bind=5 wants=0x3 from=5/0/Bindery to=1/1/447700900123 rd=0x1 text="hello"
        engine accepted 2 #249108103168000001
        -> submit_sm_resp 2 ok id="249108103168000001"
        engine deliver 9 receipt #249108103168000001 DELIVRD 000 from=5/0/Bindery to=1/1/447700900123 rd=0x1 text="hello"
        -> deliver_sm 1 from=1/1/447700900123 to=5/0/Bindery esm=0x4 text="id:249108103168000001 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:hello" receipted="249108103168000001" state=2 network_error=hex:030000
        <- deliver_sm_resp 1 ok
        => delivered 9 accepted id=""
        "#,
    );
}

#[test]
fn message_ids_are_told_in_the_account_s_form() {
    let mut account = account();
    account.delivering.message_id = MessageIdForm::Hex;
    bound(
        account,
        "transmitter",
        Version::V50,
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x"
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine accepted 2 #195951310
        -> submit_sm_resp 2 ok id="000000000badface"
        "#,
    );
}

#[test]
fn a_3_3_bind_gets_short_ids_and_no_tlvs() {
    bound(
        account(),
        "transmitter",
        Version::V33,
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x"
        => submit 2 bind=5 alias from=1/1/4477 to=1/1/4478 text="x"
        engine accepted 2 10001005
        -> submit_sm_resp 2 ok id="10001005"
        "#,
    );
    bound(
        account(),
        "receiver",
        Version::V33,
        r#"
        engine deliver 9 receipt 10001005 EXPIRED 027 from=1/1/80888 to=1/1/4478 text="x"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 esm=0x4 text="id:10001005 sub:001 dlvrd:000 submit date:2611211200 done date:2611211201 stat:EXPIRED err:027 text:x"
        <- deliver_sm_resp 1 ok header
        => delivered 9 accepted id=""
        "#,
    );
}

#[test]
fn scheduled_and_expiring_messages_carry_their_times() {
    transceiver(
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x" at=261121140000004+ until=000001000000000R priority=3 rd=0x11
        => submit 2 bind=5 lane=0x3 wants=0x7 due=+3600s expires=+86400s from=1/1/4477 to=1/1/4478 priority=0x3 rd=0x11 text="x"
        "#,
    );
}

#[test]
fn a_long_text_comes_in_the_payload_and_other_tlvs_travel() {
    transceiver(
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 payload=300*x reference=77 vendor=hex:616263
        => submit 2 bind=5 long=Gsm7 from=1/1/4477 to=1/1/4478 text=300*x reference=77 vendor=hex:616263
        "#,
    );
}

#[test]
fn data_sm_is_answered_as_data_sm() {
    transceiver(
        r#"
        <- data_sm 2 from=1/1/4477 to=1/1/4478 payload="x" lives=60
        => submit 2 bind=5 expires=+60s from=1/1/4477 to=1/1/4478 text="x"
        <- data_sm 3 from=1/1/4477 to=1/1/4478 payload="y"
        => submit 3 bind=5 from=1/1/4477 to=1/1/4478 text="y"
        <- submit_sm 4 from=1/1/4477 to=1/1/4478 text="z"
        => submit 4 bind=5 from=1/1/4477 to=1/1/4478 text="z"
        engine accepted 4 #44
        -> submit_sm_resp 4 ok id="44"
        engine accepted 2 #42
        -> data_sm_resp 2 ok id="42"
        engine refused 3 Full
        -> data_sm_resp 3 0x14 id=""
        "#,
    );
}

/// Shows MTA-31, BUL-43, BUL-44, BUL-45, BUL-46, BUL-48, C-10.
#[test]
fn an_operation_outside_of_the_account_s_is_answered_as_what_it_is_and_the_session_stays() {
    let mut account = account();
    account.submitting.operations = [command::SUBMIT_SM].into_iter().collect();
    bound(
        account,
        "transceiver",
        Version::V50,
        r#"
        <- data_sm 2 from=1/1/4477 to=1/1/4478 payload="x"
        note refused data_sm 0x03 operation not allowed
        -> data_sm_resp 2 0x03 id=""
        <- raw 00000024 00000021 00000000 00000003 00 000000 01 01 0000 3100 000000 00 00 00000000 00
        note refused submit_multi 0x03 operation not allowed
        -> submit_multi_resp 3 0x03
        <- query_sm 4
        note refused query_sm 0x03 operation not allowed
        -> query_sm_resp 4 0x03
        <- cancel_sm 5
        note refused cancel_sm 0x03 operation not allowed
        -> cancel_sm_resp 5 0x03
        <- replace_sm 6
        note refused replace_sm 0x03 operation not allowed
        -> replace_sm_resp 6 0x03
        <- broadcast_sm 7
        note refused broadcast_sm 0x03 operation not allowed
        -> broadcast_sm_resp 7 0x03
        <- query_broadcast_sm 8
        note refused query_broadcast_sm 0x03 operation not allowed
        -> query_broadcast_sm_resp 8 0x03
        <- cancel_broadcast_sm 9
        note refused cancel_broadcast_sm 0x03 operation not allowed
        -> cancel_broadcast_sm_resp 9 0x03
        <- raw 00000010 00000022 00000000 0000000a
        -> generic_nack 10 0x03
        <- submit_sm 11 from=1/1/4477 to=1/1/4478 text="x"
        => submit 11 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        "#,
    );
}

#[test]
fn cell_broadcast_is_offered_to_nobody_and_below_5_0_unknown() {
    bound(
        account(),
        "transceiver",
        Version::V50,
        "
        <- broadcast_sm 2
        note refused broadcast_sm 0x03 operation not allowed
        -> broadcast_sm_resp 2 0x03
        <- query_broadcast_sm 3
        note refused query_broadcast_sm 0x03 operation not allowed
        -> query_broadcast_sm_resp 3 0x03
        <- cancel_broadcast_sm 4
        note refused cancel_broadcast_sm 0x03 operation not allowed
        -> cancel_broadcast_sm_resp 4 0x03
        <- enquire_link 5
        -> enquire_link_resp 5 ok
        ",
    );
    transceiver(
        "
        <- broadcast_sm 2
        -> generic_nack 2 0x03
        <- query_broadcast_sm 3
        -> generic_nack 3 0x03
        <- cancel_broadcast_sm 4
        -> generic_nack 4 0x03
        <- enquire_link 5
        -> enquire_link_resp 5 ok
        ",
    );
}

/// Shows MTA-91, MTA-99, MTA-100.
#[test]
fn every_refusal_of_the_engine_has_its_status() {
    transceiver(
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x"
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 2 Full
        -> submit_sm_resp 2 0x14
        <- submit_sm 3 from=1/1/4477 to=1/1/4478 text="x"
        => submit 3 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 3 Throttled
        -> submit_sm_resp 3 0x58
        <- submit_sm 4 from=1/1/4477 to=1/1/4478 text="x"
        => submit 4 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 4 NoRoute
        -> submit_sm_resp 4 0x45
        <- submit_sm 5 from=1/1/4477 to=1/1/4478 text="x"
        => submit 5 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 5 Expired
        -> submit_sm_resp 5 0x62
        <- submit_sm 6 from=1/1/4477 to=1/1/4478 text="x"
        => submit 6 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 6 NotAllowed
        -> submit_sm_resp 6 0x45
        <- submit_sm 7 from=1/1/4477 to=1/1/4478 text="x"
        => submit 7 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 7 Draining
        -> submit_sm_resp 7 0x08
        "#,
    );
}

/// Shows MTA-91, MTA-102.
#[test]
fn a_bad_field_is_refused_before_the_engine_hears_of_it() {
    transceiver(
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/letters text="x"
        note refused submit_sm 0x0b destination_addr
        -> submit_sm_resp 2 0x0b
        <- submit_sm 3 from=1/7/4477 to=1/1/4478 text="x"
        note refused submit_sm 0x49 source_addr_npi
        -> submit_sm_resp 3 0x49
        <- submit_sm 4 from=1/1/4477 to=255/1/4478 text="x"
        note refused submit_sm 0x50 dest_addr_ton
        -> submit_sm_resp 4 0x50
        <- submit_sm 5 from=1/1/4477 to=1/1/4478 text="x" payload="y"
        note refused submit_sm 0x01 short_message and message_payload
        -> submit_sm_resp 5 0x01
        "#,
    );
}

#[test]
fn a_status_of_5_0_is_told_to_3_4_in_its_own_words() {
    let script = |status: &str| {
        format!(
            r#"
            <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x" dcs=15
            note refused submit_sm 0x104 data_coding
            -> submit_sm_resp 2 {status}
            "#
        )
    };
    bound(account(), "transceiver", Version::V34, &script("0x45"));
    bound(account(), "transceiver", Version::V50, &script("0x104"));
}

#[test]
fn a_body_that_cannot_be_read_is_answered_and_the_next_pdu_still_heard() {
    transceiver(
        r#"
        <-- raw 00000014 00000004 00000000 00000002 00000000
        <- submit_sm 3 from=1/1/4477 to=1/1/4478 text="x"
        note malformed submit_sm 0x02 destination_addr
        => submit 3 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        -> submit_sm_resp 2 0x02
        "#,
    );
}

#[test]
fn a_mo_comes_as_short_message_or_as_payload() {
    transceiver(
        r#"
        engine deliver 8 mo from=1/1/4478 to=1/1/80888 text="STOP"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 text="STOP"
        engine deliver 9 mo from=1/1/4478 to=1/1/80888 dcs=4 text=255*x reference=7 billing=hex:01
        -> deliver_sm 2 from=1/1/4478 to=1/1/80888 dcs=0x4 reference=7 payload=255*x
        "#,
    );
    bound(
        account(),
        "transceiver",
        Version::V50,
        r#"
        engine deliver 9 mo from=1/1/4478 to=1/1/80888 dcs=4 text=255*x billing=hex:01
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 dcs=0x4 text=255*x billing=hex:01
        "#,
    );
}

#[test]
fn a_mo_that_a_3_3_peer_has_no_room_for_is_given_up_if_it_cannot_be_cut() {
    bound(
        account(),
        "receiver",
        Version::V33,
        r#"
        engine deliver 9 mo from=1/1/4478 to=1/1/80888 dcs=4 esm=0x40 text=255*x
        => delivered 9 refused Permanent 0x65
        engine deliver 10 mo from=1/1/4478 to=1/1/80888 dcs=4 text=254*x reference=7
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 dcs=0x4 text=254*x
        "#,
    );
}

/// Shows MTA-24, MTA-64.
#[test]
fn what_the_customer_says_of_a_delivery_reaches_the_engine() {
    transceiver(
        r#"
        engine deliver 11 mo from=1/1/4478 to=1/1/80888 text="a"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 text="a"
        <- deliver_sm_resp 1 0x64
        note peer refused 0x64
        => delivered 11 refused Temporary 0x64
        engine deliver 12 mo from=1/1/4478 to=1/1/80888 text="b"
        -> deliver_sm 2 from=1/1/4478 to=1/1/80888 text="b"
        <- deliver_sm_resp 2 0x65
        note peer refused 0x65
        => delivered 12 refused Permanent 0x65
        engine deliver 13 mo from=1/1/4478 to=1/1/80888 text="c"
        -> deliver_sm 3 from=1/1/4478 to=1/1/80888 text="c"
        <- generic_nack 3 0x08
        note peer refused 0x08
        => delivered 13 refused Temporary 0x08
        "#,
    );
}

#[test]
fn an_account_may_want_everything_again_that_it_refused() {
    let mut account = account();
    account.delivering.permanent_refusals = false;
    bound(
        account,
        "receiver",
        Version::V34,
        r#"
        engine deliver 12 mo from=1/1/4478 to=1/1/80888 text="b"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 text="b"
        <- deliver_sm_resp 1 0x66
        note peer refused 0x66
        => delivered 12 refused Temporary 0x66
        "#,
    );
}

/// Shows MTA-64, MES-15.
#[test]
fn a_delivery_that_is_not_answered_is_silent_and_a_late_answer_still_counts() {
    let mut account = account();
    account.session.enquire_link = None;
    bound(
        account,
        "receiver",
        Version::V34,
        r#"
        engine deliver 11 mo from=1/1/4478 to=1/1/80888 text="a"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 text="a"
        +30s
        note silent
        => delivered 11 silent
        <- deliver_sm_resp 1 ok
        note late
        => delivered 11 accepted id=""
        "#,
    );
}

#[test]
fn a_full_window_sends_the_delivery_back() {
    let mut account = account();
    account.session.window_out = 1;
    bound(
        account,
        "receiver",
        Version::V34,
        r#"
        engine deliver 11 mo from=1/1/4478 to=1/1/80888 text="a"
        -> deliver_sm 1 from=1/1/4478 to=1/1/80888 text="a"
        engine deliver 12 mo from=1/1/4478 to=1/1/80888 text="b"
        => delivered 12 unsent
        "#,
    );
}

/// Shows MOB-193.
#[test]
fn a_full_window_of_the_customer_is_not_read_until_there_is_room() {
    let mut account = account();
    account.session.window_in = 1;
    bound(
        account,
        "transmitter",
        Version::V34,
        r#"
        <-- submit_sm 2 from=1/1/4477 to=1/1/4478 text="a"
        <- submit_sm 3 from=1/1/4477 to=1/1/4478 text="b"
        flow paused
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="a"
        engine accepted 2 #42
        => submit 3 bind=5 from=1/1/4477 to=1/1/4478 text="b"
        -> submit_sm_resp 2 ok id="42"
        "#,
    );
}

#[test]
fn wrong_credentials_are_refused_and_may_be_tried_again() {
    crate::talk::customer(
        account(),
        r#"
        <- bind_transmitter 1 system_id=demo password=wrong version=0x34
        flow authenticate demo transmitter V34
        shell refuses 0x0e
        -> bind_transmitter_resp 1 0x0e
        <- bind_transmitter 2 system_id=demo password=secret version=0x34
        flow authenticate demo transmitter V34
        shell account
        => bind customer=7 transmitter window=10
        engine bound 5
        -> bind_transmitter_resp 2 ok system_id=bindery sc_version=hex:34
        "#,
    );
}

#[test]
fn nothing_is_read_while_a_bind_is_checked() {
    crate::talk::customer(
        account(),
        r#"
        <-- bind_transmitter 1 system_id=demo password=secret version=0x34
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="early"
        flow authenticate demo transmitter V34
        shell account
        flow paused
        => bind customer=7 transmitter window=10
        engine bound 5
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="early"
        -> bind_transmitter_resp 1 ok system_id=bindery sc_version=hex:34
        "#,
    );
}

#[test]
fn too_many_binds_are_refused_as_the_account_says() {
    for (too_many, told) in [(status::RBINDFAIL, "0x0d"), (status::RALYBND, "0x05")] {
        let mut account = account();
        account.binding.too_many = too_many;
        crate::talk::customer(
            account,
            &format!(
                "
                <- bind_receiver 1 system_id=demo password=secret version=0x34
                flow authenticate demo receiver V34
                shell account
                => bind customer=7 receiver window=10
                engine refused 1 TooManyBinds
                -> bind_receiver_resp 1 {told}
                "
            ),
        );
    }
}

/// A bind that is refused by the account's own rules.
#[track_caller]
fn bind_refused(account: Account, kind: &str, fields: &str, version: &str, told: &str) {
    crate::talk::customer(
        account,
        &format!(
            "
            <- bind_{kind} 1 system_id=demo {fields}
            flow authenticate demo {kind} {version}
            shell account
            -> bind_{kind}_resp 1 {told}
            "
        ),
    );
}

#[test]
fn a_password_or_system_type_longer_than_the_account_allows_has_its_own_status() {
    let mut account = account();
    bind_refused(
        account.clone(),
        "receiver",
        "password=secret789 version=0x34",
        "V34",
        "0x0e",
    );
    bind_refused(
        account.clone(),
        "receiver",
        "password=secret system_type=thirteen-long version=0x34",
        "V34",
        "0x53",
    );
    account.binding.fields.password = 64;
    crate::talk::customer(
        account,
        "
        <- bind_receiver 1 system_id=demo password=secret789 version=0x34
        flow authenticate demo receiver V34
        shell account
        => bind customer=7 receiver window=10
        ",
    );
}

#[test]
fn binds_that_the_account_may_not_have_are_refused() {
    let mut account = account();
    account.binding.transceiver = false;
    account.binding.version_min = Version::V34;
    account.binding.version_max = Version::V34;
    account.binding.mismatch = Mismatch::Reject;
    let secret = |version| format!("password=secret version={version}");
    bind_refused(
        account.clone(),
        "transceiver",
        &secret("0x34"),
        "V34",
        "0x0d",
    );
    bind_refused(account.clone(), "receiver", &secret("0x33"), "V33", "0x0d");
    bind_refused(account, "receiver", &secret("0x50"), "V50", "0x0d");
}

/// Shows MES-16.
#[test]
fn a_bind_whose_place_is_wanted_says_that_it_lives_or_is_asked_and_ended() {
    transceiver(
        "
        engine probe
        => alive 5
        +30s
        -> enquire_link 1
        +10s
        -> enquire_link 2
        engine probe
        -> enquire_link 3
        +2s
        flow closed: enquire_link unanswered
        ",
    );
}

/// Shows MOB-191.
#[test]
fn a_system_type_that_the_account_does_not_name_is_refused() {
    let mut account = account();
    account.binding.system_types = vec!["CMT".to_owned(), String::new()];
    let typed = |system_type| format!("password=secret system_type={system_type} version=0x34");
    bind_refused(account.clone(), "receiver", &typed("VMS"), "V34", "0x53");
    bind_refused(account, "receiver", &typed("cmt"), "V34", "0x53");
}

#[test]
fn a_refused_bind_ends_the_connection_of_an_account_that_says_so() {
    let mut account = account();
    account.binding.refusal_closes = true;
    for refusal in ["0x0d", "TooManyBinds"] {
        account.binding.receiver = refusal == "TooManyBinds";
        let engine = if account.binding.receiver {
            "=> bind customer=7 receiver window=10
             engine refused 1 TooManyBinds"
        } else {
            ""
        };
        crate::talk::customer(
            account.clone(),
            &format!(
                "
                <- bind_receiver 1 system_id=demo password=secret version=0x34
                flow authenticate demo receiver V34
                shell account
                {engine}
                -> bind_receiver_resp 1 0x0d
                <- bind_receiver 2 system_id=demo password=secret version=0x34
                flow closed: bind refused
                "
            ),
        );
    }
}

#[test]
fn a_version_that_is_too_new_is_agreed_down() {
    let mut account = account();
    account.binding.version_max = Version::V34;
    crate::talk::customer(
        account,
        "
        <- bind_receiver 1 system_id=demo password=secret version=0x50
        flow authenticate demo receiver V50
        shell account
        => bind customer=7 receiver window=10
        engine bound 5
        -> bind_receiver_resp 1 ok system_id=bindery sc_version=hex:34
        ",
    );
}

#[test]
fn an_unbind_frees_the_slot_before_it_is_answered() {
    transceiver(
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x"
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        <- unbind 3
        => unbound 5
        engine accepted 2 #42
        -> submit_sm_resp 2 ok id="42"
        -> unbind_resp 3 ok
        shell disconnect
        "#,
    );
}

#[test]
fn a_connection_that_breaks_is_told_to_the_engine_once() {
    transceiver(
        r#"
        shell disconnect
        => unbound 5
        shell disconnect
        engine deliver 11 mo from=1/1/4478 to=1/1/80888 text="a"
        "#,
    );
}

#[test]
fn a_bind_that_was_granted_to_a_broken_connection_is_given_back() {
    crate::talk::customer(
        account(),
        "
        <- bind_receiver 1 system_id=demo password=secret version=0x34
        flow authenticate demo receiver V34
        shell account
        => bind customer=7 receiver window=10
        shell disconnect
        engine bound 5
        => unbound 5
        ",
    );
}

#[test]
fn draining_waits_for_what_is_owed_and_then_unbinds() {
    transceiver(
        r#"
        <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x"
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        shell drain
        engine accepted 2 #42
        -> submit_sm_resp 2 ok id="42"
        -> unbind 1
        <- unbind_resp 1 ok
        flow closed: unbound
        shell disconnect
        => unbound 5
        "#,
    );
}

#[test]
fn the_engine_may_close_a_session() {
    transceiver(
        "
        engine close
        -> unbind 1
        <- unbind_resp 1 ok
        flow closed: unbound
        ",
    );
}

#[test]
fn a_carrier_that_calls_is_told_apart_from_customers() {
    let outbind =
        "0000001f 0000000b 00000000 00000001 63656e74726500 7468656972732100".replace(' ', "");
    let script = format!("<- raw {outbind}\n flow called centre\n");
    crate::talk::customer(account(), &script);
}
