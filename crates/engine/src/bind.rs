//! Customers' binds: whether one may begin.

use std::collections::VecDeque;

use crate::engine::Turn;
use crate::live::{Bind, Side};
use crate::{BindKind, CustomerId, Origin, Output, Refusal};

impl Turn<'_> {
    /// A customer's bind was checked and may begin.
    pub(crate) fn bind(&mut self, origin: Origin, id: CustomerId, kind: BindKind, window: u16) {
        if let Err(refusal) = self.may_bind(id, kind) {
            self.step.free.push(Output::Refused { origin, refusal });
            return;
        }
        let side = Side::Customer {
            customer: id,
            kind,
            pace: Default::default(),
            ready: VecDeque::new(),
        };
        let bind = self.live.binds.insert(self.now.wall, origin, side, window);
        self.step.free.push(Output::Bound { origin, bind });
        self.live.customers.entry(id).or_default().binds.push(bind);
        if kind.receives() {
            self.retry_now(id);
            self.live.touch_customer(id);
        }
    }

    fn may_bind(&self, id: CustomerId, kind: BindKind) -> Result<(), Refusal> {
        if self.live.draining {
            return Err(Refusal::Draining);
        }
        let customer = self.directory.customers.get(&id);
        let customer = customer.filter(|customer| customer.enabled);
        let customer = customer.ok_or(Refusal::NotAllowed)?;
        let Some(live) = self.live.customers.get(&id) else {
            return Ok(());
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
            Ok(())
        }
    }
}
