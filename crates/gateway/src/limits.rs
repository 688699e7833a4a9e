//! Limits on those who have not bound yet: they are unknown, and there may be many of them.

use directory::Connections;
use sms::Instant;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::mailbox::lock;

/// Pairs of address and system_id that are remembered; beyond it the oldest are forgotten.
const PAIRS_MAX: usize = 100_000;

/// Counts connections that have not bound.
#[derive(Debug, Default)]
pub(crate) struct Unbound {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// The place of one connection among the unbound; given back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    unbound: Arc<Unbound>,
    address: Option<IpAddr>,
}

impl Unbound {
    /// How many there are.
    pub(crate) fn total(&self) -> u32 {
        lock(&self.counts).total
    }

    /// A place for a connection from `address`, if that is known; an error when there is none.
    pub(crate) fn admit(
        self: &Arc<Unbound>,
        address: Option<IpAddr>,
        limits: &Connections,
    ) -> Result<Ticket, Crowded> {
        let address = address.map(|address| address.to_canonical());
        let counts = &mut *lock(&self.counts);
        if counts.total >= limits.unbound_max {
            return Err(Crowded::Everywhere);
        }
        if let Some(address) = address {
            let here = counts.by_address.entry(address).or_insert(0);
            let exempt = limits.loopback_exempt && address.is_loopback();
            if *here >= limits.unbound_per_address_max && !exempt {
                return Err(Crowded::Address);
            }
            *here += 1;
        }
        counts.total += 1;
        Ok(Ticket {
            unbound: self.clone(),
            address,
        })
    }
}

/// Why there was no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Crowded {
    /// Too many from this address.
    Address,
    /// Too many at all.
    Everywhere,
    /// The rest of what the system lets this process open is kept for the journal and for carriers.
    OpenFiles,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let counts = &mut *lock(&self.unbound.counts);
        counts.total -= 1;
        if let Some(address) = self.address
            && let Some(here) = counts.by_address.get_mut(&address)
        {
            *here -= 1;
            if *here == 0 {
                counts.by_address.remove(&address);
            }
        }
    }
}

/// Remembers who gave wrong credentials, and for whom.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pairs: Mutex<HashMap<(IpAddr, Vec<u8>), Wrong>>,
}

#[derive(Clone, Copy, Debug)]
struct Wrong {
    times: u32,
    last: Instant,
}

impl Failures {
    /// Whether this address is not listened to now when it claims to be `system_id`.
    pub(crate) fn blocks(
        &self,
        address: IpAddr,
        system_id: &[u8],
        now: Instant,
        limits: &Connections,
    ) -> bool {
        let pairs = lock(&self.pairs);
        let wrong = pairs.get(&(address.to_canonical(), system_id.to_vec()));
        wrong.is_some_and(|wrong| {
            wrong.times >= limits.bind_failures_max && now.since(wrong.last) < limits.bind_block
        })
    }

    /// It gave wrong credentials.
    pub(crate) fn wrong(
        &self,
        address: IpAddr,
        system_id: &[u8],
        now: Instant,
        limits: &Connections,
    ) {
        let mut pairs = lock(&self.pairs);
        if pairs.len() >= PAIRS_MAX {
            pairs.retain(|_, wrong| now.since(wrong.last) < limits.bind_block);
        }
        if pairs.len() >= PAIRS_MAX {
            pairs.clear();
        }
        let key = (address.to_canonical(), system_id.to_vec());
        let wrong = pairs.entry(key).or_insert(Wrong {
            times: 0,
            last: now,
        });
        let expired = now.since(wrong.last) >= limits.bind_block;
        wrong.times = if expired { 1 } else { wrong.times + 1 };
        wrong.last = now;
    }

    /// It gave the right ones.
    pub(crate) fn right(&self, address: IpAddr, system_id: &[u8]) {
        lock(&self.pairs).remove(&(address.to_canonical(), system_id.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limits() -> Connections {
        Connections {
            unbound_per_address_max: 2,
            unbound_max: 3,
            loopback_exempt: true,
            ..Connections::default()
        }
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_address_does_not_take_all_places() {
        let unbound = Arc::new(Unbound::default());
        let admit = |last| unbound.admit(Some(address(last)), &limits());
        let first = admit(1).unwrap();
        let _second = admit(1).unwrap();
        assert_eq!(admit(1).unwrap_err(), Crowded::Address);
        let _other = admit(2).unwrap();
        assert_eq!(admit(3).unwrap_err(), Crowded::Everywhere);
        drop(first);
        assert!(admit(1).is_ok());
    }

    #[test]
    fn an_address_is_the_same_in_both_families() {
        let unbound = Arc::new(Unbound::default());
        let limits = Connections {
            unbound_per_address_max: 1,
            ..limits()
        };
        let _first = unbound.admit(Some(address(1)), &limits).unwrap();
        let mapped = IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]);
        assert_eq!(
            unbound.admit(Some(mapped), &limits).unwrap_err(),
            Crowded::Address
        );
    }

    #[test]
    fn loopback_may_be_exempt_from_the_limit_per_address() {
        let unbound = Arc::new(Unbound::default());
        let limits = Connections {
            unbound_max: 10,
            ..limits()
        };
        let tickets: Vec<_> = (0..10)
            .map(|_| unbound.admit(Some([127, 0, 0, 1].into()), &limits))
            .collect();
        assert!(tickets.iter().all(Result::is_ok));
        assert_eq!(unbound.total(), 10);
        drop(tickets);
        assert_eq!(unbound.total(), 0);
    }

    #[test]
    fn five_wrong_passwords_block_the_pair_for_a_minute() {
        let failures = Failures::default();
        let at = |seconds| Instant(0) + Duration::from_secs(seconds);
        let blocks = |last, who: &[u8], when| failures.blocks(address(last), who, when, &limits());
        for second in 0..5 {
            assert!(!blocks(1, b"demo", at(second)));
            failures.wrong(address(1), b"demo", at(second), &limits());
        }
        assert!(blocks(1, b"demo", at(5)));
        assert!(!blocks(1, b"load", at(5)));
        assert!(!blocks(2, b"demo", at(5)));
        assert!(!blocks(1, b"demo", at(4 + 60)));
    }

    #[test]
    fn a_good_bind_clears_the_failures() {
        let failures = Failures::default();
        for _ in 0..5 {
            failures.wrong(address(1), b"demo", Instant(0), &limits());
        }
        failures.right(address(1), b"demo");
        assert!(!failures.blocks(address(1), b"demo", Instant(0), &limits()));
    }
}
