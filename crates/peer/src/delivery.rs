//! The deliver_sm that tells a customer what became of its message, or what a subscriber wrote.

mod mo;
mod pieces;
mod receipt;

use engine::Delivery;
use smpp::Version;
use smpp::pdu::{Sm, Unencodable};
use smpp::tlv::Tlvs;
use sms::Message;

pub(crate) use self::pieces::Pieces;
use self::receipt::Receipt;
pub(crate) use self::receipt::{err_number, known_to};
use crate::Account;
use crate::told::MessageId;

/// Room for what is put together for one delivery.
#[derive(Default, Debug)]
pub(crate) struct Scratch {
    text: Vec<u8>,
    tlvs: Vec<u8>,
    characters: String,
    excerpt: Vec<u8>,
}

impl Scratch {
    /// Gives back what one long message took.
    pub(crate) fn rest(&mut self) {
        rest(&mut self.text);
        rest(&mut self.tlvs);
    }
}

/// Gives back what one long message took: ten thousand sessions may be waiting for their next.
#[inline]
pub(crate) fn rest(buffer: &mut Vec<u8>) {
    const KEPT: usize = 4096;
    if buffer.capacity() > KEPT {
        *buffer = Vec::new();
    }
}

/// The deliver_sm of `what` to a peer of `version`.
#[inline]
pub(crate) fn deliver_sm<'a>(
    what: Delivery,
    message: &Message<'a>,
    account: &Account,
    version: Version,
    scratch: &'a mut Scratch,
) -> Result<Sm<'a>, Unencodable> {
    match what {
        Delivery::Mo { answers } => mo::deliver_sm(message, answers, account, version, scratch),
        Delivery::Receipt {
            told,
            state,
            is_last,
            cause,
            submitted,
            done,
        } => {
            let told = Receipt {
                id: MessageId::new(told, account.delivering.receipt_id()),
                state: known_to(state, version),
                is_last,
                cause,
                submitted,
                done,
            };
            told.deliver_sm(message, account, version, scratch)
        }
    }
}

/// The deliver_sm of a part that [`Pieces`] gave out.
pub(crate) fn part_sm<'a>(part: &Message<'a>) -> Sm<'a> {
    mo::part_sm(part)
}

/// The submit_sm or deliver_sm of a message, without its text and its TLVs.
#[inline]
pub(crate) fn bare<'a>(message: &Message<'a>) -> Sm<'a> {
    Sm {
        service_type: message.service_type,
        source: message.source,
        destination: message.destination,
        esm_class: message.esm_class,
        protocol_id: message.protocol_id,
        priority_flag: message.priority,
        registered_delivery: message.registered_delivery,
        data_coding: message.data_coding,
        ..Sm::default()
    }
}

/// TLVs as they are stored: they were valid when they came.
pub(crate) fn checked(tlvs: &[u8]) -> Result<Tlvs<'_>, Unencodable> {
    Tlvs::parse(tlvs).map_err(|malformed| Unencodable {
        field: malformed.field,
    })
}
