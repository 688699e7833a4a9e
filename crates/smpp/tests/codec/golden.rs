//! The golden PDUs, each agreed by at least two independent implementations, both ways; and what a strict decoder
//! says of the malformed ones.

use crate::vectors::{INVALID, VALID, hex, lines, octets, split_one, text};
use bytes::BytesMut;
use serde_json::Value;
use smpp::command::CommandId;
use smpp::pdu::{
    AlertNotification, Bind, BindLimits, BindResp, BroadcastSm, CancelBroadcastSm, CancelSm,
    DataSm, Destination, Destinations, Outbind, Pdu, QuerySm, QuerySmResp, ReplaceSm, Sm, SmResp,
    SubmitMulti, SubmitMultiResp, Unsuccessful, UnsuccessfulList, decode, encode,
};
use smpp::status::Status;
use smpp::tlv::{self, Tlvs};
use smpp::{Malformed, Tolerance, Warnings, frame, receipt};
use sms::{Address, State};

#[test]
fn every_golden_pdu_decodes_to_its_fields_in_both_tolerances() {
    for vector in lines(VALID) {
        let name = text(&vector["name"]);
        let wire = octets(&vector["hex"]);
        for tolerance in [Tolerance::Strict, Tolerance::Tolerant] {
            let frame = split_one(&wire);
            assert_eq!(frame.header.length, number(&vector["command_length"]));
            let (pdu, warnings) =
                decode(&frame, tolerance).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(pdu, fields(&vector), "{name}");
            let expected = match frame.header.status.0 {
                0 => Warnings::NONE,
                _ => warnings & Warnings::BODY_ON_ERROR,
            };
            assert_eq!(warnings, expected, "{name}");
        }
    }
}

#[test]
fn every_golden_pdu_is_encoded_octet_for_octet() {
    let mut out = BytesMut::new();
    for vector in lines(VALID) {
        let pdu = fields(&vector);
        let status = Status(hex(&vector["command_status"]));
        let sequence = number(&vector["sequence_number"]);
        out.clear();
        encode(&pdu, status, sequence, &mut out).expect("a golden PDU can be said");
        assert_eq!(out[..], octets(&vector["hex"])[..], "{}", vector["name"]);
    }
}

#[test]
fn names_and_versions_agree_with_the_golden_pdus() {
    for vector in lines(VALID) {
        let id = CommandId(hex(&vector["command_id"]));
        assert_eq!(id.name(), vector["command"], "{}", vector["name"]);
        let since = id.since().expect("a known command");
        assert!(since <= version(&vector["version"]), "{}", vector["name"]);
        for tlv in vector["tlvs"].as_array().expect("a list") {
            let tag = hex(&tlv["tag"]) as u16;
            let expected = match tag {
                // A response has the same tag under another name (SMPP 5.0, 4.8.4.15).
                0x0606 => "broadcast_area_identifier",
                0x1400..=0x3FFF => "vendor",
                0x4001 => "reserved",
                _ => text(&tlv["name"]),
            };
            assert_eq!(tlv::name(tag), expected);
            assert!(tlv::since(tag).is_none_or(|since| since <= version(&vector["version"])));
        }
    }
}

#[test]
fn integer_and_text_getters_agree_with_the_golden_tlvs() {
    for vector in lines(VALID) {
        let pdu = fields(&vector);
        let tlvs = vector["tlvs"].as_array().expect("a list");
        for (at, tlv) in tlvs.iter().enumerate() {
            let tag = hex(&tlv["tag"]) as u16;
            if tlvs[..at].iter().any(|before| before["tag"] == tlv["tag"]) {
                continue;
            }
            match &tlv["value"] {
                Value::Number(value) => {
                    let found = pdu.tlvs().integer(tag).map(u64::from);
                    assert_eq!(found, value.as_u64(), "{}", vector["name"]);
                }
                Value::String(value) => {
                    assert_eq!(pdu.tlvs().cstr(tag), Some(value.as_bytes()));
                }
                _ => assert_eq!(pdu.tlvs().get(tag), Some(&octets(&tlv["value_hex"])[..])),
            }
        }
    }
}

