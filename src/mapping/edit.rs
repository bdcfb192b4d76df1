//! Changing a schema without losing a member: every edit works on the JSON as it came and gives a new [`Schema`].
//!
//! An edit touches the members it is about. What nobody knows, and the order of members, stay. What is said again as
//! it was stays as it was written. Whether the result makes sense is for [`Schema::compile`] to say.

mod attributes;
mod definitions;
mod scope;

pub use scope::NewClause;

use super::attribute::AttributeType;
use super::compile::Flow;
use super::error::{Issue, MappingError};
use super::reader::pointer_of;
use super::schema::{FlowBehavior, FlowType, ObjectMapping, Schema, SynchronizationRule};
use crate::expression::Expression;
use crate::model::ObjectType;
use serde_json::{Map, Value};

/// One change of a schema, about its mapping of users or of groups.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Maps an attribute of the app that is not mapped yet. If the schema does not know the attribute, it is defined
    /// with the type that attributes of that name usually have, unless its name looks like a slip.
    Add {
        /// Attribute of the app: a SCIM path.
        target: String,
        /// Where the value comes from and when it flows.
        settings: Settings,
    },
    /// Changes an attribute mapping.
    Set {
        /// Attribute of the app.
        target: String,
        /// What changes.
        settings: Settings,
    },
    /// Removes an attribute mapping. One that is required, and the last matching one, stay (E15.3).
    Remove {
        /// Attribute of the app.
        target: String,
    },
    /// Adds an attribute to what one of the two systems is known to have.
    Define {
        /// Which system.
        side: Side,
        /// The attribute.
        attribute: NewAttribute,
    },
    /// Switches the mapping on or off.
    Enable(bool),
    /// Sets which changes the mapping makes (E1.13).
    Flow(Flow),
    /// Replaces the scoping filter, in Graph's form or the short form; `None` puts everybody in scope.
    Scope(Option<Value>),
    /// Adds a group of clauses to the filter: another way to be in scope.
    AddGroup {
        /// Title shown to people.
        name: String,
        /// Clauses that must all hold; at least one.
        clauses: Vec<NewClause>,
    },
    /// Adds a clause to a group of the filter: another condition.
    AddClause {
        /// Index of the group, from 0.
        group: usize,
        /// The condition.
        clause: NewClause,
    },
    /// Removes a clause, and its group with the last one: without clauses a group would hold for everybody.
    RemoveClause {
        /// Index of the group, from 0.
        group: usize,
        /// Index of the clause in it, from 0.
        clause: usize,
    },
    /// Removes a group. Without any group everybody is in scope.
    RemoveGroup {
        /// Index of the group, from 0.
        group: usize,
    },
    /// Gives a group another title.
    NameGroup {
        /// Index of the group, from 0.
        group: usize,
        /// The title.
        name: String,
    },
}

/// What is said about an attribute mapping; what is `None` stays, or is Graph's default in a new one.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Settings {
    /// Where the value comes from.
    pub source: Option<NewSource>,
    /// The value on create when there is none; `Some(None)` takes it away.
    pub default: Option<Option<String>>,
    /// When the mapping applies.
    pub flow_type: Option<FlowType>,
    /// Whether an unchanged value is sent again.
    pub flow_behavior: Option<FlowBehavior>,
    /// 0 for none, else the order among matching attributes.
    pub matching_priority: Option<u32>,
}

/// Where a value is to come from (E15.1).
#[derive(Clone, Debug, PartialEq)]
pub enum NewSource {
    /// Nothing: the app's value is left alone, but for the default on create.
    None,
    /// An attribute, a fixed text or an expression.
    Expression(Expression),
}

impl NewSource {
    /// Reads a source as people write it: `[department]`, `"Sales"`, an expression; nothing for none.
    ///
    /// # Errors
    ///
    /// The text is not an expression; the issue has the place in it.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        if text.trim().is_empty() {
            return Ok(Self::None);
        }
        Expression::parse(text)
            .map(Self::Expression)
            .map_err(|error| MappingError::NotChanged(vec![Issue::in_expression("source", text, error)]))
    }
}

/// One of the two systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The directory.
    Source,
    /// The app.
    Target,
}

/// An attribute that a schema does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttribute {
    /// Name; of the app a SCIM path.
    pub name: String,
    /// Type; `None` for what attributes of that name usually have.
    pub kind: Option<AttributeType>,
    /// Whether several values are allowed.
    pub multivalued: bool,
    /// Whether a create needs a value.
    pub required: bool,
    /// Whether a change of letter case is a change.
    pub case_exact: bool,
}

