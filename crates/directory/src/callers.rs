//! Carriers that call us: whose an outbind is (SMPP 3.4, 2.2.1).

use core::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use peer::Profile;

use crate::secret::Secret;

/// A carrier that may call us to be bound to.
#[derive(Clone, Debug)]
pub struct Caller {
    /// How to bind to it.
    pub profile: Arc<Profile>,
    /// Binds over its calls at once.
    pub most: usize,
    pub(crate) from: Vec<IpNet>,
    pub(crate) system_id: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) tls: bool,
}

/// All carriers that may call us.
#[derive(Clone, Debug, Default)]
pub struct Callers(pub(crate) Vec<Caller>);

/// An outbind, and where it came from.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// As in the PDU.
    pub system_id: &'a [u8],
    /// As in the PDU.
    pub password: &'a [u8],
    /// Where the connection comes from.
    pub from: IpAddr,
    /// Whether it came over TLS.
    pub tls: bool,
}

/// Why nobody is bound to who calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NotCalled {
    /// No connector has the address in its `outbind_from`.
    UnknownAddress,
    /// The carriers of this address call by another system_id or password.
    WrongCredentials,
    /// The carrier is to be spoken to in TLS.
    TlsRequired,
}

impl Callers {
    /// Who calls: the first carrier of that address with these credentials.
    ///
    /// # Errors
    /// Why it is nobody, by the carrier that came nearest.
    pub fn find(&self, call: &Call<'_>) -> Result<&Caller, NotCalled> {
        let from = call.from.to_canonical();
        let mut nearest = NotCalled::UnknownAddress;
        let near = |caller: &&Caller| caller.from.iter().any(|net| net.contains(&from));
        for caller in self.0.iter().filter(near) {
            match caller.check(call) {
                Ok(()) => return Ok(caller),
                Err(why) => nearest = nearest.max(why),
            }
        }
        Err(nearest)
    }
}

impl Caller {
    fn check(&self, call: &Call<'_>) -> Result<(), NotCalled> {
        let named = |name: &String| name.as_bytes() == call.system_id;
        let proven = |password: &Secret| password.matches(call.password);
        // Both are looked at, whatever the first says.
        let named = self.system_id.as_ref().is_none_or(named);
        let proven = self.password.as_ref().is_none_or(proven);
        if !(named && proven) {
            Err(NotCalled::WrongCredentials)
        } else if self.tls && !call.tls {
            Err(NotCalled::TlsRequired)
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for NotCalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotCalled::UnknownAddress => "no connector has its address in outbind_from",
            NotCalled::WrongCredentials => {
                "not the outbind_system_id or outbind_password of a connector"
            }
            NotCalled::TlsRequired => "its connector has tls, and the listener has none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str, from: &str, password: Option<&str>, tls: bool) -> Caller {
        Caller {
            profile: Arc::new(Profile {
                name: name.to_owned(),
                ..Profile::default()
            }),
            most: 1,
            from: vec![from.parse().expect("a network")],
            system_id: Some("smsc".to_owned()),
            password: password.map(|text| Secret::new(text.to_owned())),
            tls,
        }
    }

    #[test]
    fn who_calls_is_known_by_its_address_and_by_what_it_says() {
        let callers = Callers(vec![
            caller("a", "192.0.2.0/24", Some("theirs"), true),
            caller("b", "192.0.2.7/32", Some("other"), false),
            caller("c", "2001:db8::/32", None, false),
        ]);
        let find = |from: &str, system_id: &str, password: &str, tls| {
            let call = Call {
                system_id: system_id.as_bytes(),
                password: password.as_bytes(),
                from: from.parse().expect("an address"),
                tls,
            };
            callers
                .find(&call)
                .map(|caller| caller.profile.name.clone())
        };
        assert_eq!(
            find("192.0.2.1", "smsc", "theirs", true).as_deref(),
            Ok("a")
        );
        assert_eq!(
            find("::ffff:192.0.2.7", "smsc", "other", false).as_deref(),
            Ok("b")
        );
        assert_eq!(
            find("2001:db8::1", "smsc", "any", false).as_deref(),
            Ok("c")
        );
        for (from, system_id, password, tls, why) in [
            (
                "198.51.100.1",
                "smsc",
                "theirs",
                true,
                NotCalled::UnknownAddress,
            ),
            ("192.0.2.1", "smsc", "theirs", false, NotCalled::TlsRequired),
            ("192.0.2.1", "smsc", "", true, NotCalled::WrongCredentials),
            (
                "192.0.2.7",
                "smsc2",
                "other",
                true,
                NotCalled::WrongCredentials,
            ),
        ] {
            assert_eq!(
                find(from, system_id, password, tls),
                Err(why),
                "{from} {password}"
            );
        }
    }
}