#[test]
fn every_golden_receipt_is_read() {
    let mut count = 0;
    for vector in lines(VALID) {
        let Some(expected) = vector["receipt"].as_object() else {
            continue;
        };
        count += 1;
        let name = text(&vector["name"]);
        let (esm_class, message, tlvs) = match fields(&vector) {
            Pdu::DeliverSm(sm) => (sm.esm_class, sm.short_message, sm.tlvs),
            Pdu::DataSm(sm) => (sm.esm_class, &[][..], sm.tlvs),
            other => panic!("{name}: {other:?}"),
        };
        assert!(receipt::is_receipt(esm_class, &tlvs), "{name}");
        let message = tlvs.message_payload().unwrap_or(message);
        let mut scratch = Vec::new();
        let found = receipt::parse(receipt::narrow(message, &mut scratch)).expect(name);
        for (key, value) in [
            ("id", found.id),
            ("sub", found.sub),
            ("dlvrd", found.dlvrd),
            ("submit_date", found.submit_date),
            ("done_date", found.done_date),
            ("stat", found.stat),
            ("err", found.err),
            ("text", found.text),
        ] {
            let expected = expected.get(key).map_or("", text);
            assert_eq!(
                value.escape_ascii().to_string(),
                escaped(expected),
                "{name} {key}"
            );
        }
        assert_eq!(found.state, State::from_word(found.stat));
    }
    assert!(count >= 18, "only {count} receipts");
}

#[test]
fn every_golden_user_data_header_is_read() {
    let mut count = 0;
    for vector in lines(VALID) {
        let Some(expected) = vector["udh"].as_array() else {
            continue;
        };
        count += 1;
        let (Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm)) = fields(&vector) else {
            panic!("{} has a header", vector["name"]);
        };
        let message = sm.tlvs.message_payload().unwrap_or(sm.short_message);
        let (header, rest) = sms::udh::split(message).expect("a header");
        assert_eq!(header.octets(), number(&vector["udh_octets"]) as usize);
        assert_eq!(rest, octets(&vector["text_after_udh_hex"]));
        let elements: Vec<_> = header.elements().map(|e| (e.id, e.data.to_vec())).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|e| (number(&e["iei"]) as u8, octets(&e["data_hex"])))
            .collect();
        assert_eq!(elements, expected, "{}", vector["name"]);
    }
    assert!(count >= 12, "only {count} headers");
}

/// What the customer is answered when a malformed request comes: the preferred status of the vector, or another that
/// it allows. Vectors without a decode error are about meaning or state and decode well.
#[test]
fn malformed_requests_get_the_status_of_their_field() {
    let mut refused = 0;
    for vector in lines(INVALID) {
        let name = text(&vector["name"]);
        let wire = octets(&vector["hex"]);
        let mut input = &wire[..];
        let Ok(Some(frame)) = frame::split(&mut input, frame::CAP_BOUND) else {
            continue;
        };
        if frame.header.command_id.is_response() {
            continue;
        }
        let outcome = decode(&frame, Tolerance::Strict).and_then(|(pdu, _)| match pdu {
            Pdu::BindReceiver(b) | Pdu::BindTransmitter(b) | Pdu::BindTransceiver(b) => {
                b.check(&BindLimits::SPECIFICATION)
            }
            _ => Ok(()),
        });
        // The octets are two PDUs, or the rest of one: the next test's matter.
        let framing = vector["strict_decode_error"]
            .as_str()
            .is_some_and(|error| error.starts_with("length "));
        match outcome {
            Ok(()) => assert!(
                vector["strict_decode_error"].is_null() || framing,
                "{name} was taken"
            ),
            Err(error) => {
                refused += 1;
                let allowed = allowed_statuses(&vector);
                assert!(
                    allowed.contains(&error.status.0),
                    "{name}: {error}, not {allowed:?}"
                );
                let preferred = &vector["expect"]["reply"]["command_status"];
                let preferred = preferred.as_array().expect(name);
                assert!(
                    preferred.iter().any(|status| *status == error.status.0),
                    "{name}: {error}, preferred {preferred:?}"
                );
            }
        }
    }
    assert!(refused >= 40, "only {refused} refused");
}

