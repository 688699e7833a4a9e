//! What is counted, and whether the manual knows it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use directory::Directory;
use engine::{Amount, Balance, ConnectorId, LaneMeasure, Measures, Memory};
use sms::Wall;

use super::*;

#[test]
fn what_was_counted_is_in_the_text() {
    let metrics = Metrics::new();
    let mut demo = metrics.peers.customer("demo");
    demo.accepted.inc_by(3);
    demo.refused("ESME_RTHROTTLED");
    metrics.journal.appended(Duration::from_micros(120), 4096);
    let text = metrics.text(Figures {
        messages: 7,
        deliveries_expired: 5,
        ..Figures::default()
    });
    for line in [
        "bindery_requests_accepted_total{peer=\"demo\",side=\"customer\"} 3",
        "bindery_requests_refused_total{peer=\"demo\",side=\"customer\",status=\"ESME_RTHROTTLED\"} 1",
        "bindery_messages 7",
        "bindery_deliveries_expired_total 5",
        "bindery_journal_records_bytes_total 4096",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn whom_an_operator_lets_go_on_has_no_row_any_more() {
    let metrics = Metrics::new();
    let row = "bindery_standing{peer=\"demo\",side=\"customer\",status=\"paused\"} 1";
    let who = Who::new(Side::Customer, "demo");
    metrics.peers.stand([(who, "paused")]);
    assert!(metrics.text(Figures::default()).contains(row));
    metrics.peers.stand([]);
    assert!(!metrics.text(Figures::default()).contains(row));
}

/// An alert asks for it: whoever takes a connector out of the configuration is not to be woken for its binds ever after.
#[test]
fn no_bind_is_wanted_with_a_connector_that_is_gone() {
    let metrics = Metrics::new();
    let row = "bindery_binds_wanted{peer=\"north\",side=\"connector\"} 2";
    let north = || Who::new(Side::Carrier, "north");
    metrics.peers.connector("north").binds.set(0);
    metrics.peers.want([(north(), 2)]);
    assert!(metrics.text(Figures::default()).contains(row));
    metrics.peers.want([]);
    let text = metrics.text(Figures::default());
    assert!(!text.contains("bindery_binds_wanted{"), "{text}");
    const RULES: &str = include_str!("../../../../dist/prometheus/bindery.rules.yml");
    let (_, rule) = RULES
        .split_once("BinderyCarrierWithoutBind")
        .expect("there is an alert");
    let asked = rule.lines().nth(2).expect("what it asks").trim();
    assert_eq!(
        asked,
        r#"sum by (peer) (bindery_binds{side="connector"}) == 0 and sum by (peer) (bindery_binds_wanted) > 0"#
    );
}

/// A customer that pays and one that does not, and a carrier.
fn directory() -> Directory {
    let text = "
        [[listener]]
        name = 'smpp'
        kind = 'smpp'
        addr = '127.0.0.1:2775'
        [[customer]]
        name = 'demo'
        password = 'demopass'
        credits = 'prepaid'
        [[customer]]
        name = 'free'
        password = 'demopass'
        [[connector]]
        name = 'sim'
        simulated = true
    ";
    Directory::parse("small.toml", text).expect("a directory")
}

/// Of both customers and the carrier, and of a carrier that is gone.
fn measures() -> Measures {
    let balance = Balance {
        granted: Amount(100_000),
        reserved: Amount(5_000),
        spent: Amount(20_000),
    };
    let lane = |connector, oldest| LaneMeasure {
        connector,
        oldest,
        resent: 3,
        unknown: 1,
    };
    let directory = directory();
    let customers = directory.accounts.iter();
    let balances = customers.map(|account| (account.customer, balance));
    let sim = directory.carriers[0].profile.connector;
    Measures {
        lanes: vec![lane(sim, Some(Wall(500))), lane(ConnectorId(77), None)],
        balances: balances.collect(),
        memory: Memory {
            messages: 600,
            receipt_ids: 50,
            ..Memory::default()
        },
    }
}

#[test]
fn what_the_engine_measures_has_rows_until_it_measures_something_else() {
    let metrics = Metrics::new();
    let measured = Some(measures());
    metrics.measures.set(measured, &directory(), Wall(2_500));
    let text = metrics.text(Figures::default());
    for row in [
        "bindery_oldest_waiting_seconds{peer=\"sim\",side=\"connector\"} 2",
        "bindery_oldest_waiting_seconds{peer=\"#77\",side=\"connector\"} 0",
        "bindery_messages_resent_total{peer=\"sim\",side=\"connector\"} 3",
        "bindery_messages_unknown_total{peer=\"sim\",side=\"connector\"} 1",
        "bindery_credits_available{peer=\"demo\",side=\"customer\"} 7.5",
        "bindery_credits_reserved{peer=\"demo\",side=\"customer\"} 0.5",
        "bindery_credits_spent{peer=\"demo\",side=\"customer\"} 2.0",
        "bindery_memory_bytes{part=\"messages\"} 600",
        "bindery_memory_bytes{part=\"receipt_ids\"} 50",
    ] {
        assert!(
            text.lines().any(|line| line == row),
            "{row} is not in\n{text}"
        );
    }
    assert!(!text.contains("peer=\"free\""), "{text}");
    metrics.measures.set(None, &directory(), Wall(2_500));
    let text = metrics.text(Figures::default());
    for gone in [
        "oldest_waiting_seconds{",
        "credits_available{",
        "memory_bytes{",
    ] {
        assert!(!text.contains(&format!("bindery_{gone}")), "{text}");
    }
    assert!(text.contains("bindery_messages_resent_total{"), "{text}");
}

const MANUAL: &str = include_str!("../../../../docs/manual/metrics.md");
const BEGIN: &str =
    "<!-- generated by `BLESS=1 cargo test -p gateway metrics`; do not edit below -->\n";

/// Metrics of which everything has been counted once, since what never was is not in the text.
fn all() -> String {
    let metrics = Metrics::new();
    for mut peer in [
        metrics.peers.customer("demo"),
        metrics.peers.connector("sim"),
    ] {
        peer.refused("ESME_RTHROTTLED");
        peer.peer_refused("ESME_RTHROTTLED");
        peer.connect("bound");
        peer.credentials_rejected();
        peer.ended("unbound");
    }
    metrics.turn_away("tls");
    metrics
        .peers
        .stand([(Who::new(Side::Customer, "demo"), "paused")]);
    metrics.peers.want([(Who::new(Side::Carrier, "sim"), 2)]);
    let holder = Holder {
        side: "listener",
        name: "smpps".to_owned(),
    };
    metrics.certificates.get_or_create(&holder).set(0);
    metrics
        .measures
        .set(Some(measures()), &directory(), Wall(2_500));
    metrics.text(Figures::default())
}

/// The labels of the metric called `name`.
fn labels(text: &str, name: &str) -> String {
    let mut all = BTreeSet::new();
    for line in text.lines() {
        let Some((of, rest)) = line.split_once('{') else {
            continue;
        };
        if !matches!(of.strip_prefix(name), Some("" | "_total" | "_bucket")) {
            continue;
        }
        let (inner, _) = rest.split_once('}').expect("labels end");
        let labels = inner.split(',').filter_map(|label| label.split_once('='));
        all.extend(labels.map(|(label, _)| label));
    }
    all.remove("le");
    all.iter()
        .map(|label| format!("`{label}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What is counted as a table in Markdown.
fn table(text: &str) -> String {
    let mut out = String::from("| metric | kind | labels | what |\n|---|---|---|---|\n");
    let mut help = "";
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("# HELP ") {
            help = said
                .split_once(' ')
                .expect("a text")
                .1
                .trim_end_matches('.');
        } else if let Some(said) = line.strip_prefix("# TYPE ") {
            let (name, kind) = said.split_once(' ').expect("a kind");
            let shown = if kind == "counter" {
                format!("{name}_total")
            } else {
                name.to_owned()
            };
            let labels = labels(text, name);
            let _ = writeln!(out, "| `{shown}` | {kind} | {labels} | {help} |");
        }
    }
    out
}

#[test]
fn the_manual_has_every_metric() {
    let (prose, _) = MANUAL.split_once(BEGIN).expect("the mark");
    let whole = format!("{prose}{BEGIN}\n{}", table(&all()));
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/manual/metrics.md");
        std::fs::write(path, &whole).expect("the manual can be written");
        return;
    }
    assert!(
        MANUAL == whole,
        "docs/manual/metrics.md is behind the code: BLESS=1 cargo test -p gateway metrics"
    );
}

/// The metrics and labels in the queries of `text`, as `(metric, label)`; without a label as `(metric, "")`.
fn asked(text: &str) -> BTreeSet<(&str, &str)> {
    let word = |text: &str| {
        let end = |c: char| !(c.is_ascii_lowercase() || c == '_');
        text.find(end).unwrap_or(text.len())
    };
    let mut asked = BTreeSet::new();
    for (at, _) in text.match_indices("bindery_") {
        let (name, rest) = text[at..].split_at(word(&text[at..]));
        asked.insert((name, ""));
        let Some(rest) = rest.strip_prefix('{') else {
            continue;
        };
        let (inner, _) = rest.split_once('}').expect("labels end");
        asked.extend(inner.split(',').map(|label| (name, &label[..word(label)])));
        let before = &text[..at];
        // What it is summed by stands before it, in the same query.
        if let Some((_, by)) = before.rsplit_once("by (")
            && !by.contains("bindery_")
            && let Some((by, _)) = by.split_once(')')
        {
            asked.extend(by.split(", ").map(|label| (name, label)));
        }
    }
    asked
}

#[test]
fn dashboard_rules_and_manual_ask_for_nothing_that_is_not_there() {
    const DASHBOARD: &str = include_str!("../../../../dist/grafana/bindery.json");
    const RULES: &str = include_str!("../../../../dist/prometheus/bindery.rules.yml");
    /// What Prometheus adds, and what a histogram has of its own.
    const OTHERS: [&str; 3] = ["", "le", "instance"];
    let text = all();
    let table = table(&text);
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let queries: Vec<&str> = targets
        .filter_map(|target| target["expr"].as_str())
        .collect();
    assert!(queries.len() > 15 && queries.iter().all(|query| query.contains("bindery_")));
    let (manual, _) = MANUAL.split_once(BEGIN).expect("the mark");
    let mut tried = 0;
    for text in queries.into_iter().chain([RULES, manual]) {
        for (name, label) in asked(text) {
            let name = name.trim_end_matches("_bucket");
            let row = table
                .lines()
                .find(|row| row.starts_with(&format!("| `{name}` |")));
            let row = row.unwrap_or_else(|| panic!("{name} is no metric"));
            assert!(
                OTHERS.contains(&label) || row.contains(&format!("`{label}`")),
                "{name} has no {label}"
            );
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried}");
}
