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
