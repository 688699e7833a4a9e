//! Runs conversations: the format is described in `conversations.rs`.

use std::collections::VecDeque;
use std::time::Duration;

use smpp::Tolerance;
use smpp::pdu::Pdu;
use smpp::session::{CloseReason, Received, RequestError, Role, Session, Settings, State};
use sms::Instant;

use crate::speech::{self, Words};

/// Runs every conversation of one file.
pub(crate) fn run(file: &str, text: &str) {
    let mut stage: Option<Stage> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        let place = format!("{file}.txt:{}: {line}", number + 1);
        if line.starts_with("== ") {
            if let Some(stage) = &stage {
                stage.expect_silence(&place);
            }
            stage = None;
        } else if let Some(words) = line.strip_prefix("session ") {
            stage = Some(Stage::connected(&Words::of(words)));
        } else if let Some(words) = line.strip_prefix("bound ") {
            stage = Some(Stage::bound(&Words::of(words)));
        } else {
            let stage = stage
                .as_mut()
                .unwrap_or_else(|| panic!("{place}: no session"));
            stage.line(line, &place);
        }
    }
    stage
        .expect("a conversation")
        .expect_silence(&format!("the end of {file}.txt"));
}

/// One session, its caller and its peer.
struct Stage {
    session: Session,
    now: Instant,
    /// Read from the peer, not yet taken.
    input: Vec<u8>,
    /// What the peer has still to send of a PDU.
    rest: Vec<u8>,
    paused: bool,
    /// The peer does not read.
    stalled: bool,
    sent: VecDeque<String>,
    told: VecDeque<String>,
}

impl Stage {
    fn connected(words: &Words<'_>) -> Stage {
        let role = match words.0[0] {
            "message_centre" => Role::MessageCentre,
            "esme" => Role::Esme,
            other => panic!("{other} is no role"),
        };
        let mut settings = Settings::default();
        for word in &words.0[1..] {
            if let Some((key, value)) = word.split_once('=') {
                set(&mut settings, key, value);
            }
        }
        let now = Instant(1_000_000_000);
        Stage {
            session: Session::new(role, settings, now),
            now,
            input: Vec::new(),
            rest: Vec::new(),
            paused: false,
            stalled: false,
            sent: VecDeque::new(),
            told: VecDeque::new(),
        }
    }

    fn bound(words: &Words<'_>) -> Stage {
        let mut stage = Stage::connected(words);
        let (kind, version) = (words.0[1], words.0[2]);
        if words.value("bind_settle").is_none() {
            stage
                .session
                .configure(|settings| settings.bind_settle = Duration::ZERO);
        }
        let (ask, agree) = match stage.session.role() {
            Role::MessageCentre => (
                format!("<- bind_{kind} #1 system_id=demo version={version}"),
                format!("do accept_bind {version} centre"),
            ),
            Role::Esme => (
                format!("do bind {kind} system_id=demo version={version}"),
                format!("<- bind_{kind}_resp #1 ok system_id=centre version={version}"),
            ),
        };
        for line in [ask, agree] {
            stage.act(&line, &line);
        }
        stage.sent.clear();
        stage.told.clear();
        assert!(stage.session.is_bound());
        stage
    }

    fn line(&mut self, line: &str, place: &str) {
        if let Some(expected) = line.strip_prefix("-> ") {
            let (count, expected) = times(expected);
            for _ in 0..count {
                expect(&mut self.sent, expected, "sent", place);
            }
        } else if let Some(expected) = line.strip_prefix("! ") {
            expect(&mut self.told, expected, "told", place);
        } else if let Some(expected) = line.strip_prefix("is ") {
            self.expect_is(expected, place);
        } else {
            self.expect_silence(place);
            self.act(line, place);
        }
    }

    fn expect_silence(&self, place: &str) {
        assert!(
            self.sent.is_empty(),
            "before {place}\nsent and not written down: {:#?}",
            self.sent
        );
        assert!(
            self.told.is_empty(),
            "before {place}\ntold and not written down: {:#?}",
            self.told
        );
    }

