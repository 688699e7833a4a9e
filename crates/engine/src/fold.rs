//! The state that records make: the same records give the same fold, on the live path and in recovery alike.
//!
//! Only [`Fold::apply`] changes it. It is given no clock, no directory and no chance, so it cannot decide anything; what it
//! needs to know stands in the record. A record about a message that is no more changes nothing: a snapshot may be newer than
//! the records that are applied to it.

mod apart;
mod cold;
mod hold;
mod lane;
mod later;
mod ledger;
mod outcomes;
mod own;
mod parts;
mod queue;
mod runs;
mod snapshot;
mod stray;

use std::collections::{BTreeMap, BTreeSet};

use sms::{State, Wall};

use self::apart::Apart;
use self::hold::Holds;
use self::ledger::Ledger;
use self::queue::End;
use self::runs::Runs;
use crate::aliases::Aliases;
use crate::entry::{CarrierId, Entry, Leg, Order, Stage, Stand, TIMER};
use crate::final_outcome::{Ending, FinalOutcomes};
use crate::ids::Ids;
use crate::index::Index;
use crate::named::Named;
use crate::number::TailHash;
use crate::record::{Accepted, Record, Seconds};
use crate::replies::{Latest, Replies};
use crate::slab::{List, Slab, Slot};
use crate::standing::Standings;
use crate::whole::{Fate, Wholes};
use crate::{Cause, ConnectorId, CustomerId, Delivery, Ended, Figures, Memory, MessageKey, Told};

pub(crate) use cold::{Block, decoded};
pub(crate) use lane::{CLASSES, Lane};
pub(crate) use queue::Waiting;
pub(crate) use runs::{Hour, Place, Shelf};
pub(crate) use stray::Stray;

#[derive(Debug, Default)]
pub(crate) struct Fold {
    entries: Slab<Entry>,
    index: Index,
    ids: Ids,
    lanes: BTreeMap<ConnectorId, Lane>,
    /// When something deferred comes due, and where.
    dues: BTreeSet<(Wall, ConnectorId)>,
    expiry: BTreeMap<Seconds, List<TIMER>>,
    accounts: BTreeMap<CustomerId, Account>,
    aliases: Aliases,
    replies: Replies,
    pub(crate) ledger: Ledger,
    pub(crate) standings: Standings,
    wholes: Wholes,
    apart: Apart,
    cold: Runs,
    strays: BTreeMap<MessageKey, Stray>,
    holds: Holds,
    named: Named,
    newest: MessageKey,
    /// Messages that have ended since somebody last took these.
    ended: Vec<Ended>,
    /// The same in full, while somebody wants that.
    outcomes: FinalOutcomes,
    tells_outcomes: bool,
    memory: u64,
    sent: u64,
}

/// What one customer has coming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Receipts and MO that wait for it.
    pub(crate) deliveries: u64,
    /// Messages whose receipt it will want.
    pub(crate) owed: u64,
}

