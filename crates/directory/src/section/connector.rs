//! `[[connector]]`: our relations to carriers.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::net::IpAddr;
use std::path::PathBuf;

use engine::{IdForm, InDoubt, ReceiptIds};
use peer::Profile;
use smpp::session::BindKind;

use super::called::CalledSettings;
use super::credential::{Credential, SecretText, credential_settings};
use super::{Named, VERSIONS, Written, called, quirks};
use crate::form::{
    self, Characters, Flag, Form, Item, at, choice, given, list, name, octets, or_none, parsed,
    several, time, whole,
};
use crate::number;
use crate::problem::{At, Reader};
use crate::secret::Secret;
use crate::table::{Effect, Section, Setting, setting};
use crate::unit;

/// One host of a carrier. DNS is asked at each connect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// A name or an address, IPv6 without its brackets.
    pub name: String,
    /// The port.
    pub port: u16,
}

impl FromStr for Host {
    type Err = ();

    /// Reads `NAME:PORT`; an IPv6 address stands in brackets.
    fn from_str(text: &str) -> Result<Host, ()> {
        let (name, port) = text.rsplit_once(':').ok_or(())?;
        let port = port.parse().ok().filter(|&port| port != 0).ok_or(())?;
        let bracketed = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        let legal = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                !name.is_empty() && name.len() <= 253 && name.chars().all(inner)
            }
        };
        let name = bracketed.unwrap_or(name).to_owned();
        legal.then_some(Host { name, port }).ok_or(())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

/// How the carrier is connected to.
#[derive(Clone)]
pub(crate) struct Reach {
    pub(crate) hosts: Vec<Host>,
    pub(crate) spread: bool,
    pub(crate) fail_back: Option<Duration>,
    pub(crate) simulated: bool,
    pub(crate) binds: u16,
    pub(crate) receivers: u16,
    pub(crate) receiver_hosts: Vec<Host>,
    pub(crate) tls: bool,
    pub(crate) ca: Option<At<PathBuf>>,
    pub(crate) cert: Option<At<PathBuf>>,
    pub(crate) key: Option<At<PathBuf>>,
    pub(crate) insecure: Option<At<bool>>,
    pub(crate) server_name: Option<At<String>>,
    pub(crate) bind_from: Option<IpAddr>,
    pub(crate) connect_timeout: Duration,
    pub(crate) reconnect_min: Duration,
    pub(crate) reconnect_max: Duration,
}

impl Default for Reach {
    fn default() -> Reach {
        Reach {
            hosts: Vec::new(),
            spread: false,
            fail_back: Some(Duration::from_secs(60)),
            simulated: false,
            binds: 1,
            receivers: 0,
            receiver_hosts: Vec::new(),
            tls: false,
            ca: None,
            cert: None,
            key: None,
            insecure: None,
            server_name: None,
            bind_from: None,
            connect_timeout: Duration::from_secs(10),
            reconnect_min: Duration::from_secs(1),
            reconnect_max: Duration::from_secs(60),
        }
    }
}

/// The section as it is read.
#[derive(Clone, Default)]
pub(crate) struct ConnectorSettings {
    pub(crate) name: At<String>,
    pub(crate) id: Option<At<u32>>,
    pub(crate) system_id: Option<String>,
    pub(crate) credential: Credential,
    pub(crate) reach: Reach,
    pub(crate) called: CalledSettings,
    pub(crate) rules: engine::Connector,
    /// Its `late_wait` and `long_messages` are the ones that are read; the engine gets the same.
    pub(crate) profile: Profile,
}

impl Section for ConnectorSettings {
    const KEY: &'static str = "connector";
    const MANY: bool = true;
    const ABOUT: &'static str = "Our relations to carriers.";

    fn settings() -> Vec<Setting<ConnectorSettings>> {
        let mut all = identity();
        all.extend(connection());
        all.extend(called::settings());
        all.extend(traffic());
        all.extend(binding());
        all.extend(session());
        all.extend(quirks::settings());
        all
    }
}

