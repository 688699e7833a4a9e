//! `cargo xtask bench`: the figures that the product promises, measured on this machine with real processes, real sockets
//! and a real disk. `docs/performance.md` is written from it.

mod accept;
mod against;
mod away;
mod benchmark;
mod decode;
mod deep;
mod document;
mod figure;
mod full_speed;
mod gateway;
mod idle;
mod instructions;
mod latency;
mod lazy;
mod load;
mod machine;
mod proc;
mod queue;
mod snapshots;
mod whole_way;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Serialize;

use crate::shell::{self, Failure};
use figure::{Figure, comparison_table, table};
use machine::{Machine, fdatasync};
use proc::Bystanders;

const AFTER_HELP: &str = "\
Examples:
  cargo xtask bench
      Everything, which takes about a quarter of an hour; close what else is running first
  cargo xtask bench accept whole-way --rounds 1
      Those whose names begin so, once
  cargo xtask bench --write docs/performance.md
      Everything, and the figures of the document anew
  cargo xtask bench full-speed --rounds 5 --against ../old/target/release/bindery
      What became faster or slower since an older build, both measured in turn, in two minutes
  cargo xtask bench accept-1000 --short --against ../old/target/release/bindery
      The same by what is accepted while a queue grows, each round a tenth as long

Exit status 1 means that a figure was missed.";

/// The processors that everything together gets: what the promises are made for.
const PROCESSORS: usize = 2;

/// Other programs that take more of the machine than this spoil the figures.
const QUIET: f64 = 0.05;

/// Measure what the product promises
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Which, by how their names begin (default: all)
    names: Vec<String>,
    /// Say what there is, and measure nothing
    #[arg(long)]
    list: bool,
    /// Rounds of what varies; the figure is the median
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Where data directories are made; it should be on the disk that is meant
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    scratch: PathBuf,
    /// Write the figures into this document, each between its markers
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Compare with this build of `bindery`: the rounds of both take turns, and nothing is judged
    #[arg(long, value_name = "BINARY", conflicts_with = "write")]
    against: Option<PathBuf>,
    /// Send for a tenth of the time where a duration is given: for comparisons, which need no more
    #[arg(long, conflicts_with = "write")]
    short: bool,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
}

/// One thing that is measured.
struct Scenario {
    name: &'static str,
    about: &'static str,
    run: fn(&Bench) -> Result<Findings, Failure>,
}

const SCENARIOS: [Scenario; 14] = [
    Scenario {
        name: "accept-100",
        about: "durable accept at 4 binds x window 100, beside a bare sink",
        run: |bench| accept::run(bench, 100, 200_000.0),
    },
    Scenario {
        name: "accept-1000",
        about: "durable accept at 4 binds x window 1000, beside a bare sink",
        run: |bench| accept::run(bench, 1000, 400_000.0),
    },
    Scenario {
        name: "full-speed",
        about: "600 000 messages with receipts as fast as 4 binds x window 1000 permit, from a name and from a number",
        run: full_speed::run,
    },
    Scenario {
        name: "whole-way-simulated",
        about: "100 000 messages/s for a minute, receipts included, the carrier simulated in the process",
        run: |bench| whole_way::run(bench, whole_way::Carrier::Simulated),
    },
    Scenario {
        name: "whole-way-sink",
        about: "the same with a carrier of its own process",
        run: |bench| whole_way::run(bench, whole_way::Carrier::Sink),
    },
    Scenario {
        name: "latency",
        about: "answers at 5 000 messages/s on one bind with window 10",
        run: latency::run,
    },
    Scenario {
        name: "idle-plain",
        about: "10 000 binds that do nothing",
        run: |bench| idle::run(bench, idle::Kind::Plain),
    },
    Scenario {
        name: "idle-tls",
        about: "the same over TLS",
        run: |bench| idle::run(bench, idle::Kind::Tls),
    },
    Scenario {
        name: "queue",
        about: "a million messages that wait, and their recovery after kill -9",
        run: queue::run,
    },
    Scenario {
        name: "deep",
        about: "ten million messages that wait, their recovery after kill -9, and the traffic beside them",
        run: deep::run,
    },
    Scenario {
        name: "snapshots",
        about: "answers while a million messages that wait in memory are written down again and again",
        run: snapshots::run,
    },
    Scenario {
        name: "lazy",
        about: "a customer that never reads beside one at full rate",
        run: lazy::run,
    },
    Scenario {
        name: "decode",
        about: "the decoding of a submit_sm of 160 characters",
        run: decode::run,
    },
    Scenario {
        name: "instructions",
        about: "instructions and allocations of one message on its whole way",
        run: instructions::run,
    },
];

