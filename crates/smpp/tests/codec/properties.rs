//! What holds for every PDU and every mutilation of one.

use crate::strategies::{Mutation, Pdus, config, golden_pdus, mutated};
use crate::vectors::split_one;
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use smpp::frame::{self, Frame};
use smpp::pdu::{decode, encode};
use smpp::tlv::Tlvs;
use smpp::{Tolerance, Version, Warnings, receipt};

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn what_is_encoded_decodes_to_itself((pdu, status) in Pdus::of_any_text().pdu(), sequence: u32) {
        let mut wire = BytesMut::new();
        encode(&pdu, status, sequence, &mut wire).expect("valid by construction");
        let frame = split_one(&wire);
        prop_assert_eq!(frame.header.command_id, pdu.command_id());
        prop_assert_eq!(frame.header.status, status);
        prop_assert_eq!(frame.header.sequence, sequence);
        for tolerance in [Tolerance::Strict, Tolerance::Tolerant] {
            prop_assert_eq!(decode(&frame, tolerance), Ok((pdu, Warnings::NONE)));
        }
    }

    #[test]
    fn what_decodes_without_a_warning_encodes_to_itself(
        golden: Index,
        mutations in vec(Mutation::any(), 1..4),
    ) {
        let wire = mutated(golden, &mutations);
        let frame = split_one(&wire);
        let strict = decode(&frame, Tolerance::Strict);
        let by_rules = decode(&frame, Tolerance::ByRules);
        let tolerant = decode(&frame, Tolerance::Tolerant);
        if let Ok(taken) = strict {
            prop_assert_eq!(by_rules, Ok(taken), "rules are asked beyond what strict takes");
        }
        if let Ok(taken) = by_rules {
            prop_assert_eq!(tolerant, Ok(taken), "tolerant takes all that the others take");
        }
        if let Ok((pdu, warnings)) = tolerant {
            let harmless = Warnings::NO_BODY_ON_OK | Warnings::BODY_ON_ERROR
                | Warnings::TLV_LENGTH | Warnings::TLV_REPEATED;
            if harmless.contains(warnings) {
                let mut out = BytesMut::new();
                encode(&pdu, frame.header.status, frame.header.sequence, &mut out)
                    .expect("it was decoded");
                prop_assert_eq!(&out[..], &wire[..]);
            }
        }
    }

    /// The contents of a PDU never move the boundary of the next: a bad one is lost alone.
    #[test]
    fn a_bad_pdu_in_a_stream_costs_no_other(
        golden in vec(any::<Index>(), 1..6),
        bad: Index,
        mutations in vec(Mutation::any(), 1..6),
        at: Index,
    ) {
        let all = golden_pdus();
        let mut pdus: Vec<Vec<u8>> = golden.iter().map(|i| all[i.index(all.len())].clone()).collect();
        let at = at.index(pdus.len() + 1);
        pdus.insert(at, mutated(bad, &mutations));
        let stream = pdus.concat();
        let mut input = &stream[..];
        for (number, pdu) in pdus.iter().enumerate() {
            let frame = frame::split(&mut input, frame::CAP_BOUND).expect("a length").expect("whole");
            prop_assert_eq!(frame, split_one(pdu));
            let found = decode(&frame, Tolerance::Tolerant);
            prop_assert!(number == at || found.is_ok());
        }
        prop_assert!(input.is_empty());
    }

    #[test]
    fn any_octets_are_survived(octets in vec(any::<u8>(), 0..200), id in 0_u32..0x130) {
        let mut input = &octets[..];
        while let Ok(Some(frame)) = frame::split(&mut input, frame::CAP_UNBOUND) {
            let _ = decode(&frame, Tolerance::Tolerant);
        }
        for id in [id, id | 0x8000_0000] {
            let mut header = split_one(&[0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).header;
            header.command_id = smpp::command::CommandId(id);
            let frame = Frame { header, body: &octets };
            for tolerance in [Tolerance::Strict, Tolerance::Tolerant] {
                if let Ok((pdu, _)) = decode(&frame, tolerance) {
                    prop_assert!(pdu.tlvs().iter().count() <= smpp::tlv::COUNT_MAX);
                    let _ = format!("{pdu:?}");
                }
            }
        }
        if let Ok(tlvs) = Tlvs::parse(&octets) {
            prop_assert_eq!(tlvs.as_bytes(), &octets[..]);
        }
        let _ = receipt::parse(receipt::narrow(&octets, &mut Vec::new()));
    }

    #[test]
    fn older_peers_get_no_tlv_that_they_do_not_know((pdu, _) in Pdus::of_ascii().pdu()) {
        let mut scratch = Vec::new();
        prop_assert!(pdu.for_version(Version::V33, &mut scratch).tlvs().is_empty());
        let older = pdu.for_version(Version::V34, &mut scratch);
        let expected: Vec<_> = pdu
            .tlvs()
            .iter()
            .filter(|tlv| smpp::tlv::since(tlv.tag) != Some(Version::V50))
            .collect();
        prop_assert_eq!(older.tlvs().iter().collect::<Vec<_>>(), expected);
        prop_assert_eq!(older.with_tlvs(pdu.tlvs()), pdu);
    }

    #[test]
    fn a_receipt_reads_as_it_was_written(
        id in "[!-9;-~]{1,64}",
        dates in ("[0-9]{10}", "[0-9]{10}"),
        stat in "[A-Z]{7}",
        err in "[0-9A-F]{1,4}",
        text in "[ -~]{0,30}",
    ) {
        let fields = receipt::Fields {
            id: id.as_bytes(),
            sub: 1,
            dlvrd: 0,
            submit_date: dates.0.as_bytes(),
            done_date: dates.1.as_bytes(),
            stat: stat.as_bytes(),
            err: err.as_bytes(),
            text: &text,
        };
        let mut out = Vec::new();
        receipt::write(&mut out, &fields);
        let found = receipt::parse(&out).expect("a receipt");
        prop_assert_eq!(found.id, fields.id);
        prop_assert_eq!((found.sub, found.dlvrd), (&b"001"[..], &b"000"[..]));
        prop_assert_eq!((found.submit_date, found.done_date), (fields.submit_date, fields.done_date));
        prop_assert_eq!((found.stat, found.err), (fields.stat, fields.err));
        prop_assert_eq!(found.text.len(), text.len().min(20));
    }
}
