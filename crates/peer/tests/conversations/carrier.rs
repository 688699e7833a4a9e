//! Conversations with carriers.

use engine::{ConnectorId, RefusalClass};
use peer::Profile;
use smpp::Version;
use smpp::session::BindKind;
use smpp::status::Status;

pub(crate) fn profile() -> Profile {
    Profile {
        connector: ConnectorId(3),
        name: "sim".to_owned(),
        system_id: "bindery".to_owned(),
        password: "secret".to_owned(),
        ..Profile::default()
    }
}

/// A conversation that begins with the bind of a transceiver.
#[track_caller]
pub(crate) fn bound_with(profile: Profile, script: &str) {
    let octet = profile.version.interface_version();
    let version = profile.version;
    let window = profile.window;
    let begin = format!(
        "-> bind_transceiver 1 system_id=bindery password=secret version={octet:#x}
         <- bind_transceiver_resp 1 ok system_id=smsc sc_version=hex:{octet:02x}
         flow bound {version:?}
         flow paused
         => connected connector=3 transmits=true window={window}
         engine bound 5
        "
    );
    crate::talk::carrier(profile, &(begin + script));
}

#[track_caller]
pub(crate) fn bound(script: &str) {
    bound_with(profile(), script);
}

#[test]
fn a_message_is_sent_accepted_and_its_receipt_acknowledged_when_it_is_ours() {
    bound(
        r#"
        engine send 9 #42 from=5/0/Bindery to=1/1/447700900123 text="hello"
        -> submit_sm 2 from=5/0/Bindery to=1/1/447700900123 until=261122120000000+ rd=0x1 text="hello"
        <- submit_sm_resp 2 ok id="0A1B"
        => sent 9 accepted id="0A1B"
        <- deliver_sm 7 from=1/1/447700900123 to=5/0/Bindery esm=4 text="id:0a1b sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:hello"
        => receipt 7 id="0a1b" to=447700900123 DELIVRD err=000 done=+60s
        engine acknowledge 7
        -> deliver_sm_resp 7 ok id=""
        "#,
    );
}

#[test]
fn an_endless_id_is_the_same_in_response_and_receipt() {
    let (octets, text) = ("78".repeat(300), "x".repeat(300));
    bound(&format!(
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="hello"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="hello"
        <- raw 0000013D 80000004 00000000 00000002 {octets} 00
        => sent 9 accepted id="{kept}"
        <- deliver_sm 7 from=1/1/4478 to=1/1/4477 esm=4 payload="id:{text} stat:DELIVRD err:000"
        => receipt 7 id="{kept}" to=4478 DELIVRD err=000
        "#,
        kept = "x".repeat(64),
    ));
}

#[test]
fn a_refused_bind_is_told_with_its_status() {
    crate::talk::carrier(
        profile(),
        "
        -> bind_transceiver 1 system_id=bindery password=secret version=0x34
        <- bind_transceiver_resp 1 0x0e
        flow bind failed 0x0e
        ",
    );
}

#[test]
fn a_receiver_does_not_transmit() {
    crate::talk::carrier(
        Profile {
            kind: BindKind::Receiver,
            ..profile()
        },
        "
        -> bind_receiver 1 system_id=bindery password=secret version=0x34
        <- bind_receiver_resp 1 ok system_id=smsc
        flow bound V34
        flow paused
        => connected connector=3 transmits=false window=10
        ",
    );
}

#[test]
fn a_receipt_on_the_heels_of_the_bind_waits_until_the_bind_has_a_name() {
    crate::talk::carrier(
        profile(),
        r#"
        -> bind_transceiver 1 system_id=bindery password=secret version=0x34
        <-- bind_transceiver_resp 1 ok system_id=smsc
        <- deliver_sm 7 from=1/1/4478 to=1/1/4477 esm=4 text="id:1 stat:DELIVRD err:000"
        flow bound V34
        flow paused
        => connected connector=3 transmits=true window=10
        engine bound 5
        => receipt 7 id="1" to=4478 DELIVRD err=000
        "#,
    );
}

#[test]
fn all_fields_of_a_message_reach_the_carrier() {
    bound(
        r#"
        engine send 9 #42 type=CMT from=1/1/4477 to=1/1/4478 esm=0x40 pid=0x41 priority=2 rd=0x1e dcs=0xf5 text="\x05\x00\x03\x07\x02\x01x" reference=77 vendor=hex:616263 billing=hex:01
        -> submit_sm 2 type=CMT from=1/1/4477 to=1/1/4478 esm=0x40 pid=0x41 priority=0x2 until=261122120000000+ rd=0x1d dcs=0xf5 text="\x05\x00\x03\x07\x02\x01x" reference=77 vendor=hex:616263
        "#,
    );
}

