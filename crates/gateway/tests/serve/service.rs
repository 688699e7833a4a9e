//! As a service of systemd: what the unit file in dist/systemd says, and what the manager is told.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::asks::submitted;
use crate::client::Client;
use crate::gateway::{Dir, Gateway, PATIENCE, bindery};

const UNIT: &str = include_str!("../../../../dist/systemd/bindery.service");

const CONFIG: &str = r#"
listener = [
    { name = "smpp", kind = "smpp", addr = "127.0.0.1:0" },
    { name = "smpps", kind = "smpps", addr = "127.0.0.1:0", self_signed = true },
    { name = "http", kind = "http", addr = "127.0.0.1:0" },
]
customer = [{ name = "acme", password = "s3cr3t" }]
connector = [{ name = "sim", simulated = true }]
route = [{ name = "all", targets = ["sim"] }]
"#;

/// The service manager's end of the conversation.
struct Systemd(UnixDatagram);

impl Systemd {
    fn at(path: &Path) -> Systemd {
        let socket = UnixDatagram::bind(path).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Systemd(socket)
    }

    /// What it is told next.
    #[track_caller]
    fn told(&self) -> String {
        let mut datagram = [0; 4096];
        let length = self.0.recv(&mut datagram).expect("it is told something");
        String::from_utf8(datagram[..length].to_vec()).expect("text")
    }

    /// What it is told next besides that the process lives.
    #[track_caller]
    fn told_news(&self) -> String {
        loop {
            let told = self.told();
            if told != "WATCHDOG=1" {
                return told;
            }
        }
    }

    /// How often it was told that the process lives; nothing else has come.
    #[track_caller]
    fn signs_of_life(&self) -> usize {
        self.0.set_nonblocking(true).expect("a socket");
        let mut datagram = [0; 4096];
        let mut signs = 0;
        while let Ok(length) = self.0.recv(&mut datagram) {
            assert_eq!(&datagram[..length], b"WATCHDOG=1");
            signs += 1;
        }
        self.0.set_nonblocking(false).expect("a socket");
        signs
    }
}

/// The command of the unit after `key`, in this directory.
fn command_of(key: &str, dir: &Dir) -> Command {
    let start = format!("{key}=");
    let line = UNIT.lines().find_map(|line| line.strip_prefix(&start));
    let mut words = line.expect("the unit has it").split(' ');
    assert_eq!(words.next(), Some("/usr/bin/bindery"));
    let here = dir.path().display().to_string();
    let mut command = bindery();
    command.args(words.map(|word| {
        word.replace("/etc/bindery", &here)
            .replace("/var/lib/bindery", &format!("{here}/data"))
    }));
    command
}

/// Started as the unit says.
fn start(dir: &Dir) -> (Gateway, Systemd) {
    dir.write("bindery.toml", CONFIG);
    let path = dir.path().join("notify");
    let manager = Systemd::at(&path);
    let mut command = command_of("ExecStart", dir);
    command.env("NOTIFY_SOCKET", path);
    (Gateway::spawn(command), manager)
}

/// While the journal is read the manager is asked for more time than its TimeoutStartSec.
#[test]
fn a_long_recovery_is_not_taken_for_a_start_that_hangs() {
    let dir = Dir::new("service-recovery");
    let (gateway, manager) = start(&dir);
    assert_eq!(manager.told(), "READY=1\nSTATUS=serving");
    let mut client = Client::bound(gateway.smpp, "acme", "s3cr3t");
    submitted(&mut client, "447700901234");
    gateway.kill();
    drop(manager);

    fs::remove_file(dir.path().join("notify")).expect("it was there");
    let (_gateway, manager) = start(&dir);
    assert_eq!(manager.told_news(), "EXTEND_TIMEOUT_USEC=60000000");
    assert_eq!(manager.told_news(), "READY=1\nSTATUS=serving");
}

#[test]
fn the_service_manager_hears_of_ready_alive_reloading_and_stopping() {
    let dir = Dir::new("service");
    let (gateway, manager) = start(&dir);
    assert_eq!(manager.told(), "READY=1\nSTATUS=serving");
    assert_eq!(manager.told(), "WATCHDOG=1");

    // A reload begins with the time at which it does, and ends when what it brings holds.
    let before = micros();
    let customer = "customer = [{ name = \"acme\", password = \"s3cr3t\" }";
    let more = CONFIG.replace(
        customer,
        &format!("{customer}, {{ name = \"added\", password = \"s3cr3t\" }}"),
    );
    dir.write("bindery.toml", &more);
    let reload = command_of("ExecReload", &dir).output().expect("it runs");
    assert_eq!(reload.status.code(), Some(0), "{reload:?}");
    let reloading = manager.told_news();
    let at = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    let at: i64 = at.and_then(|at| at.parse().ok()).expect(&reloading);
    assert!((before..=micros()).contains(&at), "{reloading}");
    let ready = manager.told_news();
    assert!(
        ready.starts_with("READY=1\nSTATUS=serving; last reload: ") && ready.contains("added"),
        "{ready}"
    );

    // One that changes nothing ends as well, and the manager's own command fails.
    dir.write("bindery.toml", "customer = 1");
    let reload = command_of("ExecReload", &dir).output().expect("it runs");
    assert_eq!(reload.status.code(), Some(1), "{reload:?}");
    assert!(manager.told_news().starts_with("RELOADING=1\n"));
    assert!(
        manager
            .told_news()
            .starts_with("READY=1\nSTATUS=serving; the last reload changed nothing")
    );

    gateway.signal("TERM");
    assert_eq!(manager.told_news(), "STOPPING=1\nSTATUS=draining");
    assert_eq!(gateway.ended().code(), Some(0));
}

