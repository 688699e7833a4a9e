//! Kannel as the customer: a whole gateway of another make, which leaves Nagle's algorithm on. It takes messages over HTTP,
//! sends them over SMPP with its own window, and tells over HTTP what came back.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::gateway::{Dir, Gateway, PATIENCE, lines, quiet_address};

const MESSAGES: usize = 100;

/// What smsbox calls itself in `kannel.conf`.
const SMSBOX: &str = "interop-smsbox";

/// What `%d` of Kannel's `dlr-url` says of a delivered message.
const DELIVERED: &str = "1";

#[test]
#[ignore = "needs Kannel: run `cargo xtask test`"]
fn kannel_hears_of_every_message_and_of_a_reply() {
    let dir = Dir::new("kannel");
    let gateway = Gateway::start(&dir, "");
    let calls = TcpListener::bind("127.0.0.1:0").expect("a port");
    let callback = calls.local_addr().expect("it has one");
    let [admin, smsbox, sendsms] =
        [22_000, 23_000, 24_000].map(|first| quiet_address(first).port());
    let template = include_str!("../../interop/kannel.conf");
    let config = [
        ("SMPP", gateway.smpp.port()),
        ("ADMIN", admin),
        ("SMSBOX", smsbox),
        ("SENDSMS", sendsms),
        ("LISTENER", callback.port()),
    ];
    let config = config
        .iter()
        .fold(template.to_owned(), |text, (word, port)| {
            text.replace(&format!(" {word}\n"), &format!(" {port}\n"))
                .replace(&format!(":{word}/"), &format!(":{port}/"))
        });
    let config = dir.write("kannel.conf", &config);
    let _bearerbox = KannelBox::start("bearerbox", &config, "entering mainloop");
    wait_for_status(admin, "(online ");
    let _smsbox = KannelBox::start("smsbox", &config, "Connected to bearerbox");
    wait_for_status(admin, &format!("smsbox:{SMSBOX}"));
    let calls = paths(calls);

    for number in 0..MESSAGES {
        let receipt = format!("http%3A%2F%2F{callback}%2Fdlr%3F{number}%26%25d");
        let to = 447_700_901_000 + number;
        send(
            sendsms,
            &format!("to={to}&text=Hello&dlr-mask=31&dlr-url={receipt}"),
        );
    }
    send(sendsms, "to=447700900009&text=drawer");

    let mut open: BTreeSet<String> = (0..MESSAGES).map(|n| n.to_string()).collect();
    let mut replies = Vec::new();
    let until = Instant::now() + PATIENCE;
    while !open.is_empty() || replies.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(path) = calls.recv_timeout(left) else {
            panic!("no receipt for {open:?}; replies: {replies:?}");
        };
        if let Some(reply) = path.strip_prefix("/mo?") {
            replies.push(reply.to_owned());
        }
        let receipt = path
            .strip_prefix("/dlr?")
            .and_then(|rest| rest.split_once('&'));
        if let Some((number, DELIVERED)) = receipt {
            assert!(open.remove(number), "again: {path}");
        }
    }
    assert_eq!(replies, ["reward"]);
}

/// One of Kannel's processes; killed when dropped.
struct KannelBox {
    child: Child,
    log: Receiver<String>,
}

impl KannelBox {
    /// Starts it and waits until its log says `ready`.
    #[track_caller]
    fn start(name: &str, config: &Path, ready: &str) -> KannelBox {
        let program = Path::new("/usr/sbin").join(name);
        let mut child = Command::new(&program)
            .args(["-v", "1"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program:?}: {error}; crates/gateway/tests/interop/install installs it")
            });
        let log = lines(child.stderr.take().expect("piped"));
        let mut started = KannelBox { child, log };
        started.wait_for(ready);
        started
    }

    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        let mut seen = Vec::new();
        while let Ok(line) = self.log.recv_timeout(PATIENCE) {
            let found = line.contains(text);
            seen.push(line);
            if found {
                return;
            }
        }
        panic!("{text:?} is not in the log:\n{}", seen.join("\n"));
    }
}

impl Drop for KannelBox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives Kannel a message over HTTP.
#[track_caller]
fn send(port: u16, query: &str) {
    let path = format!("sendsms?username=tester&password=secret&{query}");
    let answer = ask(port, &path);
    assert!(
        matches!(&answer, Ok(text) if text.contains("Accepted for delivery")),
        "{query}: {answer:?}"
    );
}

/// Asks bearerbox how it stands until it says `text`.
///
/// What the boxes log is too early. Bearerbox enters its main loop before it is bound, and until then it answers "queued". smsbox
/// answers over HTTP, and logs that it is connected, before it knows the connection: a message in between makes it abort
/// (`write_to_bearerbox` in Kannel's `gw/shared.c`). Bearerbox knows its name when it has written to that connection.
#[track_caller]
fn wait_for_status(admin: u16, text: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let status = ask(admin, "status.txt").expect("bearerbox answers");
        if status.contains(text) {
            return;
        }
        assert!(
            Instant::now() < until,
            "no {text:?} in Kannel's status:\n{status}"
        );
    }
}

/// What one of Kannel's boxes says to a request.
fn ask(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET /cgi-bin/{path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The paths that are asked for over HTTP, each answered with nothing.
fn paths(listener: TcpListener) -> Receiver<String> {
    let (give, take) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let give = give.clone();
            // Kannel keeps connections open for the next request.
            std::thread::spawn(move || {
                let requests = BufReader::new(stream.try_clone().expect("a socket"));
                for line in requests.lines().map_while(Result::ok) {
                    let path = line
                        .strip_prefix("GET ")
                        .and_then(|rest| rest.split(' ').next());
                    if let Some(path) = path {
                        let _ = give.send(path.to_owned());
                    } else if line.is_empty() {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    }
                }
            });
        }
    });
    take
}