impl Fold {
    /// Makes the fact true here.
    pub(crate) fn apply(&mut self, record: &Record<'_>) {
        match *record {
            Record::Accepted(ref accepted) => self.accepted(accepted),
            Record::Arrived {
                key,
                customer,
                connector: _,
                expires,
                answers,
                body,
            } => {
                self.newest = self.newest.max(key);
                let (bind, group, wants) = Default::default();
                let order = Order {
                    key,
                    told: key.into(),
                    customer,
                    bind,
                    group,
                    wants,
                    is_part: false,
                    expires,
                };
                let slot = self.insert(Entry::new(
                    order,
                    Stand::Delivery(Delivery::Mo { answers }),
                    body,
                ));
                self.start_timer(slot, expires);
            }
            Record::Sending { connector: _, keys } => {
                for key in keys.iter() {
                    let Some(slot) = self.slot(key) else { continue };
                    self.leave(slot);
                    self.send(slot);
                }
            }
            Record::Released { head, due } => self.release(head, due),
            Record::Apart { key, until } => self.apart.wait(key, until),
            Record::Joined {
                parts,
                key,
                expires,
                body,
            } => {
                self.newest = self.newest.max(key);
                self.joined(parts, key, expires, body);
            }
            Record::Alone { parts } => parts.iter().for_each(|part| self.apart.end(part)),
            Record::Due { connector, upto } => self.come_due(connector, upto),
            Record::Returned {
                connector: _,
                doubt,
                keys,
            } => {
                for key in keys.iter().rev() {
                    let Some(slot) = self.slot(key) else { continue };
                    let Some(leg) = self.leave(slot) else {
                        continue;
                    };
                    leg.doubts += u8::from(doubt);
                    self.enqueue(slot, None, End::Head);
                }
            }
            Record::Sent { key, id, until, at } => self.carried_by(key, id, until, at),
            Record::Deferred { key, due, attempt } => {
                let Some(slot) = self.slot(key) else { return };
                let Some(leg) = self.leave(slot) else { return };
                leg.attempt = attempt;
                self.enqueue(slot, Some(due), End::Tail);
            }
            Record::Routed {
                key,
                connector,
                due,
            } => {
                let Some(slot) = self.slot(key) else { return };
                let Some(leg) = self.leave(slot) else { return };
                (leg.connector, leg.attempt) = (connector, 0);
                self.enqueue(slot, due, End::Tail);
            }
            Record::Replaced {
                key,
                wants,
                expires,
                due,
                body,
            } => self.replaced(key, wants, expires, due, body),
            Record::Named { key } => self.name(key),
            Record::Receipt {
                key,
                connector,
                of,
                how: _,
                state,
                err,
                done,
                expires,
                parked,
                id,
                destination,
            } => {
                self.newest = self.newest.max(key);
                let Some(of) = of else {
                    let (id, destination) = (CarrierId::new(id), destination.into());
                    self.stray(
                        key,
                        Stray {
                            connector,
                            id,
                            destination,
                            state,
                            err,
                            done,
                            expires,
                            parked,
                        },
                    );
                    return;
                };
                self.told(of, key, (state, err), done, expires);
            }
            Record::Matched {
                key,
                of,
                how: _,
                expires,
            } => match of {
                Some(of) => {
                    let Some(stray) = self.forget_stray(key) else {
                        return;
                    };
                    self.told(of, key, (stray.state, stray.err), stray.done, expires);
                }
                None => {
                    if let Some(stray) = self.strays.get_mut(&key) {
                        stray.parked = false;
                    }
                }
            },
            Record::Done {
                key,
                reason,
                at,
                receipt,
                expires,
            } => {
                self.newest = self.newest.max(receipt.unwrap_or_default());
                let Some(slot) = self.slot(key) else {
                    self.forget_stray(key);
                    return;
                };
                self.settle(slot, reason);
                self.tell_outcome(slot, Ending::of(reason), reason.state(), at);
                self.close(slot, receipt, reason.state(), reason.cause(), at, expires);
            }
            Record::Charged { key, charge } => self.charge(key, charge),
            Record::Credit {
                customer,
                topup,
                amount,
            } => self.ledger.credit(customer, topup, amount),
            Record::Granted(granted) => self.ledger.grant(granted.customer, granted.amount),
            Record::Decided { party, standing } => self.standings.set(party, standing),
            Record::Latest { talk, latest } => self.replies.remember(talk, latest),
            Record::Era { since } => self.replies.begin(since),
            Record::Outdated { upto } => self.replies.forget(upto),
            Record::Entry(image) => self.restore(&image),
            Record::Newest { key } => self.newest = key,
            Record::Whole { head, ref whole } => self.wholes.restore(head, whole),
            Record::OpenPart { head, number, key } => self.wholes.restore_part(head, number, key),
            Record::Alias { customer, last } => self.aliases.told(customer, last),
            Record::Purse {
                customer,
                topup,
                granted,
                spent,
            } => self.ledger.restore_purse(customer, topup, granted, spent),
            Record::Counted {
                customer,
                day,
                segments,
            } => self.ledger.restore_day(customer, day, segments),
            Record::Closed {
                connector,
                generation,
                id,
                number,
            } => {
                let closed = &mut self.lane_mut(connector).closed;
                closed.restore(generation, id, number);
            }
            Record::Moved { connector, keys } => {
                for key in keys.iter() {
                    self.moved(key, connector);
                }
            }
            Record::Held {
                connector,
                customer,
                held,
            } => self.holds.set(connector, customer, held),
            Record::Cold(cold) => self.apply_cold(cold),
            Record::Forgotten { connector, upto } => self.lane_mut(connector).closed.forget(upto),
        }
    }

