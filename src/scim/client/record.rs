//! What was said on the wire, word by word, for a person who wants to see it: without the credential.

use crate::http::{HttpError, Request, Response};
use crate::model::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// Exchanges that are kept; a single object needs a handful.
const MOST: usize = 200;
/// Bytes of an answer's body that are kept.
const BODY: usize = 64 * 1024;
/// Stands for what must not be shown.
const HIDDEN: &str = "[secret]";

/// One request and its answer. Headers are never kept; passwords and the token are blanked out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: String,
    /// Path and query, readable: not percent-encoded. Untrusted.
    pub path: String,
    /// What was sent.
    pub body: Option<Value>,
    /// HTTP status, if an answer came.
    pub status: Option<u16>,
    /// What was answered: JSON, or text if it was none. Untrusted.
    pub response: Option<Value>,
    /// Why no usable answer came, in words.
    pub error: Option<String>,
    /// Milliseconds, waiting for a turn included.
    pub ms: u64,
}

impl Exchange {
    /// What would be sent.
    pub fn planned(method: &str, path: String, body: Option<Value>) -> Self {
        let body = body.map(|b| without_passwords(b, &|text| text.to_owned()));
        Self { method: method.to_owned(), path, body, status: None, response: None, error: None, ms: 0 }
    }

    /// Whether it only asked.
    pub fn is_read(&self) -> bool {
        self.method == "GET"
    }

    /// Method and path.
    pub fn words(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Keeps what is said, while somebody wants to know.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Arc<Mutex<Option<Vec<Exchange>>>>);

impl Recorder {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<Exchange>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        *self.lock() = Some(Vec::new());
    }

    pub(super) fn end(&self) -> Vec<Exchange> {
        self.lock().take().unwrap_or_default()
    }

    pub(super) fn note(&self, request: &Request, result: &Result<Response, HttpError>, ms: u64, token: &Secret) {
        let mut kept = self.lock();
        let Some(kept) = kept.as_mut().filter(|kept| kept.len() < MOST) else { return };
        let redact = |text: &str| token.redact(text);
        let json = |bytes: &[u8]| -> Option<Value> {
            if bytes.is_empty() {
                return None;
            }
            let value = (bytes.len() <= BODY).then(|| serde_json::from_slice(bytes).ok()).flatten();
            let value = value.unwrap_or_else(|| {
                let cut = bytes.len() > BODY;
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(BODY)]).into_owned();
                Value::from(if cut { format!("{text}… ({} bytes)", bytes.len()) } else { text })
            });
            Some(without_passwords(value, &redact))
        };
        let (status, response, error) = match result {
            Ok(answer) => (Some(answer.status), json(&answer.body), None),
            Err(HttpError::Status(e)) => (Some(e.status), json(&e.body), None),
            Err(error) => (None, None, Some(redact(&error.to_string()))),
        };
        kept.push(Exchange {
            method: request.method.to_string(),
            path: redact(&readable(&request.url)),
            body: request.body.as_deref().and_then(json),
            status,
            response,
            error,
            ms,
        });
    }
}

/// Path and query of a URL for people.
fn readable(url: &url::Url) -> String {
    let mut path = url.path().to_owned();
    for (n, (name, value)) in url.query_pairs().enumerate() {
        path.push_str(if n == 0 { "?" } else { "&" });
        path.push_str(&name);
        path.push('=');
        path.push_str(&value);
    }
    path
}

/// The same value, passwords hidden and every text redacted.
fn without_passwords(value: Value, redact: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::from(redact(&text)),
        Value::Array(items) => items.into_iter().map(|item| without_passwords(item, redact)).collect(),
        Value::Object(object) => {
            // A PATCH names the attribute beside the value.
            let path = object.iter().any(|(k, v)| k.eq_ignore_ascii_case("path") && v.as_str().is_some_and(secret));
            let hides = |key: &str| secret(key) || path && key.eq_ignore_ascii_case("value");
            let hidden = |(key, value): (String, Value)| {
                let value = if hides(&key) { Value::from(HIDDEN) } else { without_passwords(value, redact) };
                (redact(&key), value)
            };
            Value::Object(object.into_iter().map(hidden).collect())
        }
        other => other,
    }
}

fn secret(name: &str) -> bool {
    name.rsplit(['.', ':']).next().is_some_and(|last| last.eq_ignore_ascii_case("password"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn passwords_and_tokens_are_blanked_wherever_they_stand() {
        let token = Secret::new("hunter22".into());
        let value = json!({
            "password": "p1",
            "nested": [{ "Password": { "value": "p2" } }],
            "Operations": [
                { "op": "replace", "path": "urn:x:User:password", "value": "p3" },
                { "op": "replace", "path": "title", "value": "echo hunter22" },
            ],
        });
        let shown = without_passwords(value, &|text| token.redact(text)).to_string();
        for secret in ["p1", "p2", "p3", "hunter22"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("echo [secret]") && shown.contains("title"), "{shown}");
        let planned = Exchange::planned("POST", "/Users".into(), Some(json!({ "password": "p4" })));
        assert_eq!(planned.body, Some(json!({ "password": HIDDEN })));
    }

    #[test]
    fn a_filter_is_readable() {
        let url = url::Url::parse("https://app.example/scim/Users?filter=userName%20eq%20%22ada%22&count=1").unwrap();
        assert_eq!(readable(&url), "/scim/Users?filter=userName eq \"ada\"&count=1");
    }

    #[test]
    fn nothing_is_kept_unless_asked_for() {
        let recorder = Recorder::default();
        let url = url::Url::parse("https://app.example/Users").unwrap();
        let request = Request::new(crate::http::Method::GET, url, "Users");
        let lost = || Err(HttpError::Cancelled { place: request.place() });
        let token = Secret::new("hunter22".into());
        recorder.note(&request, &lost(), 1, &token);
        recorder.begin();
        recorder.note(&request, &lost(), 1, &token);
        let kept = recorder.end();
        assert_eq!(kept.len(), 1);
        assert!(kept[0].is_read() && kept[0].error.is_some());
        recorder.note(&request, &lost(), 1, &token);
        assert!(recorder.end().is_empty());
    }
}
