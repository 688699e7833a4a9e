//! Starting, going down, coming back, and changing the configuration meanwhile.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

use smpp::command;
use smpp::pdu::Pdu;
use smpp::status;
use smpp::tlv::Tlvs;

use crate::client::Client;
use crate::gateway::{Dir, Gateway, run};

/// Shows MTA-29.
#[test]
fn sigterm_unbinds_everybody_and_ends_with_0() {
    let dir = Dir::new("drain");
    let gateway = Gateway::start(&dir, "");
    assert_eq!(gateway.get("/healthz").0, 200);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "x"), status::OK);
    gateway.signal("TERM");
    let unbind = client.next_of(command::UNBIND);
    // We have not answered: it still waits for us, and says so.
    assert_eq!(gateway.get("/healthz").0, 503);
    client.send(
        &Pdu::UnbindResp(Tlvs::EMPTY),
        status::OK,
        unbind.header.sequence,
    );
    client.end();
    assert_eq!(gateway.ended().code(), Some(0));
}

#[test]
fn a_peer_that_answers_nothing_does_not_hold_up_the_end() {
    let dir = Dir::new("deaf");
    let gateway = Gateway::start(&dir, "");
    let _deaf = Client::bound(gateway.smpp, "demo", "demopass");
    let _unbound = Client::connect(gateway.smpp);
    let told = Instant::now();
    gateway.signal("TERM");
    assert_eq!(gateway.ended().code(), Some(0));
    assert!(
        told.elapsed() < Duration::from_secs(10),
        "{:?}",
        told.elapsed()
    );
}

/// The first SIGTERM waits for the sessions, the second for what was accepted alone.
#[test]
fn a_second_sigterm_does_not_wait_for_the_sessions() {
    let dir = Dir::new("impatient");
    let (_listener, url) = nobody();
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let mut deaf = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(deaf.submitted("447700901234", "x"), status::OK);
    gateway.signal("TERM");
    deaf.next_of(command::UNBIND);
    gateway.signal("TERM");
    let lines = gateway.logged_until("told again to end: not waiting any longer");
    let waited = lines
        .iter()
        .any(|line| line.contains("the time for draining is up"));
    assert!(!waited, "{lines:?}");
    assert_eq!(gateway.ended().code(), Some(0));
    let again = Gateway::start_with(&dir, "", &["--carrier", &url]);
    assert!(again.logged("recovered").contains("messages=1"));
}

#[test]
fn a_busy_port_is_named_and_ends_with_2() {
    let dir = Dir::new("port");
    let gateway = Gateway::start(&dir, "");
    let other = Dir::new("port-other");
    let port = gateway.smpp.to_string();
    let output = start_another(&other, &port);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&port), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_busy_data_directory_names_its_process_and_ends_with_2() {
    let dir = Dir::new("lock");
    let gateway = Gateway::start(&dir, "");
    let output = start_another(&dir, "127.0.0.1:0");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&gateway.pid().to_string()), "{said}");
}

/// A gateway that is not expected to start.
fn start_another(dir: &Dir, smpp: &str) -> Output {
    let data = dir.path().join("data").display().to_string();
    let free = "127.0.0.1:0";
    let mut arguments = vec!["serve", "--demo", "--data-dir", &data];
    arguments.extend(["--smpp-listen", smpp, "--smpps-listen", free]);
    arguments.extend(["--http-listen", free]);
    run(&arguments)
}

#[test]
fn what_was_accepted_is_still_known_after_a_kill() {
    let dir = Dir::new("kill");
    let (listener, url) = nobody();
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    for n in 0..100 {
        assert_eq!(
            client.submitted("447700901234", &format!("message {n}")),
            status::OK
        );
    }
    gateway.kill();
    let again = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let recovered = again.logged("recovered");
    assert!(recovered.contains("messages=100"), "{recovered}");
    drop(listener);
}

/// A carrier that takes connections and says nothing.
fn nobody() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    (listener, format!("smpp://us:secret@127.0.0.1:{port}"))
}

#[test]
fn a_clean_end_leaves_a_snapshot_to_start_from() {
    let dir = Dir::new("snapshot");
    let (_listener, url) = nobody();
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(client.submitted("447700901234", "x"), status::OK);
    client.ask(&Pdu::Unbind(Tlvs::EMPTY));
    client.end();
    gateway.signal("TERM");
    gateway.logged("snapshot written");
    assert_eq!(gateway.ended().code(), Some(0));
    let again = Gateway::start_with(&dir, "", &["--carrier", &url]);
    assert!(again.logged("recovered").contains("messages=1"));
}

/// The files of a journal that end like this, oldest first.
fn files(dir: &Dir, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.path().join("data")).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    paths
}

