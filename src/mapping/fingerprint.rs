//! A hash over what decides the outcome, so that a change of it starts an initial cycle (E5.20).

use super::attribute::ObjectDefinition;
use super::schema::{ObjectMapping, Schema};
use crate::model::ObjectType;
use aws_lc_rs::digest::{SHA256, digest};
use std::fmt::Write as _;

impl Schema {
    /// Changes with whatever changes the outcome for some object: rules, filters, attribute types. The same for
    /// another order of members, another version text, or another name.
    pub fn fingerprint(&self) -> String {
        let part = |object_type| match self.mapping(object_type) {
            None => "none".to_owned(),
            Some((rule, mapping)) => of_mapping(
                mapping,
                self.object(&rule.source_directory, &mapping.source_object),
                self.object(&rule.target_directory, &mapping.target_object),
            ),
        };
        hash(&format!("{} {}", part(ObjectType::User), part(ObjectType::Group)))
    }
}

pub(super) fn of_mapping(
    mapping: &ObjectMapping,
    source: Option<&ObjectDefinition>,
    target: Option<&ObjectDefinition>,
) -> String {
    let mut parts = Vec::new();
    parts.push(format!("{:?}", (mapping.enabled, mapping.add, mapping.update, mapping.delete)));
    parts.push(mapping.scope.as_ref().map_or_else(String::new, canonical));
    for attribute in &mapping.attributes {
        let source_name = attribute.source.as_ref().map(|s| (s.kind, &s.name, &s.expression));
        let tree = attribute.source.as_ref().filter(|s| s.expression.as_deref().unwrap_or("").trim().is_empty());
        parts.extend(tree.and_then(|s| s.tree.get("parameters")).map(canonical));
        let source_type = source
            .zip(attribute.source.as_ref().and_then(|s| s.name.as_deref()))
            .and_then(|(object, name)| object.attribute(name))
            .map(|a| a.kind);
        let definition = target.and_then(|object| object.attribute(&attribute.target));
        parts.push(format!(
            "{:?}",
            (
                &attribute.target,
                source_name,
                &attribute.default_value,
                attribute.flow_type,
                attribute.flow_behavior,
                attribute.matching_priority,
                source_type,
                definition.map(|d| (d.kind, d.required, d.case_exact, d.multivalued, &d.default_value)),
            )
        ));
    }
    hash(&parts.join("\n"))
}

/// JSON with its members sorted by name.
fn canonical(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let mut pairs: Vec<String> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
        plain => plain.to_string(),
    }
}

fn hash(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
