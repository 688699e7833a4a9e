//! TLS as the client tools speak it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

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
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let config = if self.insecure {
            let anything = Arc::new(Anything(provider));
            builder
                .dangerous()
                .with_custom_certificate_verifier(anything)
                .with_no_client_auth()
        } else {
            builder
                .with_root_certificates(self.roots()?)
                .with_no_client_auth()
        };
        Ok(Some(Arc::new(config)))
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let certificates = match &self.ca {
            Some(file) => in_file(file)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates);
        if roots.is_empty() {
            return Err(
                "there is no certificate to trust: give one with --ca FILE, or --insecure for a test"
                    .to_owned(),
            );
        }
        Ok(roots)
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

fn in_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = file.display();
    let pem = fs::read(file).map_err(|error| format!("cannot read {name}: {error}"))?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("{name} is no PEM file: {error}"))
}

/// Takes every certificate; the signatures of the handshake are checked all the same.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
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
