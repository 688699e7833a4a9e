//! How long the disk takes to make octets durable: the figure that bounds every answer.

use std::{
    fmt, fs, io,
    path::Path,
    time::{Duration, Instant},
};

use crate::{Disk, DiskFile, FileDisk, format::TEMPORARY};

/// Octets of one measured write: a page.
const WRITE_BYTES: usize = 4096;

/// The distribution of one small append and one fdatasync.
#[derive(Clone, Debug)]
pub struct SyncLatency {
    /// Sorted, never empty.
    times: Vec<Duration>,
}

impl SyncLatency {
    /// The time that a share of the syncs stayed below: 0.5 for the median, 0.99 for p99.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.times.len() - 1;
        let at = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.times[at]
    }
}

impl fmt::Display for SyncLatency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:?}, p99 {:?}, max {:?} of {} syncs",
            self.quantile(0.5),
            self.quantile(0.99),
            self.quantile(1.0),
            self.times.len()
        )
    }
}

/// Measures `n` raw appends of 4 KiB, each with an fdatasync, in a temporary file in `dir`, which
/// must exist.
///
/// # Panics
/// When `n` is 0.
pub fn disk_sync_latency(dir: &Path, n: usize) -> io::Result<SyncLatency> {
    assert!(n > 0, "no latency without a sync");
    let disk = FileDisk::at(dir);
    let name = format!("latency-{}{TEMPORARY}", std::process::id());
    let file = disk.create(&name)?;
    let measured = measure(&file, n);
    fs::remove_file(disk.path(&name))?;
    let mut times = measured?;
    times.sort_unstable();
    Ok(SyncLatency { times })
}

fn measure(file: &fs::File, n: usize) -> io::Result<Vec<Duration>> {
    let page = [0xA5; WRITE_BYTES];
    (0..n)
        .map(|i| {
            let begin = Instant::now();
            file.write_at((i * WRITE_BYTES) as u64, [&page, &[]])?;
            file.sync()?;
            Ok(begin.elapsed())
        })
        .collect()
}
