//! Attribute mappings: add, change, remove.

use super::{Draft, NewAttribute, NewSource, Settings, Side};
use crate::mapping::error::MappingError;
use crate::mapping::near::{Near, nearest, nearest_target};
use crate::mapping::schema::{AttributeMapping, FlowBehavior, FlowType};
use crate::scim::path::AttrPath;
use serde_json::{Map, Value, json};

impl Draft<'_> {
    /// Where the attribute mappings stand.
    fn list_path(&self) -> String {
        format!("{}.attributeMappings", self.mapping.path)
    }

    /// Names of the app are the same in any letter case.
    fn find(&self, target: &str) -> Result<(usize, &AttributeMapping), MappingError> {
        let mappings = &self.mapping.attributes;
        let found = mappings.iter().position(|m| m.target.eq_ignore_ascii_case(target.trim()));
        if let Some((index, mapping)) = found.and_then(|index| Some((index, mappings.get(index)?))) {
            return Ok((index, mapping));
        }
        let message = match nearest(target, mappings.iter().map(|m| m.target.as_str())) {
            Some(Near::Case(near) | Near::Letters(near)) => {
                format!("nothing is mapped to {target}; did you mean {near}?")
            }
            None => {
                let targets: Vec<&str> = mappings.iter().map(|m| m.target.as_str()).collect();
                format!("nothing is mapped to {target}; there are mappings to {}", targets.join(", "))
            }
        };
        Err(MappingError::not_changed(self.list_path(), message))
    }

    pub(super) fn set(&mut self, target: &str, settings: &Settings) -> Result<(), MappingError> {
        let current = self.find(target)?.1.clone();
        let mapping = self.object(&current.path)?;
        write(mapping, settings, Some(&current));
        Ok(())
    }

    pub(super) fn add(&mut self, target: &str, settings: &Settings) -> Result<(), MappingError> {
        let path = self.list_path();
        let target = target.trim();
        if let Err(error) = AttrPath::parse(target) {
            let message = format!("`{target}` is not the name of an attribute of SCIM: {error}");
            return Err(MappingError::not_changed(path, message));
        }
        if let Ok((_, mapping)) = self.find(target) {
            let message = format!("something is mapped to {} already: change that mapping instead", mapping.target);
            return Err(MappingError::not_changed(&mapping.path, message));
        }
        let target = self.known_target(target)?;
        let mut mapping = Map::new();
        mapping.insert("defaultValue".to_owned(), Value::Null);
        mapping.insert("exportMissingReferences".to_owned(), Value::Bool(false));
        mapping.insert("flowBehavior".to_owned(), json!(FlowBehavior::FlowWhenChanged.as_str()));
        mapping.insert("flowType".to_owned(), json!(FlowType::Always.as_str()));
        mapping.insert("matchingPriority".to_owned(), json!(0));
        mapping.insert("targetAttributeName".to_owned(), Value::String(target));
        mapping.insert("source".to_owned(), Value::Null);
        write(&mut mapping, settings, None);
        let place = self.mapping.path.clone();
        self.list(&place, "attributeMappings")?.push(Value::Object(mapping));
        Ok(())
    }

    /// The target as the app's schema spells it; defined there if it is not yet.
    fn known_target(&mut self, target: &str) -> Result<String, MappingError> {
        let object = self.schema.object(&self.rule.target_directory, &self.mapping.target_object);
        let Some(object) = object else { return Ok(target.to_owned()) };
        let names = || object.attributes.iter().map(|a| a.name.as_str());
        if let Some(known) = names().find(|name| name.eq_ignore_ascii_case(target)) {
            return Ok(known.to_owned());
        }
        if let Some(near) = nearest_target(target, names()) {
            let message = format!(
                "the app's schema has no attribute {target}; did you mean {near}? If the app has {target} too, define \
                 it first"
            );
            return Err(MappingError::not_changed(self.list_path(), message));
        }
        self.define(Side::Target, &NewAttribute::new(target))?;
        Ok(target.to_owned())
    }

    pub(super) fn remove(&mut self, target: &str) -> Result<(), MappingError> {
        let (index, current) = self.find(target)?;
        let object = self.schema.object(&self.rule.target_directory, &self.mapping.target_object);
        let definition = object.and_then(|object| object.attribute(&current.target));
        if definition.is_some_and(|d| d.required) {
            let message = format!(
                "the app requires {}: its mapping cannot be removed (E15.3); give it another source instead",
                current.target
            );
            return Err(MappingError::not_changed(&current.path, message));
        }
        let matching = |m: &AttributeMapping| m.matching_priority > 0;
        if matching(current) && self.mapping.attributes.iter().filter(|m| matching(m)).count() == 1 {
            let message = format!(
                "{} is the only matching attribute: without it existing accounts could not be found (E6.1); give \
                 another mapping a matchingPriority first",
                current.target
            );
            return Err(MappingError::not_changed(&current.path, message));
        }
        let place = self.mapping.path.clone();
        let list = self.list(&place, "attributeMappings")?;
        if index < list.len() {
            list.remove(index);
        }
        Ok(())
    }
}

/// Writes what differs from the current mapping.
fn write(mapping: &mut Map<String, Value>, settings: &Settings, current: Option<&AttributeMapping>) {
    let mut put = |name: &str, value: Value| mapping.insert(name.to_owned(), value);
    if let Some(default) = &settings.default
        && current.is_none_or(|c| c.default_value != *default)
    {
        put("defaultValue", json!(default));
    }
    if let Some(flow_type) = settings.flow_type
        && current.is_none_or(|c| c.flow_type != flow_type)
    {
        put("flowType", json!(flow_type.as_str()));
    }
    if let Some(behavior) = settings.flow_behavior
        && current.is_none_or(|c| c.flow_behavior != behavior)
    {
        put("flowBehavior", json!(behavior.as_str()));
    }
    if let Some(priority) = settings.matching_priority
        && current.is_none_or(|c| c.matching_priority != priority)
    {
        put("matchingPriority", json!(priority));
    }
    match &settings.source {
        None => {}
        Some(NewSource::None) => {
            put("source", Value::Null);
        }
        Some(NewSource::Expression(expression)) => {
            let written = current.and_then(|c| c.source.as_ref()).and_then(|source| source.expression.as_deref());
            if written != Some(expression.text()) {
                write_source(mapping, expression.to_graph());
            }
        }
    }
}

/// Members that Heeler does not know stay in the source.
fn write_source(mapping: &mut Map<String, Value>, tree: Value) {
    match (mapping.get_mut("source"), tree) {
        (Some(Value::Object(source)), Value::Object(tree)) => source.extend(tree),
        (_, tree) => {
            mapping.insert("source".to_owned(), tree);
        }
    }
}