/// A bit of it turns round on the disk.
fn damage(file: &PathBuf) {
    let mut octets = fs::read(file).expect("a file");
    let last = octets.last_mut().expect("octets");
    *last ^= 1;
    fs::write(file, octets).expect("a file");
}

#[test]
fn a_damaged_snapshot_costs_nothing_and_is_never_passed_over_in_silence() {
    let dir = Dir::new("damaged");
    let (_listener, url) = nobody();
    for _ in 0..2 {
        let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
        let mut client = Client::bound(gateway.smpp, "demo", "demopass");
        assert_eq!(client.submitted("447700901234", "x"), status::OK);
        client.ask(&Pdu::Unbind(Tlvs::EMPTY));
        client.end();
        gateway.signal("TERM");
        assert_eq!(gateway.ended().code(), Some(0));
    }
    let snapshots = files(&dir, "snapshot");
    let [_, newest] = &snapshots[..] else {
        panic!("{snapshots:?}");
    };
    damage(newest);

    // The one before it and the journal behind it tell the same.
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let aside = gateway.logged("a snapshot was set aside; look at the disk");
    assert!(aside.contains(&newest.display().to_string()), "{aside}");
    assert!(gateway.logged("recovered").contains("messages=2"));
    assert_eq!(files(&dir, "damaged").len(), 1);
    gateway.kill();

    // Where nothing sound tells a part of it, nothing is started.
    let segments = files(&dir, "journal");
    assert!(!segments.is_empty());
    for segment in &segments {
        fs::remove_file(segment).expect("it was there");
    }
    let output = start_another(&dir, "127.0.0.1:0");
    assert_eq!(output.status.code(), Some(2), "{segments:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    let next = "are in no sound file of";
    assert!(
        said.contains(next) && said.contains("put the missing files back"),
        "{said}"
    );
}

#[test]
fn a_reload_adds_a_customer_and_keeps_the_binds() {
    let dir = Dir::new("reload");
    let gateway = Gateway::start(&dir, "");
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let mut stranger = Client::connect(gateway.smpp);
    assert_eq!(stranger.bind("added", "password"), status::RINVSYSID);

    dir.write(
        "bindery.toml",
        "[[customer]]\nname = \"added\"\npassword = \"password\"",
    );
    let data = dir.path().join("data").display().to_string();
    let output = run(&["reload", "--data-dir", &data]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stranger.bind("added", "password"), status::OK);
    assert_eq!(client.submitted("447700901234", "x"), status::OK);
}

#[test]
fn a_reload_with_problems_changes_nothing_and_names_them_all() {
    let dir = Dir::new("reload-bad");
    let gateway = Gateway::start(&dir, "");
    let broken =
        "[[customer]]\nname = \"added\"\npassword = \"password\"\nwindow = 0\nwindwo = 3\n";
    dir.write("bindery.toml", broken);
    let data = dir.path().join("data").display().to_string();
    let output = run(&["reload", "--data-dir", &data]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("bindery.toml:4:") && said.contains("bindery.toml:5:"),
        "{said}"
    );
    let mut stranger = Client::connect(gateway.smpp);
    assert_eq!(stranger.bind("added", "password"), status::RINVSYSID);
}

#[test]
fn sighup_reloads_too() {
    let dir = Dir::new("hangup");
    let gateway = Gateway::start(&dir, "");
    dir.write(
        "bindery.toml",
        "[[customer]]\nname = \"added\"\npassword = \"password\"",
    );
    gateway.signal("HUP");
    gateway.logged("added");
    let mut client = Client::connect(gateway.smpp);
    assert_eq!(client.bind("added", "password"), status::OK);
}

#[test]
fn check_says_everything_that_is_wrong() {
    let dir = Dir::new("check");
    let file = dir.write(
        "bad.toml",
        "[[customer]]\nname = \"a\"\nwindow = 0\n\n[gatway]\n",
    );
    let output = run(&["check", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("bad.toml:3:") && said.contains("bad.toml:5:"),
        "{said}"
    );
}

#[test]
fn a_wrong_configuration_starts_nothing_and_names_all_its_problems() {
    let dir = Dir::new("wrong");
    let file = dir.write(
        "bad.toml",
        "[[customer]]\nname = \"a\"\nwindow = 0\n\n[gatway]\n",
    );
    let (file, data) = (file.display().to_string(), dir.path().join("data"));
    let output = run(&[
        "serve",
        "--demo",
        "--config",
        &file,
        "--data-dir",
        &data.display().to_string(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("bad.toml:3:") && said.contains("bad.toml:5:"),
        "{said}"
    );
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(!data.exists(), "something was started");
}
