//! Who may bind: the one place that judges credentials.

use core::fmt;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use peer::{Account, BindRefusal};
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
    pub(crate) secret: Arc<Secret>,
    pub(crate) enabled: bool,
    pub(crate) access: Access,
}

/// From where a customer may bind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Access {
    /// Over TLS only.
    pub(crate) tls_only: bool,
    /// From these networks; none: from anywhere.
    pub(crate) allow: Vec<IpNet>,
    /// What a bind from elsewhere is answered.
    pub(crate) address_denied: Status,
    /// Another password ends the binds that were made with the one before.
    pub(crate) rotation_kicks: bool,
}

impl Default for Access {
    fn default() -> Access {
        Access {
            tls_only: false,
            allow: Vec::new(),
            address_denied: status::RBINDFAIL,
            rotation_kicks: false,
        }
    }
}

impl Access {
    fn check(&self, from: IpAddr, tls: bool) -> Result<(), NotAdmitted> {
        let from = from.to_canonical();
        if self.tls_only && !tls {
            Err(NotAdmitted::TlsRequired)
        } else if !self.allow.is_empty() && !self.allow.iter().any(|net| net.contains(&from)) {
            Err(NotAdmitted::AddressNotAllowed)
        } else {
            Ok(())
        }
    }
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

/// A bind that was let in, and all that this was decided by: it is judged again when the directory changes.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Whose it is.
    pub account: Arc<Account>,
    secret: Arc<Secret>,
    from: IpAddr,
    tls: bool,
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
    /// Why not; [`Accounts::refusal`] is what the peer is told of it.
    pub fn admit(&self, attempt: &Attempt<'_>) -> Result<Admitted, NotAdmitted> {
        let Some(login) = self.logins.get(attempt.system_id) else {
            // Compared with something all the same, so that the time does not tell.
            let _ = Secret::new(String::new()).matches(attempt.password);
            return Err(NotAdmitted::UnknownSystemId);
        };
        if !login.secret.matches(attempt.password) {
            return Err(NotAdmitted::WrongPassword);
        }
        if !login.enabled {
            return Err(NotAdmitted::Disabled);
        }
        login.access.check(attempt.from, attempt.tls)?;
        Ok(Admitted {
            account: login.account.clone(),
            secret: login.secret.clone(),
            from: attempt.from,
            tls: attempt.tls,
        })
    }

    /// Whether a bind that an earlier directory let in may stand under this one. Its password counts only for a customer with
    /// `rotation_kicks`, and its system_id not at all: who has another one now is known by its number.
    ///
    /// # Errors
    /// Why it may not.
    pub fn admits_still(&self, admitted: &Admitted) -> Result<(), NotAdmitted> {
        let account = &admitted.account;
        let same = |login: &&Login| login.account.customer == account.customer;
        let login = self.logins.get(account.system_id.as_bytes());
        let login = login.filter(same);
        let login = login.or_else(|| self.logins.values().find(same));
        let login = login.ok_or(NotAdmitted::UnknownSystemId)?;
        if !login.enabled {
            return Err(NotAdmitted::Disabled);
        }
        if login.access.rotation_kicks && login.secret != admitted.secret {
            return Err(NotAdmitted::WrongPassword);
        }
        login.access.check(admitted.from, admitted.tls)
    }

    /// How a bind that was not let in is refused: `ESME_RINVSYSID`, `ESME_RINVPASWD`, or `ESME_RBINDFAIL`; only the last when the
    /// configuration says `uniform_auth_error`, and then nothing tells whether there is such a customer.
    pub fn refusal(&self, attempt: &Attempt<'_>, why: NotAdmitted) -> BindRefusal {
        let login = self.logins.get(attempt.system_id);
        let closes = login.is_some_and(|login| login.account.binding.refusal_closes);
        if self.uniform_error {
            return BindRefusal {
                status: status::RBINDFAIL,
                closes: closes && !why.wrong_credentials(),
            };
        }
        let status = match why {
            NotAdmitted::UnknownSystemId => status::RINVSYSID,
            NotAdmitted::WrongPassword => status::RINVPASWD,
            NotAdmitted::AddressNotAllowed => {
                login.map_or(status::RBINDFAIL, |login| login.access.address_denied)
            }
            NotAdmitted::Disabled | NotAdmitted::TlsRequired => status::RBINDFAIL,
        };
        BindRefusal { status, closes }
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
