//! What the demo tells the person who has just started it: what to try next.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// Where the client tools connect to if nothing else is said.
const USUAL_PORT: u16 = 2775;

/// The next steps for somebody who started `program`, with what its listeners and its data directory are.
pub(crate) fn text(
    program: &str,
    smpp: Option<SocketAddr>,
    http: Option<SocketAddr>,
    data_dir: &Path,
) -> String {
    let mut text = String::from("\nThe demo is running. In a second terminal, try:\n");
    if let Some(smpp) = smpp {
        let to = match smpp.port() {
            USUAL_PORT => String::new(),
            _ => format!(" --connect {smpp}"),
        };
        for (effect, verb, rest) in [
            (
                "A message, and its receipt after a second",
                "send",
                " --to 447700901234 \"Hello, Bindery\"",
            ),
            (
                "One to a number that cannot be reached, as those that end with 0002",
                "send",
                " --to 447700900002 \"Hello\"",
            ),
            ("What subscribers write; leave it running", "listen", ""),
            (
                "A message to one who replies, as numbers that end with 0009 do",
                "send",
                " --to 447700900009 \"Hello\"",
            ),
            ("Ten seconds at full speed", "load", ""),
        ] {
            let _ = writeln!(text, "  {effect}:\n      {program} {verb}{to}{rest}");
        }
        let _ = writeln!(
            text,
            "\nYour own client connects to {smpp}; {program} send --help names the account."
        );
    }
    if let Some(http) = http {
        let _ = writeln!(text, "What it counts: http://{http}/metrics");
    }
    let data_dir = data_dir.display();
    let _ = writeln!(
        text,
        "Ctrl-C ends it; what was accepted is kept in {data_dir} for the next start."
    );
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::text;

    #[test]
    fn the_commands_fit_where_it_listens() {
        let usual = text(
            "bindery",
            "127.0.0.1:2775".parse().ok(),
            None,
            Path::new("data"),
        );
        assert!(
            usual.contains("      bindery send --to 447700901234 \"Hello, Bindery\"\n"),
            "{usual}"
        );
        let other = "127.0.0.1:4000".parse().ok();
        let other = text(
            "target/bindery",
            other,
            "127.0.0.1:80".parse().ok(),
            Path::new("data"),
        );
        let send = "      target/bindery send --connect 127.0.0.1:4000 --to 447700901234";
        assert!(other.contains(send), "{other}");
        assert!(other.contains("http://127.0.0.1:80/metrics"), "{other}");
    }
}
