//! What differs between two schemas, in pieces that can be printed as `- before` and `+ after`.
//!
//! Meaning is compared, not spelling: the order of attributes, groups and clauses, blanks between flags, and the tree
//! of a source that has a text make no difference. Whatever else differs is named by its JSON path.

mod definitions;
mod json;
mod scope;

use super::compile::Flow;
use super::fingerprint::has_text;
use super::schema::{AttributeMapping, FlowBehavior, FlowType, MappingSource, ObjectMapping, Schema};
use crate::expression::{Expression, Profile};
use serde_json::{Map, Value};

/// One difference. The texts may quote the schemas: they are untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Name of the object mapping it is about; `None` for what belongs to no mapping.
    pub mapping: Option<String>,
    /// Which part.
    pub part: Part,
    /// What it was; `None` if it was not there.
    pub before: Option<String>,
    /// What it is now; `None` if it is gone.
    pub after: Option<String>,
}

/// The part of a schema that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The object mapping as a whole.
    Mapping,
    /// Whether it runs.
    Enabled,
    /// Which changes it makes.
    Flow,
    /// An attribute mapping.
    Attribute {
        /// Attribute of the app.
        target: String,
        /// What about it.
        aspect: Aspect,
    },
    /// A clause of the scoping filter.
    Clause {
        /// The group it is in: its title, else its number.
        group: String,
    },
    /// The title of a group of the scoping filter.
    GroupTitle,
    /// What is known of an attribute of one of the two systems.
    Definition {
        /// The system.
        directory: String,
        /// The object type.
        object: String,
        /// The attribute.
        attribute: String,
        /// The member that differs; `None` if the attribute is new or gone.
        member: Option<String>,
    },
    /// Anything else.
    Other {
        /// JSON path.
        path: String,
    },
}

/// What differs about an attribute mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// It is new or gone.
    Whole,
    /// Where the value comes from.
    Source,
    /// The value on create when there is none.
    Default,
    /// When it applies.
    FlowType,
    /// Whether an unchanged value is sent again.
    FlowBehavior,
    /// Its order among matching attributes.
    MatchingPriority,
}

impl Aspect {
    /// A word or two for people; empty for the whole.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Source => "source",
            Self::Default => "default",
            Self::FlowType => "applies",
            Self::FlowBehavior => "flow behavior",
            Self::MatchingPriority => "matching priority",
        }
    }
}

impl Change {
    /// What differs, in words: `title: source`, `scope, group 1`, `synchronizationRules[0].priority`.
    pub fn what(&self) -> String {
        match &self.part {
            Part::Mapping => "mapping".to_owned(),
            Part::Enabled => "state".to_owned(),
            Part::Flow => "actions".to_owned(),
            Part::Attribute { target, aspect: Aspect::Whole } => target.clone(),
            Part::Attribute { target, aspect } => format!("{target}: {}", aspect.as_str()),
            Part::Clause { group } => format!("scope, {group}"),
            Part::GroupTitle => "scope, title".to_owned(),
            Part::Definition { directory, object, attribute, member } => {
                let member = member.as_ref().map(|member| format!(": {member}")).unwrap_or_default();
                format!("{directory} {object}, attribute {attribute}{member}")
            }
            Part::Other { path } => path.clone(),
        }
    }
}

impl Schema {
    /// What the other schema has otherwise: by object mapping, then what is known of the two systems, then the rest.
    /// Empty means that both do the same.
    pub fn diff(&self, other: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mappings = |schema: &Self| -> Vec<ObjectMapping> {
            schema.rules().iter().flat_map(|rule| rule.mappings.iter().cloned()).collect()
        };
        let (before, after) = (mappings(self), mappings(other));
        for pair in pairs(&before, &after, |m| m.source_object.to_ascii_lowercase()) {
            let mut diff = MappingDiff { schemas: (self, other), name: String::new(), changes: &mut changes };
            match pair {
                (Some(before), Some(after)) => diff.both(before, after),
                (Some(gone), None) => diff.one(gone, false),
                (None, Some(new)) => diff.one(new, true),
                (None, None) => {}
            }
        }
        definitions::diff(self, other, &mut changes);
        rest(self, other, &mut changes);
        changes
    }
}

