//! Screens as an operator sees them.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::binds::{Bind, Side, Window};
use crate::lanes::Queue;
use crate::overview::{Fault, LeftOut};
use crate::peers::CarrierRow;

fn traffic(rate_in: f64, rate_out: f64, last_error: Option<&str>) -> Traffic {
    Traffic {
        rate_in,
        rate_out,
        last_error: last_error.map(str::to_owned),
    }
}

fn customer(name: &str, binds: u32) -> CustomerRow {
    CustomerRow {
        name: name.to_owned(),
        state: "open".to_owned(),
        binds,
        binds_max: 10,
        deliveries: 0,
        owed: 0,
        traffic: traffic(0.0, 0.0, None),
    }
}

fn carrier(name: &str, binds: u32, traffic: Traffic) -> CarrierRow {
    CarrierRow {
        name: name.to_owned(),
        state: "open".to_owned(),
        binds,
        binds_wanted: 2,
        waiting: 1200,
        sending: 10,
        in_doubt: 1,
        unmatched: 0,
        rate_max: None,
        traffic,
    }
}

fn bind(n: usize) -> Bind {
    Bind {
        id: format!("0-{n}-0"),
        side: Side::Customer,
        name: "acme".to_owned(),
        kind: "transceiver".to_owned(),
        version: "3.4".to_owned(),
        address: ([192, 0, 2, 1], 40_000).into(),
        tls: false,
        seconds: 61,
        ours: Window { used: 0, size: 10 },
        theirs: Window { used: 3, size: 10 },
        rate_in: 20.0,
        rate_out: 0.0,
        last_error: None,
    }
}

/// So many errors, and so many messages that came to a carrier within 4 ms.
fn overview(up_seconds: u64, refused: u64, fast: u64) -> Overview {
    let queue = Queue {
        class: 1,
        customer: "acme".to_owned(),
        held: true,
        messages: 1200,
        parts: 1200,
        parts_exact: true,
        oldest_seconds: 75,
    };
    let lane = Lane {
        carrier: "north".to_owned(),
        held: true,
        standing: Standing::Open,
        binds: 0,
        sending: 10,
        in_doubt: 1,
        queues: vec![queue],
        later: 4,
        next_due_seconds: Some(30),
    };
    let fault = Fault {
        side: "customer".to_owned(),
        name: "acme".to_owned(),
        what: "we refused: ESME_RTHROTTLED".to_owned(),
        count: refused,
    };
    Overview {
        version: "1.2.3".to_owned(),
        up_seconds,
        draining: false,
        rate_in: 40.0,
        rate_out: 19.5,
        counts: Counts {
            messages: 1210,
            waiting: 1204,
            sending: 10,
            in_doubt: 1,
            memory: 3 << 20,
            memory_max: 1 << 30,
            disk_level: 1,
            ..Counts::default()
        },
        stages: vec![Stage {
            stage: "accepted_to_carrier".to_owned(),
            count: fast + 100,
            within: vec![
                (0.000_25, 0),
                (0.001, 0),
                (0.004, fast),
                (4.096, fast + 100),
            ],
        }],
        faults: vec![fault],
        carriers: vec![
            carrier("south", 2, traffic(19.5, 19.5, None)),
            carrier("north", 0, traffic(0.0, 0.0, Some("no connection"))),
        ],
        customers: vec![
            customer("acme", 2),
            customer("blue", 0),
            customer("cyan", 0),
        ],
        lanes: vec![lane],
        binds: (0..30).map(bind).collect(),
        left_out: LeftOut {
            binds: 7,
            ..LeftOut::default()
        },
    }
}

