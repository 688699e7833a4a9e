//! Texts that are too long for one short message: those that our process cuts, and those that customers cut themselves.
//!
//! A part that our process made has a story of its own, which begins when it leaves for a carrier. What it was cut from is its head:
//! that was submitted and answered, and of it its customer is told. A part that a customer made is a message as any other.

use smpp::pdu::Sm;
use sms::udh::{self, Concatenation};
use sms::{Message, UDHI};

use super::{Oracle, Sms, Story, number_of};

/// Characters of a text that is one short message.
const SHORT_MAX: usize = 160;

/// What goes to a carrier: a text, and which part of a longer one it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) part: Option<Concatenation>,
    pub(super) text: &'a [u8],
}

impl<'a> Piece<'a> {
    /// As a carrier reads it, whether a header says which part it is or TLVs do. `None` if the header is malformed.
    pub(super) fn read(sm: &Sm<'a>) -> Option<Piece<'a>> {
        let octets = sm.tlvs.message_payload().unwrap_or(sm.short_message);
        let (header, text) = if sm.esm_class & UDHI == 0 {
            (udh::Header::default(), octets)
        } else {
            udh::split(octets).ok()?
        };
        let by_tlvs = sm.tlvs.sar().map(|sar| Concatenation {
            reference: sar.reference,
            wide: true,
            total: sar.total,
            sequence: sar.number,
        });
        let part = header.concatenation().or(by_tlvs);
        Some(Piece { part, text })
    }

    fn of(message: &Message<'a>) -> Option<Piece<'a>> {
        let (header, text) = message.header().ok()?;
        let part = header.concatenation();
        Some(Piece { part, text })
    }

    /// Whether it is that part: the width of a reference may change on the way.
    pub(super) fn is_part(&self, part: Option<Concatenation>) -> bool {
        let name = |part: Concatenation| (part.reference, part.total, part.sequence);
        self.part.map(name) == part.map(name)
    }
}

impl Sms {
    fn is_long(&self) -> bool {
        self.part.is_none() && self.text.len() > SHORT_MAX
    }
}

impl Story {
    /// Whether our process has to cut it for most carriers.
    pub(super) fn is_long(&self) -> bool {
        self.sms.is_long()
    }

    /// Short messages that are paid for at most when it goes as one: a part has at least 152 characters.
    pub(super) fn segments_max(&self) -> usize {
        self.sms.text.len().div_ceil(152).max(1)
    }
}

impl Oracle {
    /// A message in its stored form has left our process for a carrier: which it is.
    pub(super) fn left(&mut self, body: &[u8]) -> Option<usize> {
        let story = Message::decode(body).and_then(|message| {
            let piece = Piece::of(&message)?;
            self.place(piece, message.destination.digits)
        });
        self.stories[story?].sends += 1;
        story
    }

    /// Whose piece this is that goes to `destination`. No two long messages of a world go to one.
    pub(super) fn place(&mut self, piece: Piece<'_>, destination: &[u8]) -> Option<usize> {
        let named = number_of(piece.text, b'm').filter(|&number| number < self.stories.len());
        let Some(part) = piece.part else {
            return named;
        };
        if named.is_some_and(|number| self.stories[number].sms.part.is_some()) {
            return named;
        }
        let head = self.long_message_to(destination)?;
        let number = self.stories.len();
        let known = *self.stories[head]
            .parts
            .entry(part.sequence)
            .or_insert(number);
        if known == number {
            let story = &self.stories[head];
            let sms = Sms {
                part: Some(part),
                text: piece.text.to_vec(),
                ..story.sms.clone()
            };
            self.stories.push(Story {
                head: Some(head),
                submitted: story.submitted,
                ..Story::new(story.customer, story.group, sms)
            });
        }
        Some(known)
    }

    /// The long message that goes to `destination`.
    pub(super) fn long_message_to(&self, destination: &[u8]) -> Option<usize> {
        self.stories.iter().position(|story| {
            story.head.is_none() && story.is_long() && story.sms.destination == destination
        })
    }

    /// The story and those of its parts.
    pub(super) fn family<'a>(&'a self, story: &'a Story) -> impl Iterator<Item = &'a Story> {
        let parts = story.parts.values().map(|&part| &self.stories[part]);
        core::iter::once(story).chain(parts)
    }

    /// The other parts that go where this part goes; none if it is no part.
    pub(super) fn siblings<'a>(&'a self, story: &'a Story) -> impl Iterator<Item = &'a Story> {
        let all = self.stories.iter().filter(|_| story.sms.part.is_some());
        all.filter(move |other| {
            !core::ptr::eq(*other, story)
                && other.sms.part.is_some()
                && other.customer == story.customer
                && other.sms.destination == story.sms.destination
        })
    }

    /// What is wrong with the parts of a message, all of which a carrier got: together they are its text.
    pub(super) fn wrong_parts(&self, story: &Story) -> Option<String> {
        let mut parts = story.parts.values().map(|&part| &self.stories[part]);
        let mark = parts.next()?.sms.part?;
        let alike = |part: &Story| {
            part.sms
                .part
                .is_some_and(|other| (other.reference, other.total) == (mark.reference, mark.total))
        };
        if !parts.all(alike) || usize::from(mark.total) < story.parts.len() {
            return Some("went in parts of several messages".to_owned());
        }
        let whole: Vec<u8> = self
            .family(story)
            .skip(1)
            .flat_map(|part| part.sms.text.clone())
            .collect();
        let complete = story.parts.len() == usize::from(mark.total);
        (complete && whole != story.sms.text)
            .then(|| "is not what its parts say together".to_owned())
    }

    /// How many parts a message has, as far as one has left.
    pub(super) fn total_of(&self, story: &Story) -> Option<usize> {
        let &first = story.parts.values().next()?;
        self.stories[first]
            .sms
            .part
            .map(|part| usize::from(part.total))
    }
}
