//! Deep queues: what waits far behind goes to the disk in blocks and comes back before it is its turn.
//!
//! ```text
//! head | block of the queue -- Write --> file -- done --> Record::Frozen: in a run        more than lane_hot_max in memory,
//!                                                                                      for lane_hot_for, or memory is short
//! head | run, run, ..       -- Read  --> file -- done --> Record::Thawed: in the head     less than a block in the head
//!                                                       Record::Recalled: at the tail  one expires, or is to be changed
//! ```
//! What waits for a time far off goes to the disk in the same way, hour by hour, and comes back an hour ahead of it.
//!
//! The engine waits for no file. While a block is written its messages stay where they are, and only what still stands there
//! unchanged afterwards goes into the run. What comes back stands whole in its record, so that no replay needs a file; the file
//! is removed when that record is durable.

use core::time::Duration;
use std::collections::BTreeMap;

use sms::{Instant, Wall};

use crate::ask::unfinished;
use crate::engine::Turn;
use crate::entry::Image;
use crate::fold::{Block, Fold, Hour, Lane, Place, Shelf};
use crate::record::{Cold, Keys, Reader, Record, Seconds};
use crate::sweep::{Act, Sweep};
use crate::{
    Ask, ConnectorId, Inputs, Limits, MessageKey, Output, Refusal, Room, RunId, Span, Told, Wish,
};

/// A block is this part of what may wait in memory, and at most so many messages.
const BLOCKS: u64 = 4;
const BLOCK_MAX: u64 = 8192;

/// With this part of the memory in use a block goes at once, however short it has waited.
const PRESSED: u64 = 2;

/// A file is not kept for less than this part of what was written.
const WORTH: usize = 4;

/// When nothing could go to the disk, this part of what waits has to come or go before it is looked at again.
const WORTH_A_LOOK: u64 = 16;

/// Files that are being read at once because it is time, and as many more because somebody asks: whoever asks much holds nobody's
/// messages up. There may be a few megabytes of each in memory.
const READS_MAX: usize = 8;

/// Questions that may wait for files.
const ASKS_MAX: usize = 256;

/// A run is not read again for what expires in it before so much time has passed: such a message is not sent, and its receipt says so
/// a little late.
const LOOK_REST: Duration = Duration::from_secs(60);

/// What waits for its time comes back so long ahead of it. If too much is in memory, only just before it.
const AHEAD: Duration = Duration::from_secs(3600);
const AHEAD_LEAST: Duration = Duration::from_secs(60);

/// Only what has longer to wait goes to the disk.
const FAR: Duration = Duration::from_secs(2 * 3600);

/// How many times as much as goes to the disk of what waits for one connector, for no later time, may be in memory when more of it
/// comes back: long ahead of its time, and just before it. Beyond that it comes when its time has come, a file at a time, if nothing of
/// what is in memory can go to the disk instead.
const MUCH: u64 = 2;
const TOO_MUCH: u64 = 3;

/// Work for the thread that keeps messages on the disk. Answered by [`Input::Cold`](crate::Input::Cold).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ColdTask {
    /// To be written as a file and made durable.
    Write {
        /// Its number.
        run: RunId,
        /// What stands in it.
        images: Vec<u8>,
    },
    /// To be read.
    Read {
        /// Its number.
        run: RunId,
    },
}

/// What came of a [`ColdTask`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColdDone {
    /// A file was written and is durable, or could not be written, for want of room for instance, and is not there.
    Write {
        /// Its number.
        run: RunId,
        /// It was.
        written: bool,
    },
    /// At the start: an operator has given up a file that cannot be read, and what waited in it.
    Lost {
        /// Its number.
        run: RunId,
    },
    /// What stands in a file.
    Read {
        /// Its number.
        run: RunId,
        /// As it was written.
        images: Span,
    },
}

/// What is on its way to the disk and back.
#[derive(Debug, Default)]
pub(crate) struct ColdTraffic {
    /// The last number that was given to a file, or that a file has which may still have to go.
    last: u64,
    freezing: Option<Freezing>,
    reads: BTreeMap<RunId, Read>,
    /// When the first block that might go will have waited long enough.
    due: Option<Wall>,
    /// How many waited in memory when no block was found that could go.
    stuck: BTreeMap<(ConnectorId, Kind), u64>,
    /// Octets of the questions that wait for files.
    asked: u64,
    /// Lanes of which nothing goes to the disk before then: an operator sweeps them.
    rests: BTreeMap<ConnectorId, Instant>,
}