#[test]
fn a_long_text_goes_as_payload() {
    bound(
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text=254*x
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text=254*x
        engine send 10 #43 from=1/1/4477 to=1/1/4478 text=255*x vendor=hex:616263
        -> submit_sm 3 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 vendor=hex:616263 payload=255*x
        "#,
    );
}

#[test]
fn a_profile_may_ask_for_less() {
    bound_with(
        Profile {
            ask_receipts: false,
            send_validity: false,
            default_data_coding: Some(1),
            version: Version::V50,
            ..profile()
        },
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 rd=0x1 text="x" billing=hex:01
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 dcs=0x1 text="x" billing=hex:01
        "#,
    );
}

#[test]
fn a_message_that_cannot_be_said_is_refused_for_good() {
    bound(
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/123456789012345678901 text="x"
        => sent 9 refused Permanent 0x45
        <- enquire_link 7
        note unencodable destination_addr
        -> enquire_link_resp 7 ok
        "#,
    );
}

#[test]
fn refusals_mean_what_the_profile_says() {
    bound_with(
        Profile {
            refusals: vec![(Status(0x45), RefusalClass::Temporary)],
            ..profile()
        },
        r#"
        engine send 1 #1 from=1/1/4477 to=1/1/4478 text="a"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="a"
        <- submit_sm_resp 2 0x0b
        note peer refused 0x0b
        => sent 1 refused Permanent 0x0b
        engine send 2 #2 from=1/1/4477 to=1/1/4478 text="b"
        -> submit_sm 3 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="b"
        <- submit_sm_resp 3 0x58
        note peer refused 0x58
        => sent 2 refused Throttled 0x58
        engine send 3 #3 from=1/1/4477 to=1/1/4478 text="c"
        -> submit_sm 4 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="c"
        <- submit_sm_resp 4 0x45
        note peer refused 0x45
        => sent 3 refused Temporary 0x45
        engine send 4 #4 from=1/1/4477 to=1/1/4478 text="d"
        -> submit_sm 5 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="d"
        <- generic_nack 5 0x03
        note peer refused 0x03
        => sent 4 refused Permanent 0x03
        "#,
    );
}

#[test]
fn an_acceptance_without_id_is_an_acceptance() {
    bound(
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="a"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="a"
        <- submit_sm_resp 2 ok header
        => sent 9 accepted id=""
        "#,
    );
}

#[test]
fn no_answer_is_silent_and_a_late_one_still_settles_the_message() {
    bound_with(
        Profile {
            enquire_link: None,
            ..profile()
        },
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="a"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="a"
        +30s
        note silent
        => sent 9 silent
        <- submit_sm_resp 2 ok id="17"
        note late
        => sent 9 accepted id="17"
        "#,
    );
}

#[test]
fn a_full_window_sends_the_message_back() {
    bound_with(
        Profile {
            window: 1,
            ..profile()
        },
        r#"
        engine send 8 #41 from=1/1/4477 to=1/1/4478 text="a"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="a"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="b"
        => sent 9 unsent
        "#,
    );
}

#[test]
fn a_subscriber_s_message_is_brought_to_the_engine() {
    bound(
        r#"
        <- deliver_sm 7 from=1/1/+4478 to=0/0/80888 text="STOP" reference=7
        => mo 7 from=1/1/4478 to=0/0/80888 text="STOP" reference=7
        engine acknowledge 7
        -> deliver_sm_resp 7 ok id=""
        <- deliver_sm 8 from=1/1/4478 to=0/0/80888 esm=8 text="read" payload="really"
        => mo 8 from=1/1/4478 to=0/0/80888 esm=0x8 text="really"
        engine acknowledge 8 NoRoute
        -> deliver_sm_resp 8 0x65 id=""
        "#,
    );
}

#[test]
fn a_receipt_for_which_there_is_no_room_is_refused_for_now() {
    bound(
        r#"
        <- deliver_sm 7 from=1/1/4478 to=1/1/4477 esm=4 text="id:1 stat:DELIVRD err:000"
        => receipt 7 id="1" to=4478 DELIVRD err=000
        engine acknowledge 7 Full
        -> deliver_sm_resp 7 0x64 id=""
        "#,
    );
}

#[test]
fn a_receipt_is_known_by_its_tlv_and_in_data_sm_too() {
    bound(
        r#"
        <- deliver_sm 7 from=1/1/4478 to=1/1/4477 receipted="ab" state=5 network_error=hex:03000b
        => receipt 7 id="ab" to=4478 UNDELIV err=011
        engine acknowledge 7
        -> deliver_sm_resp 7 ok id=""
        <- data_sm 8 from=1/1/4478 to=1/1/4477 esm=4 receipted="ab" state=2
        => receipt 8 id="ab" to=4478 DELIVRD err=000
        engine acknowledge 8
        -> data_sm_resp 8 ok id=""
        <- data_sm 9 from=1/1/4478 to=1/1/4477 payload="hi"
        => mo 9 from=1/1/4478 to=1/1/4477 text="hi"
        engine acknowledge 9 Full
        -> data_sm_resp 9 0x64 id=""
        "#,
    );
}