impl Named for ConnectorSettings {
    fn name(&self) -> &At<String> {
        &self.name
    }

    fn settle(&mut self, written: &Written<'_>, reader: &mut Reader) {
        let profile = &self.profile;
        written.check_keep_alive(
            profile.inactivity,
            profile.enquire_link,
            profile.enquire_link_timeout,
            reader,
        );
        if self.reach.reconnect_min > self.reach.reconnect_max {
            reader.complain(
                &written.span_of(&["reconnect_min", "reconnect_max"]),
                "reconnect_min is longer than reconnect_max",
                "make it at most reconnect_max",
            );
        }
        self.settle_receivers(written, reader);
        self.called.check(written, reader);
        if self.reach.simulated {
            self.settle_simulated(written, reader);
        } else {
            self.settle_real(written, reader);
        }
    }

    fn changed_outside(&self, other: &Self) -> Option<(&'static str, Effect)> {
        let secret = |of: &Self| of.called.password.as_ref().map(|it| it.value.clone());
        let called = secret(self) != secret(other);
        (self.credential.secret != other.credential.secret)
            .then_some(("password", Effect::Reconnect))
            .or(called.then_some(("outbind_password", Effect::AtOnce)))
    }
}

impl ConnectorSettings {
    /// The number under which its messages are kept.
    pub(crate) fn number(&self) -> u32 {
        self.id
            .as_ref()
            .map_or_else(|| number::from_name(&self.name.value), |id| id.value)
    }

    /// Receivers stand beside transmitters only, and without them a transmitter gets no receipts.
    fn settle_receivers(&self, written: &Written<'_>, reader: &mut Reader) {
        let transmitter = self.profile.kind == BindKind::Transmitter;
        if self.reach.receivers == 0 {
            if transmitter && self.rules.receipts {
                reader.complain(
                    &written.span("bind"),
                    "a transmitter gets no receipts",
                    "add receivers, set receipts = false, or set bind = \"transceiver\"",
                );
            }
            if written.table.contains_key("receiver_hosts") {
                reader.complain(
                    &written.span("receiver_hosts"),
                    "receiver_hosts stands without receivers",
                    "add receivers, or remove it",
                );
            }
        } else if !transmitter {
            reader.complain(
                &written.span("receivers"),
                "receivers stand beside binds that are not transmitters",
                "set bind = \"transmitter\", or remove receivers",
            );
        }
    }

    /// The simulated carrier takes any system_id and password, and has neither host nor TLS.
    fn settle_simulated(&mut self, written: &Written<'_>, reader: &mut Reader) {
        let out_of_place = [
            "hosts",
            "spread",
            "fail_back",
            "receivers",
            "receiver_hosts",
            "password",
            "password_file",
            "password_env",
            "tls",
            "ca",
            "cert",
            "key",
            "server_name",
            "insecure",
            "bind_from",
            "outbind_from",
        ];
        for key in out_of_place
            .into_iter()
            .filter(|key| written.table.contains_key(*key))
        {
            let what = format!("{key} stands in a simulated connector");
            reader.complain(&written.span(key), what, "remove it, or remove simulated");
        }
        self.system_id.get_or_insert_with(|| "bindery".to_owned());
        let place = reader.place(&written.header);
        self.credential.secret = Some(At {
            value: Secret::new("bindery".to_owned()),
            place,
        });
    }