/// What waits in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    /// In a queue.
    Queued,
    /// For a time.
    Later,
}

/// A block that is being written.
#[derive(Debug)]
struct Freezing {
    run: RunId,
    shelf: Shelf,
    keys: Vec<(MessageKey, u64)>,
}

/// Why a file is being read.
#[derive(Debug, Default)]
struct Read {
    /// Its turn has come.
    whole: bool,
    asks: Vec<Asking>,
    sweeps: Vec<Sweep>,
}

/// An order of an operator, which messages of the file are meant, and how many of those stay.
type Swept = (Sweep, Vec<MessageKey>, u64);

/// A question about a message that may be in the file.
#[derive(Debug)]
struct Asking {
    ask: Ask,
    key: MessageKey,
    told: Told,
    /// The octets that the question speaks of.
    texts: Inputs,
    /// Where it was not.
    searched: Vec<RunId>,
}

impl ColdTraffic {
    /// When a run has to be read because something in it expires, or a block may go.
    pub(crate) fn next_look(&self, fold: &Fold) -> Option<Wall> {
        let look = self.next_to_read(fold).map(|(look, _)| look);
        look.into_iter().chain(self.due).min()
    }

    /// Other limits hold, or there is more room on the disk or less: what could not go may go now.
    pub(crate) fn look_anew(&mut self) {
        self.due = None;
        self.stuck.clear();
    }

    /// When a run has to be read because something in it is due, and which.
    pub(crate) fn next_later(
        &self,
        fold: &Fold,
        limits: &Limits,
        now: Wall,
    ) -> Option<(Wall, RunId)> {
        if !self.may_read() {
            return None;
        }
        let max = limits.lane_hot_max;
        let lanes = fold.runs_later().filter_map(|(connector, runs)| {
            let mut runs = runs.enumerate();
            let (reading, (due, run)) = runs.find(|(_, (_, run))| !self.is_read_whole(*run))?;
            let at = |ahead: Duration| Wall(due.0.saturating_sub(ahead.as_millis() as u64));
            if at(AHEAD) > now {
                return Some((at(AHEAD), run));
            }
            // What waits for a later time does not keep it away.
            let in_memory = fold.in_memory(connector, due);
            let ahead = match in_memory {
                _ if in_memory < MUCH * max => AHEAD,
                _ if in_memory < TOO_MUCH * max => AHEAD_LEAST,
                // Nor does what cannot go to the disk.
                _ if reading == 0 && self.is_relieved(fold, connector, limits) => Duration::ZERO,
                _ => return None,
            };
            Some((at(ahead), run))
        });
        lanes.min()
    }

    /// Whether all is on the disk of what waits in the queues of a lane and can go there, and there is memory for more.
    fn is_relieved(&self, fold: &Fold, connector: ConnectorId, limits: &Limits) -> bool {
        let max = limits.lane_hot_max;
        let hot = fold.lane(connector).map_or(0, Lane::hot);
        let is_stuck = self.is_stuck((connector, Kind::Queued), hot, block_size(max));
        (hot <= max || is_stuck) && !is_pressed(fold, limits)
    }

    fn is_read_whole(&self, run: RunId) -> bool {
        self.reads.get(&run).is_some_and(|read| read.whole)
    }

    /// Nothing of this lane goes to the disk before then.
    pub(crate) fn rest(&mut self, connector: ConnectorId, until: Instant) {
        self.rests.insert(connector, until);
    }

    fn rests(&self, connector: ConnectorId, now: Instant) -> bool {
        let until = self.rests.get(&connector);
        until.is_some_and(|&until| until > now)
    }

    /// Octets of memory.
    pub(crate) fn memory(&self) -> u64 {
        self.asked
    }

    fn next_to_read(&self, fold: &Fold) -> Option<(Wall, RunId)> {
        let mut looks = fold
            .looks()
            .filter(|(_, run)| !self.reads.contains_key(run));
        looks.next().filter(|_| self.may_read())
    }

    /// Whether another file may be read because it is time.
    fn may_read(&self) -> bool {
        let timely = |read: &&Read| read.whole || (read.asks.is_empty() && read.sweeps.is_empty());
        self.reads.values().filter(timely).count() < READS_MAX
    }

