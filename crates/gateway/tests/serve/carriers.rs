//! Carriers: as many binds as agreed, made again when they end.

use std::net::TcpListener;

use smpp::command;
use smpp::pdu::{AlertNotification, BindResp, Pdu};
use smpp::status;
use smpp::tlv::Tlvs;
use sms::Address;

use crate::client::{Came, Client};
use crate::gateway::{Dir, Gateway};

/// A message centre's port, and the URL that leads there.
pub(crate) fn centre(parameters: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    (
        listener,
        format!("smpp://us:secret@127.0.0.1:{port}?{parameters}"),
    )
}

/// Takes a connection and the bind that comes over it.
pub(crate) fn arrive(listener: &TcpListener) -> (Client, Came) {
    let mut carrier = Client::accept(listener);
    let bind = carrier.next();
    (carrier, bind)
}

#[test]
fn a_message_goes_to_the_carrier() {
    let dir = Dir::new("send");
    let (listener, url) = centre("window=5");
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    let Pdu::BindTransceiver(asked) = bind.pdu() else {
        panic!("{bind:?}");
    };
    assert_eq!(
        (asked.system_id, asked.password),
        (&b"us"[..], &b"secret"[..])
    );
    carrier.accept_bind(&bind);

    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    assert_eq!(customer.submitted("447700901234", "hello"), status::OK);
    let message = carrier.next_of(command::SUBMIT_SM);
    let Pdu::SubmitSm(sm) = message.pdu() else {
        panic!("{message:?}");
    };
    assert_eq!(sm.short_message, b"hello");
    carrier.take(&message, "42");
}

#[test]
fn there_are_exactly_as_many_sockets_as_agreed() {
    let dir = Dir::new("binds");
    let (listener, url) = centre("binds=3");
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let mut carriers: Vec<Client> = (0..3)
        .map(|_| {
            let (mut carrier, bind) = arrive(&listener);
            carrier.accept_bind(&bind);
            carrier
        })
        .collect();
    for _ in 0..3 {
        gateway.logged("bound connector=");
    }
    listener.set_nonblocking(true).expect("an option");
    assert!(listener.accept().is_err(), "a fourth one");
    let (_, metrics) = gateway.get("/metrics");
    assert!(
        metrics.contains("bindery_binds{peer=\"carrier1\",side=\"connector\"} 3"),
        "{metrics}"
    );

    // One that ends is made again, and only that one.
    listener.set_nonblocking(false).expect("an option");
    drop(carriers.pop());
    let (mut again, bind) = arrive(&listener);
    again.accept_bind(&bind);
    gateway.logged("bound connector=");
    listener.set_nonblocking(true).expect("an option");
    assert!(listener.accept().is_err(), "a fourth one");
}

#[test]
fn a_refused_password_is_not_tried_again_at_once() {
    let dir = Dir::new("hold-off");
    let (listener, url) = centre("reconnect_max=60");
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    let (mut carrier, bind) = arrive(&listener);
    let refusal = Pdu::BindTransceiverResp(BindResp {
        system_id: b"",
        tlvs: Tlvs::EMPTY,
        body_present: false,
    });
    carrier.send(&refusal, status::RINVPASWD, bind.header.sequence);
    carrier.end();
    gateway.logged("the carrier does not take our credentials");
    let rejected = "bindery_credentials_rejected_total{peer=\"carrier1\",side=\"connector\"}";
    gateway.counted(rejected, 1);
    let line = gateway.logged("next attempt");
    let wait = line
        .split("wait=")
        .nth(1)
        .and_then(|rest| rest.strip_suffix('s'));
    let seconds: f64 = wait
        .and_then(|wait| wait.parse().ok())
        .expect("a wait in seconds");
    assert!((48.0..=72.0).contains(&seconds), "{line}");
}

/// Shows MTA-90.
#[test]
fn a_carrier_that_is_not_there_is_waited_for() {
    let dir = Dir::new("absent");
    let (listener, url) = centre("binds=1");
    let address = listener.local_addr().expect("it has one");
    drop(listener);
    let gateway = Gateway::start_with(&dir, "", &["--carrier", &url]);
    gateway.logged("no connection");
    let listener = TcpListener::bind(address).expect("the same port");
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    gateway.logged("bound connector=");
}

/// A configuration with one connector to `listener`, and what stands in it besides.
fn connector(listener: &TcpListener, more: &str) -> String {
    let address = listener.local_addr().expect("it has one");
    format!(
        "[[connector]]\nname = \"real\"\nhosts = [\"{address}\"]\nsystem_id = \"us\"\npassword = \"secret\"\n{more}\n"
    )
}

#[test]
fn a_changed_connector_is_bound_to_anew_and_a_removed_one_is_left() {
    let dir = Dir::new("reconnect");
    let (listener, _) = centre("");
    let gateway = Gateway::start(&dir, &connector(&listener, "window = 5"));
    let (mut first, bind) = arrive(&listener);
    first.accept_bind(&bind);
    gateway.logged("bound connector=\"real\"");

    dir.write("bindery.toml", &connector(&listener, "window = 7"));
    gateway.signal("HUP");
    let (mut second, bind) = arrive(&listener);
    second.accept_bind(&bind);
    let unbind = first.next_of(command::UNBIND);
    let answer = Pdu::UnbindResp(Tlvs::EMPTY);
    first.send(&answer, status::OK, unbind.header.sequence);
    first.end();

    dir.write("bindery.toml", "");
    gateway.signal("HUP");
    let unbind = second.next_of(command::UNBIND);
    second.send(&answer, status::OK, unbind.header.sequence);
    second.end();
    listener.set_nonblocking(true).expect("an option");
    assert!(listener.accept().is_err(), "a third one");
}

