//! What is true only now: binds, what is in flight on them, tokens, timers. Lost in a crash and rebuilt empty.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use sms::{Instant, Wall};

use crate::cold::ColdTraffic;
use crate::delivery_lane::{DeliveryLane, LaneName};
use crate::doubts::{Doubt, Doubts};
use crate::fair::Shares;
use crate::form::Learned;
use crate::hash::FixedMap;
use crate::pace::{Bucket, Pace};
use crate::parts::PartName;
use crate::{BindId, BindKind, ConnectorId, CustomerId, Group, MessageKey, Origin, Room, Told};

#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) binds: Binds,
    pub(crate) customers: BTreeMap<CustomerId, CustomerLive>,
    pub(crate) connectors: BTreeMap<ConnectorId, ConnectorLive>,
    /// There is one for each group that has a receiver, or something waiting for one.
    pub(crate) delivery_lanes: BTreeMap<LaneName, DeliveryLane>,
    /// What something changed for in this step.
    pub(crate) dirty_connectors: Vec<ConnectorId>,
    pub(crate) dirty_lanes: Vec<LaneName>,
    /// Binds with deliveries of their own that they may have room for.
    pub(crate) dirty_binds: Vec<BindId>,
    pub(crate) timers: Timers,
    pub(crate) room: Room,
    pub(crate) draining: bool,
    pub(crate) lost: Lost,
    /// A directory has come: what it does not name is gone.
    pub(crate) informed: bool,
    /// The reference of the last long message that we cut: no two of one sender are alike until they have all been used.
    pub(crate) references: u16,
    /// Long messages that customers cut themselves and whose parts depend on each other: the part that came first, by what all
    /// parts have in common.
    pub(crate) wholes: BTreeMap<PartName, MessageKey>,
    /// Parts of messages from subscribers that wait for others, by their number.
    pub(crate) mo_parts: BTreeMap<PartName, BTreeMap<u8, MessageKey>>,
    /// What is on its way to the disk and back.
    pub(crate) cold: ColdTraffic,
    /// The wall clock never goes back in here.
    pub(crate) wall: Wall,
}

/// What customers did not take or were not there for, since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lost {
    pub(crate) expired: u64,
    pub(crate) refused: u64,
    pub(crate) alerts: u64,
}

/// A customer's binds, and what is to be told to them again.
#[derive(Debug, Default)]
pub(crate) struct CustomerLive {
    /// Oldest first.
    pub(crate) binds: Vec<BindId>,
    pub(crate) pace: Pace,
    /// Deliveries that were refused or not answered.
    pub(crate) tries: FixedMap<MessageKey, Tries>,
    /// By the told key of messages that are told about more than once: the receipt that is out, and behind it those that wait
    /// until it is acknowledged.
    pub(crate) turns: FixedMap<Told, VecDeque<MessageKey>>,
    /// A bind that waits for the place of one that may be dead; never more than one.
    pub(crate) newcomer: Option<Newcomer>,
}

/// A bind beyond the limit, while it is asked whether those before it still live.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) origin: Origin,
    pub(crate) lane: LaneName,
    pub(crate) kind: BindKind,
    pub(crate) window: u16,
    /// Binds that were asked, and of which nothing is known yet.
    pub(crate) asked: Vec<BindId>,
}

/// How often a delivery failed, and what it waits for until its next time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tries {
    pub(crate) failed: u8,
    pub(crate) rest: Option<TimerName>,
}

/// A connector's binds and pace, and what nobody knows the fate of.
#[derive(Debug, Default)]
pub(crate) struct ConnectorLive {
    /// Those that messages may be sent over.
    pub(crate) binds: Vec<BindId>,
    /// Those that are about to end: what is in flight on them may still be answered.
    pub(crate) retiring: Vec<BindId>,
    /// The bind whose turn it is.
    pub(crate) turn: usize,
    pub(crate) bucket: Bucket,
    /// Whose turn it is in the lane.
    pub(crate) shares: Shares,
    pub(crate) paused_until: Instant,
    pub(crate) wake: Option<Instant>,
    /// Sent, and never answered.
    pub(crate) doubts: Doubts,
    /// Receipts that may be for a message whose response is open, and the last send that may be theirs.
    pub(crate) parked: VecDeque<(u64, MessageKey)>,
    /// The form that ids have in its receipts.
    pub(crate) learned: Learned,
    /// Sends so far.
    pub(crate) sends: u64,
    /// Messages that were in doubt and were sent again.
    pub(crate) resent: u64,
    /// Messages that were in doubt and ended so.
    pub(crate) unknown: u64,
    pub(crate) dirty: bool,
}

