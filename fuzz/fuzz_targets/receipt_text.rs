//! Receipt text of any octets: reading ends, and what was read and written again reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smpp::receipt::{self, Fields};

fuzz_target!(|octets: &[u8]| {
    let mut scratch = Vec::new();
    let text = receipt::narrow(octets, &mut scratch);
    let _ = receipt::looks_like_receipt(text);
    let Some(found) = receipt::parse(text) else {
        return;
    };
    let fields = Fields {
        id: found.id,
        submit_date: found.submit_date,
        done_date: found.done_date,
        stat: found.stat,
        err: found.err,
        text: str::from_utf8(found.text).unwrap_or_default(),
        ..Fields::default()
    };
    let mut out = Vec::new();
    receipt::write(&mut out, &fields);
    let again = receipt::parse(&out).expect("it has what the first had");
    assert_eq!(again.id, found.id);
    assert_eq!(again.submit_date, found.submit_date);
    assert_eq!(again.done_date, found.done_date);
    assert_eq!((again.stat, again.state), (found.stat, found.state));
    assert!(again.text.len() <= 20);
});
