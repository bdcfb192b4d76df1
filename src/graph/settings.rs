//! Which tenant, which cloud, which credential.

use crate::http::is_loopback;
use crate::model::Secret;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// How the application proves who it is.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A client secret.
    Secret(Secret),
    /// A certificate with its RSA private key (PKCS#8 or PKCS#1), both PEM.
    Certificate {
        /// Certificate and private key in any order, further certificates are ignored.
        pem: Secret,
    },
    /// A file with a token of another issuer (workload identity federation); read again at each use.
    FederatedTokenFile(PathBuf),
}

/// Settings of a Graph client.
#[derive(Clone, Debug)]
pub struct GraphSettings {
    /// Sign-in service without tenant, such as `https://login.microsoftonline.com`.
    pub authority: Url,
    /// Graph with version, such as `https://graph.microsoft.com/v1.0`.
    pub graph: Url,
    /// Tenant id or verified domain.
    pub tenant_id: String,
    /// Application (client) id.
    pub client_id: String,
    /// The credential.
    pub credential: Credential,
    /// PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// First wait before a repetition.
    pub backoff: Duration,
}

impl GraphSettings {
    /// Settings with the default patience.
    pub fn new(authority: Url, graph: Url, tenant_id: String, client_id: String, credential: Credential) -> Self {
        Self { authority, graph, tenant_id, client_id, credential, ca_file: None, backoff: Duration::from_millis(500) }
    }

    /// The scope to ask for: the root of Graph and `/.default`. An emulator on this machine stands in for the global
    /// service and gets its scope.
    pub(super) fn scope(&self) -> String {
        if is_loopback(&self.graph) {
            return "https://graph.microsoft.com/.default".into();
        }
        format!("{}/.default", self.graph.origin().ascii_serialization())
    }

    /// The token endpoint of the tenant.
    pub(super) fn token_endpoint(&self) -> Option<Url> {
        let mut url = self.authority.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend([&self.tenant_id, "oauth2", "v2.0", "token"]);
        Some(url)
    }
}
