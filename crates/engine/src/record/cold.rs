//! The records of messages that wait on the disk.

use sms::Wall;

use super::{Keys, Reader, Seconds, Writer};
use crate::fold::{Hour, Place, Shelf};
use crate::{ConnectorId, CustomerId, MessageKey, RunId};

/// What happened to a run: see [`cold`](crate::cold).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cold<'a> {
    /// These, which stand one behind the other in a queue, wait in this run; the first of them expires then. Of what stands in its
    /// file `gone` are in memory still, or were sent meanwhile.
    Frozen {
        run: RunId,
        look: Seconds,
        keys: Keys<'a>,
        gone: Keys<'a>,
    },
    /// The whole run waits in memory again, before the other runs of its queue.
    Thawed {
        run: RunId,
        /// One [`Image`](crate::entry::Image) after the other.
        images: &'a [u8],
    },
    /// These of it wait in memory, at the end of the queue; the first of the others expires then.
    Recalled {
        run: RunId,
        look: Seconds,
        images: &'a [u8],
    },
    /// The file of this run cannot be read, and an operator has given it up with all that waited in it.
    Lost { run: RunId },
    /// A run of a snapshot, the last of its queue so far.
    Run(RunImage<'a>),
    /// A run of a snapshot, of messages that wait for their times.
    Hour(HourImage<'a>),
}

/// A run as a snapshot has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RunImage<'a> {
    pub(crate) run: RunId,
    pub(crate) place: Place,
    pub(crate) count: u32,
    /// Of those, how many want a receipt.
    pub(crate) owed: u32,
    /// The least and the greatest key in it.
    pub(crate) range: (MessageKey, MessageKey),
    pub(crate) look: Seconds,
    pub(crate) gone: Keys<'a>,
}

/// A run of messages that wait for their times, as a snapshot has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HourImage<'a> {
    pub(crate) run: RunId,
    pub(crate) connector: ConnectorId,
    /// The first of the times: all are in one hour.
    pub(crate) due: Wall,
    /// The least and the greatest key in it.
    pub(crate) range: (MessageKey, MessageKey),
    pub(crate) look: Seconds,
    /// What each customer has in it, one `Share` after the other.
    pub(crate) shares: &'a [u8],
    pub(crate) sieve: &'a [u8],
    pub(crate) gone: Keys<'a>,
}

impl HourImage<'_> {
    pub(crate) fn shelf(&self) -> Shelf {
        Shelf::Hour(self.connector, Hour::of(self.due))
    }
}

const FROZEN: u8 = 70;
const THAWED: u8 = 71;
const RECALLED: u8 = 72;
const RUN: u8 = 73;
const HOUR: u8 = 74;
const LOST: u8 = 75;

impl<'a> Cold<'a> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Cold::Frozen { .. } => "Frozen",
            Cold::Thawed { .. } => "Thawed",
            Cold::Recalled { .. } => "Recalled",
            Cold::Run(_) => "Run",
            Cold::Hour(_) => "Hour",
            Cold::Lost { .. } => "Lost",
        }
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) {
        match *self {
            Cold::Frozen {
                run,
                look,
                keys,
                gone,
            } => {
                w.bytes(&[FROZEN]);
                w.u64(run.0);
                w.u32(look.0);
                w.keys(keys);
                w.keys(gone);
            }
            Cold::Thawed { run, images } => {
                w.bytes(&[THAWED]);
                w.u64(run.0);
                w.long(images);
            }
            Cold::Recalled { run, look, images } => {
                w.bytes(&[RECALLED]);
                w.u64(run.0);
                w.u32(look.0);
                w.long(images);
            }
            Cold::Run(RunImage {
                run,
                place,
                count,
                owed,
                range: (least, greatest),
                look,
                gone,
            }) => {
                w.bytes(&[RUN, place.class]);
                w.u64(run.0);
                w.u32(place.connector.0);
                w.u32(place.customer.0);
                w.u32(count);
                w.u32(owed);
                w.u64(least.0);
                w.u64(greatest.0);
                w.u32(look.0);
                w.keys(gone);
            }
            Cold::Lost { run } => {
                w.bytes(&[LOST]);
                w.u64(run.0);
            }
            Cold::Hour(HourImage {
                run,
                connector,
                due,
                range: (least, greatest),
                look,
                shares,
                sieve,
                gone,
            }) => {
                w.bytes(&[HOUR]);
                w.u64(run.0);
                w.u32(connector.0);
                w.u64(due.0);
                w.u64(least.0);
                w.u64(greatest.0);
                w.u32(look.0);
                w.long(shares);
                w.long(sieve);
                w.keys(gone);
            }
        }
    }

    /// What a record of this kind says. `None`: it is none of these, or cut short.
    pub(super) fn decode(kind: u8, r: &mut Reader<'_, 'a>) -> Option<Cold<'a>> {
        Some(match kind {
            FROZEN => Cold::Frozen {
                run: RunId(r.u64()?),
                look: Seconds(r.u32()?),
                keys: r.keys()?,
                gone: r.keys()?,
            },
            THAWED => Cold::Thawed {
                run: RunId(r.u64()?),
                images: r.long()?,
            },
            RECALLED => Cold::Recalled {
                run: RunId(r.u64()?),
                look: Seconds(r.u32()?),
                images: r.long()?,
            },
            RUN => {
                let class = r.u8()?;
                Cold::Run(RunImage {
                    run: RunId(r.u64()?),
                    place: Place {
                        connector: ConnectorId(r.u32()?),
                        class,
                        customer: CustomerId(r.u32()?),
                    },
                    count: r.u32()?,
                    owed: r.u32()?,
                    range: (r.key()?, r.key()?),
                    look: Seconds(r.u32()?),
                    gone: r.keys()?,
                })
            }
            LOST => Cold::Lost {
                run: RunId(r.u64()?),
            },
            HOUR => Cold::Hour(HourImage {
                run: RunId(r.u64()?),
                connector: ConnectorId(r.u32()?),
                due: Wall(r.u64()?),
                range: (r.key()?, r.key()?),
                look: Seconds(r.u32()?),
                shares: r.long()?,
                sieve: r.long()?,
                gone: r.keys()?,
            }),
            _ => return None,
        })
    }
}
