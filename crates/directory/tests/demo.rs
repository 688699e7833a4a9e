//! The demo's configuration is what the demo promises.

use std::net::IpAddr;

use core::time::Duration;
use directory::{Attempt, CarrierPlace, Directory, ListenerKind, NotAdmitted, Options};
use engine::{Customer, InDoubt, MessageKey, RouteName, Selected};

fn demo() -> Directory {
    load(&[])
}

fn load(carriers: &[&str]) -> Directory {
    let carriers = carriers.iter().map(|url| (*url).to_owned()).collect();
    let options = Options {
        demo: true,
        carriers,
        ..Options::default()
    };
    options
        .load()
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn admit(
    directory: &Directory,
    system_id: &str,
    password: &str,
    tls: bool,
) -> Result<String, NotAdmitted> {
    let from: IpAddr = [127, 0, 0, 1].into();
    let attempt = Attempt {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        from,
        tls,
    };
    directory
        .accounts
        .admit(&attempt)
        .map(|admitted| admitted.account.system_id.clone())
}

fn customer<'a>(directory: &'a Directory, name: &str) -> &'a Customer {
    let id = directory.customer(name).expect("a customer of the demo");
    &directory.engine.customers[&id]
}

/// Name of the first target and delay of the route that `name` gets for `destination`.
fn routed(directory: &Directory, name: &str, destination: &str) -> (String, Duration) {
    let route = customer(directory, name)
        .route(None, destination.as_bytes())
        .expect("a route");
    let target = route.targets(MessageKey(1)).next().expect("a target");
    let carrier = directory.carrier(target.connector).expect("its carrier");
    (carrier.profile.name.clone(), route.delay)
}

#[test]
fn the_customers_of_the_contract_may_bind() {
    let directory = demo();
    let mut plain = vec![
        ("load", "loadpass"),
        ("smppclient1", "s3cr3t08"),
        ("demo", "demopass"),
    ];
    plain.extend(
        [
            "demo1", "demo2", "demo3", "demo4", "demo5", "demo6", "demo7", "demo8",
        ]
        .map(|name| (name, "demopass")),
    );
    plain.extend(["mobivate", "bulksms", "tangerine"].map(|name| (name, "demopass")));
    for (name, password) in plain {
        assert_eq!(
            admit(&directory, name, password, false).as_deref(),
            Ok(name)
        );
    }
    for name in ["mta", "messangi"] {
        assert_eq!(
            admit(&directory, name, "demopass", false),
            Err(NotAdmitted::TlsRequired)
        );
        assert_eq!(
            admit(&directory, name, "demopass", true).as_deref(),
            Ok(name)
        );
    }
    assert_eq!(directory.accounts.len(), 16);
}

#[test]
fn the_limits_of_the_contract_hold() {
    let directory = demo();
    let account = |name: &str| {
        directory
            .accounts
            .get(name.as_bytes())
            .expect("an account")
            .clone()
    };
    assert_eq!(
        (
            account("demo").session.window_in,
            customer(&directory, "demo").binds_max
        ),
        (100, 10)
    );
    assert_eq!(
        (
            account("load").session.window_in,
            customer(&directory, "load").binds_max
        ),
        (65_535, 20_000)
    );
    let mobivate = customer(&directory, "mobivate");
    assert_eq!(
        (
            mobivate.binds_max,
            mobivate.rate_per_bind,
            account("mobivate").session.window_in
        ),
        (3, Some(20), 10)
    );
    let mta = customer(&directory, "mta");
    assert_eq!((mta.binds_max, mta.rate), (5, Some(100)));
    assert!(directory.engine.limits.messages_max >= 2_000_000);
    assert!(customer(&directory, "load").deliver_max >= 2_000_000);
}

#[test]
fn magic_numbers_have_a_connector_of_their_own_and_never_apply_to_load() {
    let directory = demo();
    for ending in 0..=10 {
        let destination = format!("39333000{ending:04}");
        let odd = (1..=9).contains(&ending);
        let delay = Duration::from_secs(if ending == 8 { 60 } else { 0 });
        let connector = if odd { "sim-odd" } else { "sim" };
        assert_eq!(
            routed(&directory, "demo", &destination),
            (connector.to_owned(), delay),
            "{destination}"
        );
        assert_eq!(
            routed(&directory, "load", &destination),
            ("sim".to_owned(), Duration::ZERO)
        );
    }
    let odd = directory
        .carriers
        .iter()
        .find(|carrier| carrier.profile.name == "sim-odd")
        .expect("sim-odd");
    assert_eq!(odd.profile.response_timeout, Duration::from_secs(5));
    let rules = &directory.engine.connectors[&odd.profile.connector];
    let InDoubt::Hold(held) = rules.in_doubt else {
        panic!("0005 is held: {:?}", rules.in_doubt);
    };
    // UNKNOWN is heard a minute after it was sent.
    assert_eq!(rules.late_wait, odd.profile.late_wait);
    let told_after = odd.profile.response_timeout + rules.late_wait + held;
    assert_eq!(told_after, Duration::from_secs(60));
}

