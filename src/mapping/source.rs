//! A directory object under the names of the provisioning engine.
//!
//! The schema speaks of `mobile`, `telephoneNumber` or `objectId`; Graph calls them `mobilePhone`, `businessPhones`
//! and `id`. This is the one place that knows both.

use super::compile::CompiledMapping;
use crate::expression::{self, Role};
use crate::model::{DirectoryGroup, DirectoryUser, ObjectType};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Engine name to Graph property, where they differ. Any other name is the same on both sides.
const GRAPH_NAMES: [(&str, &str); 6] = [
    ("mobile", "mobilePhone"),
    ("telephoneNumber", "businessPhones"),
    ("physicalDeliveryOfficeName", "officeLocation"),
    ("facsimileTelephoneNumber", "faxNumber"),
    ("objectId", "id"),
    ("originalUserPrincipalName", "userPrincipalName"),
];

/// What is needed of every user, whatever is mapped: to decide, to log and to search.
const USER_PROPERTIES: [&str; 11] = [
    "id",
    "accountEnabled",
    "displayName",
    "userPrincipalName",
    "mail",
    "givenName",
    "surname",
    "jobTitle",
    "department",
    "userType",
    "mailNickname",
];

/// What is needed of every group.
const GROUP_PROPERTIES: [&str; 5] = ["id", "displayName", "mail", "mailNickname", "securityEnabled"];

/// A user or group of the directory as expressions and filters see it.
#[derive(Clone, Debug)]
pub struct SourceObject<'a> {
    id: &'a str,
    object_type: ObjectType,
    properties: &'a Map<String, Value>,
    manager: Option<&'a str>,
    roles: &'a [Role],
    soft_deleted: bool,
}

impl<'a> SourceObject<'a> {
    /// A user, without roles and not soft-deleted.
    pub fn user(user: &'a DirectoryUser) -> Self {
        Self {
            id: &user.id,
            object_type: ObjectType::User,
            properties: &user.properties,
            manager: user.manager.as_deref(),
            roles: &[],
            soft_deleted: false,
        }
    }

    /// A group.
    pub fn group(group: &'a DirectoryGroup) -> Self {
        Self {
            id: &group.id,
            object_type: ObjectType::Group,
            properties: &group.properties,
            manager: None,
            roles: &[],
            soft_deleted: false,
        }
    }

    /// With the app roles the person is assigned.
    #[must_use]
    pub fn with_roles(mut self, roles: &'a [Role]) -> Self {
        self.roles = roles;
        self
    }

    /// With the computed `IsSoftDeleted` (E1.14).
    #[must_use]
    pub fn with_soft_deleted(mut self, soft_deleted: bool) -> Self {
        self.soft_deleted = soft_deleted;
        self
    }

    /// Object id.
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// User or group.
    pub fn object_type(&self) -> ObjectType {
        self.object_type
    }

    /// An attribute by its engine name, as JSON; unknown is null.
    pub fn json(&self, name: &str) -> Value {
        if name == "appRoleAssignments" {
            let role = |r: &Role| serde_json::json!({"id": r.id, "value": r.value, "displayName": r.display_name});
            return if self.roles.is_empty() { Value::Null } else { self.roles.iter().map(role).collect() };
        }
        self.lookup(name).into_owned()
    }

    fn lookup(&self, name: &str) -> Cow<'a, Value> {
        let property = |name: &str| self.properties.get(name).map_or(Cow::Owned(Value::Null), Cow::Borrowed);
        match name {
            "objectId" | "id" => Cow::Owned(Value::String(self.id.to_owned())),
            "IsSoftDeleted" => Cow::Owned(Value::Bool(self.soft_deleted)),
            "manager" => Cow::Owned(self.manager.map_or(Value::Null, |id| Value::String(id.to_owned()))),
            "telephoneNumber" => first(property("businessPhones")),
            "userPrincipalName" => match property(name) {
                Cow::Borrowed(Value::String(upn)) if self.object_type == ObjectType::User => match guest_name(upn) {
                    Some(stripped) => Cow::Owned(Value::String(stripped)),
                    None => property(name),
                },
                other => other,
            },
            _ => match extension_attribute(name) {
                Some(_) => match self.properties.get("onPremisesExtensionAttributes").and_then(|set| set.get(name)) {
                    Some(value) => Cow::Borrowed(value),
                    None => property(name),
                },
                None => property(graph_name(name)),
            },
        }
    }
}

