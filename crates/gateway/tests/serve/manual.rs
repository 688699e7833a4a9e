//! The pages for operators do what they say: docs/customers.md, step by step on a running gateway.

use std::net::IpAddr;

use smpp::command;
use smpp::status::{self, Status};

use crate::client::Client;
use crate::gateway::{Dir, Gateway, run};

const PAGE: &str = include_str!("../../../../docs/customers.md");

/// The customer's section as the page has it under this heading.
#[track_caller]
pub(crate) fn section(heading: &str) -> &'static str {
    let start = format!("\n## {heading}\n");
    let (_, rest) = PAGE.split_once(&start).expect("the heading");
    let (_, rest) = rest.split_once("```toml\n").expect("a section");
    rest.split_once("```").expect("its end").0
}

/// A gateway whose operator follows the page.
struct Operator {
    dir: Dir,
    gateway: Gateway,
}

impl Operator {
    /// Makes what stands under this heading the configuration.
    #[track_caller]
    fn follow(&self, heading: &str) {
        self.configure(section(heading));
    }

    #[track_caller]
    fn configure(&self, text: &str) {
        self.dir.write("bindery.toml", text);
        let data = self.dir.path().join("data").display().to_string();
        let reload = run(&["reload", "--data-dir", &data]);
        assert_eq!(reload.status.code(), Some(0), "{text}: {reload:?}");
    }

    /// The customer binds from this address: the connection, and what it was answered.
    #[track_caller]
    fn bind(&self, from: &str, password: &str) -> (Client, Status) {
        let from: IpAddr = from.parse().expect("an address");
        let mut client = Client::connect_from(from, self.gateway.smpp);
        let answer = client.bind("acme", password);
        (client, answer)
    }
}

/// Shows MOB-5, MOB-6, MOB-8, MOB-16, MOB-17, MOB-18, MOB-19, MOB-22, MOB-24, MOB-32, MOB-35, MOB-37, MTA-119, BUL-1.
#[test]
fn the_page_about_customers_is_true() {
    let dir = Dir::new("manual-customers");
    let gateway = Gateway::start(&dir, "");
    let operator = Operator { dir, gateway };
    let (first, second) = ("s3cr3t-1", "s3cr3t-2");
    let (near, far) = ("127.0.0.2", "127.0.0.1");
    assert_eq!(operator.bind(far, first).1, status::RINVSYSID);

    operator.follow("Give access");
    let (mut standing, answer) = operator.bind(far, first);
    assert_eq!(answer, status::OK);
    // A query is unknown to the service of the next step, and no error here.
    operator.follow("Choose a preset");
    let (mut one, answer) = operator.bind(far, first);
    assert_eq!(answer, status::OK);
    assert_eq!(one.query("1"), status::RINVCMDID);

    operator.follow("Override a setting");
    assert_eq!(operator.bind(far, first).1, status::RBINDFAIL);
    drop(one);

    operator.follow("Rotate the secret");
    assert_eq!(operator.bind(near, first).1, status::RINVPASWD);
    let (mut near_one, answer) = operator.bind(near, second);
    assert_eq!(answer, status::OK);
    assert_eq!(standing.submitted("447700901234", "hello"), status::OK);

    operator.follow("Narrow the addresses");
    standing.next_of(command::UNBIND);
    drop(standing);
    assert_eq!(near_one.submitted("447700901234", "hello"), status::OK);
    assert_eq!(operator.bind(far, second).1, status::RBINDFAIL);

    operator.follow("Switch it off");
    near_one.next_of(command::UNBIND);
    drop(near_one);
    assert_eq!(operator.bind(near, second).1, status::RBINDFAIL);

    let on = section("Switch it off").replace("enabled = false", "enabled = true");
    operator.configure(&on);
    let (mut again, answer) = operator.bind(near, second);
    assert_eq!(answer, status::OK);
    again.next_of(command::DELIVER_SM);
}

/// Shows MOB-30, MOB-36.
#[test]
fn several_changes_are_one() {
    let dir = Dir::new("manual-changes");
    let section = |more: &str| format!("[[customer]]\nname = 'acme'\npassword = 'secret'\n{more}");
    let gateway = Gateway::start(&dir, &section(""));
    let operator = Operator { dir, gateway };
    let (mut standing, answer) = operator.bind("127.0.0.1", "secret");
    assert_eq!(answer, status::OK);

    let changed = "enabled = false\nallow = ['127.0.0.2/32']\ndaily_limit = 1\n";
    operator.configure(&section(changed));
    standing.next_of(command::UNBIND);
    assert_eq!(operator.bind("127.0.0.2", "secret").1, status::RBINDFAIL);
    operator.configure(&section(&changed.replace("false", "true")));
    assert_eq!(operator.bind("127.0.0.1", "secret").1, status::RBINDFAIL);
    let (mut limited, answer) = operator.bind("127.0.0.2", "secret");
    assert_eq!(answer, status::OK);
    assert_eq!(limited.submitted("447700901234", "one"), status::OK);
    let second = limited.submit("447700901234", "two");
    let refused = limited.next_of(command::SUBMIT_SM_RESP);
    assert_eq!(refused.header.sequence, second);
    assert_eq!(refused.header.status, status::RSUBMITFAIL);

    operator.configure(&section("system_id = 'renamed'\n"));
    assert_eq!(operator.bind("127.0.0.1", "secret").1, status::RINVSYSID);
    let mut renamed = Client::connect(operator.gateway.smpp);
    assert_eq!(renamed.bind("renamed", "secret"), status::OK);
}
