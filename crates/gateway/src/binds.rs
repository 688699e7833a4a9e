//! The binds that stand, as an operator sees them.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sms::Instant;

use crate::conn::{Peer, State};

/// On which side of us a peer is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Customer,
    Carrier,
}

/// One bind, at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Bind {
    /// What it can be kicked by. No other bind has it until the process ends.
    pub(crate) id: String,
    pub(crate) side: Side,
    /// The customer's system_id, or the connector.
    pub(crate) name: String,
    /// `transceiver`, `transmitter` or `receiver`.
    pub(crate) kind: String,
    /// Of SMPP: `3.3`, `3.4` or `5.0`.
    pub(crate) version: String,
    /// Where the peer is.
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
    /// For how long it has stood.
    pub(crate) seconds: u64,
    /// Our requests that the peer has not answered.
    pub(crate) ours: Window,
    /// The peer's requests that we have not answered.
    pub(crate) theirs: Window,
    /// Messages and receipts taken from the peer in a second, over about the last ten.
    pub(crate) rate_in: f64,
    /// Messages and receipts sent to the peer in a second, over about the last ten.
    pub(crate) rate_out: f64,
    /// What last went wrong between us: a command_status as the specification spells it, or a few words.
    pub(crate) last_error: Option<String>,
}

/// How full a window is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Window {
    pub(crate) used: usize,
    pub(crate) size: u16,
}

impl Side {
    /// As operators write it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Side::Customer => "customer",
            Side::Carrier => "carrier",
        }
    }
}

impl Bind {
    /// The bind of a connection; none while there is no bind, or none any more.
    pub(crate) fn of(id: String, state: &State, now: Instant) -> Option<Bind> {
        let (name, since) = state.log.bound()?;
        let (side, session, ours, theirs) = match &state.peer {
            Peer::Customer(customer) => {
                let account = customer.account()?;
                let sizes = (account.session.window_out, account.session.window_in);
                (Side::Customer, customer.session(), sizes.0, sizes.1)
            }
            Peer::Carrier(carrier) => {
                let profile = carrier.profile();
                let sizes = (profile.window, profile.window_in);
                (Side::Carrier, carrier.session(), sizes.0, sizes.1)
            }
        };
        let version = session.version().interface_version();
        let (rate_in, rate_out) = state.log.rates(now);
        Some(Bind {
            id,
            side,
            name: name.to_owned(),
            kind: session.state().bind_kind()?.to_string(),
            version: format!("{}.{}", version >> 4, version & 0xF),
            address: state.log.remote(),
            tls: state.wire.is_tls(),
            seconds: now.since(since).as_secs(),
            ours: Window {
                used: session.outstanding(),
                size: ours,
            },
            theirs: Window {
                used: session.unanswered(),
                size: theirs,
            },
            rate_in,
            rate_out,
            last_error: state.log.last_error().map(str::to_owned),
        })
    }

    /// Whether an operator who says `who` means this one: by its id, by its peer's name, or by side and name (`carrier/north`).
    pub(crate) fn is(&self, who: &str) -> bool {
        let named = match who.split_once('/') {
            Some((side, name)) => side == self.side.word() && name == self.name,
            None => false,
        };
        named || who == self.id || who == self.name
    }
}

/// How many there were in a second, over about the last ten: two counters and no timer.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Rate {
    /// Which span of time this is, counted from the clock's beginning.
    span: u64,
    count: u64,
    /// The count of the span before.
    before: u64,
}

impl Rate {
    const SPAN: Duration = Duration::from_secs(10);

    /// So many more.
    #[inline]
    pub(crate) fn add(&mut self, now: Instant, n: u64) {
        *self = self.at(now);
        self.count += n;
    }

    /// Of the span before, the part counts that is not more than ten seconds ago; it is taken to have come evenly.
    pub(crate) fn per_second(self, now: Instant) -> f64 {
        let Rate { count, before, .. } = self.at(now);
        let span = Rate::SPAN.as_secs_f64();
        let passed = (Duration::from_nanos(now.0).as_secs_f64() % span) / span;
        (before as f64 * (1.0 - passed) + count as f64) / span
    }

    #[inline]
    fn at(self, now: Instant) -> Rate {
        let span = now.0 / Rate::SPAN.as_nanos() as u64;
        match span.saturating_sub(self.span) {
            0 => self,
            1 => Rate {
                span,
                count: 0,
                before: self.count,
            },
            _ => Rate {
                span,
                ..Rate::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: u64) -> Instant {
        Instant(0) + Duration::from_secs(n)
    }

    #[test]
    fn a_rate_is_that_of_the_last_ten_seconds() {
        let mut rate = Rate::default();
        for n in 0..20 {
            rate.add(second(n), 7);
        }
        assert_eq!(rate.per_second(second(20)), 7.0);
        // Half of the span before is ten seconds ago or less.
        assert_eq!(rate.per_second(second(25)), 3.5);
        assert_eq!(rate.per_second(second(30)), 0.0);
        assert_eq!(rate.per_second(second(1000)), 0.0);
    }
}
