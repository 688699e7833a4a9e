//! Why messages would go where they go, and docs/manual/routes.md, command by command.

use crate::ctl::{bindery, demo, run_page, said};
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
