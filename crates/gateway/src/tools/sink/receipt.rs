//! What the message centre sends by itself: receipts, in the ordinary form or in the odd forms of real carriers, and
//! subscribers' replies.

use bytes::BytesMut;
use smpp::pdu::{self, DataSm, Pdu, Sm};
use smpp::receipt::{self, Fields};
use smpp::status;
use smpp::tlv::{self, Tlvs};
use sms::{Address, State, Wall};

use super::ids::IdFormat;

/// `esm_class` of a receipt (SMPP 3.4, 5.2.12).
const RECEIPT: u8 = 0x04;

/// Receipts have so many odd forms; which one is taken depends on the message's number.
const ODD_FORMS: u64 = 10;

/// An address of at most 20 characters, by value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Number {
    ton: u8,
    npi: u8,
    length: u8,
    digits: [u8; 20],
}

impl Number {
    /// The address, cut where a `deliver_sm` would not hold it.
    #[inline]
    pub(crate) fn new(address: Address<'_>) -> Number {
        let length = address.digits.len().min(20);
        let mut digits = [0; 20];
        digits[..length].copy_from_slice(&address.digits[..length]);
        Number {
            ton: address.ton,
            npi: address.npi,
            length: length as u8,
            digits,
        }
    }

    pub(crate) fn address(&self) -> Address<'_> {
        Address {
            ton: self.ton,
            npi: self.npi,
            digits: &self.digits[..usize::from(self.length)],
        }
    }
}

/// Something that the message centre still has to send.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Pending {
    /// Of the message; a reply has one of its own.
    pub(crate) number: u64,
    /// Whose binds it goes to.
    pub(crate) account: u32,
    /// Who sent the message.
    pub(crate) source: Number,
    /// Whom it was for.
    pub(crate) destination: Number,
    pub(crate) what: What,
}

/// A receipt or a reply.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum What {
    Receipt {
        state: State,
        error: u16,
        copies: u8,
        submitted: Wall,
    },
    /// Boxed, because there are few and receipts are many.
    Reply(Box<Reply>),
}

/// A subscriber's answer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reply {
    pub(crate) data_coding: u8,
    /// At most 255 octets.
    pub(crate) text: Vec<u8>,
}

/// Writes what is pending, with buffers that it keeps.
pub(crate) struct Writer {
    format: IdFormat,
    odd: bool,
    text: Vec<u8>,
    tlvs: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(format: IdFormat, odd: bool) -> Writer {
        Writer {
            format,
            odd,
            text: Vec::new(),
            tlvs: Vec::new(),
        }
    }

    /// Appends the PDU that says it.
    pub(crate) fn write(
        &mut self,
        pending: &Pending,
        now: Wall,
        sequence: u32,
        out: &mut BytesMut,
    ) {
        self.text.clear();
        self.tlvs.clear();
        match &pending.what {
            What::Reply(reply) => {
                let sm = Sm {
                    data_coding: reply.data_coding,
                    short_message: &reply.text,
                    ..from_subscriber(pending)
                };
                send(&Pdu::DeliverSm(sm), sequence, out);
            }
            What::Receipt { .. } if self.odd => self.odd(pending, now, sequence, out),
            What::Receipt { .. } => self.ordinary(pending, now, sequence, out),
        }
    }

    fn ordinary(&mut self, pending: &Pending, now: Wall, sequence: u32, out: &mut BytesMut) {
        let facts = Facts::new(pending, now, self.format);
        facts.text(&mut self.text);
        facts.id_tlv(&mut self.tlvs);
        tlv::put_u8(&mut self.tlvs, tlv::MESSAGE_STATE, facts.state as u8);
        let sm = Sm {
            esm_class: RECEIPT,
            short_message: &self.text,
            tlvs: Tlvs::parse(&self.tlvs).unwrap_or_default(),
            ..from_subscriber(pending)
        };
        send(&Pdu::DeliverSm(sm), sequence, out);
    }

