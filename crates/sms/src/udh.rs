//! The user data header (3GPP 23.040, 9.2.3.24): what stands before the text when `esm_class & 0x40`.

use core::fmt;

use crate::gsm::{Gsm, Language};

/// Octets of user data in one short message, header included.
pub const OCTETS: usize = 140;

/// Element identifiers that this crate reads or writes; the others pass through.
pub mod id {
    /// Concatenation with an 8-bit reference.
    pub const CONCATENATION_8: u8 = 0x00;
    /// Application ports of 8 bits: destination, originator.
    pub const PORTS_8: u8 = 0x04;
    /// Application ports of 16 bits: destination, originator.
    pub const PORTS_16: u8 = 0x05;
    /// Concatenation with a 16-bit reference.
    pub const CONCATENATION_16: u8 = 0x08;
    /// National language single shift.
    pub const SINGLE_SHIFT: u8 = 0x24;
    /// National language locking shift.
    pub const LOCKING_SHIFT: u8 = 0x25;
}

/// The header runs past the text, or an element past the header. Such a message is not split, joined or routed by its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("user data header runs past its end")
    }
}

impl core::error::Error for Malformed {}

/// A header whose lengths were checked. Empty for a message without one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header<'a> {
    elements: &'a [u8],
    /// Octets in all: 0 without a header, otherwise one more than the elements.
    octets: usize,
}

/// One element of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Element<'a> {
    /// Information element identifier.
    pub id: u8,
    /// Its octets, at most 255.
    pub data: &'a [u8],
}

/// Which part of which long message this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Concatenation {
    /// Common to all parts; at most 255 unless `wide`.
    pub reference: u16,
    /// The reference has 16 bits. An 8-bit and a 16-bit reference of the same value are different messages.
    pub wide: bool,
    /// Number of parts, from 1.
    pub total: u8,
    /// Number of this part, 1 to `total`.
    pub sequence: u8,
}

/// Application ports, of either width.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Ports {
    /// Where to.
    pub destination: u16,
    /// Where from.
    pub originator: u16,
}

/// Divides a text that starts with a header into the header and the rest.
///
/// # Errors
/// [`Malformed`] if a length runs past the octets that it counts.
pub fn split(text: &[u8]) -> Result<(Header<'_>, &[u8]), Malformed> {
    let (&length, rest) = text.split_first().ok_or(Malformed)?;
    let (elements, body) = rest
        .split_at_checked(usize::from(length))
        .ok_or(Malformed)?;
    let mut unread = elements;
    while !unread.is_empty() {
        next_element(&mut unread).ok_or(Malformed)?;
    }
    Ok((
        Header {
            elements,
            octets: elements.len() + 1,
        },
        body,
    ))
}

impl<'a> Header<'a> {
    /// Every element, in order.
    pub fn elements(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let mut unread = self.elements;
        core::iter::from_fn(move || next_element(&mut unread))
    }

    /// Octets that the header takes in the text, its length octet included; 0 if there is none.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Zero bits between the header and packed septets, so that these start on a septet boundary.
    pub fn fill_bits(&self) -> u8 {
        fill_bits(self.octets)
    }

    /// The last concatenation element that makes sense: a total or sequence of 0, or a sequence above the total, is ignored.
    pub fn concatenation(&self) -> Option<Concatenation> {
        let read = |element: Element<'_>| match (element.id, element.data) {
            (id::CONCATENATION_8, &[reference, total, sequence]) => Some(Concatenation {
                reference: reference.into(),
                wide: false,
                total,
                sequence,
            }),
            (id::CONCATENATION_16, &[high, low, total, sequence]) => Some(Concatenation {
                reference: u16::from_be_bytes([high, low]),
                wide: true,
                total,
                sequence,
            }),
            _ => None,
        };
        self.elements()
            .filter_map(read)
            .filter(|part| (1..=part.total).contains(&part.sequence))
            .last()
    }

    /// The last element with application ports.
    pub fn ports(&self) -> Option<Ports> {
        let read = |element: Element<'_>| match (element.id, element.data) {
            (id::PORTS_8, &[destination, originator]) => Some(Ports {
                destination: destination.into(),
                originator: originator.into(),
            }),
            (id::PORTS_16, &[d1, d0, o1, o0]) => Some(Ports {
                destination: u16::from_be_bytes([d1, d0]),
                originator: u16::from_be_bytes([o1, o0]),
            }),
            _ => None,
        };
        self.elements().filter_map(read).last()
    }

    /// The tables that the text is written in. An unknown language means the default tables (23.038, 6.2.1.2.4).
    pub fn tables(&self) -> Gsm {
        let language = |wanted: u8| {
            let named = self
                .elements()
                .filter(|element| element.id == wanted && element.data.len() == 1)
                .last();
            named
                .and_then(|element| Language::from_u8(element.data[0]))
                .unwrap_or_default()
        };
        Gsm {
            locking: language(id::LOCKING_SHIFT),
            single: language(id::SINGLE_SHIFT),
        }
    }
}

