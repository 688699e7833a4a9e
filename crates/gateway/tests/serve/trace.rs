//! `bindery trace` while peers talk.

use std::process::{Child, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::Value;
use smpp::{command, status};

use crate::client::Client;
use crate::gateway::{Dir, Gateway, PATIENCE, bindery, lines};

/// A trace that runs; killed when dropped.
struct Trace {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Trace {
    /// Begins, and waits until the gateway watches.
    #[track_caller]
    fn begin(dir: &Dir, args: &[&str]) -> Trace {
        let mut command = bindery();
        command.args(["trace", "--data-dir"]);
        command.arg(dir.path().join("data")).args(args);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bindery starts");
        let out = lines(child.stdout.take().expect("piped"));
        let err = lines(child.stderr.take().expect("piped"));
        let said = err.recv_timeout(PATIENCE).expect("a line");
        assert!(said.starts_with("watching"), "{said}");
        Trace { child, out, err }
    }

    /// The next PDU, of a trace with `--json`.
    #[track_caller]
    fn next(&self) -> Value {
        let line = self.out.recv_timeout(PATIENCE).expect("a PDU");
        serde_json::from_str(&line).expect("JSON")
    }

    /// The next PDU that is called so.
    #[track_caller]
    fn next_of(&self, command: &str) -> Value {
        loop {
            let pdu = self.next();
            if pdu["command"] == command {
                return pdu;
            }
        }
    }

    /// What it says at its end, by itself.
    #[track_caller]
    fn ended(mut self) -> String {
        let said = self.err.recv_timeout(PATIENCE).expect("a line");
        assert!(self.child.wait().expect("its end").success());
        said
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of a field of a PDU.
#[track_caller]
fn field<'a>(pdu: &'a Value, name: &str) -> &'a str {
    let fields = pdu["fields"].as_array().expect("fields");
    let field = fields.iter().find(|field| field["name"] == name);
    field
        .and_then(|field| field["value"].as_str())
        .expect("it has it")
}

#[test]
fn a_customer_is_watched_from_its_bind_on_also_through_tls() {
    let dir = Dir::new("trace-customer");
    let gateway = Gateway::start(&dir, "");
    let trace = Trace::begin(&dir, &["--customer", "demo", "--json"]);
    let mut other = Client::bound(gateway.smpp, "demo2", "demopass");
    assert_eq!(
        other.submitted("447700900999", "not of interest"),
        status::OK
    );
    let mut refused = Client::connect(gateway.smpp);
    assert_eq!(refused.bind("demo", "wrong"), status::RINVPASWD);
    let mut client = Client::connect_tls(gateway.smpps, &dir.path().join("data/tls/cert.pem"));
    assert_eq!(client.bind("demo", "demopass"), status::OK);
    assert_eq!(client.submitted("447700901234", "a secret"), status::OK);
    let receipt = client.next_of(command::DELIVER_SM);
    client.acknowledge(&receipt);

    let bind = trace.next();
    assert_eq!(bind["command"], "bind_transceiver");
    assert_eq!(field(&bind, "password"), "5 characters, not shown");
    assert_eq!(trace.next()["status"], "ESME_RINVPASWD");
    assert_eq!(trace.next()["command"], "bind_transceiver");
    assert_eq!(trace.next()["status"], "ESME_ROK");
    let submit = trace.next();
    assert_eq!(submit["command"], "submit_sm");
    assert_eq!(submit["peer"], "demo");
    assert_eq!(submit["to"], gateway.smpps.to_string());
    assert_eq!(field(&submit, "destination_addr"), "1/1 44770090****");
    assert_eq!(submit["text"], "********");
    let answer = trace.next();
    assert_eq!(answer["command"], "submit_sm_resp");
    assert_eq!(answer["sequence"], submit["sequence"]);
    assert_eq!(answer["from"], submit["to"]);
    let receipt = trace.next_of("deliver_sm");
    let text = receipt["text"].as_str().expect("a text");
    assert!(
        text.contains("stat:DELIVRD") && text.ends_with('*'),
        "{text}"
    );
    assert_eq!(trace.next()["command"], "deliver_sm_resp");
}

#[test]
fn a_number_is_followed_on_both_sides_with_the_answers() {
    let dir = Dir::new("trace-number");
    let gateway = Gateway::start(&dir, "[gateway]\ntrace_texts = true\n");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let trace = Trace::begin(&dir, &["--number", "901234", "--text", "--json"]);
    assert_eq!(
        client.submitted("447700900999", "to somebody else"),
        status::OK
    );
    assert_eq!(
        client.submitted("447700901234", "to the number"),
        status::OK
    );
    let mut seen = Vec::new();
    // The submit to the gateway and from it to the carrier, with the answers, in whatever order these two meet.
    for _ in 0..4 {
        let pdu = trace.next();
        let command = pdu["command"].as_str().expect("a name").to_owned();
        if command == "submit_sm" {
            assert_eq!(pdu["text"], "to the number");
            assert!(field(&pdu, "destination_addr").ends_with("447700901234"));
        }
        seen.push((pdu["peer"].as_str().expect("a name").to_owned(), command));
    }
    seen.sort();
    let expected = [
        ("demo", "submit_sm"),
        ("demo", "submit_sm_resp"),
        ("sim", "submit_sm"),
        ("sim", "submit_sm_resp"),
    ];
    assert_eq!(
        seen,
        expected.map(|(peer, command)| (peer.to_owned(), command.to_owned()))
    );
}

#[test]
fn a_trace_ends_by_its_size_or_its_time_and_can_be_read_as_a_capture() {
    let dir = Dir::new("trace-capture");
    let gateway = Gateway::start(&dir, "");
    let file = dir.path().join("demo.pcapng");
    let path = file.to_str().expect("a path");
    let trace = Trace::begin(
        &dir,
        &["--customer", "demo", "--write", path, "--max", "200"],
    );
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    for _ in 0..4 {
        assert_eq!(client.submitted("447700901234", "a secret"), status::OK);
    }
    let said = trace.ended();
    assert!(said.contains("ended because it has the size"), "{said}");
    let shown = bindery()
        .args(["decode", "--pcap", path])
        .output()
        .expect("it runs");
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(
        shown.contains("submit_sm #2") && !shown.contains("secret"),
        "{shown}"
    );
    assert!(
        shown.contains("44770090****") && !shown.contains("447700901234"),
        "{shown}"
    );

    let short = Trace::begin(&dir, &["--for", "50ms"]);
    let said = short.ended();
    assert!(said.contains("ended because the time is up"), "{said}");
}

#[test]
fn what_cannot_be_watched_is_refused_with_the_reason() {
    let dir = Dir::new("trace-refused");
    let refused = |args: &[&str]| {
        let data = dir.path().join("data");
        let mut command = bindery();
        command.args(["trace", "--data-dir"]).arg(data).args(args);
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(refused(&[]).contains("no gateway answers at"));
    let gateway = Gateway::start(&dir, "");
    let customer = refused(&["--customer", "dmeo"]);
    assert!(
        customer.contains("no customer binds as \"dmeo\"; there are: bulksms, demo, demo1"),
        "{customer}"
    );
    let carrier = refused(&["--carrier", "north"]);
    assert!(
        carrier.contains("no connector is called \"north\"; there are: sim"),
        "{carrier}"
    );
    assert!(refused(&["--text"]).contains("trace_texts = true in [gateway]"));
    assert!(refused(&["--for", "25h"]).contains("at most 24h"));
    assert!(refused(&["--number", "demo"]).contains("last digits"));
    // A fifth one has to wait until another ends.
    let others: Vec<Trace> = (0..4).map(|_| Trace::begin(&dir, &[])).collect();
    assert!(refused(&[]).contains("4 traces run already"));
    drop(others);
    drop(gateway);
}

/// The page for operators shows commands that work.
#[test]
fn the_page_about_seeing_is_true() {
    const PAGE: &str = include_str!("../../../../docs/manual/seeing.md");
    let dir = Dir::new("trace-manual");
    let config = PAGE.split("```toml\n").nth(1).expect("a setting");
    let gateway = Gateway::start(&dir, config.split("```").next().expect("its end"));
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let blocks = PAGE.split("```sh\n").skip(1);
    let commands = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    let mut tried = 0;
    for command in commands.filter(|line| !line.is_empty()) {
        let words = command.split(' ').skip(1).filter(|&word| word != "100MB");
        let mut words: Vec<&str> = words.filter(|&word| word != "--max").collect();
        let traces = words[0] == "trace";
        if traces {
            let data = dir.path().join("data");
            // Nobody has the address of the page.
            let time = if words.contains(&"--bind") {
                "50ms"
            } else {
                "1h"
            };
            words.retain(|&word| !["--for", "10m"].contains(&word));
            let mut trace = bindery();
            trace.current_dir(dir.path()).args(&words);
            trace
                .args(["--for", time, "--max", "100", "--data-dir"])
                .arg(data);
            let mut trace = trace.stdout(Stdio::null()).spawn().expect("it runs");
            while trace.try_wait().expect("a child").is_none() {
                assert_eq!(client.submitted("447700901234", "hello"), status::OK);
            }
            assert!(trace.wait().expect("its end").success(), "{command}");
        } else {
            let output = bindery().current_dir(dir.path()).args(&words).output();
            assert!(output.expect("it runs").status.success(), "{command}");
        }
        tried += 1;
    }
    assert_eq!(tried, 9);
}
