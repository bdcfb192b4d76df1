//! What can go wrong between us and the directory.

use crate::http::{HttpError, StatusError};
use serde_json::Value;
use thiserror::Error;

/// Bytes of the service's own words that are kept.
const WORDS: usize = 1024;

/// Why signing in failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// The sign-in service said no.
    #[error("sign-in refused{}: {advice}{}", .code.map(|c| format!(" (AADSTS{c})")).unwrap_or_default(), quoted(.description))]
    Refused {
        /// The number after `AADSTS`.
        code: Option<u64>,
        /// OAuth error, such as `invalid_client`.
        error: String,
        /// First line of the service's words; untrusted.
        description: String,
        /// What to check.
        advice: &'static str,
    },
    /// The sign-in service could not be reached or did not answer like one.
    #[error("sign-in failed: {0}")]
    Http(#[from] HttpError),
    /// The credential itself cannot be used.
    #[error("sign-in is not possible: {0}")]
    Credential(String),
    /// The answer holds no usable token.
    #[error("sign-in failed: the answer holds no token ({0}); check the authority URL")]
    NoToken(&'static str),
}

impl SignInError {
    /// Whether it can pass by itself.
    pub fn transient(&self) -> bool {
        match self {
            Self::Http(e) => passing(e),
            Self::Refused { code, error, .. } => {
                error == "temporarily_unavailable"
                    || matches!(code, Some(90_055 | 90_006 | 90_012 | 90_024 | 90_033 | 90_090))
            }
            Self::Credential(_) | Self::NoToken(_) => false,
        }
    }

    pub(super) fn from_status(status: &StatusError) -> Self {
        let body: Value = serde_json::from_slice(&status.body).unwrap_or_default();
        let Some(error) = body.get("error").and_then(Value::as_str) else {
            return Self::Http(HttpError::Status(Box::new(status.clone())));
        };
        let words = body.get("error_description").and_then(Value::as_str).unwrap_or_default();
        let code = body
            .get("error_codes")
            .and_then(|codes| codes.get(0))
            .and_then(Value::as_u64)
            .or_else(|| words.strip_prefix("AADSTS")?.split(':').next()?.parse().ok());
        // Trace ids and time stamps follow, after a line break or not.
        let end = words.find(" Trace ID:").into_iter().chain(words.find(['\r', '\n'])).min().unwrap_or(words.len());
        Self::Refused { code, error: error.to_owned(), description: cut(&words[..end]), advice: advice(code, error) }
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" [{text}]") }
}

/// What an administrator can check, by code, else by OAuth error.
fn advice(code: Option<u64>, error: &str) -> &'static str {
    match code.unwrap_or(0) {
        7_000_215 => "the client secret is wrong; use the value of the secret, not its id",
        7_000_222 => "the client secret is expired; make a new one in the app registration and store it",
        7_000_218 | 900_144 => "a credential or a form field did not arrive; check client_id and the credential",
        700_025 => "the app registration is a public client; use one that accepts a secret or a certificate",
        700_027 | 50_012 => {
            "the certificate is not registered with the app, or its signature does not fit; compare the thumbprint in \
             the app registration, and check the clock of this machine"
        }
        700_030 => "the subject of the certificate is not authorised for the app; register this certificate",
        700_016 | 700_011 => "the client id is unknown in this tenant; check client_id, tenant_id and the cloud",
        7_000_112 | 70_001 => "the application is disabled; enable its service principal in the tenant",
        90_002 => "the tenant does not exist; check the spelling of tenant_id and the cloud of the authority",
        90_038 | 900_382 | 900_432 => "the tenant belongs to another national cloud; change authority and graph",
        500_011 | 50_001 | 650_057 => {
            "Graph is not known in this tenant; check that graph fits the cloud of the authority"
        }
        70_011 | 28_002 | 700_022 | 700_023 => "the scope is refused; check that graph is the root of Microsoft Graph",
        9_001_023 | 90_124 | 90_130 | 50_194 => "this sign-in needs the tenant's own id; set tenant_id to the GUID",
        65_001 | 90_094 | 650_056 => "consent is missing; grant admin consent to the app's permissions",
        53_000 | 53_001 | 53_003 | 530_032 | 530_035 => {
            "a Conditional Access policy or the security defaults block it; exclude the workload identity or meet the policy"
        }
        50_196 => "too many sign-ins in a short time; wait some minutes",
        70_021 | 700_213 => "no federated credential fits the subject of the token; compare subject and issuer",
        700_211 => "no federated credential fits the issuer of the token; compare the issuer",
        700_212 => "no federated credential fits the audience of the token; it should be api://AzureADTokenExchange",
        7_002_131 => "the flexible federated credential does not fit the token; check its expression",
        90_055 | 90_006 | 90_012 | 90_024 | 90_033 | 90_090 => "the sign-in service is busy; try again in a minute",
        _ => match error {
            "invalid_client" => "the credential is not accepted; check it, and that it belongs to this client id",
            "unauthorized_client" => "the app may not sign in this way; check client_id and tenant_id",
            "invalid_scope" | "invalid_resource" => "the scope is refused; check the graph URL",
            "interaction_required" => "a policy wants a person to sign in; check Conditional Access for the app",
            "temporarily_unavailable" => "the sign-in service is busy; try again in a minute",
            _ => "check tenant_id, client_id and the credential",
        },
    }
}

