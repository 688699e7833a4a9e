//! A bad PDU among good ones, arriving in pieces: the good ones come out, whatever the bad one holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smpp::pdu::decode;
use smpp::{Tolerance, frame};

const ENQUIRE_LINK: &[u8] = b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x07";
const SUBMIT_SM: &[u8] = b"\0\0\0\x2a\0\0\0\x04\0\0\0\0\0\0\0\x08\
    \0\x01\x01\x34\x34\0\x01\x01\x34\x35\0\0\0\0\0\0\x01\0\0\0\x05hello";

fuzz_target!(|octets: &[u8]| {
    let Some((&piece, bad)) = octets.split_first() else {
        return;
    };
    if bad.len() < 12 || bad.len() + 4 > frame::CAP_BOUND {
        return;
    }
    let length = u32::try_from(bad.len() + 4).expect("below the cap");
    let stream = [
        SUBMIT_SM,
        &length.to_be_bytes(),
        bad,
        ENQUIRE_LINK,
        SUBMIT_SM,
    ]
    .concat();

    let mut whole = 0;
    let mut here = Vec::new();
    for chunk in stream.chunks(usize::from(piece) + 1) {
        here.extend_from_slice(chunk);
        let mut input = &here[..];
        while let Some(frame) = frame::split(&mut input, frame::CAP_BOUND).expect("good lengths") {
            let found = decode(&frame, Tolerance::Strict);
            let expected = [SUBMIT_SM, bad, ENQUIRE_LINK, SUBMIT_SM][whole];
            if whole == 1 {
                assert_eq!(frame.body, &bad[12..]);
            } else {
                assert_eq!(frame.body, &expected[frame::HEADER_LENGTH..]);
                assert!(found.is_ok());
            }
            whole += 1;
        }
        let rest = input.len();
        here.drain(..here.len() - rest);
    }
    assert_eq!((whole, here.len()), (4, 0));
});
