//! `[[customer]]`: those who send us messages.

mod distribution;
mod outbind;

use engine::{Group, PartReceipts};
use peer::{Account, Mismatch, SourcePolicy};
use smpp::status;

use self::outbind::OutbindSettings;
use super::credential::{Credential, SecretText, credential_settings};
use super::money::{self, MoneySettings};
use super::{Named, VERSIONS, Written, delivering, submitting};
use crate::accounts::Access;
use crate::form::{
    Characters, Flag, at, choice, given, list, name, octets, or_none, parsed, time, whole,
};
use crate::number;
use crate::presets::{self, preset_name};
use crate::problem::{At, Reader};
use crate::table::{Effect, Section, Setting, setting};

/// The section as it is read.
#[derive(Clone)]
pub(crate) struct CustomerSettings {
    pub(crate) name: At<String>,
    pub(crate) id: Option<At<u32>>,
    pub(crate) preset: String,
    pub(crate) system_id: Option<At<String>>,
    pub(crate) credential: Credential,
    pub(crate) access: Access,
    /// The name of the route that its messages go by which select none.
    pub(crate) route_default: Option<String>,
    pub(crate) rules: engine::Customer,
    pub(crate) account: Account,
    pub(crate) money: MoneySettings,
    pub(crate) outbind: OutbindSettings,
}

impl Default for CustomerSettings {
    fn default() -> CustomerSettings {
        CustomerSettings {
            name: At::default(),
            id: None,
            preset: presets::DEFAULT.to_owned(),
            system_id: None,
            credential: Credential::default(),
            access: Access::default(),
            route_default: None,
            rules: engine::Customer::default(),
            account: Account::default(),
            money: MoneySettings::default(),
            outbind: OutbindSettings::default(),
        }
    }
}

impl Section for CustomerSettings {
    const KEY: &'static str = "customer";
    const MANY: bool = true;
    const ABOUT: &'static str = "Those who send us messages.";

    fn settings() -> Vec<Setting<CustomerSettings>> {
        let mut all = identity();
        all.extend(access());
        all.extend(limits());
        all.extend(money::settings());
        all.extend(binding());
        all.extend(session());
        all.extend(submitting::settings());
        all.extend(delivering::settings());
        all.extend(distribution::settings());
        all.extend(outbind::settings());
        all
    }
}

impl Named for CustomerSettings {
    fn name(&self) -> &At<String> {
        &self.name
    }

    fn presets() -> Vec<(String, CustomerSettings)> {
        presets::all()
    }

    fn settle(&mut self, written: &Written<'_>, reader: &mut Reader) {
        self.credential.resolve("the customer", written, reader);
        let session = &self.account.session;
        written.check_keep_alive(
            session.inactivity,
            session.enquire_link,
            session.enquire_link_timeout,
            reader,
        );
        self.check_binding(written, reader);
        self.check_sources(written, reader);
        self.outbind.check(self.access.tls_only, written, reader);
        if self.rules.multipart_receipts == PartReceipts::Joined && self.rules.hold_parts.is_none()
        {
            reader.complain(
                &written.span_of(&["multipart_receipts", "hold_parts"]),
                "multipart_receipts is \"joined\", and hold_parts \"never\"",
                "give hold_parts a time: what is one receipt has to be one message",
            );
        }
        if self.rules.validity > self.rules.validity_max {
            reader.complain(
                &written.span_of(&["validity", "validity_max"]),
                "validity is longer than validity_max",
                "make it at most validity_max",
            );
        }
    }

    fn changed_outside(&self, other: &Self) -> Option<(&'static str, Effect)> {
        let secret = |of: &Self| of.outbind.password.as_ref().map(|it| it.value.clone());
        if self.credential.secret != other.credential.secret {
            Some(("password", Effect::NewBinds))
        } else {
            (secret(self) != secret(other)).then_some(("outbind_password", Effect::AtOnce))
        }
    }
}

impl CustomerSettings {
    /// The number under which its messages are kept.
    pub(crate) fn number(&self) -> u32 {
        self.id
            .as_ref()
            .map_or_else(|| number::from_name(&self.name.value), |id| id.value)
    }

    /// What it binds as.
    pub(crate) fn system_id(&self) -> &At<String> {
        self.system_id.as_ref().unwrap_or(&self.name)
    }

    fn check_sources(&self, written: &Written<'_>, reader: &mut Reader) {
        let rules = &self.account.submitting.addresses;
        let needs_default = matches!(
            rules.source_policy,
            SourcePolicy::OwnOrDefault | SourcePolicy::Default
        );
        if needs_default && rules.default_source.is_empty() {
            reader.complain(
                &written.span_of(&["source_policy", "default_source"]),
                "source_policy needs a default_source",
                "give default_source",
            );
        }
        if rules.destination_digits_min > rules.destination_digits_max {
            reader.complain(
                &written.span_of(&["destination_digits_min", "destination_digits_max"]),
                "destination_digits_min is more than destination_digits_max",
                "exchange them",
            );
        }
    }