/// What every scenario is given.
#[derive(Clone)]
pub(crate) struct Bench {
    /// What is measured.
    bindery: PathBuf,
    /// What loads it and plays the carrier: always this build, so that only the gateway differs.
    tools: PathBuf,
    scratch: PathBuf,
    rounds: usize,
    /// See [`Args::short`].
    short: bool,
    /// Words before every command: what keeps it on [`PROCESSORS`] processors.
    pin: Vec<String>,
}

/// What a scenario found out.
#[derive(Default, Serialize)]
pub(crate) struct Findings {
    figures: Vec<Figure>,
    /// Sentences that belong to the figures.
    notes: Vec<String>,
}

/// A scenario's findings with everything needed to believe and repeat them.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    about: &'static str,
    command: String,
    machine: Machine,
    #[serde(flatten)]
    findings: Findings,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let chosen = chosen(&args.names)?;
    if args.list {
        let lines: Vec<String> = chosen
            .iter()
            .map(|scenario| format!("{:22}{}", scenario.name, scenario.about))
            .collect();
        shell::print(&lines.join("\n"));
        return Ok(());
    }
    shell::run(shell::cargo().args(["build", "--release", "--package", "gateway"]))?;
    let bench = Bench::new(args)?;
    if let Some(binary) = &args.against {
        return compare(&bench, binary, &chosen, args);
    }
    let mut entries = Vec::new();
    for scenario in chosen {
        let entry = bench.entry(scenario, args)?;
        if let Some(document) = &args.write {
            document::write(&shell::root().join(document), &entry)?;
        }
        if !args.json {
            shell::print(&entry.to_string());
        }
        entries.push(entry);
    }
    if args.json {
        let json = serde_json::to_string_pretty(&entries);
        shell::print(&json.expect("numbers and names"));
    }
    let missed = entries.iter().flat_map(|entry| &entry.findings.figures);
    match missed.filter(|figure| figure.is_missed()).count() {
        0 => Ok(()),
        missed => Err(Failure::new(format!("figures missed: {missed}"))),
    }
}

