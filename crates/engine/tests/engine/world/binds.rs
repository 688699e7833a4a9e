//! Binds of customers and carriers.

use engine::{BindKind, ConnectorId, Group, Input, Refusal};

use super::{Bind, CARRIER, CUSTOMER, World, named_group};

impl World {
    #[track_caller]
    pub(crate) fn customer(&mut self) -> Bind {
        self.customer_or_refusal()
            .expect("the customer's bind is accepted")
    }

    pub(crate) fn customer_or_refusal(&mut self) -> Result<Bind, Refusal> {
        self.customer_bind(BindKind::Transceiver)
    }

    /// A bind over which nothing can be delivered.
    #[track_caller]
    pub(crate) fn transmitter(&mut self) -> Bind {
        self.customer_bind(BindKind::Transmitter)
            .expect("the customer's bind is accepted")
    }

    /// A transceiver of a group.
    #[track_caller]
    pub(crate) fn member(&mut self, group: &str) -> Bind {
        self.bind_into(named_group(group), BindKind::Transceiver)
            .expect("the customer's bind is accepted")
    }

    /// A transmitter of a group.
    #[track_caller]
    pub(crate) fn transmitting_member(&mut self, group: &str) -> Bind {
        self.bind_into(named_group(group), BindKind::Transmitter)
            .expect("the customer's bind is accepted")
    }

    pub(crate) fn customer_bind(&mut self, kind: BindKind) -> Result<Bind, Refusal> {
        self.bind_into(Group::default(), kind)
    }

    fn bind_into(&mut self, group: Group, kind: BindKind) -> Result<Bind, Refusal> {
        self.knock(group, kind);
        self.let_in(group).expect("an answer")
    }

    /// A customer asks to be bound.
    pub(crate) fn knock(&mut self, group: Group, kind: BindKind) {
        self.slots += 1;
        let (origin, window) = (self.origin(), self.window);
        self.give(|_| Input::Bind {
            origin,
            customer: CUSTOMER,
            kind,
            group,
            window,
        });
    }

    /// What the last one who asked was answered, if it was.
    pub(crate) fn let_in(&mut self, group: Group) -> Option<Result<Bind, Refusal>> {
        let slot = self.slots;
        match (self.bound.take(), self.accepted.take()) {
            (Some(id), _) => Some(Ok(Bind { id, slot, group })),
            (None, Some(Err(refusal))) => Some(Err(refusal)),
            (None, _) => None,
        }
    }

    /// From now on nothing is heard from there.
    pub(crate) fn cut_off(&mut self, bind: Bind) {
        self.dead.push(bind.slot);
    }

    pub(crate) fn carrier(&mut self, window: u16) -> Bind {
        self.carrier_of(CARRIER, window)
    }

    pub(crate) fn carrier_of(&mut self, connector: ConnectorId, window: u16) -> Bind {
        self.slots += 1;
        let (origin, slot) = (self.origin(), self.slots);
        self.give(|_| Input::Connected {
            origin,
            connector,
            transmits: true,
            window,
        });
        let id = self.bound.take().expect("the carrier's bind is named");
        Bind {
            id,
            slot,
            group: Group::default(),
        }
    }

    pub(crate) fn retire(&mut self, bind: Bind) {
        self.give(|_| Input::Retiring(bind.id));
    }

    pub(crate) fn unbind(&mut self, bind: Bind) {
        self.give(|_| Input::Unbound(bind.id));
    }
}
