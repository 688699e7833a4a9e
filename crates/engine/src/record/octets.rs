//! The octets that records are made of. All integers are little-endian.

use super::Keys;
use crate::closed::GenerationName;
use crate::{Amount, MessageKey};

/// Writes the parts of records.
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(crate) fn bytes(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn amount(&mut self, amount: Amount) {
        self.bytes(&amount.0.to_le_bytes());
    }

    /// Octets with a one-octet length: ids and numbers, which are capped at the edge. To cut them here would be to write down
    /// another fact than the one that was applied.
    pub(crate) fn short(&mut self, octets: &[u8]) {
        let length = u8::try_from(octets.len()).expect("ids and numbers are capped at the edge");
        self.bytes(&[length]);
        self.bytes(octets);
    }

    pub(crate) fn long(&mut self, octets: &[u8]) {
        self.u32(octets.len() as u32);
        self.bytes(octets);
    }

    pub(super) fn generation(&mut self, name: GenerationName) {
        self.u32(name.serial);
        self.u32(name.hour);
    }

    pub(super) fn keys(&mut self, keys: Keys<'_>) {
        let at = self.0.len();
        self.u32(0);
        for key in keys.iter() {
            self.u64(key.0);
        }
        let octets = (self.0.len() - at - 4) as u32;
        self.0[at..at + 4].copy_from_slice(&octets.to_le_bytes());
    }
}

/// Reads the parts of records.
pub(crate) struct Reader<'b, 'a>(pub(crate) &'b mut &'a [u8]);

impl<'a> Reader<'_, 'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        *self.0 = tail;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[octet]| octet)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn amount(&mut self) -> Option<Amount> {
        self.array().map(i64::from_le_bytes).map(Amount)
    }

    pub(crate) fn key(&mut self) -> Option<MessageKey> {
        self.u64().map(MessageKey)
    }

    pub(crate) fn some_key(&mut self) -> Option<Option<MessageKey>> {
        Some(Some(self.key()?).filter(|key| key.0 != 0))
    }

    pub(crate) fn short(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    pub(crate) fn long(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()?;
        self.take(len as usize)
    }

    pub(super) fn generation(&mut self) -> Option<GenerationName> {
        Some(GenerationName {
            serial: self.u32()?,
            hour: self.u32()?,
        })
    }

    pub(super) fn keys(&mut self) -> Option<Keys<'a>> {
        let octets = self.long()?;
        octets
            .len()
            .is_multiple_of(8)
            .then_some(Keys::Written(octets))
    }
}
