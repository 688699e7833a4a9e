//! What a message costs: storing it, and turning its text into octets and back.

use divan::{Bencher, black_box};
use sms::segment::{Marking, Split};
use sms::{Address, Alphabet, Gsm, Language, Message, Wall, gsm, time};

/// 160 characters of the default alphabet, a few beyond ASCII.
const TEXT: &str = "Guten Tag, Ihr Code ist 482913. Er gilt zehn Minuten; geben Sie ihn niemandem, auch nicht am Telefon. \
                    Für Fragen: 0800 1234 (kostenlos). Schöne Grüße, Ihre Bank";

fn main() {
    assert_eq!(TEXT.chars().count(), 160);
    divan::main();
}

fn message(text: &[u8]) -> Message<'_> {
    Message {
        source: Address::name(b"Bindery"),
        destination: Address::international(b"447700900123"),
        registered_delivery: 1,
        text,
        ..Message::default()
    }
}

fn septets() -> Vec<u8> {
    let mut septets = Vec::new();
    Gsm::DEFAULT.encode(TEXT, &mut septets).expect("GSM");
    septets
}

#[divan::bench]
fn store_message(bencher: Bencher<'_, '_>) {
    let text = septets();
    let mut out = Vec::new();
    bencher.bench_local(move || {
        out.clear();
        black_box(message(black_box(&text))).encode(&mut out);
        black_box(out.len())
    });
}

#[divan::bench]
fn read_stored_message(bencher: Bencher<'_, '_>) {
    let mut stored = Vec::new();
    message(&septets()).encode(&mut stored);
    bencher
        .bench_local(move || Message::decode(black_box(&stored)).map(|message| message.text.len()));
}

#[divan::bench(args = [Language::Default, Language::Turkish])]
fn encode_160_characters(bencher: Bencher<'_, '_>, single: Language) {
    let tables = Gsm {
        locking: Language::Default,
        single,
    };
    let mut out = Vec::new();
    bencher.bench_local(move || {
        out.clear();
        tables.encode(black_box(TEXT), &mut out)
    });
}

#[divan::bench]
fn decode_160_septets(bencher: Bencher<'_, '_>) {
    let septets = septets();
    let mut out = String::new();
    bencher.bench_local(move || {
        out.clear();
        Gsm::DEFAULT.decode(black_box(&septets), &mut out);
        black_box(out.len())
    });
}

#[divan::bench]
fn pack_160_septets(bencher: Bencher<'_, '_>) {
    let septets = septets();
    let mut out = Vec::new();
    bencher.bench_local(move || {
        out.clear();
        gsm::pack(black_box(&septets), 1, &mut out);
        black_box(out.len())
    });
}

#[divan::bench]
fn unpack_160_septets(bencher: Bencher<'_, '_>) {
    let mut packed = Vec::new();
    gsm::pack(&septets(), 1, &mut packed);
    let mut out = Vec::new();
    bencher.bench_local(move || {
        out.clear();
        gsm::unpack(black_box(&packed), 1, None, &mut out);
        black_box(out.len())
    });
}

#[divan::bench]
fn divide_1600_septets(bencher: Bencher<'_, '_>) {
    let text = septets().repeat(10);
    let split = Split::new(Alphabet::Gsm7, 0, Marking::Udh8).expect("room");
    bencher.bench_local(move || split.parts(black_box(&text)).map(<[u8]>::len).max());
}

#[divan::bench]
fn write_receipt_date() -> [u8; 10] {
    time::receipt_date(black_box(Wall(1_795_000_000_000)), 8)
}

#[divan::bench]
fn parse_validity() -> Option<Wall> {
    time::parse_time(black_box(b"000001000000000R"), Wall(1_795_000_000_000))
        .ok()
        .flatten()
}