    /// Each form has been seen on the wire of some carrier.
    fn odd(&mut self, pending: &Pending, now: Wall, sequence: u32, out: &mut BytesMut) {
        let facts = Facts::new(pending, now, self.format);
        let form = pending.number % ODD_FORMS;
        match form {
            2 => {}
            5 => facts.shuffled_text(&mut self.text),
            8 => facts.long_dates_text(&mut self.text),
            9 => facts.whole_word_text(&mut self.text),
            _ => facts.text(&mut self.text),
        }
        let tlvs = &mut self.tlvs;
        match form {
            0 => put(tlvs, tlv::RECEIPTED_MESSAGE_ID, facts.id()),
            1 | 5 | 8 => {}
            9 => put(tlvs, tlv::NETWORK_ERROR_CODE, &facts.error_digits()),
            _ => facts.id_tlv(tlvs),
        }
        match form {
            1 | 5 | 8 | 9 => {}
            7 => tlv::put_u32(tlvs, tlv::MESSAGE_STATE, facts.state as u32),
            _ => tlv::put_u8(tlvs, tlv::MESSAGE_STATE, facts.state as u8),
        }
        if matches!(form, 3 | 4) {
            put(tlvs, tlv::MESSAGE_PAYLOAD, &self.text);
            self.text.clear();
        }
        let sm = Sm {
            esm_class: RECEIPT,
            short_message: &self.text,
            tlvs: Tlvs::parse(tlvs).unwrap_or_default(),
            ..from_subscriber(pending)
        };
        let start = out.len();
        match form {
            3 => send(&Pdu::DataSm(as_data_sm(&sm)), sequence, out),
            _ => send(&Pdu::DeliverSm(sm), sequence, out),
        }
        if form == 6 {
            append_stray_nul(out, start);
        }
    }
}

/// What every receipt of a message says.
struct Facts {
    id: super::ids::IdText,
    state: State,
    error: u16,
    submitted: [u8; 12],
    done: [u8; 12],
}

impl Facts {
    fn new(pending: &Pending, now: Wall, format: IdFormat) -> Facts {
        let What::Receipt {
            state,
            error,
            submitted,
            ..
        } = pending.what
        else {
            unreachable!("replies have no facts");
        };
        Facts {
            id: format.in_receipt(pending.number),
            state,
            error,
            submitted: date(submitted),
            done: date(now),
        }
    }

    fn id(&self) -> &[u8] {
        self.id.as_bytes()
    }

    fn id_tlv(&self, tlvs: &mut Vec<u8>) {
        tlv::put_cstr(tlvs, tlv::RECEIPTED_MESSAGE_ID, self.id()).expect("ids are short");
    }

    fn error_digits(&self) -> [u8; 3] {
        let digit = |power: u16| b'0' + (self.error / power % 10) as u8;
        [digit(100), digit(10), digit(1)]
    }

    fn text(&self, out: &mut Vec<u8>) {
        self.labelled(
            out,
            &self.submitted[..10],
            &self.done[..10],
            self.state.word(),
        );
    }

    fn long_dates_text(&self, out: &mut Vec<u8>) {
        self.labelled(out, &self.submitted, &self.done, self.state.word());
    }

    fn whole_word_text(&self, out: &mut Vec<u8>) {
        let word = match self.state {
            State::Delivered => "DELIVERED",
            State::Undeliverable => "UNDELIVERABLE",
            other => other.word(),
        };
        self.labelled(out, &self.submitted[..10], &self.done[..10], word);
    }

    fn labelled(&self, out: &mut Vec<u8>, submitted: &[u8], done: &[u8], word: &str) {
        let fields = Fields {
            id: self.id(),
            sub: 1,
            dlvrd: u16::from(self.state == State::Delivered),
            submit_date: submitted,
            done_date: done,
            stat: word.as_bytes(),
            err: &self.error_digits(),
            text: "",
        };
        receipt::write(out, &fields);
    }

    fn shuffled_text(&self, out: &mut Vec<u8>) {
        let pieces: [&[u8]; 8] = [
            b"stat:",
            self.state.word().as_bytes(),
            b" err:0",
            &self.error_digits(),
            b" done date:",
            &self.done[..10],
            b" ID:",
            self.id(),
        ];
        for piece in pieces {
            out.extend_from_slice(piece);
        }
    }
}

