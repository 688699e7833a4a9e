//! Why messages would go where they go, and docs/manual/routes.md, command by command.

use serde_json::Value;
use smpp::pdu::{Pdu, Sm};
use smpp::{command, status};
use sms::Address;

use crate::asks::submitted;
use crate::carriers;
use crate::client::Client;
use crate::ctl::{bindery, demo, demo_with, run_page, said};
use crate::gateway::{Dir, Gateway, run};

const PAGE: &str = include_str!("../../../../docs/manual/routes.md");

#[test]
fn the_page_about_routes_is_true() {
    let dir = Dir::new("manual-routes");
    let _gateway = demo(&dir);
    assert_eq!(run_page(&dir, PAGE, |_| ()), 2);
    // What is explained is what a real message meets: this number goes over the other carrier.
    let odd = bindery(&dir, "ctl explain --from demo --to 447700900002 --json");
    let odd = said(&odd);
    assert!(odd.contains(r#""carriers":[{"carrier":"sim-odd""#), "{odd}");
    let wrong = bindery(&dir, "ctl explain --from demo --to +44");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains("+44 is no number"), "{wrong:?}");
}

/// What is said of a message like this.
#[track_caller]
fn explained(dir: &Dir, question: &str) -> String {
    let output = bindery(dir, &format!("ctl explain {question}"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    said(&output)
}

#[test]
fn what_an_operator_has_decided_is_told_and_so_is_the_way_of_a_message_that_was_accepted() {
    let dir = Dir::new("explain-now");
    let selector = "[[customer]]\nname = 'vip'\npassword = 's3cr3t'\nroute_selector = 'service_type'\nsource_ton_npi = '1/1'\n";
    let gateway = demo_with(&dir, selector);
    let mut client = Client::bound(gateway.smpp, "demo", "demopass");
    let id = submitted(&mut client, "447700900002");
    let message = format!("--message {id}");
    assert!(
        explained(&dir, &message).contains("sim-odd  0"),
        "{message}"
    );

    for (order, question, expected) in [
        ("pause sim-odd", &message[..], "paused, 1 binds"),
        ("drain sim-odd", &message, "drained, 1 binds"),
        (
            "pause demo",
            &message,
            "It is refused: an operator has paused its customer",
        ),
        (
            "resume demo",
            "--from demo --to 447700901234 --source Shop",
            "Its source travels as Shop.",
        ),
        (
            "resume sim-odd",
            "--from demo --to 447700901234 --source a-name-that-is-too-long",
            "ESME_RINVSRCADR",
        ),
        (
            "resume sim-odd",
            "--from demo --to 447700901234 --service-type X",
            "its service_type selects no route",
        ),
        (
            "resume sim-odd",
            "--from vip --to 447700901234 --service-type X",
            "It is refused: no route takes it",
        ),
        (
            "resume sim-odd",
            "--from vip --to 447700901234 --source 447700900000",
            "Its source travels as 447700900000.",
        ),
    ] {
        let output = bindery(&dir, &format!("ctl {order}"));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = explained(&dir, question);
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn what_came_from_a_subscriber_is_not_said_to_take_a_route() {
    let dir = Dir::new("explain-mo");
    let (listener, url) = carriers::centre("window=5");
    let number = "[[number]]\nnumber = '27111'\ncustomer = 'demo'\n";
    let gateway = Gateway::start_with(&dir, number, &["--carrier", &url]);
    let (mut carrier, bind) = carriers::arrive(&listener);
    carrier.accept_bind(&bind);
    carrier.ask(&Pdu::DeliverSm(Sm {
        source: Address::international(b"447700900123"),
        destination: Address::international(b"27111"),
        short_message: b"hello",
        ..Sm::default()
    }));
    let answer = carrier.next_of(command::DELIVER_SM_RESP);
    assert_eq!(answer.header.status, status::OK);
    let parked = said(&bindery(&dir, "ctl receipts parked --json"));
    let parked: Value = serde_json::from_str(&parked).expect("one object");
    assert_eq!(parked["kind"], "mo");
    let id = parked["id"].as_str().expect("an id");
    let output = bindery(&dir, &format!("ctl explain --message {id}"));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        said(&output).contains("came from a subscriber"),
        "{output:?}"
    );
    drop(gateway);
}

#[test]
fn a_route_is_explained_by_a_configuration_alone() {
    let dir = Dir::new("explain-offline");
    let file = dir.write(
        "bindery.toml",
        r#"
        [[listener]]
        name = "smpp"
        kind = "smpp"
        addr = "127.0.0.1:0"
        [[customer]]
        name = "acme"
        password = "secret"
        [[connector]]
        name = "north"
        simulated = true
        [[route]]
        name = "uk"
        prefix = ["44"]
        targets = ["north"]
        "#,
    );
    let file = file.display().to_string();
    let ask = |to| {
        run(&[
            "ctl", "explain", "--from", "acme", "--to", to, "--config", &file,
        ])
    };
    let taken = said(&ask("447700901234"));
    assert!(
        taken.contains("north") && taken.contains("unknown"),
        "{taken}"
    );
    let refused = said(&ask("33612345678"));
    assert!(refused.contains("the number begins otherwise"), "{refused}");
    assert!(
        refused.contains("It is refused: no route takes it."),
        "{refused}"
    );
}
