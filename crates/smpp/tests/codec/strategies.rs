//! Random PDUs of every kind, valid by construction.
//!
//! What they borrow is leaked: a test is a short life.

use core::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::Union;
use proptest::test_runner::{Config, RngSeed};
use smpp::frame;
use smpp::pdu::{
    AlertNotification, Bind, BindResp, BroadcastSm, CancelBroadcastSm, CancelSm, DataSm,
    Destination, Destinations, Outbind, Pdu, QuerySm, QuerySmResp, ReplaceSm, Sm, SmResp,
    SubmitMulti, SubmitMultiResp, Unsuccessful, UnsuccessfulList,
};
use smpp::status::Status;
use smpp::tlv::{self, Tlvs};
use sms::Address;

use crate::vectors::{VALID, lines, octets};

/// The same cases in every run.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(0x5350_5050),
        failure_persistence: None,
        ..Config::default()
    }
}

type Text = BoxedStrategy<&'static [u8]>;

/// Makes PDUs whose strings have octets of one range.
pub(crate) struct Pdus {
    octet: RangeInclusive<u8>,
}

impl Pdus {
    /// Strings with any octet but NUL, as some peers send them.
    pub(crate) fn of_any_text() -> Pdus {
        Pdus { octet: 1..=255 }
    }

    /// Strings as the specification wants them.
    pub(crate) fn of_ascii() -> Pdus {
        Pdus { octet: 0x20..=0x7E }
    }

    /// A PDU of any kind with a status that its body goes with.
    pub(crate) fn pdu(&self) -> impl Strategy<Value = (Pdu<'static>, Status)> + use<> {
        let requests = self.requests().prop_map(|pdu| (pdu, Status(0)));
        let responses = self.responses().prop_map(|pdu| (pdu, Status(0)));
        let errors = (self.errors(), 1_u32..0x500).prop_map(|(pdu, code)| (pdu, Status(code)));
        Union::new([requests.boxed(), responses.boxed(), errors.boxed()])
    }