/// Microseconds of the clock that does not jump.
fn micros() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

/// A gateway one of whose threads stands still is not said to live, however well the others do.
#[test]
fn no_thread_that_messages_need_may_stand_still() {
    let dir = Dir::new("service-thread");
    let (gateway, manager) = start(&dir);
    assert_eq!(manager.told_news(), "READY=1\nSTATUS=serving");
    for thread in ["engine", "journal", "history", "io-0"] {
        let Some(stopped) = Stopped::thread(gateway.pid(), thread) else {
            return;
        };
        gateway.logged(&format!("shows no sign of life: the service manager is not told that we live; look whether the disk hangs thread=\"{thread}\""));
        // A sign from before it stood still may have been on the way.
        assert!(manager.signs_of_life() <= 2);
        // The control thread is well all the while.
        assert_eq!(gateway.get("/healthz").0, 200);
        assert_eq!(manager.signs_of_life(), 0);
        drop(stopped);
        gateway.logged(&format!("shows signs of life again thread=\"{thread}\""));
        assert_eq!(manager.told(), "WATCHDOG=1");
    }
}

/// Like a debugger that holds one thread of a process: gone when dropped.
struct Stopped(Child);

const HOLD: &str = "
import ctypes, os, sys
ptrace = ctypes.CDLL(None).ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
SEIZE, INTERRUPT, ALL = 0x4206, 0x4207, 0x40000000
thread = int(sys.argv[1])
if ptrace(SEIZE, thread, None, None) or ptrace(INTERRUPT, thread, None, None):
    sys.exit('not allowed')
os.waitpid(thread, ALL)
print('stopped', flush=True)
sys.stdin.read()
";

impl Stopped {
    /// Nothing, with a notice, where Python or the right to do it is missing.
    fn thread(process: u32, name: &str) -> Option<Stopped> {
        let child = Command::new("python3")
            .args(["-c", HOLD, &thread_named(process, name)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut line = String::new();
        if let Ok(mut child) = child {
            let out = child.stdout.take().expect("piped");
            BufReader::new(out).read_line(&mut line).expect("a line");
            if line == "stopped\n" {
                return Some(Stopped(child));
            }
        }
        let notice =
            "not run: one thread cannot be held here (it takes Python and the right to trace)\n";
        // Past the test's capture: that it did not run is to be seen.
        let _ = std::io::stderr().write_all(notice.as_bytes());
        None
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn thread_named(process: u32, name: &str) -> String {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a process");
    let mut threads = threads.map(|thread| thread.expect("a thread").path());
    let thread = threads.find(|thread: &PathBuf| {
        fs::read_to_string(thread.join("comm")).is_ok_and(|comm| comm.trim() == name)
    });
    let thread = thread.expect("a thread of that name");
    thread
        .file_name()
        .expect("its number")
        .display()
        .to_string()
}

/// The service sees a file system that cannot be written, but for the directories that the unit names.
#[test]
fn the_service_may_write_where_the_pages_say_that_it_writes() {
    const OUTCOMES: &str = include_str!("../../../../docs/manual/outcomes.md");
    let outcome_log = OUTCOMES
        .lines()
        .find_map(|line| line.strip_prefix("outcome_log = "));
    let (_, places) = UNIT.split_once("ExecStart=").expect("it is started");
    let (start, _) = places.split_once('\n').expect("a line");
    let (_, data_dir) = start.split_once("--data-dir ").expect("it is named");
    for (place, root, key) in [
        (Some(data_dir), "/var/lib/", "StateDirectory="),
        (outcome_log, "/var/log/", "LogsDirectory="),
    ] {
        let place = place.expect("it is named").trim_matches('"');
        let allowed = UNIT.lines().find_map(|line| line.strip_prefix(key));
        let allowed = format!("{root}{}", allowed.expect("the unit has it"));
        assert!(Path::new(place).starts_with(&allowed), "{place}: {allowed}");
    }
}

/// As `systemd-analyze` sees the unit, where there is one: no mistake in it, and little that the service is exposed to.
#[test]
fn the_unit_is_right_and_lets_the_service_do_little() {
    let dir = Dir::new("service-unit");
    let unit = UNIT.replace("/usr/bin/bindery", env!("CARGO_BIN_EXE_bindery"));
    let unit = dir.write("bindery.service", &unit).display().to_string();
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze")
            .args(arguments)
            .arg(&unit)
            .output();
        output
            .ok()
            .filter(|output| !output.stderr.starts_with(b"Unknown"))
    };
    let Some(verified) = analyze(&["verify"]) else {
        let _ = std::io::stderr().write_all(b"not run: there is no systemd-analyze\n");
        return;
    };
    assert!(
        verified.status.success() && verified.stderr.is_empty(),
        "{verified:?}"
    );
    let exposed = analyze(&["security", "--offline=true", "--threshold=20", "--no-pager"]);
    let exposed = exposed.expect("it was there");
    assert!(exposed.status.success(), "{exposed:?}");
}
