//! What the figures were measured on.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::figure::number;
use crate::shell::{self, Failure};

/// Syncs that are timed, and octets appended before each.
const SYNCS: usize = 500;
const APPENDED: usize = 4096;

/// The machine, as far as it matters to the figures.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    processor: String,
    /// Processors that the machine has, and that were used.
    processors: usize,
    processors_used: usize,
    memory_gib: f64,
    kernel: String,
    file_system: String,
    /// One append of 4 KiB and its fdatasync, right before.
    fdatasync_p50_ms: f64,
    fdatasync_p99_ms: f64,
    commit: String,
}

/// How long the disk takes for one sync, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct SyncTimes {
    p50: f64,
    p99: f64,
}

/// Times the disk of a directory: appends of 4 KiB to a file, each with its fdatasync.
pub(super) fn fdatasync(directory: &Path) -> Result<SyncTimes, Failure> {
    let path = directory.join("fdatasync");
    let timed = (|| {
        let file = File::create(&path)?;
        let times = (0..SYNCS).map(|n| {
            let begin = Instant::now();
            file.write_all_at(&[0xA5; APPENDED], (n * APPENDED) as u64)?;
            file.sync_data()?;
            Ok(begin.elapsed().as_secs_f64() * 1000.0)
        });
        let times = times.collect::<std::io::Result<Vec<f64>>>();
        std::fs::remove_file(&path)?;
        times
    })();
    let mut times = timed.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    times.sort_by(f64::total_cmp);
    let [p50, p99] = [50, 99].map(|percent| times[SYNCS * percent / 100]);
    Ok(SyncTimes { p50, p99 })
}

/// Processors that this process may use.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Machine {
    pub(super) fn read(directory: &Path, sync: SyncTimes, used: usize) -> Result<Machine, Failure> {
        let processors = processors();
        Ok(Machine {
            processor: after_colon(&read("/proc/cpuinfo")?, "model name"),
            processors,
            processors_used: processors.min(used),
            memory_gib: kibibytes(&read("/proc/meminfo")?, "MemTotal") / f64::from(1 << 20),
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            file_system: file_system(&read("/proc/self/mountinfo")?, directory),
            fdatasync_p50_ms: sync.p50,
            fdatasync_p99_ms: sync.p99,
            commit: commit()?,
        })
    }
}

fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{path}: {error}")))
}

/// What stands after the colon in the first line that begins so.
pub(super) fn after_colon(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

/// A size as `/proc` writes it: `VmRSS:   123 kB`.
pub(super) fn kibibytes(text: &str, name: &str) -> f64 {
    let value = after_colon(text, name);
    value.trim_end_matches(" kB").parse().unwrap_or(f64::NAN)
}

/// The type of the file system that holds `directory`: that of the longest mount point that leads to it.
fn file_system(mounts: &str, directory: &Path) -> String {
    let kind = |line: &str| {
        // .. (5) mount point (6) options .. - (1) type (2) source ..
        let (mount, system) = line.split_once(" - ")?;
        let point = Path::new(mount.split(' ').nth(4)?);
        let depth = point.components().count();
        let kind = system.split(' ').next()?.to_owned();
        directory.starts_with(point).then_some((depth, kind))
    };
    let deepest = mounts
        .lines()
        .filter_map(kind)
        .max_by_key(|(depth, _)| *depth);
    deepest.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind)
}

/// What was built; with a sign if the sources differ from it.
fn commit() -> Result<String, Failure> {
    let git = |args: &[&str]| shell::output(shell::program("git").args(args));
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&[
        "status",
        "--porcelain",
        "--",
        "crates",
        "Cargo.toml",
        "Cargo.lock",
    ])?;
    let sign = if changed.is_empty() {
        ""
    } else {
        " with changes"
    };
    Ok(format!("{}{sign}", commit.trim()))
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            processor,
            processors,
            processors_used,
            kernel,
            file_system,
            commit,
            ..
        } = self;
        write!(
            f,
            "{processor}, {processors_used} of {processors} processors, {} GiB, Linux {kernel}, {file_system}, \
             fdatasync p50 {} ms p99 {} ms, commit {commit}",
            number(self.memory_gib),
            number(self.fdatasync_p50_ms),
            number(self.fdatasync_p99_ms),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_point_tells_the_file_system() {
        let mounts = "\
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
22 21 0:20 / /data rw shared:3 - xfs /dev/vdb rw
23 21 0:21 / /data/fast rw - tmpfs none rw";
        for (directory, kind) in [
            ("/var/lib", "ext4"),
            ("/data/journal", "xfs"),
            ("/data/fast/x", "tmpfs"),
            ("/database", "ext4"),
        ] {
            assert_eq!(file_system(mounts, Path::new(directory)), kind);
        }
    }

    #[test]
    fn sizes_are_read_as_the_kernel_writes_them() {
        let status = "Name:\tbindery\nVmHWM:\t    9264 kB\nVmRSS:\t    9000 kB\n";
        assert_eq!(kibibytes(status, "VmRSS"), 9000.0);
        assert!(kibibytes(status, "VmSwap").is_nan());
        assert_eq!(after_colon(status, "Name"), "bindery");
    }
}