    /// Whether a question may wait for this file.
    fn takes_ask(&self, run: RunId) -> bool {
        let asked = |read: &&Read| !read.asks.is_empty();
        let has_room = self.reads.values().filter(asked).count() < READS_MAX;
        (has_room || self.reads.contains_key(&run)) && self.asks() < ASKS_MAX
    }

    /// Whether nothing could go when about so many of them waited. That was found out by looking at all of them: the more there are,
    /// the more have to come or go before it is worth another look.
    fn is_stuck(&self, kind: (ConnectorId, Kind), count: u64, size: u64) -> bool {
        let found = self.stuck.get(&kind);
        found.is_some_and(|&before| count.abs_diff(before) < size.max(before / WORTH_A_LOOK))
    }

    /// How many questions wait.
    fn asks(&self) -> usize {
        self.reads.values().map(|read| read.asks.len()).sum()
    }
}

impl Turn<'_> {
    /// Runs that are needed are read, and deep queues go to the disk.
    pub(crate) fn run_cold(&mut self) {
        if self.may_send() {
            for place in self.fold.wanting() {
                self.read_next(place);
            }
            self.read_later();
        }
        while let Some((look, run)) = self.live.cold.next_to_read(self.fold)
            && look <= self.now.wall
        {
            self.read(run);
        }
        let due = self.live.cold.due.take();
        if self.live.room == Room::Plenty
            && !self.live.draining
            && self.live.cold.freezing.is_none()
        {
            self.write_block(due);
        }
    }

    fn read_next(&mut self, place: Place) {
        let Some(run) = self.fold.next_run(place) else {
            return;
        };
        let cold = &self.live.cold;
        if cold.reads.contains_key(&run) || cold.may_read() {
            self.read(run).whole = true;
        }
    }

    fn read_later(&mut self) {
        let (limits, now) = (&self.directory.limits, self.now.wall);
        while let Some((at, run)) = self.live.cold.next_later(self.fold, limits, now)
            && at <= now
        {
            self.read(run).whole = true;
        }
    }

    /// A file is read for an operator.
    pub(crate) fn read_for(&mut self, run: RunId, sweep: Sweep) {
        self.read(run).sweeps.push(sweep);
    }

    fn read(&mut self, run: RunId) -> &mut Read {
        let step = &mut self.step;
        self.live.cold.reads.entry(run).or_insert_with(|| {
            step.cold.push(ColdTask::Read { run });
            Read::default()
        })
    }

    /// One block at a time, of a lane that has too much in memory: of its deepest queue, or of its fullest hour.
    fn write_block(&mut self, due: Option<Wall>) {
        let max = self.directory.limits.lane_hot_max;
        let size = block_size(max);
        let found = self.queued_block(due, max, size);
        let Some((shelf, block)) = found.or_else(|| self.later_block(max, size)) else {
            return;
        };
        let known = self.fold.runs().next_back().map_or(0, |run| run.0);
        let cold = &mut self.live.cold;
        cold.last = cold.last.max(known) + 1;
        let run = RunId(cold.last);
        let images = block.images;
        self.step.cold.push(ColdTask::Write { run, images });
        cold.freezing = Some(Freezing {
            run,
            shelf,
            keys: block.keys,
        });
    }

    /// What is sent within a moment does not go: it would cost more than it saves. Before `due` none has waited long enough.
    fn queued_block(&mut self, due: Option<Wall>, max: u64, size: u64) -> Option<(Shelf, Block)> {
        let limits = &self.directory.limits;
        let is_pressed = is_pressed(self.fold, limits);
        let is_young = |at: &Wall| !is_pressed && *at > self.now.wall;
        let now = self.now.mono;
        let cold = &mut self.live.cold;
        if due.as_ref().is_some_and(is_young) {
            cold.due = due;
            return None;
        }
        for (connector, hot) in self.fold.lanes_hotter_than(max) {
            let kind = (connector, Kind::Queued);
            if cold.is_stuck(kind, hot, size) || cold.rests(connector, now) {
                continue;
            }
            let Some((place, first)) = self.fold.deepest(connector, size) else {
                cold.stuck.insert(kind, hot);
                continue;
            };
            let at = first.minted().plus(limits.lane_hot_for);
            if is_young(&at) {
                cold.due = cold.due.into_iter().chain([at]).min();
                continue;
            }
            return Some((Shelf::Queue(place), self.fold.block(place, size)));
        }
        None
    }

    fn later_block(&mut self, max: u64, size: u64) -> Option<(Shelf, Block)> {
        let now = self.now.mono;
        let cold = &mut self.live.cold;
        let mut lanes = self.fold.lanes_later_than(max);
        let (connector, later) = lanes.find(|&(id, later)| {
            !cold.is_stuck((id, Kind::Later), later, size) && !cold.rests(id, now)
        })?;
        let far = Hour::of(self.now.wall.plus(FAR));
        let from = Hour(far.0 + 1);
        let Some((hour, block)) = self.fold.block_of_hour(connector, from, (max, size)) else {
            cold.stuck.insert((connector, Kind::Later), later);
            return None;
        };
        Some((Shelf::Hour(connector, hour), block))
    }

    /// The file of a block is there, or is not to be had.
    pub(crate) fn frozen(&mut self, run: RunId, written: bool) {
        let freezing = &mut self.live.cold.freezing;
        let Some(Freezing { shelf, keys, .. }) = freezing.take_if(|block| block.run == run) else {
            return;
        };
        if !written {
            let connector = shelf.connector();
            let lane = self.fold.lane(connector);
            let (kind, count) = match shelf {
                Shelf::Queue(_) => (Kind::Queued, lane.map_or(0, |lane| lane.hot())),
                Shelf::Hour(..) => (Kind::Later, lane.map_or(0, |lane| lane.deferred())),
            };
            self.live.cold.stuck.insert((connector, kind), count);
            return;
        }
        if self.live.cold.rests(shelf.connector(), self.now.mono) {
            self.step.gated.spent().push(run);
            return;
        }
        let standing = self.fold.standing(shelf, &keys);
        if standing.keys.len() < keys.len().div_ceil(WORTH) {
            self.step.gated.spent().push(run);
            return;
        }
        self.record(&Record::Cold(Cold::Frozen {
            run,
            look: standing.look,
            keys: Keys::Fresh(&standing.keys),
            gone: Keys::Fresh(&standing.gone),
        }));
    }

    /// A file is given up before anything was asked of it.
    pub(crate) fn lost(&mut self, run: RunId) {
        if let Some(known) = self.fold.run(run) {
            let connector = known.shelf.connector();
            self.record(&Record::Cold(Cold::Lost { run }));
            self.live.touch_connector(connector);
        }
    }

    /// What stands in a file: the whole run comes back, or what has expired in it and what somebody wants to change.
    pub(crate) fn thawed(&mut self, run: RunId, images: &[u8]) {
        let Some(read) = self.live.cold.reads.remove(&run) else {
            return;
        };
        // Its file goes when all this is durable; another file of the same number could go with it.
        self.live.cold.last = self.live.cold.last.max(run.0);
        let mut answers = BTreeMap::new();
        let sweeps = read.sweeps.into_iter();
        let mut sweeps: Vec<_> = sweeps.map(|sweep| (sweep, Vec::new(), 0)).collect();
        if let Some(known) = self.fold.run(run) {
            let connector = known.shelf.connector();
            let is_due = known.look.wall() <= self.now.wall;
            let mut taken = Vec::new();
            let mut look = Seconds(u32::MAX);
            let mut held = 0;
            let mut at = images;
            while let Some((image, octets)) = next_image(&mut at) {
                let order = image.order;
                if !known.holds(order.key) {
                    continue;
                }
                held += 1;
                let mut asks = read.asks.iter().filter(|asking| asking.key == order.key);
                let is_changed = asks.clone().any(|asking| asking.changes());
                let is_swept = self.meant_by(&image, &mut sweeps);
                if read.whole || is_changed || is_swept || order.expires.wall() <= self.now.wall {
                    taken.extend_from_slice(octets);
                    continue;
                }
                look = look.min(order.expires);
                if asks.next().is_some() {
                    answers.insert(order.key, (image.body, image.entry().is_scheduled()));
                }
            }
            let is_whole = at.is_empty() && held == known.count;
            assert!(is_whole, "the file of {run:?} is not what was written");
            let is_spent = look == Seconds(u32::MAX);
            if read.whole {
                let images = &taken[..];
                self.record(&Record::Cold(Cold::Thawed { run, images }));
            } else if !taken.is_empty() || is_due {
                self.record(&Record::Cold(Cold::Recalled {
                    run,
                    look: look.max(self.expiry(LOOK_REST)),
                    images: &taken,
                }));
            }
            if is_spent {
                self.step.gated.spent().push(run);
            }
            self.live.touch_connector(connector);
        }
        for (sweep, meant, kept) in sweeps {
            self.swept_file(&sweep, run, meant, kept);
        }
        for mut asking in read.asks {
            self.live.cold.asked -= asking.octets();
            let Asking { ask, texts, .. } = &asking;
            let found = answers.get(&asking.key);
            if let Some(&(_, is_scheduled)) = found.filter(|(body, _)| ask.suits(texts, body)) {
                self.step.gated.push(Output::Answer {
                    origin: ask.origin,
                    answer: unfinished(asking.told, is_scheduled),
                });
                continue;
            }
            asking.searched.push(run);
            self.ask_beside(&asking.ask, &asking.texts, &asking.searched);
        }
    }

    /// Notes for which orders a message on the disk is meant; whether it has to be in memory for them.
    fn meant_by(&self, image: &Image<'_>, sweeps: &mut [Swept]) -> bool {
        if sweeps.is_empty() || self.live.room == Room::Out {
            return false;
        }
        let entry = image.entry();
        let mut is_swept = false;
        for (sweep, meant, kept) in sweeps {
            if !sweep.selection.means(&entry) {
                continue;
            }
            if self.can_sweep(sweep.act, &entry) {
                meant.push(entry.order.key);
                is_swept |= sweep.act != Act::Count;
            } else {
                *kept += 1;
            }
        }
        is_swept
    }

    /// Whether a question waits for a file that its message may be in, or is refused because too many do.
    pub(crate) fn ask_cold(
        &mut self,
        ask: &Ask,
        told: Told,
        inputs: &Inputs,
        searched: &[RunId],
    ) -> bool {
        let Some(key) = told.key() else {
            return false;
        };
        let mut runs = self.fold.runs_with(ask.customer, key);
        let Some(run) = runs.find(|run| !searched.contains(run)) else {
            return false;
        };
        drop(runs);
        if !self.live.cold.takes_ask(run) {
            self.step.gated.push(Output::Refused {
                origin: ask.origin,
                refusal: Refusal::Throttled,
            });
            return true;
        }
        let (ask, texts) = kept(ask, inputs);
        let asking = Asking {
            ask,
            key,
            told,
            texts,
            searched: searched.to_vec(),
        };
        self.live.cold.asked += asking.octets();
        self.read(run).asks.push(asking);
        true
    }
}

