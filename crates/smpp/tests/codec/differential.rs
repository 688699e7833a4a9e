//! Our decoder beside rusmpp's, which shares no line with it.
//!
//! rusmpp fails a whole PDU for deviations that we take with a warning, so its yes is stronger than its no: what it
//! takes we take, and both give back the same octets. What we take without a warning it refuses only for reasons that
//! are listed here.

use crate::strategies::{Mutation, Pdus, config, mutated};
use crate::vectors::{VALID, lines, octets, split_one};
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rusmpp_core::command::borrowed::Command;
use rusmpp_core::decode::borrowed::DecodeWithLength;
use rusmpp_core::encode::{Encode, Length};
use rusmpp_core::pdus::borrowed::Pdu as Theirs;
use smpp::frame::Frame;
use smpp::pdu::{Pdu, decode, encode};
use smpp::tlv;
use smpp::{Tolerance, Warnings};

/// TLVs that rusmpp has room for.
const TLVS: usize = 32;

#[test]
fn both_read_every_golden_pdu_except_the_known_ones() {
    for vector in lines(VALID) {
        let wire = octets(&vector["hex"]);
        let frame = split_one(&wire);
        let ours = decode(&frame, Tolerance::Strict).expect("golden");
        match theirs(&wire) {
            Some(again) => assert_eq!(again, wire, "{}", vector["name"]),
            None => assert!(rusmpp_may_refuse(&frame, &ours.0), "{}", vector["name"]),
        }
    }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn what_we_write_rusmpp_reads((pdu, status) in Pdus::of_ascii().pdu(), sequence: u32) {
        let mut wire = BytesMut::new();
        encode(&pdu, status, sequence, &mut wire).expect("valid by construction");
        match theirs(&wire) {
            Some(again) => prop_assert_eq!(&again, &wire),
            None => prop_assert!(rusmpp_may_refuse(&split_one(&wire), &pdu), "{:?}", pdu),
        }
        if let (Pdu::SubmitSm(sm), Some(command)) = (&pdu, their_command(&wire)) {
            let Some(Theirs::SubmitSm(theirs)) = command.pdu() else {
                panic!("another PDU: {command:?}");
            };
            prop_assert_eq!(theirs.source_addr.bytes(), [sm.source.digits, b"\0"].concat());
            prop_assert_eq!(theirs.destination_addr.bytes(), [sm.destination.digits, b"\0"].concat());
            prop_assert_eq!(theirs.short_message().bytes(), sm.short_message);
            prop_assert_eq!(u8::from(theirs.data_coding), sm.data_coding);
            prop_assert_eq!(u8::from(theirs.dest_addr_ton), sm.destination.ton);
            prop_assert_eq!(theirs.sm_default_msg_id, sm.sm_default_msg_id);
        }
    }

    #[test]
    fn what_rusmpp_takes_we_take_alike(golden: Index, mutations in vec(Mutation::any(), 1..4)) {
        let wire = mutated(golden, &mutations);
        let frame = split_one(&wire);

        let ours = decode(&frame, Tolerance::Strict);
        match (theirs(&wire), ours) {
            (Some(again), Ok((pdu, warnings))) => {
                if BROKEN_TLVS.iter().any(|broken| warnings.contains(*broken)) {
                    return Ok(());
                }
                if FORGETFUL.iter().any(|&tag| pdu.tlvs().get(tag).is_some()) {
                    prop_assert_eq!(again.len(), wire.len());
                } else {
                    prop_assert_eq!(&again, &wire);
                }
                prop_assert!(!warnings.contains(Warnings::MISSING_NUL), "{warnings:?}");
                let mut out = BytesMut::new();
                encode(&pdu, frame.header.status, frame.header.sequence, &mut out).expect("decoded");
                prop_assert_eq!(&out[..], &wire[..]);
            }
            (Some(_), Err(error)) => {
                // It takes a request without a body, an empty list of destinations, and a TLV that says it is longer than the PDU if there is
                // a NUL in time.
                let lax = ["number_of_dests", "tlv"];
                prop_assert!(frame.body.is_empty() || lax.contains(&error.field), "{error} {wire:02x?}");
            }
            (None, Ok((pdu, warnings))) => {
                prop_assert!(!warnings.is_empty() || rusmpp_may_refuse(&frame, &pdu), "{:?}", pdu);
            }
            (None, Err(_)) => {}
        }
    }
}

