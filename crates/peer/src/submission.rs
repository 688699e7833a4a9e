//! What a customer's submit_sm or data_sm means, or which field of it is wrong.

mod fields;
mod tlvs;

use engine::{RouteName, Wants};
use smpp::pdu::{DataSm, Sm};
use smpp::status::{self, Status};
use sms::udh::Concatenation;
use sms::{Alphabet, Message, UDHI, Wall, time, udh};

use crate::address::{self, BadAddress};
use crate::{Account, RouteSelector, Rule, long};

pub(crate) use fields::registered_delivery;
pub(crate) use tlvs::{payload, travelling, understood};

use fields::Fields;
use tlvs::Extras;

/// A message within the rules of its customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Submission<'a> {
    pub(crate) message: Message<'a>,
    /// The route that it selects.
    pub(crate) route: Option<RouteName>,
    /// Lane class.
    pub(crate) priority: u8,
    pub(crate) wants: Wants,
    pub(crate) due: Option<Wall>,
    pub(crate) expires: Option<Wall>,
    /// The text is too long for one short message, and in this alphabet.
    pub(crate) long: Option<Alphabet>,
    /// TLVs said that it is this part of a long message.
    pub(crate) part: Option<Concatenation>,
}

/// Why a request is refused: its answer, and the field or rule for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bad {
    pub(crate) status: Status,
    pub(crate) why: &'static str,
}

impl From<BadAddress> for Bad {
    fn from(bad: BadAddress) -> Bad {
        Bad {
            status: bad.status,
            why: bad.field,
        }
    }
}

const fn bad(status: Status, why: &'static str) -> Bad {
    Bad { status, why }
}

/// A data_sm in the words of submit_sm and deliver_sm: what it does not have is 0 or empty (SMPP 3.4, 4.7.1).
pub(crate) fn from_data_sm<'a>(data: &DataSm<'a>) -> Sm<'a> {
    Sm {
        service_type: data.service_type,
        source: data.source,
        destination: data.destination,
        esm_class: data.esm_class,
        registered_delivery: data.registered_delivery,
        data_coding: data.data_coding,
        tlvs: data.tlvs,
        ..Sm::default()
    }
}

impl<'a> Submission<'a> {
    /// Reads a request by the rules of `account`. `scratch` takes TLVs of which some do not travel.
    #[inline]
    pub(crate) fn read(
        sm: &Sm<'a>,
        account: &'a Account,
        now: Wall,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Submission<'a>, Bad> {
        let rules = &account.submitting;
        let source = address::source(sm.source, &rules.addresses)?;
        let destination = address::destination(sm.destination, &rules.addresses)?;
        let fields = Fields::read(sm, rules)?;
        if matches!(sm.data_coding, 0x0B | 0x0C | 0x0F | 0x80..=0xBF) {
            return Err(bad(status::RINVDCS, "data_coding"));
        }
        let times = Times::read(sm.schedule_delivery_time, sm.validity_period, account, now)?;
        let mut extras = Extras::default();
        if !sm.tlvs.is_empty() {
            extras = Extras::read(sm, account, scratch)?;
        }
        let (route, service_type) = match rules.route_selector {
            RouteSelector::ServiceType => (named(sm.service_type), &[][..]),
            RouteSelector::None | RouteSelector::DestSubaddress => (extras.route, sm.service_type),
        };
        let message = Message {
            service_type,
            source,
            destination,
            esm_class: sm.esm_class,
            protocol_id: fields.protocol_id,
            priority: fields.priority,
            registered_delivery: fields.registered_delivery,
            data_coding: sm.data_coding,
            default_message_id: 0,
            text: text(sm, extras.payload, account)?,
            tlvs: extras.travelling,
        };
        Ok(Submission {
            message,
            long: long::measure(&message, extras.part.is_some(), rules)?,
            part: extras.part,
            route,
            priority: fields.priority.min(rules.priority_max),
            wants: Wants::from_registered_delivery(fields.registered_delivery),
            due: times.due,
            // SMPP 3.4, 5.3.2.31: it supersedes validity_period.
            expires: extras
                .time_to_live
                .map_or(times.expires, |live| Some(now.plus(live))),
        })
    }
}

/// The route of this name; an empty one selects none.
fn named(name: &[u8]) -> Option<RouteName> {
    (!name.is_empty()).then(|| RouteName::of(name))
}

/// When a message may be sent, by its own fields; none: that is not said.
pub(crate) struct Times {
    /// Not before.
    pub(crate) due: Option<Wall>,
    /// Not after.
    pub(crate) expires: Option<Wall>,
}

