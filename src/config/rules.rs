//! What a value of the configuration may be: one implementation for the file and for whoever edits it.

use super::Scope;
use url::{Host, Url};

const LONGEST_ENVIRONMENT: usize = 24;

/// The words for who is provisioned.
pub(super) const SCOPES: [(&str, Scope); 2] = [("assigned", Scope::Assigned), ("all", Scope::All)];

/// What is wrong with a text.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The rest of a sentence that begins with what it is: `is not https`.
    pub(super) what: &'static str,
    /// What to write instead.
    pub(super) advice: String,
    /// Whether the text may hold a secret and must not be shown.
    pub(super) hide: bool,
}

impl Wrong {
    fn new(what: &'static str, advice: impl Into<String>) -> Self {
        Self { what, advice: advice.into(), hide: false }
    }
}

/// Reads the address of a service: https, or http on loopback; a host; no credentials, no fragment.
pub(super) fn address(text: &str) -> Result<Url, Wrong> {
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || text.find("://").is_none() => {
            Err(Wrong::new("has no https scheme", "it starts with https://"))
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            let wrong = Wrong::new("has a user name or password in it", "credentials belong in a secret");
            Err(Wrong { hide: true, ..wrong })
        }
        Ok(url) if url.scheme() == "http" && !is_loopback(&url) => {
            Err(Wrong::new("is not https", "use https://; plain http is for loopback only"))
        }
        Ok(url) if url.fragment().is_some() => Err(Wrong::new("has a fragment", "leave out `#` and what follows")),
        Ok(url) => Ok(url),
        Err(url::ParseError::RelativeUrlWithoutBase) => Err(Wrong::new("has no scheme", "it starts with https://")),
        Err(error) => Err(Wrong::new("is no address", error.to_string())),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a text can be the word in the header.
pub(super) fn is_environment(text: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().count() <= LONGEST_ENVIRONMENT && text.chars().all(word)
}

/// Reads a number of things: 0 or more, and no more than SQLite and TOML can count, in signed 64 bits.
pub(super) fn count(digits: &str, radix: u32) -> Option<u64> {
    i64::from_str_radix(digits, radix).ok().and_then(|n| u64::try_from(n).ok())
}
