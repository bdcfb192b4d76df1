//! SCIM errors: building them (server) and reading whatever an app sends in their place (client).

use serde_json::{Map, Value, json};
use std::fmt;

/// URN of the error message (RFC 7644 section 3.12).
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The `scimType` keywords of RFC 7644, table 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter cannot be read, or compares what cannot be compared.
    InvalidFilter,
    /// The answer would be larger than the service is willing to give.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// The attribute cannot be changed that way.
    Mutability,
    /// The request body is not what the operation needs.
    InvalidSyntax,
    /// The path cannot be read, or names no known attribute.
    InvalidPath,
    /// The path fits, but nothing is there to operate on.
    NoTarget,
    /// A value is missing, of the wrong type, or refused.
    InvalidValue,
    /// The protocol version is unknown.
    InvalidVers,
    /// The request carries something too sensitive for a URI.
    Sensitive,
}

impl ScimType {
    /// The keyword as it goes over the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
        }
    }
}

impl fmt::Display for ScimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal, as a server makes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// HTTP status.
    pub status: u16,
    /// Keyword, where table 9 has one.
    pub scim_type: Option<ScimType>,
    /// What happened, for people.
    pub detail: String,
}

impl ScimError {
    /// A refusal without keyword.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// A refusal with a keyword; its status is 409 for uniqueness, else 400 (RFC 7644, table 9).
    pub fn of(scim_type: ScimType, detail: impl Into<String>) -> Self {
        let status = match scim_type {
            ScimType::Uniqueness => 409,
            ScimType::Sensitive => 403,
            _ => 400,
        };
        Self { status, scim_type: Some(scim_type), detail: detail.into() }
    }

    /// The message body (RFC 7644 section 3.12); `status` is a string there.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("schemas".into(), json!([ERROR_URN]));
        if let Some(keyword) = self.scim_type {
            body.insert("scimType".into(), keyword.as_str().into());
        }
        body.insert("detail".into(), self.detail.as_str().into());
        body.insert("status".into(), self.status.to_string().into());
        Value::Object(body)
    }
}

/// What could be read out of an error answer. Everything is optional: apps send `status` as string, number or not at
/// all, FastAPI's `{"detail": …}`, HTML pages, plain text and nothing. The texts are untrusted and may echo secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScimErrorBody {
    /// Status that the body claims; the HTTP status is the one that counts.
    pub status: Option<u16>,
    /// Keyword that the body claims, as sent; often missing or wrong.
    pub scim_type: Option<String>,
    /// The best description found, one paragraph, at most [`ScimErrorBody::MAX_DETAIL`] characters.
    pub detail: Option<String>,
}

impl ScimErrorBody {
    /// Longest detail kept, in characters.
    pub const MAX_DETAIL: usize = 500;

    /// Reads an error body of any kind. Never fails: what cannot be understood is absent.
    pub fn parse(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(map)) => Self::from_object(&map),
            Ok(Value::Array(list)) => match list.into_iter().next() {
                Some(Value::Object(map)) => Self::from_object(&map),
                Some(other) => Self { detail: words(&other), ..Self::default() },
                None => Self::default(),
            },
            Ok(other) => Self { detail: words(&other), ..Self::default() },
            Err(_) => Self { detail: clip(&plain_text(&String::from_utf8_lossy(body))), ..Self::default() },
        }
    }

    /// The keyword, if it is one of table 9 (letter case ignored).
    pub fn known_type(&self) -> Option<ScimType> {
        let text = self.scim_type.as_deref()?;
        [
            ScimType::InvalidFilter,
            ScimType::TooMany,
            ScimType::Uniqueness,
            ScimType::Mutability,
            ScimType::InvalidSyntax,
            ScimType::InvalidPath,
            ScimType::NoTarget,
            ScimType::InvalidValue,
            ScimType::InvalidVers,
            ScimType::Sensitive,
        ]
        .into_iter()
        .find(|t| t.as_str().eq_ignore_ascii_case(text))
    }

    fn from_object(map: &Map<String, Value>) -> Self {
        // SCIM 1.1 and several frameworks wrap the description in one more object or list.
        let nested = find(map, "errors").or_else(|| find(map, "error"));
        let inner = match nested {
            Some(Value::Array(list)) => list.first(),
            other => other,
        };
        let mut parsed = Self {
            status: find(map, "status").or_else(|| find(map, "code")).and_then(status_of),
            scim_type: find(map, "scimType").and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned),
            detail: ["detail", "message", "error_description", "description", "title"]
                .iter()
                .find_map(|key| find(map, key).and_then(words)),
        };
        match inner {
            Some(Value::Object(inner)) => {
                let inner = Self::from_object(inner);
                parsed.status = parsed.status.or(inner.status);
                parsed.scim_type = parsed.scim_type.or(inner.scim_type);
                parsed.detail = parsed.detail.or(inner.detail);
            }
            Some(other) if parsed.detail.is_none() => parsed.detail = words(other),
            _ => {}
        }
        parsed
    }
}

