//! Customers' binds: whether one may begin, and whether it gets the place of one that is dead.

use core::time::Duration;
use std::collections::VecDeque;

use crate::delivery_lane::LaneName;
use crate::engine::Turn;
use crate::live::{Bind, CustomerSide, Newcomer, Side, Timer};
use crate::{BindId, BindKind, Customer, CustomerId, Origin, Output, Refusal};

/// How long a peer may take to show that it lives when another bind waits for its place.
pub const PROBE: Duration = Duration::from_secs(2);
/// How long that other bind waits: a moment longer.
const PATIENCE: Duration = Duration::from_millis(2500);
/// Binds that are asked, oldest first: one of them is enough.
const ASKED_MAX: usize = 16;

impl<'a> Turn<'a> {
    /// A customer's bind was checked and may begin in its group, unless there are too many. Then those that stand are asked first
    /// whether they live: who lost a connection without a word comes back before its old bind is missed.
    pub(crate) fn bind(&mut self, origin: Origin, lane: LaneName, kind: BindKind, window: u16) {
        let newcomer = Newcomer {
            origin,
            lane,
            kind,
            window,
            asked: Vec::new(),
        };
        match self.may_bind(lane.0, kind) {
            Ok(customer) => self.let_in(customer, &newcomer),
            Err(Refusal::TooManyBinds) => self.ask_for_a_place(newcomer),
            Err(refusal) => self.step.free.push(Output::Refused { origin, refusal }),
        }
    }

    fn let_in(&mut self, customer: &Customer, newcomer: &Newcomer) {
        let &Newcomer {
            origin,
            lane: lane @ (id, group),
            kind,
            window,
            ..
        } = newcomer;
        let side = Side::Customer(CustomerSide {
            customer: id,
            group,
            kind,
            pace: Default::default(),
            keeps_own: kind.receives() && customer.keeps_session(),
            ready: VecDeque::new(),
            dirty: false,
            open: kind.receives(),
        });
        let bind = self.live.binds.insert(self.now.wall, origin, side, window);
        self.step.free.push(Output::Bound { origin, bind });
        self.live.customers.entry(id).or_default().binds.push(bind);
        if kind.receives() {
            self.live.touch_lane(lane).join(bind);
            self.retry_now(lane);
        }
    }

    /// Asks the oldest binds whether they live. One newcomer at a time: a second one is refused at once.
    fn ask_for_a_place(&mut self, mut newcomer: Newcomer) {
        let (origin, customer) = (newcomer.origin, newcomer.lane.0);
        let live = self.live.customers.entry(customer).or_default();
        if live.newcomer.is_some() || live.binds.is_empty() {
            let refusal = Refusal::TooManyBinds;
            self.step.free.push(Output::Refused { origin, refusal });
            return;
        }
        newcomer.asked = live.binds.iter().copied().take(ASKED_MAX).collect();
        let asked = newcomer.asked.iter();
        for bind in asked.filter_map(|&bind| self.live.binds.get(bind)) {
            self.step.free.push(Output::Probe { to: bind.origin });
        }
        live.newcomer = Some(newcomer);
        self.live.timers.set(
            self.now.mono + PATIENCE,
            Timer::Newcomer { customer, origin },
        );
    }

    /// A bind that was asked lives.
    pub(crate) fn alive(&mut self, bind: BindId) {
        let side = self.live.binds.get(bind).map(|bind| &bind.side);
        if let Some(Side::Customer(side)) = side {
            self.place_settled(side.customer, bind);
        }
    }

    /// A bind ended: its place may be the newcomer's.
    pub(crate) fn place_left(&mut self, id: CustomerId, bind: BindId) {
        let live = self.live.customers.get(&id);
        let Some(kind) = live.and_then(|live| Some(live.newcomer.as_ref()?.kind)) else {
            return;
        };
        match self.may_bind(id, kind) {
            Ok(customer) => {
                if let Some(newcomer) = self.take_newcomer(id) {
                    self.let_in(customer, &newcomer);
                }
            }
            Err(_) => self.place_settled(id, bind),
        }
    }

    /// This bind's place is not for the newcomer; after the last it has none.
    fn place_settled(&mut self, id: CustomerId, bind: BindId) {
        let live = self.live.customers.get_mut(&id);
        let Some(newcomer) = live.and_then(|live| live.newcomer.as_mut()) else {
            return;
        };
        newcomer.asked.retain(|&asked| asked != bind);
        if newcomer.asked.is_empty() {
            let origin = newcomer.origin;
            self.waited_enough(id, origin);
        }
    }

    /// The newcomer of this bind request is refused, if it still waits.
    pub(crate) fn waited_enough(&mut self, id: CustomerId, origin: Origin) {
        let live = self.live.customers.get(&id);
        let waits = live.and_then(|live| live.newcomer.as_ref());
        if waits.is_some_and(|newcomer| newcomer.origin == origin) {
            self.take_newcomer(id);
            let refusal = Refusal::TooManyBinds;
            self.step.free.push(Output::Refused { origin, refusal });
        }
    }

    fn take_newcomer(&mut self, id: CustomerId) -> Option<Newcomer> {
        self.live.customers.get_mut(&id)?.newcomer.take()
    }

    /// The customer's rules, if one more bind of this kind is within them.
    fn may_bind(&self, id: CustomerId, kind: BindKind) -> Result<&'a Customer, Refusal> {
        if self.live.draining {
            return Err(Refusal::Draining);
        }
        let directory = self.directory;
        let customer = directory.customers.get(&id);
        let customer = customer.filter(|customer| customer.enabled);
        let customer = customer.ok_or(Refusal::NotAllowed)?;
        let Some(live) = self.live.customers.get(&id) else {
            return Ok(customer);
        };
        let of_kind = || {
            let binds = live.binds.iter();
            let binds = binds.filter_map(|&bind| self.live.binds.get(bind));
            binds.filter(|bind| Bind::kind(bind) == Some(kind)).count()
        };
        let full = live.binds.len() >= customer.binds_max as usize
            || customer
                .kinds_max
                .of(kind)
                .is_some_and(|most| of_kind() >= most as usize);
        if full {
            Err(Refusal::TooManyBinds)
        } else {
            Ok(customer)
        }
    }
}
