//! Nothing is allocated for a PDU, whichever way it goes.

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

use bytes::BytesMut;
use smpp::pdu::{Pdu, Sm, SmResp, decode, encode};
use smpp::tlv::{self, Tlvs};
use smpp::{Tolerance, frame, receipt, status};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes to the system's allocator unchanged; the count touches no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RECEIPT: &[u8] = b"id:123 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 \
    stat:DELIVRD err:000 text:hello";

#[test]
fn no_pdu_allocates_in_either_direction() {
    let mut area = Vec::new();
    tlv::put_cstr(&mut area, tlv::RECEIPTED_MESSAGE_ID, b"123").expect("short");
    let tlvs = Tlvs::parse(&area).expect("what was put");
    let receipt_sm = Sm {
        esm_class: 4,
        short_message: RECEIPT,
        tlvs,
        ..Sm::default()
    };
    let pdus = [
        Pdu::SubmitSm(Sm {
            short_message: &[b'x'; 160],
            ..Sm::default()
        }),
        Pdu::DeliverSm(receipt_sm),
        Pdu::SubmitSmResp(SmResp {
            message_id: b"123",
            body_present: true,
            ..SmResp::default()
        }),
        Pdu::EnquireLink(Tlvs::EMPTY),
    ];
    let mut wire = BytesMut::with_capacity(4096);

    let before = COUNT.get();
    for pdu in &pdus {
        encode(pdu, status::OK, 1, &mut wire).expect("encodable");
    }
    let mut input = &wire[..];
    for pdu in &pdus {
        let frame = frame::split(&mut input, frame::CAP_BOUND)
            .expect("a good length")
            .expect("a whole PDU");
        let (found, _) = decode(&frame, Tolerance::Strict).expect("decodable");
        assert!(found == *pdu);
    }
    let read = receipt::read(RECEIPT, &tlvs).expect("a receipt");
    let after = COUNT.get();

    assert_eq!(after - before, 0);
    assert_eq!(read.id, b"123");
    assert!(before > 0, "the counter counts");
}