/// TLVs of which rusmpp forgets the reserved bits.
const FORGETFUL: [u16; 2] = [tlv::MS_MSG_WAIT_FACILITIES, tlv::CALLBACK_NUM_PRES_IND];

/// What we say of a response with a TLV that says it is longer than the PDU.
const BROKEN_TLVS: [Warnings; 3] = [
    Warnings::TRAILING_OCTETS,
    Warnings::BAD_TLV_TAIL,
    Warnings::STRAY_NUL,
];

/// The octets that rusmpp makes of a PDU, if it takes all of it.
fn theirs(wire: &[u8]) -> Option<Vec<u8>> {
    let command = their_command(wire)?;
    let mut again = vec![0; command.length()];
    let written = command.encode(&mut again);
    again.truncate(written);
    let length = u32::try_from(again.len() + 4).ok()?;
    Some([&length.to_be_bytes(), &again[..]].concat())
}

fn their_command(wire: &[u8]) -> Option<Command<'_, TLVS>> {
    let after_length = wire.get(4..)?;
    let (command, taken) = Command::<TLVS>::decode(after_length, after_length.len()).ok()?;
    (taken == after_length.len()).then_some(command)
}

/// Why rusmpp 0.4.0 refuses a PDU that is right.
fn rusmpp_may_refuse(frame: &Frame<'_>, pdu: &Pdu<'_>) -> bool {
    // It reads text as ASCII.
    let not_ascii = !frame.body.is_ascii();
    // It has 21 octets for these addresses, of which there are 65 (SMPP 3.4, 4.7.1).
    let long_address = match pdu {
        Pdu::DataSm(sm) => sm.source.digits.len() > 20 || sm.destination.digits.len() > 20,
        _ => false,
    };
    // It reads a header without looking for TLVs behind it.
    let tlvs_after_header = matches!(
        pdu,
        Pdu::Unbind(_)
            | Pdu::UnbindResp(_)
            | Pdu::EnquireLink(_)
            | Pdu::EnquireLinkResp(_)
            | Pdu::GenericNack(_)
            | Pdu::CancelSmResp(_)
            | Pdu::ReplaceSmResp(_)
            | Pdu::CancelBroadcastSmResp(_)
    ) && !pdu.tlvs().is_empty();
    // It reads no TLVs at all in PDUs for which the specification lists none.
    let no_tlvs_listed = matches!(
        pdu,
        Pdu::BindReceiver(_)
            | Pdu::BindTransmitter(_)
            | Pdu::BindTransceiver(_)
            | Pdu::Outbind(_)
            | Pdu::QuerySm(_)
            | Pdu::QuerySmResp(_)
            | Pdu::CancelSm(_)
    ) && !pdu.tlvs().is_empty();
    // It has room for one TLV where the specification lists one.
    let one_tlv_listed = matches!(
        pdu,
        Pdu::BindReceiverResp(_)
            | Pdu::BindTransmitterResp(_)
            | Pdu::BindTransceiverResp(_)
            | Pdu::AlertNotification(_)
            | Pdu::QueryBroadcastSm(_)
            | Pdu::ReplaceSm(_)
    ) && pdu.tlvs().iter().count() > 1;
    // It has other lengths for these than the specification (broadcast_rep_num: 1; source_telematics_id: 2).
    let tlv_of_other_length = [tlv::BROADCAST_REP_NUM, tlv::SOURCE_TELEMATICS_ID]
        .iter()
        .any(|&tag| pdu.tlvs().get(tag).is_some());
    // It looks into values: text must end with its only NUL.
    let text_of_other_shape = [
        tlv::ADDITIONAL_STATUS_INFO_TEXT,
        tlv::RECEIPTED_MESSAGE_ID,
        tlv::SOURCE_NETWORK_ID,
        tlv::DEST_NETWORK_ID,
        tlv::BROADCAST_END_TIME,
    ]
    .iter()
    .filter_map(|&tag| pdu.tlvs().get(tag))
    .any(|value| !matches!(value, [text @ .., 0] if !text.contains(&0)));
    [
        text_of_other_shape,
        not_ascii,
        long_address,
        tlvs_after_header,
        no_tlvs_listed,
        one_tlv_listed,
        tlv_of_other_length,
    ]
    .contains(&true)
}
