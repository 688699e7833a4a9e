//! One function moves octets between a socket and a session: `gateway::conn`, over `gateway::wire`. A second one would be a
//! second place for back-pressure, deadlines and the order of answers.

use super::Problem;
use super::source::Token;
use super::tree::Tree;

/// Names that touch one end of the bridge, and the only files that may hold them.
const ENDS: [(&str, &[&str]); 7] = [
    ("transmit", &["crates/gateway/src/conn.rs"]),
    ("try_read", &["crates/gateway/src/wire.rs", LINGER]),
    ("try_write", &["crates/gateway/src/wire.rs"]),
    ("read_tls", &["crates/gateway/src/wire.rs"]),
    ("write_tls", &["crates/gateway/src/wire.rs"]),
    ("AsyncReadExt", &[HTTP, ORDERS, PROXY, TRACE]),
    ("AsyncWriteExt", &[HTTP, ORDERS, TRACE]),
];

/// It reads what nobody wants any more, so that the last answer is not destroyed by a reset.
const LINGER: &str = "crates/gateway/src/net.rs";

/// Its socket is the operator's, and no session is at its end.
const ORDERS: &str = "crates/gateway/src/orders.rs";

/// The same: HTTP is the operator's.
const HTTP: &str = "crates/gateway/src/http_door.rs";

/// So is this one's: it is told what went over the bridge.
const TRACE: &str = "crates/gateway/src/trace/serve.rs";

/// What stands before the octets of a session is not the session's.
const PROXY: &str = "crates/gateway/src/proxy.rs";

/// The client tools are peers of the gateway and have a bridge of their own.
const TOOLS: &str = "crates/gateway/src/tools";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, tokens) in tree.rust("crates/gateway/src") {
        if !path.starts_with(TOOLS) {
            problems.extend(tokens.iter().filter_map(|token| end(path, token)));
        }
    }
    problems
}

fn end(path: &str, token: &Token) -> Option<Problem> {
    let (name, homes) = ENDS.iter().find(|(name, _)| token.text == *name)?;
    let what = format!(
        "`{name}` touches a socket or a session's octets: let `Conn::turn` in crates/gateway/src/conn.rs do it"
    );
    (!homes.contains(&path)).then(|| Problem::new(path, token.line, what))
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::super::tree::Tree;
    use super::check;

    #[test]
    fn a_second_bridge_is_found() {
        let tree = Tree::of(&[(
            "crates/gateway/src/other.rs",
            "fn f() {\n session.transmit();\n socket.try_write(&x);\n}",
        )]);
        let found = places(&check(&tree));
        let expect = [
            "crates/gateway/src/other.rs:2",
            "crates/gateway/src/other.rs:3",
        ];
        assert_eq!(found, expect);
    }

    #[test]
    fn the_bridge_itself_and_the_tools_are_not() {
        let tree = Tree::of(&[
            ("crates/gateway/src/conn.rs", "peer.transmit()"),
            ("crates/gateway/src/wire.rs", "socket.try_read()"),
            ("crates/gateway/src/tools/client.rs", "session.transmit()"),
        ]);
        assert!(check(&tree).is_empty());
    }
}
