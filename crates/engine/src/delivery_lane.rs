//! Where receipts and MO of one customer and bind group wait, and which bind gets the next of them.

use core::ops::Bound::{Excluded, Unbounded};
use std::collections::{BTreeSet, VecDeque};

use sms::Instant;

use crate::live::Binds;
use crate::{BindId, Customer, CustomerId, Delivery, Group, MessageKey};

/// Which of the receiver-capable binds of a group get its deliveries (C-3). One that is meant and has no room in its window
/// holds them back only if no other may have them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Distribution {
    /// A receipt the session of its message as long as that stands; everything else the oldest bind with room.
    #[default]
    SameSession,
    /// Each bind with room in turn.
    RoundRobin,
    /// The oldest bind alone.
    First,
    /// The newest bind alone; older ones finish what they have, and take over when it ends (BUL-73, BUL-78).
    Last,
}

/// Whose lane it is.
pub(crate) type LaneName = (CustomerId, Group);

/// Deliveries that are not bound to one session, and the sessions that may get them. A receipt that prefers the session of its
/// message waits with that bind ([`Side::Customer`](crate::live::Side)) instead.
///
/// Nothing here is searched: the lane knows which binds have room, so that ten thousand full ones cost nothing.
#[derive(Debug, Default)]
pub(crate) struct DeliveryLane {
    /// Receiver-capable binds of the group, oldest first.
    receivers: BTreeSet<BindId>,
    /// Of these the ones with room in their windows, as far as is known: a bind that is found full leaves, and comes back when
    /// something is answered.
    open: BTreeSet<BindId>,
    /// The bind that got the last one.
    turn: BindId,
    receipts: VecDeque<MessageKey>,
    mos: VecDeque<MessageKey>,
    pub(crate) dirty: bool,
}

/// The two kinds wait apart: they may go to different binds, and neither holds back the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Receipt,
    Mo,
}

impl Kind {
    pub(crate) fn of(delivery: &Delivery) -> Kind {
        match delivery {
            Delivery::Receipt { .. } => Kind::Receipt,
            Delivery::Mo { .. } => Kind::Mo,
        }
    }

    fn distribution(self, customer: &Customer) -> Distribution {
        match self {
            Kind::Receipt => customer.receipts_to,
            Kind::Mo => customer.mo_to,
        }
    }
}

impl Customer {
    /// Whether receipts prefer the session of their message.
    pub(crate) fn keeps_session(&self) -> bool {
        self.receipts_to == Distribution::SameSession
    }
}

impl DeliveryLane {
    /// A bind joins its group.
    pub(crate) fn join(&mut self, bind: BindId) {
        self.receivers.insert(bind);
        self.open.insert(bind);
    }

    /// A bind ended.
    pub(crate) fn leave(&mut self, bind: BindId) {
        self.receivers.remove(&bind);
        self.open.remove(&bind);
    }

    /// A bind has room again.
    pub(crate) fn reopen(&mut self, bind: BindId) {
        self.open.insert(bind);
    }

    /// Whether it may be forgotten: nothing waits, and nobody is there to wait for it.
    pub(crate) fn is_idle(&self) -> bool {
        self.receivers.is_empty() && self.receipts.is_empty() && self.mos.is_empty()
    }

    /// Whether something waits, and nobody is there who could receive it.
    pub(crate) fn is_unattended(&self) -> bool {
        self.receivers.is_empty() && !self.is_idle()
    }

    pub(crate) fn push_back(&mut self, kind: Kind, key: MessageKey) {
        self.queue(kind).push_back(key);
    }

    pub(crate) fn push_front(&mut self, kind: Kind, key: MessageKey) {
        self.queue(kind).push_front(key);
    }

    /// What waits: receipts, then messages from subscribers. Some may have ended.
    pub(crate) fn waiting(&self) -> impl ExactSizeIterator<Item = MessageKey> {
        let (receipts, mos) = (self.receipts.len(), self.mos.len());
        (0..receipts + mos).map(move |n| match n.checked_sub(receipts) {
            None => self.receipts[n],
            Some(n) => self.mos[n],
        })
    }

    /// Lets go of those at the front that do not wait any more.
    pub(crate) fn drop_ended(&mut self, waits: impl Fn(MessageKey) -> bool) {
        for queue in [&mut self.receipts, &mut self.mos] {
            while queue.pop_front_if(|key| !waits(*key)).is_some() {}
        }
    }

    /// The next delivery that a bind has room for, and that bind: of a receipt and an MO the older, unless nobody can take that.
    pub(crate) fn next(
        &mut self,
        customer: &Customer,
        binds: &mut Binds,
        now: Instant,
        waits: impl Fn(MessageKey) -> bool,
    ) -> Option<(MessageKey, BindId)> {
        self.drop_ended(waits);
        let kinds = match (self.receipts.front(), self.mos.front()) {
            (Some(receipt), Some(mo)) if mo < receipt => [Kind::Mo, Kind::Receipt],
            _ => [Kind::Receipt, Kind::Mo],
        };
        for kind in kinds {
            if !self.queue(kind).is_empty()
                && let Some(bind) = self.taker(kind.distribution(customer), binds, now)
            {
                self.turn = bind;
                return Some((self.queue(kind).pop_front()?, bind));
            }
        }
        None
    }

    /// The bind whose turn it is, if it has room.
    fn taker(&mut self, how: Distribution, binds: &mut Binds, now: Instant) -> Option<BindId> {
        loop {
            let only =
                |bind: Option<&BindId>| bind.filter(|bind| self.open.contains(bind)).copied();
            let bind = match how {
                Distribution::First => only(self.receivers.first()),
                Distribution::Last => only(self.receivers.last()),
                Distribution::SameSession => self.open.first().copied(),
                Distribution::RoundRobin => {
                    let mut later = self.open.range((Excluded(self.turn), Unbounded));
                    later.next().or(self.open.first()).copied()
                }
            }?;
            if binds.get(bind).is_some_and(|bind| bind.has_room(now)) {
                return Some(bind);
            }
            self.open.remove(&bind);
            binds.found_full(bind);
        }
    }

    fn queue(&mut self, kind: Kind) -> &mut VecDeque<MessageKey> {
        match kind {
            Kind::Receipt => &mut self.receipts,
            Kind::Mo => &mut self.mos,
        }
    }
}
