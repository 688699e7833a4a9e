//! What waits on the disk: runs of messages that stood one behind the other in a deep queue.
//!
//! Of such a message nothing is in memory but what others hold under its key: its receipt is still owed, its name still taken.

use std::collections::{BTreeMap, BTreeSet};

use sms::Wall;

use super::queue::{End, Queue};
use super::{CLASSES, Fold};
use crate::entry::{Entry, Image, Order, Stage};
use crate::hash;
use crate::record::{Cold, Keys, Reader, Record, RunImage, Seconds, Writer};
use crate::slab::{Slab, Slot};
use crate::{ConnectorId, CustomerId, MessageKey, RunId, Wants};

/// Blocks that stay before the first run of a queue.
const HEAD_BLOCKS: u64 = 2;

/// A block that is longer takes no more messages.
const BLOCK_OCTETS: usize = 4 << 20;

/// Which queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) connector: ConnectorId,
    pub(crate) class: u8,
    pub(crate) customer: CustomerId,
}

/// Messages in one file.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) place: Place,
    pub(crate) count: u32,
    /// How many of them want a receipt.
    owed: u32,
    /// The least and the greatest key in it.
    range: (MessageKey, MessageKey),
    /// When it has to be looked at, because the first of them expires.
    pub(crate) look: Seconds,
    /// Of the file, what does not count any more; sorted.
    gone: Vec<MessageKey>,
}

/// All runs.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: BTreeMap<RunId, Run>,
    looks: BTreeSet<(Seconds, RunId)>,
    /// Queues whose next run is wanted in memory, as far as it is known here.
    wanting: BTreeSet<Place>,
    messages: u64,
    /// Keys that are gone from files.
    gone: u64,
}

/// A block of a queue, as it goes to the disk.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Each with a hash of what it is.
    pub(crate) keys: Vec<(MessageKey, u64)>,
    /// One [`Image`] after the other.
    pub(crate) images: Vec<u8>,
}

/// What is left of a block when it has been written.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// These stand as they stood, one behind the other.
    pub(crate) keys: Vec<MessageKey>,
    /// These have been sent, ended, changed or moved.
    pub(crate) gone: Vec<MessageKey>,
    /// When the first of them expires.
    pub(crate) look: Seconds,
}

impl Run {
    /// Whether this message of its file still waits in it.
    pub(crate) fn holds(&self, key: MessageKey) -> bool {
        self.gone.binary_search(&key).is_err()
    }
}

impl Runs {
    /// Whether so little stands before the runs of a queue that the next of them should come.
    pub(super) fn is_low(&self, queue: &Queue) -> bool {
        let next = queue.runs().front().and_then(|run| self.runs.get(run));
        next.is_some_and(|run| queue.hot().0 < u64::from(run.count))
    }

