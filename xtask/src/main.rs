//! `cargo xtask`: what this repository is checked, tested and measured with. Each subcommand is one file.

mod bench;
mod ci;
mod conformance;
mod kill;
mod lint;
mod shell;
mod sim;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What this repository is checked, tested and measured with.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Bench(bench::Args),
    Ci(ci::Args),
    Conformance(conformance::Args),
    Kill(kill::Args),
    Lint(lint::Args),
    Sim(sim::Args),
    Test(test::Args),
    Tidy(tidy::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Kill(args) => kill::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Tidy(args) => tidy::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            shell::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
