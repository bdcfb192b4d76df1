//! Fault scripts for the sandbox, in the JSON that the README documents. The one place that knows their shape.

use serde_json::{Value, json};

/// No fault at all.
pub fn none() -> Value {
    json!({})
}

/// A script of rules.
pub fn rules(rules: &[Value]) -> Value {
    json!({"rules": rules})
}

/// Every request of a kind is answered with a status, and nothing is done.
pub fn status(service: &str, method: &str, path: &str, status: u16) -> Value {
    json!({"service": service, "method": method, "path": path, "status": status})
}

/// The first request of a kind with a delta link finds it expired: `resync` (410 Gone) or `sync_state`
/// (`syncStateNotFound`).
pub fn expired(path: &str, how: &str) -> Value {
    json!({"service": "graph", "method": "GET", "path": path, "count": 1, "gone": how})
}

/// Every request of a kind waits this long before anything is done.
pub fn latency(service: &str, method: &str, path: &str, milliseconds: u64) -> Value {
    json!({"service": service, "method": method, "path": path, "latency_ms": milliseconds})
}

/// This share of the requests of a kind is carried out, but the connection closes instead of an answer.
pub fn lost_answers(service: &str, method: &str, path: &str, share: f64) -> Value {
    json!({"service": service, "method": method, "path": path, "drop": "after", "rate": share})
}

/// The first requests of a kind are refused with 429 and `Retry-After: 1`.
pub fn throttled(service: &str, method: &str, path: &str, times: u64) -> Value {
    json!({"service": service, "method": method, "path": path, "count": times, "status": 429, "retry_after": 1})
}

/// Every write of the accounts with these user names or external ids fails in the app.
pub fn poisoned(names: &[&str]) -> Value {
    json!({"app": {"poisoned": names}})
}

/// The app has this many seats.
pub fn licence_limit(seats: usize) -> Value {
    json!({"app": {"licence_limit": seats}})
}

/// Reads of the app are this old.
pub fn stale_reads(milliseconds: u64) -> Value {
    json!({"app": {"stale_reads_ms": milliseconds}})
}