#[test]
fn a_receipt_that_says_nothing_is_acknowledged_or_it_would_come_for_ever() {
    bound(
        r#"
        <- deliver_sm 7 from=1/1/4478 to=1/1/4477 esm=4 text="delivered, thanks"
        note unreadable receipt: neither id nor state
        -> deliver_sm_resp 7 ok id=""
        <- data_sm 8 from=1/1/4478 to=1/1/4477 esm=4 payload="stat:DELIVRD"
        note unreadable receipt: no message id
        -> data_sm_resp 8 ok id=""
        "#,
    );
}

#[test]
fn an_alert_goes_to_the_engine_and_what_only_customers_may_ask_is_refused() {
    bound(
        "
        <- alert_notification 7 from=1/1/+4478 to=0/0/80888 availability=0
        note alert
        => alert from=1/1/4478 to=0/0/80888 availability=0
        <- query_sm 8
        -> query_sm_resp 8 0x04
        ",
    );
}

#[test]
fn a_carrier_that_unbinds_hears_first_what_it_is_owed() {
    bound(
        r#"
        <- deliver_sm 7 from=1/1/4478 to=0/0/80888 text="STOP"
        => mo 7 from=1/1/4478 to=0/0/80888 text="STOP"
        <- unbind 8
        => retiring 5
        engine acknowledge 7
        -> deliver_sm_resp 7 ok id=""
        -> unbind_resp 8 ok
        shell disconnect
        => unbound 5
        "#,
    );
}

#[test]
fn answers_after_an_unbind_still_count() {
    bound(
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="a"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="a"
        <- unbind 8
        => retiring 5
        -> unbind_resp 8 ok
        <- submit_sm_resp 2 ok id="77"
        flow closed: peer unbound
        => sent 9 accepted id="77"
        shell disconnect
        => unbound 5
        "#,
    );
}

#[test]
fn a_broken_connection_is_told_once_and_a_name_for_it_given_back() {
    bound(
        "
        shell disconnect
        => unbound 5
        shell disconnect
        ",
    );
    crate::talk::carrier(
        profile(),
        "
        -> bind_transceiver 1 system_id=bindery password=secret version=0x34
        <- bind_transceiver_resp 1 ok system_id=smsc
        flow bound V34
        flow paused
        => connected connector=3 transmits=true window=10
        shell disconnect
        engine bound 5
        => unbound 5
        ",
    );
}

#[test]
fn the_engine_may_close_a_session_and_messages_that_come_too_late_go_back() {
    bound(
        r#"
        engine close
        -> unbind 2
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="a"
        => sent 9 unsent
        <- unbind_resp 2 ok
        flow closed: unbound
        "#,
    );
}

#[test]
fn draining_unbinds() {
    bound(
        "
        shell drain
        -> unbind 2
        <- unbind_resp 2 ok
        flow closed: unbound
        shell disconnect
        => unbound 5
        ",
    );
}

#[test]
fn a_retired_bind_is_answered_and_brings_receipts_until_nothing_is_in_flight() {
    bound(
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="hello"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="hello"
        shell retire
        => retiring 5
        +10s
        <- deliver_sm 7 from=1/1/4478 to=1/1/4477 esm=4 text="id:1 stat:DELIVRD err:000"
        => receipt 7 id="1" to=4478 DELIVRD err=000
        engine acknowledge 7
        -> deliver_sm_resp 7 ok id=""
        <- submit_sm_resp 2 ok id="2"
        => sent 9 accepted id="2"
        -> unbind 3
        "#,
    );
}

#[test]
fn a_retired_bind_does_not_wait_for_an_answer_for_ever() {
    let profile = Profile {
        response_timeout: std::time::Duration::from_secs(20),
        enquire_link: None,
        ..profile()
    };
    bound_with(
        profile,
        r#"
        engine send 9 #42 from=1/1/4477 to=1/1/4478 text="hello"
        -> submit_sm 2 from=1/1/4477 to=1/1/4478 until=261122120000000+ rd=0x1 text="hello"
        shell retire
        => retiring 5
        +21s
        note silent
        => sent 9 silent
        -> unbind 3
        "#,
    );
}

#[test]
fn a_bind_that_the_carrier_ends_is_sent_nothing_more() {
    bound(
        "
        <- unbind 9
        flow closed: peer unbound
        => retiring 5
        -> unbind_resp 9 ok
        ",
    );
}