impl Times {
    #[inline]
    pub(crate) fn read(
        schedule: &[u8],
        validity: &[u8],
        account: &Account,
        now: Wall,
    ) -> Result<Times, Bad> {
        let rules = &account.submitting;
        Ok(Times {
            due: moment(schedule, rules.schedule, now)
                .ok_or(bad(status::RINVSCHED, "schedule_delivery_time"))?,
            expires: moment(validity, rules.validity, now)
                .filter(|end| *end != Some(now)) // A relative period of nothing.
                .ok_or(bad(status::RINVEXPIRY, "validity_period"))?,
        })
    }
}

/// A time field by its rule: `Some(None)` if it does not count, `None` if it is refused.
#[inline]
fn moment(field: &[u8], rule: Rule, now: Wall) -> Option<Option<Wall>> {
    if field.is_empty() || rule == Rule::Ignore {
        return Some(None);
    }
    match rule {
        Rule::Refuse => None,
        Rule::Honour | Rule::Ignore => time::parse_time(field, now).ok(),
    }
}

/// The text, wherever it is.
#[inline]
pub(crate) fn text<'a>(
    sm: &Sm<'a>,
    payload: Option<&'a [u8]>,
    account: &Account,
) -> Result<&'a [u8], Bad> {
    let rules = &account.submitting;
    let text = match payload {
        None => sm.short_message,
        Some(_) if !sm.short_message.is_empty() => {
            return Err(bad(status::RINVMSGLEN, "short_message and message_payload"));
        }
        Some(payload) => payload,
    };
    if sm.short_message.len() > usize::from(rules.message_octets_max) {
        return Err(bad(status::RINVMSGLEN, "short_message"));
    }
    if text.is_empty() && !rules.empty_text {
        return Err(bad(status::RINVMSGLEN, "short_message"));
    }
    if sm.esm_class & UDHI != 0 && udh::split(text).is_err() {
        return Err(bad(status::RINVESMCLASS, "user data header"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RegisteredDelivery, Unoffered};
    use smpp::tlv::Tlvs;
    use sms::Address;

    /// 2026-11-21T12:00:00Z.
    const NOW: Wall = Wall(1_795_262_400_000);

    fn hello() -> Sm<'static> {
        Sm {
            source: Address {
                ton: 5,
                npi: 0,
                digits: b"Bindery",
            },
            destination: Address {
                ton: 1,
                npi: 1,
                digits: b"447700900123",
            },
            short_message: b"hello",
            ..Sm::default()
        }
    }

    /// The status that a message is refused with, and what the log hears; 0 if it is not.
    fn refusal(sm: &Sm<'_>, account: &Account) -> (u32, &'static str) {
        match Submission::read(sm, account, NOW, &mut Vec::new()) {
            Ok(_) => (0, ""),
            Err(bad) => (bad.status.0, bad.why),
        }
    }

    fn check(change: impl FnOnce(&mut Sm<'static>), status: u32, why: &str) {
        let mut sm = hello();
        change(&mut sm);
        assert_eq!(refusal(&sm, &Account::default()), (status, why));
    }

    fn tlvs(octets: &'static [u8]) -> Tlvs<'static> {
        Tlvs::parse(octets).expect("well-formed TLVs")
    }

    #[test]
    fn esm_class_of_a_receipt_or_of_transaction_mode_is_refused() {
        check(|sm| sm.esm_class = 0x04, 0x43, "esm_class");
        check(|sm| sm.esm_class = 0x20, 0x43, "esm_class");
        check(
            |sm| sm.esm_class = 0x02,
            0x43,
            "esm_class: transaction mode",
        );
        for taken in [0x00, 0x01, 0x03, 0x08, 0x10, 0x80, 0x83] {
            check(|sm| sm.esm_class = taken, 0, "");
        }
    }

    #[test]
    fn reserved_numbers_have_the_status_of_their_field() {
        check(|sm| sm.priority_flag = 4, 0x06, "priority_flag");
        check(
            |sm| sm.replace_if_present_flag = 2,
            0x54,
            "replace_if_present_flag",
        );
        check(
            |sm| sm.replace_if_present_flag = 1,
            0x42,
            "replace_if_present_flag",
        );
        check(|sm| sm.sm_default_msg_id = 77, 0x63, "sm_default_msg_id");
        for reserved in [0x0B, 0x0C, 0x0F, 0x80, 0xBF] {
            check(|sm| sm.data_coding = reserved, 0x104, "data_coding");
        }
        for taken in [0x00, 0x08, 0x0E, 0x10, 0x18, 0xC8, 0xF5] {
            check(|sm| sm.data_coding = taken, 0, "");
        }
    }

    #[test]
    fn reserved_bits_of_registered_delivery_are_ignored() {
        check(|sm| sm.registered_delivery = 0xE0, 0, "");
    }

    /// What becomes of a message by these rules.
    fn made(
        sm: &Sm<'static>,
        rules: impl FnOnce(&mut crate::Submitting),
        look: impl FnOnce(&Submission<'_>),
    ) -> u32 {
        let mut account = Account::default();
        rules(&mut account.submitting);
        match Submission::read(sm, &account, NOW, &mut Vec::new()) {
            Ok(submission) => {
                look(&submission);
                0
            }
            Err(bad) => bad.status.0,
        }
    }

    /// Shows BUL-29, BUL-27, BUL-31.
    #[test]
    fn what_a_manual_does_not_offer_is_not_looked_at_or_refused_with_its_field_s_status() {
        let sm = Sm {
            priority_flag: 3,
            protocol_id: 0x40,
            replace_if_present_flag: 1,
            sm_default_msg_id: 7,
            ..hello()
        };
        let ignoring = |rules: &mut crate::Submitting| {
            rules.priority = Rule::Ignore;
            rules.protocol_id = Rule::Ignore;
            rules.replace_if_present = Unoffered::Ignore;
            rules.default_message = Unoffered::Ignore;
        };
        let taken = made(&sm, ignoring, |submission| {
            let message = submission.message;
            assert_eq!(submission.priority, 0);
            assert_eq!((message.priority, message.protocol_id), (0, 0));
            assert_eq!(message.default_message_id, 0);
        });
        assert_eq!(taken, 0);
        let refused = |but: fn(&mut crate::Submitting)| {
            let rules = |rules: &mut crate::Submitting| {
                ignoring(rules);
                but(rules);
            };
            made(&sm, rules, |_| ())
        };
        assert_eq!(refused(|rules| rules.priority = Rule::Refuse), 0x06);
        assert_eq!(refused(|rules| rules.protocol_id = Rule::Refuse), 0x45);
        assert_eq!(
            refused(|rules| rules.replace_if_present = Unoffered::Refuse),
            0x42
        );
        assert_eq!(
            refused(|rules| rules.default_message = Unoffered::Refuse),
            0x63
        );
        let honoured = |rules: &mut crate::Submitting| {
            ignoring(rules);
            rules.priority = Rule::Honour;
            rules.protocol_id = Rule::Honour;
        };
        made(&sm, honoured, |submission| {
            let message = submission.message;
            assert_eq!((message.priority, message.protocol_id), (3, 0x40));
        });
    }

    /// Shows BUL-32, BUL-38, BUL-26.
    #[test]
    fn other_tlvs_travel_or_do_not_or_are_refused() {
        // A vendor's, user_message_reference, more_messages_to_send, dest_network_id.
        for sent in [
            &b"\x15\0\0\x03abc"[..],
            b"\x02\x04\0\x02\0\x07",
            b"\x04\x26\0\x01\x01",
            b"\x06\x0E\0\x072021234",
        ] {
            let sm = Sm {
                tlvs: tlvs(sent),
                ..hello()
            };
            for (rule, status, travels) in [
                (Rule::Honour, 0, sent),
                (Rule::Ignore, 0, b""),
                (Rule::Refuse, 0xC1, b""),
            ] {
                let said = made(
                    &sm,
                    |rules| rules.other_tlvs = rule,
                    |submission| assert_eq!(submission.message.tlvs, travels),
                );
                assert_eq!(said, status, "{rule:?}");
            }
        }
    }

    /// Shows BUL-35, BUL-36, BUL-37, C-9, MES-28, MTA-44, MTA-45.
    #[test]
    fn registered_delivery_means_what_the_account_s_manual_says() {
        const FINAL: u8 = Wants::SUCCESS.0 | Wants::FAILURE.0;
        const INTERMEDIATE: u8 = FINAL | Wants::INTERMEDIATE.0;
        for (sent, specification, any_is_final) in [
            (0x00, 0, 0),
            (0x01, FINAL, FINAL),
            (0x02, Wants::FAILURE.0, FINAL),
            (0x03, Wants::SUCCESS.0, FINAL),
            (0x11, INTERMEDIATE, FINAL),
        ] {
            let sm = Sm {
                registered_delivery: sent,
                ..hello()
            };
            for (meaning, wants) in [
                (RegisteredDelivery::Specification, specification),
                (RegisteredDelivery::AnyIsFinal, any_is_final),
                (RegisteredDelivery::Never, 0),
            ] {
                let status = made(
                    &sm,
                    |rules| rules.registered_delivery = meaning,
                    |submission| {
                        assert_eq!(submission.wants, Wants(wants), "{meaning:?} {sent:#x}");
                    },
                );
                assert_eq!(status, 0);
            }
        }
    }

    #[test]
    fn a_time_that_is_none_has_the_status_of_its_field() {
        check(
            |sm| sm.schedule_delivery_time = b"260230000000000+",
            0x61,
            "schedule_delivery_time",
        );
        check(
            |sm| sm.schedule_delivery_time = b"261121120000049+",
            0x61,
            "schedule_delivery_time",
        );
        check(
            |sm| sm.validity_period = b"2611a1120000000+",
            0x62,
            "validity_period",
        );
        check(
            |sm| sm.validity_period = b"000000000000000R",
            0x62,
            "validity_period",
        );
    }

    /// Shows MOB-187, MTA-107, BUL-28, BUL-30, BUL-33, C-8, C-23.
    #[test]
    fn times_count_from_now_or_are_ignored_or_refused_as_the_account_says() {
        let mut account = Account::default();
        let sm = Sm {
            schedule_delivery_time: b"261121140000004+",
            validity_period: b"000002000000000R",
            ..hello()
        };
        let mut scratch = Vec::new();
        let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
        let hours = |n: u64| Some(Wall(NOW.0 + n * 3_600_000));
        assert_eq!((submission.due, submission.expires), (hours(1), hours(48)));

        account.submitting.schedule = Rule::Ignore;
        account.submitting.validity = Rule::Ignore;
        let mut scratch = Vec::new();
        let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
        assert_eq!((submission.due, submission.expires), (None, None));

        account.submitting.validity = Rule::Refuse;
        assert_eq!(refusal(&sm, &account), (0x62, "validity_period"));
        account.submitting.schedule = Rule::Refuse;
        assert_eq!(refusal(&sm, &account), (0x61, "schedule_delivery_time"));
        assert_eq!(refusal(&hello(), &account), (0, ""));
    }

    #[test]
    fn a_text_in_both_places_or_twice_in_one_is_refused() {
        check(
            |sm| sm.tlvs = tlvs(b"\x04\x24\0\x02hi"),
            0x01,
            "short_message and message_payload",
        );
        check(
            |sm| {
                sm.short_message = b"";
                sm.tlvs = tlvs(b"\x04\x24\0\x02hi\x04\x24\0\x02ho");
            },
            0xC1,
            "message_payload",
        );
    }

    #[test]
    fn an_account_may_allow_less_text() {
        let mut account = Account::default();
        account.submitting.message_octets_max = 254;
        account.submitting.payload = false;
        account.submitting.empty_text = false;
        let long = [b'x'; 255];
        for (short_message, payload, refused) in [
            (&long[..], Tlvs::EMPTY, (0x01, "short_message")),
            (&long[..254], Tlvs::EMPTY, (0, "")),
            (b"", Tlvs::EMPTY, (0x01, "short_message")),
            (b"", tlvs(b"\x04\x24\0\x02hi"), (0xC1, "message_payload")),
        ] {
            let sm = Sm {
                short_message,
                tlvs: payload,
                ..hello()
            };
            assert_eq!(refusal(&sm, &account), refused);
            assert_eq!(
                refusal(&sm, &Account::default()),
                (0, ""),
                "the default preset takes it"
            );
        }
    }

    #[test]
    fn a_header_beyond_its_text_is_refused_and_one_without_text_taken() {
        let with_header = |text: &'static [u8]| {
            move |sm: &mut Sm<'static>| {
                sm.esm_class = UDHI;
                sm.short_message = text;
            }
        };
        check(with_header(b"\x20\x00\x03"), 0x43, "user data header");
        check(
            with_header(b"\x04\x00\x09\x01\x02hi"),
            0x43,
            "user data header",
        );
        check(with_header(b""), 0x43, "user data header");
        check(with_header(b"\x05\x00\x03\x07\x02\x01"), 0, "");
    }

    #[test]
    fn a_part_beyond_the_last_is_refused_and_half_a_triplet_ignored() {
        let sar = b"\x02\x0C\0\x02\0\x07\x02\x0E\0\x01\x02\x02\x0F\0\x01\x03";
        check(|sm| sm.tlvs = tlvs(sar), 0xC4, "sar_segment_seqnum");
        check(|sm| sm.tlvs = tlvs(&sar[..11]), 0, "");
    }

    #[test]
    fn a_tlv_of_odd_length_is_refused_only_by_a_strict_account() {
        let sm = Sm {
            tlvs: tlvs(b"\x02\x04\0\x01\x07"),
            ..hello()
        };
        let mut account = Account::default();
        assert_eq!(refusal(&sm, &account), (0, ""));
        account.submitting.strict_tlv = true;
        assert_eq!(refusal(&sm, &account), (0xC2, "tlv"));
    }

    fn selected(sm: &Sm<'_>, selector: RouteSelector) -> Option<RouteName> {
        let mut account = Account::default();
        account.submitting.route_selector = selector;
        let mut scratch = Vec::new();
        let submission = Submission::read(sm, &account, NOW, &mut scratch).expect("in order");
        submission.route
    }

    /// Shows MOB-188, MOB-189, MOB-190.
    #[test]
    fn dest_subaddress_selects_a_route_of_any_length_with_and_without_its_type() {
        const UUID: &[u8; 40] = b"\x02\x03\0\x246f9619ff-8b86-d011-b42d-00cf4fc964ff";
        let uuid = RouteName::of(&UUID[4..]);
        for (sent, name) in [
            (
                &b"\x02\x03\0\x07mglobal"[..],
                Some(RouteName::of(b"mglobal")),
            ),
            (UUID, Some(uuid)),
            (
                b"\x02\x03\0\x08\xA0mglobal",
                Some(RouteName::of(b"mglobal")),
            ),
            (b"\x02\x03\0\x08mglobal\0", Some(RouteName::of(b"mglobal"))),
            (b"\x02\x03\0\x01x", Some(RouteName::of(b"x"))),
            (b"\x02\x03\0\0", None),
            (b"", None),
        ] {
            let sm = Sm {
                tlvs: tlvs(sent),
                ..hello()
            };
            assert_eq!(selected(&sm, RouteSelector::DestSubaddress), name);
            assert_eq!(selected(&sm, RouteSelector::None), None);
        }
    }

    /// Shows BUL-20, BUL-21, BUL-23.
    #[test]
    fn service_type_selects_a_route_and_does_not_travel() {
        let sm = |service_type: &'static [u8]| Sm {
            service_type,
            ..hello()
        };
        let mut account = Account::default();
        account.submitting.route_selector = RouteSelector::ServiceType;
        for (service_type, name) in [
            (&b"1"[..], Some(RouteName::of(b"1"))),
            (b"3", Some(RouteName::of(b"3"))),
            (b"", None),
        ] {
            let (sm, mut scratch) = (sm(service_type), Vec::new());
            let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
            assert_eq!(submission.route, name);
            assert_eq!(submission.message.service_type, b"");
        }
        assert_eq!(selected(&sm(b"1"), RouteSelector::None), None);
    }

    #[test]
    fn the_route_s_name_has_the_length_that_it_has_even_for_a_strict_account() {
        let mut account = Account::default();
        account.submitting.strict_tlv = true;
        let sm = Sm {
            tlvs: tlvs(b"\x02\x03\0\x01x"),
            ..hello()
        };
        assert_eq!(refusal(&sm, &account), (0xC2, "tlv"));
        account.submitting.route_selector = RouteSelector::DestSubaddress;
        assert_eq!(refusal(&sm, &account), (0, ""));
    }

    #[test]
    fn a_data_sm_is_a_message_with_its_text_in_the_payload() {
        let data = DataSm {
            service_type: b"CMT",
            source: hello().source,
            destination: hello().destination,
            registered_delivery: 1,
            tlvs: tlvs(b"\x04\x24\0\x02hi\0\x17\0\x04\0\0\0\x3C"),
            ..DataSm::default()
        };
        let (account, mut scratch) = (Account::default(), Vec::new());
        let sm = from_data_sm(&data);
        let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
        assert_eq!(submission.message.text, b"hi");
        assert_eq!(submission.message.tlvs, b"");
        assert_eq!(submission.expires, Some(Wall(NOW.0 + 60_000)));
        assert_eq!(submission.wants, Wants::from_registered_delivery(1));
    }

    #[test]
    fn priority_is_a_lane_class_up_to_the_account_s_highest() {
        let mut account = Account::default();
        account.submitting.priority_max = 1;
        let sm = Sm {
            priority_flag: 3,
            ..hello()
        };
        let mut scratch = Vec::new();
        let submission = Submission::read(&sm, &account, NOW, &mut scratch).expect("in order");
        assert_eq!((submission.priority, submission.message.priority), (1, 3));
    }
}