#[test]
fn a_bad_length_is_a_framing_error_and_a_partial_pdu_waits() {
    for vector in lines(INVALID) {
        let wire = octets(&vector["hex"]);
        let mut input = &wire[..];
        let found = frame::split(&mut input, frame::CAP_BOUND);
        let name = text(&vector["name"]);
        if name.contains("command_length-") || name.contains("-port") {
            let first = wire.first_chunk::<4>().expect("a length");
            let length = u32::from_be_bytes(*first);
            assert_eq!(found, Err(frame::BadLength { length }), "{name}");
        } else if name.contains("eof") || name.contains("partial") {
            assert_eq!(found, Ok(None), "{name}");
        } else {
            let frame = found.expect(name).expect(name);
            let length = frame.header.length as usize;
            assert_eq!(
                (frame.body.len(), input.len()),
                (length - 16, wire.len() - length)
            );
        }
    }
}

/// Deviations that are common in the field (three of them mentioned in the vectors' notes) cost carriers nothing.
#[test]
fn carriers_deviations_are_taken_with_a_warning() {
    for vector in lines(INVALID) {
        let wire = octets(&vector["hex"]);
        let name = text(&vector["name"]);
        let expected = match name {
            "inv-client-deliver_sm-source_addr-40-chars" => Warnings::LONG_SOURCE,
            "inv-client-submit_sm_resp-message_id-100-chars" => Warnings::LONG_MESSAGE_ID,
            "inv-client-submit_sm_resp-ok-no-body" => Warnings::NO_BODY_ON_OK,
            "inv-deliver_sm_resp-body-missing-status-0" => Warnings::NO_BODY_ON_OK,
            "inv-client-bind_resp-sc_interface_version-2-octets" => Warnings::TLV_LENGTH,
            "inv-submit_sm-tlv-1-trailing-octets" => Warnings::TRAILING_OCTETS,
            "inv-submit_sm-tlv-3-trailing-octets" => Warnings::TRAILING_OCTETS,
            "inv-submit_sm-tlv-unknown-beyond-end" => Warnings::BAD_TLV_TAIL,
            "inv-submit_sm-validity-12-chars" => Warnings::TIME_LENGTH,
            "inv-submit_sm-service_type-6-chars" => Warnings::LONG_SERVICE_TYPE,
            "inv-submit_sm-destination_addr-200-chars" => Warnings::LONG_DESTINATION,
            "inv-submit_sm-payload-twice" => Warnings::TLV_REPEATED,
            "inv-submit_sm-tlv-source_port-0-octets" => Warnings::TLV_LENGTH,
            _ => continue,
        };
        let (_, warnings) = decode(&split_one(&wire), Tolerance::Tolerant)
            .unwrap_or_else(|error: Malformed| panic!("{name}: {error}"));
        assert_eq!(warnings, expected, "{name}");
    }
}

fn allowed_statuses(vector: &Value) -> Vec<u32> {
    let alternatives = vector["expect"]["alternatives"].as_array();
    let replies = alternatives.into_iter().flatten().map(|a| &a["reply"]);
    [&vector["expect"]["reply"]]
        .into_iter()
        .chain(replies)
        .filter_map(|reply| reply["command_status"].as_array())
        .flatten()
        .map(number)
        .collect()
}

fn version(value: &Value) -> smpp::Version {
    match text(value) {
        "3.3" => smpp::Version::V33,
        "3.4" => smpp::Version::V34,
        "5.0" => smpp::Version::V50,
        other => panic!("version {other}"),
    }
}

