//! What operators watch of the conversations with peers: `bindery trace`.
//!
//! A [`Tap`] is a listener-in. The connections that it is about give it a copy of every PDU that they read or write, after TLS on
//! the way in and before it on the way out. A tap never holds traffic up: what its reader does not take in time is dropped and
//! counted. While there is no tap, a connection looks at one flag for each read and each write.

mod redact;
mod serve;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sms::Wall;
use tokio::sync::mpsc;

use crate::mailbox::lock;

pub(crate) use serve::{SOCKET, serve};

/// Octets that a tap holds for its reader; more are dropped.
const HELD_MAX: usize = 8 << 20;

/// What a copy costs beyond its octets.
const COPY_OCTETS: usize = 256;

/// What somebody wants to watch: the first line over the socket, in JSON. All that is given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    /// The system_id of a customer.
    #[serde(default)]
    pub(crate) customer: Option<String>,
    /// The name of a connector.
    #[serde(default)]
    pub(crate) carrier: Option<String>,
    /// The peer's address and port, as the log calls it.
    #[serde(default)]
    pub(crate) bind: Option<SocketAddr>,
    /// How an address in the PDU ends, or in the request that it answers.
    #[serde(default)]
    pub(crate) number: Option<String>,
    /// Texts and whole numbers too.
    #[serde(default)]
    pub(crate) text: bool,
    /// It ends after this time,
    pub(crate) time: Duration,
    /// or after so many octets of PDUs.
    pub(crate) octets: u64,
}

/// A line of the answer, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// It is being watched from now on.
    Begun,
    /// It is not, and why.
    Refused(String),
    Pdu(Passed),
    Ended(Ended),
}

/// A PDU that went by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passed {
    /// UTC, milliseconds since 1970.
    pub(crate) at: u64,
    /// The customer or the connector, as far as it is known.
    pub(crate) peer: Option<String>,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    /// The whole PDU in hexadecimal.
    pub(crate) octets: String,
}

/// How a trace ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) why: String,
    pub(crate) pdus: u64,
    /// PDUs or runs of them that were left out, because they came faster than they were taken.
    pub(crate) dropped: u64,
}

/// Which side of the gateway a peer is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Customer,
    Carrier,
}

/// Which way octets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    FromPeer,
    ToPeer,
}

/// The connection that octets went over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) side: Side,
    /// The customer or the connector, as far as it is known.
    pub(crate) name: Option<&'a str>,
    pub(crate) peer: SocketAddr,
    /// Our own end.
    pub(crate) own: SocketAddr,
}

/// All taps.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    any: AtomicBool,
    taps: Mutex<Vec<Arc<Tap>>>,
}

/// One that watches.
#[derive(Debug)]
struct Tap {
    wish: Wish,
    give: mpsc::UnboundedSender<Seen>,
    /// Octets that the reader has not taken.
    held: AtomicUsize,
    dropped: AtomicU64,
}

/// Whole PDUs that one connection read or wrote at once.
#[derive(Debug)]
struct Seen {
    at: Wall,
    peer: Option<String>,
    from: SocketAddr,
    to: SocketAddr,
    octets: Vec<u8>,
}

/// The reader's end of a tap, which ends with it.
struct Watch<'a> {
    taps: &'a Taps,
    tap: Arc<Tap>,
    take: mpsc::UnboundedReceiver<Seen>,
}

impl Taps {
    /// Whether anybody watches anything.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Shows whole PDUs to those who watch this connection.
    #[cold]
    pub(crate) fn show(&self, at: Wall, line: &Line<'_>, direction: Direction, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        let taps = lock(&self.taps);
        for tap in taps.iter().filter(|tap| tap.wish.is_about(line)) {
            let (from, to) = match direction {
                Direction::FromPeer => (line.peer, line.own),
                Direction::ToPeer => (line.own, line.peer),
            };
            tap.give(
                || Seen {
                    at,
                    peer: line.name.map(str::to_owned),
                    from,
                    to,
                    octets: octets.to_vec(),
                },
                octets.len(),
            );
        }
    }

