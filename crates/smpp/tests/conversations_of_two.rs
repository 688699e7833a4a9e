//! Two sessions talk to each other through a bad line, in virtual time, for many seeds. Whatever the line and the
//! applications do, no window is exceeded, every request has exactly one end, and both sessions come to theirs.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use smpp::Version;
use smpp::pdu::{Bind, Pdu, Sm, SmResp};
use smpp::session::{BindKind, CloseReason, Event, Received, Role, Session, Settings, State};
use smpp::status;
use sms::Instant;

const SEEDS: u64 = 100;
const SECOND: u64 = 1_000_000_000;

#[test]
fn every_request_has_exactly_one_end_whatever_the_line_does() {
    let mut seen = Seen::default();
    for seed in 1..=SEEDS {
        World::new(seed).run(&mut seen);
    }
    // The world is bad enough to be worth the test.
    assert!(seen.responses > 20_000, "{seen:?}");
    assert!(seen.late > 500 && seen.expired > seen.late, "{seen:?}");
    assert!(seen.forgotten > 500 && seen.lost > 50, "{seen:?}");
    assert!(seen.pauses > 500 && seen.unbound > 20, "{seen:?}");
}

/// What all seeds together came across.
#[derive(Default, Debug)]
struct Seen {
    responses: u64,
    late: u64,
    expired: u64,
    forgotten: u64,
    /// Requests that were open when their session ended.
    lost: u64,
    pauses: u64,
    /// Worlds that ended with an unbind that was answered.
    unbound: u64,
}

/// How a request stands for the one who sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    Expired,
    Ended,
}

/// A source of chance that is the same every time (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}

/// One end: the session, its application, and the half of the line that leads to it.
struct End {
    session: Session,
    settings: Settings,
    chance: Chance,
    /// On the line, each piece with its time of arrival.
    line: VecDeque<(Instant, Vec<u8>)>,
    input: Vec<u8>,
    paused: bool,
    /// The peer's requests that the application has not answered: when it will, and which.
    owed: Vec<(Instant, u32, Vec<u8>)>,
    fates: BTreeMap<u64, Fate>,
    next_token: u64,
    /// Texts of requests in the order of arrival.
    heard: Vec<u64>,
    closed: Option<CloseReason>,
}

struct World {
    seed: u64,
    chance: Chance,
    now: Instant,
    ends: [End; 2],
}

impl World {
    fn new(seed: u64) -> World {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let now = Instant(SECOND);
        let ends = [Role::MessageCentre, Role::Esme].map(|role| {
            let settings = Settings {
                window_in: 1 + chance.below(20) as u16,
                window_out: 1 + chance.below(20) as u16,
                response_timeout: Duration::from_secs(1 + chance.below(10)),
                late_wait: Duration::from_secs(chance.below(10)),
                enquire_timeout_closes: chance.one_in(4),
                ..Settings::default()
            };
            let session = Session::new(role, settings.clone(), now);
            let chance = Chance(1 + chance.below(1 << 30));
            End::new(session, settings, chance)
        });
        World {
            seed,
            chance,
            now,
            ends,
        }
    }

    fn run(mut self, seen: &mut Seen) {
        let bind = Bind {
            system_id: b"two",
            interface_version: 0x34,
            ..Bind::default()
        };
        self.ends[1]
            .session
            .bind(self.now, BindKind::Transceiver, &bind);
        let busy_until = self.now + Duration::from_secs(20 + self.chance.below(60));
        let unbinds = self.chance.below(3) as usize;
        let mut unbound = false;
        let mut steps = 0;
        while self.ends.iter().any(|end| end.closed.is_none()) {
            for side in 0..2 {
                if self.now < busy_until {
                    self.ends[side].ask(self.now);
                }
                self.ends[side].answer(self.now);
                self.carry(side, seen);
            }
            if self.now >= busy_until && !unbound && unbinds < 2 {
                self.ends[unbinds].session.unbind(self.now);
                unbound = true;
            }
            self.check();
            // A line that nobody ends breaks in the end, and so does one whose other end is gone.
            let gone = self.ends.iter().position(|end| end.closed.is_some());
            if self.now > busy_until + Duration::from_secs(60) {
                self.hang_up([0, 1]);
            } else if let Some(gone) = gone
                && self.ends[1 - gone].line.is_empty()
            {
                self.hang_up([1 - gone, gone]);
            }
            self.now = self.now + Duration::from_millis(self.chance.below(200));
            steps += 1;
            assert!(steps < 100_000, "seed {}: no end", self.seed);
        }
        self.finish(seen);
    }

