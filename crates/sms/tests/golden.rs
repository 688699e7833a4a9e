//! Every vector of `vectors/text.jsonl`: texts with the octets and segment sizes that independent implementations agree on.

use serde_json::Value;
use sms::segment::{Marking, Split};
use sms::{Alphabet, Gsm, Language, Message, Reading, UDHI, gsm, udh};

/// The lines of one encoding, which must not be empty of vectors.
fn vectors(encoding: &str) -> Vec<Value> {
    let lines = include_str!("vectors/text.jsonl").lines();
    let vectors = lines.map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"));
    let wanted: Vec<Value> = vectors
        .filter(|vector| vector["encoding"] == encoding)
        .collect();
    assert!(!wanted.is_empty());
    wanted
}

fn string<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {}", vector["name"]))
}

fn number(vector: &Value, key: &str) -> usize {
    let number = vector[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} of {}", vector["name"]));
    usize::try_from(number).expect("small")
}

fn octets(vector: &Value, key: &str) -> Vec<u8> {
    let hex = string(vector, key).as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hexadecimal") as u8;
    hex.chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// Checks number and sizes of the segments that the vector lists for one width of reference, in units of `unit` octets.
fn check_segments(vector: &Value, body: &[u8], split: Split, key: &str, unit: usize) {
    let name = &vector["name"];
    let wanted: Vec<usize> = vector[format!("segment_units_{key}")]
        .as_array()
        .expect("sizes")
        .iter()
        .map(|units| units.as_u64().expect("a size") as usize)
        .collect();
    let parts: Vec<&[u8]> = split.parts(body).collect();
    assert_eq!(
        parts
            .iter()
            .map(|part| part.len() / unit)
            .collect::<Vec<_>>(),
        wanted,
        "{name} {key}"
    );
    assert_eq!(parts.concat(), body, "{name}");
    assert_eq!(
        split.count(body),
        number(vector, &format!("segments_{key}")),
        "{name} {key}"
    );
}

fn check_both_references(vector: &Value, alphabet: Alphabet, body: &[u8], unit: usize) {
    for (marking, key) in [
        (Marking::Udh8, "udh_concat8"),
        (Marking::Udh16, "udh_concat16"),
    ] {
        check_segments(
            vector,
            body,
            Split::new(alphabet, 0, marking).expect("room"),
            key,
            unit,
        );
    }
}

fn decoded(alphabet: Alphabet, octets: &[u8]) -> String {
    let mut text = String::new();
    Reading::default()
        .decode(alphabet, Gsm::DEFAULT, octets, &mut text)
        .expect("text");
    text
}

#[test]
fn gsm_texts() {
    for vector in vectors("gsm7") {
        let (name, text) = (&vector["name"], string(&vector, "text"));
        let unpacked = octets(&vector, "gsm7_unpacked_hex");
        let mut encoded = Vec::new();
        Alphabet::Gsm7
            .encode(text, &mut encoded)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(encoded, unpacked, "{name}");
        assert_eq!(
            encoded.len(),
            number(&vector, "short_message_octets"),
            "{name}"
        );
        assert_eq!(
            Gsm::DEFAULT.septets(text),
            Some(number(&vector, "septets")),
            "{name}"
        );
        assert_eq!(decoded(Alphabet::Gsm7, &unpacked), text, "{name}");

        let mut packed = Vec::new();
        gsm::pack(&unpacked, 0, &mut packed);
        assert_eq!(packed, octets(&vector, "gsm7_packed_hex"), "{name}");
        assert_eq!(packed.len(), number(&vector, "packed_octets"), "{name}");
        let mut back = Vec::new();
        gsm::unpack(&packed, 0, Some(unpacked.len()), &mut back);
        assert_eq!(back, unpacked, "{name}");
        // Without a count a text of 8n septets that ends in `@` is the one thing that cannot be told apart.
        if !unpacked.len().is_multiple_of(8) {
            back.clear();
            gsm::unpack(&packed, 0, None, &mut back);
            assert_eq!(back, unpacked, "{name}");
        }

        let mut ucs2 = Vec::new();
        Alphabet::Ucs2
            .encode(text, &mut ucs2)
            .expect("anything is encodable");
        assert_eq!(ucs2, octets(&vector, "ucs2_hex"), "{name}");
        check_both_references(&vector, Alphabet::Gsm7, &unpacked, 1);
    }
}

#[test]
fn ucs2_texts() {
    for vector in vectors("ucs2") {
        let (name, text) = (&vector["name"], string(&vector, "text"));
        let mut encoded = Vec::new();
        Alphabet::Ucs2
            .encode(text, &mut encoded)
            .expect("anything is encodable");
        assert_eq!(encoded, octets(&vector, "ucs2_hex"), "{name}");
        assert_eq!(
            encoded.len(),
            number(&vector, "short_message_octets"),
            "{name}"
        );
        assert_eq!(encoded.len() / 2, number(&vector, "utf16_units"), "{name}");
        // The one text that starts with a byte order mark is written with it and read without.
        assert_eq!(
            decoded(Alphabet::Ucs2, &encoded),
            text.trim_start_matches('\u{FEFF}'),
            "{name}"
        );
        let foreign = Gsm::DEFAULT
            .encode(text, &mut Vec::new())
            .expect_err("not GSM")
            .character;
        assert!(
            string(&vector, "first_non_gsm7_char").contains(foreign),
            "{name}: {foreign:?}"
        );
        check_both_references(&vector, Alphabet::Ucs2, &encoded, 2);
    }
}

#[test]
fn texts_in_national_tables() {
    for vector in vectors("gsm7-national") {
        let (name, text) = (&vector["name"], string(&vector, "text"));
        let language =
            |key| Language::from_u8(number(&vector, key) as u8).expect("a known language");
        let tables = Gsm {
            locking: language("locking_shift_id"),
            single: language("single_shift_id"),
        };

        let mut message = Vec::new();
        udh::Writer::new(&mut message)
            .tables(tables)
            .expect("short");
        assert_eq!(message, octets(&vector, "udh_hex"), "{name}");
        let header_octets = message.len();
        assert_eq!(header_octets, 1 + tables.header_octets(), "{name}");
        tables
            .encode(text, &mut message)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(message, octets(&vector, "short_message_hex"), "{name}");

        let view = Message {
            esm_class: UDHI,
            text: &message,
            ..Message::default()
        };
        let (header, unpacked) = view.header().expect("well formed");
        assert_eq!(unpacked, octets(&vector, "gsm7_unpacked_hex"), "{name}");
        assert_eq!(
            (unpacked.len(), tables.septets(text)),
            (number(&vector, "septets"), Some(unpacked.len())),
            "{name}"
        );
        let mut read = String::new();
        view.read(&Reading::default(), &mut read).expect("text");
        assert_eq!(read, text, "{name}");

        let fill = header.fill_bits();
        assert_eq!(
            usize::from(fill),
            number(&vector, "udh_fill_bits"),
            "{name}"
        );
        let mut packed = message[..header_octets].to_vec();
        gsm::pack(unpacked, fill, &mut packed);
        assert_eq!(packed, octets(&vector, "packed_with_udh_hex"), "{name}");
        let mut back = Vec::new();
        gsm::unpack(
            &packed[header_octets..],
            fill,
            Some(unpacked.len()),
            &mut back,
        );
        assert_eq!(back, unpacked, "{name}");

        let split = Split::new(Alphabet::Gsm7, header_octets, Marking::Udh8).expect("room");
        assert_eq!(
            split.single(),
            number(&vector, "max_septets_single"),
            "{name}"
        );
        assert_eq!(
            split.part(),
            number(&vector, "max_septets_with_concat8"),
            "{name}"
        );
        check_segments(&vector, unpacked, split, "udh_concat8", 1);
    }
}
