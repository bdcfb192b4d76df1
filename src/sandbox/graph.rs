//! The part of Microsoft Graph v1.0 that provisioning uses.
//!
//! Paths are matched by hand: Graph has several spellings for one thing (`users/delta`, `users/delta()`,
//! `users/microsoft.graph.delta`), keys in parentheses, and casts as segments, which no pattern router expresses.

pub mod answer;
mod delta;
mod filter;
mod groups;
mod list;
mod principals;
pub mod query;
mod rules;
mod shape;
mod users;

use super::directory::Directory;
use answer::{Answer, GraphError};
use aws_lc_rs::hmac;
use axum::http::Method;
pub use delta::{Gone, gone};
use query::Query;
use serde_json::{Map, Value};

/// A request, taken apart.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path after `/v1.0`, as it was sent.
    pub path: String,
    /// Its segments, decoded, in the documented spelling.
    pub segments: Vec<String>,
    /// The query options.
    pub query: Query,
    /// The body.
    pub body: Vec<u8>,
}

/// What a handler works on.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The directory, locked.
    pub directory: &'a mut Directory,
    /// The origin of the sandbox, for absolute links.
    pub origin: &'a str,
    /// The key that signs tokens.
    pub key: &'a hmac::Key,
    /// Delta tokens from before this version have expired, in this way.
    pub expired_below: (u64, Gone),
}

/// The segments of a path: decoded, `x(key)` taken apart, function brackets and namespaces taken off.
pub fn segments(path: &str) -> Vec<String> {
    let mut out = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let text = decode(part);
        let text = text.strip_suffix("()").unwrap_or(&text);
        let text = text.strip_prefix("microsoft.graph.").or_else(|| text.strip_prefix("graph.")).unwrap_or(text);
        match text.split_once('(') {
            Some((name, key)) if key.ends_with(')') => {
                out.push(name.to_owned());
                let key = key.trim_end_matches(')');
                let quoted = key.strip_prefix('\'').and_then(|k| k.strip_suffix('\''));
                out.push(quoted.map_or_else(|| key.to_owned(), |k| k.replace("''", "'")));
            }
            _ => out.push(text.to_owned()),
        }
    }
    out
}

/// Percent-decoding of a path segment, in which a plus sign is a plus sign.
pub(crate) fn decode(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = (byte == b'%').then(|| part.get(at + 1..at + 3)).flatten();
        if let Some(value) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(value);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Call {
    /// The body as a JSON object.
    pub fn object(&self) -> Result<Map<String, Value>, GraphError> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Err(GraphError::new(
                axum::http::StatusCode::BAD_REQUEST,
                "BadRequest",
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )),
        }
    }

    /// The object id in `{"@odata.id": "…/directoryObjects/{id}"}`.
    pub fn reference(&self) -> Result<uuid::Uuid, GraphError> {
        let body = self.object()?;
        let text = body.get("@odata.id").and_then(Value::as_str).unwrap_or_default();
        let last = segments(text).pop().unwrap_or_default();
        uuid::Uuid::try_parse(&last)
            .map_err(|_| GraphError::bad("Invalid URL format specified in @odata.id for payload."))
    }
}

/// Answers a request whose token was checked.
pub fn handle(desk: &mut Desk<'_>, call: &Call) -> Answer {
    route(desk, call).unwrap_or_else(Answer::from)
}

fn route(desk: &mut Desk<'_>, call: &Call) -> Result<Answer, GraphError> {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["users", rest @ ..] => users::route(desk, call, rest),
        ["groups", rest @ ..] => groups::route(desk, call, rest),
        ["directory", "deletedItems", rest @ ..] => groups::deleted(desk, call, rest),
        ["directoryObjects", id] => groups::directory_object(desk, call, id),
        ["servicePrincipals", rest @ ..] => principals::route(desk, call, rest),
        ["organization", rest @ ..] => principals::organization(desk, call, rest),
        ["me", ..] => Err(GraphError::new(
            axum::http::StatusCode::BAD_REQUEST,
            "BadRequest",
            "/me request is only valid with delegated authentication flow.",
        )),
        [] => Err(GraphError::no_segment("")),
        [first, ..] => Err(GraphError::no_segment(first)),
    }
}

/// The resource units a request costs, as the throttling page counts them.
pub fn units(call: &Call) -> u64 {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let read = call.method == Method::GET;
    let base: i64 = match parts.as_slice() {
        ["users"] if read => 2,
        ["groups", _, "members", ..] if read => 3,
        ["groups", _, "transitiveMembers", ..] if read => 5,
        ["servicePrincipals", _, "appRoleAssignments" | "appRoleAssignedTo"] if read => 2,
        _ => 1,
    };
    let select = i64::from(call.query.get("select").is_some());
    let expand = i64::from(call.query.get("expand").is_some());
    let small = i64::from(call.query.get("top").and_then(|t| t.parse::<u32>().ok()).is_some_and(|top| top < 20));
    u64::try_from((base - select + expand - small).max(1)).unwrap_or(1)
}