    /// A message of a customer is ours.
    fn accepted(&mut self, accepted: &Accepted<'_>) {
        self.newest = self.newest.max(accepted.key);
        self.aliases.told(accepted.customer, accepted.told);
        let order = Order {
            key: accepted.key,
            told: accepted.told,
            customer: accepted.customer,
            bind: accepted.bind,
            group: accepted.group,
            wants: accepted.wants,
            is_part: accepted.part.is_some() || shares_name(accepted.key, accepted.told),
            expires: accepted.expires,
        };
        if let Some(talk) = accepted.talk {
            let &Accepted {
                key,
                customer,
                told,
                ..
            } = accepted;
            let latest = Latest {
                key,
                customer,
                told,
            };
            self.replies.remember(talk, latest);
        }
        if let Some(part) = &accepted.part {
            self.wholes.join(&order, part, accepted.due);
        }
        let leg = order.hand(accepted.connector, accepted.priority);
        let slot = self.insert(Entry::new(order, Stand::Leg(leg), accepted.body));
        if accepted.sending {
            self.send(slot);
        } else {
            self.enqueue(slot, accepted.due, End::Tail);
        }
    }

    /// A message left the window of its carrier, taken.
    fn carried_by(&mut self, key: MessageKey, id: &[u8], until: Seconds, at: Option<Wall>) {
        let Some(slot) = self.slot(key) else { return };
        self.commit(slot);
        let Some(leg) = self.leave(slot) else { return };
        leg.stage = Stage::Sent;
        leg.id = CarrierId::new(id);
        leg.at = at.unwrap_or_default();
        if let Some(leg) = self.entries[slot].leg() {
            self.ids.insert_leg(leg, slot);
        }
        self.sent += 1;
        self.forget_text(slot);
        self.start_timer(slot, until);
    }

    /// A carrier's word about `of`, as the receipt `key`.
    fn told(
        &mut self,
        of: MessageKey,
        key: MessageKey,
        (state, err): (State, [u8; 3]),
        done: Wall,
        expires: Seconds,
    ) {
        let Some(slot) = self.slot(of) else { return };
        let cause = Cause::Code(err);
        self.commit(slot);
        if state.is_final() {
            self.tell_outcome(slot, Some(Ending::Receipt(err)), state, done);
            self.close(slot, Some(key), state, cause, done, expires);
            return;
        }
        let entry = &self.entries[slot];
        if entry.order.is_part && entry.order.wants.at_hand_over() {
            self.wholes.tell(of);
        }
        if let Some(delivery) = entry.order.carried(false, state, cause, done) {
            let order = Order {
                key,
                is_part: false,
                expires,
                ..entry.order
            };
            let mut copy = Entry::new(order, Stand::Delivery(delivery), &entry.body);
            copy.forget_text();
            let slot = self.insert(copy);
            self.start_timer(slot, expires);
        }
    }

    /// The end of a message or a delivery. A message whose customer wants to hear of it becomes the receipt.
    fn close(
        &mut self,
        slot: Slot,
        receipt: Option<MessageKey>,
        state: State,
        cause: Cause,
        done: Wall,
        expires: Seconds,
    ) {
        self.leave(slot);
        let stage = self.entries[slot].leg().map(|leg| leg.stage);
        let was_leg = stage.is_some();
        if was_leg {
            let ended = self.entries[slot].order.ended(state, cause, done);
            self.ended.push(ended);
            self.named.remove(ended.key);
        }
        let was_told = self.was_told(&self.entries[slot]);
        let mut fate = Some(Fate { state, cause, done }).filter(|_| was_leg);
        if was_leg && self.entries[slot].order.is_part {
            fate = self.end_part(slot, Fate { state, cause, done });
        }
        let order = self.entries[slot].order;
        let told = fate
            .filter(|_| !was_told)
            .and_then(|fate| order.carried(true, fate.state, fate.cause, fate.done))
            .zip(receipt);
        let Some((delivery, key)) = told else {
            self.remove(slot);
            return;
        };
        self.account(slot, Count::Less);
        self.index.remove(order.key);
        self.index.insert(key, slot);
        self.aliases.give_back(&order);
        let entry = &mut self.entries[slot];
        entry.stand = Stand::Delivery(delivery);
        entry.order.key = key;
        self.aliases.take(&entry.order);
        self.account(slot, Count::More);
        // What a carrier had taken was forgotten then.
        if stage != Some(Stage::Sent) {
            self.forget_text(slot);
        }
        self.start_timer(slot, expires);
    }

    /// Takes an entry out of whatever it stands in, so that it can go elsewhere. `None`: it is not a leg.
    fn leave(&mut self, slot: Slot) -> Option<&mut Leg> {
        self.stop_timer(slot);
        let leg = self.entries[slot].leg()?;
        let connector = leg.connector;
        match leg.stage {
            Stage::Waiting | Stage::Deferred => self.take_from_lane(slot),
            Stage::Sending => self.lane_mut(connector).sending -= 1,
            Stage::Sent => {
                self.sent -= 1;
                let hash = leg.id.hash(connector);
                if !leg.id.is_empty() {
                    let number = TailHash::of(self.entries[slot].destination());
                    let at = self.newest.minted();
                    self.ids.remove(hash, slot);
                    self.lane_mut(connector).closed.insert(hash, number, at);
                }
            }
        }
        self.entries[slot].leg_mut()
    }

