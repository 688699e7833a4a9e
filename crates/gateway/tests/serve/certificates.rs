//! Certificates as operators renew them: docs/manual/running.md, "Renew a certificate".

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, KeyPair};
use smpp::status;

use crate::client::Client;
use crate::gateway::{Dir, Gateway, run};

const NAME: &str = "smpp.example.com";

/// What a listener is called whose address comes from the command line, as in all these tests.
const LISTENER: &str = "smpps-listen";

/// A certificate and its key.
struct Made {
    cert: String,
    key: String,
    /// Seconds since 1970.
    expires: u64,
}

/// One that lasts so many days and a few minutes more.
fn made(days: u64) -> Made {
    let mut params = CertificateParams::new([NAME.to_owned()]).expect("a name");
    let ends = SystemTime::now() + Duration::from_secs(days * 86_400 + 600);
    params.not_after = ends.into();
    let key = KeyPair::generate().expect("a key");
    Made {
        cert: params.self_signed(&key).expect("a certificate").pem(),
        key: key.serialize_pem(),
        expires: ends
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs(),
    }
}

/// What the page has under this heading.
fn page(heading: &str) -> &'static str {
    const PAGE: &str = include_str!("../../../../docs/manual/running.md");
    let (_, rest) = PAGE
        .split_once(&format!("\n## {heading}\n"))
        .expect("the heading");
    rest.split_once("\n## ").map_or(rest, |(text, _)| text)
}

fn config() -> String {
    let (_, rest) = page("Renew a certificate")
        .split_once("```toml\n")
        .expect("a section");
    let (config, _) = rest.split_once("```").expect("its end");
    config.replace("/etc/bindery/", "")
}

fn write(dir: &Dir, made: &Made) {
    dir.write("smpp.example.com.pem", &made.cert);
    dir.write("smpp.example.com.key", &made.key);
}

fn reload(dir: &Dir) -> Option<i32> {
    let data = dir.path().join("data").display().to_string();
    run(&["reload", "--data-dir", &data]).status.code()
}

/// Where this certificate is trusted, and no other.
fn trusting(dir: &Dir, made: &Made) -> PathBuf {
    dir.write("trusted.pem", &made.cert)
}

fn expires(side: &str, name: &str) -> String {
    format!("bindery_certificate_expires_timestamp_seconds{{side=\"{side}\",name=\"{name}\"}}")
}

#[test]
fn a_renewed_certificate_counts_from_the_next_connection_and_ends_none() {
    let dir = Dir::new("renew");
    let (old, new) = (made(20), made(90));
    write(&dir, &old);
    let gateway = Gateway::start(&dir, &config());
    gateway
        .logged("the certificate of listener smpps-listen expires in 20 days: renew it and reload");
    gateway.counted(&expires("listener", LISTENER), old.expires);
    let mut standing = Client::connect_tls_as(gateway.smpps, &trusting(&dir, &old), NAME);
    assert_eq!(standing.bind("demo", "demopass"), status::OK);

    // The files have the same names: only what is in them has changed.
    write(&dir, &new);
    assert_eq!(reload(&dir), Some(0));
    gateway.counted(&expires("listener", LISTENER), new.expires);
    assert_eq!(standing.submitted("447700901234", "hello"), status::OK);
    let mut next = Client::connect_tls_as(gateway.smpps, &trusting(&dir, &new), NAME);
    assert_eq!(next.bind("demo", "demopass"), status::OK);
    let mut behind = Client::connect_tls_as(gateway.smpps, &trusting(&dir, &old), NAME);
    assert!(behind.try_write(&[0; 16]).is_err(), "the old one is shown");
}

#[test]
fn a_certificate_may_come_in_other_files() {
    let dir = Dir::new("renew-elsewhere");
    write(&dir, &made(90));
    let gateway = Gateway::start(&dir, &config());
    let new = made(60);
    dir.write("new.pem", &new.cert);
    dir.write("new.key", &new.key);
    dir.write("bindery.toml", &config().replace(NAME, "new"));
    assert_eq!(reload(&dir), Some(0));
    gateway.counted(&expires("listener", LISTENER), new.expires);
    let mut next = Client::connect_tls_as(gateway.smpps, &trusting(&dir, &new), NAME);
    assert_eq!(next.bind("demo", "demopass"), status::OK);
}

#[test]
fn a_certificate_without_its_key_changes_nothing() {
    let dir = Dir::new("renew-half");
    let (old, new) = (made(90), made(60));
    write(&dir, &old);
    let gateway = Gateway::start(&dir, &config());
    dir.write("smpp.example.com.pem", &new.cert);
    assert_eq!(reload(&dir), Some(1));
    let problem = gateway.logged("smpp.example.com.pem");
    assert!(problem.contains("KeyMismatch"), "{problem}");
    gateway.counted(&expires("listener", LISTENER), old.expires);
    let mut next = Client::connect_tls_as(gateway.smpps, &trusting(&dir, &old), NAME);
    assert_eq!(next.bind("demo", "demopass"), status::OK);
}

/// What we show to a carrier expires as well.
#[test]
fn the_certificate_of_a_connector_is_told_of_too() {
    let dir = Dir::new("renew-connector");
    let (server, own) = (made(90), made(0));
    write(&dir, &server);
    dir.write("us.pem", &own.cert);
    dir.write("us.key", &own.key);
    let connector = format!(
        "{}\n[[connector]]\nname = 'carrier'\nhosts = ['127.0.0.1:1']\nsystem_id = 'us'\npassword = 'secret'\ntls = true\nca = 'smpp.example.com.pem'\ncert = 'us.pem'\nkey = 'us.key'\n",
        config()
    );
    let gateway = Gateway::start(&dir, &connector);
    gateway
        .logged("the certificate of connector carrier expires within a day: renew it and reload");
    gateway.counted(&expires("connector", "carrier"), own.expires);
    gateway.counted(&expires("listener", LISTENER), server.expires);

    // A connector that is gone shows none any more.
    dir.write("bindery.toml", &config());
    assert_eq!(reload(&dir), Some(0));
    let text = gateway.get("/metrics").1;
    assert!(!text.contains(&expires("connector", "carrier")), "{text}");
}