    pub(super) fn want(&mut self, place: Place) {
        self.wanting.insert(place);
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Octets of memory.
    pub(super) fn memory(&self) -> u64 {
        const RUN: u64 = 192;
        RUN * self.runs.len() as u64 + 8 * self.gone
    }

    /// The runs of a queue, in their order.
    pub(super) fn snapshot(&self, queue: &Queue, write: &mut dyn FnMut(&Record<'_>)) {
        for id in queue.runs() {
            let run = &self.runs[id];
            write(&Record::Cold(Cold::Run(RunImage {
                run: *id,
                place: run.place,
                count: run.count,
                owed: run.owed,
                range: run.range,
                look: run.look,
                gone: Keys::Fresh(&run.gone),
            })));
        }
    }

    fn insert(&mut self, id: RunId, run: Run) {
        self.looks.insert((run.look, id));
        self.messages += u64::from(run.count);
        self.gone += run.gone.len() as u64;
        self.runs.insert(id, run);
    }

    fn remove(&mut self, id: RunId) -> Option<Run> {
        let run = self.runs.remove(&id)?;
        self.looks.remove(&(run.look, id));
        self.messages -= u64::from(run.count);
        self.gone -= run.gone.len() as u64;
        Some(run)
    }
}

impl Fold {
    pub(super) fn apply_cold(&mut self, record: Cold<'_>) {
        match record {
            Cold::Frozen {
                run,
                look,
                keys,
                gone,
            } => self.freeze(run, look, keys, gone),
            Cold::Thawed { run, images } => self.thaw(run, images),
            Cold::Recalled { run, look, images } => self.recall(run, look, images),
            Cold::Run(image) => self.restore_run(&image),
        }
    }

    /// These wait in a run from now on.
    fn freeze(&mut self, id: RunId, look: Seconds, keys: Keys<'_>, gone: Keys<'_>) {
        let slots: Vec<Slot> = keys.iter().filter_map(|key| self.slot(key)).collect();
        let Some(&last) = slots.last() else { return };
        let Some(place) = self.entries[last].place() else {
            return;
        };
        let mut run = Run {
            place,
            count: slots.len() as u32,
            owed: 0,
            range: (MessageKey(u64::MAX), MessageKey(0)),
            look,
            gone: gone.iter().collect(),
        };
        run.gone.sort_unstable();
        if let Some((queue, entries)) = self.queue_mut(place) {
            queue.add_run(entries, id, run.count, last);
        }
        for slot in slots {
            let order = self.put_away(slot);
            run.owed += u32::from(order.wants != Wants::NONE);
            run.range = (run.range.0.min(order.key), run.range.1.max(order.key));
        }
        self.cold.insert(id, run);
        self.settle_queue(place);
    }

    /// All of it waits in memory again.
    fn thaw(&mut self, id: RunId, images: &[u8]) {
        let Some(Run { place, count, .. }) = self.cold.remove(id) else {
            return;
        };
        for image in decoded(images) {
            self.bring_back(&image, End::Gap);
        }
        self.warm(place, id, count, true);
    }

    /// Some of it wait in memory again.
    fn recall(&mut self, id: RunId, look: Seconds, images: &[u8]) {
        let Some(mut run) = self.cold.remove(id) else {
            return;
        };
        let before = run.gone.len();
        for image in decoded(images) {
            run.owed -= u32::from(image.order.wants != Wants::NONE);
            run.gone.push(image.order.key);
            self.bring_back(&image, End::Tail);
        }
        let count = (run.gone.len() - before) as u32;
        run.gone.sort_unstable();
        (run.count, run.look) = (run.count - count, look);
        let (place, is_empty) = (run.place, run.count == 0);
        if !is_empty {
            self.cold.insert(id, run);
        }
        self.warm(place, id, count, is_empty);
    }

    /// From a snapshot: the last run of its queue so far.
    fn restore_run(&mut self, image: &RunImage<'_>) {
        let &RunImage {
            run: id,
            place,
            count,
            owed,
            range,
            look,
            gone,
        } = image;
        self.accounts.entry(place.customer).or_default().owed += u64::from(owed);
        self.new_queue(place).restore_run(id, count);
        let run = Run {
            place,
            count,
            owed,
            range,
            look,
            gone: gone.iter().collect(),
        };
        self.cold.insert(id, run);
        self.settle_queue(place);
    }

    /// So many of a run are in memory, and nothing is left of it if it `is_over`.
    fn warm(&mut self, place: Place, id: RunId, count: u32, is_over: bool) {
        if let Some((queue, entries)) = self.queue_mut(place) {
            queue.warm(count);
            if is_over {
                queue.remove_run(entries, id);
            }
        }
        self.settle_queue(place);
    }

    /// The entry leaves memory, and nothing else that is known of its message.
    fn put_away(&mut self, slot: Slot) -> Order {
        self.leave(slot);
        let entry = self.entries.remove(slot);
        self.memory -= entry.memory();
        self.index.remove(entry.order.key);
        entry.order
    }

    fn bring_back(&mut self, image: &Image<'_>, end: End) {
        let mut entry = image.entry();
        entry.order.is_part = self.is_part(&entry.order);
        self.memory += entry.memory();
        let slot = self.entries.insert(entry);
        self.index.insert(image.order.key, slot);
        self.enqueue(slot, None, end);
    }
}

/// The messages of a run, in its order.
pub(crate) fn decoded(mut images: &[u8]) -> impl Iterator<Item = Image<'_>> {
    core::iter::from_fn(move || Image::decode(&mut Reader(&mut images)))
}

/// What can be asked of what is on the disk, and of what may go there.
impl Fold {
    /// The queues whose next run is wanted in memory.
    pub(crate) fn wanting(&mut self) -> Vec<Place> {
        let is_low = |place: &Place| {
            let queue = self.queue(*place);
            queue.is_some_and(|queue| self.cold.is_low(queue))
        };
        let wanting = self.cold.wanting.iter().copied().filter(is_low);
        let wanting: Vec<Place> = wanting.collect();
        self.cold.wanting = wanting.iter().copied().collect();
        wanting
    }

