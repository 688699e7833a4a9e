//! Independent clients hold the same conversation with the whole program: a wrong password, a transceiver with a short, a
//! long, a Unicode text and one that is replied to, and a receiver beside a transmitter.
//!
//! `tests/interop/install` installs the clients, and `cargo xtask test` runs it. Without them these tests cannot pass, so
//! that `cargo test` shows them as ignored.

mod kannel;
mod vendors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::capture::{self, Relay};
use crate::client::Client;
use crate::gateway::{Dir, Gateway, bindery};
use smpp::status;

/// All five texts of a client have their receipts after three seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Shows MTA-118.
#[test]
#[ignore = "needs smpplib: run `cargo xtask test`"]
fn smpplib() {
    check("smpplib", python("smpplib_client.py"), Wire::Plain, "14", 3);
}

/// Shows MTA-118.
#[test]
#[ignore = "needs smpplib: run `cargo xtask test`"]
fn smpplib_over_tls() {
    check(
        "smpplib_over_tls",
        python("smpplib_client.py"),
        Wire::Tls,
        "14",
        3,
    );
}

/// Shows MTA-118.
#[test]
#[ignore = "needs aiosmpplib: run `cargo xtask test`"]
fn aiosmpplib() {
    check(
        "aiosmpplib",
        python("aiosmpplib_client.py"),
        Wire::Plain,
        "unread",
        1,
    );
}

/// Shows MTA-118.
#[test]
#[ignore = "needs node's smpp: run `cargo xtask test`"]
fn node_smpp() {
    check("node_smpp", node(), Wire::Plain, "14", 1);
}

#[test]
#[ignore = "needs node's smpp: run `cargo xtask test`"]
fn node_smpp_over_tls() {
    check("node_smpp_over_tls", node(), Wire::Tls, "14", 1);
}

/// Shows MTA-118.
#[test]
#[ignore = "needs Net::SMPP: run `cargo xtask test`"]
fn net_smpp() {
    let mut perl = Command::new("perl");
    perl.arg(scripts().join("net_smpp_client.pl"));
    check("net_smpp", perl, Wire::Plain, "14", 1);
}

/// Another reading of the specification than ours finds a PDU in every packet and nothing wrong in any.
#[test]
#[ignore = "needs smpplib and tshark: run `cargo xtask test`"]
fn tshark_reads_what_was_said() {
    let dir = Dir::new("tshark");
    let gateway = Gateway::start(&dir, "");
    let relay = Relay::start(gateway.smpp);
    let mut client = python("smpplib_client.py");
    client.args([
        relay.address.ip().to_string(),
        relay.address.port().to_string(),
    ]);
    receipts_match(&lines(client));
    let file = dir.path().join("conversation.pcap");
    let pdus = relay.write(&file);

    let read = dissected(&file, capture::PORT, pdus);
    let said = read.join("\n");
    let count = |command: &str| read.iter().filter(|line| line.starts_with(command)).count();
    let submit_sm_resp = "0x80000004";
    let deliver_sm = "0x00000005";
    assert_eq!((count(submit_sm_resp), count(deliver_sm)), (7, 8), "{said}");
    let with_id = |line: &&String| line.starts_with(submit_sm_resp) && !line.ends_with('|');
    assert_eq!(read.iter().filter(with_id).count(), 7, "{said}");
}

/// A capture of `bindery trace` is one for everybody, hidden texts and all.
#[test]
#[ignore = "needs tshark: run `cargo xtask test`"]
fn tshark_reads_a_trace() {
    let dir = Dir::new("tshark-trace");
    let gateway = Gateway::start(&dir, "");
    let file = dir.path().join("trace.pcapng");
    let mut trace = bindery();
    trace
        .arg("trace")
        .arg("--data-dir")
        .arg(dir.path().join("data"));
    trace
        .args(["--customer", "demo", "--max", "300", "--write"])
        .arg(&file);
    let mut trace = trace
        .stderr(Stdio::piped())
        .spawn()
        .expect("bindery starts");
    let said = crate::gateway::lines(trace.stderr.take().expect("piped"));
    assert!(
        said.recv_timeout(PATIENCE)
            .expect("a line")
            .starts_with("watching")
    );
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    for _ in 0..5 {
        assert_eq!(client.submitted("447700901234", "a secret"), status::OK);
    }
    let ended = said.recv_timeout(PATIENCE).expect("a line");
    assert!(trace.wait().expect("its end").success());
    let pdus = ended.split(' ').next().and_then(|count| count.parse().ok());
    let read = dissected(&file, gateway.smpp.port(), pdus.expect("a count"));
    assert!(
        read.len() > 3 && read[0].starts_with("0x00000009"),
        "{read:?}"
    );
}

/// Prometheus takes the rules; that what they ask for exists is a test of the metrics.
#[test]
#[ignore = "needs promtool: run `cargo xtask test`"]
fn promtool_takes_the_rules() {
    let rules = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../dist/prometheus/bindery.rules.yml"
    );
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "rules", rules]);
    let said = lines(promtool).join("\n");
    let text = std::fs::read_to_string(rules).expect("the rules are there");
    let rules = text.matches("- alert:").count() + text.matches("- record:").count();
    let success = format!("SUCCESS: {rules} rules found");
    assert!(rules > 0 && said.contains(&success), "{said}");
}

