//! A secret: wiped when dropped, never printed.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// A token, a client secret or a private key. It has no `Display` and no `Serialize`; `Debug` prints `[secret]`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text, for the one place that puts it on the wire.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Replaces every occurrence of the secret in a text that is going to be shown or stored. Secrets shorter than
    /// four bytes are left alone: they would blank out ordinary words.
    pub fn redact(&self, text: &str) -> String {
        let secret = self.expose();
        if secret.len() < 4 { text.to_owned() } else { text.replace(secret, "[secret]") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", Secret::new("hunter22".into())), "[secret]");
        assert_eq!(Secret::new("hunter22".into()).redact("Bearer hunter22!"), "Bearer [secret]!");
    }
}