impl expression::Source for SourceObject<'_> {
    fn attribute(&self, name: &str) -> expression::Value {
        if name == "appRoleAssignments" {
            return expression::Value::list(self.roles.iter().cloned().map(expression::Value::Role).collect());
        }
        expression::Value::from_json(&self.lookup(name))
    }
}

fn first(value: Cow<'_, Value>) -> Cow<'_, Value> {
    match value {
        Cow::Borrowed(Value::Array(values)) => values.first().map_or(Cow::Owned(Value::Null), Cow::Borrowed),
        other => other,
    }
}

fn graph_name(name: &str) -> &str {
    GRAPH_NAMES.iter().find(|(engine, _)| *engine == name).map_or(name, |(_, graph)| graph)
}

/// `extensionAttribute1` to `extensionAttribute15`.
fn extension_attribute(name: &str) -> Option<u8> {
    name.strip_prefix("extensionAttribute")?.parse().ok().filter(|n| (1..=15).contains(n))
}

/// Attributes under the names of the engine as the properties that Graph would give.
pub fn graph_object(attributes: &Map<String, Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut set = Map::new();
    for (name, value) in attributes {
        match (extension_attribute(name), name.as_str()) {
            (Some(_), _) => {
                set.insert(name.clone(), value.clone());
            }
            (None, "telephoneNumber") if !value.is_null() && !value.is_array() => {
                properties.insert(graph_name(name).to_owned(), Value::Array(vec![value.clone()]));
            }
            (None, _) => {
                properties.insert(graph_name(name).to_owned(), value.clone());
            }
        }
    }
    if !set.is_empty() {
        properties.insert("onPremisesExtensionAttributes".to_owned(), Value::Object(set));
    }
    properties
}

/// `alias_theirdomain#EXT#@ourdomain` is `alias@theirdomain` (E3.13). The last underscore stands for the `@`: a
/// domain cannot contain one, an alias can.
fn guest_name(upn: &str) -> Option<String> {
    let at = upn.to_ascii_uppercase().rfind("#EXT#@")?;
    let (alias, domain) = upn.get(..at)?.rsplit_once('_')?;
    (!alias.is_empty() && !domain.is_empty()).then(|| format!("{alias}@{domain}"))
}

/// The Graph properties of users to select for these mappings and their filters, beside the ones that are always
/// needed. Computed attributes and relations (`IsSoftDeleted`, `manager`, `appRoleAssignments`) are not among them.
pub fn graph_properties(mappings: &[&CompiledMapping]) -> Vec<String> {
    properties(mappings, ObjectType::User, &USER_PROPERTIES)
}

/// As [`graph_properties`], of groups.
pub fn group_properties(mappings: &[&CompiledMapping]) -> Vec<String> {
    properties(mappings, ObjectType::Group, &GROUP_PROPERTIES)
}

fn properties(mappings: &[&CompiledMapping], object_type: ObjectType, always: &[&str]) -> Vec<String> {
    let mut selected: Vec<String> = always.iter().map(|name| (*name).to_owned()).collect();
    for name in mappings.iter().filter(|m| m.object_type == object_type).flat_map(|m| &m.source_attributes) {
        let property = match name.as_str() {
            "IsSoftDeleted" | "manager" | "members" | "appRoleAssignments" => continue,
            _ if extension_attribute(name).is_some() => "onPremisesExtensionAttributes",
            _ => graph_name(name),
        };
        // A name that Graph cannot know would make it refuse the whole request.
        let selectable = !property.is_empty() && property.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if selectable && !selected.iter().any(|s| s == property) {
            selected.push(property.to_owned());
        }
    }
    selected
}

#[cfg(test)]
mod tests;
