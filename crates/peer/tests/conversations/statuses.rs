//! The statuses that a manual has in place of those of the specification.

use engine::Refusal;
use peer::{StatusOf, Statuses};
use smpp::Version;
use smpp::status::{self, Status};

use crate::customer::{account, bound};

/// Shows MTA-97, MTA-98, MTA-101, BUL-11, BUL-F2, C-1, C-19.
#[test]
fn a_manual_s_own_statuses_are_said_in_the_answers_to_submits_alone() {
    let mut account = account();
    account.submitting.statuses = Statuses::new([
        (StatusOf::Status(status::RINVSRCADR), Status(0x0D)),
        (StatusOf::Status(status::RINVDSTADR), Status(0x0E)),
        (StatusOf::Status(status::RSYSERR), Status(0xFF)),
        (StatusOf::Status(status::RINVDCS), Status(0x401)),
        (StatusOf::Refusal(Refusal::NoCredit), Status(0x410)),
        (StatusOf::Refusal(Refusal::OverDailyLimit), Status(0x412)),
    ]);
    bound(
        account,
        "transceiver",
        Version::V34,
        r#"
        <- submit_sm 2 from=5/0/TwelveLetter to=1/1/4478 text="x"
        note refused submit_sm 0x0d source_addr
        -> submit_sm_resp 2 0x0d
        <- submit_sm 3 from=1/1/4477 to=1/1/letters text="x"
        note refused submit_sm 0x0e destination_addr
        -> submit_sm_resp 3 0x0e
        <- submit_sm 4 from=1/1/4477 to=1/1/4478 text="x" dcs=15
        note refused submit_sm 0x401 data_coding
        -> submit_sm_resp 4 0x401
        <- submit_sm 5 from=1/1/4477 to=1/1/4478 text="x"
        => submit 5 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 5 Draining
        -> submit_sm_resp 5 0xff
        <- submit_sm 6 from=1/1/4477 to=1/1/4478 text="x"
        => submit 6 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 6 NoCredit
        -> submit_sm_resp 6 0x410
        <- submit_sm 7 from=1/1/4477 to=1/1/4478 text="x"
        => submit 7 bind=5 from=1/1/4477 to=1/1/4478 text="x"
        engine refused 7 OverDailyLimit
        -> submit_sm_resp 7 0x412
        <- query_sm 8 id="7" from=5/0/TwelveLetter
        note refused query_sm 0x0a source_addr
        -> query_sm_resp 8 0x0a
        <- raw 0000003b 00000004 00000000 00000009 00010134343737000101343437383030303030303030303030303030303030000000000000000000000178
        note malformed submit_sm 0x0e destination_addr
        -> submit_sm_resp 9 0x0e
        <- raw 0000002a 00000003 00000000 0000000a 3700010134343737303030303030303030303030303030303000
        note malformed query_sm 0x0a source_addr
        -> query_sm_resp 10 0x0a
        <- submit_multi 11 from=1/1/4477 to=1/1/4478 to=1/1/letters to=1/1/4479 text="x"
        => submit 11 bind=5 to_all=1/1/4478,1/1/4479 from=1/1/4477 to=1/1/4478 text="x"
        engine unreached 11 1/1/4479 NoCredit
        engine accepted 11 #42
        -> submit_multi_resp 11 ok id="42" missed=1/1/letters:0x0e missed=1/1/4479:0x410
        "#,
    );
}
