//! `[[listener]]`: where we are connected to.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::{Named, Written};
use crate::form::{self, Flag, at, choice, given, list, name, parsed, several};
use crate::problem::{At, Reader};
use crate::table::{Section, Setting, setting};

/// What a listener speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ListenerKind {
    /// SMPP without TLS.
    Smpp,
    /// SMPP in TLS from the first octet.
    Smpps,
    /// HTTP: health, metrics, console.
    Http,
}

/// The words for [`ListenerKind`].
pub(crate) const KINDS: &[(&str, ListenerKind)] = &[
    ("smpp", ListenerKind::Smpp),
    ("smpps", ListenerKind::Smpps),
    ("http", ListenerKind::Http),
];

/// The section as it is read.
#[derive(Clone, Default)]
pub(crate) struct ListenerSettings {
    pub(crate) name: At<String>,
    pub(crate) kind: Option<ListenerKind>,
    pub(crate) addr: Vec<At<SocketAddr>>,
    pub(crate) cert: Option<At<PathBuf>>,
    pub(crate) key: Option<At<PathBuf>>,
    pub(crate) self_signed: bool,
    pub(crate) proxy_from: Vec<IpNet>,
}

impl Section for ListenerSettings {
    const KEY: &'static str = "listener";
    const MANY: bool = true;
    const ABOUT: &'static str = "Where we are connected to.";

    #[rustfmt::skip] // A row of the table is a line or two.
    fn settings() -> Vec<Setting<ListenerSettings>> {
        vec![
            setting!("name", name, at(name()), Restart, "What it is called.", required),
            setting!("kind", kind, given(choice(KINDS)), Restart,
                "What it speaks: SMPP, SMPP in TLS, or HTTP (health, metrics).", required),
            setting!("addr", addr, several(16, at(parsed("an address with its port such as \"127.0.0.1:2775\" or \"[::]:2775\""))), Restart,
                "Where it listens; port 0 picks a free one.", required),
            setting!("cert", cert, given(at(form::Place)), NewBinds,
                "PEM file of the certificate and those above it, for `smpps`; relative to the directory of the configuration file."),
            setting!("key", key, given(at(form::Place)), NewBinds,
                "PEM file of the certificate's private key; relative to the directory of the configuration file."),
            setting!("self_signed", self_signed, Flag, Restart,
                "For `smpps` without `cert`: a certificate for localhost is made in `tls` of the data directory and kept there."),
            setting!("proxy_from", proxy_from, list(0..=1000, parsed("a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"")), AtOnce,
                "Load balancers: whoever connects from these networks has to begin with a header of the PROXY protocol, version 2, before TLS too, and is then taken for the address that it names. Of others no such header is read. For `smpp` and `smpps`."),
        ]
    }
}

impl Named for ListenerSettings {
    fn name(&self) -> &At<String> {
        &self.name
    }

    fn settle(&mut self, written: &Written<'_>, reader: &mut Reader) {
        let Some(kind) = self.kind else {
            return; // Missing or misspelt: what belongs to it cannot be said.
        };
        if kind == ListenerKind::Http && written.table.contains_key("proxy_from") {
            reader.complain(
                &written.span("proxy_from"),
                "proxy_from stands in a listener for HTTP",
                "remove it, or set kind = \"smpp\" or \"smpps\"",
            );
        }
        if kind != ListenerKind::Smpps {
            for key in ["cert", "key", "self_signed"]
                .into_iter()
                .filter(|key| written.table.contains_key(*key))
            {
                let what = format!("{key} stands in a listener without TLS");
                reader.complain(
                    &written.span(key),
                    what,
                    "remove it, or set kind = \"smpps\"",
                );
            }
            return;
        }
        match (&mut self.cert, &mut self.key, self.self_signed) {
            (None, None, true) => {}
            (None, None, false) => reader.complain(
                &written.header,
                "an smpps listener has no certificate",
                "add cert and key, or self_signed = true for tests",
            ),
            (Some(_), None, _) => {
                reader.complain(&written.span("cert"), "cert stands without key", "add key");
            }
            (None, Some(_), _) => {
                reader.complain(&written.span("key"), "key stands without cert", "add cert");
            }
            (Some(_), Some(_), true) => reader.complain(
                &written.span("self_signed"),
                "self_signed stands beside cert",
                "keep one of them",
            ),
            (Some(cert), Some(key), false) => {
                written.open("cert", &mut cert.value, reader);
                written.open("key", &mut key.value, reader);
            }
        }
    }
}
