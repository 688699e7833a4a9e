//! The stable numbers of customers and connectors.

/// The number for a name that was given none: the same on every machine and for ever, and never one that people write by hand.
///
/// FNV-1a of the name with the top bit set. Two names with one number are a problem that the configuration is refused for.
pub(crate) fn from_name(name: &str) -> u32 {
    let hash = name.bytes().fold(0x811C_9DC5_u32, |hash, octet| {
        (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)
    });
    hash | 0x8000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_names_never_change() {
        // They are in the journals of installations. The first two are the hash's published vectors.
        assert_eq!(from_name("a"), 0xE40C_292C);
        assert_eq!(from_name("foobar"), 0xBF9C_F968);
        assert!(from_name("") > i32::MAX.cast_unsigned());
    }
}
