//! `bindery top` in a terminal of its own, and docs/manual/top.md.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Instant;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::Value;
use smpp::{command, status};

use crate::client::Client;
use crate::ctl::{bindery, demo, run_page, said};
use crate::gateway::{self, Dir, PATIENCE};

const PAGE: &str = include_str!("../../../../docs/manual/top.md");

/// A terminal of 80 columns and 24 lines, and what runs in it.
struct Terminal {
    child: Child,
    keys: File,
    drawn: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Runs `bindery top` on the gateway of `dir`.
    fn top(dir: &Dir) -> Terminal {
        let (columns, rows) = (80, 24);
        let some = |n| NonZero::new(n).expect("more than none");
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours)
            .and_then(|()| unlockpt(&ours))
            .expect("it opens");
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&ours, size).expect("it has a size");
        let name = ptsname(&ours, Vec::new()).expect("it has a name");
        let name = name.into_string().expect("text");
        let open = || File::options().read(true).write(true).open(&name);
        let theirs = || Stdio::from(OwnedFd::from(open().expect("the other end")));
        let child = gateway::bindery()
            .args(["top", "--data-dir"])
            .arg(dir.path().join("data"))
            .env("TERM", "xterm")
            .stdin(theirs())
            .stdout(theirs())
            .stderr(theirs())
            .spawn()
            .expect("it starts");
        let mut from = File::from(ours);
        let keys = from.try_clone().expect("both ways");
        let (give, drawn) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut octets = [0; 4096];
            // The end of a terminal whose other end is gone is an error.
            while let Ok(n @ 1..) = from.read(&mut octets)
                && give.send(octets[..n].to_vec()).is_ok()
            {}
        });
        Terminal {
            child,
            keys,
            drawn,
            screen: vt100::Parser::new(some(rows), some(columns), 0),
        }
    }

    /// Waits until this stands on the screen.
    #[track_caller]
    fn shows(&mut self, text: &str) {
        self.waits(text, true);
    }

    /// Waits until this stands there no more.
    #[track_caller]
    fn lacks(&mut self, text: &str) {
        self.waits(text, false);
    }

    #[track_caller]
    fn waits(&mut self, text: &str, stands: bool) {
        let until = Instant::now() + PATIENCE;
        while self.screen.screen().contents().contains(text) != stands {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(octets) = self.drawn.recv_timeout(left) else {
                let contents = self.screen.screen().contents();
                panic!("{text:?} is on the screen: {}\n{contents}", !stands);
            };
            self.screen.process(&octets);
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it listens");
    }

    /// How it ended; the screen is as it was left.
    fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while let Ok(octets) = self
            .drawn
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.screen.process(&octets);
        }
        self.child.wait().expect("its end")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_operator_looks_through_the_views_while_the_gateway_works_goes_away_and_comes_back() {
    let dir = Dir::new("top-views");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let mut terminal = Terminal::top(&dir);
    terminal.shows("sim-odd  open   1/1");
    terminal.shows("CUSTOMERS, without 15 that are not here");
    assert_eq!(
        client.submitted("447700901234x", "hello"),
        status::RINVDSTADR
    );
    terminal.shows("we refused: ESME_RINVDSTADR");

    // Tab, Tab, and the arrow to the right.
    terminal.press("\t\t\x1b[C");
    terminal.shows("transceiver");
    terminal.shows("THEIRS");
    // The arrow to the left.
    terminal.press("\x1b[D");
    terminal.shows("tangerine    open");

    gateway.kill();
    terminal.shows("ago: no gateway answers at");
    terminal.shows("tangerine    open");
    let _gateway = demo(&dir);
    terminal.shows("demo         open   0/10");

    terminal.press("q");
    assert_eq!(terminal.ended().code(), Some(0));
    let screen = terminal.screen.screen();
    assert!(
        !screen.alternate_screen() && !screen.hide_cursor(),
        "the terminal is left as it was"
    );
}

#[test]
fn figures_of_a_gateway_that_hangs_are_said_to_be_old() {
    let dir = Dir::new("top-hangs");
    let gateway = demo(&dir);
    let mut terminal = Terminal::top(&dir);
    terminal.shows("sim-odd  open   1/1");
    gateway.signal("STOP");
    terminal.shows("ago: the gateway is silent");
    gateway.signal("CONT");
    terminal.lacks("is silent");
    terminal.press("q");
    assert_eq!(terminal.ended().code(), Some(0));
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let dir = Dir::new("top-signal");
    let _gateway = demo(&dir);
    let mut terminal = Terminal::top(&dir);
    terminal.shows("CARRIERS");
    gateway::signal(&terminal.child, "TERM");
    assert_eq!(terminal.ended().code(), Some(0));
    assert!(!terminal.screen.screen().alternate_screen());
}

#[test]
fn the_page_about_top_is_true() {
    let dir = Dir::new("manual-top");
    let gateway = demo(&dir);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "hello"), status::OK);
    let receipt = client.next_of(command::DELIVER_SM);
    client.acknowledge(&receipt);
    let measured = "bindery_stage_seconds_count{stage=\"receipt_to_customer\"}";
    gateway.counted(measured, 1);
    assert_eq!(run_page(&dir, PAGE, |_| ()), 1);

    let once = said(&bindery(&dir, "top --once --json"));
    let once: Value = serde_json::from_str(&once).expect("one object");
    assert_eq!(once["counts"]["messages"], 0);
    assert_eq!(once["customers"].as_array().map(Vec::len), Some(16));
    let stage = &once["times"][1];
    assert_eq!(stage["stage"], "accepted_to_carrier");
    assert!(
        stage["p99"].as_f64().is_some_and(|seconds| seconds > 0.0),
        "{stage}"
    );
    let rate = once["rate_in"].as_f64();
    assert!(rate.is_some_and(|rate| rate > 0.0), "{once}");
}

#[test]
fn without_a_gateway_or_a_terminal_it_says_so() {
    let dir = Dir::new("top-none");
    let none = bindery(&dir, "top --once");
    assert_eq!(none.status.code(), Some(1));
    assert!(said(&none).contains("no gateway answers at"), "{none:?}");
    let mut terminal = Terminal::top(&dir);
    assert_eq!(terminal.ended().code(), Some(1));
    assert!(
        terminal
            .screen
            .screen()
            .contents()
            .contains("no gateway answers at")
    );

    let _gateway = demo(&dir);
    let no_terminal = bindery(&dir, "top");
    assert_eq!(no_terminal.status.code(), Some(2));
    assert!(
        said(&no_terminal).contains("bindery top --once"),
        "{no_terminal:?}"
    );
    let wrong = bindery(&dir, "top --once --interval 0");
    assert_eq!(wrong.status.code(), Some(2));
}
