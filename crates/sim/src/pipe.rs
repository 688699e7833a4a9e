//! Connections as they are on a bad day: octets come in pieces, late, all at once, or not at all.

use std::collections::{BTreeSet, VecDeque};

use crate::env::{Env, Event, MS, SECOND};
use crate::oracle::Mark;

/// A connection between our process and a peer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct PipeId(pub(crate) u32);

/// Who is at an end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Our process.
    Node = 0,
    /// The ESME or the carrier.
    Peer = 1,
}

impl End {
    fn other(self) -> End {
        match self {
            End::Node => End::Peer,
            End::Peer => End::Node,
        }
    }
}

/// A peer, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    Esme(usize),
    Carrier(usize),
}

/// How the wires behave at present.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Nanoseconds on the way.
    pub(crate) delay: (u64, u64),
    /// One write comes in so many pieces at most.
    pub(crate) pieces: u64,
    /// Octets that a direction holds before the writer has to wait.
    pub(crate) room: usize,
}

impl Manner {
    /// A good network.
    pub(crate) fn fair() -> Manner {
        Manner {
            delay: (MS / 10, 2 * MS),
            pieces: 1,
            room: 1 << 20,
        }
    }
}

/// All connections.
pub(crate) struct Net {
    pipes: Vec<Pipe>,
    pub(crate) manner: Manner,
    /// Carriers that cannot be reached at present.
    pub(crate) shut: BTreeSet<usize>,
}

impl Default for Net {
    fn default() -> Net {
        Net {
            pipes: Vec::new(),
            manner: Manner::fair(),
            shut: BTreeSet::new(),
        }
    }
}

struct Pipe {
    who: Who,
    /// By the end that reads.
    ways: [Way; 2],
    /// Who has let go of it.
    gone: [bool; 2],
    /// Octets vanish.
    hole: bool,
    stalled_until: u64,
    disturbed: bool,
}

/// One direction.
#[derive(Default)]
struct Way {
    transit: VecDeque<Segment>,
    arrived: VecDeque<u8>,
    in_transit: usize,
    last_at: u64,
    /// Octets ever written, and ever taken by the reader.
    written: u64,
    taken: u64,
    /// When which octets were written.
    stamps: VecDeque<(u64, u64)>,
    /// What the reader knows as soon as it has consumed so many octets.
    marks: VecDeque<(u64, Mark)>,
    writer_waits: bool,
    fin: bool,
}

struct Segment {
    at: u64,
    octets: Vec<u8>,
    fin: bool,
}

impl Env {
    /// A connection that stands at once.
    pub(crate) fn open(&mut self, who: Who) -> PipeId {
        self.net.pipes.push(Pipe {
            who,
            ways: Default::default(),
            gone: [false; 2],
            hole: false,
            stalled_until: 0,
            disturbed: false,
        });
        PipeId(self.net.pipes.len() as u32 - 1)
    }

    /// Puts octets on the wire; how many there was room for.
    pub(crate) fn write(&mut self, pipe: PipeId, from: End, octets: &[u8]) -> usize {
        let manner = self.net.manner.clone();
        let held = &mut self.net.pipes[pipe.0 as usize];
        if held.gone[from as usize] {
            return octets.len();
        }
        let way = &mut held.ways[from.other() as usize];
        let room = manner
            .room
            .saturating_sub(way.in_transit + way.arrived.len());
        let taken = octets.len().min(room);
        way.writer_waits = taken < octets.len();
        if taken == 0 {
            held.disturbed |= !octets.is_empty();
            return 0;
        }
        held.disturbed |= taken < octets.len();
        way.written += taken as u64;
        way.in_transit += taken;
        way.stamps.push_back((way.written, self.now));
        self.cut_and_send(pipe, from.other(), &octets[..taken], &manner);
        taken
    }

    fn cut_and_send(&mut self, pipe: PipeId, to: End, mut octets: &[u8], manner: &Manner) {
        let mut pieces = self.random.between(1, manner.pieces);
        while !octets.is_empty() {
            let length = if pieces <= 1 {
                octets.len()
            } else {
                self.random.between(1, octets.len() as u64) as usize
            };
            pieces -= 1;
            let (piece, rest) = octets.split_at(length);
            octets = rest;
            self.send(pipe, to, piece.to_vec(), false, manner);
        }
    }

    fn send(&mut self, pipe: PipeId, to: End, octets: Vec<u8>, fin: bool, manner: &Manner) {
        let delay = self.random.between(manner.delay.0, manner.delay.1);
        let held = &mut self.net.pipes[pipe.0 as usize];
        let way = &mut held.ways[to as usize];
        let at = (self.now + delay).max(way.last_at).max(held.stalled_until);
        way.last_at = at;
        way.transit.push_back(Segment { at, octets, fin });
        if !held.hole {
            self.at(at, Event::Arrive(pipe, to));
        }
    }

    /// Moves what has arrived to the reader; whether there is something to read.
    pub(crate) fn arrive(&mut self, pipe: PipeId, to: End) -> bool {
        let now = self.now;
        let held = &mut self.net.pipes[pipe.0 as usize];
        if held.hole || held.gone[to as usize] {
            return false;
        }
        let stalled = held.stalled_until;
        let way = &mut held.ways[to as usize];
        if stalled > now {
            self.at(stalled, Event::Arrive(pipe, to));
            return false;
        }
        let mut any = false;
        while way.transit.front().is_some_and(|first| first.at <= now) {
            let Some(segment) = way.transit.pop_front() else {
                break;
            };
            way.in_transit -= segment.octets.len();
            way.arrived.extend(segment.octets);
            way.fin |= segment.fin;
            any = true;
        }
        any
    }

