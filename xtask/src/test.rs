//! `cargo xtask test`: all tests, after whatever they need is installed.

use crate::shell::{self, Failure};

/// Run all tests; what follows goes to `cargo test`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which tests, and how
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    shell::run(
        shell::cargo()
            .args(["test", "--workspace"])
            .args(&args.more),
    )
}
