//! One message: the order of the customer, and the leg to the carrier or the delivery to the customer that it is now.
//!
//! An [`Order`] belongs to the customer's home, a [`Leg`] to the connector's. They meet in two calls only, [`Order::hand`] and
//! [`Order::carried`], so that the two homes can be two partitions one day.

use sms::{Message, State, Wall};

use crate::hash;
use crate::record::{Reader, Seconds, Writer};
use crate::slab::{Linked, Links, Slot};
use crate::{
    BindId, Cause, ConnectorId, CustomerId, Delivery, Ended, Group, MessageKey, Told, Wants,
};

/// The list of a lane (waiting in order, or deferred to a time).
pub(crate) const LANE: usize = 0;
/// The list of those whose time runs out in the same second.
pub(crate) const TIMER: usize = 1;

/// A message in memory: 128 octets and its body.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) order: Order,
    pub(crate) stand: Stand,
    /// What it takes of its customer's means is not settled yet: the ledger has more of it.
    pub(crate) charged: bool,
    /// It waits behind what its queue has on the disk.
    pub(crate) is_behind: bool,
    pub(crate) body: Box<[u8]>,
    pub(crate) lane: Links,
    pub(crate) timer: Links,
}

const _: () = assert!(size_of::<Option<Entry>>() <= 136);

impl Linked<LANE> for Entry {
    fn links(&mut self) -> &mut Links {
        &mut self.lane
    }
    fn next(&self) -> Slot {
        self.lane.next()
    }
}

impl Linked<TIMER> for Entry {
    fn links(&mut self) -> &mut Links {
        &mut self.timer
    }
    fn next(&self) -> Slot {
        self.timer.next()
    }
}

/// The customer's half: whose it is, what it was told, which receipts it wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Order {
    pub(crate) key: MessageKey,
    pub(crate) told: Told,
    pub(crate) customer: CustomerId,
    pub(crate) bind: BindId,
    /// The group of that bind: what the customer is told goes to binds of it.
    pub(crate) group: Group,
    pub(crate) wants: Wants,
    /// It is one of several: part of a [`Whole`](crate::whole::Whole), or told under the name of another.
    pub(crate) is_part: bool,
    /// When its time runs out in the stage it is in.
    pub(crate) expires: Seconds,
}

/// Where the message stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stand {
    /// On its way to a carrier, or there.
    Leg(Leg),
    /// On its way to the customer.
    Delivery(Delivery),
}

/// The connector's half: where it waits, how often it was tried, what the carrier calls it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leg {
    pub(crate) connector: ConnectorId,
    pub(crate) stage: Stage,
    pub(crate) priority: u8,
    /// Temporary refusals so far.
    pub(crate) attempt: u8,
    /// How often it was sent again because nobody knew.
    pub(crate) doubts: u8,
    /// In [`Stage::Deferred`]: when it may be sent. In [`Stage::Sent`]: when the carrier took it, 0 if that was not written down.
    pub(crate) at: Wall,
    /// In [`Stage::Sent`]: the carrier's id.
    pub(crate) id: CarrierId,
}

/// ```text
///            due                          outcome
/// Deferred ------> Sending <------ Waiting
///    ^                |  ^            ^
///    |   refused      |  '-- again ---'  (Returned: never left, throttled, or in doubt and sent again)
///    '----------------+
///                     | accepted
///                     v          receipt
///                   Sent ---------------> a delivery, or gone
/// ```
/// Permanent refusal, expiry and giving up lead from any stage to a delivery (if the customer wants to hear of it) or out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    Waiting = 0,
    Deferred = 1,
    Sending = 2,
    Sent = 3,
}

impl Leg {
    /// When the carrier took it, if it did and that was written down.
    pub(crate) fn taken(&self) -> Option<Wall> {
        Some(self.at).filter(|&at| self.stage == Stage::Sent && at != Wall(0))
    }
}

