//! Who may do what, as the engine needs it: an immutable snapshot, replaced whole.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::{
    BindKind, ConnectorId, CustomerId, Distribution, Meter, MoParts, Numbers, PartReceipts,
    ReceiptIds, ReceiptRules, Route, RouteName, UnknownRoute,
};

/// The snapshot.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Those who send us MT.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// Those we send MT to.
    pub connectors: BTreeMap<ConnectorId, Connector>,
    /// Where MO goes that answers nothing.
    pub numbers: Numbers,
    /// Limits of this machine.
    pub limits: Limits,
}

/// Limits of this machine.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Messages that may be known at once; beyond it new ones get [`crate::Refusal::Full`].
    pub messages_max: u64,
    /// Octets of memory that messages may take together; beyond it new ones get [`crate::Refusal::Full`].
    pub memory_max: u64,
    /// Messages of one connector that wait in memory; of those beyond it whole blocks go to the disk.
    pub lane_hot_max: u64,
    /// How long they wait in memory first, unless half of `memory_max` is in use.
    pub lane_hot_for: Duration,
    /// Receipts of one connector that match nothing and are kept for the operator.
    pub unmatched_max: usize,
    /// How long they are kept.
    pub unmatched_keep: Duration,
    /// Ids of ended messages that are remembered for each connector, for a day at most: a receipt that comes again is known.
    pub closed_max: usize,
    /// Talks of which the latest message is remembered, so that an answer finds its customer.
    pub replies_max: usize,
    /// How long it is remembered.
    pub replies_keep: Duration,
    /// Ends are told in full ([`crate::FinalOutcome`]), and when carriers take messages is written down for that.
    pub outcomes: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            messages_max: 20_000_000,
            memory_max: 1 << 30,
            lane_hot_max: 50_000,
            lane_hot_for: Duration::from_secs(2),
            unmatched_max: 100_000,
            unmatched_keep: Duration::from_secs(72 * 3600),
            closed_max: 250_000,
            replies_max: 250_000,
            replies_keep: Duration::from_secs(7 * 24 * 3600),
            outcomes: false,
        }
    }
}

/// What the engine knows of a customer.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Off: no binds, nothing accepted; what waits goes on.
    pub enabled: bool,
    /// Its messages are taken; else each is [`crate::Refusal::NotAllowed`].
    pub submits: bool,
    /// Messages from subscribers to its numbers are taken.
    pub mo: bool,
    /// It is told when a subscriber is back for whom one of its numbers waits (alert_notification).
    pub alerts: bool,
    /// What it gets of a message from a subscriber that came in parts.
    pub mo_multipart: MoParts,
    /// How long the parts of one wait for each other to be joined.
    pub mo_join_wait: Duration,
    /// Binds at once.
    pub binds_max: u32,
    /// Of these, binds of each kind.
    pub kinds_max: BindLimits,
    /// Messages a second over all binds; none: unlimited.
    pub rate: Option<u32>,
    /// Messages a second on one bind; none: unlimited.
    pub rate_per_bind: Option<u32>,
    /// Parts that a turn of it is worth where customers of one class wait for one connector; at least 1.
    pub weight: u16,
    /// What its messages cost, and how many it may send in a day; none: nothing is counted.
    pub meter: Option<Meter>,
    /// Receipts and MO that may wait for it, counting those still owed for accepted messages.
    pub deliver_max: u64,
    /// Validity of a message that asks for none.
    pub validity: Duration,
    /// The longest validity; longer ones are cut.
    pub validity_max: Duration,
    /// How long receipts wait for it.
    pub delivery_ttl: Duration,
    /// Parts that we cut one of its messages into; of more: [`crate::Refusal::TooLong`].
    pub parts_max: u8,
    /// The receipts of a message that we cut.
    pub split_receipts: PartReceipts,
    /// What it gets of the receipts that it asks for.
    pub receipts: ReceiptRules,
    /// How long MO wait for it.
    pub mo_ttl: Duration,
    /// Delays of the second, third.. try of a delivery that was refused for now or not answered; the last one repeats.
    pub delivery_retry: Vec<Duration>,
    /// Which of the binds of a group get receipts.
    pub receipts_to: Distribution,
    /// Which of the binds of group `0` get MO; an MO belongs to no session.
    pub mo_to: Distribution,
    /// The receipts of a message that it cut itself. [`PartReceipts::Joined`] needs `hold_parts`.
    pub multipart_receipts: PartReceipts,
    /// Parts that it cut itself are held until all of their message are there, at most so long; none: each goes when it comes.
    pub hold_parts: Option<Duration>,
    /// What becomes of held parts whose others did not come.
    pub incomplete: Incomplete,
    /// Routes of its messages; the most specific that matches is taken.
    pub routes: Vec<Route>,
    /// The name by which a message goes that selects no route; none, or one that no route of its has: by those without a name.
    pub route_default: Option<RouteName>,
    /// What becomes of a message that selects a name which no route of its has.
    pub route_unknown: UnknownRoute,
}

