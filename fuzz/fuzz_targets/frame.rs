//! One PDU of any octets: decoding ends, takes at least as much when tolerant, and what it takes without a warning
//! encodes to the same octets.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smpp::pdu::{decode, encode};
use smpp::tlv::COUNT_MAX;
use smpp::{Tolerance, frame};

fuzz_target!(|octets: &[u8]| {
    let mut input = octets;
    let Ok(Some(frame)) = frame::split(&mut input, frame::CAP_BOUND) else {
        assert_eq!(input.len(), octets.len());
        return;
    };
    let wire = &octets[..octets.len() - input.len()];
    assert_eq!(wire.len(), frame.header.length as usize);

    let strict = decode(&frame, Tolerance::Strict);
    let by_rules = decode(&frame, Tolerance::ByRules);
    let tolerant = decode(&frame, Tolerance::Tolerant);
    if let Ok(taken) = strict {
        assert_eq!(by_rules, Ok(taken));
    }
    if let Ok(taken) = by_rules {
        assert_eq!(tolerant, Ok(taken));
    }
    let Ok((pdu, warnings)) = tolerant else {
        return;
    };
    assert!(pdu.tlvs().iter().count() <= COUNT_MAX);
    if warnings.is_empty() {
        let mut out = BytesMut::new();
        encode(&pdu, frame.header.status, frame.header.sequence, &mut out).expect("it was decoded");
        assert_eq!(&out[..], wire);
    }
});
