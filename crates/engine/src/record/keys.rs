//! The keys of one record.

use crate::MessageKey;

/// The keys of one record: freshly collected, or still in the journal's octets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys<'a> {
    Fresh(&'a [MessageKey]),
    Written(&'a [u8]),
}

impl<'a> Keys<'a> {
    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = MessageKey> + 'a {
        let (fresh, written) = match self {
            Keys::Fresh(keys) => (keys, &[][..]),
            Keys::Written(octets) => (&[][..], octets),
        };
        let written = written
            .chunks_exact(8)
            .map(|octets| MessageKey(u64::from_le_bytes(octets.try_into().unwrap_or_default())));
        fresh.iter().copied().chain(written)
    }
}

impl PartialEq for Keys<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Keys<'_> {}
