//! Where the app is and how to speak to it.

use crate::http::parse_base;
use crate::model::Secret;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Settings of a SCIM client.
#[derive(Clone, Debug)]
pub struct ScimSettings {
    /// Tenant URL as the administrator typed it (E2.1 to E2.3).
    pub tenant_url: String,
    /// Secret token.
    pub token: Secret,
    /// PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// Requests at once, at most.
    pub concurrency: usize,
    /// Longest silence of the app (E9.51).
    pub timeout: Duration,
    /// First wait before a repetition.
    pub backoff: Duration,
}

impl ScimSettings {
    /// The defaults: 16 requests at once, 30 s, half a second.
    pub fn new(tenant_url: impl Into<String>, token: Secret) -> Self {
        Self {
            tenant_url: tenant_url.into(),
            token,
            ca_file: None,
            concurrency: 16,
            timeout: Duration::from_secs(30),
            backoff: Duration::from_millis(500),
        }
    }
}

/// A tenant URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantUrl {
    /// What requests are built on: no flags, no trailing slash.
    pub base: Url,
    /// The URL asks for RFC-conforming PATCH (`aadOptscim062020`, E9.24).
    pub compliant_patch: bool,
    /// The URL asks for the old PATCH (`AzureAdScimPatch2017`).
    pub legacy_patch: bool,
}

impl TenantUrl {
    /// Takes the flags out of a tenant URL; they may stand after `?`, after `&`, or at the end of the path (E2.3).
    ///
    /// # Errors
    /// A message that says what to correct.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut base = parse_base(text)?;
        let query =
            Url::parse(text.trim()).ok().and_then(|u| u.query().map(str::to_ascii_lowercase)).unwrap_or_default();
        let (mut compliant_patch, mut legacy_patch) = (false, false);
        for part in query.split(['&', ';', '?', '/']) {
            let flag = part.split('=').next().unwrap_or_default();
            compliant_patch |= flag == "aadoptscim062020";
            legacy_patch |= flag == "azureadscimpatch2017";
        }
        // Copied URLs sometimes lost the question mark.
        let path = base.path().to_owned();
        if let Some((rest, last)) = path.rsplit_once('/') {
            let last = last.to_ascii_lowercase();
            compliant_patch |= last == "aadoptscim062020";
            legacy_patch |= last == "azureadscimpatch2017";
            if last == "aadoptscim062020" || last == "azureadscimpatch2017" {
                base.set_path(rest.trim_end_matches('/'));
            }
        }
        Ok(Self { base, compliant_patch, legacy_patch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_slashes_are_taken_out() {
        for (text, base, flag) in [
            ("https://a.example/v2/scim", "https://a.example/v2/scim", false),
            ("https://a.example/v2/scim/", "https://a.example/v2/scim", false),
            ("https://a.example/scim?aadOptscim062020", "https://a.example/scim", true),
            ("https://a.example/scim/?aadOptscim062020&x=1", "https://a.example/scim", true),
            ("https://a.example/scim/aadOptscim062020", "https://a.example/scim", true),
            (" https://a.example ", "https://a.example/", false),
            ("http://127.0.0.1:8080/scim", "http://127.0.0.1:8080/scim", false),
            ("http://[::1]:8080/scim", "http://[::1]:8080/scim", false),
        ] {
            let parsed = TenantUrl::parse(text).unwrap();
            assert_eq!((parsed.base.as_str(), parsed.compliant_patch), (base, flag), "{text}");
        }
        assert!(TenantUrl::parse("https://a.example/?AzureAdScimPatch2017").unwrap().legacy_patch);
    }

    #[test]
    fn what_cannot_work_is_said_at_once() {
        for (text, word) in [
            ("a.example/scim", "scheme"),
            ("", "scheme"),
            ("http://a.example/scim", "encrypted"),
            ("http://127.0.0.1.a.example/scim", "encrypted"),
            ("ftp://a.example/scim", "https"),
            ("https://me:pw@a.example/scim", "password"),
        ] {
            let message = TenantUrl::parse(text).unwrap_err();
            assert!(message.contains(word), "{text}: {message}");
            assert!(!message.contains("pw"), "{message}");
        }
    }
}