    fn expect_is(&self, expected: &str, place: &str) {
        let counters = self.session.counters();
        let found = [
            format!("state={:?}", self.session.state()),
            format!("outstanding={}", self.session.outstanding()),
            format!("silent={}", self.session.silent()),
            format!("unanswered={}", self.session.unanswered()),
            format!("can_transmit={}", self.session.can_transmit()),
            format!("can_receive={}", self.session.can_receive()),
            format!("malformed={}", counters.malformed),
            format!("warnings={}", counters.warnings),
            format!("out_of_place={}", counters.out_of_place),
            format!("unmatched={}", counters.unmatched),
            format!("expired={}", counters.expired),
            format!("late={}", counters.late),
            format!("misses={}", counters.misses),
        ];
        for word in expected.split_whitespace() {
            assert!(found.iter().any(|is| is == word), "{place}\nis: {found:#?}");
        }
    }

    /// Something happens, and everything that follows from it at once.
    fn act(&mut self, line: &str, place: &str) {
        if let Some(spoken) = line.strip_prefix("<- ") {
            self.hear(spoken);
        } else if let Some(time) = line.strip_prefix('+') {
            self.pass(parse_duration(time));
        } else if let Some(deed) = line.strip_prefix("do ") {
            self.perform(deed, place);
        } else {
            panic!("{place}: what is this?");
        }
        self.run_due();
        self.pump();
        self.run_due();
        self.write();
    }

