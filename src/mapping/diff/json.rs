//! Any two pieces of JSON.

use super::{Change, Part, pairs};
use serde_json::Value;

/// Every place that differs. An absent member and null are the same.
pub(super) fn diff(path: &str, before: Option<&Value>, after: Option<&Value>, push: &mut dyn FnMut(Change)) {
    let present = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
    match (before, after) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let new = other.keys().filter(|name| !one.contains_key(*name));
            for name in one.keys().chain(new) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                diff(&path, one.get(name), other.get(name), push);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) if keyed(one).is_some() && keyed(other).is_some() => {
            let (one, other) = (keyed(one).unwrap_or_default(), keyed(other).unwrap_or_default());
            for (before, after) in pairs(&one, &other, |(key, _)| (*key).to_owned()) {
                let key = before.or(after).map_or("", |(key, _)| key);
                let value = |entry: Option<&(&str, &Value)>| entry.and_then(|(_, entry)| entry.get("value")).cloned();
                diff(&format!("{path}[{key}]"), value(before).as_ref(), value(after).as_ref(), push);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                diff(&format!("{path}[{index}]"), one.get(index), other.get(index), push);
            }
        }
        (one, other) => {
            let (before, after) = (present(one), present(other));
            if before != after {
                let part = Part::Other { path: path.to_owned() };
                push(Change { mapping: None, part, before: before.map(words), after: after.map(words) });
            }
        }
    }
}

/// The entries of a list of `{key, value}`, whose order does not count; with any other member it is a list like others.
fn keyed(list: &[Value]) -> Option<Vec<(&str, &Value)>> {
    let entry = |entry: &'_ Value| entry.as_object().is_some_and(|e| e.len() == 2 && e.contains_key("value"));
    list.iter().map(|e| Some((e.get("key")?.as_str()?, e)).filter(|_| entry(e))).collect()
}

/// A text as it is, anything else as JSON.
pub(super) fn words(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