impl Default for Customer {
    fn default() -> Customer {
        Customer {
            enabled: true,
            submits: true,
            mo: true,
            alerts: true,
            mo_multipart: MoParts::AsReceived,
            mo_join_wait: Duration::from_secs(600),
            binds_max: 10,
            kinds_max: BindLimits::default(),
            rate: None,
            rate_per_bind: None,
            weight: 1,
            meter: None,
            deliver_max: 500_000,
            validity: Duration::from_secs(24 * 3600),
            validity_max: Duration::from_secs(7 * 24 * 3600),
            delivery_ttl: Duration::from_secs(72 * 3600),
            parts_max: u8::MAX,
            split_receipts: PartReceipts::Joined,
            receipts: ReceiptRules::default(),
            mo_ttl: Duration::from_secs(72 * 3600),
            delivery_retry: [5, 30, 120, 600, 3600].map(Duration::from_secs).to_vec(),
            receipts_to: Distribution::SameSession,
            mo_to: Distribution::SameSession,
            multipart_receipts: PartReceipts::PerPart,
            hold_parts: None,
            incomplete: Incomplete::Send,
            routes: Vec::new(),
            route_default: None,
            route_unknown: UnknownRoute::Refuse,
        }
    }
}

/// How many binds of each kind there may be at once; none: as many as there may be binds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BindLimits {
    /// BOUND_TX.
    pub transmitters: Option<u32>,
    /// BOUND_RX.
    pub receivers: Option<u32>,
    /// BOUND_TRX.
    pub transceivers: Option<u32>,
}

impl BindLimits {
    /// The limit for one kind.
    pub fn of(&self, kind: BindKind) -> Option<u32> {
        match kind {
            BindKind::Transmitter => self.transmitters,
            BindKind::Receiver => self.receivers,
            BindKind::Transceiver => self.transceivers,
        }
    }
}

/// What the engine knows of a connector.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Off: not routed to, nothing sent.
    pub enabled: bool,
    /// Not routed to any more; what waits for it is sent, and its answers and receipts are awaited.
    pub closing: bool,
    /// Messages a second over all binds; none: unlimited.
    pub rate: Option<u32>,
    /// What to do with a message whose fate nobody knows.
    pub in_doubt: InDoubt,
    /// After a send had no answer: how long a late one is waited for.
    pub late_wait: Duration,
    /// Whether the carrier sends receipts; if not, an accepted message is done.
    pub receipts: bool,
    /// How the ids in its receipts are written.
    pub receipt_ids: ReceiptIds,
    /// Whether an id as written is taken only if the receipt names no other destination than the message's. Off: the carrier
    /// rewrites numbers.
    pub check_destination: bool,
    /// How long after the end of validity a receipt is waited for.
    pub receipt_wait: Duration,
    /// How messages that are too long for one short message are sent to it.
    pub long_messages: LongMessages,
    /// Delays of the second, third.. try after a temporary refusal; the last one repeats.
    pub retry: Vec<Duration>,
    /// Temporary refusals after which the next target of the route is tried.
    pub failover_after: u8,
    /// Tries of a message whose refusals say neither that it may come again nor that it may not.
    pub vague_tries: u8,
    /// How often a message in doubt is sent again at most.
    pub resend_max: u8,
    /// How long the carrier is left alone when it was overrun, or when its link is in trouble.
    pub throttle_wait: Duration,
    /// How long a destination that is busy is left alone.
    pub busy_wait: Duration,
}

impl Default for Connector {
    fn default() -> Connector {
        Connector {
            enabled: true,
            closing: false,
            rate: None,
            in_doubt: InDoubt::Resend,
            late_wait: Duration::from_secs(30),
            receipts: true,
            receipt_ids: ReceiptIds::Learned,
            check_destination: true,
            receipt_wait: Duration::from_secs(24 * 3600),
            long_messages: LongMessages::default(),
            retry: [5, 30, 120, 600, 1800].map(Duration::from_secs).to_vec(),
            failover_after: 3,
            vague_tries: 3,
            resend_max: 1,
            throttle_wait: Duration::from_secs(1),
            busy_wait: Duration::from_secs(5),
        }
    }
}

/// What becomes of the parts of a long message that is not complete in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Incomplete {
    /// They are sent as they are.
    #[default]
    Send,
    /// None is sent, and their customer hears that they were not delivered.
    Reject,
}

/// How messages that are too long for one short message are sent to a carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LongMessages {
    /// In parts that a user data header with an 8-bit reference marks.
    #[default]
    Udh8,
    /// In parts that a user data header with a 16-bit reference marks.
    Udh16,
    /// In parts that `sar_` TLVs mark.
    Sar,
    /// Whole: the carrier cuts them itself.
    Payload,
}

/// What to do with a message that was sent and not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InDoubt {
    /// Send it again, at most [`resend_max`](Connector::resend_max) times, when the carrier is connected; give up as UNKNOWN if its validity ends first.
    Resend,
    /// Wait this long for a receipt or a late answer, at most until its validity ends, then give up as UNKNOWN.
    Hold(Duration),
    /// Give up at once as UNKNOWN.
    Fail,
}