impl Asking {
    /// What it takes of memory.
    fn octets(&self) -> u64 {
        let searched = self.searched.len() * size_of::<RunId>();
        (size_of::<Asking>() + self.texts.octets() + searched) as u64
    }

    /// Whether the message has to be in memory for it.
    fn changes(&self) -> bool {
        !matches!(self.ask.wish, Wish::State)
    }
}

/// Takes the first message off what stands in a file: its octets. For whoever examines such files; `None` at the end.
pub fn next_in_file<'a>(images: &mut &'a [u8]) -> Option<&'a [u8]> {
    next_image(images).map(|(_, octets)| octets)
}

/// How many messages a block has if so many of a lane may wait in memory.
fn block_size(lane_hot_max: u64) -> u64 {
    (lane_hot_max / BLOCKS).clamp(1, BLOCK_MAX)
}

/// Whether memory is short.
fn is_pressed(fold: &Fold, limits: &Limits) -> bool {
    fold.memory() > limits.memory_max / PRESSED
}

/// The first of what stands in a file, and its octets.
fn next_image<'a>(at: &mut &'a [u8]) -> Option<(Image<'a>, &'a [u8])> {
    let before = *at;
    let image = Image::decode(&mut Reader(at))?;
    Some((image, &before[..before.len() - at.len()]))
}

/// A question with the octets that it speaks of.
fn kept(ask: &Ask, inputs: &Inputs) -> (Ask, Inputs) {
    let mut texts = Inputs::default();
    let mut keep = |span| texts.put(inputs.get(span));
    let mut ask = *ask;
    ask.source = keep(ask.source);
    ask.destination = keep(ask.destination);
    ask.service_type = keep(ask.service_type);
    if let Wish::Replace(replacement) = &mut ask.wish {
        replacement.text = keep(replacement.text);
    }
    (ask, texts)
}
