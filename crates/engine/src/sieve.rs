//! Which keys may be among many: an octet for each key, and of the others one in forty seems to be among them.

use crate::MessageKey;
use crate::hash::mix;

/// Bits that stand for one key.
const PROBES: u64 = 4;

/// A Bloom filter over keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Sieve(Box<[u8]>);

impl Sieve {
    pub(crate) fn of(keys: &[MessageKey]) -> Sieve {
        let mut octets = vec![0; keys.len()];
        for &key in keys {
            for bit in bits(key, octets.len()) {
                octets[bit / 8] |= 1 << (bit % 8);
            }
        }
        Sieve(octets.into())
    }

    /// As [`Sieve::octets`] gave it.
    pub(crate) fn from_octets(octets: &[u8]) -> Sieve {
        Sieve(octets.into())
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }

    /// False: it is not among them.
    pub(crate) fn may_hold(&self, key: MessageKey) -> bool {
        let octets = &self.0;
        !octets.is_empty()
            && bits(key, octets.len()).all(|bit| octets[bit / 8] >> (bit % 8) & 1 != 0)
    }
}

fn bits(key: MessageKey, octets: usize) -> impl Iterator<Item = usize> {
    let hash = mix(key.0);
    let (first, step) = (hash & 0xFFFF_FFFF, hash >> 32 | 1);
    (0..PROBES).map(move |probe| {
        let at = first.wrapping_add(probe.wrapping_mul(step));
        (at % (octets as u64 * 8)) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_sieve_is_found_and_little_else() {
        let keys = |from: u64| (0..1000).map(move |n| MessageKey((from + n) << 11));
        let all: Vec<_> = keys(1 << 30).collect();
        let sieve = Sieve::of(&all);
        assert!(all.iter().all(|&key| sieve.may_hold(key)));
        let wrong = keys(1 << 31).filter(|&key| sieve.may_hold(key)).count();
        assert!(wrong < 60, "{wrong} of 1000 that are not in it");
        assert!(!Sieve::default().may_hold(all[0]));
    }
}
