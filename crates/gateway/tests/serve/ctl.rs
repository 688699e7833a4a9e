//! `bindery ctl` as an operator gives it to a running gateway, and docs/manual/ctl.md, command by command.

use std::os::unix::net::UnixStream;
use std::process::Output;

use serde_json::Value;
use smpp::command;
use smpp::status;

use crate::client::Client;
use crate::gateway::{Dir, Gateway, run};

const PAGE: &str = include_str!("../../../../docs/manual/ctl.md");

/// A customer that pays.
const ACME: &str = "
[[customer]]
name = \"acme\"
password = \"s3cr3t-1\"
credits = \"prepaid\"
segment_price = \"0.05\"
daily_limit = 1000
rate = 50
";

/// Runs `bindery` with these arguments on the gateway of `dir`.
pub(crate) fn bindery(dir: &Dir, args: &str) -> Output {
    let data = dir.path().join("data").display().to_string();
    let args: Vec<&str> = args.split_whitespace().collect();
    run(&[&args[..], &["--data-dir", &data]].concat())
}

/// What was said, on either stream.
pub(crate) fn said(output: &Output) -> String {
    let octets = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(octets).expect("text")
}

/// The words of each line, with all numbers alike.
fn shape(text: &str) -> Vec<Vec<String>> {
    let word = |word: &str| {
        let mut shape = word.replace(|c: char| c.is_ascii_digit(), "0");
        while shape.contains("00") {
            shape = shape.replace("00", "0");
        }
        shape
    };
    let line = |line: &str| line.split_whitespace().map(word).collect();
    text.trim_end().lines().map(line).collect()
}

/// A demo whose binds to the simulated carriers all stand.
pub(crate) fn demo(dir: &Dir) -> Gateway {
    demo_with(dir, "")
}

/// The same, with more in its configuration.
pub(crate) fn demo_with(dir: &Dir, more: &str) -> Gateway {
    let gateway = Gateway::start(dir, &format!("gateway.io_threads = 1\n{more}"));
    for (connector, binds) in [("sim", 2), ("sim-odd", 1)] {
        let binds_of = format!("bindery_binds{{peer=\"{connector}\",side=\"connector\"}}");
        gateway.counted(&binds_of, binds);
    }
    gateway
}