/// What is neither mapping nor definition.
fn rest(before: &Schema, after: &Schema, changes: &mut Vec<Change>) {
    let without = |value: &Value, names: &[&str]| -> Value {
        let members = value.as_object().into_iter().flatten();
        Value::Object(
            members.filter(|(k, _)| !names.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect(),
        )
    };
    let top = |schema: &Schema| without(schema.as_value(), &["synchronizationRules", "directories"]);
    json::diff("", Some(&top(before)), Some(&top(after)), &mut |change| changes.push(change));
    let rules = |schema: &Schema| -> Vec<(String, Value)> {
        let list = schema.as_value().get("synchronizationRules").and_then(Value::as_array);
        let name = |rule: &Value| rule.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        list.into_iter().flatten().map(|rule| (name(rule), without(rule, &["objectMappings"]))).collect()
    };
    let (before, after) = (rules(before), rules(after));
    for (one, other) in pairs(&before, &after, |(name, _)| name.clone()) {
        let name = one.or(other).map(|(name, _)| name.as_str()).unwrap_or_default();
        let path = format!("synchronizationRules[{name}]");
        json::diff(&path, one.map(|(_, v)| v), other.map(|(_, v)| v), &mut |change| changes.push(change));
    }
}

/// What belongs together: the first of one key with the first of the same key, and so on. In the order of `before`,
/// then what is new.
fn pairs<'a, T>(before: &'a [T], after: &'a [T], key: impl Fn(&T) -> String) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut left: Vec<(String, &T)> = after.iter().map(|item| (key(item), item)).collect();
    let mut found = Vec::with_capacity(before.len());
    for item in before {
        let wanted = key(item);
        let at = left.iter().position(|(key, _)| *key == wanted);
        found.push((Some(item), at.map(|at| left.remove(at).1)));
    }
    found.extend(left.into_iter().map(|(_, item)| (None, Some(item))));
    found
}

struct MappingDiff<'a> {
    schemas: (&'a Schema, &'a Schema),
    name: String,
    changes: &'a mut Vec<Change>,
}

fn name_of(mapping: &ObjectMapping) -> &str {
    if mapping.name.is_empty() { &mapping.source_object } else { &mapping.name }
}