/// Why a request to Graph failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GraphError {
    /// No token.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The token was refused twice, the second time fresh.
    #[error(
        "{what}: Graph does not accept the token although it is fresh; check tenant_id, and that graph fits the cloud of the authority"
    )]
    Unauthorized {
        /// Method, host and path.
        what: String,
    },
    /// The application lacks a permission.
    #[error("{what}: not allowed; grant the application permission {permission} with admin consent{}", quoted(.message))]
    Forbidden {
        /// Method, host and path.
        what: String,
        /// The least permission that allows it.
        permission: &'static str,
        /// Graph's own words; untrusted.
        message: String,
    },
    /// Graph does not know the object.
    #[error("{what}: not found{}", quoted(.message))]
    NotFound {
        /// Method, host and path.
        what: String,
        /// Graph's own words; untrusted.
        message: String,
    },
    /// Graph refused the request otherwise.
    #[error("{what}: Graph answered {status} {code}{}", quoted(.message))]
    Refused {
        /// Method, host and path.
        what: String,
        /// HTTP status.
        status: u16,
        /// The deepest error code given.
        code: String,
        /// Graph's own words; untrusted.
        message: String,
    },
    /// The delta link is no longer good: read everything anew, and never take it for "no changes".
    #[error("{what}: the directory no longer knows where we stopped reading; a full round is needed")]
    Resync {
        /// Method, host and path.
        what: String,
    },
    /// Paging does not end.
    #[error("{what}: paging does not end (page {page}); reading was given up and nothing is concluded from it")]
    Endless {
        /// Method, host and path.
        what: String,
        /// The page at which it was noticed.
        page: u64,
    },
    /// The answer is not what Graph answers.
    #[error("{what}: the answer is not from Microsoft Graph ({reason}); check the graph URL")]
    NotGraph {
        /// Method, host and path.
        what: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Nothing usable came; see there.
    #[error(transparent)]
    Http(HttpError),
    /// Stopped.
    #[error("stopped while the directory was being read")]
    Cancelled,
    /// The settings cannot work.
    #[error("{0}")]
    Settings(String),
}

impl GraphError {
    /// Whether the same request can succeed later without anybody changing anything.
    pub fn transient(&self) -> bool {
        match self {
            Self::SignIn(e) => e.transient(),
            Self::Http(e) => passing(e),
            Self::Refused { status, .. } => *status >= 500 && *status != 501,
            Self::Cancelled => true,
            _ => false,
        }
    }

    /// Sorts what the wire said. `permission`: what a 403 lacks. `delta`: the URL is one that can go stale.
    pub(super) fn sort(error: HttpError, permission: &'static str, delta: bool) -> Self {
        let status = match error {
            HttpError::Status(status) => status,
            HttpError::Cancelled { .. } => return Self::Cancelled,
            HttpError::Settings(text) => return Self::Settings(text),
            other => return Self::Http(other),
        };
        let what = status.place.to_string();
        let (code, message) = words(&status.body);
        let stale = ["syncstatenotfound", "resyncrequired", "directory_expiredpagetoken"];
        if delta && (matches!(status.status, 404 | 410) || stale.contains(&code.to_ascii_lowercase().as_str())) {
            return Self::Resync { what };
        }
        match status.status {
            401 => Self::Unauthorized { what },
            403 => Self::Forbidden { what, permission, message },
            404 => Self::NotFound { what, message },
            429 | 500..=599 if code.is_empty() => Self::Http(HttpError::Status(status)),
            429 | 502..=504 => Self::Http(HttpError::Status(status)),
            status => Self::Refused { what, status, code, message },
        }
    }
}

fn passing(error: &HttpError) -> bool {
    match error {
        HttpError::Unsent { .. } | HttpError::Lost { .. } | HttpError::Paused { .. } | HttpError::Cancelled { .. } => {
            true
        }
        HttpError::Status(e) => matches!(e.status, 429 | 500..=599),
        _ => false,
    }
}

/// Deepest code and message of a Graph error body; both empty if it is none.
fn words(body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(error) = body.get("error") else { return Default::default() };
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut code, message, mut inner) = (text(error, "code"), text(error, "message"), error);
    for _ in 0..8 {
        let Some(deeper) = inner.get("innerError").or_else(|| inner.get("innererror")) else { break };
        let deeper_code = text(deeper, "code");
        if !deeper_code.is_empty() {
            code = deeper_code;
        }
        inner = deeper;
    }
    (cut(&code), cut(&message))
}

fn cut(text: &str) -> String {
    let end = (0..=WORDS.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    text[..end].to_owned()
}
