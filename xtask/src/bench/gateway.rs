//! The processes that are measured: `bindery serve --demo` and `bindery sink`, each on free ports, with a fresh directory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{Bench, Process, proc, wait_until};
use crate::shell::Failure;

/// How long the carriers may take to be bound to, and a long queue to be carried.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long an answer over HTTP may take.
const HTTP_PATIENCE: Duration = Duration::from_secs(10);

/// What differs from `bindery serve --demo` in a scenario.
#[derive(Default)]
pub(super) struct Setup {
    /// Instead of the simulated carrier.
    pub(super) carrier: Option<String>,
    /// A configuration that is merged over the demo's.
    pub(super) config: String,
}

/// A running gateway.
pub(super) struct Gateway {
    process: Process,
    setup: Setup,
    pub(super) directory: PathBuf,
    /// Where it listens, as its line on standard output says.
    pub(super) smpp: String,
    pub(super) smpps: String,
    http: String,
    /// From the start of the process to that line.
    pub(super) ready_after: Duration,
}

impl Gateway {
    /// Starts it with an empty data directory.
    pub(super) fn start(bench: &Bench, setup: Setup) -> Result<Gateway, Failure> {
        let directory = bench.scratch.join("gateway");
        if directory.exists() {
            std::fs::remove_dir_all(&directory).map_err(io)?;
        }
        std::fs::create_dir_all(&directory).map_err(io)?;
        std::fs::write(directory.join("over.toml"), &setup.config).map_err(io)?;
        Gateway::open(bench, setup, directory)
    }

    fn open(bench: &Bench, setup: Setup, directory: PathBuf) -> Result<Gateway, Failure> {
        let log = directory.join("log");
        let mut command = bench.bindery("serve");
        command.arg("--demo");
        command.arg("--config").arg(directory.join("over.toml"));
        command.arg("--data-dir").arg(directory.join("data"));
        for listener in ["--smpp-listen", "--smpps-listen", "--http-listen"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        if let Some(carrier) = &setup.carrier {
            command.args(["--carrier", carrier]);
        }
        command.stderr(File::create(&log).map_err(io)?);
        let begin = Instant::now();
        let mut process = Process::start(&mut command)?;
        let line = first_line(&mut process)?;
        let ready_after = begin.elapsed();
        let address = |name: &str| {
            let word = line.split(' ').find_map(|word| word.strip_prefix(name));
            let log = log.display();
            word.map(str::to_owned)
                .ok_or_else(|| Failure::new(format!("the gateway did not start; see {log}")))
        };
        Ok(Gateway {
            smpp: address("smpp=")?,
            smpps: address("smpps=")?,
            http: address("http=")?,
            process,
            setup,
            directory,
            ready_after,
        })
    }

    /// Starts it and waits until so many binds to carriers stand.
    pub(super) fn with_carrier(
        bench: &Bench,
        setup: Setup,
        binds: f64,
    ) -> Result<Gateway, Failure> {
        let gateway = Gateway::start(bench, setup)?;
        wait_until("the carrier is bound to", PATIENCE, || {
            Ok(gateway.sum("bindery_binds{", "side=\"connector\"")? >= binds)
        })?;
        Ok(gateway)
    }

    /// SIGKILL, and another one on what it left behind.
    pub(super) fn kill_and_reopen(mut self, bench: &Bench) -> Result<Gateway, Failure> {
        self.process.kill();
        Gateway::open(bench, self.setup, self.directory)
    }

    /// SIGTERM, and its end.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        self.process.end()
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(super) fn memory(&self) -> Result<f64, Failure> {
        proc::memory(self.pid())
    }

    pub(super) fn processor_time(&self) -> Result<Duration, Failure> {
        proc::processor_time(self.pid())
    }

    /// A metric without labels.
    pub(super) fn metric(&self, name: &str) -> Result<f64, Failure> {
        self.sum(&format!("{name} "), "")
    }

    /// The sum of all lines of `/metrics` that begin with one text and hold the other.
    pub(super) fn sum(&self, begin: &str, holding: &str) -> Result<f64, Failure> {
        Ok(sum(&self.metrics()?, begin, holding))
    }

    pub(super) fn metrics(&self) -> Result<String, Failure> {
        let mut stream = TcpStream::connect(&self.http).map_err(io)?;
        stream.set_read_timeout(Some(HTTP_PATIENCE)).map_err(io)?;
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).map_err(io)?;
        let mut text = String::new();
        stream.read_to_string(&mut text).map_err(io)?;
        Ok(text)
    }