    /// Takes what has arrived; whether the other side has said that nothing more comes.
    pub(crate) fn read(&mut self, pipe: PipeId, at: End, most: usize) -> (Vec<u8>, bool) {
        let way = &mut self.net.pipes[pipe.0 as usize].ways[at as usize];
        let length = most.min(way.arrived.len());
        let octets: Vec<u8> = way.arrived.drain(..length).collect();
        let over = way.fin && way.arrived.is_empty();
        way.taken += octets.len() as u64;
        if way.writer_waits && !octets.is_empty() {
            way.writer_waits = false;
            self.after(MS / 10, Event::Writable(pipe, at.other()));
        }
        (octets, over)
    }

    /// The reader has consumed so many octets by now: it knows what they said.
    pub(crate) fn consumed(&mut self, pipe: PipeId, at: End, octets: u64) {
        let now = self.moment();
        let way = &mut self.net.pipes[pipe.0 as usize].ways[at as usize];
        while way.marks.front().is_some_and(|mark| mark.0 <= octets) {
            if let Some((_, mark)) = way.marks.pop_front() {
                self.oracle.heard(mark, now);
            }
        }
    }

    /// The octets up to `offset`, from `from`, say this.
    pub(crate) fn mark(&mut self, pipe: PipeId, from: End, offset: u64, mark: Mark) {
        let way = &mut self.net.pipes[pipe.0 as usize].ways[from.other() as usize];
        way.marks.push_back((offset, mark));
    }

    /// When the octet before `offset` was written that `at` reads.
    pub(crate) fn written_at(&mut self, pipe: PipeId, at: End, offset: u64) -> u64 {
        let way = &mut self.net.pipes[pipe.0 as usize].ways[at as usize];
        while way.stamps.len() > 1 && way.stamps[0].0 < offset {
            way.stamps.pop_front();
        }
        way.stamps.front().map_or(self.now, |stamp| stamp.1)
    }

    /// Lets go of it in good order: what was written still arrives.
    pub(crate) fn close(&mut self, pipe: PipeId, from: End) {
        let held = &mut self.net.pipes[pipe.0 as usize];
        if core::mem::replace(&mut held.gone[from as usize], true) {
            return;
        }
        if held.hole {
            // Nobody hears of it; the other side's own patience ends at some time.
            let patience = self.random.between(10 * SECOND, 90 * SECOND);
            self.after(patience, Event::Gone(pipe, from.other()));
            return;
        }
        let manner = self.net.manner.clone();
        self.send(pipe, from.other(), Vec::new(), true, &manner);
    }

    /// It breaks. Each end that has not let go hears of it, soon.
    pub(crate) fn reset(&mut self, pipe: PipeId) {
        let held = &mut self.net.pipes[pipe.0 as usize];
        held.hole = true;
        held.disturbed = true;
        for end in [End::Node, End::Peer] {
            let held = &self.net.pipes[pipe.0 as usize];
            if !held.gone[end as usize] {
                let delay = self.random.between(MS / 10, 50 * MS);
                self.after(delay, Event::Gone(pipe, end));
            }
        }
    }

    /// Our process has died: the peer hears of it soon, or, if the machine is without power, after some time.
    pub(crate) fn abandon(&mut self, pipe: PipeId, soon: bool) {
        let held = &mut self.net.pipes[pipe.0 as usize];
        held.hole = true;
        held.disturbed = true;
        if core::mem::replace(&mut held.gone[End::Node as usize], true) {
            return;
        }
        let (low, high) = if soon {
            (MS / 10, 50 * MS)
        } else {
            (SECOND, 40 * SECOND)
        };
        let delay = self.random.between(low, high);
        self.after(delay, Event::Gone(pipe, End::Peer));
    }

    /// Marks the end as having let go; false if it had already.
    pub(crate) fn let_go(&mut self, pipe: PipeId, end: End) -> bool {
        !core::mem::replace(
            &mut self.net.pipes[pipe.0 as usize].gone[end as usize],
            true,
        )
    }

    /// From now on octets vanish, and nobody is told.
    pub(crate) fn swallow(&mut self, pipe: PipeId) {
        let held = &mut self.net.pipes[pipe.0 as usize];
        held.hole = true;
        held.disturbed = true;
    }

    /// Connections that only seem to stand come to an end: everybody hears of it.
    pub(crate) fn end_silence(&mut self) {
        for number in 0..self.net.pipes.len() {
            if self.net.pipes[number].hole {
                self.reset(PipeId(number as u32));
            }
        }
    }

    /// Nothing arrives before `until`.
    pub(crate) fn stall(&mut self, pipe: PipeId, until: u64) {
        let held = &mut self.net.pipes[pipe.0 as usize];
        held.stalled_until = held.stalled_until.max(until);
        held.disturbed = true;
    }
}

impl Net {
    pub(crate) fn who(&self, pipe: PipeId) -> Who {
        self.pipes[pipe.0 as usize].who
    }

    pub(crate) fn has_let_go(&self, pipe: PipeId, end: End) -> bool {
        self.pipes[pipe.0 as usize].gone[end as usize]
    }

    /// Whether something has happened to it that makes its times mean nothing.
    pub(crate) fn is_disturbed(&self, pipe: PipeId) -> bool {
        self.pipes[pipe.0 as usize].disturbed
    }

    /// Pipes that both ends still hold.
    pub(crate) fn standing(&self) -> Vec<PipeId> {
        let held = self.pipes.iter().enumerate();
        held.filter(|(_, pipe)| pipe.gone == [false; 2] && !pipe.hole)
            .map(|(number, _)| PipeId(number as u32))
            .collect()
    }
}
