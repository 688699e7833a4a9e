//! The three ways to give a password.

use super::Written;
use crate::form::{Form, Item, found};
use crate::problem::{At, Reader};
use crate::secret::{self, Secret};

/// A password as a section gives it: exactly one of three keys.
#[derive(Clone, Default)]
pub(crate) struct Credential {
    /// `password`: the secret itself.
    pub(crate) text: Option<At<Secret>>,
    /// `password_file`: the first line of a file.
    pub(crate) file: Option<At<String>>,
    /// `password_env`: an environment variable.
    pub(crate) variable: Option<At<String>>,
    /// What the three led to, once [`Credential::resolve`] was called.
    pub(crate) secret: Option<At<Secret>>,
}

impl Credential {
    /// Finds the secret.
    pub(crate) fn resolve(&mut self, title: &str, written: &Written<'_>, reader: &mut Reader) {
        let keys = ["password", "password_file", "password_env"];
        let given: Vec<&str> = keys
            .into_iter()
            .filter(|key| written.table.contains_key(*key))
            .collect();
        match given.as_slice() {
            [] => {
                let change = "add password, password_file or password_env";
                reader.complain(&written.header, format!("{title} has no password"), change);
            }
            [_] => self.read(written, reader),
            [first, second, ..] => {
                let what = format!("{title} has both {first} and {second}");
                reader.complain(&written.span(second), what, "keep one of them");
            }
        }
    }

    fn read(&mut self, written: &Written<'_>, reader: &mut Reader) {
        let outcome = match self {
            Credential {
                text: Some(text), ..
            } => Ok((text.place, text.value.clone())),
            Credential {
                file: Some(file), ..
            } => secret::from_file(&written.directory.join(&file.value))
                .map(|secret| (file.place, secret))
                .map_err(|error| (file.place, error)),
            Credential {
                variable: Some(variable),
                ..
            } => secret::from_env(&variable.value)
                .map(|secret| (variable.place, secret))
                .map_err(|error| (variable.place, error)),
            // The value did not fit, which was complained of.
            Credential { .. } => return,
        };
        match outcome {
            Ok((place, value)) => self.secret = Some(At { value, place }),
            Err((place, (what, change))) => reader.complain_at(place, what, change),
        }
    }
}

/// The secret itself. What does not fit is not repeated in the complaint.
pub(crate) struct SecretText;

impl Form<Secret> for SecretText {
    fn expects(&self) -> String {
        format!(
            "a text of 1 to {} octets without control characters",
            secret::SECRET_MAX
        )
    }

    fn read(&self, key: &str, item: &Item<'_>, reader: &mut Reader) -> Option<Secret> {
        let wrong = match item.get_ref().as_str() {
            Some(text) => match secret::check(text) {
                Ok(()) => return Some(Secret::new(text.to_owned())),
                Err((wrong, _)) => wrong.to_owned(),
            },
            None if item.get_ref().is_integer() => "is a number".to_owned(),
            None => format!("is {}", found(item)),
        };
        reader.complain(
            &item.span(),
            format!("{key} {wrong}"),
            format!("give {}", Form::<Secret>::expects(self)),
        );
        None
    }

    fn write(&self, _: &Secret) -> String {
        "\"(secret)\"".to_owned()
    }
}

/// The three keys, for a section whose credential is at the given place.
macro_rules! credential_settings {
    ($section:ty, $place:ident, $effect:ident) => {{
        let rows: [Setting<$section>; 3] = [
            setting!("password", $place.text, given(at(SecretText)), $effect,
                "The password itself. One of the three `password` keys is required."),
            setting!("password_file", $place.file, given(at(octets(1..=4096, Characters::Printable))), $effect,
                "A file whose first line is the password; relative to the directory of the configuration file."),
            setting!("password_env", $place.variable, given(at(octets(1..=256, Characters::Name))), $effect,
                "An environment variable that holds the password."),
        ];
        rows
    }};
}
pub(crate) use credential_settings;
