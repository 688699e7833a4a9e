//! Chance, all of it from one seed.

/// xoshiro256**, seeded by SplitMix64: small, fast, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random([u64; 4]);

impl Random {
    /// The chance that `seed` stands for.
    pub fn new(seed: u64) -> Random {
        let mut state = seed;
        Random(core::array::from_fn(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let x = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            x ^ (x >> 31)
        }))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let drawn = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        drawn
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, in_thousand: u32) -> bool {
        self.below(1000) < u64::from(in_thousand)
    }

    /// One of several.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len() as u64) as usize]
    }

    /// One of several, in proportion to their weights; the first if no weight is above 0.
    pub fn weighted<T: Copy>(&mut self, among: &[(u32, T)]) -> T {
        let total = among.iter().map(|&(weight, _)| u64::from(weight)).sum();
        let mut drawn = self.below(total);
        for &(weight, one) in among {
            if drawn < u64::from(weight) {
                return one;
            }
            drawn -= u64::from(weight);
        }
        among[0].1
    }
}