    fn requests(&self) -> impl Strategy<Value = Pdu<'static>> + use<> {
        Union::new([
            self.bind().prop_map(Pdu::BindReceiver).boxed(),
            self.bind().prop_map(Pdu::BindTransmitter).boxed(),
            self.bind().prop_map(Pdu::BindTransceiver).boxed(),
            self.outbind().prop_map(Pdu::Outbind).boxed(),
            tlvs().prop_map(Pdu::Unbind).boxed(),
            tlvs().prop_map(Pdu::EnquireLink).boxed(),
            self.alert_notification()
                .prop_map(Pdu::AlertNotification)
                .boxed(),
            self.sm().prop_map(Pdu::SubmitSm).boxed(),
            self.sm().prop_map(Pdu::DeliverSm).boxed(),
            self.data_sm().prop_map(Pdu::DataSm).boxed(),
            self.submit_multi().prop_map(Pdu::SubmitMulti).boxed(),
            self.query_sm().prop_map(Pdu::QuerySm).boxed(),
            self.query_sm().prop_map(Pdu::QueryBroadcastSm).boxed(),
            self.cancel_sm().prop_map(Pdu::CancelSm).boxed(),
            self.replace_sm().prop_map(Pdu::ReplaceSm).boxed(),
            self.broadcast_sm().prop_map(Pdu::BroadcastSm).boxed(),
            self.cancel_broadcast_sm()
                .prop_map(Pdu::CancelBroadcastSm)
                .boxed(),
        ])
    }

    fn responses(&self) -> impl Strategy<Value = Pdu<'static>> + use<> {
        let bind_resp = (self.text(15), tlvs()).prop_map(|(system_id, tlvs)| BindResp {
            system_id,
            tlvs,
            body_present: true,
        });
        Union::new([
            bind_resp.clone().prop_map(Pdu::BindReceiverResp).boxed(),
            bind_resp.clone().prop_map(Pdu::BindTransmitterResp).boxed(),
            bind_resp.prop_map(Pdu::BindTransceiverResp).boxed(),
            self.sm_resp().prop_map(Pdu::SubmitSmResp).boxed(),
            self.submit_multi_resp()
                .prop_map(Pdu::SubmitMultiResp)
                .boxed(),
            self.errors().boxed(),
        ])
        .prop_filter("needs a body", |pdu| body_present(pdu) != Some(false))
    }

    /// Responses that may go with any status, among them headers alone.
    fn errors(&self) -> impl Strategy<Value = Pdu<'static>> + use<> {
        Union::new([
            self.sm_resp().prop_map(Pdu::DeliverSmResp).boxed(),
            self.sm_resp().prop_map(Pdu::DataSmResp).boxed(),
            self.sm_resp().prop_map(Pdu::BroadcastSmResp).boxed(),
            self.sm_resp().prop_map(Pdu::QueryBroadcastSmResp).boxed(),
            self.query_sm_resp().prop_map(Pdu::QuerySmResp).boxed(),
            Just(Pdu::SubmitSmResp(SmResp::default())).boxed(),
            Just(Pdu::BindTransceiverResp(BindResp::default())).boxed(),
            Just(Pdu::SubmitMultiResp(SubmitMultiResp::default())).boxed(),
            Just(Pdu::DeliverSmResp(SmResp::default())).boxed(),
            Just(Pdu::QuerySmResp(QuerySmResp::default())).boxed(),
            tlvs().prop_map(Pdu::UnbindResp).boxed(),
            tlvs().prop_map(Pdu::EnquireLinkResp).boxed(),
            tlvs().prop_map(Pdu::GenericNack).boxed(),
            tlvs().prop_map(Pdu::CancelSmResp).boxed(),
            tlvs().prop_map(Pdu::ReplaceSmResp).boxed(),
            tlvs().prop_map(Pdu::CancelBroadcastSmResp).boxed(),
        ])
    }

    fn bind(&self) -> impl Strategy<Value = Bind<'static>> + use<> {
        let texts = (self.text(15), self.text(8), self.text(12), self.text(40));
        (texts, any::<[u8; 3]>(), tlvs()).prop_map(|(texts, [version, ton, npi], tlvs)| Bind {
            system_id: texts.0,
            password: texts.1,
            system_type: texts.2,
            interface_version: version,
            addr_ton: ton,
            addr_npi: npi,
            address_range: texts.3,
            tlvs,
        })
    }

    fn outbind(&self) -> impl Strategy<Value = Outbind<'static>> + use<> {
        (self.text(15), self.text(8), tlvs()).prop_map(|(system_id, password, tlvs)| Outbind {
            system_id,
            password,
            tlvs,
        })
    }

    fn alert_notification(&self) -> impl Strategy<Value = AlertNotification<'static>> + use<> {
        (self.address(64), self.address(64), tlvs())
            .prop_map(|(source, esme, tlvs)| AlertNotification { source, esme, tlvs })
    }

    fn sm(&self) -> impl Strategy<Value = Sm<'static>> + use<> {
        let ends = (self.text(5), self.address(20), self.address(20));
        let times = (self.time(), self.time());
        let rest = (any::<[u8; 7]>(), message(), tlvs());
        (ends, times, rest).prop_map(|(ends, times, (octets, short_message, tlvs))| Sm {
            service_type: ends.0,
            source: ends.1,
            destination: ends.2,
            esm_class: octets[0],
            protocol_id: octets[1],
            priority_flag: octets[2],
            schedule_delivery_time: times.0,
            validity_period: times.1,
            registered_delivery: octets[3],
            replace_if_present_flag: octets[4],
            data_coding: octets[5],
            sm_default_msg_id: octets[6],
            short_message,
            tlvs,
        })
    }

    fn sm_resp(&self) -> impl Strategy<Value = SmResp<'static>> + use<> {
        (self.text(64), tlvs()).prop_map(|(message_id, tlvs)| SmResp {
            message_id,
            tlvs,
            body_present: true,
        })
    }

    fn data_sm(&self) -> impl Strategy<Value = DataSm<'static>> + use<> {
        let ends = (self.text(5), self.address(64), self.address(64));
        (ends, any::<[u8; 3]>(), tlvs()).prop_map(|(ends, octets, tlvs)| DataSm {
            service_type: ends.0,
            source: ends.1,
            destination: ends.2,
            esm_class: octets[0],
            registered_delivery: octets[1],
            data_coding: octets[2],
            tlvs,
        })
    }

    fn submit_multi(&self) -> impl Strategy<Value = SubmitMulti<'static>> + use<> {
        let destination = Union::new([
            self.address(20).prop_map(Destination::Address).boxed(),
            self.text(20).prop_map(Destination::List).boxed(),
        ]);
        (self.sm(), vec(destination, 1..20)).prop_map(|(sm, list)| {
            let mut octets = Vec::new();
            for entry in list {
                Destinations::push(&mut octets, &entry).expect("a short entry");
            }
            SubmitMulti {
                service_type: sm.service_type,
                source: sm.source,
                destinations: Destinations::parse(octets.leak()).expect("what was pushed"),
                esm_class: sm.esm_class,
                protocol_id: sm.protocol_id,
                priority_flag: sm.priority_flag,
                schedule_delivery_time: sm.schedule_delivery_time,
                validity_period: sm.validity_period,
                registered_delivery: sm.registered_delivery,
                replace_if_present_flag: sm.replace_if_present_flag,
                data_coding: sm.data_coding,
                sm_default_msg_id: sm.sm_default_msg_id,
                short_message: sm.short_message,
                tlvs: sm.tlvs,
            }
        })
    }

    fn submit_multi_resp(&self) -> impl Strategy<Value = SubmitMultiResp<'static>> + use<> {
        let entry = (self.address(20), any::<u32>());
        (self.sm_resp(), vec(entry, 0..20)).prop_map(|(resp, list)| {
            let mut octets = Vec::new();
            for (destination, code) in list {
                let status = Status(code);
                let entry = Unsuccessful {
                    destination,
                    status,
                };
                UnsuccessfulList::push(&mut octets, &entry).expect("a short entry");
            }
            SubmitMultiResp {
                message_id: resp.message_id,
                unsuccessful: UnsuccessfulList::parse(octets.leak()).expect("what was pushed"),
                tlvs: resp.tlvs,
                body_present: true,
            }
        })
    }

    fn query_sm(&self) -> impl Strategy<Value = QuerySm<'static>> + use<> {
        (self.text(64), self.address(20), tlvs()).prop_map(|(message_id, source, tlvs)| QuerySm {
            message_id,
            source,
            tlvs,
        })
    }

    fn query_sm_resp(&self) -> impl Strategy<Value = QuerySmResp<'static>> + use<> {
        (self.sm_resp(), self.time(), any::<[u8; 2]>()).prop_map(|(resp, final_date, octets)| {
            QuerySmResp {
                message_id: resp.message_id,
                final_date,
                message_state: octets[0],
                error_code: octets[1],
                tlvs: resp.tlvs,
                body_present: true,
            }
        })
    }

    fn cancel_sm(&self) -> impl Strategy<Value = CancelSm<'static>> + use<> {
        (self.text(64), self.sm()).prop_map(|(message_id, sm)| CancelSm {
            service_type: sm.service_type,
            message_id,
            source: sm.source,
            destination: sm.destination,
            tlvs: sm.tlvs,
        })
    }

    fn replace_sm(&self) -> impl Strategy<Value = ReplaceSm<'static>> + use<> {
        (self.text(64), self.sm()).prop_map(|(message_id, sm)| ReplaceSm {
            message_id,
            source: sm.source,
            schedule_delivery_time: sm.schedule_delivery_time,
            validity_period: sm.validity_period,
            registered_delivery: sm.registered_delivery,
            sm_default_msg_id: sm.sm_default_msg_id,
            short_message: sm.short_message,
            tlvs: sm.tlvs,
        })
    }

    fn broadcast_sm(&self) -> impl Strategy<Value = BroadcastSm<'static>> + use<> {
        (self.text(64), self.sm()).prop_map(|(message_id, sm)| BroadcastSm {
            service_type: sm.service_type,
            source: sm.source,
            message_id,
            priority_flag: sm.priority_flag,
            schedule_delivery_time: sm.schedule_delivery_time,
            validity_period: sm.validity_period,
            replace_if_present_flag: sm.replace_if_present_flag,
            data_coding: sm.data_coding,
            sm_default_msg_id: sm.sm_default_msg_id,
            tlvs: sm.tlvs,
        })
    }

    fn cancel_broadcast_sm(&self) -> impl Strategy<Value = CancelBroadcastSm<'static>> + use<> {
        (self.text(64), self.sm()).prop_map(|(message_id, sm)| CancelBroadcastSm {
            service_type: sm.service_type,
            message_id,
            source: sm.source,
            tlvs: sm.tlvs,
        })
    }

    fn text(&self, longest: usize) -> Text {
        vec(self.octet.clone(), 0..=longest)
            .prop_map(|octets| &*octets.leak())
            .boxed()
    }

    fn time(&self) -> Text {
        let full = vec(self.octet.clone(), 16).prop_map(|octets| &*octets.leak());
        Union::new([Just(&[][..]).boxed(), full.boxed()]).boxed()
    }

    fn address(&self, longest: usize) -> impl Strategy<Value = Address<'static>> + use<> {
        (any::<u8>(), any::<u8>(), self.text(longest)).prop_map(|(ton, npi, digits)| Address {
            ton,
            npi,
            digits,
        })
    }
}