fn from_subscriber(pending: &Pending) -> Sm<'_> {
    Sm {
        source: pending.destination.address(),
        destination: pending.source.address(),
        ..Sm::default()
    }
}

fn as_data_sm<'a>(sm: &Sm<'a>) -> DataSm<'a> {
    DataSm {
        service_type: sm.service_type,
        source: sm.source,
        destination: sm.destination,
        esm_class: sm.esm_class,
        registered_delivery: 0,
        data_coding: 0,
        tlvs: sm.tlvs,
    }
}

fn put(tlvs: &mut Vec<u8>, tag: u16, value: &[u8]) {
    tlv::put_bytes(tlvs, tag, value).expect("receipts are short");
}

fn send(pdu: &Pdu<'_>, sequence: u32, out: &mut BytesMut) {
    pdu::encode(pdu, status::OK, sequence, out).expect("addresses and texts are cut to size");
}

/// One NUL too many after the body, counted in `command_length`.
fn append_stray_nul(out: &mut BytesMut, start: usize) {
    out.extend_from_slice(&[0]);
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// `YYMMDDhhmmss` in UTC; the first ten characters are the usual form.
fn date(wall: Wall) -> [u8; 12] {
    let civil = wall.civil();
    let fields = [
        (civil.year % 100) as u8,
        civil.month,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
    ];
    let mut text = [b'0'; 12];
    for (two, field) in text.chunks_exact_mut(2).zip(fields) {
        two[0] += field / 10;
        two[1] += field % 10;
    }
    text
}

#[cfg(test)]
mod tests {
    use smpp::Tolerance;
    use smpp::frame;

    use super::*;

    fn pending(number: u64) -> Pending {
        let address = |digits| {
            Number::new(Address {
                ton: 1,
                npi: 1,
                digits,
            })
        };
        Pending {
            number,
            account: 0,
            source: address(b"12345"),
            destination: address(b"447700901234"),
            what: What::Receipt {
                state: State::Delivered,
                error: 0,
                copies: 1,
                submitted: Wall(1_782_777_600_000),
            },
        }
    }

    fn written(number: u64, odd: bool) -> BytesMut {
        let mut out = BytesMut::new();
        let mut writer = Writer::new(IdFormat::Decimal, odd);
        writer.write(&pending(number), Wall(1_782_777_659_000), 7, &mut out);
        out
    }

    #[test]
    fn a_receipt_says_which_message_came_to_what() {
        let out = written(42, false);
        let frame = frame::split(&mut &out[..], frame::CAP_BOUND)
            .expect("a length")
            .expect("a PDU");
        let (pdu, warnings) = pdu::decode(&frame, Tolerance::Strict).expect("a body");
        let Pdu::DeliverSm(sm) = pdu else {
            panic!("{pdu:?}")
        };
        assert!(warnings.is_empty());
        assert_eq!(
            (sm.source.digits, sm.destination.digits),
            (&b"447700901234"[..], &b"12345"[..])
        );
        assert_eq!(
            str::from_utf8(sm.short_message),
            Ok(
                "id:42 sub:001 dlvrd:001 submit date:2606300000 done date:2606300000 stat:DELIVRD err:000 text:"
            )
        );
        assert_eq!(sm.tlvs.receipted_message_id(), Some(&b"42"[..]));
        assert_eq!(sm.tlvs.message_state(), Some(State::Delivered));
    }

    #[test]
    fn every_odd_form_is_a_whole_frame_that_a_tolerant_reader_takes() {
        for number in 0..ODD_FORMS {
            let out = written(number, true);
            let mut input = &out[..];
            let frame = frame::split(&mut input, frame::CAP_BOUND)
                .expect("a length")
                .expect("a PDU");
            assert!(input.is_empty(), "form {number}");
            pdu::decode(&frame, Tolerance::Tolerant).expect("a body");
        }
    }

    #[test]
    fn dates_know_leap_years() {
        assert_eq!(&date(Wall(951_782_400_000)), b"000229000000");
        assert_eq!(&date(Wall(1_709_251_199_000)), b"240229235959");
        assert_eq!(&date(Wall(1_735_689_600_000)), b"250101000000");
    }
}
