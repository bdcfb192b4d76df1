//! PATCH (RFC 7644 section 3.5.2): building requests (client), reading and applying them (server).

mod apply;

use super::error::{ScimError, ScimType};
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use apply::{apply, apply_operation};

/// URN of the PATCH message.
pub const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Adds values, or replaces a single one.
    Add,
    /// Replaces values.
    Replace,
    /// Removes values.
    Remove,
}

/// One operation. Lower case on the wire: some servers answer 200 to `Add` and do nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatchOp {
    /// What it does.
    pub op: Op,
    /// Where; the whole resource if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl PatchOp {
    /// Adds a value at a path.
    pub fn add(path: impl Into<String>, value: Value) -> Self {
        Self { op: Op::Add, path: Some(path.into()), value: Some(value) }
    }

    /// Replaces the value at a path.
    pub fn replace(path: impl Into<String>, value: Value) -> Self {
        Self { op: Op::Replace, path: Some(path.into()), value: Some(value) }
    }

    /// Removes what is at a path.
    pub fn remove(path: impl Into<String>) -> Self {
        Self { op: Op::Remove, path: Some(path.into()), value: None }
    }
}

/// A PATCH request body. It serializes with its `schemas`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatchRequest {
    /// The operations, applied in order, all or none.
    pub operations: Vec<PatchOp>,
}

impl Serialize for PatchRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            schemas: [&'static str; 1],
            #[serde(rename = "Operations")]
            operations: &'a [PatchOp],
        }
        Wire { schemas: [PATCH_URN], operations: &self.operations }.serialize(serializer)
    }
}

impl PatchRequest {
    /// The request body.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads a request body; `op` and the member names in any letter case (E9.7).
    ///
    /// # Errors
    /// `invalidSyntax` for a body that is no PATCH message, `noTarget` for a removal without path, `invalidValue` for
    /// an addition or replacement without value.
    pub fn parse(body: Value) -> Result<Self, ScimError> {
        let syntax = |detail: String| ScimError::of(ScimType::InvalidSyntax, detail);
        let Value::Object(body) = body else { return Err(syntax("The request body must be a JSON object.".into())) };
        let mut listed = false;
        let mut operations = None;
        for (key, value) in body {
            if key.eq_ignore_ascii_case("schemas") {
                let urns = value.as_array().map(Vec::as_slice).unwrap_or_default();
                listed = urns.iter().any(|urn| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_URN)));
            } else if key.eq_ignore_ascii_case("Operations") {
                operations = Some(value);
            }
        }
        if !listed {
            return Err(syntax(format!("`schemas` must be a list that contains {PATCH_URN}.")));
        }
        let Some(Value::Array(list)) = operations else { return Err(syntax("`Operations` must be a list.".into())) };
        if list.is_empty() {
            return Err(syntax("`Operations` must hold at least one operation.".into()));
        }
        Ok(Self { operations: list.into_iter().map(parse_operation).collect::<Result<_, _>>()? })
    }
}

fn parse_operation(operation: Value) -> Result<PatchOp, ScimError> {
    let syntax = |detail: &str| Err(ScimError::of(ScimType::InvalidSyntax, detail));
    let Value::Object(map) = operation else { return syntax("An operation must be an object.") };
    let (mut op, mut path, mut value) = (None, None, None);
    for (key, field) in map {
        match key.to_ascii_lowercase().as_str() {
            "op" => op = field.as_str().map(str::to_ascii_lowercase),
            "path" => match field {
                Value::Null => {}
                Value::String(text) => path = Some(text),
                _ => return syntax("`path` must be a string."),
            },
            "value" => value = Some(field),
            _ => {}
        }
    }
    let op = match op.as_deref() {
        Some("add") => Op::Add,
        Some("replace") => Op::Replace,
        Some("remove") => Op::Remove,
        _ => return syntax("`op` must be add, replace or remove."),
    };
    match (op, &path, &value) {
        (Op::Remove, None, _) => Err(ScimError::of(ScimType::NoTarget, "A removal needs a path.")),
        (Op::Add | Op::Replace, _, None) => {
            Err(ScimError::of(ScimType::InvalidValue, "An addition or replacement needs a value."))
        }
        _ => Ok(PatchOp { op, path, value }),
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value)]
#[path = "patch/tests.rs"]
mod tests;
