//! What a reload would change, and what of it counts while the process runs.

use directory::{Changes, Directory};

const BEFORE: &str = "\
[gateway]
log = 'info'
[[listener]]
name = 'smpp'
kind = 'smpp'
addr = '127.0.0.1:2775'
[[customer]]
name = 'a'
password = 'secret'
[[customer]]
name = 'b'
password = 'secret'
[[connector]]
name = 'c'
hosts = 'smsc.example:2775'
system_id = 'us'
password = 'secret'
[[route]]
name = 'r'
targets = ['c']
";

fn parse(text: &str) -> Directory {
    Directory::parse("f", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn changes(after: &str) -> Changes {
    parse(BEFORE).changes_to(&parse(after))
}

#[test]
fn the_same_configuration_in_other_words_changes_nothing() {
    assert!(changes(BEFORE).is_empty());
    let moved = BEFORE.replace(
        "password = 'secret'",
        "# moved\npassword = \"secret\"\nenabled = true",
    );
    assert!(changes(&moved).is_empty());
}

#[test]
fn each_change_says_when_it_counts() {
    let after = BEFORE
        .replace("log = 'info'", "log = 'debug'\nio_threads = 2")
        .replace("name = 'a'\n", "name = 'a'\nrate = 5\nwindow = 20\n")
        .replace("name = 'b'", "name = 'd'")
        .replace(
            "hosts = 'smsc.example:2775'\n",
            "hosts = 'smsc2.example:2775'\ntps = 100\n",
        )
        .replace("127.0.0.1:2775'\n", "127.0.0.1:2776'\n")
        .replace("name = 'r'\n", "name = 'r'\ndelay = '5s'\n");
    let changes = changes(&after);
    assert_eq!(
        changes.to_string(),
        "\
gateway: io_threads, log changed (restart)
listener smpp: addr changed (restart)
customer a: rate, window changed (new binds)
customer b: removed (at once)
customer d: added (at once)
connector c: hosts, tps changed (reconnect)
route r: delay changed (at once)"
    );
    let restart: Vec<&str> = changes
        .need_restart()
        .map(|change| change.section)
        .collect();
    assert_eq!(restart, ["gateway", "listener"]);
    assert_eq!(changes.reconnect().collect::<Vec<_>>(), ["c"]);
}

#[test]
fn a_changed_password_is_told_by_its_key_alone() {
    let changes = changes(&BEFORE.replace(
        "name = 'a'\npassword = 'secret'",
        "name = 'a'\npassword = 'other'",
    ));
    assert_eq!(
        changes.to_string(),
        "customer a: password changed (new binds)"
    );
}

#[test]
fn a_password_that_changed_in_its_file_is_a_change() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("changing-secret");
    let text = BEFORE.replacen(
        "password = 'secret'",
        &format!("password_file = '{}'", file.display()),
        1,
    );
    std::fs::write(&file, "old").expect("the file can be written");
    let before = parse(&text);
    std::fs::write(&file, "new").expect("the file can be written");
    let changes = before.changes_to(&parse(&text));
    assert_eq!(
        changes.to_string(),
        "customer a: password changed (new binds)"
    );
}