    fn watch(&self, wish: Wish) -> Watch<'_> {
        let (give, take) = mpsc::unbounded_channel();
        let tap = Arc::new(Tap {
            wish,
            give,
            held: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        });
        let mut taps = lock(&self.taps);
        taps.push(tap.clone());
        self.any.store(true, Ordering::Relaxed);
        Watch {
            taps: self,
            tap,
            take,
        }
    }
}

impl Wish {
    fn is_about(&self, line: &Line<'_>) -> bool {
        let named = |wanted: &Option<String>, side| {
            let Some(wanted) = wanted else { return true };
            line.side == side && line.name == Some(wanted)
        };
        named(&self.customer, Side::Customer)
            && named(&self.carrier, Side::Carrier)
            && self
                .bind
                .is_none_or(|bind| canonical(bind) == canonical(line.peer))
    }
}

/// An IPv4 address as itself, also where a socket for both versions tells it.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Tap {
    /// Gives the reader a copy of `octets` octets, unless it is too far behind.
    fn give(&self, copy: impl FnOnce() -> Seen, octets: usize) {
        let octets = octets + COPY_OCTETS;
        if self.held.fetch_add(octets, Ordering::Relaxed) + octets > HELD_MAX {
            self.held.fetch_sub(octets, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // A reader that has just gone takes nothing more.
        let _ = self.give.send(copy());
    }
}

impl Watch<'_> {
    /// The next that went by.
    async fn next(&mut self) -> Seen {
        // The tap itself is held here, so the channel has a sender.
        let seen = self.take.recv().await.expect("its sender is in the tap");
        let octets = seen.octets.len() + COPY_OCTETS;
        self.tap.held.fetch_sub(octets, Ordering::Relaxed);
        seen
    }

    fn dropped(&self) -> u64 {
        self.tap.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut taps = lock(&self.taps.taps);
        taps.retain(|tap| !Arc::ptr_eq(tap, &self.tap));
        self.taps.any.store(!taps.is_empty(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(side: Side, name: &str) -> Line<'_> {
        Line {
            side,
            name: Some(name),
            peer: SocketAddr::from(([192, 0, 2, 1], 40_000)),
            own: SocketAddr::from(([192, 0, 2, 9], 2775)),
        }
    }

    fn wish() -> Wish {
        Wish {
            customer: Some("demo".to_owned()),
            ..Wish::default()
        }
    }

    #[test]
    fn a_tap_hears_those_it_is_about_and_ends_with_its_reader() {
        let taps = Taps::default();
        assert!(!taps.any());
        let mut watch = taps.watch(wish());
        assert!(taps.any());
        let show = |line| taps.show(Wall(7), &line, Direction::ToPeer, b"octets");
        show(line(Side::Carrier, "demo"));
        show(line(Side::Customer, "other"));
        show(line(Side::Customer, "demo"));
        let seen = watch.take.try_recv().expect("the third");
        assert_eq!((seen.from.port(), seen.to.port()), (2775, 40_000));
        assert_eq!(seen.octets, b"octets");
        assert!(watch.take.try_recv().is_err(), "the others are not watched");
        drop(watch);
        assert!(!taps.any());
    }

    #[test]
    fn what_a_slow_reader_does_not_take_is_dropped_and_counted() {
        let taps = Taps::default();
        let mut watch = taps.watch(wish());
        let octets = vec![0; HELD_MAX / 2];
        for _ in 0..3 {
            taps.show(
                Wall(7),
                &line(Side::Customer, "demo"),
                Direction::FromPeer,
                &octets,
            );
        }
        assert_eq!(watch.dropped(), 2);
        assert!(watch.take.try_recv().is_ok());
        assert!(watch.take.try_recv().is_err());
    }

    #[test]
    fn a_bind_is_known_by_its_address_however_the_socket_tells_it() {
        let wish = Wish {
            bind: "192.0.2.1:40000".parse().ok(),
            ..Wish::default()
        };
        let mapped = "[::ffff:192.0.2.1]:40000".parse().expect("an address");
        assert!(wish.is_about(&Line {
            peer: mapped,
            ..line(Side::Carrier, "north")
        }));
        let other = "192.0.2.1:40001".parse().expect("an address");
        assert!(!wish.is_about(&Line {
            peer: other,
            ..line(Side::Carrier, "north")
        }));
    }
}
