//! Fault scripts for the sandbox, in the JSON that the README documents. The one place that knows their shape.

use serde_json::{Value, json};

/// No fault at all.
pub fn none() -> Value {
    script(&[])
}

/// A script of rules.
pub fn script(rules: &[Value]) -> Value {
    json!({"rules": rules})
}

/// Answers with a status, always.
pub fn status(service: &str, method: &str, path: &str, status: u16) -> Value {
    json!({"service": service, "method": method, "path": path, "status": status})
}

/// Answers the first request that names a delta token with 410 Gone.
pub fn gone(path: &str) -> Value {
    json!({"service": "graph", "method": "GET", "path": path, "status": 410, "at": [1]})
}

/// Answers the first request that names a delta token as a tenant that lost the sync state does.
pub fn sync_state_not_found(path: &str) -> Value {
    json!({"service": "graph", "method": "GET", "path": path, "status": 400, "code": "syncStateNotFound", "at": [1]})
}

/// The app refuses everybody with this display name.
pub fn poisoned(display_name: &str) -> Value {
    json!({"service": "scim", "poisoned": display_name, "status": 400})
}

/// The app waits this long after it has acted, before it answers.
pub fn latency(service: &str, method: &str, path: &str, milliseconds: u64) -> Value {
    json!({"service": service, "method": method, "path": path, "latency_ms": milliseconds})
}

/// The app acts, then drops the connection instead of answering.
pub fn lost_answer(service: &str, method: &str, path: &str, rate: f64) -> Value {
    json!({"service": service, "method": method, "path": path, "drop": true, "rate": rate})
}

/// Refuses the first requests with 429 and `Retry-After: 1`.
pub fn throttled(service: &str, method: &str, path: &str, times: u64) -> Value {
    let at: Vec<u64> = (1..=times).collect();
    json!({"service": service, "method": method, "path": path, "status": 429, "retry_after": 1, "at": at})
}
