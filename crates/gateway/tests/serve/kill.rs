//! Killed again and again under full load, the program loses nothing that it accepted: each message whose submit_sm_resp said
//! OK gets its receipt in the end. `cargo xtask kill` runs this with more rounds, on the release build.

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::gateway::{Dir, Gateway, PATIENCE, bindery, quiet_address};

const ROUNDS: u64 = 3;
const BINDS: u64 = 4;

#[test]
fn nothing_accepted_is_lost_by_kills_under_full_load() {
    let rounds = std::env::var("BINDERY_KILL_ROUNDS").map_or(ROUNDS, |text| {
        text.parse().expect("BINDERY_KILL_ROUNDS is a number")
    });
    let dir = Dir::new("kill-load");
    let address = quiet_address(20_000);
    let mut gateway = start(&dir, address);
    let load = Load::start(address, "60s");
    for round in 0..rounds {
        // Early and late ones, none at a round number, the same in each run.
        let moment = (1_500 << (round % 8)) + round * 389 % 1_000;
        accepts(&gateway, moment);
        gateway.kill();
        gateway = start(&dir, address);
    }
    accepts(&gateway, 1_500);
    let report = load.finish();

    assert!(
        report["disconnects"].as_u64() >= Some(BINDS * rounds),
        "not killed under load: {report}"
    );
    let receipts = &report["receipts"];
    assert!(
        receipts["expected"].as_u64() >= Some(1_500 * rounds),
        "{report}"
    );
    assert_eq!(receipts["received"], receipts["expected"], "{report}");
    for never in ["missing", "unknown", "of_refused"] {
        assert_eq!(receipts[never], 0, "{never}: {report}");
    }
    assert_eq!(report["responses_unmatched"], 0, "{report}");
    assert_eq!(report["refused"], serde_json::json!({}), "{report}");
}

/// The test above could not fail if this did not hold.
#[test]
fn what_is_lost_with_the_disk_is_seen() {
    let dir = Dir::new("kill-lost");
    let address = quiet_address(21_000);
    let gateway = start(&dir, address);
    let load = Load::start(address, "3s");
    accepts(&gateway, 1_500);
    gateway.kill();
    std::fs::remove_dir_all(dir.path().join("data")).expect("the data directory");
    let gateway = start(&dir, address);
    accepts(&gateway, 100);
    let report = load.finish();
    assert!(report["receipts"]["missing"].as_u64() > Some(0), "{report}");
}

fn start(dir: &Dir, address: SocketAddr) -> Gateway {
    Gateway::start_with(dir, "", &["--smpp-listen", &address.to_string()])
}

/// Waits until this process of the gateway has accepted so many messages of the load tool.
#[track_caller]
fn accepts(gateway: &Gateway, count: u64) {
    let until = Instant::now() + PATIENCE;
    let of_load = "bindery_requests_accepted_total{peer=\"load\",side=\"customer\"} ";
    while Instant::now() < until {
        let (_, metrics) = gateway.get("/metrics");
        let value = metrics.lines().find_map(|line| line.strip_prefix(of_load));
        if value.is_some_and(|value| value.parse::<u64>().expect("a count") >= count) {
            return;
        }
    }
    panic!("it does not come to {count} messages");
}

/// The load tool, which books every message; killed when dropped.
struct Load(Child);

impl Load {
    fn start(address: SocketAddr, drain_wait: &str) -> Load {
        let mut command = bindery();
        command
            .args(["load", "--receipts", "--reconnect", "--json"])
            .args(["--duration", "1h", "--drain-wait", drain_wait])
            .args(["--binds", &BINDS.to_string()])
            .args(["--connect", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        Load(command.spawn().expect("bindery starts"))
    }

    /// Ends the sending, waits for what is still to come, and takes the books.
    #[track_caller]
    fn finish(mut self) -> Value {
        crate::gateway::signal(&self.0, "INT");
        let mut said = String::new();
        let mut stdout = self.0.stdout.take().expect("piped");
        stdout.read_to_string(&mut said).expect("text");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
