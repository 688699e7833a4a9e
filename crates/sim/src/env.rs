//! What everybody in the world shares: time, the queue of what is to come, chance, the wires, and the record of who saw what.

use std::collections::{BTreeMap, VecDeque};

use core::time::Duration;
use sms::Wall;

use crate::oracle::Oracle;
use crate::pipe::{End, Net, PipeId};
use crate::random::Random;
use crate::store::Crash;

/// Nanoseconds.
pub(crate) const MS: u64 = 1_000_000;
/// Nanoseconds.
pub(crate) const SECOND: u64 = 1000 * MS;

/// The wall clock when the world begins: 2027-01-15T08:00:00Z.
const DAWN: Wall = Wall(1_800_000_000_000);

/// How many of the last events a failure tells.
const TOLD: usize = 40;

/// A thing that is to happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Octets reach the end of a pipe.
    Arrive(PipeId, End),
    /// Who was told that the pipe is full may go on.
    Writable(PipeId, End),
    /// The pipe has ended without a word.
    Gone(PipeId, End),
    /// Something in our own process; nobody's if that process has died since.
    Node { boot: u32, event: NodeEvent },
    /// Our process starts again.
    Boot,
    /// An ESME does something by itself.
    Esme(usize, EsmeEvent),
    /// A carrier does something by itself.
    Carrier(usize, CarrierEvent),
    /// The weather changes.
    Weather,
    /// Operators take back what they ordered.
    Release,
    /// Our process dies, and starts again after so many nanoseconds.
    Crash(Crash, u64),
}

/// What happens inside our process, as its threads and timers would.
#[derive(Clone, Debug)]
pub(crate) enum NodeEvent {
    /// The engine thread looks at its inboxes.
    Turn,
    /// The I/O thread looks at its mail.
    Mail,
    /// A timer of a connection runs out.
    Timer { slot: u32, generation: u32 },
    /// An ESME's connection is accepted.
    Accept(PipeId),
    /// A link makes its next attempt.
    Connect { link: usize, plan: u64 },
    /// The journal thread has waited for the disk.
    Written,
    /// The batch that found no room is tried again.
    WriteAgain,
    /// The journal thread looks at the free space.
    Look,
    /// The snapshot's thread has waited for the disk.
    SnapshotWritten,
    /// The thread for waiting messages has waited for the disk.
    ColdDone,
    /// A bind that was refused after a pause.
    Verdict { slot: u32, generation: u32 },
}

/// What an ESME does by itself.
#[derive(Clone, Debug)]
pub(crate) enum EsmeEvent {
    Connect,
    /// Submits what it has to.
    Submit,
    /// Answers a delivery.
    Answer {
        pipe: PipeId,
        answer: usize,
    },
    /// Looks whether it waits for something that never comes.
    Watch(PipeId),
}

/// What a carrier does by itself.
#[derive(Clone, Debug)]
pub(crate) enum CarrierEvent {
    /// Answers a submit_sm.
    Answer { pipe: PipeId, answer: usize },
    /// Sends the receipts and messages that are due.
    Report,
}

pub(crate) struct Env {
    /// Nanoseconds since the world began.
    pub(crate) now: u64,
    /// Milliseconds that the wall clock has jumped forward.
    pub(crate) jumped: u64,
    pub(crate) random: Random,
    pub(crate) net: Net,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    queue: BTreeMap<(u64, u64), Event>,
    count: u64,
}

impl Env {
    pub(crate) fn new(seed: u64) -> Env {
        Env {
            now: 0,
            jumped: 0,
            random: Random::new(seed),
            net: Net::default(),
            oracle: Oracle::default(),
            trace: Trace::default(),
            queue: BTreeMap::new(),
            count: 0,
        }
    }

    pub(crate) fn wall(&self) -> Wall {
        Wall(DAWN.0 + self.now / MS + self.jumped)
    }

    /// Lets `event` happen in `delay` nanoseconds.
    pub(crate) fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }

    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.queue.insert((at.max(self.now), self.count), event);
    }

    /// The next event, if it comes no later than `until`; time goes on to it.
    pub(crate) fn next(&mut self, until: u64) -> Option<Event> {
        let first = self.queue.first_entry()?;
        let at = first.key().0;
        if at > until {
            return None;
        }
        self.now = at;
        Some(first.remove())
    }

    /// Writes down what happens, in words.
    pub(crate) fn say(&mut self, words: core::fmt::Arguments<'_>) {
        self.trace.say(self.now, words);
    }

    /// Somebody broke a promise.
    pub(crate) fn violated(&mut self, words: String) {
        self.trace.say(self.now, format_args!("VIOLATED: {words}"));
        self.oracle.violated(words);
    }
}

/// The events in words: all of them as a number, the last of them as text, and everything if it is wanted.
#[derive(Default)]
pub(crate) struct Trace {
    hash: u64,
    last: VecDeque<String>,
    /// Every event goes here too.
    pub(crate) all: Option<Vec<String>>,
}

impl Trace {
    fn say(&mut self, now: u64, words: core::fmt::Arguments<'_>) {
        let line = format!("{:>13.6} {words}", Duration::from_nanos(now).as_secs_f64());
        self.hash = line
            .bytes()
            .fold(self.hash ^ line.len() as u64, |hash, octet| {
                (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3)
            });
        if let Some(all) = &mut self.all {
            all.push(line.clone());
        }
        if self.last.len() == TOLD {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// What happens inside, for whoever wants to see everything.
    pub(crate) fn detail(&mut self, now: u64, words: core::fmt::Arguments<'_>) {
        if let Some(all) = &mut self.all {
            all.push(format!(
                "{:>13.6}   {words}",
                Duration::from_nanos(now).as_secs_f64()
            ));
        }
    }

    /// The number that two equal runs share.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn last(&self) -> impl Iterator<Item = &str> {
        self.last.iter().map(String::as_str)
    }
}
