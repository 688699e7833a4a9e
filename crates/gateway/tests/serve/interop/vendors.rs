//! The quick start of each vendor's manual, with two independent clients: what their authors make of SMPP is what a
//! customer's program does.
//!
//! A conversation is a list of steps, and both clients print the same about each:
//!
//! ```text
//! bind A transceiver mta 1      -> A bound | A refused 0xd           (system_type, or -)
//! submit A label NUMBER text    -> A label taken | A label refused 0xb
//! long A label NUMBER           -> A label.1 taken ..                 a text that the client divides
//! query A label                 -> A label state 2 | A label unanswered 0x3
//! cancel A label                -> A label cancelled | A label stays 0x11
//! tell A 1                      -> A receipt label DELIVRD, A mo text waits for so many, and tells all in order
//! quiet A                       -> A quiet                            nothing came that was not told
//! unbind A                      -> A unbound
//! ```

use std::process::Command;

use super::{Dir, Gateway, Wire, installed, lines, python, scripts};

/// Runs the steps with a client; each line is a step and, behind the arrow, what is printed for it.
#[track_caller]
fn check(name: &str, mut client: Command, wire: Wire, conversation: &str) {
    let dir = Dir::new(name);
    let gateway = Gateway::start(&dir, "");
    let (address, certificate) = match wire {
        Wire::Plain => (gateway.smpp, "-".into()),
        Wire::Tls => (gateway.smpps, dir.path().join("data/tls/cert.pem")),
    };
    let mut steps = Vec::new();
    let mut expected = Vec::new();
    for line in conversation
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (step, told) = line.split_once("->").expect("an arrow");
        steps.push(step.trim());
        expected.extend(told.split(',').map(str::trim));
    }
    client.args([address.ip().to_string(), address.port().to_string()]);
    client.arg(certificate).arg(steps.join("\n"));
    assert_eq!(lines(client), expected);
}

fn smpplib() -> Command {
    python("vendor_smpplib.py")
}

fn node() -> Command {
    let mut command = Command::new("node");
    command
        .env("NODE_PATH", installed().join("node/node_modules"))
        .arg(scripts().join("vendor_node.js"));
    command
}

const MTA: &str = "
    bind A transceiver mta - -> A bound
    submit A quick 12125551234 Hello -> A quick taken
    tell A 1 -> A receipt quick DELIVRD
    long A long 12125551235 -> A long.1 taken, A long.2 taken, A long.3 taken
    tell A 3 -> A receipt long.1 DELIVRD, A receipt long.2 DELIVRD, A receipt long.3 DELIVRD
    submit A asked 12125550009 drawer -> A asked taken
    tell A 2 -> A mo reward, A receipt asked DELIVRD
    submit A waiting 12125550008 later -> A waiting taken
    query A waiting -> A waiting state 1
    quiet A -> A quiet
";

/// Shows MTA-118, MTA-120, MTA-121, MTA-122, MTA-43, MTA-63.
#[test]
#[ignore = "needs smpplib: run `cargo xtask test`"]
fn smpplib_starts_quickly_with_mta() {
    let steps = format!("{MTA}unbind A -> A unbound");
    check("smpplib-mta", smpplib(), Wire::Tls, &steps);
}

/// Shows MTA-82, MTA-118, MTA-120, MTA-121, MTA-122, MTA-43, MTA-63.
#[test]
#[ignore = "needs node's smpp: run `cargo xtask test`"]
fn node_starts_quickly_with_mta_and_cancels() {
    let steps = format!(
        "{MTA}cancel A waiting -> A waiting cancelled
         tell A 1 -> A receipt waiting DELETED
         unbind A -> A unbound"
    );
    check("node-mta", node(), Wire::Tls, &steps);
}

const MESSANGI: &str = "
    bind A transceiver messangi - -> A bound
    submit A quick 12125551234 Hello -> A quick taken
    tell A 1 -> A receipt quick DELIVRD
    long A long 12125551235 -> A long.1 taken, A long.2 taken, A long.3 taken
    tell A 3 -> A receipt long.1 DELIVRD, A receipt long.2 DELIVRD, A receipt long.3 DELIVRD
    quiet A -> A quiet
    unbind A -> A unbound
";

/// Shows MES-4, MES-6, MES-21, MES-22.
#[test]
#[ignore = "needs smpplib: run `cargo xtask test`"]
fn smpplib_starts_quickly_with_messangi() {
    check("smpplib-messangi", smpplib(), Wire::Tls, MESSANGI);
}

/// Shows MES-4, MES-6, MES-21, MES-22.
#[test]
#[ignore = "needs node's smpp: run `cargo xtask test`"]
fn node_starts_quickly_with_messangi() {
    check("node-messangi", node(), Wire::Tls, MESSANGI);
}