    fn hear(&mut self, spoken: &str) {
        if spoken == "rest" {
            self.input.append(&mut self.rest);
        } else if let Some(part) = spoken.strip_prefix("part ") {
            let (count, pdu) = part.split_once(' ').expect("a count and a PDU");
            let octets = speech::octets(pdu);
            let (first, rest) = octets.split_at(count.parse().expect("a count"));
            self.input.extend(first);
            self.rest = rest.to_vec();
        } else {
            for pdu in spoken.split(" & ") {
                let (count, pdu) = times(pdu);
                self.input.extend(speech::octets(pdu).repeat(count));
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..1000 {
            match self.session.deadline() {
                Some(deadline) if deadline <= end => {
                    self.now = self.now.max(deadline);
                    self.run_due();
                    self.write();
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the session is never done with its deadlines");
    }

    fn perform(&mut self, deed: &str, place: &str) {
        let words = Words::of(deed);
        let now = self.now;
        let session = &mut self.session;
        match words.0[0] {
            "bind" => {
                let pdu = format!("bind_{}", &deed["bind ".len()..]);
                speech::with_pdu(&Words::of(&pdu), |pdu| match pdu {
                    Pdu::BindReceiver(bind)
                    | Pdu::BindTransmitter(bind)
                    | Pdu::BindTransceiver(bind) => {
                        session.bind(now, speech::parse_kind(words.0[1]), bind);
                    }
                    _ => panic!("{place}: no bind"),
                });
            }
            "outbind" => speech::with_pdu(&words, |pdu| match pdu {
                Pdu::Outbind(outbind) => session.outbind(now, outbind).expect("an outbind"),
                _ => panic!("{place}: no outbind"),
            }),
            "accept_bind" => session.accept_bind(
                now,
                speech::parse_version(words.0[1]),
                words.0[2].as_bytes(),
            ),
            "refuse_bind" => session.refuse_bind(now, words.status()),
            "request" => self.request(&Words(words.0[1..].to_vec())),
            "respond" => {
                let words = Words(words.0[1..].to_vec());
                speech::with_pdu(&words, |pdu| {
                    session.respond(words.sequence(), words.status(), pdu);
                });
            }
            "refuse" => session.refuse(words.sequence(), words.status()),
            "unbind" => session.unbind(now),
            "probe" => session.probe(now, parse_duration(words.0[1])),
            "configure" => session.configure(|settings| {
                for word in &words.0[1..] {
                    let (key, value) = word.split_once('=').expect("key=value");
                    set(settings, key, value);
                }
            }),
            "stop_writing" => self.stalled = true,
            "write" => self.stalled = false,
            "close" => {
                let over = matches!(session.state(), State::Closed(_));
                session.close(CloseReason::Disconnected);
                let due = session.deadline().is_some_and(|deadline| deadline <= now);
                assert!(due != over, "{place}: who sleeps is woken to be told, once");
            }
            other => panic!("{place}: {other} cannot be done"),
        }
    }

    fn request(&mut self, words: &Words<'_>) {
        let token = words
            .value("token")
            .map_or(0, |token| token.parse().expect("a token"));
        let request = |pdu: &Pdu<'_>| self.session.request(self.now, pdu, token);
        match speech::with_pdu(words, request) {
            Ok(_) => {}
            Err(RequestError::WindowFull) => self.told.push_back("window_full".to_owned()),
            Err(RequestError::NotBound) => self.told.push_back("not_bound".to_owned()),
            Err(RequestError::Unencodable(error)) => {
                self.told.push_back(format!("unencodable {}", error.field));
            }
        }
    }

    /// Gives the session what was read.
    fn pump(&mut self) {
        let mut input = &self.input[..];
        loop {
            let received = self.session.receive(self.now, &mut input);
            let Received::Event(event) = received else {
                let stop = speech::say_stop(&received);
                if let (Some(stop), false) = (stop, self.paused) {
                    self.told.push_back(stop.to_owned());
                }
                self.paused = stop.is_some();
                break;
            };
            self.told.push_back(speech::say_event(&event));
            self.paused = false;
        }
        let left = input.len();
        self.input.drain(..self.input.len() - left);
    }

    fn run_due(&mut self) {
        while self
            .session
            .deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            while let Some(event) = self.session.timeout(self.now) {
                self.told.push_back(speech::say_event(&event));
            }
        }
    }

    fn write(&mut self) {
        if !self.stalled {
            let octets = self.session.transmit().split();
            self.sent.extend(speech::say_all(&octets));
        }
    }
}

fn expect(queue: &mut VecDeque<String>, expected: &str, what: &str, place: &str) {
    let Some(found) = queue.pop_front() else {
        panic!("{place}\nnothing more was {what}");
    };
    let found_words: Vec<&str> = found.split_whitespace().collect();
    let complete = expected
        .split_whitespace()
        .all(|word| found_words.contains(&word));
    assert!(complete, "{place}\n{what}: {found}");
}

/// `3 x something` is something three times.
fn times(line: &str) -> (usize, &str) {
    match line.split_once(" x ") {
        Some((count, line)) => (count.parse().expect("a count"), line),
        None => (1, line),
    }
}

fn parse_duration(text: &str) -> Duration {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let number: f64 = digits
        .parse()
        .unwrap_or_else(|_| panic!("{text} is no duration"));
    Duration::from_secs_f64(match &text[digits.len()..] {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        unit => panic!("{unit} is no unit of time"),
    })
}

fn set(settings: &mut Settings, key: &str, value: &str) {
    let number = || {
        value
            .parse()
            .unwrap_or_else(|_| panic!("{value} is no number"))
    };
    let time = || parse_duration(value);
    let maybe = || (value != "none").then(time);
    match key {
        "window_in" => settings.window_in = number(),
        "window_out" => settings.window_out = number(),
        "session_init" => settings.session_init = time(),
        "bind_timeout" => settings.bind_timeout = time(),
        "window_over" => settings.window_over = Some(smpp::status::Status(number().into())),
        "bind_tries" => settings.bind_tries = value.parse().expect("a number"),
        "close_on_bind_failure" => settings.close_on_bind_failure = value == "true",
        "version_if_untold" => settings.version_if_untold = Some(speech::parse_version(value)),
        "bind_settle" => settings.bind_settle = time(),
        "enquire_link_interval" => settings.enquire_link_interval = maybe(),
        "enquire_link_timeout" => settings.enquire_link_timeout = time(),
        "enquire_timeout_closes" => settings.enquire_timeout_closes = value == "true",
        "inactivity" => settings.inactivity = maybe(),
        "response_timeout" => settings.response_timeout = time(),
        "late_wait" => settings.late_wait = time(),
        "partial_pdu" => settings.partial_pdu = time(),
        "drain_timeout" => settings.drain_timeout = time(),
        "unbind_timeout" => settings.unbind_timeout = time(),
        "tolerance" => {
            settings.tolerance = match value {
                "strict" => Tolerance::Strict,
                "tolerant" => Tolerance::Tolerant,
                _ => panic!("{value} is no tolerance"),
            };
        }
        _ => panic!("{key} is no setting"),
    }
}
