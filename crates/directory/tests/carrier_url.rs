//! Carriers on the command line.

use core::time::Duration;

use directory::{Carrier, CarrierPlace, CarrierTls, Directory, Host, Options};

fn load(urls: &[&str]) -> Result<Directory, String> {
    let carriers = urls.iter().map(|url| (*url).to_owned()).collect();
    let options = Options {
        demo: true,
        carriers,
        ..Options::default()
    };
    options.load().map_err(|problems| problems.to_string())
}

fn carrier(url: &str) -> Carrier {
    load(&[url])
        .unwrap_or_else(|problems| panic!("{problems}"))
        .carriers[0]
        .clone()
}

fn place(host: &str, port: u16, tls: Option<CarrierTls>) -> CarrierPlace {
    let host = Host {
        name: host.to_owned(),
        port,
    };
    CarrierPlace::Network {
        hosts: vec![host],
        tls,
        bind_from: None,
    }
}

#[test]
fn a_url_without_parameters_has_the_defaults() {
    let carrier = carrier("smpp://me:secret@smsc.example:2775");
    assert_eq!(carrier.place, place("smsc.example", 2775, None));
    assert_eq!(
        (carrier.binds, carrier.reconnect_max),
        (1, Duration::from_secs(60))
    );
    let profile = &carrier.profile;
    assert_eq!(
        (
            profile.system_id.as_str(),
            profile.password.as_str(),
            profile.window
        ),
        ("me", "secret", 10)
    );
}

#[test]
fn every_parameter_is_understood() {
    let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").replace('/', "%2F");
    let url = format!(
        "smpps://me:secret@[::1]:3550/?window=50&binds=4&tps=100&reconnect_max=5&insecure=1&ca={ca}"
    );
    let directory = load(&[&url]).unwrap_or_else(|problems| panic!("{problems}"));
    let carrier = &directory.carriers[0];
    let tls = CarrierTls {
        ca: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()),
        own: None,
        server_name: None,
        insecure: true,
    };
    assert_eq!(carrier.place, place("::1", 3550, Some(tls)));
    assert_eq!(
        (carrier.profile.window, carrier.binds, carrier.reconnect_max),
        (50, 4, Duration::from_secs(5))
    );
    assert_eq!(
        directory.engine.connectors[&carrier.profile.connector].rate,
        Some(100)
    );
}

#[test]
fn each_part_is_percent_decoded() {
    let carrier = carrier("smpp://a%40b%3Ac:p%3A%2F%3F%23%25@127.0.0.1:2775");
    assert_eq!(
        (
            carrier.profile.system_id.as_str(),
            carrier.profile.password.as_str()
        ),
        ("a@b:c", "p:/?#%")
    );
}

#[test]
fn a_carrier_may_serve_a_route_by_its_name() {
    let directory = load(&[
        "smpp://a:a@h:1",
        "smpp://b:b@h:2",
        "smpp://c:c@h:3?route=held",
    ])
    .unwrap_or_else(|problems| panic!("{problems}"));
    let customer = directory.customer("demo").expect("demo");
    let names = |destination: &[u8]| -> Vec<String> {
        let route = directory.engine.customers[&customer]
            .route(None, destination)
            .expect("a route");
        let targets = route.targets.iter();
        targets
            .map(|target| {
                directory
                    .carrier(target.connector)
                    .expect("the carrier")
                    .profile
                    .name
                    .clone()
            })
            .collect()
    };
    assert_eq!(names(b"441000"), ["carrier1", "carrier2"]);
    assert_eq!(names(b"440008"), ["carrier3"]);
}

#[test]
fn the_first_carrier_is_the_default_even_if_all_name_a_route() {
    let directory = load(&["smpp://a:a@h:1?route=held", "smpp://b:b@h:2?route=odd"])
        .unwrap_or_else(|problems| panic!("{problems}"));
    let customer = directory.customer("demo").expect("demo");
    let route = directory.engine.customers[&customer]
        .route(None, b"441000")
        .expect("a route");
    assert_eq!(
        directory
            .carrier(route.targets[0].connector)
            .expect("the carrier")
            .profile
            .name,
        "carrier1"
    );
}

#[test]
fn what_is_wrong_with_a_url_is_told_without_its_password() {
    let form = "write smpp://SYSTEM_ID:PASSWORD@HOST:PORT or smpps://.., each part percent-encoded";
    let cases = [
        ("http://a:hush@h:1", format!("1: a carrier URL begins with neither smpp:// nor smpps://; {form}")),
        ("smpp://h:1", format!("8: a carrier URL has no SYSTEM_ID:PASSWORD@; {form}")),
        ("smpp://a:hu/sh@h:1", format!("8: a carrier URL has no SYSTEM_ID:PASSWORD@; {form}")),
        ("smpp://hush@h:1", format!("8: a carrier URL has no password; {form}")),
        ("smpp://a:@h:1", "10: password is empty; give a text of 1 to 64 octets without control characters".to_owned()),
        ("smpp://:hush@h:1", "8: system_id is the text \"\"; give a text of 1 to 64 printable ASCII characters".to_owned()),
        ("smpp://a:%FF@h:1", "10: password is not UTF-8; percent-encode it as UTF-8".to_owned()),
        ("smpp://a:hush@h", "15: hosts is the text \"h\"; give a host with its port such as \"smsc.example.net:2775\"".to_owned()),
        ("smpp://a:hush@h:1/path", "18: a carrier URL has a path; remove everything between the port and the ?".to_owned()),
        ("smpp://a:hush@h:1?windw=5", "19: windw is no parameter of a carrier URL; did you mean window?".to_owned()),
        ("smpp://a:hush@h:1?binds=1&binds=2", "27: binds is given twice; remove one of them".to_owned()),
        ("smpp://a:hush@h:1?window=0", "26: window is 0; give a whole number from 1 to 65_535".to_owned()),
        ("smpp://a:hush@h:1?tps=fast", "23: tps is the text \"fast\"; give a whole number from 1 to 1_000_000, or \"unlimited\"".to_owned()),
        ("smpp://a:hush@h:1?reconnect_max=9999", "33: reconnect_max is the text \"9999s\"; give a time with its unit from \"100ms\" to \"1h\"".to_owned()),
        ("smpps://a:hush@h:1?insecure=maybe", "29: insecure is the text \"maybe\"; give true or false".to_owned()),
        ("smpp://a:hush@h:1?insecure=1", "28: insecure stands in a connector without TLS; remove it, or set tls = true".to_owned()),
        ("smpp://a:hush@h:1?route=helt", "25: there is no route \"helt\"; did you mean held?".to_owned()),
    ];
    for (url, expected) in cases {
        let said = load(&[url]).expect_err(url);
        assert_eq!(said, format!("--carrier:1:{expected}"), "{url}");
        assert!(!said.contains("hush"));
    }
}

#[test]
fn without_simulated_carriers_they_become_the_default_route() {
    let room = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("carriers.toml");
    let text = "[[listener]]\nname = 'l'\nkind = 'smpp'\naddr = '127.0.0.1:0'\n[[customer]]\nname = 'a'\npassword = 'x'\n";
    std::fs::write(&room, text).expect("the file can be written");
    let options = Options {
        files: vec![room],
        carriers: vec!["smpp://a:b@h:1".to_owned()],
        ..Options::default()
    };
    let directory = options
        .load()
        .unwrap_or_else(|problems| panic!("{problems}"));
    let customer = directory.customer("a").expect("the customer");
    assert!(
        directory.engine.customers[&customer]
            .route(None, b"44")
            .is_some()
    );
}
