//! `heeler scope`

use super::{Outcome, lines};
use crate::mapping::ScopingFilter;
use serde_json::{Map, Value, json};

/// Reads one JSON object per line, `{"filter", "attributes"}`, and answers each with one line:
/// `{"in_scope", "clauses": [{"group", "attribute", "operator", "value", "actual", "holds"}]}`. The group is counted
/// from 0, every clause is evaluated, and `actual` is the attribute as it was given, or null.
pub(super) fn run() -> Outcome {
    lines::answer("scope", verdict)
}

fn verdict(question: &Map<String, Value>) -> Result<Value, String> {
    let attributes = lines::attributes(question)?;
    let filter = question.get("filter").ok_or("`filter` is missing")?;
    let filter = if filter.is_null() { &json!({}) } else { filter };
    let filter = ScopingFilter::from_json(filter)
        .map_err(|error| error.issues().iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let verdict = filter.evaluate_with(&|name| attributes.get(name).cloned().unwrap_or(Value::Null));
    serde_json::to_value(verdict).map_err(|error| error.to_string())
}
