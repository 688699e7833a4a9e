//! Two processes and one directory; and a process that is killed.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use journal::{Journal, OpenError, Position};

use crate::common::{SMALL, directory, records, replay};

/// The directory of the child process; without it the child's tests do nothing.
const DIRECTORY: &str = "JOURNAL_TEST_DIRECTORY";

/// Runs one of the tests here as a process of its own.
fn child(test: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(DIRECTORY, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The child's lines that begin with a word, without it.
fn lines(child: &mut Child, word: &'static str) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.filter_map(move |line| Some(line.ok()?.strip_prefix(word)?.trim().to_owned()))
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

#[test]
fn child_holds_the_directory() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let _journal = Journal::open(dir, &SMALL).unwrap();
    say("holds");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_second_process_is_told_the_first_ones_id() {
    let dir = directory("second_process");
    let mut first = child("process::child_holds_the_directory", &dir);
    lines(&mut first, "holds").next().unwrap();

    let refused = Journal::open(&dir, &SMALL).err().unwrap();
    assert!(matches!(refused, OpenError::Locked { pid, .. } if pid == Some(first.id())));
    let message = refused.to_string();
    assert!(
        message.contains(&format!("process {}", first.id())),
        "{message}"
    );

    first.kill().unwrap();
    first.wait().unwrap();
    Journal::open(&dir, &SMALL).unwrap();
}

#[test]
fn child_appends_for_ever() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let (mut journal, _) = Journal::open(dir, &SMALL).unwrap();
    loop {
        let next = Position(journal.end().0 + 1);
        journal.append(next, &records(next)).unwrap();
        say(&format!("durable {next}"));
    }
}

#[test]
fn a_process_that_is_killed_has_lost_nothing_that_it_told() {
    let dir = directory("killed");
    let mut told = 0;
    for round in 1..=5 {
        let mut child = child("process::child_appends_for_ever", &dir);
        let mut durable = lines(&mut child, "durable");
        for _ in 0..100 * round {
            told = durable.next().unwrap().parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        told = durable.last().map_or(told, |line| line.parse().unwrap());

        let (journal, _) = Journal::open(&dir, &SMALL).unwrap();
        assert!(journal.end() >= Position(told));
        for (position, found) in replay(&journal, Position(0)) {
            assert_eq!(found, records(position));
        }
    }
}