    /// Moves octets to this end and lets it act on them and on the time.
    fn carry(&mut self, side: usize, seen: &mut Seen) {
        let now = self.now;
        let end = &mut self.ends[side];
        while end.line.front().is_some_and(|(arrival, _)| *arrival <= now) {
            let (_, octets) = end.line.pop_front().expect("a piece");
            end.input.extend(octets);
        }
        end.read(now, seen, self.seed);
        end.pass_time(now, seen, self.seed);
        // The line breaks what was written into pieces and delays them, in order.
        let mut written = end.session.transmit().split().to_vec();
        let line = &mut self.ends[1 - side].line;
        while !written.is_empty() {
            let length = (1 + self.chance.below(90) as usize).min(written.len());
            let slow = if self.chance.one_in(400) { 4000 } else { 40 };
            let delay = Duration::from_millis(self.chance.below(slow));
            let earliest = line.back().map_or(now, |(arrival, _)| *arrival);
            let rest = written.split_off(length);
            line.push_back((earliest.max(now + delay), written));
            written = rest;
        }
    }

    fn hang_up(&mut self, sides: [usize; 2]) {
        for side in sides {
            self.ends[side].session.close(CloseReason::Disconnected);
        }
    }

    fn check(&self) {
        for end in &self.ends {
            let (session, settings) = (&end.session, &end.settings);
            let seed = self.seed;
            assert!(
                session.unanswered() <= usize::from(settings.window_in),
                "seed {seed}: window_in"
            );
            assert!(
                session.outstanding() <= usize::from(settings.window_out),
                "seed {seed}: window_out"
            );
            if !matches!(session.state(), State::Closed(_)) {
                assert_eq!(
                    session.unanswered(),
                    end.owed.len(),
                    "seed {seed}: owed responses"
                );
                let open = end
                    .fates
                    .values()
                    .filter(|&&fate| fate != Fate::Ended)
                    .count();
                let expired = end
                    .fates
                    .values()
                    .filter(|&&fate| fate == Fate::Expired)
                    .count();
                assert_eq!(
                    session.outstanding(),
                    open,
                    "seed {seed}: slots and requests"
                );
                assert_eq!(session.silent(), expired, "seed {seed}: silent slots");
            }
        }
    }

    fn finish(self, seen: &mut Seen) {
        for (end, other) in [(0, 1), (1, 0)].map(|(a, b)| (&self.ends[a], &self.ends[b])) {
            let open = end
                .fates
                .values()
                .filter(|&&fate| fate == Fate::Open)
                .count();
            seen.lost += open as u64;
            seen.unbound += u64::from(end.closed == Some(CloseReason::Unbound));
            // Each arrived once and in order, whether or not it was answered.
            assert!(end.heard.is_sorted(), "seed {}: order", self.seed);
            assert!(
                end.heard.windows(2).all(|pair| pair[0] < pair[1]),
                "seed {}: twice",
                self.seed
            );
            assert!(
                end.heard.len() as u64 <= other.next_token,
                "seed {}",
                self.seed
            );
            assert_eq!(end.session.counters().malformed, 0, "seed {}", self.seed);
        }
    }
}

impl End {
    fn new(session: Session, settings: Settings, chance: Chance) -> End {
        End {
            session,
            settings,
            chance,
            line: VecDeque::new(),
            input: Vec::new(),
            paused: false,
            owed: Vec::new(),
            fates: BTreeMap::new(),
            next_token: 0,
            heard: Vec::new(),
            closed: None,
        }
    }

    /// Sends some requests, as many as the window takes at most.
    fn ask(&mut self, now: Instant) {
        for _ in 0..self.chance.below(4) {
            let token = self.next_token;
            let text = token.to_string();
            let sm = Sm {
                short_message: text.as_bytes(),
                ..Sm::default()
            };
            let pdu = match self.session.role() {
                Role::MessageCentre => Pdu::DeliverSm(sm),
                Role::Esme => Pdu::SubmitSm(sm),
            };
            if self.session.request(now, &pdu, token).is_err() {
                return;
            }
            self.fates.insert(token, Fate::Open);
            self.next_token += 1;
        }
    }

