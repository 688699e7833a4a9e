//! Quick hashes of short octet strings. Not for keys that a peer may choose to our harm: the tools look at their own traffic.

use std::hash::Hasher;

/// Spreads a number over all 64 bits (the finalizer of SplitMix64).
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// The hash of one string. Never zero.
pub(crate) fn octets(octets: &[u8]) -> u64 {
    let mut hasher = Fold::default();
    hasher.write(octets);
    hasher.finish().max(1)
}

/// Takes eight octets at a time.
#[derive(Default)]
pub(crate) struct Fold(u64);

impl Hasher for Fold {
    #[inline]
    fn write(&mut self, octets: &[u8]) {
        let (words, rest) = octets.as_chunks::<8>();
        for word in words {
            self.0 = mix(self.0.rotate_left(23) ^ u64::from_le_bytes(*word));
        }
        let mut last = 0;
        for &octet in rest {
            last = last << 8 | u64::from(octet);
        }
        self.0 = mix(self.0.rotate_left(23) ^ last ^ (octets.len() as u64) << 56);
    }

    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

/// For keys that are hashes already.
#[derive(Default)]
pub(crate) struct Ready(u64);

impl Hasher for Ready {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 keys");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