/// What is to happen at some time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// The late answer to this did not come either.
    Late { bind: BindId, token: u64 },
    /// The connector may send again.
    Wake { connector: ConnectorId },
    /// No place was found for this bind.
    Newcomer {
        customer: CustomerId,
        origin: Origin,
    },
    /// The delivery may be tried again.
    Retry {
        customer: CustomerId,
        key: MessageKey,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Timers {
    set: BTreeMap<TimerName, Timer>,
    count: u64,
}

/// A timer that was set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TimerName {
    at: Instant,
    number: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Instant, timer: Timer) -> TimerName {
        self.count += 1;
        let name = TimerName {
            at,
            number: self.count,
        };
        self.set.insert(name, timer);
        name
    }

    pub(crate) fn cancel(&mut self, name: TimerName) {
        self.set.remove(&name);
    }

    pub(crate) fn pop(&mut self, now: Instant) -> Option<Timer> {
        let first = self.set.first_entry()?;
        (first.key().at <= now).then(|| first.remove())
    }

    pub(crate) fn first(&self) -> Option<Instant> {
        self.set.first_key_value().map(|(name, _)| name.at)
    }
}

/// One bind and what is in flight on it.
#[derive(Debug)]
pub(crate) struct Bind {
    pub(crate) id: BindId,
    pub(crate) origin: Origin,
    pub(crate) side: Side,
    pub(crate) window: usize,
    pub(crate) flights: Flights,
    pub(crate) paused_until: Instant,
}

#[derive(Debug)]
pub(crate) enum Side {
    Customer(CustomerSide),
    Carrier { connector: ConnectorId },
}

/// What a customer's bind is, and what waits for it alone.
#[derive(Debug)]
pub(crate) struct CustomerSide {
    pub(crate) customer: CustomerId,
    pub(crate) group: Group,
    pub(crate) kind: BindKind,
    pub(crate) pace: Pace,
    /// Receipts of what it submitted come to it before anybody else.
    pub(crate) keeps_own: bool,
    /// Those, in order.
    pub(crate) ready: VecDeque<MessageKey>,
    /// It stands among [`Live::dirty_binds`].
    pub(crate) dirty: bool,
    /// Its lane counts on it to have room.
    pub(crate) open: bool,
}

impl CustomerSide {
    pub(crate) fn lane(&self) -> LaneName {
        (self.customer, self.group)
    }
}

impl Bind {
    /// As what the customer is bound; none: it is a carrier's.
    pub(crate) fn kind(&self) -> Option<BindKind> {
        match &self.side {
            Side::Customer(side) => Some(side.kind),
            Side::Carrier { .. } => None,
        }
    }

    pub(crate) fn customer_side(&mut self) -> Option<&mut CustomerSide> {
        match &mut self.side {
            Side::Customer(side) => Some(side),
            Side::Carrier { .. } => None,
        }
    }

    pub(crate) fn has_room(&self, now: Instant) -> bool {
        self.flights.len() < self.window && self.paused_until <= now
    }
}

/// Every bind, by its name.
#[derive(Debug, Default)]
pub(crate) struct Binds {
    places: Vec<Option<Bind>>,
    free: Vec<usize>,
    last_stamp: u64,
}

impl Binds {
    pub(crate) fn insert(&mut self, now: Wall, origin: Origin, side: Side, window: u16) -> BindId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.last_stamp = (self.last_stamp + 1).max(now.0);
        let id = BindId((self.last_stamp << BindId::PLACE_BITS) | place as u64);
        let (flights, window) = (Flights::default(), usize::from(window.max(1)));
        self.places[place] = Some(Bind {
            id,
            origin,
            side,
            window,
            flights,
            paused_until: Instant(0),
        });
        id
    }

    pub(crate) fn get(&self, id: BindId) -> Option<&Bind> {
        self.places
            .get(id.place())?
            .as_ref()
            .filter(|bind| bind.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: BindId) -> Option<&mut Bind> {
        self.places
            .get_mut(id.place())?
            .as_mut()
            .filter(|bind| bind.id == id)
    }

    /// Its lane does not count on this bind any more.
    pub(crate) fn found_full(&mut self, id: BindId) {
        if let Some(side) = self.get_mut(id).and_then(Bind::customer_side) {
            side.open = false;
        }
    }

    pub(crate) fn remove(&mut self, id: BindId) -> Option<Bind> {
        self.get(id)?;
        self.free.push(id.place());
        self.places[id.place()].take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Bind> {
        self.places.iter().flatten()
    }
}

/// What was sent on a bind and is not settled: a token names a place here, and which use of the place it is.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    places: Vec<Option<Flight>>,
    free: Vec<u32>,
    uses: u32,
    silent: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    pub(crate) token: u64,
    pub(crate) key: MessageKey,
    /// The connector's count of sends at this one.
    pub(crate) number: u64,
    /// The response is overdue.
    pub(crate) silent: bool,
}

