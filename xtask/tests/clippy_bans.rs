//! What `clippy-core.toml` bans, clippy finds: a crate with one of each is planted and linted.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PLANTED: &str = "\
//! Planted.
use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::RandomState;
use std::time::Instant;
use std::time::SystemTime;
/// Holds one of each.
pub struct Held(pub HashMap<u8, u8>, pub HashSet<u8>, pub RandomState);
/// Reads both clocks.
pub fn read() -> (Instant, SystemTime) {
    (Instant::now(), SystemTime::now())
}
";

#[test]
fn every_ban_of_the_core_is_found() {
    let planted = plant();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::copy(root.join("clippy-core.toml"), planted.join("clippy.toml")).expect("the bans");
    let output = Command::new(env::var("CARGO").expect("cargo runs the tests"))
        .args(["clippy", "--offline", "--quiet", "--", "-D", "warnings"])
        .current_dir(&planted)
        .env("CARGO_TARGET_DIR", planted.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("clippy");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    let expect = [
        "disallowed type `std::collections::HashMap`",
        "disallowed type `std::collections::HashSet`",
        "disallowed type `std::hash::RandomState`",
        "disallowed type `std::time::Instant`",
        "disallowed type `std::time::SystemTime`",
        "disallowed method `std::time::Instant::now`",
        "disallowed method `std::time::SystemTime::now`",
    ];
    for ban in expect {
        assert!(said.contains(ban), "{ban} is not in:\n{said}");
    }
}

/// A crate of its own with the violations in it.
fn plant() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted");
    fs::create_dir_all(directory.join("src")).expect("a directory");
    let manifest = "[package]\nname = \"planted\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(directory.join("Cargo.toml"), manifest).expect("a manifest");
    fs::write(directory.join("src/lib.rs"), PLANTED).expect("a file");
    directory
}