/// Each scenario with this build and with `binary`, in turn.
fn compare(
    here: &Bench,
    binary: &Path,
    chosen: &[&'static Scenario],
    args: &Args,
) -> Result<(), Failure> {
    let binary = binary
        .canonicalize()
        .map_err(|error| Failure::new(format!("{}: {error}", binary.display())))?;
    let here = Bench {
        rounds: 1,
        ..here.clone()
    };
    let there = Bench {
        bindery: binary,
        ..here.clone()
    };
    for scenario in chosen {
        let compared = against::run(&here, &there, scenario, args.rounds.max(1))?;
        if args.json {
            let json = serde_json::to_string_pretty(&compared);
            shell::print(&json.expect("numbers and names"));
        } else {
            let (name, about) = (scenario.name, scenario.about);
            let table = comparison_table(&compared);
            shell::print(&format!("\n{name}: {about}\n\n{table}"));
        }
    }
    Ok(())
}

/// Those whose names are given, and those whose names begin with what is given and is no name itself.
fn chosen(names: &[String]) -> Result<Vec<&'static Scenario>, Failure> {
    if names.is_empty() {
        return Ok(SCENARIOS.iter().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        let before = chosen.len();
        match SCENARIOS.iter().find(|scenario| scenario.name == name) {
            Some(scenario) => chosen.push(scenario),
            None => chosen.extend(
                SCENARIOS
                    .iter()
                    .filter(|scenario| scenario.name.starts_with(name.as_str())),
            ),
        }
        if chosen.len() == before {
            let all: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
            let all = all.join(", ");
            return Err(Failure::new(format!(
                "nothing is called {name}; there is {all}"
            )));
        }
    }
    Ok(chosen)
}

impl Bench {
    fn new(args: &Args) -> Result<Bench, Failure> {
        let scratch = shell::root().join(&args.scratch);
        std::fs::create_dir_all(&scratch)
            .map_err(|error| Failure::new(format!("{}: {error}", scratch.display())))?;
        let processors = machine::processors();
        let pin = if processors > PROCESSORS {
            let last = PROCESSORS - 1;
            ["taskset", "--cpu-list", &format!("0-{last}")]
                .map(str::to_owned)
                .to_vec()
        } else {
            Vec::new()
        };
        let bindery = shell::root().join("target/release/bindery");
        Ok(Bench {
            tools: bindery.clone(),
            bindery,
            scratch,
            rounds: args.rounds.max(1),
            short: args.short,
            pin,
        })
    }

    fn entry(&self, scenario: &'static Scenario, args: &Args) -> Result<Entry, Failure> {
        self.step(scenario.name, scenario.about);
        // What was written before, such as the binary itself, is not to be written meanwhile.
        shell::run(&mut shell::program("sync"))?;
        let sync = fdatasync(&self.scratch)?;
        let bystanders = Bystanders::watch()?;
        let mut findings = (scenario.run)(self)?;
        let others = bystanders.share()?;
        if others > QUIET {
            let percent = 100.0 * others;
            findings.notes.push(format!(
                "The machine was not quiet: other programs used {percent:.0} % of it meanwhile."
            ));
        }
        Ok(Entry {
            name: scenario.name,
            about: scenario.about,
            command: format!(
                "cargo xtask bench {} --rounds {}{}",
                scenario.name,
                args.rounds,
                if args.short { " --short" } else { "" }
            ),
            machine: Machine::read(&self.scratch, sync, PROCESSORS)?,
            findings,
        })
    }

    /// Says what is done now. The load generator shows how far it is by itself.
    fn step(&self, scenario: &str, what: &str) {
        shell::complain(&format!("{scenario}: {what}"));
    }

    /// So many seconds to send for, as on a command line; fewer in a short run.
    fn seconds(&self, whole: u32) -> String {
        let seconds = if self.short {
            whole.div_ceil(10)
        } else {
            whole
        };
        format!("{seconds}s")
    }

    /// `bindery` with a subcommand, on the processors that it may use.
    fn bindery(&self, subcommand: &str) -> Command {
        let program = match subcommand {
            "serve" => &self.bindery,
            _ => &self.tools,
        };
        let mut words = self.pin.iter().map(AsRef::as_ref);
        let mut command = match words.next() {
            Some(first) => Command::new::<&Path>(first),
            None => Command::new(program),
        };
        command.args(words);
        if !self.pin.is_empty() {
            command.arg(program);
        }
        command.arg(subcommand).current_dir(shell::root());
        command
    }
}

/// A child process that does not outlive its owner.
struct Process {
    child: Child,
}

impl Process {
    fn start(command: &mut Command) -> Result<Process, Failure> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("{command:?}: {error}")))?;
        Ok(Process { child })
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits for that.
    fn end(&mut self) -> Result<(), Failure> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|error| Failure::new(format!("SIGTERM: {error}")))?;
        let status = self.child.wait();
        match status.map_err(|error| Failure::new(error.to_string()))? {
            status if status.success() => Ok(()),
            status => Err(Failure::new(format!("after SIGTERM: {status}"))),
        }
    }

    /// SIGKILL.
    fn kill(&mut self) {
        // It has ended before, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Looks again and again, until it is so.
fn wait_until(
    what: &str,
    patience: Duration,
    mut is_so: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    const INTERVAL: Duration = Duration::from_millis(50);
    let begin = std::time::Instant::now();
    while !is_so()? {
        if begin.elapsed() > patience {
            return Err(Failure::new(format!(
                "after {patience:?} still waiting until {what}"
            )));
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(())
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{}: {}\n\n", self.name, self.about)?;
        write!(f, "{}", table(&self.findings.figures))?;
        for note in &self.findings.notes {
            write!(f, "\n* {note}")?;
        }
        write!(f, "\n\n{}\n{}\n", self.command, self.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_chosen_by_how_their_names_begin() {
        let names = |words: &[&str]| -> Vec<&str> {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let chosen = chosen(&words).expect("there are such");
            chosen.iter().map(|scenario| scenario.name).collect()
        };
        let both = ["accept-100", "accept-1000", "lazy"];
        assert_eq!(names(&["accept", "lazy"]), both);
        assert_eq!(names(&["accept-100"]), ["accept-100"]);
        assert_eq!(names(&[]).len(), SCENARIOS.len());
    }

    #[test]
    fn a_name_that_nothing_has_is_said() {
        let unknown = chosen(&["acept".to_owned()]).err().expect("no such");
        assert!(unknown.to_string().contains("nothing is called acept"));
    }
}