fn message() -> Text {
    vec(any::<u8>(), 0..=255)
        .prop_map(|octets| &*octets.leak())
        .boxed()
}

/// Known ones of the right length, each at most once, between vendor and reserved ones.
fn tlvs() -> impl Strategy<Value = Tlvs<'static>> + Clone {
    let known = select(vec![
        (tlv::DEST_TELEMATICS_ID, 2),
        (tlv::QOS_TIME_TO_LIVE, 4),
        (tlv::USER_MESSAGE_REFERENCE, 2),
        (tlv::SOURCE_PORT, 2),
        (tlv::SAR_MSG_REF_NUM, 2),
        (tlv::SAR_TOTAL_SEGMENTS, 1),
        (tlv::MESSAGE_PAYLOAD, 300),
        (tlv::DEST_NODE_ID, 6),
        (tlv::ITS_SESSION_INFO, 2),
    ])
    .prop_flat_map(|(tag, length)| (Just(tag), vec(any::<u8>(), length)));
    let vendor = (0x1400_u16..0x4100, vec(any::<u8>(), 0..20));
    let one = Union::new([known.boxed(), vendor.boxed()]);
    let several = Union::new([vec(one.clone(), 0).boxed(), vec(one, 0..6).boxed()]);
    several.prop_map(|mut list| {
        let mut seen = Vec::new();
        list.retain(|(tag, _)| {
            seen.push(*tag);
            !seen[..seen.len() - 1].contains(tag)
        });
        let mut octets = Vec::new();
        for (tag, value) in list {
            tlv::put_bytes(&mut octets, tag, &value).expect("a short value");
        }
        Tlvs::parse(octets.leak()).expect("what was put")
    })
}

