//! Every command of `bindery ctl` with a name, an id or a number that there is not: what there is instead, 2, and nothing is changed.

use smpp::status;

use crate::client::Client;
use crate::ctl::{bindery, demo, said};
use crate::gateway::{Dir, Gateway};

/// What is given, and what it says.
const WRONG: [(&str, &str); 43] = [
    ("binds dmo", "did you mean demo?"),
    (
        "binds 9-9-9",
        "9-9-9 is no customer, no carrier and no bind; use one of 0-0-0,",
    ),
    ("kick dmo", "did you mean demo?"),
    ("kick 9-9-9", "use one of 0-0-0,"),
    ("kick customer/sim", "customer/sim has no bind that stands"),
    ("kick", "  <WHO>"),
    ("customers dmo", "dmo is no customer; did you mean demo?"),
    ("carriers smi", "smi is no carrier; did you mean sim?"),
    (
        "carriers nobody",
        "nobody is no carrier; use one of sim, sim-odd",
    ),
    ("limits dmo", "did you mean demo?"),
    ("credits dmo", "did you mean demo?"),
    ("credits dmo add 5", "did you mean demo?"),
    ("credits demo add five", "five is no amount: give digits"),
    ("credits demo add 0", "0 is no amount: give digits"),
    ("credits demo add 1.00001", "up to four behind a point"),
    ("credits demo take five", "five is no amount: give digits"),
    ("credits demo give 5", "unexpected argument 'give'"),
    (
        "pause dmo",
        "dmo is no customer and no carrier; did you mean demo?",
    ),
    (
        "pause carrier/demo",
        "carrier/demo is no customer and no carrier",
    ),
    ("drain dmo", "did you mean demo?"),
    ("resume dmo", "did you mean demo?"),
    ("lanes hold smi", "did you mean sim?"),
    ("lanes hold sim --customer dmo", "did you mean demo?"),
    ("lanes release smi", "did you mean sim?"),
    ("lanes purge smi", "did you mean sim?"),
    ("lanes purge sim --customer dmo", "did you mean demo?"),
    (
        "lanes purge sim --prefix +44",
        "+44 is no prefix: give the first digits",
    ),
    (
        "lanes purge sim --prefix=",
        "it is empty: leave --prefix out to mean all",
    ),
    (
        "lanes purge sim --older-than two",
        "invalid value 'two' for '--older-than",
    ),
    ("lanes move sim smi-odd", "did you mean sim-odd?"),
    ("lanes move sim sim", "they wait for sim already"),
    ("lanes list", "unrecognized subcommand 'list'"),
    ("message hello", "hello is no message_id"),
    ("message 99", "is called 99"),
    ("message 99 --carrier smi", "did you mean sim?"),
    ("explain --from dmo --to 447700900123", "did you mean demo?"),
    ("explain --from demo --to +44", "+44 is no number"),
    ("explain --message 99", "is called 99"),
    ("explain --from demo", "--to <NUMBER>"),
    ("receipts unmatched --carrier smi", "did you mean sim?"),
    ("receipts parked --customer dmo", "did you mean demo?"),
    ("receipts rematch 99", "99 is no receipt without a message"),
    ("recipts parked", "'receipts'"),
];

/// Octets of all records that were written.
fn written(gateway: &Gateway) -> String {
    let metrics = gateway.get("/metrics").1;
    let name = "bindery_journal_records_bytes_total";
    let line = metrics.lines().find(|line| line.starts_with(name));
    line.expect("it is counted").to_owned()
}

#[test]
fn whatever_is_wrong_in_an_order_nothing_is_changed() {
    let dir = Dir::new("ctl-all-wrong");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let before = written(&gateway);
    for (order, why) in WRONG {
        let output = bindery(&dir, &format!("ctl {order}"));
        assert_eq!(output.status.code(), Some(2), "{order}: {output:?}");
        assert!(said(&output).contains(why), "{order}: {}", said(&output));
        assert!(output.stdout.is_empty(), "{order}: {output:?}");
    }
    assert_eq!(written(&gateway), before);
    // No bind was ended, and nobody is paused.
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
}
