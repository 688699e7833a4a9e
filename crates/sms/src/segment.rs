//! How long a text may be in one short message, and where to divide a longer one.

use crate::alphabet::Alphabet;
use crate::gsm::{ESC, SEPTETS};
use crate::udh::OCTETS;

/// Most parts of one message: the number has one octet in every form.
pub const PARTS: usize = 255;

/// How the parts of a long message are marked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Marking {
    /// A user data header element with an 8-bit reference: 5 octets, 6 with the header's length octet.
    Udh8,
    /// The same with a 16-bit reference: one octet more.
    Udh16,
    /// `sar_*` TLVs, from which the message centre makes a header. It may choose the wide one, hence the room of [`Marking::Udh16`].
    Sar,
}

/// Octets of text, unpacked, that fit into one short message behind a user data header of `header` octets (0 for none).
///
/// GSM 7-bit and ASCII are counted as septets, UCS-2 in whole units, all others as octets of the air interface. A message centre transcodes
/// Latin-1 and its like to GSM or UCS-2, so transcode first and count what comes out.
pub fn capacity(alphabet: Alphabet, header: usize) -> usize {
    match alphabet {
        Alphabet::Gsm7 | Alphabet::Ascii => SEPTETS.saturating_sub((8 * header).div_ceil(7)),
        Alphabet::Ucs2 => OCTETS.saturating_sub(header) & !1,
        Alphabet::Latin1
        | Alphabet::Cyrillic
        | Alphabet::Hebrew
        | Alphabet::Binary
        | Alphabet::Other => OCTETS.saturating_sub(header),
    }
}

/// Where texts of one alphabet are divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Split {
    alphabet: Alphabet,
    single: usize,
    part: usize,
}

impl Split {
    /// For texts whose every part carries `header` octets of user data header already (its length octet included; 0 for none), and is to
    /// be marked as part as `marking` says. `None` if such a part has no room for one pair of units that belong together.
    pub fn new(alphabet: Alphabet, header: usize, marking: Marking) -> Option<Split> {
        let element = match marking {
            Marking::Udh8 => 5,
            Marking::Udh16 | Marking::Sar => 6,
        };
        let part = capacity(alphabet, header.max(1) + element);
        (part >= 4).then_some(Split {
            alphabet,
            single: capacity(alphabet, header),
            part,
        })
    }

    /// Octets that one short message holds if it is no part.
    pub fn single(&self) -> usize {
        self.single
    }

    /// Octets that one part holds.
    pub fn part(&self) -> usize {
        self.part
    }

    /// Divides `body`, a text without user data header: into itself if it fits into one short message, otherwise greedily into parts, each
    /// ending before a pair (escape and character, surrogates) that would be torn. There is always at least one part, perhaps empty.
    pub fn parts<'a>(&self, body: &'a [u8]) -> Parts<'a> {
        let limit = if body.len() <= self.single {
            self.single
        } else {
            self.part
        };
        Parts {
            rest: Some(body),
            alphabet: self.alphabet,
            limit,
        }
    }

    /// Number of [`parts`](Self::parts). More than [`PARTS`] cannot be sent.
    pub fn count(&self, body: &[u8]) -> usize {
        if body.len() <= self.single {
            1
        } else {
            self.parts(body).count()
        }
    }
}

/// The parts of a text, in order; made by [`Split::parts`].
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// `None` after the last part.
    rest: Option<&'a [u8]>,
    alphabet: Alphabet,
    limit: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        if rest.len() <= self.limit {
            return Some(rest);
        }
        let (part, rest) = rest.split_at(self.limit - torn(self.alphabet, rest, self.limit));
        self.rest = Some(rest);
        Some(part)
    }
}