/// A PDU built from the fields of a vector, not from its octets.
fn fields(vector: &Value) -> Pdu<'static> {
    let mut area = Vec::new();
    for tlv in vector["tlvs"].as_array().expect("a list") {
        let tag = hex(&tlv["tag"]) as u16;
        tlv::put_bytes(&mut area, tag, &octets(&tlv["value_hex"])).expect("a short value");
    }
    let tlvs = Tlvs::parse(area.leak()).expect("what was put");
    let body = Body {
        fields: &vector["body"],
        tlvs,
        present: vector["body_present"] == true,
    };
    body.pdu(text(&vector["command"]))
}

struct Body<'v> {
    fields: &'v Value,
    tlvs: Tlvs<'static>,
    present: bool,
}

impl Body<'_> {
    fn pdu(&self, command: &str) -> Pdu<'static> {
        match command {
            "bind_receiver" => Pdu::BindReceiver(self.bind()),
            "bind_receiver_resp" => Pdu::BindReceiverResp(self.bind_resp()),
            "bind_transmitter" => Pdu::BindTransmitter(self.bind()),
            "bind_transmitter_resp" => Pdu::BindTransmitterResp(self.bind_resp()),
            "bind_transceiver" => Pdu::BindTransceiver(self.bind()),
            "bind_transceiver_resp" => Pdu::BindTransceiverResp(self.bind_resp()),
            "outbind" => Pdu::Outbind(Outbind {
                system_id: self.string("system_id"),
                password: self.string("password"),
                tlvs: self.tlvs,
            }),
            "unbind" => Pdu::Unbind(self.tlvs),
            "unbind_resp" => Pdu::UnbindResp(self.tlvs),
            "enquire_link" => Pdu::EnquireLink(self.tlvs),
            "enquire_link_resp" => Pdu::EnquireLinkResp(self.tlvs),
            "generic_nack" => Pdu::GenericNack(self.tlvs),
            "alert_notification" => Pdu::AlertNotification(AlertNotification {
                source: self.address("source_addr", "source_addr"),
                esme: self.address("esme_addr", "esme_addr"),
                tlvs: self.tlvs,
            }),
            "submit_sm" => Pdu::SubmitSm(self.sm()),
            "submit_sm_resp" => Pdu::SubmitSmResp(self.sm_resp()),
            "deliver_sm" => Pdu::DeliverSm(self.sm()),
            "deliver_sm_resp" => Pdu::DeliverSmResp(self.sm_resp()),
            "data_sm" => Pdu::DataSm(self.data_sm()),
            "data_sm_resp" => Pdu::DataSmResp(self.sm_resp()),
            "submit_multi" => Pdu::SubmitMulti(self.submit_multi()),
            "submit_multi_resp" => Pdu::SubmitMultiResp(self.submit_multi_resp()),
            "query_sm" => Pdu::QuerySm(self.query_sm()),
            "query_sm_resp" => Pdu::QuerySmResp(self.query_sm_resp()),
            "cancel_sm" => Pdu::CancelSm(CancelSm {
                service_type: self.string("service_type"),
                message_id: self.string("message_id"),
                source: self.source(),
                destination: self.destination(),
                tlvs: self.tlvs,
            }),
            "cancel_sm_resp" => Pdu::CancelSmResp(self.tlvs),
            "replace_sm" => Pdu::ReplaceSm(self.replace_sm()),
            "replace_sm_resp" => Pdu::ReplaceSmResp(self.tlvs),
            "broadcast_sm" => Pdu::BroadcastSm(self.broadcast_sm()),
            "broadcast_sm_resp" => Pdu::BroadcastSmResp(self.sm_resp()),
            "query_broadcast_sm" => Pdu::QueryBroadcastSm(self.query_sm()),
            "query_broadcast_sm_resp" => Pdu::QueryBroadcastSmResp(self.sm_resp()),
            "cancel_broadcast_sm" => Pdu::CancelBroadcastSm(CancelBroadcastSm {
                service_type: self.string("service_type"),
                message_id: self.string("message_id"),
                source: self.source(),
                tlvs: self.tlvs,
            }),
            "cancel_broadcast_sm_resp" => Pdu::CancelBroadcastSmResp(self.tlvs),
            other => panic!("unknown command {other}"),
        }
    }

    fn bind(&self) -> Bind<'static> {
        Bind {
            system_id: self.string("system_id"),
            password: self.string("password"),
            system_type: self.string("system_type"),
            interface_version: self.octet("interface_version"),
            addr_ton: self.octet("addr_ton"),
            addr_npi: self.octet("addr_npi"),
            address_range: self.string("address_range"),
            tlvs: self.tlvs,
        }
    }

    fn bind_resp(&self) -> BindResp<'static> {
        BindResp {
            system_id: self.string("system_id"),
            tlvs: self.tlvs,
            body_present: self.present,
        }
    }

    fn sm(&self) -> Sm<'static> {
        Sm {
            service_type: self.string("service_type"),
            source: self.source(),
            destination: self.destination(),
            esm_class: self.octet("esm_class"),
            protocol_id: self.octet("protocol_id"),
            priority_flag: self.octet("priority_flag"),
            schedule_delivery_time: self.string("schedule_delivery_time"),
            validity_period: self.string("validity_period"),
            registered_delivery: self.octet("registered_delivery"),
            replace_if_present_flag: self.octet("replace_if_present_flag"),
            data_coding: self.octet("data_coding"),
            sm_default_msg_id: self.octet("sm_default_msg_id"),
            short_message: self.short_message(),
            tlvs: self.tlvs,
        }
    }

    fn sm_resp(&self) -> SmResp<'static> {
        SmResp {
            message_id: self.string("message_id"),
            tlvs: self.tlvs,
            body_present: self.present,
        }
    }

    fn data_sm(&self) -> DataSm<'static> {
        DataSm {
            service_type: self.string("service_type"),
            source: self.source(),
            destination: self.destination(),
            esm_class: self.octet("esm_class"),
            registered_delivery: self.octet("registered_delivery"),
            data_coding: self.octet("data_coding"),
            tlvs: self.tlvs,
        }
    }

    fn submit_multi(&self) -> SubmitMulti<'static> {
        let mut list = Vec::new();
        for entry in self.fields["dest_addresses"].as_array().expect("a list") {
            let entry = Body {
                fields: entry,
                ..*self
            };
            let destination = match entry.octet("dest_flag") {
                1 => Destination::Address(entry.destination()),
                2 => Destination::List(entry.string("dl_name")),
                other => panic!("dest_flag {other}"),
            };
            Destinations::push(&mut list, &destination).expect("a short entry");
        }
        let destinations = Destinations::parse(list.leak()).expect("what was pushed");
        assert_eq!(
            destinations.len(),
            usize::from(self.octet("number_of_dests"))
        );
        let sm = Body {
            fields: self.fields,
            ..*self
        };
        SubmitMulti {
            service_type: sm.string("service_type"),
            source: sm.source(),
            destinations,
            esm_class: sm.octet("esm_class"),
            protocol_id: sm.octet("protocol_id"),
            priority_flag: sm.octet("priority_flag"),
            schedule_delivery_time: sm.string("schedule_delivery_time"),
            validity_period: sm.string("validity_period"),
            registered_delivery: sm.octet("registered_delivery"),
            replace_if_present_flag: sm.octet("replace_if_present_flag"),
            data_coding: sm.octet("data_coding"),
            sm_default_msg_id: sm.octet("sm_default_msg_id"),
            short_message: sm.short_message(),
            tlvs: self.tlvs,
        }
    }

    fn submit_multi_resp(&self) -> SubmitMultiResp<'static> {
        let mut list = Vec::new();
        for entry in self.fields["unsuccess_smes"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let status = Status(number(&entry["error_status_code"]));
            let entry = Body {
                fields: entry,
                ..*self
            };
            let unsuccessful = Unsuccessful {
                destination: entry.destination(),
                status,
            };
            UnsuccessfulList::push(&mut list, &unsuccessful).expect("a short entry");
        }
        let unsuccessful = UnsuccessfulList::parse(list.leak()).expect("what was pushed");
        assert_eq!(unsuccessful.len(), usize::from(self.octet("no_unsuccess")));
        SubmitMultiResp {
            message_id: self.string("message_id"),
            unsuccessful,
            tlvs: self.tlvs,
            body_present: self.present,
        }
    }

    fn query_sm(&self) -> QuerySm<'static> {
        QuerySm {
            message_id: self.string("message_id"),
            source: self.source(),
            tlvs: self.tlvs,
        }
    }

    fn query_sm_resp(&self) -> QuerySmResp<'static> {
        QuerySmResp {
            message_id: self.string("message_id"),
            final_date: self.string("final_date"),
            message_state: self.octet("message_state"),
            error_code: self.octet("error_code"),
            tlvs: self.tlvs,
            body_present: self.present,
        }
    }

    fn replace_sm(&self) -> ReplaceSm<'static> {
        ReplaceSm {
            message_id: self.string("message_id"),
            source: self.source(),
            schedule_delivery_time: self.string("schedule_delivery_time"),
            validity_period: self.string("validity_period"),
            registered_delivery: self.octet("registered_delivery"),
            sm_default_msg_id: self.octet("sm_default_msg_id"),
            short_message: self.short_message(),
            tlvs: self.tlvs,
        }
    }

    fn broadcast_sm(&self) -> BroadcastSm<'static> {
        BroadcastSm {
            service_type: self.string("service_type"),
            source: self.source(),
            message_id: self.string("message_id"),
            priority_flag: self.octet("priority_flag"),
            schedule_delivery_time: self.string("schedule_delivery_time"),
            validity_period: self.string("validity_period"),
            replace_if_present_flag: self.octet("replace_if_present_flag"),
            data_coding: self.octet("data_coding"),
            sm_default_msg_id: self.octet("sm_default_msg_id"),
            tlvs: self.tlvs,
        }
    }

    fn source(&self) -> Address<'static> {
        self.address("source_addr", "source_addr")
    }

    fn destination(&self) -> Address<'static> {
        self.address("dest_addr", "destination_addr")
    }

    fn address(&self, prefix: &str, digits: &str) -> Address<'static> {
        Address {
            ton: self.octet(&format!("{prefix}_ton")),
            npi: self.octet(&format!("{prefix}_npi")),
            digits: self.string(digits),
        }
    }

    fn string(&self, name: &str) -> &'static [u8] {
        match &self.fields[name] {
            // Characters above ASCII stand for octets of the same number.
            Value::String(text) => text
                .chars()
                .map(|c| u8::try_from(c).expect("Latin-1"))
                .collect::<Vec<_>>()
                .leak(),
            _ => {
                assert!(!self.present, "{name} is missing");
                &[]
            }
        }
    }

    fn octet(&self, name: &str) -> u8 {
        match self.fields[name].as_u64() {
            Some(value) => u8::try_from(value).expect("an octet"),
            None => {
                assert!(!self.present, "{name} is missing");
                0
            }
        }
    }

    fn short_message(&self) -> &'static [u8] {
        let message = octets(&self.fields["short_message"]);
        assert_eq!(message.len(), usize::from(self.octet("sm_length")));
        message.leak()
    }
}

fn number(value: &Value) -> u32 {
    let number = value.as_u64().expect("a number");
    u32::try_from(number).expect("32 bits")
}

fn escaped(text: &str) -> String {
    text.as_bytes().escape_ascii().to_string()
}
