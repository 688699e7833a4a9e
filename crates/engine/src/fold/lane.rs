//! What waits for one connector: by class, in a class by customer, and by the time that it is deferred to.

use std::collections::{BTreeMap, BTreeSet};

use core::ops::Bound;

use sms::Wall;

use super::Fold;
use super::queue::{End, Queue, Waiting};
use super::runs::{Hour, Place};
use crate::closed::Closed;
use crate::entry::{Entry, LANE, Stage};
use crate::slab::{List, Slab, Slot};
use crate::{ConnectorId, CustomerId, MessageKey};

/// Classes of a lane: 0 lowest to 3 highest.
pub(crate) const CLASSES: usize = 4;

/// What waits for one connector, and what it has in hand.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Of each customer that has something waiting in the class, its queue; none of them is empty.
    classes: [BTreeMap<CustomerId, Queue>; CLASSES],
    due: BTreeMap<Wall, List<LANE>>,
    deferred: u64,
    /// Those by the hour that they wait for.
    hours: BTreeMap<Hour, u64>,
    /// More of them, on the disk.
    pub(super) shelved: u64,
    /// Those of the queues that are in memory.
    hot: u64,
    /// Sent, and the response open.
    pub(crate) sending: u64,
    /// Receipts without a message, oldest first.
    pub(super) strays: BTreeSet<MessageKey>,
    pub(crate) closed: Closed,
}

impl Lane {
    /// The same lane, to be read as it is now.
    pub(super) fn lend(&mut self) -> Lane {
        Lane {
            classes: self.classes.clone(),
            due: self.due.clone(),
            hours: self.hours.clone(),
            strays: self.strays.clone(),
            closed: self.closed.lend(),
            ..*self
        }
    }

    /// How many wait, the deferred ones included.
    pub(crate) fn waiting(&self) -> u64 {
        let queues = self.classes.iter().flat_map(BTreeMap::values);
        queues.map(Queue::len).sum::<u64>() + self.deferred + self.shelved
    }

    /// Whether none waits that could go now.
    pub(crate) fn is_empty(&self) -> bool {
        self.classes.iter().all(BTreeMap::is_empty)
    }

    /// How many wait for a time, and the first of these that is in memory.
    pub(super) fn later(&self) -> (u64, Option<Wall>) {
        let first = self.due.first_key_value();
        (self.deferred + self.shelved, first.map(|(&due, _)| due))
    }

    /// How many wait in memory for a time.
    pub(crate) fn deferred(&self) -> u64 {
        self.deferred
    }

    /// How many wait in memory for a time in this hour or before.
    pub(super) fn deferred_upto(&self, hour: Hour) -> u64 {
        self.hours.range(..=hour).map(|(_, &count)| count).sum()
    }

    /// The hours from this one on that something in memory waits for, and how many do.
    pub(super) fn hours(&self, from: Hour) -> impl Iterator<Item = (Hour, u64)> + '_ {
        self.hours
            .range(from..)
            .map(|(&hour, &count)| (hour, count))
    }

    /// What waits in memory for an hour, in the order of its time.
    pub(super) fn due_in<'a>(
        &'a self,
        entries: &'a Slab<Entry>,
        hour: Hour,
    ) -> impl Iterator<Item = &'a Entry> {
        let due = self.due.range(hour.start()..Hour(hour.0 + 1).start());
        let due = due.flat_map(|(_, list)| list.iter(entries));
        due.map(|slot| &entries[slot])
    }

    /// Those that wait for the same time do so in the order of their keys.
    pub(super) fn sort_due(&mut self, entries: &mut Slab<Entry>, due: Wall) {
        let Some(list) = self.due.get_mut(&due) else {
            return;
        };
        let mut slots: Vec<Slot> = list.iter(entries).collect();
        slots.sort_by_key(|&slot| entries[slot].order.key);
        *list = List::default();
        for slot in slots {
            list.push_back(entries, slot);
        }
    }

    /// How many receipts without a message there are, and the oldest.
    pub(crate) fn strays(&self) -> (usize, Option<MessageKey>) {
        (self.strays.len(), self.strays.first().copied())
    }

    /// How many could be sent from memory, and wait there.
    pub(crate) fn hot(&self) -> u64 {
        self.hot
    }

    /// The queues of the class of a place.
    pub(super) fn queues_of(&mut self, place: Place) -> &mut BTreeMap<CustomerId, Queue> {
        &mut self.classes[usize::from(place.class) % CLASSES]
    }

    /// Every queue, and where it is.
    pub(super) fn queues(&self) -> impl Iterator<Item = (u8, CustomerId, &Queue)> {
        let classes = (0..).zip(&self.classes);
        classes
            .flat_map(|(class, queues)| queues.iter().map(move |(&id, queue)| (class, id, queue)))
    }

    /// What is deferred, in the order of its time.
    pub(super) fn later_in_memory<'a>(
        &'a self,
        entries: &'a Slab<Entry>,
    ) -> impl Iterator<Item = &'a Entry> {
        let due = self.due.values().flat_map(|list| list.iter(entries));
        due.map(|slot| &entries[slot])
    }
}

