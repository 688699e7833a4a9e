//! Searching in octets, eight at a time: what is looked for is short and near, and the call of a library search would cost
//! more than the search.

/// Where the first octet `wanted` is.
#[inline(always)]
pub(crate) fn position(octets: &[u8], wanted: u8) -> Option<usize> {
    let pattern = u64::from_le_bytes([wanted; 8]);
    let (words, tail) = octets.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = nuls(u64::from_le_bytes(*word) ^ pattern);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = tail.iter().position(|&octet| octet == wanted)?;
    Some(words.len() * 8 + at)
}

/// The lowest set bit marks the lowest zero octet of a word; octets above it may be marked by a borrow. Zero if none is.
#[inline(always)]
pub(crate) fn nuls(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn the_first_one_is_found_at_every_place() {
        for wanted in [0, b':', 0xFF] {
            for length in 0..40 {
                for at in 0..length {
                    let mut octets = vec![0x80; length];
                    octets[at] = wanted;
                    octets[at + 1..].fill(wanted ^ 1);
                    assert_eq!(position(&octets, wanted), Some(at));
                    octets[at] = 0x7F;
                    assert_eq!(position(&octets, wanted), None);
                }
            }
        }
    }
}
