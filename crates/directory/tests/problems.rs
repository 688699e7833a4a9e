//! Everything that is wrong is told at once, each with its place and with what to change.

use std::fs;
use std::path::PathBuf;

use directory::{Directory, Options};
use engine::{RouteName, Selected};

/// What is said of a text, a line each.
fn said(text: &str) -> Vec<String> {
    match Directory::parse("f", text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// A sound listener, customer and connector on lines 1, 5 and 8.
const SOUND: &str = "\
[[listener]]
name = 'smpp'
kind = 'smpp'
addr = '127.0.0.1:2775'
[[customer]]
name = 'a'
password = 'secret'
[[connector]]
name = 'c'
hosts = 'smsc.example:2775'
system_id = 'us'
password = 'secret'
";

/// What is said of `text` behind a sound beginning of 12 lines, with lines counted from its own first.
fn said_behind(text: &str) -> Vec<String> {
    let problems = Directory::parse("f", &format!("{SOUND}{text}")).err();
    let problems = problems.iter().flat_map(|problems| problems.iter());
    problems
        .map(|problem| {
            let line = i64::from(problem.line) - 12;
            format!(
                "{line}:{}: {}; {}",
                problem.column, problem.what, problem.change
            )
        })
        .collect()
}

/// An empty directory of its own for a test.
fn room(test: &str) -> PathBuf {
    let room = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&room);
    fs::create_dir_all(&room).expect("a directory can be made");
    room
}

#[test]
fn all_problems_of_a_file_are_told_in_the_order_of_the_file() {
    let text = "\
[gateway]
mesages_max = 5000
drain_timeout = 8

[[customer]]
name = 'acme'
pasword = 'secret'
window = 0
inactivity = '2 fortnights'

[[connector]]
name = 'carrier'
hosts = ['smsc.example']
system_id = 'us'
password = 'secret'

[[route]]
name = 'all'
targets = ['carier']
";
    assert_eq!(
        said(text),
        [
            "f:1:1: there is no listener; add a [[listener]] with name, kind and addr",
            "f:2:1: mesages_max is no key of [gateway]; did you mean messages_max?",
            "f:3:17: drain_timeout is 8; give a time with its unit from \"1s\" to \"10 min\"",
            "f:5:1: the customer has no password; add password, password_file or password_env",
            "f:7:1: pasword is no key of [[customer]]; did you mean password?",
            "f:8:10: window is 0; give a whole number from 1 to 65_535",
            "f:9:14: inactivity is the text \"2 fortnights\"; give a time with its unit from \"1s\" to \"24h\", or \"never\"",
            "f:13:10: an element of hosts is the text \"smsc.example\"; give a host with its port such as \"smsc.example.net:2775\"",
            "f:19:12: there is no connector \"carier\"; did you mean carrier?",
        ]
    );
}

#[test]
fn several_syntax_errors_are_told_and_nothing_that_only_follows_from_them() {
    let text = "\
[gateway]
drain_timeout =
log = \"info
window = 3
[[customer]]
name = 'a'
password = 'x' 'y'
";
    assert_eq!(
        said(text),
        [
            "f:2:16: this is not TOML: string values must be quoted, expected literal string; correct the syntax",
            "f:3:12: this is not TOML: invalid basic string, expected `\"`; correct the syntax",
            "f:4:1: window is no key of [gateway]; it belongs to [[customer]] or [[connector]]",
            "f:7:16: this is not TOML: unexpected key or value, expected newline, `#`; correct the syntax",
        ]
    );
}

#[test]
fn columns_count_characters() {
    assert_eq!(
        said_behind("[[number]]\nnumber = '5'\ncustomer = 'a' # ü\n[gateway]\nlog = 'ü'"),
        ["5:7: log is the text \"ü\"; give a text of 1 to 1000 printable ASCII characters"]
    );
}

#[test]
fn sections_that_are_none_are_told() {
    assert_eq!(
        said_behind("[[customers]]\nname = 'b'\n"),
        ["1:3: customers is no section; did you mean customer?"]
    );
    assert_eq!(
        said("[listener]\nname = 'x'\n")[0],
        "f:1:1: listener is not a list of sections; write [[listener]]"
    );
    assert_eq!(
        said("[[gateway]]\nlog = 'x'\n")[0],
        "f:1:1: gateway is not a section; write [gateway]"
    );
    assert_eq!(
        said("customer = [7]\n")[1],
        "f:1:13: an element of customer is not a section; write [[customer]]"
    );
}

#[test]
fn names_stand_once_in_a_file() {
    assert_eq!(
        said_behind(
            "[[customer]]\nname = 'a'\npassword = 'x'\n[[number]]\nnumber = '1'\ncustomer = 'a'\n[[number]]\nnumber = '1'\ncustomer = 'a'\n"
        ),
        [
            "2:8: [[customer]] \"a\" stands at f:6 already; give another name",
            "8:10: [[number]] \"1\" stands at f:17 already; give another number",
        ]
    );
}

#[test]
fn system_ids_and_numbers_are_nobody_elses() {
    assert_eq!(
        said_behind(
            "[[customer]]\nname = 'b'\nsystem_id = 'a'\npassword = 'x'\n\
             [[customer]]\nname = 'c'\nid = 7\npassword = 'x'\n\
             [[customer]]\nname = 'd'\nid = 7\npassword = 'x'\n\
             [[connector]]\nname = 'e'\nid = 7\nsimulated = true\n\
             [[connector]]\nname = 'f'\nid = 7\nsimulated = true\n"
        ),
        [
            "3:13: customer \"b\" has the system_id a of \"a\" (f:6); give one of them another system_id",
            "11:6: customer \"d\" has the id 7 of \"c\" (f:18); give one of them another id",
            "19:6: connector \"f\" has the id 7 of \"e\" (f:26); give one of them another id",
        ]
    );
}

#[test]
fn two_listeners_cannot_have_one_address() {
    assert_eq!(
        said_behind(
            "[[listener]]\nname = 'http'\nkind = 'http'\naddr = ['127.0.0.1:0', '127.0.0.1:0', '127.0.0.1:2775']\n"
        ),
        ["4:39: the address 127.0.0.1:2775 stands at f:4 already; give another port"]
    );
}

#[test]
fn two_routes_cannot_take_the_same_destinations() {
    assert_eq!(
        said_behind(
            "[[route]]\nname = 'one'\nprefix = ['44', '49']\ntargets = ['c']\n\
             [[route]]\nname = 'two'\nprefix = ['39', '49']\ntargets = ['c']\n\
             [[route]]\nname = 'three'\nending = '0001-0007'\ntargets = ['c']\n\
             [[route]]\nname = 'four'\nending = '0007-0009'\ntargets = ['c']\n"
        ),
        [
            "6:8: route \"two\" takes destinations of customer \"a\" that route \"one\" (f:14) takes as well; give them different prefixes, endings, customers or route_ids",
            "14:8: route \"four\" takes destinations of customer \"a\" that route \"three\" (f:22) takes as well; give them different prefixes, endings, customers or route_ids",
        ]
    );
}

#[test]
fn a_route_that_names_the_customer_counts_before_one_for_all() {
    let text = format!(
        "{SOUND}[[connector]]\nname = 'd'\nsimulated = true\n[[customer]]\nname = 'b'\npassword = 'x'\n\
         [[route]]\nname = 'own'\ncustomers = ['a']\ntargets = ['d']\n[[route]]\nname = 'all'\ntargets = ['c']\n"
    );
    let directory = Directory::parse("f", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let target = |name: &str| {
        let customer = directory.customer(name).expect("the customer");
        let route = directory.engine.customers[&customer]
            .route(None, b"44")
            .expect("a route");
        directory
            .carrier(route.targets[0].connector)
            .expect("the carrier")
            .profile
            .name
            .clone()
    };
    assert_eq!((target("a"), target("b")), ("d".to_owned(), "c".to_owned()));
}

#[test]
fn routes_with_different_ids_take_different_messages() {
    let text = format!(
        "{SOUND}[[route]]\nname = 'one'\ntargets = ['c']\n[[route]]\nname = 'two'\nroute_id = '2'\ntargets = ['c']\n\
         [[route]]\nname = 'any'\nroute_id = '*'\ntargets = ['c']\n"
    );
    let directory = Directory::parse("f", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let customer = directory.customer("a").expect("the customer");
    let selected = |name: Option<&str>| {
        let name = name.map(|name| RouteName::of(name.as_bytes()));
        let route = directory.engine.customers[&customer].route(name, b"44");
        route.map(|route| route.selected)
    };
    let two = Selected::Name(RouteName::of(b"2"));
    assert_eq!(selected(None), Some(Selected::Nothing));
    assert_eq!(selected(Some("2")), Some(two));
    assert_eq!(
        selected(Some("3")),
        None,
        "refused, although one takes anything"
    );
}

#[test]
fn targets_have_order_and_weight() {
    let text = format!(
        "{SOUND}[[connector]]\nname = 'd'\nsimulated = true\n[[connector]]\nname = 'e'\nsimulated = true\n\
         [[route]]\nname = 'all'\ntargets = ['c', {{ connector = 'd', order = 5, weight = 3 }}, {{ connector = 'e', order = 5 }}]\n"
    );
    let directory = Directory::parse("f", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let customer = directory.customer("a").expect("the customer");
    let route = directory.engine.customers[&customer]
        .route(None, b"44")
        .expect("a route");
    let targets: Vec<(u16, u16)> = route
        .targets
        .iter()
        .map(|target| (target.order, target.weight))
        .collect();
    assert_eq!(targets, [(0, 1), (5, 3), (5, 1)]);
}

#[test]
fn a_later_file_replaces_what_has_the_same_name() {
    let room = room("a_later_file_replaces_what_has_the_same_name");
    let file = room.join("more.toml");
    fs::write(
        &file,
        "[gateway]\nlog = 'debug'\n[[customer]]\nname = 'demo1'\npassword = 'other'\n[[customer]]\nname = 'new'\npassword = 'new'\n",
    )
    .expect("the file can be written");
    let options = Options {
        demo: true,
        files: vec![file],
        ..Options::default()
    };
    let directory = options
        .load()
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(directory.gateway.log.filter, "debug");
    assert!(directory.gateway.connections.loopback_exempt, "of the demo");
    assert_eq!(directory.accounts.len(), 17);
    let demo1 = directory.accounts.get(b"demo1").expect("demo1");
    assert_eq!(demo1.session.window_in, 10, "replaced whole");
}

#[test]
fn flags_stand_over_files() {
    let addr = |text: &str| text.parse().expect("an address");
    let options = Options {
        demo: true,
        data_dir: Some("elsewhere".into()),
        smpp_listen: vec![addr("127.0.0.1:0")],
        smpps_listen: vec![addr("127.0.0.1:0"), addr("[::1]:0")],
        ..Options::default()
    };
    let directory = options
        .load()
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(directory.gateway.data_dir, PathBuf::from("elsewhere"));
    let mut listeners: Vec<(String, usize, bool)> = directory
        .listeners
        .iter()
        .map(|listener| {
            (
                listener.name.clone(),
                listener.addr.len(),
                listener.tls.is_some(),
            )
        })
        .collect();
    listeners.sort();
    let expected = [
        ("http", 1, false),
        ("smpp-listen", 1, false),
        ("smpps-listen", 2, true),
    ];
    assert_eq!(
        listeners,
        expected.map(|(name, addrs, tls)| (name.to_owned(), addrs, tls))
    );
}

#[test]
fn secrets_come_from_files_beside_the_configuration_and_from_the_environment() {
    let room = room("secrets_come_from_files");
    fs::write(room.join("secret"), "s3cr3t08\nand a comment\n").expect("the file can be written");
    let file = room.join("bindery.toml");
    let text = format!(
        "{SOUND}[[customer]]\nname = 'b'\npassword_file = 'secret'\n[[customer]]\nname = 'd'\npassword_max = 64\npassword_env = 'CARGO_PKG_NAME'\n"
    );
    fs::write(&file, text).expect("the file can be written");
    let options = Options {
        files: vec![file],
        ..Options::default()
    };
    let directory = options
        .load()
        .unwrap_or_else(|problems| panic!("{problems}"));
    for (system_id, password) in [("b", "s3cr3t08"), ("d", "directory")] {
        let attempt = directory::Attempt {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            from: [192, 0, 2, 1].into(),
            tls: false,
        };
        assert!(directory.accounts.admit(&attempt).is_ok(), "{system_id}");
    }
}

#[test]
fn secret_files_that_hold_no_secret_are_told_without_their_contents() {
    let room = room("secret_files_that_hold_no_secret");
    fs::write(room.join("empty"), "\n").expect("the file can be written");
    fs::write(room.join("long"), "x".repeat(65)).expect("the file can be written");
    fs::write(room.join("binary"), [b's', 0xFF]).expect("the file can be written");
    let file = room.join("bindery.toml");
    let mut text = SOUND.to_owned();
    for name in ["empty", "long", "binary"] {
        text.push_str(&format!(
            "[[customer]]\nname = '{name}'\npassword_file = '{name}'\n"
        ));
    }
    fs::write(&file, text).expect("the file can be written");
    let options = Options {
        files: vec![file],
        ..Options::default()
    };
    let problems = options.load().expect_err("there is no secret").to_string();
    let shown = problems.replace(&room.display().to_string(), "ROOM");
    let expected = "\
ROOM/bindery.toml:15:17: the secret in the file ROOM/empty is empty; give 1 to 64 octets of text in one line
ROOM/bindery.toml:18:17: the secret in the file ROOM/long is too long; give 1 to 64 octets of text in one line
ROOM/bindery.toml:21:17: the file ROOM/binary cannot be read: stream did not contain valid UTF-8; name a file of UTF-8 text that this user may read";
    assert_eq!(shown, expected);
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let options = Options {
        files: vec!["no-such-file.toml".into(), "nor-this.toml".into()],
        ..Options::default()
    };
    let problems = options.load().expect_err("there is no file");
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "no-such-file.toml:1:1: the file cannot be read: No such file or directory (os error 2); name a file of UTF-8 text that this user may read",
            "nor-this.toml:1:1: the file cannot be read: No such file or directory (os error 2); name a file of UTF-8 text that this user may read",
        ]
    );
    let problems = Options::default().load().expect_err("nothing was named");
    assert_eq!(
        problems.to_string(),
        "command line:1:1: no configuration is named; use --config FILE or --demo"
    );
}

#[test]
fn no_debug_output_shows_a_secret() {
    let text = SOUND.replace("secret", "pssst");
    let directory = Directory::parse("f", &text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(!format!("{directory:?} {:?}", directory.accounts).contains("pssst"));
}

#[test]
fn no_text_makes_the_reader_panic() {
    let mut seed = 7_u64;
    let mut chance = |below: usize| {
        // SplitMix64.
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap_or(0)
    };
    let sound = format!(
        "{SOUND}[[route]]\nname = 'r'\nending = '0001-0007'\nprefix = ['44']\ntargets = [{{ connector = 'c', weight = 1 }}]\n\
         [[number]]\nnumber = '1'\ncustomer = 'a'\n[gateway]\nlog = 'info'\nmemory_max = '1 GiB'\n"
    );
    const SPICE: [&str; 14] = [
        "'", "\"", "[", "]", "{", "}", "=", "\n", "ü", "\0", "9", "-", "[[", "name",
    ];
    for _ in 0..2000 {
        let mut text: Vec<char> = sound.chars().collect();
        for _ in 0..=chance(4) {
            let place = chance(text.len());
            let length = chance(12).min(text.len() - place);
            let spice = SPICE[chance(SPICE.len())];
            text.splice(place..place + length, spice.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(problems) = Directory::parse("f", &text) {
            assert!(!problems.is_empty());
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.line as usize <= text.lines().count() + 1)
            );
        }
    }
}

/// Shows MOB-21.
#[test]
fn of_a_list_of_networks_the_bad_ones_are_named() {
    let allow = |list: &str| {
        said_behind(&format!(
            "[[customer]]\nname = 'b'\npassword = 'x'\nallow = {list}\n"
        ))
    };
    assert_eq!(allow("['10.0.0.0/8', '192.0.2.7/32', '::/0']"), [""; 0]);
    let said = allow("['10.0.0.0/8', '10.0.0.0/33', 'foo']");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("\"10.0.0.0/33\"") && said[1].contains("\"foo\""),
        "{said:?}"
    );
}

/// Shows BUL-3.
#[test]
fn a_password_that_a_bind_cannot_carry_is_refused_when_it_is_set() {
    let set = |password: &str| {
        said_behind(&format!(
            "[[customer]]\nname = 'b'\npreset = 'bulksms'\npassword = '{password}'\n"
        ))
    };
    assert_eq!(set("eight-ch"), [""; 0]);
    let said = set("nine-char");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("the password is longer than password_max (8)"),
        "{said:?}"
    );
}

#[test]
fn a_default_source_that_could_not_be_sent_is_refused() {
    let customer = |more: &str| format!("[[customer]]\nname = 'x'\npassword = 'secret'\n{more}\n");
    let told = "2:8: the default_source \"TwelveLetter\" of customer \"x\" is beyond its alphanumeric_max of 11 and source_digits_max of 20; give a shorter default_source, or raise the limit";
    assert_eq!(
        said_behind(&customer("default_source = 'TwelveLetter'")),
        [told]
    );
    for sound in [
        "default_source = ''\nalphanumeric_max = 0",
        "default_source = 'ElevenChars'",
        "default_source = 'TwelveLetter'\nalphanumeric_max = 12",
        "default_source = '+4477009001234567'\nsource_digits_max = 16",
    ] {
        assert_eq!(said_behind(&customer(sound)), [""; 0], "{sound}");
    }
    let digits = customer("default_source = '4477009001234567'\nsource_digits_max = 15");
    assert_eq!(said_behind(&digits).len(), 1);
}
