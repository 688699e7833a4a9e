//! Why messages would go where they go, and docs/manual/routes.md, command by command.

use crate::asks::submitted;
use crate::client::Client;
use crate::ctl::{bindery, demo, demo_with, run_page, said};
use crate::gateway::{Dir, run};

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
    let selector =
        "[[customer]]\nname = 'vip'\npassword = 's3cr3t'\nroute_selector = 'service_type'\n";
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
    ] {
        let output = bindery(&dir, &format!("ctl {order}"));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = explained(&dir, question);
        assert!(said.contains(expected), "{expected}: {said}");
    }
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
