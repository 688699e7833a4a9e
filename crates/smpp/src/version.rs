//! Which of the three protocol versions a session speaks.

/// A version of the protocol, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Version {
    /// SMPP 3.3: no TLVs, no transceiver, `message_id` of at most 8 hexadecimal digits.
    V33,
    /// SMPP 3.4.
    V34,
    /// SMPP 5.0: adds cell broadcast, congestion control and more TLVs.
    V50,
}

impl Version {
    /// The version that an `interface_version` octet stands for. Undefined values mean the highest version below them
    /// (SMPP 3.4, 5.2.4; 5.0, 4.7.13).
    pub fn from_interface_version(octet: u8) -> Version {
        match octet {
            0x00..=0x33 => Version::V33,
            0x34..=0x4F => Version::V34,
            0x50..=0xFF => Version::V50,
        }
    }

    /// The octet for `interface_version` and `sc_interface_version`.
    pub fn interface_version(self) -> u8 {
        match self {
            Version::V33 => 0x33,
            Version::V34 => 0x34,
            Version::V50 => 0x50,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_interface_versions_fall_to_the_version_below() {
        for (octet, version) in [
            (0x00, Version::V33),
            (0x33, Version::V33),
            (0x34, Version::V34),
            (0x40, Version::V34),
            (0x50, Version::V50),
            (0xFF, Version::V50),
        ] {
            assert_eq!(Version::from_interface_version(octet), version);
        }
    }
}
