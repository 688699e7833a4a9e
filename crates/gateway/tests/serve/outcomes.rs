//! The outcome log, and docs/manual/outcomes.md, on a running gateway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use smpp::{command, status};

use crate::client::Client;
use crate::disk::SmallDisk;
use crate::gateway::{Dir, Gateway, PATIENCE, run};

const PAGE: &str = include_str!("../../../../docs/manual/outcomes.md");
const PLACE: &str = "/var/log/bindery/outcomes";

/// Destinations that the simulated carrier refuses, and that it delivers to.
const REFUSED: &str = "447700900001";
const DELIVERED: &str = "447700901234";

const WRITTEN: &str = "bindery_outcomes_written_total";
const LOST: &str = "bindery_outcomes_lost_total";
const STOPPED: &str = "bindery_outcome_log_stopped";

/// What stands in the fences of this language on the page, with the log in this directory.
fn on_the_page(language: &str, log: &Path) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = PAGE.split(&fence).skip(1);
    let block = |text: &str| text.split("```").next().expect("its end").to_owned();
    blocks
        .map(|text| block(text).replace(PLACE, &log.display().to_string()))
        .collect()
}

fn config(log: &Path) -> String {
    format!("[gateway]\noutcome_log = '{}'\n", log.display())
}

fn lines(text: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(line).collect()
}

fn grown(log: &Path) -> Vec<Value> {
    lines(&fs::read_to_string(log.join("outcomes.jsonl")).expect("a file"))
}

/// A command of the page, and what it says.
fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).expect("a text")
}

fn keys(line: &Value) -> Vec<&String> {
    line.as_object().expect("an object").keys().collect()
}

/// The customer sends a message, which is accepted; receipts of others are passed over.
#[track_caller]
fn accept(customer: &mut Client, to: &str) {
    customer.submit(to, "hello");
    let answer = customer.next_of(command::SUBMIT_SM_RESP);
    assert_eq!(answer.header.status, status::OK);
}

#[track_caller]
fn reload(dir: &Dir, text: &str) {
    dir.write("bindery.toml", text);
    let data = dir.path().join("data").display().to_string();
    let reload = run(&["reload", "--data-dir", &data]);
    assert_eq!(reload.status.code(), Some(0), "{reload:?}");
}

#[test]
fn the_page_about_outcomes_is_true() {
    let dir = Dir::new("outcomes");
    let log = dir.path().join("log/outcomes");
    let sections = on_the_page("toml", &log);
    let commands = on_the_page("sh", &log);
    let gateway = Gateway::start(&dir, "");
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    accept(&mut customer, REFUSED);
    customer.next_of(command::DELIVER_SM);
    reload(&dir, &sections[0]);
    accept(&mut customer, DELIVERED);
    gateway.counted(WRITTEN, 1);

    let said = shell(&commands[0]);
    let [line] = &lines(&said)[..] else {
        panic!("{said}");
    };
    let example = on_the_page("json", &log).concat();
    let [example] = &lines(&example)[..] else {
        panic!("{example}");
    };
    assert_eq!(keys(line), keys(example));
    for key in keys(line) {
        assert!(PAGE.contains(&format!("`{key}`")), "{key} is not explained");
    }
    for (key, value) in [
        ("customer", "demo"),
        ("destination", "********1234"),
        ("connector", "sim"),
        ("state", "DELIVRD"),
        ("cause", "receipt"),
        ("error", "000"),
    ] {
        assert_eq!(line[key], value, "{said}");
    }
    let time = |key: &str| line[key].as_str().expect("a time").to_owned();
    assert!(time("accepted") <= time("sent"), "{said}");
    assert!(line["carrier_id"].is_string() && line["part"].is_null());

    reload(&dir, &sections[1]);
    accept(&mut customer, REFUSED);
    gateway.counted(WRITTEN, 2);
    let refused = grown(&log).remove(1);
    assert_eq!(refused["destination"], REFUSED);
    assert_eq!(refused["cause"], "refused");
    assert_eq!(refused["error"], "ESME_RINVDSTADR");
    assert!(refused["sent"].is_null());

    // Grown to the size at which it is put aside.
    gateway.signal("TERM");
    gateway.ended();
    let filler = "{}\n".repeat((1 << 20) / 3);
    fs::write(log.join("outcomes.jsonl"), filler).expect("written");
    let small = format!("{}outcome_log_file = '1 MiB'\n", sections[0]);
    let gateway = Gateway::start(&dir, &small);
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    accept(&mut customer, REFUSED);
    gateway.counted(WRITTEN, 1);
    compressed(&log);
    let aside = lines(&shell(&commands[1]));
    assert_eq!(aside.last().expect("a line")["cause"], "refused");
    assert!(grown(&log).is_empty());
}

