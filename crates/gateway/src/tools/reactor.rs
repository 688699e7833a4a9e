//! The readiness loop of the blast tools: one thread, edge-triggered, with a timer that is exact to microseconds,
//! because `epoll` alone counts in milliseconds and a latency measured with it would show the tool, not the gateway.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

/// Readiness that one [`Reactor::wait`] may report; more wait for the next.
const EVENTS_MAX: usize = 1024;

/// Shorter waits than this are exact; longer ones may end up to a millisecond late.
const EXACT_BELOW: Duration = Duration::from_millis(20);

const TIMER: Token = Token(usize::MAX);
const STOP: Token = Token(usize::MAX - 1);

/// What became possible on one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Woken {
    /// The number under which it was added.
    pub(crate) key: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// Waits for connections, for time and for the order to stop.
pub(crate) struct Reactor {
    poll: Poll,
    events: Events,
    timer: Timer,
    stop: Option<mio::net::UnixStream>,
    stopped: bool,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Reactor> {
        let poll = Poll::new()?;
        let timer = Timer::new(&poll)?;
        Ok(Reactor {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            timer,
            stop: None,
            stopped: false,
        })
    }

    /// Ends the loop when the other end of this pair is written to or dropped.
    pub(crate) fn stop_by(&mut self, ear: UnixStream) -> io::Result<()> {
        ear.set_nonblocking(true)?;
        let mut ear = mio::net::UnixStream::from_std(ear);
        self.poll
            .registry()
            .register(&mut ear, STOP, Interest::READABLE)?;
        self.stop = Some(ear);
        Ok(())
    }

    /// Reports both directions of `source` under `key` from now on, each when it becomes possible again.
    pub(crate) fn add(&self, source: &mut impl Source, key: usize) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(source, Token(key), both)
    }

    pub(crate) fn remove(&self, source: &mut impl Source) {
        // A socket that the system no longer knows needs no removing.
        let _ = self.poll.registry().deregister(source);
    }

    /// Waits until something happens, for at most `timeout` (`None`: as long as it takes), and puts it into `woken`.
    pub(crate) fn wait(
        &mut self,
        timeout: Option<Duration>,
        woken: &mut Vec<Woken>,
    ) -> io::Result<()> {
        let timeout = match timeout {
            Some(wait) if !wait.is_zero() && wait < EXACT_BELOW => self.timer.arm(wait)?,
            other => other,
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            match event.token() {
                TIMER => {}
                STOP => self.stopped = true,
                Token(key) => woken.push(Woken {
                    key,
                    readable: event.is_readable() || event.is_read_closed() || event.is_error(),
                    writable: event.is_writable(),
                }),
            }
        }
        Ok(())
    }

    /// True once the order to stop has come.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Takes the order to stop off, so that the next one can be told from it (the first ends the sending, the second the waiting).
    pub(crate) fn resume(&mut self) {
        if let Some(ear) = &mut self.stop {
            let mut octets = [0; 64];
            // Ends with `WouldBlock`; after the end of the stream nobody can give a second order.
            while matches!(ear.read(&mut octets), Ok(count) if count > 0) {}
        }
        self.stopped = false;
    }
}

/// Stops a tool when it is dropped, or when the process is told to end.
pub(crate) struct Stopper {
    _voice: UnixStream,
}

impl Stopper {
    /// The two ends: one to keep, one for [`Reactor::stop_by`].
    pub(crate) fn new() -> io::Result<(Stopper, UnixStream)> {
        let (voice, ear) = UnixStream::pair()?;
        Ok((Stopper { _voice: voice }, ear))
    }

    /// As [`Stopper::new`], and SIGINT and SIGTERM stop too.
    pub(crate) fn with_signals() -> io::Result<(Stopper, UnixStream)> {
        let (voice, ear) = UnixStream::pair()?;
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::low_level::pipe::register(signal, voice.try_clone()?)?;
        }
        Ok((Stopper { _voice: voice }, ear))
    }
}

#[cfg(target_os = "linux")]
struct Timer(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Timer {
    fn new(poll: &Poll) -> io::Result<Timer> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let descriptor = timer.as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&descriptor), TIMER, Interest::READABLE)?;
        Ok(Timer(timer))
    }

    /// Wakes the poll after `wait`; what the poll itself should be given as its timeout. Arming anew forgets the last time.
    fn arm(&self, wait: Duration) -> io::Result<Option<Duration>> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let nothing = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let once = Itimerspec {
            it_interval: nothing,
            it_value: Timespec {
                tv_sec: 0,
                tv_nsec: i64::from(wait.subsec_nanos()),
            },
        };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once)?;
        Ok(None)
    }
}

#[cfg(not(target_os = "linux"))]
struct Timer;

#[cfg(not(target_os = "linux"))]
impl Timer {
    fn new(_: &Poll) -> io::Result<Timer> {
        Ok(Timer)
    }

    fn arm(&self, wait: Duration) -> io::Result<Option<Duration>> {
        Ok(Some(wait))
    }
}
