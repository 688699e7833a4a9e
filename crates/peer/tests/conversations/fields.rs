//! Fields of a wrong length: the customer's rules are asked before the specification.

use peer::{RouteSelector, Rule};
use smpp::{Version, command};

use crate::customer::{account as plain, bound};

/// A submit_sm from 4477 to 4478 with the text `x`, with these fields as they are.
fn submit(sequence: u8, service_type: &str, schedule: &str, validity: &str) -> String {
    let mut body = Vec::new();
    body.extend_from_slice(service_type.as_bytes());
    body.extend_from_slice(b"\0\x01\x014477\0\x01\x014478\0\0\0\0");
    for time in [schedule, validity] {
        body.extend_from_slice(time.as_bytes());
        body.push(0);
    }
    body.extend_from_slice(b"\0\0\0\0\x01x");
    let hex: String = body.iter().map(|octet| format!("{octet:02x}")).collect();
    let length = 16 + body.len();
    format!("<- raw {length:08x} 00000004 00000000 000000{sequence:02x} {hex}")
}

/// Shows MOB-187, C-8, C-23.
#[test]
fn a_time_of_a_wrong_length_counts_as_the_customer_s_rule_says() {
    let schedule = submit(2, "", "tomorrow", "");
    let validity = submit(3, "", "", "24h");
    let script = format!(
        "
        {schedule}
        note overlooked submit_sm {{\"TIME_LENGTH\"}}
        note refused submit_sm 0x61 schedule_delivery_time
        -> submit_sm_resp 2 0x61
        {validity}
        note overlooked submit_sm {{\"TIME_LENGTH\"}}
        note refused submit_sm 0x62 validity_period
        -> submit_sm_resp 3 0x62
        "
    );
    for rule in [Rule::Honour, Rule::Refuse] {
        let mut account = plain();
        (account.submitting.schedule, account.submitting.validity) = (rule, rule);
        bound(account, "transmitter", Version::V34, &script);
    }
    let mut account = plain();
    account.submitting.schedule = Rule::Ignore;
    account.submitting.validity = Rule::Ignore;
    let script = format!(
        r#"
        {schedule}
        note overlooked submit_sm {{"TIME_LENGTH"}}
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        {validity}
        note overlooked submit_sm {{"TIME_LENGTH"}}
        => submit 3 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        "#
    );
    bound(account, "transmitter", Version::V34, &script);
}

/// Shows BUL-22, BUL-23.
#[test]
fn a_service_type_of_six_characters_is_a_route_like_any_other_where_it_selects_one() {
    let long = submit(2, "ABCDEF", "", "");
    let script = format!(
        r#"
        {long}
        note overlooked submit_sm {{"LONG_SERVICE_TYPE"}}
        note refused submit_sm 0x15 service_type
        -> submit_sm_resp 2 0x15
        "#
    );
    bound(plain(), "transmitter", Version::V34, &script);

    let mut account = plain();
    account.submitting.route_selector = RouteSelector::ServiceType;
    let script = format!(
        r#"
        {long}
        note overlooked submit_sm {{"LONG_SERVICE_TYPE"}}
        => submit 2 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        "#
    );
    bound(account, "transmitter", Version::V34, &script);
}

/// Shows BUL-43, BUL-45, BUL-48, C-10.
#[test]
fn an_operation_outside_of_the_account_s_is_not_offered_however_it_is_written() {
    let mut account = plain();
    account.submitting.operations = [command::SUBMIT_SM].into_iter().collect();
    bound(
        account,
        "transceiver",
        Version::V50,
        r#"
        <- raw 0000001f 00000021 00000000 00000002 00 010100 00 00 00 00 00 00 00 00 00 00 00
        note malformed submit_multi 0x03 number_of_dests
        -> submit_multi_resp 2 0x03
        <- raw 0000002a 00000003 00000000 00000003 3700010134343737303030303030303030303030303030303000
        note malformed query_sm 0x03 source_addr
        -> query_sm_resp 3 0x03
        <- raw 00000012 00000111 00000000 00000004 4141
        note malformed broadcast_sm 0x03 service_type
        -> broadcast_sm_resp 4 0x03
        <- raw 00000012 00000004 00000000 00000005 4141
        note malformed submit_sm 0x15 service_type
        -> submit_sm_resp 5 0x15
        "#,
    );
}
