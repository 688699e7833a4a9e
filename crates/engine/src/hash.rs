//! Hashing without a random seed: the same run gives the same order of everything, every time.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::hash_map::Entry;

/// A map whose order depends on nothing but what was put in. For keys that no peer chooses.
#[expect(
    clippy::disallowed_types,
    reason = "this is the map that has no random seed"
)]
pub(crate) type FixedMap<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<FixedHasher>>;

/// Mixes all bits of `x` into all bits of the result (the finaliser of SplitMix64).
pub(crate) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Hashes octets, `seed` telling apart those that come from different places.
pub(crate) fn octets(seed: u64, octets: &[u8]) -> u64 {
    let mut hash = mix(seed ^ octets.len() as u64);
    let (words, rest) = octets.as_chunks();
    for &word in words {
        hash = step(hash, u64::from_le_bytes(word));
    }
    if !rest.is_empty() {
        hash = step(hash, short_word(rest));
    }
    mix(hash)
}

#[inline]
fn step(hash: u64, word: u64) -> u64 {
    mix(hash ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15)
}

/// Up to seven octets as the low ones of a word, read in pieces that may overlap: to copy them would be a call.
#[inline]
fn short_word(octets: &[u8]) -> u64 {
    let length = octets.len();
    match (octets.first_chunk(), octets.last_chunk()) {
        (Some(&first), Some(&last)) => {
            let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(half)));
            first | last << (8 * (length - 4))
        }
        _ => [0, length / 2, length - 1]
            .into_iter()
            .fold(0, |word, at| word | u64::from(octets[at]) << (8 * at)),
    }
}

/// A hasher for integers.
#[derive(Default)]
pub(crate) struct FixedHasher(u64);

impl Hasher for FixedHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = octets(self.0, bytes);
    }

    fn write_u32(&mut self, n: u32) {
        self.0 = mix(self.0 ^ u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = mix(self.0 ^ n);
    }
}

const SHARDS: usize = 256;

/// A map from 64-bit keys in 256 parts, so that growing one part causes no pause.
#[derive(Debug)]
pub(crate) struct Sharded<V> {
    shards: Vec<FixedMap<u64, V>>,
}

impl<V> Default for Sharded<V> {
    fn default() -> Sharded<V> {
        Sharded {
            shards: (0..SHARDS).map(|_| FixedMap::default()).collect(),
        }
    }
}

impl<V> Sharded<V> {
    fn shard(key: u64) -> usize {
        // The map below uses the hash's high and low bits; the middle ones are free for us.
        (mix(key) >> 32) as usize % SHARDS
    }

    pub(crate) fn get(&self, key: u64) -> Option<&V> {
        self.shards[Self::shard(key)].get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        self.shards[Self::shard(key)].get_mut(&key)
    }

    pub(crate) fn entry(&mut self, key: u64) -> Entry<'_, u64, V> {
        self.shards[Self::shard(key)].entry(key)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(FixedMap::is_empty)
    }

    pub(crate) fn insert(&mut self, key: u64, value: V) -> Option<V> {
        self.shards[Self::shard(key)].insert(key, value)
    }

    pub(crate) fn remove(&mut self, key: u64) -> Option<V> {
        self.shards[Self::shard(key)].remove(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_octets_is_that_of_their_words_filled_up_with_zeros() {
        let all: Vec<u8> = (1..=40).collect();
        for length in 0..=all.len() {
            let octets = &all[..length];
            let mut hash = mix(7 ^ length as u64);
            for chunk in octets.chunks(8) {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                hash = step(hash, u64::from_le_bytes(word));
            }
            assert_eq!(super::octets(7, octets), mix(hash), "{length}");
        }
    }
}
