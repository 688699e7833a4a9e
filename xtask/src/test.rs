//! `cargo xtask test`: all tests, after whatever they need is installed.

use crate::shell::{self, Failure};

/// Run all tests, after installing the independent clients that some of them need
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the tests with independent clients, and install nothing
    #[arg(long)]
    no_interop: bool,
    /// Which tests, and how: goes to `cargo test`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    // First of all, so that what is missing is said before an hour is spent on what is there.
    if !args.no_interop {
        let install = shell::root().join("crates/gateway/tests/interop/install");
        shell::run(shell::program(install).arg(shell::target().join("interop")))?;
    }
    let all = ["test", "--workspace"];
    shell::run(shell::cargo().args(all).args(&args.more))?;
    if !args.no_interop {
        let interop = ["test", "-p", "gateway", "--test", "serve"];
        let chosen = ["interop::", "--", "--include-ignored"];
        shell::run(shell::cargo().args(interop).args(chosen))?;
    }
    Ok(())
}
