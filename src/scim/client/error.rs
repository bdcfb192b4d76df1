//! What an app's refusal means, and which code the provisioning log gets (E9e, E13c).

use crate::http::{HttpError, Loss, StatusError, Unreached};
use crate::model::Secret;
use serde_json::Value;
use thiserror::Error;

/// Bytes of an app's own words that are kept.
const DETAIL: usize = 2048;

/// Why a request to the app failed. The variant says what a caller may conclude.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ScimError {
    /// The write may have been done: look before repeating it.
    #[error("{message}")]
    Unknown {
        /// What happened, where.
        message: String,
        /// Whether it was a time-out.
        timeout: bool,
    },
    /// The app said no.
    #[error("{message}")]
    Refused {
        /// HTTP status, 400 to 499 (but 401 and 429), or 501.
        status: u16,
        /// `scimType`, if the app gave one.
        scim_type: Option<String>,
        /// The app's own words; untrusted, may echo values. Empty when there are none.
        detail: String,
        /// What happened, where, with the app's words.
        message: String,
    },
    /// The app could not be reached, or failed on its side. Nothing is wrong with the object as far as we know.
    #[error("{message}")]
    Unavailable {
        /// HTTP status, if there was an answer: 429 or 5xx.
        status: Option<u16>,
        /// Whether it certainly had no effect.
        unsent: bool,
        /// Whether it was a time-out.
        timeout: bool,
        /// The app's own words; untrusted.
        detail: String,
        /// What happened, where.
        message: String,
    },
    /// The answer is not SCIM: a web page, broken JSON, no list.
    #[error("{message}")]
    NotScim {
        /// What came, from where.
        message: String,
    },
    /// The app created something but did not say under which id.
    #[error(
        "the app answered {status} to a create, but without a usable id; look for the resource before repeating it"
    )]
    NoId {
        /// HTTP status.
        status: u16,
        /// What came, if it was an object.
        body: Option<Box<Value>>,
    },
    /// The token was not accepted.
    #[error("{message}")]
    Unauthorized {
        /// What happened, where.
        message: String,
    },
    /// Stopped before it was sent.
    #[error("stopped before the request was sent")]
    Cancelled,
    /// The settings cannot work.
    #[error("{0}")]
    Settings(String),
}

impl ScimError {
    /// The HTTP status, if the app answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::NoId { status, .. } => Some(*status),
            Self::Unavailable { status, .. } => *status,
            Self::Unauthorized { .. } => Some(401),
            _ => None,
        }
    }

    /// The app's own words, for reasons and for recognising limits; untrusted.
    pub fn detail(&self) -> &str {
        match self {
            Self::Refused { detail, .. } | Self::Unavailable { detail, .. } => detail,
            _ => "",
        }
    }

    /// Error code for the provisioning log. Evidence in the app's words goes before the status, since several apps
    /// report limits and missing fields as 400 or 500.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { timeout: true, .. } => "Timeout",
            Self::Unknown { .. } => "WebExceptionProtocolError",
            Self::NotScim { .. } | Self::NoId { .. } => "SystemForCrossDomainIdentityManagementServiceIncompatible",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::Cancelled | Self::Settings(_) => "InternalError",
            Self::Unavailable { status: Some(429), .. } => "TooManyRequests",
            Self::Unavailable { status: Some(_), detail, .. } => {
                evidence(detail, None).unwrap_or("InternalServerError")
            }
            Self::Unavailable { timeout: true, .. } => "Timeout",
            Self::Unavailable { .. } => "WebExceptionProtocolError",
            Self::Refused { status, scim_type, detail, .. } => refusal(*status, scim_type.as_deref(), detail),
        }
    }

    /// Whether the same request can succeed later without anybody changing anything.
    pub fn transient(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Unavailable { .. } | Self::Cancelled)
            && self.code() != "LicenseLimitExceeded"
    }

    /// Whether every other request would fail the same way: stop the run instead of failing each object.
    pub fn systemic(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::Settings(_) | Self::Cancelled => true,
            Self::Unavailable { status, unsent, .. } => status.is_none() && *unsent,
            _ => false,
        }
    }
}

fn refusal(status: u16, scim_type: Option<&str>, detail: &str) -> &'static str {
    if status == 409 || scim_type.is_some_and(|t| t.eq_ignore_ascii_case("uniqueness")) {
        return evidence(detail, Some("LicenseLimitExceeded")).unwrap_or("Conflict");
    }
    if let Some(code) = evidence(detail, None) {
        return code;
    }
    match status {
        402 => "LicenseLimitExceeded",
        403 => "InsufficientRights",
        404 | 410 => "InvalidAnchor",
        405 => "MethodNotAllowed",
        408 => "Timeout",
        422 => "UnprocessableEntity",
        501 => "NotImplemented",
        400 => match scim_type {
            Some(t) if t.eq_ignore_ascii_case("invalidPath") => "SchemaAttributeNotFound",
            _ => "UnprocessableEntity",
        },
        _ => "WebExceptionProtocolError",
    }
}