/// Octets before `at` that belong to what follows it.
fn torn(alphabet: Alphabet, text: &[u8], at: usize) -> usize {
    match alphabet {
        // Escapes pair up from the left, so an odd number of them before the cut leaves the last one waiting for its character.
        Alphabet::Gsm7 => {
            text[..at]
                .iter()
                .rev()
                .take_while(|&&septet| septet == ESC)
                .count()
                % 2
        }
        Alphabet::Ucs2 => {
            let high = matches!(text[at - 2], 0xD8..=0xDB);
            let low = matches!(text[at], 0xDC..=0xDF);
            if high && low { 2 } else { 0 }
        }
        Alphabet::Ascii
        | Alphabet::Latin1
        | Alphabet::Cyrillic
        | Alphabet::Hebrew
        | Alphabet::Binary
        | Alphabet::Other => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_of_the_standard_has_its_size() {
        // Header octets; septets, octets, UCS-2 octets.
        for (header, septets, octets, ucs2) in [
            (0, 160, 140, 140),
            (4, 155, 136, 136),  // one shift
            (5, 154, 135, 134),  // 8-bit ports
            (6, 153, 134, 134),  // concatenation, 8-bit reference
            (7, 152, 133, 132),  // concatenation, 16-bit reference; two shifts; 16-bit ports
            (9, 149, 131, 130),  // 8-bit reference, one shift
            (10, 148, 130, 130), // 16-bit reference, one shift; 8-bit ports, 8-bit reference
            (12, 146, 128, 128), // 8-bit reference, two shifts or 16-bit ports
            (13, 145, 127, 126), // 16-bit reference, two shifts or 16-bit ports
            (140, 0, 0, 0),
            (256, 0, 0, 0),
        ] {
            assert_eq!(capacity(Alphabet::Gsm7, header), septets, "{header}");
            assert_eq!(capacity(Alphabet::Binary, header), octets, "{header}");
            assert_eq!(capacity(Alphabet::Ucs2, header), ucs2, "{header}");
        }
    }

    #[test]
    fn marking_a_part_costs_its_element() {
        let part = |alphabet, header, marking| {
            Split::new(alphabet, header, marking).map(|split| (split.single(), split.part()))
        };
        assert_eq!(part(Alphabet::Gsm7, 0, Marking::Udh8), Some((160, 153)));
        assert_eq!(part(Alphabet::Gsm7, 0, Marking::Udh16), Some((160, 152)));
        assert_eq!(part(Alphabet::Gsm7, 0, Marking::Sar), Some((160, 152)));
        assert_eq!(part(Alphabet::Ucs2, 0, Marking::Udh8), Some((140, 134)));
        assert_eq!(part(Alphabet::Ucs2, 0, Marking::Sar), Some((140, 132)));
        assert_eq!(part(Alphabet::Gsm7, 4, Marking::Udh8), Some((155, 149)));
        assert_eq!(part(Alphabet::Gsm7, 7, Marking::Udh16), Some((152, 145)));
        assert_eq!(part(Alphabet::Binary, 0, Marking::Udh8), Some((140, 134)));
        assert_eq!(
            part(Alphabet::Ucs2, 132, Marking::Udh8),
            None,
            "no room for a surrogate pair"
        );
    }

    fn lengths(alphabet: Alphabet, marking: Marking, body: &[u8]) -> Vec<usize> {
        let split = Split::new(alphabet, 0, marking).expect("room");
        let parts: Vec<&[u8]> = split.parts(body).collect();
        assert_eq!(parts.concat(), body);
        assert_eq!(split.count(body), parts.len());
        parts.iter().map(|part| part.len()).collect()
    }

    #[test]
    fn an_escape_stays_with_its_character() {
        let euros = [ESC, 0x65].repeat(153);
        assert_eq!(
            lengths(Alphabet::Gsm7, Marking::Udh8, &euros),
            [152, 152, 2]
        );
        assert_eq!(
            lengths(Alphabet::Gsm7, Marking::Udh16, &euros),
            [152, 152, 2]
        );
        let mut shifted = vec![b'a'];
        shifted.extend_from_slice(&euros);
        assert_eq!(
            lengths(Alphabet::Gsm7, Marking::Udh8, &shifted),
            [153, 152, 2]
        );
    }

    #[test]
    fn a_run_of_escapes_is_divided_between_pairs() {
        let mut text = vec![b'a'; 149];
        text.extend_from_slice(&[ESC; 4]); // two whole pairs end the first part
        text.extend_from_slice(&[b'b'; 20]);
        assert_eq!(lengths(Alphabet::Gsm7, Marking::Udh8, &text), [153, 20]);
        text[149] = b'a'; // three escapes: the last one opens a pair
        assert_eq!(lengths(Alphabet::Gsm7, Marking::Udh8, &text), [152, 21]);
    }

    #[test]
    fn surrogate_pairs_stay_together() {
        let emoji = [0xD8, 0x3D, 0xDE, 0x00].repeat(67);
        assert_eq!(
            lengths(Alphabet::Ucs2, Marking::Udh8, &emoji),
            [132, 132, 4]
        );
        let lone = [0xD8, 0x3D].repeat(80);
        assert_eq!(
            lengths(Alphabet::Ucs2, Marking::Udh8, &lone),
            [134, 26],
            "lone surrogates belong to nothing"
        );
    }

    #[test]
    fn a_text_of_the_single_size_is_not_divided() {
        assert_eq!(lengths(Alphabet::Gsm7, Marking::Udh8, &[b'a'; 160]), [160]);
        assert_eq!(
            lengths(Alphabet::Gsm7, Marking::Udh8, &[b'a'; 161]),
            [153, 8]
        );
        assert_eq!(
            lengths(Alphabet::Binary, Marking::Udh8, &[0; 141]),
            [134, 7]
        );
        assert_eq!(lengths(Alphabet::Ucs2, Marking::Udh8, &[]), [0]);
    }
}