impl MappingDiff<'_> {
    fn push(&mut self, part: Part, before: Option<String>, after: Option<String>) {
        self.changes.push(Change { mapping: Some(self.name.clone()), part, before, after });
    }

    fn compare(&mut self, part: Part, before: Option<String>, after: Option<String>) {
        if before != after {
            self.push(part, before, after);
        }
    }

    /// What stands at a path of each schema, without some members.
    fn json(&mut self, paths: (&str, &str), handled: &[&str]) {
        let of = |schema: &Schema, path: &str| -> Map<String, Value> {
            let members = schema.at(path).and_then(Value::as_object).into_iter().flatten();
            members.filter(|(name, _)| !handled.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
        };
        let (before, after) = (of(self.schemas.0, paths.0), of(self.schemas.1, paths.1));
        let name = self.name.clone();
        json::diff(paths.1, Some(&before.into()), Some(&after.into()), &mut |change| {
            self.changes.push(Change { mapping: Some(name.clone()), ..change });
        });
    }

    fn one(&mut self, mapping: &ObjectMapping, is_new: bool) {
        name_of(mapping).clone_into(&mut self.name);
        let words = format!("{} → {}", mapping.source_object, mapping.target_object);
        let (before, after) = if is_new { (None, Some(words)) } else { (Some(words), None) };
        self.push(Part::Mapping, before, after);
    }

    fn both(&mut self, before: &ObjectMapping, after: &ObjectMapping) {
        name_of(after).clone_into(&mut self.name);
        let on = |enabled: bool| Some(if enabled { "on" } else { "off" }.to_owned());
        self.compare(Part::Enabled, on(before.enabled), on(after.enabled));
        self.compare(Part::Flow, Some(flow_words(before)), Some(flow_words(after)));
        let targets = |m: &AttributeMapping| m.target.to_ascii_lowercase();
        for pair in pairs(&before.attributes, &after.attributes, targets) {
            match pair {
                (Some(before), Some(after)) => self.attribute(before, after),
                (before, after) => {
                    let target = before.or(after).map(|m| m.target.clone()).unwrap_or_default();
                    let part = Part::Attribute { target, aspect: Aspect::Whole };
                    self.push(part, before.map(mapping_words), after.map(mapping_words));
                }
            }
        }
        self.scope(before, after);
        let handled = ["enabled", "flowTypes", "attributeMappings", "scope"];
        self.json((&before.path, &after.path), &handled);
    }

    fn attribute(&mut self, before: &AttributeMapping, after: &AttributeMapping) {
        let part = |aspect| Part::Attribute { target: after.target.clone(), aspect };
        let quoted = |m: &AttributeMapping| m.default_value.as_ref().map(|text| format!("\"{text}\""));
        let priority = |m: &AttributeMapping| (m.matching_priority > 0).then(|| m.matching_priority.to_string());
        let behavior = |m: &AttributeMapping| Some(m.flow_behavior.as_str().to_owned());
        let flow_type = |m: &AttributeMapping| Some(m.flow_type.as_str().to_owned());
        let source = |m: &AttributeMapping| m.source.as_ref().map(source_words);
        let same_source = source(before) == source(after);
        self.compare(part(Aspect::Source), source(before), source(after));
        self.compare(part(Aspect::Default), quoted(before), quoted(after));
        self.compare(part(Aspect::FlowType), flow_type(before), flow_type(after));
        self.compare(part(Aspect::FlowBehavior), behavior(before), behavior(after));
        self.compare(part(Aspect::MatchingPriority), priority(before), priority(after));
        let handled = ["defaultValue", "flowType", "flowBehavior", "matchingPriority", "source", "targetAttributeName"];
        self.json((&before.path, &after.path), &handled);
        let with_text = |m: &AttributeMapping| m.source.as_ref().is_none_or(has_text);
        let handled: &[&str] = match (same_source, with_text(before) && with_text(after)) {
            (true, true) => &["expression", "parameters"],
            (true, false) => &["expression"],
            (false, _) => &["expression", "parameters", "type", "name"],
        };
        if before.source.is_some() && after.source.is_some() {
            self.json((&format!("{}.source", before.path), &format!("{}.source", after.path)), handled);
        }
    }
}

fn flow_words(mapping: &ObjectMapping) -> String {
    Flow { add: mapping.add, update: mapping.update, delete: mapping.delete }.words()
}

/// The text that counts.
fn source_words(source: &MappingSource) -> String {
    match source.expression.as_deref().filter(|_| has_text(source)) {
        Some(text) => text.to_owned(),
        None => Expression::from_graph(&source.tree, Profile::App)
            .map_or_else(|_| source.name.clone().unwrap_or_default(), |expression| expression.text().to_owned()),
    }
}

/// A whole attribute mapping: its source, and what is not as usual.
fn mapping_words(mapping: &AttributeMapping) -> String {
    let mut words = vec![mapping.source.as_ref().map_or_else(|| "no source".to_owned(), source_words)];
    words.extend(mapping.default_value.as_ref().map(|text| format!("default \"{text}\"")));
    if mapping.flow_type != FlowType::Always {
        words.push(mapping.flow_type.as_str().to_owned());
    }
    if mapping.flow_behavior != FlowBehavior::FlowWhenChanged {
        words.push(mapping.flow_behavior.as_str().to_owned());
    }
    if mapping.matching_priority > 0 {
        words.push(format!("matching {}", mapping.matching_priority));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests;
