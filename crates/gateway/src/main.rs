//! `bindery`: an SMPP message gateway, and the tools to try it with.

mod accounts;
mod binds;
mod called;
mod certificates;
mod clock;
mod cold;
mod common;
mod config;
mod conn;
mod connect;
mod control;
mod ctl;
mod engine_thread;
mod exit;
mod explain;
mod history;
mod http_door;
mod journal_thread;
mod lanes;
mod limits;
mod listen;
mod log;
mod mailbox;
mod metrics;
mod net;
mod open_files;
mod orders;
mod outbind;
mod outcome_log;
mod overview;
mod peers;
mod proxy;
mod pulse;
mod receipts;
mod reports;
mod running;
mod serve;
mod session_log;
mod snapshot;
mod start;
mod sweeps;
mod systemd;
mod tls;
mod tools;
mod top;
mod trace;
mod welcome;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An SMPP message gateway, and the tools to try it with.
#[derive(Parser)]
#[command(
    name = "bindery",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Args),
    /// Say everything that is wrong in a configuration
    Check(serve::CheckArgs),
    /// Make the running gateway read its configuration again
    Reload(serve::ReloadArgs),
    Ctl(ctl::Args),
    Top(top::Args),
    Send(tools::send::Args),
    Listen(tools::listen::Args),
    Load(tools::load::Args),
    Sink(tools::sink::Args),
    Decode(tools::decode::Args),
    Trace(tools::trace::Args),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => serve::check(&args),
        Command::Reload(args) => serve::reload(&args),
        Command::Ctl(args) => ctl::run(&args),
        Command::Top(args) => top::run(&args),
        Command::Send(args) => tools::send::run(&args),
        Command::Listen(args) => tools::listen::run(&args),
        Command::Load(args) => tools::load::run(&args),
        Command::Sink(args) => tools::sink::run(&args),
        Command::Decode(args) => tools::decode::run(&args),
        Command::Trace(args) => tools::trace::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// What a shell makes of an example: its words, up to a pipe.
    fn words(example: &str) -> Vec<String> {
        let (command, _) = example.split_once(" | ").unwrap_or((example, ""));
        let quoted = command.split(['\'', '"']);
        let mut words = Vec::new();
        for (n, text) in quoted.enumerate() {
            match n % 2 {
                0 => words.extend(text.split_whitespace().map(str::to_owned)),
                _ => words.push(text.to_owned()),
            }
        }
        words
    }

    /// Holds the examples of a command, and of those below it, against what the command line takes.
    fn try_examples(command: &clap::Command, tried: &mut usize) {
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let name = command.get_name();
        assert!(help.contains("Examples:"), "{name} --help has no examples");
        for example in help.lines().map(str::trim) {
            if example.starts_with("bindery ") {
                let parsed = Cli::try_parse_from(words(example));
                assert!(parsed.is_ok(), "{example}: {}", parsed.err().unwrap());
                *tried += 1;
            }
        }
        for below in command.get_subcommands() {
            try_examples(below, tried);
        }
    }

    #[test]
    fn every_order_shows_examples_that_the_command_line_takes() {
        let cli = Cli::command();
        let mut tried = 0;
        for name in ["ctl", "top"] {
            let command = cli.find_subcommand(name).expect("it is there");
            try_examples(command, &mut tried);
        }
        assert!(tried > 40, "{tried}");
    }
}
