//! `[[connector]]`: carriers that call us with outbind, and are bound to over the connection that they made.

use ipnet::IpNet;

use super::Written;
use super::connector::ConnectorSettings;
use super::credential::SecretText;
use crate::form::{Characters, at, given, list, octets, parsed, whole};
use crate::problem::{At, Reader};
use crate::secret::Secret;
use crate::table::{Setting, setting};

/// The settings as they are read.
#[derive(Clone)]
pub(crate) struct CalledSettings {
    pub(crate) from: Vec<IpNet>,
    pub(crate) system_id: Option<String>,
    pub(crate) password: Option<At<Secret>>,
    pub(crate) most: u16,
}

impl Default for CalledSettings {
    fn default() -> CalledSettings {
        CalledSettings {
            from: Vec::new(),
            system_id: None,
            password: None,
            most: 10,
        }
    }
}

impl CalledSettings {
    /// Complains of what says how a carrier calls that may not call.
    pub(super) fn check(&self, written: &Written<'_>, reader: &mut Reader) {
        if !self.from.is_empty() {
            return;
        }
        for key in ["outbind_system_id", "outbind_password"]
            .into_iter()
            .filter(|key| written.table.contains_key(*key))
        {
            let what = format!("{key} stands in a connector whose carrier does not call");
            reader.complain(&written.span(key), what, "add outbind_from, or remove it");
        }
    }
}

#[rustfmt::skip] // A row of the table is a line or two.
pub(super) fn settings() -> Vec<Setting<ConnectorSettings>> {
    vec![
        setting!("outbind_from", called.from, list(0..=1000, parsed("a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"")), AtOnce,
            "Where the carrier calls us from: it connects to a listener for SMPP and sends `outbind`, and we bind over that connection as over one that we made, besides `binds`. With `tls` it has to be a listener with TLS. Empty: an `outbind` of it is refused."),
        setting!("outbind_system_id", called.system_id, given(octets(1..=15, Characters::Ascii)), AtOnce,
            "The `system_id` that its `outbind` has to bear. Missing: any."),
        setting!("outbind_password", called.password, given(at(SecretText)), AtOnce,
            "The password that its `outbind` has to bear. Missing: any."),
        setting!("outbind_max", called.most, whole(1..=1000), AtOnce,
            "Binds over such connections at once; the next is refused."),
    ]
}
