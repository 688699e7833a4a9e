//! What the kernel counts for processes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::machine::{kibibytes, processors};
use crate::shell::Failure;

/// `USER_HZ`: what the kernel counts processor time in towards programs, on every architecture that Linux runs on.
const TICK: Duration = Duration::from_millis(10);

/// The flag of a thread of the kernel (`PF_KTHREAD`).
const OF_THE_KERNEL: u64 = 0x0020_0000;

/// How long a process has had a processor so far, in user and kernel mode.
pub(super) fn processor_time(pid: u32) -> Result<Duration, Failure> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    let [user, system] = [14, 15].map(|field| stat_field(&stat, field));
    Ok(ticks(user + system))
}

/// The same of its threads that have this name.
pub(super) fn thread_time(pid: u32, name: &str) -> Result<Duration, Failure> {
    let tasks = format!("/proc/{pid}/task");
    let failed = |error: std::io::Error| Failure::new(format!("{tasks}: {error}"));
    let mut used = 0;
    for task in std::fs::read_dir(&tasks).map_err(failed)? {
        let path = task.map_err(failed)?.path();
        // A thread may have ended since it was listed.
        let text = |file| std::fs::read_to_string(path.join(file)).unwrap_or_default();
        if text("comm").trim() == name {
            let stat = text("stat");
            used += [14, 15]
                .map(|field| stat_field(&stat, field))
                .iter()
                .sum::<u64>();
        }
    }
    Ok(ticks(used))
}

/// Memory that a process holds, in octets.
pub(super) fn memory(pid: u32) -> Result<f64, Failure> {
    status_octets(pid, "VmRSS")
}

/// The most memory that it has held so far, in octets.
pub(super) fn memory_peak(pid: u32) -> Result<f64, Failure> {
    status_octets(pid, "VmHWM")
}

fn status_octets(pid: u32, field: &str) -> Result<f64, Failure> {
    let status = read(&format!("/proc/{pid}/status"))?;
    Ok(kibibytes(&status, field) * 1024.0)
}

/// Everybody who has nothing to do with the measurement.
pub(super) struct Bystanders {
    begin: std::time::Instant,
    /// Ticks of all processes, those of the kernel included, without this one and its children that have ended.
    used: u64,
    kernel: BTreeMap<u64, u64>,
}

impl Bystanders {
    pub(super) fn watch() -> Result<Bystanders, Failure> {
        Ok(Bystanders {
            begin: std::time::Instant::now(),
            used: used_by_others()?,
            kernel: used_by_the_kernel()?,
        })
    }

    /// The share of the machine that they have used since. Children of this process must have ended, or they count. The
    /// kernel's own threads do not: what the kernel does by itself, it mostly does for the measurement.
    pub(super) fn share(&self) -> Result<f64, Failure> {
        let used = used_by_others()?.saturating_sub(self.used);
        let kernel = growth(&self.kernel, &used_by_the_kernel()?);
        let all = self.begin.elapsed().as_secs_f64() * processors() as f64;
        Ok(ticks(used.saturating_sub(kernel)).as_secs_f64() / all)
    }
}

fn used_by_others() -> Result<u64, Failure> {
    let stat = read("/proc/stat")?;
    let all: u64 = first_counters(&stat).iter().sum();
    let own_stat = read("/proc/self/stat")?;
    let own: u64 = [14, 15, 16, 17]
        .map(|field| stat_field(&own_stat, field))
        .iter()
        .sum();
    Ok(all.saturating_sub(own))
}

/// User, nice and system of the line `cpu`: what processes did. The others are idleness and interrupts.
fn first_counters(stat: &str) -> [u64; 3] {
    let line = stat.lines().next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace().skip(1);
    std::array::from_fn(|_| words.next().and_then(|word| word.parse().ok()).unwrap_or(0))
}

/// Ticks of each of the kernel's threads.
fn used_by_the_kernel() -> Result<BTreeMap<u64, u64>, Failure> {
    let processes =
        std::fs::read_dir("/proc").map_err(|error| Failure::new(format!("/proc: {error}")))?;
    let stats = processes.filter_map(|entry| {
        // One that has ended meanwhile is none of the kernel's.
        std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()
    });
    let threads = stats.filter(|stat| stat_field(stat, 9) & OF_THE_KERNEL != 0);
    let used = |stat: String| {
        let pid = stat.split(' ').next()?.parse().ok()?;
        Some((pid, stat_field(&stat, 14) + stat_field(&stat, 15)))
    };
    Ok(threads.filter_map(used).collect())
}

/// Ticks of threads that are there now, since then or since they began: what one used that has ended is not known.
fn growth(then: &BTreeMap<u64, u64>, now: &BTreeMap<u64, u64>) -> u64 {
    now.iter()
        .map(|(pid, ticks)| ticks.saturating_sub(then.get(pid).copied().unwrap_or(0)))
        .sum()
}

/// A field of `/proc/PID/stat`, counted from 1 as in proc_pid_stat(5); the name, which may hold anything, is the second.
fn stat_field(stat: &str, field: usize) -> u64 {
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let word = after_name.split(' ').nth(field - 3);
    word.and_then(|word| word.trim().parse().ok()).unwrap_or(0)
}

fn ticks(count: u64) -> Duration {
    TICK * u32::try_from(count).unwrap_or(u32::MAX)
}

fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_shifts_no_field() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 818 310 7 9 20 0 6";
        assert_eq!(
            [9, 14, 15, 16].map(|n| stat_field(stat, n)),
            [4_194_560, 818, 310, 7]
        );
        assert_eq!(stat_field(stat, 99), 0);
    }

    #[test]
    fn a_thread_that_has_ended_takes_nothing_from_the_others() {
        let then = BTreeMap::from([(2, 100), (3, 500)]);
        let now = BTreeMap::from([(2, 130), (4, 7)]);
        assert_eq!(growth(&then, &now), 37);
    }

    #[test]
    fn what_processes_did_is_the_first_three_counters() {
        assert_eq!(first_counters("cpu  1 2 3 4 5 6\ncpu0 1"), [1, 2, 3]);
    }

    #[test]
    fn this_process_has_memory_and_uses_processors() {
        let pid = std::process::id();
        let memory = memory(pid).expect("it runs");
        assert!(memory > 1e5 && memory <= memory_peak(pid).expect("it runs"));
        let begin = processor_time(pid).expect("it runs");
        while processor_time(pid).expect("it runs") == begin {}
    }
}
