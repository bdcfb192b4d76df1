//! A hash over what decides the outcome, so that a change of it starts an initial cycle (E5.20).

use super::attribute::ObjectDefinition;
use super::filter::{GroupOutline, ScopingFilter};
use super::reader::Place;
use super::schema::{AttributeMapping, MappingSource, ObjectMapping, Schema};
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
    let mut attributes: Vec<String> = mapping.attributes.iter().map(|a| attribute(a, source, target)).collect();
    // Graph sorts what it is given; the order decides nothing.
    attributes.sort();
    let flow = format!("{:?}", (mapping.enabled, mapping.add, mapping.update, mapping.delete));
    let scope = mapping.scope.as_ref().map_or_else(String::new, scope);
    hash(&format!("{flow}\n{scope}\n{}", attributes.join("\n")))
}

fn attribute(
    mapping: &AttributeMapping,
    source: Option<&ObjectDefinition>,
    target: Option<&ObjectDefinition>,
) -> String {
    let source_name = mapping.source.as_ref().map(|s| (s.kind, &s.name, &s.expression));
    let tree = mapping.source.as_ref().filter(|source| !has_text(source));
    let tree = tree.and_then(|source| source.tree.get("parameters")).map(canonical);
    let source_type = source
        .zip(mapping.source.as_ref().and_then(|s| s.name.as_deref()))
        .and_then(|(object, name)| object.attribute(name))
        .map(|a| a.kind);
    let definition = target.and_then(|object| object.attribute(&mapping.target));
    format!(
        "{:?}",
        (
            &mapping.target,
            source_name,
            tree,
            &mapping.default_value,
            mapping.flow_type,
            mapping.flow_behavior,
            mapping.matching_priority,
            source_type,
            definition.map(|d| (d.kind, d.required, d.case_exact, d.multivalued, &d.default_value)),
        )
    )
}

/// Whether the text of a source says what it does; else its tree does.
pub(super) fn has_text(source: &MappingSource) -> bool {
    source.expression.as_deref().is_some_and(|text| !text.trim().is_empty())
}

/// What a filter asks, without titles, spelling and order; one that cannot be read as it stands.
fn scope(filter: &serde_json::Value) -> String {
    let Ok(read) = ScopingFilter::read(&Place { value: filter, path: String::new() }) else { return canonical(filter) };
    let words = |group: GroupOutline| {
        let mut clauses = group.clauses;
        clauses.sort();
        clauses
    };
    let sets = read.outline().map(|groups| {
        let mut groups: Vec<Vec<String>> = groups.into_iter().map(words).collect();
        groups.sort();
        groups
    });
    if sets.iter().all(Vec::is_empty) { String::new() } else { format!("{sets:?}") }
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
