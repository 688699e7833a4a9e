//! submit_multi: one message to several destinations.

use smpp::Version;

use crate::customer::{account, bound, transceiver};

#[test]
fn who_will_not_get_the_message_is_listed_beside_the_id_of_the_others() {
    transceiver(
        r#"
        <- submit_multi 2 from=1/1/4477 to=1/1/4478 to=1/1/nobody to=1/1/4479 to=1/1/4478 text="hello" rd=1
        => submit 2 bind=5 wants=0x3 to_all=1/1/4478,1/1/4479 from=1/1/4477 to=1/1/4478 rd=0x1 text="hello"
        engine unreached 2 1/1/4479 NoRoute
        engine accepted 2 #42
        -> submit_multi_resp 2 ok id="42" missed=1/1/nobody:0x0b missed=1/1/4479:0x45
        "#,
    );
}

#[test]
fn requests_to_many_and_to_one_are_answered_as_what_they_are() {
    transceiver(
        r#"
        <- submit_multi 2 from=1/1/4477 to=1/1/x to=1/1/4478 text="a"
        => submit 2 bind=5 to_all=1/1/4478 from=1/1/4477 to=1/1/4478 text="a"
        <- submit_multi 3 from=1/1/4477 to=1/1/4479 text="b"
        => submit 3 bind=5 to_all=1/1/4479 from=1/1/4477 to=1/1/4479 text="b"
        <- submit_sm 4 from=1/1/4477 to=1/1/4480 text="c"
        => submit 4 bind=5 from=1/1/4477 to=1/1/4480 text="c"
        engine accepted 4 #44
        -> submit_sm_resp 4 ok id="44"
        engine refused 2 Throttled
        -> submit_multi_resp 2 0x58
        engine accepted 3 #43
        -> submit_multi_resp 3 ok id="43"
        "#,
    );
}

#[test]
fn a_distribution_list_stands_for_its_numbers() {
    let mut account = account();
    let numbers = ["4478", "4479"].map(str::to_owned).to_vec();
    account.submitting.lists = vec![("staff".to_owned(), numbers)];
    bound(
        account,
        "transceiver",
        Version::V34,
        r#"
        <- submit_multi 2 from=1/1/4477 to=1/1/4479 list=staff list=friends text="hello"
        => submit 2 bind=5 to_all=1/1/4479,1/1/4478 from=1/1/4477 to=1/1/4479 text="hello"
        engine accepted 2 #42
        -> submit_multi_resp 2 ok id="42" missed=0/0/friends:0x34
        "#,
    );
}

#[test]
fn a_request_with_no_destination_or_too_many_has_the_status_of_that() {
    let mut account = account();
    account.submitting.destinations_max = 2;
    bound(
        account,
        "transceiver",
        Version::V34,
        r#"
        <- raw 0000001f 00000021 00000000 00000002 00 010100 00 00 00 00 00 00 00 00 00 00 00
        note malformed submit_multi 0x33 number_of_dests
        -> submit_multi_resp 2 0x33
        <- submit_multi 3 from=1/1/4477 to=1/1/1 to=1/1/2 to=1/1/3 text="hello"
        note refused submit_multi 0x33 number_of_dests
        -> submit_multi_resp 3 0x33
        <- submit_multi 4 from=1/1/4477 list=friends text="hello"
        note refused submit_multi 0x34 destinations
        -> submit_multi_resp 4 0x34
        <- submit_multi 5 from=1/1/x\x07 to=1/1/4478 text="hello"
        note refused submit_multi 0x0a source_addr
        -> submit_multi_resp 5 0x0a
        "#,
    );
}
