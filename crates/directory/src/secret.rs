//! Secrets: kept out of every log, compared without telling how far they agree.

use core::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use subtle::{ConstantTimeEq as _, ConstantTimeLess as _};

/// The longest secret, in octets: what a bind PDU's password is decoded up to.
pub(crate) const SECRET_MAX: usize = 64;

/// A password or key. Wiped from memory when dropped; `Debug` shows nothing of it, not even its length.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes over `text`.
    pub fn new(text: String) -> Secret {
        Secret(text.into())
    }

    /// The secret itself, to be put on the wire and nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether `offered` is the secret, in a time that depends on neither (up to 64 octets; longer ones are never equal).
    pub fn matches(&self, offered: &[u8]) -> bool {
        let (kept, given) = (padded(self.expose().as_bytes()), padded(offered));
        let fits = (offered.len() as u64).ct_lt(&(SECRET_MAX as u64 + 1));
        (kept.ct_eq(&given) & fits).into()
    }
}

/// The octets at a fixed length, with the number of them behind.
fn padded(octets: &[u8]) -> [u8; SECRET_MAX + 1] {
    let mut room = [0; SECRET_MAX + 1];
    let taken = octets.len().min(SECRET_MAX);
    room[..taken].copy_from_slice(&octets[..taken]);
    room[SECRET_MAX] = u8::try_from(taken).unwrap_or(u8::MAX);
    room
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.matches(other.expose().as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The first line of a secret file, without its end of line.
///
/// # Errors
/// What is wrong and what to change, without anything of the contents.
pub(crate) fn from_file(path: &Path) -> Result<Secret, (String, String)> {
    let shown = path.display();
    let mut text = String::new();
    let limit = SECRET_MAX as u64 + 3; // room for an end of line, and for one octet too many
    let read = File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
    if let Err(error) = read {
        return Err((
            format!("the file {shown} cannot be read: {error}"),
            "name a file of UTF-8 text that this user may read".to_owned(),
        ));
    }
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    text.truncate(end);
    check(&text)
        .map_err(|(what, change)| (format!("the secret in the file {shown} {what}"), change))?;
    Ok(Secret::new(text))
}

/// The secret in an environment variable.
///
/// # Errors
/// What is wrong and what to change, without anything of the contents.
pub(crate) fn from_env(variable: &str) -> Result<Secret, (String, String)> {
    let Some(text) = std::env::var_os(variable).and_then(|text| text.into_string().ok()) else {
        return Err((
            format!("the environment variable {variable} is not set"),
            format!("set {variable} for this process, or use password_file"),
        ));
    };
    check(&text).map_err(|(what, change)| {
        (
            format!("the secret in the environment variable {variable} {what}"),
            change,
        )
    })?;
    Ok(Secret::new(text))
}

/// Whether `text` can be a secret on the wire.
pub(crate) fn check(text: &str) -> Result<(), (&'static str, String)> {
    let wrong = if text.is_empty() {
        "is empty"
    } else if text.len() > SECRET_MAX {
        "is too long"
    } else if text.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err((
        wrong,
        format!("give 1 to {SECRET_MAX} octets of text in one line"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(
            format!("{:?}", Secret::new("s3cr3t08".to_owned())),
            "Secret(..)"
        );
    }

    #[test]
    fn only_the_same_octets_match() {
        let secret = Secret::new("s3cr3t08".to_owned());
        assert!(secret.matches(b"s3cr3t08"));
        for other in [
            &b""[..],
            b"s3cr3t0",
            b"s3cr3t08\0",
            b"s3cr3t080",
            b"S3cr3t08",
            &[b'x'; 300],
        ] {
            assert!(!secret.matches(other));
        }
        let longest = Secret::new("x".repeat(SECRET_MAX));
        assert!(longest.matches(&[b'x'; SECRET_MAX]));
        assert!(!longest.matches(&[b'x'; SECRET_MAX + 1]));
    }
}
