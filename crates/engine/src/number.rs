//! Subscribers' numbers as carriers write them: with or without prefixes, or not at all.

use crate::hash;

/// Numbers agree when their last digits do, up to this many: carriers add and drop prefixes.
pub(crate) const TAIL_DIGITS: usize = 8;

/// The last digits of a number, last first, and NULs behind them if they are fewer: so that numbers which agree stand together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Tail([u8; TAIL_DIGITS]);

/// The last digits of a number, in 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(crate) struct TailHash(pub(crate) u32);

/// Whether two numbers can be the same subscriber's.
pub(crate) fn agree(ours: &[u8], theirs: &[u8]) -> bool {
    let (ours, theirs) = (Tail::of(ours), Tail::of(theirs));
    let common = ours.len().min(theirs.len());
    common > 0 && ours.0[..common] == theirs.0[..common]
}

impl TailHash {
    /// Of numbers that agree and are not shorter than a subscriber's it is the same.
    pub(crate) fn of(number: &[u8]) -> TailHash {
        TailHash(hash::mix(u64::from_le_bytes(Tail::of(number).0)) as u32)
    }
}

impl Tail {
    #[inline]
    pub(crate) fn of(number: &[u8]) -> Tail {
        match number.last_chunk() {
            Some(&last) if last.iter().all(u8::is_ascii_digit) => {
                let mut last: [u8; TAIL_DIGITS] = last;
                last.reverse();
                Tail(last)
            }
            _ => Tail::of_any(number),
        }
    }

    /// With other characters between the digits, or fewer of them.
    fn of_any(number: &[u8]) -> Tail {
        let mut tail = Tail::default();
        let digits = number.iter().rev().filter(|octet| octet.is_ascii_digit());
        for (place, digit) in tail.0.iter_mut().zip(digits) {
            *place = *digit;
        }
        tail
    }

    /// How many digits there are.
    pub(crate) fn len(self) -> usize {
        self.0.iter().take_while(|&&digit| digit != 0).count()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its last `len` digits.
    pub(crate) fn cut(self, len: usize) -> Tail {
        let mut tail = Tail::default();
        tail.0[..len].copy_from_slice(&self.0[..len]);
        tail
    }

    /// The greatest that ends with the same digits.
    pub(crate) fn last_longer(self) -> Tail {
        Tail(self.0.map(|digit| if digit == 0 { b'9' } else { digit }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_come_and_go() {
        for theirs in ["447700900123", "+447700900123", "07700900123", "00900123"] {
            assert!(agree(b"447700900123", theirs.as_bytes()), "{theirs}");
            let (ours, theirs) = (
                TailHash::of(b"447700900123"),
                TailHash::of(theirs.as_bytes()),
            );
            assert_eq!(ours, theirs);
        }
        for theirs in ["447700900124", "447700910123", "", "Bank"] {
            assert!(!agree(b"447700900123", theirs.as_bytes()), "{theirs}");
        }
        assert!(agree(b"12345", b"12345"));
        assert_ne!(TailHash::of(b"447700900124"), TailHash::of(b"447700900123"));
    }
}