    fn check_binding(&self, written: &Written<'_>, reader: &mut Reader) {
        let binding = &self.account.binding;
        if binding.version_min > binding.version_max {
            reader.complain(
                &written.span_of(&["version_min", "version_max"]),
                "version_min is newer than version_max",
                "exchange them",
            );
        }
        if !(binding.transmitter || binding.receiver || binding.transceiver) {
            reader.complain(&written.header, "the customer may not bind at all", "allow one of bind_transmitter, bind_receiver and bind_transceiver, or set enabled = false");
        }
        let system_id = self.system_id();
        let longest = usize::from(binding.fields.system_id);
        if system_id.value.len() > longest {
            let what = format!(
                "the system_id {:?} is longer than system_id_max ({longest})",
                system_id.value
            );
            reader.complain_at(
                system_id.place,
                what,
                "shorten it, or raise system_id_max (64 at most)",
            );
        }
        let longest = usize::from(binding.fields.password);
        if let Some(secret) = self
            .credential
            .secret
            .as_ref()
            .filter(|secret| secret.value.expose().len() > longest)
        {
            let what = format!("the password is longer than password_max ({longest})");
            reader.complain_at(
                secret.place,
                what,
                "shorten it, or raise password_max (64 at most)",
            );
        }
    }
}

#[rustfmt::skip] // A row of the table is a line or two.
fn identity() -> Vec<Setting<CustomerSettings>> {
    let mut all: Vec<Setting<CustomerSettings>> = vec![
        setting!("name", name, at(name()), AtOnce, "What it is called, in routes and logs.", required),
        setting!("id", id, given(at(whole(1..=u32::MAX))), AtOnce,
            "The number under which its messages are kept. Missing: a number made from the name; set it to the number that `bindery check` shows before you change the name."),
        setting!("preset", preset, preset_name(), AtOnce,
            "Whose customer it is in its ways: its settings begin with the values of that preset (docs/presets.md), and its own section stands over them."),
        setting!("enabled", rules.enabled, Flag, AtOnce,
            "`false`: its binds are closed and nothing is accepted from it; what waits goes on."),
        setting!("system_id", system_id, given(at(octets(1..=64, Characters::Ascii))), NewBinds,
            "What it binds as. Missing: the name."),
    ];
    all.extend(credential_settings!(CustomerSettings, credential, NewBinds));
    all
}