    /// The run that comes next in a queue.
    pub(crate) fn next_run(&self, place: Place) -> Option<RunId> {
        self.queue(place)?.runs().front().copied()
    }

    /// The first key of the run that comes next in a queue.
    pub(crate) fn first_on_disk(&self, place: Place) -> Option<MessageKey> {
        let run = self.run(self.next_run(place)?)?;
        Some(run.range.0)
    }

    pub(crate) fn run(&self, id: RunId) -> Option<&Run> {
        self.cold.runs.get(&id)
    }

    /// Every run.
    pub(crate) fn runs(&self) -> impl Iterator<Item = RunId> + '_ {
        self.cold.runs.keys().copied()
    }

    /// Which runs have to be looked at and when, the most urgent first.
    pub(crate) fn looks(&self) -> impl Iterator<Item = (Wall, RunId)> + '_ {
        let looks = self.cold.looks.iter();
        looks.map(|&(look, run)| (look.wall(), run))
    }

    /// Runs in which a message of this customer may wait.
    pub(crate) fn runs_with(
        &self,
        customer: CustomerId,
        key: MessageKey,
    ) -> impl Iterator<Item = RunId> + '_ {
        let runs = self.cold.runs.iter().filter(move |(_, run)| {
            let (least, greatest) = run.range;
            run.place.customer == customer && (least..=greatest).contains(&key) && run.holds(key)
        });
        runs.map(|(&id, _)| id)
    }

    /// Messages in runs of a connector that can have some of this customer, or of any, which were accepted before then.
    pub(crate) fn on_disk(
        &self,
        connector: ConnectorId,
        customer: Option<CustomerId>,
        before: Wall,
    ) -> u64 {
        let runs = self.cold.runs.values().filter(|run| {
            run.place.connector == connector
                && customer.is_none_or(|it| it == run.place.customer)
                && run.range.0.minted() < before
        });
        runs.map(|run| u64::from(run.count)).sum()
    }

    /// Lanes of which more than `max` wait in memory, and how many.
    pub(crate) fn lanes_hotter_than(
        &self,
        max: u64,
    ) -> impl Iterator<Item = (ConnectorId, u64)> + '_ {
        let lanes = self.lanes.iter().map(|(&id, lane)| (id, lane.hot()));
        lanes.filter(move |&(_, hot)| hot > max)
    }

    /// The deepest queue of a lane of which a block of `size` can go to the disk: so much stays before the runs that a block can be
    /// sent while the next one is on its way.
    pub(crate) fn deepest(&self, connector: ConnectorId, size: u64) -> Option<Place> {
        let lane = self.lanes.get(&connector)?;
        let deep = lane.queues().filter_map(|(class, customer, queue)| {
            let (head, tail) = queue.hot();
            let spare = if queue.runs().is_empty() {
                head.saturating_sub(HEAD_BLOCKS * size)
            } else {
                tail
            };
            let place = Place {
                connector,
                class,
                customer,
            };
            (spare >= size).then_some((spare, place))
        });
        deep.max_by_key(|&(spare, _)| spare).map(|(_, place)| place)
    }

    /// The first block of a queue that can go to the disk, at most `size` and some megabytes: it ends before a message that has to
    /// stay in memory.
    pub(crate) fn block(&self, place: Place, size: u64) -> Block {
        let mut block = Block::default();
        let Some(queue) = self.queue(place) else {
            return block;
        };
        let (waiting, kept) = if queue.runs().is_empty() {
            (queue.waiting(&self.entries), HEAD_BLOCKS * size)
        } else {
            (queue.behind(&self.entries), 0)
        };
        let waiting = waiting.skip(kept as usize);
        let can_go = |entry: &&Entry| self.can_go(entry);
        for entry in waiting.take_while(can_go).take(size as usize) {
            let start = block.images.len();
            if start > BLOCK_OCTETS {
                break;
            }
            Image::of(entry).encode(&mut Writer(&mut block.images));
            let hash = hash::octets(0, &block.images[start..]);
            block.keys.push((entry.order.key, hash));
        }
        block
    }

    /// What is left of a block of this queue, now that it has been written.
    pub(crate) fn standing(&self, place: Place, block: &[(MessageKey, u64)]) -> Standing {
        let mut standing = Standing::default();
        let mut image = Vec::new();
        let mut expected = None;
        for &(key, hash) in block {
            let slot = match expected {
                None => self.slot(key).filter(|&slot| self.stands(slot, place)),
                Some(slot) => Some(slot).filter(|&slot: &Slot| {
                    slot != Slot::NONE && self.entries[slot].order.key == key
                }),
            };
            let Some(slot) = slot else {
                standing.gone.push(key);
                continue;
            };
            let entry = &self.entries[slot];
            expected = Some(entry.lane.next());
            image.clear();
            Image::of(entry).encode(&mut Writer(&mut image));
            if hash::octets(0, &image) == hash && self.can_go(entry) {
                standing.look = match standing.keys[..] {
                    [] => entry.order.expires,
                    _ => standing.look.min(entry.order.expires),
                };
                standing.keys.push(key);
            } else {
                standing.gone.push(key);
            }
        }
        standing
    }

    /// Whether it waits in this queue, where the queue's next run would have to begin.
    fn stands(&self, slot: Slot, place: Place) -> bool {
        let entry = &self.entries[slot];
        let has_runs = self
            .queue(place)
            .is_some_and(|queue| !queue.runs().is_empty());
        entry.place() == Some(place) && entry.is_behind == has_runs
    }

    /// Whether nothing has to find its message in memory.
    fn can_go(&self, entry: &Entry) -> bool {
        let order = &entry.order;
        !entry.charged
            && !order.is_part
            && order.told == order.key.into()
            && !self.named.has(order.key)
    }

    fn new_queue(&mut self, place: Place) -> &mut Queue {
        let lane = self.lanes.entry(place.connector).or_default();
        lane.queues_of(place).entry(place.customer).or_default()
    }

    /// A queue, and what stands in it.
    fn queue_mut(&mut self, place: Place) -> Option<(&mut Queue, &mut Slab<Entry>)> {
        let lane = self.lanes.get_mut(&place.connector)?;
        let queue = lane.queues_of(place).get_mut(&place.customer)?;
        Some((queue, &mut self.entries))
    }

    /// After a change of its runs: an empty queue is none, and in a low one the next run is wanted.
    fn settle_queue(&mut self, place: Place) {
        let Some(lane) = self.lanes.get_mut(&place.connector) else {
            return;
        };
        let queues = lane.queues_of(place);
        let Some(queue) = queues.get(&place.customer) else {
            return;
        };
        if queue.is_empty() {
            queues.remove(&place.customer);
        } else if self.cold.is_low(queue) {
            self.cold.want(place);
        }
    }
}

impl Entry {
    /// The queue in which it waits.
    fn place(&self) -> Option<Place> {
        let leg = self.leg().filter(|leg| leg.stage == Stage::Waiting)?;
        Some(Place {
            connector: leg.connector,
            class: (usize::from(leg.priority) % CLASSES) as u8,
            customer: self.order.customer,
        })
    }
}
