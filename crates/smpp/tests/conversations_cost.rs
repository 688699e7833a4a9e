//! What a session costs in memory: next to nothing while it is quiet, and nothing per PDU while it is busy.

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use smpp::Version;
use smpp::pdu::{self, Bind, Pdu, Sm, SmResp};
use smpp::session::{BindKind, Event, Received, Role, Session, Settings};
use smpp::status;
use smpp::tlv::Tlvs;
use sms::Instant;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static OCTETS: Cell<isize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes to the system's allocator unchanged; the counts touch no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        OCTETS.set(OCTETS.get() + layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        OCTETS.set(OCTETS.get() - layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_bound_session_without_traffic_has_next_to_no_heap() {
    let before = OCTETS.get();
    let session = bound(10);
    assert!(
        OCTETS.get() - before <= 128,
        "{} octets of heap",
        OCTETS.get() - before
    );
    assert!(
        size_of_val(&session) <= 768,
        "{} octets itself",
        size_of_val(&session)
    );
}

#[test]
fn a_session_that_was_busy_gives_its_memory_back_when_it_is_quiet() {
    let mut scratch = Scratch::new();
    let before = OCTETS.get();
    let mut session = bound(1000);
    let now = Instant(0) + SECOND;
    scratch.round(&mut session, now, 1000);
    assert!(OCTETS.get() - before > 64 * 1024, "it was never busy");
    assert_eq!(session.timeout(now + SECOND * 31), None);
    let quiet = OCTETS.get() - before;
    assert!(quiet <= 128, "{quiet} octets of heap");
    assert_eq!(session.transmit().len(), 16, "one enquire_link");
}

#[test]
fn no_pdu_allocates_once_the_session_is_warm() {
    let mut session = bound(100);
    let now = Instant(0) + SECOND;
    let mut scratch = Scratch::new();
    scratch.round(&mut session, now, 100);
    let warm = ALLOCATIONS.get();
    for _ in 0..1000 {
        scratch.round(&mut session, now, 100);
    }
    assert_eq!(ALLOCATIONS.get() - warm, 0);
    assert_eq!((session.unanswered(), session.outstanding()), (0, 0));
}

/// A message centre's side of a transceiver with this window in both directions.
fn bound(window: u16) -> Session {
    let settings = Settings {
        window_in: window,
        window_out: window,
        bind_settle: Duration::ZERO,
        ..Settings::default()
    };
    let now = Instant(0) + SECOND;
    let mut session = Session::new(Role::MessageCentre, settings, now);
    let bind = Bind {
        system_id: b"demo",
        interface_version: 0x34,
        ..Bind::default()
    };
    let mut octets = BytesMut::new();
    pdu::encode(&Pdu::BindTransceiver(bind), status::OK, 1, &mut octets).expect("a bind");
    let received = session.receive(now, &mut &octets[..]);
    assert!(matches!(
        received,
        Received::Event(Event::Bind {
            kind: BindKind::Transceiver,
            ..
        })
    ));
    session.accept_bind(now, Version::V34, b"centre");
    let sent = session.transmit().len();
    session.transmit().advance(sent);
    session
}

/// The peer's octets.
struct Scratch(BytesMut);

impl Scratch {
    fn new() -> Scratch {
        Scratch(BytesMut::with_capacity(64 * 1024))
    }

    /// As many submissions as the window takes, as many deliveries, all answered, and an `enquire_link`.
    fn round(&mut self, session: &mut Session, now: Instant, window: u32) {
        let response = SmResp {
            message_id: b"1234567890",
            body_present: true,
            ..SmResp::default()
        };
        self.say(&Pdu::EnquireLink(Tlvs::EMPTY), 7);
        for sequence in 0..window {
            self.say(&Pdu::SubmitSm(Sm::default()), sequence);
        }
        self.hear(session, now);
        for sequence in 0..window {
            session.respond(sequence, status::OK, &Pdu::SubmitSmResp(response));
        }
        for token in 0..u64::from(window) {
            let sequence = session.request(now, &Pdu::DeliverSm(Sm::default()), token);
            self.say(
                &Pdu::DeliverSmResp(response),
                sequence.expect("room in the window"),
            );
        }
        self.hear(session, now);
        let sent = session.transmit().len();
        session.transmit().advance(sent);
    }

    fn say(&mut self, pdu: &Pdu<'_>, sequence: u32) {
        pdu::encode(pdu, status::OK, sequence, &mut self.0).expect("a PDU that can be said");
    }

    fn hear(&mut self, session: &mut Session, now: Instant) {
        let mut input = &self.0[..];
        while let Received::Event(event) = session.receive(now, &mut input) {
            assert!(matches!(
                event,
                Event::Request { .. } | Event::Response { .. }
            ));
        }
        self.0.clear();
    }
}
