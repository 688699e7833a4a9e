//! Who gets what subscribers write to a number.

use directory::Directory;
use sms::{Address, Message};

const CONFIG: &str = r#"
[[listener]]
name = "l"
kind = "smpp"
addr = "127.0.0.1:0"

[[customer]]
name = "a"
password = "secret"

[[customer]]
name = "b"
password = "secret"

[[number]]
number = "80888"
customer = "a"
keywords = [{ keyword = "Join", customer = "b" }]
"#;

#[test]
fn keywords_name_customers_whatever_their_case() {
    let directory = Directory::parse("test", CONFIG).expect("a sound configuration");
    let owner = |text: &str| {
        directory.engine.numbers.owner(&Message {
            destination: Address::international(b"80888"),
            text: text.as_bytes(),
            ..Message::default()
        })
    };
    assert_eq!(owner("JOIN now"), directory.customer("b"));
    assert_eq!(owner("stop"), directory.customer("a"));
    assert_ne!(directory.customer("a"), directory.customer("b"));
}
