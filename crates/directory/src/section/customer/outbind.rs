//! Where a customer is called when something waits for it that it has no bind to receive with.

use super::CustomerSettings;
use crate::form::{Characters, at, given, octets, or_none, parsed};
use crate::problem::{At, Reader};
use crate::secret::Secret;
use crate::section::credential::SecretText;
use crate::section::{Host, Written};
use crate::table::{Setting, setting};

/// Characters of a password in a PDU (SMPP 3.4, 4.1.7).
const PASSWORD_MAX: usize = 8;

/// The settings as they are read.
#[derive(Clone, Default)]
pub(crate) struct OutbindSettings {
    pub(crate) host: Option<Host>,
    pub(crate) system_id: Option<String>,
    pub(crate) password: Option<At<Secret>>,
}

impl OutbindSettings {
    /// Complains of what cannot be sent, or leads nowhere.
    pub(super) fn check(&self, tls_only: bool, written: &Written<'_>, reader: &mut Reader) {
        if self.host.is_none() {
            for key in ["outbind_system_id", "outbind_password"]
                .into_iter()
                .filter(|key| written.table.contains_key(*key))
            {
                let what = format!("{key} stands in a customer that is not called");
                reader.complain(&written.span(key), what, "add outbind, or remove it");
            }
        } else if tls_only {
            reader.complain(
                &written.span_of(&["outbind", "tls_only"]),
                "outbind is without TLS, and the customer may bind over TLS only",
                "remove outbind, or set tls_only = false",
            );
        }
        let password = self.password.as_ref();
        if let Some(long) = password.filter(|it| it.value.expose().len() > PASSWORD_MAX) {
            let what = format!("outbind_password has more than {PASSWORD_MAX} octets");
            reader.complain_at(long.place, what, "shorten it: the PDU has no room for more");
        }
    }
}

#[rustfmt::skip] // A row of the table is a line or two.
pub(super) fn settings() -> Vec<Setting<CustomerSettings>> {
    vec![
        setting!("outbind", outbind.host, or_none("never", parsed("a host with its port such as \"esme.example.net:2775\"")), AtOnce,
            "Where it is called while receipts or MO wait for it and it has no bind that receives: we connect, send `outbind`, and it binds over that connection, which is judged as any other; `allow` has to hold the address that we connect to."),
        setting!("outbind_system_id", outbind.system_id, given(octets(1..=15, Characters::Ascii)), AtOnce,
            "Our `system_id` in the `outbind`. Missing: `answer_as`."),
        setting!("outbind_password", outbind.password, given(at(SecretText)), AtOnce,
            "Our password in the `outbind`, at most 8 octets. Missing: an empty one."),
    ]
}
