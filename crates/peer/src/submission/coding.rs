//! How a text is coded: which alphabets the customer may write in, and what becomes of message classes, flash and ports.

use smpp::status;
use smpp::tlv::{self, Tlvs};
use sms::alphabet::message_class;
use sms::udh::Header;
use sms::{Alphabet, Message, UDHI};

use super::{Bad, bad};
use crate::{ClassRule, Submitting};

/// The data_coding that a message travels with: what the customer means, said so that it means the same to whoever reads it
/// by the specification. `part`: the message is one of several, or becomes several.
#[inline]
pub(super) fn data_coding(
    message: &Message<'_>,
    part: bool,
    rules: &Submitting,
) -> Result<u8, Bad> {
    const REFUSED: Bad = bad(status::RINVDCS, "data_coding");
    let sent = message.data_coding;
    if matches!(sent, 0x0B | 0x0C | 0x0F | 0x80..=0xBF) {
        return Err(REFUSED);
    }
    let header = header(message);
    if !rules.ports && header.ports().is_some() {
        return Err(bad(status::RSUBMITFAIL, "ports in the user data header"));
    }
    let alphabet = message.alphabet(&rules.reading);
    let allowed = if part || header.concatenation().is_some() {
        rules.part_alphabets
    } else {
        rules.alphabets
    };
    if !allowed.allow(alphabet) {
        return Err(REFUSED);
    }
    match (rules.message_class, message_class(sent)) {
        (ClassRule::Refuse, Some(_)) | (ClassRule::RefuseFlash, Some(0)) => {
            Err(bad(status::RINVDCS, "message class"))
        }
        (ClassRule::Sim, _) => Ok(alphabet.data_coding(Some(SIM)).unwrap_or(sent)),
        (ClassRule::Strip, Some(_)) => Ok(alphabet.data_coding(None).unwrap_or(sent)),
        (_, _) => Ok(plainly(sent, alphabet)),
    }
}

/// The message class that is kept on the SIM (3GPP 23.038, 4).
const SIM: u8 = 2;

/// The three values that customers read differently become those that the specification has for what they mean.
#[inline]
fn plainly(sent: u8, alphabet: Alphabet) -> u8 {
    match sent {
        0x00 | 0x01 | 0x03 => alphabet.data_coding(None).unwrap_or(sent),
        _ => sent,
    }
}

fn header<'a>(message: &Message<'a>) -> Header<'a> {
    if message.esm_class & UDHI == 0 {
        return Header::default();
    }
    message
        .header()
        .map_or(Header::default(), |(header, _)| header)
}

/// Refuses TLVs that ask for ports or for flash where these are not offered.
pub(super) fn check_tlvs(tlvs: Tlvs<'_>, rules: &Submitting) -> Result<(), Bad> {
    let has = |tag: u16| tlvs.get(tag).is_some();
    if !rules.ports && (has(tlv::SOURCE_PORT) || has(tlv::DEST_PORT)) {
        return Err(bad(status::RSUBMITFAIL, "source_port, destination_port"));
    }
    let refuses_flash = matches!(
        rules.message_class,
        ClassRule::Refuse | ClassRule::RefuseFlash
    );
    if refuses_flash && tlvs.iter().any(|tlv| is_flash(tlv.tag, tlv.value)) {
        return Err(bad(status::RSUBMITFAIL, "flash"));
    }
    Ok(())
}

/// Whether this TLV asks for flash: dest_addr_subunit "MS display", or alert_on_message_delivery (SMPP 3.4, 5.3.2.1 and 41).
fn is_flash(tag: u16, value: &[u8]) -> bool {
    tag == tlv::ALERT_ON_MESSAGE_DELIVERY || tag == tlv::DEST_ADDR_SUBUNIT && value == [1]
}

/// Whether a TLV of this tag would give a message the class that it must not have.
pub(super) fn is_stripped(tag: u16, rules: &Submitting) -> bool {
    matches!(rules.message_class, ClassRule::Strip | ClassRule::Sim)
        && matches!(tag, tlv::ALERT_ON_MESSAGE_DELIVERY | tlv::DEST_ADDR_SUBUNIT)
}
