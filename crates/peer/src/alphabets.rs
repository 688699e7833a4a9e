//! Which alphabets a customer may write in.

use sms::Alphabet;

/// A set of alphabets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alphabets(u8);

impl Alphabets {
    /// Every alphabet, in the order in which sets are written.
    pub const ALL: [Alphabet; 8] = [
        Alphabet::Gsm7,
        Alphabet::Ascii,
        Alphabet::Latin1,
        Alphabet::Cyrillic,
        Alphabet::Hebrew,
        Alphabet::Ucs2,
        Alphabet::Binary,
        Alphabet::Other,
    ];

    /// Whether a text in this alphabet may be submitted.
    #[inline]
    pub fn allow(self, alphabet: Alphabet) -> bool {
        self.0 & bit(alphabet) != 0
    }

    /// The alphabets in the set.
    pub fn iter(self) -> impl Iterator<Item = Alphabet> {
        let all = Alphabets::ALL.into_iter();
        all.filter(move |&alphabet| self.allow(alphabet))
    }
}

impl FromIterator<Alphabet> for Alphabets {
    fn from_iter<I: IntoIterator<Item = Alphabet>>(alphabets: I) -> Alphabets {
        Alphabets(alphabets.into_iter().fold(0, |bits, one| bits | bit(one)))
    }
}

impl Default for Alphabets {
    /// All of them.
    fn default() -> Alphabets {
        Alphabets::ALL.into_iter().collect()
    }
}

fn bit(alphabet: Alphabet) -> u8 {
    1 << alphabet as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alphabet_has_a_place_of_its_own_in_a_set() {
        for alphabet in Alphabets::ALL {
            let set: Alphabets = [alphabet].into_iter().collect();
            assert!(set.iter().eq([alphabet]));
        }
        assert!(Alphabets::default().iter().eq(Alphabets::ALL));
    }
}
