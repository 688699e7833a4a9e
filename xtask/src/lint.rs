//! `cargo xtask lint`: formatting, clippy and the documentation's own warnings.

use crate::shell::{self, Failure};

/// Check formatting, lints and documentation
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
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