/// A code that the app's own words prove; `only` restricts it to that one.
fn evidence(detail: &str, only: Option<&str>) -> Option<&'static str> {
    let text = detail.to_ascii_lowercase().replace('_', " ");
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    let limit = has(&[
        "limit",
        "exceed",
        "no free",
        "no more",
        "not enough",
        "no available",
        "maximum",
        "run out",
        "in use",
        "buy more",
    ]);
    let code = if limit && has(&["licen", "seat", "subscription", "membership limit", "user limit", "plan limit"]) {
        "LicenseLimitExceeded"
    } else if has(&["domain"])
        && has(&["not allowed", "not permitted", "invalid", "not verified", "unverified", "must be"])
    {
        "InvalidDomain"
    } else if has(&["required", "mandatory", "missing"])
        && has(&["attribute", "field", "property", "value is", "is required", "is mandatory", "is missing"])
        && !has(&["permission", "scope", "role required", "privilege", "authori"])
    {
        "MandatoryFieldsMissing"
    } else {
        return None;
    };
    only.is_none_or(|o| o == code).then_some(code)
}

/// Sorts what the wire said. `write`: the request could have changed something.
pub(super) fn sort(error: HttpError, write: bool, token: &Secret) -> ScimError {
    let message = token.redact(&error.to_string());
    match error {
        HttpError::Status(status) => answered(&status, &message, token),
        HttpError::Lost { why, .. } if write => ScimError::Unknown { message, timeout: why == Loss::Timeout },
        HttpError::Lost { why, .. } => ScimError::Unavailable {
            status: None,
            unsent: false,
            timeout: why == Loss::Timeout,
            detail: String::new(),
            message,
        },
        HttpError::Unsent { why, .. } => ScimError::Unavailable {
            status: None,
            unsent: true,
            timeout: why == Unreached::Timeout,
            detail: String::new(),
            message,
        },
        HttpError::Paused { .. } => {
            ScimError::Unavailable { status: Some(429), unsent: true, timeout: false, detail: String::new(), message }
        }
        HttpError::Cancelled { .. } => ScimError::Cancelled,
        HttpError::Html { .. } | HttpError::NotJson { .. } | HttpError::TooLarge { .. } | HttpError::TooDeep { .. } => {
            ScimError::NotScim { message }
        }
        HttpError::Moved { .. }
        | HttpError::OtherOrigin { .. }
        | HttpError::Insecure { .. }
        | HttpError::Settings(_) => ScimError::Settings(message),
    }
}

fn answered(error: &StatusError, message: &str, token: &Secret) -> ScimError {
    let (scim_type, detail) = words(error);
    // Redacted before it is cut: the cut could leave half a token.
    let detail = cut(&token.redact(&detail));
    let scim_type = scim_type.map(|t| cut(&token.redact(&t)));
    let message = match (error.status, detail.is_empty()) {
        (_, false) => format!("{message}: {detail}"),
        (401, _) => format!("{message}; the token is wrong, expired or revoked: set the secret again"),
        (403, _) => format!("{message}; check the rights of the account the token belongs to"),
        (404, _) => format!("{message}; the app does not know this resource or this URL"),
        _ => message.to_owned(),
    };
    let status = error.status;
    match status {
        401 => ScimError::Unauthorized { message },
        501 | 400..=428 | 430..=499 => ScimError::Refused { status, scim_type, detail, message },
        _ => ScimError::Unavailable { status: Some(status), unsent: status == 429, timeout: false, detail, message },
    }
}

/// `scimType` and the app's words, from a SCIM error, from whatever JSON else, or from plain text. Web pages say
/// nothing to an operator.
fn words(error: &StatusError) -> (Option<String>, String) {
    let text = String::from_utf8_lossy(&error.body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if let Ok(Value::Object(body)) = serde_json::from_str::<Value>(text) {
        let scim_type = body.get("scimType").and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let detail = ["detail", "message", "error_description", "error", "title", "Errors", "errors"]
            .into_iter()
            .filter_map(|name| body.get(name))
            .find_map(|value| match value {
                Value::String(s) if !s.trim().is_empty() => Some(s.clone()),
                Value::Array(_) | Value::Object(_) => Some(value.to_string()),
                _ => None,
            });
        return (scim_type, detail.unwrap_or_default());
    }
    if error.content_type.contains("html") || text.starts_with('<') {
        return (None, String::new());
    }
    (None, text.to_owned())
}

fn cut(text: &str) -> String {
    let end = (0..=DETAIL.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    text[..end].to_owned()
}
