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