/// Waits until one file is put aside and compressed.
#[track_caller]
fn compressed(log: &Path) -> PathBuf {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let entries = fs::read_dir(log).expect("a directory");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        if let Some(path) = paths.find(|path| path.extension().is_some_and(|end| end == "gz")) {
            return path;
        }
        std::thread::yield_now();
    }
    panic!("nothing is compressed in {}", log.display());
}

#[test]
fn what_a_crash_took_from_the_log_is_written_again() {
    let dir = Dir::new("outcomes-crash");
    let log = dir.path().join("log");
    let gateway = Gateway::start(&dir, &config(&log));
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    for _ in 0..3 {
        accept(&mut customer, REFUSED);
    }
    gateway.counted(WRITTEN, 3);
    let before = grown(&log);
    gateway.kill();
    // Not on the disk yet: one line, and a half.
    let file = log.join("outcomes.jsonl");
    let text = fs::read_to_string(&file).expect("a file");
    let torn = text.find('\n').expect("a line") + 20;
    fs::write(&file, &text[..torn]).expect("written");

    let gateway = Gateway::start(&dir, &config(&log));
    gateway.counted(WRITTEN, 3);
    let after = grown(&log);
    assert_eq!(after[0], before[0], "what was there stays");
    assert_eq!(after[1..], before, "and everything is told again");
    drop(gateway);
}

#[test]
fn a_full_disk_stops_the_log_and_nothing_else() {
    let dir = Dir::new("outcomes-full");
    let Some(disk) = SmallDisk::mount(&dir.path().join("log"), 32 << 20) else {
        return;
    };
    let log = dir.path().join("log/outcomes");
    let gateway = Gateway::start(&dir, &config(&log));
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    accept(&mut customer, REFUSED);
    gateway.counted(WRITTEN, 1);

    disk.leave(0);
    // More lines than what is left of a block that is in use has room for.
    for _ in 0..100 {
        accept(&mut customer, REFUSED);
    }
    gateway.counted(STOPPED, 1);
    gateway.logged("the outcome log stops");
    accept(&mut customer, REFUSED);
    let before = grown(&log).len() as u64;
    gateway.counted(LOST, 102 - before);

    disk.clear();
    let line = gateway.logged("the outcome log goes on");
    gateway.counted(STOPPED, 0);
    assert!(line.contains("missing="), "{line}");
    accept(&mut customer, REFUSED);
    gateway.counted(WRITTEN, before + 1);
    assert_eq!(grown(&log).len() as u64, before + 1);
}

#[test]
fn on_the_disk_of_the_messages_the_log_stops_when_new_ones_are_refused() {
    const MARKS: &str = "journal_segment = '1 MiB'\njournal_reserve = '1 MiB'\ndisk_low = '16 MiB'\n\
        disk_scarce = '2 MiB'\ndisk_hysteresis = '1 MiB'\n";
    let dir = Dir::new("outcomes-crowded");
    let Some(disk) = SmallDisk::mount(&dir.path().join("data"), 64 << 20) else {
        return;
    };
    let log = dir.path().join("data/outcomes");
    let gateway = Gateway::start(&dir, &format!("{}{MARKS}", config(&log)));
    disk.leave(10 << 20);
    gateway.logged("the outcome log stops");
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(customer.submitted(REFUSED, "new"), status::RMSGQFUL);
    disk.clear();
    gateway.logged("the outcome log goes on");
    accept(&mut customer, REFUSED);
    gateway.counted(WRITTEN, 1);
    assert_eq!(grown(&log).len(), 1);
}