#[rustfmt::skip] // A row of the table is a line or two.
fn access() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("tls_only", access.tls_only, Flag, AtOnce, "It may bind over TLS only. Binds that stand without it end when it is set."),
        setting!("submit", rules.submits, Flag, AtOnce,
            "It may submit messages; else it may bind, and each message is refused with `ESME_RSUBMITFAIL`."),
        setting!("mo", rules.mo, Flag, AtOnce,
            "Messages from subscribers to its numbers are taken; else they are refused as if the number were nobody's."),
        setting!("allow", access.allow, list(0..=1000, parsed("a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"")), AtOnce,
            "Networks it may bind from; an empty list: from anywhere. Binds that stand from elsewhere end."),
        setting!("address_denied", access.address_denied, choice(&[("RBINDFAIL", status::RBINDFAIL), ("RINVSYSID", status::RINVSYSID)]), AtOnce,
            "What a bind from elsewhere is answered."),
        setting!("rotation_kicks", access.rotation_kicks, Flag, AtOnce,
            "Another password ends the binds that were made with the one before; else they stand until they end by themselves."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn limits() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("binds_max", rules.binds_max, whole(1..=1_000_000), AtOnce, "Binds at once; those that stand stay when it is lowered."),
        setting!("transmitters_max", rules.kinds_max.transmitters, or_none("unlimited", whole(0..=1_000_000)), AtOnce,
            "Of these, bind_transmitter."),
        setting!("receivers_max", rules.kinds_max.receivers, or_none("unlimited", whole(0..=1_000_000)), AtOnce,
            "Of these, bind_receiver."),
        setting!("transceivers_max", rules.kinds_max.transceivers, or_none("unlimited", whole(0..=1_000_000)), AtOnce,
            "Of these, bind_transceiver."),
        setting!("rate", rules.rate, or_none("unlimited", whole(1..=1_000_000)), AtOnce,
            "Messages a second over all its binds; more are refused with `ESME_RTHROTTLED`."),
        setting!("rate_per_bind", rules.rate_per_bind, or_none("unlimited", whole(1..=1_000_000)), AtOnce,
            "Messages a second on one bind; more are refused with `ESME_RTHROTTLED`."),
        setting!("weight", rules.weight, whole(1..=100), AtOnce,
            "Its share of a connector where others wait too: short messages that it sends in one turn, by priority; see [fairness](manual/fairness.md)."),
        setting!("deliver_max", rules.deliver_max, whole(1..=1_000_000_000), AtOnce,
            "Receipts and MO that may wait for it, those still owed for accepted messages included; beyond it its messages are refused with `ESME_RMSGQFUL`."),
        setting!("validity", rules.validity, time("1s", "63d"), AtOnce,
            "How long a message is tried that says nothing of its own."),
        setting!("validity_max", rules.validity_max, time("1s", "63d"), AtOnce,
            "The longest validity; longer ones are cut to it."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn binding() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("version_min", account.binding.version_min, choice(VERSIONS), NewBinds,
            "The oldest version of SMPP it may speak."),
        setting!("version_max", account.binding.version_max, choice(VERSIONS), NewBinds,
            "The newest version of SMPP it may speak."),
        setting!("version_mismatch", account.binding.mismatch, choice(&[("downgrade", Mismatch::Downgrade), ("reject", Mismatch::Reject)]), NewBinds,
            "A bind with a newer version: `downgrade` to the newest allowed, or `reject` it with `ESME_RBINDFAIL`."),
        setting!("bind_transmitter", account.binding.transmitter, Flag, NewBinds, "It may use bind_transmitter."),
        setting!("bind_receiver", account.binding.receiver, Flag, NewBinds, "It may use bind_receiver."),
        setting!("bind_transceiver", account.binding.transceiver, Flag, NewBinds, "It may use bind_transceiver."),
        setting!("system_id_max", account.binding.fields.system_id, whole(1..=64), NewBinds,
            "Characters of the `system_id` in its bind; more: `ESME_RINVSYSID`."),
        setting!("password_max", account.binding.fields.password, whole(1..=64), NewBinds,
            "Characters of the `password` in its bind; more: `ESME_RINVPASWD`. The specification says 8."),
        setting!("bind_groups", account.binding.groups, Flag, NewBinds,
            "The `system_type` of its bind, a number of up to 13 digits, names the group of the bind; any other means group `0`. Receipts stay in the group of the message's bind, and MO are for group `0`. Off: all binds are in group `0`."),
        setting!("bind_group_max", account.binding.group_max, whole(0..=Group::NUMBER_MAX), NewBinds,
            "The highest number of a bind group; a bind with a higher one is refused with `ESME_RINVSYSTYP`."),
        setting!("bind_group_normalise", account.binding.group_normalise, Flag, NewBinds,
            "The bind group `01` is the group `1`; else they are two."),
        setting!("system_type_max", account.binding.fields.system_type, whole(0..=64), NewBinds,
            "Characters of the `system_type` in its bind; more: `ESME_RINVSYSTYP`."),
        setting!("address_range_max", account.binding.fields.address_range, whole(0..=64), NewBinds,
            "Characters of the `address_range` in its bind; more: `ESME_RBINDFAIL`."),
        setting!("system_types", account.binding.system_types, list(0..=100, octets(0..=64, Characters::Ascii)), NewBinds,
            "Values of `system_type` that its bind may have, else `ESME_RINVSYSTYP`; an empty list: any."),
        setting!("refusal_closes", account.binding.refusal_closes, Flag, NewBinds,
            "A refused bind ends the connection; else another may be tried on it, `bind_tries` and `session_init` permitting."),
        setting!("too_many_binds", account.binding.too_many, choice(&[("RBINDFAIL", status::RBINDFAIL), ("RALYBND", status::RALYBND)]), NewBinds,
            "What a bind beyond `binds_max` is answered, unless one of its binds turns out to be dead: those of which nothing is heard are asked first, for 2 s."),
        setting!("answer_as", account.answer_as, octets(0..=15, Characters::Ascii), NewBinds,
            "Our own `system_id` in the answer to its bind."),
    ]
}

#[rustfmt::skip] // A row of the table is a line or two.
fn session() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("window", account.session.window_in, whole(1..=65_535), NewBinds,
            "Its requests that may be unanswered on one bind."),
        setting!("window_over", account.session.window_over, or_none("wait", choice(&[("RTHROTTLED", status::RTHROTTLED), ("RMSGQFUL", status::RMSGQFUL)])), NewBinds,
            "What a request beyond `window` is answered; `wait`: the socket is not read until there is room, which costs the customer nothing but time."),
        setting!("deliver_window", account.session.window_out, whole(1..=65_535), NewBinds,
            "Our requests (deliver_sm) that may be unanswered on one bind."),
        setting!("enquire_link", account.session.enquire_link, or_none("never", time("1s", "1h")), NewBinds,
            "Idle time after which we ask whether it still lives."),
        setting!("enquire_link_timeout", account.session.enquire_link_timeout, time("1s", "10 min"), NewBinds,
            "How long that may be unanswered before it counts as missed and is repeated."),
        setting!("enquire_timeout_closes", account.session.enquire_timeout_closes, Flag, NewBinds,
            "A missed enquire_link ends the session; else only `inactivity` does."),
        setting!("inactivity", account.session.inactivity, or_none("never", time("1s", "24h")), NewBinds,
            "Nothing received for so long ends the session. More than twice `enquire_link` plus `enquire_link_timeout`."),
        setting!("response_timeout", account.session.response_timeout, time("1s", "10 min"), NewBinds,
            "How long a deliver_sm may be unanswered before it is tried again."),
    ]
}
