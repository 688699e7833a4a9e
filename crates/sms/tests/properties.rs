//! What holds for every text, header, time and message.

use proptest::collection::vec;
use proptest::prelude::*;
use sms::segment::{Marking, Split};
use sms::time::{absolute, parse_date, parse_time, receipt_date_seconds};
use sms::translit::{Change, excerpt, transliterate};
use sms::{Address, Alphabet, Gsm, Language, Message, Reading, State, Wall, gsm, long, udh};

fn tables() -> impl Strategy<Value = Gsm> {
    (0u8..14, 0u8..14).prop_map(|(locking, single)| {
        let language = |id| Language::from_u8(id).expect("14 languages");
        Gsm {
            locking: language(locking),
            single: language(single),
        }
    })
}

fn alphabet() -> impl Strategy<Value = Alphabet> {
    prop::sample::select(vec![
        Alphabet::Gsm7,
        Alphabet::Ascii,
        Alphabet::Latin1,
        Alphabet::Cyrillic,
        Alphabet::Hebrew,
        Alphabet::Ucs2,
        Alphabet::Binary,
        Alphabet::Other,
    ])
}

fn marking() -> impl Strategy<Value = Marking> {
    prop::sample::select(vec![Marking::Udh8, Marking::Udh16, Marking::Sar])
}

/// Septets among which escapes are frequent.
fn septets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![1 => Just(gsm::ESC), 3 => 0u8..128], 0..most)
}

/// UTF-16 with many surrogates, some of them lone, as octets.
fn ucs2(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let unit = prop_oneof![Just(0xD83Du16), Just(0xDE00), any::<u16>()];
    vec(unit, 0..most).prop_map(|units| units.into_iter().flat_map(u16::to_be_bytes).collect())
}

