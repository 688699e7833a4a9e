//! What a tool costs itself: a load generator that is the limit measures nothing but itself.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A tool that is busy for more than this share of the time is probably the limit of what it measures.
pub(crate) const LIMIT: f64 = 0.9;

/// How long this thread has had a processor so far, in user and kernel mode.
pub(crate) fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Raises the number of open files to what the system permits at all; more binds than that cannot be held.
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If it is refused, opening the file above the old limit says so.
    let _ = setrlimit(Resource::Nofile, limit);
}