#[test]
fn a_setting_that_needs_no_new_bind_makes_none() {
    let dir = Dir::new("no-reconnect");
    let (listener, _) = centre("");
    let gateway = Gateway::start(&dir, &connector(&listener, "tps = 5"));
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    gateway.logged("bound connector=\"real\"");
    dir.write("bindery.toml", &connector(&listener, "tps = 7"));
    gateway.signal("HUP");
    gateway.logged("real");
    // It still answers on the old one.
    let alive = carrier.ask(&Pdu::EnquireLink(Tlvs::EMPTY));
    let answer = carrier.next_of(command::ENQUIRE_LINK_RESP);
    assert_eq!(answer.header.sequence, alive);
    listener.set_nonblocking(true).expect("an option");
    assert!(listener.accept().is_err(), "a second one");
}

/// Shows BUL-47.
#[test]
fn an_alert_reaches_the_customer_of_the_number_that_wants_alerts() {
    let dir = Dir::new("alert");
    let (listener, _) = centre("");
    let customers = r#"
[[customer]]
name = "wants"
password = "secret"

[[customer]]
name = "bulk"
password = "secret"
preset = "bulksms"

[[number]]
number = "80888"
customer = "wants"

[[number]]
number = "80889"
customer = "bulk"
"#;
    let gateway = Gateway::start(&dir, &(connector(&listener, "") + customers));
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    gateway.logged("bound connector=\"real\"");
    let mut wants = Client::bound(gateway.smpp, "wants", "secret");
    let mut bulk = Client::bound(gateway.smpp, "bulk", "secret");
    for number in ["80889", "80888"] {
        carrier.ask(&Pdu::AlertNotification(AlertNotification {
            source: Address::international(b"447700900123"),
            esme: Address {
                ton: 0,
                npi: 0,
                digits: number.as_bytes(),
            },
            tlvs: Tlvs::EMPTY,
        }));
    }
    let came = wants.next();
    let Pdu::AlertNotification(alert) = came.pdu() else {
        panic!("{came:?}");
    };
    assert_eq!(alert.source.digits, b"447700900123");
    assert_eq!(alert.esme.digits, b"80888");
    gateway.counted("bindery_alerts_dropped_total", 1);
    // Whatever the other was sent would have come before this.
    bulk.ask(&Pdu::EnquireLink(Tlvs::EMPTY));
    assert_eq!(
        bulk.next().header.command_id,
        command::ENQUIRE_LINK_RESP,
        "its manual has no alerts"
    );
}

/// A second connector, and a route to it for some numbers.
const OTHER_WAY: &str = r#"
[[connector]]
name = "other"
simulated = true

[[route]]
name = "other"
prefix = ["45"]
targets = ["other"]

[[route]]
name = "real"
prefix = ["44"]
targets = ["real"]
"#;

#[test]
fn a_carrier_that_never_answers_is_bound_to_anew_and_holds_up_nobody_else() {
    let dir = Dir::new("mute");
    let (listener, _) = centre("");
    let rules =
        "window = 2\nresponse_timeout = \"1s\"\nlate_wait = \"1 min\"\nreconnect_min = \"100ms\"";
    let gateway = Gateway::start(&dir, &(connector(&listener, rules) + OTHER_WAY));
    let (mut carrier, bind) = arrive(&listener);
    carrier.accept_bind(&bind);
    let mut customer = Client::bound(gateway.smpp, "demo", "demopass");
    for text in ["one", "two", "three"] {
        assert_eq!(customer.submitted("447700901234", text), status::OK);
    }
    assert_eq!(customer.submitted("4512341234", "elsewhere"), status::OK);
    let receipt = customer.next_of(command::DELIVER_SM);
    customer.acknowledge(&receipt);

    let text = |message: &Came| match message.pdu() {
        Pdu::SubmitSm(sm) => String::from_utf8_lossy(sm.short_message).into_owned(),
        other => panic!("{other:?}"),
    };
    let mut first = [carrier.next(), carrier.next()].map(|message| text(&message));
    first.sort();
    assert_eq!(first, ["one", "two"]);
    // Its whole window is silent: there is nothing left to do with the bind.
    let unbind = carrier.next_of(command::UNBIND);
    let answer = Pdu::UnbindResp(Tlvs::EMPTY);
    carrier.send(&answer, status::OK, unbind.header.sequence);
    carrier.end();
    let (mut again, bind) = arrive(&listener);
    again.accept_bind(&bind);
    let mut second = Vec::new();
    for _ in 0..3 {
        let message = again.next_of(command::SUBMIT_SM);
        second.push(text(&message));
        again.take(&message, &format!("id{}", second.len()));
    }
    second.sort();
    assert_eq!(second, ["one", "three", "two"]);
}
