//! Running other programs in the repository's root, and talking to the person in front.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a task did not succeed, in a sentence for the person in front.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(why: impl Into<String>) -> Failure {
        Failure(why.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask is a directory in the root")
}

/// Where cargo builds: the tests look there for what was installed for them.
pub(crate) fn target() -> PathBuf {
    let chosen = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(chosen.unwrap_or_else(|| PathBuf::from("target")))
}

/// The program, to be started in the repository's root.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    program(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// Says what is run, runs it to its end, and passes its output on.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let line = line(command);
    complain(&format!("+ {line}"));
    let status = command
        .status()
        .map_err(|error| Failure(format!("{line}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure(format!("{line}: {status}")))
    }
}

/// Runs it to its end and takes what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let line = line(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure(format!("{line}: {error}")))?;
    if !output.status.success() {
        return Err(Failure(format!("{line}: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure(format!("{line}: prints no text")))
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// Everything that is said to a person goes to standard error, so that the results stay clean.
#[expect(
    clippy::print_stderr,
    reason = "this is what a command line tool is for"
)]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// Results go to standard output.
#[expect(
    clippy::print_stdout,
    reason = "this is what a command line tool is for"
)]
pub(crate) fn print(text: &str) {
    println!("{text}");
}
