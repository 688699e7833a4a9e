//! A gateway in a process of its own, on free ports and a directory of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Nothing in these tests takes so long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A directory that goes with its owner.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new(name: &str) -> Dir {
        let unique = format!("bindery-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Dir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running gateway; killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) smpp: SocketAddr,
    pub(crate) smpps: SocketAddr,
    pub(crate) http: SocketAddr,
    log: Receiver<String>,
}

impl Gateway {
    /// The demo with `config` over it, on free ports.
    pub(crate) fn start(dir: &Dir, config: &str) -> Gateway {
        Gateway::start_with(dir, config, &[])
    }

    /// The same with more on the command line.
    pub(crate) fn start_with(dir: &Dir, config: &str, more: &[&str]) -> Gateway {
        let mut command = bindery();
        command.args(arguments(dir, config)).args(more);
        Gateway::spawn(command)
    }

    /// As `start`, with at most so many open files.
    pub(crate) fn start_with_files(dir: &Dir, config: &str, files: u32) -> Gateway {
        Gateway::spawn(limited(dir, config, files))
    }

    /// What it says when so few open files are not enough.
    pub(crate) fn refused_with_files(dir: &Dir, files: u32) -> Output {
        limited(dir, "", files).output().expect("a shell")
    }

    /// Started by this command, which is to say its addresses.
    pub(crate) fn spawn(mut command: Command) -> Gateway {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bindery starts");
        let log = lines(child.stderr.take().expect("piped"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("standard output");
        let address = |name: &str| {
            let start = format!("{name}=");
            let word = line
                .split_whitespace()
                .find_map(|word| word.strip_prefix(&start));
            word.and_then(|word| word.parse().ok())
        };
        let (Some(smpp), Some(smpps), Some(http)) =
            (address("smpp"), address("smpps"), address("http"))
        else {
            panic!("not ready: {line:?}, {:?}", log.iter().collect::<Vec<_>>());
        };
        Gateway {
            child,
            smpp,
            smpps,
            http,
            log,
        }
    }

    /// The next line of the log that holds `text`.
    #[track_caller]
    pub(crate) fn logged(&self, text: &str) -> String {
        self.logged_until(text).pop().expect("that line")
    }

    /// The lines of the log up to the next that holds `text`.
    #[track_caller]
    pub(crate) fn logged_until(&self, text: &str) -> Vec<String> {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while let Ok(line) = self
            .log
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            let found = line.contains(text);
            seen.push(line);
            if found {
                return seen;
            }
        }
        panic!("{text:?} is not in the log:\n{}", seen.join("\n"));
    }

    /// `GET` over HTTP: the status code and the body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.http).expect("HTTP");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (code.expect("a code"), body.to_owned())
    }

    /// Waits until a counter or gauge has come to `value`; `name` with its labels as they are written. What a peer hears, it
    /// may hear a moment before it is counted.
    #[track_caller]
    pub(crate) fn counted(&self, name: &str, value: u64) {
        let line = format!("{name} {value}");
        let until = Instant::now() + PATIENCE;
        let mut text = String::new();
        while Instant::now() < until {
            text = self.get("/metrics").1;
            if text.lines().any(|other| other == line) {
                return;
            }
        }
        panic!("{line:?} is not in\n{text}");
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Kills it as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("its end");
    }

    /// How it ended.
    #[track_caller]
    pub(crate) fn ended(mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        // Standard error ends with the process.
        while self
            .log
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
        assert!(Instant::now() < until, "it does not end");
        self.child.wait().expect("its end")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status();
    assert!(sent.expect("kill").success());
}

/// The program.
pub(crate) fn bindery() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bindery"))
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    bindery().args(args).output().expect("bindery runs")
}

fn limited(dir: &Dir, config: &str, files: u32) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("ulimit -n {files}; exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_bindery"))
        .args(arguments(dir, config));
    command
}

fn arguments(dir: &Dir, config: &str) -> Vec<String> {
    let file = dir.write("bindery.toml", config);
    let data = dir.path().join("data");
    let mut arguments: Vec<String> = ["serve", "--demo", "--config"].map(str::to_owned).to_vec();
    arguments.push(file.display().to_string());
    arguments.push("--data-dir".to_owned());
    arguments.push(data.display().to_string());
    for flag in ["--smpp-listen", "--smpps-listen", "--http-listen"] {
        arguments.push(flag.to_owned());
        arguments.push("127.0.0.1:0".to_owned());
    }
    arguments
}

/// What comes line by line, read by a thread of its own.
pub(crate) fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (give, take) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if give.send(line).is_err() {
                return;
            }
        }
    });
    take
}

/// An address from `first` on where nobody else listens meanwhile: below the ports that the system gives away by itself, one
/// of which it might give away while nobody listens there.
pub(crate) fn quiet_address(first: u16) -> SocketAddr {
    let first = first + u16::try_from(std::process::id() % 900).expect("below 900");
    let mut addresses = (first..first + 100).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let free = |address: &SocketAddr| TcpListener::bind(address).is_ok();
    addresses.find(free).expect("a free port")
}
