//! Records: everything that ever happened to a message, as facts. The journal keeps them; the fold applies them.
//!
//! A record says what is, absolutely: never "the next", "the default" or "now". All integers are little-endian; a record starts
//! with its kind and knows its own length. A kind that is not known here refuses to be read: it was written by a newer version.

mod accepted;
mod cold;
mod granted;
mod how;
mod keys;
mod octets;
mod reason;
mod seconds;

pub(crate) use accepted::{Accepted, Part};
pub(crate) use cold::{Cold, HourImage, RunImage};
pub(crate) use granted::Granted;
pub(crate) use how::How;
pub(crate) use keys::Keys;
pub(crate) use octets::{Reader, Writer};
pub(crate) use reason::Reason;
pub(crate) use seconds::Seconds;

use sms::{State, Wall};

use crate::closed::GenerationName;
use crate::entry::{IdHash, Image};
use crate::money::{Charge, Day};
use crate::number::TailHash;
use crate::replies::{Latest, Talk};
use crate::standing::{Party, Standing};
use crate::whole::WholeImage;
use crate::{Amount, ConnectorId, CustomerId, MessageKey, Told, Wants};

/// One fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Record<'a> {
    /// We own a message of a customer and placed it with a connector.
    Accepted(Accepted<'a>),
    /// We own a message from a subscriber.
    Arrived {
        key: MessageKey,
        customer: CustomerId,
        connector: ConnectorId,
        expires: Seconds,
        /// What the customer was told of the message that it answers.
        answers: Option<Told>,
        body: &'a [u8],
    },
    /// These go out as soon as this record is durable.
    Sending {
        connector: ConnectorId,
        keys: Keys<'a>,
    },
    /// The parts of this long message wait for each other no longer: they stand in their lane, in their order, or are due then.
    Released { head: MessageKey, due: Option<Wall> },
    /// A part of a message from a subscriber waits for the others, at most until then.
    Apart { key: MessageKey, until: Wall },
    /// These parts are this one message from a subscriber.
    Joined {
        parts: Keys<'a>,
        key: MessageKey,
        expires: Seconds,
        body: &'a [u8],
    },
    /// These parts of messages from subscribers wait for no others.
    Alone { parts: Keys<'a> },
    /// Those of this lane that were deferred until `upto` or earlier wait in their class again.
    Due { connector: ConnectorId, upto: Wall },
    /// These go back to the head of their lane; `doubt`: they may have been sent, and are sent again.
    Returned {
        connector: ConnectorId,
        doubt: bool,
        keys: Keys<'a>,
    },
    /// The carrier took it under this id; its receipt is waited for until then. `at`: when it did, if somebody wants to know.
    Sent {
        key: MessageKey,
        id: &'a [u8],
        until: Seconds,
        at: Option<Wall>,
    },
    /// The carrier refused it for now.
    Deferred {
        key: MessageKey,
        due: Wall,
        attempt: u8,
    },
    /// Its customer put another text in its place before it was sent.
    Replaced {
        key: MessageKey,
        wants: Wants,
        expires: Seconds,
        /// Not to be sent before; none: it waits where it waited.
        due: Option<Wall>,
        body: &'a [u8],
    },
    /// It is also found by its addresses and service type until it ends.
    Named { key: MessageKey },
    /// It goes on with another connector, at the tail of its lane or when due.
    Routed {
        key: MessageKey,
        connector: ConnectorId,
        due: Option<Wall>,
    },
    /// A carrier told a state. `of`: the message it is about, if that is known; else it is parked (its message may be among
    /// those whose response is still open) or unmatched.
    Receipt {
        key: MessageKey,
        connector: ConnectorId,
        of: Option<MessageKey>,
        how: How,
        state: State,
        err: [u8; 3],
        done: Wall,
        expires: Seconds,
        parked: bool,
        id: &'a [u8],
        destination: &'a [u8],
    },
    /// A parked or unmatched receipt found its message (`of`), or is known to be unmatched now (none).
    Matched {
        key: MessageKey,
        of: Option<MessageKey>,
        how: How,
        expires: Seconds,
    },
    /// The end of a message, a delivery or an unmatched receipt. A message whose customer wants to hear of it becomes a receipt
    /// with the key `receipt`, waiting until `expires`.
    Done {
        key: MessageKey,
        reason: Reason,
        at: Wall,
        receipt: Option<MessageKey>,
        expires: Seconds,
    },
    /// A message takes this of its customer's means, instead of what it took before. Follows its [`Record::Accepted`] in the same
    /// step.
    Charged { key: MessageKey, charge: Charge },
    /// A customer was granted so much. `topup`: the number of its payment, each greater than the one before; 0 is its trial, and
    /// counts only if it comes first.
    Credit {
        customer: CustomerId,
        topup: u64,
        amount: Amount,
    },
    /// An operator gave a customer credit, or took some back.
    Granted(Granted<'a>),
    /// An operator decided so about a customer or a connector.
    Decided { party: Party, standing: Standing },
    /// This is the latest message of a talk, in a snapshot; older journals have it for each answerable message. Now
    /// [`Record::Accepted`] says so itself.
    Latest { talk: Talk, latest: Latest },
    /// Talks whose latest message is this or a later one are remembered, and forgotten, apart from those before.
    Era { since: MessageKey },
    /// Of talks whose latest message is this or an older one it is not remembered any longer.
    Outdated { upto: MessageKey },
    /// One entry of a snapshot.
    Entry(Image<'a>),
    /// The newest key of a snapshot.
    Newest { key: MessageKey },
    /// In a snapshot: a long message, by its first part; its parts follow.
    Whole {
        head: MessageKey,
        whole: WholeImage<'a>,
    },
    /// In a snapshot: a part of a long message that has not ended; the message itself follows.
    OpenPart {
        head: MessageKey,
        number: u8,
        key: MessageKey,
    },
    /// In a snapshot: the alias that this customer was told last.
    Alias { customer: CustomerId, last: Told },
    /// In a snapshot: what a customer was granted and spent, and its last payment.
    Purse {
        customer: CustomerId,
        topup: u64,
        granted: Amount,
        spent: Amount,
    },
    /// In a snapshot: segments of a customer that count for a day and whose messages left.
    Counted {
        customer: CustomerId,
        day: Day,
        segments: u64,
    },
    /// In a snapshot: an id of this connector whose message ended not long ago, and where that was sent to.
    Closed {
        connector: ConnectorId,
        generation: GenerationName,
        id: IdHash,
        number: TailHash,
    },
    /// An operator gave these to another connector: at the tails of its queues, or when they are due.
    Moved {
        connector: ConnectorId,
        keys: Keys<'a>,
    },
    /// An operator holds what waits for this connector, of one customer or of all, or does so no longer.
    Held {
        connector: ConnectorId,
        customer: Option<CustomerId>,
        held: bool,
    },
    /// Messages go to the disk and come back.
    Cold(Cold<'a>),
    /// Ids of ended messages are not remembered any longer, up to and including this generation of them.
    Forgotten {
        connector: ConnectorId,
        upto: GenerationName,
    },
}

const ACCEPTED: u8 = 1;
const ARRIVED: u8 = 2;
const SENDING: u8 = 3;
const RETURNED: u8 = 4;
const SENT: u8 = 5;
const DEFERRED: u8 = 6;
const ROUTED: u8 = 7;
const RECEIPT: u8 = 8;
const MATCHED: u8 = 9;
const DONE: u8 = 10;
const ENTRY: u8 = 11;
const NEWEST: u8 = 12;
const DUE: u8 = 14;
const CLOSED: u8 = 15;
const FORGOTTEN: u8 = 16;
const ALIAS: u8 = 17;
const CHARGED: u8 = 18;
const CREDIT: u8 = 19;
const PURSE: u8 = 20;
const COUNTED: u8 = 21;
const DECIDED: u8 = 60;
const GRANTED: u8 = 65;
const REPLACED: u8 = 30;
const NAMED: u8 = 31;
const RELEASED: u8 = 40;
const WHOLE: u8 = 41;
const REPLY: u8 = 50;
const LATEST: u8 = 51;
const OUTDATED: u8 = 52;
const LATEST_CHECKED: u8 = 54;
const ERA: u8 = 53;
const HELD: u8 = 61;
const MOVED: u8 = 62;
const OPEN_PART: u8 = 42;
const APART: u8 = 43;
const JOINED: u8 = 44;
const ALONE: u8 = 45;
const SENT_AT: u8 = 63;

impl Record<'_> {
    /// Appends the record in its written form.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let w = &mut Writer(out);
        match *self {
            Record::Accepted(accepted) => {
                w.bytes(&[ACCEPTED]);
                accepted.encode(w);
            }
            Record::Arrived {
                key,
                customer,
                connector,
                expires,
                answers,
                body,
            } => {
                w.bytes(&[answers.map_or(ARRIVED, |_| REPLY)]);
                w.u64(key.0);
                w.u32(customer.0);
                w.u32(connector.0);
                w.u32(expires.0);
                if let Some(told) = answers {
                    w.u64(told.0);
                }
                w.long(body);
            }
            Record::Sending { connector, keys } => {
                w.bytes(&[SENDING]);
                w.u32(connector.0);
                w.keys(keys);
            }
            Record::Released { head, due } => {
                w.bytes(&[RELEASED]);
                w.u64(head.0);
                w.u64(due.map_or(0, |due| due.0));
            }
            Record::Apart { key, until } => {
                w.bytes(&[APART]);
                w.u64(key.0);
                w.u64(until.0);
            }
            Record::Joined {
                parts,
                key,
                expires,
                body,
            } => {
                w.bytes(&[JOINED]);
                w.keys(parts);
                w.u64(key.0);
                w.u32(expires.0);
                w.long(body);
            }
            Record::Alone { parts } => {
                w.bytes(&[ALONE]);
                w.keys(parts);
            }
            Record::Due { connector, upto } => {
                w.bytes(&[DUE]);
                w.u32(connector.0);
                w.u64(upto.0);
            }
            Record::Returned {
                connector,
                doubt,
                keys,
            } => {
                w.bytes(&[RETURNED, u8::from(doubt)]);
                w.u32(connector.0);
                w.keys(keys);
            }
            Record::Sent { key, id, until, at } => {
                w.bytes(&[at.map_or(SENT, |_| SENT_AT)]);
                w.u64(key.0);
                w.u32(until.0);
                if let Some(at) = at {
                    w.u64(at.0);
                }
                w.short(id);
            }
            Record::Deferred { key, due, attempt } => {
                w.bytes(&[DEFERRED, attempt]);
                w.u64(key.0);
                w.u64(due.0);
            }
            Record::Routed {
                key,
                connector,
                due,
            } => {
                w.bytes(&[ROUTED]);
                w.u64(key.0);
                w.u32(connector.0);
                w.u64(due.map_or(0, |due| due.0));
            }
            Record::Named { key } => {
                w.bytes(&[NAMED]);
                w.u64(key.0);
            }
            Record::Replaced {
                key,
                wants,
                expires,
                due,
                body,
            } => {
                w.bytes(&[REPLACED, wants.0]);
                w.u64(key.0);
                w.u32(expires.0);
                w.u64(due.map_or(0, |due| due.0));
                w.long(body);
            }
            Record::Receipt {
                key,
                connector,
                of,
                how,
                state,
                err,
                done,
                expires,
                parked,
                id,
                destination,
            } => {
                w.bytes(&[
                    RECEIPT,
                    how as u8,
                    state as u8,
                    err[0],
                    err[1],
                    err[2],
                    u8::from(parked),
                ]);
                w.u64(key.0);
                w.u64(of.unwrap_or_default().0);
                w.u64(done.0);
                w.u32(connector.0);
                w.u32(expires.0);
                w.short(id);
                w.short(destination);
            }
            Record::Matched {
                key,
                of,
                how,
                expires,
            } => {
                w.bytes(&[MATCHED, how as u8]);
                w.u64(key.0);
                w.u64(of.unwrap_or_default().0);
                w.u32(expires.0);
            }
            Record::Done {
                key,
                reason,
                at,
                receipt,
                expires,
            } => {
                let (code, status) = reason.code();
                w.bytes(&[DONE, code]);
                w.u32(status);
                w.u64(key.0);
                w.u64(at.0);
                w.u64(receipt.unwrap_or_default().0);
                w.u32(expires.0);
            }
            Record::Charged { key, charge } => {
                w.bytes(&[CHARGED, u8::from(charge.day.is_some())]);
                w.u64(key.0);
                w.amount(charge.price);
                w.u32(charge.segments.into());
                w.u32(charge.day.unwrap_or_default().0);
            }
            Record::Credit {
                customer,
                topup,
                amount,
            } => {
                w.bytes(&[CREDIT]);
                w.u32(customer.0);
                w.u64(topup);
                w.amount(amount);
            }
            Record::Purse {
                customer,
                topup,
                granted,
                spent,
            } => {
                w.bytes(&[PURSE]);
                w.u32(customer.0);
                w.u64(topup);
                w.amount(granted);
                w.amount(spent);
            }
            Record::Counted {
                customer,
                day,
                segments,
            } => {
                w.bytes(&[COUNTED]);
                w.u32(customer.0);
                w.u32(day.0);
                w.u64(segments);
            }
            Record::Decided { party, standing } => {
                let (side, id) = party.code();
                w.bytes(&[DECIDED, side, standing as u8]);
                w.u32(id);
            }
            Record::Granted(granted) => granted.encode(GRANTED, w),
            Record::Latest { talk, latest } => {
                w.bytes(&[if talk.is_checked() {
                    LATEST_CHECKED
                } else {
                    LATEST
                }]);
                talk.encode(w);
                latest.encode(w);
            }
            Record::Era { since } => {
                w.bytes(&[ERA]);
                w.u64(since.0);
            }
            Record::Outdated { upto } => {
                w.bytes(&[OUTDATED]);
                w.u64(upto.0);
            }
            Record::Entry(image) => {
                w.bytes(&[ENTRY]);
                image.encode(w);
            }
            Record::Newest { key } => {
                w.bytes(&[NEWEST]);
                w.u64(key.0);
            }
            Record::Whole { head, whole } => {
                w.bytes(&[WHOLE]);
                w.u64(head.0);
                whole.encode(w);
            }
            Record::OpenPart { head, number, key } => {
                w.bytes(&[OPEN_PART, number]);
                w.u64(head.0);
                w.u64(key.0);
            }
            Record::Alias { customer, last } => {
                w.bytes(&[ALIAS]);
                w.u32(customer.0);
                w.u64(last.0);
            }
            Record::Closed {
                connector,
                generation,
                id,
                number,
            } => {
                w.bytes(&[CLOSED]);
                w.u32(connector.0);
                w.generation(generation);
                w.u64(id.0);
                w.u32(number.0);
            }
            Record::Moved { connector, keys } => {
                w.bytes(&[MOVED]);
                w.u32(connector.0);
                w.keys(keys);
            }
            Record::Held {
                connector,
                customer,
                held,
            } => {
                w.bytes(&[HELD, u8::from(held) | u8::from(customer.is_some()) << 1]);
                w.u32(connector.0);
                w.u32(customer.unwrap_or_default().0);
            }
            Record::Forgotten { connector, upto } => {
                w.bytes(&[FORGOTTEN]);
                w.u32(connector.0);
                w.generation(upto);
            }
            Record::Cold(cold) => cold.encode(w),
        }
    }

    /// What kind of fact it is, in the words of this module.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Record::Accepted(_) => "Accepted",
            Record::Arrived { .. } => "Arrived",
            Record::Sending { .. } => "Sending",
            Record::Released { .. } => "Released",
            Record::Apart { .. } => "Apart",
            Record::Joined { .. } => "Joined",
            Record::Alone { .. } => "Alone",
            Record::Due { .. } => "Due",
            Record::Returned { .. } => "Returned",
            Record::Sent { .. } => "Sent",
            Record::Deferred { .. } => "Deferred",
            Record::Routed { .. } => "Routed",
            Record::Replaced { .. } => "Replaced",
            Record::Named { .. } => "Named",
            Record::Receipt { .. } => "Receipt",
            Record::Matched { .. } => "Matched",
            Record::Done { .. } => "Done",
            Record::Charged { .. } => "Charged",
            Record::Credit { .. } => "Credit",
            Record::Purse { .. } => "Purse",
            Record::Counted { .. } => "Counted",
            Record::Decided { .. } => "Decided",
            Record::Granted(_) => "Granted",
            Record::Latest { .. } => "Latest",
            Record::Era { .. } => "Era",
            Record::Outdated { .. } => "Outdated",
            Record::Entry(_) => "Entry",
            Record::Newest { .. } => "Newest",
            Record::Whole { .. } => "Whole",
            Record::OpenPart { .. } => "OpenPart",
            Record::Alias { .. } => "Alias",
            Record::Closed { .. } => "Closed",
            Record::Moved { .. } => "Moved",
            Record::Held { .. } => "Held",
            Record::Forgotten { .. } => "Forgotten",
            Record::Cold(cold) => cold.kind(),
        }
    }

    /// Reads the record at the front of `octets` and moves past it; `None` if it is cut short or of an unknown kind.
    pub(crate) fn decode<'a>(octets: &mut &'a [u8]) -> Option<Record<'a>> {
        let r = &mut Reader(octets);
        let kind = r.u8()?;
        Some(match kind {
            ACCEPTED => Record::Accepted(Accepted::decode(r)?),
            ARRIVED | REPLY => Record::Arrived {
                key: r.key()?,
                customer: CustomerId(r.u32()?),
                connector: ConnectorId(r.u32()?),
                expires: Seconds(r.u32()?),
                answers: if kind == REPLY {
                    Some(Told(r.u64()?))
                } else {
                    None
                },
                body: r.long()?,
            },
            kind @ (LATEST | LATEST_CHECKED) => Record::Latest {
                talk: Talk::decode(r, kind == LATEST_CHECKED)?,
                latest: Latest::decode(r)?,
            },
            ERA => Record::Era { since: r.key()? },
            OUTDATED => Record::Outdated { upto: r.key()? },
            SENDING => Record::Sending {
                connector: ConnectorId(r.u32()?),
                keys: r.keys()?,
            },
            RELEASED => Record::Released {
                head: r.key()?,
                due: Some(Wall(r.u64()?)).filter(|due| due.0 != 0),
            },
            APART => Record::Apart {
                key: r.key()?,
                until: Wall(r.u64()?),
            },
            JOINED => Record::Joined {
                parts: r.keys()?,
                key: r.key()?,
                expires: Seconds(r.u32()?),
                body: r.long()?,
            },
            ALONE => Record::Alone { parts: r.keys()? },
            DUE => Record::Due {
                connector: ConnectorId(r.u32()?),
                upto: Wall(r.u64()?),
            },
            RETURNED => {
                let doubt = r.u8()? != 0;
                Record::Returned {
                    connector: ConnectorId(r.u32()?),
                    doubt,
                    keys: r.keys()?,
                }
            }
            SENT | SENT_AT => Record::Sent {
                key: r.key()?,
                until: Seconds(r.u32()?),
                at: if kind == SENT_AT {
                    Some(Wall(r.u64()?))
                } else {
                    None
                },
                id: r.short()?,
            },
            DEFERRED => {
                let attempt = r.u8()?;
                Record::Deferred {
                    key: r.key()?,
                    due: Wall(r.u64()?),
                    attempt,
                }
            }
            ROUTED => Record::Routed {
                key: r.key()?,
                connector: ConnectorId(r.u32()?),
                due: Some(Wall(r.u64()?)).filter(|due| due.0 != 0),
            },
            NAMED => Record::Named { key: r.key()? },
            REPLACED => {
                let wants = Wants(r.u8()?);
                Record::Replaced {
                    key: r.key()?,
                    wants,
                    expires: Seconds(r.u32()?),
                    due: Some(Wall(r.u64()?)).filter(|due| due.0 != 0),
                    body: r.long()?,
                }
            }
            RECEIPT => {
                let [how, state, e0, e1, e2, parked] = r.array()?;
                let key = r.key()?;
                let of = r.some_key()?;
                let done = Wall(r.u64()?);
                let connector = ConnectorId(r.u32()?);
                let expires = Seconds(r.u32()?);
                let (how, state, err) =
                    (How::from_code(how)?, State::from_u8(state)?, [e0, e1, e2]);
                let (parked, id, destination) = (parked != 0, r.short()?, r.short()?);
                Record::Receipt {
                    key,
                    connector,
                    of,
                    how,
                    state,
                    err,
                    done,
                    expires,
                    parked,
                    id,
                    destination,
                }
            }
            MATCHED => {
                let how = How::from_code(r.u8()?)?;
                Record::Matched {
                    key: r.key()?,
                    of: r.some_key()?,
                    how,
                    expires: Seconds(r.u32()?),
                }
            }
            DONE => {
                let code = r.u8()?;
                let reason = Reason::from_code(code, r.u32()?)?;
                Record::Done {
                    key: r.key()?,
                    reason,
                    at: Wall(r.u64()?),
                    receipt: r.some_key()?,
                    expires: Seconds(r.u32()?),
                }
            }
            CHARGED => {
                let has_day = r.u8()? != 0;
                let key = r.key()?;
                let charge = Charge {
                    price: r.amount()?,
                    segments: u16::try_from(r.u32()?).ok()?,
                    day: Some(Day(r.u32()?)).filter(|_| has_day),
                };
                Record::Charged { key, charge }
            }
            CREDIT => Record::Credit {
                customer: CustomerId(r.u32()?),
                topup: r.u64()?,
                amount: r.amount()?,
            },
            DECIDED => {
                let [side, standing] = r.array()?;
                Record::Decided {
                    party: Party::from_code(side, r.u32()?)?,
                    standing: Standing::from_code(standing)?,
                }
            }
            GRANTED => Record::Granted(Granted::decode(r)?),
            PURSE => Record::Purse {
                customer: CustomerId(r.u32()?),
                topup: r.u64()?,
                granted: r.amount()?,
                spent: r.amount()?,
            },
            COUNTED => Record::Counted {
                customer: CustomerId(r.u32()?),
                day: Day(r.u32()?),
                segments: r.u64()?,
            },
            ENTRY => Record::Entry(Image::decode(r)?),
            NEWEST => Record::Newest { key: r.key()? },
            WHOLE => Record::Whole {
                head: r.key()?,
                whole: WholeImage::decode(r)?,
            },
            OPEN_PART => {
                let number = r.u8()?;
                Record::OpenPart {
                    head: r.key()?,
                    number,
                    key: r.key()?,
                }
            }
            ALIAS => Record::Alias {
                customer: CustomerId(r.u32()?),
                last: Told(r.u64()?),
            },
            CLOSED => Record::Closed {
                connector: ConnectorId(r.u32()?),
                generation: r.generation()?,
                id: IdHash(r.u64()?),
                number: TailHash(r.u32()?),
            },
            MOVED => Record::Moved {
                connector: ConnectorId(r.u32()?),
                keys: r.keys()?,
            },
            HELD => {
                let flags = r.u8()?;
                let connector = ConnectorId(r.u32()?);
                let customer = Some(CustomerId(r.u32()?)).filter(|_| flags & 2 != 0);
                Record::Held {
                    connector,
                    customer,
                    held: flags & 1 != 0,
                }
            }
            FORGOTTEN => Record::Forgotten {
                connector: ConnectorId(r.u32()?),
                upto: r.generation()?,
            },
            other => Record::Cold(Cold::decode(other, r)?),
        })
    }
}