/// What tshark finds in a capture with so many PDUs: of each its command_id, and its message_id if it has one.
fn dissected(file: &Path, port: u16, pdus: usize) -> Vec<String> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-r"]).arg(file);
    tshark.args(["-d", &format!("tcp.port=={port},smpp")]);
    tshark.args(["-T", "fields", "-E", "separator=|"]);
    for field in ["smpp.command_id", "_ws.malformed", "smpp.message_id"] {
        tshark.args(["-e", field]);
    }
    let read = lines(tshark);
    let said = read.join("\n");
    assert_eq!(read.len(), pdus, "{said}");
    for line in &read {
        let fields: Vec<&str> = line.split('|').collect();
        assert!(
            fields[0].starts_with("0x") && fields[1].is_empty(),
            "{line}"
        );
    }
    read
}

#[derive(Clone, Copy)]
enum Wire {
    Plain,
    Tls,
}

/// Runs a client against a gateway of its own. `refused`: what it says of the wrong password; `parts`: how many submit_sm it
/// makes of the long text.
#[track_caller]
fn check(name: &str, mut client: Command, wire: Wire, refused: &str, parts: usize) {
    let dir = Dir::new(name);
    let gateway = Gateway::start(&dir, "");
    let address = match wire {
        Wire::Plain => gateway.smpp,
        Wire::Tls => gateway.smpps,
    };
    client.args([address.ip().to_string(), address.port().to_string()]);
    if let Wire::Tls = wire {
        client.arg(dir.path().join("data/tls/cert.pem"));
    }
    let lines = lines(client);
    let said = lines.join("\n");

    let kinds = lines.iter().filter_map(|line| line.strip_prefix("bound "));
    let kinds: Vec<&str> = kinds.collect();
    assert_eq!(kinds, ["transceiver", "receiver", "transmitter"], "{said}");
    assert_eq!(lines[0], format!("refused {refused}"), "{said}");
    assert_eq!(
        lines.iter().filter(|line| *line == "unbound").count(),
        3,
        "{said}"
    );
    let replies = lines.iter().filter_map(|line| line.strip_prefix("mo "));
    assert_eq!(replies.collect::<Vec<_>>(), ["reward"], "{said}");

    let names = submitted(&lines).into_values();
    let count = names.fold(BTreeMap::<_, usize>::new(), |mut count, name| {
        *count.entry(name).or_default() += 1;
        count
    });
    let expect = [("long", parts), ("reply", 1), ("short", 2), ("unicode", 1)];
    assert_eq!(count, BTreeMap::from(expect), "{said}");
    receipts_match(&lines);
}

/// The name of each accepted message by its message_id, which no two share.
#[track_caller]
fn submitted(lines: &[String]) -> BTreeMap<&str, &str> {
    let mut names = BTreeMap::new();
    for line in lines
        .iter()
        .filter_map(|line| line.strip_prefix("submitted "))
    {
        let (name, id) = line.split_once(' ').expect("a name and an id");
        assert_eq!(names.insert(id, name), None, "{id} was told twice");
    }
    names
}

/// Each accepted message has one receipt, which names it in its text and in its parameter.
#[track_caller]
fn receipts_match(lines: &[String]) {
    let mut open = submitted(lines);
    for line in lines
        .iter()
        .filter_map(|line| line.strip_prefix("receipt "))
    {
        let [in_text, state, in_parameter] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("no receipt: {line}");
        };
        assert_eq!(state, "DELIVRD", "{line}");
        assert_eq!(in_text, in_parameter, "{line}");
        assert!(open.remove(in_text).is_some(), "not ours, or again: {line}");
    }
    assert!(open.is_empty(), "no receipt for {open:?}");
}

/// What the client prints until it ends, which it must do by itself and well.
#[track_caller]
fn lines(mut client: Command) -> Vec<String> {
    let program = client.get_program().to_owned();
    let child = client.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let child = Guard(child.unwrap_or_else(|error| {
        panic!("{program:?}: {error}; crates/gateway/tests/interop/install installs it")
    }));
    child.finish()
}

/// A client; killed when dropped.
struct Guard(Child);

impl Guard {
    #[track_caller]
    fn finish(mut self) -> Vec<String> {
        let stdout = self.0.stdout.take().expect("piped");
        let (give, take) = channel();
        std::thread::spawn(move || give.send(std::io::read_to_string(stdout)));
        let Ok(said) = take.recv_timeout(PATIENCE) else {
            panic!("the client does not come to an end");
        };
        let said = said.expect("text");
        assert!(self.0.wait().expect("its end").success(), "{said}");
        said.lines().map(str::to_owned).collect()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn python(script: &str) -> Command {
    let mut command = Command::new(installed().join("python/bin/python"));
    command.arg(scripts().join(script));
    command
}

fn node() -> Command {
    let mut command = Command::new("node");
    command
        .env("NODE_PATH", installed().join("node/node_modules"))
        .arg(scripts().join("node_client.js"));
    command
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

/// Where `cargo xtask test` has them installed: beside the other things that are built.
fn installed() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../interop")
}