    pub(super) fn memory_peak(&self) -> Result<f64, Failure> {
        proc::memory_peak(self.pid())
    }

    /// Snapshots that it has written, by its log.
    pub(super) fn snapshots(&self) -> Result<f64, Failure> {
        let log = std::fs::read_to_string(self.directory.join("log")).map_err(io)?;
        Ok(log.matches("snapshot written").count() as f64)
    }

    /// Octets of the files in its data directory.
    pub(super) fn disk(&self) -> Result<f64, Failure> {
        let files = std::fs::read_dir(self.directory.join("data")).map_err(io)?;
        let lengths = files.map(|file| {
            let about = file.map_err(io)?.metadata().map_err(io)?;
            Ok(if about.is_file() { about.len() } else { 0 })
        });
        let lengths: Result<Vec<u64>, Failure> = lengths.collect();
        Ok(lengths?.iter().sum::<u64>() as f64)
    }

    /// Waits until every message has been carried, however long the queue is; says how long that took.
    pub(super) fn drain(&self) -> Result<Duration, Failure> {
        let begin = Instant::now();
        wait_until("every message is carried", PATIENCE, || {
            let metrics = self.metrics()?;
            let left = ["bindery_messages_waiting ", "bindery_messages_sending "];
            Ok(left.iter().all(|name| sum(&metrics, name, "") == 0.0))
        })?;
        Ok(begin.elapsed())
    }
}

/// A running sink.
pub(super) struct Sink {
    process: Process,
    out: BufReader<std::process::ChildStdout>,
    pub(super) smpp: String,
}

/// What a sink says of itself, as far as it is needed here.
#[derive(Deserialize)]
pub(super) struct SinkReport {
    pub(super) accepted: u64,
    pub(super) receipts_taken: u64,
    pub(super) own_cpu_seconds: f64,
}

impl Sink {
    /// Starts it with these words, as on the command line.
    pub(super) fn start(bench: &Bench, words: &str) -> Result<Sink, Failure> {
        Sink::listening(bench, "127.0.0.1:0", words)
    }

    /// The same at this address.
    pub(super) fn listening(bench: &Bench, address: &str, words: &str) -> Result<Sink, Failure> {
        let mut command = bench.bindery("sink");
        command.args(["--listen", address, "--json"]);
        command.args(words.split(' ').filter(|word| !word.is_empty()));
        let mut process = Process::start(&mut command)?;
        let mut out = BufReader::new(process.child.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).map_err(io)?;
        let address = line.trim().rsplit_once("smpp=");
        let address = address.ok_or_else(|| Failure::new("the sink did not start"))?;
        Ok(Sink {
            smpp: address.1.to_owned(),
            process,
            out,
        })
    }

    /// What `--carrier` calls it.
    pub(super) fn url(&self, binds: u32) -> String {
        let address = &self.smpp;
        format!("smpp://bindery:secret@{address}?window=1000&binds={binds}")
    }

    /// SIGTERM, and what it counted.
    pub(super) fn end(mut self) -> Result<SinkReport, Failure> {
        self.process.end()?;
        let mut text = String::new();
        self.out.read_to_string(&mut text).map_err(io)?;
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("bindery sink: {error}")))
    }
}

fn first_line(process: &mut Process) -> Result<String, Failure> {
    let out = process.child.stdout.take().expect("piped");
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).map_err(io)?;
    Ok(line.trim().to_owned())
}

fn sum(metrics: &str, begin: &str, holding: &str) -> f64 {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with(begin) && line.contains(holding));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn io(error: std::io::Error) -> Failure {
    Failure::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_summed_over_their_labels() {
        let text = "\
# HELP bindery_binds Binds that stand.
bindery_binds{peer=\"load\",side=\"customer\"} 4
bindery_binds{peer=\"sim\",side=\"connector\"} 2
bindery_binds{peer=\"sim-odd\",side=\"connector\"} 1
bindery_messages 7
bindery_messages_waiting 5";
        assert_eq!(sum(text, "bindery_binds{", "side=\"connector\""), 3.0);
        assert_eq!(sum(text, "bindery_messages ", ""), 7.0);
        assert_eq!(sum(text, "bindery_nothing ", ""), 0.0);
    }
}
