//! Who may bind: the one place that judges credentials.

use core::fmt;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use peer::Account;
use smpp::status::{self, Status};

use crate::secret::Secret;

/// The customers by the system_id that they bind as.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    logins: BTreeMap<Vec<u8>, Login>,
    uniform_error: bool,
}

/// What a customer proves itself with, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) account: Arc<Account>,
    pub(crate) secret: Secret,
    pub(crate) enabled: bool,
    pub(crate) tls_only: bool,
    pub(crate) allow: Vec<IpNet>,
}

/// A bind that asks to be let in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// As in the PDU.
    pub system_id: &'a [u8],
    /// As in the PDU.
    pub password: &'a [u8],
    /// Where the connection comes from.
    pub from: IpAddr,
    /// Whether it came over TLS.
    pub tls: bool,
}

/// Why a bind was not let in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NotAdmitted {
    /// Nobody binds as that.
    UnknownSystemId,
    /// The password is another one.
    WrongPassword,
    /// The customer is switched off.
    Disabled,
    /// The customer may bind over TLS only.
    TlsRequired,
    /// The customer may not bind from this address.
    AddressNotAllowed,
}

impl Accounts {
    pub(crate) fn new(
        logins: impl IntoIterator<Item = (String, Login)>,
        uniform_error: bool,
    ) -> Accounts {
        let logins = logins
            .into_iter()
            .map(|(system_id, login)| (system_id.into_bytes(), login));
        Accounts {
            logins: logins.collect(),
            uniform_error,
        }
    }

    /// Lets a bind in, or says why not. Takes the same time for an unknown system_id as for a wrong password, and tells nothing
    /// of a customer to who does not know its password.
    ///
    /// # Errors
    /// Why not; [`Accounts::status`] is what the peer is told of it.
    pub fn admit(&self, attempt: &Attempt<'_>) -> Result<Arc<Account>, NotAdmitted> {
        let Some(login) = self.logins.get(attempt.system_id) else {
            // Compared with something all the same, so that the time does not tell.
            let _ = Secret::new(String::new()).matches(attempt.password);
            return Err(NotAdmitted::UnknownSystemId);
        };
        if !login.secret.matches(attempt.password) {
            return Err(NotAdmitted::WrongPassword);
        }
        let from = attempt.from.to_canonical();
        if !login.enabled {
            Err(NotAdmitted::Disabled)
        } else if login.tls_only && !attempt.tls {
            Err(NotAdmitted::TlsRequired)
        } else if !login.allow.is_empty() && !login.allow.iter().any(|net| net.contains(&from)) {
            Err(NotAdmitted::AddressNotAllowed)
        } else {
            Ok(login.account.clone())
        }
    }

    /// What a bind that was not let in is answered: `ESME_RINVSYSID`, `ESME_RINVPASWD`, or `ESME_RBINDFAIL`; only the last when the
    /// configuration says `uniform_auth_error`.
    pub fn status(&self, why: NotAdmitted) -> Status {
        match why {
            _ if self.uniform_error => status::RBINDFAIL,
            NotAdmitted::UnknownSystemId => status::RINVSYSID,
            NotAdmitted::WrongPassword => status::RINVPASWD,
            NotAdmitted::Disabled | NotAdmitted::TlsRequired | NotAdmitted::AddressNotAllowed => {
                status::RBINDFAIL
            }
        }
    }

    /// The account that binds as `system_id`, without a check.
    pub fn get(&self, system_id: &[u8]) -> Option<&Arc<Account>> {
        self.logins.get(system_id).map(|login| &login.account)
    }

    /// All accounts, by system_id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.logins.values().map(|login| &login.account)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.logins.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.logins.is_empty()
    }
}

impl NotAdmitted {
    /// Whether the peer offered wrong credentials: the only cause that counts towards a block.
    pub fn wrong_credentials(self) -> bool {
        matches!(
            self,
            NotAdmitted::UnknownSystemId | NotAdmitted::WrongPassword
        )
    }
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotAdmitted::UnknownSystemId => "unknown system_id",
            NotAdmitted::WrongPassword => "wrong password",
            NotAdmitted::Disabled => "customer disabled",
            NotAdmitted::TlsRequired => "TLS required",
            NotAdmitted::AddressNotAllowed => "address not allowed",
        })
    }
}

impl fmt::Debug for Attempt<'_> {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("system_id", &String::from_utf8_lossy(self.system_id))
            .field("from", &self.from)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