    fn send(&mut self, slot: Slot) {
        let Some(leg) = self.entries[slot].leg_mut() else {
            return;
        };
        leg.stage = Stage::Sending;
        let connector = leg.connector;
        self.lane_mut(connector).sending += 1;
    }

    /// See [`Entry::forget_text`].
    fn forget_text(&mut self, slot: Slot) {
        let entry = &mut self.entries[slot];
        self.memory -= entry.memory();
        entry.forget_text();
        self.memory += entry.memory();
    }

    fn insert(&mut self, entry: Entry) -> Slot {
        self.memory += entry.memory();
        let key = entry.order.key;
        self.aliases.take(&entry.order);
        let slot = self.entries.insert(entry);
        self.index.insert(key, slot);
        self.account(slot, Count::More);
        slot
    }

    fn remove(&mut self, slot: Slot) {
        self.account(slot, Count::Less);
        let entry = self.entries.remove(slot);
        self.memory -= entry.memory();
        self.aliases.give_back(&entry.order);
        self.index.remove(entry.order.key);
        self.apart.end(entry.order.key);
    }

    /// Counts the entry among what its customer has coming, or out of it.
    fn account(&mut self, slot: Slot, count: Count) {
        let entry = &self.entries[slot];
        let is_delivery = entry.delivery().is_some();
        if !is_delivery && entry.order.wants == crate::Wants::NONE {
            return;
        }
        let account = self.accounts.entry(entry.order.customer).or_default();
        let counted = if is_delivery {
            &mut account.deliveries
        } else {
            &mut account.owed
        };
        match count {
            Count::More => *counted += 1,
            Count::Less => *counted -= 1,
        }
    }

    fn start_timer(&mut self, slot: Slot, expires: Seconds) {
        self.entries[slot].order.expires = expires;
        self.expiry
            .entry(expires)
            .or_default()
            .push_back(&mut self.entries, slot);
    }

    /// Those that are being sent have no timer: their response has a deadline.
    fn stop_timer(&mut self, slot: Slot) {
        let entry = &self.entries[slot];
        if entry.leg().is_some_and(|leg| leg.stage == Stage::Sending) {
            return;
        }
        let expires = entry.order.expires;
        let Some(list) = self.expiry.get_mut(&expires) else {
            return;
        };
        list.remove(&mut self.entries, slot);
        if list.is_empty() {
            self.expiry.remove(&expires);
        }
    }

    fn lane_mut(&mut self, connector: ConnectorId) -> &mut Lane {
        self.lanes.entry(connector).or_default()
    }

    fn slot(&self, key: MessageKey) -> Option<Slot> {
        self.index.get(key)
    }
}

/// What can be asked of a fold.
impl Fold {
    pub(crate) fn entry(&self, key: MessageKey) -> Option<&Entry> {
        self.slot(key).map(|slot| &self.entries[slot])
    }

    pub(crate) fn leg(&self, key: MessageKey) -> Option<&Leg> {
        self.entry(key)?.leg()
    }

    /// Whether the response to this message is open.
    pub(crate) fn is_sending(&self, key: MessageKey) -> bool {
        self.entry(key).is_some_and(Entry::is_sending)
    }