    /// Answers what is due, in whatever order it fell due.
    fn answer(&mut self, now: Instant) {
        let (due, later) = std::mem::take(&mut self.owed)
            .into_iter()
            .partition(|(when, ..)| *when <= now);
        self.owed = later;
        let due: Vec<(Instant, u32, Vec<u8>)> = due;
        for (_, sequence, text) in due.iter().rev() {
            let response = SmResp {
                message_id: text,
                body_present: true,
                ..SmResp::default()
            };
            let pdu = match self.session.role() {
                Role::MessageCentre => Pdu::SubmitSmResp(response),
                Role::Esme => Pdu::DeliverSmResp(response),
            };
            self.session.respond(*sequence, status::OK, &pdu);
        }
    }

    fn read(&mut self, now: Instant, seen: &mut Seen, seed: u64) {
        let input = std::mem::take(&mut self.input);
        let mut rest = &input[..];
        loop {
            match self.session.receive(now, &mut rest) {
                Received::Event(event) => self.learn(&event, now, seen, seed),
                Received::Incomplete => {
                    self.paused = false;
                    break;
                }
                Received::Paused => {
                    seen.pauses += u64::from(!self.paused);
                    self.paused = true;
                    break;
                }
                Received::Closed(reason) => {
                    assert_eq!(
                        self.closed,
                        Some(reason),
                        "seed {seed}: told of the end before"
                    );
                    break;
                }
            }
        }
        self.input = rest.to_vec();
    }

    fn pass_time(&mut self, now: Instant, seen: &mut Seen, seed: u64) {
        for _ in 0..1000 {
            if self
                .session
                .deadline()
                .is_none_or(|deadline| deadline > now)
            {
                return;
            }
            while let Some(event) = self.session.timeout(now) {
                self.learn(&event, now, seen, seed);
            }
        }
        panic!("seed {seed}: a deadline that never ends");
    }

    fn learn(&mut self, event: &Event<'_>, now: Instant, seen: &mut Seen, seed: u64) {
        assert!(
            self.closed.is_none(),
            "seed {seed}: {event:?} after the end"
        );
        match event {
            Event::Bind { .. } => self.session.accept_bind(now, Version::V34, b"centre"),
            Event::Request { sequence, pdu, .. } => {
                let (Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm)) = pdu else {
                    panic!("seed {seed}: {pdu:?} was never sent");
                };
                let text = sm.short_message.to_vec();
                self.heard.push(number(&text));
                // Most are answered soon, some late, some never.
                let delay = match self.chance.below(50) {
                    0 => 3_600_000,
                    1..3 => self.chance.below(20_000),
                    _ => self.chance.below(300),
                };
                self.owed
                    .push((now + Duration::from_millis(delay), *sequence, text));
            }
            Event::Response {
                token, pdu, late, ..
            } => {
                let (Pdu::SubmitSmResp(response) | Pdu::DeliverSmResp(response)) = pdu else {
                    panic!("seed {seed}: {pdu:?} was never asked for");
                };
                // Refusals while the peer unbinds have no id.
                if !response.message_id.is_empty() {
                    assert_eq!(
                        number(response.message_id),
                        *token,
                        "seed {seed}: another's response"
                    );
                }
                let before = if *late { Fate::Expired } else { Fate::Open };
                self.turn(*token, before, Fate::Ended, seed);
                *(if *late {
                    &mut seen.late
                } else {
                    &mut seen.responses
                }) += 1;
            }
            Event::Expired { token } => {
                self.turn(*token, Fate::Open, Fate::Expired, seed);
                seen.expired += 1;
            }
            Event::Forgotten { token } => {
                self.turn(*token, Fate::Expired, Fate::Ended, seed);
                seen.forgotten += 1;
            }
            Event::Closed(reason) => self.closed = Some(*reason),
            Event::Bound { .. } | Event::Unbound => {}
            Event::Outbind(_) | Event::BindFailed(_) | Event::Malformed { .. } => {
                panic!("seed {seed}: {event:?}");
            }
        }
    }

    fn turn(&mut self, token: u64, from: Fate, to: Fate, seed: u64) {
        let before = self.fates.insert(token, to);
        assert_eq!(
            before,
            Some(from),
            "seed {seed}: request {token} became {to:?}"
        );
    }
}

fn number(text: &[u8]) -> u64 {
    std::str::from_utf8(text)
        .expect("digits")
        .parse()
        .expect("a number")
}