/// What stands on a terminal of this size.
fn drawn(screen: &mut Screen, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("no terminal");
    terminal.draw(|frame| screen.draw(frame)).expect("it draws");
    let buffer = terminal.backend().buffer();
    let line = |row: &[ratatui::buffer::Cell]| {
        let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    };
    buffer
        .content()
        .chunks(usize::from(width))
        .map(line)
        .collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_screen_of_80_by_24_has_the_essentials() {
    let mut screen = Screen::default();
    screen.show(seconds(0), Ok(overview(3600, 3, 100)));
    screen.show(seconds(10), Ok(overview(3610, 8, 400)));
    let expected = "\
bindery 1.2.3  up 1h0m  in 40.0/s  out 19.5/s  disk LOW: no new messages
messages 1210: 1204 waiting, 10 sending, 1 in doubt, 0 await a receipt
to customers 0 waiting  receipts unmatched 0  memory 3 MiB of 1.0 GiB

 Overview   Carriers   Customers   Binds   Lanes   Times   Errors
CARRIERS
CARRIER  STATE  BINDS  IN/S  OUT/S  WAITING  SENDING  DOUBT  LAST ERROR
south    open   2/2    19.5  19.5   1200     10       1      -
north    open   0/2    0.0   0.0    1200     10       1      no connection
CUSTOMERS, without 2 that are not here
CUSTOMER  STATE  BINDS  IN/S  OUT/S  TO DELIVER  OWED  LAST ERROR
acme      open   2/10   0.0   0.0    0           0     -
WAITING
CARRIER  CLASS  CUSTOMER  MESSAGES  OLDEST      STATE
north    1      acme      1200      1m15s       held
north    later  -         4         due in 30s  held
TIMES in the last 10s
FROM - TO            HALF        99 OF 100   MEASURED
accepted to carrier  <= 0.004 s  <= 0.004 s  300
ERRORS since the start; LATELY is in the last 10s
SIDE      NAME  TOTAL  LATELY  WHAT
customer  acme  8      5       we refused: ESME_RTHROTTLED

 q quit   Tab \u{2190} \u{2192} next view   \u{2191} \u{2193} PgUp PgDn scroll";
    assert_eq!(drawn(&mut screen, 80, 24).join("\n"), expected);
}

#[test]
fn where_there_is_little_room_each_list_says_how_much_of_it_is_seen() {
    let mut screen = Screen::default();
    screen.show(seconds(0), Ok(overview(3600, 3, 100)));
    let lines = drawn(&mut screen, 80, 17);
    let titles = [
        "CARRIERS (1 of 2)",
        "WAITING (0 of 2)",
        "ERRORS since the start (0 of 1)",
    ];
    for title in titles {
        assert!(
            lines.iter().any(|line| line == title),
            "{title}: {lines:#?}"
        );
    }
    for (width, height) in [(1, 1), (10, 5), (80, 6), (300, 100)] {
        drawn(&mut screen, width, height);
    }
}

#[test]
fn a_list_scrolls_as_far_as_its_last_row_and_back() {
    let mut screen = Screen::default();
    screen.show(seconds(0), Ok(overview(3600, 3, 100)));
    for _ in 0..3 {
        screen.step(Step::Next);
    }
    let lines = drawn(&mut screen, 80, 24);
    assert_eq!(lines[5], "BINDS, 7 more are left out");
    assert!(lines[7].starts_with("0-0-0   acme"), "{lines:#?}");
    screen.step(Step::Down(1000));
    let lines = drawn(&mut screen, 80, 24);
    assert!(lines[6].starts_with("ID "), "{lines:#?}");
    assert!(lines[22].starts_with("0-29-0  acme"), "{lines:#?}");
    screen.step(Step::Up(1));
    assert!(drawn(&mut screen, 80, 24)[22].starts_with("0-28-0  acme"));
    screen.step(Step::Previous);
    assert_eq!(drawn(&mut screen, 80, 24)[5], "CUSTOMERS");
}

#[test]
fn while_the_gateway_says_nothing_its_last_figures_stand_with_their_age() {
    let mut screen = Screen::default();
    screen.show(seconds(0), Ok(overview(3600, 3, 100)));
    screen.show(seconds(5), Err(Refused::not_now("no gateway answers")));
    screen.show(seconds(12), Err(Refused::not_now("no gateway answers")));
    let lines = drawn(&mut screen, 80, 24);
    assert_eq!(lines[3], "As of 12s ago: no gateway answers");
    assert!(lines[0].starts_with("bindery 1.2.3  up 1h0m"), "{lines:#?}");
    // It was started anew, and counts anew.
    screen.show(seconds(20), Ok(overview(2, 1, 0)));
    let lines = drawn(&mut screen, 80, 24);
    assert_eq!(lines[3], "");
    assert!(
        lines.iter().any(|line| line == "TIMES since the start"),
        "{lines:#?}"
    );
}

#[test]
fn an_answer_that_does_not_come_is_missed_before_anybody_gives_up_waiting_for_it() {
    let mut screen = Screen::every(seconds(2));
    screen.show(seconds(0), Ok(overview(3600, 3, 100)));
    assert!(!screen.tick(seconds(4)));
    assert_eq!(drawn(&mut screen, 80, 24)[3], "");
    assert!(screen.tick(seconds(5)));
    assert_eq!(
        drawn(&mut screen, 80, 24)[3],
        "As of 5s ago: the gateway is silent"
    );
    assert!(!screen.tick(seconds(5)) && screen.tick(seconds(6)));
    screen.show(seconds(7), Ok(overview(3607, 3, 100)));
    assert_eq!(drawn(&mut screen, 80, 24)[3], "");
}

#[test]
fn the_last_minute_is_not_longer_than_a_minute() {
    let mut screen = Screen::default();
    for second in 0..200 {
        screen.show(seconds(second), Ok(overview(second, second, 10 * second)));
    }
    let text = screen.text(100);
    assert!(text.contains("TIMES in the last 1m0s"), "{text}");
    assert!(
        text.contains("customer  acme  199    60      we refused"),
        "{text}"
    );
}

#[test]
fn sizes_have_units_that_people_read() {
    let sizes = [2048, 3 << 20, 3 << 29].map(octets);
    assert_eq!(sizes, ["2 KiB", "3 MiB", "1.5 GiB"]);
}