#[test]
fn carriers_of_the_command_line_take_the_places_of_the_simulated_ones() {
    let directory = load(&[
        "smpp://me:pass@127.0.0.1:2999?window=50",
        "smpps://me2:pass@[::1]:3000?insecure=1",
    ]);
    let names: Vec<&str> = directory
        .carriers
        .iter()
        .map(|carrier| carrier.profile.name.as_str())
        .collect();
    assert_eq!(names, ["carrier1", "carrier2"]);
    assert!(
        directory
            .carriers
            .iter()
            .all(|carrier| carrier.place != CarrierPlace::Simulated)
    );
    assert_eq!(
        routed(&directory, "demo", "393330001234"),
        ("carrier1".to_owned(), Duration::ZERO)
    );
    assert_eq!(
        routed(&directory, "demo", "393330000001"),
        ("carrier1".to_owned(), Duration::ZERO)
    );
    assert_eq!(
        routed(&directory, "demo", "393330000008"),
        ("carrier1".to_owned(), Duration::from_secs(60))
    );
    assert_eq!(
        routed(&directory, "load", "393330000008"),
        ("carrier1".to_owned(), Duration::ZERO)
    );
    let route = customer(&directory, "demo")
        .route(None, b"1")
        .expect("a route");
    assert_eq!(
        route
            .targets
            .iter()
            .map(|target| target.order)
            .collect::<Vec<_>>(),
        [0, 1]
    );
}

/// Shows BUL-21.
#[test]
fn the_routes_of_the_contract_can_be_selected_and_magic_numbers_count_on_each() {
    let directory = demo();
    let selected = |name: &str, route: &str, destination: &[u8]| {
        let selected = Some(RouteName::of(route.as_bytes())).filter(|_| !route.is_empty());
        let route = customer(&directory, name).route(selected, destination);
        route.map(|route| route.selected)
    };
    let named = |name: &str| Some(Selected::Name(RouteName::of(name.as_bytes())));
    let uuid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    for (name, sent, taken) in [
        ("mobivate", "", "mglobal"),
        ("mobivate", "mglobal", "mglobal"),
        ("mobivate", "premium", "premium"),
        ("mobivate", uuid, uuid),
        ("bulksms", "", "2"),
        ("bulksms", "1", "1"),
        ("bulksms", "9", "2"),
        ("tangerine", "3", "3"),
    ] {
        assert_eq!(
            selected(name, sent, b"447700901234"),
            named(taken),
            "{name} {sent}"
        );
        assert_eq!(
            selected(name, sent, b"447700900008"),
            Some(Selected::Anything)
        );
    }
    assert_eq!(selected("mobivate", "secret", b"447700901234"), None);
}

/// Shows MOB-42, MTA-5.
#[test]
fn smpp_is_on_port_2775_and_over_tls_on_2776() {
    let directory = demo();
    for (kind, port) in [(ListenerKind::Smpp, 2775), (ListenerKind::Smpps, 2776)] {
        let listener = directory.listeners.iter().find(|one| one.kind == kind);
        let listener = listener.expect("a listener of the demo");
        assert!(
            listener.addr.iter().all(|addr| addr.port() == port),
            "{listener:?}"
        );
        assert_eq!(listener.tls.is_some(), kind == ListenerKind::Smpps);
    }
}

/// Shows C-20.
#[test]
fn a_silent_session_lives_as_long_as_the_manual_of_its_customer_says() {
    let directory = demo();
    for (name, seconds) in [("mta", 120), ("messangi", 330)] {
        let account = directory.accounts.get(name.as_bytes()).expect("an account");
        assert_eq!(
            account.session.inactivity,
            Some(Duration::from_secs(seconds)),
            "{name}"
        );
    }
}

#[test]
fn the_listeners_are_on_loopback() {
    let directory = demo();
    assert!(
        directory
            .listeners
            .iter()
            .flat_map(|listener| &listener.addr)
            .all(|addr| addr.ip().is_loopback())
    );
    let kinds: Vec<ListenerKind> = directory
        .listeners
        .iter()
        .map(|listener| listener.kind)
        .collect();
    assert_eq!(
        kinds,
        [ListenerKind::Smpp, ListenerKind::Smpps, ListenerKind::Http]
    );
}
