//! Identities: message keys, and the stable numbers of customers, connectors and binds.

use core::fmt;
use sms::Wall;

/// 2025-01-01T00:00:00Z in milliseconds since 1970: the origin of every [`MessageKey`].
pub const EPOCH_MS: u64 = 1_735_689_600_000;

const SEQUENCE_BITS: u32 = 12;
const PARTITION_BITS: u32 = 10;

/// Our identity of one message: 41 bits of milliseconds since 2025, 10 of partition, 12 of sequence.
///
/// Unique per message and never going back, also across a restart; any node finds the home of a message by looking at
/// its key. What a customer is shown (`message_id`) is a text of the key that it was *told*.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MessageKey(pub u64);

impl MessageKey {
    /// The least key of the millisecond `at` in `partition` that is greater than `last`.
    pub fn after(last: MessageKey, at: Wall, partition: u16) -> MessageKey {
        let home = u64::from(partition) << SEQUENCE_BITS;
        let fresh = (at.0.saturating_sub(EPOCH_MS) << (SEQUENCE_BITS + PARTITION_BITS)) | home;
        if fresh > last.0 {
            return MessageKey(fresh);
        }
        let sequence_mask = (1 << SEQUENCE_BITS) - 1;
        if last.0 & sequence_mask != sequence_mask {
            return MessageKey(last.0 + 1);
        }
        let next_ms = (last.0 >> (SEQUENCE_BITS + PARTITION_BITS)) + 1;
        MessageKey((next_ms << (SEQUENCE_BITS + PARTITION_BITS)) | home)
    }

    /// The least key that can have been made at `at`.
    pub(crate) fn earliest(at: Wall) -> MessageKey {
        let since = at.0.saturating_sub(EPOCH_MS);
        MessageKey(since << (SEQUENCE_BITS + PARTITION_BITS))
    }

    /// When the key was made, to the millisecond.
    pub fn minted(self) -> Wall {
        Wall((self.0 >> (SEQUENCE_BITS + PARTITION_BITS)) + EPOCH_MS)
    }

    /// What keys of the same millisecond and partition have in common.
    pub(crate) fn page(self) -> u64 {
        self.0 >> SEQUENCE_BITS
    }

    /// What tells them apart, from 0 on.
    pub(crate) fn sequence(self) -> u16 {
        (self.0 & ((1 << SEQUENCE_BITS) - 1)) as u16
    }

    /// Whether it is one of those that stand for all when times are measured ([`crate::Lapse`]).
    pub(crate) fn is_sample(self) -> bool {
        self.sequence().is_multiple_of(64)
    }

    /// The partition that the message is at home in.
    pub fn partition(self) -> u16 {
        ((self.0 >> SEQUENCE_BITS) & ((1 << PARTITION_BITS) - 1)) as u16
    }
}

/// The number of a file of messages that wait on the disk; that of a file that is gone may be given again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(pub u64);

/// What a customer is told that its message is called: its key, or an alias of 32 bits for a peer that has no room for more
/// (SMPP 3.3). `message_id` is a text of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Told(pub(crate) u64);

/// Aliases have eight hexadecimal digits, the first of them not 0. A key is never that small: it was made in 2025 or later.
const ALIASES: core::ops::RangeInclusive<u64> = 0x1000_0000..=0xFFFF_FFFF;

impl Told {
    /// The least alias that is greater than `last`, or the first of all.
    pub(crate) fn alias_after(last: Option<Told>) -> Told {
        let next = last.map(|last| last.0 + 1);
        Told(
            next.filter(|next| ALIASES.contains(next))
                .unwrap_or(*ALIASES.start()),
        )
    }

    /// The alias of this number; none if it is too small for one.
    pub fn from_alias(alias: u32) -> Option<Told> {
        Some(Told(u64::from(alias))).filter(|told| told.key().is_none())
    }

    /// The key, if it is one.
    pub fn key(self) -> Option<MessageKey> {
        (!ALIASES.contains(&self.0)).then_some(MessageKey(self.0))
    }

    /// The alias, if it is one.
    pub fn alias(self) -> Option<u32> {
        u32::try_from(self.0).ok().filter(|_| self.key().is_none())
    }
}

impl From<MessageKey> for Told {
    fn from(key: MessageKey) -> Told {
        Told(key.0)
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.alias() {
            Some(alias) => write!(f, "alias {alias:08X}"),
            None => write!(f, "#{}", self.0),
        }
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A customer: a stable number that is never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct CustomerId(pub u32);

/// A connector (our relation to one carrier): a stable number that is never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ConnectorId(pub u32);

/// One bind in its life: a serial number that is never reused. The low 20 bits are its place in the engine's table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct BindId(pub u64);

impl BindId {
    /// No bind: what came over HTTP, or before there were binds.
    pub const NONE: BindId = BindId(0);
    pub(crate) const PLACE_BITS: u32 = 20;

    pub(crate) fn place(self) -> usize {
        (self.0 & ((1 << Self::PLACE_BITS) - 1)) as usize
    }
}

/// Where an input came from and its answer goes: an I/O thread, a session on it, and the request there.
///
/// The engine hands it back unread, except that `io` names the mailbox. `generation` tells two sessions apart that had the same
/// slot one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Origin {
    /// The I/O thread.
    pub io: u16,
    /// The session's slot on that thread.
    pub slot: u32,
    /// How often the slot was used before.
    pub generation: u32,
    /// The peer's sequence_number, or whatever the session knows the request by.
    pub sequence: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_go_back_even_when_the_clock_does() {
        let at = |ms| Wall(EPOCH_MS + ms);
        let first = MessageKey::after(MessageKey(0), at(1000), 3);
        assert_eq!((first.minted(), first.partition()), (at(1000), 3));
        let second = MessageKey::after(first, at(1000), 3);
        let earlier_clock = MessageKey::after(second, at(10), 3);
        assert!(first < second && second < earlier_clock);
        assert_eq!(earlier_clock.minted(), at(1000));
    }

    #[test]
    fn aliases_begin_again_when_they_have_all_been_given() {
        let first = Told::alias_after(None);
        assert_eq!(first.alias(), Some(0x1000_0000));
        assert_eq!(Told::alias_after(Some(first)).alias(), Some(0x1000_0001));
        assert_eq!(Told::alias_after(Some(Told(0xFFFF_FFFF))), first);
        let key = MessageKey::after(MessageKey(0), Wall(1_795_262_400_000), 0);
        assert_eq!(
            (Told::from(key).key(), Told::from(key).alias()),
            (Some(key), None)
        );
    }

    #[test]
    fn a_full_millisecond_spills_into_the_next() {
        let mut key = MessageKey::after(MessageKey(0), Wall(EPOCH_MS + 5), 1);
        for _ in 0..4096 {
            key = MessageKey::after(key, Wall(EPOCH_MS + 5), 1);
        }
        assert_eq!((key.minted(), key.partition()), (Wall(EPOCH_MS + 6), 1));
    }
}
