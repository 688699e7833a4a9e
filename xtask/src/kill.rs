//! `cargo xtask kill`: the test that kills the gateway under full load, for as long as one likes.

use crate::shell::{self, Failure};

/// Kill the release build under full load, again and again: nothing accepted is lost
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How often to kill it
    #[arg(long, value_name = "N", default_value_t = 50)]
    rounds: u64,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let test = ["test", "--release", "-p", "gateway", "--test", "serve"];
    let chosen = ["kill::", "--", "--nocapture"];
    let mut command = shell::cargo();
    command.args(test).args(chosen);
    shell::run(command.env("BINDERY_KILL_ROUNDS", args.rounds.to_string()))
}
