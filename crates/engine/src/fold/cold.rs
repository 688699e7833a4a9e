//! What waits on the disk: runs of messages that stood one behind the other in a deep queue.
//!
//! Of such a message nothing is in memory but what others hold under its key: its receipt is still owed, its name still taken.

use core::cmp::Reverse;

use sms::Wall;

use super::Fold;
use super::queue::{End, Queue};
use super::runs::{Place, Run, Share, Shelf};
use crate::entry::{Entry, Image, Order};
use crate::hash;
use crate::record::{Cold, HourImage, Keys, Reader, RunImage, Seconds, Writer};
use crate::sieve::Sieve;
use crate::slab::{Slab, Slot};
use crate::{ConnectorId, CustomerId, MessageKey, RunId};

/// Blocks that stay before the first run of a queue.
const HEAD_BLOCKS: u64 = 2;

/// A block that is longer takes no more messages.
const BLOCK_OCTETS: usize = 4 << 20;

/// Messages that wait in one place, as they go to the disk.
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
            Cold::Lost { run } => self.lose(run),
            Cold::Run(image) => self.restore_run(&image),
            Cold::Hour(image) => self.restore_hour(&image),
        }
    }

    /// These wait in a run from now on.
    fn freeze(&mut self, id: RunId, look: Seconds, keys: Keys<'_>, gone: Keys<'_>) {
        let slots: Vec<Slot> = keys.iter().filter_map(|key| self.slot(key)).collect();
        let Some(&last) = slots.last() else { return };
        let Some(shelf) = self.entries[last].shelf() else {
            return;
        };
        let mut run = Run {
            shelf,
            count: 0,
            shares: Vec::with_capacity(1),
            range: (MessageKey(u64::MAX), MessageKey(0)),
            look,
            due: Wall(0),
            sieve: Sieve::default(),
            gone: gone.iter().collect(),
        };
        run.gone.sort_unstable();
        match shelf {
            Shelf::Queue(place) => {
                if let Some((queue, entries)) = self.queue_mut(place) {
                    queue.add_run(entries, id, slots.len() as u32, last);
                }
            }
            Shelf::Hour(..) => {
                let dues = slots.iter().filter_map(|&slot| self.entries[slot].due());
                run.due = dues.min().unwrap_or_default();
                let keys: Vec<_> = keys.iter().collect();
                run.sieve = Sieve::of(&keys);
            }
        }
        for slot in slots {
            let order = self.put_away(slot);
            run.add(&order);
        }
        self.put_on(shelf, run.count);
        self.cold.insert(id, run);
        self.settle_shelf(shelf);
    }

    /// All of it waits in memory again.
    fn thaw(&mut self, id: RunId, images: &[u8]) {
        let Some(run) = self.cold.remove(id) else {
            return;
        };
        for image in decoded(images) {
            self.bring_back(&image, End::Gap);
        }
        self.warm(run.shelf, id, run.count, true);
        if let Shelf::Hour(connector, _) = run.shelf {
            self.sort_later(connector, images);
        }
    }

    /// Some of it wait in memory again.
    fn recall(&mut self, id: RunId, look: Seconds, images: &[u8]) {
        let Some(mut run) = self.cold.remove(id) else {
            return;
        };
        let before = run.count;
        for image in decoded(images) {
            run.take(&image.order);
            run.gone.push(image.order.key);
            self.bring_back(&image, End::Tail);
        }
        let count = before - run.count;
        run.gone.sort_unstable();
        run.look = look;
        let (shelf, is_empty) = (run.shelf, run.count == 0);
        if !is_empty {
            self.cold.insert(id, run);
        }
        self.warm(shelf, id, count, is_empty);
    }

    /// What waited in a run is no more, and nobody can say what it was.
    fn lose(&mut self, id: RunId) {
        let Some(run) = self.cold.remove(id) else {
            return;
        };
        for share in &run.shares {
            let account = self.accounts.entry(share.customer).or_default();
            account.owed -= u64::from(share.owed);
        }
        self.warm(run.shelf, id, run.count, true);
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
        self.new_queue(place).restore_run(id, count);
        let shelf = Shelf::Queue(place);
        let share = Share {
            customer: place.customer,
            count,
            owed,
        };
        let run = Run {
            shelf,
            count,
            shares: vec![share],
            range,
            look,
            due: Wall(0),
            sieve: Sieve::default(),
            gone: gone.iter().collect(),
        };
        self.restore_any(id, run);
    }

    /// From a snapshot: a run of what waits for its time.
    fn restore_hour(&mut self, image: &HourImage<'_>) {
        let shares = Share::decode_all(image.shares);
        let run = Run {
            shelf: image.shelf(),
            count: shares.iter().map(|share| share.count).sum(),
            shares,
            range: image.range,
            look: image.look,
            due: image.due,
            sieve: Sieve::from_octets(image.sieve),
            gone: image.gone.iter().collect(),
        };
        self.restore_any(image.run, run);
    }

    fn restore_any(&mut self, id: RunId, run: Run) {
        for share in &run.shares {
            self.accounts.entry(share.customer).or_default().owed += u64::from(share.owed);
        }
        let shelf = run.shelf;
        self.put_on(shelf, run.count);
        self.cold.insert(id, run);
        self.settle_shelf(shelf);
    }

    /// So many wait on the disk from now on.
    fn put_on(&mut self, shelf: Shelf, count: u32) {
        if let Shelf::Hour(connector, _) = shelf {
            self.lane_mut(connector).shelved += u64::from(count);
        }
    }

    /// So many of a run are in memory, and nothing is left of it if it `is_over`.
    fn warm(&mut self, shelf: Shelf, id: RunId, count: u32, is_over: bool) {
        match shelf {
            Shelf::Queue(place) => {
                if let Some((queue, entries)) = self.queue_mut(place) {
                    queue.warm(count);
                    if is_over {
                        queue.remove_run(entries, id);
                    }
                }
            }
            Shelf::Hour(connector, _) => self.lane_mut(connector).shelved -= u64::from(count),
        }
        self.settle_shelf(shelf);
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
        self.enqueue(slot, image.due(), end);
    }

    /// Of what has come back and what came meanwhile, those with the same time wait in the order of their keys.
    fn sort_later(&mut self, connector: ConnectorId, images: &[u8]) {
        let mut last = None;
        for due in decoded(images).filter_map(|image| image.due()) {
            if last.replace(due) == Some(due) {
                continue;
            }
            if let Some(lane) = self.lanes.get_mut(&connector) {
                lane.sort_due(&mut self.entries, due);
            }
        }
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
        self.cold.get(id)
    }

    /// Every run.
    pub(crate) fn runs(&self) -> impl DoubleEndedIterator<Item = RunId> + '_ {
        self.cold.iter().map(|(id, _)| id)
    }

    /// Which runs have to be looked at and when, the most urgent first.
    pub(crate) fn looks(&self) -> impl Iterator<Item = (Wall, RunId)> + '_ {
        self.cold.looks().map(|(look, run)| (look.wall(), run))
    }

    /// Runs in which a message of this customer may wait.
    pub(crate) fn runs_with(
        &self,
        customer: CustomerId,
        key: MessageKey,
    ) -> impl Iterator<Item = RunId> + '_ {
        let runs = self.cold.iter();
        let runs = runs.filter(move |(_, run)| run.may_hold(customer, key));
        runs.map(|(id, _)| id)
    }

    /// The runs of a connector in which some of this customer wait, or of any, and when the oldest message of each was accepted; in the
    /// order of their queues.
    pub(crate) fn runs_of(
        &self,
        connector: ConnectorId,
        customer: Option<CustomerId>,
    ) -> impl Iterator<Item = (RunId, Wall)> + '_ {
        let runs = self.cold.iter().filter(move |(_, run)| {
            run.shelf.connector() == connector
                && customer.is_none_or(|customer| run.share(customer).is_some())
        });
        runs.map(|(id, run)| (id, run.range.0.minted()))
    }

    /// Lanes of which more than `max` wait in memory, and how many.
    pub(crate) fn lanes_hotter_than(
        &self,
        max: u64,
    ) -> impl Iterator<Item = (ConnectorId, u64)> + '_ {
        let lanes = self.lanes.iter().map(|(&id, lane)| (id, lane.hot()));
        lanes.filter(move |&(_, hot)| hot > max)
    }

    /// The deepest queue of a lane of which a block of `size` can go to the disk, and the first message of that block: so much stays
    /// before the runs that a block can be sent while the next one is on its way.
    pub(crate) fn deepest(&self, connector: ConnectorId, size: u64) -> Option<(Place, MessageKey)> {
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
        let mut deep: Vec<_> = deep.collect();
        deep.sort_unstable_by_key(|&(spare, _)| Reverse(spare));
        // What has to stay in memory keeps only its own queue there.
        deep.into_iter().find_map(|(_, place)| {
            let first = self.going(place, size).next()?;
            Some((place, first.order.key))
        })
    }

    /// The first block of a queue that can go to the disk, at most `size` and some megabytes: it ends before a message that has to
    /// stay in memory.
    pub(crate) fn block(&self, place: Place, size: u64) -> Block {
        let mut block = Block::default();
        block.fill(self.going(place, size).take(size as usize));
        block
    }

    /// The messages of a queue from the first that may go to the disk in blocks of `size` to one that has to stay in memory.
    fn going(&self, place: Place, size: u64) -> impl Iterator<Item = &Entry> {
        let queues = self.queue(place).into_iter();
        let waiting = queues.flat_map(move |queue| {
            // One of the two.
            let is_bare = queue.runs().is_empty();
            let before = queue
                .waiting(&self.entries)
                .skip((HEAD_BLOCKS * size) as usize);
            let behind = queue.behind(&self.entries);
            let before = is_bare.then_some(before).into_iter().flatten();
            let behind = (!is_bare).then_some(behind).into_iter().flatten();
            before.chain(behind)
        });
        waiting.take_while(|entry| self.can_go(entry))
    }

    /// What is left of a block of what waits there, now that it has been written.
    pub(crate) fn standing(&self, shelf: Shelf, block: &[(MessageKey, u64)]) -> Standing {
        let mut standing = Standing::default();
        let mut image = Vec::new();
        let mut expected = None;
        for &(key, hash) in block {
            let slot = match expected {
                None => self.slot(key).filter(|&slot| self.stands(slot, shelf)),
                Some(slot) => Some(slot).filter(|&slot: &Slot| {
                    slot != Slot::NONE && self.entries[slot].order.key == key
                }),
            };
            let Some(slot) = slot else {
                standing.gone.push(key);
                continue;
            };
            let entry = &self.entries[slot];
            if let Shelf::Queue(_) = shelf {
                expected = Some(entry.lane.next());
            }
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

    /// Whether it waits there; in a queue, where the queue's next run would have to begin.
    fn stands(&self, slot: Slot, shelf: Shelf) -> bool {
        let entry = &self.entries[slot];
        let has_runs = match shelf {
            Shelf::Queue(place) => {
                let queue = self.queue(place);
                queue.is_some_and(|queue| !queue.runs().is_empty())
            }
            Shelf::Hour(..) => false,
        };
        entry.shelf() == Some(shelf) && entry.is_behind == has_runs
    }

    /// Whether nothing has to find its message in memory.
    pub(super) fn can_go(&self, entry: &Entry) -> bool {
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
    fn settle_shelf(&mut self, shelf: Shelf) {
        let Shelf::Queue(place) = shelf else { return };
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

impl Block {
    /// At most some megabytes of them.
    pub(super) fn fill<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) {
        for entry in entries {
            let start = self.images.len();
            if start > BLOCK_OCTETS {
                break;
            }
            Image::of(entry).encode(&mut Writer(&mut self.images));
            let hash = hash::octets(0, &self.images[start..]);
            self.keys.push((entry.order.key, hash));
        }
    }
}
