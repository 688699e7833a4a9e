//! TLS as the client tools speak it.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

/// Whether and how to use TLS.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct TlsArgs {
    /// Connect with TLS (the demo's port for it is 2776)
    #[arg(long)]
    pub(crate) tls: bool,
    /// Trust the certificates in this PEM file instead of the system's, such as bindery-data/tls/cert.pem
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca: Option<PathBuf>,
    /// Take any certificate: for tests only
    #[arg(long, requires = "tls", conflicts_with = "ca")]
    pub(crate) insecure: bool,
}

impl TlsArgs {
    /// The configuration for connections; `None`: plain.
    ///
    /// # Errors
    /// A sentence, if the certificates cannot be read.
    pub(crate) fn config(&self) -> Result<Option<Arc<ClientConfig>>, String> {
        if !self.tls {
            return Ok(None);
        }
        crate::tls::client_config(self.ca.as_deref(), self.insecure, None).map(Some)
    }
}

/// The name that a certificate has to bear: that of `HOST:PORT`.
///
/// # Errors
/// A sentence if it is neither a host name nor an address.
pub(crate) fn server_name(target: &str) -> Result<ServerName<'static>, String> {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is no host name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_the_certificate_is_that_of_the_host() {
        for (target, name) in [
            ("localhost:2776", "localhost"),
            ("127.0.0.1:2776", "127.0.0.1"),
            ("[::1]:2776", "::1"),
        ] {
            let parsed = server_name(target).expect("a name");
            assert_eq!(parsed.to_str(), name);
        }
        assert!(server_name("no host:1").is_err());
    }

    #[test]
    fn without_a_certificate_to_trust_the_next_step_is_said() {
        let args = TlsArgs {
            tls: true,
            ca: Some(PathBuf::from("/does/not/exist")),
            insecure: false,
        };
        let error = args.config().expect_err("no such file");
        assert!(error.contains("/does/not/exist"), "{error}");
    }
}
