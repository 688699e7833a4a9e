//! Bind groups, as customers name them.

use engine::CustomerId;
use peer::Account;

fn account() -> Account {
    Account {
        customer: CustomerId(7),
        system_id: "demo".to_owned(),
        ..Account::default()
    }
}

/// The account of a customer whose system_type names its groups.
fn grouped() -> Account {
    let mut account = account();
    account.binding.groups = true;
    account.binding.fields.system_type = 13;
    account
}

/// Shows BUL-51, BUL-52, BUL-53, BUL-54, BUL-56, BUL-66, BUL-67.
#[test]
fn the_system_type_names_the_group_of_a_bind_and_of_what_is_submitted_over_it() {
    for (system_type, group) in [
        ("", ""),
        ("0", ""),
        ("Logica", ""),
        ("VMS", ""),
        ("OTA", ""),
        ("ABCDE", ""),
        ("1a", ""),
        ("1", " group=1"),
        ("01", " group=01"),
        ("9999999999999", " group=9999999999999"),
    ] {
        binds_into(&grouped(), system_type, group);
    }
}

/// Shows BUL-56.
#[test]
fn zeros_before_the_number_of_a_group_may_mean_nothing() {
    let mut account = grouped();
    account.binding.group_normalise = true;
    binds_into(&account, "01", " group=1");
    binds_into(&account, "000", "");
}

/// Shows C-12.
#[test]
fn who_has_no_groups_may_call_its_system_what_it_likes() {
    binds_into(&account(), "1", "");
    binds_into(&account(), "CMT", "");
}

#[track_caller]
fn binds_into(account: &Account, system_type: &str, group: &str) {
    let system_type = if system_type.is_empty() {
        String::new()
    } else {
        format!(" system_type={system_type}")
    };
    crate::talk::customer(
        account.clone(),
        &format!(
            r#"
            <- bind_transceiver 1 system_id=demo password=secret{system_type} version=0x34
            flow authenticate demo transceiver V34
            shell account
            => bind customer=7 transceiver window=10{group}
            engine bound 5
            -> bind_transceiver_resp 1 ok system_id=bindery sc_version=hex:34
            <- submit_sm 2 from=1/1/4477 to=1/1/4478 text="x"
            => submit 2 bind=5{group} from=1/1/4477 to=1/1/4478 text="x"
            "#
        ),
    );
}

/// Shows BUL-F3.
#[test]
fn the_number_of_a_group_may_have_a_limit() {
    let mut account = grouped();
    account.binding.group_max = 99;
    binds_into(&account, "99", " group=99");
    crate::talk::customer(
        account,
        r#"
        <- bind_receiver 1 system_id=demo password=secret system_type=100 version=0x34
        flow authenticate demo receiver V34
        shell account
        -> bind_receiver_resp 1 0x53
        "#,
    );
}

/// Shows BUL-F6, MTA-60, MTA-61.
#[test]
fn an_mo_names_the_message_that_it_answers_where_the_customer_wants_it() {
    let script = |link: &str| {
        format!(
            r#"
            <- bind_transceiver 1 system_id=demo password=secret version=0x34
            flow authenticate demo transceiver V34
            shell account
            => bind customer=7 transceiver window=10
            engine bound 5
            -> bind_transceiver_resp 1 ok system_id=bindery sc_version=hex:34
            +50ms
            engine deliver 9 reply #42 from=1/1/4478 to=1/1/80888 text="yes"
            -> deliver_sm 1 from=1/1/4478 to=1/1/80888 text="yes"{link}
            engine deliver 10 mo from=1/1/4478 to=1/1/80888 text="so"
            -> deliver_sm 2 from=1/1/4478 to=1/1/80888 text="so"
            "#
        )
    };
    crate::talk::customer(account(), &script(""));
    let mut linked = account();
    linked.delivering.mo_link_tlv = Some(0x1400);
    crate::talk::customer(linked, &script(" vendor=hex:343200"));
}
