//! Long messages at the edge: whether a text is one, and how a part says which part it is.
//!
//! A part travels inside as a user data header says it (3GPP 23.040, 9.2.3.24.1), whatever its sender said it with; the carrier gets it
//! in the form it wants.

use engine::LongMessages;
use smpp::status;
use smpp::tlv::{self, Tlvs};
use sms::gsm::SEPTETS;
use sms::udh::{self, Concatenation, Header};
use sms::{Alphabet, Message, Reading, UDHI, long};

use crate::submission::Bad;
use crate::{LongText, Submitting};

/// Octets of the element that marks a part, with an 8-bit reference.
const MARK: usize = 5;

/// The alphabet of a text that is too long for one short message and that its customer may leave to us to cut; `None`: it fits.
/// `part`: TLVs mark it as a part.
///
/// # Errors
/// `ESME_RINVMSGLEN` for a part that does not fit, and for any text if the customer cuts for itself.
#[inline]
pub(crate) fn measure(
    message: &Message<'_>,
    part: bool,
    rules: &Submitting,
) -> Result<Option<Alphabet>, Bad> {
    /// Octets that are one short message in every alphabet.
    const SURELY: usize = 67;
    let alphabet = message.alphabet(&rules.reading);
    let surely = match alphabet {
        Alphabet::Gsm7 if !part => SEPTETS,
        _ => SURELY,
    };
    if message.text.len() <= surely && message.esm_class & UDHI == 0 {
        return Ok(None);
    }
    let (header, body) = message
        .header()
        .unwrap_or((Header::default(), message.text));
    let part = part || header.concatenation().is_some();
    let mark = if part && header.concatenation().is_none() {
        MARK
    } else {
        0
    };
    if alphabet == Alphabet::Other || long::fits(alphabet, &header, mark, body) {
        return Ok(None);
    }
    if part || rules.long_message == LongText::Refuse && !is_long_by_us(message, alphabet) {
        return Err(Bad {
            status: status::RINVMSGLEN,
            why: if part {
                "part of a long message"
            } else {
                "long message"
            },
        });
    }
    Ok(Some(alphabet))
}

/// Whether the customer counted right, and it is only over the air that its characters are more: letters of Latin-1 that GSM has
/// not, signs of ASCII that take two septets. Who has to cut for itself is not held to that.
fn is_long_by_us(message: &Message<'_>, alphabet: Alphabet) -> bool {
    const CHARACTERS: usize = 160;
    let by_octets = matches!(alphabet, Alphabet::Ascii | Alphabet::Latin1);
    by_octets && message.esm_class & UDHI == 0 && message.text.len() <= CHARACTERS
}

/// Which part TLVs say that a message is; none if it is all there is.
pub(crate) fn sar(tlvs: Tlvs<'_>) -> Option<Concatenation> {
    let sar = tlvs.sar().filter(|sar| sar.total > 1)?;
    Some(Concatenation {
        reference: sar.reference,
        wide: sar.reference > 0xFF,
        total: sar.total,
        sequence: sar.number,
    })
}

/// Which part of a long message this is, by its header.
#[inline]
pub(crate) fn part(message: &Message<'_>) -> Option<Concatenation> {
    if message.esm_class & UDHI == 0 {
        return None;
    }
    let (header, _) = message.header().ok()?;
    header.concatenation().filter(|part| part.total > 1)
}

/// The message with a header that says which part it is. It had none.
pub(crate) fn with_header<'a>(
    message: Message<'a>,
    part: Option<Concatenation>,
    scratch: &'a mut Vec<u8>,
) -> Message<'a> {
    let Some(part) = part else {
        return message;
    };
    scratch.clear();
    udh::Writer::new(scratch)
        .concatenation(part)
        .expect("one element has room");
    scratch.extend_from_slice(message.text);
    Message {
        esm_class: message.esm_class | UDHI,
        text: scratch,
        ..message
    }
}

/// A message in the form that its carrier wants, and the part that TLVs have to say it is.
///
/// A header stays as it is unless it has to go: a 16-bit reference becomes one of 8 bits where the text has no room for more.
#[inline]
pub(crate) fn for_carrier<'a>(
    message: Message<'a>,
    form: LongMessages,
    scratch: &'a mut Vec<u8>,
) -> (Message<'a>, Option<Concatenation>) {
    if message.esm_class & UDHI == 0 {
        return (message, None);
    }
    let Ok((header, body)) = message.header() else {
        return (message, None);
    };
    let Some(part) = header.concatenation() else {
        return (message, None);
    };
    if form == LongMessages::Sar && header.elements().count() == 1 {
        let bare = Message {
            esm_class: message.esm_class & !UDHI,
            text: body,
            ..message
        };
        return (bare, Some(part));
    }
    let alphabet = message.alphabet(&Reading::default());
    if !part.wide || long::fits(alphabet, &header, 0, body) {
        return (message, None);
    }
    let narrow = Concatenation {
        reference: part.reference & 0xFF,
        wide: false,
        ..part
    };
    scratch.clear();
    udh::Writer::new(scratch)
        .concatenation(narrow)
        .and_then(|writer| writer.repeat(&header))
        .expect("it is shorter than before");
    scratch.extend_from_slice(body);
    let text = scratch;
    (Message { text, ..message }, None)
}

/// Appends the TLVs that say which part a message is (SMPP 3.4, 5.3.2.22 to 24).
pub(crate) fn put_sar(out: &mut Vec<u8>, part: Concatenation) {
    tlv::put_u16(out, tlv::SAR_MSG_REF_NUM, part.reference);
    tlv::put_u8(out, tlv::SAR_TOTAL_SEGMENTS, part.total);
    tlv::put_u8(out, tlv::SAR_SEGMENT_SEQNUM, part.sequence);
}
