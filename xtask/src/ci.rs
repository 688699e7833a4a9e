//! `cargo xtask ci`: everything that CI runs, in one go.

use crate::shell::{self, Failure};

/// Run everything that CI runs
#[derive(clap::Args)]
pub(crate) struct Args {}

/// The list of steps is in `.ci/run` and nowhere else.
pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    shell::run(&mut shell::program(".ci/run"))
}
