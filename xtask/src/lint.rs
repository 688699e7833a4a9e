//! `cargo xtask lint`: formatting, tidy, the conformance document, clippy and the documentation's own warnings.

use crate::conformance;
use crate::shell::{self, Failure};
use crate::tidy;

/// Check formatting, invariants, lints and documentation
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run(&tidy::Args {})?;
    conformance::run(&conformance::Args { write: false })?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    shell::run(shell::cargo().args(clippy))?;
    let doc = [
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ];
    shell::run(shell::cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings"))
}