impl Fold {
    /// The queues of one class of a lane in the order of their customers, round from the one behind `last`, each with its length.
    /// Only who has something waiting has a queue.
    pub(crate) fn queues(
        &self,
        connector: ConnectorId,
        class: usize,
        last: CustomerId,
    ) -> impl Iterator<Item = (CustomerId, u64, Waiting<'_>)> {
        let queues = self.lanes.get(&connector).map(|lane| &lane.classes[class]);
        let round = queues.into_iter().flat_map(move |queues| {
            let behind = queues.range((Bound::Excluded(last), Bound::Unbounded));
            behind.chain(queues.range(..=last))
        });
        round.map(|(&customer, queue)| (customer, queue.len(), queue.waiting(&self.entries)))
    }

    /// How many queues a lane has.
    pub(crate) fn queued(&self, connector: ConnectorId) -> usize {
        let classes = self.lanes.get(&connector).map(|lane| &lane.classes);
        classes.map_or(0, |classes| classes.iter().map(BTreeMap::len).sum())
    }

    /// Keys that wait in a lane, the higher classes first.
    pub(crate) fn waiting(&self, connector: ConnectorId) -> impl Iterator<Item = MessageKey> + '_ {
        (0..CLASSES)
            .rev()
            .flat_map(move |class| self.queues(connector, class, CustomerId::default()))
            .flat_map(|(.., waiting)| waiting)
            .map(|entry| entry.order.key)
    }

    /// What waits in the queues of a lane and in memory, the higher classes first, each queue in its order.
    pub(crate) fn queued_in_memory(&self, connector: ConnectorId) -> impl Iterator<Item = &Entry> {
        let classes = self
            .lanes
            .get(&connector)
            .map(|lane| lane.classes.iter().rev());
        let queues = classes.into_iter().flatten().flat_map(BTreeMap::values);
        queues.flat_map(|queue| {
            let head = queue.waiting(&self.entries);
            head.chain(queue.behind(&self.entries))
        })
    }

    /// A queue, if anything waits in it.
    pub(super) fn queue(&self, place: Place) -> Option<&Queue> {
        let lane = self.lanes.get(&place.connector)?;
        let queues = lane.classes.get(usize::from(place.class))?;
        queues.get(&place.customer)
    }

    /// The entry waits from now on, in the queue of its customer or until it is `due`.
    pub(super) fn enqueue(&mut self, slot: Slot, due: Option<Wall>, end: End) {
        let customer = self.entries[slot].order.customer;
        let Some(leg) = self.entries[slot].leg_mut() else {
            return;
        };
        let (connector, class) = (leg.connector, usize::from(leg.priority) % CLASSES);
        leg.stage = if due.is_some() {
            Stage::Deferred
        } else {
            Stage::Waiting
        };
        leg.at = due.unwrap_or_default();
        let lane = self.lanes.entry(connector).or_default();
        match due {
            Some(due) => {
                lane.deferred += 1;
                *lane.hours.entry(Hour::of(due)).or_default() += 1;
                lane.due
                    .entry(due)
                    .or_default()
                    .push_back(&mut self.entries, slot);
                self.dues.insert((due, connector));
            }
            None => {
                lane.hot += 1;
                lane.classes[class]
                    .entry(customer)
                    .or_default()
                    .join(&mut self.entries, slot, end);
            }
        }
        let expires = self.entries[slot].order.expires;
        self.start_timer(slot, expires);
    }

    /// The entry waits for another connector: behind what waits there, or until it is due.
    pub(super) fn moved(&mut self, key: MessageKey, connector: ConnectorId) {
        let Some(slot) = self.slot(key) else { return };
        let due = self.entries[slot].due();
        let Some(leg) = self.leave(slot) else { return };
        (leg.connector, leg.attempt) = (connector, 0);
        self.enqueue(slot, due, End::Tail);
    }

    /// The entry waits no longer.
    pub(super) fn take_from_lane(&mut self, slot: Slot) {
        let entry = &self.entries[slot];
        let customer = entry.order.customer;
        let Some(leg) = entry.leg() else {
            return;
        };
        let (connector, due, class) = (leg.connector, leg.at, usize::from(leg.priority) % CLASSES);
        let stage = leg.stage;
        let Some(lane) = self.lanes.get_mut(&connector) else {
            return;
        };
        match stage {
            Stage::Waiting => {
                let queues = &mut lane.classes[class];
                let Some(queue) = queues.get_mut(&customer) else {
                    return;
                };
                queue.leave(&mut self.entries, slot);
                lane.hot -= 1;
                if queue.is_empty() {
                    queues.remove(&customer);
                } else if self.cold.is_low(queue) {
                    self.cold.want(Place {
                        connector,
                        class: class as u8,
                        customer,
                    });
                }
            }
            Stage::Deferred => {
                let Some(list) = lane.due.get_mut(&due) else {
                    return;
                };
                list.remove(&mut self.entries, slot);
                lane.deferred -= 1;
                let hour = Hour::of(due);
                if let Some(count) = lane.hours.get_mut(&hour) {
                    *count -= 1;
                    if *count == 0 {
                        lane.hours.remove(&hour);
                    }
                }
                if list.is_empty() {
                    lane.due.remove(&due);
                    self.dues.remove(&(due, connector));
                }
            }
            Stage::Sending | Stage::Sent => {}
        }
    }

    /// Those deferred until `upto` wait in the queues of their customers again, behind the others.
    pub(super) fn come_due(&mut self, connector: ConnectorId, upto: Wall) {
        while let Some((&due, list)) = self
            .lanes
            .get(&connector)
            .and_then(|lane| lane.due.first_key_value())
        {
            let Some(slot) = list.iter(&self.entries).next().filter(|_| due <= upto) else {
                return;
            };
            self.leave(slot);
            self.enqueue(slot, None, End::Tail);
        }
    }
}