impl Flights {
    pub(crate) fn start(&mut self, key: MessageKey, number: u64) -> u64 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() as u32 - 1
        });
        self.uses = self.uses.wrapping_add(1);
        let token = (u64::from(self.uses) << 32) | u64::from(place);
        self.places[place as usize] = Some(Flight {
            token,
            key,
            number,
            silent: false,
        });
        token
    }

    /// The response to this key is overdue; `None` if that was known, or it has come.
    pub(crate) fn mute(&mut self, token: u64) -> Option<MessageKey> {
        let flight = self.get_mut(token).filter(|flight| !flight.silent)?;
        flight.silent = true;
        let key = flight.key;
        self.silent += 1;
        Some(key)
    }

    /// Whether every response is overdue.
    pub(crate) fn are_all_silent(&self) -> bool {
        self.silent == self.len()
    }

    fn get_mut(&mut self, token: u64) -> Option<&mut Flight> {
        self.places
            .get_mut(token as u32 as usize)?
            .as_mut()
            .filter(|flight| flight.token == token)
    }

    pub(crate) fn end(&mut self, token: u64) -> Option<Flight> {
        self.get_mut(token)?;
        self.free.push(token as u32);
        let flight = self.places[token as u32 as usize].take()?;
        self.silent -= usize::from(flight.silent);
        Some(flight)
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.places.iter().flatten()
    }
}

impl Live {
    pub(crate) fn touch_connector(&mut self, id: ConnectorId) {
        let connector = self.connectors.entry(id).or_default();
        if !core::mem::replace(&mut connector.dirty, true) {
            self.dirty_connectors.push(id);
        }
    }

    /// The lane of this name, which is looked at before the step ends.
    pub(crate) fn touch_lane(&mut self, name: LaneName) -> &mut DeliveryLane {
        let lane = self.delivery_lanes.entry(name).or_default();
        if !core::mem::replace(&mut lane.dirty, true) {
            self.dirty_lanes.push(name);
        }
        lane
    }

    /// All that waits for the customer is looked at before the step ends.
    pub(crate) fn touch_customer(&mut self, id: CustomerId) {
        let lanes = self.delivery_lanes.range((id, Group::default())..);
        let lanes = lanes.map(|(&name, _)| name);
        let lanes: Vec<_> = lanes.take_while(|(whose, _)| *whose == id).collect();
        for name in lanes {
            self.touch_lane(name);
        }
        let binds = self.customers.get(&id).map(|live| live.binds.clone());
        for bind in binds.into_iter().flatten() {
            self.room_on(bind);
        }
    }

    /// Something that a bind had was answered: it may have room for more.
    pub(crate) fn room_on(&mut self, id: BindId) {
        let Some(side) = self.binds.get_mut(id).and_then(Bind::customer_side) else {
            return;
        };
        if !side.ready.is_empty() && !core::mem::replace(&mut side.dirty, true) {
            self.dirty_binds.push(id);
        }
        if side.kind.receives() && !core::mem::replace(&mut side.open, true) {
            let lane = side.lane();
            self.touch_lane(lane).reopen(id);
        }
    }

    /// Looks at the connector again at `at`, unless it is to be looked at earlier anyway.
    pub(crate) fn wake_connector(&mut self, id: ConnectorId, at: Instant) {
        let connector = self.connectors.entry(id).or_default();
        if connector.wake.is_none_or(|wake| at < wake) {
            connector.wake = Some(at);
            self.timers.set(at, Timer::Wake { connector: id });
        }
    }

    /// Whether some bind to the carrier can take messages.
    pub(crate) fn is_connected(&self, id: ConnectorId) -> bool {
        self.connectors
            .get(&id)
            .is_some_and(|connector| !connector.binds.is_empty())
    }

    /// Nobody knows the fate of these.
    pub(crate) fn doubt(&mut self, id: ConnectorId, doubts: impl IntoIterator<Item = Doubt>) {
        let connector = self.connectors.entry(id).or_default();
        for doubt in doubts {
            connector.doubts.insert(doubt);
        }
        self.touch_connector(id);
    }

    /// Nothing is sent to the carrier for this long.
    pub(crate) fn pause_connector(&mut self, id: ConnectorId, until: Instant) {
        let connector = self.connectors.entry(id).or_default();
        connector.paused_until = connector.paused_until.max(until);
        self.wake_connector(id, until);
    }
}

/// How long a bind rests that said it had room and had none.
pub(crate) const MISCOUNT_REST: Duration = Duration::from_secs(1);
