//! What is shown of PDUs, of digits as people write them, and of captures as TCP cuts them.

use etherparse::PacketBuilder;

use super::*;

/// enquire_link #9, and a submit_sm #3 from 5/0 "Me" to 1/1 "447700900123": "hi".
const ENQUIRE_LINK: &str = "00000010000000150000000000000009";
const SUBMIT_SM: &str = "0000003700000004000000000000000300\
    0500 4d6500 0101 34343737303039303031323300 000000 00 00 0100 0000 02 6869";

fn shown(octets: &[u8]) -> (Vec<Shown>, Trouble) {
    let mut all = Vec::new();
    let trouble = read_octets(octets, &mut |shown| all.push(shown)).expect("octets can be read");
    (all, trouble)
}

fn pdus(text: &str) -> Vec<u8> {
    let mut octets = octets(text).expect("digits");
    // The lengths are worked out here, so that the examples above can be read.
    let length = octets.len() as u32;
    octets[..4].copy_from_slice(&length.to_be_bytes());
    octets
}

#[test]
fn a_pdu_is_shown_field_by_field_with_its_text_in_its_alphabet() {
    let (all, trouble) = shown(&pdus(SUBMIT_SM));
    assert_eq!(trouble, None);
    let paragraph = all[0].paragraph();
    for line in [
        "submit_sm #3  ",
        "\n  source_addr                    5/0 Me",
        "\n  destination_addr               1/1 447700900123",
        "\n  data_coding                    0x00 Gsm7",
        "\n  text                           hi",
    ] {
        assert!(paragraph.contains(line), "{line} in {paragraph}");
    }
}

#[test]
fn pdus_stand_behind_each_other_and_what_is_left_is_told() {
    let mut octets = octets(ENQUIRE_LINK).expect("digits");
    octets.extend(pdus(SUBMIT_SM));
    octets.extend([0, 0, 0, 0x20, 0]);
    let (all, trouble) = shown(&octets);
    let names: Vec<_> = all.iter().map(Shown::paragraph).collect();
    assert_eq!(names.len(), 2);
    assert!(names[0].starts_with("enquire_link #9"));
    assert!(names[1].starts_with("submit_sm #3"));
    assert!(trouble.is_some_and(|trouble| trouble.ends_with("27 are missing")));
}

#[test]
fn a_length_that_is_none_ends_the_reading_with_its_place() {
    let (all, trouble) = shown(&[0, 0, 0, 3, 1, 2, 3, 4]);
    assert_eq!(all, []);
    assert!(trouble.is_some_and(|trouble| trouble.starts_with("octet 0: a command_length of 3 ")));
}

#[test]
fn digits_may_be_written_as_people_write_them() {
    assert_eq!(octets("00:1f 0xAb,\n-02"), Ok(vec![0, 0x1F, 0xAB, 2]));
    assert!(octets("12 3").is_err_and(|error| error.contains("odd")));
    assert!(octets("12 zz").is_err_and(|error| error.contains("'z'")));
    assert!(octets(" \n").is_err_and(|error| error.contains("nothing")));
}

#[test]
fn neither_a_password_nor_a_hidden_text_is_shown() {
    let bind = pdus("00000000 00000009 00000000 00000001 6d6500 73336372337400 00 34 00 00 00");
    let secret = shown(&bind).0[0].paragraph();
    assert!(secret.contains("6 characters, not shown"), "{secret}");
    assert!(!secret.contains("s3cr3t"));
    let hidden = shown(&pdus(SUBMIT_SM)).0.remove(0).without_text();
    let text = serde_json::to_string(&hidden).expect("text and numbers");
    assert!(!text.contains("6869") && !text.contains("\"hi\""), "{text}");
}

#[test]
fn a_body_that_cannot_be_read_is_shown_as_it_is() {
    let (all, _) = shown(&[0, 0, 0, 18, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, b'x', b'y']);
    let paragraph = all[0].paragraph();
    assert!(paragraph.contains("cannot be read"), "{paragraph}");
    assert!(paragraph.contains("7879"), "{paragraph}");
}

/// A legacy capture of Ethernet packets with these payloads: sequence number, whether it begins the connection, and octets.
fn capture(segments: &[(u32, bool, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (number, &(sequence, syn, payload)) in segments.iter().enumerate() {
        let builder = PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .tcp(40_000, 2775, sequence, 1000);
        let builder = if syn { builder.syn() } else { builder };
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).expect("it is short");
        let length = packet.len() as u32;
        for word in [1_795_262_400, 250_000 + number as u32, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn captured(segments: &[(u32, bool, &[u8])]) -> (Vec<String>, Trouble) {
    let file = capture(segments);
    let mut all = Vec::new();
    let trouble = capture::read(&file[..], &mut |shown| all.push(shown.paragraph()));
    (all, trouble.expect("a capture"))
}

#[test]
fn pdus_are_found_in_a_capture_however_tcp_cut_and_repeated_them() {
    let pdu = pdus(SUBMIT_SM);
    let (head, tail) = pdu.split_at(20);
    let (all, trouble) = captured(&[
        (u32::MAX, true, &[]),
        (20, false, tail),
        (0, false, head),
        (0, false, head),
        (
            pdu.len() as u32,
            false,
            &octets(ENQUIRE_LINK).expect("digits"),
        ),
    ]);
    assert_eq!((all.len(), trouble), (2, None));
    assert!(
        all[0].starts_with(
            "2026-11-21T12:00:00.250002Z  192.0.2.1:40000 > 192.0.2.2:2775  submit_sm #3"
        ),
        "{}",
        all[0]
    );
    assert!(all[1].contains("enquire_link #9"));
}

#[test]
fn a_capture_that_begins_in_the_middle_of_a_connection_is_read_from_the_next_pdu_on() {
    let mut octets = pdus(SUBMIT_SM)[30..].to_vec();
    let lost = octets.len();
    octets.extend(pdus(SUBMIT_SM));
    let (all, trouble) = captured(&[(77, false, &octets)]);
    assert_eq!(all.len(), 1);
    assert_eq!(
        trouble,
        Some(format!("{lost} octets were not captured, or are no PDUs"))
    );
}

#[test]
fn a_capture_without_smpp_says_what_may_be_the_reason() {
    let (all, trouble) = captured(&[(0, false, b"GET / HTTP/1.1\r\n\r\n")]);
    assert!(all.is_empty());
    assert!(trouble.is_some_and(|trouble| trouble.starts_with("no PDU in it; TLS")));
    let no_capture = capture::read(&b"GET / HTTP/1.1\r\n\r\n-----------"[..], &mut |_| {});
    assert_eq!(no_capture, Err("no pcap or pcapng".to_owned()));
}

#[test]
fn a_capture_that_breaks_off_is_read_as_far_as_it_goes() {
    let whole = capture(&[(0, false, &pdus(SUBMIT_SM)), (99, false, b"more")]);
    let mut count = 0;
    let trouble = capture::read(&whole[..whole.len() - 3], &mut |_| count += 1);
    assert_eq!(count, 1);
    assert_eq!(
        trouble,
        Ok(Some(
            "the capture ends in the middle of a packet".to_owned()
        ))
    );
}
