//! TLS 1.2 and 1.3 with rustls: configurations of both sides, and a certificate for those who have none yet.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

/// Where a certificate chain and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    /// PEM, our own first.
    pub(crate) chain: PathBuf,
    /// PEM.
    pub(crate) key: PathBuf,
}

impl CertificateFiles {
    /// `tls/cert.pem` and `tls/key.pem` in the data directory; made on first use, for the names of this machine's loopback.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn self_signed(data_dir: &Path) -> Result<CertificateFiles, String> {
        let dir = data_dir.join("tls");
        let files = CertificateFiles {
            chain: dir.join("cert.pem"),
            key: dir.join("key.pem"),
        };
        if !files.chain.exists() || !files.key.exists() {
            make(&dir, &files)?;
        }
        Ok(files)
    }

    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| format!("no private key in {}: {error}", self.key.display()))?;
        Ok((certificates(&self.chain)?, key))
    }

    /// When our own certificate, the first of the chain, expires, in seconds since 1970.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn expires(&self) -> Result<i64, String> {
        let chain = certificates(&self.chain)?;
        let (_, own) = x509_parser::parse_x509_certificate(&chain[0])
            .map_err(|error| format!("cannot read {}: {error}", self.chain.display()))?;
        Ok(own.validity().not_after.timestamp())
    }
}

fn make(dir: &Path, files: &CertificateFiles) -> Result<(), String> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|error| format!("no certificate could be made: {error}"))?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
    write(&files.key, &made.signing_key.serialize_pem())?;
    write(&files.chain, &made.cert.pem())
}

/// Writes a file that only its owner reads, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let part = path.with_extension("part");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&part, path));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// What listeners speak TLS with.
///
/// # Errors
/// A sentence for the operator.
pub(crate) fn server_config(files: &CertificateFiles) -> Result<Arc<ServerConfig>, String> {
    let (chain, key) = files.read()?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| format!("{}: {error}", files.chain.display()))?;
    Ok(Arc::new(config))
}

/// What connections to others speak TLS with: trusting the certificates in `ca`, or else those of the system; with
/// `insecure`, anything. `own` is shown to who asks for it.
///
/// # Errors
/// A sentence for the operator.
pub(crate) fn client_config(
    ca: Option<&Path>,
    insecure: bool,
    own: Option<CertificateFiles>,
) -> Result<Arc<ClientConfig>, String> {
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = if insecure {
        let verifier = Arc::new(Anything(provider));
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    } else {
        builder.with_root_certificates(roots(ca)?)
    };
    let Some(own) = own else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let (chain, key) = own.read()?;
    let config = builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| format!("{}: {error}", own.chain.display()))?;
    Ok(Arc::new(config))
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let trusted = match ca {
        Some(file) => certificates(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted);
    if roots.is_empty() {
        return Err("there is no certificate to trust: name a file of them with ca".to_owned());
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(format!("no certificate in {}", file.display())),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("cannot read {}: {error}", file.display())),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
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