impl Order {
    /// Gives the order to a connector.
    pub(crate) fn hand(&self, connector: ConnectorId, priority: u8) -> Leg {
        Leg {
            connector,
            stage: Stage::Waiting,
            priority,
            attempt: 0,
            doubts: 0,
            at: Wall(0),
            id: CarrierId::default(),
        }
    }

    /// What the history is told of its end.
    pub(crate) fn ended(&self, state: State, cause: Cause, at: Wall) -> Ended {
        Ended {
            customer: self.customer,
            told: self.told,
            key: self.key,
            state,
            cause,
            at,
        }
    }

    /// What the customer is to be told now that its message has come to `state`, which `closes` it or not; `None`: it did not
    /// ask for that.
    pub(crate) fn carried(
        &self,
        closes: bool,
        state: State,
        cause: Cause,
        done: Wall,
    ) -> Option<Delivery> {
        let asked = if closes {
            self.wants.covers(state)
        } else {
            self.wants.covers_on_the_way(state)
        };
        let submitted = self.key.minted();
        asked.then_some(Delivery::Receipt {
            told: self.told,
            state,
            is_last: self.is_last(state),
            cause,
            submitted,
            done,
        })
    }

    /// Whether the customer hears nothing after a receipt of this state.
    fn is_last(&self, state: State) -> bool {
        self.wants.at_hand_over() || !matches!(state, State::Scheduled | State::Enroute)
    }
}

impl Entry {
    pub(crate) fn new(order: Order, stand: Stand, body: &[u8]) -> Entry {
        Entry {
            order,
            stand,
            charged: false,
            is_behind: false,
            body: body.into(),
            lane: Links::NONE,
            timer: Links::NONE,
        }
    }

    /// No carrier is given it any more: of the message only what its receipt speaks of is kept, unless that frees too little to be
    /// worth an allocation.
    pub(crate) fn forget_text(&mut self) {
        const WORTH_OCTETS: usize = 64;
        Message::cut_to_excerpt(&mut self.body, WORTH_OCTETS);
    }

    /// Whether the customer heard all that it will hear of the message when the carrier took it: see
    /// [`Fold::was_told`](crate::fold::Fold::was_told) for parts.
    pub(crate) fn was_told(&self) -> bool {
        self.order.wants.at_hand_over() && self.leg().is_some_and(|leg| leg.stage == Stage::Sent)
    }

    pub(crate) fn leg(&self) -> Option<&Leg> {
        match &self.stand {
            Stand::Leg(leg) => Some(leg),
            Stand::Delivery(_) => None,
        }
    }

    pub(crate) fn leg_mut(&mut self) -> Option<&mut Leg> {
        match &mut self.stand {
            Stand::Leg(leg) => Some(leg),
            Stand::Delivery(_) => None,
        }
    }

    /// Whether it waits for a carrier, now or until it is due.
    pub(crate) fn is_in_lane(&self) -> bool {
        self.leg()
            .is_some_and(|leg| matches!(leg.stage, Stage::Waiting | Stage::Deferred))
    }

    /// When it may be sent, if it waits for a time.
    pub(crate) fn due(&self) -> Option<Wall> {
        let leg = self.leg()?;
        (leg.stage == Stage::Deferred).then_some(leg.at)
    }

    /// Whether the response to it is open.
    pub(crate) fn is_sending(&self) -> bool {
        self.leg().is_some_and(|leg| leg.stage == Stage::Sending)
    }

    pub(crate) fn delivery(&self) -> Option<Delivery> {
        match self.stand {
            Stand::Delivery(delivery) => Some(delivery),
            Stand::Leg(_) => None,
        }
    }

    /// The digits it is for. A body is only ever made by [`Message::encode`].
    pub(crate) fn destination(&self) -> &[u8] {
        Message::decode(&self.body).map_or(&[], |message| message.destination.digits)
    }