const MOBIVATE: &str = "
    bind A transmitter mobivate CMT -> A bound
    bind B receiver mobivate CMT -> B bound
    bind C transceiver mobivate CMT -> C bound
    bind D transceiver mobivate CMT -> D refused 0xd
    unbind C -> C unbound
    submit A quick 12125551234 Hello -> A quick taken
    tell B 1 -> B receipt quick DELIVRD
    long A long 12125551235 -> A long.1 taken, A long.2 taken, A long.3 taken
    tell B 3 -> B receipt long.1 DELIVRD, B receipt long.2 DELIVRD, B receipt long.3 DELIVRD
    quiet A -> A quiet
    unbind A -> A unbound
    unbind B -> B unbound
";

/// Shows MOB-176, MOB-177, MOB-179, MOB-191, MOB-192, MOB-194.
#[test]
#[ignore = "needs smpplib: run `cargo xtask test`"]
fn smpplib_starts_quickly_with_mobivate() {
    check("smpplib-mobivate", smpplib(), Wire::Plain, MOBIVATE);
}

/// Shows MOB-176, MOB-177, MOB-179, MOB-191, MOB-192, MOB-194.
#[test]
#[ignore = "needs node's smpp: run `cargo xtask test`"]
fn node_starts_quickly_with_mobivate() {
    check("node-mobivate", node(), Wire::Plain, MOBIVATE);
}

const BULKSMS: &str = "
    bind A transmitter bulksms 0 -> A bound
    bind B transmitter bulksms 0 -> B bound
    bind C transmitter bulksms 1 -> C bound
    bind D transmitter bulksms 1 -> D bound
    bind E receiver bulksms 0 -> E bound
    bind F receiver bulksms 1 -> F bound
    submit A a 12125551234 Hello -> A a taken
    submit B b 12125551234 Hello -> B b taken
    submit C c 12125551234 Hello -> C c taken
    submit D d 12125551234 Hello -> D d taken
    tell E 2 -> E receipt a DELIVRD, E receipt b DELIVRD
    tell F 2 -> F receipt c DELIVRD, F receipt d DELIVRD
    bind G receiver bulksms 0 -> G bound
    submit A taken-over 12125551234 Hello -> A taken-over taken
    tell G 1 -> G receipt taken-over DELIVRD
    unbind E -> E unbound
    bind E receiver bulksms Logica -> E bound
    submit B taken-back 12125551234 Hello -> B taken-back taken
    tell E 1 -> E receipt taken-back DELIVRD
    quiet F -> F quiet
    quiet G -> G quiet
    long A long 12125551235 -> A long.1 taken, A long.2 taken, A long.3 taken
    tell E 3 -> E receipt long.1 DELIVRD, E receipt long.2 DELIVRD, E receipt long.3 DELIVRD
    unbind E -> E unbound
    unbind F -> F unbound
    unbind G -> G unbound
";

/// Shows BUL-50, BUL-57, BUL-60, BUL-66, BUL-73, BUL-76, BUL-77, C-12.
#[test]
#[ignore = "needs smpplib: run `cargo xtask test`"]
fn smpplib_has_the_groups_of_example_1() {
    check("smpplib-bulksms", smpplib(), Wire::Plain, BULKSMS);
}

/// Shows BUL-50, BUL-57, BUL-60, BUL-66, BUL-73, BUL-76, BUL-77, C-12.
#[test]
#[ignore = "needs node's smpp: run `cargo xtask test`"]
fn node_has_the_groups_of_example_1() {
    check("node-bulksms", node(), Wire::Plain, BULKSMS);
}

const TANGERINE: &str = "
    bind A transmitter tangerine 0 -> A bound
    bind B transmitter tangerine 1 -> B bound
    bind C transceiver tangerine 0 -> C bound
    bind D transceiver tangerine 1 -> D bound
    bind E transceiver tangerine 100 -> E refused 0x53
    submit A a 12125551234 Hello -> A a taken
    submit B b 12125551234 Hello -> B b taken
    submit C c 12125551234 Hello -> C c taken
    submit D d 12125551234 Hello -> D d taken
    tell C 2 -> C receipt a DELIVRD, C receipt c DELIVRD
    tell D 2 -> D receipt b DELIVRD, D receipt d DELIVRD
    quiet A -> A quiet
    quiet B -> B quiet
    unbind C -> C unbound
    unbind D -> D unbound
";

/// Shows BUL-69, BUL-70, BUL-71, BUL-72.
#[test]
#[ignore = "needs smpplib: run `cargo xtask test`"]
fn smpplib_has_the_groups_of_example_2() {
    check("smpplib-tangerine", smpplib(), Wire::Tls, TANGERINE);
}

/// Shows BUL-69, BUL-70, BUL-71, BUL-72.
#[test]
#[ignore = "needs node's smpp: run `cargo xtask test`"]
fn node_has_the_groups_of_example_2() {
    check("node-tangerine", node(), Wire::Tls, TANGERINE);
}