fn find<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).or_else(|| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v))
}

fn status_of(value: &Value) -> Option<u16> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => u16::try_from(other.as_u64()?).ok()?,
    };
    (100..600).contains(&number).then_some(number)
}

/// A value in words: text as it is, FastAPI's list of `{"loc", "msg"}` joined, anything else as JSON.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => clip(text),
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().filter_map(words).collect();
            clip(&parts.join("; "))
        }
        Value::Object(map) => match (find(map, "msg").or_else(|| find(map, "message")), find(map, "loc")) {
            (Some(Value::String(message)), Some(Value::Array(place))) => {
                let place: Vec<String> =
                    place.iter().map(|p| p.as_str().map_or_else(|| p.to_string(), str::to_owned)).collect();
                clip(&format!("{}: {message}", place.join(".")))
            }
            (Some(Value::String(message)), _) => clip(message),
            _ => clip(&value.to_string()),
        },
        other => clip(&other.to_string()),
    }
}

fn clip(text: &str) -> Option<String> {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.is_empty() {
        return None;
    }
    let mut clipped: String = joined.chars().take(ScimErrorBody::MAX_DETAIL).collect();
    if clipped.len() < joined.len() {
        clipped.push('…');
    }
    Some(clipped)
}

/// Text of an HTML page without its markup; other text unchanged.
fn plain_text(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        out.push(' ');
        let tag = &rest[open..];
        // What scripts and styles hold is not text for people.
        let hidden = ["script", "style"]
            .iter()
            .find(|name| tag.get(1..=name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        let end = match hidden {
            Some(name) => {
                let close = format!("</{name}");
                tag.to_ascii_lowercase().find(&close).and_then(|at| tag[at..].find('>').map(|end| at + end))
            }
            None => tag.find('>'),
        };
        match end {
            Some(end) => rest = &tag[end + 1..],
            None => return out,
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> (Option<u16>, Option<String>, Option<String>) {
        let error = ScimErrorBody::parse(body.as_bytes());
        (error.status, error.scim_type, error.detail)
    }

    #[test]
    fn reads_every_kind_of_body() {
        let ours = ScimError::of(ScimType::Uniqueness, "taken").body().to_string();
        assert_eq!(parsed(&ours), (Some(409), Some("uniqueness".into()), Some("taken".into())));
        assert_eq!(parsed(r#"{"status":400,"detail":"x"}"#), (Some(400), None, Some("x".into())));
        assert_eq!(parsed(r#"{"status":"abc"}"#), (None, None, None));
        assert_eq!(parsed(r#"{"status":99999}"#), (None, None, None));
        assert_eq!(parsed(""), (None, None, None));
        assert_eq!(parsed("null"), (None, None, None));
        assert_eq!(parsed("no such user"), (None, None, Some("no such user".into())));
        assert_eq!(
            parsed(r#"{"detail":[{"loc":["body","emails",0],"msg":"field required","type":"missing"}]}"#),
            (None, None, Some("body.emails.0: field required".into()))
        );
        assert_eq!(
            parsed(r#"{"Errors":[{"description":"gone","code":"404"}]}"#),
            (Some(404), None, Some("gone".into()))
        );
        assert_eq!(
            parsed("<html><head><style>p{}</style></head><body><h1>Bad gateway</h1></body>"),
            (None, None, Some("Bad gateway".into()))
        );
        assert_eq!(parsed("<script>never closed"), (None, None, None));
    }

    #[test]
    fn long_text_is_clipped() {
        let detail = ScimErrorBody::parse("é".repeat(2000).as_bytes()).detail.unwrap();
        assert_eq!(detail.chars().count(), ScimErrorBody::MAX_DETAIL + 1);
    }

    #[test]
    fn keywords_are_known_in_any_case() {
        let error = ScimErrorBody { scim_type: Some("NOTARGET".into()), ..ScimErrorBody::default() };
        assert_eq!(error.known_type(), Some(ScimType::NoTarget));
    }
}
