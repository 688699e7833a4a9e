//! What operators count.

use std::collections::BTreeSet;

use smpp::command;
use smpp::status;

use crate::client::Client;
use crate::gateway::{Dir, Gateway};

const ENQUIRE_LINK: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 99];
/// A submit_sm whose service_type does not end.
const MALFORMED: [u8; 18] = [0, 0, 0, 18, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 98, b'C', b'M'];

#[test]
fn every_customer_and_connector_is_counted() {
    let dir = Dir::new("metrics");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    let receipt = client.next_of(command::DELIVER_SM);
    client.acknowledge(&receipt);
    assert_ne!(client.submitted("", "hello"), status::OK);
    for (name, peer, side) in [
        ("requests_accepted", "demo", "customer"),
        ("requests_sent", "demo", "customer"),
        ("requests_taken", "demo", "customer"),
        ("receipts", "demo", "customer"),
        ("requests_accepted", "sim", "connector"),
        ("requests_sent", "sim", "connector"),
        ("requests_taken", "sim", "connector"),
        ("receipts", "sim", "connector"),
    ] {
        let labels = format!("{{peer=\"{peer}\",side=\"{side}\"}}");
        gateway.counted(&format!("bindery_{name}_total{labels}"), 1);
    }
    let refused = "bindery_requests_refused_total{peer=\"demo\",side=\"customer\",status=\"ESME_RINVDSTADR\"}";
    gateway.counted(refused, 1);
}

#[test]
fn a_malformed_pdu_is_answered_counted_and_told_in_one_line() {
    let dir = Dir::new("malformed");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    client.write(&MALFORMED);
    client.write(&ENQUIRE_LINK);
    let answer = client.next();
    assert_eq!(answer.header.command_id, command::SUBMIT_SM_RESP);
    assert_ne!(answer.header.status, status::OK);
    assert_eq!(answer.header.sequence, 98);
    // The one after it is read where it begins.
    assert_eq!(client.next().header.sequence, 99);
    let malformed = "bindery_pdus_malformed_total{peer=\"demo\",side=\"customer\"}";
    gateway.counted(malformed, 1);
    drop(client);
    let lines = gateway.logged_until("peer=\"demo\" remote=");
    let told = lines
        .iter()
        .filter(|line| line.contains("a PDU could not be read"));
    assert_eq!(told.count(), 1, "{lines:?}");
}

#[test]
fn what_a_customer_has_and_what_waits_is_measured_when_somebody_asks() {
    const PAYS: &str = "
        [[customer]]
        name = 'pays'
        password = 'demopass'
        credits = 'prepaid'
        [[topup]]
        id = 1
        customer = 'pays'
        amount = 3
    ";
    let dir = Dir::new("measures");
    let gateway = Gateway::start(&dir, PAYS);
    let measured = |rows: &[&str]| {
        let (_, text) = gateway.get("/metrics");
        for row in rows {
            assert!(
                text.lines().any(|line| line == *row),
                "{row} is not in\n{text}"
            );
        }
    };
    measured(&[
        "bindery_credits_available{peer=\"pays\",side=\"customer\"} 3.0",
        "bindery_credits_spent{peer=\"pays\",side=\"customer\"} 0.0",
        "bindery_oldest_waiting_seconds{peer=\"sim\",side=\"connector\"} 0",
        "bindery_messages_resent_total{peer=\"sim\",side=\"connector\"} 0",
    ]);
    let mut client = Client::bound(gateway.smpp, "pays", "demopass");
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    client.next_of(command::DELIVER_SM);
    measured(&[
        "bindery_credits_available{peer=\"pays\",side=\"customer\"} 2.0",
        "bindery_credits_spent{peer=\"pays\",side=\"customer\"} 1.0",
    ]);
}

#[test]
fn every_metric_says_what_it_is() {
    let dir = Dir::new("help");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    let (_, text) = gateway.get("/metrics");
    let names = |start: &str| -> BTreeSet<&str> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(start));
        lines.filter_map(|line| line.split(' ').next()).collect()
    };
    let (helped, typed) = (names("# HELP "), names("# TYPE "));
    assert_eq!(helped, typed);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let mut counted = 0;
    for sample in samples {
        let name = sample.split(['{', ' ']).next().unwrap_or_default();
        let family = ["_total", "_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        assert!(helped.contains(family), "{sample} is not explained");
        assert!(family.starts_with("bindery_"), "{sample}");
        counted += 1;
    }
    assert!(counted > 50, "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn the_manual_knows_everything_that_a_running_gateway_counts() {
    const MANUAL: &str = include_str!("../../../../docs/manual/metrics.md");
    let dir = Dir::new("metrics-manual");
    let gateway = Gateway::start(&dir, "[gateway]\nmemory_max = \"64 MiB\"\n");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    let mut stranger = Client::connect(gateway.smpp);
    assert_eq!(stranger.bind("demo", "wrong"), status::RINVPASWD);
    drop(client);
    let ended =
        "bindery_binds_ended_total{peer=\"demo\",side=\"customer\",status=\"disconnected\"}";
    gateway.counted(ended, 1);
    gateway.counted("bindery_messages_memory_max_bytes", 64 << 20);
    gateway.counted("bindery_disk_level", 0);
    for stage in ["accepted_to_carrier", "carrier_to_receipt"] {
        let measured = format!("bindery_stage_seconds_count{{stage=\"{stage}\"}}");
        gateway.counted(&measured, 1);
    }
    let text = gateway.get("/metrics").1;
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut known = 0;
    for (name, kind) in kinds.filter_map(|line| line.split_once(' ')) {
        let total = if kind == "counter" { "_total" } else { "" };
        let row = format!("| `{name}{total}` | {kind} |");
        assert!(
            MANUAL.contains(&row),
            "{row} is not in docs/manual/metrics.md"
        );
        known += 1;
    }
    assert!(known > 30, "{known}");
}