    /// Every connector that has or had something.
    pub(crate) fn connectors(&self) -> impl Iterator<Item = ConnectorId> + '_ {
        self.lanes.keys().copied()
    }

    pub(crate) fn lane(&self, connector: ConnectorId) -> Option<&Lane> {
        self.lanes.get(&connector)
    }

    /// The connector for which something has been due the longest at `now`.
    pub(crate) fn due(&self, now: Wall) -> Option<ConnectorId> {
        let &(due, connector) = self.dues.first()?;
        (due <= now).then_some(connector)
    }

    /// The first time that something is deferred to.
    pub(crate) fn next_due(&self) -> Option<Wall> {
        self.dues.first().map(|&(due, _)| due)
    }

    /// Some of those whose time has run out at `now`: messages and deliveries.
    pub(crate) fn expired(&self, now: Wall, most: usize, out: &mut Vec<MessageKey>) {
        let over = self
            .expiry
            .iter()
            .take_while(|(expires, _)| expires.wall() <= now);
        let keys = over
            .flat_map(|(_, list)| list.iter(&self.entries))
            .map(|slot| self.entries[slot].order.key);
        out.extend(keys.take(most));
    }

    /// The oldest receipt without a message, if its time has run out at `now`.
    pub(crate) fn expired_stray(&self, now: Wall) -> Option<MessageKey> {
        let (&key, stray) = self.strays.first_key_value()?;
        (stray.expires.wall() <= now).then_some(key)
    }

    /// When the next time runs out.
    pub(crate) fn next_expiry(&self) -> Option<Wall> {
        let entry = self
            .expiry
            .first_key_value()
            .map(|(expires, _)| expires.wall());
        let stray = self
            .strays
            .first_key_value()
            .map(|(_, stray)| stray.expires.wall());
        entry.into_iter().chain(stray).min()
    }

    /// Messages that the connector knows under an id equal to `id` up to leading zeros, newest first.
    pub(crate) fn by_id<'a>(
        &'a self,
        connector: ConnectorId,
        id: &CarrierId,
    ) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.ids
            .slots(id.hash(connector))
            .map(|slot| &self.entries[slot])
            .filter(move |entry| entry.leg().is_some_and(|leg| leg.connector == connector))
    }

    /// Receipts without a message under an id equal to `id` up to leading zeros, newest first.
    pub(crate) fn strays_by_id<'a>(
        &'a self,
        connector: ConnectorId,
        id: &CarrierId,
    ) -> impl Iterator<Item = (MessageKey, &'a Stray)> + use<'a> {
        let keys = self.ids.strays(id.hash(connector));
        keys.filter_map(|key| Some((key, self.strays.get(&key)?)))
    }

    /// The next alias for a message of this customer.
    pub(crate) fn next_alias(&self, customer: CustomerId) -> Told {
        self.aliases.next(customer)
    }

    /// The latest message of each talk.
    pub(crate) fn replies(&self) -> &Replies {
        &self.replies
    }

    pub(crate) fn account_of(&self, customer: CustomerId) -> Account {
        self.accounts.get(&customer).copied().unwrap_or_default()
    }

    /// Every place for an entry from `start` on, and what is there.
    pub(crate) fn places_from(&self, start: Slot) -> impl Iterator<Item = (Slot, Option<&Entry>)> {
        self.entries.iter_from(start)
    }

    /// Every entry, in no order that means anything.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn stray_of(&self, key: MessageKey) -> Option<&Stray> {
        self.strays.get(&key)
    }

    pub(crate) fn strays(
        &self,
    ) -> impl DoubleEndedIterator<Item = (MessageKey, &Stray)> + ExactSizeIterator {
        self.strays.iter().map(|(&key, stray)| (key, stray))
    }

    /// Those of one connector, newest first.
    pub(crate) fn strays_of(
        &self,
        connector: ConnectorId,
    ) -> impl Iterator<Item = (MessageKey, &Stray)> {
        let keys = self.lane(connector).into_iter();
        let keys = keys.flat_map(|lane| lane.strays.iter().rev());
        keys.filter_map(|&key| Some((key, self.strays.get(&key)?)))
    }

    pub(crate) fn newest(&self) -> MessageKey {
        self.newest
    }

    /// Octets that messages take, and the ids by which their receipts find them.
    pub(crate) fn memory(&self) -> u64 {
        self.memory_by_use().total()
    }

    /// The same, by what it is for.
    pub(crate) fn memory_by_use(&self) -> Memory {
        Memory {
            messages: self.memory,
            receipt_ids: self.sent * Ids::OCTETS,
            charges: self.ledger.memory(),
            long_messages: self.wholes.memory() + self.apart.memory(),
            replies: self.replies.memory(),
            names: self.named.memory(),
            files: self.cold.memory(),
        }
    }

    /// How many messages and deliveries there are, in memory and on the disk.
    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64 + self.cold.messages()
    }

    pub(crate) fn figures(&self) -> Figures {
        let lanes = self.lanes.values();
        Figures {
            messages: self.len(),
            waiting: lanes.clone().map(Lane::waiting).sum(),
            sending: lanes.clone().map(|lane| lane.sending).sum(),
            in_doubt: 0,
            deliveries_expired: 0,
            deliveries_refused: 0,
            alerts_dropped: 0,
            awaiting_receipt: self.sent,
            deliveries: self
                .accounts
                .values()
                .map(|account| account.deliveries)
                .sum(),
            unmatched: self.strays.len() as u64,
            memory: self.memory(),
        }
    }
}

/// Whether a message goes by the key of another.
fn shares_name(key: MessageKey, told: Told) -> bool {
    told != key.into() && told.alias().is_none()
}

#[derive(Clone, Copy)]
enum Count {
    More,
    Less,
}