    /// Octets of memory: its place in the slab and in the index of keys, and its body as an allocator rounds it.
    pub(crate) fn memory(&self) -> u64 {
        const INDEX: usize = 8;
        let body = (self.body.len() + size_of::<usize>()).next_multiple_of(16);
        (size_of::<Option<Entry>>() + INDEX + body) as u64
    }
}

/// A carrier's id of a message: trimmed, in lower case; short ones without an allocation.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum CarrierId {
    Short { len: u8, octets: [u8; 22] },
    Long(Box<[u8]>),
}

/// An id of a connector, in 64 bits; leading zeros do not count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(crate) struct IdHash(pub(crate) u64);

impl Default for CarrierId {
    fn default() -> CarrierId {
        CarrierId::Short {
            len: 0,
            octets: [0; 22],
        }
    }
}

impl core::fmt::Debug for CarrierId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.octets().escape_ascii())
    }
}

impl CarrierId {
    pub(crate) fn new(written: &[u8]) -> CarrierId {
        let trimmed = written.trim_ascii();
        if trimmed.len() <= 22 {
            let mut octets = [0; 22];
            octets[..trimmed.len()].copy_from_slice(trimmed);
            octets.make_ascii_lowercase();
            CarrierId::Short {
                len: trimmed.len() as u8,
                octets,
            }
        } else {
            CarrierId::Long(trimmed.to_ascii_lowercase().into())
        }
    }

    pub(crate) fn octets(&self) -> &[u8] {
        match self {
            CarrierId::Short { len, octets } => &octets[..usize::from(*len)],
            CarrierId::Long(octets) => octets,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.octets().is_empty()
    }

    pub(crate) fn hash(&self, connector: ConnectorId) -> IdHash {
        let zeros = self
            .octets()
            .iter()
            .take_while(|&&octet| octet == b'0')
            .count();
        IdHash(hash::octets(
            u64::from(connector.0),
            &self.octets()[zeros..],
        ))
    }
}

/// An entry as a snapshot has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Image<'a> {
    pub(crate) order: Order,
    pub(crate) stand: ImageStand<'a>,
    pub(crate) body: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ImageStand<'a> {
    Leg {
        connector: ConnectorId,
        stage: Stage,
        priority: u8,
        attempt: u8,
        doubts: u8,
        at: Wall,
        id: &'a [u8],
    },
    Mo {
        answers: Option<Told>,
    },
    Receipt {
        told: Told,
        state: State,
        cause: Cause,
        submitted: Wall,
        done: Wall,
    },
}