    fn settle_real(&mut self, written: &Written<'_>, reader: &mut Reader) {
        let only_called = self.reach.binds == 0 && self.reach.receivers == 0;
        if only_called && self.called.from.is_empty() {
            let change = "give at least 1, or add outbind_from for a carrier that calls us";
            reader.complain(&written.span("binds"), "the connector has no binds", change);
        }
        for (key, missing) in [
            ("hosts", self.reach.hosts.is_empty() && !only_called),
            ("system_id", self.system_id.is_none()),
        ] {
            // A value that did not fit is missing as well, but that was said.
            if missing && !written.table.contains_key(key) {
                let change = format!("add {key}, or simulated = true for the built-in carrier");
                reader.complain(
                    &written.header,
                    format!("the connector has no {key}"),
                    change,
                );
            }
        }
        self.credential.resolve("the connector", written, reader);
        if !self.reach.tls {
            for key in ["ca", "cert", "key", "server_name", "insecure"]
                .into_iter()
                .filter(|key| written.table.contains_key(*key))
            {
                let what = format!("{key} stands in a connector without TLS");
                reader.complain(&written.span(key), what, "remove it, or set tls = true");
            }
        }
        match (&self.reach.cert, &self.reach.key) {
            (Some(_), None) => {
                reader.complain(&written.span("cert"), "cert stands without key", "add key");
            }
            (None, Some(_)) => {
                reader.complain(&written.span("key"), "key stands without cert", "add cert");
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        for (name, file) in [
            ("ca", &mut self.reach.ca),
            ("cert", &mut self.reach.cert),
            ("key", &mut self.reach.key),
        ] {
            if let Some(file) = file {
                written.open(name, &mut file.value, reader);
            }
        }
    }
}

#[rustfmt::skip] // A row of the table is a line or two.
fn identity() -> Vec<Setting<ConnectorSettings>> {
    let mut all: Vec<Setting<ConnectorSettings>> = vec![
        setting!("name", name, at(name()), AtOnce, "What it is called, in routes and logs.", required),
        setting!("id", id, given(at(whole(1..=u32::MAX))), AtOnce,
            "The number under which its messages are kept. Missing: a number made from the name; set it to the number that `bindery check` shows before you change the name."),
        setting!("enabled", rules.enabled, Flag, AtOnce, "`false`: not routed to, and nothing is sent over it."),
        setting!("closing", rules.closing, Flag, AtOnce,
            "`true`: not routed to any more; what waits for it is still sent, and answers and receipts come. So it can be [removed](manual/reload.md) when nothing is left."),
        setting!("system_id", system_id, given(octets(1..=64, Characters::Ascii)), Reconnect, "What we bind as."),
    ];
    all.extend(credential_settings!(
        ConnectorSettings,
        credential,
        Reconnect
    ));
    all
}

#[rustfmt::skip] // A row of the table is a line or two.
fn connection() -> Vec<Setting<ConnectorSettings>> {
    vec![
        setting!("hosts", reach.hosts, several(16, parsed("a host with its port such as \"smsc.example.net:2775\"")), Reconnect,
            "Where the carrier is, the preferred host first: a bind goes to the first that answers. DNS is asked at each connect, and all addresses of a name are tried."),
        setting!("spread", reach.spread, Flag, Reconnect,
            "`true`: all `hosts` are alike: the first of them is the preferred one of the first bind, the second that of the second, and so on."),
        setting!("fail_back", reach.fail_back, or_none("never", time("1s", "24h")), AtOnce,
            "A bind that stands at another host than its preferred one tries that again after so long; once it is bound there, the other bind ends when all is answered. `never`: it stays until it ends."),
        setting!("simulated", reach.simulated, Flag, Reconnect,
            "The carrier is the built-in simulated one; `hosts` and a password are not given."),
        setting!("binds", reach.binds, whole(0..=1000), Reconnect, "Binds to keep up; 0 for a carrier that is bound to only when it calls (`outbind_from`)."),
        setting!("receivers", reach.receivers, whole(0..=1000), Reconnect,
            "Receivers to keep up beside these, with `bind = \"transmitter\"`, for carriers that give receipts and messages of subscribers on a bind of their own."),
        setting!("receiver_hosts", reach.receiver_hosts, several(16, parsed("a host with its port such as \"smsc.example.net:2776\"")), Reconnect,
            "Where the receivers bind. Missing: `hosts`."),
        setting!("tls", reach.tls, Flag, Reconnect, "TLS from the first octet."),
        setting!("ca", reach.ca, given(at(form::Place)), Reconnect,
            "PEM file of the authorities that may vouch for the carrier; relative to the directory of the configuration file. Missing: those of the system."),
        setting!("cert", reach.cert, given(at(form::Place)), Reconnect,
            "PEM file of the certificate by which the carrier knows us, followed by those that vouch for it; relative to the directory of the configuration file. Missing: we show none."),
        setting!("key", reach.key, given(at(form::Place)), Reconnect, "PEM file of its private key."),
        setting!("server_name", reach.server_name, given(at(octets(1..=253, Characters::Name))), Reconnect,
            "The name that its certificate must be for. Missing: the host's."),
        setting!("insecure", reach.insecure, given(at(Flag)), Reconnect, "`true`: its certificate is not checked. For tests."),
        setting!("bind_from", reach.bind_from, or_none("any", parsed("an address such as \"192.0.2.7\"")), Reconnect,
            "Our own address to connect from."),
        setting!("connect_timeout", reach.connect_timeout, time("1s", "1 min"), Reconnect, "How long a TCP connect may take."),
        setting!("reconnect_min", reach.reconnect_min, time("100ms", "10 min"), AtOnce,
            "Pause before the first new attempt; it doubles with each, +-20 %."),
        setting!("reconnect_max", reach.reconnect_max, time("100ms", "1h"), AtOnce, "The longest pause."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn traffic() -> Vec<Setting<ConnectorSettings>> {
    vec![
        setting!("tps", rules.rate, or_none("unlimited", whole(1..=1_000_000)), AtOnce, "Messages a second over all its binds."),
        setting!("window", profile.window, whole(1..=65_535), Reconnect, "Our requests that may be unanswered on one bind."),
        setting!("window_in", profile.window_in, whole(1..=65_535), Reconnect,
            "Its requests (receipts, MO) that may be unanswered on one bind; beyond it the socket is not read."),
        setting!("in_doubt", rules.in_doubt, Doubt, AtOnce,
            "What to do with a message that was sent and never answered: `resend` it, which may duplicate it; `hold` it for so long, at most until its validity ends, and wait for a receipt; `fail` it at once."),
        setting!("receipts", rules.receipts, Flag, AtOnce, "The carrier sends receipts; if not, an accepted message is done."),
        setting!("receipt_ids", rules.receipt_ids, choice(RECEIPT_IDS), AtOnce,
            "How the ids in its receipts are written: `alike` those of its responses; else with more or fewer leading `zeros`, in `hex` where those are decimal, or in `decimal` where those are hexadecimal. `learned`: as it turns out. In another form than written an id counts only if the destination agrees."),
        setting!("check_destination", rules.check_destination, Flag, AtOnce,
            "An id as written counts only if the receipt names the destination of the message (its last 8 digits) or none. `false` for carriers that rewrite numbers."),
        setting!("receipt_wait", rules.receipt_wait, time("0s", "7d"), AtOnce,
            "How long after the end of validity a receipt is waited for."),
        setting!("retry", rules.retry, list(1..=32, time("100ms", "24h")), AtOnce,
            "Pauses before the second, third.. try after a temporary refusal; the last one repeats."),
        setting!("failover_after", rules.failover_after, whole(1..=255), AtOnce,
            "Temporary refusals after which the next target of the route is tried."),
        setting!("vague_tries", rules.vague_tries, whole(1..=255), AtOnce,
            "Tries in all of a message whose refusals say neither that it may come again nor that it may not (0xFE, 0xFF)."),
        setting!("resend_max", rules.resend_max, whole(0..=20), AtOnce,
            "How often a message that was sent and never answered is sent again at most, with `in_doubt = \"resend\"`."),
        setting!("throttle_wait", rules.throttle_wait, time("100ms", "10 min"), AtOnce,
            "How long nothing is sent to it after it said that we are too fast, or that the link is in trouble. In the first case the rate is halved as well and creeps back by a twentieth a second: `tps`, or what was sent in a second before."),
        setting!("busy_wait", rules.busy_wait, time("100ms", "1h"), AtOnce,
            "How long a message waits whose destination is busy."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn binding() -> Vec<Setting<ConnectorSettings>> {
    vec![
        setting!("bind", profile.kind, choice(KINDS), Reconnect,
            "Which kind of bind. Over a `transmitter` nothing comes back: it needs `receivers` beside it, or `receipts = false`."),
        setting!("version", profile.version, choice(VERSIONS), Reconnect, "The version of SMPP that we ask for."),
        setting!("system_type", profile.system_type, octets(0..=12, Characters::Ascii), Reconnect, "`system_type` of the bind."),
        setting!("address_range_ton", profile.address_range.0, whole(0..=255), Reconnect, "`addr_ton` of the bind."),
        setting!("address_range_npi", profile.address_range.1, whole(0..=255), Reconnect, "`addr_npi` of the bind."),
        setting!("address_range", profile.address_range.2, octets(0..=40, Characters::Ascii), Reconnect,
            "`address_range` of the bind."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn session() -> Vec<Setting<ConnectorSettings>> {
    vec![
        setting!("bind_timeout", profile.bind_timeout, time("1s", "5 min"), Reconnect, "How long the bind may be unanswered."),
        setting!("response_timeout", profile.response_timeout, time("1s", "10 min"), Reconnect,
            "How long a submit_sm may be unanswered before its fate counts as unknown."),
        setting!("late_wait", profile.late_wait, time("0s", "10 min"), Reconnect,
            "How long after that a late answer is still waited for; its place in the window stays taken."),
        setting!("enquire_link", profile.enquire_link, or_none("never", time("1s", "1h")), Reconnect,
            "Idle time after which we ask whether it still lives."),
        setting!("enquire_link_timeout", profile.enquire_link_timeout, time("1s", "10 min"), Reconnect,
            "How long that may be unanswered."),
        setting!("enquire_timeout_closes", profile.enquire_timeout_closes, Flag, Reconnect,
            "A missed enquire_link ends the session."),
        setting!("inactivity", profile.inactivity, or_none("never", time("1s", "24h")), Reconnect,
            "Nothing received for so long ends the session. More than twice `enquire_link` plus `enquire_link_timeout`."),
    ]
}

/// `"resend"`, `"fail"`, or `"hold"` with a time.
struct Doubt;

impl Form<InDoubt> for Doubt {
    fn expects(&self) -> String {
        "\"resend\", \"fail\" or \"hold\" with a time up to \"30d\", such as \"hold 1h\"".to_owned()
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<InDoubt> {
        let held = |text: &str| {
            let time = unit::duration(text.strip_prefix("hold")?)?;
            (Duration::from_secs(1)..=Duration::from_secs(30 * 86_400))
                .contains(&time)
                .then_some(InDoubt::Hold(time))
        };
        match item.get_ref().as_str() {
            Some("resend") => Some(InDoubt::Resend),
            Some("fail") => Some(InDoubt::Fail),
            text => text
                .and_then(held)
                .or_else(|| form::misfit(self, key, item, reader)),
        }
    }

    fn write(&self, value: &InDoubt) -> String {
        match value {
            InDoubt::Resend => "\"resend\"".to_owned(),
            InDoubt::Hold(time) => format!("\"hold {}\"", unit::write_duration(*time)),
            InDoubt::Fail => "\"fail\"".to_owned(),
        }
    }
}

/// The words for how receipts write ids.
const RECEIPT_IDS: &[(&str, ReceiptIds)] = &[
    ("learned", ReceiptIds::Learned),
    ("alike", ReceiptIds::Alike),
    ("zeros", ReceiptIds::Other(IdForm::Zeros)),
    ("hex", ReceiptIds::Other(IdForm::Hex)),
    ("decimal", ReceiptIds::Other(IdForm::Decimal)),
];

/// The words for kinds of binds.
const KINDS: &[(&str, BindKind)] = &[
    ("transceiver", BindKind::Transceiver),
    ("transmitter", BindKind::Transmitter),
    ("receiver", BindKind::Receiver),
];
