//! `cargo xtask sim`: hostile days in the simulator, many of them or one in every detail.

use crate::shell::{self, Failure};

/// Live through hostile days in the simulator
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many days
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The seed of the first day
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// One day only, every event of it in words
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Longer days, with more messages
    #[arg(long)]
    long: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    // A seed means something only together with the commit; outside of a checkout there is none.
    if let Ok(commit) = shell::output(shell::program("git").args(["rev-parse", "--short", "HEAD"]))
    {
        shell::print(&format!("commit {}", commit.trim()));
    }
    let mut command = shell::cargo();
    command.args(["run", "--quiet", "--release", "-p", "sim", "--"]);
    match args.seed {
        Some(seed) => command.args(["--seed", &seed.to_string()]),
        None => command
            .args(["--seeds", &args.seeds.to_string()])
            .args(["--from", &args.from.to_string()]),
    };
    if args.long {
        command.arg("--long");
    }
    shell::run(&mut command)
}