proptest! {
    // Fixed seeds: a run is the same everywhere and writes no files.
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x5345),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_gsm_shows_it_can_write(tables in tables(), septets in vec(any::<u8>(), 0..200)) {
        let mut text = String::new();
        tables.decode(&septets, &mut text);
        // Octets above 0x7F have no meaning; an open code shows a space, which every table has.
        if septets.iter().all(u8::is_ascii) {
            let mut again = Vec::new();
            prop_assert_eq!(tables.encode(&text, &mut again), Ok(()));
            prop_assert_eq!(tables.septets(&text), Some(again.len()));
            let mut same = String::new();
            tables.decode(&again, &mut same);
            prop_assert_eq!(same, text);
        }
    }

    #[test]
    fn parts_are_short_messages_that_make_up_the_whole_text(
        alphabet in alphabet(),
        marking in marking(),
        reference in any::<u16>(),
        body in prop_oneof![septets(900), ucs2(300), vec(any::<u8>(), 0..700)],
    ) {
        let message = Message { text: &body, ..Message::default() };
        let parts = long::cut(&message, alphabet, marking, reference).expect("not that long");
        let (alphabet, whole) = long::on_air(alphabet, Gsm::DEFAULT, &body);
        if parts.is_empty() {
            prop_assert!(whole.len() <= sms::segment::capacity(alphabet, 0));
            prop_assert_eq!(long::segments(&message, alphabet), 1);
            return Ok(());
        }
        let mut joined = Vec::new();
        for (number, part) in (1..).zip(&parts) {
            let part = Message::decode(part).expect("stored whole");
            let (header, text) = part.header().expect("well formed");
            let mark = header.concatenation().expect("a part");
            prop_assert_eq!((mark.sequence, usize::from(mark.total)), (number, parts.len()));
            prop_assert!(long::fits(alphabet, &header, 0, text));
            joined.extend_from_slice(text);
        }
        prop_assert_eq!(&joined[..], &whole[..]);
        let parts: Vec<_> = parts.iter().filter_map(|part| Message::decode(part)).collect();
        let again = long::join(&parts).expect("parts of one message");
        let again = Message::decode(&again).expect("stored whole");
        prop_assert_eq!((again.esm_class, again.text), (0, &whole[..]));
    }

    #[test]
    fn any_text_is_gsm_or_refused_whole(tables in tables(), text in any::<String>()) {
        let mut out = b"kept".to_vec();
        match tables.encode(&text, &mut out) {
            Ok(()) => {
                let mut back = String::new();
                tables.decode(&out[4..], &mut back);
                prop_assert_eq!(&back, &text);
            }
            Err(error) => {
                prop_assert_eq!(out, b"kept");
                prop_assert!(text[error.offset..].starts_with(error.character));
                prop_assert_eq!(tables.septets(&text), None);
            }
        }
    }

    #[test]
    fn packing_loses_nothing_when_the_count_is_known(septets in septets(300), fill in 0u8..7) {
        let mut packed = Vec::new();
        gsm::pack(&septets, fill, &mut packed);
        prop_assert_eq!(packed.len(), (usize::from(fill) + 7 * septets.len()).div_ceil(8));
        let mut back = Vec::new();
        gsm::unpack(&packed, fill, Some(septets.len()), &mut back);
        prop_assert_eq!(back, septets);
    }

    #[test]
    fn packing_without_a_count_loses_at_most_a_last_at_or_return(septets in septets(300), fill in 0u8..7) {
        let mut packed = Vec::new();
        gsm::pack(&septets, fill, &mut packed);
        let mut back = Vec::new();
        gsm::unpack(&packed, fill, None, &mut back);
        if back != septets {
            let (last, rest) = septets.split_last().expect("an empty text comes back empty");
            prop_assert!(matches!(last, 0x00 | 0x0D));
            prop_assert_eq!(back, rest);
        }
    }

    #[test]
    fn anything_can_be_unpacked(octets in vec(any::<u8>(), 0..160), fill in 0u8..7, count in any::<Option<u8>>()) {
        let mut out = Vec::new();
        gsm::unpack(&octets, fill, count.map(usize::from), &mut out);
        prop_assert!(out.len() <= octets.len() * 8 / 7);
        prop_assert!(out.iter().all(u8::is_ascii));
    }

    #[test]
    fn anything_can_be_read(alphabet in alphabet(), tables in tables(), octets in vec(any::<u8>(), 0..160), mark in any::<bool>()) {
        let reading = Reading { little_endian_mark: mark, ..Reading::default() };
        let mut text = String::new();
        let is_text = reading.decode(alphabet, tables, &octets, &mut text).is_ok();
        prop_assert_eq!(is_text, !matches!(alphabet, Alphabet::Binary | Alphabet::Other));
        prop_assert!(text.chars().count() <= octets.len());
    }

    #[test]
    fn any_text_survives_utf_16(text in any::<String>()) {
        prop_assume!(!text.starts_with('\u{FEFF}')); // a mark, not text
        let mut octets = Vec::new();
        prop_assert_eq!(Alphabet::Ucs2.encode(&text, &mut octets), Ok(()));
        let mut back = String::new();
        prop_assert_eq!(Reading::default().decode(Alphabet::Ucs2, Gsm::DEFAULT, &octets, &mut back), Ok(()));
        prop_assert_eq!(back, text);
    }

    #[test]
    fn gsm_parts_are_greedy_and_tear_no_pair(body in septets(1200), header in 0usize..60, marking in marking()) {
        let split = Split::new(Alphabet::Gsm7, header, marking).expect("room");
        let parts: Vec<&[u8]> = split.parts(&body).collect();
        prop_assert_eq!(parts.concat(), &body[..]);
        prop_assert_eq!(split.count(&body), parts.len());
        let (_, full) = parts.split_last().expect("at least one part");
        for part in full {
            prop_assert!(part.len() == split.part() || part.len() == split.part() - 1);
        }
        if parts.len() > 1 {
            prop_assert!(body.len() > split.single());
            // Read part by part, the text is the same unless a pair was torn.
            let (mut whole, mut pieces) = (String::new(), String::new());
            Gsm::DEFAULT.decode(&body, &mut whole);
            parts.iter().for_each(|part| Gsm::DEFAULT.decode(part, &mut pieces));
            prop_assert_eq!(whole, pieces);
        }
    }

    #[test]
    fn ucs2_parts_are_greedy_and_tear_no_pair(body in ucs2(400), header in 0usize..60, marking in marking()) {
        let split = Split::new(Alphabet::Ucs2, header, marking).expect("room");
        let parts: Vec<&[u8]> = split.parts(&body).collect();
        prop_assert_eq!(parts.concat(), &body[..]);
        let text = |octets: &[u8]| {
            let mut text = String::new();
            // A byte order mark inside a text is a character: keep it from being taken off a part.
            Reading::default().decode(Alphabet::Ucs2, Gsm::DEFAULT, &[&[0, b'>'], octets].concat(), &mut text).expect("text");
            text.split_off(1)
        };
        prop_assert_eq!(parts.iter().map(|part| text(part)).collect::<String>(), text(&body));
        let (_, full) = parts.split_last().expect("at least one part");
        prop_assert!(full.iter().all(|part| part.len() + 2 >= split.part() && part.len() <= split.part()));
    }

    #[test]
    fn other_parts_are_full(alphabet in alphabet(), body in vec(any::<u8>(), 0..1000), header in 0usize..100, marking in marking()) {
        let split = Split::new(alphabet, header, marking).expect("room");
        let parts: Vec<&[u8]> = split.parts(&body).collect();
        prop_assert_eq!(parts.concat(), &body[..]);
        prop_assert!(parts.iter().all(|part| part.len() <= split.single()));
        prop_assert!(parts.len() == 1 || parts.iter().all(|part| !part.is_empty() && part.len() <= split.part()));
    }

    #[test]
    fn any_header_is_read_or_refused_and_counted_right(text in vec(any::<u8>(), 0..80)) {
        if let Ok((header, body)) = udh::split(&text) {
            prop_assert_eq!(header.octets() + body.len(), text.len());
            let octets: usize = header.elements().map(|element| 2 + element.data.len()).sum();
            prop_assert_eq!(octets + 1, header.octets());
            if let Some(part) = header.concatenation() {
                prop_assert!(part.sequence >= 1 && part.sequence <= part.total);
            }
            prop_assert_eq!((header.octets() * 8 + usize::from(header.fill_bits())) % 7, 0);
            let _ = (header.ports(), header.tables());
        }
    }

    #[test]
    fn a_written_header_is_read_back(reference in any::<u16>(), wide in any::<bool>(), total in 1u8.., which in any::<u8>(), tables in tables()) {
        let reference = if wide { reference } else { reference & 0xFF };
        let part = udh::Concatenation { reference, wide, total, sequence: which % total + 1 };
        let mut text = Vec::new();
        udh::Writer::new(&mut text).tables(tables).and_then(|header| header.concatenation(part)).expect("short");
        text.push(b'x');
        let (header, body) = udh::split(&text).expect("well formed");
        prop_assert_eq!((header.concatenation(), header.tables(), body), (Some(part), tables, &b"x"[..]));
    }

    #[test]
    fn transliteration_gives_gsm_or_nothing(text in "[ -\u{2FF}\u{370}-\u{3FF}\u{2000}-\u{206F}\u{FF00}-\u{FF60}]{0,40}") {
        for change in [Change::Signs, Change::Letters] {
            if let Some(form) = transliterate(&text, change) {
                prop_assert!(Gsm::DEFAULT.septets(&form).is_some());
                prop_assert_eq!(transliterate(&form, Change::Signs), Some(form.clone()), "once is enough");
            }
        }
    }

    #[test]
    fn an_excerpt_is_never_too_long(text in any::<String>(), alphabet in alphabet(), characters in 0usize..30) {
        let mut out = Vec::new();
        excerpt(&text, characters, alphabet, &mut out);
        let mut shown = String::new();
        if Reading::default().decode(alphabet, Gsm::DEFAULT, &out, &mut shown).is_ok() {
            prop_assert!(shown.chars().count() <= characters);
            prop_assert!(!shown.contains(char::is_control));
        }
    }

    #[test]
    fn times_come_back_to_the_second(seconds in 946_684_800u64..4_102_444_800 - 86_400, quarters in -48i8..=48) {
        let at = Wall(seconds * 1000);
        prop_assume!(seconds > 946_684_800 + 86_400); // a local year of 1999 has no absolute form
        prop_assert_eq!(parse_time(&absolute(at, quarters), Wall(0)), Ok(Some(at)));
        let date = receipt_date_seconds(at, quarters);
        if date[..2] < b"38"[..] {
            prop_assert_eq!(parse_date(&date, quarters), Some(at));
        }
    }

    #[test]
    fn no_time_field_is_too_strange(field in vec(prop_oneof![b'0'..=b'9', Just(b'+'), Just(b'-'), Just(b'R'), any::<u8>()], 0..18), now in any::<u64>()) {
        let _ = parse_time(&field, Wall(now));
        let _ = parse_date(&field, 0);
    }

    #[test]
    fn relative_times_are_never_in_the_past(amounts in "[0-9]{12}", now in 0u64..4_000_000_000_000) {
        let now = Wall(now / 1000 * 1000);
        let at = parse_time(format!("{amounts}000R").as_bytes(), now).expect("a relative time");
        prop_assert!(at.expect("not empty") >= now);
    }

    #[test]
    fn a_stored_message_is_the_message(
        numbers in any::<[u8; 11]>(),
        service_type in vec(1u8.., 0..6),
        source in vec(1u8.., 0..21),
        destination in vec(1u8.., 0..21),
        text in vec(any::<u8>(), 0..400),
        tlvs in vec(any::<u8>(), 0..60),
    ) {
        let message = Message {
            service_type: &service_type,
            source: Address { ton: numbers[0], npi: numbers[1], digits: &source },
            destination: Address { ton: numbers[2], npi: numbers[3], digits: &destination },
            esm_class: numbers[4],
            protocol_id: numbers[5],
            priority: numbers[6],
            registered_delivery: numbers[7],
            data_coding: numbers[8],
            default_message_id: numbers[9],
            text: &text,
            tlvs: &tlvs,
        };
        let mut stored = Vec::new();
        message.encode(&mut stored);
        prop_assert_eq!(stored.len(), message.encoded_len());
        prop_assert_eq!(Message::decode(&stored), Some(message));
        let mut shown = String::new();
        let _ = message.read(&Reading::default(), &mut shown);
    }

    #[test]
    fn anything_can_be_taken_for_a_stored_message(octets in vec(any::<u8>(), 0..80)) {
        if let Some(message) = Message::decode(&octets) {
            let mut stored = Vec::new();
            message.encode(&mut stored);
            prop_assert_eq!(&stored[..], &octets[..stored.len()]);
        }
    }

    #[test]
    fn normal_addresses_are_normal(digits in "[+0-9A-Za-z ]{0,20}", ton in any::<u8>(), npi in any::<u8>()) {
        let normal = Address { ton, npi, digits: digits.as_bytes() }.normalised();
        prop_assert!(normal.digits.is_empty() || matches!((normal.ton, normal.npi), (1, 1) | (5, 0)));
        prop_assert_eq!(normal.ton == 5, normal.digits.iter().any(|digit| !digit.is_ascii_digit()) || (normal.digits.is_empty() && ton == 5));
    }

    #[test]
    fn any_word_may_be_a_state(word in vec(any::<u8>(), 0..20)) {
        let _ = State::from_word(&word);
    }
}