/// Those of one peer, as a script reads them.
#[track_caller]
fn binds(dir: &Dir, who: &str) -> Vec<Value> {
    let output = bindery(dir, &format!("ctl binds {who} --json"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = said(&output);
    let line = |line| serde_json::from_str(line).expect("an object");
    text.lines().map(line).collect()
}

/// Runs the commands of a page of the manual: each says what stands below it, but for numbers. Between them the test does what
/// `then` says, which is told the command that was run. How many there were.
#[track_caller]
pub(crate) fn run_page(dir: &Dir, page: &str, then: impl FnMut(&str)) -> usize {
    run_page_with(dir, page, &[], then)
}

/// The same with other words in the commands than on the page: those that differ each time.
#[track_caller]
pub(crate) fn run_page_with(
    dir: &Dir,
    page: &str,
    words: &[(&str, &str)],
    mut then: impl FnMut(&str),
) -> usize {
    let mut examples = 0;
    for block in page.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("its end");
        let (command, expected) = block.split_once('\n').expect("a command and what it says");
        let args = command.strip_prefix("$ bindery ").expect("our command");
        let args = words.iter().fold(args.to_owned(), |args, (on_page, now)| {
            args.replace(on_page, now)
        });
        let output = bindery(dir, &args);
        let said = said(&output);
        assert_eq!(shape(&said), shape(expected), "{command}\n{said}");
        let wrong = expected.starts_with("bindery: ");
        assert_eq!(output.status.code(), Some(if wrong { 2 } else { 0 }));
        examples += 1;
        then(&args);
    }
    examples
}

#[test]
fn the_page_about_ctl_is_true() {
    let dir = Dir::new("manual-ctl");
    let gateway = demo_with(&dir, ACME);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(run_page(&dir, PAGE, |_| ()), 15);
    client.next_of(command::UNBIND);
}

#[test]
fn the_list_of_binds_says_how_full_and_how_busy_each_is() {
    let dir = Dir::new("ctl-busy");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    let receipt = client.next_of(command::DELIVER_SM);
    let busy = binds(&dir, "demo");
    let [busy] = &busy[..] else {
        panic!("one bind: {busy:?}");
    };
    // The receipt is not answered yet.
    assert_eq!(
        (&busy["ours"]["used"], &busy["theirs"]["used"]),
        (&1.into(), &0.into())
    );
    for rate in ["rate_in", "rate_out"] {
        assert!(busy[rate].as_f64().is_some_and(|rate| rate > 0.0), "{busy}");
    }
    assert_eq!(busy["last_error"], Value::Null);

    client.acknowledge(&receipt);
    assert_eq!(
        client.submitted("447700901234x", "hello"),
        status::RINVDSTADR
    );
    let calm = &binds(&dir, "customer/demo")[0];
    assert_eq!(calm["ours"]["used"], 0);
    assert_eq!(calm["last_error"], "ESME_RINVDSTADR");
    assert_eq!(calm["id"], busy["id"]);
}

#[test]
fn a_kick_ends_one_bind_by_its_id_and_a_carriers_is_made_again() {
    let dir = Dir::new("ctl-kick");
    let gateway = demo(&dir);
    let mut first = Client::bound(gateway.smpp, "demo", "demopass");
    let id = binds(&dir, "demo")[0]["id"].as_str().map(str::to_owned);
    let mut second = Client::bound(gateway.smpp, "demo", "demopass");
    let kicked = bindery(&dir, &format!("ctl kick {}", id.expect("an id")));
    assert_eq!(kicked.status.code(), Some(0), "{kicked:?}");
    first.next_of(command::UNBIND);
    assert_eq!(second.submitted("447700901234", "hello"), status::OK);

    let kicked = bindery(&dir, "ctl kick carrier/sim-odd");
    assert_eq!(kicked.status.code(), Some(0), "{kicked:?}");
    gateway.logged("bind ended by an operator");
    gateway.logged("next attempt");
    gateway.counted("bindery_binds{peer=\"sim-odd\",side=\"connector\"}", 1);
}

/// How it stands with one customer or carrier.
#[track_caller]
fn state(dir: &Dir, list: &str, name: &str) -> String {
    let output = bindery(dir, &format!("ctl {list} {name} --json"));
    let row: Value = serde_json::from_str(&said(&output)).expect("one object");
    row["state"].as_str().expect("a word").to_owned()
}

#[test]
fn what_an_operator_decides_holds_over_a_crash() {
    let dir = Dir::new("ctl-stand");
    let gateway = demo(&dir);
    for order in ["ctl pause demo", "ctl drain carrier/sim-odd"] {
        let output = bindery(&dir, order);
        assert_eq!(output.status.code(), Some(0), "{order}: {output:?}");
    }
    gateway.kill();

    let gateway = demo(&dir);
    assert_eq!(state(&dir, "customers", "demo"), "paused");
    assert_eq!(state(&dir, "carriers", "sim-odd"), "draining");
    gateway.counted(
        "bindery_standing{peer=\"demo\",side=\"customer\",status=\"paused\"}",
        1,
    );
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let refused = client.submitted("447700901234", "hello");
    assert_eq!(refused, status::RTHROTTLED);
    let output = bindery(&dir, "ctl resume demo");
    assert_eq!(said(&output), "customer demo is open\n");
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    client.next_of(command::DELIVER_SM);
}

#[test]
fn messages_wait_for_a_paused_carrier_and_are_sent_when_it_is_resumed() {
    let dir = Dir::new("ctl-pause");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(bindery(&dir, "ctl pause sim").status.code(), Some(0));
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    let output = bindery(&dir, "ctl carriers sim --json");
    let row: Value = serde_json::from_str(&said(&output)).expect("one object");
    assert_eq!((&row["waiting"], &row["sending"]), (&1.into(), &0.into()));
    let lanes = said(&bindery(&dir, "ctl lanes"));
    let lane = lanes.lines().nth(1).expect("the lane of sim");
    assert!(
        lane.starts_with("sim ") && lane.ends_with(" paused"),
        "{lanes}"
    );
    assert_eq!(bindery(&dir, "ctl resume sim").status.code(), Some(0));
    client.next_of(command::DELIVER_SM);
}

#[test]
fn an_order_that_names_nothing_changes_nothing() {
    let dir = Dir::new("ctl-wrong");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    for (order, why) in [
        (
            "ctl kick 9-9-9",
            "9-9-9 is no customer, no carrier and no bind; use one of",
        ),
        ("ctl kick load", "load has no bind that stands"),
        (
            "ctl kick carrier/demo",
            "carrier/demo has no bind that stands",
        ),
        ("ctl binds nobody-like-that", "use one of"),
        (
            "ctl pause dmo",
            "dmo is no customer and no carrier; did you mean demo?",
        ),
        (
            "ctl carriers demo",
            "demo is no carrier; use one of sim, sim-odd",
        ),
        ("ctl customers smi", "smi is no customer; use one of"),
        ("ctl kikc demo", "similar subcommand exists: 'kick'"),
    ] {
        let output = bindery(&dir, order);
        assert_eq!(output.status.code(), Some(2), "{order}: {output:?}");
        assert!(said(&output).contains(why), "{order}: {}", said(&output));
    }
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
}

#[test]
fn whoever_connects_and_says_nothing_holds_up_nobody() {
    let dir = Dir::new("ctl-silent");
    let _gateway = demo(&dir);
    let socket = dir.path().join("data/control.sock");
    // One after the other they would be waited for longer than whoever gives an order waits.
    let connect = |_| UnixStream::connect(&socket).expect("the socket");
    let _silent: Vec<UnixStream> = (0..10).map(connect).collect();
    let output = bindery(&dir, "ctl binds sim");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(said(&output).lines().count(), 3);
}

#[test]
fn the_configuration_names_the_gateway_and_one_that_does_not_run_is_told() {
    let dir = Dir::new("ctl-none");
    let data = dir.path().join("data").display().to_string();
    let listener = "[[listener]]\nname = \"smpp\"\nkind = \"smpp\"\naddr = \"127.0.0.1:0\"\n";
    let config = format!("gateway.data_dir = \"{data}\"\n{listener}");
    let file = dir.write("other.toml", &config);
    let file = file.display().to_string();
    let none = run(&["ctl", "binds", "--config", &file]);
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    let expected = format!("no gateway answers at {data}/control.sock");
    assert!(said(&none).contains(&expected), "{}", said(&none));

    let _gateway = demo(&dir);
    let some = run(&["ctl", "binds", "sim", "--config", &file]);
    assert_eq!(some.status.code(), Some(0), "{some:?}");
    assert_eq!(said(&some).lines().count(), 3);
}

#[test]
fn credit_that_an_operator_gives_pays_at_once_and_survives_a_crash() {
    let dir = Dir::new("ctl-credits");
    let gateway = demo_with(&dir, ACME);
    let mut client = Client::bound(gateway.smpp, "acme", "s3cr3t-1");
    assert_eq!(
        client.submitted("447700901234", "hello"),
        status::RSUBMITFAIL
    );
    for (order, available) in [("add 0.12 --note gift", "0.12"), ("take 0.02", "0.1")] {
        let credit = credit(&dir, order);
        assert_eq!(credit["available"], available, "{credit}");
    }
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    let receipt = client.next_of(command::DELIVER_SM);
    client.acknowledge(&receipt);
    gateway.kill();

    let _gateway = demo_with(&dir, ACME);
    let credit = credit(&dir, "");
    assert_eq!(
        (&credit["spent"], &credit["granted"]),
        (&"0.05".into(), &"0.1".into())
    );
    let limits = said(&bindery(&dir, "ctl limits acme --json"));
    assert!(
        limits.contains("{\"limit\":\"credits\",\"used\":0.05,\"max\":0.1}"),
        "{limits}"
    );
    assert!(
        limits.contains("{\"limit\":\"daily_limit\",\"used\":1.0,\"max\":1000.0}"),
        "{limits}"
    );

    for (order, code, why) in [
        (
            "ctl credits acme take 0.06",
            1,
            "0.06 cannot be taken from acme: 0.05 is available",
        ),
        (
            "ctl credits acme add 1,5",
            2,
            "1,5 is no amount: give digits",
        ),
        ("ctl credits demo add 1", 1, "demo pays nothing"),
        (
            "ctl credits acne",
            2,
            "acne is no customer; did you mean acme?",
        ),
        (
            "ctl limits acne",
            2,
            "acne is no customer; did you mean acme?",
        ),
    ] {
        let output = bindery(&dir, order);
        assert_eq!(output.status.code(), Some(code), "{order}: {output:?}");
        assert!(said(&output).contains(why), "{order}: {}", said(&output));
    }
}

/// What acme has after this.
#[track_caller]
fn credit(dir: &Dir, order: &str) -> Value {
    let output = bindery(dir, &format!("ctl credits acme {order} --json"));
    serde_json::from_str(&said(&output)).unwrap_or_else(|_| panic!("{output:?}"))
}
