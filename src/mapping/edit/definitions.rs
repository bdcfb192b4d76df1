//! Attributes that the two systems are known to have.

use super::{Draft, NewAttribute, Side};
use crate::mapping::attribute::AttributeType;
use crate::mapping::error::MappingError;
use crate::mapping::extension::{ExtensionName, extension_name};
use crate::scim::path::AttrPath;
use serde_json::{Value, json};

impl Draft<'_> {
    pub(super) fn define(&mut self, side: Side, attribute: &NewAttribute) -> Result<(), MappingError> {
        let (directory, object, whose) = match side {
            Side::Source => (&self.rule.source_directory, &self.mapping.source_object, "directory"),
            Side::Target => (&self.rule.target_directory, &self.mapping.target_object, "app"),
        };
        let name = attribute.name.trim();
        let directories = self.schema.directories();
        let found = directories.iter().enumerate().find(|(_, d)| d.name == *directory).and_then(|(at, d)| {
            let (index, definition) = d.objects.iter().enumerate().find(|(_, o)| o.name == *object)?;
            Some((format!("directories[{at}].objects[{index}]"), definition))
        });
        let Some((path, definition)) = found else {
            let message = format!("no directory {directory} with an object {object} is defined to add {name} to");
            return Err(MappingError::not_changed("directories", message));
        };
        let place = format!("{path}.attributes");
        if let Some(known) = definition.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name)) {
            let message = format!("the {whose} has {} already", known.name);
            return Err(MappingError::not_changed(place, message));
        }
        check_name(side, name).map_err(|message| MappingError::not_changed(place, message))?;
        let kind = attribute.kind.unwrap_or_else(|| AttributeType::usual(name));
        let references = match kind {
            AttributeType::Reference => json!([{"referencedObjectName": object, "referencedProperty": null}]),
            _ => json!([]),
        };
        let new: Value = json!({
            "anchor": false,
            "caseExact": attribute.case_exact,
            "defaultValue": null,
            "flowNullValues": false,
            "multivalued": attribute.multivalued,
            "mutability": "ReadWrite",
            "name": name,
            "required": attribute.required,
            "type": kind.as_str(),
            "apiExpressions": [],
            "metadata": [],
            "referencedObjects": references,
        });
        self.list(&path, "attributes")?.push(new);
        Ok(())
    }
}

fn check_name(side: Side, name: &str) -> Result<(), String> {
    if side == Side::Target {
        return match AttrPath::parse(name) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("`{name}` is not the name of an attribute of SCIM: {error}")),
        };
    }
    if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_alphanumeric()) {
        return Err(format!("`{name}` is not the name of an attribute: letters, digits and _"));
    }
    match extension_name(name) {
        ExtensionName::Wrong(message) => Err(message),
        ExtensionName::None | ExtensionName::Right => Ok(()),
    }
}