impl NewAttribute {
    /// An attribute with one value, of the usual type, neither required nor exact about letter case.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: None, multivalued: false, required: false, case_exact: false }
    }
}

impl Schema {
    /// The schema with some changes about its mapping of users or groups, each made to what the one before left.
    ///
    /// # Errors
    ///
    /// A change that cannot be made, with its place and what to do; then none is made.
    pub fn edited(&self, object_type: ObjectType, edits: &[Edit]) -> Result<Self, MappingError> {
        edits.iter().try_fold(self.clone(), |schema, edit| Draft::of(&schema, object_type)?.apply(edit))
    }
}

/// A schema while one edit is made.
struct Draft<'a> {
    schema: &'a Schema,
    rule: &'a SynchronizationRule,
    mapping: &'a ObjectMapping,
    raw: Value,
}

impl<'a> Draft<'a> {
    fn of(schema: &'a Schema, object_type: ObjectType) -> Result<Self, MappingError> {
        let Some((rule, mapping)) = schema.mapping(object_type) else {
            let message = format!("the schema has no mapping of {object_type} objects");
            return Err(MappingError::not_changed("synchronizationRules", message));
        };
        Ok(Self { schema, rule, mapping, raw: schema.as_value().clone() })
    }

    fn apply(mut self, edit: &Edit) -> Result<Schema, MappingError> {
        match edit {
            Edit::Add { target, settings } => self.add(target, settings)?,
            Edit::Set { target, settings } => self.set(target, settings)?,
            Edit::Remove { target } => self.remove(target)?,
            Edit::Define { side, attribute } => self.define(*side, attribute)?,
            Edit::Enable(enabled) => {
                if *enabled != self.mapping.enabled {
                    self.object(&self.mapping.path)?.insert("enabled".to_owned(), Value::Bool(*enabled));
                }
            }
            Edit::Flow(flow) => self.flow(*flow)?,
            Edit::Scope(filter) => self.scope(filter.as_ref())?,
            Edit::AddGroup { name, clauses } => self.add_group(name, clauses)?,
            Edit::AddClause { group, clause } => self.add_clause(*group, clause)?,
            Edit::RemoveClause { group, clause } => self.remove_clause(*group, *clause)?,
            Edit::RemoveGroup { group } => self.remove_group(*group)?,
            Edit::NameGroup { group, name } => self.name_group(*group, name)?,
        }
        Schema::from_value(self.raw)
    }

    fn object(&mut self, path: &str) -> Result<&mut Map<String, Value>, MappingError> {
        let found = self.raw.pointer_mut(&pointer_of(path)).and_then(Value::as_object_mut);
        found.ok_or_else(|| MappingError::not_changed(path, "there is no object here"))
    }

    /// A list of an object; one that is absent or null is made.
    fn list(&mut self, path: &str, name: &str) -> Result<&mut Vec<Value>, MappingError> {
        let place = self.object(path)?.entry(name).or_insert(Value::Null);
        if place.is_null() {
            *place = Value::Array(Vec::new());
        }
        place.as_array_mut().ok_or_else(|| MappingError::not_changed(format!("{path}.{name}"), "there is no list here"))
    }

    /// The flags in the spelling of the file: `Add,Update` and `Add, Update` both occur.
    fn flow(&mut self, flow: Flow) -> Result<(), MappingError> {
        let mapping = self.mapping;
        if (flow.add, flow.update, flow.delete) == (mapping.add, mapping.update, mapping.delete) {
            return Ok(());
        }
        let object = self.object(&mapping.path)?;
        let before = object.get("flowTypes").and_then(Value::as_str).unwrap_or("Add, Update, Delete");
        let separator = if before.contains(',') && !before.contains(", ") { "," } else { ", " };
        let spelled = |flag: &'static str| {
            let mut flags = before.split(',').map(str::trim);
            flags.find(|known| known.eq_ignore_ascii_case(flag)).unwrap_or(flag)
        };
        let flags: Vec<&str> = [("Add", flow.add), ("Update", flow.update), ("Delete", flow.delete)]
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(flag, _)| spelled(flag))
            .collect();
        let text = if flags.is_empty() { "None".to_owned() } else { flags.join(separator) };
        object.insert("flowTypes".to_owned(), Value::String(text));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
