//! What is known of the two systems.

use super::{Change, Part, json, pairs};
use crate::mapping::attribute::{AttributeDefinition, Mutability};
use crate::mapping::schema::Schema;
use serde_json::{Map, Value};

/// One attribute of one object, with its JSON.
struct Attribute<'a> {
    definition: &'a AttributeDefinition,
    raw: Option<&'a Value>,
}

struct Object<'a> {
    key: String,
    directory: &'a str,
    name: &'a str,
    attributes: Vec<Attribute<'a>>,
    /// The object without its attributes.
    rest: Value,
}

struct Directory {
    key: String,
    name: String,
    /// The directory without its objects.
    rest: Value,
}

pub(super) fn diff(before: &Schema, after: &Schema, changes: &mut Vec<Change>) {
    let ((before_directories, before), (after_directories, after)) = (outline(before), outline(after));
    for (one, other) in pairs(&before_directories, &after_directories, |d| d.key.clone()) {
        let name = one.or(other).map(|d| d.name.as_str()).unwrap_or_default();
        let path = format!("directories[{name}]");
        json::diff(&path, one.map(|d| &d.rest), other.map(|d| &d.rest), &mut |change| changes.push(change));
    }
    for (one, other) in pairs(&before, &after, |object| object.key.clone()) {
        let Some(object) = other.or(one) else { continue };
        let path = format!("directories[{}].objects[{}]", object.directory, object.name);
        json::diff(&path, one.map(|o| &o.rest), other.map(|o| &o.rest), &mut |change| changes.push(change));
        let (left, right) = (attributes(one), attributes(other));
        for (one, other) in pairs(left, right, |a| a.definition.name.clone()) {
            attribute(object, one, other, changes);
        }
    }
}

fn attributes<'a, 'b>(object: Option<&'a Object<'b>>) -> &'a [Attribute<'b>] {
    object.map(|object| object.attributes.as_slice()).unwrap_or_default()
}

fn attribute(
    object: &Object<'_>,
    one: Option<&Attribute<'_>>,
    other: Option<&Attribute<'_>>,
    changes: &mut Vec<Change>,
) {
    let Some(any) = one.or(other) else { return };
    let part = |member: Option<String>| Part::Definition {
        directory: object.directory.to_owned(),
        object: object.name.to_owned(),
        attribute: any.definition.name.clone(),
        member,
    };
    let (Some(before), Some(after)) = (one, other) else {
        let words = |attribute: Option<&Attribute<'_>>| attribute.map(|a| words(a.definition));
        changes.push(Change { mapping: None, part: part(None), before: words(one), after: words(other) });
        return;
    };
    json::diff("", before.raw, after.raw, &mut |change| {
        let Part::Other { path } = change.part else { return };
        changes.push(Change { part: part(Some(path)), ..change });
    });
}

/// Directories and objects under keys that survive another name: the two sides of the rules, and the last part of the
/// name of an object, which differs between apps in the schema in front of it.
fn outline(schema: &Schema) -> (Vec<Directory>, Vec<Object<'_>>) {
    let (mut directories, mut objects) = (Vec::new(), Vec::new());
    let first = schema.rules().first();
    for (at, directory) in schema.directories().iter().enumerate() {
        let key = match first {
            Some(rule) if rule.source_directory == directory.name => "source".to_owned(),
            Some(rule) if rule.target_directory == directory.name => "target".to_owned(),
            _ => format!("directory {}", directory.name),
        };
        for (index, object) in directory.objects.iter().enumerate() {
            let path = format!("directories[{at}].objects[{index}]");
            let last = object.name.rsplit(':').next().unwrap_or_default();
            let raw = |place: usize| schema.at(&format!("{path}.attributes[{place}]"));
            let attributes = object.attributes.iter().enumerate();
            objects.push(Object {
                key: format!("{key} {}", last.to_ascii_lowercase()),
                directory: &directory.name,
                name: &object.name,
                attributes: attributes.map(|(place, definition)| Attribute { definition, raw: raw(place) }).collect(),
                rest: without(schema.at(&path), "attributes"),
            });
        }
        let rest = without(schema.at(&format!("directories[{at}]")), "objects");
        directories.push(Directory { key, name: directory.name.clone(), rest });
    }
    (directories, objects)
}

fn without(value: Option<&Value>, member: &str) -> Value {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    let kept: Map<String, Value> =
        members.filter(|(name, _)| *name != member).map(|(name, value)| (name.clone(), value.clone())).collect();
    Value::Object(kept)
}

/// The type, and what is not as usual.
fn words(definition: &AttributeDefinition) -> String {
    let mut words = vec![definition.kind.as_str()];
    let flags = [
        (definition.multivalued, "several values"),
        (definition.required, "required"),
        (definition.case_exact, "letter case counts"),
        (definition.anchor, "anchor"),
        (definition.mutability == Mutability::ReadOnly, "read-only"),
        (definition.mutability == Mutability::Immutable, "immutable"),
        (definition.mutability == Mutability::WriteOnly, "write-only"),
    ];
    words.extend(flags.into_iter().filter_map(|(on, word)| on.then_some(word)));
    words.join(", ")
}