impl<'a> Image<'a> {
    pub(crate) fn of(entry: &'a Entry) -> Image<'a> {
        let stand = match &entry.stand {
            Stand::Leg(leg) => ImageStand::Leg {
                connector: leg.connector,
                stage: leg.stage,
                priority: leg.priority,
                attempt: leg.attempt,
                doubts: leg.doubts,
                at: leg.at,
                id: leg.id.octets(),
            },
            &Stand::Delivery(Delivery::Mo { answers }) => ImageStand::Mo { answers },
            &Stand::Delivery(Delivery::Receipt {
                told,
                state,
                is_last: _,
                cause,
                submitted,
                done,
            }) => ImageStand::Receipt {
                told,
                state,
                cause,
                submitted,
                done,
            },
        };
        Image {
            order: entry.order,
            stand,
            body: &entry.body,
        }
    }

    /// When it may be sent, if it waits for a time.
    pub(crate) fn due(&self) -> Option<Wall> {
        match self.stand {
            ImageStand::Leg {
                stage: Stage::Deferred,
                at,
                ..
            } => Some(at),
            _ => None,
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        let stand = match self.stand {
            ImageStand::Leg {
                connector,
                stage,
                priority,
                attempt,
                doubts,
                at,
                id,
            } => {
                let id = CarrierId::new(id);
                Stand::Leg(Leg {
                    connector,
                    stage,
                    priority,
                    attempt,
                    doubts,
                    at,
                    id,
                })
            }
            ImageStand::Mo { answers } => Stand::Delivery(Delivery::Mo { answers }),
            ImageStand::Receipt {
                told,
                state,
                cause,
                submitted,
                done,
            } => Stand::Delivery(Delivery::Receipt {
                told,
                state,
                is_last: self.order.is_last(state),
                cause,
                submitted,
                done,
            }),
        };
        Entry::new(self.order, stand, self.body)
    }

    pub(crate) fn encode(&self, w: &mut Writer<'_>) {
        let Order {
            key,
            told,
            customer,
            bind,
            group,
            wants,
            is_part: _, // The whole says it.
            expires,
        } = self.order;
        w.u64(key.0);
        w.u64(told.0);
        w.u64(bind.0);
        w.u32(customer.0);
        w.u32(expires.0);
        let code = match self.stand {
            ImageStand::Leg { stage, .. } => stage as u8,
            ImageStand::Mo { answers: None } => MO,
            ImageStand::Mo { answers: Some(_) } => REPLY,
            ImageStand::Receipt { .. } => RECEIPT,
        };
        if group == Group::default() {
            w.bytes(&[wants.0, code]);
        } else {
            w.bytes(&[wants.0, code | GROUPED]);
            w.bytes(&group.octets());
        }
        match self.stand {
            ImageStand::Leg {
                connector,
                stage: _,
                priority,
                attempt,
                doubts,
                at,
                id,
            } => {
                w.bytes(&[priority, attempt, doubts]);
                w.u32(connector.0);
                w.u64(at.0);
                w.short(id);
            }
            ImageStand::Mo { answers: None } => {}
            ImageStand::Mo {
                answers: Some(told),
            } => w.u64(told.0),
            ImageStand::Receipt {
                told,
                state,
                cause,
                submitted,
                done,
            } => {
                let [c0, c1, c2] = cause.octets();
                w.bytes(&[state as u8, c0, c1, c2]);
                w.u64(told.0);
                w.u64(submitted.0);
                w.u64(done.0);
            }
        }
        w.long(self.body);
    }

    pub(crate) fn decode(r: &mut Reader<'_, 'a>) -> Option<Image<'a>> {
        let key = r.key()?;
        let told = Told(r.u64()?);
        let bind = BindId(r.u64()?);
        let customer = CustomerId(r.u32()?);
        let expires = Seconds(r.u32()?);
        let wants = Wants(r.u8()?);
        let code = r.u8()?;
        let group = if code & GROUPED == 0 {
            Group::default()
        } else {
            Group::from_octets(r.array()?)
        };
        let stand = match code & !GROUPED {
            MO => ImageStand::Mo { answers: None },
            REPLY => ImageStand::Mo {
                answers: Some(Told(r.u64()?)),
            },
            RECEIPT => {
                let [state, c0, c1, c2] = r.array()?;
                let state = State::from_u8(state)?;
                let told = Told(r.u64()?);
                ImageStand::Receipt {
                    told,
                    state,
                    cause: Cause::from_octets([c0, c1, c2]),
                    submitted: Wall(r.u64()?),
                    done: Wall(r.u64()?),
                }
            }
            stage => {
                let stages = [Stage::Waiting, Stage::Deferred, Stage::Sending, Stage::Sent];
                let stage = *stages.get(usize::from(stage))?;
                let [priority, attempt, doubts] = r.array()?;
                let connector = ConnectorId(r.u32()?);
                let at = Wall(r.u64()?);
                ImageStand::Leg {
                    connector,
                    stage,
                    priority,
                    attempt,
                    doubts,
                    at,
                    id: r.short()?,
                }
            }
        };
        let order = Order {
            key,
            told,
            customer,
            bind,
            group,
            wants,
            is_part: false,
            expires,
        };
        Some(Image {
            order,
            stand,
            body: r.long()?,
        })
    }
}

const MO: u8 = 8;
const RECEIPT: u8 = 9;
const REPLY: u8 = 31;
/// The name of a group follows.
const GROUPED: u8 = 0x80;
