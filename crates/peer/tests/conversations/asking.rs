//! Conversations about messages that were submitted before: query_sm, cancel_sm, replace_sm.

use peer::{MessageIdForm, Operations};
use smpp::{Version, command};

use crate::customer::{account, bound, transceiver};

/// Shows MTA-25, MTA-33, MTA-58, MTA-80.
#[test]
fn a_query_is_answered_with_state_date_and_error() {
    transceiver(
        r#"
        <- query_sm 2 id="249108103168000001" from=0/0/+44770
        => query 2 #249108103168000001 from=44770
        engine answers 2 #249108103168000001 ENROUTE 000
        -> query_sm_resp 2 ok id="249108103168000001" date= state=1 error=0
        <- query_sm 3 id="249108103168000001"
        => query 3 #249108103168000001
        engine answers 3 #249108103168000001 UNDELIV 011 +3600s
        -> query_sm_resp 3 ok id="249108103168000001" date=261121130000000+ state=5 error=11
        "#,
    );
}

#[test]
fn only_5_0_knows_that_a_message_waits_for_its_time() {
    for (version, state) in [(Version::V34, 1), (Version::V50, 0)] {
        bound(
            account(),
            "transceiver",
            version,
            &format!(
                r#"
                <- query_sm 2 id="249108103168000001"
                => query 2 #249108103168000001
                engine answers 2 #249108103168000001 SCHEDULED 000
                -> query_sm_resp 2 ok id="249108103168000001" date= state={state} error=0
                "#
            ),
        );
    }
}

#[test]
fn an_id_is_read_in_the_form_in_which_it_was_told() {
    let mut hex = account();
    hex.delivering.message_id = MessageIdForm::Hex;
    bound(
        hex,
        "transmitter",
        Version::V34,
        r#"
        <- query_sm 2 id="000000000badface"
        => query 2 #195951310
        engine answers 2 #195951310 DELIVRD 000 +60s
        -> query_sm_resp 2 ok id="000000000badface" date=261121120100000+ state=2 error=0
        "#,
    );
    bound(
        account(),
        "transmitter",
        Version::V33,
        r#"
        <- query_sm 2 id="10001005"
        => query 2 alias 10001005
        engine answers 2 10001005 DELIVRD 000 +60s
        -> query_sm_resp 2 ok id="10001005" date=261121120100000+ state=2 error=0
        "#,
    );
}

/// Shows MTA-81.
#[test]
fn what_was_never_an_id_is_answered_as_an_unknown_one() {
    transceiver(
        r#"
        <- query_sm 2 id="hello"
        note refused query_sm 0x0c message_id
        -> query_sm_resp 2 0x0c
        <- query_sm 3 id="17"
        => query 3 #17
        engine refused 3 UnknownMessage
        -> query_sm_resp 3 0x0c
        <- cancel_sm 4 id=""
        note refused cancel_sm 0x0c message_id
        -> cancel_sm_resp 4 0x0c
        <- cancel_sm 5 id="17"
        => cancel 5 #17
        engine refused 5 UnknownMessage
        -> cancel_sm_resp 5 0x0c
        <- replace_sm 6 id="17" text="x"
        => replace 6 #17 text="x"
        engine refused 6 UnknownMessage
        -> replace_sm_resp 6 0x0c
        "#,
    );
}

/// Shows MTA-26, MTA-83, MTA-84.
#[test]
fn a_cancel_names_the_message_by_its_id_and_perhaps_its_addresses() {
    transceiver(
        r#"
        <- cancel_sm 2 id="249108103168000001"
        => cancel 2 #249108103168000001
        engine answers 2 cancelled
        -> cancel_sm_resp 2 ok
        <- cancel_sm 3 id="249108103168000001" from=5/0/Bindery to=1/1/+4477
        => cancel 3 #249108103168000001 from=Bindery to=4477
        engine refused 3 TooLate
        -> cancel_sm_resp 3 0x11
        "#,
    );
}

#[test]
fn a_replacement_has_a_text_and_perhaps_other_times() {
    transceiver(
        r#"
        <- replace_sm 2 id="249108103168000001" from=1/1/4477 at=261121140000004+ until=000001000000000R rd=1 text="new"
        => replace 2 #249108103168000001 from=4477 rd=0x1 wants=0x3 due=+3600s expires=+86400s text="new"
        engine answers 2 replaced
        -> replace_sm_resp 2 ok
        <- replace_sm 3 id="249108103168000001" text="new"
        => replace 3 #249108103168000001 text="new"
        engine refused 3 TooLate
        -> replace_sm_resp 3 0x13
        <- replace_sm 4 id="249108103168000001" until=2611a1120000000+ text="new"
        note refused replace_sm 0x62 validity_period
        -> replace_sm_resp 4 0x62
        "#,
    );
}

#[test]
fn a_5_0_bind_may_put_the_new_text_into_the_payload() {
    bound(
        account(),
        "transmitter",
        Version::V50,
        r#"
        <- replace_sm 2 id="17" payload=300*x
        => replace 2 #17 text=300*x
        "#,
    );
}

/// Shows BUL-45, BUL-46, C-10.
#[test]
fn an_account_without_these_operations_is_told_so() {
    let mut account = account();
    account.submitting.operations = [command::SUBMIT_SM].into_iter().collect::<Operations>();
    bound(
        account,
        "transceiver",
        Version::V34,
        r#"
        <- query_sm 2 id="17"
        note refused query_sm 0x03 operation not allowed
        -> query_sm_resp 2 0x03
        <- cancel_sm 3 id="17"
        note refused cancel_sm 0x03 operation not allowed
        -> cancel_sm_resp 3 0x03
        <- enquire_link 4
        -> enquire_link_resp 4 ok
        "#,
    );
}

#[test]
fn an_account_may_name_its_messages_by_their_addresses() {
    let mut account = account();
    account.submitting.find_by_address = true;
    bound(
        account,
        "transceiver",
        Version::V34,
        r#"
        <- submit_sm 2 type=CMT from=1/1/4477 to=1/1/4478 text="x" replace=1
        => submit 2 bind=5 named replaces type=CMT from=1/1/4477 to=1/1/4478 text="x"
        <- cancel_sm 3 type=CMT from=1/1/+4477 to=1/1/4478
        => cancel 3 type=CMT from=4477 to=4478
        engine answers 3 cancelled
        -> cancel_sm_resp 3 ok
        <- cancel_sm 4
        note refused cancel_sm 0x0b destination_addr
        -> cancel_sm_resp 4 0x0b
        <- submit_sm 5 from=1/1/4477 to=1/1/4478 text="x" replace=2
        note refused submit_sm 0x54 replace_if_present_flag
        -> submit_sm_resp 5 0x54
        "#,
    );
}