fn body_present(pdu: &Pdu<'_>) -> Option<bool> {
    match pdu {
        Pdu::BindReceiverResp(resp)
        | Pdu::BindTransmitterResp(resp)
        | Pdu::BindTransceiverResp(resp) => Some(resp.body_present),
        Pdu::SubmitSmResp(resp)
        | Pdu::DeliverSmResp(resp)
        | Pdu::DataSmResp(resp)
        | Pdu::BroadcastSmResp(resp)
        | Pdu::QueryBroadcastSmResp(resp) => Some(resp.body_present),
        Pdu::SubmitMultiResp(resp) => Some(resp.body_present),
        Pdu::QuerySmResp(resp) => Some(resp.body_present),
        _ => None,
    }
}

/// One small change to some octets.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
    Append(Vec<u8>),
}

impl Mutation {
    pub(crate) fn any() -> impl Strategy<Value = Mutation> {
        // Small numbers are lengths, counts and NULs: where decoders go wrong.
        let octet = || Union::new([(0_u8..4).boxed(), any::<u8>().boxed()]);
        Union::new([
            (any::<Index>(), octet())
                .prop_map(|(at, octet)| Mutation::Set(at, octet))
                .boxed(),
            (any::<Index>(), octet())
                .prop_map(|(at, octet)| Mutation::Insert(at, octet))
                .boxed(),
            any::<Index>().prop_map(Mutation::Remove).boxed(),
            any::<Index>().prop_map(Mutation::Truncate).boxed(),
            vec(octet(), 1..6).prop_map(Mutation::Append).boxed(),
        ])
    }

    pub(crate) fn apply(&self, octets: &mut Vec<u8>) {
        if octets.is_empty() {
            octets.push(0);
        }
        match self {
            Mutation::Set(at, octet) => {
                let at = at.index(octets.len());
                octets[at] = *octet;
            }
            Mutation::Insert(at, octet) => octets.insert(at.index(octets.len()), *octet),
            Mutation::Remove(at) => {
                octets.remove(at.index(octets.len()));
            }
            Mutation::Truncate(at) => octets.truncate(at.index(octets.len())),
            Mutation::Append(more) => octets.extend_from_slice(more),
        }
    }
}

/// The golden PDUs that are not huge.
pub(crate) fn golden_pdus() -> Vec<Vec<u8>> {
    thread_local! {
        static PDUS: Vec<Vec<u8>> = lines(VALID)
            .map(|vector| octets(&vector["hex"]))
            .filter(|wire| wire.len() < 2000)
            .collect();
    }
    PDUS.with(Clone::clone)
}

/// A golden PDU with its body changed and its length put right.
pub(crate) fn mutated(golden: Index, mutations: &[Mutation]) -> Vec<u8> {
    let all = golden_pdus();
    let wire = &all[golden.index(all.len())];
    let (header, body) = wire.split_at(frame::HEADER_LENGTH);
    let mut body = body.to_vec();
    for mutation in mutations {
        mutation.apply(&mut body);
    }
    let length = u32::try_from(frame::HEADER_LENGTH + body.len()).expect("short");
    [&length.to_be_bytes(), &header[4..], &body].concat()
}
