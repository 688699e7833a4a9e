//! Customers' binds: whether one may begin.

use std::collections::VecDeque;

use crate::delivery_lane::LaneName;
use crate::engine::Turn;
use crate::live::{Bind, CustomerSide, Side};
use crate::{BindKind, Customer, CustomerId, Origin, Output, Refusal};

impl<'a> Turn<'a> {
    /// A customer's bind was checked and may begin, in its group.
    pub(crate) fn bind(
        &mut self,
        origin: Origin,
        lane @ (id, group): LaneName,
        kind: BindKind,
        window: u16,
    ) {
        let customer = match self.may_bind(id, kind) {
            Ok(customer) => customer,
            Err(refusal) => {
                self.step.free.push(Output::Refused { origin, refusal });
                return;
            }
        };
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