/// Zero bits between a header of `octets` in all and packed septets.
pub fn fill_bits(octets: usize) -> u8 {
    ((7 - octets * 8 % 7) % 7) as u8
}

/// The first element of `unread`, which moves on; `None` at the end or if a length is wrong.
fn next_element<'a>(unread: &mut &'a [u8]) -> Option<Element<'a>> {
    let (&[id, length], rest) = unread.split_first_chunk::<2>()?;
    let (data, rest) = rest.split_at_checked(usize::from(length))?;
    *unread = rest;
    Some(Element { id, data })
}

/// Writes a header into a buffer, element by element; its length octet is right after each.
///
/// Nothing is written until the first element comes, so a header without elements is no header.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

/// The header would leave no room for text in one short message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("user data header over 140 octets")
    }
}

impl core::error::Error for TooLong {}

impl<'a> Writer<'a> {
    /// A header that starts at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Writer<'a> {
        let start = out.len();
        Writer { out, start }
    }

    /// Octets written so far, the length octet included.
    pub fn octets(&self) -> usize {
        self.out.len() - self.start
    }

    /// Any element.
    ///
    /// # Errors
    /// [`TooLong`] if the header would have more than 140 octets; it stays as it was.
    pub fn element(&mut self, id: u8, data: &[u8]) -> Result<&mut Self, TooLong> {
        let octets = self.octets().max(1) + 2 + data.len();
        if octets > OCTETS {
            return Err(TooLong);
        }
        if self.octets() == 0 {
            self.out.push(0);
        }
        self.out.extend_from_slice(&[id, data.len() as u8]);
        self.out.extend_from_slice(data);
        self.out[self.start] = (octets - 1) as u8;
        Ok(self)
    }

    /// The element that makes this one part of a long message.
    ///
    /// # Errors
    /// As [`element`](Self::element).
    pub fn concatenation(&mut self, part: Concatenation) -> Result<&mut Self, TooLong> {
        let [high, low] = part.reference.to_be_bytes();
        if part.wide {
            self.element(
                id::CONCATENATION_16,
                &[high, low, part.total, part.sequence],
            )
        } else {
            self.element(id::CONCATENATION_8, &[low, part.total, part.sequence])
        }
    }

    /// The elements that name `tables`; none for the default ones.
    ///
    /// # Errors
    /// As [`element`](Self::element).
    pub fn tables(&mut self, tables: Gsm) -> Result<&mut Self, TooLong> {
        if tables.locking != Language::Default {
            self.element(id::LOCKING_SHIFT, &[tables.locking as u8])?;
        }
        if tables.single != Language::Default {
            self.element(id::SINGLE_SHIFT, &[tables.single as u8])?;
        }
        Ok(self)
    }

    /// Application ports of 16 bits.
    ///
    /// # Errors
    /// As [`element`](Self::element).
    pub fn ports(&mut self, ports: Ports) -> Result<&mut Self, TooLong> {
        let ([d1, d0], [o1, o0]) = (
            ports.destination.to_be_bytes(),
            ports.originator.to_be_bytes(),
        );
        self.element(id::PORTS_16, &[d1, d0, o1, o0])
    }

    /// The elements of another header without its concatenation: what each part repeats when a message is split anew or joined.
    ///
    /// # Errors
    /// As [`element`](Self::element).
    pub fn repeat(&mut self, header: &Header<'_>) -> Result<&mut Self, TooLong> {
        for element in header.elements() {
            if !matches!(element.id, id::CONCATENATION_8 | id::CONCATENATION_16) {
                self.element(element.id, element.data)?;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let mut text = Vec::new();
        let part = Concatenation {
            reference: 0x1234,
            wide: true,
            total: 3,
            sequence: 2,
        };
        let ports = Ports {
            destination: 2948,
            originator: 9200,
        };
        let tables = Gsm {
            locking: Language::Turkish,
            single: Language::Spanish,
        };
        let mut writer = Writer::new(&mut text);
        writer
            .concatenation(part)
            .and_then(|w| w.ports(ports))
            .and_then(|w| w.tables(tables))
            .expect("short");
        assert_eq!(writer.octets(), 1 + 6 + 6 + 6);
        text.extend_from_slice(b"text");

        let (header, body) = split(&text).expect("well formed");
        assert_eq!(body, b"text");
        assert_eq!(header.octets(), 19);
        assert_eq!(header.concatenation(), Some(part));
        assert_eq!(header.ports(), Some(ports));
        assert_eq!(header.tables(), tables);
        assert_eq!(
            header
                .elements()
                .map(|element| element.id)
                .collect::<Vec<_>>(),
            [8, 5, 0x25, 0x24]
        );

        let mut again = Vec::new();
        Writer::new(&mut again).repeat(&header).expect("short");
        let (header, _) = split(&again).expect("well formed");
        assert_eq!(
            (header.concatenation(), header.ports(), header.tables()),
            (None, Some(ports), tables)
        );
    }

    #[test]
    fn lengths_that_run_past_the_end_are_malformed() {
        for text in [
            &b""[..],
            &[1],
            &[5, 0, 3, 1, 2],
            &[1, 0],
            &[2, 0, 1],
            &[5, 0, 4, 1, 2, 1, 9],
            &[6, 0, 3, 1, 2, 1, 9],
        ] {
            assert_eq!(split(text), Err(Malformed), "{text:02x?}");
        }
        let (header, body) = split(&[0, b'x']).expect("a header may be empty");
        assert_eq!(
            (header.octets(), header.elements().count(), body),
            (1, 0, &b"x"[..])
        );
    }

    #[test]
    fn of_contradicting_elements_the_last_that_makes_sense_wins() {
        let concatenation = |elements: &[u8]| {
            let text = [&[elements.len() as u8], elements].concat();
            split(&text)
                .expect("well formed")
                .0
                .concatenation()
                .map(|part| (part.reference, part.wide))
        };
        assert_eq!(
            concatenation(&[0, 3, 7, 2, 1, 8, 4, 1, 0, 2, 1]),
            Some((256, true))
        );
        assert_eq!(
            concatenation(&[8, 4, 1, 0, 2, 1, 0, 3, 7, 2, 1]),
            Some((7, false))
        );
        assert_eq!(
            concatenation(&[0, 3, 7, 2, 1, 0, 3, 9, 2, 3]),
            Some((7, false)),
            "sequence above total"
        );
        assert_eq!(concatenation(&[0, 3, 7, 0, 0]), None);
        assert_eq!(concatenation(&[0, 3, 7, 2, 0]), None);
        assert_eq!(concatenation(&[0, 2, 7, 2]), None, "wrong length");
    }

    #[test]
    fn an_unknown_language_means_the_default_tables() {
        let (header, _) = split(&[6, 0x24, 1, 77, 0x25, 1, 1]).expect("well formed");
        assert_eq!(
            header.tables(),
            Gsm {
                locking: Language::Turkish,
                single: Language::Default
            }
        );
    }

    #[test]
    fn fill_bits_bring_the_text_to_a_septet_boundary() {
        for (octets, fill) in [(0, 0), (4, 3), (5, 2), (6, 1), (7, 0), (9, 5), (12, 2)] {
            assert_eq!(fill_bits(octets), fill, "{octets}");
            assert_eq!((octets * 8 + usize::from(fill)) % 7, 0);
        }
    }

    #[test]
    fn a_header_leaves_at_140_octets_and_keeps_what_it_had() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.element(0x70, &[0; 134]).expect("137 octets");
        assert_eq!(writer.element(0x70, &[0; 2]).err(), Some(TooLong));
        writer.element(0x70, &[0; 1]).expect("140 octets");
        assert_eq!((out.len(), out[0]), (140, 139));
    }
}
